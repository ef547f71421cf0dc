/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/remedies.h"

#include "policy/dictionary.h"
#include "web/view.h"

#include <string.h>

/* ---- who ---- */

static const struct {
	const char *text;
	const char *plain;
} people[REMEDY_WHO_COUNT] = {
	[REMEDY_SERVER] = { N_("The administrator of the sending server {ip}"),
		N_("The administrator of the sending server") },
	[REMEDY_ADDRESS] = { N_("Whoever provides the address {ip}, often a "
				"data centre or an Internet provider"),
		N_("Whoever provides the address of the sending server") },
	[REMEDY_SPF] = { N_("Whoever runs DNS for {spf_domain}"),
		N_("Whoever runs DNS for the domain of the envelope sender") },
	[REMEDY_DOMAIN] = { N_("Whoever runs DNS for {author}"),
		N_("Whoever runs DNS for the domain in the From field") },
	[REMEDY_SIGNER] = { N_("Whoever signs messages for {dkim_domain}"),
		N_("Whoever signs the messages") },
	[REMEDY_SEALER] = { N_("Whoever forwards messages at {arc_sealer}"),
		N_("Whoever forwards the messages") },
	[REMEDY_FORWARDER] = { N_("Whoever forwards the messages, or runs the "
				  "mailing list"),
		NULL },
	[REMEDY_PROGRAM] = { N_("Whoever runs the program that made the "
				"message"),
		NULL },
	[REMEDY_MAILING] = { N_("Whoever sends the newsletter or the notice"),
		NULL },
	[REMEDY_AUTHOR] = { N_("You, the author"), NULL },
	[REMEDY_RECIPIENT] = { N_("The recipient"), NULL },
	[REMEDY_NOBODY] = { N_("Nobody"), NULL },
};

/* ---- what ---- */

/* Zero ends a row of the table below. */
enum step {
	STEP_NONE = 0,
	STEP_STOP,
	STEP_ASK,
	STEP_PASS_ON,
	STEP_VOUCH,
	STEP_WAIT,
	STEP_SUPPORT,
	STEP_TABLE,
	STEP_PTR,
	STEP_FORWARD,
	STEP_WRITE_FROM,
	STEP_SIGN,
	STEP_PUBLISH_KEY,
	STEP_UNCHANGED,
	STEP_FIRST,
	STEP_NAME_ADDRESS,
	STEP_ASK_PERSON,
	STEP_ASK_OWNER,
	STEP_PTR_BACK,
	STEP_PTR_SERVERS,
	STEP_SPF_ADD,
	STEP_SPF_ELSEWHERE,
	STEP_SPF_FORWARD,
	STEP_SPF_PUBLISH,
	STEP_SPF_SERVERS,
	STEP_SPF_MEND,
	STEP_KEY_COMPARE,
	STEP_KEY_STRONGER,
	STEP_KEY_SERVERS,
	STEP_SEAL_COMPARE,
	STEP_WRITE_DIRECTLY,
	STEP_SEAL_SERVERS,
	STEP_SPF_ALIGNED,
	STEP_DMARC_PUBLISH,
	STEP_DMARC_MEND,
	STEP_DMARC_SERVERS,
	STEP_FROM_WRITE,
	STEP_FROM_ONE,
	STEP_FROM_ADDRESS,
	STEP_ACCOUNT_SECURE,
	STEP_ACCOUNT_ASK,
	STEP_ACCOUNT_AGAIN,
	STEP_COUNT
};

