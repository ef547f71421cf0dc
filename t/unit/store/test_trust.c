/* SPDX-License-Identifier: BSD-2-Clause */
/* Whom to trust, as an admin says it with redis-cli. */
#include "store/trust.h"

#include "support/case.h"
#include "unit/store/rig.h"

#include <stdio.h>
#include <string.h>

static const struct rig_text short_grace = { .lists = "loss_grace_s = 600" };
static const struct rig_text two = { .lists = "trust_max = 2" };

/* "yes", "no", or why it cannot be told. */
static const char *ask(struct mirror *m, const char *kind, const char *domain)
{
	struct trust *t = NULL;
	bool found = true;
	enum result res;

	assert_int_equal(trust_open(&t, m), RES_OK);
	res = trust_find(t, kind, slice_of(domain), &found);
	trust_close(t);
	assert_true(res == RES_OK || !found);
	if (res != RES_OK)
		return result_name(res);
	return found ? "yes" : "no";
}

static void wants(struct mirror *m, const char *kind, const char *domain,
	const char *want)
{
	for (int64_t end = rig_end();
		strcmp(ask(m, kind, domain), want) != 0 && rig_goes_on(end);)
		;
	assert_string_equal(ask(m, kind, domain), want);
}

static void follows_redis_cli(void **state)
{
	struct rig r;

	(void)state;
	rig_go(&r, NULL);
	assert_string_equal(ask(r.mirror, "arc", "example.org"), "no");
	assert_true(REDIS_DO(r.server, "SET", "rp:trust:arc:example.org",
		"our mailing list host"));
	wants(r.mirror, "arc", "example.org", "yes");
	assert_string_equal(ask(r.mirror, "list", "example.org"), "no");
	assert_true(REDIS_DO(r.server, "HSET", "rp:trust:list:Lists.Example.",
		"why", "any type will do"));
	wants(r.mirror, "list", "lists.example", "yes");
	assert_true(REDIS_DO(r.server, "DEL", "rp:trust:arc:example.org"));
	wants(r.mirror, "arc", "example.org", "no");
	assert_true(REDIS_DO(r.server, "RENAME", "rp:trust:list:Lists.Example.",
		"rp:trust:arc:lists.example"));
	wants(r.mirror, "arc", "lists.example", "yes");
	wants(r.mirror, "list", "lists.example", "no");
	rig_remove(&r);
}

static void knows_what_was_there_before(void **state)
{
	struct rig r;

	(void)state;
	rig_make(&r, NULL);
	assert_string_equal(ask(r.mirror, "arc", "example.org"), "down");
	assert_true(REDIS_DO(
		r.server, "SET", "rp:trust:arc:example.org", "before"));
	assert_true(REDIS_DO(r.server, "SET", "rp:block:192.0.2.1", "x"));
	rig_fill(&r, 3000);
	assert_int_equal(mirror_start(r.mirror), RES_OK);
	assert_int_equal(mirror_wait_live(r.mirror, RIG_WAIT_MS), RES_OK);
	/* With the lists, not some time after them. */
	assert_string_equal(ask(r.mirror, "arc", "example.org"), "yes");
	assert_true(rig_is_listed(r.mirror, "192.0.2.1"));
	rig_remove(&r);
}

static void covers_what_is_below(void **state)
{
	struct rig r;

	(void)state;
	rig_go(&r, NULL);
	assert_true(REDIS_DO(r.server, "SET", "rp:trust:arc:example.org", ""));
	wants(r.mirror, "arc", "example.org", "yes");
	assert_string_equal(ask(r.mirror, "arc", "a.b.example.org"), "yes");
	assert_string_equal(ask(r.mirror, "arc", "notexample.org"), "no");
	assert_string_equal(ask(r.mirror, "arc", "org"), "no");
	assert_string_equal(ask(r.mirror, "arc", ""), "no");
	assert_string_equal(ask(r.mirror, "spf", "example.org"), "syntax");
	rig_remove(&r);
}

