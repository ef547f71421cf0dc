/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/entry - entries of the lists as they stand in Redis, nonsense included.
 *
 * For commands that show or walk the lists. Whether an address is blocked is
 * asked of store/blocklist, never decided here. Threads: one.
 */
#pragma once

#include "ctl/ctl.h"
#include "store/listing.h"
#include "store/subject.h"

struct entry {
	struct slice key; /* as it stands in Redis */
	bool has_name; /* name was read */
	struct list_name name;
	const char *ignored; /* why it is not a listing, or NULL */
	struct listing listing; /* its text lives during the call */
	int64_t ttl_ms; /* -1: never expires */
};

/* Which entries; the zero filter means all. */
struct entry_filter {
	bool has_kind;
	enum list_kind kind;
	bool has_scope; /* of this recipient domain only */
	const char *scope;
	bool has_match; /* that lie in, or cover, this network */
	struct cidr match;
	size_t max; /* of names held in memory, 0: as many as the milter */
};

struct entries;

void entries_free(struct entries *e);
size_t entries_count(const struct entries *e);
/* The key in the order of kind, recipient domain, network; nonsense last. */
struct slice entries_key(const struct entries *e, size_t i);

/* Reads the names. *out is owned by the caller, NULL on error. */
enum ctl_exit entries_gather(struct ctl *ctl, const struct entry_filter *filter,
	struct entries **out);

/*
 * Reads the entries [from, to) from Redis, in order, and hands out those that
 * still exist. each returns CTL_DONE to go on.
 */
enum ctl_exit entries_each(struct ctl *ctl, const struct entries *e,
	size_t from, size_t to,
	enum ctl_exit (*each)(void *ctx, const struct entry *entry), void *ctx);

/* One key; *found false when it does not exist. */
enum ctl_exit entry_each_key(struct ctl *ctl, struct slice key,
	enum ctl_exit (*each)(void *ctx, const struct entry *entry), void *ctx,
	bool *found);

/* What it is about, for a human: "192.0.2.0/24", "asn:64500", "country:NL", the
 * name of a domain, "user:00112233445566ff". Borrows from key or out. */
struct slice entry_subject(
	struct slice key, const struct cidr *net, char out[SUBJECT_TEXT_MAX]);

/* The fields of an entry, into the open object or row. */
void entry_output(struct output *o, const struct entry *e);
/* The same of a listing that store/blocklist gave us. */
void entry_output_listing(struct output *o, const struct listing *l);

/* "origin" of what an admin set; what a feed set is "feed:NAME". */
#define ENTRY_ORIGIN_ADMIN "admin"
#define ENTRY_ORIGIN_FEED "feed:"
