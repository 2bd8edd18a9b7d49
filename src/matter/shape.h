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
void sh_put_item_row(struct sh_json *json, const struct sh_matter_who *who, const struct sh_machine *machine,
                     const struct item *item);
/** Rows of matters as an array; ret_next may be NULL. */
SH_MUST sh_code sh_matter_rows_json(struct sh_txn *txn, const struct sh_desk *desk,
                                    const struct sh_matter_query *query, struct sh_json *json,
                                    struct sh_str *ret_next, struct sh_err *err);
/** Attachments with their custody, and comments, as members of the matter's object; a party sees its part. */
SH_MUST sh_code sh_file_json(struct work *w, const struct sh_matter_who *who, struct sh_json *json);
