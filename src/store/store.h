/* Records, ledgers, sealed blobs and the journal that proves them, over SQLite or PostgreSQL. Every change is
 * one transaction that also inserts a journal leaf; every read of a record takes a scope. What the bytes of
 * the journal are stands in docs/journal.md. */
#pragma once
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"
#include <stdbool.h>
#include <stdint.h>

/* ---- Opening ----------------------------------------------------------------------------------------------
 */

/** An opened store; shared by all threads. */
struct sh_store;
/** One transaction, given to a body; of one thread, valid inside the body only. */
struct sh_txn;

/** A numbered step of the schema of one room. `number` ascends from 1 without gaps within a room. A step that
 * has run never changes: its SM3 is kept, another text under the same number refuses the start. */
struct sh_migration {
    const char *room, *name; /* "store", "0001_journal" */
    int64_t number;
    const char
        *sql; /* the small subset: bigint text bytea, `) strict;`, no LIKE, dates, JSON, AUTOINCREMENT */
    const char *sealed; /* tables it makes, one blank between, whose rows the store seals: a row changed by
                           another hand is named by verify. NULL: none */
};

/** Borrowed during sh_store_open only, but `clock`, which must outlive the store. */
struct sh_store_options {
    const char *data_dir; /* database (SQLite), blobs, lock; one writing process at a time */
    const char
        *keys_dir; /* master and signing key, 0700; must lie outside data_dir. NULL: data_dir + "-keys" */
    const char *heads_path;   /* append-only file of signed heads, elsewhere. NULL: keys_dir/heads */
    const char *database_url; /* "postgresql://…"; NULL: SQLite in data_dir */
    const char *passphrase;   /* of the key files; NULL: they have none */
    const struct sh_clock *clock;
    const struct sh_migration *migrations; /* of the rooms above; the store's own are built in */
    size_t n_migrations;
    sh_digest_kind digest; /* of a new journal; an old one keeps its own */
    bool create;           /* make database, keys and journal where there are none; else SH_E_NOTFOUND */
    bool read_only;        /* no lock, no writes: for verify, prove, export beside a running server */
    bool beside;           /* short acts beside a running server: backup, erasure, a witness's signature */
    bool after_fork; /* only for `journal fork`: open although the journal is behind its last known head */
};

/**
 * Open, migrate, check the newest head against the tree, the signature and the head file.
 * Beside a process that serves, one other at a time may write (`beside`); it neither creates nor migrates,
 * and keys are changed only when there is none. Errors: SH_E_NOTFOUND; SH_E_BUSY another process writes here;
 * SH_E_CORRUPT what does not match, by name; SH_E_CONFLICT the journal is behind the last known head (a
 * restored copy): `shouhu journal fork`; SH_E_UNSUPPORTED a PostgreSQL that is not UTF-8, has fsync off or
 * full_page_writes off, or a schema newer than this program; SH_E_INPUT key files others may read, a wrong
 * passphrase.
 */
SH_MUST sh_code sh_store_open(const struct sh_store_options *options, struct sh_store **ret,
                              struct sh_err *err);
/** Waits for running bodies, publishes the last head. NULL is allowed. */
void sh_store_close(struct sh_store *store);

/* ---- Transactions -----------------------------------------------------------------------------------------
 */

/** Who does it and why; goes into every record version and leaf written. Borrowed. */
struct sh_act {
    struct sh_str actor; /* opaque account id, 1 … 64 bytes of [0-9A-Za-z._:-]; never a name */
    struct sh_str why; /* reason in words, kept with the version; may be empty where the register asks none */
    bool is_housekeeping; /* sessions, counters, job progress: may commit without a leaf, may not touch
                             records */
    bool is_large;        /* thousands of rows: shares no transaction with other bodies */
};

/** What a commit made. */
struct sh_commit {
    int64_t at;              /* seconds UTC of the act, as in its versions and leaves */
    uint64_t n_leaves;       /* of this act */
    uint64_t first_position; /* of its first leaf in the journal; provable at once */
};

