/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/tracekeys.h"

enum result tracekeys_read(struct redis *r, const struct conf *conf,
	const struct secret *s, bool may_make, struct tracekeys_ring *out)
{
	(void)r;
	(void)conf;
	(void)s;
	(void)may_make;
	(void)out;
	return RES_DOWN;
}

enum result tracekeys_sign(const struct tracekeys_ring *ring, struct trace *t,
	const struct tracebind *bind, struct buf *out)
{
	(void)ring;
	(void)t;
	(void)bind;
	(void)out;
	return RES_DOWN;
}

const char *tracekeys_word_name(enum tracekeys_word w)
{
	(void)w;
	return "";
}

enum result tracekeys_verify(const struct tracekeys_ring *ring,
	struct slice host, struct slice value, const struct tracebind *bind,
	enum tracekeys_word *word, struct trace *out)
{
	(void)ring;
	(void)host;
	(void)value;
	(void)bind;
	(void)word;
	(void)out;
	return RES_DOWN;
}

enum result tracekeys_open(struct tracekeys **out, struct conf *conf,
	const struct secret *s, const struct clock *clock)
{
	(void)out;
	(void)conf;
	(void)s;
	(void)clock;
	return RES_DOWN;
}

enum result tracekeys_start(struct tracekeys *k)
{
	(void)k;
	return RES_DOWN;
}

void tracekeys_close(struct tracekeys *k)
{
	(void)k;
}

enum result tracekeys_copy(struct tracekeys *k, struct tracekeys_ring *out)
{
	(void)k;
	(void)out;
	return RES_DOWN;
}
