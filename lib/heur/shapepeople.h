/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/shapepeople - the part of heur/shape that looks at who writes to whom.
 *
 * Threads: as its session.
 */
#pragma once

struct headernote;

/* A finding for each word that holds: no_name, name_capitals, provider,
 * undisclosed, many_recipients. */
void shapepeople_run(struct headernote *n);
