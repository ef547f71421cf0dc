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
#include "portal/routes.h"
#include "portal/scrape.h"
#include "portal/worker.h"
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

/* The addresses and the user stay those of the start. */
static enum result load_again(
	struct context *c, const char *path, struct buf *errors)
{
	struct conf *conf = NULL;
	enum result res = conf_load(path, &conf, errors);

	if (res == RES_OK)
		res = context_reload(c, conf, errors);
	conf_release(conf);
	return res;
}

static void reload(struct context *c, const char *path)
{
	struct buf errors;
	enum result res;

	notify_reloading();
	buf_init(&errors, ERRORS_MAX);
	res = load_again(c, path, &errors);
	log_lines(res == RES_OK ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR,
		buf_slice(&errors));
	if (res == RES_OK)
		log_message(LOG_LEVEL_NOTICE, "reload", "%s is in use", path);
	else
		log_message(LOG_LEVEL_ERROR, "reload",
			"%s is not in use: %s; the old one goes on", path,
			result_name(res));
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

/* What runs, from the first to the last. */
struct site {
	struct context *context;
	struct worker_thread *worker;
	struct web_server *pages;
	struct web_server *numbers;
};

static enum result open_pages(
	struct site *s, const struct conf *conf, struct buf *why)
{
	const struct web_options options = {
		.listen = conf->portal.listen,
		.body_max = routes_body_max(conf),
		.room = routes_room,
		.handle = routes_handle,
		.ctx = s->context,
		.fields = routes_fields,
		.connections_max = conf->portal.connections_max,
		.per_address_max = endpoint_is_local(&conf->portal.listen)
			? 0
			: PER_ADDRESS_MAX,
	};

	return web_server_open(&s->pages, &options, why);
}

static enum result open_numbers(
	struct site *s, const struct conf *conf, struct buf *why)
{
	const struct web_options options = {
		.listen = conf->portal.metrics,
		.handle = scrape_handle,
		.ctx = s->context,
	};

	if (options.listen.kind == ENDPOINT_NONE)
		return RES_OK;
	return web_server_open(&s->numbers, &options, why);
}

static enum result open_site(struct site *s, struct conf *conf, struct buf *why)
{
	enum result res = context_open(&s->context, conf, clock_system(), why);

	if (res == RES_OK)
		res = context_start(s->context);
	if (res == RES_OK)
		res = worker_thread_open(&s->worker, s->context);
	if (res == RES_OK)
		res = open_numbers(s, conf, why);
	if (res == RES_OK)
		res = open_pages(s, conf, why);
	if (res == RES_OK)
		res = worker_thread_start(s->worker);
	return res;
}

static void close_site(struct site *s)
{
	web_server_close(s->pages);
	web_server_close(s->numbers);
	worker_thread_close(s->worker);
	context_close(s->context);
}

static int serve(struct conf *conf)
{
	struct site site = { .context = NULL };
	struct buf why;
	sigset_t set;
	enum result res;
	int code = EXIT_SUCCESS;

	buf_init(&why, ERRORS_MAX);
	block_signals(&set);
	/* First of all: no thread and no file was ever root's. */
	res = give_root_up(conf->portal.user, &why);
	if (res != RES_OK) {
		code = fail("cannot give up root", res, &why);
		goto done;
	}
	res = open_site(&site, conf, &why);
	if (res != RES_OK) {
		code = fail("cannot serve", res, &why);
		goto done;
	}
	say_listening(conf, site.pages);
	wait_for_the_end(site.context, conf->path, &set);
	notify_send("STOPPING=1");
	log_message(LOG_LEVEL_NOTICE, "stop", "stopping");
done:
	close_site(&site);
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
