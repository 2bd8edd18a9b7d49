/*
 * Audit: runs rules over the timelines of persons. What a rule means is fixed in docs/rules.md; this room
 * executes it, counts every answer, draws the money once, and keeps a receipt of every finding.
 *
 * A *plan* is immutable and shared by threads: all rules bound to the dictionaries of one lake. A *worker* is
 * the scratch room of one thread. A *chunk* is some whole persons, as the lake's reader gives them or a small
 * lake made in memory. Rules of reach T (person or encounter in the key) are final within a chunk, and so is
 * the drawing of money.
 *
 * Threads: everything const may be shared; a worker belongs to one thread.
 */
#pragma once
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/msg.h"
#include "base/pool.h"
#include "lake/lake.h"
#include "rule/rule.h"
#include <stdio.h>

/* ---- plan --------------------------------------------------------------------------------------- */

struct sh_plan;

struct sh_plan_options {
    unsigned stage; /* sum of enum sh_stage; 0 = all */
    int32_t as_of;  /* only what happened up to that day is audited; INT32_MAX = all */
    const char
        *place; /* division code for parameters read by the engine itself (course.gap); NULL = 000000 */
    const struct sh_lake
        *lake;             /* asked for completeness; NULL: everything is complete (small lakes of tests) */
    uint32_t incomplete;   /* bit t: complete(table t) is false whatever the lake says; for cases of rules */
    uint64_t manifest;     /* written into receipts */
    size_t held_bytes_max; /* groups of many persons that a worker holds before it sends them; 0 = 128 MB */
    uint32_t timeline_max; /* rows of one person beyond which the quadratic shapes answer "timeline too long";
                              0 = 200,000 */
};

/**
 * Bind `rules` (loaded for this plan alone: binding writes into their expressions) to dictionaries and lay
 * out the work. dicts   borrowed for the life of the plan.   arena   owns the plan. Errors: SH_E_INPUT a rule
 * asks for what the engine cannot do (named); SH_E_NOMEM; those of binding.
 */
SH_MUST sh_code sh_plan_make(struct sh_rules *rules, const struct sh_dicts *dicts,
                             const struct sh_plan_options *options, struct sh_arena *arena,
                             struct sh_plan **ret, struct sh_err *err);
/** Columns the reader must select. */
struct sh_selection sh_plan_selection(const struct sh_plan *plan);
/** Rules of the plan (those whose state and stage let them run), in order. */
size_t sh_plan_rules(const struct sh_plan *plan);
const struct sh_rule *sh_plan_rule(const struct sh_plan *plan, size_t i);

/* ---- answers ------------------------------------------------------------------------------------ */

enum sh_answer { SH_ANSWER_CLEAR, SH_ANSWER_HIT, SH_ANSWER_EXEMPT, SH_ANSWER_NOT_EVALUATED, SH_ANSWERS };

/* subjects: rows, groups, window rows, pairs' b rows; a row concerned by two points counts twice. fen:
 * covered. */
struct sh_answer_count {
    uint64_t subjects, lines;
    int64_t fen;
};

/* Rows of an institution (id of the dictionary) and month (year * 12 + month - 1) that could not be judged;
 * -1: not known, so any. */
struct sh_place_rows {
    int32_t institution, month;
    uint64_t rows;
};
/* Distinct places, and their index. All zero is empty. */
struct sh_places {
    struct sh_place_rows *of; /* [n] */
    size_t n, cap, last;      /* last: where the last row was counted */
    uint32_t *slots;          /* [n_slots], a power of two: number of a place from 1; 0 free */
    size_t n_slots;
    int32_t last_day, last_month;
};

struct sh_field_count {
    struct sh_str field; /* "person.birth", "timeline too long"; exempt: text of the exemption */
    bool exempt, pending;
    struct sh_answer_count count;
    struct sh_places places; /* of rows, or of groups of many persons; exempt: none */
};

struct sh_rule_answers {
    struct sh_answer_count of[SH_ANSWERS];
    uint64_t not_concerned_lines;
    uint64_t findings;
    int64_t amount_fen, counted_fen, fund_fen; /* of the findings */
    uint64_t unknown_amounts;                  /* findings whose amount could not be computed */
    struct sh_field_count *fields; /* [n_fields], sorted by (exempt, field) once the run is over */
    size_t n_fields, cap_fields;
};

