/* SPDX-License-Identifier: BSD-2-Clause */
#include "fact/auth.h"

static const char *const result_names[] = {
	[AUTH_UNKNOWN] = "unknown",
	[AUTH_NONE] = "none",
	[AUTH_PASS] = "pass",
	[AUTH_FAIL] = "fail",
	[AUTH_TEMPERROR] = "temperror",
	[AUTH_PERMERROR] = "permerror",
};

const char *auth_result_name(enum auth_result r)
{
	return result_names[r];
}
