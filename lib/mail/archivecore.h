/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail/archivecore - what the readers of mail/archive share. For those only.
 */
#pragma once

#include "mail/archive.h"

struct lister {
	struct slice in;
	bool is_cut;
	bool is_over;
	unsigned max;
	archive_take *take;
	void *ctx;
	struct archive *out;
};

/* Shows it and counts it. False: no more. */
static inline bool lister_show(
	struct lister *l, struct slice name, bool is_encrypted)
{
	const struct archive_entry e = { name, is_encrypted };

	l->out->is_encrypted = l->out->is_encrypted || is_encrypted;
	if (l->out->entries == l->max) {
		l->out->has_more = true;
		l->is_over = true;
		return false;
	}
	l->out->entries++;
	l->is_over = !l->take(l->ctx, &e);
	return !l->is_over;
}

/* A little-endian number at that index; 0 past the end. */
static inline uint64_t lister_number(
	const struct lister *l, size_t at, unsigned octets)
{
	uint64_t number = 0;

	if (at > l->in.len || l->in.len - at < octets)
		return 0;
	for (unsigned i = 0; i < octets; i++)
		number |= (uint64_t)(unsigned char)l->in.at[at + i] << 8 * i;
	return number;
}

/* The structures end too early. */
static inline void lister_break(struct lister *l)
{
	l->out->is_broken = l->out->is_broken || !l->is_cut;
}

void archivezip_list(struct lister *l);
void archiverar_list(struct lister *l);
void archiveseven_list(struct lister *l);
