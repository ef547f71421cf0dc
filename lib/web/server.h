/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * web/server - the only file that knows libmicrohttpd.
 *
 * Hands whole, checked requests to one function of the caller. Refuses with
 * 400 and closes: methods but GET, HEAD, POST; both Content-Length and
 * Transfer-Encoding; repeated Host, Content-Length or Transfer-Encoding, and
 * none or an empty Host (RFC 9112 s3.2, s6.3); a blank or anything but ASCII in
 * the name of a field (s5.1); octets below 0x20 in a value; in a path a broken
 * percent sign, "%00", or any other control octet. 413: a body longer than
 * body_max, or one with GET. 414 and 431: a request line or a header past
 * 16 KiB in all. 415: a POST of anything but a form
 * (application/x-www-form-urlencoded, no charset but UTF-8; where the room of
 * its path says so multipart/form-data, too). The library ends a value, and a
 * path, at a NUL: what stands behind it is never seen by us.
 *
 * One request a connection ("Connection: close"). A connection is ended
 * deadline_ms after it began, whatever it does: the library's own timeout
 * counts idleness only, so an octet every second would hold it for ever.
 *
 * A path may have more room than others (struct web_room). A body that needs it
 * comes over slow lines, too: its deadline is later by a second for each
 * WEB_SLOW_OCTETS of its Content-Length (in chunks: of its room). Behind a
 * proxy that takes a whole body before it passes it on, that time is never
 * used. At most WEB_LARGE_MAX of such bodies are in memory at once, 503 to
 * others: that is connections_max * body_max + WEB_LARGE_MAX * (room), whatever
 * comes.
 *
 * Threads: one that listens, one that ends what is late, and one a connection,
 * all with signals blocked: the handler runs many times at once, and may wait.
 */
#pragma once

#include "base/buf.h"
#include "net/endpoint.h"
#include "net/ipaddr.h"

struct web_server;

enum {
	WEB_DEADLINE_MS = 15000,
	WEB_CONNECTIONS_MAX = 256,
	WEB_HEADER_MAX = 16384, /* request line and header fields together */
	WEB_LOCATION_MAX = 1024,
	WEB_LARGE_MAX = 16,
	WEB_SLOW_OCTETS = 16384, /* in a second, 128 kbit/s */
	WEB_ANSWER_MAX = 4 * 1024 * 1024
};

struct web_request {
	struct slice method; /* GET or POST; a HEAD arrives as GET */
	bool is_head;
	struct slice path; /* decoded */
	struct slice query; /* raw, without '?' */
	struct slice body; /* of POST, at most body_max, or its room */
	/* Who is at the other end of the connection; of a unix socket nobody.
	 */
	struct ipaddr peer;
	bool has_peer;
	/* Header fields, empty when not there; of one that came more than once
	 * the last. Of one past 4 KiB the front is kept, of forwarded_for the
	 * end: a proxy adds to it behind what the client sent. */
	struct slice forwarded_for; /* X-Forwarded-For */
	struct slice accept_language;
	struct slice content_type;
	struct slice origin;
	struct slice fetch_site; /* Sec-Fetch-Site */
};

struct web_field {
	const char *name;
	const char *value;
};

/*
 * The handler gets status 200, type "text/plain; charset=utf-8" and an empty
 * body that takes WEB_ANSWER_MAX. A body or a location that failed, and a
 * location with other octets than those of a URI, become a plain 500.
 */
struct web_answer {
	unsigned status;
	const char *type; /* static, e.g. "text/plain; charset=utf-8" */
	struct buf body;
	const struct web_field *fields; /* static, ends as in web_options */
	struct buf location; /* of a 303, at most WEB_LOCATION_MAX; "": none */
	const char *language; /* static: Content-Language; NULL: none */
	unsigned refresh_s; /* the page is to be asked for again; 0: no */
};

/* What a POST to a path may bring. */
struct web_room {
	size_t body_max;
	bool has_files; /* multipart/form-data is read, too (web/multipart) */
};

struct web_options {
	struct endpoint listen;
	size_t body_max;
	/* Is given the room of all others and may change it for this path,
	 * which is decoded. Any thread. NULL: all have the same. */
	void (*room)(void *ctx, struct slice path, struct web_room *out);
	void (*handle)(void *ctx, const struct web_request *rq,
		struct web_answer *out);
	void *ctx;
	/* Sent with every answer, our refusals too; borrowed until close, the
	 * last has name NULL. NULL: none. */
	const struct web_field *fields;
	unsigned deadline_ms; /* 0: WEB_DEADLINE_MS */
	/* What comes past it is closed at once. 0: WEB_CONNECTIONS_MAX */
	unsigned connections_max;
	unsigned per_address_max; /* 0: no limit (behind a proxy) */
};

/*
 * Listens. A unix socket that nobody answers at is replaced, its mode is 0660,
 * and it goes with close. RES_DOWN: cannot listen (why gets the system's
 * words, may be NULL); RES_EXISTS: somebody answers at that unix socket, or
 * the path is no socket; RES_NOMEM.
 */
enum result web_server_open(struct web_server **out,
	const struct web_options *options, struct buf *why) MUST_USE;
/* Waits for the handler to return. NULL is fine. */
void web_server_close(struct web_server *s);
/* The port that was given when port 0 was asked for; 0 for unix sockets. */
uint16_t web_server_port(const struct web_server *s);
