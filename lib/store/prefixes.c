/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/prefixes.h"

#include "base/random.h"
#include "store/aliases.h"
#include "store/scopes.h"
#include "store/slots.h"
#include "store/subject.h"

#include <stdlib.h>
#include <string.h>

enum {
	V4 = SLOT_V4,
	V6 = SLOT_V6,
	FAMILIES = 2,
	LENGTHS = 129,
	PROBES_MAX = 2 * LENGTHS,
	GROWTH_PERCENT = 130,
	ALIASES_SHARE = 16,
	ALIASES_MIN = 1024,
	ALIASES_PER_ENTRY = PREFIXES_KEYS_PER_ENTRY - 2 /* plain and "/32" */
};

struct prefixes {
	struct slots table[FAMILIES];
	struct slots next[FAMILIES]; /* prepared by grow_prepare */
	struct slots old[FAMILIES]; /* swapped out by grow_commit */
	struct scopes *scopes;
	struct aliases *aliases;
	size_t entries_max;
	size_t kinds[LIST_KINDS];
	size_t unknown;
	size_t subjects[SUBJECTS];
	/* Entries of the global scope by length: exact, unlike those of the
	 * other scopes, which only remember what was ever used. */
	uint32_t used[FAMILIES][LIST_KINDS][LENGTHS];
};

/* Where an entry is to be found. */
struct place {
	unsigned family;
	unsigned kind, length;
	uint32_t scope;
	struct slot_key key;
};

struct prefixes *prefixes_new(size_t entries_max, size_t scopes_max)
{
	struct prefixes *p = calloc(1, sizeof(*p));
	size_t aliases_max = entries_max / ALIASES_SHARE;

	if (p == NULL)
		return NULL;
	if (aliases_max < ALIASES_MIN)
		aliases_max = ALIASES_MIN;
	if (scopes_max > PREFIXES_SCOPES_MAX)
		scopes_max = PREFIXES_SCOPES_MAX;
	/* Counters by length have 32 bits. */
	p->entries_max = entries_max < UINT32_MAX ? entries_max : UINT32_MAX;
	slots_init(&p->table[V4], SLOT_V4);
	slots_init(&p->table[V6], SLOT_V6);
	p->scopes = scopes_new(scopes_max, random_u64());
	p->aliases = aliases_new(aliases_max, ALIASES_PER_ENTRY, random_u64());
	if (p->scopes == NULL || p->aliases == NULL) {
		prefixes_free(p);
		return NULL;
	}
	return p;
}

void prefixes_free(struct prefixes *p)
{
	if (p == NULL)
		return;
	for (unsigned f = 0; f < FAMILIES; f++) {
		slots_clear(&p->table[f]);
		slots_clear(&p->next[f]);
		slots_clear(&p->old[f]);
	}
	scopes_free(p->scopes);
	aliases_free(p->aliases);
	free(p);
}

static struct place place_of(const struct list_name *name, uint32_t scope)
{
	struct place place;
	uint32_t word[4];

	memset(&place, 0, sizeof(place));
	place.family = slot_words_of(&name->net.net, word);
	place.kind = name->kind == LIST_ALLOW;
	place.length = cidr_length(&name->net);
	place.scope = scope;
	slot_key_of(&place.key, word, place.family, place.length, scope);
	return place;
}

static struct alias_owner owner_of(
	const struct place *place, const struct cidr *net)
{
	struct alias_owner owner;

	memset(&owner, 0, sizeof(owner));
	owner.net = *net;
	owner.kind = place->kind;
	owner.scope = place->scope;
	return owner;
}

static uint32_t *find(const struct prefixes *p, const struct list_name *name,
	struct place *place)
{
	uint32_t scope;

	if (!scopes_find(p->scopes, slice_of(name->scope), &scope))
		return NULL;
	*place = place_of(name, scope);
	return slots_find(&p->table[place->family], &place->key, place->kind);
}

/* ---- matching ---- */

struct probe {
	struct slot_key key;
	size_t home;
	unsigned wanted;
	unsigned length;
};

/*
 * One probe for each length that the scope has, narrowest first, each already
 * on its way from memory when the next one is made.
 */
