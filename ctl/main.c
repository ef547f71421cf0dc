/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reprievectl - ask, explain and change the lists; see reprievectl(8).
 */
#include "base/log.h"
#include "conf/conf.h"
#include "ctl/ask.h"

#include <locale.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_MAX = 1 << 20 };

/* In the order in which people need them. */
static const struct ctl_command *const commands[] = {
	&cmd_check,
	&cmd_explain,
	&cmd_test_message,
	&cmd_list,
	&cmd_add,
	&cmd_allow,
	&cmd_remove,
	&cmd_import,
	&cmd_export,
	&cmd_nodes,
	&cmd_watch,
	&cmd_replay,
	&cmd_shadow,
	&cmd_traffic,
	&cmd_lists,
	&cmd_mta_config,
	&cmd_doctor,
	&cmd_config,
	&cmd_tickets,
	&cmd_fbl,
	&cmd_requests,
	&cmd_grant,
	&cmd_deny,
	&cmd_lock,
	&cmd_forget,
	&cmd_learn,
	&cmd_reports,
	&cmd_complaints,
	&cmd_pause,
	&cmd_resume,
	&cmd_dmarc_report,
	&cmd_dmarc_summary,
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

struct globals {
	const char *conf_path;
	bool json;
	bool help;
	bool version;
	int rest; /* index of the command in argv */
};

static void print_help(FILE *to)
{
	fputs("usage: reprievectl [-c FILE] [--json] COMMAND ...\n\n", to);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(to, "  %-12s %s\n", commands[i]->spec->name,
			commands[i]->spec->help);
	fputs("\n\"reprievectl COMMAND --help\" tells more; so does "
	      "reprievectl(8).\n",
		to);
}

static bool is_word(const char *word, const char *form, const char *other)
{
	return strcmp(word, form) == 0 || strcmp(word, other) == 0;
}

static bool read_globals(int argc, char **argv, struct globals *g)
{
	int i = 1;
	bool known = true;

	for (; i < argc && argv[i][0] == '-'; i++) {
		if (is_word(argv[i], "--json", "-j"))
			g->json = true;
		else if (is_word(argv[i], "--help", "-h"))
			g->help = true;
		else if (is_word(argv[i], "--version", "-V"))
			g->version = true;
		else if (is_word(argv[i], "-c", "--config") && i + 1 < argc)
			g->conf_path = argv[++i];
		else
			known = false;
	}
	g->rest = i;
	return known && (g->help || g->version || i < argc);
}

static const struct ctl_command *command_find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i]->spec->name, name) == 0)
			return commands[i];
	return NULL;
}

/* Who changes a list: the login behind sudo is worth more than "root". */
static void name_user(char *out, size_t size)
{
	const struct passwd *pw = getpwuid(getuid());
	const char *sudo = getuid() == 0 ? getenv("SUDO_USER") : NULL;
	char host[64] = "localhost";
	struct buf text;

	buf_init(&text, size - 1);
	if (pw != NULL)
		buf_add_escaped(&text, slice_of(pw->pw_name));
	else
		buf_add_format(&text, "uid%lu", (unsigned long)getuid());
	if (sudo != NULL && sudo[0] != '\0') {
		buf_add_text(&text, "(");
		buf_add_escaped(&text, slice_part(slice_of(sudo), 0, 32));
		buf_add_text(&text, ")");
	}
	if (gethostname(host, sizeof(host)) == 0)
		host[sizeof(host) - 1] = '\0';
	buf_add_format(&text, "@%.40s", host);
	snprintf(out, size, "%s", buf_text(&text));
	buf_clear(&text);
}

static enum ctl_exit load_conf(struct ctl *ctl)
{
	struct buf errors;

	buf_init(&errors, TEXT_MAX);
	enum result res = conf_load(ctl->conf_path, &ctl->conf, &errors);

	if (res != RES_OK)
		output_error(ctl->out, "%s: %s%s%s", ctl->conf_path,
			result_name(res), errors.len > 0 ? "\n" : "",
			buf_text(&errors));
	buf_clear(&errors);
	return res == RES_OK ? CTL_DONE : CTL_USAGE;
}

static enum ctl_exit run(const struct ctl_command *command,
	const struct args *args, const struct globals *g)
{
	struct ctl ctl = { .conf_path = g->conf_path };
	enum ctl_exit code = CTL_DONE;

	ctl.out = output_new(stdout, g->json || args->wants_json);
	name_user(ctl.who, sizeof(ctl.who));
	if (!command->without_conf)
		code = load_conf(&ctl);
	if (code == CTL_DONE)
		code = command->run(&ctl, args);
	if (output_finish(ctl.out) != RES_OK && code == CTL_DONE) {
		fputs("reprievectl: cannot write the answer\n", stderr);
		code = CTL_DOWN;
	}
	ask_close(&ctl);
	conf_release(ctl.conf);
	output_free(ctl.out);
	return code;
}

static enum ctl_exit usage_error(
	const struct ctl_command *command, bool json, const char *why)
{
	struct output *out = output_new(stdout, json);

	output_error(out, "%s%s%s", command == NULL ? "" : command->spec->name,
		command == NULL ? "" : ": ", why);
	if (json && output_finish(out) != RES_OK)
		fputs("reprievectl: cannot write the answer\n", stderr);
	output_free(out);
	if (command == NULL)
		print_help(stderr);
	else
		fprintf(stderr, "usage: reprievectl [-c FILE] [--json] %s %s\n",
			command->spec->name, command->spec->usage);
	return CTL_USAGE;
}

static enum ctl_exit dispatch(const struct ctl_command *command,
	const struct globals *g, int argc, char **argv)
{
	struct args args;
	struct buf text;
	enum ctl_exit code = CTL_DONE;

	buf_init(&text, TEXT_MAX);
	enum result res = args_parse(&args, command->spec, argc, argv, &text);

	if (res != RES_OK) {
		code = usage_error(
			command, g->json || args.wants_json, buf_text(&text));
	} else if (args.wants_help || g->help) {
		args_format_help(command->spec, &text);
		fputs(buf_text(&text), stdout);
	} else {
		code = run(command, &args, g);
	}
	buf_clear(&text);
	return code;
}

int main(int argc, char **argv)
{
	/* What the library logs is for the log, not for this terminal. */
	const struct log_options log = { .ident = "reprievectl",
		.target = LOG_TO_SYSLOG,
		.level = LOG_LEVEL_NOTICE };
	struct globals g = { .conf_path =
				     SYSCONFDIR "/reprieve/reprieve.conf" };

	setlocale(LC_CTYPE, "");
	log_open(&log);
	/* "reprievectl list | head" ends with head, by an error of write. */
	signal(SIGPIPE, SIG_IGN);
	if (!read_globals(argc, argv, &g))
		return (int)usage_error(NULL, g.json,
			g.rest >= argc ? "which command?"
				       : "no such option here");
	if (g.version) {
		puts("reprievectl " PACKAGE_VERSION);
		return CTL_DONE;
	}
	if (g.rest >= argc) {
		print_help(stdout);
		return CTL_DONE;
	}
	const struct ctl_command *command = command_find(argv[g.rest]);

	if (command == NULL)
		return (int)usage_error(NULL, g.json, "no such command");
	return (int)dispatch(command, &g, argc - g.rest - 1, argv + g.rest + 1);
}
