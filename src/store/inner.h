/* What the files of the room share. */
#pragma once
#include "base/fs.h"
#include "base/limits.h"
#include "base/sem.h"
#include "store/bytes.h"
#include "store/db.h"
#include "store/keys.h"
#include "store/store.h"
#include "store/tree.h"
#include <pthread.h>

enum {
    SH_LEAF_TYPE_MAX = 32,
    SH_ACTOR_MAX = 64,
    SH_LEAF_BYTES_MAX = 176,
    SH_HEAD_BYTES = 121,
    SH_LOG_BYTES = 32,
    SH_HEAD_KEEP_SECONDS = 600, /* of the heads in one such slot the last is kept (and those co-signed) */
    SH_WRITE_QUEUE = 1024,
    SH_WRITE_BATCH = 64,
    SH_WRITE_TRIES = 20,
    SH_WRITE_CAREFUL = 32, /* batches with care after one that failed in haste */
    SH_READERS = 16,
    SH_WHY_MAX = 4096,
};

/* ---- migrations */
const struct sh_migration *sh_store_migrations(size_t *ret_n);
/** Run what is missing of the built-in and the given migrations. SH_E_UNSUPPORTED: a schema newer than ours;
 * SH_E_CORRUPT: another text has run under the same number. read_only: only check. */
SH_MUST sh_code sh_migrate(struct sh_db *db, const struct sh_migration *more, size_t n_more, int64_t now,
                           bool read_only, struct sh_err *err);
/** SM3 of the text of a migration. */
SH_MUST sh_code sh_migration_hash(const struct sh_migration *migration, uint8_t ret[SH_DIGEST_BYTES],
                                  struct sh_err *err);
/** A migration in the dialect of the database. */
SH_MUST sh_code sh_migration_translate(const char *sql, bool is_postgres, struct sh_buf *out,
                                       struct sh_err *err);

/* ---- tables as such */
/** Names and types of a table's columns, in their order. */
SH_MUST sh_code sh_table_columns(struct sh_txn *txn, struct sh_str table, struct sh_arena *arena,
                                 struct sh_rows *ret, struct sh_err *err);
typedef sh_code (*sh_row_sink)(void *ctx, const struct sh_value *cells, struct sh_err *err);
/** Every row of a table, in no order. columns: quoted names with commas between. */
SH_MUST sh_code sh_table_each(struct sh_txn *txn, struct sh_str table, const char *columns, sh_row_sink sink,
                              void *ctx, struct sh_err *err);

/* ---- seals of rows: docs/journal.md */
enum { SH_ROW_SEAL = 16, SH_SEALED_COLUMNS_MAX = 96 };
#define SH_ROW_SEAL_COLUMN "row_seal"
/** Of one thread. Its digest and buffer serve one seal after the other. */
struct sh_row_key {
    uint8_t at[SH_DIGEST_BYTES];
    bool is_set;
    struct sh_digest digest;
    struct sh_buf buf;
};
void sh_row_key_release(struct sh_row_key *key);
/** The key of the journal's rows. SH_E_NOTFOUND: none is kept; SH_E_CORRUPT: it does not open. */
SH_MUST sh_code sh_row_key_load(struct sh_txn *txn, struct sh_row_key *ret, struct sh_err *err);
SH_MUST sh_code sh_row_seal(struct sh_row_key *key, struct sh_str table, const struct sh_value *cells,
                            size_t n, uint8_t ret[SH_ROW_SEAL], struct sh_err *err);
/** A table that the journal says is sealed, and the columns its seals are over. */
struct sh_sealed_table {
    struct sh_str name, columns; /* "a b c" */
};
SH_MUST sh_code sh_sealed_tables(struct sh_txn *txn, struct sh_arena *arena, struct sh_sealed_table **ret,
                                 size_t *ret_n, struct sh_err *err);
/** Let the writer's connection seal what it writes, if there is a key yet; after each connecting. */
SH_MUST sh_code sh_rows_attach(struct sh_store *store, struct sh_err *err);
/** Seal the tables that the migrations name: new ones with their rows, and a leaf that names them; of others
 * see that nothing is missing. */
