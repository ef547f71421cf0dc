/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/grant.h"

#include "conf/conf.h"
#include "store/subject.h"

#include <string.h>
#include <time.h>

enum { MS_PER_S = 1000, TIME_LEN = 20 };

/* Of all block entries in force that cover the address, what matters. */
struct picture {
	const struct listing *first; /* narrowest */
	const struct listing *feed;
	const struct listing *locked;
	const struct listing *review;
	const struct listing *range; /* wider than the client's own network */
	const struct listing *policy;
	int64_t since_ms; /* of the one that is youngest, 0: not known */
	bool is_wide; /* one of them, whatever its class, is a range */
	bool is_vague; /* the details of one could not be read */
	unsigned level;
};

const char *grant_answer_name(enum grant_answer a)
{
	switch (a) {
	case GRANT_UNKNOWN:
		return "unknown";
	case GRANT_GIVEN:
		return "given";
	case GRANT_EXCEPTION:
		return "exception";
	case GRANT_WAIT:
		return "wait";
	case GRANT_PROOF:
		return "proof";
	case GRANT_REVIEW:
		return "review";
	case GRANT_DENIED:
		return "denied";
	}
	return "unknown";
}

const char *grant_reason_name(enum grant_reason r)
{
	static const char *const name[] = {
		[GRANT_REASON_NONE] = "none",
		[GRANT_NOT_LISTED] = "not_listed",
		[GRANT_FEED] = "feed",
		[GRANT_LOCKED] = "locked",
		[GRANT_STILL_SENDING] = "still_sending",
		[GRANT_CLASS_REVIEW] = "class_review",
		[GRANT_RANGE] = "range",
		[GRANT_LEVEL] = "level",
		[GRANT_TOO_EARLY] = "too_early",
		[GRANT_QUOTA] = "quota",
		[GRANT_PTR] = "ptr",
		[GRANT_NEEDS_DOMAIN] = "needs_domain",
		[GRANT_NEEDS_ADDRESS] = "needs_address",
		[GRANT_SWITCHED_OFF] = "switched_off",
	};

	return (size_t)r < sizeof(name) / sizeof(name[0]) ? name[r] : "none";
}

const char *grant_proof_name(enum grant_proof p)
{
	switch (p) {
	case GRANT_PROOF_NONE:
		return "none";
	case GRANT_PROOF_MAIL:
		return "mail";
	case GRANT_PROOF_DOMAIN:
		return "domain";
	case GRANT_PROOF_ADDRESS:
		return "address";
	case GRANT_PROOF_ADMIN:
		return "admin";
	}
	return "none";
}

enum grant_proof grant_proof_parse(struct slice word)
{
	enum grant_proof p;

	for (p = GRANT_PROOF_MAIL; p <= GRANT_PROOF_ADMIN; p++) {
		if (slice_is_equal(word, slice_of(grant_proof_name(p))))
			return p;
	}
	return GRANT_PROOF_NONE;
}

const char *grant_ptr_name(enum grant_ptr p)
{
	switch (p) {
	case GRANT_PTR_UNKNOWN:
		return "unknown";
	case GRANT_PTR_CONFIRMED:
		return "confirmed";
	case GRANT_PTR_MISSING:
		return "missing";
	case GRANT_PTR_MISMATCH:
		return "mismatch";
	}
	return "unknown";
}

enum grant_ptr grant_ptr_parse(struct slice word)
{
	enum grant_ptr p;

	for (p = GRANT_PTR_CONFIRMED; p <= GRANT_PTR_MISMATCH; p++) {
		if (slice_is_equal(word, slice_of(grant_ptr_name(p))))
			return p;
	}
	return GRANT_PTR_UNKNOWN;
}

/* ---- since when ---- */

/* Where the numbers of "2026-11-22T20:53:32Z" stand. */
static const struct {
	unsigned char from, len;
	unsigned short least, most;
} part[] = { { 0, 4, 1970, 9999 }, { 5, 2, 1, 12 }, { 8, 2, 1, 31 },
	{ 11, 2, 0, 23 }, { 14, 2, 0, 59 }, { 17, 2, 0, 60 } };

enum { PARTS = sizeof(part) / sizeof(part[0]) };

