/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/arcset.h"

#include "base/arena.h"
#include "fact/message.h"
#include "support/arc_rig.h"
#include "support/case.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 262144 };

#define BH "bh=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define SIGNER "a=rsa-sha256; d=L.example; s=sel; b=AAAA"
#define RESULTS(i) "ARC-Authentication-Results: i=" i "; r" i ".example; none\n"
#define MESSAGE(i) \
	"ARC-Message-Signature: i=" i "; " SIGNER "; h=from; " BH "\n"
#define SEAL(i, cv) "ARC-Seal: i=" i "; cv=" cv "; " SIGNER "\n"
#define ONE SEAL("1", "none") MESSAGE("1") RESULTS("1")
#define TWO SEAL("2", "pass") MESSAGE("2") RESULTS("2")

/* The fields of set 1 where one tag list is another. */
#define WITH_SEAL(tags) "ARC-Seal: " tags "\n" MESSAGE("1") RESULTS("1")
#define WITH_MESSAGE(tags) \
	SEAL("1", "none") "ARC-Message-Signature: " tags "\n" RESULTS("1")
#define WITH_RESULTS(value) \
	SEAL("1", "none") MESSAGE("1") "ARC-Authentication-Results:" value "\n"

struct row {
	const char *header;
	const char *state;
	const char *fault; /* "" */
	unsigned at;
	unsigned highest;
	bool is_ended;
};

static const char *state_name(enum arcset_state s)
{
	static const char *const names[] = { "unknown", "none", "chain",
		"broken" };

	return names[s];
}

static void load(struct arc_rig *r, const char *header)
{
	struct buf text;

	buf_init(&text, TEXT_MAX);
	buf_add_format(&text, "%sFrom: a@x.example\n\nbody\n", header);
	arc_rig_load(r, buf_slice(&text));
	buf_clear(&text);
}

static void reads(void **state)
{
	static struct arc_rig r;
	const struct row *row = *state;
	struct arcset_chain chain;

	arc_rig_init(&r, NULL);
	load(&r, row->header);
	assert_int_equal(
		arcset_read(&r.message, AUTH_ARC_MAX, r.arena, &chain), RES_OK);
	assert_string_equal(chain.fault == NULL ? "" : chain.fault, row->fault);
	assert_string_equal(state_name(chain.state), row->state);
	assert_int_equal(chain.fault_at, row->at);
	assert_int_equal(chain.highest, row->highest);
	assert_int_equal(chain.is_ended, row->is_ended);
	assert_int_equal(
		chain.count, chain.state == ARCSET_CHAIN ? chain.highest : 0);
	arc_rig_clear(&r);
}

static void make_sets(struct buf *b, unsigned count)
{
	for (unsigned i = 1; i <= count; i++)
		buf_add_format(b,
			"ARC-Seal: i=%u; cv=%s; " SIGNER "\n"
			"ARC-Message-Signature: i=%u; " SIGNER "; h=from; " BH
			"\n"
			"ARC-Authentication-Results: i=%u; r.example; none\n",
			i, i == 1 ? "none" : "pass", i, i);
}

static void bounds_the_number_of_sets(void **state)
{
	static struct arc_rig r;
	struct arcset_chain chain;
	struct buf b;

	(void)state;
	arc_rig_init(&r, NULL);
	buf_init(&b, TEXT_MAX);
	make_sets(&b, 50);
	load(&r, buf_text(&b));
	assert_int_equal(arcset_read(&r.message, 50, r.arena, &chain), RES_OK);
	assert_string_equal(state_name(chain.state), "chain");
	assert_int_equal(chain.count, 50);
	assert_int_equal(arcset_read(&r.message, 49, r.arena, &chain), RES_OK);
	assert_string_equal(state_name(chain.state), "broken");
	assert_string_equal(chain.fault, "there are more sets than we take");
	assert_int_equal(chain.highest, 50);
	make_sets(&b, 1);
	load(&r, buf_text(&b));
	assert_int_equal(arcset_read(&r.message, 50, r.arena, &chain), RES_OK);
	assert_string_equal(
		chain.fault, "there are more fields than 50 sets have");
	assert_int_equal(chain.highest, 0);
	buf_clear(&b);
	arc_rig_clear(&r);
}

