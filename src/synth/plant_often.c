/* Planters of the rules that look over many visits: too often, more than one can use, a bed nobody is treated
 * in. */
#include "synth/plant.h"

/* A finding about a visit, which costs nothing: all it charged is named. */
static void truth_of_visit(struct syn_life *life, const struct syn_plant *plant, uint32_t enc) {
    sh_syn_truth_begin(life, plant, enc);
    for (uint32_t i = life->encs[enc].line_first; i < life->n_lines; i++)
        if (life->lines[i].enc == enc)
            sh_syn_blame(life, i);
    sh_syn_truth_end(life, 0);
}

static uint32_t shop(struct syn_life *life, uint32_t place, int32_t day) {
    const uint32_t enc = sh_syn_plain_visit(life, place, 41, day, SYN_NONE);
    life->encs[enc].flags |= SYN_E_ACCOUNT;
    return enc;
}

/* how: visits within thirty days, two a day at two institutions; the first and the last stand alone. */
static void plant_visits(struct syn_life *life, const struct syn_plant *plant, int how) {
    static const enum syn_class classes[2] = {SYN_SECONDARY, SYN_TERTIARY};
    uint32_t last = 0;
    for (int i = 0; i < how; i++)
        last = sh_syn_plain_visit(life, sh_syn_place(life, classes[i % 2], 0, true), 11,
                                  plant->day + (i + 1) / 2, plant->point->dx[0]);
    truth_of_visit(life, plant, last);
}

/* how: purchases, one a day. */
static void plant_purchases(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint32_t place = sh_syn_place(life, SYN_SHOP, 0, true);
    uint32_t last = 0;
    for (int i = 0; i < how; i++) {
        last = shop(life, place, plant->day + i);
        (void)sh_syn_line(life, last, sh_syn_point_item(plant), plant->day + i, 40000, SYN_QTY);
    }
    truth_of_visit(life, plant, last);
}

/* how: stays of two nights, four days apart, each for another disease. */
static void plant_stays(struct syn_life *life, const struct syn_plant *plant, int how) {
    static const char *const dxs[] = {"J18.900", "I50.900", "N39.000", "E11.900", "K26.900", "M51.200"};
    static const enum syn_class classes[2] = {SYN_SECONDARY, SYN_TERTIARY};
    uint32_t last = 0;
    for (size_t i = 0; i < life->n_encs; i++)
        if (sh_syn_is_inpatient(life->encs[i].med_type)) { /* planted before; it would count as well */
            life->not_planted++;
            return;
        }
    sh_syn_no_more_stays(life);
    for (int i = 0; i < how; i++)
        last = sh_syn_plain_stay(life, sh_syn_place(life, classes[i % 2], 0, true), plant->day + 4 * i,
                                 plant->day + 4 * i + 2, sh_syn_dx(life->book, sh_str_of(dxs[i])));
    truth_of_visit(life, plant, last);
}

enum { REMOTE, REMOTE_BELOW, REMOTE_AT_HOME };

/* A stay that costs the threshold (of the point, in yuan), what no fund pays included. */
static void plant_remote(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint32_t enc = sh_syn_plain_stay(life, sh_syn_place(life, SYN_TERTIARY, 0, true), plant->day,
                                           plant->day + 3, plant->point->dx[0]);
    int64_t rest = plant->point->number / SYN_QTY * 100 - (how == REMOTE_BELOW);
    for (uint32_t i = life->encs[enc].line_first; i < life->n_lines; i++)
        rest -= life->lines[i].amount;
    const uint32_t line = sh_syn_line(life, enc, sh_syn_point_item(plant), plant->day, 39600, SYN_QTY);
    life->lines[line].price = rest * 10000;
    sh_syn_self_pay(life, line);
    if (how != REMOTE_AT_HOME)
        life->encs[enc].flags |= SYN_E_REMOTE;
    sh_syn_truth_begin(life, plant, enc);
    sh_syn_truth_end(life, 0);
}

static uint32_t supply(struct syn_life *life, const struct syn_plant *plant, uint32_t place, int32_t day,
                       int days) {
    const uint32_t enc = sh_syn_plain_visit(life, place, 11, day, plant->point->dx[0]);
    const uint32_t line = sh_syn_line(life, enc, sh_syn_point_item(plant), day,
                                      life->encs[enc].sec_from + 1800, days * (int64_t)SYN_QTY);
    life->lines[line].rx = 1, life->lines[line].days = (uint16_t)days;
    life->encs[enc].n_rx = 1;
    return line;
}

/* Four prescriptions of twelve weeks, a week apart, and a fifth of `how` days; point.number days may stand.
 */
