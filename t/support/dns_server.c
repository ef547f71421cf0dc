/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/dns_server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct dns_server {
	pid_t pid;
	FILE *to;
	FILE *from;
	unsigned port;
	char answer[256];
};

static void die(const char *what)
{
	fprintf(stderr, "dns_server: %s\n", what);
	abort();
}

static void become_server(int in, int out)
{
	const char *source = getenv("top_srcdir");
	const char *python = getenv("PYTHON3");
	char path[1024];

	snprintf(path, sizeof(path), "%s/t/support/dns_server.py",
		source == NULL ? "." : source);
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	close(in);
	close(out);
	if (python == NULL)
		python = "/usr/bin/python3";
	execlp(python, python, path, (char *)NULL);
	_exit(127);
}

static void read_answer(struct dns_server *s)
{
	if (fgets(s->answer, sizeof(s->answer), s->from) == NULL)
		die("it does not answer (python3-dnspython?)");
	s->answer[strcspn(s->answer, "\n")] = '\0';
}

struct dns_server *dns_server_start(void)
{
	struct dns_server *s = calloc(1, sizeof(*s));
	int in[2], out[2];

	if (s == NULL || pipe(in) != 0 || pipe(out) != 0)
		die("no pipe");
	s->pid = fork();
	if (s->pid == 0) {
		close(in[1]);
		close(out[0]);
		become_server(in[0], out[1]);
	}
	close(in[0]);
	close(out[1]);
	s->to = fdopen(in[1], "w");
	s->from = fdopen(out[0], "r");
	if (s->pid < 0 || s->to == NULL || s->from == NULL)
		die("no process");
	read_answer(s);
	if (sscanf(s->answer, "port %u", &s->port) != 1)
		die(s->answer);
	return s;
}

void dns_server_stop(struct dns_server *s)
{
	fclose(s->to);
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	fclose(s->from);
	free(s);
}

unsigned dns_server_port(const struct dns_server *s)
{
	return s->port;
}

const char *dns_server_say(struct dns_server *s, const char *command)
{
	fprintf(s->to, "%s\n", command);
	fflush(s->to);
	read_answer(s);
	return s->answer;
}
