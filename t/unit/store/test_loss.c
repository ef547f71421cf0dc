/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/loss.h"
#include "support/case.h"

struct row {
	size_t before;
	size_t after;
	const char *remembered;
	const char *now;
	enum loss_verdict want;
};

static const char *name_of(enum loss_verdict v)
{
	switch (v) {
	case LOSS_UNKNOWN:
		return "unknown";
	case LOSS_NONE:
		return "none";
	case LOSS_LOST:
		return "lost";
	case LOSS_ACCEPTED:
		return "accepted";
	}
	return "?";
}

static void judges(void **state)
{
	const struct row *row = *state;
	const struct loss_facts f = {
		.old_count = row->before,
		.new_count = row->after,
		.remembered = slice_of(row->remembered),
		.generation = slice_of(row->now),
	};

	assert_string_equal(name_of(loss_judge(&f)), name_of(row->want));
}

#define ROW(...) (&(const struct row){ __VA_ARGS__ })

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("nothing before is nothing lost", judges,
			ROW(0, 0, "", "", LOSS_NONE)),
		CASE("a first list is believed", judges,
			ROW(0, 5, "", "", LOSS_NONE)),
		CASE("one entry and the generation gone", judges,
			ROW(1, 0, "auto-a", "", LOSS_LOST)),
		CASE("a few gone, the generation is ours", judges,
			ROW(99, 0, "auto-a", "auto-a", LOSS_NONE)),
		CASE("many gone, the generation is ours", judges,
			ROW(100, 49, "auto-a", "auto-a", LOSS_LOST)),
		CASE("half of many left", judges,
			ROW(100, 50, "auto-a", "auto-a", LOSS_NONE)),
		CASE("half of an odd number left", judges,
			ROW(101, 50, "auto-a", "", LOSS_LOST)),
		CASE("more than half of an odd number left", judges,
			ROW(101, 51, "auto-a", "", LOSS_NONE)),
		CASE("the generation of another milter is not ours", judges,
			ROW(10, 1, "auto-a", "auto-b", LOSS_LOST)),
		CASE("a person says it is meant", judges,
			ROW(1000, 0, "auto-a", "2026-11", LOSS_ACCEPTED)),
		CASE("what a person said before is the generation", judges,
			ROW(1000, 0, "2026-11", "2026-11", LOSS_LOST)),
		CASE("all there, the generation was deleted", judges,
			ROW(1000, 1000, "auto-a", "", LOSS_NONE)),
		CASE("never a generation, all gone", judges,
			ROW(5, 0, "", "", LOSS_LOST)),
		CASE("one of two left", judges,
			ROW(2, 1, "auto-a", "", LOSS_NONE)),
	};

	return cmocka_run_group_tests_name("store/loss", cases, NULL, NULL);
}
