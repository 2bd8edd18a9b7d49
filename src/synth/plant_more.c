/* Planters of the rules about indications, contraindications, kinds of visit, what belongs together, and
 * limits of materials: each is one item met in one encounter, and what is or is not beside it. */
#include "synth/plant.h"

/* How the host met the item: one word of each group. */
enum {
    WRONG_DX = 0,  /* the diagnosis that does not fit */
    RIGHT_DX = 1,  /* the one that does */
    SECOND_DX = 2, /* the one that does stands second */
    DX = 3,
    IN_STAY = 4,
    COMPANION = 8, /* the first of `others` beside it */
    LATER = 16,    /* the companion two days later in another encounter */
    OTHER_RX = 32, /* the companion in a prescription of its own */
    FULL_LEVEL = 64,
    REFUNDED = 128,
    EMERGENCY = 256,
    MATERNITY = 512,
    FUND = 1024, /* the insurance that may pay */
};

static uint16_t wrong_dx(const struct syn_life *life, const struct syn_point *p) {
    return p->dx_not != SYN_NONE ? p->dx_not : sh_syn_dx(life->book, SH_STR("J06.900"));
}

static uint32_t begin(struct syn_life *life, const struct syn_plant *plant, int how) {
    const struct syn_point *p = plant->point;
    const uint16_t first = (how & DX) == RIGHT_DX ? p->dx[plant->nth % p->n_dx] : wrong_dx(life, p);
    const uint32_t place = sh_syn_place(life, how & FULL_LEVEL ? SYN_TERTIARY : SYN_SECONDARY, 0, true);
    const uint32_t enc = how & IN_STAY
                             ? sh_syn_plain_stay(life, place, plant->day, plant->day + 4, first)
                             : sh_syn_plain_visit(life, place, how & EMERGENCY ? 13 : 11, plant->day, first);
    if ((how & DX) == SECOND_DX)
        sh_syn_enc_dx(life, enc, p->dx[plant->nth % p->n_dx]);
    if (how & MATERNITY)
        life->encs[enc].med_type = 51;
    if (how & FUND)
        life->encs[enc].insurance = 210;
    return enc;
}

static uint32_t charge(struct syn_life *life, uint32_t enc, uint16_t item, int32_t day, int64_t units,
                       uint8_t rx) {
    const uint32_t line =
        sh_syn_line(life, enc, item, day, life->encs[enc].sec_from + 1800 + 60 * rx, units * SYN_QTY);
    const struct syn_item *i = &life->book->items[item];
    if (i->is_drug || i->is_herb) {
        life->lines[line].rx = rx, life->lines[line].days = 7;
        life->encs[enc].n_rx = life->encs[enc].n_rx < rx ? rx : life->encs[enc].n_rx;
    }
    return line;
}

/* point.number: units of the item; else one. */
static int64_t units_of(const struct syn_plant *plant) {
    return plant->point->number > 0 ? plant->point->number / SYN_QTY : 1;
}

static void plant_item(struct syn_life *life, const struct syn_plant *plant, int how) {
    const struct syn_point *p = plant->point;
    const uint32_t enc = begin(life, plant, how);
    const int32_t day = plant->day + (how & IN_STAY ? 1 : 0);
    const uint32_t line = charge(life, enc, sh_syn_point_item(plant), day, units_of(plant), 1);
    if (how & COMPANION && p->others.n > 0)
        (void)charge(life, enc, p->others.at[0].item, day, 1, 1);
    if (how & LATER && p->others.n > 0) {
        const uint32_t other = sh_syn_plain_visit(life, sh_syn_place(life, SYN_TERTIARY, 0, true), 11,
                                                  day + 2, life->encs[enc].dx[0]);
        (void)charge(life, other, p->others.at[0].item, day + 2, 1, 1);
    }
    if (how & REFUNDED)
        (void)sh_syn_refund(life, line, units_of(plant) * SYN_QTY, plant->day + 3, true);
    sh_syn_truth_line(life, plant, line);
}

/* An operation that is on the list as well, in a stay for what it is done for. */
static void plant_with_operation(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint32_t enc = begin(life, plant, how | IN_STAY | RIGHT_DX);
    const uint16_t op = plant->point->others.at[0].item;
    struct syn_enc *e = &life->encs[enc];
    (void)charge(life, enc, op, plant->day + 1, 1, 1);
    e->op[e->n_op++] = op, e->op_day = plant->day + 1;
    sh_syn_truth_line(life, plant, charge(life, enc, sh_syn_point_item(plant), plant->day + 1, 1, 1));
}

