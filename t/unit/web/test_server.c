/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/server.h"

#include "base/clock.h"
#include "support/case.h"
#include "support/client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define HOST "Host: portal.example\r\n"
#define FORM "Content-Type: application/x-www-form-urlencoded\r\n"
#define FILES "Content-Type: multipart/form-data; boundary=b\r\n"

enum { BODY_MAX = 8192, ROOM = 65536, ANSWER_MAX = 65536, DEADLINE_MS = 400 };

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

static void show_fields(const struct web_request *rq, struct buf *out)
{
	char text[IPADDR_TEXT_MAX] = "nobody";

	if (rq->has_peer)
		ipaddr_format(&rq->peer, text);
	buf_add_format(out, "{%s}{%s}", text, rq->is_head ? "head" : "whole");
	buf_add_format(out, "{%.*s}{%.*s}{%.*s}{%.*s}{%.*s}",
		SLICE_ARG(rq->forwarded_for), SLICE_ARG(rq->accept_language),
		SLICE_ARG(rq->content_type), SLICE_ARG(rq->origin),
		SLICE_ARG(rq->fetch_site));
}

static bool is_path(const struct web_request *rq, const char *path)
{
	return slice_is_equal(rq->path, slice_of(path));
}

/* Where the visitor is sent, how long to wait, which language. */
static void lead_on(const struct web_request *rq, struct web_answer *out)
{
	if (is_path(rq, "/elsewhere")) {
		out->status = 303;
		buf_add_text(&out->location, "/a?lang=es");
	} else if (is_path(rq, "/split")) {
		buf_add_text(&out->location, "/a\r\nX-Evil: yes");
	} else if (is_path(rq, "/far")) {
		while (buf_result(&out->location) == RES_OK)
			buf_add_text(&out->location, "/further");
	} else if (is_path(rq, "/wait")) {
		out->refresh_s = 20;
		out->language = "pt-BR";
	}
}

