/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/hex.h"

#include "support/case.h"

static void formats(void **state)
{
	static const uint8_t octets[] = { 0x00, 0x9a, 0xff };
	char out[7];

	(void)state;
	hex_format(octets, sizeof(octets), out);
	assert_string_equal(out, "009aff");
	hex_format(octets, 0, out);
	assert_string_equal(out, "");
}

static void values(void **state)
{
	(void)state;
	assert_int_equal(hex_value('0'), 0);
	assert_int_equal(hex_value('9'), 9);
	assert_int_equal(hex_value('a'), 10);
	assert_int_equal(hex_value('F'), 15);
	assert_int_equal(hex_value('g'), -1);
	assert_int_equal(hex_value('/'), -1);
	assert_int_equal(hex_value('\0'), -1);
}

static void pairs(void **state)
{
	char octet = '-';

	(void)state;
	assert_true(hex_read(slice_of("41z"), &octet));
	assert_int_equal(octet, 'A');
	assert_true(hex_read(slice_of("fF"), &octet));
	assert_int_equal((unsigned char)octet, 0xff);
	octet = '-';
	assert_false(hex_read(slice_of("4"), &octet));
	assert_false(hex_read(slice_of(""), &octet));
	assert_false(hex_read(slice_of("4g"), &octet));
	assert_false(hex_read(slice_of("g4"), &octet));
	assert_false(hex_read(slice_make("41", 1), &octet));
	assert_int_equal(octet, '-');
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("octets are two digits each, in lower case", formats,
			NULL),
		CASE("a digit of either case has a value, nothing else", values,
			NULL),
		CASE("two digits are an octet, one alone is none", pairs, NULL),
	};

	return cmocka_run_group_tests_name("base/hex", cases, NULL, NULL);
}
