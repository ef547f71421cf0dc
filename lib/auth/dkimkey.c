/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/dkimkey.h"

#include "base/arena.h"
#include "base/der.h"
#include "dns/answer.h"
#include "mail/base64.h"
#include "mail/taglist.h"
#include "net/hostname.h"

#include <string.h>

enum {
	RECORDS_MAX = 16, /* looked at to find the one that is a key */
	ED25519_OCTETS = 32,
	EXPONENT_OCTETS = 4
};

static const char *const status_names[] = {
	[DKIMKEY_NOT_TOLD] = "not_told",
	[DKIMKEY_GOOD] = "good",
	[DKIMKEY_MISSING] = "missing",
	[DKIMKEY_SEVERAL] = "several",
	[DKIMKEY_REVOKED] = "revoked",
	[DKIMKEY_INVALID] = "invalid",
};

const char *dkimkey_status_name(enum dkimkey_status s)
{
	return status_names[s];
}

static void settle(
	struct dkimkey *out, enum dkimkey_status status, const char *reason)
{
	out->status = status;
	out->reason = reason;
}

/* An exponent of 1 signs nothing, a long one only costs time. */
static bool read_rsa(struct slice der, unsigned *bits)
{
	struct slice modulus, exponent;

	if (!der_read_rsa(der, &modulus, &exponent) ||
		modulus.len > DKIMKEY_BITS_MAX / 8 || !der_is_odd(modulus) ||
		exponent.len > EXPONENT_OCTETS || !der_is_odd(exponent) ||
		der_bits(exponent) < 2)
		return false;
	*bits = der_bits(modulus);
	return true;
}

/* ---- tags ---- */

static bool list_has(struct slice list, const char *word)
{
	struct slice item;

	while (slice_cut(&list, ':', &item))
		if (slice_is_equal(slice_trim(item), slice_of(word)))
			return true;
	return false;
}

static enum result take_rsa(
	struct slice der, struct arena *a, struct dkimkey *out)
{
	struct slice bare = der;
	bool is_wrapped = der_unwrap_rsa(der, &bare);

	if (!read_rsa(bare, &out->key_bits)) {
		settle(out, DKIMKEY_INVALID, "p= is no RSA key");
		return RES_OK;
	}
	out->key = der;
	settle(out, DKIMKEY_GOOD, "");
	return is_wrapped ? RES_OK : der_wrap_rsa(bare, a, &out->key);
}

static enum result take_key(
	struct slice p, struct arena *a, struct dkimkey *out)
{
	struct slice der;
	enum result res = taglist_squeeze(p, a, &p);

	if (res != RES_OK)
		return RES_NOMEM;
	if (p.len == 0) {
		settle(out, DKIMKEY_REVOKED, "the key is revoked");
		return RES_OK;
	}
	res = base64_decode(p, a, &der);
	if (res == RES_NOMEM)
		return res;
	if (res != RES_OK) {
		settle(out, DKIMKEY_INVALID, "p= is not base64");
		return RES_OK;
	}
	if (out->type == DKIMKEY_RSA)
		return take_rsa(der, a, out);
	if (der.len != ED25519_OCTETS) {
		settle(out, DKIMKEY_INVALID, "p= is no Ed25519 key");
		return RES_OK;
	}
	out->key = der;
	out->key_bits = 256;
	settle(out, DKIMKEY_GOOD, "");
	return RES_OK;
}

static enum dkimkey_type type_of(const struct slice *k)
{
	if (k == NULL || slice_is_equal(*k, slice_of("rsa")))
		return DKIMKEY_RSA;
	if (slice_is_equal(*k, slice_of("ed25519")))
		return DKIMKEY_ED25519;
	return DKIMKEY_UNKNOWN;
}

static void take_flags(const struct taglist *tags, struct dkimkey *out)
{
	const struct slice *h = taglist_find(tags, "h");
	const struct slice *s = taglist_find(tags, "s");
	const struct slice *t = taglist_find(tags, "t");

	out->allows_sha256 = h == NULL || list_has(*h, "sha256");
	out->allows_email =
		s == NULL || list_has(*s, "*") || list_has(*s, "email");
	out->is_testing = t != NULL && list_has(*t, "y");
	out->is_strict = t != NULL && list_has(*t, "s");
}

