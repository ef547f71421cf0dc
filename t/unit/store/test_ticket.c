/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/ticket.h"

#include "base/arena.h"
#include "store/link.h"
#include "store/mailq.h"
#include "store/secret.h"
#include "support/case.h"
#include "unit/store/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_MAX = 4 * 1024 * 1024, LINE_MAX_LEN = 256 };

static const int64_t start_ms = 1764180000000;
static const int64_t day_ms = 86400000;

struct desk {
	struct rig rig;
	struct redis *redis;
	struct secret secret;
	struct arena *arena;
	int64_t now_ms;
	char id[CASE_REF_MAX];
	struct ticket t;
};

static int set_up(void **state)
{
	const struct link_request want = { .purpose = LINK_WRITE,
		.timeout_ms = 5000 };
	struct desk *d = calloc(1, sizeof(*d));
	struct endpoint server;

	assert_non_null(d);
	rig_make(&d->rig, NULL);
	assert_int_equal(
		link_open(d->rig.conf, &want, &d->redis, &server, NULL),
		RES_OK);
	memcpy(d->secret.octet, "0123456789abcdef", 16);
	d->secret.len = 16;
	d->arena = arena_new(ARENA_MAX);
	assert_non_null(d->arena);
	d->now_ms = start_ms;
	*state = d;
	return 0;
}

static int tear_down(void **state)
{
	struct desk *d = *state;

	arena_free(d->arena);
	redis_close(d->redis);
	rig_remove(&d->rig);
	free(d);
	return 0;
}

static const char *ask(struct desk *d, const char *const *argv, char *out)
{
	out[0] = '\0';
	(void)redis_server_do(d->rig.server, argv, out, LINE_MAX_LEN);
	return out;
}

static long long number(const char *text)
{
	return strtoll(text, NULL, 10);
}

#define ASK(d, out, ...) \
	ask((d), (const char *const[]){ __VA_ARGS__, NULL }, (out))

static struct ticket_form form(void)
{
	return (struct ticket_form){ .mail = slice_of("joe@example.org"),
		.language = slice_of("es"),
		.subject = slice_of("our newsletter"),
		.text = slice_of("please \"look\"\nat this \xc3\xa9") };
}

static struct ticket_filed file(struct desk *d, const struct ticket_form *f)
{
	struct ticket_filed filed;

	assert_string_equal(result_name(ticket_file(d->redis, d->rig.conf,
				    &d->secret, d->now_ms, f, &filed)),
		"ok");
	snprintf(d->id, sizeof(d->id), "%s", filed.id);
	return filed;
}

static const struct ticket *look(struct desk *d)
{
	arena_reset(d->arena);
	assert_string_equal(
		result_name(ticket_read(d->redis, d->rig.conf, slice_of(d->id),
			d->now_ms, d->arena, &d->t)),
		"ok");
	return &d->t;
}

static const char *state_of(struct desk *d)
{
	return ticket_state_name(look(d)->state);
}

static const char *confirm(struct desk *d)
{
	char token[TOKEN_TEXT_MAX], id[CASE_REF_MAX];

	assert_int_equal(
		token_make(&d->secret, TOKEN_TICKET, slice_of(d->id), token),
		RES_OK);
	return result_name(ticket_confirm(
		d->redis, d->rig.conf, slice_of(token), d->now_ms, id));
}

static const char *say(struct desk *d, const char *text)
{
	const struct ticket_entry e = { .id = slice_of(d->id),
		.text = slice_of(text) };

	return result_name(ticket_add(d->redis, d->rig.conf, &e, d->now_ms));
}

static const char *answer(struct desk *d, const char *text,
	enum ticket_state to, const char *outcome)
{
	const struct ticket_entry e = { .id = slice_of(d->id),
		.who = slice_of("ann@mx"),
		.text = slice_of(text),
		.to = to,
		.outcome = slice_of(outcome) };

