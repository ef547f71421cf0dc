/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/spfrecord.h"

#include "auth/spfmacro.h"
#include "base/ascii.h"

#include <arpa/inet.h>
#include <string.h>

enum { VERSION_LEN = 6, BITS4 = 32, BITS6 = 128 };

enum needs { NEEDS_NO_SPEC, MAY_HAVE_SPEC, NEEDS_SPEC };

static const struct mechanism {
	const char *name;
	enum spf_kind kind;
	enum needs spec;
	bool has_length; /* dual-cidr-length */
} mechanisms[] = {
	{ "all", SPF_ALL, NEEDS_NO_SPEC, false },
	{ "include", SPF_INCLUDE, NEEDS_SPEC, false },
	{ "a", SPF_A, MAY_HAVE_SPEC, true },
	{ "mx", SPF_MX, MAY_HAVE_SPEC, true },
	{ "ptr", SPF_PTR, MAY_HAVE_SPEC, false },
	{ "ip4", SPF_IP4, NEEDS_SPEC, false },
	{ "ip6", SPF_IP6, NEEDS_SPEC, false },
	{ "exists", SPF_EXISTS, NEEDS_SPEC, false },
};

bool spfrecord_is_one(struct slice text)
{
	return slice_has_prefix_nocase(text, slice_of("v=spf1")) &&
		(text.len == VERSION_LEN || text.at[VERSION_LEN] == ' ');
}

/* ---- prefix lengths ---- */

/*
 * Cuts "/" and a number without leading zeros, at most max, off the end of *s.
 * False: it does not end in one that is allowed, and *s is untouched.
 */
static bool cut_length(struct slice *s, unsigned max, uint8_t *out)
{
	size_t slash = slice_find_last(*s, '/');
	struct slice digits = slice_part(*s, slash + 1, s->len);
	uint64_t n;

	if (slash == s->len || slice_parse_u64(digits, 0, max, &n) != RES_OK ||
		(digits.len > 1 && digits.at[0] == '0'))
		return false;
	*out = (uint8_t)n;
	s->len = slash;
	return true;
}

/*
 * s12: dual-cidr-length = [ ip4-cidr-length ] [ "/" ip6-cidr-length ], cut off
 * the end. What is not one stays, and is then no part of a domain-spec either.
 */
static void cut_lengths(struct slice *s, struct spf_term *out)
{
	struct slice six = *s;
	uint8_t bits;

	if (cut_length(&six, BITS6, &bits) && six.len > 0 &&
		six.at[six.len - 1] == '/') {
		out->bits6 = bits;
		*s = slice_part(six, 0, six.len - 1);
	}
	(void)cut_length(s, BITS4, &out->bits4);
}

/* ---- directives ---- */

static const char *read_network(struct spf_term *out)
{
	bool is_v4 = out->kind == SPF_IP4;
	uint8_t *bits = is_v4 ? &out->bits4 : &out->bits6;
	struct slice address = out->spec;
	char text[INET6_ADDRSTRLEN];

	if (slice_find(address, '/') < address.len &&
		!cut_length(&address, is_v4 ? BITS4 : BITS6, bits))
		return "its prefix length is wrong";
	if (address.len >= sizeof(text) ||
		memchr(address.at, '\0', address.len) != NULL)
		return "it names no address";
	memcpy(text, address.at, address.len);
	text[address.len] = '\0';
	if (inet_pton(is_v4 ? AF_INET : AF_INET6, text,
		    out->net + (is_v4 ? 12 : 0)) != 1)
		return "it names no address";
	return NULL;
}

static enum auth_result cut_qualifier(struct slice *s)
{
	enum auth_result r = AUTH_PASS;

	switch (s->at[0]) {
	case '+':
		break;
	case '-':
		r = AUTH_FAIL;
		break;
	case '~':
		r = AUTH_SOFTFAIL;
		break;
	case '?':
		r = AUTH_NEUTRAL;
		break;
	default:
		return AUTH_PASS;
	}
	*s = slice_part(*s, 1, s->len);
	return r;
}

static const struct mechanism *find_mechanism(struct slice name)
{
	for (size_t i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]); i++)
		if (slice_is_equal_nocase(name, slice_of(mechanisms[i].name)))
			return &mechanisms[i];
	return NULL;
}