static bool read_utc(struct slice text, int64_t *at_ms)
{
	static const char shape[] = "####-##-##T##:##:##Z";
	uint64_t number[PARTS];
	struct tm tm;

	for (size_t i = 0; i < TIME_LEN; i++) {
		if (shape[i] != '#' && shape[i] != text.at[i])
			return false;
	}
	for (size_t i = 0; i < PARTS; i++) {
		struct slice digits =
			slice_part(text, part[i].from, part[i].len);

		if (slice_parse_u64(digits, part[i].least, part[i].most,
			    &number[i]) != RES_OK)
			return false;
	}
	memset(&tm, 0, sizeof(tm));
	tm.tm_year = (int)number[0] - 1900;
	tm.tm_mon = (int)number[1] - 1;
	tm.tm_mday = (int)number[2];
	tm.tm_hour = (int)number[3];
	tm.tm_min = (int)number[4];
	tm.tm_sec = (int)number[5];
	*at_ms = (int64_t)timegm(&tm) * MS_PER_S;
	return true;
}

/* RFC 3339 in UTC, or seconds since 1970; 0: neither, or a time still to
 * come, which a person typed wrongly. */
static int64_t read_since(struct slice text, int64_t now_ms)
{
	uint64_t seconds;
	int64_t at_ms = 0;

	text = slice_trim(text);
	if (text.len == TIME_LEN) {
		if (!read_utc(text, &at_ms))
			return 0;
	} else if (slice_parse_u64(text, 1, UINT32_MAX, &seconds) == RES_OK) {
		at_ms = (int64_t)seconds * MS_PER_S;
	}
	return at_ms <= now_ms ? at_ms : 0;
}

/* ---- what covers the address ---- */

static void keep(const struct listing **slot, const struct listing *l)
{
	if (*slot == NULL)
		*slot = l;
}

static void look_at(struct picture *p, const struct grant_question *q,
	const struct listing *l)
{
	bool is_wide = l->net.bits < cidr_of_client(q->ip).bits ||
		subject_of(&l->net) != SUBJECT_NET;
	int64_t since_ms = read_since(l->since, q->now_ms);

	keep(&p->first, l);
	p->is_wide |= is_wide;
	p->is_vague |= !l->is_detailed;
	if (l->lock)
		keep(&p->locked, l);
	if (l->level > p->level)
		p->level = l->level;
	if (since_ms == 0 && !is_wide)
		since_ms = q->standing->listed_ms;
	if (since_ms > p->since_ms)
		p->since_ms = since_ms;
	switch (l->class) {
	case LISTING_SELF:
		if (is_wide)
			keep(&p->range, l);
		break;
	case LISTING_POLICY:
		keep(&p->policy, l);
		break;
	case LISTING_REVIEW:
		keep(&p->review, l);
		break;
	case LISTING_FEED:
		keep(&p->feed, l);
		break;
	}
}

/* False: nothing is in force. An allow entry decides before we are asked. */
static bool look(struct picture *p, const struct grant_question *q)
{
	memset(p, 0, sizeof(*p));
	for (size_t i = 0; i < q->listed->count; i++) {
		const struct listing *l = &q->listed->entry[i];

		if (l->kind == LIST_BLOCK && !l->shadow && !l->is_scoped &&
			(l->force || !list_net_needs_force(&l->net)))
			look_at(p, q, l);
	}
	if (q->standing->level > p->level)
		p->level = q->standing->level;
	if (p->level == 0)
		p->level = 1;
	return p->first != NULL;
}

/* ---- the rules: each says whether it has the last word ---- */

struct decision {
	const struct grant_question *q;
	const struct picture *p;
	struct grant *out;
};

static bool answer(const struct decision *d, enum grant_answer a,
	enum grant_reason r, const struct listing *l)
{
	d->out->answer = a;
	d->out->reason = r;
	d->out->listing = l != NULL ? l : d->p->first;
	return true;
}

static bool wait_until(
	const struct decision *d, enum grant_reason r, int64_t until_ms)
{
	if (until_ms <= d->q->now_ms)
		return false;
	d->out->until_ms = until_ms;
	return answer(d, GRANT_WAIT, r, NULL);
}

static bool gives(const struct decision *d)
{
	enum grant_ptr ptr = d->q->ptr;
	const struct picture *p = d->p;
	/* Only what is of this address alone can be taken off. */
	bool is_exception = p->policy != NULL || p->feed != NULL || p->is_wide;

	d->out->warn_ptr =
		ptr == GRANT_PTR_MISSING || ptr == GRANT_PTR_MISMATCH;
	return answer(d, is_exception ? GRANT_EXCEPTION : GRANT_GIVEN,
		GRANT_REASON_NONE, p->policy);
}