	return result_name(ticket_add(d->redis, d->rig.conf, &e, d->now_ms));
}

static void open_one(struct desk *d)
{
	const struct ticket_form f = form();

	(void)file(d, &f);
	assert_string_equal(confirm(d), "ok");
}

/* The next job is of that kind and of our ticket, with that "more". */
static void wants_job(struct desk *d, const char *kind, const char *more)
{
	const struct mailq_taking how = { .worker = slice_of("test"),
		.now_ms = d->now_ms };
	struct mailq_job job = { 0 };

	assert_string_equal(result_name(mailq_take(d->redis,
				    slice_of(d->rig.conf->redis.prefix), &how,
				    d->arena, &job)),
		"ok");
	assert_true(slice_is_equal(job.kind, slice_of(kind)));
	assert_true(slice_is_equal(job.id, slice_of(d->id)));
	assert_true(slice_is_equal(job.more, slice_of(more)));
	assert_int_equal(
		mailq_done(d->redis, slice_of(d->rig.conf->redis.prefix), &job),
		RES_OK);
}

static void wants_no_job(struct desk *d)
{
	const struct mailq_taking how = { .worker = slice_of("test"),
		.now_ms = d->now_ms };
	struct mailq_job job;

	assert_string_equal(result_name(mailq_take(d->redis,
				    slice_of(d->rig.conf->redis.prefix), &how,
				    d->arena, &job)),
		"missing");
}

/* ---- filing ---- */

static void waits_for_its_mailbox(void **state)
{
	struct desk *d = *state;
	const struct ticket_form f = form();

	assert_int_equal(file(d, &f).filing, TICKET_FILED);
	assert_string_equal(state_of(d), "new");
	assert_int_equal(d->t.due_ms, 0);
	assert_int_equal(d->t.created_ms, start_ms);
	assert_int_equal(d->t.message_count, 1);
	assert_true(slice_is_equal(d->t.message[0].text, f.text));
	assert_true(slice_is_equal(d->t.mail, f.mail));
	assert_true(slice_is_equal(d->t.subject, f.subject));
	assert_false(d->t.message[0].is_ours);
	wants_job(d, "ticket-link", "");
	assert_string_equal(say(d, "more"), "denied");
	d->now_ms += 60000;
	assert_string_equal(confirm(d), "ok");
	wants_job(d, "ticket-admin", "0");
	assert_string_equal(state_of(d), "open");
	assert_int_equal(
		d->t.due_ms, d->now_ms + d->rig.conf->delist.review_s * 1000LL);
}

static void a_link_works_once(void **state)
{
	struct desk *d = *state;

	open_one(d);
	assert_string_equal(confirm(d), "exists");
	assert_string_equal(state_of(d), "open");
	wants_job(d, "ticket-link", "");
	wants_job(d, "ticket-admin", "0");
	wants_no_job(d);
}

static void a_stranger_has_no_link(void **state)
{
	struct desk *d = *state;
	char id[CASE_REF_MAX], token[TOKEN_TEXT_MAX];
	const struct ticket_form f = form();

	(void)file(d, &f);
	assert_int_equal(
		token_make(&d->secret, TOKEN_MAIL, slice_of(d->id), token),
		RES_OK);
	assert_string_equal(result_name(ticket_confirm(d->redis, d->rig.conf,
				    slice_of(token), d->now_ms, id)),
		"missing");
	assert_string_equal(result_name(ticket_confirm(d->redis, d->rig.conf,
				    slice_of("nonsense"), d->now_ms, id)),
		"missing");
	assert_string_equal(state_of(d), "new");
}

