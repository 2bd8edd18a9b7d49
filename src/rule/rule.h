/*
 * Rules and knowledge as text: load, type-check, plan, analyse. Executes nothing (room audit does) and knows
 * no claim. docs/rules.md is the manual of the text form; the model of names comes from the lake's schema
 * plus derived columns.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "expr/expr.h"
#include "lake/lake.h"
#include "law/law.h"

/* ---- the model rules are checked against
 * ---------------------------------------------------------------------- */

/*
 * Tables of the model: first those of enum sh_table (same numbers), then the derived ones, then one per
 * knowledge table. Columns of a lake table: first those of the lake schema (same numbers, ID and TEXT columns
 * as SH_KIND_TEXT), then joins and derived columns, listed in model.c with the words docs/lake.md prints. The
 * audit fills derived columns.
 */
enum sh_model_extra_table {
    SH_MODEL_STAY =
        SH_TABLES, /* inpatient encounters of one person and institution merged (rules-sketch item 8) */
    SH_MODEL_STAT, /* what a statistic came to, filled for its own rule */
    SH_MODEL_FIXED_TABLES,
    /* dimensions of the lake; in a frame one row a dictionary entry: id = row number */
    SH_MODEL_INSTITUTION = SH_TABLE_INSTITUTION,
    SH_MODEL_ITEM = SH_TABLE_ITEM,
    SH_MODEL_DEPARTMENT = SH_TABLE_DEPARTMENT,
    SH_MODEL_PRACTITIONER = SH_TABLE_PRACTITIONER,
};

/*
 * What the audit must fill. Columns of a lake table in the model keep the lake's numbers; those below follow,
 * in the order of model.c (find them with sh_model_column). Dictionaries: a code of an institution, item,
 * department or practitioner IS the row number of its table, so those columns are code and join at once and
 * need no filling. Column `person` of every table but person itself is a join too: its value is the row of
 * table person in the frame (one merged row a person), not the lake's id.
 */
enum sh_derived {
    SH_DERIVED_NONE,
    SH_DERIVED_JOIN_PERSON,      /* row of the person in the frame's table person */
    SH_DERIVED_JOIN_ENCOUNTER,   /* by encounter_key; stay: its last encounter (largest (from, id)) */
    SH_DERIVED_JOIN_SETTLEMENT,  /* line: by settlement_key, else the only settlement of its encounter, else
                                    none; encounter: its last */
    SH_DERIVED_JOIN_INSTITUTION, /* stay: the institution's dictionary id */
    SH_DERIVED_JOIN_ITEM,
    SH_DERIVED_JOIN_DEPARTMENT,
    SH_DERIVED_JOIN_PRACTITIONER, /* unused: codes are row numbers */
    SH_DERIVED_JOIN_STAY,         /* stay an inpatient encounter belongs to; else -1 */
    SH_DERIVED_DAY,               /* day of the row's time column (encounter, stay: from) */
    SH_DERIVED_DAYS,              /* encounter, stay: calendar days, end - begin + 1; missing while open */
    SH_DERIVED_NIGHTS,            /* end - begin; missing while open */
    SH_DERIVED_CONFLICT,      /* person.sex, birth, death: lake column; values that differ between sources are
                                 missing (SH_MISSING_I32) */
    SH_DERIVED_LAST_DAY,      /* day of `to`; none while open */
    SH_DERIVED_COVERED,       /* stay, encounter: sum of line.covered; missing if one is missing */
    SH_DERIVED_OTHER,         /* reserved */
    SH_DERIVED_ENCOUNTER_DAY, /* diagnosis: day of its encounter's from */
    SH_DERIVED_MAIN_CATEGORY, /* main_diagnosis as a code of domain diagnosis3, see sh_diagnosis_categories */
    SH_DERIVED_CATEGORY,      /* diagnosis.code likewise */
    SH_DERIVED_INSURANCE,     /* line: the settlement's, else the encounter's; stay: its last encounter's */
    SH_DERIVED_SUPPLY_DAYS,   /* line: service, consumable, or inpatient and not take_home: 1; else max(1,
                                 ceil(line.days)), missing if line.days is */
    SH_DERIVED_DIED,          /* person: a day of death is known; missing where sources name different days */
    SH_DERIVED_BASE_QUANTITY, /* line: quantity in units of item.form_unit; missing where a unit is unknown or
                                 neither of the item's two */
    SH_DERIVED_SELF,          /* dictionary tables: code = row number */
    SH_DERIVED_NAME, /* dictionary tables: TEXT whose domain is the dictionary's; value = row number, missing
                        where the name is empty */
    SH_DERIVED_KIND, /* dictionary tables: index of sh_dict_view.kind in the model's level words, missing if
                        empty or unknown */
    SH_DERIVED_FROM,
    SH_DERIVED_TO, /* stay: first from, last to */
    SH_DERIVED_MAIN_DIAGNOSIS,
    SH_DERIVED_LEAVING,
    SH_DERIVED_ENCOUNTER_KIND, /* stay: of its last encounter */
    SH_DERIVED_CROSS_YEAR,
    SH_DERIVED_NEWBORN,
    SH_DERIVED_OPEN,      /* stay: 1 if any of its encounters has it */
    SH_DERIVED_JOIN_LIST, /* encounter: its last settlement list */
    SH_DERIVED_JOIN_LINE, /* trace_scan: the line of its line_id, else the only line of its settlement and
                             item */
    SH_DERIVED_SUBSTANCE,
    SH_DERIVED_BASE,
    SH_DERIVED_SURCHARGE, /* item: from its code, see sh_item_stems */
};

