/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * authops - CPU time of each operation of authentication, one at a time.
 *
 *     authops [MILLISECONDS]       for each; default 500
 *
 * All DNS answers are known, as for a domain that comes again; keys are in
 * their cache but for the row that says so. The message has fourteen fields
 * and a body of 45,000 octets. In microseconds of this thread.
 */
#include "auth/arcseal.h"
#include "auth/authres.h"
#include "auth/dkim.h"
#include "auth/dmarc.h"
#include "auth/spf.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "conf/conf.h"
#include "dns/asker.h"
#include "support/arc_rig.h"
#include "support/fake_dns.h"
#include "support/folder.h"
#include "support/keypair.h"
#include "unit/auth/letter.h"
#include "unit/auth/signer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	NOW = 1700000000,
	TURNS = 10,
	BODY = 45000,
	PIECE = 65535,
	MESSAGE_MAX = 1 << 20,
	ARENA_MAX = 1 << 20
};

#define HEADER                                                          \
	"Received: from a.example.org (a.example.org [192.0.2.1])\r\n"  \
	"\tby mail.example.org (Postfix) with ESMTPS id 0123456789\r\n" \
	"\tfor <ann@example.net>; Fri, 11 Jul 2003 21:00:37 -0700\r\n"  \
	"Date: Fri, 11 Jul 2003 21:00:37 -0700\r\n"                     \
	"From: Joe <joe@news.example.org>\r\nTo: ann@example.net\r\n"   \
	"Message-ID: <1234567890@example.org>\r\n"                      \
	"Subject: The report of this week, number 1\r\n"                \
	"MIME-Version: 1.0\r\n"                                         \
	"Content-Type: text/plain; charset=us-ascii\r\n"                \
	"Content-Language: en\r\nX-Mailer: Mailer 1.0\r\n"              \
	"List-Unsubscribe: <https://www.example.org/leave/1>\r\n"       \
	"Reply-To: <answers@example.org>\r\nX-Campaign: 12345678\r\n"
#define SIGNED                                                           \
	" d=example.org; s=s1; t=1699999000; h=Date:From:To:Message-ID:" \
	"Subject:MIME-Version:Content-Type; bh=$; b=$"

static const struct fake_record records[] = {
	{ "example.org", "TXT", "v=spf1 mx include:_spf.example.com ~all" },
	{ "example.org", "MX", "10 mail.example.org" },
	{ "mail.example.org", "A", "192.0.2.10" },
	{ "_spf.example.com", "TXT",
		"v=spf1 ip4:192.0.2.64/28 include:_net.example.com ~all" },
	{ "_net.example.com", "TXT", "v=spf1 ip4:198.51.100.0/24 ~all" },
	{ "_dmarc.example.org", "TXT",
		"v=DMARC1; p=reject; rua=mailto:dmarc@example.org" },
	{ NULL, NULL, NULL },
};

struct rig {
	struct fake_dns *dns;
	struct asker *asker;
	struct arena *arena;
	struct dkim_service *keys;
	struct conf conf;
	char mode[16];
	struct conn conn;
	struct envelope envelope;
	struct auth_facts auth;
	struct letter *letter;
	struct dmarc_service dmarc;
	struct findings found;
	void *state;
	struct check_input in;
	struct arc_rig arc;
};

static void must(bool is_true, const char *what)
{
	if (is_true)
		return;
	fprintf(stderr, "authops: %s\n", what);
	exit(1);
}

/* ---- time ---- */

static int64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Microseconds of one, over that time. */
static double take_turn(
	void (*run)(struct rig *r), struct rig *r, int64_t least_ns)
{
	int64_t start = cpu_ns(), end;
	long count = 0;

	do {
		run(r);
		count++;
		end = cpu_ns();
	} while (end - start < least_ns);
	return (double)(end - start) / 1000 / (double)count;
}

/* The best of some turns: others use the machine, too. */
static void measure(const char *name, void (*run)(struct rig *r), struct rig *r,
	long milliseconds)
{
	double best = 0;

	run(r);
	for (int i = 0; i < TURNS; i++) {
		double took = take_turn(run, r, milliseconds * 1000000 / TURNS);

		if (i == 0 || took < best)
			best = took;
	}
	printf("%-52s%10.1f us\n", name, best);
	fflush(stdout);
}

/* ---- a message ---- */

static void put_body(struct buf *b)
{
	static const char line[] =
		"The message of this week has been sent to all  who asked.\r\n";

	for (size_t len = 0; len < BODY; len += sizeof(line) - 1)
		buf_add_text(b, line);
}

static struct letter *write_letter(const struct signer *s, const char *tags)
{
	struct buf bare, all;
	struct letter *l;
	char *field;

