/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/dashwords.h"

#include "portal/exhibits.h"
#include "portal/outlook.h"
#include "portal/visit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	EVENTS_MAX = 100,
	/* Complaints about a thousand messages: what the large services ask
	 * their senders to stay below, and never to reach. */
	RATE_RAISED = 1,
	RATE_HIGH = 3
};

/* ---- numbers ---- */

static int compare_rows(const void *a, const void *b)
{
	const struct traffic_row *x = a, *y = b;
	const uint64_t m = x->count.count[TRAFFIC_MESSAGES];
	const uint64_t n = y->count.count[TRAFFIC_MESSAGES];

	if (m != n)
		return m > n ? -1 : 1;
	return memcmp(&x->net, &y->net, sizeof(x->net));
}

void dashwords_sort(struct traffic_row *row, size_t count)
{
	if (count > 0)
		qsort(row, count, sizeof(*row), compare_rows);
}

static void show_rate(
	struct visit *v, struct view *to, uint64_t complaints, uint64_t taken)
{
	const double rate = (double)complaints / (double)taken;
	const double thousandths = rate * 1000;
	char text[32];
	char *point;

	snprintf(text, sizeof(text), "%.2f", rate * 100);
	point = strchr(text, '.');
	if (point != NULL && v->language != LANGUAGE_EN)
		*point = ',';
	view_format(to, "rate", "%s %%", text);
	view_say(to, "rate_words",
		thousandths >= RATE_HIGH	     ? N_("far too high")
			: thousandths >= RATE_RAISED ? N_("too high")
						     : N_("good"));
	exhibits_mark(
		to, thousandths >= RATE_RAISED ? EXHIBIT_BAD : EXHIBIT_GOOD);
}

void dashwords_counts(
	struct visit *v, struct view *to, const struct traffic_day *t)
{
	const uint64_t taken = dashdata_delivered(t);

	for (size_t i = 0; i < TRAFFIC_COUNTERS; i++)
		view_format(to, traffic_counter_name((enum traffic_counter)i),
			"%" PRIu64, t->count[i]);
	view_format(to, "taken", "%" PRIu64, taken);
	if (taken > 0)
		show_rate(v, to, t->count[TRAFFIC_COMPLAINTS], taken);
}

/* ---- the list ---- */

static const char *state_words(const struct dashdata_address *a)
{
	if (a->list == DASHDATA_LISTED)
		return N_("is on the list");
	if (a->standing.state == STANDING_PAROLE)
		return N_("is not on the list, and on parole");
	return a->list == DASHDATA_CLEAR ? N_("is not on the list")
					 : N_("could not be asked for");
}

static enum exhibit_mark state_mark(const struct dashdata_address *a)
{
	if (a->list == DASHDATA_LISTED)
		return EXHIBIT_BAD;
	if (a->list == DASHDATA_UNKNOWN)
		return EXHIBIT_OPEN;
	return a->standing.state == STANDING_PAROLE ? EXHIBIT_PLAIN
						    : EXHIBIT_GOOD;
}

static void show_address(
	struct visit *v, const struct dashdata_address *a, bool *can_ask)
{
	struct view *item = view_item(v->view, "listed");
	char text[CIDR_TEXT_MAX];

	view_text(item, "address", cidr_format(&a->net, text));
	view_say(item, "state", state_words(a));
	exhibits_mark(item, state_mark(a));
	if (a->standing.state == STANDING_PAROLE)
		visit_time(v, item, "until", "until_iso",
			a->standing.parole_until_ms);
	*can_ask = *can_ask || a->list == DASHDATA_LISTED;
}

struct event {
	const struct standing_event *event;
	const struct cidr *net;
};

static int compare_events(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	if (x->event->at_ms != y->event->at_ms)
		return x->event->at_ms > y->event->at_ms ? -1 : 1;
	return memcmp(x->net, y->net, sizeof(*x->net));
}

static void show_event(struct visit *v, const struct event *e)
{
	const char *words = outlook_event(e->event->what);
	char text[CIDR_TEXT_MAX];
	struct view *item;

	if (words == NULL)
		return;
	item = view_item(v->view, "events");
	view_flag(v->view, "has_events", true);
	visit_time(v, item, "when", "when_iso", e->event->at_ms);
	view_text(item, "address", cidr_format(e->net, text));
	view_say(item, "what", words);
}

static void show_events(struct visit *v, const struct dashdata *d)
{
	struct event *all =
		calloc(DASHDATA_ADDRESSES_MAX * STANDING_LOG_MAX, sizeof(*all));
	size_t count = 0;

	if (all == NULL)
		return;
	for (size_t i = 0; i < d->address_count; i++) {
		const struct dashdata_address *a = &d->address[i];

		for (size_t k = 0; k < a->standing.log_count; k++)
			if (dashdata_day_of(d, a->standing.log[k].at_ms) <
				d->days)
				all[count++] = (struct event){
					&a->standing.log[k],
					&a->net,
				};
	}
	if (count > 0)
		qsort(all, count, sizeof(*all), compare_events);
	for (size_t i = 0; i < count && i < EVENTS_MAX; i++)
		show_event(v, &all[i]);
	free(all);
}

void dashwords_list(struct visit *v, const struct dashdata *d)
{
	bool can_ask = false;

	view_flag(v->view, "is_list_unknown", !d->is_list_known);
	view_flag(v->view, "has_listed", d->address_count > 0);
	view_flag(v->view, "has_more_listed", d->has_more);
	for (size_t i = 0; i < d->address_count; i++)
		show_address(v, &d->address[i], &can_ask);
	view_flag(v->view, "can_ask", can_ask);
	show_events(v, d);
}
