/* SPDX-License-Identifier: BSD-2-Clause */
/* reprievectl complaints: how much is complained about whom. */
#include "conf/conf.h"
#include "ctl/ask.h"
#include "ctl/mailuser.h"
#include "store/keys.h"
#include "store/report.h"

#include <string.h>

enum {
	DAYS_DEFAULT = 7,
	DAYS_MAX = 90,
	MOST = 100,
	MS_PER_S = 1000,
	SUBJECT_MAX = 32
};

/* What complaint_list hands out. */
struct rows {
	struct ctl *ctl;
	struct slice wanted; /* a subject, or empty: all */
	uint64_t count; /* of the one that is wanted */
};

/* ---- all ---- */

static void add_row(void *ctx, const struct complaint *c)
{
	char account[MAILUSER_TEXT_MAX], hash[SECRET_HASH_MAX];
	struct rows *rows = ctx;
	struct output *o = rows->ctl->out;
	size_t at = slice_find(c->subject, ':');
	struct slice rest = slice_part(c->subject, at + 1, c->subject.len);

	output_open(o, NULL, OUTPUT_BLOCK);
	output_number(o, "complaints", (int64_t)c->count);
	output_text(o, "of", slice_part(c->subject, 0, at));
	if (slice_has_prefix(c->subject, slice_of("user:"))) {
		snprintf(hash, sizeof(hash), "%.*s", SLICE_ARG(rest));
		rest = slice_of(mailuser_format(rows->ctl, hash, account));
	}
	output_text(o, "name", rest);
	output_close(o);
}

static enum ctl_exit list(struct ctl *ctl, unsigned days, size_t most)
{
	struct rows rows = { .ctl = ctl };
	enum result res;

	output_open(ctl->out, "complaints", OUTPUT_TABLE);
	res = complaint_list(ctl->redis, ctl->conf, ctl_now_s() * MS_PER_S,
		days, most, add_row, &rows);
	output_close(ctl->out);
	return res == RES_OK ? CTL_DONE : ask_failed(ctl, res);
}

/* ---- one account ---- */

static void find_count(void *ctx, const struct complaint *c)
{
	struct rows *rows = ctx;

	if (slice_is_equal(c->subject, rows->wanted))
		rows->count = c->count;
}

static enum ctl_exit add_paused(struct ctl *ctl, struct slice subject)
{
	struct redis_reply reply;
	enum ctl_exit code;
	struct buf key;

	buf_init(&key, LIST_NAME_MAX);
	keys_format(&key, ctl_prefix(ctl), "block:", subject);
	const struct slice argv[] = { slice_of("EXISTS"), buf_slice(&key) };

	code = ask_command(ctl, argv, 2, &reply);
	if (code == CTL_DONE)
		output_bool(ctl->out, "paused", reply.number == 1);
	buf_clear(&key);
	return code;
}

static enum ctl_exit show(struct ctl *ctl, const char *hash, unsigned days)
{
	char account[MAILUSER_TEXT_MAX], subject[SUBJECT_MAX];
	struct rows rows = { .ctl = ctl };
	int64_t now_ms = ctl_now_s() * MS_PER_S;
	unsigned reporters = 0;
	enum result res;

	snprintf(subject, sizeof(subject), "user:%s", hash);
	rows.wanted = slice_of(subject);
	res = complaint_list(ctl->redis, ctl->conf, now_ms, days, SIZE_MAX,
		find_count, &rows);
	if (res == RES_OK)
		res = complaint_user(
			ctl->redis, ctl->conf, hash, now_ms, &reporters);
	if (res != RES_OK)
		return ask_failed(ctl, res);
	output_text(ctl->out, "account",
		slice_of(mailuser_format(ctl, hash, account)));
	output_number(ctl->out, "complaints", (int64_t)rows.count);
	output_number(ctl->out, "reporters", (int64_t)reporters);
	output_number(
		ctl->out, "pause_at", (int64_t)ctl->conf->reports.pause_at);
	return add_paused(ctl, slice_of(subject));
}

static enum ctl_exit run(struct ctl *ctl, const struct args *args)
{
	int64_t days = args_number(args, "days", DAYS_DEFAULT);
	size_t most = (size_t)args_number(args, "limit", MOST);
	char hash[SECRET_HASH_MAX];
	enum ctl_exit code;

	if (days < 1 || days > DAYS_MAX) {
		output_error(ctl->out, "--days is 1 to %d", DAYS_MAX);
		return CTL_USAGE;
	}
	if (args->words > 0 && !mailuser_read(ctl, args->word[0], hash))
		return CTL_USAGE;
	code = ask_open(ctl, LINK_READ);
	if (code != CTL_DONE)
		return code;
	return args->words > 0 ? show(ctl, hash, (unsigned)days)
			       : list(ctl, (unsigned)days, most);
}

static const struct args_option options[] = {
	{ "days", ARGS_NUMBER, "N", "of so many days, today is one (7)" },
	{ "limit", ARGS_NUMBER, "N", "so many at most (100)" },
};

static const struct args_spec spec = {
	.name = "complaints",
	.usage = "[ACCOUNT] [--days N] [--limit N]",
	.help = "How much is complained about whom.",
	.more = "Accounts of ours, addresses and DKIM domains, most first; or "
		"one account, by its\nname or its hash, with the reporters "
		"that count now (reports.window_s).",
	.option = options,
	.option_count = sizeof(options) / sizeof(options[0]),
	.words_min = 0,
	.words_max = 1,
};

const struct ctl_command cmd_complaints = { .spec = &spec, .run = run };
