/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/shapetext - the part of heur/shape that looks at the text that is read,
 * and at its links.
 *
 * Threads: as its session.
 */
#pragma once

struct headernote;

/* A finding for each word that holds: capitals, exclamations, padding,
 * way_out, odd_link. */
void shapetext_run(struct headernote *n);
