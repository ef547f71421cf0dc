/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/remedies - what has to change before mail gets through, and who must
 * do it: for each code of codes.def the steps, in the order in which they help,
 * and for each row of policy/dictionary what it says.
 *
 * A step names the very thing to look at by values of the view, when these are
 * there (portal/exhibits puts them in):
 *   ip ptr_query ptr_name spf_term   the address, where its PTR lives, the name
 *                    there, and how an SPF record names the address
 *   spf_domain       the domain that SPF was asked for
 *   author dmarc_query dmarc_found   the domain in From, where its DMARC record
 *                    is looked for, and where one was found
 *   dkim_domain dkim_key   of a signature that does not hold: domain, and the
 *                    DNS name of its key
 *   arc_sealer arc_key     the same of the newest seal
 * Without them the step is told in general words. Threads: any.
 */
#pragma once

#include "policy/code.h"

struct dictionary_row;
struct view;

/* In this order they are told. */
enum remedy_who {
	REMEDY_NOBODY,
	REMEDY_SERVER, /* the administrator of the sending server */
	REMEDY_ADDRESS, /* whoever provides the address */
	REMEDY_SPF, /* whoever runs DNS for the SPF domain */
	REMEDY_DOMAIN, /* whoever runs DNS for the author's domain */
	REMEDY_SIGNER,
	REMEDY_SEALER,
	REMEDY_FORWARDER,
	REMEDY_PROGRAM, /* whoever runs what made the message */
	REMEDY_MAILING, /* whoever writes to many */
	REMEDY_AUTHOR,
	REMEDY_RECIPIENT,
	REMEDY_WHO_COUNT
};

/* English, for translation. plain stands in for text when one of the values
 * that text names is not there. */
struct remedy_step {
	enum remedy_who who;
	const char *text;
	const char *plain;
};

enum { REMEDY_STEPS_MAX = 5 };

/* Borrowed for ever. NULL: no more; every code but CODE_NONE has one. */
const struct remedy_step *remedy_step(enum code c, size_t i);

/* The help page that says more, "greylisting". NULL: none. */
const char *remedy_help(enum code c);

enum { REMEDY_PLAN_MAX = 64 };

/* What has to be repaired. */
struct remedy_needs {
	const enum code *code;
	size_t code_count;
	const struct dictionary_row *const *row;
	size_t row_count;
};

/*
 * Adds the steps of these, each once, to the list "remedies": who (words), and
 * "steps" of step (words); has_remedies says whether any are. Values are those
 * that the view has by now.
 */
void remedies_show(struct view *to, const struct remedy_needs *needs);
