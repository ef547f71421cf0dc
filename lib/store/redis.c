/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/redis.h"

#include "base/buf.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/*
 * hiredis makes the commands and reads the answers; the socket is ours. Its
 * own blocking calls know a time limit for one recv(2) only, so that a server
 * which drips octets holds the caller for ever, cannot be interrupted, and
 * raise SIGPIPE.
 */

enum {
	ARGS_MAX = 4096,
	CHUNK = 65536,
	OUT_MAX = 64 << 20 /* octets of commands not sent yet */
};

struct redis {
	int fd;
	int cancel; /* readable: stop waiting; -1: none */
	unsigned timeout_ms;
	bool broken;
	bool has_more; /* the last receive got something */
	redisReader *reader;
	redisReply *last;
	char *out;
	size_t out_at; /* sent so far */
	size_t out_len;
	size_t out_size;
	char chunk[CHUNK];
};

static enum result break_it(struct redis *r, enum result why)
{
	r->broken = true;
	return why;
}

static void forget_last(struct redis *r)
{
	if (r->last != NULL)
		freeReplyObject(r->last);
	r->last = NULL;
}

static int64_t now_ms(void)
{
	return clock_mono_ms(clock_system());
}

/* ---- the socket ---- */

/* Waits for events on fd. RES_TIMEOUT; RES_DOWN: told to stop. */
static enum result wait_for(
	int fd, short events, int cancel, int64_t deadline_ms)
{
	struct pollfd p[2] = {
		{ .fd = fd, .events = events },
		{ .fd = cancel, .events = POLLIN },
	};

	for (;;) {
		int64_t left = deadline_ms - now_ms();
		int n = poll(p, 2, left > 0 ? (int)left : 0);

		if (n < 0 && errno != EINTR)
			return RES_DOWN;
		if (n < 0)
			continue;
		if (p[1].revents != 0)
			return RES_DOWN;
		if (n == 0)
			return RES_TIMEOUT;
		return RES_OK;
	}
}

/* Sends what the socket takes now. An error shows at the next receive: the
 * server may have said why before it hung up. */
static void send_some(struct redis *r)
{
	while (r->out_at < r->out_len) {
		ssize_t n = send(r->fd, r->out + r->out_at,
			r->out_len - r->out_at, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n < 0) {
			r->out_at = r->out_len;
			break;
		}
		r->out_at += (size_t)n;
	}
	r->out_at = 0;
	r->out_len = 0;
}

/* Reads the socket once. Nothing there is RES_OK too. */
static enum result receive_some(struct redis *r)
{
	ssize_t n;

	r->has_more = false;
	do {
		n = recv(r->fd, r->chunk, sizeof(r->chunk), 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return RES_OK;
	if (n <= 0)
		return break_it(r, RES_DOWN);
	r->has_more = true;
	if (redisReaderFeed(r->reader, r->chunk, (size_t)n) != REDIS_OK)
		return break_it(r, RES_DOWN);
	return RES_OK;
}

static int connect_unix(const char *path, enum result *res)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(sun.sun_path))
		return -1;
	memcpy(sun.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) != 0) {
		*res = errno == EACCES ? RES_DENIED : RES_DOWN;
		close(fd);
		return -1;
	}
	*res = RES_OK;
	return fd;
}

/* One address of a host; *res says how it went when the answer is -1. */
static int connect_address(const struct addrinfo *ai, const struct redis *r,
	int64_t deadline_ms, enum result *res)
{
	int one = 1, fault = 0;
	socklen_t len = sizeof(fault);
	int fd = socket(
		ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	*res = RES_DOWN;
	if (fd < 0)
		return -1;
	if (connect(fd, ai->ai_addr, ai->ai_addrlen) != 0) {
		if (errno != EINPROGRESS)
			goto fail;
		*res = wait_for(fd, POLLOUT, r->cancel, deadline_ms);
		if (*res != RES_OK)
			goto fail;
		*res = RES_DOWN;
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &fault, &len) != 0)
			goto fail;
		if (fault != 0)
			goto fail;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	*res = RES_OK;
	return fd;
fail:
	close(fd);
	if (fault != 0)
		errno = fault; /* for the words of redis_open */
	return -1;
}

