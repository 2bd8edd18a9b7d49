/* Rows that other rooms keep beside the records carry a seal: a MAC over the row under a key that is kept as
 * the keys of records are. The database makes it as it writes, by a trigger, so no statement can forget it;
 * who changes a row by another way has not the key. What is sealed stands in leaves. docs/journal.md. */
#include "store/inner.h"
#include <inttypes.h>
#include <sodium.h>

enum { TABLES_MAX = 256 };
static const uint8_t key_id[SH_ID_BYTES] = {0}; /* in st_key, beside those of records */

/* ---- a seal */

static void add_number(struct sh_buf *buf, uint64_t number, bool is_negative) {
    char digits[24];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    if (is_negative)
        digits[--at] = '-';
    (void)sh_buf_add(buf, digits + at, sizeof digits - at);
}

static void add_cell(struct sh_buf *buf, const struct sh_value *cell) {
    static const char digits[] = "0123456789abcdef";
    (void)sh_buf_add_char(buf, "nitb"[cell->kind]);
    if (cell->kind == SH_VALUE_I64) {
        const bool is_negative = cell->i64 < 0;
        add_number(buf, is_negative ? 0 - (uint64_t)cell->i64 : (uint64_t)cell->i64, is_negative);
        (void)sh_buf_add_char(buf, ';');
    } else if (cell->kind != SH_VALUE_NULL) {
        add_number(buf, cell->str.len, false);
        (void)sh_buf_add_char(buf, ':');
    }
    if (cell->kind == SH_VALUE_TEXT && cell->str.len > 0)
        (void)sh_buf_add_str(buf, cell->str);
    for (size_t i = 0; cell->kind == SH_VALUE_BYTES && i < cell->str.len; i++) {
        const uint8_t byte = (uint8_t)cell->str.at[i];
        (void)sh_buf_add_char(buf, digits[byte >> 4]);
        (void)sh_buf_add_char(buf, digits[byte & 15]);
    }
}

sh_code sh_row_seal(struct sh_row_key *key, struct sh_str table, const struct sh_value *cells, size_t n,
                    uint8_t ret[SH_ROW_SEAL], struct sh_err *err) {
    uint8_t both[2 * SH_DIGEST_BYTES], sum[SH_DIGEST_BYTES];
    struct sh_buf *buf = &key->buf;
    sh_buf_clear(buf);
    (void)sh_buf_add(buf, (const char *)key->at, sizeof key->at);
    (void)sh_buf_add_str(buf, table);
    (void)sh_buf_add_char(buf, ';');
    for (size_t i = 0; i < n; i++)
        add_cell(buf, &cells[i]);
    SH_TRY(sh_buf_check(buf, err));
    memcpy(both, key->at, sizeof key->at);
    SH_TRY(sh_digest_again(&key->digest, SH_DIGEST_SHA256, buf->at, buf->len, both + sizeof key->at, err));
    SH_TRY(sh_digest_again(&key->digest, SH_DIGEST_SHA256, both, sizeof both, sum, err));
    memcpy(ret, sum, SH_ROW_SEAL);
    return SH_OK;
}

/* ---- its key */

void sh_row_key_release(struct sh_row_key *key) {
    sodium_memzero(key->at, sizeof key->at);
    if (key->buf.len > 0)
        sodium_memzero(key->buf.at, key->buf.len);
    sh_buf_free(&key->buf);
    sh_digest_release(&key->digest);
    key->is_set = false;
}

static void set_key(struct sh_row_key *key, const uint8_t from[SH_SEAL_KEY]) {
    memcpy(key->at, from + SH_SEAL_KEY - sizeof key->at, sizeof key->at);
    key->is_set = true;
}

sh_code sh_row_key_load(struct sh_txn *txn, struct sh_row_key *ret, struct sh_err *err) {
    uint8_t key[SH_SEAL_KEY];
    SH_TRY(sh_record_key(txn, key_id, false, key, err));
    set_key(ret, key);
    sodium_memzero(key, sizeof key);
    return SH_OK;
}

