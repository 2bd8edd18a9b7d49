/* What the files of the room share. */
#pragma once
#include "base/date.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/money.h"
#include "matter/matter.h"
#include "matter/message.h"

enum { SH_CHAIN_MAX = 8, SH_PARTIES_MAX = 64, SH_PAPERS_MAX = 500, SH_STEPS_MAX = 5000 };
#define SH_NEVER INT64_MAX

/* A rule of posting: money of a kind and fund moves from one account to another. */
struct posting_rule {
    struct sh_str kind, fund, from, to, basis;
};
/* law/tables/funnel.csv */
struct funnel_row {
    unsigned stage; /* of enum funnel_stage */
    bool is_of_items;
    struct sh_str procedure, state, matter_state, field; /* * any */
};
struct sh_matter_texts {
    const struct sh_procedures *procedures;
    const struct sh_registers *registers;
    const struct sh_roles *roles;
    const struct sh_params *params;
    const struct sh_calendars *calendars;
    const struct posting_rule *rules;
    size_t n_rules;
    const struct funnel_row *funnel;
    size_t n_funnel;
};

/* A matter as it stands in this transaction. */
struct matter {
    struct sh_str id, number, body, place, subject, period, parent, source, assigned, ord;
    const struct sh_procedure *text;
    int32_t state;
    int64_t version, opened_at, changed_at, seq; /* seq: of its last step */
    bool is_late;
    struct sh_str *values; /* [text->matter.n_fields] canonical; len 0: none */
};
struct party {
    struct sh_str id, body;
};
struct parties {
    struct party of[SH_PARTIES_MAX];
    size_t n;
};

/* What is on record of the actor himself, whatever matter he acts in; empty until it is asked for. */
struct bonds {
    bool are_read;
    struct tie {
        struct sh_str other, kind;
    } * ties;
    struct sh_str *recused; /* numbers of matters */
    size_t n_ties, n_recused;
};

/* One act on a matter under way. */
struct work {
    struct sh_txn *txn;
    const struct sh_matter_texts *texts;
    const struct sh_matter_who *who; /* NULL: the law acts */
    struct sh_arena *arena;
    struct sh_failures *failures;
    struct sh_err *err;
    struct matter m;
    struct parties parties;
    struct sh_factbook *facts;
    const struct sh_step *step;
    struct sh_matter_grant used; /* the grant that lets the actor take it */
    struct bonds *bonds;         /* of an act over many matters: read once; NULL: read anew */
    struct sh_str member, why, item, source_paper;
    int64_t occurred; /* seconds UTC */
    int32_t today, occurred_day;
    bool is_late;
    unsigned depth; /* sub-matters opened inside each other */
};

static inline struct work sh_work_of(struct sh_txn *txn, const struct sh_desk *desk, struct sh_err *err) {
    return (struct work){.txn = txn,
                         .texts = desk->texts,
                         .who = desk->who,
                         .arena = desk->arena,
                         .failures = desk->failures,
                         .err = err,
                         .why = {"", 0},
                         .member = {"", 0}};
}
/** For another matter, by the same act. */
static inline struct work sh_work_beside(const struct work *w) {
    return (struct work){.txn = w->txn,
                         .texts = w->texts,
                         .who = w->who,
                         .arena = w->arena,
                         .failures = w->failures,
                         .err = w->err};
}
static inline sh_lang lang_of(const struct work *w) {
    return w->who ? w->who->lang : SH_ZH;
}
static inline int32_t day_of_utc(int64_t at) {
    return sh_day_of_time(at + SH_SHANGHAI_SECONDS);
}
/** The moment a day of the office begins. */
static inline int64_t utc_of_day(int32_t day) {
    return (int64_t)day * SH_DAY_SECONDS - SH_SHANGHAI_SECONDS;
}
static inline struct sh_str actor_of(const struct work *w) {
    return w->who ? w->who->person : SH_STR("law");
}
/** The one of two texts that the reader wants. */
static inline struct sh_str sh_word_of(sh_lang lang, struct sh_str name, struct sh_str english) {
    return lang == SH_EN ? english : name;
}
/** Note why the act is refused; the values as the message's text wants them. */
void sh_failure_add(struct work *w, enum sh_failure_kind kind, struct sh_str basis, struct sh_str field,
                    enum matter_message id, ...);
/** Note that a field does not take a value: `why` of sh_field_check in the actor's language. */
void sh_value_refused(struct work *w, struct sh_str basis, const struct sh_field *field,
                      const struct sh_err *why);
