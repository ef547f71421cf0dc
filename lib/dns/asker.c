/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/asker.h"

#include "base/clock.h"
#include "base/wake.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
	NAME_MAX_LEN = 253, /* RFC 1035 s2.3.4, without the root's dot */
	LABEL_MAX = 63,
	ALL_FACTOR = 4 /* of questions_max: bound of those known at once, too */
};

struct question {
	struct asker *asker;
	/* Set once: by the owner, or under the lock by whoever comes first. */
	_Atomic(const struct dns_answer *) answer;
	struct dns_answer *held; /* what has to be released, or NULL */
	void *ticket;
	int64_t deadline_ms;
	enum dns_type type;
	uint32_t hash;
	size_t len;
	char name[];
};

/* What one owner of questions has used up of this message's bounds. */
struct share {
	unsigned sent;
	unsigned all;
};

struct asker {
	const struct dns_source *source;
	struct asker_limits limits;
	const struct clock *clock;
	struct question **question;
	size_t count;
	size_t room;
	size_t mark;
	bool is_expired;
	struct asker_count cost;
	unsigned owner; /* of what is asked next */
	unsigned percent;
	struct share share[ASKER_OWNERS];
	struct share apart; /* asker_ask_apart; not in share, but in cost */
	pthread_mutex_t lock; /* of held and of the first answer */
	pthread_cond_t changed;
	_Atomic uint64_t generation;
};

/* Answers of our own, by their reason. */
static const struct dns_answer failed[] = {
	[DNS_WHY_TIMEOUT] = { .why = DNS_WHY_TIMEOUT },
	[DNS_WHY_BUDGET] = { .why = DNS_WHY_BUDGET },
	[DNS_WHY_DOWN] = { .why = DNS_WHY_DOWN },
	[DNS_WHY_NOMEM] = { .why = DNS_WHY_NOMEM },
};

static const struct dns_answer impossible = { .status = DNS_NXDOMAIN,
	.why = DNS_WHY_NAME };

struct asker *asker_new(const struct dns_source *source,
	const struct asker_limits *limits, const struct clock *clock)
{
	struct asker *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->source = source;
	a->limits = *limits;
	a->clock = clock;
	a->percent = 100;
	pthread_mutex_init(&a->lock, NULL);
	wake_init(&a->changed);
	return a;
}

static void forget(struct asker *a, size_t from)
{
	for (size_t i = from; i < a->count; i++) {
		struct question *q = a->question[i];

		if (q->ticket != NULL)
			a->source->finish(a->source->ctx, q->ticket);
		dns_answer_release(q->held);
		free(q);
	}
	a->count = from;
}

void asker_free(struct asker *a)
{
	if (a == NULL)
		return;
	forget(a, 0);
	pthread_cond_destroy(&a->changed);
	pthread_mutex_destroy(&a->lock);
	free(a->question);
	free(a);
}

/* ---- names ---- */

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Folds into out; false when no such name can be. */
static bool fold_name(struct slice name, char out[NAME_MAX_LEN], size_t *len)
{
	size_t label = 0;

	if (name.len > 0 && name.at[name.len - 1] == '.')
		name.len--;
	if (name.len == 0 || name.len > NAME_MAX_LEN)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		if (name.at[i] != '.') {
			out[i] = fold(name.at[i]);
			if (++label > LABEL_MAX)
				return false;
			continue;
		}
		if (label == 0)
			return false;
		label = 0;
		out[i] = '.';
	}
	*len = name.len;
	return label > 0;
}

/* FNV-1a: the table is one session's own, and small. */
static uint32_t hash_of(const char *name, size_t len, enum dns_type type)
{
	uint32_t h = 2166136261U ^ (uint32_t)type;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)name[i]) * 16777619U;
	return h;
}

static struct question *find(const struct asker *a, struct slice name,
	enum dns_type type, uint32_t hash)
{
	for (size_t i = 0; i < a->count; i++) {
		struct question *q = a->question[i];

		if (q->hash == hash && q->type == type && q->len == name.len &&
			memcmp(q->name, name.at, name.len) == 0)
			return q;
	}
	return NULL;
}

/* ---- asking ---- */

