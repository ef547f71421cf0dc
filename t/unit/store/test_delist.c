/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/delist.h"

#include "base/arena.h"
#include "base/clock.h"
#include "store/mailq.h"
#include "store/secret.h"
#include "support/case.h"
#include "unit/store/desk.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	ARENA_MAX = 1 << 20,
	CROWD = 200,
	TOKEN_MS = 86400 * 1000, /* delist.token_s of the default */
	PATIENCE_MS = 200
};

static const struct secret secret = { .octet = "0123456789abcdef", .len = 16 };
static const char case_ref[] = "7K3M9QXB2HTD4FZ6T";

struct office {
	struct desk desk;
	struct arena *arena;
	struct delist_filed filed;
	struct delist_request now; /* as last read */
};

static int set_up_with(void **state, const char *delist)
{
	struct office *o = calloc(1, sizeof(*o));

	assert_non_null(o);
	desk_make(&o->desk, delist);
	o->arena = arena_new(ARENA_MAX);
	assert_non_null(o->arena);
	*state = o;
	return 0;
}

static int set_up(void **state)
{
	return set_up_with(state, NULL);
}

static int set_up_busy(void **state)
{
	return set_up_with(state, "busy_at = 2\nqueue_at = 4\n");
}

static int tear_down(void **state)
{
	struct office *o = *state;

	arena_free(o->arena);
	desk_remove(&o->desk);
	free(o);
	return 0;
}

/* ---- forms ---- */

static struct delist_form form_of(const char *ip, const char *mail)
{
	struct delist_form form = { .mail = slice_of(mail),
		.language = slice_of("pt-BR") };

	assert_int_equal(ipaddr_parse(&form.ip, slice_of(ip)), RES_OK);
	return form;
}

static enum result file(struct office *o, const struct delist_form *form)
{
	return delist_file(o->desk.redis, o->desk.conf, &secret, o->desk.now_ms,
		form, &o->filed);
}

static void files(struct office *o, const char *ip, const char *mail,
	enum delist_filing want)
{
	const struct delist_form form = form_of(ip, mail);

	desk_result(file(o, &form), RES_OK);
	assert_int_equal(o->filed.filing, want);
}

static void files_with_ref(struct office *o, const char *ip, const char *mail,
	enum delist_filing want)
{
	struct delist_form form = form_of(ip, mail);

	form.ref = slice_of(case_ref);
	desk_result(file(o, &form), RES_OK);
	assert_int_equal(o->filed.filing, want);
}

static const char *token_of(
	const struct office *o, enum token_purpose p, char out[TOKEN_TEXT_MAX])
{
	desk_result(
		token_make(&secret, p, slice_of(o->filed.rid), out), RES_OK);
	return out;
}

static struct delist_request *look(struct office *o)
{
	arena_reset(o->arena);
	desk_result(
		delist_read(o->desk.redis, o->desk.conf, slice_of(o->filed.rid),
			o->desk.now_ms, o->arena, &o->now),
		RES_OK);
	return &o->now;
}

static void wants_state(struct office *o, enum delist_state want)
{
	assert_string_equal(
		delist_state_name(look(o)->state), delist_state_name(want));
}

static void wants_text(struct slice got, const char *want)
{
	char text[256];

	assert_true(got.len < sizeof(text));
	(void)snprintf(text, sizeof(text), "%.*s", SLICE_ARG(got));
	assert_string_equal(text, want);
}

/* ---- settling ---- */

static struct delist_settlement settlement(
	const struct office *o, enum delist_state to, const char *token)
{
	return (struct delist_settlement){ .rid = slice_of(o->filed.rid),
		.token = slice_of(token),
		.to = to,
		.reason = "none",
		.proof = token[0] != '\0' ? "mail" : "admin",
		.needed = "",
		.who = slice_of("portal"),
		.why = slice_of("asked for it") };
}

static enum result settle(struct office *o, const struct delist_settlement *s)
{
	return delist_settle(o->desk.redis, o->desk.conf, s, o->desk.now_ms);
}

static enum result settle_to(
	struct office *o, enum delist_state to, enum token_purpose purpose)
{
	char token[TOKEN_TEXT_MAX] = "";
	struct delist_settlement s;

	if (purpose != TOKEN_NONE)
		(void)token_of(o, purpose, token);
	s = settlement(o, to, token);
	if (to == DELIST_WAIT)
		s.until_ms = o->desk.now_ms + 3600000;
	return settle(o, &s);
}

static enum result cancel(struct office *o)
{
	char token[TOKEN_TEXT_MAX];

	return delist_cancel(o->desk.redis, o->desk.conf,
		slice_of(token_of(o, TOKEN_CANCEL, token)), o->desk.now_ms);
}

static enum result sent(struct office *o)
{
	return delist_sent(o->desk.redis, o->desk.conf, slice_of(o->filed.rid),
		o->desk.now_ms);
}

static enum result bounced(struct office *o)
{
	return delist_bounced(o->desk.redis, o->desk.conf,
		slice_of(o->filed.rid), o->desk.now_ms);
}

/* ---- filing ---- */

static void a_request_is_kept_as_it_was_filed(void **state)
{
	struct office *o = *state;
	struct delist_form form = form_of("192.0.2.7", "Joe@Example.org");
	struct delist_request *q;

	form.ref = slice_of(case_ref);
	desk_result(file(o, &form), RES_OK);
	assert_int_equal(o->filed.filing, DELIST_FILED);
	q = look(o);
	assert_string_equal(q->rid, o->filed.rid);
	assert_int_equal(q->state, DELIST_QUEUED);
	assert_true(ipaddr_is_equal(&q->ip, &form.ip));
	assert_int_equal(q->created_ms, o->desk.now_ms);
	assert_int_equal(q->expires_ms, o->desk.now_ms + TOKEN_MS);
	wants_text(q->mail, "Joe@Example.org");
	wants_text(q->ref, case_ref);
	wants_text(q->language, "pt-BR");
	wants_text(q->proof, "none");
	wants_text(q->ptr, "");
	assert_true(q->has_letter);
	assert_int_equal(q->views, 0);
	DESK_WANTS(&o->desk, o->filed.rid, "ZRANGE", "rp:delist:requests", "0",
		"-1");
}