/**
 * A body: reads and writes through `txn`. May be run again from the start after a serialization failure, so
 * it resets its own outputs first and does nothing outside the transaction. Any code but SH_OK rolls back all
 * and is given to the caller.
 */
typedef sh_code (*sh_txn_body)(struct sh_txn *txn, void *ctx, struct sh_err *err);

/**
 * Run a body in one serializable transaction; returns when it is durable. SQLite: on the one writer thread,
 * many bodies share one commit. PostgreSQL: on this thread, with retries. Errors: of the body; SH_E_BUSY the
 * queue is full or the retries are used up; SH_E_FULL; SH_E_IO; SH_E_INTERNAL the body wrote but added no
 * leaf; SH_E_CONFLICT the clock stands more than SH_STORE_CLOCK_BACK_SECONDS behind the last journal entry.
 * ret may be NULL.
 */
SH_MUST sh_code sh_store_write(struct sh_store *store, const struct sh_act *act, sh_txn_body body, void *ctx,
                               struct sh_commit *ret, struct sh_err *err);
/** Run a body on one consistent snapshot, on this thread; writes in it are refused. */
SH_MUST sh_code sh_store_read(struct sh_store *store, sh_txn_body body, void *ctx, struct sh_err *err);
/** Seconds UTC of this transaction. */
int64_t sh_txn_now(const struct sh_txn *txn);
/** Who writes, and why; NULL in a read. */
const struct sh_act *sh_txn_act(const struct sh_txn *txn);
/** Leaves it has added so far: 0 as long as it has changed nothing that counts. */
size_t sh_txn_leaves(const struct sh_txn *txn);

/* ---- SQL, for the own tables of the rooms above
 * -------------------------------------------------------------- */

typedef enum sh_value_kind { SH_VALUE_NULL, SH_VALUE_I64, SH_VALUE_TEXT, SH_VALUE_BYTES } sh_value_kind;
struct sh_value {
    sh_value_kind kind;
    int64_t i64;
    struct sh_str str; /* TEXT: UTF-8 without NUL; BYTES: any */
};
#define SH_I64(v) ((struct sh_value){.kind = SH_VALUE_I64, .i64 = (v)})
#define SH_TEXT(v) ((struct sh_value){.kind = SH_VALUE_TEXT, .str = (v)})
#define SH_BYTES(v) ((struct sh_value){.kind = SH_VALUE_BYTES, .str = (v)})
#define SH_NULL ((struct sh_value){.kind = SH_VALUE_NULL})

/** A result in an arena: cells [n_rows × n_columns], row by row. */
struct sh_rows {
    size_t n_rows, n_columns;
    const struct sh_value *cells;
};
static inline const struct sh_value *sh_cell(const struct sh_rows *rows, size_t row, size_t column) {
    return &rows->cells[row * rows->n_columns + column];
}

/**
 * One statement, prepared once per connection and text (so the text should be a literal).
 * sql     $1 … $n; tables of the store itself ("st_…") are refused here: records are read through a scope.
 * values  [n], borrowed during the call.
 * ret_changed  rows changed; may be NULL.
 * Errors: SH_E_CONFLICT a unique key or a check is violated; SH_E_INPUT text that is no UTF-8; SH_E_INTERNAL
 * a statement that does not parse; SH_E_FULL; SH_E_IO; SH_E_BUSY to be retried by the caller of the body.
 */
SH_MUST sh_code sh_sql_run(struct sh_txn *txn, const char *sql, const struct sh_value *values, size_t n,
                           int64_t *ret_changed, struct sh_err *err);
/** The same with rows (SELECT, RETURNING). More than SH_STORE_ROWS_MAX rows: SH_E_LIMIT; page by key. */
SH_MUST sh_code sh_sql_query(struct sh_txn *txn, const char *sql, const struct sh_value *values, size_t n,
                             struct sh_arena *arena, struct sh_rows *ret, struct sh_err *err);

