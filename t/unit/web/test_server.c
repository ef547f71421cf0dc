/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/server.h"

#include "base/clock.h"
#include "support/case.h"
#include "support/client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOST "Host: portal.example\r\n"

enum { BODY_MAX = 8192, ANSWER_MAX = 65536, DEADLINE_MS = 400 };

static const struct web_field fields[] = {
	{ "X-Content-Type-Options", "nosniff" },
	{ NULL, NULL },
};

static const struct web_field teapot[] = {
	{ "X-Teapot", "short and stout" },
	{ NULL, NULL },
};

struct site {
	struct web_server *server;
	atomic_uint handled;
};

/* Says what it was asked; two paths for answers that are not 200. */
static void handle(
	void *ctx, const struct web_request *rq, struct web_answer *out)
{
	struct site *site = ctx;

	atomic_fetch_add(&site->handled, 1);
	if (slice_is_equal(rq->path, slice_of("/teapot"))) {
		out->status = 404;
		out->type = "text/html; charset=utf-8";
		out->fields = teapot;
	}
	if (slice_is_equal(rq->path, slice_of("/flood"))) {
		while (buf_result(&out->body) == RES_OK)
			buf_add_text(&out->body, "more and more and more ");
		return;
	}
	buf_add_format(&out->body, "[%.*s][%.*s][%.*s][%.*s]",
		SLICE_ARG(rq->method), SLICE_ARG(rq->path),
		SLICE_ARG(rq->query), SLICE_ARG(rq->body));
}

static const struct endpoint any_port = {
	.kind = ENDPOINT_INET,
	.host = "127.0.0.1",
};

static enum result try_open(struct site *site, const struct endpoint *listen,
	unsigned deadline_ms, struct buf *why)
{
	const struct web_options options = {
		.listen = *listen,
		.body_max = BODY_MAX,
		.handle = handle,
		.ctx = site,
		.fields = fields,
		.deadline_ms = deadline_ms,
	};

	atomic_store(&site->handled, 0);
	return web_server_open(&site->server, &options, why);
}

static void open_site(struct site *site, unsigned deadline_ms)
{
	assert_string_equal(
		result_name(try_open(site, &any_port, deadline_ms, NULL)),
		result_name(RES_OK));
	assert_int_not_equal(web_server_port(site->server), 0);
}

static int dial(const struct site *site)
{
	return client_inet(web_server_port(site->server));
}

/* ---- one request, one answer ---- */

static void sends_no_body_for_head(void **state)
{
	char answer[ANSWER_MAX];
	struct site site;

	(void)state;
	open_site(&site, 0);
	client_exchange(dial(&site),
		slice_of("HEAD /a HTTP/1.1\r\n" HOST "\r\n"), answer,
		sizeof(answer));
	web_server_close(site.server);
	assert_int_equal(client_status(answer), 200);
	assert_string_equal(client_body(answer), "");
	assert_non_null(strstr(answer, "Content-Length: 13\r\n"));
}

/* "@" in the request stands for fill octets "a". */
struct row {
	const char *request;
	size_t len; /* 0: up to the NUL */
	size_t fill;
	unsigned status;
	unsigned handled;
	const char *has; /* in the answer, or NULL */
};

static struct slice expand(const struct row *row, struct buf *out)
{
	const size_t len = row->len > 0 ? row->len : strlen(row->request);

	for (size_t i = 0; i < len; i++) {
		if (row->request[i] != '@' || row->fill == 0) {
			buf_add_char(out, row->request[i]);
			continue;
		}
		for (size_t k = 0; k < row->fill; k++)
			buf_add_char(out, 'a');
	}
	assert_int_equal(buf_result(out), RES_OK);
	return buf_slice(out);
}

static void answers(void **state)
{
	const struct row *row = *state;
	char answer[ANSWER_MAX];
	struct site site;
	struct buf request;

	open_site(&site, 0);
	buf_init(&request, 1024 * 1024);
	client_exchange(
		dial(&site), expand(row, &request), answer, sizeof(answer));
	buf_clear(&request);
	web_server_close(site.server);
	if (client_status(answer) != row->status)
		fail_msg("wanted %u, got: %.200s", row->status, answer);
	assert_int_equal(atomic_load(&site.handled), row->handled);
	if (row->has != NULL && strstr(answer, row->has) == NULL)
		fail_msg("no \"%s\" in: %.400s", row->has, answer);
}

/* ---- time ---- */

