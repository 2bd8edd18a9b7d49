#include "lake/reader.h"
#include "lake/ids.h"
#include "base/mem.h"
#include <assert.h>
#include <inttypes.h>

/* Which table leads a chunk: its rows are counted against max_rows. Tables of persons first, then of
 * institutions. */
static const enum sh_table leaders[] = {
    SH_TABLE_LINE,          SH_TABLE_ENCOUNTER,  SH_TABLE_SETTLEMENT,  SH_TABLE_DIAGNOSIS,
    SH_TABLE_OPERATION,     SH_TABLE_PERSON,     SH_TABLE_NETTING,     SH_TABLE_SETTLEMENT_LIST,
    SH_TABLE_CHRONIC_RIGHT, SH_TABLE_ENROLMENT,  SH_TABLE_ALLOWANCE,   SH_TABLE_CARE_SERVICE,
    SH_TABLE_TRACE_SCAN,    SH_TABLE_STOCK_MOVE, SH_TABLE_INSTITUTION, SH_TABLE_PRACTITIONER,
    SH_TABLE_DEPARTMENT,    SH_TABLE_ITEM};
enum { LEADERS = sizeof leaders / sizeof leaders[0] };

/* Columns that the reader-made ones of line are made from. */
static uint64_t sources_of_virtual(uint64_t selected, int virtual_from) {
    static const char *const sources[4][6] = {
        {"charged_quantity"},
        {"charged_amount"},
        {"charged_covered", "charged_amount", "self_paid", "over_ceiling", "prepaid"},
        {NULL},
    };
    uint64_t read = 0;
    for (int v = 0; v < 4; v++)
        for (size_t i = 0; selected >> (virtual_from + v) & 1 && i < 6 && sources[v][i]; i++)
            read |= 1ull << sh_lake_column(SH_TABLE_LINE, sources[v][i]);
    return read;
}

size_t sh_buckets_split(struct sh_bucket_range all, size_t threads, struct sh_bucket_range *ret) {
    assert(ret && all.from <= all.to);
    threads = threads > 0 ? threads : 1;
    const size_t least = (all.to - all.from) / (64 * threads) + 1; /* the last one keeps few waiting */
    size_t n = 0;
    for (uint32_t from = all.from; from < all.to; n++) {
        size_t size = (all.to - from) / (2 * threads);
        size = size < least ? least : size;
        size = size < all.to - from ? size : all.to - from;
        ret[n] = (struct sh_bucket_range){from, from + (uint32_t)size};
        from += (uint32_t)size;
    }
    return n;
}

static sh_code enter_bucket(struct sh_reader *reader, uint32_t bucket, struct sh_err *err) {
    reader->bucket = bucket;
    return reader->nets ? sh_netting_set_make(&reader->netting_rows, bucket, &reader->nettings, err) : SH_OK;
}

static sh_code open_sides(struct sh_reader *reader, const struct sh_selection *what, struct sh_err *err) {
    const uint64_t virtual_mask = 15ull << reader->virtual_from;
    const uint64_t line = what->columns[SH_TABLE_LINE];
    if (line & virtual_mask) {
        SH_TRY(sh_netting_load(reader->lake, reader->buckets, reader->as_known, &reader->netting_rows, err));
        reader->nets = reader->netting_rows.n > 0;
        reader->sides[SH_TABLE_LINE].read |= sources_of_virtual(line, reader->virtual_from);
        if (reader->nets)
            reader->sides[SH_TABLE_LINE].read |= 1ull << sh_lake_column(SH_TABLE_LINE, "encounter_key");
        reader->sides[SH_TABLE_LINE].splits = reader->nets;
    }
    for (enum sh_table t = 0; t < SH_TABLES; t++) {
        reader->sides[t].table = t;
        reader->sides[t].selected = what->columns[t];
        reader->sides[t].splits |= what->ids >> t & 1;
        reader->sides[t].shows_ids = what->ids >> t & 1;
        if (what->columns[t] != 0)
            SH_TRY(sh_side_open(reader, &reader->sides[t], err));
    }
    return enter_bucket(reader, reader->buckets.from, err);
}

