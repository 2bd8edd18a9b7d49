/* Inner header of the room: the plan, the timeline of a chunk, and the parts of the engine. */
#pragma once
#include "base/hash.h"
#include "audit/audit.h"
#include "base/money.h"

/* ---- columns the engine itself reads, as numbers of the model ----------------------------------- */

struct sh_columns {
    struct {
        int person, institution, encounter_key, settlement_key, id, item, time, time_exact, unit_price,
            self_void, quantity, amount, covered, refund_line, days, take_home;
        int encounter, settlement, stay, day; /* derived */
    } line;
    struct {
        int person, institution, encounter_key, id, from, to, self_void, inpatient, cross_year, newborn, open,
            main_diagnosis, leaving, kind, insurance;
        int stay, settlement, day, last_day, covered;
    } encounter;
    struct {
        int person, institution, settlement_key, encounter_key, id, time, self_void, total, covered, fund,
            refund, refund_of, payment_mode, insurance;
        int encounter, day;
    } settlement;
    struct {
        int person, encounter_key, self_void, id, encounter, day;
    } diagnosis, operation;
    struct {
        int person, institution, encounter, from, to, day, last_day, covered;
    } stay;
    /* the same columns of every table of the lake, by name; -1 where it has none. time: of its order */
    struct sh_common_columns {
        int self_void, id, institution, encounter_key, settlement_key, time, encounter, settlement, day;
    } of[SH_TABLES];
};

/* ---- plan --------------------------------------------------------------------------------------- */

/* Rules that look a line's item up in the same table share one list of candidates a chunk. */
struct sh_collector {
    uint16_t knowledge;
    bool side_b, paid, in_force;
};
/* One row of one table that concerns an item. */
struct sh_app {
    uint32_t row;
    uint16_t collector;
    int32_t from, to;
};

enum sh_slot_source {
    SH_SLOT_NONE,
    SH_SLOT_SUBJECT,
    SH_SLOT_KNOWLEDGE,
    SH_SLOT_MORE,
    SH_SLOT_WITH,
    SH_SLOT_JOIN,
    SH_SLOT_B
};

/* What of a person's lines the findings of a rule depend on; of each more than of those before. */
enum sh_depends { SH_DEPENDS_NOT, SH_DEPENDS_ON_ITS_LINE, SH_DEPENDS_ON_LINES };

/* Rows of knowledge by the code of a line that joins them; none of them is open to everyone. */
struct sh_join {
    int column;            /* of lines */
    uint32_t n_codes;      /* beyond: no row */
    const uint32_t *begin; /* [n_codes + 1] */
    const uint32_t *rows;  /* ascending for each code */
    struct sh_str field;   /* what is missing of a line without a code */
};

struct sh_carry;
struct sh_carried;
struct sh_exchange;
struct sh_tally;
struct sh_parting;
struct sh_adds;
struct sh_census;
struct sh_rule_plan {
    const struct sh_rule *rule;
    uint16_t index;
    int16_t collector, collector_b; /* -1: not through items */
    const struct sh_join *join;     /* NULL: every row of knowledge is asked of every line */
    enum sh_slot_source slots[SH_VARIABLES_MAX];
    int16_t join_column[SH_VARIABLES_MAX];
    bool is_needed[SH_VARIABLES_MAX];
    bool by_point; /* the row of knowledge is part of what is judged: rows, pairs, groups with k.point or a
                      course */
    bool has_alternatives; /* and some point has several rows */
    uint32_t min_members;  /* groups with fewer cannot hit */
    bool singles;          /* and rows alone in theirs can be told by their columns */
    bool by_zones;         /* what it asks of lines is asked of zones first */
    /* Rules of the same rows are judged together, see alike.c: the first leads the others. */
    bool leads;
    struct sh_rule_plan *next; /* NULL: the last of them */
    enum sh_depends depends;   /* the same for all of them */
    uint16_t n_shared;         /* parts its conditions share with those of others */
    int64_t course_gap;        /* param(course.gap) or SH_MISSING */
    int scope_column;          /* knowledge columns scope, gap; -1 */
    int gap_column;
    const struct sh_carry
        *carry;            /* what its rows take along to those of other persons; NULL: reach TIMELINE */
    enum sh_level cap;     /* by level and state */
    struct sh_str members; /* as each receipt says rule and basis */
    struct sh_str basis;   /* the articles in one cell */
};

