/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/dossier - one case, read for a page: its evidence, and how the address
 * stands on our lists today.
 *
 * Whoever holds a reference may know of its address what the list says; no
 * other page asks. Threads: the visit's own.
 */
#pragma once

#include "judge/petition.h"
#include "portal/casefile.h"
#include "store/case.h"

struct visit;

struct dossier {
	char ref[CASE_REF_MAX]; /* as it is printed in replies */
	struct casefile file;
	enum code code; /* CODE_NONE: none that we know */
	bool has_ip;
	struct ipaddr ip;
	bool is_asked; /* petition is good; false: the lists could not tell */
	struct petition petition;
};

/* Reads the evidence. RES_OK; RES_MISSING: no such case, or no reference;
 * otherwise Redis could not be asked. */
enum result dossier_find(
	struct visit *v, struct slice ref, struct dossier *out) MUST_USE;

/* The same, and asks how the address stands. False: the page has been
 * answered, with 404 or 503. */
bool dossier_open(
	struct visit *v, struct slice ref, struct dossier *out) MUST_USE;
