/* Planters of the service rules: discounts, courses, pairs, frequency, periods. */
#include "synth/plant.h"

enum { MORNING = 32400, HOUR = 3600 };

static uint32_t hospital(const struct syn_life *life) {
    return sh_syn_place(life, SYN_TERTIARY, 0, true);
}

static uint32_t other_hospital(const struct syn_life *life) {
    return sh_syn_place(life, SYN_SECONDARY, 0, true);
}

/* ---- surgery-discount: 同一切口第二项手术
 * ---------------------------------------------------------------------------------- */

/* share × full price × ceil(quantity), fen */
static int64_t allowed_fen(const struct syn_life *life, const struct syn_plant *plant,
                           const struct syn_line *l) {
    const int64_t pieces = (l->quantity + SYN_QTY - 1) / SYN_QTY;
    return sh_syn_share(life->book->items[l->item].price * pieces, plant->point->number,
                        (int64_t)SYN_QTY * 10000);
}

static uint32_t operation(struct syn_life *life, uint32_t enc, uint16_t item, int32_t day,
                          int64_t percent_price, int64_t quantity) {
    const uint32_t line = sh_syn_line(life, enc, item, day, 36000, quantity);
    life->lines[line].price = life->lines[line].price * percent_price / 100;
    sh_syn_price(life, line);
    struct syn_enc *e = &life->encs[enc];
    if (e->n_op < 3)
        e->op[e->n_op++] = item, e->op_day = day;
    return line;
}

static void plant_surgery(struct syn_life *life, const struct syn_plant *plant, int how) {
    const struct syn_uses *items = &plant->point->items;
    const int32_t day = plant->day + 2;
    const uint32_t enc =
        sh_syn_plain_stay(life, hospital(life), plant->day, plant->day + 8, plant->point->dx[0]);
    const uint16_t second = how == 6 ? plant->point->others.at[0].item : items->at[1].item;
    (void)operation(life, enc, items->at[0].item, day, 100, SYN_QTY);
    uint32_t lines[2];
    size_t n = 0;
    lines[n++] = operation(life, enc, second, how == 5 ? day + 1 : day,
                           how == 2   ? 60
                           : how == 3 ? 50
                                      : 100,
                           how == 4 ? SYN_QTY / 2 : SYN_QTY);
    if (how == 1)
        lines[n++] = operation(life, enc, items->at[2].item, day, 100, SYN_QTY);
    if (how == 7)
        sh_syn_self_pay(life, lines[0]);
    if (how == 8)
        (void)sh_syn_refund(life, lines[0], SYN_QTY, day + 2, true);
    sh_syn_truth_begin(life, plant, enc);
    sh_i128 num = 0, den = 1; /* Σ covered × (amount − allowed) / amount */
    for (size_t i = 0; i < n; i++) {
        const struct syn_line *l = &life->lines[lines[i]];
        num = num * l->amount + (sh_i128)l->covered * (l->amount - allowed_fen(life, plant, l)) * den;
        den *= l->amount;
        sh_syn_blame(life, lines[i]);
    }
    int64_t fen = 0;
    const sh_code code = sh_div_round(num, den, &fen);
    sh_check(code == SH_OK);
    sh_syn_truth_end(life, fen);
}

/* ---- service-course: 限支付疗程
 * -------------------------------------------------------------------------------------------- */

static uint32_t training(struct syn_life *life, const struct syn_plant *plant, int32_t day) {
    const uint32_t enc = sh_syn_plain_visit(life, other_hospital(life), 11, day, plant->point->dx[0]);
    return sh_syn_line(life, enc, sh_syn_point_item(plant), day, life->encs[enc].sec_from + 1200, SYN_QTY);
}

/* In one stay: limit + 2 days (0), or limit + 1 of which the last is self-paid (7). */
static void course_in_stay(struct syn_life *life, const struct syn_plant *plant, int how) {
    const int limit = (int)(plant->point->number / SYN_QTY), n_days = how == 0 ? limit + 2 : limit + 1;
    const uint32_t enc =
        sh_syn_plain_stay(life, hospital(life), plant->day, plant->day + n_days + 1, plant->point->dx[0]);
    int64_t fen = 0;
    sh_syn_truth_begin(life, plant, enc);
    for (int d = 0; d < n_days; d++) {
        const uint32_t line =
            sh_syn_line(life, enc, sh_syn_point_item(plant), plant->day + d, 50400, SYN_QTY);
        if (how == 7 && d == n_days - 1)
            sh_syn_self_pay(life, line);
        if (d < limit)
            continue;
        sh_syn_blame(life, line);
        fen += life->lines[line].covered;
    }
    sh_syn_truth_end(life, fen);
}

