/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/entry.h"

#include "base/arena.h"
#include "base/clock.h"
#include "conf/conf.h"
#include "ctl/ask.h"
#include "store/details.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_ARENA = 1 << 30, BATCH = 250, BATCH_ARENA = 64 << 20 };

/* ---- names ---- */

struct name {
	const char *key;
	uint32_t len;
	uint8_t has_name;
	uint8_t kind;
	uint8_t is_scoped;
	struct cidr net;
};

struct entries {
	struct name *name;
	size_t count;
	size_t size;
	size_t max;
	struct arena *text;
	/* while gathering */
	struct ctl *ctl;
	const struct entry_filter *filter;
};

void entries_free(struct entries *e)
{
	if (e == NULL)
		return;
	arena_free(e->text);
	free(e->name);
	free(e);
}

size_t entries_count(const struct entries *e)
{
	return e->count;
}

struct slice entries_key(const struct entries *e, size_t i)
{
	return slice_make(e->name[i].key, e->name[i].len);
}

static bool is_wanted(const struct entry_filter *f, const struct list_name *n)
{
	if (f->has_kind && n->kind != f->kind)
		return false;
	if (f->has_scope && strcmp(n->scope, f->scope) != 0)
		return false;
	if (!f->has_match)
		return true;
	if (n->subject != SUBJECT_NET)
		return cidr_is_equal(&n->net, &f->match);
	return cidr_covers(&n->net, &f->match.net) ||
		cidr_covers(&f->match, &n->net.net);
}

/* A name that cannot be read is shown only where nothing more was asked. */
static bool is_wanted_nonsense(
	const struct entry_filter *f, struct slice prefix, struct slice key)
{
	struct slice rest = slice_part(key, prefix.len, key.len);

	if (f->has_scope || f->has_match)
		return false;
	return !f->has_kind ||
		slice_has_prefix(rest, slice_of(list_kind_name(f->kind)));
}

static enum ctl_exit out_of_memory(struct ctl *ctl)
{
	output_error(ctl->out, "no memory for that many entries");
	return CTL_DOWN;
}

static enum ctl_exit name_push(struct entries *e, const struct name *n)
{
	if (e->count == e->max) {
		output_error(e->ctl->out,
			"more than %zu entries: narrow it down", e->max);
		return CTL_DOWN;
	}
	if (e->count == e->size) {
		size_t size = e->size == 0 ? 1024 : e->size * 2;
		struct name *grown = realloc(e->name, size * sizeof(*grown));

		if (grown == NULL)
			return out_of_memory(e->ctl);
		e->name = grown;
		e->size = size;
	}
	e->name[e->count++] = *n;
	return CTL_DONE;
}

static enum ctl_exit name_add(void *ctx, struct slice key)
{
	struct entries *e = ctx;
	struct slice prefix = ctl_prefix(e->ctl);
	struct list_name read;
	enum result res = list_name_parse(&read, prefix, key);
	struct name n = { .len = (uint32_t)key.len };

	if (res == RES_MISSING)
		return CTL_DONE;
	if (res == RES_OK) {
		if (!is_wanted(e->filter, &read))
			return CTL_DONE;
		n.has_name = 1;
		n.kind = (uint8_t)read.kind;
		n.is_scoped = read.scope[0] != '\0';
		n.net = read.net;
	} else if (!is_wanted_nonsense(e->filter, prefix, key)) {
		return CTL_DONE;
	}
	n.key = arena_text(e->text, key);
	if (n.key == NULL)
		return out_of_memory(e->ctl);
	return name_push(e, &n);
}

static int name_compare(const void *left, const void *right)
{
	const struct name *a = left;
	const struct name *b = right;
	int by = b->has_name - a->has_name;

	if (by == 0)
		by = a->kind - b->kind;
	if (by == 0)
		by = a->is_scoped - b->is_scoped;
	if (by == 0)
		by = ipaddr_compare(&a->net.net, &b->net.net);
	if (by == 0)
		by = a->net.bits - b->net.bits;
	if (by == 0)
		by = memcmp(a->key, b->key, a->len < b->len ? a->len : b->len);
	if (by == 0)
		by = (a->len > b->len) - (a->len < b->len);
	return by;
}

