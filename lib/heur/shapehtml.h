/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/shapehtml - the part of heur/shape that looks at HTML.
 *
 * Threads: as its session.
 */
#pragma once

struct headernote;

/* A finding for each word that holds: html_only, broken_html, loud_html,
 * image_only, split_words, markup_as_text. */
void shapehtml_run(struct headernote *n);