	buf_init(&bare, MESSAGE_MAX);
	buf_init(&all, MESSAGE_MAX);
	buf_add_text(&bare, HEADER "\r\n");
	put_body(&bare);
	if (s != NULL) {
		field = signer_sign(s, tags, buf_slice(&bare));
		buf_add_text(&all, field);
		free(field);
	}
	buf_add(&all, buf_slice(&bare));
	must(buf_result(&all) == RES_OK, "no message");
	l = letter_new(buf_slice(&all));
	buf_clear(&bare);
	buf_clear(&all);
	return l;
}

static void use(struct rig *r, struct letter *letter)
{
	if (r->letter != NULL)
		letter_free(r->letter);
	r->letter = letter;
	r->in.message = &letter->message;
}

static void open_rig(struct rig *r)
{
	static const struct asker_limits limits = { 100, 1000 };

	r->dns = fake_dns_new(records);
	r->asker = asker_new(fake_dns_source(r->dns), &limits, clock_system());
	r->arena = arena_new(ARENA_MAX);
	must(r->asker != NULL && r->arena != NULL, "no memory");
	must(dkim_service_open(64, &r->keys) == RES_OK, "no keys");
	(void)snprintf(r->mode, sizeof(r->mode), "treewalk");
	r->conf.auth.dmarc_mode = r->mode;
	r->conf.dkim = (struct conf_dkim){ AUTH_DKIM_MAX, 1024, 4096, 300 };
	(void)snprintf(r->conn.id, sizeof(r->conn.id), "0123456789abcdef");
	must(ipaddr_parse(&r->conn.ip, slice_of("198.51.100.7")) == RES_OK,
		"an address");
	r->conn.kind = CONN_REMOTE;
	r->conn.helo = slice_of("mail.example.org");
	must(address_parse(&r->envelope.sender,
		     slice_of("<joe@example.org>")) == RES_OK,
		"a sender");
	r->in = (struct check_input){ .conf = &r->conf,
		.conn = &r->conn,
		.envelope = &r->envelope,
		.auth = &r->auth,
		.dns = r->asker,
		.arena = r->arena,
		.wall_s = NOW,
		.state = &r->state };
}

static void close_rig(struct rig *r)
{
	letter_free(r->letter);
	dkim_service_close(r->keys);
	asker_free(r->asker);
	fake_dns_free(r->dns);
	arena_free(r->arena);
}

/* ---- operations ---- */

static void spf(struct rig *r)
{
	arena_reset(r->arena);
	findings_clear(&r->found);
	(void)spf_step(&r->in, NULL);
	must(spf_step(&r->in, &r->found) == CHECK_DONE, "SPF waits");
	must(r->auth.mailfrom.result == AUTH_PASS, "SPF does not pass");
	if (r->state != NULL)
		spf_clear(r->state);
	r->state = NULL;
}

static void dkim(struct rig *r)
{
	struct slice body = r->letter->body;

	arena_reset(r->arena);
	findings_clear(&r->found);
	r->auth = (struct auth_facts){ .is_null_sender = false };
	r->in.service = r->keys;
	r->in.body_ended = false;
	(void)dkim_check_step(&r->in, NULL);
	for (size_t at = 0; at < body.len; at += PIECE)
		if (!dkim_check_body(&r->in, slice_part(body, at, PIECE)))
			break;
	r->in.body_ended = true;
	must(dkim_check_step(&r->in, &r->found) == CHECK_DONE, "DKIM waits");
	must(r->auth.dkim_count == 0 || r->auth.dkim[0].result == AUTH_PASS,
		"DKIM does not pass");
	if (r->state != NULL)
		dkim_check_clear(r->state);
	r->state = NULL;
}

/* The keys are parsed anew each time. */
static void dkim_without_cache(struct rig *r)
{
	dkim_service_close(r->keys);
	must(dkim_service_open(64, &r->keys) == RES_OK, "no keys");
	dkim(r);
}

static void dmarc(struct rig *r)
{
	static struct dkim_fact signature = { .result = AUTH_PASS };

	arena_reset(r->arena);
	findings_clear(&r->found);
	signature.domain = slice_of("example.org");
	r->auth = (struct auth_facts){
		.dkim = &signature, .dkim_count = 1, .dkim_is_known = true
	};
	r->auth.mailfrom.result = AUTH_PASS;
	r->auth.mailfrom.domain = slice_of("example.org");
	r->auth.arc.result = AUTH_NONE;
	r->in.service = &r->dmarc;
	r->in.body_ended = true;
	(void)dmarc_step(&r->in, NULL);
	must(dmarc_step(&r->in, &r->found) == CHECK_DONE, "DMARC waits");
	must(r->auth.dmarc.result == AUTH_PASS, "DMARC does not pass");
	if (r->state != NULL)
		dmarc_clear(r->state);
	r->state = NULL;
}

