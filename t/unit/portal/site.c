/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/portal/site.h"

#include "conf/conf.h"
#include "portal/routes.h"
#include "support/case.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* cmocka 1.1 holds 1024 octets of a message, and reads on past them. */
enum { MESSAGE_MAX = 300 };

static int64_t read_now(void *ctx)
{
	return *(const _Atomic int64_t *)ctx;
}

struct conf *site_conf(const struct site *s, const char *more)
{
	struct conf *conf = NULL;
	struct buf text;
	struct buf errors;

	buf_init(&text, 16384);
	buf_init(&errors, 16384);
	buf_add_format(&text,
		"host = \"mx.example.net\"\n"
		"portal_url = \"https://postmaster.example.net\"\n"
		"milter { socket = \"unix:/nowhere\" secret_file = \"%s\"\n"
		"trusted = {\"" SITE_TRUSTED "\"} }\n"
		"lists { snapshot = \"\" }\n"
		"redis { servers = {\"unix:%s\"} timeout_ms = 500\n"
		"breaker_probe_ms = 1000 sync_timeout_ms = 500 }\n%s",
		s->secret,
		s->redis == NULL ? "/nonexistent/redis.sock"
				 : redis_server_socket(s->redis),
		more);
	if (conf_load_text("test", buf_slice(&text), &conf, &errors) != RES_OK)
		fail_msg("conf: %.*s", MESSAGE_MAX, buf_text(&errors));
	buf_clear(&text);
	buf_clear(&errors);
	return conf;
}

static void open_context(struct site *s, const char *more)
{
	struct buf why;

	s->now_ms = 1795717200000; /* 26 November 2026, 17:00 UTC */
	s->clock = (struct clock){ read_now, read_now, &s->now_ms };
	s->visitor = (struct site_visitor){
		.peer = "192.0.2.1",
		.content_type = "application/x-www-form-urlencoded",
	};
	buf_init(&s->answer.body, WEB_ANSWER_MAX);
	buf_init(&s->answer.location, WEB_LOCATION_MAX);
	s->conf = site_conf(s, more);
	buf_init(&why, 4096);
	if (context_open(&s->context, s->conf, &s->clock, &why) != RES_OK)
		fail_msg("context: %.*s", MESSAGE_MAX, buf_text(&why));
	buf_clear(&why);
}

void site_open(struct site *s, const char *more)
{
	*s = (struct site){ .redis = redis_server_start() };
	assert_non_null(s->redis);
	snprintf(s->secret, sizeof(s->secret), "%s/secret",
		redis_server_folder(s->redis));
	open_context(s, more);
}

void site_open_alone(struct site *s, const char *more)
{
	*s = (struct site){ .redis = NULL };
	snprintf(s->secret, sizeof(s->secret), "/nonexistent/secret");
	open_context(s, more);
}

void site_close(struct site *s)
{
	context_close(s->context);
	conf_release(s->conf);
	buf_clear(&s->answer.body);
	buf_clear(&s->answer.location);
	redis_server_stop(s->redis);
}

struct web_request site_request(
	const struct site *s, const char *method, const char *target)
{
	const struct slice all = slice_of(target);
	const size_t mark = slice_find(all, '?');
	const struct site_visitor *w = &s->visitor;
	struct web_request rq = {
		.method = slice_of(method),
		.path = slice_part(all, 0, mark),
		.query = slice_part(all, mark + 1, all.len),
		.has_peer = w->peer != NULL,
		.forwarded_for = slice_of(w->forwarded_for),
		.accept_language = slice_of(w->accept_language),
		.origin = slice_of(w->origin),
		.fetch_site = slice_of(w->fetch_site),
	};

	if (w->peer != NULL)
		assert_int_equal(
			ipaddr_parse(&rq.peer, slice_of(w->peer)), RES_OK);
	return rq;
}

static const char *ask(struct site *s, const struct web_request *rq)
{
	struct web_answer *a = &s->answer;

	buf_reset(&a->body);
	buf_reset(&a->location);
	a->status = 200;
	a->type = "text/plain; charset=utf-8";
	a->fields = NULL;
	a->language = NULL;
	a->refresh_s = 0;
	routes_handle(s->context, rq, a);
	assert_int_equal(buf_result(&a->body), RES_OK);
	return buf_text(&a->body);
}

const char *site_get(struct site *s, const char *target)
{
	const struct web_request rq = site_request(s, "GET", target);

	return ask(s, &rq);
}

const char *site_post(struct site *s, const char *target, const char *body)
{
	struct web_request rq = site_request(s, "POST", target);

	rq.body = slice_of(body);
	rq.content_type = slice_of(s->visitor.content_type);
	return ask(s, &rq);
}

/* The page goes to the log by itself: it is too long for a message. */
static void show_body(const struct site *s)
{
	fprintf(stderr, "%s\n", buf_text(&s->answer.body));
}

const char *site_hidden(
	const struct site *s, const char *name, char *out, size_t size)
{
	char want[128];
	const char *at;
	size_t len;

	snprintf(want, sizeof(want),
		"<input type=\"hidden\" name=\"%s\" value=\"", name);
	at = strstr(buf_text(&s->answer.body), want);
	if (at == NULL) {
		show_body(s);
		fail_msg("no hidden field %.*s", MESSAGE_MAX, name);
	}
	at += strlen(want);
	len = strcspn(at, "\"");
	assert_true(len < size);
	memcpy(out, at, len);
	out[len] = '\0';
	return out;
}

void site_expect(const struct site *s, unsigned status)
{
	if (s->answer.status == status)
		return;
	show_body(s);
	fail_msg("status %u, not %u", s->answer.status, status);
}

void site_expect_text(const struct site *s, const char *part)
{
	if (strstr(buf_text(&s->answer.body), part) != NULL)
		return;
	show_body(s);
	fail_msg("no \"%.*s\"", MESSAGE_MAX, part);
}

void site_expect_no_text(const struct site *s, const char *part)
{
	if (strstr(buf_text(&s->answer.body), part) == NULL)
		return;
	show_body(s);
	fail_msg("\"%.*s\" is there", MESSAGE_MAX, part);
}
