/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/aggregate.h"

#include "store/link.h"
#include "store/writer.h"
#include "support/case.h"
#include "support/ledger_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WAIT_MS = 20000, DAY_S = 86400, LEASE_S = 60 };

static const char record[] = "v=DMARC1; p=none; rua=mailto:d@a.example";

struct world {
	struct ledger_rig rig;
	struct writer *writer;
	struct aggregate *aggregate;
	struct redis *redis;
	char day[SUMS_DAY_MAX];
};

static int set_up(void **state)
{
	const struct link_request request = { .purpose = LINK_WRITE,
		.timeout_ms = 5000 };
	struct world *w = calloc(1, sizeof(*w));
	struct endpoint server;

	assert_non_null(w);
	ledger_rig_make(&w->rig, "",
		"dmarc { rows_max = 100 domains_max = 100 keep_s = 86400 }\n");
	assert_int_equal(
		writer_open(&w->writer, w->rig.conf, clock_system()), RES_OK);
	assert_int_equal(writer_start(w->writer), RES_OK);
	assert_int_equal(aggregate_open(&w->aggregate, w->rig.conf, w->writer,
				 &w->rig.clock),
		RES_OK);
	assert_int_equal(
		link_open(w->rig.conf, &request, &w->redis, &server, NULL),
		RES_OK);
	sums_day(w->rig.now_ms, w->day);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	redis_close(w->redis);
	aggregate_close(w->aggregate);
	writer_close(w->writer);
	ledger_rig_remove(&w->rig);
	free(w);
	return 0;
}

/* All that was added is in Redis. */
static void flush(struct world *w)
{
	const struct timespec nap = { .tv_nsec = 1000000 };
	int64_t end_ms = clock_mono_ms(clock_system()) + WAIT_MS;
	struct writer_counts counts;

	aggregate_flush(w->aggregate, w->rig.conf);
	do {
		nanosleep(&nap, NULL);
		writer_count(w->writer, &counts);
	} while (counts.waiting > 0 && clock_mono_ms(clock_system()) < end_ms);
	assert_int_equal(counts.waiting, 0);
	assert_int_equal(counts.failed, 0);
}

static void add(struct world *w, const char *domain, const char *row)
{
	aggregate_add(w->aggregate, w->rig.conf, domain, slice_of(record),
		slice_of(row));
}

static struct aggregate_job job_of(const struct world *w, const char *domain)
{
	return (struct aggregate_job){ w->day, domain, "me" };
}

static enum result rows_of(
	struct world *w, const char *domain, struct aggregate_rows *out)
{
	const struct aggregate_job job = job_of(w, domain);

	return aggregate_read(w->redis, w->rig.conf, &job, out);
}

static size_t domains_of(struct world *w)
{
	struct aggregate_names names;
	size_t count;

	assert_int_equal(
		aggregate_domains(w->redis, w->rig.conf, w->day, &names),
		RES_OK);
	count = names.count;
	aggregate_names_clear(&names);
	return count;
}

static void the_same_is_one_row(void **state)
{
	struct world *w = *state;
	struct aggregate_rows rows;

	for (int i = 0; i < 5; i++)
		add(w, "a.example", "ip=192.0.2.2");
	flush(w);
	add(w, "a.example", "ip=192.0.2.2");
	add(w, "a.example", "ip=192.0.2.1");
	add(w, "b.example", "ip=192.0.2.1");
	flush(w);
	assert_int_equal(domains_of(w), 2);
	assert_int_equal(rows_of(w, "a.example", &rows), RES_OK);
	assert_int_equal(rows.count, 2);
	assert_true(slice_is_equal(rows.row[0].text, slice_of("ip=192.0.2.1")));
	assert_int_equal(rows.row[0].count, 1);
	assert_int_equal(rows.row[1].count, 6);
	assert_int_equal(rows.more, 0);
	assert_true(slice_is_equal(rows.record, slice_of(record)));
	aggregate_rows_clear(&rows);
	assert_int_equal(rows_of(w, "c.example", &rows), RES_MISSING);
	assert_int_equal(ledger_rig_endless(&w->rig), 0);
}

