/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/traffic.h"

const char *traffic_counter_name(enum traffic_counter c)
{
	(void)c;
	return "";
}

enum result traffic_open(struct traffic **out, struct conf *conf,
	struct writer *writer, const struct clock *clock)
{
	(void)out;
	(void)conf;
	(void)writer;
	(void)clock;
	return RES_DOWN;
}

void traffic_close(struct traffic *t)
{
	(void)t;
}

void traffic_add(struct traffic *t, const struct ipaddr *ip, const char *domain,
	const struct traffic_day *what)
{
	(void)t;
	(void)ip;
	(void)domain;
	(void)what;
}

void traffic_flush(struct traffic *t, const struct conf *conf)
{
	(void)t;
	(void)conf;
}

void traffic_count(struct traffic *t, struct traffic_counts *out)
{
	(void)t;
	(void)out;
}

enum result traffic_complain(struct redis *r, const struct conf *conf,
	const struct ipaddr *ip, const char *domain, bool is_junk,
	int64_t now_ms)
{
	(void)r;
	(void)conf;
	(void)ip;
	(void)domain;
	(void)is_junk;
	(void)now_ms;
	return RES_DOWN;
}

enum result traffic_read(struct redis *r, const struct conf *conf,
	struct slice subject, int64_t now_ms, size_t days,
	struct traffic_day *day)
{
	(void)r;
	(void)conf;
	(void)subject;
	(void)now_ms;
	(void)days;
	(void)day;
	return RES_DOWN;
}
