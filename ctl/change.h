/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/change - one change of a list: the old state, the write and the line in
 * the audit in one script, so that none is without the others.
 *
 * The audit (Paudit) has the fields who, what, key, before, after, why; before
 * and after are JSON objects of the entry, "" for none. The same goes to
 * syslog. Threads: one.
 */
#pragma once

#include "ctl/ctl.h"
#include "store/keys.h"

enum { CHANGE_FIELDS_MAX = 16, CHANGE_AUDIT_MAX = 100000 };

/* Fields of an entry in the making; text is borrowed. */
struct change_fields {
	struct slice item[CHANGE_FIELDS_MAX * 2];
	size_t count; /* of items */
};

void change_field(struct change_fields *f, const char *name, const char *value);

struct change {
	const char *what; /* add, allow, remove ... */
	const char *why;
	struct slice key;
	const struct change_fields *fields; /* NULL: remove the entry */
	int64_t life_s; /* 0: for ever */
};

/* What the entry was and is; the buffers are the caller's. */
struct change_answer {
	bool was_there;
	struct buf before; /* JSON, or empty */
	struct buf after;
	struct buf origin; /* of the entry before */
};

void change_answer_init(struct change_answer *a);
void change_answer_clear(struct change_answer *a);

/* A removal of what is not there changes and records nothing. */
enum ctl_exit change_run(struct ctl *ctl, const struct change *change,
	struct change_answer *out);

/* A line in the audit without an entry, e.g. of a whole import. */
enum ctl_exit change_note(struct ctl *ctl, const struct change *change,
	const char *before, const char *after);

/* The same to syslog only; change_run and change_note have done it. */
void change_log(const struct ctl *ctl, const struct change *change);
