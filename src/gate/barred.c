#include "gate/barred.h"
#include "base/csv.h"
#include "base/date.h"
#include "base/fs.h"
#include "base/limits.h"
#include "gate/auth.h"
#include "gate/person.h"

#define FOLDER "audit-knowledge"

struct laying {
    const struct sh_registers *registers;
    struct sh_arena arena;
    int32_t today;
    const struct sh_register *reg; /* whose rows are being written */
    struct sh_buf *rows;           /* [registers->n] as lines of its tables */
};

static void laying_end(struct laying *l) {
    for (size_t i = 0; l->rows && i < l->registers->n; i++)
        sh_buf_free(&l->rows[i]);
    sh_arena_free(&l->arena);
}

/* A choice as people read it. */
static struct sh_str word_of(const struct sh_field *field, struct sh_str value) {
    for (size_t i = 0; field->type == SH_FIELD_CHOICE && i < field->n_choices; i++)
        if (sh_str_eq(field->choices[i].code, value))
            return field->choices[i].name;
    return value;
}

static void add_word(const struct laying *l, const struct sh_record *r, const struct sh_str *values,
                     struct sh_str word, struct sh_buf *out) {
    char day[SH_DATE_TEXT_MAX] = "";
    const int32_t field = sh_register_field(l->reg, word, false);
    if (field >= 0) {
        sh_buf_add_str(out, word_of(&l->reg->fields[field], values[field]));
        return;
    }
    if (sh_str_is(word, "id")) {
        sh_buf_add_str(out, r->id);
        return;
    }
    if (sh_str_is(word, "from"))
        sh_date_format(r->valid_from, day);
    else if (sh_str_is(word, "known"))
        sh_date_format(sh_day_of_time(r->recorded_at + SH_SHANGHAI_SECONDS), day);
    else if (r->valid_to != SH_DAY_OPEN)
        sh_date_format(r->valid_to, day);
    sh_buf_add_str(out, sh_str_of(day));
}

static sh_code add_cell(const struct laying *l, const struct sh_record *r, const struct sh_str *values,
                        struct sh_str text, struct sh_csv_writer *out, struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf cell = {0};
    for (size_t at = 0; (at = sh_str_find_char(text, '{')) != SH_STR_NONE;) {
        const size_t end = sh_str_find_char(text, '}'); /* the loader has looked at them */
        sh_buf_add_str(&cell, sh_str_sub(text, 0, at));
        add_word(l, r, values, sh_str_sub(text, at + 1, end - at - 1), &cell);
        text = sh_str_sub(text, end + 1, text.len);
    }
    sh_buf_add_str(&cell, text);
    SH_TRY(sh_buf_check(&cell, err));
    sh_csv_cell(out, sh_buf_view(&cell));
    return SH_OK;
}

/* The newest version says how long it holds; one that was withdrawn holds for nobody. */
static sh_code put_row(struct laying *l, const struct sh_record *r, struct sh_csv_writer *out,
                       struct sh_err *err) {
    SH_CLEANUP(sh_json_decref_at) json_t *open = NULL;
    const struct sh_register_knowledge *told = l->reg->knowledge;
    struct sh_str *values = sh_new(&l->arena, struct sh_str, l->reg->n_fields + 1);
    bool is = false;
    if (r->is_withdrawn || r->is_erased)
        return SH_OK;
    if (!values)
        return sh_fail(err, SH_E_NOMEM, "no room for a row of knowledge");
    SH_TRY(sh_json_read("row", r->open, &open, err));
    for (size_t i = 0; i < l->reg->n_fields; i++) {
        char name[96];
        (void)snprintf(name, sizeof name, "%.*s", SH_ARG(l->reg->fields[i].id));
        values[i] = sh_member(open, name, &l->arena);
    }
    const struct sh_register_asked asked = {{values, r->valid_from, r->valid_to}, l->today, NULL, 0};
    SH_TRY(sh_register_meets(l->reg, told->where, &asked, &l->arena, &is, err));
    for (size_t i = 0; is && i < told->n_row; i++)
        SH_TRY(add_cell(l, r, values, told->row[i].text, out, err));
    if (is)
        sh_csv_end_row(out);
    return SH_OK;
}

static sh_code read_rows(struct sh_txn *txn, struct laying *l, struct sh_csv_writer *out,
                         struct sh_err *err) {
    const struct sh_scope all = sh_scope_all();
    struct sh_rows rows;
    SH_TRY(sh_sql_query(txn, "select record from mt_written where register = $1 order by record",
                        &SH_TEXT(l->reg->id), 1, &l->arena, &rows, err));
    for (size_t i = 0; i < rows.n_rows; i++) {
        const struct sh_record *versions = NULL;
        size_t n = 0;
        SH_TRY(sh_record_history(txn, &all, sh_cell(&rows, i, 0)->str, &l->arena, &versions, &n, err));
        if (n)
            SH_TRY(put_row(l, &versions[n - 1], out, err));
    }
    return sh_csv_end(out, err);
}

