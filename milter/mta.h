/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * milter/mta - the MTA's side of a session of libmilter.
 *
 * Good during the callback that it was made in, no longer. Threads: the
 * callback's own.
 */
#pragma once

#include "judge/mta.h"

/* at: the SMFICTX. */
void mta_init(struct mta *m, void *at, bool drops_blank);
