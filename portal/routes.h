/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/routes - which page answers which path; the one table of them.
 *
 * A function of a page is void page_xxx(struct visit *v). GET and HEAD change
 * nothing, ever: mail scanners follow links. POST acts, through portal/guard.
 * Threads: any.
 */
#pragma once

#include "web/server.h"

struct conf;
struct context;

/* Sent with every answer of the portal; ends as in struct web_options. */
extern const struct web_field routes_fields[];

/* Octets of the longest form that a page may get, but for those with files. */
size_t routes_body_max(const struct conf *conf);

/* Fits web_options.room; ctx is a struct context. */
void routes_room(void *ctx, struct slice path, struct web_room *out);

/* Fits web_options.handle; ctx is a struct context. */
void routes_handle(
	void *ctx, const struct web_request *rq, struct web_answer *out);