static sh_code read_told(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct laying *l = ctx;
    for (size_t i = 0; i < l->registers->n; i++) {
        struct sh_csv_writer out = {.buf = &l->rows[i]};
        l->reg = &l->registers->of[i];
        if (l->reg->knowledge)
            SH_TRY(read_rows(txn, l, &out, err));
    }
    return SH_OK;
}

static struct sh_str columns_of(struct laying *l, const struct sh_register_knowledge *told) {
    SH_CLEANUP(sh_buf_free) struct sh_buf buf = {0};
    for (size_t i = 0; i < told->n_row; i++)
        sh_buf_addf(&buf, "%s%.*s", i ? "," : "", SH_ARG(told->row[i].column));
    const char *text = sh_arena_printf(&l->arena, NULL, "%.*s", SH_ARG(sh_buf_view(&buf)));
    return text ? sh_str_of(text) : SH_STR("");
}

/* The shipped table with the office's rows behind its own. These hold everywhere, as those of the nation do:
 * why the nation has none (#! local) is said of the shipped ones. */
static sh_code add_rows(struct laying *l, size_t reg, const char *path, struct sh_str *io,
                        struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf head = {0};
    const struct sh_str columns = columns_of(l, l->registers->of[reg].knowledge);
    struct sh_str rest = *io, line = {0};
    bool has_head = false;
    for (; !has_head && rest.len > 0 && sh_str_split(&rest, '\n', &line);) {
        has_head = line.len > 0 && line.at[0] != '#';
        if (!sh_str_starts_with(line, SH_STR("#! local:")))
            sh_buf_addf(&head, "%.*s\n", SH_ARG(line));
    }
    SH_TRY(sh_buf_check(&head, err));
    if (!has_head || !sh_str_eq(sh_str_trim(line), columns))
        return sh_fail(err, SH_E_INPUT, "%s: the register %.*s writes the columns %.*s", path,
                       SH_ARG(l->registers->of[reg].id), SH_ARG(columns));
    const char *gap = rest.len == 0 || sh_str_ends_with(rest, SH_STR("\n")) ? "" : "\n";
    const char *text = sh_arena_printf(&l->arena, NULL, "%.*s%.*s%s%.*s", SH_ARG(sh_buf_view(&head)),
                                       SH_ARG(rest), gap, SH_ARG(sh_buf_view(&l->rows[reg])));
    if (!text)
        return sh_fail(err, SH_E_NOMEM, "%s: no room for its rows", path);
    *io = sh_str_of(text);
    return SH_OK;
}

/* suspended_orders.csv: does the register write into it? */
static bool is_told(const struct sh_register_knowledge *told, struct sh_str name) {
    for (size_t i = 0; told && i < told->n_tables; i++)
        if (name.len == told->tables[i].len + 4 && sh_str_starts_with(name, told->tables[i]))
            return true;
    return false;
}

static sh_code lay_file(struct laying *l, const char *from_dir, const char *name, const char *to_dir,
                        struct sh_err *err) {
    char from[SH_PATH_BYTES_MAX], to[SH_PATH_BYTES_MAX];
    struct sh_str text;
    SH_TRY(sh_path_join(from, from_dir, name, err));
    SH_TRY(sh_path_join(to, to_dir, name, err));
    SH_TRY(sh_fs_read(from, SH_TEXT_FILE_BYTES_MAX, &l->arena, &text, err));
    for (size_t i = 0; i < l->registers->n; i++)
        if (is_told(l->registers->of[i].knowledge, sh_str_of(name)))
            SH_TRY(add_rows(l, i, from, &text, err));
    return sh_fs_write(to, text, err);
}

sh_code sh_barred_lay(struct sh_gate *gate, struct sh_str job, char *ret, struct sh_err *err) {
    SH_CLEANUP(laying_end) struct laying l = {.registers = gate->registers, .today = sh_gate_today(gate)};
    const struct sh_dir_entry *entries;
    size_t n;
    ret[0] = '\0';
    if (!gate->options.knowledge_dir)
        return SH_OK;
    char dir[SH_PATH_BYTES_MAX];
    SH_TRY(sh_path_format(dir, err, "%s/" FOLDER "/%.*s", gate->options.data_dir, SH_ARG(job)));
    l.rows = sh_new(&l.arena, struct sh_buf, l.registers->n + 1);
    if (!l.rows)
        return sh_fail(err, SH_E_NOMEM, "no room for knowledge");
    SH_TRY(sh_store_read(gate->store, read_told, &l, err));
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
