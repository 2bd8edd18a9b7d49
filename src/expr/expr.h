/*
 * The expression language: parse, type, evaluate over batches of rows. Knows no claim, no law and no file
 * format: what names exist is passed in as a model, the data as a frame of columns.
 *
 * docs/rules.md describes the language for those who write it. In short: typed, total, no loops,
 * three-valued. Every value may be *missing*; a condition answers true, false or missing (Kleene). Money is
 * never a float.
 *
 * Values in batches are int64 with one sentinel, SH_MISSING. A condition is 0, 1 or SH_MISSING. What a number
 * means (its unit and decimal scale) is static: it belongs to the type of the node, never to the value.
 * Products and scale alignment run in 128 bits; what does not fit becomes SH_MISSING with the cause
 * "overflow".
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/money.h"
#include "base/str.h"
#include <stdbool.h>
#include <stdint.h>

#define SH_MISSING INT64_MIN     /* in evaluated vectors and in int64 columns */
#define SH_MISSING_I32 INT32_MIN /* in int32 columns (dates, codes, joins use -1 or this) */
#define SH_MISSING_I8 INT8_MIN   /* in int8 columns (flags, levels) */

/* ---- types --------------------------------------------------------------------------------------------- */

enum sh_kind {
    SH_KIND_BOOL,   /* three-valued */
    SH_KIND_NUMBER, /* has a unit and a decimal scale */
    SH_KIND_DATE,   /* int32 days since 1970-01-01 */
    SH_KIND_TIME,   /* int64 seconds, wall clock */
    SH_KIND_CODE,   /* dense id in dictionary `domain`; compared by = != in under, never by < */
    SH_KIND_LEVEL,  /* ordered word list `domain` of the model; index is the value */
    SH_KIND_TEXT,   /* id of a text; only = != and distinct */
    SH_KIND_SET,    /* number of a struct sh_set in the frame (knowledge cells, literals) */
    SH_KIND_RANGE,  /* number of a struct sh_range in the frame */
    SH_KIND_SCOPE, /* a grouping word in a knowledge cell: day, encounter, course, ... (enum sh_expr_scope) */
};

enum sh_unit {
    SH_UNIT_NONE,    /* plain number, count, quantity */
    SH_UNIT_YUAN,    /* money: scale 2 = fen; unit price: scale 6 */
    SH_UNIT_DAYS,    /* duration in days */
    SH_UNIT_SECONDS, /* duration in seconds ("6 hours") */
    SH_UNIT_YEARS,   /* ages */
    SH_UNIT_MONTHS,
    SH_UNIT_RATIO, /* result of an exact division; comparable with plain numbers */
};

struct sh_type {
    enum sh_kind kind;
    enum sh_unit unit; /* NUMBER only */
    int8_t scale;      /* NUMBER only: value x 10^-scale */
    int16_t domain;    /* CODE: dictionary domain; LEVEL: word list; SET, RANGE: kind of member in `member` */
    enum sh_kind member; /* SET, RANGE */
};

/* Grouping words. The same words serve as keys of a group, as SCOPE of a related call and in knowledge cells.
 */
enum sh_expr_scope {
    SH_SCOPE_NONE,
    SH_SCOPE_HOUR,
    SH_SCOPE_DAY,
    SH_SCOPE_WEEK, /* Monday to Sunday */
    SH_SCOPE_MONTH,
    SH_SCOPE_QUARTER,
    SH_SCOPE_YEAR,
    SH_SCOPE_ENCOUNTER,
    SH_SCOPE_PRESCRIPTION,
    SH_SCOPE_STAY,
    SH_SCOPE_COURSE,
    SH_SCOPE_PERSON,
    SH_SCOPE_INSTITUTION, /* same person at the same institution */
    SH_SCOPE_EVER,
    SH_SCOPE_SIX_HOURS, /* "6 hours": |ta - tb| <= 21 600 s */
};

/** Word of the language or of a knowledge cell ("day", "encounter" or "visit", "6 hours" …); SH_SCOPE_NONE if
 * it is none. */
enum sh_expr_scope sh_scope_find(struct sh_str word);
/** The word of a scope; "?" for SH_SCOPE_NONE. */
const char *sh_scope_word(enum sh_expr_scope scope);

