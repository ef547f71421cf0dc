/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/pasted: whatever is pasted, what comes out are references that read
 * as themselves, codes that exist, and no more of them than there is room for.
 */
#include "portal/pasted.h"

#include "t/fuzz/target.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char again[CASE_REF_MAX];
	struct pasted got;

	pasted_read(&got, slice_make(data, size));
	target_promise(got.ref_count <= PASTED_REFS_MAX &&
			got.ref_whole <= got.ref_count,
		"references fit");
	for (size_t i = 0; i < got.ref_count; i++)
		target_promise(
			case_ref_parse(slice_of(got.ref[i]), again) == RES_OK &&
				strcmp(got.ref[i], again) == 0,
			"a reference reads as itself");
	target_promise(got.code_count < CODE_COUNT, "codes fit");
	for (size_t i = 0; i < got.code_count; i++)
		target_promise(
			code_row(got.code[i]) != NULL, "a code has a row");
	target_promise(strspn(got.xcode, "0123456789.") == strlen(got.xcode),
		"a status code is digits and dots");
	return 0;
}
