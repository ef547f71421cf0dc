/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/country - what the operator thinks of the client's country and network.
 *
 * Looks for conn's country and asn in geo.scores (conf/confgeo). HIT with
 * detail "country" or "network", factor = what the line says, subject = "CN"
 * or "AS64500", evidence the same, with the organisation of the network. Both
 * may be found. UNKNOWN with detail "temperror", once: there are lines for what
 * could not be told, as there is no database or it does not know the address.
 * MISS with detail "": told, and nothing is said about it. Without any line
 * there is no finding.
 * service of check_input is a struct geoip, for the organisation; or NULL.
 * Threads: as its session.
 */
#pragma once

#include "fact/check.h"

check_step country_step;