sh_code sh_reader_open(struct sh_lake *lake, const struct sh_selection *what, struct sh_bucket_range buckets,
                       int32_t as_known, uint32_t max_rows, struct sh_reader **ret, struct sh_err *err) {
    assert(lake && what && ret);
    if (buckets.from >= buckets.to || buckets.to > lake->manifest.buckets)
        return sh_fail(err, SH_E_INPUT, "buckets %" PRIu32 " to %" PRIu32 " of a lake that has %" PRIu32,
                       buckets.from, buckets.to, lake->manifest.buckets);
    struct sh_reader *reader = sh_alloc_array(1, sizeof *reader);
    if (!reader)
        return sh_fail(err, SH_E_NOMEM, "no room for a reader");
    reader->lake = lake;
    reader->buckets = buckets;
    reader->bucket = buckets.from;
    reader->as_known = as_known;
    reader->max_rows = max_rows > 0 ? max_rows : 1;
    reader->virtual_from = sh_stored_columns(SH_TABLE_LINE);
    const sh_code code = open_sides(reader, what, err);
    if (code != SH_OK) {
        sh_reader_close(reader);
        return code;
    }
    *ret = reader;
    return SH_OK;
}

void sh_reader_close(struct sh_reader *reader) {
    if (!reader)
        return;
    for (size_t t = 0; t < SH_TABLES; t++)
        sh_side_close(&reader->sides[t]);
    sh_netting_release(&reader->nettings);
    sh_netting_rows_release(&reader->netting_rows);
    sh_free(reader->persons);
    sh_free(reader);
}

/* ---- a chunk
 * ----------------------------------------------------------------------------------------------------------------
 */

static const int32_t *leads_of(const struct sh_side *side) {
    return side->columns[SH_C_LEAD];
}

/* Smallest lead behind the rows at[t] of each side; false when all are used up. */
static bool next_person(const struct sh_reader *reader, const size_t *at, int32_t *ret) {
    bool found = false;
    for (size_t t = 0; t < SH_TABLES; t++) {
        const struct sh_side *side = &reader->sides[t];
        if (at[t] >= side->n)
            continue;
        const int32_t lead = leads_of(side)[at[t]];
        if (!found || lead < *ret)
            *ret = lead;
        found = true;
    }
    return found;
}

static sh_code reserve_persons(struct sh_reader *reader, size_t need, struct sh_err *err) {
    if (need + 1 <= reader->cap_begin)
        return SH_OK;
    size_t cap = reader->cap_begin;
    for (size_t t = 0; t < SH_TABLES; t++) {
        cap = reader->cap_begin;
        if (reader->sides[t].selected != 0)
            SH_TRY(sh_grow(&reader->sides[t].person_begin, &cap, need + 1, sizeof(uint32_t), (size_t)1 << 31,
                           err));
    }
    cap = reader->cap_begin;
    SH_TRY(sh_grow(&reader->persons, &cap, need + 1, sizeof(int32_t), (size_t)1 << 31, err));
    reader->cap_begin = cap;
    return SH_OK;
}

static sh_code index_persons(struct sh_reader *reader, struct sh_err *err) {
    size_t at[SH_TABLES] = {0};
    int32_t person = 0;
    reader->n_persons = 0;
    SH_TRY(reserve_persons(reader, 1, err));
    while (next_person(reader, at, &person)) {
        const size_t p = reader->n_persons++;
        SH_TRY(reserve_persons(reader, p + 1, err));
        reader->persons[p] = person;
        for (size_t t = 0; t < SH_TABLES; t++) {
            struct sh_side *side = &reader->sides[t];
            if (side->selected == 0)
                continue;
            side->person_begin[p] = (uint32_t)at[t];
            const int32_t *leads = leads_of(side);
            while (at[t] < side->n && leads[at[t]] == person)
                at[t]++;
        }
    }
    for (size_t t = 0; t < SH_TABLES; t++)
        if (reader->sides[t].selected != 0)
            reader->sides[t].person_begin[reader->n_persons] = (uint32_t)at[t];
    return SH_OK;
}

