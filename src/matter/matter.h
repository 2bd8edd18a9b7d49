/*
 * Matters: procedures executed. A step happens whole or not at all: in one transaction the conditions are
 * computed, the record gets a version with its journal leaf, papers their numbers, clocks start and stop,
 * registers and the money ledger get their rows, sub-matters open. What the law forbids is refused whoever
 * asks, with every failed condition and its article.
 *
 * All functions take part in a transaction of the store; who acts is passed in, with the grants in force.
 */
#pragma once
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "base/msg.h"
#include "law/law.h"
#include "store/store.h"

/** Texts that procedures run on; loaded once, const, shared by threads. */
struct sh_matter_texts;
/**
 * Load law/procedures, params, calendars and tables of a folder `law`.
 * registers, roles  borrowed, of the same folder.
 * Errors: SH_E_INPUT with file and place; SH_E_IO, SH_E_NOMEM.
 */
SH_MUST sh_code sh_matter_texts_load(const char *law_dir, const struct sh_registers *registers,
                                     const struct sh_roles *roles, struct sh_arena *arena,
                                     const struct sh_matter_texts **ret, struct sh_err *err);
const struct sh_procedures *sh_matter_procedures(const struct sh_matter_texts *texts);
/** The numbers they are counted by. */
const struct sh_params *sh_matter_params(const struct sh_matter_texts *texts);
/** The calendars their working days are counted by. */
const struct sh_calendars *sh_matter_calendars(const struct sh_matter_texts *texts);
/** The room's own tables. Static. */
const struct sh_migration *sh_matter_migrations(size_t *ret_n);
/** What the room's tables repeat of a record that is erased goes with it. */
SH_MUST sh_code sh_matter_forget(struct sh_txn *txn, struct sh_str record, struct sh_err *err);

/**
 * A record of a register that people edit has been written in this transaction: what watches it is asked, and
 * the law opens what the row calls for (a withdrawn one calls for nothing). Nothing where no text watches it.
 * reg, record  of the register and of the record, as the store knows them.
 * Errors: SH_E_INPUT the body that the row names cannot have the matter: the row is not to be written so;
 * those of the store.
 */
SH_MUST sh_code sh_matter_row_written(struct sh_txn *txn, const struct sh_matter_texts *texts,
                                      struct sh_str reg, struct sh_str record, struct sh_arena *arena,
                                      struct sh_err *err);

/* ---- who ---------------------------------------------------------------------------------------------- */

struct sh_matter_grant {
    struct sh_str role, body, place;
};
struct sh_matter_who {
    struct sh_str person; /* account id */
    const struct sh_matter_grant *grants;
    size_t n_grants;
    struct sh_scope scope; /* what may be seen */
    sh_lang lang;
    /* The name of a rule in `lang`, `kept` where nobody knows better; NULL: always as an item keeps it, in
     * Chinese. Items keep a name as it was when the finding came; what people read is asked here. */
    struct sh_str (*rule_title)(const void *rule_book, struct sh_str rule, struct sh_str kept);
    const void *rule_book;
    struct sh_str device; /* from which he acts, as the server saw it; kept with evidence */
};

/* ---- refusals ----------------------------------------------------------------------------------------- */

enum sh_failure_kind {
    SH_FAIL_STATE,
    SH_FAIL_ROLE,
    SH_FAIL_SEPARATION, /* the same person did what must be apart */
    SH_FAIL_BODY,       /* the same body did */
    SH_FAIL_ROLES,      /* two roles one person never uses in one matter */
    SH_FAIL_HOLDS,      /* no credential valid that day */
    SH_FAIL_TIE,
    SH_FAIL_RECUSAL,
    SH_FAIL_NEEDS, /* a field or paper is wanting */
    SH_FAIL_SEEN,
    SH_FAIL_GUARD,
    SH_FAIL_GATE,
    SH_FAIL_UNKNOWN, /* a condition that nobody can answer yet */
    SH_FAIL_TIME,    /* the right or power is gone; a date that cannot be; a reason for lateness is owed */
    SH_FAIL_MEMBERS, /* for whom, or already for him */
    SH_FAIL_KINDS
};
struct sh_failure {
    enum sh_failure_kind kind;
    struct sh_str message, basis, field, missing;
};
enum { SH_FAILURES_MAX = 64 };
struct sh_failures {
    struct sh_failure of[SH_FAILURES_MAX];
    size_t n;
};
/** Word of a kind for the API: "state", "role" … */
const char *sh_failure_word(enum sh_failure_kind kind);
/** As an array of objects. */
void sh_failures_json(const struct sh_failures *failures, struct sh_json *json);

