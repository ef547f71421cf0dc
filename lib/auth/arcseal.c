/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/arcseal.h"

#include "auth/arcset.h"
#include "auth/dkimkey.h"
#include "auth/headerhash.h"
#include "base/arena.h"
#include "base/digest.h"
#include "base/privkey.h"
#include "conf/conf.h"
#include "fact/message.h"
#include "mail/base64.h"
#include "net/hostname.h"

#include <stdlib.h>
#include <string.h>

enum {
	VALUE_MAX = 65536, /* octets of one field's value */
	LINE_LEN = 72, /* where lists and signatures are folded */
	REPEAT_MAX = 16, /* fields of one name that are covered */
	OPEN_MAX = 4096
};

/* In the order in which they are named. */
static const char *const covered[] = { "From", "Sender", "Reply-To", "Subject",
	"Date", "Message-ID", "To", "Cc", "MIME-Version", "Content-Type",
	"Content-Transfer-Encoding", "Content-ID", "Content-Description",
	"Resent-Date", "Resent-From", "Resent-Sender", "Resent-To", "Resent-Cc",
	"Resent-Message-ID", "In-Reply-To", "References", "List-Id",
	"List-Help", "List-Unsubscribe", "List-Unsubscribe-Post",
	"List-Subscribe", "List-Post", "List-Owner", "List-Archive",
	"DKIM-Signature" };

struct arcseal {
	struct privkey *key;
	char *domain;
	char *selector;
};

struct arcseal_body {
	struct digest *hash;
	struct canon_sink sink;
	struct canon_body canon;
};

/* ---- open ---- */

static enum result check_name(const struct conf_arc *conf, struct buf *why)
{
	struct arena *a = arena_new(OPEN_MAX);
	struct slice name;
	enum result res = RES_NOMEM;

	if (a != NULL)
		res = dkimkey_name(slice_of(conf->selector),
			slice_of(conf->seal_domain), a, &name);
	if (res == RES_TOOBIG ||
		(res == RES_OK &&
			(conf->selector[0] == '\0' ||
				!hostname_is_valid(name))))
		res = RES_SYNTAX;
	if (res != RES_OK)
		buf_add_format(why,
			"arc.selector \"%s\" and arc.seal_domain \"%s\" make "
			"no name",
			conf->selector, conf->seal_domain);
	arena_free(a);
	return res;
}

static enum result open_key(
	const struct conf_arc *conf, struct buf *why, struct privkey **out)
{
	enum result res = privkey_read(conf->key, out);

	if (res == RES_SYNTAX)
		buf_add_format(why,
			"arc.key %s: no RSA or Ed25519 key without passphrase",
			conf->key);
	else if (res == RES_RANGE)
		buf_add_format(why, "arc.key %s: not of %d to %d bits",
			conf->key, PRIVKEY_BITS_MIN, PRIVKEY_BITS_MAX);
	else if (res != RES_OK)
		buf_add_format(
			why, "arc.key %s: %s", conf->key, result_name(res));
	return res;
}

enum result arcseal_open(
	const struct conf_arc *conf, struct buf *why, struct arcseal **out)
{
	struct arcseal *s;
	enum result res;

	*out = NULL;
	if (conf->seal_domain[0] == '\0')
		return RES_OK;
	res = check_name(conf, why);
	if (res != RES_OK)
		return res;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return RES_NOMEM;
	s->domain = strdup(conf->seal_domain);
	s->selector = strdup(conf->selector);
	res = s->domain == NULL || s->selector == NULL
		? RES_NOMEM
		: open_key(conf, why, &s->key);
	if (res != RES_OK) {
		arcseal_close(s);
		return res;
	}
	*out = s;
	return RES_OK;
}

void arcseal_close(struct arcseal *s)
{
	if (s == NULL)
		return;
	privkey_free(s->key);
	free(s->domain);
	free(s->selector);
	free(s);
}

/* ---- body ---- */

struct arcseal_body *arcseal_body_new(void)
{
	struct arcseal_body *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return NULL;
	b->hash = digest_new();
	if (b->hash == NULL) {
		free(b);
		return NULL;
	}
	canon_sink_digest(&b->sink, b->hash);
	canon_body_init(&b->canon, CANON_RELAXED, UINT64_MAX, &b->sink);
	return b;
}

void arcseal_body_add(struct arcseal_body *b, struct slice piece)
{
	canon_body_add(&b->canon, piece);
}

void arcseal_body_free(struct arcseal_body *b)
{
	if (b == NULL)
		return;
	digest_free(b->hash);
	free(b);
}

/* ---- the three values ---- */

/* One set in the making; texts are folded with CRLF HT as they will be seen. */
struct making {
	const struct arcseal *seal;
	const struct arcseal_input *in;
	struct arena *arena;
	struct arcset_chain chain;
	unsigned instance;
	const char *status; /* cv= */
	struct buf results;
	struct buf message;
	struct buf signature;
};

