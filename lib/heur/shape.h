/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/shape - does the message look like what is sent to many who never asked?
 *
 * Marks of form only, each one that an honest sender can mend; none looks at
 * what it is about or in which language. Each is a small score of its own and
 * proves nothing: what counts is that several come together. One finding a
 * word; what each means stands at the function that looks for it. In an answer
 * (In-Reply-To, References) each has half its factor. A mark of a body that is
 * not known is no finding.
 * Threads: as its session.
 */
#pragma once

#include "fact/check.h"

check_step shape_step;