/* Who asks, by which texts, with what memory: the same for every call of a request. */
struct sh_desk {
    const struct sh_matter_texts *texts;
    const struct sh_matter_who *who;
    struct sh_arena *arena;       /* answers and scratch */
    struct sh_failures *failures; /* filled by what may refuse; reading: may be NULL */
};

/* ---- acts --------------------------------------------------------------------------------------------- */

struct sh_matter_value {
    struct sh_str field, text;
};
struct sh_matter_new {
    struct sh_str procedure, subject, body, period, parent;
    const struct sh_matter_value *values;
    size_t n_values;
};
struct sh_matter_act {
    struct sh_str step, member, occurred, why;
    const struct sh_matter_value *values;
    size_t n_values;
    int64_t expected; /* version that was read */
};
/**
 * Open a matter. SH_E_CANCELLED: refused, `failures` says why; nothing is written when the caller rolls back.
 * Other errors: SH_E_NOTFOUND no such procedure in force, parent or subject in scope; those of the store.
 */
SH_MUST sh_code sh_matter_open(struct sh_txn *txn, const struct sh_desk *desk,
                               const struct sh_matter_new *wanted, char ret_id[SH_ID_TEXT + 1],
                               struct sh_err *err);
/** Take a step. Errors as above; SH_E_CONFLICT the matter has another version. */
SH_MUST sh_code sh_matter_act(struct sh_txn *txn, const struct sh_desk *desk, struct sh_str id,
                              const struct sh_matter_act *act, struct sh_err *err);

/** Whose a matter is, for the access log; empty when there is none of that id. */
SH_MUST sh_code sh_matter_labels(struct sh_txn *txn, struct sh_str id, struct sh_arena *arena,
                                 struct sh_labels *ret, struct sh_err *err);

/** By number or id, in the arena. For the program's own acts: no scope is asked. Errors: SH_E_NOTFOUND. */
SH_MUST sh_code sh_matter_find(struct sh_txn *txn, struct sh_str number, struct sh_arena *arena,
                               struct sh_str *ret_id, struct sh_str *ret_period, struct sh_err *err);

/**
 * Duties of the texts that are not counted yet, or by other boundaries: those of the first boundary after now
 * (an office owes nothing for what was before it had the text); *ret_n of them. Not may_write: only told.
 */
SH_MUST sh_code sh_matter_duties(struct sh_txn *txn, const struct sh_matter_texts *texts, bool may_write,
                                 struct sh_arena *arena, size_t *ret_n, struct sh_err *err);
/** Is a clock or a duty due? Read only. */
SH_MUST sh_code sh_matter_is_due(struct sh_txn *txn, int64_t now, bool *ret_due, struct sh_err *err);
/**
 * Carry out the earliest end of a clock or boundary of a duty that is due (T13), if one still is: once per
 * matter, clock and member, once per duty and row; occurred at the due instant, recorded now. Call again
 * until *ret_done is false.
 */
SH_MUST sh_code sh_matter_run_due(struct sh_txn *txn, const struct sh_matter_texts *texts,
                                  struct sh_arena *arena, bool *ret_done, struct sh_err *err);

/* ---- papers and files --------------------------------------------------------------------------------- */

/** Ids of papers of a matter that nobody has drawn yet, up to 100. */
SH_MUST sh_code sh_papers_undrawn(struct sh_txn *txn, struct sh_str matter, struct sh_arena *arena,
                                  struct sh_rows *ret, struct sh_err *err);