/* Texts by hash. */
struct sh_text_slot {
    uint64_t hash;
    int32_t id; /* 0: free, else number of the text + 1 */
};

struct sh_plan {
    struct sh_rules *rules;
    const struct sh_rule_model *model;
    struct sh_bound *bound;
    const struct sh_dicts *dicts;
    struct sh_plan_options options;
    struct sh_columns at;
    struct sh_rule_plan *active;
    size_t n_active;
    struct sh_collector *collectors;
    size_t n_collectors;
    uint32_t n_items;
    const uint32_t *item_begin; /* [n_items + 1] */
    const struct sh_app *apps;
    struct sh_rule_plan *views;                /* [rules->n_views] how each is made */
    const struct sh_rule_view **view_of_table; /* [n_tables] NULL: the table is no view */
    uint8_t **needed;                          /* [table][column] */
    bool *table_needed;                        /* [table] */
    struct sh_selection selection;
    struct sh_frame_table *fixed;     /* [n_tables] dictionaries and knowledge; others empty */
    struct sh_text_slot *known_slots; /* [n_known_slots] texts of the knowledge */
    size_t n_known_slots;
    uint16_t n_zone_shared; /* parts that rules by zones share */
    int32_t *categories;    /* of diagnoses; NULL where not needed */
    int32_t word_by_item;   /* of settlement.payment_mode: param(settlement.by_item); -1: the lake has none */
    bool is_by_item_known;  /* the place says which word it is */
};

/* ---- timeline ----------------------------------------------------------------------------------- */

#define SH_AUDIT_TABLES (SH_MODEL_STAY + 1) /* tables whose rows belong to persons; views do too */

/* Rows of a table by the row of another, both ascending. */
struct sh_rows_by {
    uint32_t *begin; /* [n + 1]; NULL: not made yet */
    int32_t *rows;
};

struct sh_person_codes {
    struct sh_str *at; /* [n_persons] NULL before the first is asked for */
    uint8_t *known;
    sh_code failed; /* of a code that a text asked for: a printed value has no way to say so */
};

struct sh_timeline {
    const struct sh_plan *plan;
    const struct sh_chunk *chunk;
    struct sh_arena *arena; /* of the chunk */
    struct sh_frame frame;
    struct sh_frame_table *tables; /* [model.n_tables] */
    const void ***columns;         /* [table][column], the same arrays, writable */
    uint32_t n_persons;
    const int32_t *persons;
    struct sh_person_codes *person_codes; /* of those asked for so far */
    /* by table of the model; what does not belong to persons has none */
    const uint32_t **person_begin; /* [n_persons + 1]; NULL: table not read */
    const uint8_t **alive;         /* 1: rules may read the row; NULL: all */
    const int32_t **person_of;
    struct sh_rows_by *by_encounter, *by_stay;
    struct sh_rows_by *made_of;    /* views of groups: the rows of their source behind each row */
    struct sh_str *ids[SH_TABLES]; /* [n_rows] of lines, encounters, settlements: those made so far */
    uint8_t *has_id[SH_TABLES];    /* a bit a row: its id stands in ids */
    struct sh_str *texts;          /* interned texts of the chunk, numbered behind those of the knowledge */
    size_t n_texts, cap_texts;
    struct sh_text_slot *text_slots;
    size_t n_text_slots;
    const struct sh_carried *carried; /* rows that have met, see carry.h; NULL: the timelines of a chunk */
    uint64_t *orphans;                /* sh_orphan_hash of those with an orphan refund, sorted */
    size_t n_orphans;
    uint64_t void_lines, refund_lines;
    int64_t void_fen;
};

uint64_t sh_orphan_hash(int64_t encounter_key, int32_t item, int32_t person);
SH_MUST sh_code sh_timeline_fill(const struct sh_plan *plan, const struct sh_chunk *chunk,
                                 struct sh_arena *arena, struct sh_timeline *ret, struct sh_err *err);
