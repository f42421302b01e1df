/* Reads into a pointer that points nowhere. */
#include <stdio.h>

int main(void)
{
	long long a, *b = NULL;

	if (scanf("%lld", &a) != 1)
		return 1;
	*(volatile long long *)b = a;
	printf("%lld\n", a + *b);
	return 0;
}