static void its_letter_is_queued_and_no_token_lies_in_redis(void **state)
{
	struct office *o = *state;
	const struct mailq_taking how = { .worker = slice_of("w"),
		.now_ms = o->desk.now_ms };
	struct mailq_job job;
	char token[TOKEN_TEXT_MAX], rid[CASE_REF_MAX];
	enum token_purpose p = TOKEN_NONE;

	files(o, "192.0.2.7", "joe@example.org", DELIST_FILED);
	desk_result(mailq_take(o->desk.redis, desk_prefix(&o->desk), &how,
			    o->arena, &job),
		RES_OK);
	wants_text(job.kind, "confirm");
	wants_text(job.id, o->filed.rid);
	for (enum token_purpose i = TOKEN_MAIL; i <= TOKEN_CANCEL; i++) {
		desk_result(delist_find(o->desk.redis, o->desk.conf,
				    slice_of(token_of(o, i, token)), &p, rid),
			RES_OK);
		assert_int_equal(p, i);
		assert_string_equal(rid, o->filed.rid);
		DESK_WANTS(&o->desk, "0", "EVAL",
			"for _, k in ipairs(redis.call('KEYS', '*')) do\n"
			"  if redis.call('TYPE', k).ok == 'hash' then\n"
			"    for _, v in ipairs(redis.call('HGETALL', k)) do\n"
			"      if v == ARGV[1] then return 1 end end end\n"
			"  if string.find(k, ARGV[1], 1, true) then return 1 end\n"
			"end return 0",
			"0", token);
	}
}

static void every_key_of_a_request_has_an_end(void **state)
{
	struct office *o = *state;
	struct delist_form form = form_of("192.0.2.7", "joe@example.org");

	form.client = form.ip;
	form.has_client = true;
	desk_result(file(o, &form), RES_OK);
	desk_result(cancel(o), RES_OK);
	/* But the two that are shared, and trimmed. */
	DESK_WANTS(&o->desk, "", "EVAL",
		"local out = {} for _, k in ipairs(redis.call('KEYS', '*')) do\n"
		"  if redis.call('TTL', k) < 0 and k ~= 'rp:mailq' and\n"
		"    k ~= 'rp:delist:requests' then out[#out + 1] = k end\n"
		"end return out",
		"0");
}

static void whether_it_is_listed_makes_no_difference(void **state)
{
	struct office *o = *state;

	assert_true(REDIS_DO(o->desk.server, "HSET", "rp:block:192.0.2.7",
		"reason", "spam", "class", "review"));
	files(o, "192.0.2.7", "joe@example.org", DELIST_FILED);
	files(o, "192.0.2.8", "joe@example.org", DELIST_FILED);
	DESK_WANTS(&o->desk, "2", "XLEN", "rp:mailq");
}

static void asking_twice_brings_one_letter(void **state)
{
	struct office *o = *state;
	char first[CASE_REF_MAX];

	files(o, "192.0.2.7", "joe@example.org", DELIST_FILED);
	memcpy(first, o->filed.rid, sizeof(first));
	files(o, "192.0.2.7", "JOE@Example.ORG.", DELIST_REPEATED);
	assert_string_equal(o->filed.rid, first);
	DESK_WANTS(&o->desk, "1", "XLEN", "rp:mailq");
	/* When that one is over, there may be another. */
	o->desk.now_ms += TOKEN_MS;
	files(o, "192.0.2.7", "joe@example.org", DELIST_FILED);
	assert_string_not_equal(o->filed.rid, first);
}

static void a_stranger_is_not_led_to_the_request_of_another(void **state)
{
	struct office *o = *state;
	struct delist_form form = form_of("192.0.2.7", "joe@example.org");
	char first[CASE_REF_MAX];

	form.has_client = true;
	assert_int_equal(
		ipaddr_parse(&form.client, slice_of("198.51.100.1")), RES_OK);
	desk_result(file(o, &form), RES_OK);
	memcpy(first, o->filed.rid, sizeof(first));
	assert_int_equal(
		ipaddr_parse(&form.client, slice_of("198.51.100.2")), RES_OK);
	desk_result(file(o, &form), RES_OK);
	assert_int_equal(o->filed.filing, DELIST_SILENT);
	assert_string_not_equal(o->filed.rid, first);
	assert_int_equal(
		ipaddr_parse(&form.client, slice_of("198.51.100.1")), RES_OK);
	desk_result(file(o, &form), RES_OK);
	assert_int_equal(o->filed.filing, DELIST_REPEATED);
	assert_string_equal(o->filed.rid, first);
	DESK_WANTS(&o->desk, "1", "XLEN", "rp:mailq");
}

static void a_neighbour_in_the_same_64_is_the_same_network(void **state)
{
	struct office *o = *state;

	files(o, "2001:db8::1", "joe@example.org", DELIST_FILED);
	files(o, "2001:db8::2", "joe@example.org", DELIST_REPEATED);
	files(o, "2001:db8:0:1::2", "joe@example.org", DELIST_FILED);
}

static void one_letter_at_a_time_goes_out_for_a_network(void **state)
{
	struct office *o = *state;

	files(o, "192.0.2.7", "joe@example.org", DELIST_FILED);
	files(o, "192.0.2.7", "ann@example.org", DELIST_SILENT);
	assert_int_equal(look(o)->state, DELIST_QUEUED);
	assert_false(o->now.has_letter);
	DESK_WANTS(&o->desk, "1", "XLEN", "rp:mailq");
}

