/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/bench_ledger - what remembering senders costs.
 *
 *     bench_ledger 100000
 *
 * So many clients, each with a sender and a recipient of its own: a first
 * message of each (all limits on, greylist, reputation), a second that is over
 * the limit of its address, then recipients that are answered from memory.
 * Round trips are those that the server has counted. With a private
 * redis-server on a unix socket. One line a figure.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/random.h"
#include "conf/conf.h"
#include "heur/history.h"
#include "heur/rate.h"
#include "heur/sender.h"
#include "store/ledger.h"
#include "store/repute.h"
#include "store/writer.h"
#include "support/redis_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MEMORY = 65536, FLUSH_EVERY = 5000, WAIT_S = 120 };

struct bench {
	struct redis_server *server;
	struct conf *conf;
	struct secret secret;
	struct history_service service;
	struct writer *writer;
	struct repute *repute;
	struct arena *arena;
	struct auth_facts auth;
	struct findings found;
	unsigned clients;
	double *took; /* microseconds */
};

static void die(const char *what)
{
	fprintf(stderr, "bench_ledger: %s\n", what);
	exit(1);
}

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
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
		"redis { servers = {\"unix:%s\"} timeout_ms = 1000 }\n"
		"rate { address_hour = 1 network_hour = 1000000\n"
		"recipient_hour = 100 domain_hour = 1000000 }\n",
		redis_server_socket(b->server));
	if (conf_load_text("bench", buf_slice(&text), &b->conf, &errors) !=
		RES_OK)
		die(buf_text(&errors));
	buf_clear(&text);
	buf_clear(&errors);
}

static void open_bench(struct bench *b)
{
	const struct clock *clock = clock_system();

	b->server = redis_server_start();
	if (b->server == NULL)
		die("no redis-server");
	make_conf(b);
	b->secret.len = 32;
	random_fill(b->secret.octet, b->secret.len);
	b->service.secret = &b->secret;
	b->service.clock = clock;
	b->arena = arena_new(MEMORY);
	b->took = calloc(b->clients, sizeof(*b->took));
	if (b->arena == NULL || b->took == NULL ||
		ledger_open(&b->service.ledger, b->conf, clock, NULL) !=
			RES_OK ||
		writer_open(&b->writer, b->conf, clock) != RES_OK ||
		writer_start(b->writer) != RES_OK ||
		repute_open(&b->repute, b->conf, b->writer, NULL) != RES_OK)
		die("no memory");
}

static void close_bench(struct bench *b)
{
	repute_close(b->repute);
	writer_close(b->writer);
	ledger_close(b->service.ledger);
	conf_release(b->conf);
	arena_free(b->arena);
	free(b->took);
	redis_server_stop(b->server);
}

/* ---- what Redis and we say of ourselves ---- */

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

/* Scripts of the benchmark itself are counted, too; those before this one. */
static double redis_calls(struct bench *b)
{
	return ask(b,
		"return tonumber(string.match(redis.call('INFO', "
		"'commandstats'), 'cmdstat_eval:calls=(%d+)') or '0')");
}

static double redis_cpu_us(struct bench *b)
{
	return ask(b,
		"return tonumber(string.match(redis.call('INFO', "
		"'commandstats'), 'cmdstat_eval:calls=%d+,usec=(%d+)') or "
		"'0')");
}

static double own_memory(void)
{
	unsigned long size = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f == NULL)
		return 0;
	if (fscanf(f, "%lu %lu", &size, &resident) != 2)
		resident = 0;
	fclose(f);
	return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

/* ---- messages ---- */

struct letter {
	struct conn conn;
	struct envelope envelope;
	struct message message;
	char sender[64];
	char rcpt[64];
	void *state;
};

static void write_letter(struct letter *l, unsigned i)
{
	*l = (struct letter){ .conn = { .kind = CONN_REMOTE } };
	l->conn.ip = ipaddr_from_v4(0x0a000000u + i * 7);
	snprintf(l->sender, sizeof(l->sender), "<sender%u@s%u.example>", i, i);
	snprintf(l->rcpt, sizeof(l->rcpt), "<user%u@example.net>", i);
	if (address_parse(&l->envelope.sender, slice_of(l->sender)) != RES_OK)
		die(l->sender);
}

static struct check_input input_of(struct bench *b, struct letter *l)
{
	return (struct check_input){ .conf = b->conf,
		.conn = &l->conn,
		.envelope = &l->envelope,
		.message = &l->message,
		.auth = &b->auth,
		.arena = b->arena,
		.wall_s = time(NULL),
		.body_ended = true,
		.service = &b->service,
		.state = &l->state };
}

static void take_rcpt(struct bench *b, struct letter *l)
{
	const struct check_input in = input_of(b, l);

	if (address_parse(&l->envelope.rcpt, slice_of(l->rcpt)) != RES_OK)
		die(l->rcpt);
	(void)history_step(&in, NULL);
	l->envelope.rcpt_accepted++;
	l->envelope.rcpt = (struct address){ .is_null = false };
}