SH_MUST sh_code sh_rows_protect(struct sh_store *store, const struct sh_migration *list, size_t n,
                                struct sh_err *err);
/** Only the columns: a backup's rows bring their seals. */
SH_MUST sh_code sh_rows_make_room(struct sh_store *store, const struct sh_migration *list, size_t n,
                                  struct sh_err *err);

/* ---- journal */
/** A leaf's bytes and what they say. */
struct sh_leaf_body {
    struct sh_str type, actor; /* actor empty: anonymous */
    uint8_t record[SH_ID_BYTES];
    int64_t version, at;
    struct sh_hash content;
};
/** Canonical bytes in out [SH_LEAF_BYTES_MAX]; gives their number. */
size_t sh_leaf_encode(const struct sh_leaf_body *leaf, uint8_t *out);
SH_MUST sh_code sh_leaf_decode(struct sh_str body, struct sh_leaf_body *ret, struct sh_err *err);

struct sh_head_body {
    uint8_t log[SH_LOG_BYTES], key[SH_DIGEST_BYTES];
    sh_digest_kind kind;
    uint64_t size;
    struct sh_hash root;
    int64_t at;
    uint32_t epoch;
};
void sh_head_encode(const struct sh_head_body *head, uint8_t out[SH_HEAD_BYTES]);
SH_MUST sh_code sh_head_decode(struct sh_str body, struct sh_head_body *ret, struct sh_err *err);

struct sh_signed_head {
    struct sh_head_body body;
    uint8_t bytes[SH_HEAD_BYTES], signature[SH_SIGNATURE_MAX];
    size_t signature_len;
};

/** The journal in memory; only the writer changes it. */
struct sh_journal {
    sh_digest_kind kind;
    uint8_t log[SH_LOG_BYTES];
    uint32_t epoch;
    int64_t last_at;                   /* of the newest leaf */
    struct sh_tree tree, work;         /* committed; of the batch under way */
    struct sh_signed_head head, fresh; /* the same */
    uint64_t published_size;           /* size and epoch of the last head in the file elsewhere */
    uint32_t published_epoch;
};

/** Leaves of a batch, waiting for the end of it, and the files it has written, which go when it does not end
 * well. */
struct sh_pending {
    uint8_t body[SH_LEAF_BYTES_MAX];
    size_t len;
    struct sh_hash hash;
};
struct sh_batch {
    struct sh_pending *leaves;
    size_t n, cap;
    struct sh_hash *files; /* their addresses */
    size_t n_files, cap_files;
};

struct sh_store {
    char data_dir[SH_PATH_BYTES_MAX], keys_dir[SH_PATH_BYTES_MAX], heads_path[SH_PATH_BYTES_MAX];
    char database[SH_PATH_BYTES_MAX]; /* path or URL */
    bool is_postgres, is_read_only;
    const struct sh_clock *clock;
    struct sh_lock lock; /* of the one that serves; or, beside it, of the one guest */
    struct sh_keyring keys;
    struct sh_row_key row_key; /* of the writer */
    struct sh_journal journal;
    /* the writer */
    struct sh_db writer;
    struct sh_batch batch;
    pthread_t thread;
    bool has_thread, has_mutexes, is_stopping;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    struct sh_job *first, *last;
    size_t n_queued;
    unsigned n_careful; /* batches yet to be run with care */
    int64_t published_ns;
    /* readers */
    pthread_mutex_t readers_mutex;
    sem_t readers_free; /* of SH_READERS */
    struct sh_db *idle;
};

struct sh_txn {
    struct sh_store *store;
    struct sh_db *db;
    const struct sh_act *act; /* NULL: a read */
    int64_t at;
    sh_code failed; /* once a statement has failed, all do, as PostgreSQL wants it */
    struct sh_err failure;
    int64_t changed;
    bool has_written;
    bool is_hasty;     /* whatever a statement does wrong, the batch runs again with care: writer.c */
    size_t first_leaf; /* number of its first in the batch */
};

