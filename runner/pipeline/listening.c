/* listening.c - reads the kernel's tables of sockets and links, as proc(5) has them. */
#include "pipeline/listening.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"

#define TCP_LISTEN 0x0a
#define UDP_BOUND 0x07 /* "close": bound, not connected */

static bool table_has(pid_t pid, const char *table, unsigned int state, int port)
{
	AUTO_FREE char *path = mem_printf("/proc/%ld/net/%s", (long)pid, table);
	AUTO_FILE FILE *f = fopen(path, "re");
	char line[256];
	unsigned int at, is;
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, " %*d: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x", &at, &is) == 2 &&
		    is == state && (port < 0 || at == (unsigned int)port))
			return true;
	return false;
}

bool listening(pid_t pid, int port)
{
	return table_has(pid, "tcp", TCP_LISTEN, port) ||
	       table_has(pid, "tcp6", TCP_LISTEN, port) || table_has(pid, "udp", UDP_BOUND, port) ||
	       table_has(pid, "udp6", UDP_BOUND, port);
}

bool talking(pid_t pid, const char *link)
{
	AUTO_FREE char *path = mem_printf("/proc/%ld/net/dev", (long)pid);
	AUTO_FILE FILE *f = fopen(path, "re");
	char line[512], name[32];
	unsigned long long packets;
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, " %31[^:]: %*u %*u %*u %*u %*u %*u %*u %*u %*u %llu", name,
			   &packets) == 2 &&
		    strcmp(name, link) == 0)
			return packets > 0;
	return false;
}
