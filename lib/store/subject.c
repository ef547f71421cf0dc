/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/subject.h"

#include "base/digest.h"
#include "base/hex.h"

#include <stdio.h>
#include <string.h>

/* ff 00 KIND, then what it is about, in the last octets. */
enum {
	HEAD = 0xff,
	KIND_AT = 2,
	VALUE_AT = 3,
	VALUE_LEN = 13,
	KIND_DOMAIN = 1,
	KIND_ASN = 2,
	KIND_COUNTRY = 3,
	KIND_USER = 4,
	USER_AT = 8,
	USER_LEN = 8,
	ALL_BITS = 128
};

static struct cidr place(uint8_t kind)
{
	struct cidr c = { .bits = ALL_BITS };

	c.net.octet[0] = HEAD;
	c.net.octet[KIND_AT] = kind;
	return c;
}

struct cidr subject_of_asn(uint32_t asn)
{
	struct cidr c = place(KIND_ASN);

	for (unsigned i = 0; i < 4; i++)
		c.net.octet[15 - i] = (uint8_t)(asn >> (8 * i));
	return c;
}

static uint8_t capital(char c)
{
	return (uint8_t)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
}

struct cidr subject_of_country(const char country[2])
{
	struct cidr c = place(KIND_COUNTRY);

	c.net.octet[14] = capital(country[0]);
	c.net.octet[15] = capital(country[1]);
	return c;
}

enum result subject_of_domain(struct slice domain, struct cidr *out)
{
	struct digest *d = digest_new();
	uint8_t hash[SHA256_LEN];
	enum result res = RES_NOMEM;

	if (d == NULL)
		return RES_NOMEM;
	digest_add(d, domain);
	res = digest_end(d, hash);
	digest_free(d);
	if (res != RES_OK)
		return res;
	*out = place(KIND_DOMAIN);
	memcpy(out->net.octet + VALUE_AT, hash, VALUE_LEN);
	return RES_OK;
}

enum result subject_of_user(struct slice hash, struct cidr *out)
{
	struct cidr c = place(KIND_USER);

	if (hash.len != 2 * USER_LEN)
		return RES_SYNTAX;
	for (size_t i = 0; i < USER_LEN; i++) {
		char octet;

		if (!hex_read(slice_part(hash, 2 * i, 2), &octet))
			return RES_SYNTAX;
		c.net.octet[USER_AT + i] = (uint8_t)octet;
	}
	*out = c;
	return RES_OK;
}

enum list_subject subject_of(const struct cidr *net)
{
	const uint8_t *o = net->net.octet;

	if (o[0] != HEAD || o[1] != 0)
		return SUBJECT_NET;
	if (net->bits == ALL_BITS && o[KIND_AT] == KIND_DOMAIN)
		return SUBJECT_DOMAIN;
	if (net->bits == ALL_BITS && o[KIND_AT] == KIND_ASN)
		return SUBJECT_ASN;
	if (net->bits == ALL_BITS && o[KIND_AT] == KIND_COUNTRY)
		return SUBJECT_COUNTRY;
	if (net->bits == ALL_BITS && o[KIND_AT] == KIND_USER)
		return SUBJECT_USER;
	return SUBJECT_UNKNOWN;
}

static void format_domain(const uint8_t *value, char out[SUBJECT_TEXT_MAX])
{
	static const char head[] = "domain:#";

	memcpy(out, head, sizeof(head));
	hex_format(value, VALUE_LEN, out + sizeof(head) - 1);
}

static void format_user(const uint8_t *value, char out[SUBJECT_TEXT_MAX])
{
	static const char head[] = "user:";

	memcpy(out, head, sizeof(head));
	hex_format(value, USER_LEN, out + sizeof(head) - 1);
}

const char *subject_format(const struct cidr *net, char out[SUBJECT_TEXT_MAX])
{
	const uint8_t *o = net->net.octet;

	switch (subject_of(net)) {
	case SUBJECT_ASN:
		snprintf(out, SUBJECT_TEXT_MAX, "asn:%lu",
			(unsigned long)o[12] << 24 |
				(unsigned long)o[13] << 16 |
				(unsigned long)o[14] << 8 | o[15]);
		return out;
	case SUBJECT_COUNTRY:
		snprintf(out, SUBJECT_TEXT_MAX, "country:%c%c", o[14], o[15]);
		return out;
	case SUBJECT_DOMAIN:
		format_domain(o + VALUE_AT, out);
		return out;
	case SUBJECT_USER:
		format_user(o + USER_AT, out);
		return out;
	case SUBJECT_NET:
	case SUBJECT_UNKNOWN:
		break;
	}
	return cidr_format(net, out);
}

unsigned subject_rank(const struct cidr *net)
{
	switch (subject_of(net)) {
	case SUBJECT_DOMAIN:
		return 1;
	case SUBJECT_ASN:
		return 2;
	case SUBJECT_COUNTRY:
		return 3;
	case SUBJECT_NET:
	case SUBJECT_USER:
	case SUBJECT_UNKNOWN:
		break;
	}
	return 0;
}