/** Is there a table of that name? For acts on a store that another room may not have opened yet. */
SH_MUST sh_code sh_sql_has_table(struct sh_txn *txn, const char *name, bool *ret, struct sh_err *err);

/* ---- Scope ------------------------------------------------------------------------------------------------
 */

enum {
    SH_SCOPE_BODIES_MAX = 64,
    SH_SCOPE_PLACES_MAX = 16,
    SH_SCOPE_PARTS_MAX = 16,
    SH_SCOPE_SHARES_MAX = 64,
    SH_STORE_ROWS_MAX = 100000,
    SH_STORE_PAGE_MAX = 1000,
    SH_STORE_CLOCK_BACK_SECONDS = 5,
};

/** Whose a record is. Texts of at most 64 bytes. */
struct sh_labels {
    struct sh_str body;   /* code of the body that owns it; "" public */
    struct sh_str place;  /* administrative code; "" the whole country */
    struct sh_str matter; /* id of its matter; "" none */
    struct sh_str part;   /* "" common; else a part that must be granted by name ("identity") */
};

/** A part of a matter handed over to the reader. */
struct sh_share {
    struct sh_str matter, part;
};

/**
 * What a reader may see: a record whose body is one of `bodies` (or any_body), whose place begins with one of
 * `places`, whose part is common or one of `parts` (or any_part); and records of `shares`. All zero sees
 * nothing.
 */
struct sh_scope {
    const struct sh_str *bodies; /* [n_bodies]; "" admits public records */
    size_t n_bodies;
    const struct sh_str *places; /* [n_places] prefixes; "" admits every place */
    size_t n_places;
    const struct sh_str *parts; /* [n_parts] */
    size_t n_parts;
    const struct sh_share *shares; /* [n_shares] */
    size_t n_shares;
    bool any_body, any_part;
};

/* ---- Records
 * ------------------------------------------------------------------------------------------------ */

enum { SH_ID_BYTES = 16, SH_ID_TEXT = 32 };
#define SH_DAY_OPEN ((int32_t)0x7fffffff) /* valid_to of what has no end yet */

/** A version to write. Nothing is edited: it overrides earlier versions on the days it names, no others.
 * Borrowed. */
struct sh_record_change {
    struct sh_str register_name; /* [a-z][a-z0-9_]*, at most 64 bytes */
    struct sh_str id;            /* 32 hex digits; empty: a new record, the id is made and given back */
    struct sh_str key; /* natural key, unique in the register, unsealed, 1 … 256 bytes; fixed at creation */
    int64_t expected_version; /* the newest version the writer has seen; 0 for a new record */
    struct sh_labels labels;
    int32_t valid_from, valid_to; /* days; to is exclusive; from < to */
    bool is_withdrawn;            /* from … to: it is not (or no longer) so */
    struct sh_str open;           /* content that may be listed and searched, UTF-8 (JSON by convention) */
    struct sh_str sealed;         /* content that only an opener sees; any bytes; never indexed */
    struct sh_str search;         /* words of `open` to be found by; bigrams are made of it */
    bool is_anonymous;            /* the leaf carries no actor (sketch D10) */
};
struct sh_record_ref {
    char id[SH_ID_TEXT + 1];
    int64_t version;
};

/** A version as read; texts in the arena of the read. */
struct sh_record {
    struct sh_str id, register_name, key;
    struct sh_labels labels;
    int64_t version, newest_version;
    int32_t valid_from, valid_to;
    bool is_withdrawn, is_erased, has_sealed;
    struct sh_str open;   /* empty when erased */
    struct sh_str sealed; /* opened content; empty unless asked for */
    struct sh_str actor, why;
    int64_t recorded_at; /* seconds UTC */
    int64_t position;    /* of its leaf in the journal: what was said later has a greater one */
};

