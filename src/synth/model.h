/* What the city is made of. Inner header of the room. */
#pragma once
#include "base/arena.h"
#include "base/date.h"
#include "base/err.h"
#include "base/money.h"
#include "base/rng.h"
#include "base/str.h"
#include "synth/synth.h"
#include <stdbool.h>

/* ---- the book: synth/ *.csv, read once, shared by all threads
 * ------------------------------------------------------- */

enum { SYN_PPM = 1000000, SYN_QTY = 10000, SYN_NONE = 0xffff };
enum syn_grade { SYN_GRADE_A = 1, SYN_GRADE_B, SYN_GRADE_C };

struct syn_item {
    struct sh_str key, code, name, category, list_type, spec;
    int64_t price; /* 10^-6 yuan */
    int64_t ratio; /* 先行自付比例, 10^-4 */
    int grade;
    bool is_drug, is_herb, is_service;
};

/** What goods are counted in. */
static inline const char *sh_syn_unit_of(const struct syn_item *item) {
    return item->is_herb ? "克" : "个";
}

/** An item and how many units of it, in whole ones. */
struct syn_use {
    uint16_t item, units;
};
struct syn_uses {
    const struct syn_use *at;
    size_t n;
};

enum syn_kind {
    SYN_OUT,
    SYN_ER,
    SYN_NET,
    SYN_TCM,
    SYN_CHRONIC,
    SYN_STAY,
    SYN_DELIVERY,
    SYN_PHARMACY,
    SYN_KINDS
};

struct syn_case {
    struct sh_str name;
    enum syn_kind kind;
    uint16_t dept, dx, dx2; /* SYN_NONE: none */
    uint32_t weight;
    int sex, age_low, age_high, days_low, days_high;
    struct syn_uses tests, drugs, daily, op;
};

struct syn_point {
    struct sh_str rule, name, word; /* word: `others` as written when it names no items */
    struct syn_uses items, others;
    int64_t number; /* 10^-4 */
    int low, high, sex;
    int32_t from;
    uint16_t dx[4], dx_not;
    size_t n_dx;
};

struct syn_named {
    struct sh_str key, code, name;
};

struct syn_place_kind {
    struct sh_str kind, hosp_lv, before, after;
    int level, date_only, sparse;
    uint32_t persons, least, most;
};

/** Items the builders themselves reach for. */
struct syn_known {
    uint16_t consult, consult_expert, consult_gen, consult_er, consult_net, consult_in, bed, nursing1,
        nursing2, nursing3, delivery, fetal_monitor, hba1c, metformin, liraglutide, yimucao, shenmai, cbc,
        crp, liver, amlodipine, aspirin, nacl, infusion, xray_chest, gancao, huangqi;
};

struct syn_book {
    const struct syn_item *items;
    size_t n_items;
    const struct syn_named *depts, *dxs, *ops; /* dxs: key = code; ops: key of the item */
    size_t n_depts, n_dxs, n_ops;
    const struct syn_place_kind *place_kinds;
    size_t n_place_kinds;
    struct sh_str *surnames, *firsts, *seconds;
    size_t n_surnames, n_firsts, n_seconds;
    const struct syn_case *cases;
    size_t n_cases;
    const struct syn_point *points;
    size_t n_points;
    const uint16_t *herbs; /* ordinary ones */
    size_t n_herbs;
    struct syn_known known;
};

/** Read the book. Errors: SH_E_INPUT with file, line and column; SH_E_NOTFOUND; SH_E_NOMEM. */
SH_MUST sh_code sh_syn_book_load(const char *dir, struct sh_arena *arena, struct syn_book *ret,
                                 struct sh_err *err);
/** Item, department, diagnosis by key; SYN_NONE when there is none. */
uint16_t sh_syn_item(const struct syn_book *book, struct sh_str key);
uint16_t sh_syn_dept(const struct syn_book *book, struct sh_str key);
uint16_t sh_syn_dx(const struct syn_book *book, struct sh_str code);
/** First case of that name, or NULL. */
const struct syn_case *sh_syn_case(const struct syn_book *book, const char *name);

