/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/reading - the facts of a saved message, as the milter would have them.
 *
 * Threads: one at a time.
 */
#pragma once

#include "ctl/savedmail.h"
#include "fact/body.h"
#include "fact/message.h"
#include "heur/tokens.h"
#include "store/lesson.h"

struct conf;

struct reading {
	struct savedmail mail;
	struct field *fields;
	struct message message;
	struct body_facts body;
	void *state; /* of heur/body, which owns what body points to */
};

/*
 * text and conf are borrowed until reading_close. RES_SYNTAX: this is no
 * message; RES_TOOBIG: more fields than a message can have; RES_NOMEM. *out is
 * then closed.
 */
enum result reading_open(struct reading *out, const struct conf *conf,
	struct slice text) MUST_USE;
void reading_close(struct reading *r);

/* What its features are made of. Lives as long as r. */
struct tokens_source reading_source(
	const struct reading *r, const struct conf *conf);

/*
 * Which message this is, whatever was added to its header on the way to where
 * it was saved: a digest of its body and of From, Date, Subject, Message-ID.
 * RES_NOMEM.
 */
enum result reading_id(
	const struct reading *r, char out[LESSON_ID_MAX]) MUST_USE;
