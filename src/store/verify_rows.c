/* Rows that leaves other than "record" prove, and rows derived from versions. */
#include "store/verify.h"
#include <inttypes.h>

enum { PAGE = 1000 };

/* The leaf that a row names, and what it must say of it. */
struct proof {
    int64_t position, at;
    const char *type;
    const uint8_t *record; /* NULL: any */
    bool is_untimed;       /* the row has no time */
};

static sh_code check_proof(struct sh_check *check, struct proof proof, const char *what, struct sh_err *err) {
    struct sh_rows rows;
    struct sh_leaf_body leaf;
    struct sh_hash hash;
    SH_TRY(sh_content_hash(check->tree.kind, &check->buf, &hash, err));
    SH_TRY(sh_txn_query(check->txn, "select body from st_leaf where position = $1", &SH_I64(proof.position),
                        1, &check->arena, &rows, err));
    const bool is_same = rows.n_rows == 1 &&
                         sh_leaf_decode(sh_cell(&rows, 0, 0)->str, &leaf, NULL) == SH_OK &&
                         sh_str_is(leaf.type, proof.type) && (proof.is_untimed || proof.at == leaf.at) &&
                         memcmp(hash.at, leaf.content.at, SH_DIGEST_BYTES) == 0 &&
                         (!proof.record || memcmp(leaf.record, proof.record, SH_ID_BYTES) == 0);
    if (!is_same)
        sh_fault(check, "%s: not what its leaf %lld proves", what, (long long)proof.position);
    return SH_OK;
}

const char *sh_check_named(const char *table, struct sh_str id, char *out, size_t size) {
    char hex[2 * SH_DIGEST_BYTES + 1] = "?";
    if (id.len <= SH_DIGEST_BYTES && id.len > 0)
        sh_hex((const uint8_t *)id.at, id.len, hex);
    (void)snprintf(out, size, "%s %s", table, hex);
    return out;
}

static sh_code load_entries(struct sh_check *check, const struct sh_value *row, struct sh_posting *posting,
                            bool *ret_same, struct sh_err *err) {
    struct sh_rows rows;
    SH_TRY(sh_txn_query(
        check->txn,
        "select account, fund, fen, ledger, day, line from st_entry where posting_id = $1 order by line",
        &SH_BYTES(row[0].str), 1, &check->arena, &rows, err));
    struct sh_entry *entries = sh_new(&check->arena, struct sh_entry, rows.n_rows + 1);
    if (!entries)
        return sh_fail(err, SH_E_NOMEM, "no room for entries");
    for (size_t i = 0; i < rows.n_rows; i++) {
        const struct sh_value *cell = sh_cell(&rows, i, 0);
        entries[i] = (struct sh_entry){cell[0].str, cell[1].str, cell[2].i64};
        *ret_same = *ret_same && sh_str_eq(cell[3].str, row[1].str) && cell[4].i64 == row[2].i64 &&
                    cell[5].i64 == (int64_t)i + 1;
    }
    posting->entries = entries;
    posting->n_entries = rows.n_rows;
    return SH_OK;
}

static sh_code check_posting(struct sh_check *check, const struct sh_value *row, struct sh_err *err) {
    char what[96];
    struct sh_posting_body body = sh_posting_of_row(row);
    bool is_same =
        row[0].str.len == SH_ID_BYTES && row[9].str.len == SH_ID_BYTES && row[2].i64 == (int32_t)row[2].i64;
    SH_TRY(load_entries(check, row, &body.posting, &is_same, err));
    if (!is_same) {
        sh_fault(check, "%s: the posting or one of its sides (st_entry) is damaged",
                 sh_check_named("st_posting", row[0].str, what, sizeof what));
        return SH_OK;
    }
    memcpy(body.id, row[0].str.at, SH_ID_BYTES);
    memcpy(body.salt, row[9].str.at, SH_ID_BYTES);
    sh_buf_clear(&check->buf);
    sh_posting_encode(&body, &check->buf);
    return check_proof(check, (struct proof){row[13].i64, row[12].i64, "posting", body.id},
                       sh_check_named("st_posting", row[0].str, what, sizeof what), err);
}

