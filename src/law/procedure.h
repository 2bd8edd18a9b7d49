/*
 * Procedures as text: law/procedures/NAME.yaml says what the law says happens next, who may do it, by when,
 * with which paper. The language is described in docs/procedures.md. Loaded once, const afterwards, shared by
 * threads; executed by the room `matter`. Part of the public header law/law.h.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/yaml.h"
#include "law/params.h"
#include "law/register.h"

enum { SH_PROCEDURE_STEPS_MAX = 128, SH_PROCEDURE_NAMES_MAX = 64 };

/* Who takes a step (W3, W8): a role at a related body, the law itself, somebody outside entered by an
 * officer. */
enum sh_actor_kind { SH_ACTOR_ROLE, SH_ACTOR_LAW, SH_ACTOR_OUTSIDE };
enum sh_relation {
    SH_AT_OWN,    /* the responsible body, or the same body (W2) */
    SH_AT_PEER,   /* a body of the kind the role belongs to, same place */
    SH_AT_UPPER,  /* next place up */
    SH_AT_PARTY,  /* a party of the matter */
    SH_AT_ANY,    /* anywhere the role is held, place of the matter inside the grant's place */
    SH_AT_CALLED, /* the body whose code stands in a field of the matter; it sees the matter */
    SH_RELATIONS
};
struct sh_actor {
    enum sh_actor_kind kind;
    enum sh_relation relation;
    struct sh_str field;   /* CALLED */
    struct sh_str role;    /* ROLE and OUTSIDE (who enters it) */
    struct sh_str outside; /* OUTSIDE: police, court … */
};

/* A condition with its own sentence and article. */
struct sh_guard {
    const struct sh_yaml *condition;      /* expression */
    struct sh_str refuse, english, basis; /* the first two may hold {expressions} */
};

/* Time that does not count (T9): from the day after one step to the day of another, or while a sub-matter of
 * a procedure is open. */
struct sh_clock_exclusion {
    struct sh_str name, basis;
    int32_t from, to;        /* steps; -1: `procedure` */
    struct sh_str procedure; /* empty: steps */
};
/* A step that lengthens the clock (T10), in the order of the text: the second needs the first used. */
struct sh_clock_extension {
    struct sh_str length, param, basis; /* length empty: param */
    int32_t step;
};

enum sh_clock_end { SH_END_DO, SH_END_REFUSE, SH_END_MARK, SH_END_WARN };
enum sh_clock_from { SH_FROM_OPENED, SH_FROM_STEP, SH_FROM_SERVED, SH_FROM_PERIOD };
struct sh_clock_text {
    struct sh_str id, name, english, basis;
    enum sh_clock_from from;
    int32_t from_at;      /* index of step or paper */
    struct sh_str length; /* "5 wd", or empty: param */
    struct sh_str param;  /* name of a parameter */
    bool per_party, no_roll;
    struct sh_str warn; /* length ahead, "1 wd" */
    enum sh_clock_end end;
    int32_t end_step;     /* DO: step the law takes; MARK: the step that is late (-1 any); REFUSE: step that
                             is gone */
    const int32_t *stops; /* [n_stops] steps that stop it */
    const struct sh_clock_exclusion *excluding;
    const struct sh_clock_extension *extend;
    size_t n_stops, n_excluding, n_extend;
    int32_t within; /* outer clock that no extension passes; -1 none */
    bool recount;   /* a new text's length reaches clocks that run (V3) */
    const struct sh_yaml *node;
};

enum sh_gate_kind { SH_GATE_APPROVAL, SH_GATE_LEGAL, SH_GATE_PANEL };
struct sh_gate_text {
    struct sh_str id, name, english, basis;
    enum sh_gate_kind kind;
    struct sh_actor of, chief; /* who has a voice; chief: who presides (PANEL) */
    bool has_chief;
    struct sh_str holds; /* kind of credential of whoever speaks; empty: none */
    const int32_t *over; /* [n_over] fields whose content it holds (D3) */
    size_t n_over;
    const struct sh_yaml *when; /* NULL: always needed */
    const struct sh_yaml *node;
};

/* Where a value of a new row, paper or sub-matter comes from. */
struct sh_source {
    struct sh_str to; /* field that gets it */
    /* word (field or builtin), =literal, expression of money after "fen:", of a whole number after "n:" */
    const struct sh_yaml *from;
};

struct sh_paper_text {
    struct sh_str id, name, english, document; /* law/documents/NAME.yaml */
    bool to_party; /* each party; else `to` names a relation word for the record */
    struct sh_str to;
    struct sh_str number;         /* pattern of the number: {year} {seq} */
    const struct sh_yaml *lines;  /* the items it lists: those this holds for when it is issued; NULL none */
    const struct sh_source *says; /* [n_says] facts of the paper, computed when it is issued */
    size_t n_says;
};