static size_t aim(const struct prefixes *p, unsigned family, uint32_t scope,
	const uint32_t word[4], struct probe *probe)
{
	const struct lengths *l = &scopes_at(p->scopes, scope)->lengths[family];
	const struct slots *table = &p->table[family];
	size_t count = 0;
	int i;

	for (i = family == V4 ? 0 : 2; i >= 0; i--) {
		uint64_t bits = l->bits[LIST_BLOCK][i] | l->bits[LIST_ALLOW][i];

		while (bits != 0) {
			unsigned top = 63u - (unsigned)__builtin_clzll(bits);
			struct probe *made = &probe[count++];

			bits &= ~(UINT64_C(1) << top);
			made->length = 64 * (unsigned)i + top;
			made->wanted =
				(unsigned)(l->bits[LIST_BLOCK][i] >> top & 1) |
				(unsigned)(l->bits[LIST_ALLOW][i] >> top & 1)
					<< 1;
			slot_key_of(
				&made->key, word, family, made->length, scope);
			made->home = slots_home(table, &made->key);
			slots_prefetch(table, made->home);
		}
	}
	return count;
}

static struct prefix_hit hit_of(const struct slots *table, uint32_t *slot)
{
	struct prefix_hit hit;
	uint32_t meta = *slot_meta(table, slot);

	hit.net = slot_net_of(slot, slots_family(table), slot_length(meta));
	hit.kind = slot_kind(meta) ? LIST_ALLOW : LIST_BLOCK;
	hit.is_scoped = slot_scope(meta) != 0;
	hit.flags = (meta & SLOT_FLAGS) |
		slot_class(*slot_expire(table, slot)) << PREFIX_CLASS_SHIFT;
	hit.expire_s = *slot_expire(table, slot) & SLOT_EXPIRE_MAX;
	return hit;
}

static bool is_listing(const struct prefix_hit *hit)
{
	if ((hit->flags & PREFIX_IGNORED) != 0)
		return false;
	if ((hit->flags & PREFIX_KNOWN) == 0 ||
		(hit->flags & PREFIX_FORCE) != 0)
		return true;
	return !list_net_needs_force(&hit->net);
}

static size_t take(const struct slots *table, const struct probe *probe,
	struct prefix_hit *out, size_t room)
{
	static const unsigned order[] = { LIST_ALLOW, LIST_BLOCK };
	uint32_t *found[2];
	size_t count = 0, i;

	slots_find_both(table, &probe->key, probe->home, probe->wanted, found);
	for (i = 0; i < 2 && count < room; i++) {
		struct prefix_hit hit;

		if (found[order[i]] == NULL)
			continue;
		hit = hit_of(table, found[order[i]]);
		if (is_listing(&hit))
			out[count++] = hit;
	}
	return count;
}

size_t prefixes_match(const struct prefixes *p, const struct ipaddr *ip,
	struct slice scope, struct prefix_hit out[PREFIX_HITS_MAX])
{
	struct probe probe[PROBES_MAX];
	uint32_t word[4];
	unsigned family = slot_words_of(ip, word);
	const struct slots *table = &p->table[family];
	size_t probes = 0, count = 0, i;
	uint32_t id;

	if (table->count == 0)
		return 0;
	if (scope.len > 0 && scopes_find(p->scopes, scope, &id))
		probes = aim(p, family, id, word, probe);
	probes += aim(p, family, 0, word, probe + probes);
	for (i = 0; i < probes && count < PREFIX_HITS_MAX; i++)
		count += take(
			table, &probe[i], out + count, PREFIX_HITS_MAX - count);
	return count;
}

bool prefixes_find(const struct prefixes *p, const struct list_name *name,
	struct prefix_hit *out)
{
	struct place place;
	uint32_t *slot = find(p, name, &place);

	if (slot == NULL)
		return false;
	*out = hit_of(&p->table[place.family], slot);
	return true;
}

/* ---- changes ---- */

static void count_length(
	struct prefixes *p, const struct place *place, bool is_added)
{
	struct scope *scope = scopes_at(p->scopes, place->scope);
	struct lengths *l = &scope->lengths[place->family];
	uint32_t *used = &p->used[place->family][place->kind][place->length];

	if (is_added) {
		scope->entries++;
		p->kinds[place->kind]++;
		lengths_add(l, place->kind, place->length);
		*used += place->scope == 0;
		return;
	}
	scope->entries--;
	p->kinds[place->kind]--;
	if (place->scope != 0) {
		scopes_drop_empty(p->scopes, place->scope);
		return;
	}
	if (--*used == 0)
		lengths_remove(l, place->kind, place->length);
}

