/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/infile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 1 << 16 };

/* What is left of the bound, or all of it in chunks: one octet over the bound
 * must show. */
static enum result read_all(int fd, struct buf *out)
{
	char chunk[CHUNK];

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0 ? buf_result(out) : RES_DOWN;
		buf_add(out, slice_make(chunk, (size_t)n));
		if (buf_result(out) != RES_OK)
			return buf_result(out);
	}
}

enum result infile_read(const char *path, struct buf *out, struct buf *why)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	enum result res;
	int error;

	if (fd < 0) {
		buf_add_format(why, "%s: %s", path, strerror(errno));
		return RES_MISSING;
	}
	res = read_all(fd, out);
	error = errno;
	if (!is_stdin)
		close(fd);
	if (res == RES_DOWN)
		buf_add_format(why, "%s: %s", path, strerror(error));
	else if (res == RES_TOOBIG)
		buf_add_format(why, "%s: more than %zu octets", path, out->max);
	else if (res != RES_OK)
		buf_add_format(why, "%s: %s", path, result_name(res));
	return res;
}
