/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/pages.h"
#include "portal/visit.h"

void page_delist(struct visit *v)
{
	visit_not_found(v);
}

void page_delist_post(struct visit *v)
{
	visit_not_found(v);
}

void page_confirm(struct visit *v)
{
	visit_not_found(v);
}

void page_confirm_post(struct visit *v)
{
	visit_not_found(v);
}

void page_status(struct visit *v)
{
	visit_not_found(v);
}

void page_status_post(struct visit *v)
{
	visit_not_found(v);
}
