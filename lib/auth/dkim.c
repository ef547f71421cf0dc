/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/dkim.h"

#include "auth/dkimbody.h"
#include "auth/dkimreport.h"
#include "auth/dkimsig.h"
#include "auth/keycache.h"
#include "base/arena.h"
#include "base/buf.h"
#include "conf/conf.h"
#include "dns/asker.h"

#include <sys/types.h>

#include <opendkim/dkim.h>
#include <stdlib.h>
#include <string.h>

enum {
	STATE_MEMORY = 1 << 20, /* fields decoded */
	KEY_MEMORY = 1 << 18, /* one key record */
	FIELD_MAX = 1 << 20, /* octets of a field handed over, name and all */
	KEY_BITS_FLOOR = 1024, /* RFC 8301 s3.2 */
	CLOCK_DRIFT_S = 86400,
	MALLOC_SLACK = 16
};

struct dkim_service {
	DKIM_LIB *lib;
	struct keycache *keys;
};

/* One signature of the message. */
struct signature {
	struct dkimsig sig;
	struct dkim_fact *fact; /* result AUTH_UNKNOWN: open */
	size_t field; /* its index in the header */
	int index; /* of the library's own */
	uint8_t header_hash[SHA256_LEN];
	bool is_hashed;
	bool is_cut; /* a field that it names may be */
	size_t view; /* of the body */
};

struct state {
	struct arena *arena;
	/* One key at a time: those of other signatures on the message must not
	 * use up the memory for this one's. */
	struct arena *scratch;
	struct signature *signature;
	struct dkim_fact *facts;
	size_t count;
	size_t ignored;
	struct dkimbody *body;
	bool is_ended; /* the body is */
};

/* What is said of a message when nothing can be said of its signatures. */
static const struct dkim_fact lost_fact = {
	.result = AUTH_TEMPERROR,
	.reason = { "its signatures could not be looked at", 37 },
};
static const struct dkim_fact partial_fact = {
	.result = AUTH_NEUTRAL,
	.reason = { "the header is not here as it was sent", 37 },
};

static bool is_open(const struct signature *one)
{
	return one->fact->result == AUTH_UNKNOWN;
}

/* ---- the library ---- */

/*
 * Room behind each block: the library has written one pointer past the end of
 * a list (of the fields that h= names). dkimsig keeps that from happening;
 * this keeps the next of its kind from being worth anything.
 */
static void *get_memory(void *closure, size_t len)
{
	(void)closure;
	return malloc(len + MALLOC_SLACK);
}

static void put_memory(void *closure, void *block)
{
	(void)closure;
	free(block);
}

static void take_hash(struct signature *one, DKIM_SIGINFO *sig)
{
	void *header, *body;
	size_t header_len, body_len;

	if (dkim_sig_gethashes(sig, &header, &header_len, &body, &body_len) !=
			DKIM_STAT_OK ||
		header_len != SHA256_LEN)
		return;
	memcpy(one->header_hash, header, SHA256_LEN);
	one->is_hashed = true;
}

/* Called by dkim_eom, which ends there: the body, keys and signatures are our
 * own business. */
static DKIM_CBSTAT take_hashes(DKIM *handle, DKIM_SIGINFO **sigs, int count)
{
	struct state *s = dkim_get_user_context(handle);

	for (size_t i = 0; i < s->count; i++)
		if (is_open(&s->signature[i]) && s->signature[i].index < count)
			take_hash(
				&s->signature[i], sigs[s->signature[i].index]);
	return DKIM_CBSTAT_REJECT;
}

enum result dkim_service_open(size_t keys_max, struct dkim_service **out)
{
	/* No key is fetched at the end of the header; broken signatures do not
	 * end it, nor does a header without From. */
	unsigned flags =
		DKIM_LIBFLAGS_DELAYSIGPROC | DKIM_LIBFLAGS_BADSIGHANDLES;
	/* Times are dkimsig's business, by the clock that it is given. */
	uint64_t drift = CLOCK_DRIFT_S;
	struct dkim_service *s = calloc(1, sizeof(*s));