/* ---- model: which names exist -------------------------------------------------------------------------- */

/*
 * How a column lies in memory. I8/I32/I64 with their sentinel above. Also missing: -1 in joins and in small
 * columns (I8, I32) of kind CODE, TEXT, LEVEL, SET, RANGE, SCOPE, and INT64_MIN + 1 in I64. A CODE below -1
 * is known, but is no code of this lake: it equals nothing that is in the lake.
 */
enum sh_storage { SH_STORE_I8, SH_STORE_I32, SH_STORE_I64 };

struct sh_model_column {
    const char *name;
    struct sh_type type;
    enum sh_storage storage;
    int16_t join;    /* >= 0: the column holds row numbers (int32, -1 none) of that table: line.encounter */
    bool empty_none; /* empty means "none" (no refund, alive), so a comparison with it is false, not missing;
                        see known() */
    const char *meaning; /* Chinese, one line; NULL allowed */
};

struct sh_model_table {
    const char *name;
    const struct sh_model_column *columns;
    uint16_t n_columns;
    int16_t time_column; /* column that dates a row (TIME or DATE), -1 none: used by day, hour, past, within,
                            age */
    int16_t end_column;  /* end of an interval row (stay, encounter, supply), -1 none */
    bool knowledge;      /* a knowledge table: reached only through `uses` */
};

struct sh_model {
    const struct sh_model_table *tables;
    uint16_t n_tables;
    const char *const *const *level_words; /* [domain] -> NULL-terminated words, lowest first */
    uint16_t n_level_domains;
    const char *const *domain_names; /* [domain] names of dictionaries, for messages */
    const bool *domain_unnamed; /* [domain] of things that no rule may name by a word (persons); NULL: none */
    uint16_t n_domains;
};

/* A name that stands for a row: line, encounter, k, a, b, p, stay ... */
struct sh_variable {
    const char *name;
    uint16_t table; /* in the model */
    bool bare;      /* its columns may be written without the variable's name */
};

#define SH_VARIABLES_MAX 16

enum sh_context_kind {
    SH_CONTEXT_ROW,    /* no aggregates */
    SH_CONTEXT_GROUP,  /* aggregates over the members of the group; bare/keyed columns are those of the group
                          key or equal in all members */
    SH_CONTEXT_WINDOW, /* aggregates over the window's rows, standing() allowed */
    SH_CONTEXT_MEMBER, /* one member of a group (`blame`): as ROW, and nth() is allowed; batches give
                          group_begin */
};

struct sh_context {
    const struct sh_model *model;
    enum sh_context_kind kind;
    const struct sh_variable *variables; /* slot i of a batch is variables[i] */
    uint16_t n_variables;
    uint16_t subject; /* slot of the row (or member row) that bare names, day, age refer to */
    /* param(NAME): returns false when the parameter does not exist. A known parameter without a value is
     * SH_MISSING. */
    bool (*param)(void *ctx, struct sh_str name, struct sh_type *ret_type, int64_t *ret_value);
    void *param_ctx;
    const char *const *names; /* all parameter names, for "did you mean"; NULL-terminated, may be NULL */
};

#define SH_EXPR_BYTES_MAX 16384 /* one text */
#define SH_EXPR_DEPTH_MAX 128   /* nesting of one tree */

/** Is it a word of the language itself ("where", "in")? No column can be called so. */
bool sh_is_keyword(struct sh_str name);

/* ---- compile ------------------------------------------------------------------------------------------- */

struct sh_expr; /* typed tree, immutable once bound; lives in the arena; may be shared by threads */

/** Where a text stands, so that errors name file:line:column. */
struct sh_place {
    const char *file;
    uint32_t line, column; /* 1-based, of the first byte of the text */
};

/**
 * Parse and type-check `text`.
 * Errors: SH_E_INPUT with "file:line:column: what, did you mean ...?"; SH_E_LIMIT too deep or too long;
 * SH_E_NOMEM. An expression may be followed as a whole only; trailing text is an error.
 */
SH_MUST sh_code sh_expr_compile(struct sh_str text, struct sh_place at, const struct sh_context *context,
                                struct sh_arena *arena, struct sh_expr **ret, struct sh_err *err);

