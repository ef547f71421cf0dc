/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth/dmarcrecord: only what begins with the version is a record, slices lie
 * in it, and what is unusable asks for nothing.
 */
#include "auth/dmarcrecord.h"

#include "t/fuzz/target.h"

static bool lies_in(struct slice part, struct slice text)
{
	return part.len == 0 ||
		(part.at >= text.at &&
			part.at + part.len <= text.at + text.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_make(data, size);
	struct dmarcrecord r;

	if (dmarcrecord_parse(text, &r) != RES_OK)
		return 0;
	target_promise(slice_has_prefix_nocase(text, slice_of("v")),
		"a record begins with its version");
	target_promise(slice_is_equal(r.text, text) && lies_in(r.rua, text) &&
			lies_in(r.fo, text),
		"slices are parts of the text");
	target_promise(r.is_usable || r.p == DMARC_POLICY_NONE,
		"what is unusable asks for nothing");
	target_promise(r.is_usable || (!r.has_sp && !r.has_np),
		"nor for parts of the domain");
	target_promise(r.p <= DMARC_POLICY_REJECT &&
			r.sp <= DMARC_POLICY_REJECT &&
			r.np <= DMARC_POLICY_REJECT &&
			r.psd <= DMARCRECORD_PSD_N,
		"words are those of the RFC");
	return 0;
}