/** The paper that a matter of service is about, and its matter, if it is not drawn yet; else both "". */
SH_MUST sh_code sh_paper_of_service(struct sh_txn *txn, struct sh_str matter, struct sh_arena *arena,
                                    struct sh_str *ret_matter, struct sh_str *ret_paper, struct sh_err *err);
/**
 * Keep the drawing of a paper: sealed under the paper's record, its SM3 in the journal (D4). Only the first
 * counts; a paper is served only when it is drawn. Errors: SH_E_NOTFOUND; those of sh_blob_put.
 */
SH_MUST sh_code sh_paper_drawn(struct sh_txn *txn, struct sh_str paper, struct sh_str pdf,
                               struct sh_err *err);
/** The items it lists, as they stood when it was issued: name of the rule, person (masked), day, sentence,
 * fen. Who may see it was asked. */
SH_MUST sh_code sh_paper_lines(struct sh_txn *txn, struct sh_str paper, struct sh_arena *arena,
                               struct sh_rows *ret, struct sh_err *err);
/** The drawing that was kept; "" none yet. Who may see it was asked. Errors: SH_E_CORRUPT it has another
 * hash. */
SH_MUST sh_code sh_paper_pdf(struct sh_txn *txn, struct sh_str paper, struct sh_arena *arena,
                             struct sh_str *ret, struct sh_err *err);

/** Words of those who work on a matter; parties do not see them. Errors: SH_E_CANCELLED refused;
 * SH_E_NOTFOUND. */
SH_MUST sh_code sh_matter_comment(struct sh_txn *txn, const struct sh_desk *desk, struct sh_str matter,
                                  struct sh_str words, struct sh_err *err);
struct sh_attachment {
    struct sh_str name, type, source; /* source: where it comes from */
    struct sh_str content;            /* any bytes; kept sealed */
    bool party_sees;                  /* what a party brings, it sees */
};
/** Take a file into the matter; custody begins. Errors: as above; SH_E_LIMIT too many or too large. */
SH_MUST sh_code sh_matter_attach(struct sh_txn *txn, const struct sh_desk *desk, struct sh_str matter,
                                 const struct sh_attachment *in, char ret_id[SH_ID_TEXT + 1],
                                 struct sh_err *err);
/** Hand it out; the chain of custody gets who and when, with a leaf. ret: in desk->arena. Errors:
 * SH_E_NOTFOUND; SH_E_CORRUPT it is not what was handed in. */
SH_MUST sh_code sh_matter_take_attachment(struct sh_txn *txn, const struct sh_desk *desk,
                                          struct sh_str matter, struct sh_str attachment,
                                          struct sh_attachment *ret, struct sh_err *err);

/* ---- evidence (B-04): what stands behind findings, fixed when somebody finds them to be so, or by hand ---
 */

/**
 * A package of the items (of this or another matter whose file the actor works on), as they stand now, for a
 * reason: its list and device are in the journal with this act; sealed soon after by sh_evidence_seal.
 * Errors: SH_E_CANCELLED refused; SH_E_NOTFOUND.
 */
SH_MUST sh_code sh_evidence_capture(struct sh_txn *txn, const struct sh_desk *desk, struct sh_str matter,
                                    const struct sh_str *items, size_t n, struct sh_str why,
                                    struct sh_err *err);
/** Ids of packages that are not sealed yet, oldest first, up to 100. */
SH_MUST sh_code sh_evidence_unsealed(struct sh_txn *txn, struct sh_arena *arena, struct sh_rows *ret,
                                     struct sh_err *err);
struct sh_evidence_finding {
    struct sh_str item, key, rule, run, receipt; /* key: id in its run; run "": of no audit */
    struct sh_str text;                          /* how the office had it, JSON */
};
struct sh_evidence {
    struct sh_str about,
        list;               /* JSON; item, version, run, receipt a line: what the journal has the hash of */
    struct sh_str previous; /* hash of the package of the matter sealed before; "" the first */
    const struct sh_evidence_finding *findings; /* [n] by run, rule */
    size_t n;
};
/** What a package is of. Errors: SH_E_NOTFOUND. */
SH_MUST sh_code sh_evidence_read(struct sh_txn *txn, struct sh_str id, struct sh_arena *arena,
                                 struct sh_evidence *ret, struct sh_err *err);
