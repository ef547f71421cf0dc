/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/dmarcrecord.h"

#include "support/case.h"

#include <stdio.h>
#include <string.h>

struct row {
	const char *text;
	const char *want;
};

static const char *psd_name(enum dmarcrecord_psd psd)
{
	return psd == DMARCRECORD_PSD_Y	   ? " psd=y"
		: psd == DMARCRECORD_PSD_N ? " psd=n"
					   : "";
}

/* "p[ sp=][ np=][ psd=][ t][ adkim=s][ aspf=s][ rua]", "unusable", or "no
 * record". */
static void show(const struct dmarcrecord *r, char *out, size_t size)
{
	if (!r->is_usable) {
		snprintf(out, size, "unusable%s", psd_name(r->psd));
		return;
	}
	snprintf(out, size, "%s%s%s%s%s%s%s%s%s%s%s", dmarc_policy_name(r->p),
		r->has_sp ? " sp=" : "",
		r->has_sp ? dmarc_policy_name(r->sp) : "",
		r->has_np ? " np=" : "",
		r->has_np ? dmarc_policy_name(r->np) : "", psd_name(r->psd),
		r->is_testing ? " t" : "", r->strict_dkim ? " adkim=s" : "",
		r->strict_spf ? " aspf=s" : "", r->rua.len > 0 ? " rua" : "",
		r->fo.len > 0 ? " fo" : "");
}

static void reads(void **state)
{
	const struct row *row = *state;
	struct dmarcrecord record;
	char got[200] = "no record";

	if (dmarcrecord_parse(slice_of(row->text), &record) == RES_OK)
		show(&record, got, sizeof(got));
	assert_string_equal(got, row->want);
}

static void a_nul_is_no_value(void **state)
{
	static const char text[] = "v=DMARC1; p=rej\0ect";
	struct dmarcrecord record;

	(void)state;
	assert_int_equal(
		dmarcrecord_parse(slice_make(text, sizeof(text) - 1), &record),
		RES_OK);
	assert_false(record.is_usable);
	assert_int_equal(record.p, DMARC_POLICY_NONE);
}

#define ROW(name, text, want) \
	CASE(name, reads, (&(const struct row){ (text), (want) }))
#define RUA "; rua=mailto:d@example.org"

int main(void)
{
	const struct CMUnitTest cases[] = {
		ROW("a policy", "v=DMARC1; p=reject", "reject"),
		ROW("without blanks", "v=DMARC1;p=reject", "reject"),
		ROW("with blanks of both kinds everywhere",
			"v \t= \tDMARC1 \t; \tp\t =\t reject \t; ", "reject"),
		ROW("a semicolon at the end", "v=DMARC1; p=none;", "none"),
		ROW("empty tags between", "v=DMARC1;; p=none; ;", "none"),
		ROW("the policy behind other tags",
			"v=DMARC1; adkim=s; p=quarantine",
			"quarantine adkim=s"),
		ROW("every tag",
			"v=DMARC1; p=reject; sp=quarantine; np=none; psd=n; "
			"t=y; adkim=s; aspf=s; fo=1:d; "
			"rua=mailto:d@example.org; ruf=mailto:f@example.org",
			"reject sp=quarantine np=none psd=n t adkim=s aspf=s "
			"rua fo"),
		ROW("a public suffix", "v=DMARC1; p=none; psd=y", "none psd=y"),
		ROW("defaults spelled out",
			"v=DMARC1; p=none; psd=u; t=n; adkim=r; aspf=r",
			"none"),
		ROW("words without case",
			"V=DMARC1; P=Reject; SP=NONE; ADKIM=S; T=Y; PSD=N",
			"reject sp=none psd=n t adkim=s"),
		ROW("tags of RFC 7489 are ignored",
			"v=DMARC1; p=reject; pct=50; ri=3600; rf=iodef",
			"reject"),
		ROW("unknown tags are ignored", "v=DMARC1; x-y_z=1; p=reject",
			"reject"),
		ROW("of two tags the first counts",
			"v=DMARC1; p=none; p=reject", "none"),
		ROW("text that is no tag is ignored",
			"v=DMARC1; hello; =x; p=reject; ===", "reject"),
		ROW("wrong values of single tags are defaults",
			"v=DMARC1; p=reject; adkim=x; aspf=; t=yes; psd=maybe",
			"reject"),
		ROW("a value with an octet that is not ASCII",
			"v=DMARC1; p=reject; adkim=s\xc3", "reject"),
		/* s4.10.1 */
		ROW("no policy, and nobody to report to", "v=DMARC1",
			"unusable"),
		ROW("no policy, but somebody to report to", "v=DMARC1" RUA,
			"none rua"),
		ROW("a wrong policy, and nobody to report to",
			"v=DMARC1; p=deny", "unusable"),
		ROW("a wrong policy, but somebody to report to",
			"v=DMARC1; p=deny" RUA, "none rua"),
		ROW("an empty policy", "v=DMARC1; p=" RUA, "none rua"),
		ROW("a wrong policy of subdomains spoils all",
			"v=DMARC1; p=reject; sp=deny", "unusable"),
		ROW("a wrong policy of subdomains, with somebody to report to",
			"v=DMARC1; p=reject; sp=deny; np=reject" RUA,
			"none rua"),
		ROW("a wrong policy of names that do not exist",
			"v=DMARC1; p=reject; np=deny", "unusable"),
		ROW("an unusable record still says what is a public suffix",
			"v=DMARC1; psd=y", "unusable psd=y"),
		ROW("an address without a scheme is nobody",
			"v=DMARC1; rua=d@example.org", "unusable"),
		ROW("mailto: without an address is nobody",
			"v=DMARC1; rua=mailto:, mailto:x, mailto:@",
			"unusable"),
		ROW("one of several is enough",
			"v=DMARC1; rua=nobody , https://example.org/d",
			"none rua"),
		ROW("a size behind the address is fine",
			"v=DMARC1; rua=mailto:d@example.org!10m", "none rua"),
		/* what is no record */
		ROW("nothing", "", "no record"),
		ROW("a blank in front", " v=DMARC1; p=reject", "no record"),
		ROW("the version in lower case", "v=dmarc1; p=reject",
			"no record"),
		ROW("another version", "v=DMARC2; p=reject", "no record"),
		ROW("a longer version", "v=DMARC1x; p=reject", "no record"),
		ROW("a version that does not end", "v=DMARC1 p=reject",
			"no record"),
		ROW("a version that is not first", "p=reject; v=DMARC1",
			"no record"),
		ROW("no version", "p=reject", "no record"),
		ROW("a version in quotes", "\"v=DMARC1\"; p=reject",
			"no record"),
		ROW("a semicolon first", "; v=DMARC1; p=reject", "no record"),
		ROW("SPF", "v=spf1 -all", "no record"),
		CASE("a NUL ends no value", a_nul_is_no_value, NULL),
	};

	return cmocka_run_group_tests_name(
		"auth/dmarcrecord", cases, NULL, NULL);
}
