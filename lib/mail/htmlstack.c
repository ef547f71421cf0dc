/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/htmlstack.h"

/* FNV-1a: two names that meet in it end each other, no more. */
static uint32_t hash_of(struct slice name)
{
	uint32_t hash = 2166136261U;

	for (size_t i = 0; i < name.len; i++)
		hash = (hash ^ (unsigned char)name.at[i]) * 16777619U;
	return hash;
}

/* open[0] is the page; it never ends. */
void htmlstack_init(struct htmlstack *s)
{
	s->depth = 1;
	s->has_sheet = false;
	s->open[0] = (struct htmlstack_element){ .hash = 0 };
	htmllook_init(&s->open[0].look);
}

bool htmlstack_is_hidden(const struct htmlstack *s)
{
	return htmllook_is_hidden(&s->open[s->depth - 1].look, s->has_sheet);
}

bool htmlstack_is_toggled(const struct htmlstack *s)
{
	const struct htmllook *look = &s->open[s->depth - 1].look;

	return s->has_sheet && look->is_gone && look->is_named;
}

static void end_groups(struct htmlstack *s, const struct htmltag *tag)
{
	const bool is_table = (tag->flags & HTMLTAG_TABLE) != 0;
	size_t i = s->depth;

	while (--i > 0) {
		const struct htmlstack_element *e = &s->open[i];

		if ((e->group & tag->ends) != 0)
			s->depth = i;
		else if ((e->flags & HTMLTAG_SCOPE) != 0 ||
			(!is_table && (e->flags & HTMLTAG_BLOCK) != 0))
			return;
	}
}

bool htmlstack_enter(struct htmlstack *s, const struct htmltag *tag,
	const struct html_token *open, bool is_self_closing)
{
	struct htmllook look;

	if (tag != NULL && tag->ends != 0)
		end_groups(s, tag);
	look = s->open[s->depth - 1].look;
	if (open->attribute_count > 0 || open->name.len == 1)
		htmllook_enter(&look, open);
	if (tag == NULL ? !is_self_closing : (tag->flags & HTMLTAG_VOID) == 0) {
		if (s->depth < HTML_DEPTH_MAX)
			s->open[s->depth++] = (struct htmlstack_element){
				.hash = hash_of(open->name),
				.flags = tag == NULL ? 0 : tag->flags,
				.group = tag == NULL ? 0 : tag->group,
				.look = look,
			};
	}
	return htmllook_is_hidden(&look, s->has_sheet);
}

void htmlstack_leave(
	struct htmlstack *s, const struct htmltag *tag, struct slice name)
{
	const bool is_table = tag != NULL && (tag->flags & HTMLTAG_TABLE) != 0;
	const uint32_t hash = hash_of(name);
	size_t i = s->depth;

	while (--i > 0) {
		if (s->open[i].hash == hash) {
			s->depth = i;
			return;
		}
		if (!is_table && (s->open[i].flags & HTMLTAG_SCOPE) != 0)
			return;
	}
}
