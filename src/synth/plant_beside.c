/* Planters of the rules about registers and about several persons: rights, allowances, long-term care, trace
 * codes, settlement lists, beds, families, invoices. Companions of the host are persons of their own. */
#include "synth/plant.h"

static uint32_t hospital(const struct syn_life *life) {
    return sh_syn_place(life, SYN_SECONDARY, 0, true);
}

static uint32_t visit(struct syn_life *life, const struct syn_plant *plant, int32_t day) {
    return sh_syn_plain_visit(life, hospital(life), 11, day, plant->point->dx[0]);
}

static uint32_t ward(struct syn_life *life, const struct syn_plant *plant, int32_t from, int32_t to) {
    return sh_syn_plain_stay(life, hospital(life), from, to, plant->point->dx[0]);
}

/* A finding that names no charge. */
static void truth_bare(struct syn_life *life, const struct syn_plant *plant, uint32_t enc, int64_t fen) {
    sh_syn_truth_begin(life, plant, enc);
    sh_syn_truth_end(life, fen);
}

/* ---- rights -------------------------------------------------------------------------------------- */

enum { FROM_TOMORROW, FROM_TODAY, UNTIL_YESTERDAY, UNTIL_TODAY };

/* A drug of the list of a disease, the right to which begins or ends on or beside this day. */
static void plant_right(struct syn_life *life, const struct syn_plant *plant, int how) {
    enum { DIALYSIS = 3 };
    const bool is_end = how >= UNTIL_YESTERDAY;
    const uint32_t enc = sh_syn_plain_visit(life, hospital(life), 14, plant->day, plant->point->dx[0]);
    life->person.dialysis = false; /* who is dialysed comes for it on other days as well */
    life->encs[enc].disease = DIALYSIS;
    for (uint32_t i = life->encs[enc].line_first; i < life->n_lines; i++)
        sh_syn_self_pay(life, i); /* the fee costs the fund nothing */
    const uint32_t line = sh_syn_line(life, enc, sh_syn_point_item(plant), plant->day,
                                      life->encs[enc].sec_from + 1800, (int64_t)7 * SYN_QTY);
    life->lines[line].rx = 1, life->lines[line].days = 7;
    life->encs[enc].n_rx = 1;
    sh_syn_beside(life, (struct syn_beside){.kind = SYN_B_RIGHT,
                                            .number = DIALYSIS,
                                            .from = is_end ? sh_days_of(2020, 1, 1)
                                                           : plant->day + (how == FROM_TOMORROW),
                                            .to = is_end ? plant->day - (how == UNTIL_YESTERDAY) : 0});
    sh_syn_truth_line(life, plant, line);
}

/* ---- allowances ---------------------------------------------------------------------------------- */

enum { WAGE_FEN = 600000, ALLOWANCE_DAYS = 42 };

/* Insured since `from`; an allowance of 42 days from `day` on a daily base of `base_fen` a month. */
static int64_t allow(struct syn_life *life, uint32_t place, int32_t day, int64_t base_fen) {
    const int64_t fen = sh_syn_share(base_fen, ALLOWANCE_DAYS, 30);
    sh_syn_beside(life, (struct syn_beside){.kind = SYN_B_ALLOWANCE,
                                            .place = (uint16_t)place,
                                            .number = life->person.index,
                                            .from = day,
                                            .to = day + ALLOWANCE_DAYS - 1,
                                            .fen = fen,
                                            .base_fen = base_fen});
    return fen;
}

static void insure(struct syn_life *life, int32_t from) {
    sh_syn_beside(
        life, (struct syn_beside){
                  .kind = SYN_B_INSURED, .number = life->person.index, .from = from, .base_fen = WAGE_FEN});
}

/* point.number: months of enrolment wanted; how: days too late, or (below 0) fen beyond twice the wage, less
 * one. */
static void plant_enrolment(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint32_t enc = visit(life, plant, plant->day);
    const int months = (int)(plant->point->number / SYN_QTY);
    int32_t from = sh_add_months(plant->day, -months) + (how > 0 ? how : 0);
    while (how > 0 &&
           sh_add_months(from, months) <= plant->day) /* 31 December: nine months on 30 September */
        from++;
    insure(life, from);
    truth_bare(life, plant, enc,
               allow(life, life->encs[enc].place, plant->day, how < 0 ? 2 * WAGE_FEN - how - 1 : WAGE_FEN));
}