	*out = NULL;
	if (s == NULL)
		return RES_NOMEM;
	s->lib = dkim_init(get_memory, put_memory);
	s->keys = keycache_new(keys_max);
	if (s->lib == NULL || s->keys == NULL ||
		dkim_options(s->lib, DKIM_OP_SETOPT, DKIM_OPTS_FLAGS, &flags,
			sizeof(flags)) != DKIM_STAT_OK ||
		dkim_options(s->lib, DKIM_OP_SETOPT, DKIM_OPTS_CLOCKDRIFT,
			&drift, sizeof(drift)) != DKIM_STAT_OK ||
		dkim_set_final(s->lib, take_hashes) != DKIM_STAT_OK) {
		dkim_service_close(s);
		return RES_NOMEM;
	}
	*out = s;
	return RES_OK;
}

void dkim_service_close(struct dkim_service *s)
{
	if (s == NULL)
		return;
	if (s->lib != NULL)
		dkim_close(s->lib);
	keycache_free(s->keys);
	free(s);
}

/* ---- the header ---- */

static struct slice signature_name(void)
{
	return slice_of("DKIM-Signature");
}

static void settle(
	struct signature *one, enum auth_result result, const char *reason)
{
	if (!is_open(one))
		return;
	one->fact->result = result;
	one->fact->reason = slice_of(reason);
}

static void settle_all(
	struct state *s, enum auth_result result, const char *reason)
{
	for (size_t i = 0; i < s->count; i++)
		settle(&s->signature[i], result, reason);
}

static bool is_any_open(const struct state *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (is_open(&s->signature[i]))
			return true;
	return false;
}

static void read_signature(const struct check_input *in, struct state *s,
	struct signature *one, size_t field)
{
	const struct dkimsig_clock clock = { in->wall_s,
		in->conf->dkim.clock_skew_s };
	const struct field *f = &in->message->fields[field];
	struct dkimsig *sig = &one->sig;

	one->field = field;
	if (in->message->is_header_partial)
		settle(one, AUTH_NEUTRAL,
			"the header is not here as it was sent");
	if (dkimsig_read(f->value, &clock, s->arena, sig) != RES_OK)
		settle(one, AUTH_TEMPERROR, "no memory");
	settle(one, sig->result, sig->reason);
	one->fact->domain = sig->domain;
	one->fact->selector = sig->selector;
	one->fact->identity = sig->identity;
	one->fact->signed_fields = sig->names;
	one->fact->algorithm = sig->algorithm;
	one->fact->b = sig->b_shown;
	one->fact->expires_s = sig->expires_s;
}

static enum result read_signatures(
	const struct check_input *in, struct state *s)
{
	const struct message *m = in->message;
	size_t all = message_count(m, signature_name());
	size_t most = in->conf->dkim.signatures_max;
	size_t at = 0;

	if (most > AUTH_DKIM_MAX)
		most = AUTH_DKIM_MAX;
	s->count = all < most ? all : most;
	s->ignored = all - s->count;
	s->signature =
		arena_alloc(s->arena, s->count * sizeof(s->signature[0]));
	s->facts = arena_alloc(s->arena, s->count * sizeof(s->facts[0]));
	s->body = dkimbody_new(s->arena);
	if (s->signature == NULL || s->facts == NULL || s->body == NULL)
		return RES_NOMEM;
	for (size_t i = 0; i < s->count; i++, at++) {
		at = message_find(m, signature_name(), at);
		s->signature[i].fact = &s->facts[i];
		read_signature(in, s, &s->signature[i], at);
	}
	return RES_OK;
}

/* Who names this field? A field that cannot be hashed settles them. */
static bool is_wanted(struct state *s, const struct field *f)
{
	bool is_long = f->value.len > FIELD_MAX || f->name.len > FIELD_MAX;
	/* To the library a NUL ends it. */
	bool has_nul = slice_find(f->value, '\0') < f->value.len;
	bool is_named = false;

	for (size_t i = 0; i < s->count; i++) {
		struct signature *one = &s->signature[i];

		if (!is_open(one) || !dkimsig_names(&one->sig, f->name))
			continue;
		one->is_cut |= f->is_cut;
		if (is_long)
			settle(one, AUTH_NEUTRAL, "a signed field is too long");
		else if (has_nul)
			settle(one, AUTH_PERMERROR, "a signed field has a NUL");
		else
			is_named = true;
	}
	return is_named;
}

static bool is_open_signature(const struct state *s, size_t field)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->signature[i].field == field)
			return is_open(&s->signature[i]);
	return false;
}

