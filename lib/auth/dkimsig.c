/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/dkimsig.h"

#include "base/arena.h"
#include "base/hmac.h"
#include "mail/base64.h"
#include "mail/taglist.h"
#include "net/hostname.h"

#include <string.h>

enum { TIME_DIGITS_MAX = 12, LENGTH_DIGITS_MAX = 18 };

/* One field at hand. */
struct reading {
	struct taglist tags;
	struct dkimsig_clock clock;
	struct arena *arena;
	struct dkimsig *out;
	bool no_memory;
};

/* Reads one tag; NULL, or what is wrong with it. */
typedef const char *read_tag(struct reading *r, struct slice value);

static const char *read_version(struct reading *r, struct slice value)
{
	(void)r;
	return slice_is_equal(value, slice_of("1")) ? NULL : "v= is not 1";
}

static const char *read_algorithm(struct reading *r, struct slice value)
{
	static const struct algorithm {
		const char *name;
		enum dkimkey_type type;
		const char *wrong;
	} known[] = {
		{ "rsa-sha256", DKIMKEY_RSA, NULL },
		{ "ed25519-sha256", DKIMKEY_ED25519, NULL },
		/* RFC 8301 s3.1: never to be verified */
		{ "rsa-sha1", DKIMKEY_RSA, "rsa-sha1 proves nothing" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!slice_is_equal_nocase(value, slice_of(known[i].name)))
			continue;
		r->out->algorithm = slice_of(known[i].name);
		r->out->type = known[i].type;
		return known[i].wrong;
	}
	return "a= is an algorithm that we do not know";
}

static const char *read_domain(struct reading *r, struct slice value)
{
	char name[HOSTNAME_MAX];
	size_t len;

	if (hostname_parse(value, name, &len) != RES_OK)
		return "d= is no domain";
	r->no_memory |= arena_copy(r->arena, slice_make(name, len),
				&r->out->domain) != RES_OK;
	return NULL;
}

/* A selector may be a number, which no host name is: only what it makes with
 * the domain is looked at. */
static const char *read_selector(struct reading *r, struct slice value)
{
	char name[HOSTNAME_MAX];
	struct slice text;
	enum result res;
	size_t len;

	if (slice_is_empty(r->out->domain))
		return NULL;
	res = dkimkey_name(value, r->out->domain, r->arena, &text);
	if (res == RES_OK)
		res = hostname_parse(text, name, &len);
	if (res == RES_OK)
		res = arena_copy(r->arena, slice_make(name, len),
			      &r->out->key_name) == RES_OK
			? RES_OK
			: RES_NOMEM;
	r->no_memory |= res == RES_NOMEM;
	if (res != RES_OK)
		return "s= is no selector";
	r->out->selector = slice_part(r->out->key_name, 0, value.len);
	return NULL;
}

static bool is_below(struct slice name, struct slice domain)
{
	size_t from = name.len - domain.len;

	return name.len > domain.len && name.at[from - 1] == '.' &&
		slice_is_equal(slice_part(name, from, domain.len), domain);
}

/* s3.5: [ Local-part ] "@" domain-name, which is d= or below it */
static const char *read_identity(struct reading *r, struct slice value)
{
	char name[HOSTNAME_MAX];
	size_t at, len;

	r->no_memory |= taglist_squeeze(value, r->arena, &value) != RES_OK;
	r->out->identity = value;
	at = slice_find_last(value, '@');
	if (at == value.len ||
		hostname_parse(slice_part(value, at + 1, value.len), name,
			&len) != RES_OK)
		return "i= is no identity";
	if (slice_is_empty(r->out->domain) ||
		slice_is_equal(slice_make(name, len), r->out->domain))
		return NULL;
	r->out->is_subdomain = is_below(slice_make(name, len), r->out->domain);
	return r->out->is_subdomain ? NULL : "i= is outside of d=";
}

/* ftext of RFC 5322 s3.6.8 */
static bool is_field_name(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] < 33 || s.at[i] > 126)
			return false;
	return s.len > 0;
}

