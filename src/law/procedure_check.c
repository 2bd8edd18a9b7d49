/* What is wrong with a procedure though it reads well; and its picture. */
#include "base/date.h"
#include "law/law.h"
#include <stdarg.h>

struct checker {
    const struct sh_procedure *p;
    const struct sh_roles *roles;
    const struct sh_params *params;
    struct sh_arena *arena;
    struct sh_law_notes *notes;
    struct sh_err *err;
};

static sh_code note(struct checker *c, enum sh_law_severity severity, const struct sh_yaml *at,
                    const char *format, ...) SH_PRINTF(4, 5);
static sh_code note(struct checker *c, enum sh_law_severity severity, const struct sh_yaml *at,
                    const char *format, ...) {
    va_list values;
    va_start(values, format);
    size_t len = 0;
    const char *text = sh_arena_vprintf(c->arena, &len, format, values);
    va_end(values);
    if (!text)
        return sh_fail(c->err, SH_E_NOMEM, "no room for a note");
    const struct sh_law_note n = {severity, c->p->file, at->place.line, at->place.column, {text, len}};
    return sh_law_note_add(c->notes, c->arena, n, c->err);
}

static void mark(bool *set, int32_t state) {
    if (state >= 0)
        set[state] = true;
}

static void mark_targets(const struct sh_machine *m, const struct sh_step *step, bool *set) {
    mark(set, step->to);
    if (step->to_field >= 0)
        for (size_t i = 0; i < m->fields[step->to_field].n_choices; i++)
            mark(set, step->to_by[i]);
}

/* A state leads on when a step goes from it to another one. */
static bool leaves(const struct sh_machine *m, const struct sh_step *step, int32_t state) {
    bool to[128] = {0};
    mark_targets(m, step, to);
    to[state] = false;
    for (size_t i = 0; i < m->n_states; i++)
        if (to[i])
            return sh_step_is_from(step, state);
    return false;
}

static sh_code check_states(struct checker *c, const struct sh_machine *m) {
    bool reached[128] = {true};
    for (size_t round = 0; round < m->n_states; round++)
        for (size_t s = 0; s < m->n_states; s++)
            for (size_t i = 0; reached[s] && i < m->n_steps; i++)
                if (sh_step_is_from(&m->steps[i], (int32_t)s))
                    mark_targets(m, &m->steps[i], reached);
    bool has_final = false;
    for (size_t s = 0; s < m->n_states; s++) {
        const struct sh_state_text *state = &m->states[s];
        bool can_leave = false;
        has_final = has_final || state->is_final;
        for (size_t i = 0; i < m->n_steps; i++)
            can_leave = can_leave || leaves(m, &m->steps[i], (int32_t)s);
        if (!reached[s])
            SH_TRY(note(c, SH_LAW_ERROR, c->p->node, "state %.*s cannot be reached", SH_ARG(state->id)));
        if (!state->is_final && !can_leave)
            SH_TRY(note(c, SH_LAW_ERROR, c->p->node, "state %.*s cannot be left and is not final",
                        SH_ARG(state->id)));
    }
    return has_final ? SH_OK : note(c, SH_LAW_ERROR, c->p->node, "no final state");
}

static bool is_held(const struct sh_roles *roles, struct sh_str role) {
    const struct sh_role *found = sh_role_find(roles, role);
    return found && !found->is_administrator && found->n_at > 0 && sh_role_may(found, SH_STR("matters.act"));
}

static sh_code check_steps(struct checker *c, const struct sh_machine *m) {
    for (size_t i = 0; i < m->n_steps; i++) {
        const struct sh_step *step = &m->steps[i];
        bool can = false;
        for (size_t k = 0; k < step->n_by; k++)
            can = can || step->by[k].kind == SH_ACTOR_LAW || is_held(c->roles, step->by[k].role);
        if (!can)
            SH_TRY(note(c, SH_LAW_ERROR, step->node, "no role can take %.*s", SH_ARG(step->id)));
        if (step->from[0] == 0 && step->from[1] == 0)
            SH_TRY(note(c, SH_LAW_ERROR, step->node, "%.*s leads from no state", SH_ARG(step->id)));
        for (size_t k = 0; k < step->n_not_by; k++)
            if (sh_machine_step(&c->p->matter, step->not_by[k]) < 0 &&
                (!c->p->items || sh_machine_step(c->p->items, step->not_by[k]) < 0) &&
                sh_str_find_char(step->not_by[k], '.') == SH_STR_NONE && !sh_str_is(step->not_by[k], "open"))
                SH_TRY(note(c, SH_LAW_ERROR, step->node, "not_by: no step %.*s", SH_ARG(step->not_by[k])));
    }
    return SH_OK;
}

