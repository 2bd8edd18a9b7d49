/* The calendars that deadlines are counted by: of each place its papers, the years it lacks, and who must
 * enter them. */
#include "matter/shape.h"

enum { MISSING_MAX = 128 };

static void put_days(struct sh_json *json, const struct sh_calendars *all, struct sh_str paper) {
    sh_json_key(json, "days");
    sh_json_array(json);
    for (size_t i = 0; i < all->n_days; i++) {
        const struct sh_calendar_entry *day = &all->days[i];
        if (!sh_str_eq(day->paper, paper))
            continue;
        sh_json_object(json);
        sh_json_put_date(json, "first", day->first);
        sh_json_put_date(json, "last", day->last);
        sh_json_put_text(json, "kind", day->is_worked ? "work" : "rest");
        sh_json_put_str(json, "name", day->name);
        sh_json_object_end(json);
    }
    sh_json_array_end(json);
}

static void put_papers(struct sh_json *json, const struct sh_calendars *all, struct sh_str place) {
    sh_json_key(json, "papers");
    sh_json_array(json);
    for (size_t i = 0; i < all->n_papers; i++) {
        const struct sh_calendar_paper *paper = &all->papers[i];
        if (!sh_str_eq(paper->place, place))
            continue;
        sh_json_object(json);
        sh_json_put_i64(json, "year", paper->year);
        sh_json_put_str(json, "paper", paper->id);
        sh_json_put_str(json, "title", paper->title);
        sh_json_put_date(json, "issued", paper->issued);
        put_days(json, all, paper->id);
        sh_json_object_end(json);
    }
    sh_json_array_end(json);
}

static sh_code put_calendar(const struct sh_calendars *all, const struct sh_calendar_place *place,
                            const struct sh_matter_here *here, struct sh_arena *arena, struct sh_json *json,
                            struct sh_err *err) {
    const struct sh_calendar *calendar = NULL;
    int32_t years[MISSING_MAX];
    SH_TRY(sh_calendar_open(all, place->place, INT32_MAX, arena, &calendar, err));
    const size_t n = sh_calendar_missing(calendar, here->today, years, MISSING_MAX);
    sh_json_object(json);
    sh_json_put_str(json, "place", place->place);
    sh_json_put_str(json, "name", place->name);
    sh_json_put_str(json, "entered_by", sh_calendar_entered_by(calendar, here->lang));
    sh_json_key(json, "missing");
    sh_json_array(json);
    for (size_t i = 0; i < n && i < MISSING_MAX; i++)
        sh_json_i64(json, years[i]);
    sh_json_array_end(json);
    put_papers(json, all, place->place);
    sh_json_object_end(json);
    return SH_OK;
}

sh_code sh_calendars_json(const struct sh_matter_texts *texts, const struct sh_matter_here *here,
                          struct sh_arena *arena, struct sh_json *json, struct sh_err *err) {
    struct sh_calendars merged;
    const struct sh_calendars *all = &merged;
    SH_TRY(sh_calendars_all(texts->calendars, arena, &merged, err));
    sh_json_object(json);
    sh_json_key(json, "items");
    sh_json_array(json);
    for (size_t i = 0; i < all->n_places; i++)
        SH_TRY(put_calendar(all, &all->places[i], here, arena, json, err));
    sh_json_array_end(json);
    sh_json_object_end(json);
    return SH_OK;
}
