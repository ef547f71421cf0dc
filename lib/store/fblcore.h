/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/fblcore - what the parts of store/fbl share; for nobody else.
 *
 * fblname.c has subjects and records, fbl.c reads, fblfile.c registers and
 * ends, fbllook.c keeps what the looks at DNS find and counts what is sent.
 */
#pragma once

#include "store/edit.h"
#include "store/fbl.h"

/* Seconds: of what is not proved, or is over; of indexes and end tokens. */
#define FBL_KEEP "2592000"
#define FBL_INDEX "34560000"

enum { FBL_KEEP_S = 2592000, FBL_INDEX_S = 34560000 };

/* audit(key of the audit, key, before, after, who, why) */
#define FBL_LUA                                                               \
	"local function audit(stream, key, before, after, who, why)\n"        \
	"  redis.call('XADD', stream, 'MAXLEN', '~', '" EDIT_AUDIT_MAX "',\n" \
	"    '*', 'who', who, 'what', 'fbl', 'key', key,\n"                   \
	"    'before', before, 'after', after, 'why', why)\n"                 \
	"end\n"
