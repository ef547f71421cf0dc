/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/xarf.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"

#include "support/case.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA_MAX = 16 * 1024 * 1024, NEVER = 77 };

static void describe(const struct xarf *x, struct buf *out)
{
	char ip[IPADDR_TEXT_MAX] = "-";

	if (x->has_ip)
		ipaddr_format(&x->ip, ip);
	buf_add_format(out, "%u kind=%d %.*s/%.*s ip=%s:%u from=%.*s by=%.*s",
		x->version, (int)x->kind, SLICE_ARG(x->category),
		SLICE_ARG(x->type), ip, x->port, SLICE_ARG(x->smtp_from),
		SLICE_ARG(x->domain));
	for (size_t i = 0; i < x->count; i++)
		buf_add_format(out, " %s(%.*s)",
			x->message[i].is_header ? "header" : "message",
			(int)slice_find(x->message[i].octets, '\r'),
			x->message[i].octets.at);
	buf_add_format(out, " %s", x->why == NULL ? "whole" : x->why);
}

struct row {
	const char *text;
	const char *result;
	const char *seen;
};

static void check(struct slice text, const struct row *row)
{
	struct arena *a = arena_new(ARENA_MAX);
	struct xarf x = { .version = NEVER };
	struct buf out;

	buf_init(&out, 4096);
	assert_non_null(a);
	assert_string_equal(result_name(xarf_parse(text, a, &x)), row->result);
	if (row->seen != NULL)
		describe(&x, &out);
	else
		assert_int_equal(x.version, NEVER);
	assert_string_equal(buf_text(&out), row->seen != NULL ? row->seen : "");
	buf_clear(&out);
	arena_free(a);
}

static void reads(void **state)
{
	const struct row *row = *state;

	check(slice_of(row->text), row);
}

/* A file of t/data/reports. */
static void reads_file(void **state)
{
	const struct row *row = *state;
	const char *top = getenv("top_srcdir");
	struct buf path, text;

	buf_init(&path, 4096);
	buf_init(&text, XARF_TEXT_MAX);
	buf_add_format(&path, "%s/t/data/reports/%s", top != NULL ? top : ".",
		row->text);
	assert_int_equal(file_read(buf_text(&path), &text), RES_OK);
	check(buf_slice(&text), row);
	buf_clear(&path);
	buf_clear(&text);
}

static void too_many_values(void **state)
{
	struct buf text;

	(void)state;
	buf_init(&text, XARF_TEXT_MAX);
	buf_add_text(&text, "{\"xarf_version\":\"4\",\"evidence\":[");
	for (size_t i = 0; i < XARF_VALUES_MAX; i++)
		buf_add_text(&text, "0,");
	buf_add_text(&text, "0]}");
	check(buf_slice(&text), &(struct row){ "", "toobig", NULL });
	buf_clear(&text);
}

static void too_long(void **state)
{
	struct buf text;

	(void)state;
	buf_init(&text, XARF_TEXT_MAX + 1);
	for (size_t i = 0; i < XARF_TEXT_MAX + 1; i++)
		buf_add_char(&text, ' ');
	check(buf_slice(&text), &(struct row){ "", "toobig", NULL });
	buf_clear(&text);
}

static void as_deep_as_it_is(void **state)
{
	struct buf text;

	(void)state;
	buf_init(&text, XARF_TEXT_MAX);
	for (size_t i = 0; i < 9000; i++)
		buf_add_char(&text, '[');
	check(buf_slice(&text), &(struct row){ "", "syntax", NULL });
	buf_clear(&text);
}

/* Twenty of them, and one that is left out. */
static void so_much_evidence(void **state)
{
	struct arena *a = arena_new(ARENA_MAX);
	struct xarf x = { .version = NEVER };
	struct buf text;

	(void)state;
	buf_init(&text, XARF_TEXT_MAX);
	buf_add_text(&text, "{\"xarf_version\":\"4\",\"evidence\":[0");
	for (size_t i = 0; i <= XARF_EVIDENCE_MAX; i++)
		buf_add_text(&text,
			",{\"content_type\":\"message/rfc822\","
			"\"payload\":\"RnJv bTogYQoK\\nYgo\"}");
	buf_add_text(&text, "]}");
	assert_int_equal(xarf_parse(buf_slice(&text), a, &x), RES_OK);
	assert_int_equal(x.count, XARF_EVIDENCE_MAX);
	assert_true(x.is_malformed);
	assert_memory_equal(x.message[19].octets.at, "From: a\n\nb\n", 11);
	buf_clear(&text);
	arena_free(a);
}

#define READ(text, ...) CASE(text, reads, (&(struct row){ __VA_ARGS__ }))
#define FILE_READ(text, ...) \
	CASE(text, reads_file, (&(struct row){ __VA_ARGS__ }))