/** Keep its bytes, made after `previous`; n_faults parts are not there. Errors: SH_E_CANCELLED it is sealed
 * already; SH_E_CONFLICT another was sealed since it was read; those of sh_blob_put. */
SH_MUST sh_code sh_evidence_seal(struct sh_txn *txn, struct sh_str id, struct sh_str previous,
                                 struct sh_str content, int64_t n_faults, struct sh_err *err);
/** Hand it out to who works on the matter, with a link of custody. Errors: SH_E_NOTFOUND also not sealed yet;
 * SH_E_CORRUPT it is not what was sealed. */
SH_MUST sh_code sh_evidence_take(struct sh_txn *txn, const struct sh_desk *desk, struct sh_str matter,
                                 struct sh_str id, struct sh_str *ret, struct sh_err *err);

struct sh_recount {
    size_t n_seen, n_moved;
    bool is_over; /* there are no more */
    char last[SH_ID_TEXT + 1];
};
/**
 * Clocks of up to 100 matters with an id > after ("" the first) by the calendars and numbers now loaded (T15,
 * V6): a running clock whose end is another gets it, old and new into its matter's file; what has passed
 * stands and is noted once. Not may_write: only told, in ret->n_moved.
 */
SH_MUST sh_code sh_matter_recount(struct sh_txn *txn, const struct sh_matter_texts *texts,
                                  struct sh_str after, bool may_write, struct sh_arena *arena,
                                  struct sh_recount *ret, struct sh_err *err);
/** Is a paper, attachment or item of that matter one that a step asks its actor to have opened, and not noted
 * yet? */
SH_MUST sh_code sh_matter_asks_seen(struct sh_txn *txn, const struct sh_desk *desk, struct sh_str matter,
                                    struct sh_str what, bool *ret, struct sh_err *err);
/** Note that desk->who opened it now, with a leaf. Once: the first time counts. */
SH_MUST sh_code sh_matter_saw(struct sh_txn *txn, const struct sh_desk *desk, struct sh_str matter,
                              struct sh_str what, struct sh_err *err);

/* What was opened, of whose matter and what for: for the access log. */
struct sh_unsealed {
    struct sh_str matter, purpose; /* matter: id of the one it lies in */
    struct sh_labels labels;       /* of that matter */
};
/**
 * The content of the sealed part that a matter of a procedure with `unseals` has opened, for one of those who
 * opened it together, while the matter stands open and its term has not ended. The caller notes the reading
 * in the same transaction. Errors: SH_E_CANCELLED refused; SH_E_NOTFOUND.
 */
SH_MUST sh_code sh_matter_unseal(struct sh_txn *txn, const struct sh_desk *desk, struct sh_str id,
                                 struct sh_json *json, struct sh_unsealed *ret, struct sh_err *err);

/* ---- items -------------------------------------------------------------------------------------------- */

enum { SH_BULK_MAX = 5000 };
struct sh_item_row {
    struct sh_str id;
    int64_t version;
};
struct sh_bulk {
    struct sh_str step, why;
    const struct sh_item_row *rows; /* [n_rows] */
    size_t n_rows;
    const struct sh_matter_value *values;
    size_t n_values;
};
/** One step for many rows (B1, B2). is_preview: nothing is written. The answer as BulkDone of the API. */
SH_MUST sh_code sh_items_act(struct sh_txn *txn, const struct sh_desk *desk, const struct sh_bulk *bulk,
                             bool is_preview, struct sh_json *json, struct sh_err *err);
SH_MUST sh_code sh_items_undo(struct sh_txn *txn, const struct sh_desk *desk, struct sh_str act,
                              struct sh_json *json, struct sh_err *err);

