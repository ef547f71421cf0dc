/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail/lookalike: whatever the name, what it is like is of the set, and a
 * protected name is never like another.
 */
#include "mail/lookalike.h"

#include "net/hostname.h"
#include "t/fuzz/target.h"

static const char *const names[] = { "paypal.com", "example.co.uk",
	"xn--bcher-kva.example" };

static void check_match(struct lookalike_match m)
{
	bool is_known = false;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		is_known =
			is_known || slice_is_equal(m.name, slice_of(names[i]));
	target_promise(is_known == (m.kind > LOOKALIKE_SELF),
		"it is like one of them");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_make(data, size);
	char name[HOSTNAME_MAX];
	struct lookalike *set;
	size_t len;

	if (lookalike_open(names, sizeof(names) / sizeof(names[0]), &set) !=
		RES_OK)
		return 0;
	check_match(lookalike_text(set, text));
	check_match(lookalike_domain(set, text));
	if (hostname_parse(text, name, &len) == RES_OK) {
		struct lookalike_match m =
			lookalike_domain(set, slice_make(name, len));

		check_match(m);
		target_promise(m.kind == LOOKALIKE_SELF ||
				!hostname_is_within(slice_make(name, len),
					slice_of(names[0])),
			"a protected name is none's double");
	}
	lookalike_close(set);
	return 0;
}