static const struct remedy_step steps[STEP_COUNT] = {
	[STEP_STOP] = { REMEDY_SERVER,
		N_("Find out what made {ip} send mail that "
		   "nobody asked for: a stolen password, a form "
		   "on a web site, an infected machine, a list "
		   "of addresses that was bought. Stop that "
		   "first. An address that goes on is listed "
		   "again at once, and for longer."),
		N_("Find out what made the server send mail that "
		   "nobody asked for, and stop that first.") },
	[STEP_ASK] = { REMEDY_SERVER,
		N_("Then ask for removal. This page says whether "
		   "that can be done now."),
		NULL },
	[STEP_PASS_ON] = { REMEDY_AUTHOR,
		N_("Give this page, or its reference, to whoever "
		   "runs your mail server. You cannot repair it "
		   "from your mail program."),
		NULL },
	[STEP_VOUCH] = { REMEDY_RECIPIENT,
		N_("The recipient can vouch for this reference, "
		   "so that mail to that one mailbox gets "
		   "through in the meantime."),
		NULL },
	[STEP_WAIT] = { REMEDY_NOBODY,
		N_("Nothing has to be done: the sending server "
		   "tries again by itself."),
		NULL },
	[STEP_SUPPORT] = { REMEDY_SERVER,
		N_("If it lasts for more than a day, write to "
		   "our support and name the reference."),
		NULL },
	[STEP_TABLE] = { REMEDY_SERVER,
		N_("Look at the table of checks on this page and "
		   "begin with the one that added most."),
		NULL },
	[STEP_PTR] = { REMEDY_ADDRESS,
		N_("Publish a PTR record at {ptr_query} that "
		   "holds the host name of the server. Many "
		   "providers have a form for that; others do it "
		   "when asked."),
		N_("Publish a PTR record for the address that "
		   "holds the host name of the server.") },
	[STEP_FORWARD] = { REMEDY_FORWARDER,
		N_("A mailing list or a forwarder that changes "
		   "messages puts an address of its own into the "
		   "From field; one that does not leaves them as "
		   "they are, so that their signature holds."),
		NULL },
	[STEP_WRITE_FROM] = { REMEDY_AUTHOR,
		N_("If you wrote it in a mail program, look at "
		   "the name and the address in the settings of "
		   "your account."),
		NULL },
	[STEP_SIGN] = { REMEDY_SERVER,
		N_("Have the server sign messages with DKIM in "
		   "the name of {author} (d={author})."),
		N_("Have the server sign messages with DKIM in "
		   "the name of the domain in the From field.") },
	[STEP_PUBLISH_KEY] = { REMEDY_DOMAIN,
		N_("Publish the key of that signature as a TXT "
		   "record below _domainkey.{author}. A service "
		   "that sends for you gives you the record."),
		N_("Publish the key of that signature as a TXT "
		   "record below _domainkey of the domain.") },
	[STEP_UNCHANGED] = { REMEDY_SERVER,
		N_("Find out what changes messages after they "
		   "are signed: a footer, a virus scanner, a "
		   "gateway that rewrites lines. Sign behind "
		   "that."),
		NULL },
	[STEP_FIRST] = { REMEDY_SERVER,
		N_("Begin with SPF and DKIM of {author}: one of "
		   "the two that passes in the name of that "
		   "domain is enough for DMARC."),
		N_("Begin with SPF and DKIM of the domain in the "
		   "From field.") },
	[STEP_NAME_ADDRESS] = { REMEDY_SERVER,
		N_("Give that name an A or AAAA record that "
		   "holds {ip}. Or send through the mail server "
		   "of your provider."),
		N_("Give that name an A or AAAA record that "
		   "holds the address. Or send through the mail "
		   "server of your provider.") },
	[STEP_ASK_PERSON] = { REMEDY_SERVER,
		N_("Then ask for removal and say what was wrong "
		   "and what has been done. A person reads it "
		   "and answers."),
		NULL },
	[STEP_ASK_OWNER] = { REMEDY_SERVER,
		N_("Ask the owner of that public list to remove "
		   "{ip}. We take the list over as it is: what "
		   "is gone there is gone here soon after. Our "
		   "support says which list it is."),
		N_("Ask the owner of that public list to remove "
		   "the address. Our support says which list it "
		   "is.") },
	[STEP_PTR_BACK] = { REMEDY_SERVER,
		N_("Give {ptr_name} an A or AAAA record that "
		   "holds {ip}, or have the PTR record changed "
		   "to a name that has one."),
		N_("Give the name in the PTR record an A or AAAA "
		   "record that holds the address of the server.") },
	[STEP_PTR_SERVERS] = { REMEDY_ADDRESS,
		N_("If it lasts, look at the name servers that "
		   "answer for {ptr_query}."),
		N_("If it lasts, look at the name servers that "
		   "answer for the reverse name of the address.") },
	[STEP_SPF_ADD] = { REMEDY_SPF,
		N_("If {ip} may send for {spf_domain}, add "
		   "{spf_term} to the TXT record of {spf_domain} "
		   "that begins with v=spf1, before its last "
		   "word."),
		N_("If the server may send for the domain, add "
		   "its address to the SPF record of the domain.") },
	[STEP_SPF_ELSEWHERE] = { REMEDY_SERVER,
		N_("If not, send through a server that the "
		   "record of {spf_domain} names."),
		N_("If not, send through a server that the SPF "
		   "record of the domain names.") },
	[STEP_SPF_FORWARD] = { REMEDY_FORWARDER,
		N_("A server that only forwards puts a domain of "
		   "its own into the envelope sender."),
		NULL },
	[STEP_SPF_PUBLISH] = { REMEDY_SPF,
		N_("Publish a TXT record at {spf_domain} that "
		   "says who may send for it, for example: "
		   "v=spf1 {spf_term} -all"),
		N_("Publish an SPF record for the domain that "
		   "names its servers.") },
	[STEP_SPF_SERVERS] = { REMEDY_SPF,
		N_("If it lasts, look at the name servers that "
		   "answer for {spf_domain}, and for the names "
		   "in its SPF record."),
		N_("If it lasts, look at the name servers of the "
		   "domain.") },
	[STEP_SPF_MEND] = { REMEDY_SPF,
		N_("Mend the TXT record of {spf_domain}: exactly "
		   "one that begins with v=spf1, no misspelt "
		   "word, and at most ten words that ask DNS "
		   "(include, a, mx, ptr, exists, redirect). The "
		   "part about SPF on this page says what is "
		   "wrong."),
		N_("Mend the SPF record of the domain. The part "
		   "about SPF on this page says what is wrong.") },
	[STEP_KEY_COMPARE] = { REMEDY_SIGNER,
		N_("Compare the TXT record at {dkim_key} with "
		   "the key that signs; publish the one that "
		   "signs."),
		N_("Compare the key in DNS with the one that "
		   "signs; publish the one that signs.") },
	[STEP_KEY_STRONGER] = { REMEDY_SIGNER,
		N_("Sign all of the message (no l=), by "
		   "rsa-sha256 with a key of 2048 bits, or by "
		   "ed25519-sha256. Publish the new key at a new "
		   "name below _domainkey.{dkim_domain}."),
		N_("Sign all of the message (no l=), by "
		   "rsa-sha256 with a key of 2048 bits, or by "
		   "ed25519-sha256.") },
	[STEP_KEY_SERVERS] = { REMEDY_SIGNER,
		N_("If it lasts, look at the name servers that "
		   "answer for {dkim_key}."),
		N_("If it lasts, look at the name servers that "
		   "hold the key of the signature.") },
	[STEP_SEAL_COMPARE] = { REMEDY_SEALER,
		N_("Compare the TXT record at {arc_key} with the "
		   "key that seals, and find out what changes "
		   "messages after they are sealed."),
		N_("Compare the key in DNS with the one that "
		   "seals, and find out what changes messages "
		   "after they are sealed.") },
	[STEP_WRITE_DIRECTLY] = { REMEDY_AUTHOR,
		N_("Write to the recipient's own address rather "
		   "than to one that forwards."),
		NULL },
	[STEP_SEAL_SERVERS] = { REMEDY_SEALER,
		N_("If it lasts, look at the name servers that "
		   "answer for {arc_key}."),
		N_("If it lasts, look at the name servers that "
		   "hold the key of the seal.") },
	[STEP_SPF_ALIGNED] = { REMEDY_DOMAIN,
		N_("Or have SPF pass: the envelope sender is of "
		   "{author} or a name below it, and its SPF "
		   "record names {ip} ({spf_term})."),
		N_("Or have SPF pass: the envelope sender is of "
		   "the domain in the From field, and the SPF "
		   "record names the server.") },
	[STEP_DMARC_PUBLISH] = { REMEDY_DOMAIN,
		N_("Publish a TXT record at {dmarc_query}, to "
		   "begin with: v=DMARC1; p=none"),
		N_("Publish a DMARC record for the domain in the "
		   "From field.") },
	[STEP_DMARC_MEND] = { REMEDY_DOMAIN,
		N_("Mend the TXT record at {dmarc_query}. The "
		   "part about DMARC on this page says what is "
		   "wrong."),
		N_("Mend the DMARC record of the domain. The "
		   "part about DMARC on this page says what is "
		   "wrong.") },
	[STEP_DMARC_SERVERS] = { REMEDY_DOMAIN,
		N_("If it lasts, look at the name servers that "
		   "answer for {dmarc_query}, and for the "
		   "records of SPF and DKIM."),
		N_("If it lasts, look at the name servers of the "
		   "domain.") },
	[STEP_FROM_WRITE] = { REMEDY_SERVER,
		N_("Have the program that made the message write "
		   "one From field with an address."),
		NULL },
	[STEP_FROM_ONE] = { REMEDY_SERVER,
		N_("Have the program that made the message write "
		   "one From field only. A message of several "
		   "authors has addresses of one domain there."),
		NULL },
	[STEP_FROM_ADDRESS] = { REMEDY_SERVER,
		N_("Have the program that made the message write "
		   "an address into the From field, of a domain "
		   "that can exist."),
		NULL },
	[STEP_ACCOUNT_SECURE] = { REMEDY_AUTHOR,
		N_("Change the password of the account if somebody "
		   "else may know it, and find out what sent the "
		   "mail that was reported: a program, a form on a "
		   "web site, a list of addresses. Stop that."),
		NULL },
	[STEP_ACCOUNT_ASK] = { REMEDY_AUTHOR,
		N_("Then give this page, or its reference, to your "
		   "mail administrator, who can resume the account. "
		   "What you write is not lost: a mail program keeps "
		   "it, and a mail server goes on trying for days."),
		NULL },
	[STEP_ACCOUNT_AGAIN] = { REMEDY_AUTHOR,
		N_("Then give this page, or its reference, to your "
		   "mail administrator, who can resume the account. "
		   "After that, send the message again."),
		NULL },
};

