/*
 * Inner header of the room: the tree, the compiler's state, the evaluator's vectors. Only files of expr
 * include it.
 *
 * A text becomes tokens (lex.c), an untyped tree (parse.c), a typed tree (check.c, calls.c, resolve.c). The
 * same node is first syntax, then meaning: checking overwrites `op`. Evaluation (eval.c …) reads typed nodes
 * only.
 *
 * Beside SH_MISSING there is one more value inside: SH_NONE, "there is no such thing" (the death of the
 * living). Strict functions hand it on, comparisons with it are false, aggregates leave it out. It never
 * leaves the room.
 */
#pragma once
#include "base/money.h"
#include "expr/expr.h"

#define SH_NONE (INT64_MIN + 1)
#define SH_WIDE_MISSING ((sh_i128)((sh_u128)1 << 127))
#define SH_WIDE_NONE (SH_WIDE_MISSING + 1)
#define SH_NO_COLUMN UINT16_MAX
#define SH_TIME_MAX ((int64_t)1 << 50) /* beyond it a sum of times is an overflow */

enum sh_op {
    /* syntax; gone after checking */
    SH_OP_NAME,
    SH_OP_NUMBER,
    SH_OP_STRING,
    SH_OP_SETLIT,
    SH_OP_RANGELIT,
    SH_OP_CALL,
    SH_OP_IN, /* kids: left, right; `under`, `negated` */
    /* values */
    SH_OP_CONST,
    SH_OP_PARAM,
    SH_OP_COLUMN,
    SH_OP_ROW,   /* the number of a row, as a value */
    SH_OP_FLAG,  /* kid with none = false */
    SH_OP_EXACT, /* kids: time, time_exact; the time only where it is exact */
    /* conditions */
    SH_OP_AND,
    SH_OP_OR,
    SH_OP_NOT,
    SH_OP_EQ,
    SH_OP_NE,
    SH_OP_LT,
    SH_OP_LE,
    SH_OP_GT,
    SH_OP_GE,
    SH_OP_IN_CODES,
    SH_OP_IN_VALUES,
    SH_OP_IN_SET,
    SH_OP_IN_RANGE,
    SH_OP_AGE_IN_RANGE, /* kids: birth, on, range */
    SH_OP_BETWEEN,      /* kids: x, low, high; NULL = open */
    SH_OP_KNOWN,
    SH_OP_COMPLETE,
    /* numbers */
    SH_OP_ADD,
    SH_OP_SUB,
    SH_OP_MUL,
    SH_OP_DIV,
    SH_OP_NEG,
    SH_OP_MIN,
    SH_OP_MAX,
    SH_OP_ABS,
    SH_OP_CEIL,
    /* time */
    SH_OP_SHIFT,      /* kids: date or time, duration; `negated` = minus */
    SH_OP_DIFFERENCE, /* date - date in days, time - time in seconds */
    SH_OP_DAY,
    SH_OP_HOUR,       /* 0 … 23 */
    SH_OP_HOUR_START, /* the clock hour as a time */
    SH_OP_WEEK,
    SH_OP_MONTH,
    SH_OP_QUARTER,
    SH_OP_YEAR,
    SH_OP_AGE, /* kids: birth, on (DATE); unit in the type */
    SH_OP_GAP,
    SH_OP_MONTHS,
    SH_OP_OVERLAP, /* kids: from a, end a, from b, end b */
    SH_OP_PERIOD,
    /* many rows */
    SH_OP_AGGREGATE,
    SH_OP_NTH,
    SH_OP_RELATED,
};

/** How a number lies in vectors: int64, int128, or a fraction of two int128. */
enum sh_rep { SH_REP_NARROW, SH_REP_WIDE, SH_REP_RATIO };

enum { SH_HOPS_MAX = 8, SH_SCOPES_MAX = 4 };

/** From a variable through joins to a column. */
struct sh_path {
    uint16_t slot;
    uint8_t n_hops;
    struct {
        uint16_t table, column;
    } hops[SH_HOPS_MAX];
    uint16_t table, column; /* column SH_NO_COLUMN: the row itself */
};

enum sh_window_kind { SH_WINDOW_NONE, SH_WINDOW_PAST, SH_WINDOW_NEXT, SH_WINDOW_WITHIN };