static void what_nobody_confirms_is_forgotten(void **state)
{
	struct desk *d = *state;
	const struct ticket_form f = form();
	char key[LINE_MAX_LEN], life[LINE_MAX_LEN];

	(void)file(d, &f);
	snprintf(key, sizeof(key), "rp:ticket:%s", d->id);
	assert_in_range(number(ASK(d, life, "TTL", key)), 1,
		d->rig.conf->delist.token_s);
	assert_string_equal(confirm(d), "ok");
	assert_string_equal(ASK(d, life, "TTL", key), "-1");
	assert_string_equal(answer(d, "", TICKET_RESOLVED, "denied"), "ok");
	assert_in_range(number(ASK(d, life, "TTL", key)),
		d->rig.conf->support.keep_s, 2000000000);
}

static void a_request_has_one_ticket(void **state)
{
	struct desk *d = *state;
	struct ticket_form f = form();
	char first[CASE_REF_MAX];

	f.rid = slice_of("7K3M9QXB2HTD4FZ6T");
	(void)file(d, &f);
	snprintf(first, sizeof(first), "%s", d->id);
	assert_string_equal(state_of(d), "open");
	assert_true(d->t.due_ms > d->now_ms);
	(void)file(d, &f);
	assert_string_equal(d->id, first);
	wants_job(d, "ticket-admin", "0");
	wants_no_job(d);
}

static void a_mailbox_is_not_flooded(void **state)
{
	struct desk *d = *state;
	const struct ticket_form f = form();

	for (unsigned i = 0; i < d->rig.conf->support.per_mailbox; i++) {
		assert_int_equal(file(d, &f).filing, TICKET_FILED);
		wants_job(d, "ticket-link", "");
	}
	assert_int_equal(file(d, &f).filing, TICKET_SILENT);
	wants_no_job(d);
	assert_string_equal(confirm(d), "missing");
	d->now_ms += 2 * day_ms;
	assert_int_equal(file(d, &f).filing, TICKET_FILED);
}

static void a_detail_makes_no_other_mailbox(void **state)
{
	struct desk *d = *state;
	struct ticket_form f = form();

	for (unsigned i = 0; i < d->rig.conf->support.per_mailbox; i++)
		assert_int_equal(file(d, &f).filing, TICKET_FILED);
	f.mail = slice_of("JOE+1@example.org");
	assert_int_equal(file(d, &f).filing, TICKET_SILENT);
}

static void a_domain_is_not_flooded(void **state)
{
	struct desk *d = *state;
	struct ticket_form f = form();
	unsigned most = d->rig.conf->delist.per_domain;
	char mail[64];

	for (unsigned i = 0; i <= most; i++) {
		snprintf(mail, sizeof(mail), "u%u@example.org", i);
		f.mail = slice_of(mail);
		assert_int_equal(file(d, &f).filing,
			i < most ? TICKET_FILED : TICKET_SILENT);
	}
	f.mail = slice_of("u@example.net");
	assert_int_equal(file(d, &f).filing, TICKET_FILED);
}

static void a_mailbox_that_wants_no_mail_gets_none(void **state)
{
	struct desk *d = *state;
	const struct ticket_form f = form();
	char hash[SECRET_HASH_MAX], key[LINE_MAX_LEN];

	assert_int_equal(secret_hash(&d->secret, f.mail, hash), RES_OK);
	snprintf(key, sizeof(key), "rp:delist:quiet:%s", hash);
	assert_true(REDIS_DO(d->rig.server, "SET", key, "1"));
	assert_int_equal(file(d, &f).filing, TICKET_SILENT);
	wants_no_job(d);
}

static void a_visitor_may_not_ask_for_ever(void **state)
{
	struct desk *d = *state;
	struct ticket_form f = form();
	struct ticket_filed got = { 0 };
	char mail[64];

	f.has_client = true;
	assert_int_equal(
		ipaddr_parse(&f.client, slice_of("192.0.2.1")), RES_OK);
	for (unsigned i = 0; i <= d->rig.conf->delist.per_client; i++) {
		snprintf(mail, sizeof(mail), "joe%u@example.org", i);
		f.mail = slice_of(mail);
		got = file(d, &f);
	}
	assert_int_equal(got.filing, TICKET_LIMITED);
	assert_true(got.wait_s > 0);
	assert_int_equal(
		ipaddr_parse(&f.client, slice_of("192.0.2.2")), RES_OK);
	assert_int_equal(file(d, &f).filing, TICKET_FILED);
}