/* To PostgreSQL, whose trigger makes the seals in the session of the writer. */
static sh_code tell_key(struct sh_txn *txn, struct sh_err *err) {
    if (!txn->db->pg)
        return SH_OK;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_rows rows;
    char hex[SH_DIGEST_HEX_MAX];
    sh_hex(txn->store->row_key.at, SH_DIGEST_BYTES, hex);
    const sh_code code = sh_txn_query(txn, "select set_config('shouhu.seal', $1, false)",
                                      &SH_TEXT(sh_str_of(hex)), 1, &arena, &rows, err);
    sodium_memzero(hex, sizeof hex);
    return code;
}

sh_code sh_rows_attach(struct sh_store *store, struct sh_err *err) {
    struct sh_txn txn = {.store = store, .db = &store->writer};
    bool has = false;
    if (store->writer.lite)
        SH_TRY(sh_db_lite_sealer(&store->writer, &store->row_key, err));
    SH_TRY(sh_sql_has_table(&txn, "st_key", &has, err));
    if (!has)
        return SH_OK;
    const sh_code code = sh_row_key_load(&txn, &store->row_key, err);
    return code == SH_OK ? tell_key(&txn, err) : code == SH_E_NOTFOUND ? SH_OK : code;
}

static sh_code make_key(struct sh_txn *txn, struct sh_err *err) {
    uint8_t key[SH_SEAL_KEY];
    SH_TRY(sh_record_key(txn, key_id, true, key, err));
    set_key(&txn->store->row_key, key);
    sodium_memzero(key, sizeof key);
    return tell_key(txn, err);
}

/* ---- what is sealed: st_meta "seal-N", each proven by a leaf; the last that names a table holds */

static struct sh_sealed_table *find_table(struct sh_sealed_table *tables, size_t n, struct sh_str name) {
    for (size_t i = 0; i < n; i++)
        if (sh_str_eq(tables[i].name, name))
            return &tables[i];
    return NULL;
}

static sh_code read_names(struct sh_str value, struct sh_sealed_table *tables, size_t *n,
                          struct sh_err *err) {
    struct sh_reader reader = {.rest = value};
    const bool is_ours = sh_str_is(sh_take(&reader, 4), "SHT1");
    (void)sh_take(&reader, 16); /* position, time */
    const uint64_t count = sh_take_number(&reader, 4);
    for (uint64_t i = 0; i < count && !reader.is_bad; i++) {
        const struct sh_str name = sh_take_str(&reader), columns = sh_take_str(&reader);
        struct sh_sealed_table *table = find_table(tables, *n, name);
        if (!table && *n == TABLES_MAX)
            return sh_fail(err, SH_E_LIMIT, "more than %d sealed tables", TABLES_MAX);
        *(table ? table : &tables[(*n)++]) = (struct sh_sealed_table){name, columns};
    }
    if (!is_ours || reader.is_bad)
        return sh_fail(err, SH_E_CORRUPT, "st_meta: the names of sealed tables are damaged");
    return SH_OK;
}

static sh_code meta_rows(struct sh_txn *txn, struct sh_arena *arena, struct sh_rows *ret,
                         struct sh_err *err) {
    return sh_txn_query(txn,
                        "select value from st_meta where name >= 'seal-' and name < 'seal.' order by name",
                        NULL, 0, arena, ret, err);
}

sh_code sh_sealed_tables(struct sh_txn *txn, struct sh_arena *arena, struct sh_sealed_table **ret,
                         size_t *ret_n, struct sh_err *err) {
    struct sh_rows rows;
    SH_TRY(meta_rows(txn, arena, &rows, err));
    struct sh_sealed_table *tables = sh_new(arena, struct sh_sealed_table, TABLES_MAX);
    if (!tables)
        return sh_fail(err, SH_E_NOMEM, "no room for sealed tables");
    size_t n = 0;
    for (size_t i = 0; i < rows.n_rows; i++)
        SH_TRY(read_names(sh_cell(&rows, i, 0)->str, tables, &n, err));
    *ret = tables, *ret_n = n;
    return SH_OK;
}