/* One visit a training: on each day given as offset. */
static void course_in_visits(struct syn_life *life, const struct syn_plant *plant, const int *offsets, int n,
                             int n_lawful) {
    uint32_t last = 0;
    for (int i = 0; i < n; i++) {
        last = training(life, plant, plant->day + offsets[i]);
        if (i >= n_lawful)
            sh_syn_truth_line(life, plant, last);
    }
    if (n_lawful >= n)
        sh_syn_truth_line(life, plant, last); /* a near-miss: the last one */
}

static void plant_course(struct syn_life *life, const struct syn_plant *plant, int how) {
    static const int span_beyond[] = {0, 20, 40, 60, 80, 95}, span_within[] = {0, 20, 40, 60, 89};
    const int limit = (int)(plant->point->number / SYN_QTY);
    int offsets[128], n = 0;
    switch (how) {
    case 1: /* limit + 1 visits, every other day */
    case 2: /* limit visits */
        for (n = 0; n < limit + (how == 1 ? 1 : 0) && n < 128; n++)
            offsets[n] = n * 2;
        course_in_visits(life, plant, offsets, n, limit);
        break;
    case 3: /* limit + 1 days on end */
        for (n = 0; n < limit + 1 && n < 128; n++)
            offsets[n] = n;
        course_in_visits(life, plant, offsets, n, limit);
        break;
    case 4: /* twice 50 days, 40 days apart: two courses */
        for (n = 0; n < 100; n++)
            offsets[n] = n < 50 ? n : n + 40;
        course_in_visits(life, plant, offsets, n, n);
        break;
    case 5:
        course_in_visits(life, plant, span_beyond, 6, 5);
        break;
    case 6:
        course_in_visits(life, plant, span_within, 5, 5);
        break;
    default:
        course_in_stay(life, plant, how);
    }
}

/* ---- service-pair: 重复收费
 * -------------------------------------------------------------------------------------------------- */

static uint32_t line_of(const struct syn_life *life, uint32_t enc, uint16_t item) {
    for (uint32_t i = life->encs[enc].line_first; i < life->n_lines; i++)
        if (life->lines[i].enc == enc && life->lines[i].item == item)
            return i;
    return 0;
}

/* 单日: the contained fee is the one every emergency visit has. */
static void pair_day(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint16_t a = plant->point->items.at[0].item, fee = plant->point->others.at[0].item,
                   bed = plant->point->others.at[1].item;
    const uint16_t dx = plant->point->dx[0];
    const int32_t day = plant->day;
    const bool is_split = how >= 2 && how <= 4;
    const uint32_t enc = sh_syn_plain_visit(life, other_hospital(life), 13, day, dx);
    const uint32_t where = !is_split
                               ? enc
                               : sh_syn_plain_visit(life, how == 4 ? hospital(life) : other_hospital(life),
                                                    11, how == 3 ? day + 1 : day, dx);
    const uint32_t a_line = sh_syn_line(life, where, a, life->encs[where].from, 61200, SYN_QTY);
    const uint32_t b_line = line_of(life, enc, fee);
    if (how == 5)
        (void)sh_syn_refund(life, a_line, SYN_QTY, day + 5, true);
    if (how == 6)
        sh_syn_self_pay(life, b_line);
    if (how == 7)
        sh_syn_self_pay(life, a_line);
    sh_syn_truth_line(life, plant, b_line);
    if (how == 1)
        sh_syn_truth_line(life, plant, sh_syn_line(life, enc, bed, day, 64800, SYN_QTY));
}

static void pair_visit(struct syn_life *life, const struct syn_plant *plant, int how) {
    const int32_t day = plant->day;
    const uint32_t enc = sh_syn_plain_stay(life, hospital(life), day, day + 9, plant->point->dx[0]);
    const uint32_t a = sh_syn_line(life, enc, plant->point->items.at[0].item, day + 2, 36000, SYN_QTY);
    const uint32_t b = sh_syn_line(life, enc, plant->point->others.at[0].item, day + 4, 36000, SYN_QTY);
    life->encs[enc].op[0] = life->lines[a].item, life->encs[enc].n_op = 1, life->encs[enc].op_day = day + 2;
    if (how == 9)
        sh_syn_self_pay(life, b);
    if (how == 16)
        (void)sh_syn_refund(life, a, SYN_QTY, day + 5, true);
    sh_syn_truth_line(life, plant, b);
}

