/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/confload.h"

#include "base/file.h"
#include "conf/conf.h"
#include "conf/confdefault.h"
#include "conf/confread.h"
#include "conf/conftable.h"
#include "conf/confvalue.h"
#include "net/hostname.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FILES_MAX = 64,
	DEPTH_MAX = 8, /* of includes */
	NOTES_MAX = 200,
	NOTE_MAX = 512,
	FILE_MAX = 1 << 20,
	TITLED_MAX = 10000,
	TITLED_ROWS = CONF_RESULT_COUNT + 16 /* options of a titled section */
};

struct note {
	struct conf_place place;
	enum conf_severity severity;
	unsigned number; /* keeps the order within a line */
	char *text;
};

struct file {
	char *name;
	unsigned depth;
};

/* One check "..." or domain "...", and where its options were said. */
struct titled {
	const struct conf_section *section;
	char *title;
	struct conf_place opening;
	struct conf_place said[TITLED_ROWS];
	size_t index; /* in conf.checks or conf.domains */
};

struct confload {
	struct conf *conf;
	bool is_real;
	struct file files[FILES_MAX];
	unsigned file_count;
	struct note notes[NOTES_MAX];
	unsigned note_count;
	unsigned error_count;
	struct conf_place *said; /* per row of the table */
	struct conf_place *openings; /* per section */
	struct titled *titled;
	size_t titled_count, titled_size;
	size_t at; /* the titled section at hand */
};

/* ---- notes ---- */

void confload_note(struct confload *l, enum conf_severity severity,
	struct conf_place place, const char *format, ...)
{
	char text[NOTE_MAX];
	struct note *n;
	va_list args;

	if (severity == CONF_ERROR)
		l->error_count++;
	if (l->note_count == NOTES_MAX)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	n = &l->notes[l->note_count];
	n->text = strdup(text);
	n->place = place;
	n->severity = severity;
	n->number = l->note_count++;
}

static int compare_notes(const void *a, const void *b)
{
	const struct note *x = a, *y = b;

	if (x->place.file != y->place.file)
		return x->place.file < y->place.file ? -1 : 1;
	if (x->place.line != y->place.line)
		return x->place.line < y->place.line ? -1 : 1;
	return x->number < y->number ? -1 : 1;
}

bool confload_has_errors(const struct confload *l)
{
	return l->error_count > 0;
}

void confload_print_notes(struct confload *l, struct buf *out)
{
	qsort(l->notes, l->note_count, sizeof(l->notes[0]), compare_notes);
	for (unsigned i = 0; i < l->note_count; i++) {
		const struct note *n = &l->notes[i];

		buf_add_format(out, "%s:%u: %s%s\n",
			n->place.file < l->file_count
				? l->files[n->place.file].name
				: "",
			n->place.line,
			n->severity == CONF_WARNING ? "warning: " : "",
			n->text != NULL ? n->text : "out of memory");
	}
	if (l->note_count == NOTES_MAX)
		buf_add_format(out,
			"%s:1: more than %d faults; the rest is "
			"not shown\n",
			l->files[0].name, NOTES_MAX);
}

/* ---- where was it said ---- */

static size_t row_index(const char *section, const char *name)
{
	const struct conf_row *row =
		conf_row_find(slice_of(section), slice_of(name));

	return row == NULL ? conf_row_count : (size_t)(row - conf_rows);
}

/* Among the options of its own section. */
static size_t row_rank(const struct conf_row *row)
{
	size_t rank = 0;

	while (row > conf_rows && strcmp(row[-1].section, row->section) == 0) {
		row--;
		rank++;
	}
	return rank < TITLED_ROWS ? rank : TITLED_ROWS - 1;
}

static struct conf_place start_of_file(void)
{
	return (struct conf_place){ 0, 1 };
}

bool confload_is_said(
	const struct confload *l, const char *section, const char *name)
{
	size_t i = row_index(section, name);

	return i < conf_row_count && l->said[i].line > 0;
}

