/* SPDX-License-Identifier: BSD-2-Clause */
#include "fact/message.h"

size_t message_find(const struct message *m, struct slice name, size_t from)
{
	size_t i = from;

	while (i < m->field_count &&
		!slice_is_equal_nocase(m->fields[i].name, name))
		i++;
	return i;
}

size_t message_count(const struct message *m, struct slice name)
{
	size_t count = 0;

	for (size_t i = message_find(m, name, 0); i < m->field_count;
		i = message_find(m, name, i + 1))
		count++;
	return count;
}
