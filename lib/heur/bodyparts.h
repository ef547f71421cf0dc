/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/bodyparts - a body's parts, decoded, and what each is.
 *
 * Threads: plain data.
 */
#pragma once

#include "fact/body.h"
#include "mail/mime.h"

struct arena;
struct conf_mime;

/* Octets kept of what nobody looks into: images and PDF. */
enum { BODYPARTS_FRONT = 4096, BODYPARTS_NAME_MAX = 1024 };

/*
 * Fills the parts of *facts and what is said of the whole (too deep, too many,
 * broken, above 127). Contents are in a, or point into raw. facts->is_cut says
 * that raw is not all of the body. RES_NOMEM: *facts says nothing.
 */
enum result bodyparts_make(struct slice raw, const struct mime_head *head,
	const struct conf_mime *limits, struct arena *a,
	struct body_facts *facts) MUST_USE;
