/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/fake_dns.h"

#include "base/buf.h"
#include "net/ipaddr.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { RDATA_MAX = 65536, RECORDS_MAX = 256, STRING_MAX = 255, CHAIN_MAX = 8 };

struct record {
	char *name;
	char *type;
	char *value;
	size_t len;
	bool is_octets;
};

/* A question that was let wait, until it is finished. */
struct held {
	struct fake_dns *dns;
	struct held *next;
	char *name;
	enum dns_type type;
	dns_done *done;
	void *at;
};

struct fake_dns {
	struct dns_source source;
	struct record *record;
	size_t count;
	struct held *held;
	bool is_holding;
	size_t asked;
};

/* ---- rdata ---- */

static void put_name(struct buf *b, const char *name)
{
	struct slice rest = slice_of(name);
	struct slice label;

	while (slice_cut(&rest, '.', &label)) {
		buf_add_char(b, (char)label.len);
		buf_add(b, label);
	}
	buf_add_char(b, '\0');
}

static void put_string(struct buf *b, struct slice text)
{
	do {
		struct slice piece = slice_part(text, 0, STRING_MAX);

		buf_add_char(b, (char)piece.len);
		buf_add(b, piece);
		text = slice_part(text, piece.len, text.len);
	} while (text.len > 0);
}

static void put_txt(struct buf *b, const struct record *r)
{
	struct slice rest = slice_make(r->value, r->len);
	struct slice piece;

	if (r->is_octets || rest.len == 0) {
		put_string(b, rest);
		return;
	}
	while (slice_cut(&rest, '|', &piece))
		put_string(b, piece);
}

static void put_mx(struct buf *b, const char *value)
{
	unsigned long preference = strtoul(value, NULL, 10);
	const char *name = strchr(value, ' ');

	buf_add_char(b, (char)(preference >> 8));
	buf_add_char(b, (char)preference);
	put_name(b, name == NULL || strcmp(name, " .") == 0 ? "" : name + 1);
}

static void put_rdata(struct buf *b, const struct record *r)
{
	struct ipaddr ip;

	if (strcmp(r->type, "TXT") == 0) {
		put_txt(b, r);
	} else if (strcmp(r->type, "MX") == 0) {
		put_mx(b, r->value);
	} else if (strcmp(r->type, "PTR") == 0) {
		put_name(b, r->value);
	} else {
		bool is_v4 = strcmp(r->type, "A") == 0;

		if (ipaddr_parse(&ip, slice_of(r->value)) != RES_OK)
			abort();
		buf_add(b,
			slice_make(
				ip.octet + (is_v4 ? 12 : 0), is_v4 ? 4 : 16));
	}
}

/* ---- the table ---- */

static bool is_below(const char *name, const char *above)
{
	size_t n = strlen(name), a = strlen(above);

	return n > a && name[n - a - 1] == '.' &&
		strcmp(name + n - a, above) == 0;
}

static const struct record *find(
	const struct fake_dns *d, const char *name, const char *type)
{
	for (size_t i = 0; i < d->count; i++)
		if (strcmp(d->record[i].name, name) == 0 &&
			strcmp(d->record[i].type, type) == 0)
			return &d->record[i];
	return NULL;
}

static bool exists(const struct fake_dns *d, const char *name)
{
	for (size_t i = 0; i < d->count; i++)
		if (strcmp(d->record[i].name, name) == 0 ||
			is_below(d->record[i].name, name))
			return true;
	return false;
}

static struct dns_answer *gather(
	const struct fake_dns *d, const char *name, const char *type)
{
	struct slice rdata[RECORDS_MAX];
	struct dns_answer model = { .rdata = rdata, .ttl_s = 300 };
	struct buf octets;
	size_t end[RECORDS_MAX];
	struct dns_answer *a;
	size_t from = 0;

	buf_init(&octets, (size_t)RDATA_MAX * 16);
	for (size_t i = 0; i < d->count && model.count < RECORDS_MAX; i++) {
		if (strcmp(d->record[i].name, name) != 0 ||
			strcmp(d->record[i].type, type) != 0)
			continue;
		put_rdata(&octets, &d->record[i]);
		end[model.count++] = octets.len;
	}
	for (size_t i = 0; i < model.count; i++) {
		rdata[i] = slice_make(octets.at + from, end[i] - from);
		from = end[i];
	}
	model.status = model.count > 0 ? DNS_FOUND
		: exists(d, name)      ? DNS_NODATA
				       : DNS_NXDOMAIN;
	a = dns_answer_new(&model);
	buf_clear(&octets);
	return a;
}

