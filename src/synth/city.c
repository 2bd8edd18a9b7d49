#include "base/hash.h"
#include "synth/model.h"

static enum syn_class class_of(const struct syn_place_kind *kind) {
    if (sh_str_is(kind->kind, "pharmacy"))
        return SYN_SHOP;
    if (sh_str_is(kind->kind, "clinic"))
        return SYN_CLINIC;
    return kind->level >= 3 ? SYN_TERTIARY : kind->level == 2 ? SYN_SECONDARY : SYN_PRIMARY;
}

static uint32_t how_many(const struct syn_place_kind *kind, uint32_t persons) {
    const uint32_t n = persons / kind->persons;
    return n < kind->least ? kind->least : n > kind->most ? kind->most : n;
}

static sh_code make_places(const struct syn_book *book, struct sh_arena *arena, struct syn_city *city,
                           struct sh_err *err) {
    uint32_t total = 0;
    for (size_t k = 0; k < book->n_place_kinds; k++)
        total += how_many(&book->place_kinds[k], city->n_persons);
    struct syn_place *places = sh_new(arena, struct syn_place, total + SYN_COMPARED);
    if (!places)
        return sh_fail(err, SH_E_NOMEM, "no room for %u institutions", total);
    uint32_t n = 0;
    for (int class_ = 0; class_ < SYN_CLASSES; class_++) {
        city->class_begin[class_] = n;
        for (size_t k = 0; k < book->n_place_kinds; k++) {
            const struct syn_place_kind *kind = &book->place_kinds[k];
            if (class_of(kind) != (enum syn_class)class_)
                continue;
            for (uint32_t i = 0; i < how_many(kind, city->n_persons); i++, n++) {
                struct syn_place *place = &places[n];
                struct sh_rng rng = sh_rng_fork_n(&city->root, 0xffffffff00000000u + n);
                place->class_ = (enum syn_class)class_;
                (void)snprintf(place->code, sizeof place->code, "%c990100%05u",
                               class_ == SYN_SHOP ? 'P' : 'H', n + 1);
                size_t len;
                const char *name = sh_arena_printf(arena, &len, "%.*s%u%.*s", SH_ARG(kind->before), i + 1,
                                                   SH_ARG(kind->after));
                if (!name)
                    return sh_fail(err, SH_E_NOMEM, "no room for the names of institutions");
                place->name = (struct sh_str){name, len};
                place->hosp_lv = kind->hosp_lv;
                /* The first of a kind is always exact, so that small cities have one. */
                place->date_only = i > 0 && sh_rng_chance(&rng, (uint32_t)kind->date_only * (SYN_PPM / 100));
                place->sparse = sh_rng_chance(&rng, (uint32_t)kind->sparse * (SYN_PPM / 100));
            }
        }
        if (n == city->class_begin[class_])
            return sh_fail(err, SH_E_INPUT,
                           "institutions.csv: needs hospitals of level 1, 2 and 3, a clinic and a pharmacy");
    }
    city->class_begin[SYN_CLASSES] = n;
    for (uint32_t i = 0; city->plant_ppm && i < SYN_COMPARED; i++, n++) {
        size_t len;
        const char *name = sh_arena_printf(arena, &len, "虚构市第%u比对医院", i + 1);
        if (!name)
            return sh_fail(err, SH_E_NOMEM, "no room for the names of institutions");
        places[n] = (struct syn_place){.class_ = SYN_TERTIARY, .name = {name, len}, .hosp_lv = SH_STR("02")};
        (void)snprintf(places[n].code, sizeof places[n].code, "H990100%05u", n + 1);
    }
    city->places = places, city->n_places = n;
    return SH_OK;
}

sh_code sh_syn_city_make(const struct syn_book *book, const struct sh_synth_options *options,
                         struct sh_arena *arena, struct syn_city *ret, struct sh_err *err) {
    *ret = (struct syn_city){.book = book,
                             .seed = options->seed,
                             .n_persons = options->persons,
                             .n_months = options->months,
                             .plant_ppm = options->plant_ppm};
    sh_rng_seed(&ret->root, options->seed);
    ret->first_day = options->first_day;
    if (ret->first_day == 0)
        ret->first_day = sh_add_months(sh_days_of(2026, 11, 1), -(int32_t)options->months);
    if (ret->first_day != sh_month_start(ret->first_day))
        return sh_fail(err, SH_E_INPUT, "the period must begin on the first day of a month");
    ret->last_day = sh_add_months(ret->first_day, (int32_t)options->months) - 1;
    return make_places(book, arena, ret, err);
}
