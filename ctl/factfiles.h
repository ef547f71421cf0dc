/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/factfiles - the facts that milters keep (facts.folder), one by one.
 *
 * Threads: one.
 */
#pragma once

#include "ctl/ctl.h"
#include "judge/factfile.h"

struct factfiles_count {
	size_t files;
	size_t spoiled; /* files that make no sense from some octet on */
	uint64_t facts;
	uint64_t older; /* than since_ms, left out */
};

/*
 * Every fact not older than since_ms, the files by their names. each: false
 * ends it. CTL_USAGE: facts.folder is not set; CTL_DOWN: cannot be read. What
 * is wrong is said.
 */
enum ctl_exit factfiles_each(struct ctl *ctl, int64_t since_ms,
	bool (*each)(void *ctx, struct fact *f), void *ctx,
	struct factfiles_count *count);

/* "since" of the command's words, a life, as a time; 0: from the first. */
int64_t factfiles_since_ms(const struct args *args);