static sh_code check_blob_file(struct sh_check *check, const uint8_t *hash, struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    uint8_t is[SH_DIGEST_BYTES];
    SH_TRY(sh_blob_path(check->txn->store, hash, path, err));
    const sh_code code = sh_file_digest(path, SH_DIGEST_SM3, is, NULL);
    if (code != SH_OK)
        sh_fault(check, "%s: the file cannot be read (%s)", path, sh_code_name(code));
    else if (memcmp(is, hash, sizeof is) != 0)
        sh_fault(check, "%s: changed: its content does not have its hash", path);
    return SH_OK;
}

static sh_code check_blob(struct sh_check *check, const struct sh_value *row, struct sh_err *err) {
    char what[96];
    (void)sh_check_named("st_blob", row[0].str, what, sizeof what);
    if (row[0].str.len != SH_DIGEST_BYTES || row[1].str.len != SH_ID_BYTES || row[5].i64 < 0 ||
        row[5].i64 > 1) {
        sh_fault(check, "%s: damaged", what);
        return SH_OK;
    }
    sh_buf_clear(&check->buf);
    sh_blob_encode((const uint8_t *)row[0].str.at, (const uint8_t *)row[1].str.at, row[2].i64, &check->buf);
    SH_TRY(check_proof(check, (struct proof){row[4].i64, row[3].i64, "blob", (const uint8_t *)row[1].str.at},
                       what, err));
    check->report->blobs++;
    return row[5].i64 ? SH_OK : check_blob_file(check, (const uint8_t *)row[0].str.at, err);
}

static sh_code check_erasure(struct sh_check *check, const struct sh_value *row, struct sh_err *err) {
    char what[96];
    (void)sh_check_named("st_erasure", row[0].str, what, sizeof what);
    if (row[0].str.len != SH_ID_BYTES) {
        sh_fault(check, "%s: damaged", what);
        return SH_OK;
    }
    sh_buf_clear(&check->buf);
    sh_erasure_encode(row[0].str, row[1].i64, row[4].i64, row[3].str, row[2].str, &check->buf);
    return check_proof(check, (struct proof){row[5].i64, row[1].i64, "erase", (const uint8_t *)row[0].str.at},
                       what, err);
}

static sh_code check_backup(struct sh_check *check, const struct sh_value *row, struct sh_err *err) {
    char what[96];
    sh_buf_clear(&check->buf);
    sh_backup_encode(row[0].str, row[1].i64, row[2].i64, row[3].str, row[4].str, &check->buf);
    return check_proof(check, (struct proof){row[5].i64, row[1].i64, "backup", NULL},
                       sh_check_named("st_backup", row[0].str, what, sizeof what), err);
}

static sh_code check_wrap(struct sh_check *check, const struct sh_value *row, struct sh_err *err) {
    (void)err;
    uint8_t key[SH_SEAL_KEY];
    char what[96];
    if (check->txn->store->keys.n_masters > 0 &&
        sh_key_unwrap(&check->txn->store->keys, row[0].str, row[1].str, row[2].str, key, NULL) != SH_OK)
        sh_fault(check, "%s: the wrapped key does not open",
                 sh_check_named("st_key", row[0].str, what, sizeof what));
    memset(key, 0, sizeof key);
    return SH_OK;
}

