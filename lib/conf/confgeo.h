/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf/confgeo - geo.scores: what a country or a network adds to the sum.
 *
 * A line is "CN 2.5" (ISO 3166-1, any case) or "AS64500 3"; -1000 to 1000, at
 * most three places. Read at load into a table that is sorted and constant
 * from then on. Threads: any, on a snapshot.
 */
#pragma once

#include "base/buf.h"
#include "conf/conf.h"

struct conf_geo_score {
	uint32_t asn; /* 0: country says which */
	char country[3];
	double score;
};

/* RES_SYNTAX: neither; RES_RANGE: the number; *out untouched then. */
enum result confgeo_parse(
	struct slice line, struct conf_geo_score *out) MUST_USE;

/* Makes the table of g->scores. RES_SYNTAX, RES_RANGE, RES_EXISTS (twice the
 * same): *bad is the line; RES_NOMEM. */
enum result confgeo_build(struct conf_geo *g, const char **bad) MUST_USE;
void confgeo_clear(struct conf_geo *g);

/* Is there a line for any country, for any network? */
bool confgeo_has_countries(const struct conf_geo *g);
bool confgeo_has_networks(const struct conf_geo *g);

/* NULL: nothing is said about it. country: two capitals. */
const struct conf_geo_score *confgeo_find_country(
	const struct conf_geo *g, const char *country);
const struct conf_geo_score *confgeo_find_network(
	const struct conf_geo *g, uint32_t asn);
