/* Planters of the drug rules that look at insurance, history, diagnosis, days, level, kind of visit. */
#include "synth/plant.h"

static uint32_t drug(struct syn_life *life, uint32_t enc, uint16_t item, int32_t day, int64_t units) {
    const uint32_t line = sh_syn_line(life, enc, item, day, life->encs[enc].sec_from + 1800, units * SYN_QTY);
    life->lines[line].rx = 1, life->lines[line].days = 7;
    life->encs[enc].n_rx = 1;
    return line;
}

static uint32_t hospital(const struct syn_life *life) {
    return sh_syn_place(life, SYN_SECONDARY, 0, true);
}

/* 要求工伤, 要求生育 */
static void plant_insurance(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint16_t item = sh_syn_point_item(plant), dx = plant->point->dx[0];
    const int32_t day = plant->day;
    const bool in_stay = how == 2 || how == 12;
    const uint32_t enc = in_stay ? sh_syn_plain_stay(life, hospital(life), day, day + 4, dx)
                                 : sh_syn_plain_visit(life, hospital(life), 11, day, dx);
    const uint32_t line = drug(life, enc, item, in_stay ? day + 1 : day, how == 1 ? 3 : 2);
    if (how == 1)
        (void)sh_syn_refund(life, line, SYN_QTY, day + 10, true);
    if (how == 3)
        life->encs[enc].insurance = 210;
    if (how == 4)
        sh_syn_self_pay(life, line);
    if (how == 5)
        (void)sh_syn_refund(life, line, (int64_t)2 * SYN_QTY, day + 12, true);
    if (how == 12)
        life->encs[enc].med_type = 52;
    if (how == 13)
        life->lines[line].flags |= SYN_MATERNITY;
    if (how == 14)
        life->encs[enc].insurance = 510;
    sh_syn_truth_line(life, plant, line);
}

/* 二线用药 */
static void plant_second_line(struct syn_life *life, const struct syn_plant *plant, int how) {
    static const int32_t first_at[] = {[0] = 0, [1] = 10, [2] = -40, [3] = -100, [5] = -364, [6] = -365};
    const uint16_t dx = plant->point->dx[0];
    const int32_t day = plant->day, shift = how < 7 && how != 4 ? first_at[how] : 0;
    life->no_metformin = true;
    if (shift < 0) {
        const uint32_t before =
            sh_syn_plain_visit(life, sh_syn_place(life, SYN_TERTIARY, 0, true), 11, day + shift, dx);
        const uint32_t first = drug(life, before, plant->point->others.at[0].item, day + shift, 2);
        if (how == 3)
            sh_syn_self_pay(life, first);
    }
    const uint32_t enc = sh_syn_plain_visit(life, hospital(life), 11, day, dx);
    if (how == 4)
        sh_syn_enc_dx(life, enc, plant->point->dx_not); /* Z88: cannot take the first line */
    const uint32_t line = drug(life, enc, sh_syn_point_item(plant), day, 3);
    if (how == 7)
        sh_syn_self_pay(life, line);
    if (shift > 0) {
        const uint32_t after = sh_syn_plain_visit(life, hospital(life), 11, day + shift, dx);
        (void)drug(life, after, plant->point->others.at[0].item, day + shift, 2);
    }
    sh_syn_truth_line(life, plant, line);
}

/* 限适应症 */
static void plant_indication(struct syn_life *life, const struct syn_plant *plant, int how) {
    const struct syn_point *p = plant->point;
    const uint16_t cold = sh_syn_dx(life->book, SH_STR("J06.900")),
                   wrong = how == 1 || how == 3 ? cold : p->dx_not;
    const uint16_t right = p->dx[plant->nth % p->n_dx];
    const int32_t day = plant->day;
    const uint32_t enc = how == 5
                             ? sh_syn_plain_stay(life, hospital(life), day, day + 4, wrong)
                             : sh_syn_plain_visit(life, hospital(life), 11, day, how == 2 ? right : wrong);
    if (how == 3) {
        sh_syn_enc_dx(life, enc, p->dx_not);
        sh_syn_enc_dx(life, enc, right);
    }
    const uint32_t line = drug(life, enc, sh_syn_point_item(plant), how == 5 ? day + 1 : day, 3);
    if (how == 4)
        sh_syn_self_pay(life, line);
    if (how == 7)
        (void)sh_syn_refund(life, line, SYN_QTY, day + 8, false);
    sh_syn_truth_line(life, plant, line);
}

