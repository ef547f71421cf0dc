/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/process - what the program asks of the system around it.
 * Threads: main, before others exist.
 */
#pragma once

#include "base/result.h"

struct buf;
struct conf;

/* Where log lines go from now on, as conf says. */
void process_log(const struct conf *conf);

/*
 * Gives root up for user; does nothing when we are not root. RES_MISSING: no
 * such user; RES_DENIED: the system refuses, or user is "" or root itself. why
 * gets words.
 */
enum result process_drop(const char *user, struct buf *why) MUST_USE;

/* Tells systemd, e.g. "READY=1" (sd_notify(3)); quiet without it. */
void process_notify(const char *state);
