/* SPDX-License-Identifier: BSD-2-Clause */
#include "list/blocked.h"

#include "base/arena.h"
#include "store/blocklist.h"
#include "store/secret.h"
#include "store/sponsor.h"
#include "support/case.h"
#include "unit/store/rig.h"

#include <stdio.h>

struct row {
	enum blocklist_answer answer;
	bool winner;
	bool shadow;
	enum listing_class class;
	const char *want; /* of "blocked" and "allowed" */
};

static void format(const struct finding *f, char *out, size_t size)
{
	assert_non_null(f);
	snprintf(out, size, "%s=%s%s%s key=%.*s reason=%.*s", f->check,
		outcome_name(f->outcome),
		f->detail != NULL && f->detail[0] != '\0' ? " " : "",
		f->detail == NULL ? "" : f->detail, SLICE_ARG(f->subject),
		SLICE_ARG(f->evidence));
}

static void reports(void **state)
{
	const struct row *row = *state;
	const struct listing entry = { .kind = LIST_BLOCK,
		.key = slice_of("rp:block:192.0.2.1"),
		.class = row->class,
		.until_s = 77,
		.reason = slice_of("spam run") };
	const struct blocklist_result r = { .answer = row->answer,
		.winner = row->winner ? &entry : NULL,
		.shadow = row->shadow ? &entry : NULL };
	struct findings f;
	char blocked[200];
	char allowed[200];
	char got[500];

	findings_clear(&f);
	blocked_report(&r, &f);
	format(findings_find(&f, "blocked"), blocked, sizeof(blocked));
	format(findings_find(&f, "allowed"), allowed, sizeof(allowed));
	snprintf(got, sizeof(got), "%s%s; %s", blocked,
		findings_find(&f, "blocked")->shadow ? " shadow" : "", allowed);
	assert_string_equal(got, row->want);
	assert_int_equal(f.count, 2);
}

/* ---- somebody vouches for a client ---- */

struct door {
	struct rig rig;
	struct blocklist *list;
	struct secret secret;
	struct blocked_service service;
	struct conn conn;
	struct arena *arena;
};

static void door_open(struct door *d)
{
	rig_go(&d->rig, NULL);
	assert_true(REDIS_DO(d->rig.server, "SET", "rp:block:192.0.2.1", "x"));
	rig_wants(d->rig.mirror, "192.0.2.1", true);
	assert_int_equal(blocklist_open(&d->list, d->rig.conf, d->rig.mirror,
				 clock_system()),
		RES_OK);
	d->secret = (struct secret){ .len = 16 };
	d->service = (struct blocked_service){ d->list, &d->secret };
	d->conn = (struct conn){ .kind = CONN_REMOTE };
	assert_int_equal(
		ipaddr_parse(&d->conn.ip, slice_of("192.0.2.1")), RES_OK);
	d->arena = arena_new(1 << 16);
	assert_non_null(d->arena);
}

static void door_close(struct door *d)
{
	arena_free(d->arena);
	blocklist_close(d->list);
	rig_remove(&d->rig);
}

static bool is_allowed(struct door *d, const char *rcpt)
{
	struct envelope envelope = { .rcpt_domain = "example.net" };
	struct check_input in = { .conf = d->rig.conf,
		.conn = &d->conn,
		.envelope = &envelope,
		.arena = d->arena,
		.service = &d->service };
	struct findings f;

	assert_int_equal(address_parse(&envelope.rcpt, slice_of(rcpt)), RES_OK);
	findings_clear(&f);
	arena_reset(d->arena);
	blocked_run(&in, &f);
	assert_int_not_equal(
		findings_find(&f, "blocked")->outcome, OUTCOME_UNKNOWN);
	return findings_find(&f, "allowed")->outcome == OUTCOME_HIT;
}

static void vouch(struct door *d, const char *mailbox, const char *ip)
{
	char scope[HOSTNAME_MAX], key[400];
	int64_t end = rig_end();

	assert_int_equal(
		sponsor_scope(&d->secret, slice_of(mailbox), scope), RES_OK);
	snprintf(key, sizeof(key), "rp:allow@%s:%s", scope, ip);
	assert_true(REDIS_DO(d->rig.server, "SET", key, "a recipient"));
	while (rig_status(d->rig.mirror).allows == 0 && rig_goes_on(end))
		;
}

static void one_mailbox_opens(void **state)
{
	struct door d;

	(void)state;
	door_open(&d);
	assert_false(is_allowed(&d, "<ann@example.net>"));
	vouch(&d, "ann@example.net", "192.0.2.1");
	assert_true(is_allowed(&d, "<ann@example.net>"));
	assert_true(is_allowed(&d, "<Ann@Example.NET>"));
	assert_false(is_allowed(&d, "<bob@example.net>"));
	assert_false(is_allowed(&d, "<ann@example.org>"));
	assert_int_equal(
		ipaddr_parse(&d.conn.ip, slice_of("192.0.2.2")), RES_OK);
	assert_false(is_allowed(&d, "<ann@example.net>"));
	door_close(&d);
}

static void nobody_is_asked_without_a_key(void **state)
{
	struct door d;

	(void)state;
	door_open(&d);
	vouch(&d, "ann@example.net", "192.0.2.1");
	d.service.secret = NULL;
	assert_false(is_allowed(&d, "<ann@example.net>"));
	door_close(&d);
}

int main(void)
{
	static const struct row unknown = { BLOCKLIST_UNKNOWN, false, false,
		LISTING_SELF,
		"blocked=unknown key= reason=; allowed=unknown key= reason=" };
	static const struct row clear = { BLOCKLIST_CLEAR, false, false,
		LISTING_SELF,
		"blocked=miss key= reason=; allowed=miss key= reason=" };
	static const struct row listed = { BLOCKLIST_BLOCKED, true, false,
		LISTING_REVIEW,
		"blocked=hit review key=rp:block:192.0.2.1 reason=spam run; "
		"allowed=miss key= reason=" };
	static const struct row allowed = { BLOCKLIST_ALLOWED, true, false,
		LISTING_SELF,
		"blocked=miss key= reason=; "
		"allowed=hit key=rp:block:192.0.2.1 reason=spam run" };
	static const struct row shadow = { BLOCKLIST_CLEAR, false, true,
		LISTING_FEED,
		"blocked=hit feed key=rp:block:192.0.2.1 reason=spam run "
		"shadow; allowed=miss key= reason=" };
	static const struct row both = { BLOCKLIST_BLOCKED, true, true,
		LISTING_SELF,
		"blocked=hit self key=rp:block:192.0.2.1 reason=spam run; "
		"allowed=miss key= reason=" };
	const struct CMUnitTest cases[] = {
		CASE("no copy to answer from is unknown, not a miss", reports,
			&unknown),
		CASE("nothing that covers it is a miss", reports, &clear),
		CASE("a listing is a hit with class, key and reason", reports,
			&listed),
		CASE("an allow entry is a hit of allowed", reports, &allowed),
		CASE("an entry in shadow is a hit in shadow", reports, &shadow),
		CASE("beside an enforced entry the shadow one is silent",
			reports, &both),
		CASE("who is vouched for reaches that mailbox, and no other",
			one_mailbox_opens, NULL),
		CASE("without the key of the hashes nobody can vouch",
			nobody_is_asked_without_a_key, NULL),
	};

	return cmocka_run_group_tests_name("list/blocked", cases, NULL, NULL);
}
