bad=0
for f in /sys/fs/cgroup /sys/fs /sys/kernel; do [ -e $f ] && { echo "$f is there"; bad=1; }; done
grep -E ' cgroup2? ' /proc/self/mountinfo && bad=1
mkdir -p m
for t in cgroup cgroup2 tmpfs proc; do mount -t $t none m 2>/dev/null && { echo "mounted $t"; bad=1; }; done
grep -vE '^[0-9]+:[a-z_=]*:/[a-z0-9./]*$' /proc/self/cgroup && bad=1
for fd in /proc/self/fd/*; do case $(readlink $fd) in *cgroup*|*tasks) echo $fd; bad=1 ;; esac; done
exit $bad
