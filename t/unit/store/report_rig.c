/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/store/report_rig.h"

#include "support/case.h"

#include <stdio.h>
#include <string.h>

enum { ARENA_MAX = 8 * 1024 * 1024, CONF_MAX = 2048 };

void report_rig_make(struct rig_report *r, const char *conf)
{
	char text[CONF_MAX];

	memset(r, 0, sizeof(*r));
	snprintf(text, sizeof(text), "} %s geo {", conf);
	desk_make(&r->desk, text);
	memcpy(r->secret.octet, "0123456789abcdef", 16);
	r->secret.len = 16;
	r->arena = arena_new(ARENA_MAX);
	assert_non_null(r->arena);
	report_rig_in(r, REPORT_JUNK);
}

void report_rig_remove(struct rig_report *r)
{
	arena_free(r->arena);
	desk_remove(&r->desk);
}

static void renew(struct rig_report *r, enum report_kind kind)
{
	struct report_original *o = &r->original[0];

	*o = (struct report_original){ .form = REPORT_FORM_ATTACHED,
		.kind = kind,
		.trace_word = TRACEKEYS_VALID,
		.message = slice_of("Subject: Win\n\nWin money\n"),
		.from = slice_of("Win <win@example.org>"),
		.subject = slice_of("Win") };
	o->trace.recipients = 1;
	o->trace.at_s = r->desk.now_ms / 1000;
	snprintf(o->trace.id, sizeof(o->trace.id), "%016u", ++r->next);
	snprintf(o->trace.by, sizeof(o->trace.by), "mx.example.net");
	snprintf(o->trace.key, sizeof(o->trace.key), "3");
	r->filing = (struct report_filing){ .proof = REPORT_AUTHENTICATED,
		.text = slice_of("please look"),
		.may_ack = true,
		.original = r->original,
		.count = 1 };
	report_rig_by(r, "joe@example.com");
}

void report_rig_in(struct rig_report *r, enum report_kind kind)
{
	struct trace *t = &r->original[0].trace;

	renew(r, kind);
	t->direction = TRACE_IN;
	t->has_ip = ipaddr_parse(&t->ip, slice_of(RIG_IP)) == RES_OK;
	snprintf(t->domain, sizeof(t->domain), "example.org");
}

void report_rig_out(struct rig_report *r, enum report_kind kind)
{
	struct trace *t = &r->original[0].trace;

	renew(r, kind);
	t->direction = TRACE_OUT;
	snprintf(t->account, sizeof(t->account), "%s", RIG_ACCOUNT);
}

void report_rig_by(struct rig_report *r, const char *mail)
{
	snprintf(r->message_id, sizeof(r->message_id), "<%u@example.com>",
		++r->next);
	r->filing.message_id = slice_of(r->message_id);
	r->filing.reporter = slice_of(mail);
}

void report_rig_user(struct rig_report *r, unsigned n)
{
	snprintf(r->mail, sizeof(r->mail), "user%u@example.net", n);
	snprintf(r->account, sizeof(r->account), "%016u", n);
	report_rig_by(r, r->mail);
	r->filing.proof = REPORT_LOCAL;
	r->filing.account = slice_of(r->account);
}

void report_rig_file(struct rig_report *r)
{
	desk_result(report_file(r->desk.redis, r->desk.conf, &r->secret,
			    r->desk.now_ms, &r->filing, &r->filed),
		RES_OK);
}

void report_rig_wants(struct rig_report *r, const char *effect)
{
	report_rig_file(r);
	assert_string_equal(report_effect_name(r->filed.effect), effect);
}

const struct report *report_rig_read(struct rig_report *r)
{
	arena_reset(r->arena);
	desk_result(report_read(r->desk.redis, r->desk.conf,
			    slice_of(r->filed.id), true, r->arena, &r->report),
		RES_OK);
	return &r->report;
}

size_t report_rig_keys(struct rig_report *r, const char *pattern)
{
	const struct slice argv[] = { slice_of("KEYS"), slice_of(pattern) };
	struct redis_reply reply;

	desk_result(redis_command(r->desk.redis, argv, 2, &reply), RES_OK);
	return reply.count;
}

void report_rig_wants_keys(
	struct rig_report *r, const char *pattern, size_t want)
{
	size_t got = report_rig_keys(r, pattern);

	if (got != want)
		print_message("# %s: %zu\n", pattern, got);
	assert_int_equal(got, want);
}

size_t report_rig_jobs(struct rig_report *r, const char *kind)
{
	const struct slice argv[] = { slice_of("XRANGE"), slice_of("rp:mailq"),
		slice_of("-"), slice_of("+") };
	struct redis_reply reply;
	size_t count = 0;

	desk_result(redis_command(r->desk.redis, argv, 4, &reply), RES_OK);
	for (size_t i = 0; i < reply.count; i++) {
		struct redis_reply job = redis_element(&reply, i);
		struct redis_reply fields = redis_element(&job, 1);

		if (slice_is_equal(
			    redis_element(&fields, 1).text, slice_of(kind)))
			count++;
	}
	return count;
}
