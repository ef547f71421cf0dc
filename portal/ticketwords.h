/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/ticketwords - the state of a ticket in words: its page and its
 * letters say the same. English, for view_say. Threads: any.
 */
#pragma once

#include "store/ticket.h"

const char *ticketwords_state(enum ticket_state s);
/* NULL: no such outcome. */
const char *ticketwords_outcome(struct slice outcome);