SH_MUST sh_code sh_stays_fill(struct sh_timeline *tl, struct sh_err *err);
SH_MUST sh_code sh_derived_fill(struct sh_timeline *tl, struct sh_err *err);
/** Texts of the knowledge by hash, once they are bound. */
SH_MUST sh_code sh_known_texts_make(struct sh_plan *plan, struct sh_arena *arena, struct sh_err *err);
SH_MUST sh_code sh_texts_fill(struct sh_timeline *tl, struct sh_err *err);

static inline const int32_t *sh_i32(const struct sh_timeline *tl, int table, int column) {
    return column < 0 ? NULL : (const int32_t *)tl->columns[table][column];
}
static inline const int64_t *sh_i64(const struct sh_timeline *tl, int table, int column) {
    return column < 0 ? NULL : (const int64_t *)tl->columns[table][column];
}
static inline const int8_t *sh_i8(const struct sh_timeline *tl, int table, int column) {
    return column < 0 ? NULL : (const int8_t *)tl->columns[table][column];
}
static inline const struct sh_rule_view *sh_view_of(const struct sh_plan *plan, int table) {
    return table >= 0 ? plan->view_of_table[table] : NULL;
}
/** Do the rows of a table belong to persons? */
static inline bool sh_is_personal(const struct sh_plan *plan, int table) {
    if (table < 0 || (table < SH_TABLES && sh_table_is_dimension((enum sh_table)table)))
        return false;
    return table < SH_AUDIT_TABLES || plan->view_of_table[table];
}
/* A flag whose emptiness means no. */
static inline bool sh_flag(const int8_t *column, size_t row) {
    return column && column[row] == 1;
}
/** Source id of a row of a lake table, for as long as the chunk; empty where it was not read. Costs a copy.
 */
SH_MUST sh_code sh_row_id(const struct sh_timeline *tl, int table, int32_t row, struct sh_str *ret,
                          struct sh_err *err);
/** Make room for codes of tl's persons. */
SH_MUST sh_code sh_person_codes_begin(struct sh_timeline *tl, struct sh_err *err);
/** Source code of the person of a row, for as long as the chunk; empty when there is none. May read the disk.
 */
SH_MUST sh_code sh_person_code(const struct sh_timeline *tl, int64_t row, struct sh_str *ret,
                               struct sh_err *err);
/** Fails when a code that a text asked for could not be read. */
SH_MUST sh_code sh_person_codes_check(const struct sh_timeline *tl, struct sh_err *err);
/** The day that decides which rule and knowledge are in force for a row; SH_MISSING_I32 unknown. */
int32_t sh_subject_day(const struct sh_timeline *tl, int table, int32_t row);
/** Rows of `table` by encounter or stay, made at the first call. */
SH_MUST sh_code sh_rows_by_encounter(struct sh_timeline *tl, int table, const struct sh_rows_by **ret,
                                     struct sh_err *err);
SH_MUST sh_code sh_rows_by_stay(struct sh_timeline *tl, int table, const struct sh_rows_by **ret,
                                struct sh_err *err);
/** Text of a code or a text id, as the rule's messages print it. */
struct sh_str sh_name_of(const struct sh_timeline *tl, struct sh_type type, int64_t value,
                         struct sh_arena *arena);
/** Source code of an entry of a dictionary that is not large; empty when there is none. */
struct sh_str sh_code_of(const struct sh_plan *plan, enum sh_dict dict, int64_t id);
/** Source code of an entry of any dictionary; of a large one it is read from the disk into the arena. */
SH_MUST sh_code sh_code_read(const struct sh_plan *plan, enum sh_dict dict, int64_t id,
                             struct sh_arena *arena, struct sh_str *ret, struct sh_err *err);
struct sh_str sh_dict_name_of(const struct sh_plan *plan, enum sh_dict dict, int64_t id);
int32_t sh_encounter_of(const struct sh_timeline *tl, int table, int32_t row);
int32_t sh_institution_of(const struct sh_timeline *tl, int table, int32_t row);

/* ---- engine ------------------------------------------------------------------------------------- */

#define SH_BLOCK 2048 /* tuples evaluated at a time */

