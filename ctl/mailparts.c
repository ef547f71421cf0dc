/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/mailparts.h"

#include "ctl/mailchild.h"
#include "ctl/mailframe.h"
#include "ctl/plaintext.h"

#include <gmime/gmime.h>
#include <string.h>

enum {
	WAITING_MAX = 1024,
	WRAPPED_MAX = 32, /* parts of a report that was forwarded */
	PIPE_MAX = MAILPARTS_OCTETS_MAX + MAILPARTS_TEXT_MAX
};

/* ---- in the child: nothing is freed, for the process ends ---- */

struct waiting {
	GMimeObject *part;
	int within;
	unsigned forwards;
};

struct walk {
	int fd;
	struct waiting stack[WAITING_MAX];
	size_t waiting;
	int told; /* parts */
	size_t octets; /* of them */
	bool has_text, has_html;
	bool is_partial;
	bool is_over; /* nobody reads */
};

static struct slice octets_of(GMimeStream *memory)
{
	GByteArray *octets =
		g_mime_stream_mem_get_byte_array((GMimeStreamMem *)memory);

	return slice_make(octets->data, octets->len);
}

/* With its transfer encoding undone, as far as that goes. */
static struct slice content_of(GMimePart *part)
{
	GMimeDataWrapper *content = g_mime_part_get_content(part);
	GMimeStream *memory = g_mime_stream_mem_new();

	if (content == NULL ||
		g_mime_data_wrapper_write_to_stream(content, memory) < 0)
		return slice_of("");
	return octets_of(memory);
}

static struct slice name_of(GMimePart *part)
{
	return slice_of(g_mime_part_get_filename(part));
}

/* Its index, or -1: it was not told. */
static int tell(struct walk *w, const struct waiting *where,
	enum mailparts_kind kind, struct slice name, struct slice octets)
{
	const bool is_text = kind == MAILPARTS_TEXT || kind == MAILPARTS_HTML;
	const size_t room = MAILPARTS_OCTETS_MAX - w->octets;
	const size_t most = is_text && room > MAILPARTS_TEXT_MAX
		? MAILPARTS_TEXT_MAX
		: room;
	const struct mailpart p = { .kind = kind,
		.within = where->within,
		.name = name,
		.octets = slice_part(octets, 0, most) };

	if (p.octets.len < octets.len)
		w->is_partial = true;
	if (w->told >= MAILPARTS_COUNT_MAX || (room == 0 && octets.len > 0)) {
		w->is_partial = true;
		return -1;
	}
	if (!mailframe_write(w->fd, &p)) {
		w->is_over = true;
		return -1;
	}
	w->octets += p.octets.len;
	return w->told++;
}

static void push(struct walk *w, const struct waiting *one)
{
	if (w->waiting < WAITING_MAX)
		w->stack[w->waiting++] = *one;
	else
		w->is_partial = true;
}

/* The first part is the next to be looked at. */
static void push_parts(
	struct walk *w, GMimeObject *multipart, struct waiting where)
{
	int count = g_mime_multipart_get_count((GMimeMultipart *)multipart);

	while (count-- > 0) {
		where.part = g_mime_multipart_get_part(
			(GMimeMultipart *)multipart, count);
		push(w, &where);
	}
}

static bool is_type(GMimeObject *part, const char *type, const char *subtype)
{
	GMimeContentType *t = g_mime_object_get_content_type(part);

	return t != NULL && g_mime_content_type_is_type(t, type, subtype);
}

static bool ends_in(struct slice name, const char *end)
{
	const size_t len = strlen(end);

	return name.len >= len &&
		slice_is_equal_nocase(
			slice_part(name, name.len - len, len), slice_of(end));
}