struct sh_write_text {
    struct sh_str reg;              /* register of change: steps */
    const struct sh_yaml *when;     /* NULL: always */
    const struct sh_source *values; /* [n_values] */
    size_t n_values;
    int32_t from, months; /* fields of the matter: first day it holds, for how many months (T8); -1: from the
                             step's day, with no end */
    const struct sh_yaml *node;
};
struct sh_post_text {
    struct sh_str kind; /* row of law/tables/posting_rules.csv */
    const struct sh_yaml *amount, *when;
    struct sh_str fund; /* field with the fund's code, or =literal */
    const struct sh_yaml *node;
};
struct sh_open_text {
    struct sh_str procedure;
    const struct sh_yaml *when;
    struct sh_str per;    /* "paper": for each paper this step issued; "item": for each item `when` holds for;
                             else once. Of a step of items: once for the item it is taken of */
    bool at_city;         /* at the body of the city, whatever body of it opens it */
    const int32_t *hands; /* [n_hands] papers of this matter, issued so far, that its people read there */
    size_t n_hands;
    const struct sh_source *values;
    size_t n_values;
    const struct sh_yaml *node;
};

/* What a sub-matter gives back to the item it was opened for: a step of that item, taken by the law. */
struct sh_return_text {
    struct sh_str step; /* empty: nothing */
    const struct sh_source *values;
    size_t n_values;
    const struct sh_yaml *node;
};

/* What a step of a container does in what it gathers: a step of each that is not closed, taken by the law. */
struct sh_carry_text {
    struct sh_str step; /* empty: nothing */
    const struct sh_source *values;
    size_t n_values;
    const struct sh_yaml *node;
};
/* A matter that gathers others, which have a parent of their own: a meeting and what it discusses. */
struct sh_container_text {
    struct sh_str procedure, basis; /* of the matter that gathers */
    int32_t field;                  /* code: its number stands there */
    const struct sh_str *states;    /* [n_states] of it, in which it still gathers */
    size_t n_states;
    const struct sh_yaml *node;
};

/* What a step does in the draw of its procedure. */
enum sh_draw_act { SH_DRAW_NONE, SH_DRAW_SEAL, SH_DRAW_FRAME, SH_DRAW_OPEN, SH_DRAW_SAMPLE };
struct sh_stratum_text {
    struct sh_str id;
    const struct sh_yaml *when; /* condition over a unit as an item; NULL: all not drawn before */
    struct sh_str share;        /* parameter, percent of the sample; empty: the rest */
};
/* A sample out of units that are read into the matter before it is fixed (src/draw, docs/draw.md). */
struct sh_draw_text {
    struct sh_str of;    /* procedure whose matter of the same subject and period each unit comes from */
    struct sh_str ratio; /* parameter, percent of the units, rounded up */
    bool is_sha256;
    const int32_t *seals, *values; /* [n_seats] fields by seat */
    const struct sh_stratum_text *strata;
    size_t n_seats, n_strata;
    int32_t digest, units, sample; /* fields that get the frame's digest and the two counts */
    const struct sh_yaml *node;
};

/* A part of a matter under a key of its own (D10): what is laid into it nobody reads again but its holders,
 * two together, by a procedure that `unseals` it. */
struct sh_seal_text {
    struct sh_str id, name, english, basis;
    const struct sh_actor *held_by; /* [n_held_by] roles, as seen from the matter it lies in */
    const struct sh_field *fields;  /* [n_fields]; no name of a field of the matter */
    size_t n_held_by, n_fields;
    const struct sh_yaml *node;
};
/* Matters of the procedure open a sealed part of another matter, for those who took the step `by` together,
 * while they stand where it led. */
struct sh_unseal_text {
    struct sh_str seal;
    int32_t by;                 /* step of two or more together */
    int32_t of, until, purpose; /* fields: number of the matter; last day; what for. As they stood at `by` */
    const struct sh_yaml *node;
};

/* A duty: at each end (or beginning) of the procedure's period the law opens a matter about each row of the
 * register, once, unless there is one. */
struct sh_expr;
struct sh_every_text {
    const struct sh_register *reg; /* its key is the subject */
    const struct sh_expr *where;   /* over the row as it stands that day; NULL: each */
    int32_t body;                  /* field that names the body whose duty it is; -1: the row is that body */
    bool at_end;                   /* else at its beginning */
    struct sh_str basis;
    const struct sh_yaml *node;
};
/* A row of `reg` may call for a matter of this procedure: the law opens it when `when` holds for the row's
 * subject, and not while one that this watch opened about it is open. Of a ledger once a row, at the body
 * whose step wrote it; of a register that people edit at the body the row names, when `where` begins to hold
 * for it. */
