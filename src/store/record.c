/* Records: written version by version, never edited. */
#include "store/inner.h"
#include <sodium.h>

void sh_version_encode(const struct sh_version_body *version, struct sh_buf *out) {
    (void)sh_buf_add_text(out, "SHV1");
    sh_put_bytes(out, version->salt, SH_ID_BYTES);
    sh_put_bytes(out, version->record, SH_ID_BYTES);
    sh_put_u64(out, (uint64_t)version->version);
    sh_put_str(out, version->register_name);
    sh_put_str(out, version->key);
    sh_put_str(out, version->labels.body);
    sh_put_str(out, version->labels.place);
    sh_put_str(out, version->labels.matter);
    sh_put_str(out, version->labels.part);
    sh_put_u32(out, (uint32_t)version->valid_from);
    sh_put_u32(out, (uint32_t)version->valid_to);
    (void)sh_buf_add_char(out, version->is_withdrawn ? 1 : 0);
    sh_put_str(out, version->open);
    sh_put_str(out, version->search);
    sh_put_str(out, version->sealed);
    sh_put_str(out, version->actor);
    sh_put_str(out, version->why);
}

/* Numbers and ids must be such that the canonical bytes carry them whole. */
sh_code sh_version_of_row(const struct sh_value *row, struct sh_version_body *ret, struct sh_err *err) {
    const bool is_plain = row[9].i64 == (int32_t)row[9].i64 && row[10].i64 == (int32_t)row[10].i64 &&
                          row[11].i64 >= 0 && row[11].i64 <= 1 && row[19].i64 >= 0 && row[19].i64 <= 1 &&
                          row[1].str.len == SH_ID_BYTES && row[15].str.len == SH_ID_BYTES;
    if (!is_plain)
        return sh_fail(err, SH_E_CORRUPT, "a version is damaged");
    *ret = (struct sh_version_body){.version = row[2].i64,
                                    .register_name = row[3].str,
                                    .key = row[4].str,
                                    .labels = {row[5].str, row[6].str, row[7].str, row[8].str},
                                    .valid_from = (int32_t)row[9].i64,
                                    .valid_to = (int32_t)row[10].i64,
                                    .is_withdrawn = row[11].i64 != 0,
                                    .open = row[12].str,
                                    .search = row[13].str,
                                    .sealed = row[14].str,
                                    .actor = row[16].str,
                                    .why = row[17].str};
    memcpy(ret->record, row[1].str.at, SH_ID_BYTES);
    memcpy(ret->salt, row[15].str.at, SH_ID_BYTES);
    return SH_OK;
}

sh_code sh_content_hash(sh_digest_kind kind, const struct sh_buf *buf, struct sh_hash *ret,
                        struct sh_err *err) {
    SH_TRY(sh_buf_check(buf, err));
    return sh_digest_of(kind, buf->at, buf->len, ret->at, err);
}

struct sh_str sh_version_aad(const uint8_t record[SH_ID_BYTES], int64_t version,
                             uint8_t room[SH_ID_BYTES + 8]) {
    memcpy(room, record, SH_ID_BYTES);
    for (int i = 0; i < 8; i++)
        room[SH_ID_BYTES + i] = (uint8_t)((uint64_t)version >> (56 - 8 * i));
    return sh_bytes_of(room, SH_ID_BYTES + 8);
}

/* ---- keys of records */

sh_code sh_key_wrap(const struct sh_keyring *ring, struct sh_str record, const uint8_t key[SH_SEAL_KEY],
                    struct sh_arena *arena, struct sh_str *ret, struct sh_err *err) {
    if (ring->n_masters == 0)
        return sh_fail(err, SH_E_NOTFOUND, "there is no master key here");
    return sh_seal(ring->masters[0].key, record, sh_bytes_of(key, SH_SEAL_KEY), arena, ret, err);
}

sh_code sh_key_unwrap(const struct sh_keyring *ring, struct sh_str record, struct sh_str master,
                      struct sh_str wrapped, uint8_t ret[SH_SEAL_KEY], struct sh_err *err) {
    for (size_t i = 0; i < ring->n_masters; i++) {
        if (!sh_str_eq(master, sh_bytes_of(ring->masters[i].id, SH_KEY_ID)))
            continue;
        SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
        struct sh_str key;
        SH_TRY(sh_unseal(ring->masters[i].key, record, wrapped, &arena, &key, err));
        if (key.len != SH_SEAL_KEY)
            return sh_fail(err, SH_E_CORRUPT, "a record key of %zu bytes", key.len);
        memcpy(ret, key.at, SH_SEAL_KEY);
        sodium_memzero((char *)(uintptr_t)key.at, key.len);
        return SH_OK;
    }
    return sh_fail(err, SH_E_CORRUPT, "a record key is wrapped by a master key that is not here");
}

