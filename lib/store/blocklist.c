/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/blocklist.h"

#include "base/arena.h"
#include "base/clock.h"
#include "conf/conf.h"
#include "store/breaker.h"
#include "store/client.h"
#include "store/detailcache.h"
#include "store/mirror.h"
#include "store/pool.h"
#include "store/prefixes.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
	MS_PER_S = 1000,
	KEYS_MAX = 128 /* that are read for one match */
};

struct blocklist {
	struct conf *conf;
	struct mirror *mirror;
	const struct clock *clock;
	struct slice prefix;
	struct details_bounds bounds;
	struct pool *pool;
	struct detailcache *cache;
	struct breaker breaker;
	_Atomic uint64_t fetched;
	_Atomic uint64_t failed;
	_Atomic uint64_t skipped;
	/* The second at hand, and how often was asked in it. */
	_Atomic int64_t rate_s;
	_Atomic unsigned rate_used;
};

const char *blocklist_answer_name(enum blocklist_answer a)
{
	switch (a) {
	case BLOCKLIST_UNKNOWN:
		return "unknown";
	case BLOCKLIST_CLEAR:
		return "clear";
	case BLOCKLIST_ALLOWED:
		return "allowed";
	case BLOCKLIST_BLOCKED:
		return "blocked";
	}
	return "unknown";
}

enum result blocklist_open(struct blocklist **out, struct conf *conf,
	struct mirror *mirror, const struct clock *clock)
{
	struct blocklist *b = calloc(1, sizeof(*b));

	*out = NULL;
	if (b == NULL)
		return RES_NOMEM;
	b->conf = conf_hold(conf);
	b->mirror = mirror;
	b->clock = clock;
	b->prefix = slice_of(conf->redis.prefix);
	b->bounds.reason_max = conf->lists.reason_max;
	b->bounds.value_max = conf->lists.value_max;
	breaker_init(&b->breaker, conf->redis.breaker_failures,
		conf->redis.breaker_probe_ms);
	b->pool = pool_new(conf);
	b->cache = detailcache_new(conf->lists.details_max);
	if (b->pool == NULL || b->cache == NULL) {
		blocklist_close(b);
		return RES_NOMEM;
	}
	mirror_on_change(mirror, blocklist_invalidate, b);
	*out = b;
	return RES_OK;
}

void blocklist_close(struct blocklist *b)
{
	if (b == NULL)
		return;
	mirror_on_change(b->mirror, NULL, NULL);
	pool_free(b->pool);
	detailcache_free(b->cache);
	breaker_clear(&b->breaker);
	conf_release(b->conf);
	free(b);
}

void blocklist_invalidate(void *ctx, struct slice key)
{
	struct blocklist *b = ctx;
	char text[LIST_NAME_MAX];
	struct list_name name;

	if (slice_is_empty(key)) {
		detailcache_forget(b->cache, key);
		return;
	}
	if (list_name_parse(&name, b->prefix, key) != RES_OK)
		return;
	detailcache_forget(b->cache,
		slice_make(text, list_name_format(&name, b->prefix, text)));
}

/* ---- one match ---- */

/* A hit of the mirror, and what is found out about it. */
struct suspect {
	struct prefix_hit hit;
	struct slice name; /* canonical key */
	uint64_t ticket;
	size_t first_key; /* of those in struct match */
	size_t key_count;
	struct details details;
	int64_t expire_ms; /* monotonic, of the details; 0: never */
};

/* What one call works with. */
struct match {
	struct blocklist *list;
	struct arena *arena;
	struct slice scope;
	int64_t mono_ms;
	int64_t wall_ms;
	size_t count;
	size_t key_count;
	bool has_missed; /* a suspect whose details are not in the cache */
	bool has_odd; /* a suspect that no canonical key stands for */
	bool has_unknown; /* and one of which the mirror knows no more either */
	const struct prefix_hit *hit;
	struct suspect *suspect; /* count of them */
	struct details *key; /* key_max of them, or NULL */
	size_t key_max;
};

