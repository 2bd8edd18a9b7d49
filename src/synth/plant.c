#include "synth/plant.h"
#include "base/mem.h"

static const char *const rules[] = {"drug-work-injury",
                                    "drug-maternity",
                                    "herb-unpaid",
                                    "herb-single",
                                    "drug-second-line",
                                    "drug-child-only",
                                    "drug-indication",
                                    "drug-course",
                                    "drug-level",
                                    "drug-visit",
                                    "surgery-discount",
                                    "service-course",
                                    "service-pair",
                                    "service-frequency",
                                    "service-age",
                                    "service-period",
                                    "internet-banned",
                                    "drug-child",
                                    "drug-sex",
                                    "service-child",
                                    "service-sex",
                                    "line-arithmetic",
                                    "duplicate-line",
                                    "overlapping-stays",
                                    "split-stay",
                                    "charge-outside-stay",
                                    "charge-after-death",
                                    "two-institutions",
                                    "service-indication",
                                    "material-indication",
                                    "service-label",
                                    "treatment-indication",
                                    "drug-contra",
                                    "service-contra",
                                    "drug-pregnancy",
                                    "exam-indication",
                                    "service-visit",
                                    "service-level",
                                    "antibiotic-grade",
                                    "chronic-list",
                                    "service-maternity",
                                    "service-work-injury",
                                    "drug-needs-service",
                                    "material-needs",
                                    "service-material",
                                    "herb-incompatible",
                                    "duplicate-drug",
                                    "material-max",
                                    "service-total",
                                    "diagnosis-sex",
                                    "diagnosis-age",
                                    "drug-child-ban",
                                    "drug-elderly",
                                    "drug-newborn",
                                    "service-newborn",
                                    "service-child-pay",
                                    "material-child",
                                    "material-newborn",
                                    "material-sex",
                                    "service-department",
                                    "material-department",
                                    "rx-kinds",
                                    "rx-days",
                                    "herb-max",
                                    "label-indication",
                                    "drug-interaction",
                                    "operation-sex",
                                    "diagnosis-operation",
                                    "once-in-life",
                                    "diagnosis-needs",
                                    "prophylaxis",
                                    "operation-code",
                                    "service-price-cap",
                                    "material-total",
                                    "service-bundle",
                                    "frequent-visits",
                                    "frequent-purchases",
                                    "frequent-stays",
                                    "drug-hoarding",
                                    "drug-resale",
                                    "pool-rush",
                                    "pharmacy-days",
                                    "stay-elsewhere",
                                    "empty-days",
                                    "low-standard-stay",
                                    "upload-delay",
                                    "line-information",
                                    "label-dose",
                                    "practitioner-day",
                                    "not-qualified",
                                    "suspended-orders",
                                    "suspended-services",
                                    "herb-kinds",
                                    "chronic-entitlement",
                                    "allowance-enrolment",
                                    "allowance-no-birth",
                                    "allowance-twice",
                                    "care-in-stay",
                                    "care-minutes",
                                    "care-overlap",
                                    "care-after-death",
                                    "care-record",
                                    "trace-twice",
                                    "trace-stock",
                                    "settlement-list",
                                    "case-split",
                                    "case-operation",
                                    "case-shifted",
                                    "bed-shared",
                                    "gathered-stays",
                                    "gathered-family",
                                    "invoice-twice",
                                    "remote-large",
                                    "drug-share",
                                    "drug-share-department",
                                    "exam-share",
                                    "exam-share-department",
                                    "ct-share",
                                    "ct-share-department",
                                    "mri-share",
                                    "mri-share-department",
                                    "material-share",
                                    "material-share-department",
                                    "treatment-share",
                                    "treatment-share-department",
                                    "hospital-infection-share",
                                    "hospital-infection-share-department",
                                    "unplanned-return-share",
                                    "unplanned-return-share-department",
                                    "case-low-cost",
                                    "pool-cap-share",
                                    "shell-employer",
                                    "beds-over",
                                    "item-growth",
                                    "stock-balance",
                                    "drug-stock",
                                    "material-stock"};
