/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/pastedmail.h"

#include "base/arena.h"

#include <string.h>

static bool is_one_of(struct slice text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (slice_is_equal_nocase(text, slice_of(*words)))
			return true;
	return false;
}

static struct slice without(struct slice line, const char *octets)
{
	while (line.len > 0 && strchr(octets, line.at[0]) != NULL)
		line = slice_part(line, 1, line.len);
	while (line.len > 0 && strchr(octets, line.at[line.len - 1]) != NULL)
		line.len--;
	return line;
}

/* ---- where it begins ---- */

/* A line of dashes with words in between, or such words and a colon. */
static bool is_mark(struct slice line)
{
	static const char *const dashed[] = { "Original Message",
		"Forwarded message", "Mensaje original", "Mensaje reenviado",
		"Mensagem original", "Mensagem encaminhada", NULL };
	static const char *const bare[] = { "Begin forwarded message:",
		"Inicio del mensaje reenviado:",
		"In\xc3\xad"
		"cio da mensagem encaminhada:",
		NULL };
	const struct slice inner = without(line, "- \t\r");

	line = slice_trim(line);
	return is_one_of(line, bare) ||
		(slice_has_prefix(line, slice_of("--")) &&
			is_one_of(inner, dashed));
}

/* The source of a mail has one of these at its top. */
static bool is_source(struct slice line)
{
	static const char *const names[] = { "Return-Path:", "Delivered-To:",
		"Received:", "X-Reprieve-Trace:", "Authentication-Results:",
		"ARC-Seal:", "DKIM-Signature:", NULL };

	for (size_t i = 0; names[i] != NULL; i++)
		if (slice_has_prefix_nocase(line, slice_of(names[i])))
			return true;
	return false;
}

/* A reporter may quote what he forwards. */
static struct slice without_quote(struct slice line)
{
	while (line.len > 0 && line.at[0] == '>') {
		line = slice_part(line, 1, line.len);
		if (line.len > 0 && line.at[0] == ' ')
			line = slice_part(line, 1, line.len);
	}
	return line;
}

/* *rest is what stands behind the mark, or from the source on. */
static bool find_start(
	struct slice text, struct slice *before, struct slice *rest)
{
	struct slice left = text;
	struct slice line;

	for (;;) {
		const struct slice here = left;

		if (!slice_cut(&left, '\n', &line))
			return false;
		line = without_quote(line);
		if (!is_mark(line) && !is_source(line))
			continue;
		*before = slice_part(text, 0, (size_t)(here.at - text.at));
		*rest = is_mark(line) ? left : here;
		return true;
	}
}

/* ---- what it says ---- */

static bool is_empty(struct slice line)
{
	return slice_trim(without_quote(line)).len == 0;
}

static struct slice skip_empty(struct slice text)
{
	struct slice left = text;
	struct slice line;

	while (slice_cut(&left, '\n', &line) && is_empty(line))
		text = left;
	return text;
}

/* Lines without their quote; nothing grows. */
static enum result unquote(
	struct slice text, struct arena *a, struct slice *out)
{
	const bool is_quoted = text.len > 0 && text.at[0] == '>';
	char *at = arena_alloc(a, text.len + 1);
	struct slice line;
	size_t len = 0;

	if (at == NULL)
		return RES_NOMEM;
	while (slice_cut(&text, '\n', &line)) {
		if (is_quoted)
			line = without_quote(line);
		if (line.len > 0)
			memcpy(at + len, line.at, line.len);
		len += line.len;
		at[len++] = '\n';
	}
	*out = slice_make(at, len);
	return RES_OK;
}

/* "*From:* Joe": some programs write their bold type so. */
static void take_field(struct slice line, struct pastedmail *out)
{
	static const char *const from[] = { "From", "De", NULL };
	static const char *const subject[] = { "Subject", "Asunto", "Assunto",
		NULL };
	const size_t colon = slice_find(line, ':');
	const struct slice name = without(slice_part(line, 0, colon), " \t*");
	const struct slice value =
		without(slice_part(line, colon + 1, line.len), " \t\r*");

	if (out->from.len == 0 && is_one_of(name, from))
		out->from = value;
	else if (out->subject.len == 0 && is_one_of(name, subject))
		out->subject = value;
}

enum result pastedmail_find(
	struct slice text, struct arena *a, struct pastedmail *out)
{
	struct pastedmail got = { .from = slice_of("") };
	struct slice rest, line;
	enum result res;

	if (!find_start(text, &got.before, &rest))
		return RES_MISSING;
	res = unquote(skip_empty(rest), a, &got.message);
	if (res != RES_OK)
		return res;
	rest = got.message;
	for (unsigned i = 0; i < PASTEDMAIL_LINES_MAX; i++) {
		if (!slice_cut(&rest, '\n', &line) || is_empty(line))
			break;
		take_field(line, &got);
	}
	*out = got;
	return RES_OK;
}
