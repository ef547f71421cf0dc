/* SPDX-License-Identifier: BSD-2-Clause */
#include "geo/geofile.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 64 * 1024 };

static int64_t nanoseconds(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static struct geofile_id id_of(const struct stat *st)
{
	return (struct geofile_id){
		.device = (uint64_t)st->st_dev,
		.inode = (uint64_t)st->st_ino,
		.size = (uint64_t)st->st_size,
		.changed_ns = nanoseconds(st->st_ctim),
		.written_ns = nanoseconds(st->st_mtim),
	};
}

static enum result failure(void)
{
	if (errno == ENOENT || errno == ENOTDIR)
		return RES_MISSING;
	if (errno == EACCES || errno == EPERM)
		return RES_DENIED;
	return RES_DOWN;
}

enum result geofile_identify(const char *path, struct geofile_id *out)
{
	struct stat st;

	*out = (struct geofile_id){ .inode = 0 };
	if (stat(path, &st) != 0)
		return failure();
	if (!S_ISREG(st.st_mode))
		return RES_TYPE;
	*out = id_of(&st);
	return RES_OK;
}

bool geofile_is_same(const struct geofile_id *a, const struct geofile_id *b)
{
	return a->device == b->device && a->inode == b->inode &&
		a->size == b->size && a->changed_ns == b->changed_ns &&
		a->written_ns == b->written_ns;
}

/* Never more than what it had when it was opened: it may still grow. */
static enum result pour(int from, int to, uint64_t size)
{
	char block[BLOCK];

	while (size > 0) {
		size_t want = size < BLOCK ? (size_t)size : (size_t)BLOCK;
		ssize_t n = read(from, block, want);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return RES_DOWN;
		if (n == 0)
			return RES_CORRUPT;
		if (file_write_all(to, slice_make(block, (size_t)n)) != RES_OK)
			return RES_FULL;
		size -= (uint64_t)n;
	}
	return RES_OK;
}

static enum result open_checked(
	const char *path, size_t size_max, int *fd, struct geofile_id *id)
{
	struct stat st;

	/* Whoever puts a FIFO there must not make us wait for a writer. */
	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (*fd < 0 || fstat(*fd, &st) != 0)
		return failure();
	if (!S_ISREG(st.st_mode))
		return RES_TYPE;
	*id = id_of(&st);
	return id->size > size_max ? RES_TOOBIG : RES_OK;
}

static int make_copy(char copy[PATH_MAX])
{
	const char *folder = getenv("TMPDIR");
	int len;

	if (folder == NULL || *folder == '\0')
		folder = "/tmp";
	len = snprintf(copy, PATH_MAX, "%s/reprieve-geo.XXXXXX", folder);
	if (len < 0 || len >= PATH_MAX)
		return -1;
	return mkostemp(copy, O_CLOEXEC);
}

enum result geofile_copy(const char *path, size_t size_max,
	struct geofile_id *id, char copy[PATH_MAX])
{
	struct geofile_id after;
	int from = -1, to = -1;
	enum result res;

	*id = (struct geofile_id){ .inode = 0 };
	res = open_checked(path, size_max, &from, id);
	if (res == RES_OK) {
		to = make_copy(copy);
		res = to < 0 ? RES_FULL : pour(from, to, id->size);
	}
	/* Replaced meanwhile is as good as changed: the next look has it. */
	if (res == RES_OK &&
		(geofile_identify(path, &after) != RES_OK ||
			!geofile_is_same(id, &after)))
		res = RES_CORRUPT;
	if (to >= 0 && close(to) != 0 && res == RES_OK)
		res = RES_FULL;
	if (to >= 0 && res != RES_OK)
		unlink(copy);
	if (from >= 0)
		close(from);
	return res;
}
