/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/headerfrom.h"

#include "base/buf.h"
#include "conf/conf.h"
#include "heur/imitation.h"
#include "mail/display.h"
#include "mail/encodedword.h"
#include "mail/from.h"
#include "net/hostname.h"

#include <string.h>

enum { TEXT_MAX = 1024 /* octets of what is shown */ };

struct author {
	const struct field *field;
	char domain[HOSTNAME_MAX]; /* folded, A-labels */
	struct slice name; /* the same */
	char text[TEXT_MAX];
	struct slice shown; /* of text: what stands beside the address */
};

/* ---- who it is ---- */

/* DMARC knows U-labels as well; without it plain names are read here. */
static bool find_domain(const struct check_input *in, struct author *a)
{
	struct slice domain =
		in->auth == NULL ? slice_of("") : in->auth->dmarc.from_domain;
	struct from_list list;
	size_t len;

	if (slice_is_empty(domain) &&
		from_parse(a->field->value, &list) == RES_OK && list.count == 1)
		domain = list.domain[0];
	if (hostname_parse(domain, a->domain, &len) != RES_OK)
		return false;
	a->name = slice_make(a->domain, len);
	return true;
}

static void show(struct author *a)
{
	struct buf raw, text;

	buf_init(&raw, TEXT_MAX);
	buf_init(&text, TEXT_MAX);
	display_add(a->field->value, &raw);
	(void)!encodedword_decode(buf_slice(&raw), &text, NULL);
	a->shown = slice_trim(buf_slice(&text));
	if (a->shown.len > 0)
		memcpy(a->text, a->shown.at, a->shown.len);
	a->shown.at = a->text;
	buf_clear(&raw);
	buf_clear(&text);
}

static bool find_author(const struct check_input *in, struct author *a)
{
	a->field = headernote_field(in->message, "From");
	if (a->field == NULL ||
		message_count(in->message, slice_of("From")) != 1 ||
		!find_domain(in, a))
		return false;
	show(a);
	return true;
}

/* ---- display_address ---- */

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9') || c == '-' || c == '.';
}

/* The domain of the next "@" from *at on that has one. */
static bool next_address(
	struct slice text, size_t *at, char domain[HOSTNAME_MAX], size_t *len)
{
	while (*at < text.len) {
		size_t sign =
			*at + slice_find(slice_part(text, *at, text.len), '@');
		size_t end = sign + 1;

		while (end < text.len && is_name(text.at[end]))
			end++;
		*at = end;
		if (sign == 0 || sign >= text.len || text.at[sign - 1] == ' ')
			continue;
		if (hostname_parse(slice_part(text, sign + 1, end - sign - 1),
			    domain, len) == RES_OK &&
			memchr(domain, '.', *len) != NULL)
			return true;
	}
	return false;
}

/* One of them is the other's, or both are of one organisation, or of the same
 * name in another country. */
static bool is_related(
	const struct check_input *in, struct slice a, struct slice author)
{
	struct slice org =
		in->auth == NULL ? slice_of("") : in->auth->dmarc.org_domain;

	return hostname_is_within(a, author) || hostname_is_within(author, a) ||
		(!slice_is_empty(org) && hostname_is_within(a, org)) ||
		slice_is_equal(lookalike_label(a), lookalike_label(author));
}

static bool is_of_list(const struct message *m)
{
	return headernote_field(m, "List-Id") != NULL ||
		headernote_field(m, "List-Post") != NULL;
}

static bool holds_domain(const struct field *f, struct slice domain)
{
	struct from_list list;

	if (f == NULL || from_parse(f->value, &list) != RES_OK)
		return false;
	for (size_t i = 0; i < list.count; i++)
		if (slice_is_equal_nocase(list.domain[i], domain))
			return true;
	return false;
}

/* A list, a form on a web site and a service that writes for somebody show who
 * it is from as well. */
static double weigh_address(const struct message *m, struct slice domain)
{
	if (is_of_list(m))
		return 0.2;
	return holds_domain(headernote_field(m, "Reply-To"), domain) ? 0.4 : 1;
}

