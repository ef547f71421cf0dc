/* SPDX-License-Identifier: BSD-2-Clause */
/* reprievectl dmarc-summary: what others report of mail in our name. */
#include "conf/conf.h"
#include "ctl/ask.h"
#include "ctl/dmarcsum.h"
#include "ctl/infile.h"
#include "ctl/reportxml.h"

#include <stdlib.h>

enum { DAY_S = 86400, WHY_MAX = 1024, LIMIT_DEFAULT = 100, ALL = 100 };

enum { NAME_MAX_OCTETS = 2 * DMARCIN_WORD_MAX + 4 };

static const struct output_column columns[] = {
	{ "domain", 24 },
	{ "org", 20 },
	{ "ip", 24 },
	{ "messages", 8 },
	{ "disposition", 11 },
	{ "dkim", 4 },
	{ "spf", 0 },
};

static void add(void *ctx, const struct dmarcin_report *report)
{
	dmarcsum_add(ctx, report);
}

/* ---- answers ---- */

static void show_source(struct output *o, const struct dmarcsum_source *s)
{
	char ip[IPADDR_TEXT_MAX];

	output_row_open(o);
	output_text(o, "domain", s->domain);
	output_text(o, "org", s->org);
	output_text(o, "ip", slice_of(ipaddr_format(&s->row.ip, ip)));
	output_number(o, "messages", (int64_t)s->row.count);
	output_text(o, "disposition",
		slice_of(dmarcin_disposition_name(s->row.disposition)));
	output_text(o, "dkim", slice_of(s->row.dkim ? "pass" : "fail"));
	output_text(o, "spf", slice_of(s->row.spf ? "pass" : "fail"));
	output_row_close(o);
}

static void show_domains(struct output *o, struct dmarcsum *sum)
{
	size_t count;
	const struct dmarcsum_domain *d = dmarcsum_domains(sum, &count);

	output_open(o, "domains", OUTPUT_TABLE);
	for (size_t i = 0; i < count; i++) {
		output_open(o, NULL, OUTPUT_BLOCK);
		output_text(o, "domain", d[i].domain);
		output_number(o, "reports", (int64_t)d[i].reports);
		output_number(o, "messages", (int64_t)d[i].messages);
		output_number(o, "passed", (int64_t)d[i].passed);
		if (d[i].messages > 0)
			output_number(o, "percent",
				(int64_t)(d[i].passed * ALL / d[i].messages));
		output_close(o);
	}
	output_close(o);
}

static enum ctl_exit show(
	struct ctl *ctl, const struct args *args, struct dmarcsum *sum)
{
	size_t limit = (size_t)args_number(args, "limit", LIMIT_DEFAULT);
	struct output *o = ctl->out;
	size_t count;
	const struct dmarcsum_source *s = dmarcsum_sources(sum, &count);
	size_t to = limit > 0 && limit < count ? limit : count;

	output_stream(
		o, "sources", columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < to; i++)
		show_source(o, &s[i]);
	show_domains(o, sum);
	if (to < count)
		output_say(o, "... and %zu sources more (--limit)", count - to);
	if (count == 0)
		output_say(o, "no reports");
	if (dmarcsum_left_out(sum) > 0)
		output_number(o, "left_out", (int64_t)dmarcsum_left_out(sum));
	return count > 0 ? CTL_DONE : CTL_NO;
}

/* ---- from Redis ---- */

static enum ctl_exit gather(
	struct ctl *ctl, const struct args *args, struct dmarcsum *sum)
{
	int64_t days = args_number(
		args, "days", (int64_t)ctl->conf->dmarc.summary_days);
	char domain[HOSTNAME_MAX] = "";
	size_t len = 0;

	if (args->words > 1) {
		output_error(ctl->out, "one domain, or --file and files");
		return CTL_USAGE;
	}
	if (args->words == 1 &&
		hostname_parse(slice_of(args->word[0]), domain, &len) !=
			RES_OK) {
		output_error(ctl->out, "\"%s\" is no domain", args->word[0]);
		return CTL_USAGE;
	}
	enum ctl_exit code = ask_open(ctl, LINK_READ);

	if (code != CTL_DONE)
		return code;
	enum result res = dmarcin_list(ctl->redis, ctl->conf,
		slice_make(domain, len), ctl_now_s() - days * DAY_S, add, sum);

	return res == RES_OK ? CTL_DONE : ask_failed(ctl, res);
}

/* ---- from files ---- */

