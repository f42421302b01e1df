/* Right for small numbers; the sum of two large ones does not fit into an int. */
#include <stdio.h>

int main(void)
{
	int a, b;

	if (scanf("%d %d", &a, &b) != 2)
		return 1;
	printf("%d\n", (int)((unsigned)a + (unsigned)b));
	return 0;
}
