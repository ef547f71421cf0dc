/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/reportxml.h"

#include "base/deflate.h"
#include "base/file.h"
#include "support/case.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 20 * 1024 * 1024, FILE_MOST = 1 << 20, SAID_MAX = 4096 };

#define META                                                         \
	"<report_metadata><org_name>o</org_name><report_id>i</"      \
	"report_id><date_range><begin>1</begin><end>2</end></"       \
	"date_range></report_metadata><policy_published><domain>d.x" \
	"</domain></policy_published>"
#define ROW(ip, count)                                            \
	"<record><row><source_ip>" ip "</source_ip><count>" count \
	"</count></row></record>"
#define WHOLE "<feedback>" META ROW("192.0.2.1", "1") "</feedback>"

static void read_data(const char *name, struct buf *out)
{
	const char *top = getenv("top_srcdir");
	char path[1024];

	snprintf(path, sizeof(path), "%s/t/data/dmarcin/%s",
		top == NULL ? "." : top, name);
	buf_init(out, FILE_MOST);
	assert_string_equal(result_name(file_read(path, out)), "ok");
}

/* All that was read, as text. */
static void say(const struct reportxml *r, char out[SAID_MAX])
{
	char ip[IPADDR_TEXT_MAX];
	int len = snprintf(out, SAID_MAX,
		"%.*s <%.*s> %.*s %s p=%.*s %" PRId64 "-%" PRId64 " bad=%zu\n",
		SLICE_ARG(r->report.org), SLICE_ARG(r->report.email),
		SLICE_ARG(r->report.id), r->report.domain,
		SLICE_ARG(r->report.policy), r->report.begin_s, r->report.end_s,
		r->bad_rows);

	for (size_t i = 0; i < r->report.row_count; i++) {
		const struct dmarcin_row *row = &r->report.row[i];

		len += snprintf(out + len, SAID_MAX - (size_t)len,
			"%s %" PRIu64 " %s dkim=%d spf=%d %.*s\n",
			ipaddr_format(&row->ip, ip), row->count,
			dmarcin_disposition_name(row->disposition), row->dkim,
			row->spf, SLICE_ARG(row->from));
		assert_true(len < SAID_MAX);
	}
}

static void reads(struct slice packed, const char *want)
{
	struct reportxml r;
	char said[SAID_MAX];

	assert_string_equal(
		result_name(reportxml_read(packed, MOST, &r)), "ok");
	say(&r, said);
	assert_string_equal(said, want);
	reportxml_clear(&r);
}

static const char old_schema[] =
	"receiver.example <noreply-dmarc@receiver.example> "
	"9391651994964116463 example.org p=quarantine 1795651200-1795737599 "
	"bad=0\n"
	"192.0.2.25 12 none dkim=1 spf=0 example.org\n"
	"2001:db8::25 3 quarantine dkim=0 spf=0 news.example.org\n";

static void old(void **state)
{
	struct buf xml;

	(void)state;
	read_data("rfc7489.xml", &xml);
	reads(buf_slice(&xml), old_schema);
	buf_clear(&xml);
}

static void new (void **state)
{
	struct buf xml;

	(void)state;
	read_data("rfc9990.xml", &xml);
	reads(buf_slice(&xml),
		"Sample Reporter & Sons <report_sender@example-reporter.com> "
		"3v98abbp8ya9n3va8yr8oa3ya example.org p=reject "
		"1795651200-1795737599 bad=0\n"
		"192.0.2.123 123 none dkim=1 spf=1 example.org\n");
	buf_clear(&xml);
}

static void gzipped(void **state)
{
	struct buf xml, packed;

	(void)state;
	read_data("rfc7489.xml", &xml);
	buf_init(&packed, FILE_MOST);
	assert_int_equal(deflate_gzip(buf_slice(&xml), &packed), RES_OK);
	reads(buf_slice(&packed), old_schema);
	buf_clear(&xml);
	buf_clear(&packed);
}

/* ---- zip ---- */

struct file {
	const char *name;
	struct slice text;
	unsigned flags;
	unsigned method; /* 8: packed; any other: as it is */
	uint32_t wrong_by; /* of the checksum */
};

static void put_number(struct buf *b, uint32_t n, unsigned octets)
{
	for (unsigned i = 0; i < octets; i++)
		buf_add_char(b, (char)(n >> (8 * i)));
}

