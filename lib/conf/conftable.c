/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/conftable.h"

#include "conf/conf.h"

#include <string.h>

/* clang-format off */
#define IN(field) offsetof(struct conf, field)
#define CHECK(field) offsetof(struct conf_check, field)
#define ZONE(field) offsetof(struct conf_zone, field)
#define DOMAIN(field) offsetof(struct conf_domain, field)

static const char *const log_targets[] = { "syslog", "stderr", NULL };
static const char *const log_levels[] = {
	"error", "warning", "notice", "info", "debug", NULL
};

static const char *const dmarc_modes[] = {
	"treewalk", "psl", "both", NULL
};

static const char *const languages[] = { "en", "es", "pt-BR", NULL };

static const char *const zone_asks[] = { "address", "domain", NULL };
static const char *const zone_is[] = { "block", "allow", NULL };
static const char *const zone_families[] = { "both", "ipv4", "ipv6", NULL };

const struct conf_section conf_sections[] = {
	{ "", false, CONF_IN_CONF, "what this site is called" },
	{ "milter", false, CONF_IN_CONF, "the door to the MTA" },
	{ "redis", false, CONF_IN_CONF, "where the lists and cases live" },
	{ "lists", false, CONF_IN_CONF, "the copy of the lists in memory" },
	{ "cases", false, CONF_IN_CONF, "the evidence behind a reference" },
	{ "policy", false, CONF_IN_CONF, "what a sum of scores means" },
	{ "check", true, CONF_IN_CHECK, "what one check's answer means" },
	{ "domain", true, CONF_IN_DOMAIN, "one recipient domain" },
	{ "portal", false, CONF_IN_CONF, "the web site for refused senders" },
	{ "delist", false, CONF_IN_CONF, "how a sender gets off the list" },
	{ "support", false, CONF_IN_CONF, "tickets, and recipients who vouch" },
	{ "metrics", false, CONF_IN_CONF, "numbers for Prometheus" },
	{ "log", false, CONF_IN_CONF, "where log lines go" },
	{ "dns", false, CONF_IN_CONF, "the resolver" },
	{ "auth", false, CONF_IN_CONF, "who a message is really from" },
	{ "dkim", false, CONF_IN_CONF, "signatures of a message" },
	{ "arc", false, CONF_IN_CONF, "seals of who forwarded it" },
	{ "geo", false, CONF_IN_CONF, "country and network of an address" },
	{ "rate", false, CONF_IN_CONF, "how much one sender may send" },
	{ "greylist", false, CONF_IN_CONF, "asking a first contact to come again" },
	{ "reputation", false, CONF_IN_CONF, "what came of a sender's mail so far" },
	{ "mime", false, CONF_IN_CONF, "bounds of looking into a message" },
	{ "headers", false, CONF_IN_CONF, "what the checks of the header go by" },
	{ "attach", false, CONF_IN_CONF, "names of attachments" },
	{ "content", false, CONF_IN_CONF, "the classifier that learns" },
	{ "listing", false, CONF_IN_CONF, "listing an address by what it sends" },
	{ "correspondents", false, CONF_IN_CONF, "those our users write to" },
	{ "facts", false, CONF_IN_CONF, "what was judged, kept to be judged again" },
	{ "trace", false, CONF_IN_CONF, "proof that a message passed here" },
	{ "reports", false, CONF_IN_CONF, "abuse reports that come in" },
	{ "fbl", false, CONF_IN_CONF, "feedback to senders" },
	{ "traffic", false, CONF_IN_CONF, "numbers of a sender, a day each" },
	{ "dmarc", false, CONF_IN_CONF, "reports about DMARC" },
	{ "dnsbl", true, CONF_IN_ZONE, "one DNS list" },
};
const size_t conf_section_count =
	sizeof(conf_sections) / sizeof(conf_sections[0]);

const struct conf_row conf_rows[] = {
#include "conf/options.def"
};
const size_t conf_row_count = sizeof(conf_rows) / sizeof(conf_rows[0]);
/* clang-format on */

const char conf_redis_server_default[] = "inet:6379@127.0.0.1";

const struct conf_section *conf_section_find(struct slice name)
{
	for (size_t i = 0; i < conf_section_count; i++)
		if (slice_is_equal(slice_of(conf_sections[i].name), name))
			return &conf_sections[i];
	return NULL;
}

const struct conf_row *conf_row_find(struct slice section, struct slice name)
{
	for (size_t i = 0; i < conf_row_count; i++)
		if (slice_is_equal(slice_of(conf_rows[i].section), section) &&
			slice_is_equal(slice_of(conf_rows[i].name), name))
			return &conf_rows[i];
	return NULL;
}

bool conf_row_is_list(const struct conf_row *row)
{
	return row->kind == CONF_KIND_ENDPOINTS ||
		row->kind == CONF_KIND_NETWORKS ||
		row->kind == CONF_KIND_NAMES ||
		row->kind == CONF_KIND_DOMAINS ||
		row->kind == CONF_KIND_LINES || row->kind == CONF_KIND_SERVERS;
}

bool conf_row_is_text(const struct conf_row *row)
{
	return row->kind >= CONF_KIND_TEXT && row->kind <= CONF_KIND_CHOICE;
}

enum { NAME_MAX_LEN = 32, TYPING_ERRORS = 2 };

/* How many letters must be added, dropped or changed to make a into b. */
static size_t distance(struct slice a, struct slice b)
{
	size_t row[NAME_MAX_LEN + 1];

	if (a.len > NAME_MAX_LEN || b.len > NAME_MAX_LEN)
		return NAME_MAX_LEN;
	for (size_t j = 0; j <= b.len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			size_t best =
				diagonal + (a.at[i - 1] == b.at[j - 1] ? 0 : 1);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[b.len];
}

static void take_nearer(struct slice name, const char *candidate,
	const char **best, size_t *least)
{
	size_t d = distance(name, slice_of(candidate));

	if (d < *least && d < name.len) {
		*least = d;
		*best = candidate;
	}
}

const char *conf_row_nearest(struct slice section, struct slice name)
{
	const char *best = NULL;
	size_t least = TYPING_ERRORS + 1;

	for (size_t i = 0; i < conf_row_count; i++)
		if (slice_is_equal(slice_of(conf_rows[i].section), section))
			take_nearer(name, conf_rows[i].name, &best, &least);
	if (slice_is_empty(section))
		for (size_t i = 1; i < conf_section_count; i++)
			take_nearer(name, conf_sections[i].name, &best, &least);
	return best;
}

const char *conf_row_elsewhere(struct slice section, struct slice name)
{
	for (size_t i = 0; i < conf_row_count; i++)
		if (!slice_is_equal(slice_of(conf_rows[i].section), section) &&
			slice_is_equal(slice_of(conf_rows[i].name), name))
			return conf_rows[i].section;
	return NULL;
}
