/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/heur/headerrig - a message as text, and what a check of its header
 * finds in it.
 *
 * Change what the members say between init and run. Nothing but a broken rig
 * aborts.
 */
#pragma once

#include "fact/check.h"

struct headerrig {
	struct arena *arena;
	struct conf *conf;
	struct message message;
	struct envelope envelope;
	struct auth_facts auth;
	struct body_facts body;
	void *service;
	struct findings found;
	char text[4096]; /* what was found: "word*factor word ..." */
};

enum { HEADERRIG_NOW_S = 1800000000 }; /* Fri, 15 Jan 2027 08:00:00 GMT */

/* more: lines of the configuration. */
void headerrig_init(struct headerrig *r, const char *more);
void headerrig_clear(struct headerrig *r);

/* Fields with CRLF between them; a copy is kept. */
void headerrig_take(struct headerrig *r, struct slice header);

/* Runs it, and writes r->text: "miss" when nothing was seen. */
void headerrig_run(struct headerrig *r, check_step *step);

/* The evidence of that word, or "". */
struct slice headerrig_evidence(const struct headerrig *r, const char *word);