/** Statements of the room itself, with the same stickiness as the public ones. */
SH_MUST sh_code sh_txn_run(struct sh_txn *txn, const char *sql, const struct sh_value *values, size_t n,
                           int64_t *ret_changed, struct sh_err *err);
SH_MUST sh_code sh_txn_query(struct sh_txn *txn, const char *sql, const struct sh_value *values, size_t n,
                             struct sh_arena *arena, struct sh_rows *ret, struct sh_err *err);
/** Add a leaf; content is its hash already. ret_position may be NULL. */
SH_MUST sh_code sh_txn_leaf(struct sh_txn *txn, const struct sh_leaf_body *leaf, uint64_t *ret_position,
                            struct sh_err *err);
/** May this transaction write records? SH_E_INTERNAL: a read, or housekeeping. */
SH_MUST sh_code sh_txn_for_records(struct sh_txn *txn, struct sh_err *err);

/** Newest head that a witness signed. SH_E_NOTFOUND: none. */
SH_MUST sh_code sh_journal_witnessed_head(struct sh_txn *txn, struct sh_arena *arena, struct sh_head *ret,
                                          struct sh_err *err);
/** Source of stored hashes over a connection. */
struct sh_tree_source sh_tree_of_db(struct sh_db *db, sh_digest_kind kind);
/** First leaf, first head. In a transaction of its own. */
SH_MUST sh_code sh_journal_create(struct sh_store *store, sh_digest_kind kind, struct sh_err *err);
/** Read size, right edge and newest head, check them against each other. SH_E_NOTFOUND: no journal. */
SH_MUST sh_code sh_journal_load(struct sh_store *store, struct sh_db *db, struct sh_err *err);
/** A connection for reading. */
SH_MUST sh_code sh_store_connect(const struct sh_store *store, struct sh_db *ret, struct sh_err *err);
/** Keeps guests away: for those who change keys or the epoch. SH_E_BUSY: one is there. */
SH_MUST sh_code sh_store_lock_guests(const struct sh_store *store, struct sh_lock *lock, struct sh_err *err);
/** Is there more in the database than in memory? (another process) */
SH_MUST sh_code sh_journal_is_current(struct sh_store *store, bool *ret, struct sh_err *err);
/** Write the leaves of the batch, finished tiles and a signed head into the open transaction. */
SH_MUST sh_code sh_journal_flush(struct sh_store *store, int64_t at, struct sh_err *err);
/** The transaction is committed: what was flushed is the truth. */
void sh_journal_settle(struct sh_store *store);

/* ---- the file of heads */
/** Append the newest head, synced, unless it is there. */
SH_MUST sh_code sh_heads_publish(struct sh_store *store, struct sh_err *err);
/** Last well-formed head of the file. ret_has false: none yet. */
SH_MUST sh_code sh_heads_last(const char *path, struct sh_head_body *ret, bool *ret_has, struct sh_err *err);
/** Add a head to such a file, unless it holds a larger one of its epoch already. */
SH_MUST sh_code sh_heads_append(const char *path, const struct sh_head_body *head, struct sh_str bytes,
                                struct sh_str signature, struct sh_err *err);
/** Does the journal continue the last published head? SH_E_CONFLICT: behind, or another history. */
SH_MUST sh_code sh_heads_check(struct sh_store *store, struct sh_db *db, const struct sh_head_body *last,
                               struct sh_err *err);

/* ---- texts */
SH_MUST sh_code sh_id_parse(struct sh_str text, uint8_t ret[SH_ID_BYTES], struct sh_err *err);
/** Printed in the arena, 32 hex digits. */
SH_MUST sh_code sh_id_text(struct sh_str bytes, struct sh_arena *arena, struct sh_str *ret,
                           struct sh_err *err);
