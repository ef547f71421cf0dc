/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/pages.h"
#include "portal/visit.h"

void page_support(struct visit *v)
{
	visit_not_found(v);
}

void page_support_post(struct visit *v)
{
	visit_not_found(v);
}

void page_ticket(struct visit *v)
{
	visit_not_found(v);
}

void page_ticket_post(struct visit *v)
{
	visit_not_found(v);
}

void page_sponsor(struct visit *v)
{
	visit_not_found(v);
}

void page_sponsor_post(struct visit *v)
{
	visit_not_found(v);
}

void page_vouch(struct visit *v)
{
	visit_not_found(v);
}

void page_vouch_post(struct visit *v)
{
	visit_not_found(v);
}
