/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/autoreason.h"

#include <stdio.h>

enum { MINUTE_S = 60, HOUR_S = 3600, DAY_S = 86400, SPAN_MAX = 32 };

static const char *span(unsigned seconds, char out[SPAN_MAX])
{
	if (seconds > DAY_S && seconds % DAY_S == 0)
		snprintf(out, SPAN_MAX, "%u days", seconds / DAY_S);
	else if (seconds >= HOUR_S && seconds % HOUR_S == 0)
		snprintf(out, SPAN_MAX, "%u h", seconds / HOUR_S);
	else if (seconds % MINUTE_S == 0)
		snprintf(out, SPAN_MAX, "%u min", seconds / MINUTE_S);
	else
		snprintf(out, SPAN_MAX, "%u s", seconds);
	return out;
}

const char *autoreason_of_listing(
	const struct autoreason *why, char *out, size_t size)
{
	char within[SPAN_MAX];

	snprintf(out, size, "%u message%s scored %.6g or more%s within %s",
		why->count, why->count == 1 ? "" : "s", why->score_at,
		why->has_traps
			? ", or went to an address that nobody was given,"
			: "",
		span(why->window_s, within));
	return out;
}

const char *autoreason_of_mark(
	bool is_trap, double score, char *out, size_t size)
{
	if (is_trap)
		snprintf(out, size,
			"mail to an address that nobody was given, while on "
			"parole");
	else
		snprintf(out, size, "a message scored %.1f while on parole",
			score);
	return out;
}
