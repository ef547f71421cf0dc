/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/dmarcxml.h"

#include "auth/dmarcrecord.h"
#include "base/utf8.h"
#include "judge/dmarcrows.h"

#include <inttypes.h>
#include <string.h>

/* ---- texts ---- */

/* UTF-8 that is not whole, and controls, are no characters of XML. */
static void add_octet(struct buf *out, char c)
{
	switch (c) {
	case '&':
		buf_add_text(out, "&amp;");
		return;
	case '<':
		buf_add_text(out, "&lt;");
		return;
	case '>':
		buf_add_text(out, "&gt;");
		return;
	case '"':
		buf_add_text(out, "&quot;");
		return;
	default:
		break;
	}
	buf_add_char(out,
		(unsigned char)c < ' ' || (unsigned char)c > 0x7e ? '?' : c);
}

static void add_escaped(struct buf *out, struct slice text)
{
	text = slice_part(text, 0, DMARCXML_TEXT_MAX);
	for (size_t i = 0; i < text.len; i++)
		add_octet(out, text.at[i]);
}

static void add(struct buf *out, int depth, const char *name, struct slice text)
{
	buf_add_format(out, "%*s<%s>", 2 * depth, "", name);
	add_escaped(out, text);
	buf_add_format(out, "</%s>\n", name);
}

/* What is ours may hold any character. */
static void add_ours(
	struct buf *out, int depth, const char *name, struct slice text)
{
	text = utf8_cut(text, DMARCXML_TEXT_MAX);
	if (slice_is_empty(text))
		return;
	buf_add_format(out, "%*s<%s>", 2 * depth, "", name);
	for (size_t i = 0; i < text.len; i++) {
		if ((unsigned char)text.at[i] >= 0x80 && utf8_is_whole(text))
			buf_add_char(out, text.at[i]);
		else
			add_octet(out, text.at[i]);
	}
	buf_add_format(out, "</%s>\n", name);
}

static void add_some(
	struct buf *out, int depth, const char *name, struct slice text)
{
	if (!slice_is_empty(text))
		add(out, depth, name, text);
}

static void add_number(
	struct buf *out, int depth, const char *name, int64_t number)
{
	buf_add_format(out, "%*s<%s>%" PRId64 "</%s>\n", 2 * depth, "", name,
		number, name);
}

static void begin(struct buf *out, int depth, const char *name)
{
	buf_add_format(out, "%*s<%s>\n", 2 * depth, "", name);
}

static void end(struct buf *out, int depth, const char *name)
{
	buf_add_format(out, "%*s</%s>\n", 2 * depth, "", name);
}

/* ---- parts ---- */

static void add_metadata(struct buf *out, const struct dmarcxml_report *r)
{
	begin(out, 1, "report_metadata");
	add_ours(out, 2, "org_name", r->org_name);
	add(out, 2, "email", r->email);
	add_ours(out, 2, "extra_contact_info", r->contact);
	add(out, 2, "report_id", slice_of(r->id));
	begin(out, 2, "date_range");
	add_number(out, 3, "begin", r->begin_s);
	add_number(out, 3, "end", r->end_s);
	end(out, 2, "date_range");
	if (r->more > 0)
		buf_add_format(out,
			"    <error>%" PRIu64
			" messages are left out: too many different "
			"rows</error>\n",
			r->more);
	add(out, 2, "generator", slice_of("Reprieve " PACKAGE_VERSION));
	end(out, 1, "report_metadata");
}

static struct slice word(enum dmarc_policy p)
{
	return slice_of(dmarc_policy_name(p));
}

