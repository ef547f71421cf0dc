/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/fairlock - a lock of many readers that also lets a writer in.
 *
 * By default the C library lets readers in while a writer waits, so that
 * readers who come one after another keep him out for ever. Here they wait for
 * him; so a thread must not take it to read while it reads. Threads: any.
 */
#pragma once

#include <pthread.h>

/* The caller destroys it. */
void fairlock_init(pthread_rwlock_t *lock);