static void pair_six_hours(struct syn_life *life, const struct syn_plant *plant, int how) {
    const int32_t gap = (int32_t)(plant->point->number / SYN_QTY), day = plant->day + 1, birth = 50400;
    const int32_t at = how == 10 ? birth - gap : how == 11 ? birth - gap - 1 : birth + 3 * HOUR;
    const uint32_t enc = sh_syn_plain_stay(life, hospital(life), plant->day, day + 3, plant->point->dx[0]);
    life->encs[enc].med_type = 52;
    const uint16_t item = plant->point->others.at[plant->nth % plant->point->others.n].item;
    const uint32_t b = sh_syn_line(life, enc, item, day, at, SYN_QTY);
    (void)sh_syn_line(life, enc, plant->point->items.at[0].item, day, birth, SYN_QTY);
    sh_syn_truth_line(life, plant, b);
}

static void pair_hour(struct syn_life *life, const struct syn_plant *plant, int how) {
    const int32_t day = plant->day + 1, at = 10 * HOUR;
    const uint32_t enc = sh_syn_plain_stay(life, hospital(life), plant->day, day + 4, plant->point->dx[0]);
    const uint16_t a = plant->point->items.at[0].item, b = plant->point->others.at[0].item;
    if (how == 15)
        (void)sh_syn_line(life, enc, a, day, at - HOUR, SYN_QTY);
    (void)sh_syn_line(life, enc, a, day, how == 14 ? at + HOUR - 1 : at, SYN_QTY);
    sh_syn_truth_line(life, plant,
                      sh_syn_line(life, enc, b, day, how == 14 ? at + HOUR : at + HOUR - 1, SYN_QTY));
}

static void plant_pair(struct syn_life *life, const struct syn_plant *plant, int how) {
    if (how <= 7)
        pair_day(life, plant, how);
    else if (how <= 9 || how == 16)
        pair_visit(life, plant, how);
    else if (how <= 12)
        pair_six_hours(life, plant, how);
    else
        pair_hour(life, plant, how);
}

/* ---- service-frequency: 限定频次
 * ----------------------------------------------------------------------------------------------- */

/* One finding over the lines of a day that are left: Σ covered × (n − N) / n. */
static void truth_excess(struct syn_life *life, const struct syn_plant *plant, const uint32_t *lines,
                         size_t n_lines) {
    int64_t covered = 0, quantity = 0;
    sh_syn_truth_begin(life, plant, life->lines[lines[0]].enc);
    for (size_t i = 0; i < n_lines; i++) {
        const int64_t net = sh_syn_net(life, lines[i]);
        if (net <= 0)
            continue;
        covered += net;
        quantity += sh_syn_net_quantity(life, lines[i]);
        sh_syn_blame(life, lines[i]);
    }
    const int64_t limit = plant->point->number;
    sh_syn_truth_end(life, quantity > limit ? sh_syn_share(covered, quantity - limit, quantity) : 0);
}

/* 日: the fee of the day, once a day in every stay; how often and how it is there on the day decides. */
static void frequency_daily(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint16_t item = sh_syn_point_item(plant);
    const int32_t day = plant->day + 1;
    const uint32_t enc =
        sh_syn_plain_stay(life, hospital(life), plant->day, plant->day + 5, plant->point->dx[0]);
    uint32_t lines[3];
    size_t n = 0;
    for (uint32_t i = life->encs[enc].line_first; i < life->n_lines && n == 0; i++)
        if (life->lines[i].item == item && life->lines[i].day == day)
            lines[n++] = i;
    if (n == 0)
        lines[n++] = sh_syn_line(life, enc, item, day, MORNING, SYN_QTY);
    if (how == 1) {
        life->lines[lines[0]].quantity = (int64_t)2 * SYN_QTY;
        sh_syn_price(life, lines[0]);
    }
    if (how == 0 || how == 2 || how == 7 || how == 8)
        lines[n++] = sh_syn_line(life, enc, item, day, 54000, SYN_QTY);
    if (how == 2)
        lines[n++] = sh_syn_line(life, enc, item, day, 57600, SYN_QTY);
    if (how == 2 || how == 7)
        (void)sh_syn_refund(life, lines[n - 1], SYN_QTY, day + 3, true);
    if (how == 8)
        sh_syn_self_pay(life, lines[1]);
    truth_excess(life, plant, lines, n);
}

