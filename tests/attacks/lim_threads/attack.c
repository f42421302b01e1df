#include <pthread.h>
#include <unistd.h>

static void *sleeper(void *arg)
{
	pause();
	return arg;
}

int main(void)
{
	pthread_t t;
	fork();
	for (int i = 0; i < 1000; i++)
		if (pthread_create(&t, NULL, sleeper, NULL) != 0)
			return 1;
	return 0;
}
