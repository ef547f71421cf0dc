/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge/budget - how often each check could not tell lately.
 *
 * A check that could not tell for more than policy.unknown_percent of about the
 * last policy.unknown_window messages that asked it is advisory: what it cannot
 * tell counts as "ignore" then, whatever its rules say, so that a dead name
 * server holds nobody's mail up for long. It counts again when the share has
 * come down to half of that. Both are said once in the log.
 *
 * About: from a full window on old messages weigh half, and so on. Nothing is
 * decided before a quarter of a window. Our own lists are not counted, for
 * which lists.on_redis_error has a word, nor is what broke in our own code.
 * Threads: any (own lock; reading waits for nobody).
 */
#pragma once

#include "base/buf.h"
#include "policy/ruling.h"

struct budget;
struct conf_policy;

/* NULL: no memory. */
struct budget *budget_new(void);
void budget_free(struct budget *b); /* NULL is fine */

/* What is advisory now. b NULL: nothing is. */
void budget_read(const struct budget *b, struct ruling_advisory *out);

/* Counts the findings of one message. b NULL is fine. */
void budget_add(struct budget *b, const struct conf_policy *policy,
	const struct findings *findings);

/* reprieve_check_advisory{check}, 1 or 0, of each check that was asked, in
 * Prometheus text format. */
void budget_format(struct budget *b, struct buf *out);
