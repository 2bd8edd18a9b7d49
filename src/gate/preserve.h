/* Packages of evidence get their bytes: what the lake keeps of an audit, beside what the office had. Inner
 * header. */
#pragma once
#include "gate/auth.h"

/** Seal what waits, oldest first; a server without a lake leaves it for one that has it. Failures are logged;
 * the duty asks again. */
void sh_evidence_seal_all(struct sh_gate *gate);
