/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * answer_milter - does at each stage what a file says.
 *
 * answer_milter SOCKET RULES EVENTS
 *
 * RULES is read at the start of each session; one rule a line, fields parted
 * by TAB: STAGE[~TEXT] VERB ARG... A rule with ~TEXT counts only when the
 * stage's argument holds TEXT. All rules of a stage are done in order; the
 * last one that gives an answer decides.
 *   reply CODE XCODE TEXT RETURN    smfi_setreply; XCODE "-" stands for NULL
 *   lines CODE XCODE RETURN TEXT... smfi_setmlreply, two lines
 *   return RETURN    reject tempfail accept discard continue noreply
 *   sleep MS         die
 *   progress TIMES MS               smfi_progress after each pause
 *   delete NAME INDEX   insert INDEX NAME VALUE   add NAME VALUE
 *   quarantine REASON
 * STAGE "steps" VERB takes bits of the protocol: nodata nr_mail nr_rcpt
 * rcpt_rej leadspc.
 * EVENTS gets one line an event: stage, TAB, arguments parted by TAB.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <libmilter/mfapi.h>

enum { RULES_MAX = 64, FIELDS_MAX = 8, FILE_MAX = 65536, EVENT_MAX = 2048 };

struct rule {
	char *field[FIELDS_MAX];
	int count;
};

struct script {
	char text[FILE_MAX];
	struct rule rules[RULES_MAX];
	int count;
};

/* libmilter hands no user data to a callback. */
static const char *rules_path;
static int events_fd = -1;

static void event(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

static void event(const char *format, ...)
{
	char line[EVENT_MAX];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	if (len < 0)
		return;
	if (len > (int)sizeof(line) - 2)
		len = (int)sizeof(line) - 2;
	line[len] = '\n';
	if (write(events_fd, line, (size_t)len + 1) < 0)
		_exit(3);
}

static void split(struct rule *rule, char *line)
{
	char *rest = line;

	rule->count = 0;
	while (rest != NULL && rule->count < FIELDS_MAX) {
		char *end = strchr(rest, '\t');

		rule->field[rule->count++] = rest;
		if (end != NULL)
			*end++ = '\0';
		rest = end;
	}
}

static struct script *script_read(void)
{
	struct script *s = calloc(1, sizeof(*s));
	char *at;
	ssize_t got;
	int fd = open(rules_path, O_RDONLY | O_CLOEXEC);

	if (s == NULL || fd < 0)
		_exit(4);
	got = read(fd, s->text, sizeof(s->text) - 1);
	close(fd);
	if (got < 0)
		_exit(4);
	for (at = s->text; *at != '\0' && s->count < RULES_MAX;) {
		char *end = strchr(at, '\n');

		if (end != NULL)
			*end = '\0';
		if (*at != '\0')
			split(&s->rules[s->count++], at);
		if (end == NULL)
			break;
		at = end + 1;
	}
	return s;
}

static int number(const char *text)
{
	return (int)strtol(text, NULL, 10);
}

static void pause_ms(int ms)
{
	struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };

	while (nanosleep(&t, &t) != 0 && errno == EINTR)
		continue;
}

static sfsistat answer_of(const char *name)
{
	static const struct {
		const char *name;
		sfsistat answer;
	} table[] = {
		{ "reject", SMFIS_REJECT },
		{ "tempfail", SMFIS_TEMPFAIL },
		{ "accept", SMFIS_ACCEPT },
		{ "discard", SMFIS_DISCARD },
		{ "continue", SMFIS_CONTINUE },
		{ "noreply", SMFIS_NOREPLY },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(name, table[i].name) == 0)
			return table[i].answer;
	_exit(5);
}

static char *xcode_of(struct rule *r)
{
	return strcmp(r->field[3], "-") == 0 ? NULL : r->field[3];
}

/* Verbs that answer. */
static bool decide(SMFICTX *ctx, struct rule *r, sfsistat *answer)
{
	const char *verb = r->field[1];
	int done;

	if (strcmp(verb, "reply") == 0 && r->count == 6) {
		done = smfi_setreply(
			ctx, r->field[2], xcode_of(r), r->field[4]);
		event("setreply\t%d", done);
		*answer = answer_of(r->field[5]);
		return true;
	}
	if (strcmp(verb, "lines") == 0 && r->count == 7) {
		done = smfi_setmlreply(ctx, r->field[2], xcode_of(r),
			r->field[5], r->field[6], NULL);
		event("setreply\t%d", done);
		*answer = answer_of(r->field[4]);
		return true;
	}
	if (strcmp(verb, "return") == 0 && r->count == 3) {
		*answer = answer_of(r->field[2]);
		return true;
	}
	return false;
}

