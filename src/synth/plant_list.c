/* Planters of the rules about prescriptions, operations on the list, and what is billed apart or too dear. */
#include "synth/plant.h"

enum { ALL_BUT_ONE = 1, WITH_WHOLE = 2 };

static uint32_t ward(struct syn_life *life, const struct syn_plant *plant, uint16_t dx) {
    return sh_syn_plain_stay(life, sh_syn_place(life, SYN_SECONDARY, 0, true), plant->day, plant->day + 5,
                             dx);
}

static uint32_t clinic(struct syn_life *life, const struct syn_plant *plant, int32_t day) {
    return sh_syn_plain_visit(life, sh_syn_place(life, SYN_SECONDARY, 0, true), 11, day, plant->point->dx[0]);
}

static uint32_t charge(struct syn_life *life, uint32_t enc, uint16_t item, int32_t day, int64_t units,
                       int days) {
    const uint32_t line = sh_syn_line(life, enc, item, day, life->encs[enc].sec_from + 1800, units * SYN_QTY);
    const struct syn_item *i = &life->book->items[item];
    if (i->is_drug || i->is_herb) {
        life->lines[line].rx = 1, life->lines[line].days = (uint16_t)days;
        life->encs[enc].n_rx = 1;
    }
    return line;
}

static uint32_t operate(struct syn_life *life, uint32_t enc, uint16_t item, int32_t day, bool on_list) {
    struct syn_enc *e = &life->encs[enc];
    if (on_list)
        e->op[e->n_op++] = item, e->op_day = day;
    return sh_syn_line(life, enc, item, day, 36000, SYN_QTY);
}

/* A finding about a row of the list: no line is blamed. */
static void truth_without_lines(struct syn_life *life, const struct syn_plant *plant, uint32_t enc) {
    sh_syn_truth_begin(life, plant, enc);
    sh_syn_truth_end(life, 0);
}

static uint16_t other_dx(const struct syn_plant *plant, bool is_right) {
    return is_right || plant->point->dx_not == SYN_NONE ? plant->point->dx[0] : plant->point->dx_not;
}

/* ---- prescriptions ------------------------------------------------------------------------------ */

/* point.number drugs may stand in one prescription. */
static void plant_kinds(struct syn_life *life, const struct syn_plant *plant, int how) {
    const struct syn_uses *items = &plant->point->items;
    const uint32_t enc = clinic(life, plant, plant->day);
    const size_t n = (size_t)(plant->point->number / SYN_QTY) + (how & ALL_BUT_ONE ? 0 : 1);
    sh_syn_truth_begin(life, plant, enc);
    for (size_t i = 0; i < n && i < items->n; i++)
        sh_syn_blame(life, charge(life, enc, items->at[i].item, plant->day, 7, 7));
    sh_syn_truth_end(life, 0);
}

/* how: days of the prescription. */
static void plant_days(struct syn_life *life, const struct syn_plant *plant, int how) {
    const int limit = (int)(plant->point->number / SYN_QTY);
    const uint32_t enc = clinic(life, plant, plant->day);
    const uint32_t line = charge(life, enc, sh_syn_point_item(plant), plant->day, how, how);
    sh_syn_truth_begin(life, plant, enc);
    sh_syn_blame(life, line);
    sh_syn_truth_end(life, sh_syn_share(sh_syn_net(life, line), how - limit, how));
}

/* how: grams for seven days beyond point.number. */
static void plant_grams(struct syn_life *life, const struct syn_plant *plant, int how) {
    const int64_t grams = plant->point->number / SYN_QTY + how;
    const uint32_t enc = clinic(life, plant, plant->day);
    (void)charge(life, enc, plant->point->others.at[0].item, plant->day, 70, 7);
    const uint32_t line = charge(life, enc, sh_syn_point_item(plant), plant->day, grams, 7);
    sh_syn_truth_begin(life, plant, enc);
    sh_syn_blame(life, line);
    sh_syn_truth_end(life, sh_syn_share(sh_syn_net(life, line), how, grams));
}

/* An item in a visit for what it is for, or for something else; how: 1 for what it is for, 2 handed back. */
static void plant_use(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint32_t enc = clinic(life, plant, plant->day);
    life->encs[enc].dx[0] = other_dx(plant, how == 1);
    const uint32_t line = charge(life, enc, sh_syn_point_item(plant), plant->day, 7, 7);
    if (how == 2)
        (void)sh_syn_refund(life, line, (int64_t)7 * SYN_QTY, plant->day + 3, true);
    sh_syn_truth_line(life, plant, line);
}