/**
 * Write a version with its leaf. Errors: SH_E_CONFLICT the key exists already, or expected_version is not the
 * newest (somebody was first); SH_E_NOTFOUND no such record; SH_E_INPUT a field, by name; SH_E_LIMIT.
 */
SH_MUST sh_code sh_record_put(struct sh_txn *txn, const struct sh_record_change *change,
                              struct sh_record_ref *ret, struct sh_err *err);

/** As of when. valid_on: the day asked about. known_at: only versions recorded up to then (seconds UTC). */
struct sh_as_of {
    int32_t valid_on;
    int64_t known_at; /* INT64_MAX: all */
};

/**
 * One record by id, resp. by key, as of; the version in force that day: the newest of those recorded up to
 * known_at whose days include valid_on. with_sealed  open the sealed content too; the caller has asked for
 * the purpose and logs it. Errors: SH_E_NOTFOUND none, withdrawn, or outside the scope (the same answer);
 * SH_E_CORRUPT.
 */
SH_MUST sh_code sh_record_get(struct sh_txn *txn, const struct sh_scope *scope, struct sh_str id,
                              struct sh_as_of as_of, bool with_sealed, struct sh_arena *arena,
                              struct sh_record *ret, struct sh_err *err);
SH_MUST sh_code sh_record_find(struct sh_txn *txn, const struct sh_scope *scope, struct sh_str register_name,
                               struct sh_str key, struct sh_as_of as_of, struct sh_arena *arena,
                               struct sh_record *ret, struct sh_err *err);
/** All versions, oldest first, of those in scope. Errors: SH_E_NOTFOUND none in scope. */
SH_MUST sh_code sh_record_history(struct sh_txn *txn, const struct sh_scope *scope, struct sh_str id,
                                  struct sh_arena *arena, const struct sh_record **ret, size_t *ret_n,
                                  struct sh_err *err);

struct sh_buf;
/** Add to the words of a change, after all of them, a term its record is found by exactly: "name is value".
 */
void sh_search_add_term(struct sh_buf *search, struct sh_str name, struct sh_str value);
/** A term that a page asks for. Records of any version that had it are offered; the caller compares. */
struct sh_term {
    struct sh_str name, value;
};

/** A term of the records of a register. */
struct sh_mention {
    const char *register_name;
    struct sh_term term;
};
/** Has any version of any record one of these terms? One question, for what a page rarely would have rows of.
 * n <= SH_MENTIONS_MAX. */
enum { SH_MENTIONS_MAX = 8 };
SH_MUST sh_code sh_record_mentions(struct sh_txn *txn, const struct sh_mention *mentions, size_t n, bool *ret,
                                   struct sh_err *err);

/** A page of a register in the order of keys. */
struct sh_page_query {
    struct sh_str register_name;
    struct sh_as_of as_of;
    struct sh_str after_key; /* key of the last row of the page before; empty: from the start */
    struct sh_str matter;    /* only of this matter; empty: all */
    struct sh_str
        search;   /* words: every bigram of them must be there, and the words themselves; empty: all */
    size_t limit; /* 1 … SH_STORE_PAGE_MAX */
    const struct sh_term *terms; /* [n_terms], all of them */
    size_t n_terms;
};
struct sh_record_batch {
    const struct sh_record *records; /* [n] */
    size_t n;
    struct sh_str next;
};
SH_MUST sh_code sh_record_page(struct sh_txn *txn, const struct sh_scope *scope,
                               const struct sh_page_query *query, struct sh_arena *arena,
                               const struct sh_record **ret, size_t *ret_n, struct sh_err *err);
/**
 * The same with bounded work, however many rows the register has: it may give fewer rows than asked for, and
 * even none, before the end. ret_next  key to go on after; empty: that was all.
 */
SH_MUST sh_code sh_record_scan(struct sh_txn *txn, const struct sh_scope *scope,
                               const struct sh_page_query *query, struct sh_arena *arena,
                               struct sh_record_batch *ret, struct sh_err *err);

