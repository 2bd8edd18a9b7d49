/* What a reader may see, as a condition in SQL. There is no read of records without it. */
#include "store/inner.h"

void sh_query_release(struct sh_query *query) {
    sh_buf_free(&query->sql);
}

size_t sh_query_value(struct sh_query *query, struct sh_value value) {
    sh_check(query->n < SH_DB_PARAMS_MAX);
    query->values[query->n++] = value;
    return query->n;
}

static sh_code check_text(struct sh_str text, const char *what, bool may_be_empty, struct sh_err *err) {
    if ((text.len == 0 && may_be_empty) || sh_is_code(text, 64))
        return SH_OK;
    return sh_fail(err, SH_E_INPUT, "%s is not a code of up to 64 letters, digits and ._:-", what);
}

sh_code sh_labels_check(const struct sh_labels *labels, struct sh_err *err) {
    SH_TRY(check_text(labels->body, "body", true, err));
    SH_TRY(check_text(labels->place, "place", true, err));
    SH_TRY(check_text(labels->matter, "matter", true, err));
    return check_text(labels->part, "part", true, err);
}

static void add_in(struct sh_query *query, const char *alias, const char *column, const struct sh_str *texts,
                   size_t n, bool with_empty) {
    (void)sh_buf_addf(&query->sql, "%s.%s in (", alias, column);
    if (with_empty)
        (void)sh_buf_add_text(&query->sql, n > 0 ? "'', " : "''");
    for (size_t i = 0; i < n; i++)
        (void)sh_buf_addf(&query->sql, "%s$%zu", i > 0 ? ", " : "", sh_query_value(query, SH_TEXT(texts[i])));
    (void)sh_buf_add_char(&query->sql, ')');
}

/* A prefix as a range: codes are letters, digits and ._:-, all smaller than '~'. */
static sh_code add_places(const struct sh_scope *scope, const char *alias, struct sh_query *query,
                          struct sh_arena *arena, struct sh_err *err) {
    for (size_t i = 0; i < scope->n_places; i++)
        if (scope->places[i].len == 0)
            return SH_OK; /* every place */
    (void)sh_buf_add_text(&query->sql, " and (1 = 0");
    for (size_t i = 0; i < scope->n_places; i++) {
        struct sh_str end;
        end.at = sh_arena_printf(arena, &end.len, "%.*s~", SH_ARG(scope->places[i]));
        if (!end.at)
            return sh_fail(err, SH_E_NOMEM, "no room for a scope");
        (void)sh_buf_addf(&query->sql, " or (%s.place >= $%zu", alias,
                          sh_query_value(query, SH_TEXT(scope->places[i])));
        (void)sh_buf_addf(&query->sql, " and %s.place < $%zu)", alias, sh_query_value(query, SH_TEXT(end)));
    }
    (void)sh_buf_add_char(&query->sql, ')');
    return SH_OK;
}

static sh_code check_scope(const struct sh_scope *scope, struct sh_err *err) {
    if (scope->n_bodies > SH_SCOPE_BODIES_MAX || scope->n_places > SH_SCOPE_PLACES_MAX ||
        scope->n_parts > SH_SCOPE_PARTS_MAX || scope->n_shares > SH_SCOPE_SHARES_MAX)
        return sh_fail(err, SH_E_LIMIT,
                       "a scope with more bodies, places, parts or shares than there may be");
    for (size_t i = 0; i < scope->n_bodies; i++)
        SH_TRY(check_text(scope->bodies[i], "body", true, err));
    for (size_t i = 0; i < scope->n_places; i++)
        SH_TRY(check_text(scope->places[i], "place", true, err));
    for (size_t i = 0; i < scope->n_parts; i++)
        SH_TRY(check_text(scope->parts[i], "part", false, err));
    for (size_t i = 0; i < scope->n_shares; i++)
        SH_TRY(check_text(scope->shares[i].matter, "matter", false, err));
    return SH_OK;
}

sh_code sh_scope_add(const struct sh_scope *scope, const char *alias, struct sh_query *query,
                     struct sh_arena *arena, struct sh_err *err) {
    SH_TRY(check_scope(scope, err));
    struct sh_buf *sql = &query->sql;
    (void)sh_buf_add_text(sql, " and ((1 = 1");
    if (!scope->any_body && scope->n_bodies == 0)
        (void)sh_buf_add_text(sql, " and 1 = 0");
    else if (!scope->any_body && scope->n_bodies == 1) /* an index then gives the order of keys too */
        (void)sh_buf_addf(sql, " and %s.body = $%zu", alias,
                          sh_query_value(query, SH_TEXT(scope->bodies[0])));
    else if (!scope->any_body) {
        (void)sh_buf_add_text(sql, " and ");
        add_in(query, alias, "body", scope->bodies, scope->n_bodies, false);
    }
    SH_TRY(add_places(scope, alias, query, arena, err));
    if (!scope->any_part) {
        (void)sh_buf_add_text(sql, " and ");
        add_in(query, alias, "part", scope->parts, scope->n_parts, true);
    }
    (void)sh_buf_add_char(sql, ')');
    for (size_t i = 0; i < scope->n_shares; i++) {
        (void)sh_buf_addf(sql, " or (%s.matter = $%zu", alias,
                          sh_query_value(query, SH_TEXT(scope->shares[i].matter)));
        (void)sh_buf_addf(sql, " and %s.part = $%zu)", alias,
                          sh_query_value(query, SH_TEXT(scope->shares[i].part)));
    }
    (void)sh_buf_add_char(sql, ')');
    return sh_buf_check(sql, err);
}
