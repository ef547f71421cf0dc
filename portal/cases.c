/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/cases.h"

#include "policy/code.h"
#include "portal/page.h"
#include "web/html.h"

#include <stddef.h>

/* The fields that are shown. What is not in here is never read. */
static const struct {
	const char *name;
	size_t offset;
} shown[] = {
	{ "code", offsetof(struct case_view, code) },
	{ "mode", offsetof(struct case_view, mode) },
	{ "action", offsetof(struct case_view, action) },
	{ "ip", offsetof(struct case_view, ip) },
	{ "first_seen", offsetof(struct case_view, first_seen) },
	{ "last_seen", offsetof(struct case_view, last_seen) },
	{ "count", offsetof(struct case_view, count) },
	{ "class", offsetof(struct case_view, class) },
	{ "reason", offsetof(struct case_view, reason) },
	{ "until", offsetof(struct case_view, until) },
	{ "reply", offsetof(struct case_view, reply) },
};

enum { SHOWN_COUNT = sizeof(shown) / sizeof(shown[0]) };

static struct buf *field_at(struct case_view *v, size_t i)
{
	return (struct buf *)(void *)((char *)v + shown[i].offset);
}

void case_view_init(struct case_view *v)
{
	for (size_t i = 0; i < SHOWN_COUNT; i++)
		buf_init(field_at(v, i), CASES_VALUE_MAX);
	for (size_t i = 0; i < CASEAUTH_COUNT; i++)
		buf_init(&v->auth[i], CASES_LINES_MAX);
}

void case_view_clear(struct case_view *v)
{
	for (size_t i = 0; i < SHOWN_COUNT; i++)
		buf_clear(field_at(v, i));
	for (size_t i = 0; i < CASEAUTH_COUNT; i++)
		buf_clear(&v->auth[i]);
}

static void keep(struct buf *out, struct slice value, size_t max)
{
	buf_reset(out);
	buf_add(out, slice_part(value, 0, max));
}

void case_view_add(void *ctx, struct slice field, struct slice value)
{
	struct case_view *v = ctx;

	for (size_t i = 0; i < SHOWN_COUNT; i++) {
		if (!slice_is_equal(field, slice_of(shown[i].name)))
			continue;
		keep(field_at(v, i), value, CASES_VALUE_MAX);
		return;
	}
	for (size_t i = 0; i < CASEAUTH_COUNT; i++) {
		const struct caseauth_field *f = &caseauth_fields[i];

		if (f->is_internal || !slice_is_equal(field, slice_of(f->name)))
			continue;
		keep(&v->auth[i], value,
			f->is_lines ? CASES_LINES_MAX : CASES_VALUE_MAX);
		return;
	}
}

static void add_row(struct buf *out, const char *label, const struct buf *value)
{
	if (value->len == 0)
		return;
	buf_add_format(out, "<dt>%s</dt>\n<dd>", label);
	html_add(out, buf_slice(value));
	buf_add_text(out, "</dd>\n");
}

static void add_paragraph(struct buf *out, const char *text)
{
	buf_add_text(out, "<p>");
	html_add_text(out, text);
	buf_add_text(out, "</p>\n");
}

