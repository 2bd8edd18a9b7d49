/* The printed SQL in a real PostgreSQL: the throw-away cluster that with-postgres.sh starts. The rows come
 * from the DuckDB that holds them already; all happens in one transaction that is rolled back. */
#pragma once
#include "executors.h"
#include <duckdb.h>
#include <libpq-fe.h>
#include <stdio.h>

static inline PGconn *postgres_open(void) {
    if (!getenv("CHECK_PG"))
        return NULL;
    PGconn *pg = PQconnectdb("");
    if (PQstatus(pg) != CONNECTION_OK) {
        print_message("# no PostgreSQL: %s\n", PQerrorMessage(pg));
        PQfinish(pg);
        return NULL;
    }
    return pg;
}

static inline sh_code postgres_do(PGconn *pg, const char *sql, struct sh_err *err) {
    PGresult *result = PQexec(pg, sql);
    const bool ok = PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK;
    PQclear(result);
    return ok ? SH_OK : sh_fail(err, SH_E_IO, "PostgreSQL: %s", PQerrorMessage(pg));
}

/* Rows of a table of DuckDB as INSERT statements; all values as literals of unknown type. */
static inline sh_code copy_rows(struct sh_sql_run *run, const char *table, struct sh_buf *out,
                                struct sh_err *err) {
    char query[128];
    duckdb_result result;
    (void)snprintf(query, sizeof(query), "select * from %s", table);
    if (duckdb_query(sh_sql_connection(run), query, &result) != DuckDBSuccess) {
        sh_code code = sh_fail(err, SH_E_IO, "%s: %s", table, duckdb_result_error(&result));
        duckdb_destroy_result(&result);
        return code;
    }
    const idx_t columns = duckdb_column_count(&result);
    for (idx_t row = 0; row < duckdb_row_count(&result); row++) {
        sh_buf_addf(out, "insert into %s values (", table);
        for (idx_t c = 0; c < columns; c++) {
            char *text = duckdb_value_is_null(&result, c, row) ? NULL : duckdb_value_varchar(&result, c, row);
            sh_buf_add_text(out, c > 0 ? ", " : "");
            if (text)
                sh_sql_text(out, sh_str_of(text));
            else
                sh_buf_add_text(out, "null");
            duckdb_free(text);
        }
        sh_buf_add_text(out, ");\n");
    }
    duckdb_destroy_result(&result);
    return sh_buf_check(out, err);
}

static inline sh_code copy_all(struct sh_sql_run *run, struct sh_buf *out, struct sh_err *err) {
    duckdb_result result;
    sh_code code = SH_OK;
    if (duckdb_query(
            sh_sql_connection(run),
            "select table_name from information_schema.tables where table_name like 'raw\\_%' escape '\\' or "
            "table_name in ('f_complete', 'f_coverage', 'f_lost') order by 1",
            &result) != DuckDBSuccess)
        code = sh_fail(err, SH_E_IO, "%s", duckdb_result_error(&result));
    for (idx_t row = 0; code == SH_OK && row < duckdb_row_count(&result); row++) {
        char *name = duckdb_value_varchar(&result, 0, row);
        code = copy_rows(run, name, out, err);
        duckdb_free(name);
    }
    duckdb_destroy_result(&result);
    return code;
}

enum { PG_ID, PG_KEY, PG_POINT, PG_LEVEL, PG_AMOUNT, PG_LINE = 9, PG_BLAMED, PG_FEN, PG_LINE_RN, PG_HID };

/* The same lines as tell_sql, from the columns that sh_sql_rule promises. */
static inline void tell_rows(const PGresult *result, size_t rule, struct telling *t) {
    for (int row = 0; row < PQntuples(result);) {
        const char *hid = PQgetvalue(result, row, PG_HID);
        const bool known = !PQgetisnull(result, row, PG_AMOUNT);
        char *text = told_line(t->arena, PQgetvalue(result, row, PG_ID),
                               (enum sh_level)atol(PQgetvalue(result, row, PG_LEVEL)), known,
                               known ? strtoll(PQgetvalue(result, row, PG_AMOUNT), NULL, 10) : 0,
                               sh_str_of(PQgetvalue(result, row, PG_KEY)));
        for (; row < PQntuples(result) && strcmp(hid, PQgetvalue(result, row, PG_HID)) == 0; row++)
            if (!PQgetisnull(result, row, PG_LINE_RN))
                text = sh_arena_printf(t->arena, NULL, "%s %s%s%s", text, PQgetvalue(result, row, PG_LINE),
                                       PQgetvalue(result, row, PG_BLAMED)[0] == 't' ? "=" : "~",
                                       PQgetvalue(result, row, PG_FEN));
        telling_add(t, rule, text);
    }
}

static inline sh_code tell_in_transaction(PGconn *pg, const struct sh_sql_maker *maker,
                                          struct sh_sql_run *run, struct telling *t, struct told *ret,
                                          struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf sql = {0};
    sh_buf_add_text(&sql, "create schema lake; set local search_path to lake;\n");
    SH_TRY(sh_sql_raw_tables(maker, &sql, err));
    SH_TRY(copy_all(run, &sql, err));
    SH_TRY(sh_sql_facts(maker, &sql, err));
    SH_TRY(sh_sql_knowledge(maker, &sql, err));
    SH_TRY(postgres_do(pg, sql.at, err));
    for (size_t r = 0; r < sh_plan_rules(maker->plan); r++) {
        struct sh_err one;
        sh_buf_clear(&sql);
        const sh_code code = sh_sql_rule(maker, &maker->plan->active[r], &sql, &one);
        if (code == SH_E_UNSUPPORTED) {
            ret->refused[r] = true;
            continue;
        }
        SH_TRY(code == SH_OK ? SH_OK : sh_fail(err, code, "%s", one.message));
        SH_TRY(postgres_do(pg, "savepoint rule", err));
        PGresult *result = PQexec(pg, sql.at);
        if (PQresultStatus(result) == PGRES_TUPLES_OK)
            tell_rows(result, r, t);
        else
            telling_add(t, r, sh_arena_printf(t->arena, NULL, "%s", PQerrorMessage(pg)));
        PQclear(result);
        SH_TRY(postgres_do(pg, "rollback to rule", err));
    }
    return SH_OK;
}

static inline sh_code tell_postgres(PGconn *pg, const struct sh_plan *plan, const struct sh_memlake *lake,
                                    struct sh_arena *arena, struct told *ret, struct sh_err *err) {
    struct sh_sql_run *run SH_CLEANUP(sql_run_close) = NULL;
    struct telling t = {.arena = arena};
    const struct sh_sql_maker maker = {plan, SH_SQL_POSTGRES, arena};
    struct sh_err gone;
    SH_TRY(open_duckdb(plan, lake, arena, &run, err));
    SH_TRY(postgres_do(pg, "begin", err));
    const sh_code code = tell_in_transaction(pg, &maker, run, &t, ret, err);
    SH_TRY(postgres_do(pg, "rollback", code == SH_OK ? err : &gone));
    for (size_t r = 0; r < sh_plan_rules(plan); r++)
        ret->is_short[r] = sh_plan_rule(plan, r)->reach != SH_REACH_TIMELINE;
    telling_end(&t, sh_plan_rules(plan), ret);
    return code;
}