static void a_long_text_is_refused(void **state)
{
	struct desk *d = *state;
	struct ticket_form f = form();
	struct ticket_filed filed;
	size_t len = d->rig.conf->support.text_max + 1;
	char *text = malloc(len + 1);

	assert_non_null(text);
	memset(text, 'x', len);
	text[len] = '\0';
	f.text = slice_of(text);
	assert_string_equal(result_name(ticket_file(d->redis, d->rig.conf,
				    &d->secret, d->now_ms, &f, &filed)),
		"toobig");
	open_one(d);
	assert_string_equal(say(d, text), "toobig");
	free(text);
}

/* ---- the conversation ---- */

static void goes_to_and_fro(void **state)
{
	struct desk *d = *state;
	int64_t due;

	open_one(d);
	due = look(d)->due_ms;
	d->now_ms += 60000;
	assert_string_equal(answer(d, "which list?", TICKET_WAITING, ""), "ok");
	assert_string_equal(state_of(d), "waiting");
	assert_int_equal(d->t.due_ms, 0);
	d->now_ms += 60000;
	assert_string_equal(say(d, "the first"), "ok");
	assert_string_equal(state_of(d), "open");
	assert_true(d->t.due_ms > due);
	due = d->t.due_ms;
	d->now_ms += 60000;
	assert_string_equal(say(d, "and the second"), "ok");
	assert_int_equal(look(d)->due_ms, due);
	assert_int_equal(d->t.message_count, 4);
	assert_true(d->t.message[1].is_ours);
	assert_true(slice_is_equal(d->t.message[1].who, slice_of("ann@mx")));
	assert_int_equal(d->t.message[1].at_ms, start_ms + 60000);
	assert_string_equal(
		ticket_state_name(d->t.message[1].state), "waiting");
	wants_job(d, "ticket-link", "");
	wants_job(d, "ticket-admin", "0");
	wants_job(d, "ticket-answer", "1");
	wants_job(d, "ticket-admin", "2");
	wants_job(d, "ticket-admin", "3");
	wants_no_job(d);
}

static void a_mail_twice_counts_once(void **state)
{
	struct desk *d = *state;
	struct ticket_entry e = { .text = slice_of("again"),
		.message_id = slice_of("<1@example.org>") };

	open_one(d);
	e.id = slice_of(d->id);
	for (int i = 0; i < 2; i++)
		assert_string_equal(result_name(ticket_add(d->redis,
					    d->rig.conf, &e, d->now_ms)),
			"ok");
	assert_int_equal(look(d)->message_count, 2);
	e.message_id = slice_of("<2@example.org>");
	assert_int_equal(
		ticket_add(d->redis, d->rig.conf, &e, d->now_ms), RES_OK);
	assert_int_equal(look(d)->message_count, 3);
}

static void closes_by_itself_and_opens_again(void **state)
{
	struct desk *d = *state;
	const struct conf_support *s = &d->rig.conf->support;

	open_one(d);
	assert_string_equal(
		answer(d, "it is done", TICKET_RESOLVED, "granted"), "ok");
	assert_string_equal(state_of(d), "resolved");
	assert_true(slice_is_equal(d->t.outcome, slice_of("granted")));
	d->now_ms += s->close_s * 1000LL - 1;
	assert_string_equal(state_of(d), "resolved");
	d->now_ms += 1;
	assert_string_equal(state_of(d), "closed");
	d->now_ms = start_ms + s->reopen_s * 1000LL;
	assert_int_equal(look(d)->until_ms, d->now_ms);
	assert_string_equal(say(d, "not quite"), "ok");
	assert_string_equal(state_of(d), "reopened");
	assert_true(d->t.due_ms > d->now_ms);
	assert_int_equal(d->t.outcome.len, 0);
}