/* how: days from the last visit in pregnancy to the allowance; 0: none. */
static void plant_birth(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint32_t enc = sh_syn_plain_visit(life, hospital(life), 11, plant->day - how,
                                            how ? plant->point->dx[0] : plant->point->dx_not);
    insure(life, sh_days_of(2020, 1, 1));
    truth_bare(life, plant, enc, allow(life, life->encs[enc].place, plant->day, WAGE_FEN));
}

/* how: days from the beginning of the first allowance to that of the second. */
static void plant_allowances(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint32_t enc = visit(life, plant, plant->day);
    insure(life, sh_days_of(2020, 1, 1));
    (void)allow(life, life->encs[enc].place, plant->day, WAGE_FEN);
    truth_bare(life, plant, enc, allow(life, life->encs[enc].place, plant->day + how, WAGE_FEN));
}

/* ---- long-term care ------------------------------------------------------------------------------ */

static void care(struct syn_life *life, uint32_t enc, uint8_t companion, int32_t day, int32_t sec,
                 int minutes) {
    sh_syn_beside(life, (struct syn_beside){.kind = SYN_B_CARE,
                                            .companion = companion,
                                            .place = life->encs[enc].place,
                                            .number = life->person.index,
                                            .from = day,
                                            .sec = sec,
                                            .minutes = minutes,
                                            .fen = 50 * (int64_t)minutes});
}

/* how: day of the stay on which care at home is charged. */
static void plant_care_in_stay(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint32_t enc = ward(life, plant, plant->day, plant->day + 5);
    care(life, enc, 0, plant->day + how, 54000, 60);
    truth_bare(life, plant, enc, 3000);
}

/* how: minutes of each of three services of one carer, which begin eight hours less a quarter apart. */
static void plant_care_day(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint32_t enc = visit(life, plant, plant->day);
    for (int i = 0; i < 3; i++)
        care(life, enc, 0, plant->day, i * 27900, how);
    truth_bare(life, plant, enc, 0);
}

/* how: minutes of a service that begins at eight in the evening, on a day with seventeen hours before it. */
static void plant_care_night(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint32_t enc = visit(life, plant, plant->day);
    care(life, enc, 0, plant->day, 0, 480);
    care(life, enc, 0, plant->day, 30600, 540);
    care(life, enc, 0, plant->day, 72000, how);
    truth_bare(life, plant, enc, 0);
}

/* Died in hospital; how: days after that on which care at home is charged. */
static void plant_care_dead(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint32_t enc = ward(life, plant, plant->day - 4, plant->day);
    life->encs[enc].leaving = 5, life->encs[enc].sec_to = 80000;
    life->encs[enc].flags |= SYN_E_DIED;
    life->death = plant->day;
    for (int32_t d = plant->day; d <= life->city->last_day; d++)
        life->calendar[d - life->city->first_day] = 3;
    care(life, enc, 0, plant->day + how, 36000, 60);
    truth_bare(life, plant, enc, 3000);
}

/* An hour of care; how: minutes more are recorded. */
static void plant_care_beyond(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint32_t enc = visit(life, plant, plant->day);
    care(life, enc, 0, plant->day, 54000, 60);
    if (life->failed == SH_OK)
        life->beside[life->n_beside - 1].beyond = how;
    truth_bare(life, plant, enc, 0);
}

/* how: seconds from the beginning of an hour for one person to the beginning for another. */
static void plant_care_twice(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint32_t enc = visit(life, plant, plant->day);
    care(life, enc, 0, plant->day, 32400, 60);
    care(life, enc, 1, plant->day, 32400 + how, 90);
    truth_bare(life, plant, enc, 3000); /* the cheaper */
}

/* how: as before, from half past eleven at night for the one to the small hours for the other. */
static void plant_care_midnight(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint32_t enc = visit(life, plant, plant->day);
    care(life, enc, 0, plant->day, 84600, 60);
    care(life, enc, 1, plant->day + (84600 + how) / 86400, (84600 + how) % 86400, 90);
    truth_bare(life, plant, enc, 3000);
}

/* ---- trace codes --------------------------------------------------------------------------------- */

static void scan(struct syn_life *life, uint32_t enc, enum syn_beside_kind kind, uint32_t code, int32_t day,
                 bool is_back, bool is_split) {
    sh_syn_beside(life, (struct syn_beside){.kind = kind,
                                            .place = life->encs[enc].place,
                                            .number = code,
                                            .from = day,
                                            .sec = 36000 + 60 * (int32_t)life->n_beside,
                                            .is_back = is_back,
                                            .is_split = is_split});
}

enum { SOLD_TWICE, SOLD_BACK, SOLD_SPLIT };

