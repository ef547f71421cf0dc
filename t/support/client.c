/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/client.h"

#include "base/clock.h"
#include "support/case.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int client_inet(uint16_t port)
{
	const struct sockaddr_in sa = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_return_code(
		connect(fd, (const struct sockaddr *)&sa, sizeof(sa)), errno);
	return fd;
}

int client_unix(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_true(strlen(path) < sizeof(sa.sun_path));
	memcpy(sa.sun_path, path, strlen(path) + 1);
	assert_return_code(
		connect(fd, (const struct sockaddr *)&sa, sizeof(sa)), errno);
	return fd;
}

static struct slice send_some(int fd, struct slice what)
{
	ssize_t n = send(fd, what.at, what.len, MSG_NOSIGNAL);

	if (n >= 0)
		return slice_part(what, (size_t)n, what.len);
	/* The other end closed: it has heard enough. */
	return errno == EAGAIN ? what : slice_make(NULL, 0);
}

/* False: the other end closed. */
static bool read_some(int fd, char *answer, size_t size, size_t *len)
{
	char part[4096];
	ssize_t n = recv(fd, part, sizeof(part), 0);
	const size_t room = size - 1 - *len;

	if (n < 0 && errno == EAGAIN)
		return true;
	if (n <= 0)
		return false;
	if ((size_t)n > room)
		n = (ssize_t)room;
	memcpy(answer + *len, part, (size_t)n);
	*len += (size_t)n;
	return true;
}

size_t client_exchange(int fd, struct slice what, char *answer, size_t size)
{
	const int64_t end = clock_mono_ms(clock_system()) + CLIENT_WAIT_MS;
	bool is_open = true;
	size_t len = 0;

	assert_return_code(fcntl(fd, F_SETFL, O_NONBLOCK), errno);
	while (is_open) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		if (what.len > 0)
			p.events |= POLLOUT;
		if (clock_mono_ms(clock_system()) >= end)
			fail_msg("the other end neither answers nor closes");
		if (poll(&p, 1, 100) <= 0)
			continue;
		if (what.len > 0 && (p.revents & POLLOUT) != 0)
			what = send_some(fd, what);
		if ((p.revents & (POLLIN | POLLHUP | POLLERR)) != 0)
			is_open = read_some(fd, answer, size, &len);
	}
	answer[len] = '\0';
	close(fd);
	return len;
}

unsigned client_status(const char *answer)
{
	unsigned status = 0;

	if (sscanf(answer, "HTTP/1.%*1[01] %3u", &status) != 1)
		return 0;
	return status;
}

const char *client_body(const char *answer)
{
	const char *end = strstr(answer, "\r\n\r\n");

	return end == NULL ? "" : end + 4;
}
