/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/random.h"

#include "support/case.h"

#include <string.h>

static void two_are_not_the_same(void **state)
{
	uint8_t a[32] = { 0 };
	uint8_t b[32] = { 0 };

	(void)state;
	random_fill(a, sizeof(a));
	random_fill(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	assert_int_not_equal(random_u64(), random_u64());
}

static void only_the_asked_octets_are_filled(void **state)
{
	uint8_t a[18];

	(void)state;
	memset(a, 0x5a, sizeof(a));
	random_fill(a + 1, 16);
	assert_int_equal(a[0], 0x5a);
	assert_int_equal(a[17], 0x5a);
	random_fill(a, 0);
	assert_int_equal(a[0], 0x5a);
}

/* A bit that never changes in 4096 octets: 2^-4096 by chance. */
static void every_bit_moves(void **state)
{
	uint8_t a[4096];
	unsigned ones = 0;
	unsigned zeros = 0;

	(void)state;
	random_fill(a, sizeof(a));
	for (size_t i = 0; i < sizeof(a); i++) {
		ones |= a[i];
		zeros |= (uint8_t)~a[i];
	}
	assert_int_equal(ones, 0xff);
	assert_int_equal(zeros, 0xff);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("two draws are not the same", two_are_not_the_same, NULL),
		CASE("only the octets asked for are filled",
			only_the_asked_octets_are_filled, NULL),
		CASE("every bit moves", every_bit_moves, NULL),
	};

	return cmocka_run_group_tests_name("base/random", cases, NULL, NULL);
}
