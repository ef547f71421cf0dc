/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/confdefault.h"

#include "conf/conf.h"
#include "conf/confsnapshot.h"
#include "conf/conftable.h"
#include "conf/confvalue.h"

#include <stdlib.h>
#include <string.h>

enum { DEFAULT_VALUES_MAX = 8 };

#define SCORE(n)                                          \
	{                                                 \
		.action = CONF_ACTION_SCORE, .score = (n) \
	}
#define BIT(result) (1U << CONF_RESULT_##result)

/* RFC 8601 s2.7: what each method can come to. */
enum {
	OF_IPREV = BIT(PASS) | BIT(FAIL) | BIT(TEMPERROR) | BIT(PERMERROR),
	OF_SPF = OF_IPREV | BIT(SOFTFAIL) | BIT(NEUTRAL) | BIT(NONE),
	OF_DKIM = OF_IPREV | BIT(NEUTRAL) | BIT(NONE) | BIT(POLICY),
	OF_ARC = BIT(PASS) | BIT(FAIL) | BIT(NONE) | BIT(TEMPERROR),
	OF_DMARC = OF_IPREV | BIT(NONE) | BIT(FAIL_QUARANTINE) |
		BIT(FAIL_REJECT) | BIT(TEMPERROR_STRICT)
};

/*
 * What each check of this version does when the file says nothing, and which
 * results it has. Reasons: etc/reprieve.conf.
 */
static const struct built_in {
	const char *name;
	unsigned results;
	struct conf_check rules;
} built_in[] = {
	{ "blocked", 0, { .hit = { .action = CONF_ACTION_REJECT } } },
	{ "allowed", 0, { .hit = { .action = CONF_ACTION_ACCEPT } } },
	{ "iprev", OF_IPREV,
		{ .result = { [CONF_RESULT_FAIL] = SCORE(2),
			  [CONF_RESULT_PERMERROR] = SCORE(1) } } },
	{ "spf", OF_SPF,
		{ .result = { [CONF_RESULT_FAIL] = SCORE(4),
			  [CONF_RESULT_SOFTFAIL] = SCORE(1),
			  [CONF_RESULT_PERMERROR] = SCORE(1) } } },
	{ "spf-helo", OF_SPF, { .result = { [CONF_RESULT_FAIL] = SCORE(2) } } },
	{ "dkim", OF_DKIM, { .shadow = false } },
	{ "arc", OF_ARC, { .shadow = false } },
	{ "dmarc", OF_DMARC,
		{ .result = { [CONF_RESULT_FAIL_QUARANTINE] = SCORE(5),
			  [CONF_RESULT_FAIL_REJECT] = SCORE(10),
			  [CONF_RESULT_TEMPERROR_STRICT] = { .action =
								     CONF_ACTION_TEMPFAIL } } } },
	{ "dmarc-modes", 0, { .shadow = false } },
	{ "from", 0, { .hit = SCORE(6) } },
};
enum { BUILT_IN = sizeof(built_in) / sizeof(built_in[0]) };

static const struct built_in *built_in_find(const char *name)
{
	for (size_t i = 0; i < BUILT_IN; i++)
		if (strcmp(built_in[i].name, name) == 0)
			return &built_in[i];
	return NULL;
}

bool confdefault_has_check(const char *name)
{
	return built_in_find(name) != NULL;
}

bool confdefault_has_result(const char *name, enum conf_result result)
{
	const struct built_in *b = built_in_find(name);

	return b != NULL && (b->results & 1U << result) != 0;
}

bool confdefault_has_results(const char *name)
{
	const struct built_in *b = built_in_find(name);

	return b != NULL && b->results != 0;
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
	c->domains[c->domain_count++] = (struct conf_domain){ .name = copy };
	return RES_OK;
}

static enum result set_default(struct conf *c, const struct conf_row *row)
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
	res = confvalue_set(row, c, values, count, &why);
	buf_clear(&why);
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
		if (res != RES_OK)
			break;
		c->checks[at].hit = built_in[i].rules.hit;
		memcpy(c->checks[at].result, built_in[i].rules.result,
			sizeof(c->checks[at].result));
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
