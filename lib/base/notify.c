/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

bool notify_send(const char *lines)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	socklen_t sa_len;
	ssize_t sent;
	size_t len;
	int fd;

	if (path == NULL || (path[0] != '/' && path[0] != '@'))
		return false;
	len = strlen(path);
	if (len < 2 || len >= sizeof(sa.sun_path))
		return false;
	memcpy(sa.sun_path, path, len);
	/* An abstract name begins with NUL and ends with its length. */
	if (path[0] == '@')
		sa.sun_path[0] = '\0';
	sa_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len +
		(path[0] == '@' ? 0 : 1));
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	sent = sendto(fd, lines, strlen(lines), MSG_NOSIGNAL,
		(const struct sockaddr *)&sa, sa_len);
	close(fd);
	return sent >= 0;
}

bool notify_reloading(void)
{
	struct timespec now;
	char lines[80];

	if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
		return false;
	snprintf(lines, sizeof(lines), "RELOADING=1\nMONOTONIC_USEC=%lld",
		(long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	return notify_send(lines);
}
