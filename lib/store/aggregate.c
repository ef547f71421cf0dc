/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/aggregate.h"

enum result aggregate_open(struct aggregate **out, struct conf *conf,
	struct writer *writer, const struct clock *clock)
{
	(void)out;
	(void)conf;
	(void)writer;
	(void)clock;
	return RES_DOWN;
}

void aggregate_close(struct aggregate *a)
{
	(void)a;
}

void aggregate_add(struct aggregate *a, const struct conf *conf,
	const char *domain, struct slice record, struct slice row)
{
	(void)a;
	(void)conf;
	(void)domain;
	(void)record;
	(void)row;
}

void aggregate_flush(struct aggregate *a, const struct conf *conf)
{
	(void)a;
	(void)conf;
}
