/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf/conflog - opens the log where and as finely as the conf says.
 *
 * Threads: main, before others exist.
 */
#pragma once

struct conf_log;

/* ident is borrowed for ever, as log_open (base/log.h) does. */
void conflog_open(const struct conf_log *log, const char *ident);
