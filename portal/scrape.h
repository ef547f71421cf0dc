/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/scrape - /metrics, on a socket of its own (portal.metrics), so that
 * it is never among the pages. Threads: any.
 */
#pragma once

#include "web/server.h"

/* Fits web_options.handle; ctx is a struct context. */
void scrape_handle(
	void *ctx, const struct web_request *rq, struct web_answer *out);
