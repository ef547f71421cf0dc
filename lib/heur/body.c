/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/body.h"

enum check_progress body_step(
	const struct check_input *in, struct findings *out)
{
	(void)in;
	(void)out;
	return CHECK_DONE;
}

bool body_take(const struct check_input *in, struct slice piece)
{
	(void)in;
	(void)piece;
	return false;
}