/* Days of one drug in a stay, once or twice a day; blames what lies beyond the limit. */
static void course_days(struct syn_life *life, const struct syn_plant *plant, uint32_t enc, int32_t from,
                        int n_days, int a_day, int limit) {
    const uint16_t item = sh_syn_point_item(plant);
    for (int d = 0; d < n_days; d++)
        for (int k = 0; k < a_day; k++) {
            const uint32_t line = sh_syn_line(life, enc, item, from + d, 32400 + k * 28800, SYN_QTY);
            if (d >= limit)
                sh_syn_blame(life, line);
        }
}

static int64_t blamed_fen(const struct syn_life *life) {
    int64_t fen = 0;
    for (size_t i = life->failed == SH_OK ? life->truths[life->n_truths].first : life->n_blamed;
         i < life->n_blamed; i++)
        fen += sh_syn_net(life, life->blamed[i]);
    return fen;
}

/* 支付不超过 N 天 */
static void plant_course(struct syn_life *life, const struct syn_plant *plant, int how) {
    const int limit = (int)(plant->point->number / SYN_QTY);
    const int32_t day = plant->day;
    const int n_days = how == 0 || how == 4 || how == 5 ? limit + 1
                       : how == 1                       ? limit + 2
                       : how == 6                       ? limit - 1
                                                        : limit;
    const uint32_t place = sh_syn_place(life, SYN_TERTIARY, 0, true);
    const int32_t to = day + n_days + (how == 2 ? 0 : 1);
    const uint32_t enc = sh_syn_plain_stay(life, place, day, to, plant->point->dx[0]);
    sh_syn_truth_begin(life, plant, enc);
    course_days(life, plant, enc, day, n_days, how == 1 ? 2 : 1, how == 3 || how == 6 ? 0 : limit);
    const uint32_t last = (uint32_t)life->n_lines - 1;
    if (how == 2) { /* taken home: days 11, 12 and 13 */
        const uint32_t line =
            sh_syn_line(life, enc, sh_syn_point_item(plant), to, 36000, (int64_t)3 * SYN_QTY);
        life->lines[line].flags |= SYN_TAKE_HOME, life->lines[line].days = 3;
        sh_syn_blame(life, line);
    }
    if (how == 4)
        (void)sh_syn_refund(life, last, SYN_QTY, day + n_days, true);
    if (how == 5)
        sh_syn_self_pay(life, last);
    sh_syn_truth_end(life, blamed_fen(life));
    if (how == 6) { /* as long again, in another hospital three weeks later */
        const int32_t again = to + 21;
        const uint32_t other = sh_syn_plain_stay(life, sh_syn_place(life, SYN_SECONDARY, 0, true), again,
                                                 again + n_days + 1, plant->point->dx[0]);
        sh_syn_truth_begin(life, plant, other);
        course_days(life, plant, other, again, n_days, 1, 0);
        sh_syn_truth_end(life, 0);
    }
}

/* 不超过12个月: a span, not a number of days with the drug. */
static void plant_course_span(struct syn_life *life, const struct syn_plant *plant, int how) {
    uint32_t last = 0;
    for (int i = 0; i < 5; i++) {
        const int32_t day = plant->day + i * 21;
        const uint32_t enc = sh_syn_plain_stay(life, sh_syn_place(life, SYN_TERTIARY, 0, true), day, day + 1,
                                               plant->point->dx[0]);
        life->encs[enc].med_type = 28;
        last = sh_syn_line(life, enc, sh_syn_point_item(plant), day, 36000, SYN_QTY);
    }
    (void)how;
    sh_syn_truth_line(life, plant, last);
}