struct conf_place confload_place(
	const struct confload *l, const char *section, const char *name)
{
	size_t i = row_index(section, name);
	const struct conf_section *s = conf_section_find(slice_of(section));

	if (i < conf_row_count && l->said[i].line > 0)
		return l->said[i];
	if (s != NULL && l->openings[s - conf_sections].line > 0)
		return l->openings[s - conf_sections];
	return start_of_file();
}

struct conf_place confload_titled_place(const struct confload *l,
	const char *section, const char *title, const char *name)
{
	size_t row = row_index(section, name);

	for (size_t i = 0; i < l->titled_count; i++) {
		const struct titled *t = &l->titled[i];

		if (strcmp(t->section->name, section) != 0 ||
			strcmp(t->title, title) != 0)
			continue;
		if (row < conf_row_count &&
			t->said[row_rank(&conf_rows[row])].line > 0)
			return t->said[row_rank(&conf_rows[row])];
		return t->opening;
	}
	return start_of_file();
}

bool confload_is_titled_said(const struct confload *l, const char *section,
	const char *title, const char *name)
{
	size_t row = row_index(section, name);

	for (size_t i = 0; i < l->titled_count; i++) {
		const struct titled *t = &l->titled[i];

		if (row < conf_row_count &&
			strcmp(t->section->name, section) == 0 &&
			strcmp(t->title, title) == 0)
			return t->said[row_rank(&conf_rows[row])].line > 0;
	}
	return false;
}

/* ---- sections with a title ---- */

static enum result find_titled(struct confload *l,
	const struct conf_section *section, struct slice title, size_t *at)
{
	struct titled *more, *t;

	for (size_t i = 0; i < l->titled_count; i++)
		if (l->titled[i].section == section &&
			slice_is_equal(slice_of(l->titled[i].title), title)) {
			*at = i;
			return RES_EXISTS;
		}
	if (l->titled_count == TITLED_MAX)
		return RES_FULL;
	if (l->titled_count == l->titled_size) {
		size_t size = l->titled_size == 0 ? 8 : l->titled_size * 2;

		more = realloc(l->titled, size * sizeof(*more));
		if (more == NULL)
			return RES_NOMEM;
		l->titled = more;
		l->titled_size = size;
	}
	t = &l->titled[l->titled_count];
	*t = (struct titled){ .section = section };
	t->title = strndup(title.at, title.len);
	if (t->title == NULL)
		return RES_NOMEM;
	*at = l->titled_count++;
	return RES_OK;
}

/* A place in the snapshot for a title met for the first time. */
static enum result make_titled(struct confload *l, struct titled *t)
{
	if (t->section->base == CONF_IN_CHECK)
		return confdefault_check(l->conf, t->title, &t->index);
	if (t->section->base == CONF_IN_ZONE)
		return confdefault_zone(l->conf, t->title, &t->index);
	return confdefault_domain(l->conf, t->title, &t->index);
}

static enum result open_titled(struct confload *l,
	const struct conf_section *section, const struct confread_item *item,
	struct conf_place place)
{
	char name[HOSTNAME_MAX];
	struct slice title = item->title;
	size_t len;
	enum result res;

	l->at = TITLED_MAX;
	if (hostname_parse(title, name, &len) != RES_OK) {
		confload_note(l, CONF_ERROR, place,
			"the name of this section is not a %s",
			section->base == CONF_IN_CHECK ? "name of a check"
						       : "domain");
		return RES_OK;
	}
	title = slice_make(name, len);
	res = find_titled(l, section, title, &l->at);
	if (res == RES_OK) {
		l->titled[l->at].opening = place;
		return make_titled(l, &l->titled[l->at]);
	}
	if (res == RES_FULL) {
		confload_note(l, CONF_ERROR, place,
			"more than %d sections with a name", TITLED_MAX);
		l->at = TITLED_MAX;
		return RES_OK;
	}
	if (res == RES_EXISTS && l->titled[l->at].opening.file == place.file)
		confload_note(l, CONF_ERROR, place,
			"%s \"%s\" is there twice, first on line %u",
			section->name, name, l->titled[l->at].opening.line);
	return res == RES_EXISTS ? RES_OK : res;
}