static const char *judge(struct bench *b, struct letter *l)
{
	const struct check_input in = input_of(b, l);
	const struct finding *f;

	arena_reset(b->arena);
	findings_clear(&b->found);
	findings_add(&b->found, "spf")->outcome = OUTCOME_MISS;
	findings_add(&b->found, "dkim")->outcome = OUTCOME_MISS;
	findings_add(&b->found, "dmarc")->outcome = OUTCOME_MISS;
	(void)history_step(&in, &b->found);
	f = findings_find(&b->found, "rate");
	return f == NULL ? "" : outcome_name(f->outcome);
}

static void remember(struct bench *b, const struct letter *l)
{
	struct sender s;

	sender_read(&s, &l->conn.ip, NULL);
	repute_add(b->repute, LEDGER_ADDRESS, slice_of(s.address), 1, 0);
	repute_add(b->repute, LEDGER_NETWORK, slice_of(s.network), 1, 0);
}

static void flush(struct bench *b)
{
	const struct timespec nap = { .tv_nsec = 1000000 };
	double end_us = now_us() + WAIT_S * 1e6;
	struct writer_counts counts;

	do {
		repute_flush(b->repute, b->conf);
		nanosleep(&nap, NULL);
		writer_count(b->writer, &counts);
	} while (counts.waiting > 0 && now_us() < end_us);
}

/* ---- figures ---- */

static int compare(const void *a, const void *b)
{
	const double *x = a;
	const double *y = b;

	return (*x > *y) - (*x < *y);
}

static void print_times(struct bench *b, const char *what)
{
	qsort(b->took, b->clients, sizeof(*b->took), compare);
	printf("%-46s %8.1f us p50 %8.1f us p99\n", what,
		b->took[b->clients / 2], b->took[b->clients / 100 * 99]);
}

static void send_all(struct bench *b, const char *what, const char *want)
{
	double calls = redis_calls(b);
	double cpu_us = redis_cpu_us(b);
	unsigned odd = 0;

	for (unsigned i = 0; i < b->clients; i++) {
		struct letter l;
		double start_us;

		write_letter(&l, i);
		take_rcpt(b, &l);
		start_us = now_us();
		odd += strcmp(judge(b, &l), want) != 0;
		b->took[i] = now_us() - start_us;
		history_clear(l.state);
	}
	calls = redis_calls(b) - calls - 2;
	cpu_us = redis_cpu_us(b) - cpu_us;
	print_times(b, what);
	printf("%-46s %8.3f\n", "  round trips a message", calls / b->clients);
	printf("%-46s %8.1f us\n", "  processor of Redis a message",
		cpu_us / b->clients);
	if (odd > 0)
		printf("%-46s %8u\n", "  NOT AS EXPECTED", odd);
}

static void send_rcpts(struct bench *b)
{
	double calls = redis_calls(b);
	unsigned told = 0;

	for (unsigned i = 0; i < b->clients; i++) {
		struct letter l;
		struct check_input in;
		double start_us;

		write_letter(&l, i);
		in = input_of(b, &l);
		arena_reset(b->arena);
		findings_clear(&b->found);
		if (address_parse(&l.envelope.rcpt, slice_of(l.rcpt)) != RES_OK)
			die(l.rcpt);
		start_us = now_us();
		rate_run(&in, &b->found);
		b->took[i] = now_us() - start_us;
		told += b->found.count > 0;
	}
	calls = redis_calls(b) - calls - 1;
	print_times(b, "a recipient of who is known to be over");
	printf("%-46s %8.3f\n", "  round trips a recipient",
		calls / b->clients);
	printf("%-46s %8.3f\n", "  share that was told so",
		(double)told / b->clients);
}

static void feed_all(struct bench *b)
{
	double memory = redis_memory(b);
	double start_us = now_us();

	for (unsigned i = 0; i < b->clients; i++) {
		struct letter l;

		write_letter(&l, i);
		remember(b, &l);
		if (i % FLUSH_EVERY == 0)
			flush(b);
	}
	flush(b);
	printf("%-46s %8.1f us a message\n", "reputation: added and written",
		(now_us() - start_us) / b->clients);
	printf("%-46s %8.0f octets\n", "  Redis a client (address and network)",
		(redis_memory(b) - memory) / b->clients);
}

int main(int argc, char **argv)
{
	struct bench b = { .clients = 100000 };
	double redis, own;

	if (argc > 1)
		b.clients = (unsigned)strtoul(argv[1], NULL, 10);
	if (b.clients < 100)
		die("100 clients at least");
	open_bench(&b);
	printf("%u clients\n", b.clients);
	redis = redis_memory(&b);
	own = own_memory();
	send_all(&b, "a message of a new client", "miss");
	printf("%-46s %8.0f octets\n", "  Redis a client (limits, greylist)",
		(redis_memory(&b) - redis) / b.clients);
	printf("%-46s %8.0f octets\n", "  milter a client",
		(own_memory() - own) / b.clients);
	own = own_memory();
	send_all(&b, "a message that is over a limit", "hit");
	printf("%-46s %8.0f octets\n", "  milter a limit known to be used up",
		(own_memory() - own) / b.clients);
	send_rcpts(&b);
	feed_all(&b);
	close_bench(&b);
	return 0;
}