/*
 * Types in the model: ID, TEXT and KEY columns are SH_KIND_TEXT with domain -1 (KEY: storage I64, the value
 * itself is the id); a TEXT with domain >= 0 is the display name of that domain's code (value = the code's
 * id). line.days has the unit days. line.refund_line is a number (1 netted, 2 orphan). Code domains are
 * numbered by first use in the lake's schema, then diagnosis3, substance and item_base; domain_dicts tells
 * the dictionary behind each.
 */
struct sh_rule_model {
    struct sh_model model;
    /* [table][column] what the audit must fill; SH_DERIVED_NONE for lake columns and knowledge */
    const enum sh_derived *const *derived;
    const char *const *const *known_from;  /* [table][column] order, charge, discharge, settlement, list,
                                              audit; NULL for knowledge tables */
    const enum sh_dict *domain_dicts;      /* [model.n_domains] */
    struct sh_model_table *growing_tables; /* inner: model.tables while loading */
};

/** Does the value of a key name one person: a person, an encounter, a stay … or a row of one? */
bool sh_is_of_person(const struct sh_rule_model *m, const struct sh_expr *key);
/** Number of a column of a model table by name, or -1. */
int sh_model_column(const struct sh_rule_model *m, uint16_t table, const char *name);
/**
 * Categories of diagnoses (类目, first three characters): ret[id] is the lowest id of the dictionary whose
 * code begins with the same three characters; that id is the code in domain diagnosis3 (so its name and code
 * print as a diagnosis of that category). ret [dict->n] in the arena. Errors: SH_E_NOMEM.
 */
SH_MUST sh_code sh_diagnosis_categories(const struct sh_dict_view *dict, struct sh_arena *arena,
                                        int32_t **ret, struct sh_err *err);

/* ---- knowledge
 * --------------------------------------------------------------------------------------------------- */

/* Rows of one point are alternatives. LIMIT, ALLOW: the point is hit when hit is true for every one of its
   rows that concern the subject; FORBID: when it is true for one. A table without a key column item (or a,
   b): each of its rows concerns every subject. */
enum sh_rows_kind { SH_ROWS_LIMIT, SH_ROWS_ALLOW, SH_ROWS_FORBID };
enum sh_level { SH_LEVEL_INDICATOR, SH_LEVEL_SUSPECTED, SH_LEVEL_CERTAIN };

enum sh_knowledge_key { SH_KEY_NOT, SH_KEY_EQUAL, SH_KEY_UNDER, SH_KEY_RANGE };

#define SH_PAST_WEEK                                                                                         \
    (-7) /* a cell of type days that says `week`: the calendar week (Monday to Sunday) of the row's day */