/* A local header and its data; what follows in a real zip is not looked at. */
static void put_file(struct buf *zip, const struct file *f)
{
	enum { HEAD = 10, TAIL = 8 }; /* of gzip, around the same stream */
	struct buf gzip;
	struct slice data = f->text;
	bool later = (f->flags & 8) != 0;

	buf_init(&gzip, 2 * (size_t)MOST);
	if (f->method == 8) {
		assert_int_equal(deflate_gzip(f->text, &gzip), RES_OK);
		data = slice_part(
			buf_slice(&gzip), HEAD, gzip.len - HEAD - TAIL);
	}
	buf_add(zip, slice_make("PK\3\4\24\0", 6));
	put_number(zip, f->flags, 2);
	put_number(zip, f->method, 2);
	put_number(zip, 0, 4);
	put_number(zip, later ? 0 : deflate_crc(f->text) + f->wrong_by, 4);
	put_number(zip, later ? 0 : (uint32_t)data.len, 4);
	put_number(zip, later ? 0 : (uint32_t)f->text.len, 4);
	put_number(zip, (uint32_t)strlen(f->name), 2);
	put_number(zip, 3, 2);
	buf_add_text(zip, f->name);
	buf_add_text(zip, "xtr");
	buf_add(zip, data);
	assert_int_equal(buf_result(zip), RES_OK);
	buf_clear(&gzip);
}

static const char *zip_of(const struct file *files, size_t count)
{
	struct reportxml r;
	const char *name;
	struct buf zip;

	buf_init(&zip, MOST);
	for (size_t i = 0; i < count; i++)
		put_file(&zip, &files[i]);
	buf_add_text(&zip, "PK\1\2 and so on");
	name = result_name(reportxml_read(buf_slice(&zip), MOST, &r));
	if (strcmp(name, "ok") == 0)
		assert_string_equal(r.report.domain, "d.x");
	reportxml_clear(&r);
	buf_clear(&zip);
	return name;
}

static void zipped(void **state)
{
	const struct slice text = slice_of(WHOLE);
	const struct file packed = { "a!b!1!2.xml", text, 0, 8, 0 };
	const struct file stored = { "a.xml", text, 0, 0, 0 };
	const struct file streamed = { "a.xml", text, 8, 8, 0 };
	const struct file several[] = { { "x/", slice_of(""), 0, 0, 0 },
		{ "readme", slice_of("no report"), 0, 8, 0 },
		{ "Report.XML", text, 0, 8, 0 } };
	const struct file alone = { "report", text, 0, 8, 0 };
	const struct file locked = { "a.xml", text, 1, 8, 0 };
	const struct file bzip = { "a.xml", text, 0, 12, 0 };
	const struct file wrong = { "a.xml", text, 0, 8, 1 };
	const struct file folder = { "x/", slice_of(""), 0, 0, 0 };

	(void)state;
	assert_string_equal(zip_of(&packed, 1), "ok");
	assert_string_equal(zip_of(&stored, 1), "ok");
	assert_string_equal(zip_of(&streamed, 1), "ok");
	assert_string_equal(zip_of(several, 3), "ok");
	assert_string_equal(zip_of(&alone, 1), "ok");
	assert_string_equal(zip_of(&locked, 1), "corrupt");
	assert_string_equal(zip_of(&bzip, 1), "corrupt");
	assert_string_equal(zip_of(&wrong, 1), "corrupt");
	assert_string_equal(zip_of(&folder, 1), "corrupt");
	assert_string_equal(zip_of(NULL, 0), "syntax");
}

/* ---- hostile ---- */

static const char *result_of(struct slice in, size_t max)
{
	struct reportxml r;
	const char *name = result_name(reportxml_read(in, max, &r));

	assert_true(strcmp(name, "ok") == 0 || r.report.domain[0] == '\0' ||
		r.report.row_count <= REPORTXML_ROWS_MAX);
	reportxml_clear(&r);
	return name;
}

struct bad {
	const char *text;
	const char *want;
};

static void refuses(void **state)
{
	const struct bad *bad = *state;

	assert_string_equal(result_of(slice_of(bad->text), MOST), bad->want);
}

static void bombs(void **state)
{
	struct buf packed;
	char *many = calloc(1, MOST);
	struct file f = { "a.xml", slice_make(many, MOST), 0, 8, 0 };

	(void)state;
	assert_non_null(many);
	memset(many, ' ', MOST);
	memcpy(many, "<feedback>", 10);
	buf_init(&packed, FILE_MOST);
	assert_int_equal(deflate_gzip(f.text, &packed), RES_OK);
	assert_string_equal(result_of(buf_slice(&packed), FILE_MOST), "toobig");
	buf_reset(&packed);
	put_file(&packed, &f);
	assert_string_equal(result_of(buf_slice(&packed), FILE_MOST), "toobig");
	assert_string_equal(result_of(f.text, FILE_MOST), "toobig");
	/* Within the bound it is only no report. */
	assert_string_equal(result_of(f.text, MOST), "syntax");
	buf_clear(&packed);
	free(many);
}

