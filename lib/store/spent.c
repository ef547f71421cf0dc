/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/spent.h"

#include "base/table.h"

#include <pthread.h>
#include <stdlib.h>

struct end {
	int64_t end_ms;
	int64_t until_s;
};

struct spent {
	pthread_mutex_t lock;
	struct table *table;
};

struct spent *spent_new(size_t max)
{
	struct spent *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->table = table_new(max, free);
	if (s->table == NULL) {
		free(s);
		return NULL;
	}
	pthread_mutex_init(&s->lock, NULL);
	return s;
}

void spent_free(struct spent *s)
{
	if (s == NULL)
		return;
	table_free(s->table);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

void spent_note(
	struct spent *s, struct slice key, int64_t end_ms, int64_t until_s)
{
	struct end *end;

	pthread_mutex_lock(&s->lock);
	end = table_find(s->table, key);
	if (end == NULL) {
		end = malloc(sizeof(*end));
		/* Without memory Redis is asked again. */
		if (end != NULL && table_put(s->table, key, end) != RES_OK)
			end = NULL;
	}
	if (end != NULL)
		*end = (struct end){ end_ms, until_s };
	pthread_mutex_unlock(&s->lock);
}

bool spent_find(
	struct spent *s, struct slice key, int64_t now_ms, int64_t *until_s)
{
	const struct end *end;
	bool is_spent = false;

	pthread_mutex_lock(&s->lock);
	end = table_find(s->table, key);
	if (end != NULL && now_ms < end->end_ms) {
		*until_s = end->until_s;
		is_spent = true;
	} else if (end != NULL) {
		(void)table_remove(s->table, key);
	}
	pthread_mutex_unlock(&s->lock);
	return is_spent;
}

size_t spent_count(struct spent *s)
{
	size_t count;

	pthread_mutex_lock(&s->lock);
	count = table_count(s->table);
	pthread_mutex_unlock(&s->lock);
	return count;
}