static void gives_what_was_read(void **state)
{
	static struct arc_rig r;
	struct arcset_chain chain;
	const struct arcset *set;

	(void)state;
	arc_rig_init(&r, NULL);
	load(&r,
		TWO "ARC-Seal: s=k1.sub ;d=Example.ORG; b=QU\n\tJD; t=12;"
		    " a=ed25519-sha256; unknown=x; cv=none; i=1;\n"
		    "ARC-Message-Signature: i=1; " SIGNER
		    "; c=relaxed/simple; h=To : from; l=12; x=99; " BH "\n"
		    "ARC-Authentication-Results: (c) i (d)=\n 1 ;\n"
		    "\tmx.example.net (x;y); spf=pass\n");
	assert_int_equal(arcset_read(&r.message, 50, r.arena, &chain), RES_OK);
	assert_string_equal(state_name(chain.state), "chain");
	set = &chain.sets[0];
	assert_true(slice_is_equal(set->seal.domain, slice_of("example.org")));
	assert_true(slice_is_equal(set->seal.selector, slice_of("k1.sub")));
	assert_true(slice_is_equal(
		set->seal.key_name, slice_of("k1.sub._domainkey.example.org")));
	assert_true(slice_is_equal(set->seal.b, slice_of("ABC")));
	assert_true(slice_is_equal(set->seal.b_tag, slice_of("QU\r\n\tJD")));
	assert_true(set->seal.is_ed25519);
	assert_false(set->ams.is_ed25519);
	assert_null(set->ams.fault);
	assert_int_equal(set->header_canon, CANON_RELAXED);
	assert_int_equal(set->body_canon, CANON_SIMPLE);
	assert_int_equal(set->limit, 12);
	assert_int_equal(set->expires_s, 99);
	assert_true(slice_is_equal(set->names, slice_of("To : from")));
	assert_int_equal(set->body_hash.len, 32);
	assert_true(slice_is_equal(
		set->results_text, slice_of("mx.example.net (x;y); spf=pass")));
	assert_int_equal(chain.sets[1].header_canon, CANON_SIMPLE);
	assert_true(chain.sets[1].limit == UINT64_MAX);
	arc_rig_clear(&r);
}

static void an_older_message_signature_may_be_unreadable(void **state)
{
	static struct arc_rig r;
	struct arcset_chain chain;

	(void)state;
	arc_rig_init(&r, NULL);
	load(&r, TWO WITH_MESSAGE("i=1; a=rsa-sha512"));
	assert_int_equal(arcset_read(&r.message, 50, r.arena, &chain), RES_OK);
	assert_string_equal(state_name(chain.state), "chain");
	assert_string_equal(
		chain.sets[0].ams.fault, "it lacks one of a=, b=, d= and s=");
	arc_rig_clear(&r);
}

static void no_room_is_no_chain(void **state)
{
	static struct arc_rig r;
	struct arena *small = arena_new(300);
	struct arcset_chain chain;

	(void)state;
	arc_rig_init(&r, NULL);
	load(&r, TWO ONE);
	assert_int_equal(arcset_read(&r.message, 50, small, &chain), RES_NOMEM);
	arena_free(small);
	arc_rig_clear(&r);
}

static void sees_cut_fields(void **state)
{
	static struct arc_rig r;
	struct arcset_chain chain;

	(void)state;
	arc_rig_init(&r, NULL);
	load(&r, ONE);
	r.fields[3].is_cut = true;
	assert_int_equal(arcset_read(&r.message, 50, r.arena, &chain), RES_OK);
	assert_false(chain.is_cut);
	r.fields[2].is_cut = true;
	assert_int_equal(arcset_read(&r.message, 50, r.arena, &chain), RES_OK);
	assert_true(chain.is_cut);
	arc_rig_clear(&r);
}

#define GOOD(name, header, n) \
	CASE(name, reads, (&(struct row){ header, "chain", "", 0, n, false }))
#define BROKEN(name, header, fault, at, highest) \
	CASE(name, reads,                        \
		(&(struct row){                  \
			header, "broken", fault, at, highest, false }))