/* 限二级及以上 */
static void plant_level(struct syn_life *life, const struct syn_plant *plant, int how) {
    static const enum syn_class classes[] = {SYN_PRIMARY, SYN_CLINIC,  SYN_SECONDARY, SYN_SHOP,
                                             SYN_PRIMARY, SYN_PRIMARY, SYN_PRIMARY};
    const int32_t day = plant->day;
    const uint32_t place = sh_syn_place(life, classes[how], 0, true);
    const uint16_t dx = plant->point->dx[0];
    if (how == 5) {
        const uint32_t stay = sh_syn_plain_stay(life, place, day, day + 5, dx);
        for (int d = 1; d <= 2; d++)
            sh_syn_truth_line(life, plant, drug(life, stay, sh_syn_point_item(plant), day + d, 1 + d));
        return;
    }
    const uint32_t enc = sh_syn_plain_visit(life, place, how == 3 ? 41 : 11, day, dx);
    if (how == 4)
        life->encs[enc].flags |= SYN_E_ONLINE;
    const uint32_t line = drug(life, enc, sh_syn_point_item(plant), day, 4);
    if (how == 6)
        sh_syn_self_pay(life, line);
    sh_syn_truth_line(life, plant, line);
}

/* 限就医方式; `others` of the point says what is allowed: "13|21" */
static void plant_visit(struct syn_life *life, const struct syn_plant *plant, int how) {
    const struct sh_str word = plant->point->word;
    const int32_t day = plant->day;
    int med_type = how == 3 ? 14 : how == 4 ? 13 : 11;
    if ((how == 1 || how == 2) && word.len >= 5) {
        const char *at = word.at + (how == 1 ? 0 : 3);
        med_type = (at[0] - '0') * 10 + (at[1] - '0');
    }
    uint32_t enc;
    if (sh_syn_is_inpatient(med_type)) {
        enc =
            sh_syn_plain_stay(life, hospital(life), day, day + (med_type == 28 ? 1 : 4), plant->point->dx[0]);
        life->encs[enc].med_type = (uint16_t)med_type;
    } else {
        enc = sh_syn_plain_visit(life, hospital(life), med_type, day, plant->point->dx[0]);
    }
    const uint32_t line = drug(life, enc, sh_syn_point_item(plant), day, 2);
    if (how == 5)
        sh_syn_self_pay(life, line);
    sh_syn_truth_line(life, plant, line);
}

/* 互联网医院不予支付 */
static void plant_internet(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint32_t enc = sh_syn_plain_visit(life, hospital(life), 11, plant->day, plant->point->dx[0]);
    if (how != 2)
        life->encs[enc].flags |= SYN_E_ONLINE;
    const uint32_t line = drug(life, enc, sh_syn_point_item(plant), plant->day, 3);
    if (how == 1)
        (void)sh_syn_refund(life, line, SYN_QTY, plant->day + 6, true);
    sh_syn_truth_line(life, plant, line);
}

