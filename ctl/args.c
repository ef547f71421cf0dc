/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/args.h"

#include <assert.h>
#include <string.h>

enum { LIFE_MAX_S = 10 * 366 * 24 * 3600, NUMBER_MAX = 1000000000 };

static const struct {
	char letter;
	int64_t seconds;
} life_units[] = {
	{ 's', 1 },
	{ 'm', 60 },
	{ 'h', 3600 },
	{ 'd', 24 * 3600 },
	{ 'w', 7 * 24 * 3600 },
};

enum result args_parse_life(struct slice text, int64_t *out_s)
{
	uint64_t number = 0;
	int64_t unit_s = 1;
	enum result res = RES_OK;

	if (slice_is_equal(text, slice_of("never"))) {
		*out_s = 0;
		return RES_OK;
	}
	for (size_t i = 0; i < sizeof(life_units) / sizeof(life_units[0]);
		i++) {
		if (text.len > 1 &&
			text.at[text.len - 1] == life_units[i].letter) {
			unit_s = life_units[i].seconds;
			text.len--;
			break;
		}
	}
	res = slice_parse_u64(
		text, 1, (uint64_t)(LIFE_MAX_S / unit_s), &number);
	if (res != RES_OK)
		return res;
	*out_s = (int64_t)number * unit_s;
	return RES_OK;
}

static enum result read_value(
	enum args_kind kind, const char *text, int64_t *out)
{
	uint64_t number = 0;
	enum result res = RES_OK;

	switch (kind) {
	case ARGS_FLAG:
	case ARGS_TEXT:
		return RES_OK;
	case ARGS_LIFE:
		return args_parse_life(slice_of(text), out);
	case ARGS_NUMBER:
		res = slice_parse_u64(slice_of(text), 0, NUMBER_MAX, &number);
		break;
	case ARGS_PERCENT:
		res = slice_parse_u64(slice_of(text), 0, 100, &number);
		break;
	}
	if (res == RES_OK)
		*out = (int64_t)number;
	return res;
}

static size_t option_find(const struct args_spec *spec, struct slice name)
{
	size_t i = 0;

	while (i < spec->option_count &&
		!slice_is_equal(name, slice_of(spec->option[i].name)))
		i++;
	return i;
}

/* One option; *i stands on it and is moved on when its value is a word. */
static enum result read_option(
	struct args *out, int argc, char **argv, int *i, struct buf *why)
{
	struct slice rest = slice_of(argv[*i] + 2);
	struct slice name = slice_part(rest, 0, slice_find(rest, '='));
	const char *value = NULL;

	if (name.len < rest.len)
		value = argv[*i] + 2 + name.len + 1;
	size_t at = option_find(out->spec, name);
	if (at == out->spec->option_count) {
		buf_add_format(why, "no such option: --%.*s", SLICE_ARG(name));
		return RES_SYNTAX;
	}
	const struct args_option *o = &out->spec->option[at];

	if (o->kind == ARGS_FLAG && value != NULL) {
		buf_add_format(why, "--%s takes no value", o->name);
		return RES_SYNTAX;
	}
	if (o->kind != ARGS_FLAG && value == NULL) {
		if (*i + 1 >= argc) {
			buf_add_format(why, "--%s wants a value (%s)", o->name,
				o->meta);
			return RES_SYNTAX;
		}
		value = argv[++*i];
	}
	if (read_value(o->kind, value, &out->value[at].number) != RES_OK) {
		buf_add_format(why, "--%s: \"", o->name);
		buf_add_escaped(why, slice_of(value));
		buf_add_format(why, "\" is not a %s", o->meta);
		return RES_SYNTAX;
	}
	out->value[at].is_given = true;
	out->value[at].text = value;
	return RES_OK;
}

static enum result add_word(struct args *out, const char *word, struct buf *why)
{
	if (out->words == ARGS_WORDS_MAX ||
		out->words == out->spec->words_max) {
		buf_add_text(why, "one word too many: \"");
		buf_add_escaped(why, slice_of(word));
		buf_add_text(why, "\"");
		return RES_SYNTAX;
	}
	out->word[out->words++] = word;
	return RES_OK;
}

static enum result read_words(
	struct args *out, int argc, char **argv, struct buf *why)
{
	bool options_end = false;
	enum result res = RES_OK;

	for (int i = 0; i < argc && res == RES_OK; i++) {
		const char *word = argv[i];

		if (options_end || strncmp(word, "--", 2) != 0)
			res = add_word(out, word, why);
		else if (strcmp(word, "--") == 0)
			options_end = true;
		else if (strcmp(word, "--json") == 0)
			out->wants_json = true;
		else
			res = read_option(out, argc, argv, &i, why);
	}
	return res;
}

static bool has_help(int argc, char **argv)
{
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0)
			return true;
	return false;
}

enum result args_parse(struct args *out, const struct args_spec *spec, int argc,
	char **argv, struct buf *why)
{
	assert(spec->option_count <= ARGS_OPTIONS_MAX);
	memset(out, 0, sizeof(*out));
	out->spec = spec;
	out->wants_help = has_help(argc, argv);
	if (out->wants_help)
		return RES_OK;
	enum result res = read_words(out, argc, argv, why);

	if (res == RES_OK && out->words < spec->words_min) {
		buf_add_text(why, "a word is missing");
		res = RES_SYNTAX;
	}
	return res;
}

bool args_flag(const struct args *a, const char *name)
{
	size_t at = option_find(a->spec, slice_of(name));

	assert(at < a->spec->option_count);
	return a->value[at].is_given;
}

const char *args_text(const struct args *a, const char *name)
{
	size_t at = option_find(a->spec, slice_of(name));

	assert(at < a->spec->option_count);
	return a->value[at].text;
}

int64_t args_number(const struct args *a, const char *name, int64_t otherwise)
{
	size_t at = option_find(a->spec, slice_of(name));

	assert(at < a->spec->option_count);
	return a->value[at].is_given ? a->value[at].number : otherwise;
}

void args_format_help(const struct args_spec *spec, struct buf *out)
{
	buf_add_format(out, "usage: reprievectl [-c FILE] [--json] %s%s%s\n",
		spec->name, spec->usage[0] == '\0' ? "" : " ", spec->usage);
	buf_add_format(out, "%s\n", spec->help);
	if (spec->option_count > 0)
		buf_add_text(out, "\n");
	for (size_t i = 0; i < spec->option_count; i++) {
		const struct args_option *o = &spec->option[i];
		struct buf text;

		buf_init(&text, 64);
		buf_add_format(&text, "--%s%s%s", o->name,
			o->kind == ARGS_FLAG ? "" : " ",
			o->kind == ARGS_FLAG ? "" : o->meta);
		buf_add_format(out, "  %-24s %s\n", buf_text(&text), o->help);
		buf_clear(&text);
	}
	if (spec->more != NULL)
		buf_add_format(out, "\n%s\n", spec->more);
}
