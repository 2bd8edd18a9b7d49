#include "synth/plant.h"

/* Shares of ages in ten-year groups, per mille; those who have claims are older than the population. */
static const uint32_t age_weights[10] = {90, 70, 85, 120, 130, 160, 165, 110, 55, 15};

static void give_age(struct syn_life *life) {
    const int32_t decade = (int32_t)sh_rng_pick(&life->rng, age_weights, 10);
    const int32_t years = decade * 10 + (int32_t)sh_syn_below(life, 10);
    life->person.birth = sh_add_months(life->city->first_day, -years * 12) - (int32_t)sh_syn_below(life, 365);
    if (sh_age_years(life->person.birth, life->city->first_day) < 0)
        life->person.birth = life->city->first_day - 30;
}

static void give_illness(struct syn_life *life) {
    struct syn_person *p = &life->person;
    const int age = sh_syn_age(life, life->city->first_day);
    const uint32_t pressure = age < 30 ? 0 : age < 45 ? 80000 : age < 60 ? 250000 : 480000;
    p->hypertension = sh_syn_chance(life, pressure);
    p->diabetes = age >= 30 && sh_syn_chance(life, pressure / 3);
    p->dialysis = age >= 25 && age <= 85 && sh_syn_chance(life, 900);
    p->metformin = p->diabetes && sh_syn_chance(life, 600000);
    p->poor = sh_syn_chance(life, 30000);
    p->frailty = (int)sh_syn_between(life, 40, 150);
}

static void give_insurance(struct syn_life *life) {
    struct syn_person *p = &life->person;
    const int age = sh_syn_age(life, life->city->first_day);
    const bool employed = age >= 20 && sh_syn_chance(life, 450000);
    p->insurance = employed ? 310 : 390;
    if (employed)
        p->kind = age >= 60 ? "12" : "11";
    else
        p->kind = age < 18 ? "14" : age < 60 ? "15" : "16";
}

void sh_syn_person_make(struct syn_life *life, uint32_t index) {
    life->person = (struct syn_person){.index = index};
    life->person.sex = sh_syn_chance(life, 515000) ? 2 : 1;
    give_age(life);
    uint64_t first;
    uint32_t n;
    struct syn_plant plant;
    sh_syn_plants_of(life->city, index, &first, &n);
    if (n > 0 && sh_syn_plant_choose(life->city, first, &plant))
        sh_syn_host(life, &plant);
    give_illness(life);
    give_insurance(life);
}
