/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/tagged.h"

#include "base/hmac.h"
#include "store/secret.h"

#include <stdio.h>

enum { ID_LEN = CASE_REF_MAX - 1, PURPOSE_MAX = 32 };

/* "tagged-ticket": no other hash of ours is over the same text. */
static enum result make_mac(const struct secret *s, const char *name,
	struct slice id, char out[TAGGED_MAC_LEN + 1])
{
	static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
	char purpose[PURPOSE_MAX];
	uint8_t digest[SHA256_LEN];
	uint64_t bits = 0;
	enum result res;

	snprintf(purpose, sizeof(purpose), "tagged-%s", name);
	res = secret_sign(s, purpose, id, digest);
	if (res != RES_OK)
		return res;
	for (size_t i = 0; i < sizeof(bits); i++)
		bits = bits << 8 | digest[i];
	for (size_t i = 0; i < TAGGED_MAC_LEN; i++) {
		out[i] = alphabet[bits & 31];
		bits >>= 5;
	}
	out[TAGGED_MAC_LEN] = '\0';
	return RES_OK;
}

static char to_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

enum result tagged_format(const struct secret *s, const char *name,
	struct slice id, const char *host, char out[TAGGED_MAX])
{
	char mac[TAGGED_MAC_LEN + 1];
	char folded[CASE_REF_MAX];
	char lower[CASE_REF_MAX] = "";
	enum result res = case_ref_parse(id, folded);
	int len;

	out[0] = '\0';
	if (res == RES_OK)
		res = make_mac(s, name, slice_of(folded), mac);
	if (res != RES_OK)
		return res;
	for (size_t i = 0; i < ID_LEN; i++)
		lower[i] = to_lower(folded[i]);
	len = snprintf(out, TAGGED_MAX, "%s+%s.%s@%s", name, lower, mac, host);
	if (len > 0 && len < TAGGED_MAX)
		return RES_OK;
	out[0] = '\0';
	return RES_TOOBIG;
}

enum result tagged_parse(const struct secret *s, const char *name,
	struct slice local, char id[CASE_REF_MAX])
{
	struct slice rest = slice_part(local, slice_of(name).len, local.len);
	char folded[CASE_REF_MAX];
	char want[TAGGED_MAC_LEN + 1];
	char got[TAGGED_MAC_LEN];
	enum result res;

	if (!slice_has_prefix_nocase(local, slice_of(name)) ||
		rest.len != 1 + ID_LEN + 1 + TAGGED_MAC_LEN ||
		rest.at[0] != '+' || rest.at[1 + ID_LEN] != '.' ||
		case_ref_parse(slice_part(rest, 1, ID_LEN), folded) != RES_OK)
		return RES_MISSING;
	res = make_mac(s, name, slice_of(folded), want);
	if (res != RES_OK)
		return res;
	for (size_t i = 0; i < TAGGED_MAC_LEN; i++)
		got[i] = to_lower(rest.at[1 + ID_LEN + 1 + i]);
	if (!hmac_is_equal(got, want, TAGGED_MAC_LEN))
		return RES_DENIED;
	snprintf(id, CASE_REF_MAX, "%s", folded);
	return RES_OK;
}
