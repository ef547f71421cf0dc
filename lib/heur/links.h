/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/links - do the links lead where they say?
 *
 * One finding a word: "idn" a host that mixes scripts or looks like another,
 * "ip" a bare address, "mismatch" a link whose text is a host of another
 * organisation, "userinfo" a name before the host, "hidden" much text that
 * nobody sees. The subject is the host, the evidence names it and never what
 * stands behind. A factor is up to 2 by how many there are, half for each
 * usual honest reason. What is not known of the body is no finding.
 * Service: struct psl, or NULL: the last two labels are an organisation.
 * Threads: as its session.
 */
#pragma once

#include "fact/check.h"

check_step links_step;
