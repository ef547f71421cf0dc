/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/doctor - one line for each thing that was looked at: fine, doubtful or
 * broken, and what to do.
 *
 * cmd_doctor.c says the order; doctor_redis.c, doctor_milter.c, doctor_mta.c
 * and doctor_dns.c hold the looking. None of them gives up on the others.
 * Threads: one.
 */
#pragma once

#include "ctl/ctl.h"

enum doctor_level { DOCTOR_OK = 0, DOCTOR_WARN, DOCTOR_FAIL };

struct doctor {
	struct ctl *ctl;
	size_t count[3];
};

/* remedy: what to do, NULL when there is nothing to do. */
void doctor_note(struct doctor *d, enum doctor_level level, const char *topic,
	const char *remedy, const char *format, ...) PRINTF_LIKE(5, 6);

void doctor_redis(struct doctor *d);
void doctor_milter(struct doctor *d);
void doctor_mta(struct doctor *d);
void doctor_dns(struct doctor *d);
