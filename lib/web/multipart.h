/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * web/multipart - a form that brings files: multipart/form-data (RFC 7578).
 *
 * Strict, as web/form: what does not fit together makes the whole body
 * unreadable, and nothing is guessed. Lines end in CRLF. The body begins with
 * the boundary and ends with the one that closes it (RFC 2046 s5.1.1); a
 * preamble, and anything but a CRLF behind it, is refused. Each part has one
 * Content-Disposition "form-data" with one name. A part with a file name is a
 * file; any other is a field, with the rules of web/form for its name and its
 * value, and is text of UTF-8 when it says what it is. A field twice is
 * refused; several files of one name are what they are meant to be. A
 * Content-Transfer-Encoding but 7bit, 8bit and binary is refused (s4.7).
 *
 * The name of a file: what browsers escape (%22, %0D, %0A) is undone, and what
 * stands before the last / or \ is left out, for it is the visitor's.
 * "filename*" (RFC 8187), which s4.2 forbids, is read where it is UTF-8, and
 * counts more. A name with a control, or that is not UTF-8, is refused.
 * Threads: any.
 */
#pragma once

#include "web/form.h"

enum {
	MULTIPART_FILES_MAX = 32,
	MULTIPART_BOUNDARY_MAX = 70, /* RFC 2046 s5.1.1 */
	MULTIPART_HEAD_MAX = 2048, /* octets of the header of one part */
	MULTIPART_NAME_MAX = 255
};

struct multipart_file {
	struct slice field; /* as the name of a field in web/form */
	struct slice name; /* UTF-8; "": none was chosen */
	struct slice octets; /* borrowed from the body */
};

struct multipart {
	struct form form;
	struct multipart_file file[MULTIPART_FILES_MAX];
	size_t count;
};

struct multipart_limits {
	struct form_limits values;
	size_t files_max; /* at most MULTIPART_FILES_MAX */
	size_t octets_max; /* of all files together */
};

/* Is it of this type, with a boundary that may be one (s4.1)? */
bool multipart_is_type(struct slice content_type);

/*
 * A file that was not chosen (no name, no octets) is left out. Names are owned
 * by a. RES_SYNTAX: see above; RES_EXISTS: a field twice, or a field that is a
 * file, too; RES_TOOBIG: too many parts, or too long ones; RES_NOMEM. *out is
 * empty then.
 */
enum result multipart_parse(struct multipart *out, struct slice content_type,
	struct slice body, const struct multipart_limits *limits,
	struct arena *a) MUST_USE;
