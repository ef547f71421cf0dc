/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/telemetry.h"

#include "support/case.h"
#include "web/metrics.h"

#include <string.h>

struct row {
	struct auth_facts facts;
	const char *lines[4]; /* each with its LF in front */
};

static void counts(void **state)
{
	const struct row *row = *state;
	struct telemetry t;
	struct buf out;

	assert_int_equal(telemetry_init(&t), RES_OK);
	telemetry_auth(&t, &row->facts, 1);
	buf_init(&out, 1 << 17);
	metrics_format(t.metrics, &out);
	for (size_t i = 0; i < 4 && row->lines[i] != NULL; i++)
		if (strstr(buf_text(&out), row->lines[i]) == NULL)
			fail_msg(
				"no %s in:\n%s", row->lines[i], buf_text(&out));
	buf_clear(&out);
	telemetry_clear(&t);
}

static const struct row errors = { .facts = { .iprev.result = AUTH_TEMPERROR,
					   .mailfrom.result = AUTH_SOFTFAIL,
					   .helo.result = AUTH_NEUTRAL,
					   .arc.result = AUTH_PERMERROR },
	.lines = { "\nreprieve_iprev_total{result=\"temperror\"} 1\n",
		"\nreprieve_spf_total{result=\"softfail\"} 1\n",
		"\nreprieve_spf_helo_total{result=\"neutral\"} 1\n",
		"\nreprieve_arc_total{result=\"permerror\"} 1\n" } };

static const struct dkim_fact signatures[] = { { .result = AUTH_POLICY },
	{ .result = AUTH_PASS } };

static const struct row one_passes = {
	.facts = { .dkim_is_known = true, .dkim_count = 2, .dkim = signatures },
	.lines = { "\nreprieve_dkim_total{result=\"pass\"} 1\n",
		"\nreprieve_dkim_signatures_total{result=\"policy\"} 1\n",
		"\nreprieve_dkim_signatures_total{result=\"pass\"} 1\n" }
};

static const struct row none_passes = {
	.facts = { .dkim_is_known = true, .dkim_count = 1, .dkim = signatures },
	.lines = { "\nreprieve_dkim_total{result=\"policy\"} 1\n" }
};

static const struct row unsigned_mail = {
	.facts = { .dkim_is_known = true, .from_kind = FROM_SEVERAL_DOMAINS },
	.lines = { "\nreprieve_dkim_total{result=\"none\"} 1\n",
		"\nreprieve_from_total{kind=\"several_domains\"} 1\n" }
};

static const struct row not_evaluated = {
	.lines = { "\nreprieve_spf_total{result=\"unknown\"} 1\n",
		"\nreprieve_dkim_total{result=\"unknown\"} 1\n",
		"\nreprieve_dmarc_total{result=\"unknown\"} 1\n" }
};

#define DMARC(text, line, ...)                                             \
	CASE(text, counts,                                                 \
		(&(const struct row){ .facts.dmarc = { __VA_ARGS__ },      \
			.lines = { "\nreprieve_dmarc_total{result=\"" line \
				   "\"} 1\n" } }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("errors and soft failures have their own series", counts,
			&errors),
		CASE("one signature that passes is a pass", counts,
			&one_passes),
		CASE("without a pass the first signature counts", counts,
			&none_passes),
		CASE("unsigned mail and odd authors are counted", counts,
			&unsigned_mail),
		CASE("what was not evaluated is unknown, not none", counts,
			&not_evaluated),
		DMARC("a DMARC pass has no policy", "pass", .result = AUTH_PASS,
			.policy = DMARC_POLICY_REJECT),
		DMARC("DMARC fails, p=none", "fail_none", .result = AUTH_FAIL),
		DMARC("DMARC fails, quarantine", "fail_quarantine",
			.result = AUTH_FAIL, .policy = DMARC_POLICY_QUARANTINE),
		DMARC("DMARC fails, reject", "fail_reject", .result = AUTH_FAIL,
			.policy = DMARC_POLICY_REJECT),
		DMARC("DMARC fails, reject in test counts as quarantine",
			"fail_quarantine", .result = AUTH_FAIL,
			.policy = DMARC_POLICY_REJECT, .is_testing = true),
		DMARC("DMARC fails and is overridden", "fail_overridden",
			.result = AUTH_FAIL, .policy = DMARC_POLICY_REJECT,
			.override = slice_of("known mailing list")),
		DMARC("a broken DMARC record", "permerror",
			.result = AUTH_PERMERROR),
	};

	return cmocka_run_group_tests_name(
		"judge/telemetry", cases, NULL, NULL);
}
