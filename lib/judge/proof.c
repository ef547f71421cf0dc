/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/proof.h"

bool proof_read(struct slice local, char token[TOKEN_TEXT_MAX])
{
	const struct slice mailbox = slice_of("delist+");

	return slice_has_prefix_nocase(local, mailbox) &&
		token_parse(slice_part(local, mailbox.len, local.len), token) ==
		RES_OK;
}
