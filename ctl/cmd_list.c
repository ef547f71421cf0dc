/* SPDX-License-Identifier: BSD-2-Clause */
/* reprievectl list, export: the entries of the lists, nonsense included. */
#include "ctl/ask.h"
#include "ctl/entry.h"
#include "ctl/mailuser.h"

#include <string.h>

static const struct output_column columns[] = {
	{ "list", 5 },
	{ "subject", 20 },
	{ "class", 6 },
	{ "ends_in", 8 },
	{ "flags", 0 },
	{ "account", 0 },
	{ "text", 0 },
};

struct walk {
	struct ctl *ctl;
	const char *origin; /* of export, or NULL */
	bool cidr_lines;
	size_t shown;
	size_t ignored;
};

static bool read_kind(
	struct ctl *ctl, const char *text, struct entry_filter *filter)
{
	if (text == NULL)
		return true;
	filter->has_kind = true;
	filter->kind = strcmp(text, "allow") == 0 ? LIST_ALLOW : LIST_BLOCK;
	if (strcmp(text, list_kind_name(filter->kind)) == 0)
		return true;
	output_error(ctl->out, "\"%s\" is neither block nor allow", text);
	return false;
}

static bool read_filter(struct ctl *ctl, const struct args *args,
	const char *kind, char scope[HOSTNAME_MAX], struct entry_filter *filter)
{
	const char *match = args_text(args, "match");

	if (!read_kind(ctl, kind, filter) || !ctl_read_scope(ctl, args, scope))
		return false;
	filter->has_scope = args_text(args, "rcpt") != NULL;
	filter->scope = scope;
	if (match == NULL)
		return true;
	filter->has_match = true;
	if (cidr_parse(&filter->match, slice_of(match)) == RES_OK)
		return true;
	output_error(ctl->out,
		"--match: \"%s\" is neither an address nor a network", match);
	return false;
}

/* What a human sees in a column of its own, beside the fields of JSON. */
static void output_for_human(struct output *o, const struct entry *e)
{
	char subject[SUBJECT_TEXT_MAX];
	struct buf text;

	buf_init(&text, 1 << 16);
	output_text(o, "subject",
		e->has_name ? entry_subject(e->key, &e->name.net, subject)
			    : e->key);
	if (e->has_name && e->name.scope[0] != '\0')
		buf_add_format(&text, "for %s ", e->name.scope);
	if (e->listing.shadow)
		buf_add_text(&text, "shadow ");
	if (e->listing.lock)
		buf_add_text(&text, "locked ");
	output_text(o, "flags", buf_slice(&text));
	buf_reset(&text);
	if (e->ignored != NULL)
		buf_add_format(&text, "IGNORED, %s: ", e->ignored);
	buf_add(&text, e->listing.reason);
	if (e->listing.origin.len > 0)
		buf_add_format(&text, " (%.*s)", SLICE_ARG(e->listing.origin));
	output_text(o, "text", buf_slice(&text));
	buf_clear(&text);
}

static enum ctl_exit show(void *ctx, const struct entry *e)
{
	struct walk *w = ctx;
	struct output *o = w->ctl->out;

	if (w->origin != NULL &&
		!slice_is_equal(e->listing.origin, slice_of(w->origin)))
		return CTL_DONE;
	w->shown++;
	w->ignored += e->ignored != NULL;
	output_row_open(o);
	entry_output(o, e);
	if (e->has_name && e->name.subject == SUBJECT_USER)
		mailuser_output(w->ctl, &e->name.net);
	if (!output_is_json(o))
		output_for_human(o, e);
	output_row_close(o);
	return CTL_DONE;
}

static enum ctl_exit run_list(struct ctl *ctl, const struct args *args)
{
	char scope[HOSTNAME_MAX];
	struct entry_filter filter = { .has_kind = false };
	struct walk walk = { .ctl = ctl };
	struct entries *entries = NULL;
	size_t limit = (size_t)args_number(args, "limit", 0);

	if (!read_filter(ctl, args, args->words > 0 ? args->word[0] : NULL,
		    scope, &filter))
		return CTL_USAGE;
	enum ctl_exit code = ask_open(ctl, LINK_READ);

	if (code == CTL_DONE)
		code = entries_gather(ctl, &filter, &entries);
	if (code != CTL_DONE)
		return code;
	size_t count = entries_count(entries);
	size_t to = limit > 0 && limit < count ? limit : count;

	output_stream(ctl->out, "entries", columns,
		sizeof(columns) / sizeof(columns[0]));
	code = entries_each(ctl, entries, 0, to, show, &walk);
	entries_free(entries);
	if (output_is_json(ctl->out)) {
		output_number(ctl->out, "total", (int64_t)count);
		output_number(ctl->out, "ignored", (int64_t)walk.ignored);
	} else if (to < count) {
		output_say(ctl->out, "... and %zu more (--limit)", count - to);
	} else if (count == 0) {
		output_say(ctl->out, "no entries");
	}
	return code;
}

