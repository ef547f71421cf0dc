/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/mailtext.h"

#include "ctl/mailchild.h"

#include <gmime/gmime.h>

static bool is_wanted(GMimeObject *part, enum mailtext_want want)
{
	GMimeContentType *type = g_mime_object_get_content_type(part);

	if (type == NULL || !GMIME_IS_PART(part) ||
		g_mime_part_is_attachment((GMimePart *)part))
		return false;
	switch (want) {
	case MAILTEXT_TEXT:
		return g_mime_content_type_is_type(type, "text", "plain");
	case MAILTEXT_HTML:
		return g_mime_content_type_is_type(type, "text", "html");
	case MAILTEXT_STATUS:
		return g_mime_content_type_is_type(
			type, "message", "delivery-status");
	}
	return false;
}

static bool write_all(int fd, const char *text, size_t len)
{
	return mailchild_write(
		fd, text, len < MAILTEXT_TEXT_MAX ? len : MAILTEXT_TEXT_MAX);
}

static enum mailchild_end write_part(int fd, GMimeObject *part)
{
	GMimeDataWrapper *content = NULL;
	GMimeStream *memory = NULL;
	GByteArray *octets = NULL;
	char *text = NULL;

	if (GMIME_IS_TEXT_PART(part)) {
		text = g_mime_text_part_get_text((GMimeTextPart *)part);
		return text != NULL && write_all(fd, text, strlen(text))
			? MAILCHILD_FOUND
			: MAILCHILD_NONE;
	}
	content = g_mime_part_get_content((GMimePart *)part);
	memory = g_mime_stream_mem_new();
	if (content == NULL ||
		g_mime_data_wrapper_write_to_stream(content, memory) < 0)
		return MAILCHILD_NONE;
	octets = g_mime_stream_mem_get_byte_array((GMimeStreamMem *)memory);
	return write_all(fd, (const char *)octets->data, octets->len)
		? MAILCHILD_FOUND
		: MAILCHILD_NONE;
}

struct search {
	struct slice message;
	enum mailtext_want want;
};

/* Nothing is freed: the process ends. */
static enum mailchild_end find_part(int fd, void *ctx)
{
	const struct search *s = ctx;
	GMimeStream *stream = NULL;
	GMimeMessage *parsed = NULL;
	GMimePartIter *iter = NULL;

	g_mime_init();
	stream = g_mime_stream_mem_new_with_buffer(
		s->message.at, s->message.len);
	parsed = g_mime_parser_construct_message(
		g_mime_parser_new_with_stream(stream), NULL);
	if (parsed == NULL || g_mime_message_get_mime_part(parsed) == NULL)
		return MAILCHILD_NONE;
	iter = g_mime_part_iter_new((GMimeObject *)parsed);
	do {
		GMimeObject *part = g_mime_part_iter_get_current(iter);

		if (part != NULL && is_wanted(part, s->want))
			return write_part(fd, part);
	} while (g_mime_part_iter_next(iter));
	return MAILCHILD_NONE;
}

enum result mailtext_read(
	struct slice message, enum mailtext_want want, struct buf *out)
{
	struct search s = {
		.message = slice_part(message, 0, MAILTEXT_MESSAGE_MAX),
		.want = want,
	};

	return mailchild_run(find_part, &s, out);
}
