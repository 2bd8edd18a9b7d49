/* Numbers that an office sets on record: the register "parameters", changed by two persons (procedure 6),
 * laid over the tables of law/params while the server runs; and with them the years of its calendar
 * (gate/years.h). Inner header. */
#pragma once
#include "law/law.h"
#include "matter/matter.h"
#include "store/store.h"
#include <pthread.h>
#include <stdatomic.h>

#define SH_NUMBERS_REGISTER "parameters"

struct sh_gate;
struct sh_request;
struct sh_entry_values;
struct sh_faults;
struct sh_numbers_layer;
/* What has been laid so far; all zero: nothing. A layer lives on when the next is laid: readers may hold it.
 */
struct sh_numbers {
    pthread_mutex_t mutex;
    struct sh_numbers_layer *newest; /* under the mutex */
    atomic_uint_fast64_t generation; /* one more with each layer */
};
void sh_numbers_free(struct sh_numbers *numbers);
/**
 * Read the register and lay its values over the tables that `texts` are counted by, unless they are laid
 * already. Any thread. A value whose number the tables no longer declare is left out.
 * Errors: those of the store; SH_E_LIMIT more than 4,096 values; SH_E_NOMEM. Then what was laid stays.
 */
SH_MUST sh_code sh_numbers_lay(struct sh_numbers *numbers, struct sh_store *store,
                               const struct sh_registers *registers, const struct sh_matter_texts *texts,
                               struct sh_err *err);
/** The same for the server; a failure is logged, and the duty thread tries again. */
void sh_gate_numbers(struct sh_gate *gate);
/** Is the register one of those that are read so? */
bool sh_numbers_reads(struct sh_str register_id);
/** A proposed value is of a number the tables declare, of its unit, and inside every bound of higher rank;
 * else a fault names the article. Of another register: nothing. */
SH_MUST sh_code sh_numbers_check(struct sh_request *rq, const struct sh_entry_values *entry, size_t row,
                                 struct sh_faults *faults, struct sh_err *err);
/** A whole number in force for a place today; INT64_MIN: none is set there. */
int64_t sh_gate_number(const struct sh_gate *gate, const char *name, struct sh_str place);
