/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/authresread.h"

#include "base/ascii.h"
#include "mail/cfws.h"

#include <string.h>

static bool is_graphic(char c)
{
	return (unsigned char)c > ' ' && c != 0x7f;
}

/* RFC 2045 s5.1, but for "/", "." and "=" which have a meaning here. */
static bool is_of_word(char c)
{
	return is_graphic(c) && strchr("()<>@,;:\\\"/[]?=.", c) == NULL;
}

/* pvalue: a value or an address, as it stands. */
static bool is_of_value(char c)
{
	return is_graphic(c) && strchr("();\"", c) == NULL;
}

static char peek(const struct authresread *r)
{
	return r->at < r->value.len ? r->value.at[r->at] : '\0';
}

static bool is_end(const struct authresread *r)
{
	return r->at == r->value.len;
}

static struct slice read_while(struct authresread *r, bool (*is_of)(char c))
{
	size_t from = r->at;

	while (!is_end(r) && is_of(r->value.at[r->at]))
		r->at++;
	return slice_part(r->value, from, r->at - from);
}

/* c with blanks on both sides. */
static bool take(struct authresread *r, char c)
{
	if (!cfws_skip(r->value, &r->at) || is_end(r) || peek(r) != c)
		return false;
	r->at++;
	return cfws_skip(r->value, &r->at);
}

/* The authserv-id: a token, dots and all, or a quoted string. */
static bool is_of_id(char c)
{
	return is_of_word(c) || c == '.' || c == ':' || c == '/' || c == '[' ||
		c == ']';
}

static bool read_id(struct authresread *r, struct slice *id)
{
	if (!cfws_skip(r->value, &r->at))
		return false;
	if (!is_end(r) && peek(r) == '"')
		return cfws_quoted(r->value, &r->at, id);
	*id = read_while(r, is_of_id);
	return id->len > 0;
}

/* "i=1;" of an ARC-Authentication-Results. */
static void skip_instance(struct authresread *r)
{
	size_t at = r->at;

	if (cfws_skip(r->value, &r->at) &&
		slice_is_equal_nocase(
			read_while(r, is_of_word), slice_of("i")) &&
		take(r, '=') && read_while(r, ascii_is_digit).len > 0 &&
		take(r, ';'))
		return;
	r->at = at;
}

enum result authresread_begin(
	struct authresread *r, struct slice value, struct slice *authserv_id)
{
	*r = (struct authresread){ .value = value };
	skip_instance(r);
	if (!read_id(r, authserv_id) || !cfws_skip(value, &r->at))
		return RES_SYNTAX;
	(void)read_while(r, ascii_is_digit); /* authres-version */
	if (!cfws_skip(value, &r->at) || (!is_end(r) && peek(r) != ';'))
		return RES_SYNTAX;
	return RES_OK;
}

/* Quoted strings and plain octets, as in smtp.mailfrom="a b"@example.org. */
static bool read_value(struct authresread *r, struct slice *out)
{
	size_t from = r->at;
	struct slice inner = slice_of("");
	bool is_quoted = false;

	while (!is_end(r) &&
		(peek(r) == '"' || is_of_value(r->value.at[r->at]))) {
		is_quoted = peek(r) == '"' && r->at == from;
		if (peek(r) != '"')
			r->at++;
		else if (!cfws_quoted(r->value, &r->at, &inner))
			return false;
	}
	*out = slice_part(r->value, from, r->at - from);
	if (is_quoted && inner.len + 2 == out->len)
		*out = inner;
	return out->len > 0 || is_quoted;
}

/* ptype "." property "=" pvalue, or reason=. */
static enum result read_property(
	struct authresread *r, struct authresread_result *out)
{
	struct authresread_property p = { .type = slice_of("") };

	p.name = read_while(r, is_of_word);
	if (p.name.len == 0 || !cfws_skip(r->value, &r->at))
		return RES_SYNTAX;
	if (!is_end(r) && peek(r) == '.') {
		p.type = p.name;
		if (!take(r, '.'))
			return RES_SYNTAX;
		p.name = read_while(r, is_of_word);
	}
	if (p.name.len == 0 || !take(r, '=') || !read_value(r, &p.value))
		return RES_SYNTAX;
	if (p.type.len == 0 &&
		slice_is_equal_nocase(p.name, slice_of("reason"))) {
		out->reason = p.value;
		return RES_OK;
	}
	if (out->count == AUTHRESREAD_PROPERTIES_MAX)
		return RES_TOOBIG;
	out->property[out->count++] = p;
	return RES_OK;
}

/* method ["/" version] "=" result; "none" alone says that there is none. */
static enum result read_method(
	struct authresread *r, struct authresread_result *out)
{
	out->method = read_while(r, is_of_word);
	if (out->method.len == 0 || !cfws_skip(r->value, &r->at))
		return RES_SYNTAX;
	if (is_end(r) && slice_is_equal_nocase(out->method, slice_of("none")))
		return RES_MISSING;
	if (!is_end(r) && peek(r) == '/') {
		if (!take(r, '/') || read_while(r, ascii_is_digit).len == 0)
			return RES_SYNTAX;
	}
	if (!take(r, '='))
		return RES_SYNTAX;
	out->result = read_while(r, is_of_word);
	return out->result.len > 0 ? RES_OK : RES_SYNTAX;
}

enum result authresread_next(
	struct authresread *r, struct authresread_result *out)
{
	enum result res;

	*out = (struct authresread_result){ .reason = slice_of("") };
	/* An empty piece between or behind semicolons is in use. */
	do {
		if (!cfws_skip(r->value, &r->at))
			return RES_SYNTAX;
		if (is_end(r))
			return RES_MISSING;
	} while (take(r, ';'));
	res = read_method(r, out);
	while (res == RES_OK) {
		if (!cfws_skip(r->value, &r->at))
			return RES_SYNTAX;
		if (is_end(r) || peek(r) == ';')
			break;
		res = read_property(r, out);
	}
	return res;
}

const struct slice *authresread_find(
	const struct authresread_result *r, const char *type, const char *name)
{
	for (size_t i = 0; i < r->count; i++)
		if (slice_is_equal_nocase(
			    r->property[i].type, slice_of(type)) &&
			slice_is_equal_nocase(
				r->property[i].name, slice_of(name)))
			return &r->property[i].value;
	return NULL;
}
