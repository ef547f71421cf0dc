/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge/autoreason - why the milter lists an address, in a line that its sender
 * reads. Threads: any.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct autoreason {
	unsigned count; /* pieces of evidence */
	double score_at;
	unsigned window_s;
	bool has_traps; /* one of them is a recipient that nobody was given */
};

/* "5 messages scored 15 or more within 24 h". Returns out. */
const char *autoreason_of_listing(
	const struct autoreason *why, char *out, size_t size);

/* "a message scored 12.5 while on parole". Returns out. */
const char *autoreason_of_mark(
	bool is_trap, double score, char *out, size_t size);