static const enum step table[CODE_COUNT][REMEDY_STEPS_MAX + 1] = {
	[CODE_BLOCKED_SELF] = { STEP_STOP, STEP_ASK, STEP_PASS_ON, STEP_VOUCH },
	[CODE_BLOCKED_POLICY] = { STEP_PTR, STEP_NAME_ADDRESS, STEP_ASK,
		STEP_PASS_ON, STEP_VOUCH },
	[CODE_BLOCKED_REVIEW] = { STEP_STOP, STEP_ASK_PERSON, STEP_PASS_ON,
		STEP_VOUCH },
	[CODE_BLOCKED_FEED] = { STEP_STOP, STEP_ASK_OWNER, STEP_PASS_ON,
		STEP_VOUCH },
	[CODE_BLOCKED_LATER] = { STEP_STOP, STEP_ASK, STEP_PASS_ON,
		STEP_VOUCH },
	[CODE_LISTS_UNKNOWN] = { STEP_WAIT, STEP_SUPPORT },
	[CODE_INTERNAL] = { STEP_WAIT, STEP_SUPPORT },
	[CODE_INTERNAL_END] = { STEP_WAIT, STEP_SUPPORT },
	[CODE_MIXED_POLICY] = { STEP_WAIT },
	[CODE_SCORE_ENVELOPE] = { STEP_TABLE, STEP_PASS_ON, STEP_VOUCH },
	[CODE_SCORE_LATER] = { STEP_WAIT, STEP_TABLE },
	[CODE_SCORE_END] = { STEP_TABLE, STEP_PASS_ON, STEP_VOUCH },
	[CODE_GREYLIST_FIRST] = { STEP_WAIT, STEP_TABLE },
	[CODE_RATE_LIMIT] = { STEP_WAIT, STEP_SUPPORT },
	[CODE_RATE_LIMIT_END] = { STEP_WAIT, STEP_SUPPORT },
	[CODE_RATE_USER] = { STEP_WAIT, STEP_SUPPORT },
	[CODE_ACCOUNT_PAUSED] = { STEP_ACCOUNT_SECURE, STEP_ACCOUNT_ASK },
	[CODE_ACCOUNT_PAUSED_REJECT] = { STEP_ACCOUNT_SECURE,
		STEP_ACCOUNT_AGAIN },
	[CODE_DEFERRED_CORRESPONDENT] = { STEP_WAIT, STEP_TABLE },
	[CODE_DEFERRED_CORRESPONDENT_END] = { STEP_WAIT, STEP_TABLE },
	[CODE_SCORE_LATER_END] = { STEP_WAIT, STEP_TABLE },
	[CODE_IPREV_FAIL] = { STEP_PTR, STEP_PTR_BACK, STEP_PASS_ON },
	[CODE_IPREV_TEMPERROR] = { STEP_WAIT, STEP_PTR_SERVERS },
	[CODE_SPF_FAIL] = { STEP_SPF_ADD, STEP_SPF_ELSEWHERE, STEP_SPF_FORWARD,
		STEP_PASS_ON },
	[CODE_SPF_NONE] = { STEP_SPF_PUBLISH, STEP_PASS_ON },
	[CODE_SPF_TEMPERROR] = { STEP_WAIT, STEP_SPF_SERVERS },
	[CODE_SPF_PERMERROR] = { STEP_SPF_MEND, STEP_PASS_ON },
	[CODE_DKIM_NONE] = { STEP_SIGN, STEP_PUBLISH_KEY, STEP_PASS_ON },
	[CODE_DKIM_FAIL] = { STEP_KEY_COMPARE, STEP_UNCHANGED, STEP_FORWARD,
		STEP_PASS_ON },
	[CODE_DKIM_UNACCEPTABLE] = { STEP_KEY_STRONGER, STEP_PASS_ON },
	[CODE_DKIM_UNALIGNED] = { STEP_SIGN, STEP_PUBLISH_KEY, STEP_FORWARD,
		STEP_PASS_ON },
	[CODE_DKIM_TEMPERROR] = { STEP_WAIT, STEP_KEY_SERVERS },
	[CODE_ARC_FAIL] = { STEP_SEAL_COMPARE, STEP_WRITE_DIRECTLY },
	[CODE_ARC_TEMPERROR] = { STEP_WAIT, STEP_SEAL_SERVERS },
	[CODE_DMARC_FAIL] = { STEP_SIGN, STEP_PUBLISH_KEY, STEP_SPF_ALIGNED,
		STEP_FORWARD, STEP_PASS_ON },
	[CODE_DMARC_NONE] = { STEP_DMARC_PUBLISH, STEP_PASS_ON },
	[CODE_DMARC_PERMERROR] = { STEP_DMARC_MEND, STEP_PASS_ON },
	[CODE_DMARC_TEMPERROR] = { STEP_WAIT, STEP_DMARC_SERVERS },
	[CODE_AUTH_SEVERAL] = { STEP_FIRST, STEP_TABLE, STEP_PASS_ON },
	[CODE_DMARC_SEVERAL] = { STEP_FIRST, STEP_TABLE, STEP_SIGN,
		STEP_PUBLISH_KEY, STEP_PASS_ON },
	[CODE_FROM_NONE] = { STEP_FROM_WRITE, STEP_WRITE_FROM },
	[CODE_FROM_SEVERAL] = { STEP_FROM_ONE, STEP_WRITE_FROM },
	[CODE_FROM_UNREADABLE] = { STEP_FROM_ADDRESS, STEP_WRITE_FROM },
};

