#include "synth/model.h"

/* Ordinary life is laid around the plants: only on free days. */

/* An appendix is not taken out twice. */
static bool was_operated(const struct syn_life *life, const struct syn_case *what) {
    for (size_t e = 0; what->op.n && e < life->n_encs; e++)
        for (uint8_t i = 0; i < life->encs[e].n_op; i++)
            if (life->encs[e].op[i] == what->op.at[0].item)
                return true;
    return false;
}

static const struct syn_case *pick_case(struct syn_life *life, enum syn_kind kind, int32_t day) {
    uint32_t weights[256];
    const struct syn_book *book = life->book;
    const int age = sh_syn_age(life, day);
    uint64_t total = 0;
    for (size_t i = 0; i < book->n_cases && i < 256; i++) {
        const struct syn_case *c = &book->cases[i];
        const bool fits = c->kind == kind && (c->sex == 0 || c->sex == life->person.sex) &&
                          age >= c->age_low && age <= c->age_high && !was_operated(life, c);
        weights[i] = fits ? c->weight : 0;
        total += weights[i];
    }
    if (total == 0)
        return NULL;
    return &book->cases[sh_rng_pick(&life->rng, weights, book->n_cases < 256 ? book->n_cases : 256)];
}

/* A free day of the month, or 0. */
static int32_t free_day(struct syn_life *life, int32_t first, int32_t last) {
    for (int tries = 0; tries < 3; tries++) {
        const int32_t day = sh_syn_between(life, first, last);
        if (sh_syn_is_free(life, day, day, false) && (sh_weekday(day) <= 5 || tries > 0))
            return day;
    }
    return 0;
}

static uint32_t some_place(struct syn_life *life, const uint32_t weights[SYN_CLASSES]) {
    const enum syn_class class_ = (enum syn_class)sh_rng_pick(&life->rng, weights, SYN_CLASSES);
    return sh_syn_place(life, class_, sh_syn_chance(life, 150000) ? 1 : 0, false);
}

/* Someone hands a drug back: in part or whole, now or weeks later, with or without naming the line. */
static void maybe_refund(struct syn_life *life, uint32_t enc) {
    if (!sh_syn_chance(life, 12000))
        return;
    const struct syn_enc e = life->encs[enc];
    const bool is_stay = sh_syn_is_inpatient(e.med_type);
    for (size_t i = life->n_lines; i-- > e.line_first;) {
        const struct syn_line l = life->lines[i];
        if (!life->book->items[l.item].is_drug || l.quantity < (int64_t)2 * SYN_QTY)
            continue;
        int32_t day = is_stay ? e.to : l.day + (int32_t)sh_syn_below(life, 30);
        if (day > life->city->last_day)
            day = l.day;
        const int64_t quantity =
            sh_syn_chance(life, 400000) ? l.quantity : l.quantity / SYN_QTY / (int64_t)2 * SYN_QTY;
        const bool named = !is_stay && sh_syn_chance(life, 250000) ? false : true;
        (void)sh_syn_refund(life, (uint32_t)i, quantity, day, named);
        return;
    }
}

/* A row taken back before it counted: it repeats a line and is void. */
static void maybe_void(struct syn_life *life, uint32_t enc) {
    if (sh_syn_chance(life, 1000)) {
        life->encs[enc].flags |= SYN_E_VOID;
        for (size_t i = life->encs[enc].line_first; i < life->n_lines; i++)
            if (life->lines[i].enc == enc)
                life->lines[i].flags |= SYN_VOID;
        return;
    }
    if (!sh_syn_chance(life, 8000) || life->n_lines == life->encs[enc].line_first)
        return;
    const struct syn_line of = life->lines[life->n_lines - 1];
    if (of.quantity < 0 || of.enc != enc)
        return;
    const uint32_t copy = sh_syn_line(life, enc, of.item, of.day, of.sec, of.quantity);
    life->lines[copy].flags = (uint8_t)(of.flags | SYN_VOID);
    life->lines[copy].rx = of.rx, life->lines[copy].days = of.days;
}

static void visits(struct syn_life *life, enum syn_kind kind, const uint32_t weights[SYN_CLASSES],
                   uint32_t ppm, int32_t first, int32_t last) {
    for (ppm = (uint32_t)((uint64_t)ppm * (uint32_t)life->person.frailty / 100); ppm > 0;
         ppm -= ppm < SYN_PPM ? ppm : SYN_PPM) {
        if (!sh_syn_chance(life, ppm < SYN_PPM ? ppm : SYN_PPM))
            continue;
        const int32_t day = free_day(life, first, last);
        const struct syn_case *what = day ? pick_case(life, kind, day) : NULL;
        if (!what)
            continue;
        const uint32_t place = some_place(life, weights);
        const uint32_t enc =
            kind == SYN_PHARMACY ? sh_syn_shop(life, what, place, day) : sh_syn_visit(life, what, place, day);
        maybe_refund(life, enc);
        maybe_void(life, enc);
    }
}

static void diabetes_extras(struct syn_life *life, uint32_t enc, int32_t day) {
    const struct syn_known *k = &life->book->known;
    const int32_t sec = life->encs[enc].sec_from;
    if (life->person.metformin && !life->no_metformin)
        sh_syn_charge(life, enc, k->metformin, day, sec + 1800, (int64_t)60 * SYN_QTY);
    if (!life->no_hba1c && day - life->last_hba1c >= 85) {
        sh_syn_charge(life, enc, k->hba1c, day, sec + 600, SYN_QTY);
        life->last_hba1c = day;
    }
    if (life->person.index % 40 == 0)
        sh_syn_charge(life, enc, k->liraglutide, day, sec + 1800, SYN_QTY);
}

