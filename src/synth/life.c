#include "base/mem.h"
#include "synth/model.h"
#include <string.h>

enum { TAKEN = 1, NEAR_STAY = 2 };
enum { LINES_MAX = 1 << 22, ENCS_MAX = 1 << 20 };

sh_code sh_syn_life_begin(struct syn_life *life, const struct syn_city *city, uint32_t person) {
    const int32_t period_days = city->last_day - city->first_day + 1;
    const size_t n_days = (size_t)period_days;
    life->city = city;
    life->book = city->book;
    life->n_encs = life->n_lines = life->n_truths = life->n_blamed = life->n_beside = 0;
    life->failed = SH_OK;
    life->has_plants = life->no_hba1c = life->no_metformin = false;
    life->last_hba1c = city->first_day - 400;
    life->death = 0;
    life->not_planted = 0;
    SH_TRY(sh_grow(&life->encs, &life->cap_encs, 64, sizeof life->encs[0], ENCS_MAX, NULL));
    SH_TRY(sh_grow(&life->lines, &life->cap_lines, 1024, sizeof life->lines[0], LINES_MAX, NULL));
    SH_TRY(sh_grow(&life->truths, &life->cap_truths, 64, sizeof life->truths[0], LINES_MAX, NULL));
    SH_TRY(sh_grow(&life->blamed, &life->cap_blamed, 256, sizeof life->blamed[0], LINES_MAX, NULL));
    SH_TRY(sh_grow(&life->calendar, &life->cap_calendar, n_days, 1, 1 << 16, NULL));
    memset(life->calendar, 0, n_days);
    life->rng = sh_rng_fork_n(&city->root, person);
    return SH_OK;
}

void sh_syn_life_free(struct syn_life *life) {
    sh_free(life->encs);
    sh_free(life->lines);
    sh_free(life->truths);
    sh_free(life->blamed);
    sh_free(life->beside);
    sh_free(life->calendar);
    *life = (struct syn_life){0};
}

uint64_t sh_syn_below(struct syn_life *life, uint64_t bound) {
    return bound > 1 ? sh_rng_below(&life->rng, bound) : 0;
}

int32_t sh_syn_between(struct syn_life *life, int32_t low, int32_t high) {
    return high > low ? low + (int32_t)sh_rng_below(&life->rng, (uint64_t)(high - low) + 1) : low;
}

bool sh_syn_chance(struct syn_life *life, uint32_t per_million) {
    return sh_rng_chance(&life->rng, per_million);
}

bool sh_syn_is_inpatient(int med_type) {
    return (med_type >= 21 && med_type <= 28) || med_type == 52;
}

int sh_syn_age(const struct syn_life *life, int32_t day) {
    return sh_age_years(life->person.birth, day);
}

static void mark(struct syn_life *life, int32_t from, int32_t to, uint8_t bit) {
    const struct syn_city *city = life->city;
    for (int32_t d = from < city->first_day ? city->first_day : from; d <= to && d <= city->last_day; d++)
        life->calendar[d - city->first_day] |= bit;
}

void sh_syn_no_more_stays(struct syn_life *life) {
    mark(life, life->city->first_day, life->city->last_day, NEAR_STAY);
}

bool sh_syn_is_free(const struct syn_life *life, int32_t from, int32_t to, bool is_stay) {
    const struct syn_city *city = life->city;
    if (from < city->first_day || to > city->last_day)
        return false;
    for (int32_t d = from; d <= to; d++)
        if (life->calendar[d - city->first_day] & (is_stay ? TAKEN | NEAR_STAY : TAKEN))
            return false;
    return true;
}

uint32_t sh_syn_place(const struct syn_life *life, enum syn_class class_, uint32_t nth, bool exact) {
    const struct syn_city *city = life->city;
    const uint32_t begin = city->class_begin[class_], n = city->class_begin[class_ + 1] - begin;
    sh_check(n > 0); /* a city has places of every class */
    uint32_t i = (uint32_t)((life->person.index * 2654435761u + (uint32_t)class_ * 40503u) >> 7) + nth;
    for (uint32_t tries = 0; exact && tries < n && city->places[begin + i % n].date_only; tries++)
        i++;
    return begin + i % n;
}

uint32_t sh_syn_enc(struct syn_life *life, uint32_t place, int med_type, int32_t from, int32_t to) {
    if (life->failed == SH_OK)
        life->failed =
            sh_grow(&life->encs, &life->cap_encs, life->n_encs + 1, sizeof life->encs[0], ENCS_MAX, NULL);
    if (life->failed != SH_OK)
        return 0;
    struct syn_enc *e = &life->encs[life->n_encs];
    const bool is_stay = sh_syn_is_inpatient(med_type);
    *e = (struct syn_enc){.place = (uint16_t)place,
                          .med_type = (uint16_t)med_type,
                          .insurance = (uint16_t)life->person.insurance,
                          .from = from,
                          .to = to,
                          .leaving = is_stay ? 1 : 0,
                          .line_first = (uint32_t)life->n_lines};
    e->sec_from = is_stay ? sh_syn_between(life, 30000, 43000) : sh_syn_between(life, 28800, 57000);
    e->sec_to = is_stay ? sh_syn_between(life, 36000, 50000) : e->sec_from + sh_syn_between(life, 1200, 7000);
    e->doctor = (uint32_t)sh_syn_below(life, 3);
    mark(life, from, to, TAKEN);
    if (is_stay)
        mark(life, from - SYN_STAY_APART_DAYS, to + SYN_STAY_APART_DAYS, NEAR_STAY);
    return (uint32_t)life->n_encs++;
}

