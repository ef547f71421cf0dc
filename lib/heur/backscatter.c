/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/backscatter.h"

#include "conf/conf.h"
#include "heur/headernote.h"
#include "net/hostname.h"

#include <string.h>

enum {
	HEADER_MAX = 65536, /* octets of a returned header that are read */
	RETURNED_MAX = 8 /* headers in one bounce */
};

/* ---- what it is ---- */

static bool is_null_sender(const struct check_input *in)
{
	return in->envelope != NULL && in->envelope->sender.is_null;
}

/* A report of delivery; one of abuse or of a reading returns what others sent
 * as well. */
static bool is_report(const struct message *m)
{
	const struct field *f = headernote_field(m, "Content-Type");
	struct slice value = f == NULL ? slice_of("") : slice_trim(f->value);
	struct slice word = slice_of("delivery-status");

	if (!slice_has_prefix_nocase(value, slice_of("multipart/report")))
		return false;
	for (size_t i = 0; i + word.len <= value.len; i++)
		if (slice_has_prefix_nocase(
			    slice_part(value, i, value.len), word))
			return true;
	return false;
}

static bool is_returned(const struct body_part *p)
{
	return slice_is_equal(p->type, slice_of("message/rfc822")) ||
		slice_is_equal(p->type, slice_of("message/global")) ||
		slice_is_equal(p->type, slice_of("text/rfc822-headers")) ||
		slice_is_equal(p->type, slice_of("message/global-headers"));
}

/* ---- what it names ---- */

static bool is_of_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

static bool is_ours(const struct conf *conf, struct slice word)
{
	char name[HOSTNAME_MAX];
	struct slice folded;
	size_t len;

	if (hostname_parse(word, name, &len) != RES_OK)
		return false;
	folded = slice_make(name, len);
	if (slice_is_equal_nocase(folded, slice_of(conf->host)))
		return true;
	for (size_t i = 0; i < conf->portal.local_domain_count; i++)
		if (hostname_is_within(
			    folded, slice_of(conf->portal.local_domains[i])))
			return true;
	return false;
}

/* Any name in it will do: a name of ours that a forger put there costs him
 * more than it gains, and an own bounce that is lost costs us more. */
static bool names_us(const struct conf *conf, struct slice value)
{
	for (size_t i = 0; i < value.len;) {
		size_t from = i;

		while (i < value.len && is_of_name(value.at[i]))
			i++;
		if (i > from &&
			is_ours(conf, slice_part(value, from, i - from)))
			return true;
		i += i == from;
	}
	return false;
}

/* Fields that whoever sends a message writes, or whoever took it from him. */
static bool is_telling(struct slice name)
{
	static const char *const known[] = { "Message-ID", "Received", "From",
		"Sender", "Return-Path", "DKIM-Signature", "Reply-To",
		"Resent-From", "X-Original-From" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (slice_is_equal_nocase(name, slice_of(known[i])))
			return true;
	return false;
}

struct header {
	size_t fields;
	bool is_ours;
};

/* Reads lines up to the empty one; a fold belongs to the field above it. */
static void read_header(
	const struct conf *conf, struct slice text, struct header *out)
{
	struct slice rest = slice_part(text, 0, HEADER_MAX), line;
	bool is_telling_now = false;

	while (slice_cut(&rest, '\n', &line)) {
		size_t colon = slice_find(line, ':');
		bool is_fold = line.len > 0 &&
			(line.at[0] == ' ' || line.at[0] == '\t');
		struct slice value = line;

		if (slice_is_empty(slice_trim(line)))
			break;
		if (!is_fold) {
			struct slice name =
				slice_trim(slice_part(line, 0, colon));

			if (colon == line.len)
				continue;
			out->fields++;
			is_telling_now = is_telling(name);
			value = slice_part(line, colon + 1, line.len);
		}
		if (is_telling_now && names_us(conf, value))
			out->is_ours = true;
	}
}

static void check_returned(struct headernote *n)
{
	const struct body_facts *body = n->in->body;
	struct header seen = { .fields = 0 };
	unsigned left = RETURNED_MAX;

	if (body == NULL || !body->is_known ||
		n->in->conf->portal.local_domain_count == 0 ||
		(!is_null_sender(n->in) && !is_report(n->in->message)))
		return;
	for (size_t i = 0; i < body->part_count && left > 0; i++) {
		if (!is_returned(&body->parts[i]))
			continue;
		read_header(n->in->conf, body->parts[i].content, &seen);
		left--;
	}
	if (seen.fields > 0 && !seen.is_ours)
		headernote_add(n, "never_sent", 1,
			"the header it returns names no host and no domain "
			"of ours");
}

static void check_recipients(struct headernote *n)
{
	const struct envelope *e = n->in->envelope;

	if (is_null_sender(n->in) && e->rcpt_accepted > 1)
		headernote_add(n, "several_recipients", 1,
			"a null sender, and %u recipients", e->rcpt_accepted);
}

enum check_progress backscatter_step(
	const struct check_input *in, struct findings *out)
{
	struct headernote n = { .check = "backscatter", .in = in, .out = out };

	if (out == NULL || in->message == NULL)
		return CHECK_DONE;
	check_recipients(&n);
	check_returned(&n);
	headernote_end(&n);
	return CHECK_DONE;
}
