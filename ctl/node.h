/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/node - the signs of life of the milters (Pnode:ID, 60 s).
 *
 * Fields are shown as they stand; what says whether a node is in step is
 * state (store/mirror's word, "live"), lag_ms and generation. Threads: one.
 */
#pragma once

#include "ctl/ctl.h"

enum { NODE_FIELDS_MAX = 24, NODES_MAX = 1000, NODE_LIFE_S = 60 };

struct node_field {
	char name[32];
	char value[128];
};

struct node {
	char id[128];
	int64_t age_s; /* since its last word; -1: not known */
	struct node_field field[NODE_FIELDS_MAX];
	size_t field_count;
	bool is_foreign; /* its generation is not that of Redis */
};

struct nodes {
	struct node *node;
	size_t count;
};

/* In the order of their ids. nodes_clear frees it. */
enum ctl_exit nodes_read(struct ctl *ctl, struct nodes *out);
void nodes_clear(struct nodes *n);

/* "" when there is no such field. */
const char *node_value(const struct node *n, const char *field);
/* NULL: in step. */
const char *node_behind(const struct node *n);
