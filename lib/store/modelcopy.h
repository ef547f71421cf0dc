/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/modelcopy - the model of the content classifier, in memory.
 *
 * What store/lessons wrote, so that scanning never waits for Redis: a thread
 * looks for a new version every content.refresh_s and puts it in place of the
 * old one when it is whole and sound; until then, and while Redis is away, the
 * old one serves. Threads: look, hold and release from any; the rest from
 * main.
 */
#pragma once

#include "store/lessons.h"

struct modelcopy;

/* Counted, never changes. */
struct modelcopy_model {
	float *weights; /* LESSON_SPACE of them */
	struct lessons_about about;
};

/* conf is borrowed until modelcopy_close. RES_NOMEM. */
enum result modelcopy_open(
	struct modelcopy **out, const struct conf *conf) MUST_USE;
/* Starts the thread, after any fork or change of user. RES_NOMEM. */
enum result modelcopy_start(struct modelcopy *m) MUST_USE;
/* Nothing is held any more. NULL is fine. */
void modelcopy_close(struct modelcopy *m);

/* Looks now, in the caller's thread. RES_OK, also when there is no model;
 * otherwise why it could not be read, and the old one stays. */
enum result modelcopy_look(struct modelcopy *m) MUST_USE;

/*
 * RES_OK: *out is the model, to be released. RES_MISSING: nothing was ever
 * learnt. Otherwise none could be read yet: RES_DOWN, RES_TIMEOUT, RES_DENIED;
 * RES_CORRUPT: what is there is none. *out is NULL then.
 */
enum result modelcopy_hold(
	struct modelcopy *m, const struct modelcopy_model **out) MUST_USE;
void modelcopy_release(
	struct modelcopy *m, const struct modelcopy_model *model);
