/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reprieve-portal - the web site that the link in a refusal leads to.
 *
 * Options -> conf -> context -> serve until SIGTERM. Signals are waited for
 * here, in the only thread that takes them.
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/privileges.h"
#include "conf/conf.h"
#include "conf/conflog.h"
#include "portal/context.h"
#include "portal/page.h"
#include "portal/routes.h"
#include "web/server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	EXIT_CONF = 1, /* as the milter */
	EXIT_USAGE = 2,
	EXIT_START = 3,
	ERRORS_MAX = 65536,
	FORM_MAX = 8192,
	PER_ADDRESS_MAX = 16 /* connections, where no proxy stands before us */
};

struct options {
	const char *conf_path;
	bool check_only;
};

static const char usage_text[] =
	"usage: reprieve-portal [-n] [-c FILE]\n"
	"       reprieve-portal -V | -h\n"
	"\n"
	"Serves the pages that the links in refusals lead to.\n"
	"\n"
	"  -c FILE  the configuration (default " SYSCONFDIR
	"/reprieve/reprieve.conf)\n"
	"  -n       check the configuration, print each error, and end\n"
	"  -V       print the version and end\n"
	"  -h       print this and end\n"
	"\n"
	"SIGUSR1 reads the configuration again, SIGTERM stops.\n";

/* False: *code is what to end with. */
static bool read_options(
	struct options *o, int argc, char *const *argv, int *code)
{
	int c;

	while ((c = getopt(argc, argv, "c:nVh")) != -1) {
		switch (c) {
		case 'c':
			o->conf_path = optarg;
			break;
		case 'n':
			o->check_only = true;
			break;
		case 'V':
			puts("reprieve-portal " PACKAGE_VERSION);
			*code = EXIT_SUCCESS;
			return false;
		case 'h':
			fputs(usage_text, stdout);
			*code = EXIT_SUCCESS;
			return false;
		default:
			fputs(usage_text, stderr);
			*code = EXIT_USAGE;
			return false;
		}
	}
	if (optind == argc)
		return true;
	fputs(usage_text, stderr);
	*code = EXIT_USAGE;
	return false;
}

static void log_lines(enum log_level level, struct slice text)
{
	struct slice line;

	while (slice_cut(&text, '\n', &line))
		if (line.len > 0)
			log_message(level, "conf", "%.*s", SLICE_ARG(line));
}

static void reload(struct context *c, const char *path)
{
	struct conf *conf = NULL;
	struct buf errors;
	enum result res;

	notify_reloading();
	buf_init(&errors, ERRORS_MAX);
	res = conf_load(path, &conf, &errors);
	log_lines(res == RES_OK ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR,
		buf_slice(&errors));
	if (res == RES_OK) {
		/* The address and the user stay those of the start. */
		context_reload(c, conf);
		log_message(LOG_LEVEL_NOTICE, "reload", "%s is in use", path);
	} else {
		log_message(LOG_LEVEL_ERROR, "reload",
			"%s is not in use: %s; the old one goes on", path,
			result_name(res));
	}
	conf_release(conf);
	buf_clear(&errors);
	notify_send("READY=1");
}

static const int waited_for[] = { SIGTERM, SIGINT, SIGUSR1, SIGHUP };

static void block_signals(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < sizeof(waited_for) / sizeof(waited_for[0]); i++)
		sigaddset(set, waited_for[i]);
	pthread_sigmask(SIG_BLOCK, set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void wait_for_the_end(
	struct context *c, const char *path, const sigset_t *set)
{
	for (;;) {
		int number = 0;

		if (sigwait(set, &number) != 0)
			continue;
		if (number == SIGUSR1 || number == SIGHUP)
			reload(c, path);
		else
			return;
	}
}

static struct conf *site_conf(void *ctx)
{
	return context_conf(ctx);
}

static enum result site_read_case(void *ctx, struct slice ref,
	void (*each)(void *each_ctx, struct slice field, struct slice value),
	void *each_ctx)
{
	return context_read_case(ctx, ref, each, each_ctx);
}

static enum result site_ping(void *ctx)
{
	return context_ping(ctx);
}

static int fail(const char *what, enum result res, const struct buf *why)
{
	struct buf text;

	buf_init(&text, 2048);
	buf_add_format(&text, "%s: %s%s%s", what, result_name(res),
		why->len > 0 ? ": " : "", buf_text(why));
	log_message(LOG_LEVEL_ERROR, "start", "%s", buf_text(&text));
	/* The log may be far away; whoever started us looks here. */
	fprintf(stderr, "reprieve-portal: %s\n", buf_text(&text));
	buf_clear(&text);
	return EXIT_START;
}

static void say_listening(const struct conf *conf, const struct web_server *s)
{
	struct endpoint at = conf->portal.listen;
	char text[ENDPOINT_TEXT_MAX];

	if (web_server_port(s) != 0)
		at.port = web_server_port(s);
	log_message(LOG_LEVEL_NOTICE, "start",
		"reprieve-portal " PACKAGE_VERSION " listens on %s",
		endpoint_format(&at, text));
	notify_send("READY=1");
}

static enum result give_root_up(const char *user, struct buf *why)
{
	struct identity id;
	enum result res = privileges_find(user, "portal.user", &id, why);

	if (res == RES_OK && why->len > 0) {
		log_message(LOG_LEVEL_WARNING, "start", "%s", buf_text(why));
		buf_clear(why);
	}
	return res == RES_OK ? privileges_drop(&id, why) : res;
}

static int serve(struct conf *conf)
{
	struct context *context = NULL;
	struct web_server *server = NULL;
	struct site site = {
		.conf = site_conf,
		.read_case = site_read_case,
		.ping = site_ping,
	};
	struct web_options options = {
		.listen = conf->portal.listen,
		.body_max = FORM_MAX,
		.handle = routes_handle,
		.ctx = &site,
		.fields = page_fields,
	};
	struct buf why;
	sigset_t set;
	enum result res;
	int code = EXIT_SUCCESS;

	buf_init(&why, 1024);
	block_signals(&set);
	if (!endpoint_is_local(&conf->portal.listen))
		options.per_address_max = PER_ADDRESS_MAX;
	/* First of all: no thread and no file was ever root's. */
	res = give_root_up(conf->portal.user, &why);
	if (res != RES_OK) {
		code = fail("cannot give up root", res, &why);
		goto done;
	}
	res = context_open(&context, conf, clock_system());
	site.ctx = context;
	if (res == RES_OK)
		res = web_server_open(&server, &options, &why);
	if (res != RES_OK) {
		code = fail("cannot serve", res, &why);
		goto done;
	}
	say_listening(conf, server);
	wait_for_the_end(context, conf->path, &set);
	notify_send("STOPPING=1");
	log_message(LOG_LEVEL_NOTICE, "stop", "stopping");
done:
	web_server_close(server);
	context_close(context);
	buf_clear(&why);
	return code;
}

int main(int argc, char *argv[])
{
	struct options options = { .conf_path = SYSCONFDIR
		"/reprieve/reprieve.conf" };
	struct conf *conf = NULL;
	struct buf errors;
	enum result res;
	int code = EXIT_SUCCESS;

	if (!read_options(&options, argc, argv, &code))
		return code;
	buf_init(&errors, ERRORS_MAX);
	res = conf_load(options.conf_path, &conf, &errors);
	fputs(buf_text(&errors), stderr);
	buf_clear(&errors);
	if (res != RES_OK)
		return EXIT_CONF;
	if (!options.check_only) {
		conflog_open(&conf->log, "reprieve-portal");
		code = serve(conf);
	}
	conf_release(conf);
	return code;
}
