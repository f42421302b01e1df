if [ "$1" ]; then (echo spoilt >/proc/self/fd/0; echo spoilt >>/dev/stdin; truncate -s 0 /proc/self/fd/0) 2>/dev/null; echo original; head -c 0 </proc/self/fd/1; echo more; else cat; fi