bool sh_is_name(struct sh_str text, size_t max); /* [a-z][a-z0-9_.-]* */
bool sh_is_code(struct sh_str text, size_t max); /* [0-9A-Za-z._:-]+ */
static inline struct sh_str sh_bytes_of(const void *at, size_t len) {
    return (struct sh_str){at, len};
}

/* ---- scope */
/** A statement under construction: text and its values. */
struct sh_query {
    struct sh_buf sql;
    struct sh_value values[SH_DB_PARAMS_MAX];
    size_t n;
};
void sh_query_release(struct sh_query *query);
/** Add a value; gives its number, for "$%zu". */
size_t sh_query_value(struct sh_query *query, struct sh_value value);
/** " and (…)": what the scope admits of rows with columns body, place, matter, part under an alias ("v"). */
SH_MUST sh_code sh_scope_add(const struct sh_scope *scope, const char *alias, struct sh_query *query,
                             struct sh_arena *arena, struct sh_err *err);
SH_MUST sh_code sh_labels_check(const struct sh_labels *labels, struct sh_err *err);

/* ---- records */
/** What a version's leaf holds the hash of. All texts set. */
struct sh_version_body {
    struct sh_str register_name, key, open, search, sealed, actor, why; /* sealed: as kept */
    struct sh_labels labels;
    uint8_t record[SH_ID_BYTES], salt[SH_ID_BYTES];
    int64_t version;
    int32_t valid_from, valid_to;
    bool is_withdrawn;
};
void sh_version_encode(const struct sh_version_body *version, struct sh_buf *out);
/** A row of these columns; SH_E_CORRUPT: a number or an id is out of its range. */
#define SH_VERSION_COLUMNS                                                                                   \
    "v.leaf, v.record_id, v.version, v.register, v.key, v.body, v.place, v.matter, v.part, v.valid_from, "   \
    "v.valid_to, v.withdrawn, v.open, v.search, v.sealed, v.salt, v.actor, v.why, v.at, v.erased"
SH_MUST sh_code sh_version_of_row(const struct sh_value *row, struct sh_version_body *ret,
                                  struct sh_err *err);
/** Hash of the canonical bytes collected in a buffer. */
SH_MUST sh_code sh_content_hash(sh_digest_kind kind, const struct sh_buf *buf, struct sh_hash *ret,
                                struct sh_err *err);
/** Key of a record. create: make it when there is none; else SH_E_NOTFOUND. */
SH_MUST sh_code sh_record_key(struct sh_txn *txn, const uint8_t record[SH_ID_BYTES], bool create,
                              uint8_t ret[SH_SEAL_KEY], struct sh_err *err);
SH_MUST sh_code sh_key_unwrap(const struct sh_keyring *ring, struct sh_str record, struct sh_str master,
                              struct sh_str wrapped, uint8_t ret[SH_SEAL_KEY], struct sh_err *err);
SH_MUST sh_code sh_key_wrap(const struct sh_keyring *ring, struct sh_str record,
                            const uint8_t key[SH_SEAL_KEY], struct sh_arena *arena, struct sh_str *ret,
                            struct sh_err *err);
/** Bytes that a version's sealed content is bound to. */
struct sh_str sh_version_aad(const uint8_t record[SH_ID_BYTES], int64_t version,
                             uint8_t room[SH_ID_BYTES + 8]);

/** Columns of v that sh_records_of_rows reads. */
#define SH_RECORD_COLUMNS                                                                                    \
    "v.record_id, v.version, v.register, v.key, v.body, v.place, v.matter, v.part, v.valid_from, "           \
    "v.valid_to, "                                                                                           \
    "v.withdrawn, v.open, v.sealed, v.actor, v.why, v.at, v.erased, v.search, (select r.newest from "        \
    "st_record r "                                                                                           \
    "where r.record_id = v.record_id), v.leaf"
enum { SH_RECORD_KEY_COLUMN = 3, SH_RECORD_SEARCH_COLUMN = 17 };
SH_MUST sh_code sh_records_of_rows(const struct sh_rows *rows, struct sh_arena *arena, struct sh_record *ret,
                                   struct sh_err *err);
