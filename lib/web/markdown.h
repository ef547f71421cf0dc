/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * web/markdown - the only file that knows libcmark.
 *
 * CommonMark to HTML. Raw HTML and links that run script are left out, so a
 * text cannot break the page around it. Threads: any.
 */
#pragma once

#include "base/buf.h"

/*
 * The first line is "# TEXT", the title, which is plain text and no part of the
 * markup; empty lines and comments of one line in front of it are left out.
 * A heading "## TEXT {#ID}" gets that id, of letters a to z and "_".
 * Both are added to. RES_SYNTAX: there is no title, or the text is not UTF-8;
 * RES_TOOBIG, RES_NOMEM.
 */
enum result markdown_render(
	struct slice text, struct buf *title, struct buf *markup) MUST_USE;