/* Flags without ALIASED and CANONICAL, and expiry; both go in together. */
static void set_slot(struct prefixes *p, const struct slots *table,
	uint32_t *slot, unsigned flags, uint32_t expire_s)
{
	const unsigned keep = PREFIX_ALIASED | PREFIX_CANONICAL;
	uint32_t *meta = slot_meta(table, slot);
	uint32_t *expire = slot_expire(table, slot);

	p->unknown -= (*meta & PREFIX_KNOWN) == 0;
	*meta = (*meta & ~(uint32_t)(SLOT_FLAGS & ~keep)) |
		(flags & SLOT_FLAGS & ~keep);
	p->unknown += (*meta & PREFIX_KNOWN) == 0;
	*expire = (*expire & SLOT_SLASHED) | slot_seconds(expire_s) |
		slot_class_bits((flags & PREFIX_CLASS) >> PREFIX_CLASS_SHIFT);
}

static void forget_prepared(struct prefixes *p)
{
	slots_clear(&p->next[V4]);
	slots_clear(&p->next[V6]);
}

static enum result resize(struct prefixes *p, unsigned family, size_t count)
{
	struct slots larger;
	enum result res = slots_init_larger(&larger, &p->table[family], count);

	if (res != RES_OK)
		return res;
	slots_copy(&larger, &p->table[family]);
	slots_clear(&p->table[family]);
	p->table[family] = larger;
	return RES_OK;
}

static size_t larger_count(const struct prefixes *p, size_t count, size_t more)
{
	size_t want = count / 100 * GROWTH_PERCENT + GROWTH_PERCENT;

	if (want < count + more)
		want = count + more;
	return want < p->entries_max ? want : p->entries_max;
}

static enum result make_room(struct prefixes *p, unsigned family)
{
	size_t count = p->table[family].count;

	if (prefixes_count(p) >= p->entries_max)
		return RES_FULL;
	if (slots_has_room(&p->table[family], count))
		return RES_OK;
	return resize(p, family, larger_count(p, count, 1));
}

/* The spelling of the key, when the entry's name does not tell it. */
static enum result keep_alias(struct prefixes *p, const struct place *place,
	const struct prefix_key *key)
{
	struct alias_owner owner;
	enum result res;

	if (key->name->is_canonical || key->name->is_slashed)
		return RES_OK;
	owner = owner_of(place, &key->name->net);
	res = aliases_add(p->aliases, &owner, key->text);
	return res == RES_EXISTS ? RES_OK : res;
}

static void mark_key(
	const struct slots *table, uint32_t *slot, const struct list_name *name)
{
	if (name->is_canonical)
		*slot_meta(table, slot) |= PREFIX_CANONICAL;
	else
		*slot_meta(table, slot) |= PREFIX_ALIASED;
	if (name->is_slashed)
		*slot_expire(table, slot) |= SLOT_SLASHED;
}

enum result prefixes_put(struct prefixes *p, const struct prefix_key *key,
	unsigned flags, uint32_t expire_s, bool *added)
{
	const struct list_name *name = key->name;
	struct slots *table;
	struct place place;
	uint32_t scope;
	uint32_t *slot;
	enum result res =
		scopes_intern(p->scopes, slice_of(name->scope), &scope);

	if (res != RES_OK)
		return res;
	forget_prepared(p);
	place = place_of(name, scope);
	table = &p->table[place.family];
	slot = slots_find(table, &place.key, place.kind);
	if (slot == NULL)
		res = make_room(p, place.family);
	if (res == RES_OK)
		res = keep_alias(p, &place, key);
	if (res != RES_OK) {
		scopes_drop_empty(p->scopes, scope);
		return res;
	}
	*added = slot == NULL;
	if (slot == NULL) {
		slot = slots_insert(table, &place.key, place.kind);
		count_length(p, &place, true);
		p->subjects[subject_of(&name->net)]++;
		p->unknown++;
	}
	mark_key(table, slot, name);
	set_slot(p, table, slot, flags, expire_s);
	return RES_OK;
}

bool prefixes_set(struct prefixes *p, const struct list_name *name,
	unsigned flags, uint32_t expire_s)
{
	struct place place;
	uint32_t *slot = find(p, name, &place);

	if (slot == NULL)
		return false;
	forget_prepared(p);
	set_slot(p, &p->table[place.family], slot, flags, expire_s);
	return true;
}

