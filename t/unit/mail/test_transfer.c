/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/transfer.h"

#include "support/case.h"

#include <stdlib.h>
#include <string.h>

typedef size_t decode(char *to, struct slice text, size_t *broken);

struct row {
	const char *text;
	const char *want;
	size_t broken;
	decode *decode;
};

/* Aside, and over itself, as it promises. */
static void decodes(void **state)
{
	const struct row *row = *state;
	const size_t len = strlen(row->text);
	char *to = malloc(len + 1), *over = malloc(len + 1);
	size_t broken = 0, got;

	assert_non_null(to);
	assert_non_null(over);
	memcpy(over, row->text, len);
	got = row->decode(to, slice_of(row->text), &broken);
	assert_int_equal(got, strlen(row->want));
	assert_memory_equal(to, row->want, got);
	assert_int_equal(broken, row->broken);
	got = row->decode(over, slice_make(over, len), &broken);
	assert_int_equal(got, strlen(row->want));
	assert_memory_equal(over, row->want, got);
	free(to);
	free(over);
}

#define BASE64(name, text, want, broken) \
	CASE(name, decodes,              \
		(&(const struct row){ text, want, broken, transfer_base64 }))
#define QUOTED(name, text, want, broken) \
	CASE(name, decodes,              \
		(&(const struct row){ text, want, broken, transfer_quoted }))
#define Q(name, text, want, broken) \
	CASE(name, decodes,         \
		(&(const struct row){ text, want, broken, transfer_q }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		BASE64("nothing is nothing", "", "", 0),
		BASE64("lines of base64", "Zm9v\r\nYmFy\r\n", "foobar", 0),
		BASE64("lines cut within a quantum", "Zm9\r\nvYm\nFy", "foobar",
			0),
		BASE64("padding", "Zm8=", "fo", 0),
		BASE64("padding left out", "Zm8", "fo", 0),
		BASE64("two texts put together", "Zm8=Zg==Zm9v", "foffoo", 0),
		BASE64("what is no digit is passed over", "Z!m9v-", "foo", 2),
		BASE64("one digit is no octet", "Z", "", 0),
		QUOTED("octets", "=4a=4Bc", "JKc", 0),
		QUOTED("soft line ends", "a=\r\nb= \t\r\nc=\nd", "abcd", 0),
		QUOTED("one at the end", "a=", "a", 0),
		QUOTED("line ends stay", "a\r\nb\n", "a\r\nb\n", 0),
		QUOTED("blanks before a line end go", "a \t\r\nb \nc ",
			"a\r\nb\nc", 0),
		QUOTED("blanks within stay", "a \t b", "a \t b", 0),
		QUOTED("what is no octet stays", "=X1 =4 a=", "=X1 =4 a", 2),
		Q("a low line is a blank", "a_b=5F", "a b_", 0),
		Q("what is no octet stays", "a=_=4", "a= =4", 2),
	};

	return cmocka_run_group_tests_name("mail/transfer", cases, NULL, NULL);
}