static sh_code make_key(struct sh_txn *txn, struct sh_str record, uint8_t ret[SH_SEAL_KEY],
                        struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_keyring *ring = &txn->store->keys;
    struct sh_str wrapped;
    SH_TRY(sh_random(ret, SH_SEAL_KEY, err));
    SH_TRY(sh_key_wrap(ring, record, ret, &arena, &wrapped, err));
    const struct sh_value values[] = {SH_BYTES(record), SH_BYTES(sh_bytes_of(ring->masters[0].id, SH_KEY_ID)),
                                      SH_BYTES(wrapped)};
    return sh_txn_run(txn, "insert into st_key (record_id, master, wrapped) values ($1, $2, $3)", values, 3,
                      NULL, err);
}

sh_code sh_record_key(struct sh_txn *txn, const uint8_t record[SH_ID_BYTES], bool create,
                      uint8_t ret[SH_SEAL_KEY], struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_rows rows;
    const struct sh_str id = sh_bytes_of(record, SH_ID_BYTES);
    SH_TRY(sh_txn_query(txn, "select master, wrapped from st_key where record_id = $1", &SH_BYTES(id), 1,
                        &arena, &rows, err));
    if (rows.n_rows > 0)
        return sh_key_unwrap(&txn->store->keys, id, sh_cell(&rows, 0, 0)->str, sh_cell(&rows, 0, 1)->str, ret,
                             err);
    if (!create)
        return sh_fail(err, SH_E_NOTFOUND, "the record has no key: nothing sealed, or erased");
    return make_key(txn, id, ret, err);
}

/* ---- writing */

static sh_code check_change(const struct sh_record_change *change, struct sh_err *err) {
    if (!sh_is_name(change->register_name, 64))
        return sh_fail(err, SH_E_INPUT, "\"%.*s\" is not the name of a register",
                       SH_ARG(change->register_name));
    SH_TRY(sh_labels_check(&change->labels, err));
    if (change->valid_from >= change->valid_to)
        return sh_fail(err, SH_E_INPUT, "valid_from is not before valid_to");
    if (change->id.len == 0 && (change->key.len == 0 || change->key.len > SH_RECORD_KEY_BYTES_MAX))
        return sh_fail(err, SH_E_INPUT, "key: 1 to %zu bytes", SH_RECORD_KEY_BYTES_MAX);
    if (change->open.len > SH_RECORD_OPEN_BYTES_MAX || change->sealed.len > SH_RECORD_SEALED_BYTES_MAX ||
        change->search.len > SH_RECORD_SEARCH_BYTES_MAX)
        return sh_fail(err, SH_E_LIMIT, "open, sealed or search content is too long (%zu, %zu, %zu bytes)",
                       change->open.len, change->sealed.len, change->search.len);
    if ((change->id.len == 0) != (change->expected_version == 0) || change->expected_version < 0)
        return sh_fail(err, SH_E_INPUT,
                       "expected_version is 0 for a new record and the newest one otherwise");
    return SH_OK;
}

static sh_code new_record(struct sh_txn *txn, const struct sh_record_change *change, uint8_t id[SH_ID_BYTES],
                          struct sh_err *err) {
#define INSERT_RECORD                                                                                        \
    "insert into st_record (record_id, register, key, newest, erased) values ($1, $2, $3, 1, 0)"
    SH_TRY(sh_random(id, SH_ID_BYTES, err));
    const struct sh_value values[] = {SH_BYTES(sh_bytes_of(id, SH_ID_BYTES)), SH_TEXT(change->register_name),
                                      SH_TEXT(change->key)};
    int64_t changed = 0;
    if (txn->is_hasty)
        return sh_txn_run(txn, INSERT_RECORD, values, 3, NULL, err);
    SH_TRY(sh_txn_run(txn, INSERT_RECORD " on conflict do nothing", values, 3, &changed, err));
    if (changed == 0)
        return sh_fail(err, SH_E_CONFLICT, "register %.*s has this key already",
                       SH_ARG(change->register_name));
    return SH_OK;
}

/* Why an update of st_record met no row. */
static sh_code fail_update(struct sh_txn *txn, const struct sh_record_change *change,
                           const struct sh_value *id, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_rows rows;
    SH_TRY(sh_txn_query(txn, "select newest, erased, register from st_record where record_id = $1", id, 1,
                        &arena, &rows, err));
    if (rows.n_rows == 0 || sh_cell(&rows, 0, 1)->i64 != 0 ||
        !sh_str_eq(sh_cell(&rows, 0, 2)->str, change->register_name))
        return sh_fail(err, SH_E_NOTFOUND, "no such record in register %.*s", SH_ARG(change->register_name));
    return sh_fail(err, SH_E_CONFLICT, "the record has version %lld, the change was made on %lld",
                   (long long)sh_cell(&rows, 0, 0)->i64, (long long)change->expected_version);
}

