/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/evidence.h"

#include "support/case.h"

#include <string.h>

struct row {
	struct auth_facts facts;
	const char *text; /* "name=value" of each field, LF behind it */
};

static void print(const struct evidence *e, struct buf *out)
{
	for (size_t i = 0; i < CASEAUTH_COUNT; i++)
		if (!slice_is_empty(e->field[i]))
			buf_add_format(out, "%s=%.*s\n",
				caseauth_fields[i].name,
				SLICE_ARG(e->field[i]));
}

static void tells(void **state)
{
	const struct row *row = *state;
	struct evidence e;
	struct buf out;

	buf_init(&out, 16384);
	evidence_init(&e, &row->facts);
	print(&e, &out);
	assert_string_equal(buf_text(&out), row->text);
	evidence_clear(&e);
	buf_clear(&out);
}

static void knows_nothing(void **state)
{
	struct evidence e;

	(void)state;
	evidence_init(&e, NULL);
	for (size_t i = 0; i < CASEAUTH_COUNT; i++)
		assert_int_equal(e.field[i].len, 0);
	evidence_clear(&e);
}

static void has_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < CASEAUTH_COUNT; i++) {
		assert_non_null(caseauth_fields[i].name);
		assert_non_null(caseauth_fields[i].label);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(caseauth_fields[i].name,
				caseauth_fields[j].name);
	}
}

/* Every line whole, and all of it within its bound. */
static void is_bounded(void **state)
{
	char name[253], text[2000];
	struct dkim_fact dkim[AUTH_DKIM_MAX];
	struct arc_set sets[AUTH_ARC_MAX];
	struct auth_facts facts = { .dkim_is_known = true,
		.dkim_count = AUTH_DKIM_MAX,
		.dkim = dkim,
		.arc = { .result = AUTH_PASS,
			.instances = AUTH_ARC_MAX,
			.set_count = AUTH_ARC_MAX,
			.sets = sets } };
	struct evidence e;
	struct slice lines[2];

	(void)state;
	memset(name, 'n', sizeof(name));
	memset(text, '\xff', sizeof(text));
	for (size_t i = 0; i < AUTH_DKIM_MAX; i++)
		dkim[i] = (struct dkim_fact){ .result = AUTH_FAIL,
			.domain = slice_make(name, sizeof(name)),
			.selector = slice_make(name, sizeof(name)),
			.reason = slice_make(text, sizeof(text)) };
	for (size_t i = 0; i < AUTH_ARC_MAX; i++)
		sets[i] = (struct arc_set){ .sealer = slice_make(
						    name, sizeof(name)),
			.selector = slice_make(name, sizeof(name)) };
	evidence_init(&e, &facts);
	lines[0] = e.field[CASEAUTH_DKIM];
	lines[1] = e.field[CASEAUTH_ARC_SEALERS];
	for (size_t i = 0; i < 2; i++) {
		assert_in_range(lines[i].len, 500, CASEAUTH_LINES_MAX);
		assert_int_equal(lines[i].at[lines[i].len - 1], '\n');
	}
	assert_true(slice_has_prefix(lines[1], slice_of("i=50 d=nnn")));
	evidence_clear(&e);
}

#define S(text)                          \
	{                                \
		(text), sizeof(text) - 1 \
	}

static const struct row spf = {
	.facts = { .mailfrom = { .result = AUTH_FAIL,
			   .domain = S("example.org"),
			   .record = S("v=spf1 a -all"),
			   .matched = S("-all"),
			   .reason = S("not permitted"),
			   .lookups = 3,
			   .voids = 1 },
		.helo = { .result = AUTH_NONE, .domain = S("mail") } },
	.text = "spf=fail\nspf_identity=mailfrom\nspf_domain=example.org\n"
		"spf_record=v=spf1 a -all\nspf_matched=-all\nspf_lookups=3\n"
		"spf_voids=1\nspf_reason=not permitted\nspf_helo=none\n"
		"spf_helo_domain=mail\n"
};

static const struct row bounce = {
	.facts = { .is_null_sender = true,
		.helo = { .result = AUTH_TEMPERROR,
			.domain = S("mail.example.org") },
		.mailfrom = { .result = AUTH_TEMPERROR,
			.domain = S("mail.example.org"),
			.reason = S("no answer in time") } },
	.text = "spf=temperror\nspf_identity=helo\n"
		"spf_domain=mail.example.org\nspf_reason=no answer in time\n"
};

static const struct dkim_fact signatures[] = {
	{ .result = AUTH_FAIL,
		.domain = S("example.org"),
		.selector = S("s1"),
		.algorithm = S("rsa-sha256"),
		.identity = S("joe@mail.example.org"),
		.key_bits = 2048,
		.is_key_secure = true,
		.is_testing = true,
		.is_partial = true,
		.expires_s = 1795294412,
		.reason = S("the \"body\"\nwas changed") },
	{ .result = AUTH_PASS, .domain = S("example.com") },
};