struct sh_answers {
    struct sh_rule_answers *rules; /* [n_rules] of the plan */
    size_t n_rules;
    uint64_t lines, void_lines, refund_lines, persons, chunks; /* lines: those rules may read */
    int64_t covered_fen, void_fen;
};

/* ---- findings ----------------------------------------------------------------------------------- */

enum sh_fund_state { SH_FUND_KNOWN, SH_FUND_BY_CASE, SH_FUND_UNKNOWN };

struct sh_blamed_line {
    int32_t row; /* in the chunk's line table */
    bool blamed; /* else involved */
    int64_t amount_fen, counted_fen;
};

struct sh_finding {
    uint8_t id[16];        /* SHA-256 of rule, point and subject key, first 16 bytes */
    uint16_t rule;         /* in the plan */
    int32_t knowledge_row; /* in the rule's first knowledge table, -1 */
    enum sh_level level;
    struct sh_str key;        /* subject key in source ids */
    struct sh_str point;      /* empty without knowledge */
    struct sh_str say, doubt; /* doubt: what lowered the level, empty if nothing */
    int32_t person, institution,
        encounter; /* person, encounter: rows of the chunk; institution: dictionary id; -1 */
    int32_t day;   /* SH_MISSING_I32 unknown */
    bool amount_known;
    struct sh_str amount_unknown; /* field */
    int64_t amount_fen, counted_fen, fund_fen;
    enum sh_fund_state fund;
    struct sh_blamed_line *lines; /* [n_lines], ascending rows; blamed ones carry money */
    size_t n_lines;
    struct sh_value_read *values; /* [n_values] */
    size_t n_values;
    struct sh_str deciding; /* text of the condition that was true */
    struct sh_str clearing; /* smallest change that would clear it */
};

/* Findings of one chunk in the order (rule, key); valid until the worker's next chunk. */
struct sh_chunk_findings {
    const struct sh_finding *findings;
    size_t n;
};

struct sh_audit_worker;
SH_MUST sh_code sh_audit_worker_new(const struct sh_plan *plan, struct sh_audit_worker **ret,
                                    struct sh_err *err);
void sh_audit_worker_free(struct sh_audit_worker *worker);
/** Run all rules over one chunk. Answers are added to the worker's. */
SH_MUST sh_code sh_audit_chunk(struct sh_audit_worker *worker, const struct sh_chunk *chunk,
                               struct sh_chunk_findings *ret, struct sh_err *err);
/**
 * What `from` sent of rules whose rows are of many persons (reach MERGED, EXCHANGED), judged as if its chunks
 * were all there is. joiner   a worker of its own on the same plan; owns the findings. Lines are numbered as
 * in from's chunk, so this is for one chunk. Answers are added to from's.
 */
SH_MUST sh_code sh_audit_join_own(struct sh_audit_worker *from, struct sh_audit_worker *joiner,
                                  struct sh_chunk_findings *ret, struct sh_err *err);
/** Answers so far; owned by the worker. */
const struct sh_answers *sh_audit_worker_answers(const struct sh_audit_worker *worker);
/** The receipt of a finding of the last chunk: canonical JSON, appended to `out`; its SHA-256 is the
 * receipt's hash. */
SH_MUST sh_code sh_audit_receipt(const struct sh_audit_worker *worker, const struct sh_finding *finding,
                                 struct sh_buf *out, struct sh_err *err);

/* ---- one claim before submission ---------------------------------------------------------------- */

/* A finding that the request brings, raises, lowers or clears. */
struct sh_claim_finding {
    uint8_t id[16];
    const struct sh_finding *finding; /* with the request; NULL: the request clears it */
    bool is_new;                      /* not there without the request */
    bool amount_known;                /* both sides are known */
    int64_t amount_fen;               /* with the request minus without it */
};
/* Those with the request in their order (rule, key), then the cleared ones by id. Valid until the next claim.
 */
