/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/confdefault.h"

#include "conf/conf.h"
#include "conf/confsnapshot.h"
#include "conf/conftable.h"
#include "conf/confvalue.h"

#include <stdlib.h>
#include <string.h>

enum { DEFAULT_VALUES_MAX = 64 };

/* One check, or one result of it. */
struct built_in {
	const char *name;
	struct conf_rule rule;
	bool is_result;
	enum conf_result result;
};

static const struct built_in built_in[] = {
#define CONF_CHECK(name, action, score) \
	{ name, { CONF_ACTION_##action, score }, false, 0 },
#define CONF_RESULT(name, id, action, score) \
	{ name, { CONF_ACTION_##action, score }, true, CONF_RESULT_##id },
#include "conf/checks.def"
#undef CONF_CHECK
#undef CONF_RESULT
};
enum { BUILT_IN = sizeof(built_in) / sizeof(built_in[0]) };

bool confdefault_has_check(const char *name)
{
	for (size_t i = 0; i < BUILT_IN; i++)
		if (strcmp(built_in[i].name, name) == 0)
			return true;
	return false;
}

bool confdefault_has_result(const char *name, enum conf_result result)
{
	for (size_t i = 0; i < BUILT_IN; i++)
		if (built_in[i].is_result && built_in[i].result == result &&
			strcmp(built_in[i].name, name) == 0)
			return true;
	return false;
}

bool confdefault_has_results(const char *name)
{
	for (size_t i = 0; i < BUILT_IN; i++)
		if (built_in[i].is_result &&
			strcmp(built_in[i].name, name) == 0)
			return true;
	return false;
}

static bool grow(void **list, size_t count, size_t each)
{
	/* Room for powers of two only, so the count alone says how much. */
	void *more;

	if (count != 0 && (count & (count - 1)) != 0)
		return true;
	more = realloc(*list, (count == 0 ? 1 : count * 2) * each);
	if (more == NULL)
		return false;
	*list = more;
	return true;
}

enum result confdefault_check(struct conf *c, const char *name, size_t *index)
{
	void *list = c->checks;
	char *copy;

	for (*index = 0; *index < c->check_count; (*index)++)
		if (strcmp(c->checks[*index].name, name) == 0)
			return RES_OK;
	copy = strdup(name);
	if (copy == NULL || !grow(&list, c->check_count, sizeof(*c->checks))) {
		free(copy);
		return RES_NOMEM;
	}
	c->checks = list;
	c->checks[c->check_count++] = (struct conf_check){ .name = copy };
	return RES_OK;
}

enum result confdefault_domain(struct conf *c, const char *name, size_t *index)
{
	void *list = c->domains;
	char *copy;

	for (*index = 0; *index < c->domain_count; (*index)++)
		if (strcmp(c->domains[*index].name, name) == 0)
			return RES_OK;
	copy = strdup(name);
	if (copy == NULL ||
		!grow(&list, c->domain_count, sizeof(*c->domains))) {
		free(copy);
		return RES_NOMEM;
	}
	c->domains = list;
	c->domains[c->domain_count++] = (struct conf_domain){ .name = copy,
		.mark_at = -1,
		.greylist_at = -1,
		.quarantine_at = -1,
		.reject_at = -1 };
	return RES_OK;
}

static enum result set_default(void *base, const struct conf_row *row)
{
	struct slice values[DEFAULT_VALUES_MAX];
	struct slice rest = slice_of(row->value);
	size_t count = 0;
	struct buf why;
	enum result res;

	if (!conf_row_is_list(row))
		values[count++] = rest;
	else
		while (count < DEFAULT_VALUES_MAX &&
			slice_cut(&rest, ' ', &values[count]))
			count++;
	buf_init(&why, 256);
	res = confvalue_set(row, base, values, count, &why);
	buf_clear(&why);
	return res;
}

enum result confdefault_zone(struct conf *c, const char *name, size_t *index)
{
	void *list = c->zones;
	struct conf_zone *z;
	enum result res = RES_OK;

	for (*index = 0; *index < c->zone_count; (*index)++)
		if (strcmp(c->zones[*index].name, name) == 0)
			return RES_OK;
	if (!grow(&list, c->zone_count, sizeof(*c->zones)))
		return RES_NOMEM;
	c->zones = list;
	z = &c->zones[c->zone_count];
	*z = (struct conf_zone){ .name = strdup(name) };
	if (z->name == NULL)
		return RES_NOMEM;
	c->zone_count++;
	for (size_t i = 0; res == RES_OK && i < conf_row_count; i++)
		if (conf_rows[i].base == CONF_IN_ZONE)
			res = set_default(z, &conf_rows[i]);
	return res;
}

/* Required options have no default, yet no string is ever NULL. */
static enum result set_empty(struct conf *c, const struct conf_row *row)
{
	char **field = (char **)(void *)((char *)c + row->offset);

	if (!conf_row_is_text(row))
		return RES_OK;
	*field = strdup("");
	return *field == NULL ? RES_NOMEM : RES_OK;
}

static enum result set_defaults(struct conf *c)
{
	enum result res = RES_OK;

	for (size_t i = 0; res == RES_OK && i < conf_row_count; i++) {
		if (conf_rows[i].base != CONF_IN_CONF)
			continue;
		res = conf_rows[i].value == NULL
			? set_empty(c, &conf_rows[i])
			: set_default(c, &conf_rows[i]);
	}
	for (size_t i = 0; res == RES_OK && i < BUILT_IN; i++) {
		size_t at;

		res = confdefault_check(c, built_in[i].name, &at);
		if (res == RES_OK && built_in[i].is_result)
			c->checks[at].result[built_in[i].result] =
				built_in[i].rule;
		else if (res == RES_OK)
			c->checks[at].hit = built_in[i].rule;
	}
	return res;
}

enum result confdefault_conf(struct conf **out)
{
	struct conf *c = confsnapshot_new();
	enum result res = RES_NOMEM;

	*out = NULL;
	if (c == NULL)
		return RES_NOMEM;
	c->path = strdup("");
	if (c->path != NULL)
		res = set_defaults(c);
	if (res != RES_OK) {
		conf_release(c);
		return res;
	}
	*out = c;
	return RES_OK;
}