static void plant_trace(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint32_t enc =
        sh_syn_plain_visit(life, sh_syn_place(life, SYN_SHOP, 0, true), 41, plant->day, SYN_NONE);
    (void)sh_syn_line(life, enc, sh_syn_point_item(plant), plant->day, 36000, SYN_QTY);
    scan(life, enc, SYN_B_SOLD, 1, plant->day, false, how == SOLD_SPLIT);
    if (how == SOLD_BACK)
        scan(life, enc, SYN_B_SOLD, 1, plant->day + 1, true, false);
    scan(life, enc, SYN_B_SOLD, 1, plant->day + 2, false, how == SOLD_SPLIT);
    truth_bare(life, plant, enc, 0);
}

/* Two packs bought; how: packs sold, the last of them handed back when that is above ten. */
static void plant_traced(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint32_t enc =
        sh_syn_plain_visit(life, sh_syn_place(life, SYN_SHOP, 0, true), 41, plant->day, SYN_NONE);
    const uint32_t sold = (uint32_t)how % 10;
    (void)sh_syn_line(life, enc, sh_syn_point_item(plant), plant->day, 36000, SYN_QTY);
    for (uint32_t i = 0; i < 2; i++)
        scan(life, enc, SYN_B_BOUGHT, i, plant->day - 1, false, false);
    for (uint32_t i = 0; i < sold; i++)
        scan(life, enc, SYN_B_SOLD, i, plant->day, false, false);
    if (how > 10)
        scan(life, enc, SYN_B_SOLD, sold - 1, plant->day + 1, true, false);
    truth_bare(life, plant, enc, 0);
}

/* ---- settlement lists ---------------------------------------------------------------------------- */

/* how: enum syn_list_fault. */
static void plant_list(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint32_t enc = ward(life, plant, plant->day, plant->day + 3);
    life->encs[enc].fault = (uint8_t)how;
    truth_bare(life, plant, enc, 0);
}

/* Home, and back after `how` days for another disease; below 0: the second stay is not paid by group. */
static void plant_split(struct syn_life *life, const struct syn_plant *plant, int how) {
    const int32_t back = plant->day + 3 + (how < 0 ? -how : how);
    const uint32_t first = ward(life, plant, plant->day, plant->day + 3);
    const uint32_t second = sh_syn_plain_stay(life, hospital(life), back, back + 3, plant->point->dx_not);
    life->encs[first].drg = 1, life->encs[second].drg = how < 0 ? 0 : 2;
    life->encs[first].flags |= SYN_E_DRG;
    sh_syn_truth_begin(life, plant, second);
    for (uint32_t i = life->encs[second].line_first; i < life->n_lines; i++)
        sh_syn_blame(life, i);
    sh_syn_truth_end(life, 0);
}

enum { GROUP_INTERNAL = 1, GROUP_SURGICAL = 3 };

/* A stay of a surgical group; how: operated; below 0: of a group without an operation. */
static void plant_grouped(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint32_t enc = ward(life, plant, plant->day, plant->day + 5);
    struct syn_enc *e = &life->encs[enc];
    e->drg = how < 0 ? GROUP_INTERNAL : GROUP_SURGICAL, e->flags |= SYN_E_DRG;
    if (how > 0) {
        e->op[e->n_op++] = sh_syn_point_item(plant), e->op_day = plant->day + 1;
        (void)sh_syn_line(life, enc, sh_syn_point_item(plant), plant->day + 1, 36000, SYN_QTY);
    }
    truth_bare(life, plant, enc, 0);
}

/* A test charged at the clinic of the same hospital; how: days after the admission, of five; below 0: as
 * many, and the stay is paid by item. */
static void plant_shifted(struct syn_life *life, const struct syn_plant *plant, int how) {
    const int32_t day = plant->day + (how < 0 ? -how : how);
    const uint32_t stay = ward(life, plant, plant->day, plant->day + 5);
    const uint32_t enc = visit(life, plant, day);
    if (how >= 0)
        life->encs[stay].drg = GROUP_INTERNAL, life->encs[stay].flags |= SYN_E_DRG;
    for (uint32_t i = life->encs[enc].line_first; i < life->n_lines; i++)
        sh_syn_self_pay(life, i); /* the fee costs the fund nothing */
    sh_syn_truth_line(
        life, plant,
        sh_syn_line(life, enc, sh_syn_point_item(plant), day, life->encs[enc].sec_from + 900, SYN_QTY));
}

/* ---- several persons ----------------------------------------------------------------------------- */

/* how: nights both lie in one bed. */
static void plant_bed(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint32_t first = ward(life, plant, plant->day, plant->day + 5);
    const uint32_t second = ward(life, plant, plant->day + 5 - how, plant->day + 9 - how);
    life->encs[first].bed = life->encs[second].bed = life->person.index + 1;
    life->encs[second].companion = 1;
    truth_bare(life, plant, second, 0);
}