/* ---- the city
 * ------------------------------------------------------------------------------------------------------- */

/* Hospitals that stand for nobody but each other: the last SYN_COMPARED places of a city with plants. */
enum {
    SYN_COMPARED = 16,
    SYN_GROWN = 11 /* sells far more of one drug than a quarter before; the next one not quite */,
    SYN_CROWDED = 12 /* has few beds */,
    SYN_UNBALANCED = 13 /* whose books do not balance */,
    SYN_SHORT = 14 /* sells a unit more than it had; the next one sells out */
};
#define SYN_GROWN_DRUG "p_esomeprazole"
#define SYN_SHORT_DRUG "omeprazole"
#define SYN_SHORT_MATERIAL "c_needle"
enum syn_class { SYN_TERTIARY, SYN_SECONDARY, SYN_PRIMARY, SYN_CLINIC, SYN_SHOP, SYN_CLASSES };

struct syn_place {
    char code[16];
    struct sh_str name, hosp_lv;
    enum syn_class class_;
    bool date_only, sparse;
};

struct syn_city {
    const struct syn_book *book;
    uint64_t seed;
    struct sh_rng root;
    uint32_t n_persons;
    int32_t first_day, last_day; /* both included */
    uint32_t n_months;
    const struct syn_place *places;
    uint32_t n_places;
    uint32_t class_begin[SYN_CLASSES + 1]; /* places are sorted by class */
    uint32_t plant_ppm;
    uint64_t plants_per_person; /* 10^-6 */
    const struct syn_variant **rotation;
    size_t n_rotation;
};
/** First day of the month in which the compared hospitals stand: no other has a claim. */
static inline int32_t sh_syn_compared_month(const struct syn_city *city) {
    return sh_add_months(city->first_day, -1);
}
/** A day of the quarter before that month's. */
static inline int32_t sh_syn_grown_from(const struct syn_city *city) {
    return sh_quarter_start(sh_syn_compared_month(city)) - 20;
}

SH_MUST sh_code sh_syn_city_make(const struct syn_book *book, const struct sh_synth_options *options,
                                 struct sh_arena *arena, struct syn_city *ret, struct sh_err *err);

/* ---- one person's life
 * ------------------------------------------------------------------------------------------------ */

struct syn_person {
    uint32_t index;
    int sex; /* 1, 2, 9 */
    int32_t birth;
    int insurance; /* 310 or 390 */
    const char *kind;
    bool hypertension, diabetes, dialysis, metformin, poor;
    int frailty; /* per cent of the usual number of visits */
};

enum syn_line_flag {
    SYN_VOID = 1,
    SYN_TAKE_HOME = 2,
    SYN_MATERNITY = 4,
    SYN_OUTSIDE = 8,
    SYN_SELF_PAID = 16,
    SYN_REF_GIVEN = 32,
    SYN_PERFORMED = 64,     /* who performed it is written as well */
    SYN_UPLOADED_THEN = 128 /* in the second of the charge; others at the end of the day */
};
/* Number within an institution of a physician who is not qualified from the day of point not-qualified. */
enum { SYN_DOCTORS_A_PLACE = 50, SYN_DOCTOR_ENDED = 48 };
/* Nurses and technicians, who give what physicians order. */
enum { SYN_STAFF_A_PLACE = 40 };
/* Of the first institution alone: one suspended from the day of points suspended-… on, and one who is back
 * the day before it. */
enum { SYN_DOCTOR_SUSPENDED = 47, SYN_DOCTOR_BACK = 46 };

struct syn_line {
    uint32_t enc;
    uint16_t item, days;
    uint32_t doctor; /* number within the institution */
    int32_t day, sec;
    int64_t quantity, price, amount, covered; /* 10^-4, 10^-6 yuan, fen, fen */
    int32_t refund_of;                        /* line, or -1 */
    uint8_t flags, rx;
    int16_t late_days; /* from the charge to its upload */
    uint16_t dose_mg;  /* at a time, four times a day; 0: not written */
    uint8_t performer; /* number within the institution; 0: nobody is named, but for SYN_PERFORMED */
};

