/* SPDX-License-Identifier: BSD-2-Clause */
#include "t/fuzz/target.h"

#include <stdio.h>
#include <stdlib.h>

void target_promise(bool kept, const char *promise)
{
	if (kept)
		return;
	(void)fprintf(stderr, "broken promise: %s\n", promise);
	abort();
}
