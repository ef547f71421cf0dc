/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/ticketread - a ticket from what Redis holds of it.
 * Threads: plain data.
 */
#pragma once

#include "store/ticket.h"

/* fields: of HGETALL; messages: lists of at, who, text, state, or NULL. What an
 * admin has broken is left out. RES_MISSING: there is no such ticket;
 * RES_NOMEM. Owned by a. */
enum result ticketread_reply(struct ticket *out,
	const struct redis_reply *fields, const struct redis_reply *messages,
	struct arena *a) MUST_USE;

/* What follows from the time that has passed. */
void ticketread_time(struct ticket *t, const struct conf *conf, int64_t now_ms);
