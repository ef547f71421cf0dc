/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/traffic.h"

#include "store/writer.h"
#include "support/case.h"
#include "support/ledger_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DAY_S = 86400, WAIT_MS = 20000, DAYS = 31, ROWS = 600 };

struct world {
	struct ledger_rig rig;
	struct writer *writer;
	struct traffic *traffic;
	struct redis *redis;
};

static void open_redis(struct world *w)
{
	const struct redis_login login = {
		.user = "",
		.password = "",
		.timeout_ms = WAIT_MS,
	};

	assert_int_equal(redis_open(&w->redis, &w->rig.conf->redis.servers[0],
				 &login, NULL),
		RES_OK);
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	ledger_rig_make(&w->rig, "", "traffic { keep_days = 31 }\n");
	assert_int_equal(
		writer_open(&w->writer, w->rig.conf, clock_system()), RES_OK);
	assert_int_equal(writer_start(w->writer), RES_OK);
	assert_int_equal(traffic_open(&w->traffic, w->rig.conf, w->writer,
				 &w->rig.clock),
		RES_OK);
	open_redis(w);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	redis_close(w->redis);
	traffic_close(w->traffic);
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

	traffic_flush(w->traffic, w->rig.conf);
	do {
		nanosleep(&nap, NULL);
		writer_count(w->writer, &counts);
	} while (counts.waiting > 0 && clock_mono_ms(clock_system()) < end_ms);
	assert_int_equal(counts.waiting, 0);
	assert_int_equal(counts.failed, 0);
}

static struct ipaddr address(const char *text)
{
	struct ipaddr ip;

	assert_int_equal(ipaddr_parse(&ip, slice_of(text)), RES_OK);
	return ip;
}

static struct cidr network(const char *text)
{
	struct cidr net;

	assert_int_equal(cidr_parse(&net, slice_of(text)), RES_OK);
	return net;
}

static void add(struct world *w, const char *ip, const char *domain,
	enum traffic_counter a, enum traffic_counter b)
{
	struct traffic_day what = { .count = { 0 } };
	struct ipaddr at = address(ip);

	what.count[a] = 1;
	what.count[b] = 1;
	traffic_add(w->traffic, &at, domain, &what);
}

static void complain(
	struct world *w, const char *ip, const char *domain, bool is_junk)
{
	struct ipaddr at = address(ip);

	assert_int_equal(traffic_complain(w->redis, w->rig.conf, &at, domain,
				 is_junk, w->rig.now_ms),
		RES_OK);
}

static void read_days(
	struct world *w, const char *subject, struct traffic_day *day)
{
	memset(day, 0xff, DAYS * sizeof(*day));
	assert_int_equal(traffic_read(w->redis, w->rig.conf, slice_of(subject),
				 w->rig.now_ms, DAYS, day),
		RES_OK);
}

static void wants(struct world *w, const char *subject, size_t day,
	enum traffic_counter c, uint64_t want)
{
	struct traffic_day days[DAYS];

	read_days(w, subject, days);
	assert_int_equal(days[day].count[c], want);
}

static void a_message_counts_for_address_network_and_domain(void **state)
{
	struct world *w = *state;
	struct traffic_day days[DAYS];

	add(w, "192.0.2.7", "example.org", TRAFFIC_MESSAGES, TRAFFIC_ACCEPTED);
	add(w, "192.0.2.7", "", TRAFFIC_MESSAGES, TRAFFIC_REFUSED);
	add(w, "192.0.2.8", NULL, TRAFFIC_MESSAGES, TRAFFIC_HELD);
	assert_int_equal(ledger_rig_keys(&w->rig), 0);
	flush(w);
	read_days(w, "net:192.0.2.7", days);
	assert_int_equal(days[0].count[TRAFFIC_MESSAGES], 2);
	assert_int_equal(days[0].count[TRAFFIC_ACCEPTED], 1);
	assert_int_equal(days[0].count[TRAFFIC_REFUSED], 1);
	assert_int_equal(days[0].count[TRAFFIC_HELD], 0);
	for (size_t i = 1; i < DAYS; i++)
		for (size_t c = 0; c < TRAFFIC_COUNTERS; c++)
			assert_int_equal(days[i].count[c], 0);
	wants(w, "net:192.0.2.0/24", 0, TRAFFIC_MESSAGES, 3);
	wants(w, "net:192.0.2.0/24", 0, TRAFFIC_HELD, 1);
	wants(w, "domain:example.org", 0, TRAFFIC_MESSAGES, 1);
	wants(w, "domain:example.org", 0, TRAFFIC_REFUSED, 0);
	assert_int_equal(ledger_rig_keys(&w->rig), 4);
	assert_int_equal(ledger_rig_endless(&w->rig), 0);
}

