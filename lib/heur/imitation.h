/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/imitation - the protected names of the configuration (headers.protected
 * and portal.local_domains), made ready for mail/lookalike.
 *
 * The set is made when it is first asked for, and again when a session comes
 * with other names. Threads: open and close from one; the rest from any.
 */
#pragma once

#include "mail/lookalike.h"

struct conf;
struct imitation;

/* RES_NOMEM. *out is NULL then. */
enum result imitation_open(struct imitation **out) MUST_USE;
void imitation_close(struct imitation *i); /* NULL is fine */

/* What a From field shows. */
struct imitation_question {
	struct slice domain; /* of the address, folded, A-labels */
	struct slice text; /* the name, UTF-8, "" */
};

struct imitation_answer {
	enum lookalike_kind kind;
	bool is_text; /* it is the name that looks like it */
	char name[256]; /* which protected name, "" of NO and SELF */
};

/* NO as well when there is no memory or no data. */
struct imitation_answer imitation_ask(struct imitation *i,
	const struct conf *conf, const struct imitation_question *q);
