/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/shapeprogram.h"

#include "heur/headernote.h"
#include "mail/date.h"
#include "mail/param.h"

#include <string.h>

enum {
	BOUNDARY_MAX = 128,
	AHEAD_S = 1800, /* of a clock that is wrong, not merely inexact */
	BEHIND_S = 6 * 3600, /* written long before it was sent */
	MINUTE_S = 60
};

static const struct field *field(const struct headernote *n, const char *name)
{
	return headernote_field(n->in->message, name);
}

static bool contains(const struct field *f, const char *word)
{
	const struct slice w = slice_of(word);

	if (f == NULL)
		return false;
	for (size_t i = 0; i + w.len <= f->value.len; i++)
		if (slice_has_prefix_nocase(slice_part(f->value, i, w.len), w))
			return true;
	return false;
}

static bool has_value(const struct field *f, const char *prefix)
{
	return f != NULL &&
		slice_has_prefix_nocase(slice_trim(f->value), slice_of(prefix));
}

/* ---- MIME ---- */

/* "MiME-Version": no program that is in use writes it so. */
static bool has_odd_name(const struct field *version)
{
	static const char *const usual[] = { "MIME-Version", "Mime-Version",
		"mime-version", "MIME-VERSION" };

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (slice_is_equal(version->name, slice_of(usual[i])))
			return false;
	return true;
}

static bool is_lonely(const struct body_facts *body)
{
	return body != NULL && body->is_known && !body->is_broken &&
		body->part_count == 2 && body->parts[0].is_multipart &&
		slice_is_equal(
			body->parts[0].type, slice_of("multipart/alternative"));
}

static void check_mime(struct headernote *n)
{
	const struct field *version = field(n, "MIME-Version");

	if (version != NULL && has_odd_name(version))
		headernote_add(n, "mime_form", 1,
			"a field is named \"%.*s\", not MIME-Version",
			SLICE_ARG(version->name));
	else if (version != NULL && field(n, "Content-Type") == NULL &&
		!n->in->message->is_header_partial)
		headernote_add(
			n, "mime_form", 1, "MIME-Version without Content-Type");
	else if (is_lonely(n->in->body))
		headernote_add(n, "mime_form", 1,
			"a multipart with one text part only");
}

/* ---- marks of programs ---- */

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* hex "$" hex "$" hex "@": what Outlook and MimeOLE write. */
static bool is_ole_id(struct slice id)
{
	const size_t sign = slice_find(id, '@');
	unsigned dollars = 0;

	if (id.len == 0 || id.at[0] != '<' || sign == id.len || sign < 12)
		return false;
	for (size_t i = 1; i < sign; i++) {
		if (id.at[i] == '$')
			dollars++;
		else if (!is_hex(id.at[i]))
			return false;
	}
	return dollars == 2;
}

static bool is_of_microsoft(const struct headernote *n)
{
	static const char *const names[] = { "outlook", "cdo", "exchange",
		"microsoft", "windows" };
	const struct field *mailer = field(n, "X-Mailer");

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (contains(mailer, names[i]))
			return true;
	return field(n, "X-MimeOLE") != NULL;
}

/* Lists and newsgroups drop fields, and what is left is no forgery. */
static bool is_of_list(const struct headernote *n)
{
	static const char *const marks[] = { "List-Id", "List-Post",
		"List-Unsubscribe", "Mailing-List", "X-BeenThere" };

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (field(n, marks[i]) != NULL)
			return true;
	return n->in->message->is_header_partial;
}

static void check_id(struct headernote *n)
{
	const struct field *id = field(n, "Message-ID");

	if (id == NULL || id->is_cut || is_of_list(n) ||
		!is_ole_id(slice_trim(id->value)))
		return;
	if (!is_of_microsoft(n))
		headernote_add(n, "id_shape", 1,
			"Message-ID has the form of Outlook, and no field "
			"says that it was Outlook");
}