static void plant_hoard(struct syn_life *life, const struct syn_plant *plant, int how) {
    enum { FULL = 4, WEEKS_12 = 84 };
    const uint32_t place = sh_syn_place(life, SYN_SECONDARY, 0, true);
    for (int i = 0; i < FULL; i++)
        (void)supply(life, plant, place, plant->day + 7 * i, WEEKS_12);
    const uint32_t line = supply(life, plant, place, plant->day + 7 * FULL, how);
    const int64_t rest = plant->point->number / SYN_QTY - (int64_t)FULL * WEEKS_12;
    sh_syn_truth_begin(life, plant, life->lines[line].enc);
    sh_syn_blame(life, line);
    sh_syn_truth_end(life, sh_syn_share(sh_syn_net(life, line), how - rest, how));
}

/* One substance at four institutions within a quarter, `how` days each; or at three, when how is 0. */
static void plant_resale(struct syn_life *life, const struct syn_plant *plant, int how) {
    static const enum syn_class classes[4] = {SYN_TERTIARY, SYN_SECONDARY, SYN_PRIMARY, SYN_CLINIC};
    const struct sh_civil first = sh_civil_of(plant->day), last = sh_civil_of(plant->day + 3);
    const bool is_cut = (first.month - 1) / 3 != (last.month - 1) / 3;
    const int n = how ? 4 : 3, days = how ? how : 62;
    const int32_t from = plant->day - (is_cut ? n - 1 : 0);
    int64_t fen = 0;
    uint32_t lines[4];
    for (int i = 0; i < n; i++) {
        lines[i] = supply(life, plant, sh_syn_place(life, classes[i], 0, false), from + i, days);
        fen += sh_syn_net(life, lines[i]);
    }
    sh_syn_truth_begin(life, plant, life->lines[lines[0]].enc);
    for (int i = 0; i < n; i++)
        sh_syn_blame(life, lines[i]);
    sh_syn_truth_end(
        life, sh_syn_share(fen, (int64_t)n * days - plant->point->number / SYN_QTY, (int64_t)n * days));
}

/* how: days of one purchase at a pharmacy; point.number may be bought at once. */
static void plant_bought(struct syn_life *life, const struct syn_plant *plant, int how) {
    const int limit = (int)(plant->point->number / SYN_QTY);
    const uint32_t enc =
        sh_syn_plain_visit(life, sh_syn_place(life, SYN_SHOP, 0, true), 41, plant->day, SYN_NONE);
    const uint32_t line =
        sh_syn_line(life, enc, sh_syn_point_item(plant), plant->day, 40000, how * (int64_t)SYN_QTY);
    life->lines[line].rx = 1, life->lines[line].days = (uint16_t)how;
    sh_syn_truth_begin(life, plant, enc);
    sh_syn_blame(life, line);
    sh_syn_truth_end(life, sh_syn_share(sh_syn_net(life, line), how - limit, how));
}

/* What the pool pays on two days, together point.low yuan, less a fen where how is 1; how 2: a day between.
 */
static void plant_rush(struct syn_life *life, const struct syn_plant *plant, int how) {
    const int64_t wanted = (int64_t)plant->point->low * 100 - (how == 1);
    const uint32_t place = sh_syn_place(life, SYN_SECONDARY, 0, true);
    uint32_t last = 0;
    for (int i = 0; i < 2; i++) {
        const int32_t day = plant->day + (how == 2 ? 2 * i : i);
        last = sh_syn_plain_visit(life, place, 11, day, plant->point->dx[0]);
        const uint32_t line =
            sh_syn_line(life, last, sh_syn_point_item(plant), day, life->encs[last].sec_from + 900, SYN_QTY);
        sh_syn_price_for_pool(life, last, line, i ? wanted - wanted / 2 : wanted / 2);
    }
    sh_syn_truth_begin(life, plant, last); /* a settlement names no line */
    sh_syn_truth_end(life, 0);
}

/* how: purchases of the family while the patient lies in bed. */
static void plant_elsewhere(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint32_t stay = sh_syn_plain_stay(life, sh_syn_place(life, SYN_SECONDARY, 0, true), plant->day,
                                            plant->day + 5, plant->point->dx[0]);
    const uint32_t enc = shop(life, sh_syn_place(life, SYN_SHOP, 0, true), plant->day + 2);
    for (int i = 0; i < how; i++)
        (void)sh_syn_line(life, enc, plant->point->items.at[i].item, plant->day + 2, 40000, SYN_QTY);
    truth_of_visit(life, plant, stay);
}

/* A bed, and nothing but a bed but for one day; how: nights, treated on that many days. */
static void plant_empty(struct syn_life *life, const struct syn_plant *plant, int how) {
    const int nights = how / 10, treated = how % 10;
    const struct syn_known *k = &life->book->known;
    const uint32_t enc =
        sh_syn_enc(life, sh_syn_place(life, SYN_SECONDARY, 0, true), 21, plant->day, plant->day + nights);
    sh_syn_enc_dx(life, enc, plant->point->dx[0]);
    for (int d = 0; d < nights; d++) {
        (void)sh_syn_line(life, enc, k->bed, plant->day + d, 30600, SYN_QTY);
        (void)sh_syn_line(life, enc, k->nursing3, plant->day + d, 30600, SYN_QTY);
        if (d < treated)
            (void)sh_syn_line(life, enc, k->nacl, plant->day + d, 36000, SYN_QTY);
    }
    truth_of_visit(life, plant, enc);
}

