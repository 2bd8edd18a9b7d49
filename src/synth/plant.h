/* The planter. A variant is one way to break a rule, or to come near and not break it; a plant is a variant
 * at a point on a day. */
#pragma once
#include "synth/model.h"

/** Who the host of a plant must be on its day; `right` and `wrong` are meant by the ages and sex of the
 * point. */
enum syn_host {
    SYN_H_ADULT,       /* 18 … 75 */
    SYN_H_WOMAN,       /* 21 … 41 */
    SYN_H_RIGHT,       /* inside the ages, of the right sex */
    SYN_H_ABOVE,       /* 19 … 50 years above the upper age */
    SYN_H_UPPER,       /* the birthday that ends the range */
    SYN_H_UNDER_UPPER, /* the day before it */
    SYN_H_LOWER,       /* the birthday that begins the range */
    SYN_H_UNDER_LOWER, /* the day before it */
    SYN_H_WRONG_SEX,
    SYN_H_SEX_9,
    SYN_H_LEAP,     /* born on 29 February; of age on 1 March, which is the plant's day */
    SYN_H_LEAP_EVE, /* the day before that one */
    SYN_H_MAN_OLD,  /* 64 … 80 */
    SYN_H_MAN_59,
    SYN_H_WOMAN_OLD, /* 61 … 78 */
    SYN_H_WOMAN_45,  /* 43 … 48: who has no child in an ordinary life any more */
    SYN_H_CHILD,     /* 4 … 9 */
};

struct syn_plant;
typedef void (*syn_planter)(struct syn_life *life, const struct syn_plant *plant, int how);

struct syn_variant {
    const char *rule;
    bool is_violation;
    enum syn_host host;
    syn_planter plant;
    int how;           /* for the planter: which of its ways */
    int before, after; /* days needed before and after the plant's day */
    int lines;         /* blamed lines, about */
    int only;          /* 0 any point; else a bit mask of the rule's points */
    bool is_eve;       /* on the last day before the point came into force */
    const char *note;
};

struct syn_plant {
    const struct syn_variant *variant;
    const struct syn_point *point;
    int32_t day;
    size_t nth; /* serial number, for variety */
};

/** Tables of variants, one per file of planters; *ret_n rows. */
const struct syn_variant *sh_syn_drug_variants(size_t *ret_n);
const struct syn_variant *sh_syn_herb_variants(size_t *ret_n);
const struct syn_variant *sh_syn_service_variants(size_t *ret_n);
const struct syn_variant *sh_syn_person_variants(size_t *ret_n);
const struct syn_variant *sh_syn_base_variants(size_t *ret_n);
const struct syn_variant *sh_syn_stay_variants(size_t *ret_n);
const struct syn_variant *sh_syn_more_variants(size_t *ret_n);
const struct syn_variant *sh_syn_list_variants(size_t *ret_n);
const struct syn_variant *sh_syn_often_variants(size_t *ret_n);
const struct syn_variant *sh_syn_record_variants(size_t *ret_n);
const struct syn_variant *sh_syn_beside_variants(size_t *ret_n);

/** Order in which variants are planted: first one violation of every rule, then one near-miss of every rule,
 * and so on. */
SH_MUST sh_code sh_syn_rotation(struct syn_city *city, struct sh_arena *arena, struct sh_err *err);
/** The plant of serial number `serial`, or false if none can be planted in this period. */
bool sh_syn_plant_choose(const struct syn_city *city, uint64_t serial, struct syn_plant *ret);
/** Serial numbers [*ret_first, *ret_first + *ret_n) fall on this person. */
void sh_syn_plants_of(const struct syn_city *city, uint32_t person, uint64_t *ret_first, uint32_t *ret_n);
/** Make the person fit to be the host of a plant. */
void sh_syn_host(struct syn_life *life, const struct syn_plant *plant);
/** Plant everything that falls on this person; to be called before the ordinary life is made. */
void sh_syn_plant_all(struct syn_life *life);

/* For planters. Lines of a finding go in with sh_syn_blame between begin and end. */
void sh_syn_truth_begin(struct syn_life *life, const struct syn_plant *plant, uint32_t enc);
void sh_syn_blame(struct syn_life *life, uint32_t line);
/** fen: what an inspector counts; near-misses are written with 0 whatever is said here. */
void sh_syn_truth_end(struct syn_life *life, int64_t fen);
/** A truth row of a rule that fires unavoidably, or beside the planted one. */
void sh_syn_truth_other(struct syn_life *life, const struct syn_plant *plant, const char *rule, uint32_t enc,
                        uint32_t line, int64_t fen);
/** One finding that blames one line with what is left of its covered amount. */
void sh_syn_truth_line(struct syn_life *life, const struct syn_plant *plant, uint32_t line);
/** All lines of an encounter with something covered left; amount their sum. */
void sh_syn_truth_enc(struct syn_life *life, const struct syn_plant *plant, uint32_t enc);
/** num / den of money, rounded half away from zero. */
int64_t sh_syn_share(int64_t fen, int64_t num, int64_t den);
/** Item `nth` of a point. */
uint16_t sh_syn_point_item(const struct syn_plant *plant);
