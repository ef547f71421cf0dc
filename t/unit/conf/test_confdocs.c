/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The man page and the sample say what the table says: each option, its
 * default and its range.
 */
#include "base/file.h"
#include "conf/conf.h"
#include "conf/confprint.h"
#include "conf/conftable.h"

#include "support/case.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_MAX = 1 << 20 };

static void read_page(const char *name, struct buf *out)
{
	const char *top = getenv("top_srcdir");
	struct buf path;

	buf_init(&path, 4096);
	buf_init(out, PAGE_MAX);
	buf_add_format(&path, "%s/%s", top == NULL ? "." : top, name);
	assert_string_equal(result_name(file_read(buf_text(&path), out)), "ok");
	buf_clear(&path);
}

/* From the first line that is start to the next one that begins with stop. */
static struct slice part(struct slice text, const char *start, const char *stop)
{
	struct slice line, rest = text, body = { NULL, 0 };

	while (slice_cut(&rest, '\n', &line)) {
		if (body.at == NULL) {
			if (slice_is_equal(line, slice_of(start)))
				body.at = rest.at;
		} else if (slice_has_prefix(line, slice_of(stop))) {
			body.len = (size_t)(line.at - body.at);
			return body;
		}
	}
	if (body.at != NULL)
		body.len = (size_t)(text.at + text.len - body.at);
	return body;
}

static bool contains(struct slice text, const char *word)
{
	return memmem(text.at, text.len, word, strlen(word)) != NULL;
}

/* The same where the page may begin a new line instead of a blank. */
static bool contains_words(struct slice text, const char *words)
{
	struct slice line;
	struct buf flat;
	bool found;

	buf_init(&flat, PAGE_MAX);
	while (slice_cut(&text, '\n', &line)) {
		buf_add(&flat, line);
		buf_add_char(&flat, ' ');
	}
	found = contains(buf_slice(&flat), words);
	buf_clear(&flat);
	return found;
}

static struct slice page_section(struct slice page, const char *section)
{
	struct buf title;
	struct slice found;

	buf_init(&title, 256);
	if (*section == '\0')
		buf_add_text(&title, ".Ss The top of the file");
	else if (conf_section_find(slice_of(section))->is_titled)
		buf_add_format(
			&title, ".Ss Section %s \\(dqNAME\\(dq", section);
	else
		buf_add_format(&title, ".Ss Section %s", section);
	found = part(page, buf_text(&title), ".Ss");
	buf_clear(&title);
	return found;
}

static struct slice page_item(struct slice section, const char *name)
{
	struct slice line, rest = section;
	struct buf item;
	struct slice found = { NULL, 0 };

	buf_init(&item, 256);
	buf_add_format(&item, ".It Ic %s Li = Ar ", name);
	while (slice_cut(&rest, '\n', &line)) {
		if (found.at == NULL) {
			if (slice_has_prefix(line, buf_slice(&item)))
				found = line;
		} else if (slice_has_prefix(line, slice_of(".It ")) ||
			slice_has_prefix(line, slice_of(".El"))) {
			break;
		} else {
			found.len = (size_t)(line.at + line.len - found.at);
		}
	}
	buf_clear(&item);
	return found;
}

static struct conf *defaults(void)
{
	static const char text[] = "host = a\nportal_url = \"http://a\"\n"
				   "milter { socket = \"fd:3\" }\n";
	struct conf *c = NULL;
	struct buf errors;

	buf_init(&errors, PAGE_MAX);
	assert_int_equal(
		conf_load_text("f", slice_of(text), &c, &errors), RES_OK);
	buf_clear(&errors);
	return c;
}

/* Where the default is printed from: the option's own struct. */
static const void *base_of(const struct conf *c, const struct conf_row *row)
{
	if (row->base == CONF_IN_CHECK)
		return conf_check_find(c, "blocked");
	return row->base == CONF_IN_CONF ? (const void *)c : NULL;
}

static void print_default(
	const struct conf *c, const struct conf_row *row, struct buf *out)
{
	struct buf value;
	struct slice text;

	buf_init(&value, PAGE_MAX);
	confprint_value(row, base_of(c, row), &value);
	text = buf_slice(&value);
	/* A list stands without braces there, unless it is empty. */
	if (text.len > 2 && text.at[0] == '{')
		text = slice_part(text, 1, text.len - 2);
	buf_add(out, text);
	buf_clear(&value);
}

static void check_default(const struct conf *c, const struct conf_row *row,
	struct slice item, struct buf *faults)
{
	struct buf want;