/* One octet of a good request now and then, as a slow loris does. */
static void ends_a_drip(void **state)
{
	const char text[] = "GET / HTTP/1.1\r\n" HOST "X-Slow: aaaaaaaaaaaaaa";
	int64_t start;
	struct site site;
	char c;
	int fd;
	size_t i = 0;

	(void)state;
	open_site(&site, DEADLINE_MS);
	start = clock_mono_ms(clock_system());
	fd = dial(&site);
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		if (poll(&p, 1, 20) > 0 && recv(fd, &c, 1, 0) <= 0)
			break;
		c = i < sizeof(text) - 1 ? text[i++] : 'a';
		(void)send(fd, &c, 1, MSG_NOSIGNAL);
		if (clock_mono_ms(clock_system()) - start > CLIENT_WAIT_MS)
			fail_msg("still open after %d ms", CLIENT_WAIT_MS);
	}
	assert_true(clock_mono_ms(clock_system()) - start >= DEADLINE_MS);
	close(fd);
	assert_int_equal(atomic_load(&site.handled), 0);
	web_server_close(site.server);
}

/* The reply to a fresh client must come while old ones hang around. */
static void serves_beside_silence(void **state)
{
	char answer[ANSWER_MAX];
	struct site site;
	int silent[20];

	(void)state;
	open_site(&site, 0);
	for (size_t i = 0; i < 20; i++)
		silent[i] = dial(&site);
	client_exchange(dial(&site), slice_of("GET / HTTP/1.1\r\n" HOST "\r\n"),
		answer, sizeof(answer));
	assert_int_equal(client_status(answer), 200);
	for (size_t i = 0; i < 20; i++)
		close(silent[i]);
	web_server_close(site.server);
}

static void closes_with_clients(void **state)
{
	struct site site;
	char c;
	int fd;

	(void)state;
	open_site(&site, 0);
	fd = dial(&site);
	assert_int_equal(send(fd, "GET", 3, MSG_NOSIGNAL), 3);
	web_server_close(site.server);
	assert_true(recv(fd, &c, 1, 0) <= 0);
	close(fd);
}

enum { CLIENTS = 16, ROUNDS = 12 };

static void serves_many(void **state)
{
	char answer[ANSWER_MAX];
	struct site site;
	int fd[CLIENTS];

	(void)state;
	open_site(&site, 0);
	for (size_t round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < CLIENTS; i++)
			fd[i] = dial(&site);
		for (size_t i = CLIENTS; i-- > 0;) {
			client_exchange(fd[i],
				slice_of("GET /x HTTP/1.1\r\n" HOST "\r\n"),
				answer, sizeof(answer));
			assert_int_equal(client_status(answer), 200);
		}
	}
	assert_int_equal(atomic_load(&site.handled), CLIENTS * ROUNDS);
	web_server_close(site.server);
}

/* ---- where it listens ---- */

static void refuses_a_taken_port(void **state)
{
	struct endpoint taken = any_port;
	struct site first;
	struct site second;
	struct buf why;

	(void)state;
	open_site(&first, 0);
	taken.port = web_server_port(first.server);
	buf_init(&why, 512);
	assert_string_equal(result_name(try_open(&second, &taken, 0, &why)),
		result_name(RES_DOWN));
	assert_null(second.server);
	assert_non_null(strstr(buf_text(&why), strerror(EADDRINUSE)));
	buf_clear(&why);
	web_server_close(first.server);
}

static void unix_path(struct endpoint *e, char folder[64])
{
	snprintf(folder, 64, "/tmp/test_server.XXXXXX");
	assert_non_null(mkdtemp(folder));
	memset(e, 0, sizeof(*e));
	e->kind = ENDPOINT_UNIX;
	snprintf(e->path, sizeof(e->path), "%.60s/web.sock", folder);
}

static void check_unix_answers(const struct endpoint *e)
{
	char answer[ANSWER_MAX];

	client_exchange(client_unix(e->path),
		slice_of("GET /u HTTP/1.1\r\n" HOST "\r\n"), answer,
		sizeof(answer));
	assert_string_equal(client_body(answer), "[GET][/u][][]");
}

static void serves_a_unix_socket(void **state)
{
	struct endpoint e;
	char folder[64];
	struct site site;
	struct stat st;

	(void)state;
	unix_path(&e, folder);
	assert_int_equal(try_open(&site, &e, 0, NULL), RES_OK);
	assert_int_equal(web_server_port(site.server), 0);
	assert_return_code(stat(e.path, &st), errno);
	assert_int_equal(st.st_mode & 0777, 0660);
	check_unix_answers(&e);
	web_server_close(site.server);
	assert_int_equal(access(e.path, F_OK), -1);
	assert_return_code(rmdir(folder), errno);
}

