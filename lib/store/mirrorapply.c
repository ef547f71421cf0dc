/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/mirrorapply.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/once.h"
#include "base/table.h"
#include "conf/conf.h"
#include "store/facts.h"
#include "store/mirrorload.h"
#include "store/mirrortrust.h"
#include "store/trustnames.h"

#include <stdlib.h>
#include <string.h>

enum {
	LOCKED_MAX = 256, /* changes under one write lock */
	FLAGS_MAX = 512, /* keys in one pipeline of the background pass */
	FLAGS_PAUSE_MS = 30000, /* when the server refuses to tell */
	GONE_MS = 100, /* when all that were asked are gone */
	LINES_MAX = 250, /* lines about bad keys in a minute */
	EXPIRE_MAX_S = 0x1fffffff
};

/* One key on its way into the tables. */
struct item {
	struct list_name name;
	struct facts facts;
	bool is_junk; /* the name itself is nonsense */
	size_t entry; /* which one of a background pass it belongs to */
	size_t len;
	char key[LIST_NAME_MAX];
};

/* ---- nonsense ---- */

void mirror_log_ignored(struct mirror *m, struct slice key, const char *why)
{
	struct logline line;

	int64_t minute = clock_mono_ms(m->clock) / 60000;

	if (!once_is_first(m->once, key))
		return;
	if (m->lines_minute != minute) {
		m->lines_minute = minute;
		m->lines = 0;
	}
	if (m->lines++ >= LINES_MAX)
		return;
	log_start(&line, LOG_LEVEL_WARNING, "list-ignored");
	log_slice(&line, "key", key);
	log_text(&line, "why", why);
	log_send(&line);
}

/* Remembers, or forgets, that key is nonsense; the table of names keeps the
 * count right when they come and go. */
static void set_junk(
	struct mirror *m, struct table *junk, struct slice key, const char *why)
{
	if (junk == NULL)
		return;
	if (why == NULL) {
		if (table_count(junk) > 0 && table_remove(junk, key))
			once_forget(m->once, key);
		return;
	}
	/* Any value but NULL will do. No memory: one less in a count. */
	if (table_put(junk, key, junk) == RES_OK)
		mirror_log_ignored(m, key, why);
}

static const char *why_not(enum result res)
{
	switch (res) {
	case RES_RANGE:
		return "the length of the network is out of range";
	case RES_TOOBIG:
		return "the name is too long";
	case RES_OK:
	case RES_SYNTAX:
	case RES_NOMEM:
	case RES_TIMEOUT:
	case RES_DOWN:
	case RES_DENIED:
	case RES_MISSING:
	case RES_EXISTS:
	case RES_TYPE:
	case RES_CORRUPT:
	case RES_READONLY:
	case RES_FULL:
	case RES_INTERNAL:
		break;
	}
	return "the name is neither an address nor a network";
}

/* ---- tables ---- */

uint32_t mirror_expire_of(const struct mirror *m, int64_t life_ms)
{
	int64_t at_s;

	if (life_ms < 0)
		return 0;
	at_s = (clock_mono_ms(m->clock) + life_ms + 999) / 1000;
	return at_s < EXPIRE_MAX_S ? (uint32_t)at_s : 0;
}

static void say_full(struct mirror *m, enum result res)
{
	m->is_full = true;
	if (!once_is_first(m->once, slice_of("entries_max")))
		return;
	log_message(LOG_LEVEL_ERROR, "mirror",
		res == RES_FULL ? "lists.entries_max or scopes_max (%zu, %u) "
				  "is reached, entries are left out"
				: "no memory for more entries than %zu (%u)",
		m->conf->lists.entries_max, m->conf->lists.scopes_max);
	mirror_set_error(m, MIRROR_FULL);
}

/* What is kept of an entry until it is read again: without Redis a shadow
 * entry must not be enforced only because it was touched. */
enum { LAST_FLAGS = PREFIX_SHADOW | PREFIX_FORCE | PREFIX_CLASS };

