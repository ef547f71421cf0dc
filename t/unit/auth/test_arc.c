/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/arc.h"

#include "auth/arcset.h"
#include "auth/canon.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/privkey.h"
#include "dns/asker.h"
#include "mail/base64.h"
#include "support/arc_rig.h"
#include "support/case.h"
#include "support/folder.h"
#include "support/keypair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char plain[] = "Received: from x by y;\n\tsome day\n"
			    "From: Somebody <me@x.example>\n"
			    "To: you@y.example\n"
			    "Subject: a  chain\n"
			    "\n"
			    "Hello\n\nWorld\n";

enum { DOMAINS = 3 };

/* Keys and sealers of a.example, b.example and c.example. */
struct place {
	struct keypair *pair[DOMAINS];
	struct arcseal *seal[DOMAINS];
	struct arc_rig rig;
};

static void name_key(size_t i, char out[64])
{
	(void)snprintf(out, 64, "s._domainkey.%c.example", (int)('a' + i));
}

static struct arcseal *open_seal(const struct keypair *pair, size_t i)
{
	char path[FOLDER_PATH_MAX], domain[] = "x.example", selector[] = "s";
	struct conf_arc conf = {
		.seal_domain = domain, .selector = selector, .key = path
	};
	struct arcseal *s = NULL;
	struct folder f;
	struct buf why;

	domain[0] = (char)('a' + i);
	folder_make(&f);
	keypair_save(pair, folder_path(&f, "key.pem", path));
	buf_init(&why, 200);
	assert_int_equal(arcseal_open(&conf, &why, &s), RES_OK);
	buf_clear(&why);
	folder_remove(&f);
	return s;
}

static struct place *place_new(unsigned bits, const struct trust_source *trust)
{
	struct place *p = calloc(1, sizeof(*p));
	char name[64];

	assert_non_null(p);
	arc_rig_init(&p->rig, trust);
	for (size_t i = 0; i < DOMAINS; i++) {
		p->pair[i] = keypair_new(bits, 0);
		p->seal[i] = open_seal(p->pair[i], i);
		name_key(i, name);
		fake_dns_add(p->rig.dns, name, "TXT", p->pair[i]->record);
	}
	return p;
}

static void place_free(struct place *p)
{
	for (size_t i = 0; i < DOMAINS; i++) {
		arcseal_close(p->seal[i]);
		keypair_free(p->pair[i]);
	}
	arc_rig_clear(&p->rig);
	free(p);
}

/* A chain: each letter seals, in this order. Nothing of it is asked yet. */
static void make_chain(struct place *p, const char *letters)
{
	struct arcseal_set set;
	char results[64];

	arc_rig_load(&p->rig, slice_of(plain));
	for (; *letters != '\0'; letters++) {
		(void)snprintf(results, sizeof(results), "%c.example; spf=pass",
			*letters);
		(void)arc_rig_validate(&p->rig);
		assert_int_equal(arc_rig_seal(&p->rig, p->seal[*letters - 'a'],
					 results, &set),
			RES_OK);
		assert_int_equal(set.skipped == NULL, 1);
	}
}

/* Another DNS from now on, where the keys are but for those of one domain. */
static void change_dns(
	struct place *p, char letter, const char *type, const char *value)
{
	const struct asker_limits limits = { 200, 60000 };
	struct fake_dns *dns = fake_dns_new(NULL);
	char name[64];

	arc_rig_forget(&p->rig);
	asker_free(p->rig.asker);
	fake_dns_free(p->rig.dns);
	for (size_t i = 0; i < DOMAINS; i++) {
		name_key(i, name);
		if ('a' + (char)i != letter)
			fake_dns_add(dns, name, "TXT", p->pair[i]->record);
		else if (type[0] != '\0')
			fake_dns_add(dns, name, type, value);
	}
	p->rig.dns = dns;
	p->rig.asker = asker_new(fake_dns_source(dns), &limits, clock_system());
	asker_mark(p->rig.asker);
}

