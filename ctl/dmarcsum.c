/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/dmarcsum.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 64 << 20 };

struct dmarcsum {
	struct arena *text;
	struct dmarcsum_source *source;
	size_t count;
	struct dmarcsum_domain *domain; /* sorted by name */
	size_t domain_count;
	uint64_t left_out;
	bool is_full;
};

struct dmarcsum *dmarcsum_new(void)
{
	struct dmarcsum *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->text = arena_new(TEXT_MAX);
	s->source = calloc(DMARCSUM_SOURCES_MAX, sizeof(*s->source));
	s->domain = calloc(DMARCSUM_DOMAINS_MAX, sizeof(*s->domain));
	if (s->text == NULL || s->source == NULL || s->domain == NULL) {
		dmarcsum_free(s);
		return NULL;
	}
	return s;
}

void dmarcsum_free(struct dmarcsum *s)
{
	if (s == NULL)
		return;
	arena_free(s->text);
	free(s->source);
	free(s->domain);
	free(s);
}

/* ---- order ---- */

static int compare_text(struct slice a, struct slice b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int by = len == 0 ? 0 : memcmp(a.at, b.at, len);

	return by != 0 ? by : (a.len > b.len) - (a.len < b.len);
}

static int compare_row(const struct dmarcin_row *a, const struct dmarcin_row *b)
{
	int by = memcmp(a->ip.octet, b->ip.octet, sizeof(a->ip.octet));

	if (by == 0)
		by = (int)a->disposition - (int)b->disposition;
	if (by == 0)
		by = a->dkim - b->dkim;
	return by != 0 ? by : a->spf - b->spf;
}

static int compare_source(const void *left, const void *right)
{
	const struct dmarcsum_source *a = left, *b = right;
	int by = compare_text(a->domain, b->domain);

	if (by == 0)
		by = compare_text(a->org, b->org);
	return by != 0 ? by : compare_row(&a->row, &b->row);
}

static int compare_count(const void *left, const void *right)
{
	const struct dmarcsum_source *a = left, *b = right;
	int by = compare_text(a->domain, b->domain);

	if (by == 0)
		by = (a->row.count < b->row.count) -
			(a->row.count > b->row.count);
	return by != 0 ? by : compare_source(left, right);
}

/* ---- adding ---- */

static void merge(struct dmarcsum *s)
{
	size_t kept = 0;

	if (s->count == 0)
		return;
	qsort(s->source, s->count, sizeof(*s->source), compare_source);
	for (size_t i = 1; i < s->count; i++) {
		if (compare_source(&s->source[kept], &s->source[i]) == 0)
			s->source[kept].row.count += s->source[i].row.count;
		else
			s->source[++kept] = s->source[i];
	}
	s->count = kept + 1;
}

static void add_source(struct dmarcsum *s, struct slice domain,
	struct slice org, const struct dmarcin_row *row)
{
	struct dmarcsum_source *to;

	/* Nearly full of different ones: to merge again would be to merge for
	 * every few rows. */
	if (s->count == DMARCSUM_SOURCES_MAX && !s->is_full) {
		merge(s);
		s->is_full = s->count > DMARCSUM_SOURCES_MAX / 8 * 7;
	}
	if (s->count == DMARCSUM_SOURCES_MAX) {
		s->left_out += row->count;
		return;
	}
	to = &s->source[s->count++];
	*to = (struct dmarcsum_source){ domain, org, *row };
	to->row.from = slice_of("");
}

/* NULL: there is no room. */
static struct dmarcsum_domain *find_domain(struct dmarcsum *s, const char *name)
{
	struct slice wanted = slice_of(name);
	size_t i = 0;

	while (i < s->domain_count &&
		compare_text(s->domain[i].domain, wanted) < 0)
		i++;
	if (i < s->domain_count && slice_is_equal(s->domain[i].domain, wanted))
		return &s->domain[i];
	if (s->domain_count == DMARCSUM_DOMAINS_MAX ||
		arena_copy(s->text, wanted, &wanted) != RES_OK)
		return NULL;
	memmove(s->domain + i + 1, s->domain + i,
		(s->domain_count++ - i) * sizeof(*s->domain));
	s->domain[i] = (struct dmarcsum_domain){ .domain = wanted };
	return &s->domain[i];
}

void dmarcsum_add(struct dmarcsum *s, const struct dmarcin_report *report)
{
	struct dmarcsum_domain *d = find_domain(s, report->domain);
	struct slice org;

	if (d == NULL || arena_copy(s->text, report->org, &org) != RES_OK) {
		s->left_out += dmarcin_messages(report);
		return;
	}
	d->reports++;
	for (size_t i = 0; i < report->row_count; i++) {
		const struct dmarcin_row *row = &report->row[i];

		d->messages += row->count;
		if (row->dkim || row->spf)
			d->passed += row->count;
		add_source(s, d->domain, org, row);
	}
}

/* ---- showing ---- */

const struct dmarcsum_source *dmarcsum_sources(
	struct dmarcsum *s, size_t *count)
{
	merge(s);
	qsort(s->source, s->count, sizeof(*s->source), compare_count);
	*count = s->count;
	return s->source;
}

const struct dmarcsum_domain *dmarcsum_domains(
	struct dmarcsum *s, size_t *count)
{
	*count = s->domain_count;
	return s->domain;
}

uint64_t dmarcsum_left_out(const struct dmarcsum *s)
{
	return s->left_out;
}
