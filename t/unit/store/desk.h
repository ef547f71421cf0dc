/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/store/desk - a Redis, a config and a connection for the tests of what
 * the portal keeps in Redis. Time is a number that the test moves.
 */
#pragma once

#include "base/slice.h"
#include "conf/conf.h"
#include "store/redis.h"
#include "support/folder.h"
#include "support/redis_server.h"

enum { DESK_TEXT_MAX = 512, DESK_WAIT_MS = 20000 };

struct desk {
	struct redis_server *server;
	struct folder folder;
	struct conf *conf;
	struct redis *redis;
	int64_t now_ms;
};

/* delist: more of that section, or NULL. */
void desk_make(struct desk *d, const char *delist);
void desk_remove(struct desk *d);

/* One more connection, with that much patience. */
struct redis *desk_dial(const struct desk *d, unsigned timeout_ms);
/* A new d->redis instead of the broken one. */
void desk_redial(struct desk *d, unsigned timeout_ms);

struct slice desk_prefix(const struct desk *d);

/* A command of the test's own: its answer as text, "" for nil; that of an
 * array is its elements with blanks between. */
const char *desk_ask_words(
	struct desk *d, const char *const *words, char out[DESK_TEXT_MAX]);
#define DESK_ASK(d, out, ...) \
	desk_ask_words((d), (const char *const[]){ __VA_ARGS__, NULL }, (out))
/* Fails the test unless the answer is that. */
void desk_wants_words(
	struct desk *d, const char *want, const char *const *words);
#define DESK_WANTS(d, want, ...) \
	desk_wants_words(        \
		(d), (want), (const char *const[]){ __VA_ARGS__, NULL })

/* Compares by name, so that a failure can be read. */
void desk_result(enum result got, enum result want);