static void replace(struct place *p, const char *old, const char *new)
{
	struct slice text = buf_slice(&p->rig.text);
	const char *at = strstr(p->rig.text.at, old);
	struct buf changed;

	assert_non_null(at);
	buf_init(&changed, ARC_RIG_TEXT_MAX);
	buf_add(&changed, slice_part(text, 0, (size_t)(at - text.at)));
	buf_add_text(&changed, new);
	buf_add_text(&changed, at + strlen(old));
	arc_rig_load(&p->rig, buf_slice(&changed));
	buf_clear(&changed);
}

static void assert_slice(struct slice got, const char *want)
{
	if (!slice_is_equal(got, slice_of(want)))
		fail_msg("\"%.*s\" is not \"%s\"", SLICE_ARG(got), want);
}

static void assert_result(
	struct place *p, const char *result, const char *reason)
{
	const struct arc_fact *fact = arc_rig_validate(&p->rig);
	const struct finding *f = findings_find(&p->rig.found, "arc");

	assert_slice(fact->reason, reason);
	assert_string_equal(auth_result_name(fact->result), result);
	assert_int_equal(p->rig.found.count, 1);
	assert_non_null(f);
	assert_string_equal(f->detail, result);
	assert_string_equal(outcome_name(f->outcome),
		outcome_name(fact->result == AUTH_FAIL ? OUTCOME_HIT
				: fact->result == AUTH_TEMPERROR
				? OUTCOME_UNKNOWN
				: OUTCOME_MISS));
	assert_int_equal(
		slice_is_empty(fact->first_results), fact->result != AUTH_PASS);
}

/* ---- DNS and keys ---- */

struct dns_row {
	const char *letters; /* who seals */
	char letter; /* whose key is another one */
	const char *type;
	const char *value; /* NULL: the key of c.example */
	const char *result;
	const char *reason;
};

static void asks(void **state)
{
	const struct dns_row *row = *state;
	struct place *p = place_new(0, NULL);

	make_chain(p, row->letters);
	change_dns(p, row->letter, row->type,
		row->value == NULL ? p->pair[2]->record : row->value);
	assert_result(p, row->result, row->reason);
	place_free(p);
}

static void bounds_keys(void **state)
{
	struct place *p = place_new(1024, NULL);

	(void)state;
	make_chain(p, "ab");
	assert_result(p, "pass", "");
	p->rig.conf.dkim.min_key_bits = 1025;
	arc_rig_forget(&p->rig);
	assert_result(
		p, "fail", "message signature of set 2: its key is too short");
	p->rig.conf.dkim.min_key_bits = 1024;
	p->rig.conf.dkim.max_key_bits = 1023;
	arc_rig_forget(&p->rig);
	assert_result(p, "fail",
		"message signature of set 2: its key is longer than we take");
	place_free(p);
}

static void asks_once(void **state)
{
	struct place *p = place_new(0, NULL);

	(void)state;
	make_chain(p, "aaa");
	change_dns(p, '-', "", "");
	assert_result(p, "pass", "");
	assert_int_equal(fake_dns_asked(p->rig.dns), 1);
	place_free(p);
}

static void asks_at_the_end_of_the_header(void **state)
{
	struct place *p = place_new(0, NULL);

	(void)state;
	make_chain(p, "abc");
	change_dns(p, '-', "", "");
	fake_dns_hold(p->rig.dns, true);
	assert_int_equal(arc_rig_begin(&p->rig), CHECK_WAITING);
	assert_int_equal(fake_dns_asked(p->rig.dns), 3);
	arc_rig_body(&p->rig);
	assert_int_equal(arc_rig_end(&p->rig), CHECK_WAITING);
	assert_int_equal(p->rig.found.count, 0);
	assert_int_equal(fake_dns_let_go(p->rig.dns), 3);
	assert_int_equal(arc_rig_end(&p->rig), CHECK_DONE);
	assert_string_equal(auth_result_name(p->rig.auth.arc.result), "pass");
	place_free(p);
}