/** A finding of an audit run on its way into a batch. Canonical texts. */
struct sh_finding_in {
    struct sh_str key;         /* identity: rule and group */
    struct sh_str institution; /* subject of the batch */
    struct sh_str period;      /* "2026-03" */
    struct sh_str person;      /* kept sealed, shown masked */
    struct sh_str rule, name, level, say, receipt, run, basis;
    int32_t day;
    int64_t amount_fen, fund_fen;
};
struct sh_load_report {
    int64_t made, updated, same, differs, batches;
    int64_t made_fen;
    int64_t told;   /* batches that were told what the audit covered */
    bool is_review; /* the run is a first review: by all rules in force, with all batches known */
};
/* Where findings go: "claim-batch", code of the agency. */
struct sh_load_into {
    struct sh_str procedure, body;
};
/**
 * Put findings into the claim batches of their institution and month (opened where missing): a new one gets
 * the first state; an open one that changed gets a version; a closed one stays and is marked "differs". Up to
 * SH_BULK_MAX a call; a call again with the same findings changes nothing.
 */
SH_MUST sh_code sh_items_load(struct sh_txn *txn, const struct sh_desk *desk, const struct sh_load_into *into,
                              const struct sh_finding_in *findings, size_t n, struct sh_load_report *io,
                              struct sh_err *err);

/** Does a place (division code) hold another: are its digits without the zeros behind them the beginning of
 * the other's? The nation holds all. */
bool sh_place_covers(struct sh_str place, struct sh_str other);

/* Of the lines of an institution and month that the lake holds today, those that the audit read. gaps: a line
 * a rule that could not be evaluated on all its rows, and for what these lacked; what other institutions and
 * months lack is not in it. */
struct sh_covered_month {
    struct sh_str institution, period, gaps;
    int64_t n_received, n_run, n_gaps;
};
/* What an audit covered. lacks: a line a rule or text in force that it did not ask. */
struct sh_covered {
    struct sh_str run, place, lacks;
    int64_t n_lacks;
    const struct sh_covered_month *of; /* [n] by institution and period */
    size_t n;
};
/**
 * Tell the open matters of a procedure and body, by their step with `coverage: lines`, how many lines of
 * their subject and period were received and read: as the law, only where they stand before it, only if it
 * changes anything, only of a run by the rules of their own or a wider place (the nation's alone will not
 * do). A run that lacks something in force is told where none that lacked nothing was. io_after:
 * "" at first, then the last one asked, in desk's arena; "" again when all were. Adds to *io_told.
 */
SH_MUST sh_code sh_matters_cover(struct sh_txn *txn, const struct sh_desk *desk,
                                 const struct sh_load_into *into, const struct sh_covered *covered,
                                 struct sh_str *io_after, int64_t *io_told, struct sh_err *err);

/* ---- draws (docs/draw.md) ------------------------------------------------------------------------------ */

/** A unit that can be drawn, on its way into the frame of a matter. */
struct sh_unit_in {
    struct sh_str id;          /* 1 … 200 bytes, one line, in its own words no person: it is published */
    struct sh_str institution; /* code */
    int32_t day;
    int64_t amount_fen, fund_fen;
    const struct sh_matter_value *values; /* [n_values] fields of the item it may become */
    size_t n_values;
};
struct sh_units_report {
    int64_t units, left_out; /* left out: no matter of the period that has left its first state */
};
/**
 * Put units into the frame of a matter that is not fixed yet; one that is there is written anew. Adds to *io.
 * Errors: SH_E_NOTFOUND; SH_E_INPUT the frame is fixed, the procedure draws nothing, or a value is wrong.
 */
SH_MUST sh_code sh_units_load(struct sh_txn *txn, const struct sh_desk *desk, struct sh_str id,
                              const struct sh_unit_in *units, size_t n, struct sh_units_report *io,
                              struct sh_err *err);
/** Frame or result as written (docs/draw.md), in the arena. Errors: SH_E_NOTFOUND, also outside the scope. */
SH_MUST sh_code sh_draw_read(struct sh_txn *txn, const struct sh_desk *desk, struct sh_str id, bool is_result,
                             struct sh_str *ret, struct sh_err *err);

