/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/hugepages.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

enum { WORTH_IT = 8 << 20 };

void hugepages_advise(void *at, size_t len)
{
#ifdef MADV_HUGEPAGE
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t before = (page - (uintptr_t)at % page) % page;

	if (len < WORTH_IT)
		return;
	/* A kernel without them says no, and nothing is lost. */
	(void)madvise((char *)at + before, (len - before) / page * page,
		MADV_HUGEPAGE);
#else
	(void)at;
	(void)len;
#endif
}
