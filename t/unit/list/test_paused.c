/* SPDX-License-Identifier: BSD-2-Clause */
#include "list/paused.h"

#include "base/arena.h"
#include "store/account.h"
#include "store/blocklist.h"
#include "support/case.h"
#include "unit/store/rig.h"

#include <stdio.h>
#include <string.h>

enum { KEYS_MAX = 4, SAID_MAX = 256 };

/* "HASH" in a key stands for the account joe@example.org. */
struct row {
	const char *key[KEYS_MAX]; /* field "reason" is the key as written */
	const char *shadow; /* one of them, or NULL */
	const char *want; /* "paused KEY", "shadow KEY", "free" */
	const char *rcpt_domain; /* NULL: another one */
};

struct office {
	struct rig rig;
	struct blocklist *list;
	struct secret secret;
	struct paused_service service;
	struct arena *arena;
};

static void make_office(struct office *o)
{
	rig_make(&o->rig, NULL);
	assert_int_equal(blocklist_open(&o->list, o->rig.conf, o->rig.mirror,
				 clock_system()),
		RES_OK);
	o->secret = (struct secret){ .len = 16 };
	o->service = (struct paused_service){ o->list, &o->secret };
	o->arena = arena_new(1 << 16);
	assert_non_null(o->arena);
}

static void open_office(struct office *o)
{
	make_office(o);
	assert_int_equal(mirror_start(o->rig.mirror), RES_OK);
	rig_wants_state(o->rig.mirror, MIRROR_LIVE);
}

static void close_office(struct office *o)
{
	arena_free(o->arena);
	blocklist_close(o->list);
	rig_remove(&o->rig);
}

static void key_of(const struct office *o, const char *text, char out[200])
{
	const char *at = strstr(text, "HASH");
	char hash[SECRET_HASH_MAX];

	assert_int_equal(
		account_hash(&o->secret, slice_of("joe@example.org"), hash),
		RES_OK);
	if (at == NULL)
		snprintf(out, 200, "%s", text);
	else
		snprintf(out, 200, "%.*s%s%s", (int)(at - text), text, hash,
			at + strlen("HASH"));
}

static void put(const struct office *o, const char *text, bool shadow)
{
	char key[200];

	key_of(o, text, key);
	assert_true(REDIS_DO(o->rig.server, "HSET", key, "reason", text,
		"shadow", shadow ? "yes" : "no"));
}

/* Who sends: conn and envelope; "" for what there is not. */
struct sender {
	bool is_trusted;
	bool is_local;
	const char *auth_type;
	const char *auth_name;
	const char *from;
};

static const struct sender joe = {
	.auth_type = "PLAIN", .auth_name = "joe@example.org", .from = "<>"
};

static const char *ask(struct office *o, const struct sender *s,
	const char *rcpt_domain, char out[SAID_MAX])
{
	const struct conn conn = { .kind = s->is_local ? CONN_LOCAL
						       : CONN_REMOTE,
		.is_trusted = s->is_trusted };
	struct envelope envelope = { .auth_type = slice_of(s->auth_type),
		.auth_name = slice_of(s->auth_name) };
	const struct check_input in = { .conf = o->rig.conf,
		.conn = &conn,
		.envelope = &envelope,
		.arena = o->arena,
		.service = &o->service };
	struct findings f;

	snprintf(envelope.rcpt_domain, sizeof(envelope.rcpt_domain), "%s",
		rcpt_domain == NULL ? "sender.example" : rcpt_domain);
	assert_int_equal(
		address_parse(&envelope.sender, slice_of(s->from)), RES_OK);
	findings_clear(&f);
	arena_reset(o->arena);
	paused_run(&in, &f);
	assert_in_range(f.count, 0, 1);
	snprintf(out, SAID_MAX, "free");
	if (f.count == 1) {
		assert_string_equal(f.item[0].check, "account");
		assert_string_equal(f.item[0].detail, "paused");
		assert_int_equal(f.item[0].outcome, OUTCOME_HIT);
		snprintf(out, SAID_MAX, "%s %.*s",
			f.item[0].shadow ? "shadow" : "paused",
			SLICE_ARG(f.item[0].evidence));
	}
	return out;
}

static void wants(struct office *o, const struct sender *s,
	const char *rcpt_domain, const char *want)
{
	int64_t end = rig_end();
	char said[SAID_MAX];

	while (strcmp(ask(o, s, rcpt_domain, said), want) != 0 &&
		rig_goes_on(end))
		;
	assert_string_equal(said, want);
}

static void decides(void **state)
{
	const struct row *row = *state;
	struct office o;
	size_t count = 0;

	open_office(&o);
	for (; count < KEYS_MAX && row->key[count] != NULL; count++)
		put(&o, row->key[count],
			row->shadow != NULL &&
				strcmp(row->shadow, row->key[count]) == 0);
	rig_wants_entries(o.rig.mirror, count);
	rig_wants_flags(o.rig.mirror);
	wants(&o, &joe, row->rcpt_domain, row->want);
	close_office(&o);
}