static void too_late_is_too_late(void **state)
{
	struct desk *d = *state;

	open_one(d);
	assert_string_equal(answer(d, "no", TICKET_RESOLVED, "denied"), "ok");
	d->now_ms += d->rig.conf->support.reopen_s * 1000LL + 1;
	assert_string_equal(say(d, "but"), "denied");
	assert_string_equal(state_of(d), "closed");
	assert_string_equal(answer(d, "we", TICKET_WAITING, ""), "ok");
	assert_string_equal(say(d, "now?"), "ok");
	assert_string_equal(state_of(d), "open");
}

static void has_an_end(void **state)
{
	struct desk *d = *state;
	const unsigned most = d->rig.conf->support.messages_max;

	open_one(d);
	for (unsigned i = 1; i < most; i++)
		assert_string_equal(say(d, "more"), "ok");
	assert_string_equal(say(d, "more"), "full");
	assert_string_equal(answer(d, "enough", TICKET_RESOLVED, "info"), "ok");
	assert_int_equal(look(d)->message_count, most + 1);
}

static void is_silent_where_there_is_nothing_to_say(void **state)
{
	struct desk *d = *state;

	open_one(d);
	wants_job(d, "ticket-link", "");
	wants_job(d, "ticket-admin", "0");
	assert_string_equal(answer(d, "", TICKET_ESCALATED, ""), "ok");
	wants_no_job(d);
	assert_string_equal(answer(d, "", TICKET_RESOLVED, "granted"), "ok");
	wants_job(d, "ticket-answer", "2");
	assert_string_equal(answer(d, "buy", TICKET_SPAM, ""), "ok");
	wants_no_job(d);
	assert_string_equal(say(d, "more"), "denied");
}

/* ---- every state and what may happen in it ---- */

/* Letters: n w e r c s, for the states a message leads to, "-": not allowed.
 * Columns: an answer of the sender, then we go to WAITING, ESCALATED, RESOLVED,
 * CLOSED, SPAM. */
static const struct {
	enum ticket_state from;
	const char *becomes[6];
} legal[] = {
	{ TICKET_NEW, { "-", "-", "-", "-", "closed", "spam" } },
	{ TICKET_OPEN,
		{ "open", "waiting", "escalated", "resolved", "closed",
			"spam" } },
	{ TICKET_WAITING,
		{ "open", "waiting", "escalated", "resolved", "closed",
			"spam" } },
	{ TICKET_ESCALATED,
		{ "escalated", "waiting", "escalated", "resolved", "closed",
			"spam" } },
	{ TICKET_REOPENED,
		{ "reopened", "waiting", "escalated", "resolved", "closed",
			"spam" } },
	{ TICKET_RESOLVED,
		{ "reopened", "waiting", "-", "resolved", "closed", "spam" } },
	{ TICKET_CLOSED,
		{ "reopened", "waiting", "-", "resolved", "-", "spam" } },
	{ TICKET_SPAM, { "-", "-", "-", "-", "-", "-" } },
};

static const enum ticket_state targets[] = { TICKET_UNKNOWN, TICKET_WAITING,
	TICKET_ESCALATED, TICKET_RESOLVED, TICKET_CLOSED, TICKET_SPAM };

static void put_state(struct desk *d, enum ticket_state s)
{
	char key[LINE_MAX_LEN], now[32];

	snprintf(key, sizeof(key), "rp:ticket:%s", d->id);
	snprintf(now, sizeof(now), "%lld", (long long)d->now_ms);
	assert_true(REDIS_DO(d->rig.server, "HSET", key, "state",
		ticket_state_name(s), "ended", now));
}

