#define _GNU_SOURCE
#include <arpa/inet.h>
#include <mqueue.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int bind_all(void)
{
	struct sockaddr_un name = { AF_UNIX, "\0left" };
	struct sockaddr_in port = { AF_INET, htons(7777), { htonl(INADDR_LOOPBACK) }, { 0 } };
	int u = socket(AF_UNIX, SOCK_DGRAM, 0), t = socket(AF_INET, SOCK_STREAM, 0),
	    d = socket(AF_INET, SOCK_DGRAM, 0);
	if (bind(u, (struct sockaddr *)&name, sizeof name) < 0 ||
	    bind(t, (struct sockaddr *)&port, sizeof port) < 0 ||
	    bind(d, (struct sockaddr *)&port, sizeof port) < 0 || listen(t, 8) < 0)
		return 2;
	int c = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(c, (struct sockaddr *)&port, sizeof port) < 0)
		return 3;
	int a = accept(t, NULL, NULL);
	close(a); /* this side waits */
	close(c);
	return 0;
}

static int objects(void)
{
	if (shmget(42, 4096, IPC_CREAT | IPC_EXCL | 0600) < 0 ||
	    semget(42, 1, IPC_CREAT | IPC_EXCL | 0600) < 0 ||
	    msgget(42, IPC_CREAT | IPC_EXCL | 0600) < 0)
		return 4;
	return mq_open("/left", O_CREAT | O_EXCL | O_RDWR, 0600, NULL) >= 0 ? 5 : 0;
}

int main(void)
{
	int bad = bind_all();
	return bad ? bad : objects();
}
