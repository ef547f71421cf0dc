/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/conf.h"

#include "base/file.h"
#include "conf/confcheck.h"
#include "conf/confdomain.h"
#include "conf/confgeo.h"
#include "conf/confload.h"
#include "conf/confsnapshot.h"
#include "conf/conftable.h"
#include "conf/confvalue.h"
#include "conf/confzone.h"

#include <assert.h>
#include <ctype.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 1 << 20 };

/* The count stands behind the snapshot, where no reader sees it. */
struct counted {
	struct conf conf; /* first: a pointer to it is one to the whole */
	atomic_uint references;
};

static const char *const action_names[] = {
	[CONF_ACTION_IGNORE] = "ignore",
	[CONF_ACTION_ACCEPT] = "accept",
	[CONF_ACTION_SCORE] = "score",
	[CONF_ACTION_MARK] = "mark",
	[CONF_ACTION_QUARANTINE] = "quarantine",
	[CONF_ACTION_GREYLIST] = "greylist",
	[CONF_ACTION_TEMPFAIL] = "tempfail",
	[CONF_ACTION_REJECT] = "reject",
};

static const char *const result_names[] = {
#define CONF_WORD(id, name, help) [CONF_RESULT_##id] = (name),
#include "conf/words.def"
#undef CONF_WORD
};

const char *conf_result_name(enum conf_result r)
{
	return result_names[r];
}

const struct conf_rule *conf_check_rule(
	const struct conf_check *c, const char *result)
{
	for (size_t i = 0; i < CONF_RESULT_COUNT; i++)
		if (strcmp(result_names[i], result) == 0)
			return &c->result[i];
	return NULL;
}

const char *conf_action_name(enum conf_action a)
{
	return action_names[a];
}

static struct counted *counted_of(struct conf *c)
{
	return (struct counted *)(void *)c;
}

struct conf *confsnapshot_new(void)
{
	struct counted *counted = calloc(1, sizeof(*counted));

	if (counted == NULL)
		return NULL;
	atomic_init(&counted->references, 1);
	return &counted->conf;
}

struct conf *conf_hold(struct conf *c)
{
	unsigned before = atomic_fetch_add_explicit(
		&counted_of(c)->references, 1, memory_order_relaxed);

	assert(before > 0);
	(void)before;
	return c;
}

static void clear_rows(enum conf_base base, void *of)
{
	for (size_t i = 0; i < conf_row_count; i++)
		if (conf_rows[i].base == base)
			confvalue_clear(&conf_rows[i], of);
}

void conf_release(struct conf *c)
{
	if (c == NULL ||
		atomic_fetch_sub_explicit(&counted_of(c)->references, 1,
			memory_order_acq_rel) != 1)
		return;
	clear_rows(CONF_IN_CONF, c);
	confgeo_clear(&c->geo);
	for (size_t i = 0; i < c->check_count; i++)
		free(c->checks[i].name);
	for (size_t i = 0; i < c->domain_count; i++) {
		clear_rows(CONF_IN_DOMAIN, &c->domains[i]);
		confdomain_clear(&c->domains[i]);
		free(c->domains[i].name);
	}
	for (size_t i = 0; i < c->zone_count; i++) {
		clear_rows(CONF_IN_ZONE, &c->zones[i]);
		confzone_clear(&c->zones[i]);
		free(c->zones[i].name);
	}
	free(c->zones);
	free(c->checks);
	free(c->domains);
	free(c->path);
	free(counted_of(c));
}

static enum result load(const char *name, struct slice text, bool is_real,
	struct conf **out, struct buf *errors)
{
	struct confload *l;
	enum result res;

	res = confload_new(&l, is_real);
	if (res != RES_OK)
		return res;
	res = confload_text(l, name, text);
	if (res == RES_OK)
		res = confcheck_run(l, name);
	if (res == RES_OK && confload_has_errors(l))
		res = RES_SYNTAX;
	confload_print_notes(l, errors);
	if (res == RES_OK)
		*out = confload_take(l);
	confload_free(l);
	return res;
}

enum result conf_load_text(const char *name, struct slice text,
	struct conf **out, struct buf *errors)
{
	*out = NULL;
	return load(name, text, false, out, errors);
}

enum result conf_load(const char *path, struct conf **out, struct buf *errors)
{
	struct buf text;
	enum result res;

	*out = NULL;
	buf_init(&text, FILE_MAX);
	res = file_read(path, &text);
	if (res == RES_OK)
		res = load(path, buf_slice(&text), true, out, errors);
	else
		buf_add_format(errors, "%s:1: cannot read the file (%s)\n",
			path, result_name(res));
	buf_clear(&text);
	if (res == RES_TOOBIG)
		res = RES_SYNTAX;
	return res;
}

const struct conf_check *conf_check_find(const struct conf *c, const char *name)
{
	static const struct conf_check nothing;

	for (size_t i = 0; i < c->check_count; i++)
		if (strcmp(c->checks[i].name, name) == 0)
			return &c->checks[i];
	return &nothing;
}

const struct conf_domain *conf_domain_find(
	const struct conf *c, struct slice domain)
{
	size_t low = 0, high = c->domain_count;

	while (low < high && !slice_is_empty(domain)) {
		size_t mid = low + (high - low) / 2;
		int order = slice_order(domain, c->domains[mid].name);

		if (order == 0)
			return &c->domains[mid];
		if (order > 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

const struct conf_check *conf_check_for(
	const struct conf *c, const struct conf_domain *d, const char *name)
{
	for (size_t i = 0; d != NULL && i < d->check_count; i++)
		if (strcmp(d->checks[i].name, name) == 0)
			return &d->checks[i];
	return conf_check_find(c, name);
}

const struct conf_policy *conf_policy_for(
	const struct conf *c, const struct conf_domain *d)
{
	return d == NULL ? &c->policy : &d->policy;
}

bool conf_is_exempt(const struct conf *c, struct slice local_part)
{
	for (size_t i = 0; i < c->lists.exempt_count; i++)
		if (slice_is_equal_nocase(
			    slice_of(c->lists.exempt[i]), local_part))
			return true;
	return false;
}
