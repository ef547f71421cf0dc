/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nothing_milter - what libmilter alone costs.
 *
 * nothing_milter SOCKET all|needed [refuse] [small] [body]
 *
 * all: every command is answered with "continue". needed: only RCPT and end
 * of message are answered, the rest is negotiated away as ours does, and each
 * message gets one header field. With "refuse" a recipient of a client
 * whose address begins with 10. or 127. is refused with a fixed text of usual
 * length. With "small" its threads have stacks of 512 KiB, as ours have. With
 * "body" it also takes the body, which is not answered.
 */
#include <sys/socket.h>

#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <libmilter/mfapi.h>

/* libmilter hands no user data to a callback. */
static bool answer_all;
static bool refuse;
static bool take_body;

static const unsigned long needed_steps = SMFIP_NR_CONN | SMFIP_NR_HELO |
	SMFIP_NR_MAIL | SMFIP_NR_HDR | SMFIP_NR_EOH | SMFIP_NODATA |
	SMFIP_NOUNKNOWN | SMFIP_NOBODY | SMFIP_HDR_LEADSPC;

/* Known to be refused at RCPT: the private pointer is not NULL. */
static char listed[] = "listed";

static sfsistat quiet(void)
{
	return answer_all ? SMFIS_CONTINUE : SMFIS_NOREPLY;
}

static sfsistat on_negotiate(SMFICTX *ctx, unsigned long f0, unsigned long f1,
	unsigned long f2, unsigned long f3, unsigned long *pf0,
	unsigned long *pf1, unsigned long *pf2, unsigned long *pf3)
{
	static const int stages[] = { SMFIM_CONNECT, SMFIM_HELO, SMFIM_ENVFROM,
		SMFIM_ENVRCPT, SMFIM_DATA, SMFIM_EOH, SMFIM_EOM };
	static char none[] = "";

	(void)f2;
	(void)f3;
	*pf0 = f0 & (SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_SETSYMLIST);
	*pf1 = answer_all ? 0 : f1 & needed_steps;
	if (take_body && !answer_all)
		*pf1 = (*pf1 & ~(unsigned long)SMFIP_NOBODY) |
			(f1 & SMFIP_NR_BODY);
	*pf2 = *pf3 = 0;
	if (!answer_all)
		for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++)
			smfi_setsymlist(ctx, stages[i], none);
	return SMFIS_CONTINUE;
}

static sfsistat on_connect(SMFICTX *ctx, char *host, _SOCK_ADDR *addr)
{
	const struct sockaddr_in *in = (const void *)addr;

	(void)host;
	if (refuse && addr != NULL && addr->sa_family == AF_INET) {
		uint32_t first = ntohl(in->sin_addr.s_addr) >> 24;

		if (first == 10 || first == 127)
			smfi_setpriv(ctx, listed);
	}
	return quiet();
}

static sfsistat on_helo(SMFICTX *ctx, char *name)
{
	(void)ctx;
	(void)name;
	return quiet();
}

static sfsistat on_mail(SMFICTX *ctx, char **argv)
{
	(void)ctx;
	(void)argv;
	return quiet();
}

static sfsistat on_rcpt(SMFICTX *ctx, char **argv)
{
	static char code[] = "554", xcode[] = "5.7.1";
	static char text[] =
		"Access denied, sending IP [192.0.2.1] is on our block list; "
		"to request removal visit https://postmaster.example.net/r/"
		"7K3M9QXB2HTD4FZ6T";

	(void)argv;
	if (smfi_getpriv(ctx) == NULL)
		return SMFIS_CONTINUE;
	smfi_setreply(ctx, code, xcode, text);
	return SMFIS_REJECT;
}

static sfsistat on_header(SMFICTX *ctx, char *name, char *value)
{
	(void)ctx;
	(void)name;
	(void)value;
	return quiet();
}

static sfsistat on_eoh(SMFICTX *ctx)
{
	(void)ctx;
	return quiet();
}

static sfsistat on_body(SMFICTX *ctx, unsigned char *chunk, size_t len)
{
	(void)ctx;
	(void)chunk;
	(void)len;
	return quiet();
}

static sfsistat on_data(SMFICTX *ctx)
{
	(void)ctx;
	return SMFIS_CONTINUE;
}

static sfsistat on_eom(SMFICTX *ctx)
{
	static char name[] = "X-Nothing";
	static char value[] = " action=accept; score=0.0; host=mx.example.net";

	smfi_insheader(ctx, 0, name, value);
	return SMFIS_CONTINUE;
}

static sfsistat on_close(SMFICTX *ctx)
{
	smfi_setpriv(ctx, NULL);
	return SMFIS_CONTINUE;
}

static bool has_word(int argc, char **argv, const char *word)
{
	for (int i = 3; i < argc; i++)
		if (strcmp(argv[i], word) == 0)
			return true;
	return false;
}

static void shrink_stacks(void)
{
	pthread_attr_t attr;

	if (pthread_attr_init(&attr) != 0 ||
		pthread_attr_setstacksize(&attr, 512 * 1024) != 0 ||
		pthread_setattr_default_np(&attr) != 0)
		exit(1);
	pthread_attr_destroy(&attr);
}

int main(int argc, char **argv)
{
	static char name[] = "nothing";
	struct smfiDesc door = {
		.xxfi_name = name,
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = SMFIF_ADDHDRS | SMFIF_CHGHDRS,
		.xxfi_connect = on_connect,
		.xxfi_helo = on_helo,
		.xxfi_envfrom = on_mail,
		.xxfi_envrcpt = on_rcpt,
		.xxfi_header = on_header,
		.xxfi_eoh = on_eoh,
		.xxfi_eom = on_eom,
		.xxfi_close = on_close,
		.xxfi_negotiate = on_negotiate,
	};

	if (argc < 3) {
		fprintf(stderr,
			"usage: nothing_milter SOCKET all|needed "
			"[refuse] [small] [body]\n");
		return 2;
	}
	answer_all = strcmp(argv[2], "all") == 0;
	refuse = has_word(argc, argv, "refuse");
	take_body = has_word(argc, argv, "body");
	if (has_word(argc, argv, "small"))
		shrink_stacks();
	if (answer_all || take_body)
		door.xxfi_body = on_body;
	if (answer_all)
		door.xxfi_data = on_data;
	umask(0);
	if (smfi_setconn(argv[1]) != MI_SUCCESS ||
		smfi_register(door) != MI_SUCCESS ||
		smfi_opensocket(true) != MI_SUCCESS)
		return 1;
	return smfi_main() == MI_SUCCESS ? 0 : 1;
}