/* Class of the listing in words; one that we do not know says nothing. */
static const char *class_words(struct slice class)
{
	static const struct {
		const char *name;
		const char *words;
	} table[] = {
		{ "self",
			"Listed for what was sent; can be removed on request." },
		{ "policy",
			"Listed for the kind of network or its set-up, whatever "
			"was sent." },
		{ "review", "Removed only after a look by a person." },
		{ "feed", "Taken over from a public list of somebody else." },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (slice_is_equal(class, slice_of(table[i].name)))
			return table[i].words;
	return "";
}

static void add_class(struct buf *out, const struct case_view *v)
{
	const char *words = class_words(buf_slice(&v->class));

	if (v->class.len == 0)
		return;
	buf_add_text(out, "<dt>Class of the listing</dt>\n<dd>");
	html_add(out, buf_slice(&v->class));
	if (words[0] != '\0') {
		buf_add_text(out, ": ");
		html_add_text(out, words);
	}
	buf_add_text(out, "</dd>\n");
}

static bool says(const struct buf *b, const char *text)
{
	return slice_is_equal(buf_slice(b), slice_of(text));
}

/* What became of the mail: not every case is a refusal. */
static void add_outcome(struct buf *out, const struct case_view *v)
{
	if (says(&v->mode, "monitor") || says(&v->mode, "shadow"))
		add_paragraph(out,
			"Nothing was refused: this rule is on trial here, and "
			"the mail went on. With the rule in force it would "
			"have been treated as this page says.");
	else if (says(&v->action, "tempfail"))
		add_paragraph(out,
			"This mail server asked the sending server to try "
			"again later. Nothing is lost.");
	else if (says(&v->action, "reject"))
		add_paragraph(out,
			"This mail server did not take a message. The sending "
			"server has told its user so.");
}

static void add_code(struct buf *out, const struct code_row *row)
{
	buf_add_text(out, "<dt>Code</dt>\n<dd>");
	buf_add_format(
		out, "%s %s (%s)</dd>\n", row->smtp, row->xcode, row->name);
}

static bool has_auth(const struct case_view *v)
{
	for (size_t i = 0; i < CASEAUTH_COUNT; i++)
		if (v->auth[i].len > 0)
			return true;
	return false;
}

/* Each signature and each sealer is a definition of its own. */
static void add_lines(struct buf *out, const char *label, struct slice text)
{
	struct slice line;

	buf_add_format(out, "<dt>%s</dt>\n", label);
	while (slice_cut(&text, '\n', &line)) {
		if (slice_is_empty(line))
			continue;
		buf_add_text(out, "<dd><code>");
		html_add(out, line);
		buf_add_text(out, "</code></dd>\n");
	}
}

static void add_auth(struct buf *out, const struct case_view *v)
{
	if (!has_auth(v))
		return;
	buf_add_text(out, "<h2>What authentication found</h2>\n");
	add_paragraph(out,
		"Domains, records and results as they were when this mail "
		"came in; what has been repaired since then does not show "
		"here.");
	buf_add_text(out, "<dl>\n");
	for (size_t i = 0; i < CASEAUTH_COUNT; i++) {
		if (v->auth[i].len == 0)
			continue;
		if (caseauth_fields[i].is_lines)
			add_lines(out, caseauth_fields[i].label,
				buf_slice(&v->auth[i]));
		else
			add_row(out, caseauth_fields[i].label, &v->auth[i]);
	}
	buf_add_text(out, "</dl>\n");
}

void cases_page(struct buf *out, const struct case_view *v, const char *ref,
	const struct conf *conf)
{
	const struct code_row *row = code_row(code_find(buf_slice(&v->code)));

	page_begin(out, "Why your mail was refused");
	add_outcome(out, v);
	if (v->reply.len > 0) {
		buf_add_text(out, "<pre>");
		html_add(out, buf_slice(&v->reply));
		buf_add_text(out, "</pre>\n");
	}
	if (row != NULL) {
		buf_add_text(out, "<h2>What happened</h2>\n");
		add_paragraph(out, row->cause);
		buf_add_text(out, "<h2>What to do</h2>\n");
		add_paragraph(out, row->remedy);
	}
	buf_add_text(out, "<h2>What we saw</h2>\n<dl>\n");
	buf_add_text(out, "<dt>Reference</dt>\n<dd><code>");
	html_add_text(out, ref);
	buf_add_text(out, "</code></dd>\n");
	if (row != NULL)
		add_code(out, row);
	else
		add_row(out, "Code", &v->code);
	add_row(out, "Sending IP address", &v->ip);
	add_row(out, "Reason", &v->reason);
	add_class(out, v);
	add_row(out, "First seen", &v->first_seen);
	add_row(out, "Last seen", &v->last_seen);
	add_row(out, "How often", &v->count);
	add_row(out, "The listing ends by itself", &v->until);
	buf_add_text(out, "</dl>\n");
	add_auth(out, v);
	page_end(out, conf);
}
