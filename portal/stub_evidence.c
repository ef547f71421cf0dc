/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/pages.h"
#include "portal/visit.h"

void page_retest(struct visit *v)
{
	visit_not_found(v);
}

void page_whatif(struct visit *v)
{
	visit_not_found(v);
}

void page_whatif_post(struct visit *v)
{
	visit_not_found(v);
}

void page_case(struct visit *v)
{
	visit_not_found(v);
}
