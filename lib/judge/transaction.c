/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/transaction.h"

#include "auth/arcseal.h"
#include "base/arena.h"

#include <stdlib.h>

struct transaction *transaction_new(size_t memory)
{
	struct transaction *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->arena = arena_new(memory);
	if (t->arena == NULL) {
		free(t);
		return NULL;
	}
	t->carried.action = ACTION_NONE;
	return t;
}

void transaction_free(struct transaction *t)
{
	if (t == NULL)
		return;
	fields_clear(&t->fields);
	arcseal_body_free(t->sealed);
	arena_free(t->header);
	arena_free(t->arena);
	free(t);
}