/** A message in the actor's language, in the arena. */
struct sh_str sh_say(struct work *w, enum matter_message id, ...);
/** Formatted text in the arena; "" without memory. */
struct sh_str sh_textf(struct sh_arena *arena, const char *format, ...) SH_PRINTF(2, 3);
struct sh_str sh_copy(struct sh_arena *arena, struct sh_str text);
/** "2026-03" */
struct sh_str sh_month_text(struct sh_arena *arena, int32_t day);
/** Sees all: for the engine's own checks, never for an answer. */
struct sh_scope sh_everything(void);
/** Text member of a JSON object, copied; "" when missing. */
struct sh_str sh_json_member(const json_t *object, struct sh_str key, struct sh_arena *arena);

/* ---- load.c: rows of matters */
/** Errors: SH_E_NOTFOUND; SH_E_INTERNAL its text is gone. w->m is set. */
SH_MUST sh_code sh_matter_load(struct work *w, struct sh_str id);
/** May `who` see it? By place and body, or as a party. */
/** Calls `each` for the bodies that fields of the matter call in; one may come twice. */
SH_MUST sh_code sh_matter_each_called(struct work *w,
                                      sh_code (*each)(struct work *w, struct sh_str body, void *ctx),
                                      void *ctx);
SH_MUST sh_code sh_matter_visible(struct work *w, const struct sh_matter_who *who, bool *ret);
/** Load it for w->who: what he does not see is not there. Errors: as sh_matter_load. */
SH_MUST sh_code sh_matter_enter(struct work *w, struct sh_str id);
/** Of a matter he may see: this paper too? The office's own are for the office; a party sees those to it. */
SH_MUST sh_code sh_paper_is_shown(struct work *w, const struct sh_matter_who *who, struct sh_str kind,
                                  struct sh_str addressee, bool *ret);
/** Of the office, by place and body; not only as a party. */
bool sh_matter_is_inside(const struct work *w, const struct sh_matter_who *who);
/** Write the matter's version: record, leaf, row. step: what happened. */
SH_MUST sh_code sh_matter_save(struct work *w, struct sh_str step);
SH_MUST sh_code sh_matter_parties(struct work *w);
SH_MUST sh_code sh_fields_parse(const struct sh_machine *machine, struct sh_str json, struct sh_arena *arena,
                                struct sh_str *ret, struct sh_err *err);
SH_MUST sh_code sh_fields_text(const struct sh_machine *machine, const struct sh_str *values,
                               struct sh_arena *arena, struct sh_str *ret, struct sh_err *err);
/** Values typed and laid over *io [n_fields]; only fields in allowed (NULL: all). Failures are noted. */
SH_MUST sh_code sh_fields_take(struct work *w, const struct sh_machine *machine, const struct sh_step *step,
                               const struct sh_matter_value *values, size_t n, struct sh_str *io);
/** The steps taken, oldest first: rows of STEP_COLUMNS. */
#define STEP_COLUMNS                                                                                         \
    "seq, step, actor, role, body, member, occurred, recorded, before, after, late, why, version, fields"
enum {
    STEP_SEQ,
    STEP_STEP,
    STEP_ACTOR,
    STEP_ROLE,
    STEP_BODY,
    STEP_MEMBER,
    STEP_OCCURRED,
    STEP_RECORDED,
    STEP_BEFORE,
    STEP_AFTER,
    STEP_LATE,
    STEP_WHY,
    STEP_VERSION,
    STEP_FIELDS
};
SH_MUST sh_code sh_steps_read(struct work *w, struct sh_rows *ret);

/* ---- fill.c: facts */
/** Facts as of today with the values given [n_fields]; items: read the items too. */
SH_MUST sh_code sh_work_facts(struct work *w, const struct sh_str *values, bool with_items);
/** How the matter stands, and nothing else. */
SH_MUST sh_code sh_work_facts_bare(struct work *w, const struct sh_str *values);
/** As it stands, and the rows of registers that the text reads: for a matter that is not there yet. */
SH_MUST sh_code sh_work_facts_reads(struct work *w);
/** Does any text of the step speak of items? */
bool sh_step_asks_items(const struct sh_procedure *text, const struct sh_step *step);
SH_MUST sh_code sh_param_dates_of(struct work *w, struct sh_param_dates *ret);
/** A number or word the place has set (V1, V2); NULL and *ret_why: none is, the reason in words. */
const struct sh_param *sh_param_read(struct work *w, const char *name, struct sh_str *ret_why);

/* ---- who.c */
/** Everything of W4 that needs no facts: role, separation, roles used, credentials, ties, recusals. Fills
 * w->used. */