struct sh_type sh_expr_type(const struct sh_expr *e);
struct sh_str sh_expr_text(const struct sh_expr *e); /* as written */
/** Does e ask for related rows? outside: those asked for inside an aggregate do not count. */
bool sh_expr_asks_rows(const struct sh_expr *e, bool outside);
/** Table whose row number the value is (a join such as line.encounter, or a row itself); -1 a plain value. */
int16_t sh_expr_join(const struct sh_expr *e);
/** Is e period(k.c)? Then the table and the column of the cell. */
bool sh_expr_period(const struct sh_expr *e, uint16_t *ret_table, uint16_t *ret_column);

/* A column that must be present in the frame to evaluate e: (table, column) in the model, joins on the way
 * included. */
struct sh_need {
    uint16_t table, column;
};
/** Columns needed by e, without repeats, in model order. Also related tables: a need with column UINT16_MAX
 * names a table as such. */
SH_MUST sh_code sh_expr_needs(const struct sh_expr *e, struct sh_arena *arena, struct sh_need **ret,
                              size_t *ret_n, struct sh_err *err);

/* A set of dictionary ids: sorted, unique. `unknown` counts members no id exists for in this lake (harmless).
 */
struct sh_set {
    const int32_t *ids;
    uint32_t n;
    const int32_t *written; /* the same ids as the text names them, for people; NULL: in their own order */
};
/* `in` and `under` over a SET cell both test membership: whoever binds a cell that is meant as prefixes
 * expands them. */
/* Half-open [low, high); SH_MISSING low or high = open on that side. Unit: of the range's member type (years,
 * days, money ...). */
struct sh_range {
    int64_t low, high;
    enum sh_unit unit;
};

/** Ids of a code word in one lake: all equal to `word` or, if `under`, beginning with it. Nothing found is no
 * error: an empty set. */
typedef sh_code sh_lookup_fn(void *ctx, int16_t domain, struct sh_str word, bool under,
                             struct sh_arena *arena, struct sh_set *ret, struct sh_err *err);
/**
 * Replace code words written in the text (`in {21, 52}`, `= 住院`, `under {Q56, Q96}`) by dictionary ids of
 * one lake. lookup(ctx, domain, word, under, arena, ret): all ids equal to (or, if under, beginning with)
 * word; none is no error. Must be called once before evaluation, also when no code is written.
 */
SH_MUST sh_code sh_expr_bind(struct sh_expr *e, sh_lookup_fn *lookup, void *ctx, struct sh_arena *arena,
                             struct sh_err *err);

/* ---- evaluate ------------------------------------------------------------------------------------------ */

struct sh_frame_table {
    uint32_t n_rows;
    const void *const *columns; /* [n_columns of the model] NULL where not needed; storage as in the model */
};

struct sh_frame {
    const struct sh_model *model;
    const struct sh_frame_table *tables; /* [model->n_tables] */
    const struct sh_set *sets;           /* SET values index this */
    const struct sh_range *ranges;       /* RANGE values index this */
};

/*
 * n tuples; tuple i binds variable s to row rows[s][i] of its table (-1: no row, all its columns missing).
 * rows[s] NULL: tuple i binds it to row i itself. Simple comparisons then read the column in place (1 000 M/s
 * against 500 M/s). The subject's slot must be bound whenever related calls or complete() are asked: in
 * groups and windows to any member.
 */
struct sh_batch {
    uint32_t n;
    const int32_t *rows[SH_VARIABLES_MAX];
    /* Groups and windows: tuple i has the member tuples member_begin[i] .. member_begin[i+1]-1 of `members`,
       in total order (time, id). NULL in row context. In a window the members are the rows of the window, the
       subject last. */
    const struct sh_batch *members;
    const uint32_t *member_begin; /* [n + 1] */
    /* Only for expressions of SH_CONTEXT_MEMBER that ask nth(): the tuples of this batch are members of
       n_groups groups; group g has the tuples group_begin[g] .. group_begin[g+1]-1 in total order. NULL: one
       group holds all. */
    const uint32_t *group_begin; /* [n_groups + 1] */
    uint32_t n_groups;
    /* Windows only: rows of the window that stand, the subject not among them; a second CSR into `members`.
     */
    const uint32_t *standing_members; /* member numbers */
    const uint32_t *standing_begin;   /* [n + 1] */
    /* Groups whose members are elsewhere: aggregate number a of tuple i is merged[a][i], see
       sh_expr_partials. NULL: aggregates are taken over `members`. */
    const sh_i128 *const *merged;
};

