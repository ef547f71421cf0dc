/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/breaker.h"

void breaker_init(struct breaker *b, unsigned failures, unsigned probe_ms)
{
	pthread_mutex_init(&b->lock, NULL);
	b->failures = failures;
	b->probe_ms = probe_ms;
	b->misses = 0;
	b->next_ms = 0;
}

void breaker_clear(struct breaker *b)
{
	pthread_mutex_destroy(&b->lock);
}

bool breaker_allows(struct breaker *b, int64_t now_ms)
{
	bool allows = true;

	pthread_mutex_lock(&b->lock);
	if (b->misses >= b->failures) {
		allows = now_ms >= b->next_ms;
		/* The others go on being told no while this one asks. */
		if (allows)
			b->next_ms = now_ms + b->probe_ms;
	}
	pthread_mutex_unlock(&b->lock);
	return allows;
}

void breaker_report(struct breaker *b, bool is_answered, int64_t now_ms)
{
	pthread_mutex_lock(&b->lock);
	if (is_answered) {
		b->misses = 0;
	} else if (b->misses < b->failures) {
		b->misses++;
		b->next_ms = now_ms + b->probe_ms;
	}
	pthread_mutex_unlock(&b->lock);
}

bool breaker_is_open(struct breaker *b)
{
	bool is_open;

	pthread_mutex_lock(&b->lock);
	is_open = b->misses >= b->failures;
	pthread_mutex_unlock(&b->lock);
	return is_open;
}