/* Verbs that take time. */
static bool dawdle(SMFICTX *ctx, struct rule *r)
{
	const char *verb = r->field[1];

	if (strcmp(verb, "sleep") == 0 && r->count == 3) {
		pause_ms(number(r->field[2]));
		return true;
	}
	if (strcmp(verb, "progress") == 0 && r->count == 4) {
		for (int i = number(r->field[2]); i > 0; i--) {
			pause_ms(number(r->field[3]));
			smfi_progress(ctx);
		}
		return true;
	}
	return false;
}

/* Verbs that change the message. */
static bool change(SMFICTX *ctx, struct rule *r)
{
	const char *verb = r->field[1];

	if (strcmp(verb, "delete") == 0 && r->count == 4)
		event("did\t%d",
			smfi_chgheader(
				ctx, r->field[2], number(r->field[3]), NULL));
	else if (strcmp(verb, "insert") == 0 && r->count == 5)
		event("did\t%d",
			smfi_insheader(ctx, number(r->field[2]), r->field[3],
				r->field[4]));
	else if (strcmp(verb, "add") == 0 && r->count == 4)
		event("did\t%d", smfi_addheader(ctx, r->field[2], r->field[3]));
	else if (strcmp(verb, "quarantine") == 0 && r->count == 3)
		event("did\t%d", smfi_quarantine(ctx, r->field[2]));
	else
		return false;
	return true;
}

static bool is_for(const char *field, const char *stage, const char *argument)
{
	size_t len = strlen(stage);

	if (strncmp(field, stage, len) != 0)
		return false;
	if (field[len] == '\0')
		return true;
	return field[len] == '~' && argument != NULL &&
		strstr(argument, field + len + 1) != NULL;
}

static sfsistat act(SMFICTX *ctx, const char *stage, const char *argument)
{
	struct script *s = smfi_getpriv(ctx);
	sfsistat answer = SMFIS_CONTINUE;

	if (s == NULL)
		return SMFIS_TEMPFAIL;
	for (int i = 0; i < s->count; i++) {
		struct rule *r = &s->rules[i];

		if (r->count < 2 || !is_for(r->field[0], stage, argument))
			continue;
		if (strcmp(r->field[1], "die") == 0)
			_exit(0);
		if (!decide(ctx, r, &answer) && !dawdle(ctx, r) &&
			!change(ctx, r))
			_exit(6);
	}
	return answer;
}

static unsigned long step_of(const char *name)
{
	static const struct {
		const char *name;
		unsigned long bit;
	} table[] = {
		{ "nodata", SMFIP_NODATA },
		{ "nr_mail", SMFIP_NR_MAIL },
		{ "nr_rcpt", SMFIP_NR_RCPT },
		{ "rcpt_rej", SMFIP_RCPT_REJ },
		{ "leadspc", SMFIP_HDR_LEADSPC },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(name, table[i].name) == 0)
			return table[i].bit;
	_exit(7);
}

static sfsistat on_negotiate(SMFICTX *ctx, unsigned long f0, unsigned long f1,
	unsigned long f2, unsigned long f3, unsigned long *pf0,
	unsigned long *pf1, unsigned long *pf2, unsigned long *pf3)
{
	static char macros[] = "j {daemon_name} {client_addr} {client_name} "
			       "{client_ptr} {client_resolve} _";
	struct script *s = script_read();

	(void)f2;
	(void)f3;
	event("negotiate\t%lx\t%lx", f0, f1);
	smfi_setpriv(ctx, s);
	smfi_setsymlist(ctx, SMFIM_CONNECT, macros);
	*pf0 = f0 &
		(SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_QUARANTINE |
			SMFIF_SETSYMLIST);
	*pf1 = 0;
	for (int i = 0; i < s->count; i++)
		if (strcmp(s->rules[i].field[0], "steps") == 0)
			for (int k = 1; k < s->rules[i].count; k++)
				*pf1 |= step_of(s->rules[i].field[k]);
	*pf2 = *pf3 = 0;
	return SMFIS_CONTINUE;
}

