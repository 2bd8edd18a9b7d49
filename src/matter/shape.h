/* Pieces of answers. Inner header. */
#pragma once
#include "matter/item.h"

void sh_put_utc(struct sh_json *json, const char *key, int64_t at);
/** A day, or null when `is_there` is false. */
void sh_put_day_or_null(struct sh_json *json, const char *key, int32_t day, bool is_there);
/** What the end of a clock does, as the API and the texts say it. */
const char *sh_clock_end_word(enum sh_clock_end end);
void sh_put_fen(struct sh_json *json, const char *key, int64_t fen);
/** "role" and "role_name", as the reader's language has it; a role that is no more keeps its id. */
void sh_put_role(struct sh_json *json, const struct work *w, struct sh_str role);
/** One field of a form; value at NULL: not asked. */
void sh_put_field(struct sh_json *json, sh_lang lang, const struct sh_field *field, bool is_required,
                  struct sh_str value);
/** The fields a step asks for, with what stands there now (values NULL: nothing). */
void sh_put_form(struct sh_json *json, sh_lang lang, const struct sh_machine *machine,
                 const struct sh_step *step, const struct sh_str *values);
/** The name of the rule behind an item, for the reader. */
struct sh_str sh_item_title(const struct sh_matter_who *who, const struct item *item);
void sh_put_item_row(struct sh_json *json, const struct sh_matter_who *who, const struct sh_machine *machine,
                     const struct item *item);
/** Rows of matters as an array; ret_next may be NULL. */
SH_MUST sh_code sh_matter_rows_json(struct sh_txn *txn, const struct sh_desk *desk,
                                    const struct sh_matter_query *query, struct sh_json *json,
                                    struct sh_str *ret_next, struct sh_err *err);
/* ---- people.c */
/** What the institution or body on record is called that a matter is about; empty: something else, or none on
 * record. */
SH_MUST sh_code sh_subject_name(struct work *w, const struct sh_procedure *text, struct sh_str subject,
                                struct sh_str *ret);
/** The same of a party, an institution on record or else its body. */
SH_MUST sh_code sh_party_name(struct work *w, struct sh_str party, struct sh_str body, struct sh_str *ret);
/** "people", who took a step (rows of STEP_COLUMNS), and "readers", the bodies whose roles may read it;
 * nothing for a party. Cost: a record read for each. */
SH_MUST sh_code sh_people_json(struct work *w, const struct sh_rows *steps, struct sh_json *json);
/* ---- file.c: what lies in a matter's file */
/** Whoever may be here at all; need_inside: of the office, not a party. Fills w->m, w->used and the time.
 * ret_inside may be NULL. Errors: SH_E_NOTFOUND. */
SH_MUST sh_code sh_file_enter(struct work *w, struct sh_str matter, bool need_inside, bool *ret_inside);
/** Who had a file in hand: each a leaf, so that the chain of custody is in the journal. */
SH_MUST sh_code sh_custody_add(struct work *w, struct sh_str file, const char *what, struct sh_str why);
/** "custody": of the rows (file, person, what, at) those of one file. */
void sh_put_custody(struct sh_json *json, const struct sh_rows *rows, struct sh_str file);
/* ---- evidence.c */
/** "evidence": the packages of the matter, the newest 500, with their custody; a party sees none. */
SH_MUST sh_code sh_evidence_json(struct work *w, bool is_inside, struct sh_json *json);
/** "evidence": the packages an item is in. */
SH_MUST sh_code sh_item_evidence_json(struct work *w, struct sh_str item, bool is_inside,
                                      struct sh_json *json);
/** A package of these items [n], by id, as they stand now, in w's matter by w's actor. cause: "step",
 * "capture". */
SH_MUST sh_code sh_evidence_make(struct work *w, const char *cause, struct sh_str act,
                                 const struct item *const *items, size_t n);
/** Attachments with their custody, evidence, and comments, as members of the matter's object; a party sees
 * its part. */
SH_MUST sh_code sh_file_json(struct work *w, const struct sh_matter_who *who, struct sh_json *json);
