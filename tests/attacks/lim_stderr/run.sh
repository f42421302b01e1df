echo right; for i in 1 2 3; do (while :; do printf "%01000d\n" 7 >&2; done) & done; wait
