/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/filename - what a file's name says, and what it hides.
 *
 * As Windows reads it: the ending behind the last dot, without blanks and dots
 * at the end, no case. Threads: plain data.
 */
#pragma once

#include "base/slice.h"

/* A list of endings from the configuration. */
struct filename_endings {
	char *const *names;
	size_t count;
};

/* The ending without its dot, or the empty slice. A path before it is fine. */
struct slice filename_ending(struct slice name);

/* Is the ending one of these? */
bool filename_is_of(struct slice name, const struct filename_endings *e);

/*
 * Does it hide that ending: behind one of a document ("a.pdf.exe"), behind many
 * blanks, or by characters that turn text around?
 */
bool filename_is_disguised(struct slice name);