static void replaces_a_dead_socket(void **state)
{
	struct endpoint e;
	char folder[64];
	struct site site;
	struct site dead;
	char aside[96];

	(void)state;
	unix_path(&e, folder);
	snprintf(aside, sizeof(aside), "%s/aside", folder);
	/* A socket file whose owner is gone: renamed before its close. */
	assert_int_equal(try_open(&dead, &e, 0, NULL), RES_OK);
	assert_return_code(rename(e.path, aside), errno);
	web_server_close(dead.server);
	assert_return_code(rename(aside, e.path), errno);
	assert_int_equal(try_open(&site, &e, 0, NULL), RES_OK);
	check_unix_answers(&e);
	web_server_close(site.server);
	assert_return_code(rmdir(folder), errno);
}

static void keeps_off_a_live_socket(void **state)
{
	struct endpoint e;
	char folder[64];
	struct site first;
	struct site second;

	(void)state;
	unix_path(&e, folder);
	assert_int_equal(try_open(&first, &e, 0, NULL), RES_OK);
	assert_string_equal(result_name(try_open(&second, &e, 0, NULL)),
		result_name(RES_EXISTS));
	check_unix_answers(&e);
	web_server_close(first.server);
	assert_return_code(rmdir(folder), errno);
}

static void keeps_off_a_file(void **state)
{
	struct endpoint e;
	char folder[64];
	struct site site;
	int fd;

	(void)state;
	unix_path(&e, folder);
	fd = open(e.path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_string_equal(result_name(try_open(&site, &e, 0, NULL)),
		result_name(RES_EXISTS));
	assert_return_code(unlink(e.path), errno);
	assert_return_code(rmdir(folder), errno);
}

#define ROW(text, ...) CASE(text, answers, (&(struct row){ __VA_ARGS__ }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		ROW("a GET is handled", "GET /a HTTP/1.1\r\n" HOST "\r\n", 0, 0,
			200, 1, "\r\n\r\n[GET][/a][][]"),
		ROW("the query is handed on raw",
			"GET /a?b=%41 HTTP/1.1\r\n" HOST "\r\n", 0, 0, 200, 1,
			"[/a][b=%41]"),
		ROW("percent signs in the path are decoded",
			"GET /a%20b%C3%A9 HTTP/1.1\r\n" HOST "\r\n", 0, 0, 200,
			1, "[/a b\xc3\xa9]"),
		ROW("the status and type of the handler are sent",
			"GET /teapot HTTP/1.1\r\n" HOST "\r\n", 0, 0, 404, 1,
			"Content-Type: text/html; charset=utf-8\r\n"),
		ROW("the fields of the handler are sent",
			"GET /teapot HTTP/1.1\r\n" HOST "\r\n", 0, 0, 404, 1,
			"X-Teapot: short and stout\r\n"),
		CASE("a HEAD is handled as GET and gets no body",
			sends_no_body_for_head, NULL),
		ROW("the fields of the options are sent",
			"GET / HTTP/1.1\r\n" HOST "\r\n", 0, 0, 200, 1,
			"X-Content-Type-Options: nosniff\r\n"),
		ROW("the fields of the options are sent with a refusal",
			"PUT / HTTP/1.1\r\n" HOST "\r\n", 0, 0, 400, 0,
			"X-Content-Type-Options: nosniff\r\n"),
		ROW("the connection is closed after one answer",
			"GET / HTTP/1.1\r\n" HOST "\r\n"
			"GET / HTTP/1.1\r\n" HOST "\r\n",
			0, 0, 200, 1, "Connection: close\r\n"),
		ROW("a body of POST is handed on",
			"POST /p HTTP/1.1\r\n" HOST
			"Content-Length: 3\r\n\r\nabc",
			0, 0, 200, 1, "[POST][/p][][abc]"),
		ROW("a chunked body of POST is handed on",
			"POST /p HTTP/1.1\r\n" HOST
			"Transfer-Encoding: chunked\r\n\r\n"
			"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
			0, 0, 200, 1, "[POST][/p][][abcde]"),
		ROW("an answer past its bound is a 500",
			"GET /flood HTTP/1.1\r\n" HOST "\r\n", 0, 0, 500, 1,
			"try again later"),
		ROW("HTTP/1.0 with a Host is handled",
			"GET / HTTP/1.0\r\n" HOST "\r\n", 0, 0, 200, 1, NULL),

		ROW("both Content-Length and Transfer-Encoding are refused",
			"POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n"
			"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
			"GET /smuggled HTTP/1.1\r\n" HOST "\r\n",
			0, 0, 400, 0, NULL),
		ROW("two Content-Length are refused",
			"POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n"
			"Content-Length: 3\r\n\r\nabc",
			0, 0, 400, 0, NULL),
		ROW("two Transfer-Encoding are refused",
			"POST / HTTP/1.1\r\n" HOST
			"Transfer-Encoding: chunked\r\n"
			"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
			0, 0, 400, 0, NULL),
		ROW("a Content-Length with a plus sign is refused",
			"POST / HTTP/1.1\r\n" HOST
			"Content-Length: +3\r\n\r\nabc",
			0, 0, 400, 0, NULL),
		ROW("a negative Content-Length is refused",
			"POST / HTTP/1.1\r\n" HOST
			"Content-Length: -1\r\n\r\nabc",
			0, 0, 400, 0, NULL),
		ROW("a request without Host is refused",
			"GET / HTTP/1.1\r\n\r\n", 0, 0, 400, 0, NULL),
		ROW("an old request without Host is refused",
			"GET / HTTP/1.0\r\n\r\n", 0, 0, 400, 0, NULL),
		ROW("two Host are refused",
			"GET / HTTP/1.1\r\n" HOST "Host: other.example\r\n\r\n",
			0, 0, 400, 0, NULL),
		ROW("an empty Host is refused",
			"GET / HTTP/1.1\r\nHost:\r\n\r\n", 0, 0, 400, 0, NULL),
		ROW("a blank before the colon of Host is refused",
			"GET / HTTP/1.1\r\nHost : portal.example\r\n\r\n", 0, 0,
			400, 0, NULL),
		ROW("a control octet in a header is refused",
			"GET / HTTP/1.1\r\n" HOST "X-A: b\x01c\r\n\r\n", 0, 0,
			400, 0, NULL),
		ROW("a Host that begins with a NUL is refused",
			"GET / HTTP/1.1\r\nHost: \0portal\r\n\r\n",
			sizeof("GET / HTTP/1.1\r\nHost: \0portal\r\n\r\n") - 1,
			0, 400, 0, NULL),
		ROW("an encoded NUL in the path is refused",
			"GET /a%00b HTTP/1.1\r\n" HOST "\r\n", 0, 0, 400, 0,
			NULL),
		ROW("an encoded line end in the path is refused",
			"GET /a%0d%0ab HTTP/1.1\r\n" HOST "\r\n", 0, 0, 400, 0,
			NULL),
		ROW("a broken percent sign in the path is refused",
			"GET /a%4 HTTP/1.1\r\n" HOST "\r\n", 0, 0, 400, 0,
			NULL),
		ROW("a path that does not begin with a slash is refused",
			"GET http://other.example/ HTTP/1.1\r\n" HOST "\r\n", 0,
			0, 400, 0, NULL),
		ROW("a header of 20 KB is refused",
			"GET / HTTP/1.1\r\n" HOST "X-A: @\r\n\r\n", 0, 20480,
			431, 0, NULL),
		ROW("a URL of 20 KB is refused",
			"GET /@ HTTP/1.1\r\n" HOST "\r\n", 0, 20480, 414, 0,
			NULL),
		ROW("a chunk without a length is refused",
			"POST / HTTP/1.1\r\n" HOST
			"Transfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n",
			0, 0, 400, 0, NULL),
		ROW("a body of 100 KB is refused",
			"POST / HTTP/1.1\r\n" HOST
			"Content-Length: 102400\r\n\r\n@",
			0, 102400, 413, 0, NULL),
		ROW("a length no number holds is refused",
			"POST / HTTP/1.1\r\n" HOST
			"Content-Length: 99999999999999999999999\r\n\r\n",
			0, 0, 413, 0, NULL),
		ROW("a chunked body of 100 KB is refused",
			"POST / HTTP/1.1\r\n" HOST
			"Transfer-Encoding: chunked\r\n\r\n"
			"19000\r\n@\r\n0\r\n\r\n",
			0, 102400, 413, 0, NULL),
		ROW("a body with GET is refused",
			"GET / HTTP/1.1\r\n" HOST
			"Content-Length: 3\r\n\r\nabc",
			0, 0, 413, 0, NULL),
		ROW("another method is refused",
			"DELETE / HTTP/1.1\r\n" HOST "\r\n", 0, 0, 400, 0,
			NULL),
		ROW("OPTIONS is refused", "OPTIONS / HTTP/1.1\r\n" HOST "\r\n",
			0, 0, 400, 0, NULL),

		CASE("a request that drips in is cut off", ends_a_drip, NULL),
		CASE("silent clients do not hold up others",
			serves_beside_silence, NULL),
		CASE("closing ends open connections", closes_with_clients,
			NULL),
		CASE("many clients at once are all served", serves_many, NULL),
		CASE("a port that is taken is reported", refuses_a_taken_port,
			NULL),
		CASE("a unix socket serves and goes with close",
			serves_a_unix_socket, NULL),
		CASE("a unix socket nobody answers at is replaced",
			replaces_a_dead_socket, NULL),
		CASE("a unix socket somebody answers at is kept",
			keeps_off_a_live_socket, NULL),
		CASE("a file that is no socket is kept", keeps_off_a_file,
			NULL),
	};

	return cmocka_run_group_tests_name("web/server", cases, NULL, NULL);
}
