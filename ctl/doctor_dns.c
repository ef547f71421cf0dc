/* SPDX-License-Identifier: BSD-2-Clause */
/* reprievectl doctor: do the DNS lists of the configuration work? */
#include "base/clock.h"
#include "conf/conf.h"
#include "ctl/doctor.h"
#include "dns/resolver.h"
#include "dns/zonewatch.h"

static const char topic[] = "dnsbl";

static void note_zone(struct doctor *d, const struct conf_zone *z,
	const struct zonewatch_status *s)
{
	if (!z->selftest)
		doctor_note(d, DOCTOR_OK, topic, NULL,
			"%s is asked; its selftest is off", z->name);
	else if (!s->is_up)
		doctor_note(d, DOCTOR_FAIL, topic,
			"read what its operator wants: most refuse open "
			"resolvers and those that many share",
			"%s does not work: %s", z->name, s->why);
	else if (!s->is_tested)
		doctor_note(d, DOCTOR_WARN, topic,
			"is the resolver of section dns reached?",
			"%s did not answer", z->name);
	else if (z->has_v6 && !s->is_up_v6)
		doctor_note(d, DOCTOR_WARN, topic,
			"families = \"ipv4\" says so to all",
			"%s works for IPv4 only: %s", z->name, s->why);
	else
		doctor_note(d, DOCTOR_OK, topic, NULL, "%s works", z->name);
}

static enum result test_zones(
	struct doctor *d, struct resolver *resolver, struct zonewatch *w)
{
	struct conf *conf = d->ctl->conf;
	struct zonewatch_status s;
	enum result res = zonewatch_follow(w, conf);

	if (res == RES_OK)
		res = zonewatch_test(w, resolver_source(resolver));
	for (size_t i = 0; res == RES_OK && zonewatch_read(w, i, &s); i++)
		note_zone(d, &conf->zones[i], &s);
	return res;
}

void doctor_dns(struct doctor *d)
{
	struct resolver *resolver = NULL;
	struct zonewatch *w = NULL;
	struct buf why;
	enum result res;

	if (d->ctl->conf->zone_count == 0)
		return;
	buf_init(&why, 512);
	res = resolver_open_conf(&resolver, d->ctl->conf, clock_system(), &why);
	if (res == RES_OK)
		res = zonewatch_open(&w, clock_system());
	if (res == RES_OK)
		res = test_zones(d, resolver, w);
	if (res != RES_OK)
		doctor_note(d, DOCTOR_FAIL, topic, "look at section dns",
			"no list can be tested: %s",
			why.len > 0 ? buf_text(&why) : result_name(res));
	zonewatch_close(w);
	resolver_close(resolver);
	buf_clear(&why);
}
