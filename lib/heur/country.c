/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/country.h"

#include "base/arena.h"
#include "conf/confgeo.h"
#include "geo/geoip.h"

#include <stdio.h>
#include <string.h>

enum { NAME_MAX_LEN = 16, SEEN_MAX = GEOIP_NAME_MAX + 32 };

static struct slice keep(const struct check_input *in, const char *text)
{
	struct slice kept;

	return arena_copy(in->arena, slice_of(text), &kept) == RES_OK
		? kept
		: slice_of("");
}

static struct finding *hit(struct findings *out, const char *detail,
	const struct conf_geo_score *s)
{
	struct finding *f = findings_add(out, "country");

	f->outcome = OUTCOME_HIT;
	f->detail = detail;
	f->factor = s->score;
	return f;
}

/* Zero means "once" to policy (fact/finding.h), and here it means nothing. */
static bool counts(const struct conf_geo_score *s)
{
	return s != NULL && s->score != 0.0;
}

static void judge_country(const struct check_input *in, struct findings *out)
{
	const struct conf_geo_score *s =
		confgeo_find_country(&in->conf->geo, in->conn->country);
	struct finding *f;

	if (!counts(s))
		return;
	f = hit(out, "country", s);
	f->subject = keep(in, in->conn->country);
	f->evidence = f->subject;
}

static void judge_network(const struct check_input *in, struct findings *out)
{
	const struct conf_geo_score *s =
		confgeo_find_network(&in->conf->geo, in->conn->asn);
	struct geoip_place place;
	struct finding *f;
	char name[NAME_MAX_LEN], seen[SEEN_MAX];

	if (!counts(s))
		return;
	snprintf(name, sizeof(name), "AS%lu", (unsigned long)in->conn->asn);
	f = hit(out, "network", s);
	f->subject = keep(in, name);
	geoip_find(in->service, &in->conn->ip, &place);
	f->evidence = f->subject;
	/* It may have moved to another network since CONNECT. */
	if (place.asn != in->conn->asn || place.organisation[0] == '\0')
		return;
	snprintf(seen, sizeof(seen), "%s (%s)", name, place.organisation);
	f->evidence = keep(in, seen);
}

/* Was all of that told which there is a line for? */
static bool is_known(const struct check_input *in)
{
	const struct conf_geo *g = &in->conf->geo;

	return (in->conn->country[0] != '\0' || !confgeo_has_countries(g)) &&
		(in->conn->asn != 0 || !confgeo_has_networks(g));
}

enum check_progress country_step(
	const struct check_input *in, struct findings *out)
{
	struct finding *f;
	size_t before;

	if (out == NULL || in->conf->geo.table_count == 0)
		return CHECK_DONE;
	before = out->count;
	judge_country(in, out);
	judge_network(in, out);
	if (!is_known(in)) {
		f = findings_add(out, "country");
		f->detail = "temperror";
	} else if (out->count == before) {
		f = findings_add(out, "country");
		f->outcome = OUTCOME_MISS;
		f->detail = "";
	}
	return CHECK_DONE;
}
