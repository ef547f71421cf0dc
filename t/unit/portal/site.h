/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/portal/site - a site of a test's own: a real redis-server, a conf, a
 * context, a clock that the test moves, and a browser without a screen.
 * Threads: one.
 */
#pragma once

#include "base/clock.h"
#include "portal/context.h"
#include "support/redis_server.h"
#include "web/server.h"

#define SITE_TRUSTED "192.0.2.250" /* milter.trusted */

/* What a test may set before it asks; each question keeps it. */
struct site_visitor {
	const char *peer; /* NULL: a unix socket */
	const char *forwarded_for;
	const char *accept_language;
	const char *content_type; /* of a POST */
	const char *origin;
	const char *fetch_site;
};

struct site {
	struct redis_server *redis;
	struct conf *conf;
	struct context *context;
	_Atomic int64_t now_ms; /* wall and monotonic; other threads read it */
	struct clock clock;
	struct site_visitor visitor;
	struct web_answer answer; /* the last one */
	char secret[300];
};

/*
 * more: further sections of the conf, or "". Visitors come from 192.0.2.1
 * until the test says otherwise. Fails the test when something is wrong.
 */
void site_open(struct site *s, const char *more);
/* The same without a Redis: nobody listens at its socket. */
void site_open_alone(struct site *s, const char *more);
void site_close(struct site *s);

/* A conf of that site, the caller's to release. */
struct conf *site_conf(const struct site *s, const char *more);

/* target: path and query. The body, borrowed until the next question. */
const char *site_get(struct site *s, const char *target);
const char *site_post(struct site *s, const char *target, const char *body);

/* A request as site_get makes it; the texts are borrowed. */
struct web_request site_request(
	const struct site *s, const char *method, const char *target);

/* The value of the first hidden field of that name in the last answer, into
 * out; fails the test when there is none. */
const char *site_hidden(
	const struct site *s, const char *name, char *out, size_t size);

/* Fails the test when it is not so; all show the body. */
void site_expect(const struct site *s, unsigned status);
void site_expect_text(const struct site *s, const char *part);
void site_expect_no_text(const struct site *s, const char *part);