static bool is_issued(const struct sh_procedure *p, size_t paper) {
    for (size_t i = 0; i < p->matter.n_steps; i++)
        for (size_t k = 0; k < p->matter.steps[i].n_issues; k++)
            if (p->matter.steps[i].issues[k] == (int32_t)paper)
                return true;
    return false;
}

static bool is_taken_by_law(const struct sh_step *step) {
    for (size_t i = 0; i < step->n_by; i++)
        if (step->by[i].kind == SH_ACTOR_LAW)
            return true;
    return false;
}

static sh_code check_papers(struct checker *c) {
    const struct sh_procedure *p = c->p;
    bool can_serve = false;
    for (size_t i = 0; i < p->matter.n_steps; i++)
        can_serve = can_serve || p->matter.steps[i].is_serving;
    for (size_t i = 0; i < p->n_opens; i++)
        can_serve = can_serve || sh_str_is(p->opens[i], "service");
    for (size_t i = 0; i < p->n_papers; i++)
        if (!is_issued(p, i))
            SH_TRY(note(c, SH_LAW_ERROR, p->node, "no step issues the paper %.*s", SH_ARG(p->papers[i].id)));
    for (size_t i = 0; i < p->n_clocks; i++) {
        const struct sh_clock_text *clock = &p->clocks[i];
        if (clock->from == SH_FROM_SERVED && !can_serve)
            SH_TRY(note(c, SH_LAW_ERROR, clock->node, "clock %.*s waits for a service that nothing records",
                        SH_ARG(clock->id)));
        if (clock->end != SH_END_DO)
            continue;
        if (!is_taken_by_law(&p->matter.steps[clock->end_step]))
            SH_TRY(note(c, SH_LAW_ERROR, clock->node,
                        "at its end the law takes %.*s, but law is not among its actors",
                        SH_ARG(p->matter.steps[clock->end_step].id)));
    }
    return SH_OK;
}

static sh_code check_gates(struct checker *c) {
    const struct sh_procedure *p = c->p;
    for (size_t g = 0; g < p->n_gates; g++) {
        bool is_used = false;
        size_t n_minutes = 0;
        for (size_t i = 0; i < p->matter.n_steps; i++)
            n_minutes += p->matter.steps[i].minutes_of == (int32_t)g;
        if (n_minutes > 1)
            SH_TRY(note(c, SH_LAW_ERROR, p->gates[g].node,
                        "the minutes of gate %.*s are %zu steps: one discussion, one conclusion",
                        SH_ARG(p->gates[g].id), n_minutes));
        for (size_t i = 0; i < p->matter.n_steps; i++)
            for (size_t k = 0; k < p->matter.steps[i].n_gates; k++)
                is_used = is_used || p->matter.steps[i].gates[k] == (int32_t)g;
        if (!is_used)
            SH_TRY(note(c, SH_LAW_ERROR, p->gates[g].node, "gate %.*s stands before no step",
                        SH_ARG(p->gates[g].id)));
    }
    return SH_OK;
}

/* A draw whose seals nobody lays, whose frame nobody fixes, whose sample nobody draws is none. */
static sh_code check_draw(struct checker *c) {
    const struct sh_machine *m = &c->p->matter;
    static const char *const acts[] = {"", "seal", "frame", "open", "sample"};
    for (int act = SH_DRAW_SEAL; act <= SH_DRAW_SAMPLE; act++) {
        bool is_there = false;
        for (size_t i = 0; i < m->n_steps; i++)
            is_there = is_there || (int)m->steps[i].draw == act;
        if (is_there != (c->p->draw != NULL))
            SH_TRY(
                note(c, SH_LAW_ERROR, c->p->draw ? c->p->draw->node : c->p->node,
                     c->p->draw ? "no step with draw: %s" : "a step with draw: %s, but no draw is described",
                     acts[act]));
    }
    return SH_OK;
}

/* A number in a sentence is one that the law may change: it is interpolated, {param(…)} or a field. */
static bool has_number_in_prose(struct sh_str text) {
    int depth = 0;
    for (size_t i = 0; i < text.len; i++) {
        depth += text.at[i] == '{' ? 1 : text.at[i] == '}' ? -1 : 0;
        if (depth == 0 && text.at[i] >= '0' && text.at[i] <= '9')
            return true;
    }
    return false;
}

