/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/mailchild - a child process that parses what a stranger sent.
 *
 * It has little memory and little time, no file and no connection of its
 * parent, writes no file, starts no process, and hands back what it finds
 * through a pipe: when it dies of a message, only that message is lost.
 * Threads: one.
 */
#pragma once

#include "base/buf.h"

enum {
	MAILCHILD_MEMORY_MAX = 256 * 1024 * 1024,
	MAILCHILD_CPU_S = 5,
	MAILCHILD_WAIT_MS = 15000
};

/* How the work ends; any other exit code is an accident. */
enum mailchild_end { MAILCHILD_FOUND = 0, MAILCHILD_NONE = 3 };

/* Run in the child; fd is the pipe. It need not free anything. */
typedef enum mailchild_end mailchild_work(int fd, void *ctx);

/* For the work: false: nobody reads any more. */
bool mailchild_write(int fd, const void *at, size_t len);

/*
 * Adds what the child wrote to out, which bounds it: what is past that is lost.
 * RES_MISSING: MAILCHILD_NONE; RES_CORRUPT: the child died; RES_TIMEOUT: it was
 * killed; RES_NOMEM: no child could be made. What came before that is in out.
 */
enum result mailchild_run(
	mailchild_work *work, void *ctx, struct buf *out) MUST_USE;
