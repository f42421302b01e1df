/* Counts up to the second number, with a counter that starts anew in every round. */
#include <stdio.h>

int main(void)
{
	long long a, b;

	if (scanf("%lld %lld", &a, &b) != 2)
		return 1;
	for (;;) {
		volatile long long counted = 0;

		if (++counted > 1 && counted == b)
			break;
	}
	printf("%lld\n", a + b);
	return 0;
}