/**
 * What reviewed findings say of a rule: counts, share with Wilson bounds, and what the numbers of the
 * caller's place advise (law/outcomes.h). {rule, reviewed, confirmed, overturned, share, low, high, advice}
 */
SH_MUST sh_code sh_rule_outcomes_json(struct sh_txn *txn, const struct sh_desk *desk, struct sh_str rule,
                                      struct sh_json *json, struct sh_err *err);

/** Of every rule with a reviewed finding, by rule: items of {rule, reviewed, confirmed, overturned, share,
 * low, high}. One pass over the final items. */
SH_MUST sh_code sh_outcomes_json(struct sh_txn *txn, const struct sh_desk *desk, struct sh_json *json,
                                 struct sh_err *err);

/**
 * The verdicts those counts are of, as `shouhu backtest --verdicts` reads them: CSV finding, verdict (upheld,
 * rejected), by finding, appended to `out`. Ids and verdicts alone, no person.
 */
SH_MUST sh_code sh_rule_verdicts(struct sh_txn *txn, const struct sh_matter_texts *texts, struct sh_str rule,
                                 struct sh_arena *arena, struct sh_buf *out, struct sh_err *err);

/* ---- reading: answers of the API, docs/openapi.yaml --------------------------------------------------- */

struct sh_matter_query {
    struct sh_str procedure, state, subject, parent, assigned, number, after;
    struct sh_str container;        /* id: only what it gathers */
    struct sh_str stage;            /* of the funnel, as law/tables/funnel.csv has it */
    int64_t opened_from, opened_to; /* from .. before, seconds UTC; opened_to 0: all */
    int64_t due_until;              /* seconds UTC; 0 all */
    int64_t owes_at;                /* only what owes an act whose time was over then, seconds UTC; 0 all */
    size_t limit;
};
struct sh_item_query {
    struct sh_str matter, state, rule, institution, level, assigned, key, after; /* key: of a finding */
    struct sh_str stage,
        period;         /* stage: of the funnel, as law/tables/funnel.csv has it; period: of the matter */
    int64_t amount_min; /* fen; INT64_MIN all */
    bool by_queue;
    size_t limit;
};
SH_MUST sh_code sh_procedures_json(const struct sh_matter_texts *texts, const struct sh_matter_who *who,
                                   int32_t today, struct sh_json *json, struct sh_err *err);
SH_MUST sh_code sh_procedure_json(const struct sh_matter_texts *texts, const struct sh_matter_who *who,
                                  struct sh_str id, int32_t today, struct sh_json *json, struct sh_err *err);
/* Where and when the public asks. */
struct sh_matter_here {
    struct sh_str place; /* six digits */
    int32_t today;
    sh_lang lang;
};
/**
 * {place, day, items}: every time limit of the procedures in force there that day, by the very texts and
 * numbers that matters are counted by (AF-08). Nobody's data: anybody may read it. Errors: SH_E_INPUT a
 * number that is no length; SH_E_NOMEM.
 */
SH_MUST sh_code sh_time_limits_json(const struct sh_matter_texts *texts, const struct sh_matter_here *here,
                                    struct sh_arena *arena, struct sh_json *json, struct sh_err *err);
/** {items}: the calendars of every place on record, each with the years it lacks on here->today. */
SH_MUST sh_code sh_calendars_json(const struct sh_matter_texts *texts, const struct sh_matter_here *here,
                                  struct sh_arena *arena, struct sh_json *json, struct sh_err *err);
/** {items, next} */
SH_MUST sh_code sh_matters_json(struct sh_txn *txn, const struct sh_desk *desk,
                                const struct sh_matter_query *query, struct sh_json *json,
                                struct sh_err *err);
/** Errors: SH_E_NOTFOUND also outside the scope. ret_version may be NULL. */
SH_MUST sh_code sh_matter_json(struct sh_txn *txn, const struct sh_desk *desk, struct sh_str id,
                               struct sh_json *json, int64_t *ret_version, struct sh_err *err);
