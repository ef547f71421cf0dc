/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/table - a bounded map from octets to a value; the least recently used
 * entry goes first when it is full.
 *
 * Keys are copied. Values are pointers that the table owns: given on put,
 * freed by the function given at birth (NULL: values are not freed). The hash
 * is seeded at random. Threads: one at a time; the caller locks.
 */
#pragma once

#include "base/slice.h"

struct table;

/* max entries >= 1. NULL: no memory. */
struct table *table_new(size_t max, void (*free_value)(void *));
void table_free(struct table *t);
void table_clear(struct table *t);
size_t table_count(const struct table *t);

/* The value, now the most recently used, or NULL. Borrowed until changed. */
void *table_find(struct table *t, struct slice key);

/* Adds or replaces; value is given, also on error (it is freed then). */
enum result table_put(struct table *t, struct slice key, void *value);
bool table_remove(struct table *t, struct slice key);
