/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/zonenames - the names of a message that DNS lists are asked about.
 *
 * The greeting, the domain of the envelope sender, those of the From field,
 * and the hosts of links, each with its registered domain: lists hold one or
 * the other. Of many registered domains in links some are taken, from all over
 * the message; each of them stands there once. Names of our own are not asked
 * about. Threads: plain data.
 */
#pragma once

#include "conf/conf.h"
#include "fact/check.h"
#include "net/hostname.h"

struct psl;

enum {
	ZONENAMES_AUTHORS_MAX = 2,
	ZONENAMES_LINKS_MAX = 10,
	ZONENAMES_MAX = 2 + ZONENAMES_AUTHORS_MAX + ZONENAMES_LINKS_MAX
};

struct zonename {
	enum conf_zone_subject subject;
	struct slice host; /* part of text, folded */
	struct slice domain; /* registered, part of host */
	char text[HOSTNAME_MAX];
};

/* Zeroed: nothing is gathered. Not to be copied: slices point inside. */
struct zonenames {
	bool has_envelope;
	bool has_header;
	bool has_links;
	size_t count;
	struct zonename item[ZONENAMES_MAX];
};

/* Adds what in has come to know since the last time. psl NULL: by the number
 * of labels. */
void zonenames_gather(struct zonenames *out, const struct check_input *in,
	const struct psl *psl);