static void repeat(struct buf *b, const char *text, size_t times)
{
	for (size_t i = 0; i < times; i++)
		buf_add_text(b, text);
}

static void deep(void **state)
{
	struct buf xml;

	(void)state;
	buf_init(&xml, FILE_MOST);
	buf_add_text(&xml, "<feedback>" META);
	repeat(&xml, "<a>", 1000);
	repeat(&xml, "</a>", 1000);
	buf_add_text(&xml, "</feedback>");
	assert_string_equal(result_of(buf_slice(&xml), MOST), "syntax");
	buf_reset(&xml);
	buf_add_text(&xml, "<feedback>" META);
	repeat(&xml, "<a>", 20);
	repeat(&xml, "</a>", 20);
	buf_add_text(&xml, ROW("192.0.2.1", "1") "</feedback>");
	reads(buf_slice(&xml),
		"o <> i d.x p= 1-2 bad=0\n"
		"192.0.2.1 1 unknown dkim=0 spf=0 \n");
	buf_clear(&xml);
}

/* 20 MB of rows: those that fit are told, the others counted. */
static void many_rows(void **state)
{
	static const char row[] = ROW("192.0.2.1", "2");
	size_t count = (MOST - 2000) / (sizeof(row) - 1);
	struct reportxml r;
	struct buf xml;

	(void)state;
	buf_init(&xml, MOST);
	buf_add_text(&xml, "<feedback>" META);
	repeat(&xml, row, count);
	buf_add_text(&xml, "</feedback>");
	assert_int_equal(buf_result(&xml), RES_OK);
	assert_string_equal(
		result_name(reportxml_read(buf_slice(&xml), MOST, &r)), "ok");
	assert_int_equal(r.report.row_count, REPORTXML_ROWS_MAX);
	assert_int_equal(r.bad_rows, count - REPORTXML_ROWS_MAX);
	reportxml_clear(&r);
	buf_clear(&xml);
}

static void long_texts(void **state)
{
	struct reportxml r;
	struct buf xml;

	(void)state;
	buf_init(&xml, MOST);
	buf_add_text(&xml, "<feedback><report_metadata><org_name>");
	repeat(&xml, "\xc3\xa9", 5000);
	buf_add_text(&xml,
		"</org_name><report_id>\na\tb\r\n c\n</report_id>"
		"<date_range><begin> 1 </begin><end>2</end>"
		"</date_range></report_metadata><policy_published>"
		"<domain>d.x</domain></policy_published>"
		"<record><row><source_ip>\n192.0.2.1\n</source_ip>"
		"<count> 7 </count></row></record></feedback>");
	assert_string_equal(
		result_name(reportxml_read(buf_slice(&xml), MOST, &r)), "ok");
	assert_in_range(r.report.org.len, 250, DMARCIN_WORD_MAX);
	assert_int_equal(r.report.org.len % 2, 0);
	assert_true(slice_is_equal(r.report.id, slice_of("a b  c")));
	assert_int_equal(r.report.row_count, 1);
	assert_int_equal(r.report.row[0].count, 7);
	reportxml_clear(&r);
	buf_clear(&xml);
}

static void bad_rows(void **state)
{
	(void)state;
	reads(slice_of("<feedback>" META ROW("192.0.2.1", "-5") ROW(
		      "192.0.2.1", "0") ROW("192.0.2.1", "1e3") ROW("192.0.2.1",
		      "99999999999999999999") ROW("192.0.2.300", "1") ROW("",
		      "1") ROW("192.0.2.1", "") "<record/>" ROW("192.0.2.9",
		      "1000000000000") "</feedback>"),
		"o <> i d.x p= 1-2 bad=8\n"
		"192.0.2.9 1000000000000 unknown dkim=0 spf=0 \n");
}

