bad=0
say() { echo "$1"; bad=1; }
for f in sys/kernel/core_pattern sys/kernel/ns_last_pid sys/vm/drop_caches sysrq-trigger kmsg kcore mem irq/default_smp_affinity \
	fs/xfs bus/pci mtrr scsi/scsi acpi/wakeup keys key-users kallsyms meminfo cpuinfo cmdline modules interrupts \
	timer_list sched_debug 1/oom_score_adj 1/mem 1/environ; do
	(cat /proc/$f) >/dev/null 2>&1 && say "reads /proc/$f"
	(echo 1 >/proc/$f) 2>/dev/null && say "writes /proc/$f"
done
[ "$(cat /proc/self/oom_score_adj)" = 1000 ] || say "oom_score_adj is not 1000"
for score in -1 0 999 1000; do
	(echo $score >/proc/self/oom_score_adj) 2>/dev/null && say "oom_score_adj $score"
	(echo $score >/proc/$$/task/$$/../../oom_score_adj) 2>/dev/null && say "oom_score_adj $score of another"
done
(echo 15 >/proc/self/oom_adj) 2>/dev/null && say oom_adj
(echo x >/proc/self/comm) 2>/dev/null && say comm
(echo "0 0 1" >/proc/self/uid_map) 2>/dev/null && say "uid_map"
(echo allow >/proc/self/setgroups) 2>/dev/null && say setgroups
ls /proc | grep -vE '^([0-9]+|self|thread-self|mounts|\.|\.\.)$' && say "more in /proc"
for d in /sys /proc/sys /proc/bus /proc/fs; do [ -z "$(ls -A $d 2>/dev/null)" ] || say "$d holds something"; done
exit $bad
