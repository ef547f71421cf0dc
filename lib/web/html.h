/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * web/html - the one way for text into a page.
 *
 * Whatever octets come in, what goes out is text in UTF-8 that holds neither
 * markup nor characters that hide or turn around what stands beside them.
 * Threads: any.
 */
#pragma once

#include "base/buf.h"

/*
 * & < > " ' become references, so the result fits between tags and inside a
 * quoted attribute. Octets that are not UTF-8 (RFC 3629), controls, and the
 * marks that change the direction of text become U+FFFD; HT and LF a blank.
 */
void html_add(struct buf *out, struct slice text);
void html_add_text(struct buf *out, const char *text);