/*
 * Key columns and the standard text columns included, in the order of the file; the model's table has the
 * same columns. Key cells hold one or more codes (A|B|C): their type is SET. Cells of type text (and point,
 * name, layer, source) are SH_KIND_TEXT of domain -1: ids into sh_bound.texts, equal texts have equal ids.
 */
struct sh_knowledge_column {
    struct sh_str name;
    struct sh_str chinese, english; /* what readers call it, by its `#! name` line; empty: it has none */
    struct sh_type type;
    bool under; /* SET: words are prefixes */
    enum sh_knowledge_key key;
    struct sh_str joins; /* key columns: model path it is matched with: "line.item", "person.age" ... */
};

struct sh_knowledge_row {
    int32_t point;           /* number of the point in the table */
    int32_t from, to, known; /* days, half-open; INT32_MAX = open */
    enum sh_level level;     /* cap */
    uint32_t line; /* of the file; two rows may share it (a wider layer's row cut in two by a narrower one) */
    struct sh_str layer, source; /* place (nation = 000000), paper and cell */
    const char *file;            /* where it stands: the table's, or a layer's */
    const struct sh_str *cells;  /* [n_columns] as written */
};

/* One file knowledge/NAME.csv: lines `#! key: value` first (rows, title, keys, types), then a header row and
 * rows. */
struct sh_knowledge {
    struct sh_str name, title, english, file; /* english: the title in English; empty: it has none */
    struct sh_str local, local_english; /* why the nation has no rows and each place its own; empty: not so */
    enum sh_rows_kind rows_kind;
    struct sh_knowledge_column *columns;
    uint16_t n_columns;
    struct sh_knowledge_row *rows;
    uint32_t n_rows;
    struct sh_str *points; /* [n_points] point ids as written */
    uint32_t n_points;
    uint16_t model_table;
    bool is_faulty; /* only with keep_going: no rule that is loaded uses it */
};

/* A table bound to one lake: cells as values, an index from item ids to rows. */
/* `to` open is missing in the frame, INT32_MAX in sh_knowledge.rows. Rows are sorted by point. */
struct sh_knowledge_bound {
    struct sh_frame_table
        frame; /* columns of the model's knowledge table: values; SET/RANGE index the plan's sets/ranges */
    /* rows concerning item id i through its key column `item` (= or under): item_rows[item_begin[i] ..
       item_begin[i+1]-1], ascending by (point, row). For pair tables side a; side b in item_b_*. */
    const uint32_t *item_begin, *item_rows;     /* NULL where the table has no column item or a */
    const uint32_t *item_b_begin, *item_b_rows; /* NULL where it has no column b */
    uint32_t unmatched;                         /* rows no item of the lake matches */
};

/* ---- rules
 * ------------------------------------------------------------------------------------------------------- */

/* PAIR without `uses`: unordered, a before b in the total order (time, id), each two rows once. */
enum sh_shape { SH_SHAPE_ROW, SH_SHAPE_GROUP, SH_SHAPE_WINDOW, SH_SHAPE_PAIR, SH_SHAPE_STAT };
/*
 * Whose rows must meet (rules-sketch item 34), derived by the checker. TIMELINE: those of one person. MERGED:
 * of many, but aggregates of parts can be put together (groups and statistics). EXCHANGED: the rows
 * themselves must be brought together by key. The last two are final only when all slices of a lake are
 * joined.
 */
enum sh_reach { SH_REACH_TIMELINE, SH_REACH_MERGED, SH_REACH_EXCHANGED };
#define SH_PARTIALS_MAX 24                     /* aggregates of one merged rule */
enum sh_lines { SH_LINES_ALL, SH_LINES_PAID }; /* paid: net covered > 0 */
enum sh_stage { SH_STAGE_BEFORE = 1, SH_STAGE_DURING = 2, SH_STAGE_AFTER = 4 };
enum sh_state { SH_STATE_DRAFT, SH_STATE_TRIAL, SH_STATE_SUSPECTED, SH_STATE_CERTAIN };

