/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/keys.h"

#include "store/subject.h"

#include <string.h>

enum { ASN_MAX_DIGITS = 10, COUNTRY_LEN = 2 };

const char *list_kind_name(enum list_kind k)
{
	switch (k) {
	case LIST_BLOCK:
		return "block";
	case LIST_ALLOW:
		return "allow";
	}
	return "unknown";
}

static bool cut_word(struct slice *s, const char *word)
{
	struct slice w = slice_of(word);

	if (!slice_has_prefix(*s, w))
		return false;
	*s = slice_part(*s, w.len, s->len);
	return true;
}

static bool is_country(struct slice s)
{
	size_t i;

	if (s.len != COUNTRY_LEN)
		return false;
	for (i = 0; i < s.len; i++) {
		char c = s.at[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')))
			return false;
	}
	return true;
}

static enum result parse_asn(struct slice s, struct cidr *out)
{
	uint64_t asn;
	enum result res;

	if (s.len > ASN_MAX_DIGITS)
		return RES_RANGE;
	res = slice_parse_u64(s, 0, UINT32_MAX, &asn);
	if (res == RES_OK)
		*out = subject_of_asn((uint32_t)asn);
	return res;
}

static enum result parse_domain(struct slice s, struct cidr *out)
{
	char name[HOSTNAME_MAX];
	size_t len;
	enum result res = hostname_parse(s, name, &len);

	return res == RES_OK ? subject_of_domain(slice_make(name, len), out)
			     : res;
}

static enum result parse_subject(struct list_name *n, struct slice s)
{
	enum result res;

	if (cut_word(&s, "asn:")) {
		n->subject = SUBJECT_ASN;
		return parse_asn(s, &n->net);
	}
	if (cut_word(&s, "country:")) {
		n->subject = SUBJECT_COUNTRY;
		if (!is_country(s))
			return RES_SYNTAX;
		n->net = subject_of_country(s.at);
		return RES_OK;
	}
	if (cut_word(&s, "domain:")) {
		n->subject = SUBJECT_DOMAIN;
		return parse_domain(s, &n->net);
	}
	if (cut_word(&s, "user:")) {
		n->subject = SUBJECT_USER;
		return subject_of_user(s, &n->net);
	}
	n->subject = SUBJECT_NET;
	res = cidr_parse(&n->net, s);
	return res == RES_OK && subject_of(&n->net) != SUBJECT_NET ? RES_SYNTAX
								   : res;
}

/* "block:" or "block@DOMAIN:" off the front of *s. */
static enum result parse_list(
	struct list_name *n, struct slice *s, struct slice *domain)
{
	size_t colon;

	if (cut_word(s, "block"))
		n->kind = LIST_BLOCK;
	else if (cut_word(s, "allow"))
		n->kind = LIST_ALLOW;
	else
		return RES_MISSING;
	*domain = slice_make(s->at, 0);
	if (cut_word(s, ":"))
		return RES_OK;
	if (!cut_word(s, "@"))
		return RES_MISSING;
	colon = slice_find(*s, ':');
	if (colon == 0 || colon == s->len)
		return RES_SYNTAX;
	*domain = slice_part(*s, 0, colon);
	*s = slice_part(*s, colon + 1, s->len);
	return RES_OK;
}

/* How the key is spelled, compared with the one spelling that we write. */
static void compare_spelling(
	struct list_name *n, struct slice prefix, struct slice key)
{
	char text[LIST_NAME_MAX];
	struct slice canonical;
	struct slice rest;

	canonical = slice_make(text, list_name_format(n, prefix, text));
	if (canonical.len == 0 || !slice_has_prefix(key, canonical))
		return;
	rest = slice_part(key, canonical.len, key.len);
	n->is_canonical = rest.len == 0;
	n->is_slashed = n->subject == SUBJECT_NET && n->net.bits == 128 &&
		slice_is_equal(
			rest, slice_of(cidr_is_v4(&n->net) ? "/32" : "/128"));
}

enum result list_name_parse(
	struct list_name *out, struct slice prefix, struct slice key)
{
	struct list_name n;
	struct slice rest;
	struct slice domain;
	size_t len;
	enum result res;

	if (!slice_has_prefix(key, prefix))
		return RES_MISSING;
	memset(&n, 0, sizeof(n));
	rest = slice_part(key, prefix.len, key.len);
	res = parse_list(&n, &rest, &domain);
	if (res == RES_MISSING)
		return res;
	if (key.len >= LIST_NAME_MAX)
		return RES_TOOBIG;
	if (res == RES_OK && domain.len > 0)
		res = hostname_parse(domain, n.scope, &len);
	if (res == RES_OK)
		res = parse_subject(&n, rest);
	if (res != RES_OK)
		return res;
	compare_spelling(&n, prefix, key);
	*out = n;
	return RES_OK;
}

static bool put(char *out, size_t *len, const char *at, size_t count)
{
	if (count >= LIST_NAME_MAX - *len)
		return false;
	if (count > 0)
		memcpy(out + *len, at, count);
	*len += count;
	return true;
}

static bool put_text(char *out, size_t *len, const char *text)
{
	return put(out, len, text, strlen(text));
}

size_t list_name_format(
	const struct list_name *n, struct slice prefix, char out[LIST_NAME_MAX])
{
	char net[SUBJECT_TEXT_MAX];
	size_t len = 0;
	bool fits;

	fits = put(out, &len, prefix.at, prefix.len) &&
		put_text(out, &len, list_kind_name(n->kind));
	if (fits && n->scope[0] != '\0')
		fits = put_text(out, &len, "@") &&
			put_text(out, &len, n->scope);
	fits = fits && put_text(out, &len, ":") &&
		put_text(out, &len,
			n->subject == SUBJECT_NET
				? cidr_format(&n->net, net)
				: subject_format(&n->net, net));
	if (!fits)
		len = 0;
	out[len] = '\0';
	return len;
}

bool trust_kind_parse(struct slice word, enum trust_kind *out)
{
	if (slice_is_equal(word, slice_of("arc")))
		*out = TRUST_ARC;
	else if (slice_is_equal(word, slice_of("list")))
		*out = TRUST_LIST;
	else
		return false;
	return true;
}

enum result trust_name_parse(
	struct trust_name *out, struct slice prefix, struct slice key)
{
	struct slice rest = slice_part(key, prefix.len, key.len);
	struct trust_name n = { .kind = TRUST_ARC };
	size_t colon, len;
	enum result res;

	if (!slice_has_prefix(key, prefix) || !cut_word(&rest, TRUST_KEY))
		return RES_MISSING;
	if (key.len >= LIST_NAME_MAX)
		return RES_TOOBIG;
	colon = slice_find(rest, ':');
	if (colon == rest.len ||
		!trust_kind_parse(slice_part(rest, 0, colon), &n.kind))
		return RES_SYNTAX;
	rest = slice_part(rest, colon + 1, rest.len);
	res = hostname_parse(rest, n.domain, &len);
	if (res != RES_OK)
		return res;
	if (memchr(n.domain, '.', len) == NULL)
		return RES_SYNTAX;
	*out = n;
	return RES_OK;
}

void keys_format(struct buf *out, struct slice prefix, const char *fixed,
	struct slice rest)
{
	buf_add(out, prefix);
	buf_add_text(out, fixed);
	buf_add(out, rest);
}

bool list_net_needs_force(const struct cidr *net)
{
	return cidr_length(net) < (cidr_is_v4(net) ? 8u : 16u);
}
