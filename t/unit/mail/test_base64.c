/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/base64.h"

#include "base/arena.h"
#include "support/case.h"

struct row {
	const char *text;
	struct slice octets;
	const char *again; /* as we write it; NULL: it is not read */
};

static void reads_and_writes(void **state)
{
	const struct row *row = *state;
	struct arena *a = arena_new(1000);
	struct slice got;

	assert_string_equal(
		result_name(base64_decode(slice_of(row->text), a, &got)),
		row->again == NULL ? "syntax" : "ok");
	if (row->again != NULL) {
		assert_true(slice_is_equal(got, row->octets));
		assert_int_equal(base64_encode(got, a, &got), RES_OK);
		assert_true(slice_is_equal(got, slice_of(row->again)));
	}
	arena_free(a);
}

static void says_when_memory_is_short(void **state)
{
	struct arena *a = arena_new(4);
	struct slice got;

	(void)state;
	assert_int_equal(
		base64_decode(slice_of("AAAABBBBCCCC"), a, &got), RES_NOMEM);
	assert_int_equal(
		base64_encode(slice_of("AAAABBBBCCCC"), a, &got), RES_NOMEM);
	arena_free(a);
}

/* What was cut in lines is the same without their ends. */
static void writes_lines(void **state)
{
	static const size_t lengths[] = { 0, 1, 56, 57, 58, 114, 200 };
	char octets[200];

	(void)state;
	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = (char)(i * 7);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		const struct slice in = slice_make(octets, lengths[i]);
		struct arena *a = arena_new(1000);
		struct slice want, rest, line;
		struct buf out, dense;

		buf_init(&out, 1000);
		buf_init(&dense, 1000);
		base64_lines(in, &out);
		assert_int_equal(base64_encode(in, a, &want), RES_OK);
		rest = buf_slice(&out);
		while (slice_cut(&rest, '\n', &line)) {
			assert_in_range(line.len, 1, 76);
			assert_true(rest.len == 0 || line.len == 76);
			buf_add(&dense, line);
		}
		assert_true(slice_is_equal(buf_slice(&dense), want));
		assert_true(out.len == 0 || out.at[out.len - 1] == '\n');
		assert_int_equal(out.len,
			want.len +
				(lengths[i] + BASE64_LINE_OCTETS - 1) /
					BASE64_LINE_OCTETS);
		buf_clear(&dense);
		buf_clear(&out);
		arena_free(a);
	}
}

#define READS(name, text, octets, again) \
	CASE(name, reads_and_writes,     \
		(&(struct row){          \
			text, { octets, sizeof(octets) - 1 }, again }))
#define REFUSES(name, text) \
	CASE(name, reads_and_writes, (&(struct row){ text, { NULL, 0 }, NULL }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		READS("nothing is nothing", "", "", ""),
		READS("one octet has two of padding", "Zg==", "f", "Zg=="),
		READS("two octets have one of padding", "Zm8=", "fo", "Zm8="),
		READS("three octets have none", "Zm9v", "foo", "Zm9v"),
		READS("all 64 digits are known", "+/+/AZaz09",
			"\373\377\277\001\226\263\323", "+/+/AZaz0w=="),
		READS("NUL is an octet", "AAAA", "\0\0\0", "AAAA"),
		READS("padding may be left out", "Zm9vYg", "foob", "Zm9vYg=="),
		REFUSES("padding is whole", "Zg="),
		REFUSES("padding follows digits", "===="),
		REFUSES("padding alone is nothing", "=="),
		REFUSES("three of padding are too many", "Z==="),
		REFUSES("padding stands at the end", "Zg==Zm9v"),
		REFUSES("whole quanta have no padding", "Zm9v=="),
		REFUSES("one digit is no octet", "Zm9vY"),
		REFUSES("a blank is no digit", "Zm 9v"),
		REFUSES("the digits of the URL alphabet are others", "-_-_"),
		REFUSES("an octet above 127 is no digit", "Zm9\366"),
		cmocka_unit_test(writes_lines),
		cmocka_unit_test(says_when_memory_is_short),
	};

	return cmocka_run_group_tests_name("mail/base64", cases, NULL, NULL);
}
