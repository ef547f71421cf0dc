/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/server.h"

#include "web/listener.h"
#include "web/reaper.h"

#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { IDLE_S = 10 };

struct web_server {
	struct web_options options;
	struct MHD_Daemon *daemon;
	struct reaper *reaper;
	uint16_t port;
};

/* One request, from its first line to its answer. */
struct visit {
	char *uri; /* as it came; the '?' of the query is a NUL when judged */
	struct slice path;
	struct slice query;
	struct buf body;
	bool is_judged;
	bool is_toobig;
};

/* What the header fields of a request amount to. */
struct fields {
	unsigned host;
	unsigned length;
	unsigned encoding;
	bool is_bad;
	struct slice length_text;
};

static const char plain[] = "text/plain; charset=utf-8";

/* ---- reading the request ---- */

static enum MHD_Result count_field(void *cls, enum MHD_ValueKind kind,
	const char *key, size_t key_len, const char *value, size_t value_len)
{
	struct fields *f = cls;

	(void)kind;
	(void)key_len;
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
	return MHD_YES;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
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
			int high = -1;
			int low = -1;

			if (*len - from > 2) {
				high = hex_value(text[from + 1]);
				low = hex_value(text[from + 2]);
			}
			if (high < 0 || low < 0)
				return false;
			octet = (unsigned char)(high * 16 + low);
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
		v->query = slice_of(mark + 1);
		len = (size_t)(mark - v->uri);
	}
	for (size_t i = 0; i < v->query.len; i++)
		if ((unsigned char)v->query.at[i] < 0x20)
			return false;
	if (!decode_path(v->uri, &len))
		return false;
	v->path = slice_make(v->uri, len);
	return true;
}

static bool is_method(const char *method, const char *name)
{
	return strcmp(method, name) == 0;
}

/* The status to refuse the request with, or 0. */
static unsigned judge(const struct web_server *s, struct visit *v,
	struct MHD_Connection *connection, const char *method)
{
	struct fields f = { 0 };
	uint64_t length = 0;
	size_t most = 0;
	enum result res = RES_OK;

	MHD_get_connection_values_n(
		connection, MHD_HEADER_KIND, count_field, &f);
	/* RFC 9112 s6.1: both at once is how requests are smuggled. */
	if (f.is_bad || f.host != 1 || f.length + f.encoding > 1)
		return MHD_HTTP_BAD_REQUEST;
	if (is_method(method, MHD_HTTP_METHOD_POST))
		most = s->options.body_max;
	else if (!is_method(method, MHD_HTTP_METHOD_GET) &&
		!is_method(method, MHD_HTTP_METHOD_HEAD))
		return MHD_HTTP_BAD_REQUEST;
	if (!split_uri(v))
		return MHD_HTTP_BAD_REQUEST;
	if (f.length == 1)
		res = slice_parse_u64(f.length_text, 0, most, &length);
	if (res != RES_OK)
		return res == RES_RANGE ? MHD_HTTP_CONTENT_TOO_LARGE
					: MHD_HTTP_BAD_REQUEST;
	buf_init(&v->body, most);
	return 0;
}

/* ---- answering ---- */

static void add_fields(struct MHD_Response *response, const struct web_field *f)
{
	for (; f != NULL && f->name != NULL; f++)
		MHD_add_response_header(response, f->name, f->value);
}

static enum MHD_Result send_answer(const struct web_server *s,
	struct MHD_Connection *connection, const struct web_answer *a)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(a->body.len,
			(void *)(uintptr_t)a->body.at, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result rc;

	if (response == NULL)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	MHD_add_response_header(
		response, MHD_HTTP_HEADER_CONTENT_TYPE, a->type);
	add_fields(response, s->options.fields);
	add_fields(response, a->fields);
	rc = MHD_queue_response(connection, a->status, response);
	MHD_destroy_response(response);
	return rc;
}

static const char *words_of(unsigned status)
{
	switch (status) {
	case MHD_HTTP_BAD_REQUEST:
		return "This request is not one that we can read.\n";
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

	buf_init(&a.body, WEB_ANSWER_MAX);
	buf_add_text(&a.body, words_of(status));
	rc = send_answer(s, connection, &a);
	buf_clear(&a.body);
	return rc;
}

static enum MHD_Result answer(const struct web_server *s, const struct visit *v,
	struct MHD_Connection *connection, const char *method)
{
	const bool is_post = is_method(method, MHD_HTTP_METHOD_POST);
	const struct web_request rq = {
		.method = slice_of(is_post ? "POST" : "GET"),
		.path = v->path,
		.query = v->query,
		.body = buf_slice(&v->body),
	};
	struct web_answer out = {
		.status = MHD_HTTP_OK,
		.type = plain,
	};
	enum MHD_Result rc;

	buf_init(&out.body, WEB_ANSWER_MAX);
	s->options.handle(s->options.ctx, &rq, &out);
	if (buf_result(&out.body) == RES_OK)
		rc = send_answer(s, connection, &out);
	else
		rc = refuse(s, connection, MHD_HTTP_INTERNAL_SERVER_ERROR);
	buf_clear(&out.body);
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
	const struct web_server *s = cls;
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
	return answer(s, v, connection, method);
}

static void on_completed(void *cls, struct MHD_Connection *connection,
	void **con_cls, enum MHD_RequestTerminationCode code)
{
	struct visit *v = *con_cls;

	(void)cls;
	(void)connection;
	(void)code;
	if (v == NULL)
		return;
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

	return MHD_start_daemon(MHD_USE_AUTO_INTERNAL_THREAD, 0, NULL, NULL,
		on_request, s, MHD_OPTION_LISTEN_SOCKET, fd,
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
	const unsigned deadline_ms = s->options.deadline_ms > 0
		? s->options.deadline_ms
		: WEB_DEADLINE_MS;
	int fd = -1;
	enum result res;

	res = reaper_open(&s->reaper, deadline_ms);
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