static const struct {
	enum auth_result result;
	enum arcset_state state;
	const char *status;
} statuses[] = {
	{ AUTH_NONE, ARCSET_NONE, "none" },
	{ AUTH_PASS, ARCSET_CHAIN, "pass" },
	{ AUTH_FAIL, ARCSET_CHAIN, "fail" },
	{ AUTH_FAIL, ARCSET_BROKEN, "fail" },
};

/* cv= of what was validated; NULL: it could not be told. */
static const char *status_of(const struct making *m)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (statuses[i].result == m->in->arc->result &&
			statuses[i].state == m->chain.state)
			return statuses[i].status;
	return NULL;
}

/* NULL, or why there is nothing to be sealed. */
static const char *choose(struct making *m)
{
	const struct arcset_chain *c = &m->chain;

	m->instance = c->highest + 1;
	m->status = status_of(m);
	if (m->in->message->is_header_partial)
		return "not all of the header is known";
	if (m->status == NULL)
		return "the chain could not be validated";
	if (c->is_ended)
		return "the chain has ended";
	if (c->state == ARCSET_BROKEN && c->highest == 0)
		return "the chain has no instance";
	return m->instance > AUTH_ARC_MAX ? "there are 50 sets" : NULL;
}

static void add_results(struct making *m)
{
	struct slice v = m->in->results;

	buf_add_format(&m->results, " i=%u;", m->instance);
	for (size_t i = 0; i < v.len; i++) {
		if (v.at[i] == '\n')
			buf_add_char(&m->results, '\r');
		buf_add_char(&m->results, v.at[i]);
	}
}

static const char *algorithm(const struct making *m)
{
	return privkey_is_ed25519(m->seal->key) ? "ed25519-sha256"
						: "rsa-sha256";
}

static void add_signer(const struct making *m, struct buf *out)
{
	buf_add_format(out, "\r\n\td=%s;\r\n\ts=%s; t=%lld;", m->seal->domain,
		m->seal->selector, (long long)m->in->wall_s);
}

/* One name more; *line: octets of the line so far. */
static void add_name(struct buf *out, const char *name, size_t *line)
{
	size_t len = strlen(name);

	if (*line + len + 1 > LINE_LEN) {
		buf_add_text(out, "\r\n\t ");
		*line = 0;
	}
	buf_add_text(out, name);
	buf_add_char(out, ':');
	*line += len + 1;
}

/* h=; what it holds is returned. */
static struct slice add_names(const struct making *m, struct buf *out)
{
	size_t line = 0, from;

	buf_add_text(out, "\r\n\th=");
	from = out->len;
	for (size_t i = 0; i < sizeof(covered) / sizeof(covered[0]); i++) {
		size_t count =
			message_count(m->in->message, slice_of(covered[i]));

		if (count > REPEAT_MAX)
			count = REPEAT_MAX;
		if (i == 0)
			count++;
		while (count-- > 0)
			add_name(out, covered[i], &line);
	}
	if (buf_result(out) != RES_OK)
		return slice_of("");
	out->at[out->len - 1] = ';';
	return slice_make(out->at + from, out->len - 1 - from);
}

static enum result add_base64(
	struct making *m, struct buf *out, struct slice octets)
{
	struct slice text;
	enum result res = base64_encode(octets, m->arena, &text);

	if (res != RES_OK)
		return res;
	for (size_t i = 0; i < text.len; i += LINE_LEN) {
		if (i > 0)
			buf_add_text(out, "\r\n\t ");
		buf_add(out, slice_part(text, i, LINE_LEN));
	}
	return buf_result(out);
}

/* b=, at the end of a value that is whole but for it. */
static enum result add_signature(
	struct making *m, struct buf *out, const uint8_t digest[SHA256_LEN])
{
	struct buf octets;
	enum result res;

	buf_init(&octets, PRIVKEY_BITS_MAX / 8);
	res = privkey_sign(m->seal->key, digest, &octets);
	if (res == RES_OK)
		res = add_base64(m, out, buf_slice(&octets));
	buf_clear(&octets);
	return res;
}

static struct field field_of(const char *name, const struct buf *value)
{
	return (struct field){ .name = slice_of(name),
		.value = buf_slice(value) };
}

/* Where b= is still to come. */
static struct slice end_of(const struct buf *b)
{
	return slice_make(b->at + b->len, 0);
}

static enum result make_message(
	struct making *m, struct arcseal_body *body, bool *is_cut)
{
	struct headerhash *header = headerhash_new(m->in->message, m->arena);
	struct buf *out = &m->message;
	struct headerhash_input what = { .how = CANON_RELAXED };
	struct headerhash_output got;
	uint8_t digest[SHA256_LEN];
	struct slice names;
	struct field own;
	size_t names_at;
	enum result res;