#define V true
#define N false
static const struct syn_variant variants[] = {
    {"drug-work-injury", V, SYN_H_ADULT, plant_insurance, 0, 0, 1, 1, 0, false, "paid by ordinary insurance"},
    {"drug-work-injury", V, SYN_H_ADULT, plant_insurance, 1, 0, 11, 1, 0, false,
     "one of three refunded ten days later"},
    {"drug-work-injury", V, SYN_H_ADULT, plant_insurance, 2, 0, 5, 1, 0, false, "in a stay"},
    {"drug-work-injury", N, SYN_H_ADULT, plant_insurance, 3, 0, 1, 1, 0, false,
     "paid by the work-injury fund"},
    {"drug-work-injury", N, SYN_H_ADULT, plant_insurance, 4, 0, 1, 1, 0, false, "wholly self-paid"},
    {"drug-work-injury", N, SYN_H_ADULT, plant_insurance, 5, 0, 13, 1, 0, false,
     "wholly refunded twelve days later"},
    {"drug-work-injury", N, SYN_H_ADULT, plant_insurance, 0, 0, 1, 1, 0, true,
     "the day before the point was in force"},
    {"drug-maternity", V, SYN_H_WOMAN, plant_insurance, 0, 0, 1, 1, 0, false, "ordinary outpatient visit"},
    {"drug-maternity", V, SYN_H_WOMAN, plant_insurance, 2, 0, 5, 1, 0, false, "ordinary stay"},
    {"drug-maternity", V, SYN_H_WOMAN, plant_insurance, 1, 0, 11, 1, 0, false,
     "one of three refunded ten days later"},
    {"drug-maternity", N, SYN_H_WOMAN, plant_insurance, 12, 0, 5, 1, 0, false,
     "delivery stay paid by 310 or 390"},
    {"drug-maternity", N, SYN_H_WOMAN, plant_insurance, 13, 0, 1, 1, 0, false,
     "line flagged as a maternity cost"},
    {"drug-maternity", N, SYN_H_WOMAN, plant_insurance, 14, 0, 1, 1, 0, false, "paid by maternity insurance"},
    {"drug-maternity", N, SYN_H_WOMAN, plant_insurance, 4, 0, 1, 1, 0, false, "wholly self-paid"},
    {"drug-second-line", V, SYN_H_ADULT, plant_second_line, 0, 0, 1, 1, 0, false,
     "no first line in 365 days"},
    {"drug-second-line", V, SYN_H_ADULT, plant_second_line, 1, 0, 11, 1, 0, false,
     "first line only ten days later"},
    {"drug-second-line", V, SYN_H_ADULT, plant_second_line, 6, 366, 1, 1, 0, false,
     "first line 365 days ago: a day too early"},
    {"drug-second-line", N, SYN_H_ADULT, plant_second_line, 2, 41, 1, 1, 0, false,
     "first line 40 days ago in another hospital"},
    {"drug-second-line", N, SYN_H_ADULT, plant_second_line, 4, 0, 1, 1, 0, false, "diagnosis Z88"},
    {"drug-second-line", N, SYN_H_ADULT, plant_second_line, 3, 101, 1, 1, 0, false,
     "self-paid first line 100 days ago"},
    {"drug-second-line", N, SYN_H_ADULT, plant_second_line, 5, 365, 1, 1, 0, false,
     "first line 364 days ago"},
    {"drug-second-line", N, SYN_H_ADULT, plant_second_line, 7, 0, 1, 1, 0, false, "second line self-paid"},
    {"drug-second-line", N, SYN_H_ADULT, plant_second_line, 0, 0, 1, 1, 0, true,
     "the day before the point was in force"},
    {"drug-indication", V, SYN_H_ADULT, plant_indication, 0, 0, 1, 1, 0, false, "a neighbouring diagnosis"},
    {"drug-indication", V, SYN_H_ADULT, plant_indication, 1, 0, 1, 1, 0, false, "an unrelated diagnosis"},
    {"drug-indication", V, SYN_H_ADULT, plant_indication, 5, 0, 5, 1, 0, false, "in a stay"},
    {"drug-indication", V, SYN_H_ADULT, plant_indication, 7, 0, 9, 1, 0, false,
     "one of three refunded later without reference"},
    {"drug-indication", N, SYN_H_ADULT, plant_indication, 2, 0, 1, 1, 0, false, "the diagnosis is there"},
    {"drug-indication", N, SYN_H_ADULT, plant_indication, 3, 0, 1, 1, 0, false, "the diagnosis stands third"},
    {"drug-indication", N, SYN_H_ADULT, plant_indication, 4, 0, 1, 1, 0, false, "wholly self-paid"},
    {"drug-indication", N, SYN_H_ADULT, plant_indication, 0, 0, 1, 1, 0, true,
     "the day before the point was in force"},
    {"drug-course", V, SYN_H_ADULT, plant_course, 0, 0, 26, 1, 31, false, "one day beyond the limit"},
    {"drug-course", V, SYN_H_ADULT, plant_course, 1, 0, 26, 4, 31, false, "two days beyond; twice a day"},
    {"drug-course", V, SYN_H_ADULT, plant_course, 2, 0, 26, 1, 31, false,
     "three days taken home beyond the limit"},
    {"drug-course", N, SYN_H_ADULT, plant_course, 3, 0, 26, 1, 31, false, "exactly the limit"},
    {"drug-course", N, SYN_H_ADULT, plant_course, 4, 0, 26, 1, 31, false, "last day refunded"},
    {"drug-course", N, SYN_H_ADULT, plant_course, 5, 0, 26, 1, 31, false, "last day self-paid"},
    {"drug-course", N, SYN_H_ADULT, plant_course, 6, 0, 70, 1, 31, false, "two stays each below the limit"},
    {"drug-course", N, SYN_H_ADULT, plant_course_span, 0, 0, 86, 1, 32, false,
     "one dose every three weeks within a year"},
    {"drug-level", V, SYN_H_ADULT, plant_level, 0, 0, 1, 1, 0, false, "in a hospital of level 1"},
    {"drug-level", V, SYN_H_ADULT, plant_level, 1, 0, 1, 1, 0, false, "in a clinic without level"},
    {"drug-level", V, SYN_H_ADULT, plant_level, 5, 0, 6, 2, 0, false, "on two days of a stay in level 1"},
    {"drug-level", N, SYN_H_ADULT, plant_level, 2, 0, 1, 1, 0, false, "in a hospital of level 2"},
    {"drug-level", N, SYN_H_ADULT, plant_level, 3, 0, 1, 1, 0, false, "in a pharmacy"},
    {"drug-level", N, SYN_H_ADULT, plant_level, 4, 0, 1, 1, 0, false, "internet visit"},
    {"drug-level", N, SYN_H_ADULT, plant_level, 6, 0, 1, 1, 0, false, "wholly self-paid"},
    {"drug-level", N, SYN_H_ADULT, plant_level, 0, 0, 1, 1, 0, true, "the day before the point was in force"},
    {"drug-visit", V, SYN_H_ADULT, plant_visit, 0, 0, 1, 1, 0, false, "ordinary outpatient visit"},
    {"drug-visit", V, SYN_H_ADULT, plant_visit, 3, 0, 1, 1, 0, false, "visit for a chronic disease"},
    {"drug-visit", V, SYN_H_ADULT, plant_visit, 4, 0, 1, 1, 3, false, "emergency visit"},
    {"drug-visit", N, SYN_H_ADULT, plant_visit, 1, 0, 5, 1, 0, false, "the kind of visit that is allowed"},
    {"drug-visit", N, SYN_H_ADULT, plant_visit, 2, 0, 5, 1, 0, false,
     "the other kind of visit that is allowed"},
    {"drug-visit", N, SYN_H_ADULT, plant_visit, 5, 0, 1, 1, 0, false, "wholly self-paid"},
    {"drug-visit", N, SYN_H_ADULT, plant_visit, 0, 0, 1, 1, 0, true, "the day before the point was in force"},
    {"internet-banned", V, SYN_H_ADULT, plant_internet, 0, 0, 1, 1, 0, false, "internet visit"},
    {"internet-banned", V, SYN_H_ADULT, plant_internet, 1, 0, 7, 1, 0, false,
     "internet visit; one of three refunded"},
    {"internet-banned", N, SYN_H_ADULT, plant_internet, 2, 0, 1, 1, 0, false, "the same drug at the counter"},
    {"internet-banned", N, SYN_H_ADULT, plant_internet, 0, 0, 1, 1, 0, true,
     "the day before the point was in force"},
};

const struct syn_variant *sh_syn_drug_variants(size_t *ret_n) {
    *ret_n = sizeof variants / sizeof variants[0];
    return variants;
}
