/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/mailchild.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* The shadow memory of AddressSanitizer is far larger than what we allow. */
#ifdef __SANITIZE_ADDRESS__
enum { HAS_SHADOW = 1 };
#else
enum { HAS_SHADOW = 0 };
#endif

enum { PIECE = 65536, UNLIMITED = 4 /* exit code */ };

/* ---- in the child ---- */

/* One that is lower already stays. */
static bool set_limit(int what, rlim_t most)
{
	struct rlimit limit;

	if (getrlimit((__rlimit_resource_t)what, &limit) != 0)
		return false;
	if (limit.rlim_max > most)
		limit.rlim_max = most;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit((__rlimit_resource_t)what, &limit) == 0;
}

static bool give_up_rights(void)
{
	return (HAS_SHADOW || set_limit(RLIMIT_AS, MAILCHILD_MEMORY_MAX)) &&
		set_limit(RLIMIT_CPU, MAILCHILD_CPU_S) &&
		set_limit(RLIMIT_FSIZE, 0) && set_limit(RLIMIT_CORE, 0) &&
		set_limit(RLIMIT_NPROC, 0);
}

/* A connection of the parent may do all that he may. Its pipe stays. */
static int give_up_files(int fd)
{
#ifdef HAVE_CLOSEFROM
	const int kept = STDERR_FILENO + 1;

	if (fd != kept && dup2(fd, kept) != kept)
		return fd;
	closefrom(kept + 1);
	return kept;
#else
	return fd;
#endif
}

bool mailchild_write(int fd, const void *at, size_t len)
{
	const char *text = at;

	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		text += n;
		len -= (size_t)n;
	}
	return true;
}

/* ---- in the parent ---- */

static int64_t now_ms(void)
{
	return clock_mono_ms(clock_system());
}

/* RES_TIMEOUT: there may be more. */
static enum result read_pipe(int fd, struct buf *out)
{
	const int64_t end = now_ms() + MAILCHILD_WAIT_MS;
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	char piece[PIECE];

	for (;;) {
		int64_t left = end - now_ms();
		size_t room = out->max - out->len;
		ssize_t n;

		if (left <= 0 || poll(&ready, 1, (int)left) <= 0)
			return RES_TIMEOUT;
		n = read(fd, piece, sizeof(piece));
		if (n <= 0)
			return RES_OK;
		buf_add(out,
			slice_make(piece, (size_t)n < room ? (size_t)n : room));
	}
}

static enum result end_child(pid_t child, enum result res)
{
	int status = 0;

	if (res != RES_OK)
		(void)kill(child, SIGKILL);
	if (waitpid(child, &status, 0) != child)
		return RES_NOMEM;
	if (res != RES_OK)
		return res;
	if (!WIFEXITED(status))
		return RES_CORRUPT;
	if (WEXITSTATUS(status) == MAILCHILD_NONE)
		return RES_MISSING;
	return WEXITSTATUS(status) == MAILCHILD_FOUND ? RES_OK : RES_CORRUPT;
}

enum result mailchild_run(mailchild_work *work, void *ctx, struct buf *out)
{
	int ends[2];
	pid_t child;
	enum result res;

	if (pipe(ends) != 0)
		return RES_NOMEM;
	child = fork();
	if (child == 0) {
		close(ends[0]);
		/* Without limits nothing is parsed. */
		_exit(give_up_rights() ? (int)work(give_up_files(ends[1]), ctx)
				       : UNLIMITED);
	}
	close(ends[1]);
	res = child < 0 ? RES_NOMEM : read_pipe(ends[0], out);
	close(ends[0]);
	return child < 0 ? res : end_child(child, res);
}
