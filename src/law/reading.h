/* Inner header: pieces of a procedure's text. */
#pragma once
#include "law/procedure.h"

/** One field, as in registers. In register.c. */
SH_MUST sh_code sh_law_field(const struct sh_yaml_entry *entry, struct sh_arena *arena,
                             struct sh_field *field, struct sh_err *err);
/** "中文 / English": both; without " / " the English is `missing`. In register.c. */
void sh_law_words(struct sh_str text, struct sh_str missing, struct sh_str *ret_zh, struct sh_str *ret_en);
/** checks of a register whose fields and kind of change are read; in register_checks.c. */
SH_MUST sh_code sh_law_checks(const struct sh_yaml *root, struct sh_arena *arena, struct sh_register *reg,
                              struct sh_err *err);
/** knowledge of a register whose fields and kind of change are read; in register_checks.c. */
SH_MUST sh_code sh_law_knowledge(const struct sh_yaml *root, struct sh_arena *arena, struct sh_register *reg,
                                 struct sh_err *err);
/** runs of a register whose fields and kind of change are read; in register_checks.c. */
SH_MUST sh_code sh_law_runs(const struct sh_yaml *root, struct sh_arena *arena, struct sh_register *reg,
                            struct sh_err *err);
/** complete of a register, once all are there [n]; in register_checks.c. */
SH_MUST sh_code sh_law_complete(const struct sh_yaml *root, struct sh_register *all, size_t n,
                                struct sh_register *reg, struct sh_arena *arena, struct sh_err *err);
/** "own agency.head", "party institution.user", "law", "outside(police) own agency.auditor". */
SH_MUST sh_code sh_law_actor(const struct sh_yaml *node, const struct sh_roles *roles, struct sh_actor *ret,
                             struct sh_err *err);
/** One such text or a list of them. */
SH_MUST sh_code sh_law_actors(const struct sh_yaml *node, const struct sh_roles *roles,
                              struct sh_arena *arena, const struct sh_actor **ret, size_t *ret_n,
                              struct sh_err *err);
/** Fields of a machine, those it uses of law/fields among them. In shared.c. */
SH_MUST sh_code sh_law_fields(const struct sh_yaml *map, const struct sh_registers *registers,
                              struct sh_machine *machine, struct sh_arena *arena, struct sh_err *err);
/** The steps of a machine; papers, gates and states are there already. */
SH_MUST sh_code sh_law_steps(const struct sh_yaml *map, const struct sh_procedure *p,
                             struct sh_machine *machine, const struct sh_registers *registers,
                             const struct sh_roles *roles, struct sh_arena *arena, struct sh_err *err);
/** draw: seats, strata and fields of a sample; fields and items are there already. In drawing.c. */
SH_MUST sh_code sh_law_draw(const struct sh_yaml *root, const struct sh_params *params,
                            const struct sh_procedure *p, struct sh_arena *arena,
                            const struct sh_draw_text **ret, struct sh_err *err);
/** seal, frame, open, sample; a missing word is none. */
SH_MUST sh_code sh_law_draw_act(const struct sh_yaml *node, enum sh_draw_act *ret, struct sh_err *err);
/** seals: parts under a key of their own; fields of the matter are there already. In sealing.c. */
SH_MUST sh_code sh_law_seals(const struct sh_yaml *root, const struct sh_roles *roles, struct sh_procedure *p,
                             struct sh_arena *arena, struct sh_err *err);
/** every: the duty of each period; the period is there already. In duties.c. */
SH_MUST sh_code sh_law_every(const struct sh_yaml *root, const struct sh_registers *registers,
                             struct sh_procedure *p, struct sh_arena *arena, struct sh_err *err);
/** watches: rows of ledgers that call for a matter; its fields are there already. In duties.c. */
SH_MUST sh_code sh_law_watches(const struct sh_yaml *root, const struct sh_registers *registers,
                               struct sh_procedure *p, struct sh_arena *arena, struct sh_err *err);
/** container: which matter gathers those of this procedure; fields are there already. In container.c. */
SH_MUST sh_code sh_law_container(const struct sh_yaml *root, const struct sh_procedure *p,
                                 struct sh_arena *arena, const struct sh_container_text **ret,
                                 struct sh_err *err);
/** unseals: which sealed part of another matter is opened, by which step; fields and steps are there already.
 */
SH_MUST sh_code sh_law_unseals(const struct sh_yaml *root, const struct sh_procedure *p,
                               struct sh_arena *arena, const struct sh_unseal_text **ret, struct sh_err *err);