const struct remedy_step *remedy_step(enum code c, size_t i)
{
	if (c <= CODE_NONE || c >= CODE_COUNT || i >= REMEDY_STEPS_MAX ||
		table[c][i] == STEP_NONE)
		return NULL;
	return &steps[table[c][i]];
}

/* The beginning of the names of codes that have one page. */
static const struct {
	const char *prefix;
	const char *page;
} help_pages[] = {
	{ "BLOCKED_", "delisting" },
	{ "SCORE_", "scores" },
	{ "IPREV_", "rdns" },
	{ "SPF_", "authentication" },
	{ "DKIM_", "authentication" },
	{ "ARC_", "authentication" },
	{ "DMARC_", "authentication" },
	{ "AUTH_", "authentication" },
	{ "FROM_", "policies" },
	{ "GREYLIST_", "greylisting" },
	{ "RATE_", "rates" },
	{ "ACCOUNT_", "policies" },
	{ "DEFERRED_CORRESPONDENT", "scores" },
};

const char *remedy_help(enum code c)
{
	const struct code_row *row = code_row(c);

	for (size_t i = 0;
		row != NULL && i < sizeof(help_pages) / sizeof(help_pages[0]);
		i++)
		if (strncmp(row->name, help_pages[i].prefix,
			    strlen(help_pages[i].prefix)) == 0)
			return help_pages[i].page;
	return NULL;
}