static void done(void *at, struct dns_answer *answer)
{
	struct question *q = at;
	struct asker *a = q->asker;

	pthread_mutex_lock(&a->lock);
	if (atomic_load(&q->answer) == NULL) {
		q->held = dns_answer_hold(answer);
		atomic_store(&q->answer, answer);
		atomic_fetch_add(&a->generation, 1);
		pthread_cond_signal(&a->changed);
	}
	pthread_mutex_unlock(&a->lock);
}

static struct question *add(
	struct asker *a, struct slice name, enum dns_type type, uint32_t hash)
{
	struct question *q;

	if (a->count == a->room) {
		size_t room = a->room == 0 ? 16 : a->room * 2;
		void *more = realloc(a->question, room * sizeof(*a->question));

		if (more == NULL)
			return NULL;
		a->question = more;
		a->room = room;
	}
	q = malloc(sizeof(*q) + name.len);
	if (q == NULL)
		return NULL;
	*q = (struct question){
		.asker = a, .type = type, .hash = hash, .len = name.len
	};
	atomic_init(&q->answer, NULL);
	memcpy(q->name, name.at, name.len);
	a->question[a->count++] = q;
	a->cost.asked++;
	return q;
}

static const struct dns_answer *fail(
	struct asker *a, struct question *q, enum dns_why why)
{
	a->cost.failed++;
	if (q != NULL)
		atomic_store(&q->answer, &failed[why]);
	return &failed[why];
}

static unsigned part_of(size_t max, unsigned percent)
{
	return (unsigned)(max * percent / 100);
}

static bool is_over_budget(const struct asker *a)
{
	const struct share *own = &a->share[a->owner];
	size_t sent_max = a->limits.questions_max;
	size_t all_max = sent_max * ALL_FACTOR;

	return a->cost.sent - a->apart.sent >= sent_max ||
		a->count - a->mark - a->apart.all > all_max ||
		own->sent >= part_of(sent_max, a->percent) ||
		own->all > part_of(all_max, a->percent);
}

static bool is_over_apart(
	const struct asker *a, const struct asker_limits *limits)
{
	return a->apart.sent >= limits->questions_max ||
		a->apart.all >= limits->questions_max * ALL_FACTOR;
}

static const struct dns_answer *start(struct asker *a, struct question *q,
	struct share *share, unsigned timeout_ms)
{
	struct dns_answer *at_once;

	q->deadline_ms = clock_mono_ms(a->clock) + (int64_t)timeout_ms;
	at_once = a->source->start(a->source->ctx, slice_make(q->name, q->len),
		q->type, done, q, &q->ticket);
	if (at_once == NULL) {
		a->cost.sent++;
		share->sent++;
		return atomic_load(&q->answer);
	}
	q->held = at_once;
	atomic_store(&q->answer, at_once);
	if (at_once->status == DNS_UNKNOWN)
		a->cost.failed++;
	return at_once;
}

/* apart: NULL, or the limits of what is asked apart. */
static const struct dns_answer *ask(struct asker *a, struct slice name,
	enum dns_type type, const struct asker_limits *apart)
{
	struct share *share = apart == NULL ? &a->share[a->owner] : &a->apart;
	char folded[NAME_MAX_LEN];
	struct question *q;
	uint32_t hash;
	size_t len;

	if (!fold_name(name, folded, &len))
		return &impossible;
	hash = hash_of(folded, len, type);
	name = slice_make(folded, len);
	q = find(a, name, type, hash);
	if (q != NULL)
		return atomic_load(&q->answer);
	/* Nothing is kept of what was not asked: the list stays bounded. What
	 * is over the budget is so before and after the end of all waiting. */
	if (apart == NULL ? is_over_budget(a) : is_over_apart(a, apart))
		return fail(a, NULL, DNS_WHY_BUDGET);
	if (a->is_expired)
		return fail(a, NULL, DNS_WHY_TIMEOUT);
	q = add(a, name, type, hash);
	if (q == NULL)
		return fail(a, NULL, DNS_WHY_NOMEM);
	share->all++;
	if (a->source == NULL)
		return fail(a, q, DNS_WHY_DOWN);
	return start(a, q, share,
		apart == NULL ? a->limits.timeout_ms : apart->timeout_ms);
}

