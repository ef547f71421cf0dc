/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/confscan.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

const char confscan_opening[] = "{";

enum token_kind {
	TOKEN_END = 0,
	TOKEN_WORD,
	TOKEN_STRING,
	TOKEN_MARK, /* one of = { } ( ) , */
	TOKEN_BAD /* fault was called */
};

struct token {
	enum token_kind kind;
	char mark;
	struct slice text; /* without the quotes, escapes as they stand */
	unsigned line;
};

struct scan {
	struct slice text;
	size_t pos;
	unsigned line;
	const struct confscan_calls *calls;
	struct buf *out;
	struct slice section;
	unsigned section_line;
};

static void bad(
	struct scan *s, struct token *t, unsigned line, const char *text)
{
	s->calls->fault(s->calls->ctx, line, text);
	t->kind = TOKEN_BAD;
}

static bool is_at(const struct scan *s, const char *two)
{
	return slice_has_prefix(slice_part(s->text, s->pos, 2), slice_of(two));
}

static bool is_word_char(char c)
{
	return isalnum((unsigned char)c) ||
		(c != '\0' && strchr("_.:@/-", c) != NULL);
}

/* False: a comment that never ends; *line is where it began. */
static bool skip_block_comment(struct scan *s, unsigned *line)
{
	*line = s->line;
	for (s->pos += 2; s->pos < s->text.len; s->pos++) {
		if (is_at(s, "*/")) {
			s->pos += 2;
			return true;
		}
		if (s->text.at[s->pos] == '\n') {
			s->line++;
			buf_add_char(s->out, '\n');
		}
	}
	return false;
}

static void skip_line_comment(struct scan *s)
{
	while (s->pos < s->text.len && s->text.at[s->pos] != '\n')
		s->pos++;
}

/* Line ends go to the output at once: whatever follows keeps its line. */
static bool skip_blanks(struct scan *s, unsigned *line)
{
	while (s->pos < s->text.len) {
		char c = s->text.at[s->pos];

		if (c == '#' || is_at(s, "//")) {
			skip_line_comment(s);
		} else if (is_at(s, "/*")) {
			if (!skip_block_comment(s, line))
				return false;
		} else if (c == '\n') {
			s->line++;
			s->pos++;
			buf_add_char(s->out, '\n');
		} else if (c == ' ' || c == '\t' || c == '\r') {
			s->pos++;
		} else {
			break;
		}
	}
	return true;
}

static bool ends_line(char c)
{
	return c == '\n' || c == '\r';
}

/* What is wrong with octet c of a string, next coming behind it; or NULL. */
static const char *string_fault(char c, char next)
{
	if (ends_line(c) || (c == '\\' && ends_line(next)))
		return "a string is not closed on its line";
	if (c == '\0')
		return "a string holds a NUL";
	if ((unsigned char)c < 0x20 || c == 0x7f)
		return "a string holds a control character";
	if (c == '\\' && (next == '\0' || strchr("\\$\"'", next) == NULL))
		return "a backslash in a string stands before \\ \" ' or $";
	return NULL;
}

static void read_string(struct scan *s, struct token *t)
{
	char quote = s->text.at[s->pos];
	size_t start = ++s->pos;

	t->kind = TOKEN_STRING;
	while (s->pos < s->text.len && s->text.at[s->pos] != quote) {
		char c = s->text.at[s->pos];
		char next = s->pos + 1 < s->text.len ? s->text.at[s->pos + 1]
						     : '\n';
		const char *why = string_fault(c, next);

		if (why != NULL) {
			bad(s, t, s->line, why);
			return;
		}
		s->pos += c == '\\' ? 2 : 1;
	}
	if (s->pos >= s->text.len) {
		bad(s, t, s->line, "a string is not closed on its line");
		return;
	}
	t->text = slice_part(s->text, start, s->pos - start);
	s->pos++;
}

static void bad_octet(struct scan *s, struct token *t, char c)
{
	char text[64];

	if (c > 0x20 && c < 0x7f)
		(void)snprintf(text, sizeof(text),
			"unexpected %c outside of quotes", c);
	else
		(void)snprintf(text, sizeof(text),
			"unexpected octet %02x outside of quotes",
			(unsigned char)c);
	bad(s, t, s->line, text);
}

