/* SPDX-License-Identifier: BSD-2-Clause */
#include "milter/callbacks.h"

#include "base/log.h"
#include "judge/session.h"
#include "milter/context.h"
#include "milter/mta.h"

#include <libmilter/mfapi.h>

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

/* The one pointer at file scope: libmilter hands no user data to a callback. */
static struct context *the_context;

/* Behind libmilter's private pointer. */
struct door {
	struct session *session;
	struct agreement agreed;
};

enum { STACK_SIZE = 512 * 1024 };

enum { WANTED_ACTIONS = SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_QUARANTINE };

/*
 * No answer where no verdict is given: each one saved is a packet less. Never
 * SMFIP_RCPT_REJ, and DATA is left out because libmilter loses the session
 * after an answer there.
 */
static const unsigned long wanted_steps = SMFIP_NR_CONN | SMFIP_NR_HELO |
	SMFIP_NR_MAIL | SMFIP_NR_HDR | SMFIP_NR_EOH | SMFIP_NODATA |
	SMFIP_NOUNKNOWN | SMFIP_HDR_LEADSPC;

/* The macros that are read, so that the MTA sends no others. */
static const struct {
	int stage;
	const char *names;
} macros[] = {
	{ SMFIM_CONNECT,
		"{daemon_name} {client_ptr} {client_resolve} {client_port}" },
	{ SMFIM_HELO, "" },
	{ SMFIM_ENVFROM, "i {auth_type} {auth_authen}" },
	{ SMFIM_ENVRCPT, "" },
	{ SMFIM_DATA, "" },
	{ SMFIM_EOH, "" },
	{ SMFIM_EOM, "i" },
};

/*
 * The door of this session; made when there is none, for an MTA may send
 * anything first, and after QUIT_NC it sends CONNECT without agreeing anew
 * (libmilter has closed the session then, but keeps what was agreed on).
 * NULL: no memory.
 */
static struct door *door_of(SMFICTX *ctx)
{
	struct door *d = smfi_getpriv(ctx);

	if (d != NULL)
		return d;
	d = calloc(1, sizeof(*d));
	if (d == NULL)
		return NULL;
	d->session = context_session(the_context);
	d->agreed = context_agreement(the_context);
	if (d->session == NULL || smfi_setpriv(ctx, d) != MI_SUCCESS) {
		session_free(d->session);
		free(d);
		return NULL;
	}
	session_allow(d->session, d->agreed.may);
	return d;
}

/* The answer of an event that has none: nothing at all where agreed. */
static sfsistat quiet(const struct door *d, unsigned long step)
{
	if (d != NULL && (d->agreed.steps & step) != 0)
		return SMFIS_NOREPLY;
	return SMFIS_CONTINUE;
}

static sfsistat status_of(enum answer answer)
{
	switch (answer) {
	case ANSWER_TEMPFAIL:
		return SMFIS_TEMPFAIL;
	case ANSWER_REJECT:
		return SMFIS_REJECT;
	case ANSWER_CONTINUE:
		break;
	}
	return SMFIS_CONTINUE;
}

/* No session to ask: the policy for our own failures, without a text. */
static sfsistat internal_error(void)
{
	return context_defers_errors(the_context) ? SMFIS_TEMPFAIL
						  : SMFIS_CONTINUE;
}

static struct mta mta_of(SMFICTX *ctx, const struct door *d)
{
	struct mta m;

	mta_init(&m, ctx, (d->agreed.steps & SMFIP_HDR_LEADSPC) == 0);
	return m;
}

static unsigned may_of(unsigned long actions, unsigned long steps)
{
	static const struct {
		unsigned long action;
		unsigned long step;
		unsigned may;
	} rows[] = {
		{ SMFIF_ADDHDRS, 0, SESSION_MAY_INSERT },
		{ SMFIF_CHGHDRS, 0, SESSION_MAY_DELETE },
		{ SMFIF_QUARANTINE, 0, SESSION_MAY_QUARANTINE },
		{ 0, SMFIP_HDR_LEADSPC, SESSION_KEEPS_BLANK },
		{ 0, SMFIP_NOBODY, SESSION_NO_BODY },
	};
	unsigned may = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if ((actions & rows[i].action) != 0 ||
			(steps & rows[i].step) != 0)
			may |= rows[i].may;
	return may;
}

