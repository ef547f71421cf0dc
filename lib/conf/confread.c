/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/confread.h"

#include "base/arena.h"
#include "conf/confscan.h"
#include "conf/conftable.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <confuse.h>

enum {
	TEXT_MAX = 1 << 20, /* octets of one file */
	CLEAN_MAX = 4 * TEXT_MAX, /* of its plain form */
	ITEMS_MAX = 20000,
	VALUES_MAX = 100000,
	FAULT_MAX = 256,
	TITLE_SHOWN = 40
};

struct confread {
	struct arena *arena;
	struct confread_item *items;
	size_t count, size;
	struct slice *values; /* of all items, in their order */
	size_t value_count, value_size;
	struct slice title; /* of the section at hand */
	enum result failed;
	confread_fault *fault;
	void *ctx;
};

/* ---- what the scan shows: is there such an option? ---- */

static bool refuse(const struct confread *r, unsigned line, const char *format,
	...) PRINTF_LIKE(3, 4);

static bool refuse(
	const struct confread *r, unsigned line, const char *format, ...)
{
	char text[FAULT_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	r->fault(r->ctx, line, text);
	return false;
}

static struct slice shown(struct slice name)
{
	return slice_part(name, 0, TITLE_SHOWN);
}

static bool refuse_unknown(const struct confread *r,
	const struct confscan_statement *s, const char *what)
{
	const char *near = conf_row_nearest(s->section, s->name);
	const char *other = conf_row_elsewhere(s->section, s->name);
	struct slice name = shown(s->name), section = s->section;
	const char *in = slice_is_empty(section) ? "" : " in section ";

	if (near != NULL)
		return refuse(r, s->line,
			"unknown %s \"%.*s\"%s%.*s; did you mean \"%s\"?", what,
			SLICE_ARG(name), in, SLICE_ARG(section), near);
	if (other != NULL)
		return refuse(r, s->line,
			"unknown %s \"%.*s\"%s%.*s; it belongs %s%s", what,
			SLICE_ARG(name), in, SLICE_ARG(section),
			*other == '\0' ? "at the top of the file"
				       : "into section ",
			other);
	return refuse(r, s->line, "unknown %s \"%.*s\"%s%.*s", what,
		SLICE_ARG(name), in, SLICE_ARG(section));
}

static bool judge_value(
	const struct confread *r, const struct confscan_statement *s)
{
	const struct conf_section *section = conf_section_find(s->name);

	if (conf_row_find(s->section, s->name) != NULL)
		return true;
	if (section != NULL && slice_is_empty(s->section) && s->name.len > 0)
		return refuse(r, s->line,
			"\"%s\" is a section: write %s%s { ... }",
			section->name, section->name,
			section->is_titled ? " \"name\"" : "");
	return refuse_unknown(r, s, "option");
}

static bool judge_section(
	const struct confread *r, const struct confscan_statement *s)
{
	const struct conf_section *section = conf_section_find(s->name);
	bool is_titled = s->shape == CONFSCAN_TITLED;

	if (conf_row_find(s->section, s->name) != NULL)
		return refuse(r, s->line,
			"\"%.*s\" is an option: write "
			"%.*s = value",
			SLICE_ARG(s->name), SLICE_ARG(s->name));
	if (section == NULL)
		return refuse_unknown(r, s, "section");
	if (!slice_is_empty(s->section))
		return refuse(r, s->line,
			"section %s begins inside section %.*s; "
			"is a } missing before it?",
			section->name, SLICE_ARG(s->section));
	if (section->is_titled && !is_titled)
		return refuse(r, s->line,
			"section %s wants a name: write %s \"name\" { ... }",
			section->name, section->name);
	if (!section->is_titled && is_titled)
		return refuse(r, s->line,
			"section %s takes no name: write %s { ... }",
			section->name, section->name);
	return true;
}

static bool judge(void *ctx, const struct confscan_statement *s)
{
	const struct confread *r = ctx;

	switch (s->shape) {
	case CONFSCAN_VALUE:
		return judge_value(r, s);
	case CONFSCAN_SECTION:
	case CONFSCAN_TITLED:
		return judge_section(r, s);
	case CONFSCAN_CALL:
		if (!slice_is_equal(s->name, slice_of("include")))
			return refuse(r, s->line,
				"unknown word \"%.*s\" before (; "
				"only include(\"FILE\") is known",
				SLICE_ARG(shown(s->name)));
		if (!slice_is_empty(s->section))
			return refuse(r, s->line,
				"include stands at the top of a file, "
				"not inside a section");
		return true;
	}
	return false;
}

static void scan_fault(void *ctx, unsigned line, const char *text)
{
	const struct confread *r = ctx;

	r->fault(r->ctx, line, text);
}

/* ---- what libconfuse calls ---- */

/* libconfuse has no room for a pointer of ours but in the options, and each
 * section has its own copy of them: the first one of each carries it. */
static struct confread *reader_of(const cfg_t *cfg)
{
	return (struct confread *)cfg->opts[0].simple_value.ptr;
}

static void confuse_error(cfg_t *cfg, const char *format, va_list args)
	PRINTF_LIKE(2, 0);

static void confuse_error(cfg_t *cfg, const char *format, va_list args)
{
	const struct confread *r = reader_of(cfg);
	char text[FAULT_MAX];

	(void)vsnprintf(text, sizeof(text), format, args);
	r->fault(r->ctx, cfg->line > 0 ? (unsigned)cfg->line : 1, text);
}

static bool grow(void **at, size_t *size, size_t count, size_t each, size_t max)
{
	void *more;
	size_t want = *size == 0 ? 64 : *size * 2;

	if (count < *size)
		return true;
	if (count >= max)
		return false;
	more = realloc(*at, want * each);
	if (more == NULL)
		return false;
	*at = more;
	*size = want;
	return true;
}

static struct slice keep(struct confread *r, const char *text)
{
	struct slice copy = { NULL, 0 };

	if (text != NULL &&
		arena_copy(r->arena, slice_of(text), &copy) != RES_OK)
		r->failed = RES_TOOBIG;
	return copy;
}

static struct confread_item *add_item(
	struct confread *r, const cfg_t *cfg, const char *name)
{
	struct confread_item *item;
	void *items = r->items;

	if (!grow(&items, &r->size, r->count, sizeof(*r->items), ITEMS_MAX)) {
		r->failed = RES_TOOBIG;
		return NULL;
	}
	r->items = items;
	item = &r->items[r->count++];
	*item = (struct confread_item){ .line = (unsigned)cfg->line };
	/* The root of libconfuse has a name of its own; ours has none. */
	if (slice_is_equal(slice_of(cfg->name), slice_of("root")))
		r->title = (struct slice){ NULL, 0 };
	else
		item->section = keep(r, cfg->name);
	item->title = r->title;
	item->name = keep(r, name);
	return item;
}

static void add_value(
	struct confread *r, struct confread_item *item, const char *value)
{
	void *values = r->values;

	/* An empty list reaches us as one empty string (conf/confscan). */
	if (item == NULL || value == NULL)
		return;
	if (!grow(&values, &r->value_size, r->value_count, sizeof(*r->values),
		    VALUES_MAX)) {
		r->failed = RES_TOOBIG;
		return;
	}
	r->values = values;
	r->values[r->value_count++] = keep(r, value);
	item->count++;
}

static int take_value(
	cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	struct confread *r = reader_of(cfg);
	struct confread_item *item;
	void *none = NULL;

	memcpy(result, &none, sizeof(none));
	/* One value there: the first of its statement. */
	if (opt->nvalues <= 1)
		item = add_item(r, cfg, opt->name);
	else
		item = r->count > 0 ? &r->items[r->count - 1] : NULL;
	add_value(r, item, value);
	return r->failed == RES_OK ? 0 : -1;
}

static int take_opening(
	cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	struct confread *r = reader_of(cfg);
	struct confread_item *item;
	void *none = NULL;

	(void)value;
	memcpy(result, &none, sizeof(none));
	r->title = keep(r, cfg->title);
	item = add_item(r, cfg, opt->name);
	if (item != NULL)
		item->is_opening = true;
	return r->failed == RES_OK ? 0 : -1;
}

static int take_include(cfg_t *cfg, cfg_opt_t *opt, int argc, const char **argv)
{
	struct confread *r = reader_of(cfg);
	struct confread_item *item = add_item(r, cfg, opt->name);

	if (item != NULL)
		item->is_include = true;
	add_value(r, item, argc == 1 ? argv[0] : NULL);
	return r->failed == RES_OK ? 0 : -1;
}

/* ---- the option arrays of libconfuse, made from our table ---- */

static size_t fill_options(
	struct confread *r, cfg_opt_t *out, struct slice section)
{
	cfg_opt_t include = CFG_FUNC("include", take_include);
	cfg_opt_t opening = CFG_PTR_CB(
		confscan_opening, NULL, CFGF_NODEFAULT, take_opening, NULL);
	size_t n = 0;

	include.simple_value.ptr = (void **)r;
	out[n++] = include;
	if (!slice_is_empty(section))
		out[n++] = opening;
	for (size_t i = 0; i < conf_row_count; i++) {
		/* All are lists to libconfuse: a list where one value should
		 * be is our error to report, not the end of reading. */
		cfg_opt_t option = CFG_PTR_LIST_CB(conf_rows[i].name, NULL,
			CFGF_NODEFAULT, take_value, NULL);

		if (slice_is_equal(slice_of(conf_rows[i].section), section))
			out[n++] = option;
	}
	return n;
}

/* One block: the options of the root, then those of each section. */
static cfg_opt_t *make_options(struct confread *r)
{
	cfg_opt_t end = CFG_END();
	size_t all = conf_row_count + 4 * (conf_section_count + 1);
	cfg_opt_t *options = calloc(all, sizeof(*options));
	size_t n, root;

	if (options == NULL)
		return NULL;
	root = fill_options(r, options, slice_of(""));
	n = root + conf_section_count;
	for (size_t i = 1; i < conf_section_count; i++) {
		const struct conf_section *s = &conf_sections[i];
		cfg_opt_t section = CFG_SEC(s->name, &options[n],
			s->is_titled ? CFGF_MULTI | CFGF_TITLE : CFGF_MULTI);

		n += fill_options(r, &options[n], slice_of(s->name));
		options[n++] = end;
		options[root++] = section;
	}
	options[root] = end;
	return options;
}

static enum result parse(struct confread *r, struct buf *clean)
{
	cfg_opt_t *options = make_options(r);
	cfg_t *cfg = options != NULL ? cfg_init(options, CFGF_NONE) : NULL;
	FILE *file = fmemopen(clean->at, clean->len, "r");
	enum result res = RES_NOMEM;

	if (cfg != NULL && file != NULL) {
		(void)cfg_set_error_function(cfg, confuse_error);
		/* Its answer says no more than what the calls have said. */
		(void)cfg_parse_fp(cfg, file);
		res = r->failed;
	}
	if (file != NULL)
		(void)fclose(file);
	if (cfg != NULL)
		(void)cfg_free(cfg);
	free(options);
	return res;
}

static void place_values(struct confread *r)
{
	size_t at = 0;

	for (size_t i = 0; i < r->count; i++) {
		r->items[i].values = r->values == NULL ? NULL : r->values + at;
		at += r->items[i].count;
	}
}

enum result confread_new(struct confread **out, struct slice text,
	confread_fault *fault, void *ctx)
{
	struct confread *r = calloc(1, sizeof(*r));
	struct confscan_calls calls = { judge, scan_fault, r };
	enum result res = RES_NOMEM;
	struct buf clean;

	*out = NULL;
	buf_init(&clean, CLEAN_MAX);
	if (r == NULL)
		goto fail;
	r->fault = fault;
	r->ctx = ctx;
	r->arena = arena_new(CLEAN_MAX);
	if (r->arena == NULL)
		goto fail;
	res = text.len > TEXT_MAX ? RES_TOOBIG
				  : confscan_run(text, &calls, &clean);
	if (res == RES_OK || res == RES_SYNTAX)
		res = parse(r, &clean);
	if (res != RES_OK)
		goto fail;
	place_values(r);
	buf_clear(&clean);
	*out = r;
	return RES_OK;
fail:
	buf_clear(&clean);
	confread_free(r);
	return res;
}

void confread_free(struct confread *r)
{
	if (r == NULL)
		return;
	arena_free(r->arena);
	free(r->items);
	free(r->values);
	free(r);
}

const struct confread_item *confread_items(
	const struct confread *r, size_t *count)
{
	*count = r->count;
	return r->items;
}
