/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Authentication-Results of a stranger: whatever stands behind a plain claim
 * of our name it stays a claim, and no value without our letters is one.
 */
#include "auth/authres.h"

#include "t/fuzz/target.h"

#include <stdlib.h>
#include <string.h>

static bool has_octet(struct slice v, char lower)
{
	for (size_t i = 0; i < v.len; i++)
		if ((v.at[i] | 0x20) == lower)
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice id = slice_of("mx.example.net");
	struct slice value = slice_make(data, size);
	struct buf front;

	if (authres_claims(value, id) &&
		!(has_octet(value, 'm') && has_octet(value, 'x')))
		abort();
	buf_init(&front, size + 64);
	buf_add_text(&front, " (c) mx.example.net;");
	buf_add(&front, value);
	if (buf_result(&front) == RES_OK &&
		!authres_claims(buf_slice(&front), id))
		abort();
	buf_clear(&front);
	return 0;
}
