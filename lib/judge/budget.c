/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/budget.h"

#include "base/log.h"
#include "judge/checkindex.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { PERCENT = 100, FIRST_SHARE = 4 /* of a window */ };

_Static_assert((int)CHECKINDEX_COUNT <= 64, "a bit for each check");

struct budget {
	pthread_mutex_t lock; /* of asked and unknown */
	unsigned asked[CHECKINDEX_COUNT];
	unsigned unknown[CHECKINDEX_COUNT];
	atomic_ullong advisory; /* a bit for each check */
};

struct budget *budget_new(void)
{
	struct budget *b = calloc(1, sizeof(*b));

	if (b != NULL)
		pthread_mutex_init(&b->lock, NULL);
	return b;
}

void budget_free(struct budget *b)
{
	if (b == NULL)
		return;
	pthread_mutex_destroy(&b->lock);
	free(b);
}

static unsigned long long bit_of(unsigned check)
{
	return 1ULL << check;
}

void budget_read(const struct budget *b, struct ruling_advisory *out)
{
	unsigned long long bits = b == NULL ? 0 : atomic_load(&b->advisory);

	out->count = 0;
	for (unsigned i = 0; bits != 0 && i < CHECKINDEX_COUNT; i++)
		if ((bits & bit_of(i)) != 0 && out->count < RULING_ADVISORY_MAX)
			out->check[out->count++] = checkindex_name(i);
}

/* ---- counting ---- */

/* What one message has of each check, a bit for each. */
struct seen {
	unsigned long long asked;
	unsigned long long unknown;
	unsigned long long hit;
};

static struct seen look(const struct findings *findings)
{
	struct seen seen = { .asked = 0 };

	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *f = &findings->item[i];
		unsigned check = checkindex_of(f->check);

		if (check == CHECKINDEX_COUNT || ruling_is_of_lists(f) ||
			(f->detail != NULL &&
				strcmp(f->detail, "internal") == 0))
			continue;
		seen.asked |= bit_of(check);
		if (f->outcome == OUTCOME_UNKNOWN)
			seen.unknown |= bit_of(check);
		if (f->outcome == OUTCOME_HIT)
			seen.hit |= bit_of(check);
	}
	/* One of several zones that did not answer leaves the others. */
	seen.unknown &= ~seen.hit;
	return seen;
}

static void count(struct budget *b, const struct conf_policy *policy,
	unsigned check, bool is_unknown)
{
	b->asked[check]++;
	b->unknown[check] += is_unknown;
	if (b->asked[check] < policy->unknown_window)
		return;
	b->asked[check] /= 2;
	b->unknown[check] /= 2;
}

static bool is_over(const struct budget *b, const struct conf_policy *policy,
	unsigned check, bool was_over)
{
	unsigned long long share =
		(unsigned long long)b->unknown[check] * PERCENT;
	unsigned long long budget =
		(unsigned long long)b->asked[check] * policy->unknown_percent;

	if (b->asked[check] * FIRST_SHARE < policy->unknown_window)
		return was_over;
	return was_over ? share * 2 > budget : share > budget;
}

static void tell(const struct conf_policy *policy, unsigned check, bool is_over)
{
	if (is_over)
		log_message(LOG_LEVEL_NOTICE, "advisory",
			"check %s could not tell for more than %u %% of the "
			"last messages: what it cannot tell counts for nothing "
			"until that is better",
			checkindex_name(check), policy->unknown_percent);
	else
		log_message(LOG_LEVEL_NOTICE, "advisory",
			"check %s can tell again: its rules are in force",
			checkindex_name(check));
}

void budget_add(struct budget *b, const struct conf_policy *policy,
	const struct findings *findings)
{
	struct seen seen;
	unsigned long long before, after;

	if (b == NULL)
		return;
	seen = look(findings);
	pthread_mutex_lock(&b->lock);
	before = after = atomic_load(&b->advisory);
	for (unsigned i = 0; i < CHECKINDEX_COUNT; i++) {
		bool is_now;

		if ((seen.asked & bit_of(i)) == 0)
			continue;
		count(b, policy, i, (seen.unknown & bit_of(i)) != 0);
		is_now = is_over(b, policy, i, (before & bit_of(i)) != 0);
		after = is_now ? after | bit_of(i) : after & ~bit_of(i);
	}
	atomic_store(&b->advisory, after);
	pthread_mutex_unlock(&b->lock);
	for (unsigned i = 0; before != after && i < CHECKINDEX_COUNT; i++)
		if (((before ^ after) & bit_of(i)) != 0)
			tell(policy, i, (after & bit_of(i)) != 0);
}

void budget_format(struct budget *b, struct buf *out)
{
	static const char name[] = "reprieve_check_advisory";
	unsigned long long bits = atomic_load(&b->advisory);
	unsigned asked[CHECKINDEX_COUNT];

	pthread_mutex_lock(&b->lock);
	memcpy(asked, b->asked, sizeof(asked));
	pthread_mutex_unlock(&b->lock);
	buf_add_format(out,
		"# HELP %s 1 while what the check cannot tell counts for "
		"nothing.\n# TYPE %s gauge\n",
		name, name);
	for (unsigned i = 0; i < CHECKINDEX_COUNT; i++)
		if (asked[i] > 0)
			buf_add_format(out, "%s{check=\"%s\"} %d\n", name,
				checkindex_name(i), (bits & bit_of(i)) != 0);
}
