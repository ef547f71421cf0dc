/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/zonewatch.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/wake.h"
#include "conf/conf.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SIDES = 2, /* IPv4 or names, IPv6 */
	QUESTIONS = 2 * SIDES, /* of a zone */
	TIMEOUT_MS = 5000,
	SLICE_MS = 200, /* how soon a close is seen while waiting */
	SLEEP_MAX_MS = 60 * 1000,
	WHY_MAX = ZONEWATCH_WHY_MAX
};

enum side { SIDE_MAIN = 0, SIDE_IPV6 };

struct zone {
	const struct conf_zone *conf;
	bool is_off[SIDES];
	bool is_tested;
	char why[SIDES][WHY_MAX]; /* it is off */
	unsigned errors; /* in a row */
	unsigned misses; /* in a row */
	int64_t silent_ms; /* nobody asks it until then */
	int64_t due_ms; /* of the next test; monotonic */
	uint64_t asked;
	uint64_t listed;
	uint64_t unknown;
};

struct zonewatch {
	const struct clock *clock;
	const struct dns_source *source;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t wake;
	struct conf *conf; /* NULL: none is followed yet */
	struct zone *zone;
	size_t count;
	pthread_t thread;
	bool is_started;
	atomic_bool is_stopping;
};

/* What a test says of one side. */
enum finish { FINISH_UNKNOWN = 0, FINISH_GOOD, FINISH_BAD };

struct outcome_of_test {
	enum finish finish[SIDES];
	char why[SIDES][WHY_MAX];
};

enum result zonewatch_open(struct zonewatch **out, const struct clock *clock)
{
	struct zonewatch *w = calloc(1, sizeof(*w));

	*out = NULL;
	if (w == NULL)
		return RES_NOMEM;
	wake_init(&w->wake);
	pthread_mutex_init(&w->lock, NULL);
	w->clock = clock;
	*out = w;
	return RES_OK;
}

