/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/intaking.h"

#include "conf/conf.h"
#include "store/link.h"

#include <stdio.h>
#include <sysexits.h>

enum { ERRORS_MAX = 65536, REDIS_TIMEOUT_MS = 5000 };

struct slice intaking_message(const struct intaking *in)
{
	const struct slice raw = buf_slice(&in->raw);
	const size_t from = (size_t)(in->mail.field[0].name.at - raw.at);

	return slice_part(raw, from, raw.len);
}

enum result intaking_redis(struct intaking *in)
{
	const struct link_request want = { .purpose = LINK_WRITE,
		.timeout_ms = REDIS_TIMEOUT_MS };
	struct endpoint server;
	struct buf why;
	enum result res;

	if (in->redis != NULL)
		return RES_OK;
	buf_init(&why, ERRORS_MAX);
	res = link_open(in->conf, &want, &in->redis, &server, &why);
	if (res != RES_OK)
		log_message(LOG_LEVEL_ERROR, "redis", "%s: %s",
			result_name(res), buf_text(&why));
	buf_clear(&why);
	return res;
}

void intaking_say(const struct intaking *in, const char *words)
{
	printf("%s\nPlease open a new ticket: %s/support\n", words,
		in->conf->portal_url);
}

void intaking_start_line(
	const struct intaking *in, struct logline *line, int code)
{
	static const char *const kinds[] = {
		[MAILFIND_NONE] = "none",
		[MAILFIND_TICKET] = "ticket",
		[MAILFIND_BOUNCE] = "bounce",
		[MAILFIND_FORGED] = "forged",
		[MAILFIND_REPORT] = "report",
		[MAILFIND_DMARC] = "dmarc",
	};

	log_start(line, code == EX_TEMPFAIL ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO,
		"intake");
	log_text(line, "kind", kinds[in->found.kind]);
	if (in->found.id[0] != '\0')
		log_text(line, "id", in->found.id);
}

int intaking_end_line(struct logline *line, const char *outcome, int code)
{
	log_text(line, "outcome", outcome);
	log_number(line, "exit", code);
	log_send(line);
	return code;
}

int intaking_end(const struct intaking *in, const char *outcome, int code)
{
	struct logline line;

	intaking_start_line(in, &line, code);
	return intaking_end_line(&line, outcome, code);
}
