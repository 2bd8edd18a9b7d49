/* Drawing the money of findings of many persons, from what the findings of each person left. */
#include "audit/drawn.h"
#include "base/hash.h"
#include "base/limits.h"
#include <string.h>

bool sh_takes_money(const struct sh_rule *r) {
    return r->reach == SH_REACH_EXCHANGED && r->table == SH_TABLE_LINE;
}

/* ---- where the line comes from ------------------------------------------------------------------ */

static int64_t least_zero(int64_t fen) {
    return fen != SH_MISSING && fen > 0 ? fen : 0;
}

static void fund_of(const struct sh_engine *en, int32_t settlement, struct sh_xmoney *m) {
    const struct sh_timeline *tl = &en->tl;
    const struct sh_columns *at = &tl->plan->at;
    const int64_t *fund = sh_i64(tl, SH_TABLE_SETTLEMENT, at->settlement.fund),
                  *covered = sh_i64(tl, SH_TABLE_SETTLEMENT, at->settlement.covered),
                  *key = sh_i64(tl, SH_TABLE_SETTLEMENT, at->settlement.settlement_key);
    bool known;
    const bool by_item = sh_is_by_item(tl->plan, sh_i32(tl, SH_TABLE_SETTLEMENT, at->settlement.payment_mode),
                                       settlement, &known);
    if (known && !by_item) {
        m->state = SH_FUND_BY_CASE;
        return;
    }
    if (!known || !key || !fund || !covered || key[settlement] == SH_MISSING ||
        fund[settlement] == SH_MISSING || covered[settlement] == SH_MISSING || covered[settlement] <= 0)
        return;
    m->settlement = key[settlement];
    m->fund_fen = fund[settlement], m->covered_fen = covered[settlement];
    m->fund_left_fen = en->left_funds ? en->left_funds[settlement] : least_zero(fund[settlement]);
    m->state = SH_FUND_KNOWN;
}

sh_code sh_xmoney_pack(struct sh_engine *en, int32_t line, struct sh_buf *out, struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf name = {0};
    const struct sh_columns *at = &en->plan->at;
    const int64_t *covered = sh_i64(&en->tl, SH_TABLE_LINE, at->line.covered);
    const int32_t *settlement = sh_i32(&en->tl, SH_TABLE_LINE, at->line.settlement);
    struct sh_xmoney m = {.settlement = SH_MISSING, .state = SH_FUND_UNKNOWN};
    SH_TRY(sh_key_of_row(en, SH_TABLE_LINE, line, &name, err));
    m.line = (int64_t)sh_hash64(name.at, name.len, 0);
    m.left_fen = en->left_lines ? en->left_lines[line] : covered ? least_zero(covered[line]) : 0;
    if (settlement && settlement[line] >= 0)
        fund_of(en, settlement[line], &m);
    sh_buf_add(out, (const char *)&m, sizeof(m));
    return sh_buf_check(out, err);
}

/* ---- where lines meet --------------------------------------------------------------------------- */

static void map_release(struct sh_drawn_map *m) {
    sh_free(m->keys);
    sh_free(m->fen);
    *m = (struct sh_drawn_map){0};
}

void sh_drawn_release(struct sh_drawn *d) {
    map_release(&d->lines);
    map_release(&d->funds);
}

static size_t place_of(const struct sh_drawn_map *m, int64_t key) {
    size_t at = sh_hash_mix((uint64_t)key) & (m->cap - 1);
    while (m->keys[at] != 0 && m->keys[at] != key)
        at = (at + 1) & (m->cap - 1);
    return at;
}

static sh_code map_grow(struct sh_drawn_map *m, struct sh_err *err) {
    struct sh_drawn_map more = {.cap = m->cap ? 2 * m->cap : 1024};
    more.keys = sh_alloc_array(more.cap, sizeof(int64_t));
    more.fen = sh_alloc_array(more.cap, sizeof(int64_t));
    if (!more.keys || !more.fen) {
        map_release(&more);
        return sh_fail(err, SH_E_NOMEM, "no room for the money of findings of many persons");
    }
    for (size_t i = 0; i < m->cap; i++) {
        if (m->keys[i] == 0)
            continue;
        const size_t at = place_of(&more, m->keys[i]);
        more.keys[at] = m->keys[i], more.fen[at] = m->fen[i];
    }
    more.n = m->n;
    map_release(m);
    *m = more;
    return SH_OK;
}

