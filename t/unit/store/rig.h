/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/store/rig - a Redis, a config and a mirror for the tests of store.
 */
#pragma once

#include "base/clock.h"
#include "base/slice.h"
#include "conf/conf.h"
#include "store/mirror.h"
#include "support/folder.h"
#include "support/redis_server.h"

enum { RIG_WAIT_MS = 20000 };

struct rig {
	struct redis_server *server;
	struct folder folder;
	struct conf *conf;
	struct mirror *mirror;
};

/* More of the sections of a config, NULL for nothing. */
struct rig_text {
	const char *redis; /* "prefix = \"x:\"" */
	const char *lists;
	const char *cases;
	const char *servers; /* instead of the rig's own */
	bool is_patient; /* for much work at once: sync_timeout_ms 10000 */
};

/* A config with a short patience (sync_timeout_ms 400, ping_ms 100) for that
 * socket; files go into folder. Fails the test when it is not valid. */
struct conf *rig_conf(const char *socket, const struct folder *folder,
	const struct rig_text *more);

/* A server, a config, a mirror that is not started. */
void rig_make(struct rig *r, const struct rig_text *more);
void rig_remove(struct rig *r);

/* rig_make, start and wait until it is live. */
void rig_go(struct rig *r, const struct rig_text *more);
/* Closes the mirror and opens another one (not started) on the same config. */
void rig_reopen(struct rig *r);

/* Is ip on a list of that kind now, as a reader sees it? */
bool rig_is_listed(struct mirror *m, const char *ip);
/* Waits until the answer is "want"; fails the test after RIG_WAIT_MS. */
void rig_wants(struct mirror *m, const char *ip, bool want);
/* Waits for a state; fails the test after RIG_WAIT_MS. */
void rig_wants_state(struct mirror *m, enum mirror_state want);
void rig_wants_entries(struct mirror *m, size_t want);
/* Waits until all flags are read. */
void rig_wants_flags(struct mirror *m);
struct mirror_status rig_status(struct mirror *m);

/* for (int64_t end = rig_end(); !X && rig_goes_on(end);) ; */
int64_t rig_end(void);
bool rig_goes_on(int64_t end); /* naps for a millisecond */

/* count STRING keys P"block:A.B.C.D" from 10.0.0.0 on, by a pipeline. */
void rig_fill(struct rig *r, size_t count);
