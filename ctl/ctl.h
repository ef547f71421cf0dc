/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/ctl - what every command of reprievectl is handed, and its exit codes.
 *
 * A command is a row of the table in main.c: an args_spec and a function. It
 * answers through out and returns one of enum ctl_exit. Threads: one.
 */
#pragma once

#include "ctl/args.h"
#include "ctl/output.h"
#include "net/hostname.h"

struct conf;
struct redis;

enum ctl_exit {
	CTL_DONE = 0, /* done; check: not blocked */
	CTL_NO = 1, /* the answer is "blocked", "no" or "there is none" */
	CTL_USAGE = 2, /* wrong words, wrong configuration file */
	CTL_DOWN = 3, /* could not ask */
	CTL_REFUSED = 4 /* asked, and refused */
};

struct ctl {
	const char *conf_path;
	struct conf *conf; /* NULL for commands that load it themselves */
	struct output *out;
	struct redis *redis; /* ask.h opens it */
	char who[128]; /* for the audit: user@host */
};

struct ctl_command {
	const struct args_spec *spec;
	enum ctl_exit (*run)(struct ctl *ctl, const struct args *args);
	bool without_conf;
};

extern const struct ctl_command cmd_add, cmd_allow, cmd_check, cmd_config,
	cmd_doctor, cmd_explain, cmd_export, cmd_import, cmd_list, cmd_lists,
	cmd_mta_config, cmd_nodes, cmd_remove, cmd_test_message, cmd_tickets,
	cmd_watch, cmd_replay, cmd_shadow, cmd_requests, cmd_grant, cmd_deny,
	cmd_lock, cmd_forget, cmd_learn;
/* Of ctl/reports.am. */
extern const struct ctl_command cmd_complaints, cmd_reports;
/* Of ctl/fbl.am. */
extern const struct ctl_command cmd_fbl;
/* Of ctl/pause.am. */
extern const struct ctl_command cmd_pause, cmd_resume;
/* Of ctl/dmarc.am. */
extern const struct ctl_command cmd_dmarc_report;

extern const struct ctl_command cmd_traffic;
/* Of ctl/dmarcin.am. */
extern const struct ctl_command cmd_dmarc_summary;

/* prefix of all keys, from the configuration. */
struct slice ctl_prefix(const struct ctl *ctl);

/* Seconds since 1970. */
int64_t ctl_now_s(void);

/* "2026-11-22T20:53:32Z" of that second as a field; 0 is left out. */
void ctl_output_time(struct output *o, const char *key, int64_t wall_s);

/* Reads --rcpt into scope (folded; "" when it was not given). False: said
 * why, CTL_USAGE is to be returned. */
bool ctl_read_scope(
	struct ctl *ctl, const struct args *args, char scope[HOSTNAME_MAX]);
