/* Time limits as the public reads them: every clock of every procedure in force at a place, with the length
 * that the engine would count by today. There is no second table to fall behind (S4§12). */
#include "matter/shape.h"
#include "matter/timing.h"

struct telling {
    const struct sh_matter_texts *texts;
    struct sh_str place;
    int32_t today;
    sh_lang lang;
    struct sh_arena *arena;
    struct sh_json *json;
    struct sh_err *err;
};

/* "length", "words"; or "missing": who must set the number that nobody has set. */
static sh_code put_length(const struct telling *t, struct sh_str length, struct sh_str param) {
    const struct length_asked asked = {
        length, param, t->place, {.act = t->today, .step = t->today, .period = t->today}, t->lang};
    struct sh_length found = {0};
    struct sh_str missing;
    SH_TRY(sh_length_asked(t->texts->params, &asked, t->arena, &found, &missing, t->err));
    SH_CLEANUP(sh_buf_free) struct sh_buf words = {0};
    if (missing.len == 0)
        sh_length_tell(found, t->lang, &words);
    const bool is_set = missing.len == 0;
    sh_json_put_str(t->json, "parameter", param);
    sh_json_put_str(t->json, "length", is_set ? sh_length_text(t->arena, found) : SH_STR(""));
    sh_json_put_str(t->json, "words", sh_buf_view(&words));
    sh_json_put_str(t->json, "missing", missing);
    return sh_buf_check(&words, t->err);
}

static void put_start(const struct telling *t, const struct sh_procedure *p,
                      const struct sh_clock_text *clock) {
    static const char *const kinds[] = {[SH_FROM_OPENED] = "opened",
                                        [SH_FROM_STEP] = "step",
                                        [SH_FROM_SERVED] = "served",
                                        [SH_FROM_PERIOD] = "period_ends"};
    struct sh_str id = SH_STR(""), name = SH_STR("");
    if (clock->from == SH_FROM_STEP) {
        const struct sh_step *step = &p->matter.steps[clock->from_at];
        id = step->id, name = sh_word_of(t->lang, step->name, step->english);
    } else if (clock->from == SH_FROM_SERVED) {
        const struct sh_paper_text *paper = &p->papers[clock->from_at];
        id = paper->id, name = sh_word_of(t->lang, paper->name, paper->english);
    }
    sh_json_key(t->json, "from");
    sh_json_object(t->json);
    sh_json_put_text(t->json, "event", kinds[clock->from]);
    sh_json_put_str(t->json, "of", id);
    sh_json_put_str(t->json, "name", name);
    sh_json_object_end(t->json);
}

/* What lengthens it and what does not count. */
static sh_code put_moves(const struct telling *t, const struct sh_procedure *p,
                         const struct sh_clock_text *clock) {
    sh_json_key(t->json, "extensions");
    sh_json_array(t->json);
    for (size_t i = 0; i < clock->n_extend; i++) {
        const struct sh_step *step = &p->matter.steps[clock->extend[i].step];
        sh_json_object(t->json);
        sh_json_put_str(t->json, "step", step->id);
        sh_json_put_str(t->json, "name", sh_word_of(t->lang, step->name, step->english));
        sh_json_put_str(t->json, "basis", clock->extend[i].basis);
        SH_TRY(put_length(t, clock->extend[i].length, clock->extend[i].param));
        sh_json_object_end(t->json);
    }
    sh_json_array_end(t->json);
    sh_json_key(t->json, "excluding");
    sh_json_array(t->json);
    for (size_t i = 0; i < clock->n_excluding; i++)
        sh_json_str(t->json, clock->excluding[i].name);
    sh_json_array_end(t->json);
    return SH_OK;
}

static sh_code put_clock(const struct telling *t, const struct sh_procedure *p,
                         const struct sh_clock_text *clock) {
    sh_json_object(t->json);
    sh_json_put_str(t->json, "procedure", p->id);
    sh_json_put_str(t->json, "procedure_name", sh_word_of(t->lang, p->name, p->english));
    sh_json_put_str(t->json, "place", p->place);
    sh_json_put_date(t->json, "in_force_from", p->from);
    sh_json_put_str(t->json, "clock", clock->id);
    sh_json_put_str(t->json, "name", sh_word_of(t->lang, clock->name, clock->english));
    sh_json_put_str(t->json, "basis", clock->basis);
    put_start(t, p, clock);
    SH_TRY(put_length(t, clock->length, clock->param));
    sh_json_put_text(t->json, "end", sh_clock_end_word(clock->end));
    sh_json_put_bool(t->json, "rolls", !clock->no_roll);
    SH_TRY(put_moves(t, p, clock));
    sh_json_object_end(t->json);
    return SH_OK;
}

sh_code sh_time_limits_json(const struct sh_matter_texts *texts, const struct sh_matter_here *here,
                            struct sh_arena *arena, struct sh_json *json, struct sh_err *err) {
    const struct telling t = {texts, here->place, here->today, here->lang, arena, json, err};
    const struct sh_procedures *all = texts->procedures;
    sh_json_object(json);
    sh_json_put_str(json, "place", here->place);
    sh_json_put_date(json, "day", here->today);
    sh_json_key(json, "items");
    sh_json_array(json);
    for (size_t i = 0; i < all->n; i++)
        if (sh_procedure_find(all, all->of[i].id, here->place, here->today) == &all->of[i])
            for (size_t k = 0; k < all->of[i].n_clocks; k++)
                SH_TRY(put_clock(&t, &all->of[i], &all->of[i].clocks[k]));
    sh_json_array_end(json);
    sh_json_object_end(json);
    return SH_OK;
}