enum sh_amount {
    SH_AMOUNT_COVERED, /* default: sum of covered of the blamed lines (pair: of b; window: of what does not
                          stand) */
    SH_AMOUNT_EXCESS,  /* excess(n, N): covered x (n - N) / n */
    SH_AMOUNT_AFTER,   /* after(N): covered of what lies beyond the N-th day of days()/span() */
    SH_AMOUNT_CHEAPER, /* the cheaper of a pair, on a tie the later */
    SH_AMOUNT_EXPR,
    SH_AMOUNT_ZERO,
};

struct sh_named_expr {
    struct sh_str name; /* empty for a single condition */
    struct sh_expr *expr;
};

/* with: {p: previous(stay in person, institution)}: a slot filled with a related row. A subject without such
   a row has -1 there: what reads it is missing, `where: known(p.from)` makes it not concerned. */
struct sh_with {
    uint16_t slot;
    bool next; /* else previous */
    uint16_t table;
    enum sh_expr_scope scope[4];
    uint8_t n_scopes;
    struct sh_expr *where; /* may be NULL; row context over that table */
};

enum sh_rule_key_kind { SH_RULE_KEY_EXPR, SH_RULE_KEY_COURSE };
struct sh_rule_key {
    enum sh_rule_key_kind kind;
    struct sh_expr
        *expr; /* over the member's row context; its int64 value is the key part; missing -> not evaluated */
    struct sh_str text;
};

/*
 * A case: facts as small tables, and what must come out. Keys (all optional but about and one of
 * hits/exempt/not_evaluated): about: text      place: "990100" (layers and parameters; default nation)
 *   person: {sex: 女, birth: 1990-02-03, death: ...}   columns of table person (id P1); people: [...] when
 * several are needed (id: P1, P2 ...) institutions: [{code: H1, kind: hospital}]          default H1
 * hospital; a code beginning with P is a pharmacy encounters, settlements, diagnoses, operations, lines:
 * lists of rows, keys = columns of the lake table, plus id (default 1, 2, ... by position), encounter: id of
 * an encounter, settlement: id of a settlement, person: id of a person (defaults: the first one; a line has a
 * settlement only if the case has settlements). complete: [] | [line, diagnosis]  tables of which complete()
 * is true; default: all hits: [{amount: 20.00, lines: [1], level: suspected, name: n}]  amount and lines
 * compared when written; lines are the blamed ones by position from 1; the number of hits must agree. hits:
 * [] = evaluated and clear, or not concerned. exempt: 1        number of exempt answers not_evaluated:
 * person.sex   at least one answer NE with that field Defaults. encounter: from = earliest time of its lines,
 * to = latest; institution H1, institution_level 三级, insurance 310, kind 11, visit 门诊, inpatient 0 (visit
 * 住院: kind 21, inpatient 1). line: quantity 1, amount = covered, covered = amount (one must be there),
 * unit_price = amount / quantity, charged_* = the same, time_exact 1, institution of its encounter,
 * prescription none. diagnosis: kind 1; the first of an encounter is main, and the encounter's main_diagnosis
 * unless written. An empty value (`sex:` or sex: "") is missing. item.kind follows the code: X and Z drug, T
 * herb, 0 service, C consumable.
 */
struct sh_rule_case {
    struct sh_str about;
    struct sh_str place; /* "000000" = nation. Run only where equal to sh_rules.place */
    const struct sh_yaml
        *node; /* facts and hits as written; keys are checked; room audit builds a small lake from it */
    uint32_t line;
};

/* Something a text names, and why: a mutant no case can notice, because it says the same (`equivalent:
 * [{mutant: "hit: …", because: "…"}]`); a rule that counts another part of the same line (`apart: [{rule: ID,
 * because: "…"}]`). */
struct sh_rule_reason {
    struct sh_str what, because;
    uint32_t line;
};

// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): ordered as a reader needs it
struct sh_rule {
    struct sh_str id, name, file, text; /* text: the whole file; its hash is the version */
    struct sh_str english;              /* the name in English; as name where the text has none */
    char version[17];                   /* hex of XXH3-64 of text */
    bool open_remind;
    bool is_view; /* the making of a view, see struct sh_rule_view */
    /* Division code of the narrowest layer (RULES/local/CODE) that added or changed the rule; empty: the
     * nation's own. A rule that a layer switched off is a draft here. */
    struct sh_str layer;
    bool is_off;
    struct sh_str national_code;
    int32_t national_number; /* 0 none */
    enum sh_level level;
    enum sh_state state;
    unsigned stages;
    const struct sh_str *basis;
    size_t n_basis;
    struct sh_str kind, kind_basis; /* of violation, and its article; empty: not said */
    int32_t from, to;               /* in_force, half-open, INT32_MAX open */
    enum sh_shape shape;
    enum sh_lines lines;
    uint16_t table;   /* subject or member table (line, encounter, stay, diagnosis, operation, settlement) */
    uint16_t subject; /* slot of the subject / member / pair side a */
    uint16_t slot_b;  /* PAIR: slot of b */
    struct sh_variable variables[SH_VARIABLES_MAX];
    uint16_t n_variables;
    int16_t knowledge; /* slot of `k`, -1 none; uses beyond the first are looked up by their keys for the same
                          subject */
    struct {
        uint16_t slot;
        uint16_t knowledge; /* number in sh_rules.knowledge */
        /* Key columns other than item (a, b of pairs): conditions over subject and k, e.g. "person.sex =
           k.sex". A row concerns the subject when all are true; if none is false but one is missing, the
           answer is NE with that field. */
        struct sh_expr *keys[4];
        size_t n_keys;
    } uses[4];
    size_t n_uses;
    struct sh_with with[4];
    size_t n_with;
    struct sh_expr *where, *unless, *doubt; /* may be NULL */
    struct sh_rule_key keys[8];
    size_t n_keys;
    struct sh_expr
        *window_days; /* WINDOW: days of "past", literal or k column; value SH_PAST_WEEK = calendar week */
    bool window_week; /* WINDOW: past: week is written in the rule itself; window_days is NULL then */
    enum sh_expr_scope
        within; /* PAIR: within: day | encounter | hour | 6 hours ...; NONE where `within_expr` tells */
    struct sh_expr
        *within_expr; /* PAIR: within: k.within, of kind SCOPE; its value is an enum sh_expr_scope */
    enum sh_reach reach;
    /* GROUP of two tables: the second, its slot is slot_b; the same keys said of its rows. has_b false: one
     * table */
    bool has_b;
    uint16_t table_b;
    struct sh_rule_key keys_b[8];
    /* STAT: keys = `of`; each value stands among those of equal peers. hit is stat.value > stat.bound. */
    struct sh_expr *value, *bound;
    struct sh_rule_key peers[8];
    size_t n_peers;
    uint16_t stat; /* slot of the row of table stat */
    /* MERGED: the aggregates of hit, unless, doubt, amount, value and say, numbered as sh_batch.merged has
     * them */
    struct sh_partial *partials;
    size_t n_partials;
    struct sh_named_expr *hit;
    size_t n_hit;
    enum sh_amount amount;
    /* EXCESS: n, N. EXPR: amount_a. AFTER, written after(N) or after(N, SPAN): amount_b = N; amount_a =
       condition SPAN, NULL = false: false: the days that days() counts beyond the N-th; true: lines on
       calendar days >= first day + N, as span() counts. */
    struct sh_expr *amount_a, *amount_b;
    struct sh_expr
        *blame; /* GROUP: condition on a member, SH_CONTEXT_MEMBER; only those are blamed. NULL = all */
    struct sh_template *say;
    struct sh_rule_case *cases;
    size_t n_cases;
    struct sh_rule_reason *equivalents; /* mutants that change nothing, each with the reason */
    size_t n_equivalents;
    struct sh_rule_reason *apart; /* what these rules count of a line is never what this one counts */
    size_t n_apart;
};

/* ---- views
 * ------------------------------------------------------------------------------------------------------- */

#define SH_VIEW_COLUMNS_MAX 48