/** A call as written. Its plain arguments are the kids of the node. */
struct sh_call {
    struct sh_str name;
    enum sh_expr_scope scopes[SH_SCOPES_MAX];
    uint32_t scope_at; /* offset of the first scope word */
    uint8_t n_scopes;
    enum sh_window_kind window_kind;
    struct sh_node *window, *where, *by;
    bool descending;
    struct sh_str unit; /* overlap(…) in UNIT */
    uint32_t unit_at;
};

/** Code words of the text and the ids they have in one lake. */
struct sh_codes {
    struct sh_str *words;
    uint32_t n_words;
    bool under;
    struct sh_set set;    /* after binding */
    const uint64_t *bits; /* for long sets: bit id; n_bits long */
    uint32_t n_bits;
};

enum sh_aggregate_fn {
    SH_AGG_SUM,
    SH_AGG_COUNT,
    SH_AGG_DISTINCT,
    SH_AGG_MIN,
    SH_AGG_MAX,
    SH_AGG_DAYS,
    SH_AGG_SPAN,
    SH_AGG_ANY,
    SH_AGG_EVERY,
};

struct sh_aggregate {
    enum sh_aggregate_fn fn;
    bool standing;
    struct sh_node *where;        /* or NULL */
    struct sh_node *day, *supply; /* DAYS, SPAN */
    uint32_t slots;               /* bit s: variable s is read */
    uint16_t number;              /* in sh_batch.merged */
};

enum sh_related_fn {
    SH_RELATED_ANY,
    SH_RELATED_EVERY,
    SH_RELATED_NONE,
    SH_RELATED_COUNT,
    SH_RELATED_SUM,
    SH_RELATED_FIRST,
    SH_RELATED_LAST,
};

struct sh_related {
    enum sh_related_fn fn;
    uint16_t table, slot; /* slot: n_variables, the related row */
    enum sh_expr_scope scopes[SH_SCOPES_MAX];
    uint8_t n_scopes;
    enum sh_window_kind window_kind;
    struct sh_node *window; /* duration, or SCOPE for `within k.within` */
    struct sh_node *anchor_day, *anchor_time, *row_day, *row_time; /* NULL where not needed */
    struct sh_node *where, *value;                                 /* or NULL */
    uint32_t slots;                                                /* variables that where and value read */
};

struct sh_node {
    enum sh_op op;
    enum sh_rep rep;
    struct sh_type type;
    int16_t vscale;    /* value = number x 10^-vscale; below zero only for fractions */
    uint16_t depth;    /* of the tree below */
    uint16_t part;     /* number among the parts shared with other expressions, from 1; 0 none */
    bool literal;      /* made of plain number literals only: takes the unit of what it meets */
    bool negated;      /* IN*: not; SHIFT: minus */
    bool under;        /* IN as written */
    bool may_none;     /* SH_NONE may come out */
    bool nth;          /* nth() somewhere below, outside any aggregate */
    bool closed;       /* BETWEEN, RANGELIT: high bound belongs to it */
    uint32_t from, to; /* bytes of the text */
    uint32_t n_kids;
    struct sh_node **kids;
    union {
        struct sh_str word;     /* NAME, NUMBER, STRING, PARAM: the text */
        struct sh_path path;    /* COLUMN, ROW */
        struct sh_call *call;   /* CALL, and COMPLETE */
        struct sh_codes *codes; /* IN_CODES */
        struct sh_aggregate *aggregate;
        struct sh_related *related;
        struct {
            int64_t *at;
            uint32_t n;
        } values;                        /* IN_VALUES, sorted */
        struct sh_node *const *by_scope; /* PERIOD: [SH_SCOPE_SIX_HOURS + 1], NULL = missing */
        bool descending;                 /* NTH */
        char shape; /* OVERLAP: 'n' nights, 'd' days, 's' seconds, 'u' supply (half-open days) */
    };
    int64_t value; /* CONST, PARAM; COMPLETE: table */
};

/** What an expression keeps of its context. */
struct sh_env {
    const struct sh_model *model;
    const struct sh_variable *variables;
    uint16_t n_variables, subject;
    enum sh_context_kind kind;
};

struct sh_expr {
    struct sh_node *root;
    struct sh_str text;
    struct sh_env env;
    struct sh_node **code_nodes; /* IN_CODES nodes, to be bound */
    size_t n_code_nodes;
    bool bound;
};