static void who_has_a_reference_is_not_kept_out_by_who_has_none(void **state)
{
	struct office *o = *state;

	for (int i = 0; i < 6; i++) {
		files(o, "192.0.2.7", "mallory@example.com",
			i < 3 ? DELIST_FILED : DELIST_SILENT);
		o->desk.now_ms += 1;
		if (i < 3)
			desk_result(settle_to(o, DELIST_DENIED, TOKEN_MAIL),
				RES_OK);
	}
	files(o, "192.0.2.7", "eve@example.com", DELIST_FILED);
	files(o, "192.0.2.7", "ann@example.org", DELIST_SILENT);
	files_with_ref(o, "192.0.2.7", "ann@example.org", DELIST_FILED);
}

static void a_visitor_who_asks_too_often_is_told_to_wait(void **state)
{
	struct office *o = *state;
	struct delist_form form;
	char ip[32], mail[64];

	for (int i = 0; i < 6; i++) {
		(void)snprintf(ip, sizeof(ip), "192.0.2.%d", i);
		(void)snprintf(mail, sizeof(mail), "a@m%d.example.org", i);
		form = form_of(ip, mail);
		assert_int_equal(ipaddr_parse(&form.client,
					 slice_of(i % 2 == 0 ? "2001:db8::1"
							     : "2001:db8::2")),
			RES_OK);
		form.has_client = true;
		desk_result(file(o, &form), RES_OK);
		assert_int_equal(
			o->filed.filing, i < 5 ? DELIST_FILED : DELIST_LIMITED);
	}
	assert_string_equal(o->filed.rid, "");
	assert_true(o->filed.wait_s > 0);
	DESK_WANTS(&o->desk, "5", "ZCARD", "rp:delist:requests");
	o->desk.now_ms += o->filed.wait_s * 1000;
	desk_result(file(o, &form), RES_OK);
	assert_int_equal(o->filed.filing, DELIST_FILED);
}

static void a_mailbox_gets_three_letters_a_day(void **state)
{
	struct office *o = *state;
	char ip[32];

	for (int i = 0; i < 5; i++) {
		(void)snprintf(ip, sizeof(ip), "192.0.2.%d", i);
		files(o, ip,
			i % 2 == 0 ? "joe@example.org" : "JOE+1@EXAMPLE.ORG",
			i < 3 ? DELIST_FILED : DELIST_SILENT);
	}
	DESK_WANTS(&o->desk, "3", "XLEN", "rp:mailq");
	o->desk.now_ms += 2 * INT64_C(86400000);
	files(o, "192.0.2.4", "joe@example.org", DELIST_FILED);
}

static void a_domain_gets_thirty_letters_a_day(void **state)
{
	struct office *o = *state;
	char ip[32], mail[64];

	for (int i = 0; i < 31; i++) {
		(void)snprintf(ip, sizeof(ip), "192.0.2.%d", i);
		(void)snprintf(mail, sizeof(mail), "u%d@%s", i,
			i % 2 == 0 ? "example.org" : "Example.Org.");
		files(o, ip, mail, i < 30 ? DELIST_FILED : DELIST_SILENT);
	}
}

static void a_network_gets_four_letters_a_day(void **state)
{
	struct office *o = *state;
	char mail[64];

	for (int i = 0; i < 5; i++) {
		(void)snprintf(mail, sizeof(mail), "a@m%d.example.org", i);
		files(o, "192.0.2.7", mail,
			i < 4 ? DELIST_FILED : DELIST_SILENT);
		if (i < 4)
			desk_result(bounced(o), RES_OK);
	}
}

static void without_a_mailbox_there_is_no_letter(void **state)
{
	struct office *o = *state;
	char token[TOKEN_TEXT_MAX], rid[CASE_REF_MAX];
	enum token_purpose p = TOKEN_NONE;

	files(o, "192.0.2.7", "", DELIST_FILED);
	DESK_WANTS(&o->desk, "0", "XLEN", "rp:mailq");
	desk_result(delist_find(o->desk.redis, o->desk.conf,
			    slice_of(token_of(o, TOKEN_MAIL, token)), &p, rid),
		RES_MISSING);
	/* And it keeps nobody else's away. */
	files(o, "192.0.2.7", "joe@example.org", DELIST_FILED);
	files(o, "192.0.2.7", "", DELIST_FILED);
	desk_result(settle_to(o, DELIST_GRANTED, TOKEN_ADDRESS), RES_OK);
	DESK_WANTS(&o->desk, "1", "XLEN", "rp:mailq");
}

static void when_much_goes_on_letters_wait_behind_others(void **state)
{
	struct office *o = *state;
	struct delist_form form;

	files(o, "192.0.2.1", "a@m1.example.org", DELIST_FILED);
	files(o, "192.0.2.2", "a@m2.example.org", DELIST_FILED);
	files(o, "192.0.2.3", "a@m3.example.org", DELIST_FILED_LATER);
	form = form_of("192.0.2.4", "a@m4.example.org");
	form.is_worked = true;
	desk_result(file(o, &form), RES_OK);
	assert_int_equal(o->filed.filing, DELIST_FILED);
	form = form_of("192.0.2.5", "a@m5.example.org");
	form.is_worked = true;
	desk_result(file(o, &form), RES_OK);
	assert_int_equal(o->filed.filing, DELIST_FILED_LATER);
	DESK_WANTS(&o->desk, "3", "XLEN", "rp:mailq");
	DESK_WANTS(&o->desk, "2", "XLEN", "rp:mailq:slow");
}

static void a_form_too_long_is_refused(void **state)
{
	static char text[DELIST_MAIL_MAX + 2];
	struct office *o = *state;
	struct delist_form form = form_of("192.0.2.7", "");

	memset(text, 'x', DELIST_MAIL_MAX + 1);
	form.mail = slice_of(text);
	desk_result(file(o, &form), RES_TOOBIG);
	form = form_of("192.0.2.7", "joe@example.org");
	form.language = slice_part(slice_of(text), 0, DELIST_WORD_MAX + 1);
	desk_result(file(o, &form), RES_TOOBIG);
	DESK_WANTS(&o->desk, "0", "DBSIZE");
}