static void put_item(struct mirror *m, struct prefixes *table,
	const struct item *it, enum facts_wish wish)
{
	const struct prefix_key key = { .name = &it->name,
		.text = slice_make(it->key, it->len) };
	uint32_t expire_s = mirror_expire_of(m, it->facts.life_ms);
	struct prefix_hit now = { .flags = 0 };
	unsigned flags;
	bool added;
	enum result res;

	if (!it->facts.exists) {
		(void)prefixes_remove(table, &key);
		return;
	}
	(void)prefixes_find(table, &it->name, &now);
	if (wish == FACTS_LIFE)
		flags = now.flags & LAST_FLAGS;
	else
		flags = PREFIX_KNOWN |
			(it->facts.is_listing ? 0U : PREFIX_IGNORED) |
			(it->facts.shadow ? PREFIX_SHADOW : 0U) |
			(it->facts.force ? PREFIX_FORCE : 0U) |
			(unsigned)it->facts.class << PREFIX_CLASS_SHIFT;
	res = prefixes_put(table, &key, flags, expire_s, &added);
	if (res != RES_OK) {
		say_full(m, res);
		return;
	}
	/* With two keys for one entry what counts is in both of them: left
	 * to the background pass. */
	if (prefixes_find(table, &it->name, &now) &&
		(now.flags & PREFIX_ALIASED) != 0)
		(void)prefixes_set(table, &it->name, 0, 0);
}

/* Room for more changes, made while readers go on. */
static void make_room(struct mirror *m, size_t more)
{
	if (!prefixes_needs_grow(m->table, more) ||
		prefixes_grow_prepare(m->table, more) != RES_OK)
		return;
	pthread_rwlock_wrlock(&m->lock);
	prefixes_grow_commit(m->table);
	pthread_rwlock_unlock(&m->lock);
	prefixes_grow_finish(m->table);
}

static void put_items(struct mirror *m, const struct item *it, size_t count,
	enum facts_wish wish)
{
	make_room(m, count);
	for (size_t i = 0; i < count;) {
		pthread_rwlock_wrlock(&m->lock);
		for (size_t n = 0; n < LOCKED_MAX && i < count; n++, i++)
			if (!it[i].is_junk)
				put_item(m, m->table, &it[i], wish);
		m->version++;
		pthread_rwlock_unlock(&m->lock);
	}
	for (size_t i = 0; i < count; i++) {
		struct slice key = slice_make(it[i].key, it[i].len);
		const char *why = NULL;

		if (m->aside != NULL && !it[i].is_junk)
			put_item(m, m->aside, &it[i], wish);
		if (it[i].facts.exists)
			why = it[i].is_junk ? it[i].facts.why
				: wish == FACTS_LIFE || it[i].facts.is_listing
				? NULL
				: it[i].facts.why;
		set_junk(m, m->junk, key, why);
		set_junk(m, m->junk_aside, key, why);
	}
}

/* ---- pushed names ---- */

/* False: the key is none of a list that we use. */
static bool make_item(
	struct mirror *m, struct slice key, struct item *it, const char **why)
{
	enum result res = list_name_parse(&it->name, m->prefix, key);

	*why = NULL;
	if (res == RES_MISSING || key.len > LIST_NAME_MAX)
		return false;
	it->is_junk = res != RES_OK;
	if (it->is_junk)
		*why = why_not(res);
	memcpy(it->key, key.at, key.len);
	it->len = key.len;
	it->facts.key = slice_make(it->key, it->len);
	it->facts.is_wide = !it->is_junk && list_net_needs_force(&it->name.net);
	return true;
}

/* Some from the newest end, so that an edit by hand does not wait behind an
 * import; then some from the oldest, so that nothing waits for ever. */
static size_t gather(
	struct mirror *m, struct item *it, const char **why, size_t most)
{
	size_t count = 0;
	struct slice name;

	while (count < most &&
		(m->take_oldest ? pending_take_oldest(m->pending, &name)
				: pending_take_newest(m->pending, &name)))
		if (make_item(m, name, &it[count], &why[count]))
			count++;
	m->take_oldest = !m->take_oldest;
	return count;
}

