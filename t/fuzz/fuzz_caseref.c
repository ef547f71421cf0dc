/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/case: a text that is read as a reference is one of 17 characters that
 * reads as itself; what is refused leaves nothing behind.
 */
#include "store/case.h"
#include "t/fuzz/target.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	char ref[CASE_REF_MAX] = "untouched", again[CASE_REF_MAX];
	enum result res = case_ref_parse(slice_make(data, size), ref);

	if (res != RES_OK) {
		target_promise(res == RES_SYNTAX, "one kind of refusal");
		target_promise(strcmp(ref, "untouched") == 0,
			"a refusal leaves the reference alone");
		return 0;
	}
	target_promise(strlen(ref) == 17 && strspn(ref, alphabet) == 17,
		"a reference has 17 characters of the alphabet");
	target_promise(case_ref_parse(slice_of(ref), again) == RES_OK &&
			strcmp(ref, again) == 0,
		"a reference reads as itself");
	/* The next character of the alphabet instead: always found. */
	for (size_t i = 0; i < 17; i++) {
		char kept = ref[i];

		ref[i] = alphabet[(size_t)(strchr(alphabet, kept) - alphabet +
					  1) %
			32];
		target_promise(
			case_ref_parse(slice_of(ref), again) == RES_SYNTAX,
			"a wrong character is found");
		ref[i] = kept;
	}
	return 0;
}
