/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * support/client - a socket client for tests that says any octets at all.
 * Each wait ends after CLIENT_WAIT_MS and then fails the test.
 */
#pragma once

#include "base/slice.h"

enum { CLIENT_WAIT_MS = 10000 };

/* A connected socket, or the test fails. */
int client_inet(uint16_t port);
int client_unix(const char *path);

/*
 * Sends what (stops quietly when the other end closes), reads until the other
 * end closes, closes fd. The answer is cut at size - 1 and ends in a NUL;
 * returns its length.
 */
size_t client_exchange(int fd, struct slice what, char *answer, size_t size);

/* The number behind "HTTP/1.1 ", or 0. */
unsigned client_status(const char *answer);
/* Behind the empty line, "" when there is none. */
const char *client_body(const char *answer);
