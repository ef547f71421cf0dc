/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/ctl/tracerig.h"

#include "conf/conf.h"
#include "ctl/reporter.h"

#include "support/case.h"

#include <string.h>

enum { CONF_MAX = 65536 };

struct conf *tracerig_conf(const char *more)
{
	struct conf *conf = NULL;
	struct buf errors, text;
	enum result res;

	buf_init(&errors, CONF_MAX);
	buf_init(&text, CONF_MAX);
	buf_add_format(&text,
		"host = \"" TRACERIG_HOST "\"\n"
		"portal_url = \"https://postmaster.example.net\"\n"
		"milter { socket = \"inet:8894@127.0.0.1\" }\n"
		"redis { servers = {\"127.0.0.1:6379\"} }\n%s",
		more);
	res = conf_load_text("test", buf_slice(&text), &conf, &errors);
	if (res != RES_OK)
		print_message("# %s\n", buf_text(&errors));
	assert_int_equal(res, RES_OK);
	buf_clear(&errors);
	buf_clear(&text);
	return conf;
}

struct tracekeys_ring tracerig_ring(void)
{
	struct tracekeys_ring ring = { .now = { .name = "now" },
		.before = { .name = "before" } };

	memset(ring.now.octet, 1, sizeof(ring.now.octet));
	memset(ring.before.octet, 2, sizeof(ring.before.octet));
	return ring;
}

struct trace tracerig_in(void)
{
	struct trace t = { .direction = TRACE_IN,
		.by = TRACERIG_HOST,
		.at_s = TRACERIG_NOW_S - 60,
		.recipients = 2,
		.has_ip = true,
		.domain = "example.org" };

	assert_int_equal(ipaddr_parse(&t.ip, slice_of("192.0.2.7")), RES_OK);
	return t;
}

struct trace tracerig_out(void)
{
	return (struct trace){ .direction = TRACE_OUT,
		.by = TRACERIG_HOST,
		.at_s = TRACERIG_NOW_S - 60,
		.recipients = 1,
		.account = TRACERIG_ACCOUNT };
}

void tracerig_add(struct buf *out, const struct tracekeys_ring *ring,
	const struct trace *t, const char *header)
{
	struct trace mine = *t;
	struct tracebind bind;
	struct savedmail m;
	struct buf value;

	buf_init(&value, TRACE_VALUE_MAX);
	assert_int_equal(savedmail_parse(&m, slice_of(header)), RES_OK);
	assert_int_equal(reporter_bind(&m, &bind), RES_OK);
	assert_int_equal(tracekeys_sign(ring, &mine, &bind, &value), RES_OK);
	buf_add_format(out, "%s:%s\n%s", trace_name, buf_text(&value), header);
	assert_int_equal(buf_result(out), RES_OK);
	savedmail_clear(&m);
	buf_clear(&value);
}