/* False: that key was not known to name the entry. */
static bool drop_key(struct prefixes *p, const struct place *place,
	uint32_t *slot, const struct prefix_key *key)
{
	const struct slots *table = &p->table[place->family];
	uint32_t *meta = slot_meta(table, slot);
	uint32_t *expire = slot_expire(table, slot);
	struct alias_owner owner = owner_of(place, &key->name->net);

	if (key->name->is_canonical) {
		if ((*meta & PREFIX_CANONICAL) == 0)
			return false;
		*meta &= ~(uint32_t)PREFIX_CANONICAL;
		return true;
	}
	if (key->name->is_slashed) {
		if ((*expire & SLOT_SLASHED) == 0)
			return false;
		*expire &= ~SLOT_SLASHED;
	} else if (!aliases_remove(p->aliases, &owner, key->text)) {
		return false;
	}
	if ((*expire & SLOT_SLASHED) == 0 &&
		aliases_each(p->aliases, &owner, NULL, NULL) == 0)
		*meta &= ~(uint32_t)PREFIX_ALIASED;
	return true;
}

bool prefixes_remove(struct prefixes *p, const struct prefix_key *key)
{
	struct slots *table;
	struct place place;
	uint32_t *slot = find(p, key->name, &place);
	uint32_t meta;

	if (slot == NULL || !drop_key(p, &place, slot, key))
		return false;
	forget_prepared(p);
	table = &p->table[place.family];
	meta = *slot_meta(table, slot);
	if ((meta & (PREFIX_CANONICAL | PREFIX_ALIASED)) != 0) {
		/* Whose word counts now is asked anew. */
		set_slot(p, table, slot, meta & (PREFIX_SHADOW | PREFIX_FORCE),
			0);
		return false;
	}
	p->unknown -= (meta & PREFIX_KNOWN) == 0;
	slots_remove(table, slot);
	count_length(p, &place, false);
	p->subjects[subject_of(&key->name->net)]--;
	return true;
}

enum result prefixes_reserve(struct prefixes *p, size_t v4, size_t v6)
{
	enum result res = RES_OK;

	if (v4 > p->entries_max || v6 > p->entries_max - v4)
		return RES_FULL;
	forget_prepared(p);
	if (v4 > 0 && !slots_has_room(&p->table[V4], v4))
		res = resize(p, V4, v4);
	if (res == RES_OK && v6 > 0 && !slots_has_room(&p->table[V6], v6))
		res = resize(p, V6, v6);
	return res;
}

static bool is_crowded(const struct prefixes *p, unsigned family, size_t more)
{
	size_t count = p->table[family].count;
	size_t want = p->entries_max - prefixes_count(p);

	if (want > more)
		want = more;
	return want > 0 && !slots_has_room(&p->table[family], count + want - 1);
}

bool prefixes_needs_grow(const struct prefixes *p, size_t more)
{
	return is_crowded(p, V4, more) || is_crowded(p, V6, more);
}

enum result prefixes_grow_prepare(struct prefixes *p, size_t more)
{
	unsigned f;

	prefixes_grow_finish(p);
	forget_prepared(p);
	for (f = 0; f < FAMILIES; f++) {
		enum result res;

		if (!is_crowded(p, f, more))
			continue;
		res = slots_init_larger(&p->next[f], &p->table[f],
			larger_count(p, p->table[f].count, more));
		if (res != RES_OK) {
			forget_prepared(p);
			return res;
		}
		slots_copy(&p->next[f], &p->table[f]);
	}
	return RES_OK;
}

void prefixes_grow_commit(struct prefixes *p)
{
	unsigned f;

	for (f = 0; f < FAMILIES; f++) {
		if (p->next[f].at == NULL)
			continue;
		p->old[f] = p->table[f];
		p->table[f] = p->next[f];
		memset(&p->next[f], 0, sizeof(p->next[f]));
	}
}

void prefixes_grow_finish(struct prefixes *p)
{
	slots_clear(&p->old[V4]);
	slots_clear(&p->old[V6]);
}

/* ---- going through ---- */

struct key_walk {
	void (*each)(void *ctx, struct slice key);
	void *ctx;
	size_t count;
};

static void give_key(void *ctx, struct slice key)
{
	struct key_walk *walk = ctx;

	walk->each(walk->ctx, key);
	walk->count++;
}

size_t prefixes_odd_keys(const struct prefixes *p, const struct list_name *name,
	void (*each)(void *ctx, struct slice key), void *ctx)
{
	struct alias_owner owner;
	struct place place;

	if (aliases_count(p->aliases) == 0 || find(p, name, &place) == NULL)
		return 0;
	owner = owner_of(&place, &name->net);
	return aliases_each(p->aliases, &owner, each, ctx);
}