static sh_code next_version(struct sh_txn *txn, const struct sh_record_change *change,
                            uint8_t id[SH_ID_BYTES], struct sh_arena *arena, struct sh_str *ret_key,
                            struct sh_err *err) {
    SH_TRY(sh_id_parse(change->id, id, err));
    const struct sh_value values[] = {SH_BYTES(sh_bytes_of(id, SH_ID_BYTES)),
                                      SH_I64(change->expected_version), SH_TEXT(change->register_name)};
    struct sh_rows rows;
    SH_TRY(sh_txn_query(
        txn,
        "update st_record set newest = newest + 1 where record_id = $1 and newest = $2 and register = "
        "$3 and erased = 0 returning key",
        values, 3, arena, &rows, err));
    if (rows.n_rows == 0)
        return fail_update(txn, change, values, err);
    *ret_key = sh_cell(&rows, 0, 0)->str;
    if (change->key.len > 0 && !sh_str_eq(change->key, *ret_key))
        return sh_fail(err, SH_E_INPUT,
                       "the key of a record does not change; end this one and begin another");
    return SH_OK;
}

static sh_code seal_content(struct sh_txn *txn, struct sh_version_body *version, struct sh_str content,
                            struct sh_arena *arena, struct sh_err *err) {
    if (content.len == 0)
        return SH_OK;
    uint8_t key[SH_SEAL_KEY], room[SH_ID_BYTES + 8];
    if (version->version == 1) /* a new record has none yet: one question less to the database */
        SH_TRY(make_key(txn, sh_bytes_of(version->record, SH_ID_BYTES), key, err));
    else
        SH_TRY(sh_record_key(txn, version->record, true, key, err));
    const sh_code code = sh_seal(key, sh_version_aad(version->record, version->version, room), content, arena,
                                 &version->sealed, err);
    sodium_memzero(key, sizeof key);
    return code;
}

static sh_code insert_version(struct sh_txn *txn, const struct sh_version_body *v, uint64_t leaf,
                              struct sh_err *err) {
    const struct sh_value values[] = {SH_BYTES(sh_bytes_of(v->record, SH_ID_BYTES)),
                                      SH_I64(v->version),
                                      SH_TEXT(v->register_name),
                                      SH_TEXT(v->key),
                                      SH_TEXT(v->labels.body),
                                      SH_TEXT(v->labels.place),
                                      SH_TEXT(v->labels.matter),
                                      SH_TEXT(v->labels.part),
                                      SH_I64(v->valid_from),
                                      SH_I64(v->valid_to),
                                      SH_I64(v->is_withdrawn),
                                      SH_TEXT(v->open),
                                      SH_TEXT(v->search),
                                      SH_BYTES(v->sealed),
                                      SH_BYTES(sh_bytes_of(v->salt, SH_ID_BYTES)),
                                      SH_TEXT(v->actor),
                                      SH_TEXT(v->why),
                                      SH_I64(txn->at),
                                      SH_I64((int64_t)leaf)};
    return sh_txn_run(
        txn,
        "insert into st_version (record_id, version, register, key, body, place, matter, part, "
        "valid_from, valid_to, withdrawn, open, search, sealed, salt, actor, why, at, leaf, erased) "
        "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, "
        "0)",
        values, sizeof values / sizeof values[0], NULL, err);
}

/* SQLite: a statement of many rows opens a savepoint whose end walks over all pages that the whole
 * transaction has changed; one row needs none. */
static sh_code insert_grams_one_by_one(struct sh_txn *txn, const struct sh_version_body *v,
                                       const int64_t *grams, size_t n, struct sh_err *err) {
    for (size_t i = 0; i < n; i++) {
        const struct sh_value values[] = {SH_TEXT(v->register_name), SH_TEXT(v->key),
                                          SH_BYTES(sh_bytes_of(v->record, SH_ID_BYTES)), SH_I64(grams[i])};
        SH_TRY(sh_txn_run(txn,
                          "insert into st_gram (register, key, record_id, gram) values ($1, $2, $3, $4) on "
                          "conflict do nothing",
                          values, 4, NULL, err));
    }
    return SH_OK;
}

/* PostgreSQL: looking for what is there already is a third of the cost of a new record, which has no pairs
 * yet. */
