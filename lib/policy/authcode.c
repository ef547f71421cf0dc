/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/authcode.h"

#include "fact/auth.h"

#include <string.h>

enum { DMARC = 1 };

static const struct {
	const char *check;
	unsigned bit;
} methods[] = {
	{ "dmarc", DMARC },
	{ "spf", 2 },
	{ "spf-helo", 2 },
	{ "dkim", 4 },
	{ "arc", 8 },
	{ "iprev", 16 },
};

/* By check and the finding's detail. Those of 4xx are for what DNS could not
 * tell and nothing else. */
static const struct {
	const char *check;
	const char *detail;
	enum code code;
} singles[] = {
	{ "iprev", "fail", CODE_IPREV_FAIL },
	{ "iprev", "permerror", CODE_IPREV_FAIL },
	{ "iprev", "temperror", CODE_IPREV_TEMPERROR },
	{ "spf", "fail", CODE_SPF_FAIL },
	{ "spf", "softfail", CODE_SPF_FAIL },
	{ "spf", "none", CODE_SPF_NONE },
	{ "spf", "neutral", CODE_SPF_NONE },
	{ "spf", "permerror", CODE_SPF_PERMERROR },
	{ "spf", "temperror", CODE_SPF_TEMPERROR },
	{ "spf-helo", "fail", CODE_SPF_FAIL },
	{ "spf-helo", "softfail", CODE_SPF_FAIL },
	{ "spf-helo", "none", CODE_SPF_NONE },
	{ "spf-helo", "neutral", CODE_SPF_NONE },
	{ "spf-helo", "permerror", CODE_SPF_PERMERROR },
	{ "spf-helo", "temperror", CODE_SPF_TEMPERROR },
	{ "dkim", "none", CODE_DKIM_NONE },
	{ "dkim", "fail", CODE_DKIM_FAIL },
	{ "dkim", "neutral", CODE_DKIM_FAIL },
	{ "dkim", "permerror", CODE_DKIM_FAIL },
	{ "dkim", "policy", CODE_DKIM_UNACCEPTABLE },
	{ "dkim", "temperror", CODE_DKIM_TEMPERROR },
	{ "arc", "fail", CODE_ARC_FAIL },
	{ "arc", "temperror", CODE_ARC_TEMPERROR },
	{ "dmarc", "fail_reject", CODE_DMARC_FAIL },
	{ "dmarc", "fail_quarantine", CODE_DMARC_FAIL },
	{ "dmarc", "fail", CODE_DMARC_FAIL },
	{ "dmarc", "none", CODE_DMARC_NONE },
	{ "dmarc", "permerror", CODE_DMARC_PERMERROR },
	{ "dmarc", "temperror", CODE_DMARC_TEMPERROR },
	{ "dmarc", "temperror_strict", CODE_DMARC_TEMPERROR },
};

unsigned authcode_method(const char *check)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(methods[i].check, check) == 0)
			return methods[i].bit;
	return 0;
}

static enum code from_code(const struct finding *f)
{
	static const enum code codes[] = {
		[FROM_NONE] = CODE_FROM_NONE,
		[FROM_SEVERAL_FIELDS] = CODE_FROM_SEVERAL,
		[FROM_SEVERAL_DOMAINS] = CODE_FROM_SEVERAL,
		[FROM_UNREADABLE] = CODE_FROM_UNREADABLE,
	};

	for (enum from_kind k = FROM_NONE; k <= FROM_UNREADABLE; k++)
		if (strcmp(f->detail, from_kind_name(k)) == 0)
			return codes[k];
	return CODE_NONE;
}

/* The domain itself asks for no refusal, this site does: where somebody
 * else's signature holds, that is what the sender has to know. */
static bool is_unaligned(const struct finding *f, const struct findings *all)
{
	const struct finding *dkim = findings_find(all, "dkim");

	return strcmp(f->check, "dmarc") == 0 &&
		strcmp(f->detail, "fail") == 0 && dkim != NULL &&
		strcmp(dkim->detail, "pass") == 0;
}

static bool is_of_class(enum code code, bool is_later)
{
	const struct code_row *row = code_row(code);

	return row != NULL && (row->smtp[0] == '4') == is_later;
}

enum code authcode_one(
	const struct finding *f, const struct findings *all, bool is_later)
{
	enum code code = CODE_NONE;

	if (f->detail == NULL)
		return CODE_NONE;
	if (strcmp(f->check, "from") == 0)
		code = from_code(f);
	else if (is_unaligned(f, all))
		code = CODE_DKIM_UNALIGNED;
	for (size_t i = 0;
		i < sizeof(singles) / sizeof(singles[0]) && code == CODE_NONE;
		i++)
		if (strcmp(singles[i].check, f->check) == 0 &&
			strcmp(singles[i].detail, f->detail) == 0)
			code = singles[i].code;
	return is_of_class(code, is_later) ? code : CODE_NONE;
}

enum code authcode_several(unsigned bits)
{
	if ((bits & (bits - 1)) == 0)
		return CODE_NONE;
	return (bits & DMARC) != 0 ? CODE_DMARC_SEVERAL : CODE_AUTH_SEVERAL;
}

struct slice authcode_domain(enum code code, const struct finding *cause,
	const struct auth_facts *auth)
{
	bool is_several =
		code == CODE_DMARC_SEVERAL || code == CODE_AUTH_SEVERAL;

	if (auth == NULL || cause == NULL || code == CODE_NONE)
		return slice_of("");
	if (!is_several && strcmp(cause->check, "spf") == 0)
		return auth->mailfrom.domain;
	if (!is_several && strcmp(cause->check, "spf-helo") == 0)
		return auth->helo.domain;
	if (!slice_is_empty(auth->dmarc.from_domain))
		return auth->dmarc.from_domain;
	return is_several ? auth->mailfrom.domain : slice_of("");
}