/* ---- one item ---- */

static enum result open_section(struct confload *l,
	const struct confread_item *item, struct conf_place place)
{
	const struct conf_section *section = conf_section_find(item->section);
	struct conf_place *opening;

	if (section == NULL)
		return RES_OK;
	opening = &l->openings[section - conf_sections];
	if (section->is_titled)
		return open_titled(l, section, item, place);
	if (opening->line > 0 && opening->file == place.file)
		confload_note(l, CONF_ERROR, place,
			"section %s is there twice, first on line %u",
			section->name, opening->line);
	*opening = place;
	return RES_OK;
}

/* The struct the row's offsets count from, and where its place is kept.
 * False: its section was refused. */
static bool find_target(struct confload *l, const struct conf_row *row,
	void **base, struct conf_place **said)
{
	const struct conf_section *section =
		conf_section_find(slice_of(row->section));
	struct titled *t;

	*base = l->conf;
	*said = &l->said[row - conf_rows];
	if (section == NULL || !section->is_titled)
		return true;
	if (l->at >= l->titled_count)
		return false;
	t = &l->titled[l->at];
	*said = &t->said[row_rank(row)];
	if (section->base == CONF_IN_CHECK)
		*base = &l->conf->checks[t->index];
	else if (section->base == CONF_IN_ZONE)
		*base = &l->conf->zones[t->index];
	else
		*base = &l->conf->domains[t->index];
	return true;
}

/* A domain without a word about the mode follows that of the file. */
static void mark_mode(const struct conf_row *row, void *base)
{
	struct conf_domain *d = base;

	if (row->base == CONF_IN_DOMAIN && row->kind == CONF_KIND_MODE)
		d->has_mode = true;
}

static enum result set_option(struct confload *l,
	const struct confread_item *item, struct conf_place place)
{
	const struct conf_row *row = conf_row_find(item->section, item->name);
	struct conf_place *said;
	const struct slice *values = item->values;
	size_t count = item->count;
	struct buf why;
	void *base;
	enum result res;

	if (row == NULL || !find_target(l, row, &base, &said))
		return RES_OK;
	if (said->line > 0 && said->file == place.file)
		confload_note(l, CONF_ERROR, place,
			"%s is there twice, first on line %u", row->name,
			said->line);
	*said = place;
	/* An empty list comes as one empty value (conf/confscan). */
	if (conf_row_is_list(row) && count == 1 && slice_is_empty(values[0]))
		count = 0;
	buf_init(&why, NOTE_MAX);
	res = confvalue_set(row, base, values, count, &why);
	if (res == RES_OK)
		mark_mode(row, base);
	if (res == RES_SYNTAX)
		confload_note(l, CONF_ERROR, place, "%s: %s", row->name,
			buf_text(&why));
	buf_clear(&why);
	return res == RES_SYNTAX ? RES_OK : res;
}

/* ---- files ---- */

/* Beside the file that names it, unless it is absolute. */
static char *include_path(const char *from, struct slice name)
{
	const char *slash = strrchr(from, '/');
	size_t folder = slash == NULL ? 0 : (size_t)(slash - from) + 1;
	char *path;

	if (name.len > 0 && name.at[0] == '/')
		folder = 0;
	path = malloc(folder + name.len + 1);
	if (path == NULL)
		return NULL;
	memcpy(path, from, folder);
	if (name.len > 0)
		memcpy(path + folder, name.at, name.len);
	path[folder + name.len] = '\0';
	return path;
}

static enum result read_one(
	struct confload *l, unsigned file, struct slice text);