/* A growing list of (subject row, knowledge row). */
struct sh_tuples {
    int32_t *row, *k;
    size_t n, cap;
};

struct sh_zones;

/* What the zones were good for in a rule so far: where they settle little they are not asked. */
struct sh_zone_use {
    uint64_t asked, closed; /* lines */
};

/* How receipts say what many of them say alike, as JSON; each made when it is first asked for. */
struct sh_receipt_words {
    struct sh_str **knowledge; /* [n_active][rows] rows of knowledge */
    struct sh_said {
        struct sh_str *members; /* [n] by code: the members that name it */
        size_t n;
    } items, institutions;
};

/* State of one chunk on one thread. */
struct sh_engine {
    const struct sh_plan *plan;
    struct sh_timeline tl;
    struct sh_arena *scratch; /* rewound after each block */
    struct sh_arena *work;    /* rewound after each rule */
    struct sh_arena *keep;    /* findings, until the next chunk */
    struct sh_world world;
    const struct sh_rule_plan *judging; /* whose conditions are asked; errors name it */
    struct sh_shared_values *shared;    /* of the conditions being asked; NULL: none */
    struct sh_shared_values of_lines;   /* of the rules by zones, by line of the chunk */
    struct sh_answers *answers;
    struct sh_tuples *collected; /* [n_collectors] */
    struct sh_zones *zones;
    struct sh_zone_use *zone_use; /* [n_active] */
    struct sh_receipt_words *words;
    struct sh_arena *lasting;       /* of the worker */
    struct sh_exchange *exchange;   /* where rows go that must meet those of other persons */
    const struct sh_census *census; /* keys that are alone in the lake; NULL: not counted */
    struct sh_tally *tally;         /* what groups of many persons have added up so far */
    struct sh_parting *partings;    /* of the chunk, see parting.h */
    struct sh_adds *adds;
    uint8_t **item_open; /* [n_active][n_items] may a line of the item meet the rule's where: 0 none can, 2
                            all do, 1 else; NULL: not made yet */
    uint64_t lines;      /* of the chunk that rules may read */
    /* What holds for all lines of the chunk, so that it need not be asked of each. */
    int32_t first_day, last_day;
    bool has_undated, has_uncovered;
    struct {
        const int32_t *rows;
        uint32_t n;
    } all_lines, paid_lines; /* numbers of the lines that are there; rows NULL: not made yet */
    struct sh_finding *findings;
    size_t n_findings, cap_findings;
    struct sh_digest digest; /* for their ids */
    /* What the chunk's findings left of each line's covered and each settlement's fund; NULL: all of it. */
    const int64_t *left_lines, *left_funds;
};

/** Evaluator over the engine's frame. */
struct sh_eval sh_engine_eval(struct sh_engine *en);
/* What n tuples are made of: rows of the rule's table, of its first knowledge table and of side b, each [n];
 * k, b may be NULL. */
struct sh_tuple_rows {
    uint32_t n;
    const int32_t *rows, *k, *b;
};
/** Fill the slots of a rule for the tuples `of`, whose arrays must outlive the batch. Arrays live in the
 * scratch. */
SH_MUST sh_code sh_batch_make(struct sh_engine *en, const struct sh_rule_plan *rp,
                              const struct sh_tuple_rows *of, struct sh_batch *ret, struct sh_err *err);
/** Tuples `pick` [n] of a batch, with their members. */
SH_MUST sh_code sh_batch_pick(struct sh_engine *en, const struct sh_rule_plan *rp,
                              const struct sh_batch *batch, const uint32_t *pick, uint32_t n,
                              struct sh_batch *ret, struct sh_err *err);

/* What one tuple came to. */
struct sh_verdict {
    enum sh_answer answer;
    uint16_t hit;        /* number of the named condition */
    bool doubted;        /* suspected at most */
    struct sh_str doubt; /* why; in keep */
    struct sh_str field; /* NOT_EVALUATED, EXEMPT; in keep or static */
};

struct sh_members;
/** Is the rule, and row k of its knowledge (-1 none), in force for a row of the rule's table? Unknown day:
 * true. */