	buf_init(&want, PAGE_MAX);
	buf_add_text(&want, "Default: ");
	if (row->is_required)
		buf_add_text(&want, "none, must be given");
	else
		print_default(c, row, &want);
	if (!contains_words(item, buf_text(&want)))
		buf_add_format(faults, "%s.%s: no \"%s\"\n", row->section,
			row->name, buf_text(&want));
	buf_clear(&want);
}

/* How the page words the range of this kind: 'a' from to, 'o' in octal,
 * 'u' only the upper end, NUL none. */
static const char range_words[] = {
	[CONF_KIND_TEXT] = 'u',
	[CONF_KIND_TITLE] = 'u',
	[CONF_KIND_USER] = 'u',
	[CONF_KIND_SELECTOR] = 'u',
	[CONF_KIND_URL] = 'a',
	[CONF_KIND_PREFIX] = 'a',
	[CONF_KIND_SECRET] = 'u',
	[CONF_KIND_ENDPOINTS] = 'u',
	[CONF_KIND_NAMES] = 'u',
	[CONF_KIND_DOMAINS] = 'u',
	[CONF_KIND_LINES] = 'u',
	[CONF_KIND_SERVERS] = 'u',
	[CONF_KIND_NUMBER] = 'a',
	[CONF_KIND_OCTAL] = 'o',
	[CONF_KIND_SIZE] = 'a',
	[CONF_KIND_DECIMAL] = 'a',
	[CONF_KIND_RULE] = '\0',
};

static void check_range(
	const struct conf_row *row, struct slice item, struct buf *faults)
{
	struct buf want;

	buf_init(&want, 256);
	if (range_words[row->kind] == 'o')
		buf_add_format(&want, "%04" PRIo64 " to %04" PRIo64,
			(uint64_t)row->min, (uint64_t)row->max);
	else if (range_words[row->kind] == 'a')
		buf_add_format(
			&want, "%" PRId64 " to %" PRId64, row->min, row->max);
	else if (range_words[row->kind] == 'u')
		buf_add_format(&want, "up to %" PRId64, row->max);
	if (!contains_words(item, buf_text(&want)))
		buf_add_format(faults, "%s.%s: no \"%s\"\n", row->section,
			row->name, buf_text(&want));
	buf_clear(&want);
}

/* ---- the defaults of the checks ---- */

/* What the page says of a check behind the options of section check. */
static struct slice check_item(struct slice page, const char *name)
{
	struct slice section = page_section(page, "check");
	struct slice line, item = { NULL, 0 }, rest = section;
	struct buf start;

	buf_init(&start, 256);
	buf_add_text(&start, ".It Cm ");
	for (const char *c = name; *c != '\0'; c++) {
		if (*c == '-')
			buf_add_char(&start, '\\');
		buf_add_char(&start, *c);
	}
	while (slice_cut(&rest, '\n', &line)) {
		if (item.at == NULL) {
			if (slice_is_equal(line, buf_slice(&start)))
				item.at = rest.at;
		} else if (slice_has_prefix(line, slice_of(".It ")) ||
			slice_has_prefix(line, slice_of(".El"))) {
			break;
		} else {
			item.len = (size_t)(line.at + line.len - item.at);
		}
	}
	buf_clear(&start);
	return item;
}

/* On one line, without what mandoc takes away. */
static void flatten(struct slice text, struct buf *out)
{
	buf_init(out, PAGE_MAX);
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] != '\\')
			buf_add_char(
				out, text.at[i] == '\n' ? ' ' : text.at[i]);
}

static size_t count_of(struct slice text, const char *what)
{
	size_t count = 0;

	for (const char *at;
		(at = memmem(text.at, text.len, what, strlen(what))) != NULL;
		count++)
		text = slice_part(text, (size_t)(at - text.at) + 1, text.len);
	return count;
}

static bool says(struct slice item, const char *word, const char *rule)
{
	bool found = false;
	struct buf want;

	buf_init(&want, 256);
	buf_add_format(&want, " %s %s", word, rule);
	found = contains(item, buf_text(&want));
	/* permerror (no name) "score 1" */
	buf_reset(&want);
	buf_add_format(&want, " %s (no name) %s", word, rule);
	found = found || contains(item, buf_text(&want));
	buf_clear(&want);
	return found;
}