/* ---- states ---- */

static void a_reference_is_checked_before_it_is_looked_for(void **state)
{
	struct office *o = *state;

	desk_result(delist_read(o->desk.redis, o->desk.conf,
			    slice_of("nonsense"), 0, o->arena, &o->now),
		RES_SYNTAX);
	case_ref_new(o->filed.rid);
	desk_result(delist_read(o->desk.redis, o->desk.conf,
			    slice_of(o->filed.rid), 0, o->arena, &o->now),
		RES_MISSING);
	desk_result(sent(o), RES_MISSING);
	desk_result(settle_to(o, DELIST_GRANTED, TOKEN_MAIL), RES_MISSING);
	desk_result(delist_viewed(o->desk.redis, o->desk.conf,
			    slice_of(o->filed.rid)),
		RES_MISSING);
	DESK_WANTS(&o->desk, "0", "DBSIZE");
}

/* Brings a new request to a state. */
static void bring_to(struct office *o, enum delist_state to)
{
	assert_true(REDIS_DO(o->desk.server, "FLUSHALL"));
	files(o, "192.0.2.7", "joe@example.org", DELIST_FILED);
	switch (to) {
	case DELIST_UNKNOWN:
	case DELIST_QUEUED:
		break;
	case DELIST_SENT:
		desk_result(sent(o), RES_OK);
		break;
	case DELIST_GRANTED:
	case DELIST_WAIT:
	case DELIST_DENIED:
	case DELIST_REVIEW:
		desk_result(settle_to(o, to, TOKEN_MAIL), RES_OK);
		break;
	case DELIST_EXPIRED:
		o->desk.now_ms += TOKEN_MS;
		break;
	case DELIST_CANCELLED:
		desk_result(cancel(o), RES_OK);
		break;
	case DELIST_BOUNCED:
		desk_result(bounced(o), RES_OK);
		break;
	}
	wants_state(o, to);
}

enum act {
	ACT_SENT = 0,
	ACT_BOUNCED,
	ACT_CANCEL,
	ACT_GRANT,
	ACT_WAIT,
	ACT_DENY,
	ACT_REVIEW,
	ACT_ADMIN_GRANT,
	ACT_ADMIN_REVIEW,
	ACTS
};

static enum result act_on(struct office *o, enum act act)
{
	switch (act) {
	case ACT_SENT:
		return sent(o);
	case ACT_BOUNCED:
		return bounced(o);
	case ACT_CANCEL:
		return cancel(o);
	case ACT_GRANT:
		return settle_to(o, DELIST_GRANTED, TOKEN_MAIL);
	case ACT_WAIT:
		return settle_to(o, DELIST_WAIT, TOKEN_ADDRESS);
	case ACT_DENY:
		return settle_to(o, DELIST_DENIED, TOKEN_ADDRESS);
	case ACT_REVIEW:
		return settle_to(o, DELIST_REVIEW, TOKEN_MAIL);
	case ACT_ADMIN_GRANT:
		return settle_to(o, DELIST_GRANTED, TOKEN_NONE);
	case ACT_ADMIN_REVIEW:
		return settle_to(o, DELIST_REVIEW, TOKEN_NONE);
	case ACTS:
		break;
	}
	return RES_INTERNAL;
}

/* From each state: where each act leads, and what is said of it. */
static void each_state_goes_only_where_it_may(void **state)
{
	enum {
		Q = DELIST_QUEUED,
		S = DELIST_SENT,
		G = DELIST_GRANTED,
		W = DELIST_WAIT,
		D = DELIST_DENIED,
		R = DELIST_REVIEW,
		E = DELIST_EXPIRED,
		C = DELIST_CANCELLED,
		B = DELIST_BOUNCED
	};
	static const struct {
		int from;
		int to[ACTS]; /* in the order of enum act */
	} table[] = {
		{ Q, { S, B, C, G, W, D, R, G, R } },
		{ S, { S, B, C, G, W, D, R, G, R } },
		{ B, { B, B, C, G, W, D, R, G, R } },
		{ W, { W, W, C, G, W, D, R, G, R } },
		{ R, { R, R, R, R, R, R, R, G, R } },
		{ G, { G, G, G, G, G, G, G, G, G } },
		{ D, { D, D, D, D, D, D, D, D, D } },
		{ E, { E, E, E, E, E, E, E, E, E } },
		{ C, { C, C, C, C, C, C, C, C, C } },
	};
	struct office *o = *state;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		bool is_open = delist_is_open((enum delist_state)table[i].from);

		for (enum act act = ACT_SENT; act < ACTS; act++) {
			enum result want = RES_OK;

			if (act == ACT_CANCEL && !is_open)
				want = RES_MISSING;
			else if (act > ACT_CANCEL && !is_open &&
				!(act == ACT_ADMIN_GRANT && table[i].from == R))
				want = RES_EXISTS;
			bring_to(o, (enum delist_state)table[i].from);
			desk_result(act_on(o, act), want);
			wants_state(o, (enum delist_state)table[i].to[act]);
		}
	}
}

static void a_cancelled_mailbox_is_left_in_peace(void **state)
{
	struct office *o = *state;

	files(o, "192.0.2.7", "joe@example.org", DELIST_FILED);
	desk_result(cancel(o), RES_OK);
	desk_result(cancel(o), RES_MISSING);
	files(o, "192.0.2.8", "Joe+2@example.org", DELIST_SILENT);
	files(o, "192.0.2.8", "ann@example.org", DELIST_FILED);
	DESK_WANTS(&o->desk, "2", "XLEN", "rp:mailq");
	o->desk.now_ms += INT64_C(30) * 86400 * 1000 - 1;
	files(o, "192.0.2.9", "joe@example.org", DELIST_SILENT);
	o->desk.now_ms += 1;
	files(o, "192.0.2.9", "joe@example.org", DELIST_FILED);
}