static void a_domain_has_the_numbers_of_those_below_it(void **state)
{
	struct world *w = *state;

	add(w, "192.0.2.7", "a.b.example.org", TRAFFIC_MESSAGES,
		TRAFFIC_ACCEPTED);
	add(w, "192.0.2.7", "example.org", TRAFFIC_MESSAGES, TRAFFIC_MARKED);
	add(w, "192.0.2.7", "t.u.v.w.x.y.z.example.net", TRAFFIC_MESSAGES,
		TRAFFIC_HELD);
	flush(w);
	complain(w, "192.0.2.7", "b.example.org", true);
	wants(w, "domain:a.b.example.org", 0, TRAFFIC_MESSAGES, 1);
	wants(w, "domain:b.example.org", 0, TRAFFIC_MESSAGES, 1);
	wants(w, "domain:b.example.org", 0, TRAFFIC_COMPLAINTS, 1);
	wants(w, "domain:example.org", 0, TRAFFIC_MESSAGES, 2);
	wants(w, "domain:example.org", 0, TRAFFIC_COMPLAINTS, 1);
	wants(w, "domain:org", 0, TRAFFIC_MESSAGES, 0);
	wants(w, "domain:t.u.v.w.x.y.z.example.net", 0, TRAFFIC_HELD, 1);
	wants(w, "domain:y.z.example.net", 0, TRAFFIC_HELD, 1);
	wants(w, "domain:z.example.net", 0, TRAFFIC_HELD, 1);
	wants(w, "domain:example.net", 0, TRAFFIC_HELD, 1);
	/* Address, network, and at most four names of each. */
	assert_int_equal(ledger_rig_keys(&w->rig), 2 + 3 + 4);
}

static void an_ipv6_address_is_its_64_and_its_48(void **state)
{
	struct world *w = *state;

	add(w, "2001:db8:1:2::3", "", TRAFFIC_MESSAGES, TRAFFIC_MARKED);
	add(w, "2001:db8:1:2::4", "", TRAFFIC_MESSAGES, TRAFFIC_MARKED);
	add(w, "2001:db8:1:3::4", "", TRAFFIC_MESSAGES, TRAFFIC_MARKED);
	flush(w);
	wants(w, "net:2001:db8:1:2::/64", 0, TRAFFIC_MARKED, 2);
	wants(w, "net:2001:db8:1::/48", 0, TRAFFIC_MARKED, 3);
}

static void days_stand_apart_and_end(void **state)
{
	struct world *w = *state;
	struct traffic_day days[DAYS];
	char day[SUMS_DAY_MAX], key[64], ttl[32];

	add(w, "192.0.2.7", "", TRAFFIC_MESSAGES, TRAFFIC_SPF_PASS);
	ledger_rig_sleep(&w->rig, 2 * DAY_S);
	add(w, "192.0.2.7", "", TRAFFIC_MESSAGES, TRAFFIC_SPF_FAIL);
	flush(w);
	read_days(w, "net:192.0.2.7", days);
	assert_int_equal(days[2].count[TRAFFIC_SPF_PASS], 1);
	assert_int_equal(days[2].count[TRAFFIC_SPF_FAIL], 0);
	assert_int_equal(days[1].count[TRAFFIC_MESSAGES], 0);
	assert_int_equal(days[0].count[TRAFFIC_SPF_FAIL], 1);
	snprintf(key, sizeof(key), "rp:traffic:%s:net:192.0.2.7",
		sums_day(w->rig.now_ms, day));
	assert_true(redis_server_do(w->rig.server,
		(const char *const[]){ "TTL", key, NULL }, ttl, sizeof(ttl)));
	assert_in_range(strtol(ttl, NULL, 10), 31L * DAY_S - 60, 31L * DAY_S);
}

