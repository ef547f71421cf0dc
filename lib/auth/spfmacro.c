/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/spfmacro.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"

#include <string.h>

enum {
	EXPANDED_MAX = 65536,
	PARTS_MAX = 255, /* more digits than that change nothing */
	VALUE_IP_MAX = 64 /* 32 nibbles and their dots */
};

/* One macro, or a run of literal text (letter is 0). */
struct piece {
	struct slice text; /* literal: what it stands for */
	struct slice delimiters; /* "." when none is given */
	char letter; /* lower case */
	bool is_escaped; /* upper case: as in a URL */
	bool is_reversed;
	unsigned keep; /* right hand parts, 0: all */
};

static bool is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* ---- syntax ---- */

static char take(struct slice *rest)
{
	char c = rest->len > 0 ? rest->at[0] : '\0';

	*rest = slice_part(*rest, 1, rest->len);
	return c;
}

static bool is_next(struct slice rest, const char *set)
{
	return rest.len > 0 && is_one_of(rest.at[0], set);
}

/* s7.1: transformers = *DIGIT [ "r" ]; s7.3: a number is not zero. */
static bool read_transformers(struct slice *rest, struct piece *out)
{
	bool has_digits = false;

	while (is_next(*rest, "0123456789")) {
		unsigned digit = (unsigned)(take(rest) - '0');

		has_digits = true;
		if (out->keep <= PARTS_MAX)
			out->keep = out->keep * 10 + digit;
	}
	if (has_digits && out->keep == 0)
		return false;
	if (is_next(*rest, "rR")) {
		out->is_reversed = true;
		(void)take(rest);
	}
	return true;
}

/* What stands behind "%{". */
static bool read_macro(struct slice *rest, struct piece *out)
{
	char c = take(rest);
	size_t len = 0;

	if (!ascii_is_alpha(c))
		return false;
	out->letter = (char)(c | 0x20);
	out->is_escaped = c != out->letter;
	if (!is_one_of(out->letter, "slodiphcrtv"))
		return false;
	if (!read_transformers(rest, out))
		return false;
	while (len < rest->len && is_one_of(rest->at[len], ".-+,/_="))
		len++;
	out->delimiters = len > 0 ? slice_part(*rest, 0, len) : slice_of(".");
	*rest = slice_part(*rest, len, rest->len);
	return take(rest) == '}';
}

static bool read_percent(struct slice *rest, struct piece *out)
{
	switch (take(rest)) {
	case '%':
		out->text = slice_of("%");
		return true;
	case '_':
		out->text = slice_of(" ");
		return true;
	case '-':
		out->text = slice_of("%20");
		return true;
	case '{':
		return read_macro(rest, out);
	default:
		return false;
	}
}

/* macro-literal = %x21-24 / %x26-7E */
static bool read_literal(struct slice *rest, struct piece *out)
{
	size_t len = 0;

	while (len < rest->len && rest->at[len] > ' ' && rest->at[len] <= '~' &&
		rest->at[len] != '%')
		len++;
	out->text = slice_part(*rest, 0, len);
	*rest = slice_part(*rest, len, rest->len);
	return len > 0;
}

/* The next piece of a text that is not empty; false: it is none. */
static bool read_piece(struct slice *rest, struct piece *out)
{
	*out = (struct piece){ .letter = '\0' };
	if (rest->at[0] != '%')
		return read_literal(rest, out);
	(void)take(rest);
	return read_percent(rest, out);
}

bool spfmacro_is_string(struct slice text)
{
	struct piece p;

	while (text.len > 0)
		if (!read_piece(&text, &p))
			return false;
	return true;
}

/* Begins and ends in a letter or digit, and is no number. */
static bool is_top_label(struct slice s)
{
	bool is_number = true;

	if (s.len == 0 || s.at[0] == '-' || s.at[s.len - 1] == '-')
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (!ascii_is_alpha(s.at[i]) && !ascii_is_digit(s.at[i]) &&
			s.at[i] != '-')
			return false;
		is_number = is_number && ascii_is_digit(s.at[i]);
	}
	return !is_number;
}

/* s7.1: domain-end = ( "." toplabel [ "." ] ) / macro-expand */
static bool is_domain_end(struct slice literal)
{
	size_t dot;

	if (literal.len > 0 && literal.at[literal.len - 1] == '.')
		literal.len--;
	dot = slice_find_last(literal, '.');
	return dot < literal.len &&
		is_top_label(slice_part(literal, dot + 1, literal.len));
}

bool spfmacro_is_domain(struct slice text)
{
	struct slice rest = text;
	bool is_macro = false;
	struct piece p = { .letter = '\0' };

	if (text.len == 0 || text.len > SPFMACRO_SPEC_MAX)
		return false;
	while (rest.len > 0) {
		is_macro = rest.at[0] == '%';
		if (!read_piece(&rest, &p) || is_one_of(p.letter, "crt"))
			return false;
	}
	return is_macro || is_domain_end(p.text);
}

bool spfmacro_has(struct slice text, char letter)
{
	struct piece p;

	while (text.len > 0)
		if (!read_piece(&text, &p))
			return false;
		else if (p.letter == letter)
			return true;
	return false;
}

bool spfmacro_has_local(struct slice text)
{
	return spfmacro_has(text, 'l') || spfmacro_has(text, 's');
}

/* ---- expansion ---- */

