/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/clock - what time it is, in a form that a test can hold still.
 *
 * Monotonic milliseconds are for waiting and for measuring and go on while
 * the machine sleeps; wall milliseconds (since 1970, UTC) are for what a
 * human sees and for what is kept on disk. Threads: any.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct clock {
	int64_t (*mono_ms)(void *ctx);
	int64_t (*wall_ms)(void *ctx);
	void *ctx;
};

/* The clocks of the machine. Static. */
const struct clock *clock_system(void);

int64_t clock_mono_ms(const struct clock *c);
int64_t clock_wall_ms(const struct clock *c);

enum { CLOCK_TEXT_MAX = 32 };

/* "2026-11-22T20:53:32Z" (RFC 3339) into out, which is returned; "-" for a
 * year that has not four digits. */
const char *clock_format_utc(int64_t wall_ms, char out[CLOCK_TEXT_MAX]);
