/* SPDX-License-Identifier: BSD-2-Clause */
/* reprievectl dmarc-report: sends aggregate reports of whole days. */
#include "auth/dmarcdest.h"
#include "base/clock.h"
#include "base/hex.h"
#include "base/random.h"
#include "conf/conf.h"
#include "ctl/ask.h"
#include "ctl/dmarcletter.h"
#include "ctl/dmarcrun.h"
#include "dns/resolver.h"
#include "mail/mailbox.h"
#include "net/psl.h"
#include "store/aggregate.h"
#include "web/mailer.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum {
	MS_PER_S = 1000,
	DAY_S = 86400,
	/* The last rows of a day are written a moment after its end. */
	SETTLED_S = 60,
	WHO_OCTETS = 8,
	WHO_MAX = 192
};

struct job {
	struct ctl *ctl;
	const char *domain; /* only that one, or NULL */
	char only_day[SUMS_DAY_MAX]; /* "": all of them */
	char folded[HOSTNAME_MAX];
	char who[WHO_MAX];
	struct resolver *resolver;
	struct psl *psl;
	struct dmarcrun run;
};

/* ---- words of the command ---- */

/* "2026-01-31" to "20260131". */
static bool read_day(struct job *j, const char *text)
{
	struct slice s = slice_of(text);
	int64_t begin_s;

	if (s.len == 10 && text[4] == '-' && text[7] == '-') {
		memcpy(j->only_day, text, 4);
		memcpy(j->only_day + 4, text + 5, 2);
		memcpy(j->only_day + 6, text + 8, 2);
		j->only_day[8] = '\0';
		if (dmarcletter_day(j->only_day, &begin_s) == RES_OK)
			return true;
	}
	output_error(
		j->ctl->out, "--day: \"%s\" is no day, as in 2026-01-31", text);
	return false;
}

static bool read_domain(struct job *j, const char *text)
{
	size_t len;

	if (hostname_parse(slice_of(text), j->folded, &len) == RES_OK) {
		j->domain = j->folded;
		return true;
	}
	output_error(
		j->ctl->out, "--domain: \"%s\" is not a domain name", text);
	return false;
}

static bool check_email(struct job *j)
{
	char mailbox[MAILBOX_TEXT_MAX];
	struct buf room;
	const char *email;
	bool fits;

	buf_init(&room, 320);
	email = dmarcletter_email(j->ctl->conf, &room);
	fits = mailbox_parse(slice_of(email), mailbox) == RES_OK;
	if (!fits)
		output_error(j->ctl->out,
			"\"%s\" is no mail address: see dmarc.email and "
			"portal.from",
			email);
	buf_clear(&room);
	return fits;
}

static bool read_words(struct job *j, const struct args *args)
{
	const char *day = args_text(args, "day");
	const char *domain = args_text(args, "domain");

	j->run.is_dry = args_flag(args, "dry-run");
	j->run.folder = args_text(args, "output");
	if (j->run.folder != NULL && !j->run.is_dry) {
		output_error(j->ctl->out, "--output is for --dry-run");
		return false;
	}
	if (j->run.is_dry && j->run.folder == NULL &&
		output_is_json(j->ctl->out)) {
		output_error(
			j->ctl->out, "--dry-run with --json needs --output");
		return false;
	}
	return (day == NULL || read_day(j, day)) &&
		(domain == NULL || read_domain(j, domain)) && check_email(j);
}

/* ---- what it needs ---- */

static enum ctl_exit open_parts(struct job *j)
{
	struct conf *conf = j->ctl->conf;
	uint8_t octets[WHO_OCTETS];
	char digits[2 * WHO_OCTETS + 1];
	struct buf why;
	enum result res;

	random_fill(octets, sizeof(octets));
	hex_format(octets, sizeof(octets), digits);
	snprintf(j->who, sizeof(j->who), "%s/%s", j->ctl->who, digits);
	buf_init(&why, 512);
	res = resolver_open_conf(&j->resolver, conf, clock_system(), &why);
	/* Without a list of suffixes the tree walk says as much. */
	if (res == RES_OK && strcmp(conf->auth.dmarc_mode, "psl") == 0 &&
		psl_open(&j->psl) != RES_OK)
		j->psl = NULL;
	if (res == RES_OK) {
		j->run.dest = dmarcdest_new(resolver_source(j->resolver), conf,
			clock_system(), j->psl);
		res = j->run.dest == NULL ? RES_NOMEM : mailer_open();
	}
	if (res != RES_OK)
		output_error(j->ctl->out, "cannot begin: %s",
			why.len > 0 ? buf_text(&why) : result_name(res));
	buf_clear(&why);
	return res == RES_OK ? CTL_DONE : CTL_DOWN;
}

static void close_parts(struct job *j)
{
	dmarcdest_free(j->run.dest);
	resolver_close(j->resolver);
	psl_close(j->psl);
	mailer_close();
}

/* ---- days ---- */

static enum ctl_exit hold_lock(struct job *j, bool *got)
{
	enum result res;

	*got = true;
	if (j->run.is_dry)
		return CTL_DONE;
	res = aggregate_lock(
		j->ctl->redis, j->ctl->conf, j->who, DMARCRUN_LEASE_S, got);
	return res == RES_OK ? CTL_DONE : ask_failed(j->ctl, res);
}