const struct dns_answer *asker_ask(
	struct asker *a, struct slice name, enum dns_type type)
{
	return ask(a, name, type, NULL);
}

const struct dns_answer *asker_ask_apart(struct asker *a, struct slice name,
	enum dns_type type, const struct asker_limits *limits)
{
	return ask(a, name, type, limits);
}

const struct dns_answer *asker_known(
	struct asker *a, struct slice name, enum dns_type type)
{
	char folded[NAME_MAX_LEN];
	struct question *q;
	size_t len;

	if (!fold_name(name, folded, &len))
		return &impossible;
	q = find(a, slice_make(folded, len), type, hash_of(folded, len, type));
	return q == NULL ? NULL : atomic_load(&q->answer);
}

void asker_own(struct asker *a, unsigned owner, unsigned percent)
{
	a->owner = owner < ASKER_OWNERS ? owner : ASKER_OWNERS - 1;
	a->percent = percent;
}

/* ---- waiting ---- */

uint64_t asker_seen(struct asker *a)
{
	return atomic_load(&a->generation);
}

/* Locked. The earliest deadline of what is on its way, or none. */
static bool earliest(const struct asker *a, int64_t *deadline_ms)
{
	bool found = false;

	for (size_t i = 0; i < a->count; i++) {
		const struct question *q = a->question[i];

		if (atomic_load(&q->answer) != NULL)
			continue;
		if (!found || q->deadline_ms < *deadline_ms)
			*deadline_ms = q->deadline_ms;
		found = true;
	}
	return found;
}

/* Locked. All that should have come by then is late. */
static void give_up(struct asker *a, int64_t until_ms)
{
	for (size_t i = 0; i < a->count; i++) {
		struct question *q = a->question[i];

		if (atomic_load(&q->answer) != NULL ||
			q->deadline_ms > until_ms)
			continue;
		atomic_store(&q->answer, &failed[DNS_WHY_TIMEOUT]);
		a->cost.failed++;
		atomic_fetch_add(&a->generation, 1);
	}
}

/* The condition's clock is not that of a->clock, which may be a test's. */
static void sleep_for(struct asker *a, int64_t wait_ms)
{
	const struct timespec at = wake_in(wait_ms);

	(void)pthread_cond_timedwait(&a->changed, &a->lock, &at);
}

bool asker_wait(struct asker *a, uint64_t seen, int64_t deadline_ms)
{
	bool is_new;

	pthread_mutex_lock(&a->lock);
	for (;;) {
		int64_t now = clock_mono_ms(a->clock);
		int64_t until = 0;

		is_new = atomic_load(&a->generation) != seen;
		if (is_new || !earliest(a, &until) || now >= deadline_ms)
			break;
		if (until <= now)
			give_up(a, now);
		else
			sleep_for(a,
				(until < deadline_ms ? until : deadline_ms) -
					now);
	}
	pthread_mutex_unlock(&a->lock);
	return is_new;
}

void asker_expire(struct asker *a)
{
	pthread_mutex_lock(&a->lock);
	a->is_expired = true;
	give_up(a, INT64_MAX);
	pthread_mutex_unlock(&a->lock);
}

void asker_mark(struct asker *a)
{
	a->mark = a->count;
	a->is_expired = false;
	a->cost = (struct asker_count){ .asked = 0 };
	memset(a->share, 0, sizeof(a->share));
	a->apart = (struct share){ .sent = 0 };
}

void asker_release(struct asker *a)
{
	if (a->count > a->mark)
		forget(a, a->mark);
	a->is_expired = false;
	a->cost = (struct asker_count){ .asked = 0 };
	memset(a->share, 0, sizeof(a->share));
	a->apart = (struct share){ .sent = 0 };
}

void asker_read_count(struct asker *a, struct asker_count *out)
{
	*out = a->cost;
	/* Failures that came later than the question. */
	for (size_t i = a->mark; i < a->count; i++) {
		const struct question *q = a->question[i];
		const struct dns_answer *answer = atomic_load(&q->answer);

		if (q->ticket != NULL && answer != NULL &&
			answer->status == DNS_UNKNOWN &&
			answer != &failed[DNS_WHY_TIMEOUT])
			out->failed++;
	}
}
