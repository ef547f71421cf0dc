/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/edit - one call of a script: its keys and arguments are put together
 * here, and the word that it answers becomes a result.
 *
 * A script of ours answers a word, or a list that begins with one: ok, missing,
 * exists, denied, full. Threads: one owner.
 */
#pragma once

#include "store/script.h"

#include <stdint.h>

struct arena;
struct conf;

/* Lines of the audit that are kept, about. */
#define EDIT_AUDIT_MAX "100000"

struct edit {
	struct redis *redis;
	struct slice prefix; /* of all keys; borrowed */
	struct arena *arena; /* of what is made here; NULL: no memory */
	struct script_call call;
	struct redis_reply reply; /* of edit_run; until the next command */
	bool is_lost; /* a part did not fit */
};

void edit_begin(struct edit *e, struct redis *r, const struct conf *conf);
void edit_end(struct edit *e);

/* P + fixed + rest + tail. Keys come before all else. */
void edit_key(
	struct edit *e, const char *fixed, struct slice rest, const char *tail);
/* Borrowed until edit_end. */
void edit_text(struct edit *e, struct slice text);
void edit_number(struct edit *e, int64_t number);
/* P + fixed, for keys that only the script can name. */
void edit_prefix(struct edit *e, const char *fixed);
/* The key of a token that token_parse has read. */
void edit_token(struct edit *e, const char *token);

/* RES_NOMEM, what script_run says (but RES_DOWN where Redis itself refuses or
 * is full), or what the word means; RES_TYPE: the script answered something
 * else. */
enum result edit_run(struct edit *e, const char *script) MUST_USE;
/* The same, and the reply is not looked at. */
enum result edit_read(struct edit *e, const char *script) MUST_USE;
