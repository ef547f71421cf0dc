/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/portal/desk.h"

#include "base/arena.h"
#include "conf/conf.h"
#include "portal/jobs.h"
#include "store/redis.h"
#include "support/case.h"
#include "web/mailer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void desk_open(struct desk *d, const char *more)
{
	char conf[2048];

	memset(d, 0, sizeof(*d));
	d->mta = smtp_server_start();
	snprintf(conf, sizeof(conf),
		"portal { smtp = \"127.0.0.1:%u\" name = \"Example\"\n"
		"mail_host = \"mail.example.net\" posts_max = 1000 }\n%s",
		smtp_server_port(d->mta), more);
	site_open(&d->site, conf);
	assert_int_equal(mailer_open(), RES_OK);
}

void desk_close(struct desk *d)
{
	mailer_close();
	site_close(&d->site);
	smtp_server_stop(d->mta);
}

void desk_send(struct desk *d, const char *form, const char *action,
	const char *fields)
{
	char stamp[256];
	char body[2048];

	site_get(&d->site, form);
	site_expect(&d->site, 200);
	site_hidden(&d->site, "stamp", stamp, sizeof(stamp));
	d->site.now_ms += 10000;
	snprintf(body, sizeof(body), "stamp=%s&website=&%s", stamp, fields);
	site_post(&d->site, action, body);
}

void desk_ask(struct desk *d, const char *mail, const char *ip)
{
	char fields[512];

	snprintf(fields, sizeof(fields), "mail=%s&ip=%s&attest=yes", mail, ip);
	desk_send(d, "/delist", "/delist", fields);
	desk_follow(d);
}

void desk_follow(struct desk *d)
{
	char where[256];

	site_expect(&d->site, 303);
	snprintf(
		where, sizeof(where), "%s", buf_text(&d->site.answer.location));
	if (strncmp(where, "/status/", 8) == 0)
		assert_int_equal(
			case_ref_parse(
				slice_part(slice_of(where), 8, 17), d->rid),
			RES_OK);
	site_get(&d->site, where);
	site_expect(&d->site, 200);
}

const char *desk_work(struct desk *d)
{
	const struct mailq_taking how = {
		.worker = slice_of("test"),
		.now_ms = d->site.now_ms,
		.slow_ms = 1000,
	};
	const struct slice prefix = slice_of("rp:");
	struct context_view view;
	struct context_loan *loan = NULL;
	struct mailq_job job;
	struct job j = { .site = &view, .job = &job };
	job_function *run;
	enum result res;
	const char *out = "none";

	context_enter(d->site.context, &view);
	assert_int_equal(context_take(d->site.context, &loan), RES_OK);
	j.redis = context_redis(loan);
	j.arena = arena_new(1024 * 1024);
	j.now_ms = d->site.now_ms;
	res = mailq_take(j.redis, prefix, &how, j.arena, &job);
	if (res == RES_OK) {
		run = job_find(job.kind);
		out = result_name(run == NULL ? RES_TYPE : run(&j));
		assert_int_equal(mailq_done(j.redis, prefix, &job), RES_OK);
	} else {
		assert_string_equal(result_name(res), "missing");
	}
	arena_free(j.arena);
	context_give(d->site.context, loan);
	context_leave(&view);
	return out;
}

void desk_letter(struct desk *d)
{
	const size_t before = smtp_server_count(d->mta);

	assert_string_equal(desk_work(d), "ok");
	assert_int_equal(smtp_server_count(d->mta), before + 1);
	smtp_server_last(d->mta, &d->letter);
}

static int value_of(const char *hex)
{
	const char two[3] = { hex[0], hex[1], '\0' };

	return (int)strtol(two, NULL, 16);
}

const char *desk_letter_text(const struct desk *d, char *out, size_t size)
{
	size_t len = 0;

	for (const char *at = d->letter.text; *at != '\0' && len + 1 < size;) {
		if (strncmp(at, "=\r\n", 3) == 0) {
			at += 3;
		} else if (*at == '=' &&
			strspn(at + 1, "0123456789ABCDEF") > 1) {
			out[len++] = (char)value_of(at + 1);
			at += 3;
		} else {
			if (*at != '\r')
				out[len++] = *at;
			at++;
		}
	}
	out[len] = '\0';
	return out;
}

const char *desk_link(
	const struct desk *d, enum token_purpose purpose, char out[64])
{
	struct context_view view;
	char token[TOKEN_TEXT_MAX];

	context_enter(d->site.context, &view);
	assert_int_equal(
		token_make(view.secret, purpose, slice_of(d->rid), token),
		RES_OK);
	context_leave(&view);
	snprintf(out, 64, "/c/%s", token);
	return out;
}

const char *desk_field(const struct desk *d, const char *field, char out[256])
{
	char key[64];
	const char *const argv[] = { "HGET", key, field, NULL };

	snprintf(key, sizeof(key), "rp:delist:%s", d->rid);
	assert_true(redis_server_do(d->site.redis, argv, out, 256));
	return out;
}
