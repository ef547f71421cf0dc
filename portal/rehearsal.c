/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/rehearsal.h"

#include "base/clock.h"
#include "base/random.h"
#include "conf/conf.h"
#include "dns/resolver.h"
#include "judge/services.h"
#include "judge/trial.h"
#include "portal/visit.h"

#include <stdio.h>
#include <time.h>

enum { ADDRESS_MAX = 512, DATE_MAX = 64 };

static void hand_text(
	void (*hand)(void *to, struct slice name, struct slice value), void *to,
	const char *name, const char *value)
{
	hand(to, slice_of(name), slice_of(value));
}

struct letter {
	const struct rehearsal *q;
	const char *host;
	int64_t now_s;
};

/* RFC 5322 s3.6: what a message has at the least, and what most have. */
static void hand_header(void *ctx,
	void (*hand)(void *to, struct slice name, struct slice value), void *to)
{
	const struct letter *l = ctx;
	time_t now = (time_t)l->now_s;
	char text[ADDRESS_MAX];
	struct tm tm;

	snprintf(text, sizeof(text), " <%016llx@%s>",
		(unsigned long long)random_u64(), l->q->author);
	hand_text(hand, to, "Message-ID", text);
	/* The C locale: no program of ours sets another. */
	if (gmtime_r(&now, &tm) != NULL &&
		strftime(text, DATE_MAX, " %a, %d %b %Y %H:%M:%S +0000", &tm) >
			0)
		hand_text(hand, to, "Date", text);
	snprintf(text, sizeof(text), " test@%s", l->q->author);
	hand_text(hand, to, "From", text);
	snprintf(text, sizeof(text), " somebody@%s", l->host);
	hand_text(hand, to, "To", text);
	hand_text(hand, to, "Subject", " test");
}

static enum result hand_body(
	void *ctx, bool (*piece)(void *to, struct slice piece), void *to)
{
	(void)ctx;
	(void)piece(to, slice_of("This is a test.\r\n"));
	return RES_OK;
}

enum result rehearsal_run(
	struct visit *v, const struct rehearsal *q, struct trial *t)
{
	const struct services *s = context_services(v->site.context);
	struct letter letter = {
		.q = q, .host = v->site.conf->host, .now_s = v->now_ms / 1000
	};
	const struct trial_mail mail = { hand_header, hand_body, &letter };
	char from[ADDRESS_MAX], rcpt[ADDRESS_MAX];
	const struct trial_question trial = { .conf = v->site.conf,
		.pipeline = &s->pipeline,
		.dns = s->resolver == NULL ? NULL
					   : resolver_source(s->resolver),
		.mail = &mail,
		.is_without_lists = q->is_without_lists,
		.ip = q->ip,
		.helo = q->helo,
		.from = from,
		.rcpt = rcpt };

	snprintf(from, sizeof(from), "%s%s",
		q->sender[0] == '\0' ? "" : "test@", q->sender);
	/* Not postmaster: that one is always reachable. */
	snprintf(rcpt, sizeof(rcpt), "somebody@%.255s", v->site.conf->host);
	return trial_run(t, &trial);
}
