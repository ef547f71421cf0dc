/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/bench_lookup - how fast is the list in memory, and how large?
 *
 *     bench_lookup [MILLIONS ...]        default: 1 10
 *
 * Networks: 85 % IPv4 (60 % /32, 20 % /24, the rest /16 to /23), 15 % IPv6
 * (/48, /64, /128 alike), all random. Questions: half of them for an address
 * inside a listed network, half for a random one, under a read lock as the
 * mirror takes it. "build" puts one by one into a table that grows as it
 * must; "reserved" into one that was made large enough.
 */
#include "base/clock.h"
#include "store/prefixes.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MILLION = 1000000, QUESTIONS = 4 * MILLION, THREADS_MAX = 2 };

struct dice {
	uint64_t state;
};

/* splitmix64 (Vigna): good enough and the same each time. */
static uint64_t roll(struct dice *d)
{
	uint64_t z = d->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static struct ipaddr random_v6(struct dice *d)
{
	struct ipaddr ip;
	uint64_t half[2] = { roll(d), roll(d) };

	memcpy(ip.octet, half, sizeof(half));
	ip.octet[0] = 0x20 | (ip.octet[0] & 0x1f);
	return ip;
}

static struct ipaddr random_ip(struct dice *d)
{
	if (roll(d) % 100 < 85)
		return ipaddr_from_v4((uint32_t)roll(d));
	return random_v6(d);
}

static struct cidr random_net(struct dice *d)
{
	static const uint8_t v6_bits[] = { 48, 64, 128 };
	uint64_t share = roll(d) % 100;
	struct ipaddr ip;

	if (share >= 85) {
		ip = random_v6(d);
		return cidr_around(&ip, v6_bits[roll(d) % 3]);
	}
	ip = ipaddr_from_v4((uint32_t)roll(d));
	share = roll(d) % 100;
	if (share < 60)
		return cidr_around(&ip, 128);
	if (share < 80)
		return cidr_around(&ip, 120);
	return cidr_around(&ip, (uint8_t)(112 + roll(d) % 8));
}

/* An address in it: its free bits are random. */
static struct ipaddr inside(const struct cidr *net, struct dice *d)
{
	struct ipaddr ip = net->net;
	unsigned bit;

	for (bit = net->bits; bit < 128; bit++)
		ip.octet[bit / 8] |= (uint8_t)((roll(d) & 1) << (7 - bit % 8));
	return ip;
}

static bool fill(struct prefixes *p, size_t count, uint64_t seed)
{
	struct dice d = { seed };
	struct list_name name;
	struct prefix_key key = { &name, { "", 0 } };
	bool added;
	size_t i;

	memset(&name, 0, sizeof(name));
	name.subject = SUBJECT_NET;
	name.is_canonical = true;
	for (i = 0; i < count; i++) {
		name.net = random_net(&d);
		if (prefixes_put(p, &key, PREFIX_KNOWN, 0, &added) != RES_OK)
			return false;
	}
	return true;
}

struct asker {
	const struct prefixes *p;
	pthread_rwlock_t *lock;
	const struct ipaddr *question;
	size_t count;
	size_t hits;
	double cpu_s; /* of the thread: says something on a busy machine too */
};

static double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void *ask(void *ctx)
{
	struct asker *a = ctx;
	struct prefix_hit hit[PREFIX_HITS_MAX];
	double begin = cpu_s();
	size_t i;

	for (i = 0; i < a->count; i++) {
		pthread_rwlock_rdlock(a->lock);
		a->hits += prefixes_match(a->p, &a->question[i],
				   slice_make("", 0), hit) > 0;
		pthread_rwlock_unlock(a->lock);
	}
	a->cpu_s = cpu_s() - begin;
	return NULL;
}

static double now_s(void)
{
	return (double)clock_mono_ms(clock_system()) / 1000;
}

struct speed {
	double rate; /* millions of answers a second */
	double cpu_ns; /* of one answer */
	double share; /* of them that were hits, in percent */
};

static struct speed measure(const struct prefixes *p,
	const struct ipaddr *question, unsigned threads)
{
	pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
	struct asker asker[THREADS_MAX];
	pthread_t thread[THREADS_MAX];
	size_t part = QUESTIONS / threads;
	size_t hits = 0;
	double cpu = 0;
	double begin = now_s();
	struct speed speed;
	unsigned i;

	for (i = 0; i < threads; i++) {
		asker[i] = (struct asker){ p, &lock, question + i * part, part,
			0, 0 };
		if (pthread_create(&thread[i], NULL, ask, &asker[i]) != 0)
			exit(1);
	}
	for (i = 0; i < threads; i++) {
		pthread_join(thread[i], NULL);
		hits += asker[i].hits;
		cpu += asker[i].cpu_s;
	}
	speed.share = 100.0 * (double)hits / QUESTIONS;
	speed.rate = (double)QUESTIONS / (now_s() - begin) / MILLION;
	speed.cpu_ns = cpu / QUESTIONS * 1e9;
	return speed;
}

static void make_questions(
	struct ipaddr *question, size_t entries, uint64_t seed)
{
	struct dice list = { seed };
	struct dice d = { ~seed };
	size_t step = entries / (QUESTIONS / 2) + 1;
	size_t i;

	for (i = 0; i < QUESTIONS; i += 2) {
		struct cidr net;
		size_t k;

		for (k = 0; k < step; k++) {
			if (i / 2 * step % entries == 0 && k == 0)
				list.state = seed;
			net = random_net(&list);
		}
		question[i] = inside(&net, &d);
		question[i + 1] = random_ip(&d);
	}
	/* The order of the list must not be that of the questions. */
	for (i = QUESTIONS - 1; i > 0; i--) {
		size_t other = roll(&d) % (i + 1);
		struct ipaddr swap = question[i];

		question[i] = question[other];
		question[other] = swap;
	}
}

static bool run(size_t entries, struct ipaddr *question)
{
	const uint64_t seed = 20261122;
	struct prefixes *p = prefixes_new(entries, 1);
	struct prefixes *reserved = prefixes_new(entries, 1);
	double begin = now_s();
	double built;
	struct speed one;
	struct speed two;
	bool ok;

	ok = p != NULL && reserved != NULL && fill(p, entries, seed);
	built = now_s() - begin;
	begin = now_s();
	ok = ok &&
		prefixes_reserve(reserved, entries * 85 / 100,
			entries - entries * 85 / 100) == RES_OK &&
		fill(reserved, entries, seed);
	if (ok) {
		printf("%9zu  %6.2f s  %6.2f s  %8.1f  %8.1f",
			prefixes_count(p), built, now_s() - begin,
			(double)prefixes_memory(p) / (double)prefixes_count(p),
			(double)prefixes_memory(reserved) /
				(double)prefixes_count(reserved));
		prefixes_free(reserved);
		reserved = NULL;
		make_questions(question, entries, seed);
		one = measure(p, question, 1);
		two = measure(p, question, 2);
		printf("  %6.2f M/s %4.0f ns  %6.2f M/s %4.0f ns  %3.0f %%\n",
			one.rate, one.cpu_ns, two.rate, two.cpu_ns, one.share);
	}
	prefixes_free(p);
	prefixes_free(reserved);
	return ok;
}

int main(int argc, char **argv)
{
	struct ipaddr *question = calloc(QUESTIONS, sizeof(*question));
	int i;

	if (question == NULL)
		return 1;
	puts("  entries     build  reserved  octets/e  reserved"
	     "    1 thread     cpu   2 threads     cpu   hits");
	if (argc < 2 &&
		!(run(MILLION, question) &&
			run((size_t)10 * MILLION, question)))
		return 1;
	for (i = 1; i < argc; i++) {
		uint64_t millions;

		if (slice_parse_u64(slice_of(argv[i]), 1, 1000, &millions) !=
				RES_OK ||
			!run((size_t)millions * MILLION, question))
			return 1;
	}
	free(question);
	return 0;
}
