/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/mirrortrust.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/once.h"
#include "conf/conf.h"
#include "store/facts.h"
#include "store/mirrorapply.h"
#include "store/mirrorload.h"
#include "store/trustnames.h"

#include <stdlib.h>
#include <string.h>

struct item {
	struct trust_name name;
	struct facts facts;
	size_t len;
	char key[LIST_NAME_MAX];
};

bool mirror_trust_is_key(const struct mirror *m, struct slice key)
{
	struct slice rest = slice_part(key, m->prefix.len, key.len);

	return slice_has_prefix(key, m->prefix) &&
		slice_has_prefix(rest, slice_of(TRUST_KEY));
}

static void say_full(struct mirror *m)
{
	if (once_is_first(m->once, slice_of("trust_max")))
		log_message(LOG_LEVEL_ERROR, "mirror",
			"lists.trust_max (%u) is reached, trusted domains are "
			"left out",
			m->conf->lists.trust_max);
}

enum result mirror_trust_push(struct mirror *m, struct slice key)
{
	/* A longer one is nonsense, as it is among the lists. */
	if (key.len >= LIST_NAME_MAX)
		return RES_OK;
	return pending_push(m->trust_pending, key, clock_mono_ms(m->clock));
}

enum result mirror_trust_load(struct mirror *m, struct slice key)
{
	/* The other half of the queue is for what is pushed meanwhile. */
	if (pending_count(m->trust_pending) < m->conf->lists.trust_max)
		return mirror_trust_push(m, key);
	say_full(m);
	return RES_OK;
}

static void put(
	struct mirror *m, struct trustnames *table, const struct item *it)
{
	struct slice key = slice_make(it->key, it->len);

	if (table == NULL)
		return;
	if (!it->facts.exists)
		trustnames_remove(table, &it->name, key);
	else if (trustnames_put(table, &it->name, key,
			 mirror_expire_of(m, it->facts.life_ms)) != RES_OK)
		say_full(m);
}

static void put_all(struct mirror *m, const struct item *it, size_t count)
{
	pthread_rwlock_wrlock(&m->lock);
	for (size_t i = 0; i < count; i++)
		put(m, m->trust, &it[i]);
	m->is_trust_unread = false;
	m->version++;
	pthread_rwlock_unlock(&m->lock);
	for (size_t i = 0; i < count; i++)
		put(m, m->trust_aside, &it[i]);
}

static void set_unread(struct mirror *m)
{
	pthread_rwlock_wrlock(&m->lock);
	m->is_trust_unread = true;
	pthread_rwlock_unlock(&m->lock);
}

static size_t gather(struct mirror *m, struct item *it)
{
	struct slice key;
	size_t count = 0;

	while (count < APPLY_MAX &&
		pending_take_oldest(m->trust_pending, &key)) {
		struct item *one = &it[count];

		if (trust_name_parse(&one->name, m->prefix, key) != RES_OK) {
			mirror_log_ignored(m, key,
				"neither arc nor list, or no domain with a "
				"dot");
			continue;
		}
		memcpy(one->key, key.at, key.len);
		one->len = key.len;
		count++;
	}
	return count;
}

static enum result ask(struct mirror *m, struct item *it, size_t count)
{
	struct facts *f = calloc(count, sizeof(*f));
	struct buf why;
	enum result res;

	if (f == NULL)
		return RES_NOMEM;
	for (size_t i = 0; i < count; i++)
		f[i].key = slice_make(it[i].key, it[i].len);
	buf_init(&why, MIRROR_ERROR_MAX - 1);
	res = facts_read(m->feed.ask, FACTS_LIFE, m->conf->lists.value_max, f,
		count, &why);
	for (size_t i = 0; i < count && res == RES_OK; i++)
		it[i].facts = f[i];
	if (res != RES_OK && why.len > 0 &&
		once_is_first(m->once, slice_of(TRUST_KEY)))
		log_message(LOG_LEVEL_ERROR, "mirror",
			"trusted domains cannot be read: %s", buf_text(&why));
	buf_clear(&why);
	free(f);
	return res;
}

static enum result apply_some(struct mirror *m, struct item *it)
{
	size_t count = gather(m, it);
	bool more;
	enum result res;

	if (count == 0)
		return RES_OK;
	res = ask(m, it, count);
	if (res != RES_OK && !redis_is_broken(m->feed.ask)) {
		set_unread(m);
		return res == RES_NOMEM ? res : RES_OK;
	}
	/* Gone one by one, or was everything flushed? See the lists. */
	if (res == RES_OK)
		res = mirror_drain(m, &more);
	if (res == RES_OK && !m->flushed)
		put_all(m, it, count);
	return res;
}

enum result mirror_trust_apply(struct mirror *m)
{
	size_t left = pending_count(m->trust_pending);
	struct item *it;
	enum result res = RES_OK;

	if (left == 0)
		return RES_OK;
	it = calloc(APPLY_MAX, sizeof(*it));
	if (it == NULL)
		return RES_NOMEM;
	for (; res == RES_OK && left > 0 && !m->flushed;
		left -= left < APPLY_MAX ? left : APPLY_MAX)
		res = apply_some(m, it);
	free(it);
	return res;
}