/* Two drugs that must not be taken at once, seven days each, `how` days apart. */
static void plant_together(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint32_t first = clinic(life, plant, plant->day),
                   second = how > 0 ? clinic(life, plant, plant->day + how) : first;
    const uint32_t a = charge(life, first, plant->point->others.at[0].item, plant->day, 7, 7);
    const uint32_t b = charge(life, second, sh_syn_point_item(plant), plant->day + how, 7, 7);
    sh_syn_truth_line(life, plant, sh_syn_net(life, a) < sh_syn_net(life, b) ? a : b); /* the cheaper */
}

/* ---- operations and diagnoses of the list ------------------------------------------------------- */

static void plant_on_list(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint32_t enc = ward(life, plant, other_dx(plant, how != 1));
    if (how == 2) /* what would fit stands second */
        life->encs[enc].dx[0] = plant->point->dx_not, sh_syn_enc_dx(life, enc, plant->point->dx[0]);
    (void)operate(life, enc, sh_syn_point_item(plant), plant->day + 1, true);
    truth_without_lines(life, plant, enc);
}

/* how: days until it is done again; 0: twice in one stay. */
static void plant_again(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint16_t item = sh_syn_point_item(plant);
    const uint32_t enc = ward(life, plant, plant->point->dx[0]);
    (void)operate(life, enc, item, plant->day + 1, true);
    if (how == 0) {
        struct syn_enc *e = &life->encs[enc];
        e->op[e->n_op++] = item;
    } else {
        const uint32_t other = sh_syn_plain_stay(life, sh_syn_place(life, SYN_TERTIARY, 0, true),
                                                 plant->day + how, plant->day + how + 5, plant->point->dx[0]);
        (void)operate(life, other, item, plant->day + how + 1, true);
    }
    truth_without_lines(life, plant, enc);
}

/* A diagnosis that says what is done in the stay: done or not. */
static void plant_needs(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint32_t enc = ward(life, plant, plant->point->dx[0]);
    if (how)
        (void)sh_syn_line(life, enc, sh_syn_point_item(plant), plant->day + 1, 36000, SYN_QTY);
    truth_without_lines(life, plant, enc);
}

/* how: the last day after the operation with the antibiotic. */
static void plant_prophylaxis(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint32_t enc = ward(life, plant, plant->point->dx[0]);
    (void)operate(life, enc, plant->point->others.at[0].item, plant->day + 1, true);
    for (int d = 0; d <= how; d++)
        (void)sh_syn_line(life, enc, sh_syn_point_item(plant), plant->day + 1 + d, 39600, SYN_QTY);
    truth_without_lines(life, plant, enc);
}

/* An operation that is charged; how: and stands on the list. */
static void plant_unlisted(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint32_t enc = ward(life, plant, plant->point->dx[0]);
    (void)operate(life, enc, sh_syn_point_item(plant), plant->day + 1, how != 0);
    sh_syn_truth_begin(life, plant, enc);
    for (uint32_t i = life->encs[enc].line_first; i < life->n_lines; i++)
        if (life->lines[i].enc == enc)
            sh_syn_blame(life, i);
    sh_syn_truth_end(life, 0);
}

/* ---- money -------------------------------------------------------------------------------------- */

/* how: per cent of the catalogue's price; low: what may be paid, yuan. */
static void plant_dear(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint32_t enc = ward(life, plant, plant->point->dx[0]);
    const uint32_t line = operate(life, enc, sh_syn_point_item(plant), plant->day + 1, false);
    const struct syn_item *item = &life->book->items[life->lines[line].item];
    if (item->is_service) {
        struct syn_enc *e = &life->encs[enc];
        e->op[e->n_op++] = life->lines[line].item, e->op_day = plant->day + 1;
    }
    life->lines[line].price = life->lines[line].price * how / 100;
    sh_syn_price(life, line);
    const int64_t over = sh_syn_net(life, line) - (int64_t)plant->point->low * 100;
    sh_syn_truth_begin(life, plant, enc);
    sh_syn_blame(life, line);
    sh_syn_truth_end(life, over > 0 ? over : 0);
}

/* Parts of a service charged one by one; low: the price of the whole, yuan. */
static void plant_parts(struct syn_life *life, const struct syn_plant *plant, int how) {
    const struct syn_uses *parts = &plant->point->items;
    const uint32_t enc = clinic(life, plant, plant->day);
    int64_t fen = -(int64_t)plant->point->low * 100;
    sh_syn_truth_begin(life, plant, enc);
    for (size_t i = how & ALL_BUT_ONE ? 1 : 0; i < parts->n; i++) {
        const uint32_t line = charge(life, enc, parts->at[i].item, plant->day, 1, 1);
        sh_syn_blame(life, line);
        fen += sh_syn_net(life, line);
    }
    if (how & WITH_WHOLE)
        (void)charge(life, enc, plant->point->others.at[0].item, plant->day, 1, 1);
    sh_syn_truth_end(life, fen);
}