static struct dns_answer *answer(
	const struct fake_dns *d, const char *name, enum dns_type type)
{
	struct dns_answer model = { .status = DNS_UNKNOWN };
	const struct record *alias;

	for (int i = 0; i < CHAIN_MAX; i++) {
		if (find(d, name, "SERVFAIL") != NULL) {
			model.why = DNS_WHY_SERVFAIL;
			return dns_answer_new(&model);
		}
		if (find(d, name, "BOGUS") != NULL) {
			model.why = DNS_WHY_BOGUS;
			return dns_answer_new(&model);
		}
		alias = find(d, name, "CNAME");
		if (alias == NULL)
			return gather(d, name, dns_type_name(type));
		name = alias->value;
	}
	model.why = DNS_WHY_SERVFAIL;
	return dns_answer_new(&model);
}

/* ---- as a source ---- */

static struct dns_answer *start(void *ctx, struct slice name,
	enum dns_type type, dns_done *done, void *at, void **ticket)
{
	struct fake_dns *d = ctx;
	char *copy = strndup(name.at, name.len);
	struct dns_answer *a = NULL;
	struct held *h;

	d->asked++;
	*ticket = NULL;
	if (!d->is_holding && find(d, copy, "TIMEOUT") == NULL) {
		a = answer(d, copy, type);
		free(copy);
		return a;
	}
	h = malloc(sizeof(*h));
	if (h == NULL)
		abort();
	*h = (struct held){ d, d->held, copy, type, done, at };
	d->held = h;
	*ticket = h;
	return NULL;
}

static void finish(void *ctx, void *ticket)
{
	struct fake_dns *d = ctx;
	struct held *h = ticket;
	struct held **at = &d->held;

	while (*at != h)
		at = &(*at)->next;
	*at = h->next;
	free(h->name);
	free(h);
}

struct fake_dns *fake_dns_new(const struct fake_record *records)
{
	struct fake_dns *d = calloc(1, sizeof(*d));

	if (d == NULL)
		abort();
	d->source = (struct dns_source){ start, finish, d };
	for (; records != NULL && records->name != NULL; records++)
		fake_dns_add(d, records->name, records->type, records->value);
	return d;
}

void fake_dns_free(struct fake_dns *d)
{
	assert(d->held == NULL);
	for (size_t i = 0; i < d->count; i++) {
		free(d->record[i].name);
		free(d->record[i].type);
		free(d->record[i].value);
	}
	free(d->record);
	free(d);
}

static char *fold(const char *text)
{
	char *copy = strdup(text);

	for (char *c = copy; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return copy;
}

static struct record *add(
	struct fake_dns *d, const char *name, const char *type, struct slice v)
{
	struct record *r;
	char *value = malloc(v.len + 1);

	r = realloc(d->record, (d->count + 1) * sizeof(*r));
	if (r == NULL || value == NULL)
		abort();
	d->record = r;
	if (v.len > 0)
		memcpy(value, v.at, v.len);
	value[v.len] = '\0';
	d->record[d->count] = (struct record){ .name = fold(name),
		.type = strdup(type),
		.value = value,
		.len = v.len };
	return &d->record[d->count++];
}

void fake_dns_add(struct fake_dns *d, const char *name, const char *type,
	const char *value)
{
	add(d, name, type, slice_of(value));
}

void fake_dns_add_octets(
	struct fake_dns *d, const char *name, const char *type, struct slice v)
{
	add(d, name, type, v)->is_octets = true;
}

const struct dns_source *fake_dns_source(struct fake_dns *d)
{
	return &d->source;
}

void fake_dns_hold(struct fake_dns *d, bool hold)
{
	d->is_holding = hold;
}

size_t fake_dns_let_go(struct fake_dns *d)
{
	size_t count = 0;

	for (struct held *h = d->held; h != NULL; h = h->next) {
		dns_done *done = h->done;
		struct dns_answer *a;

		if (done == NULL || find(d, h->name, "TIMEOUT") != NULL)
			continue;
		h->done = NULL;
		a = answer(d, h->name, h->type);
		done(h->at, a);
		dns_answer_release(a);
		count++;
	}
	return count;
}

size_t fake_dns_asked(const struct fake_dns *d)
{
	return d->asked;
}
