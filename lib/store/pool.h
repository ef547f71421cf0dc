/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/pool - a few connections for questions that must not wait long.
 *
 * redis.pool of them, opened when first needed, each with one deadline of
 * redis.timeout_ms over everything that is done between take and give: waiting
 * for a free one, connecting, asking. Past it the connection answers RES_DOWN
 * whatever it is doing, and is closed when it is given back.
 * Threads: any; a taken connection has one owner.
 */
#pragma once

#include "store/redis.h"

struct conf;
struct pool;
struct pool_loan;

/* conf is held. NULL: no memory. */
struct pool *pool_new(struct conf *conf);
/* The same, of connections to the primary. */
struct pool *pool_new_to_write(struct conf *conf);
/* All loans must be back. NULL is fine. */
void pool_free(struct pool *p);

/* RES_TIMEOUT: none was free in time. Else as link_open; then no loan. */
enum result pool_take(struct pool *p, struct pool_loan **out) MUST_USE;
struct redis *pool_redis(const struct pool_loan *loan);
/* Was it open before? Then the server may have closed it meanwhile. */
bool pool_is_reused(const struct pool_loan *loan);
/* Opens it anew within the same deadline. The loan stays on error. */
enum result pool_reopen(struct pool *p, struct pool_loan *loan) MUST_USE;
void pool_give(struct pool *p, struct pool_loan *loan);