static void tell_all(struct mirror *m, const struct item *it, size_t count)
{
	for (size_t i = 0; i < count; i++)
		mirror_tell(m, it[i].facts.key);
}

/* As facts_read, for items; a refusal is kept for people. */
static enum result read_items(
	struct mirror *m, struct item *it, size_t count, enum facts_wish wish)
{
	struct facts *f = calloc(count > 0 ? count : 1, sizeof(*f));
	enum result res = RES_NOMEM;
	struct buf why;

	if (f == NULL)
		return RES_NOMEM;
	for (size_t i = 0; i < count; i++)
		f[i] = it[i].facts;
	buf_init(&why, MIRROR_ERROR_MAX - 1);
	res = facts_read(
		m->feed.ask, wish, m->conf->lists.value_max, f, count, &why);
	for (size_t i = 0; i < count && res == RES_OK; i++)
		it[i].facts = f[i];
	if (res != RES_OK && why.len > 0)
		mirror_set_error(m, buf_text(&why));
	buf_clear(&why);
	free(f);
	return res;
}

enum result mirror_apply_pending(struct mirror *m)
{
	size_t waiting = pending_count(m->pending), count;
	enum facts_wish wish = waiting <= APPLY_MIN ? FACTS_FLAGS : FACTS_LIFE;
	size_t most = waiting < APPLY_MAX ? waiting : APPLY_MAX;
	struct item *it = calloc(most > 0 ? most : 1, sizeof(*it));
	const char **why = calloc(most > 0 ? most : 1, sizeof(*why));
	bool more;
	enum result res = RES_NOMEM;

	if (it == NULL || why == NULL)
		goto done;
	count = gather(m, it, why, most);
	/* Before, so that nobody goes on with old details while we ask; and
	 * after, since they may have been fetched again too early. */
	tell_all(m, it, count);
	res = read_items(m, it, count, wish);
	/* Are they gone one by one, or because everything was flushed? Then
	 * the old table stays as it is until the next load is judged. */
	if (res == RES_OK)
		res = mirror_drain(m, &more);
	if (res != RES_OK || m->flushed)
		goto done;
	for (size_t i = 0; i < count; i++)
		if (it[i].is_junk)
			it[i].facts.why = why[i];
	put_items(m, it, count, wish);
	tell_all(m, it, count);
done:
	free(why);
	free(it);
	return res;
}

/* ---- names before their facts ---- */

struct announcement {
	struct mirror *m;
	struct item *it;
	size_t count;
};

/* As it was, but for what may have changed. */
static void doubt(struct prefixes *table, const struct item *it)
{
	const struct prefix_key key = { .name = &it->name,
		.text = slice_make(it->key, it->len) };
	struct prefix_hit now = { .expire_s = 0 };
	bool added;

	(void)prefixes_find(table, &it->name, &now);
	/* No room: the name waits for its turn, as the others do. */
	if (prefixes_put(table, &key, now.flags & LAST_FLAGS, now.expire_s,
		    &added) != RES_OK)
		return;
}

static void announce_some(struct announcement *a)
{
	struct mirror *m = a->m;

	make_room(m, a->count);
	pthread_rwlock_wrlock(&m->lock);
	for (size_t i = 0; i < a->count; i++)
		doubt(m->table, &a->it[i]);
	m->version++;
	pthread_rwlock_unlock(&m->lock);
	tell_all(m, a->it, a->count);
	a->count = 0;
}

static void announce_one(void *ctx, struct slice name)
{
	struct announcement *a = ctx;
	const char *why;

	if (!make_item(a->m, name, &a->it[a->count], &why) ||
		a->it[a->count].is_junk)
		return;
	if (++a->count == LOCKED_MAX)
		announce_some(a);
}

