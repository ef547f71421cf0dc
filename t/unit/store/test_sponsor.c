/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/sponsor.h"

#include "base/arena.h"
#include "store/blocklist.h"
#include "store/link.h"
#include "store/mailq.h"
#include "store/secret.h"
#include "store/ticket.h"
#include "support/case.h"
#include "unit/store/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_MAX = 65536, LINE_MAX_LEN = 512 };

static const char ref[] = "7K3M9QXB2HTD4FZ6T";

struct desk {
	struct rig rig;
	struct redis *redis;
	struct secret secret;
	struct arena *arena;
	int64_t now_ms;
	char ref[CASE_REF_MAX];
	struct sponsor_form form;
	struct sponsor_filed filed;
};

static int set_up(void **state)
{
	const struct link_request want = { .purpose = LINK_WRITE,
		.timeout_ms = 5000 };
	struct desk *d = calloc(1, sizeof(*d));
	struct endpoint server;

	assert_non_null(d);
	rig_go(&d->rig, NULL);
	assert_int_equal(
		link_open(d->rig.conf, &want, &d->redis, &server, NULL),
		RES_OK);
	memcpy(d->secret.octet, "0123456789abcdef", 16);
	d->secret.len = 16;
	d->arena = arena_new(ARENA_MAX);
	assert_non_null(d->arena);
	d->now_ms = clock_wall_ms(clock_system());
	case_ref_new(d->ref);
	d->form = (struct sponsor_form){ .ref = slice_of(d->ref),
		.mailbox = slice_of("Ann@Example.net"),
		.language = slice_of("pt-BR") };
	assert_int_equal(
		ipaddr_parse(&d->form.ip, slice_of("192.0.2.7")), RES_OK);
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

static enum sponsor_filing file(struct desk *d)
{
	assert_string_equal(
		result_name(sponsor_file(d->redis, d->rig.conf, &d->secret,
			d->now_ms, &d->form, &d->filed)),
		"ok");
	return d->filed.filing;
}

static const char *confirm(struct desk *d)
{
	char token[TOKEN_TEXT_MAX], sid[CASE_REF_MAX] = "";
	enum result res;

	assert_int_equal(token_make(&d->secret, TOKEN_SPONSOR,
				 slice_of(d->filed.sid), token),
		RES_OK);
	res = sponsor_confirm(d->redis, d->rig.conf, &d->secret,
		slice_of(token), d->now_ms, sid);
	if (res == RES_OK || res == RES_EXISTS)
		assert_string_equal(sid, d->filed.sid);
	return result_name(res);
}

static const char *next_job(struct desk *d)
{
	const struct mailq_taking how = { .worker = slice_of("test"),
		.now_ms = d->now_ms };
	struct mailq_job job;

	if (mailq_take(d->redis, slice_of(d->rig.conf->redis.prefix), &how,
		    d->arena, &job) != RES_OK)
		return "";
	assert_int_equal(
		mailq_done(d->redis, slice_of(d->rig.conf->redis.prefix), &job),
		RES_OK);
	return arena_text(d->arena, job.kind);
}

static struct sponsorship look(struct desk *d)
{
	struct sponsorship s;

	assert_string_equal(result_name(sponsor_read(d->redis, d->rig.conf,
				    slice_of(d->filed.sid), d->arena, &s)),
		"ok");
	return s;
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

/* The key of the exception for a mailbox. */
static const char *key_of(struct desk *d, const char *mailbox, char *out)
{
	char scope[HOSTNAME_MAX];

	assert_int_equal(
		sponsor_scope(&d->secret, slice_of(mailbox), scope), RES_OK);
	snprintf(out, LINE_MAX_LEN, "rp:allow@%s:192.0.2.7", scope);
	return out;
}

static void lets_one_client_write_to_one_mailbox(void **state)
{
	struct desk *d = *state;
	char key[LINE_MAX_LEN], got[LINE_MAX_LEN];
	struct sponsorship s;

	assert_int_equal(file(d), SPONSOR_FILED);
	assert_string_equal(next_job(d), "sponsor-link");
	assert_false(look(d).is_confirmed);
	assert_string_equal(
		ASK(d, got, "EXISTS", key_of(d, "ann@example.net", key)), "0");
	assert_string_equal(confirm(d), "ok");
	s = look(d);
	assert_true(s.is_confirmed);
	assert_string_equal(s.ref, d->ref);
	assert_true(slice_is_equal(s.mailbox, slice_of("Ann@Example.net")));
	assert_true(slice_is_equal(s.language, slice_of("pt-BR")));
	assert_int_equal(s.until_ms,
		d->now_ms + d->rig.conf->support.sponsor_s * 1000LL);
	assert_string_equal(ASK(d, got, "HGET", key, "origin"), "sponsor");
	assert_string_equal(ASK(d, got, "HGET", key, "ref"), d->ref);
	assert_in_range(number(ASK(d, got, "TTL", key)),
		d->rig.conf->support.sponsor_s - 60,
		d->rig.conf->support.sponsor_s);
	assert_string_equal(
		ASK(d, got, "EXISTS", key_of(d, "bob@example.net", key)), "0");
	assert_string_equal(ASK(d, got, "XLEN", "rp:audit"), "1");
}

static void a_milter_knows_the_exception(void **state)
{
	struct desk *d = *state;
	struct blocklist *list = NULL;
	struct blocklist_result got;
	char scope[HOSTNAME_MAX];
	int64_t end = rig_end();

	assert_true(REDIS_DO(d->rig.server, "SET", "rp:block:192.0.2.7", "x"));
	assert_int_equal(file(d), SPONSOR_FILED);
	assert_string_equal(confirm(d), "ok");
	rig_wants_entries(d->rig.mirror, 2);
	assert_int_equal(blocklist_open(&list, d->rig.conf, d->rig.mirror,
				 clock_system()),
		RES_OK);
	assert_int_equal(
		sponsor_scope(&d->secret, slice_of("ann@example.net"), scope),
		RES_OK);
	do {
		arena_reset(d->arena);
		assert_int_equal(blocklist_match(list, &d->form.ip,
					 slice_of(scope), d->arena, &got),
			RES_OK);
	} while (got.answer != BLOCKLIST_ALLOWED && rig_goes_on(end));
	assert_string_equal(blocklist_answer_name(got.answer),
		blocklist_answer_name(BLOCKLIST_ALLOWED));
	assert_int_equal(blocklist_match(list, &d->form.ip,
				 slice_of("example.net"), d->arena, &got),
		RES_OK);
	assert_string_equal(blocklist_answer_name(got.answer),
		blocklist_answer_name(BLOCKLIST_BLOCKED));
	blocklist_close(list);
}

static void a_link_works_once(void **state)
{
	struct desk *d = *state;
	char got[LINE_MAX_LEN], key[LINE_MAX_LEN];

	assert_int_equal(file(d), SPONSOR_FILED);
	assert_string_equal(confirm(d), "ok");
	(void)key_of(d, "ann@example.net", key);
	assert_true(REDIS_DO(d->rig.server, "DEL", key));
	assert_string_equal(confirm(d), "exists");
	assert_string_equal(ASK(d, got, "EXISTS", key), "0");
}

static void another_token_is_none(void **state)
{
	struct desk *d = *state;
	char token[TOKEN_TEXT_MAX], sid[CASE_REF_MAX];

	assert_int_equal(file(d), SPONSOR_FILED);
	assert_int_equal(token_make(&d->secret, TOKEN_TICKET,
				 slice_of(d->filed.sid), token),
		RES_OK);
	assert_string_equal(
		result_name(sponsor_confirm(d->redis, d->rig.conf, &d->secret,
			slice_of(token), d->now_ms, sid)),
		"missing");
	assert_string_equal(result_name(sponsor_find(
				    d->redis, d->rig.conf, slice_of("x"), sid)),
		"missing");
}

static void a_mailbox_is_not_flooded(void **state)
{
	struct desk *d = *state;

	for (unsigned i = 0; i < d->rig.conf->support.per_mailbox; i++) {
		assert_int_equal(file(d), SPONSOR_FILED);
		assert_string_equal(next_job(d), "sponsor-link");
	}
	d->form.mailbox = slice_of("ann+1@example.NET");
	assert_int_equal(file(d), SPONSOR_SILENT);
	assert_string_equal(next_job(d), "");
	assert_string_equal(confirm(d), "missing");
	d->now_ms += 2 * 86400000LL;
	assert_int_equal(file(d), SPONSOR_FILED);
}

static void a_visitor_may_not_ask_for_ever(void **state)
{
	struct desk *d = *state;
	char mail[64];

	d->form.has_client = true;
	d->form.client = d->form.ip;
	for (unsigned i = 0; i <= d->rig.conf->delist.per_client; i++) {
		snprintf(mail, sizeof(mail), "ann%u@example.net", i);
		d->form.mailbox = slice_of(mail);
		(void)file(d);
	}
	assert_int_equal(d->filed.filing, SPONSOR_LIMITED);
	assert_true(d->filed.wait_s > 0);
}

static void file_ticket(struct desk *d, char id[CASE_REF_MAX])
{
	const struct ticket_form f = { .mail = slice_of("joe@example.org"),
		.text = slice_of("x"),
		.ref = slice_of(d->ref),
		.rid = slice_of(ref) };
	struct ticket_filed filed;

	assert_int_equal(ticket_file(d->redis, d->rig.conf, &d->secret,
				 d->now_ms, &f, &filed),
		RES_OK);
	snprintf(id, CASE_REF_MAX, "%s", filed.id);
}

static struct ticket look_at_ticket(struct desk *d, const char *id)
{
	struct ticket t;

	assert_int_equal(ticket_read(d->redis, d->rig.conf, slice_of(id),
				 d->now_ms, d->arena, &t),
		RES_OK);
	return t;
}

static void a_ticket_of_the_case_goes_first(void **state)
{
	struct desk *d = *state;
	char id[CASE_REF_MAX], got[LINE_MAX_LEN];
	struct ticket before, after;

	file_ticket(d, id);
	before = look_at_ticket(d, id);
	assert_false(before.is_sponsored);
	assert_int_equal(file(d), SPONSOR_FILED);
	assert_string_equal(confirm(d), "ok");
	after = look_at_ticket(d, id);
	assert_true(after.is_sponsored);
	assert_int_equal(
		after.due_ms - d->now_ms, (before.due_ms - d->now_ms) / 2);
	assert_int_equal(number(ASK(d, got, "ZSCORE", "rp:ticket:open", id)),
		after.due_ms);
}

static void a_later_ticket_is_sponsored_too(void **state)
{
	struct desk *d = *state;
	char id[CASE_REF_MAX];

	assert_int_equal(file(d), SPONSOR_FILED);
	assert_string_equal(confirm(d), "ok");
	file_ticket(d, id);
	assert_true(look_at_ticket(d, id).is_sponsored);
}

static void nothing_happens_without_redis(void **state)
{
	struct desk *d = *state;

	assert_int_equal(file(d), SPONSOR_FILED);
	redis_server_kill(d->rig.server);
	assert_string_equal(confirm(d), "down");
}

#define DESK(text, function)                                                   \
	{                                                                      \
		.name = (text), .test_func = (function), .setup_func = set_up, \
		.teardown_func = tear_down                                     \
	}

int main(void)
{
	const struct CMUnitTest cases[] = {
		DESK("a recipient lets one client write to one mailbox",
			lets_one_client_write_to_one_mailbox),
		DESK("a milter knows it for that mailbox and no other",
			a_milter_knows_the_exception),
		DESK("the link of the letter works once", a_link_works_once),
		DESK("a token of another kind lets nobody in",
			another_token_is_none),
		DESK("a mailbox gets a few letters a day, then silence",
			a_mailbox_is_not_flooded),
		DESK("a visitor who asks too often is told to wait",
			a_visitor_may_not_ask_for_ever),
		DESK("a ticket of that case goes first",
			a_ticket_of_the_case_goes_first),
		DESK("a ticket that comes later is sponsored, too",
			a_later_ticket_is_sponsored_too),
		DESK("without Redis nothing is said to be done",
			nothing_happens_without_redis),
	};

	return cmocka_run_group_tests_name("store/sponsor", cases, NULL, NULL);
}
