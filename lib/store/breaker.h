/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/breaker - stop asking somebody who does not answer.
 *
 * Opens after so many misses in a row; while open, one question in each probe
 * period goes through; its success closes it. Times are monotonic
 * milliseconds of the caller's clock. Threads: any (own lock).
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* In caller's storage; the fields are the module's own. */
struct breaker {
	pthread_mutex_t lock;
	unsigned failures; /* in a row, that open it */
	int64_t probe_ms;
	unsigned misses;
	int64_t next_ms; /* while open: when the next probe may go */
};

void breaker_init(struct breaker *b, unsigned failures, unsigned probe_ms);
void breaker_clear(struct breaker *b);

/* May this question be asked now? Whoever hears true must report. */
bool breaker_allows(struct breaker *b, int64_t now_ms);
void breaker_report(struct breaker *b, bool is_answered, int64_t now_ms);
bool breaker_is_open(struct breaker *b);