struct sh_claim_findings {
    const struct sh_claim_finding *at;
    size_t n;
    /* Rules of the plan that ask for rows of other persons, ascending: not evaluated, whatever the claim. */
    const uint16_t *not_evaluated;
    size_t n_not_evaluated;
};

struct sh_claim_worker;
SH_MUST sh_code sh_claim_worker_new(const struct sh_plan *plan, struct sh_claim_worker **ret,
                                    struct sh_err *err);
void sh_claim_worker_free(struct sh_claim_worker *worker);
/**
 * Judge a request against the history of one person (docs/rules.md, "one claim"): the same engine as the
 * night's run, once with and once without the request. Amounts of a person's requests, taken in the order of
 * time, add up to what the night finds under the same id. facts    one person: history and request together,
 * as the reader or a small lake gives them. request  [lines of facts] 1: the line belongs to the request.
 * Errors: SH_E_INPUT not exactly one person; SH_E_NOMEM.
 */
SH_MUST sh_code sh_audit_claim(struct sh_claim_worker *worker, const struct sh_chunk *facts,
                               const uint8_t *request, struct sh_claim_findings *ret, struct sh_err *err);

/* ---- runs over a lake --------------------------------------------------------------------------- */

struct sh_audit_options {
    const char *lake_dir, *rules_dir, *knowledge_dir, *params_dir;
    const char *place;       /* NULL = 000000 */
    const char *const *only; /* rule ids; NULL = all */
    size_t n_only;
    const char *out;      /* FILE.csv, .json or .parquet; NULL none */
    const char *run;      /* name of the run below LAKE/audits; NULL: made from the clock */
    unsigned threads;     /* 0 = all processors */
    unsigned stage;       /* 0 = all */
    int32_t as_of, known; /* INT32_MAX = open */
    bool has_buckets;     /* a slice: buckets bucket_first .. bucket_last */
    uint32_t bucket_first, bucket_last;
    uint64_t manifest;     /* 0 = newest */
    uint32_t chunk_rows;   /* 0 = default */
    size_t held_bytes_max; /* see sh_plan_options; 0 = default */
    const struct sh_clock *clock;
    FILE *report;                    /* errors in rules; may be NULL */
    bool keep_going;                 /* see sh_rules_options */
    struct sh_pool_control *control; /* may be NULL */
    void (*progress)(void *ctx, uint64_t lines_done, uint64_t lines_total);
    void *progress_ctx;
};

struct sh_run_rule {
    struct sh_str id, name, version, code;
    int32_t number;
};

struct sh_run_summary {
    struct sh_str run; /* name */
    struct sh_str dir; /* LAKE/audits/RUN */
    uint64_t manifest;
    uint32_t bucket_first, bucket_last, buckets;
    bool partial;
    struct sh_run_rule *rules;
    struct sh_answers answers;
    uint64_t findings;
    double seconds, load_seconds, audit_seconds, merge_seconds, cpu_audit_seconds;
};

/**
 * Audit a lake and keep the run in LAKE/audits/RUN: run.json, findings.parquet (and `out`), receipts.jsonl
 * with an index, lacking.csv. The findings' bytes do not depend on the number of threads or the time. A slice
 * keeps a partial run (parts only) for sh_audit_merge. Errors: SH_E_INPUT rules or options; SH_E_NOTFOUND,
 * SH_E_CORRUPT, SH_E_BUSY of the lake; SH_E_FULL, SH_E_IO; SH_E_CANCELLED.
 */
SH_MUST sh_code sh_audit_run(const struct sh_audit_options *options, struct sh_arena *arena,
                             struct sh_run_summary *ret, struct sh_err *err);

/* Texts beside the rules that decide what they find, each with its SHA-256 in hex: "view NAME", "knowledge
 * NAME", "params". */
#define SH_RUN_KNOWLEDGE "knowledge"
struct sh_run_text {
    struct sh_str name, digest;
};
struct sh_run_texts {
    struct sh_run_text *of;
    size_t n;
};