enum { N_RULES = sizeof rules / sizeof rules[0], LINES_A_MONTH = 14, PLANTS_A_PERSON_MAX = 4, TAKEN = 1 };

const char *sh_synth_rule(size_t i) {
    return i < N_RULES ? rules[i] : NULL;
}

/* ---- which variant falls on whom
 * ----------------------------------------------------------------------------------------- */

static const struct syn_variant *nth_of(const struct syn_variant *const *all, size_t n, const char *rule,
                                        bool is_violation, size_t nth) {
    for (size_t i = 0; i < n; i++)
        if (sh_str_is(sh_str_of(all[i]->rule), rule) && all[i]->is_violation == is_violation && nth-- == 0)
            return all[i];
    return NULL;
}

static sh_code all_variants(struct sh_arena *arena, const struct syn_variant ***ret, size_t *ret_n,
                            struct sh_err *err) {
    const struct syn_variant *(*const tables[])(size_t *) = {
        sh_syn_drug_variants,  sh_syn_herb_variants,   sh_syn_service_variants, sh_syn_person_variants,
        sh_syn_base_variants,  sh_syn_stay_variants,   sh_syn_more_variants,    sh_syn_list_variants,
        sh_syn_often_variants, sh_syn_record_variants, sh_syn_beside_variants};
    size_t n = 0, total = 0;
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        (void)tables[t](&n);
        total += n;
    }
    const struct syn_variant **all = sh_new(arena, const struct syn_variant *, total);
    if (!all)
        return sh_fail(err, SH_E_NOMEM, "no room for %zu variants", total);
    size_t at = 0;
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        const struct syn_variant *table = tables[t](&n);
        for (size_t i = 0; i < n; i++)
            all[at++] = &table[i];
    }
    *ret = all, *ret_n = total;
    return SH_OK;
}

sh_code sh_syn_rotation(struct syn_city *city, struct sh_arena *arena, struct sh_err *err) {
    const struct syn_variant **all;
    size_t n;
    SH_TRY(all_variants(arena, &all, &n, err));
    city->rotation = sh_new(arena, const struct syn_variant *, n);
    if (!city->rotation)
        return sh_fail(err, SH_E_NOMEM, "no room for %zu variants", n);
    uint64_t lines = 0;
    city->n_rotation = 0;
    for (size_t round = 0; city->n_rotation < n; round++)
        for (size_t r = 0; r < N_RULES; r++) {
            const struct syn_variant *variant = nth_of(all, n, rules[r], round % 2 == 0, round / 2);
            if (!variant)
                continue;
            city->rotation[city->n_rotation++] = variant;
            lines += variant->is_violation ? (uint64_t)variant->lines : 0;
        }
    sh_check(lines > 0);
    /* share × lines a person = plants × lines a plant */
    city->plants_per_person = (uint64_t)city->plant_ppm * city->n_months * LINES_A_MONTH * n / lines;
    return SH_OK;
}

void sh_syn_plants_of(const struct syn_city *city, uint32_t person, uint64_t *ret_first, uint32_t *ret_n) {
    const uint64_t first = person * city->plants_per_person / SYN_PPM,
                   end = (person + 1) * city->plants_per_person / SYN_PPM;
    *ret_first = first;
    *ret_n = end - first < PLANTS_A_PERSON_MAX ? (uint32_t)(end - first) : PLANTS_A_PERSON_MAX;
}

static bool is_leap_host(enum syn_host host) {
    return host == SYN_H_LEAP || host == SYN_H_LEAP_EVE;
}