static const char *macro(SMFICTX *ctx, char *name)
{
	const char *value = smfi_getsymval(ctx, name);

	return value == NULL ? "-" : value;
}

static sfsistat on_connect(SMFICTX *ctx, char *host, _SOCK_ADDR *addr)
{
	char name[] = "{client_name}", ptr[] = "{client_ptr}";
	char resolve[] = "{client_resolve}", daemon_name[] = "{daemon_name}";
	char text[INET6_ADDRSTRLEN] = "none";
	unsigned port = 0;

	if (addr != NULL && addr->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)addr;

		inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
		port = ntohs(in->sin_port);
	} else if (addr != NULL && addr->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in = (const void *)addr;

		inet_ntop(AF_INET6, &in->sin6_addr, text, sizeof(text));
		port = ntohs(in->sin6_port);
	}
	event("connect\t%s\t%s\t%s\t%s\t%s\t%s\t%s", host, text,
		port == 0 ? "port-0" : "port", macro(ctx, name),
		macro(ctx, ptr), macro(ctx, resolve), macro(ctx, daemon_name));
	return act(ctx, "connect", host);
}

static sfsistat on_helo(SMFICTX *ctx, char *name)
{
	event("helo\t%s", name);
	return act(ctx, "helo", name);
}

static sfsistat on_mail(SMFICTX *ctx, char **argv)
{
	char authen[] = "{auth_authen}";

	event("mail\t%s\t%s", argv[0], macro(ctx, authen));
	return act(ctx, "mail", argv[0]);
}

static sfsistat on_rcpt(SMFICTX *ctx, char **argv)
{
	char mailer[] = "{rcpt_mailer}";

	event("rcpt\t%s\t%s", argv[0], macro(ctx, mailer));
	return act(ctx, "rcpt", argv[0]);
}

static sfsistat on_data(SMFICTX *ctx)
{
	event("data");
	return act(ctx, "data", NULL);
}

static sfsistat on_header(SMFICTX *ctx, char *name, char *value)
{
	event("header\t%s\t%zu\t%.200s", name, strlen(value), value);
	return act(ctx, "header", name);
}

static sfsistat on_eoh(SMFICTX *ctx)
{
	event("eoh");
	return act(ctx, "eoh", NULL);
}

static sfsistat on_body(SMFICTX *ctx, unsigned char *chunk, size_t len)
{
	(void)chunk;
	event("body\t%zu", len);
	return act(ctx, "body", NULL);
}

static sfsistat on_eom(SMFICTX *ctx)
{
	event("eom");
	return act(ctx, "eom", NULL);
}

static sfsistat on_abort(SMFICTX *ctx)
{
	event("abort");
	return act(ctx, "abort", NULL);
}

static sfsistat on_close(SMFICTX *ctx)
{
	event("close");
	free(smfi_getpriv(ctx));
	smfi_setpriv(ctx, NULL);
	return SMFIS_CONTINUE;
}

int main(int argc, char **argv)
{
	static char name[] = "answer_milter";
	struct smfiDesc door = {
		.xxfi_name = name,
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_QUARANTINE,
		.xxfi_connect = on_connect,
		.xxfi_helo = on_helo,
		.xxfi_envfrom = on_mail,
		.xxfi_envrcpt = on_rcpt,
		.xxfi_header = on_header,
		.xxfi_eoh = on_eoh,
		.xxfi_body = on_body,
		.xxfi_eom = on_eom,
		.xxfi_abort = on_abort,
		.xxfi_close = on_close,
		.xxfi_data = on_data,
		.xxfi_negotiate = on_negotiate,
	};

	if (argc != 4) {
		fprintf(stderr, "usage: answer_milter SOCKET RULES EVENTS\n");
		return 2;
	}
	rules_path = argv[2];
	events_fd =
		open(argv[3], O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	umask(0);
	if (events_fd < 0 || smfi_setconn(argv[1]) != MI_SUCCESS ||
		smfi_register(door) != MI_SUCCESS ||
		smfi_opensocket(true) != MI_SUCCESS)
		return 1;
	return smfi_main() == MI_SUCCESS ? 0 : 1;
}
