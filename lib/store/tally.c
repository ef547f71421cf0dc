/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/tally.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 2 * TALLY_MAX /* a power of two, half empty at most */ };

struct table_of_sums {
	size_t count;
	struct tally_sum sum[SLOTS]; /* count 0: empty */
};

struct tally {
	pthread_mutex_t lock;
	pthread_mutex_t taking; /* one at a time uses the spare */
	struct table_of_sums *now;
	struct table_of_sums *spare;
};

struct tally *tally_new(void)
{
	struct tally *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	pthread_mutex_init(&t->lock, NULL);
	pthread_mutex_init(&t->taking, NULL);
	t->now = calloc(1, sizeof(*t->now));
	t->spare = calloc(1, sizeof(*t->spare));
	if (t->now == NULL || t->spare == NULL) {
		tally_free(t);
		return NULL;
	}
	return t;
}

void tally_free(struct tally *t)
{
	if (t == NULL)
		return;
	pthread_mutex_destroy(&t->lock);
	pthread_mutex_destroy(&t->taking);
	free(t->now);
	free(t->spare);
	free(t);
}

/* References are random: their first characters are a hash. */
static size_t home_of(const char ref[CASE_REF_MAX])
{
	size_t h = 0;

	for (size_t i = 0; i < sizeof(h); i++)
		h = h * 31 + (unsigned char)ref[i];
	return h % SLOTS;
}

static bool add(struct table_of_sums *table, const struct tally_sum *s)
{
	size_t i = home_of(s->ref);
	uint64_t before;

	while (table->sum[i].count != 0 &&
		memcmp(table->sum[i].ref, s->ref, CASE_REF_MAX) != 0)
		i = (i + 1) % SLOTS;
	before = table->sum[i].count;
	if (before == 0) {
		if (table->count == TALLY_MAX)
			return false;
		table->count++;
	}
	table->sum[i] = *s;
	table->sum[i].count = before + 1;
	return true;
}

bool tally_add(struct tally *t, const struct tally_sum *s)
{
	bool added;

	pthread_mutex_lock(&t->lock);
	added = add(t->now, s);
	pthread_mutex_unlock(&t->lock);
	return added;
}

void tally_take(struct tally *t,
	void (*each)(void *ctx, const struct tally_sum *s), void *ctx)
{
	struct table_of_sums *taken;

	pthread_mutex_lock(&t->taking);
	pthread_mutex_lock(&t->lock);
	taken = t->now;
	t->now = t->spare;
	pthread_mutex_unlock(&t->lock);
	for (size_t i = 0; i < SLOTS && taken->count > 0; i++)
		if (taken->sum[i].count > 0)
			each(ctx, &taken->sum[i]);
	if (taken->count > 0)
		memset(taken, 0, sizeof(*taken));
	t->spare = taken;
	pthread_mutex_unlock(&t->taking);
}