static const char *words_of(enum result res)
{
	if (res == RES_SYNTAX)
		return "is no report about DMARC";
	if (res == RES_TOOBIG)
		return "is too large (dmarc.report_max)";
	return res == RES_CORRUPT ? "cannot be unpacked or read"
				  : result_name(res);
}

/* The reports that were read, a line each. */
struct seen {
	struct buf lines;
};

/* One that is in two files counts once, as it does by mail. */
static bool is_new(struct seen *seen, const struct dmarcin_report *r)
{
	struct slice rest = buf_slice(&seen->lines), line;
	struct buf name;
	bool found = false;

	buf_init(&name, NAME_MAX_OCTETS);
	buf_add_format(
		&name, "%.*s\t%.*s", SLICE_ARG(r->org), SLICE_ARG(r->id));
	while (!found && slice_cut(&rest, '\n', &line))
		found = slice_is_equal(line, buf_slice(&name));
	if (!found) {
		buf_add(&seen->lines, buf_slice(&name));
		buf_add_char(&seen->lines, '\n');
	}
	buf_clear(&name);
	return !found;
}

static void add_report(struct ctl *ctl, const char *path,
	const struct reportxml *r, struct seen *seen, struct dmarcsum *sum)
{
	if (is_new(seen, &r->report))
		dmarcsum_add(sum, &r->report);
	else
		output_say(ctl->out, "%s: the same report again", path);
	if (r->bad_rows > 0)
		output_say(ctl->out, "%s: %zu rows cannot be read", path,
			r->bad_rows);
}

static bool add_file(struct ctl *ctl, const char *path, struct seen *seen,
	struct dmarcsum *sum)
{
	size_t max = ctl->conf->dmarc.report_max;
	struct buf packed, why;
	struct reportxml r;

	buf_init(&packed, max);
	buf_init(&why, WHY_MAX);
	enum result res = infile_read(path, &packed, &why);

	if (res != RES_OK) {
		output_error(ctl->out, "%s", buf_text(&why));
	} else {
		res = reportxml_read(buf_slice(&packed), max, &r);
		if (res == RES_OK)
			add_report(ctl, path, &r, seen, sum);
		else
			output_error(ctl->out, "%s %s", path, words_of(res));
		reportxml_clear(&r);
	}
	buf_clear(&packed);
	buf_clear(&why);
	return res == RES_OK;
}

static enum ctl_exit gather_files(
	struct ctl *ctl, const struct args *args, struct dmarcsum *sum)
{
	enum ctl_exit code = CTL_DONE;
	struct seen seen;

	if (args->words == 0) {
		output_error(ctl->out, "--file: of which files?");
		return CTL_USAGE;
	}
	buf_init(&seen.lines, ARGS_WORDS_MAX * NAME_MAX_OCTETS);
	for (size_t i = 0; i < args->words; i++)
		if (!add_file(ctl, args->word[i], &seen, sum))
			code = CTL_NO;
	buf_clear(&seen.lines);
	return code;
}

static enum ctl_exit run(struct ctl *ctl, const struct args *args)
{
	bool of_files = args_flag(args, "file");
	struct dmarcsum *sum = dmarcsum_new();
	enum ctl_exit code;

	if (sum == NULL)
		return ask_failed(ctl, RES_NOMEM);
	code = of_files ? gather_files(ctl, args, sum) : gather(ctl, args, sum);
	/* Files that can be read are shown whatever the others are. */
	if (code == CTL_DONE || (of_files && code == CTL_NO)) {
		enum ctl_exit shown = show(ctl, args, sum);

		code = code == CTL_DONE ? shown : code;
	}
	dmarcsum_free(sum);
	return code;
}

static const struct args_option options[] = {
	{ "days", ARGS_NUMBER, "N", "of the last N days" },
	{ "limit", ARGS_NUMBER, "N", "at most N sources (100); 0: all" },
	{ "file", ARGS_FLAG, "", "of files, not of what came by mail" },
};

static const struct args_spec spec = {
	.name = "dmarc-summary",
	.usage = "[DOMAIN] [--days N] [--limit N] | --file FILE...",
	.help = "Sums up what others report of mail in our name (DMARC).",
	.more = "FILE: an aggregate report as .xml, .xml.gz or .zip. Exit code "
		"1: there is none,\nor a file is none.",
	.option = options,
	.option_count = sizeof(options) / sizeof(options[0]),
	.words_max = ARGS_WORDS_MAX,
};

const struct ctl_command cmd_dmarc_summary = { .spec = &spec, .run = run };
