/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reprieve-milter: options -> conf -> socket -> user -> context -> serve.
 * See reprieve-milter(8).
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/privileges.h"
#include "conf/conf.h"
#include "conf/conflog.h"
#include "milter/callbacks.h"
#include "milter/context.h"
#include "milter/signals.h"
#include "milter/socket.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	ERRORS_MAX = 64 * 1024,
	EXIT_CONF = 1, /* statuses of reprieve-milter(8) */
	EXIT_USAGE = 2,
	EXIT_START = 3
};

static const char default_file[] = SYSCONFDIR "/reprieve/reprieve.conf";

struct options {
	const char *file;
	bool check_only;
};

static int usage(FILE *to, int status)
{
	fprintf(to,
		"usage: reprieve-milter [-n] [-c FILE]\n"
		"       reprieve-milter -V | -h\n"
		"  -c FILE  the configuration (%s)\n"
		"  -n       check it, print every error, and end\n"
		"  -V       print the version\n"
		"  -h       print this\n",
		default_file);
	return status;
}

/* Below 0: go on; else the exit status. */
static int read_options(int argc, char **argv, struct options *o)
{
	int c;

	o->file = default_file;
	o->check_only = false;
	while ((c = getopt(argc, argv, "c:nVh")) != -1) {
		switch (c) {
		case 'c':
			o->file = optarg;
			break;
		case 'n':
			o->check_only = true;
			break;
		case 'V':
			puts("reprieve-milter " PACKAGE_VERSION);
			return 0;
		case 'h':
			return usage(stdout, 0);
		default:
			return usage(stderr, EXIT_USAGE);
		}
	}
	return optind == argc ? -1 : usage(stderr, EXIT_USAGE);
}

/* Every fault of the file on standard error. NULL: it cannot be used. */
static struct conf *read_conf(const char *file)
{
	struct conf *conf = NULL;
	struct buf errors;
	enum result res;

	buf_init(&errors, ERRORS_MAX);
	res = conf_load(file, &conf, &errors);
	fputs(buf_text(&errors), stderr);
	if (res != RES_OK && errors.len == 0)
		fprintf(stderr, "%s: %s\n", file, result_name(res));
	buf_clear(&errors);
	return conf;
}

static enum result open_socket(const struct conf *conf,
	const struct identity *id, gid_t group, struct buf *why)
{
	const struct conf_milter *m = &conf->milter;
	char where[ENDPOINT_TEXT_MAX];
	enum result res = socket_clear(&m->socket, id, why);
	mode_t before;

	if (res != RES_OK)
		return res;
	endpoint_format(&m->socket, where);
	/* Never more open than it will be, not even for a moment. */
	before = umask((mode_t)(0777 & ~m->socket_mode));
	res = callbacks_listen(where, m->backlog, m->timeout_s);
	umask(before);
	if (res != RES_OK) {
		buf_add_format(why, "cannot listen at %s", where);
		return res;
	}
	return socket_fit(&m->socket, id, group, m->socket_mode, why);
}

/* Socket first, while we may be root; then never again. */
static enum result settle(const struct conf *conf)
{
	const struct conf_milter *m = &conf->milter;
	struct identity id;
	struct buf why;
	enum result res;
	gid_t group;

	buf_init(&why, 1024);
	res = privileges_find_group(m->group, "milter.group", &group, &why);
	if (res == RES_OK)
		res = privileges_find(m->user, "milter.user", &id, &why);
	if (res == RES_OK && why.len > 0)
		log_message(LOG_LEVEL_WARNING, "start", "%s", buf_text(&why));
	if (res == RES_OK)
		res = open_socket(conf, &id, group, &why);
	if (res == RES_OK)
		res = privileges_drop(&id, &why);
	if (res != RES_OK) {
		log_message(LOG_LEVEL_ERROR, "start", "%s", buf_text(&why));
		fprintf(stderr, "reprieve-milter: %s\n", buf_text(&why));
	}
	buf_clear(&why);
	return res;
}

static enum result serve(struct context *ctx, const struct conf *conf)
{
	char where[ENDPOINT_TEXT_MAX];
	struct signals *signals = NULL;
	enum result res = context_start(ctx);

	if (res == RES_OK)
		res = signals_start(&signals, ctx);
	if (res != RES_OK) {
		fprintf(stderr, "reprieve-milter: cannot start: %s\n",
			result_name(res));
		return res;
	}
	log_message(LOG_LEVEL_NOTICE, "start",
		"reprieve-milter " PACKAGE_VERSION " serves at %s",
		endpoint_format(&conf->milter.socket, where));
	notify_send("READY=1\nSTATUS=serving");
	res = callbacks_serve();
	notify_send("STOPPING=1");
	log_message(LOG_LEVEL_NOTICE, "stop", "%s",
		res == RES_OK ? "stopped" : "libmilter gave up");
	signals_stop(signals);
	return res;
}

static int run(struct conf *conf)
{
	struct context *ctx = NULL;
	enum result res;

	conflog_open(&conf->log, "reprieve-milter");
	signals_block();
	/* libmilter wants its description before the socket. */
	res = callbacks_register();
	if (res == RES_OK)
		res = settle(conf);
	if (res != RES_OK)
		return EXIT_START;
	res = context_open(&ctx, conf, clock_system());
	if (res == RES_OK) {
		callbacks_use(ctx);
		res = serve(ctx, conf);
	}
	/* Not freed: sessions that libmilter did not wait for ask it whether
	 * we are closed until the process ends. */
	context_close(ctx);
	return res == RES_OK ? 0 : EXIT_START;
}

int main(int argc, char **argv)
{
	struct options o;
	int status = read_options(argc, argv, &o);
	struct conf *conf;

	if (status >= 0)
		return status;
	conf = read_conf(o.file);
	if (conf == NULL)
		return EXIT_CONF;
	status = o.check_only ? 0 : run(conf);
	conf_release(conf);
	return status;
}
