/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/cases - the page of one refusal: what was seen, what to change and who
 * must do it, and how the address stands.
 *
 * Threads: the visit's own.
 */
#pragma once

struct dossier;
struct visit;

/* The whole page, with faults of its form if there are any. */
void cases_page(struct visit *v, const struct dossier *d);
