/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/rate.h"

enum check_progress rate_step(
	const struct check_input *in, struct findings *out)
{
	(void)in;
	(void)out;
	return CHECK_DONE;
}
