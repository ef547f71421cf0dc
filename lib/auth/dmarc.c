/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/dmarc.h"

#include "auth/author.h"
#include "auth/dmarceval.h"
#include "auth/dmarcoverride.h"
#include "base/arena.h"
#include "base/buf.h"
#include "conf/conf.h"
#include "mail/taglist.h"
#include "net/hostname.h"
#include "net/psl.h"

#include <stdlib.h>
#include <string.h>

enum {
	AUTHOR_MAX = 1024, /* of the state's arena: one name */
	EVIDENCE_MAX = 600
};

struct state {
	struct arena *arena;
	enum from_kind kind;
	struct slice author;
	struct dmarceval *eval; /* of FROM_ONE */
	const struct psl *psl; /* NULL: by the tree walk */
	const struct psl *other; /* mode "both": the second evaluation */
};

/* What is to be reported, once all of it is known. */
struct report {
	struct dmarc_fact fact;
	struct dmarc_fact other;
	bool has_other;
	enum dmarcoverride override;
};

/* ---- what can be asked at the end of the header ---- */

struct expected {
	size_t count;
	struct slice domain[AUTH_DKIM_MAX + 1];
	char name[AUTH_DKIM_MAX + 1][HOSTNAME_MAX];
};

static void expect(struct expected *e, struct slice domain)
{
	size_t len;

	if (e->count > AUTH_DKIM_MAX ||
		psl_to_ascii(domain, e->name[e->count], &len) != RES_OK)
		return;
	e->domain[e->count] = slice_make(e->name[e->count], len);
	e->count++;
}

static void expect_signers(struct expected *e, const struct check_input *in)
{
	struct slice name = slice_of("DKIM-Signature");
	const struct message *m = in->message;
	struct taglist list;
	unsigned left = in->conf->dkim.signatures_max;

	for (size_t i = message_find(m, name, 0);
		i < m->field_count && left > 0;
		i = message_find(m, name, i + 1), left--) {
		const struct slice *d = NULL;

		if (taglist_parse(&list, m->fields[i].value) == RES_OK)
			d = taglist_find(&list, "d");
		if (d != NULL)
			expect(e, *d);
	}
}

static void start(const struct check_input *in, const struct state *s)
{
	struct expected e = { .count = 0 };

	if (in->envelope != NULL)
		expect(&e,
			in->envelope->sender.is_null
				? in->conn->helo
				: in->envelope->sender.domain);
	expect_signers(&e, in);
	dmarceval_start(s->eval, s->psl, e.domain, e.count);
	if (s->other != NULL)
		dmarceval_start(s->eval, s->other, e.domain, e.count);
}

/* ---- state ---- */

void dmarc_clear(void *state)
{
	struct state *s = state;

	dmarceval_free(s->eval);
	arena_free(s->arena);
	free(s);
}

static void pick_mode(struct state *s, const struct check_input *in)
{
	const struct dmarc_service *service = in->service;
	const char *mode = in->conf->auth.dmarc_mode;

	if (service == NULL)
		return;
	if (strcmp(mode, "psl") == 0)
		s->psl = service->psl;
	else if (strcmp(mode, "both") == 0)
		s->other = service->psl;
}

/* NULL: no memory. */
static struct state *begin(const struct check_input *in)
{
	struct state *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->arena = arena_new(AUTHOR_MAX);
	if (s->arena == NULL)
		goto fail;
	s->kind = author_find(in->message, s->arena, &s->author);
	pick_mode(s, in);
	if (s->kind == FROM_ONE) {
		s->eval = dmarceval_new(s->author, in->dns);
		if (s->eval == NULL)
			goto fail;
		start(in, s);
	}
	*in->state = s;
	return s;
fail:
	dmarc_clear(s);
	return NULL;
}

/* ---- the finding "from" ---- */

static void report_from(const struct check_input *in, enum from_kind kind,
	struct slice author, struct findings *out)
{
	struct finding *f = findings_add(out, "from");

	in->auth->from_kind = kind;
	f->detail = from_kind_name(kind);
	f->subject = author;
	f->evidence = kind == FROM_UNKNOWN
		? slice_of("the header is not complete")
		: slice_of(from_kind_name(kind));
	f->outcome = kind == FROM_ONE  ? OUTCOME_MISS
		: kind == FROM_UNKNOWN ? OUTCOME_UNKNOWN
				       : OUTCOME_HIT;
	if (kind == FROM_ONE)
		f->evidence = author;
}