/*
 * A table that a text makes of another: rows (each: T), groups (each: [keys]) or days (expand: T by day),
 * with fields instead of a hit. Its rows belong to persons as those of the lake do, in the order of what they
 * are made of. Columns: person; the row it is made of, under that table's name (rows, days); day; the keys of
 * a group under the last word of their path; the fields. A row whose `where` is unknown is there with empty
 * fields.
 */
enum sh_view_kind { SH_VIEW_ROWS, SH_VIEW_GROUPS, SH_VIEW_DAYS };

struct sh_view_field {
    struct sh_str name;
    struct sh_expr *expr; /* ROWS, GROUPS: as a rule's hit; DAYS: over the day's row */
    int column;
};

struct sh_rule_view {
    struct sh_rule *rule; /* id = name of the view; subject, uses, with, where and keys as in a rule */
    enum sh_view_kind kind;
    uint16_t table, source;         /* its own in the model; what it is made of */
    int person, source_column, day; /* columns; source_column -1: groups */
    int key_columns[8];             /* -1: person and day */
    struct sh_view_field *fields;
    size_t n_fields;
    unsigned depth;                  /* 1: of tables only */
    struct sh_model_column *columns; /* inner: while reading */
};

/* Kinds of violation rules may name: RULES/kinds.csv, a word and its article a row. */
struct sh_kinds {
    const char **names;   /* [n] */
    struct sh_str *basis; /* [n] */
    size_t n;             /* 0: no such file */
};

struct sh_rules {
    struct sh_rule_model *model;
    struct sh_rule *rules; /* ordered by (national number or infinity, id) */
    size_t n_rules;
    struct sh_rule_view *views; /* each after those it builds on */
    size_t n_views;
    struct sh_knowledge *knowledge;
    size_t n_knowledge;
    struct sh_params *params;
    struct sh_kinds kinds;
    struct sh_str place; /* as loaded: "000000" = nation */
};

struct sh_rules_options {
    const char *rules_dir, *knowledge_dir, *params_dir;
    const char *const *only; /* rule ids; NULL = all */
    size_t n_only;
    int32_t known_as_of;    /* knowledge rows known up to that day; INT32_MAX all */
    const char *place;      /* division code for params and layers, "000000" = nation */
    const char *instead_of; /* a file of rules, views or a layer that says `instead` for once; NULL: none */
    struct sh_str instead;
    bool keep_going; /* leave out rules at fault, tables at fault and the rules that use them; the rest is
                        loaded. A fault of parameters, kinds, views or layers still stops: it could change
                        what other rules say */
};

/**
 * Load everything, check everything. All errors of all files are written to `report` (one a line,
 * file:line:column: text); returns SH_E_INPUT if there was any. report may be NULL.
 */
SH_MUST sh_code sh_rules_load(const struct sh_rules_options *options, struct sh_arena *arena, FILE *report,
                              struct sh_rules **ret, struct sh_err *err);

/** The code of the folder a file of a layer stands in (…/local/990100/x.yaml); empty for other files. */
struct sh_str sh_layer_of_path(const char *path);

/** Compile one rule text against loaded knowledge (tests, fuzzing, workbench). */
SH_MUST sh_code sh_rule_compile(struct sh_str text, const char *file, struct sh_rules *rules,
                                struct sh_arena *arena, struct sh_rule **ret, struct sh_err *err);

/** Bind one knowledge table to the dictionaries of a lake; sets and ranges are appended to growing arrays in
 * the arena. */
struct sh_bound {
    struct sh_knowledge_bound *tables; /* [n_knowledge] */
    struct sh_set *sets;
    struct sh_range *ranges;
    size_t n_sets, n_ranges;
    sh_code (*lookup)(void *ctx, int16_t domain, struct sh_str word, bool under, struct sh_arena *arena,
                      struct sh_set *ret, struct sh_err *err); /* also used to bind expressions */
    void *lookup_ctx;
    const struct sh_str *texts; /* [n_texts] texts of knowledge cells: TEXT ids of domain -1 below n_texts.
                                   Number your own from n_texts on */
    size_t n_texts;
    /* Codes that knowledge names and the lake's dictionary does not have: id = views[d]->n + i. No row of the
     * lake has them. */
    const struct sh_str *extra_codes[SH_DICTS];
    uint32_t n_extra_codes[SH_DICTS];
};
/** Binds all knowledge and all expressions of `rules` to the dictionaries of `lake` (or of a test's small
 * lake: see sh_dicts). */
