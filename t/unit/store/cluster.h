/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/store/cluster - a primary, a replica and a sentinel of a test's own.
 *
 * On loopback, on ports that were free when it began; replication needs TCP.
 */
#pragma once

#include "support/folder.h"

#include <stdint.h>
#include <sys/types.h>

enum { CLUSTER_PRIMARY, CLUSTER_REPLICA, CLUSTER_SENTINEL, CLUSTER_SIZE };

struct cluster {
	struct folder folder;
	uint16_t port[CLUSTER_SIZE];
	pid_t pid[CLUSTER_SIZE];
};

/* Starts them and waits until the replica is in step (and the sentinel, when
 * it is wanted, knows the replica). Fails the test when it cannot. */
void cluster_start(struct cluster *c, bool with_sentinel);
void cluster_stop(struct cluster *c);
void cluster_kill(struct cluster *c, unsigned which);

/* One command to one of them; *answer is its first bulk, status or number as
 * text. False: an error, or no connection. */
bool cluster_do(const struct cluster *c, unsigned which,
	const char *const *argv, char *answer, size_t size);
