/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/frame - what stands in the view of every page: who we are, the
 * languages, and where to get help. The names are in portal/visit.h.
 * Threads: the visit's own.
 */
#pragma once

#include "base/buf.h"

struct visit;

/* v->view, language and query are there already. */
void frame_fill(struct visit *v);

/* A path and a query as they stand in an URL: what is not unreserved (RFC 3986
 * s2.3) nor '/' as %XX. */
void frame_add_escaped(struct buf *out, struct slice text);