	canon_body_end(&body->canon);
	res = digest_end(body->hash, digest);
	if (res != RES_OK || header == NULL)
		return RES_NOMEM;
	buf_add_format(out, " i=%u; a=%s; c=relaxed/relaxed;", m->instance,
		algorithm(m));
	add_signer(m, out);
	names = add_names(m, out);
	names_at = buf_result(out) == RES_OK ? (size_t)(names.at - out->at) : 0;
	buf_add_text(out, "\r\n\tbh=");
	res = add_base64(m, out, slice_make(digest, sizeof(digest)));
	buf_add_text(out, ";\r\n\tb=");
	if (res == RES_OK)
		res = buf_result(out);
	if (res != RES_OK)
		return res;
	own = field_of(arcset_message_name, out);
	what.names = slice_make(out->at + names_at, names.len);
	what.own = &own;
	what.b_tag = end_of(out);
	res = headerhash_make(header, &what, &got);
	*is_cut = got.is_cut;
	return res == RES_OK ? add_signature(m, out, got.digest) : res;
}

/* What the seal covers (s5.1.1; s5.1.2: of a failed chain its own set). */
static enum result hash_sets(struct making *m, uint8_t digest[SHA256_LEN])
{
	struct field results = field_of(arcset_results_name, &m->results);
	struct field message = field_of(arcset_message_name, &m->message);
	struct field own = field_of(arcset_seal_name, &m->signature);
	struct digest *d = digest_new();
	struct canon_sink sink;
	enum result res;

	if (d == NULL)
		return RES_NOMEM;
	canon_sink_digest(&sink, d);
	for (unsigned i = 0;
		m->in->arc->result == AUTH_PASS && i < m->chain.count; i++) {
		const struct arcset *set = &m->chain.sets[i];

		canon_field(&sink, CANON_RELAXED, set->results);
		canon_field(&sink, CANON_RELAXED, set->ams.field);
		canon_field(&sink, CANON_RELAXED, set->seal.field);
	}
	canon_field(&sink, CANON_RELAXED, &results);
	canon_field(&sink, CANON_RELAXED, &message);
	canon_field_unsigned(&sink, CANON_RELAXED, &own, end_of(&m->signature));
	canon_flush(&sink);
	res = digest_end(d, digest);
	digest_free(d);
	return res;
}

static enum result make_seal(struct making *m)
{
	struct buf *out = &m->signature;
	uint8_t digest[SHA256_LEN];
	enum result res;

	buf_add_format(out, " i=%u; a=%s; cv=%s;", m->instance, algorithm(m),
		m->status);
	add_signer(m, out);
	buf_add_text(out, "\r\n\tb=");
	res = buf_result(out);
	if (res == RES_OK)
		res = hash_sets(m, digest);
	return res == RES_OK ? add_signature(m, out, digest) : res;
}

/* As libmilter wants it: without the CR of its folds. */
static enum result give(
	struct making *m, const struct buf *value, struct slice *out)
{
	char *to = arena_alloc(m->arena, value->len + 1);
	size_t len = 0;

	if (to == NULL)
		return RES_NOMEM;
	for (size_t i = 0; i < value->len; i++)
		if (value->at[i] != '\r')
			to[len++] = value->at[i];
	*out = slice_make(to, len);
	return RES_OK;
}

static enum result make_set(
	struct making *m, struct arcseal_body *body, struct arcseal_set *out)
{
	bool is_cut = false;
	enum result res;

	add_results(m);
	res = buf_result(&m->results);
	if (res == RES_OK)
		res = make_message(m, body, &is_cut);
	if (res == RES_OK && is_cut) {
		out->skipped = "a field that it covers may be cut";
		return RES_OK;
	}
	if (res == RES_OK)
		res = make_seal(m);
	if (res == RES_OK)
		res = give(m, &m->results, &out->results);
	if (res == RES_OK)
		res = give(m, &m->message, &out->message);
	if (res == RES_OK)
		res = give(m, &m->signature, &out->seal);
	return res;
}

enum result arcseal_make(const struct arcseal *s,
	const struct arcseal_input *in, struct arcseal_body *body,
	struct arena *a, struct arcseal_set *out)
{
	struct making m = { .seal = s, .in = in, .arena = a };
	enum result res = arcset_read(in->message, AUTH_ARC_MAX, a, &m.chain);

	*out = (struct arcseal_set){ .skipped = NULL };
	if (res != RES_OK)
		return res;
	out->skipped = choose(&m);
	out->instance = m.instance;
	if (out->skipped != NULL)
		return RES_OK;
	buf_init(&m.results, VALUE_MAX);
	buf_init(&m.message, VALUE_MAX);
	buf_init(&m.signature, VALUE_MAX);
	res = make_set(&m, body, out);
	buf_clear(&m.results);
	buf_clear(&m.message);
	buf_clear(&m.signature);
	return res;
}