static void answers_may_come_during_the_body(void **state)
{
	struct place *p = place_new(0, NULL);

	(void)state;
	make_chain(p, "ab");
	change_dns(p, '-', "", "");
	fake_dns_hold(p->rig.dns, true);
	assert_int_equal(arc_rig_begin(&p->rig), CHECK_WAITING);
	assert_int_equal(fake_dns_let_go(p->rig.dns), 2);
	arc_rig_body(&p->rig);
	assert_int_equal(arc_rig_begin(&p->rig), CHECK_WAITING);
	assert_int_equal(arc_rig_end(&p->rig), CHECK_DONE);
	assert_string_equal(auth_result_name(p->rig.auth.arc.result), "pass");
	place_free(p);
}

static void an_expired_command_tells_nothing(void **state)
{
	struct place *p = place_new(0, NULL);

	(void)state;
	make_chain(p, "ab");
	change_dns(p, '-', "", "");
	fake_dns_hold(p->rig.dns, true);
	assert_int_equal(arc_rig_begin(&p->rig), CHECK_WAITING);
	arc_rig_body(&p->rig);
	asker_expire(p->rig.asker);
	assert_int_equal(arc_rig_end(&p->rig), CHECK_DONE);
	assert_slice(p->rig.auth.arc.reason,
		"message signature of set 2: no answer in time");
	assert_string_equal(
		auth_result_name(p->rig.auth.arc.result), "temperror");
	place_free(p);
}

static void parses_a_key_once(void **state)
{
	struct place *p = place_new(1024, NULL);

	(void)state;
	make_chain(p, "ab");
	for (int i = 0; i < 3; i++) {
		arc_rig_forget(&p->rig);
		assert_result(p, "pass", "");
	}
	assert_int_equal(arc_key_count(p->rig.arc), 2);
	place_free(p);
}

/* ---- the message ---- */

struct text_row {
	const char *letters;
	const char *old; /* NULL: nothing is changed */
	const char *new;
	const char *result;
	const char *reason;
};

static void reads_a_message(void **state)
{
	const struct text_row *row = *state;
	struct place *p = place_new(0, NULL);

	make_chain(p, row->letters);
	if (row->old != NULL)
		replace(p, row->old, row->new);
	for (p->rig.piece = 1; p->rig.piece < 9; p->rig.piece += 3) {
		assert_result(p, row->result, row->reason);
		arc_rig_forget(&p->rig);
	}
	place_free(p);
}

static void tells_what_it_saw(void **state)
{
	struct place *p = place_new(0, NULL);
	const struct arc_fact *fact = &p->rig.auth.arc;

	(void)state;
	make_chain(p, "abc");
	assert_result(p, "pass", "");
	assert_int_equal(fact->instances, 3);
	assert_int_equal(fact->set_count, 3);
	assert_int_equal(fact->oldest_pass, 0);
	assert_slice(fact->sets[0].sealer, "a.example");
	assert_slice(fact->sets[2].sealer, "c.example");
	assert_slice(fact->sets[2].selector, "s");
	assert_slice(fact->first_results, "a.example; spf=pass");
	assert_false(fact->is_trusted);
	assert_slice(p->rig.found.item[0].subject, "c.example");
	assert_slice(p->rig.found.item[0].evidence,
		"pass; sealed by c.example, b.example, a.example");
	replace(p, "World", "Word");
	assert_result(
		p, "fail", "message signature of set 3: the body has changed");
	assert_int_equal(fact->instances, 3);
	assert_slice(p->rig.found.item[0].evidence,
		"fail: message signature of set 3: the body has changed; sealed by c.example, "
		"b.example, a.example");
	arc_rig_load(&p->rig, slice_of(plain));
	assert_result(p, "none", "");
	assert_slice(
		p->rig.found.item[0].evidence, "none: nobody has sealed it");
	place_free(p);
}

