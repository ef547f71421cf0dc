/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/author.h"

#include "auth/psl.h"
#include "base/arena.h"
#include "mail/from.h"

static enum from_kind of_result(enum result res)
{
	if (res == RES_NOMEM)
		return FROM_UNKNOWN;
	return res == RES_TOOBIG ? FROM_SEVERAL_DOMAINS : FROM_UNREADABLE;
}

/* All of the list has to be one name. */
static enum from_kind join(
	const struct from_list *list, struct arena *a, struct slice *domain)
{
	char name[HOSTNAME_MAX];
	size_t len;

	for (size_t i = 0; i < list->count; i++) {
		enum result res = psl_to_ascii(list->domain[i], name, &len);

		if (res == RES_NOMEM)
			return FROM_UNKNOWN;
		if (res != RES_OK)
			return FROM_UNREADABLE;
		if (i > 0 && !slice_is_equal(*domain, slice_make(name, len)))
			return FROM_SEVERAL_DOMAINS;
		if (i == 0 &&
			arena_copy(a, slice_make(name, len), domain) != RES_OK)
			return FROM_UNKNOWN;
	}
	return FROM_ONE;
}

enum from_kind author_find(
	const struct message *m, struct arena *a, struct slice *domain)
{
	struct slice from = slice_of("From");
	size_t at = message_find(m, from, 0);
	struct from_list list;
	enum from_kind kind;
	enum result res;

	*domain = slice_of("");
	if (at < m->field_count &&
		message_find(m, from, at + 1) < m->field_count)
		return FROM_SEVERAL_FIELDS;
	if (m->is_header_partial)
		return FROM_UNKNOWN;
	if (at == m->field_count)
		return FROM_NONE;
	if (m->fields[at].is_cut)
		return FROM_UNKNOWN;
	res = from_parse(m->fields[at].value, &list);
	if (res != RES_OK)
		return of_result(res);
	kind = join(&list, a, domain);
	if (kind != FROM_ONE)
		*domain = slice_of("");
	return kind;
}
