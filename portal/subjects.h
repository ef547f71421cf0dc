/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/subjects - what a ticket may be about: the form, the ticket's page
 * and the letters show the same words. Redis holds the key. Threads: any.
 */
#pragma once

#include "base/slice.h"

enum { SUBJECTS = 5 };

struct subject {
	const char *key;
	const char *words; /* English, for view_say */
};

extern const struct subject subjects[SUBJECTS];

/* The words; NULL: no such key. */
const char *subjects_find(struct slice key);
