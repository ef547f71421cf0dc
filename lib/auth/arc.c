/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/arc.h"

#include "auth/arcset.h"
#include "auth/arctrust.h"
#include "auth/dkimkey.h"
#include "auth/headerhash.h"
#include "auth/keycache.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/digest.h"
#include "conf/conf.h"
#include "dns/asker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	STATE_MAX = 1048576, /* octets of one message's state */
	SCRATCH_MAX = 262144, /* of one key record */
	LINE_MAX_LEN = 400,
	NO_BODY = ARC_BODIES_MAX
};

struct arc {
	struct keycache *keys;
	struct trust_source trust;
};

/* What is known of one signature. */
enum verdict { VERDICT_OPEN = 0, VERDICT_GOOD, VERDICT_BAD, VERDICT_UNKNOWN };

struct proof {
	enum verdict verdict;
	const char *reason; /* static */
	uint8_t digest[SHA256_LEN];
};

/* One canonical body; several message signatures may share it. */
struct body {
	enum canon how;
	uint64_t limit;
	struct digest *hash;
	struct canon_sink sink;
	struct canon_body canon;
	uint8_t digest[SHA256_LEN];
};

struct state {
	struct arena *arena;
	struct arena *scratch;
	struct arcset_chain chain;
	struct proof *seals; /* by i - 1 */
	struct proof *messages;
	uint8_t *body_of; /* index in bodies, or NO_BODY */
	struct body *bodies[ARC_BODIES_MAX];
	size_t body_count;
	bool are_bodies_done;
	bool is_cut; /* a field that the result hangs on may be cut */
	bool has_failed; /* no memory */
};

enum result arc_open(
	size_t keys_max, const struct trust_source *trust, struct arc **out)
{
	struct arc *arc = calloc(1, sizeof(*arc));

	*out = NULL;
	if (arc == NULL)
		return RES_NOMEM;
	arc->keys = keycache_new(keys_max);
	if (arc->keys == NULL) {
		free(arc);
		return RES_NOMEM;
	}
	if (trust != NULL)
		arc->trust = *trust;
	*out = arc;
	return RES_OK;
}

void arc_close(struct arc *arc)
{
	if (arc == NULL)
		return;
	keycache_free(arc->keys);
	free(arc);
}

size_t arc_key_count(struct arc *arc)
{
	return keycache_count(arc->keys);
}

void arc_clear(void *at)
{
	struct state *s = at;

	if (s == NULL)
		return;
	for (size_t i = 0; i < s->body_count; i++)
		digest_free(s->bodies[i]->hash);
	arena_free(s->scratch);
	arena_free(s->arena);
	free(s);
}

static void settle(struct proof *p, enum verdict verdict, const char *reason)
{
	p->verdict = verdict;
	p->reason = reason;
}

/* ---- at the end of the header: what is to be hashed ---- */

static struct body *body_new(struct state *s, enum canon how, uint64_t limit)
{
	struct body *b = arena_alloc(s->arena, sizeof(*b));

	if (b == NULL)
		return NULL;
	b->how = how;
	b->limit = limit;
	b->hash = digest_new();
	if (b->hash == NULL)
		return NULL;
	canon_sink_digest(&b->sink, b->hash);
	canon_body_init(&b->canon, how, limit, &b->sink);
	return b;
}

/* NO_BODY: there are too many different ones, or no memory. */
static uint8_t find_body(struct state *s, const struct arcset *set)
{
	struct body *b;

	for (size_t i = 0; i < s->body_count; i++)
		if (s->bodies[i]->how == set->body_canon &&
			s->bodies[i]->limit == set->limit)
			return (uint8_t)i;
	if (s->body_count == ARC_BODIES_MAX)
		return NO_BODY;
	b = body_new(s, set->body_canon, set->limit);
	if (b == NULL)
		return NO_BODY;
	s->bodies[s->body_count++] = b;
	return (uint8_t)(s->body_count - 1);
}

/* Each seal covers all sets up to its own (RFC 8617 s5.1.1): what two of them
 * share is hashed once. */
static enum result hash_seals(struct state *s)
{
	struct digest *all = digest_new(), *one = digest_new();
	enum result res = all == NULL || one == NULL ? RES_NOMEM : RES_OK;
	struct canon_sink sink;