static enum result name_suspect(struct match *m, struct suspect *s)
{
	char text[LIST_NAME_MAX];
	struct list_name name;
	size_t len;

	prefix_hit_name(&s->hit, m->scope, &name);
	len = list_name_format(&name, m->list->prefix, text);
	return arena_copy(m->arena, slice_make(text, len), &s->name);
}

static enum result look_in_cache(struct match *m)
{
	struct detailcache *cache = m->list->cache;
	size_t i;

	for (i = 0; i < m->count; i++) {
		struct suspect *s = &m->suspect[i];

		s->hit = m->hit[i];
		if (name_suspect(m, s) != RES_OK)
			return RES_NOMEM;
		s->ticket = detailcache_ticket(cache, s->name);
		if (!detailcache_find(cache, s->name, m->arena, &s->details,
			    &s->expire_ms)) {
			m->has_missed = true;
			if ((s->hit.flags & PREFIX_CANONICAL) == 0)
				m->has_odd = true;
			if ((s->hit.flags & PREFIX_KNOWN) == 0)
				m->has_unknown = true;
		}
	}
	return RES_OK;
}

static void add_key(void *ctx, struct slice key)
{
	struct match *m = ctx;
	struct slice copy;

	if (m->key_count == m->key_max ||
		arena_copy(m->arena, key, &copy) != RES_OK)
		return;
	m->key[m->key_count++].key = copy;
}

static enum result gather_keys(struct match *m)
{
	size_t i;

	m->key_max = m->count * PREFIXES_KEYS_PER_ENTRY;
	if (m->key_max > KEYS_MAX)
		m->key_max = KEYS_MAX;
	m->key = arena_alloc(m->arena, m->key_max * sizeof(*m->key));
	if (m->key == NULL)
		return RES_NOMEM;
	for (i = 0; i < m->count; i++) {
		struct suspect *s = &m->suspect[i];

		s->first_key = m->key_count;
		if (s->details.state == DETAILS_UNKNOWN)
			mirror_keys_of(
				m->list->mirror, &s->hit, m->scope, add_key, m);
		s->key_count = m->key_count - s->first_key;
	}
	return RES_OK;
}

/* A connection that the server closed while it was idle gets a second try. */
static enum result ask(struct match *m)
{
	struct blocklist *b = m->list;
	struct pool_loan *loan;
	enum result res = pool_take(b->pool, &loan);

	if (res != RES_OK)
		return res;
	res = details_read(
		pool_redis(loan), &b->bounds, m->arena, m->key, m->key_count);
	if (res != RES_OK && pool_is_reused(loan) &&
		redis_is_broken(pool_redis(loan))) {
		res = pool_reopen(b->pool, loan);
		if (res == RES_OK)
			res = details_read(pool_redis(loan), &b->bounds,
				m->arena, m->key, m->key_count);
	}
	pool_give(b->pool, loan);
	return res;
}

static bool is_in_step(struct blocklist *b)
{
	struct mirror_status status;

	mirror_read_status(b->mirror, &status);
	return status.state == MIRROR_LIVE;
}

static void take_answer(struct match *m, struct suspect *s)
{
	const struct details *best =
		details_choose(m->key + s->first_key, s->key_count);

	if (best == NULL)
		return;
	/* A Redis that lost its data says so of everything: what the mirror
	 * keeps in its grace, or has from before the link was lost, stands. */
	if (best->state == DETAILS_GONE && !is_in_step(m->list))
		return;
	s->details = *best;
	s->expire_ms = best->life_ms < 0 ? 0 : m->mono_ms + best->life_ms;
	if (best->state == DETAILS_GONE)
		return;
	detailcache_keep(
		m->list->cache, s->name, s->ticket, best, s->expire_ms);
	if (best->state == DETAILS_IGNORED)
		mirror_mark_ignored(
			m->list->mirror, &s->hit, m->scope, best->why);
}

