/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/folder.h"

#include "support/case.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void folder_make(struct folder *f)
{
	const char *base = getenv("TMPDIR");

	(void)snprintf(f->path, sizeof(f->path), "%s/reprieve.XXXXXX",
		base == NULL || *base == '\0' ? "/tmp" : base);
	assert_non_null(mkdtemp(f->path));
}

const char *folder_path(
	const struct folder *f, const char *name, char out[FOLDER_PATH_MAX])
{
	int len = snprintf(out, FOLDER_PATH_MAX, "%s/%s", f->path, name);

	assert_in_range(len, 1, FOLDER_PATH_MAX - 1);
	return out;
}

/* Counts the entries; removes them too when asked. */
static size_t walk(const struct folder *f, bool remove_them)
{
	DIR *d = opendir(f->path);
	struct dirent *e = NULL;
	size_t count = 0;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		char path[FOLDER_PATH_MAX];

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		count++;
		if (remove_them)
			(void)unlink(folder_path(f, e->d_name, path));
	}
	(void)closedir(d);
	return count;
}

size_t folder_count(const struct folder *f)
{
	return walk(f, false);
}

void folder_remove(struct folder *f)
{
	(void)walk(f, true);
	(void)rmdir(f->path);
}