bool sh_binds(const struct sh_engine *en, const struct sh_rule_plan *rp, int32_t row, int32_t k);
/** Covered of n rows of a table together; what goes over wraps, what is missing counts nothing. */
int64_t sh_fen_of(const struct sh_engine *en, int table, const int32_t *rows, size_t n);
/** Count an answer over rows of the rule's table. */
SH_MUST sh_code sh_count(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_verdict *v,
                         const int32_t *rows, size_t n, struct sh_err *err);
/** Lines no candidate names. */
void sh_count_not_concerned(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_members *m);

/**
 * Evaluate hit, unless and doubt. verdicts [n]: those whose answer is NOT_EVALUATED with a field before are
 * left alone (others must be zero).
 */
SH_MUST sh_code sh_judge(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_batch *batch,
                         struct sh_verdict *verdicts, struct sh_err *err);
/** Candidates of a rule with where, validity and further knowledge keys applied; lines whose membership is
 * uncertain are marked. */
struct sh_members {
    uint32_t n;
    const int32_t *row, *k;
    struct sh_str *uncertain; /* [n] field, empty: certain; NULL: all certain */
    bool where_holds;         /* of rows still to be sifted: the rule's where is known to hold for all */
    bool keys_asked;          /* and the keys of its knowledge have been asked of them */
};
/** The fused pass over the lines of the chunk. */
SH_MUST sh_code sh_collect_lines(struct sh_engine *en, struct sh_err *err);
/** any_day: rows before the norm count too (window, pair side a); the shape looks at the blamed row's day
 * itself. */
SH_MUST sh_code sh_members_collect(struct sh_engine *en, const struct sh_rule_plan *rp, bool any_day,
                                   bool side_b, struct sh_members *ret, struct sh_err *err);
/** Is nothing about any line of the chunk uncertain to a rule over lines, and none outside its days? */
bool sh_lines_are_plain(const struct sh_engine *en, const struct sh_rule_plan *rp);
/** All lines that are there (paid: and paid for or of unknown money), ascending. */
SH_MUST sh_code sh_lines_there(struct sh_engine *en, bool paid, struct sh_members *ret, struct sh_err *err);
/** The same for rows already chosen; raw has no marks. */
SH_MUST sh_code sh_members_of(struct sh_engine *en, const struct sh_rule_plan *rp, bool any_day,
                              const struct sh_members *raw, struct sh_members *ret, struct sh_err *err);
/**
 * Key values, ret_keys[n_keys][n], and the point of the knowledge row behind them where there is one; courses
 * are 0 for now. Rows with a missing part get a field in fields [n].
 */
SH_MUST sh_code sh_keys_eval(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_members *m,
                             int64_t ***ret_keys, size_t *ret_n, struct sh_str *fields, struct sh_err *err);
/** Groups of equal keys: group g has members order[begin[g]] .. order[begin[g+1]-1], ascending; groups by
 * first member. */
struct sh_grouping {
    uint32_t n;
    uint32_t *begin, *order; /* [n + 1], [members] */
    uint32_t *super;         /* [n] groups of the same keys and point: alternatives of one another */
};
/** Rows with a field are in no group. */
SH_MUST sh_code sh_group_by(struct sh_engine *en, uint32_t n, int64_t *const *keys, size_t n_keys,
                            const struct sh_str *fields, struct sh_grouping *ret, struct sh_err *err);
/** Split every group by part [members]; the order of members within a part stays. */
SH_MUST sh_code sh_group_split(struct sh_engine *en, const int64_t *part, struct sh_grouping *g,
                               struct sh_err *err);

SH_MUST sh_code sh_run_rows(struct sh_engine *en, const struct sh_rule_plan *rp, struct sh_err *err);
SH_MUST sh_code sh_run_groups(struct sh_engine *en, const struct sh_rule_plan *rp, struct sh_err *err);
SH_MUST sh_code sh_run_windows(struct sh_engine *en, const struct sh_rule_plan *rp, struct sh_err *err);
SH_MUST sh_code sh_run_pairs(struct sh_engine *en, const struct sh_rule_plan *rp, struct sh_err *err);
/** The course of every row of a group, as key part and to split by; rows whose course cannot be known get a
 * field. */
