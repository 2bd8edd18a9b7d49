/* Planters of the age and sex rules. Who the host is decides; the way says how the host met the item. */
#include "synth/plant.h"

enum { AT_HOSPITAL, NEWBORN, ACCOUNT, EXCEPTION, SELF_PAID, SHOP, REFUNDED, IN_STAY };

static void plant_person(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint16_t item = sh_syn_point_item(plant), dx = plant->point->dx[0];
    const bool is_shop = how == ACCOUNT || how == SHOP;
    const int32_t day = plant->day;
    const uint32_t place = sh_syn_place(life, is_shop ? SYN_SHOP : SYN_SECONDARY, 0, true);
    const uint32_t enc = how == IN_STAY ? sh_syn_plain_stay(life, place, day, day + 4, dx)
                                        : sh_syn_plain_visit(life, place, is_shop ? 41 : 11, day, dx);
    const int64_t units = life->book->items[item].is_service ? 1 : 3;
    const uint32_t line = sh_syn_line(life, enc, item, day, life->encs[enc].sec_from + 1800, units * SYN_QTY);
    if (!life->book->items[item].is_service)
        life->lines[line].rx = 1, life->lines[line].days = 5;
    if (how == NEWBORN)
        life->encs[enc].flags |= SYN_E_NEWBORN;
    if (how == ACCOUNT)
        life->encs[enc].flags |= SYN_E_ACCOUNT, life->encs[enc].insurance = 310;
    if (how == EXCEPTION)
        sh_syn_enc_dx(life, enc,
                      sh_syn_dx(life->book, plant->nth % 2 ? SH_STR("Q96.900") : SH_STR("Q56.400")));
    if (how == IN_STAY) { /* what is an operation is on the list of operations too */
        struct syn_enc *e = &life->encs[enc];
        e->op[e->n_op++] = item, e->op_day = day;
    }
    if (how == SELF_PAID)
        sh_syn_self_pay(life, line);
    if (how == REFUNDED)
        (void)sh_syn_refund(life, line, SYN_QTY, day + 9, true);
    sh_syn_truth_line(life, plant, line);
}

#define V true
#define N false
#define AT(rule, kind, host, how, after, note)                                                               \
    { rule, kind, host, plant_person, how, 0, after, 1, 0, false, note }
