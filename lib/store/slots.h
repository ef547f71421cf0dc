/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/slots - the raw table under store/prefixes: fixed slots in one array.
 *
 * A slot is 3 words (IPv4) or 6 (IPv6) of 32 bits: the masked address in host
 * order, meta, expiry. meta 0 is an empty slot. Collisions go to the next slot
 * (linear probing); the home of a key is its hash scaled to the capacity, so
 * the capacity is any number and going through a table in order meets the
 * homes in order: copying into a larger table touches memory in order too.
 * Both kinds of the same (network, scope) share a home: one probe finds both.
 *
 * Threads: as store/prefixes says.
 */
#pragma once

#include "net/cidr.h"

enum {
	SLOT_V4 = 0, /* families */
	SLOT_V6 = 1,
	SLOT_V4_WORDS = 3,
	SLOT_V6_WORDS = 6,
	SLOT_WORDS_MAX = 6,
	SLOT_FLAGS = 63, /* low six bits of meta: PREFIX_... */
	SLOT_KIND_SHIFT = 6, /* one bit */
	SLOT_LENGTH_SHIFT = 7, /* length + 1: 1..33 or 1..129, never 0 */
	SLOT_LENGTH_MASK = 255,
	SLOT_SCOPE_SHIFT = 15 /* 17 bits */
};

/* In the expiry word: the spelling with "/32" or "/128" exists. */
#define SLOT_SLASHED UINT32_C(0x80000000)
/* And the two bits below: PREFIX_CLASS. What is left are the seconds. */
enum { SLOT_CLASS_SHIFT = 29 };
#define SLOT_EXPIRE_MAX UINT32_C(0x1fffffff)

struct slot_key {
	uint32_t addr[4]; /* IPv4: only the first */
	uint32_t ident; /* meta without flags and kind */
};

struct slots {
	uint32_t *at;
	size_t capacity;
	size_t count;
	unsigned words;
	uint64_t seed[3];
};

static inline uint32_t slot_ident(unsigned length, uint32_t scope)
{
	return ((uint32_t)length + 1) << SLOT_LENGTH_SHIFT |
		scope << SLOT_SCOPE_SHIFT;
}

static inline unsigned slot_kind(uint32_t meta)
{
	return meta >> SLOT_KIND_SHIFT & 1;
}

static inline unsigned slot_length(uint32_t meta)
{
	return (meta >> SLOT_LENGTH_SHIFT & SLOT_LENGTH_MASK) - 1;
}

static inline uint32_t slot_scope(uint32_t meta)
{
	return meta >> SLOT_SCOPE_SHIFT;
}

static inline uint32_t *slot_meta(const struct slots *s, uint32_t *slot)
{
	return slot + s->words - 2;
}

static inline uint32_t *slot_expire(const struct slots *s, uint32_t *slot)
{
	return slot + s->words - 1;
}

/* What does not fit never ends. */
static inline uint32_t slot_seconds(uint32_t expire_s)
{
	return expire_s > SLOT_EXPIRE_MAX ? 0 : expire_s;
}

static inline unsigned slot_class(uint32_t expire)
{
	return expire >> SLOT_CLASS_SHIFT & 3;
}

static inline uint32_t slot_class_bits(unsigned class)
{
	return (uint32_t) class << SLOT_CLASS_SHIFT;
}

static inline unsigned slots_family(const struct slots *s)
{
	return s->words == SLOT_V4_WORDS ? SLOT_V4 : SLOT_V6;
}

/* The address as words in host order; returns its family. */
unsigned slot_words_of(const struct ipaddr *ip, uint32_t word[4]);
/* The key of the network of that many bits around the address. */
void slot_key_of(struct slot_key *key, const uint32_t word[4], unsigned family,
	unsigned length, uint32_t scope);
/* The network of a slot's address words. */
struct cidr slot_net_of(const uint32_t *addr, unsigned family, unsigned length);

/* Seeded at random; nothing allocated yet. */
void slots_init(struct slots *s, unsigned family);
void slots_clear(struct slots *s);
/* An empty table of the same seed that can take count entries. */
enum result slots_init_larger(
	struct slots *s, const struct slots *like, size_t count) MUST_USE;

/* Whether one more than "count" entries would be too crowded. */
bool slots_has_room(const struct slots *s, size_t count);

size_t slots_home(const struct slots *s, const struct slot_key *key);
void slots_prefetch(const struct slots *s, size_t home);

/*
 * The slots of a key whose home was asked for before, by kind; NULL: none.
 * wanted: bit of each kind that matters.
 */
void slots_find_both(const struct slots *s, const struct slot_key *key,
	size_t home, unsigned wanted, uint32_t *found[2]);
uint32_t *slots_find(
	const struct slots *s, const struct slot_key *key, unsigned kind);

/* The key is not there and there is room: an empty slot, filled with it. */
uint32_t *slots_insert(
	struct slots *s, const struct slot_key *key, unsigned kind);
void slots_remove(struct slots *s, uint32_t *slot);
/* Copies every slot of "from" into "to", which has room. */
void slots_copy(struct slots *to, const struct slots *from);
