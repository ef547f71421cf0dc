/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/hugepages - a hint to the kernel about large tables.
 *
 * A lookup touches ten places at random in a table of hundreds of megabytes;
 * with small pages half of its time goes into finding the pages. Where there
 * is no such hint it does nothing. Threads: any.
 */
#pragma once

#include <stddef.h>

/* Fresh memory, best before it is first touched. Its contents stay. */
void hugepages_advise(void *at, size_t len);
