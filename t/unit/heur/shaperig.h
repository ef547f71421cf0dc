/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/heur/shaperig - a whole message as text, and what heur/shape finds.
 *
 * The body is parsed by heur/body, as in the milter.
 */
#pragma once

#include "unit/heur/headerrig.h"

/* CRLF lines: a header, a blank line, a body. What was found stands in r->text
 * afterwards. Only a broken rig aborts. */
void shaperig_run(struct headerrig *r, struct slice message);