static void chronic_month(struct syn_life *life, int32_t first, int32_t last) {
    static const uint32_t weights[SYN_CLASSES] = {15, 25, 60, 0, 0};
    const char *const names[2] = {"hypertension", "diabetes"};
    const bool has[2] = {life->person.hypertension, life->person.diabetes};
    for (int i = 0; i < 2; i++) {
        const struct syn_case *what = sh_syn_case(life->book, names[i]);
        const int32_t day = has[i] && what && sh_syn_chance(life, 850000) ? free_day(life, first, last) : 0;
        if (!day)
            continue;
        const uint32_t enc = sh_syn_visit(life, what, some_place(life, weights), day);
        life->encs[enc].disease = (uint16_t)(i + 1);
        if (i == 1)
            diabetes_extras(life, enc, day);
        maybe_refund(life, enc);
    }
    const struct syn_case *dialysis = life->person.dialysis ? sh_syn_case(life->book, "dialysis") : NULL;
    for (int32_t day = first; dialysis && day <= last; day++)
        if (sh_weekday(day) % 2 == 1 && sh_weekday(day) <= 5 && sh_syn_is_free(life, day, day, false)) {
            const uint32_t enc =
                sh_syn_visit(life, dialysis, sh_syn_place(life, SYN_SECONDARY, 0, false), day);
            life->encs[enc].disease = 3;
        }
}

/* Who dies in hospital has no later day. */
static void maybe_die(struct syn_life *life, uint32_t enc, int age) {
    if (life->has_plants || age < 65 || !sh_syn_chance(life, 25000))
        return;
    struct syn_enc *e = &life->encs[enc];
    for (size_t i = 0; i < life->n_lines; i++)
        if (life->lines[i].day > e->to)
            return;
    e->leaving = 5;
    e->flags |= SYN_E_DIED;
    e->sec_to = 80000;
    life->death = e->to;
    for (int32_t d = e->to; d <= life->city->last_day; d++)
        life->calendar[d - life->city->first_day] = 3;
}

static void maybe_stay(struct syn_life *life, enum syn_kind kind, uint32_t ppm, int32_t first, int32_t last) {
    static const uint32_t any[SYN_CLASSES] = {40, 45, 15, 0, 0}, able[SYN_CLASSES] = {50, 50, 0, 0, 0};
    if (!sh_syn_chance(life, (uint32_t)((uint64_t)ppm * (uint32_t)life->person.frailty / 100)))
        return;
    const int32_t from = sh_syn_between(life, first, last);
    const struct syn_case *what = pick_case(life, kind, from);
    if (!what)
        return;
    const int32_t to = from + sh_syn_between(life, what->days_low, what->days_high);
    if (!sh_syn_is_free(life, from, to, true))
        return;
    const bool is_hard = what->op.n > 0 || kind == SYN_DELIVERY || what->tests.n >= 12;
    const uint32_t enc = sh_syn_stay(life, what, some_place(life, is_hard ? able : any), from, to);
    maybe_refund(life, enc);
    maybe_void(life, enc);
    if (!(life->encs[enc].flags & SYN_E_VOID))
        maybe_die(life, enc, sh_syn_age(life, from));
}

static uint32_t by_age(int age, uint32_t old, uint32_t middle, uint32_t young, uint32_t child) {
    if (age >= 45)
        return age >= 65 ? old : middle;
    return age < 6 ? child : young;
}

/* What a month brings without a bed. */
static void month_of_visits(struct syn_life *life, int age, int32_t from, int32_t last) {
    static const uint32_t out[SYN_CLASSES] = {18, 32, 30, 20, 0}, er[SYN_CLASSES] = {45, 55, 0, 0, 0},
                          net[SYN_CLASSES] = {50, 50, 0, 0, 0}, tcm[SYN_CLASSES] = {10, 40, 40, 10, 0},
                          shop[SYN_CLASSES] = {0, 0, 0, 0, 1};
    visits(life, SYN_OUT, out, by_age(age, 900000, 700000, 450000, 800000), from, last);
    visits(life, SYN_ER, er, age >= 65 ? 70000 : 50000, from, last);
    visits(life, SYN_TCM, tcm, age >= 30 ? 110000 : 30000, from, last);
    visits(life, SYN_PHARMACY, shop, age >= 18 ? 320000 : 0, from, last);
    visits(life, SYN_NET, net, life->person.hypertension ? 80000 : 20000, from, last);
}

void sh_syn_live(struct syn_life *life) {
    const struct syn_city *city = life->city;
    for (uint32_t m = 0; m < city->n_months; m++) {
        const int32_t first = sh_add_months(city->first_day, (int32_t)m), last = sh_add_months(first, 1) - 1;
        const int age = sh_syn_age(life, last);
        const int32_t from = life->person.birth > first ? life->person.birth : first;
        if (life->death)
            return;
        if (age < 0 || from > last)
            continue;
        maybe_stay(life, SYN_STAY, by_age(age, 62000, 34000, 16000, 22000), from, last);
        if (life->person.sex == 2 && age >= 21 && age <= 41 && m + 1 < city->n_months)
            maybe_stay(life, SYN_DELIVERY, 9000, from, last);
        if (life->death)
            return;
        chronic_month(life, from, last);
        month_of_visits(life, age, from, last);
    }
}
