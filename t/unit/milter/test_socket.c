/* SPDX-License-Identifier: BSD-2-Clause */
#include "milter/socket.h"

#include "base/privileges.h"
#include "net/endpoint.h"
#include "support/case.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct place {
	char folder[32];
	struct endpoint at;
	struct identity id;
	struct buf why;
};

static void make(struct place *p)
{
	*p = (struct place){ .folder = "/tmp/reprieve.XXXXXX",
		.id = { .uid = geteuid() } };
	assert_non_null(mkdtemp(p->folder));
	p->at.kind = ENDPOINT_UNIX;
	snprintf(p->at.path, sizeof(p->at.path), "%s/s", p->folder);
	buf_init(&p->why, 1024);
}

static void drop(struct place *p)
{
	chmod(p->folder, 0700);
	unlink(p->at.path);
	rmdir(p->folder);
	buf_clear(&p->why);
}

/* A socket at the path; listening or left over. */
static int make_socket(struct place *p, bool listening)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", p->at.path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&sa, sizeof(sa)), 0);
	if (listening)
		assert_int_equal(listen(fd, 1), 0);
	else
		close(fd);
	return listening ? fd : -1;
}

static void clears_what_is_left_over(void **state)
{
	struct place p;
	struct stat st;

	(void)state;
	make(&p);
	assert_int_equal(socket_clear(&p.at, &p.id, &p.why), RES_OK);
	make_socket(&p, false);
	assert_int_equal(socket_clear(&p.at, &p.id, &p.why), RES_OK);
	assert_int_equal(lstat(p.at.path, &st), -1);
	assert_int_equal(errno, ENOENT);
	drop(&p);
}

static void keeps_a_living_server(void **state)
{
	struct place p;
	struct stat st;
	int fd;

	(void)state;
	make(&p);
	fd = make_socket(&p, true);
	assert_int_equal(socket_clear(&p.at, &p.id, &p.why), RES_EXISTS);
	assert_non_null(strstr(buf_text(&p.why), "a server answers there"));
	assert_int_equal(lstat(p.at.path, &st), 0);
	close(fd);
	drop(&p);
}

static void keeps_a_file(void **state)
{
	struct place p;
	FILE *f;

	(void)state;
	make(&p);
	f = fopen(p.at.path, "w");
	assert_non_null(f);
	fclose(f);
	assert_int_equal(socket_clear(&p.at, &p.id, &p.why), RES_TYPE);
	assert_int_equal(access(p.at.path, F_OK), 0);
	drop(&p);
}

static void does_not_follow_a_link(void **state)
{
	struct place p;
	char other[64];

	(void)state;
	make(&p);
	make_socket(&p, false);
	snprintf(other, sizeof(other), "%s/o", p.folder);
	assert_int_equal(rename(p.at.path, other), 0);
	assert_int_equal(symlink(other, p.at.path), 0);
	assert_int_equal(socket_clear(&p.at, &p.id, &p.why), RES_TYPE);
	assert_int_equal(unlink(other), 0);
	drop(&p);
}

static void wants_a_safe_folder(void **state)
{
	struct place p;

	(void)state;
	make(&p);
	assert_int_equal(chmod(p.folder, 0777), 0);
	assert_int_equal(socket_clear(&p.at, &p.id, &p.why), RES_DENIED);
	assert_int_equal(chmod(p.folder, 01777), 0);
	assert_int_equal(socket_clear(&p.at, &p.id, &p.why), RES_OK);
	snprintf(p.at.path, sizeof(p.at.path), "%s/none/s", p.folder);
	assert_int_equal(socket_clear(&p.at, &p.id, &p.why), RES_MISSING);
	snprintf(p.at.path, sizeof(p.at.path), "relative");
	assert_int_equal(socket_clear(&p.at, &p.id, &p.why), RES_DENIED);
	drop(&p);
}

static void leaves_other_kinds(void **state)
{
	struct place p;

	(void)state;
	make(&p);
	p.at.kind = ENDPOINT_INET;
	assert_int_equal(socket_clear(&p.at, &p.id, &p.why), RES_OK);
	assert_int_equal(
		socket_fit(&p.at, &p.id, (gid_t)-1, 0600, &p.why), RES_OK);
	drop(&p);
}

static void sets_the_mode(void **state)
{
	struct place p;
	struct stat st;

	(void)state;
	make(&p);
	make_socket(&p, false);
	assert_int_equal(
		socket_fit(&p.at, &p.id, (gid_t)-1, 0660, &p.why), RES_OK);
	assert_int_equal(lstat(p.at.path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	drop(&p);
}

/* An answer of several packets must not wait for the MTA's acknowledgement of
 * the first. */
static void sends_at_once(void **state)
{
	struct place p;
	struct sockaddr_in sa = { .sin_family = AF_INET };
	socklen_t len = sizeof(sa), size = sizeof(int);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int mta = socket(AF_INET, SOCK_STREAM, 0);
	int session, on = 0;

	(void)state;
	make(&p);
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (const struct sockaddr *)&sa, len), 0);
	assert_int_equal(listen(fd, 1), 0);
	p.at.kind = ENDPOINT_INET;
	assert_int_equal(
		socket_fit(&p.at, &p.id, (gid_t)-1, 0660, &p.why), RES_OK);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
	assert_int_equal(connect(mta, (const struct sockaddr *)&sa, len), 0);
	session = accept(fd, NULL, NULL);
	assert_int_equal(
		getsockopt(session, IPPROTO_TCP, TCP_NODELAY, &on, &size), 0);
	assert_true(on != 0);
	close(session);
	close(mta);
	close(fd);
	drop(&p);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("a left over socket makes way", clears_what_is_left_over,
			NULL),
		CASE("the socket of a living server stays",
			keeps_a_living_server, NULL),
		CASE("what is no socket stays", keeps_a_file, NULL),
		CASE("a symbolic link is not followed", does_not_follow_a_link,
			NULL),
		CASE("the folder must be there and closed to others",
			wants_a_safe_folder, NULL),
		CASE("other kinds of sockets have no path", leaves_other_kinds,
			NULL),
		CASE("over TCP an answer leaves at once", sends_at_once, NULL),
		CASE("the socket gets the configured mode", sets_the_mode,
			NULL),
	};

	return cmocka_run_group_tests_name("milter/socket", cases, NULL, NULL);
}