static void after_a_bounce_a_better_address_may_be_tried(void **state)
{
	struct office *o = *state;

	files(o, "192.0.2.7", "jeo@example.org", DELIST_FILED);
	desk_result(sent(o), RES_OK);
	desk_result(bounced(o), RES_OK);
	desk_result(settle_to(o, DELIST_WAIT, TOKEN_ADDRESS), RES_OK);
	DESK_WANTS(&o->desk, "1", "XLEN", "rp:mailq"); /* no answer to it */
	files(o, "192.0.2.7", "joe@example.org", DELIST_FILED);
	files(o, "192.0.2.8", "jeo@example.org", DELIST_SILENT);
}

static void a_link_that_is_looked_at_is_not_used_up(void **state)
{
	struct office *o = *state;
	char token[TOKEN_TEXT_MAX], rid[CASE_REF_MAX];
	enum token_purpose p = TOKEN_NONE;

	files(o, "192.0.2.7", "joe@example.org", DELIST_FILED);
	(void)token_of(o, TOKEN_MAIL, token);
	for (unsigned i = 1; i <= 3; i++) {
		desk_result(delist_viewed(o->desk.redis, o->desk.conf,
				    slice_of(o->filed.rid)),
			RES_OK);
		desk_result(delist_find(o->desk.redis, o->desk.conf,
				    slice_of(token), &p, rid),
			RES_OK);
		assert_int_equal(look(o)->views, i);
	}
	assert_int_equal(o->now.state, DELIST_QUEUED);
	desk_result(settle_to(o, DELIST_GRANTED, TOKEN_MAIL), RES_OK);
	desk_result(delist_find(o->desk.redis, o->desk.conf, slice_of(token),
			    &p, rid),
		RES_MISSING);
	desk_result(delist_find(o->desk.redis, o->desk.conf,
			    slice_of("no token"), &p, rid),
		RES_MISSING);
}

static void what_the_worker_found_is_kept(void **state)
{
	struct office *o = *state;
	const struct delist_findings f = { "confirmed",
		slice_of("mx.example.org"), "yes", "ptr" };

	files(o, "192.0.2.7", "joe@example.org", DELIST_FILED);
	desk_result(delist_found(o->desk.redis, o->desk.conf,
			    slice_of(o->filed.rid), &f),
		RES_OK);
	desk_result(delist_ticket(o->desk.redis, o->desk.conf,
			    slice_of(o->filed.rid), slice_of(case_ref)),
		RES_OK);
	(void)look(o);
	wants_text(o->now.ptr, "confirmed");
	wants_text(o->now.ptr_name, "mx.example.org");
	wants_text(o->now.fits, "yes");
	wants_text(o->now.fits_by, "ptr");
	wants_text(o->now.ticket, case_ref);
}

/* ---- what is decided ---- */

static void list(struct office *o, const char *key)
{
	assert_true(REDIS_DO(
		o->desk.server, "HSET", key, "reason", "spam", "level", "2"));
}

static struct delist_settlement grant(
	struct office *o, const struct slice *keys, size_t count)
{
	static char token[TOKEN_TEXT_MAX];
	struct delist_settlement s =
		settlement(o, DELIST_GRANTED, token_of(o, TOKEN_MAIL, token));

	s.keys = keys;
	s.key_count = count;
	s.level = 2;
	s.counts = true;
	return s;
}

static void a_grant_takes_off_what_was_named_and_nothing_else(void **state)
{
	struct office *o = *state;
	const struct slice keys[] = { slice_of("rp:block:192.0.2.7"),
		slice_of("rp:block:192.0.2.7/32") };
	struct delist_settlement s;
	char text[DESK_TEXT_MAX], want[DESK_TEXT_MAX];

	list(o, "rp:block:192.0.2.7");
	list(o, "rp:block:192.0.2.7/32");
	list(o, "rp:block:192.0.2.0/24");
	files(o, "192.0.2.7", "joe@example.org", DELIST_FILED);
	s = grant(o, keys, 2);
	desk_result(settle(o, &s), RES_OK);
	DESK_WANTS(&o->desk, "0", "EXISTS", "rp:block:192.0.2.7",
		"rp:block:192.0.2.7/32");
	DESK_WANTS(&o->desk, "1", "EXISTS", "rp:block:192.0.2.0/24");
	(void)snprintf(want, sizeof(want), "%lld %lld 2",
		(long long)o->desk.now_ms, (long long)o->desk.now_ms);
	DESK_WANTS(&o->desk, want, "HMGET", "rp:hist:192.0.2.7", "delisted_ms",
		"clean_ms", "level");
	(void)snprintf(want, sizeof(want), "%lld delisted 2",
		(long long)o->desk.now_ms);
	DESK_WANTS(
		&o->desk, want, "LRANGE", "rp:hist:192.0.2.7:log", "0", "-1");
	DESK_WANTS(&o->desk, "1", "ZCARD", "rp:hist:192.0.2.7:done");
	(void)snprintf(want, sizeof(want), "%lld %lld 2 0",
		(long long)o->desk.now_ms,
		(long long)o->desk.now_ms + 604800 * 1000LL);
	DESK_WANTS(&o->desk, want, "HMGET", "rp:parole:192.0.2.7", "since_ms",
		"until_ms", "level", "marks");
	assert_in_range(
		strtol(DESK_ASK(&o->desk, text, "TTL", "rp:parole:192.0.2.7"),
			NULL, 10),
		604700, 604800);
	DESK_WANTS(&o->desk, "0", "EXISTS", "rp:delist:open:192.0.2.7");
	DESK_WANTS(&o->desk, "2", "XLEN", "rp:audit");
	DESK_WANTS(&o->desk, "2", "XLEN", "rp:mailq"); /* and the answer */
	assert_in_range(look(o)->granted_ms,
		clock_wall_ms(clock_system()) - DESK_WAIT_MS,
		clock_wall_ms(clock_system()) + 1000);
	wants_text(o->now.proof, "mail");
}

