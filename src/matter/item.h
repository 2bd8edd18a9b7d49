/* One row inside a matter, with its own small machine. Inner header. */
#pragma once
#include "matter/inner.h"

#define ITEM_COLUMNS                                                                                         \
    "id, matter, key, procedure, state, version, final, place, body, institution, party_body, rule, name, "  \
    "level, person, day, amount, fund_amount, say, run, receipt, assigned, differs, changed_at, fields, "    \
    "queue"
struct item {
    struct sh_str id, matter, key, procedure, state, place, body, institution, party_body, rule, name, level,
        person, say, run, receipt, assigned, fields, queue;
    int64_t version, day, amount, fund_amount, changed_at;
    bool is_final, differs;
};
void sh_item_of_row(const struct sh_rows *rows, size_t row, struct item *ret);
/** Errors: SH_E_NOTFOUND. */
SH_MUST sh_code sh_item_load(struct work *w, struct sh_str id, struct item *ret);
/** By place and body; a party only in the states it may see. machine: of its matter's text. */
bool sh_item_visible(const struct sh_matter_who *who, const struct item *item,
                     const struct sh_machine *machine);
/** Write a version: record, leaf, row; item->state and fields are the new ones. seq of its step; before ""
 * new. */
SH_MUST sh_code sh_item_save(struct work *w, struct item *item, struct sh_str step, struct sh_str before,
                             struct sh_str act, struct sh_str sealed);
/** What follows from an item's state and fields: final, assigned. By the text of its matter. */
SH_MUST sh_code sh_item_stand(struct work *w, struct item *item);
/** Its place in the queue: by the text's expression, else the most recoverable money first; then by id. n
 * items of one matter with facts set up (row i is items[i]) or without an expression. */
SH_MUST sh_code sh_items_queue(struct work *w, struct item *items, size_t n);
/* ---- tally.c: rows by state, for the matter's page (mt_count) and for lists of work (mt_total) */
enum { SH_TALLY_MAX = 32 };
struct sh_state_count {
    struct sh_str state;
    int64_t n, fen;
};
struct sh_total {
    struct sh_str procedure, state, place, body;
    int64_t n;
};
struct sh_tally {
    struct sh_str matter; /* states: of this one, not written yet */
    struct sh_state_count states[SH_TALLY_MAX];
    struct sh_total totals[SH_TALLY_MAX];
    size_t n_states, n_totals;
};
/** n rows more (or fewer) of w's matter in a state; texts are borrowed until they are written. */
SH_MUST sh_code sh_tally_add(struct work *w, struct sh_tally *t, struct sh_str state, int64_t n, int64_t fen);
/** Write what is not written yet. */
SH_MUST sh_code sh_tally_write(struct sh_txn *txn, struct sh_tally *t, struct sh_err *err);

/** Facts of one machine step over some items, row i of the facts is items[i]. */
SH_MUST sh_code sh_items_facts(struct work *w, const struct item *items, const struct sh_str *const *values,
                               size_t n);
/** Judge items [n] of one matter for a step; values[i] as they would stand. io[i] keeps what refuses item i,
 * in the arena; NULL: nothing does. */
SH_MUST sh_code sh_items_judge(struct work *w, const struct sh_step *step, const struct item *items,
                               const struct sh_str *const *values, size_t n, bool with_needs,
                               struct sh_failures **io);
/** What a step of an item opens for it; facts row `row` is the item. May note failures. In effects.c. */
SH_MUST sh_code sh_item_opens(struct work *w, const struct item *item, size_t row);
/** The law takes a step of an item, of another matter than w's. May note failures: then nothing is done. */
SH_MUST sh_code sh_item_take(struct work *w, struct sh_str id, struct sh_str step,
                             const struct sh_matter_value *values, size_t n);
/** Add what was found to what refuses an item. */
SH_MUST sh_code sh_failures_keep(struct work *w, const struct sh_failures *found, struct sh_failures **io);
/** An id for an act: of this transaction and person, never given twice. */
SH_MUST sh_code sh_act_id(struct sh_txn *txn, const struct sh_matter_who *who, struct sh_arena *arena,
                          char ret[33], struct sh_err *err);
/**
 * Nobody who did a named step in the matter an item was drawn from, nor that body, takes this step (W5). In
 * draw.c. *io_rows, *io_origin: kept from item to item, empty at first.
 */
SH_MUST sh_code sh_draw_separation(struct work *w, const struct sh_step *step, const struct item *item,
                                   struct sh_rows *io_rows, struct sh_str *io_origin);