/* 小时 with 24: units of a day. */
static void frequency_hours(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint16_t item = sh_syn_point_item(plant);
    const int32_t day = plant->day + 1;
    const int64_t first = how == 6 ? (int64_t)12 * SYN_QTY : how == 4 ? 245000 : (int64_t)20 * SYN_QTY;
    const int64_t second = how == 6   ? (int64_t)12 * SYN_QTY
                           : how == 9 ? (int64_t)10 * SYN_QTY
                                      : (int64_t)6 * SYN_QTY;
    uint32_t lines[2];
    size_t n = 0;
    uint32_t enc, again;
    if (how == 10) { /* two visits to the emergency room of one day */
        enc = sh_syn_plain_visit(life, other_hospital(life), 13, day, plant->point->dx[0]);
        again = sh_syn_plain_visit(life, other_hospital(life), 11, day, plant->point->dx[0]);
    } else {
        enc = sh_syn_plain_stay(life, hospital(life), plant->day, plant->day + 5, plant->point->dx[0]);
        again = enc;
    }
    lines[n++] = sh_syn_line(life, enc, item, day, MORNING, first);
    if (how != 4)
        lines[n++] = sh_syn_line(life, again, item, day, 61200, second);
    if (how == 9)
        (void)sh_syn_refund(life, lines[1], (int64_t)6 * SYN_QTY, day + 2, true);
    truth_excess(life, plant, lines, n);
}

/* Moved from one hospital to another: each charges the day once. */
static void frequency_transfer(struct syn_life *life, const struct syn_plant *plant) {
    const int32_t day = plant->day + 4;
    const uint16_t item = sh_syn_point_item(plant), dx = plant->point->dx[0];
    const uint32_t first = sh_syn_plain_stay(life, other_hospital(life), plant->day, day, dx);
    const uint32_t second = sh_syn_plain_stay(life, hospital(life), day, day + 4, dx);
    life->encs[first].leaving = 2;
    uint32_t lines[2] = {sh_syn_line(life, first, item, day, MORNING, SYN_QTY), 0};
    lines[1] = 0;
    for (uint32_t i = life->encs[second].line_first; i < life->n_lines; i++)
        if (life->lines[i].enc == second && life->lines[i].item == item && life->lines[i].day == day)
            lines[1] = i;
    if (lines[1] == 0)
        lines[1] = sh_syn_line(life, second, item, day, 57600, SYN_QTY);
    truth_excess(life, plant, &lines[0], 1);
    truth_excess(life, plant, &lines[1], 1);
}

static void plant_frequency(struct syn_life *life, const struct syn_plant *plant, int how) {
    if (how == 11)
        frequency_transfer(life, plant);
    else if (plant->point->number > SYN_QTY)
        frequency_hours(life, plant, how);
    else
        frequency_daily(life, plant, how);
}

/* ---- service-period: 周期超频次
 * -------------------------------------------------------------------------------------------------- */

static uint32_t test_on(struct syn_life *life, const struct syn_plant *plant, int32_t day, bool elsewhere,
                        int64_t quantity) {
    const uint32_t place = elsewhere ? hospital(life) : other_hospital(life);
    const uint32_t enc = sh_syn_plain_visit(life, place, 11, day, plant->point->dx[0]);
    return sh_syn_line(life, enc, sh_syn_point_item(plant), day, life->encs[enc].sec_from + 600, quantity);
}

static void period_rolling(struct syn_life *life, const struct syn_plant *plant, int how) {
    const int past = plant->point->low;
    const int32_t day = plant->day;
    /* day of the second and, if any, the third test */
    const int second = how == 0 ? past - 1 : how == 2 ? past : how == 3 || how == 4 ? past / 3 : past / 2;
    const int third = how == 3 ? past + 1 : how == 4 ? past / 3 + 1 : 0;
    const uint32_t one = test_on(life, plant, day, false, how == 7 ? (int64_t)2 * SYN_QTY : SYN_QTY);
    if (how == 7) {
        sh_syn_truth_begin(life, plant, life->lines[one].enc);
        sh_syn_blame(life, one);
        sh_syn_truth_end(life, sh_syn_share(life->lines[one].covered, 1, 2));
        return;
    }
    if (how == 6)
        sh_syn_self_pay(life, one);
    const uint32_t two = test_on(life, plant, day + second, how == 1, SYN_QTY);
    if (how == 5)
        (void)sh_syn_refund(life, one, SYN_QTY, day + past, true);
    sh_syn_truth_begin(life, plant, life->lines[two].enc);
    sh_syn_blame(life, two);
    int64_t fen = sh_syn_net(life, two);
    if (third) {
        const uint32_t three = test_on(life, plant, day + third, false, SYN_QTY);
        if (how == 4) {
            sh_syn_blame(life, three);
            fen += sh_syn_net(life, three);
        }
    }
    sh_syn_truth_end(life, fen);
}

