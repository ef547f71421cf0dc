/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/der.h"

#include "base/arena.h"
#include "support/case.h"

#include <stdlib.h>
#include <string.h>

struct row {
	struct slice der;
	struct slice modulus, exponent; /* NULL: it is no key */
};

static void reads(void **state)
{
	const struct row *row = *state;
	struct slice modulus, exponent;
	bool is_read = der_read_rsa(row->der, &modulus, &exponent);

	assert_int_equal(is_read, row->modulus.at != NULL);
	if (!is_read)
		return;
	assert_true(slice_is_equal(modulus, row->modulus));
	assert_true(slice_is_equal(exponent, row->exponent));
}

/* A key of that many octets of modulus; given. */
static struct slice key_of(struct arena *a, size_t octets)
{
	uint8_t *der = arena_alloc(a, octets + 20);
	size_t len = 0, inner = octets + 4 + 3;

	der[len++] = 0x30;
	der[len++] = 0x82;
	der[len++] = (uint8_t)(inner >> 8);
	der[len++] = (uint8_t)inner;
	der[len++] = 0x02;
	der[len++] = 0x82;
	der[len++] = (uint8_t)(octets >> 8);
	der[len++] = (uint8_t)octets;
	memset(der + len, 0x55, octets);
	len += octets;
	memcpy(der + len, "\x02\x01\x03", 3);
	return slice_make(der, len + 3);
}

static void wraps_and_unwraps(void **state)
{
	static const size_t octets[] = { 256, 300, 2048, 40000 };

	(void)state;
	for (size_t i = 0; i < sizeof(octets) / sizeof(octets[0]); i++) {
		struct arena *a = arena_new(1 << 18);
		struct slice key = key_of(a, octets[i]);
		struct slice wrapped, again, n, e;

		assert_int_equal(der_wrap_rsa(key, a, &wrapped), RES_OK);
		assert_true(der_unwrap_rsa(wrapped, &again));
		assert_true(slice_is_equal(again, key));
		assert_true(der_read_rsa(again, &n, &e));
		assert_int_equal(n.len, octets[i]);
		assert_int_equal(der_bits(n), octets[i] * 8 - 1);
		assert_false(der_unwrap_rsa(key, &again));
		assert_false(der_read_rsa(wrapped, &n, &e));
		/* No part of it is one. */
		for (size_t len = 0; len < wrapped.len && len < 400; len++)
			assert_false(der_unwrap_rsa(
				slice_part(wrapped, 0, len), &again));
		arena_free(a);
	}
}

static void wraps_short_keys_with_short_lengths(void **state)
{
	static const char want[] = "\x30\x1c\x30\x0d\x06\x09\x2a\x86\x48\x86"
				   "\xf7\x0d\x01\x01\x01\x05\x00\x03\x0b\x00"
				   "\x30\x08\x02\x02\x01\x01\x02\x02\x01\x03";
	struct arena *a = arena_new(1000);
	struct slice key = slice_make(want + 20, 10);
	struct slice got;

	(void)state;
	assert_int_equal(der_wrap_rsa(key, a, &got), RES_OK);
	assert_true(slice_is_equal(got, slice_make(want, sizeof(want) - 1)));
	arena_free(a);
}

static void refuses_what_it_cannot_wrap(void **state)
{
	struct arena *a = arena_new(1 << 18);
	struct arena *little = arena_new(10);
	struct slice got;
	char *text = arena_alloc(a, 70000);

	(void)state;
	assert_int_equal(
		der_wrap_rsa(slice_make(text, 70000), a, &got), RES_TOOBIG);
	assert_int_equal(
		der_wrap_rsa(slice_make(text, 100), little, &got), RES_NOMEM);
	arena_free(a);
	arena_free(little);
}

static void counts_bits(void **state)
{
	(void)state;
	assert_int_equal(der_bits(slice_of("\x01")), 1);
	assert_int_equal(der_bits(slice_of("\xff")), 8);
	assert_int_equal(der_bits(slice_of("\x10\x01")), 13);
	assert_true(der_is_odd(slice_of("\x10\x01")));
	assert_false(der_is_odd(slice_of("\x01\x10")));
}

#define READS(name, der, modulus, exponent)               \
	CASE(name, reads,                                 \
		(&(struct row){ { der, sizeof(der) - 1 }, \
			{ modulus, sizeof(modulus) - 1 }, \
			{ exponent, sizeof(exponent) - 1 } }))
#define REFUSES(name, der)      \
	CASE(name, reads,       \
		(&(struct row){ \
			{ der, sizeof(der) - 1 }, { NULL, 0 }, { NULL, 0 } }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		READS("two numbers are read",
			"\x30\x06\x02\x01\x11\x02\x01\x03", "\x11", "\x03"),
		READS("the octet of the sign is dropped",
			"\x30\x07\x02\x02\x00\x81\x02\x01\x03", "\x81", "\x03"),
		REFUSES("nothing is no key", ""),
		REFUSES("a tag alone is no key", "\x30"),
		REFUSES("a key ends where it ends",
			"\x30\x06\x02\x01\x11\x02\x01\x03\x00"),
		REFUSES("a key has two numbers", "\x30\x03\x02\x01\x11"),
		REFUSES("a key has no third number",
			"\x30\x09\x02\x01\x11\x02\x01\x03\x02\x01\x05"),
		REFUSES("a number is positive",
			"\x30\x06\x02\x01\x81\x02\x01\x03"),
		REFUSES("a number is not zero",
			"\x30\x06\x02\x01\x00\x02\x01\x03"),
		REFUSES("a number is written the shortest way",
			"\x30\x07\x02\x02\x00\x11\x02\x01\x03"),
		REFUSES("a number has octets", "\x30\x05\x02\x00\x02\x01\x03"),
		REFUSES("a length is written the shortest way",
			"\x30\x81\x06\x02\x01\x11\x02\x01\x03"),
		REFUSES("a length of two octets needs them",
			"\x30\x82\x00\x06\x02\x01\x11\x02\x01\x03"),
		REFUSES("a length is known",
			"\x30\x80\x02\x01\x11\x02\x01\x03\x00\x00"),
		REFUSES("a length stays within",
			"\x30\x06\x02\x05\x11\x02\x01\x03"),
		cmocka_unit_test(wraps_and_unwraps),
		cmocka_unit_test(wraps_short_keys_with_short_lengths),
		cmocka_unit_test(refuses_what_it_cannot_wrap),
		cmocka_unit_test(counts_bits),
	};

	return cmocka_run_group_tests_name("base/der", cases, NULL, NULL);
}