/* ---- compiler ------------------------------------------------------------------------------------------ */

enum sh_token_kind {
    SH_TOKEN_END,
    SH_TOKEN_NAME, /* also dotted, also keywords */
    SH_TOKEN_NUMBER,
    SH_TOKEN_DATE,
    SH_TOKEN_TIME,
    SH_TOKEN_STRING,
    SH_TOKEN_SIGN, /* one or two characters */
};
struct sh_token {
    enum sh_token_kind kind;
    uint32_t from, to;
};

struct sh_compile {
    struct sh_str text;
    struct sh_place at;
    const struct sh_context *context;
    struct sh_arena *arena;
    struct sh_err *err; /* never NULL while compiling */
    struct sh_token *tokens;
    uint32_t n_tokens, next;
    uint32_t depth, n_nodes;
    struct sh_related *related; /* checking the inside of this related call */
    bool in_aggregate, in_standing;
    struct sh_node **code_nodes;
    size_t n_code_nodes, code_cap;
    struct {       /* where the last sh_resolve_name stopped, for sh_resolve_complain */
        int table; /* its columns were asked; -1: the first name is unknown; -2: not a row */
        struct sh_str before, segment; /* "line.encounter" and "kindd" */
    } bad;
};

/** Fail with file:line:column of a byte offset. */
sh_code sh_compile_fail(struct sh_compile *c, uint32_t offset, const char *format, ...) SH_PRINTF(3, 4);
sh_code sh_compile_nomem(struct sh_compile *c);
/* The code each gives, said where the compiler and clang's analyzer can see it; compare base/err.h. */
#define sh_compile_fail(...) ((void)(sh_compile_fail)(__VA_ARGS__), (sh_code)SH_E_INPUT)
#define sh_compile_nomem(c) ((void)(sh_compile_nomem)(c), (sh_code)SH_E_NOMEM)
SH_MUST sh_code sh_lex(struct sh_compile *c);
SH_MUST sh_code sh_parse(struct sh_compile *c, struct sh_node **ret);
SH_MUST sh_code sh_check_node(struct sh_compile *c, struct sh_node *node);
/** Check and demand a condition. */
SH_MUST sh_code sh_check_condition(struct sh_compile *c, struct sh_node *node, const char *where);
SH_MUST sh_code sh_check_call(struct sh_compile *c, struct sh_node *node);
/** Bring a checked argument into common units and scales (min, max, comparisons, sums). what: for the
 * message. */
SH_MUST sh_code sh_check_alike(struct sh_compile *c, struct sh_node *node, struct sh_node *a,
                               struct sh_node *b, const char *what);

struct sh_str sh_node_text(const struct sh_compile *c, const struct sh_node *node);
struct sh_node *sh_node_new(struct sh_compile *c, enum sh_op op, uint32_t from, uint32_t to);
struct sh_node *sh_node_const(struct sh_compile *c, struct sh_type type, int64_t value,
                              const struct sh_node *like);
/** Node with kids (all not NULL), depth and flags from them. NULL without memory. */
struct sh_node *sh_node_with(struct sh_compile *c, enum sh_op op, struct sh_type type,
                             const struct sh_node *like, size_t n, struct sh_node *const *kids);
/** depth, may_none, nth from the kids. */
SH_MUST sh_code sh_node_settle(struct sh_compile *c, struct sh_node *node);

/** Is the name a column, variable or word of time? quiet: no message. Rewrites the node on success. */
enum sh_resolve { SH_RESOLVE_FOUND, SH_RESOLVE_UNKNOWN, SH_RESOLVE_FIELD, SH_RESOLVE_FAIL };
/**
 * FOUND: node rewritten. UNKNOWN: nothing of that name (it may be a code word). FIELD: the beginning is
 * known, the rest is not. FAIL: a failure with its message. For UNKNOWN and FIELD sh_resolve_complain writes
 * the message.
 */
enum sh_resolve sh_resolve_name(struct sh_compile *c, struct sh_node *node);
/** The names behind "T." in sum(T.a.b in …), from a row; complains itself. */
SH_MUST sh_code sh_resolve_rest(struct sh_compile *c, struct sh_path row, struct sh_str rest,
                                struct sh_node *node);
