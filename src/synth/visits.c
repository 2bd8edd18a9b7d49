#include "synth/model.h"

static int64_t outpatient_quantity(struct syn_life *life, const struct syn_item *item, int days) {
    if (item->price >= 20000000) /* a bottle, an ampoule of price */
        return SYN_QTY;
    if (item->price >= 3000000)
        return (1 + (int64_t)sh_syn_below(life, 2)) * SYN_QTY;
    return (int64_t)days * (1 + (int64_t)sh_syn_below(life, 2)) * SYN_QTY;
}

/* Does a code name the same substance? As the lake cuts it: 10 characters of X…, 11 of Z…. */
static bool is_same_substance(struct sh_str a, struct sh_str b) {
    const size_t n = a.len > 0 && a.at[0] == 'Z' ? 11 : 10;
    return a.len >= n && b.len >= n && memcmp(a.at, b.at, n) == 0;
}

/* Of `days` those that may still be prescribed: whoever looks into the record sees what the person has at
 * home, so that no quarter gives more than a person can take. */
static int days_left(const struct syn_life *life, uint16_t item, int32_t day, int days) {
    enum { QUARTER = 92, MOST = 150 };
    int sum = 0;
    for (size_t i = 0; i < life->n_lines; i++) {
        const struct syn_line *l = &life->lines[i];
        if (l->days > 0 && l->day > day - QUARTER && l->day < day + QUARTER &&
            is_same_substance(life->book->items[l->item].code, life->book->items[item].code))
            sum += l->days;
    }
    return sum + days <= MOST ? days : sum < MOST ? MOST - sum : 0;
}

/* Some of the drugs of a case, each once, at one time. */
static void prescribe(struct syn_life *life, uint32_t enc, const struct syn_case *what, int32_t day,
                      int32_t sec, size_t wanted) {
    const size_t n = what->drugs.n;
    if (n == 0)
        return;
    if (wanted > n)
        wanted = n;
    const int days = (int)sh_syn_between(life, what->days_low, what->days_high);
    const size_t start = (size_t)sh_syn_below(life, n);
    life->encs[enc].n_rx = 1;
    for (size_t i = 0; i < wanted; i++) {
        const struct syn_use use = what->drugs.at[(start + i) % n];
        const size_t before = life->n_lines;
        const int most = days_left(life, use.item, day, days);
        const int64_t quantity = outpatient_quantity(life, &life->book->items[use.item], most);
        if (most > 0)
            sh_syn_charge(life, enc, use.item, day, sec, quantity);
        if (life->n_lines > before)
            life->lines[life->n_lines - 1].rx = 1, life->lines[life->n_lines - 1].days = (uint16_t)most;
    }
}

static uint16_t fee_of(struct syn_life *life, const struct syn_enc *e) {
    const struct syn_known *k = &life->book->known;
    const enum syn_class class_ = life->city->places[e->place].class_;
    if (e->flags & SYN_E_ONLINE)
        return k->consult_net;
    if (e->med_type == 13)
        return k->consult_er;
    if (class_ >= SYN_PRIMARY)
        return k->consult_gen;
    return class_ == SYN_TERTIARY && sh_syn_chance(life, 400000) ? k->consult_expert : k->consult;
}

static int med_type_of(enum syn_kind kind) {
    switch (kind) {
    case SYN_ER:
        return 13;
    case SYN_CHRONIC:
        return 14;
    case SYN_STAY:
        return 21;
    case SYN_DELIVERY:
        return 52;
    case SYN_PHARMACY:
        return 41;
    case SYN_OUT:
    case SYN_NET:
    case SYN_TCM:
    case SYN_KINDS:
        break;
    }
    return 11;
}

static void herbs(struct syn_life *life, uint32_t enc, int32_t day, int32_t sec, int doses) {
    const struct syn_book *book = life->book;
    const size_t wanted = 9 + (size_t)sh_syn_below(life, 6),
                 start = (size_t)sh_syn_below(life, book->n_herbs);
    life->encs[enc].n_rx = 1;
    for (size_t i = 0; i < wanted && i < book->n_herbs; i++) {
        const uint16_t herb =
            book->herbs[(start + i * 5) % book->n_herbs]; /* 5 does not divide their number: no herb twice */
        const size_t before = life->n_lines;
        sh_syn_charge(life, enc, herb, day, sec, (int64_t)(6 + 3 * sh_syn_below(life, 4)) * doses * SYN_QTY);
        if (life->n_lines > before)
            life->lines[life->n_lines - 1].rx = 1, life->lines[life->n_lines - 1].days = (uint16_t)doses;
    }
}

