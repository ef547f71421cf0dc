/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/bodykind - what the first octets of a file say it is.
 *
 * Threads: plain data.
 */
#pragma once

#include "fact/body.h"

/* As many octets at the front as tell most kinds. */
enum { BODYKIND_HEAD = 1024 };

/* front: as much as there is of it, the longer the surer (tar: 262 octets, an
 * ISO 9660 image 32774). */
enum body_kind bodykind_of(struct slice front);
