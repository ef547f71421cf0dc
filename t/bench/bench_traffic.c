/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/bench_traffic - what the numbers of senders cost.
 *
 *     bench_traffic 100000
 *
 * So many addresses of one day, ten to a network, each with a domain of its
 * own, and messages of each: what an add takes, what a flush takes and costs
 * Redis, what lies there afterwards, and how long a page waits for a month of a
 * full network. With a private redis-server on a unix socket. One line a
 * figure.
 */
#include "base/clock.h"
#include "conf/conf.h"
#include "store/traffic.h"
#include "store/writer.h"
#include "support/redis_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	FLUSH_EVERY = 10000,
	MESSAGES = 5, /* of an address, between two flushes */
	WAIT_S = 120,
	DAYS = 31,
	ROWS = 4096,
	DAY_MS = 86400000,
	FULL = 256
};

struct bench {
	struct redis_server *server;
	struct conf *conf;
	struct writer *writer;
	struct traffic *traffic;
	struct redis *redis;
	unsigned senders;
	int64_t now_ms;
	struct clock clock;
};

static void die(const char *what)
{
	fprintf(stderr, "bench_traffic: %s\n", what);
	exit(1);
}

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int64_t held_ms(void *ctx)
{
	const struct bench *b = ctx;

	return b->now_ms;
}

static void make_conf(struct bench *b)
{
	struct buf text, errors;

	buf_init(&text, 4096);
	buf_init(&errors, 4096);
	buf_add_format(&text,
		"host = \"mx.example.net\"\n"
		"portal_url = \"https://postmaster.example.net\"\n"
		"milter { socket = \"inet:8894@127.0.0.1\" }\n"
		"redis { servers = {\"unix:%s\"} timeout_ms = 5000 }\n",
		redis_server_socket(b->server));
	if (conf_load_text("bench", buf_slice(&text), &b->conf, &errors) !=
		RES_OK)
		die(buf_text(&errors));
	buf_clear(&text);
	buf_clear(&errors);
}

static void open_bench(struct bench *b)
{
	const struct redis_login login = {
		.user = "", .password = "", .timeout_ms = 10000
	};

	b->server = redis_server_start();
	if (b->server == NULL)
		die("no redis-server");
	make_conf(b);
	b->now_ms = clock_wall_ms(clock_system());
	b->clock = (struct clock){
		.wall_ms = held_ms, .mono_ms = held_ms, .ctx = b
	};
	if (writer_open(&b->writer, b->conf, clock_system()) != RES_OK ||
		writer_start(b->writer) != RES_OK ||
		traffic_open(&b->traffic, b->conf, b->writer, &b->clock) !=
			RES_OK ||
		redis_open(&b->redis, &b->conf->redis.servers[0], &login,
			NULL) != RES_OK)
		die("no memory, or no Redis");
}

static void close_bench(struct bench *b)
{
	redis_close(b->redis);
	traffic_close(b->traffic);
	writer_close(b->writer);
	conf_release(b->conf);
	redis_server_stop(b->server);
}

static double ask(struct bench *b, const char *script)
{
	char text[64];

	if (!redis_server_do(b->server,
		    (const char *const[]){ "EVAL", script, "0", NULL }, text,
		    sizeof(text)))
		die(script);
	return strtod(text, NULL);
}

static double redis_memory(struct bench *b)
{
	return ask(b,
		"return tonumber(string.match(redis.call('INFO', 'memory'), "
		"'used_memory:(%d+)'))");
}

static double redis_keys(struct bench *b)
{
	return ask(b, "return redis.call('DBSIZE')");
}

static double redis_cpu_us(struct bench *b)
{
	return ask(b,
		"return tonumber(string.match(redis.call('INFO', "
		"'commandstats'), 'cmdstat_eval:calls=%d+,usec=(%d+)') or "
		"'0')");
}

/* ---- adding ---- */

static void add(struct bench *b, uint32_t address, const char *domain)
{
	const struct ipaddr ip = ipaddr_from_v4(address);
	struct traffic_day what = { .count = { 0 } };

	what.count[TRAFFIC_MESSAGES] = 1;
	what.count[TRAFFIC_ACCEPTED] = 1;
	what.count[TRAFFIC_SPF_PASS] = 1;
	what.count[TRAFFIC_DKIM_PASS] = 1;
	what.count[TRAFFIC_DMARC_PASS] = 1;
	traffic_add(b->traffic, &ip, domain, &what);
}