/* Candidate rows for related calls, one list a tuple. */
struct sh_candidates {
    const uint32_t *begin; /* [n + 1] */
    const int32_t *rows;   /* rows of the asked table, ascending (= total order) */
};

/* What the executor knows and the language does not. All callbacks may be NULL where no expression needs
 * them. */
struct sh_world {
    /* Rows of `table` in `scope` of row rows[i] of table `from` (the subject's), for all i; the row itself is
       among them when the tables are the same. Time windows are applied by the caller. Asked scopes: DAY
       (same person and institution, that day), ENCOUNTER, PRESCRIPTION, STAY, PERSON, INSTITUTION (same
       person there); no others: hours, weeks … are narrowed here. rows[i] is never -1. Tuples beyond the
       executor's limit (timeline too long) get toolong[i] = 1 and an empty list; toolong arrives zeroed. Up
       to 256 rows a call. */
    sh_code (*candidates)(void *ctx, uint16_t table, enum sh_expr_scope scope, uint16_t from,
                          const int32_t *rows, uint32_t n, struct sh_arena *arena, struct sh_candidates *ret,
                          uint8_t *toolong, struct sh_err *err);
    /* complete(T in SCOPE): 1 or 0 a tuple. Also asked for every `none` and `every` that no row contradicts:
       0 makes them missing
       ("absence needs completeness"). NULL: all is complete. */
    sh_code (*complete)(void *ctx, uint16_t table, enum sh_expr_scope scope, uint16_t from,
                        const int32_t *rows, uint32_t n, int64_t *ret, struct sh_err *err);
    /* Text of a code or of a text id, for receipts and messages. */
    struct sh_str (*name)(void *ctx, struct sh_type type, int64_t value, struct sh_arena *arena);
    void *ctx;
};

/* What shared parts (sh_expr_share) came to, filled while conditions are asked one after the other. */
struct sh_shared_values {
    uint16_t n_parts;
    uint32_t n;                   /* places; rows number them, or else the tuples of the batch */
    int64_t *values;              /* [n_parts][n] */
    uint8_t *known;               /* [n_parts][n] 1: the value is there; of parts that have begun */
    bool *has_begun;              /* [n_parts] some value of the part was kept */
    uint64_t *most;               /* [n_parts] no magnitude is above it, of numbers that may need 128 bits */
    const struct sh_batch *batch; /* values of other batches are not kept */
    const int32_t *rows;          /* [batch->n] NULL: tuple i has place i */
};
/** Room for n values of each part, none known; batch and rows are the caller's. Errors: SH_E_NOMEM. */
SH_MUST sh_code sh_shared_values_make(struct sh_arena *arena, uint16_t n_parts, uint32_t n,
                                      struct sh_shared_values *ret, struct sh_err *err);

struct sh_eval {
    const struct sh_frame *frame;
    const struct sh_world *world;
    struct sh_arena *arena;          /* scratch; the caller marks and rewinds */
    struct sh_shared_values *shared; /* NULL: no values are kept */
};

/**
 * Number the parts that conditions have in common: a part of one with the number of another's comes to the
 * same for the same rows. exprs: compiled over the same variables and bound alike; what was numbered before
 * is numbered anew. ret_n: how many parts.
 * Errors: SH_E_NOMEM. Cost: about n log n of all their nodes.
 */
SH_MUST sh_code sh_expr_share(struct sh_expr *const *exprs, size_t n, uint16_t *ret_n, struct sh_err *err);

/**
 * Evaluate e for every tuple. ret[batch->n]: value or SH_MISSING.
 * Numbers come with the scale of sh_expr_type(e); a wide result that leaves int64 is missing.
 * Errors: SH_E_NOMEM, and what the callbacks return. Data never makes it fail.
 */
