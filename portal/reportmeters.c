/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/reportmeters.h"

#include "store/report.h"

#include <inttypes.h>

#define NAME "reprieve_portal_reports"

static void add_kinds(const struct report_counts *counts, struct buf *out)
{
	buf_add_text(out,
		"# HELP " NAME "_total Reported originals by what came of "
		"them.\n"
		"# TYPE " NAME "_total counter\n");
	for (size_t k = 0; k < REPORT_KINDS; k++)
		for (size_t e = 0; e < REPORT_EFFECTS; e++)
			buf_add_format(out,
				NAME "_total{kind=\"%s\",effect=\"%s\"} "
				     "%" PRIu64 "\n",
				report_kind_name((enum report_kind)k),
				report_effect_name((enum report_effect)e),
				counts->of[k][e]);
}

static void add_one(struct buf *out, const char *name, const char *type,
	const char *help, uint64_t value)
{
	buf_add_format(out,
		"# HELP " NAME "_%s %s\n# TYPE " NAME "_%s %s\n" NAME
		"_%s %" PRIu64 "\n",
		name, help, name, type, name, value);
}

void reportmeters_format(const struct report_counts *counts, struct buf *out)
{
	add_kinds(counts, out);
	add_one(out, "listed_total", "counter",
		"Addresses that reports have listed.", counts->listed);
	add_one(out, "would_list_total", "counter",
		"Addresses they would have listed, were listing.enabled yes.",
		counts->would);
	add_one(out, "waiting", "gauge", "Originals that wait to be learnt.",
		counts->waiting);
}
