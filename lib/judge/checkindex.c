/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/checkindex.h"

#include <string.h>

static const char *const names[CHECKINDEX_COUNT] = {
#define CONF_CHECK(name, action, score) name,
#define CONF_RESULT(name, id, action, score)
#include "conf/checks.def"
#undef CONF_CHECK
#undef CONF_RESULT
};

unsigned checkindex_of(const char *name)
{
	unsigned i = 0;

	while (i < CHECKINDEX_COUNT && strcmp(names[i], name) != 0)
		i++;
	return i;
}

const char *checkindex_name(unsigned index)
{
	return names[index];
}
