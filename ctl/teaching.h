/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/teaching - teaches the content classifier, and lets it forget.
 *
 * Messages are gathered and go to Redis some at a time (store/lessons); the
 * model is then made anew of all that is kept. Each function that fails has
 * told the operator why. Threads: one.
 */
#pragma once

#include "ctl/ctl.h"
#include "store/lessons.h"

enum teaching_kind { TEACHING_SPAM = 0, TEACHING_HAM, TEACHING_FORGET };

struct teaching {
	struct ctl *ctl; /* connected to write */
	enum teaching_kind kind;
	size_t messages;
	size_t unreadable; /* no messages */
	struct lessons_change change;
	/* Within. */
	struct lesson batch[LESSONS_BATCH];
	uint32_t *index[LESSONS_BATCH];
	size_t waiting;
};

void teaching_init(
	struct teaching *t, struct ctl *ctl, enum teaching_kind kind);
void teaching_clear(struct teaching *t);

/* One message. What is no message is counted and left out. */
enum ctl_exit teaching_add(struct teaching *t, struct slice text);
/* A lesson that was made of a message before; id: of the message. It counts as
 * of the kind of t. *is_taken false: it is none that this version can use. */
enum ctl_exit teaching_add_packed(struct teaching *t, const char *id,
	struct slice packed, bool *is_taken);
/* Everything that is kept, to be forgotten. */
enum ctl_exit teaching_add_all(struct teaching *t);

/* Writes what waits; the rest of the messages have been added. */
enum ctl_exit teaching_flush(struct teaching *t);

struct teaching_model {
	uint64_t version;
	size_t spam;
	size_t ham;
	size_t unusable; /* kept, and of no use to this version */
};

/* Makes the model anew. why is for the audit. */
enum ctl_exit teaching_finish(
	struct ctl *ctl, const char *why, struct teaching_model *out);
