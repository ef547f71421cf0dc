/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/author.h"

#include "base/arena.h"
#include "mail/from.h"
#include "net/psl.h"

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

/* The one From field; else NULL, and *kind says why. */
static const struct field *find_field(
	const struct message *m, enum from_kind *kind)
{
	struct slice from = slice_of("From");
	size_t at = message_find(m, from, 0);
	size_t count = message_count(m, from) + m->late_from_count;

	*kind = count > 1	  ? FROM_SEVERAL_FIELDS
		: m->is_from_lost ? FROM_UNKNOWN
				  : FROM_NONE;
	if (count != 1 || m->is_from_lost)
		return NULL;
	return at < m->field_count ? &m->fields[at] : &m->late_from[0];
}

enum from_kind author_find(
	const struct message *m, struct arena *a, struct slice *domain)
{
	struct from_list list;
	enum from_kind kind;
	const struct field *field = find_field(m, &kind);
	enum result res;

	*domain = slice_of("");
	if (field == NULL)
		return kind;
	/* One that the MTA has cut is delivered as it is here. */
	res = from_parse(field->value, &list);
	if (res != RES_OK)
		return of_result(res);
	kind = join(&list, a, domain);
	if (kind != FROM_ONE)
		*domain = slice_of("");
	return kind;
}
