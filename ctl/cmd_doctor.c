/* SPDX-License-Identifier: BSD-2-Clause */
/* reprievectl doctor: is everything as it must be, and if not, what to do. */
#include "base/clock.h"
#include "conf/conf.h"
#include "ctl/doctor.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

enum { TEXT_MAX = 1 << 20, URL_LONG = 120 };

static const struct output_column columns[] = {
	{ "level", 4 },
	{ "topic", 12 },
	{ "text", 0 },
	{ "remedy", 0 },
};

static const char *level_name(enum doctor_level level)
{
	switch (level) {
	case DOCTOR_OK:
		return "OK";
	case DOCTOR_WARN:
		return "WARN";
	case DOCTOR_FAIL:
		return "FAIL";
	}
	return "?";
}

void doctor_note(struct doctor *d, enum doctor_level level, const char *topic,
	const char *remedy, const char *format, ...)
{
	struct output *o = d->ctl->out;
	struct buf text;
	va_list args;

	d->count[level]++;
	buf_init(&text, TEXT_MAX);
	va_start(args, format);
	buf_add_format_list(&text, format, args);
	va_end(args);
	output_row_open(o);
	output_text(o, "level", slice_of(level_name(level)));
	output_text(o, "topic", slice_of(topic));
	output_text(o, "text", buf_slice(&text));
	buf_reset(&text);
	buf_add_format(&text, "%s%s", output_is_json(o) ? "" : "=> ",
		remedy == NULL ? "" : remedy);
	if (remedy != NULL)
		output_text(o, "remedy", buf_slice(&text));
	output_row_close(o);
	buf_clear(&text);
}

static void look_at_config(struct doctor *d)
{
	struct slice line;
	struct buf text;

	buf_init(&text, TEXT_MAX);
	enum result res = conf_load(d->ctl->conf_path, &d->ctl->conf, &text);
	struct slice rest = buf_slice(&text);

	while (slice_cut(&rest, '\n', &line)) {
		if (line.len == 0)
			continue;
		doctor_note(d, res == RES_OK ? DOCTOR_WARN : DOCTOR_FAIL,
			"config", NULL, "%.*s", SLICE_ARG(line));
	}
	if (res == RES_OK)
		doctor_note(d, DOCTOR_OK, "config", NULL, "%s is sound",
			d->ctl->conf_path);
	else
		doctor_note(d, DOCTOR_FAIL, "config",
			"correct the file; reprieve.conf(5) has every option",
			"%s: %s", d->ctl->conf_path, result_name(res));
	buf_clear(&text);
}

static bool is_url_text(const char *url)
{
	for (const char *c = url; *c != '\0'; c++)
		/* RFC 5321 s4.2 wants printable ASCII; "%" ends a reply in
		 * Sendmail. */
		if (*c <= 0x20 || *c >= 0x7F || *c == '%')
			return false;
	return true;
}

static void look_at_url(struct doctor *d)
{
	const char *url = d->ctl->conf->portal_url;
	const char *what = "portal_url";

	if (url[0] == '\0')
		doctor_note(d, DOCTOR_WARN, what,
			"set it: without it a refused sender has no way back",
			"is not set");
	else if (!is_url_text(url))
		doctor_note(d, DOCTOR_FAIL, what,
			"write it in plain ASCII without blanks and %",
			"%s cannot stand in an SMTP reply", url);
	else if (strncmp(url, "https://", 8) != 0)
		doctor_note(d, DOCTOR_WARN, what,
			"use https: people will type addresses there",
			"%s is not https", url);
	else if (strlen(url) > URL_LONG)
		doctor_note(d, DOCTOR_WARN, what, "use a shorter one",
			"%s takes most of a reply line", url);
	else if (strstr(url, "example.") != NULL ||
		strstr(url, "localhost") != NULL)
		doctor_note(d, DOCTOR_WARN, what,
			"name the site that senders can reach",
			"%s is an example", url);
	else
		doctor_note(d, DOCTOR_OK, what, NULL, "%s", url);
}

static void look_at_snapshot(struct doctor *d)
{
	const struct conf_lists *lists = &d->ctl->conf->lists;
	char age[OUTPUT_SPAN_MAX];
	struct stat st;

	if (lists->snapshot[0] == '\0') {
		doctor_note(d, DOCTOR_WARN, "snapshot", "set lists.snapshot",
			"is off: a start without Redis knows no list");
		return;
	}
	if (stat(lists->snapshot, &st) != 0) {
		doctor_note(d, DOCTOR_WARN, "snapshot",
			"fine before the milter's first start here; else look "
			"at the rights of its folder",
			"%s is not there", lists->snapshot);
		return;
	}
	int64_t age_s = ctl_now_s() - (int64_t)st.st_mtime;

	output_format_span(age_s, age);
	if (age_s > (int64_t)lists->max_age_s)
		doctor_note(d, DOCTOR_WARN, "snapshot",
			"is the milter running, and may it write there?",
			"%s is %s old, too old to be used", lists->snapshot,
			age);
	else
		doctor_note(d, DOCTOR_OK, "snapshot", NULL, "%s is %s old",
			lists->snapshot, age);
}

static enum ctl_exit run(struct ctl *ctl, const struct args *args)
{
	struct doctor d = { .ctl = ctl };

	(void)args;
	output_stream(ctl->out, "checks", columns,
		sizeof(columns) / sizeof(columns[0]));
	look_at_config(&d);
	if (ctl->conf != NULL) {
		look_at_url(&d);
		doctor_redis(&d);
		look_at_snapshot(&d);
		doctor_milter(&d);
		doctor_mta(&d);
		doctor_dns(&d);
	}
	output_number(ctl->out, "ok", (int64_t)d.count[DOCTOR_OK]);
	output_number(ctl->out, "warn", (int64_t)d.count[DOCTOR_WARN]);
	output_number(ctl->out, "fail", (int64_t)d.count[DOCTOR_FAIL]);
	return d.count[DOCTOR_FAIL] > 0 ? CTL_NO : CTL_DONE;
}

static const struct args_spec spec = {
	.name = "doctor",
	.usage = "",
	.help = "Looks at everything and says what to do about it.",
	.more = "Exit code 1: something is broken (FAIL).",
};

const struct ctl_command cmd_doctor = {
	.spec = &spec, .run = run, .without_conf = true
};
