/* Planters of the rules that need no knowledge: arithmetic, duplicates, charges outside a stay or after
 * death, two places at once. */
#include "synth/plant.h"

static uint32_t hospital(const struct syn_life *life) {
    return sh_syn_place(life, SYN_SECONDARY, 0, true);
}

static int64_t units_of(const struct syn_life *life, uint16_t item) {
    return life->book->items[item].price < 3000000 ? 28 : 1;
}

/* ---- line-arithmetic: 数量 × 单价 ≠ 金额
 * ------------------------------------------------------------------------------------- */

/* Raise or lower the amount, covered by the same grade as before. */
static void shift_amount(struct syn_life *life, uint32_t line, int64_t fen) {
    struct syn_line *l = &life->lines[line];
    const struct syn_item *item = &life->book->items[l->item];
    l->amount += fen;
    l->covered = l->amount - sh_syn_share(l->amount, item->ratio, 10000);
}

/* max(0, covered − quantity × price), rounded once */
static int64_t beyond_product(const struct syn_line *l) {
    int64_t fen = 0;
    const sh_i128 product = (sh_i128)l->quantity * l->price; /* 10^-10 yuan */
    const sh_code code = sh_div_round((sh_i128)l->covered * 100000000 - product, 100000000, &fen);
    sh_check(code == SH_OK);
    return fen > 0 ? fen : 0;
}

static void plant_arithmetic(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint16_t item = sh_syn_point_item(plant);
    const uint32_t enc = sh_syn_plain_visit(life, hospital(life), 11, plant->day, plant->point->dx[0]);
    const uint32_t line = sh_syn_line(life, enc, item, plant->day, life->encs[enc].sec_from + 900,
                                      units_of(life, item) * SYN_QTY);
    struct syn_line *l = &life->lines[line];
    const int64_t tolerance = plant->point->number / 100; /* fen */
    switch (how) {
    case 0:
        shift_amount(life, line, 1000);
        break;
    case 1:
        shift_amount(life, line, -500);
        break;
    case 2:
        shift_amount(life, line, tolerance + 1);
        break;
    case 3:
        shift_amount(life, line, tolerance);
        break;
    case 4: /* a third of a yuan three times */
        l->quantity = (int64_t)3 * SYN_QTY, l->price = 3333333;
        sh_syn_price(life, line);
        break;
    case 5:
        l->quantity = 25000;
        sh_syn_price(life, line);
        shift_amount(life, line, 700);
        break;
    default:
        shift_amount(life, line, -tolerance);
    }
    sh_syn_truth_begin(life, plant, enc);
    sh_syn_blame(life, line);
    sh_syn_truth_end(life, beyond_product(&life->lines[line]));
}

/* ---- duplicate-line
 * ------------------------------------------------------------------------------------------------------------
 */

static uint32_t place_without_times(const struct syn_life *life) {
    const struct syn_city *city = life->city;
    for (uint32_t i = 0; i < 64; i++) {
        const uint32_t place = sh_syn_place(life, i % 2 ? SYN_CLINIC : SYN_PRIMARY, i / 2, false);
        if (city->places[place].date_only)
            return place;
    }
    return hospital(life);
}

static uint32_t copy_of(struct syn_life *life, uint32_t line, uint32_t enc, int32_t day) {
    const struct syn_line of = life->lines[line];
    const uint32_t copy = sh_syn_line(life, enc, of.item, day, of.sec, of.quantity);
    life->lines[copy].doctor = of.doctor;
    return copy;
}

static void plant_duplicate(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint16_t item = sh_syn_point_item(plant), dx = plant->point->dx[0];
    const int32_t day = plant->day;
    const uint32_t place = how == 2 ? place_without_times(life) : hospital(life);
    const uint32_t enc = sh_syn_plain_visit(life, place, 11, day, dx);
    const uint32_t first = sh_syn_line(life, enc, item, day, life->encs[enc].sec_from + 900, SYN_QTY);
    const bool is_again = how == 3 || how == 9;
    const int32_t then = how == 9 ? day + 1 : day;
    const uint32_t where = is_again ? sh_syn_plain_visit(life, place, how == 3 ? 13 : 11, then, dx) : enc;
    const uint32_t second = copy_of(life, first, where, then);
    struct syn_line *l = &life->lines[second];
    if (how == 4)
        (void)sh_syn_refund(life, second, SYN_QTY, day + 4, true);
    if (how == 5 ||
        (how == 2 && !life->city->places[place].date_only)) /* a small city may have times everywhere */
        l->sec++;
    if (how == 6)
        l->doctor = (l->doctor + 1) % 42;
    if (how == 7) {
        l->price += 1000000;
        sh_syn_price(life, second);
    }
    if (how == 8)
        l->flags |= SYN_VOID;
    if (how == 10) {
        l->quantity = (int64_t)2 * SYN_QTY;
        sh_syn_price(life, second);
    }
    int64_t fen = sh_syn_net(life, second);
    sh_syn_truth_begin(life, plant, where);
    sh_syn_blame(life, second);
    if (how == 1) {
        const uint32_t third = copy_of(life, first, enc, day);
        sh_syn_blame(life, third);
        fen += life->lines[third].covered;
    }
    sh_syn_truth_end(life, fen);
}

