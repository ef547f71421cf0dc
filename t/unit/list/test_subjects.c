/* SPDX-License-Identifier: BSD-2-Clause */
/* Entries about a country, a network by number, or a domain. */
#include "list/blocked.h"

#include "base/arena.h"
#include "store/blocklist.h"
#include "support/case.h"
#include "unit/store/rig.h"

#include <stdio.h>
#include <string.h>

enum { KEYS_MAX = 4 };

struct row {
	const char *key[KEYS_MAX]; /* that exist */
	const char *ptr; /* confirmed */
	const char *forged; /* a PTR that does not lead back */
	const char *helo;
	const char *from; /* domain of MAIL FROM */
	const char *want; /* "blocked KEY", "allowed KEY", "clear" */
	bool is_nowhere; /* neither country nor network are known */
};

struct place {
	struct rig rig;
	struct blocklist *list;
	struct arena *arena;
	struct blocked_service service;
};

static void open_place(struct place *p)
{
	rig_go(&p->rig, NULL);
	assert_int_equal(blocklist_open(&p->list, p->rig.conf, p->rig.mirror,
				 clock_system()),
		RES_OK);
	p->service = (struct blocked_service){ p->list, NULL };
	p->arena = arena_new(1 << 16);
	assert_non_null(p->arena);
}

static void close_place(struct place *p)
{
	arena_free(p->arena);
	blocklist_close(p->list);
	rig_remove(&p->rig);
}

static struct conn conn_of(const struct row *row)
{
	struct conn c = { .kind = CONN_REMOTE, .country = "NL", .asn = 64500 };

	assert_int_equal(ipaddr_parse(&c.ip, slice_of("192.0.2.1")), RES_OK);
	if (row->is_nowhere) {
		c.asn = 0;
		c.country[0] = '\0';
	}
	c.helo = slice_of(row->helo);
	c.ptr = slice_of(row->ptr);
	c.resolve = slice_of("OK");
	if (row->forged != NULL) {
		c.ptr = slice_of(row->forged);
		c.resolve = slice_of("FORGED");
	}
	return c;
}

static const char *ask(struct place *p, const struct row *row, char out[256])
{
	const struct conn conn = conn_of(row);
	struct envelope envelope = { .rcpt_domain = "example.net",
		.sender.domain = slice_of(row->from) };
	const struct check_input in = { .conf = p->rig.conf,
		.conn = &conn,
		.envelope = &envelope,
		.arena = p->arena,
		.service = &p->service };
	struct findings f;

	findings_clear(&f);
	arena_reset(p->arena);
	blocked_run(&in, &f);
	snprintf(out, 256, "clear");
	for (size_t i = 0; i < f.count; i++) {
		assert_int_not_equal(f.item[i].outcome, OUTCOME_UNKNOWN);
		if (f.item[i].outcome == OUTCOME_HIT)
			snprintf(out, 256, "%s %.*s", f.item[i].check,
				SLICE_ARG(f.item[i].subject));
	}
	return out;
}

static size_t set_keys(struct place *p, const struct row *row)
{
	size_t count = 0;

	for (; count < KEYS_MAX && row->key[count] != NULL; count++)
		assert_true(REDIS_DO(
			p->rig.server, "SET", row->key[count], "a reason"));
	return count;
}

static void decides(void **state)
{
	const struct row *row = *state;
	struct place p;
	char got[256];

	open_place(&p);
	rig_wants_entries(p.rig.mirror, set_keys(&p, row));
	assert_string_equal(ask(&p, row, got), row->want);
	close_place(&p);
}

/* As an admin does it, with sessions that are open. */
static void acts_at_once(void **state)
{
	static const struct row client = { .helo = "mx.spam.example" };
	static const char *const keys[] = { "rp:block:asn:64500",
		"rp:block:country:NL", "rp:block:domain:spam.example" };
	struct place p;
	char got[256], want[256];

	(void)state;
	open_place(&p);
	for (size_t i = 0; i < 3; i++) {
		int64_t end = rig_end();

		assert_string_equal(ask(&p, &client, got), "clear");
		assert_true(REDIS_DO(p.rig.server, "HSET", keys[i], "reason",
			"x", "class", "policy"));
		snprintf(want, sizeof(want), "blocked %s", keys[i]);
		while (strcmp(ask(&p, &client, got), want) != 0 &&
			rig_goes_on(end))
			;
		assert_string_equal(got, want);
		assert_true(REDIS_DO(p.rig.server, "DEL", keys[i]));
		for (end = rig_end();
			strcmp(ask(&p, &client, got), "clear") != 0 &&
			rig_goes_on(end);)
			;
	}
	close_place(&p);
}

