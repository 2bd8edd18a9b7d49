/* Inpatient cases of a month become the units of a draw's frame: read from the lake as the audit reads it,
 * corrections and refunds applied. A case is of the month its stay ended; stays that have not ended are in no
 * frame. */
#include "base/date.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/money.h"
#include "gate/gate.h"
#include "gate/numbers.h"
#include "lake/lake.h"
#include "law/law.h"
#include "matter/matter.h"
#include <limits.h>

enum { CHUNK_LINES = 65536, CASE_VALUES = 3, CASES_AT_ONCE = 5000 };

/* Columns of the lake's tables, by number. */
struct at {
    int e_institution, e_key, e_to, e_from, e_inpatient, l_institution, l_key, l_amount, s_institution, s_key,
        s_fund;
};

struct framing {
    const struct sh_frame_load *o;
    struct sh_store *store;
    struct sh_numbers numbers;
    struct sh_lake *lake;
    struct sh_reader *reader;
    const struct sh_dict_view *institutions;
    const struct sh_matter_texts *texts;
    struct sh_arena arena; /* of one write */
    struct at at;
    struct sh_str matter;
    char matter_id[64], period[16];
    struct sh_unit_in *units; /* [CASES_AT_ONCE] */
    size_t n;
    struct sh_units_report chunk, *report;
};

static void framing_free(struct framing *f) {
    if (f->reader)
        sh_reader_close(f->reader);
    if (f->lake)
        sh_lake_close(f->lake);
    sh_store_close(f->store);
    sh_numbers_free(&f->numbers);
    sh_arena_free(&f->arena);
}

static const void *column(const struct sh_chunk *chunk, enum sh_table table, int at) {
    return chunk->tables[table].columns[at];
}
static int32_t code_at(const struct sh_chunk *chunk, enum sh_table table, int at, uint32_t row) {
    return ((const int32_t *)column(chunk, table, at))[row];
}
static int64_t long_at(const struct sh_chunk *chunk, enum sh_table table, int at, uint32_t row) {
    return ((const int64_t *)column(chunk, table, at))[row];
}

/* An encounter of one person of a chunk. */
struct encounter {
    uint32_t person;
    int32_t institution;
    int64_t key;
};
struct sum {
    int64_t fen, n_rows;
};

/* Sum of the money of the rows that belong to an encounter. at: columns of institution, key and money. */
static sh_code add_rows(const struct sh_chunk *chunk, enum sh_table table, const int at[3],
                        const struct encounter *of, struct sum *ret, struct sh_err *err) {
    const uint32_t *begin = &chunk->tables[table].person_begin[of->person];
    *ret = (struct sum){0};
    for (uint32_t r = begin[0]; r < begin[1]; r++) {
        if (long_at(chunk, table, at[1], r) != of->key || code_at(chunk, table, at[0], r) != of->institution)
            continue;
        const int64_t fen = long_at(chunk, table, at[2], r);
        if (fen != INT64_MIN && __builtin_add_overflow(ret->fen, fen, &ret->fen))
            return sh_fail(err, SH_E_OVERFLOW, "the money of a case leaves its range");
        ret->n_rows++;
    }
    return SH_OK;
}

static sh_code keep_text(struct framing *f, const char *text, struct sh_str *ret, struct sh_err *err) {
    const char *copy = sh_arena_dup(&f->arena, text, strlen(text));
    if (!copy)
        return sh_fail(err, SH_E_NOMEM, "no room for cases");
    *ret = sh_str_of(copy);
    return SH_OK;
}

static sh_code count_text(struct framing *f, int64_t n, struct sh_str *ret, struct sh_err *err) {
    char text[24];
    (void)snprintf(text, sizeof text, "%lld", (long long)n);
    return keep_text(f, text, ret, err);
}

static sh_code money_text(struct framing *f, int64_t fen, struct sh_str *ret, struct sh_err *err) {
    char text[SH_MONEY_TEXT_MAX];
    sh_money_plain(fen, text);
    return keep_text(f, text, ret, err);
}

