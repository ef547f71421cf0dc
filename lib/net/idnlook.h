/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net/idnlook - does an internationalised name try to pass for another one?
 *
 * Of its characters alone, label by label, as browsers decide whether to show
 * it (compare UTS 39 s5.1): a name in one script, or in Latin with Chinese,
 * Japanese or Korean, is plain. Threads: plain data.
 */
#pragma once

#include "net/psl.h"

enum idnlook {
	IDNLOOK_PLAIN = 0,
	IDNLOOK_MIXED, /* a label has letters of several scripts */
	IDNLOOK_LATIN, /* a label of another script looks like Latin letters */
	IDNLOOK_BROKEN /* an A-label that is none */
};

/* name: folded, A-labels. *len of out is what a reader would see, in UTF-8, or
 * name itself when it is broken. */
enum idnlook idnlook_of(
	struct slice name, char out[PSL_UNICODE_MAX], size_t *len);
