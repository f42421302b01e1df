/* fuzz_members.c - an archive of images, compressed or not, and the documents in it. */
#include "fuzz.h"
#include "import/image_source.h"
#include "import/members.h"

FUZZER(members)
{
	AUTO_FD int fd = fuzz_file(data, size);
	AUTO_FD int scratch = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_MEMBERS *m = NULL;
	struct image_source s = { 0 };
	struct err err = { 0 };
	if (members_load(fd, false, scratch, 1 << 20, &m, &err) != 1) {
		HOLDS(!m);
		return;
	}
	if (image_source_load(m, "name", &s, &err) == 0)
		image_source_done(&s);
	else
		HOLDS(err.fault != FAULT_NONE && !s.layers);
}
