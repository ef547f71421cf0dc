/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/texts.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/log.h"
#include "portal/files.h"
#include "web/catalog.h"
#include "web/markdown.h"
#include "web/template.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	MEMORY_MAX = 64 * 1024 * 1024,
	HELP_MAX = 128,
	STATIC_MAX = 64,
	PATH_LEN_MAX = 4096
};

struct help {
	const char *name;
	struct texts_help page[LANGUAGE_COUNT]; /* name NULL: none */
};

struct static_file {
	struct slice name;
	struct texts_file file;
};

struct texts {
	struct arena *arena;
	struct templates *templates;
	struct catalog *catalog[LANGUAGE_COUNT];
	struct help help[HELP_MAX];
	size_t help_count;
	struct static_file file[STATIC_MAX];
	size_t file_count;
	size_t read; /* files of the operator */
};

/* One file, ours or the operator's. */
struct source {
	struct slice folder; /* "templates", "help/en" */
	struct slice name; /* without its ending */
	struct slice ending; /* "html" */
	struct slice data;
	const char *path; /* of an operator's file; NULL: built in */
};

/* ---- one kind of file each ---- */

static enum result add_template(
	struct texts *t, const struct source *s, struct buf *why)
{
	const bool is_mail = slice_is_equal(s->ending, slice_of("txt"));

	return templates_add(t->templates, s->name,
		is_mail ? TEMPLATE_TEXT : TEMPLATE_HTML, s->data, why);
}

static enum result add_catalog(
	struct texts *t, const struct source *s, struct buf *why)
{
	enum language l;

	(void)why;
	if (!language_parse(s->name, &l))
		return RES_SYNTAX;
	return catalog_open(&t->catalog[l], s->data);
}

static struct help *find_help(struct texts *t, struct slice name)
{
	for (size_t i = 0; i < t->help_count; i++)
		if (slice_is_equal(slice_of(t->help[i].name), name))
			return &t->help[i];
	return NULL;
}

static struct help *new_help(struct texts *t, struct slice name)
{
	struct help *h = &t->help[t->help_count];

	if (t->help_count == HELP_MAX)
		return NULL;
	h->name = arena_text(t->arena, name);
	if (h->name == NULL)
		return NULL;
	t->help_count++;
	return h;
}

/* "<!-- 2026-11-26 -->" in the first line; taken off. */
static struct slice cut_date(struct slice *text)
{
	struct slice rest = *text;
	struct slice line;

	if (!slice_cut(&rest, '\n', &line) ||
		!slice_has_prefix(line, slice_of("<!-- ")))
		return slice_of("");
	*text = rest;
	line = slice_part(line, 5, line.len);
	return slice_trim(slice_part(line, 0, slice_find(line, ' ')));
}

static enum result keep_help(struct texts *t, struct texts_help *page,
	struct slice title, struct slice markup)
{
	enum result res = arena_copy(t->arena, title, &page->title);

	if (res == RES_OK)
		res = arena_copy(t->arena, markup, &page->markup);
	if (res == RES_OK)
		res = arena_copy(t->arena, page->changed, &page->changed);
	return res;
}

static enum result add_help(
	struct texts *t, const struct source *s, struct buf *why)
{
	const struct slice tag =
		slice_part(s->folder, slice_of("help/").len, s->folder.len);
	struct slice text = s->data;
	struct texts_help page = { .changed = cut_date(&text) };
	struct help *h = find_help(t, s->name);
	struct buf title;
	struct buf markup;
	enum result res;

	if (h == NULL)
		h = new_help(t, s->name);
	if (h == NULL)
		return RES_TOOBIG;
	if (!language_parse(tag, &page.language))
		return RES_SYNTAX;
	buf_init(&title, 1024);
	buf_init(&markup, 4 * TEXTS_FILE_MAX);
	res = markdown_render(text, &title, &markup);
	if (res == RES_OK)
		res = keep_help(
			t, &page, buf_slice(&title), buf_slice(&markup));
	else if (res == RES_SYNTAX)
		buf_add_text(why, "1: it must be UTF-8 and begin with # TITLE");
	page.name = h->name;
	if (res == RES_OK)
		h->page[page.language] = page;
	buf_clear(&title);
	buf_clear(&markup);
	return res;
}

static const struct {
	const char *ending;
	const char *type;
	bool is_own; /* may be the operator's */
} types[] = {
	{ "css", "text/css; charset=utf-8", true },
	{ "svg", "image/svg+xml", true },
	{ "png", "image/png", true },
	{ "ico", "image/x-icon", true },
	{ "txt", "text/plain; charset=utf-8", true },
	/* RFC 9239 s6.1.1 */
	{ "js", "text/javascript; charset=utf-8", false },
};

/* Script is ours alone. */
static bool is_taken(struct slice ending, bool is_own)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (slice_is_equal(slice_of(types[i].ending), ending))
			return types[i].is_own || !is_own;
	return false;
}