/*
 * A reason is worth a question, but not a flood of them: what decides about
 * the mail is known without. Two threads at the turn of a second may let
 * each other ask once more.
 */
static bool may_ask(struct match *m)
{
	struct blocklist *b = m->list;
	int64_t now_s = m->mono_ms / MS_PER_S;

	if (m->has_unknown)
		return true;
	if (atomic_exchange(&b->rate_s, now_s) != now_s)
		atomic_store(&b->rate_used, 0);
	if (atomic_fetch_add(&b->rate_used, 1) < b->conf->lists.details_rate)
		return true;
	atomic_fetch_add(&b->skipped, 1);
	return false;
}

static void fetch(struct match *m)
{
	struct blocklist *b = m->list;
	bool ask_now = may_ask(m) && breaker_allows(&b->breaker, m->mono_ms);
	enum result res;
	size_t i;

	/* An odd spelling is looked up for the log in any case. */
	if (!ask_now && !m->has_odd)
		return;
	if (gather_keys(m) != RES_OK || m->key_count == 0 || !ask_now)
		return;
	res = ask(m);
	breaker_report(&b->breaker, res == RES_OK, clock_mono_ms(b->clock));
	if (res != RES_OK) {
		atomic_fetch_add(&b->failed, 1);
		return;
	}
	atomic_fetch_add(&b->fetched, 1);
	for (i = 0; i < m->count; i++)
		take_answer(m, &m->suspect[i]);
}

/* ---- from suspects to listings ---- */

static void fill_details(
	const struct match *m, const struct suspect *s, struct listing *l)
{
	const struct details *d = &s->details;

	l->is_detailed = true;
	l->key = d->key;
	l->class = d->class;
	l->shadow = d->shadow;
	l->force = d->force;
	l->lock = d->lock;
	l->level = d->level;
	if (s->expire_ms != 0)
		l->until_s =
			(m->wall_ms + s->expire_ms - m->mono_ms) / MS_PER_S;
	l->reason = d->text[DETAILS_REASON];
	l->code = d->text[DETAILS_CODE];
	l->origin = d->text[DETAILS_ORIGIN];
	l->since = d->text[DETAILS_SINCE];
	l->by = d->text[DETAILS_BY];
	l->note = d->text[DETAILS_NOTE];
	l->ref = d->text[DETAILS_REF];
}

/* The mirror's own word, when Redis said nothing. */
static void fill_flags(
	const struct match *m, const struct suspect *s, struct listing *l)
{
	l->key = s->key_count > 0 ? m->key[s->first_key].key : s->name;
	l->class = (enum listing_class)(
		(s->hit.flags & PREFIX_CLASS) >> PREFIX_CLASS_SHIFT);
	l->shadow = (s->hit.flags & PREFIX_SHADOW) != 0;
	l->force = (s->hit.flags & PREFIX_FORCE) != 0;
	if (s->hit.expire_s != 0)
		l->until_s = m->wall_ms / MS_PER_S +
			((int64_t)s->hit.expire_s - m->mono_ms / MS_PER_S);
}

/* False: it turned out to be no listing. */
static bool fill(
	const struct match *m, const struct suspect *s, struct listing *l)
{
	l->kind = s->hit.kind;
	l->is_scoped = s->hit.is_scoped;
	l->net = s->hit.net;
	switch (s->details.state) {
	case DETAILS_GONE:
	case DETAILS_IGNORED:
		return false;
	case DETAILS_UNKNOWN:
		fill_flags(m, s, l);
		break;
	case DETAILS_LISTED:
		/* To the millisecond, even when no push has come yet. */
		if (s->expire_ms != 0 &&
			s->expire_ms <= clock_mono_ms(m->list->clock))
			return false;
		fill_details(m, s, l);
		break;
	}
	return l->force || !list_net_needs_force(&l->net);
}

