#include "synth/write.h"

static int64_t part(int64_t fen, int64_t ratio) {
    int64_t result = 0;
    const sh_code code = sh_div_round((sh_i128)fen * ratio, 10000, &result);
    sh_check(code == SH_OK);
    return result;
}

/* Of the pool, 10^-4, by insurance and level; the benefit rules of a city that does not exist. */
static int64_t pool_ratio(const struct syn_enc *e, enum syn_class class_) {
    static const int64_t stay[2][SYN_CLASSES] = {{8500, 8800, 9200, 9200, 0}, {6000, 7000, 8000, 8000, 0}};
    static const int64_t visit[2][SYN_CLASSES] = {{5500, 6000, 7000, 7000, 6000},
                                                  {4500, 5000, 6000, 6000, 4000}};
    const size_t who = e->insurance == 390 ? 1 : 0;
    if (sh_syn_is_inpatient(e->med_type))
        return stay[who][class_];
    return visit[who][class_] + (e->med_type == 14 ? 1500 : 0);
}

void sh_syn_price_for_pool(struct syn_life *life, uint32_t enc, uint32_t line, int64_t pooled) {
    const struct syn_enc *e = &life->encs[enc];
    const int64_t ratio = pool_ratio(e, life->city->places[e->place].class_);
    int64_t covered = pooled * 10000 / ratio, rest = -life->lines[line].covered;
    while (part(covered, ratio) < pooled)
        covered++;
    for (uint32_t i = e->line_first; i < life->n_lines; i++)
        rest += life->lines[i].enc == enc ? life->lines[i].covered : 0;
    life->lines[line].price = (covered - rest) * 10000;
    sh_syn_price(life, line);
}

static int64_t deductible(const struct syn_enc *e, enum syn_class class_) {
    static const int64_t fen[SYN_CLASSES] = {80000, 50000, 20000, 20000, 0};
    return sh_syn_is_inpatient(e->med_type) && e->med_type != 52 ? fen[class_] : 0;
}

static void sum_lines(const struct syn_life *life, uint32_t enc, struct syn_money *m) {
    const bool is_void = life->encs[enc].flags & SYN_E_VOID;
    for (size_t i = life->encs[enc].line_first; i < life->n_lines; i++) {
        const struct syn_line *l = &life->lines[i];
        if (l->enc != enc || (!is_void && (l->flags & SYN_VOID)))
            continue;
        m->total += l->amount;
        m->covered += l->covered;
        if ((l->flags & SYN_SELF_PAID) || life->book->items[l->item].grade == SYN_GRADE_C)
            m->own += l->amount - l->covered;
        else
            m->prepaid += l->amount - l->covered;
    }
}

void sh_syn_settle(const struct syn_life *life, uint32_t enc, struct syn_money *ret) {
    const struct syn_enc *e = &life->encs[enc];
    const enum syn_class class_ = life->city->places[e->place].class_;
    struct syn_money m = {0};
    sum_lines(life, enc, &m);
    if (e->insurance == 210) {
        m.other = m.covered, m.ratio = 10000;
    } else if (!(e->flags & SYN_E_ACCOUNT)) {
        m.ratio = pool_ratio(e, class_);
        m.deductible = deductible(e, class_);
        if (m.deductible > m.covered)
            m.deductible = m.covered > 0 ? m.covered : 0;
        m.pooled = part(m.covered - m.deductible, m.ratio);
        const int64_t rest = m.covered - m.pooled;
        if (rest > 1000000 && e->insurance == 390)
            m.serious = part(rest - 1000000, 6000);
        else if (rest > 1000000)
            m.large = part(rest - 1000000, 8000);
        if (life->person.poor)
            m.aid = part(m.covered - m.pooled - m.serious - m.large, 5000);
    }
    m.fund = m.pooled + m.serious + m.large + m.aid + m.other;
    m.person = m.total - m.fund;
    if (e->insurance == 310 && m.person > 0) {
        const int64_t balance = e->flags & SYN_E_ACCOUNT           ? m.person
                                : sh_syn_is_inpatient(e->med_type) ? 100000
                                                                   : 30000;
        m.account = m.person < balance ? m.person : balance;
    }
    m.cash = m.person - m.account;
    *ret = m;
}
