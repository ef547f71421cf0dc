/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/ask - the one connection of a command to Redis, and what its errors
 * mean for the exit code.
 *
 * Every function that can fail has told the operator why by then, and gives
 * the exit code to return: CTL_DONE to go on. Replies live until the next
 * call. Threads: one.
 */
#pragma once

#include "ctl/ctl.h"
#include "store/link.h"

/* Connects for that purpose. A command asks for the greater one at once. */
enum ctl_exit ask_open(struct ctl *ctl, enum link_purpose purpose);
void ask_close(struct ctl *ctl);

enum ctl_exit ask_command(struct ctl *ctl, const struct slice *argv,
	size_t argc, struct redis_reply *out);
enum ctl_exit ask_append(
	struct ctl *ctl, const struct slice *argv, size_t argc);
/* An error reply is handed out as it is: a key may be of another type. */
enum ctl_exit ask_read(struct ctl *ctl, struct redis_reply *out);

/* Says that res, or the error reply text, happened. */
enum ctl_exit ask_failed(struct ctl *ctl, enum result res);
enum ctl_exit ask_refused(struct ctl *ctl, struct slice text);

/*
 * Runs a script. keys come first in argv, key_count of them. The text of the
 * script is sent once; later calls name it by its digest.
 */
struct ask_script {
	const char *text;
	char digest[41]; /* "" at first */
};

enum { ASK_SCRIPT_ARGS_MAX = 4096 };

enum ctl_exit ask_script(struct ctl *ctl, struct ask_script *script,
	const struct slice *argv, size_t argc, size_t key_count,
	struct redis_reply *out);

/*
 * Every key that begins with prefix + fixed, maybe some more than once. each
 * returns CTL_DONE to go on; it must not use ctl->redis. key lives during the
 * call. after_batch (may be NULL) is called between the batches and may.
 */
struct ask_scan {
	const char *fixed;
	enum ctl_exit (*each)(void *ctx, struct slice key);
	enum ctl_exit (*after_batch)(void *ctx);
	void *ctx;
};

enum ctl_exit ask_scan(struct ctl *ctl, const struct ask_scan *scan);