static void what_has_no_room_is_counted(void **state)
{
	struct world *w = *state;
	struct aggregate_rows rows;
	char name[64], got[64];

	for (int i = 0; i < 130; i++) {
		snprintf(name, sizeof(name), "ip=192.0.2.%d", i);
		add(w, "a.example", name);
		snprintf(name, sizeof(name), "d%d.example", i);
		add(w, name, "ip=192.0.2.1");
	}
	flush(w);
	assert_int_equal(domains_of(w), 100);
	assert_int_equal(rows_of(w, "a.example", &rows), RES_OK);
	assert_int_equal(rows.count, 100);
	assert_int_equal(rows.more, 30);
	aggregate_rows_clear(&rows);
	snprintf(name, sizeof(name), "rp:dmarc:%s:more", w->day);
	assert_true(redis_server_do(w->rig.server,
		(const char *const[]){ "GET", name, NULL }, got, sizeof(got)));
	assert_string_equal(got, "31");
	/* What is there already still counts. */
	add(w, "a.example", "ip=192.0.2.5");
	flush(w);
	assert_int_equal(rows_of(w, "a.example", &rows), RES_OK);
	assert_int_equal(rows.more, 30);
	aggregate_rows_clear(&rows);
	assert_int_equal(ledger_rig_endless(&w->rig), 0);
}

/* Whoever has a domain makes each row another, and as many domains. */
static void the_octets_of_a_day_have_a_bound(void **state)
{
	struct world *w = *state;
	struct aggregate_rows rows;
	char name[64], text[32], got[64];

	add(w, "a.example", "ip=192.0.2.1");
	flush(w);
	snprintf(name, sizeof(name), "rp:dmarc:%s:octets", w->day);
	snprintf(
		text, sizeof(text), "%zu", w->rig.conf->dmarc.rows_octets - 20);
	assert_true(redis_server_do(w->rig.server,
		(const char *const[]){ "SET", name, text, NULL }, got,
		sizeof(got)));
	add(w, "a.example", "ip=192.0.2.2");
	flush(w);
	add(w, "a.example", "ip=192.0.2.3");
	add(w, "a.example", "ip=192.0.2.1");
	add(w, "b.example", "ip=192.0.2.1");
	flush(w);
	assert_int_equal(domains_of(w), 1);
	assert_int_equal(rows_of(w, "a.example", &rows), RES_OK);
	assert_int_equal(rows.count, 2);
	assert_int_equal(rows.row[0].count, 2);
	assert_int_equal(rows.more, 1);
	aggregate_rows_clear(&rows);
	assert_int_equal(ledger_rig_endless(&w->rig), 0);
}

static void a_day_ends(void **state)
{
	struct world *w = *state;
	struct aggregate_rows rows;

	add(w, "a.example", "ip=192.0.2.1");
	ledger_rig_sleep(&w->rig, DAY_S);
	add(w, "a.example", "ip=192.0.2.1");
	flush(w);
	assert_int_equal(rows_of(w, "a.example", &rows), RES_OK);
	assert_int_equal(rows.row[0].count, 1);
	aggregate_rows_clear(&rows);
	sums_day(w->rig.now_ms, w->day);
	assert_int_equal(rows_of(w, "a.example", &rows), RES_OK);
	assert_int_equal(rows.row[0].count, 1);
	aggregate_rows_clear(&rows);
}

/* A record of any length; a row that is too long is none. */
static void long_texts(void **state)
{
	struct world *w = *state;
	struct aggregate_rows rows;
	char text[2 * AGGREGATE_ROW_MAX];

	memset(text, 'x', sizeof(text));
	memcpy(text, "v=DMARC1; p=none;", 17);
	aggregate_add(w->aggregate, w->rig.conf, "a.example",
		slice_make(text, sizeof(text)), slice_of("ip=192.0.2.1"));
	aggregate_add(w->aggregate, w->rig.conf, "b.example", slice_of(record),
		slice_make(text, sizeof(text)));
	flush(w);
	assert_int_equal(domains_of(w), 1);
	assert_int_equal(rows_of(w, "a.example", &rows), RES_OK);
	assert_true(slice_is_equal(rows.record, slice_of("v=DMARC1; p=none")));
	aggregate_rows_clear(&rows);
}

static enum aggregate_claim claim(struct world *w, const char *who)
{
	const struct aggregate_job job = { w->day, "a.example", who };
	enum aggregate_claim word = AGGREGATE_UNKNOWN;

	assert_int_equal(
		aggregate_claim(w->redis, w->rig.conf, &job, LEASE_S, &word),
		RES_OK);
	return word;
}

