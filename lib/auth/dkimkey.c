/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/dkimkey.h"

#include "base/arena.h"
#include "dns/answer.h"
#include "mail/base64.h"
#include "mail/taglist.h"
#include "net/hostname.h"

#include <string.h>

enum {
	RECORDS_MAX = 16, /* looked at to find the one that is a key */
	ED25519_OCTETS = 32,
	EXPONENT_OCTETS = 4,
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_SEQUENCE = 0x30,
	DER_HEAD_MAX = 4, /* tag and length of up to 65,535 octets */
	DER_SHORT_MAX = 0x7f
};

/* AlgorithmIdentifier of rsaEncryption (RFC 3279 s2.3.1). */
static const uint8_t rsa_algorithm[] = { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86,
	0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00 };

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

/* ---- DER (X.690 s10), as much of it as a key needs ---- */

/* The length behind a tag, and how many octets it takes; 0: not DER, or past
 * 65,535. */
static size_t der_length(const uint8_t *at, size_t left, size_t *len)
{
	if (left >= 1 && at[0] <= DER_SHORT_MAX) {
		*len = at[0];
		return 1;
	}
	if (left >= 2 && at[0] == 0x81 && at[1] > DER_SHORT_MAX) {
		*len = at[1];
		return 2;
	}
	if (left >= 3 && at[0] == 0x82 && at[1] != 0) {
		*len = (size_t)at[1] << 8 | at[2];
		return 3;
	}
	return 0;
}

/* Cuts one element of that tag off the front of *rest. */
static bool der_cut(struct slice *rest, unsigned tag, struct slice *out)
{
	const uint8_t *at = (const uint8_t *)rest->at;
	size_t head, len = 0;

	if (rest->len < 2 || at[0] != tag)
		return false;
	head = der_length(at + 1, rest->len - 1, &len);
	if (head == 0 || len > rest->len - 1 - head)
		return false;
	*out = slice_part(*rest, 1 + head, len);
	*rest = slice_part(*rest, 1 + head + len, rest->len);
	return true;
}

/* A positive INTEGER without its sign octet. */
static bool der_cut_positive(struct slice *rest, struct slice *out)
{
	const uint8_t *at;

	if (!der_cut(rest, DER_INTEGER, out) || out->len == 0)
		return false;
	at = (const uint8_t *)out->at;
	if (at[0] > DER_SHORT_MAX)
		return false;
	if (at[0] != 0)
		return true;
	if (out->len < 2 || at[1] <= DER_SHORT_MAX)
		return false;
	*out = slice_part(*out, 1, out->len);
	return true;
}

static unsigned bits_of(struct slice positive)
{
	unsigned top = (unsigned char)positive.at[0];
	unsigned bits = (unsigned)(positive.len - 1) * 8;

	for (; top > 0; top >>= 1)
		bits++;
	return bits;
}

static bool is_odd(struct slice positive)
{
	return ((unsigned char)positive.at[positive.len - 1] & 1) != 0;
}

/* RSAPublicKey (RFC 8017 A.1.1), nothing behind it. */
static bool read_rsa(struct slice der, unsigned *bits)
{
	struct slice inner, modulus, exponent;

	if (!der_cut(&der, DER_SEQUENCE, &inner) || der.len > 0 ||
		!der_cut_positive(&inner, &modulus) ||
		!der_cut_positive(&inner, &exponent) || inner.len > 0)
		return false;
	/* An exponent of 1 signs nothing, a long one only costs time. */
	if (modulus.len > DKIMKEY_BITS_MAX / 8 || !is_odd(modulus) ||
		exponent.len > EXPONENT_OCTETS || !is_odd(exponent) ||
		bits_of(exponent) < 2)
		return false;
	*bits = bits_of(modulus);
	return true;
}

/* The RSAPublicKey inside SubjectPublicKeyInfo (RFC 5280 s4.1). */
static bool unwrap(struct slice der, struct slice *out)
{
	struct slice algorithm =
		slice_make(rsa_algorithm, sizeof(rsa_algorithm));
	struct slice inner, bits;

	if (!der_cut(&der, DER_SEQUENCE, &inner) || der.len > 0 ||
		!slice_has_prefix(inner, algorithm))
		return false;
	inner = slice_part(inner, algorithm.len, inner.len);
	if (!der_cut(&inner, DER_BIT_STRING, &bits) || inner.len > 0 ||
		bits.len == 0 || bits.at[0] != 0)
		return false;
	*out = slice_part(bits, 1, bits.len);
	return true;
}

static size_t put_head(uint8_t *to, unsigned tag, size_t len)
{
	size_t n = 0;

	to[n++] = (uint8_t)tag;
	if (len > 0xff) {
		to[n++] = 0x82;
		to[n++] = (uint8_t)(len >> 8);
	} else if (len > DER_SHORT_MAX) {
		to[n++] = 0x81;
	}
	to[n++] = (uint8_t)len;
	return n;
}

static enum result wrap(struct slice bare, struct arena *a, struct slice *out)
{
	uint8_t bits[DER_HEAD_MAX + 1], outer[DER_HEAD_MAX];
	size_t bits_len = put_head(bits, DER_BIT_STRING, bare.len + 1);
	size_t len, at = 0;
	uint8_t *to;

	bits[bits_len++] = 0; /* no unused bits */
	len = sizeof(rsa_algorithm) + bits_len + bare.len;
	at = put_head(outer, DER_SEQUENCE, len);
	to = arena_alloc(a, at + len);
	if (to == NULL)
		return RES_NOMEM;
	*out = slice_make(to, at + len);
	memcpy(to, outer, at);
	memcpy(to + at, rsa_algorithm, sizeof(rsa_algorithm));
	at += sizeof(rsa_algorithm);
	memcpy(to + at, bits, bits_len);
	memcpy(to + at + bits_len, bare.at, bare.len);
	return RES_OK;
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
	bool is_wrapped = unwrap(der, &bare);

	if (!read_rsa(bare, &out->key_bits)) {
		settle(out, DKIMKEY_INVALID, "p= is no RSA key");
		return RES_OK;
	}
	out->key = der;
	settle(out, DKIMKEY_GOOD, "");
	return is_wrapped ? RES_OK : wrap(bare, a, &out->key);
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
