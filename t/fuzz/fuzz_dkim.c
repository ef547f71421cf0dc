/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stranger's signatures, and the key that his DNS has for them. The first
 * line of the input is the key record, the rest is a message. First as a key
 * and as the value of a field; then the whole check runs, and whatever the
 * octets are it ends, says one result a signature, and no domain, selector or
 * b= that would break a line of ours. Nothing passes: nobody signed it.
 */
#include "auth/dkim.h"

#include "auth/dkimsig.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/hmac.h"
#include "conf/conf.h"
#include "dns/asker.h"
#include "net/hostname.h"
#include "t/fuzz/target.h"

#include <stdlib.h>
#include <string.h>

enum { FIELDS_MAX = 64, ARENA_MAX = 1 << 20, KEYS_MAX = 4, NOW = 1700000000 };

static struct dkim_service *service_of(void)
{
	static struct dkim_service *service;

	if (service == NULL && dkim_service_open(KEYS_MAX, &service) != RES_OK)
		abort();
	return service;
}

/* ---- any question has the one answer ---- */

static struct dns_answer *start(void *ctx, struct slice name,
	enum dns_type type, dns_done *done, void *at, void **ticket)
{
	const struct slice *record = ctx;
	const struct dns_answer model = {
		.status = DNS_FOUND, .count = 1, .rdata = record
	};

	(void)name;
	(void)type;
	(void)done;
	(void)at;
	*ticket = NULL;
	return dns_answer_new(&model);
}

static void finish(void *ctx, void *ticket)
{
	(void)ctx;
	(void)ticket;
}

/* Strings of 255 octets at most. */
static struct slice rdata_of(struct slice text, struct arena *a)
{
	char *to = arena_alloc(a, text.len + text.len / 255 + 1);
	size_t len = 0;

	if (to == NULL)
		abort();
	do {
		struct slice piece = slice_part(text, 0, 255);

		to[len++] = (char)piece.len;
		if (piece.len > 0)
			memcpy(to + len, piece.at, piece.len);
		len += piece.len;
		text = slice_part(text, piece.len, text.len);
	} while (text.len > 0);
	return slice_make(to, len);
}

/* ---- promises ---- */

static bool is_printable(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] < 0x21 || s.at[i] > 0x7e)
			return false;
	return true;
}

static void check_fact(const struct dkim_fact *f)
{
	target_promise(f->result != AUTH_UNKNOWN, "each has a result");
	target_promise(f->result != AUTH_PASS, "nothing passes");
	target_promise(
		slice_is_empty(f->domain) || hostname_is_valid(f->domain),
		"a domain is one");
	target_promise(is_printable(f->selector), "a selector is a name");
	target_promise(is_printable(f->b), "b= is base64");
}

static void read_alone(struct slice text, struct slice record, struct arena *a)
{
	const struct dkimsig_clock clock = { NOW, 300 };
	struct dns_answer model = {
		.status = DNS_FOUND, .count = 1, .rdata = &record
	};
	struct dkimsig sig;
	struct dkimkey key;

	if (dkimsig_read(text, &clock, a, &sig) == RES_OK &&
		sig.result == AUTH_UNKNOWN) {
		target_promise(
			sig.body_hash.len == SHA256_LEN, "a hash is one");
		target_promise(dkimsig_names(&sig, slice_of("from")),
			"From is signed");
		target_promise(
			hostname_is_valid(sig.key_name), "a key has a name");
	}
	if (dkimkey_read(&model, a, &key) == RES_OK &&
		key.status == DKIMKEY_GOOD)
		target_promise(key.key.len > 0 && key.key_bits > 0 &&
				key.type != DKIMKEY_UNKNOWN,
			"a good key is one");
}

/* ---- the whole ---- */

static struct slice take_header(
	struct slice text, struct field *fields, struct message *m)
{
	struct slice line, more;

	m->fields = fields;
	while (m->field_count < FIELDS_MAX && slice_cut(&text, '\n', &line)) {
		size_t colon = slice_find(line, ':');

		if (colon == line.len)
			break;
		while (text.len > 0 && text.at[0] == ' ' &&
			slice_cut(&text, '\n', &more))
			line.len = (size_t)(more.at - line.at) + more.len;
		fields[m->field_count++] = (struct field){
			.name = slice_part(line, 0, colon),
			.value = slice_part(line, colon + 1, line.len),
			.is_cut = line.at[0] == '!',
		};
	}
	return text;
}

static void run_check(struct slice text, struct slice record, struct arena *a)
{
	const struct dns_source source = { start, finish, &record };
	const struct asker_limits limits = { 40, 1000 };
	struct field fields[FIELDS_MAX];
	struct message message = { .field_count = 0 };
	struct slice body = take_header(text, fields, &message);
	struct conf conf = { .dkim = { 8, 1024, 4096, 300 } };
	struct conn conn = { .id = "fuzz" };
	struct auth_facts auth = { .dkim_is_known = false };
	struct findings found = { .count = 0 };
	void *state = NULL;
	struct check_input in = { .conf = &conf,
		.conn = &conn,
		.message = &message,
		.auth = &auth,
		.dns = asker_new(&source, &limits, clock_system()),
		.arena = a,
		.wall_s = NOW,
		.service = service_of(),
		.state = &state };

	(void)dkim_check_step(&in, NULL);
	if (dkim_check_body(&in, slice_part(body, 0, body.len / 2)))
		(void)dkim_check_body(
			&in, slice_part(body, body.len / 2, body.len));
	in.body_ended = true;
	target_promise(dkim_check_step(&in, &found) == CHECK_DONE, "it ends");
	target_promise(
		found.count == 1 && auth.dkim_is_known, "there is one finding");
	for (unsigned i = 0; i < auth.dkim_count; i++)
		check_fact(&auth.dkim[i]);
	if (state != NULL)
		dkim_check_clear(state);
	asker_free(in.dns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(ARENA_MAX);
	struct slice text = slice_make(data, size);
	struct slice record = slice_of("");

	if (a == NULL)
		abort();
	(void)slice_cut(&text, '\n', &record);
	record = rdata_of(record, a);
	read_alone(text, record, a);
	run_check(text, record, a);
	arena_free(a);
	return 0;
}