SH_MUST sh_code sh_expr_eval(const struct sh_expr *e, const struct sh_eval *in, const struct sh_batch *batch,
                             int64_t *ret, struct sh_err *err);

/* A column of the subject's own row behind an expression. */
struct sh_plain_column {
    int column, exact; /* in the subject's table; exact: flag without which a time is not there, -1 none */
    bool minus_one;    /* -1 is missing too */
    bool is_period;    /* e is a period of it: values that differ may be of one period */
};
/**
 * Is e a column of the subject's row in int32 or int64, or a period (hour, day, week …) of one? Then its
 * value is there where the column's is, and equal where the column's is. False: it is something else.
 */
bool sh_expr_plain_column(const struct sh_expr *e, struct sh_plain_column *ret);
/**
 * Is e `not known(K) or C in K`, C a column of codes of the subject's own row and K a column of sets of the
 * row in `slot`? A set that is there and lacks a code that is there makes it false.
 */
bool sh_expr_is_join(const struct sh_expr *e, uint16_t slot, int *ret_column, int *ret_set);
/** How many members a group needs for a condition to hold: `count() > 2 and …` 3, what is not known 1.
 * Smaller groups answer no, never unknown. */
uint32_t sh_expr_least_members(const struct sh_expr *e);

/* What a value can be over many rows: from low to high, if it can be a value at all; for a condition 0 to 1.
 */
enum { SH_MAY_VALUE = 1, SH_MAY_MISSING = 2, SH_MAY_NONE = 4 };
struct sh_bounds {
    int64_t low, high;
    uint8_t may;
};
/** Is a condition nothing but `answer` (0 or 1)? */
static inline bool sh_bounds_are(struct sh_bounds b, int64_t answer) {
    return b.may == SH_MAY_VALUE && b.low == answer && b.high == answer;
}
/* Runs of rows of the subject's table, each of one person. */
struct sh_row_runs {
    uint32_t n;
    const uint32_t *which; /* [n] numbers of the runs asked for; NULL: 0 … n - 1 */
    const uint32_t *begin; /* run r has the rows begin[r] … begin[r + 1] - 1 */
    const int16_t *joins;  /* [variables] column of the subject's table that joins a variable, -1 none */
    /* Bounds of a column of the subject's table, by number of the run; *ret NULL: not known. */
    sh_code (*column)(void *ctx, uint16_t column, const struct sh_bounds **ret, struct sh_err *err);
    void *ctx;
    /* Bounds of shared parts by number of the run, and which are made already: [n_shared][runs]. NULL: none
     * are kept. */
    struct sh_bounds *const *shared;
    uint8_t *const *shared_known;
    uint16_t n_shared;
};
/** Bounds of a column over runs begin[r] … begin[r + 1] - 1, as evaluation sees its values. ret [n]. */
void sh_column_bounds(const struct sh_model_column *column, const void *data, const uint32_t *begin,
                      uint32_t n, struct sh_bounds *ret);
/**
 * What e can come to over whole runs of rows, without evaluating each: every answer that sh_expr_eval gives
 * for a row of the run lies within. Wide enough where it is not worth knowing better. ret [runs->n], without
 * SH_MAY_NONE. For conditions of SH_CONTEXT_ROW whose variables are the subject and what it joins.
 */
SH_MUST sh_code sh_expr_bounds(const struct sh_expr *e, const struct sh_eval *in,
                               const struct sh_row_runs *runs, struct sh_bounds *ret, struct sh_err *err);

/**
 * Like sh_expr_eval for a NUMBER of unit yuan, rounded once to fen, half away from zero, whatever the scale
 * or ratio inside.
 */
SH_MUST sh_code sh_expr_eval_fen(const struct sh_expr *e, const struct sh_eval *in,
                                 const struct sh_batch *batch, int64_t *ret, struct sh_err *err);

/** sh_expr_eval for a NUMBER, rounded once to `scale` decimals, half away from zero. */
SH_MUST sh_code sh_expr_eval_scaled(const struct sh_expr *e, int8_t scale, const struct sh_eval *in,
                                    const struct sh_batch *batch, int64_t *ret, struct sh_err *err);