static bool is_closed(const struct decision *d)
{
	const struct picture *p = d->p;

	if (p->feed != NULL)
		return answer(d, GRANT_DENIED, GRANT_FEED, p->feed);
	if (p->locked != NULL || d->q->standing->state == STANDING_LOCKED)
		return answer(d, GRANT_DENIED, GRANT_LOCKED, p->locked);
	if (!d->q->conf->delist.enabled)
		return answer(d, GRANT_DENIED, GRANT_SWITCHED_OFF, NULL);
	return false;
}

static bool is_sending(const struct decision *d)
{
	int64_t last_ms = d->q->standing->evidence_ms;

	return last_ms > 0 &&
		wait_until(d, GRANT_STILL_SENDING,
			last_ms +
				(int64_t)d->q->conf->delist.recent_s *
					MS_PER_S);
}

static bool is_for_a_person(const struct decision *d)
{
	const struct picture *p = d->p;

	if (p->review != NULL)
		return answer(d, GRANT_REVIEW, GRANT_CLASS_REVIEW, p->review);
	if (p->range != NULL)
		return answer(d, GRANT_REVIEW, GRANT_RANGE, p->range);
	if (p->level >= d->q->conf->delist.review_level)
		return answer(d, GRANT_REVIEW, GRANT_LEVEL, NULL);
	return false;
}

static bool is_early(const struct decision *d)
{
	const struct conf_delist *conf = &d->q->conf->delist;
	const struct picture *p = d->p;
	unsigned wait_s = p->level >= 3 ? conf->wait3_s : conf->wait2_s;

	/* Since when is unknown: that is our fault, not theirs. */
	if (p->level < 2 || p->since_ms == 0)
		return false;
	return wait_until(
		d, GRANT_TOO_EARLY, p->since_ms + (int64_t)wait_s * MS_PER_S);
}

static bool is_over_quota(const struct decision *d)
{
	return d->q->standing->removals >= d->q->conf->delist.removals_max &&
		wait_until(d, GRANT_QUOTA, d->q->standing->removal_free_ms);
}

static bool has_bad_name(const struct decision *d)
{
	const struct listing *policy = d->p->policy;

	if (policy == NULL)
		return false;
	switch (d->q->ptr) {
	case GRANT_PTR_CONFIRMED:
		return false;
	case GRANT_PTR_UNKNOWN:
		return answer(d, GRANT_UNKNOWN, GRANT_PTR, policy);
	case GRANT_PTR_MISSING:
	case GRANT_PTR_MISMATCH:
		break;
	}
	return answer(d, GRANT_DENIED, GRANT_PTR, policy);
}

static bool needs_more(const struct decision *d)
{
	enum grant_reason reason = GRANT_REASON_NONE;

	if (d->q->proof >= d->out->needed)
		return false;
	if (d->out->needed == GRANT_PROOF_DOMAIN)
		reason = GRANT_NEEDS_DOMAIN;
	if (d->out->needed == GRANT_PROOF_ADDRESS)
		reason = GRANT_NEEDS_ADDRESS;
	return answer(d, GRANT_PROOF, reason, NULL);
}

static enum grant_proof proof_for(unsigned level)
{
	if (level >= 3)
		return GRANT_PROOF_ADDRESS;
	return level == 2 ? GRANT_PROOF_DOMAIN : GRANT_PROOF_MAIL;
}

static void decide_listed(const struct grant_question *q,
	const struct picture *p, struct grant *out)
{
	static bool (*const rule[])(const struct decision *) = { is_closed,
		is_sending, is_for_a_person, is_early, is_over_quota,
		has_bad_name, needs_more, gives };
	const struct decision d = { q, p, out };
	size_t i = 0;

	out->listing = p->first;
	out->needed = proof_for(p->level);
	if (q->proof == GRANT_PROOF_ADMIN) {
		(void)gives(&d);
		return;
	}
	/* A lock that could not be read is no open door. */
	if (p->is_vague || q->standing->state == STANDING_UNKNOWN)
		return;
	while (!rule[i](&d))
		i++;
}

void grant_decide(const struct grant_question *q, struct grant *out)
{
	struct picture p;

	memset(out, 0, sizeof(*out));
	switch (q->listed->answer) {
	case BLOCKLIST_UNKNOWN:
		return;
	case BLOCKLIST_CLEAR:
	case BLOCKLIST_ALLOWED:
		break;
	case BLOCKLIST_BLOCKED:
		if (look(&p, q)) {
			decide_listed(q, &p, out);
			return;
		}
		break;
	}
	out->answer = GRANT_GIVEN;
	out->reason = GRANT_NOT_LISTED;
}