sh_code sh_resolve_complain(struct sh_compile *c, const struct sh_node *node);
/** Column by name, -1 if none. */
int sh_column_find(const struct sh_model_table *table, struct sh_str name);
int sh_table_find(const struct sh_model *model, struct sh_str name);
/** Column node at the end of a path, wrapped as its kind needs. NULL without memory. */
struct sh_node *sh_column_node(struct sh_compile *c, const struct sh_path *path, const struct sh_node *like);
/** The day (DATE) or time (TIME, exact) of a row: its own time column or that of its encounter. *ret NULL: it
 * has none. */
SH_MUST sh_code sh_row_time(struct sh_compile *c, const struct sh_path *row, bool end,
                            const struct sh_node *like, struct sh_node **ret);
SH_MUST sh_code sh_row_day(struct sh_compile *c, const struct sh_path *row, bool end,
                           const struct sh_node *like, struct sh_node **ret);
/** Path of a variable's row, of the subject (or of the related row inside a related call). */
struct sh_path sh_slot_path(const struct sh_compile *c, uint16_t slot);
struct sh_path sh_subject_path(const struct sh_compile *c);
/** Interval of `a` or `encounter` in overlap(): path to a row. */
enum sh_resolve sh_resolve_row(struct sh_compile *c, const struct sh_node *node, struct sh_path *ret);
/** Does the text begin like a related call's table? -1 no; else the table; *ret_rest: what follows "T." */
int sh_related_table(const struct sh_compile *c, struct sh_str name, struct sh_str *ret_rest);
SH_MUST sh_code sh_check_related(struct sh_compile *c, struct sh_node *node, enum sh_related_fn fn);
SH_MUST sh_code sh_check_aggregate(struct sh_compile *c, struct sh_node *node, enum sh_aggregate_fn fn);
SH_MUST sh_code sh_check_nth(struct sh_compile *c, struct sh_node *node);
SH_MUST sh_code sh_check_overlap(struct sh_compile *c, struct sh_node *node);
SH_MUST sh_code sh_check_in(struct sh_compile *c, struct sh_node *node);
/** Write a number, name, string or set as a code, level or number of the other side's type. */
SH_MUST sh_code sh_check_word(struct sh_compile *c, struct sh_node *word, struct sh_type type,
                              int64_t *ret_value);
SH_MUST sh_code sh_code_words(struct sh_compile *c, struct sh_node *node, bool under, struct sh_node *words);
/** A node that may be a code word: string, number, or a name that is nothing else. FAIL on errors. */
enum sh_resolve sh_wordlike(struct sh_compile *c, struct sh_node *node);

/** "yuan", "days", "code of insurance" … in the arena; never NULL. */
const char *sh_type_text(struct sh_compile *c, struct sh_type type);
bool sh_type_same(struct sh_type a, struct sh_type b);
static inline struct sh_type sh_type_of(enum sh_kind kind) {
    return (struct sh_type){.kind = kind};
}
static inline struct sh_type sh_number_type(enum sh_unit unit, int8_t scale) {
    return (struct sh_type){.kind = SH_KIND_NUMBER, .unit = unit, .scale = scale};
}
/** Decimals of a type, in the width they are reckoned with. */
static inline int16_t sh_scale_of(struct sh_type type) {
    return type.scale;
}
/** The scope to ask the executor for; hours, weeks … are parts of it. */
enum sh_expr_scope sh_scope_base(enum sh_expr_scope scope);
/** Variables read below a node (bit s), those of aggregates and related calls included. */
uint32_t sh_node_slots(const struct sh_node *node);
/** The comparison with its sides exchanged; others as they are. */
enum sh_op sh_op_mirrored(enum sh_op op);
/** Call fn for the node and all below it, parts of aggregates and related calls included. */
void sh_node_walk(struct sh_node *node, void (*fn)(void *ctx, struct sh_node *node), void *ctx);

/* ---- evaluator ----------------------------------------------------------------------------------------- */

struct sh_run {
    const struct sh_eval *in;
    const struct sh_env *env;
    struct sh_err *err; /* never NULL while compiling */
};

/** Tuples lo … lo + n - 1 of a batch. groups: for nth, absolute tuple numbers [n_groups + 1]. */
struct sh_view {
    const struct sh_batch *batch;
    uint32_t lo, n;
    const uint32_t *group_begin;
    uint32_t n_groups;
};