/* s is what stands behind the name of m. */
static const char *read_value(
	const struct mechanism *m, struct slice s, struct spf_term *out)
{
	bool has_spec;

	if (m->has_length)
		cut_lengths(&s, out);
	has_spec = s.len > 0 && s.at[0] == ':';
	if (s.len > 0 && (!has_spec || m->spec == NEEDS_NO_SPEC))
		return "what stands behind its name is wrong";
	if (m->spec == NEEDS_SPEC && s.len < 2)
		return "it needs a value";
	out->spec = slice_part(s, 1, s.len);
	if (m->kind == SPF_IP4 || m->kind == SPF_IP6)
		return read_network(out);
	if (has_spec && !spfmacro_is_domain(out->spec))
		return "it names no domain";
	return NULL;
}

/* A name, then maybe ":" and a domain-spec, then maybe prefix lengths. */
static const char *read_directive(struct spf_term *out)
{
	struct slice s = out->text;
	const struct mechanism *m;
	size_t len = 0;

	out->qualifier = cut_qualifier(&s);
	while (len < s.len && s.at[len] != ':' && s.at[len] != '/')
		len++;
	m = find_mechanism(slice_part(s, 0, len));
	if (m == NULL)
		return "there is no such mechanism";
	out->kind = m->kind;
	return read_value(m, slice_part(s, len, s.len), out);
}

/* ---- modifiers ---- */

/* s12: name = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." ), then "=". 0: none. */
static size_t modifier_name(struct slice s)
{
	size_t len = 0;

	if (!ascii_is_alpha(s.at[0]))
		return 0;
	while (len < s.len &&
		(ascii_is_alpha(s.at[len]) || ascii_is_digit(s.at[len]) ||
			s.at[len] == '-' || s.at[len] == '_' ||
			s.at[len] == '.'))
		len++;
	return len < s.len && s.at[len] == '=' ? len : 0;
}

static const char *read_modifier(struct spf_term *out, size_t len)
{
	struct slice name = slice_part(out->text, 0, len);

	out->spec = slice_part(out->text, len + 1, out->text.len);
	out->kind = SPF_OTHER;
	if (slice_is_equal_nocase(name, slice_of("redirect")))
		out->kind = SPF_REDIRECT;
	else if (slice_is_equal_nocase(name, slice_of("exp")))
		out->kind = SPF_EXP;
	if (out->kind == SPF_OTHER)
		return spfmacro_is_string(out->spec) ? NULL
						     : "its value is wrong";
	return spfmacro_is_domain(out->spec) ? NULL : "it names no domain";
}

enum result spfrecord_next(
	struct slice *rest, struct spf_term *out, const char **why)
{
	const char *fault;
	size_t len;

	*out = (struct spf_term){ .bits4 = BITS4, .bits6 = BITS6 };
	while (rest->len > 0 && rest->at[0] == ' ')
		*rest = slice_part(*rest, 1, rest->len);
	if (rest->len == 0)
		return RES_MISSING;
	out->text = slice_part(*rest, 0, slice_find(*rest, ' '));
	*rest = slice_part(*rest, out->text.len, rest->len);
	len = modifier_name(out->text);
	fault = len > 0 ? read_modifier(out, len) : read_directive(out);
	if (why != NULL)
		*why = fault;
	return fault == NULL ? RES_OK : RES_SYNTAX;
}

enum result spfrecord_parse(struct spf_record *out, struct slice text)
{
	struct slice rest;
	struct spf_term term;
	bool has_exp = false;
	enum result res;

	*out = (struct spf_record){ .text = text };
	out->terms = rest = slice_part(text, VERSION_LEN, text.len);
	if (!spfrecord_is_one(text)) {
		out->why = "it has no version";
		return RES_SYNTAX;
	}
	while ((res = spfrecord_next(&rest, &term, &out->why)) == RES_OK) {
		/* s6: each of these two at most once. */
		if ((term.kind == SPF_REDIRECT && out->redirect.kind != 0) ||
			(term.kind == SPF_EXP && has_exp)) {
			out->why = "it is there twice";
			res = RES_SYNTAX;
			break;
		}
		has_exp = has_exp || term.kind == SPF_EXP;
		if (term.kind == SPF_REDIRECT)
			out->redirect = term;
	}
	if (res == RES_MISSING)
		return RES_OK;
	out->fault = term.text;
	return res;
}

bool spfrecord_covers(const struct spf_term *term, const struct ipaddr *ip)
{
	bool is_v4 = term->kind == SPF_IP4;
	size_t from = is_v4 ? 12 : 0;
	size_t bits = is_v4 ? term->bits4 : term->bits6;

	if (ipaddr_is_v4(ip) != is_v4)
		return false;
	if (memcmp(term->net + from, ip->octet + from, bits / 8) != 0)
		return false;
	from += bits / 8;
	return bits % 8 == 0 ||
		((term->net[from] ^ ip->octet[from]) >> (8 - bits % 8)) == 0;
}