#define FIRST "Received: from mail.example.org (mail.example.org [192.0.2.7])"

int main(void)
{
	const struct CMUnitTest cases[] = {
		FILE_READ("version 4 is read", "xarf-v4.json", "ok",
			"4 kind=1 messaging/spam ip=192.0.2.7:31025 "
			"from=shop@example.org by=reporter.example "
			"message(" FIRST ") whole"),
		FILE_READ("version 3 is read", "xarf-v3.json", "ok",
			"3 kind=1 Activity/Spam ip=192.0.2.7:31025 "
			"from=shop@example.org by=reporter.example "
			"message(" FIRST ") whole"),
		READ("version 3 has other names, too",
			"{\"Version\":\"3.0.0\",\"ReporterInfo\":{"
			"\"ReporterOrg\":\"O\",\"ReporterOrgDomain\":\"o.test\""
			",\"ReporterContactEmail\":\"a@o.test\"},\"Report\":{"
			"\"ReportClass\":\"Content\",\"ReportType\":\"phishing"
			"\",\"Date\":\"2026-01-05T10:05:00Z\",\"Source\":{\"IP"
			"\":\"2001:db8::7\",\"Port\":25},\"Attachment\":[{"
			"\"ContentType\":\"message/rfc822\",\"Data\":"
			"\"YTogYg0K\"}],\"AdditionalInfo\":{\"SMTPFrom\":"
			"\"a@b.test\"}}}",
			"ok",
			"3 kind=2 Content/phishing ip=2001:db8::7:25 "
			"from=a@b.test by=o.test message(a: b) whole"),
		READ("what is missing is told, and the rest is used",
			"{\"xarf_version\":\"4\",\"source_identifier\":"
			"\"192.0.2.1\",\"category\":\"content\","
			"\"type\":\"fraud\"}",
			"ok",
			"4 kind=2 content/fraud ip=192.0.2.1:0 from= by= "
			"report_id"),
		READ("a field of another type is as if it were not there",
			"{\"xarf_version\":\"4\",\"report_id\":\"1\","
			"\"timestamp\":5,\"category\":{},\"type\":[],"
			"\"reporter\":7,\"source_port\":99999,\"evidence\":{}}",
			"ok", "4 kind=0 / ip=-:0 from= by= timestamp"),
		READ("an address of a page is no address of a host",
			"{\"xarf_version\":\"4\",\"source_identifier\":"
			"\"https://example.org/\"}",
			"ok", "4 kind=0 / ip=-:0 from= by= report_id"),
		READ("a line that is two is no line",
			"{\"xarf_version\":\"4\",\"category\":"
			"\"a\\nb\",\"type\":\"\\u007f\"}",
			"ok", "4 kind=0 / ip=-:0 from= by= report_id"),
		READ("evidence that is not as it says is malformed, and used",
			"{\"Version\":\"3\",\"ReporterInfo\":{"
			"\"ReporterOrg\":\"O\",\"ReporterOrgDomain\":\"o.test\""
			",\"ReporterOrgEmail\":\"a@o.test\"},\"Report\":{"
			"\"ReportClass\":\"c\",\"ReportType\":\"t\",\"Date\":"
			"\"d\",\"SourceIp\":\"x\",\"Samples\":[{\"ContentType"
			"\":\"message/rfc822\",\"Base64Encoded\":true,"
			"\"Payload\":\"???\"},{\"ContentType\":\"text/"
			"rfc822-headers\",\"Payload\":\"a: b\\r\\n\"}]}}",
			"ok",
			"3 kind=0 c/t ip=-:0 from= by=o.test header(a: b) "
			"evidence"),
		READ("a mark in front of it does no harm",
			"\xef\xbb\xbf{\"xarf_version\":\"4\"}", "ok",
			"4 kind=0 / ip=-:0 from= by= report_id"),
		READ("JSON of another kind is none", "{\"a\":1}", "syntax",
			NULL),
		READ("an array is none", "[]", "syntax", NULL),
		READ("another version is none", "{\"xarf_version\":\"40\"}",
			"syntax", NULL),
		READ("version 3 without a report is none",
			"{\"Version\":\"3\"}", "syntax", NULL),
		READ("no JSON is none", "{\"xarf_version\":", "syntax", NULL),
		READ("nothing is none", "", "syntax", NULL),
		CASE("too many values", too_many_values, NULL),
		CASE("too long a text", too_long, NULL),
		CASE("nested 9,000 deep", as_deep_as_it_is, NULL),
		CASE("so much evidence, and no more", so_much_evidence, NULL),
	};

	return cmocka_run_group_tests_name("ctl/xarf", cases, NULL, NULL);
}