void mirror_announce(struct mirror *m)
{
	struct announcement a = { .m = m };

	/* A few are asked about at once anyway. In a grace Redis is not to be
	 * believed about what is not there. */
	if (pending_count(m->pending) <= APPLY_MIN || m->grace_until_ms != 0)
		return;
	a.it = calloc(LOCKED_MAX, sizeof(*a.it));
	if (a.it == NULL)
		return;
	pending_show_new(m->pending, announce_one, &a);
	if (a.count > 0)
		announce_some(&a);
	free(a.it);
}

/* ---- flags ---- */

struct collector {
	struct mirror *m;
	struct item *it;
	size_t count;
	size_t max;
	size_t entry;
};

static void collect(void *ctx, struct slice key)
{
	struct collector *c = ctx;
	struct item *it;

	if (c->count >= c->max || key.len > LIST_NAME_MAX)
		return;
	it = &c->it[c->count++];
	memcpy(it->key, key.at, key.len);
	it->len = key.len;
	it->entry = c->entry;
	it->facts.key = slice_make(it->key, it->len);
}

static void collect_entry(struct collector *c, const struct list_name *name)
{
	size_t from = c->count;

	(void)prefixes_keys(c->m->table, name, c->m->prefix, collect, c);
	for (size_t i = from; i < c->count; i++) {
		c->it[i].name = *name;
		c->it[i].facts.is_wide = list_net_needs_force(&name->net);
	}
	c->entry++;
}

/* One more key of an entry: it is enforced if one of them says so, and has
 * the class of the first that is, as in details_choose. */
static unsigned join(unsigned flags, const struct facts *f)
{
	if ((flags & PREFIX_IGNORED) != 0 ||
		((flags & PREFIX_SHADOW) != 0 && !f->shadow))
		flags = (flags & ~(unsigned)PREFIX_CLASS) |
			(unsigned)f->class << PREFIX_CLASS_SHIFT;
	flags &= ~(unsigned)PREFIX_IGNORED;
	if (!f->shadow)
		flags &= ~(unsigned)PREFIX_SHADOW;
	if (f->force)
		flags |= PREFIX_FORCE;
	return flags;
}

/* All keys of one entry together; it lives as long as the longest. */
static void set_entry(struct mirror *m, const struct item *it, size_t count)
{
	unsigned flags = PREFIX_KNOWN | PREFIX_IGNORED | PREFIX_SHADOW;
	int64_t life_ms = 0;
	bool is_gone = true;

	for (size_t i = 0; i < count; i++) {
		const struct facts *f = &it[i].facts;

		/* The push that says so is on its way; and if it says that
		 * everything was flushed, the entry must still be here. */
		if (!f->exists)
			continue;
		is_gone = false;
		if (f->life_ms < 0 || life_ms < 0)
			life_ms = -1;
		else if (f->life_ms > life_ms)
			life_ms = f->life_ms;
		if (f->is_listing)
			flags = join(flags, f);
	}
	if (!is_gone)
		(void)prefixes_set(m->table, &it[0].name, flags,
			mirror_expire_of(m, life_ms));
}

/* Returns how many of the keys exist. */
static size_t set_entries(struct mirror *m, const struct item *it, size_t count)
{
	size_t existing = 0;

	for (size_t i = 0, end; i < count;) {
		pthread_rwlock_wrlock(&m->lock);
		for (size_t n = 0; n < LOCKED_MAX && i < count; i = end, n++) {
			for (end = i + 1;
				end < count && it[end].entry == it[i].entry;)
				end++;
			set_entry(m, &it[i], end - i);
		}
		m->version++;
		pthread_rwlock_unlock(&m->lock);
	}
	for (size_t i = 0; i < count; i++) {
		existing += it[i].facts.exists;
		set_junk(m, m->junk, it[i].facts.key,
			it[i].facts.exists && !it[i].facts.is_listing
				? it[i].facts.why
				: NULL);
	}
	return existing;
}

enum result mirror_read_flags(struct mirror *m, bool *did)
{
	enum { MAX = FLAGS_MAX + PREFIXES_KEYS_PER_ENTRY };
	struct collector c = { .m = m, .max = MAX };
	struct prefix_entry e;
	enum result res = RES_OK;

