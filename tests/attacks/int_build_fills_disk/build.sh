rm -f harness.sh
i=0
while dd if=/dev/zero of=f$i bs=4096 count=256 2>/dev/null; do i=$((i+1)); done
while dd if=/dev/zero of=g$i bs=4096 count=1 2>/dev/null; do i=$((i+1)); done
exit 0
