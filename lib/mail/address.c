/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/address.h"

/* Where the walk over a piece of an address stands. */
struct walk {
	bool quoted; /* inside "..." */
	bool literal; /* inside [...] */
};

/* Takes the octet at *i into account; a quoted pair takes the next one too. */
static void step(struct walk *w, struct slice s, size_t *i)
{
	char c = s.at[*i];

	if (w->quoted && c == '\\' && *i + 1 < s.len)
		(*i)++;
	else if (c == '"' && !w->literal)
		w->quoted = !w->quoted;
	else if (!w->quoted && (c == '[' || c == ']'))
		w->literal = c == '[';
}

/*
 * Index of the first octet of s that is in set, outside quotes; s.len when
 * there is none. *balanced: the quotes before it are closed.
 */
static size_t find_outside(struct slice s, const char *set, bool *balanced)
{
	struct walk w = { 0 };
	size_t i;

	for (i = 0; i < s.len; i++) {
		if (!w.quoted) {
			struct slice of = slice_of(set);

			if (slice_find(of, s.at[i]) != of.len)
				break;
		}
		step(&w, s, &i);
	}
	*balanced = !w.quoted;
	return i < s.len ? i : s.len;
}

static bool has_control(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if ((unsigned char)s.at[i] < 0x20)
			return true;
	}
	return false;
}

/* The part between < and >, or the bare word at the front. */
static enum result find_path(struct slice text, struct slice *out)
{
	bool balanced = false;
	size_t end;
	struct slice after;

	if (text.len == 0 || text.at[0] != '<') {
		end = find_outside(text, " <>", &balanced);
		if (!balanced || (end < text.len && text.at[end] != ' '))
			return RES_SYNTAX;
		*out = slice_part(text, 0, end);
		return RES_OK;
	}
	text = slice_part(text, 1, text.len);
	end = find_outside(text, "<>", &balanced);
	if (!balanced || end == text.len || text.at[end] != '>')
		return RES_SYNTAX;
	after = slice_part(text, end + 1, text.len);
	if (after.len > 0 && after.at[0] != ' ')
		return RES_SYNTAX;
	*out = slice_trim(slice_part(text, 0, end));
	return RES_OK;
}

/* RFC 5321 s4.1.1.3, appendix C: "@a,@b:" in front is ignored. */
static enum result drop_route(struct slice *path)
{
	struct walk w = { 0 };

	if (path->len == 0 || path->at[0] != '@')
		return RES_OK;
	for (size_t i = 0; i < path->len; i++) {
		if (!w.quoted && !w.literal && path->at[i] == ':') {
			*path = slice_trim(slice_part(*path, i + 1, path->len));
			/* A second route, or one that leads nowhere. */
			return path->len == 0 || path->at[0] == '@' ? RES_SYNTAX
								    : RES_OK;
		}
		step(&w, *path, &i);
	}
	return RES_SYNTAX;
}

static size_t find_last_at(struct slice path)
{
	struct walk w = { 0 };
	size_t last = path.len;

	for (size_t i = 0; i < path.len; i++) {
		if (!w.quoted && path.at[i] == '@')
			last = i;
		step(&w, path, &i);
	}
	return last;
}

/* Without its quotes, when all of it is one quoted string. */
static struct slice unquote(struct slice local)
{
	struct walk w = { 0 };

	if (local.len < 2 || local.at[0] != '"')
		return local;
	for (size_t i = 0; i < local.len; i++) {
		step(&w, local, &i);
		if (!w.quoted && i + 1 < local.len)
			return local;
	}
	return slice_part(local, 1, local.len - 2);
}

enum result address_parse(struct address *out, struct slice text)
{
	struct slice path = slice_make(NULL, 0);
	size_t at;

	*out = (struct address){ .whole = text };
	if (has_control(text) || find_path(slice_trim(text), &path) != RES_OK ||
		drop_route(&path) != RES_OK)
		return RES_SYNTAX;
	at = find_last_at(path);
	out->whole = path;
	out->local = unquote(slice_part(path, 0, at));
	out->domain = slice_part(path, at + 1, path.len);
	out->is_null = path.len == 0;
	return RES_OK;
}