/* What a kept run was asked, and what it answered. */
struct sh_run_about {
    struct sh_run_summary summary;
    struct sh_run_texts texts; /* none: a run of former days, which did not say */
    struct sh_str place;       /* whose rules and parameters */
    int32_t as_of, known;
    unsigned stage;
};
/** Read LAKE/audits/RUN/run.json, in `arena`. Errors: SH_E_NOTFOUND, SH_E_IO, SH_E_CORRUPT, SH_E_NOMEM. */
SH_MUST sh_code sh_run_about(const char *run_dir, struct sh_arena *arena, struct sh_run_about *ret,
                             struct sh_err *err);

/* Rows (or groups of many persons) that a rule of a kept run did not judge for want of a field, of an
 * institution (code) and month ("2026-03"). Empty: not known, so it may be any. */
struct sh_lack {
    struct sh_str rule, field, institution, month;
    uint64_t rows;
};
/** Read LAKE/audits/RUN/lacking.csv, in `arena`, in the order of rules and fields. Errors: SH_E_NOTFOUND a
 * run of former days, which did not say; SH_E_IO, SH_E_INPUT, SH_E_CORRUPT, SH_E_LIMIT, SH_E_NOMEM. */
SH_MUST sh_code sh_run_lacks(const char *run_dir, struct sh_arena *arena, struct sh_lack **ret, size_t *ret_n,
                             struct sh_err *err);

/* What an audit of a place asks: the rules that would run, and the texts beside them. */
struct sh_asked {
    struct sh_run_rule *rules;
    size_t n_rules;
    struct sh_run_texts texts;
};
/** Read it from the folders, in `arena`. Errors: SH_E_INPUT rules that do not load; SH_E_NOMEM, SH_E_IO. */
SH_MUST sh_code sh_audit_asked(const struct sh_rules_options *options, struct sh_arena *arena,
                               struct sh_asked *ret, struct sh_err *err);

/**
 * Join partial runs (folders or names below LAKE/audits) into the bytes a whole run would have given.
 * Errors: SH_E_INPUT different manifest, rules, knowledge or parameters, gaps or overlaps of buckets.
 */
SH_MUST sh_code sh_audit_merge(const char *lake_dir, const char *const *runs, size_t n_runs, const char *out,
                               const char *run, const struct sh_clock *clock, struct sh_arena *arena,
                               struct sh_run_summary *ret, struct sh_err *err);

/**
 * Hand every receipt of a kept run (LAKE/audits/RUN) to `take`, in the order (rule, key): canonical JSON, a
 * view that is valid during the call. Stops at the first code that is not SH_OK and gives it back. Errors:
 * SH_E_NOTFOUND, SH_E_IO, SH_E_CORRUPT of the file; those of take.
 */
SH_MUST sh_code sh_audit_receipts(const char *run_dir,
                                  sh_code (*take)(void *ctx, struct sh_str receipt, struct sh_err *err),
                                  void *ctx, struct sh_err *err);

/**
 * The receipt of one finding of a run's folder, canonical JSON in `arena`. ret_bucket: where its person's
 * rows lie; not a bucket of the lake when the rows are of many persons. Errors: SH_E_NOTFOUND.
 */
SH_MUST sh_code sh_receipt_find(const char *dir, const uint8_t id[16], struct sh_arena *arena,
                                struct sh_str *ret, uint32_t *ret_bucket, struct sh_err *err);

/**
 * Hand the texts of a rule that a run was made with to `take`: its file, then those of layers of the place;
 * name as "rules/local/990100/RULE.yaml", text valid during the call. Errors: SH_E_NOTFOUND the run kept
 * none, or has no such rule; SH_E_CORRUPT; those of take.
 */
SH_MUST sh_code sh_rule_texts(const char *run_dir, struct sh_str rule,
                              sh_code (*take)(void *ctx, const char *name, struct sh_str text,
                                              struct sh_err *err),
                              void *ctx, struct sh_err *err);

/**
 * The same audit by SQL in embedded DuckDB, an executor that shares no evaluating code with sh_audit_run:
 * writes the findings as CSV to options->out in the order (rule, key). Filled are id, rule, number, name,
 * level, point, institution, person, encounter, day, lines and amount; no run is kept. ret_findings: how
 * many. Errors: SH_E_UNSUPPORTED a rule asks for what SQL cannot say (named); those of sh_audit_run.
 */
