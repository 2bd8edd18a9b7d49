/* What a first review must have asked: the rules and knowledge in force for the office on the day its run is
 * taken up (S4§17). Inner header. */
#pragma once
#include "audit/audit.h"
#include "gate/gate.h"
#include "law/law.h"
#include "matter/matter.h"

/**
 * What a kept run lacks of what is in force at its place: rules that it did not run, or ran with another
 * text; views, tables of knowledge and parameters that were other than those of options' folders. In force
 * are the rules whose text runs and that no row of the register rules_state has retired, and those that such
 * a row has put on trial or above. Tables that a register writes are the office's own and are not compared.
 * Sets io->lacks, a line each in `arena`, and io->n_lacks, how many; 0: it asked everything. Errors:
 * SH_E_INPUT no folder of rules or knowledge, or they do not load; those of the store; SH_E_NOMEM.
 */
SH_MUST sh_code sh_in_force_lacks(const struct sh_gate_options *options, struct sh_store *store,
                                  const struct sh_registers *registers, const struct sh_run_about *about,
                                  struct sh_arena *arena, struct sh_covered *io, struct sh_err *err);