/* What this session has no use for the MTA need not send. */
static unsigned long steps_for(const struct door *d)
{
	static const unsigned long body = SMFIP_NR_BODY | SMFIP_SKIP;

	if (session_wants_body(d->session))
		return wanted_steps | body;
	return wanted_steps | SMFIP_NOBODY;
}

/* The MTA offers; what we want of it is what we get. */
static void agree(SMFICTX *ctx, unsigned long actions, unsigned long steps,
	unsigned long *want_actions, unsigned long *want_steps)
{
	struct door *d = door_of(ctx);

	/* The last of these tells the MTA that lists of macros follow. */
	*want_actions = actions & (WANTED_ACTIONS | SMFIF_SETSYMLIST);
	/* Without memory for a door later events must be answered without
	 * knowing what was agreed on: agree on nothing. */
	*want_steps = d == NULL ? 0 : steps & steps_for(d);
	if (d == NULL)
		return;
	d->agreed.steps = *want_steps;
	d->agreed.may = may_of(*want_actions, *want_steps);
	context_agree(the_context, &d->agreed);
	session_allow(d->session, d->agreed.may);
	if ((*want_actions & WANTED_ACTIONS) != WANTED_ACTIONS)
		context_warn_once(the_context,
			"the MTA offers no change of headers or no "
			"quarantine: verdicts that need them show in the log "
			"only");
	if ((actions & SMFIF_SETSYMLIST) == 0)
		return;
	for (size_t i = 0; i < sizeof(macros) / sizeof(macros[0]); i++)
		if (smfi_setsymlist(ctx, macros[i].stage,
			    (char *)(uintptr_t)macros[i].names) != MI_SUCCESS)
			context_warn_once(the_context,
				"the list of macros was not taken");
}

static sfsistat tell_connect(SMFICTX *ctx, char *hostname, _SOCK_ADDR *sa)
{
	struct door *d = door_of(ctx);
	struct session_peer peer;
	struct mta m;

	if (d == NULL)
		return SMFIS_CONTINUE;
	m = mta_of(ctx, d);
	peer = (struct session_peer){
		.sa = (const struct sockaddr *)sa,
		.hostname = slice_of(hostname),
		.ptr = m.macro(m.at, "{client_ptr}"),
		.resolve = m.macro(m.at, "{client_resolve}"),
		.daemon = m.macro(m.at, "{daemon_name}"),
	};
	session_connect(d->session, &peer);
	return quiet(d, SMFIP_NR_CONN);
}

static sfsistat tell_helo(SMFICTX *ctx, char *name)
{
	struct door *d = door_of(ctx);

	if (d != NULL)
		session_helo(d->session, slice_of(name));
	return quiet(d, SMFIP_NR_HELO);
}

/* The address alone; ESMTP parameters come as further arguments. */
static struct slice first_of(char **argv)
{
	return slice_of(argv == NULL ? NULL : argv[0]);
}

static sfsistat tell_mail(SMFICTX *ctx, char **argv)
{
	struct door *d = door_of(ctx);

	if (d != NULL) {
		struct mta m = mta_of(ctx, d);

		session_mail(d->session, first_of(argv),
			m.macro(m.at, "{auth_type}"),
			m.macro(m.at, "{auth_authen}"));
	}
	return quiet(d, SMFIP_NR_MAIL);
}

static sfsistat tell_rcpt(SMFICTX *ctx, char **argv)
{
	struct door *d = door_of(ctx);
	struct mta m;

	if (d == NULL)
		return internal_error();
	m = mta_of(ctx, d);
	return status_of(session_rcpt(d->session, first_of(argv), &m));
}

