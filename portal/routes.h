/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/routes - which page answers which path.
 *
 * GET and HEAD only so far: nothing on this site changes anything yet.
 * Threads: the one that answers requests.
 */
#pragma once

#include "web/server.h"

struct conf;

/* What pages ask of the world; a fake in tests. */
struct site {
	/* The conf in use; released by the caller of it. */
	struct conf *(*conf)(void *ctx);
	/* As context_read_case. */
	enum result (*read_case)(void *ctx, struct slice ref,
		void (*each)(
			void *each_ctx, struct slice field, struct slice value),
		void *each_ctx);
	enum result (*ping)(void *ctx);
	void *ctx;
};

/* Fits web_options.handle; ctx is a struct site. */
void routes_handle(
	void *ctx, const struct web_request *rq, struct web_answer *out);