static sh_code check_own_key(struct sh_check *check, const struct sh_value *row, struct sh_err *err) {
    char what[96];
    (void)sh_check_named("st_signer", row[0].str, what, sizeof what);
    if (row[5].i64 == 0) { /* of the first leaf, whose content (st_meta) holds it */
        struct sh_rows rows;
        struct sh_leaf_body leaf;
        SH_TRY(sh_txn_query(check->txn, "select body from st_leaf where position = 0", NULL, 0, &check->arena,
                            &rows, err));
        if (rows.n_rows == 0 || sh_leaf_decode(sh_cell(&rows, 0, 0)->str, &leaf, NULL) != SH_OK ||
            leaf.at != row[4].i64 || !sh_str_is(row[2].str, "own") || row[3].str.len > 0)
            sh_fault(check, "%s: changed", what);
        return SH_OK;
    }
    sh_buf_clear(&check->buf);
    sh_signer_encode(row[1].str, row[2].str, row[3].str, row[4].i64, &check->buf);
    return check_proof(
        check, (struct proof){row[5].i64, row[4].i64, sh_str_is(row[2].str, "own") ? "key" : "witness", NULL},
        what, err);
}

static sh_code check_cosign(struct sh_check *check, const struct sh_value *row, struct sh_err *err) {
    struct sh_rows rows;
    const struct sh_signer *signer = sh_check_signer(check, row[1].str);
    SH_TRY(sh_txn_query(check->txn, "select body from st_head where size = $1", &SH_I64(row[0].i64), 1,
                        &check->arena, &rows, err));
    bool is_same = rows.n_rows == 1 && signer != NULL;
    if (is_same) {
        sh_buf_clear(&check->buf);
        sh_cosign_encode(sh_cell(&rows, 0, 0)->str, row[3].i64, &check->buf);
        is_same = sh_signer_verify(signer, sh_buf_view(&check->buf), row[2].str, NULL) == SH_OK;
    }
    if (!is_same)
        sh_fault(check, "st_cosign %lld: the witness did not sign this head", (long long)row[0].i64);
    return SH_OK;
}

static bool is_same_key(const struct sh_value *a, const struct sh_value *b) {
    return a->kind == SH_VALUE_I64 ? a->i64 == b->i64 : sh_str_eq(a->str, b->str);
}

/* Rows of a page whose key cannot go on behind it: of a full page, those before its last key. (One head is
 * signed by fewer witnesses than a page has rows.) */
static size_t whole_keys(const struct sh_rows *rows) {
    size_t n = rows->n_rows;
    if (n < PAGE)
        return n;
    const struct sh_value *last = sh_cell(rows, n - 1, 0);
    while (n > 0 && is_same_key(sh_cell(rows, n - 1, 0), last))
        n--;
    return n > 0 ? n : rows->n_rows;
}

/* All rows of a table in the order of its first column, page by page. */
struct table {
    const char *name, *columns, *key;
    sh_code (*row)(struct sh_check *check, const struct sh_value *row, struct sh_err *err);
    int type; /* that must have as many leaves; -1: none */
};

static sh_code check_table(struct sh_check *check, const struct table *table, struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf sql = {0};
    (void)sh_buf_addf(&sql, "select %s from %s where %s > $1 order by %s limit %d", table->columns,
                      table->name, table->key, table->key, PAGE);
    SH_TRY(sh_buf_check(&sql, err));
    uint64_t n = 0;
    char last[SH_DIGEST_BYTES + 1] = "";
    struct sh_value after =
        strcmp(table->key, "size") == 0 ? SH_I64(-1) : SH_BYTES(((struct sh_str){last, 0}));
    for (;;) {
        struct sh_rows rows;
        sh_arena_reset(&check->arena);
        SH_TRY(sh_txn_query(check->txn, sql.at, &after, 1, &check->arena, &rows, err));
        const size_t n_whole = whole_keys(&rows);
        for (size_t i = 0; i < n_whole; i++, n++) {
            const struct sh_value *row = sh_cell(&rows, i, 0);
            SH_TRY(table->row(check, row, err));
            after = row[0];
        }
        if (rows.n_rows < PAGE)
            break;
        const size_t len = after.str.len < sizeof last ? after.str.len : sizeof last;
        if (after.kind == SH_VALUE_BYTES) {
            memcpy(last, after.str.at, len);
            after.str = (struct sh_str){last, len};
        }
    }
    if (table->type >= 0 && n != check->n_of_type[table->type])
        sh_fault(check, "%s: %" PRIu64 " rows, but %" PRIu64 " leaves prove one", table->name, n,
                 check->n_of_type[table->type]);
    return SH_OK;
}