	for (unsigned i = 0; res == RES_OK && i < s->chain.count; i++) {
		const struct arcset *set = &s->chain.sets[i];

		canon_sink_digest(&sink, all);
		canon_field(&sink, CANON_RELAXED, set->results);
		canon_field(&sink, CANON_RELAXED, set->ams.field);
		canon_flush(&sink);
		digest_copy(one, all);
		canon_field(&sink, CANON_RELAXED, set->seal.field);
		canon_flush(&sink);
		canon_sink_digest(&sink, one);
		canon_field_unsigned(
			&sink, CANON_RELAXED, set->seal.field, set->seal.b_tag);
		canon_flush(&sink);
		res = digest_end(one, s->seals[i].digest);
	}
	digest_free(all);
	digest_free(one);
	return res;
}

static bool has_expired(const struct check_input *in, const struct arcset *set)
{
	return set->expires_s > 0 && in->wall_s > 0 &&
		(uint64_t)in->wall_s >
		set->expires_s + in->conf->dkim.clock_skew_s;
}

/* What can be said of a message signature without key and body. */
static enum result prepare(const struct check_input *in, struct state *s,
	struct headerhash *header, unsigned i, size_t *octets)
{
	const struct arcset *set = &s->chain.sets[i];
	const struct headerhash_input what = { set->header_canon, set->names,
		set->ams.field, set->ams.b_tag };
	struct proof *p = &s->messages[i];
	struct headerhash_output got;

	s->body_of[i] = NO_BODY;
	if (set->ams.fault != NULL) {
		settle(p, VERDICT_BAD, set->ams.fault);
		return RES_OK;
	}
	if (headerhash_make(header, &what, &got) != RES_OK)
		return RES_NOMEM;
	memcpy(p->digest, got.digest, sizeof(p->digest));
	*octets += got.octets;
	if (i + 1 == s->chain.count)
		s->is_cut |= got.is_cut;
	s->body_of[i] = find_body(s, set);
	if (s->body_of[i] == NO_BODY)
		settle(p, VERDICT_UNKNOWN, "its body was not hashed");
	else if (has_expired(in, set))
		settle(p, VERDICT_BAD, "its signature has expired");
	return RES_OK;
}

/* From the newest down, until one can not be good. */
static enum result hash_messages(const struct check_input *in, struct state *s)
{
	struct headerhash *header = headerhash_new(in->message, s->arena);
	size_t octets = 0;
	unsigned i = s->chain.count;
	enum result res = header == NULL ? RES_NOMEM : RES_OK;

	while (res == RES_OK && i > 0 && octets <= ARC_OLDER_MAX) {
		i--;
		res = prepare(in, s, header, i, &octets);
		if (s->messages[i].verdict != VERDICT_OPEN)
			break;
	}
	while (i > 0)
		settle(&s->messages[--i], VERDICT_UNKNOWN, "it was not tried");
	return res;
}

static enum result prepare_chain(const struct check_input *in, struct state *s)
{
	unsigned n = s->chain.count;
	enum result res;

	s->seals = arena_alloc(s->arena, n * sizeof(*s->seals));
	s->messages = arena_alloc(s->arena, n * sizeof(*s->messages));
	s->body_of = arena_alloc(s->arena, n);
	if (s->seals == NULL || s->messages == NULL || s->body_of == NULL)
		return RES_NOMEM;
	res = hash_seals(s);
	return res == RES_OK ? hash_messages(in, s) : res;
}

/* NULL: no memory. */
static struct state *begin(const struct check_input *in)
{
	struct state *s = calloc(1, sizeof(*s));
	enum result res = RES_NOMEM;

	if (s == NULL)
		return NULL;
	s->arena = arena_new(STATE_MAX);
	s->scratch = arena_new(SCRATCH_MAX);
	if (s->arena != NULL && s->scratch != NULL)
		res = arcset_read(in->message, in->conf->arc.sets_max, s->arena,
			&s->chain);
	s->is_cut = s->chain.is_cut;
	if (res == RES_OK && s->chain.state == ARCSET_CHAIN)
		res = prepare_chain(in, s);
	s->has_failed = res != RES_OK;
	return s;
}

/* ---- the body ---- */

bool arc_body(const struct check_input *in, struct slice piece)
{
	struct state *s = *in->state;
	bool is_wanted = false;

	if (s == NULL)
		return false;
	for (size_t i = 0; i < s->body_count; i++) {
		canon_body_add(&s->bodies[i]->canon, piece);
		is_wanted |= s->bodies[i]->canon.left > 0;
	}
	return is_wanted;
}

