/* Texts of one column to typed values, with our own parsers. Nothing is rounded or guessed. Inner header of
 * the room. */
#pragma once
#include "base/str.h"
#include "lake/rejects_msg.h"
#include "lake/schema.h"

/* The first fault of a row. */
struct sh_type_fault {
    uint8_t reason;  /* enum sh_reject_reason, 0 = none */
    uint16_t output; /* as given to sh_type_column */
};

/** Bytes of one typed value in a column of this type; 0 for texts (CODE, ID, TEXT, KEY), which stay as they
 * are. */
size_t sh_type_size(enum sh_column_type type);
/**
 * Type a column.
 * texts   [n] UTF-8, trimmed; empty = missing.
 * empty_zero  FLAG only: an empty text is 0, as the source is known to fill the flag.
 * to      [n] of sh_type_size; rows at fault get the missing value.
 * faults  [n]; only rows without an earlier fault are written. output: number to note there.
 * ret_n_faults  added: rows newly at fault.
 * Accepted: money at most 2 decimals, price 6, quantity 4, ratio 4 (beyond them only zeros), int none;
 * "-0.00" is 0; dates and times as in base/date.h; flags 1 0 是 否 Y N y n true false; levels the words of
 * the scale.
 */
void sh_type_column(const struct sh_lake_column *column, const struct sh_str *texts, size_t n,
                    bool empty_zero, void *to, struct sh_type_fault *faults, uint16_t output,
                    size_t *ret_n_faults);
/** line.time_exact from the text of line.time: 1 a time of day is written, 0 a date only, missing when empty.
 * [n] */
void sh_type_exact(const struct sh_str *texts, size_t n, int8_t *to);
/** The columns without which a row of this table cannot land: its natural key. NULL-terminated. */
const char *const *sh_table_needs(enum sh_table table);
