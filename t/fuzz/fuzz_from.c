/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail/from: what is listed lies in the value, stands behind an "@", and is
 * all there is: another address put in front is listed too or spoils it.
 */
#include "mail/from.h"

#include "base/buf.h"
#include "t/fuzz/target.h"

static bool is_behind_at(struct slice value, struct slice domain)
{
	return domain.len > 0 && domain.at > value.at &&
		domain.at + domain.len <= value.at + value.len;
}

static bool holds_at_sign(struct slice value)
{
	return slice_find(value, '@') < value.len;
}

static void check_list(struct slice value, const struct from_list *list)
{
	target_promise(list->count > 0 && list->count <= FROM_DOMAINS_MAX,
		"there is a domain, and there are not too many");
	target_promise(holds_at_sign(value), "no address without its sign");
	for (size_t i = 0; i < list->count; i++) {
		target_promise(is_behind_at(value, list->domain[i]),
			"a domain is a part of the value");
		for (size_t k = 0; k < i; k++)
			target_promise(!slice_is_equal_nocase(list->domain[i],
					       list->domain[k]),
				"no domain is listed twice");
	}
}

static void try_with(struct slice value, const char *front, size_t count)
{
	struct from_list list;
	struct buf more;

	buf_init(&more, value.len + 64);
	buf_add_text(&more, front);
	buf_add(&more, value);
	if (buf_result(&more) == RES_OK &&
		from_parse(buf_slice(&more), &list) == RES_OK) {
		bool found = false;

		for (size_t i = 0; i < list.count; i++)
			found = found ||
				slice_is_equal(list.domain[i],
					slice_of("attack.example"));
		target_promise(found, "an author in front is not lost");
		target_promise(list.count >= count, "nor are those behind");
	}
	buf_clear(&more);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice value = slice_make(data, size);
	struct from_list list;

	if (from_parse(value, &list) != RES_OK)
		return 0;
	check_list(value, &list);
	try_with(value, "a@attack.example, ", list.count);
	try_with(value, "<a@attack.example>,", list.count);
	return 0;
}
