/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/receivedspf.h"

#include "auth/fieldtext.h"

const char receivedspf_name[] = "Received-SPF";

enum { FIRST_COLUMN = sizeof(receivedspf_name), MECHANISM_MAX = 128 };

/* What the domain says of the client, behind its name. */
static const char *words_of(enum auth_result r)
{
	switch (r) {
	case AUTH_PASS:
		return "permits";
	case AUTH_FAIL:
		return "does not permit";
	case AUTH_SOFTFAIL:
		return "does not expect";
	case AUTH_NEUTRAL:
		return "says nothing about";
	case AUTH_NONE:
		return "has no record for";
	case AUTH_TEMPERROR:
		return "could not be asked about";
	case AUTH_PERMERROR:
		return "has a broken record for";
	case AUTH_POLICY:
	case AUTH_UNKNOWN:
		break;
	}
	return "was not asked about";
}

/* "(mx.example.net: example.org permits 192.0.2.1)"; a name of no use is left
 * out, and so is what could end the comment. */
static void add_comment(struct fieldtext *t, const struct authres_input *in,
	const struct spf_fact *f, const char *ip)
{
	struct slice domain = fieldtext_is_name(f->domain)
		? f->domain
		: slice_of("the domain");

	fieldtext_word(t, "(%.*s:", SLICE_ARG(in->authserv_id));
	fieldtext_word(t, "%.*s", SLICE_ARG(domain));
	fieldtext_word(t, "%s %s)", words_of(f->result), ip);
}

static void add_sender(struct fieldtext *t, const struct authres_input *in)
{
	const struct envelope *e = in->envelope;
	struct slice domain = in->auth->mailfrom.domain;

	if (in->auth->is_null_sender || !fieldtext_is_name(domain))
		return;
	fieldtext_mark(t, ";");
	if (e != NULL && fieldtext_is_local(e->sender.local))
		fieldtext_word(t, "envelope-from=\"%.*s@%.*s\"",
			SLICE_ARG(e->sender.local), SLICE_ARG(domain));
	else
		fieldtext_word(t, "envelope-from=\"%.*s\"", SLICE_ARG(domain));
}

static void add_helo(struct fieldtext *t, const struct auth_facts *auth)
{
	struct slice name = auth->is_null_sender ? auth->mailfrom.domain
						 : auth->helo.domain;

	if (slice_is_empty(name))
		return;
	fieldtext_mark(t, ";");
	fieldtext_quoted(t, "helo", slice_part(name, 0, 255));
}

static bool is_error(enum auth_result r)
{
	return r == AUTH_TEMPERROR || r == AUTH_PERMERROR;
}

enum result receivedspf_format(const struct authres_input *in, struct buf *out)
{
	const struct spf_fact *f = &in->auth->mailfrom;
	char ip[IPADDR_TEXT_MAX];
	struct fieldtext t;

	if (f->result == AUTH_UNKNOWN)
		return buf_result(out);
	fieldtext_init(&t, out, FIRST_COLUMN);
	fieldtext_word(&t, "%s", auth_result_name(f->result));
	add_comment(&t, in, f, ipaddr_format(in->ip, ip));
	fieldtext_fold(&t);
	fieldtext_quoted(&t, "client-ip", slice_of(ip));
	add_sender(&t, in);
	add_helo(&t, in->auth);
	fieldtext_mark(&t, ";");
	fieldtext_quoted(&t, "receiver", in->authserv_id);
	fieldtext_mark(&t, ";");
	fieldtext_word(&t, "identity=%s",
		in->auth->is_null_sender ? "helo" : "mailfrom");
	if (!slice_is_empty(f->matched)) {
		fieldtext_mark(&t, ";");
		fieldtext_quoted(&t, "mechanism",
			slice_part(f->matched, 0, MECHANISM_MAX));
	}
	if (is_error(f->result) && !slice_is_empty(f->reason)) {
		fieldtext_mark(&t, ";");
		fieldtext_quoted(&t, "problem", slice_part(f->reason, 0, 200));
	}
	return buf_result(out);
}