/** Values of a number that does not lie in int64; den NULL: all 1. */
struct sh_wide {
    sh_i128 *num, *den;
};

/* share.c: parts whose values are kept. */
bool sh_is_shared(const struct sh_run *run, const struct sh_node *node, const struct sh_view *view);
/** Values of a shared part, if all of the view's are known. out [view->n]. */
bool sh_shared_take(const struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                    int64_t *out);
/** Keep them; most: see sh_shared_values, 0 for narrow nodes. */
void sh_shared_keep(const struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                    const int64_t *values, uint64_t most);
uint64_t sh_shared_most(const struct sh_run *run, const struct sh_node *node);

sh_code sh_run_nomem(const struct sh_run *run);
#define sh_run_nomem(run) ((void)(sh_run_nomem)(run), (sh_code)SH_E_NOMEM)
/** A narrow node. out [view->n]. */
SH_MUST sh_code sh_eval_narrow(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                               int64_t *out);
/** Any number node, widened if need be. */
SH_MUST sh_code sh_eval_wide(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                             struct sh_wide *ret);
/** A narrow node into fresh memory. */
SH_MUST sh_code sh_eval_new(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                            int64_t **ret);
SH_MUST sh_code sh_eval_aggregate(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                                  int64_t *out, sh_i128 *wide);
SH_MUST sh_code sh_eval_nth(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                            int64_t *out);
SH_MUST sh_code sh_eval_related(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                                int64_t *out);
/** For explanations, one tuple: all candidates as a batch, whether each matches by time (Kleene), and whether
 * there were too many. */
SH_MUST sh_code sh_related_pairs(struct sh_run *run, const struct sh_node *node, const struct sh_view *one,
                                 struct sh_batch *ret, int64_t **ret_match, bool *ret_toolong);
SH_MUST sh_code sh_eval_complete(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                                 int64_t *out);
SH_MUST sh_code sh_eval_column(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                               int64_t *out);
SH_MUST sh_code sh_eval_row(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                            int64_t *out);
SH_MUST sh_code sh_eval_in(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                           int64_t *out);
SH_MUST sh_code sh_eval_time(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                             int64_t *out);
SH_MUST sh_code sh_eval_compare(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                                int64_t *out);
SH_MUST sh_code sh_eval_wide_op(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                                struct sh_wide *ret);

/* Numbers that may need 128 bits, all of which lie in 64 here: no magnitude is above the bound. */
struct sh_small {
    int64_t *at;
    uint64_t bound;
};
/** narrow.c: the vector in 64 bits, fresh memory; *ret_fits false: it takes wide.c. */
SH_MUST sh_code sh_eval_small(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                              struct sh_small *ret, bool *ret_fits);
SH_MUST sh_code sh_compare_small(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                                 int64_t *out, bool *ret_done);
/** Kinds whose small columns hold -1 for missing beside the sentinel of their storage. */
bool sh_kind_minus_one(enum sh_kind kind);
/** Do the rows [n] follow each other? Most lines of a chunk do: what does not is halved, down to so few. */
bool sh_rows_follow(const int32_t *rows, uint32_t n);
enum { SH_ROWS_LEAST = 16 };
/** Address of a frame column; SH_E_INTERNAL when the executor has not filled it. */
SH_MUST sh_code sh_frame_column(struct sh_run *run, uint16_t table, uint16_t column, const void **ret);
/** Row numbers of the view's tuples for a slot; fresh memory unless given. */
SH_MUST sh_code sh_view_rows(struct sh_run *run, const struct sh_view *view, uint16_t slot, int32_t **ret);
/** Tuples [n] of a view as a batch of their own, with the variables of `slots` (bit s). */
SH_MUST sh_code sh_view_some(struct sh_run *run, const struct sh_view *view, uint32_t slots,
                             const uint32_t *tuples, uint32_t n, struct sh_batch *ret);
/** pick.c: drop candidates that the condition of a related call cannot meet, by one look at a column. Lists
 * are of tuples [n] of the view. */
SH_MUST sh_code sh_pick_rows(struct sh_run *run, const struct sh_related *r, const struct sh_view *view,
                             const uint32_t *tuples, uint32_t n, struct sh_candidates *io);
/** Members of the view's groups as a view of their own, with begin [n + 1] relative to it. */
SH_MUST sh_code sh_view_members(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                                struct sh_batch *space, struct sh_view *ret, const uint32_t **ret_begin);