/* how: persons of one employer; below 0: of one family, admitted on a day. */
static void plant_gathered(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint8_t n = (uint8_t)(how < 0 ? -how : how);
    uint32_t enc = 0;
    for (uint8_t i = 0; i < n; i++) {
        enc = ward(life, plant, plant->day, plant->day + 3);
        life->encs[enc].companion = i;
        life->encs[enc].gathered_bed = (uint64_t)SYN_COMPANIONS_MAX * life->person.index + i + 1;
        life->encs[enc].employer = how < 0 ? 0 : life->person.index + 1;
        if (how < 0)
            sh_syn_beside(life, (struct syn_beside){.kind = SYN_B_INSURED,
                                                    .companion = i,
                                                    .number = life->person.index,
                                                    .family = life->person.index + 1,
                                                    .from = sh_days_of(2020, 1, 1),
                                                    .base_fen = WAGE_FEN});
    }
    truth_bare(life, plant, enc, 0);
}

/* One invoice in the hands of two persons; how: of one person on two days. */
static void plant_invoice(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint32_t first = visit(life, plant, plant->day), second = visit(life, plant, plant->day + 1);
    life->encs[second].invoice = first + 1;
    life->encs[second].companion = how ? 0 : 1;
    truth_bare(life, plant, second, 0);
}

#define V true
#define N false
#define AD SYN_H_ADULT
#define MOTHER SYN_H_WOMAN_45
#define ROW(rule, kind, host, planter, how, before, after, lines, note)                                      \
    { rule, kind, host, planter, how, before, after, lines, 0, false, note }
