/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How fast facts are judged again, and how many octets each takes: messages of
 * one recipient with the findings of all checks. With a name as its word it
 * also leaves the facts in that file.
 */
#include "base/clock.h"
#include "base/file.h"
#include "conf/conf.h"
#include "judge/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGES = 250000, OCTETS_MAX = 1 << 30 };

/* As an honest message has them, and one in eight a bad one. */
static const struct finding usual[] = {
	{ .check = "iprev", .outcome = OUTCOME_MISS, .detail = "pass" },
	{ .check = "spf", .outcome = OUTCOME_MISS, .detail = "pass" },
	{ .check = "spf-helo", .outcome = OUTCOME_MISS, .detail = "none" },
	{ .check = "dkim", .outcome = OUTCOME_MISS, .detail = "pass" },
	{ .check = "arc", .outcome = OUTCOME_MISS, .detail = "none" },
	{ .check = "dmarc", .outcome = OUTCOME_MISS, .detail = "pass" },
	{ .check = "from", .outcome = OUTCOME_MISS, .detail = "" },
	{ .check = "helo", .outcome = OUTCOME_MISS, .detail = "" },
	{ .check = "reverse", .outcome = OUTCOME_MISS, .detail = "" },
	{ .check = "dnsbl", .outcome = OUTCOME_MISS, .detail = "" },
	{ .check = "headers", .outcome = OUTCOME_MISS, .detail = "" },
	{ .check = "links", .outcome = OUTCOME_MISS, .detail = "" },
	{ .check = "content",
		.outcome = OUTCOME_HIT,
		.detail = "ham",
		.factor = 1.25 },
	{ .check = "reputation",
		.outcome = OUTCOME_HIT,
		.detail = "good",
		.factor = 0.5 },
};
static const struct finding bad[] = {
	{ .check = "spf", .outcome = OUTCOME_HIT, .detail = "fail" },
	{ .check = "dmarc", .outcome = OUTCOME_HIT, .detail = "fail_reject" },
	{ .check = "dnsbl",
		.outcome = OUTCOME_HIT,
		.detail = "listed",
		.factor = 4 },
};
enum {
	USUAL = sizeof(usual) / sizeof(usual[0]),
	BAD = sizeof(bad) / sizeof(bad[0])
};

static void fill(struct fact *f, unsigned i, enum fact_stage stage)
{
	memset(f, 0, offsetof(struct fact, findings));
	f->wall_ms = 1764000000000 + i;
	f->session = (uint64_t)(i + 1) * 0x9e3779b97f4a7c15;
	f->stage = stage;
	f->action = ACTION_ACCEPT;
	snprintf(f->rcpt_domain, sizeof(f->rcpt_domain), "example.org");
	snprintf(f->from_domain, sizeof(f->from_domain), "example.com");
	findings_clear(&f->findings);
	if (stage == FACT_RCPT) {
		*findings_add(&f->findings, "blocked") = (struct finding){
			.check = "blocked",
			.outcome = OUTCOME_MISS,
			.detail = "",
		};
		return;
	}
	for (size_t n = 0; n < USUAL; n++)
		*findings_add(&f->findings, usual[n].check) = usual[n];
	for (size_t n = 0; i % 8 == 0 && n < BAD; n++)
		*findings_add(&f->findings, bad[n].check) = bad[n];
}

static void write_all(struct buf *out)
{
	struct factfile_writer *w = calloc(1, sizeof(*w));
	struct fact *f = calloc(1, sizeof(*f));

	if (w == NULL || f == NULL)
		exit(1);
	buf_add_text(out, FACTFILE_MAGIC);
	for (unsigned i = 0; i < MESSAGES; i++) {
		fill(f, i, FACT_RCPT);
		factfile_add(w, f, out);
		fill(f, i, FACT_END);
		factfile_add(w, f, out);
	}
	free(f);
	free(w);
}

static unsigned judge_all(struct slice text, const struct conf *conf)
{
	struct replay *r = replay_new(conf);
	struct fact *f = calloc(1, sizeof(*f));
	struct factfile_reader *reader;
	struct replay_result result;
	unsigned changed = 0;

	if (r == NULL || f == NULL || factfile_open(&reader, text) != RES_OK)
		exit(1);
	while (factfile_next(reader, f) == RES_OK) {
		replay_fact(r, f, &result);
		changed += result.is_told && result.verdict.action != f->action;
	}
	factfile_close(reader);
	replay_free(r);
	free(f);
	return changed;
}

int main(int argc, char **argv)
{
	static const char text[] = "host = \"mx.example.net\"\n"
				   "portal_url = \"https://example.net\"\n"
				   "milter { socket = \"fd:3\" }\n";
	struct conf *conf;
	struct buf out, errors;
	int64_t start_ms, took_ms;
	unsigned changed;

	buf_init(&errors, 4096);
	buf_init(&out, OCTETS_MAX);
	if (conf_load_text("bench", slice_of(text), &conf, &errors) != RES_OK)
		return 1;
	write_all(&out);
	if (argc > 1 && file_write(argv[1], 0644, buf_slice(&out)) != RES_OK)
		return 1;
	start_ms = clock_mono_ms(clock_system());
	changed = judge_all(buf_slice(&out), conf);
	took_ms = clock_mono_ms(clock_system()) - start_ms;
	printf("%d facts (%d messages), %u verdicts changed, %.2f s: "
	       "%.0f facts/s; %.0f octets a message\n",
		2 * MESSAGES, MESSAGES, changed, (double)took_ms / 1000,
		2.0 * MESSAGES * 1000 / (double)took_ms,
		(double)out.len / MESSAGES);
	conf_release(conf);
	buf_clear(&out);
	buf_clear(&errors);
	return 0;
}