static sh_code check_prose(struct checker *c, const struct sh_machine *m) {
    for (size_t i = 0; i < m->n_steps; i++)
        for (size_t g = 0; g < m->steps[i].n_guards; g++)
            if (has_number_in_prose(m->steps[i].guards[g].refuse) ||
                has_number_in_prose(m->steps[i].guards[g].english))
                SH_TRY(note(c, SH_LAW_ERROR, m->steps[i].guards[g].condition,
                            "a number is written in the sentence of %.*s; interpolate it: {param(name)}",
                            SH_ARG(m->steps[i].id)));
    return SH_OK;
}

static bool asks_subs(const struct sh_step *step) {
    for (size_t g = 0; g < step->n_guards; g++)
        if (sh_str_find(step->guards[g].condition->text, SH_STR("sub")) != SH_STR_NONE)
            return true;
    return false;
}

/* States that a matter may stand in after a step, final ones left out. */
static void mark_after(const struct sh_machine *m, const struct sh_step *step, bool *set) {
    mark_targets(m, step, set);
    for (size_t s = 0; s < m->n_states; s++)
        if (step->to < 0 && step->to_field < 0 && sh_step_is_from(step, (int32_t)s))
            set[s] = true;
    for (size_t round = 0; round < m->n_states; round++)
        for (size_t s = 0; s < m->n_states; s++)
            for (size_t i = 0; set[s] && !m->states[s].is_final && i < m->n_steps; i++)
                if (sh_step_is_from(&m->steps[i], (int32_t)s))
                    mark_targets(m, &m->steps[i], set);
}

/* A later step that closes the matter asks whether what was opened is closed; the step that opens may close
 * at once: it hands over. Papers on their way (service) may outlive a matter that was dropped. */
static sh_code check_subs(struct checker *c) {
    const struct sh_machine *m = &c->p->matter;
    for (size_t o = 0; o < m->n_steps; o++) {
        bool after[128] = {0}, opens = false;
        for (size_t k = 0; k < m->steps[o].n_opens; k++)
            opens = opens || !sh_str_is(m->steps[o].opens[k].procedure, "service");
        if (!opens)
            continue;
        mark_after(m, &m->steps[o], after);
        for (size_t i = 0; i < m->n_steps; i++) {
            bool to[128] = {0}, is_after = false, closes = false;
            mark_targets(m, &m->steps[i], to);
            for (size_t s = 0; s < m->n_states; s++) {
                is_after = is_after || (after[s] && sh_step_is_from(&m->steps[i], (int32_t)s));
                closes = closes || (to[s] && m->states[s].is_final);
            }
            if (is_after && closes && i != o && !asks_subs(&m->steps[i]))
                SH_TRY(
                    note(c, SH_LAW_ERROR, m->steps[i].node,
                         "%.*s closes the matter without asking for what %.*s opened: every(sub where final)",
                         SH_ARG(m->steps[i].id), SH_ARG(m->steps[o].id)));
        }
    }
    return SH_OK;
}

static bool opens_for_items(const struct sh_procedure *p, struct sh_str id) {
    const struct sh_machine *machines[] = {&p->matter, p->items};
    for (size_t m = 0; m < 2; m++)
        for (size_t s = 0; machines[m] && s < machines[m]->n_steps; s++)
            for (size_t i = 0; i < machines[m]->steps[s].n_opens; i++) {
                const struct sh_open_text *open = &machines[m]->steps[s].opens[i];
                if (sh_str_eq(open->procedure, id) && (m == 1 || sh_str_is(open->per, "item")))
                    return true;
            }
    return false;
}

/* What a sub-matter gives back must be a step of the items of whoever opens it for one. */
static sh_code check_return(struct checker *c, const struct sh_procedures *all, const struct sh_step *step) {
    const struct sh_return_text *back = &step->returns;
    bool is_opened = false;
    for (size_t i = 0; i < all->n; i++) {
        const struct sh_machine *items = all->of[i].items;
        if (!items || !opens_for_items(&all->of[i], c->p->id))
            continue;
        const int32_t at = sh_machine_step(items, back->step);
        is_opened = true;
        if (at < 0 || !is_taken_by_law(&items->steps[at]))
            SH_TRY(note(c, SH_LAW_ERROR, back->node, "%.*s has no step of items %.*s that the law takes",
                        SH_ARG(all->of[i].id), SH_ARG(back->step)));
        for (size_t k = 0; k < back->n_values; k++)
            if (sh_machine_field(items, back->values[k].to) < 0)
                SH_TRY(note(c, SH_LAW_ERROR, back->node, "the items of %.*s have no field %.*s",
                            SH_ARG(all->of[i].id), SH_ARG(back->values[k].to)));
    }
    return is_opened ? SH_OK
                     : note(c, SH_LAW_ERROR, back->node,
                            "nothing opens %.*s for an item, and it returns to one", SH_ARG(c->p->id));
}