/* Only the item counts that the point's companion already contains, or that must not stand with it. */
static void plant_pair(struct syn_life *life, const struct syn_plant *plant, int how) {
    const struct syn_point *p = plant->point;
    const bool is_herb = life->book->items[p->items.at[0].item].is_herb;
    const uint32_t enc = begin(life, plant, how | RIGHT_DX);
    const int64_t units = is_herb ? 70 : 7;
    const uint32_t a = charge(life, enc, p->others.at[plant->nth % p->others.n].item, plant->day, units, 1);
    const uint32_t b = charge(life, enc, sh_syn_point_item(plant), plant->day, units, how & OTHER_RX ? 2 : 1);
    sh_syn_truth_line(life, plant, sh_syn_net(life, a) < sh_syn_net(life, b) ? a : b); /* the cheaper */
}

static void plant_included(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint32_t enc = begin(life, plant, how | IN_STAY | RIGHT_DX);
    (void)charge(life, enc, plant->point->others.at[0].item, plant->day + 1, 1, 1);
    sh_syn_truth_line(life, plant,
                      charge(life, enc, sh_syn_point_item(plant), plant->day + (how & LATER ? 2 : 1), 1, 1));
}

/* 限就医方式: what belongs to a stay. */
static void plant_visit(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint32_t enc = begin(life, plant, how);
    if (!(how & IN_STAY)) {
        sh_syn_truth_line(life, plant, charge(life, enc, sh_syn_point_item(plant), plant->day, 1, 1));
        return;
    }
    for (uint32_t i = life->encs[enc].line_first; i < life->n_lines; i++) /* a stay has it every day */
        if (life->lines[i].item == sh_syn_point_item(plant)) {
            sh_syn_truth_line(life, plant, i);
            return;
        }
}

/* 门慢特: a drug on or off the list of the disease. */
static void plant_chronic(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint32_t enc = begin(life, plant, RIGHT_DX);
    const bool on_list = how & COMPANION;
    if (!(how & LATER)) /* an ordinary visit is free to prescribe it */
        life->encs[enc].med_type = 14, life->encs[enc].disease = 1;
    const uint16_t item = on_list ? plant->point->others.at[0].item : sh_syn_point_item(plant);
    const uint32_t line = charge(life, enc, item, plant->day, 3, 1);
    if (how & REFUNDED)
        (void)sh_syn_refund(life, line, SYN_QTY, plant->day + 3, true);
    sh_syn_truth_line(life, plant, line);
}

/* Units or money beyond a limit; the limit is point.number units, or low yuan. */
static void plant_limit(struct syn_life *life, const struct syn_plant *plant, int how) {
    const struct syn_point *p = plant->point;
    const int64_t max = p->number / SYN_QTY, limit_fen = (int64_t)p->low * 100;
    const uint32_t enc = begin(life, plant, RIGHT_DX | IN_STAY | FULL_LEVEL);
    const int64_t units = how == 0 ? max + 1 : how == 1 ? max + 2 : max;
    const uint32_t line = charge(life, enc, sh_syn_point_item(plant), plant->day + 1, units, 1);
    if (how == 3) { /* one too many, handed back later */
        (void)sh_syn_refund(life, line, SYN_QTY, plant->day + 3, true);
        sh_syn_truth_line(life, plant, line);
        return;
    }
    const int64_t fen = sh_syn_net(life, line);
    sh_syn_truth_begin(life, plant, enc);
    sh_syn_blame(life, line);
    sh_syn_truth_end(life, limit_fen > 0 ? fen - limit_fen : sh_syn_share(fen, units - max, units));
}

/* An institution that says who performed what. */
static bool find_full(const struct syn_life *life, uint32_t *ret) {
    for (uint32_t nth = 0; nth < 16; nth++) {
        *ret = sh_syn_place(life, nth % 2 ? SYN_SECONDARY : SYN_TERTIARY, nth / 2, true);
        if (!life->city->places[*ret].sparse)
            return true;
    }
    return false;
}