static enum result include_file(struct confload *l, unsigned from,
	const struct confread_item *item, struct conf_place place)
{
	struct slice name =
		item->count == 1 ? item->values[0] : (struct slice){ NULL, 0 };
	struct buf text;
	char *path;
	enum result res;

	if (!l->is_real || l->files[from].depth + 1 > DEPTH_MAX ||
		l->file_count == FILES_MAX) {
		confload_note(l, CONF_ERROR, place, "%s",
			!l->is_real ? "include works in files only"
				    : "includes go too deep");
		return RES_OK;
	}
	path = include_path(l->files[from].name, name);
	if (path == NULL)
		return RES_NOMEM;
	buf_init(&text, FILE_MAX);
	res = file_read(path, &text);
	if (res != RES_OK) {
		confload_note(l, CONF_ERROR, place,
			"include: cannot read %s (%s)", path, result_name(res));
		free(path);
		res = RES_OK;
	} else {
		l->files[l->file_count].name = path;
		l->files[l->file_count].depth = l->files[from].depth + 1;
		res = read_one(l, l->file_count++, buf_slice(&text));
	}
	buf_clear(&text);
	return res;
}

struct fault_target {
	struct confload *load;
	unsigned file;
};

static void take_fault(void *ctx, unsigned line, const char *text)
{
	struct fault_target *t = ctx;

	confload_note(t->load, CONF_ERROR, (struct conf_place){ t->file, line },
		"%s", text);
}

/* One pass over the items: what they say, or what they include. */
static enum result each_item(struct confload *l, unsigned file,
	const struct confread *reader, bool is_include)
{
	size_t count;
	const struct confread_item *items = confread_items(reader, &count);
	enum result res = RES_OK;

	for (size_t i = 0; res == RES_OK && i < count; i++) {
		struct conf_place place = { file, items[i].line };

		if (items[i].is_include != is_include)
			continue;
		if (is_include)
			res = include_file(l, file, &items[i], place);
		else if (items[i].is_opening)
			res = open_section(l, &items[i], place);
		else
			res = set_option(l, &items[i], place);
	}
	return res;
}

static enum result read_one(
	struct confload *l, unsigned file, struct slice text)
{
	struct fault_target target = { l, file };
	struct confread *reader;
	enum result res;

	res = confread_new(&reader, text, take_fault, &target);
	if (res == RES_TOOBIG) {
		confload_note(l, CONF_ERROR, (struct conf_place){ file, 1 },
			"the file is too big");
		return RES_OK;
	}
	if (res != RES_OK)
		return res;
	res = each_item(l, file, reader, false);
	/* Included files come after the file that names them: what they say
	 * last is what counts. */
	if (res == RES_OK)
		res = each_item(l, file, reader, true);
	confread_free(reader);
	return res;
}

enum result confload_text(
	struct confload *l, const char *name, struct slice text)
{
	l->files[0].name = strdup(name);
	if (l->files[0].name == NULL)
		return RES_NOMEM;
	l->file_count = 1;
	return read_one(l, 0, text);
}

enum result confload_new(struct confload **out, bool is_real)
{
	struct confload *l = calloc(1, sizeof(*l));

	*out = NULL;
	if (l == NULL)
		return RES_NOMEM;
	l->is_real = is_real;
	l->said = calloc(conf_row_count, sizeof(*l->said));
	l->openings = calloc(conf_section_count, sizeof(*l->openings));
	if (l->said == NULL || l->openings == NULL ||
		confdefault_conf(&l->conf) != RES_OK) {
		confload_free(l);
		return RES_NOMEM;
	}
	*out = l;
	return RES_OK;
}

void confload_free(struct confload *l)
{
	if (l == NULL)
		return;
	conf_release(l->conf);
	for (unsigned i = 0; i < l->note_count; i++)
		free(l->notes[i].text);
	for (unsigned i = 0; i < l->file_count; i++)
		free(l->files[i].name);
	for (size_t i = 0; i < l->titled_count; i++)
		free(l->titled[i].title);
	free(l->titled);
	free(l->said);
	free(l->openings);
	free(l);
}

struct conf *confload_conf(struct confload *l)
{
	return l->conf;
}

struct conf *confload_take(struct confload *l)
{
	struct conf *c = l->conf;

	l->conf = NULL;
	return c;
}

bool confload_is_real(const struct confload *l)
{
	return l->is_real;
}
