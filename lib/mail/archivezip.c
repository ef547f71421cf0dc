/* SPDX-License-Identifier: BSD-2-Clause */
/* ZIP, by PKWARE's APPNOTE.TXT, sections 4.3.7, 4.3.12, 4.3.16. */
#include "mail/archivecore.h"

#include <string.h>

enum {
	END_LEN = 22,
	END_SEARCH = 65535 + END_LEN, /* a comment may follow */
	ENTRY_LEN = 46,
	LOCAL_LEN = 30,
	FLAG_ENCRYPTED = 1,
	FLAG_SIZE_LATER = 8
};

static bool is_mark(const struct lister *l, size_t at, const char *mark)
{
	return slice_is_equal(slice_part(l->in, at, 4), slice_make(mark, 4));
}

/* The index of the end record, or in.len. */
static size_t find_end(const struct lister *l)
{
	const size_t len = l->in.len;
	const size_t least = len > END_SEARCH ? len - END_SEARCH : 0;

	if (len < END_LEN)
		return len;
	for (size_t at = len - END_LEN + 1; at-- > least;)
		if (is_mark(l, at, "PK\5\6"))
			return at;
	return len;
}

/* False: the directory is not where it should be. */
static bool list_directory(struct lister *l, size_t end)
{
	const uint64_t size = lister_number(l, end + 12, 4);
	const uint64_t count = lister_number(l, end + 10, 2);
	size_t at;

	/* What stands in front of an archive moves all indices: the size tells
	 * where it begins. */
	if (size > end || (count > 0 && !is_mark(l, end - size, "PK\1\2")))
		return false;
	at = end - size;
	while (at + ENTRY_LEN <= end && is_mark(l, at, "PK\1\2")) {
		const uint64_t flags = lister_number(l, at + 8, 2);
		const size_t name = lister_number(l, at + 28, 2);
		const size_t more = lister_number(l, at + 30, 2) +
			lister_number(l, at + 32, 2);

		if (!lister_show(l, slice_part(l->in, at + ENTRY_LEN, name),
			    (flags & FLAG_ENCRYPTED) != 0))
			return true;
		at += ENTRY_LEN + name + more;
	}
	if (at != end)
		l->out->is_broken = true;
	return true;
}

/* The next local header from that index on, or in.len. */
static size_t find_local(const struct lister *l, size_t at)
{
	while (at < l->in.len) {
		const char *found = memchr(l->in.at + at, 'P', l->in.len - at);

		if (found == NULL)
			break;
		at = (size_t)(found - l->in.at);
		if (is_mark(l, at, "PK\3\4"))
			return at;
		at++;
	}
	return l->in.len;
}

/* Without a directory: the end is missing, or somebody hides it. */
static void list_locals(struct lister *l)
{
	size_t at = find_local(l, 0);

	while (l->in.len - at >= LOCAL_LEN) {
		const uint64_t flags = lister_number(l, at + 6, 2);
		const uint64_t size = lister_number(l, at + 18, 4);
		const size_t name = lister_number(l, at + 26, 2);

		if (!lister_show(l, slice_part(l->in, at + LOCAL_LEN, name),
			    (flags & FLAG_ENCRYPTED) != 0))
			return;
		at += LOCAL_LEN + name;
		if ((flags & FLAG_SIZE_LATER) == 0 && size < l->in.len - at)
			at += size;
		at = find_local(l, at < l->in.len ? at : l->in.len);
	}
}

void archivezip_list(struct lister *l)
{
	const size_t end = find_end(l);

	if (end < l->in.len && list_directory(l, end))
		return;
	lister_break(l);
	list_locals(l);
}
