/* SPDX-License-Identifier: BSD-2-Clause */
/* reprievectl traffic: the numbers of a sender by day. */
#include "conf/conf.h"
#include "ctl/ask.h"
#include "store/traffic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ROWS_MAX = 16384,
	SUBJECT_MAX = HOSTNAME_MAX + 16,
	MS_PER_DAY = 86400000
};

struct run {
	struct ctl *ctl;
	char subject[SUBJECT_MAX]; /* as in the key */
	struct cidr net;
	bool has_addresses;
	int64_t now_ms;
	size_t days;
	struct traffic_day day[TRAFFIC_DAYS_MAX];
	struct traffic_day total;
	struct traffic_row *row;
	size_t row_count;
	size_t row_days;
};

/* ---- what is asked for ---- */

static enum ctl_exit read_net(struct run *run, const char *word)
{
	char text[TRAFFIC_SUBJECT_MAX];

	/* IPv6: that of its /64. */
	if (!cidr_is_v4(&run->net) && cidr_length(&run->net) == 128)
		run->net = cidr_of_client(&run->net.net);
	if (traffic_subject(&run->net, text) != RES_OK) {
		output_error(run->ctl->out,
			"%s: numbers are kept of an IPv4 address or /24, and "
			"of an IPv6 /64 or /48",
			word);
		return CTL_USAGE;
	}
	run->has_addresses = traffic_is_network(&run->net);
	snprintf(run->subject, sizeof(run->subject), "%s", text);
	return CTL_DONE;
}

static enum ctl_exit read_words(struct run *run, const struct args *args)
{
	const int64_t most = TRAFFIC_DAYS_MAX;
	const int64_t days =
		args_number(args, "days", run->ctl->conf->traffic.keep_days);
	const char *word = args->word[0];
	char name[HOSTNAME_MAX];
	size_t len;

	if (days < 1 || days > most) {
		output_error(run->ctl->out, "--days: 1 to %d", (int)most);
		return CTL_USAGE;
	}
	run->days = (size_t)days;
	if (cidr_parse(&run->net, slice_of(word)) == RES_OK)
		return read_net(run, word);
	if (hostname_parse(slice_of(word), name, &len) != RES_OK) {
		output_error(run->ctl->out,
			"%s: neither an address, nor a network, nor a domain",
			word);
		return CTL_USAGE;
	}
	snprintf(run->subject, sizeof(run->subject), "domain:%s", name);
	return CTL_DONE;
}

/* ---- asking ---- */

static enum ctl_exit ask(struct run *run)
{
	struct ctl *ctl = run->ctl;
	enum ctl_exit code = ask_open(ctl, LINK_READ);
	enum result res;

	if (code != CTL_DONE)
		return code;
	res = traffic_read(ctl->redis, ctl->conf, slice_of(run->subject),
		run->now_ms, run->days, run->day);
	if (res == RES_OK && run->has_addresses)
		res = traffic_rows(ctl->redis, ctl->conf, &run->net,
			run->now_ms, run->days, ROWS_MAX, run->row,
			&run->row_count, &run->row_days);
	return res == RES_OK ? CTL_DONE : ask_failed(ctl, res);
}

/* ---- showing ---- */

static void add_to(struct traffic_day *to, const struct traffic_day *more)
{
	for (size_t i = 0; i < TRAFFIC_COUNTERS; i++)
		to->count[i] += more->count[i];
}

static bool is_empty(const struct traffic_day *t)
{
	static const struct traffic_day none;

	return memcmp(t, &none, sizeof(none)) == 0;
}

/* For people without what is 0 on all days. */
static void show_counts(struct run *run, const struct traffic_day *t)
{
	struct output *o = run->ctl->out;
	const uint64_t taken =
		t->count[TRAFFIC_ACCEPTED] + t->count[TRAFFIC_MARKED];
	char rate[32];

	for (size_t i = 0; i < TRAFFIC_COUNTERS; i++)
		if (i == TRAFFIC_MESSAGES || run->total.count[i] > 0 ||
			output_is_json(o))
			output_number(o,
				traffic_counter_name((enum traffic_counter)i),
				(int64_t)t->count[i]);
	if (taken == 0 || run->total.count[TRAFFIC_COMPLAINTS] == 0)
		return;
	snprintf(rate, sizeof(rate), "%.3f%%",
		100.0 * (double)t->count[TRAFFIC_COMPLAINTS] / (double)taken);
	output_text(o, "complaint_rate", slice_of(rate));
}

