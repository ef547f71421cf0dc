/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/from.h"

#include "mail/cfws.h"

#include <string.h>

/* What stands in front of "@", "<", ":", "," or the end. */
struct run {
	size_t words;
	bool ends_in_word; /* no dot since */
	bool is_phrase; /* two words side by side: no local part */
	bool is_tricky; /* as a local part read in several ways */
};

struct reader {
	struct slice v;
	size_t at;
	size_t domain_end; /* of the last one */
	size_t signs; /* "@" that were in front of a domain */
	bool in_group;
	struct from_list *out;
};

/* Folds only, and no octet that ends the text for some and not for others. */
static bool is_printable(struct slice v)
{
	for (size_t i = 0; i < v.len; i++) {
		unsigned char c = (unsigned char)v.at[i];

		if (c == '\r') {
			if (i + 2 >= v.len || v.at[i + 1] != '\n' ||
				(v.at[i + 2] != ' ' && v.at[i + 2] != '\t'))
				return false;
			i++;
		} else if ((c < ' ' && c != '\t') || c == 0x7f) {
			return false;
		}
	}
	return true;
}

/* atext (RFC 5322 s3.2.3) and what is not ASCII (RFC 6532 s3.2). */
static bool is_atext(char c)
{
	return (unsigned char)c > ' ' && strchr("()<>[]:;@\\,.\"", c) == NULL;
}

/* "=?": an encoded word has no business in an address (RFC 2047 s5), and who
 * decodes it sees another one. */
static bool has_encoded_word(struct slice s)
{
	for (size_t i = 0; i + 1 < s.len; i++)
		if (s.at[i] == '=' && s.at[i + 1] == '?')
			return true;
	return false;
}

static bool has_special(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (strchr("@<>,:;", s.at[i]) != NULL)
			return true;
	return false;
}

static char peek(const struct reader *r)
{
	return r->at < r->v.len ? r->v.at[r->at] : '\0';
}

static void add_word(struct run *run, bool is_tricky)
{
	run->is_phrase = run->is_phrase || run->ends_in_word;
	run->is_tricky = run->is_tricky || is_tricky;
	run->ends_in_word = true;
	run->words++;
}

static void read_atom(struct reader *r, struct run *run)
{
	size_t from = r->at;
	struct slice atom;

	while (r->at < r->v.len && is_atext(r->v.at[r->at]))
		r->at++;
	atom = slice_part(r->v, from, r->at - from);
	add_word(run, has_encoded_word(atom));
}

static enum result read_quoted(struct reader *r, struct run *run)
{
	struct slice inner;

	if (!cfws_quoted(r->v, &r->at, &inner))
		return RES_SYNTAX;
	add_word(run, has_special(inner) || has_encoded_word(inner));
	return RES_OK;
}

/* Words and dots; display names may hold "[" and "]" too, as they do in
 * practice. Stops in front of anything else. */
static enum result read_run(struct reader *r, struct run *run)
{
	*run = (struct run){ .words = 0 };
	for (;;) {
		char c;

		if (!cfws_skip(r->v, &r->at))
			return RES_SYNTAX;
		c = peek(r);
		if (c == '"') {
			if (read_quoted(r, run) != RES_OK)
				return RES_SYNTAX;
		} else if (c == '.') {
			run->ends_in_word = false;
			r->at++;
		} else if (c == '[' || c == ']') {
			add_word(run, true);
			r->at++;
		} else if (c != '\0' && is_atext(c)) {
			read_atom(r, run);
		} else {
			return RES_OK;
		}
	}
}

static enum result add_domain(struct from_list *out, struct slice domain)
{
	for (size_t i = 0; i < out->count; i++)
		if (slice_is_equal_nocase(out->domain[i], domain))
			return RES_OK;
	if (out->count == FROM_DOMAINS_MAX)
		return RES_TOOBIG;
	out->domain[out->count++] = domain;
	return RES_OK;
}

/*
 * At "@". RFC 5322 s4.4 takes "machine(c). example" for one domain; a reader
 * that stops at the blank does not, so it is none here.
 */
static enum result read_domain(struct reader *r)
{
	size_t from;
	struct slice domain;

	r->at++;
	if (!cfws_skip(r->v, &r->at))
		return RES_SYNTAX;
	from = r->at;
	while (r->at < r->v.len &&
		(r->v.at[r->at] == '.' || is_atext(r->v.at[r->at])))
		r->at++;
	domain = slice_part(r->v, from, r->at - from);
	r->domain_end = r->at;
	r->signs++;
	if (domain.len == 0 || !cfws_skip(r->v, &r->at) || peek(r) == '.')
		return RES_SYNTAX;
	return add_domain(r->out, domain);
}

