/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * support/folder - a temporary folder of one test, gone when it ends.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { FOLDER_PATH_MAX = 256 };

struct folder {
	char path[FOLDER_PATH_MAX];
};

/* Makes a fresh one below TMPDIR; fails the test when it cannot. */
void folder_make(struct folder *f);

/* Removes it with all that is in it (one level, no folders inside). */
void folder_remove(struct folder *f);

/* "<folder>/<name>" into out, which is returned. */
const char *folder_path(
	const struct folder *f, const char *name, char out[FOLDER_PATH_MAX]);

/* How many entries it has. */
size_t folder_count(const struct folder *f);
