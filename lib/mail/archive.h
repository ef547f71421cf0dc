/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail/archive - the names in an archive, without unpacking anything.
 *
 * Read from the plain structures of ZIP, RAR (4 and 5), tar, 7z (when its
 * header is not packed), gzip, cabinet and ISO 9660 (its first folder). No
 * library: those unpack on the way, and run in our process on a stranger's
 * octets; names are a few structures each. Threads: plain data.
 */
#pragma once

#include "base/slice.h"

struct archive_entry {
	struct slice name; /* as it stands (7z: UTF-8); gone on return */
	bool is_encrypted;
};

/* False: enough. */
typedef bool archive_take(void *ctx, const struct archive_entry *e);

struct archive {
	unsigned entries; /* that were shown */
	bool is_known; /* one of the formats above */
	bool is_encrypted; /* an entry is, or the names are */
	bool is_packed; /* 7z: the names are packed, and not seen */
	bool is_broken; /* its structures do not fit together */
	bool has_more; /* than max */
};

/*
 * Shows up to max entries. is_cut: the end of the octets is missing, which
 * makes nothing broken. Linear in their number.
 */
struct archive archive_list(struct slice octets, bool is_cut, unsigned max,
	archive_take *take, void *ctx);
