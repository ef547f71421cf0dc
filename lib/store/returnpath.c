/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/returnpath.h"

#include "store/secret.h"

#include <stdio.h>
#include <string.h>

enum { OCTETS = 32, SYMBOL_BITS = 5, OCTET_BITS = 8 };

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
static const char first[] = "bounce+";

static enum result make_mac(
	const struct secret *s, struct slice id, char out[RETURNPATH_MAC_LEN])
{
	uint8_t hash[OCTETS];
	enum result res = secret_sign(s, "bounce", id, hash);

	if (res != RES_OK)
		return res;
	for (size_t i = 0; i < RETURNPATH_MAC_LEN; i++) {
		unsigned symbol = 0;

		for (size_t bit = i * SYMBOL_BITS; bit < (i + 1) * SYMBOL_BITS;
			bit++) {
			const unsigned shift =
				OCTET_BITS - 1 - (unsigned)(bit % OCTET_BITS);

			symbol = symbol << 1 |
				((unsigned)hash[bit / OCTET_BITS] >> shift &
					1U);
		}
		out[i] = alphabet[symbol];
	}
	return RES_OK;
}

enum result returnpath_format(const struct secret *s, struct slice id,
	const char *host, char out[RETURNPATH_MAX])
{
	char mac[RETURNPATH_MAC_LEN];
	enum result res = make_mac(s, id, mac);
	int len;

	if (res != RES_OK)
		return res;
	len = snprintf(out, RETURNPATH_MAX, "%s%.*s.%.*s@%s", first,
		SLICE_ARG(id), RETURNPATH_MAC_LEN, mac, host);
	return len < 0 || len >= RETURNPATH_MAX ? RES_TOOBIG : RES_OK;
}

enum result returnpath_parse(
	const struct secret *s, struct slice local, char id[CASE_REF_MAX])
{
	const struct slice rest =
		slice_part(local, sizeof(first) - 1, local.len);
	const size_t dot = slice_find_last(rest, '.');
	const struct slice shown = slice_part(rest, dot + 1, rest.len);
	char ref[CASE_REF_MAX];
	char mac[RETURNPATH_MAC_LEN];
	enum result res;

	if (!slice_has_prefix_nocase(local, slice_of(first)) ||
		shown.len != RETURNPATH_MAC_LEN ||
		case_ref_parse(slice_part(rest, 0, dot), ref) != RES_OK)
		return RES_MISSING;
	res = make_mac(s, slice_of(ref), mac);
	if (res != RES_OK)
		return res;
	/* Not in constant time: whoever guesses does so over mail. */
	if (!slice_is_equal_nocase(shown, slice_make(mac, sizeof(mac))))
		return RES_DENIED;
	memcpy(id, ref, sizeof(ref));
	return RES_OK;
}
