/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/feedback.h"

#include "portal/mailtext.h"

enum { SUBJECT_MAX = 600 };

static void add_subject(struct buf *out, struct slice subject)
{
	struct buf text;

	/* RFC 5965 s2: that of the message, with a mark before it at most. */
	buf_init(&text, SUBJECT_MAX);
	buf_add_text(&text, "FW: ");
	buf_add(&text, slice_part(subject, 0, SUBJECT_MAX - 4));
	mailtext_field(out, "Subject", buf_slice(&text));
	buf_clear(&text);
}

static void add_header(const struct feedback *f, struct buf *out)
{
	char date[MAILTEXT_DATE_MAX];

	mailtext_mailbox(out, "From", slice_of(f->from_name), f->from);
	mailtext_mailbox(out, "To", slice_of(""), f->to);
	add_subject(out, f->subject);
	buf_add_format(out, "Date: %s\n", mailtext_date(f->now_ms, date));
	buf_add_format(out,
		"Message-ID: <%s>\n"
		"Auto-Submitted: auto-generated\n"
		"X-Auto-Response-Suppress: All\n"
		"MIME-Version: 1.0\n"
		"Content-Type: multipart/report; "
		"report-type=feedback-report;\n\tboundary=\"%s\"\n\n",
		f->message_id, f->boundary);
}

static void begin_part(
	const struct feedback *f, struct buf *out, const char *fields)
{
	buf_add_format(out, "\n--%s\n%s\n", f->boundary, fields);
}

static void add_text(const struct feedback *f, struct buf *out)
{
	begin_part(f, out,
		"Content-Type: text/plain; charset=utf-8\n"
		"Content-Transfer-Encoding: quoted-printable");
	buf_add_format(out, "Content-Language: %s\n\n", f->language);
	mailtext_body(out, f->text);
}

static enum result add_fields(const struct feedback *f, struct buf *out)
{
	struct buf fields;
	enum result res;

	begin_part(f, out, "Content-Type: message/feedback-report\n");
	buf_init(&fields, ARF_OCTETS_MAX);
	res = arf_format(f->arf, &fields);
	for (size_t i = 0; i < fields.len; i++)
		if (fields.at[i] != '\r')
			buf_add_char(out, fields.at[i]);
	buf_clear(&fields);
	return res;
}

static bool is_eight_bit(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((text.at[i] & 0x80) != 0)
			return true;
	return false;
}

static void add_original(const struct feedback *f, struct buf *out)
{
	begin_part(f, out,
		!f->is_whole ? "Content-Type: text/rfc822-headers\n"
			: is_eight_bit(f->original)
			? "Content-Type: message/rfc822\n"
			  "Content-Transfer-Encoding: 8bit\n"
			: "Content-Type: message/rfc822\n");
	buf_add(out, f->original);
	buf_add_format(out, "\n--%s--\n", f->boundary);
}

enum result feedback_write(const struct feedback *f, struct buf *out)
{
	enum result res;

	if (!mailtext_is_fit(slice_of(f->from)) ||
		!mailtext_is_fit(slice_of(f->to)))
		return RES_SYNTAX;
	add_header(f, out);
	add_text(f, out);
	res = add_fields(f, out);
	add_original(f, out);
	return res == RES_OK ? buf_result(out) : res;
}
