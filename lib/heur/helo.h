/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/helo - does the greeting (RFC 5321 s4.1.1.1) name the host that sends
 * it?
 *
 * One finding a message: the greeting is our own name, a bare address, no name
 * of a host, the address literal of somebody else, a name that does not exist,
 * or one that leads elsewhere. An address literal of the client itself is fine
 * (RFC 5321 s4.1.3). What DNS could not tell is "temperror", never a fault of
 * the client. Without a greeting there is no finding.
 * Threads: as its session.
 */
#pragma once

#include "fact/check.h"

check_step helo_step;