/* ---- showing ---- */

/* Has the view every value that the text names? */
static bool is_filled(const struct view *v, const char *text)
{
	while ((text = strchr(text, '{')) != NULL) {
		size_t len = strcspn(++text, "}");

		if (view_find(v, slice_make(text, len)).kind == VIEW_NONE)
			return false;
		text += len;
	}
	return true;
}

static const char *choose(
	const struct view *v, const char *text, const char *plain)
{
	return plain == NULL || is_filled(v, text) ? text : plain;
}

/* Steps of several codes and rows, each text once. */
struct plan {
	struct remedy_step step[REMEDY_PLAN_MAX];
	size_t count;
};

static void plan_add(struct plan *p, const struct remedy_step *s)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->step[i].who == s->who &&
			strcmp(p->step[i].text, s->text) == 0)
			return;
	if (p->count < REMEDY_PLAN_MAX)
		p->step[p->count++] = *s;
}

static enum remedy_who person_of(enum dictionary_who who)
{
	switch (who) {
	case DICTIONARY_NOBODY:
		break;
	case DICTIONARY_SERVER:
		return REMEDY_SERVER;
	case DICTIONARY_ADDRESS:
		return REMEDY_ADDRESS;
	case DICTIONARY_SENDER:
		return REMEDY_SPF;
	case DICTIONARY_DOMAIN:
		return REMEDY_DOMAIN;
	case DICTIONARY_PROGRAM:
		return REMEDY_PROGRAM;
	case DICTIONARY_MAILING:
		return REMEDY_MAILING;
	case DICTIONARY_AUTHOR:
		return REMEDY_AUTHOR;
	}
	return REMEDY_NOBODY;
}

