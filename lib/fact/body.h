/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fact/body - what is known of the body of one message.
 *
 * Plain data, filled once by heur/body at the end of the message, in memory of
 * that check, which lives as long as the message. All of it is the sender's:
 * any octet may stand in any slice, but for what is called UTF-8 (valid) or
 * folded. Bounds: section mime of the configuration.
 */
#pragma once

#include "base/slice.h"

/* What the first octets of a part say it is, whatever its name says. */
enum body_kind {
	BODY_OTHER = 0,
	BODY_TEXT,
	BODY_HTML,
	BODY_IMAGE,
	BODY_PDF,
	BODY_PROGRAM, /* PE, ELF, Mach-O, a script with #! */
	BODY_ZIP, /* and what is one: OOXML, ODF, JAR */
	BODY_ARCHIVE, /* RAR, 7z, gzip, tar, ISO 9660 ... */
	BODY_OLE, /* compound file: old Office, MSI */
	BODY_MESSAGE /* a message within (message/rfc822) */
};

/* One leaf or node of the tree of parts (RFC 2045 s2.4), in its order. */
struct body_part {
	struct slice type; /* "text/html", folded; "text/plain" without one */
	struct slice charset; /* as it is named, by HTML itself too, "" */
	struct slice encoding; /* Content-Transfer-Encoding, folded, "" */
	struct slice name; /* of the file, UTF-8, RFC 2047 and 2231 undone */
	struct slice content; /* decoded; of text parts UTF-8; maybe cut */
	size_t octets; /* decoded, all of it that was seen */
	unsigned depth; /* 0: the message itself */
	int parent; /* index, -1 */
	enum body_kind kind;
	bool is_multipart; /* has no content of its own */
	bool is_attachment; /* Content-Disposition, or a name and no text */
	bool is_cut;
};

enum body_link_source { BODY_LINK_TEXT = 0, BODY_LINK_HREF, BODY_LINK_SRC };

struct body_link {
	struct slice url; /* entities and blanks undone, at most 2048 octets */
	struct slice host; /* folded, A-labels, or an address; "" */
	struct slice shown; /* UTF-8, what a reader sees in its place, or "" */
	enum body_link_source source;
	unsigned part;
	bool has_userinfo; /* something before @ (RFC 3986 s3.2.1) */
	bool is_idn; /* the host has a label that is not ASCII */
	bool is_address; /* the host is an IP address, in whatever form */
};

struct body_facts {
	bool is_known; /* false: nothing below says anything */
	const struct body_part *parts;
	size_t part_count;
	const struct body_link *links;
	size_t link_count;
	struct slice text; /* UTF-8: what a reader sees, all text parts */
	/* Octets of text made invisible in HTML, blanks left aside; not what a
	 * style sheet may show again. */
	size_t hidden;
	size_t octets; /* of the body as it came */
	bool is_cut; /* longer than mime.body_max: the rest was not seen */
	bool is_too_deep; /* mime.depth_max */
	bool has_too_many; /* mime.parts_max */
	bool is_broken; /* a boundary that never comes, base64 that is none */
	bool has_more_links; /* mime.links_max */
	bool has_bare_cr; /* CR without LF, or LF without CR */
	bool has_nul;
	bool has_eight_bit; /* above 127 in a part that says 7bit */
};