/* Rows that a condition finds are faults. */
static sh_code check_none(struct sh_check *check, const char *sql, const char *table, const char *what,
                          struct sh_err *err) {
    struct sh_rows rows;
    char name[96];
    sh_arena_reset(&check->arena);
    SH_TRY(sh_txn_query(check->txn, sql, NULL, 0, &check->arena, &rows, err));
    for (size_t i = 0; i < rows.n_rows; i++)
        sh_fault(check, "%s: %s", sh_check_named(table, sh_cell(&rows, i, 0)->str, name, sizeof name), what);
    return SH_OK;
}

/* Forks are numbered by the epoch that begins with them: the head before has a lower one, the head behind at
 * least that. */
static bool is_epoch(const struct sh_check *check, int64_t position, uint64_t epoch) {
    struct sh_head_body head;
    uint64_t before = 0;
    for (size_t i = 0; i < check->heads.n_rows; i++) {
        if (sh_head_decode(sh_cell(&check->heads, i, 1)->str, &head, NULL) != SH_OK)
            continue;
        if ((int64_t)head.size > position)
            return before < epoch && epoch <= head.epoch;
        before = head.epoch;
    }
    return false;
}

/* Rows "TYPE-NUMBER" whose value begins with the position of its leaf. */
struct numbered {
    const char *type;
    int checked;
    uint64_t n;
};

static bool is_numbered(const struct sh_check *check, const struct numbered *of, struct sh_str name,
                        int64_t position) {
    char want[32];
    if (of->checked == SH_CHECKED_FORK) {
        uint64_t epoch = 0;
        for (size_t i = strlen(of->type) + 1; i < name.len && i < 16; i++)
            epoch = epoch * 10 + (uint64_t)(name.at[i] - '0');
        (void)snprintf(want, sizeof want, "fork-%" PRIu64, epoch);
        return sh_str_is(name, want) && is_epoch(check, position, epoch);
    }
    (void)snprintf(want, sizeof want, "%s-%06" PRIu64, of->type, of->n);
    return sh_str_is(name, want);
}

static sh_code check_meta_row(struct sh_check *check, const struct sh_value *row, struct numbered *numbered,
                              size_t n, struct sh_err *err) {
    struct sh_reader reader = {.rest = row[1].str};
    const struct sh_str magic = sh_take(&reader, 4);
    struct numbered *of = NULL;
    for (size_t i = 0; i < n; i++)
        if (sh_str_starts_with(row[0].str, sh_str_of(numbered[i].type)))
            of = &numbered[i];
    const int64_t position = of ? (int64_t)sh_take_number(&reader, 8) : 0;
    const bool is_good = of ? is_numbered(check, of, row[0].str, position)
                            : sh_str_is(magic, "SHG1") && sh_str_is(row[0].str, "genesis");
    if (of)
        of->n++;
    if (reader.is_bad || !is_good) {
        sh_fault(check, "st_meta %.*s: damaged", SH_ARG(row[0].str));
        return SH_OK;
    }
    sh_buf_clear(&check->buf);
    (void)sh_buf_add_str(&check->buf, row[1].str);
    return check_proof(check, (struct proof){position, 0, of ? of->type : "genesis", NULL, true}, "st_meta",
                       err);
}

static sh_code check_meta(struct sh_check *check, struct sh_err *err) {
    struct sh_rows rows;
    struct numbered numbered[] = {{"fork", SH_CHECKED_FORK, 0}, {"seal", SH_CHECKED_SEAL, 0}};
    uint64_t n = 1; /* the genesis */
    sh_arena_reset(&check->arena);
    SH_TRY(sh_txn_query(check->txn, "select name, value from st_meta order by name", NULL, 0, &check->arena,
                        &rows, err));
    for (size_t i = 0; i < rows.n_rows; i++)
        SH_TRY(check_meta_row(check, sh_cell(&rows, i, 0), numbered, 2, err));
    for (size_t i = 0; i < 2; i++) {
        if (numbered[i].n != check->n_of_type[numbered[i].checked])
            sh_fault(check, "st_meta: a row of type %s is missing or too many", numbered[i].type);
        n += numbered[i].n;
    }
    if (rows.n_rows != n)
        sh_fault(check, "st_meta: a row is missing or too many");
    return SH_OK;
}

