/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/ticketwords.h"

#include "web/view.h"

static const char *const state_words[] = {
	[TICKET_UNKNOWN] = N_("Unknown"),
	[TICKET_NEW] = N_("Waits for your confirmation"),
	[TICKET_OPEN] = N_("Open: it is our turn"),
	[TICKET_WAITING] = N_("We wait for your answer"),
	[TICKET_ESCALATED] = N_("A specialist looks at it"),
	[TICKET_RESOLVED] = N_("Resolved"),
	[TICKET_CLOSED] = N_("Closed"),
	[TICKET_REOPENED] = N_("Open again: it is our turn"),
	[TICKET_SPAM] = N_("Closed"),
};

static const struct {
	const char *name;
	const char *words;
} outcomes[] = {
	{ "granted", N_("Granted") },
	{ "denied", N_("Denied") },
	{ "info", N_("Answered") },
};

const char *ticketwords_state(enum ticket_state s)
{
	const size_t count = sizeof(state_words) / sizeof(state_words[0]);

	return state_words[(size_t)s < count ? (size_t)s : TICKET_UNKNOWN];
}

const char *ticketwords_outcome(struct slice outcome)
{
	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++)
		if (slice_is_equal(outcome, slice_of(outcomes[i].name)))
			return outcomes[i].words;
	return NULL;
}
