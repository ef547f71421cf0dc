/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/postfix - what postconf(1) says about milters, where there is one.
 * Threads: one; starts a child process and waits for it (5 s at most).
 */
#pragma once

#include "base/slice.h"

struct postfix_settings {
	bool is_there; /* postconf was found and answered */
	char smtpd_milters[1024];
	char default_action[64];
	char queue_directory[256]; /* Debian's when it is not there */
};

void postfix_read(struct postfix_settings *out);
