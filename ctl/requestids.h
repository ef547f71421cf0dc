/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/requestids - the IDs of all delist requests that are remembered.
 * Threads: one.
 */
#pragma once

#include "base/buf.h"
#include "ctl/ctl.h"

enum { REQUESTIDS_MAX = 1024 * 1024 };

/* Newest first, one a line; out is the caller's. Some may be gone. */
enum ctl_exit requestids_read(struct ctl *ctl, struct buf *out);