static void end_bodies(struct state *s)
{
	if (s->are_bodies_done)
		return;
	s->are_bodies_done = true;
	for (size_t i = 0; i < s->body_count; i++) {
		canon_body_end(&s->bodies[i]->canon);
		s->has_failed |= digest_end(s->bodies[i]->hash,
					 s->bodies[i]->digest) != RES_OK;
	}
}

/* NULL, or why this is not the body that was signed. */
static const char *body_fault(const struct state *s, unsigned i)
{
	const struct body *b;

	if (s->body_of[i] == NO_BODY)
		return NULL;
	b = s->bodies[s->body_of[i]];
	/* RFC 6376 s3.5: l= is not greater than the body. */
	if (b->limit != UINT64_MAX && b->canon.left > 0)
		return "the body is shorter than what it covers";
	if (memcmp(s->chain.sets[i].body_hash.at, b->digest, SHA256_LEN) != 0)
		return "the body has changed";
	return NULL;
}

/* ---- keys ---- */

static const char *key_fault(const struct check_input *in,
	const struct dkimkey *key, const struct arcset_signature *sig)
{
	if (key->status != DKIMKEY_GOOD)
		return key->reason;
	if (key->type != (sig->is_ed25519 ? DKIMKEY_ED25519 : DKIMKEY_RSA))
		return "its key is of another type";
	if (!key->allows_sha256)
		return "its key is not for SHA-256";
	if (!key->allows_email)
		return "its key is not for e-mail";
	if (sig->is_ed25519)
		return NULL;
	if (key->key_bits < in->conf->dkim.min_key_bits)
		return "its key is too short";
	if (key->key_bits > in->conf->dkim.max_key_bits)
		return "its key is longer than we take";
	return NULL;
}

static void verify(const struct check_input *in, const struct dkimkey *key,
	const struct arcset_signature *sig, struct proof *p)
{
	struct arc *arc = in->service;
	struct pubkey *k = NULL;
	bool is_good = false;
	enum result res = keycache_find(arc->keys,
		sig->is_ed25519 ? PUBKEY_ED25519 : PUBKEY_RSA, key->key, &k);

	if (res == RES_SYNTAX || res == RES_RANGE) {
		settle(p, VERDICT_BAD, "its key is none that we can use");
		return;
	}
	if (res == RES_OK)
		res = pubkey_verify(k, p->digest, sig->b, &is_good);
	pubkey_release(k);
	if (res != RES_OK)
		settle(p, VERDICT_UNKNOWN, "no memory");
	else if (is_good)
		settle(p, VERDICT_GOOD, "");
	else
		settle(p, VERDICT_BAD, "its signature does not verify");
}

static const struct dns_answer *ask(
	const struct check_input *in, const struct arcset_signature *sig)
{
	return asker_ask(in->dns, sig->key_name, DNS_TXT);
}

/* Goes on with one signature: asks for its key, verifies when it is there. */
static void go_on(const struct check_input *in, struct state *s,
	const struct arcset_signature *sig, struct proof *p)
{
	const struct dns_answer *answer;
	struct dkimkey key;
	const char *fault;

	if (p->verdict != VERDICT_OPEN)
		return;
	answer = ask(in, sig);
	if (answer == NULL)
		return;
	arena_reset(s->scratch);
	if (dkimkey_read(answer, s->scratch, &key) != RES_OK) {
		settle(p, VERDICT_UNKNOWN, "no memory");
		return;
	}
	fault = key_fault(in, &key, sig);
	if (fault == NULL)
		verify(in, &key, sig, p);
	else
		settle(p,
			key.status == DKIMKEY_NOT_TOLD ? VERDICT_UNKNOWN
						       : VERDICT_BAD,
			fault);
}

/* The older ones wait for the body: mostly it has changed since. */
static void go_on_older(const struct check_input *in, struct state *s)
{
	for (unsigned i = s->chain.count - 1; i > 0; i--) {
		struct proof *p = &s->messages[i - 1];
		const struct arcset_signature *sig = &s->chain.sets[i - 1].ams;
		const char *fault;

		if (p->verdict != VERDICT_OPEN && p->verdict != VERDICT_GOOD)
			return;
		if (!s->are_bodies_done) {
			(void)ask(in, sig);
			continue;
		}
		fault = body_fault(s, i - 1);
		if (fault != NULL)
			settle(p, VERDICT_BAD, fault);
		go_on(in, s, sig, p);
	}
}

