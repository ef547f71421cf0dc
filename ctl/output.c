/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/output.h"

#include <assert.h>
#include <inttypes.h>
#include <jansson.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 8, STYLES_MAX = 64, TEXT_MAX = 1 << 20 };

struct output {
	FILE *to;
	bool json;
	bool utf8;
	bool failed;
	json_t *root;
	json_t *messages; /* of root, borrowed */
	json_t *open[DEPTH_MAX];
	size_t depth;
	struct {
		const json_t *node;
		enum output_style style;
	} style[STYLES_MAX];
	size_t styles;
	bool streams;
	const char *stream_key;
	const struct output_column *column;
	size_t columns;
	size_t rows;
	json_t *row;
};

/* A tool that answers half is worse than one that stops. */
static void *must(void *p)
{
	if (p == NULL) {
		fputs("reprievectl: no memory\n", stderr);
		abort();
	}
	return p;
}

struct output *output_new(FILE *to, bool json)
{
	struct output *o = must(calloc(1, sizeof(*o)));

	o->to = to;
	o->json = json;
	o->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	o->root = must(json_object());
	o->open[0] = o->root;
	return o;
}

void output_free(struct output *o)
{
	if (o == NULL)
		return;
	json_decref(o->row);
	json_decref(o->root);
	free(o);
}

bool output_is_json(const struct output *o)
{
	return o->json;
}

void output_set_json(struct output *o)
{
	o->json = true;
}

/* ---- text ---- */

/* RFC 3629 s4: what the first octet says about the length. */
static size_t utf8_length(uint8_t first)
{
	static const struct {
		uint8_t from, to;
		size_t len;
	} firsts[] = {
		{ 0x00, 0x7F, 1 },
		{ 0xC2, 0xDF, 2 },
		{ 0xE0, 0xEF, 3 },
		{ 0xF0, 0xF4, 4 },
	};

	for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++)
		if (first >= firsts[i].from && first <= firsts[i].to)
			return firsts[i].len;
	return 0;
}

/* Length of the UTF-8 character at the head of s, 0 when it is broken. */
static size_t utf8_read(struct slice s, uint32_t *code)
{
	const unsigned char *at = (const unsigned char *)s.at;
	size_t len = utf8_length(at[0]);

	if (len == 0 || len > s.len)
		return 0;
	*code = len == 1 ? at[0] : at[0] & (0x7Fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((at[i] & 0xC0) != 0x80)
			return 0;
		*code = *code << 6 | (at[i] & 0x3F);
	}
	return len;
}

/* Not controls, and none of the characters that turn or hide other text. */
static bool is_harmless(uint32_t code)
{
	static const struct {
		uint32_t from, to;
	} hidden[] = {
		{ 0x00, 0x08 },
		{ 0x0A, 0x1F },
		{ 0x7F, 0x9F },
		{ 0xAD, 0xAD },
		{ 0x61C, 0x61C },
		{ 0x200B, 0x200F },
		{ 0x2028, 0x202E },
		{ 0x2060, 0x206F },
		{ 0xD800, 0xF8FF },
		{ 0xFE00, 0xFE0F },
		{ 0xFEFF, 0xFEFF },
		{ 0xFFF0, 0xFFFF },
		{ 0xE0000, 0x10FFFF },
	};

	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (code >= hidden[i].from && code <= hidden[i].to)
			return false;
	return true;
}

/* Adds s as a terminal may show it; returns how many columns that takes. */
static int add_harmless(const struct output *o, struct buf *out, struct slice s)
{
	int columns = 0;

	while (s.len > 0) {
		uint32_t code = 0;
		size_t len = utf8_read(s, &code);

		if (len > 0 && is_harmless(code) && (len == 1 || o->utf8)) {
			buf_add(out, slice_part(s, 0, len));
			columns++;
		} else {
			len = 1;
			buf_add_format(out, "\\x%02x", (uint8_t)s.at[0]);
			columns += 4;
		}
		s = slice_part(s, len, s.len);
	}
	return columns;
}

static void print_text(struct output *o, struct slice s, int width)
{
	struct buf text;

	buf_init(&text, TEXT_MAX);
	int columns = add_harmless(o, &text, s);

	if (fprintf(o->to, "%s%*s", buf_text(&text),
		    width > columns ? width - columns : 0, "") < 0)
		o->failed = true;
	buf_clear(&text);
}

/* JSON strings are UTF-8; what is none is kept readable as \xHH. */
static json_t *make_text(struct slice s)
{
	json_t *value = json_stringn(s.len == 0 ? "" : s.at, s.len);

	if (value != NULL)
		return value;
	struct buf text;

	buf_init(&text, TEXT_MAX);
	buf_add_escaped(&text, s);
	value = must(json_string(buf_text(&text)));
	buf_clear(&text);
	return value;
}

