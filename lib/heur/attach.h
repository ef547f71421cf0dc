/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/attach - do the attachments hold what runs?
 *
 * One finding a word: "executable" a program by its ending (attach.programs) or
 * its first octets, "double_extension" a name that hides that, "macro" a
 * document that can hold macros or does, "archived" a program in an archive,
 * "encrypted" an archive or document that cannot be looked into, "broken" and
 * "too_many" what heur/body says of the whole. Archives are listed, never
 * unpacked, up to mime.entries_max names. The subject is the ending or kind,
 * the evidence names the file. What is not known of the body is no finding.
 * Threads: as its session.
 */
#pragma once

#include "fact/check.h"

check_step attach_step;