/* ---- SQL */

/* A table under way: its columns as they are now, without the seal. */
struct sealing {
    struct sh_txn *txn;
    struct sh_arena arena;
    struct sh_str table, columns;
    struct sh_rows now; /* name, type */
    bool has_seal;
    bool is_look, is_due; /* only to see whether anything is to be done */
};

static void sealing_release(struct sealing *s) {
    sh_arena_free(&s->arena);
}

static sh_code sealing_begin(struct sealing *s, struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf names = {0};
    SH_TRY(sh_table_columns(s->txn, s->table, &s->arena, &s->now, err));
    for (size_t i = 0; i < s->now.n_rows; i++) {
        const struct sh_str name = sh_cell(&s->now, i, 0)->str;
        if (sh_str_is(name, SH_ROW_SEAL_COLUMN))
            s->has_seal = true;
        else
            (void)sh_buf_addf(&names, "%s%.*s", names.len > 0 ? " " : "", SH_ARG(name));
    }
    SH_TRY(sh_buf_check(&names, err));
    if (names.len == 0 || s->now.n_rows > SH_SEALED_COLUMNS_MAX)
        return sh_fail(err, SH_E_INTERNAL, "a migration says that %.*s is sealed: no such table, or too wide",
                       SH_ARG(s->table));
    s->columns.at = sh_arena_dup(&s->arena, names.at, names.len);
    s->columns.len = names.len;
    return s->columns.at ? SH_OK : sh_fail(err, SH_E_NOMEM, "no room for columns");
}

static sh_code type_of(const struct sealing *s, struct sh_str column, struct sh_str *ret,
                       struct sh_err *err) {
    for (size_t i = 0; i < s->now.n_rows; i++)
        if (sh_str_eq(sh_cell(&s->now, i, 0)->str, column)) {
            *ret = sh_cell(&s->now, i, 1)->str;
            return SH_OK;
        }
    return sh_fail(err, SH_E_UNSUPPORTED, "%.*s: the sealed column %.*s is gone", SH_ARG(s->table),
                   SH_ARG(column));
}

static void add_pg_cell(struct sh_buf *sql, const char *prefix, struct sh_str column, struct sh_str type) {
    char name[160];
    (void)snprintf(name, sizeof name, "%s\"%.*s\"", prefix, SH_ARG(column));
    if (sh_str_is(type, "bigint"))
        (void)sh_buf_addf(sql, " || coalesce('i' || %s::text || ';', 'n')", name);
    else if (sh_str_is(type, "text"))
        (void)sh_buf_addf(sql, " || coalesce('t' || octet_length(%s) || ':' || %s, 'n')", name, name);
    else
        (void)sh_buf_addf(sql, " || coalesce('b' || octet_length(%s) || ':' || encode(%s, 'hex'), 'n')", name,
                          name);
}

/* The seal of a row over the columns named, as an expression. prefix: "", "old." or "new.". */
static sh_code add_seal(const struct sealing *s, struct sh_str columns, const char *prefix,
                        struct sh_buf *sql, struct sh_err *err) {
    const bool is_pg = s->txn->db->pg != NULL;
    static const char key[] = "decode(current_setting('shouhu.seal', true), 'hex')";
    if (is_pg)
        (void)sh_buf_addf(sql, "substr(sha256(%s || sha256(%s || convert_to('%.*s;'", key, key,
                          SH_ARG(s->table));
    else
        (void)sh_buf_addf(sql, "row_seal(%s" SH_ROW_SEAL_COLUMN ", '%.*s'", prefix, SH_ARG(s->table));
    for (struct sh_str column; sh_str_split(&columns, ' ', &column);) {
        struct sh_str type;
        SH_TRY(type_of(s, column, &type, err));
        if (is_pg)
            add_pg_cell(sql, prefix, column, type);
        else
            (void)sh_buf_addf(sql, ", %s\"%.*s\"", prefix, SH_ARG(column));
    }
    if (is_pg)
        (void)sh_buf_addf(sql, ", 'UTF8'))), 1, %d)", SH_ROW_SEAL);
    else
        (void)sh_buf_add_char(sql, ')');
    return sh_buf_check(sql, err);
}

