/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/bodytext - what a reader of a body sees, and where its links lead.
 *
 * Threads: plain data.
 */
#pragma once

#include "base/buf.h"
#include "fact/body.h"

struct arena;
struct conf_mime;

enum { BODYTEXT_SHOWN_MAX = 256 }; /* octets kept of what a link shows */

/*
 * Reads the parts of *facts and fills its text, links and hidden. The text goes
 * into the buffer given, of mime.text_max; what has no room there is left out.
 * RES_NOMEM.
 */
enum result bodytext_make(const struct conf_mime *limits, struct arena *a,
	struct buf *text, struct body_facts *facts) MUST_USE;
