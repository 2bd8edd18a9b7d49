#include "gate/barred.h"
#include "base/csv.h"
#include "base/date.h"
#include "base/fs.h"
#include "base/limits.h"
#include "gate/auth.h"
#include "gate/person.h"

#define FOLDER "audit-knowledge"
#define COLUMNS "point,name,person,layer,from,to,known,source"

static const char *const tables[] = {"suspended_orders.csv", "suspended_services.csv"};

struct laying {
    struct sh_buf rows; /* the same for each of the tables */
    struct sh_arena arena;
};

static void laying_end(struct laying *l) {
    sh_buf_free(&l->rows);
    sh_arena_free(&l->arena);
}

/* The newest version says how long it holds; one that was withdrawn holds nobody. */
static sh_code put_status(struct sh_csv_writer *out, const struct sh_record *r, struct laying *l,
                          struct sh_err *err) {
    SH_CLEANUP(sh_json_decref_at) json_t *open = NULL;
    if (r->is_withdrawn || r->is_erased)
        return SH_OK;
    SH_TRY(sh_json_read("status", r->open, &open, err));
    const struct sh_str state = sh_member(open, "state", &l->arena);
    if (!sh_str_is(sh_member(open, "kind", &l->arena), "person") ||
        !(sh_str_is(state, "suspended") || sh_str_is(state, "ended")))
        return SH_OK;
    sh_csv_cell(out, r->id);
    sh_csv_cell_text(out, sh_str_is(state, "ended") ? "资格取消" : "资格暂停");
    sh_csv_cell(out, sh_member(open, "subject", &l->arena));
    sh_csv_cell_text(out, ""); /* wherever he works: the person is suspended, not his place */
    sh_csv_cell_date(out, r->valid_from);
    if (r->valid_to == SH_DAY_OPEN)
        sh_csv_cell_text(out, "");
    else
        sh_csv_cell_date(out, r->valid_to);
    sh_csv_cell_date(out, sh_day_of_time(r->recorded_at + SH_SHANGHAI_SECONDS));
    sh_csv_cellf(out, "资格状态登记：%.*s", SH_ARG(sh_member(open, "decision", &l->arena)));
    sh_csv_end_row(out);
    return SH_OK;
}

static sh_code read_statuses(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct laying *l = ctx;
    const struct sh_scope all = sh_scope_all();
    struct sh_csv_writer out = {.buf = &l->rows};
    struct sh_rows rows;
    SH_TRY(sh_sql_query(txn, "select record from mt_written where register = 'statuses' order by record",
                        NULL, 0, &l->arena, &rows, err));
    for (size_t i = 0; i < rows.n_rows; i++) {
        const struct sh_record *versions = NULL;
        size_t n = 0;
        SH_TRY(sh_record_history(txn, &all, sh_cell(&rows, i, 0)->str, &l->arena, &versions, &n, err));
        if (n)
            SH_TRY(put_status(&out, &versions[n - 1], l, err));
    }
    return sh_csv_end(&out, err);
}

/* The shipped table with the office's rows behind its own. */
static sh_code add_rows(struct laying *l, const char *path, struct sh_str *io, struct sh_err *err) {
    struct sh_str rest = *io, line = {0};
    bool has_head = false;
    for (; !has_head && rest.len > 0 && sh_str_split(&rest, '\n', &line);)
        has_head = line.len > 0 && line.at[0] != '#';
    if (!has_head || !sh_str_is(sh_str_trim(line), COLUMNS))
        return sh_fail(err, SH_E_INPUT, "%s: the columns of this table are " COLUMNS, path);
    const char *gap = sh_str_ends_with(*io, SH_STR("\n")) ? "" : "\n";
    const char *text =
        sh_arena_printf(&l->arena, NULL, "%.*s%s%.*s", SH_ARG(*io), gap, SH_ARG(sh_buf_view(&l->rows)));
    if (!text)
        return sh_fail(err, SH_E_NOMEM, "%s: no room for its rows", path);
    *io = sh_str_of(text);
    return SH_OK;
}

static sh_code lay_file(struct laying *l, const char *from_dir, const char *name, const char *to_dir,
                        struct sh_err *err) {
    char from[SH_PATH_BYTES_MAX], to[SH_PATH_BYTES_MAX];
    struct sh_str text;
    SH_TRY(sh_path_join(from, from_dir, name, err));
    SH_TRY(sh_path_join(to, to_dir, name, err));
    SH_TRY(sh_fs_read(from, SH_TEXT_FILE_BYTES_MAX, &l->arena, &text, err));
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        if (strcmp(name, tables[i]) == 0)
            SH_TRY(add_rows(l, from, &text, err));
    return sh_fs_write(to, text, err);
}

sh_code sh_barred_lay(struct sh_gate *gate, struct sh_str job, char *ret, struct sh_err *err) {
    SH_CLEANUP(laying_end) struct laying l = {0};
    const struct sh_dir_entry *entries;
    size_t n;
    ret[0] = '\0';
    if (!gate->options.knowledge_dir)
        return SH_OK;
    char dir[SH_PATH_BYTES_MAX];
    SH_TRY(sh_path_format(dir, err, "%s/" FOLDER "/%.*s", gate->options.data_dir, SH_ARG(job)));
    SH_TRY(sh_store_read(gate->store, read_statuses, &l, err));
    SH_TRY(sh_mkdir_all(dir, err));
    SH_TRY(sh_dir_list(gate->options.knowledge_dir, &l.arena, &entries, &n, err));
    for (size_t i = 0; i < n; i++)
        if (entries[i].kind != SH_ENTRY_DIR && sh_str_ends_with(sh_str_of(entries[i].name), SH_STR(".csv")))
            SH_TRY(lay_file(&l, gate->options.knowledge_dir, entries[i].name, dir, err));
    memcpy(ret, dir, strlen(dir) + 1);
    return SH_OK;
}

sh_code sh_barred_sweep(const struct sh_gate *gate, struct sh_err *err) {
    char dir[SH_PATH_BYTES_MAX];
    SH_TRY(sh_path_join(dir, gate->options.data_dir, FOLDER, err));
    return sh_remove_tree(dir, err);
}
