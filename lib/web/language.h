/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * web/language - the languages of the site, and which one a visitor reads.
 * Threads: any.
 */
#pragma once

#include "base/slice.h"

enum language {
	LANGUAGE_EN = 0, /* the one in which texts are written */
	LANGUAGE_ES,
	LANGUAGE_PT_BR,
	LANGUAGE_COUNT
};

/* "en", "es", "pt-BR" (RFC 5646). Static. */
const char *language_tag(enum language l);
/* Its name in itself: "English", "Español", "Português". Static. */
const char *language_name(enum language l);
/* A tag in any case, "_" for "-" too; the primary subtag decides. False: none
 * of ours. */
bool language_parse(struct slice tag, enum language *out);

/*
 * The value of "?lang=" if it is one of ours, else the best of Accept-Language
 * (RFC 9110 s12.5.4: q-values, ranges; pt, pt-PT give pt-BR; q=0 means never;
 * "*" any), else fallback. Of accept the first 512 octets count.
 */
enum language language_choose(
	struct slice wanted, struct slice accept, enum language fallback);