static sh_code add_column(struct sealing *s, struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf sql = {0};
    (void)sh_buf_addf(&sql, "alter table \"%.*s\" add column " SH_ROW_SEAL_COLUMN " %s", SH_ARG(s->table),
                      s->txn->db->pg ? "bytea" : "blob");
    SH_TRY(sh_buf_check(&sql, err));
    return sh_db_exec(s->txn->db, sql.at, err);
}

/* ---- triggers */

/* A row is sealed when it comes in, and anew when a sound one changes: one that another hand has changed
 * keeps the seal that does not hold, whatever we write to it later. */

static sh_code lite_when(struct sealing *s, struct sh_buf *sql, struct sh_err *err) {
    struct sh_str rest = s->columns;
    const char *word = " of";
    for (struct sh_str column; sh_str_split(&rest, ' ', &column); word = ",")
        (void)sh_buf_addf(sql, "%s \"%.*s\"", word, SH_ARG(column));
    (void)sh_buf_addf(sql, " on \"%.*s\" when old." SH_ROW_SEAL_COLUMN " = ", SH_ARG(s->table));
    return add_seal(s, s->columns, "old.", sql, err);
}

/* After the row is in, as a trigger before it cannot change it; it does not see its own change. */
static sh_code lite_trigger(struct sealing *s, const char *event, struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf sql = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf drop = {0};
    char name[160];
    struct sh_rows is;
    (void)snprintf(name, sizeof name, SH_ROW_SEAL_COLUMN "_%s_%.*s", event, SH_ARG(s->table));
    (void)sh_buf_addf(&sql, "CREATE TRIGGER %s after %s", name, event);
    if (strcmp(event, "update") == 0)
        SH_TRY(lite_when(s, &sql, err));
    else
        (void)sh_buf_addf(&sql, " on \"%.*s\"", SH_ARG(s->table));
    (void)sh_buf_addf(&sql, " begin update \"%.*s\" set " SH_ROW_SEAL_COLUMN " = ", SH_ARG(s->table));
    SH_TRY(add_seal(s, s->columns, "new.", &sql, err));
    (void)sh_buf_add_text(&sql, " where rowid = new.rowid; end");
    SH_TRY(sh_buf_check(&sql, err));
    SH_TRY(sh_txn_query(s->txn, "select sql from sqlite_schema where type = 'trigger' and name = $1",
                        &SH_TEXT(sh_str_of(name)), 1, &s->arena, &is, err));
    if (is.n_rows > 0 && sh_str_eq(sh_cell(&is, 0, 0)->str, sh_buf_view(&sql)))
        return SH_OK;
    s->is_due = true;
    if (s->is_look)
        return SH_OK;
    (void)sh_buf_addf(&drop, "drop trigger if exists %s", name);
    SH_TRY(sh_buf_check(&drop, err));
    SH_TRY(sh_db_exec(s->txn->db, drop.at, err));
    return sh_db_exec(s->txn->db, sql.at, err);
}

/* Without a key the seal stays as it is: a backup's row brings its own, another hand's has a wrong one. */
static sh_code pg_body(const struct sealing *s, struct sh_buf *out, struct sh_err *err) {
    static const char set[] = "new." SH_ROW_SEAL_COLUMN " := ";
    (void)sh_buf_addf(out,
                      "begin if coalesce(current_setting('shouhu.seal', true), '') = '' then return new; end "
                      "if; if tg_op = 'INSERT' then %s",
                      set);
    SH_TRY(add_seal(s, s->columns, "new.", out, err));
    (void)sh_buf_add_text(out, "; elsif old." SH_ROW_SEAL_COLUMN " = ");
    SH_TRY(add_seal(s, s->columns, "old.", out, err));
    (void)sh_buf_addf(out, " then %s", set);
    SH_TRY(add_seal(s, s->columns, "new.", out, err));
    (void)sh_buf_add_text(out, "; end if; return new; end");
    return sh_buf_check(out, err);
}

