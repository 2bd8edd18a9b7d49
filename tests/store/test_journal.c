/* Goal: any changed byte of any stored row or file is named; an exported bundle is proven by a program of its
 * own; an erasure takes the content from everywhere and no proof; an older copy is seen; a backup restores
 * into either database. */
#include "both.h"
#include "base/mem.h"
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

static const struct sh_act act = {.actor = {"u1", 2}, .why = {"a reason", 8}};
static const struct sh_str everywhere[] = {{"", 0}};
static const struct sh_scope all = {.places = everywhere, .n_places = 1, .any_body = true, .any_part = true};

struct made {
    struct sh_record_ref records[3];
    uint8_t blob[SH_DIGEST_BYTES];
};

static sh_code fill_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct made *made = ctx;
    const char *const keys[] = {"K1", "K2", "K3"};
    const char *const words[] = {"公开 Openhill open", "公开 Openlake open", "公开 open"};
    for (size_t i = 0; i < 3; i++) {
        const struct sh_record_change change = {
            .register_name = SH_STR("people"),
            .key = sh_str_of(keys[i]),
            .labels = {SH_STR("b1"), SH_STR("62"), SH_STR("m1"), SH_STR("p1")},
            .valid_from = 100,
            .valid_to = 200,
            .open = sh_str_of(words[i]),
            .search = sh_str_of(words[i]),
            .sealed = SH_STR("李四的住址 Secretville 7")};
        SH_TRY(sh_record_put(txn, &change, &made->records[i], err));
    }
    SH_TRY(
        sh_blob_put(txn, sh_str_of(made->records[0].id), SH_STR("scan of Secretville 7"), made->blob, err));
    const struct sh_entry entries[] = {{SH_STR("a"), SH_STR("f"), 500}, {SH_STR("b"), SH_STR("f"), -500}};
    const struct sh_posting posting = {.ledger = SH_STR("money"),
                                       .day = 150,
                                       .labels = {SH_STR("b1"), SH_STR("62"), SH_STR("m1"), SH_STR("p1")},
                                       .about = SH_STR("x"),
                                       .entries = entries,
                                       .n_entries = 2};
    char id[SH_ID_TEXT + 1];
    return sh_ledger_post(txn, &posting, id, err);
}
static struct made fill(struct place *place) {
    struct sh_err err = {0};
    struct made made;
    CHECK_OK(sh_store_write(place->store, &act, fill_body, &made, NULL, &err), &err);
    return made;
}

/* A room above with tables of its own, one of them sealed. */
static const struct sh_migration rooms[] = {
    {"room", "0001_room", 1,
     "create table room_note (id text primary key, n bigint not null, words text, bytes bytea) strict;"
     "create table room_free (id text primary key, n bigint not null) strict;",
     "room_note"},
    {"room", "0002_more", 2,
     "alter table room_note add column more text not null default '';"
     "update room_note set n = n + 1 where id = 'b';"},
};
static struct sh_store_options room_options(const struct place *place, size_t n_migrations) {
    struct sh_store_options options = place_options(place);
    options.migrations = rooms;
    options.n_migrations = n_migrations;
    return options;
}
static void open_room(struct place *place, size_t n_migrations) {
    struct sh_err err = {0};
    const struct sh_store_options options = room_options(place, n_migrations);
    CHECK_OK(sh_store_open(&options, &place->store, &err), &err);
}
/* Rows made and changed in every way that a room has: seals follow them all. */
static sh_code note_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    const char *const sql[] = {
        "insert into room_note (id, n, words, bytes) values ($1, 1, $1, $2)",
        ("insert into room_note (id, n, words, bytes) values ($1, 2, $1, $2) on conflict (id) do update set "
         "n = 3, bytes = $2"),
        "update room_note set words = null, n = -n where id = $1 and n = 3 and bytes = $2",
    };
    const char *const ids[] = {"a", "b", "甲"};
    (void)ctx;
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k <= i; k++) {
            const struct sh_value values[] = {SH_TEXT(sh_str_of(ids[i])),
                                              SH_BYTES(((struct sh_str){"\0\x9f", i}))};
            SH_TRY(sh_sql_run(txn, sql[k], values, 2, NULL, err));
        }
    SH_TRY(sh_sql_run(txn, "insert into room_free (id, n) values ('f', 1)", NULL, 0, NULL, err));
    const struct sh_leaf leaf = {.type = SH_STR("room"), .content = SH_STR("three notes")};
    return sh_journal_add(txn, &leaf, err);
}
static sh_code word_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    (void)ctx;
    SH_TRY(sh_sql_run(txn, "update room_note set words = 'w'", NULL, 0, NULL, err));
    return sh_journal_add(txn, &(struct sh_leaf){.type = SH_STR("room")}, err);
}
static void fill_room(struct place *place) {
    struct sh_err err = {0};
    CHECK_OK(sh_store_write(place->store, &act, note_body, NULL, NULL, &err), &err);
}

