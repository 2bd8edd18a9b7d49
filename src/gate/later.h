/* Requests answered later ("Prefer: respond-async", RFC 7240): each is a job; a lane of its own works it off
 * by the rights its asker has then, and the answer lies as a file for him alone until its time is over or his
 * rights are others. What was sent stays in memory: a server that stops ends the job as interrupted. Inner
 * header. */
#pragma once
#include "gate/inner.h"

enum {
    SH_LATER_ROWS_NOW = 10000, /* the longest table that is answered at once */
    SH_LATER_KEEP_SECONDS = 24 * 3600,
    SH_LATER_OPEN_MAX = 3,        /* jobs of a kind that a person may have under way */
    SH_LATER_KEPT_MAX = 20,       /* answers kept for a person; the oldest goes */
    SH_LATER_HELD_MAX = 64 << 20, /* bodies of all that wait */
};
#define SH_LATER_FINDINGS "findings-export"
#define SH_LATER_EXPORT "register-export"
#define SH_LATER_IMPORT "register-import"
/** For "kind in (…)". */
#define SH_LATER_KINDS "('" SH_LATER_FINDINGS "', '" SH_LATER_EXPORT "', '" SH_LATER_IMPORT "')"

/** Behind rq->later of a request that is worked off, or that only asks whether an answer may be fetched. */
struct sh_later {
    struct sh_later *next;
    char id[33], person[SH_ID_MAX];
    bool is_fetch;
    atomic_bool is_cancelled;
    atomic_uint_fast64_t n_done, n_all; /* rows; n_all 0: unknown */
};

/**
 * A handler that has found out whether the caller may, and has read nothing yet, asks whether to go on.
 * SH_OK: yes. SH_E_CANCELLED: the request is answered, as a job (202) or as one that only asked. kind: see
 * above.
 */
SH_MUST sh_code sh_later_point(struct sh_request *rq, const char *kind, struct sh_err *err);
/** Before each row of a table, n rows being done. Errors: SH_E_CANCELLED by its asker, or the server stops;
 * SH_E_LIMIT a table that is too long to be answered at once. */
SH_MUST sh_code sh_later_row(struct sh_request *rq, uint64_t n, struct sh_err *err);
void sh_later_expect(struct sh_request *rq, uint64_t n_all);
/** In its lane: work it off, keep the answer, free it. */
void sh_later_serve(struct sh_gate *gate, struct sh_request *rq);
/** "n" or "n/all" of a job under way, else false. out [48] */
bool sh_later_progress(struct sh_gate *gate, struct sh_str id, char *out);
/** Ask one under way to stop; false: none of that id. */
bool sh_later_cancel(struct sh_gate *gate, struct sh_str id);
/** Where the file of an answer lies. out [SH_PATH_BYTES_MAX] */
SH_MUST sh_code sh_later_path(const struct sh_gate *gate, struct sh_str id, char *out, struct sh_err *err);
/** Answers whose time is over go, and files that nobody keeps. at_start: also what a kill left half written.
 */
SH_MUST sh_code sh_later_sweep(struct sh_gate *gate, bool at_start, struct sh_err *err);
