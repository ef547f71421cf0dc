/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/program - runs another program once: octets go to its standard input,
 * and there is a deadline.
 *
 * It gets no descriptor of ours but 0 to 2, no signal blocked or ignored, and
 * of the environment a PATH; it leads a process group of its own, which is
 * killed as a whole when its time is over. Threads: any.
 */
#pragma once

#include "base/buf.h"

struct program {
	const char *const *argv; /* argv[0]: its path; ends in NULL */
	struct slice input;
	unsigned timeout_ms;
};

/*
 * RES_OK: it has ended, and *code is its exit code. RES_TIMEOUT: it was killed;
 * RES_CORRUPT: a signal ended it; RES_MISSING: it cannot be run, and out says
 * why; RES_NOMEM: no process, no descriptor. out: what it wrote to its standard
 * output and error, cut at out->max.
 */
enum result program_run(
	const struct program *p, int *code, struct buf *out) MUST_USE;
