/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/lessons - what the content classifier was taught, and what came of it.
 *
 *   Pcontent:examples  HASH, a lesson (store/lesson) for each message, by ID
 *   Pcontent:spam      ZSET, IDs of those that are spam, by when (ms)
 *   Pcontent:ham       ZSET, of those that are not
 *   Pcontent:about     HASH: edits, of the examples; version, of the model,
 *                      spam, ham, learnt_ms: what it was made of, and when
 *   Pcontent:model     STRING, the weights
 *
 * The model is made of all the examples that are kept, nothing else: learning
 * adds some, forgetting takes some away, and then it is made anew. Of either
 * kind the newest content.examples_max / 2 are kept. A model is written only
 * if no example has changed since they were read, so of two who learn at once
 * the second makes it anew with those of both. Threads: as store/redis.
 */
#pragma once

#include "store/lesson.h"
#include "store/redis.h"

struct conf;

/* About so many lessons to a command. */
enum { LESSONS_BATCH = 24 };

struct lessons_batch {
	const struct lesson *lesson;
	size_t count; /* at most LESSONS_BATCH */
	int64_t now_ms; /* wall time */
};

struct lessons_change {
	size_t added;
	size_t moved; /* known, and now of the other kind */
	size_t dropped; /* the oldest, for want of room */
	size_t removed;
};

/*
 * Adds them; those that are known as of the same kind change nothing. *out is
 * added to. Errors as script_run; may be done again.
 */
enum result lessons_add(struct redis *r, const struct conf *conf,
	const struct lessons_batch *batch, struct lessons_change *out) MUST_USE;

/* Takes them away, by their IDs. */
enum result lessons_remove(struct redis *r, const struct conf *conf,
	const struct lessons_batch *batch, struct lessons_change *out) MUST_USE;

struct lessons {
	struct lesson *lesson; /* by ID, so always in the same order */
	size_t count;
	size_t spam;
	size_t unusable; /* of another version, or broken: left out */
	uint64_t edits;
	uint32_t *index; /* of all of them */
};

/* All of them. RES_TOOBIG: more than can be (content.examples_max). On error
 * *out is empty. */
enum result lessons_read(
	struct redis *r, const struct conf *conf, struct lessons *out) MUST_USE;
void lessons_clear(struct lessons *l);

struct lessons_model {
	const float *weights; /* LESSON_SPACE of them */
	uint64_t edits; /* of the examples it is made of */
	size_t spam;
	size_t ham;
	struct slice who; /* for the audit */
	struct slice why;
};

/* RES_EXISTS: the examples have changed meanwhile, nothing was written. */
enum result lessons_install(struct redis *r, const struct conf *conf,
	const struct lessons_model *model, int64_t now_ms,
	uint64_t *version) MUST_USE;

/* What is known of the model; zeroed: there is none. */
struct lessons_about {
	uint64_t version;
	uint64_t edits;
	uint64_t spam;
	uint64_t ham;
	int64_t learnt_ms;
};

enum result lessons_about(struct redis *r, const struct conf *conf,
	struct lessons_about *out) MUST_USE;

/* The weights. RES_MISSING: there is no model; RES_TOOBIG, RES_RANGE: what is
 * there is none. weights are of no use then. */
enum result lessons_weights(
	struct redis *r, const struct conf *conf, float *weights) MUST_USE;
