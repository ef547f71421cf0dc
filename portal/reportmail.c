/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/reportmail.h"

#include "mail/base64.h"

#include <stdio.h>

enum {
	HEAD_ROOM = 16384 /* of our own fields, for all parts */
};

/* No "-" is in base64: no line of it can be this one. */
#define BOUNDARY "reprieve-report"

/* The BOM of UTF-8 and empty lines, as editors leave them. */
static struct slice skip_front(struct slice s)
{
	if (slice_has_prefix(s, slice_of("\xef\xbb\xbf")))
		s = slice_part(s, 3, s.len);
	while (s.len > 0 &&
		(s.at[0] == '\r' || s.at[0] == '\n' || s.at[0] == ' ' ||
			s.at[0] == '\t'))
		s = slice_part(s, 1, s.len);
	return s;
}

/* RFC 5322 s3.6.8: a name and a colon. */
static bool is_field(struct slice line)
{
	const size_t colon = slice_find(line, ':');

	for (size_t i = 0; i < colon; i++)
		if (line.at[i] <= 0x20 || (unsigned char)line.at[i] >= 0x7f)
			return false;
	return colon > 0 && colon < line.len;
}

enum reportmail_sort reportmail_sort(struct slice octets)
{
	struct slice rest = skip_front(octets);
	struct slice line = { 0 };

	if (rest.len > 0 && rest.at[0] == '{')
		return REPORTMAIL_JSON;
	/* Of an mbox. */
	if (slice_has_prefix(rest, slice_of("From ")))
		(void)slice_cut(&rest, '\n', &line);
	(void)slice_cut(&rest, '\n', &line);
	return is_field(line) ? REPORTMAIL_MESSAGE : REPORTMAIL_NOTHING;
}

size_t reportmail_size(size_t octets)
{
	/* Each part has a line that is not full. */
	return HEAD_ROOM + octets / BASE64_LINE_OCTETS * BASE64_LINE_LEN +
		(size_t)(REPORTMAIL_PARTS_MAX + 1) * 80;
}

static void add_octets(struct slice octets, struct buf *out)
{
	buf_add_text(out, "Content-Transfer-Encoding: base64\n\n");
	base64_lines(octets, out);
}

static void add_head(const struct reportmail *m, struct buf *out)
{
	buf_add_format(out, "From: report@%s\n", m->host);
	if (m->reporter.len > 0)
		buf_add_format(out, "X-Reprieve-Form-Reporter: %.*s\n",
			SLICE_ARG(m->reporter));
	if (m->client.len > 0)
		buf_add_format(out, "X-Reprieve-Form-Client: %.*s\n",
			SLICE_ARG(m->client));
	buf_add_format(out,
		"X-Reprieve-Form-Language: %s\n"
		"MIME-Version: 1.0\n"
		"Content-Type: multipart/mixed; boundary=\"" BOUNDARY "\"\n\n",
		m->language);
}

static void add_part(const struct reportmail *m, size_t i, struct buf *out)
{
	char name[40];
	const bool is_json = reportmail_sort(m->part[i]) == REPORTMAIL_JSON;

	if (is_json)
		snprintf(name, sizeof(name), "report-%zu.json", i + 1);
	else
		snprintf(name, sizeof(name), "original-%zu.eml", i + 1);
	buf_add_format(out,
		"--" BOUNDARY "\n"
		"Content-Type: application/%s; name=\"%s\"\n"
		"Content-Disposition: attachment; filename=\"%s\"\n",
		is_json ? "json" : "octet-stream", name, name);
	add_octets(m->part[i], out);
}

enum result reportmail_write(const struct reportmail *m, struct buf *out)
{
	add_head(m, out);
	if (m->text.len > 0) {
		buf_add_text(out,
			"--" BOUNDARY "\n"
			"Content-Type: text/plain; charset=utf-8\n");
		add_octets(m->text, out);
	}
	for (size_t i = 0; i < m->count; i++)
		add_part(m, i, out);
	buf_add_text(out, "--" BOUNDARY "--\n");
	return buf_result(out);
}
