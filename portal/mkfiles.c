/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mkfiles - prints portal/files.c: the files that are named, as constant data.
 *
 *     mkfiles SRCDIR FILE...
 *
 * Run by the build. A file is looked for below the present folder first, where
 * made ones are, then below SRCDIR; its name in the table is FILE without
 * "portal/" in front. Exit 1, with a line on standard error, when one cannot
 * be read, or when a help page does not tell in its first line when it was
 * changed last: "<!-- 2026-11-26 -->". Knows no library of ours.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_LEN_MAX = 4096, FILE_LEN_MAX = 256 * 1024, LINE_LEN = 60 };

static FILE *open_file(const char *srcdir, const char *name)
{
	char path[PATH_LEN_MAX];
	FILE *file = fopen(name, "rb");
	int len;

	if (file != NULL)
		return file;
	len = snprintf(path, sizeof(path), "%s/%s", srcdir, name);
	if (len < 0 || (size_t)len >= sizeof(path))
		return NULL;
	return fopen(path, "rb");
}

static bool is_help(const char *name)
{
	const size_t len = strlen(name);

	return strncmp(name, "help/", 5) == 0 && len > 3 &&
		strcmp(name + len - 3, ".md") == 0;
}

/* d stands for a digit. */
static bool fits(const char *text, const char *pattern)
{
	for (; *pattern != '\0'; text++, pattern++)
		if (*pattern == 'd' ? !isdigit((unsigned char)*text)
				    : *text != *pattern)
			return false;
	return true;
}

static void print_octet(unsigned char c)
{
	if (c == '\n')
		fputs("\\n", stdout);
	else if (c == '"' || c == '\\')
		printf("\\%c", c);
	else if (c >= 0x20 && c < 0x7f && c != '?') /* no trigraphs */
		putchar(c);
	else
		printf("\\%03o", c);
}

static void print_data(const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (i % LINE_LEN == 0)
			fputs(i == 0 ? "\t\t\"" : "\"\n\t\t\"", stdout);
		print_octet((unsigned char)data[i]);
	}
	fputs(len == 0 ? "\t\t\"\",\n" : "\",\n", stdout);
}

static bool print_file(const char *srcdir, const char *path)
{
	const char *name = strncmp(path, "portal/", 7) == 0 ? path + 7 : path;
	char *data = malloc(FILE_LEN_MAX + 1);
	FILE *file = open_file(srcdir, path);
	const char *wrong = NULL;
	size_t len = 0;

	if (data == NULL || file == NULL) {
		wrong = "cannot be read";
	} else {
		len = fread(data, 1, FILE_LEN_MAX, file);
		data[len] = '\0';
		if (ferror(file) || len == FILE_LEN_MAX)
			wrong = "cannot be read, or is too long";
		else if (is_help(name) && !fits(data, "<!-- dddd-dd-dd -->\n"))
			wrong = "its first line is not <!-- YYYY-MM-DD -->";
	}
	if (wrong != NULL) {
		fprintf(stderr, "%s: %s\n", path, wrong);
	} else {
		printf("\t{ \"%s\",\n", name);
		print_data(data, len);
		printf("\t\t%zu },\n", len);
	}
	if (file != NULL)
		fclose(file);
	free(data);
	return wrong == NULL;
}

int main(int argc, char **argv)
{
	bool is_good = argc > 2;

	puts("/* SPDX-License-Identifier: BSD-2-Clause */\n"
	     "/* Made by mkfiles. */\n"
	     "/* clang-format off */\n"
	     "#include \"portal/files.h\"\n"
	     "\n"
	     "const struct files_entry files_table[] = {");
	for (int i = 2; i < argc; i++)
		if (!print_file(argv[1], argv[i]))
			is_good = false;
	puts("};\n"
	     "\n"
	     "const size_t files_count =\n"
	     "\tsizeof(files_table) / sizeof(files_table[0]);");
	return fflush(stdout) == 0 && is_good ? 0 : 1;
}