/* As much of `wanted` as `left` holds after what was drawn of this key before; that is drawn now. */
static sh_code draw(struct sh_drawn_map *m, int64_t key, int64_t left, int64_t wanted, int64_t *ret,
                    struct sh_err *err) {
    if (2 * (m->n + 1) > m->cap)
        SH_TRY(map_grow(m, err));
    const size_t at = place_of(m, key ? key : 1);
    m->n += m->keys[at] == 0;
    m->keys[at] = key ? key : 1;
    const int64_t rest = left - m->fen[at];
    *ret = wanted < rest ? wanted : rest;
    *ret = *ret > 0 ? *ret : 0;
    m->fen[at] += *ret;
    return SH_OK;
}

static struct sh_xmoney money_of(const struct sh_carried_row *row) {
    struct sh_xmoney m = {.settlement = SH_MISSING, .state = SH_FUND_UNKNOWN};
    if (row->nodes.len >= sizeof(m))
        memcpy(&m, row->nodes.at + row->nodes.len - sizeof(m), sizeof(m));
    return m;
}

/* The fund's part of what is counted in the settlement of line `first`; later lines of it are marked as done.
 */
static sh_code draw_fund(struct sh_drawn *d, const struct sh_carried_row *rows, struct sh_finding *f,
                         size_t first, bool *done, struct sh_err *err) {
    const struct sh_xmoney m = money_of(&rows[f->lines[first].row]);
    int64_t counted = 0, share = 0;
    for (size_t i = first; i < f->n_lines; i++) {
        if (done[i] || money_of(&rows[f->lines[i].row]).settlement != m.settlement)
            continue;
        done[i] = true;
        counted += f->lines[i].counted_fen;
    }
    if (sh_div_floor((sh_i128)counted * m.fund_fen, m.covered_fen, &share) != SH_OK) {
        f->fund = SH_FUND_UNKNOWN;
        return SH_OK;
    }
    SH_TRY(draw(&d->funds, m.settlement, m.fund_left_fen, share, &share, err));
    f->fund_fen += share;
    return SH_OK;
}

sh_code sh_drawn_take(struct sh_drawn *d, const struct sh_carried_row *rows, uint32_t n, struct sh_finding *f,
                      struct sh_err *err) {
    f->counted_fen = f->fund_fen = 0;
    f->fund = SH_FUND_KNOWN;
    bool *done = sh_alloc_array(f->n_lines + 1, sizeof(bool));
    sh_code code =
        done ? SH_OK : sh_fail(err, SH_E_NOMEM, "no room for the money of findings of many persons");
    for (size_t i = 0; code == SH_OK && i < f->n_lines; i++) {
        struct sh_blamed_line *line = &f->lines[i];
        line->counted_fen = 0;
        done[i] = !line->blamed || line->amount_fen <= 0 || line->row < 0 || (uint32_t)line->row >= n;
        if (done[i])
            continue;
        const struct sh_xmoney m = money_of(&rows[line->row]);
        code = draw(&d->lines, m.line, m.left_fen, line->amount_fen, &line->counted_fen, err);
        f->counted_fen += line->counted_fen;
        if (m.state == SH_FUND_UNKNOWN)
            f->fund = SH_FUND_UNKNOWN;
        else if (m.state == SH_FUND_BY_CASE && f->fund == SH_FUND_KNOWN)
            f->fund = SH_FUND_BY_CASE;
        done[i] = m.state != SH_FUND_KNOWN;
    }
    for (size_t i = 0; code == SH_OK && i < f->n_lines; i++)
        if (!done[i])
            code = draw_fund(d, rows, f, i, done, err);
    sh_free(done);
    return code;
}