static const char *read_names(struct reading *r, struct slice value)
{
	struct slice name;
	unsigned count = 0;

	r->out->names = value;
	if (value.len > DKIMSIG_NAMES_LEN_MAX)
		return "h= is too long";
	for (size_t at = 0; at <= value.len; at += name.len + 1) {
		name = slice_part(value, at, value.len);
		name.len = slice_find(name, ':');
		if (!is_field_name(slice_trim(name)))
			return "h= is no list of fields";
		count++;
	}
	if (count > DKIMSIG_NAMES_MAX)
		return "h= is too long";
	return dkimsig_names(r->out, slice_of("From"))
		? NULL
		: "h= does not name From";
}

static bool read_canon(struct slice value, bool *is_relaxed)
{
	*is_relaxed = slice_is_equal_nocase(value, slice_of("relaxed"));
	return *is_relaxed || slice_is_equal_nocase(value, slice_of("simple"));
}

static const char *read_canons(struct reading *r, struct slice value)
{
	size_t slash = slice_find(value, '/');
	struct slice body = slice_of("simple");
	bool is_relaxed_header;

	if (slash < value.len)
		body = slice_part(value, slash + 1, value.len);
	return read_canon(slice_part(value, 0, slash), &is_relaxed_header) &&
			read_canon(body, &r->out->is_relaxed_body)
		? NULL
		: "c= is no canonicalization";
}

static const char *read_length(struct reading *r, struct slice value)
{
	r->out->has_length = true;
	return value.len <= LENGTH_DIGITS_MAX &&
			slice_parse_u64(value, 0, INT64_MAX, &r->out->length) ==
				RES_OK
		? NULL
		: "l= is no length";
}

static const char *read_query(struct reading *r, struct slice value)
{
	struct slice method;

	(void)r;
	while (slice_cut(&value, ':', &method))
		if (slice_is_equal_nocase(
			    slice_trim(method), slice_of("dns/txt")))
			return NULL;
	return "q= is no way to a key that we know";
}

static bool read_time(struct slice value, int64_t *out)
{
	uint64_t time;

	if (value.len > TIME_DIGITS_MAX ||
		slice_parse_u64(value, 0, INT64_MAX, &time) != RES_OK)
		return false;
	*out = (int64_t)time;
	return true;
}

static const char *read_signed(struct reading *r, struct slice value)
{
	if (!read_time(value, &r->out->signed_s))
		return "t= is no time";
	return r->out->signed_s > r->clock.now_s + r->clock.skew_s
		? "t= is in the future"
		: NULL;
}

static const char *read_expires(struct reading *r, struct slice value)
{
	if (!read_time(value, &r->out->expires_s))
		return "x= is no time";
	if (taglist_find(&r->tags, "t") != NULL &&
		r->out->expires_s <= r->out->signed_s)
		return "x= is not after t=";
	return r->out->expires_s + r->clock.skew_s < r->clock.now_s
		? "it has expired"
		: NULL;
}

/* What z= holds is of no use here, and libopendkim copies it about. */
static const char *read_copies(struct reading *r, struct slice value)
{
	(void)r;
	return value.len > DKIMSIG_COPIES_MAX ? "z= is too long" : NULL;
}

static const char *read_base64(struct reading *r, struct slice value,
	struct slice *text, struct slice *out)
{
	enum result res = taglist_squeeze(value, r->arena, text);

	if (res == RES_OK)
		res = base64_decode(*text, r->arena, out);
	r->no_memory |= res != RES_OK && res != RES_SYNTAX;
	return res == RES_OK ? NULL : "not base64";
}

static const char *read_body_hash(struct reading *r, struct slice value)
{
	struct slice text;

	if (read_base64(r, value, &text, &r->out->body_hash) != NULL ||
		(r->out->body_hash.len != SHA256_LEN &&
			!slice_is_equal(
				r->out->algorithm, slice_of("rsa-sha1"))))
		return "bh= is no hash";
	return NULL;
}

