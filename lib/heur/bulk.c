/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/bulk.h"

#include "heur/headernote.h"

#include <string.h>

enum { HINTS_OF_BULK = 2, URL_SHOWN_MAX = 2048 };

static bool has(const struct message *m, const char *name)
{
	return headernote_field(m, name) != NULL;
}

/* ---- is it bulk? ---- */

static bool has_precedence(const struct message *m)
{
	static const char *const words[] = { "bulk", "list", "junk" };
	const struct field *f = headernote_field(m, "Precedence");

	for (size_t i = 0; f != NULL && i < sizeof(words) / sizeof(words[0]);
		i++)
		if (slice_is_equal_nocase(
			    slice_trim(f->value), slice_of(words[i])))
			return true;
	return false;
}

/* What a program answers or reports, to one person. */
static bool is_automatic(const struct check_input *in)
{
	const struct field *f = headernote_field(in->message, "Auto-Submitted");

	return (in->envelope != NULL && in->envelope->sender.is_null) ||
		(f != NULL &&
			!slice_has_prefix_nocase(
				slice_trim(f->value), slice_of("no")));
}

static bool is_bulk(const struct message *m)
{
	static const char *const hints[] = { "List-Unsubscribe", "Feedback-ID",
		"X-CSA-Complaints", "X-Campaign", "X-CampaignID",
		"X-Campaign-ID", "X-Mailing-ID", "X-MC-User",
		"X-Mailer-RecptId", "X-Report-Abuse" };
	unsigned count = 0;

	if (has_precedence(m) || has(m, "List-Id"))
		return true;
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		count += has(m, hints[i]);
	return count >= HINTS_OF_BULK;
}

/* ---- the way out ---- */

static bool contains(struct slice text, const char *word)
{
	struct slice w = slice_of(word);

	for (size_t i = 0; i + w.len <= text.len; i++)
		if (slice_has_prefix_nocase(slice_part(text, i, text.len), w))
			return true;
	return false;
}

/* Where people talk to each other: a list with another way out than the one
 * field, or an answer. */
static bool is_discussion(const struct message *m)
{
	static const char *const signs[] = { "List-Post", "List-Help",
		"List-Owner", "Mailing-List", "X-Mailing-List", "X-BeenThere",
		"X-Loop", "In-Reply-To", "References" };

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (has(m, signs[i]))
			return true;
	return false;
}

/* A link that says so is a way out, though no program finds it. */
static bool has_way_out_in_body(const struct body_facts *body)
{
	static const char *const words[] = { "unsub", "optout", "opt-out",
		"opt_out", "abmeld", "desuscri", "descadastr" };

	if (body == NULL || !body->is_known)
		return false;
	for (size_t i = 0; i < body->link_count; i++)
		for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
			if (contains(slice_part(body->links[i].url, 0,
					     URL_SHOWN_MAX),
				    words[k]))
				return true;
	return false;
}

/* RFC 8058 s3.1 */
static bool is_one_click(const struct message *m)
{
	const struct field *where = headernote_field(m, "List-Unsubscribe");
	const struct field *how = headernote_field(m, "List-Unsubscribe-Post");

	return where != NULL && how != NULL &&
		contains(where->value, "<https://") &&
		slice_is_equal_nocase(slice_trim(how->value),
			slice_of("List-Unsubscribe=One-Click"));
}

/* ---- is it signed? ---- */

static bool names_field(struct slice h, struct slice field)
{
	struct slice rest = h, name;

	while (slice_cut(&rest, ':', &name))
		if (slice_is_equal_nocase(slice_trim(name), field))
			return true;
	return false;
}

/* RFC 8058 s4: one signature that covers the fields that are there. */
static bool is_signed(const struct message *m, const struct auth_facts *auth)
{
	struct slice where = slice_of("List-Unsubscribe");
	struct slice how = slice_of("List-Unsubscribe-Post");

	for (unsigned i = 0; i < auth->dkim_count; i++) {
		const struct dkim_fact *f = &auth->dkim[i];

		if (f->result == AUTH_PASS &&
			names_field(f->signed_fields, where) &&
			(message_count(m, how) == 0 ||
				names_field(f->signed_fields, how)))
			return true;
	}
	return false;
}

/* Whether one passes is not to be told yet. */
static bool is_signing_open(const struct auth_facts *auth)
{
	if (auth == NULL || !auth->dkim_is_known || auth->dkim_ignored > 0)
		return true;
	for (unsigned i = 0; i < auth->dkim_count; i++)
		if (auth->dkim[i].result == AUTH_TEMPERROR ||
			auth->dkim[i].result == AUTH_UNKNOWN)
			return true;
	return false;
}

static void judge(struct headernote *n)
{
	const struct check_input *in = n->in;
	const struct message *m = in->message;

	if (is_automatic(in) || !is_bulk(m))
		return;
	if (!has(m, "List-Unsubscribe")) {
		if (!is_discussion(m) && !has_way_out_in_body(in->body))
			headernote_add(n, "no_unsubscribe", 1,
				"bulk mail without List-Unsubscribe");
		return;
	}
	if (!is_discussion(m) && !is_one_click(m))
		headernote_add(n, "no_one_click", 1,
			"no List-Unsubscribe-Post, or no https address in "
			"List-Unsubscribe (RFC 8058)");
	if (!is_signing_open(in->auth) && !is_signed(m, in->auth))
		headernote_add(n, "unsigned_unsubscribe", 1,
			"no valid DKIM signature covers List-Unsubscribe");
}

enum check_progress bulk_step(
	const struct check_input *in, struct findings *out)
{
	struct headernote n = { .check = "bulk", .in = in, .out = out };

	if (out == NULL || in->message == NULL)
		return CHECK_DONE;
	if (!in->message->is_header_partial)
		judge(&n);
	headernote_end(&n);
	return CHECK_DONE;
}