void zonewatch_close(struct zonewatch *w)
{
	if (w == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	atomic_store(&w->is_stopping, true);
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	if (w->is_started)
		pthread_join(w->thread, NULL);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
	conf_release(w->conf);
	free(w->zone);
	free(w);
}

/* ---- zones; all under the lock ---- */

static struct zone *find(struct zonewatch *w, const char *name)
{
	for (size_t i = 0; i < w->count; i++)
		if (strcmp(w->zone[i].conf->name, name) == 0)
			return &w->zone[i];
	return NULL;
}

static bool has_side(const struct conf_zone *z, int side)
{
	return side == SIDE_IPV6 ? z->has_v6 : z->has_v4 || z->is_domain;
}

/* The side that a zone is there for. */
static enum side main_side(const struct conf_zone *z)
{
	return has_side(z, SIDE_MAIN) ? SIDE_MAIN : SIDE_IPV6;
}

enum result zonewatch_follow(struct zonewatch *w, struct conf *conf)
{
	struct zone *zone = calloc(conf->zone_count + 1, sizeof(*zone));
	int64_t now = clock_mono_ms(w->clock);
	struct conf *old;

	if (zone == NULL)
		return RES_NOMEM;
	pthread_mutex_lock(&w->lock);
	for (size_t i = 0; i < conf->zone_count; i++) {
		const struct conf_zone *z = &conf->zones[i];
		const struct zone *before = find(w, z->name);

		if (before != NULL && before->conf->is_domain == z->is_domain)
			zone[i] = *before;
		else
			zone[i].due_ms = now;
		zone[i].conf = z;
	}
	free(w->zone);
	w->zone = zone;
	w->count = conf->zone_count;
	old = w->conf;
	w->conf = conf_hold(conf);
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	conf_release(old);
	return RES_OK;
}

/* An error is what an admin must act on: the zone is of no use now. */
static void switch_off(struct zone *z, int side, const char *why)
{
	bool is_main = side == (int)main_side(z->conf);

	if (z->is_off[side])
		return;
	z->is_off[side] = true;
	snprintf(z->why[side], WHY_MAX, "%s", why);
	/* Nobody asks it anyway. */
	if (!is_main && z->is_off[main_side(z->conf)])
		return;
	log_message(is_main ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, "dnsbl",
		"%s is not asked%s until it passes a test: %s", z->conf->name,
		is_main ? "" : " about IPv6", why);
}

static void switch_on(struct zone *z, int side)
{
	if (!z->is_off[side])
		return;
	z->is_off[side] = false;
	z->why[side][0] = '\0';
	log_message(LOG_LEVEL_NOTICE, "dnsbl", "%s is asked again%s",
		z->conf->name,
		side == (int)main_side(z->conf) ? "" : " about IPv6");
}

static bool is_due(const struct zone *z, int64_t now)
{
	return z->due_ms <= now &&
		(z->conf->selftest || z->is_off[SIDE_MAIN] ||
			z->is_off[SIDE_IPV6]);
}

/* ---- one test ---- */

static enum dnsbl_test test_of(const struct conf_zone *z, int side)
{
	if (z->is_domain)
		return DNSBL_TEST_DOMAIN;
	return side == SIDE_IPV6 ? DNSBL_TEST_IPV6 : DNSBL_TEST_IPV4;
}

static const struct dns_answer *ask(
	struct asker *dns, const struct conf_zone *z, int side, bool is_listed)
{
	char name[DNSBL_NAME_MAX];

	return asker_ask(dns,
		slice_of(dnsbl_test_name(test_of(z, side), is_listed, z, name)),
		DNS_A);
}

static enum finish judge(const struct conf_zone *z, int side, bool must,
	const struct dns_answer *a, char why[WHY_MAX])
{
	const struct dnsbl_reading r = a == NULL
		? (struct dnsbl_reading){ .state = DNSBL_UNKNOWN }
		: dnsbl_read(z, a);
	const char *test = dnsbl_test_text(test_of(z, side), must);
	char answer[DNSBL_ANSWER_MAX];

	switch (r.state) {
	case DNSBL_UNKNOWN:
		return FINISH_UNKNOWN;
	case DNSBL_CLEAR:
		if (!must)
			return FINISH_GOOD;
		snprintf(why, WHY_MAX, "it does not list %s", test);
		return FINISH_BAD;
	case DNSBL_LISTED:
		if (must)
			return FINISH_GOOD;
		snprintf(why, WHY_MAX, "it lists %s", test);
		return FINISH_BAD;
	case DNSBL_TROUBLE:
		snprintf(why, WHY_MAX, "asked for %s it answers %s", test,
			dnsbl_answer_text(r.answer, answer));
		return FINISH_BAD;
	}
	return FINISH_UNKNOWN;
}

static void judge_zone(struct asker *dns, const struct conf_zone *z,
	struct outcome_of_test *out)
{
	for (int side = 0; side < SIDES; side++) {
		enum finish must, must_not;
		char why[WHY_MAX];

		if (!has_side(z, side))
			continue;
		must = judge(
			z, side, true, ask(dns, z, side, true), out->why[side]);
		must_not = judge(z, side, false, ask(dns, z, side, false), why);
		/* The first fault is the one that is told. */
		if (must != FINISH_BAD && must_not == FINISH_BAD)
			memcpy(out->why[side], why, sizeof(why));
		if (must == FINISH_BAD || must_not == FINISH_BAD)
			out->finish[side] = FINISH_BAD;
		else if (must == FINISH_GOOD && must_not == FINISH_GOOD)
			out->finish[side] = FINISH_GOOD;
	}
}

/* Locked. */
static void apply(struct zone *z, const struct outcome_of_test *o, int64_t now)
{
	int64_t wait = ZONEWATCH_TEST_MS;

	z->is_tested = true;
	for (int side = 0; side < SIDES; side++) {
		if (!has_side(z->conf, side))
			continue;
		switch (o->finish[side]) {
		case FINISH_GOOD:
			switch_on(z, side);
			break;
		case FINISH_BAD:
			switch_off(z, side, o->why[side]);
			if (side == (int)main_side(z->conf) &&
				wait > ZONEWATCH_AGAIN_MS)
				wait = ZONEWATCH_AGAIN_MS;
			break;
		case FINISH_UNKNOWN:
			z->is_tested = false;
			wait = ZONEWATCH_RETRY_MS;
			break;
		}
	}
	z->errors = 0;
	z->due_ms = now + wait;
}

/* Without tests it is tried again after a while. */
static void retry_untested(struct zone *z)
{
	for (int side = 0; side < SIDES; side++)
		switch_on(z, side);
	z->errors = 0;
}

/* ---- a round of tests ---- */

struct round {
	struct conf *conf; /* of the zones; held */
	const struct conf_zone **zone;
	size_t count;
};

/* RES_NOMEM. */
static enum result begin_round(
	struct zonewatch *w, struct round *r, int64_t now)
{
	pthread_mutex_lock(&w->lock);
	*r = (struct round){ .zone = calloc(w->count + 1, sizeof(*r->zone)) };
	if (r->zone == NULL) {
		pthread_mutex_unlock(&w->lock);
		return RES_NOMEM;
	}
	if (w->conf != NULL)
		r->conf = conf_hold(w->conf);
	for (size_t i = 0; i < w->count; i++) {
		if (!is_due(&w->zone[i], now))
			continue;
		if (w->zone[i].conf->selftest)
			r->zone[r->count++] = w->zone[i].conf;
		else
			retry_untested(&w->zone[i]);
	}
	pthread_mutex_unlock(&w->lock);
	return RES_OK;
}

static bool ask_all(struct asker *dns, const struct round *r)
{
	bool is_waiting = false;

	for (size_t i = 0; i < r->count; i++)
		for (int side = 0; side < SIDES; side++) {
			if (!has_side(r->zone[i], side))
				continue;
			if (ask(dns, r->zone[i], side, true) == NULL)
				is_waiting = true;
			if (ask(dns, r->zone[i], side, false) == NULL)
				is_waiting = true;
		}
	return is_waiting;
}

static void wait_for_all(
	struct zonewatch *w, struct asker *dns, const struct round *r)
{
	uint64_t seen = asker_seen(dns);

	/* Each question has its own end, so that this comes to one. */
	while (ask_all(dns, r) && !atomic_load(&w->is_stopping)) {
		(void)asker_wait(dns, seen, clock_mono_ms(w->clock) + SLICE_MS);
		seen = asker_seen(dns);
	}
}

static void end_round(struct zonewatch *w, struct asker *dns, struct round *r)
{
	int64_t now = clock_mono_ms(w->clock);

	pthread_mutex_lock(&w->lock);
	for (size_t i = 0; i < r->count; i++) {
		struct outcome_of_test o = { .finish = { FINISH_UNKNOWN } };
		struct zone *z = find(w, r->zone[i]->name);

		judge_zone(dns, r->zone[i], &o);
		/* A reload may have made something else of it meanwhile. */
		if (z != NULL && z->conf->is_domain == r->zone[i]->is_domain)
			apply(z, &o, now);
	}
	pthread_mutex_unlock(&w->lock);
}

/* Locked. How long until something is due. */
static int64_t next_test(const struct zonewatch *w)
{
	int64_t now = clock_mono_ms(w->clock);
	int64_t next = SLEEP_MAX_MS;

	for (size_t i = 0; i < w->count; i++) {
		const struct zone *z = &w->zone[i];

		if (is_due(z, INT64_MAX) && z->due_ms - now < next)
			next = z->due_ms > now ? z->due_ms - now : 0;
	}
	return next;
}

enum result zonewatch_test(struct zonewatch *w, const struct dns_source *source)
{
	struct asker_limits limits = { .timeout_ms = TIMEOUT_MS };
	struct asker *dns = NULL;
	struct round r;
	enum result res = begin_round(w, &r, clock_mono_ms(w->clock));

	if (res != RES_OK)
		return res;
	if (r.count > 0) {
		limits.questions_max = (unsigned)(QUESTIONS * r.count);
		dns = asker_new(source, &limits, w->clock);
		res = dns == NULL ? RES_NOMEM : RES_OK;
	}
	if (dns != NULL) {
		wait_for_all(w, dns, &r);
		if (!atomic_load(&w->is_stopping))
			end_round(w, dns, &r);
		asker_free(dns);
	}
	conf_release(r.conf);
	free(r.zone);
	return res;
}

/* ---- the thread ---- */

static void sleep_until_due(struct zonewatch *w, int64_t least_ms)
{
	struct timespec at;
	int64_t wait_ms;

	pthread_mutex_lock(&w->lock);
	wait_ms = next_test(w);
	if (wait_ms < least_ms)
		wait_ms = least_ms;
	at = wake_in(wait_ms);
	if (wait_ms > 0 && !atomic_load(&w->is_stopping))
		(void)pthread_cond_timedwait(&w->wake, &w->lock, &at);
	pthread_mutex_unlock(&w->lock);
}

static void *run(void *at)
{
	struct zonewatch *w = at;

	while (!atomic_load(&w->is_stopping)) {
		enum result res = zonewatch_test(w, w->source);

		/* Without memory there is no use in hurrying. */
		sleep_until_due(w, res == RES_OK ? 0 : SLEEP_MAX_MS);
	}
	return NULL;
}

enum result zonewatch_start(
	struct zonewatch *w, const struct dns_source *source)
{
	w->source = source;
	if (pthread_create(&w->thread, NULL, run, w) != 0)
		return RES_DOWN;
	w->is_started = true;
	return RES_OK;
}

/* ---- what sessions ask ---- */

bool zonewatch_may_ask(
	struct zonewatch *w, const struct conf_zone *zone, bool is_v6)
{
	bool may = true;
	const struct zone *z;

	if (w == NULL)
		return true;
	pthread_mutex_lock(&w->lock);
	z = find(w, zone->name);
	if (z != NULL)
		may = !z->is_off[is_v6 ? SIDE_IPV6 : SIDE_MAIN];
	pthread_mutex_unlock(&w->lock);
	return may;
}

bool zonewatch_is_silent(struct zonewatch *w, const struct conf_zone *zone)
{
	bool is_silent = false;
	const struct zone *z;

	if (w == NULL)
		return false;
	pthread_mutex_lock(&w->lock);
	z = find(w, zone->name);
	if (z != NULL)
		is_silent = z->misses >= ZONEWATCH_MISSES &&
			clock_mono_ms(w->clock) < z->silent_ms;
	pthread_mutex_unlock(&w->lock);
	return is_silent;
}

/* That we have asked too much ourselves says nothing of the zone. */
static bool is_miss(const struct dnsbl_reading *r)
{
	return r->why == DNS_WHY_TIMEOUT || r->why == DNS_WHY_SERVFAIL ||
		r->why == DNS_WHY_REFUSED;
}

static void note_trouble(
	struct zone *z, const struct dnsbl_reading *r, int64_t now)
{
	char answer[DNSBL_ANSWER_MAX], why[WHY_MAX];

	if (++z->errors < ZONEWATCH_ERRORS)
		return;
	snprintf(why, sizeof(why), "it answers %s to all questions",
		dnsbl_answer_text(r->answer, answer));
	for (int side = 0; side < SIDES; side++)
		if (has_side(z->conf, side))
			switch_off(z, side, why);
	z->errors = 0;
	z->due_ms = now + ZONEWATCH_AGAIN_MS;
}

/* Locked. */
static void note(struct zone *z, const struct dnsbl_reading *r, int64_t now)
{
	z->asked++;
	switch (r->state) {
	case DNSBL_UNKNOWN:
		z->unknown++;
		if (!is_miss(r))
			return;
		if (z->misses < ZONEWATCH_MISSES)
			z->misses++;
		z->silent_ms = now + ZONEWATCH_RETRY_MS;
		return;
	case DNSBL_TROUBLE:
		z->unknown++;
		note_trouble(z, r, now);
		break;
	case DNSBL_LISTED:
		z->listed++;
		z->errors = 0;
		break;
	case DNSBL_CLEAR:
		z->errors = 0;
		break;
	}
	z->misses = 0;
}

void zonewatch_note(struct zonewatch *w, const struct conf_zone *zone,
	const struct dnsbl_reading *r)
{
	struct zone *z;

	if (w == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	z = find(w, zone->name);
	if (z != NULL)
		note(z, r, clock_mono_ms(w->clock));
	pthread_mutex_unlock(&w->lock);
}

/* Locked. */
static void read_zone(const struct zone *z, struct zonewatch_status *out)
{
	int side = z->is_off[main_side(z->conf)] ? (int)main_side(z->conf)
						 : SIDE_IPV6;

	*out = (struct zonewatch_status){
		.is_up = !z->is_off[main_side(z->conf)],
		.is_up_v6 = z->conf->has_v6 && !z->is_off[SIDE_IPV6],
		.is_tested = z->is_tested,
		.asked = z->asked,
		.listed = z->listed,
		.unknown = z->unknown,
	};
	snprintf(out->name, sizeof(out->name), "%s", z->conf->name);
	memcpy(out->why, z->why[side], sizeof(out->why));
}

bool zonewatch_read(struct zonewatch *w, size_t i, struct zonewatch_status *out)
{
	bool is_there;

	pthread_mutex_lock(&w->lock);
	is_there = i < w->count;
	if (is_there)
		read_zone(&w->zone[i], out);
	pthread_mutex_unlock(&w->lock);
	return is_there;
}
