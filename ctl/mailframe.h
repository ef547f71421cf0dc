/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/mailframe - the parts of a mail on the pipe from the child that took it
 * apart (ctl/mailparts).
 *
 * A frame is "P", the kind, 1 + the index of the original it was found in or
 * 0, an octet 0, two numbers of 4 octets in network order: the lengths of the
 * name and of the octets, and those two. The last one is "E" and 1 when parts
 * are missing, else 0. Nothing that comes out of the pipe is believed: the
 * child may be in a stranger's hands. Threads: plain data.
 */
#pragma once

#include "ctl/mailparts.h"

enum { MAILFRAME_HEAD = 12 };

/* False: nobody reads any more. The name is cut at MAILPARTS_NAME_MAX. */
bool mailframe_write(int fd, const struct mailpart *p);
bool mailframe_end(int fd, bool is_partial);

/*
 * Cuts parts->octets into parts. RES_CORRUPT: it does not end as it should, or
 * is no frame from there on; those before are there, and is_partial.
 */
enum result mailframe_read(struct mailparts *parts) MUST_USE;
