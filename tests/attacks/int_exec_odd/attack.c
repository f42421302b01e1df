#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void elf(const char *name, unsigned long at, const char *interpreter)
{
	struct {
		Elf64_Ehdr e;
		Elf64_Phdr p;
		char text[64];
	} f = { 0 };
	memcpy(f.e.e_ident, ELFMAG "\2\1\1", 7);
	f.e.e_type = ET_EXEC;
	f.e.e_machine = EM_X86_64;
	f.e.e_version = 1;
	f.e.e_phoff = sizeof f.e;
	f.e.e_ehsize = sizeof f.e;
	f.e.e_phentsize = sizeof f.p;
	f.e.e_phnum = 1;
	f.p.p_type = PT_INTERP;
	f.p.p_offset = at;
	f.p.p_filesz = strlen(interpreter) + 1;
	strcpy(f.text, interpreter);
	int fd = open(name, O_CREAT | O_WRONLY, 0755);
	write(fd, &f, sizeof f);
	close(fd);
}

int main(void)
{
	elf("eio", 100000, "/lib/x");
	elf("short", sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr), "/work/empty");
	close(open("empty", O_CREAT | O_WRONLY, 0755));
	int fd = open("hashbang", O_CREAT | O_WRONLY, 0755);
	write(fd, "#!/work/hashbang\n", 17);
	close(fd);
	mkdir("folder", 0755);
	mkfifo("fifo", 0755);
	return symlink("loop", "loop") | symlink("/proc/self/exe", "exe") |
	       symlink("/dev/zero", "node") | symlink("/proc/self/mem", "proc");
}
