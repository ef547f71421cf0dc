/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/form.h"

#include "base/arena.h"
#include "base/buf.h"
#include "support/case.h"

#include <string.h>

enum { MEMORY_MAX = 64 * 1024, VALUE_MAX = 16 };

/* fields as "name=value;"; "" when the form is not read. */
struct row {
	const char *text;
	enum result want;
	const char *fields;
	bool is_multiline;
};

static void show(const struct form *f, struct buf *out)
{
	for (size_t i = 0; i < f->count; i++)
		buf_add_format(out, "%.*s=%.*s;", SLICE_ARG(f->field[i].name),
			SLICE_ARG(f->field[i].value));
}

static void reads(void **state)
{
	const struct row *row = *state;
	const struct form_limits limits = {
		.value_max = VALUE_MAX,
		.is_multiline = row->is_multiline,
	};
	struct arena *a = arena_new(MEMORY_MAX);
	struct form f;
	struct buf shown;

	assert_string_equal(
		result_name(form_parse(&f, slice_of(row->text), &limits, a)),
		result_name(row->want));
	buf_init(&shown, 1024);
	show(&f, &shown);
	assert_string_equal(buf_text(&shown), row->fields);
	buf_clear(&shown);
	arena_free(a);
}

static enum result count_fields(size_t count)
{
	const struct form_limits limits = { .value_max = VALUE_MAX };
	struct arena *a = arena_new(MEMORY_MAX);
	struct buf text;
	struct form f;
	enum result res;

	buf_init(&text, 4096);
	for (size_t i = 0; i < count; i++)
		buf_add_format(&text, "%sf%zu=1", i > 0 ? "&" : "", i);
	res = form_parse(&f, buf_slice(&text), &limits, a);
	assert_int_equal(f.count, res == RES_OK ? count : 0);
	buf_clear(&text);
	arena_free(a);
	return res;
}

static void bounds_fields(void **state)
{
	(void)state;
	assert_string_equal(result_name(count_fields(FORM_FIELDS_MAX)),
		result_name(RES_OK));
	assert_string_equal(result_name(count_fields(FORM_FIELDS_MAX + 1)),
		result_name(RES_TOOBIG));
}

static void finds_by_name(void **state)
{
	const struct form_limits limits = { .value_max = VALUE_MAX };
	struct arena *a = arena_new(MEMORY_MAX);
	struct form f;

	(void)state;
	assert_int_equal(
		form_parse(&f, slice_of("ip=192.0.2.1&note="), &limits, a),
		RES_OK);
	assert_true(
		slice_is_equal(form_value(&f, "ip"), slice_of("192.0.2.1")));
	assert_true(form_has(&f, "note"));
	assert_int_equal(form_value(&f, "note").len, 0);
	assert_false(form_has(&f, "mail"));
	assert_int_equal(form_value(&f, "mail").len, 0);
	arena_free(a);
}

static void tells_no_memory(void **state)
{
	const struct form_limits limits = { .value_max = 4096 };
	struct arena *a = arena_new(128);
	struct form f;
	struct buf text;

	(void)state;
	buf_init(&text, 4096);
	buf_add_format(&text, "a=%01000d", 0);
	assert_string_equal(
		result_name(form_parse(&f, buf_slice(&text), &limits, a)),
		result_name(RES_NOMEM));
	assert_int_equal(f.count, 0);
	buf_clear(&text);
	arena_free(a);
}

static void refuses_a_raw_nul(void **state)
{
	const struct form_limits limits = { .value_max = VALUE_MAX };
	struct arena *a = arena_new(MEMORY_MAX);
	struct form f;

	(void)state;
	assert_string_equal(result_name(form_parse(
				    &f, slice_make("a=b\0c", 5), &limits, a)),
		result_name(RES_SYNTAX));
	arena_free(a);
}

#define ROW(text, ...) CASE(text, reads, (&(struct row){ __VA_ARGS__ }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		ROW("fields are read in order", "ip=192.0.2.1&mail=a%40b.c",
			RES_OK, "ip=192.0.2.1;mail=a@b.c;", false),
		ROW("an empty form has no fields", "", RES_OK, "", false),
		ROW("a plus sign is a blank", "a=b+c%2B", RES_OK, "a=b c+;",
			false),
		ROW("small letters are hexadecimal digits, too", "a=%c3%A9",
			RES_OK, "a=\xc3\xa9;", false),
		ROW("a value may hold an equals sign", "a=b=c", RES_OK,
			"a=b=c;", false),
		ROW("a field without a value is empty", "a&b=", RES_OK,
			"a=;b=;", false),
		ROW("empty fields are skipped", "&&a=1&", RES_OK, "a=1;",
			false),
		ROW("lines are folded where they are allowed",
			"a=b%0D%0Ac%0Dd%0Ae", RES_OK, "a=b\nc\nd\ne;", true),
		ROW("a line end is refused where it is not", "a=b%0D%0Ac",
			RES_SYNTAX, "", false),
		ROW("a tab is allowed", "a=b%09c", RES_OK, "a=b\tc;", false),
		ROW("another control is refused", "a=b%01c", RES_SYNTAX, "",
			true),
		ROW("an encoded NUL is refused", "a=b%00c", RES_SYNTAX, "",
			true),
		ROW("a field twice is refused", "a=1&b=2&a=1", RES_EXISTS, "",
			false),
		ROW("a percent sign at the end is refused", "a=b%", RES_SYNTAX,
			"", false),
		ROW("half a percent sign is refused", "a=b%4", RES_SYNTAX, "",
			false),
		ROW("a percent sign before other letters is refused", "a=%zz",
			RES_SYNTAX, "", false),
		ROW("text that is not UTF-8 is refused", "a=%C3", RES_SYNTAX,
			"", false),
		ROW("a longer form of a character is refused", "a=%C0%AF",
			RES_SYNTAX, "", false),
		ROW("a surrogate is refused", "a=%ED%A0%80", RES_SYNTAX, "",
			false),
		ROW("a name of another kind is refused", "A=1", RES_SYNTAX, "",
			false),
		ROW("an encoded name is refused", "%61=1", RES_SYNTAX, "",
			false),
		ROW("no name is refused", "=1", RES_SYNTAX, "", false),
		ROW("a name past its bound is refused",
			"aaaaaaaaaabbbbbbbbbbccccccccccddd=1", RES_SYNTAX, "",
			false),
		ROW("a value as long as allowed is read", "a=1234567890123456",
			RES_OK, "a=1234567890123456;", false),
		ROW("a value past its bound is refused", "a=12345678901234567",
			RES_TOOBIG, "", false),
		ROW("encoded octets are counted as one",
			"a=%31%32%33%34%35%36%37%38%39%30%31%32%33%34%35%36",
			RES_OK, "a=1234567890123456;", false),
		CASE("a raw NUL is refused", refuses_a_raw_nul, NULL),
		CASE("more fields than allowed are refused", bounds_fields,
			NULL),
		CASE("a field is found by its name", finds_by_name, NULL),
		CASE("a form that memory cannot hold is told", tells_no_memory,
			NULL),
	};

	return cmocka_run_group_tests_name("web/form", cases, NULL, NULL);
}