static void names_sort(struct entries *e)
{
	size_t kept = 0;

	if (e->count == 0)
		return;
	qsort(e->name, e->count, sizeof(*e->name), name_compare);
	/* SCAN may name a key twice. */
	for (size_t i = 1; i < e->count; i++)
		if (name_compare(&e->name[kept], &e->name[i]) != 0)
			e->name[++kept] = e->name[i];
	e->count = kept + 1;
}

enum ctl_exit entries_gather(struct ctl *ctl, const struct entry_filter *filter,
	struct entries **out)
{
	static const char *const fixed[] = { "block", "allow" };
	struct entries *e = calloc(1, sizeof(*e));
	enum ctl_exit code = CTL_DONE;

	*out = NULL;
	if (e == NULL)
		return out_of_memory(ctl);
	e->ctl = ctl;
	e->filter = filter;
	e->max = filter->max != 0 ? filter->max : ctl->conf->lists.entries_max;
	e->text = arena_new(NAMES_ARENA);
	if (e->text == NULL)
		code = out_of_memory(ctl);
	for (size_t k = 0; k < 2 && code == CTL_DONE; k++) {
		struct ask_scan scan = {
			.fixed = fixed[k], .each = name_add, .ctx = e
		};

		if (!filter->has_kind || (size_t)filter->kind == k)
			code = ask_scan(ctl, &scan);
	}
	if (code != CTL_DONE) {
		entries_free(e);
		return code;
	}
	names_sort(e);
	*out = e;
	return CTL_DONE;
}

/* ---- details ---- */

struct batch {
	struct ctl *ctl;
	struct arena *arena;
	struct details detail[BATCH];
	size_t count;
};

static void read_listing(const struct details *d, struct listing *out)
{
	out->is_detailed = true;
	out->key = d->key;
	out->class = d->class;
	out->shadow = d->shadow;
	out->force = d->force;
	out->lock = d->lock;
	out->level = d->level;
	out->reason = d->text[DETAILS_REASON];
	out->code = d->text[DETAILS_CODE];
	out->origin = d->text[DETAILS_ORIGIN];
	out->since = d->text[DETAILS_SINCE];
	out->by = d->text[DETAILS_BY];
	out->note = d->text[DETAILS_NOTE];
	out->ref = d->text[DETAILS_REF];
	if (d->life_ms > 0)
		out->until_s =
			(clock_wall_ms(clock_system()) + d->life_ms) / 1000;
}

static const char *why_ignored(const struct entry *e, enum result parsed)
{
	if (parsed != RES_OK)
		return parsed == RES_TOOBIG ? "the name is too long"
			: parsed == RES_RANGE
			? "the network is not one that a list can hold"
			: "the name is neither an address nor a network";
	if (list_net_needs_force(&e->name.net) && !e->listing.force)
		return "so wide a range counts only with the field force yes";
	return NULL;
}

static enum ctl_exit hand_out(struct batch *b, const struct details *d,
	enum ctl_exit (*each)(void *ctx, const struct entry *entry), void *ctx)
{
	struct entry e = { .key = d->key, .ttl_ms = d->life_ms };
	enum result parsed =
		list_name_parse(&e.name, ctl_prefix(b->ctl), e.key);

	e.has_name = parsed == RES_OK;
	read_listing(d, &e.listing);
	if (e.has_name) {
		e.listing.kind = e.name.kind;
		e.listing.is_scoped = e.name.scope[0] != '\0';
		e.listing.net = e.name.net;
	}
	e.ignored =
		d->state == DETAILS_IGNORED ? d->why : why_ignored(&e, parsed);
	return each(ctx, &e);
}

static enum ctl_exit batch_run(struct batch *b,
	enum ctl_exit (*each)(void *ctx, const struct entry *entry), void *ctx,
	size_t *found)
{
	const struct details_bounds bounds = {
		.reason_max = b->ctl->conf->lists.reason_max,
		.value_max = b->ctl->conf->lists.value_max
	};
	enum ctl_exit code = CTL_DONE;

	arena_reset(b->arena);
	enum result res = details_read(
		b->ctl->redis, &bounds, b->arena, b->detail, b->count);

	if (res != RES_OK)
		return ask_failed(b->ctl, res);
	for (size_t i = 0; i < b->count && code == CTL_DONE; i++) {
		if (b->detail[i].state == DETAILS_GONE)
			continue;
		(*found)++;
		code = hand_out(b, &b->detail[i], each, ctx);
	}
	return code;
}

