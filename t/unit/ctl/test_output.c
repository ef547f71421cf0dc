/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/output.h"
#include "support/case.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

/* What a field with this text looks like, for a human and as JSON. */
struct row {
	const char *text;
	size_t len;
	const char *human;
	const char *json;
};

static void shows(const struct row *row, bool json, const char *want)
{
	char *text = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);
	struct output *o = output_new(to, json);

	output_text(o, "k", slice_make(row->text, row->len));
	assert_int_equal(output_finish(o), RES_OK);
	output_free(o);
	assert_int_equal(fclose(to), 0);
	assert_string_equal(text, want);
	free(text);
}

static void shows_text(void **state)
{
	const struct row *row = *state;

	shows(row, false, row->human);
	shows(row, true, row->json);
}

static void streams(void **state)
{
	static const struct output_column columns[] = { { "a", 4 },
		{ "b", 0 } };
	char *text = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);
	struct output *o = output_new(to, true);

	(void)state;
	output_stream(o, "rows", columns, 2);
	for (int i = 0; i < 2; i++) {
		output_row_open(o);
		output_number(o, "a", i);
		output_row_close(o);
	}
	output_bool(o, "whole", false);
	assert_int_equal(output_finish(o), RES_OK);
	output_free(o);
	assert_int_equal(fclose(to), 0);
	assert_string_equal(text,
		"{\"rows\": [\n{\"a\":0},\n{\"a\":1}\n],\n"
		"\"whole\": false}\n");
	free(text);
}

static void spans(void **state)
{
	static const struct {
		int64_t seconds;
		const char *want;
	} rows[] = { { 0, "0s" }, { 59, "59s" }, { 60, "1m" }, { 3599, "59m" },
		{ 3600, "1h" }, { 5400, "1h 30m" }, { 86400, "1d" },
		{ 90000, "1d 1h" } };
	char out[OUTPUT_SPAN_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(
			output_format_span(rows[i].seconds, out), rows[i].want);
}

static void count_field(void *ctx, struct slice key, struct slice value)
{
	size_t *count = ctx;

	(void)key;
	(void)value;
	++*count;
}

static void reads_objects(void **state)
{
	static const struct {
		const char *text;
		enum result want;
		size_t fields;
	} rows[] = { { "{}", RES_OK, 0 },
		{ "{\"a\":\"x\",\"b\":7,\"c\":[1],\"d\":null}", RES_OK, 2 },
		{ "[1]", RES_SYNTAX, 0 }, { "", RES_SYNTAX, 0 },
		{ "{\"a\":1} x", RES_SYNTAX, 0 },
		{ "{\"a\":1,\"a\":2}", RES_SYNTAX, 0 },
		{ "{\"a\":\"\xff\"}", RES_SYNTAX, 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf why;
		size_t fields = 0;

		buf_init(&why, 1024);
		assert_string_equal(
			result_name(output_read_object(slice_of(rows[i].text),
				count_field, &fields, &why)),
			result_name(rows[i].want));
		assert_int_equal(fields, rows[i].fields);
		assert_int_equal(why.len > 0, rows[i].want != RES_OK);
		buf_clear(&why);
	}
}

#define TEXT(name, text, human, json)                                     \
	CASE(name, shows_text,                                            \
		(&(struct row){ text, sizeof(text) - 1, "k  " human "\n", \
			"{\n \"k\": \"" json "\"\n}\n" }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		TEXT("plain text stays", "spam run", "spam run", "spam run"),
		TEXT("UTF-8 stays", "caf\xc3\xa9", "caf\xc3\xa9",
			"caf\xc3\xa9"),
		TEXT("an escape is shown", "\x1b[2J", "\\x1b[2J", "\\u001B[2J"),
		TEXT("a line end is shown", "a\nb", "a\\x0ab", "a\\nb"),
		TEXT("a NUL is shown", "a\0b", "a\\x00b", "a\\u0000b"),
		TEXT("a broken octet is shown", "a\xff", "a\\xff", "a\\\\xff"),
		TEXT("a C1 control is shown", "\xc2\x9b", "\\xc2\\x9b",
			"\xc2\x9b"),
		TEXT("text cannot be turned round", "\xe2\x80\xae",
			"\\xe2\\x80\\xae", "\xe2\x80\xae"),
		CASE("rows are a list, other fields follow", streams, NULL),
		CASE("spans are short", spans, NULL),
		CASE("JSON objects are read, all else is refused",
			reads_objects, NULL),
	};

	/* The same everywhere, whatever the tester's language is. */
	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
		return EXIT_FAILURE;
	return cmocka_run_group_tests_name("ctl/output", cases, NULL, NULL);
}
