/* Inner header: a plan's rules as SQL in a DuckDB of its own, over chunks of a lake. For the executor and the
 * differential test. */
#pragma once
#include "audit/sql.h"

struct sh_sql_line {
    struct sh_str id;
    bool blamed;
    int64_t fen;
};
struct sh_sql_finding {
    uint16_t rule; /* in the plan */
    char id[33];   /* hex */
    struct sh_str key, point, person, institution, encounter;
    enum sh_level level;
    bool amount_known;
    int64_t amount_fen;
    int32_t day;
    struct sh_sql_line *lines;
    size_t n_lines, cap_lines;
};
struct sh_sql_findings {
    struct sh_sql_finding *at;
    size_t n, cap;
};

struct sh_sql_run;
/** plan is borrowed; temp_dir for what does not fit into memory; threads >= 1 of DuckDB. */
SH_MUST sh_code sh_sql_open(const struct sh_plan *plan, const char *temp_dir, unsigned threads,
                            struct sh_arena *arena, struct sh_sql_run **ret, struct sh_err *err);
void sh_sql_close(struct sh_sql_run *run);
/** Load the rows of a chunk. */
SH_MUST sh_code sh_sql_take(struct sh_sql_run *run, const struct sh_chunk *chunk, struct sh_err *err);
/** After the last chunk: completeness, facts, knowledge. */
SH_MUST sh_code sh_sql_ready(struct sh_sql_run *run, struct sh_err *err);
/** Findings of one rule of the plan, appended; texts in the arena of the run. The array is the caller's
 * (sh_free). */
SH_MUST sh_code sh_sql_audit(struct sh_sql_run *run, size_t rule, struct sh_sql_findings *io,
                             struct sh_err *err);
/** The DuckDB behind it (duckdb_connection), for what is asked of the loaded rows beside the rules. */
void *sh_sql_connection(struct sh_sql_run *run);
