/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/arcset.h"

#include "auth/dkimkey.h"
#include "base/arena.h"
#include "base/hmac.h"
#include "fact/message.h"
#include "mail/base64.h"
#include "mail/taglist.h"
#include "net/hostname.h"

enum {
	/* Of b=: base64 adds a third, folds may double it. */
	BASE64_MAX = (ARCSET_SIGNATURE_MAX + 2) / 3 * 4,
	FOLDED_MAX = 2 * BASE64_MAX
};

enum { KIND_NONE = 0, KIND_RESULTS, KIND_MESSAGE, KIND_SEAL };

const char arcset_results_name[] = "ARC-Authentication-Results";
const char arcset_message_name[] = "ARC-Message-Signature";
const char arcset_seal_name[] = "ARC-Seal";

static const char *const kind_names[] = {
	[KIND_RESULTS] = arcset_results_name,
	[KIND_MESSAGE] = arcset_message_name,
	[KIND_SEAL] = arcset_seal_name,
};

/* What is under way, and the first thing that is wrong. */
struct reader {
	struct arcset_chain *chain;
	unsigned room; /* sets that so few fields can make */
	unsigned sets_max;
	unsigned sealed; /* the highest i= of a seal */
	struct arena *arena;
	enum result failed;
};

static void blame(struct reader *r, unsigned instance, const char *fault)
{
	struct arcset_chain *c = r->chain;

	if (c->state == ARCSET_BROKEN)
		return;
	c->state = ARCSET_BROKEN;
	c->fault = fault;
	c->fault_at = instance;
}

static int kind_of(struct slice name)
{
	for (int k = KIND_RESULTS; k <= KIND_SEAL; k++)
		if (slice_is_equal_nocase(name, slice_of(kind_names[k])))
			return k;
	return KIND_NONE;
}

bool arcset_is_field(struct slice name)
{
	return kind_of(name) != KIND_NONE;
}

/* RFC 8617 s4.2.1: one or two digits, 1 to 50. 0: it is not. */
static unsigned instance_of(struct slice text)
{
	uint64_t n;

	if (text.len > 2 ||
		slice_parse_u64(text, 1, AUTH_ARC_MAX, &n) != RES_OK)
		return 0;
	return (unsigned)n;
}

/* ---- tags that both signatures have ---- */

static const char *read_algorithm(struct slice a, bool *is_ed25519)
{
	*is_ed25519 = slice_is_equal(a, slice_of("ed25519-sha256"));
	if (*is_ed25519 || slice_is_equal(a, slice_of("rsa-sha256")))
		return NULL;
	return "its a= is no algorithm that we take";
}

/* d= and s=, and that they make a name. */
static const char *read_signer(struct reader *r, struct slice d, struct slice s,
	struct arcset_signature *out)
{
	char domain[HOSTNAME_MAX];
	enum result res;
	size_t len;

	if (hostname_parse(d, domain, &len) != RES_OK)
		return "its d= is no domain";
	if (arena_copy(r->arena, slice_make(domain, len), &out->domain) !=
		RES_OK)
		r->failed = RES_NOMEM;
	out->selector = s;
	res = dkimkey_name(s, out->domain, r->arena, &out->key_name);
	if (res == RES_NOMEM)
		r->failed = res;
	if (res != RES_OK || !hostname_is_valid(out->key_name))
		return "its s= and d= make no name";
	return NULL;
}

/* False: it is no base64, or r has failed. */
static bool read_octets(struct reader *r, struct slice text, struct slice *out)
{
	struct slice dense;
	enum result res;

	if (text.len > FOLDED_MAX)
		return false;
	res = taglist_squeeze(text, r->arena, &dense);
	/* Before it is decoded: fifty sets must not use up the memory. */
	if (res == RES_OK && dense.len > BASE64_MAX)
		return false;
	if (res == RES_OK)
		res = base64_decode(dense, r->arena, out);
	if (res != RES_OK && res != RES_SYNTAX)
		r->failed = RES_NOMEM;
	return res == RES_OK;
}

static bool is_time(const struct slice *t, uint64_t *out)
{
	return t == NULL || slice_parse_u64(*t, 0, INT64_MAX, out) == RES_OK;
}

static const char *read_signature(struct reader *r, const struct taglist *tags,
	struct arcset_signature *out)
{
	const struct slice *a = taglist_find(tags, "a");
	const struct slice *b = taglist_find(tags, "b");
	const struct slice *d = taglist_find(tags, "d");
	const struct slice *s = taglist_find(tags, "s");
	uint64_t signed_s;
	const char *fault;

	if (a == NULL || b == NULL || d == NULL || s == NULL)
		return "it lacks one of a=, b=, d= and s=";
	fault = read_algorithm(*a, &out->is_ed25519);
	if (fault == NULL)
		fault = read_signer(r, *d, *s, out);
	if (fault != NULL)
		return fault;
	out->b_tag = *b;
	if (!read_octets(r, *b, &out->b) || out->b.len == 0 ||
		out->b.len > ARCSET_SIGNATURE_MAX)
		return "its b= is no base64";
	if (!is_time(taglist_find(tags, "t"), &signed_s))
		return "its t= is no time";
	return NULL;
}

