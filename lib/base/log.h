/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/log - one line an event, key=value, that no sender can forge.
 *
 * A line is "event key=value key=value ...". Values with anything but letters,
 * digits and -._:/@+,[]<> are written in double quotes with each octet outside
 * 0x20..0x7e, '"' and '\\' as \xHH; a value is cut at LOG_VALUE_MAX octets
 * and then ends in "...", a line at LOG_LINE_MAX. Writing never blocks: a line
 * that the socket or pipe does not take at once is dropped and counted.
 *
 * To where: syslog by its datagram socket (facility mail), or standard error;
 * the latter with "<N>" in front when it is the journal's (JOURNAL_STREAM).
 * Threads: any, after log_open.
 */
#pragma once

#include "base/slice.h"

enum { LOG_VALUE_MAX = 1024, LOG_LINE_MAX = 8192 };

/* Values of syslog(3). An error means that an admin must act. */
enum log_level {
	LOG_LEVEL_CRIT = 2,
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_NOTICE = 5,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7
};

enum log_target { LOG_TO_STDERR, LOG_TO_SYSLOG };

/* ident is borrowed for ever. socket: NULL means /dev/log. */
struct log_options {
	const char *ident;
	enum log_target target;
	enum log_level level; /* finer ones are not written */
	const char *socket;
};

/* Before it is called, lines go to standard error from level info on. */
void log_open(const struct log_options *options);

/* Lines that could not be written since the start. */
uint64_t log_dropped(void);

/* One line in the making, in caller's storage. */
struct logline {
	enum log_level level;
	bool wanted;
	size_t len;
	char text[LOG_LINE_MAX];
};

/* event: one lower-case word, e.g. "verdict". */
void log_start(struct logline *l, enum log_level level, const char *event);
void log_slice(struct logline *l, const char *key, struct slice value);
void log_text(struct logline *l, const char *key, const char *value);
void log_number(struct logline *l, const char *key, int64_t value);
void log_send(struct logline *l);

/*
 * A whole line at once: event, then message=TEXT formatted and escaped.
 * For what an operator reads, not for what is counted by machines.
 */
void log_message(enum log_level level, const char *event, const char *format,
	...) PRINTF_LIKE(3, 4);
