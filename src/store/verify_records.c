/* Versions against the rows of their records and keys: what no leaf proves and one look at whole tables
 * answers cheapest. Asked over a connection of its own while the leaves are read: a lookup for each version
 * cost PostgreSQL more than all else of it. */
#include "store/verify.h"

/* Does the record go at least as far and, if this is its newest version, say the same? */
static const char bent[] =
    "select v.record_id, v.version from st_version v left join st_record r on r.record_id = v.record_id "
    "where "
    "not coalesce(r.newest > v.version or (r.newest = v.version and r.register = v.register and "
    "r.key = v.key and r.erased = v.erased), false) limit $1";
/* Sealed content that nothing opens. */
static const char locked[] =
    "select v.record_id from st_version v where v.erased = 0 and length(v.sealed) > 0 and not exists "
    "(select 1 from st_key k where k.record_id = v.record_id) limit $1";

static sh_code ask(struct sh_check_beside *beside, struct sh_db *db, struct sh_err *err) {
    const struct sh_value most = SH_I64(SH_FAULTS_MAX + 1);
    SH_TRY(sh_db_run(db, bent, &most, 1, NULL, &beside->arena, &beside->bent, err));
    return sh_db_run(db, locked, &most, 1, NULL, &beside->arena, &beside->locked, err);
}

static void *run(void *of) {
    struct sh_check_beside *beside = of;
    beside->code = ask(beside, &beside->db, &beside->err);
    return NULL;
}

void sh_check_records_begin(struct sh_check *check) {
    struct sh_check_beside *beside = &check->beside;
    struct sh_err err;
    beside->has_db = sh_check_connect(check, &beside->db, &err) == SH_OK;
    bool is_ready = beside->has_db;
    /* The other processors have the leaves; what is built of a table should not go through files. The planner
     * thinks that faults are found soon and would look up every version's record; there are none, as a rule.
     */
    if (is_ready && beside->db.pg)
        is_ready = sh_db_exec(&beside->db,
                              "set local enable_hashjoin = on; set local enable_nestloop = off; "
                              "set local work_mem = '64MB'; set local max_parallel_workers_per_gather = 0",
                              &err) == SH_OK;
    beside->has_thread = is_ready && pthread_create(&beside->thread, NULL, run, beside) == 0;
}

static void join(struct sh_check_beside *beside) {
    if (beside->has_thread)
        (void)pthread_join(beside->thread, NULL);
    beside->has_thread = false;
}

sh_code sh_check_records_end(struct sh_check *check, struct sh_err *err) {
    struct sh_check_beside *beside = &check->beside;
    const bool was_asked = beside->has_thread;
    char what[96];
    join(beside);
    if (!was_asked) /* no connection or no thread to spare */
        SH_TRY(ask(beside, check->txn->db, err));
    else if (beside->code != SH_OK) {
        *err = beside->err;
        return beside->code;
    }
    for (size_t i = 0; i < beside->bent.n_rows; i++) {
        const struct sh_value *row = sh_cell(&beside->bent, i, 0);
        sh_fault(check, "%s: missing, or not what its version %lld says",
                 sh_check_named("st_record", row[0].str, what, sizeof what), (long long)row[1].i64);
    }
    for (size_t i = 0; i < beside->locked.n_rows; i++)
        sh_fault(check, "%s: missing: sealed content of the record cannot be opened",
                 sh_check_named("st_key", sh_cell(&beside->locked, i, 0)->str, what, sizeof what));
    return SH_OK;
}

void sh_check_records_free(struct sh_check *check) {
    struct sh_check_beside *beside = &check->beside;
    join(beside);
    if (beside->has_db)
        sh_db_close(&beside->db);
    sh_arena_free(&beside->arena);
}
