/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/page - the frame all pages share, and their style.
 *
 * Everything that is not constant text goes through web/html. Threads: any.
 */
#pragma once

#include "base/buf.h"
#include "web/server.h"

struct conf;

/* Sent with every answer of the portal; ends as in struct web_options. */
extern const struct web_field page_fields[];

/* What "/style.css" answers. */
extern const char page_style[];

/* Doctype up to the h1, which is title (plain text). */
void page_begin(struct buf *out, const char *title);
/* The footer: whom to write to, postmaster@ the host of conf. */
void page_end(struct buf *out, const struct conf *conf);