SH_MUST sh_code sh_items_json(struct sh_txn *txn, const struct sh_desk *desk,
                              const struct sh_item_query *query, struct sh_json *json, struct sh_err *err);
/** Is it a stage of the funnel that counts items, resp. matters? */
bool sh_funnel_has_stage(const struct sh_matter_texts *texts, struct sh_str stage, bool of_items);
/** {n, more, amount} of what the query lets through; its after, limit and order are not asked. Counted up to
 * 10,000: beyond, more is true and the amount null. */
SH_MUST sh_code sh_items_sum_json(struct sh_txn *txn, const struct sh_desk *desk,
                                  const struct sh_item_query *query, struct sh_json *json,
                                  struct sh_err *err);
/** Ids of records and postings, in the desk's arena. */
struct sh_id_list {
    const struct sh_str *of;
    size_t n;
};
enum { SH_TRAIL_MAX = 2000 };
/**
 * One yuan followed, for those of the office: the finding (its run, its receipt, which names the claim
 * lines), the matters, papers, rows of ledgers and postings that follow from it, and the rows of its body's
 * month (reconciliations, closing), each hop with the places of its leaves. json may be NULL. *ret: what a
 * bundle of proof holds (sh_store_export). Errors: SH_E_NOTFOUND also for what the reader takes part in only
 * as a party; SH_E_LIMIT.
 */
SH_MUST sh_code sh_item_trail(struct sh_txn *txn, const struct sh_desk *desk, struct sh_str id,
                              struct sh_json *json, struct sh_id_list *ret, struct sh_err *err);
/** The same of a whole matter, its items included: the dossier's proof. */
SH_MUST sh_code sh_matter_trail(struct sh_txn *txn, const struct sh_desk *desk, struct sh_str id,
                                struct sh_id_list *ret, struct sh_err *err);
SH_MUST sh_code sh_item_json(struct sh_txn *txn, const struct sh_desk *desk, struct sh_str id,
                             struct sh_json *json, struct sh_err *err);
/* Both included. */
struct sh_review_days {
    int32_t from, to;
};
/**
 * The report of empty reviews (V-04): of each step that a text says `inspects` something, by place and
 * person, how many he took in those days, how many of them without having opened it (unopened), or less than
 * view.min_seconds after (brief; null where the place has set no number), and up to 20 of these.
 */
SH_MUST sh_code sh_reviews_json(struct sh_txn *txn, const struct sh_desk *desk,
                                const struct sh_review_days *days, struct sh_json *json, struct sh_err *err);
struct sh_overruns_asked {
    struct sh_str procedure;    /* "" all */
    struct sh_review_days days; /* on which the time ended */
    int32_t today;
};
/**
 * What was done after its time, or is owed still (S4§12, S4§28): of the clocks whose end only marks, those
 * that ended in these days before their step was taken: {from, to, items: [{matter, number, procedure, clock,
 * basis, step, started, due, done (null: still owed), days_late, reason, …}], more}, the newest 1,000 ends
 * looked at. Cost: an index over the ends.
 */
SH_MUST sh_code sh_overruns_json(struct sh_txn *txn, const struct sh_desk *desk,
                                 const struct sh_overruns_asked *asked, struct sh_json *json,
                                 struct sh_err *err);
enum sh_funnel_by { SH_FUNNEL_ALL, SH_FUNNEL_RULE, SH_FUNNEL_INSTITUTION, SH_FUNNEL_MONTH };
/**
 * Money on its way back, by what law/tables/funnel.csv says: {items: [{key, name, found, confirmed, refused,
 * due, deposited: {n, amount}}]}, at most 1,000 keys, the most found first. By rule there is no due and no
 * deposited: null.
 */
SH_MUST sh_code sh_funnel_json(struct sh_txn *txn, const struct sh_desk *desk, enum sh_funnel_by by,
                               struct sh_json *json, struct sh_err *err);
SH_MUST sh_code sh_work_json(struct sh_txn *txn, const struct sh_desk *desk, struct sh_json *json,
                             struct sh_err *err);