/* Words of the faults found. */
static void collect(void *ctx, const char *what) {
    (void)sh_buf_addf(ctx, "%s\n", what);
}
static uint64_t faults_of(struct place *place, struct sh_buf *words) {
    struct sh_err err = {0};
    struct sh_verify_report report;
    sh_buf_clear(words);
    (void)sh_buf_add_char(words, '\n');
    const sh_code code = sh_store_verify(place->store, true, collect, words, &report, &err);
    if (code == SH_E_CORRUPT) { /* too damaged to go on: said in the message */
        collect(words, err.message);
        return report.faults + 1;
    }
    CHECK_OK(code, &err);
    return report.faults;
}
static void reader_open(struct place *place) {
    struct sh_err err = {0};
    struct sh_store_options options = place_options(place);
    options.read_only = true;
    options.create = false;
    CHECK_OK(sh_store_open(&options, &place->store, &err), &err);
}

/* ---- flips, on SQLite: each cell of each row of each table, one at a time, and put back */

struct cell {
    char table[64], column[64];
    sqlite3_int64 rowid;
    uint64_t chance; /* which byte of it, and what becomes of it */
};

/* splitmix64 */
static uint64_t check_next(uint64_t *seed) {
    uint64_t z = (*seed += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* What a byte is changed by: any other value. */
static uint64_t mask_of(uint64_t chance) {
    return 1 + (chance >> 32) % 255;
}
/* The same of any byte of a number. */
static uint64_t number_mask_of(uint64_t chance) {
    return mask_of(chance) << 8 * (chance % 8);
}

/* False: another row has that value already, and the database refuses. */
static bool flip_cell(sqlite3 *db, const struct cell *cell, const char *type, int with_flip,
                      sqlite3_value **kept) {
    char sql[256];
    sqlite3_stmt *statement;
    if (with_flip) {
        (void)snprintf(sql, sizeof sql, "select \"%s\" from \"%s\" where rowid = ?1", cell->column,
                       cell->table);
        CHECK(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK);
        (void)sqlite3_bind_int64(statement, 1, cell->rowid);
        CHECK(sqlite3_step(statement) == SQLITE_ROW);
        *kept = sqlite3_value_dup(sqlite3_column_value(statement, 0));
        (void)sqlite3_finalize(statement);
    }
    (void)snprintf(sql, sizeof sql, "update \"%s\" set \"%s\" = ?2 where rowid = ?1", cell->table,
                   cell->column);
    CHECK(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK);
    (void)sqlite3_bind_int64(statement, 1, cell->rowid);
    if (!with_flip) {
        (void)sqlite3_bind_value(statement, 2, *kept);
    } else if (strcmp(type, "INTEGER") == 0) {
        (void)sqlite3_bind_int64(statement, 2,
                                 sqlite3_value_int64(*kept) ^ (sqlite3_int64)number_mask_of(cell->chance));
    } else {
        char bytes[16384];
        const int len = sqlite3_value_bytes(*kept);
        CHECK(len < (int)sizeof bytes);
        if (len > 0)
            memcpy(bytes, sqlite3_value_blob(*kept), (size_t)len);
        if (len == 0)
            bytes[0] = 'x';
        else
            bytes[cell->chance / 8 % (unsigned)len] ^= (char)mask_of(cell->chance);
        const int n = len == 0 ? 1 : len;
        if (strcmp(type, "TEXT") == 0)
            (void)sqlite3_bind_text(statement, 2, bytes, n, SQLITE_TRANSIENT);
        else
            (void)sqlite3_bind_blob(statement, 2, bytes, n, SQLITE_TRANSIENT);
    }
    const int result = sqlite3_step(statement);
    (void)sqlite3_finalize(statement);
    CHECK(result == SQLITE_DONE || (with_flip && result == SQLITE_CONSTRAINT));
    if (!with_flip || result != SQLITE_DONE)
        sqlite3_value_free(*kept);
    return result == SQLITE_DONE;
}

/* Tables in which a fault is told under the name of another: the version says what its record should be, and
 * so on. */
static bool names_table(const struct sh_buf *words, const char *table) {
    if (sh_str_find(sh_buf_view(words), sh_str_of(table)) != SH_STR_NONE)
        return true;
    return (strcmp(table, "st_entry") == 0 &&
            sh_str_find(sh_buf_view(words), SH_STR("st_posting")) != SH_STR_NONE) ||
           (strcmp(table, "st_version") == 0 &&
            sh_str_find(sh_buf_view(words), SH_STR("st_leaf")) != SH_STR_NONE);
}

/* A hand that goes round the trigger, which wants a function it has not. */
static void keep_seal(sqlite3_context *context, int n, sqlite3_value **values) {
    (void)n;
    sqlite3_result_value(context, values[0]);
}

static void any_changed_cell_of_any_row_is_named(void **state) {
    (void)state;
    struct place place = place_new(false);
    const size_t wanted = getenv("SH_TEST_LONG") ? 1000 : 1; /* each cell of the last rows once, and again */
    struct sh_err err = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf words = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf missed = {0};
    open_room(&place, 1);
    (void)fill(&place);
    fill_room(&place);
    char dir[160];
    struct sh_backup_report backup;
    (void)snprintf(dir, sizeof dir, "%s/backup", place.dir);
    CHECK_OK(sh_store_backup(place.store, &act, dir, 30, &backup, &err), &err);
    place_close(&place);
    reader_open(&place);
    CHECK_I64(faults_of(&place, &words), 0);
    char path[160];
    (void)snprintf(path, sizeof path, "%s/shouhu.db", place.data);
    sqlite3 *db;
    CHECK(sqlite3_open(path, &db) == SQLITE_OK);
    CHECK(sqlite3_exec(db, "update room_note set n = 9", NULL, NULL, NULL) == SQLITE_ERROR); /* no row_seal */
    CHECK(sqlite3_create_function(db, "row_seal", -1, SQLITE_UTF8, NULL, keep_seal, NULL, NULL) == SQLITE_OK);
    sqlite3_stmt *cells;
    CHECK(sqlite3_prepare_v2(
              db,
              "select m.name, c.name, c.type from sqlite_schema m, pragma_table_info(m.name) c where "
              "m.type = 'table' and (m.name like 'st_%' or m.name = 'room_note') and m.name <> 'st_schema' "
              "order by 1, c.cid",
              -1, &cells, NULL) == SQLITE_OK);
    size_t n = 0;
    uint64_t seed = check_seed(7);
    for (int result; (result = sqlite3_step(cells)) == SQLITE_ROW || n < wanted;) {
        struct cell cell;
        if (result != SQLITE_ROW) /* all columns had their turn: from the first again */
            continue;
        char type[16], sql[128];
        (void)snprintf(cell.table, sizeof cell.table, "%s", (const char *)sqlite3_column_text(cells, 0));
        (void)snprintf(cell.column, sizeof cell.column, "%s", (const char *)sqlite3_column_text(cells, 1));
        (void)snprintf(type, sizeof type, "%s", (const char *)sqlite3_column_text(cells, 2));
        sqlite3_int64 rowids[8];
        size_t n_rows = 0;
        sqlite3_stmt *rows;
        (void)snprintf(sql, sizeof sql, "select rowid from \"%s\" order by rowid desc limit 3", cell.table);
        CHECK(sqlite3_prepare_v2(db, sql, -1, &rows, NULL) == SQLITE_OK);
        while (sqlite3_step(rows) == SQLITE_ROW)
            rowids[n_rows++] = sqlite3_column_int64(rows, 0);
        (void)sqlite3_finalize(rows);
        for (size_t i = 0; i < n_rows; i++, n++) {
            sqlite3_value *kept;
            cell.rowid = rowids[i];
            cell.chance = check_next(&seed);
            if (!flip_cell(db, &cell, type, 1, &kept))
                continue;
            const uint64_t faults = faults_of(&place, &words);
            if (faults == 0 || !names_table(&words, cell.table))
                (void)sh_buf_addf(&missed, "%s.%s row %lld: %.200s\n", cell.table, cell.column,
                                  (long long)cell.rowid, words.at);
            if ((strcmp(cell.table, "st_leaf") == 0 && strcmp(cell.column, "position") == 0) ||
                (strcmp(cell.table, "st_head") == 0 && strcmp(cell.column, "size") == 0))
                cell.rowid ^=
                    (sqlite3_int64)number_mask_of(cell.chance); /* the row id is the number flipped */
            CHECK(flip_cell(db, &cell, type, 0, &kept));
        }
    }
    (void)sqlite3_finalize(cells);
    (void)sqlite3_close(db);
    if (missed.len > 0)
        print_error("not named:\n%s", missed.at);
    CHECK(missed.len == 0);
    CHECK(n > 100);
    CHECK_I64(faults_of(&place, &words), 0); /* all is put back */
    place_drop(&place);
}

/* ---- the same on PostgreSQL: a byte of a random cell of a random row of each table in turn, and put back */

/* What psql prints, without the last line break; false: the server refused. */
static bool psql(const struct place *place, const char *sql, char *out, size_t size) {
    char command[2400];
    (void)snprintf(command, sizeof command,
                   "PGOPTIONS='-c search_path=\"check_%s\"' psql -qAtX -F ' ' -c \"%s\" 2>&1",
                   strrchr(place->dir, '-') + 1, sql);
    FILE *pipe = popen(command, "r"); // NOLINT(cert-env33-c): a test's own command
    CHECK(pipe);
    size_t len = fread(out, 1, size - 1, pipe);
    while (len > 0 && out[len - 1] == '\n')
        len--;
    out[len] = '\0';
    return pclose(pipe) == 0;
}

/* The value of a column with a byte changed: done twice, it is as before. */
static void flipped(const char *column, const char *type, uint64_t chance, char *out, size_t size) {
    const unsigned mask = (unsigned)mask_of(chance);
    const unsigned long long at = chance / 8 % 100000;
    const char *const c = column;
    if (strcmp(type, "bigint") == 0)
        (void)snprintf(out, size, "%s # ('x%016llx'::bit(64))::bigint", c,
                       (unsigned long long)number_mask_of(chance));
    else if (strcmp(type, "bytea") == 0)
        (void)snprintf(out, size,
                       "case length(%s) when 0 then '\\x01' else set_byte(%s, %llu %% length(%s), "
                       "get_byte(%s, %llu %% length(%s)) # %u) end",
                       c, c, at, c, c, at, c, mask);
    else /* the low bits of a byte mostly leave UTF-8 */
        (void)snprintf(out, size,
                       "case %s when '' then 'x' else convert_from(set_byte(convert_to(%s, 'UTF8'), %llu %% "
                       "octet_length(%s), get_byte(convert_to(%s, 'UTF8'), %llu %% octet_length(%s)) # %u), "
                       "'UTF8') end",
                       c, c, at, c, c, at, c, 1 + mask % 31);
}

static void a_changed_byte_of_any_row_on_postgresql_is_named(void **state) {
    (void)state;
    if (!has_postgres())
        skip();
    struct place place = place_new(true);
    SH_CLEANUP(sh_buf_free) struct sh_buf words = {0};
    char columns[16384], sql[1600], value[700], ctid[64], before[4096], dir[160];
    struct sh_err err = {0};
    struct sh_backup_report backup;
    open_room(&place, 1);
    (void)fill(&place);
    fill_room(&place);
    (void)snprintf(dir, sizeof dir, "%s/backup", place.dir);
    CHECK_OK(sh_store_backup(place.store, &act, dir, 30, &backup, &err), &err);
    (void)snprintf(sql, sizeof sql,
                   "select table_name, column_name, data_type from information_schema.columns where "
                   "table_schema = 'check_%s' and (table_name like 'st\\_%%' or table_name = 'room_note') "
                   "and table_name "
                   "<> 'st_schema' order by 1, 2",
                   strrchr(place.dir, '-') + 1);
    CHECK(psql(&place, sql, columns, sizeof columns));
    const char *lines[256];
    size_t first[32], n_tables = 0, n_lines = 0, n_flips = 0; /* first line of each table; and the end */
    for (char *line = columns; line && n_lines < 256; line = strchr(line, '\n')) {
        lines[n_lines] = line == columns ? line : ++line;
        const size_t name = strcspn(lines[n_lines], " ") + 1;
        if (n_lines == 0 || strncmp(lines[n_lines], lines[n_lines - 1], name) != 0)
            first[n_tables++] = n_lines;
        CHECK(n_tables < 32);
        n_lines++;
    }
    first[n_tables] = n_lines;
    CHECK(n_lines > 60 && n_tables > 12);
    uint64_t seed = check_seed(11);
    const size_t rounds = getenv("SH_TEST_LONG") ? 1000 : 2 * n_tables;
    for (size_t i = 0; i < rounds; i++) {
        char table[64], column[64], type[32];
        const size_t t = i % n_tables, line = first[t] + check_next(&seed) % (first[t + 1] - first[t]);
        CHECK(sscanf(lines[line], "%63s %63s %31s", table, column, type) == 3); // NOLINT(cert-err34-c)
        flipped(column, type, check_next(&seed), value, sizeof value);
        (void)snprintf(sql, sizeof sql,
                       "select ctid, \\\"%s\\\" from %s order by md5(ctid::text || '%zu') limit 1", column,
                       table, i);
        if (!psql(&place, sql, before, sizeof before) || before[0] == '\0')
            continue;                             /* no row */
        CHECK(sscanf(before, "%63s", ctid) == 1); // NOLINT(cert-err34-c)
        (void)snprintf(sql, sizeof sql, "update %s set %s = %s where ctid = '%s' returning ctid", table,
                       column, value, ctid);
        if (!psql(&place, sql, ctid, sizeof ctid))
            continue; /* the database refuses it: another row has that value, or it is no UTF-8 */
        if (faults_of(&place, &words) == 0 || !names_table(&words, table))
            fail_msg("round %zu, CHECK_SEED above: %s.%s (%s) is not named: %s", i, table, column, before,
                     words.at);
        n_flips++;
        if (strstr(before, " ") && strchr(before, ' ')[1] != '\0' &&
            strcmp(strchr(before, ' ') + 1, "\\x") != 0)
            (void)snprintf(sql, sizeof sql, "update %s set %s = %s where ctid = '%s'", table, column, value,
                           ctid);
        else
            (void)snprintf(sql, sizeof sql, "update %s set %s = '' where ctid = '%s'", table, column, ctid);
        CHECK(psql(&place, sql, before, sizeof before));
    }
    CHECK(n_flips > rounds / 3);
    CHECK_I64(faults_of(&place, &words), 0); /* all is put back */
    place_drop(&place);
}

static void a_changed_byte_of_a_key_file_is_named(void **state) {
    (void)state;
    struct place place = place_new(false);
    struct sh_err err = {0};
    place_open(&place);
    place_close(&place);
    const char *const names[] = {"master.key", "signing.key"};
    for (size_t f = 0; f < 2; f++) {
        char path[160], at[4096];
        (void)snprintf(path, sizeof path, "%s/%s", place.keys, names[f]);
        FILE *file = fopen(path, "r+");
        CHECK(file != NULL);
        const size_t n = fread(at, 1, sizeof at, file);
        CHECK(n > 100 && n < sizeof at);
        for (size_t i = 0; i < n; i++) {
            at[i] = (char)(at[i] ^ 1);
            rewind(file);
            CHECK(fwrite(at, 1, n, file) == n && fflush(file) == 0);
            const struct sh_store_options options = place_options(&place);
            CHECK(sh_store_open(&options, &place.store, &err) != SH_OK);
            CHECK_HAS(err.message, names[f]);
            at[i] = (char)(at[i] ^ 1);
        }
        rewind(file);
        CHECK(fwrite(at, 1, n, file) == n && fclose(file) == 0);
    }
    place_open(&place);
    place_drop(&place);
}

/* ---- seals of the rows of rooms */

static void run_sql(const struct place *place, const char *sql) {
    if (place->is_postgres) {
        char out[256];
        CHECK(psql(place, sql, out, sizeof out));
        return;
    }
    char path[160];
    sqlite3 *db;
    (void)snprintf(path, sizeof path, "%s/shouhu.db", place->data);
    CHECK(sqlite3_open(path, &db) == SQLITE_OK);
    CHECK(sqlite3_create_function(db, "row_seal", -1, SQLITE_UTF8, NULL, keep_seal, NULL, NULL) == SQLITE_OK);
    char *message = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", sql, message);
    CHECK(sqlite3_close(db) == SQLITE_OK);
}
static uint64_t sealed_of(struct place *place) {
    struct sh_err err = {0};
    struct sh_verify_report report;
    CHECK_OK(sh_store_verify(place->store, false, NULL, NULL, &report, &err), &err);
    return report.sealed;
}

/* Versions stay; what tells the newest of a record, or opens its sealed part, goes: each version says so. */
ON_BOTH(records_and_keys_whose_rows_are_gone_are_named_for_each_version) {
    SH_CLEANUP(sh_buf_free) struct sh_buf words = {0};
    place_open(place);
    (void)fill(place);
    CHECK_I64(faults_of(place, &words), 0);
    place_close(place);
    run_sql(place, "create table kept as select * from st_record; delete from st_record");
    place_open(place);
    CHECK(faults_of(place, &words) > 0);
    CHECK_HAS(words.at, "missing, or not what its version 1 says");
    place_close(place);
    run_sql(place, "insert into st_record select * from kept; drop table kept");
    place_open(place);
    CHECK_I64(faults_of(place, &words), 0);
    place_close(place);
    run_sql(place,
            "delete from st_key where record_id = (select record_id from st_version where erased = 0 and "
            "length(sealed) > 0 order by record_id limit 1)");
    place_open(place);
    CHECK(faults_of(place, &words) > 0);
    CHECK_HAS(words.at, "st_key");
    CHECK_HAS(words.at, "sealed content of the record cannot be opened");
}

/* What is there when sealing begins is sealed; what was changed by another hand before the columns grew is
 * not sealed anew with them. */
ON_BOTH(seals_come_to_the_rows_that_are_there_and_never_to_a_changed_one) {
    SH_CLEANUP(sh_buf_free) struct sh_buf words = {0};
    struct sh_err err = {0};
    struct sh_migration plain = rooms[0];
    plain.sealed = NULL;
    struct sh_store_options options = room_options(place, 1);
    options.migrations = &plain; /* an older program */
    CHECK_OK(sh_store_open(&options, &place->store, &err), &err);
    fill_room(place);
    CHECK_I64(sealed_of(place), 0);
    place_close(place);
    open_room(place, 1);
    CHECK_I64(sealed_of(place), 3);
    CHECK_I64(faults_of(place, &words), 0);
    place_close(place);
    open_room(place, 1); /* again: nothing new to say */
    CHECK_I64(faults_of(place, &words), 0);
    place_close(place);
    run_sql(place, "update room_note set n = 9 where id = 'a'");
    run_sql(place, "update room_free set n = 9"); /* is not sealed */
    open_room(place, 2);
    CHECK_I64(sealed_of(place), 3);
    CHECK_I64(faults_of(place, &words), 1);
    CHECK_HAS(words.at, "room_note a");
    CHECK_OK(sh_store_write(place->store, &act, word_body, NULL, NULL, &err), &err);
    CHECK_I64(faults_of(place, &words), 1); /* our own change of the row does not make the other's sound */
    CHECK_HAS(words.at, "room_note a");
    run_sql(place, "update room_note set more = 'x' where id = 'b'"); /* the new column is sealed too */
    CHECK_I64(faults_of(place, &words), 2);
    CHECK_HAS(words.at, "room_note b");
}

ON_BOTH(seals_that_are_taken_away_are_missed) {
    SH_CLEANUP(sh_buf_free) struct sh_buf words = {0};
    struct sh_err err = {0};
    open_room(place, 1);
    fill_room(place);
    place_close(place);
    run_sql(place, "delete from st_key"); /* the key of the seals alone */
    const struct sh_store_options options = room_options(place, 1);
    CHECK_CODE(sh_store_open(&options, &place->store, &err), SH_E_CORRUPT);
    CHECK_HAS(err.message, "st_key");
    reader_open(place);
    CHECK_I64(faults_of(place, &words), 1);
    CHECK_HAS(words.at, "st_key");
    place_close(place);
    run_sql(place, "delete from st_meta where name <> 'genesis'"); /* as if nothing had ever been sealed */
    open_room(place, 1);
    CHECK(faults_of(place, &words) > 0);
    CHECK_HAS(words.at, "st_meta: a row of type seal is missing");
    place_close(place);
    if (!place->is_postgres)
        run_sql(place, "drop trigger row_seal_insert_room_note; drop trigger row_seal_update_room_note");
    run_sql(place, "alter table room_note drop column row_seal");
    CHECK_CODE(sh_store_open(&options, &place->store, &err), SH_E_CORRUPT);
    CHECK_HAS(err.message, "room_note");
    reader_open(place);
    (void)faults_of(place, &words);
    CHECK_HAS(words.at, "room_note: the table, or a sealed column of it, is missing");
}

/* ---- bundles */

static void write_file(const char *path, const struct sh_buf *buf) {
    struct sh_err err = {0};
    CHECK_OK(sh_fs_write(path, sh_buf_view(buf), &err), &err);
}
static sh_code head_key(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_head head;
    SH_TRY(sh_journal_head(txn, &arena, &head, err));
    sh_hex(head.key, sizeof head.key, ctx);
    return SH_OK;
}
/* Exit code of the stand-alone checker. */
static int checked(const char *key, const char *path) {
    const char *program = getenv("VERIFY_BUNDLE");
    char command[512];
    if (!program)
        return -1;
    (void)snprintf(command, sizeof command, "%s %s %s >/dev/null", program, key, path);
    const int status = system(command); // NOLINT(cert-env33-c): the program under test
    return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

ON_BOTH(a_bundle_is_proven_by_a_program_of_its_own_and_any_change_is_not) {
    struct sh_err err = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf buf = {0};
    char key[SH_DIGEST_HEX_MAX], path[160];
    if (!getenv("VERIFY_BUNDLE"))
        skip();
    place_open(place);
    const struct made made = fill(place);
    for (int i = 0; i < 5;
         i++) { /* other keys are taken already: only the blob and the posting grow the journal */
        const struct sh_leaf leaf = {.type = SH_STR("test")};
        (void)leaf;
    }
    CHECK_OK(sh_store_read(place->store, head_key, key, &err), &err);
    (void)snprintf(path, sizeof path, "%s/bundle", place->dir);
    const struct sh_str record = sh_str_of(made.records[1].id);
    struct sh_bundle_ask ask = {&all, &record, 1, 2, false};
    CHECK_OK(sh_store_export(place->store, &ask, &buf, &err), &err);
    write_file(path, &buf);
    CHECK_I64(checked(key, path), 0);
    CHECK(sh_str_find(sh_buf_view(&buf), SH_STR("\ncontent ")) != SH_STR_NONE);
    const struct sh_scope none = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf refused = {0};
    ask = (struct sh_bundle_ask){&none, &record, 1, 0, false};
    CHECK_CODE(sh_store_export(place->store, &ask, &refused, &err), SH_E_NOTFOUND);
    /* A digit of each kind of line, changed; the last of each line lies in a hash, a signature or a content.
     */
    size_t tried = 0;
    for (size_t i = 30; i + 1 < buf.len; i++) {
        if (buf.at[i + 1] != '\n' || strchr("0123456789abcdef", buf.at[i]) == NULL)
            continue;
        const char was = buf.at[i];
        buf.at[i] = was == '0' ? '1' : '0';
        write_file(path, &buf);
        CHECK_I64(checked(key, path), 1);
        buf.at[i] = was;
        tried++;
    }
    CHECK(tried >= 6);
    write_file(path, &buf);
    const char first = key[0];
    key[0] = first == '0' ? '1' : '0';
    CHECK_I64(checked(key, path), 1);
    key[0] = first;
    buf.len -= 4; /* without its end */
    write_file(path, &buf);
    CHECK_I64(checked(key, path), 1);
    sh_buf_clear(&buf);
    CHECK_OK(sh_store_prove(place->store, 3, &buf, &err), &err);
    write_file(path, &buf);
    CHECK_I64(checked(key, path), 0);
}

/* ---- erasure */

static void grep_nothing(const char *where) {
    char command[512];
    (void)snprintf(command, sizeof command, "! grep -rqa -e Secretville -e 李四 %s", where);
    check_run(command);
}
/* Neighbours of what is erased, so that its pages are compacted and not only emptied. */
static sh_code neighbours(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    for (int i = 0; i < 60; i++) {
        char key[16];
        struct sh_record_ref ref;
        (void)snprintf(key, sizeof key, "%s%d", (const char *)ctx, i);
        const struct sh_record_change change = {
            .register_name = SH_STR("people"),
            .key = sh_str_of(key),
            .labels = {SH_STR("b1"), SH_STR("62"), SH_STR("m1"), SH_STR("p1")},
            .valid_from = 100,
            .valid_to = 200,
            .open = SH_STR("公开 open"),
            .search = SH_STR("公开 open")};
        SH_TRY(sh_record_put(txn, &change, &ref, err));
    }
    return SH_OK;
}
/* A second version that is found by other words, in another matter: all of both go. */
static sh_code other_words(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct sh_record_ref ref;
    const struct sh_record_change change = {
        .register_name = SH_STR("people"),
        .id = sh_str_of(ctx),
        .expected_version = 1,
        .labels = {SH_STR("b2"), SH_STR("6201"), SH_STR("m2"), SH_STR("p1")},
        .valid_from = 100,
        .valid_to = 200,
        .open = SH_STR("改名 Openhill again"),
        .search = SH_STR("改名 Openhill again")};
    return sh_record_put(txn, &change, &ref, err);
}
/* What was open in the records erased: in no page of a table or an index, live or dead. */
static void grep_no_open_words(const char *where) {
    char command[512];
    (void)snprintf(command, sizeof command, "! grep -ra -l -e Openhill -e Openlake %s 1>&2", where);
    check_run(command);
}
ON_BOTH(after_an_erasure_the_content_is_nowhere_and_the_proofs_hold) {
    struct sh_err err = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf words = {0};
    place->clock = (struct sh_clock){true, 1900000000};
    place_open(place);
    CHECK_OK(sh_store_write(place->store, &act, neighbours, (void *)(uintptr_t) "A", NULL, &err), &err);
    const struct made made = fill(place);
    CHECK_OK(
        sh_store_write(place->store, &act, other_words, (void *)(uintptr_t)made.records[0].id, NULL, &err),
        &err);
    CHECK_OK(sh_store_write(place->store, &act, neighbours, (void *)(uintptr_t) "Z", NULL, &err), &err);
    struct sh_erasure erasure;
    const struct sh_act no_reason = {.actor = SH_STR("u1")};
    CHECK_CODE(sh_store_erase(place->store, &no_reason, sh_str_of(made.records[0].id), NULL, &erasure, &err),
               SH_E_INPUT);
    if (place->is_postgres) /* before, it is found where it is looked for; the planner has looked at all */
        check_run("psql -qc analyze -qc checkpoint && grep -rqa -e Openhill \"$CHECK_PG/base\"");
    char dir[160];
    struct sh_backup_report backup;
    (void)snprintf(dir, sizeof dir, "%s/backup", place->dir);
    CHECK_OK(sh_store_backup(place->store, &act, dir, 30, &backup, &err), &err);
    CHECK_OK(sh_store_erase(place->store, &act, sh_str_of(made.records[0].id), NULL, &erasure, &err), &err);
    CHECK_I64(erasure.backups_expire_at, 1900000000 + 30 * 86400);
    CHECK_I64(erasure.files, 1);
    CHECK_CODE(sh_store_erase(place->store, &act, sh_str_of(made.records[0].id), NULL, &erasure, &err),
               SH_E_CONFLICT);
    CHECK_I64(faults_of(place, &words), 0);
    place->clock.fixed_utc += 40 * 86400; /* the backup has expired: nothing holds the next one */
    CHECK_OK(sh_store_erase(place->store, &act, sh_str_of(made.records[1].id), NULL, &erasure, &err), &err);
    CHECK_I64(erasure.backups_expire_at, 0);
    CHECK_I64(faults_of(place, &words), 0);
    place_close(place);
    grep_nothing(place->dir);
    if (place->is_postgres) { /* the cluster's files, log and WAL with it */
        char base[256];
        check_run("psql -qc checkpoint");
        grep_nothing(getenv("CHECK_PG"));
        (void)snprintf(base, sizeof base, "%s/base", getenv("CHECK_PG"));
        grep_no_open_words(base);
    } else {
        grep_no_open_words(place->data);
    }
    place_open(place);
    CHECK_I64(faults_of(place, &words), 0);
}

/* A read that began before the erasure and ends while it waits. */
struct slow_read {
    struct sh_store *store;
    atomic_bool has_begun;
};
static sh_code read_slowly(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct slow_read *read = ctx;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_page_query query = {
        .register_name = SH_STR("people"), .as_of = {150, INT64_MAX}, .limit = 10};
    const struct sh_record *records = NULL;
    size_t n = 0;
    SH_TRY(sh_record_page(txn, &all, &query, &arena, &records, &n, err)); /* its snapshot holds old rows */
    atomic_store(&read->has_begun, true);
    (void)usleep(400000);
    return SH_OK;
}
static void *read_main(void *ctx) {
    struct slow_read *read = ctx;
    struct sh_err err = {0};
    CHECK_OK(sh_store_read(read->store, read_slowly, read, &err), &err);
    return NULL;
}
static void an_erasure_waits_for_those_who_still_read_on_postgresql(void **state) {
    (void)state;
    if (!has_postgres())
        skip();
    struct sh_err err = {0};
    struct place at = place_new(true), *place = &at;
    place_open(place);
    CHECK_OK(sh_store_write(place->store, &act, neighbours, (void *)(uintptr_t) "A", NULL, &err), &err);
    const struct made made = fill(place);
    struct slow_read read = {.store = place->store};
    pthread_t thread;
    struct sh_erasure erasure;
    CHECK(pthread_create(&thread, NULL, read_main, &read) == 0);
    while (!atomic_load(&read.has_begun))
        (void)usleep(1000);
    for (size_t i = 0; i < 2; i++)
        CHECK_OK(sh_store_erase(place->store, &act, sh_str_of(made.records[i].id), NULL, &erasure, &err),
                 &err);
    CHECK(pthread_join(thread, NULL) == 0);
    char base[256];
    check_run("psql -qc checkpoint");
    (void)snprintf(base, sizeof base, "%s/base", getenv("CHECK_PG"));
    grep_no_open_words(base);
    place_drop(place);
}

/* ---- older copies, backups */

static sh_code one_leaf(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    (void)ctx;
    return sh_journal_add(txn, &(const struct sh_leaf){.type = SH_STR("test")}, err);
}

ON_BOTH(a_restored_copy_refuses_until_the_fork_is_recorded) {
    struct sh_err err = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf words = {0};
    char dir[160], command[400];
    struct sh_backup_report report;
    place_open(place);
    (void)fill(place);
    (void)snprintf(dir, sizeof dir, "%s/backup", place->dir);
    CHECK_OK(sh_store_backup(place->store, &act, dir, 30, &report, &err), &err);
    CHECK_OK(sh_store_write(place->store, &act, one_leaf, NULL, NULL, &err), &err);
    place_close(place);
    const struct sh_store_options options = place_options(place);
    CHECK_CODE(sh_store_restore(&options, dir, &report, &err), SH_E_CONFLICT); /* not over what is there */
    if (place->is_postgres) {
        (void)snprintf(command, sizeof command,
                       "psql -qc 'set client_min_messages = error' -c 'drop schema \"check_%s\" cascade' -c "
                       "'create schema "
                       "\"check_%s\"'",
                       strrchr(place->dir, '-') + 1, strrchr(place->dir, '-') + 1);
        check_run(command);
    }
    (void)snprintf(command, sizeof command, "rm -rf %s", place->data);
    check_run(command);
    CHECK_OK(sh_store_restore(&options, dir, &report, &err), &err);
    CHECK_CODE(sh_store_open(&options, &place->store, &err), SH_E_CONFLICT);
    CHECK_HAS(err.message, "older copy");
    CHECK_HAS(err.message, "fork --reason");
    const struct sh_act no_reason = {.actor = SH_STR("u1")};
    CHECK_CODE(sh_store_fork(&options, &no_reason, &err), SH_E_INPUT);
    CHECK_OK(sh_store_fork(&options, &act, &err), &err);
    CHECK_CODE(sh_store_fork(&options, &act, &err), SH_E_INPUT); /* nothing to record any more */
    place_open(place);
    CHECK_I64(faults_of(place, &words), 0);
    const char *const names[] = {"fork-0", "fork-2", "fork-x", "fork-01"}; /* its number is the epoch's */
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
        (void)snprintf(command, sizeof command, "update st_meta set name = '%s' where name <> 'genesis'",
                       names[k]);
        run_sql(place, command);
        CHECK(faults_of(place, &words) > 0);
        CHECK_HAS(words.at, "st_meta");
    }
    run_sql(place, "update st_meta set name = 'fork-1' where name <> 'genesis'");
    CHECK_OK(sh_store_write(place->store, &act, one_leaf, NULL, NULL, &err), &err);
    CHECK_I64(faults_of(place, &words), 0);
}

static void a_backup_of_one_database_restores_into_the_other(void **state) {
    (void)state;
    if (!has_postgres())
        skip();
    struct sh_err err = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf words = {0};
    struct place from = place_new(true), to = place_new(false);
    struct sh_backup_report report;
    char dir[160], command[400];
    open_room(&from, 1);
    (void)fill(&from);
    fill_room(&from);
    (void)snprintf(dir, sizeof dir, "%s/backup", from.dir);
    CHECK_OK(sh_store_backup(from.store, &act, dir, 30, &report, &err), &err);
    place_close(&from);
    struct sh_store_options options = room_options(&to, 1);
    CHECK_CODE(sh_store_restore(&options, dir, &report, &err), SH_E_NOTFOUND); /* its keys are not here */
    (void)snprintf(command, sizeof command, "cp -a %s %s && cp %s %s", from.keys, to.keys, from.heads,
                   to.heads);
    check_run(command);
    CHECK_OK(sh_store_restore(&options, dir, &report, &err), &err);
    CHECK_I64(report.files, 1);
    open_room(&to, 1);
    CHECK_I64(faults_of(&to, &words), 0);
    CHECK_I64(sealed_of(&to), 3); /* the seals of one hold in the other */
    place_drop(&to);
    (void)snprintf(command, sizeof command, "%s/rows", dir);
    check_flip(command, 100);
    struct place third = place_new(false);
    (void)snprintf(command, sizeof command, "cp -a %s %s", from.keys, third.keys);
    check_run(command);
    options = place_options(&third);
    CHECK_CODE(sh_store_restore(&options, dir, &report, &err), SH_E_CORRUPT);
    place_drop(&third);
    place_drop(&from);
}

ON_BOTH(new_keys_sign_and_open_and_the_old_heads_still_hold) {
    struct sh_err err = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf words = {0};
    char before[SH_DIGEST_HEX_MAX], after[SH_DIGEST_HEX_MAX];
    open_room(place, 1);
    (void)fill(place);
    fill_room(place);
    CHECK_OK(sh_store_read(place->store, head_key, before, &err), &err);
    CHECK_OK(sh_store_rotate_signer(place->store, &act, NULL, &err), &err);
    CHECK_OK(sh_store_rotate_master(place->store, &act, NULL, &err), &err);
    CHECK_OK(sh_store_read(place->store, head_key, after, &err), &err);
    CHECK(strcmp(before, after) != 0);
    CHECK_I64(faults_of(place, &words), 0);
    place_close(place);
    open_room(place, 1);
    CHECK_I64(faults_of(place, &words), 0);
}

CHECK_MAIN(cmocka_unit_test(any_changed_cell_of_any_row_is_named),
           cmocka_unit_test(a_changed_byte_of_any_row_on_postgresql_is_named),
           cmocka_unit_test(a_changed_byte_of_a_key_file_is_named),
           BOTH(records_and_keys_whose_rows_are_gone_are_named_for_each_version),
           BOTH(seals_come_to_the_rows_that_are_there_and_never_to_a_changed_one),
           BOTH(seals_that_are_taken_away_are_missed),
           BOTH(a_bundle_is_proven_by_a_program_of_its_own_and_any_change_is_not),
           BOTH(after_an_erasure_the_content_is_nowhere_and_the_proofs_hold),
           cmocka_unit_test(an_erasure_waits_for_those_who_still_read_on_postgresql),
           BOTH(a_restored_copy_refuses_until_the_fork_is_recorded),
           cmocka_unit_test(a_backup_of_one_database_restores_into_the_other),
           BOTH(new_keys_sign_and_open_and_the_old_heads_still_hold))
