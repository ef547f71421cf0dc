/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/bench_mirror - how fast the lists load, how soon an edit is seen.
 *
 *     bench_mirror load 1000000        names, then all flags, of N entries
 *     bench_mirror edit 3              edit -> changed answer, 3 mirrors, idle
 *     bench_mirror import 3            the same during an import of 300,000
 *
 * With a private redis-server on a unix socket. One line a figure.
 */
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "conf/conf.h"
#include "store/mirror.h"
#include "store/prefixes.h"
#include "store/redis.h"
#include "support/redis_server.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum {
	WAIT_MS = 600000,
	PIPELINE = 1000,
	MIRRORS_MAX = 8,
	EDITS = 1000,
	IMPORT = 300000
};

static void die(const char *what)
{
	fprintf(stderr, "bench_mirror: %s\n", what);
	exit(1);
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Seconds of processor, ours only: a figure for a machine that is busy with
 * other things. */
static double cpu_s(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
		(double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static struct conf *make_conf(const struct redis_server *server)
{
	struct conf *conf = NULL;
	struct buf text, errors;

	buf_init(&text, 4096);
	buf_init(&errors, 4096);
	buf_add_format(&text,
		"host = \"mx.example.net\"\n"
		"portal_url = \"https://postmaster.example.net\"\n"
		"milter { socket = \"inet:8894@127.0.0.1\" }\n"
		"redis { servers = {\"unix:%s\"} sync_timeout_ms = 20000 }\n"
		"lists { snapshot = \"\" }\n",
		redis_server_socket(server));
	if (conf_load_text("bench", buf_slice(&text), &conf, &errors) != RES_OK)
		die(buf_text(&errors));
	buf_clear(&text);
	buf_clear(&errors);
	return conf;
}

static struct redis *dial(const struct conf *conf)
{
	const struct redis_login login = { .timeout_ms = WAIT_MS };
	struct redis *r = NULL;

	if (redis_open(&r, &conf->redis.servers[0], &login, NULL) != RES_OK)
		die("cannot connect");
	return r;
}

/* Entry i: 85 % IPv4 hosts, 10 % /24, 5 % IPv6 /64. */
static void format_key(struct buf *key, size_t i)
{
	uint32_t n = (uint32_t)i * 2654435761U;

	buf_reset(key);
	if (i % 20 == 0)
		buf_add_format(key, "rp:block:2001:db8:%x:%x::/64", n >> 16,
			n & 0xffff);
	else if (i % 20 < 3)
		buf_add_format(key, "rp:block:%u.%u.%u.0/24", n >> 24,
			n >> 16 & 255, n >> 8 & 255);
	else
		buf_add_format(key, "rp:block:%u.%u.%u.%u", n >> 24,
			n >> 16 & 255, n >> 8 & 255, n & 255);
}

static void fill(const struct conf *conf, size_t from, size_t count)
{
	struct redis *r = dial(conf);
	struct redis_reply reply;
	struct buf key;

	buf_init(&key, 128);
	for (size_t i = from; i < from + count;) {
		size_t sent = 0;

		for (; sent < PIPELINE && i < from + count; i++, sent++) {
			format_key(&key, i);
			if (redis_append(r,
				    (struct slice[]){ slice_of("HSET"),
					    buf_slice(&key), slice_of("reason"),
					    slice_of("spam"), slice_of("class"),
					    slice_of("self") },
				    6) != RES_OK)
				die("cannot fill");
		}
		for (; sent > 0; sent--)
			if (redis_read(r, &reply) != RES_OK)
				die("cannot fill");
	}
	buf_clear(&key);
	redis_close(r);
}

static void bench_load(struct redis_server *server, size_t count)
{
	struct conf *conf = make_conf(server);
	struct mirror *m = NULL;
	struct mirror_status s;
	double began = now_ms(), names, cpu, names_cpu;
	struct rusage usage;

	fill(conf, 0, count);
	printf("fill_s %.1f\n", (now_ms() - began) / 1e3);
	if (mirror_open(&m, conf, clock_system()) != RES_OK)
		die("no memory");
	began = now_ms();
	cpu = cpu_s();
	if (mirror_start(m) != RES_OK || mirror_wait_live(m, WAIT_MS) != RES_OK)
		die("not live");
	names = now_ms();
	names_cpu = cpu_s();
	do {
		nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
		mirror_read_status(m, &s);
	} while (s.details_unread > 0);
	getrusage(RUSAGE_SELF, &usage);
	printf("entries %zu\nnames_s %.2f\nflags_s %.2f\n", s.entries,
		(names - began) / 1e3, (now_ms() - began) / 1e3);
	printf("names_cpu_s %.2f\nflags_cpu_s %.2f\n", names_cpu - cpu,
		cpu_s() - cpu);
	printf("table_mb %.1f\nrss_peak_mb %.1f\n", (double)s.memory / 1e6,
		(double)usage.ru_maxrss / 1e3);
	mirror_close(m);
	conf_release(conf);
}

static bool is_listed(struct mirror *m, const struct ipaddr *ip)
{
	struct prefix_hit hit[PREFIX_HITS_MAX];
	uint64_t version;
	size_t count = 0;

	return mirror_match(m, ip, slice_of(""), hit, &count, &version) ==
		RES_OK &&
		count > 0;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct import {
	const struct conf *conf;
	atomic_bool done;
};

static void *import_on(void *arg)
{
	struct import *import = arg;

	fill(import->conf, 0, IMPORT);
	import->done = true;
	return NULL;
}

/* One edit: from Redis's OK until all mirrors answer differently; and what
 * Redis itself took for it. */
static double edit_once(struct redis *r, struct mirror *const *m,
	size_t mirrors, unsigned n, double *set_ms)
{
	struct ipaddr ip = ipaddr_from_v4(0xf0000000U + n);
	char key[32 + IPADDR_TEXT_MAX], text[IPADDR_TEXT_MAX];
	struct redis_reply reply;
	double began, stored;

	(void)snprintf(
		key, sizeof(key), "rp:block:%s", ipaddr_format(&ip, text));
	began = now_ms();
	if (redis_command(r,
		    (struct slice[]){
			    slice_of("SET"), slice_of(key), slice_of("x") },
		    3, &reply) != RES_OK)
		die("cannot edit");
	stored = now_ms();
	for (size_t i = 0; i < mirrors; i++)
		while (!is_listed(m[i], &ip))
			nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL);
	*set_ms = stored - began;
	return now_ms() - stored;
}

static void open_mirrors(struct conf *conf, struct mirror **m, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (mirror_open(&m[i], conf, clock_system()) != RES_OK ||
			mirror_start(m[i]) != RES_OK ||
			mirror_wait_live(m[i], WAIT_MS) != RES_OK)
			die("not live");
}

static void print_edits(size_t mirrors, bool busy, double *took, size_t n)
{
	if (n == 0)
		die("no edit was made");
	qsort(took, n, sizeof(*took), compare);
	printf("mirrors %zu %s edits %zu p50_ms %.2f p99_ms %.2f max_ms %.2f\n",
		mirrors, busy ? "import" : "idle", n, took[n / 2],
		took[n * 99 / 100], took[n - 1]);
}

static void bench_edit(struct redis_server *server, size_t mirrors, bool busy)
{
	static const struct timespec nap = { .tv_nsec = 1000000 };
	struct conf *conf = make_conf(server);
	struct mirror *m[MIRRORS_MAX] = { NULL };
	struct import import = { .conf = conf };
	double *took = calloc(EDITS, sizeof(*took));
	double *set = calloc(EDITS, sizeof(*set));
	size_t n = 0;
	pthread_t thread;
	struct redis *r;

	if (took == NULL || set == NULL || mirrors > MIRRORS_MAX)
		die("1 to 8 mirrors");
	open_mirrors(conf, m, mirrors);
	r = dial(conf);
	if (busy && pthread_create(&thread, NULL, import_on, &import) != 0)
		die("no thread");
	for (; n < EDITS && !import.done; n++) {
		took[n] = edit_once(r, m, mirrors, (unsigned)n, &set[n]);
		nanosleep(&nap, NULL);
	}
	if (busy)
		pthread_join(thread, NULL);
	print_edits(mirrors, busy, took, n);
	qsort(set, n, sizeof(*set), compare);
	printf("the edit itself in Redis p50_ms %.2f p99_ms %.2f\n", set[n / 2],
		set[n * 99 / 100]);
	free(set);
	redis_close(r);
	for (size_t i = 0; i < mirrors; i++)
		mirror_close(m[i]);
	conf_release(conf);
	free(took);
}

int main(int argc, char **argv)
{
	struct redis_server *server;
	uint64_t n;

	if (argc != 3 ||
		slice_parse_u64(slice_of(argv[2]), 1, 100000000, &n) != RES_OK)
		die("usage: bench_mirror load N | edit MIRRORS | import MIRRORS");
	server = redis_server_start();
	if (server == NULL)
		die("no redis-server");
	if (strcmp(argv[1], "load") == 0)
		bench_load(server, n);
	else
		bench_edit(server, n, strcmp(argv[1], "import") == 0);
	redis_server_stop(server);
	return 0;
}
