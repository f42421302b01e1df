trap "" TERM INT HUP QUIT ALRM; while :; do sleep 1000; done
