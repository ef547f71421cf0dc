/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/reportmeters - what abuse reports came to, for Prometheus: numbers of
 * all machines, kept in Redis (store/report). Threads: any.
 */
#pragma once

#include "base/buf.h"

struct report_counts;

void reportmeters_format(const struct report_counts *counts, struct buf *out);