#define V true
#define N false
#define AD SYN_H_ADULT
#define ROW(rule, kind, host, planter, how, after, lines, note)                                              \
    { rule, kind, host, planter, how, 0, after, lines, 0, false, note }
static const struct syn_variant variants[] = {
    ROW("rx-kinds", V, AD, plant_kinds, 0, 1, 6, "one drug more than a prescription may name"),
    ROW("rx-kinds", N, AD, plant_kinds, ALL_BUT_ONE, 1, 1, "as many drugs as it may name"),
    ROW("rx-days", V, AD, plant_days, 85, 1, 1, "one day beyond twelve weeks"),
    ROW("rx-days", V, AD, plant_days, 90, 1, 1, "ninety days"),
    ROW("rx-days", N, AD, plant_days, 84, 1, 1, "twelve weeks exactly"),
    ROW("herb-max", V, AD, plant_grams, 1, 1, 1, "one gram beyond five times the pharmacopoeia"),
    ROW("herb-max", V, AD, plant_grams, 350, 1, 1, "far beyond it"),
    ROW("herb-max", N, AD, plant_grams, 0, 1, 1, "five times exactly"),
    ROW("label-indication", V, SYN_H_WOMAN, plant_use, 0, 1, 1, "for what the label does not name"),
    ROW("label-indication", N, SYN_H_WOMAN, plant_use, 1, 1, 1, "for what it names"),
    ROW("label-indication", N, SYN_H_WOMAN, plant_use, 2, 5, 1, "handed back in full"),
    ROW("drug-interaction", V, SYN_H_WOMAN, plant_together, 0, 1, 1, "in one prescription"),
    ROW("drug-interaction", V, SYN_H_WOMAN, plant_together, 6, 8, 1, "the last day of the first drug"),
    ROW("drug-interaction", N, SYN_H_WOMAN, plant_together, 7, 9, 1, "the day after it"),
    ROW("operation-sex", V, SYN_H_WRONG_SEX, plant_on_list, 0, 5, 1, "the other sex"),
    ROW("operation-sex", N, SYN_H_SEX_9, plant_on_list, 0, 5, 1, "sex not stated"),
    ROW("operation-sex", N, SYN_H_RIGHT, plant_on_list, 0, 5, 1, "the right sex"),
    ROW("diagnosis-operation", V, SYN_H_MAN_OLD, plant_on_list, 1, 5, 1, "a main diagnosis of another organ"),
    ROW("diagnosis-operation", V, SYN_H_MAN_OLD, plant_on_list, 2, 5, 1, "the fitting one stands second"),
    ROW("diagnosis-operation", N, SYN_H_MAN_OLD, plant_on_list, 0, 5, 1, "a main diagnosis that fits"),
    ROW("once-in-life", V, AD, plant_again, 40, 50, 1, "taken out twice"),
    ROW("once-in-life", N, AD, plant_again, 0, 5, 1, "named twice in one stay"),
    ROW("diagnosis-needs", V, AD, plant_needs, 0, 5, 1, "a course of radiotherapy without one session"),
    ROW("diagnosis-needs", N, AD, plant_needs, 1, 5, 1, "with one"),
    ROW("prophylaxis", V, AD, plant_prophylaxis, 2, 5, 1, "still given on the second day after"),
    ROW("prophylaxis", N, AD, plant_prophylaxis, 1, 5, 1, "until the day after"),
    ROW("operation-code", V, AD, plant_unlisted, 0, 5, 30, "charged and not on the list"),
    ROW("operation-code", N, AD, plant_unlisted, 1, 5, 1, "charged and on the list"),
    ROW("service-price-cap", V, AD, plant_dear, 110, 5, 1, "a tenth beyond the cap"),
    ROW("service-price-cap", N, AD, plant_dear, 100, 5, 1, "the cap exactly"),
    ROW("material-total", V, SYN_H_MAN_OLD, plant_dear, 500, 5, 1, "dearer than a case may cost"),
    ROW("material-total", N, SYN_H_MAN_OLD, plant_dear, 450, 5, 1, "as dear as it may be"),
    ROW("service-bundle", V, AD, plant_parts, 0, 1, 5, "all parts one by one"),
    ROW("service-bundle", N, AD, plant_parts, ALL_BUT_ONE, 1, 1, "one part is not charged"),
    ROW("service-bundle", N, AD, plant_parts, WITH_WHOLE, 1, 1, "beside the whole"),
};

const struct syn_variant *sh_syn_list_variants(size_t *ret_n) {
    *ret_n = sizeof variants / sizeof variants[0];
    return variants;
}