static void ends_by_itself(void **state)
{
	struct rig r;

	(void)state;
	rig_go(&r, NULL);
	assert_true(REDIS_DO(
		r.server, "SET", "rp:trust:arc:example.org", "x", "PX", "700"));
	wants(r.mirror, "arc", "example.org", "yes");
	wants(r.mirror, "arc", "example.org", "no");
	/* Also when Redis is not there to say so. */
	assert_true(REDIS_DO(r.server, "SET", "rp:trust:arc:example.org", "x",
		"PX", "1500"));
	assert_true(REDIS_DO(r.server, "SET", "rp:trust:arc:b.example", "x"));
	wants(r.mirror, "arc", "b.example", "yes");
	assert_string_equal(ask(r.mirror, "arc", "example.org"), "yes");
	redis_server_kill(r.server);
	wants(r.mirror, "arc", "example.org", "no");
	assert_string_equal(ask(r.mirror, "arc", "b.example"), "yes");
	rig_remove(&r);
}

static void nonsense_trusts_nobody(void **state)
{
	static const char *const junk[] = { "rp:trust:arc:org",
		"rp:trust:arc:", "rp:trust:arc",
		"rp:trust:", "rp:trust:seal:a.example",
		"rp:trust:arc:a b.example", "rp:trust:arc:192.0.2.1" };
	struct rig r;

	(void)state;
	rig_go(&r, NULL);
	for (size_t i = 0; i < sizeof(junk) / sizeof(junk[0]); i++)
		assert_true(REDIS_DO(r.server, "SET", junk[i], "x"));
	assert_true(REDIS_DO(r.server, "SET", "rp:trust:arc:z.example", "x"));
	wants(r.mirror, "arc", "z.example", "yes");
	assert_string_equal(ask(r.mirror, "arc", "example.org"), "no");
	rig_remove(&r);
}

static void outlives_redis(void **state)
{
	struct rig r;

	(void)state;
	rig_go(&r, &short_grace);
	assert_true(REDIS_DO(r.server, "SET", "rp:trust:arc:example.org", "x"));
	assert_true(REDIS_DO(r.server, "SET", "rp:block:192.0.2.1", "x"));
	wants(r.mirror, "arc", "example.org", "yes");
	rig_wants(r.mirror, "192.0.2.1", true);
	/* Emptied: the old copy serves, of this as of the lists. */
	assert_true(REDIS_DO(r.server, "FLUSHALL"));
	rig_wants_state(r.mirror, MIRROR_GRACE);
	assert_string_equal(ask(r.mirror, "arc", "example.org"), "yes");
	/* A start without Redis. */
	redis_server_kill(r.server);
	rig_reopen(&r);
	assert_string_equal(ask(r.mirror, "arc", "example.org"), "yes");
	assert_string_equal(ask(r.mirror, "arc", "b.example"), "no");
	/* It is there again, and was told to forget. */
	assert_true(redis_server_restart(r.server));
	assert_true(REDIS_DO(r.server, "SET", "rp:lists:generation", "new"));
	assert_int_equal(mirror_start(r.mirror), RES_OK);
	wants(r.mirror, "arc", "example.org", "no");
	rig_remove(&r);
}

static void too_many_are_left_out(void **state)
{
	struct rig r;
	char key[64];
	unsigned yes = 0;

	(void)state;
	rig_make(&r, &two);
	for (unsigned i = 0; i < 20; i++) {
		(void)snprintf(key, sizeof(key), "rp:trust:arc:x%u.example", i);
		assert_true(REDIS_DO(r.server, "SET", key, "x"));
	}
	assert_int_equal(mirror_start(r.mirror), RES_OK);
	assert_int_equal(mirror_wait_live(r.mirror, RIG_WAIT_MS), RES_OK);
	for (unsigned i = 0; i < 20; i++) {
		(void)snprintf(key, sizeof(key), "x%u.example", i);
		yes += strcmp(ask(r.mirror, "arc", key), "yes") == 0;
	}
	assert_int_equal(yes, 2);
	assert_true(REDIS_DO(r.server, "SET", "rp:block:192.0.2.1", "x"));
	rig_wants(r.mirror, "192.0.2.1", true);
	rig_remove(&r);
}