static DKIM_STAT feed_field(
	DKIM *handle, const struct field *f, struct buf *text)
{
	buf_reset(text);
	buf_add(text, f->name);
	buf_add_char(text, ':');
	buf_add(text, f->value);
	if (buf_result(text) != RES_OK)
		return DKIM_STAT_NORESOURCE;
	return dkim_header(handle, (unsigned char *)text->at, text->len);
}

/*
 * A bit for each field that some signature names. Done before the first is
 * fed, for a field at the end of the header may settle a signature, and what
 * the library sees of signatures must be what take_hashes counts on.
 */
static bool *choose_fields(const struct message *m, struct state *s)
{
	bool *is_chosen = calloc(m->field_count + 1, sizeof(*is_chosen));

	for (size_t i = 0; is_chosen != NULL && i < m->field_count; i++)
		is_chosen[i] = is_wanted(s, &m->fields[i]);
	for (size_t i = 0; is_chosen != NULL && i < s->count; i++)
		is_chosen[s->signature[i].field] =
			is_open_signature(s, s->signature[i].field);
	return is_chosen;
}

/* The index of the first field that the library refuses, or field_count. */
static size_t feed_header(const struct message *m, DKIM *handle,
	const bool *is_chosen, DKIM_STAT *status)
{
	struct buf text;
	size_t i = 0;

	*status = DKIM_STAT_OK;
	buf_init(&text, (size_t)2 * FIELD_MAX + 1);
	for (; i < m->field_count; i++) {
		if (is_chosen[i])
			*status = feed_field(handle, &m->fields[i], &text);
		if (*status != DKIM_STAT_OK)
			break;
	}
	buf_clear(&text);
	return i;
}

/* The library has one of its own for each that is open, in their order. */
static bool match_signatures(struct state *s, DKIM *handle)
{
	DKIM_SIGINFO **sigs = NULL;
	int count = 0, at = 0;

	if (dkim_getsiglist(handle, &sigs, &count) != DKIM_STAT_OK)
		return false;
	for (size_t i = 0; i < s->count; i++) {
		struct signature *one = &s->signature[i];

		if (!is_open(one))
			continue;
		if (at == count)
			return false;
		one->index = at++;
		if (dkim_sig_geterror(sigs[one->index]) !=
			DKIM_SIGERROR_UNKNOWN)
			settle(one, AUTH_NEUTRAL,
				dkim_sig_geterrorstr(
					dkim_sig_geterror(sigs[one->index])));
	}
	return at == count;
}

/* A signature, or a field that some name. */
static void refuse_field(const struct message *m, struct state *s, size_t at)
{
	for (size_t i = 0; i < s->count; i++) {
		struct signature *one = &s->signature[i];

		if (one->field == at ||
			dkimsig_names(&one->sig, m->fields[at].name))
			settle(one, AUTH_NEUTRAL, "our library cannot read it");
	}
}

/* All fields are fed. Only what lack of memory did may be better next time:
 * with the rest it is the sender who decides whether the library fails. */
static void take_header(struct state *s, DKIM *handle)
{
	DKIM_STAT status = dkim_eoh(handle);

	if (status == DKIM_STAT_NORESOURCE)
		return;
	if (status == DKIM_STAT_OK && match_signatures(s, handle))
		status = dkim_eom(handle, NULL);
	if (status == DKIM_STAT_NORESOURCE)
		return;
	for (size_t i = 0; i < s->count; i++)
		if (!s->signature[i].is_hashed)
			settle(&s->signature[i], AUTH_NEUTRAL,
				"our library cannot hash it");
}

/*
 * The library sees the header and an empty body, all at once. True: to be done
 * again, for it refuses a signature that dkimsig took (octets above 127, say),
 * and what it keeps of such a one is not told.
 */
static bool hash_once(
	const struct check_input *in, struct state *s, bool *is_chosen)
{
	const struct dkim_service *service = in->service;
	size_t end = in->message->field_count, fed = end;
	DKIM_STAT status;
	DKIM *handle = dkim_verify(service->lib,
		(const unsigned char *)in->conn->id, NULL, &status);

	if (handle == NULL)
		return false;
	status = dkim_set_user_context(handle, s);
	if (status == DKIM_STAT_OK)
		fed = feed_header(in->message, handle, is_chosen, &status);
	if (status == DKIM_STAT_OK)
		take_header(s, handle);
	(void)dkim_free(handle);
	if (fed == end || status == DKIM_STAT_NORESOURCE)
		return false;
	refuse_field(in->message, s, fed);
	is_chosen[fed] = false;
	return is_any_open(s);
}