static const struct row dkim = { .facts = { .dkim_is_known = true,
					 .dkim_count = 2,
					 .dkim = signatures,
					 .dkim_ignored = 3 },
	.text = "dkim=fail d=example.org s=s1 a=rsa-sha256 "
		"i=@mail.example.org bits=2048 dnssec=yes testing=yes "
		"partial=yes expires=2026-11-21T20:53:32Z "
		"reason=\"the \\x22body\\x22\\x0awas changed\"\n"
		"pass d=example.com\n\ndkim_ignored=3\n" };

static const struct row unsigned_mail = { .facts = { .dkim_is_known = true },
	.text = "dkim=none\n\n" };

static const struct arc_set sets[] = {
	{ .sealer = S("a.example"), .selector = S("x") },
	{ .sealer = S("b.example"), .selector = S("y") },
};

static const struct row arc = { .facts.arc = { .result = AUTH_PASS,
					.instances = 2,
					.oldest_pass = 1,
					.sets = sets,
					.set_count = 2,
					.is_trusted = true,
					.trusted_by = S("config") },
	.text = "arc=pass\narc_sets=2\narc_oldest_pass=1\n"
		"arc_sealers=i=2 d=b.example s=y\ni=1 d=a.example s=x\n\n"
		"arc_trusted=config\n" };

static const struct row no_arc = { .facts.arc = { .result = AUTH_NONE },
	.text = "arc=none\n" };

static const struct row dmarc = {
	.facts = { .from_kind = FROM_ONE,
		.dmarc = { .result = AUTH_FAIL,
			.from_domain = S("news.example.org"),
			.policy_domain = S("example.org"),
			.org_domain = S("example.org"),
			.record = S("v=DMARC1; p=reject"),
			.policy = DMARC_POLICY_REJECT,
			.policy_tag = "np",
			.is_testing = true,
			.is_author_missing = true,
			.strict_dkim = true,
			.discovery = "treewalk",
			.override = S("known mailing list"),
			.reason = S("nothing aligned") },
		.dmarc_other = { .result = AUTH_PASS } },
	.text = "from=one\ndmarc=fail\ndmarc_author=news.example.org\n"
		"dmarc_policy_domain=example.org\n"
		"dmarc_org_domain=example.org\n"
		"dmarc_record=v=DMARC1; p=reject\n"
		"dmarc_policy=np=reject t=y (the author's domain does not "
		"exist)\ndmarc_discovery=treewalk\n"
		"dmarc_spf=no aligned pass (relaxed)\n"
		"dmarc_dkim=no aligned pass (strict)\n"
		"dmarc_override=known mailing list\n"
		"dmarc_reason=nothing aligned\ndmarc_other=pass\n"
};

static const struct row aligned = { .facts.dmarc = { .result = AUTH_PASS,
					    .from_domain = S("example.org"),
					    .spf_aligned = true,
					    .aligned_domain =
						    S("example.org") },
	.text = "dmarc=pass\ndmarc_author=example.org\n"
		"dmarc_spf=an aligned pass (relaxed)\n"
		"dmarc_dkim=no aligned pass (relaxed)\n"
		"dmarc_aligned=example.org\n" };

static const struct row iprev = { .facts.iprev = { .result = AUTH_FAIL,
					  .name = S("host.example"),
					  .reason =
						  S("it does not point back") },
	.text = "iprev=fail\niprev_name=host.example\n"
		"iprev_reason=it does not point back\n" };

static const struct row nothing = { .text = "" };

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("SPF: domain, record, directive, look-ups, HELO", tells,
			&spf),
		CASE("SPF of a bounce is about HELO", tells, &bounce),
		CASE("DKIM: each signature, of i= only the domain", tells,
			&dkim),
		CASE("an unsigned message says so", tells, &unsigned_mail),
		CASE("ARC: sealers, the newest first", tells, &arc),
		CASE("no chain says so", tells, &no_arc),
		CASE("DMARC: record, policy, alignment, override", tells,
			&dmarc),
		CASE("DMARC: what is aligned", tells, &aligned),
		CASE("reverse DNS", tells, &iprev),
		CASE("nothing evaluated leaves nothing", tells, &nothing),
		CASE("without facts every field is empty", knows_nothing, NULL),
		CASE("every field has a name of its own and a label", has_names,
			NULL),
		CASE("lines are whole and bounded", is_bounded, NULL),
	};

	return cmocka_run_group_tests_name("judge/evidence", cases, NULL, NULL);
}
