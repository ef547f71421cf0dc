/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * web/server - the only file that knows libmicrohttpd.
 *
 * Hands whole, checked requests to one function of the caller. Refuses with
 * 400 and closes: methods but GET, HEAD, POST; both Content-Length and
 * Transfer-Encoding; repeated Host, Content-Length; octets below 0x20 in a
 * value; "%00" in a path. Ends a connection older than 15 s.
 * Threads: one of its own; the handler runs there.
 */
#pragma once

#include "base/buf.h"
#include "net/endpoint.h"

struct web_server;

struct web_request {
	struct slice method; /* GET or POST; a HEAD arrives as GET */
	struct slice path;   /* decoded */
	struct slice query;  /* raw, without '?' */
	struct slice body;   /* of POST, at most body_max */
};

struct web_answer {
	unsigned status;
	const char *type; /* static, e.g. "text/plain; charset=utf-8" */
	struct buf body;
};

struct web_options {
	struct endpoint listen;
	size_t body_max;
	void (*handle)(void *ctx, const struct web_request *rq,
		struct web_answer *out);
	void *ctx;
};

/* RES_DOWN: cannot listen (why gets the system's words). */
enum result web_server_open(struct web_server **out,
	const struct web_options *options, struct buf *why) MUST_USE;
void web_server_close(struct web_server *s);
/* The port that was given when port 0 was asked for. */
uint16_t web_server_port(const struct web_server *s);