static void hash_header(
	const struct check_input *in, struct state *s, bool *is_chosen)
{
	/* Each time there is a field less. */
	while (hash_once(in, s, is_chosen))
		;
	for (size_t i = 0; i < s->count; i++)
		if (!s->signature[i].is_hashed)
			settle(&s->signature[i], AUTH_TEMPERROR, "no memory");
}

/* ---- the body ---- */

static void begin_body(struct state *s)
{
	for (size_t i = 0; i < s->count; i++) {
		struct signature *one = &s->signature[i];

		if (is_open(one) &&
			dkimbody_want(s->body, &one->sig, &one->view) != RES_OK)
			settle(one, AUTH_TEMPERROR, "no memory");
	}
}

static void end_body(struct state *s)
{
	if (s->is_ended)
		return;
	s->is_ended = true;
	if (dkimbody_end(s->body) != RES_OK)
		settle_all(s, AUTH_TEMPERROR, "no memory");
}

/* ---- keys ---- */

/* Asks for all of them. Is one still on its way? */
static bool ask_keys(const struct check_input *in, const struct state *s)
{
	bool is_waiting = false;

	for (size_t i = 0; i < s->count; i++)
		if (is_open(&s->signature[i]))
			is_waiting |=
				asker_ask(in->dns, s->signature[i].sig.key_name,
					DNS_TXT) == NULL;
	return is_waiting;
}

static const char *fault_of_key(
	const struct dkimkey *key, const struct dkimsig *sig, unsigned bits_max)
{
	if (key->status != DKIMKEY_GOOD)
		return key->reason;
	if (key->type != sig->type)
		return "the key is of another type than a=";
	if (!key->allows_sha256)
		return "the key is not for SHA-256";
	if (!key->allows_email)
		return "the key is not for mail";
	if (key->is_strict && sig->is_subdomain)
		return "the key is not for subdomains";
	if (key->type != DKIMKEY_RSA)
		return NULL;
	if (key->key_bits < KEY_BITS_FLOOR)
		return "the key is too short to prove anything";
	return key->key_bits > bits_max ? "the key is too long" : NULL;
}

/* ---- at the end ---- */

static void verify(
	struct keycache *keys, struct signature *one, const struct dkimkey *key)
{
	struct pubkey *pubkey = NULL;
	bool is_good = false;
	enum result res = keycache_find(keys,
		key->type == DKIMKEY_RSA ? PUBKEY_RSA : PUBKEY_ED25519,
		key->key, &pubkey);

	if (res == RES_OK)
		res = pubkey_verify(
			pubkey, one->header_hash, one->sig.signature, &is_good);
	pubkey_release(pubkey);
	if (res == RES_NOMEM)
		settle(one, AUTH_TEMPERROR, "no memory");
	else if (res != RES_OK)
		settle(one, AUTH_PERMERROR, "the key is not usable");
	else if (!is_good && one->is_cut)
		settle(one, AUTH_NEUTRAL, "a signed field may have been cut");
	else if (!is_good)
		settle(one, AUTH_FAIL, "the header is not what was signed");
}

/* What l= says of the body, and the hash of as much of it. */
static void compare_body(const struct dkimbody *body, struct signature *one)
{
	const struct dkimsig *sig = &one->sig;
	uint64_t octets = dkimbody_octets(body, one->view);

	one->fact->is_partial = sig->has_length && sig->length < octets;
	if (sig->has_length && sig->length > octets)
		settle(one, AUTH_FAIL, "the body is shorter than l= says");
	if (memcmp(dkimbody_hash(body, one->view), sig->body_hash.at,
		    SHA256_LEN) != 0)
		settle(one, AUTH_FAIL, "the body is not what was signed");
}