static size_t check_rule(const struct conf_check *check,
	const struct conf_row *row, struct slice item, struct buf *faults)
{
	const struct conf_rule *rule =
		(const void *)((const char *)check + row->offset);
	struct buf value;

	if (rule->action == CONF_ACTION_IGNORE)
		return 0;
	buf_init(&value, 256);
	if (rule->action == CONF_ACTION_SCORE)
		buf_add_format(&value, "\"score %g\"", rule->score);
	else
		buf_add_format(
			&value, "\"%s\"", conf_action_name(rule->action));
	if (!says(item, row->name, buf_text(&value)))
		buf_add_format(faults, "%s: no \"%s %s\"\n", check->name,
			row->name, buf_text(&value));
	buf_clear(&value);
	return 1;
}

/* Rules that the page quotes, also one that is no default: "score 2". */
static size_t quoted(struct slice item)
{
	size_t defaults = contains(item, "Defaults:")
		? (size_t)((const char *)memmem(
				   item.at, item.len, "Defaults:", 9) -
			  item.at)
		: item.len;

	return count_of(slice_part(item, defaults, item.len), "\"") / 2;
}

static void check_defaults(
	const struct conf_check *check, struct slice page, struct buf *faults)
{
	struct slice item = check_item(page, check->name);
	struct buf flat;
	size_t rules = 0;

	flatten(item, &flat);
	for (size_t i = 0; i < conf_row_count; i++)
		if (conf_rows[i].base == CONF_IN_CHECK &&
			conf_rows[i].kind == CONF_KIND_RULE)
			rules += check_rule(
				check, &conf_rows[i], buf_slice(&flat), faults);
	if (slice_is_empty(item))
		buf_add_format(faults, "%s is missing\n", check->name);
	if (contains(buf_slice(&flat), "Defaults:") &&
		quoted(buf_slice(&flat)) != rules)
		buf_add_format(
			faults, "%s: it has %zu rules\n", check->name, rules);
	buf_clear(&flat);
}

static void test_page_has_the_rules(void **state)
{
	struct conf *c = defaults();
	struct buf page, faults;

	(void)state;
	read_page("man/reprieve.conf.5", &page);
	buf_init(&faults, PAGE_MAX);
	for (size_t i = 0; i < c->check_count; i++)
		if (strcmp(c->checks[i].name, "blocked") != 0 &&
			strcmp(c->checks[i].name, "allowed") != 0)
			check_defaults(
				&c->checks[i], buf_slice(&page), &faults);
	assert_true(c->check_count > 2);
	assert_string_equal(buf_text(&faults), "");
	buf_clear(&faults);
	buf_clear(&page);
	conf_release(c);
}

static void test_page_names_each_option(void **state)
{
	struct conf *c = defaults();
	struct buf page, faults;

	(void)state;
	read_page("man/reprieve.conf.5", &page);
	buf_init(&faults, PAGE_MAX);
	for (size_t i = 0; i < conf_row_count; i++) {
		const struct conf_row *row = &conf_rows[i];
		struct slice item =
			page_item(page_section(buf_slice(&page), row->section),
				row->name);

		if (slice_is_empty(item)) {
			buf_add_format(&faults, "%s.%s is missing\n",
				row->section, row->name);
			continue;
		}
		if (row->base == CONF_IN_CONF)
			check_default(c, row, item, &faults);
		check_range(row, item, &faults);
	}
	assert_string_equal(buf_text(&faults), "");
	buf_clear(&faults);
	buf_clear(&page);
	conf_release(c);
}

/* An option of the page that the table does not have. */
static void test_page_invents_nothing(void **state)
{
	struct buf page, faults;
	struct slice rest, line;
	const struct conf_section *section = NULL;

	(void)state;
	read_page("man/reprieve.conf.5", &page);
	buf_init(&faults, PAGE_MAX);
	rest = buf_slice(&page);
	while (slice_cut(&rest, '\n', &line)) {
		struct slice name, words = line;

		if (slice_has_prefix(line, slice_of(".Ss The top")))
			section = &conf_sections[0];
		if (slice_has_prefix(line, slice_of(".Ss Section "))) {
			words = slice_part(line, 12, line.len);
			(void)slice_cut(&words, ' ', &name);
			section = conf_section_find(name);
			assert_non_null(section);
		}
		if (!slice_has_prefix(line, slice_of(".It Ic ")) ||
			!contains(line, " Li = Ar "))
			continue;
		words = slice_part(line, 7, line.len);
		(void)slice_cut(&words, ' ', &name);
		if (conf_row_find(slice_of(section->name), name) == NULL)
			buf_add_format(&faults, "%s.%.*s\n", section->name,
				SLICE_ARG(name));
	}
	assert_string_equal(buf_text(&faults), "");
	buf_clear(&faults);
	buf_clear(&page);
}