/* One case as a unit: named by institution and encounter, never by person. */
static sh_code add_case(struct framing *f, const struct sh_chunk *chunk, uint32_t p, uint32_t row,
                        int32_t last, struct sh_err *err) {
    const enum sh_table E = SH_TABLE_ENCOUNTER;
    const int line[] = {f->at.l_institution, f->at.l_key, f->at.l_amount},
              settled[] = {f->at.s_institution, f->at.s_key, f->at.s_fund};
    const int32_t institution = code_at(chunk, E, f->at.e_institution, row);
    const int64_t from = long_at(chunk, E, f->at.e_from, row);
    const struct encounter of = {p, institution, long_at(chunk, E, f->at.e_key, row)};
    struct sh_matter_value *values = sh_new(&f->arena, struct sh_matter_value, CASE_VALUES);
    struct sh_unit_in *unit = &f->units[f->n];
    struct sh_str id;
    struct sum lines, fund;
    if (institution < 0 || (uint32_t)institution >= f->institutions->n || !values)
        return values ? SH_OK : sh_fail(err, SH_E_NOMEM, "no room for cases");
    SH_TRY(add_rows(chunk, SH_TABLE_LINE, line, &of, &lines, err));
    SH_TRY(add_rows(chunk, SH_TABLE_SETTLEMENT, settled, &of, &fund, err));
    SH_TRY(sh_chunk_id(chunk, E, row, &f->arena, &id, err));
    const struct sh_str code = f->institutions->code[institution];
    size_t len = 0;
    const char *name = sh_arena_printf(&f->arena, &len, "%.*s|%.*s", SH_ARG(code), SH_ARG(id));
    const char *copy = sh_arena_dup(&f->arena, code.at, code.len);
    if (!name || !copy)
        return sh_fail(err, SH_E_NOMEM, "no room for cases");
    const int64_t days = from == INT64_MIN ? 1 : last - sh_day_of_time(from) + 1;
    values[0].field = SH_STR("lines"), values[1].field = SH_STR("days"), values[2].field = SH_STR("total");
    SH_TRY(count_text(f, lines.n_rows, &values[0].text, err));
    SH_TRY(count_text(f, days < 1 ? 1 : days, &values[1].text, err));
    SH_TRY(money_text(f, lines.fen, &values[2].text, err));
    *unit = (struct sh_unit_in){.id = {name, len},
                                .institution = {copy, code.len},
                                .day = last,
                                .amount_fen = lines.fen,
                                .fund_fen = fund.fen,
                                .values = values,
                                .n_values = CASE_VALUES};
    f->n++;
    return SH_OK;
}

static sh_code write_units(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct framing *f = ctx;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_failures failures = {.n = 0};
    const struct sh_matter_who who = {.person = f->o->actor, .lang = SH_ZH};
    const struct sh_desk desk = {f->texts, &who, &arena, &failures};
    f->chunk = (struct sh_units_report){0};
    return sh_units_load(txn, &desk, sh_str_of(f->matter_id), f->units, f->n, &f->chunk, err);
}

static sh_code flush(struct framing *f, struct sh_err *err) {
    const struct sh_act act = {.actor = f->o->actor, .why = SH_STR("frame"), .is_large = true};
    if (f->n == 0)
        return SH_OK;
    SH_TRY(sh_store_write(f->store, &act, write_units, f, NULL, err));
    f->report->units += f->chunk.units, f->report->left_out += f->chunk.left_out;
    f->n = 0;
    sh_arena_reset(&f->arena);
    f->units = sh_new(&f->arena, struct sh_unit_in, CASES_AT_ONCE);
    return f->units ? SH_OK : sh_fail(err, SH_E_NOMEM, "no room for cases");
}

/* Did the stay end in the month asked for? */
static bool is_of_period(const struct framing *f, int64_t to, int32_t *ret_last) {
    char day[SH_DATE_TEXT_MAX];
    if (to == INT64_MIN)
        return false;
    *ret_last = sh_day_of_time(to);
    sh_date_format(*ret_last, day);
    return sh_str_starts_with(sh_str_of(day), sh_str_of(f->period));
}

static sh_code take_chunk(struct framing *f, const struct sh_chunk *chunk, struct sh_err *err) {
    const enum sh_table E = SH_TABLE_ENCOUNTER;
    for (uint32_t p = 0; p < chunk->n_persons; p++)
        for (uint32_t r = chunk->tables[E].person_begin[p]; r < chunk->tables[E].person_begin[p + 1]; r++) {
            int32_t last = 0;
            if (((const int8_t *)column(chunk, E, f->at.e_inpatient))[r] != 1 ||
                !is_of_period(f, long_at(chunk, E, f->at.e_to, r), &last))
                continue;
            if (f->n == CASES_AT_ONCE)
                SH_TRY(flush(f, err));
            SH_TRY(add_case(f, chunk, p, r, last, err));
        }
    return SH_OK;
}

