/* fuzz_passwd.c - /etc/passwd of an image: what is made of it names the box's user, once. */
#include "bundle/passwd.h"
#include "fuzz.h"

#define HOME "/tmp/.home"

FUZZER(passwd)
{
	AUTO_FREE char *etc = mem_printf("%s/etc", fuzz_folder());
	struct image image = { .name = (char *)"i", .rootfs = (char *)(uintptr_t)fuzz_folder() };
	AUTO_BUF made = { 0 }, again = { 0 };
	struct err err = { 0 };
	mkdir(etc, 0755);
	fuzz_put("etc/passwd", data, size);
	if (passwd_fit(&image, HOME, &made, &err) < 0 || made.len == 0)
		return;
	HOLDS(memmem(made.data, made.len, ":" HOME, strlen(HOME) + 1));
	fuzz_put("etc/passwd", made.data, made.len);
	/* What fits is left as it is. */
	HOLDS(passwd_fit(&image, HOME, &again, &err) == 0 && again.len == 0);
}