/* ---- the tree ---- */

static void put(struct output *o, const char *key, json_t *value)
{
	json_t *at =
		o->row != NULL && o->depth == 0 ? o->row : o->open[o->depth];
	int failed = json_is_array(at) ? json_array_append_new(at, value)
				       : json_object_set_new(at, key, value);

	must(failed == 0 ? o : NULL);
}

static void say(struct output *o, const char *text)
{
	if (o->messages == NULL) {
		o->messages = must(json_array());
		must(json_object_set_new(o->root, "messages", o->messages) == 0
				? o
				: NULL);
	}
	must(json_array_append_new(o->messages, make_text(slice_of(text))) == 0
			? o
			: NULL);
}

void output_say(struct output *o, const char *format, ...)
{
	struct buf text;
	va_list args;

	buf_init(&text, TEXT_MAX);
	va_start(args, format);
	buf_add_format_list(&text, format, args);
	va_end(args);
	say(o, buf_text(&text));
	buf_clear(&text);
}

void output_error(struct output *o, const char *format, ...)
{
	struct buf text;
	struct buf shown;
	va_list args;

	buf_init(&text, TEXT_MAX);
	buf_init(&shown, TEXT_MAX);
	va_start(args, format);
	buf_add_format_list(&text, format, args);
	va_end(args);
	add_harmless(o, &shown, buf_slice(&text));
	fflush(o->to);
	fprintf(stderr, "reprievectl: %s\n", buf_text(&shown));
	must(json_object_set_new(
		     o->root, "error", make_text(buf_slice(&text))) == 0
			? o
			: NULL);
	buf_clear(&shown);
	buf_clear(&text);
}

void output_text(struct output *o, const char *key, struct slice value)
{
	if (value.len > 0)
		put(o, key, make_text(value));
}

void output_json(struct output *o, const char *key, struct slice value)
{
	json_t *tree = NULL;

	if (value.len > 0)
		tree = json_loadb(value.at, value.len, 0, NULL);
	if (json_is_object(tree)) {
		put(o, key, tree);
		return;
	}
	json_decref(tree);
	output_text(o, key, value);
}

void output_number(struct output *o, const char *key, int64_t value)
{
	put(o, key, must(json_integer((json_int_t)value)));
}

void output_bool(struct output *o, const char *key, bool value)
{
	put(o, key, json_boolean(value));
}

void output_item(struct output *o, struct slice value)
{
	put(o, NULL, make_text(value));
}

void output_open(struct output *o, const char *key, enum output_style style)
{
	json_t *node =
		must(style == OUTPUT_BLOCK ? json_object() : json_array());

	put(o, key, node);
	assert(o->depth + 1 < DEPTH_MAX);
	o->open[++o->depth] = node;
	if (style == OUTPUT_BLOCK || o->styles == STYLES_MAX)
		return;
	o->style[o->styles].node = node;
	o->style[o->styles++].style = style;
}

void output_close(struct output *o)
{
	assert(o->depth > 0);
	o->depth--;
}

static enum output_style style_of(const struct output *o, const json_t *node)
{
	for (size_t i = 0; i < o->styles; i++)
		if (o->style[i].node == node)
			return o->style[i].style;
	return OUTPUT_BLOCKS;
}

/* ---- for a human ---- */

/* A scalar as text, in out; false when it is a list or an object. */
static bool scalar_text(const json_t *value, struct buf *out)
{
	buf_reset(out);
	switch (json_typeof(value)) {
	case JSON_STRING:
		buf_add(out,
			slice_make(json_string_value(value),
				json_string_length(value)));
		return true;
	case JSON_INTEGER:
		buf_add_format(
			out, "%" PRId64, (int64_t)json_integer_value(value));
		return true;
	case JSON_TRUE:
		buf_add_text(out, "yes");
		return true;
	case JSON_FALSE:
		buf_add_text(out, "no");
		return true;
	case JSON_REAL:
	case JSON_NULL:
		return true;
	case JSON_OBJECT:
	case JSON_ARRAY:
		break;
	}
	return false;
}

static int text_width(const struct output *o, struct slice s)
{
	struct buf text;

	buf_init(&text, TEXT_MAX);
	int width = add_harmless(o, &text, s);

	buf_clear(&text);
	return width;
}

static void print_label(struct output *o, const char *key, int width)
{
	int len = 0;

	for (; key[len] != '\0'; len++)
		fputc(key[len] == '_' ? ' ' : key[len], o->to);
	fprintf(o->to, "%*s", width > len ? width - len : 0, "");
}

