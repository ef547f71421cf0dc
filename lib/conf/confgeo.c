/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/confgeo.h"

#include "conf/confvalue.h"

#include <stdlib.h>
#include <string.h>

enum { SCORE_MAX = 1000, THOUSAND = 1000 };

static bool parse_country(struct slice s, char out[3])
{
	if (s.len != 2)
		return false;
	for (size_t i = 0; i < 2; i++) {
		char c = s.at[i];

		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		if (c < 'A' || c > 'Z')
			return false;
		out[i] = c;
	}
	out[2] = '\0';
	return true;
}

static bool parse_network(struct slice s, uint32_t *asn)
{
	uint64_t n;

	/* "AS" alone is American Samoa. */
	if (s.len <= 2 || !slice_has_prefix_nocase(s, slice_of("AS")) ||
		slice_parse_u64(slice_part(s, 2, s.len), 1, UINT32_MAX, &n) !=
			RES_OK)
		return false;
	*asn = (uint32_t)n;
	return true;
}

enum result confgeo_parse(struct slice line, struct conf_geo_score *out)
{
	struct conf_geo_score s = { .asn = 0 };
	struct slice rest = slice_trim(line), name;
	int64_t thousandths;

	if (!slice_cut(&rest, ' ', &name) ||
		!confvalue_decimal(slice_trim(rest), &thousandths))
		return RES_SYNTAX;
	if (!parse_network(name, &s.asn) && !parse_country(name, s.country))
		return RES_SYNTAX;
	if (thousandths < -SCORE_MAX * THOUSAND ||
		thousandths > SCORE_MAX * THOUSAND)
		return RES_RANGE;
	s.score = (double)thousandths / THOUSAND;
	*out = s;
	return RES_OK;
}

/* Countries first, their asn is 0. */
static int compare(const void *a, const void *b)
{
	const struct conf_geo_score *x = a, *y = b;

	if (x->asn != y->asn)
		return x->asn < y->asn ? -1 : 1;
	return strcmp(x->country, y->country);
}

static enum result find_twice(const struct conf_geo *g, const char **bad)
{
	struct conf_geo_score s = { .asn = 0 };
	size_t seen;

	for (size_t i = 1; i < g->table_count; i++) {
		if (compare(&g->table[i - 1], &g->table[i]) != 0)
			continue;
		seen = 0;
		for (size_t j = 0; j < g->score_count; j++) {
			*bad = g->scores[j];
			if (confgeo_parse(slice_of(*bad), &s) == RES_OK &&
				compare(&s, &g->table[i]) == 0 && ++seen == 2)
				break;
		}
		return RES_EXISTS;
	}
	return RES_OK;
}

enum result confgeo_build(struct conf_geo *g, const char **bad)
{
	enum result res;

	*bad = "";
	confgeo_clear(g);
	if (g->score_count == 0)
		return RES_OK;
	g->table = calloc(g->score_count, sizeof(*g->table));
	if (g->table == NULL)
		return RES_NOMEM;
	for (size_t i = 0; i < g->score_count; i++) {
		*bad = g->scores[i];
		res = confgeo_parse(
			slice_of(g->scores[i]), &g->table[g->table_count]);
		if (res != RES_OK)
			return res;
		g->table_count++;
	}
	qsort(g->table, g->table_count, sizeof(*g->table), compare);
	return find_twice(g, bad);
}

void confgeo_clear(struct conf_geo *g)
{
	free(g->table);
	g->table = NULL;
	g->table_count = 0;
}

bool confgeo_has_countries(const struct conf_geo *g)
{
	return g->table_count > 0 && g->table[0].asn == 0;
}

bool confgeo_has_networks(const struct conf_geo *g)
{
	return g->table_count > 0 && g->table[g->table_count - 1].asn != 0;
}

static const struct conf_geo_score *find(
	const struct conf_geo *g, const struct conf_geo_score *key)
{
	if (g->table_count == 0)
		return NULL;
	return bsearch(
		key, g->table, g->table_count, sizeof(*g->table), compare);
}

const struct conf_geo_score *confgeo_find_country(
	const struct conf_geo *g, const char *country)
{
	struct conf_geo_score key = { .asn = 0 };

	if (strlen(country) != 2)
		return NULL;
	memcpy(key.country, country, sizeof(key.country));
	return find(g, &key);
}

const struct conf_geo_score *confgeo_find_network(
	const struct conf_geo *g, uint32_t asn)
{
	const struct conf_geo_score key = { .asn = asn };

	return asn == 0 ? NULL : find(g, &key);
}
