/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/store/cluster.h"

#include "base/buf.h"
#include "base/clock.h"
#include "store/redis.h"
#include "support/case.h"
#include "unit/store/rig.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static uint16_t free_port(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	close(fd);
	return ntohs(sin.sin_port);
}

static pid_t spawn(const char *const *argv)
{
	char *copy[32];
	size_t n = 0;
	pid_t parent = getpid(), pid;

	for (; argv[n] != NULL && n < 31; n++)
		memcpy(&copy[n], &argv[n], sizeof(copy[n]));
	copy[n] = NULL;
	pid = fork();
	assert_true(pid >= 0);
	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	n = (size_t)open("/dev/null", O_RDWR);
	dup2((int)n, 0);
	dup2((int)n, 1);
	execvp(copy[0], copy);
	_exit(127);
}

static void start_server(struct cluster *c, unsigned which)
{
	char port[8], of[32];
	const char *argv[] = { "redis-server", "--port", port, "--bind",
		"127.0.0.1", "--dir", c->folder.path, "--save", "",
		"--repl-diskless-sync-delay", "0", "--repl-ping-replica-period",
		"1", "--loglevel", "warning",
		which == CLUSTER_REPLICA ? "--replicaof" : NULL, of, NULL };

	(void)snprintf(port, sizeof(port), "%u", c->port[which]);
	(void)snprintf(
		of, sizeof(of), "127.0.0.1 %u", c->port[CLUSTER_PRIMARY]);
	c->pid[which] = spawn(argv);
}

static void start_sentinel(struct cluster *c)
{
	char path[FOLDER_PATH_MAX], text[1024];
	FILE *f;

	(void)folder_path(&c->folder, "sentinel.conf", path);
	(void)snprintf(text, sizeof(text),
		"port %u\nbind 127.0.0.1\ndir %s\nloglevel warning\n"
		"sentinel monitor lists 127.0.0.1 %u 1\n"
		"sentinel down-after-milliseconds lists 300\n"
		"sentinel failover-timeout lists 2000\n",
		c->port[CLUSTER_SENTINEL], c->folder.path,
		c->port[CLUSTER_PRIMARY]);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	c->pid[CLUSTER_SENTINEL] = spawn((const char *const[]){
		"redis-server", path, "--sentinel", NULL });
}

static void show(const struct redis_reply *reply, char *answer, size_t size)
{
	struct redis_reply first =
		reply->type == REDIS_ARRAY ? redis_element(reply, 0) : *reply;

	if (first.type == REDIS_NUMBER)
		(void)snprintf(answer, size, "%lld", (long long)first.number);
	else
		(void)snprintf(answer, size, "%.*s", SLICE_ARG(first.text));
}

bool cluster_do(const struct cluster *c, unsigned which,
	const char *const *argv, char *answer, size_t size)
{
	const struct redis_login login = { .timeout_ms = 2000 };
	struct endpoint at = { .kind = ENDPOINT_INET,
		.port = c->port[which],
		.host = "127.0.0.1" };
	struct slice words[16];
	struct redis_reply reply;
	struct redis *r = NULL;
	size_t n = 0;
	bool done;

	for (; argv[n] != NULL && n < 16; n++)
		words[n] = slice_of(argv[n]);
	done = redis_open(&r, &at, &login, NULL) == RES_OK &&
		redis_command(r, words, n, &reply) == RES_OK &&
		reply.type != REDIS_ERROR;
	if (done && answer != NULL)
		show(&reply, answer, size);
	redis_close(r);
	return done;
}

static void wait_for(const struct cluster *c, unsigned which,
	const char *const *argv, const char *want)
{
	char got[8192] = "";

	for (int64_t end = rig_end(); rig_goes_on(end);)
		if (cluster_do(c, which, argv, got, sizeof(got)) &&
			strstr(got, want) != NULL)
			return;
	print_message("# waited for %s, got %s\n", want, got);
	fail();
}

void cluster_start(struct cluster *c, bool with_sentinel)
{
	*c = (struct cluster){ 0 };
	folder_make(&c->folder);
	for (unsigned i = 0; i < CLUSTER_SIZE; i++)
		c->port[i] = free_port();
	start_server(c, CLUSTER_PRIMARY);
	start_server(c, CLUSTER_REPLICA);
	wait_for(c, CLUSTER_REPLICA,
		(const char *const[]){ "INFO", "replication", NULL },
		"master_link_status:up");
	if (!with_sentinel)
		return;
	start_sentinel(c);
	wait_for(c, CLUSTER_SENTINEL,
		(const char *const[]){ "INFO", "sentinel", NULL },
		"status=ok,address=127.0.0.1");
	wait_for(c, CLUSTER_SENTINEL,
		(const char *const[]){ "INFO", "sentinel", NULL }, "slaves=1");
}

void cluster_kill(struct cluster *c, unsigned which)
{
	if (c->pid[which] == 0)
		return;
	kill(c->pid[which], SIGKILL);
	(void)waitpid(c->pid[which], NULL, 0);
	c->pid[which] = 0;
}

void cluster_stop(struct cluster *c)
{
	for (unsigned i = CLUSTER_SIZE; i > 0; i--)
		cluster_kill(c, i - 1);
	folder_remove(&c->folder);
}
