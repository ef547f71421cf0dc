/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whole messages of a stranger through auth/arc and auth/arcseal, with the keys
 * of two sealers whose messages are among the kept inputs: a body in pieces
 * makes no difference, a chain that passes is whole, what we seal as sound
 * passes, and what we seal as broken fails and has ended.
 */
#include "auth/arcset.h"
#include "base/file.h"
#include "support/arc_rig.h"
#include "support/keypair.h"
#include "t/fuzz/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FIELDS_MAX = ARC_RIG_FIELDS_MAX - 10 };

/* Of k.fuzz.example; nobody has the private keys any more. */
static const char rsa_record[] =
	"v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCu7v9U7+RA"
	"PmEPXwGxbT6966SjuHQtfvN+dgxCPG3XEXHg2mP34IRZoToe8wj0mwVQsJjf5NJ4H8"
	"zXphjs5rb/aJVPhzt4chTw8a5vgznjYiufR1JoFk1Q8nakSKFVdLJ0qtos47RlpCCT"
	"MiSriujm0z2lFza6e/k858u4An63UwIDAQAB";
static const char ed25519_record[] =
	"v=DKIM1; k=ed25519; p=ZnMXM1JcacZMytKx0xprZfDLwmgyIpXBzhGGlkrFfVo=";

static char domain[] = "seal.example", selector[] = "s";

static struct arcseal *open_sealer(struct arc_rig *r)
{
	struct keypair *pair = keypair_new(0, 0);
	char path[] = "/tmp/reprieve-fuzz-XXXXXX";
	const struct conf_arc conf = {
		.seal_domain = domain, .selector = selector, .key = path
	};
	struct arcseal *s = NULL;
	int fd = mkstemp(path);
	struct buf why;

	if (fd < 0)
		abort();
	(void)close(fd);
	keypair_save(pair, path);
	buf_init(&why, 1000);
	if (arcseal_open(&conf, &why, &s) != RES_OK)
		abort();
	(void)unlink(path);
	fake_dns_add(r->dns, "s._domainkey.seal.example", "TXT", pair->record);
	keypair_free(pair);
	buf_clear(&why);
	return s;
}

static struct arc_rig *make_rig(struct arcseal **seal)
{
	struct arc_rig *r = calloc(1, sizeof(*r));

	if (r == NULL)
		abort();
	arc_rig_init(r, NULL);
	fake_dns_add(r->dns, "r._domainkey.fuzz.example", "TXT", rsa_record);
	fake_dns_add(
		r->dns, "e._domainkey.fuzz.example", "TXT", ed25519_record);
	fake_dns_add(r->dns, "fail._domainkey.fuzz.example", "SERVFAIL", "");
	*seal = open_sealer(r);
	return r;
}

static void check_fact(const struct arc_rig *r, const struct arc_fact *fact)
{
	bool has_chain = fact->set_count > 0;

	target_promise(r->found.count == 1, "there is one finding");
	target_promise(fact->result == AUTH_NONE || fact->result == AUTH_PASS ||
			fact->result == AUTH_FAIL ||
			fact->result == AUTH_TEMPERROR,
		"the result is one of four");
	target_promise(fact->result != AUTH_PASS || has_chain,
		"a chain that passes has sets");
	target_promise(fact->instances <= AUTH_ARC_MAX &&
			fact->set_count <= fact->instances &&
			fact->oldest_pass <= fact->instances,
		"numbers have bounds");
	target_promise(!fact->is_trusted, "nobody is trusted");
	target_promise(fact->result != AUTH_NONE || fact->instances == 0,
		"no chain has no instance");
}

static void check_sealed(
	struct arc_rig *r, const struct arcseal *seal, enum auth_result was)
{
	const struct arc_fact *fact;
	struct arcseal_set set;
	unsigned instances = r->auth.arc.instances;

	/* A first line that goes on would go on behind ours. */
	if (r->message.field_count > FIELDS_MAX ||
		slice_find(slice_of(" \t"), buf_text(&r->text)[0]) < 2 ||
		arc_rig_seal(r, seal, "mx.example; none", &set) != RES_OK)
		return;
	target_promise(
		set.skipped == NULL || set.instance != 1 || was != AUTH_NONE,
		"a message without a chain is sealed");
	if (set.skipped != NULL)
		return;
	target_promise(was != AUTH_TEMPERROR, "what was not told is left");
	target_promise(set.instance == instances + 1, "one set more");
	fact = arc_rig_validate(r);
	check_fact(r, fact);
	target_promise((fact->result == AUTH_FAIL) == (was == AUTH_FAIL) &&
			(fact->result == AUTH_PASS) == (was != AUTH_FAIL),
		"sealed as it is");
	if (was != AUTH_FAIL)
		return;
	target_promise(
		arc_rig_seal(r, seal, "mx.example; none", &set) == RES_OK &&
			set.skipped != NULL,
		"a broken chain ends");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct arc_rig *r;
	static struct arcseal *seal;
	enum auth_result first;

	if (r == NULL)
		r = make_rig(&seal);
	r->piece = 1;
	arc_rig_load(r, slice_make(data, size));
	first = arc_rig_validate(r)->result;
	check_fact(r, &r->auth.arc);
	arc_rig_forget(r);
	r->piece = 65535;
	target_promise(arc_rig_validate(r)->result == first,
		"pieces make no difference");
	check_sealed(r, seal, first);
	arc_rig_forget(r);
	return 0;
}
