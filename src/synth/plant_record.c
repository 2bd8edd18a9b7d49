/* Planters of the rules about how a charge was recorded: when it was uploaded, which dose was written, who is
 * said to have done it, where it was paid. */
#include "synth/plant.h"

static uint32_t clinic(struct syn_life *life, const struct syn_plant *plant) {
    return sh_syn_plain_visit(life, sh_syn_place(life, SYN_SECONDARY, 0, true), 11, plant->day,
                              plant->point->dx[0]);
}

static uint32_t charge(struct syn_life *life, const struct syn_plant *plant, uint32_t enc, int64_t units) {
    return sh_syn_line(life, enc, sh_syn_point_item(plant), plant->day, life->encs[enc].sec_from + 900,
                       units * SYN_QTY);
}

/* One line, and nothing to pay back. */
static void truth_free(struct syn_life *life, const struct syn_plant *plant, uint32_t line) {
    sh_syn_truth_begin(life, plant, life->lines[line].enc);
    sh_syn_blame(life, line);
    sh_syn_truth_end(life, 0);
}

/* how: days until the charge was uploaded; 0: in the second of the charge. */
static void plant_upload(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint32_t line = charge(life, plant, clinic(life, plant), 1);
    life->lines[line].late_days = (int16_t)how;
    if (how == 0)
        life->lines[line].flags |= SYN_UPLOADED_THEN;
    truth_free(life, plant, line);
}

/* how: milligrams at a time, four times a day; point.number may be taken a day. */
static void plant_dose(struct syn_life *life, const struct syn_plant *plant, int how) {
    const int64_t daily = 4 * (int64_t)how, max = plant->point->number / SYN_QTY;
    const uint32_t enc = clinic(life, plant), line = charge(life, plant, enc, 28);
    life->lines[line].dose_mg = (uint16_t)how;
    life->lines[line].rx = 1, life->lines[line].days = 7;
    life->encs[enc].n_rx = 1;
    sh_syn_truth_begin(life, plant, enc);
    sh_syn_blame(life, line);
    sh_syn_truth_end(life, sh_syn_share(sh_syn_net(life, line), daily - max, daily));
}

/* how: sessions one practitioner is said to have given on a day. */
static void plant_day_too_long(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint32_t line = charge(life, plant, clinic(life, plant), how);
    life->lines[line].flags |= SYN_PERFORMED;
    sh_syn_truth_begin(life, plant, life->lines[line].enc); /* of many persons: no line is named */
    sh_syn_truth_end(life, 0);
}

/* Ordered by a physician whose qualification ended the day before the point came into force. */
static void plant_unqualified(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint32_t enc = clinic(life, plant), line = charge(life, plant, enc, 1);
    (void)how;
    for (uint32_t i = life->encs[enc].line_first; i < line; i++)
        sh_syn_self_pay(life, i); /* the fee costs the fund nothing */
    for (uint32_t i = life->encs[enc].line_first; i <= line; i++)
        life->lines[i].doctor = SYN_DOCTOR_ENDED;
    sh_syn_truth_line(life, plant, line);
}

/* At the first institution. how: number within it of the physician who ordered the charge. */
static uint32_t charge_at_first(struct syn_life *life, const struct syn_plant *plant) {
    return charge(life, plant, sh_syn_plain_visit(life, 0, 11, plant->day, plant->point->dx[0]), 1);
}

static void plant_order(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint32_t line = charge_at_first(life, plant);
    life->lines[line].doctor = (uint32_t)how;
    sh_syn_truth_line(life, plant, line);
}

/* how: number of whoever performed it. */
static void plant_performance(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint32_t line = charge_at_first(life, plant);
    life->lines[line].performer = (uint8_t)how;
    sh_syn_truth_line(life, plant, line);
}

/* All of point.items in one prescription; how: but one. */
static void plant_herbs(struct syn_life *life, const struct syn_plant *plant, int how) {
    const struct syn_uses *herbs = &plant->point->items;
    const uint32_t enc = clinic(life, plant);
    life->encs[enc].n_rx = 1;
    sh_syn_truth_begin(life, plant, enc);
    for (size_t i = how ? 1 : 0; i < herbs->n; i++) {
        const uint32_t line = sh_syn_line(life, enc, herbs->at[i].item, plant->day,
                                          life->encs[enc].sec_from + 1800, (int64_t)21 * SYN_QTY);
        life->lines[line].rx = 1, life->lines[line].days = 7;
        sh_syn_blame(life, line);
    }
    sh_syn_truth_end(life, 0);
}

#define V true
#define N false
#define AD SYN_H_ADULT
#define EVE(rule, planter, how, note)                                                                        \
    { rule, N, AD, planter, how, 0, 1, 1, 0, true, note }
#define ROW(rule, kind, planter, how, after, lines, note)                                                    \
    { rule, kind, AD, planter, how, 0, after, lines, 0, false, note }
static const struct syn_variant variants[] = {
    ROW("upload-delay", V, plant_upload, 8, 10, 1, "uploaded a day too late"),
    ROW("upload-delay", N, plant_upload, 7, 10, 1, "uploaded on the last day"),
    ROW("line-information", V, plant_upload, -1, 1, 1, "uploaded the day before it was charged"),
    ROW("line-information", N, plant_upload, 0, 1, 1, "uploaded in the second it was charged"),
    ROW("label-dose", V, plant_dose, 1100, 1, 1, "a tenth beyond what the label allows a day"),
    ROW("label-dose", V, plant_dose, 2000, 1, 1, "twice what the label allows a day"),
    ROW("label-dose", N, plant_dose, 1000, 1, 1, "what the label allows"),
    ROW("practitioner-day", V, plant_day_too_long, 33, 1, 1, "more sessions than a day has hours"),
    ROW("practitioner-day", N, plant_day_too_long, 32, 1, 1, "sessions that fill a day to the minute"),
    ROW("not-qualified", V, plant_unqualified, 0, 1, 1, "ordered after the qualification had ended"),
    EVE("not-qualified", plant_unqualified, 0, "on the last day of the qualification"),
    ROW("suspended-orders", V, plant_order, SYN_DOCTOR_SUSPENDED, 1, 1, "ordered while suspended"),
    EVE("suspended-orders", plant_order, SYN_DOCTOR_SUSPENDED, "ordered the day before the suspension"),
    EVE("suspended-orders", plant_order, SYN_DOCTOR_BACK, "ordered on the day he was back"),
    ROW("suspended-services", V, plant_performance, SYN_DOCTOR_SUSPENDED, 1, 1, "given while suspended"),
    EVE("suspended-services", plant_performance, SYN_DOCTOR_SUSPENDED, "given the day before the suspension"),
    EVE("suspended-services", plant_performance, SYN_DOCTOR_BACK, "given on the day he was back"),
    ROW("herb-kinds", V, plant_herbs, 0, 1, 21, "one herb more than advised"),
    ROW("herb-kinds", N, plant_herbs, 1, 1, 1, "as many herbs as advised"),
};

const struct syn_variant *sh_syn_record_variants(size_t *ret_n) {
    *ret_n = sizeof variants / sizeof variants[0];
    return variants;
}