/* ---- the finding "dmarc" ---- */

/* Whether it fails could not be told, and then something would follow. */
static bool is_policy_open(const struct report *r)
{
	return r->fact.result == AUTH_TEMPERROR &&
		dmarceval_policy(&r->fact) != DMARC_POLICY_NONE;
}

static const char *detail_of(const struct report *r)
{
	if (is_policy_open(r) && r->override == DMARCOVERRIDE_NO)
		return "temperror_strict";
	if (r->fact.result != AUTH_FAIL)
		return auth_result_name(r->fact.result);
	switch (r->override) {
	case DMARCOVERRIDE_UNKNOWN:
		return auth_result_name(AUTH_TEMPERROR);
	case DMARCOVERRIDE_YES:
		return "fail";
	case DMARCOVERRIDE_NO:
		break;
	}
	switch (dmarceval_policy(&r->fact)) {
	case DMARC_POLICY_NONE:
		break;
	case DMARC_POLICY_QUARANTINE:
		return "fail_quarantine";
	case DMARC_POLICY_REJECT:
		return "fail_reject";
	}
	return "fail";
}

static enum outcome outcome_of(const struct report *r)
{
	if (r->fact.result == AUTH_PASS || r->fact.result == AUTH_NONE)
		return OUTCOME_MISS;
	if (r->fact.result == AUTH_TEMPERROR ||
		(r->fact.result == AUTH_FAIL &&
			r->override == DMARCOVERRIDE_UNKNOWN))
		return OUTCOME_UNKNOWN;
	return OUTCOME_HIT;
}

static void add_policy(struct buf *b, const struct dmarc_fact *f)
{
	if (f->policy_tag[0] == '\0')
		return;
	buf_add_format(b, "; %.*s asks for %s (%s=%s)",
		SLICE_ARG(f->policy_domain), dmarc_policy_name(f->policy),
		f->policy_tag, dmarc_policy_name(f->policy));
	if (f->is_testing)
		buf_add_text(b, " and is testing (t=y)");
}

static void add_seen(struct buf *b, const char *method, enum auth_result result,
	struct slice domain)
{
	buf_add_format(b, "%s %s", method, auth_result_name(result));
	if (!slice_is_empty(domain))
		buf_add_format(b, " for %.*s", SLICE_ARG(domain));
}

/* What a stranger needs to repair it: who was compared with whom. */
static void add_compared(struct buf *b, const struct auth_facts *auth)
{
	buf_add_text(b, "; ");
	add_seen(b, "SPF", auth->mailfrom.result, auth->mailfrom.domain);
	for (unsigned i = 0; i < auth->dkim_count; i++) {
		buf_add_text(b, ", ");
		add_seen(b, "DKIM", auth->dkim[i].result, auth->dkim[i].domain);
	}
	if (auth->dkim_count == 0)
		buf_add_text(b, ", no DKIM signature");
}

static void describe(
	struct buf *b, const struct check_input *in, const struct report *r)
{
	const struct dmarc_fact *f = &r->fact;

	if (!slice_is_empty(f->from_domain))
		buf_add_format(b, "%.*s: ", SLICE_ARG(f->from_domain));
	buf_add_text(b, auth_result_name(f->result));
	if (f->result == AUTH_PASS)
		buf_add_format(b, " by %s of %.*s",
			f->dkim_aligned ? "DKIM" : "SPF",
			SLICE_ARG(f->aligned_domain));
	if (!slice_is_empty(f->reason))
		buf_add_format(b, ", %.*s", SLICE_ARG(f->reason));
	add_policy(b, f);
	if (f->result != AUTH_FAIL)
		return;
	if (!slice_is_empty(f->override))
		buf_add_format(b, "; not held against it: %.*s",
			SLICE_ARG(f->override));
	if (r->override == DMARCOVERRIDE_UNKNOWN)
		buf_add_text(b, "; could not ask for mailing lists or sealers");
	add_compared(b, in->auth);
}

static struct slice keep(const struct check_input *in, const struct buf *b)
{
	struct slice kept;

	return arena_copy(in->arena, buf_slice(b), &kept) == RES_OK
		? kept
		: slice_of("");
}

static void report_dmarc(const struct check_input *in, const struct report *r,
	struct findings *out)
{
	struct finding *f = findings_add(out, "dmarc");
	struct buf line;

