/* A finding as a row for people and machines. */
#include "base/date.h"
#include "base/hash.h"
#include "audit/inner.h"
#include "audit/run.h"
#include <stdlib.h>
#include <string.h>

void sh_record_room_release(struct sh_record_room *room) {
    sh_arena_free(&room->text);
    sh_buf_free(&room->receipt);
    sh_digest_release(&room->digest);
}

static sh_code money_cell(struct sh_arena *arena, int64_t fen, struct sh_str *ret, struct sh_err *err) {
    char text[SH_MONEY_TEXT_MAX];
    const size_t len = sh_money_plain(fen, text);
    const char *kept = sh_arena_dup(arena, text, len);
    *ret = (struct sh_str){kept, len};
    return kept ? SH_OK : sh_fail(err, SH_E_NOMEM, "no room for a finding's row");
}

static sh_code number_cell(struct sh_arena *arena, int64_t v, struct sh_str *ret, struct sh_err *err) {
    size_t len;
    const char *kept = sh_arena_printf(arena, &len, "%lld", (long long)v);
    *ret = (struct sh_str){kept, len};
    return kept ? SH_OK : sh_fail(err, SH_E_NOMEM, "no room for a finding's row");
}

static sh_code hex_cell(struct sh_arena *arena, const uint8_t *bytes, size_t n, struct sh_str *ret,
                        struct sh_err *err) {
    char *text = sh_new(arena, char, 2 * n + 1);
    if (!text)
        return sh_fail(err, SH_E_NOMEM, "no room for a finding's row");
    sh_hex(bytes, n, text);
    *ret = (struct sh_str){text, 2 * n};
    return SH_OK;
}

static int compare_texts(const void *a, const void *b) {
    return sh_str_cmp(*(const struct sh_str *)a, *(const struct sh_str *)b);
}

/* The blamed lines by their source ids, in byte order, so that a reader can point at them. */
static sh_code lines_cell(const struct sh_timeline *tl, const struct sh_finding *f, struct sh_arena *arena,
                          struct sh_str *ret, struct sh_err *err) {
    struct sh_str *ids = sh_new_raw(arena, struct sh_str, f->n_lines + 1);
    if (!ids)
        return sh_fail(err, SH_E_NOMEM, "no room for a finding's row");
    size_t n = 0, len = 0;
    for (size_t i = 0; i < f->n_lines; i++)
        if (f->lines[i].blamed) {
            SH_TRY(sh_row_id(tl, SH_TABLE_LINE, f->lines[i].row, &ids[n], err));
            len += ids[n++].len + 1;
        }
    if (n > 1)
        qsort(ids, n, sizeof(*ids), compare_texts);
    char *text = sh_new_raw(arena, char, len + 1), *at = text;
    if (!text)
        return sh_fail(err, SH_E_NOMEM, "no room for a finding's row");
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            *at++ = '|';
        if (ids[i].len > 0)
            memcpy(at, ids[i].at, ids[i].len);
        at += ids[i].len;
    }
    *ret = (struct sh_str){text, (size_t)(at - text)};
    return SH_OK;
}

static sh_code sums(const struct sh_finding *f, struct sh_arena *arena, struct sh_str *cells,
                    struct sh_err *err) {
    if (f->amount_known)
        SH_TRY(money_cell(arena, f->amount_fen, &cells[SH_CELL_AMOUNT], err));
    SH_TRY(money_cell(arena, f->counted_fen, &cells[SH_CELL_COUNTED], err));
    return f->fund == SH_FUND_KNOWN ? money_cell(arena, f->fund_fen, &cells[SH_CELL_FUND], err) : SH_OK;
}

static sh_code day_cell(int32_t day, struct sh_arena *arena, struct sh_str *ret, struct sh_err *err) {
    char text[SH_DATE_TEXT_MAX];
    if (day == SH_MISSING_I32)
        return SH_OK;
    const size_t len = sh_date_format(day, text);
    const char *kept = sh_arena_dup(arena, text, len);
    *ret = (struct sh_str){kept, len};
    return kept ? SH_OK : sh_fail(err, SH_E_NOMEM, "no room for a finding's row");
}

sh_code sh_record_of(const struct sh_audit_worker *worker, const struct sh_finding *f, uint32_t bucket,
                     struct sh_record_room *room, struct sh_record *ret, struct sh_err *err) {
    struct sh_arena *arena = &room->text;
    const struct sh_engine *en = sh_worker_engine(worker);
    const struct sh_rule *r = en->plan->active[f->rule].rule;
    sh_arena_reset(arena);
    sh_buf_clear(&room->receipt);
    SH_TRY(sh_audit_receipt(worker, f, &room->receipt, err));
    const struct sh_str receipt = sh_buf_view(&room->receipt);
    uint8_t digest[SH_DIGEST_BYTES];
    SH_TRY(sh_digest_again(&room->digest, SH_DIGEST_SHA256, receipt.at, receipt.len, digest, err));
    *ret = (struct sh_record){.rule = f->rule, .bucket = bucket, .key = f->key};
    memcpy(ret->id, f->id, sizeof(ret->id));
    ret->receipt = receipt;
    struct sh_str *c = ret->cells;
    SH_TRY(hex_cell(arena, f->id, sizeof(f->id), &c[SH_CELL_ID], err));
    c[SH_CELL_RULE] = r->id;
    if (r->national_number > 0)
        SH_TRY(number_cell(arena, r->national_number, &c[SH_CELL_NUMBER], err));
    c[SH_CELL_NAME] = r->name;
    c[SH_CELL_LEVEL] = sh_str_of(sh_level_text(f->level, SH_EN));
    c[SH_CELL_POINT] = f->point;
    c[SH_CELL_INSTITUTION] = sh_code_of(en->plan, SH_DICT_INSTITUTION, f->institution);
    c[SH_CELL_INSTITUTION_NAME] = sh_dict_name_of(en->plan, SH_DICT_INSTITUTION, f->institution);
    SH_TRY(sh_person_code(&en->tl, f->person, &c[SH_CELL_PERSON], err));
    SH_TRY(sh_row_id(&en->tl, SH_TABLE_ENCOUNTER, f->encounter, &c[SH_CELL_ENCOUNTER], err));
    SH_TRY(day_cell(f->day, arena, &c[SH_CELL_DAY], err));
    SH_TRY(lines_cell(&en->tl, f, arena, &c[SH_CELL_LINES], err));
    SH_TRY(sums(f, arena, c, err));
    c[SH_CELL_SAY] = f->say;
    c[SH_CELL_BASIS] = en->plan->active[f->rule].basis;
    return hex_cell(arena, digest, sizeof(digest), &c[SH_CELL_RECEIPT], err);
}
