/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/display.h"

struct reader {
	struct slice v;
	size_t at;
	struct buf *out;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void add(struct reader *r, char c)
{
	if (!is_blank(c))
		buf_add_char(r->out, c);
	else if (r->out->len > 0 && r->out->at[r->out->len - 1] != ' ')
		buf_add_char(r->out, ' ');
}

/* Of a backslash what stands behind it. */
static char take(struct reader *r)
{
	char c = r->v.at[r->at++];

	if (c == '\\' && r->at < r->v.len)
		c = r->v.at[r->at++];
	return c;
}

/* Behind the quote that opened it. */
static void read_quoted(struct reader *r, bool is_shown)
{
	while (r->at < r->v.len && r->v.at[r->at] != '"') {
		char c = take(r);

		if (is_shown)
			add(r, c);
	}
	r->at++;
}

/* Behind the bracket that opened it. */
static void read_comment(struct reader *r)
{
	size_t depth = 1;

	add(r, ' ');
	while (r->at < r->v.len && depth > 0) {
		bool is_plain = r->v.at[r->at] != '\\';
		char c = take(r);

		depth += is_plain && c == '(';
		depth -= is_plain && c == ')';
		if (depth > 0)
			add(r, c);
	}
	add(r, ' ');
}

/* Behind "<": to behind ">". */
static void skip_address(struct reader *r)
{
	while (r->at < r->v.len) {
		char c = r->v.at[r->at++];

		if (c == '>')
			break;
		if (c == '"')
			read_quoted(r, false);
	}
	add(r, ' ');
}

/* Is there a "<" outside of quotes and comments? */
static bool has_brackets(struct slice v)
{
	struct buf none;
	struct reader r = { .v = v, .out = &none };

	bool found = false;

	buf_init(&none, 0);
	while (!found && r.at < v.len) {
		char c = v.at[r.at++];

		found = c == '<';
		if (c == '"')
			read_quoted(&r, false);
		else if (c == '(')
			read_comment(&r);
	}
	buf_clear(&none);
	return found;
}

void display_add(struct slice value, struct buf *out)
{
	struct reader r = { .v = value, .out = out };
	bool is_name = has_brackets(value);

	while (r.at < value.len) {
		char c = value.at[r.at++];

		if (c == '"')
			read_quoted(&r, is_name);
		else if (c == '(')
			read_comment(&r);
		else if (c == '<')
			skip_address(&r);
		else if (is_name)
			add(&r, c);
	}
}
