/* Rules, knowledge, the bench and receipts, without the gate's other headers: the rooms of rules and of
 * records both have a scope, of the same name. Inner header. */
#pragma once
#include "base/arena.h"
#include "base/json.h"
#include "base/msg.h"
#include <stdio.h>

/* The rules and knowledge this program ships. */
struct sh_rulebook;
/** Where the texts lie; borrowed as long as the book lives. */
struct sh_rulebook_dirs {
    const char *rules, *knowledge, *params;
};
/** Loads in a thread of its own, so that a server starts at once and its first reader does not wait. */
SH_MUST sh_code sh_rulebook_new(const struct sh_rulebook_dirs *dirs, struct sh_rulebook **ret,
                                struct sh_err *err);
/** Waits for that thread. NULL is fine. */
void sh_rulebook_free(struct sh_rulebook *book);
/** Waits until it is loaded, or loads it. Thread-safe; const from then on. Errors: SH_E_INPUT it cannot be.
 */
SH_MUST sh_code sh_rulebook_load(struct sh_rulebook *book, struct sh_err *err);

/* Of a loaded book: elements of an array of all rules, all tables. */
void sh_rulebook_put_rules(const struct sh_rulebook *book, sh_lang lang, struct sh_json *json);
void sh_rulebook_put_tables(const struct sh_rulebook *book, sh_lang lang, struct sh_json *json);
/** One rule with its text and the names of its cases; false: there is none of that id, nothing is written. */
bool sh_rulebook_put_rule(const struct sh_rulebook *book, struct sh_str id, sh_lang lang,
                          struct sh_json *json);
bool sh_rulebook_has(const struct sh_rulebook *book, struct sh_str id);
/** The English name of a rule; `kept`, what a run or a matter keeps of its name, where the book has no such
 * rule: one of a place, or of former days. */
struct sh_str sh_rulebook_english(const struct sh_rulebook *book, struct sh_str id, struct sh_str kept);
/** One knowledge table: rows from number `after` on that hold the words `q`, at most `limit`; false: none. */
bool sh_rulebook_put_table(const struct sh_rulebook *book, struct sh_str name, struct sh_str q,
                           uint32_t after, size_t limit, sh_lang lang, struct sh_json *json);
/** What readers call a table; `table` itself where the book has none of that name. */
struct sh_str sh_rulebook_table_title(const struct sh_rulebook *book, struct sh_str table, sh_lang lang);
/** What readers call a column of a table; `column` itself where nobody has said. */
struct sh_str sh_rulebook_column_name(const struct sh_rulebook *book, struct sh_str table,
                                      struct sh_str column, sh_lang lang);

/* What the bench found; faults and failing cases are lines of its report. */
struct sh_bench_result {
    bool loads;
    size_t cases, failed;
};
/** Load the rules of dirs and run their cases; faults go to `report`. Errors: not those of the texts. */
SH_MUST sh_code sh_bench_run(const struct sh_rulebook_dirs *dirs, FILE *report, struct sh_bench_result *ret,
                             struct sh_err *err);

/** As sh_rule_texts of room audit. */
SH_MUST sh_code sh_evidence_rule(const char *run_dir, struct sh_str rule,
                                 sh_code (*take)(void *ctx, const char *name, struct sh_str text,
                                                 struct sh_err *err),
                                 void *ctx, struct sh_err *err);
/** As sh_receipt_find of room audit. */
SH_MUST sh_code sh_evidence_find(const char *run_dir, const uint8_t id[16], struct sh_arena *arena,
                                 struct sh_str *ret, uint32_t *ret_bucket, struct sh_err *err);