uint32_t sh_syn_visit(struct syn_life *life, const struct syn_case *what, uint32_t place, int32_t day) {
    const uint32_t enc = sh_syn_enc(life, place, med_type_of(what->kind), day, day);
    struct syn_enc *e = &life->encs[enc];
    const bool is_clinic = life->city->places[place].class_ == SYN_CLINIC;
    if (what->kind == SYN_NET)
        e->flags |= SYN_E_ONLINE;
    e->dept = what->dept;
    e->doctor = what->dept * 3u + e->doctor;
    sh_syn_enc_dx(life, enc, what->dx);
    if (sh_syn_chance(life, 500000))
        sh_syn_enc_dx(life, enc, what->dx2);
    const int32_t sec = e->sec_from;
    sh_syn_charge(life, enc, fee_of(life, e), day, sec, SYN_QTY);
    size_t n_tests = 0;
    for (size_t i = 0; i < what->tests.n && !(is_clinic && n_tests == 1); i++)
        if (sh_syn_chance(life, what->kind == SYN_ER        ? 800000
                                : what->kind == SYN_CHRONIC ? 300000
                                                            : 620000)) {
            sh_syn_charge(life, enc, what->tests.at[i].item, day, sec + 600, SYN_QTY);
            n_tests++;
        }
    for (size_t i = 0; i < what->daily.n; i++)
        if (what->dx2 == SYN_NONE || sh_syn_chance(life, 750000))
            sh_syn_charge(life, enc, what->daily.at[i].item, day, sec + 1500,
                          (int64_t)what->daily.at[i].units * SYN_QTY);
    if (what->kind == SYN_TCM)
        herbs(life, enc, day, sec + 1800, (int)sh_syn_between(life, what->days_low, what->days_high));
    else
        prescribe(life, enc, what, day, sec + 1800, 2 + (size_t)sh_syn_below(life, 4));
    return enc;
}

uint32_t sh_syn_shop(struct syn_life *life, const struct syn_case *what, uint32_t place, int32_t day) {
    const uint32_t enc = sh_syn_enc(life, place, 41, day, day);
    if (life->person.insurance == 310 && sh_syn_chance(life, 700000))
        life->encs[enc].flags |= SYN_E_ACCOUNT;
    prescribe(life, enc, what, day, life->encs[enc].sec_from + 60, 1 + (size_t)sh_syn_below(life, 4));
    return enc;
}

/* The day of the operation: each item once, around noon. */
static void operate(struct syn_life *life, uint32_t enc, const struct syn_case *what, int32_t day) {
    struct syn_enc *e = &life->encs[enc];
    const int32_t sec = sh_syn_between(life, 32400, 54000);
    for (size_t i = 0; i < what->op.n; i++)
        sh_syn_charge(life, enc, what->op.at[i].item, day, sec, (int64_t)what->op.at[i].units * SYN_QTY);
    if (what->op.n && life->book->items[what->op.at[0].item].price >= 200000000 && e->n_op < 3)
        e->op[e->n_op++] = what->op.at[0].item, e->op_day = day;
}

static void nursing_day(struct syn_life *life, uint32_t enc, int32_t day, bool is_serious) {
    const struct syn_known *k = &life->book->known;
    sh_syn_charge(life, enc, k->consult_in, day, 28800, SYN_QTY);
    sh_syn_charge(life, enc, k->bed, day, 28860, SYN_QTY);
    sh_syn_charge(life, enc, is_serious ? k->nursing1 : k->nursing2, day, 28920, SYN_QTY);
}

/* What was ordered for a whole stay. */
struct orders {
    size_t first_drug, n_drugs;
    int32_t op_day; /* -1: none */
};

static void stay_day(struct syn_life *life, uint32_t enc, const struct syn_case *what,
                     const struct orders *orders, int32_t day) {
    const int32_t day_no = day - life->encs[enc].from;
    const int32_t sec = 30600 + (int32_t)sh_syn_below(life, 1200);
    nursing_day(life, enc, day, day == orders->op_day);
    for (size_t i = 0; i < what->tests.n; i++)
        if (sh_syn_chance(life, day_no == 0 ? 880000 : day_no % 4 == 3 && i < 4 ? 700000 : 15000))
            sh_syn_charge(life, enc, what->tests.at[i].item, day, sec - 1800, SYN_QTY);
    for (size_t i = 0; i < orders->n_drugs; i++) {
        const struct syn_use use = what->drugs.at[(orders->first_drug + i) % what->drugs.n];
        sh_syn_charge(life, enc, use.item, day, sec,
                      (int64_t)(1 + sh_syn_below(life, 2)) * use.units * SYN_QTY);
    }
    for (size_t i = 0; i < what->daily.n; i++)
        if (sh_syn_chance(life, 920000))
            sh_syn_charge(life, enc, what->daily.at[i].item, day, sec + 1200,
                          (int64_t)what->daily.at[i].units * SYN_QTY);
    if (day == orders->op_day)
        operate(life, enc, what, day);
}

