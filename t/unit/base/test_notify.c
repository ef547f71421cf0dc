/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/notify.h"

#include "support/case.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct listener {
	char folder[32];
	char path[64]; /* as NOTIFY_SOCKET has it */
	int fd;
};

static void listen_at(struct listener *l, bool abstract)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	socklen_t len;

	snprintf(l->folder, sizeof(l->folder), "/tmp/reprieve.XXXXXX");
	assert_non_null(mkdtemp(l->folder));
	snprintf(l->path, sizeof(l->path), "%s%s/notify", abstract ? "@" : "",
		l->folder);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", l->path);
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
		strlen(l->path) + (abstract ? 0 : 1));
	if (abstract)
		sa.sun_path[0] = '\0';
	l->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(l->fd, (const struct sockaddr *)&sa, len), 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", l->path, 1), 0);
}

static void stop(struct listener *l)
{
	close(l->fd);
	unlink(l->path);
	rmdir(l->folder);
	unsetenv("NOTIFY_SOCKET");
}

static void tells(void **state)
{
	const bool *abstract = *state;
	struct listener l;
	char got[64] = "";

	listen_at(&l, *abstract);
	assert_true(notify_send("READY=1\nSTATUS=serving"));
	assert_int_equal(recv(l.fd, got, sizeof(got) - 1, 0), 22);
	assert_string_equal(got, "READY=1\nSTATUS=serving");
	stop(&l);
}

static void says_when_it_reloads(void **state)
{
	struct listener l;
	char got[80] = "";
	long long usec = 0;

	(void)state;
	listen_at(&l, false);
	assert_true(notify_reloading());
	assert_true(recv(l.fd, got, sizeof(got) - 1, 0) > 0);
	assert_int_equal(
		sscanf(got, "RELOADING=1\nMONOTONIC_USEC=%lld", &usec), 1);
	assert_true(usec > 0);
	stop(&l);
}

static void is_silent(void **state)
{
	const char *where = *state;

	if (where == NULL)
		unsetenv("NOTIFY_SOCKET");
	else
		assert_int_equal(setenv("NOTIFY_SOCKET", where, 1), 0);
	assert_false(notify_send("READY=1"));
	unsetenv("NOTIFY_SOCKET");
}

int main(void)
{
	static const bool no = false;
	static const bool yes = true;
	const struct CMUnitTest cases[] = {
		CASE("a socket in the file system is told", tells, &no),
		CASE("an abstract socket is told", tells, &yes),
		CASE("a reload is told with the time it began",
			says_when_it_reloads, NULL),
		CASE("without systemd nobody is told", is_silent, NULL),
		CASE("a relative path is no socket of systemd", is_silent,
			"run/notify"),
		CASE("a socket that is not there is no fault", is_silent,
			"/nonexistent/notify"),
		CASE("a path that is too long is no fault", is_silent,
			"/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
	};

	return cmocka_run_group_tests_name("base/notify", cases, NULL, NULL);
}
