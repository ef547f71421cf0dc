/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A site that says what it was asked, for tests of what stands in front of it:
 *
 *     echo_site PORT
 *
 * One line a request, to its output and as the answer: method, path, query,
 * X-Forwarded-For and the number of octets of the body, each in brackets.
 */
#include "base/slice.h"
#include "web/server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { BODY_MAX = 8192, FILES_MAX = 1449984 };

static void handle(
	void *ctx, const struct web_request *rq, struct web_answer *out)
{
	(void)ctx;
	buf_add_format(&out->body, "[%s%.*s][%.*s][%.*s][%.*s][%zu]\n",
		rq->is_head ? "HEAD as " : "", SLICE_ARG(rq->method),
		SLICE_ARG(rq->path), SLICE_ARG(rq->query),
		SLICE_ARG(rq->forwarded_for), rq->body.len);
	fputs(buf_text(&out->body), stdout);
}

/* As the portal's page for reports has it. */
static void make_room(void *ctx, struct slice path, struct web_room *out)
{
	(void)ctx;
	if (slice_is_equal(path, slice_of("/report")))
		*out = (struct web_room){ .body_max = FILES_MAX,
			.has_files = true };
}

int main(int argc, char **argv)
{
	struct web_options options = {
		.listen = { .kind = ENDPOINT_INET, .host = "127.0.0.1" },
		.body_max = BODY_MAX,
		.room = make_room,
		.handle = handle,
	};
	struct web_server *server = NULL;
	uint64_t port = 0;
	sigset_t end;
	int caught = 0;

	if (argc != 2 ||
		slice_parse_u64(slice_of(argv[1]), 1, 65535, &port) != RES_OK)
		return 2;
	options.listen.port = (uint16_t)port;
	setvbuf(stdout, NULL, _IOLBF, 0);
	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	sigprocmask(SIG_BLOCK, &end, NULL);
	if (web_server_open(&server, &options, NULL) != RES_OK)
		return 1;
	sigwait(&end, &caught);
	web_server_close(server);
	return 0;
}
