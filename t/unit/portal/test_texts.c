/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/texts.h"

#include "base/arena.h"
#include "base/file.h"
#include "support/case.h"
#include "web/template.h"
#include "web/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const folders[] = { "templates", "help", "help/en",
	"help/es", "help/pt-BR", "static" };

enum { FOLDERS = sizeof(folders) / sizeof(folders[0]), FILES_MAX = 8 };

/* The folder of an operator. */
struct own {
	char path[64];
	char file[FILES_MAX][160];
	size_t count;
};

static void open_own(struct own *o)
{
	char path[160];

	*o = (struct own){ .path = "/tmp/reprieve-texts.XXXXXX" };
	assert_non_null(mkdtemp(o->path));
	for (size_t i = 0; i < FOLDERS; i++) {
		snprintf(path, sizeof(path), "%s/%s", o->path, folders[i]);
		assert_int_equal(mkdir(path, 0700), 0);
	}
}

static void write_own(struct own *o, const char *name, struct slice text)
{
	char path[160];

	assert_true(o->count < FILES_MAX);
	snprintf(path, sizeof(path), "%s/%s", o->path, name);
	assert_int_equal(file_write(path, 0600, text), RES_OK);
	memcpy(o->file[o->count++], path, sizeof(path));
}

static void close_own(struct own *o)
{
	char path[160];

	for (size_t i = 0; i < o->count; i++)
		unlink(o->file[i]);
	for (size_t i = FOLDERS; i > 0; i--) {
		snprintf(path, sizeof(path), "%s/%s", o->path, folders[i - 1]);
		assert_int_equal(rmdir(path), 0);
	}
	assert_int_equal(rmdir(o->path), 0);
}

static struct texts *open_texts(const char *site)
{
	struct texts *t = NULL;
	struct buf why;

	buf_init(&why, 4096);
	if (texts_open(&t, site, &why) != RES_OK)
		fail_msg("texts: %s", buf_text(&why));
	buf_clear(&why);
	return t;
}

static void expect_refused(
	const struct own *o, enum result want, const char *part)
{
	struct texts *t = NULL;
	struct buf why;

	buf_init(&why, 4096);
	assert_string_equal(
		result_name(texts_open(&t, o->path, &why)), result_name(want));
	assert_null(t);
	if (strstr(buf_text(&why), part) == NULL)
		fail_msg("no \"%s\" in: %s", part, buf_text(&why));
	buf_clear(&why);
}

static void expect_slice(struct slice got, const char *part)
{
	char text[65536];

	assert_true(got.len < sizeof(text));
	snprintf(text, sizeof(text), "%.*s", SLICE_ARG(got));
	if (strstr(text, part) == NULL)
		fail_msg("no \"%s\" in: %s", part, text);
}

static void has_what_is_built_in(void **state)
{
	struct texts *t = open_texts("");
	struct texts_file file;

	(void)state;
	assert_true(templates_has(texts_templates(t), slice_of("head")));
	assert_null(texts_catalog(t, LANGUAGE_EN));
	assert_non_null(texts_catalog(t, LANGUAGE_ES));
	assert_non_null(texts_catalog(t, LANGUAGE_PT_BR));
	assert_true(texts_file(t, slice_of("style.css"), &file));
	assert_string_equal(file.type, "text/css; charset=utf-8");
	assert_true(texts_file(t, slice_of("logo.svg"), &file));
	assert_false(texts_file(t, slice_of("logo.png"), &file));
	texts_close(t);
}

static void replaces_a_template(void **state)
{
	struct arena *a = arena_new(65536);
	struct view *v = view_new(a);
	struct own own;
	struct texts *t;
	struct buf out;

	(void)state;
	open_own(&own);
	write_own(&own, "templates/forbidden.html", slice_of("No, {{name}}."));
	t = open_texts(own.path);
	buf_init(&out, 4096);
	view_text(v, "name", "friend");
	assert_int_equal(template_render(texts_templates(t),
				 slice_of("forbidden"), v, NULL, &out),
		RES_OK);
	assert_string_equal(buf_text(&out), "No, friend.");
	assert_true(templates_has(texts_templates(t), slice_of("head")));
	buf_clear(&out);
	texts_close(t);
	close_own(&own);
	arena_free(a);
}