static void take_home(struct syn_life *life, uint32_t enc, const struct syn_case *what, int32_t day) {
    const size_t n = (size_t)sh_syn_below(life, 3);
    for (size_t i = 0; i < n && i < what->drugs.n; i++) {
        const struct syn_use use = what->drugs.at[what->drugs.n - 1 - i];
        const struct syn_item *item = &life->book->items[use.item];
        if (!item->is_drug || item->price >= 3000000)
            continue;
        const size_t before = life->n_lines;
        sh_syn_charge(life, enc, use.item, day, 39600, (int64_t)7 * SYN_QTY);
        if (life->n_lines > before) {
            life->lines[life->n_lines - 1].flags |= SYN_TAKE_HOME;
            life->lines[life->n_lines - 1].days = 7;
        }
    }
}

/* Watching on the day of admission, the child on the second day: never within six hours of one another. */
static void deliver(struct syn_life *life, uint32_t enc, int32_t from) {
    const struct syn_known *k = &life->book->known;
    const bool is_exact = !life->city->places[life->encs[enc].place].date_only;
    if (is_exact)
        sh_syn_charge(life, enc, k->fetal_monitor, from, 43200, (int64_t)2 * SYN_QTY);
    sh_syn_charge(life, enc, k->delivery, from + 1, sh_syn_between(life, 30000, 80000), SYN_QTY);
    if (sh_syn_chance(life, 300000))
        sh_syn_charge(life, enc, k->yimucao, from + 1, 81000, (int64_t)2 * SYN_QTY);
}

uint32_t sh_syn_stay(struct syn_life *life, const struct syn_case *what, uint32_t place, int32_t from,
                     int32_t to) {
    const uint32_t enc = sh_syn_enc(life, place, med_type_of(what->kind), from, to);
    struct syn_enc *e = &life->encs[enc];
    e->dept = what->dept;
    e->doctor = what->dept * 3u + e->doctor;
    if (life->city->places[place].class_ <= SYN_SECONDARY && sh_syn_chance(life, 450000))
        e->flags |= SYN_E_DRG;
    sh_syn_enc_dx(life, enc, what->dx);
    sh_syn_enc_dx(life, enc, what->dx2);
    if (sh_syn_chance(life, 300000))
        sh_syn_enc_dx(life, enc, sh_syn_dx(life->book, SH_STR("I10.x00")));
    const size_t n = what->drugs.n;
    const struct orders orders = {.n_drugs = n < 5 ? n : 5 + (size_t)sh_syn_below(life, n - 4),
                                  .first_drug = n ? (size_t)sh_syn_below(life, n) : 0,
                                  .op_day = what->op.n ? from + 1 : -1};
    const bool is_natural = what->kind == SYN_DELIVERY && what->op.n < 4;
    const bool shenmai = what->dept == sh_syn_dept(life->book, SH_STR("cardio")) &&
                         sh_syn_chance(life, 500000) && life->city->places[place].class_ <= SYN_SECONDARY;
    for (int32_t d = from; d < to; d++) {
        stay_day(life, enc, what, &orders, d);
        if (shenmai)
            sh_syn_charge(life, enc, life->book->known.shenmai, d, 33000, (int64_t)2 * SYN_QTY);
        if (is_natural && d == from)
            deliver(life, enc, from);
    }
    if (what->kind == SYN_STAY)
        take_home(life, enc, what, to);
    return enc;
}

uint32_t sh_syn_plain_visit(struct syn_life *life, uint32_t place, int med_type, int32_t day, uint16_t dx) {
    const uint32_t enc = sh_syn_enc(life, place, med_type, day, day);
    struct syn_enc *e = &life->encs[enc];
    sh_syn_enc_dx(life, enc, dx);
    e->sec_from = 29400 + (int32_t)sh_syn_below(life, 1200), e->sec_to = e->sec_from + 5400;
    if (med_type != 41)
        (void)sh_syn_line(life, enc, fee_of(life, e), day, e->sec_from, SYN_QTY);
    return enc;
}

uint32_t sh_syn_plain_stay(struct syn_life *life, uint32_t place, int32_t from, int32_t to, uint16_t dx) {
    const struct syn_known *k = &life->book->known;
    const uint32_t enc = sh_syn_enc(life, place, 21, from, to);
    sh_syn_enc_dx(life, enc, dx);
    for (int32_t d = from; d < to; d++) {
        nursing_day(life, enc, d, false);
        sh_syn_charge(life, enc, k->nacl, d, 31000, SYN_QTY);
        sh_syn_charge(life, enc, k->infusion, d, 31000, SYN_QTY);
    }
    return enc;
}
