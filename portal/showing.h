/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/showing - somebody shows a proof for a request: the one way from a
 * button to judge/petition.
 *
 * Threads: the visit's own.
 */
#pragma once

#include "policy/grant.h"
#include "portal/guard.h"
#include "portal/visit.h"

struct delist_request;

/* Does the visitor come from the network that the request is about? */
bool showing_is_here(const struct visit *v, const struct delist_request *q);

/*
 * Reads the request; false: it was answered (not found, or Redis is away).
 * rid: as it stands in a path.
 */
bool showing_read(
	struct visit *v, struct slice rid, struct delist_request *out);

/*
 * Renews what DNS says, has the petition decided, and answers: 303 to the page
 * of the request, or the page that says why not. token: of purpose MAIL or
 * ADDRESS; proof: what it proves here.
 */
void showing_confirm(struct visit *v, struct delist_request *q,
	struct slice token, enum grant_proof proof);

/*
 * Of a form that is a button: false: it was answered. GUARD_QUICK is fine, for
 * there is nothing to fill in; GUARD_STALE is the caller's, who shows the form
 * again.
 */
bool showing_may_press(struct visit *v, enum guard_answer answer);

/* 303 to the page of the request. */
void showing_redirect(struct visit *v, const struct delist_request *q);