/* Days on which the plant could be; false when there is none. */
static bool days_of(const struct syn_city *city, const struct syn_variant *v, const struct syn_point *p,
                    int32_t *ret_low, int32_t *ret_high) {
    int32_t low = city->first_day + v->before + 1, high = city->last_day - v->after - 1;
    if (low < p->from && !v->is_eve)
        low = p->from;
    if (v->is_eve) {
        if (p->from - 1 < low || p->from - 1 > high)
            return false;
        low = high = p->from - 1;
    }
    if (is_leap_host(v->host)) {
        const int32_t first = low;
        bool is_found = false;
        for (int year = sh_civil_of(first).year; year <= sh_civil_of(high).year && !is_found; year++) {
            low = sh_days_of(year, 3, 1) - (v->host == SYN_H_LEAP_EVE ? 1 : 0);
            is_found = sh_is_leap(year - p->high) && !sh_is_leap(year) && low >= first && low <= high;
        }
        if (!is_found)
            return false;
        high = low;
    }
    if ((v->host == SYN_H_LOWER || v->host == SYN_H_UNDER_LOWER) && p->low == 0)
        return false;
    *ret_low = low, *ret_high = high;
    return low <= high;
}

static bool choose_point(const struct syn_city *city, const struct syn_variant *v, uint64_t turn,
                         struct syn_plant *ret, int32_t *ret_low, int32_t *ret_high) {
    const struct syn_book *book = city->book;
    size_t n = 0, first = 0;
    for (size_t i = 0; i < book->n_points; i++)
        if (sh_str_is(book->points[i].rule, v->rule) && n++ == 0)
            first = i;
    for (size_t k = 0; k < n; k++) {
        const size_t at = (size_t)((turn + k) % n);
        const struct syn_point *p = &book->points[first + at];
        if ((v->only && !(v->only >> at & 1)) || !days_of(city, v, p, ret_low, ret_high))
            continue;
        *ret = (struct syn_plant){.variant = v, .point = p, .nth = (size_t)turn};
        return true;
    }
    return false;
}

bool sh_syn_plant_choose(const struct syn_city *city, uint64_t serial, struct syn_plant *ret) {
    for (size_t k = 0; k < city->n_rotation; k++) {
        const size_t at = (size_t)((serial + k) % city->n_rotation);
        int32_t low, high;
        if (!choose_point(city, city->rotation[at], serial / city->n_rotation + at, ret, &low, &high))
            continue;
        struct sh_rng rng = sh_rng_fork_n(&city->root, 0xfffffffe00000000u + serial);
        ret->day = (int32_t)sh_rng_between(&rng, low, high);
        return true;
    }
    return false;
}

/* ---- hosts
 * ------------------------------------------------------------------------------------------------------------------
 */

static void born_between(struct syn_life *life, int32_t day, int low, int high) {
    const int32_t years = sh_syn_between(life, low, high);
    life->person.birth = sh_add_months(day, -12 * years) - sh_syn_between(life, 2, 350);
}

/* The birthday that completes `years` is `day`. */
static int32_t birth_for(int32_t day, int years) {
    return sh_add_months(day, -12 * years);
}

static void host_by_age(struct syn_life *life, const struct syn_plant *plant) {
    struct syn_person *p = &life->person;
    const struct syn_point *point = plant->point;
    const int32_t day = plant->day;
    switch (plant->variant->host) {
    case SYN_H_ABOVE:
        born_between(life, day, point->high + 7, point->high + 45);
        break;
    case SYN_H_UPPER:
        p->birth = birth_for(day, point->high);
        break;
    case SYN_H_UNDER_UPPER:
        p->birth = birth_for(day + 1, point->high);
        break;
    case SYN_H_LOWER:
        p->birth = birth_for(day, point->low);
        break;
    case SYN_H_UNDER_LOWER:
        p->birth = birth_for(day + 1, point->low);
        break;
    case SYN_H_LEAP:
    case SYN_H_LEAP_EVE:
        p->birth = sh_days_of(sh_civil_of(day).year - point->high, 2, 29);
        break;
    case SYN_H_RIGHT:
        if (point->high > 0)
            born_between(life, day, point->low, point->high - 2);
        else
            born_between(life, day, 25, 60);
        break;
    case SYN_H_ADULT:
    case SYN_H_WOMAN:
    case SYN_H_WRONG_SEX:
    case SYN_H_SEX_9:
    case SYN_H_MAN_OLD:
    case SYN_H_MAN_59:
    case SYN_H_WOMAN_OLD:
    case SYN_H_WOMAN_45:
    case SYN_H_CHILD:
        break;
    }
}