struct sh_watch_text {
    struct sh_str id, name, english, basis;
    const struct sh_register *reg;
    const struct sh_expr *where;    /* over the row; NULL: each */
    int32_t subject;                /* field of the row, a code */
    int32_t body;                   /* field of the row, a body; -1: a ledger */
    const struct sh_yaml *when;     /* over the matter as it would begin: subject, day, place and `reads`;
                                       NULL: whenever `where` holds */
    const struct sh_source *values; /* [n_values] "=words with {expressions}", "n:", "fen:", "row.FIELD" */
    size_t n_values;
    const struct sh_yaml *node;
};

enum sh_per { SH_PER_NONE, SH_PER_PARTY };
struct sh_step {
    struct sh_str id, name, english, basis;
    uint64_t from[2];          /* set of states */
    int32_t to;                /* state, -1 stays */
    int32_t to_field;          /* >= 0: `to` by the answer in that field */
    const int32_t *to_by;      /* [choices of to_field] state, -1 stays */
    const struct sh_actor *by; /* [n_by] */
    const struct sh_str *not_by, *not_body_of;
    const int32_t *needs, *may;       /* fields */
    const struct sh_str *need_papers; /* kinds of papers that must have been served */
    const struct sh_guard *guards;
    const int32_t *gates;
    const int32_t *issues; /* papers */
    const struct sh_write_text *writes;
    const struct sh_post_text *posts;
    const struct sh_open_text *opens;
    const struct sh_str *seen; /* what the actor must have opened: papers of a kind, attachments, receipt */
    struct sh_str inspects;    /* what a re-check is of, in the same words: how it was opened is told in the
                                  report of empty reviews; empty: this step checks nothing of another's */
    const struct sh_source *sets; /* fields that the step computes: number, money; rounded once */
    struct sh_return_text returns;
    struct sh_carry_text carries;
    size_t n_sets, n_by, n_not_by, n_not_body_of, n_needs, n_may, n_need_papers, n_guards, n_gates, n_issues,
        n_writes, n_posts, n_opens, n_seen;
    struct sh_str holds; /* kind of credential valid that day */
    enum sh_per per;
    uint32_t together;        /* n different persons make it; 0, 1: one */
    int32_t minutes_of;       /* gate (panel): whoever spoke there signs it as its minutes; -1 none */
    bool is_dated;            /* the day it happened is stated */
    bool is_bulk, is_serving; /* serving: says when a paper was served (field `paper`) */
    uint32_t undo_seconds;    /* how long a bulk act may be taken back; 0 never */
    enum sh_draw_act draw;
    const struct sh_seal_text *lays; /* sealed part that its form fills; NULL none */
    bool counts_outcomes; /* fills reviewed, confirmed, low, high of the rule that is the subject */
    bool
        takes_coverage; /* by the law: lines_received, lines_run … of its subject and period, from an audit */
    bool is_recalled;   /* some text of the procedure asks how the matter stood after it: at.STEP.x */
    const struct sh_yaml *node;
};

struct sh_state_text {
    struct sh_str id, name, english;
    bool is_final, party_sees; /* items: the parties see it in this state */
    bool confirms, overturns;  /* items: what a finding that ends here says of its rule */
    bool preserves;            /* items: what a person brings here has its evidence preserved by that act */
};

/* A yes or no that a row gets by how its matter stands when it comes in: read, never typed. */
struct sh_given {
    int32_t field; /* of type bool; no step asks for it */
    const struct sh_yaml *when;
};

/* A machine: the matter's own, or that of its items. */
struct sh_machine {
    struct sh_str name, english;
    const struct sh_state_text *states;
    const struct sh_field *fields;
    const struct sh_step *steps;
    const struct sh_given *given; /* items */
    size_t n_states, n_fields, n_steps, n_given;
    const struct sh_yaml *queue;        /* items: order of waiting work, a number; NULL: by money */
    const struct sh_yaml *const *names; /* [n_names] maps of the fields it shares */
    size_t n_names;
};

struct sh_read_text {
    struct sh_str id;
    const struct sh_register *reg;
    int32_t by; /* field of the register that must equal the subject */
};

