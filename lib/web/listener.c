/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 128, SOCKET_MODE = 0660 };

static enum result say(
	struct buf *why, enum result res, const char *what, const char *words)
{
	if (why != NULL)
		buf_add_format(why, "%s: %s", what, words);
	return res;
}

static int stream_socket(int family)
{
	return socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static uint16_t bound_port(int fd)
{
	struct sockaddr_storage sa = { 0 };
	socklen_t len = sizeof(sa);
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (getsockname(fd, (struct sockaddr *)&sa, &len) != 0)
		return 0;
	if (sa.ss_family == AF_INET) {
		memcpy(&in, &sa, sizeof(in));
		return ntohs(in.sin_port);
	}
	if (sa.ss_family == AF_INET6) {
		memcpy(&in6, &sa, sizeof(in6));
		return ntohs(in6.sin6_port);
	}
	return 0;
}

static int bind_one(const struct addrinfo *ai)
{
	const int on = 1;
	int fd = stream_socket(ai->ai_family);

	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* Without it "inet6:PORT" would take the IPv4 port as well. */
	if (ai->ai_family == AF_INET6)
		(void)setsockopt(
			fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 &&
		listen(fd, BACKLOG) == 0)
		return fd;
	close(fd);
	return -1;
}

static enum result open_inet(
	const struct endpoint *e, int *out, struct buf *why)
{
	const struct addrinfo hints = {
		.ai_family = e->kind == ENDPOINT_INET6 ? AF_INET6 : AF_INET,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
	};
	char text[ENDPOINT_TEXT_MAX];
	char service[8];
	struct addrinfo *list = NULL;
	int rc;
	int fd = -1;

	snprintf(service, sizeof(service), "%u", (unsigned)e->port);
	rc = getaddrinfo(
		e->host[0] == '\0' ? NULL : e->host, service, &hints, &list);
	if (rc != 0)
		return say(why, RES_DOWN, endpoint_format(e, text),
			gai_strerror(rc));
	for (const struct addrinfo *ai = list; ai != NULL && fd < 0;
		ai = ai->ai_next)
		fd = bind_one(ai);
	rc = errno;
	freeaddrinfo(list);
	if (fd < 0)
		return say(
			why, RES_DOWN, endpoint_format(e, text), strerror(rc));
	*out = fd;
	return RES_OK;
}

/* A socket file that nobody listens at is left over and may go. */
static enum result remove_stale(const struct sockaddr_un *sa, struct buf *why)
{
	struct stat st;
	int fd;
	int rc;

	if (lstat(sa->sun_path, &st) != 0)
		return errno == ENOENT
			? RES_OK
			: say(why, RES_DOWN, sa->sun_path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return say(why, RES_EXISTS, sa->sun_path, "is not a socket");
	fd = stream_socket(AF_UNIX);
	if (fd < 0)
		return say(why, RES_DOWN, sa->sun_path, strerror(errno));
	rc = connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) == 0 ? 0
									: errno;
	close(fd);
	if (rc != ECONNREFUSED)
		return say(why, RES_EXISTS, sa->sun_path,
			"another program listens here");
	if (unlink(sa->sun_path) != 0 && errno != ENOENT)
		return say(why, RES_DOWN, sa->sun_path, strerror(errno));
	return RES_OK;
}

static enum result open_unix(
	const struct endpoint *e, int *out, struct buf *why)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	enum result res;
	int fd;

	if (strlen(e->path) >= sizeof(sa.sun_path))
		return say(why, RES_DOWN, e->path, strerror(ENAMETOOLONG));
	memcpy(sa.sun_path, e->path, strlen(e->path) + 1);
	res = remove_stale(&sa, why);
	if (res != RES_OK)
		return res;
	fd = stream_socket(AF_UNIX);
	if (fd < 0)
		return say(why, RES_DOWN, e->path, strerror(errno));
	if (bind(fd, (const struct sockaddr *)&sa, sizeof(sa)) != 0 ||
		chmod(e->path, SOCKET_MODE) != 0 || listen(fd, BACKLOG) != 0) {
		res = say(why, RES_DOWN, e->path, strerror(errno));
		close(fd);
		return res;
	}
	*out = fd;
	return RES_OK;
}

enum result listener_open(
	const struct endpoint *e, int *fd, uint16_t *port, struct buf *why)
{
	enum result res = RES_DOWN;

	switch (e->kind) {
	case ENDPOINT_NONE:
		return say(why, RES_DOWN, "listen", "no address is set");
	case ENDPOINT_INET:
	case ENDPOINT_INET6:
		res = open_inet(e, fd, why);
		break;
	case ENDPOINT_UNIX:
		res = open_unix(e, fd, why);
		break;
	case ENDPOINT_FD:
		if (listen(e->fd, BACKLOG) != 0)
			return say(why, RES_DOWN, "fd", strerror(errno));
		*fd = e->fd;
		res = RES_OK;
		break;
	}
	if (res == RES_OK)
		*port = bound_port(*fd);
	return res;
}