SH_MUST sh_code sh_who_check(struct work *w, const struct sh_step *step);
/** Ties to the matter's parties and recusals of the actor: failures. */
SH_MUST sh_code sh_who_bonds(struct work *w);
/** Code of the body that an actor `called(FIELD)` means; empty: nobody is called, or another relation. */
struct sh_str sh_called_body(const struct work *w, const struct sh_actor *actor);
/** The first grant by which the actor may; NULL none. */
const struct sh_matter_grant *sh_who_grant(struct work *w, const struct sh_actor *actors, size_t n);
SH_MUST sh_code sh_same_body(struct work *w, struct sh_str a, struct sh_str b, bool *ret);
SH_MUST sh_code sh_body_record(struct work *w, struct sh_str code, struct sh_str *ret_kind,
                               struct sh_str *ret_place, struct sh_str *ret_parent,
                               struct sh_str *ret_credit);
/** A body of a kind near a place, for sub-matters of other bodies; "" none on record. */
SH_MUST sh_code sh_body_near(struct work *w, struct sh_str kind, struct sh_str place, struct sh_str *ret);

/* ---- act.c */
/** Take w->step with the values; refused: failures, SH_E_CANCELLED. */
SH_MUST sh_code sh_step_take(struct work *w, const struct sh_matter_value *values, size_t n);
/** Note in the file what happened without a step of the text (service of a paper): version and row. */
SH_MUST sh_code sh_step_note(struct work *w, struct sh_str step);
/** In bulk.c. The matter goes on: acts over its rows that could still be taken back no longer can, there.
 * Papers and clocks of what follows so stand on rows that stay (B3). */
SH_MUST sh_code sh_acts_followed(struct work *w);
/** In bulk.c. So it is where another matter is opened from it, or comes to rest on it: the matter `parent`
 * ("" none), and any whose number stands in a field that `step` wrote (NULL: it was opened; all fields). */
SH_MUST sh_code sh_acts_named(struct work *w, struct sh_str parent, const struct sh_step *step);
/** All conditions, nothing written; `values` as they would stand. */
SH_MUST sh_code sh_step_judge(struct work *w, const struct sh_step *step, const struct sh_str *values,
                              bool with_needs);
/** Members still owed for a step taken once for each party. ret [SH_PARTIES_MAX]. */
SH_MUST sh_code sh_members_left(struct work *w, const struct sh_step *step, struct sh_str *ret,
                                size_t *ret_n);
/** Open a sub-matter or a matter by the law; checks are the caller's. What the law opens (w->who NULL) is
 * dated as its act, for the reason w->why. */
SH_MUST sh_code sh_matter_make(struct work *w, const struct sh_procedure *text,
                               const struct sh_matter_new *wanted, struct sh_str place, struct sh_str source,
                               char ret_id[SH_ID_TEXT + 1]);

/* ---- container.c: matters that gather others */
/** Put the matter into the container that its field names, where w->step (NULL: its opening) asks for the
 * field and it is filled; the container gets a version of its own. Refused: failures. */
SH_MUST sh_code sh_container_join(struct work *w);
/** Take the step that w->step carries in each matter gathered that is not closed; one refused: failures. */
SH_MUST sh_code sh_container_carry(struct work *w);

/* ---- sealed.c: parts under a key of their own (D10) */
/* What a step brings, taken apart: for the sealed part that it lays, and for the matter. */
struct sealing {
    const struct sh_seal_text *seal;
    struct sh_str *sealed; /* [seal->n_fields] canonical; len 0: not given */
    bool is_given;
    struct sh_matter_value *rest; /* [n_rest] */
    size_t n_rest;
};
/** Failures are noted. */
SH_MUST sh_code sh_seal_part(struct work *w, const struct sh_matter_value *values, size_t n,
                             struct sealing *ret);
/** Lay it; what lay there before stays an older version. Nothing given: nothing is laid. */
SH_MUST sh_code sh_seal_lay(struct work *w, const struct sealing *sealing);
/** May the actor be one of those who open, by this step, what its procedure unseals? Failures are noted. */
SH_MUST sh_code sh_seal_judge(struct work *w, const struct sh_step *step, const struct sh_str *values);
/** seals: what lies sealed in the matter, without a word of what; unsealed: may the reader read what it
 * opens?
 */
SH_MUST sh_code sh_seals_json(struct work *w, struct sh_json *json);

/* ---- open.c */
/** May another matter of the same subject and period follow one that stands in this state? */
bool sh_may_follow(const struct sh_procedure *text, struct sh_str state);

