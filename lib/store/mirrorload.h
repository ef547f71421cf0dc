/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/mirrorload - read all names of the lists into a table aside.
 * Part of store/mirror, see store/mirrorcore.h. Thread: the mirror's own.
 */
#pragma once

#include "store/mirrorcore.h"

/*
 * SCAN from one end to the other, applying what is pushed meanwhile to both
 * tables. RES_OK: m->aside is what Redis holds but for what is still pending.
 * RES_FULL: too much was pushed, or everything was flushed meanwhile: begin
 * again later. RES_TIMEOUT, RES_DOWN: the connection. Otherwise what the
 * server refused (see the error of the status). On error there is no table
 * aside.
 */
enum result mirror_load(struct mirror *m) MUST_USE;

/* Takes what was pushed into m->pending and the marks of m. *more: there may
 * be more at once. RES_DOWN: the connection. */
enum result mirror_drain(struct mirror *m, bool *more) MUST_USE;

/*
 * What Redis holds as the generation, "" when it is missing (or nothing a
 * generation can be). RES_OK; otherwise the connection is broken.
 */
enum result mirror_read_generation(
	struct mirror *m, char out[GENERATION_MAX]) MUST_USE;

/*
 * Writes a generation to the primary when there is none, and remembers the
 * one that holds. Failing is not fatal: it is logged once and tried again at
 * the next load.
 */
void mirror_ensure_generation(struct mirror *m);