static void check_move(struct desk *d, size_t row, size_t column)
{
	const char *want = legal[row].becomes[column];
	const char *from = ticket_state_name(legal[row].from);
	const char *got;

	put_state(d, legal[row].from);
	got = column == 0 ? say(d, "x")
			  : answer(d, "x", targets[column], "info");
	if (strcmp(want, "-") != 0) {
		assert_string_equal(got, "ok");
		assert_string_equal(state_of(d), want);
		return;
	}
	assert_string_equal(got, "denied");
	assert_string_equal(state_of(d), from);
}

static void goes_only_where_it_may(void **state)
{
	struct desk *d = *state;

	open_one(d);
	for (size_t i = 0; i < sizeof(legal) / sizeof(legal[0]); i++)
		for (size_t k = 0; k < sizeof(targets) / sizeof(targets[0]);
			k++)
			check_move(d, i, k);
	assert_string_equal(answer(d, "x", TICKET_OPEN, ""), "denied");
	assert_string_equal(answer(d, "x", TICKET_NEW, ""), "denied");
	assert_string_equal(answer(d, "x", TICKET_UNKNOWN, ""), "denied");
}

static void our_turn_is_found_in_one_place(void **state)
{
	struct desk *d = *state;
	char due[LINE_MAX_LEN], want[32];

	open_one(d);
	snprintf(want, sizeof(want), "%lld", (long long)look(d)->due_ms);
	assert_string_equal(
		ASK(d, due, "ZSCORE", "rp:ticket:open", d->id), want);
	assert_string_equal(answer(d, "?", TICKET_WAITING, ""), "ok");
	assert_string_equal(ASK(d, due, "EXISTS", "rp:ticket:open"), "0");
	assert_string_equal(say(d, "!"), "ok");
	assert_string_equal(ASK(d, due, "ZCARD", "rp:ticket:open"), "1");
}

struct seen {
	size_t count;
	char first[CASE_REF_MAX];
};

static void see(void *ctx, const struct ticket *t)
{
	struct seen *s = ctx;

	if (s->count++ == 0)
		snprintf(s->first, sizeof(s->first), "%s", t->id);
}

static void is_listed_newest_first(void **state)
{
	struct desk *d = *state;
	struct seen s = { 0 };
	struct ticket_listing how = { .most = 10, .each = see, .ctx = &s };
	const struct ticket_form f = form();

	open_one(d);
	d->now_ms += 1000;
	(void)file(d, &f);
	assert_int_equal(
		ticket_list(d->redis, d->rig.conf, &how, d->now_ms), RES_OK);
	assert_int_equal(s.count, 2);
	assert_string_equal(s.first, d->id);
	s.count = 0;
	how.state = TICKET_OPEN;
	assert_int_equal(
		ticket_list(d->redis, d->rig.conf, &how, d->now_ms), RES_OK);
	assert_int_equal(s.count, 1);
	assert_string_not_equal(s.first, d->id);
}

static void changes_are_in_the_audit(void **state)
{
	struct desk *d = *state;
	char got[LINE_MAX_LEN];

	open_one(d);
	assert_string_equal(ASK(d, got, "XLEN", "rp:audit"), "1");
	assert_string_equal(answer(d, "?", TICKET_WAITING, ""), "ok");
	assert_string_equal(ASK(d, got, "XLEN", "rp:audit"), "2");
}

static void what_nobody_confirms_is_not_in_the_audit(void **state)
{
	struct desk *d = *state;
	const struct ticket_form f = form();
	char got[LINE_MAX_LEN];

	assert_int_equal(file(d, &f).filing, TICKET_FILED);
	assert_string_equal(ASK(d, got, "EXISTS", "rp:audit"), "0");
}

