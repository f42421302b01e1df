#include <sys/stat.h>
#include <unistd.h>

int main(void)
{
	unlink("d/d");
	for (int i = 0; i < 5000; i++)
		if ((mkdir("d", 0700) < 0 && i > 0) || chdir("d") < 0)
			return i < 2 ? 0 : 1;
	return 0;
}