/* ---- charge-outside-stay
 * -----------------------------------------------------------------------------------------------------------
 */

static void plant_outside(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint16_t item = sh_syn_point_item(plant);
    const int32_t from = plant->day, to = plant->day + 5;
    const uint32_t enc =
        sh_syn_plain_stay(life, sh_syn_place(life, SYN_TERTIARY, 0, true), from, to, plant->point->dx[0]);
    const int32_t day = how == 0 || how == 5 ? to + 2
                        : how == 1           ? to + 1
                        : how == 2           ? from - 1
                        : how == 3           ? to
                                             : from;
    const int32_t sec = how == 3   ? 79200
                        : how == 4 ? 1800
                                   : 36600; /* 22:00 on the day of discharge, 00:30 on the day of admission */
    const uint32_t line = sh_syn_line(life, enc, item, day, sec, (int64_t)(how == 5 ? 3 : 1) * SYN_QTY);
    if (how == 5)
        (void)sh_syn_refund(life, line, SYN_QTY, day + 1, true);
    sh_syn_truth_line(life, plant, line);
}

/* ---- charge-after-death
 * --------------------------------------------------------------------------------------------------------------
 */

static void truth_each(struct syn_life *life, const struct syn_plant *plant, uint32_t enc) {
    const size_t end = life->n_lines;
    for (uint32_t i = life->encs[enc].line_first; i < end; i++)
        if (life->lines[i].enc == enc)
            sh_syn_truth_line(life, plant, i);
}

static void plant_death(struct syn_life *life, const struct syn_plant *plant, int how) {
    const int32_t death = plant->day;
    const uint16_t dx = plant->point->dx[0], item = sh_syn_point_item(plant);
    const uint32_t stay =
        sh_syn_plain_stay(life, sh_syn_place(life, SYN_TERTIARY, 0, true), death - 4, death, dx);
    life->encs[stay].leaving = 5;
    life->encs[stay].flags |= SYN_E_DIED;
    life->encs[stay].sec_to = 80000;
    life->death = death;
    for (int32_t d = death; d <= life->city->last_day; d++)
        life->calendar[d - life->city->first_day] = 3;
    if (how == 2) {
        sh_syn_truth_line(life, plant, sh_syn_line(life, stay, item, death, 82800, SYN_QTY));
        return;
    }
    const bool is_shop = how == 1;
    const int32_t day = death + (how == 0 ? 3 : how == 1 ? 1 : 30);
    const uint32_t enc = sh_syn_plain_visit(
        life, is_shop ? sh_syn_place(life, SYN_SHOP, 0, true) : hospital(life), is_shop ? 41 : 11, day, dx);
    (void)sh_syn_line(life, enc, item, day, life->encs[enc].sec_from + 1800, units_of(life, item) * SYN_QTY);
    truth_each(life, plant, enc);
}

/* ---- two-institutions
 * -----------------------------------------------------------------------------------------------------------------
 */

static void plant_two(struct syn_life *life, const struct syn_plant *plant, int how) {
    static const int32_t on[] = {4, 1, 9, 0, 10, 4, 4, 5, 5};
    const int32_t from = plant->day, day = from + on[how];
    const uint16_t item = sh_syn_point_item(plant);
    const uint32_t ward = sh_syn_place(life, SYN_TERTIARY, 0, true);
    const uint16_t inside = sh_syn_dx(life->book, SH_STR("J18.900"));
    (void)sh_syn_plain_stay(life, ward, from, from + 10, inside);
    const uint32_t place = how == 6   ? ward
                           : how >= 7 ? sh_syn_place(life, SYN_SHOP, 0, true)
                                      : sh_syn_place(life, SYN_CLINIC, 0, true);
    const uint32_t enc = sh_syn_plain_visit(life, place, how >= 7 ? 41 : 11, day, plant->point->dx[0]);
    if (how == 7)
        life->encs[enc].flags |= SYN_E_ACCOUNT, life->encs[enc].insurance = 310;
    (void)sh_syn_line(life, enc, item, day, life->encs[enc].sec_from + 1800, units_of(life, item) * SYN_QTY);
    for (uint32_t i = life->encs[enc].line_first; how == 5 && i < life->n_lines; i++)
        life->lines[i].flags |= SYN_OUTSIDE;
    truth_each(life, plant, enc);
}