static int connect_inet(const struct endpoint *server, const struct redis *r,
	int64_t deadline_ms, enum result *res)
{
	const struct addrinfo hints = {
		.ai_family =
			server->kind == ENDPOINT_INET6 ? AF_INET6 : AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV,
	};
	struct addrinfo *list = NULL;
	struct buf port;
	int fd = -1;

	buf_init(&port, 8);
	buf_add_format(&port, "%u", (unsigned)server->port);
	/* A NULL host is the loopback address. */
	if (getaddrinfo(server->host[0] != '\0' ? server->host : NULL,
		    buf_text(&port), &hints, &list) != 0) {
		buf_clear(&port);
		return -1;
	}
	for (const struct addrinfo *ai = list; ai != NULL && fd < 0;
		ai = ai->ai_next)
		fd = connect_address(ai, r, deadline_ms, res);
	freeaddrinfo(list);
	buf_clear(&port);
	return fd;
}

static enum result connect_to(struct redis *r, const struct endpoint *server)
{
	enum result res = RES_DOWN;

	switch (server->kind) {
	case ENDPOINT_UNIX:
		r->fd = connect_unix(server->path, &res);
		break;
	case ENDPOINT_INET:
	case ENDPOINT_INET6:
		r->fd = connect_inet(
			server, r, now_ms() + (int64_t)r->timeout_ms, &res);
		break;
	case ENDPOINT_NONE:
	case ENDPOINT_FD:
		break;
	}
	return r->fd >= 0 ? RES_OK : res;
}

/* ---- commands and answers ---- */

/* Room for len more octets of commands. */
static enum result grow_out(struct redis *r, size_t len)
{
	size_t size = r->out_size > 0 ? r->out_size : 4096;
	char *grown;

	if (len > OUT_MAX || r->out_len > OUT_MAX - len)
		return RES_TOOBIG;
	while (size < r->out_len + len)
		size *= 2;
	if (size == r->out_size)
		return RES_OK;
	grown = realloc(r->out, size);
	if (grown == NULL)
		return RES_NOMEM;
	r->out = grown;
	r->out_size = size;
	return RES_OK;
}

static struct redis_reply view(redisReply *reply)
{
	struct redis_reply v = { .opaque = reply };

	if (reply == NULL)
		return v;
	switch (reply->type) {
	case REDIS_REPLY_STRING:
	case REDIS_REPLY_STATUS:
		v.type = REDIS_STRING;
		v.text = slice_make(reply->str, (size_t)reply->len);
		break;
	case REDIS_REPLY_ERROR:
		v.type = REDIS_ERROR;
		v.text = slice_make(reply->str, (size_t)reply->len);
		break;
	case REDIS_REPLY_INTEGER:
		v.type = REDIS_NUMBER;
		v.number = reply->integer;
		break;
	case REDIS_REPLY_ARRAY:
		v.type = REDIS_ARRAY;
		v.count = reply->elements;
		break;
	}
	return v;
}

/* The next whole answer that has come in, or NULL. */
static enum result take(struct redis *r, struct redis_reply *out, bool *found)
{
	void *reply = NULL;

	if (redisReaderGetReply(r->reader, &reply) != REDIS_OK)
		return break_it(r, RES_DOWN);
	*found = reply != NULL;
	if (reply == NULL)
		return RES_OK;
	r->last = reply;
	*out = view(reply);
	return RES_OK;
}

enum result redis_read(struct redis *r, struct redis_reply *out)
{
	int64_t deadline = now_ms() + (int64_t)r->timeout_ms;
	bool found = false;
	enum result res;

	if (r->broken)
		return RES_DOWN;
	forget_last(r);
	for (;;) {
		short events = POLLIN;

		res = take(r, out, &found);
		if (res != RES_OK || found)
			return res;
		send_some(r);
		if (r->out_at < r->out_len)
			events |= POLLOUT;
		res = wait_for(r->fd, events, r->cancel, deadline);
		if (res != RES_OK)
			return break_it(r, res);
		res = receive_some(r);
		if (res != RES_OK)
			return res;
	}
}

