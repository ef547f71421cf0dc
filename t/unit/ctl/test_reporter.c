/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/reporter.h"

#include "conf/conf.h"
#include "net/psl.h"

#include "support/case.h"
#include "unit/ctl/tracerig.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 65536 };

struct world {
	struct conf *conf;
	struct psl *psl;
	struct tracekeys_ring ring;
};

static void open_world(struct world *w, const char *more)
{
	w->conf = tracerig_conf(more);
	assert_int_equal(psl_open(&w->psl), RES_OK);
	w->ring = tracerig_ring();
}

static void close_world(struct world *w)
{
	psl_close(w->psl);
	conf_release(w->conf);
}

static struct reporter find(const struct world *w, struct slice header)
{
	struct savedmail m;
	struct reporter got;
	const struct reporter_input in = {
		.conf = w->conf,
		.ring = &w->ring,
		.host = slice_of(TRACERIG_HOST),
		.psl = w->psl,
		.mail = &m,
		.now_s = TRACERIG_NOW_S,
	};

	assert_int_equal(savedmail_parse(&m, header), RES_OK);
	assert_int_equal(reporter_find(&in, &got), RES_OK);
	savedmail_clear(&m);
	return got;
}

/* ---- results of authentication ---- */

struct row {
	const char *header;
	const char *proof;
	const char *mail;
	const char *conf; /* NULL: nothing more */
};