struct sh_dicts {
    const struct sh_dict_view *views[SH_DICTS];
    /* Codes of the large dictionaries (sh_dict_is_large), whose view is NULL then; NULL: all views are there.
     * Thread-safe. */
    sh_code (*large_code)(void *ctx, enum sh_dict dict, int64_t id, struct sh_arena *arena,
                          struct sh_str *ret, struct sh_err *err);
    const struct sh_stems *stems; /* whose view is views[SH_DICT_STEM]; NULL: no item has one */
    /* Facts of a dimension, asked for when a rule reads one; NULL: nothing is known. */
    sh_code (*facts)(void *ctx, enum sh_table table, struct sh_arena *arena, struct sh_facts *ret,
                     struct sh_err *err);
    void *ctx;
};
SH_MUST sh_code sh_rules_bind(struct sh_rules *rules, const struct sh_dicts *dicts, struct sh_arena *arena,
                              struct sh_bound **ret, struct sh_err *err);

/* ---- national publications
 * --------------------------------------------------------------------------------------- */

/* Rows of all files: read = written + superseded + unresolved. A row counts as written when what it says
   stands in a table in force, superseded when it stands there with an end, unresolved when it is listed in
   unresolved.csv with the reason. */
struct sh_national_report {
    uint64_t read, written, superseded, unresolved;
    size_t points;   /* written, superseded ones included */
    size_t repealed; /* points of a fully revised class without successor: possibly repealed, at most
                        suspected */
};
/**
 * Published tables of knowledge points (batches and the flat table; each is recognised by its header, in any
 * order) into OUT/knowledge/TABLE.csv of our form, OUT/unresolved.csv and OUT/possibly_repealed.csv. Nothing
 * is guessed: where a cell and its own text differ, or the text gives no limit a machine can apply, the rows
 * are listed as unresolved. Errors: SH_E_INPUT a file with another header; those of reading and writing.
 */
SH_MUST sh_code sh_knowledge_import_national(const char *const *files, size_t n_files, const char *out_dir,
                                             struct sh_arena *arena, struct sh_national_report *ret,
                                             struct sh_err *err);

/* ---- mutants
 * ------------------------------------------------------------------------------------------------------ */

/* A rule with one thing changed: a comparison, a number, `and`, `not`, a function, a scope, a member of a
 * set, a field (another column of the same type), one side of a condition, a whole key, the level. */
struct sh_mutant {
    struct sh_str name; /* "hit: sum(days) >= k.days": key and what it says now */
    struct sh_str text; /* the whole file */
};
/**
 * All mutants of a rule, in the order of its keys; some do not compile (they mean nothing). Cost: one text of
 * the rule's length a mutant. Errors: SH_E_NOMEM; SH_E_LIMIT more than 4096.
 */
SH_MUST sh_code sh_rule_mutants(const struct sh_rule *rule, const struct sh_rules *rules,
                                struct sh_arena *arena, struct sh_mutant **ret, size_t *ret_n,
                                struct sh_err *err);
/** The same of a view: its keys, condition, variables and fields. */
SH_MUST sh_code sh_view_mutants(const struct sh_rule_view *view, const struct sh_rules *rules,
                                struct sh_arena *arena, struct sh_mutant **ret, size_t *ret_n,
                                struct sh_err *err);
/**
 * Mutants of a layer's knowledge table (file and text as they stand): each row left out, each plain number
 * one more and one less. Named "row POINT: left out", "row POINT: COLUMN NUMBER".
 */
SH_MUST sh_code sh_layer_table_mutants(const char *file, struct sh_str text, struct sh_arena *arena,
                                       struct sh_mutant **ret, size_t *ret_n, struct sh_err *err);

/* Generated page: the words of the model (docs/lake.md). */
SH_MUST sh_code sh_model_print(FILE *out, struct sh_err *err);