/* 限科室: in the department the point names in `others`, or in another. */
static void plant_department(struct syn_life *life, const struct syn_plant *plant, int how) {
    uint32_t place;
    if (!find_full(life, &place)) {
        life->not_planted++;
        return;
    }
    const uint32_t enc = sh_syn_plain_visit(life, place, 11, plant->day, plant->point->dx[0]);
    life->encs[enc].dept = sh_syn_dept(life->book, how & COMPANION ? plant->point->word : SH_STR("im"));
    sh_syn_truth_line(life, plant, charge(life, enc, sh_syn_point_item(plant), plant->day, 1, 1));
}

/* A diagnosis alone: nothing is blamed but the row of the list. */
static void plant_diagnosis(struct syn_life *life, const struct syn_plant *plant, int how) {
    const uint32_t enc = begin(life, plant, how | RIGHT_DX);
    sh_syn_truth_begin(life, plant, enc);
    sh_syn_truth_end(life, 0);
}

#define V true
#define N false
#define ROW(rule, kind, host, planter, how, after, note)                                                     \
    { rule, kind, host, planter, how, 0, after, 1, 0, false, note }
#define INDICATION(rule, host)                                                                               \
    ROW(rule, V, host, plant_item, WRONG_DX, 1, "no listed diagnosis"),                                      \
        ROW(rule, V, host, plant_item, WRONG_DX | IN_STAY, 5, "no listed diagnosis; in a stay"),             \
        ROW(rule, N, host, plant_item, RIGHT_DX, 1, "a listed diagnosis"),                                   \
        ROW(rule, N, host, plant_item, SECOND_DX, 1, "a listed diagnosis stands second"),                    \
        ROW(rule, N, host, plant_item, WRONG_DX | REFUNDED, 5, "handed back in full")
#define CONTRA(rule, host)                                                                                   \
    ROW(rule, V, host, plant_item, RIGHT_DX, 1, "a diagnosis that forbids it"),                              \
        ROW(rule, V, host, plant_item, SECOND_DX, 1, "a diagnosis that forbids it stands second"),           \
        ROW(rule, N, host, plant_item, WRONG_DX, 1, "a diagnosis that looks alike")