/* With the facts that the row before has left. */
static void results(struct rig *r)
{
	const struct authres_input in = {
		.authserv_id = slice_of("mx.example.net"),
		.auth = &r->auth,
		.ip = &r->conn.ip,
		.envelope = &r->envelope,
	};
	struct buf text;

	buf_init(&text, AUTHRES_MAX);
	must(authres_format(&in, &text) == RES_OK, "no results");
	buf_clear(&text);
}

static void arc(struct rig *r)
{
	arc_rig_forget(&r->arc);
	must(arc_rig_validate(&r->arc)->result == AUTH_PASS,
		"ARC does not pass");
}

/* ---- rows ---- */

static void measure_dkim(struct rig *r, long milliseconds)
{
	struct signer *rsa = signer_new(2048);
	struct signer *ed25519 = signer_new(0);

	fake_dns_add(
		r->dns, "s1._domainkey.example.org", "TXT", signer_record(rsa));
	fake_dns_add(r->dns, "e1._domainkey.example.org", "TXT",
		signer_record(ed25519));
	use(r,
		write_letter(
			rsa, "v=1; a=rsa-sha256; c=relaxed/relaxed;" SIGNED));
	measure("DKIM, RSA 2,048, relaxed/relaxed", dkim, r, milliseconds);
	measure("DKIM, the same, key parsed each time", dkim_without_cache, r,
		milliseconds);
	use(r,
		write_letter(
			rsa, "v=1; a=rsa-sha256; c=relaxed/simple;" SIGNED));
	measure("DKIM, RSA 2,048, relaxed/simple", dkim, r, milliseconds);
	use(r,
		write_letter(ed25519,
			"v=1; a=ed25519-sha256; c=relaxed/relaxed; "
			"d=example.org; s=e1; h=Date:From:To:Subject; "
			"bh=$; b=$"));
	measure("DKIM, Ed25519, relaxed/relaxed", dkim, r, milliseconds);
	use(r, write_letter(NULL, NULL));
	measure("DKIM, no signature", dkim, r, milliseconds);
	signer_free(rsa);
	signer_free(ed25519);
}

static struct arcseal *open_seal(struct keypair *pair)
{
	char domain[] = "example.com", selector[] = "s1";
	char path[FOLDER_PATH_MAX];
	struct conf_arc conf = { .seal_domain = domain, .selector = selector };
	struct arcseal *seal = NULL;
	struct folder folder;
	struct buf why;

	folder_make(&folder);
	conf.key = path;
	(void)folder_path(&folder, "key.pem", path);
	keypair_save(pair, path);
	buf_init(&why, PIECE);
	must(arcseal_open(&conf, &why, &seal) == RES_OK && seal != NULL,
		"no seal");
	buf_clear(&why);
	folder_remove(&folder);
	return seal;
}

static void measure_arc(struct rig *r, long milliseconds)
{
	struct keypair *pair = keypair_new(2048, 0);
	struct arcseal *seal = open_seal(pair);
	struct arcseal_set set;
	struct buf text;

	arc_rig_init(&r->arc, NULL);
	fake_dns_add(
		r->arc.dns, "s1._domainkey.example.com", "TXT", pair->record);
	buf_init(&text, MESSAGE_MAX);
	buf_add_text(&text, HEADER "\r\n");
	put_body(&text);
	arc_rig_load(&r->arc, buf_slice(&text));
	buf_clear(&text);
	(void)arc_rig_validate(&r->arc);
	must(arc_rig_seal(&r->arc, seal, "mx.example.com; spf=pass", &set) ==
			RES_OK,
		"no set");
	measure("ARC, one set, RSA 2,048", arc, r, milliseconds);
	arc_rig_clear(&r->arc);
	arcseal_close(seal);
	keypair_free(pair);
}

int main(int argc, char **argv)
{
	static struct rig r;
	long milliseconds = argc > 1 ? strtol(argv[1], NULL, 10) : 500;

	must(milliseconds > 0, "usage: authops [MILLISECONDS]");
	open_rig(&r);
	measure("SPF, mx and two includes, and HELO", spf, &r, milliseconds);
	measure_dkim(&r, milliseconds);
	measure_arc(&r, milliseconds);
	measure("DMARC, tree walk, subdomain", dmarc, &r, milliseconds);
	measure("Authentication-Results", results, &r, milliseconds);
	close_rig(&r);
	return 0;
}
