#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LEN 4096

static struct sock_filter code[LEN];

/* Those that run classic filters, and those of eBPF, whose argument is a descriptor. */
static const int attach[] = { 26 /* SO_ATTACH_FILTER */, 51 /* REUSEPORT_CBPF */, 50 /* BPF */,
			      52 /* REUSEPORT_EBPF */ };

int main(void)
{
	for (int i = 0; i < LEN - 1; i++)
		code[i] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, 0x12345678);
	code[LEN - 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	const struct sock_fprog program = { LEN, code };
	int loaded = 0, s;
	for (size_t i = 0; i < sizeof attach / sizeof *attach; i++)
		for (unsigned long high = 0; high <= 1; high++) {
			s = socket(AF_INET, SOCK_DGRAM, 0);
			loaded += syscall(SYS_setsockopt, s, SOL_SOCKET | high << 32,
					  attach[i] | high << 32, &program, sizeof program) == 0 ||
				  errno != ENOSYS;
		}
	for (unsigned long high = 0; high <= 1; high++)
		loaded += syscall(SYS_prctl, PR_SET_SECCOMP | high << 32, SECCOMP_MODE_FILTER,
				  &program, 0, 0) == 0 ||
			  errno != ENOSYS;
	loaded += syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0 ||
		  errno != ENOSYS;
	printf("%d\n", loaded);
	return loaded != 0;
}
