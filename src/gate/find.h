/* Looking into the findings of a kept run with DuckDB. Everything from outside is bound, never written into a
 * statement; every read goes through the caller's scope. Inner header. */
#pragma once
#include "gate/auth.h"
#include "gate/desk.h"

enum { SH_FIND_BINDS_MAX = 256, SH_FIND_COLUMNS_MAX = 32 };

struct sh_find {
    struct sh_gate *gate;
    struct sh_request *rq;
    char run_dir[4096]; /* LAKE/audits/RUN */
    struct sh_str path; /* its desk by money (desk.h), or findings.parquet while it was not loaded */
    bool has_claims;    /* the first: department and practitioner are known */
    struct sh_scope scope;
    struct sh_buf sql;
    struct sh_str binds[SH_FIND_BINDS_MAX];
    unsigned n_binds;
};

/** What the readers of findings share: one DuckDB, opened when first asked, and the sums it has reckoned. */
struct sh_finder;
SH_MUST sh_code sh_finder_new(struct sh_finder **ret, struct sh_err *err);
void sh_finder_free(struct sh_finder *finder); /* nobody reads any more */

/** What of a result's rows to write; the rows are those of one statement. */
typedef sh_code (*sh_find_rows)(void *ctx, void *duckdb_result, struct sh_err *err);

/**
 * Begin for the run of the first parameter of the path ("newest" too): run folder, scope; ends with
 * sh_find_end (SH_CLEANUP). Errors: SH_E_NOTFOUND no such run.
 */
SH_MUST sh_code sh_find_begin(struct sh_gate *gate, struct sh_request *rq, struct sh_find *ret,
                              struct sh_err *err);
void sh_find_end(struct sh_find *find);
/** The next statement reads the run's findings as they lie in that order: the same rows. find->has_claims. */
SH_MUST sh_code sh_find_turn(struct sh_find *find, enum sh_desk_order desk, struct sh_err *err);
/** "$n" for a value, added to the statement. */
void sh_find_bind(struct sh_find *find, struct sh_str value);
/**
 * " from … where …": the run's file, the scope and the filters of the address (rule, institution, level,
 * point, department, practitioner: one or several with commas; amount_min, amount_max; from, to; q). A filter
 * that is no number or day, or not known of this run, is a refusal (SH_E_CANCELLED).
 */
SH_MUST sh_code sh_find_where(struct sh_find *find, struct sh_err *err);
/** Run the statement and hand its result to `rows`. Several may run at the same moment. */
SH_MUST sh_code sh_find_run(struct sh_find *find, sh_find_rows rows, void *ctx, struct sh_err *err);
/** All cells [n_rows × n_columns] of a small answer as text with a NUL behind it, row after row; at NULL:
 * none. */
struct sh_find_table {
    size_t n_rows, n_columns;
    const struct sh_str *cells;
};
/**
 * Run a statement of few rows, or take what it came to when it was last run over the same file: sums and
 * groups are asked for with each page, and a run's findings do not change. The cells lie in the request's
 * arena. Errors: as sh_find_run.
 */
SH_MUST sh_code sh_find_table(struct sh_find *find, struct sh_find_table *ret, struct sh_err *err);
/** A row's cells [n] as text; NULL is empty. They last until the next row. */
typedef sh_code (*sh_find_row)(void *ctx, const struct sh_str *cells, struct sh_err *err);
/** Run a statement whose first n columns are varchar and hand its rows over one by one: no more of them than
 * a vector lies in memory here. n at most SH_FIND_COLUMNS_MAX. */
SH_MUST sh_code sh_find_stream(struct sh_find *find, size_t n, sh_find_row row, void *ctx,
                               struct sh_err *err);
/** Text of a cell, or NULL; in the request's arena. */
const char *sh_find_cell(const struct sh_find *find, void *duckdb_result, uint64_t column, uint64_t row);
/** Does the caller see rows of that institution? */
bool sh_find_sees(const struct sh_find *find, struct sh_str institution);
/** A person's code as the desk shows it. */
struct sh_str sh_find_masked(struct sh_arena *arena, struct sh_str person);