/** Aggregate `number` of tuples lo … of a batch whose groups were put together elsewhere. */
void sh_partial_read(const struct sh_batch *batch, uint32_t lo, uint32_t n, uint16_t number, int64_t *out,
                     sh_i128 *wide);

/* kernel.c */
void sh_kernel_compare(enum sh_op op, const int64_t *a, const int64_t *b, int64_t *out, uint32_t n);
void sh_kernel_compare_const(enum sh_op op, const int64_t *a, int64_t b, int64_t *out, uint32_t n);
void sh_kernel_compare_none(enum sh_op op, const int64_t *a, const int64_t *b, int64_t *out, uint32_t n);
/** A column whose rows lie in the order of the tuples. */
struct sh_kernel_column {
    enum sh_storage storage;
    const void *at;
    uint32_t from;   /* row of the first tuple */
    bool minus_one;  /* -1 is missing too */
    bool empty_none; /* missing means there is no such value: every comparison is false */
};
/** Straight from the column; false when the constant does not fit its storage. */
bool sh_kernel_column_const(enum sh_op op, const struct sh_kernel_column *column, int64_t b, int64_t *out,
                            uint32_t n);
void sh_kernel_and(int64_t *io, const int64_t *b, uint32_t n);
void sh_kernel_or(int64_t *io, const int64_t *b, uint32_t n);
void sh_kernel_not(int64_t *io, uint32_t n);
void sh_kernel_add(int64_t *io, const int64_t *b, bool minus, uint32_t n);
void sh_kernel_min(int64_t *io, const int64_t *b, bool max, uint32_t n);

/* wide.c; false: overflow */
bool sh_wide_mul(sh_i128 a, sh_i128 b, sh_i128 *ret);
bool sh_wide_pow10(int n, sh_i128 *ret); /* n 0 … 38 */
static inline bool sh_wide_gone(sh_i128 a) {
    return a == SH_WIDE_MISSING || a == SH_WIDE_NONE;
}
/** num x 10^-scale / den rounded half away from zero to `to` decimals; SH_MISSING on overflow, SH_NONE kept.
 */
int64_t sh_wide_round(sh_i128 num, sh_i128 den, int scale, int to);

/** Days of months(a, b): largest n with a + n months <= b. */
int64_t sh_months_between(int32_t a, int32_t b);
int64_t sh_scope_key(enum sh_expr_scope scope, int64_t day, int64_t time);
/** One value of DAY, HOUR, HOUR_START, WEEK, MONTH, QUARTER or YEAR; x is there. */
int64_t sh_time_of_one(enum sh_op op, int64_t x);
/** One value of SHIFT, GAP, MONTHS, AGE or DIFFERENCE; both operands are there. */
int64_t sh_time_of_two(const struct sh_node *node, int64_t a, int64_t b);

sh_code sh_needs_of(const struct sh_expr *const *exprs, size_t n, struct sh_arena *arena,
                    struct sh_need **ret, size_t *ret_n, struct sh_err *err) SH_MUST;

/* ---- explanations -------------------------------------------------------------------------------------- */

/** One tuple: number `i` of a view that holds its whole group where nth() may ask. */
struct sh_spot {
    struct sh_view view;
    uint32_t i;
};
/** The spot of tuple i of a batch given from outside. */
struct sh_spot sh_spot_of(const struct sh_expr *e, const struct sh_batch *batch, uint32_t i);
/** Value of a node there: narrow in *ret, and the wide form if ret_wide is given and the node is wide. */
SH_MUST sh_code sh_spot_value(struct sh_run *run, const struct sh_node *node, const struct sh_spot *spot,
                              int64_t *ret, struct sh_wide *ret_wide);
/** Why the value of a node is missing there. */
SH_MUST sh_code sh_cause_at(struct sh_run *run, const struct sh_node *node, const struct sh_spot *spot,
                            struct sh_str *ret);
/** Text of a value there; "?" when missing. */
SH_MUST sh_code sh_spot_print(struct sh_run *run, const struct sh_node *node, const struct sh_spot *spot,
                              struct sh_str *ret);
/** Text in the arena. */
SH_MUST sh_code sh_run_text(const struct sh_run *run, struct sh_str *ret, const char *format, ...)
    SH_PRINTF(3, 4);
