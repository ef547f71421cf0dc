/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/once.h"

#include "base/hmac.h"
#include "base/table.h"

#include <pthread.h>
#include <stdlib.h>

struct once {
	pthread_mutex_t lock;
	struct table *seen;
};

struct once *once_new(size_t max)
{
	struct once *o = calloc(1, sizeof(*o));

	if (o == NULL)
		return NULL;
	o->seen = table_new(max, NULL);
	if (o->seen == NULL || pthread_mutex_init(&o->lock, NULL) != 0) {
		table_free(o->seen);
		free(o);
		return NULL;
	}
	return o;
}

void once_free(struct once *o)
{
	if (o == NULL)
		return;
	(void)pthread_mutex_destroy(&o->lock);
	table_free(o->seen);
	free(o);
}

bool once_is_first(struct once *o, struct slice text)
{
	uint8_t digest[SHA256_LEN] = { 0 };
	struct slice key = slice_make(digest, sizeof(digest));
	bool first;

	/* Rather said twice than never, also when put finds no memory. */
	if (sha256(text, digest) != RES_OK)
		return true;
	(void)pthread_mutex_lock(&o->lock);
	first = table_find(o->seen, key) == NULL;
	if (first)
		(void)table_put(o->seen, key, o);
	(void)pthread_mutex_unlock(&o->lock);
	return first;
}

void once_forget(struct once *o, struct slice text)
{
	uint8_t digest[SHA256_LEN] = { 0 };

	if (sha256(text, digest) != RES_OK)
		return;
	(void)pthread_mutex_lock(&o->lock);
	(void)table_remove(o->seen, slice_make(digest, sizeof(digest)));
	(void)pthread_mutex_unlock(&o->lock);
}
