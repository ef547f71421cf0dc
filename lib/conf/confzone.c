/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/confzone.h"

#include "conf/conf.h"
#include "conf/confload.h"
#include "conf/confvalue.h"
#include "net/ipaddr.h"

#include <stdlib.h>
#include <string.h>

enum {
	LOOPBACK = 127, /* RFC 5782 s2.1: answers are of 127.0.0.0/8 */
	ERRORS = 0x7fffff, /* 127.255.255.0/24 are errors of the list */
	SCORE_MAX = 1000,
	THOUSAND = 1000,
	NIBBLES = 64, /* octets before the zone in a question about IPv6 */
	NAME_MAX_LEN = 253
};

static const struct subject {
	const char *name;
	enum conf_zone_subject bit;
} subjects[] = {
	{ "helo", CONF_ZONE_HELO },
	{ "sender", CONF_ZONE_SENDER },
	{ "author", CONF_ZONE_AUTHOR },
	{ "link", CONF_ZONE_LINK },
};

static void note(struct confload *l, const struct conf_zone *z,
	const char *option, enum conf_severity severity, const char *text)
{
	confload_note(l, severity,
		confload_titled_place(l, "dnsbl", z->name, option), "%s: %s",
		option, text);
}

/* ---- codes ---- */

static bool read_answer(struct slice text, uint32_t *out)
{
	struct ipaddr ip;

	if (text.len == 0 || text.at[0] < '0' || text.at[0] > '9' ||
		ipaddr_parse(&ip, text) != RES_OK || !ipaddr_is_v4(&ip))
		return false;
	*out = ipaddr_v4(&ip);
	return true;
}

/* NULL: it is right. */
static const char *read_code(struct slice line, struct conf_zone_code *out)
{
	size_t blank = slice_find(line, ' ');
	struct slice range = slice_part(line, 0, blank);
	size_t dash = slice_find(range, '-');
	int64_t n;

	if (!confvalue_decimal(
		    slice_trim(slice_part(line, blank, line.len)), &n))
		return "has no number such as in \"127.0.0.2 4\"";
	if (n < 0 || n > SCORE_MAX * THOUSAND)
		return "is out of range: 0 to 1000 are allowed";
	if (!read_answer(slice_part(range, 0, dash), &out->first))
		return "does not begin with an answer such as 127.0.0.2";
	out->last = out->first;
	if (dash < range.len &&
		!read_answer(
			slice_part(range, dash + 1, range.len), &out->last))
		return "is no range such as 127.0.0.4-127.0.0.7";
	if (out->last < out->first)
		return "is a range that ends before it begins";
	if (out->first >> 24 != LOOPBACK || out->last >> 24 != LOOPBACK)
		return "is outside 127.0.0.0/8, where no answer counts";
	if (out->last >> 8 >= ERRORS)
		return "reaches into 127.255.255.0/24, which are errors of "
		       "the list";
	out->weight = (double)n / THOUSAND;
	return NULL;
}

static enum result read_codes(struct confload *l, struct conf_zone *z)
{
	struct buf why;

	free(z->weights);
	z->weight_count = 0;
	z->weights = calloc(z->code_count + 1, sizeof(*z->weights));
	if (z->weights == NULL)
		return RES_NOMEM;
	for (size_t i = 0; i < z->code_count; i++) {
		struct slice line = slice_trim(slice_of(z->codes[i]));
		const char *fault =
			read_code(line, &z->weights[z->weight_count]);

		if (fault == NULL) {
			z->weight_count++;
			continue;
		}
		buf_init(&why, 512);
		if (confvalue_wrong(&why, fault, line) != RES_OK)
			note(l, z, "codes", CONF_ERROR, buf_text(&why));
		buf_clear(&why);
	}
	return RES_OK;
}

double confzone_weight(
	const struct conf_zone *z, uint32_t answer, bool *is_named)
{
	for (size_t i = 0; i < z->weight_count; i++)
		if (answer >= z->weights[i].first &&
			answer <= z->weights[i].last) {
			*is_named = true;
			return z->weights[i].weight;
		}
	*is_named = false;
	return z->score;
}

/* ---- subjects ---- */

static unsigned bit_of(const char *name)
{
	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++)
		if (strcmp(subjects[i].name, name) == 0)
			return subjects[i].bit;
	return 0;
}

static void read_subjects(struct confload *l, struct conf_zone *z)
{
	struct buf why;

	z->asked = 0;
	for (size_t i = 0; i < z->subject_count; i++) {
		unsigned bit = bit_of(z->subjects[i]);

		z->asked |= bit;
		if (bit != 0)
			continue;
		buf_init(&why, 512);
		if (confvalue_wrong(&why,
			    "is none of helo, sender, author, link",
			    slice_of(z->subjects[i])) != RES_OK)
			note(l, z, "subjects", CONF_ERROR, buf_text(&why));
		buf_clear(&why);
	}
}

/* Anybody can greet, write and link with a good name; that of the envelope
 * sender is proved by SPF or DKIM. */
static void restrict_allowed(struct confload *l, struct conf_zone *z)
{
	bool is_said = confload_is_titled_said(l, "dnsbl", z->name, "subjects");

	if (is_said && (z->asked & ~(unsigned)CONF_ZONE_SENDER) != 0)
		note(l, z, "subjects", CONF_ERROR,
			"a zone that allows is asked for \"sender\" only; the "
			"other names prove nothing");
	z->asked &= CONF_ZONE_SENDER;
}

static void warn_idle(
	struct confload *l, const struct conf_zone *z, const char *option)
{
	if (confload_is_titled_said(l, "dnsbl", z->name, option))
		note(l, z, option, CONF_WARNING,
			z->is_domain ? "means nothing for a zone of domains"
				     : "means nothing for a zone of addresses");
}

enum result confzone_read(struct confload *l, struct conf_zone *z)
{
	z->is_domain = strcmp(z->asks, "domain") == 0;
	z->is_allow = strcmp(z->is, "allow") == 0;
	z->has_v4 = !z->is_domain && strcmp(z->families, "ipv6") != 0;
	z->has_v6 = !z->is_domain && strcmp(z->families, "ipv4") != 0;
	read_subjects(l, z);
	if (!z->is_domain)
		z->asked = 0;
	else if (z->is_allow)
		restrict_allowed(l, z);
	warn_idle(l, z, z->is_domain ? "families" : "subjects");
	if (strlen(z->name) + NIBBLES > NAME_MAX_LEN)
		confload_note(l, CONF_ERROR,
			confload_titled_place(l, "dnsbl", z->name, ""),
			"the name of the zone leaves no room for an address");
	return read_codes(l, z);
}

void confzone_clear(struct conf_zone *z)
{
	free(z->weights);
	z->weights = NULL;
	z->weight_count = 0;
}