static void the_audit_says_what_it_was(void **state)
{
	struct office *o = *state;
	const struct slice key = slice_of("rp:block:192.0.2.7");
	struct delist_settlement s;

	assert_true(
		REDIS_DO(o->desk.server, "SET", "rp:block:192.0.2.7", "spam"));
	files(o, "192.0.2.7", "joe@example.org", DELIST_FILED);
	s = grant(o, &key, 1);
	desk_result(settle(o, &s), RES_OK);
	DESK_WANTS(&o->desk,
		"who portal what delist key rp:block:192.0.2.7 before "
		"{\"reason\":\"spam\"} after  why asked for it",
		"EVAL", "return redis.call('XRANGE', KEYS[1], '-', '+')[1][2]",
		"1", "rp:audit");
}

static void a_grant_of_nothing_leaves_no_history(void **state)
{
	struct office *o = *state;
	struct delist_settlement s;

	files(o, "192.0.2.7", "joe@example.org", DELIST_FILED);
	s = grant(o, NULL, 0);
	desk_result(settle(o, &s), RES_OK);
	DESK_WANTS(&o->desk, "0", "EXISTS", "rp:hist:192.0.2.7",
		"rp:parole:192.0.2.7", "rp:hist:192.0.2.7:done");
	DESK_WANTS(&o->desk, "1", "XLEN", "rp:audit");
}

static void an_exception_leaves_the_listing_alone(void **state)
{
	struct office *o = *state;
	const struct slice key = slice_of("rp:block:192.0.2.0/24");
	const struct delist_findings f = { "confirmed",
		slice_of("mx.example.org"), "yes", "ptr" };
	struct delist_settlement s;
	char text[DESK_TEXT_MAX];

	list(o, "rp:block:192.0.2.0/24");
	files(o, "192.0.2.7", "joe@example.org", DELIST_FILED);
	desk_result(delist_found(o->desk.redis, o->desk.conf,
			    slice_of(o->filed.rid), &f),
		RES_OK);
	s = grant(o, &key, 1);
	s.is_exception = true;
	s.level = 0;
	desk_result(settle(o, &s), RES_OK);
	DESK_WANTS(&o->desk, "1", "EXISTS", "rp:block:192.0.2.0/24");
	DESK_WANTS(&o->desk, "policy delist mx.example.org", "HMGET",
		"rp:allow:192.0.2.7", "class", "origin", "ptr");
	assert_in_range(
		strtol(DESK_ASK(&o->desk, text, "TTL", "rp:allow:192.0.2.7"),
			NULL, 10),
		31535000, 31536000);
	DESK_WANTS(&o->desk, "192.0.2.7", "ZRANGE", "rp:delist:exceptions", "0",
		"-1");
	DESK_WANTS(&o->desk, "0", "EXISTS", "rp:parole:192.0.2.7");
}

static void an_exception_of_an_admin_is_not_shortened(void **state)
{
	struct office *o = *state;
	struct delist_settlement s;

	assert_true(REDIS_DO(
		o->desk.server, "SET", "rp:allow:192.0.2.7", "a customer"));
	files(o, "192.0.2.7", "joe@example.org", DELIST_FILED);
	s = grant(o, NULL, 0);
	s.is_exception = true;
	desk_result(settle(o, &s), RES_OK);
	DESK_WANTS(&o->desk, "a customer", "GET", "rp:allow:192.0.2.7");
	DESK_WANTS(&o->desk, "-1", "TTL", "rp:allow:192.0.2.7");
}

static void a_listing_that_was_locked_meanwhile_stays(void **state)
{
	struct office *o = *state;
	const struct slice key = slice_of("rp:block:192.0.2.7");
	struct delist_settlement s;

	list(o, "rp:block:192.0.2.7");
	assert_true(REDIS_DO(
		o->desk.server, "HSET", "rp:block:192.0.2.7", "lock", " Yes "));
	files(o, "192.0.2.7", "joe@example.org", DELIST_FILED);
	s = grant(o, &key, 1);
	desk_result(settle(o, &s), RES_EXISTS);
	wants_state(o, DELIST_QUEUED);
	DESK_WANTS(&o->desk, "1", "EXISTS", "rp:block:192.0.2.7");
	s.token = slice_of("");
	desk_result(settle(o, &s), RES_OK);
	DESK_WANTS(&o->desk, "0", "EXISTS", "rp:block:192.0.2.7");
}

static void a_wait_can_be_confirmed_when_it_is_over(void **state)
{
	struct office *o = *state;
	char token[TOKEN_TEXT_MAX];
	struct delist_settlement s;

	files(o, "192.0.2.7", "joe@example.org", DELIST_FILED);
	s = settlement(o, DELIST_WAIT, token_of(o, TOKEN_MAIL, token));
	s.until_ms = o->desk.now_ms + 2 * INT64_C(86400000);
	s.reason = "too_early";
	desk_result(settle(o, &s), RES_OK);
	desk_result(settle(o, &s), RES_OK); /* impatient: no second letter */
	DESK_WANTS(&o->desk, "2", "XLEN", "rp:mailq");
	assert_int_equal(look(o)->until_ms, s.until_ms);
	wants_text(o->now.reason, "too_early");
	o->desk.now_ms = s.until_ms;
	wants_state(o, DELIST_WAIT);
	desk_result(settle_to(o, DELIST_GRANTED, TOKEN_MAIL), RES_OK);
	wants_state(o, DELIST_GRANTED);
}

static void a_wait_nobody_comes_back_to_ends(void **state)
{
	struct office *o = *state;

	bring_to(o, DELIST_WAIT);
	o->desk.now_ms = o->now.until_ms + TOKEN_MS;
	wants_state(o, DELIST_EXPIRED);
	desk_result(settle_to(o, DELIST_GRANTED, TOKEN_MAIL), RES_EXISTS);
}

