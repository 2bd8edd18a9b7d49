/* Procedures as their pages are drawn from them, and pieces that all answers share. */
#include "matter/shape.h"

void sh_put_utc(struct sh_json *json, const char *key, int64_t at) {
    char text[SH_TIME_TEXT_MAX];
    sh_time_format_iso(at, "Z", text);
    sh_json_put_text(json, key, text);
}

void sh_put_role(struct sh_json *json, const struct work *w, struct sh_str role) {
    const struct sh_role *known = sh_role_find(w->texts->roles, role);
    sh_json_put_str(json, "role", role);
    sh_json_put_str(json, "role_name", known ? sh_word_of(lang_of(w), known->name, known->english) : role);
}

void sh_put_day_or_null(struct sh_json *json, const char *key, int32_t day, bool is_there) {
    sh_json_key(json, key);
    if (is_there)
        sh_json_date(json, day);
    else
        sh_json_null(json);
}

const char *sh_clock_end_word(enum sh_clock_end end) {
    static const char *const words[] = {
        [SH_END_DO] = "do", [SH_END_REFUSE] = "refuse", [SH_END_MARK] = "mark", [SH_END_WARN] = "warn"};
    return words[end];
}

void sh_put_fen(struct sh_json *json, const char *key, int64_t fen) {
    char text[SH_MONEY_TEXT_MAX];
    sh_money_plain(fen, text);
    sh_json_put_text(json, key, text);
}

/* part: the sealed part it goes into, whose value nobody is shown; "" none. */
static void put_field(struct sh_json *json, sh_lang lang, const struct sh_field *field, bool is_required,
                      struct sh_str value, struct sh_str part) {
    sh_json_object(json);
    sh_json_put_str(json, "field", field->id);
    if (part.len)
        sh_json_put_str(json, "part", part);
    sh_json_put_str(json, "name", sh_word_of(lang, field->name, field->english));
    if (field->help.len)
        sh_json_put_str(json, "help", field->help);
    sh_json_put_text(json, "type", sh_field_type_name(field->type));
    sh_json_put_bool(json, "required", is_required);
    if (field->type == SH_FIELD_TEXT) {
        sh_json_put_bool(json, "lines", field->has_lines);
        sh_json_put_i64(json, "max", field->max);
    }
    if (field->ref.len)
        sh_json_put_str(json, "register", field->ref);
    if (value.len)
        sh_json_put_str(json, "value", value);
    else
        sh_json_put_text(json, "value", NULL);
    if (field->n_choices) {
        sh_json_key(json, "choices");
        sh_json_array(json);
        for (size_t i = 0; i < field->n_choices; i++) {
            sh_json_object(json);
            sh_json_put_str(json, "code", field->choices[i].code);
            sh_json_put_str(json, "name",
                            sh_word_of(lang, field->choices[i].name, field->choices[i].english));
            sh_json_object_end(json);
        }
        sh_json_array_end(json);
    }
    sh_json_object_end(json);
}

void sh_put_field(struct sh_json *json, sh_lang lang, const struct sh_field *field, bool is_required,
                  struct sh_str value) {
    put_field(json, lang, field, is_required, value, SH_STR(""));
}

void sh_put_form(struct sh_json *json, sh_lang lang, const struct sh_machine *machine,
                 const struct sh_step *step, const struct sh_str *values) {
    sh_json_array(json);
    for (size_t i = 0; i < step->n_needs; i++)
        sh_put_field(json, lang, &machine->fields[step->needs[i]], true,
                     values ? values[step->needs[i]] : SH_STR(""));
    for (size_t i = 0; i < step->n_may; i++)
        sh_put_field(json, lang, &machine->fields[step->may[i]], false,
                     values ? values[step->may[i]] : SH_STR(""));
    for (size_t i = 0; step->lays && i < step->lays->n_fields; i++)
        put_field(json, lang, &step->lays->fields[i], false, SH_STR(""), step->lays->id);
    sh_json_array_end(json);
}

