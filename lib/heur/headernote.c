/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/headernote.h"

#include "base/arena.h"
#include "base/buf.h"

void headernote_add(struct headernote *n, const char *word, double factor,
	const char *format, ...)
{
	struct finding *f = findings_add(n->out, n->check);
	struct buf line;
	va_list args;

	n->has_hit = true;
	f->outcome = OUTCOME_HIT;
	f->detail = word;
	f->factor = factor;
	buf_init(&line, HEADERNOTE_LINE_MAX);
	va_start(args, format);
	buf_add_format_list(&line, format, args);
	va_end(args);
	if (arena_copy(n->in->arena, buf_slice(&line), &f->evidence) != RES_OK)
		f->evidence = slice_of(word);
	buf_clear(&line);
}

void headernote_end(struct headernote *n)
{
	if (!n->has_hit)
		findings_add(n->out, n->check)->outcome = OUTCOME_MISS;
}

struct slice headernote_quote(struct slice value)
{
	if (slice_find(value, '@') < value.len)
		return slice_of("");
	return slice_part(slice_trim(value), 0, HEADERNOTE_VALUE_MAX);
}

const struct field *headernote_field(const struct message *m, const char *name)
{
	size_t i = message_find(m, slice_of(name), 0);

	return i < m->field_count ? &m->fields[i] : NULL;
}
