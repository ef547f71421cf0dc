/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/dmarcrecord.h"

#include "base/ascii.h"

#include <string.h>

/* What is gathered before the tags are weighed against each other. */
struct draft {
	struct dmarcrecord *out;
	bool has_p;
	bool is_spoilt; /* p=, sp= or np= is no policy */
	unsigned seen; /* bits of the table: the first of a name counts */
};

struct word {
	const char *text;
	int value;
};

static const struct word policies[] = {
	{ "none", DMARC_POLICY_NONE },
	{ "quarantine", DMARC_POLICY_QUARANTINE },
	{ "reject", DMARC_POLICY_REJECT },
	{ NULL, 0 },
};

static const struct word psds[] = {
	{ "u", DMARCRECORD_PSD_U },
	{ "y", DMARCRECORD_PSD_Y },
	{ "n", DMARCRECORD_PSD_N },
	{ NULL, 0 },
};

static const struct word alignments[] = { { "r", 0 }, { "s", 1 }, { NULL, 0 } };
static const struct word flags[] = { { "n", 0 }, { "y", 1 }, { NULL, 0 } };

static bool find_word(const struct word *w, struct slice value, int *out)
{
	for (; w->text != NULL; w++) {
		if (slice_is_equal_nocase(value, slice_of(w->text))) {
			*out = w->value;
			return true;
		}
	}
	return false;
}

static bool is_wsp(char c)
{
	return c == ' ' || c == '\t';
}

static struct slice trim(struct slice s)
{
	while (s.len > 0 && is_wsp(s.at[0]))
		s = slice_part(s, 1, s.len);
	while (s.len > 0 && is_wsp(s.at[s.len - 1]))
		s.len--;
	return s;
}

/* ---- the tags ---- */

static enum dmarc_policy policy_of(struct draft *d, struct slice value)
{
	int found = DMARC_POLICY_NONE;

	if (!find_word(policies, value, &found))
		d->is_spoilt = true;
	return (enum dmarc_policy)found;
}

static void read_p(struct draft *d, struct slice value)
{
	d->has_p = true;
	d->out->p = policy_of(d, value);
}

static void read_sp(struct draft *d, struct slice value)
{
	d->out->has_sp = true;
	d->out->sp = policy_of(d, value);
}

static void read_np(struct draft *d, struct slice value)
{
	d->out->has_np = true;
	d->out->np = policy_of(d, value);
}

static void read_psd(struct draft *d, struct slice value)
{
	int found = DMARCRECORD_PSD_U;

	(void)find_word(psds, value, &found);
	d->out->psd = (enum dmarcrecord_psd)found;
}

static void read_t(struct draft *d, struct slice value)
{
	int found = 0;

	(void)find_word(flags, value, &found);
	d->out->is_testing = found == 1;
}

static void read_adkim(struct draft *d, struct slice value)
{
	int found = 0;

	(void)find_word(alignments, value, &found);
	d->out->strict_dkim = found == 1;
}

static void read_aspf(struct draft *d, struct slice value)
{
	int found = 0;

	(void)find_word(alignments, value, &found);
	d->out->strict_spf = found == 1;
}

static void read_rua(struct draft *d, struct slice value)
{
	d->out->rua = value;
}

static void read_ruf(struct draft *d, struct slice value)
{
	d->out->ruf = value;
}

static void read_fo(struct draft *d, struct slice value)
{
	d->out->fo = value;
}

static const struct {
	const char *name;
	void (*read)(struct draft *d, struct slice value);
} tags[] = {
	{ "p", read_p },
	{ "sp", read_sp },
	{ "np", read_np },
	{ "psd", read_psd },
	{ "t", read_t },
	{ "adkim", read_adkim },
	{ "aspf", read_aspf },
	{ "rua", read_rua },
	{ "ruf", read_ruf },
	{ "fo", read_fo },
};

/* dmarc-value: printable ASCII, at least one. */
static bool is_value(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] < ' ' || s.at[i] > '~')
			return false;
	return s.len > 0;
}

static void read_tag(struct draft *d, struct slice spec)
{
	size_t at = slice_find(spec, '=');
	struct slice name = trim(slice_part(spec, 0, at));
	struct slice value = trim(slice_part(spec, at + 1, spec.len));

	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		if (!slice_is_equal_nocase(name, slice_of(tags[i].name)))
			continue;
		if ((d->seen & 1U << i) != 0)
			return;
		d->seen |= 1U << i;
		tags[i].read(d, is_value(value) ? value : slice_of(""));
		return;
	}
}

/* ---- rua ---- */

static bool is_scheme(struct slice s)
{
	if (s.len == 0 || !ascii_is_alpha(s.at[0]))
		return false;
	for (size_t i = 1; i < s.len; i++)
		if (!ascii_is_alpha(s.at[i]) &&
			(s.at[i] < '0' || s.at[i] > '9') && s.at[i] != '+' &&
			s.at[i] != '-' && s.at[i] != '.')
			return false;
	return true;
}

/* RFC 3986 in outline, with an address where it is "mailto:". */
static bool is_uri(struct slice s)
{
	size_t colon = slice_find(s, ':');
	struct slice scheme = slice_part(s, 0, colon);
	struct slice rest = slice_part(s, colon + 1, s.len);
	size_t sign = slice_find(rest, '@');

	if (!is_scheme(scheme) || rest.len == 0)
		return false;
	for (size_t i = 0; i < rest.len; i++)
		if (rest.at[i] <= ' ' || strchr("<>\"\\^`{|}", rest.at[i]))
			return false;
	return !slice_is_equal_nocase(scheme, slice_of("mailto")) ||
		(sign > 0 && sign + 1 < rest.len && rest.at[sign + 1] != '!');
}

static bool has_reporter(struct slice rua)
{
	struct slice uri;

	while (slice_cut(&rua, ',', &uri))
		if (is_uri(trim(uri)))
			return true;
	return false;
}

/* ---- the record ---- */

/* "v" *WSP "=" *WSP "DMARC1", and nothing in front of it. */
static bool is_version(struct slice spec)
{
	size_t at = slice_find(spec, '=');

	return spec.len > 0 && !is_wsp(spec.at[0]) &&
		slice_is_equal_nocase(
			trim(slice_part(spec, 0, at)), slice_of("v")) &&
		slice_is_equal(trim(slice_part(spec, at + 1, spec.len)),
			slice_of("DMARC1"));
}

/* RFC 9989 s4.10.1 */
static void weigh(struct draft *d)
{
	struct dmarcrecord *r = d->out;

	r->is_usable = true;
	if (d->has_p && !d->is_spoilt)
		return;
	r->is_usable = has_reporter(r->rua);
	r->p = DMARC_POLICY_NONE;
	r->has_sp = false;
	r->has_np = false;
}

enum result dmarcrecord_parse(struct slice text, struct dmarcrecord *out)
{
	struct draft d = { .out = out };
	struct slice rest = text, spec;

	*out = (struct dmarcrecord){ .text = text,
		.rua = slice_of(""),
		.ruf = slice_of(""),
		.fo = slice_of("") };
	if (!slice_cut(&rest, ';', &spec) || !is_version(spec))
		return RES_MISSING;
	while (slice_cut(&rest, ';', &spec))
		read_tag(&d, spec);
	weigh(&d);
	return RES_OK;
}
