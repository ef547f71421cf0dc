/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/slots.h"

#include "base/random.h"
#include "store/hugepages.h"

#include <stdlib.h>
#include <string.h>

enum {
	LOAD_PERCENT = 80, /* fuller than this, and misses walk far */
	BIRTH_PERCENT = 76, /* how full a table made for n entries is with n */
	CAPACITY_MIN = 16,
	V4_OFFSET = 96 /* cidr counts IPv4 lengths from here */
};

__extension__ typedef unsigned __int128 wide;

/* The two halves of the product folded: each bit in reaches every bit out. */
static inline uint64_t mix(uint64_t a, uint64_t b)
{
	wide product = (wide)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t pair(uint32_t high, uint32_t low)
{
	return (uint64_t)high << 32 | low;
}

static inline uint64_t hash(const uint64_t seed[3], unsigned words,
	const uint32_t *addr, uint32_t ident)
{
	uint64_t h;

	if (words == SLOT_V4_WORDS) {
		h = mix(pair(addr[0], ident) ^ seed[0], seed[1]);
	} else {
		h = mix(pair(addr[0], addr[1]) ^ seed[0],
			pair(addr[2], addr[3]) ^ seed[1]);
		h ^= ident;
	}
	return mix(h ^ seed[2], UINT64_C(0x9e3779b97f4a7c15));
}

static inline size_t scale(uint64_t h, size_t capacity)
{
	return (size_t)((wide)h * capacity >> 64);
}

static inline size_t home_of_slot(const struct slots *s, const uint32_t *slot)
{
	uint32_t ident = slot[s->words - 2] &
		~(uint32_t)(SLOT_FLAGS | 1u << SLOT_KIND_SHIFT);

	return scale(hash(s->seed, s->words, slot, ident), s->capacity);
}

static inline bool is_same(
	const uint32_t *slot, const struct slot_key *key, unsigned words)
{
	uint32_t ident = slot[words - 2] &
		~(uint32_t)(SLOT_FLAGS | 1u << SLOT_KIND_SHIFT);

	if (ident != key->ident || slot[0] != key->addr[0])
		return false;
	return words == SLOT_V4_WORDS ||
		(slot[1] == key->addr[1] && slot[2] == key->addr[2] &&
			slot[3] == key->addr[3]);
}

static uint32_t word_at(const uint8_t *octet)
{
	return (uint32_t)octet[0] << 24 | (uint32_t)octet[1] << 16 |
		(uint32_t)octet[2] << 8 | octet[3];
}

static void put_word(uint8_t *octet, uint32_t word)
{
	octet[0] = (uint8_t)(word >> 24);
	octet[1] = (uint8_t)(word >> 16);
	octet[2] = (uint8_t)(word >> 8);
	octet[3] = (uint8_t)word;
}

unsigned slot_words_of(const struct ipaddr *ip, uint32_t word[4])
{
	unsigned i;

	if (ipaddr_is_v4(ip)) {
		word[0] = ipaddr_v4(ip);
		return SLOT_V4;
	}
	for (i = 0; i < 4; i++)
		word[i] = word_at(ip->octet + 4 * i);
	return SLOT_V6;
}

static uint32_t mask_of(unsigned length)
{
	return length == 0 ? 0 : UINT32_MAX << (32 - length);
}

/* The first "length" bits of the address. */
void slot_key_of(struct slot_key *key, const uint32_t word[4], unsigned family,
	unsigned length, uint32_t scope)
{
	unsigned i;

	key->ident = slot_ident(length, scope);
	if (family == SLOT_V4) {
		key->addr[0] = word[0] & mask_of(length);
		return;
	}
	for (i = 0; i < 4; i++) {
		unsigned before = 32 * i;
		unsigned bits = length <= before ? 0 : length - before;

		key->addr[i] = word[i] & mask_of(bits > 32 ? 32 : bits);
	}
}

struct cidr slot_net_of(const uint32_t *addr, unsigned family, unsigned length)
{
	struct cidr net;
	unsigned i;

	memset(&net, 0, sizeof(net));
	if (family == SLOT_V4) {
		net.net = ipaddr_from_v4(addr[0]);
		net.bits = (uint8_t)(length + V4_OFFSET);
		return net;
	}
	for (i = 0; i < 4; i++)
		put_word(net.net.octet + 4 * i, addr[i]);
	net.bits = (uint8_t)length;
	return net;
}

void slots_init(struct slots *s, unsigned family)
{
	memset(s, 0, sizeof(*s));
	s->words = family == SLOT_V4 ? SLOT_V4_WORDS : SLOT_V6_WORDS;
	random_fill(s->seed, sizeof(s->seed));
	/* A multiplier of few bits would mix badly. */
	s->seed[1] |= UINT64_C(0x8000000080000001);
}

void slots_clear(struct slots *s)
{
	free(s->at);
	s->at = NULL;
	s->capacity = 0;
	s->count = 0;
}

enum result slots_init_larger(
	struct slots *s, const struct slots *like, size_t count)
{
	size_t capacity = CAPACITY_MIN;

	*s = *like;
	s->at = NULL;
	s->count = 0;
	s->capacity = 0;
	if (count > SIZE_MAX / 128 / SLOT_WORDS_MAX)
		return RES_NOMEM;
	if (count * 100 / BIRTH_PERCENT + 1 > capacity)
		capacity = count * 100 / BIRTH_PERCENT + 1;
	/* Zero pages come from the kernel as they are touched. */
	s->at = calloc(capacity, s->words * sizeof(uint32_t));
	if (s->at == NULL)
		return RES_NOMEM;
	hugepages_advise(s->at, capacity * s->words * sizeof(uint32_t));
	s->capacity = capacity;
	return RES_OK;
}

bool slots_has_room(const struct slots *s, size_t count)
{
	return count < s->capacity / 100 * LOAD_PERCENT +
		s->capacity % 100 * LOAD_PERCENT / 100;
}

size_t slots_home(const struct slots *s, const struct slot_key *key)
{
	return scale(
		hash(s->seed, s->words, key->addr, key->ident), s->capacity);
}

void slots_prefetch(const struct slots *s, size_t home)
{
	__builtin_prefetch(s->at + home * s->words);
}

static inline __attribute__((always_inline)) void walk(const struct slots *s,
	unsigned words, const struct slot_key *key, size_t i, unsigned wanted,
	uint32_t *found[2])
{
	const uint32_t *end = s->at + s->capacity * words;
	uint32_t *slot = s->at + i * words;

	while (slot[words - 2] != 0) {
		if (is_same(slot, key, words)) {
			unsigned kind = slot_kind(slot[words - 2]);

			found[kind] = slot;
			wanted &= ~(1u << kind);
			if (wanted == 0)
				return;
		}
		slot += words;
		if (slot == end)
			slot = s->at;
	}
}

void slots_find_both(const struct slots *s, const struct slot_key *key,
	size_t home, unsigned wanted, uint32_t *found[2])
{
	found[0] = NULL;
	found[1] = NULL;
	if (s->count == 0)
		return;
	if (s->words == SLOT_V4_WORDS)
		walk(s, SLOT_V4_WORDS, key, home, wanted, found);
	else
		walk(s, SLOT_V6_WORDS, key, home, wanted, found);
}

uint32_t *slots_find(
	const struct slots *s, const struct slot_key *key, unsigned kind)
{
	uint32_t *found[2];

	if (s->count == 0)
		return NULL;
	slots_find_both(s, key, slots_home(s, key), 1u << kind, found);
	return found[kind];
}

static uint32_t *free_slot(struct slots *s, size_t i)
{
	while (s->at[i * s->words + s->words - 2] != 0) {
		if (++i == s->capacity)
			i = 0;
	}
	s->count++;
	return s->at + i * s->words;
}

uint32_t *slots_insert(
	struct slots *s, const struct slot_key *key, unsigned kind)
{
	uint32_t *slot = free_slot(s, slots_home(s, key));

	memcpy(slot, key->addr, (s->words - 2) * sizeof(uint32_t));
	*slot_meta(s, slot) = key->ident | (uint32_t)kind << SLOT_KIND_SHIFT;
	*slot_expire(s, slot) = 0;
	return slot;
}

/*
 * What was pushed past the hole by a collision moves back into it, so that a
 * walk may go on ending at the first empty slot: there are no tombstones.
 */
void slots_remove(struct slots *s, uint32_t *slot)
{
	size_t hole = (size_t)(slot - s->at) / s->words;
	size_t i = hole;
	size_t len = s->words * sizeof(uint32_t);

	for (;;) {
		size_t home;
		size_t gap;

		if (++i == s->capacity)
			i = 0;
		if (s->at[i * s->words + s->words - 2] == 0)
			break;
		home = home_of_slot(s, s->at + i * s->words);
		gap = i >= hole ? i - hole : i + s->capacity - hole;
		/* Stays when its home lies behind the hole. */
		if ((i >= home ? i - home : i + s->capacity - home) < gap)
			continue;
		memcpy(s->at + hole * s->words, s->at + i * s->words, len);
		hole = i;
	}
	memset(s->at + hole * s->words, 0, len);
	s->count--;
}

void slots_copy(struct slots *to, const struct slots *from)
{
	size_t i;

	for (i = 0; i < from->capacity; i++) {
		const uint32_t *slot = from->at + i * from->words;

		if (slot[from->words - 2] == 0)
			continue;
		memcpy(free_slot(to, home_of_slot(to, slot)), slot,
			from->words * sizeof(uint32_t));
	}
}
