/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/notify - tells systemd how we are, by its datagram protocol
 * (sd_notify(3)): a text to the unix socket that NOTIFY_SOCKET names, "@" in
 * front for an abstract one. Without the variable nothing happens, and no
 * failure here is worth more than silence. Threads: any; reads the
 * environment.
 */
#pragma once

#include "base/result.h"

#include <stdbool.h>

/* lines such as "READY=1" and "STATUS=..."; false: nobody was told. */
bool notify_send(const char *lines);

/* RELOADING=1 with the monotonic time that systemd wants beside it. */
bool notify_reloading(void);
