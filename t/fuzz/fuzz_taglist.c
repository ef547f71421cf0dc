/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tag lists of a stranger: what is read lies within the text, names differ,
 * and the same tags written anew are read the same.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "mail/taglist.h"
#include "t/fuzz/target.h"

#include <string.h>

static bool lies_within(struct slice part, struct slice whole)
{
	return part.len == 0 ||
		(part.at >= whole.at &&
			part.at + part.len <= whole.at + whole.len);
}

static void check_tag(const struct taglist *list, size_t i, struct slice text)
{
	const struct tag *t = &list->tag[i];
	char name[64];

	target_promise(t->name.len > 0, "a tag has a name");
	target_promise(
		lies_within(t->name, text) && lies_within(t->value, text),
		"what is read lies within the text");
	target_promise(slice_trim(t->value).len == t->value.len,
		"no blanks around a value");
	if (t->name.len >= sizeof(name))
		return;
	memcpy(name, t->name.at, t->name.len);
	name[t->name.len] = '\0';
	target_promise(taglist_find(list, name) == &t->value,
		"each tag is found by its name");
}

static void check_squeezed(struct slice value)
{
	struct arena *a = arena_new(65536);
	struct slice dense;

	if (taglist_squeeze(value, a, &dense) == RES_OK)
		for (size_t i = 0; i < dense.len; i++)
			target_promise(strchr(" \t\r\n", dense.at[i]) == NULL ||
					dense.at[i] == '\0',
				"a squeezed value has no blanks");
	arena_free(a);
}

static void check_again(const struct taglist *list)
{
	struct taglist again;
	struct buf b;

	buf_init(&b, 1048576);
	for (size_t i = 0; i < list->count; i++) {
		buf_add(&b, list->tag[i].name);
		buf_add_text(&b, "\r\n\t= ");
		buf_add(&b, list->tag[i].value);
		buf_add_text(&b, " ; ");
	}
	target_promise(taglist_parse(&again, buf_slice(&b)) == RES_OK &&
			again.count == list->count,
		"what was written anew is read");
	for (size_t i = 0; i < list->count; i++)
		target_promise(
			slice_is_equal(again.tag[i].name, list->tag[i].name) &&
				slice_is_equal(
					again.tag[i].value, list->tag[i].value),
			"and is the same");
	buf_clear(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_make(data, size);
	struct taglist list;

	if (taglist_parse(&list, text) != RES_OK)
		return 0;
	target_promise(list.count > 0 && list.count <= TAGLIST_MAX,
		"a list has tags, and a bound");
	for (size_t i = 0; i < list.count; i++) {
		check_tag(&list, i, text);
		check_squeezed(list.tag[i].value);
	}
	check_again(&list);
	return 0;
}
