/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/correspond.h"

#include "store/secret.h"
#include "store/writer.h"
#include "support/case.h"
#include "support/ledger_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WAIT_MS = 20000 };

struct world {
	struct ledger_rig rig;
	struct secret secret;
	struct writer *writer;
	struct correspond *c;
};

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	ledger_rig_make(
		&w->rig, "", "correspondents { keep_s = 86400 rate = 3 }\n");
	w->secret.len = 16;
	assert_int_equal(
		writer_open(&w->writer, w->rig.conf, clock_system()), RES_OK);
	assert_int_equal(writer_start(w->writer), RES_OK);
	assert_int_equal(correspond_open(&w->c, w->rig.conf, &w->secret,
				 w->writer, &w->rig.clock),
		RES_OK);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	correspond_close(w->c);
	writer_close(w->writer);
	ledger_rig_remove(&w->rig);
	free(w);
	return 0;
}

static struct correspond_name name(
	struct world *w, const char *user, const char *other)
{
	struct correspond_name out;

	assert_int_equal(
		correspond_name(w->c, slice_of(user), slice_of(other), &out),
		RES_OK);
	return out;
}

static void wrote(struct world *w, const char *user, const char *other)
{
	const struct correspond_name n = name(w, user, other);
	const struct timespec nap = { .tv_nsec = 1000000 };
	int64_t end_ms = clock_mono_ms(clock_system()) + WAIT_MS;
	struct writer_counts before, now;

	writer_count(w->writer, &before);
	correspond_wrote(w->c, w->rig.conf, &n, 1);
	do {
		nanosleep(&nap, NULL);
		writer_count(w->writer, &now);
	} while (now.written == before.written &&
		clock_mono_ms(clock_system()) < end_ms);
	assert_int_equal(now.written, before.written + 1);
}

static bool knows(struct world *w, const char *user, const char *other)
{
	const struct correspond_name n = name(w, user, other);
	bool found = true;

	ledger_rig_sleep(&w->rig, 1);
	assert_int_equal(
		correspond_find(w->c, w->rig.conf, &n, 1, &found), RES_OK);
	return found;
}

static void who_was_written_to_is_known(void **state)
{
	struct world *w = *state;

	wrote(w, "ann@example.net", "joe@sender.example");
	assert_true(knows(w, "ann@example.net", "joe@sender.example"));
	assert_true(knows(w, "Ann+lists@Example.NET", "JOE@sender.example."));
	assert_false(knows(w, "bob@example.net", "joe@sender.example"));
	assert_false(knows(w, "ann@example.net", "jim@sender.example"));
	/* It is not the other way round. */
	assert_false(knows(w, "joe@sender.example", "ann@example.net"));
	assert_int_equal(ledger_rig_endless(&w->rig), 0);
}

static void what_is_no_address_has_no_name(void **state)
{
	struct world *w = *state;
	struct correspond_name out;

	assert_int_equal(correspond_name(w->c, slice_of(""),
				 slice_of("joe@a.example"), &out),
		RES_SYNTAX);
	assert_int_equal(correspond_name(w->c, slice_of("ann@example.net"),
				 slice_of("postmaster"), &out),
		RES_SYNTAX);
}

static void redis_names_nobody(void **state)
{
	struct world *w = *state;
	char got[4096];

	wrote(w, "ann@example.net", "joe@sender.example");
	assert_true(redis_server_do(w->rig.server,
		(const char *const[]){ "KEYS", "rp:corr:*", NULL }, got,
		sizeof(got)));
	assert_null(strstr(got, "ann"));
	assert_null(strstr(got, "sender"));
}

static void only_so_many_are_asked_for_in_a_second(void **state)
{
	struct world *w = *state;
	const struct correspond_name n =
		name(w, "ann@example.net", "joe@sender.example");
	bool found;

	ledger_rig_sleep(&w->rig, 1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(
			correspond_find(w->c, w->rig.conf, &n, 1, &found),
			RES_OK);
	assert_int_equal(
		correspond_find(w->c, w->rig.conf, &n, 1, &found), RES_FULL);
	ledger_rig_sleep(&w->rig, 1);
	assert_int_equal(
		correspond_find(w->c, w->rig.conf, &n, 1, &found), RES_OK);
}

static bool tell(struct world *w, const char *client)
{
	struct ipaddr ip;

	assert_int_equal(ipaddr_parse(&ip, slice_of(client)), RES_OK);
	return correspond_tell(w->c, &ip, "7K3M9QXB2HTD4FZ6T");
}

static void the_admin_is_told_once_a_day(void **state)
{
	struct world *w = *state;
	char address[32];

	assert_true(tell(w, "192.0.2.1"));
	assert_false(tell(w, "192.0.2.1"));
	assert_true(tell(w, "2001:db8::1"));
	assert_false(tell(w, "2001:db8::2"));
	ledger_rig_sleep(&w->rig, CORRESPOND_TOLD_S + 1);
	assert_true(tell(w, "192.0.2.1"));
	/* However many networks come. */
	for (int i = 0; i < 2 * CORRESPOND_TOLD_HOUR; i++) {
		snprintf(address, sizeof(address), "198.51.100.%d", i);
		assert_int_equal(
			tell(w, address), i < CORRESPOND_TOLD_HOUR - 1);
	}
}

static void the_portal_gets_the_job(void **state)
{
	struct world *w = *state;
	const struct timespec nap = { .tv_nsec = 1000000 };
	int64_t end_ms = clock_mono_ms(clock_system()) + WAIT_MS;
	struct writer_counts now;
	char got[4096];

	assert_true(tell(w, "192.0.2.1"));
	do {
		nanosleep(&nap, NULL);
		writer_count(w->writer, &now);
	} while (now.written == 0 && clock_mono_ms(clock_system()) < end_ms);
	assert_true(redis_server_do(w->rig.server,
		(const char *const[]){ "XLEN", "rp:mailq", NULL }, got,
		sizeof(got)));
	assert_string_equal(got, "1");
}

static void without_redis_nobody_is_known(void **state)
{
	struct world *w = *state;
	const struct correspond_name n =
		name(w, "ann@example.net", "joe@sender.example");
	bool found = true;

	redis_server_kill(w->rig.server);
	ledger_rig_sleep(&w->rig, 1);
	assert_true(
		correspond_find(w->c, w->rig.conf, &n, 1, &found) != RES_OK);
	assert_false(found);
}

#define CASE_IN(name, test)                         \
	{                                           \
		name, test, set_up, tear_down, NULL \
	}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE_IN("who was written to is known, in any spelling",
			who_was_written_to_is_known),
		CASE_IN("what is no address has no name",
			what_is_no_address_has_no_name),
		CASE_IN("who reads Redis learns no address",
			redis_names_nobody),
		CASE_IN("only so many are asked for in a second",
			only_so_many_are_asked_for_in_a_second),
		CASE_IN("the administrator is told of a network once a day, "
			"and of few in an hour",
			the_admin_is_told_once_a_day),
		CASE_IN("a letter is a job of the portal",
			the_portal_gets_the_job),
		CASE_IN("without Redis nobody is known",
			without_redis_nobody_is_known),
	};

	return cmocka_run_group_tests_name(
		"store/correspond", cases, NULL, NULL);
}