/**
 * Which field made e missing for tuple i: "line.covered", "person.birth", "complete(line in person)",
 * "param(x)", "overflow", "division by zero", "timeline too long". Empty when e is not missing there. The
 * first cause in reading order that matters.
 */
SH_MUST sh_code sh_expr_missing(const struct sh_expr *e, const struct sh_eval *in,
                                const struct sh_batch *batch, uint32_t i, struct sh_str *ret,
                                struct sh_err *err);
/**
 * The same for many tuples at which e is missing: ret[i] for tuple pick[i], equal causes mostly share one
 * text. pick [n], ret [n].
 */
SH_MUST sh_code sh_expr_causes(const struct sh_expr *e, const struct sh_eval *in,
                               const struct sh_batch *batch, const uint32_t *pick, uint32_t n,
                               struct sh_str *ret, struct sh_err *err);

struct sh_value_read {
    struct sh_str name, value; /* "sum(line.quantity)", "2" */
};
/** The values e read for tuple i: columns, aggregates, related calls and parameters at the outermost level;
 * for receipts. */
SH_MUST sh_code sh_expr_values(const struct sh_expr *e, const struct sh_eval *in,
                               const struct sh_batch *batch, uint32_t i, struct sh_value_read **ret,
                               size_t *ret_n, struct sh_err *err);

/**
 * The smallest change that would make a true condition false for tuple i, in words of the language:
 * "sum(line.quantity) <= 1" for a hit of "sum(line.quantity) > k.max". Of a conjunction the first part that a
 * change of the claim itself (not of the knowledge row) can clear. Empty if none.
 */
SH_MUST sh_code sh_expr_clearing(const struct sh_expr *e, const struct sh_eval *in,
                                 const struct sh_batch *batch, uint32_t i, struct sh_str *ret,
                                 struct sh_err *err);
/** The same of a condition that was found true for the tuple: it is not asked again. */
SH_MUST sh_code sh_expr_clearing_hit(const struct sh_expr *e, const struct sh_eval *in,
                                     const struct sh_batch *batch, uint32_t i, struct sh_str *ret,
                                     struct sh_err *err);

/* ---- aggregates in parts ------------------------------------------------------------------------------- */

/* How parts of an aggregate are put together; NOT: only all members together tell (distinct, days, nth …). */
enum sh_partial_kind {
    SH_PARTIAL_NOT,
    SH_PARTIAL_SUM,
    SH_PARTIAL_LEAST,
    SH_PARTIAL_MOST,
    SH_PARTIAL_ANY,
    SH_PARTIAL_EVERY
};
struct sh_node;
struct sh_partial {
    enum sh_partial_kind kind;
    int16_t distinct_of; /* distinct(): a table whose rows it tells apart (a sum only if those are never
                            split), -1 */
    uint32_t slots;      /* bit s: variable s is read */
    const struct sh_expr *expr;
    struct sh_node *node;
};
/**
 * Number the aggregates of e from *io_n on and add them to ret [room]. Once for each expression of a rule,
 * before it is shared. Errors: SH_E_LIMIT no room.
 */
SH_MUST sh_code sh_expr_partials(struct sh_expr *e, struct sh_partial *ret, size_t room, size_t *io_n,
                                 struct sh_err *err);
/** Value of one aggregate for each group of the batch; wide missing and none are values of their own. ret [n]
 */
SH_MUST sh_code sh_partial_eval(const struct sh_partial *p, const struct sh_eval *in,
                                const struct sh_batch *batch, sh_i128 *ret, struct sh_err *err);
/** The value over no member, and two parts as one. */
sh_i128 sh_partial_empty(enum sh_partial_kind kind);
sh_i128 sh_partial_join(enum sh_partial_kind kind, sh_i128 a, sh_i128 b);
/** The aggregate as it was written. */
struct sh_str sh_partial_text(const struct sh_partial *p);
/** Is the aggregate the sum of what each member adds by itself? */
bool sh_partial_is_sum(const struct sh_partial *p);
/** What each member adds, sh_partial_is_sum: 0 where it is left out, SH_MISSING where it alone makes the
 * aggregate missing. ret [members->n] */