static void put_actors(struct sh_json *json, const struct sh_step *step) {
    sh_json_key(json, "by");
    sh_json_array(json);
    for (size_t i = 0; i < step->n_by; i++)
        sh_json_str(json, step->by[i].kind == SH_ACTOR_LAW ? SH_STR("law") : step->by[i].role);
    sh_json_array_end(json);
}

static void put_step(struct sh_json *json, sh_lang lang, const struct sh_machine *machine,
                     const struct sh_step *step) {
    sh_json_object(json);
    sh_json_put_str(json, "step", step->id);
    sh_json_put_str(json, "name", sh_word_of(lang, step->name, step->english));
    sh_json_key(json, "from");
    sh_json_array(json);
    for (size_t s = 0; s < machine->n_states; s++)
        if (sh_step_is_from(step, (int32_t)s))
            sh_json_str(json, machine->states[s].id);
    sh_json_array_end(json);
    if (step->to >= 0)
        sh_json_put_str(json, "to", machine->states[step->to].id);
    else
        sh_json_put_text(json, "to", NULL);
    put_actors(json, step);
    sh_json_put_str(json, "basis", step->basis);
    if (step->per == SH_PER_PARTY)
        sh_json_put_text(json, "per", "party");
    sh_json_put_bool(json, "bulk", step->is_bulk);
    if (step->undo_seconds)
        sh_json_put_i64(json, "undo_seconds", step->undo_seconds);
    sh_json_key(json, "fields");
    sh_put_form(json, lang, machine, step, NULL);
    sh_json_object_end(json);
}

static void put_machine(struct sh_json *json, sh_lang lang, const struct sh_machine *machine) {
    sh_json_key(json, "states");
    sh_json_array(json);
    for (size_t i = 0; i < machine->n_states; i++) {
        sh_json_object(json);
        sh_json_put_str(json, "state", machine->states[i].id);
        sh_json_put_str(json, "name", sh_word_of(lang, machine->states[i].name, machine->states[i].english));
        sh_json_put_bool(json, "final", machine->states[i].is_final);
        sh_json_object_end(json);
    }
    sh_json_array_end(json);
    sh_json_key(json, "steps");
    sh_json_array(json);
    for (size_t i = 0; i < machine->n_steps; i++)
        put_step(json, lang, machine, &machine->steps[i]);
    sh_json_array_end(json);
    sh_json_key(json, "fields");
    sh_json_array(json);
    for (size_t i = 0; i < machine->n_fields; i++)
        sh_put_field(json, lang, &machine->fields[i], machine->fields[i].required, SH_STR(""));
    sh_json_array_end(json);
}

static void put_basis(struct sh_json *json, const struct sh_procedure *p) {
    sh_json_key(json, "basis");
    sh_json_array(json);
    for (size_t i = 0; i < p->n_basis; i++)
        sh_json_str(json, p->basis[i]);
    sh_json_array_end(json);
}

/* In force today at a place of one of the grants. */
static bool is_here(const struct sh_matter_texts *texts, const struct sh_matter_who *who,
                    const struct sh_procedure *p, int32_t today) {
    for (size_t i = 0; i < who->n_grants; i++)
        if (sh_procedure_find(texts->procedures, p->id, who->grants[i].place, today) == p)
            return true;
    return false;
}

static bool may_open(const struct sh_matter_who *who, const struct sh_procedure *p) {
    for (size_t i = 0; i < p->n_open_by; i++)
        for (size_t k = 0; k < who->n_grants; k++)
            if (sh_str_eq(p->open_by[i].role, who->grants[k].role))
                return true;
    return false;
}

