/*
 * Parameters: the numbers that law, agreements or the office fix, by place and by day. The tables of
 * law/params, one row a value. Part of the public header law/law.h. Loaded once, const afterwards, shared by
 * threads.
 *
 * Columns: name, place, from, to, value, unit, basis, note; and, where the office applies the number (all or
 * none of a file): picked_by, rank, binds, status, set_by, reading. A number that the law leaves open is
 * declared by a row without value; there is no default, and whoever needs it answers "unknown" and names it
 * (V6).
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/msg.h"
#include "base/str.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Which day picks the value (V2). */
enum sh_param_day {
    SH_BY_ANY,    /* not said: the day the caller has; rules read such numbers by the day of the service */
    SH_BY_ACT,    /* substance: penalties, points, bands of conduct */
    SH_BY_STEP,   /* procedure: lengths, thresholds of gates */
    SH_BY_PERIOD, /* indicators, quotas, fees */
    SH_PARAM_DAYS
};
/* Rank of the text that sets it, the highest first (V1). */
enum sh_rank {
    SH_RANK_LAW,            /* law: 法律 */
    SH_RANK_INTERPRETATION, /* interpretation: 司法解释 */
    SH_RANK_REGULATION,     /* regulation: 行政法规 */
    SH_RANK_ORDER,          /* order: 部门规章 */
    SH_RANK_LOCAL_RULE,     /* local_rule: 地方性法规、地方政府规章 */
    SH_RANK_PAPER,          /* paper: 国家规范性文件 */
    SH_RANK_LOCAL_PAPER,    /* local_paper: 地方规范性文件 */
    SH_RANK_AGREEMENT,      /* agreement: 服务协议 */
    SH_RANK_OWN,            /* own: 本系统自定, 演示 */
    SH_RANKS
};
/* What a text of higher rank leaves to narrower places. */
enum sh_binds {
    SH_BINDS_NOTHING, /* a value; a narrower place may set another */
    SH_BINDS_EXACT,   /* a value; no other may be set */
    SH_BINDS_MIN,     /* a value; narrower ones may only be higher */
    SH_BINDS_MAX,     /* a value; narrower ones may only be lower */
    SH_BINDS_FLOOR,   /* no value of its own: the lowest that may be set */
    SH_BINDS_CEILING, /* no value of its own: the highest that may be set */
    SH_BINDS
};
/* How well the number is known. */
enum sh_proof {
    SH_PROOF_UNSAID,
    SH_PROOF_FULL,    /* F: the full text was read */
    SH_PROOF_EXCERPT, /* E: an excerpt was read; shown as not verified */
    SH_PROOF_OPEN,    /* P: the law leaves it to somebody: set_by */
    SH_PROOFS
};

struct sh_param {
    struct sh_str name, place, unit, basis, note, text;
    int32_t from, to; /* days, half-open */
    int64_t value;    /* scaled by scale; dates: days since 1970, month_day: month × 100 + day; word: 0, see
                         text;    INT64_MIN: declared, but nobody has set it */
    int8_t scale;
    uint8_t picked_by, rank, binds, proof; /* enums above */
    struct sh_str set_by;                  /* who sets it, in Chinese */
    struct sh_str
        reading; /* the reading under which a value beyond a bound is used all the same; empty: none */
    const char *file;
    uint32_t line;
};
/* Values set on record while the program runs, over those of the tables; NULL: none. */
struct sh_param_layer {
    _Atomic(const struct sh_params *) set;
};
struct sh_params {
    struct sh_param *rows;
    size_t n;
    struct sh_param_layer *layer; /* NULL in a layer itself */
};

/** Is it a division code of six digits? */
bool sh_is_place(struct sh_str place);
/** Load all *.csv of a folder. Errors name file, line and column. */
SH_MUST sh_code sh_params_load(const char *dir, struct sh_arena *arena, struct sh_params **ret,
                               struct sh_err *err);
/**
 * Lay values over those of the tables, instead of those laid before: for its place and days each stands
 * before the table's. Readers in other threads see the one or the other. `set` and what was laid before live
 * as long as `params`.
 */