static sh_code check_returns(struct checker *c, const struct sh_procedures *all) {
    for (size_t i = 0; i < c->p->matter.n_steps; i++)
        if (c->p->matter.steps[i].returns.step.len)
            SH_TRY(check_return(c, all, &c->p->matter.steps[i]));
    return SH_OK;
}

/* What a container carries must be a step of what it gathers, that the law takes with those fields. */
static sh_code check_carry(struct checker *c, const struct sh_procedures *all, const struct sh_step *step) {
    const struct sh_carry_text *carry = &step->carries;
    for (size_t i = 0; i < all->n; i++) {
        const struct sh_procedure *of = &all->of[i];
        if (!of->container || !sh_str_eq(of->container->procedure, c->p->id))
            continue;
        const int32_t at = sh_machine_step(&of->matter, carry->step);
        if (at < 0 || !is_taken_by_law(&of->matter.steps[at]))
            SH_TRY(note(c, SH_LAW_ERROR, carry->node, "%.*s has no step %.*s that the law takes",
                        SH_ARG(of->id), SH_ARG(carry->step)));
        for (size_t k = 0; at >= 0 && k < carry->n_values; k++)
            if (!sh_step_asks(&of->matter.steps[at], sh_machine_field(&of->matter, carry->values[k].to)))
                SH_TRY(note(c, SH_LAW_ERROR, carry->node, "%.*s.%.*s does not ask for the field %.*s",
                            SH_ARG(of->id), SH_ARG(carry->step), SH_ARG(carry->values[k].to)));
    }
    return c->p->gathers ? SH_OK
                         : note(c, SH_LAW_ERROR, carry->node, "no procedure names %.*s as its container",
                                SH_ARG(c->p->id));
}

/* A step that closes a container asks for what it gathered, or carries it along. */
static sh_code check_closing(struct checker *c) {
    const struct sh_machine *m = &c->p->matter;
    for (size_t i = 0; i < m->n_steps; i++) {
        const struct sh_step *step = &m->steps[i];
        bool to[128] = {0}, closes = false, is_kept = step->carries.step.len > 0;
        mark_targets(m, step, to);
        for (size_t s = 0; s < m->n_states; s++)
            closes = closes || (to[s] && m->states[s].is_final);
        for (size_t g = 0; g < step->n_guards; g++)
            is_kept =
                is_kept || sh_str_find(step->guards[g].condition->text, SH_STR("gathered")) != SH_STR_NONE;
        if (closes && !is_kept)
            SH_TRY(note(
                c, SH_LAW_ERROR, step->node,
                "%.*s closes what gathers others and leaves them: every(gathered where final), or carries",
                SH_ARG(step->id)));
    }
    return SH_OK;
}

/* A container that is none, or never in that state; one that nothing can be put into; one that closes and
 * leaves open what it gathered. */
static sh_code check_container(struct checker *c, const struct sh_procedures *all) {
    const struct sh_container_text *text = c->p->container;
    bool is_there = !text, is_joined = !text;
    for (size_t i = 0; i < c->p->matter.n_steps; i++) {
        const struct sh_step *step = &c->p->matter.steps[i];
        if (step->carries.step.len)
            SH_TRY(check_carry(c, all, step));
        is_joined = is_joined || sh_step_asks(step, text->field);
    }
    for (size_t i = 0; text && i < all->n; i++) {
        if (!sh_str_eq(all->of[i].id, text->procedure))
            continue;
        is_there = true;
        for (size_t k = 0; k < text->n_states; k++)
            if (sh_machine_state(&all->of[i].matter, text->states[k]) < 0)
                SH_TRY(note(c, SH_LAW_ERROR, text->node, "%.*s has no state %.*s", SH_ARG(text->procedure),
                            SH_ARG(text->states[k])));
    }
    if (c->p->gathers)
        SH_TRY(check_closing(c));
    if (!is_there)
        SH_TRY(note(c, SH_LAW_ERROR, text->node, "no procedure %.*s", SH_ARG(text->procedure)));
    return is_joined ? SH_OK
                     : note(c, SH_LAW_ERROR, text->node, "no step asks for %.*s: nothing gathers it",
                            SH_ARG(c->p->matter.fields[text->field].id));
}