sh_code sh_procedures_json(const struct sh_matter_texts *texts, const struct sh_matter_who *who,
                           int32_t today, struct sh_json *json, struct sh_err *err) {
    (void)err;
    sh_json_object(json);
    sh_json_key(json, "items");
    sh_json_array(json);
    for (size_t i = 0; i < texts->procedures->n; i++) {
        const struct sh_procedure *p = &texts->procedures->of[i];
        if (!is_here(texts, who, p, today))
            continue;
        sh_json_object(json);
        sh_json_put_str(json, "procedure", p->id);
        sh_json_put_str(json, "name", p->name);
        sh_json_put_str(json, "english", p->english);
        sh_json_put_str(json, "about", p->about);
        sh_json_put_str(json, "place", p->place);
        sh_put_day_or_null(json, "from", p->from, true);
        sh_put_day_or_null(json, "to", p->to - 1, p->to != INT32_MAX);
        put_basis(json, p);
        sh_json_put_bool(json, "may_open", may_open(who, p));
        sh_json_put_bool(json, "has_items", p->items != NULL);
        sh_json_object_end(json);
    }
    sh_json_array_end(json);
    sh_json_object_end(json);
    return SH_OK;
}

sh_code sh_procedure_json(const struct sh_matter_texts *texts, const struct sh_matter_who *who,
                          struct sh_str id, int32_t today, struct sh_json *json, struct sh_err *err) {
    const struct sh_procedure *p = NULL;
    for (size_t i = 0; i < texts->procedures->n; i++) {
        const struct sh_procedure *each = &texts->procedures->of[i];
        if (sh_str_eq(each->id, id) && is_here(texts, who, each, today)) {
            p = each;
            break;
        }
    }
    if (!p)
        return sh_fail(err, SH_E_NOTFOUND, "no such procedure in force here");
    SH_CLEANUP(sh_buf_free) struct sh_buf graph = {0};
    sh_procedure_graph(p, who->lang != SH_EN, &graph);
    SH_TRY(sh_buf_check(&graph, err));
    sh_json_object(json);
    sh_json_put_str(json, "procedure", p->id);
    sh_json_put_str(json, "name", p->name);
    sh_json_put_str(json, "english", p->english);
    sh_json_put_str(json, "place", p->place);
    put_basis(json, p);
    put_machine(json, who->lang, &p->matter);
    if (p->items) {
        sh_json_key(json, "items");
        sh_json_object(json);
        sh_json_put_str(json, "name", sh_word_of(who->lang, p->items->name, p->items->english));
        put_machine(json, who->lang, p->items);
        sh_json_object_end(json);
    }
    sh_json_put_str(json, "graph", sh_buf_view(&graph));
    sh_json_object_end(json);
    return SH_OK;
}

struct sh_str sh_item_title(const struct sh_matter_who *who, const struct item *item) {
    return who->rule_title ? who->rule_title(who->rule_book, item->rule, item->name) : item->name;
}

void sh_put_item_row(struct sh_json *json, const struct sh_matter_who *who, const struct sh_machine *machine,
                     const struct item *item) {
    const int32_t state = machine ? sh_machine_state(machine, item->state) : -1;
    sh_json_put_str(json, "id", item->id);
    sh_json_put_i64(json, "version", item->version);
    sh_json_put_str(json, "key", item->key);
    sh_json_put_str(json, "matter", item->matter);
    sh_json_put_str(json, "procedure", item->procedure);
    sh_json_put_str(json, "state", item->state);
    sh_json_put_str(json, "state_name",
                    state < 0
                        ? item->state
                        : sh_word_of(who->lang, machine->states[state].name, machine->states[state].english));
    sh_json_put_str(json, "rule", item->rule);
    sh_json_put_str(json, "name", sh_item_title(who, item));
    sh_json_put_str(json, "level", item->level);
    sh_json_put_str(json, "institution", item->institution);
    sh_json_put_str(json, "person", item->person);
    sh_put_day_or_null(json, "day", (int32_t)item->day, item->day != 0);
    sh_put_fen(json, "amount", item->amount);
    sh_put_fen(json, "fund_amount", item->fund_amount);
    sh_json_put_str(json, "say", item->say);
    sh_json_put_str(json, "assigned", item->assigned);
    sh_json_put_bool(json, "differs", item->differs);
    sh_put_utc(json, "changed", item->changed_at);
}