static int widest_key(json_t *object)
{
	const char *key = NULL;
	json_t *value = NULL;
	int width = 0;

	json_object_foreach(object, key, value)
	{
		int len = (int)strlen(key);

		if (!json_is_array(value) && !json_is_object(value) &&
			len > width)
			width = len;
	}
	return width;
}

static void print_object(struct output *o, json_t *object, int indent);

static void print_strings(struct output *o, json_t *list, int indent)
{
	size_t i = 0;
	json_t *item = NULL;

	json_array_foreach(list, i, item)
	{
		fprintf(o->to, "%*s", indent, "");
		print_text(o,
			slice_make(json_string_value(item),
				json_string_length(item)),
			0);
		fputc('\n', o->to);
	}
}

enum { TABLE_COLUMNS_MAX = 24 };

struct table_shape {
	const char *key[TABLE_COLUMNS_MAX];
	int width[TABLE_COLUMNS_MAX];
	size_t count;
};

static void shape_row(const struct output *o, struct table_shape *t,
	json_t *row, struct buf *text)
{
	const char *key = NULL;
	json_t *value = NULL;

	json_object_foreach(row, key, value)
	{
		size_t i = 0;

		while (i < t->count && strcmp(t->key[i], key) != 0)
			i++;
		if (i == TABLE_COLUMNS_MAX)
			continue;
		if (i == t->count) {
			t->key[i] = key;
			t->width[i] = (int)strlen(key);
			t->count++;
		}
		if (!scalar_text(value, text))
			continue;
		int width = text_width(o, buf_slice(text));

		if (width > t->width[i])
			t->width[i] = width;
	}
}

static void print_table(struct output *o, json_t *list, int indent)
{
	struct table_shape t = { .count = 0 };
	size_t i = 0;
	json_t *row = NULL;
	struct buf text;

	buf_init(&text, TEXT_MAX);
	json_array_foreach(list, i, row) shape_row(o, &t, row, &text);
	fprintf(o->to, "%*s", indent, "");
	for (size_t c = 0; c < t.count; c++)
		print_label(o, t.key[c], c + 1 < t.count ? t.width[c] + 2 : 0);
	fputc('\n', o->to);
	json_array_foreach(list, i, row)
	{
		fprintf(o->to, "%*s", indent, "");
		for (size_t c = 0; c < t.count; c++) {
			const json_t *value = json_object_get(row, t.key[c]);

			buf_reset(&text);
			if (value != NULL)
				scalar_text(value, &text);
			print_text(o, buf_slice(&text),
				c + 1 < t.count ? t.width[c] + 2 : 0);
		}
		fputc('\n', o->to);
	}
	buf_clear(&text);
}

static void print_list(
	struct output *o, const char *key, json_t *list, int indent)
{
	enum output_style style = style_of(o, list);
	size_t i = 0;
	json_t *item = NULL;

	if (json_array_size(list) == 0)
		return;
	if (style == OUTPUT_PLAIN) {
		print_strings(o, list, indent);
		return;
	}
	fprintf(o->to, "%*s", indent, "");
	print_label(o, key, 0);
	fputs(":\n", o->to);
	if (style == OUTPUT_LINES) {
		print_strings(o, list, indent + 2);
	} else if (style == OUTPUT_TABLE) {
		print_table(o, list, indent + 2);
	} else {
		json_array_foreach(list, i, item)
		{
			if (i > 0)
				fputc('\n', o->to);
			print_object(o, item, indent + 2);
		}
	}
}

/* Depth is that of our own calls of output_open, never of input. */
static void print_object(struct output *o, json_t *object, int indent)
{
	int width = widest_key(object);
	const char *key = NULL;
	json_t *value = NULL;
	struct buf text;

	buf_init(&text, TEXT_MAX);
	json_object_foreach(object, key, value)
	{
		if (value == o->messages ||
			(object == o->root && strcmp(key, "error") == 0))
			continue;
		if (json_is_array(value)) {
			print_list(o, key, value, indent);
			continue;
		}
		fprintf(o->to, "%*s", indent, "");
		if (json_is_object(value)) {
			print_label(o, key, 0);
			fputs(":\n", o->to);
			print_object(o, value, indent + 2);
			continue;
		}
		print_label(o, key, width + 2);
		scalar_text(value, &text);
		print_text(o, buf_slice(&text), 0);
		fputc('\n', o->to);
	}
	buf_clear(&text);
}

/* ---- streams ---- */

void output_stream(struct output *o, const char *key,
	const struct output_column *column, size_t count)
{
	o->streams = true;
	o->stream_key = key;
	o->column = column;
	o->columns = count;
	if (o->json && key != NULL)
		fprintf(o->to, "{\"%s\": [", key);
}

void output_row_open(struct output *o)
{
	assert(o->streams && o->row == NULL && o->depth == 0);
	o->row = must(json_object());
}