static sh_code check_schema(struct sh_check *check, struct sh_err *err) {
    size_t n = 0;
    const struct sh_migration *own = sh_store_migrations(&n);
    struct sh_rows rows;
    sh_arena_reset(&check->arena);
    SH_TRY(sh_txn_query(check->txn, "select name, sm3 from st_schema where room = 'store' order by number",
                        NULL, 0, &check->arena, &rows, err));
    for (size_t i = 0; i < n; i++) {
        uint8_t hash[SH_DIGEST_BYTES];
        SH_TRY(sh_migration_hash(&own[i], hash, err));
        if (i >= rows.n_rows || !sh_str_is(sh_cell(&rows, i, 0)->str, own[i].name) ||
            !sh_str_eq(sh_cell(&rows, i, 1)->str, sh_bytes_of(hash, sizeof hash)))
            sh_fault(check, "st_schema %s: missing or changed", own[i].name);
    }
    return SH_OK;
}

/* Versions of a record are 1 to its newest: each version was seen to be at most the newest, so there are as
 * many as the newest say in sum. Only when there are not it is asked whose are missing. */
static sh_code check_records(struct sh_check *check, struct sh_err *err) {
    struct sh_rows rows;
    char name[96];
    sh_arena_reset(&check->arena);
    SH_TRY(sh_txn_query(check->txn,
                        "select record_id from st_version where leaf < 0 or leaf >= $1 limit 1000",
                        &SH_I64((int64_t)check->tree.size), 1, &check->arena, &rows, err));
    for (size_t i = 0; i < rows.n_rows; i++)
        sh_fault(check, "%s: its leaf is not there",
                 sh_check_named("st_version", sh_cell(&rows, i, 0)->str, name, sizeof name));
    SH_TRY(sh_txn_query(
        check->txn,
        "select (select cast(coalesce(sum(newest), 0) as bigint) from st_record), (select count(*) "
        "from st_record where newest < 1)",
        NULL, 0, &check->arena, &rows, err));
    if (sh_cell(&rows, 0, 0)->i64 == (int64_t)check->report->versions && sh_cell(&rows, 0, 1)->i64 == 0)
        return SH_OK;
    SH_TRY(
        check_none(check,
                   "select r.record_id from st_record r where not exists (select 1 from st_version v where "
                   "v.record_id = r.record_id and v.version = r.newest) limit 1000",
                   "st_record", "its newest version is missing", err));
    return check_none(
        check,
        "select r.record_id from st_record r where r.newest <> (select count(*) from st_version v where "
        "v.record_id = r.record_id) limit 1000",
        "st_record", "it has more or fewer versions than it says", err);
}

/* What versions imply for the tables beside them. */
static sh_code check_derived(struct sh_check *check, struct sh_err *err) {
    SH_TRY(check_records(check, err));
    if (check->report->erased > 0) /* else a walk over all versions for nothing */
        SH_TRY(check_none(
            check,
            "select v.record_id from st_version v where v.erased = 1 and not exists (select 1 from "
            "st_erasure e where e.record_id = v.record_id) limit 1000",
            "st_version", "marked erased without an erasure", err));
    SH_TRY(check_none(
        check,
        "select b.record_id from st_blob b where b.erased = 1 and not exists (select 1 from st_erasure e "
        "where e.record_id = b.record_id) limit 1000",
        "st_blob", "marked erased without an erasure", err));
    return check_none(
        check,
        "select e.posting_id from st_entry e where not exists (select 1 from st_posting p where "
        "p.posting_id = e.posting_id) limit 1000",
        "st_entry", "its posting is missing", err);
}