/* 每周: calendar weeks from Monday. */
static void period_week(struct syn_life *life, const struct syn_plant *plant, int how) {
    int32_t monday = sh_week_start(plant->day) + 7;
    for (int i = 0; i < 5 && how == 8 && sh_month_key(monday) == sh_month_key(monday + 6); i++)
        monday += 7;
    const int32_t first = how == 8 ? monday : how == 9 ? monday + 6 : monday + 2;
    const int32_t second = how == 8 ? monday + 6 : how == 9 ? monday + 7 : monday + 4;
    (void)test_on(life, plant, first, false, SYN_QTY);
    sh_syn_truth_line(life, plant, test_on(life, plant, second, false, SYN_QTY));
}

static void plant_period(struct syn_life *life, const struct syn_plant *plant, int how) {
    life->no_hba1c = true;
    if (plant->point->low == 0)
        period_week(life, plant, how);
    else
        period_rolling(life, plant, how);
}

#define V true
#define N false
#define AD SYN_H_ADULT
static const struct syn_variant variants[] = {
    {"surgery-discount", V, AD, plant_surgery, 0, 0, 9, 1, 0, false, "second operation at full price"},
    {"surgery-discount", V, AD, plant_surgery, 2, 0, 9, 1, 0, false, "second operation at six tenths"},
    {"surgery-discount", V, AD, plant_surgery, 1, 0, 9, 2, 1, false, "second and third at full price"},
    {"surgery-discount", N, AD, plant_surgery, 3, 0, 9, 1, 0, false, "second operation at half its price"},
    {"surgery-discount", N, AD, plant_surgery, 4, 0, 9, 1, 0, false, "second operation with quantity 0.5"},
    {"surgery-discount", N, AD, plant_surgery, 5, 0, 9, 1, 0, false, "on the next day"},
    {"surgery-discount", N, AD, plant_surgery, 6, 0, 9, 1, 0, false, "of another group"},
    {"surgery-discount", N, AD, plant_surgery, 7, 0, 9, 1, 0, false, "second operation self-paid"},
    {"surgery-discount", N, AD, plant_surgery, 8, 0, 9, 1, 0, false, "second operation refunded"},
    {"service-course", V, AD, plant_course, 0, 0, 34, 2, 3, false, "two days beyond in one stay"},
    {"service-course", V, AD, plant_course, 1, 0, 62, 1, 3, false, "one visit too many over two months"},
    {"service-course", V, AD, plant_course, 5, 0, 97, 1, 8, false, "assessments over 96 days"},
    {"service-course", V, AD, plant_course, 3, 0, 92, 1, 4, false, "91 days on end"},
    {"service-course", N, AD, plant_course, 2, 0, 62, 1, 3, false,
     "exactly the days allowed over two months"},
    {"service-course", N, AD, plant_course, 7, 0, 34, 1, 3, false, "one day too many but self-paid"},
    {"service-course", N, AD, plant_course, 6, 0, 92, 1, 8, false, "assessments over exactly 90 days"},
    {"service-course", N, AD, plant_course, 4, 0, 141, 1, 4, false, "two courses with 40 days between"},
    {"service-pair", V, AD, plant_pair, 0, 0, 1, 1, 1, false, "same day same visit"},
    {"service-pair", V, AD, plant_pair, 8, 0, 10, 1, 2, false, "same visit two days apart"},
    {"service-pair", V, SYN_H_WOMAN, plant_pair, 10, 0, 6, 1, 4, false, "six hours to the second"},
    {"service-pair", V, AD, plant_pair, 13, 0, 7, 1, 8, false, "same clock hour 59 minutes apart"},
    {"service-pair", V, AD, plant_pair, 1, 0, 1, 2, 1, false, "one contains two others"},
    {"service-pair", V, AD, plant_pair, 2, 0, 1, 1, 1, false, "split over two visits of one day"},
    {"service-pair", V, SYN_H_WOMAN, plant_pair, 12, 0, 6, 1, 4, false, "three hours after"},
    {"service-pair", V, AD, plant_pair, 15, 0, 7, 1, 8, false,
     "two hours of the main item; the other in one of them"},
    {"service-pair", V, AD, plant_pair, 7, 0, 1, 1, 1, false, "the main item self-paid"},
    {"service-pair", N, AD, plant_pair, 3, 0, 2, 1, 1, false, "on the next day"},
    {"service-pair", N, SYN_H_WOMAN, plant_pair, 11, 0, 6, 1, 4, false, "six hours and a second"},
    {"service-pair", N, AD, plant_pair, 14, 0, 7, 1, 8, false, "a second apart in two clock hours"},
    {"service-pair", N, AD, plant_pair, 16, 0, 10, 1, 2, false, "main operation refunded"},
    {"service-pair", N, AD, plant_pair, 4, 0, 1, 1, 1, false, "in another hospital on that day"},
    {"service-pair", N, AD, plant_pair, 5, 0, 6, 1, 1, false, "main item refunded five days later"},
    {"service-pair", N, AD, plant_pair, 6, 0, 1, 1, 1, false, "the contained item self-paid"},
    {"service-pair", N, AD, plant_pair, 9, 0, 10, 1, 2, false, "the contained operation self-paid"},
    {"service-frequency", V, AD, plant_frequency, 0, 0, 6, 2, 31, false, "two lines on one day"},
    {"service-frequency", V, AD, plant_frequency, 3, 0, 6, 2, 224, false, "26 units on two lines"},
    {"service-frequency", V, AD, plant_frequency, 1, 0, 6, 1, 31, false, "quantity 2 on one line"},
    {"service-frequency", V, AD, plant_frequency, 4, 0, 6, 1, 224, false, "half a unit beyond the limit"},
    {"service-frequency", V, AD, plant_frequency, 2, 0, 6, 2, 31, false,
     "three lines of which one was refunded"},
    {"service-frequency", V, AD, plant_frequency, 10, 0, 2, 2, 224, false,
     "split over two visits of one day"},
    {"service-frequency", N, AD, plant_frequency, 5, 0, 6, 1, 31, false, "exactly once"},
    {"service-frequency", N, AD, plant_frequency, 6, 0, 6, 1, 224, false, "exactly 24"},
    {"service-frequency", N, AD, plant_frequency, 7, 0, 6, 1, 31, false,
     "the second line refunded days later"},
    {"service-frequency", N, AD, plant_frequency, 8, 0, 6, 1, 31, false, "the second line self-paid"},
    {"service-frequency", N, AD, plant_frequency, 9, 0, 6, 1, 224, false,
     "30 units of which 6 were refunded"},
    {"service-frequency", N, AD, plant_frequency, 11, 0, 10, 1, 31, false,
     "moved to another hospital on that day"},
    {"service-period", V, AD, plant_period, 0, 0, 16, 1, 15, false, "the last day that is too early"},
    {"service-period", V, SYN_H_CHILD, plant_period, 8, 0, 60, 1, 16, false,
     "Monday and Sunday of one week over the end of a month"},
    {"service-period", V, AD, plant_period, 1, 0, 16, 1, 15, false, "in another hospital"},
    {"service-period", V, AD, plant_period, 3, 0, 20, 1, 15, false, "second refused; third lawful"},
    {"service-period", V, AD, plant_period, 4, 0, 16, 2, 15, false, "two in a row refused"},
    {"service-period", V, AD, plant_period, 7, 0, 1, 1, 15, false, "quantity 2 on one line"},
    {"service-period", V, SYN_H_CHILD, plant_period, 10, 0, 20, 1, 16, false,
     "Wednesday and Friday of one week"},
    {"service-period", N, AD, plant_period, 2, 0, 18, 1, 15, false, "the first day that is allowed"},
    {"service-period", N, SYN_H_CHILD, plant_period, 9, 0, 20, 1, 16, false,
     "Sunday and the Monday after it"},
    {"service-period", N, AD, plant_period, 5, 0, 18, 1, 15, false, "the first test refunded"},
    {"service-period", N, AD, plant_period, 6, 0, 16, 1, 15, false, "the first test self-paid"},
};

const struct syn_variant *sh_syn_service_variants(size_t *ret_n) {
    *ret_n = sizeof variants / sizeof variants[0];
    return variants;
}
