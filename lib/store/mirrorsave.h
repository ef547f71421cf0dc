/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/mirrorsave - the mirror's copy on disk, see store/snapshot.
 * Part of store/mirror, see store/mirrorcore.h.
 */
#pragma once

#include "store/mirrorcore.h"

/* From disk into the empty table; before the thread runs. A damaged file is
 * one error line, and the start is empty. */
void mirror_restore(struct mirror *m);

/* Writes it when the table has changed, is in step, and lists.snapshot_s have
 * passed; after a load (served since began_ms) once the flags were read.
 * Thread: the mirror's own. */
void mirror_save_if_due(struct mirror *m, int64_t began_ms);

/* Writes it now if it has changed; after the thread has ended. */
void mirror_save(struct mirror *m);
