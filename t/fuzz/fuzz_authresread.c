/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth/authresread: comes to an end, each result moves on, and its parts lie
 * in the value.
 */
#include "auth/authresread.h"

#include "t/fuzz/target.h"

static bool lies_in(struct slice part, struct slice text)
{
	return part.len == 0 ||
		(part.at >= text.at &&
			part.at + part.len <= text.at + text.len);
}

static void check_result(
	const struct authresread_result *one, struct slice value)
{
	target_promise(one->method.len > 0 && one->result.len > 0 &&
			lies_in(one->method, value) &&
			lies_in(one->result, value) &&
			lies_in(one->reason, value),
		"a result has a method and lies in the value");
	target_promise(one->count <= AUTHRESREAD_PROPERTIES_MAX,
		"properties are bounded");
	for (size_t i = 0; i < one->count; i++)
		target_promise(one->property[i].name.len > 0 &&
				lies_in(one->property[i].type, value) &&
				lies_in(one->property[i].name, value) &&
				lies_in(one->property[i].value, value),
			"a property has a name and lies in the value");
	(void)authresread_find(one, "header", "from");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice value = slice_make(data, size);
	struct authresread_result one;
	struct authresread reader;
	struct slice id;
	size_t at;

	if (authresread_begin(&reader, value, &id) != RES_OK)
		return 0;
	target_promise(lies_in(id, value), "the identity lies in the value");
	for (at = reader.at; authresread_next(&reader, &one) == RES_OK;
		at = reader.at) {
		target_promise(reader.at > at, "each result moves on");
		check_result(&one, value);
	}
	return 0;
}