enum sh_running { SH_RUNNING_STAY, SH_RUNNING_NEXT_STEP, SH_RUNNING_NOW };
enum sh_period { SH_PERIOD_NONE, SH_PERIOD_MONTH, SH_PERIOD_QUARTER, SH_PERIOD_YEAR };
/** "2026-03", "2026-Q1", "2026": its first and last day; NONE: it is no period, and nothing is written. */
enum sh_period sh_period_scan(struct sh_str text, int32_t *ret_first, int32_t *ret_last);
struct sh_factbook_model;
struct sh_procedure {
    struct sh_str id, name, english, place, about, body;
    uint8_t rank;
    int32_t from, to; /* half-open */
    enum sh_running running;
    bool acts_before; /* after_lapse: new ones for acts before the lapse */
    enum sh_period period;
    const struct sh_str *basis;
    const struct sh_actor *open_by; /* empty: opened by other matters only */
    const struct sh_str *opens;     /* procedures it may open, each once */
    struct sh_machine matter;
    const struct sh_machine *items; /* NULL: none */
    const struct sh_clock_text *clocks;
    const struct sh_gate_text *gates;
    const struct sh_paper_text *papers;
    const struct sh_read_text *reads;
    const struct sh_draw_text *draw; /* NULL: draws nothing */
    const struct sh_seal_text *seals;
    const struct sh_container_text *container; /* NULL: nothing gathers it */
    bool gathers;                              /* it is the container of another procedure */
    const struct sh_unseal_text *unseals;      /* NULL: opens nothing sealed */
    const struct sh_every_text *every;         /* NULL: no duty of each period */
    const struct sh_watch_text *watches;
    bool is_confidential; /* what it is about is no party and does not see it */
    const int32_t *again; /* [n_again] states after which one of the same period may follow */
    size_t n_again;
    size_t n_basis, n_open_by, n_opens, n_clocks, n_gates, n_papers, n_reads, n_seals, n_watches;
    const struct sh_factbook_model *model;
    const char *file;
    const struct sh_yaml *node;
};
struct sh_procedures {
    const struct sh_procedure *of; /* [n] by id, place, from */
    size_t n;
};

/**
 * Load all *.yaml of a folder and check what makes no sense whatever the place: unknown words, states, steps,
 * fields, registers, roles, papers; conditions that do not type. A missing folder is the empty set.
 * registers, roles  for what steps write, read and name. params: names that param(…) may use.
 * Errors: SH_E_INPUT "file:line:column: …"; SH_E_IO, SH_E_LIMIT, SH_E_NOMEM.
 */
SH_MUST sh_code sh_procedures_load(const char *dir, const struct sh_registers *registers,
                                   const struct sh_roles *roles, const struct sh_params *params,
                                   struct sh_arena *arena, const struct sh_procedures **ret,
                                   struct sh_err *err);
/** The text in force for a place on a day: the narrowest place that covers (V1); NULL none. */
const struct sh_procedure *sh_procedure_find(const struct sh_procedures *procedures, struct sh_str id,
                                             struct sh_str place, int32_t day);
/**
 * The text by which a new matter about acts of act_day is opened on `day`: the narrowest place that covers,
 * among the texts in force and those that have lapsed but still serve acts before (after_lapse, V5). NULL
 * none.
 */
const struct sh_procedure *sh_procedure_to_open(const struct sh_procedures *procedures, struct sh_str id,
                                                struct sh_str place, int32_t day, int32_t act_day);
/** How much of a place's code says something: a wider place has less. */
size_t sh_procedure_width(struct sh_str place);
/** The very version: id, place, from. NULL none. */
const struct sh_procedure *sh_procedure_version(const struct sh_procedures *procedures, struct sh_str id,
                                                struct sh_str place, int32_t from);
int32_t sh_machine_state(const struct sh_machine *machine, struct sh_str id);
int32_t sh_machine_step(const struct sh_machine *machine, struct sh_str id);
int32_t sh_machine_field(const struct sh_machine *machine, struct sh_str id);
/** The sealed part of that name; NULL none. */
const struct sh_seal_text *sh_procedure_seal(const struct sh_procedure *p, struct sh_str id);
/** Whether the form of a step brings the field: it needs it, or may have it. */
bool sh_step_asks(const struct sh_step *step, int32_t field);
static inline bool sh_step_is_from(const struct sh_step *step, int32_t state) {
    return state >= 0 && state < 128 && (step->from[state >> 6] >> (state & 63) & 1);
}

/**
 * What part 6 of the contract finds in loaded texts: states that cannot be reached or left, steps no role can
 * take, clocks that nothing starts, papers that nothing issues, guards without article, a final state with
 * clocks running out of it, bulk steps with `seen`, lapses that are near (sh_law_lapses). Notes in the order
 * of the files.
 */
SH_MUST sh_code sh_procedures_check(const struct sh_procedures *procedures, const struct sh_roles *roles,
                                    const struct sh_params *params, int32_t day, struct sh_arena *arena,
                                    struct sh_law_notes *notes, struct sh_err *err);
/** A state diagram in Mermaid. */
void sh_procedure_graph(const struct sh_procedure *procedure, bool in_chinese, struct sh_buf *out);
