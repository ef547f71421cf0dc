/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * support/ledger_rig - a Redis, a config and two ledgers at one time that a
 * test holds: two milters. Threads: one.
 */
#pragma once

#include "base/clock.h"
#include "conf/conf.h"
#include "store/ledger.h"
#include "support/folder.h"
#include "support/redis_server.h"

struct ledger_rig {
	struct redis_server *server;
	struct folder folder;
	struct conf *conf;
	int64_t now_ms; /* wall and monotonic time of both */
	struct clock clock;
	struct ledger *one;
	struct ledger *two;
	long own; /* scripts that the rig itself has run */
};

/* sections: more of the config, "" for nothing, e.g. "rate { burst = 1 }".
 * redis: more of the section redis. Fails the test when something is wrong. */
void ledger_rig_make(
	struct ledger_rig *r, const char *redis, const char *sections);
void ledger_rig_remove(struct ledger_rig *r);
/* Another config for the questions to come; the ledgers stay. */
void ledger_rig_reload(struct ledger_rig *r, const char *sections);

void ledger_rig_sleep(struct ledger_rig *r, int64_t s);
/* How many scripts others than the rig have run. */
long ledger_rig_calls(struct ledger_rig *r);
/* Keys in all, and those of them without an end. */
long ledger_rig_keys(struct ledger_rig *r);
long ledger_rig_endless(struct ledger_rig *r);
