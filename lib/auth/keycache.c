/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/keycache.h"

#include "base/table.h"

#include <pthread.h>
#include <stdlib.h>

struct keycache {
	pthread_mutex_t lock;
	struct table *keys;
};

static void release(void *key)
{
	pubkey_release(key);
}

struct keycache *keycache_new(size_t max)
{
	struct keycache *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->keys = table_new(max, release);
	if (c->keys == NULL || pthread_mutex_init(&c->lock, NULL) != 0) {
		table_free(c->keys);
		free(c);
		return NULL;
	}
	return c;
}

void keycache_free(struct keycache *c)
{
	if (c == NULL)
		return;
	(void)pthread_mutex_destroy(&c->lock);
	table_free(c->keys);
	free(c);
}

size_t keycache_count(struct keycache *c)
{
	size_t count;

	(void)pthread_mutex_lock(&c->lock);
	count = table_count(c->keys);
	(void)pthread_mutex_unlock(&c->lock);
	return count;
}

/* No Ed25519 key is of a length that RSA could have, so that octets do. */
static struct pubkey *look_up(struct keycache *c, struct slice octets)
{
	struct pubkey *k;

	(void)pthread_mutex_lock(&c->lock);
	k = table_find(c->keys, octets);
	if (k != NULL)
		pubkey_hold(k);
	(void)pthread_mutex_unlock(&c->lock);
	return k;
}

enum result keycache_find(struct keycache *c, enum pubkey_type type,
	struct slice octets, struct pubkey **out)
{
	struct pubkey *k = look_up(c, octets);
	enum result res;

	*out = k;
	if (k != NULL)
		return RES_OK;
	/* Not under the lock: another thread may parse the same, no harm. */
	res = pubkey_parse(type, octets, out);
	if (res != RES_OK)
		return res;
	(void)pthread_mutex_lock(&c->lock);
	/* Without memory it is only not kept. */
	(void)table_put(c->keys, octets, pubkey_hold(*out));
	(void)pthread_mutex_unlock(&c->lock);
	return RES_OK;
}
