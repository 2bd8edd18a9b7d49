/*
 * Law as text: parameters here, registers and roles in register.h (included). Parameters are the .csv files
 * of law/params, one row a value: name, place, from, to, value, unit, basis, note. A number that the law
 * leaves open has no row and no default.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "law/register.h"
#include <stdbool.h>
#include <stdint.h>

struct sh_param {
    struct sh_str name, place, unit, basis, note, text;
    int32_t from, to; /* days, half-open */
    int64_t value;    /* scaled by scale; INT64_MIN: declared, but nobody has set it */
    int8_t scale;
    uint32_t line;
};
struct sh_params {
    struct sh_param *rows;
    size_t n;
};
/** Load all *.csv of a folder. Errors name file, line and column. */
SH_MUST sh_code sh_params_load(const char *dir, struct sh_arena *arena, struct sh_params **ret,
                               struct sh_err *err);
/**
 * The row in force for `place` (falling back to shorter division codes, then 000000) on `day`. NULL if the
 * name is unknown. A declared name without value in force gives a row with value INT64_MIN.
 */
const struct sh_param *sh_param_find(const struct sh_params *params, struct sh_str name, struct sh_str place,
                                     int32_t day);