static const struct syn_variant variants[] = {
    ROW("chronic-entitlement", V, AD, plant_right, FROM_TOMORROW, 0, 1, 1, "the day before the right begins"),
    ROW("chronic-entitlement", V, AD, plant_right, UNTIL_YESTERDAY, 0, 1, 1, "the day after it ended"),
    ROW("chronic-entitlement", N, AD, plant_right, FROM_TODAY, 0, 1, 1, "the day it begins"),
    ROW("chronic-entitlement", N, AD, plant_right, UNTIL_TODAY, 0, 1, 1, "its last day"),
    ROW("allowance-enrolment", V, MOTHER, plant_enrolment, 1, 1, 1, 1,
        "a day short of nine months of enrolment"),
    ROW("allowance-enrolment", V, MOTHER, plant_enrolment, -2, 1, 1, 1, "a fen beyond twice the wage"),
    ROW("allowance-enrolment", N, MOTHER, plant_enrolment, 0, 1, 1, 1, "nine months exactly"),
    ROW("allowance-enrolment", N, MOTHER, plant_enrolment, -1, 1, 1, 1, "twice the wage exactly"),
    ROW("allowance-no-birth", V, MOTHER, plant_birth, 0, 1, 1, 1, "no sign of a pregnancy"),
    ROW("allowance-no-birth", V, MOTHER, plant_birth, 61, 62, 1, 1, "sixty-one days after the last sign"),
    ROW("allowance-no-birth", N, MOTHER, plant_birth, 60, 61, 1, 1, "sixty days after it"),
    ROW("allowance-twice", V, MOTHER, plant_allowances, 41, 1, 43, 1, "the last day of the first again"),
    ROW("allowance-twice", N, MOTHER, plant_allowances, 42, 1, 43, 1, "from the day after"),
    ROW("care-in-stay", V, AD, plant_care_in_stay, 2, 1, 6, 1, "care at home during a stay"),
    ROW("care-in-stay", N, AD, plant_care_in_stay, 5, 1, 6, 1, "on the day of discharge"),
    ROW("care-minutes", V, AD, plant_care_day, 481, 0, 1, 1, "three minutes more than a day has"),
    ROW("care-minutes", N, AD, plant_care_day, 480, 0, 1, 1, "as many minutes as a day has"),
    ROW("care-minutes", N, AD, plant_care_night, 600, 0, 2, 1, "a night that is half of the next day"),
    ROW("care-overlap", V, AD, plant_care_twice, 3599, 0, 1, 1, "one second at two persons"),
    ROW("care-overlap", N, AD, plant_care_twice, 3600, 0, 1, 1, "one after the other"),
    ROW("care-overlap", V, AD, plant_care_midnight, 3599, 0, 2, 1, "one second behind midnight"),
    ROW("care-overlap", N, AD, plant_care_midnight, 3600, 0, 2, 1, "one after the other at night"),
    ROW("care-after-death", V, AD, plant_care_dead, 1, 6, 2, 1, "care on the day after the death"),
    ROW("care-after-death", N, AD, plant_care_dead, 0, 6, 2, 1, "on the day of the death"),
    ROW("care-record", V, AD, plant_care_beyond, 1, 0, 1, 1, "a minute more than it lasted"),
    ROW("care-record", N, AD, plant_care_beyond, 0, 0, 1, 1, "as many minutes as it lasted"),
    ROW("trace-twice", V, AD, plant_trace, SOLD_TWICE, 1, 3, 1, "a pack sold twice"),
    ROW("trace-twice", N, AD, plant_trace, SOLD_BACK, 1, 3, 1, "handed back between"),
    ROW("trace-twice", N, AD, plant_trace, SOLD_SPLIT, 1, 3, 1, "an opened pack"),
    ROW("trace-stock", V, AD, plant_traced, 3, 2, 2, 1, "three packs sold of two bought"),
    ROW("trace-stock", N, AD, plant_traced, 2, 2, 2, 1, "two sold"),
    ROW("trace-stock", N, AD, plant_traced, 13, 2, 2, 1, "three sold and one handed back"),
    ROW("settlement-list", V, AD, plant_list, SYN_L_NO_RECORD, 0, 4, 1, "no number of the record"),
    ROW("settlement-list", V, AD, plant_list, SYN_L_NO_SEX, 0, 4, 1, "no sex"),
    ROW("settlement-list", V, AD, plant_list, SYN_L_NO_PHYSICIAN, 0, 4, 1, "no physician"),
    ROW("settlement-list", V, AD, plant_list, SYN_L_DATES, 0, 4, 1, "discharge before admission"),
    ROW("settlement-list", V, AD, plant_list, SYN_L_MONEY, 0, 4, 1, "the fund pays more than the whole"),
    ROW("settlement-list", V, AD, plant_list, SYN_L_WEIGHT, 0, 4, 1, "28 days old without a weight"),
    ROW("settlement-list", N, AD, plant_list, SYN_L_OLDER, 0, 4, 1, "29 days old without a weight"),
    ROW("case-split", V, AD, plant_split, 15, 1, 22, 10, "back on the last day that counts"),
    ROW("case-split", V, AD, plant_split, 4, 1, 22, 10, "back after four days"),
    ROW("case-split", N, AD, plant_split, 16, 1, 22, 1, "back a day later"),
    ROW("case-split", N, AD, plant_split, -4, 1, 22, 1, "the second stay is paid by item"),
    ROW("case-operation", V, AD, plant_grouped, 0, 1, 6, 1, "a surgical group without an operation"),
    ROW("case-operation", N, AD, plant_grouped, 1, 1, 6, 1, "with its operation"),
    ROW("case-operation", N, AD, plant_grouped, -1, 1, 6, 1, "a group of internal medicine"),
    ROW("case-shifted", V, AD, plant_shifted, 1, 1, 6, 1, "a test at the clinic the day after admission"),
    ROW("case-shifted", V, AD, plant_shifted, 4, 1, 6, 1, "the day before discharge"),
    ROW("case-shifted", N, AD, plant_shifted, 0, 1, 6, 1, "on the day of admission"),
    ROW("case-shifted", N, AD, plant_shifted, 5, 1, 6, 1, "on the day of discharge"),
    ROW("case-shifted", N, AD, plant_shifted, -2, 1, 6, 1, "the stay is paid by item"),
    ROW("bed-shared", V, AD, plant_bed, 1, 1, 10, 1, "two in one bed for a night"),
    ROW("bed-shared", N, AD, plant_bed, 0, 1, 10, 1, "one after the other"),
    ROW("gathered-stays", V, AD, plant_gathered, 6, 1, 4, 1, "six of one employer on a day"),
    ROW("gathered-stays", N, AD, plant_gathered, 5, 1, 4, 1, "five of one employer"),
    ROW("gathered-family", V, AD, plant_gathered, -4, 1, 4, 1, "four of a family on a day"),
    ROW("gathered-family", N, AD, plant_gathered, -3, 1, 4, 1, "three of a family"),
    ROW("invoice-twice", V, AD, plant_invoice, 0, 0, 2, 1, "one invoice of two persons"),
    ROW("invoice-twice", N, AD, plant_invoice, 1, 0, 2, 1, "one invoice of one person"),
};

const struct syn_variant *sh_syn_beside_variants(size_t *ret_n) {
    *ret_n = sizeof variants / sizeof variants[0];
    return variants;
}