/* RFC 9990 s3.1.1.5: what is not published has its default. */
static void add_policy(struct buf *out, const struct dmarcxml_report *r,
	const struct dmarcrecord *record, struct slice discovery)
{
	enum dmarc_policy sp = record->has_sp ? record->sp : record->p;

	begin(out, 1, "policy_published");
	add(out, 2, "domain", r->domain);
	add_some(out, 2, "discovery_method", discovery);
	add(out, 2, "p", word(record->p));
	add(out, 2, "sp", word(sp));
	add(out, 2, "np", word(record->has_np ? record->np : sp));
	add_some(out, 2, "fo", record->fo);
	add(out, 2, "adkim", slice_of(record->strict_dkim ? "s" : "r"));
	add(out, 2, "aspf", slice_of(record->strict_spf ? "s" : "r"));
	add(out, 2, "testing", slice_of(record->is_testing ? "y" : "n"));
	end(out, 1, "policy_published");
}

static void add_evaluated(struct buf *out, const struct dmarcrows_row *row)
{
	begin(out, 3, "policy_evaluated");
	add(out, 4, "disposition", row->disposition);
	add(out, 4, "dkim", row->dkim);
	add(out, 4, "spf", row->spf);
	for (size_t i = 0; i < row->reason_count; i++) {
		begin(out, 4, "reason");
		add(out, 5, "type", row->reason[i].type);
		add_some(out, 5, "comment", row->reason[i].comment);
		end(out, 4, "reason");
	}
	end(out, 3, "policy_evaluated");
}

static void add_results(struct buf *out, const struct dmarcrows_row *row)
{
	begin(out, 2, "auth_results");
	for (size_t i = 0; i < row->signature_count; i++) {
		const struct dmarcrows_signature *s = &row->signature[i];

		begin(out, 3, "dkim");
		add(out, 4, "domain", s->domain);
		add(out, 4, "selector", s->selector);
		add(out, 4, "result", s->result);
		end(out, 3, "dkim");
	}
	if (!slice_is_empty(row->spf_domain)) {
		begin(out, 3, "spf");
		add(out, 4, "domain", row->spf_domain);
		add(out, 4, "scope", slice_of("mfrom"));
		add(out, 4, "result", row->spf_result);
		end(out, 3, "spf");
	}
	end(out, 2, "auth_results");
}

static void add_record(
	struct buf *out, const struct dmarcrows_row *row, uint64_t count)
{
	begin(out, 1, "record");
	begin(out, 2, "row");
	add(out, 3, "source_ip", row->ip);
	add_number(out, 3, "count", (int64_t)count);
	add_evaluated(out, row);
	end(out, 2, "row");
	begin(out, 2, "identifiers");
	add(out, 3, "header_from", row->header_from);
	if (row->has_sender)
		add(out, 3, "envelope_from", row->envelope_from);
	add_some(out, 3, "envelope_to", row->envelope_to);
	end(out, 2, "identifiers");
	add_results(out, row);
	end(out, 1, "record");
}

/* How the last row found the policy: rows are in order, and the mode does not
 * change but by an admin. */
static struct slice discovery_of(const struct dmarcxml_report *r)
{
	for (size_t i = r->count; i > 0; i--) {
		struct dmarcrows_row row;

		if (dmarcrows_parse(r->row[i - 1].text, &row) == RES_OK)
			return row.discovery;
	}
	return slice_of("");
}

enum result dmarcxml_write(
	const struct dmarcxml_report *report, struct buf *out, size_t *written)
{
	struct dmarcrecord record;
	size_t count = 0;

	if (dmarcrecord_parse(report->record, &record) != RES_OK)
		return RES_SYNTAX;
	buf_add_text(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<feedback xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\">\n"
		"  <version>1.0</version>\n");
	add_metadata(out, report);
	add_policy(out, report, &record, discovery_of(report));
	for (size_t i = 0; i < report->count; i++) {
		struct dmarcrows_row row;

		if (dmarcrows_parse(report->row[i].text, &row) != RES_OK)
			continue;
		add_record(out, &row, report->row[i].count);
		count++;
	}
	buf_add_text(out, "</feedback>\n");
	if (written != NULL)
		*written = count;
	if (count == 0)
		return RES_MISSING;
	return buf_result(out);
}