SH_MUST sh_code sh_audit_sql(const struct sh_audit_options *options, struct sh_arena *arena,
                             uint64_t *ret_findings, struct sh_err *err);
/**
 * Print rules as SQL. with_tables: also the statements that make the tables they read from the lake's rows
 * (raw_…), and the knowledge. Errors: SH_E_INPUT the rules; SH_E_UNSUPPORTED what SQL cannot say, after the
 * other rules.
 */
SH_MUST sh_code sh_audit_print_sql(const struct sh_rules_options *options, enum sh_sql_dialect dialect,
                                   bool with_tables, FILE *report, FILE *out, struct sh_err *err);

/** What a run found, for people. */
void sh_audit_print_summary(const struct sh_run_summary *summary, enum sh_lang lang, FILE *out);

struct sh_explain_options {
    const char *lake_dir, *id, *run; /* run NULL: the newest that has the finding */
    enum sh_lang lang;
    bool json, replay;
};
/** Print the receipt of a finding. Errors: SH_E_NOTFOUND; SH_E_CONFLICT a replay gave something else
 * (printed). */
SH_MUST sh_code sh_audit_explain(const struct sh_explain_options *options, FILE *out, struct sh_err *err);

/* ---- back-test ---------------------------------------------------------------------------------- */

struct sh_backtest_options {
    const char *lake_dir;
    const char *base, *now; /* names of two kept runs */
    const char
        *verdicts; /* CSV with columns finding (id) and verdict (upheld 成立 / rejected 不成立); NULL none */
};

/* Findings of both runs under one key: a rule, an institution, one finding. */
struct sh_backtest_group {
    struct sh_str key, name;
    int64_t was, now;                   /* findings */
    int64_t added, vanished, changed;   /* changed: the same id, another level or money */
    int64_t was_fen, now_fen;           /* counted once */
    int64_t was_places, now_places;     /* institutions */
    int64_t upheld, rejected;           /* reviewed findings among those of the new run */
    int64_t lost_upheld, lost_rejected; /* among the vanished ones */
};
struct sh_backtest_groups {
    struct sh_backtest_group *at;
    size_t n;
};
struct sh_backtest {
    struct sh_run_summary runs[2]; /* base, new */
    struct sh_backtest_group all;
    struct sh_backtest_groups rules;  /* by id of the rule */
    struct sh_backtest_groups places; /* the 20 institutions whose money changes most */
    struct sh_backtest_groups
        lost; /* up to 50 findings that reviewers upheld and the new run has not: key id, name rule */
    struct sh_backtest_groups moved; /* up to 100 findings that only one run has or that changed, the dearest
                                        first: key id, name of the institution */
};

/**
 * Compare two kept runs of a lake: what a new text of the rules would change, and how far reviewers agreed
 * with what it finds. The last verdict of a finding holds. Errors: SH_E_NOTFOUND no such run; SH_E_INPUT
 * verdicts (file:line: column); SH_E_NOMEM, SH_E_IO.
 */
SH_MUST sh_code sh_audit_backtest(const struct sh_backtest_options *options, struct sh_arena *arena,
                                  struct sh_backtest *ret, struct sh_err *err);
/* Percent with two digits; the bounds are Wilson's, 95 %, rounded outwards (law/outcomes.h). */
struct sh_precision {
    char share[SH_SHARE_TEXT_MAX], low[SH_SHARE_TEXT_MAX], high[SH_SHARE_TEXT_MAX];
};
/** What share of the new run's reviewed findings was upheld; false: none of them is reviewed. */
bool sh_backtest_precision(const struct sh_backtest_group *group, struct sh_precision *ret);
/** The comparison as Markdown. */
void sh_audit_print_backtest(const struct sh_backtest *backtest, sh_lang lang, FILE *out);
/** The same for programs, one JSON object, money in fen; appended. Errors: SH_E_NOMEM. */
SH_MUST sh_code sh_audit_backtest_json(const struct sh_backtest *backtest, struct sh_buf *out,
                                       struct sh_err *err);

/* ---- a rule's own cases ------------------------------------------------------------------------- */