static void a_missing_proof_keeps_the_state_and_proofs_add_up(void **state)
{
	struct office *o = *state;
	char mail[TOKEN_TEXT_MAX], address[TOKEN_TEXT_MAX];
	struct delist_settlement s;

	files(o, "192.0.2.7", "joe@example.org", DELIST_FILED);
	s = settlement(o, DELIST_QUEUED, token_of(o, TOKEN_ADDRESS, address));
	s.proof = "address";
	s.needed = "domain";
	s.reason = "needs_domain";
	desk_result(sent(o), RES_OK); /* in between */
	desk_result(settle(o, &s), RES_OK);
	wants_state(o, DELIST_SENT);
	wants_text(o->now.needed, "domain");
	wants_text(o->now.proof, "address");
	s.token = slice_of(token_of(o, TOKEN_MAIL, mail));
	s.proof = "mail";
	desk_result(settle(o, &s), RES_OK);
	(void)look(o);
	wants_text(o->now.proof, "address");
	DESK_WANTS(&o->desk, "1", "XLEN", "rp:mailq");
	DESK_WANTS(&o->desk, "0", "XLEN", "rp:audit");
	desk_result(settle_to(o, DELIST_GRANTED, TOKEN_MAIL), RES_OK);
}

static void a_review_gets_its_ticket_and_an_admin_ends_it(void **state)
{
	struct office *o = *state;

	bring_to(o, DELIST_REVIEW);
	DESK_WANTS(&o->desk, "3", "XLEN", "rp:mailq");
	o->desk.now_ms += 3 * INT64_C(86400000);
	wants_state(o, DELIST_REVIEW);
	desk_result(settle_to(o, DELIST_DENIED, TOKEN_NONE), RES_OK);
	wants_state(o, DELIST_DENIED);
	wants_text(o->now.proof, "admin");
	DESK_WANTS(&o->desk, "4", "XLEN", "rp:mailq");
}

static void a_token_opens_nothing_but_its_own_request(void **state)
{
	struct office *o = *state;
	char other[TOKEN_TEXT_MAX], stop[TOKEN_TEXT_MAX];
	struct delist_settlement s;

	files(o, "192.0.2.8", "ann@example.org", DELIST_FILED);
	(void)token_of(o, TOKEN_MAIL, other);
	files(o, "192.0.2.7", "joe@example.org", DELIST_FILED);
	s = settlement(o, DELIST_GRANTED, other);
	desk_result(settle(o, &s), RES_MISSING);
	s = settlement(o, DELIST_GRANTED, token_of(o, TOKEN_CANCEL, stop));
	desk_result(settle(o, &s), RES_MISSING);
	s = settlement(o, DELIST_GRANTED, "nonsense");
	desk_result(settle(o, &s), RES_MISSING);
	wants_state(o, DELIST_QUEUED);
	/* And a link to confirm does not cancel. */
	(void)token_of(o, TOKEN_MAIL, other);
	desk_result(delist_cancel(o->desk.redis, o->desk.conf, slice_of(other),
			    o->desk.now_ms),
		RES_MISSING);
	wants_state(o, DELIST_QUEUED);
}

static void a_key_of_the_wrong_type_stops_all_of_it(void **state)
{
	struct office *o = *state;
	const struct slice key = slice_of("rp:block:192.0.2.7");
	struct delist_settlement s;

	list(o, "rp:block:192.0.2.7");
	assert_true(REDIS_DO(o->desk.server, "SET", "rp:hist:192.0.2.7", "x"));
	files(o, "192.0.2.7", "joe@example.org", DELIST_FILED);
	s = grant(o, &key, 1);
	desk_result(settle(o, &s), RES_TYPE);
	wants_state(o, DELIST_QUEUED);
	DESK_WANTS(&o->desk, "1", "EXISTS", "rp:block:192.0.2.7");
	DESK_WANTS(&o->desk, "0", "XLEN", "rp:audit");
}

static void more_keys_than_there_is_room_for_are_refused(void **state)
{
	struct office *o = *state;
	struct slice keys[DELIST_KEYS_MAX + 1];
	struct delist_settlement s;

	for (size_t i = 0; i <= DELIST_KEYS_MAX; i++)
		keys[i] = slice_of("rp:block:192.0.2.7");
	list(o, "rp:block:192.0.2.7");
	files(o, "192.0.2.7", "joe@example.org", DELIST_FILED);
	s = grant(o, keys, DELIST_KEYS_MAX + 1);
	desk_result(settle(o, &s), RES_TOOBIG);
	s = grant(o, keys, DELIST_KEYS_MAX);
	desk_result(settle(o, &s), RES_OK);
}

/* ---- many at once, and Redis gone ---- */

struct crowd {
	struct office *o;
	struct delist_settlement s;
	atomic_uint ok;
	atomic_uint exists;
	atomic_uint faults;
};

static void *press(void *arg)
{
	const struct redis_login login = { .timeout_ms = DESK_WAIT_MS };
	struct crowd *c = arg;
	const struct conf *conf = c->o->desk.conf;
	struct redis *r = NULL;
	enum result res = redis_open(&r, &conf->redis.servers[0], &login, NULL);

	if (res == RES_OK)
		res = delist_settle(r, conf, &c->s, c->o->desk.now_ms);
	else
		c->faults++;
	if (res == RES_OK)
		c->ok++;
	else if (res == RES_EXISTS)
		c->exists++;
	else
		c->faults++;
	redis_close(r);
	return NULL;
}

