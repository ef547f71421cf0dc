/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/postfix - what postconf(1) says about milters, where there is one, and
 * the name that it should have for ours.
 * Threads: one; starts a child process and waits for it (5 s at most).
 */
#pragma once

#include "net/endpoint.h"

struct postfix_settings {
	bool is_there; /* postconf was found and answered */
	char smtpd_milters[1024];
	char default_action[64];
	char queue_directory[256]; /* Debian's when it is not there */
};

void postfix_read(struct postfix_settings *out);

/*
 * Where Postfix finds a milter whose milter.socket is e: there, or for a
 * socket that systemd hands over (fd:N) the one of etc/reprieve-milter.socket
 * as shipped.
 */
const struct endpoint *postfix_socket(const struct endpoint *e);

/* Is socket ("unix:reprieve/milter.sock") one of smtpd_milters? Never: "". */
bool postfix_names(const char *milters, const char *socket);