	in->auth->dmarc = r->fact;
	f->detail = detail_of(r);
	f->outcome = outcome_of(r);
	f->subject = r->fact.from_domain;
	buf_init(&line, EVIDENCE_MAX);
	describe(&line, in, r);
	f->evidence = keep(in, &line);
	buf_clear(&line);
}

/* ---- the finding "dmarc-modes" ---- */

static bool is_same(const struct dmarc_fact *a, const struct dmarc_fact *b)
{
	return a->result == b->result &&
		(a->result != AUTH_FAIL ||
			dmarceval_policy(a) == dmarceval_policy(b));
}

static void add_mode(struct buf *b, const struct dmarc_fact *f)
{
	buf_add_format(b, "%s: %s", f->discovery, auth_result_name(f->result));
	if (!slice_is_empty(f->policy_domain))
		buf_add_format(b, ", %s at %.*s",
			dmarc_policy_name(dmarceval_policy(f)),
			SLICE_ARG(f->policy_domain));
	if (!slice_is_empty(f->org_domain))
		buf_add_format(
			b, ", organisation %.*s", SLICE_ARG(f->org_domain));
}

static void report_modes(const struct check_input *in, const struct report *r,
	struct findings *out)
{
	struct finding *f = findings_add(out, "dmarc-modes");
	bool is_unknown = r->fact.result == AUTH_TEMPERROR ||
		r->other.result == AUTH_TEMPERROR;
	struct buf line;

	in->auth->dmarc_other = r->other;
	f->subject = r->fact.from_domain;
	f->outcome = is_unknown		       ? OUTCOME_UNKNOWN
		: is_same(&r->fact, &r->other) ? OUTCOME_MISS
					       : OUTCOME_HIT;
	buf_init(&line, EVIDENCE_MAX);
	add_mode(&line, &r->fact);
	buf_add_text(&line, "; ");
	add_mode(&line, &r->other);
	f->evidence = keep(in, &line);
	buf_clear(&line);
}

/* ---- the check ---- */

/* No author domain: RFC 9989 s5.3.1, nothing to look up. */
static void report_without(
	const struct check_input *in, enum from_kind kind, struct findings *out)
{
	struct report r = { .fact = { .result = AUTH_NONE,
				    .policy_tag = "",
				    .discovery = "",
				    .reason = slice_of(
					    "not one author domain") } };

	if (kind == FROM_UNKNOWN) {
		r.fact.result = AUTH_TEMPERROR;
		r.fact.reason = slice_of("the header is not complete");
	}
	report_from(in, kind, slice_of(""), out);
	report_dmarc(in, &r, out);
}

static enum check_progress evaluate(
	const struct check_input *in, const struct state *s, struct report *r)
{
	const struct dmarc_service *service = in->service;
	const struct auth_facts *auth = in->auth;
	struct slice why;

	if (!auth->dkim_is_known || auth->mailfrom.result == AUTH_UNKNOWN)
		return CHECK_WAITING;
	if (dmarceval_run(s->eval, s->psl, auth, &r->fact) == CHECK_WAITING)
		return CHECK_WAITING;
	r->has_other = s->other != NULL;
	if (r->has_other &&
		dmarceval_run(s->eval, s->other, auth, &r->other) ==
			CHECK_WAITING)
		return CHECK_WAITING;
	if (r->fact.result != AUTH_FAIL && !is_policy_open(r))
		return CHECK_DONE;
	if (auth->arc.result == AUTH_UNKNOWN)
		return CHECK_WAITING;
	r->override = dmarcoverride_find(in->conf,
		service == NULL ? NULL : service->trust, auth, s->author, &why);
	if (r->fact.result == AUTH_FAIL)
		r->fact.override = why;
	return CHECK_DONE;
}

enum check_progress dmarc_step(
	const struct check_input *in, struct findings *out)
{
	struct state *s = *in->state != NULL ? *in->state : begin(in);
	struct report r = { .override = DMARCOVERRIDE_UNKNOWN };

	if (out == NULL)
		return s == NULL || s->kind != FROM_ONE ? CHECK_DONE
							: CHECK_WAITING;
	if (s == NULL || s->kind != FROM_ONE) {
		report_without(in, s == NULL ? FROM_UNKNOWN : s->kind, out);
		return CHECK_DONE;
	}
	if (evaluate(in, s, &r) == CHECK_WAITING)
		return CHECK_WAITING;
	report_from(in, s->kind, s->author, out);
	report_dmarc(in, &r, out);
	if (r.has_other)
		report_modes(in, &r, out);
	return CHECK_DONE;
}