static void judge(
	const struct check_input *in, struct state *s, struct signature *one)
{
	const struct dkim_service *service = in->service;
	const struct conf_dkim *conf = &in->conf->dkim;
	const struct dns_answer *answer =
		asker_ask(in->dns, one->sig.key_name, DNS_TXT);
	const char *fault;
	struct dkimkey key;

	arena_reset(s->scratch);
	if (answer == NULL ||
		dkimkey_read(answer, s->scratch, &key) != RES_OK) {
		settle(one, AUTH_TEMPERROR, "no memory");
		return;
	}
	one->fact->key_bits = key.key_bits;
	one->fact->is_testing = key.is_testing;
	one->fact->is_key_secure = key.is_secure;
	fault = fault_of_key(&key, &one->sig, conf->max_key_bits);
	if (fault != NULL && key.status != DKIMKEY_NOT_TOLD)
		settle(one, AUTH_PERMERROR, fault);
	/* Another try at the key does not mend the body. */
	compare_body(s->body, one);
	/* Whoever puts so many on a message gains nothing by it. */
	if (answer->why == DNS_WHY_BUDGET)
		settle(one, AUTH_NEUTRAL, fault);
	if (fault != NULL)
		settle(one, AUTH_TEMPERROR, fault);
	if (is_open(one))
		verify(service->keys, one, &key);
	if (one->fact->is_partial)
		settle(one, AUTH_POLICY, "a part of the body is not signed");
	if (key.type == DKIMKEY_RSA && key.key_bits < conf->min_key_bits)
		settle(one, AUTH_POLICY, "the key is shorter than we take");
	settle(one, AUTH_PASS, "");
}

static bool has_signature(const struct message *m)
{
	return message_find(m, signature_name(), 0) < m->field_count;
}

/* Nothing was begun: there was no signature, or it could not be. */
static void report_nothing(const struct check_input *in, struct findings *out)
{
	if (has_signature(in->message))
		dkimreport_write(in, out, &lost_fact, 1, 0);
	else if (in->message->is_header_partial)
		dkimreport_write(in, out, &partial_fact, 1, 0);
	else
		dkimreport_write(in, out, NULL, 0, 0);
}

/* ---- as a check ---- */

static void begin_hashing(const struct check_input *in, struct state *s)
{
	bool *is_chosen;

	if (in->service == NULL)
		settle_all(s, AUTH_TEMPERROR, "there is no libopendkim");
	if (in->dns == NULL)
		settle_all(s, AUTH_TEMPERROR, "there is no resolver");
	if (!is_any_open(s))
		return;
	is_chosen = choose_fields(in->message, s);
	if (is_chosen == NULL)
		settle_all(s, AUTH_TEMPERROR, "no memory");
	if (is_any_open(s)) {
		(void)ask_keys(in, s);
		hash_header(in, s, is_chosen);
		begin_body(s);
	}
	free(is_chosen);
}

static struct state *begin(const struct check_input *in)
{
	struct state *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->arena = arena_new(STATE_MEMORY);
	s->scratch = arena_new(KEY_MEMORY);
	if (s->arena == NULL || s->scratch == NULL ||
		read_signatures(in, s) != RES_OK) {
		dkim_check_clear(s);
		return NULL;
	}
	begin_hashing(in, s);
	return s;
}

static enum check_progress conclude(
	const struct check_input *in, struct state *s, struct findings *out)
{
	if (s == NULL) {
		report_nothing(in, out);
		return CHECK_DONE;
	}
	end_body(s);
	if (ask_keys(in, s))
		return CHECK_WAITING;
	for (size_t i = 0; i < s->count; i++)
		if (is_open(&s->signature[i]))
			judge(in, s, &s->signature[i]);
	dkimreport_write(in, out, s->facts, s->count, s->ignored);
	return CHECK_DONE;
}

enum check_progress dkim_check_step(
	const struct check_input *in, struct findings *out)
{
	struct state *s = *in->state;

	if (in->message == NULL)
		return CHECK_WAITING;
	/* Later there is a body that it has not seen. */
	if (s == NULL && !in->body_ended && has_signature(in->message))
		*in->state = s = begin(in);
	if (out != NULL)
		return in->body_ended ? conclude(in, s, out) : CHECK_WAITING;
	return s != NULL && ask_keys(in, s) ? CHECK_WAITING : CHECK_DONE;
}

bool dkim_check_body(const struct check_input *in, struct slice piece)
{
	struct state *s = *in->state;

	if (s == NULL || !dkimbody_is_wanted(s->body))
		return false;
	dkimbody_add(s->body, piece);
	return true;
}

void dkim_check_clear(void *state)
{
	struct state *s = state;

	dkimbody_free(s->body);
	arena_free(s->scratch);
	arena_free(s->arena);
	free(s);
}