static const struct args_option list_options[] = {
	{ "rcpt", ARGS_TEXT, "DOMAIN", "of this recipient domain only" },
	{ "match", ARGS_TEXT, "CIDR", "that lie in or cover this network" },
	{ "limit", ARGS_NUMBER, "N", "at most N entries" },
};

static const struct args_spec list_spec = {
	.name = "list",
	.usage = "[block|allow] [--rcpt DOMAIN] [--match CIDR] [--limit N]",
	.help = "Shows the entries of the lists, and what is ignored and why.",
	.option = list_options,
	.option_count = sizeof(list_options) / sizeof(list_options[0]),
	.words_max = 1,
};

const struct ctl_command cmd_list = { .spec = &list_spec, .run = run_list };

/* ---- export ---- */

static const struct output_column export_columns[] = { { "line", 0 } };

/* A line that import reads back: the reason behind a "#", on one line. */
static enum ctl_exit show_cidr(void *ctx, const struct entry *e)
{
	struct walk *w = ctx;
	struct output *o = w->ctl->out;
	char net[CIDR_TEXT_MAX];
	struct buf line;

	/* Lines are networks; what is about something else is none. */
	if (e->ignored != NULL || e->name.subject != SUBJECT_NET) {
		w->ignored++;
		return CTL_DONE;
	}
	if (w->origin != NULL &&
		!slice_is_equal(e->listing.origin, slice_of(w->origin)))
		return CTL_DONE;
	w->shown++;
	buf_init(&line, 1 << 16);
	buf_add_text(&line, cidr_format(&e->name.net, net));
	if (e->listing.reason.len > 0) {
		buf_add_text(&line, " # ");
		buf_add(&line, e->listing.reason);
	}
	output_row_open(o);
	output_text(o, "line", buf_slice(&line));
	output_row_close(o);
	buf_clear(&line);
	return CTL_DONE;
}

static enum ctl_exit export_entries(
	struct ctl *ctl, const struct entry_filter *filter, struct walk *walk)
{
	struct entries *entries = NULL;
	enum ctl_exit code = ask_open(ctl, LINK_READ);

	if (code == CTL_DONE)
		code = entries_gather(ctl, filter, &entries);
	if (code != CTL_DONE)
		return code;
	if (walk->cidr_lines)
		output_stream(ctl->out, "lines", export_columns, 1);
	else
		output_stream(ctl->out, NULL, columns,
			sizeof(columns) / sizeof(columns[0]));
	code = entries_each(ctl, entries, 0, entries_count(entries),
		walk->cidr_lines ? show_cidr : show, walk);
	if (walk->ignored > 0)
		fprintf(stderr,
			"reprievectl: %zu entries are ignored by the "
			"milter%s\n",
			walk->ignored, walk->cidr_lines ? " and left out" : "");
	entries_free(entries);
	return code;
}

static enum ctl_exit run_export(struct ctl *ctl, const struct args *args)
{
	char scope[HOSTNAME_MAX];
	const char *format = args_text(args, "format");
	const char *kind = args_text(args, "kind");
	struct entry_filter filter = { .has_kind = false };
	struct walk walk = { .ctl = ctl, .origin = args_text(args, "origin") };

	if (format == NULL)
		format = output_is_json(ctl->out) ? "json" : "cidr";
	walk.cidr_lines = strcmp(format, "cidr") == 0;
	if (!walk.cidr_lines && strcmp(format, "json") != 0) {
		output_error(ctl->out, "--format: cidr or json");
		return CTL_USAGE;
	}
	/* Networks alone do not say of which list they are. */
	if (!read_filter(ctl, args,
		    kind == NULL && walk.cidr_lines ? "block" : kind, scope,
		    &filter))
		return CTL_USAGE;
	if (!filter.has_scope && walk.cidr_lines)
		filter.has_scope = true;
	if (!walk.cidr_lines)
		output_set_json(ctl->out);
	return export_entries(ctl, &filter, &walk);
}

static const struct args_option export_options[] = {
	{ "format", ARGS_TEXT, "cidr|json",
		"networks with reasons, or one JSON object a line" },
	{ "kind", ARGS_TEXT, "block|allow", "one of the lists (cidr: block)" },
	{ "origin", ARGS_TEXT, "NAME", "with this origin, e.g. feed:drop" },
	{ "rcpt", ARGS_TEXT, "DOMAIN", "of this recipient domain" },
	{ "match", ARGS_TEXT, "CIDR", "that lie in or cover this network" },
};

static const struct args_spec export_spec = {
	.name = "export",
	.usage = "[--format cidr|json] [--kind block|allow] [--origin NAME] "
		 "[--rcpt DOMAIN] [--match CIDR]",
	.help = "Writes the lists in a form that import and other tools read.",
	.option = export_options,
	.option_count = sizeof(export_options) / sizeof(export_options[0]),
};

const struct ctl_command cmd_export = { .spec = &export_spec,
	.run = run_export };