/* RFC 6376 s3.6.1: v= may be missing; else it is the first and "DKIM1". */
static bool version_is_right(const struct taglist *tags)
{
	const struct slice *v = taglist_find(tags, "v");

	return v == NULL ||
		(v == &tags->tag[0].value &&
			slice_is_equal(*v, slice_of("DKIM1")));
}

static enum result take_record(
	struct slice text, struct arena *a, struct dkimkey *out)
{
	struct taglist tags;
	const struct slice *p;
	enum result res = taglist_parse(&tags, text);

	out->record = text;
	if (res != RES_OK) {
		settle(out, DKIMKEY_INVALID,
			res == RES_EXISTS ? "the key has a tag twice"
					  : "the key is no list of tags");
		return RES_OK;
	}
	take_flags(&tags, out);
	out->type = type_of(taglist_find(&tags, "k"));
	p = taglist_find(&tags, "p");
	if (!version_is_right(&tags))
		settle(out, DKIMKEY_INVALID, "v= of the key is wrong");
	else if (p == NULL)
		settle(out, DKIMKEY_INVALID, "the key has no p=");
	else if (out->type == DKIMKEY_UNKNOWN)
		settle(out, DKIMKEY_INVALID,
			"k= is a type that we do not know");
	else
		return take_key(*p, a, out);
	return RES_OK;
}

/* Does it try to be a key? Other records may share the name by a wildcard. */
static bool is_key_like(struct slice text)
{
	struct taglist tags;

	if (slice_has_prefix(slice_trim(text), slice_of("v=DKIM1")))
		return true;
	return taglist_parse(&tags, text) == RES_OK &&
		taglist_find(&tags, "p") != NULL && version_is_right(&tags);
}

static enum result take_several(
	const struct dns_answer *answer, struct arena *a, struct dkimkey *out)
{
	struct slice text, key = { NULL, 0 };
	size_t keys = 0;

	for (size_t i = 0; i < answer->count && i < RECORDS_MAX; i++) {
		enum result res = dns_txt_join(answer->rdata[i], a, &text);

		if (res == RES_NOMEM)
			return res;
		if (res != RES_OK || !is_key_like(text))
			continue;
		key = text;
		keys++;
	}
	if (keys == 1)
		return take_record(key, a, out);
	if (keys == 0)
		settle(out, DKIMKEY_MISSING, "none of its records is a key");
	else
		settle(out, DKIMKEY_SEVERAL, "there is more than one key");
	return RES_OK;
}

enum result dkimkey_name(struct slice selector, struct slice domain,
	struct arena *a, struct slice *out)
{
	static const char middle[] = "._domainkey.";
	size_t len = selector.len + sizeof(middle) - 1 + domain.len;
	char *name;

	if (selector.len >= HOSTNAME_MAX || domain.len >= HOSTNAME_MAX ||
		len >= HOSTNAME_MAX)
		return RES_TOOBIG;
	name = arena_alloc(a, len);
	if (name == NULL)
		return RES_NOMEM;
	memcpy(name, selector.at, selector.len);
	memcpy(name + selector.len, middle, sizeof(middle) - 1);
	memcpy(name + len - domain.len, domain.at, domain.len);
	*out = slice_make(name, len);
	return RES_OK;
}

enum result dkimkey_read(
	const struct dns_answer *answer, struct arena *a, struct dkimkey *out)
{
	struct slice text;
	enum result res;

	*out = (struct dkimkey){ .status = DKIMKEY_NOT_TOLD,
		.is_secure = answer->is_secure };
	switch (answer->status) {
	case DNS_UNKNOWN:
		settle(out, DKIMKEY_NOT_TOLD, dns_why_text(answer->why));
		return RES_OK;
	case DNS_NXDOMAIN:
	case DNS_NODATA:
		settle(out, DKIMKEY_MISSING, "there is no such key");
		return RES_OK;
	case DNS_FOUND:
		break;
	}
	if (answer->count > 1)
		return take_several(answer, a, out);
	res = dns_txt_join(answer->rdata[0], a, &text);
	if (res == RES_OK)
		return take_record(text, a, out);
	settle(out, DKIMKEY_INVALID, "the key is no text");
	return res == RES_NOMEM ? res : RES_OK;
}
