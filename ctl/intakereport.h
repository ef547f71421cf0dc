/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/intakereport - takes an abuse report, or a report about DMARC: from the
 * mail to what is filed (store/report, ctl/dmarcin).
 *
 * So that no two machines write to each other for ever, mail that no person
 * wrote is dropped unless it is made for machines (ARF, XARF), and is never
 * acknowledged; letters of our own are dropped whatever they hold. What cannot
 * be parsed is a report all the same, with what could be read. Threads: one.
 */
#pragma once

#include "ctl/intaking.h"

/* found.kind is MAILFIND_REPORT. With form_id: a form of the portal, whose
 * fields X-Reprieve-Form-... are then read. Returns the exit code. */
int intakereport_take(struct intaking *in);

/* found.kind is MAILFIND_DMARC. */
int intakereport_dmarc(struct intaking *in);
