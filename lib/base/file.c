/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_STEP = 16384 };

enum result file_result(int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		return RES_MISSING;
	case EACCES:
	case EPERM:
	case EROFS:
		return RES_DENIED;
	case ENOMEM:
		return RES_NOMEM;
	default:
		return RES_DOWN;
	}
}

static ssize_t read_some(int fd, void *to, size_t len)
{
	ssize_t got;

	do {
		got = read(fd, to, len);
	} while (got < 0 && errno == EINTR);
	return got;
}

/* Nothing more may go into out: is nothing more there? */
static enum result expect_end(int fd)
{
	char one;
	ssize_t got = read_some(fd, &one, 1);

	if (got < 0)
		return file_result(errno);
	return got == 0 ? RES_OK : RES_TOOBIG;
}

static enum result read_all(int fd, struct buf *out)
{
	for (;;) {
		size_t room = out->max - out->len;
		size_t want = room < READ_STEP ? room : READ_STEP;
		char *to = NULL;
		ssize_t got;

		if (room == 0)
			return expect_end(fd);
		to = buf_reserve(out, want);
		if (to == NULL)
			return buf_result(out);
		got = read_some(fd, to, want);
		if (got < 0)
			return file_result(errno);
		if (got == 0)
			return RES_OK;
		buf_commit(out, (size_t)got);
	}
}

enum result file_read(const char *path, struct buf *out)
{
	size_t before = out->len;
	enum result res;
	int fd;

	if (buf_result(out) != RES_OK)
		return buf_result(out);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return file_result(errno);
	res = read_all(fd, out);
	if (res != RES_OK && out->at != NULL) {
		out->len = before;
		out->at[before] = '\0';
	}
	(void)close(fd);
	return res;
}

/* So that the rename itself survives a power cut. */
static void sync_folder(const char *path)
{
	size_t cut = slice_find_last(slice_of(path), '/');
	char *folder = NULL;
	int fd;

	if (path[cut] == '\0')
		folder = strdup(".");
	else
		folder = strndup(path, cut == 0 ? 1 : cut);
	if (folder == NULL)
		return;
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(folder);
	if (fd < 0)
		return;
	/* The new file is in place whatever this says. */
	(void)fsync(fd);
	(void)close(fd);
}

static enum result fill_and_close(int fd, mode_t mode, struct slice data)
{
	enum result res = file_write_all(fd, data);

	if (res == RES_OK && fchmod(fd, mode) != 0)
		res = file_result(errno);
	if (res == RES_OK && fsync(fd) != 0)
		res = file_result(errno);
	if (close(fd) != 0 && res == RES_OK)
		res = file_result(errno);
	return res;
}

enum result file_write_all(int fd, struct slice data)
{
	while (data.len > 0) {
		ssize_t put = write(fd, data.at, data.len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return file_result(errno);
		data = slice_part(data, (size_t)put, data.len);
	}
	return RES_OK;
}

enum result file_write(const char *path, mode_t mode, struct slice data)
{
	static const char suffix[] = ".tmp.XXXXXX";
	size_t len = strlen(path);
	char *aside = malloc(len + sizeof(suffix));
	enum result res = RES_OK;
	int fd;

	if (aside == NULL)
		return RES_NOMEM;
	memcpy(aside, path, len);
	memcpy(aside + len, suffix, sizeof(suffix));
	fd = mkostemp(aside, O_CLOEXEC);
	if (fd < 0) {
		res = file_result(errno);
		free(aside);
		return res;
	}
	res = fill_and_close(fd, mode, data);
	if (res == RES_OK && rename(aside, path) != 0)
		res = file_result(errno);
	if (res == RES_OK)
		sync_folder(path);
	else
		(void)unlink(aside);
	free(aside);
	return res;
}
