/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/args.h"
#include "support/case.h"

#include <string.h>

static const struct args_option options[] = {
	{ "force", ARGS_FLAG, "", "f" },
	{ "reason", ARGS_TEXT, "TEXT", "r" },
	{ "ttl", ARGS_LIFE, "LIFE", "t" },
	{ "limit", ARGS_NUMBER, "N", "n" },
	{ "part", ARGS_PERCENT, "PERCENT", "p" },
};

static const struct args_spec spec = {
	.name = "probe",
	.usage = "WORD [WORD]",
	.help = "Tries.",
	.option = options,
	.option_count = 5,
	.words_min = 1,
	.words_max = 2,
};

struct life_row {
	const char *text;
	enum result want;
	int64_t want_s;
};

static void reads_life(void **state)
{
	const struct life_row *row = *state;
	int64_t got_s = -7;

	assert_string_equal(
		result_name(args_parse_life(slice_of(row->text), &got_s)),
		result_name(row->want));
	assert_int_equal(got_s, row->want == RES_OK ? row->want_s : -7);
}

struct words_row {
	const char *argv[8];
	const char *why; /* part of it; NULL: fine */
};

static void reads_words(void **state)
{
	const struct words_row *row = *state;
	char *argv[8];
	struct args args;
	struct buf why;
	int argc = 0;

	for (; row->argv[argc] != NULL; argc++)
		/* main's argv has no const, and is only read. */
		argv[argc] = (char *)(uintptr_t)row->argv[argc];
	buf_init(&why, 1024);
	enum result res = args_parse(&args, &spec, argc, argv, &why);

	if (row->why == NULL) {
		assert_string_equal(buf_text(&why), "");
		assert_int_equal(res, RES_OK);
	} else {
		assert_int_equal(res, RES_SYNTAX);
		assert_non_null(strstr(buf_text(&why), row->why));
	}
	buf_clear(&why);
}

static void hands_out(void **state)
{
	char *argv[] = { (char[]){ "a" }, (char[]){ "--reason=x=y" },
		(char[]){ "--ttl" }, (char[]){ "2h" }, (char[]){ "--json" },
		(char[]){ "--" }, (char[]){ "--force" } };
	struct args args;
	struct buf why;

	(void)state;
	buf_init(&why, 1024);
	assert_int_equal(args_parse(&args, &spec, 7, argv, &why), RES_OK);
	assert_int_equal(args.words, 2);
	assert_string_equal(args.word[0], "a");
	assert_string_equal(args.word[1], "--force");
	assert_string_equal(args_text(&args, "reason"), "x=y");
	assert_int_equal(args_number(&args, "ttl", 1), 7200);
	assert_int_equal(args_number(&args, "limit", 9), 9);
	assert_false(args_flag(&args, "force"));
	assert_true(args.wants_json);
	buf_clear(&why);
}

#define LIFE(name, text, want, seconds) \
	CASE(name, reads_life, (&(struct life_row){ text, want, seconds }))
#define WORDS(name, why, ...)   \
	CASE(name, reads_words, \
		(&(struct words_row){ { __VA_ARGS__, NULL }, why }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		LIFE("a bare number is seconds", "90", RES_OK, 90),
		LIFE("seconds", "90s", RES_OK, 90),
		LIFE("minutes", "15m", RES_OK, 900),
		LIFE("hours", "12h", RES_OK, 43200),
		LIFE("days", "30d", RES_OK, 2592000),
		LIFE("weeks", "2w", RES_OK, 1209600),
		LIFE("never is zero", "never", RES_OK, 0),
		LIFE("no life at all is none", "0", RES_RANGE, 0),
		LIFE("ten years are the most", "9999d", RES_RANGE, 0),
		LIFE("a sum that does not fit", "99999999999999999999w",
			RES_RANGE, 0),
		LIFE("nothing", "", RES_SYNTAX, 0),
		LIFE("a unit alone", "d", RES_SYNTAX, 0),
		LIFE("another unit", "3y", RES_SYNTAX, 0),
		LIFE("a sign", "-1d", RES_SYNTAX, 0),
		LIFE("a blank", "1 d", RES_SYNTAX, 0),
		WORDS("words and options mix", NULL, "a", "--force", "b"),
		WORDS("a dash alone is a word", NULL, "-"),
		WORDS("help asks for nothing else", NULL, "--help", "--frob"),
		WORDS("a word is missing", "missing", "--force"),
		WORDS("a word too many", "\"c\"", "a", "b", "c"),
		WORDS("an unknown option", "--frob", "a", "--frob"),
		WORDS("a beginning of an option is none", "--for", "a",
			"--for"),
		WORDS("a value for a flag", "no value", "a", "--force=1"),
		WORDS("an option without its value", "TEXT", "a", "--reason"),
		WORDS("a number that is none", "\"1x\"", "a", "--limit", "1x"),
		WORDS("more than all", "\"101\"", "a", "--part", "101"),
		WORDS("a wrong life is shown harmless", "\\x1b", "a", "--ttl",
			"\x1b"),
		CASE("values are handed out by name", hands_out, NULL),
	};

	return cmocka_run_group_tests_name("ctl/args", cases, NULL, NULL);
}