static sh_code pg_trigger(struct sealing *s, struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf body = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf sql = {0};
    struct sh_rows is;
    SH_TRY(pg_body(s, &body, err));
    SH_TRY(sh_txn_query(s->txn,
                        "select p.prosrc::text from pg_trigger t join pg_proc p on p.oid = t.tgfoid join "
                        "pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace where "
                        "c.relname = $1 and n.nspname = current_schema() and t.tgname = "
                        "'" SH_ROW_SEAL_COLUMN "' and t.tgenabled = 'O'",
                        &SH_TEXT(s->table), 1, &s->arena, &is, err));
    if (is.n_rows > 0 && sh_str_eq(sh_cell(&is, 0, 0)->str, sh_buf_view(&body)))
        return SH_OK;
    s->is_due = true;
    if (s->is_look)
        return SH_OK;
    (void)sh_buf_addf(&sql,
                      "create or replace function " SH_ROW_SEAL_COLUMN
                      "_%.*s() returns trigger language plpgsql as $row_seal$%s$row_seal$;"
                      "drop trigger if exists " SH_ROW_SEAL_COLUMN " on \"%.*s\";"
                      "create trigger " SH_ROW_SEAL_COLUMN
                      " before insert or update on \"%.*s\" for each row execute function " SH_ROW_SEAL_COLUMN
                      "_%.*s()",
                      SH_ARG(s->table), body.at, SH_ARG(s->table), SH_ARG(s->table), SH_ARG(s->table));
    SH_TRY(sh_buf_check(&sql, err));
    return sh_db_exec(s->txn->db, sql.at, err);
}

static sh_code ensure_triggers(struct sealing *s, struct sh_err *err) {
    if (s->txn->db->pg)
        return pg_trigger(s, err);
    SH_TRY(lite_trigger(s, "insert", err));
    return lite_trigger(s, "update", err);
}

/* ---- sealing */

/* The rows that are there. before: the columns that seals were over until now; a row whose seal does not hold
 * over them keeps it, and so is named. */
static sh_code seal_rows(struct sealing *s, const struct sh_sealed_table *before, struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf sql = {0};
    (void)sh_buf_addf(&sql, "update \"%.*s\" set " SH_ROW_SEAL_COLUMN " = ", SH_ARG(s->table));
    SH_TRY(add_seal(s, s->columns, "", &sql, err));
    if (before) {
        (void)sh_buf_add_text(&sql, " where " SH_ROW_SEAL_COLUMN " = ");
        SH_TRY(add_seal(s, before->columns, "", &sql, err));
    }
    SH_TRY(sh_buf_check(&sql, err));
    return sh_db_exec(s->txn->db, sql.at, err);
}

struct protect {
    const struct sh_migration *list;
    size_t n;
    bool is_look, is_due;
    struct sh_buf names; /* of the tables sealed now, with their columns */
    uint32_t n_names;
};

static sh_code protect_table(struct sealing *s, struct sh_sealed_table *known, size_t n_known,
                             struct protect *protect, struct sh_err *err) {
    SH_TRY(sealing_begin(s, err));
    const struct sh_sealed_table *before = find_table(known, n_known, s->table);
    const bool is_as_before = before && sh_str_eq(before->columns, s->columns);
    if (before && !s->has_seal)
        return sh_fail(err, SH_E_CORRUPT, "%.*s: its seals are gone", SH_ARG(s->table));
    if (!s->has_seal && !s->is_look)
        SH_TRY(add_column(s, err));
    SH_TRY(ensure_triggers(s, err));
    protect->is_due |= s->is_due || !is_as_before;
    if (is_as_before || s->is_look)
        return SH_OK;
    SH_TRY(seal_rows(s, before, err));
    sh_put_str(&protect->names, s->table);
    sh_put_str(&protect->names, s->columns);
    protect->n_names++;
    return SH_OK;
}

