/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/tracebind.h"

void tracebind_add(struct tracebind *b, struct slice name, struct slice value)
{
	(void)b;
	(void)name;
	(void)value;
}

void tracebind_letters(
	const struct tracebind *b, bool with_cfbl, char out[TRACE_BOUND_MAX])
{
	(void)b;
	(void)with_cfbl;
	(void)out;
}

enum result tracebind_digest(
	const struct tracebind *b, const char *letters, uint8_t out[SHA256_LEN])
{
	(void)b;
	(void)letters;
	(void)out;
	return RES_DOWN;
}
