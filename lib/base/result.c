/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/result.h"

#include <stddef.h>

static const char *const names[] = {
	[RES_OK] = "ok",
	[RES_SYNTAX] = "syntax",
	[RES_RANGE] = "range",
	[RES_TOOBIG] = "toobig",
	[RES_NOMEM] = "nomem",
	[RES_TIMEOUT] = "timeout",
	[RES_DOWN] = "down",
	[RES_DENIED] = "denied",
	[RES_MISSING] = "missing",
	[RES_EXISTS] = "exists",
	[RES_TYPE] = "type",
	[RES_CORRUPT] = "corrupt",
	[RES_READONLY] = "readonly",
	[RES_FULL] = "full",
	[RES_INTERNAL] = "internal",
};

const char *result_name(enum result r)
{
	size_t i = (size_t)r;

	if (i >= sizeof(names) / sizeof(names[0]))
		return "unknown";
	return names[i];
}