/* ---- effects.c: papers, rows, postings, sub-matters */
SH_MUST sh_code sh_effects(struct work *w);
SH_MUST sh_code sh_paper_served(struct work *w, struct sh_str paper, int32_t day);

/** What a word, "=literal", "n:" or "fen:" stands for, papers issued apart. */
SH_MUST sh_code sh_source_value(struct work *w, const struct sh_yaml *from, struct sh_str *ret);

/* ---- watches.c */
/** After the effects of w->step: what the rows it wrote call for. */
SH_MUST sh_code sh_watches_wake(struct work *w);

/* ---- duties.c */
/** Values of a record by the fields of its register [n_fields]; "" where it has none. */
SH_MUST sh_code sh_row_values(struct work *w, const struct sh_register *reg, const struct sh_record *row,
                              struct sh_str **ret);
struct duty {
    struct sh_str procedure, after; /* after: key of the last row gone through; "" none */
    int64_t due;
};
/** The earliest that is due. */
SH_MUST sh_code sh_duty_next(struct sh_txn *txn, int64_t now, struct sh_arena *arena, struct duty *ret,
                             bool *ret_is, struct sh_err *err);
/** Open what is owed, some rows at once; due again until all rows were gone through. */
SH_MUST sh_code sh_duty_run(struct sh_txn *txn, const struct sh_matter_texts *texts, struct sh_arena *arena,
                            const struct duty *duty, struct sh_err *err);

/* ---- outcomes.c */
/** Fill the fields reviewed, confirmed, low, high by what reviewed findings say of the rule that is the
 * subject. */
SH_MUST sh_code sh_outcome_fields(struct work *w, struct sh_str *next);

/* ---- draw.c */
/** What the step does of the procedure's draw; next [n_fields]: values as they will stand. May note failures.
 */
SH_MUST sh_code sh_draw_step(struct work *w, struct sh_str *next);

/* ---- clocks.c */
SH_MUST sh_code sh_clocks_after_step(struct work *w);
SH_MUST sh_code sh_clocks_after_service(struct work *w, int32_t paper, struct sh_str addressee, int32_t day);
SH_MUST sh_code sh_clocks_after_opening(struct work *w);
SH_MUST sh_code sh_clocks_stop_all(struct work *w);
/** Refused or late by a clock? Notes failures or sets w->is_late. */
SH_MUST sh_code sh_clocks_judge(struct work *w, const struct sh_step *step);
/** What is due in this matter is carried out first (T13). */
SH_MUST sh_code sh_clocks_run(struct work *w);
/** Nearest running end into the row. */
SH_MUST sh_code sh_clocks_nearest(struct work *w, int64_t *ret);

/* ---- forget.c */
/** Statements that take away what the room's tables repeat of the record $1. */
const char *const *sh_matter_wipes(size_t *ret_n);

/* ---- gates.c */
SH_MUST sh_code sh_gate_state(struct work *w, size_t gate, const struct sh_str *values, bool *ret_open,
                              struct sh_str *ret_why);
/** A step that is the minutes of a panel: did it sit on the present text, and did who signs speak there? */
SH_MUST sh_code sh_minutes_judge(struct work *w, const struct sh_step *step, const struct sh_str *values);
/** Has everybody who spoke signed? signers: who has before (person first), w->who: who does now. */
SH_MUST sh_code sh_minutes_whole(struct work *w, const struct sh_str *values, const struct sh_rows *signers,
                                 bool *ret);
/** What nobody types on minutes: hash of the text, members, present, agree, conclusion. Into an object. */
SH_MUST sh_code sh_minutes_say(struct work *w, struct sh_json *json);
/** Does the gate stand before a step from this state? Only then is it spoken of: not ahead of its turn. */
bool sh_gate_is_before(const struct sh_procedure *text, size_t gate, int32_t state);
SH_MUST sh_code sh_gate_voice(struct work *w, struct sh_str gate, const struct sh_matter_value *values,
                              size_t n);
SH_MUST sh_code sh_gate_hash(struct work *w, size_t gate, const struct sh_str *values,
                             char ret[SH_DIGEST_HEX_MAX]);
SH_MUST sh_code sh_gate_needed(struct work *w, size_t gate, enum sh_guard_answer *ret,
                               struct sh_str *ret_missing);
/** What counts as a stage of money on its way back; funnel.c. A missing table: none does. */
SH_MUST sh_code sh_funnel_load(const char *law_dir, struct sh_arena *arena, struct sh_matter_texts *texts,
                               struct sh_err *err);