/* ---- the message's signature (s4.1.2) ---- */

static const char *read_canon(const struct slice *c, struct arcset *out)
{
	struct slice rest, header;

	out->header_canon = CANON_SIMPLE;
	out->body_canon = CANON_SIMPLE;
	if (c == NULL)
		return NULL;
	rest = *c;
	if (!slice_cut(&rest, '/', &header) ||
		canon_parse(header, &out->header_canon) != RES_OK ||
		(header.len < c->len &&
			canon_parse(rest, &out->body_canon) != RES_OK))
		return "its c= is no canonical form";
	return NULL;
}

static bool names_field(struct slice names, const char *field)
{
	struct slice name;

	while (slice_cut(&names, ':', &name))
		if (slice_is_equal_nocase(slice_trim(name), slice_of(field)))
			return true;
	return false;
}

static const char *read_names(const struct slice *h, struct arcset *out)
{
	if (h == NULL)
		return "it lacks h=";
	out->names = *h;
	/* RFC 6376 s5.4: From must be signed. */
	if (!names_field(*h, "From"))
		return "its h= does not cover From";
	if (names_field(*h, arcset_seal_name))
		return "its h= covers a seal";
	return NULL;
}

static const char *read_body(
	struct reader *r, const struct taglist *tags, struct arcset *out)
{
	const struct slice *bh = taglist_find(tags, "bh");
	const struct slice *l = taglist_find(tags, "l");

	if (bh == NULL || !read_octets(r, *bh, &out->body_hash) ||
		out->body_hash.len != SHA256_LEN)
		return "its bh= is no hash";
	out->limit = UINT64_MAX;
	if (l != NULL &&
		slice_parse_u64(*l, 0, INT64_MAX, &out->limit) != RES_OK)
		return "its l= is no number";
	if (!is_time(taglist_find(tags, "x"), &out->expires_s))
		return "its x= is no time";
	return NULL;
}

static void add_message(struct reader *r, unsigned instance,
	const struct taglist *tags, const struct field *field)
{
	struct arcset *set = &r->chain->sets[instance - 1];
	const char *fault;

	if (set->ams.field != NULL) {
		blame(r, instance, "it has two message signatures");
		return;
	}
	set->ams.field = field;
	fault = read_signature(r, tags, &set->ams);
	if (fault == NULL)
		fault = read_canon(taglist_find(tags, "c"), set);
	if (fault == NULL)
		fault = read_names(taglist_find(tags, "h"), set);
	if (fault == NULL)
		fault = read_body(r, tags, set);
	set->ams.fault = fault;
}

/* ---- the seal (s4.1.3) ---- */

static const char *check_status(unsigned instance, const struct slice *cv)
{
	if (cv == NULL)
		return "its seal lacks cv=";
	if (slice_is_equal(*cv, slice_of("fail")))
		return "its seal says that the chain is broken";
	if (!slice_is_equal(*cv, slice_of(instance == 1 ? "none" : "pass")))
		return "its seal has another cv= than its place asks for";
	return NULL;
}

static void note_end(
	struct reader *r, unsigned instance, const struct slice *cv)
{
	if (instance < r->sealed)
		return;
	r->sealed = instance;
	r->chain->is_ended =
		cv != NULL && slice_is_equal(*cv, slice_of("fail"));
}

static void add_seal(struct reader *r, unsigned instance,
	const struct taglist *tags, const struct field *field)
{
	struct arcset *set = &r->chain->sets[instance - 1];
	const char *fault;

	if (set->seal.field != NULL) {
		blame(r, instance, "it has two seals");
		return;
	}
	set->seal.field = field;
	fault = check_status(instance, taglist_find(tags, "cv"));
	if (fault == NULL &&
		(taglist_find(tags, "h") != NULL ||
			taglist_find(tags, "bh") != NULL))
		fault = "its seal has h= or bh=";
	if (fault == NULL)
		fault = read_signature(r, tags, &set->seal);
	set->seal.fault = fault;
	if (fault != NULL)
		blame(r, instance, fault);
}

/* ---- the results (s4.1.1) ---- */

/* Over blanks and comments (RFC 5322 s3.2.2). */
static struct slice skip_blanks(struct slice v)
{
	size_t at = 0, depth = 0;

	for (; at < v.len; at++) {
		char c = v.at[at];

		if (c == '(')
			depth++;
		else if (depth > 0 && c == '\\')
			at++;
		else if (depth > 0 && c == ')')
			depth--;
		else if (depth == 0 && c != ' ' && c != '\t' && c != '\r' &&
			c != '\n')
			break;
	}
	return slice_part(v, at, v.len);
}

