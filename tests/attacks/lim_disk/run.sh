i=0
while dd if=/dev/zero of=f$i bs=65536 count=16 2>/dev/null; do i=$((i+1)); done
exit 1