/* The command as it goes over the wire, to be freed by redisFreeCommand. */
static int format_command(const struct slice *argv, size_t argc, char **out)
{
	const char *small_at[16] = { NULL }, **at = small_at;
	size_t small_len[16] = { 0 }, *len = small_len;
	int n = -1;

	if (argc > 16) {
		at = calloc(argc, sizeof(*at));
		len = calloc(argc, sizeof(*len));
	}
	if (at != NULL && len != NULL) {
		for (size_t i = 0; i < argc; i++) {
			at[i] = argv[i].at != NULL ? argv[i].at : "";
			len[i] = argv[i].len;
		}
		n = redisFormatCommandArgv(out, (int)argc, at, len);
	}
	if (argc > 16) {
		free(at);
		free(len);
	}
	return n;
}

enum result redis_append(struct redis *r, const struct slice *argv, size_t argc)
{
	char *command = NULL;
	enum result res;
	int n;

	if (r->broken)
		return RES_DOWN;
	/* Half a pipeline must not be taken for a whole one: each of these
	 * errors ends the connection. */
	if (argc == 0 || argc > ARGS_MAX)
		return break_it(r, RES_TOOBIG);
	n = format_command(argv, argc, &command);
	if (n < 0 || command == NULL)
		return break_it(r, RES_NOMEM);
	res = grow_out(r, (size_t)n);
	if (res == RES_OK) {
		memcpy(r->out + r->out_len, command, (size_t)n);
		r->out_len += (size_t)n;
	}
	redisFreeCommand(command);
	return res == RES_OK ? RES_OK : break_it(r, res);
}

void redis_flush(struct redis *r)
{
	if (!r->broken)
		send_some(r);
}

enum result redis_command(struct redis *r, const struct slice *argv,
	size_t argc, struct redis_reply *out)
{
	enum result res = redis_append(r, argv, argc);

	return res == RES_OK ? redis_read(r, out) : res;
}

enum result redis_poll(
	struct redis *r, bool fill, bool *found, struct redis_reply *out)
{
	enum result res;

	*found = false;
	if (r->broken)
		return RES_DOWN;
	forget_last(r);
	send_some(r);
	if (fill) {
		res = receive_some(r);
		if (res != RES_OK)
			return res;
	}
	return take(r, out, found);
}

bool redis_has_more(const struct redis *r)
{
	return r->has_more;
}

struct redis_reply redis_element(const struct redis_reply *array, size_t i)
{
	const redisReply *reply = array->opaque;

	if (array->type != REDIS_ARRAY || i >= array->count || reply == NULL)
		return (struct redis_reply){ 0 };
	return view(reply->element[i]);
}

/* ---- opening ---- */

static void say_why(struct buf *why, struct slice text)
{
	if (why != NULL)
		buf_add(why, text);
}

/*
 * One command of the login. *taken: the server did not object. RES_DENIED: it
 * wants to know who we are; RES_DOWN: it is not ready, or has no room for us.
 */
static enum result login_command(struct redis *r, const struct slice *argv,
	size_t argc, bool *taken, struct buf *why)
{
	struct redis_reply reply;
	enum result kind, res = redis_command(r, argv, argc, &reply);

	if (res != RES_OK)
		return res;
	*taken = reply.type != REDIS_ERROR;
	if (*taken)
		return RES_OK;
	kind = redis_error_kind(reply.text);
	say_why(why, reply.text);
	if (kind == RES_FULL || kind == RES_DOWN)
		return RES_DOWN;
	if (kind == RES_DENIED &&
		!slice_has_prefix(reply.text, slice_of("NOPERM")))
		return RES_DENIED;
	return RES_OK;
}

static enum result authenticate(
	struct redis *r, const struct redis_login *l, struct buf *why)
{
	struct slice argv[3] = { slice_of("AUTH") };
	size_t argc = 1;
	bool taken = false;
	enum result res;

