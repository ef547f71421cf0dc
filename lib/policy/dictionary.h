/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy/dictionary - findings of the heuristic checks in words for whoever
 * sent the mail: what was seen, what to change, and who can.
 *
 * dictionary.def is the table; texts are English, for translation. The checks
 * of authentication and of lists have codes (policy/code) and no words here.
 * Threads: constant.
 */
#pragma once

#include "base/slice.h"

enum dictionary_who {
	DICTIONARY_NOBODY = 0, /* nothing has to change, or only time helps */
	DICTIONARY_SERVER, /* the administrator of the sending server */
	DICTIONARY_ADDRESS, /* whoever provides its address */
	DICTIONARY_SENDER, /* the domain of the envelope sender */
	DICTIONARY_DOMAIN, /* the domain in the From field */
	DICTIONARY_PROGRAM, /* whoever runs what made the message */
	DICTIONARY_MAILING, /* whoever writes to many */
	DICTIONARY_AUTHOR
};

struct dictionary_row {
	const char *check; /* "helo" */
	const char *word; /* of conf/words.def: a finding's detail */
	enum dictionary_who who;
	const char *seen; /* a sentence */
	const char *change; /* sentences; NULL: nothing has to change */
};

struct dictionary_check {
	const char *name; /* "helo" */
	const char *title; /* "Greeting" */
	const char *about; /* what it looks at, a sentence */
};

/* In the order of the table, those of one check together. NULL: no more. */
const struct dictionary_row *dictionary_row(size_t i);
const struct dictionary_check *dictionary_check(size_t i);

/* NULL: the check has no such word, or no words here. */
const struct dictionary_row *dictionary_find(
	struct slice check, struct slice word);
const struct dictionary_check *dictionary_check_find(struct slice check);
