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
