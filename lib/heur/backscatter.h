/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/backscatter - is this bounce one of what somebody here sent?
 *
 * A bounce goes to one sender. What it returns (message/rfc822 or
 * text/rfc822-headers in a multipart/report, RFC 3462, or below a null sender)
 * bears our mark when we sent it: Message-ID or Received of our host or of a
 * domain of portal.local_domains, or such an author or signer. Without local
 * domains, and of a bounce that returns no header, nothing is said.
 * Threads: as its session.
 */
#pragma once

#include "fact/check.h"

check_step backscatter_step;
