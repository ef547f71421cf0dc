/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/transaction.h"

#include "auth/arcseal.h"
#include "base/arena.h"
#include "judge/proof.h"
#include "net/hostname.h"

#include <stdlib.h>
#include <string.h>

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

static void read_path(struct address *out, struct slice text)
{
	if (address_parse(out, text) == RES_OK)
		return;
	*out = (struct address){ .whole = text };
}

void transaction_sender(struct transaction *t, struct slice sender)
{
	read_path(&t->envelope.sender, sender);
}

void transaction_rcpt(struct transaction *t, struct slice rcpt)
{
	struct envelope *e = &t->envelope;
	size_t len;

	read_path(&e->rcpt, rcpt);
	if (hostname_parse(e->rcpt.domain, e->rcpt_domain, &len) != RES_OK)
		e->rcpt_domain[0] = '\0';
}

void transaction_take_token(struct transaction *t)
{
	char token[TOKEN_TEXT_MAX];

	/* RFC 5321 s4.5.5, RFC 3834 s3.3: a server sends bounces and answers of
	 * machines to whatever address it was given, so they show nothing. */
	if (t->envelope.sender.is_null)
		return;
	if (t->token[0] == '\0' && proof_read(t->envelope.rcpt.local, token))
		memcpy(t->token, token, sizeof(token));
}