static void sums_of_two_flushes_add_up(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 3; i++) {
		add(w, "192.0.2.7", "example.org", TRAFFIC_MESSAGES,
			TRAFFIC_DMARC_PASS);
		flush(w);
	}
	wants(w, "net:192.0.2.7", 0, TRAFFIC_DMARC_PASS, 3);
	wants(w, "net:192.0.2.0/24", 0, TRAFFIC_DMARC_PASS, 3);
	wants(w, "domain:example.org", 0, TRAFFIC_DMARC_PASS, 3);
}

static void a_complaint_counts_at_once(void **state)
{
	struct world *w = *state;

	complain(w, "192.0.2.7", "example.org", true);
	complain(w, "192.0.2.7", "", true);
	complain(w, "192.0.2.9", NULL, false);
	wants(w, "net:192.0.2.7", 0, TRAFFIC_COMPLAINTS, 2);
	wants(w, "net:192.0.2.0/24", 0, TRAFFIC_COMPLAINTS, 2);
	wants(w, "net:192.0.2.0/24", 0, TRAFFIC_NOT_JUNK, 1);
	wants(w, "domain:example.org", 0, TRAFFIC_COMPLAINTS, 1);
	assert_int_equal(ledger_rig_endless(&w->rig), 0);
	ledger_rig_reload(&w->rig, "traffic { enabled = no }\n");
	complain(w, "192.0.2.7", "", true);
	wants(w, "net:192.0.2.7", 0, TRAFFIC_COMPLAINTS, 2);
}

static void rows(struct world *w, const char *net, size_t max,
	struct traffic_row *row, size_t *count, size_t *whole)
{
	struct cidr c = network(net);

	assert_int_equal(traffic_rows(w->redis, w->rig.conf, &c, w->rig.now_ms,
				 DAYS, max, row, count, whole),
		RES_OK);
}

static void the_addresses_of_a_network_are_told_apart(void **state)
{
	struct world *w = *state;
	struct traffic_row *row = calloc(ROWS, sizeof(*row));
	size_t count, whole;
	char text[CIDR_TEXT_MAX];

	assert_non_null(row);
	add(w, "192.0.2.10", "", TRAFFIC_MESSAGES, TRAFFIC_ACCEPTED);
	add(w, "192.0.3.1", "", TRAFFIC_MESSAGES, TRAFFIC_ACCEPTED);
	ledger_rig_sleep(&w->rig, DAY_S);
	add(w, "192.0.2.10", "", TRAFFIC_MESSAGES, TRAFFIC_REFUSED);
	add(w, "192.0.2.9", "", TRAFFIC_MESSAGES, TRAFFIC_REFUSED);
	add(w, "192.0.2.9", "", TRAFFIC_MESSAGES, TRAFFIC_REFUSED);
	flush(w);
	complain(w, "192.0.2.11", "", true);
	rows(w, "192.0.2.0/24", ROWS, row, &count, &whole);
	assert_int_equal(count, 4);
	assert_int_equal(whole, DAYS);
	assert_string_equal(cidr_format(&row[0].net, text), "192.0.2.9");
	assert_int_equal(row[0].day, 0);
	assert_int_equal(row[0].count.count[TRAFFIC_REFUSED], 2);
	assert_string_equal(cidr_format(&row[1].net, text), "192.0.2.10");
	assert_int_equal(row[1].count.count[TRAFFIC_REFUSED], 1);
	assert_string_equal(cidr_format(&row[2].net, text), "192.0.2.11");
	assert_int_equal(row[2].count.count[TRAFFIC_COMPLAINTS], 1);
	assert_int_equal(row[3].day, 1);
	assert_int_equal(row[3].count.count[TRAFFIC_ACCEPTED], 1);
	/* A day is there in whole or not at all. */
	rows(w, "192.0.2.0/24", 3, row, &count, &whole);
	assert_int_equal(count, 3);
	assert_int_equal(whole, 1);
	rows(w, "192.0.2.0/24", 2, row, &count, &whole);
	assert_int_equal(count, 0);
	assert_int_equal(whole, 0);
	free(row);
}

