/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/server.h"

#include "base/hex.h"
#include "web/listener.h"
#include "web/multipart.h"
#include "web/reaper.h"

#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { IDLE_S = 10, STACK_SIZE = 512 * 1024, FIELD_MAX = 4096 };

struct web_server {
	struct web_options options;
	struct MHD_Daemon *daemon;
	struct reaper *reaper;
	uint16_t port;
	atomic_uint large; /* bodies with more room than others, now */
};

/* One request, from its first line to its answer. */
struct visit {
	char *uri; /* as it came; the '?' of the query is a NUL when judged */
	struct web_request rq; /* but its body, which is: */
	struct buf body;
	bool is_judged;
	bool is_toobig;
	bool is_large; /* counted in the server */
};

/* What the header fields of a request amount to. */
struct fields {
	unsigned host;
	unsigned length;
	unsigned encoding;
	bool is_bad;
	struct slice length_text;
	struct web_request *rq;
};

static const char plain[] = "text/plain; charset=utf-8";

/* What of a header is handed on. A proxy adds behind what a client sent, so
 * of its field the end is what can be trusted. */
static const struct {
	const char *name;
	size_t place;
	bool keeps_end;
} wanted[] = {
	{ MHD_HTTP_HEADER_ACCEPT_LANGUAGE,
		offsetof(struct web_request, accept_language), false },
	{ MHD_HTTP_HEADER_CONTENT_TYPE,
		offsetof(struct web_request, content_type), false },
	{ MHD_HTTP_HEADER_ORIGIN, offsetof(struct web_request, origin), false },
	{ "Sec-Fetch-Site", offsetof(struct web_request, fetch_site), false },
	{ "X-Forwarded-For", offsetof(struct web_request, forwarded_for),
		true },
};

static unsigned deadline_ms(const struct web_server *s)
{
	return s->options.deadline_ms > 0 ? s->options.deadline_ms
					  : WEB_DEADLINE_MS;
}

/* ---- reading the request ---- */

static void take_field(
	struct web_request *rq, const char *key, struct slice value)
{
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		size_t from = 0;

		if (strcasecmp(key, wanted[i].name) != 0)
			continue;
		if (wanted[i].keeps_end && value.len > FIELD_MAX)
			from = value.len - FIELD_MAX;
		*(struct slice *)(void *)((char *)rq + wanted[i].place) =
			slice_part(value, from, FIELD_MAX);
	}
}

/* RFC 9112 s5.1: "Host :" must not pass, since others may read it as Host. */
static bool is_field_name(const char *key, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)key[i] <= 0x20 ||
			(unsigned char)key[i] >= 0x7f)
			return false;
	return true;
}