static const struct syn_variant variants[] = {
    INDICATION("service-indication", SYN_H_ADULT),
    INDICATION("material-indication", SYN_H_MAN_OLD),
    INDICATION("service-label", SYN_H_ADULT),
    INDICATION("treatment-indication", SYN_H_ADULT),
    CONTRA("drug-contra", SYN_H_ADULT),
    CONTRA("service-contra", SYN_H_ADULT),
    CONTRA("drug-pregnancy", SYN_H_WOMAN),
    ROW("exam-indication", V, SYN_H_ADULT, plant_item, RIGHT_DX, 1, "a cold and nothing else"),
    ROW("exam-indication", N, SYN_H_ADULT, plant_item, WRONG_DX, 1, "another disease"),
    ROW("exam-indication", N, SYN_H_ADULT, plant_item, SECOND_DX, 1, "a cold beside another disease"),
    ROW("service-visit", V, SYN_H_ADULT, plant_visit, RIGHT_DX, 1, "a ward round in an outpatient visit"),
    ROW("service-visit", V, SYN_H_ADULT, plant_visit, RIGHT_DX | EMERGENCY, 1,
        "a ward round in an emergency"),
    ROW("service-visit", N, SYN_H_ADULT, plant_visit, RIGHT_DX | IN_STAY, 5, "a ward round in a stay"),
    ROW("service-level", V, SYN_H_ADULT, plant_item, RIGHT_DX | IN_STAY, 5, "a level too low"),
    ROW("service-level", N, SYN_H_ADULT, plant_item, RIGHT_DX | IN_STAY | FULL_LEVEL, 5, "of the level"),
    ROW("antibiotic-grade", V, SYN_H_ADULT, plant_item, RIGHT_DX, 1, "special grade for an outpatient"),
    ROW("antibiotic-grade", N, SYN_H_ADULT, plant_item, RIGHT_DX | EMERGENCY, 1, "in an emergency"),
    ROW("antibiotic-grade", N, SYN_H_ADULT, plant_item, RIGHT_DX | IN_STAY, 5, "in a stay"),
    ROW("chronic-list", V, SYN_H_ADULT, plant_chronic, 0, 1, "off the list of the disease"),
    ROW("chronic-list", V, SYN_H_ADULT, plant_chronic, REFUNDED, 5, "off the list; one of three refunded"),
    ROW("chronic-list", N, SYN_H_ADULT, plant_chronic, COMPANION, 1, "on the list of the disease"),
    ROW("chronic-list", N, SYN_H_ADULT, plant_chronic, LATER, 1, "off the list in an ordinary visit"),
    ROW("service-maternity", V, SYN_H_WOMAN, plant_item, RIGHT_DX, 1, "paid by ordinary insurance"),
    ROW("service-maternity", N, SYN_H_WOMAN, plant_item, RIGHT_DX | MATERNITY, 1, "a maternity visit"),
    ROW("service-work-injury", V, SYN_H_ADULT, plant_item, RIGHT_DX, 1, "paid by ordinary insurance"),
    ROW("service-work-injury", N, SYN_H_ADULT, plant_item, RIGHT_DX | FUND, 1,
        "paid by work-injury insurance"),
    {"drug-needs-service", V, SYN_H_ADULT, plant_item, RIGHT_DX, 4, 4, 1, 0, false,
     "contrast without a scan"},
    {"drug-needs-service", N, SYN_H_ADULT, plant_item, RIGHT_DX | COMPANION, 4, 4, 1, 0, false,
     "the scan in the same visit"},
    {"drug-needs-service", N, SYN_H_ADULT, plant_item, RIGHT_DX | LATER, 4, 6, 1, 0, false,
     "the scan two days later elsewhere"},
    ROW("material-needs", V, SYN_H_ADULT, plant_item, RIGHT_DX | IN_STAY, 5, "no operation in the stay"),
    ROW("material-needs", N, SYN_H_ADULT, plant_with_operation, 0, 5, "used in an operation"),
    ROW("service-material", V, SYN_H_ADULT, plant_included, 0, 5, "what the service contains"),
    ROW("service-material", N, SYN_H_ADULT, plant_included, LATER, 5, "on the next day"),
    ROW("herb-incompatible", V, SYN_H_ADULT, plant_pair, 0, 1, "in one prescription"),
    ROW("herb-incompatible", N, SYN_H_ADULT, plant_pair, OTHER_RX, 1, "in two prescriptions"),
    ROW("duplicate-drug", V, SYN_H_ADULT, plant_pair, 0, 1, "two of a class in one prescription"),
    ROW("duplicate-drug", N, SYN_H_ADULT, plant_pair, OTHER_RX, 1, "in two prescriptions"),
    ROW("material-max", V, SYN_H_MAN_OLD, plant_limit, 0, 5, "one beyond the limit"),
    ROW("material-max", V, SYN_H_MAN_OLD, plant_limit, 1, 5, "two beyond the limit"),
    ROW("material-max", N, SYN_H_MAN_OLD, plant_limit, 2, 5, "exactly the limit"),
    ROW("service-total", V, SYN_H_ADULT, plant_limit, 0, 5, "beyond the sum of the year"),
    ROW("service-total", N, SYN_H_ADULT, plant_limit, 2, 5, "exactly the sum"),
    ROW("service-total", N, SYN_H_ADULT, plant_limit, 3, 5, "beyond it; handed back"),
    ROW("service-department", V, SYN_H_ADULT, plant_department, 0, 1, "in another department"),
    ROW("service-department", N, SYN_H_ADULT, plant_department, COMPANION, 1, "in its department"),
    ROW("material-department", V, SYN_H_ADULT, plant_department, 0, 1, "in another department"),
    ROW("material-department", N, SYN_H_ADULT, plant_department, COMPANION, 1, "in its department"),
    ROW("diagnosis-sex", V, SYN_H_WRONG_SEX, plant_diagnosis, 0, 1, "the other sex"),
    ROW("diagnosis-sex", V, SYN_H_WRONG_SEX, plant_diagnosis, IN_STAY, 5, "the other sex; in a stay"),
    ROW("diagnosis-sex", N, SYN_H_SEX_9, plant_diagnosis, 0, 1, "sex not stated"),
    ROW("diagnosis-sex", N, SYN_H_RIGHT, plant_diagnosis, 0, 1, "the right sex"),
    ROW("diagnosis-age", V, SYN_H_ADULT, plant_diagnosis, 0, 1, "of the newborn; on an adult"),
    ROW("diagnosis-age", N, SYN_H_CHILD, plant_item, WRONG_DX, 1, "a child's disease"),
};

const struct syn_variant *sh_syn_more_variants(size_t *ret_n) {
    *ret_n = sizeof variants / sizeof variants[0];
    return variants;
}
