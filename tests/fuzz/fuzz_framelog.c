/* fuzz_framelog.c - a log of captured output, damaged: nothing is read beyond it, and reading ends. */
#include "base/framelog.h"
#include "fuzz.h"

static size_t read_stream(int fd, int stream, int64_t begin, int64_t end)
{
	struct framelog_reader r;
	char chunk[100];
	size_t total = 0;
	framelog_reader_init(&r, fd, stream, begin, end);
	for (ssize_t n; (n = framelog_read(&r, chunk, sizeof chunk)) > 0;)
		total += (size_t)n;
	return total;
}

/* The first two bytes are where the range begins and ends. */
FUZZER(framelog)
{
	if (size < 2)
		return;
	AUTO_FD int fd = fuzz_file(data + 2, size - 2);
	const int64_t begin = data[0], end = data[1] == 0 ? (int64_t)size - 2 : data[1];
	const size_t total = read_stream(fd, FRAMELOG_STDOUT, begin, end) +
			     read_stream(fd, FRAMELOG_STDERR, begin, end);
	HOLDS(total <= size);
	struct framelog_cursor c = { .fd = fd };
	char chunk[100];
	size_t followed = 0;
	for (ssize_t n; (n = framelog_next(&c, chunk, sizeof chunk)) > 0;)
		followed += (size_t)n;
	HOLDS(followed <= size && c.at <= (int64_t)size);
}