enum syn_enc_flag {
    SYN_E_VOID = 1,
    SYN_E_NEWBORN = 2,
    SYN_E_ONLINE = 4,
    SYN_E_ACCOUNT = 8,
    SYN_E_DRG = 16,
    SYN_E_DIED = 32,
    SYN_E_REMOTE = 64 /* settled in another province */
};

struct syn_enc {
    uint16_t place, dept;
    uint16_t med_type, insurance;
    uint32_t doctor;
    int32_t from, to, sec_from, sec_to;
    uint16_t dx[4];
    uint8_t n_dx, n_op, flags, leaving, n_rx;
    uint16_t op[3];
    int32_t op_day;
    uint16_t disease;                /* 0 none, 1 hypertension, 2 diabetes, 3 dialysis */
    uint8_t companion;               /* 0: of the person himself; else of the n-th companion of a plant */
    uint8_t fault;                   /* enum syn_list_fault: of its settlement list */
    bool is_infected;                /* its diagnoses but the first came up in bed */
    uint8_t drg;                     /* 0: none; else the n-th group the city knows */
    uint32_t bed, employer, invoice; /* 0: as usual; invoice: of encounter invoice − 1 */
    uint64_t gathered_bed;           /* 0: bed; else one of the beds that no single person lies in */
    uint32_t line_first;
};

enum { SYN_DISEASES = 4, SYN_COMPANIONS_MAX = 16 };
enum syn_list_fault {
    SYN_L_RIGHT,
    SYN_L_NO_RECORD,
    SYN_L_NO_SEX,
    SYN_L_NO_PHYSICIAN,
    SYN_L_DATES,  /* ends before it begins */
    SYN_L_MONEY,  /* the fund pays more than the whole */
    SYN_L_WEIGHT, /* 28 days old, without a weight at birth */
    SYN_L_OLDER   /* 29 days old, without one */
};

/* Rows beside the claims. Who: a companion as in syn_enc. */
enum syn_beside_kind { SYN_B_RIGHT, SYN_B_INSURED, SYN_B_ALLOWANCE, SYN_B_CARE, SYN_B_SOLD, SYN_B_BOUGHT };
struct syn_beside {
    enum syn_beside_kind kind;
    uint8_t companion;
    uint16_t place;
    uint32_t number;      /* disease, employer, carer, or trace code */
    uint32_t family;      /* SYN_B_INSURED: 0 none */
    int32_t from, to;     /* days, both included; 0: open */
    int32_t sec, minutes; /* of a service or scan */
    int32_t beyond;       /* minutes of a service that are recorded, and behind its end */
    int64_t fen, base_fen;
    bool is_back, is_split; /* a scan: handed back; of an opened pack */
};

struct syn_truth {
    const struct syn_variant *variant;
    const char *rule;
    bool is_violation;
    uint32_t enc;
    uint32_t first, n; /* in life.blamed */
    int64_t fen;
};

/** Timeline of one person under construction. Grown arrays stay with the worker; a failed addition is
 * remembered. */
struct syn_life {
    const struct syn_city *city;
    const struct syn_book *book;
    struct sh_rng rng;
    struct syn_person person;
    struct syn_enc *encs;
    size_t n_encs, cap_encs;
    struct syn_line *lines;
    size_t n_lines, cap_lines;
    struct syn_truth *truths;
    size_t n_truths, cap_truths;
    uint32_t *blamed;
    size_t n_blamed, cap_blamed;
    struct syn_beside *beside;
    size_t n_beside, cap_beside;
    uint8_t *calendar; /* [days of the period]; bit 1: taken, bit 2: too near to a stay for another one */
    size_t cap_calendar;
    bool has_plants, no_hba1c, no_metformin;
    int32_t last_hba1c, death; /* death 0: none */
    uint32_t not_planted;
    sh_code failed;
};

