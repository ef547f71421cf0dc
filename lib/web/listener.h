/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * web/listener - a listening stream socket from an endpoint.
 * Threads: one at a time.
 */
#pragma once

#include "base/buf.h"
#include "net/endpoint.h"

/*
 * *fd is the caller's to close; *port in host order, 0 for unix sockets. A
 * unix socket that nobody answers at is replaced, and its mode is 0660.
 * RES_DOWN: cannot listen (why gets the system's words, may be NULL);
 * RES_EXISTS: somebody answers there, or the path is no socket.
 */
enum result listener_open(const struct endpoint *e, int *fd, uint16_t *port,
	struct buf *why) MUST_USE;
