/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/metrics.h"

#include "support/case.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const actions[] = { "accept", "reject", NULL };
static const char *const odd[] = { "a\"b\\c\nd", NULL };
static const double bounds[] = { 0.001, 0.01, 2.5 };

struct all {
	struct metrics *m;
	int verdicts;
	int connections;
	int odd;
	int seconds;
};

static double read_entries(void *ctx)
{
	return *(const double *)ctx;
}

static double entries = 1000000;

static void fill(struct all *a)
{
	a->m = metrics_new();
	assert_non_null(a->m);
	a->verdicts = metrics_counter(a->m, "reprieve_verdicts_total",
		"Verdicts by action.", "action", actions);
	a->connections = metrics_counter(
		a->m, "reprieve_connections", "Connections.", NULL, NULL);
	a->odd = metrics_counter(a->m, "reprieve_odd_total",
		"A \\ and a\nline end.", "kind", odd);
	a->seconds = metrics_histogram(a->m, "reprieve_wait_seconds",
		"How long a lookup took.", bounds, 3);
	assert_true(metrics_read(a->m, "reprieve_list_entries",
			    "Entries of the lists.", "gauge", read_entries,
			    &entries) >= 0);
	assert_true(a->verdicts >= 0 && a->connections >= 0 && a->odd >= 0 &&
		a->seconds >= 0);
}

static void expect(struct metrics *m, const char *want)
{
	struct buf out;

	buf_init(&out, 65536);
	metrics_format(m, &out);
	assert_int_equal(buf_result(&out), RES_OK);
	if (strstr(buf_text(&out), want) == NULL)
		fail_msg("no \"%s\" in:\n%s", want, buf_text(&out));
	buf_clear(&out);
}

static void counts_by_label(void **state)
{
	struct all a;

	(void)state;
	fill(&a);
	metrics_add(a.m, a.verdicts, 1, 2);
	metrics_add(a.m, a.verdicts, 1, 1);
	expect(a.m,
		"# HELP reprieve_verdicts_total Verdicts by action.\n"
		"# TYPE reprieve_verdicts_total counter\n"
		"reprieve_verdicts_total{action=\"accept\"} 0\n"
		"reprieve_verdicts_total{action=\"reject\"} 3\n");
	metrics_free(a.m);
}

static void names_counters_total(void **state)
{
	struct all a;

	(void)state;
	fill(&a);
	metrics_add(a.m, a.connections, 0, 7);
	expect(a.m,
		"# TYPE reprieve_connections_total counter\n"
		"reprieve_connections_total 7\n");
	metrics_free(a.m);
}

static void escapes(void **state)
{
	struct all a;

	(void)state;
	fill(&a);
	expect(a.m, "reprieve_odd_total{kind=\"a\\\"b\\\\c\\nd\"} 0\n");
	expect(a.m, "# HELP reprieve_odd_total A \\\\ and a\\nline end.\n");
	metrics_free(a.m);
}

static void sums_buckets(void **state)
{
	struct all a;

	(void)state;
	fill(&a);
	metrics_observe(a.m, a.seconds, 0.001); /* a bound is inside */
	metrics_observe(a.m, a.seconds, 0.005);
	metrics_observe(a.m, a.seconds, 2);
	metrics_observe(a.m, a.seconds, 60);
	metrics_observe(a.m, a.seconds, -1);
	metrics_observe(a.m, a.seconds, (double)NAN);
	expect(a.m,
		"# TYPE reprieve_wait_seconds histogram\n"
		"reprieve_wait_seconds_bucket{le=\"0.001\"} 2\n"
		"reprieve_wait_seconds_bucket{le=\"0.01\"} 3\n"
		"reprieve_wait_seconds_bucket{le=\"2.5\"} 4\n"
		"reprieve_wait_seconds_bucket{le=\"+Inf\"} 5\n"
		"reprieve_wait_seconds_sum 62.006\n"
		"reprieve_wait_seconds_count 5\n");
	metrics_free(a.m);
}

struct number {
	double value;
	const char *text;
};