static void of_two_hundred_who_press_the_button_one_acts(void **state)
{
	struct crowd c = { .o = *state };
	const struct slice key = slice_of("rp:block:192.0.2.7");
	pthread_t thread[CROWD];

	list(c.o, "rp:block:192.0.2.7");
	files(c.o, "192.0.2.7", "joe@example.org", DELIST_FILED);
	c.s = grant(c.o, &key, 1);
	for (int i = 0; i < CROWD; i++)
		assert_int_equal(
			pthread_create(&thread[i], NULL, press, &c), 0);
	for (int i = 0; i < CROWD; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_int_equal(c.faults, 0);
	assert_int_equal(c.ok, 1);
	assert_int_equal(c.exists, CROWD - 1);
	DESK_WANTS(&c.o->desk, "1", "XLEN", "rp:audit");
	DESK_WANTS(&c.o->desk, "2", "XLEN", "rp:mailq");
	DESK_WANTS(&c.o->desk, "1", "ZCARD", "rp:hist:192.0.2.7:done");
}

/* Until the server has run what it was sent before it was frozen. */
static void wait_for_state(struct office *o, enum delist_state want)
{
	const struct timespec nap = { .tv_nsec = 1000000 };
	int64_t end = clock_mono_ms(clock_system()) + DESK_WAIT_MS;

	while (look(o)->state != want && clock_mono_ms(clock_system()) < end)
		nanosleep(&nap, NULL);
	wants_state(o, want);
}

/* The server reads on and keeps the change back; when it lets it go nobody
 * hears the answer. */
static void an_answer_that_is_lost_does_nothing_twice(void **state)
{
	struct office *o = *state;
	const struct slice key = slice_of("rp:block:192.0.2.7");
	struct redis *first = desk_dial(&o->desk, PATIENCE_MS);
	struct delist_settlement s;

	list(o, "rp:block:192.0.2.7");
	files(o, "192.0.2.7", "joe@example.org", DELIST_FILED);
	s = grant(o, &key, 1);
	DESK_WANTS(&o->desk, "OK", "CLIENT", "PAUSE", "60000", "WRITE");
	desk_result(delist_settle(first, o->desk.conf, &s, o->desk.now_ms),
		RES_TIMEOUT);
	desk_result(delist_settle(first, o->desk.conf, &s, o->desk.now_ms),
		RES_DOWN);
	wants_state(o, DELIST_QUEUED);
	DESK_WANTS(&o->desk, "OK", "CLIENT", "UNPAUSE");
	wait_for_state(o, DELIST_GRANTED);
	redis_close(first);
	desk_result(settle(o, &s), RES_EXISTS);
	DESK_WANTS(&o->desk, "1", "XLEN", "rp:audit");
	DESK_WANTS(&o->desk, "2", "XLEN", "rp:mailq");
	DESK_WANTS(&o->desk, "1", "ZCARD", "rp:hist:192.0.2.7:done");
}

static void with_redis_gone_nothing_is_said_to_be_done(void **state)
{
	struct office *o = *state;
	struct delist_form form = form_of("192.0.2.7", "joe@example.org");

	files(o, "192.0.2.7", "joe@example.org", DELIST_FILED);
	redis_server_kill(o->desk.server);
	desk_result(settle_to(o, DELIST_GRANTED, TOKEN_MAIL), RES_DOWN);
	desk_result(file(o, &form), RES_DOWN);
	desk_result(cancel(o), RES_DOWN);
	desk_result(sent(o), RES_DOWN);
	assert_true(redis_server_restart(o->desk.server));
	desk_redial(&o->desk, DESK_WAIT_MS);
	desk_result(settle_to(o, DELIST_GRANTED, TOKEN_MAIL), RES_MISSING);
	desk_result(cancel(o), RES_MISSING);
	files(o, "192.0.2.7", "joe@example.org", DELIST_FILED);
}

#define FRESH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest cases[] = {
		FRESH(a_request_is_kept_as_it_was_filed),
		FRESH(its_letter_is_queued_and_no_token_lies_in_redis),
		FRESH(every_key_of_a_request_has_an_end),
		FRESH(whether_it_is_listed_makes_no_difference),
		FRESH(asking_twice_brings_one_letter),
		FRESH(a_stranger_is_not_led_to_the_request_of_another),
		FRESH(a_neighbour_in_the_same_64_is_the_same_network),
		FRESH(one_letter_at_a_time_goes_out_for_a_network),
		FRESH(who_has_a_reference_is_not_kept_out_by_who_has_none),
		FRESH(a_visitor_who_asks_too_often_is_told_to_wait),
		FRESH(a_mailbox_gets_three_letters_a_day),
		FRESH(a_domain_gets_thirty_letters_a_day),
		FRESH(a_network_gets_four_letters_a_day),
		FRESH(without_a_mailbox_there_is_no_letter),
		cmocka_unit_test_setup_teardown(
			when_much_goes_on_letters_wait_behind_others,
			set_up_busy, tear_down),
		FRESH(a_form_too_long_is_refused),
		FRESH(a_reference_is_checked_before_it_is_looked_for),
		FRESH(each_state_goes_only_where_it_may),
		FRESH(a_cancelled_mailbox_is_left_in_peace),
		FRESH(after_a_bounce_a_better_address_may_be_tried),
		FRESH(a_link_that_is_looked_at_is_not_used_up),
		FRESH(what_the_worker_found_is_kept),
		FRESH(a_grant_takes_off_what_was_named_and_nothing_else),
		FRESH(the_audit_says_what_it_was),
		FRESH(a_grant_of_nothing_leaves_no_history),
		FRESH(an_exception_leaves_the_listing_alone),
		FRESH(an_exception_of_an_admin_is_not_shortened),
		FRESH(a_listing_that_was_locked_meanwhile_stays),
		FRESH(a_wait_can_be_confirmed_when_it_is_over),
		FRESH(a_wait_nobody_comes_back_to_ends),
		FRESH(a_missing_proof_keeps_the_state_and_proofs_add_up),
		FRESH(a_review_gets_its_ticket_and_an_admin_ends_it),
		FRESH(a_token_opens_nothing_but_its_own_request),
		FRESH(a_key_of_the_wrong_type_stops_all_of_it),
		FRESH(more_keys_than_there_is_room_for_are_refused),
		FRESH(of_two_hundred_who_press_the_button_one_acts),
		FRESH(an_answer_that_is_lost_does_nothing_twice),
		FRESH(with_redis_gone_nothing_is_said_to_be_done),
	};

	return cmocka_run_group_tests_name("store/delist", cases, NULL, NULL);
}
