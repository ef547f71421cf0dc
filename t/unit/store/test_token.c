/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/token.h"

#include "base/buf.h"
#include "store/secret.h"
#include "support/case.h"

#include <string.h>

static const struct secret ours = { .octet = "0123456789abcdef", .len = 16 };
static const struct secret other = { .octet = "0123456789abcdeF", .len = 16 };

static const char *make(const struct secret *s, enum token_purpose p,
	const char *id, char out[TOKEN_TEXT_MAX])
{
	assert_string_equal(result_name(token_make(s, p, slice_of(id), out)),
		result_name(RES_OK));
	return out;
}

static void a_letter_that_is_sent_again_has_the_same_token(void **state)
{
	char one[TOKEN_TEXT_MAX], two[TOKEN_TEXT_MAX];

	(void)state;
	assert_string_equal(make(&ours, TOKEN_MAIL, "7K3M9QXB2HTD4FZ6T", one),
		make(&ours, TOKEN_MAIL, "7K3M9QXB2HTD4FZ6T", two));
	assert_int_equal(strlen(one), TOKEN_LEN);
	assert_int_equal(
		strspn(one, "0123456789abcdefghjkmnpqrstvwxyz"), TOKEN_LEN);
}

static void purpose_id_and_secret_all_count(void **state)
{
	char token[5][TOKEN_TEXT_MAX];

	(void)state;
	(void)make(&ours, TOKEN_MAIL, "A", token[0]);
	(void)make(&ours, TOKEN_ADDRESS, "A", token[1]);
	(void)make(&ours, TOKEN_CANCEL, "A", token[2]);
	(void)make(&ours, TOKEN_MAIL, "B", token[3]);
	(void)make(&other, TOKEN_MAIL, "A", token[4]);
	for (size_t i = 0; i < 5; i++)
		for (size_t k = i + 1; k < 5; k++)
			assert_string_not_equal(token[i], token[k]);
}

static void no_token_is_made_for_no_purpose(void **state)
{
	char out[TOKEN_TEXT_MAX];

	(void)state;
	assert_int_not_equal(
		token_make(&ours, TOKEN_NONE, slice_of("A"), out), RES_OK);
}

static void every_token_reads_as_itself(void **state)
{
	char id[] = "A", token[TOKEN_TEXT_MAX], again[TOKEN_TEXT_MAX];

	(void)state;
	for (; id[0] < 'Z'; id[0]++) {
		(void)make(&ours, TOKEN_CANCEL, id, token);
		assert_int_equal(token_parse(slice_of(token), again), RES_OK);
		assert_string_equal(token, again);
	}
}

struct row {
	const char *text;
	const char *want; /* NULL: refused */
};

static void reads(void **state)
{
	const struct row *row = *state;
	char got[TOKEN_TEXT_MAX] = "untouched";
	enum result res = token_parse(slice_of(row->text), got);

	assert_string_equal(result_name(res),
		result_name(row->want != NULL ? RES_OK : RES_SYNTAX));
	assert_string_equal(got, row->want != NULL ? row->want : "untouched");
}

static void a_token_with_a_nul_is_refused(void **state)
{
	static const char text[] = "0123456789abcdefghjkmnp\0rs";
	char got[TOKEN_TEXT_MAX];

	(void)state;
	assert_int_equal(sizeof(text) - 1, TOKEN_LEN);
	assert_int_equal(
		token_parse(slice_make(text, TOKEN_LEN), got), RES_SYNTAX);
}

static void redis_holds_the_digest_of_a_token(void **state)
{
	struct buf key;

	(void)state;
	buf_init(&key, 128);
	assert_int_equal(
		token_key("00000000000000000000000000", slice_of("rp:"), &key),
		RES_OK);
	assert_string_equal(buf_text(&key),
		"rp:token:"
		"575b83480d348cd3168ffbb874e26156b7d94842cd6c667dba6867976e62"
		"d38d");
	buf_clear(&key);
	buf_init(&key, 20);
	assert_int_equal(
		token_key("00000000000000000000000000", slice_of("rp:"), &key),
		RES_TOOBIG);
	buf_clear(&key);
}

static void purposes_have_names(void **state)
{
	(void)state;
	for (enum token_purpose p = TOKEN_MAIL; p <= TOKEN_FBL_END; p++)
		assert_int_equal(
			token_purpose_parse(slice_of(token_purpose_name(p))),
			p);
	assert_string_equal(token_purpose_name(TOKEN_SPONSOR), "sponsor");
	assert_string_equal(token_purpose_name(TOKEN_NONE), "");
	assert_int_equal(token_purpose_parse(slice_of("")), TOKEN_NONE);
	assert_int_equal(token_purpose_parse(slice_of("MAIL")), TOKEN_NONE);
}

int main(void)
{
	static const struct row shouted = { "0123456789ABCDEFGHJKMNPQRS",
		"0123456789abcdefghjkmnpqrs" };
	static const struct row mistyped = { "OiIlLo00000000000000000000",
		"01111000000000000000000000" };
	static const struct row greatest = { "7zzzzzzzzzzzzzzzzzzzzzzzzz",
		"7zzzzzzzzzzzzzzzzzzzzzzzzz" };
	static const struct row greater = { "80000000000000000000000000",
		NULL };
	static const struct row shorter = { "0123456789abcdefghjkmnpqr", NULL };
	static const struct row longer = { "0123456789abcdefghjkmnpqrst",
		NULL };
	static const struct row with_u = { "u123456789abcdefghjkmnpqrs", NULL };
	static const struct row dashed = { "0123-456789abcdefghjkmnpqr", NULL };
	static const struct row high = { "\xc3\xa9"
					 "123456789abcdefghjkmnpqr",
		NULL };
	static const struct row none = { "", NULL };
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(
			a_letter_that_is_sent_again_has_the_same_token),
		cmocka_unit_test(purpose_id_and_secret_all_count),
		cmocka_unit_test(no_token_is_made_for_no_purpose),
		cmocka_unit_test(every_token_reads_as_itself),
		CASE("capitals are folded", reads, &shouted),
		CASE("i, l and o are read as the digits they look like", reads,
			&mistyped),
		CASE("the greatest of 128 bits is read", reads, &greatest),
		CASE("one of 129 bits is refused", reads, &greater),
		CASE("25 characters are refused", reads, &shorter),
		CASE("27 characters are refused", reads, &longer),
		CASE("a u is refused", reads, &with_u),
		CASE("a dash is refused", reads, &dashed),
		CASE("octets above 127 are refused", reads, &high),
		CASE("nothing is refused", reads, &none),
		cmocka_unit_test(a_token_with_a_nul_is_refused),
		cmocka_unit_test(redis_holds_the_digest_of_a_token),
		cmocka_unit_test(purposes_have_names),
	};

	return cmocka_run_group_tests_name("store/token", cases, NULL, NULL);
}