/* The sum over the pairs that the versions give, taken once a record, and over the pairs that are there. */
static sh_code gram_sum(struct sh_str register_name, struct sh_str key, struct sh_str record, int64_t gram,
                        struct sh_buf *buf, uint64_t *sum, struct sh_err *err) {
    sh_buf_clear(buf);
    sh_put_str(buf, register_name);
    sh_put_str(buf, key);
    sh_put_str(buf, record);
    sh_put_u64(buf, (uint64_t)gram);
    SH_TRY(sh_buf_check(buf, err));
    *sum += sh_hash64(buf->at, buf->len, 0);
    return SH_OK;
}

/* Pairs of the record under way, over its versions. */
struct record_grams {
    int64_t *grams;
    size_t n, cap;
    char id[SH_ID_BYTES], register_name[64], key[SH_RECORD_KEY_BYTES_MAX];
    size_t register_len, key_len;
    uint64_t sum;
};

static int by_number(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static sh_code end_record(struct sh_check *check, struct record_grams *at, struct sh_err *err) {
    if (at->n > 0)
        qsort(at->grams, at->n, sizeof *at->grams, by_number);
    for (size_t i = 0; i < at->n; i++)
        if (i == 0 || at->grams[i] != at->grams[i - 1])
            SH_TRY(gram_sum(sh_bytes_of(at->register_name, at->register_len),
                            sh_bytes_of(at->key, at->key_len), sh_bytes_of(at->id, sizeof at->id),
                            at->grams[i], &check->buf, &at->sum, err));
    at->n = 0;
    return SH_OK;
}

static sh_code add_version(struct sh_check *check, struct record_grams *at, const struct sh_value *row,
                           struct sh_err *err) {
    if (!sh_str_eq(row[0].str, sh_bytes_of(at->id, sizeof at->id))) {
        SH_TRY(end_record(check, at, err));
        if (row[0].str.len != sizeof at->id || row[2].str.len > sizeof at->register_name ||
            row[3].str.len > sizeof at->key)
            return SH_OK; /* damaged, and named by its leaf */
        memcpy(at->id, row[0].str.at, sizeof at->id);
        memcpy(at->register_name, row[2].str.at, at->register_len = row[2].str.len);
        memcpy(at->key, row[3].str.at, at->key_len = row[3].str.len);
    }
    int64_t grams[SH_GRAMS_MAX];
    size_t n = 0;
    const struct sh_labels labels = {.body = row[5].str, .place = row[6].str, .matter = row[7].str};
    SH_TRY(sh_grams_of_version(row[4].str, &labels, grams, &n, err));
    SH_TRY(sh_grow(&at->grams, &at->cap, at->n + n, sizeof *at->grams, (size_t)1 << 24, err));
    if (n > 0)
        memcpy(at->grams + at->n, grams, n * sizeof *grams);
    at->n += n;
    return SH_OK;
}

static sh_code sum_of_versions(struct sh_check *check, struct record_grams *at, struct sh_err *err) {
    char last[SH_ID_BYTES] = {0};
    struct sh_value values[] = {SH_BYTES(((struct sh_str){last, 0})), SH_I64(0)};
    for (;;) {
        struct sh_rows rows;
        sh_arena_reset(&check->arena);
        SH_TRY(sh_txn_query(check->txn,
                            "select record_id, version, register, key, search, body, place, matter from "
                            "st_version where (record_id, version) "
                            "> ($1, $2) and erased = 0 order by record_id, version limit 1000",
                            values, 2, &check->arena, &rows, err));
        for (size_t i = 0; i < rows.n_rows; i++)
            SH_TRY(add_version(check, at, sh_cell(&rows, i, 0), err));
        if (rows.n_rows < PAGE)
            return end_record(check, at, err);
        const struct sh_value *row = sh_cell(&rows, rows.n_rows - 1, 0);
        memcpy(last, row[0].str.at, row[0].str.len < sizeof last ? row[0].str.len : sizeof last);
        values[0].str.len = sizeof last;
        values[1] = row[1];
    }
}

static sh_code sum_of_grams(struct sh_check *check, uint64_t *ret, struct sh_err *err) {
    char register_name[64] = "", key[SH_RECORD_KEY_BYTES_MAX] = "";
    struct sh_value values[] = {SH_TEXT(((struct sh_str){register_name, 0})), SH_I64(0),
                                SH_TEXT(((struct sh_str){key, 0}))};
    for (;;) {
        struct sh_rows rows;
        sh_arena_reset(&check->arena);
        SH_TRY(sh_txn_query(
            check->txn,
            "select register, gram, key, record_id from st_gram where (register, gram, key) > ($1, $2, "
            "$3) order by register, gram, key limit 1000",
            values, 3, &check->arena, &rows, err));
        for (size_t i = 0; i < rows.n_rows; i++) {
            const struct sh_value *row = sh_cell(&rows, i, 0);
            SH_TRY(gram_sum(row[0].str, row[2].str, row[3].str, row[1].i64, &check->buf, ret, err));
        }
        if (rows.n_rows < PAGE)
            return SH_OK;
        const struct sh_value *row = sh_cell(&rows, rows.n_rows - 1, 0);
        if (row[0].str.len > sizeof register_name || row[2].str.len > sizeof key)
            return sh_fail(err, SH_E_CORRUPT, "st_gram: a row is damaged");
        memcpy(register_name, row[0].str.at, values[0].str.len = row[0].str.len);
        memcpy(key, row[2].str.at, values[2].str.len = row[2].str.len);
        values[1] = row[1];
    }
}

static sh_code check_deep(struct sh_check *check, struct sh_err *err) {
    struct sh_rows rows;
    if (!check->txn->db->pg) {
        SH_TRY(sh_txn_query(check->txn, "pragma integrity_check", NULL, 0, &check->arena, &rows, err));
        for (size_t i = 0; i < rows.n_rows; i++)
            if (!sh_str_is(sh_cell(&rows, i, 0)->str, "ok"))
                sh_fault(check, "shouhu.db: %.*s", SH_ARG(sh_cell(&rows, i, 0)->str));
    }
    struct record_grams at = {.n = 0};
    uint64_t is = 0;
    sh_code code = sum_of_versions(check, &at, err);
    if (code == SH_OK)
        code = sum_of_grams(check, &is, err);
    if (code == SH_OK && is != at.sum)
        sh_fault(check, "st_gram: the search index is not what the versions give");
    sh_free(at.grams);
    return code;
}

sh_code sh_check_rows(struct sh_check *check, struct sh_err *err) {
    static const struct table tables[] = {
        {"st_posting",
         "posting_id, ledger, day, body, place, matter, part, about, corrects, salt, actor, why, at, leaf",
         "posting_id", check_posting, SH_CHECKED_POSTING},
        {"st_blob", "hash, record_id, size, at, leaf, erased", "hash", check_blob, SH_CHECKED_BLOB},
        {"st_erasure", "record_id, at, why, actor, expires, leaf", "record_id", check_erasure,
         SH_CHECKED_ERASE},
        {"st_backup", "backup_id, at, expires, place, actor, leaf", "backup_id", check_backup,
         SH_CHECKED_BACKUP},
        {"st_key", "record_id, master, wrapped", "record_id", check_wrap, -1},
        {"st_signer", "key, spki, kind, name, at, leaf", "key", check_own_key, -1},
        {"st_cosign", "size, key, signature, at", "size", check_cosign, -1},
    };
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        SH_TRY(check_table(check, &tables[i], err));
    SH_TRY(check_meta(check, err));
    SH_TRY(check_schema(check, err));
    SH_TRY(check_derived(check, err));
    SH_TRY(sh_check_sealed(check, err));
    return check->is_deep ? check_deep(check, err) : SH_OK;
}