/** " and …": of the versions v those in force on a day, as known then. */
void sh_in_force_add(struct sh_query *query, struct sh_as_of as_of);

/* ---- search */
enum { SH_GRAMS_MAX = 1024 };
/** Distinct bigrams and terms of a text, ascending; ret [SH_GRAMS_MAX]. SH_E_LIMIT: more. */
SH_MUST sh_code sh_grams_of(struct sh_str text, int64_t *ret, size_t *ret_n, struct sh_err *err);
/** Those of a version: its text, and terms of its labels, so that a scope finds its rows among many. */
SH_MUST sh_code sh_grams_of_version(struct sh_str text, const struct sh_labels *labels, int64_t *ret,
                                    size_t *ret_n, struct sh_err *err);
/** At least one, as PostgreSQL reads an array: "{1,2}". */
SH_MUST sh_code sh_grams_list(const int64_t *grams, size_t n, struct sh_buf *out, struct sh_err *err);
/** Number under which a term stands in the index; never that of a bigram. */
int64_t sh_gram_of_term(const char *name, struct sh_str value);
/** Is a place prefix of this length a term of its own? Lengths of division codes. */
bool sh_is_place_term(size_t len);
/** Does the text hold every word of the query, ASCII without case? Its terms are no words. */
bool sh_words_in(struct sh_str text, struct sh_str query);

/* ---- ledgers, blobs */
struct sh_posting_body {
    uint8_t id[SH_ID_BYTES], salt[SH_ID_BYTES];
    struct sh_posting posting; /* corrects: bytes or empty */
    struct sh_str actor, why;
};
void sh_posting_encode(const struct sh_posting_body *posting, struct sh_buf *out);
/** Everything of a posting but its sides. */
#define SH_POSTING_COLUMNS                                                                                   \
    "p.posting_id, p.ledger, p.day, p.body, p.place, p.matter, p.part, p.about, p.corrects, p.salt, "        \
    "p.actor, p.why, p.leaf"
/** A row of SH_POSTING_COLUMNS, without id, salt and sides; borrows the row. */
struct sh_posting_body sh_posting_of_row(const struct sh_value *row);
/** A posting in scope, its texts in the arena. id: its bytes. SH_E_NOTFOUND. */
SH_MUST sh_code sh_posting_load(struct sh_txn *txn, const struct sh_scope *scope, struct sh_str id,
                                struct sh_arena *arena, struct sh_posting_body *ret, int64_t *ret_leaf,
                                struct sh_err *err);
void sh_blob_encode(const uint8_t hash[SH_DIGEST_BYTES], const uint8_t record[SH_ID_BYTES], int64_t size,
                    struct sh_buf *out);
SH_MUST sh_code sh_blob_path(const struct sh_store *store, const uint8_t hash[SH_DIGEST_BYTES], char *out,
                             struct sh_err *err);

/* ---- canonical bytes of what other leaves prove */
void sh_erasure_encode(struct sh_str record, int64_t at, int64_t expires, struct sh_str actor,
                       struct sh_str why, struct sh_buf *out);
void sh_backup_encode(struct sh_str id, int64_t at, int64_t expires, struct sh_str place, struct sh_str actor,
                      struct sh_buf *out);
void sh_signer_encode(struct sh_str spki, struct sh_str kind, struct sh_str name, int64_t at,
                      struct sh_buf *out);
/** What a witness signs. */
void sh_cosign_encode(struct sh_str head, int64_t at, struct sh_buf *out);
/** Opened far enough to restore into: places, keys, an empty migrated database. For restore.c. */
SH_MUST sh_code sh_store_open_empty(const struct sh_store_options *options, struct sh_store **ret,
                                    struct sh_err *err);

/* ---- the writer */
SH_MUST sh_code sh_writer_start(struct sh_store *store, struct sh_err *err);
/** What the connection of the writer needs once it is open. */
SH_MUST sh_code sh_writer_prepare(struct sh_store *store, struct sh_err *err);
void sh_writer_stop(struct sh_store *store);