static void print_row(struct output *o)
{
	struct buf text;
	struct buf line;

	buf_init(&text, TEXT_MAX);
	buf_init(&line, TEXT_MAX);
	for (size_t c = 0; c < o->columns; c++) {
		const struct output_column *column = &o->column[c];
		const json_t *value = json_object_get(o->row, column->key);

		buf_reset(&text);
		if (value != NULL)
			scalar_text(value, &text);
		int width = add_harmless(o, &line, buf_slice(&text));

		if (width < column->width)
			buf_add_format(&line, "%*s", column->width - width, "");
		if (column->width > 0 || text.len > 0)
			buf_add_char(&line, ' ');
	}
	while (line.len > 0 && line.at[line.len - 1] == ' ')
		line.len--;
	fprintf(o->to, "%.*s\n", SLICE_ARG(buf_slice(&line)));
	buf_clear(&line);
	buf_clear(&text);
}

void output_row_close(struct output *o)
{
	if (!o->json) {
		print_row(o);
	} else {
		if (o->stream_key != NULL)
			fputs(o->rows == 0 ? "\n" : ",\n", o->to);
		if (json_dumpf(o->row, o->to, JSON_COMPACT) != 0)
			o->failed = true;
		if (o->stream_key == NULL)
			fputc('\n', o->to);
	}
	/* Somebody waits for the lines of an endless stream. */
	if (o->stream_key == NULL)
		fflush(o->to);
	o->rows++;
	json_decref(o->row);
	o->row = NULL;
}

/* The root's other fields go behind the list that is still open. */
static void finish_stream(struct output *o)
{
	const char *key = NULL;
	json_t *value = NULL;

	if (o->stream_key == NULL)
		return;
	fputs("\n]", o->to);
	json_object_foreach(o->root, key, value)
	{
		fprintf(o->to, ",\n\"%s\": ", key);
		if (json_dumpf(value, o->to, JSON_ENCODE_ANY) != 0)
			o->failed = true;
	}
	fputs("}\n", o->to);
}

enum result output_finish(struct output *o)
{
	if (o->json && o->streams) {
		finish_stream(o);
	} else if (o->json) {
		if (json_dumpf(o->root, o->to, JSON_INDENT(1)) != 0)
			o->failed = true;
		fputc('\n', o->to);
	} else {
		if (o->messages != NULL)
			print_strings(o, o->messages, 0);
		print_object(o, o->root, 0);
	}
	if (fflush(o->to) != 0 || ferror(o->to) != 0)
		o->failed = true;
	return o->failed ? RES_DOWN : RES_OK;
}

/* ---- reading ---- */

enum result output_read_object(struct slice line,
	void (*each)(void *ctx, struct slice key, struct slice value),
	void *ctx, struct buf *why)
{
	json_error_t error;
	const char *key = NULL;
	json_t *value = NULL;
	struct buf text;
	json_t *object =
		json_loadb(line.at, line.len, JSON_REJECT_DUPLICATES, &error);

	if (!json_is_object(object)) {
		if (object == NULL)
			buf_add_format(
				why, "column %d: %s", error.column, error.text);
		else
			buf_add_text(why, "not a JSON object");
		json_decref(object);
		return RES_SYNTAX;
	}
	buf_init(&text, TEXT_MAX);
	json_object_foreach(object, key, value)
	{
		if (json_is_string(value) || json_is_integer(value)) {
			scalar_text(value, &text);
			each(ctx, slice_of(key), buf_slice(&text));
		}
	}
	buf_clear(&text);
	json_decref(object);
	return RES_OK;
}

const char *output_format_span(int64_t seconds, char out[OUTPUT_SPAN_MAX])
{
	int64_t days = seconds / 86400;
	int64_t hours = seconds / 3600 % 24;
	int64_t minutes = seconds / 60 % 60;

	if (days > 0 && hours > 0)
		snprintf(out, OUTPUT_SPAN_MAX, "%" PRId64 "d %" PRId64 "h",
			days, hours);
	else if (days > 0)
		snprintf(out, OUTPUT_SPAN_MAX, "%" PRId64 "d", days);
	else if (hours > 0 && minutes > 0)
		snprintf(out, OUTPUT_SPAN_MAX, "%" PRId64 "h %" PRId64 "m",
			hours, minutes);
	else if (hours > 0)
		snprintf(out, OUTPUT_SPAN_MAX, "%" PRId64 "h", hours);
	else if (minutes > 0)
		snprintf(out, OUTPUT_SPAN_MAX, "%" PRId64 "m", minutes);
	else
		snprintf(out, OUTPUT_SPAN_MAX, "%" PRId64 "s", seconds);
	return out;
}