static void show_days(struct run *run)
{
	struct output *o = run->ctl->out;

	output_open(o, "days", OUTPUT_TABLE);
	for (size_t i = 0; i < run->days; i++) {
		char day[SUMS_DAY_MAX], date[16];

		if (is_empty(&run->day[i]))
			continue;
		sums_day(run->now_ms - (int64_t)i * MS_PER_DAY, day);
		snprintf(date, sizeof(date), "%.4s-%.2s-%.2s", day, day + 4,
			day + 6);
		output_open(o, NULL, OUTPUT_BLOCK);
		output_text(o, "date", slice_of(date));
		show_counts(run, &run->day[i]);
		output_close(o);
	}
	output_close(o);
}

static int compare_net(const void *a, const void *b)
{
	const struct traffic_row *x = a, *y = b;

	return memcmp(&x->net, &y->net, sizeof(x->net));
}

static int compare_messages(const void *a, const void *b)
{
	const struct traffic_row *x = a, *y = b;
	const uint64_t m = x->count.count[TRAFFIC_MESSAGES];
	const uint64_t n = y->count.count[TRAFFIC_MESSAGES];

	return m != n ? (m > n ? -1 : 1) : compare_net(a, b);
}

/* The days of each address together; how many addresses there are. */
static size_t sum_up(struct traffic_row *row, size_t count)
{
	size_t kept = 0;

	if (count == 0)
		return 0;
	qsort(row, count, sizeof(*row), compare_net);
	for (size_t i = 1; i < count; i++)
		if (cidr_is_equal(&row[i].net, &row[kept].net))
			add_to(&row[kept].count, &row[i].count);
		else
			row[++kept] = row[i];
	qsort(row, kept + 1, sizeof(*row), compare_messages);
	return kept + 1;
}

static void show_addresses(struct run *run)
{
	struct output *o = run->ctl->out;
	const size_t count = sum_up(run->row, run->row_count);

	output_open(o, "addresses", OUTPUT_TABLE);
	for (size_t i = 0; i < count; i++) {
		char text[CIDR_TEXT_MAX];

		output_open(o, NULL, OUTPUT_BLOCK);
		output_text(o, "address",
			slice_of(cidr_format(&run->row[i].net, text)));
		show_counts(run, &run->row[i].count);
		output_close(o);
	}
	output_close(o);
	if (run->row_days < run->days)
		output_say(o, "addresses: of the last %zu days only",
			run->row_days);
}

static enum ctl_exit show(struct run *run)
{
	struct output *o = run->ctl->out;

	for (size_t i = 0; i < run->days; i++)
		add_to(&run->total, &run->day[i]);
	output_text(o, "subject", slice_of(run->subject));
	if (is_empty(&run->total)) {
		output_say(o, "no numbers in %zu days%s", run->days,
			run->ctl->conf->traffic.enabled
				? ""
				: "; traffic.enabled is no");
		return CTL_NO;
	}
	show_days(run);
	output_open(o, "total", OUTPUT_BLOCK);
	show_counts(run, &run->total);
	output_close(o);
	if (run->has_addresses)
		show_addresses(run);
	return CTL_DONE;
}

static enum ctl_exit run(struct ctl *ctl, const struct args *args)
{
	struct run *run = calloc(1, sizeof(*run));
	enum ctl_exit code = CTL_DOWN;

	if (run != NULL)
		run->row = calloc(ROWS_MAX, sizeof(*run->row));
	if (run == NULL || run->row == NULL) {
		output_error(ctl->out, "no memory");
	} else {
		run->ctl = ctl;
		run->now_ms = ctl_now_s() * 1000;
		code = read_words(run, args);
		if (code == CTL_DONE)
			code = ask(run);
		if (code == CTL_DONE)
			code = show(run);
		free(run->row);
	}
	free(run);
	return code;
}

static const struct args_option options[] = {
	{ "days", ARGS_NUMBER, "N", "so many days; traffic.keep_days" },
};

static const struct args_spec spec = {
	.name = "traffic",
	.usage = "SUBJECT [--days N]",
	.help = "Shows the numbers of a sender by day.",
	.more = "SUBJECT is an address, a network (IPv4 /24, IPv6 /64 or /48) "
		"or the domain of\nits DKIM signatures. Exit code 1: there are "
		"none.",
	.option = options,
	.option_count = sizeof(options) / sizeof(options[0]),
	.words_min = 1,
	.words_max = 1,
};

const struct ctl_command cmd_traffic = { .spec = &spec, .run = run };