/* A bed for tests: all of point.items in a stay of two nights. how: and a treatment beside them. */
static void plant_checked(struct syn_life *life, const struct syn_plant *plant, int how) {
    const struct syn_known *k = &life->book->known;
    const struct syn_uses *tests = &plant->point->items;
    const uint32_t enc =
        sh_syn_enc(life, sh_syn_place(life, SYN_SECONDARY, 0, true), 21, plant->day, plant->day + 2);
    sh_syn_enc_dx(life, enc, plant->point->dx[0]);
    for (int d = 0; d < 2; d++)
        (void)sh_syn_line(life, enc, k->bed, plant->day + d, 30600, SYN_QTY);
    for (size_t i = 0; i < tests->n; i++)
        (void)sh_syn_line(life, enc, tests->at[i].item, plant->day, 36000 + 60 * (int32_t)i, SYN_QTY);
    if (how)
        (void)sh_syn_line(life, enc, k->infusion, plant->day + 1, 36000, SYN_QTY);
    sh_syn_truth_enc(life, plant, enc);
}

#define V true
#define N false
#define AD SYN_H_ADULT
#define ROW(rule, kind, planter, how, before, after, lines, note)                                            \
    { rule, kind, AD, planter, how, before, after, lines, 0, false, note }
static const struct syn_variant variants[] = {
    ROW("frequent-visits", V, plant_visits, 46, 35, 55, 1, "one visit beyond the threshold"),
    ROW("frequent-visits", N, plant_visits, 45, 35, 55, 1, "as many visits as the threshold"),
    ROW("frequent-purchases", V, plant_purchases, 13, 35, 45, 1, "one purchase beyond the threshold"),
    ROW("frequent-purchases", N, plant_purchases, 12, 35, 45, 1, "as many purchases as the threshold"),
    ROW("frequent-stays", V, plant_stays, 6, 20, 40, 10, "one stay beyond the threshold"),
    ROW("frequent-stays", N, plant_stays, 5, 20, 40, 1, "as many stays as the threshold"),
    ROW("drug-hoarding", V, plant_hoard, 84, 2, 30, 1, "twenty days beyond what may be held"),
    ROW("drug-hoarding", V, plant_hoard, 65, 2, 30, 1, "one day beyond what may be held"),
    ROW("drug-hoarding", N, plant_hoard, 64, 2, 30, 1, "as much as may be held"),
    ROW("drug-resale", V, plant_resale, 50, 4, 4, 4, "four institutions in one quarter"),
    ROW("drug-resale", V, plant_resale, 47, 4, 4, 4, "just beyond twice a quarter"),
    ROW("drug-resale", N, plant_resale, 46, 4, 4, 1, "twice a quarter exactly"),
    ROW("drug-resale", N, plant_resale, 0, 4, 4, 1, "three institutions"),
    ROW("pool-rush", V, plant_rush, 0, 3, 3, 1, "the threshold exactly within two days"),
    ROW("pool-rush", N, plant_rush, 1, 3, 3, 1, "a fen below it"),
    ROW("pool-rush", N, plant_rush, 2, 3, 4, 1, "a day between"),
    ROW("pharmacy-days", V, plant_bought, 91, 1, 1, 1, "one day beyond ninety"),
    ROW("pharmacy-days", N, plant_bought, 90, 1, 1, 1, "ninety days"),
    ROW("stay-elsewhere", V, plant_elsewhere, 3, 1, 6, 25, "three purchases during a stay"),
    ROW("stay-elsewhere", N, plant_elsewhere, 2, 1, 6, 1, "two purchases during a stay"),
    ROW("empty-days", V, plant_empty, 40, 1, 6, 8, "four nights without any care"),
    ROW("empty-days", N, plant_empty, 41, 1, 6, 1, "care on one day of four"),
    ROW("empty-days", N, plant_empty, 20, 1, 6, 1, "two nights"),
    ROW("low-standard-stay", V, plant_checked, 0, 1, 4, 8, "a bed for tests"),
    ROW("low-standard-stay", N, plant_checked, 1, 1, 4, 1, "with a treatment"),
    ROW("remote-large", V, plant_remote, REMOTE, 1, 4, 1, "the threshold exactly in another province"),
    ROW("remote-large", N, plant_remote, REMOTE_BELOW, 1, 4, 1, "a fen below it"),
    ROW("remote-large", N, plant_remote, REMOTE_AT_HOME, 1, 4, 1, "as much at home"),
};

const struct syn_variant *sh_syn_often_variants(size_t *ret_n) {
    *ret_n = sizeof variants / sizeof variants[0];
    return variants;
}
