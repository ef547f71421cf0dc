/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/link - which server to talk to, and a connection to it.
 *
 * redis.servers are tried in their order: to read, the first that answers
 * (not while it loads its data); to write, the first whose ROLE is master.
 * With sentinels the primary is whoever they name, and its ROLE must agree
 * (the client rules of Redis Sentinel); reads still prefer a configured
 * server, the nearest replica. Threads: plain; conf is only read.
 */
#pragma once

#include "store/redis.h"

struct conf;

enum link_purpose { LINK_READ = 0, LINK_WRITE };

struct link_request {
	enum link_purpose purpose;
	unsigned timeout_ms; /* of each connect and command, not of it all */
	int cancel; /* as in struct redis_login; 0: none */
};

/*
 * Opens a connection; *server is who it is to. Each server costs at most a
 * few times timeout_ms. On error *out is NULL, *server untouched, and why
 * (may be NULL) holds the words of each server that did not do.
 * RES_TIMEOUT, RES_DENIED, RES_READONLY (no primary), RES_DOWN: of the last
 * one that was tried; RES_MISSING: nothing is configured.
 */
enum result link_open(const struct conf *conf,
	const struct link_request *request, struct redis **out,
	struct endpoint *server, struct buf *why) MUST_USE;

/* The same to one server, e.g. a second connection beside another. Checks
 * that it can be read, or written. Errors as above. */
enum result link_open_at(const struct conf *conf,
	const struct link_request *request, const struct endpoint *server,
	struct redis **out, struct buf *why) MUST_USE;

/*
 * Is server still the one that link_open would choose? After a failover the
 * old primary may go on answering for long. False only when a sentinel names
 * another one; true when none can be asked, or there are none. Waits as
 * link_open does.
 */
bool link_is_current(const struct conf *conf,
	const struct link_request *request, const struct endpoint *server);
