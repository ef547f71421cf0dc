/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/token.h"

#include "base/buf.h"
#include "base/hex.h"
#include "base/hmac.h"
#include "store/keys.h"
#include "store/secret.h"

#include <string.h>

enum {
	OCTETS = 16,
	SPARE_BITS = 5 * TOKEN_LEN - 8 * OCTETS, /* zero, in front */
};

/* Crockford's base32: no i, l, o, u. */
static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

static const struct {
	enum token_purpose purpose;
	const char *name;
	/* What the secret is told it signs: no other use of it has that. */
	const char *signed_as;
} purposes[] = {
	{ TOKEN_MAIL, "mail", "token mail" },
	{ TOKEN_ADDRESS, "address", "token address" },
	{ TOKEN_CANCEL, "cancel", "token cancel" },
	{ TOKEN_TICKET, "ticket", "token ticket" },
	{ TOKEN_SPONSOR, "sponsor", "token sponsor" },
	{ TOKEN_FBL, "fbl", "token fbl" },
	{ TOKEN_FBL_RECORD, "fbl-record", "token fbl-record" },
	{ TOKEN_FBL_PAGE, "fbl-page", "token fbl-page" },
	{ TOKEN_FBL_END, "fbl-end", "token fbl-end" },
};

enum { PURPOSES = sizeof(purposes) / sizeof(purposes[0]) };

const char *token_purpose_name(enum token_purpose p)
{
	for (size_t i = 0; i < PURPOSES; i++)
		if (purposes[i].purpose == p)
			return purposes[i].name;
	return "";
}

enum token_purpose token_purpose_parse(struct slice word)
{
	for (size_t i = 0; i < PURPOSES; i++)
		if (slice_is_equal(word, slice_of(purposes[i].name)))
			return purposes[i].purpose;
	return TOKEN_NONE;
}

/* A number of 128 bits in 26 digits of 5, the greatest first. */
static void format_token(const uint8_t octet[OCTETS], char out[TOKEN_TEXT_MAX])
{
	unsigned held = 0, bits = SPARE_BITS;
	size_t n = 0;

	for (size_t i = 0; i < OCTETS; i++) {
		held = held << 8 | octet[i];
		bits += 8;
		while (bits >= 5) {
			bits -= 5;
			out[n++] = alphabet[held >> bits & 31];
		}
		held &= (1U << bits) - 1;
	}
	out[n] = '\0';
}

enum result token_make(const struct secret *s, enum token_purpose purpose,
	struct slice id, char out[TOKEN_TEXT_MAX])
{
	uint8_t digest[SHA256_LEN];
	const char *signed_as = NULL;
	enum result res;

	for (size_t i = 0; i < PURPOSES; i++)
		if (purposes[i].purpose == purpose)
			signed_as = purposes[i].signed_as;
	if (signed_as == NULL)
		return RES_INTERNAL;
	res = secret_sign(s, signed_as, id, digest);
	if (res == RES_OK)
		format_token(digest, out);
	return res;
}

/* The digit as this module writes it, or NUL. */
static char fold(char c)
{
	if (c >= 'A' && c <= 'Z')
		c = (char)(c - 'A' + 'a');
	if (c == 'i' || c == 'l')
		c = '1';
	if (c == 'o')
		c = '0';
	return c != '\0' && strchr(alphabet, c) != NULL ? c : '\0';
}

enum result token_parse(struct slice text, char out[TOKEN_TEXT_MAX])
{
	char folded[TOKEN_TEXT_MAX];

	if (text.len != TOKEN_LEN)
		return RES_SYNTAX;
	for (size_t i = 0; i < TOKEN_LEN; i++) {
		folded[i] = fold(text.at[i]);
		if (folded[i] == '\0')
			return RES_SYNTAX;
	}
	if (folded[0] >= '0' + (1 << (5 - SPARE_BITS)))
		return RES_SYNTAX; /* more than 128 bits */
	folded[TOKEN_LEN] = '\0';
	memcpy(out, folded, sizeof(folded));
	return RES_OK;
}

enum result token_key(
	const char token[TOKEN_TEXT_MAX], struct slice prefix, struct buf *out)
{
	char text[TOKEN_HASH_MAX];
	uint8_t digest[SHA256_LEN];
	enum result res = sha256(slice_of(token), digest);

	if (res != RES_OK)
		return res;
	hex_format(digest, sizeof(digest), text);
	keys_format(out, prefix, "token:", slice_of(text));
	return buf_result(out);
}
