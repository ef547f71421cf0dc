/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/program.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PIECE = 4096, NAP_NS = 5000000 };

static int64_t now_ms(void)
{
	return clock_mono_ms(clock_system());
}

/* ---- the start ---- */

static int add_actions(posix_spawn_file_actions_t *actions, int fd)
{
	int failed = 0;

	for (int to = STDIN_FILENO; failed == 0 && to <= STDERR_FILENO; to++)
		failed = posix_spawn_file_actions_adddup2(actions, fd, to);
#ifdef HAVE_POSIX_SPAWN_FILE_ACTIONS_ADDCLOSEFROM_NP
	/* Some libraries open theirs without FD_CLOEXEC. */
	if (failed == 0)
		failed = posix_spawn_file_actions_addclosefrom_np(
			actions, STDERR_FILENO + 1);
#endif
	return failed;
}

static int add_attributes(posix_spawnattr_t *attr)
{
	sigset_t none, all;
	int failed;

	sigemptyset(&none);
	sigfillset(&all);
	failed = posix_spawnattr_setsigmask(attr, &none);
	if (failed == 0)
		failed = posix_spawnattr_setsigdefault(attr, &all);
	if (failed == 0)
		failed = posix_spawnattr_setpgroup(attr, 0);
	return failed != 0
		? failed
		: posix_spawnattr_setflags(attr,
			  POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
				  POSIX_SPAWN_SETPGROUP);
}

/* 0, or an errno. */
static int start(const struct program *p, int fd, pid_t *child)
{
	char path[] = "PATH=/usr/local/bin:/usr/bin:/bin";
	char *const env[] = { path, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int failed = posix_spawn_file_actions_init(&actions);

	if (failed != 0)
		return failed;
	failed = posix_spawnattr_init(&attr);
	if (failed != 0) {
		posix_spawn_file_actions_destroy(&actions);
		return failed;
	}
	failed = add_actions(&actions, fd);
	if (failed == 0)
		failed = add_attributes(&attr);
	if (failed == 0)
		failed = posix_spawn(child, p->argv[0], &actions, &attr,
			(char *const *)(uintptr_t)p->argv, env);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return failed;
}

/* ---- talking ---- */

/* A program that does not want to hear the rest may say so by its end. */
static void write_some(int fd, struct slice *rest)
{
	const ssize_t n =
		send(fd, rest->at, rest->len, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n >= 0)
		*rest = slice_part(*rest, (size_t)n, rest->len);
	else if (errno != EAGAIN && errno != EINTR)
		*rest = slice_part(*rest, rest->len, 0);
	if (rest->len == 0)
		(void)shutdown(fd, SHUT_WR);
}

/* False: there is no more. */
static bool read_some(int fd, struct buf *out)
{
	char piece[PIECE];
	const ssize_t n = recv(fd, piece, sizeof(piece), MSG_DONTWAIT);
	size_t room = out->max - out->len;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	buf_add(out, slice_make(piece, (size_t)n < room ? (size_t)n : room));
	return n > 0;
}

/* Until it has closed its end. RES_TIMEOUT. */
static enum result talk(int fd, struct slice rest, int64_t end, struct buf *out)
{
	bool is_open = true;

	if (rest.len == 0)
		(void)shutdown(fd, SHUT_WR);
	while (is_open) {
		struct pollfd p = { .fd = fd,
			.events = (short)(rest.len > 0 ? POLLIN | POLLOUT
						       : POLLIN) };
		const int64_t left = end - now_ms();

		if (left <= 0)
			return RES_TIMEOUT;
		if (poll(&p, 1, (int)left) <= 0)
			continue;
		if ((p.revents & POLLOUT) != 0 && rest.len > 0)
			write_some(fd, &rest);
		if ((p.revents & (POLLIN | POLLHUP | POLLERR)) != 0)
			is_open = read_some(fd, out);
	}
	return RES_OK;
}

/* ---- the end ---- */

static enum result wait_for(pid_t child, int64_t end, int *status)
{
	const struct timespec nap = { 0, NAP_NS };

	for (;;) {
		const pid_t got = waitpid(child, status, WNOHANG);

		if (got == child)
			return RES_OK;
		if (got < 0 && errno != EINTR)
			return RES_NOMEM;
		if (now_ms() >= end)
			return RES_TIMEOUT;
		(void)nanosleep(&nap, NULL);
	}
}

static enum result end_child(
	pid_t child, int64_t end, enum result res, int *code)
{
	int status = 0;

	if (res == RES_OK)
		res = wait_for(child, end, &status);
	if (res == RES_TIMEOUT) {
		(void)kill(-child, SIGKILL);
		(void)waitpid(child, &status, 0);
	}
	if (res != RES_OK)
		return res;
	if (!WIFEXITED(status))
		return RES_CORRUPT;
	*code = WEXITSTATUS(status);
	return RES_OK;
}

enum result program_run(const struct program *p, int *code, struct buf *out)
{
	const int64_t end = now_ms() + (int64_t)p->timeout_ms;
	pid_t child = -1;
	int ends[2];
	int failed;
	enum result res;

	/* One that is read and written, and writes without a signal. */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return RES_NOMEM;
	failed = start(p, ends[1], &child);
	close(ends[1]);
	if (failed == 0)
		res = end_child(
			child, end, talk(ends[0], p->input, end, out), code);
	else
		res = failed == EAGAIN || failed == ENOMEM ? RES_NOMEM
							   : RES_MISSING;
	if (res == RES_MISSING)
		buf_add_text(out, strerror(failed));
	close(ends[0]);
	return res;
}
