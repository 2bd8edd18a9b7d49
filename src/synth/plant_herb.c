/* Planters of the herb rules: 单复方均不予支付, 单方使用不予支付. */
#include "synth/plant.h"

static uint32_t herb(struct syn_life *life, uint32_t enc, uint16_t item, uint8_t rx, int32_t sec_after) {
    const uint32_t line = sh_syn_line(life, enc, item, life->encs[enc].from,
                                      life->encs[enc].sec_from + sec_after, (int64_t)70 * SYN_QTY);
    life->lines[line].rx = rx, life->lines[line].days = 7;
    if (life->encs[enc].n_rx < rx)
        life->encs[enc].n_rx = rx;
    return line;
}

static void compound(struct syn_life *life, uint32_t enc, uint8_t rx, size_t n, size_t salt) {
    const struct syn_book *book = life->book;
    for (size_t i = 0; i < n && i < book->n_herbs; i++)
        (void)herb(life, enc, book->herbs[(salt * 7 + i) % book->n_herbs], rx, 1800);
}

static uint32_t tcm_visit(struct syn_life *life, const struct syn_plant *plant) {
    return sh_syn_plain_visit(life, sh_syn_place(life, SYN_SECONDARY, 0, true), 11, plant->day,
                              plant->point->dx[0]);
}

static void plant_unpaid(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint32_t enc = tcm_visit(life, plant);
    compound(life, enc, 1, 8, plant->nth);
    const uint32_t line = herb(life, enc, sh_syn_point_item(plant), 1, 1800);
    if (how == 1)
        (void)sh_syn_refund(life, line, (int64_t)30 * SYN_QTY, plant->day + 4, true);
    if (how == 2)
        sh_syn_self_pay(life, line);
    if (how == 3)
        (void)sh_syn_refund(life, line, (int64_t)70 * SYN_QTY, plant->day + 5, false);
    sh_syn_truth_line(life, plant, line);
    if (how == 5) {
        compound(life, enc, 2, 5, plant->nth + 3);
        sh_syn_truth_line(life, plant, herb(life, enc, sh_syn_point_item(plant), 2, 1860));
    }
}

static void plant_single(struct syn_life *life, const struct syn_plant *plant, int how) {
    const struct syn_point *p = plant->point;
    const uint16_t item = sh_syn_point_item(plant), other = p->items.at[(plant->nth + 1) % p->items.n].item;
    const uint32_t enc =
        how == 5 ? sh_syn_plain_visit(life, sh_syn_place(life, SYN_SHOP, 0, true), 41, plant->day, p->dx[0])
                 : tcm_visit(life, plant);
    uint32_t lines[2] = {herb(life, enc, item, 1, 1800), 0};
    size_t n = 1;
    if (how == 1)
        lines[n++] = herb(life, enc, other, 1, 1800);
    if (how == 2)
        lines[n++] = herb(life, enc, item, 1, 1860);
    if (how == 3)
        compound(life, enc, 2, 7, plant->nth);
    if (how == 4)
        (void)herb(life, enc, p->others.at[plant->nth % p->others.n].item, 1, 1800);
    if (how == 5)
        life->encs[enc].flags |= SYN_E_ACCOUNT, life->encs[enc].insurance = 310;
    if (how == 6)
        sh_syn_self_pay(life, lines[0]);
    if (how == 7)
        (void)sh_syn_refund(life, lines[0], (int64_t)40 * SYN_QTY, plant->day + 3, true);
    int64_t fen = 0;
    sh_syn_truth_begin(life, plant, enc);
    for (size_t i = 0; i < n; i++) {
        sh_syn_blame(life, lines[i]);
        fen += sh_syn_net(life, lines[i]);
    }
    sh_syn_truth_end(life, fen);
}

#define V true
#define N false
static const struct syn_variant variants[] = {
    {"herb-unpaid", V, SYN_H_ADULT, plant_unpaid, 0, 0, 1, 1, 0, false,
     "covered in a prescription of nine herbs"},
    {"herb-unpaid", V, SYN_H_ADULT, plant_unpaid, 1, 0, 5, 1, 0, false, "part of it refunded"},
    {"herb-unpaid", V, SYN_H_ADULT, plant_unpaid, 5, 0, 1, 2, 0, false, "in two prescriptions of one visit"},
    {"herb-unpaid", N, SYN_H_ADULT, plant_unpaid, 2, 0, 1, 1, 0, false, "wholly self-paid"},
    {"herb-unpaid", N, SYN_H_ADULT, plant_unpaid, 3, 0, 6, 1, 0, false, "wholly refunded without reference"},
    {"herb-unpaid", N, SYN_H_ADULT, plant_unpaid, 0, 0, 1, 1, 0, true,
     "the day before the point was in force"},
    {"herb-single", V, SYN_H_ADULT, plant_single, 0, 0, 1, 1, 0, false, "one listed herb alone"},
    {"herb-single", V, SYN_H_ADULT, plant_single, 1, 0, 1, 2, 0, false, "two listed herbs and no other"},
    {"herb-single", V, SYN_H_ADULT, plant_single, 2, 0, 1, 2, 0, false, "one listed herb on two lines"},
    {"herb-single", V, SYN_H_ADULT, plant_single, 3, 0, 1, 1, 0, false,
     "beside it a second prescription of many herbs"},
    {"herb-single", V, SYN_H_ADULT, plant_single, 7, 0, 4, 1, 0, false, "part of it refunded"},
    {"herb-single", N, SYN_H_ADULT, plant_single, 4, 0, 1, 1, 0, false, "with one herb that is not listed"},
    {"herb-single", N, SYN_H_ADULT, plant_single, 5, 0, 1, 1, 0, false,
     "from the personal account; nothing from the pool"},
    {"herb-single", N, SYN_H_ADULT, plant_single, 6, 0, 1, 1, 0, false, "wholly self-paid"},
    {"herb-single", N, SYN_H_ADULT, plant_single, 0, 0, 1, 1, 0, true,
     "the day before the point was in force"},
};

const struct syn_variant *sh_syn_herb_variants(size_t *ret_n) {
    *ret_n = sizeof variants / sizeof variants[0];
    return variants;
}