enum { SYN_STAY_APART_DAYS = 17 }; /* ordinary stays of a person are further apart than any rule looks */

/* life.c: building blocks. Days are absolute; secs of the day. */
SH_MUST sh_code sh_syn_life_begin(struct syn_life *life, const struct syn_city *city, uint32_t person);
void sh_syn_life_free(struct syn_life *life);
/** A new encounter [from, to]; takes its days (stays: and keeps other stays away). */
uint32_t sh_syn_enc(struct syn_life *life, uint32_t place, int med_type, int32_t from, int32_t to);
void sh_syn_enc_dx(struct syn_life *life, uint32_t enc, uint16_t dx);
/** A charge of `quantity` (10^-4) at the catalogue's price, covered by grade. */
uint32_t sh_syn_line(struct syn_life *life, uint32_t enc, uint16_t item, int32_t day, int32_t sec,
                     int64_t quantity);
/** As above but never a second line that equals one of this encounter: later by a minute, or left out where
 * there are no times. */
void sh_syn_charge(struct syn_life *life, uint32_t enc, uint16_t item, int32_t day, int32_t sec,
                   int64_t quantity);
void sh_syn_self_pay(struct syn_life *life, uint32_t line);
/** Price a line that is covered in full so that the pool pays exactly `pooled` fen of a visit. */
void sh_syn_price_for_pool(struct syn_life *life, uint32_t enc, uint32_t line, int64_t pooled);
/** Set amounts after quantity or price were changed by hand. */
void sh_syn_price(struct syn_life *life, uint32_t line);
uint32_t sh_syn_refund(struct syn_life *life, uint32_t line, int64_t quantity, int32_t day,
                       bool with_reference);
/** Covered and quantity of a line after all its refunds. */
int64_t sh_syn_net(const struct syn_life *life, uint32_t line);
int64_t sh_syn_net_quantity(const struct syn_life *life, uint32_t line);
/** Nobody lays an ordinary stay, or another plant, into this life any more. */
void sh_syn_no_more_stays(struct syn_life *life);
bool sh_syn_is_free(const struct syn_life *life, int32_t from, int32_t to, bool is_stay);
bool sh_syn_is_inpatient(int med_type);

uint64_t sh_syn_below(struct syn_life *life, uint64_t bound);
int32_t sh_syn_between(struct syn_life *life, int32_t low, int32_t high);
bool sh_syn_chance(struct syn_life *life, uint32_t per_million);
/** An institution of a class: the person's own (nth 0), or another one (1, 2 …); exact: one that uploads
 * times, if the class has one. */
uint32_t sh_syn_place(const struct syn_life *life, enum syn_class class_, uint32_t nth, bool exact);
int sh_syn_age(const struct syn_life *life, int32_t day);

/** Add a row beside the claims. */
void sh_syn_beside(struct syn_life *life, struct syn_beside row);

/* person.c */
void sh_syn_person_make(struct syn_life *life, uint32_t index);

/* visits.c: whole encounters as cases.csv describes them; give the encounter. */
uint32_t sh_syn_visit(struct syn_life *life, const struct syn_case *what, uint32_t place, int32_t day);
uint32_t sh_syn_stay(struct syn_life *life, const struct syn_case *what, uint32_t place, int32_t from,
                     int32_t to);
uint32_t sh_syn_shop(struct syn_life *life, const struct syn_case *what, uint32_t place, int32_t day);
/** A visit of nothing but a fee and one common drug; a stay of nothing but bed, nursing, consultation and
 * saline on [from, to). */
uint32_t sh_syn_plain_visit(struct syn_life *life, uint32_t place, int med_type, int32_t day, uint16_t dx);
uint32_t sh_syn_plain_stay(struct syn_life *life, uint32_t place, int32_t from, int32_t to, uint16_t dx);

/* habits.c: the ordinary life around what is already there. */
void sh_syn_live(struct syn_life *life);