static void read_word(struct scan *s, struct token *t)
{
	size_t start = s->pos;
	char c = ' ';

	t->kind = TOKEN_WORD;
	while (s->pos < s->text.len && is_word_char(s->text.at[s->pos])) {
		if (is_at(s, "//") || is_at(s, "/*")) {
			bad(s, t, s->line,
				"a value with // or /* must stand in quotes");
			return;
		}
		s->pos++;
	}
	t->text = slice_part(s->text, start, s->pos - start);
	if (s->pos < s->text.len)
		c = s->text.at[s->pos];
	/* What touches a word would have been meant to be part of it. */
	if (c == '\0' || strchr(" \t\r\n={}(),#", c) == NULL)
		bad_octet(s, t, c);
}

static void next(struct scan *s, struct token *t)
{
	unsigned line = 0;
	char c;

	*t = (struct token){ .kind = TOKEN_END };
	if (!skip_blanks(s, &line)) {
		bad(s, t, line, "a comment that begins here is never closed");
		return;
	}
	t->line = s->line;
	if (s->pos >= s->text.len)
		return;
	c = s->text.at[s->pos];
	if (c == '"' || c == '\'') {
		read_string(s, t);
	} else if (is_word_char(c)) {
		read_word(s, t);
	} else if (c != '\0' && strchr("={}(),", c) != NULL) {
		t->kind = TOKEN_MARK;
		t->mark = c;
		t->text = slice_part(s->text, s->pos++, 1);
	} else {
		bad_octet(s, t, c);
	}
}

static bool is_mark(const struct token *t, char mark)
{
	return t->kind == TOKEN_MARK && t->mark == mark;
}

static bool is_text(const struct token *t)
{
	return t->kind == TOKEN_WORD || t->kind == TOKEN_STRING;
}

/* In double quotes, whatever it was: one form for the reader behind us. */
static void write_text(struct buf *out, const struct token *t)
{
	buf_add_char(out, '"');
	for (size_t i = 0; i < t->text.len; i++) {
		char c = t->text.at[i];

		if (c == '\\' && t->kind == TOKEN_STRING)
			c = t->text.at[++i];
		if (c == '"' || c == '\\' || c == '$')
			buf_add_char(out, '\\');
		buf_add_char(out, c);
	}
	buf_add_text(out, "\" ");
}

static void fault_token(
	struct scan *s, const struct token *t, const char *wanted)
{
	char text[160];

	if (t->kind == TOKEN_BAD)
		return; /* said already */
	if (t->kind == TOKEN_END)
		(void)snprintf(text, sizeof(text),
			"the file ends where %s should be", wanted);
	else
		(void)snprintf(text, sizeof(text), "%.40s where %s should be",
			is_text(t) ? "a word or string"
				   : (char[]){ t->mark, '\0' },
			wanted);
	s->calls->fault(s->calls->ctx, t->line, text);
}

/* From behind "= {" to its "}". */
static bool copy_list(struct scan *s, bool keep)
{
	struct token t;
	bool is_empty = true;

	if (keep)
		buf_add_text(s->out, "{ ");
	for (next(s, &t); !is_mark(&t, '}'); next(s, &t)) {
		if (!is_text(&t) && !is_mark(&t, ',')) {
			fault_token(s, &t, "a value, a comma or }");
			return false;
		}
		is_empty = false;
		if (!keep)
			continue;
		if (is_text(&t))
			write_text(s->out, &t);
		else
			buf_add_text(s->out, ", ");
	}
	/* The reader hears only of values, so no value must be one too. */
	if (keep)
		buf_add_text(s->out, is_empty ? "\"\" } " : "} ");
	return true;
}

static bool copy_value(struct scan *s, const struct token *name, bool keep)
{
	struct token t;

	if (keep) {
		write_text(s->out, name);
		buf_add_text(s->out, "= ");
	}
	next(s, &t);
	if (is_mark(&t, '{'))
		return copy_list(s, keep);
	if (!is_text(&t)) {
		fault_token(s, &t, "a value");
		return false;
	}
	if (keep)
		write_text(s->out, &t);
	return true;
}