SH_MUST sh_code sh_partial_adds(const struct sh_partial *p, const struct sh_eval *in,
                                const struct sh_batch *members, int64_t *ret, struct sh_err *err);
/** Value of the aggregate for each group from what its members add; group[i] UINT32_MAX: in none. gaps [n]:
 * those marked are left out, NULL none. ret [n_groups] */
void sh_partial_sums(const int64_t *adds, const uint32_t *group, uint32_t n, const uint8_t *gaps,
                     sh_i128 *ret, uint32_t n_groups);
/** Add what members add to sums that stand already: that of group g at io[g * step]. */
void sh_partial_sums_more(const int64_t *adds, const uint32_t *group, uint32_t n, sh_i128 *io, size_t step);
/** Does e read nothing beside aggregates and constants? Then merged aggregates suffice to evaluate it. */
bool sh_expr_is_of_aggregates(const struct sh_expr *e);
/** ret[i] becomes 1 where member i alone would make the aggregate missing. */
SH_MUST sh_code sh_partial_gaps(const struct sh_partial *p, const struct sh_eval *in,
                                const struct sh_batch *members, uint8_t *ret, struct sh_err *err);

/* ---- text with expressions ----------------------------------------------------------------------------- */

/* say: "{item.name}：{day} 计费 {sum(line.quantity)} 次". {{ and }} are the signs themselves. */

struct sh_template;
SH_MUST sh_code sh_template_compile(struct sh_str text, struct sh_place at, const struct sh_context *context,
                                    struct sh_arena *arena, struct sh_template **ret, struct sh_err *err);
SH_MUST sh_code sh_template_bind(struct sh_template *t, sh_lookup_fn *lookup, void *ctx,
                                 struct sh_arena *arena, struct sh_err *err);
/** The expressions of a text, in its order. ret [*ret_n] in the arena. */
SH_MUST sh_code sh_template_exprs(struct sh_template *t, struct sh_arena *arena, struct sh_expr ***ret,
                                  size_t *ret_n, struct sh_err *err);
SH_MUST sh_code sh_template_needs(const struct sh_template *t, struct sh_arena *arena, struct sh_need **ret,
                                  size_t *ret_n, struct sh_err *err);
/** Text for tuple i; a missing value prints as "?" . Money as 1234.50, quantities without trailing zeros,
 * dates YYYY-MM-DD. */
SH_MUST sh_code sh_template_print(const struct sh_template *t, const struct sh_eval *in,
                                  const struct sh_batch *batch, uint32_t i, struct sh_str *ret,
                                  struct sh_err *err);
/** The same formatting for a single value. */
SH_MUST sh_code sh_value_print(struct sh_type type, int64_t value, const struct sh_eval *in,
                               struct sh_str *ret, struct sh_err *err);

/* ---- print as SQL -------------------------------------------------------------------------------------- */

/*
 * The same meaning in SQL, for an executor that shares no code with the evaluator above and for warehouses.
 * Integers only (hugeint, numeric), one helper for division and rounding, missing is NULL; where "none" and
 * missing differ both are told apart. Codes are compared as text. What must be there: a table f_NAME for each
 * table of the model with its columns by name (numbers and times as in the frame, codes and texts as text)
 * and rn        number of the row in the total order (dictionaries, persons: their code) _alive    rules may
 * read it _person, _institution, _encounter, _stay   the row's own or its encounter's; _time, _day: what
 * dates it _first, _key, _prescription   day and key of its encounter, its prescription; for completeness and
 * scopes and k_NAME for knowledge: sets as arrays of text, a range as NAME, NAME_low, NAME_high. Also
 * f_complete(tbl, answer), f_coverage(tbl, institution, first, last), f_lost(encounter_key).
 */
enum sh_sql_dialect { SH_SQL_DUCKDB, SH_SQL_POSTGRES };

#define SH_SQL_JOINS_MAX 64
#define SH_SQL_NTHS_MAX 16

/* nth(x by y) of a member: the shape makes a column nN of it. */
struct sh_sql_nth {
    struct sh_str text;
    const struct sh_expr *expr;
    const void *node;
};

