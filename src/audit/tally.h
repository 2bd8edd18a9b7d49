/* Inner header: groups and statistics over many persons, added up by a worker over all its chunks: one record
 * a group and worker, not one a group and chunk. For keys that mean the same in every chunk. */
#pragma once
#include "audit/carry.h"

struct sh_seconds;
SH_MUST sh_code sh_tally_new(const struct sh_plan *plan, struct sh_tally **ret, struct sh_err *err);
void sh_tally_free(struct sh_tally *t);
/** Before a chunk: sends what is there when it has grown large. */
SH_MUST sh_code sh_tally_begin(struct sh_tally *t, struct sh_exchange *to, struct sh_err *err);
/** Add the members of the chunk; *ret_done false: the rule is not of this kind, or not in this chunk. */
SH_MUST sh_code sh_tally_rule(struct sh_engine *en, const struct sh_rule_plan *rp, bool *ret_done,
                              struct sh_err *err);
/** Send all groups. */
SH_MUST sh_code sh_tally_send(struct sh_tally *t, struct sh_exchange *to, struct sh_err *err);
/** What it knows of second tables; see second.h. */
struct sh_seconds *sh_tally_seconds(struct sh_tally *t);
/** Has a key the same number in every chunk? */
bool sh_is_lasting_key(const struct sh_plan *plan, const struct sh_rule_key *key);
