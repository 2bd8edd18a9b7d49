/* Statements of lists: literals and bound values, and whose rows they may be. */
#include "matter/query.h"

void query_free(struct query *q) {
    sh_buf_free(&q->sql);
}

void query_add(struct query *q, const char *text) {
    sh_buf_add_text(&q->sql, text);
}
void query_value(struct query *q, struct sh_value v) {
    sh_check(q->n < SH_QUERY_VALUES_MAX);
    q->values[q->n++] = v;
    sh_buf_addf(&q->sql, "$%zu", q->n);
}
void query_equals(struct query *q, const char *column, struct sh_str text) {
    if (text.len == 0)
        return;
    sh_buf_addf(&q->sql, " and %s = ", column);
    query_value(q, SH_TEXT(text));
}

/* Places and bodies of the reader, or one of his bodies as a party. */
void query_place(struct query *q, const struct sh_matter_who *who, struct sh_arena *arena) {
    query_add(q, "(1 = 0");
    for (size_t i = 0; i < who->scope.n_places; i++) {
        if (who->scope.places[i].len == 0) {
            query_add(q, " or 1 = 1");
            continue;
        }
        query_add(q, " or (t.place >= ");
        query_value(q, SH_TEXT(who->scope.places[i]));
        query_add(q, " and t.place < ");
        query_value(q, SH_TEXT(sh_textf(arena, "%.*s~", SH_ARG(who->scope.places[i]))));
        query_add(q, ")");
    }
    query_add(q, ")");
    if (who->scope.any_body)
        return;
    query_add(q, " and t.body in ('-'");
    for (size_t i = 0; i < who->scope.n_bodies; i++) {
        if (who->scope.bodies[i].len == 0)
            continue;
        query_add(q, ", ");
        query_value(q, SH_TEXT(who->scope.bodies[i]));
    }
    query_add(q, ")");
}

void query_confidential(struct query *q, const struct sh_desk *desk) {
    const struct sh_procedures *all = desk->texts->procedures;
    size_t n = 0;
    for (size_t i = 0; i < all->n && n < SH_PROCEDURE_NAMES_MAX; i++) {
        if (!all->of[i].is_confidential)
            continue;
        query_add(q, n++ ? ", " : " and (t.procedure not in (");
        query_value(q, SH_TEXT(all->of[i].id));
    }
    if (n == 0)
        return;
    query_add(q, ") or t.body in ");
    query_bodies(q, desk->who);
    query_add(q, ")");
}

void query_takes_part(struct query *q, const struct sh_matter_who *who) {
    query_add(
        q, "t.id in (select p.matter from (select matter, body from mt_party union all select matter, body "
           "from mt_called) p where p.body in ");
    query_bodies(q, who);
    query_add(q, ")");
}

void query_bodies(struct query *q, const struct sh_matter_who *who) {
    query_add(q, "('-'");
    for (size_t i = 0; i < who->n_grants && i < 32; i++) {
        query_add(q, ", ");
        query_value(q, SH_TEXT(who->grants[i].body));
    }
    query_add(q, ")");
}

/* The step that a clock's end is marked against, not taken since that end: what was done after its time, or
 * in time and entered later, is owed no more. */
static void query_owed_step(struct query *q, const struct sh_procedure *text,
                            const struct sh_clock_text *clock) {
    query_add(q, " or (t.procedure = ");
    query_value(q, SH_TEXT(text->id));
    query_add(q, " and c.clock = ");
    query_value(q, SH_TEXT(clock->id));
    query_add(q, " and not exists (select 1 from mt_step s where s.matter = c.matter and s.recorded >= c.due "
                 "and (s.member = c.member or c.member = '') and s.step = ");
    query_value(q, SH_TEXT(text->matter.steps[clock->end_step].id));
    query_add(q, "))");
}

/* A clock that nobody can count to its end (a calendar is missing) goes on running past it. */
void query_owes(struct query *q, const struct sh_desk *desk, struct sh_str procedure, int64_t now) {
    const struct sh_procedures *all = desk->texts->procedures;
    enum { ROOM_LEFT = 128, VALUES_OF_ONE = 3 };
    query_add(q, "(t.final = 0 and (t.due <= ");
    query_value(q, SH_I64(now));
    query_add(q, " or (t.late = 1 and exists (select 1 from mt_clock c where c.matter = t.id and c.state = "
                 "'passed' and (1 = 0");
    for (size_t i = 0; i < all->n; i++)
        for (size_t k = 0; k < all->of[i].n_clocks; k++)
            if (all->of[i].clocks[k].end == SH_END_MARK &&
                (procedure.len == 0 || sh_str_eq(procedure, all->of[i].id)) &&
                q->n + VALUES_OF_ONE + ROOM_LEFT < SH_QUERY_VALUES_MAX)
                query_owed_step(q, &all->of[i], &all->of[i].clocks[k]);
    query_add(q, ")))))");
}
