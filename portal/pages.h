/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/pages - the functions that portal/routes calls, one a page; the file
 * of each is named beside it. Threads: any.
 */
#pragma once

struct visit;

/* start.c: the front page. */
void page_start(struct visit *v);
/* help.c: /help/ (index), /help/NAME, /e/ (index), /e/CODE. */
void page_help(struct visit *v);
void page_code(struct visit *v);
/* plain.c: static files, /.well-known/security.txt, /healthz. */
void page_static(struct visit *v);
void page_security(struct visit *v);
void page_health(struct visit *v);
/* cases.c: /r/REF, the evidence of one refusal. */
void page_case(struct visit *v);
/* retest.c: POST /r/REF/test, the same checks now. */
void page_retest(struct visit *v);
/* whatif.c: /whatif. */
void page_whatif(struct visit *v);
void page_whatif_post(struct visit *v);
/* delist.c: /delist, ?ref=REF. */
void page_delist(struct visit *v);
void page_delist_post(struct visit *v);
/* confirm.c: /c/TOKEN, the link of a letter; /c/TOKEN/cancel. */
void page_confirm(struct visit *v);
void page_confirm_post(struct visit *v);
/* status.c: /status/RID, and its buttons. */
void page_status(struct visit *v);
void page_status_post(struct visit *v);
/* support.c: /support: paste a refusal; open a ticket. */
void page_support(struct visit *v);
void page_support_post(struct visit *v);
/* tickets.c: /t/ID, and /tc/TOKEN, the link of its first letter. */
void page_ticket(struct visit *v);
void page_ticket_post(struct visit *v);
void page_ticket_confirm(struct visit *v);
void page_ticket_confirm_post(struct visit *v);
/* sponsor.c: /sponsor/REF, and /s/TOKEN, the link of its letter. */
void page_sponsor(struct visit *v);
void page_sponsor_post(struct visit *v);
void page_vouch(struct visit *v);
void page_vouch_post(struct visit *v);
/* fbl.c: /fbl, registering for feedback; /fc/TOKEN, the link of its letter;
 * /fe/TOKEN, no more reports. */
void page_fbl(struct visit *v);
void page_fbl_post(struct visit *v);
void page_fbl_link(struct visit *v);
void page_fbl_link_post(struct visit *v);
void page_fbl_end(struct visit *v);
void page_fbl_end_post(struct visit *v);
/* dashboard.c: /f/TOKEN, a registered sender's own page; /f/TOKEN.csv. */
void page_sender(struct visit *v);
void page_sender_csv(struct visit *v);
/* report.c: /report: what is wrong with mail of ours, or that we let through.
 */
void page_report(struct visit *v);
void page_report_post(struct visit *v);
/* reportstatus.c: /report/ID. */
void page_report_status(struct visit *v);