enum ctl_exit entries_each(struct ctl *ctl, const struct entries *e,
	size_t from, size_t to,
	enum ctl_exit (*each)(void *ctx, const struct entry *entry), void *ctx)
{
	struct batch *b = calloc(1, sizeof(*b));
	enum ctl_exit code = CTL_DONE;
	size_t found = 0;

	if (b != NULL)
		b->arena = arena_new(BATCH_ARENA);
	if (b == NULL || b->arena == NULL)
		code = out_of_memory(ctl);
	while (from < to && code == CTL_DONE) {
		b->ctl = ctl;
		for (b->count = 0; b->count < BATCH && from < to; from++)
			b->detail[b->count++].key = entries_key(e, from);
		code = batch_run(b, each, ctx, &found);
	}
	if (b != NULL)
		arena_free(b->arena);
	free(b);
	return code;
}

enum ctl_exit entry_each_key(struct ctl *ctl, struct slice key,
	enum ctl_exit (*each)(void *ctx, const struct entry *entry), void *ctx,
	bool *found)
{
	struct batch *b = calloc(1, sizeof(*b));
	enum ctl_exit code = CTL_DONE;
	size_t count = 0;

	if (b != NULL)
		b->arena = arena_new(BATCH_ARENA);
	if (b == NULL || b->arena == NULL) {
		code = out_of_memory(ctl);
	} else {
		b->ctl = ctl;
		b->detail[0].key = key;
		b->count = 1;
		code = batch_run(b, each, ctx, &count);
	}
	*found = count > 0;
	if (b != NULL)
		arena_free(b->arena);
	free(b);
	return code;
}

/* ---- output ---- */

struct slice entry_subject(
	struct slice key, const struct cidr *net, char out[SUBJECT_TEXT_MAX])
{
	size_t at;

	if (subject_of(net) != SUBJECT_DOMAIN)
		return slice_of(subject_format(net, out));
	/* Behind the prefix, which may have any colons: "...:domain:NAME". */
	at = slice_find_last(key, ':');
	return at == key.len ? key : slice_part(key, at + 1, key.len);
}

static void output_subject(struct output *o, const struct listing *l)
{
	static const char *const names[SUBJECTS] = { [SUBJECT_NET] = "net",
		[SUBJECT_DOMAIN] = "domain",
		[SUBJECT_ASN] = "asn",
		[SUBJECT_COUNTRY] = "country",
		[SUBJECT_USER] = "user" };
	enum list_subject s = subject_of(&l->net);
	char text[SUBJECT_TEXT_MAX];
	struct slice value = entry_subject(l->key, &l->net, text);

	/* "asn:64500", "country:NL", "user:00112233445566ff" */
	if (s == SUBJECT_ASN || s == SUBJECT_COUNTRY || s == SUBJECT_USER)
		value = slice_part(
			value, slice_find(value, ':') + 1, value.len);
	if (names[s] != NULL)
		output_text(o, names[s], value);
}

void entry_output_listing(struct output *o, const struct listing *l)
{
	output_text(o, "key", l->key);
	output_text(o, "list", slice_of(list_kind_name(l->kind)));
	output_subject(o, l);
	if (l->is_detailed)
		output_text(o, "class", slice_of(listing_class_name(l->class)));
	output_text(o, "reason", l->reason);
	output_text(o, "code", l->code);
	if (l->level > 0)
		output_number(o, "level", l->level);
	output_text(o, "origin", l->origin);
	output_text(o, "since", l->since);
	output_text(o, "by", l->by);
	output_text(o, "note", l->note);
	output_text(o, "ref", l->ref);
	ctl_output_time(o, "until", l->until_s);
	if (l->lock)
		output_bool(o, "lock", true);
	if (l->shadow)
		output_bool(o, "shadow", true);
	if (l->force)
		output_bool(o, "force", true);
}

void entry_output(struct output *o, const struct entry *e)
{
	char left[OUTPUT_SPAN_MAX];

	if (e->has_name) {
		entry_output_listing(o, &e->listing);
		output_text(o, "rcpt", slice_of(e->name.scope));
	} else {
		output_text(o, "key", e->key);
		output_text(o, "reason", e->listing.reason);
	}
	if (e->ttl_ms >= 0) {
		output_number(o, "ttl_s", (e->ttl_ms + 999) / 1000);
		output_text(o, "ends_in",
			slice_of(output_format_span(
				(e->ttl_ms + 999) / 1000, left)));
	}
	if (e->ignored != NULL)
		output_text(o, "ignored_because", slice_of(e->ignored));
}
