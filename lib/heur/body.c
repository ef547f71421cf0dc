/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/body.h"

#include "base/arena.h"
#include "base/buf.h"
#include "conf/conf.h"
#include "heur/bodyparts.h"
#include "heur/bodytext.h"

#include <stdlib.h>
#include <string.h>

struct body {
	struct buf raw; /* as it came, at most mime.body_max */
	struct buf text;
	struct arena *arena;
	size_t octets; /* of all that came */
};

/*
 * More than is ever used: contents are no longer than what they were encoded
 * from, text has its own bound, and what a part or a link brings is less than
 * a KiB beside its own octets.
 */
static size_t arena_max(const struct conf_mime *m)
{
	return 65536 + 4 * m->body_max + 4 * m->text_max +
		((size_t)m->parts_max + m->links_max) * 1024;
}

static struct body *make(const struct conf_mime *limits)
{
	struct body *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return NULL;
	buf_init(&b->raw, limits->body_max);
	buf_init(&b->text, limits->text_max);
	b->arena = arena_new(arena_max(limits));
	if (b->arena == NULL) {
		free(b);
		return NULL;
	}
	return b;
}

void body_clear(void *state)
{
	struct body *b = state;

	buf_clear(&b->raw);
	buf_clear(&b->text);
	arena_free(b->arena);
	free(b);
}

bool body_take(const struct check_input *in, struct slice piece)
{
	struct body *b = *in->state;

	if (b == NULL)
		*in->state = b = make(&in->conf->mime);
	if (b == NULL)
		return false;
	b->octets += piece.len;
	/* The rest is only counted. */
	buf_add(&b->raw, slice_part(piece, 0, b->raw.max - b->raw.len));
	return buf_result(&b->raw) == RES_OK;
}

/* ---- what its octets are ---- */

/* A CR without LF, or a LF without CR. The last octet may lack its other half
 * where the body was cut. */
static bool has_bare_line_end(struct slice raw, bool is_cut)
{
	const char *at = raw.at, *const end = raw.at + raw.len;

	while ((at = memchr(at, '\r', (size_t)(end - at))) != NULL) {
		at++;
		if (at == end)
			return !is_cut;
		if (*at++ != '\n')
			return true;
		if (at == end)
			break;
	}
	at = raw.at;
	while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		if (at == raw.at || at[-1] != '\r')
			return true;
		if (++at == end)
			break;
	}
	return false;
}

static struct slice field_value(const struct message *m, const char *name)
{
	const size_t i = m == NULL ? 0 : message_find(m, slice_of(name), 0);

	if (m == NULL || i >= m->field_count)
		return slice_of("");
	return slice_trim(m->fields[i].value);
}

static enum result parse(
	const struct check_input *in, struct body *b, struct body_facts *facts)
{
	const struct conf_mime *limits = &in->conf->mime;
	const struct mime_head head = {
		.type = field_value(in->message, "Content-Type"),
		.encoding =
			field_value(in->message, "Content-Transfer-Encoding"),
		.disposition = field_value(in->message, "Content-Disposition"),
	};
	const struct slice raw = buf_slice(&b->raw);
	enum result res;

	facts->octets = b->octets;
	facts->is_cut = b->octets > raw.len;
	if (raw.len > 0) {
		facts->has_nul = memchr(raw.at, '\0', raw.len) != NULL;
		facts->has_bare_cr = has_bare_line_end(raw, facts->is_cut);
	}
	res = bodyparts_make(raw, &head, limits, b->arena, facts);
	if (res == RES_OK)
		res = bodytext_make(limits, b->arena, &b->text, facts);
	return res;
}

enum check_progress body_step(
	const struct check_input *in, struct findings *out)
{
	struct body *b = *in->state;
	struct body_facts facts = { .is_known = true };

	if (out == NULL || b == NULL || in->body == NULL || !in->body_ended ||
		buf_result(&b->raw) != RES_OK)
		return CHECK_DONE;
	if (parse(in, b, &facts) != RES_OK)
		return CHECK_DONE;
	*in->body = facts;
	return CHECK_DONE;
}