size_t prefixes_keys(const struct prefixes *p, const struct list_name *name,
	struct slice prefix, void (*each)(void *ctx, struct slice key),
	void *ctx)
{
	struct key_walk walk = { each, ctx, 0 };
	char text[LIST_NAME_MAX + sizeof("/128")];
	struct place place;
	uint32_t *slot = find(p, name, &place);
	const struct slots *table;
	size_t len;

	if (slot == NULL)
		return 0;
	table = &p->table[place.family];
	len = list_name_format(name, prefix, text);
	if ((*slot_meta(table, slot) & PREFIX_CANONICAL) != 0)
		give_key(&walk, slice_make(text, len));
	if ((*slot_expire(table, slot) & SLOT_SLASHED) != 0) {
		const char *tail = place.family == V4 ? "/32" : "/128";

		memcpy(text + len, tail, strlen(tail));
		give_key(&walk, slice_make(text, len + strlen(tail)));
	}
	prefixes_odd_keys(p, name, give_key, &walk);
	return walk.count;
}

static bool next_slot(const struct prefixes *p, struct prefix_cursor *c,
	unsigned flags_off, uint32_t **out, const struct slots **of)
{
	for (;;) {
		const struct slots *table = &p->table[c->is_v6 ? V6 : V4];

		while (c->at < table->capacity) {
			uint32_t *slot = table->at + c->at++ * table->words;
			uint32_t meta = *slot_meta(table, slot);

			if (meta != 0 && (meta & flags_off) == 0) {
				*out = slot;
				*of = table;
				return true;
			}
		}
		if (c->is_v6)
			return false;
		c->is_v6 = true;
		c->at = 0;
	}
}

static bool next_entry(const struct prefixes *p, struct prefix_cursor *c,
	unsigned flags_off, struct prefix_entry *out)
{
	const struct slots *table;
	struct prefix_hit hit;
	uint32_t *slot;
	uint32_t scope;

	if (!next_slot(p, c, flags_off, &slot, &table))
		return false;
	hit = hit_of(table, slot);
	scope = slot_scope(*slot_meta(table, slot));
	out->net = hit.net;
	out->kind = hit.kind;
	out->scope = scopes_at(p->scopes, scope)->name;
	out->is_slashed = (*slot_expire(table, slot) & SLOT_SLASHED) != 0;
	out->flags = hit.flags;
	out->expire_s = hit.expire_s;
	return true;
}

bool prefixes_next(const struct prefixes *p, struct prefix_cursor *c,
	struct prefix_entry *out)
{
	return next_entry(p, c, 0, out);
}

bool prefixes_next_unknown(const struct prefixes *p, struct prefix_cursor *c,
	struct prefix_entry *out)
{
	return next_entry(p, c, PREFIX_KNOWN, out);
}

static void name_of(const struct cidr *net, enum list_kind kind,
	struct slice scope, struct list_name *out)
{
	size_t len = scope.len < HOSTNAME_MAX ? scope.len : HOSTNAME_MAX - 1;

	out->kind = kind;
	out->subject = subject_of(net);
	if (len > 0)
		memcpy(out->scope, scope.at, len);
	out->scope[len] = '\0';
	out->net = *net;
	out->is_canonical = true;
	out->is_slashed = false;
}

void prefix_entry_name(const struct prefix_entry *e, struct list_name *out)
{
	name_of(&e->net, e->kind, e->scope, out);
}

void prefix_hit_name(
	const struct prefix_hit *h, struct slice scope, struct list_name *out)
{
	name_of(&h->net, h->kind, h->is_scoped ? scope : slice_of(""), out);
}

size_t prefixes_count(const struct prefixes *p)
{
	return p->table[V4].count + p->table[V6].count;
}

size_t prefixes_count_kind(const struct prefixes *p, enum list_kind kind)
{
	return p->kinds[kind == LIST_ALLOW];
}

size_t prefixes_count_v6(const struct prefixes *p)
{
	return p->table[V6].count;
}

size_t prefixes_count_subject(const struct prefixes *p, enum list_subject s)
{
	return p->subjects[s];
}

size_t prefixes_count_unknown(const struct prefixes *p)
{
	return p->unknown;
}

size_t prefixes_count_scopes(const struct prefixes *p)
{
	return scopes_count(p->scopes);
}

size_t prefixes_memory(const struct prefixes *p)
{
	size_t total = sizeof(*p) + scopes_memory(p->scopes) +
		aliases_memory(p->aliases);

	for (unsigned f = 0; f < FAMILIES; f++) {
		size_t words = p->table[f].capacity * p->table[f].words;

		total += words * sizeof(uint32_t);
	}
	return total;
}
