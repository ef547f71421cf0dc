/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/dmarcin - takes an aggregate report about DMARC in that somebody sent:
 * unpacked and parsed in a child process (ctl/reportxml), then kept by
 * store/dmarcin. What it says is a claim: nothing but the summary hangs on it.
 * Threads: one.
 */
#pragma once

#include "base/slice.h"
#include "net/hostname.h"

struct conf;
struct redis;

enum { DMARCIN_TEXT_MAX = 256 };

struct dmarcin_taken {
	char org[DMARCIN_TEXT_MAX]; /* who says that he sent it */
	char id[DMARCIN_TEXT_MAX]; /* his name for it */
	char domain[HOSTNAME_MAX]; /* what it is about, folded */
	int64_t begin_s, end_s;
	uint64_t messages; /* that it tells of */
	size_t rows; /* that were kept */
	size_t bad_rows; /* that could not be read, or were too many */
	bool is_known; /* it had come before, and counts once */
};

/*
 * packed: .xml, .xml.gz or .zip as attached, told apart by its octets; filename
 * is for the log only. RES_SYNTAX: no such report; RES_TOOBIG: more than
 * dmarc.report_max; RES_CORRUPT: it cannot be unpacked, or the child died;
 * RES_RANGE: older than dmarc.summary_days, of the future, or about none of
 * portal.local_domains (where these are set) nor below one; RES_FULL: of too
 * many domains, or too many of one: none of these gets better by another try.
 * RES_TIMEOUT, RES_DOWN, RES_NOMEM ...: try again later. *out is zeroed then.
 */
enum result dmarcin_take(struct redis *redis, const struct conf *conf,
	struct slice packed, struct slice filename, int64_t now_ms,
	struct dmarcin_taken *out) MUST_USE;