static void reads_gauges(void **state)
{
	const struct number *row = *state;
	double value = row->value;
	char want[64];
	struct metrics *m = metrics_new();

	assert_non_null(m);
	assert_int_equal(
		metrics_read(m, "g", "G.", "gauge", read_entries, &value), 0);
	snprintf(want, sizeof(want), "# TYPE g gauge\ng %s\n", row->text);
	expect(m, want);
	metrics_free(m);
}

static void ignores_wrong_numbers(void **state)
{
	struct all a;

	(void)state;
	fill(&a);
	metrics_add(a.m, -1, 0, 1);
	metrics_add(a.m, 99, 0, 1);
	metrics_add(a.m, a.verdicts, 2, 1);
	metrics_add(a.m, a.seconds, 0, 1);
	metrics_observe(a.m, a.verdicts, 1);
	expect(a.m, "action=\"accept\"} 0\n");
	expect(a.m, "action=\"reject\"} 0\n");
	expect(a.m, "reprieve_wait_seconds_count 0\n");
	metrics_free(a.m);
}

enum { THREADS = 4, TIMES = 20000 };

static void *count_much(void *arg)
{
	const struct all *a = arg;

	for (size_t i = 0; i < TIMES; i++) {
		metrics_add(a->m, a->connections, 0, 1);
		metrics_observe(a->m, a->seconds, 0.5);
	}
	return NULL;
}

static void loses_nothing(void **state)
{
	pthread_t thread[THREADS];
	struct all a;

	(void)state;
	fill(&a);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(
			pthread_create(&thread[i], NULL, count_much, &a), 0);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	expect(a.m, "reprieve_connections_total 80000\n");
	expect(a.m, "reprieve_wait_seconds_sum 40000\n");
	expect(a.m, "reprieve_wait_seconds_count 80000\n");
	metrics_free(a.m);
}

/* The judge is Prometheus' own tool: any complaint of it fails. */
static void pleases_promtool(void **state)
{
	char path[] = "/tmp/test_metrics.XXXXXX";
	char command[128];
	char said[512] = "";
	struct all a;
	struct buf out;
	FILE *tool;
	int fd;

	(void)state;
	fill(&a);
	metrics_add(a.m, a.verdicts, 0, 12345678901ULL);
	metrics_observe(a.m, a.seconds, 0.003);
	if (system("command -v promtool >/dev/null") != 0)
		fail_msg("promtool is missing: install prometheus (./test)");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	buf_init(&out, 65536);
	metrics_format(a.m, &out);
	assert_int_equal(write(fd, out.at, out.len), out.len);
	close(fd);
	snprintf(command, sizeof(command), "promtool check metrics <%s 2>&1",
		path);
	tool = popen(command, "r");
	assert_non_null(tool);
	said[fread(said, 1, sizeof(said) - 1, tool)] = '\0';
	if (pclose(tool) != 0 || said[0] != '\0')
		fail_msg("promtool says: %s\nof:\n%s", said, buf_text(&out));
	unlink(path);
	buf_clear(&out);
	metrics_free(a.m);
}

#define NUMBER(text, ...) \
	CASE(text, reads_gauges, (&(struct number){ __VA_ARGS__ }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("a counter has one line for each label value",
			counts_by_label, NULL),
		CASE("the name of a counter ends in _total",
			names_counters_total, NULL),
		CASE("label values and help texts are escaped", escapes, NULL),
		CASE("buckets of a histogram add up", sums_buckets, NULL),
		NUMBER("a whole number has no point", 1000000, "1000000"),
		NUMBER("a part is kept", 0.25, "0.25"),
		NUMBER("not a number is NaN", (double)NAN, "NaN"),
		NUMBER("without end is +Inf", (double)INFINITY, "+Inf"),
		NUMBER("without end below is -Inf", -(double)INFINITY, "-Inf"),
		CASE("a wrong number counts nothing", ignores_wrong_numbers,
			NULL),
		CASE("counting from many threads loses nothing", loses_nothing,
			NULL),
		CASE("promtool finds no fault", pleases_promtool, NULL),
	};

	return cmocka_run_group_tests_name("web/metrics", cases, NULL, NULL);
}