static enum MHD_Result count_field(void *cls, enum MHD_ValueKind kind,
	const char *key, size_t key_len, const char *value, size_t value_len)
{
	struct fields *f = cls;

	(void)kind;
	if (!is_field_name(key, key_len))
		f->is_bad = true;
	for (size_t i = 0; i < value_len; i++)
		if ((unsigned char)value[i] < 0x20)
			f->is_bad = true;
	if (strcasecmp(key, MHD_HTTP_HEADER_HOST) == 0) {
		f->host++;
		if (value_len == 0)
			f->is_bad = true;
	} else if (strcasecmp(key, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0) {
		f->length++;
		f->length_text = slice_make(value, value_len);
	} else if (strcasecmp(key, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0) {
		f->encoding++;
	}
	take_field(f->rq, key, slice_make(value, value_len));
	return MHD_YES;
}

/* In place; *len is the new length. False: not a path we look at. */
static bool decode_path(char *text, size_t *len)
{
	size_t to = 0;

	if (*len == 0 || text[0] != '/')
		return false;
	for (size_t from = 0; from < *len; from++) {
		unsigned char octet = (unsigned char)text[from];

		if (octet == '%') {
			char decoded;

			if (!hex_read(slice_make(
					      text + from + 1, *len - from - 1),
				    &decoded))
				return false;
			octet = (unsigned char)decoded;
			from += 2;
		}
		if (octet < 0x20 || octet == 0x7f)
			return false;
		text[to++] = (char)octet;
	}
	*len = to;
	return true;
}

static bool split_uri(struct visit *v)
{
	char *mark = strchr(v->uri, '?');
	size_t len = strlen(v->uri);

	if (mark != NULL) {
		v->rq.query = slice_of(mark + 1);
		len = (size_t)(mark - v->uri);
	}
	for (size_t i = 0; i < v->rq.query.len; i++)
		if ((unsigned char)v->rq.query.at[i] < 0x20)
			return false;
	if (!decode_path(v->uri, &len))
		return false;
	v->rq.path = slice_make(v->uri, len);
	return true;
}

static bool is_method(const char *method, const char *name)
{
	return strcmp(method, name) == 0;
}

/* RFC 9110 s8.3: a form, of which no charset but UTF-8 is read. */
static bool is_form(struct slice type)
{
	struct slice rest = type;
	struct slice part = { 0 };

	(void)slice_cut(&rest, ';', &part);
	if (!slice_is_equal_nocase(slice_trim(part),
		    slice_of("application/x-www-form-urlencoded")))
		return false;
	while (slice_cut(&rest, ';', &part)) {
		part = slice_trim(part);
		if (slice_is_empty(part) ||
			slice_is_equal_nocase(
				part, slice_of("charset=utf-8")) ||
			slice_is_equal_nocase(
				part, slice_of("charset=\"utf-8\"")))
			continue;
		return false;
	}
	return true;
}

/* One more body that has more room than others. False: there are enough. */
static bool take_large(struct web_server *s, struct visit *v)
{
	if (atomic_fetch_add(&s->large, 1) < WEB_LARGE_MAX) {
		v->is_large = true;
		return true;
	}
	atomic_fetch_sub(&s->large, 1);
	return false;
}

static void give_large(struct web_server *s, struct visit *v)
{
	if (v->is_large)
		atomic_fetch_sub(&s->large, 1);
	v->is_large = false;
}

static struct web_room find_room(
	const struct web_server *s, const struct visit *v, bool is_post)
{
	struct web_room room = { .body_max = s->options.body_max };

	if (!is_post)
		room.body_max = 0;
	else if (s->options.room != NULL)
		s->options.room(s->options.ctx, v->rq.path, &room);
	return room;
}

/* What the header says of the body; 0 or the status to refuse it with. More
 * room than it says is not needed. */
static unsigned judge_body(struct visit *v, const struct fields *f,
	bool is_post, struct web_room *room)
{
	uint64_t length = room->body_max;
	enum result res = RES_OK;

	if (f->length == 1)
		res = slice_parse_u64(
			f->length_text, 0, room->body_max, &length);
	if (res != RES_OK)
		return res == RES_RANGE ? MHD_HTTP_CONTENT_TOO_LARGE
					: MHD_HTTP_BAD_REQUEST;
	if (is_post && !is_form(v->rq.content_type) &&
		(!room->has_files || !multipart_is_type(v->rq.content_type)))
		return MHD_HTTP_UNSUPPORTED_MEDIA_TYPE;
	room->body_max = (size_t)length;
	buf_init(&v->body, room->body_max);
	return 0;
}

/* A large body gets its place, and the time that a slow line needs. */
static unsigned make_room(struct web_server *s, struct visit *v,
	struct MHD_Connection *connection, const struct web_room *room)
{
	const union MHD_ConnectionInfo *info;

	if (room->body_max <= s->options.body_max)
		return 0;
	if (!take_large(s, v))
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	info = MHD_get_connection_info(
		connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	if (info != NULL)
		reaper_extend(s->reaper, info->socket_context,
			deadline_ms(s) +
				(unsigned)(room->body_max * 1000 /
					WEB_SLOW_OCTETS));
	return 0;
}

/* The status to refuse the request with, or 0. */
static unsigned judge(struct web_server *s, struct visit *v,
	struct MHD_Connection *connection, const char *method)
{
	struct fields f = { .rq = &v->rq };
	struct web_room room;
	unsigned status;
	const bool is_post = is_method(method, MHD_HTTP_METHOD_POST);

	MHD_get_connection_values_n(
		connection, MHD_HEADER_KIND, count_field, &f);
	/* RFC 9112 s6.1: both at once is how requests are smuggled. */
	if (f.is_bad || f.host != 1 || f.length + f.encoding > 1)
		return MHD_HTTP_BAD_REQUEST;
	v->rq.is_head = is_method(method, MHD_HTTP_METHOD_HEAD);
	if (!is_post && !v->rq.is_head &&
		!is_method(method, MHD_HTTP_METHOD_GET))
		return MHD_HTTP_BAD_REQUEST;
	v->rq.method = slice_of(is_post ? "POST" : "GET");
	if (!split_uri(v))
		return MHD_HTTP_BAD_REQUEST;
	room = find_room(s, v, is_post);
	status = judge_body(v, &f, is_post, &room);
	return status != 0 ? status : make_room(s, v, connection, &room);
}

static void find_peer(struct web_request *rq, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	uint16_t port = 0;

	rq->has_peer = info != NULL &&
		ipaddr_from_sockaddr(&rq->peer, &port, info->client_addr) ==
			RES_OK;
}

/* ---- answering ---- */

static void add_fields(struct MHD_Response *response, const struct web_field *f)
{
	for (; f != NULL && f->name != NULL; f++)
		MHD_add_response_header(response, f->name, f->value);
}

/* False: it is not one that can be sent in a header. */
static bool add_location(
	struct MHD_Response *response, const struct buf *location)
{
	for (size_t i = 0; i < location->len; i++)
		if (location->at[i] <= 0x20 || location->at[i] >= 0x7f)
			return false;
	return location->len == 0 ||
		MHD_add_response_header(response, MHD_HTTP_HEADER_LOCATION,
			buf_text(location)) == MHD_YES;
}

static bool add_header(const struct web_server *s,
	struct MHD_Response *response, const struct web_answer *a)
{
	char seconds[24];

	MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	MHD_add_response_header(
		response, MHD_HTTP_HEADER_CONTENT_TYPE, a->type);
	add_fields(response, s->options.fields);
	add_fields(response, a->fields);
	if (a->language != NULL)
		MHD_add_response_header(response,
			MHD_HTTP_HEADER_CONTENT_LANGUAGE, a->language);
	if (a->refresh_s > 0) {
		(void)snprintf(seconds, sizeof(seconds), "%u", a->refresh_s);
		MHD_add_response_header(response, "Refresh", seconds);
	}
	return add_location(response, &a->location);
}

/* *sent is false when the answer is none that can be sent. */
static enum MHD_Result send_answer(const struct web_server *s,
	struct MHD_Connection *connection, const struct web_answer *a,
	bool *sent)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(a->body.len,
			(void *)(uintptr_t)a->body.at, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result rc = MHD_NO;

	*sent = true;
	if (response == NULL)
		return MHD_NO;
	if (add_header(s, response, a))
		rc = MHD_queue_response(connection, a->status, response);
	else
		*sent = false;
	MHD_destroy_response(response);
	return rc;
}

static const char *words_of(unsigned status)
{
	switch (status) {
	case MHD_HTTP_BAD_REQUEST:
		return "This request is not one that we can read.\n";
	case MHD_HTTP_UNSUPPORTED_MEDIA_TYPE:
		return "Only forms are read here.\n";
	case MHD_HTTP_SERVICE_UNAVAILABLE:
		return "Too many files are being sent at the moment; please "
		       "try again in a minute.\n";
	case MHD_HTTP_CONTENT_TOO_LARGE:
		return "This request is too long.\n";
	default:
		return "Something failed here; please try again later.\n";
	}
}

static enum MHD_Result refuse(const struct web_server *s,
	struct MHD_Connection *connection, unsigned status)
{
	struct web_answer a = { .status = status, .type = plain };
	enum MHD_Result rc;
	bool sent;

	buf_init(&a.body, WEB_ANSWER_MAX);
	buf_add_text(&a.body, words_of(status));
	rc = send_answer(s, connection, &a, &sent);
	buf_clear(&a.body);
	return rc;
}

static enum MHD_Result answer(const struct web_server *s, struct visit *v,
	struct MHD_Connection *connection)
{
	struct web_answer out = {
		.status = MHD_HTTP_OK,
		.type = plain,
	};
	enum MHD_Result rc = MHD_NO;
	bool sent = false;

	v->rq.body = buf_slice(&v->body);
	find_peer(&v->rq, connection);
	buf_init(&out.body, WEB_ANSWER_MAX);
	buf_init(&out.location, WEB_LOCATION_MAX);
	s->options.handle(s->options.ctx, &v->rq, &out);
	if (buf_result(&out.body) == RES_OK &&
		buf_result(&out.location) == RES_OK)
		rc = send_answer(s, connection, &out, &sent);
	if (!sent)
		rc = refuse(s, connection, MHD_HTTP_INTERNAL_SERVER_ERROR);
	buf_clear(&out.body);
	buf_clear(&out.location);
	return rc;
}

/* ---- what the library calls ---- */

/* The only place that shows the URI before it is decoded and cut at a NUL. */
static void *on_uri(
	void *cls, const char *uri, struct MHD_Connection *connection)
{
	struct visit *v = calloc(1, sizeof(*v));

	(void)cls;
	(void)connection;
	if (v != NULL)
		v->uri = strdup(uri);
	if (v == NULL || v->uri == NULL) {
		free(v);
		return NULL;
	}
	return v;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection,
	const char *url, const char *method, const char *version,
	const char *upload, size_t *upload_len, void **con_cls)
{
	struct web_server *s = cls;
	struct visit *v = *con_cls;
	unsigned status;

	(void)url;
	(void)version;
	if (v == NULL)
		return MHD_NO;
	if (!v->is_judged) {
		v->is_judged = true;
		status = judge(s, v, connection, method);
		return status == 0 ? MHD_YES : refuse(s, connection, status);
	}
	if (*upload_len > 0) {
		/* No answer can be given before the end of a chunked body:
		 * the rest is read and dropped, until the reaper comes. */
		if (!v->is_toobig)
			buf_add(&v->body, slice_make(upload, *upload_len));
		v->is_toobig = buf_result(&v->body) != RES_OK;
		*upload_len = 0;
		return MHD_YES;
	}
	if (v->is_toobig)
		return refuse(s, connection, MHD_HTTP_CONTENT_TOO_LARGE);
	return answer(s, v, connection);
}

static void on_completed(void *cls, struct MHD_Connection *connection,
	void **con_cls, enum MHD_RequestTerminationCode code)
{
	struct visit *v = *con_cls;

	(void)connection;
	(void)code;
	if (v == NULL)
		return;
	give_large(cls, v);
	buf_clear(&v->body);
	free(v->uri);
	free(v);
	*con_cls = NULL;
}

static void on_connection(void *cls, struct MHD_Connection *connection,
	void **socket_context, enum MHD_ConnectionNotificationCode code)
{
	struct web_server *s = cls;
	const union MHD_ConnectionInfo *info;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		reaper_leave(s->reaper, *socket_context);
		*socket_context = NULL;
		return;
	}
	info = MHD_get_connection_info(
		connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	if (info != NULL)
		*socket_context = reaper_enter(s->reaper, info->connect_fd);
}

/* ---- the server ---- */

static struct MHD_Daemon *start(struct web_server *s, int fd)
{
	const struct web_options *o = &s->options;
	const unsigned connections = o->connections_max > 0
		? o->connections_max
		: WEB_CONNECTIONS_MAX;

	/* A handler waits for Redis: each connection has its own thread. The
	 * inner pipe wakes the one that listens when a full house has room. */
	return MHD_start_daemon(MHD_USE_AUTO_INTERNAL_THREAD |
			MHD_USE_THREAD_PER_CONNECTION | MHD_USE_ITC,
		0, NULL, NULL, on_request, s, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK_SIZE,
		MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_CONNECTION_LIMIT,
		connections, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
		o->per_address_max, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)WEB_HEADER_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)IDLE_S, MHD_OPTION_URI_LOG_CALLBACK, on_uri, s,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_END);
}

static enum result open_inside(struct web_server *s, struct buf *why)
{
	int fd = -1;
	enum result res;

	res = reaper_open(&s->reaper, deadline_ms(s));
	if (res != RES_OK)
		return res;
	res = listener_open(&s->options.listen, &fd, &s->port, why);
	if (res != RES_OK)
		return res;
	s->daemon = start(s, fd);
	if (s->daemon != NULL)
		return RES_OK;
	close(fd);
	if (s->options.listen.kind == ENDPOINT_UNIX)
		unlink(s->options.listen.path);
	if (why != NULL)
		buf_add_text(why, "the HTTP server does not start");
	return RES_DOWN;
}

enum result web_server_open(struct web_server **out,
	const struct web_options *options, struct buf *why)
{
	struct web_server *s = calloc(1, sizeof(*s));
	enum result res;
	sigset_t all;
	sigset_t old;

	*out = NULL;
	if (s == NULL)
		return RES_NOMEM;
	s->options = *options;
	/* Threads inherit the mask; signals are for the program's own. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	res = open_inside(s, why);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (res != RES_OK) {
		reaper_close(s->reaper);
		free(s);
		return res;
	}
	*out = s;
	return RES_OK;
}

void web_server_close(struct web_server *s)
{
	if (s == NULL)
		return;
	MHD_stop_daemon(s->daemon);
	reaper_close(s->reaper);
	if (s->options.listen.kind == ENDPOINT_UNIX)
		unlink(s->options.listen.path);
	free(s);
}

uint16_t web_server_port(const struct web_server *s)
{
	return s->port;
}