static sfsistat tell_header(SMFICTX *ctx, char *name, char *value)
{
	struct door *d = door_of(ctx);

	if (d != NULL)
		session_header(d->session, slice_of(name), slice_of(value));
	return quiet(d, SMFIP_NR_HDR);
}

static sfsistat tell_end_of_header(SMFICTX *ctx)
{
	struct door *d = door_of(ctx);

	if (d != NULL)
		session_end_of_header(d->session);
	return quiet(d, SMFIP_NR_EOH);
}

/* An MTA that waits for an answer to each piece is told when no more of them
 * are wanted; one that does not wait cannot be told. */
static sfsistat tell_body(SMFICTX *ctx, unsigned char *piece, size_t len)
{
	struct door *d = door_of(ctx);
	bool wanted =
		d != NULL && session_body(d->session, slice_make(piece, len));

	if (d == NULL || wanted || (d->agreed.steps & SMFIP_NR_BODY) != 0 ||
		(d->agreed.steps & SMFIP_SKIP) == 0)
		return quiet(d, SMFIP_NR_BODY);
	return SMFIS_SKIP;
}

static sfsistat tell_end(SMFICTX *ctx)
{
	struct door *d = door_of(ctx);
	struct mta m;

	if (d == NULL)
		return internal_error();
	m = mta_of(ctx, d);
	return status_of(session_end(d->session, &m));
}

static sfsistat tell_abort(SMFICTX *ctx)
{
	struct door *d = smfi_getpriv(ctx);

	if (d != NULL)
		session_abort(d->session);
	return SMFIS_CONTINUE;
}

static sfsistat tell_close(SMFICTX *ctx)
{
	struct door *d = smfi_getpriv(ctx);

	if (d == NULL)
		return SMFIS_CONTINUE;
	smfi_setpriv(ctx, NULL);
	session_free(d->session);
	free(d);
	return SMFIS_CONTINUE;
}

/*
 * ---- the events as libmilter knows them ----
 *
 * It does not wait for its sessions when it stops; each asks whether the
 * context is still there. When it is not, the process is about to end.
 */

static sfsistat on_negotiate(SMFICTX *ctx, unsigned long f0, unsigned long f1,
	unsigned long f2, unsigned long f3, unsigned long *pf0,
	unsigned long *pf1, unsigned long *pf2, unsigned long *pf3)
{
	(void)f2;
	(void)f3;
	*pf2 = 0;
	*pf3 = 0;
	if (!context_enter(the_context))
		return SMFIS_REJECT;
	agree(ctx, f0, f1, pf0, pf1);
	context_leave(the_context);
	return SMFIS_CONTINUE;
}

static sfsistat on_connect(SMFICTX *ctx, char *hostname, _SOCK_ADDR *sa)
{
	sfsistat status;

	if (!context_enter(the_context))
		return SMFIS_TEMPFAIL;
	status = tell_connect(ctx, hostname, sa);
	context_leave(the_context);
	return status;
}

static sfsistat on_helo(SMFICTX *ctx, char *name)
{
	sfsistat status;

	if (!context_enter(the_context))
		return SMFIS_TEMPFAIL;
	status = tell_helo(ctx, name);
	context_leave(the_context);
	return status;
}

static sfsistat on_mail(SMFICTX *ctx, char **argv)
{
	sfsistat status;

	if (!context_enter(the_context))
		return SMFIS_TEMPFAIL;
	status = tell_mail(ctx, argv);
	context_leave(the_context);
	return status;
}

static sfsistat on_rcpt(SMFICTX *ctx, char **argv)
{
	sfsistat status;

	if (!context_enter(the_context))
		return SMFIS_TEMPFAIL;
	status = tell_rcpt(ctx, argv);
	context_leave(the_context);
	return status;
}

static sfsistat on_header(SMFICTX *ctx, char *name, char *value)
{
	sfsistat status;

	if (!context_enter(the_context))
		return SMFIS_TEMPFAIL;
	status = tell_header(ctx, name, value);
	context_leave(the_context);
	return status;
}

