/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/deflate.h"

#include "support/case.h"

#include <stdlib.h>
#include <string.h>

enum { MANY = 3 * 1024 * 1024, ROOM = 64 * 1024 };

/* "reprieve\n" as gzip -n writes it, and its DEFLATE part alone. */
static const char gzipped[] = "\x1f\x8b\x08\0\0\0\0\0\0\x03"
			      "\x2b\x4a\x2d\x28\xca\x4c\x2d\x4b\xe5\x02\0"
			      "\xd0\x5d\x2c\x3a\x09\0\0\0";

static struct slice gzip_of_others(void)
{
	return slice_make(gzipped, sizeof(gzipped) - 1);
}

static const char *name_of(enum result res)
{
	return result_name(res);
}

static void packs(struct slice text, struct buf *out)
{
	buf_init(out, 2 * (size_t)MANY);
	assert_string_equal(name_of(deflate_gzip(text, out)), "ok");
	assert_true(deflate_is_gzip(buf_slice(out)));
}

static void comes_back(struct slice text)
{
	struct buf packed, plain;

	packs(text, &packed);
	buf_init(&plain, MANY);
	assert_string_equal(
		name_of(deflate_unpack_gzip(buf_slice(&packed), &plain)), "ok");
	assert_true(slice_is_equal(buf_slice(&plain), text));
	buf_clear(&packed);
	buf_clear(&plain);
}

static void round_trip(void **state)
{
	char *many = malloc(MANY);

	(void)state;
	assert_non_null(many);
	for (size_t i = 0; i < MANY; i++)
		many[i] = (char)(i * 2654435761U >> 13);
	comes_back(slice_of(""));
	comes_back(slice_of("<feedback/>"));
	comes_back(slice_make("a\0b", 3));
	comes_back(slice_make(many, MANY));
	free(many);
}

static void reads_others(void **state)
{
	struct buf plain;

	(void)state;
	buf_init(&plain, ROOM);
	assert_string_equal(
		name_of(deflate_unpack_gzip(gzip_of_others(), &plain)), "ok");
	assert_string_equal(buf_text(&plain), "reprieve\n");
	buf_reset(&plain);
	assert_string_equal(
		name_of(deflate_unpack_raw(
			slice_part(gzip_of_others(), 10, 11), &plain)),
		"ok");
	assert_string_equal(buf_text(&plain), "reprieve\n");
	buf_clear(&plain);
}

static void members(void **state)
{
	struct buf two, plain;

	(void)state;
	buf_init(&two, ROOM);
	buf_init(&plain, ROOM);
	buf_add(&two, gzip_of_others());
	buf_add(&two, gzip_of_others());
	buf_add_text(&two, "\r\nbehind it");
	assert_string_equal(
		name_of(deflate_unpack_gzip(buf_slice(&two), &plain)), "ok");
	assert_string_equal(buf_text(&plain), "reprieve\nreprieve\n");
	buf_clear(&two);
	buf_clear(&plain);
}

static void bomb(void **state)
{
	struct buf packed, plain;
	char *zeros = calloc(1, MANY);

	(void)state;
	assert_non_null(zeros);
	packs(slice_make(zeros, MANY), &packed);
	assert_true(packed.len < 4096);
	buf_init(&plain, ROOM);
	assert_string_equal(
		name_of(deflate_unpack_gzip(buf_slice(&packed), &plain)),
		"toobig");
	assert_true(plain.len <= ROOM);
	buf_clear(&packed);
	buf_clear(&plain);
	free(zeros);
}

static void no_room(void **state)
{
	struct buf packed;

	(void)state;
	buf_init(&packed, 8);
	assert_string_equal(
		name_of(deflate_gzip(slice_of("reprieve"), &packed)), "toobig");
	buf_clear(&packed);
}

static const char *unpacked(struct slice in)
{
	struct buf plain;
	const char *name = NULL;

	buf_init(&plain, ROOM);
	name = name_of(deflate_unpack_gzip(in, &plain));
	buf_clear(&plain);
	return name;
}

static void broken(void **state)
{
	char wrong[sizeof(gzipped)];

	(void)state;
	for (size_t len = 0; len < gzip_of_others().len; len++)
		assert_string_equal(
			unpacked(slice_part(gzip_of_others(), 0, len)),
			"corrupt");
	assert_string_equal(unpacked(slice_of("PK\3\4 is a zip")), "corrupt");
	memcpy(wrong, gzipped, sizeof(wrong));
	wrong[22] ^= 1; /* of the checksum */
	assert_string_equal(
		unpacked(slice_make(wrong, gzip_of_others().len)), "corrupt");
}

static void checksum(void **state)
{
	(void)state;
	assert_int_equal(deflate_crc(slice_of("123456789")), 0xcbf43926);
	assert_int_equal(deflate_crc(slice_of("")), 0);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("what was packed comes back, of any size", round_trip,
			NULL),
		CASE("gzip and bare DEFLATE of another program are read",
			reads_others, NULL),
		CASE("members that follow one another are one text", members,
			NULL),
		CASE("a bomb stops at the end of the room", bomb, NULL),
		CASE("a file larger than the room is an error", no_room, NULL),
		CASE("cut off anywhere, or with a wrong checksum, it is broken",
			broken, NULL),
		CASE("the checksum is that of gzip and zip", checksum, NULL),
	};

	return cmocka_run_group_tests_name("base/deflate", cases, NULL, NULL);
}