/* Whoever can make subdomains is still one. */
static void is_of(void **state)
{
	static const struct {
		const char *domain;
		bool has_list;
		const char *organisation;
	} rows[] = {
		{ "example.org", true, "example.org" },
		{ "A.B.Example.org", true, "example.org" },
		{ "a.b.example.co.uk", true, "example.co.uk" },
		{ "a.b.example.co.uk", false, "co.uk" },
		{ "b.example.org", false, "example.org" },
		{ "example.org", false, "example.org" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world w;
		struct reporter got;
		struct psl *list;
		char text[512];

		open_world(&w, "");
		list = w.psl;
		if (!rows[i].has_list)
			w.psl = NULL;
		snprintf(text, sizeof(text),
			"Authentication-Results: " TRACERIG_HOST
			"; dmarc=pass header.from=%s\nFrom: joe@%s\n\n",
			rows[i].domain, rows[i].domain);
		got = find(&w, slice_of(text));
		assert_string_equal(
			report_proof_name(got.proof), "authenticated");
		assert_string_equal(got.organisation, rows[i].organisation);
		w.psl = list;
		close_world(&w);
	}
}

static void proves(void **state)
{
	const struct row *row = *state;
	struct world w;
	struct reporter got;

	open_world(&w, row->conf != NULL ? row->conf : "");
	got = find(&w, slice_of(row->header));
	assert_string_equal(report_proof_name(got.proof), row->proof);
	assert_string_equal(got.mail, row->mail);
	assert_string_equal(got.account, "");
	close_world(&w);
}

/* ---- traces ---- */

struct trace_row {
	enum trace_direction above; /* a second trace, on top */
	enum trace_direction direction;
	int64_t age_s;
	const char *said; /* header that the trace is of */
	const char *is; /* header that it stands on */
	const char *proof;
	const char *conf; /* NULL: nothing more */
};

#define HEADER "From: joe@example.net\nMessage-ID: <1@example.net>\n\n"

/* The field of a trace, without what it is bound to. */
static void add_field(struct buf *out, const struct world *w,
	const struct trace *t, const char *bound)
{
	struct buf text;

	buf_init(&text, TEXT_MAX);
	tracerig_add(&text, &w->ring, t, bound);
	buf_add(out,
		slice_part(buf_slice(&text), 0,
			slice_find(buf_slice(&text), '\n') + 1));
	buf_clear(&text);
}

static void is_ours(void **state)
{
	const struct trace_row *row = *state;
	const struct trace in = tracerig_in();
	struct trace t = row->direction == TRACE_OUT ? tracerig_out() : in;
	struct world w;
	struct reporter got;
	struct buf text;

	open_world(&w, row->conf != NULL ? row->conf : "");
	buf_init(&text, TEXT_MAX);
	t.at_s = TRACERIG_NOW_S - row->age_s;
	if (row->above == TRACE_IN)
		add_field(&text, &w, &in, row->is);
	add_field(&text, &w, &t, row->said);
	buf_add_text(&text, row->is);
	got = find(&w, buf_slice(&text));
	assert_string_equal(report_proof_name(got.proof), row->proof);
	assert_string_equal(
		got.account, got.proof == REPORT_LOCAL ? TRACERIG_ACCOUNT : "");
	buf_clear(&text);
	close_world(&w);
}

#define PROOF(text, header, proof, mail) \
	CASE(text, proves, (&(struct row){ header, proof, mail, NULL }))
#define PROOF_BY(text, ...) CASE(text, proves, (&(struct row){ __VA_ARGS__ }))
#define TRACE(text, ...) \
	CASE(text, is_ours, (&(struct trace_row){ __VA_ARGS__, NULL }))
#define TRACE_BY(text, ...) \
	CASE(text, is_ours, (&(struct trace_row){ __VA_ARGS__ }))
#define OURS "Authentication-Results: " TRACERIG_HOST ";\n\t"
#define JOE "From: Joe <joe@mail.example.org>\n\n"

int main(void)
{
	const struct CMUnitTest cases[] = {
		PROOF("DMARC that passes proves the author",
			OURS "dmarc=pass header.from=mail.example.org\n" JOE,
			"authenticated", "joe@mail.example.org"),
		PROOF("DMARC of another domain does not",
			OURS "dmarc=pass header.from=example.org\n" JOE,
			"unproven", "joe@mail.example.org"),
		PROOF("DMARC that fails does not",
			OURS "dmarc=fail header.from=mail.example.org\n" JOE,
			"unproven", "joe@mail.example.org"),
		PROOF("SPF of the same organisation does",
			OURS "spf=pass smtp.mailfrom=b@example.org\n" JOE,
			"authenticated", "joe@mail.example.org"),
		PROOF("SPF of a greeting does not",
			OURS "spf=pass smtp.helo=mail.example.org\n" JOE,
			"unproven", "joe@mail.example.org"),
		PROOF("SPF of a public suffix does not",
			OURS "spf=pass smtp.mailfrom=org\n" JOE, "unproven",
			"joe@mail.example.org"),
		PROOF("DKIM of the same organisation does",
			OURS "dkim=fail header.d=x.test;\n\t"
			     "dkim=pass header.d=example.org\n" JOE,
			"authenticated", "joe@mail.example.org"),
		PROOF("DKIM of another one does not",
			OURS "dkim=pass header.d=example.com\n" JOE, "unproven",
			"joe@mail.example.org"),
		PROOF("what another host found does not",
			"Authentication-Results: mx.example.com;\n\t"
			"dmarc=pass header.from=mail.example.org\n" JOE,
			"unproven", "joe@mail.example.org"),
		PROOF("only the topmost of ours counts",
			OURS "none\n" OURS
			     "dmarc=pass header.from=mail.example.org\n" JOE,
			"unproven", "joe@mail.example.org"),
		PROOF("another one may stand above it",
			"Authentication-Results: mx.example.com; none\n" OURS
			"dmarc=pass header.from=mail.example.org\n" JOE,
			"authenticated", "joe@mail.example.org"),
		PROOF("what cannot be read to its end proves nothing",
			OURS
			"dmarc=pass header.from=mail.example.org; ((\n" JOE,
			"unproven", "joe@mail.example.org"),
		PROOF_BY("the name in our results may be another",
			"Authentication-Results: ours.example; "
			"dmarc=pass header.from=mail.example.org\n" JOE,
			"authenticated", "joe@mail.example.org",
			"auth { authserv_id = \"ours.example\" }\n"),
		PROOF_BY("while the milter checks nothing, it removes nothing, "
			 "and what says so is of anybody",
			OURS "dmarc=pass header.from=mail.example.org\n" JOE,
			"unproven", "joe@mail.example.org",
			"auth { enabled = no }\n"),
		PROOF("a mail of two authors is nobody's",
			OURS "dmarc=pass header.from=mail.example.org\n"
			     "From: a@mail.example.org\n" JOE,
			"unproven", ""),
		PROOF("two addresses in From are nobody's",
			OURS "dmarc=pass header.from=mail.example.org\n"
			     "From: a@mail.example.org, b@example.com\n\n",
			"unproven", ""),
		PROOF("an address that is not plain is none",
			"From: <\"a b\"@example.org>\n\n", "unproven", ""),
		PROOF("no author at all", "Subject: x\n\n", "unproven", ""),
		CASE("an organisation is one reporter", is_of, NULL),
		TRACE("a user of ours is known by the trace", 0, TRACE_OUT, 60,
			HEADER, HEADER, "local"),
		TRACE("one that came in is no user's", 0, TRACE_IN, 60, HEADER,
			HEADER, "unproven"),
		TRACE("a mail of ours that comes back from outside is no "
		      "user's",
			TRACE_IN, TRACE_OUT, 60, HEADER, HEADER, "unproven"),
		TRACE("a signature that covers the trace, so that none can be "
		      "put above it, makes it no proof",
			0, TRACE_OUT, 60, HEADER,
			"DKIM-Signature: v=1; d=evil.example; "
			"h=From:X-Reprieve-Trace:x-reprieve-trace; b=x\n" HEADER,
			"unproven"),
		TRACE("one of ARC does, too", 0, TRACE_OUT, 60, HEADER,
			"ARC-Message-Signature: i=1; "
			"h=from : X-Reprieve-Trace; b=x\n" HEADER,
			"unproven"),
		TRACE("another signature does not", 0, TRACE_OUT, 60, HEADER,
			"DKIM-Signature: v=1; d=example.net; "
			"h=From:Date; b=x\n" HEADER,
			"local"),
		TRACE("a trace on another message is no proof", 0, TRACE_OUT,
			60, HEADER,
			"From: joe@example.net\nMessage-ID: <2@x>\n\n",
			"unproven"),
		TRACE_BY("while the milter adds none, none proves anything", 0,
			TRACE_OUT, 60, HEADER, HEADER, "unproven",
			"trace { enabled = no }\n"),
		TRACE("an old one is no proof", 0, TRACE_OUT,
			REPORTER_YOUNG_S + 1, HEADER, HEADER, "unproven"),
	};

	return cmocka_run_group_tests_name("ctl/reporter", cases, NULL, NULL);
}