/* What is sealed for good, or opened without anybody having to say what for, is a fault. */
static sh_code check_seals(struct checker *c, const struct sh_procedures *all) {
    const struct sh_machine *m = &c->p->matter;
    for (size_t i = 0; i < c->p->n_seals; i++) {
        const struct sh_seal_text *seal = &c->p->seals[i];
        bool is_laid = false, is_opened = false, can = false;
        for (size_t s = 0; s < m->n_steps; s++)
            is_laid = is_laid || m->steps[s].lays == seal;
        for (size_t k = 0; k < all->n; k++)
            is_opened = is_opened || (all->of[k].unseals && sh_str_eq(all->of[k].unseals->seal, seal->id));
        for (size_t k = 0; k < seal->n_held_by; k++)
            can = can || is_held(c->roles, seal->held_by[k].role);
        if (!is_laid)
            SH_TRY(note(c, SH_LAW_ERROR, seal->node, "no step lays %.*s", SH_ARG(seal->id)));
        if (!is_opened)
            SH_TRY(note(c, SH_LAW_ERROR, seal->node, "no procedure unseals %.*s", SH_ARG(seal->id)));
        if (!can)
            SH_TRY(note(c, SH_LAW_ERROR, seal->node, "no role can hold %.*s", SH_ARG(seal->id)));
    }
    return SH_OK;
}

static bool must_be_given(const struct sh_machine *m, int32_t field) {
    for (size_t s = 0; s < m->n_steps; s++)
        for (size_t i = 0; i < m->steps[s].n_needs; i++)
            if (m->steps[s].needs[i] == field)
                return true;
    return false;
}

static sh_code check_unseals(struct checker *c, const struct sh_procedures *all) {
    const struct sh_unseal_text *text = c->p->unseals;
    bool is_there = false;
    if (!text)
        return SH_OK;
    for (size_t i = 0; i < all->n; i++)
        is_there = is_there || sh_procedure_seal(&all->of[i], text->seal);
    if (!is_there)
        SH_TRY(note(c, SH_LAW_ERROR, text->node, "no procedure seals %.*s", SH_ARG(text->seal)));
    const int32_t owed[] = {text->of, text->until, text->purpose};
    for (size_t i = 0; i < sizeof owed / sizeof owed[0]; i++)
        if (!must_be_given(&c->p->matter, owed[i]))
            SH_TRY(note(c, SH_LAW_ERROR, text->node, "no step needs %.*s",
                        SH_ARG(c->p->matter.fields[owed[i]].id)));
    return SH_OK;
}

static bool is_written(const struct sh_procedures *all, const struct sh_register *reg) {
    for (size_t i = 0; i < all->n; i++)
        for (size_t s = 0; s < all->of[i].matter.n_steps; s++)
            for (size_t w = 0; w < all->of[i].matter.steps[s].n_writes; w++)
                if (sh_str_eq(all->of[i].matter.steps[s].writes[w].reg, reg->id))
                    return true;
    return false;
}

/* A watch that nothing wakes; duties of one procedure that are counted through different registers. */
static sh_code check_duties(struct checker *c, const struct sh_procedures *all) {
    for (size_t i = 0; i < c->p->n_watches; i++)
        if (c->p->watches[i].body < 0 && !is_written(all, c->p->watches[i].reg))
            SH_TRY(note(c, SH_LAW_ERROR, c->p->watches[i].node, "no step writes %.*s: nothing wakes %.*s",
                        SH_ARG(c->p->watches[i].reg->id), SH_ARG(c->p->watches[i].id)));
    for (size_t i = 0; c->p->every && i < all->n; i++)
        if (all->of[i].every && sh_str_eq(all->of[i].id, c->p->id) &&
            all->of[i].every->reg != c->p->every->reg)
            SH_TRY(note(c, SH_LAW_ERROR, c->p->every->node,
                        "another text of %.*s has this duty of each row of %.*s", SH_ARG(c->p->id),
                        SH_ARG(all->of[i].every->reg->id)));
    return SH_OK;
}

