/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/bench_report - what filing abuse reports costs.
 *
 *     bench_report 10000
 *
 * So many reports of junk, of one original of 8 KiB each: from as many
 * reporters, half of them about mail that came in from as many addresses, half
 * about 100 accounts of ours; then as many that name nothing of ours, and the
 * first ones once more. With a private redis-server on a unix socket. One line
 * a figure.
 */
#include "base/buf.h"
#include "base/clock.h"
#include "base/random.h"
#include "conf/conf.h"
#include "store/report.h"
#include "store/secret.h"
#include "support/redis_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MESSAGE_LEN = 8192, ACCOUNTS = 100, TIMEOUT_MS = 10000 };

enum what { TRACED, PLAIN };

struct bench {
	struct redis_server *server;
	struct conf *conf;
	struct redis *redis;
	struct secret secret;
	unsigned reports;
	char message[MESSAGE_LEN];
};

static void die(const char *what)
{
	fprintf(stderr, "bench_report: %s\n", what);
	exit(1);
}

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void open_bench(struct bench *b)
{
	const struct redis_login login = { .timeout_ms = TIMEOUT_MS };
	struct buf text, errors;

	b->server = redis_server_start();
	if (b->server == NULL)
		die("no redis-server");
	buf_init(&text, 4096);
	buf_init(&errors, 4096);
	buf_add_format(&text,
		"host = \"mx.example.net\"\n"
		"portal_url = \"https://postmaster.example.net\"\n"
		"milter { socket = \"inet:8894@127.0.0.1\" }\n"
		"redis { servers = {\"unix:%s\"} }\n"
		"listing { enabled = yes }\n"
		"reports { octets_day = 1073741824 tickets_day = 1000000 }\n",
		redis_server_socket(b->server));
	if (conf_load_text("bench", buf_slice(&text), &b->conf, &errors) !=
		RES_OK)
		die(buf_text(&errors));
	buf_clear(&text);
	buf_clear(&errors);
	if (redis_open(&b->redis, &b->conf->redis.servers[0], &login, NULL) !=
		RES_OK)
		die("no connection");
	b->secret.len = 32;
	random_fill(b->secret.octet, b->secret.len);
	memset(b->message, 'x', sizeof(b->message));
	memcpy(b->message, "Subject: x\n\n", 12);
}

static void close_bench(struct bench *b)
{
	redis_close(b->redis);
	conf_release(b->conf);
	redis_server_stop(b->server);
}

static double redis_memory(struct bench *b)
{
	char text[64];

	if (!redis_server_do(b->server,
		    (const char *const[]){ "EVAL",
			    "return tonumber(string.match(redis.call('INFO', "
			    "'memory'), 'used_memory:(%d+)'))",
			    "0", NULL },
		    text, sizeof(text)))
		die("no memory is told");
	return strtod(text, NULL);
}

static void make_trace(struct trace *t, unsigned i)
{
	*t = (struct trace){ .recipients = 1, .at_s = time(NULL) };
	snprintf(t->id, sizeof(t->id), "%016u", i);
	if (i % 2 == 0) {
		t->direction = TRACE_IN;
		t->ip = ipaddr_from_v4(0x0b000000u + i);
		t->has_ip = true;
		snprintf(t->domain, sizeof(t->domain), "d%u.example", i);
	} else {
		t->direction = TRACE_OUT;
		snprintf(t->account, sizeof(t->account), "%016u", i % ACCOUNTS);
	}
}

static void file_one(struct bench *b, unsigned i, enum what what)
{
	struct report_original o = { .form = REPORT_FORM_ATTACHED,
		.kind = REPORT_JUNK,
		.trace_word = what == TRACED ? TRACEKEYS_VALID : TRACEKEYS_NONE,
		.message = slice_make(b->message, sizeof(b->message)) };
	char mail[64], id[64];
	struct report_filing f = { .proof = REPORT_AUTHENTICATED,
		.may_ack = true,
		.original = &o,
		.count = 1 };
	struct report_filed filed;

	make_trace(&o.trace, i);
	snprintf(mail, sizeof(mail), "joe@u%u.example", i);
	snprintf(id, sizeof(id), "<%u.%d@example.com>", i, (int)what);
	f.reporter = slice_of(mail);
	f.message_id = slice_of(id);
	if (report_file(b->redis, b->conf, &b->secret,
		    clock_wall_ms(clock_system()), &f, &filed) != RES_OK)
		die("a report was not filed");
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void run(struct bench *b, const char *name, enum what what)
{
	double *took = calloc(b->reports, sizeof(*took));
	double memory = redis_memory(b), start = now_us(), all;

	if (took == NULL)
		die("no memory");
	for (unsigned i = 0; i < b->reports; i++) {
		double at = now_us();

		file_one(b, i, what);
		took[i] = now_us() - at;
	}
	all = now_us() - start;
	qsort(took, b->reports, sizeof(*took), compare);
	printf("%-28s %8u reports %8.0f a second; median %5.0f us, 99 %% "
	       "%5.0f us; %6.0f octets of Redis each\n",
		name, b->reports, b->reports / all * 1e6, took[b->reports / 2],
		took[b->reports / 100 * 99],
		(redis_memory(b) - memory) / b->reports);
	free(took);
}

int main(int argc, char **argv)
{
	struct bench b = { .reports = 10000 };

	if (argc > 1)
		b.reports = (unsigned)strtoul(argv[1], NULL, 10);
	if (b.reports < 100 || b.reports > 1000000)
		die("100 to 1,000,000 reports");
	open_bench(&b);
	run(&b, "with a trace", TRACED);
	run(&b, "delivered once more", TRACED);
	run(&b, "naming nothing of ours", PLAIN);
	close_bench(&b);
	return 0;
}