/* Half of them come, half go, while the lists are read. */
static void edits_during_a_load_count(void **state)
{
	enum { NAMES = 100 };
	struct rig r;
	char key[64];

	(void)state;
	rig_make(&r, NULL);
	rig_fill(&r, 20000);
	for (unsigned i = 0; i < NAMES; i += 2) {
		(void)snprintf(key, sizeof(key), "rp:trust:arc:x%u.example", i);
		assert_true(REDIS_DO(r.server, "SET", key, "x"));
	}
	assert_int_equal(mirror_start(r.mirror), RES_OK);
	for (unsigned i = 0; i < NAMES; i++) {
		(void)snprintf(key, sizeof(key), "rp:trust:arc:x%u.example", i);
		assert_true(i % 2 == 0 ? REDIS_DO(r.server, "DEL", key)
				       : REDIS_DO(r.server, "SET", key, "x"));
	}
	for (unsigned i = 0; i < NAMES; i++) {
		(void)snprintf(key, sizeof(key), "x%u.example", i);
		wants(r.mirror, "arc", key, i % 2 == 0 ? "no" : "yes");
	}
	rig_remove(&r);
}

/* The users of an older reprieve.acl: the lists must go on. */
static void an_account_that_may_not_read_them(void **state)
{
	static const struct rig_text as_user = {
		.redis = "user = \"m\" password = \"secret\""
	};
	struct rig r;

	(void)state;
	rig_make(&r, &as_user);
	assert_true(REDIS_DO(r.server, "ACL", "SETUSER", "m", "on", ">secret",
		"resetkeys", "allchannels", "+@all", "%R~rp:block*",
		"%R~rp:allow*", "%RW~rp:lists:generation"));
	assert_true(REDIS_DO(r.server, "SET", "rp:block:192.0.2.1", "x"));
	assert_true(REDIS_DO(r.server, "SET", "rp:trust:arc:example.org", "x"));
	assert_int_equal(mirror_start(r.mirror), RES_OK);
	assert_int_equal(mirror_wait_live(r.mirror, RIG_WAIT_MS), RES_OK);
	assert_true(rig_is_listed(r.mirror, "192.0.2.1"));
	assert_string_equal(ask(r.mirror, "arc", "example.org"), "down");
	assert_true(REDIS_DO(r.server, "SET", "rp:block:192.0.2.2", "x"));
	rig_wants(r.mirror, "192.0.2.2", true);
	/* The admin mends the account and touches the key. */
	assert_true(REDIS_DO(r.server, "ACL", "SETUSER", "m", "%R~rp:trust:*"));
	assert_true(REDIS_DO(r.server, "SET", "rp:trust:arc:example.org", "y"));
	wants(r.mirror, "arc", "example.org", "yes");
	rig_remove(&r);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("SET, DEL and RENAME count at the next message",
			follows_redis_cli, NULL),
		CASE("what was there before the start is known with the lists",
			knows_what_was_there_before, NULL),
		CASE("a domain stands for all below it, and no top level does",
			covers_what_is_below, NULL),
		CASE("trust ends with its key, with and without Redis",
			ends_by_itself, NULL),
		CASE("nonsense trusts nobody", nonsense_trusts_nobody, NULL),
		CASE("trust outlives FLUSHALL and a start without Redis",
			outlives_redis, NULL),
		CASE("more than trust_max are left out, and the lists go on",
			too_many_are_left_out, NULL),
		CASE("edits made while the lists are read count",
			edits_during_a_load_count, NULL),
		CASE("an account without the right cannot tell, the lists go on",
			an_account_that_may_not_read_them, NULL),
	};

	return cmocka_run_group_tests_name("store/trust", cases, NULL, NULL);
}
