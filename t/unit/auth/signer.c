/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/auth/signer.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/hmac.h"
#include "base/privkey.h"
#include "mail/base64.h"
#include "mail/taglist.h"
#include "support/folder.h"
#include "support/keypair.h"
#include "unit/auth/letter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1 << 22, ARENA_MAX = 1 << 20 };

struct signer {
	struct keypair *pair;
	struct privkey *key;
};

static void must(bool is_true)
{
	if (!is_true)
		abort();
}

struct signer *signer_new(unsigned bits)
{
	struct signer *s = calloc(1, sizeof(*s));
	char path[FOLDER_PATH_MAX];
	struct folder folder;

	must(s != NULL);
	folder_make(&folder);
	s->pair = keypair_new(bits, 0);
	keypair_save(s->pair, folder_path(&folder, "key.pem", path));
	must(privkey_read(path, &s->key) == RES_OK);
	folder_remove(&folder);
	return s;
}

void signer_free(struct signer *s)
{
	keypair_free(s->pair);
	privkey_free(s->key);
	free(s);
}

const char *signer_record(const struct signer *s)
{
	return s->pair->record;
}

const char *signer_key(const struct signer *s)
{
	return strstr(s->pair->record, "p=") + 2;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* ---- s3.4.3, s3.4.4 ---- */

static void put_line(struct buf *out, struct slice line, bool relaxed)
{
	size_t end = line.len;

	while (relaxed && end > 0 && is_blank(line.at[end - 1]))
		end--;
	for (size_t i = 0; i < end; i++)
		if (!relaxed || !is_blank(line.at[i]))
			buf_add_char(out, line.at[i]);
		else if (!is_blank(line.at[i + 1]))
			buf_add_char(out, ' ');
	buf_add_text(out, "\r\n");
}

static void put_body(struct buf *out, struct slice body, bool relaxed)
{
	size_t from = 0;

	for (size_t i = 0; i < body.len; i++)
		if (body.at[i] == '\n' && i > 0 && body.at[i - 1] == '\r') {
			put_line(out, slice_part(body, from, i - 1 - from),
				relaxed);
			from = i + 1;
		}
	if (from < body.len)
		put_line(out, slice_part(body, from, body.len), relaxed);
	while (out->len >= 4 &&
		memcmp(out->at + out->len - 4, "\r\n\r\n", 4) == 0)
		out->len -= 2;
	if (out->len == 2)
		out->len = 0;
	if (out->len == 0 && !relaxed)
		buf_add_text(out, "\r\n");
}

/* ---- s3.4.1, s3.4.2 ---- */

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static void put_field(
	struct buf *out, struct slice name, struct slice value, bool relaxed)
{
	bool pending = false;

	for (size_t i = 0; i < name.len; i++)
		buf_add_char(out, relaxed ? lower(name.at[i]) : name.at[i]);
	buf_add_char(out, ':');
	if (!relaxed) {
		buf_add(out, value);
		return;
	}
	value = slice_trim(value);
	for (size_t i = 0; i < value.len; i++) {
		char c = value.at[i];

		if (is_blank(c) || c == '\r' || c == '\n') {
			pending = true;
			continue;
		}
		if (pending)
			buf_add_char(out, ' ');
		pending = false;
		buf_add_char(out, c);
	}
}

/* s5.4.2: from the bottom up, each once. */
static void put_named(struct buf *out, const struct message *m,
	struct slice name, bool *used, bool relaxed)
{
	for (size_t i = m->field_count; i > 0; i--) {
		const struct field *f = &m->fields[i - 1];

		if (used[i - 1] || !slice_is_equal_nocase(f->name, name))
			continue;
		used[i - 1] = true;
		put_field(out, f->name, f->value, relaxed);
		buf_add_text(out, "\r\n");
		return;
	}
}

static void put_header(struct buf *out, const struct message *m,
	struct slice names, bool relaxed)
{
	bool used[LETTER_FIELDS_MAX] = { false };
	struct slice name;

	while (slice_cut(&names, ':', &name))
		put_named(out, m, slice_trim(name), used, relaxed);
}

/* ---- the field ---- */

static struct slice value_of(
	const struct taglist *tags, const char *name, const char *otherwise)
{
	const struct slice *v = taglist_find(tags, name);

	return v == NULL ? slice_of(otherwise) : *v;
}

/* Puts what in the place of the "$" behind tag. */
static char *fill(const char *text, const char *tag, struct slice what)
{
	const char *at = strstr(text, tag);
	struct buf out;
	char *copy;

	if (at == NULL)
		return strdup(text);
	at += strlen(tag) - 1;
	buf_init(&out, TEXT_MAX);
	buf_add(&out, slice_make(text, (size_t)(at - text)));
	buf_add(&out, what);
	buf_add_text(&out, at + 1);
	copy = strdup(buf_text(&out));
	buf_clear(&out);
	return copy;
}

static struct slice body_hash(
	const struct taglist *tags, struct slice body, struct arena *a)
{
	struct slice canon = value_of(tags, "c", "simple/simple");
	struct slice length = value_of(tags, "l", "4000000");
	size_t slash = slice_find(canon, '/');
	uint8_t hash[SHA256_LEN];
	uint64_t most = 0;
	struct slice out;
	struct buf text;

	buf_init(&text, TEXT_MAX);
	put_body(&text, body,
		slice_is_equal(slice_part(canon, slash, canon.len),
			slice_of("/relaxed")));
	if (slice_parse_u64(length, 0, TEXT_MAX, &most) != RES_OK)
		most = TEXT_MAX;
	must(sha256(slice_part(buf_slice(&text), 0, most), hash) == RES_OK);
	buf_clear(&text);
	must(base64_encode(slice_make(hash, sizeof(hash)), a, &out) == RES_OK);
	return out;
}

static struct slice signature(const struct signer *s,
	const struct taglist *tags, const struct message *m, const char *value,
	struct arena *a)
{
	bool relaxed =
		slice_has_prefix(value_of(tags, "c", ""), slice_of("relaxed"));
	uint8_t hash[SHA256_LEN];
	struct buf text, octets;
	struct slice out;

	buf_init(&text, TEXT_MAX);
	buf_init(&octets, TEXT_MAX);
	put_header(&text, m, value_of(tags, "h", ""), relaxed);
	put_field(&text, slice_of("DKIM-Signature"), slice_of(value), relaxed);
	must(sha256(buf_slice(&text), hash) == RES_OK);
	must(privkey_sign(s->key, hash, &octets) == RES_OK);
	must(base64_encode(buf_slice(&octets), a, &out) == RES_OK);
	buf_clear(&text);
	buf_clear(&octets);
	return out;
}

char *signer_sign(const struct signer *s, const char *tags, struct slice text)
{
	struct letter *l = letter_new(text);
	struct arena *a = arena_new(ARENA_MAX);
	struct taglist list;
	char *hashed, *bare, *value, *field;
	size_t len;

	if (taglist_parse(&list, slice_of(tags)) != RES_OK)
		list.count = 0;
	hashed = fill(tags, "bh=$", body_hash(&list, l->body, a));
	bare = fill(hashed, " b=$", slice_of(""));
	value = malloc(strlen(bare) + 2);
	(void)snprintf(value, strlen(bare) + 2, " %s", bare);
	free(bare);
	bare = fill(hashed, " b=$", signature(s, &list, &l->message, value, a));
	len = strlen(bare) + 20;
	field = malloc(len);
	(void)snprintf(field, len, "DKIM-Signature: %s\r\n", bare);
	free(value);
	free(hashed);
	free(bare);
	arena_free(a);
	letter_free(l);
	return field;
}