static const struct syn_variant variants[] = {
    AT("drug-child-only", V, SYN_H_ABOVE, AT_HOSPITAL, 1, "years above the range"),
    AT("drug-child-only", V, SYN_H_UPPER, AT_HOSPITAL, 1, "the birthday that ends the range"),
    AT("drug-child-only", V, SYN_H_UNDER_LOWER, AT_HOSPITAL, 1, "the day before the range begins"),
    AT("drug-child-only", V, SYN_H_LEAP, AT_HOSPITAL, 1, "born on 29 February: of age on 1 March"),
    AT("drug-child-only", V, SYN_H_ABOVE, REFUNDED, 10, "one of three refunded"),
    AT("drug-child-only", V, SYN_H_ABOVE, IN_STAY, 5, "in a stay"),
    AT("drug-child-only", V, SYN_H_ABOVE, SHOP, 1, "in a pharmacy from the pool"),
    AT("drug-child-only", N, SYN_H_UNDER_UPPER, AT_HOSPITAL, 1,
       "the day before the birthday that ends the range"),
    AT("drug-child-only", N, SYN_H_LOWER, AT_HOSPITAL, 1, "the birthday that begins the range"),
    AT("drug-child-only", N, SYN_H_ABOVE, ACCOUNT, 1, "bought by a parent from the personal account"),
    AT("drug-child-only", N, SYN_H_WOMAN, NEWBORN, 1, "newborn on the mother's number"),
    AT("drug-child-only", N, SYN_H_LEAP_EVE, AT_HOSPITAL, 1,
       "born on 29 February: not of age on 28 February"),
    AT("drug-child-only", N, SYN_H_ABOVE, SELF_PAID, 1, "wholly self-paid"),
    AT("drug-child-only", N, SYN_H_RIGHT, AT_HOSPITAL, 1, "inside the range"),
    {"drug-child-only", N, SYN_H_ABOVE, plant_person, AT_HOSPITAL, 0, 1, 1, 0, true,
     "the day before the point was in force"},
    AT("service-age", V, SYN_H_MAN_OLD, AT_HOSPITAL, 1, "a man beyond retirement"),
    AT("service-age", V, SYN_H_UNDER_LOWER, AT_HOSPITAL, 1, "the day before the 16th birthday"),
    AT("service-age", V, SYN_H_WOMAN_OLD, AT_HOSPITAL, 1, "a woman beyond retirement"),
    AT("service-age", N, SYN_H_MAN_59, AT_HOSPITAL, 1, "a man before 60"),
    AT("service-age", N, SYN_H_LOWER, AT_HOSPITAL, 1, "the 16th birthday"),
    AT("service-age", N, SYN_H_WOMAN_45, AT_HOSPITAL, 1, "a woman before 50"),
    AT("service-age", N, SYN_H_MAN_OLD, SELF_PAID, 1, "wholly self-paid"),
    AT("drug-child", V, SYN_H_ABOVE, AT_HOSPITAL, 1, "an adult"),
    AT("drug-child", V, SYN_H_UPPER, AT_HOSPITAL, 1, "the 18th birthday"),
    AT("drug-child", V, SYN_H_LEAP, AT_HOSPITAL, 1, "born on 29 February: of age on 1 March"),
    AT("drug-child", V, SYN_H_ABOVE, SHOP, 1, "in a pharmacy from the pool"),
    AT("drug-child", V, SYN_H_ABOVE, REFUNDED, 10, "one of three refunded"),
    AT("drug-child", N, SYN_H_UNDER_UPPER, AT_HOSPITAL, 1, "17 years and 364 days"),
    AT("drug-child", N, SYN_H_ABOVE, ACCOUNT, 1, "bought by a parent from the personal account"),
    AT("drug-child", N, SYN_H_WOMAN, NEWBORN, 1, "newborn on the mother's number"),
    AT("drug-child", N, SYN_H_LEAP_EVE, AT_HOSPITAL, 1, "born on 29 February: not of age on 28 February"),
    AT("drug-child", N, SYN_H_RIGHT, AT_HOSPITAL, 1, "a child"),
    AT("drug-sex", V, SYN_H_WRONG_SEX, AT_HOSPITAL, 1, "the other sex"),
    AT("drug-sex", V, SYN_H_WRONG_SEX, SHOP, 1, "the other sex; in a pharmacy from the pool"),
    AT("drug-sex", V, SYN_H_WRONG_SEX, REFUNDED, 10, "the other sex; one of three refunded"),
    AT("drug-sex", N, SYN_H_WRONG_SEX, EXCEPTION, 1, "diagnosis of unclear sex"),
    AT("drug-sex", N, SYN_H_SEX_9, AT_HOSPITAL, 1, "sex not stated"),
    AT("drug-sex", N, SYN_H_WRONG_SEX, ACCOUNT, 1, "bought for the spouse from the personal account"),
    AT("drug-sex", N, SYN_H_RIGHT, AT_HOSPITAL, 1, "the right sex"),
    AT("service-child", V, SYN_H_ABOVE, AT_HOSPITAL, 1, "an adult"),
    AT("service-child", V, SYN_H_UPPER, AT_HOSPITAL, 1, "the 18th birthday"),
    AT("service-child", V, SYN_H_ABOVE, IN_STAY, 5, "an adult in a stay"),
    AT("service-child", V, SYN_H_LEAP, AT_HOSPITAL, 1, "born on 29 February: of age on 1 March"),
    AT("service-child", N, SYN_H_UNDER_UPPER, AT_HOSPITAL, 1, "17 years and 364 days"),
    AT("service-child", N, SYN_H_WOMAN, NEWBORN, 1, "newborn on the mother's number"),
    AT("service-child", N, SYN_H_RIGHT, AT_HOSPITAL, 1, "a child"),
    AT("service-child", N, SYN_H_LEAP_EVE, AT_HOSPITAL, 1, "born on 29 February: not of age on 28 February"),
    AT("service-sex", V, SYN_H_WRONG_SEX, AT_HOSPITAL, 1, "the other sex"),
    AT("service-sex", V, SYN_H_WRONG_SEX, IN_STAY, 5, "the other sex; in a stay"),
    AT("service-sex", N, SYN_H_SEX_9, AT_HOSPITAL, 1, "sex not stated"),
    AT("service-sex", N, SYN_H_WRONG_SEX, EXCEPTION, 1, "diagnosis of unclear sex"),
    AT("service-sex", N, SYN_H_RIGHT, AT_HOSPITAL, 1, "the right sex"),
    AT("drug-child-ban", V, SYN_H_RIGHT, AT_HOSPITAL, 1, "a child below the age"),
    AT("drug-child-ban", V, SYN_H_UNDER_UPPER, AT_HOSPITAL, 1, "the day before the birthday that allows it"),
    AT("drug-child-ban", V, SYN_H_RIGHT, SELF_PAID, 1, "a child below the age; wholly self-paid"),
    AT("drug-child-ban", N, SYN_H_UPPER, AT_HOSPITAL, 1, "the birthday that allows it"),
    AT("drug-child-ban", N, SYN_H_RIGHT, ACCOUNT, 1, "bought from the personal account"),
    AT("drug-elderly", V, SYN_H_LOWER, AT_HOSPITAL, 1, "the birthday that begins the range"),
    AT("drug-elderly", V, SYN_H_MAN_OLD, AT_HOSPITAL, 1, "a man of 65 and more"),
    AT("drug-elderly", N, SYN_H_UNDER_LOWER, AT_HOSPITAL, 1, "the day before the range begins"),
    AT("drug-elderly", N, SYN_H_WOMAN_45, AT_HOSPITAL, 1, "a woman before 50"),
    AT("drug-newborn", V, SYN_H_ADULT, AT_HOSPITAL, 1, "an adult"),
    AT("drug-newborn", V, SYN_H_CHILD, AT_HOSPITAL, 1, "a child"),
    AT("drug-newborn", N, SYN_H_WOMAN, NEWBORN, 1, "newborn on the mother's number"),
    AT("drug-newborn", N, SYN_H_ADULT, SELF_PAID, 1, "wholly self-paid"),
    AT("service-newborn", V, SYN_H_ADULT, AT_HOSPITAL, 1, "an adult"),
    AT("service-newborn", V, SYN_H_CHILD, AT_HOSPITAL, 1, "a child"),
    AT("service-newborn", N, SYN_H_WOMAN, NEWBORN, 1, "newborn on the mother's number"),
    AT("service-child-pay", V, SYN_H_ABOVE, AT_HOSPITAL, 1, "an adult"),
    AT("service-child-pay", V, SYN_H_UPPER, AT_HOSPITAL, 1, "the 18th birthday"),
    AT("service-child-pay", N, SYN_H_UNDER_UPPER, AT_HOSPITAL, 1, "17 years and 364 days"),
    AT("material-child", V, SYN_H_ABOVE, AT_HOSPITAL, 1, "an adult"),
    AT("material-child", V, SYN_H_UPPER, AT_HOSPITAL, 1, "the 18th birthday"),
    AT("material-child", N, SYN_H_UNDER_UPPER, AT_HOSPITAL, 1, "17 years and 364 days"),
    AT("material-child", N, SYN_H_ABOVE, SELF_PAID, 1, "wholly self-paid"),
    AT("material-newborn", V, SYN_H_ADULT, AT_HOSPITAL, 1, "an adult"),
    AT("material-newborn", N, SYN_H_WOMAN, NEWBORN, 1, "newborn on the mother's number"),
    AT("material-sex", V, SYN_H_WRONG_SEX, AT_HOSPITAL, 1, "the other sex"),
    AT("material-sex", N, SYN_H_SEX_9, AT_HOSPITAL, 1, "sex not stated"),
    AT("material-sex", N, SYN_H_WRONG_SEX, EXCEPTION, 1, "diagnosis of unclear sex"),
    AT("material-sex", N, SYN_H_RIGHT, AT_HOSPITAL, 1, "the right sex"),
};

const struct syn_variant *sh_syn_person_variants(size_t *ret_n) {
    *ret_n = sizeof variants / sizeof variants[0];
    return variants;
}