void sh_syn_beside(struct syn_life *life, struct syn_beside row) {
    if (life->failed == SH_OK)
        life->failed = sh_grow(&life->beside, &life->cap_beside, life->n_beside + 1, sizeof life->beside[0],
                               ENCS_MAX, NULL);
    if (life->failed == SH_OK)
        life->beside[life->n_beside++] = row;
}

void sh_syn_enc_dx(struct syn_life *life, uint32_t enc, uint16_t dx) {
    struct syn_enc *e = &life->encs[enc];
    for (size_t i = 0; i < e->n_dx; i++)
        if (e->dx[i] == dx)
            return;
    if (dx != SYN_NONE && e->n_dx < sizeof e->dx / sizeof e->dx[0])
        e->dx[e->n_dx++] = dx;
}

/* a × b / 10^8, half away from zero: fen of quantity (10^-4) × price (10^-6 yuan). */
static int64_t fen_of(int64_t quantity, int64_t price) {
    int64_t fen = 0;
    const sh_code code = sh_div_round((sh_i128)quantity * price, 100000000, &fen);
    sh_check(code == SH_OK); /* catalogue prices times small counts */
    return fen;
}

void sh_syn_price(struct syn_life *life, uint32_t line) {
    struct syn_line *l = &life->lines[line];
    const struct syn_item *item = &life->book->items[l->item];
    l->amount = fen_of(l->quantity, l->price);
    int64_t own = l->amount;
    if (item->grade != SYN_GRADE_C && !(l->flags & SYN_SELF_PAID)) {
        const sh_code code = sh_div_round((sh_i128)l->amount * item->ratio, 10000, &own);
        sh_check(code == SH_OK);
    }
    l->covered = l->amount - own;
}

uint32_t sh_syn_line(struct syn_life *life, uint32_t enc, uint16_t item, int32_t day, int32_t sec,
                     int64_t quantity) {
    if (life->failed == SH_OK)
        life->failed = sh_grow(&life->lines, &life->cap_lines, life->n_lines + 1, sizeof life->lines[0],
                               LINES_MAX, NULL);
    if (life->failed != SH_OK)
        return 0;
    const uint32_t at = (uint32_t)life->n_lines++;
    struct syn_line *l = &life->lines[at];
    *l = (struct syn_line){.enc = enc,
                           .item = item,
                           .doctor = life->encs[enc].doctor,
                           .day = day,
                           .sec = sec,
                           .quantity = quantity,
                           .price = life->book->items[item].price,
                           .refund_of = -1};
    sh_syn_price(life, at);
    return at;
}

void sh_syn_charge(struct syn_life *life, uint32_t enc, uint16_t item, int32_t day, int32_t sec,
                   int64_t quantity) {
    const bool no_times = life->city->places[life->encs[enc].place].date_only;
    for (size_t i = life->n_lines; i-- > life->encs[enc].line_first;) {
        const struct syn_line *l = &life->lines[i];
        if (l->day < day)
            break; /* an encounter is written day by day */
        if (l->enc != enc || l->item != item || l->day != day)
            continue;
        if (no_times)
            return;
        if (l->sec >= sec)
            sec = l->sec + 60;
    }
    (void)sh_syn_line(life, enc, item, day, sec, quantity);
}

void sh_syn_self_pay(struct syn_life *life, uint32_t line) {
    life->lines[line].flags |= SYN_SELF_PAID;
    sh_syn_price(life, line);
}

uint32_t sh_syn_refund(struct syn_life *life, uint32_t line, int64_t quantity, int32_t day,
                       bool with_reference) {
    const struct syn_line of = life->lines[line];
    int32_t sec = day == of.day ? of.sec + 3600 : 34200 + (int32_t)(line % 3600);
    if (sec > 86000)
        sec = 86000;
    const uint32_t at = sh_syn_line(life, of.enc, of.item, day, sec, quantity);
    struct syn_line *l = &life->lines[at];
    l->price = of.price;
    l->flags = (uint8_t)(of.flags & (SYN_SELF_PAID | SYN_MATERNITY));
    sh_syn_price(life, at);
    l->quantity = -l->quantity, l->amount = -l->amount, l->covered = -l->covered;
    l->refund_of = (int32_t)line;
    l->doctor = of.doctor, l->rx = of.rx;
    if (with_reference)
        l->flags |= SYN_REF_GIVEN;
    return at;
}

int64_t sh_syn_net(const struct syn_life *life, uint32_t line) {
    int64_t fen = life->lines[line].covered;
    for (size_t i = line + 1; i < life->n_lines; i++)
        if (life->lines[i].refund_of == (int32_t)line)
            fen += life->lines[i].covered;
    return fen;
}

int64_t sh_syn_net_quantity(const struct syn_life *life, uint32_t line) {
    int64_t quantity = life->lines[line].quantity;
    for (size_t i = line + 1; i < life->n_lines; i++)
        if (life->lines[i].refund_of == (int32_t)line)
            quantity += life->lines[i].quantity;
    return quantity;
}
