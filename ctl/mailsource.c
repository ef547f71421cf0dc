/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/mailsource.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 65536, PATH_MAX_LEN = 4096, NAME_MAX_LEN = PATH_MAX_LEN + 32 };

struct walk {
	const struct mailsource *source;
	struct buf *why;
	bool is_over;
};

/* One file: messages are handed on when the next one begins, or it ends. */
struct file {
	struct walk *walk;
	const char *path;
	struct buf text;
	size_t number; /* of the message within a mailbox, from 1 */
	bool is_mailbox;
	bool is_at_start; /* of a line */
	bool is_after_empty; /* the line before had nothing */
};

static enum result failed(struct walk *w, const char *path, enum result res)
{
	buf_add_format(w->why, "%s: %s", path,
		res == RES_NOMEM ? result_name(res) : strerror(errno));
	return res;
}

static void hand_on(struct file *f)
{
	const struct mailsource *s = f->walk->source;
	char name[NAME_MAX_LEN];

	if (f->text.len == 0 || f->walk->is_over)
		return;
	if (f->is_mailbox)
		(void)snprintf(
			name, sizeof(name), "%s:%zu", f->path, f->number);
	else
		(void)snprintf(name, sizeof(name), "%s", f->path);
	f->walk->is_over = !s->each(s->ctx, name, buf_slice(&f->text));
	buf_reset(&f->text);
}

static bool is_quoted_from(struct slice line)
{
	size_t i = 0;

	while (i < line.len && line.at[i] == '>')
		i++;
	return i > 0 &&
		slice_has_prefix(
			slice_part(line, i, line.len), slice_of("From "));
}

static bool is_empty(struct slice line)
{
	return slice_is_empty(slice_trim(line));
}

/* A line, or a piece of a long one. */
static void take(struct file *f, struct slice line)
{
	bool is_whole = line.at[line.len - 1] == '\n';

	if (f->is_at_start && f->is_after_empty &&
		slice_has_prefix(line, slice_of("From ")) &&
		(f->is_mailbox || f->number == 0)) {
		f->is_mailbox = true;
		hand_on(f);
		f->number++;
		f->is_after_empty = false;
		f->is_at_start = is_whole;
		return;
	}
	if (f->number == 0)
		f->number = 1;
	f->is_after_empty = f->is_at_start && is_empty(line);
	if (f->is_mailbox && f->is_at_start && is_quoted_from(line))
		line = slice_part(line, 1, line.len);
	f->is_at_start = is_whole;
	/* What has no room is left out; no memory shows in the end. */
	buf_add(&f->text, slice_part(line, 0, f->text.max - f->text.len));
}

/* fgets keeps no count, and a line may hold NUL. 0: that was all. */
static size_t read_piece(FILE *in, char piece[PIECE])
{
	size_t len = 0;
	int c = 0;

	flockfile(in);
	while (len < PIECE && c != '\n' && (c = getc_unlocked(in)) != EOF)
		piece[len++] = (char)c;
	funlockfile(in);
	return len;
}

static enum result read_stream(struct walk *w, const char *path, FILE *in)
{
	struct file f = { .walk = w,
		.path = path,
		.is_at_start = true,
		.is_after_empty = true };
	char *piece = malloc(PIECE);
	enum result res = piece == NULL ? RES_NOMEM : RES_OK;

	buf_init(&f.text, w->source->octets_max);
	while (res == RES_OK && !w->is_over) {
		size_t len = read_piece(in, piece);

		if (len == 0)
			break;
		take(&f, slice_make(piece, len));
		res = buf_result(&f.text);
	}
	if (res == RES_OK && ferror(in) != 0)
		res = RES_DOWN;
	if (res == RES_OK)
		hand_on(&f);
	else
		res = failed(w, path, res);
	free(piece);
	buf_clear(&f.text);
	return res;
}

static enum result read_file(struct walk *w, const char *path)
{
	/* Not to wait for who writes into a pipe. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	FILE *in = fd < 0 ? NULL : fdopen(fd, "r");
	enum result res;

	if (in == NULL) {
		res = failed(w, path, RES_MISSING);
		if (fd >= 0)
			close(fd);
		return res;
	}
	res = read_stream(w, path, in);
	fclose(in);
	return res;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void free_names(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

/* In the order of their names, so that it is the same each time. */
static enum result list(const char *path, char ***out, size_t *count)
{
	DIR *folder = opendir(path);
	char **names = NULL;
	size_t n = 0, room = 0;

	if (folder == NULL)
		return RES_MISSING;
	for (const struct dirent *e; (e = readdir(folder)) != NULL;) {
		char **more = names;

		if (e->d_name[0] == '.')
			continue;
		if (n == room) {
			room = room == 0 ? 64 : room * 2;
			more = realloc(names, room * sizeof(*names));
		}
		if (more != NULL) {
			names = more;
			names[n] = strdup(e->d_name);
		}
		if (more == NULL || names[n] == NULL) {
			closedir(folder);
			free_names(names, n);
			return RES_NOMEM;
		}
		n++;
	}
	closedir(folder);
	if (n > 0)
		qsort(names, n, sizeof(*names), by_name);
	*out = names;
	*count = n;
	return RES_OK;
}

static bool is_of_type(const char *path, mode_t type)
{
	struct stat st;

	return stat(path, &st) == 0 && (st.st_mode & S_IFMT) == type;
}

/* The files of it. */
static enum result read_folder(struct walk *w, const char *path)
{
	char **names = NULL;
	char file[PATH_MAX_LEN];
	size_t count = 0;
	enum result res = list(path, &names, &count);

	if (res != RES_OK)
		return failed(w, path, res);
	for (size_t i = 0; i < count && res == RES_OK && !w->is_over; i++) {
		(void)snprintf(file, sizeof(file), "%s/%s", path, names[i]);
		if (is_of_type(file, S_IFREG))
			res = read_file(w, file);
	}
	free_names(names, count);
	return res;
}

/* Of a Maildir: those that were read, and those that were not. */
static enum result read_any_folder(struct walk *w, const char *path)
{
	static const char *const of_maildir[] = { "cur", "new" };
	bool is_maildir = false;

	for (size_t i = 0; i < 2; i++) {
		char folder[PATH_MAX_LEN];
		enum result res;

		(void)snprintf(
			folder, sizeof(folder), "%s/%s", path, of_maildir[i]);
		if (!is_of_type(folder, S_IFDIR))
			continue;
		is_maildir = true;
		res = read_folder(w, folder);
		if (res != RES_OK)
			return res;
	}
	return is_maildir ? RES_OK : read_folder(w, path);
}

enum result mailsource_walk(
	const struct mailsource *s, const char *path, struct buf *why)
{
	struct walk w = { .source = s, .why = why };

	if (strcmp(path, "-") == 0)
		return read_stream(&w, path, stdin);
	if (is_of_type(path, S_IFDIR))
		return read_any_folder(&w, path);
	return read_file(&w, path);
}
