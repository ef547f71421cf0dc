/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/postfix.h"

#include "base/buf.h"
#include "base/clock.h"

#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ANSWER_MAX = 1 << 14, WAIT_MS = 5000 };

/* Everything that comes out of fd until it closes; false: took too long. */
static bool read_all(int fd, struct buf *out)
{
	int64_t end_ms = clock_mono_ms(clock_system()) + WAIT_MS;

	for (;;) {
		int64_t left_ms = end_ms - clock_mono_ms(clock_system());
		struct pollfd p = { .fd = fd, .events = POLLIN };
		char chunk[1024];

		if (left_ms <= 0 || poll(&p, 1, (int)left_ms) <= 0)
			return false;
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n <= 0)
			return n == 0;
		buf_add(out, slice_make(chunk, (size_t)n));
	}
}

/* No shell: the words are our own, but so is the habit. */
static bool run_postconf(struct buf *out)
{
	char *const argv[] = { (char[]){ "postconf" }, (char[]){ "-x" },
		(char[]){ "smtpd_milters" },
		(char[]){ "milter_default_action" },
		(char[]){ "queue_directory" }, NULL };
	char *const env[] = { (char[]){ "PATH=/usr/sbin:/usr/bin:/sbin:/bin:"
					"/usr/local/sbin" },
		NULL };
	static const char *const paths[] = { "/usr/sbin/postconf",
		"/usr/local/sbin/postconf", "/usr/bin/postconf" };
	posix_spawn_file_actions_t actions;
	int ends[2];
	pid_t child = 0;
	int failed = 1;
	int status = 0;

	if (pipe(ends) != 0)
		return false;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_addclose(&actions, ends[0]);
	posix_spawn_file_actions_addopen(
		&actions, STDERR_FILENO, "/dev/null", 1, 0);
	for (size_t i = 0; i < 3 && failed != 0; i++)
		failed = posix_spawn(
			&child, paths[i], &actions, NULL, argv, env);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	bool whole = failed == 0 && read_all(ends[0], out);

	close(ends[0]);
	if (failed != 0)
		return false;
	if (!whole)
		kill(child, SIGKILL);
	return waitpid(child, &status, 0) == child && whole &&
		WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void take(struct slice line, const char *name, char *out, size_t size)
{
	size_t equals = slice_find(line, '=');
	struct slice value = slice_trim(slice_part(line, equals + 1, line.len));

	if (slice_is_equal(
		    slice_trim(slice_part(line, 0, equals)), slice_of(name)))
		snprintf(out, size, "%.*s", SLICE_ARG(value));
}

void postfix_read(struct postfix_settings *out)
{
	struct buf text;
	struct slice line;

	memset(out, 0, sizeof(*out));
	snprintf(out->queue_directory, sizeof(out->queue_directory),
		"/var/spool/postfix");
	buf_init(&text, ANSWER_MAX);
	out->is_there = run_postconf(&text);
	struct slice rest = buf_slice(&text);

	while (out->is_there && slice_cut(&rest, '\n', &line)) {
		take(line, "smtpd_milters", out->smtpd_milters,
			sizeof(out->smtpd_milters));
		take(line, "milter_default_action", out->default_action,
			sizeof(out->default_action));
		take(line, "queue_directory", out->queue_directory,
			sizeof(out->queue_directory));
	}
	buf_clear(&text);
}

const struct endpoint *postfix_socket(const struct endpoint *e)
{
	/* ListenStream= of reprieve-milter.socket. */
	static const struct endpoint shipped = { .kind = ENDPOINT_UNIX,
		.path = "/var/spool/postfix/reprieve/milter.sock" };

	return e->kind == ENDPOINT_FD || e->kind == ENDPOINT_NONE ? &shipped
								  : e;
}

bool postfix_names(const char *milters, const char *socket)
{
	struct slice rest = slice_of(milters);
	size_t len = strlen(socket);

	if (len == 0)
		return false;
	for (size_t i = 0; i + len <= rest.len; i++) {
		bool starts = i == 0 || strchr(", \t{", rest.at[i - 1]) != NULL;
		bool ends = i + len == rest.len ||
			strchr(", \t}", rest.at[i + len]) != NULL;

		if (starts && ends && memcmp(rest.at + i, socket, len) == 0)
			return true;
	}
	return false;
}
