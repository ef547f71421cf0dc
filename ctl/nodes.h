/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/nodes - the signs of life of the milters (Pnode:ID, 60 s).
 *
 * Fields are shown as they stand; what says whether a node is in step is
 * state (store/mirror's word, "live"), lag_ms and generation. Threads: one.
 */
#pragma once

#include "ctl/ctl.h"

enum { NODES_FIELDS_MAX = 24, NODES_MAX = 1000, NODES_LIFE_S = 60 };

struct nodes_field {
	char name[32];
	char value[128];
};

struct nodes_one {
	char id[128];
	int64_t age_s; /* since its last word; -1: not known */
	struct nodes_field field[NODES_FIELDS_MAX];
	size_t field_count;
	bool is_foreign; /* its generation is not that of Redis */
};

struct nodes {
	struct nodes_one *node;
	size_t count;
};

/* In the order of their ids. nodes_clear frees it. */
enum ctl_exit nodes_read(struct ctl *ctl, struct nodes *out);
void nodes_clear(struct nodes *n);

/* "" when there is no such field. */
const char *nodes_value(const struct nodes_one *n, const char *field);
/* NULL: in step. */
const char *nodes_behind(const struct nodes_one *n);