static void is_read_whatever_an_admin_wrote(void **state)
{
	struct desk *d = *state;
	char key[LINE_MAX_LEN];

	open_one(d);
	snprintf(key, sizeof(key), "rp:ticket:%s:log", d->id);
	assert_true(REDIS_DO(d->rig.server, "RPUSH", key, "no-json"));
	assert_true(REDIS_DO(d->rig.server, "RPUSH", key, "7"));
	assert_true(REDIS_DO(
		d->rig.server, "RPUSH", key, "{\"text\":\"by-hand\"}"));
	assert_int_equal(look(d)->message_count, 2);
	assert_true(slice_is_equal(d->t.message[1].text, slice_of("by-hand")));
	d->id[0] = d->id[0] == '0' ? '1' : '0';
	assert_string_equal(
		result_name(ticket_read(d->redis, d->rig.conf, slice_of(d->id),
			d->now_ms, d->arena, &d->t)),
		"syntax");
	case_ref_new(d->id);
	assert_string_equal(
		result_name(ticket_read(d->redis, d->rig.conf, slice_of(d->id),
			d->now_ms, d->arena, &d->t)),
		"missing");
	assert_string_equal(say(d, "x"), "missing");
}

static void nothing_happens_without_redis(void **state)
{
	struct desk *d = *state;
	struct ticket_filed filed;
	const struct ticket_form f = form();

	open_one(d);
	redis_server_kill(d->rig.server);
	assert_string_equal(say(d, "x"), "down");
	assert_string_equal(result_name(ticket_file(d->redis, d->rig.conf,
				    &d->secret, d->now_ms, &f, &filed)),
		"down");
}

#define DESK(text, function)                                                   \
	{                                                                      \
		.name = (text), .test_func = (function), .setup_func = set_up, \
		.teardown_func = tear_down                                     \
	}

int main(void)
{
	const struct CMUnitTest cases[] = {
		DESK("a ticket is open once its mailbox is confirmed",
			waits_for_its_mailbox),
		DESK("the link of its letter works once", a_link_works_once),
		DESK("a token of another kind opens nothing",
			a_stranger_has_no_link),
		DESK("what nobody confirms or needs any more is forgotten",
			what_nobody_confirms_is_forgotten),
		DESK("a delist request has one ticket, open at once",
			a_request_has_one_ticket),
		DESK("a mailbox gets a few letters a day, then silence",
			a_mailbox_is_not_flooded),
		DESK("a detail makes no other mailbox",
			a_detail_makes_no_other_mailbox),
		DESK("a domain gets thirty letters a day",
			a_domain_is_not_flooded),
		DESK("a mailbox that wants no mail gets none",
			a_mailbox_that_wants_no_mail_gets_none),
		DESK("a visitor who asks too often is told to wait",
			a_visitor_may_not_ask_for_ever),
		DESK("a text that is too long is refused",
			a_long_text_is_refused),
		DESK("question and answer go to and fro, each with its letter",
			goes_to_and_fro),
		DESK("a mail that is delivered twice counts once",
			a_mail_twice_counts_once),
		DESK("a resolved ticket closes, and opens again on an answer",
			closes_by_itself_and_opens_again),
		DESK("an answer that is too late is refused, until we ask",
			too_late_is_too_late),
		DESK("a sender cannot go on for ever, and we can end it",
			has_an_end),
		DESK("no letter goes where there is nothing to say",
			is_silent_where_there_is_nothing_to_say),
		DESK("a ticket goes from each state only where it may",
			goes_only_where_it_may),
		DESK("those that wait for us are found by the promised time",
			our_turn_is_found_in_one_place),
		DESK("tickets are listed newest first, by state",
			is_listed_newest_first),
		DESK("every change is in the audit", changes_are_in_the_audit),
		DESK("what nobody confirms is not in the audit",
			what_nobody_confirms_is_not_in_the_audit),
		DESK("what an admin wrote by hand breaks nothing",
			is_read_whatever_an_admin_wrote),
		DESK("without Redis nothing is said to be done",
			nothing_happens_without_redis),
	};

	return cmocka_run_group_tests_name("store/ticket", cases, NULL, NULL);
}
