/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/shapeprogram - the part of heur/shape that looks at what the program
 * that wrote it left.
 *
 * Threads: as its session.
 */
#pragma once

struct headernote;

/* A finding for each word that holds: mime_form, id_shape, mailer, priority,
 * clock. */
void shapeprogram_run(struct headernote *n);