static void one_of_two_has_it(void **state)
{
	struct world *w = *state;
	const struct aggregate_job mine = job_of(w, "a.example");
	const struct aggregate_job other = { w->day, "a.example", "other" };
	struct aggregate_rows rows;

	add(w, "a.example", "ip=192.0.2.1");
	flush(w);
	assert_int_equal(claim(w, "me"), AGGREGATE_MINE);
	assert_int_equal(claim(w, "me"), AGGREGATE_MINE);
	assert_int_equal(claim(w, "other"), AGGREGATE_TAKEN);
	/* Who has it not gives nothing back. */
	assert_int_equal(
		aggregate_settle(w->redis, w->rig.conf, &other, false), RES_OK);
	assert_int_equal(claim(w, "other"), AGGREGATE_TAKEN);
	assert_int_equal(
		aggregate_settle(w->redis, w->rig.conf, &mine, false), RES_OK);
	assert_int_equal(domains_of(w), 1);
	assert_int_equal(claim(w, "other"), AGGREGATE_MINE);
	assert_int_equal(
		aggregate_settle(w->redis, w->rig.conf, &other, true), RES_OK);
	assert_int_equal(claim(w, "me"), AGGREGATE_DONE);
	assert_int_equal(domains_of(w), 0);
	assert_int_equal(rows_of(w, "a.example", &rows), RES_MISSING);
	assert_int_equal(ledger_rig_endless(&w->rig), 0);
}

static void letters_are_remembered(void **state)
{
	struct world *w = *state;
	const struct aggregate_job job = job_of(w, "a.example");
	bool has_gone = true;

	assert_int_equal(aggregate_has_gone(w->redis, w->rig.conf, &job,
				 slice_of("1 d@a.example"), &has_gone),
		RES_OK);
	assert_false(has_gone);
	assert_int_equal(aggregate_gone(w->redis, w->rig.conf, &job,
				 slice_of("1 d@a.example")),
		RES_OK);
	assert_int_equal(aggregate_has_gone(w->redis, w->rig.conf, &job,
				 slice_of("1 d@a.example"), &has_gone),
		RES_OK);
	assert_true(has_gone);
	assert_int_equal(ledger_rig_endless(&w->rig), 0);
}

static void one_runs(void **state)
{
	struct world *w = *state;
	bool got = false;

	assert_int_equal(
		aggregate_lock(w->redis, w->rig.conf, "me", LEASE_S, &got),
		RES_OK);
	assert_true(got);
	assert_int_equal(
		aggregate_lock(w->redis, w->rig.conf, "other", LEASE_S, &got),
		RES_OK);
	assert_false(got);
	assert_int_equal(
		aggregate_unlock(w->redis, w->rig.conf, "other"), RES_OK);
	assert_int_equal(
		aggregate_lock(w->redis, w->rig.conf, "other", LEASE_S, &got),
		RES_OK);
	assert_false(got);
	assert_int_equal(aggregate_unlock(w->redis, w->rig.conf, "me"), RES_OK);
	assert_int_equal(
		aggregate_lock(w->redis, w->rig.conf, "other", LEASE_S, &got),
		RES_OK);
	assert_true(got);
	assert_int_equal(ledger_rig_endless(&w->rig), 0);
}

static void redis_is_away(void **state)
{
	struct world *w = *state;
	struct aggregate_names names;
	struct sums_counts counts;

	redis_server_kill(w->rig.server);
	add(w, "a.example", "ip=192.0.2.1");
	aggregate_count(w->aggregate, &counts);
	assert_int_equal(counts.waiting, 1);
	assert_int_not_equal(
		aggregate_domains(w->redis, w->rig.conf, w->day, &names),
		RES_OK);
	assert_int_equal(names.count, 0);
	assert_true(redis_server_restart(w->rig.server));
	flush(w);
}

#define WITH_REDIS(test) \
	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest cases[] = {
		WITH_REDIS(the_same_is_one_row),
		WITH_REDIS(what_has_no_room_is_counted),
		WITH_REDIS(the_octets_of_a_day_have_a_bound),
		WITH_REDIS(a_day_ends),
		WITH_REDIS(long_texts),
		WITH_REDIS(one_of_two_has_it),
		WITH_REDIS(letters_are_remembered),
		WITH_REDIS(one_runs),
		WITH_REDIS(redis_is_away),
	};

	return cmocka_run_group_tests_name(
		"store/aggregate", cases, NULL, NULL);
}