/* Cuts that octet off the front, with the blanks before it. */
static bool skip_octet(struct slice *v, char c)
{
	*v = skip_blanks(*v);
	if (v->len == 0 || v->at[0] != c)
		return false;
	*v = slice_part(*v, 1, v->len);
	return true;
}

/* "i=N;" and what follows. 0: it does not begin so. */
static unsigned read_results(struct slice value, struct slice *text)
{
	struct slice v = value, number;
	size_t digits = 0;

	if (!skip_octet(&v, 'i') || !skip_octet(&v, '='))
		return 0;
	v = skip_blanks(v);
	while (digits < v.len && v.at[digits] >= '0' && v.at[digits] <= '9')
		digits++;
	number = slice_part(v, 0, digits);
	v = slice_part(v, digits, v.len);
	if (!skip_octet(&v, ';'))
		return 0;
	*text = slice_trim(v);
	return instance_of(number);
}

/* ---- fields to sets ---- */

/* Where it belongs; 0: nowhere. */
static unsigned place(struct reader *r, unsigned instance)
{
	if (instance == 0)
		blame(r, 0, "a field has no i= of 1 to 50");
	else if (instance > r->chain->highest)
		r->chain->highest = instance;
	if (instance <= r->room)
		return instance;
	blame(r, instance, "a set below it is not whole");
	return 0;
}

static void add_results(struct reader *r, const struct field *field)
{
	struct slice text = { NULL, 0 };
	unsigned instance = place(r, read_results(field->value, &text));
	struct arcset *set;

	if (instance == 0)
		return;
	set = &r->chain->sets[instance - 1];
	if (set->results != NULL)
		blame(r, instance, "it has two fields of results");
	set->results = field;
	set->results_text = text;
}

static void add_signature(struct reader *r, int kind, const struct field *field)
{
	const struct slice *i;
	struct taglist tags;
	unsigned instance = 0;

	if (taglist_parse(&tags, field->value) == RES_OK) {
		i = taglist_find(&tags, "i");
		instance = i == NULL ? 0 : instance_of(*i);
	}
	if (kind == KIND_SEAL && instance > 0)
		note_end(r, instance, taglist_find(&tags, "cv"));
	instance = place(r, instance);
	if (instance == 0)
		return;
	if (kind == KIND_SEAL)
		add_seal(r, instance, &tags, field);
	else
		add_message(r, instance, &tags, field);
}

static void check_whole(struct reader *r)
{
	struct arcset_chain *c = r->chain;

	/* RFC 8617 s5.2 step 2 comes before all else. */
	if (c->is_ended)
		blame(r, r->sealed, "its seal says that the chain is broken");
	if (c->highest > r->sets_max)
		blame(r, c->highest, "there are more sets than we take");
	for (unsigned i = 1; i <= c->highest && i <= r->room; i++) {
		const struct arcset *set = &c->sets[i - 1];

		if (set->results == NULL || set->ams.field == NULL ||
			set->seal.field == NULL)
			blame(r, i, "it is not whole");
	}
	if (c->state == ARCSET_BROKEN)
		return;
	if (c->sets[c->highest - 1].ams.fault != NULL) {
		blame(r, c->highest, c->sets[c->highest - 1].ams.fault);
		return;
	}
	c->state = ARCSET_CHAIN;
	c->count = c->highest;
}

static size_t count_fields(const struct message *m, bool *is_cut)
{
	size_t count = 0;

	*is_cut = false;
	for (size_t i = 0; i < m->field_count; i++) {
		if (kind_of(m->fields[i].name) == KIND_NONE)
			continue;
		count++;
		*is_cut |= m->fields[i].is_cut;
	}
	return count;
}

enum result arcset_read(const struct message *m, unsigned sets_max,
	struct arena *a, struct arcset_chain *out)
{
	struct reader r = { .chain = out, .sets_max = sets_max, .arena = a };
	size_t count;

	*out = (struct arcset_chain){ .state = ARCSET_UNKNOWN };
	count = count_fields(m, &out->is_cut);
	if (count == 0)
		out->state = ARCSET_NONE;
	if (count > KIND_SEAL * AUTH_ARC_MAX)
		blame(&r, 0, "there are more fields than 50 sets have");
	if (out->state != ARCSET_UNKNOWN)
		return RES_OK;
	/* Three fields make a set: one of a higher i= has gaps below. */
	r.room = (unsigned)(count + KIND_SEAL - 1) / KIND_SEAL;
	out->sets = arena_alloc(a, r.room * sizeof(*out->sets));
	if (out->sets == NULL)
		return RES_NOMEM;
	for (size_t i = 0; i < m->field_count; i++) {
		int kind = kind_of(m->fields[i].name);

		if (kind == KIND_RESULTS)
			add_results(&r, &m->fields[i]);
		else if (kind != KIND_NONE)
			add_signature(&r, kind, &m->fields[i]);
	}
	check_whole(&r);
	return r.failed;
}