static bool has_ole_boundary(const struct headernote *n)
{
	const struct field *type = field(n, "Content-Type");
	struct buf boundary;
	bool found;

	if (type == NULL)
		return false;
	buf_init(&boundary, BOUNDARY_MAX);
	(void)!param_find(type->value, "boundary", &boundary);
	found = slice_has_prefix(
		buf_slice(&boundary), slice_of("----=_NextPart_"));
	buf_clear(&boundary);
	return found;
}

static void check_mailer(struct headernote *n)
{
	static const char *const olds[] = { "Microsoft Outlook Express",
		"Microsoft Outlook, Build", "Microsoft Outlook IMO" };
	const struct field *mailer = field(n, "X-Mailer");

	if (is_of_list(n))
		return;
	for (size_t i = 0; i < sizeof(olds) / sizeof(olds[0]); i++)
		if (has_value(mailer, olds[i]) &&
			field(n, "X-MimeOLE") == NULL) {
			headernote_add(n, "mailer", 1,
				"X-Mailer says %s, which writes X-MimeOLE too",
				olds[i]);
			return;
		}
	if (has_ole_boundary(n) && !is_of_microsoft(n) &&
		field(n, "Thread-Index") == NULL)
		headernote_add(n, "mailer", 1,
			"the boundary has the form of Outlook, and no field "
			"says that it was Outlook");
}

/* ---- priority ---- */

static bool is_urgent(const struct headernote *n)
{
	const struct field *priority = field(n, "X-Priority");

	return has_value(priority, "1") || has_value(priority, "2") ||
		has_value(field(n, "Importance"), "high") ||
		has_value(field(n, "X-MSMail-Priority"), "high");
}

static void check_priority(struct headernote *n)
{
	const bool is_ms = field(n, "X-MSMail-Priority") != NULL;
	const bool is_any = is_ms || field(n, "X-Priority") != NULL;
	const bool is_said =
		field(n, "X-Mailer") != NULL || field(n, "User-Agent") != NULL;
	const bool is_odd = !is_of_list(n) &&
		((is_ms && field(n, "X-MimeOLE") == NULL) ||
			(is_any && !is_said));

	if (is_odd)
		headernote_add(n, "priority", 1, "%s, and %s",
			is_ms ? "X-MSMail-Priority" : "X-Priority",
			is_said ? "no X-MimeOLE" : "no field names a program");
	else if (is_urgent(n))
		headernote_add(n, "priority", 0.5,
			"the message says that it is urgent");
}

/* ---- clock ---- */

/* When the first host got it: the last field of the header. */
static bool first_time(const struct message *m, int64_t *at_s)
{
	const struct slice name = slice_of("Received");
	const struct field *last = NULL;
	struct date date;
	size_t semicolon;

	for (size_t i = message_find(m, name, 0); i < m->field_count;
		i = message_find(m, name, i + 1))
		last = &m->fields[i];
	if (last == NULL || last->is_cut || m->is_header_partial)
		return false;
	semicolon = slice_find_last(last->value, ';');
	if (date_parse(slice_part(last->value, semicolon + 1, last->value.len),
		    &date) != RES_OK)
		return false;
	*at_s = date.at_s;
	return true;
}

static void check_clock(struct headernote *n)
{
	const struct field *f = field(n, "Date");
	struct date date;
	int64_t first_s, ahead_s;

	if (f == NULL || f->is_cut || date_parse(f->value, &date) != RES_OK ||
		!first_time(n->in->message, &first_s))
		return;
	ahead_s = date.at_s - first_s;
	if (ahead_s > AHEAD_S || ahead_s < -BEHIND_S)
		headernote_add(n, "clock", 1,
			"Date is %lld minutes %s the time in the first "
			"Received",
			(long long)(ahead_s < 0 ? -ahead_s : ahead_s) /
				MINUTE_S,
			ahead_s < 0 ? "before" : "after");
}

void shapeprogram_run(struct headernote *n)
{
	check_mime(n);
	check_id(n);
	check_mailer(n);
	check_priority(n);
	check_clock(n);
}
