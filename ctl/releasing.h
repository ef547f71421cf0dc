/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/releasing - lets the classifier learn originals of reports that wait for
 * it (store/report), or takes them off the list.
 *
 * What was learnt is taken off after it is kept, so that nothing is lost when
 * it breaks between; learnt twice it counts once. Each function that fails has
 * told the operator why. Threads: one.
 */
#pragma once

#include "ctl/teaching.h"
#include "store/report.h"

struct releasing_name {
	char id[CASE_REF_MAX];
	unsigned number;
	bool is_spam;
};

struct releasing {
	struct ctl *ctl; /* connected to write */
	struct releasing_name *name; /* those that wait, oldest first */
	size_t count;
	size_t taken;
	size_t unreadable; /* no message, or nothing was kept of it */
	/* Within. */
	bool is_lost; /* no memory */
	struct teaching spam;
	struct teaching ham;
};

/* Those of one report (id, "": of all), of one number (below 0: of all). */
enum ctl_exit releasing_gather(
	struct releasing *r, struct ctl *ctl, const char *id, int number);
void releasing_clear(struct releasing *r);

/* All that was gathered: learnt, the model made anew, and off the list. */
enum ctl_exit releasing_learn(struct releasing *r, struct teaching_model *out);
/* All that was gathered: off the list, with a line in the audit each. */
enum ctl_exit releasing_drop(struct releasing *r);