#define SEALED(name, tags, fault) BROKEN(name, WITH_SEAL(tags), fault, 1, 1)
#define SIGNED(name, tags, fault) BROKEN(name, WITH_MESSAGE(tags), fault, 1, 1)
#define NO_INSTANCE "a field has no i= of 1 to 50"
#define NOT_WHOLE "it is not whole"
#define BELOW "a set below it is not whole"
#define OTHER_CV "its seal has another cv= than its place asks for"
#define LACKS "it lacks one of a=, b=, d= and s="

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("a header without ARC fields has no chain", reads,
			(&(struct row){ "", "none", "", 0, 0, false })),
		GOOD("one set is a chain", ONE, 1),
		GOOD("two sets are a chain", TWO ONE, 2),
		GOOD("the order of fields makes no difference",
			RESULTS("1") SEAL("2", "pass") MESSAGE("1") RESULTS("2")
				SEAL("1", "none") MESSAGE("2"),
			2),
		GOOD("the case of names makes no difference",
			"arc-SEAL: i=1; cv=none; " SIGNER "\n" MESSAGE("1")
				RESULTS("1"),
			1),
		GOOD("an instance may have two digits",
			SEAL("01", "none") MESSAGE("1") RESULTS("01"), 1),
		/* gaps and repetition, s5.2 step 3 */
		BROKEN("a set without a seal", MESSAGE("1") RESULTS("1"),
			NOT_WHOLE, 1, 1),
		BROKEN("a set without a message signature",
			SEAL("1", "none") RESULTS("1"), NOT_WHOLE, 1, 1),
		BROKEN("a set without results", SEAL("1", "none") MESSAGE("1"),
			NOT_WHOLE, 1, 1),
		BROKEN("a seal alone", SEAL("1", "none"), NOT_WHOLE, 1, 1),
		BROKEN("a chain without its first set", TWO, BELOW, 2, 2),
		BROKEN("a chain with a gap",
			SEAL("3", "pass") MESSAGE("3") RESULTS("3") ONE, BELOW,
			3, 3),
		BROKEN("two seals",
			SEAL("1", "none") ONE RESULTS("2") MESSAGE("2"),
			"it has two seals", 1, 2),
		BROKEN("two message signatures", MESSAGE("1") ONE,
			"it has two message signatures", 1, 1),
		BROKEN("two fields of results", RESULTS("1") ONE,
			"it has two fields of results", 1, 1),
		BROKEN("a set that is there twice", ONE ONE, "it has two seals",
			1, 1),
		/* instances, s4.2.1 */
		BROKEN("instance 0",
			SEAL("0", "none") MESSAGE("0") RESULTS("0"),
			NO_INSTANCE, 0, 0),
		BROKEN("instance 51",
			SEAL("51", "pass") MESSAGE("51") RESULTS("51") ONE,
			NO_INSTANCE, 0, 1),
		BROKEN("an instance of three digits",
			SEAL("001", "none") MESSAGE("1") RESULTS("1"),
			NO_INSTANCE, 0, 1),
		BROKEN("an instance that is no number",
			SEAL("x", "none") MESSAGE("1") RESULTS("1"),
			NO_INSTANCE, 0, 1),
		BROKEN("a negative instance",
			SEAL("-1", "none") MESSAGE("1") RESULTS("1"),
			NO_INSTANCE, 0, 1),
		BROKEN("a seal without an instance",
			WITH_SEAL("cv=none; " SIGNER), NO_INSTANCE, 0, 1),
		/* results, s4.1.1 */
		BROKEN("results without an instance",
			WITH_RESULTS(" r.example; none"), NO_INSTANCE, 0, 1),
		BROKEN("results whose instance comes late",
			WITH_RESULTS(" r.example; i=1; none"), NO_INSTANCE, 0,
			1),
		BROKEN("results without a semicolon", WITH_RESULTS(" i=1 r"),
			NO_INSTANCE, 0, 1),
		BROKEN("results that an open comment swallows",
			WITH_RESULTS(" (i=1; r.example"), NO_INSTANCE, 0, 1),
		GOOD("results that say nothing", WITH_RESULTS("i=1;"), 1),
		/* cv=, s4.1.3, s5.2 */
		SEALED("a first seal with cv=pass", "i=1; cv=pass; " SIGNER,
			OTHER_CV),
		SEALED("a first seal with another cv=", "i=1; cv=ok; " SIGNER,
			OTHER_CV),
		SEALED("a value of cv= has case", "i=1; cv=None; " SIGNER,
			OTHER_CV),
		SEALED("a seal without cv=", "i=1; " SIGNER,
			"its seal lacks cv="),
		BROKEN("a second seal with cv=none",
			SEAL("2", "none") MESSAGE("2") RESULTS("2") ONE,
			OTHER_CV, 2, 2),
		CASE("a first seal with cv=fail ends the chain", reads,
			(&(struct row){ SEAL("1", "fail") MESSAGE("1")
						RESULTS("1"),
				"broken",
				"its seal says that the chain is broken", 1, 1,
				true })),
		CASE("a newest seal with cv=fail ends the chain", reads,
			(&(struct row){ SEAL("2", "fail") MESSAGE("2")
						RESULTS("2") ONE,
				"broken",
				"its seal says that the chain is broken", 2, 2,
				true })),
		BROKEN("an older seal with cv=fail",
			TWO SEAL("1", "fail") MESSAGE("1") RESULTS("1"),
			"its seal says that the chain is broken", 1, 2),
		/* tags of a seal */
		SEALED("a seal with h=", "i=1; cv=none; h=from; " SIGNER,
			"its seal has h= or bh="),
		SEALED("a seal with bh=", "i=1; cv=none; " BH "; " SIGNER,
			"its seal has h= or bh="),
		BROKEN("a seal with a tag twice",
			WITH_SEAL("i=1; cv=none; cv=none; " SIGNER),
			NO_INSTANCE, 0, 1),
		BROKEN("a seal that is no list", WITH_SEAL("i=1; cv"),
			NO_INSTANCE, 0, 1),
		SEALED("a seal without a=",
			"i=1; cv=none; d=e.example; s=s; b=AAAA", LACKS),
		SEALED("a seal without b=",
			"i=1; cv=none; a=rsa-sha256; d=e.example; s=s", LACKS),
		SEALED("a seal without d=",
			"i=1; cv=none; a=rsa-sha256; s=s; b=AAAA", LACKS),
		SEALED("a seal without s=",
			"i=1; cv=none; a=rsa-sha256; d=e.example; b=AAAA",
			LACKS),
		SEALED("a seal by rsa-sha1",
			"i=1; cv=none; a=rsa-sha1; d=e.example; s=s; b=AAAA",
			"its a= is no algorithm that we take"),
		SEALED("a seal without a signature",
			"i=1; cv=none; a=rsa-sha256; d=e.example; s=s; b=",
			"its b= is no base64"),
		SEALED("a seal whose signature is no base64",
			"i=1; cv=none; a=rsa-sha256; d=e.example; s=s; b=A*A=",
			"its b= is no base64"),
		SEALED("a seal whose domain is none",
			"i=1; cv=none; a=rsa-sha256; d=a..b; s=s; b=AAAA",
			"its d= is no domain"),
		SEALED("a seal whose domain holds a comment",
			"i=1; cv=none; a=rsa-sha256; d=e.example(x; s=s; "
			"b=AAAA",
			"its d= is no domain"),
		SEALED("a seal whose selector is empty",
			"i=1; cv=none; a=rsa-sha256; d=e.example; s=; b=AAAA",
			"its s= and d= make no name"),
		SEALED("a seal whose time is none",
			"i=1; cv=none; t=soon; " SIGNER, "its t= is no time"),
		SEALED("a seal whose time is empty",
			"i=1; cv=none; t=; " SIGNER, "its t= is no time"),
		/* tags of the newest message signature */
		SIGNED("a message signature without h=", "i=1; " SIGNER "; " BH,
			"it lacks h="),
		SIGNED("a message signature that leaves From out",
			"i=1; " SIGNER "; h=to:fro; " BH,
			"its h= does not cover From"),
		SIGNED("a message signature that covers a seal",
			"i=1; " SIGNER "; h=from: ARC-seal :to; " BH,
			"its h= covers a seal"),
		SIGNED("a message signature without bh=",
			"i=1; " SIGNER "; h=from", "its bh= is no hash"),
		SIGNED("a message signature with a short bh=",
			"i=1; " SIGNER "; h=from; bh=AAAA",
			"its bh= is no hash"),
		SIGNED("a message signature with another c=",
			"i=1; c=relaxed/nofws; " SIGNER "; h=from; " BH,
			"its c= is no canonical form"),
		SIGNED("a message signature with an empty c=",
			"i=1; c=; " SIGNER "; h=from; " BH,
			"its c= is no canonical form"),
		SIGNED("a message signature with a negative l=",
			"i=1; l=-1; " SIGNER "; h=from; " BH,
			"its l= is no number"),
		SIGNED("a message signature with another x=",
			"i=1; x=never; " SIGNER "; h=from; " BH,
			"its x= is no time"),
		CASE("fifty sets are a chain, not one more",
			bounds_the_number_of_sets, NULL),
		CASE("what was read is given", gives_what_was_read, NULL),
		CASE("an older message signature may be unreadable",
			an_older_message_signature_may_be_unreadable, NULL),
		CASE("no room is told", no_room_is_no_chain, NULL),
		CASE("a field that may be cut is told", sees_cut_fields, NULL),
	};

	return cmocka_run_group_tests_name("auth/arcset", cases, NULL, NULL);
}
