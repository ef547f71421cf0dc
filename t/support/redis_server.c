/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/redis_server.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { START_MS = 10000, ANSWER_MS = 10000, POLL_NS = 2000000 };

struct redis_server {
	pid_t pid;
	char folder[64];
	char socket[80];
};

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static _Noreturn void become_server(const struct redis_server *s, pid_t parent)
{
	int null = open("/dev/null", O_RDWR);

	/* A test that is killed must not leave a server running. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	dup2(null, 0);
	dup2(null, 1);
	execlp("redis-server", "redis-server", "--port", "0", "--unixsocket",
		s->socket, "--unixsocketperm", "700", "--dir", s->folder,
		"--save", "", "--appendonly", "no", "--daemonize", "no",
		"--loglevel", "warning", "--enable-debug-command", "yes",
		"--hz", "100", (char *)NULL);
	_exit(127);
}

static int dial(const struct redis_server *s)
{
	struct timeval wait = { ANSWER_MS / 1000, 0 };
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	snprintf(to.sun_path, sizeof(to.sun_path), "%s", s->socket);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void end_process(struct redis_server *s)
{
	if (s->pid <= 0)
		return;
	kill(s->pid, SIGKILL);
	while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
		;
	s->pid = 0;
}

static bool start(struct redis_server *s)
{
	const struct timespec pause = { 0, POLL_NS };
	long deadline = now_ms() + START_MS;
	pid_t parent = getpid();

	unlink(s->socket);
	s->pid = fork();
	if (s->pid == 0)
		become_server(s, parent);
	while (s->pid > 0 && now_ms() < deadline) {
		if (waitpid(s->pid, NULL, WNOHANG) == s->pid) {
			s->pid = 0;
			break;
		}
		if (REDIS_DO(s, "PING"))
			return true;
		nanosleep(&pause, NULL);
	}
	fprintf(stderr, "redis-server did not start in %s\n", s->folder);
	end_process(s);
	return false;
}

struct redis_server *redis_server_start(void)
{
	struct redis_server *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	snprintf(s->folder, sizeof(s->folder), "/tmp/reprieve.XXXXXX");
	if (mkdtemp(s->folder) == NULL) {
		perror("mkdtemp");
		free(s);
		return NULL;
	}
	snprintf(s->socket, sizeof(s->socket), "%s/s", s->folder);
	if (!start(s)) {
		redis_server_stop(s);
		return NULL;
	}
	return s;
}

static void delete_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir != NULL)
		closedir(dir);
	rmdir(folder);
}

void redis_server_stop(struct redis_server *s)
{
	if (s == NULL)
		return;
	end_process(s);
	delete_folder(s->folder);
	free(s);
}

const char *redis_server_socket(const struct redis_server *s)
{
	return s->socket;
}

const char *redis_server_folder(const struct redis_server *s)
{
	return s->folder;
}

bool redis_server_restart(struct redis_server *s)
{
	end_process(s);
	return start(s);
}

void redis_server_kill(struct redis_server *s)
{
	end_process(s);
}

void redis_server_freeze(struct redis_server *s)
{
	int status;

	kill(s->pid, SIGSTOP);
	/* Only when it has stopped is the next question sure to hang. */
	while (waitpid(s->pid, &status, WUNTRACED) < 0 && errno == EINTR)
		;
}

void redis_server_thaw(struct redis_server *s)
{
	kill(s->pid, SIGCONT);
}

static bool send_all(int fd, const char *at, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

static bool send_command(int fd, const char *const *argv)
{
	char head[32];
	size_t count = 0;
	size_t i;

	while (argv[count] != NULL)
		count++;
	snprintf(head, sizeof(head), "*%zu\r\n", count);
	if (!send_all(fd, head, strlen(head)))
		return false;
	for (i = 0; i < count; i++) {
		snprintf(head, sizeof(head), "$%zu\r\n", strlen(argv[i]));
		if (!send_all(fd, head, strlen(head)) ||
			!send_all(fd, argv[i], strlen(argv[i])) ||
			!send_all(fd, "\r\n", 2))
			return false;
	}
	return true;
}

/* A line without its end; what does not fit is dropped. */
static bool read_line(int fd, char *out, size_t size)
{
	size_t len = 0;
	char c;

	for (;;) {
		ssize_t n = recv(fd, &c, 1, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		if (c == '\n')
			break;
		if (c != '\r' && len + 1 < size)
			out[len++] = c;
	}
	out[len] = '\0';
	return true;
}

bool redis_server_do(struct redis_server *s, const char *const *argv,
	char *answer, unsigned long size)
{
	char line[512];
	char text[512];
	int fd = dial(s);
	bool ok;

	if (fd < 0)
		return false;
	ok = send_command(fd, argv) && read_line(fd, line, sizeof(line));
	if (ok && line[0] == '$' && line[1] != '-')
		ok = read_line(fd, text, sizeof(text));
	else if (ok)
		snprintf(text, sizeof(text), "%s", line + 1);
	close(fd);
	if (!ok || line[0] == '-') {
		if (ok && strcmp(argv[0], "PING") != 0)
			fprintf(stderr, "redis says: %s\n", line);
		return false;
	}
	if (answer != NULL)
		snprintf(answer, size, "%s", text);
	return true;
}
