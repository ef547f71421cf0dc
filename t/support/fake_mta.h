/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * support/fake_mta - a struct mta that writes down what it is asked.
 *
 * said holds one line for each call: "reply 554 5.7.1 TEXT",
 * "delete NAME INDEX", "insert NAME:VALUE", "hold REASON". Macros are what
 * the test has put into queue_id. Threads: one.
 */
#pragma once

#include "base/buf.h"
#include "judge/mta.h"

struct fake_mta {
	struct mta mta;
	struct buf said;
	const char *queue_id; /* "": no macro i yet */
	bool refuses; /* each call fails, and is not written down */
};

void fake_mta_init(struct fake_mta *f);
void fake_mta_clear(struct fake_mta *f);
/* Forgets what was said. */
void fake_mta_forget(struct fake_mta *f);