static void resumes(void **state)
{
	struct office o;
	char key[200];

	(void)state;
	open_office(&o);
	key_of(&o, "rp:block:user:HASH", key);
	wants(&o, &joe, NULL, "free");
	put(&o, "rp:block:user:HASH", false);
	wants(&o, &joe, NULL, "paused rp:block:user:HASH");
	assert_true(REDIS_DO(o.rig.server, "DEL", key));
	wants(&o, &joe, NULL, "free");
	put(&o, "rp:block:user:HASH", false);
	assert_true(REDIS_DO(o.rig.server, "PEXPIRE", key, "300"));
	wants(&o, &joe, NULL, "paused rp:block:user:HASH");
	wants(&o, &joe, NULL, "free");
	close_office(&o);
}

static void knows_who_sends(void **state)
{
	static const struct {
		struct sender sender;
		const char *want;
	} people[] = {
		{ { false, false, "PLAIN", "Joe@Example.ORG", "<x@y.example>" },
			"paused rp:block:user:HASH" },
		{ { false, false, "PLAIN", "ann@example.org",
			  "<joe@example.org>" },
			"free" },
		{ { false, false, "EXTERNAL", "", "<joe@example.org>" },
			"free" },
		{ { false, false, "", "", "<joe@example.org>" }, "free" },
		{ { true, false, "", "", "<joe@example.org>" },
			"paused rp:block:user:HASH" },
		{ { true, false, "", "", "<>" }, "free" },
		{ { true, false, "PLAIN", "ann@example.org",
			  "<joe@example.org>" },
			"free" },
		{ { false, true, "", "", "<joe@example.org>" }, "free" },
		{ { false, true, "PLAIN", "joe@example.org", "<>" }, "free" },
	};
	struct office o;
	char said[SAID_MAX];

	(void)state;
	open_office(&o);
	put(&o, "rp:block:user:HASH", false);
	wants(&o, &joe, NULL, "paused rp:block:user:HASH");
	for (size_t i = 0; i < sizeof(people) / sizeof(people[0]); i++)
		assert_string_equal(
			ask(&o, &people[i].sender, NULL, said), people[i].want);
	o.service.secret = NULL;
	assert_string_equal(ask(&o, &joe, NULL, said), "free");
	close_office(&o);
}

static void without_lists_nobody_is_paused(void **state)
{
	struct office o;
	char said[SAID_MAX];

	(void)state;
	make_office(&o);
	put(&o, "rp:block:user:HASH", false);
	assert_string_equal(ask(&o, &joe, NULL, said), "free");
	assert_int_equal(mirror_start(o.rig.mirror), RES_OK);
	wants(&o, &joe, NULL, "paused rp:block:user:HASH");
	close_office(&o);
}

static void outlives_redis(void **state)
{
	struct office o;
	char said[SAID_MAX];

	(void)state;
	open_office(&o);
	put(&o, "rp:block:user:HASH", false);
	wants(&o, &joe, NULL, "paused rp:block:user:HASH");
	redis_server_kill(o.rig.server);
	blocklist_close(o.list);
	rig_reopen(&o.rig);
	assert_int_equal(blocklist_open(&o.list, o.rig.conf, o.rig.mirror,
				 clock_system()),
		RES_OK);
	o.service.list = o.list;
	/* Its reason is not in the copy on disk. */
	assert_string_equal(ask(&o, &joe, NULL, said), "paused ");
	close_office(&o);
}

#define ROW(...) (&(const struct row){ __VA_ARGS__ })

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("an entry of its hash pauses an account", decides,
			ROW({ "rp:block:user:HASH" }, NULL,
				"paused rp:block:user:HASH", NULL)),
		CASE("that of another account does not", decides,
			ROW({ "rp:block:user:0011223344556677" }, NULL, "free",
				NULL)),
		CASE("an exception beats it", decides,
			ROW({ "rp:block:user:HASH", "rp:allow:user:HASH" },
				NULL, "free", NULL)),
		CASE("an entry in shadow is seen and no more", decides,
			ROW({ "rp:block:user:HASH" }, "rp:block:user:HASH",
				"shadow rp:block:user:HASH", NULL)),
		CASE("an exception in shadow opens nothing", decides,
			ROW({ "rp:block:user:HASH", "rp:allow:user:HASH" },
				"rp:allow:user:HASH",
				"paused rp:block:user:HASH", NULL)),
		CASE("an account may be paused for one domain", decides,
			ROW({ "rp:block@example.net:user:HASH" }, NULL,
				"paused rp:block@example.net:user:HASH",
				"example.net")),
		CASE("and writes to others meanwhile", decides,
			ROW({ "rp:block@example.net:user:HASH" }, NULL, "free",
				"example.com")),
		CASE("lists of addresses say nothing of accounts", decides,
			ROW({ "rp:block:::/0", "rp:block:0.0.0.0/0",
				    "rp:block:domain:example.org" },
				NULL, "free", NULL)),
		CASE("it ends when it is taken away, or by itself", resumes,
			NULL),
		CASE("the account is who logged in, or MAIL FROM of who is "
		     "trusted",
			knows_who_sends, NULL),
		CASE("without lists nobody is paused",
			without_lists_nobody_is_paused, NULL),
		CASE("the copy on disk keeps it while Redis is away",
			outlives_redis, NULL),
	};

	return cmocka_run_group_tests_name("list/paused", cases, NULL, NULL);
}