static const char *type_of(struct slice ending)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (slice_is_equal(slice_of(types[i].ending), ending))
			return types[i].type;
	return NULL;
}

static struct static_file *find_file(struct texts *t, struct slice name)
{
	for (size_t i = 0; i < t->file_count; i++)
		if (slice_is_equal(t->file[i].name, name))
			return &t->file[i];
	return NULL;
}

/* A style of the operator comes behind ours: it changes what it names. */
static enum result append(
	struct texts *t, struct static_file *f, struct slice more)
{
	struct buf all;
	enum result res;

	buf_init(&all, 2 * TEXTS_FILE_MAX + 1);
	buf_add(&all, f->file.data);
	buf_add_char(&all, '\n');
	buf_add(&all, more);
	res = buf_result(&all);
	if (res == RES_OK)
		res = arena_copy(t->arena, buf_slice(&all), &f->file.data);
	buf_clear(&all);
	return res;
}

static enum result add_static(
	struct texts *t, const struct source *s, struct buf *why)
{
	struct static_file *f;
	struct buf name;
	enum result res;

	(void)why;
	buf_init(&name, 256);
	buf_add_format(
		&name, "%.*s.%.*s", SLICE_ARG(s->name), SLICE_ARG(s->ending));
	f = find_file(t, buf_slice(&name));
	if (f != NULL && slice_is_equal(s->ending, slice_of("css"))) {
		buf_clear(&name);
		return append(t, f, s->data);
	}
	if (f == NULL && t->file_count < STATIC_MAX)
		f = &t->file[t->file_count++];
	res = f == NULL ? RES_TOOBIG
			: arena_copy(t->arena, buf_slice(&name), &f->name);
	buf_clear(&name);
	if (res != RES_OK)
		return res;
	f->file.type = type_of(s->ending);
	return arena_copy(t->arena, s->data, &f->file.data);
}

/* ---- which kind it is ---- */