static void go_on_all(const struct check_input *in, struct state *s)
{
	unsigned n = s->chain.count;

	if (s->has_failed || n == 0)
		return;
	if (in->body_ended)
		end_bodies(s);
	if (s->are_bodies_done && s->messages[n - 1].verdict != VERDICT_BAD) {
		const char *fault = body_fault(s, n - 1);

		if (fault != NULL)
			settle(&s->messages[n - 1], VERDICT_BAD, fault);
	}
	go_on(in, s, &s->chain.sets[n - 1].ams, &s->messages[n - 1]);
	for (unsigned i = n; i > 0; i--)
		go_on(in, s, &s->chain.sets[i - 1].seal, &s->seals[i - 1]);
	go_on_older(in, s);
}

/* ---- the result ---- */

/* about: what of that set, or of the whole (instance 0). */
struct blame {
	const char *about;
	unsigned instance;
	const char *reason;
};

static void say(struct state *s, struct arc_fact *fact, enum auth_result what,
	const struct blame *why)
{
	char line[LINE_MAX_LEN];

	fact->result = what;
	fact->reason = slice_of(why->reason);
	if (why->instance == 0)
		return;
	(void)snprintf(line, sizeof(line), "%s %u: %s", why->about,
		why->instance, why->reason);
	if (arena_copy(s->arena, slice_of(line), &fact->reason) != RES_OK)
		fact->reason = slice_of(why->reason);
}

static void say_temperror(
	struct state *s, struct arc_fact *fact, const char *reason)
{
	say(s, fact, AUTH_TEMPERROR, &(struct blame){ .reason = reason });
}

static void say_fail(
	struct state *s, struct arc_fact *fact, const struct blame *why)
{
	if (s->is_cut)
		say_temperror(
			s, fact, "a field of it may have been cut on its way");
	else
		say(s, fact, AUTH_FAIL, why);
}

/* The newest message signature and all seals: the worst of them, and of those
 * that are as bad the newest. VERDICT_GOOD: all are. */
static enum verdict find_worst(const struct state *s, struct blame *why)
{
	static const enum verdict order[] = { VERDICT_BAD, VERDICT_OPEN,
		VERDICT_UNKNOWN };
	unsigned n = s->chain.count;

	for (size_t k = 0; k < sizeof(order) / sizeof(order[0]); k++) {
		const struct proof *p = &s->messages[n - 1];

		*why = (struct blame){ "message signature of set", n,
			p->reason };
		if (p->verdict == order[k])
			return order[k];
		for (unsigned i = n; i > 0; i--) {
			p = &s->seals[i - 1];
			*why = (struct blame){ "seal of set", i, p->reason };
			if (p->verdict == order[k])
				return order[k];
		}
	}
	return VERDICT_GOOD;
}

/* RFC 8617 s5.2 step 5. False: one of them is still open. */
static bool find_oldest(const struct state *s, unsigned *oldest)
{
	for (unsigned i = s->chain.count - 1; i > 0; i--) {
		enum verdict v = s->messages[i - 1].verdict;

		if (v == VERDICT_OPEN)
			return false;
		if (v != VERDICT_GOOD) {
			*oldest = i + 1;
			return true;
		}
	}
	*oldest = 0;
	return true;
}

static enum check_progress judge_chain(struct state *s, struct arc_fact *fact)
{
	struct blame why;

	switch (find_worst(s, &why)) {
	case VERDICT_OPEN:
		return CHECK_WAITING;
	case VERDICT_BAD:
		say_fail(s, fact, &why);
		break;
	case VERDICT_UNKNOWN:
		say(s, fact, AUTH_TEMPERROR, &why);
		break;
	case VERDICT_GOOD:
		if (!find_oldest(s, &fact->oldest_pass))
			return CHECK_WAITING;
		fact->result = AUTH_PASS;
		break;
	}
	return CHECK_DONE;
}

static enum check_progress judge(struct state *s, struct arc_fact *fact)
{
	const struct arcset_chain *c = &s->chain;

	if (s->has_failed) {
		say_temperror(s, fact, "no memory");
		return CHECK_DONE;
	}
	fact->instances = c->highest;
	switch (c->state) {
	case ARCSET_UNKNOWN:
	case ARCSET_NONE:
		fact->result = AUTH_NONE;
		return CHECK_DONE;
	case ARCSET_BROKEN:
		say_fail(s, fact,
			&(struct blame){ "set", c->fault_at, c->fault });
		return CHECK_DONE;
	case ARCSET_CHAIN:
		break;
	}
	return judge_chain(s, fact);
}

/* ---- the report ---- */

/*
 * Who has sealed it; nobody, where another try would tell no more: a forger can
 * name any sealer, write a field so long that it may be cut, or fill our
 * memory, and must not be taken for somebody whose keys are only not to be had.
 */
