/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/reasons.h"

#include "policy/grant.h"
#include "web/view.h"

struct reason {
	enum grant_reason reason;
	const char *words;
	const char *advice;
	const char *help;
};

static const struct reason reasons[] = {
	{ GRANT_FEED,
		N_("The entry belongs to a public list of somebody else that "
		   "this site uses. Only the owner of that list can take an "
		   "address off it."),
		N_("Ask the owner of that list for removal. When the address "
		   "is off it, ours follows by itself."),
		"/help/delisting" },
	{ GRANT_LOCKED,
		N_("An administrator has closed self-service for this "
		   "entry."),
		N_("Write to the postmaster address and say what was wrong and "
		   "what was changed."),
		"/help/delisting" },
	{ GRANT_STILL_SENDING,
		N_("A short while ago unwanted mail still came from this "
		   "address."),
		N_("Find the cause and stop it. Look at the queue and at the "
		   "log of the server, too."),
		"/help/delisting" },
	{ GRANT_CLASS_REVIEW,
		N_("The entry was made by a person, or for phishing or "
		   "malware. A person decides about it."),
		N_("Say in the ticket what was wrong and what was changed."),
		"/help/delisting" },
	{ GRANT_RANGE,
		N_("The entry is for a whole network, not for this address "
		   "alone. A person decides about exceptions."),
		N_("Best the owner of the network writes in the ticket."),
		"/help/delisting" },
	{ GRANT_LEVEL,
		N_("The address was listed too often. A person decides about "
		   "it."),
		N_("Say in the ticket what was changed so that it does not "
		   "happen again."),
		"/help/delisting" },
	{ GRANT_TOO_EARLY,
		N_("The address was listed before. This time it has to stay on "
		   "the list for a while."),
		N_("Use the time to make sure that the cause is gone."),
		"/help/delisting" },
	{ GRANT_QUOTA,
		N_("This network was taken off the list several times already "
		   "within a short time."),
		N_("Make sure that the cause is gone for good."),
		"/help/delisting" },
	{ GRANT_PTR,
		N_("The address has no name in DNS, or the name does not lead "
		   "back to it. Senders to this site need one."),
		N_("Set up reverse DNS and wait until it is visible, then "
		   "press the button here again. Old answers of DNS may be "
		   "kept for a while; your request stays open."),
		"/help/delisting" },
	{ GRANT_NEEDS_DOMAIN,
		N_("The address was listed before, so a mailbox is proof only "
		   "if its domain belongs to the address."),
		N_("Prove that you have the address itself, in one of the ways "
		   "below. Or ask again with a mailbox of the sending "
		   "domain."),
		"/help/delisting" },
	{ GRANT_NEEDS_ADDRESS,
		N_("The address was listed several times, so a mailbox is not "
		   "proof enough."),
		N_("Prove that you have the address itself, in one of the ways "
		   "below."),
		"/help/delisting" },
	{ GRANT_SWITCHED_OFF,
		N_("This site does not remove addresses by itself."),
		N_("Write to the postmaster address and say what was wrong and "
		   "what was changed."),
		"/help/delisting" },
};

void reasons_say(struct view *view, struct slice word)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		const struct reason *r = &reasons[i];

		if (!slice_is_equal(
			    word, slice_of(grant_reason_name(r->reason))))
			continue;
		view_say(view, "reason", r->words);
		view_say(view, "advice", r->advice);
		view_text(view, "reason_help", r->help);
		view_slice(view, "reason_id", word);
	}
}