/* Of a file; false: of no use to us. */
static bool kind_of(GMimePart *part, enum mailparts_kind *kind)
{
	static const struct {
		const char *type, *subtype, *end; /* of the name */
		enum mailparts_kind kind;
	} known[] = {
		{ NULL, NULL, ".eml", MAILPARTS_ORIGINAL },
		{ "message", "rfc822", NULL, MAILPARTS_ORIGINAL },
		{ "message", "global", NULL, MAILPARTS_ORIGINAL },
		{ "message", "feedback-report", NULL, MAILPARTS_FEEDBACK },
		{ "message", "delivery-status", NULL, MAILPARTS_STATUS },
		{ "message", "global-delivery-status", NULL, MAILPARTS_STATUS },
		{ "text", "rfc822-headers", NULL, MAILPARTS_HEADERS },
		{ "message", "rfc822-headers", NULL, MAILPARTS_HEADERS },
		{ "message", "global-headers", NULL, MAILPARTS_HEADERS },
		{ "application", "json", ".json", MAILPARTS_JSON },
		{ "application", "xml", ".xml", MAILPARTS_DMARC },
		{ "text", "xml", NULL, MAILPARTS_DMARC },
		{ "application", "gzip", ".gz", MAILPARTS_DMARC },
		{ "application", "x-gzip", NULL, MAILPARTS_DMARC },
		{ "application", "zip", ".zip", MAILPARTS_DMARC },
		{ "application", "x-zip-compressed", NULL, MAILPARTS_DMARC },
	};
	const struct slice name = name_of(part);

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if ((known[i].end == NULL || !ends_in(name, known[i].end)) &&
			(known[i].type == NULL ||
				!is_type((GMimeObject *)part, known[i].type,
					known[i].subtype)))
			continue;
		*kind = known[i].kind;
		return true;
	}
	return false;
}

/* ---- forwarded twice ---- */

static bool is_reading(GMimeObject *part)
{
	return is_type(part, "multipart", "alternative") ||
		is_type(part, "multipart", "related") ||
		(is_type(part, "text", "*") && GMIME_IS_PART(part) &&
			!g_mime_part_is_attachment((GMimePart *)part));
}

static bool is_enclosed(GMimeObject *part)
{
	enum mailparts_kind kind;

	if (GMIME_IS_MESSAGE_PART(part))
		return true;
	return GMIME_IS_PART(part) && kind_of((GMimePart *)part, &kind) &&
		(kind == MAILPARTS_ORIGINAL || kind == MAILPARTS_HEADERS ||
			kind == MAILPARTS_FEEDBACK);
}

/* Words to read, and messages: nothing else. */
static bool is_report(GMimeObject *body)
{
	int count, enclosed = 0;

	if (body == NULL || !GMIME_IS_MULTIPART(body))
		return false;
	count = g_mime_multipart_get_count((GMimeMultipart *)body);
	for (int i = 0; i < count; i++) {
		GMimeObject *part =
			g_mime_multipart_get_part((GMimeMultipart *)body, i);

		if (is_enclosed(part))
			enclosed++;
		else if (!is_reading(part))
			return false;
	}
	return enclosed > 0 && count <= WRAPPED_MAX;
}

static void look_within(struct walk *w, const struct waiting *where,
	GMimeMessage *message, int number)
{
	GMimeObject *body = g_mime_message_get_mime_part(message);

	if (number >= 0 && where->forwards < MAILPARTS_FORWARDS_MAX &&
		is_report(body))
		push_parts(w, body,
			(struct waiting){ .within = number,
				.forwards = where->forwards + 1 });
}

/* ---- each part ---- */

static GMimeMessage *parse(struct slice text)
{
	GMimeStream *stream =
		g_mime_stream_mem_new_with_buffer(text.at, text.len);

	return g_mime_parser_construct_message(
		g_mime_parser_new_with_stream(stream), NULL);
}

static void take_message(struct walk *w, const struct waiting *one)
{
	GMimeMessage *message =
		g_mime_message_part_get_message((GMimeMessagePart *)one->part);
	GMimeStream *memory = g_mime_stream_mem_new();

	if (message == NULL ||
		g_mime_object_write_to_stream(
			(GMimeObject *)message, NULL, memory) < 0)
		return;
	look_within(w, one, message,
		tell(w, one, MAILPARTS_ORIGINAL, slice_of(""),
			octets_of(memory)));
}