SH_MUST sh_code sh_courses_find(struct sh_engine *en, const struct sh_rule_plan *rp,
                                const struct sh_members *m, const struct sh_grouping *g, int64_t *course,
                                struct sh_str *fields, struct sh_err *err);
/** "{key}|{key}…" of a group, in source ids; in keep. */
SH_MUST sh_code sh_group_key(struct sh_engine *en, const struct sh_rule_plan *rp, int64_t *const *keys,
                             uint32_t member, int32_t k, struct sh_str *ret, struct sh_err *err);
/** Whole value of a column of the rule's first knowledge table; SH_MISSING none. */
int64_t sh_knowledge_value(const struct sh_engine *en, const struct sh_rule_plan *rp, int column, int32_t k);

/** Is a field of a view read, by rules, by other views or by the engine itself? Others are not filled. */
bool sh_view_field_is_read(const struct sh_plan *plan, const struct sh_rule_view *v, size_t field);

#define SH_VIEW_DAYS_MAX 3660 /* a longer interval is a fault of its dates: one row without a day */
/** Fill the views that rules read, each after those it builds on. */
SH_MUST sh_code sh_views_fill(struct sh_engine *en, struct sh_err *err);
/** The row a view's row is made of, step by step, until it is no view's: table and row; row -1 where it is of
 * several rows. Other tables stay as they are. */
void sh_view_base(const struct sh_timeline *tl, int *table, int32_t *row);

/** Institution (dictionary id or -1) and day of a view's row: its own column of that name, else that of what
 * it is made of. */
int32_t sh_view_institution(const struct sh_timeline *tl, int table, int32_t row);
int32_t sh_view_day(const struct sh_timeline *tl, int table, int32_t row);

/** Lines behind a view's row, in the scratch: those it is made of; of a day, the lines of that day. */
SH_MUST sh_code sh_view_lines(struct sh_engine *en, int table, int32_t row, const int32_t **ret,
                              size_t *ret_n, struct sh_err *err);
/** What the lines behind a view's row cover; SH_MISSING unknown. Of a day 0: its money is said by the rule.
 */
int64_t sh_view_covered(const struct sh_timeline *tl, int table, int32_t row);
bool sh_view_has_key(const struct sh_rule_view *v, const char *word);
/** A cell as a value; SH_MISSING when empty or not filled. */
int64_t sh_column_value(const struct sh_timeline *tl, int table, int column, int32_t row);

/* ---- answers ------------------------------------------------------------------------------------ */

SH_MUST sh_code sh_answers_init(struct sh_answers *a, size_t n_rules, struct sh_err *err);
void sh_answers_release(struct sh_answers *a);
SH_MUST sh_code sh_answer_add(struct sh_answers *a, uint16_t rule, enum sh_answer answer, struct sh_str field,
                              uint64_t lines, int64_t fen, struct sh_err *err);
/** The same for many at once. */
SH_MUST sh_code sh_answer_add_many(struct sh_answers *a, uint16_t rule, enum sh_answer answer,
                                   struct sh_str field, const struct sh_answer_count *count,
                                   struct sh_err *err);
SH_MUST sh_code sh_answers_merge(struct sh_answers *into, const struct sh_answers *from, struct sh_err *err);
void sh_answers_sort(struct sh_answers *a);

/* ---- findings and money ------------------------------------------------------------------------- */

/* A finding under way: what the shapes know. */
struct sh_draft {
    const struct sh_rule_plan *rp;
    const struct sh_batch *batch; /* with the tuple it was judged on */
    uint32_t tuple;
    int32_t k; /* row of the first knowledge table, -1 */
    const struct sh_verdict *verdict;
    int32_t subject;       /* row of the rule's table */
    const int32_t *blamed; /* rows of the rule's table */
    size_t n_blamed;
    const int32_t *involved;
    size_t n_involved;
    struct sh_str key; /* in keep */
    bool amount_given; /* amount_fen is already known (pairs by the hour, cheaper, runs of a window) */
    struct sh_str amount_unknown; /* the field that the amount of a row of a run lacks; empty: none */
    int64_t amount_fen;
    const int64_t
        *blamed_fen; /* [n_blamed] share of each blamed row where it is known, else NULL: spread by covered */
    bool suspected;
};
/** Amount of a draft: SH_OK with *ret_known false and *ret_field when it cannot be known. */
SH_MUST sh_code sh_amount(struct sh_engine *en, const struct sh_draft *d, bool *ret_known, int64_t *ret_fen,
                          struct sh_str *ret_field, struct sh_err *err);
