/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/outlook.h"

#include "conf/conf.h"
#include "judge/petition.h"
#include "portal/casefile.h"
#include "portal/visit.h"

#include <string.h>

enum { MS_PER_S = 1000 };

/* ---- what is in force ---- */

static const struct {
	const char *name;
	const char *words;
} classes[] = {
	{ "self",
		N_("Listed for what was sent. It can be removed on "
		   "request.") },
	{ "policy",
		N_("Listed for the kind of network or its set-up, whatever "
		   "was sent.") },
	{ "review", N_("Removed only after a person has looked at it.") },
	{ "feed", N_("Taken over from a public list of somebody else.") },
};

const char *outlook_class(struct slice class)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (slice_is_equal(class, slice_of(classes[i].name)))
			return classes[i].words;
	return NULL;
}

static void show_listing(
	struct visit *v, struct view *to, const struct listing *l)
{
	view_flag(to, "is_listed", true);
	view_say(to, "class",
		outlook_class(slice_of(listing_class_name(l->class))));
	/* What an admin wrote there instead of a time stays inside. */
	visit_time(v, to, "since", "since_iso", casefile_parse_time(l->since));
	visit_time(v, to, "ends", "ends_iso", l->until_s * MS_PER_S);
}

/* ---- may it come off ---- */

/* Ways on from here. */
enum { WAY_NONE = 0, WAY_ASK = 1, WAY_SUPPORT = 2 };

struct saying {
	const char *words;
	unsigned ways;
};

/* By the reason; where there is none, by the answer. */
static const struct saying reasons[] = {
	[GRANT_NOT_LISTED] = { N_("This address is not on our list now. "
				  "Nothing has to be removed: the message can "
				  "be sent again."),
		WAY_NONE },
	[GRANT_FEED] = { N_("This address is on a public list that we take "
			    "over. We cannot take it off there; the owner of "
			    "that list can. Our support says which list it "
			    "is."),
		WAY_SUPPORT },
	[GRANT_LOCKED] = { N_("A person of this site has decided that this "
			      "listing is not removed by a form. Write to our "
			      "support."),
		WAY_SUPPORT },
	[GRANT_STILL_SENDING] = { N_("The address sent mail of that kind a "
				     "short while ago. Removal can be asked "
				     "for from {until} on, if there is no "
				     "more of it."),
		WAY_NONE },
	[GRANT_CLASS_REVIEW] = { N_("You can ask for removal now. A person "
				    "looks at the request and answers within "
				    "{review}."),
		WAY_ASK },
	[GRANT_RANGE] = { N_("A whole range is listed, and this address is "
			     "within it. You can ask for an exception now. A "
			     "person looks at the request and answers within "
			     "{review}."),
		WAY_ASK },
	[GRANT_LEVEL] = { N_("The address has been listed so often that a "
			     "person has to look. You can ask for removal now; "
			     "the answer comes within {review}."),
		WAY_ASK },
	[GRANT_TOO_EARLY] = { N_("The address has been listed before, so it "
				 "stays on the list for some time. Removal can "
				 "be asked for from {until} on."),
		WAY_NONE },
	[GRANT_QUOTA] = { N_("The address has been taken off too often of "
			     "late. Removal can be asked for from {until} on; "
			     "until then only our support can help."),
		WAY_SUPPORT },
	[GRANT_PTR] = { N_("You can ask for removal now. It is granted when "
			   "the name of the address in reverse DNS leads back "
			   "to the address, so repair that first."),
		WAY_ASK },
	[GRANT_SWITCHED_OFF] = { N_("This site takes no requests for removal "
				    "by a form. Write to our support."),
		WAY_SUPPORT },
};

static const struct saying can_ask = {
	N_("You can ask for removal now. The answer comes at once."), WAY_ASK
};

static const struct saying cannot_tell = {
	N_("Our lists cannot be asked at the moment. Please look at this page "
	   "again in a few minutes."),
	WAY_NONE
};