/* Says what it was asked; some paths for other answers. */
static void handle(
	void *ctx, const struct web_request *rq, struct web_answer *out)
{
	struct site *site = ctx;

	atomic_fetch_add(&site->handled, 1);
	lead_on(rq, out);
	if (is_path(rq, "/fields")) {
		show_fields(rq, &out->body);
		return;
	}
	if (is_path(rq, "/teapot")) {
		out->status = 404;
		out->type = "text/html; charset=utf-8";
		out->fields = teapot;
	}
	if (is_path(rq, "/flood")) {
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

static void make_room(void *ctx, struct slice path, struct web_room *out)
{
	(void)ctx;
	if (slice_is_equal(path, slice_of("/files")))
		*out = (struct web_room){ .body_max = ROOM, .has_files = true };
}

static enum result try_open(struct site *site, const struct endpoint *listen,
	unsigned deadline_ms, struct buf *why)
{
	const struct web_options options = {
		.listen = *listen,
		.body_max = BODY_MAX,
		.room = make_room,
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

static void says_that_it_was_head(void **state)
{
	char answer[ANSWER_MAX];
	struct site site;

	(void)state;
	open_site(&site, 0);
	client_exchange(dial(&site),
		slice_of("HEAD /fields HTTP/1.1\r\n" HOST "\r\n"), answer,
		sizeof(answer));
	web_server_close(site.server);
	assert_non_null(strstr(answer, "Content-Length: 27\r\n"));
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

enum { GUESTS_MAX = 3 };

static unsigned visit(int fd)
{
	char answer[ANSWER_MAX];

	client_exchange(fd, slice_of("GET /x HTTP/1.1\r\n" HOST "\r\n"), answer,
		sizeof(answer));
	return client_status(answer);
}

/* Whom the house has no room for is sent away, until others have left. */
static void keeps_its_limit(void **state)
{
	struct site site = { 0 };
	const struct web_options options = {
		.listen = any_port,
		.handle = handle,
		.ctx = &site,
		.connections_max = GUESTS_MAX,
	};
	int64_t until = clock_mono_ms(clock_system()) + CLIENT_WAIT_MS;
	int fd[GUESTS_MAX];

	(void)state;
	assert_int_equal(web_server_open(&site.server, &options, NULL), RES_OK);
	for (size_t i = 0; i < GUESTS_MAX; i++)
		fd[i] = dial(&site);
	assert_int_equal(visit(dial(&site)), 0);
	for (size_t i = 0; i < GUESTS_MAX; i++)
		assert_int_equal(visit(fd[i]), 200);
	/* An end is noticed a little after it is seen here. */
	while (visit(dial(&site)) != 200)
		assert_true(clock_mono_ms(clock_system()) < until);
	web_server_close(site.server);
}

/* ---- paths with more room ---- */

enum { LARGE_LEN = ROOM };

static const char large_head[] =
	"POST /files HTTP/1.1\r\n" HOST FILES "Content-Length: 65536\r\n";
static const char large_body[LARGE_LEN]; /* NULs */

static int dial_and_say(const struct site *site, const char *text)
{
	const int fd = dial(site);
	const size_t len = strlen(text);

	assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), (ssize_t)len);
	return fd;
}

/* An end is seen by whoever reads. */
static void wait_for_end(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char c;

	assert_int_equal(poll(&p, 1, CLIENT_WAIT_MS), 1);
	assert_true(recv(fd, &c, 1, 0) <= 0);
	close(fd);
}

static int dial_large(const struct site *site, const char *more)
{
	char text[512];

	snprintf(text, sizeof(text), "%s%s\r\n", large_head, more);
	return dial_and_say(site, text);
}

static unsigned end_large(int fd)
{
	char answer[ANSWER_MAX];

	client_exchange(
		fd, slice_make(large_body, LARGE_LEN), answer, sizeof(answer));
	return client_status(answer);
}

static void gives_a_large_body_time(void **state)
{
	struct site site;
	int large;

	(void)state;
	/* A second more for each 16 KiB. */
	open_site(&site, DEADLINE_MS);
	large = dial_large(&site, "");
	/* Begun behind it, and ended before it. */
	wait_for_end(dial_and_say(&site, "POST / HTTP/1.1\r\n"));
	wait_for_end(dial_and_say(&site,
		"POST /files HTTP/1.1\r\n" HOST FILES
		"Content-Length: 3\r\n\r\na"));
	assert_int_equal(end_large(large), 200);
	web_server_close(site.server);
}

/* One that the server waits for. */
static int dial_awaited(const struct site *site)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	const int fd = dial_large(site, "Expect: 100-continue\r\n");
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char c;

	for (size_t i = 0; i < sizeof(go_on) - 1; i++) {
		assert_int_equal(poll(&p, 1, CLIENT_WAIT_MS), 1);
		assert_int_equal(recv(fd, &c, 1, 0), 1);
		assert_int_equal(c, go_on[i]);
	}
	return fd;
}

static void bounds_large_bodies(void **state)
{
	int64_t until = clock_mono_ms(clock_system()) + CLIENT_WAIT_MS;
	char answer[ANSWER_MAX];
	int fd[WEB_LARGE_MAX];
	struct site site;

	(void)state;
	open_site(&site, 0);
	for (size_t i = 0; i < WEB_LARGE_MAX; i++)
		fd[i] = dial_awaited(&site);
	assert_int_equal(end_large(dial_large(&site, "")), 503);
	/* They hold up no page, and nothing short at that path. */
	assert_int_equal(visit(dial(&site)), 200);
	client_exchange(dial(&site),
		slice_of("POST /files HTTP/1.1\r\n" HOST FORM
			 "Content-Length: 3\r\n\r\nabc"),
		answer, sizeof(answer));
	assert_int_equal(client_status(answer), 200);
	close(fd[0]);
	/* An end is noticed a little after it is seen here. */
	while (end_large(dial_large(&site, "")) != 200)
		assert_true(clock_mono_ms(clock_system()) < until);
	for (size_t i = 1; i < WEB_LARGE_MAX; i++)
		assert_int_equal(end_large(fd[i]), 200);
	web_server_close(site.server);
}

struct meeting {
	struct web_server *server;
	sem_t *here[2];
};

/* Waits until the other handler is there, too. */
static void meet(
	void *ctx, const struct web_request *rq, struct web_answer *out)
{
	const struct meeting *m = ctx;
	const bool is_first = is_path(rq, "/0");
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += CLIENT_WAIT_MS / 1000;
	sem_post(m->here[is_first ? 0 : 1]);
	out->status = 503;
	if (sem_timedwait(m->here[is_first ? 1 : 0], &until) == 0)
		out->status = 200;
}

static void handles_side_by_side(void **state)
{
	sem_t here[2];
	struct meeting m = { .here = { &here[0], &here[1] } };
	const struct web_options options = {
		.listen = any_port,
		.handle = meet,
		.ctx = &m,
	};
	char answer[ANSWER_MAX];
	const char first[] = "GET /0 HTTP/1.1\r\n" HOST "\r\n";
	int fd;

	(void)state;
	sem_init(&here[0], 0, 0);
	sem_init(&here[1], 0, 0);
	assert_int_equal(web_server_open(&m.server, &options, NULL), RES_OK);
	fd = client_inet(web_server_port(m.server));
	assert_int_equal(
		send(fd, first, sizeof(first) - 1, MSG_NOSIGNAL), 29 + 12);
	client_exchange(client_inet(web_server_port(m.server)),
		slice_of("GET /1 HTTP/1.1\r\n" HOST "\r\n"), answer,
		sizeof(answer));
	assert_int_equal(client_status(answer), 200);
	client_exchange(fd, slice_of(""), answer, sizeof(answer));
	assert_int_equal(client_status(answer), 200);
	web_server_close(m.server);
	sem_destroy(&here[0]);
	sem_destroy(&here[1]);
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
	client_exchange(client_unix(e->path),
		slice_of("GET /fields HTTP/1.1\r\n" HOST "\r\n"), answer,
		sizeof(answer));
	assert_string_equal(client_body(answer), "{nobody}{whole}{}{}{}{}{}");
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
		CASE("the handler knows a HEAD", says_that_it_was_head, NULL),
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
			"POST /p HTTP/1.1\r\n" HOST FORM
			"Content-Length: 3\r\n\r\nabc",
			0, 0, 200, 1, "[POST][/p][][abc]"),
		ROW("a chunked body of POST is handed on",
			"POST /p HTTP/1.1\r\n" HOST FORM
			"Transfer-Encoding: chunked\r\n\r\n"
			"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
			0, 0, 200, 1, "[POST][/p][][abcde]"),
		ROW("an answer past its bound is a 500",
			"GET /flood HTTP/1.1\r\n" HOST "\r\n", 0, 0, 500, 1,
			"try again later"),
		ROW("what a header says of the client is handed on",
			"GET /fields HTTP/1.1\r\n" HOST
			"X-Forwarded-For: 192.0.2.1\r\n"
			"Accept-Language: es\r\nOrigin: https://a.example\r\n"
			"Sec-Fetch-Site: same-origin\r\n\r\n",
			0, 0, 200, 1,
			"{127.0.0.1}{whole}{192.0.2.1}{es}{}{https://a.example}"
			"{same-origin}"),
		ROW("of a field that came twice the last is handed on",
			"GET /fields HTTP/1.1\r\n" HOST
			"X-Forwarded-For: 192.0.2.1\r\n"
			"x-forwarded-for: 192.0.2.2\r\n\r\n",
			0, 0, 200, 1, "{whole}{192.0.2.2}{}"),
		ROW("of a long X-Forwarded-For the end is handed on",
			"GET /fields HTTP/1.1\r\n" HOST
			"X-Forwarded-For: @, 192.0.2.2\r\n\r\n",
			0, 5000, 200, 1, "aaa, 192.0.2.2}"),
		ROW("of another long field the front is handed on",
			"GET /fields HTTP/1.1\r\n" HOST
			"Accept-Language: es, @, pt\r\n\r\n",
			0, 5000, 200, 1, "{es, aaa"),
		ROW("a location is sent",
			"GET /elsewhere HTTP/1.1\r\n" HOST "\r\n", 0, 0, 303, 1,
			"\r\nLocation: /a?lang=es\r\n"),
		ROW("a location that would split the header is a 500",
			"GET /split HTTP/1.1\r\n" HOST "\r\n", 0, 0, 500, 1,
			"try again later"),
		ROW("a location past its bound is a 500",
			"GET /far HTTP/1.1\r\n" HOST "\r\n", 0, 0, 500, 1,
			"try again later"),
		ROW("a page that changes says when to ask again",
			"GET /wait HTTP/1.1\r\n" HOST "\r\n", 0, 0, 200, 1,
			"\r\nRefresh: 20\r\n"),
		ROW("the language of a page is said",
			"GET /wait HTTP/1.1\r\n" HOST "\r\n", 0, 0, 200, 1,
			"\r\nContent-Language: pt-BR\r\n"),
		ROW("a form may say that it is UTF-8",
			"POST /p HTTP/1.1\r\n" HOST
			"Content-Type: application/X-www-form-urlencoded ; "
			"charset=UTF-8\r\nContent-Length: 3\r\n\r\nabc",
			0, 0, 200, 1, "[abc]"),
		ROW("HTTP/1.0 with a Host is handled",
			"GET / HTTP/1.0\r\n" HOST "\r\n", 0, 0, 200, 1, NULL),

		ROW("a form in another charset is refused",
			"POST / HTTP/1.1\r\n" HOST
			"Content-Type: application/x-www-form-urlencoded; "
			"charset=utf-16\r\nContent-Length: 3\r\n\r\nabc",
			0, 0, 415, 0, "Only forms are read"),
		ROW("a POST that is no form is refused",
			"POST / HTTP/1.1\r\n" HOST
			"Content-Type: text/plain\r\n"
			"Content-Length: 3\r\n\r\nabc",
			0, 0, 415, 0, NULL),
		ROW("a POST without a Content-Type is refused",
			"POST / HTTP/1.1\r\n" HOST
			"Content-Length: 3\r\n\r\nabc",
			0, 0, 415, 0, NULL),
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
		ROW("a blank before the colon of another field is refused",
			"POST / HTTP/1.1\r\n" HOST FORM
			"Transfer-Encoding : chunked\r\n"
			"Content-Length: 5\r\n\r\n0\r\n\r\n",
			0, 0, 400, 0, NULL),
		ROW("a control octet in a header is refused",
			"GET / HTTP/1.1\r\n" HOST "X-A: b\x01c\r\n\r\n", 0, 0,
			400, 0, NULL),
		ROW("a Host that begins with a NUL is refused",
			"GET / HTTP/1.1\r\nHost: \0portal\r\n\r\n",
			sizeof("GET / HTTP/1.1\r\nHost: \0portal\r\n\r\n") - 1,
			0, 400, 0, NULL),
		ROW("what stands behind a NUL in a header is not seen",
			"GET /fields HTTP/1.1\r\n" HOST
			"Origin: a\0b\r\nX-B: c\r\n\r\n",
			sizeof("GET /fields HTTP/1.1\r\n" HOST
			       "Origin: a\0b\r\nX-B: c\r\n\r\n") -
				1,
			0, 200, 1, "{a}{}"),
		ROW("a path ends at a NUL",
			"GET /a\0b HTTP/1.1\r\n" HOST "\r\n",
			sizeof("GET /a\0b HTTP/1.1\r\n" HOST "\r\n") - 1, 0,
			200, 1, "[/a][]"),
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
			"POST / HTTP/1.1\r\n" HOST FORM
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
			"POST / HTTP/1.1\r\n" HOST FORM
			"Transfer-Encoding: chunked\r\n\r\n"
			"19000\r\n@\r\n0\r\n\r\n",
			0, 102400, 413, 0, NULL),
		ROW("files are handed on where there is room for them",
			"POST /files HTTP/1.1\r\n" HOST FILES
			"Content-Length: 7\r\n\r\n--b--\r\n",
			0, 0, 200, 1, "[POST][/files][][--b--\r\n]"),
		ROW("a body as large as its room is handed on",
			"POST /%66iles HTTP/1.1\r\n" HOST FORM
			"Content-Length: 65536\r\n\r\n@",
			0, ROOM, 200, 1, "[POST][/files][][aaaa"),
		ROW("a body past its room is refused",
			"POST /files HTTP/1.1\r\n" HOST FILES
			"Content-Length: 65537\r\n\r\n@",
			0, ROOM + 1, 413, 0, NULL),
		ROW("a chunked body past its room is refused",
			"POST /files HTTP/1.1\r\n" HOST FILES
			"Transfer-Encoding: chunked\r\n\r\n"
			"10001\r\n@\r\n0\r\n\r\n",
			0, ROOM + 1, 413, 0, NULL),
		ROW("files are refused elsewhere",
			"POST /files/ HTTP/1.1\r\n" HOST FILES
			"Content-Length: 7\r\n\r\n--b--\r\n",
			0, 0, 415, 0, NULL),
		ROW("files without a boundary are refused",
			"POST /files HTTP/1.1\r\n" HOST
			"Content-Type: multipart/form-data\r\n"
			"Content-Length: 7\r\n\r\n--b--\r\n",
			0, 0, 415, 0, NULL),
		ROW("another multipart is refused",
			"POST /files HTTP/1.1\r\n" HOST
			"Content-Type: multipart/mixed; boundary=b\r\n"
			"Content-Length: 7\r\n\r\n--b--\r\n",
			0, 0, 415, 0, NULL),
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
		CASE("clients past the limit are sent away until there is room",
			keeps_its_limit, NULL),
		CASE("a large body has more time than others",
			gives_a_large_body_time, NULL),
		CASE("there are only so many large bodies at once",
			bounds_large_bodies, NULL),
		CASE("a handler that waits does not hold up another",
			handles_side_by_side, NULL),
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