void sh_params_lay(const struct sh_params *params, const struct sh_params *set);
/** What is laid now; NULL: nothing. */
const struct sh_params *sh_params_laid(const struct sh_params *params);
/* A value that an office sets on record for its place. */
struct sh_param_set {
    struct sh_str name, place, value, basis;
    int32_t from, to; /* days, half-open */
};
enum sh_param_fault { SH_PARAM_FINE, SH_PARAM_BAD_NAME, SH_PARAM_BAD_VALUE };
/**
 * The row of such a value: unit, day that picks it and who sets it are the table's, its rank is the lowest,
 * so that every bound holds it. BAD_NAME: the tables declare no such number, or rules read it (what an audit
 * counts by is released with its rules). BAD_VALUE: it is none of that unit. `why` says so to people.
 * Strings of `set` stay the caller's.
 */
enum sh_param_fault sh_param_of_office(const struct sh_params *params, const struct sh_param_set *set,
                                       sh_lang lang, struct sh_param *ret, struct sh_buf *why);
/** The bound of higher rank that it lies beyond on one of its days, NULL: none. */
const struct sh_param *sh_param_beyond(const struct sh_params *params, const struct sh_param *row);
/**
 * The row in force for `place` (falling back to shorter division codes, then 000000) on `day`. NULL if the
 * name is unknown. A declared name without value in force gives a row with value INT64_MIN. Bounds are not
 * asked: for those who only read numbers; procedures use sh_param_pick.
 */
const struct sh_param *sh_param_find(const struct sh_params *params, struct sh_str name, struct sh_str place,
                                     int32_t day);

enum sh_param_state {
    SH_PARAM_SET, /* row->value counts; bound not NULL: used beyond that bound, under row->reading: show it */
    SH_PARAM_UNSET,  /* declared; nobody has set it for the place and day: row says who must */
    SH_PARAM_BEYOND, /* row lies beyond `bound` of higher rank and no reading is stated: unknown until decided
                      */
    SH_PARAM_NO_DAY, /* the day that picks it (row->picked_by) is not known */
    SH_PARAM_NO_SUCH /* no such name; row NULL */
};
/* The days a matter has; INT32_MIN where there is none. */
struct sh_param_dates {
    int32_t act, step, period;
};
struct sh_param_pick {
    enum sh_param_state state;
    const struct sh_param *row, *bound;
};
/**
 * The value for a place by the day the number itself names (V1, V2): the narrowest place that covers wins,
 * inside the bounds of higher rank. Never a default. Cost: a pass over the rows.
 */
struct sh_param_pick sh_param_pick(const struct sh_params *params, struct sh_str name, struct sh_str place,
                                   struct sh_param_dates dates);
/** Why a pick has no value, for a refusal: names the number, the place and who sets it. Into `out`. */
void sh_param_tell(const struct sh_param_pick *pick, struct sh_str name, struct sh_str place, sh_lang lang,
                   struct sh_buf *out);

/** Names that have no value for a place on a day, in byte order; bounds alone are no value. [n] in the arena.
 */
SH_MUST sh_code sh_params_missing(const struct sh_params *params, struct sh_str place, int32_t day,
                                  struct sh_arena *arena, const struct sh_param *const **ret, size_t *ret_n,
                                  struct sh_err *err);

/* What `law check` says of a text; shared by all kinds of law text. */
enum sh_law_severity { SH_LAW_ERROR, SH_LAW_WARNING };
struct sh_law_note {
    enum sh_law_severity severity;
    const char *file; /* borrowed from the text */
    uint32_t line, column;
    struct sh_str text;
};
/** A growing list of notes. All zero is empty. */
struct sh_law_notes {
    struct sh_law_note *of;
    size_t n, cap;
};
SH_MUST sh_code sh_law_note_add(struct sh_law_notes *notes, struct sh_arena *arena, struct sh_law_note note,
                                struct sh_err *err);
/** Is the end `to` of a text near on `day`: within param(law.lapse_ahead) days? Never, where that is not set.
 */
bool sh_law_lapses(const struct sh_params *params, struct sh_str place, int32_t to, int32_t day);
/**
 * What is wrong with the parameters as seen on a day: a value beyond a bound of higher rank (error without a
 * reading, warning with one), a lapse without successor (V5), a reading that waits for a
 * lawyer, a number known from an excerpt only. Notes are added in the order of the files.
 */
SH_MUST sh_code sh_params_check(const struct sh_params *params, int32_t day, sh_lang lang,
                                struct sh_arena *arena, struct sh_law_notes *notes, struct sh_err *err);