/* ---- Ledgers
 * ------------------------------------------------------------------------------------------------ */

/** One side of a posting. The sides of a posting sum to zero by fund. */
struct sh_entry {
    struct sh_str account, fund; /* [A-Za-z0-9._:-]{1,64} */
    int64_t fen;
};
struct sh_posting {
    struct sh_str ledger; /* like a register name */
    int32_t day;          /* the day it counts */
    struct sh_labels labels;
    struct sh_str about;    /* what it is for: a matter, a decision; kept, not sealed */
    struct sh_str corrects; /* id of the posting it takes back; empty: none */
    const struct sh_entry *entries;
    size_t n_entries; /* 2 … 1000 */
};
/** Post, with a leaf. Errors: SH_E_INPUT the sum is not zero in some fund, by name; SH_E_OVERFLOW. */
SH_MUST sh_code sh_ledger_post(struct sh_txn *txn, const struct sh_posting *posting,
                               char ret_id[SH_ID_TEXT + 1], struct sh_err *err);
/** Sum of an account up to and including a day, over what is in scope. */
SH_MUST sh_code sh_ledger_balance(struct sh_txn *txn, const struct sh_scope *scope, struct sh_str ledger,
                                  const struct sh_entry *account, int32_t until, int64_t *ret_fen,
                                  struct sh_err *err);

/* ---- Blobs
 * -------------------------------------------------------------------------------------------------- */

/**
 * Keep bytes, sealed by the key of a record (which must exist), with a leaf. The file is written and synced
 * before the transaction may commit; the file of one that rolled back stays: no row names it, and
 * without the record's key nobody reads it. ret_hash: SM3 of the sealed bytes, its address.
 */
SH_MUST sh_code sh_blob_put(struct sh_txn *txn, struct sh_str record_id, struct sh_str content,
                            uint8_t ret_hash[SH_DIGEST_BYTES], struct sh_err *err);
/** Open it; the scope is asked of its record. Errors: SH_E_NOTFOUND; SH_E_CORRUPT names the file. */
SH_MUST sh_code sh_blob_get(struct sh_txn *txn, const struct sh_scope *scope,
                            const uint8_t hash[SH_DIGEST_BYTES], struct sh_arena *arena, struct sh_str *ret,
                            struct sh_err *err);

/* ---- Journal
 * ------------------------------------------------------------------------------------------------ */

/** A leaf of another room's own act (a grant, an unmasked read, a bulk act); records and blobs add theirs. */
struct sh_leaf {
    struct sh_str type;   /* [a-z][a-z0-9.-]*, at most 32 bytes */
    struct sh_str record; /* 32 hex digits, or empty: none */
    int64_t version;
    struct sh_str
        content; /* hashed, not kept: keep it in an own table or record, with a nonce when it is guessable */
    bool is_anonymous;
};
SH_MUST sh_code sh_journal_add(struct sh_txn *txn, const struct sh_leaf *leaf, struct sh_err *err);

/** A signed head. */
struct sh_head {
    uint64_t size; /* leaves */
    uint8_t root[SH_DIGEST_BYTES];
    int64_t at;                     /* seconds UTC */
    uint32_t epoch;                 /* forks declared so far */
    struct sh_str bytes, signature; /* what is signed; DER. In the arena */
    uint8_t key[SH_DIGEST_BYTES];   /* fingerprint of the signing key: SM3 of its SubjectPublicKeyInfo */
};
/** Newest head. Errors: SH_E_NOTFOUND none yet. */
SH_MUST sh_code sh_journal_head(struct sh_txn *txn, struct sh_arena *arena, struct sh_head *ret,
                                struct sh_err *err);
/** Positions of the leaves of a record's versions in scope, or of a posting, ascending; in the arena.
 * SH_E_NOTFOUND: neither. */