static void check_display(struct headernote *n, const struct author *a)
{
	char domain[HOSTNAME_MAX];
	size_t at = 0, len;

	while (next_address(a->shown, &at, domain, &len)) {
		struct slice name = slice_make(domain, len);

		if (is_related(n->in, name, a->name))
			continue;
		headernote_add(n, "display_address",
			weigh_address(n->in->message, name),
			"the name in From shows an address of %s, the address "
			"is of %s",
			domain, a->domain);
		return;
	}
}

/* ---- own_domain ---- */

static const char *find_own(const struct conf *conf, struct slice name)
{
	for (size_t i = 0; i < conf->portal.local_domain_count; i++)
		if (hostname_is_within(
			    name, slice_of(conf->portal.local_domains[i])))
			return conf->portal.local_domains[i];
	return NULL;
}

static bool is_open(enum auth_result r)
{
	return r == AUTH_UNKNOWN || r == AUTH_TEMPERROR;
}

/* All that could prove the author is known. */
static bool is_auth_known(const struct auth_facts *auth)
{
	if (auth == NULL || is_open(auth->dmarc.result) ||
		is_open(auth->mailfrom.result) || !auth->dkim_is_known ||
		auth->dkim_ignored > 0)
		return false;
	for (unsigned i = 0; i < auth->dkim_count; i++)
		if (is_open(auth->dkim[i].result))
			return false;
	return true;
}

static bool is_pass_within(
	enum auth_result result, struct slice domain, const char *own)
{
	char name[HOSTNAME_MAX];
	size_t len;

	return result == AUTH_PASS &&
		hostname_parse(domain, name, &len) == RES_OK &&
		hostname_is_within(slice_make(name, len), slice_of(own));
}

static bool is_proved(const struct auth_facts *auth, const char *own)
{
	if (auth->dmarc.result == AUTH_PASS || auth->dmarc.spf_aligned ||
		auth->dmarc.dkim_aligned ||
		!slice_is_empty(auth->dmarc.override) || auth->arc.is_trusted ||
		is_pass_within(
			auth->mailfrom.result, auth->mailfrom.domain, own))
		return true;
	for (unsigned i = 0; i < auth->dkim_count; i++)
		if (is_pass_within(
			    auth->dkim[i].result, auth->dkim[i].domain, own))
			return true;
	return false;
}

static void check_own(struct headernote *n, const struct author *a)
{
	const struct check_input *in = n->in;
	const char *own = find_own(in->conf, a->name);

	if (own == NULL || !is_auth_known(in->auth) ||
		is_proved(in->auth, own) ||
		(in->envelope != NULL &&
			!slice_is_empty(in->envelope->auth_type)))
		return;
	/* A post of ours that a list brings back. */
	headernote_add(n, "own_domain", is_of_list(in->message) ? 0.5 : 1,
		"From is of %s, a domain of ours, and neither SPF nor DKIM "
		"proves it",
		a->domain);
}

/* ---- lookalike ---- */

static double weigh_likeness(enum lookalike_kind kind)
{
	switch (kind) {
	case LOOKALIKE_NO:
	case LOOKALIKE_SELF:
		break;
	case LOOKALIKE_CONFUSABLE:
	case LOOKALIKE_DIGITS:
		return 1;
	case LOOKALIKE_FRONT:
		return 0.75;
	case LOOKALIKE_TYPO:
	case LOOKALIKE_HYPHEN:
		return 0.5;
	case LOOKALIKE_ENDING:
		return 0.25;
	}
	return 0;
}

static void check_likeness(struct headernote *n, const struct author *a)
{
	const struct imitation_question q = { a->name, a->shown };
	struct imitation_answer answer;

	if (n->in->service == NULL)
		return;
	answer = imitation_ask(n->in->service, n->in->conf, &q);
	if (answer.kind == LOOKALIKE_NO || answer.kind == LOOKALIKE_SELF)
		return;
	headernote_add(n, "lookalike", weigh_likeness(answer.kind),
		"%s%s %s %s", answer.is_text ? "the name in From, of " : "",
		a->domain, lookalike_kind_text(answer.kind), answer.name);
}

void headerfrom_run(struct headernote *n)
{
	struct author a;

	if (!find_author(n->in, &a))
		return;
	check_display(n, &a);
	check_own(n, &a);
	check_likeness(n, &a);
}