/* Without Redis the copy on disk knows them, names of domains too. */
static void outlives_redis(void **state)
{
	static const struct row client = {
		.key = { "rp:allow:asn:64501", "rp:block:country:NL",
			"rp:block@example.net:domain:Spam.Example" },
		.helo = "mx.spam.example",
		.want = "blocked rp:block@example.net:domain:Spam.Example"
	};
	struct place p;
	char got[256];

	(void)state;
	open_place(&p);
	rig_wants_entries(p.rig.mirror, set_keys(&p, &client));
	rig_wants_flags(p.rig.mirror);
	blocklist_close(p.list);
	redis_server_kill(p.rig.server);
	rig_reopen(&p.rig);
	assert_int_equal(blocklist_open(&p.list, p.rig.conf, p.rig.mirror,
				 clock_system()),
		RES_OK);
	p.service.list = p.list;
	assert_int_equal(rig_status(p.rig.mirror).state, MIRROR_SNAPSHOT);
	assert_string_equal(ask(&p, &client, got), client.want);
	close_place(&p);
}

#define DECIDES(name, ...) CASE(name, decides, (&(struct row){ __VA_ARGS__ }))
#define KEYS(...) .key = { __VA_ARGS__ }

int main(void)
{
	const struct CMUnitTest cases[] = {
		DECIDES("a listed network refuses its addresses",
			KEYS("rp:block:asn:64500"),
			.want = "blocked rp:block:asn:64500"),
		DECIDES("another network is not meant",
			KEYS("rp:block:asn:64501"), .want = "clear"),
		DECIDES("a listed country, in lower case",
			KEYS("rp:block:country:nl"),
			.want = "blocked rp:block:country:nl"),
		DECIDES("who is known to be nowhere is in no country",
			KEYS("rp:block:asn:0", "rp:block:country:NL"),
			.want = "clear", .is_nowhere = true),
		DECIDES("the domain of MAIL FROM",
			KEYS("rp:block:domain:spam.example"),
			.from = "Spam.Example",
			.want = "blocked rp:block:domain:spam.example"),
		DECIDES("a domain below it, in the greeting",
			KEYS("rp:block:domain:spam.example"),
			.helo = "mx1.mail.spam.example",
			.want = "blocked rp:block:domain:spam.example"),
		DECIDES("the confirmed name of the address",
			KEYS("rp:block:domain:spam.example"),
			.ptr = "mx.spam.example",
			.want = "blocked rp:block:domain:spam.example"),
		DECIDES("a name that is forged says nothing of its owner",
			KEYS("rp:block:domain:spam.example"),
			.forged = "mx.spam.example", .want = "clear"),
		DECIDES("a name that only ends alike",
			KEYS("rp:block:domain:spam.example"),
			.helo = "notspam.example", .want = "clear"),
		DECIDES("a domain allows by the confirmed name",
			KEYS("rp:allow:domain:good.example",
				"rp:block:192.0.2.1"),
			.ptr = "mx.good.example",
			.want = "allowed rp:allow:domain:good.example"),
		DECIDES("a domain does not allow by what anybody can claim",
			KEYS("rp:allow:domain:good.example",
				"rp:block:192.0.2.1"),
			.helo = "mx.good.example", .from = "good.example",
			.forged = "mx.good.example",
			.want = "blocked rp:block:192.0.2.1"),
		DECIDES("allow beats block, however wide",
			KEYS("rp:allow:country:NL", "rp:block:192.0.2.1",
				"rp:block:asn:64500"),
			.want = "allowed rp:allow:country:NL"),
		DECIDES("a network is narrower than a domain",
			KEYS("rp:block:domain:spam.example",
				"rp:block:192.0.0.0/16"),
			.helo = "spam.example",
			.want = "blocked rp:block:192.0.0.0/16"),
		DECIDES("a domain is narrower than an ASN",
			KEYS("rp:block:asn:64500",
				"rp:block:domain:spam.example"),
			.helo = "spam.example",
			.want = "blocked rp:block:domain:spam.example"),
		DECIDES("an ASN is narrower than a country",
			KEYS("rp:block:country:NL", "rp:block:asn:64500"),
			.want = "blocked rp:block:asn:64500"),
		DECIDES("a list of the recipient's domain is final",
			KEYS("rp:allow@example.net:country:NL",
				"rp:block:192.0.2.1"),
			.want = "allowed rp:allow@example.net:country:NL"),
		DECIDES("a list of another domain does not count",
			KEYS("rp:block@example.org:country:NL",
				"rp:block@example.org:domain:spam.example"),
			.helo = "spam.example", .want = "clear"),
		CASE("edits act at once", acts_at_once, NULL),
		CASE("the copy on disk has them", outlives_redis, NULL),
	};

	return cmocka_run_group_tests_name("list/subjects", cases, NULL, NULL);
}
