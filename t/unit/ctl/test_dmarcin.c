/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/dmarcin.h"

#include "base/deflate.h"
#include "store/dmarcin.h"
#include "support/case.h"
#include "unit/store/desk.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { XML_MAX = 1 << 20 };

static const int64_t now_s = 1795780000;

static int set_up(void **state)
{
	struct desk *d = calloc(1, sizeof(*d));

	assert_non_null(d);
	desk_make(d, NULL);
	d->now_ms = now_s * 1000;
	*state = d;
	return 0;
}

static int tear_down(void **state)
{
	desk_remove(*state);
	free(*state);
	return 0;
}

/* A report of yesterday. rows: as it has them. */
static void write_xml(
	struct buf *out, const char *id, int64_t begin_s, const char *rows)
{
	buf_init(out, XML_MAX);
	buf_add_format(out,
		"<?xml version=\"1.0\"?><feedback><report_metadata>"
		"<org_name>Receiver</org_name><email>d@r.example</email>"
		"<report_id>%s</report_id><date_range><begin>%" PRId64
		"</begin><end>%" PRId64
		"</end></date_range></report_metadata><policy_published>"
		"<domain>example.org</domain><p>none</p></policy_published>"
		"%s</feedback>",
		id, begin_s, begin_s + 86399, rows);
}

static const char two_rows[] =
	"<record><row><source_ip>192.0.2.1</source_ip><count>3</count>"
	"<policy_evaluated><disposition>none</disposition><dkim>pass</dkim>"
	"<spf>fail</spf></policy_evaluated></row></record>"
	"<record><row><source_ip>192.0.2.1</source_ip><count>4</count>"
	"<policy_evaluated><disposition>none</disposition><dkim>pass</dkim>"
	"<spf>fail</spf></policy_evaluated></row></record>"
	"<record><row><source_ip>nowhere</source_ip><count>4</count></row>"
	"</record>";

static enum result take(
	struct desk *d, struct slice packed, struct dmarcin_taken *out)
{
	return dmarcin_take(
		d->redis, d->conf, packed, slice_of("r.xml"), d->now_ms, out);
}

static void takes(void **state)
{
	struct dmarcin_taken t;
	struct buf xml, packed;
	struct desk *d = *state;

	write_xml(&xml, "1", now_s - 86400, two_rows);
	buf_init(&packed, XML_MAX);
	assert_int_equal(deflate_gzip(buf_slice(&xml), &packed), RES_OK);
	desk_result(take(d, buf_slice(&packed), &t), RES_OK);
	assert_false(t.is_known);
	assert_string_equal(t.org, "Receiver");
	assert_string_equal(t.id, "1");
	assert_string_equal(t.domain, "example.org");
	assert_int_equal(t.messages, 7);
	assert_int_equal(t.rows, 1);
	assert_int_equal(t.bad_rows, 1);
	assert_int_equal(t.begin_s, now_s - 86400);
	/* The same, not packed this time. */
	desk_result(take(d, buf_slice(&xml), &t), RES_OK);
	assert_true(t.is_known);
	DESK_WANTS(d, "1", "ZCARD", "rp:dmarcin:of:example.org");
	buf_clear(&xml);
	buf_clear(&packed);
}

static void refuses(void **state)
{
	struct dmarcin_taken t;
	struct buf xml;
	struct desk *d = *state;

	desk_result(take(d, slice_of("hello"), &t), RES_SYNTAX);
	assert_string_equal(t.domain, "");
	desk_result(take(d, slice_of("PK\3\4"), &t), RES_CORRUPT);
	write_xml(&xml, "1", now_s - 100 * 86400, two_rows);
	desk_result(take(d, buf_slice(&xml), &t), RES_RANGE);
	assert_string_equal(t.domain, "");
	buf_clear(&xml);
	write_xml(&xml, "1", now_s - 86400, two_rows);
	while (buf_result(&xml) == RES_OK)
		buf_add_text(&xml, "                                ");
	d->conf->dmarc.report_max = 65536;
	desk_result(take(d, buf_slice(&xml), &t), RES_TOOBIG);
	buf_clear(&xml);
	DESK_WANTS(d, "", "KEYS", "*");
}

/* Where it is known which domains are ours. */
static void is_about_us(void **state)
{
	char net[] = "example.net", like[] = "ample.org", org[] = "org";
	char *none[] = { net, like };
	char *ours[] = { net, org };
	char **is;
	struct dmarcin_taken t;
	struct buf xml;
	struct desk *d = *state;

	write_xml(&xml, "1", now_s - 86400, two_rows);
	is = d->conf->portal.local_domains;
	d->conf->portal.local_domains = none;
	d->conf->portal.local_domain_count = 2;
	desk_result(take(d, buf_slice(&xml), &t), RES_RANGE);
	DESK_WANTS(d, "", "KEYS", "*");
	d->conf->portal.local_domains = ours;
	desk_result(take(d, buf_slice(&xml), &t), RES_OK);
	d->conf->portal.local_domains = is;
	d->conf->portal.local_domain_count = 0;
	DESK_WANTS(d, "1", "ZCARD", "rp:dmarcin:of:example.org");
	buf_clear(&xml);
}

static void can_be_tried_again(void **state)
{
	struct dmarcin_taken t;
	struct buf xml;
	struct desk *d = *state;

	write_xml(&xml, "1", now_s - 86400, two_rows);
	redis_server_kill(d->server);
	desk_result(take(d, buf_slice(&xml), &t), RES_DOWN);
	assert_true(redis_server_restart(d->server));
	desk_redial(d, 5000);
	desk_result(take(d, buf_slice(&xml), &t), RES_OK);
	assert_false(t.is_known);
	buf_clear(&xml);
}

#define STEP(text, function)                                                   \
	{                                                                      \
		.name = (text), .test_func = (function), .setup_func = set_up, \
		.teardown_func = tear_down                                     \
	}

int main(void)
{
	const struct CMUnitTest cases[] = {
		STEP("a report is taken in, and once only", takes),
		STEP("what is none, too old or too large is not", refuses),
		STEP("where ours are known, only what is about them",
			is_about_us),
		STEP("without Redis it can come again", can_be_tried_again),
	};

	return cmocka_run_group_tests_name("ctl/dmarcin", cases, NULL, NULL);
}