static const struct kind {
	const char *folder;
	const char *ending; /* NULL: one that has a media type */
	bool is_own; /* may be the operator's */
	enum result (*add)(
		struct texts *t, const struct source *s, struct buf *why);
} kinds[] = {
	{ "templates", "html", true, add_template },
	{ "templates", "txt", true, add_template },
	{ "help/en", "md", true, add_help },
	{ "help/es", "md", true, add_help },
	{ "help/pt-BR", "md", true, add_help },
	{ "static", NULL, true, add_static },
	{ "po", "mo", false, add_catalog },
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static bool is_name(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		const char c = name.at[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9') || c == '_' || c == '-'))
			return false;
	}
	return name.len > 0;
}

static const struct kind *kind_of(const struct source *s)
{
	if (!is_name(s->name))
		return NULL;
	for (size_t i = 0; i < KINDS; i++) {
		const struct kind *k = &kinds[i];

		if (!slice_is_equal(slice_of(k->folder), s->folder) ||
			(s->path != NULL && !k->is_own))
			continue;
		if (k->ending == NULL ? is_taken(s->ending, s->path != NULL)
				      : slice_is_equal(
						slice_of(k->ending), s->ending))
			return k;
	}
	return NULL;
}

/* name: "policies.md" */
static void split_name(struct source *s, struct slice name)
{
	const size_t dot = slice_find_last(name, '.');

	s->name = slice_part(name, 0, dot);
	s->ending = slice_part(name, dot + 1, name.len);
}

/* ---- those that are built in ---- */

static enum result add_built_in(struct texts *t, struct buf *why)
{
	for (size_t i = 0; i < files_count; i++) {
		const struct files_entry *e = &files_table[i];
		const struct slice path = slice_of(e->name);
		const size_t slash = slice_find_last(path, '/');
		struct source s = {
			.folder = slice_part(path, 0, slash),
			.data = slice_make(e->data, e->len),
		};
		const struct kind *k;
		enum result res;

		split_name(&s, slice_part(path, slash + 1, path.len));
		k = kind_of(&s);
		res = k == NULL ? RES_INTERNAL : k->add(t, &s, why);
		if (res != RES_OK) {
			buf_add_format(why, " (built in: %s: %s)", e->name,
				result_name(res));
			return res;
		}
	}
	return RES_OK;
}

/* ---- those of the operator ---- */

static enum result read_one(struct texts *t, const struct kind *k,
	struct source *s, struct buf *why)
{
	struct buf data;
	struct buf words;
	enum result res;

	buf_init(&data, TEXTS_FILE_MAX);
	buf_init(&words, 512);
	res = file_read(s->path, &data);
	s->data = buf_slice(&data);
	if (res == RES_OK)
		res = t->read++ < TEXTS_FILES_MAX ? k->add(t, s, &words)
						  : RES_TOOBIG;
	if (res != RES_OK)
		buf_add_format(why, "%s:%s", s->path,
			words.len > 0 ? buf_text(&words) : "1: ");
	if (res != RES_OK && words.len == 0)
		buf_add_text(why, result_name(res));
	buf_clear(&data);
	buf_clear(&words);
	return res;
}

static enum result read_entry(struct texts *t, const char *site,
	const char *folder, const char *name, struct buf *why)
{
	struct source s = { .folder = slice_of(folder) };
	const struct kind *k;
	struct buf path;
	enum result res;

	buf_init(&path, PATH_LEN_MAX);
	buf_add_format(&path, "%s/%s/%s", site, folder, name);
	s.path = buf_text(&path);
	split_name(&s, slice_of(name));
	k = kind_of(&s);
	res = buf_result(&path);
	if (res == RES_OK && k != NULL)
		res = read_one(t, k, &s, why);
	else if (res == RES_OK)
		log_message(LOG_LEVEL_WARNING, "site",
			"%s: not used: no text of ours has such a name",
			s.path);
	buf_clear(&path);
	return res;
}

static enum result folder_failed(
	const char *site, const char *folder, struct buf *why)
{
	buf_add_format(why, "%s%s%s:1: %s", site, folder[0] == '\0' ? "" : "/",
		folder, strerror(errno));
	if (errno == ENOENT || errno == ENOTDIR)
		return RES_MISSING;
	return errno == EACCES ? RES_DENIED : RES_NOMEM;
}

static int is_visible(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

/* A folder that is not there replaces nothing. */
static enum result read_folder(
	struct texts *t, const char *site, const char *folder, struct buf *why)
{
	struct dirent **entries = NULL;
	enum result res = RES_OK;
	struct buf path;
	int count;

	buf_init(&path, PATH_LEN_MAX);
	buf_add_format(&path, "%s/%s", site, folder);
	count = buf_result(&path) == RES_OK
		? scandir(buf_text(&path), &entries, is_visible, alphasort)
		: 0;
	buf_clear(&path);
	if (count < 0)
		return errno == ENOENT ? RES_OK
				       : folder_failed(site, folder, why);
	for (int i = 0; i < count; i++) {
		if (res == RES_OK)
			res = read_entry(
				t, site, folder, entries[i]->d_name, why);
		free(entries[i]);
	}
	free(entries);
	return res;
}

static enum result add_own(struct texts *t, const char *site, struct buf *why)
{
	DIR *top = opendir(site);
	enum result res = RES_OK;

	if (top == NULL)
		return folder_failed(site, "", why);
	closedir(top);
	for (size_t i = 0; i < KINDS && res == RES_OK; i++)
		/* One folder may hold two kinds. */
		if (kinds[i].is_own &&
			(i == 0 ||
				strcmp(kinds[i].folder, kinds[i - 1].folder) !=
					0))
			res = read_folder(t, site, kinds[i].folder, why);
	return res;
}

/* ---- the whole ---- */

enum result texts_open(struct texts **out, const char *site, struct buf *why)
{
	struct texts *t = calloc(1, sizeof(*t));
	enum result res = RES_NOMEM;

	*out = NULL;
	if (t == NULL)
		return RES_NOMEM;
	t->arena = arena_new(MEMORY_MAX);
	t->templates = templates_new();
	if (t->arena != NULL && t->templates != NULL)
		res = add_built_in(t, why);
	if (res == RES_OK && site[0] != '\0')
		res = add_own(t, site, why);
	if (res != RES_OK) {
		texts_close(t);
		return res;
	}
	*out = t;
	return RES_OK;
}

void texts_close(struct texts *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < LANGUAGE_COUNT; i++)
		catalog_close(t->catalog[i]);
	templates_free(t->templates);
	arena_free(t->arena);
	free(t);
}

const struct templates *texts_templates(const struct texts *t)
{
	return t->templates;
}

const struct catalog *texts_catalog(const struct texts *t, enum language l)
{
	return t->catalog[l];
}

/* In that language, else in English, else in any. */
static void choose_page(
	const struct help *h, enum language l, struct texts_help *out)
{
	const struct texts_help *page = &h->page[l];

	if (page->name == NULL)
		page = &h->page[LANGUAGE_EN];
	for (size_t i = 0; page->name == NULL && i < LANGUAGE_COUNT; i++)
		page = &h->page[i];
	*out = *page;
}

bool texts_help(const struct texts *t, struct slice name, enum language l,
	struct texts_help *out)
{
	for (size_t i = 0; i < t->help_count; i++) {
		if (!slice_is_equal(slice_of(t->help[i].name), name))
			continue;
		choose_page(&t->help[i], l, out);
		return true;
	}
	return false;
}

bool texts_help_at(const struct texts *t, size_t i, enum language l,
	struct texts_help *out)
{
	if (i >= t->help_count)
		return false;
	choose_page(&t->help[i], l, out);
	return true;
}

bool texts_file(
	const struct texts *t, struct slice name, struct texts_file *out)
{
	for (size_t i = 0; i < t->file_count; i++) {
		if (!slice_is_equal(t->file[i].name, name))
			continue;
		*out = t->file[i].file;
		return true;
	}
	return false;
}