/* ---- the sample ---- */

static void load_sample(struct slice text, struct conf **c)
{
	struct buf errors;

	buf_init(&errors, PAGE_MAX);
	assert_string_equal(
		result_name(conf_load_text("reprieve.conf", text, c, &errors)),
		"ok");
	assert_string_equal(buf_text(&errors), "");
	buf_clear(&errors);
}

static void test_sample_loads(void **state)
{
	struct conf *c = NULL;
	struct buf text;

	(void)state;
	read_page("etc/reprieve.conf", &text);
	load_sample(buf_slice(&text), &c);
	assert_string_equal(c->host, "mx.example.net");
	conf_release(c);
	buf_clear(&text);
}

/* The sample with every "#option = value" made real. */
static void uncomment(struct slice text, struct buf *out)
{
	struct slice line;

	while (slice_cut(&text, '\n', &line)) {
		struct slice bare = slice_trim(line);
		bool is_option = bare.len > 1 && bare.at[0] == '#' &&
			bare.at[1] >= 'a' && bare.at[1] <= 'z';

		if (is_option && !contains(bare, "include") &&
			!contains(bare, "#domain \"") &&
			!contains(bare, "#dnsbl"))
			bare = slice_part(bare, 1, bare.len);
		buf_add(out, bare);
		buf_add_char(out, '\n');
	}
}

/* Not set there, since empty means "not set". */
static void test_sample_shows_the_defaults(void **state)
{
	struct conf *plain = NULL, *full = NULL;
	struct buf text, bare, a, b;

	(void)state;
	read_page("etc/reprieve.conf", &text);
	buf_init(&bare, PAGE_MAX);
	buf_init(&a, PAGE_MAX);
	buf_init(&b, PAGE_MAX);
	uncomment(buf_slice(&text), &bare);
	load_sample(buf_slice(&text), &plain);
	load_sample(buf_slice(&bare), &full);
	conf_print(plain, &a);
	conf_print(full, &b);
	assert_string_equal(buf_text(&a), buf_text(&b));
	conf_release(plain);
	conf_release(full);
	buf_clear(&text);
	buf_clear(&bare);
	buf_clear(&a);
	buf_clear(&b);
}

static struct slice sample_section(struct slice text, const char *name)
{
	const struct conf_section *s = conf_section_find(slice_of(name));
	struct buf title;
	struct slice found = text;

	buf_init(&title, 256);
	if (strcmp(name, "domain") == 0)
		buf_add_text(&title, "#domain \"example.org\" {");
	else if (strcmp(name, "dnsbl") == 0)
		buf_add_text(&title, "#dnsbl \"bl.example.org\" {");
	else if (strcmp(name, "check") == 0)
		buf_add_text(&title, "check \"blocked\" {");
	else
		buf_add_format(&title, "%s {", s->name);
	if (*name != '\0')
		found = part(text, buf_text(&title),
			strcmp(name, "domain") == 0 ||
					strcmp(name, "dnsbl") == 0
				? "#}"
				: strcmp(name, "check") == 0 ? "#domain"
							     : "}");
	buf_clear(&title);
	return found;
}

static void test_sample_names_each_option(void **state)
{
	struct buf text, faults, word;

	(void)state;
	read_page("etc/reprieve.conf", &text);
	buf_init(&faults, PAGE_MAX);
	buf_init(&word, 256);
	for (size_t i = 0; i < conf_row_count; i++) {
		const struct conf_row *row = &conf_rows[i];
		struct slice in;

		in = sample_section(buf_slice(&text), row->section);
		buf_reset(&word);
		buf_add_format(&word, "%s = ", row->name);
		if (!contains(in, buf_text(&word)))
			buf_add_format(&faults, "%s.%s is missing\n",
				row->section, row->name);
	}
	assert_string_equal(buf_text(&faults), "");
	buf_clear(&faults);
	buf_clear(&text);
	buf_clear(&word);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("reprieve.conf(5) has each option, default and range",
			test_page_names_each_option, NULL),
		CASE("reprieve.conf(5) has no option that does not exist",
			test_page_invents_nothing, NULL),
		CASE("reprieve.conf(5) has the rules of each check",
			test_page_has_the_rules, NULL),
		CASE("the sample loads without a word", test_sample_loads,
			NULL),
		CASE("the sample names each option",
			test_sample_names_each_option, NULL),
		CASE("what the sample shows in comments is the default",
			test_sample_shows_the_defaults, NULL),
	};

	return cmocka_run_group_tests_name("conf/docs", cases, NULL, NULL);
}