static void keeps_to_its_cap(void **state)
{
	struct place *p = place_new(0, NULL);

	(void)state;
	make_chain(p, "abc");
	p->rig.conf.arc.sets_max = 2;
	assert_result(p, "fail", "set 3: there are more sets than we take");
	place_free(p);
}

static struct field *field_named(struct arc_rig *r, const char *name)
{
	size_t i = message_find(&r->message, slice_of(name), 0);

	assert_int_not_equal(i, r->message.field_count);
	return &r->fields[i];
}

static void what_may_be_cut_tells_nothing(void **state)
{
	static const char *const hanging[] = { "Subject", "ARC-Seal",
		"ARC-Message-Signature", "ARC-Authentication-Results" };
	struct place *p = place_new(0, NULL);

	(void)state;
	make_chain(p, "ab");
	for (size_t i = 0; i < 4; i++) {
		field_named(&p->rig, hanging[i])->is_cut = true;
		assert_result(p, "pass", "");
		arc_rig_forget(&p->rig);
		field_named(&p->rig, hanging[i])->is_cut = false;
	}
	replace(p, "a  chain", "a  train");
	field_named(&p->rig, "Received")->is_cut = true;
	assert_result(p, "fail",
		"message signature of set 2: its signature does not verify");
	arc_rig_forget(&p->rig);
	for (size_t i = 0; i < 4; i++) {
		field_named(&p->rig, hanging[i])->is_cut = true;
		assert_result(p, "temperror",
			"a field of it may have been cut on its way");
		/* Or a forger would be taken for one that he names. */
		assert_int_equal(p->rig.auth.arc.set_count, 0);
		arc_rig_forget(&p->rig);
		field_named(&p->rig, hanging[i])->is_cut = false;
	}
	place_free(p);
}

static void half_a_header_tells_nothing(void **state)
{
	struct place *p = place_new(0, NULL);

	(void)state;
	make_chain(p, "a");
	p->rig.message.is_header_partial = true;
	assert_result(p, "temperror", "not all of the header is known");
	arc_rig_load(&p->rig, slice_of(plain));
	p->rig.message.is_header_partial = true;
	assert_result(p, "temperror", "not all of the header is known");
	place_free(p);
}

static void a_message_may_end_anywhere(void **state)
{
	struct place *p = place_new(0, NULL);

	(void)state;
	make_chain(p, "ab");
	change_dns(p, '-', "", "");
	fake_dns_hold(p->rig.dns, true);
	assert_int_equal(arc_rig_begin(&p->rig), CHECK_WAITING);
	arc_rig_forget(&p->rig);
	assert_int_equal(arc_rig_begin(&p->rig), CHECK_WAITING);
	arc_rig_body(&p->rig);
	arc_rig_forget(&p->rig);
	assert_int_equal(arc_rig_begin(&p->rig), CHECK_WAITING);
	arc_rig_body(&p->rig);
	assert_int_equal(arc_rig_end(&p->rig), CHECK_WAITING);
	arc_rig_forget(&p->rig);
	arc_clear(NULL);
	place_free(p);
}

/* A field may be as the sender likes: a chain that takes all memory is no
 * chain that passes, and none that fails. */
static void a_great_header_ends_somewhere(void **state)
{
	struct place *p = place_new(0, NULL);
	struct buf text;

	(void)state;
	buf_init(&text, ARC_RIG_TEXT_MAX);
	for (unsigned i = 1; i <= 50; i++) {
		buf_add_format(&text,
			"ARC-Seal: i=%u; cv=%s; a=rsa-sha256; "
			"d=a.example; s=s; b=",
			i, i == 1 ? "none" : "pass");
		for (int k = 0; k < 2000; k++)
			buf_add_text(&text, "AAA ");
		buf_add_text(&text, "\n");
	}
	buf_add_text(&text, plain);
	arc_rig_load(&p->rig, buf_slice(&text));
	assert_int_not_equal(arc_rig_validate(&p->rig)->result, AUTH_PASS);
	buf_clear(&text);
	place_free(p);
}