static void adds_a_help_page(void **state)
{
	struct texts_help page;
	struct own own;
	struct texts *t;

	(void)state;
	open_own(&own);
	write_own(&own, "help/en/hours.md",
		slice_of("<!-- 2026-11-01 -->\n# Opening hours\n\nNever.\n"));
	write_own(&own, "help/es/hours.md", slice_of("# Horario\n\nNunca.\n"));
	write_own(&own, "help/pt-BR/only.md", slice_of("# Aqui\n"));
	t = open_texts(own.path);
	assert_true(texts_help(t, slice_of("hours"), LANGUAGE_PT_BR, &page));
	assert_int_equal(page.language, LANGUAGE_EN);
	expect_slice(page.title, "Opening hours");
	expect_slice(page.changed, "2026-11-01");
	expect_slice(page.markup, "<p>Never.</p>");
	assert_true(texts_help(t, slice_of("hours"), LANGUAGE_ES, &page));
	assert_int_equal(page.language, LANGUAGE_ES);
	expect_slice(page.title, "Horario");
	assert_int_equal(page.changed.len, 0);
	/* Better in another language than not at all. */
	assert_true(texts_help(t, slice_of("only"), LANGUAGE_EN, &page));
	assert_int_equal(page.language, LANGUAGE_PT_BR);
	assert_false(texts_help(t, slice_of("none"), LANGUAGE_EN, &page));
	texts_close(t);
	close_own(&own);
}

static void adds_style_and_logo(void **state)
{
	struct texts_file file;
	struct own own;
	struct texts *t;

	(void)state;
	open_own(&own);
	write_own(&own, "static/style.css", slice_of("h1 { color: red }"));
	write_own(
		&own, "static/logo.png", slice_make("\x89PNG\r\n\x1a\n\0", 9));
	t = open_texts(own.path);
	assert_true(texts_file(t, slice_of("style.css"), &file));
	expect_slice(file.data, "body {");
	expect_slice(file.data, "\nh1 { color: red }");
	assert_true(texts_file(t, slice_of("logo.png"), &file));
	assert_string_equal(file.type, "image/png");
	assert_int_equal(file.data.len, 9);
	texts_close(t);
	close_own(&own);
}

static void names_what_is_wrong(void **state)
{
	struct own own;

	(void)state;
	open_own(&own);
	write_own(
		&own, "templates/start.html", slice_of("one\ntwo {{#open}}\n"));
	expect_refused(&own, RES_SYNTAX, "templates/start.html:");
	close_own(&own);
	open_own(&own);
	write_own(&own, "help/en/bad.md", slice_of("no title\n"));
	expect_refused(&own, RES_SYNTAX, "help/en/bad.md:");
	close_own(&own);
	open_own(&own);
	close_own(&own);
	expect_refused(&own, RES_MISSING, own.path);
}

static void refuses_what_is_too_long(void **state)
{
	char *text = malloc(TEXTS_FILE_MAX + 1);
	struct own own;

	(void)state;
	assert_non_null(text);
	memset(text, 'a', TEXTS_FILE_MAX + 1);
	open_own(&own);
	write_own(
		&own, "static/style.css", slice_make(text, TEXTS_FILE_MAX + 1));
	expect_refused(&own, RES_TOOBIG, "static/style.css:");
	close_own(&own);
	free(text);
}

/* A copy that an editor left is no reason not to start. */
static void leaves_other_files_alone(void **state)
{
	struct texts_file file;
	struct own own;
	struct texts *t;

	(void)state;
	open_own(&own);
	write_own(&own, "templates/start.html~", slice_of("{{#broken"));
	write_own(&own, "templates/.hidden.html", slice_of("{{#broken"));
	write_own(&own, "static/run.js", slice_of("alert(1)"));
	t = open_texts(own.path);
	assert_false(texts_file(t, slice_of("run.js"), &file));
	texts_close(t);
	close_own(&own);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("what is built in is whole", has_what_is_built_in, NULL),
		CASE("a template of the operator replaces ours, and only it",
			replaces_a_template, NULL),
		CASE("a help page of the operator comes in its languages",
			adds_a_help_page, NULL),
		CASE("the operator's style comes behind ours, his logo "
		     "instead",
			adds_style_and_logo, NULL),
		CASE("a fault of the operator's is named with its file",
			names_what_is_wrong, NULL),
		CASE("a file that is too long is refused",
			refuses_what_is_too_long, NULL),
		CASE("other files in these folders do no harm",
			leaves_other_files_alone, NULL),
	};

	return cmocka_run_group_tests_name("portal/texts", cases, NULL, NULL);
}
