/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/rate.h"

#include "base/arena.h"
#include "base/buf.h"
#include "conf/conf.h"
#include "heur/history.h"
#include "heur/sender.h"
#include "store/ledger.h"

#include <stdarg.h>

static const char name[] = "rate";

enum { TEXT_MAX = 512, WORDS = LEDGER_LIMITS + 1 };

/* A limit that is used up; of recipients the one with the longest wait. */
struct hit {
	const char *word;
	const struct ledger_bucket *bucket; /* NULL: the ramp */
	int64_t until_s;
};

double rate_ramp(const struct conf_rate *conf, unsigned day)
{
	double most = conf->ramp_first;

	if (conf->ramp_first == 0 || day < 1 || day > conf->ramp_days)
		return 0;
	for (unsigned i = 2; i <= day; i++) {
		most *= conf->ramp_factor;
		if (most > 1e12)
			most = 1e12;
	}
	return (double)(int64_t)most;
}

/* ---- findings ---- */

/* Where there is no memory for words, the word of the limit must do. */
static struct slice write(struct arena *a, const char *format, ...)
	PRINTF_LIKE(2, 3);

static struct slice write(struct arena *a, const char *format, ...)
{
	struct slice out;
	struct buf text;
	va_list args;

	buf_init(&text, TEXT_MAX);
	va_start(args, format);
	buf_add_format_list(&text, format, args);
	va_end(args);
	if (arena_copy(a, buf_slice(&text), &out) != RES_OK)
		out = slice_of("");
	buf_clear(&text);
	return out;
}

/* No name of a person. */
static struct slice owner_of(const struct ledger_bucket *b)
{
	switch (b->limit) {
	case LEDGER_RECIPIENT:
		return slice_of("this recipient");
	case LEDGER_USER:
		return slice_of("this user");
	case LEDGER_ADDRESS:
	case LEDGER_NETWORK:
	case LEDGER_DOMAIN:
	case LEDGER_LIMITS:
		break;
	}
	return b->who;
}

static void add_hit(const struct check_input *in,
	const struct ledger_question *q, const struct hit *h,
	struct findings *out)
{
	struct finding *f = findings_add(out, name);
	struct slice who;

	f->outcome = OUTCOME_HIT;
	f->detail = h->word;
	f->until_s = h->until_s;
	if (h->bucket == NULL) {
		who = q->record[q->ramp.record].who;
		f->subject = write(in->arena, "%.0f messages on day %u",
			q->ramp.most, q->ramp.day);
	} else {
		who = owner_of(h->bucket);
		f->subject = write(in->arena, "%u %s an hour",
			ledger_hour(in->conf, h->bucket->limit),
			h->bucket->limit == LEDGER_USER ? "recipients"
							: "messages");
	}
	f->evidence = write(in->arena, "over the limit of %.*s of %.*s",
		SLICE_ARG(f->subject), SLICE_ARG(who));
	history_count_limited(in->service, h->word);
}

static void note(struct hit hits[WORDS], size_t word, const struct hit *h)
{
	if (h->until_s > hits[word].until_s)
		hits[word] = *h;
}

static void collect(const struct ledger_question *q, struct hit hits[WORDS])
{
	for (size_t i = 0; i < q->bucket_count; i++) {
		const struct ledger_bucket *b = &q->bucket[i];
		const struct hit h = { ledger_limit_name(b->limit), b,
			b->until_s };

		note(hits, (size_t)b->limit, &h);
	}
	note(hits, LEDGER_LIMITS,
		&(const struct hit){ "ramp", NULL, q->ramp.until_s });
}

/* The one that is open last comes first: who comes back then, comes through. */
static bool take_longest(struct hit hits[WORDS], struct hit *out)
{
	size_t best = 0;

	for (size_t i = 1; i < WORDS; i++)
		if (hits[i].until_s > hits[best].until_s)
			best = i;
	*out = hits[best];
	hits[best].until_s = 0;
	return out->until_s > 0;
}

