/* Records of registers as their texts describe them: fields checked and made canonical, personal ones apart
 * and masked, written directly or proposed. Inner header. */
#pragma once
#include "gate/person.h"

/** What somebody wants on record: values by field, canonical, [n_fields] of the register; at NULL: none. */
struct sh_entry_values {
    const struct sh_register *reg;
    struct sh_str *values;
    int32_t from, to; /* to exclusive */
    bool is_withdrawn;
    struct sh_str why;
};

/** The register of the path, or a refusal (then SH_E_CANCELLED): unknown, or the caller's roles may not read
 * it. */
SH_MUST sh_code sh_entry_register(struct sh_gate *gate, struct sh_request *rq, const struct sh_register **ret,
                                  struct sh_err *err);
/** What the caller may see of a register / may edit of it / may approve in it. */
SH_MUST sh_code sh_entry_scope(struct sh_gate *gate, struct sh_request *rq, const struct sh_register *reg,
                               struct sh_scope *ret, struct sh_err *err);
/** Values from a JSON body {fields: {…}, valid_from, valid_to, why}; faults are noted. */
SH_MUST sh_code sh_entry_from_json(struct sh_request *rq, const struct sh_register *reg, const json_t *body,
                                   int32_t today, struct sh_entry_values *ret, struct sh_faults *faults,
                                   struct sh_err *err);
/** Check required fields; row of a table or 0. */
void sh_entry_check(struct sh_request *rq, const struct sh_entry_values *entry, size_t row,
                    struct sh_faults *faults);
/** References lead to records; in a transaction. */
SH_MUST sh_code sh_entry_refs(struct sh_txn *txn, struct sh_request *rq, const struct sh_entry_values *entry,
                              size_t row, struct sh_faults *faults, struct sh_err *err);
/** The register's checks, of the whole entry (personal fields as they will be kept); id empty: a new record.
 */
SH_MUST sh_code sh_entry_ask(struct sh_txn *txn, struct sh_request *rq, const struct sh_entry_values *entry,
                             struct sh_str id, size_t row, struct sh_faults *faults, struct sh_err *err);
/** Key of an entry: its key fields joined by "|". */
SH_MUST sh_code sh_entry_key(const struct sh_entry_values *entry, struct sh_arena *arena, struct sh_str *ret,
                             struct sh_err *err);
struct sh_labels sh_entry_labels(const struct sh_entry_values *entry);
/** Write it: id empty for a new record. ret: the version written as one who may not unseal reads it; its
 * strings lie in arena or entry. */
SH_MUST sh_code sh_entry_put(struct sh_txn *txn, const struct sh_entry_values *entry, struct sh_str id,
                             int64_t expected_version, struct sh_arena *arena, struct sh_record *ret,
                             struct sh_err *err);
/** Values of a record as kept; personal ones unmasked when its sealed part was opened, else masked.
 * [n_fields] */
SH_MUST sh_code sh_entry_read(const struct sh_register *reg, const struct sh_record *record,
                              struct sh_arena *arena, struct sh_str **ret, struct sh_err *err);
/** The value of a field by its name; empty: none. */
struct sh_str sh_entry_value(const struct sh_register *reg, const struct sh_str *values, const char *field);
/** The same as a day; `none` where there is none. */
int32_t sh_entry_day(const struct sh_register *reg, const struct sh_str *values, const char *field,
                     int32_t none);
/** Values of one record, which last as long as the arena. */
typedef sh_code (*sh_entry_take)(void *ctx, const struct sh_register *reg, const struct sh_str *values,
                                 struct sh_err *err);
/** All records of a register that hold today, of every place and body: for what the office itself goes by. */
SH_MUST sh_code sh_entry_each(struct sh_txn *txn, const struct sh_register *reg, struct sh_arena *arena,
                              sh_entry_take take, void *ctx, struct sh_err *err);
/** A record as the API shows it. */
SH_MUST sh_code sh_entry_show(struct sh_json *json, struct sh_request *rq, const struct sh_register *reg,
                              const struct sh_record *record, struct sh_err *err);
void sh_entry_show_value(struct sh_json *json, const struct sh_field *field, struct sh_str value,
                         bool is_masked);

/** Argument valid_on, known_at; default today, all. A bad one is a refusal (SH_E_CANCELLED). */
SH_MUST sh_code sh_arg_as_of(struct sh_gate *gate, struct sh_request *rq, struct sh_as_of *ret,
                             struct sh_err *err);
/** Argument limit, 1 … 200, default 50. */
SH_MUST sh_code sh_arg_limit(struct sh_request *rq, size_t *ret, struct sh_err *err);
/** Version in If-Match ("v3"); missing or odd: a refusal (SH_E_CANCELLED). */
SH_MUST sh_code sh_if_match(struct sh_request *rq, int64_t *ret, struct sh_err *err);
void sh_answer_etag(struct sh_request *rq, int64_t version);
/** SH_E_CANCELLED after a refusal was made. */
static inline sh_code sh_refused(sh_code refused, struct sh_err *err) {
    (void)refused;
    return sh_fail(err, SH_E_CANCELLED, "refused");
}

/** Ids of another form are not there either. */
static inline sh_code sh_lost(sh_code code) {
    return code == SH_E_INPUT ? SH_E_NOTFOUND : code;
}

/**
 * Refuse (SH_E_CANCELLED) when a tie between the caller and one of `codes` is on record today, or he was
 * recused from `matter` (may be empty): procedures W7, ties.c.
 */
SH_MUST sh_code sh_ties_stop(struct sh_txn *txn, struct sh_request *rq, const struct sh_str *codes, size_t n,
                             struct sh_str matter, struct sh_err *err);
/** The same for the codes that entries of one register hold; of a table: one look for all rows. */
SH_MUST sh_code sh_ties_stop_entries(struct sh_txn *txn, struct sh_request *rq,
                                     const struct sh_entry_values *entries, size_t n_entries,
                                     struct sh_str matter, struct sh_err *err);
SH_MUST sh_code sh_ties_stop_entry(struct sh_txn *txn, struct sh_request *rq,
                                   const struct sh_entry_values *entry, struct sh_str matter,
                                   struct sh_err *err);

/** Two-person change: keep a proposal; changes.c. */
SH_MUST sh_code sh_change_propose(struct sh_txn *txn, struct sh_request *rq,
                                  const struct sh_entry_values *entry, struct sh_str id,
                                  int64_t expected_version, char ret_id[SH_ID_TEXT + 1], struct sh_err *err);
/** Refuse (SH_E_CANCELLED) a purpose that says nothing; access.c. */
SH_MUST sh_code sh_purpose_check(struct sh_request *rq, struct sh_str purpose, struct sh_err *err);
/** The purpose in X-Purpose (percent-encoded UTF-8) of a request that takes data away; a bad one is a
 * refusal. */
SH_MUST sh_code sh_purpose_of_header(struct sh_request *rq, struct sh_str *ret, struct sh_err *err);
/** Note that somebody saw or took personal data: a row for the body whose it is (record NULL: for his own)
 * and a leaf. */
SH_MUST sh_code sh_access_note(struct sh_txn *txn, struct sh_request *rq, struct sh_str register_id,
                               const struct sh_record *record, const char *kind, struct sh_str purpose,
                               struct sh_err *err);