/** For amount after(N): of each blamed row its days and how many of them lie beyond the limit. [n_blamed]
 * each. */
SH_MUST sh_code sh_after_lines(struct sh_engine *en, const struct sh_draft *d, int64_t limit, int32_t *beyond,
                               int32_t *days, struct sh_err *err);
/** Make the finding (id, texts, amount, lines) and add it to the engine's. */
SH_MUST sh_code sh_finding_add(struct sh_engine *en, const struct sh_draft *d, struct sh_err *err);
/** covered of a row of the rule's table: a line's, or all lines' of an encounter or stay; SH_MISSING unknown,
 * 0 for others. */
int64_t sh_covered_of(const struct sh_timeline *tl, int table, int32_t row);
/** Subject keys in source ids. */
SH_MUST sh_code sh_key_of_row(struct sh_engine *en, int table, int32_t row, struct sh_buf *out,
                              struct sh_err *err);
SH_MUST sh_code sh_key_of_value(struct sh_engine *en, const struct sh_rule_plan *rp, size_t key,
                                int64_t value, int32_t k, struct sh_buf *out, struct sh_err *err);
/** Draw the money of all findings of the chunk once, and sort them by (rule, key). */
SH_MUST sh_code sh_money_draw(struct sh_engine *en, struct sh_err *err);

/** Does a settlement pay item by item? *ret_known false: the mode is not known. */
bool sh_is_by_item(const struct sh_plan *plan, const int32_t *mode, int32_t settlement, bool *ret_known);

/** First half of a rule of reach MERGED or EXCHANGED: send what this chunk has to tell. */
SH_MUST sh_code sh_send_rule(struct sh_engine *en, const struct sh_rule_plan *rp, struct sh_err *err);
/** Value of a parameter the engine reads itself, with `scale` decimals; SH_MISSING unset. */
int64_t sh_plan_param(const struct sh_plan *plan, const char *name, int scale);
/** The state behind a worker, for what is told about its last chunk. */
struct sh_engine *sh_worker_engine_of(struct sh_audit_worker *worker);
/** Send full runs of rows that must meet to a file; before the first chunk. */
SH_MUST sh_code sh_audit_worker_spill(struct sh_audit_worker *worker, const char *path, struct sh_err *err);
/** One person is all the worker will see: rules that ask for rows of other persons answer not evaluated, and
 * nothing is sent. From the next chunk on only rules that depend on as much as `least` are asked. */
void sh_audit_worker_alone(struct sh_audit_worker *worker, enum sh_depends least);
/** What is known of keys that are alone; before the first chunk. Borrowed. */
void sh_audit_worker_census(struct sh_audit_worker *worker, const struct sh_census *census);
/** Send what is still held back; after the last chunk. */
SH_MUST sh_code sh_audit_worker_cut(struct sh_audit_worker *worker, struct sh_err *err);
struct sh_exchange *sh_worker_exchange(struct sh_audit_worker *worker);
const struct sh_engine *sh_worker_engine(const struct sh_audit_worker *worker);
/** Name of the field that dates a row of a table, for answers. */
struct sh_str sh_day_field(struct sh_engine *en, int table);
/** Why e is missing at tuples pick [n] of a batch; texts in keep. */
SH_MUST sh_code sh_causes(struct sh_engine *en, const struct sh_expr *e, const struct sh_batch *batch,
                          const uint32_t *pick, uint32_t n, struct sh_str *ret, struct sh_err *err);
struct sh_str sh_keep_str(struct sh_engine *en, struct sh_str s);
/** Texts of a rule's receipts that are always the same. */
SH_MUST sh_code sh_receipt_texts(struct sh_rule_plan *rp, struct sh_arena *arena, struct sh_err *err);
const char *sh_level_text(enum sh_level level, enum sh_lang lang);