static enum ctl_exit busy(struct job *j)
{
	output_say(j->ctl->out, "another run is at it");
	return CTL_NO;
}

static enum ctl_exit run_domains(
	struct job *j, const char *day, const struct aggregate_names *names)
{
	enum ctl_exit code = CTL_DONE;

	for (size_t i = 0; code == CTL_DONE && i < names->count; i++) {
		bool got;

		if (j->domain != NULL && strcmp(names->name[i], j->domain) != 0)
			continue;
		if (j->run.down >= DMARCRUN_DOWN_MAX) {
			j->run.failed++;
			continue;
		}
		code = hold_lock(j, &got);
		if (code == CTL_DONE && !got)
			code = busy(j);
		if (code == CTL_DONE)
			code = dmarcrun_domain(&j->run, day, names->name[i]);
	}
	return code;
}

static enum ctl_exit run_day(struct job *j, const char *day)
{
	struct aggregate_names names;
	enum ctl_exit code;
	enum result res =
		aggregate_domains(j->ctl->redis, j->ctl->conf, day, &names);

	if (res != RES_OK)
		return ask_failed(j->ctl, res);
	code = run_domains(j, day, &names);
	aggregate_names_clear(&names);
	return code;
}

/* From the oldest on that can be there. */
static enum ctl_exit run_days(struct job *j)
{
	int64_t now_s = ctl_now_s() - SETTLED_S;
	int64_t count = j->ctl->conf->dmarc.keep_s / DAY_S + 2;
	enum ctl_exit code = CTL_DONE;
	char day[SUMS_DAY_MAX];

	if (j->only_day[0] != '\0')
		return run_day(j, j->only_day);
	for (int64_t i = count; code == CTL_DONE && i > 0; i--)
		code = run_day(
			j, sums_day((now_s - i * DAY_S) * MS_PER_S, day));
	return code;
}

static bool is_over(struct job *j)
{
	char today[SUMS_DAY_MAX];

	sums_day((ctl_now_s() - SETTLED_S) * MS_PER_S, today);
	if (j->run.is_dry || j->only_day[0] == '\0' ||
		strcmp(j->only_day, today) < 0)
		return true;
	output_error(j->ctl->out,
		"--day: that day is not over: look at it with --dry-run");
	return false;
}

static enum ctl_exit conclude(struct job *j, enum ctl_exit code)
{
	struct output *o = j->ctl->out;

	if (code != CTL_DONE)
		return code;
	if (j->run.is_dry)
		return j->run.failed > 0 ? CTL_DOWN : CTL_DONE;
	output_number(o, "sent", j->run.sent);
	output_number(o, "left", j->run.failed);
	if (j->run.down >= DMARCRUN_DOWN_MAX)
		output_error(o, "the MTA at portal.smtp takes no letters");
	return j->run.failed > 0 ? CTL_DOWN : CTL_DONE;
}

static enum ctl_exit run_locked(struct job *j)
{
	enum ctl_exit code;
	enum result res;
	bool got = false;

	code = hold_lock(j, &got);
	if (code != CTL_DONE)
		return code;
	if (!got)
		return busy(j);
	dmarcrun_begin(&j->run);
	code = conclude(j, run_days(j));
	if (j->run.is_dry || code == CTL_REFUSED)
		return code;
	res = aggregate_unlock(j->ctl->redis, j->ctl->conf, j->who);
	if (res != RES_OK && code == CTL_DONE)
		code = ask_failed(j->ctl, res);
	return code;
}

static enum ctl_exit run(struct ctl *ctl, const struct args *args)
{
	struct job j = { .ctl = ctl };
	enum ctl_exit code;

	j.run.ctl = ctl;
	j.run.who = j.who;
	if (!read_words(&j, args) || !is_over(&j))
		return CTL_USAGE;
	code = ask_open(ctl, j.run.is_dry ? LINK_READ : LINK_WRITE);
	if (code != CTL_DONE)
		return code;
	code = open_parts(&j);
	if (code == CTL_DONE)
		code = run_locked(&j);
	close_parts(&j);
	return code;
}

static const struct args_option options[] = {
	{ "day", ARGS_TEXT, "YYYY-MM-DD", "only that day (UTC)" },
	{ "domain", ARGS_TEXT, "DOMAIN", "only about that domain" },
	{ "dry-run", ARGS_FLAG, NULL, "send nothing; show the reports" },
	{ "output", ARGS_TEXT, "FOLDER",
		"with --dry-run: files there, not standard output" },
};

static const struct args_spec spec = {
	.name = "dmarc-report",
	.usage = "[--day YYYY-MM-DD] [--domain DOMAIN] [--dry-run [--output "
		 "FOLDER]]",
	.help = "Sends DMARC aggregate reports of days that are over.",
	.more = "Reports go to whom the record of each domain names in rua=, "
		"by the MTA at portal.smtp.\n"
		"Exit code 1: another run is at it; 3: some are left for the "
		"next run.",
	.option = options,
	.option_count = sizeof(options) / sizeof(options[0]),
};

const struct ctl_command cmd_dmarc_report = { .spec = &spec, .run = run };