static const char *read_signature(struct reading *r, struct slice value)
{
	struct slice text;

	if (read_base64(r, value, &text, &r->out->signature) != NULL ||
		r->out->signature.len == 0 ||
		r->out->signature.len > DKIMKEY_BITS_MAX / 8)
		return "b= is no signature";
	r->out->b_shown = slice_part(text, 0, DKIMSIG_B_SHOWN);
	return NULL;
}

/* In the order in which they need each other. */
static const struct tag_rule {
	const char *name;
	const char *missing; /* NULL: it may be */
	read_tag *read;
} rules[] = {
	{ "v", "there is no v=", read_version },
	{ "a", "there is no a=", read_algorithm },
	{ "d", "there is no d=", read_domain },
	{ "s", "there is no s=", read_selector },
	{ "i", NULL, read_identity },
	{ "h", "there is no h=", read_names },
	{ "c", NULL, read_canons },
	{ "l", NULL, read_length },
	{ "q", NULL, read_query },
	{ "t", NULL, read_signed },
	{ "x", NULL, read_expires },
	{ "z", NULL, read_copies },
	{ "bh", "there is no bh=", read_body_hash },
	{ "b", "there is no b=", read_signature },
};

static void settle(
	struct dkimsig *out, enum auth_result result, const char *reason)
{
	if (out->result != AUTH_UNKNOWN)
		return;
	out->result = result;
	out->reason = reason;
}

/*
 * libopendkim takes the value of b= out of the field before it hashes it, and
 * finds it by the "b" right in front of the first "=" of a tag. So it misses
 * "b =", and takes any other tag that ends in "b" for it.
 */
static bool is_b_found(const struct taglist *tags)
{
	for (size_t i = 0; i < tags->count; i++) {
		const struct tag *t = &tags->tag[i];

		if (t->name.at[t->name.len - 1] != 'b')
			continue;
		if (t->name.len > 1 || t->name.at[1] != '=')
			return false;
	}
	return true;
}

/* All tags are read, whatever is wrong with one of them: the log and
 * Authentication-Results say whose signature it was. */
static void read_tags(struct reading *r)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const struct slice *value =
			taglist_find(&r->tags, rules[i].name);
		const char *wrong = value == NULL ? rules[i].missing
						  : rules[i].read(r, *value);

		if (wrong != NULL)
			settle(r->out, AUTH_PERMERROR, wrong);
	}
	if (!is_b_found(&r->tags))
		settle(r->out, AUTH_NEUTRAL,
			"a tag is written as our library cannot read it");
	/* s3.5: the field itself is not meant; the library takes it for it,
	 * and writes past the end of its list when no field is left. */
	if (dkimsig_names(r->out, slice_of("DKIM-Signature")))
		settle(r->out, AUTH_NEUTRAL,
			"h= names signatures, which our library cannot do");
}

enum result dkimsig_read(struct slice value, const struct dkimsig_clock *clock,
	struct arena *a, struct dkimsig *out)
{
	struct reading r = { .clock = *clock, .arena = a, .out = out };
	enum result res;

	*out = (struct dkimsig){ .reason = "" };
	if (value.len > DKIMSIG_MAX) {
		settle(out, AUTH_PERMERROR, "it is too long");
		return RES_OK;
	}
	res = taglist_parse(&r.tags, value);
	if (res == RES_OK)
		read_tags(&r);
	else
		settle(out, AUTH_PERMERROR,
			res == RES_EXISTS ? "a tag is there twice"
					  : "it is no list of tags");
	return r.no_memory ? RES_NOMEM : RES_OK;
}

bool dkimsig_names(const struct dkimsig *sig, struct slice field)
{
	struct slice rest = sig->names, name;

	while (slice_cut(&rest, ':', &name))
		if (slice_is_equal_nocase(slice_trim(name), field))
			return true;
	return false;
}
