/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mkpot - prints the texts of templates as C, for xgettext.
 *
 *     mkpot SRCDIR FILE...
 *
 * Run by po/po.am. Reads templates with the program's own parser, so that what
 * a translator gets is what is looked up. Exit 1, with a line on standard
 * error, when a file cannot be read or is no template.
 */
#include "base/file.h"
#include "web/template.h"

#include <stdio.h>
#include <string.h>

enum { FILE_LEN_MAX = 256 * 1024, PATH_LEN_MAX = 4096 };

static void print_text(void *ctx, struct slice template, struct slice text)
{
	(void)ctx;
	(void)template;
	fputs("_(\"", stdout);
	for (size_t i = 0; i < text.len; i++) {
		const char c = text.at[i];

		if (c == '\n')
			fputs("\\n", stdout);
		else if (c == '"' || c == '\\')
			printf("\\%c", c);
		else
			putchar(c);
	}
	puts("\");");
}

/* "portal/templates/head.html" -> "head" */
static struct slice name_of(const char *path)
{
	struct slice s = slice_of(path);
	const size_t slash = slice_find_last(s, '/');

	if (slash < s.len)
		s = slice_part(s, slash + 1, s.len);
	return slice_part(s, 0, slice_find_last(s, '.'));
}

static bool is_letter(const char *path)
{
	const size_t len = strlen(path);

	return len > 4 && strcmp(path + len - 4, ".txt") == 0;
}

/* A set of its own for each, so that its texts can be told to be its own. */
static bool print_file(const char *srcdir, const char *name)
{
	struct templates *set = templates_new();
	struct buf path;
	struct buf data;
	struct buf why;
	enum result res = RES_NOMEM;

	buf_init(&path, PATH_LEN_MAX);
	buf_init(&data, FILE_LEN_MAX);
	buf_init(&why, 1024);
	buf_add_format(&path, "%s/%s", srcdir, name);
	if (set != NULL)
		res = file_read(buf_text(&path), &data);
	if (res == RES_OK)
		res = templates_add(set, name_of(name),
			is_letter(name) ? TEMPLATE_TEXT : TEMPLATE_HTML,
			buf_slice(&data), &why);
	if (res == RES_OK) {
		printf("#line 1 \"%s\"\n", name);
		templates_texts(set, print_text, NULL);
	} else {
		fprintf(stderr, "%s: %s: %s\n", name, result_name(res),
			buf_text(&why));
	}
	buf_clear(&path);
	buf_clear(&data);
	buf_clear(&why);
	templates_free(set);
	return res == RES_OK;
}

int main(int argc, char **argv)
{
	bool is_good = argc > 2;

	for (int i = 2; i < argc; i++)
		if (!print_file(argv[1], argv[i]))
			is_good = false;
	return fflush(stdout) == 0 && is_good ? 0 : 1;
}