/* Whole texts against each other: two in force at once, lapses without successor. */
static sh_code check_lapse(struct checker *c, const struct sh_procedures *all, int32_t day) {
    const struct sh_procedure *p = c->p;
    for (size_t i = 0; i < all->n; i++) {
        const struct sh_procedure *other = &all->of[i];
        if (other != p && sh_str_eq(other->id, p->id) && sh_str_eq(other->place, p->place) && p < other &&
            p->from < other->to && other->from < p->to)
            SH_TRY(note(c, SH_LAW_ERROR, p->node, "two texts of %.*s are in force on the same days",
                        SH_ARG(p->id)));
    }
    if (p->to <= day || !sh_law_lapses(c->params, p->place, p->to, day) ||
        sh_procedure_find(all, p->id, p->place, p->to))
        return SH_OK;
    char until[SH_DATE_TEXT_MAX];
    sh_date_format(p->to - 1, until);
    return note(c, SH_LAW_WARNING, p->node, "lapses on %s without a successor", until);
}

sh_code sh_procedures_check(const struct sh_procedures *procedures, const struct sh_roles *roles,
                            const struct sh_params *params, int32_t day, struct sh_arena *arena,
                            struct sh_law_notes *notes, struct sh_err *err) {
    for (size_t i = 0; i < procedures->n; i++) {
        struct checker c = {&procedures->of[i], roles, params, arena, notes, err};
        SH_TRY(check_states(&c, &c.p->matter));
        SH_TRY(check_steps(&c, &c.p->matter));
        if (c.p->items) {
            SH_TRY(check_states(&c, c.p->items));
            SH_TRY(check_steps(&c, c.p->items));
        }
        SH_TRY(check_papers(&c));
        SH_TRY(check_gates(&c));
        SH_TRY(check_draw(&c));
        SH_TRY(check_subs(&c));
        SH_TRY(check_returns(&c, procedures));
        SH_TRY(check_container(&c, procedures));
        SH_TRY(check_seals(&c, procedures));
        SH_TRY(check_unseals(&c, procedures));
        SH_TRY(check_duties(&c, procedures));
        SH_TRY(check_prose(&c, &c.p->matter));
        if (c.p->items)
            SH_TRY(check_prose(&c, c.p->items));
        SH_TRY(check_lapse(&c, procedures, day));
    }
    return SH_OK;
}

/* ---- the picture ------------------------------------------------------------------------------------- */

static struct sh_str word(struct sh_str name, struct sh_str english, bool in_chinese) {
    return in_chinese ? name : english;
}

static void edge(const struct sh_machine *m, const struct sh_step *step, size_t from, int32_t to,
                 bool in_chinese, struct sh_buf *out) {
    const struct sh_str target = m->states[to < 0 ? (int32_t)from : to].id;
    sh_buf_addf(out, "    %.*s --> %.*s: %.*s\n", SH_ARG(m->states[from].id), SH_ARG(target),
                SH_ARG(word(step->name, step->english, in_chinese)));
}

static void graph(const struct sh_machine *m, bool in_chinese, struct sh_buf *out) {
    for (size_t s = 0; s < m->n_states; s++)
        sh_buf_addf(out, "    %.*s: %.*s\n", SH_ARG(m->states[s].id),
                    SH_ARG(word(m->states[s].name, m->states[s].english, in_chinese)));
    sh_buf_addf(out, "    [*] --> %.*s\n", SH_ARG(m->states[0].id));
    for (size_t i = 0; i < m->n_steps; i++)
        for (size_t s = 0; s < m->n_states; s++) {
            bool to[128] = {0};
            if (!sh_step_is_from(&m->steps[i], (int32_t)s))
                continue;
            mark_targets(m, &m->steps[i], to);
            bool any = false;
            for (size_t t = 0; t < m->n_states; t++)
                if (to[t])
                    edge(m, &m->steps[i], s, (int32_t)t, in_chinese, out), any = true;
            if (!any)
                edge(m, &m->steps[i], s, -1, in_chinese, out);
        }
    for (size_t s = 0; s < m->n_states; s++)
        if (m->states[s].is_final)
            sh_buf_addf(out, "    %.*s --> [*]\n", SH_ARG(m->states[s].id));
}

void sh_procedure_graph(const struct sh_procedure *p, bool in_chinese, struct sh_buf *out) {
    sh_buf_addf(out, "---\ntitle: %.*s\n---\nstateDiagram-v2\n",
                SH_ARG(word(p->name, p->english, in_chinese)));
    graph(&p->matter, in_chinese, out);
}