void sh_syn_host(struct syn_life *life, const struct syn_plant *plant) {
    struct syn_person *p = &life->person;
    const enum syn_host host = plant->variant->host;
    static const struct {
        int low, high, sex;
    } plain[] = {
        [SYN_H_ADULT] = {20, 74, 0},     [SYN_H_WOMAN] = {21, 39, 2},    [SYN_H_WRONG_SEX] = {20, 70, 0},
        [SYN_H_SEX_9] = {20, 70, 9},     [SYN_H_MAN_OLD] = {65, 80, 1},  [SYN_H_MAN_59] = {57, 58, 1},
        [SYN_H_WOMAN_OLD] = {61, 78, 2}, [SYN_H_WOMAN_45] = {43, 47, 2}, [SYN_H_CHILD] = {4, 9, 0}};
    if (host < sizeof plain / sizeof plain[0] && plain[host].high > 0) {
        born_between(life, plant->day, plain[host].low, plain[host].high);
        if (plain[host].sex)
            p->sex = plain[host].sex;
    }
    host_by_age(life, plant);
    if (plant->point->sex && host == SYN_H_WRONG_SEX)
        p->sex = 3 - plant->point->sex;
    else if (plant->point->sex && host != SYN_H_SEX_9)
        p->sex = plant->point->sex;
}

/* May a person who is there already be the host? Only of plants that ask for little. */
static bool suits(const struct syn_life *life, const struct syn_plant *plant) {
    const enum syn_host host = plant->variant->host;
    const int age = sh_syn_age(life, plant->day);
    if (host != SYN_H_ADULT || age < 20 || age > 75 ||
        sh_str_ends_with(sh_str_of(plant->variant->rule), SH_STR("-after-death")))
        return false;
    return plant->point->sex == 0 || plant->point->sex == life->person.sex;
}

/* ---- planting
 * -----------------------------------------------------------------------------------------------------------------
 */

static void plant_one(struct syn_life *life, const struct syn_plant *plant) {
    const struct syn_city *city = life->city;
    life->has_plants = true;
    for (int32_t d = plant->day - plant->variant->before; d <= plant->day + plant->variant->after; d++)
        if (d >= city->first_day && d <= city->last_day)
            life->calendar[d - city->first_day] |= TAKEN;
    plant->variant->plant(life, plant, plant->variant->how);
}

static bool find_room(struct syn_life *life, struct syn_plant *plant) {
    int32_t low, high;
    if (!days_of(life->city, plant->variant, plant->point, &low, &high))
        return false;
    for (int tries = 0; tries < 24; tries++) {
        plant->day = sh_syn_between(life, low, high);
        if (sh_syn_is_free(life, plant->day - plant->variant->before, plant->day + plant->variant->after,
                           true))
            return suits(life, plant);
    }
    return false;
}

static bool is_apart(const struct syn_plant *a, const struct syn_plant *b) {
    if (sh_str_eq(a->point->rule, b->point->rule))
        return false;
    for (size_t i = 0; i < a->point->items.n; i++)
        for (size_t k = 0; k < b->point->items.n; k++)
            if (a->point->items.at[i].item == b->point->items.at[k].item)
                return false;
    return true;
}