static void show(struct sh_reader *reader) {
    struct sh_chunk *chunk = &reader->chunk;
    *chunk = (struct sh_chunk){
        .bucket = reader->bucket, .n_persons = (uint32_t)reader->n_persons, .persons = reader->persons};
    for (size_t t = 0; t < SH_TABLES; t++) {
        struct sh_side *side = &reader->sides[t];
        if (side->selected == 0)
            continue;
        const uint16_t stored = sh_stored_columns((enum sh_table)t);
        for (uint16_t c = 0; c < stored; c++)
            side->out[c] = side->selected >> c & 1 ? side->columns[c] : NULL;
        chunk->tables[t].n_rows = (uint32_t)side->n;
        chunk->tables[t].columns = side->out;
        chunk->tables[t].person_begin = side->person_begin;
        chunk->tables[t].id_head = side->shows_ids ? side->heads : NULL;
        chunk->tables[t].id_tail = side->shows_ids ? side->tails : NULL;
    }
}

/* The table that leads the next chunk of the present bucket; LEADERS: the bucket is used up. */
static size_t next_leader(const struct sh_reader *reader) {
    size_t leader = 0;
    while (leader < LEADERS && !sh_side_more(reader, &reader->sides[leaders[leader]]))
        leader++;
    return leader;
}

sh_code sh_reader_next(struct sh_reader *reader, const struct sh_chunk **ret, struct sh_err *err) {
    for (size_t t = 0; t < SH_TABLES; t++)
        sh_side_clear(&reader->sides[t]);
    size_t leader = next_leader(reader);
    while (leader == LEADERS && reader->bucket + 1 < reader->buckets.to) {
        SH_TRY(enter_bucket(reader, reader->bucket + 1, err));
        leader = next_leader(reader);
    }
    if (leader == LEADERS) {
        *ret = NULL;
        return SH_OK;
    }
    /* Only the leader is counted: the tables before it are used up, those behind it follow its persons. */
    int32_t last = INT32_MAX;
    SH_TRY(sh_side_pull(reader, &reader->sides[leaders[leader]], reader->max_rows, &last, err));
    for (size_t i = leader + 1; i < LEADERS; i++)
        if (sh_table_lead(leaders[i]) == sh_table_lead(leaders[leader]))
            SH_TRY(sh_side_pull(reader, &reader->sides[leaders[i]], 0, &last, err));
    SH_TRY(index_persons(reader, err));
    show(reader);
    if (reader->sides[SH_TABLE_LINE].selected >> reader->virtual_from & 15)
        SH_TRY(sh_reader_net(reader, err));
    *ret = &reader->chunk;
    return SH_OK;
}

sh_code sh_chunk_id(const struct sh_chunk *chunk, enum sh_table table, uint32_t row, struct sh_arena *arena,
                    struct sh_str *ret, struct sh_err *err) {
    *ret = (struct sh_str){0};
    if (row >= chunk->tables[table].n_rows)
        return SH_OK;
    if (!chunk->tables[table].id_tail) { /* the parts say the same where there are both */
        const int c = sh_lake_column(table, "id");
        if (c >= 0 && chunk->tables[table].columns[c])
            *ret = ((const struct sh_str *)chunk->tables[table].columns[c])[row];
        return SH_OK;
    }
    const struct sh_str head = chunk->tables[table].id_head[row];
    char tail[SH_ID_TAIL_MAX];
    const size_t n = sh_id_tail_text(chunk->tables[table].id_tail[row], tail);
    char *text = sh_arena_alloc_raw(arena, head.len + n + 1, 1, 1);
    if (!text)
        return sh_fail(err, SH_E_NOMEM, "no room for an id");
    if (head.len > 0)
        memcpy(text, head.at, head.len);
    memcpy(text + head.len, tail, n);
    text[head.len + n] = '\0';
    *ret = (struct sh_str){text, head.len + n};
    return SH_OK;
}