SH_MUST sh_code sh_journal_leaves(struct sh_txn *txn, const struct sh_scope *scope, struct sh_str id,
                                  struct sh_arena *arena, const int64_t **ret, size_t *ret_n,
                                  struct sh_err *err);

/** Proofs of RFC 6962: hashes [ret_n × SH_DIGEST_BYTES] in the arena. Errors: SH_E_INPUT a position or size
 * that is not there. */
SH_MUST sh_code sh_journal_inclusion(struct sh_txn *txn, uint64_t position, uint64_t size,
                                     struct sh_arena *arena, const uint8_t **ret, size_t *ret_n,
                                     struct sh_err *err);
SH_MUST sh_code sh_journal_consistency(struct sh_txn *txn, uint64_t from_size, uint64_t size,
                                       struct sh_arena *arena, const uint8_t **ret, size_t *ret_n,
                                       struct sh_err *err);

/* ---- Upkeep: each is a subcommand too ---------------------------------------------------------------------
 */

/** Called for each fault, in words: table or file, row, what is wrong. */
typedef void (*sh_fault_sink)(void *ctx, const char *what);
struct sh_verify_report {
    uint64_t leaves, versions, blobs, heads, erased; /* looked at; versions whose content is erased */
    uint64_t sealed;                                 /* rows of other rooms */
    uint64_t size;                                   /* of the newest signed head */
    uint64_t faults;
};
/**
 * Check every row and file against its leaf, every leaf against the tree, every head against its signature
 * and the file of heads. deep: the search index and, on SQLite, the pages and indexes of the file too. One
 * snapshot, beside a running server. SH_OK with faults counted; an error only if it could not look.
 */
SH_MUST sh_code sh_store_verify(struct sh_store *store, bool deep, sh_fault_sink sink, void *ctx,
                                struct sh_verify_report *ret, struct sh_err *err);

struct sh_erasure {
    int64_t backups_expire_at; /* when the last backup that holds the content expires, seconds UTC; 0: none
                                  does */
    uint64_t files;            /* blobs removed */
    uint64_t position;         /* of the leaf that says so */
};
/**
 * Erase the content of a record in all its versions and files: its key goes. act->why is kept and must not be
 * empty. Leaves and proofs stay. Records whose matter is "of.ID" (proposals about it) go with it, each with a
 * leaf. also  runs in the same transaction for each of them, ctx its id (const struct sh_str *), for what
 * other rooms repeat of it; may be NULL. On PostgreSQL unsealed fields may stay in freed pages until they are
 * overwritten: seal what is personal. Errors: SH_E_NOTFOUND; SH_E_CONFLICT erased already; SH_E_BUSY erased,
 * but a long read still holds the log.
 */
SH_MUST sh_code sh_store_erase(struct sh_store *store, const struct sh_act *act, struct sh_str record,
                               sh_txn_body also, struct sh_erasure *ret, struct sh_err *err);

/** What goes into a bundle. */
struct sh_bundle_ask {
    const struct sh_scope *scope;
    const struct sh_str *ids; /* [n_ids] of records and postings in scope; none: only the head */
    size_t n_ids;
    uint64_t from_size; /* > 0: also that the journal continues the one of that size */
    bool witnessed;     /* under the newest head that a witness signed */
};
/**
 * A bundle for tools/verify-bundle: the newest head, and all leaves of what is asked for with proofs and
 * (sealed) content. Errors: SH_E_NOTFOUND an id that is not there or out of scope, or witnessed and no such
 * head; SH_E_INPUT a leaf is younger than it.
 */
SH_MUST sh_code sh_store_export(struct sh_store *store, const struct sh_bundle_ask *ask, struct sh_buf *out,
                                struct sh_err *err);
/** A bundle of one leaf. */
SH_MUST sh_code sh_store_prove(struct sh_store *store, uint64_t position, struct sh_buf *out,
                               struct sh_err *err);