	if (l->password == NULL || l->password[0] == '\0')
		return RES_OK;
	if (l->user != NULL && l->user[0] != '\0')
		argv[argc++] = slice_of(l->user);
	argv[argc++] = slice_of(l->password);
	res = login_command(r, argv, argc, &taken, why);
	return res == RES_OK && !taken ? RES_DENIED : res;
}

static enum result select_database(
	struct redis *r, const struct redis_login *l, struct buf *why)
{
	struct slice argv[2] = { slice_of("SELECT") };
	bool taken = false;
	enum result res;
	struct buf number;

	if (l->database == 0)
		return RES_OK;
	buf_init(&number, 16);
	buf_add_format(&number, "%u", l->database);
	argv[1] = buf_slice(&number);
	res = login_command(r, argv, 2, &taken, why);
	buf_clear(&number);
	return res == RES_OK && !taken ? RES_DENIED : res;
}

static enum result log_in(
	struct redis *r, const struct redis_login *l, struct buf *why)
{
	const struct slice name[] = { slice_of("CLIENT"), slice_of("SETNAME"),
		slice_of("reprieve") };
	bool taken = false;
	enum result res = authenticate(r, l, why);

	if (res == RES_OK)
		res = select_database(r, l, why);
	if (res == RES_OK)
		res = login_command(r, name, 3, &taken, why);
	/* A name is for CLIENT LIST only: a user who may not set one, or a
	 * server that knows no names, is fine. */
	if (res == RES_OK && !taken && why != NULL)
		buf_reset(why);
	return res;
}

enum result redis_open(struct redis **out, const struct endpoint *server,
	const struct redis_login *login, struct buf *why)
{
	struct redis *r = calloc(1, sizeof(*r));
	enum result res = RES_NOMEM;

	*out = NULL;
	if (r == NULL)
		return RES_NOMEM;
	r->fd = -1;
	r->cancel = login->cancel > 0 ? login->cancel : -1;
	r->timeout_ms = login->timeout_ms;
	r->reader = redisReaderCreate();
	if (r->reader == NULL)
		goto fail;
	errno = 0;
	res = connect_to(r, server);
	if (res != RES_OK) {
		say_why(why,
			slice_of(res == RES_TIMEOUT  ? "connect timed out"
					: errno != 0 ? strerror(errno)
						     : "cannot connect"));
		goto fail;
	}
	res = log_in(r, login, why);
	if (res != RES_OK) {
		if (why != NULL && why->len == 0)
			say_why(why,
				slice_of(res == RES_TIMEOUT
						? "no answer in time"
						: "connection lost"));
		goto fail;
	}
	*out = r;
	return RES_OK;
fail:
	redis_close(r);
	return res;
}

void redis_close(struct redis *r)
{
	if (r == NULL)
		return;
	forget_last(r);
	if (r->reader != NULL)
		redisReaderFree(r->reader);
	if (r->fd >= 0)
		close(r->fd);
	free(r->out);
	free(r);
}

bool redis_is_broken(const struct redis *r)
{
	return r->broken;
}

int redis_descriptor(const struct redis *r)
{
	return r->fd;
}

enum result redis_error_kind(struct slice text)
{
	static const struct {
		const char *word;
		enum result kind;
	} table[] = {
		{ "READONLY", RES_READONLY },
		{ "MASTERDOWN", RES_READONLY },
		{ "NOAUTH", RES_DENIED },
		{ "NOPERM", RES_DENIED },
		/* The same as Redis 7.0 says it to a script. */
		{ "ERR The user executing the script", RES_DENIED },
		{ "WRONGPASS", RES_DENIED },
		{ "WRONGTYPE", RES_TYPE },
		{ "OOM", RES_FULL },
		{ "ERR max number of clients", RES_FULL },
		{ "LOADING", RES_DOWN },
		{ "BUSY", RES_DOWN },
		{ "CLUSTERDOWN", RES_DOWN },
		{ "MISCONF", RES_DOWN },
		{ "NOREPLICAS", RES_DOWN },
		{ "UNKILLABLE", RES_DOWN },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (slice_has_prefix(text, slice_of(table[i].word)))
			return table[i].kind;
	return RES_INTERNAL;
}
