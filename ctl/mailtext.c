/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/mailtext.h"

#include "base/clock.h"

#include <gmime/gmime.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILD_FOUND = 0, CHILD_NONE = 3, PIECE = 4096 };

/* ---- in the child ---- */

static void set_limit(int what, rlim_t most)
{
	const struct rlimit limit = { .rlim_cur = most, .rlim_max = most };

	(void)setrlimit((__rlimit_resource_t)what, &limit);
}

static void give_up_rights(void)
{
/* The shadow memory of AddressSanitizer is far larger. */
#ifndef __SANITIZE_ADDRESS__
	set_limit(RLIMIT_AS, MAILTEXT_MEMORY_MAX);
#endif
	set_limit(RLIMIT_CPU, MAILTEXT_CPU_S);
	set_limit(RLIMIT_FSIZE, 0);
	set_limit(RLIMIT_CORE, 0);
	set_limit(RLIMIT_NPROC, 0);
}

static bool write_all(int fd, const char *text, size_t len)
{
	if (len > MAILTEXT_TEXT_MAX)
		len = MAILTEXT_TEXT_MAX;
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n <= 0)
			return false;
		text += n;
		len -= (size_t)n;
	}
	return true;
}

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

static int write_part(int fd, GMimeObject *part)
{
	GMimeDataWrapper *content = NULL;
	GMimeStream *memory = NULL;
	GByteArray *octets = NULL;
	char *text = NULL;

	if (GMIME_IS_TEXT_PART(part)) {
		text = g_mime_text_part_get_text((GMimeTextPart *)part);
		return text != NULL && write_all(fd, text, strlen(text))
			? CHILD_FOUND
			: CHILD_NONE;
	}
	content = g_mime_part_get_content((GMimePart *)part);
	memory = g_mime_stream_mem_new();
	if (content == NULL ||
		g_mime_data_wrapper_write_to_stream(content, memory) < 0)
		return CHILD_NONE;
	octets = g_mime_stream_mem_get_byte_array((GMimeStreamMem *)memory);
	return write_all(fd, (const char *)octets->data, octets->len)
		? CHILD_FOUND
		: CHILD_NONE;
}

/* Nothing is freed: the process ends. */
static int find_part(int fd, struct slice message, enum mailtext_want want)
{
	GMimeStream *stream = NULL;
	GMimeMessage *parsed = NULL;
	GMimePartIter *iter = NULL;

	g_mime_init();
	stream = g_mime_stream_mem_new_with_buffer(message.at, message.len);
	parsed = g_mime_parser_construct_message(
		g_mime_parser_new_with_stream(stream), NULL);
	if (parsed == NULL || g_mime_message_get_mime_part(parsed) == NULL)
		return CHILD_NONE;
	iter = g_mime_part_iter_new((GMimeObject *)parsed);
	do {
		GMimeObject *part = g_mime_part_iter_get_current(iter);

		if (part != NULL && is_wanted(part, want))
			return write_part(fd, part);
	} while (g_mime_part_iter_next(iter));
	return CHILD_NONE;
}

/* ---- in the parent ---- */

static int64_t now_ms(void)
{
	return clock_mono_ms(clock_system());
}

/* RES_TIMEOUT: there may be more. */
static enum result read_pipe(int fd, struct buf *out)
{
	const int64_t end = now_ms() + MAILTEXT_WAIT_MS;
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	char piece[PIECE];

	for (;;) {
		int64_t left = end - now_ms();
		ssize_t n;

		if (left <= 0 || poll(&ready, 1, (int)left) <= 0)
			return RES_TIMEOUT;
		n = read(fd, piece, sizeof(piece));
		if (n <= 0)
			return RES_OK;
		buf_add(out, slice_make(piece, (size_t)n));
	}
}

static enum result end_child(pid_t child, enum result res)
{
	int status = 0;

	if (res != RES_OK)
		(void)kill(child, SIGKILL);
	if (waitpid(child, &status, 0) != child)
		return RES_NOMEM;
	if (res != RES_OK)
		return res;
	if (!WIFEXITED(status))
		return RES_CORRUPT;
	if (WEXITSTATUS(status) == CHILD_NONE)
		return RES_MISSING;
	return WEXITSTATUS(status) == CHILD_FOUND ? RES_OK : RES_CORRUPT;
}

enum result mailtext_read(
	struct slice message, enum mailtext_want want, struct buf *out)
{
	int ends[2];
	pid_t child;
	enum result res;

	if (pipe(ends) != 0)
		return RES_NOMEM;
	child = fork();
	if (child == 0) {
		close(ends[0]);
		give_up_rights();
		_exit(find_part(ends[1],
			slice_part(message, 0, MAILTEXT_MESSAGE_MAX), want));
	}
	close(ends[1]);
	res = child < 0 ? RES_NOMEM : read_pipe(ends[0], out);
	close(ends[0]);
	return child < 0 ? res : end_child(child, res);
}