struct sh_backup_report {
    uint64_t rows, files;
    int64_t expires_at;
};
/** Every table and sealed file as of one moment into a new directory, while others write. Keys are not in it.
 */
SH_MUST sh_code sh_store_backup(struct sh_store *store, const struct sh_act *act, const char *dir,
                                int64_t keep_days, struct sh_backup_report *ret, struct sh_err *err);
/** Into an empty place, of either database, with the keys it was made under. Nothing is left of one that
 * fails. Errors: SH_E_CONFLICT a journal is there; SH_E_CORRUPT by name. */
SH_MUST sh_code sh_store_restore(const struct sh_store_options *options, const char *dir,
                                 struct sh_backup_report *ret, struct sh_err *err);
/** Record that the journal goes on from an older copy than its last known head. act->why: the reason. Errors:
 * SH_E_INPUT it does not. */
SH_MUST sh_code sh_store_fork(const struct sh_store_options *options, const struct sh_act *act,
                              struct sh_err *err);
/** New keys, with nobody reading meanwhile. passphrase of the files, or NULL. */
SH_MUST sh_code sh_store_rotate_signer(struct sh_store *store, const struct sh_act *act,
                                       const char *passphrase, struct sh_err *err);
SH_MUST sh_code sh_store_rotate_master(struct sh_store *store, const struct sh_act *act,
                                       const char *passphrase, struct sh_err *err);

/** What a witness gives back: its signature over a head. */
struct sh_cosignature {
    struct sh_str name;                 /* of the body, for people */
    struct sh_str head, head_signature; /* the head's bytes as exported, and our signature */
    struct sh_str spki, signature;      /* of the witness, DER */
    int64_t at;                         /* seconds UTC */
};
/** Keep it; the first of a key adds a leaf. The caller has checked that the key is the witness's. */
SH_MUST sh_code sh_store_cosign(struct sh_store *store, const struct sh_act *act,
                                const struct sh_cosignature *given, struct sh_err *err);
/** A witness's answer as `shouhu witness sign` writes it; texts in the arena; ret->name stays.
 * ret_fingerprint  of the witness's key. Errors: SH_E_INPUT it is none. */
SH_MUST sh_code sh_cosignature_read(struct sh_str text, struct sh_arena *arena, struct sh_cosignature *ret,
                                    uint8_t ret_fingerprint[SH_DIGEST_BYTES], struct sh_err *err);
/** What each witness signed last. */
struct sh_witnessed {
    struct sh_str name;
    uint8_t key[SH_DIGEST_BYTES];
    uint64_t size;
    int64_t at; /* seconds UTC, by the witness's clock */
};
SH_MUST sh_code sh_journal_witnesses(struct sh_txn *txn, struct sh_arena *arena,
                                     const struct sh_witnessed **ret, size_t *ret_n, struct sh_err *err);

/** On the witness's own machine, without a store. Borrowed. */
struct sh_witness_options {
    const char *key_path, *passphrase; /* its signing key; NULL: no passphrase */
    const char *memory_dir;            /* one file a journal: the heads it signed */
    const struct sh_clock *clock;
};
/** Fingerprint of the witness's key, which is made when `create` and missing. */
SH_MUST sh_code sh_witness_key(const struct sh_witness_options *options, bool create,
                               uint8_t ret_fingerprint[SH_DIGEST_BYTES], struct sh_err *err);
/**
 * Check the head of a bundle: signed by the key of `fingerprint`, and continuing the head signed before.
 * Remember it, sign it, and write the answer. Errors: SH_E_CORRUPT key or signature; SH_E_CONFLICT an older
 * copy, or another history; SH_E_INPUT a malformed bundle, or one without the consistency proof needed, by
 * name.
 */
SH_MUST sh_code sh_witness_sign(const struct sh_witness_options *options,
                                const uint8_t fingerprint[SH_DIGEST_BYTES], struct sh_str bundle,
                                struct sh_buf *out, struct sh_err *err);
