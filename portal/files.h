/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/files - the texts of the site as constant data.
 *
 * files.c is made by portal/mkfiles at each build from portal/templates,
 * portal/help, portal/static and the catalogues of po; portal/texts reads it.
 * Threads: constant.
 */
#pragma once

#include <stddef.h>

struct files_entry {
	const char *name; /* "templates/head.html", "help/en/policies.md" */
	const char *data; /* a NUL stands behind it that is not counted */
	size_t len;
};

/* In the order of the make fragments. */
extern const struct files_entry files_table[];
extern const size_t files_count;