static sfsistat on_end_of_header(SMFICTX *ctx)
{
	sfsistat status;

	if (!context_enter(the_context))
		return SMFIS_TEMPFAIL;
	status = tell_end_of_header(ctx);
	context_leave(the_context);
	return status;
}

static sfsistat on_body(SMFICTX *ctx, unsigned char *piece, size_t len)
{
	sfsistat status;

	if (!context_enter(the_context))
		return SMFIS_TEMPFAIL;
	status = tell_body(ctx, piece, len);
	context_leave(the_context);
	return status;
}

static sfsistat on_end(SMFICTX *ctx)
{
	sfsistat status;

	if (!context_enter(the_context))
		return SMFIS_TEMPFAIL;
	status = tell_end(ctx);
	context_leave(the_context);
	return status;
}

static sfsistat on_abort(SMFICTX *ctx)
{
	sfsistat status;

	if (!context_enter(the_context))
		return SMFIS_TEMPFAIL;
	status = tell_abort(ctx);
	context_leave(the_context);
	return status;
}

static sfsistat on_close(SMFICTX *ctx)
{
	sfsistat status;

	if (!context_enter(the_context))
		return SMFIS_TEMPFAIL;
	status = tell_close(ctx);
	context_leave(the_context);
	return status;
}

static void *end_at_once(void *nothing)
{
	return nothing;
}

/*
 * libmilter starts and ends a thread for nearly every event under load. The C
 * library keeps 40 MB of used stacks at hand, which is five of its default
 * size; smaller ones are not mapped and unmapped each time.
 */
static void shrink_stacks(void)
{
#ifdef __GLIBC__
	pthread_attr_t before, small;
	pthread_t probe;

	if (pthread_getattr_default_np(&before) != 0)
		return;
	if (pthread_attr_init(&small) == 0) {
		if (pthread_attr_setstacksize(&small, STACK_SIZE) == 0)
			(void)pthread_setattr_default_np(&small);
		pthread_attr_destroy(&small);
	}
	/* Libraries with much thread-local data may need more. */
	if (pthread_create(&probe, NULL, end_at_once, NULL) == 0)
		pthread_join(probe, NULL);
	else
		(void)pthread_setattr_default_np(&before);
	pthread_attr_destroy(&before);
#endif
}

/*
 * Each of those threads would get a heap of its own, up to eight for each
 * processor; a message's memory would be spread over all of them and stay.
 */
static void share_heaps(void)
{
#ifdef __GLIBC__
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	(void)mallopt(M_ARENA_MAX, processors < 2 ? 2 : (int)processors);
#endif
}

enum result callbacks_register(void)
{
	struct smfiDesc desc = {
		.xxfi_name = (char *)(uintptr_t) "reprieve",
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = WANTED_ACTIONS,
		.xxfi_connect = on_connect,
		.xxfi_helo = on_helo,
		.xxfi_envfrom = on_mail,
		.xxfi_envrcpt = on_rcpt,
		.xxfi_header = on_header,
		.xxfi_eoh = on_end_of_header,
		.xxfi_body = on_body,
		.xxfi_eom = on_end,
		.xxfi_abort = on_abort,
		.xxfi_close = on_close,
		.xxfi_negotiate = on_negotiate,
	};

	shrink_stacks();
	share_heaps();
	return smfi_register(desc) == MI_SUCCESS ? RES_OK : RES_NOMEM;
}

void callbacks_use(struct context *ctx)
{
	the_context = ctx;
}

enum result callbacks_listen(
	const char *where, unsigned backlog, unsigned timeout_s)
{
	if (smfi_setconn((char *)(uintptr_t)where) != MI_SUCCESS ||
		smfi_setbacklog((int)backlog) != MI_SUCCESS ||
		smfi_settimeout((int)timeout_s) != MI_SUCCESS)
		return RES_SYNTAX;
	return smfi_opensocket(false) == MI_SUCCESS ? RES_OK : RES_DOWN;
}

enum result callbacks_serve(void)
{
	return smfi_main() == MI_SUCCESS ? RES_OK : RES_DOWN;
}
