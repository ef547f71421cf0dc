/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/scrape.h"

#include "base/clock.h"
#include "conf/conf.h"
#include "portal/context.h"
#include "portal/meters.h"
#include "portal/reportmeters.h"
#include "store/mailq.h"
#include "store/report.h"
#include "web/metrics.h"

enum { STATUS_NOT_FOUND = 404 };

/* What cannot be asked is told by redis_up alone; the rest is then 0. False:
 * nothing is known of reports. */
static bool ask(struct context *c, struct report_counts *reports)
{
	struct meters_queue queue = { .is_redis_up = false };
	struct mailq_count count = { .waiting = 0 };
	struct context_view view;
	struct context_loan *loan = NULL;
	bool is_known = false;

	context_enter(c, &view);
	if (context_take(c, &loan) == RES_OK &&
		mailq_count(context_redis(loan),
			slice_of(view.conf->redis.prefix), &count) == RES_OK) {
		queue = (struct meters_queue){
			.is_redis_up = true,
			.waiting = count.waiting,
			.taken = count.taken,
			.later = count.later,
			.slow = count.slow,
		};
		if (count.oldest_ms > 0)
			queue.oldest_s = (double)(clock_wall_ms(view.clock) -
						 count.oldest_ms) /
				1000.0;
		is_known = report_count(context_redis(loan), view.conf,
				   reports) == RES_OK;
	}
	context_give(c, loan);
	context_leave(&view);
	meters_set_queue(context_meters(c), &queue);
	return is_known;
}

void scrape_handle(
	void *ctx, const struct web_request *rq, struct web_answer *out)
{
	struct report_counts reports;
	struct context *c = ctx;
	bool is_known;

	if (!slice_is_equal(rq->path, slice_of("/metrics"))) {
		out->status = STATUS_NOT_FOUND;
		buf_add_text(&out->body, "see /metrics\n");
		return;
	}
	is_known = ask(c, &reports);
	out->type = METRICS_TYPE;
	meters_format(context_meters(c), &out->body);
	if (is_known)
		reportmeters_format(&reports, &out->body);
}