void rate_report(const struct check_input *in, enum result res,
	const struct ledger_question *q, struct findings *out)
{
	struct hit hits[WORDS] = { { .until_s = 0 } };
	struct hit h;
	bool is_hit = false;

	if (q->bucket_count == 0 && !q->ramp.is_wanted)
		return;
	if (res != RES_OK) {
		findings_add(out, name)->detail = "temperror";
		return;
	}
	collect(q, hits);
	while (take_longest(hits, &h)) {
		add_hit(in, q, &h, out);
		is_hit = true;
	}
	if (!is_hit)
		findings_add(out, name)->outcome = OUTCOME_MISS;
}

/* ---- from memory ---- */

static bool is_in_use(const struct check_input *in)
{
	const struct history_service *s = in->service;

	return s != NULL && s->ledger != NULL && in->envelope != NULL;
}

/* Only who is put off for it is told here: of others the end of the message
 * tells, and what is said twice would count twice. */
static bool is_told_now(const struct check_input *in, enum ledger_limit limit)
{
	const struct conf_domain *domain =
		conf_domain_find(in->conf, slice_of(in->envelope->rcpt_domain));
	const struct conf_check *check = conf_check_for(in->conf, domain, name);
	const struct conf_rule *rule =
		conf_check_rule(check, ledger_limit_name(limit));

	return rule != NULL && !check->shadow &&
		(rule->action == CONF_ACTION_TEMPFAIL ||
			rule->action == CONF_ACTION_REJECT);
}

/* Adds what is known to be used up, and nothing else. */
static void recall(const struct check_input *in, struct ledger_question *q,
	struct findings *out)
{
	const struct history_service *s = in->service;
	bool is_spent = false;

	for (size_t i = 0; i < q->bucket_count; i++) {
		struct ledger_bucket *b = &q->bucket[i];

		if (is_told_now(in, b->limit) &&
			ledger_is_spent(
				s->ledger, b->limit, b->who, &b->until_s))
			is_spent = true;
	}
	if (is_spent)
		rate_report(in, RES_OK, q, out);
}

void rate_run(const struct check_input *in, struct findings *out)
{
	const struct history_service *s = in->service;
	struct ledger_question q = { .take = 1 };
	char recipient[SECRET_HASH_MAX];
	struct sender sender;

	if (!is_in_use(in) || in->conn->kind != CONN_REMOTE)
		return;
	sender_read(&sender, &in->conn->ip, NULL);
	ledger_add_limit(
		&q, in->conf, LEDGER_ADDRESS, slice_of(sender.address));
	ledger_add_limit(
		&q, in->conf, LEDGER_NETWORK, slice_of(sender.network));
	if (history_recipient(s->secret, &in->envelope->rcpt, recipient) ==
		RES_OK)
		ledger_add_limit(
			&q, in->conf, LEDGER_RECIPIENT, slice_of(recipient));
	recall(in, &q, out);
}

/* ---- users ---- */

/* False: there is no limit, or nobody. */
static bool ask_user(const struct check_input *in, struct ledger_question *q,
	char user[SECRET_HASH_MAX])
{
	const struct history_service *s = in->service;

	if (!is_in_use(in) || slice_is_empty(in->envelope->auth_name) ||
		secret_hash(s->secret, in->envelope->auth_name, user) != RES_OK)
		return false;
	ledger_add_limit(q, in->conf, LEDGER_USER, slice_of(user));
	return q->bucket_count > 0;
}

void rate_user_rcpt(const struct check_input *in, struct findings *out)
{
	struct ledger_question q = { .take = 1 };
	char user[SECRET_HASH_MAX];

	if (ask_user(in, &q, user))
		recall(in, &q, out);
}

void rate_user_end(const struct check_input *in, struct findings *out)
{
	struct ledger_question q = { .take = 1 };
	char user[SECRET_HASH_MAX];

	if (!ask_user(in, &q, user))
		return;
	q.take = in->envelope->rcpt_accepted;
	if (q.take > 0)
		rate_report(in, history_ask(in, &q), &q, out);
}
