/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/mailframe.h"

#include "ctl/mailchild.h"

enum { PART = 'P', END = 'E', END_LEN = 2 };

static void put_number(uint8_t *at, size_t n)
{
	at[0] = (uint8_t)(n >> 24);
	at[1] = (uint8_t)(n >> 16);
	at[2] = (uint8_t)(n >> 8);
	at[3] = (uint8_t)n;
}

bool mailframe_write(int fd, const struct mailpart *p)
{
	const struct slice name = slice_part(p->name, 0, MAILPARTS_NAME_MAX);
	uint8_t head[MAILFRAME_HEAD] = { PART, (uint8_t)p->kind,
		(uint8_t)(p->within + 1), 0 };

	put_number(head + 4, name.len);
	put_number(head + 8, p->octets.len);
	return mailchild_write(fd, head, sizeof(head)) &&
		mailchild_write(fd, name.at, name.len) &&
		mailchild_write(fd, p->octets.at, p->octets.len);
}

bool mailframe_end(int fd, bool is_partial)
{
	const uint8_t end[END_LEN] = { END, is_partial ? 1 : 0 };

	return mailchild_write(fd, end, sizeof(end));
}

/* ---- what comes out ---- */

static uint8_t octet(struct slice text, size_t i)
{
	return (uint8_t)text.at[i];
}

static size_t get_number(struct slice text, size_t i)
{
	return (size_t)octet(text, i) << 24 | (size_t)octet(text, i + 1) << 16 |
		(size_t)octet(text, i + 2) << 8 | octet(text, i + 3);
}

static bool is_original(const struct mailparts *parts, int number)
{
	return number >= 0 && (size_t)number < parts->count &&
		parts->part[number].kind == MAILPARTS_ORIGINAL;
}

/* False: no frame of a part. */
static bool take_part(struct mailparts *parts, struct slice *rest)
{
	struct mailpart p;
	size_t name, octets;

	if (rest->len < MAILFRAME_HEAD || octet(*rest, 0) != PART ||
		octet(*rest, 1) >= MAILPARTS_KINDS || octet(*rest, 3) != 0 ||
		parts->count >= MAILPARTS_COUNT_MAX)
		return false;
	name = get_number(*rest, 4);
	octets = get_number(*rest, 8);
	p.kind = (enum mailparts_kind)octet(*rest, 1);
	p.within = octet(*rest, 2) - 1;
	if (name > MAILPARTS_NAME_MAX || octets > MAILPARTS_OCTETS_MAX ||
		rest->len < MAILFRAME_HEAD + name + octets ||
		(p.within >= 0 && !is_original(parts, p.within)))
		return false;
	p.name = slice_part(*rest, MAILFRAME_HEAD, name);
	p.octets = slice_part(*rest, MAILFRAME_HEAD + name, octets);
	parts->part[parts->count++] = p;
	*rest = slice_part(*rest, MAILFRAME_HEAD + name + octets, rest->len);
	return true;
}

enum result mailframe_read(struct mailparts *parts)
{
	struct slice rest = buf_slice(&parts->octets);

	parts->count = 0;
	parts->is_partial = true;
	while (take_part(parts, &rest))
		;
	if (rest.len != END_LEN || octet(rest, 0) != END || octet(rest, 1) > 1)
		return RES_CORRUPT;
	parts->is_partial = octet(rest, 1) != 0;
	return RES_OK;
}
