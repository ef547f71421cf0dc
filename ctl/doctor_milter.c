/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/clock.h"
#include "conf/conf.h"
#include "ctl/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { WAIT_MS = 3000, ANSWER_LEN = 17 };

/* SMFIC_OPTNEG: version 6, every action, every step that may be left out. */
static const unsigned char negotiate[] = { 0, 0, 0, 13, 'O', 0, 0, 0, 6, 0, 0,
	1, 0xFF, 0, 0x1F, 0xFF, 0xFF };
static const unsigned char quit[] = { 0, 0, 0, 1, 'Q' };

/* A connection, or -1 with errno. */
static int connect_to(const struct sockaddr *address, socklen_t len)
{
	int fd = socket(address->sa_family,
		SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	int error = 0;
	socklen_t size = sizeof(error);

	if (fd < 0)
		return -1;
	if (connect(fd, address, len) == 0)
		return fd;
	if (errno == EINPROGRESS) {
		if (poll(&p, 1, WAIT_MS) <= 0)
			error = ETIMEDOUT;
		else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) !=
			0)
			error = errno;
		if (error == 0)
			return fd;
		errno = error;
	}
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

static int connect_unix(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path));
	return connect_to((const struct sockaddr *)&address, sizeof(address));
}

static int connect_inet(const struct endpoint *e)
{
	const struct addrinfo hints = {
		.ai_family = e->kind == ENDPOINT_INET6 ? AF_INET6 : AF_UNSPEC,
		.ai_socktype = SOCK_STREAM
	};
	struct addrinfo *list = NULL;
	char port[8];
	int fd = -1;

	snprintf(port, sizeof(port), "%u", e->port);
	/* No host means all of this machine: then its loopback. */
	if (getaddrinfo(e->host[0] == '\0' ? NULL : e->host, port, &hints,
		    &list) != 0) {
		errno = EHOSTUNREACH;
		return -1;
	}
	for (struct addrinfo *a = list; a != NULL && fd < 0; a = a->ai_next)
		fd = connect_to(a->ai_addr, a->ai_addrlen);
	freeaddrinfo(list);
	return fd;
}

/* NULL: it is a milter. */
static const char *speak(int fd)
{
	unsigned char answer[ANSWER_LEN];
	size_t have = 0;
	int64_t end_ms = clock_mono_ms(clock_system()) + WAIT_MS;

	if (send(fd, negotiate, sizeof(negotiate), MSG_NOSIGNAL) !=
		(ssize_t)sizeof(negotiate))
		return "it takes no command";
	while (have < sizeof(answer)) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left_ms = end_ms - clock_mono_ms(clock_system());

		if (left_ms <= 0 || poll(&p, 1, (int)left_ms) <= 0)
			return "it takes connections and does not answer";
		ssize_t n = read(fd, answer + have, sizeof(answer) - have);

		if (n <= 0)
			return "it closes the connection";
		have += (size_t)n;
	}
	if (answer[4] != 'O')
		return "it does not speak the milter protocol";
	/* It logs a session that ends without this as broken. */
	(void)!send(fd, quit, sizeof(quit), MSG_NOSIGNAL);
	return NULL;
}

void doctor_milter(struct doctor *d)
{
	const struct endpoint *e = &d->ctl->conf->milter.socket;
	char name[ENDPOINT_TEXT_MAX];

	endpoint_format(e, name);
	if (e->kind == ENDPOINT_FD || e->kind == ENDPOINT_NONE) {
		doctor_note(d, DOCTOR_WARN, "milter",
			"see \"systemctl status reprieve-milter.socket\"",
			"the socket %s is systemd's and was not tried", name);
		return;
	}
	int fd = e->kind == ENDPOINT_UNIX ? connect_unix(e->path)
					  : connect_inet(e);

	if (fd < 0) {
		doctor_note(d, DOCTOR_FAIL, "milter",
			errno == EACCES
				? "run this as root or as the milter's user"
				: "start reprieve-milter, or look into its "
				  "log",
			"%s: %s", name, strerror(errno));
		return;
	}
	const char *why = speak(fd);

	close(fd);
	if (why != NULL)
		doctor_note(d, DOCTOR_FAIL, "milter",
			"is it another program's socket? else restart "
			"reprieve-milter",
			"%s: %s", name, why);
	else
		doctor_note(d, DOCTOR_OK, "milter", NULL,
			"%s answers as a milter", name);
}