/*
 * Has a comment within an address, from there to there, a sign of its own? Who
 * knows no comments finds another address in it.
 */
static bool has_hidden_sign(
	const struct reader *r, size_t from, size_t to, size_t signs)
{
	for (size_t i = from; i < to; i++)
		if (r->v.at[i] == '@' && signs-- == 0)
			return true;
	return false;
}

static bool is_local_part(const struct run *run)
{
	return run->words > 0 && !run->is_phrase && !run->is_tricky;
}

/* obs-route: "@a,@b:" in front of the address. */
static enum result read_route(struct reader *r)
{
	for (;;) {
		char c;
		enum result res;

		if (!cfws_skip(r->v, &r->at))
			return RES_SYNTAX;
		c = peek(r);
		if (c == '@') {
			res = read_domain(r);
			if (res != RES_OK)
				return res;
			continue;
		}
		if (c != ',' && c != ':')
			return RES_SYNTAX;
		r->at++;
		if (c == ':')
			return RES_OK;
	}
}

/* At "<": to behind its ">". */
static enum result read_angle(struct reader *r)
{
	size_t from = r->at, before = r->signs;
	struct run run;
	enum result res = RES_OK;

	r->at++;
	if (!cfws_skip(r->v, &r->at))
		return RES_SYNTAX;
	if (peek(r) == '@')
		res = read_route(r);
	if (res == RES_OK)
		res = read_run(r, &run);
	if (res != RES_OK)
		return res;
	if (peek(r) != '@' || !is_local_part(&run))
		return RES_SYNTAX;
	res = read_domain(r);
	if (res != RES_OK)
		return res;
	if (peek(r) != '>' ||
		has_hidden_sign(r, from, r->at, r->signs - before))
		return RES_SYNTAX;
	r->at++;
	return cfws_skip(r->v, &r->at) ? RES_OK : RES_SYNTAX;
}

/* Behind an address: the end of the entry, and nothing else. */
static bool is_entry_end(const struct reader *r)
{
	char c = peek(r);

	return r->at == r->v.len || c == ',' || (c == ';' && r->in_group);
}

/* "name:" begins a group; groups do not nest. */
static enum result begin_group(
	struct reader *r, const struct run *run, bool has_address)
{
	if (r->in_group || run->words == 0 || has_address)
		return RES_SYNTAX;
	r->in_group = true;
	r->at++;
	return RES_OK;
}

/* At the "@" of an address without brackets that began at from. */
static enum result read_plain(
	struct reader *r, const struct run *run, size_t from, bool *has_address)
{
	enum result res;

	if (*has_address || !is_local_part(run))
		return RES_SYNTAX;
	*has_address = true;
	res = read_domain(r);
	if (res == RES_OK && has_hidden_sign(r, from, r->domain_end, 1))
		return RES_SYNTAX;
	return res;
}

/* One address, or what begins a group. */
static enum result read_entry(struct reader *r)
{
	size_t from = r->at;
	bool has_address = false;
	struct run run;
	enum result res;

	for (;;) {
		res = read_run(r, &run);
		if (res != RES_OK)
			return res;
		switch (peek(r)) {
		case '@':
			res = read_plain(r, &run, from, &has_address);
			if (res != RES_OK)
				return res;
			break;
		case '<':
			res = read_angle(r);
			return res == RES_OK && !is_entry_end(r) ? RES_SYNTAX
								 : res;
		case ':':
			return begin_group(r, &run, has_address);
		default:
			return has_address && run.words == 0 &&
					!run.ends_in_word && is_entry_end(r)
				? RES_OK
				: RES_SYNTAX;
		}
	}
}

/* At ";": RFC 5322 s3.4, a group ends, and then the entry. */
static enum result end_group(struct reader *r)
{
	if (!r->in_group)
		return RES_SYNTAX;
	r->in_group = false;
	r->at++;
	return cfws_skip(r->v, &r->at) && is_entry_end(r) ? RES_OK : RES_SYNTAX;
}

enum result from_parse(struct slice value, struct from_list *out)
{
	struct reader r = { .v = value, .out = out };
	enum result res = is_printable(value) ? RES_OK : RES_SYNTAX;

	out->count = 0;
	while (res == RES_OK) {
		if (!cfws_skip(r.v, &r.at))
			return RES_SYNTAX;
		if (r.at == r.v.len)
			break;
		if (peek(&r) == ',')
			r.at++; /* RFC 5322 s4.4: an entry may be empty */
		else if (peek(&r) == ';')
			res = end_group(&r);
		else
			res = read_entry(&r);
	}
	if (res != RES_OK)
		return res;
	return r.in_group || out->count == 0 ? RES_SYNTAX : RES_OK;
}