static void list_sets(struct state *s, struct arc_fact *fact)
{
	unsigned n = s->chain.count;
	struct arc_set *sets;

	if (n == 0 ||
		(fact->result == AUTH_TEMPERROR &&
			(s->is_cut || s->has_failed)))
		return;
	sets = arena_alloc(s->arena, n * sizeof(*sets));
	if (sets == NULL) {
		say_temperror(s, fact, "no memory");
		return;
	}
	for (unsigned i = 0; i < n; i++)
		sets[i] = (struct arc_set){ s->chain.sets[i].seal.domain,
			s->chain.sets[i].seal.selector };
	fact->sets = sets;
	fact->set_count = n;
}

static void write_evidence(const struct arc_fact *fact, struct buf *line)
{
	buf_add_text(line, auth_result_name(fact->result));
	if (fact->result == AUTH_NONE)
		buf_add_text(line, ": nobody has sealed it");
	if (!slice_is_empty(fact->reason))
		buf_add_format(line, ": %.*s", SLICE_ARG(fact->reason));
	for (unsigned i = fact->set_count; i > 0; i--)
		buf_add_format(line, "%s%.*s",
			i == fact->set_count ? "; sealed by " : ", ",
			SLICE_ARG(fact->sets[i - 1].sealer));
	if (fact->is_trusted)
		buf_add_format(
			line, "; trusted by %.*s", SLICE_ARG(fact->trusted_by));
}

static void report(const struct check_input *in, const struct arc_fact *fact,
	struct findings *out)
{
	struct finding *f = findings_add(out, "arc");
	struct buf line;

	f->detail = auth_result_name(fact->result);
	f->outcome = fact->result == AUTH_FAIL	 ? OUTCOME_HIT
		: fact->result == AUTH_TEMPERROR ? OUTCOME_UNKNOWN
						 : OUTCOME_MISS;
	if (fact->set_count > 0)
		f->subject = fact->sets[fact->set_count - 1].sealer;
	/* A long chain is cut: what fits is enough for a human. */
	buf_init(&line, LINE_MAX_LEN);
	write_evidence(fact, &line);
	if (arena_copy(in->arena, buf_slice(&line), &f->evidence) != RES_OK)
		f->evidence = fact->reason;
	buf_clear(&line);
	in->auth->arc = *fact;
}

/* Behind what l= covers anybody may have written anything, and no sealer has
 * seen it: such a chain holds, and nothing is to be built on it. */
static bool is_all_covered(const struct state *s)
{
	return s->chain.sets[s->chain.count - 1].limit == UINT64_MAX;
}

static enum check_progress finish(
	const struct check_input *in, struct state *s, struct findings *out)
{
	struct arc_fact fact = { .result = AUTH_UNKNOWN };

	if (judge(s, &fact) == CHECK_WAITING)
		return CHECK_WAITING;
	list_sets(s, &fact);
	if (fact.result == AUTH_PASS) {
		fact.first_results = s->chain.sets[0].results_text;
		if (is_all_covered(s))
			arctrust_find(&((struct arc *)in->service)->trust,
				in->conf, s->arena, &fact);
	}
	report(in, &fact, out);
	return CHECK_DONE;
}

static bool has_fields(const struct message *m)
{
	for (size_t i = 0; i < m->field_count; i++)
		if (arcset_is_field(m->fields[i].name))
			return true;
	return false;
}

/* Most messages have nothing that a state would be needed for. */
static void report_bare(const struct check_input *in, struct findings *out)
{
	struct arc_fact fact = { .result = AUTH_NONE };

	if (in->message->is_header_partial) {
		fact.result = AUTH_TEMPERROR;
		fact.reason = slice_of("not all of the header is known");
	} else if (has_fields(in->message)) {
		fact.result = AUTH_TEMPERROR;
		fact.reason = slice_of("no memory");
	}
	report(in, &fact, out);
}

enum check_progress arc_step(const struct check_input *in, struct findings *out)
{
	struct state *s = *in->state;

	/* Later there is a body that it has not seen. */
	if (s == NULL && !in->body_ended && !in->message->is_header_partial &&
		has_fields(in->message))
		*in->state = s = begin(in);
	if (s == NULL) {
		if (out != NULL)
			report_bare(in, out);
		return CHECK_DONE;
	}
	go_on_all(in, s);
	return out == NULL ? CHECK_WAITING : finish(in, s, out);
}
