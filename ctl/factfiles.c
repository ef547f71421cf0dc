/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/factfiles.h"

#include "conf/conf.h"
#include "judge/factlog.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MS_PER_S = 1000 };

struct walk {
	struct ctl *ctl;
	int64_t since_ms;
	bool (*each)(void *ctx, struct fact *f);
	void *ctx;
	struct factfiles_count *count;
	struct fact fact;
	bool is_over;
};

static void read_facts(struct walk *w, const char *name, struct slice text)
{
	struct factfile_reader *r;
	enum result res = factfile_open(&r, text);

	while (res == RES_OK && !w->is_over) {
		res = factfile_next(r, &w->fact);
		if (res != RES_OK)
			break;
		if (w->fact.wall_ms < w->since_ms) {
			w->count->older++;
			continue;
		}
		w->count->facts++;
		w->is_over = !w->each(w->ctx, &w->fact);
	}
	factfile_close(r);
	if (res == RES_OK || res == RES_MISSING)
		return;
	w->count->spoiled++;
	output_say(w->ctl->out, "%s: makes no sense from some octet on (%s)",
		name, result_name(res));
}

/* Mapped: a file of a day may be larger than memory. It only ever grows. */
static void read_file(struct walk *w, int folder, const char *name)
{
	int file = openat(folder, name, O_RDONLY | O_CLOEXEC);
	struct stat about;
	void *at = MAP_FAILED;

	if (file >= 0 && fstat(file, &about) == 0 && about.st_size > 0)
		at = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE,
			file, 0);
	if (file >= 0)
		close(file);
	if (at == MAP_FAILED) {
		w->count->spoiled++;
		output_say(
			w->ctl->out, "%s: cannot be read, or is empty", name);
		return;
	}
	w->count->files++;
	read_facts(w, name, slice_make(at, (size_t)about.st_size));
	munmap(at, (size_t)about.st_size);
}

static int is_of_facts(const struct dirent *entry)
{
	char day[11];

	return factlog_is_name(entry->d_name, day);
}

/* All files of the folder by their names. False: they cannot be read. */
static bool walk_folder(struct walk *w, const char *path)
{
	struct dirent **entry = NULL;
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int found =
		folder < 0 ? -1 : scandir(path, &entry, is_of_facts, alphasort);

	for (int i = 0; i < found; i++) {
		if (!w->is_over)
			read_file(w, folder, entry[i]->d_name);
		free(entry[i]);
	}
	free(entry);
	if (folder >= 0)
		close(folder);
	return found >= 0;
}

enum ctl_exit factfiles_each(struct ctl *ctl, int64_t since_ms,
	bool (*each)(void *ctx, struct fact *f), void *ctx,
	struct factfiles_count *count)
{
	const char *path = ctl->conf->facts.folder;
	struct walk *w;
	bool is_read;

	*count = (struct factfiles_count){ 0 };
	if (*path == '\0') {
		output_error(ctl->out,
			"no facts are kept: facts.folder is not set in %s",
			ctl->conf_path);
		return CTL_USAGE;
	}
	w = calloc(1, sizeof(*w));
	if (w == NULL)
		return CTL_DOWN;
	*w = (struct walk){ .ctl = ctl,
		.since_ms = since_ms,
		.each = each,
		.ctx = ctx,
		.count = count };
	is_read = walk_folder(w, path);
	if (!is_read)
		output_error(ctl->out, "%s: %s", path, strerror(errno));
	free(w);
	return is_read ? CTL_DONE : CTL_DOWN;
}

int64_t factfiles_since_ms(const struct args *args)
{
	int64_t life_s = args_number(args, "since", 0);

	return life_s == 0 ? 0 : (ctl_now_s() - life_s) * MS_PER_S;
}