static const struct saying *say(const struct grant *g)
{
	size_t reason = (size_t)g->reason;

	if (reason < sizeof(reasons) / sizeof(reasons[0]) &&
		reasons[reason].words != NULL)
		return &reasons[reason];
	switch (g->answer) {
	case GRANT_GIVEN:
	case GRANT_EXCEPTION:
	case GRANT_PROOF:
	case GRANT_REVIEW:
		return &can_ask;
	case GRANT_WAIT:
		return &reasons[GRANT_TOO_EARLY];
	case GRANT_DENIED:
		return &reasons[GRANT_LOCKED];
	case GRANT_UNKNOWN:
		break;
	}
	return &cannot_tell;
}

static const char *proof_words(enum grant_proof p)
{
	switch (p) {
	case GRANT_PROOF_MAIL:
		return N_("You need a mailbox that you can read: we send a "
			  "link to it.");
	case GRANT_PROOF_DOMAIN:
		return N_("You need a mailbox of a domain that belongs to the "
			  "address: the one in its reverse DNS, the one of the "
			  "refused message, or one whose SPF record names the "
			  "address.");
	case GRANT_PROOF_ADDRESS:
		return N_("You have to show that the address is yours: from "
			  "that server itself, or by a record in DNS. The "
			  "letter that we send says how.");
	case GRANT_PROOF_NONE:
	case GRANT_PROOF_ADMIN:
		break;
	}
	return NULL;
}

static void show_grant(struct visit *v, struct view *to, const struct grant *g)
{
	const struct saying *s = say(g);
	const char *proof = proof_words(g->needed);

	view_say(to, "outlook", s->words);
	view_flag(to, "is_clear", g->reason == GRANT_NOT_LISTED);
	view_flag(to, "can_ask", (s->ways & WAY_ASK) != 0);
	view_flag(to, "ask_support", (s->ways & WAY_SUPPORT) != 0);
	visit_time(v, to, "until", "until_iso", g->until_ms);
	visit_span(v, to, "review", v->site.conf->delist.review_s);
	if ((s->ways & WAY_ASK) != 0 && proof != NULL)
		view_say(to, "proof", proof);
}

/* ---- what was before ---- */

static const struct {
	const char *what;
	const char *words;
} events[] = {
	{ "listed", N_("was listed") },
	{ "struck", N_("was listed again while on parole") },
	{ "delisted", N_("was removed from the list") },
	{ "parole-over", N_("was clean until the end of its parole") },
	{ "locked", N_("was closed to removal by a form") },
	{ "unlocked", N_("was opened to removal by a form") },
	{ "allowed", N_("was excepted from the list") },
	{ "excepted", N_("was excepted from the list") },
	{ "exception-over", N_("is not excepted from the list any more") },
};

const char *outlook_event(const char *what)
{
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (strcmp(events[i].what, what) == 0)
			return events[i].words;
	return NULL;
}

static void show_history(
	struct visit *v, struct view *to, const struct standing *s)
{
	for (size_t i = 0; i < s->log_count && i < STANDING_LOG_MAX; i++) {
		const struct standing_event *e = &s->log[i];
		const char *words = outlook_event(e->what);
		struct view *item;

		if (words == NULL)
			continue;
		item = view_item(to, "history");
		view_flag(to, "has_history", true);
		visit_time(v, item, "when", "when_iso", e->at_ms);
		view_say(item, "what", words);
		if (e->level > 0)
			view_number(item, "event_level", e->level);
	}
}

static void show_standing(
	struct visit *v, struct view *to, const struct standing *s)
{
	if (s->level > 0) {
		view_number(to, "level", s->level);
		view_say(to, "level_words",
			"It is remembered at level {level}. Each level keeps "
			"an address on the list for twice as long as the one "
			"before; clean time brings the level down.");
	}
	if (s->state == STANDING_PAROLE)
		visit_time(v, to, "parole_until", "parole_until_iso",
			s->parole_until_ms);
	view_flag(to, "is_excepted", s->state == STANDING_EXCEPTED);
	show_history(v, to, s);
}

void outlook_show(struct visit *v, struct view *to, const struct petition *p)
{
	static const struct grant unknown = { .answer = GRANT_UNKNOWN };

	if (p == NULL) {
		show_grant(v, to, &unknown);
		return;
	}
	if (p->grant.listing != NULL)
		show_listing(v, to, p->grant.listing);
	show_grant(v, to, &p->grant);
	show_standing(v, to, &p->standing);
}
