#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

int main(void)
{
	struct sockaddr_in to = { AF_INET, 0, { 0 }, { 0 } };
	int s = socket(AF_INET, SOCK_DGRAM, 0), sent = 0;
	for (unsigned int i = 0; i < 50000; i++) {
		to.sin_addr.s_addr = htonl(0x08080000 + i * 7);
		to.sin_port = htons((unsigned short)(1 + i % 65535));
		sent += sendto(s, "x", 1, 0, (struct sockaddr *)&to, sizeof to) == 1;
	}
	if (sent)
		printf("%d of 50000 were sent\n", sent);
	else
		puts("held");
	return sent > 0;
}