static sh_code write_names(struct sh_txn *txn, const struct protect *protect, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf buf = {0};
    struct sh_rows rows;
    char name[32];
    SH_TRY(meta_rows(txn, &arena, &rows, err));
    (void)snprintf(name, sizeof name, "seal-%06zu", rows.n_rows);
    (void)sh_buf_add_text(&buf, "SHT1");
    sh_put_u64(&buf, txn->store->journal.tree.size + txn->store->batch.n);
    sh_put_u64(&buf, (uint64_t)txn->at);
    sh_put_u32(&buf, protect->n_names);
    (void)sh_buf_add_str(&buf, sh_buf_view(&protect->names));
    struct sh_leaf_body leaf = {.type = SH_STR("seal"), .actor = txn->act->actor, .at = txn->at};
    SH_TRY(sh_content_hash(txn->store->journal.kind, &buf, &leaf.content, err));
    SH_TRY(sh_txn_leaf(txn, &leaf, NULL, err));
    const struct sh_value values[] = {SH_TEXT(sh_str_of(name)), SH_BYTES(sh_buf_view(&buf))};
    return sh_txn_run(txn, "insert into st_meta (name, value) values ($1, $2)", values, 2, NULL, err);
}

static sh_code protect_all(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct protect *protect = ctx;
    sh_buf_clear(&protect->names); /* of a run before this one */
    protect->n_names = 0;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_sealed_table *known = NULL;
    size_t n_known = 0;
    SH_TRY(sh_sealed_tables(txn, &arena, &known, &n_known, err));
    if (n_known > 0 && !txn->store->row_key.is_set)
        return sh_fail(err, SH_E_CORRUPT, "st_key: the key of the rows' seals is gone");
    if (n_known == 0 && !protect->is_look)
        SH_TRY(make_key(txn, err));
    for (size_t i = 0; i < protect->n; i++) {
        struct sh_str rest = sh_str_of(protect->list[i].sealed ? protect->list[i].sealed : "");
        for (struct sh_str table; rest.len > 0 && sh_str_split(&rest, ' ', &table);) {
            SH_CLEANUP(sealing_release)
            struct sealing s = {.txn = txn, .table = table, .is_look = protect->is_look};
            SH_TRY(protect_table(&s, known, n_known, protect, err));
        }
    }
    return protect->n_names > 0 ? write_names(txn, protect, err) : SH_OK;
}

sh_code sh_rows_protect(struct sh_store *store, const struct sh_migration *list, size_t n,
                        struct sh_err *err) {
    const struct sh_act act = {.actor = SH_STR("system"), .why = SH_STR("seals of rows"), .is_large = true};
    struct protect protect = {.list = list, .n = n, .is_look = true};
    SH_TRY(
        sh_store_read(store, protect_all, &protect, err)); /* a clock set back forbids writes, not a start */
    if (!protect.is_due)
        return SH_OK;
    protect.is_look = false;
    const sh_code code = sh_store_write(store, &act, protect_all, &protect, NULL, err);
    sh_buf_free(&protect.names);
    return code;
}

sh_code sh_rows_make_room(struct sh_store *store, const struct sh_migration *list, size_t n,
                          struct sh_err *err) {
    struct sh_txn txn = {.store = store, .db = &store->writer};
    for (size_t i = 0; i < n; i++) {
        struct sh_str rest = sh_str_of(list[i].sealed ? list[i].sealed : "");
        for (struct sh_str table; rest.len > 0 && sh_str_split(&rest, ' ', &table);) {
            SH_CLEANUP(sealing_release) struct sealing s = {.txn = &txn, .table = table};
            SH_TRY(sealing_begin(&s, err));
            if (!s.has_seal)
                SH_TRY(add_column(&s, err));
        }
    }
    return SH_OK;
}