static bool copy_call(struct scan *s, const struct token *name, bool keep)
{
	struct token file, close;

	next(s, &file);
	if (!is_text(&file)) {
		fault_token(s, &file, "a file name");
		return false;
	}
	next(s, &close);
	if (!is_mark(&close, ')')) {
		fault_token(s, &close, ")");
		return false;
	}
	if (keep) {
		write_text(s->out, name);
		buf_add_text(s->out, "( ");
		write_text(s->out, &file);
		buf_add_text(s->out, ") ");
	}
	return true;
}

/* Over all of a section that nobody wants, however deep it is. */
static bool skip_section(struct scan *s, unsigned line)
{
	size_t depth = 1;
	struct token t;

	while (depth > 0) {
		next(s, &t);
		if (t.kind == TOKEN_BAD)
			return false;
		if (t.kind == TOKEN_END) {
			s->calls->fault(s->calls->ctx, line,
				"a section that begins here is never closed");
			return false;
		}
		if (is_mark(&t, '{'))
			depth++;
		else if (is_mark(&t, '}'))
			depth--;
	}
	return true;
}

static bool copy_section(struct scan *s, const struct token *name,
	const struct token *title, bool keep)
{
	if (!keep)
		return skip_section(s, name->line);
	write_text(s->out, name);
	if (title != NULL)
		write_text(s->out, title);
	buf_add_format(s->out, "{ \"%s\" = 1 ", confscan_opening);
	s->section = name->text;
	s->section_line = name->line;
	return true;
}

/* Which kind the mark behind the name, or behind its title, makes it. */
static bool find_shape(
	const struct token *mark, bool is_titled, enum confscan_shape *out)
{
	if (is_mark(mark, '{'))
		*out = is_titled ? CONFSCAN_TITLED : CONFSCAN_SECTION;
	else if (is_mark(mark, '=') && !is_titled)
		*out = CONFSCAN_VALUE;
	else if (is_mark(mark, '(') && !is_titled)
		*out = CONFSCAN_CALL;
	else
		return false;
	return true;
}

/* What stands behind a name that was just read. */
static bool copy_statement(struct scan *s, const struct token *name)
{
	struct confscan_statement st = {
		.section = s->section,
		.name = name->text,
		.line = name->line,
	};
	struct token t, title;
	bool is_titled, keep;

	next(s, &t);
	is_titled = is_text(&t);
	if (is_titled) {
		title = t;
		next(s, &t);
	}
	if (!find_shape(&t, is_titled, &st.shape)) {
		fault_token(s, &t, is_titled ? "{" : "= or {");
		return false;
	}
	keep = s->calls->judge(s->calls->ctx, &st);
	if (st.shape == CONFSCAN_VALUE)
		return copy_value(s, name, keep);
	if (st.shape == CONFSCAN_CALL)
		return copy_call(s, name, keep);
	/* Sections hold no sections: only one can be open. */
	return copy_section(s, name, is_titled ? &title : NULL,
		keep && slice_is_empty(s->section));
}

/* True while there is more; *res is set when there is not. */
static bool step(struct scan *s, enum result *res)
{
	size_t mark = s->out->len;
	struct token t;

	next(s, &t);
	if (is_mark(&t, '}') && !slice_is_empty(s->section)) {
		buf_add_text(s->out, "} ");
		s->section = (struct slice){ 0 };
		return true;
	}
	if (t.kind == TOKEN_END && slice_is_empty(s->section)) {
		*res = RES_OK;
		return false;
	}
	if (t.kind == TOKEN_END)
		s->calls->fault(s->calls->ctx, s->section_line,
			"a section that begins here is never closed");
	else if (t.kind != TOKEN_WORD)
		fault_token(s, &t, "a name");
	else if (copy_statement(s, &t))
		return true;
	/* Half a statement must not reach the reader. */
	if (s->out->at != NULL && mark < s->out->len) {
		s->out->len = mark;
		s->out->at[mark] = '\0';
	}
	*res = RES_SYNTAX;
	return false;
}

enum result confscan_run(
	struct slice text, const struct confscan_calls *calls, struct buf *out)
{
	struct scan s = { .text = text, .line = 1, .calls = calls, .out = out };
	enum result res = RES_OK;

	while (step(&s, &res))
		;
	if (!slice_is_empty(s.section))
		buf_add_text(out, "}");
	buf_add_char(out, '\n');
	return buf_result(out) != RES_OK ? buf_result(out) : res;
}
