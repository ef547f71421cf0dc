/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/scrape.h"

#include "portal/context.h"
#include "portal/meters.h"
#include "web/metrics.h"

enum { STATUS_NOT_FOUND = 404 };

void scrape_handle(
	void *ctx, const struct web_request *rq, struct web_answer *out)
{
	struct context *c = ctx;
	struct meters_queue queue = { .is_redis_up = false };

	if (!slice_is_equal(rq->path, slice_of("/metrics"))) {
		out->status = STATUS_NOT_FOUND;
		buf_add_text(&out->body, "see /metrics\n");
		return;
	}
	queue.is_redis_up = context_ping(c) == RES_OK;
	meters_set_queue(context_meters(c), &queue);
	out->type = METRICS_TYPE;
	meters_format(context_meters(c), &out->body);
}