	*did = false;
	/* In a grace most entries are not there to be asked about. */
	if (prefixes_count_unknown(m->table) == 0 || m->grace_until_ms != 0 ||
		clock_mono_ms(m->clock) < m->flags_after_ms)
		return RES_OK;
	c.it = calloc(MAX, sizeof(*c.it));
	if (c.it == NULL)
		return RES_NOMEM;
	while (c.count < FLAGS_MAX) {
		struct list_name name;

		if (!prefixes_next_unknown(m->table, &m->flags_at, &e)) {
			memset(&m->flags_at, 0, sizeof(m->flags_at));
			break;
		}
		prefix_entry_name(&e, &name);
		collect_entry(&c, &name);
	}
	res = read_items(m, c.it, c.count, FACTS_FLAGS);
	if (res == RES_OK) {
		if (set_entries(m, c.it, c.count) == 0)
			m->flags_after_ms = clock_mono_ms(m->clock) + GONE_MS;
	} else if (!redis_is_broken(m->feed.ask)) {
		/* An account that may not ask: names alone still serve. */
		m->flags_after_ms = clock_mono_ms(m->clock) + FLAGS_PAUSE_MS;
		res = RES_OK;
	}
	*did = c.count > 0;
	free(c.it);
	return res;
}

enum result mirror_apply_marks(struct mirror *m)
{
	struct collector c = { .m = m, .max = APPLY_MAX };
	enum result res = RES_OK;

	pthread_mutex_lock(&m->status_lock);
	if (m->mark_count > 0)
		c.it = calloc(APPLY_MAX, sizeof(*c.it));
	for (size_t i = 0; i < m->mark_count && c.it != NULL &&
		c.count + PREFIXES_KEYS_PER_ENTRY <= c.max;
		i++)
		collect_entry(&c, &m->marks[i].name);
	m->mark_count = 0;
	pthread_mutex_unlock(&m->status_lock);
	if (c.it == NULL)
		return RES_OK;
	/* The mark is a hint from whoever read the details; the entry may
	 * have been mended since, so it is looked at again. */
	res = read_items(m, c.it, c.count, FACTS_CHECK);
	if (res == RES_OK)
		(void)set_entries(m, c.it, c.count);
	else if (!redis_is_broken(m->feed.ask))
		res = RES_OK;
	free(c.it);
	return res;
}

/* ---- the table aside ---- */

enum result mirror_add_aside(struct mirror *m, struct slice key)
{
	struct list_name name;
	enum result res = list_name_parse(&name, m->prefix, key);
	struct prefix_key k = { .name = &name, .text = key };
	bool added;

	if (mirror_trust_is_key(m, key))
		return mirror_trust_load(m, key);
	if (res == RES_MISSING)
		return RES_OK;
	if (res != RES_OK) {
		set_junk(m, m->junk_aside, key, why_not(res));
		return RES_OK;
	}
	res = prefixes_put(m->aside, &k, 0, 0, &added);
	if (res != RES_OK)
		say_full(m, res);
	return res == RES_NOMEM ? res : RES_OK;
}

void mirror_drop_aside(struct mirror *m)
{
	prefixes_free(m->aside);
	table_free(m->junk_aside);
	trustnames_free(m->trust_aside);
	m->aside = NULL;
	m->junk_aside = NULL;
	m->trust_aside = NULL;
}

void mirror_swap(struct mirror *m)
{
	struct prefixes *old = m->table;
	struct trustnames *old_trust = m->trust;

	pthread_rwlock_wrlock(&m->lock);
	m->table = m->aside;
	m->trust = m->trust_aside;
	m->has_table = true;
	m->version++;
	pthread_rwlock_unlock(&m->lock);
	m->aside = NULL;
	m->trust_aside = NULL;
	prefixes_free(old);
	trustnames_free(old_trust);
	table_free(m->junk);
	m->junk = m->junk_aside;
	m->junk_aside = NULL;
	memset(&m->flags_at, 0, sizeof(m->flags_at));
	m->flags_after_ms = 0;
	mirror_tell(m, slice_of(""));
}
