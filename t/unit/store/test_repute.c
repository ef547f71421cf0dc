/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/repute.h"

#include "store/writer.h"
#include "support/case.h"
#include "support/ledger_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { DAY_S = 86400, WAIT_MS = 20000, CROWD = 1000 };

struct world {
	struct ledger_rig rig;
	struct writer *writer;
	struct repute *repute;
};

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	ledger_rig_make(&w->rig, "", "reputation { half_life_s = 86400 }\n");
	assert_int_equal(
		writer_open(&w->writer, w->rig.conf, clock_system()), RES_OK);
	assert_int_equal(writer_start(w->writer), RES_OK);
	assert_int_equal(
		repute_open(&w->repute, w->rig.conf, w->writer, &w->rig.clock),
		RES_OK);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	repute_close(w->repute);
	writer_close(w->writer);
	ledger_rig_remove(&w->rig);
	free(w);
	return 0;
}

static void flush(struct world *w, uint64_t written)
{
	const struct timespec nap = { .tv_nsec = 1000000 };
	int64_t end_ms = clock_mono_ms(clock_system()) + WAIT_MS;
	struct writer_counts counts;

	repute_flush(w->repute, w->rig.conf);
	do {
		nanosleep(&nap, NULL);
		writer_count(w->writer, &counts);
	} while (counts.written < written &&
		clock_mono_ms(clock_system()) < end_ms);
	assert_int_equal(counts.written, written);
	assert_int_equal(counts.failed, 0);
}

static void wants(
	struct world *w, const char *key, const char *field, const char *want)
{
	char got[64];

	assert_true(redis_server_do(w->rig.server,
		(const char *const[]){ "HGET", key, field, NULL }, got,
		sizeof(got)));
	assert_string_equal(got, want);
}

static void add(struct world *w, const char *domain, double good, double bad)
{
	repute_add(w->repute, LEDGER_DOMAIN, slice_of(domain), good, bad);
}

static void what_is_added_arrives_once_for_each_sender(void **state)
{
	struct world *w = *state;
	struct repute_counts counts;

	for (int i = 0; i < 10; i++)
		add(w, "example.org", 1, 0);
	add(w, "example.org", 0, 1);
	repute_add(w->repute, LEDGER_ADDRESS, slice_of("192.0.2.1"), 1, 0);
	repute_add(w->repute, LEDGER_NETWORK, slice_of("192.0.2.0/24"), 1, 0);
	repute_add(w->repute, LEDGER_DOMAIN, slice_of(""), 1, 0);
	repute_count(w->repute, &counts);
	assert_int_equal(counts.waiting, 3);
	assert_int_equal(ledger_rig_keys(&w->rig), 0);
	flush(w, 1);
	assert_int_equal(ledger_rig_calls(&w->rig), 1);
	wants(w, "rp:rep:domain:example.org", "good", "10.000");
	wants(w, "rp:rep:domain:example.org", "bad", "1.000");
	wants(w, "rp:rep:address:192.0.2.1", "good", "1.000");
	wants(w, "rp:rep:network:192.0.2.0/24", "good", "1.000");
	assert_int_equal(ledger_rig_keys(&w->rig), 3);
	assert_int_equal(ledger_rig_endless(&w->rig), 0);
	repute_count(w->repute, &counts);
	assert_int_equal(counts.waiting, 0);
	repute_flush(w->repute, w->rig.conf);
	assert_int_equal(ledger_rig_calls(&w->rig), 1);
}

static void what_is_old_counts_half(void **state)
{
	struct world *w = *state;
	char first[32];

	add(w, "example.org", 8, 2);
	flush(w, 1);
	snprintf(first, sizeof(first), "%lld", (long long)w->rig.now_ms);
	ledger_rig_sleep(&w->rig, DAY_S);
	add(w, "example.org", 1, 1);
	flush(w, 2);
	wants(w, "rp:rep:domain:example.org", "good", "5.000");
	wants(w, "rp:rep:domain:example.org", "bad", "2.000");
	wants(w, "rp:rep:domain:example.org", "first", first);
}

static void a_crowd_is_written_in_few_scripts(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < CROWD; i++) {
		char name[32];

		snprintf(name, sizeof(name), "d%d.example", i);
		add(w, name, 0.5, 0);
	}
	flush(w, (CROWD + 31) / 32);
	assert_int_equal(ledger_rig_keys(&w->rig), CROWD);
	assert_int_equal(ledger_rig_endless(&w->rig), 0);
	wants(w, "rp:rep:domain:d999.example", "good", "0.500");
}

static void more_senders_than_there_is_room_for_are_counted_as_lost(
	void **state)
{
	struct world *w = *state;
	struct repute_counts counts;

	for (int i = 0; i < REPUTE_SENDERS_MAX + 5; i++) {
		char name[32];

		snprintf(name, sizeof(name), "d%d.example", i);
		add(w, name, 1, 0);
	}
	add(w, "d0.example", 1, 0);
	repute_count(w->repute, &counts);
	assert_int_equal(counts.waiting, REPUTE_SENDERS_MAX);
	assert_int_equal(counts.dropped, 5);
}

static void while_redis_is_away_memory_holds_it(void **state)
{
	struct world *w = *state;
	struct repute_counts counts;
	struct writer_counts jobs;

	redis_server_kill(w->rig.server);
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < CROWD; i++) {
			char name[32];

			snprintf(name, sizeof(name), "d%d.example", i);
			add(w, name, 1, 0);
		}
		repute_flush(w->repute, w->rig.conf);
	}
	writer_count(w->writer, &jobs);
	repute_count(w->repute, &counts);
	/* There is room for other writes. */
	assert_true(jobs.waiting < 300);
	assert_int_equal(jobs.dropped, 0);
	assert_int_equal(counts.waiting, CROWD);
	assert_true(redis_server_restart(w->rig.server));
	flush(w, jobs.waiting);
	flush(w, jobs.waiting + (CROWD + 31) / 32);
	wants(w, "rp:rep:domain:d0.example", "good", "20.000");
}

#define WITH_REDIS(test) \
	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest cases[] = {
		WITH_REDIS(what_is_added_arrives_once_for_each_sender),
		WITH_REDIS(what_is_old_counts_half),
		WITH_REDIS(a_crowd_is_written_in_few_scripts),
		WITH_REDIS(
			more_senders_than_there_is_room_for_are_counted_as_lost),
		WITH_REDIS(while_redis_is_away_memory_holds_it),
	};

	return cmocka_run_group_tests_name("store/repute", cases, NULL, NULL);
}