/* A child that was taken over writes what it likes. */
static void lying_child(void **state)
{
	static const struct {
		const char *lines;
		const char *want;
	} rows[] = {
		{ "", "corrupt" },
		{ "E\tok\n", "syntax" },
		{ "E\tno such word\n", "corrupt" },
		{ "M\to\te\ti\t1\t2\td.x\tnone\n", "corrupt" },
		{ "M\to\te\ti\t1\t2\td.x\tnone\nE\tok\n", "ok" },
		{ "M\to\te\ti\t2\t1\td.x\tnone\nE\tok\n", "syntax" },
		{ "M\to\te\ti\t-2\t1\td.x\tnone\nE\tok\n", "syntax" },
		{ "M\t\te\ti\t1\t2\td.x\tnone\nE\tok\n", "syntax" },
		{ "M\to\te\t\xff\t1\t2\td.x\tnone\nE\tok\n", "syntax" },
		{ "M\to\te\ti\t1\t2\td x\tnone\nE\tok\n", "syntax" },
		{ "M\to\te\ti\t1\t2\td.x\t\t\t\t\t\t\t\nE\tok\n", "ok" },
		{ "R\nX\n\n\t\nQ\nM\to\te\ti\t1\t2\td.x\t\nE\tok\n", "ok" },
		{ "E\ttoobig\n", "toobig" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct reportxml r;

		assert_string_equal(result_name(reportxml_take(
					    slice_of(rows[i].lines), &r)),
			rows[i].want);
		assert_int_equal(r.report.row_count, 0);
		reportxml_clear(&r);
	}
}

#define BAD(...) (&(const struct bad){ __VA_ARGS__ })

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("a report of the old schema is read", old, NULL),
		CASE("a report of the new one is read", new, NULL),
		CASE("packed by gzip it is the same", gzipped, NULL),
		CASE("of a zip the file is read that is meant", zipped, NULL),
		CASE("a namespace of the old schema is known", refuses,
			BAD("<feedback xmlns=\"http://dmarc.org/dmarc-xml/"
			    "0.1\">" META "</feedback>",
				"ok")),
		CASE("another namespace is none of ours", refuses,
			BAD("<feedback xmlns=\"urn:x\">" META "</feedback>",
				"syntax")),
		CASE("another document is no report", refuses,
			BAD("<html>" META "</html>", "syntax")),
		CASE("no XML at all is no report", refuses,
			BAD("Dear postmaster,", "syntax")),
		CASE("nothing is no report", refuses, BAD("", "syntax")),
		CASE("without who, which, when and what it is no report",
			refuses, BAD("<feedback></feedback>", "syntax")),
		CASE("a document that is cut off is refused", refuses,
			BAD("<feedback>" META ROW("192.0.2.1", "1"), "syntax")),
		CASE("a billion laughs are refused unread", refuses,
			BAD("<!DOCTYPE f [<!ENTITY a \"ha\"><!ENTITY b "
			    "\"&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;\">]>"
			    "<feedback>&c;" META "</feedback>",
				"syntax")),
		CASE("an external entity is refused unread", refuses,
			BAD("<!DOCTYPE f [<!ENTITY a SYSTEM "
			    "\"file:///etc/passwd\">]><feedback>" META
			    "&a;</feedback>",
				"syntax")),
		CASE("an external document type is not fetched", refuses,
			BAD("<!DOCTYPE f SYSTEM \"http://192.0.2.1/x.dtd\">"
			    "<feedback>" META "</feedback>",
				"syntax")),
		CASE("an entity that nobody declared is refused", refuses,
			BAD("<feedback>" META "&x;</feedback>", "syntax")),
		CASE("a charset that nobody knows is refused", refuses,
			BAD("<?xml version=\"1.0\" encoding=\"x-none\"?>"
			    "<feedback>" META "</feedback>",
				"syntax")),
		CASE("octets of another charset are refused", refuses,
			BAD("<feedback>" META "\xe9\xff</feedback>", "syntax")),
		CASE("Latin-1 that says so is read", refuses,
			BAD("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>"
			    "<feedback>" META "\xe9</feedback>",
				"ok")),
		CASE("a gzip that is cut off is refused", refuses,
			BAD("\x1f\x8b\x08", "corrupt")),
		CASE("a zip that is cut off is refused", refuses,
			BAD("PK\3\4", "corrupt")),
		CASE("bombs stop at the bound", bombs, NULL),
		CASE("a thousand levels deep is too deep", deep, NULL),
		CASE("of too many rows the rest is counted", many_rows, NULL),
		CASE("long texts are cut between characters", long_texts, NULL),
		CASE("rows without address or number are left out", bad_rows,
			NULL),
		CASE("no line of the child is believed", lying_child, NULL),
	};

	return cmocka_run_group_tests_name("ctl/reportxml", cases, NULL, NULL);
}