/* s7.3: i is dotted, nibble by nibble for IPv6. */
static struct slice dotted(const struct ipaddr *ip, char out[VALUE_IP_MAX])
{
	static const char hex[] = "0123456789abcdef";
	char *to = out;

	if (ipaddr_is_v4(ip))
		return slice_of(ipaddr_format(ip, out));
	for (size_t i = 0; i < 16; i++) {
		*to++ = hex[ip->octet[i] >> 4];
		*to++ = '.';
		*to++ = hex[ip->octet[i] & 0xf];
		*to++ = '.';
	}
	return slice_make(out, VALUE_IP_MAX - 1);
}

static enum result join_sender(
	const struct spfmacro_values *v, struct arena *a, struct slice *out)
{
	char *at = arena_alloc(a, v->local.len + 1 + v->sender_domain.len);

	if (at == NULL)
		return RES_NOMEM;
	*out = slice_make(at, v->local.len + 1 + v->sender_domain.len);
	if (v->local.len > 0)
		memcpy(at, v->local.at, v->local.len);
	at[v->local.len] = '@';
	if (v->sender_domain.len > 0)
		memcpy(at + v->local.len + 1, v->sender_domain.at,
			v->sender_domain.len);
	return RES_OK;
}

/* ip_text serves only where the value is the address. */
static enum result value_of(char letter, const struct spfmacro_values *v,
	struct arena *a, char ip_text[VALUE_IP_MAX], struct slice *out)
{
	switch (letter) {
	case 's':
		return join_sender(v, a, out);
	case 'l':
		*out = v->local;
		break;
	case 'o':
		*out = v->sender_domain;
		break;
	case 'd':
		*out = v->domain;
		break;
	case 'h':
		*out = v->helo;
		break;
	case 'p':
		*out = v->validated;
		break;
	case 'i':
		*out = dotted(v->ip, ip_text);
		break;
	default:
		*out = slice_of(ipaddr_is_v4(v->ip) ? "in-addr" : "ip6");
		break;
	}
	return RES_OK;
}

static bool is_delimiter(char c, struct slice delimiters)
{
	return slice_find(delimiters, c) < delimiters.len;
}

/* Its parts, as many as there are delimiters and one. NULL: no memory. */
static struct slice *split(struct slice value, struct slice delimiters,
	struct arena *a, size_t *count)
{
	struct slice *part;
	size_t from = 0;

	*count = 1;
	for (size_t i = 0; i < value.len; i++)
		*count += is_delimiter(value.at[i], delimiters);
	part = arena_alloc(a, *count * sizeof(*part));
	if (part == NULL)
		return NULL;
	*count = 0;
	for (size_t i = 0; i <= value.len; i++) {
		if (i < value.len && !is_delimiter(value.at[i], delimiters))
			continue;
		part[(*count)++] = slice_part(value, from, i - from);
		from = i + 1;
	}
	return part;
}

/* s7.3: all but the unreserved of RFC 3986 s2.3 as "%XX". */
static void add_escaped(struct buf *b, struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (ascii_is_alpha(s.at[i]) || ascii_is_digit(s.at[i]) ||
			is_one_of(s.at[i], "-._~"))
			buf_add_char(b, s.at[i]);
		else
			buf_add_format(b, "%%%02X", (unsigned char)s.at[i]);
}

/* s7.3: split, reverse, keep the right hand parts, join with dots. */
static enum result add_macro(struct buf *b, const struct piece *p,
	const struct spfmacro_values *v, struct arena *a)
{
	char ip_text[VALUE_IP_MAX];
	struct slice value;
	struct slice *part;
	size_t count, first = 0;
	enum result res = value_of(p->letter, v, a, ip_text, &value);

	if (res != RES_OK)
		return res;
	part = split(value, p->delimiters, a, &count);
	if (part == NULL)
		return RES_NOMEM;
	if (p->keep > 0 && p->keep < count)
		first = count - p->keep;
	for (size_t i = first; i < count; i++) {
		struct slice s = part[p->is_reversed ? count - 1 - i : i];

		if (i > first)
			buf_add_char(b, '.');
		if (p->is_escaped)
			add_escaped(b, s);
		else
			buf_add(b, s);
	}
	return RES_OK;
}

/* s7.3: labels go from the left until it fits. */
static struct slice fit(struct slice name)
{
	if (name.len > 0 && name.at[name.len - 1] == '.')
		name.len--;
	while (name.len > SPFMACRO_NAME_MAX) {
		size_t dot = slice_find(name, '.');

		name = slice_part(name, dot + 1, name.len);
	}
	return name;
}

enum result spfmacro_expand(struct slice spec,
	const struct spfmacro_values *values, struct arena *a,
	struct slice *out)
{
	enum result res = RES_OK;
	struct buf b;
	struct piece p;

	*out = slice_of("");
	buf_init(&b, EXPANDED_MAX);
	while (res == RES_OK && spec.len > 0) {
		if (!read_piece(&spec, &p))
			res = RES_SYNTAX;
		else if (p.letter != '\0')
			res = add_macro(&b, &p, values, a);
		else
			buf_add(&b, p.text);
		if (res == RES_OK)
			res = buf_result(&b);
	}
	if (res == RES_OK && arena_copy(a, fit(buf_slice(&b)), out) != RES_OK)
		res = RES_NOMEM;
	buf_clear(&b);
	return res;
}