static void a_crowd_in_a_network_is_bounded(void **state)
{
	struct world *w = *state;
	struct traffic_row *row = calloc(ROWS, sizeof(*row));
	size_t count, whole;

	assert_non_null(row);
	for (int i = 0; i < ROWS; i++) {
		char ip[64];

		snprintf(ip, sizeof(ip), "2001:db8:1:%x::1", i);
		add(w, ip, "", TRAFFIC_MESSAGES, TRAFFIC_REFUSED);
	}
	flush(w);
	wants(w, "net:2001:db8:1::/48", 0, TRAFFIC_MESSAGES, ROWS);
	rows(w, "2001:db8:1::/48", ROWS, row, &count, &whole);
	/* The network's own counters leave room for a few more. */
	assert_in_range(count, TRAFFIC_ADDRESSES_MAX,
		TRAFFIC_ADDRESSES_MAX + TRAFFIC_COUNTERS);
	assert_int_equal(whole, DAYS);
	free(row);
}

static void what_is_no_number_of_ours_is_none(void **state)
{
	struct world *w = *state;
	struct traffic_day days[DAYS];
	struct traffic_row row[4];
	size_t count, whole;
	char day[SUMS_DAY_MAX], key[64];

	snprintf(key, sizeof(key), "rp:traffic:%s:net:192.0.2.0/24",
		sums_day(w->rig.now_ms, day));
	REDIS_DO(w->rig.server, "HSET", key, "messages", "-1", "refused",
		"99999999999999999999999", "@203.0.113.1", "", "@nonsense", "");
	wants(w, "net:192.0.2.0/24", 0, TRAFFIC_MESSAGES, 0);
	wants(w, "net:192.0.2.0/24", 0, TRAFFIC_REFUSED, 0);
	rows(w, "192.0.2.0/24", 4, row, &count, &whole);
	assert_int_equal(count, 0);
	REDIS_DO(w->rig.server, "DEL", key);
	REDIS_DO(w->rig.server, "SET", key, "text");
	assert_int_equal(traffic_read(w->redis, w->rig.conf,
				 slice_of("net:192.0.2.0/24"), w->rig.now_ms,
				 DAYS, days),
		RES_TYPE);
	/* The connection is still good. */
	wants(w, "net:192.0.2.7", 0, TRAFFIC_MESSAGES, 0);
}

static void without_redis_nothing_is_known(void **state)
{
	struct world *w = *state;
	struct traffic_day days[DAYS];
	struct sums_counts counts;

	redis_server_kill(w->rig.server);
	assert_int_equal(
		traffic_read(w->redis, w->rig.conf, slice_of("net:192.0.2.7"),
			w->rig.now_ms, DAYS, days),
		RES_DOWN);
	add(w, "192.0.2.7", "", TRAFFIC_MESSAGES, TRAFFIC_REFUSED);
	traffic_count(w->traffic, &counts);
	assert_int_equal(counts.waiting, 2);
	assert_int_equal(counts.dropped, 0);
}

static void only_addresses_and_their_networks_have_numbers(void **state)
{
	static const char *const good[] = { "192.0.2.1", "192.0.2.0/24",
		"2001:db8:1:2::/64", "2001:db8:1::/48" };
	static const char *const bad[] = { "192.0.2.0/25", "192.0.0.0/16",
		"2001:db8::1", "2001:db8::/32", "::/0" };
	char subject[TRAFFIC_SUBJECT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct cidr net = network(good[i]);

		assert_int_equal(traffic_subject(&net, subject), RES_OK);
		assert_string_equal(subject + strlen("net:"), good[i]);
		assert_int_equal(traffic_is_network(&net), i % 2 == 1);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct cidr net = network(bad[i]);

		assert_int_equal(traffic_subject(&net, subject), RES_RANGE);
	}
}

#define WITH_REDIS(test) \
	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest cases[] = {
		WITH_REDIS(a_message_counts_for_address_network_and_domain),
		WITH_REDIS(a_domain_has_the_numbers_of_those_below_it),
		WITH_REDIS(an_ipv6_address_is_its_64_and_its_48),
		WITH_REDIS(days_stand_apart_and_end),
		WITH_REDIS(sums_of_two_flushes_add_up),
		WITH_REDIS(a_complaint_counts_at_once),
		WITH_REDIS(the_addresses_of_a_network_are_told_apart),
		WITH_REDIS(a_crowd_in_a_network_is_bounded),
		WITH_REDIS(what_is_no_number_of_ours_is_none),
		WITH_REDIS(without_redis_nothing_is_known),
		cmocka_unit_test(
			only_addresses_and_their_networks_have_numbers),
	};

	return cmocka_run_group_tests_name("store/traffic", cases, NULL, NULL);
}
