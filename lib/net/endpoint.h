/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net/endpoint - where a socket is, as people write it in a config.
 *
 *     inet:8894@127.0.0.1     inet6:8894@::1 (also [::1])     inet:8894
 *     unix:/run/reprieve/milter.sock (also local:)     fd:3
 *     127.0.0.1:25 or [::1]:25, only where allow_plain is said
 *
 * A host is an address or a host name (not looked up here); an address of the
 * other family than the kind says is RES_SYNTAX. Port 0 asks for any free one.
 * Threads: plain data.
 */
#pragma once

#include "base/slice.h"

enum endpoint_kind {
	ENDPOINT_NONE = 0,
	ENDPOINT_INET,
	ENDPOINT_INET6,
	ENDPOINT_UNIX,
	ENDPOINT_FD
};

enum { ENDPOINT_HOST_MAX = 256, ENDPOINT_PATH_MAX = 108 };

struct endpoint {
	enum endpoint_kind kind;
	uint16_t port; /* host order */
	int fd; /* of ENDPOINT_FD */
	char host[ENDPOINT_HOST_MAX]; /* "" means all of this host */
	char path[ENDPOINT_PATH_MAX];
};

enum { ENDPOINT_TEXT_MAX = ENDPOINT_HOST_MAX + 32 };

/* RES_SYNTAX, RES_RANGE (port, fd), RES_TOOBIG (path, host). *out is untouched
 * on error. */
enum result endpoint_parse(
	struct endpoint *out, struct slice text, bool allow_plain) MUST_USE;

/* As smfi_setconn and our config write it; returns out. */
const char *endpoint_format(
	const struct endpoint *e, char out[ENDPOINT_TEXT_MAX]);

/*
 * As Postfix's smtpd_milters wants it ("inet:127.0.0.1:8894"), with a unix
 * path relative to its queue folder where it lies below that, and loopback for
 * "all of this host"; "" for an fd. Returns out.
 */
const char *endpoint_format_postfix(const struct endpoint *e,
	const char *queue_directory, char out[ENDPOINT_TEXT_MAX]);

/* True for unix sockets, and inet ones on 127.0.0.0/8, ::1 or localhost. */
bool endpoint_is_local(const struct endpoint *e);