/* Each signature as long as it may be: the result is no lack of memory, which
 * a forger could bring about. */
static void fifty_long_sets_fit_into_memory(void **state)
{
	struct place *p = place_new(0, NULL);
	char octets[ARCSET_SIGNATURE_MAX * 4];
	struct buf text;

	(void)state;
	memset(octets, 'A', sizeof(octets));
	octets[40] = ' ';
	buf_init(&text, ARC_RIG_TEXT_MAX);
	for (int i = 1; i <= 50; i++) {
		int len = i == 50 ? 4 : (int)sizeof(octets);

		buf_add_format(&text,
			"ARC-Authentication-Results: i=%d; x; none\n"
			"ARC-Message-Signature: i=%d; a=rsa-sha256; "
			"d=a.example; s=s; h=from; b=%.*s; bh=",
			i, i, len, octets);
		if (i == 50)
			buf_add_text(&text,
				"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
		else
			buf_add(&text, slice_make(octets, (size_t)len));
		buf_add_format(&text,
			"\nARC-Seal: i=%d; a=rsa-sha256; cv=%s; "
			"d=a.example; s=s; b=%.*s\n",
			i, i == 1 ? "none" : "pass", 2700, octets);
	}
	buf_add_text(&text, plain);
	arc_rig_load(&p->rig, buf_slice(&text));
	assert_result(p, "fail",
		"message signature of set 50: its key is of another type");
	buf_clear(&text);
	place_free(p);
}

/* ---- trust ---- */

/* value: up to and with "b="; the signature goes behind it. */
static void sign(struct place *p, const char *name, struct buf *value,
	const struct field *covered, size_t count)
{
	struct field own = { .name = slice_of(name),
		.value = buf_slice(value) };
	struct slice end = slice_make(value->at + value->len, 0), text;
	struct digest *d = digest_new();
	struct canon_sink sink;
	uint8_t digest[SHA256_LEN];
	struct privkey *key = NULL;
	char path[FOLDER_PATH_MAX];
	struct folder f;
	struct buf octets;

	canon_sink_digest(&sink, d);
	for (size_t i = 0; i < count; i++)
		canon_field(&sink, CANON_RELAXED, &covered[i]);
	canon_field_unsigned(&sink, CANON_RELAXED, &own, end);
	canon_flush(&sink);
	assert_int_equal(digest_end(d, digest), RES_OK);
	digest_free(d);
	folder_make(&f);
	keypair_save(p->pair[0], folder_path(&f, "key.pem", path));
	assert_int_equal(privkey_read(path, &key), RES_OK);
	folder_remove(&f);
	buf_init(&octets, 1000);
	assert_int_equal(privkey_sign(key, digest, &octets), RES_OK);
	privkey_free(key);
	assert_int_equal(
		base64_encode(buf_slice(&octets), p->rig.arena, &text), RES_OK);
	buf_clear(&octets);
	buf_add(value, text);
}

/* A set that covers the "Hello" of the body alone. */
static void load_partial(struct place *p)
{
	const struct field from = { .name = slice_of("From"),
		.value = slice_of(" Somebody <me@x.example>") };
	struct field covered[2] = { { .name = slice_of(arcset_results_name),
					    .value =
						    slice_of(" i=1; x; none") },
		{ .name = slice_of(arcset_message_name) } };
	struct buf message, seal, text;

	buf_init(&message, 2000);
	buf_init(&seal, 2000);
	buf_init(&text, 8000);
	buf_add_text(&message,
		" i=1; a=ed25519-sha256; c=relaxed/relaxed; d=a.example; s=s; "
		"h=from; l=7; bh=Ba3gj8+xBPQLJTahTfzW6RbWQ/"
		"XPgESxkCi2B66PSQg=; b=");
	sign(p, arcset_message_name, &message, &from, 1);
	covered[1].value = buf_slice(&message);
	buf_add_text(
		&seal, " i=1; a=ed25519-sha256; cv=none; d=a.example; s=s; b=");
	sign(p, arcset_seal_name, &seal, covered, 2);
	buf_add_format(&text,
		"ARC-Seal:%s\nARC-Message-Signature:%s\n"
		"ARC-Authentication-Results: i=1; x; none\n%s",
		buf_text(&seal), buf_text(&message), plain);
	arc_rig_load(&p->rig, buf_slice(&text));
	buf_clear(&message);
	buf_clear(&seal);
	buf_clear(&text);
}

static void who_seals_a_part_of_the_body_is_not_trusted(void **state)
{
	struct place *p = place_new(0, NULL);
	char domain[] = "a.example", *config[1] = { domain };

	(void)state;
	p->rig.conf.arc.trusted = config;
	p->rig.conf.arc.trusted_count = 1;
	load_partial(p);
	assert_result(p, "pass", "");
	assert_false(p->rig.auth.arc.is_trusted);
	place_free(p);
}

struct trust_row {
	const char *config; /* NULL: none */
	const char *known; /* to the source: letters */
	enum result answer;
	const char *by; /* NULL: not trusted */
};

static enum result find_trusted(
	void *ctx, const char *kind, struct slice domain, bool *found)
{
	const struct trust_row *row = ctx;

	assert_string_equal(kind, "arc");
	*found = strchr(row->known, domain.at[0]) != NULL;
	return row->answer;
}

static void trusts(void **state)
{
	struct trust_row row = *(const struct trust_row *)*state;
	const struct trust_source source = { find_trusted, &row };
	struct place *p = place_new(0, &source);
	char *config[1];

	config[0] = strdup(row.config == NULL ? "" : row.config);
	p->rig.conf.arc.trusted = config;
	p->rig.conf.arc.trusted_count = row.config == NULL ? 0 : 1;
	make_chain(p, "ab");
	assert_result(p, "pass", "");
	assert_int_equal(p->rig.auth.arc.is_trusted, row.by != NULL);
	assert_slice(p->rig.auth.arc.trusted_by, row.by == NULL ? "" : row.by);
	replace(p, "World", "Word");
	assert_result(
		p, "fail", "message signature of set 2: the body has changed");
	assert_false(p->rig.auth.arc.is_trusted);
	free(config[0]);
	place_free(p);
}

#define DNS(name, letters, letter, type, value, result, reason) \
	CASE(name, asks,                                        \
		(&(struct dns_row){                             \
			letters, letter, type, value, result, reason }))
#define TEXT(name, letters, old, new, result, reason) \
	CASE(name, reads_a_message,                   \
		(&(struct text_row){ letters, old, new, result, reason }))
#define TRUST(name, config, known, answer, by) \
	CASE(name, trusts, (&(struct trust_row){ config, known, answer, by }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		DNS("keys that are there make it pass", "ab", '-', "", "",
			"pass", ""),
		DNS("a server failure for the newest key tells nothing", "ab",
			'b', "SERVFAIL", "", "temperror",
			"message signature of set 2: server failure"),
		DNS("a server failure for the oldest key tells nothing", "ab",
			'a', "SERVFAIL", "", "temperror",
			"seal of set 1: server failure"),
		DNS("silence tells nothing", "ab", 'a', "TIMEOUT", "",
			"temperror", "seal of set 1: no answer in time"),
		DNS("a forged answer tells nothing", "ab", 'b', "BOGUS", "",
			"temperror",
			"message signature of set 2: DNSSEC validation failed"),
		DNS("a key that does not exist fails", "ab", 'a', "", "",
			"fail", "seal of set 1: there is no such key"),
		DNS("a revoked key fails", "ab", 'b', "TXT",
			"v=DKIM1; k=ed25519; p=", "fail",
			"message signature of set 2: the key is revoked"),
		DNS("another's key fails", "ab", 'a', "TXT", NULL, "fail",
			"seal of set 1: its signature does not verify"),
		DNS("what is no key fails", "a", 'a', "TXT",
			"v=DKIM1; k=ed25519; p=AAAA", "fail",
			"message signature of set 1: p= is no Ed25519 key"),
		CASE("keys have bounds", bounds_keys, NULL),
		CASE("the same key is asked for once", asks_once, NULL),
		CASE("all keys are asked for at the end of the header",
			asks_at_the_end_of_the_header, NULL),
		CASE("answers may come during the body",
			answers_may_come_during_the_body, NULL),
		CASE("past the deadline nothing is told",
			an_expired_command_tells_nothing, NULL),
		CASE("a key is parsed once", parses_a_key_once, NULL),
		TEXT("a message without seals has no chain", "", NULL, NULL,
			"none", ""),
		TEXT("one seal passes", "a", NULL, NULL, "pass", ""),
		TEXT("five seals pass", "abcab", NULL, NULL, "pass", ""),
		TEXT("a changed body fails", "ab", "World", "Word", "fail",
			"message signature of set 2: the body has changed"),
		TEXT("a changed subject fails", "ab", "a  chain", "a  train",
			"fail",
			"message signature of set 2: its signature does not verify"),
		TEXT("blanks in the subject make no difference", "ab",
			"Subject: a  chain", "SUBJECT:\ta chain  ", "pass", ""),
		TEXT("blank lines at the end make no difference", "ab",
			"World\n", "World  \n\n \n\n", "pass", ""),
		TEXT("Received makes no difference", "ab", "Received: from x",
			"Received: from z", "pass", ""),
		TEXT("a second From fails", "a", "From: Some",
			"From: x@evil.example\nFrom: Some", "fail",
			"message signature of set 1: its signature does not "
			"verify"),
		TEXT("changed results fail", "ab", "i=1; a.example; spf=pass",
			"i=1; a.example; spf=fail", "fail",
			"seal of set 2: its signature does not verify"),
		TEXT("a set taken out of the middle fails", "ab", "i=2;",
			"i=3;", "fail", "set 3: a set below it is not whole"),
		TEXT("an ended chain fails", "ab", "cv=pass", "cv=fail", "fail",
			"set 2: its seal says that the chain is broken"),
		CASE("it tells what it saw", tells_what_it_saw, NULL),
		CASE("more sets than arc.sets_max fail", keeps_to_its_cap,
			NULL),
		CASE("a field that may be cut tells nothing",
			what_may_be_cut_tells_nothing, NULL),
		CASE("half a header tells nothing", half_a_header_tells_nothing,
			NULL),
		CASE("a message may end anywhere", a_message_may_end_anywhere,
			NULL),
		CASE("a great header ends somewhere",
			a_great_header_ends_somewhere, NULL),
		CASE("fifty long sets fit into memory",
			fifty_long_sets_fit_into_memory, NULL),
		CASE("who seals a part of the body is not trusted",
			who_seals_a_part_of_the_body_is_not_trusted, NULL),
		TRUST("nobody is trusted by itself", NULL, "", RES_OK, NULL),
		TRUST("a configured domain is trusted with all below it",
			"example", "", RES_OK, "config"),
		TRUST("one of two sealers is not enough", "a.example", "",
			RES_OK, NULL),
		TRUST("part of a label is no domain", "xample", "", RES_OK,
			NULL),
		TRUST("a domain below the sealer is not the sealer",
			"x.a.example", "b", RES_OK, NULL),
		TRUST("Redis may know them all", NULL, "ab", RES_OK,
			"rp:trust:arc:b.example"),
		TRUST("config and Redis make up for each other", "b.example",
			"a", RES_OK, "rp:trust:arc:a.example"),
		TRUST("Redis away trusts nobody", NULL, "ab", RES_DOWN, NULL),
		TRUST("Redis away does not matter where config knows",
			"example", "ab", RES_DOWN, "config"),
	};

	return cmocka_run_group_tests_name("auth/arc", cases, NULL, NULL);
}