/* One statement being written. The first failure stays in `code` and `err`; texts are never NULL. */
struct sh_sql {
    enum sh_sql_dialect dialect;
    struct sh_arena *arena;
    const struct sh_model *model;
    bool (*is_prefix_set)(void *ctx, uint16_t table, uint16_t column); /* words of this set are prefixes */
    bool (*is_diagnosis)(void *ctx, int16_t domain); /* marks + and * at the end of a code do not count */
    bool (*is_category)(void *ctx, int16_t domain);  /* first three characters of a diagnosis */
    void *ctx;
    /* Is there such a table (column UINT16_MAX) or column? */
    bool (*has)(void *ctx, uint16_t table, uint16_t column);
    uint16_t (*complete_as)(void *ctx,
                            uint16_t table); /* the lake's table that tells whether rows are complete */
    /* Rows of that table belong to stays first, as a stay's own do: "in encounter" asks for those of the
     * stay. */
    bool (*is_of_stays)(void *ctx, uint16_t table);
    /* The row of that table with this number is read from here instead; NULL: all from f_NAME. */
    const char *stand_in, *stand_in_row;
    uint16_t stand_in_table;
    unsigned n_aliases;
    struct sh_sql_nth nths[SH_SQL_NTHS_MAX];
    size_t n_nths;
    const struct sh_expr *walk; /* under way */
    sh_code code;
    struct sh_err err;
};

/* One FROM: where each variable's row number stands, and the joins that the columns asked for. */
struct sh_sql_scope {
    struct sh_sql *sql;
    struct sh_sql_scope *outer;             /* asked for variables that `rows` leaves out; NULL */
    const char *rows[SH_VARIABLES_MAX + 1]; /* SQL of a row number, NULL: see outer */
    const char *members;                    /* aggregates: "m where m.gid = g.gid"; NULL none */
    const char *standing;                   /* the same for those that stand */
    const char *members_b;                  /* those of aggregates that read slot_b; NULL: one table */
    uint16_t slot_b;
    const char *member_rows[SH_VARIABLES_MAX];
    struct {
        const char *row, *alias;
        uint16_t table;
    } joins[SH_SQL_JOINS_MAX];
    size_t n_joins;
};

/** Formatted SQL in the arena. */
const char *sh_sql_say(struct sh_sql *sql, const char *format, ...) SH_PRINTF(2, 3);
/** A text as a literal. */
const char *sh_sql_quote(struct sh_sql *sql, struct sh_str text);
/** Keep the first failure. */
void sh_sql_refuse(struct sh_sql *sql, const char *format, ...) SH_PRINTF(2, 3);
/** Value of an expression: a condition, or the number sh_expr_eval gives. */
const char *sh_sql_value(struct sh_sql_scope *scope, const struct sh_expr *e);
/** What sh_expr_eval_scaled gives. */
const char *sh_sql_scaled(struct sh_sql_scope *scope, const struct sh_expr *e, int scale);
/** Condition on a member in scope, never NULL: it makes the aggregate missing, see sh_partial_gaps. */
const char *sh_sql_gap(struct sh_sql_scope *scope, const struct sh_partial *partial);
/** What sh_expr_eval_fen gives. */
const char *sh_sql_fen(struct sh_sql_scope *scope, const struct sh_expr *e);
/** The part of an nth(): 0 value, 1 what it is ordered by (NULL: nothing); *ret_descending. */
const char *sh_sql_nth_part(struct sh_sql_scope *scope, const struct sh_sql_nth *nth, int part,
                            bool *ret_descending);
/** "left join f_line j1 on j1.rn = t.row …" for all columns asked for so far. */
const char *sh_sql_joins(struct sh_sql_scope *scope);
/** num / den rounded half away from zero, den > 0 or NULL; and truncated, rounded down. */
const char *sh_sql_div_round(struct sh_sql *sql, const char *num, const char *den);
const char *sh_sql_div_floor(struct sh_sql *sql, const char *num, const char *den);
/** A number of any type as the wide one: hugeint, numeric. */
const char *sh_sql_number(struct sh_sql *sql, const char *value);
/** Alias of a table's row with that number. */
const char *sh_sql_join(struct sh_sql_scope *scope, const char *row, uint16_t table);