void sh_syn_plant_all(struct syn_life *life) {
    struct syn_plant planted[PLANTS_A_PERSON_MAX];
    uint64_t first;
    uint32_t n, n_planted = 0;
    sh_syn_plants_of(life->city, life->person.index, &first, &n);
    for (uint32_t i = 0; i < n; i++) {
        struct syn_plant plant;
        if (!sh_syn_plant_choose(life->city, first + i, &plant))
            return;
        bool fits = true;
        for (uint32_t k = 0; k < n_planted; k++)
            fits = fits && is_apart(&plant, &planted[k]) && !life->death;
        if (n_planted > 0 && (!fits || !suits(life, &plant) || !find_room(life, &plant))) {
            life->not_planted++;
            continue;
        }
        plant_one(life, &plant);
        planted[n_planted++] = plant;
    }
}

/* ---- truth
 * ----------------------------------------------------------------------------------------------------------------------
 */

void sh_syn_truth_begin(struct syn_life *life, const struct syn_plant *plant, uint32_t enc) {
    if (life->failed == SH_OK)
        life->failed = sh_grow(&life->truths, &life->cap_truths, life->n_truths + 1, sizeof life->truths[0],
                               1 << 22, NULL);
    if (life->failed != SH_OK)
        return;
    life->truths[life->n_truths] = (struct syn_truth){.variant = plant->variant,
                                                      .rule = plant->variant->rule,
                                                      .is_violation = plant->variant->is_violation,
                                                      .enc = enc,
                                                      .first = (uint32_t)life->n_blamed};
}

void sh_syn_blame(struct syn_life *life, uint32_t line) {
    if (life->failed == SH_OK)
        life->failed = sh_grow(&life->blamed, &life->cap_blamed, life->n_blamed + 1, sizeof life->blamed[0],
                               1 << 22, NULL);
    if (life->failed == SH_OK)
        life->blamed[life->n_blamed++] = line;
}

void sh_syn_truth_end(struct syn_life *life, int64_t fen) {
    if (life->failed != SH_OK)
        return;
    struct syn_truth *t = &life->truths[life->n_truths];
    t->n = (uint32_t)life->n_blamed - t->first;
    t->fen = fen;
    /* Ids are of one length: their order is the order of the numbers. */
    for (uint32_t i = t->first + 1; i < t->first + t->n; i++)
        for (uint32_t k = i; k > t->first && life->blamed[k - 1] > life->blamed[k]; k--) {
            const uint32_t swap = life->blamed[k];
            life->blamed[k] = life->blamed[k - 1], life->blamed[k - 1] = swap;
        }
    life->n_truths++;
}

void sh_syn_truth_other(struct syn_life *life, const struct syn_plant *plant, const char *rule, uint32_t enc,
                        uint32_t line, int64_t fen) {
    sh_syn_truth_begin(life, plant, enc);
    if (life->failed == SH_OK)
        life->truths[life->n_truths].rule = rule;
    sh_syn_blame(life, line);
    sh_syn_truth_end(life, fen);
}

void sh_syn_truth_line(struct syn_life *life, const struct syn_plant *plant, uint32_t line) {
    sh_syn_truth_begin(life, plant, life->lines[line].enc);
    sh_syn_blame(life, line);
    sh_syn_truth_end(life, sh_syn_net(life, line));
}

void sh_syn_truth_enc(struct syn_life *life, const struct syn_plant *plant, uint32_t enc) {
    int64_t fen = 0;
    sh_syn_truth_begin(life, plant, enc);
    for (uint32_t i = life->encs[enc].line_first; i < life->n_lines; i++) {
        const struct syn_line *l = &life->lines[i];
        const int64_t net =
            l->enc == enc && l->refund_of < 0 && !(l->flags & SYN_VOID) ? sh_syn_net(life, i) : 0;
        if (net > 0)
            sh_syn_blame(life, i);
        fen += net;
    }
    sh_syn_truth_end(life, fen);
}

int64_t sh_syn_share(int64_t fen, int64_t num, int64_t den) {
    int64_t result = 0;
    const sh_code code = sh_div_round((sh_i128)fen * num, den, &result);
    sh_check(code == SH_OK);
    return result;
}

uint16_t sh_syn_point_item(const struct syn_plant *plant) {
    return plant->point->items.at[plant->nth % plant->point->items.n].item;
}
