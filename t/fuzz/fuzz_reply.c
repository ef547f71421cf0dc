/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reply/smtp: whatever the code, address, portal_url and reference, a reply
 * that was made is one line "ddd d.d{1,3}.d{1,3} TEXT" of two like classes,
 * of printable ASCII without '%', within 512 octets, and holds the reference.
 *
 * Input: code, address or none, 16 octets of it, length of the URL, the URL,
 * the rest is the reference, and the domain, too.
 */
#include "net/ipaddr.h"
#include "reply/smtp.h"
#include "t/fuzz/target.h"

#include <ctype.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD = 19, LINE_MAX_TEXT = 1024 };

static const char shape[] =
	"^([45])[0-9][0-9] ([45])\\.[0-9]{1,3}\\.[0-9]{1,3} [ -~]+$";

static bool has_shape(const char *line)
{
	regmatch_t at[3];
	regex_t re;
	bool good;

	if (regcomp(&re, shape, REG_EXTENDED) != 0)
		abort();
	good = regexec(&re, line, 3, at, 0) == 0 &&
		line[at[1].rm_so] == line[at[2].rm_so];
	regfree(&re);
	return good;
}

static void check(const struct reply *r, struct slice ref)
{
	struct buf line;

	buf_init(&line, LINE_MAX_TEXT);
	reply_format(r, &line);
	target_promise(has_shape(buf_text(&line)), "the line has its shape");
	target_promise(line.len + 2 <= 512, "the line is within 512 octets");
	target_promise(slice_find(buf_slice(&line), '%') == line.len,
		"the line has no percent sign");
	target_promise(ref.len == 0 ||
			memmem(line.at, line.len, ref.at, ref.len) != NULL,
		"the line holds the reference");
	buf_clear(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice all = slice_make(data, size);
	struct reply_fields fields = { .ip = NULL };
	struct slice url, ref;
	struct ipaddr ip;
	struct reply r;
	enum code code;

	if (size < HEAD)
		return 0;
	code = (enum code)(data[0] % (CODE_COUNT + 1));
	memcpy(ip.octet, data + 2, sizeof(ip.octet));
	ipaddr_fold(&ip);
	url = slice_part(all, HEAD, data[18]);
	ref = slice_part(all, HEAD + url.len, size);
	if (data[1] % 2 != 0)
		fields.ip = &ip;
	fields.domain = ref;
	fields.portal_url = url;
	fields.ref = ref;
	switch (reply_make(&r, code, &fields)) {
	case RES_OK:
		check(&r, ref);
		break;
	case RES_TOOBIG:
		target_promise(url.len > REPLY_URL_MAX || ref.len > 17,
			"what is checked fits");
		target_promise(r.text[0] == '\0', "nothing is cut");
		break;
	case RES_SYNTAX:
	case RES_MISSING:
		target_promise(r.text[0] == '\0', "no text beside an error");
		break;
	case RES_RANGE:
	case RES_NOMEM:
	case RES_TIMEOUT:
	case RES_DOWN:
	case RES_DENIED:
	case RES_EXISTS:
	case RES_TYPE:
	case RES_CORRUPT:
	case RES_READONLY:
	case RES_FULL:
	case RES_INTERNAL:
		target_promise(false, "no other error");
	}
	return 0;
}