struct sh_rules_test_result {
    size_t rules, cases, failed, rules_without_cases;
};
/**
 * Run the cases written beside rules through the engine: each on a small lake in memory, with the rule under
 * test alone. options   what to load (the rules are loaded once a case, as binding is for one set of
 * dictionaries). only      id of a rule, or NULL.   out   failures as file:line: text; may be NULL. Errors:
 * what keeps cases from running (a rule does not load); a failing case is none: see ret.
 */
SH_MUST sh_code sh_rules_test(const struct sh_rules_options *options, const char *only, FILE *out,
                              struct sh_rules_test_result *ret, struct sh_err *err);

struct sh_rules_mutation_result {
    size_t rules, below; /* texts; below: whose cases miss a mutant and that are beyond draft */
    size_t mutants;      /* that compile */
    size_t killed;       /* some case noticed */
    size_t equivalent;   /* named in the rule, with the reason */
    size_t survived;
    size_t stale; /* named as equivalent, but noticed or not there */
};
/**
 * Change every threshold, operator and field of each rule, one at a time, and see whether its cases notice.
 * out   a line a rule with its score, and each survivor by name; may be NULL.
 * Errors: SH_E_INPUT the rules do not load, or a case fails before anything is changed (named).
 */
SH_MUST sh_code sh_rules_mutate(const struct sh_rules_options *options, FILE *out,
                                struct sh_rules_mutation_result *ret, struct sh_err *err);
/** The same of views, by the cases of the rules that read them. options->only: of these views alone. */
SH_MUST sh_code sh_views_mutate(const struct sh_rules_options *options, FILE *out,
                                struct sh_rules_mutation_result *ret, struct sh_err *err);
/**
 * The same of all layers (RULES/local/CODE): what an overlay wrote, a rule that it switches off, rows and
 * limits of its knowledge; the cases are those of the layer and those of rules whose `place` lies in it.
 */
SH_MUST sh_code sh_layers_mutate(const struct sh_rules_options *options, FILE *out,
                                 struct sh_rules_mutation_result *ret, struct sh_err *err);

struct sh_coverage_result {
    size_t national, missing; /* national rules; those no rule says */
    size_t rules, planted, points, rows, cases;
    size_t blind; /* rules that read a field the lake leaves empty */
};
/**
 * A line a rule: national number and code, class, shape, points, knowledge rows, cases, state; national rules
 * we do not have are shown as missing. options   rules_dir also holds national.csv, the list of the nation's
 * rules. lake_dir   NULL, or a lake that is read once: which fields a rule reads are empty in it, and which
 * of these are silently taken as "none". is_planted   NULL, or whether the synthetic city plants a rule.
 * Errors: SH_E_INPUT rules or national.csv; those of reading the lake.
 */
SH_MUST sh_code sh_rules_coverage(const struct sh_rules_options *options, const char *lake_dir,
                                  bool (*is_planted)(struct sh_str rule), sh_lang lang, FILE *out,
                                  struct sh_coverage_result *ret, struct sh_err *err);

struct sh_analysis_result {
    size_t dead;  /* rules that can never speak here, and nobody says why; names of rules in `apart` that are
                     none */
    size_t local; /* rules that wait for this place's own rows, as their tables say */
    size_t contradictions; /* a place's number looser than the nation's for the same point */
    size_t overlaps;       /* pairs of rules that both count a part of one line: it may be the same part */
    size_t settled;   /* pairs on the same items, one of which counts whole lines, together the line, once;
                         or a rule says which part each counts (`apart`) */
    size_t gaps;      /* days between rows of a point, or before the rule, that nothing covers */
    size_t unmatched; /* rows that name no item of the lake */
};
/**
 * What the rules get wrong together, a line a fault. options->place: the layers looked at. lake_dir   NULL,
 * or a lake whose dictionaries are asked which rows name nothing. Errors: SH_E_INPUT rules that do not load;
 * those of the lake.
 */
SH_MUST sh_code sh_rules_analyze(const struct sh_rules_options *options, const char *lake_dir, sh_lang lang,
                                 FILE *out, struct sh_analysis_result *ret, struct sh_err *err);