#define V true
#define N false
#define AD SYN_H_ADULT
static const struct syn_variant variants[] = {
    {"line-arithmetic", V, AD, plant_arithmetic, 0, 0, 1, 1, 0, false, "amount too high by 10 yuan"},
    {"line-arithmetic", V, AD, plant_arithmetic, 1, 0, 1, 1, 0, false,
     "amount too low by 5 yuan: nothing to recover"},
    {"line-arithmetic", V, AD, plant_arithmetic, 2, 0, 1, 1, 0, false, "one fen beyond the tolerance"},
    {"line-arithmetic", V, AD, plant_arithmetic, 5, 0, 1, 1, 0, false, "quantity 2.5; too high by 7 yuan"},
    {"line-arithmetic", N, AD, plant_arithmetic, 3, 0, 1, 1, 0, false, "exactly the tolerance"},
    {"line-arithmetic", N, AD, plant_arithmetic, 4, 0, 1, 1, 0, false, "rounding of a third"},
    {"line-arithmetic", N, AD, plant_arithmetic, 6, 0, 1, 1, 0, false, "too low by exactly the tolerance"},
    {"duplicate-line", V, AD, plant_duplicate, 0, 0, 1, 1, 0, false, "two equal lines"},
    {"duplicate-line", V, AD, plant_duplicate, 1, 0, 1, 2, 0, false, "three equal lines"},
    {"duplicate-line", V, AD, plant_duplicate, 3, 0, 1, 1, 0, false, "split over two visits of one day"},
    {"duplicate-line", V, AD, plant_duplicate, 10, 0, 1, 1, 0, false, "equal but for the quantity"},
    {"duplicate-line", N, AD, plant_duplicate, 4, 0, 5, 1, 0, false, "the copy refunded four days later"},
    {"duplicate-line", N, AD, plant_duplicate, 5, 0, 1, 1, 0, false, "a second later"},
    {"duplicate-line", N, AD, plant_duplicate, 6, 0, 1, 1, 0, false, "ordered by another physician"},
    {"duplicate-line", N, AD, plant_duplicate, 7, 0, 1, 1, 0, false, "at another price"},
    {"duplicate-line", N, AD, plant_duplicate, 8, 0, 1, 1, 0, false, "the copy is void"},
    {"duplicate-line", N, AD, plant_duplicate, 9, 0, 2, 1, 0, false, "at the same hour of the next day"},
    {"duplicate-line", N, AD, plant_duplicate, 2, 0, 1, 1, 0, false,
     "equal but without a time: cannot be told"},
    {"charge-outside-stay", V, AD, plant_outside, 0, 1, 8, 1, 0, false, "two days after discharge"},
    {"charge-outside-stay", V, AD, plant_outside, 1, 1, 8, 1, 0, false, "the day after discharge"},
    {"charge-outside-stay", V, AD, plant_outside, 2, 1, 8, 1, 0, false, "the day before admission"},
    {"charge-outside-stay", V, AD, plant_outside, 5, 1, 9, 1, 0, false, "one of three refunded"},
    {"charge-outside-stay", N, AD, plant_outside, 3, 1, 8, 1, 0, false, "22:00 on the day of discharge"},
    {"charge-outside-stay", N, AD, plant_outside, 4, 1, 8, 1, 0, false,
     "on the day of admission before the hour of admission"},
    {"charge-after-death", V, AD, plant_death, 0, 6, 32, 2, 0, false, "a visit three days after death"},
    {"charge-after-death", V, AD, plant_death, 1, 6, 32, 1, 0, false, "a pharmacy the day after death"},
    {"charge-after-death", V, AD, plant_death, 3, 6, 32, 2, 0, false, "a visit thirty days after death"},
    {"charge-after-death", N, AD, plant_death, 2, 6, 2, 1, 0, false, "on the day of death"},
    {"two-institutions", V, AD, plant_two, 0, 0, 11, 2, 0, false, "a clinic in the middle of a stay"},
    {"two-institutions", V, AD, plant_two, 1, 0, 11, 2, 0, false,
     "a clinic on the first whole day of a stay"},
    {"two-institutions", V, AD, plant_two, 2, 0, 11, 2, 0, false, "a clinic on the last whole day of a stay"},
    {"two-institutions", V, AD, plant_two, 8, 0, 11, 1, 0, false, "a pharmacy paid from the pool"},
    {"two-institutions", N, AD, plant_two, 3, 0, 11, 1, 0, false, "on the day of admission"},
    {"two-institutions", N, AD, plant_two, 4, 0, 11, 1, 0, false, "on the day of discharge"},
    {"two-institutions", N, AD, plant_two, 5, 0, 11, 1, 0, false, "flagged as a test outside"},
    {"two-institutions", N, AD, plant_two, 6, 0, 11, 1, 0, false, "in the hospital of the stay itself"},
    {"two-institutions", N, AD, plant_two, 7, 0, 11, 1, 0, false,
     "a pharmacy: family fetched a drug from the account"},
};

const struct syn_variant *sh_syn_base_variants(size_t *ret_n) {
    *ret_n = sizeof variants / sizeof variants[0];
    return variants;
}
