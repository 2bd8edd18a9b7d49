/* Inner header: what run, merge and explain share. */
#pragma once
#include "audit/output.h"
#include "base/hash.h"

/* A lake opened for an audit: snapshot, dictionaries, rules, plan. */
struct sh_session {
    struct sh_lake *lake;
    struct sh_dicts dicts;
    struct sh_rules *rules;
    struct sh_plan *plan;
    struct sh_arena *arena;
    int32_t known; /* day up to which batches count; INT32_MAX: all */
};
/** Open and bind. Everything but the lake lives in the arena. */
SH_MUST sh_code sh_session_open(const struct sh_audit_options *options, struct sh_arena *arena,
                                struct sh_session *ret, struct sh_err *err);
/** Open the lake with the rules, knowledge, parameters and options that a kept run had. dir: of the run. */
SH_MUST sh_code sh_run_session_open(const char *lake_dir, const char *dir, const struct sh_run_file *run,
                                    struct sh_arena *arena, struct sh_session *ret, struct sh_err *err);
void sh_session_close(struct sh_session *session);
/** The texts beside the rules, by name, with their hashes; in `arena`. The same before and after binding. */
SH_MUST sh_code sh_run_texts_name(const struct sh_rules *rules, struct sh_arena *arena,
                                  struct sh_run_texts *ret, struct sh_err *err);
/* What is hashed: one after the other, so that no two lists of texts and numbers give the same bytes. */
void sh_put_number(struct sh_buf *text, int64_t v);
void sh_put_text(struct sh_buf *text, struct sh_str s);
/** SHA-256 in hex of all that decides the findings but the buckets: manifest, rules, `texts`, options. */
SH_MUST sh_code sh_session_inputs(const struct sh_session *session, const struct sh_audit_options *options,
                                  const struct sh_run_texts *texts, char ret[65], struct sh_err *err);
/** LAKE/audits/RUN, made; fails when it exists. run NULL: named by the clock. */
SH_MUST sh_code sh_run_dir_make(const char *lake_dir, const char *run, const struct sh_clock *clock,
                                struct sh_arena *arena, const char **ret_name, const char **ret_dir,
                                struct sh_err *err);
/** Rules of a plan as the summary names them. */
SH_MUST sh_code sh_run_rules_fill(const struct sh_plan *plan, struct sh_arena *arena,
                                  struct sh_run_rule **ret, struct sh_err *err);
/** Copy answers from the heap into the arena. */
SH_MUST sh_code sh_answers_copy(const struct sh_answers *from, struct sh_arena *arena, struct sh_answers *ret,
                                struct sh_err *err);
/* Room for one record after the other. All zero is empty. */
struct sh_record_room {
    struct sh_arena text;
    struct sh_buf receipt;
    struct sh_digest digest;
};
void sh_record_room_release(struct sh_record_room *room);
/** The finding's row and receipt as a record; its texts live in `room`, until the next. */
SH_MUST sh_code sh_record_of(const struct sh_audit_worker *worker, const struct sh_finding *finding,
                             uint32_t bucket, struct sh_record_room *room, struct sh_record *ret,
                             struct sh_err *err);
