/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/guard - is this form one of ours, filled in by somebody who saw it?
 *
 * Each form carries, as hidden fields of the template "guard": "stamp", a
 * keyed hash over its time, its action and the visitor's network (portal.
 * form_min_s to form_max_s old), and "website", which people leave empty and
 * machines fill in. No cookie, no script. A POST with an Origin that is not
 * portal_url, or with Sec-Fetch-Site cross-site, is refused (CSRF).
 * What is told to be filled in again is a fault of the field "form": give that
 * id to the form. Threads: any.
 */
#pragma once

#include "net/cidr.h"
#include "portal/visit.h"

/* Puts the values of a new form into the view: guard_stamp. action: the path
 * it posts to, without what hides in it (e.g. "/c/"). */
void guard_form(struct visit *v, const char *action);

enum guard_answer {
	GUARD_GOOD = 0,
	GUARD_FORGED, /* another site's, or no stamp of ours: 403 was answered
		       */
	GUARD_STALE, /* too old or from another network: show the form again,
			with what was filled in; a fault is added */
	GUARD_QUICK, /* the same, faster than people are */
	GUARD_MACHINE, /* the hidden field is filled in: answer as if all was
			  well, and do nothing */
	GUARD_LIMITED, /* portal.posts_max: 429 was answered */
	GUARD_DOWN /* Redis: 503 was answered */
};

/* Reads v->form against the action; counts it. */
enum guard_answer guard_check(struct visit *v, const char *action) MUST_USE;

/* What limits, stamps and the like know a visitor by: the network, or "none"
 * for a unix socket. */
void guard_network(const struct visit *v, char out[CIDR_TEXT_MAX]);

/* Takes one of "most" that this visitor has in an hour, by a name of its own
 * (store/limit). Anything but GUARD_GOOD has been answered. */
enum guard_answer guard_take(
	struct visit *v, const char *name, unsigned most) MUST_USE;

/* Takes one of portal.checks_max for an evaluation that costs DNS. False: the
 * answer has been given (429 or 503). */
bool guard_evaluation(struct visit *v) MUST_USE;