static void flush(struct bench *b)
{
	const struct timespec nap = { .tv_nsec = 100000 };
	double end_us = now_us() + WAIT_S * 1e6;
	struct writer_counts counts;

	do {
		traffic_flush(b->traffic, b->conf);
		nanosleep(&nap, NULL);
		writer_count(b->writer, &counts);
	} while (counts.waiting > 0 && now_us() < end_us);
	if (counts.waiting > 0 || counts.failed > 0 || counts.dropped > 0)
		die("Redis did not take all");
}

static void add_all(struct bench *b)
{
	double memory = redis_memory(b), cpu = redis_cpu_us(b);
	double adding = 0, flushing = 0, sums = 0;
	struct sums_counts counts;

	for (unsigned i = 0; i < b->senders;) {
		const unsigned end = i + FLUSH_EVERY < b->senders
			? i + FLUSH_EVERY
			: b->senders;
		double start = now_us();

		for (unsigned k = i * MESSAGES; k < end * MESSAGES; k++) {
			const unsigned who = i + (k - i * MESSAGES) % (end - i);
			char domain[64];

			snprintf(domain, sizeof(domain), "d%u.example", who);
			add(b, 0x0a000000u + who / 10 * 256 + who % 10, domain);
		}
		adding += now_us() - start;
		traffic_count(b->traffic, &counts);
		if (counts.dropped > 0)
			die("no room in memory");
		sums += (double)counts.waiting;
		start = now_us();
		flush(b);
		flushing += now_us() - start;
		i = end;
	}
	memory = redis_memory(b) - memory;
	cpu = redis_cpu_us(b) - cpu;
	printf("%-50s %8.0f ns\n", "an add (address, network, domain)",
		adding * 1e3 / b->senders / MESSAGES);
	printf("%-50s %8.2f us\n", "a sum, from the flush until Redis has it",
		flushing / sums);
	printf("%-50s %8.2f us\n", "  processor of Redis a sum", cpu / sums);
	printf("%-50s %8.0f\n", "octets in Redis, a key and day",
		memory / redis_keys(b));
	printf("%-50s %8.0f\n",
		"  an address with a domain and 1/10 of a network",
		memory / b->senders);
}

/* ---- reading ---- */

static void read_full(struct bench *b)
{
	static struct traffic_day day[DAYS];
	static struct traffic_row row[ROWS];
	const int64_t today_ms = b->now_ms;
	const struct ipaddr ip = ipaddr_from_v4(0xc0000200u);
	const struct cidr net = cidr_around(&ip, 120);
	size_t count = 0, whole = 0;
	double start;

	for (int d = 0; d < DAYS; d++) {
		b->now_ms = today_ms - (int64_t)d * DAY_MS;
		for (unsigned i = 0; i < FULL; i++)
			add(b, 0xc0000200u + i, "");
		flush(b);
	}
	b->now_ms = today_ms;
	start = now_us();
	if (traffic_read(b->redis, b->conf, slice_of("net:192.0.2.0/24"),
		    b->now_ms, DAYS, day) != RES_OK)
		die("cannot read");
	printf("%-50s %8.2f ms\n", "31 days of one subject",
		(now_us() - start) / 1e3);
	start = now_us();
	if (traffic_rows(b->redis, b->conf, &net, b->now_ms, DAYS, ROWS, row,
		    &count, &whole) != RES_OK)
		die("cannot read");
	printf("%-50s %8.2f ms, %zu rows\n", "addresses of a full /24",
		(now_us() - start) / 1e3, count);
}

int main(int argc, char **argv)
{
	struct bench b = { .senders = 0 };

	if (argc == 2)
		b.senders = (unsigned)strtoul(argv[1], NULL, 10);
	if (b.senders < 1000 || b.senders > 10000000)
		die("usage: bench_traffic SENDERS, 1000 to 10000000");
	open_bench(&b);
	printf("%u senders of one day, %d messages of each\n", b.senders,
		MESSAGES);
	add_all(&b);
	read_full(&b);
	close_bench(&b);
	return 0;
}