static void plan_add_row(struct plan *p, const struct dictionary_row *row)
{
	const struct remedy_step step = { person_of(row->who), row->change,
		NULL };

	if (row->change != NULL)
		plan_add(p, &step);
}

/* Two names for one person are one person. */
static enum remedy_who person(const struct view *v, enum remedy_who who)
{
	struct view_value spf = view_find(v, slice_of("spf_domain"));
	struct view_value author = view_find(v, slice_of("author"));

	if (who == REMEDY_SPF && spf.kind == VIEW_TEXT &&
		slice_is_equal(spf.text, author.text))
		return REMEDY_DOMAIN;
	return who;
}

static void show_person(
	struct view *to, const struct plan *p, enum remedy_who who)
{
	struct view *item = NULL;

	for (size_t i = 0; i < p->count; i++) {
		const struct remedy_step *s = &p->step[i];

		if (person(to, s->who) != who)
			continue;
		if (item == NULL) {
			item = view_item(to, "remedies");
			view_say(item, "who",
				choose(to, people[who].text,
					people[who].plain));
		}
		view_say(view_item(item, "steps"), "step",
			choose(to, s->text, s->plain));
	}
}

void remedies_show(struct view *to, const struct remedy_needs *needs)
{
	const struct remedy_step *s;
	struct plan plan = { .count = 0 };

	for (size_t i = 0; i < needs->code_count; i++)
		for (size_t n = 0; (s = remedy_step(needs->code[i], n)) != NULL;
			n++)
			plan_add(&plan, s);
	for (size_t i = 0; i < needs->row_count; i++)
		plan_add_row(&plan, needs->row[i]);
	view_flag(to, "has_remedies", plan.count > 0);
	for (enum remedy_who who = 0; who < REMEDY_WHO_COUNT; who++)
		show_person(to, &plan, who);
}