static sh_code insert_grams_at_once(struct sh_txn *txn, const struct sh_version_body *v, const int64_t *grams,
                                    size_t n, struct sh_err *err) {
#define INSERT_GRAMS                                                                                         \
    "insert into st_gram (register, key, record_id, gram) select $1, $2, $3, gram from unnest(cast($4 as "   \
    "bigint[])) gram"
    SH_CLEANUP(sh_buf_free) struct sh_buf list = {0};
    SH_TRY(sh_grams_list(grams, n, &list, err));
    const struct sh_value values[] = {SH_TEXT(v->register_name), SH_TEXT(v->key),
                                      SH_BYTES(sh_bytes_of(v->record, SH_ID_BYTES)),
                                      SH_TEXT(sh_buf_view(&list))};
    const bool is_new = v->version == 1 && txn->is_hasty;
    return sh_txn_run(txn, is_new ? INSERT_GRAMS : INSERT_GRAMS " on conflict do nothing", values, 4, NULL,
                      err);
}

/* Pairs of all versions: a page asks the version in force for the words themselves. */
static sh_code insert_grams(struct sh_txn *txn, const struct sh_version_body *v, struct sh_err *err) {
    int64_t grams[SH_GRAMS_MAX];
    size_t n = 0;
    SH_TRY(sh_grams_of_version(v->search, &v->labels, grams, &n, err)); /* never none: the body is one */
    return txn->db->pg ? insert_grams_at_once(txn, v, grams, n, err)
                       : insert_grams_one_by_one(txn, v, grams, n, err);
}

/* Is the record found by what it was found by before? One row read saves a look at a page for each pair. */
static sh_code is_found_as_before(struct sh_txn *txn, const struct sh_version_body *v, bool *ret,
                                  struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_rows rows;
    const struct sh_value key[] = {SH_BYTES(sh_bytes_of(v->record, SH_ID_BYTES)), SH_I64(v->version - 1)};
    *ret = false;
    if (v->version == 1)
        return SH_OK;
    SH_TRY(sh_txn_query(txn,
                        "select body, place, matter, search from st_version where record_id = $1 and version "
                        "= $2 and erased = 0",
                        key, 2, &arena, &rows, err));
    *ret = rows.n_rows && sh_str_eq(sh_cell(&rows, 0, 0)->str, v->labels.body) &&
           sh_str_eq(sh_cell(&rows, 0, 1)->str, v->labels.place) &&
           sh_str_eq(sh_cell(&rows, 0, 2)->str, v->labels.matter) &&
           sh_str_eq(sh_cell(&rows, 0, 3)->str, v->search);
    return SH_OK;
}

static sh_code add_leaf(struct sh_txn *txn, const struct sh_version_body *v, bool is_anonymous, uint64_t *ret,
                        struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf buf = {0};
    sh_version_encode(v, &buf);
    struct sh_leaf_body leaf = {.type = SH_STR("record"), .version = v->version, .at = txn->at};
    if (!is_anonymous)
        leaf.actor = txn->act->actor;
    memcpy(leaf.record, v->record, SH_ID_BYTES);
    SH_TRY(sh_content_hash(txn->store->journal.kind, &buf, &leaf.content, err));
    return sh_txn_leaf(txn, &leaf, ret, err);
}

sh_code sh_record_put(struct sh_txn *txn, const struct sh_record_change *change, struct sh_record_ref *ret,
                      struct sh_err *err) {
    SH_TRY(sh_txn_for_records(txn, err));
    SH_TRY(check_change(change, err));
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_version_body v = {.register_name = change->register_name,
                                .key = change->key,
                                .open = change->open,
                                .search = change->search,
                                .labels = change->labels,
                                .why = txn->act->why,
                                .version = change->expected_version + 1,
                                .valid_from = change->valid_from,
                                .valid_to = change->valid_to,
                                .is_withdrawn = change->is_withdrawn};
    if (!change->is_anonymous)
        v.actor = txn->act->actor;
    if (change->id.len == 0)
        SH_TRY(new_record(txn, change, v.record, err));
    else
        SH_TRY(next_version(txn, change, v.record, &arena, &v.key, err));
    SH_TRY(sh_random(v.salt, SH_ID_BYTES, err));
    SH_TRY(seal_content(txn, &v, change->sealed, &arena, err));
    uint64_t leaf = 0;
    SH_TRY(add_leaf(txn, &v, change->is_anonymous, &leaf, err));
    bool is_found = false;
    SH_TRY(is_found_as_before(txn, &v, &is_found, err));
    SH_TRY(insert_version(txn, &v, leaf, err));
    if (!is_found)
        SH_TRY(insert_grams(txn, &v, err));
    sh_hex(v.record, SH_ID_BYTES, ret->id);
    ret->version = v.version;
    return SH_OK;
}
