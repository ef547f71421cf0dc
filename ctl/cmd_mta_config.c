/* SPDX-License-Identifier: BSD-2-Clause */
/* reprievectl mta-config: the lines that attach the milter to an MTA. */
#include "conf/conf.h"
#include "ctl/ctl.h"
#include "ctl/postfix.h"

#include <string.h>

enum { LINE_MAX_LEN = 1024 };

static void line(struct output *o, const char *text)
{
	output_item(o, slice_of(text));
}

static void value_line(struct output *o, const char *before, const char *value,
	const char *after)
{
	struct buf text;

	buf_init(&text, LINE_MAX_LEN);
	buf_add_format(&text, "%s%s%s", before, value, after);
	output_item(o, buf_slice(&text));
	buf_clear(&text);
}

/* An smtpd in its chroot finds nothing that is outside of it. */
static void note_path(struct output *o, const char *path, const char *socket,
	const char *queue_directory)
{
	if (strcmp(socket + strlen("unix:"), path) == 0)
		value_line(o, "# warning: not below ", queue_directory,
			", where smtpd is shut in on Debian");
	else
		value_line(o, "# The path is seen from ", queue_directory,
			", where smtpd is shut in on Debian.");
}

static void for_postfix(struct ctl *ctl, const struct endpoint *ours)
{
	const struct endpoint *e = postfix_socket(ours);
	struct output *o = ctl->out;
	char socket[ENDPOINT_TEXT_MAX];
	struct postfix_settings settings;

	postfix_read(&settings);
	endpoint_format_postfix(e, settings.queue_directory, socket);
	line(o, "# main.cf");
	if (e != ours)
		line(o,
			"# This is the socket of reprieve-milter.socket as "
			"shipped.");
	value_line(o, "smtpd_milters = ", socket, "");
	line(o, "# The milter away or broken: the client is told to try again.");
	line(o, "milter_default_action = tempfail");
	line(o, "# Mail of our own machines is not judged; leave it empty.");
	line(o, "non_smtpd_milters =");
	line(o, "# What the milter needs to know, beside the defaults.");
	line(o, "milter_connect_timeout = 30s");
	line(o, "milter_command_timeout = 30s");
	line(o, "milter_content_timeout = 300s");
	line(o, "# Mail to delist+..., ticket+... and bounce+...; for the");
	line(o, "# latter two, and abuse, junk, phish, notjunk and dmarc, see");
	line(o, "# reprieve-intake(8).");
	line(o, "recipient_delimiter = +");
	if (e->kind == ENDPOINT_UNIX)
		note_path(o, e->path, socket, settings.queue_directory);
	if (ours->kind == ENDPOINT_UNIX) {
		line(o,
			"# The folder and the socket must be open to the user "
			"postfix");
		line(o,
			"# (milter.group = \"postfix\", milter.socket_mode = "
			"\"0660\").");
	}
}

static void for_sendmail(struct ctl *ctl, const struct endpoint *ours)
{
	/* ListenStream= of reprieve-sendmail.conf. */
	static const struct endpoint shipped = { .kind = ENDPOINT_UNIX,
		.path = "/run/reprieve/milter.sock" };
	const struct endpoint *e =
		postfix_socket(ours) != ours ? &shipped : ours;
	struct output *o = ctl->out;
	char socket[ENDPOINT_TEXT_MAX];

	endpoint_format(e, socket);
	line(o, "dnl sendmail.mc");
	if (e != ours)
		line(o,
			"dnl This is the socket of reprieve-milter.socket with "
			"reprieve-sendmail.conf.");
	line(o,
		"dnl F=T: the milter away or broken means \"try again later\"; "
		"without F= all mail");
	line(o,
		"dnl passes unfiltered then. T=R:30s: 10 s, the default, ends "
		"the milter's session");
	line(o,
		"dnl in the middle of a slow check, and the rest passes "
		"unfiltered.");
	value_line(o, "INPUT_MAIL_FILTER(`reprieve', `S=", socket,
		", F=T, T=S:30s;R:30s;E:5m')dnl");
	line(o,
		"dnl Mail to ticket+... and bounce+..., and to abuse, junk, "
		"phish, notjunk and");
	line(o, "dnl dmarc, needs a mailer, too: see reprieve-intake(8).");
	if (e->kind != ENDPOINT_UNIX)
		output_say(o,
			"dnl warning: over TCP Sendmail needs about 44 ms for "
			"each command; use a unix socket");
}

static enum ctl_exit run(struct ctl *ctl, const struct args *args)
{
	const struct endpoint *e = &ctl->conf->milter.socket;
	bool is_postfix = strcmp(args->word[0], "postfix") == 0;

	if (!is_postfix && strcmp(args->word[0], "sendmail") != 0) {
		output_error(ctl->out, "mta-config: postfix or sendmail");
		return CTL_USAGE;
	}
	output_open(ctl->out, "lines", OUTPUT_PLAIN);
	if (is_postfix)
		for_postfix(ctl, e);
	else
		for_sendmail(ctl, e);
	output_close(ctl->out);
	return CTL_DONE;
}

static const struct args_spec spec = {
	.name = "mta-config",
	.usage = "postfix|sendmail",
	.help = "Prints the lines that attach the milter to the MTA.",
	.words_min = 1,
	.words_max = 1,
};

const struct ctl_command cmd_mta_config = { .spec = &spec, .run = run };
