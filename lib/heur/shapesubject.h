/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/shapesubject - the part of heur/shape that looks at the Subject field.
 *
 * Threads: as its session.
 */
#pragma once

struct headernote;

/* A finding for each word that holds: subject_capitals, subject_marks,
 * subject_tail. */
void shapesubject_run(struct headernote *n);
