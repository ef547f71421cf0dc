/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/args - the words of one command, read by a table.
 *
 * Options are long ones only: "--reason TEXT" or "--reason=TEXT", anywhere
 * among the other words until "--". "-" alone is a word. What a number or a
 * life may be is checked here. Threads: plain data; text is argv's own.
 */
#pragma once

#include "base/buf.h"

enum args_kind {
	ARGS_FLAG = 0,
	ARGS_TEXT,
	ARGS_NUMBER, /* 0 to 1,000,000,000 */
	ARGS_PERCENT, /* 0 to 100 */
	ARGS_LIFE /* 90 or 90s, 15m, 12h, 30d, 2w; "never" is 0 */
};

struct args_option {
	const char *name; /* without the dashes */
	enum args_kind kind;
	const char *meta; /* what stands for the value in help, e.g. "TEXT" */
	const char *help;
};

enum { ARGS_OPTIONS_MAX = 16, ARGS_WORDS_MAX = 256 };

struct args_spec {
	const char *name;
	const char *usage; /* the words behind the name */
	const char *help; /* one sentence */
	const char *more; /* further paragraphs for --help, or NULL */
	const struct args_option *option;
	size_t option_count;
	size_t words_min;
	size_t words_max;
};

struct args {
	const struct args_spec *spec;
	struct {
		bool is_given;
		const char *text;
		int64_t number;
	} value[ARGS_OPTIONS_MAX];
	const char *word[ARGS_WORDS_MAX];
	size_t words;
	bool wants_help;
	bool wants_json;
};

/*
 * argv[0] is the first word behind the command's name. RES_SYNTAX: *why says
 * what is wrong in one line. --help and --json are known to every command;
 * with --help nothing else is checked.
 */
enum result args_parse(struct args *out, const struct args_spec *spec, int argc,
	char **argv, struct buf *why) MUST_USE;

/* The option must be in the table. Not given: false, NULL, otherwise. */
bool args_flag(const struct args *a, const char *name);
const char *args_text(const struct args *a, const char *name);
int64_t args_number(const struct args *a, const char *name, int64_t otherwise);

/* "1d", "90m", "never" (0). RES_SYNTAX, RES_RANGE (above ten years). */
enum result args_parse_life(struct slice text, int64_t *out_s) MUST_USE;

/* The whole help of a command. */
void args_format_help(const struct args_spec *spec, struct buf *out);
