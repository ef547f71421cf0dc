/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/account - the local accounts that send, by a keyed hash and by name.
 *
 *   Paccount:HASH  HASH name seen_ms; EXPIRE trace.accounts_s
 * HASH stands in traces, in rp:block:user:HASH and in complaints; the name is
 * for the administrator only. What an account is: the name that the MTA
 * authenticated, or, of mail from milter.trusted or of this machine, the
 * address in MAIL FROM. In lower case. Threads: any.
 */
#pragma once

#include "store/redis.h"
#include "store/secret.h"

struct arena;
struct clock;
struct conf;
struct writer;
struct accounts;

enum { ACCOUNT_NAME_MAX = 320 };

/* RES_NOMEM; RES_SYNTAX: an empty name. */
enum result account_hash(const struct secret *s, struct slice name,
	char out[SECRET_HASH_MAX]) MUST_USE;
/* Is it the text of such a hash: 16 hex digits in lower case? */
bool account_is_hash(struct slice text);

/* RES_MISSING: it has sent nothing lately. name is owned by a. */
enum result account_name(struct redis *r, const struct conf *conf,
	const char *hash, struct arena *a, struct slice *name) MUST_USE;

/* ---- for the milter ---- */

/* writer and clock are borrowed. */
enum result accounts_open(struct accounts **out, struct writer *writer,
	const struct clock *clock) MUST_USE;
void accounts_close(struct accounts *a); /* NULL is fine */
/* It sends: written in the background, at most once in six hours. */
void accounts_seen(struct accounts *a, const struct conf *conf,
	const char *hash, struct slice name);