static void ask(struct sh_selection *what, enum sh_table table, const char *name, int *ret) {
    *ret = sh_lake_column(table, name);
    sh_check(*ret >= 0);
    what->columns[table] |= 1ull << *ret;
}

static sh_code read_lake(struct framing *f, struct sh_err *err) {
    struct sh_selection what = {.ids = 1u << SH_TABLE_ENCOUNTER};
    struct at *at = &f->at;
    const struct sh_chunk *chunk = NULL;
    ask(&what, SH_TABLE_ENCOUNTER, "institution", &at->e_institution);
    ask(&what, SH_TABLE_ENCOUNTER, "encounter_key", &at->e_key);
    ask(&what, SH_TABLE_ENCOUNTER, "from", &at->e_from);
    ask(&what, SH_TABLE_ENCOUNTER, "to", &at->e_to);
    ask(&what, SH_TABLE_ENCOUNTER, "inpatient", &at->e_inpatient);
    ask(&what, SH_TABLE_LINE, "institution", &at->l_institution);
    ask(&what, SH_TABLE_LINE, "encounter_key", &at->l_key);
    ask(&what, SH_TABLE_LINE, "amount", &at->l_amount);
    ask(&what, SH_TABLE_SETTLEMENT, "institution", &at->s_institution);
    ask(&what, SH_TABLE_SETTLEMENT, "encounter_key", &at->s_key);
    ask(&what, SH_TABLE_SETTLEMENT, "fund", &at->s_fund);
    SH_TRY(sh_lake_dict(f->lake, SH_DICT_INSTITUTION, &f->institutions, err));
    SH_TRY(sh_reader_open(f->lake, &what, (struct sh_bucket_range){0, sh_lake_buckets(f->lake)}, INT32_MAX,
                          CHUNK_LINES, &f->reader, err));
    f->units = sh_new(&f->arena, struct sh_unit_in, CASES_AT_ONCE);
    if (!f->units)
        return sh_fail(err, SH_E_NOMEM, "no room for cases");
    SH_TRY(sh_reader_next(f->reader, &chunk, err));
    while (chunk) {
        SH_TRY(take_chunk(f, chunk, err));
        SH_TRY(sh_reader_next(f->reader, &chunk, err));
    }
    return flush(f, err);
}

static sh_code find_matter(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct framing *f = ctx;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_str id, period;
    SH_TRY(sh_matter_find(txn, f->o->matter, &arena, &id, &period, err));
    if (period.len != 7)
        return sh_fail(err, SH_E_INPUT, "the matter has no month");
    (void)snprintf(f->matter_id, sizeof f->matter_id, "%.*s", SH_ARG(id));
    (void)snprintf(f->period, sizeof f->period, "%.*s", SH_ARG(period));
    return SH_OK;
}

sh_code sh_gate_frame_load(const struct sh_gate_options *options, const struct sh_frame_load *load,
                           struct sh_units_report *ret, struct sh_err *err) {
    SH_CLEANUP(framing_free) struct framing f = {.o = load, .report = ret};
    SH_CLEANUP(sh_arena_free) struct sh_arena texts = {0};
    const struct sh_roles *roles = NULL;
    const struct sh_registers *registers = NULL;
    char path[SH_PATH_BYTES_MAX];
    *ret = (struct sh_units_report){0};
    SH_TRY(sh_path_join(path, options->law_dir, "roles.yaml", err));
    SH_TRY(sh_roles_load(path, &texts, &roles, err));
    SH_TRY(sh_path_join(path, options->law_dir, "registers", err));
    SH_TRY(sh_registers_load(path, roles, &texts, &registers, err));
    SH_TRY(sh_matter_texts_load(options->law_dir, registers, roles, &texts, &f.texts, err));
    SH_TRY(sh_lake_open(options->lake_dir, 0, &f.lake, err));
    SH_TRY(sh_gate_store_beside(options, false, &f.store, err));
    SH_TRY(sh_numbers_lay(&f.numbers, f.store, registers, f.texts, err));
    SH_TRY(sh_store_read(f.store, find_matter, &f, err));
    return read_lake(&f, err);
}