static enum result make_listings(
	const struct match *m, struct blocklist_result *out)
{
	struct listing *entry =
		arena_alloc(m->arena, m->count * sizeof(*entry));
	size_t i;

	if (entry == NULL)
		return RES_NOMEM;
	out->entry = entry;
	for (i = 0; i < m->count; i++) {
		memset(&entry[out->count], 0, sizeof(*entry));
		if (fill(m, &m->suspect[i], &entry[out->count]))
			out->count++;
	}
	return RES_OK;
}

static enum result judge(struct match *m, struct blocklist_result *out)
{
	enum result res = look_in_cache(m);

	if (res == RES_OK && m->has_missed)
		fetch(m);
	if (res == RES_OK)
		res = make_listings(m, out);
	if (res == RES_OK)
		blocklist_decide(out);
	return res;
}

enum result blocklist_match(struct blocklist *b, const struct ipaddr *ip,
	struct slice scope, struct arena *a, struct blocklist_result *out)
{
	const struct list_client c = { .ip = *ip };

	return blocklist_match_client(b, &c, scope, a, out);
}

enum result blocklist_match_client(struct blocklist *b,
	const struct list_client *client, struct slice scope, struct arena *a,
	struct blocklist_result *out)
{
	struct prefix_hit hit[PREFIX_HITS_MAX];
	struct match m = { .list = b, .arena = a, .scope = scope, .hit = hit };

	memset(out, 0, sizeof(*out));
	if (mirror_match_client(b->mirror, client, scope, hit, &m.count,
		    &out->version) != RES_OK)
		return RES_OK;
	if (m.count == 0) {
		out->answer = BLOCKLIST_CLEAR;
		return RES_OK;
	}
	m.suspect = arena_alloc(a, m.count * sizeof(*m.suspect));
	if (m.suspect == NULL)
		return RES_NOMEM;
	m.mono_ms = clock_mono_ms(b->clock);
	m.wall_ms = clock_wall_ms(b->clock);
	return judge(&m, out);
}

/* ---- the rules ---- */

static bool counts(const struct listing *l)
{
	return l->force || !list_net_needs_force(&l->net);
}

/* The first of its kind in the order that entry has: narrowest of its scope. */
static const struct listing *first(const struct blocklist_result *r,
	bool is_scoped, enum list_kind kind, bool shadow)
{
	size_t i;

	for (i = 0; i < r->count; i++) {
		const struct listing *l = &r->entry[i];

		if (l->is_scoped == is_scoped && l->kind == kind &&
			l->shadow == shadow && counts(l))
			return l;
	}
	return NULL;
}

static const struct listing *winner_of(
	const struct blocklist_result *r, bool is_scoped)
{
	const struct listing *l = first(r, is_scoped, LIST_ALLOW, false);

	return l != NULL ? l : first(r, is_scoped, LIST_BLOCK, false);
}

void blocklist_decide(struct blocklist_result *r)
{
	r->shadow = NULL;
	r->winner = winner_of(r, true);
	if (r->winner == NULL)
		r->winner = winner_of(r, false);
	r->answer = BLOCKLIST_CLEAR;
	if (r->winner != NULL)
		r->answer = r->winner->kind == LIST_ALLOW ? BLOCKLIST_ALLOWED
							  : BLOCKLIST_BLOCKED;
	if (r->answer != BLOCKLIST_CLEAR)
		return;
	r->shadow = first(r, true, LIST_BLOCK, true);
	if (r->shadow == NULL)
		r->shadow = first(r, false, LIST_BLOCK, true);
}

void blocklist_count(struct blocklist *b, struct blocklist_counts *out)
{
	out->details_cached = detailcache_count(b->cache);
	out->details_fetched = atomic_load(&b->fetched);
	out->details_failed = atomic_load(&b->failed);
	out->details_skipped = atomic_load(&b->skipped);
	out->breaker_open = breaker_is_open(&b->breaker);
}