/* It came encoded, so nobody has counted its parts yet. */
static void take_file(
	struct walk *w, const struct waiting *one, enum mailparts_kind kind)
{
	const struct slice octets = content_of((GMimePart *)one->part);
	const int number =
		tell(w, one, kind, name_of((GMimePart *)one->part), octets);
	GMimeMessage *message;

	if (kind != MAILPARTS_ORIGINAL || number < 0 ||
		one->forwards >= MAILPARTS_FORWARDS_MAX)
		return;
	message = parse(slice_part(octets, 0, plaintext_scan(octets)));
	if (message != NULL)
		look_within(w, one, message, number);
}

static void take_text(struct walk *w, const struct waiting *one)
{
	const bool is_plain = is_type(one->part, "text", "plain");
	bool *has = is_plain ? &w->has_text : &w->has_html;
	char *text;

	if (*has || one->within >= 0 ||
		g_mime_part_is_attachment((GMimePart *)one->part) ||
		!GMIME_IS_TEXT_PART(one->part))
		return;
	text = g_mime_text_part_get_text((GMimeTextPart *)one->part);
	if (text == NULL)
		return;
	*has = true;
	(void)tell(w, one, is_plain ? MAILPARTS_TEXT : MAILPARTS_HTML,
		slice_of(""), slice_of(text));
}

static void take_leaf(struct walk *w, const struct waiting *one)
{
	enum mailparts_kind kind;

	if (kind_of((GMimePart *)one->part, &kind)) {
		if (one->within < 0 || is_enclosed(one->part))
			take_file(w, one, kind);
	} else if (is_type(one->part, "text", "plain") ||
		is_type(one->part, "text", "html")) {
		take_text(w, one);
	}
}

static void take(struct walk *w, const struct waiting *one)
{
	if (one->part == NULL)
		return;
	if (GMIME_IS_MULTIPART(one->part))
		push_parts(w, one->part, *one);
	else if (GMIME_IS_MESSAGE_PART(one->part))
		take_message(w, one);
	else if (GMIME_IS_PART(one->part))
		take_leaf(w, one);
}

struct task {
	struct slice message;
	bool is_cut;
};

static enum mailchild_end take_apart(int fd, void *ctx)
{
	const struct task *t = ctx;
	struct walk w = { .fd = fd, .is_partial = t->is_cut };
	struct waiting one = { .within = -1 };
	GMimeMessage *message;

	g_mime_init();
	message = parse(t->message);
	if (message != NULL) {
		one.part = g_mime_message_get_mime_part(message);
		push(&w, &one);
	}
	while (w.waiting > 0 && !w.is_over) {
		one = w.stack[--w.waiting];
		take(&w, &one);
	}
	return mailframe_end(fd, w.is_partial) ? MAILCHILD_FOUND
					       : MAILCHILD_NONE;
}

/* ---- in the parent ---- */

enum result mailparts_read(struct slice message, struct mailparts *out)
{
	const size_t len = message.len;
	struct task t;
	enum result res, framed;

	*out = (struct mailparts){ .count = 0 };
	buf_init(&out->octets, PIPE_MAX);
	message = slice_part(message, 0, MAILPARTS_MESSAGE_MAX);
	t.message = slice_part(message, 0, plaintext_scan(message));
	t.is_cut = t.message.len < len;
	res = mailchild_run(take_apart, &t, &out->octets);
	framed = mailframe_read(out);
	return res == RES_OK ? framed : res;
}

void mailparts_clear(struct mailparts *p)
{
	buf_clear(&p->octets);
	p->count = 0;
}

const struct mailpart *mailparts_find(
	const struct mailparts *p, enum mailparts_kind kind)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->part[i].kind == kind && p->part[i].within < 0)
			return &p->part[i];
	return NULL;
}
