/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * support/arc_rig - one message after another through auth/arc and
 * auth/arcseal, as a session does it, with DNS out of a table.
 */
#pragma once

#include "auth/arc.h"
#include "auth/arcseal.h"
#include "base/buf.h"
#include "conf/conf.h"
#include "support/fake_dns.h"

enum { ARC_RIG_FIELDS_MAX = 1000, ARC_RIG_TEXT_MAX = 8388608 };

struct arc_rig {
	struct fake_dns *dns;
	struct asker *asker;
	struct arena *arena;
	struct conf conf;
	struct arc *arc;
	struct check_input in;
	void *state;
	struct buf text; /* the message at hand, lines end in LF */
	struct buf wire; /* the same with CRLF */
	struct field fields[ARC_RIG_FIELDS_MAX];
	struct message message;
	struct slice body;
	size_t piece; /* octets of the body at once */
	struct auth_facts auth;
	struct findings found;
};

/* trust may be NULL. */
void arc_rig_init(struct arc_rig *r, const struct trust_source *trust);
void arc_rig_clear(struct arc_rig *r);

/* The message from now on; lines may end in LF or CRLF. */
void arc_rig_load(struct arc_rig *r, struct slice text);

/* One step at a time: the end of the header, the body, the end. */
enum check_progress arc_rig_begin(struct arc_rig *r);
void arc_rig_body(struct arc_rig *r);
enum check_progress arc_rig_end(struct arc_rig *r);
void arc_rig_forget(struct arc_rig *r); /* the message is over */

/* All of them; answers that were held back come at the end. The fact lives
 * until the next message. */
const struct arc_fact *arc_rig_validate(struct arc_rig *r);

/* Seals what was validated; RES_OK and set->skipped NULL: the set is on top of
 * r->text. results: an authserv-id and what follows. */
enum result arc_rig_seal(struct arc_rig *r, const struct arcseal *seal,
	const char *results, struct arcseal_set *set);
