/* Types of functions of many rows: aggregates over members, nth, related calls. */
#include "expr/node.h"

static sh_code misplaced_aggregate(struct sh_compile *c, const struct sh_node *node) {
    const struct sh_str name = node->call->name;
    if (c->related)
        return sh_compile_fail(c, node->from,
                               "%.*s(…) cannot stand inside a related call; compare outside, or name a view",
                               SH_ARG(name));
    if (c->in_aggregate)
        return sh_compile_fail(c, node->from, "%.*s(…) cannot stand inside another aggregate", SH_ARG(name));
    if (c->context->kind == SH_CONTEXT_ROW || c->context->kind == SH_CONTEXT_MEMBER)
        return sh_compile_fail(
            c, node->from, "%.*s(…) is counted over a group or window; here is only one row", SH_ARG(name));
    return SH_OK;
}

static const char *aggregate_form(enum sh_aggregate_fn fn) {
    switch (fn) {
    case SH_AGG_SUM:
        return "sum(number [where condition])";
    case SH_AGG_COUNT:
        return "count(), count(condition) or count(where condition)";
    case SH_AGG_DISTINCT:
        return "distinct(value, … [where condition])";
    case SH_AGG_MIN:
        return "min(value [where condition])";
    case SH_AGG_MAX:
        return "max(value [where condition])";
    case SH_AGG_DAYS:
        return "days([where condition])";
    case SH_AGG_SPAN:
        return "span([where condition])";
    case SH_AGG_ANY:
        return "any(condition)";
    case SH_AGG_EVERY:
        return "every(condition)";
    }
    return "";
}

static sh_code check_aggregate_args(struct sh_compile *c, struct sh_node *node, enum sh_aggregate_fn fn) {
    static const struct {
        uint8_t least, most;
    } args[] = {[SH_AGG_SUM] = {1, 1},  [SH_AGG_COUNT] = {0, 1}, [SH_AGG_DISTINCT] = {1, 8},
                [SH_AGG_MIN] = {1, 1},  [SH_AGG_MAX] = {1, 1},   [SH_AGG_DAYS] = {0, 0},
                [SH_AGG_SPAN] = {0, 0}, [SH_AGG_ANY] = {1, 1},   [SH_AGG_EVERY] = {1, 1}};
    if (node->n_kids < args[fn].least || node->n_kids > args[fn].most || node->call->by ||
        node->call->n_scopes || node->call->window_kind != SH_WINDOW_NONE)
        return sh_compile_fail(c, node->from, "%.*s is written %s", SH_ARG(node->call->name),
                               aggregate_form(fn));
    for (uint32_t i = 0; i < node->n_kids; i++) {
        struct sh_node *arg = node->kids[i];
        if (fn == SH_AGG_ANY || fn == SH_AGG_EVERY || fn == SH_AGG_COUNT)
            SH_TRY(sh_check_condition(c, arg, aggregate_form(fn)));
        else
            SH_TRY(sh_check_node(c, arg));
        const bool ordered = arg->type.kind == SH_KIND_NUMBER ||
                             ((fn == SH_AGG_MIN || fn == SH_AGG_MAX) &&
                              (arg->type.kind == SH_KIND_DATE || arg->type.kind == SH_KIND_TIME ||
                               arg->type.kind == SH_KIND_LEVEL));
        if ((fn == SH_AGG_SUM || fn == SH_AGG_MIN || fn == SH_AGG_MAX) && !ordered)
            return sh_compile_fail(c, arg->from, "%.*s needs a number; %.*s is of type %s",
                                   SH_ARG(node->call->name), SH_ARG(sh_node_text(c, arg)),
                                   sh_type_text(c, arg->type));
        if (arg->rep == SH_REP_RATIO || (fn == SH_AGG_DISTINCT && arg->rep != SH_REP_NARROW))
            return sh_compile_fail(c, arg->from,
                                   "%.*s of a computed fraction: %.*s; divide the results instead",
                                   SH_ARG(node->call->name), SH_ARG(sh_node_text(c, arg)));
    }
    return sh_node_settle(c, node);
}

static void aggregate_type(struct sh_node *node, enum sh_aggregate_fn fn) {
    const struct sh_node *arg = node->n_kids ? node->kids[0] : NULL;
    switch (fn) {
    case SH_AGG_SUM:
    case SH_AGG_MIN:
    case SH_AGG_MAX:
        sh_check(arg);
        node->type = arg->type;
        node->rep = arg->rep;
        node->vscale = arg->vscale;
        node->may_none = fn != SH_AGG_SUM;
        break;
    case SH_AGG_COUNT:
    case SH_AGG_DISTINCT:
        node->type = sh_number_type(SH_UNIT_NONE, 0);
        node->may_none = false;
        break;
    case SH_AGG_DAYS:
    case SH_AGG_SPAN:
        node->type = sh_number_type(SH_UNIT_DAYS, 0);
        node->may_none = false;
        break;
    case SH_AGG_ANY:
    case SH_AGG_EVERY:
        node->type = sh_type_of(SH_KIND_BOOL);
        node->may_none = false;
        break;
    }
}

/* days() and span() read the day of a member and, if its table has one, the number of days the member covers.
 */
static sh_code aggregate_days(struct sh_compile *c, struct sh_node *node, struct sh_aggregate *a) {
    const struct sh_path subject = sh_subject_path(c);
    const struct sh_model_table *t = &c->context->model->tables[subject.table];
    struct sh_path path = subject;
    const int day = sh_column_find(t, SH_STR("day")), supply = sh_column_find(t, SH_STR("supply_days"));
    if (day >= 0 && t->columns[day].type.kind == SH_KIND_DATE) {
        path.column = (uint16_t)day;
        a->day = sh_column_node(c, &path, node);
        if (!a->day)
            return sh_compile_nomem(c);
    } else {
        SH_TRY(sh_row_day(c, &subject, false, node, &a->day));
    }
    if (!a->day)
        return sh_compile_fail(c, node->from, "a row of %s has no day", t->name);
    if (supply < 0 || a->fn != SH_AGG_DAYS)
        return SH_OK;
    path.column = (uint16_t)supply;
    a->supply = sh_column_node(c, &path, node);
    return a->supply ? SH_OK : sh_compile_nomem(c);
}

sh_code sh_check_aggregate(struct sh_compile *c, struct sh_node *node, enum sh_aggregate_fn fn) {
    SH_TRY(misplaced_aggregate(c, node));
    struct sh_aggregate *a = sh_new(c->arena, struct sh_aggregate, 1);
    if (!a)
        return sh_compile_nomem(c);
    a->fn = fn;
    a->standing = c->in_standing;
    c->in_standing = false;
    c->in_aggregate = true;
    SH_TRY(check_aggregate_args(c, node, fn));
    if (node->call->where) {
        SH_TRY(sh_check_condition(c, node->call->where, "where"));
        a->where = node->call->where;
    }
    if (fn == SH_AGG_DAYS || fn == SH_AGG_SPAN)
        SH_TRY(aggregate_days(c, node, a));
    c->in_aggregate = false;
    aggregate_type(node, fn);
    node->op = SH_OP_AGGREGATE;
    node->aggregate = a;
    node->nth = false;
    if (a->where && a->where->depth >= node->depth)
        node->depth = (uint16_t)(a->where->depth + 1);
    a->slots = sh_node_slots(node);
    return SH_OK;
}

sh_code sh_check_nth(struct sh_compile *c, struct sh_node *node) {
    const struct sh_call *call = node->call;
    if (node->n_kids > 1 || call->where || call->n_scopes || call->window_kind != SH_WINDOW_NONE ||
        (call->by && !node->n_kids))
        return sh_compile_fail(c, node->from,
                               "nth is written nth(), nth(value) or nth(value by number desc)");
    if (c->related || !(c->in_aggregate || c->context->kind == SH_CONTEXT_MEMBER))
        return sh_compile_fail(
            c, node->from,
            "nth(…) ranks a member of a group; it belongs inside an aggregate or under blame:");
    struct sh_node **kids = sh_new(c->arena, struct sh_node *, 2);
    if (!kids)
        return sh_compile_nomem(c);
    const uint32_t n = node->n_kids + (call->by ? 1 : 0);
    kids[0] = node->n_kids ? node->kids[0] : NULL;
    kids[1] = call->by;
    for (uint32_t i = 0; i < n; i++) {
        SH_TRY(sh_check_node(c, kids[i]));
        if (kids[i]->rep != SH_REP_NARROW)
            return sh_compile_fail(c, kids[i]->from, "nth needs a plain field, not a computed number: %.*s",
                                   SH_ARG(sh_node_text(c, kids[i])));
    }
    node->descending = call->descending;
    node->op = SH_OP_NTH;
    node->kids = kids;
    node->n_kids = n;
    node->type = sh_number_type(SH_UNIT_NONE, 0);
    SH_TRY(sh_node_settle(c, node));
    node->may_none = false;
    node->nth = true;
    return SH_OK;
}

/* ---- related ------------------------------------------------------------------------------------------- */

static sh_code related_scopes(struct sh_compile *c, const struct sh_call *call, struct sh_related *r) {
    for (uint8_t i = 0; i < call->n_scopes; i++) {
        switch (call->scopes[i]) {
        case SH_SCOPE_DAY:
        case SH_SCOPE_ENCOUNTER:
        case SH_SCOPE_PRESCRIPTION:
        case SH_SCOPE_STAY:
        case SH_SCOPE_PERSON:
        case SH_SCOPE_INSTITUTION:
        case SH_SCOPE_EVER:
            r->scopes[r->n_scopes++] = call->scopes[i] == SH_SCOPE_EVER ? SH_SCOPE_PERSON : call->scopes[i];
            break;
        case SH_SCOPE_NONE:
        case SH_SCOPE_HOUR:
        case SH_SCOPE_WEEK:
        case SH_SCOPE_MONTH:
        case SH_SCOPE_QUARTER:
        case SH_SCOPE_YEAR:
        case SH_SCOPE_COURSE:
        case SH_SCOPE_SIX_HOURS:
            return sh_compile_fail(
                c, call->scope_at,
                "related rows are asked in encounter, prescription, day, stay, person or institution");
        }
    }
    if (!r->n_scopes)
        r->scopes[r->n_scopes++] = SH_SCOPE_ENCOUNTER;
    return SH_OK;
}

static sh_code window_fields(struct sh_compile *c, const struct sh_node *node, struct sh_related *r,
                             bool days, bool seconds) {
    const struct sh_path subject = sh_subject_path(c);
    const struct sh_path row = {.slot = r->slot, .table = r->table, .column = SH_NO_COLUMN};
    const bool end = r->window_kind == SH_WINDOW_NEXT;
    if (days) {
        SH_TRY(sh_row_day(c, &subject, end, node, &r->anchor_day));
        if (!r->anchor_day)
            SH_TRY(sh_row_day(c, &subject, false, node, &r->anchor_day));
        SH_TRY(sh_row_day(c, &row, false, node, &r->row_day));
    }
    if (seconds) {
        SH_TRY(sh_row_time(c, &subject, end, node, &r->anchor_time));
        if (!r->anchor_time)
            SH_TRY(sh_row_time(c, &subject, false, node, &r->anchor_time));
        SH_TRY(sh_row_time(c, &row, false, node, &r->row_time));
    }
    const bool scope = r->window->type.kind ==
                       SH_KIND_SCOPE; /* a cell that says hour answers missing where there is no hour */
    if ((days && (!r->anchor_day || !r->row_day)) || (seconds && !scope && (!r->anchor_time || !r->row_time)))
        return sh_compile_fail(c, node->from, "%s have no %s by which past, next or within could be counted",
                               "these rows", seconds ? "time" : "day");
    return SH_OK;
}

static sh_code related_window(struct sh_compile *c, const struct sh_node *node, struct sh_related *r) {
    const struct sh_call *call = node->call;
    r->window_kind = call->window_kind;
    if (call->window_kind == SH_WINDOW_NONE)
        return SH_OK;
    r->window = call->window;
    SH_TRY(sh_check_node(c, r->window));
    const struct sh_type type = r->window->type;
    if (type.kind == SH_KIND_SCOPE && call->window_kind == SH_WINDOW_WITHIN && !call->n_scopes)
        return window_fields(c, node, r, true, true);
    if (type.kind != SH_KIND_NUMBER || (type.unit != SH_UNIT_DAYS && type.unit != SH_UNIT_SECONDS) ||
        r->window->rep != SH_REP_NARROW)
        return sh_compile_fail(c, r->window->from,
                               "past, next and within need days or hours; %.*s is of type %s",
                               SH_ARG(sh_node_text(c, r->window)), sh_type_text(c, type));
    return window_fields(c, node, r, type.unit == SH_UNIT_DAYS, type.unit == SH_UNIT_SECONDS);
}

static sh_code related_value(struct sh_compile *c, struct sh_node *node, struct sh_related *r,
                             struct sh_str rest) {
    const bool wants = r->fn == SH_RELATED_SUM || r->fn == SH_RELATED_FIRST || r->fn == SH_RELATED_LAST;
    if (wants != (rest.at != NULL))
        return sh_compile_fail(c, node->from, "%.*s is written %.*s(%s [in scope] [where condition])",
                               SH_ARG(node->call->name), SH_ARG(node->call->name),
                               wants ? "table.field" : "table");
    if (!wants)
        return SH_OK;
    const struct sh_path row = {.slot = r->slot, .table = r->table, .column = SH_NO_COLUMN};
    r->value = node->kids[0];
    SH_TRY(sh_resolve_rest(c, row, rest, r->value));
    const struct sh_type type = r->value->type;
    if (r->fn == SH_RELATED_SUM && type.kind != SH_KIND_NUMBER)
        return sh_compile_fail(c, r->value->from, "sum needs a number; %.*s is of type %s",
                               SH_ARG(sh_node_text(c, r->value)), sh_type_text(c, type));
    return SH_OK;
}

/* The call names no table whose rows it could ask for, or has a `by`. */
static sh_code no_rows_asked(struct sh_compile *c, const struct sh_node *node) {
    const struct sh_model *model = c->context->model;
    const char **names = sh_new(c->arena, const char *, (size_t)model->n_tables + 1);
    if (!names)
        return sh_compile_nomem(c);
    for (uint16_t i = 0; i < model->n_tables; i++)
        names[i] = model->tables[i].name;
    const struct sh_str asked =
        node->n_kids == 1 && node->kids[0]->op == SH_OP_NAME ? node->kids[0]->word : (struct sh_str){0};
    const char *meant = asked.len ? sh_did_you_mean(asked, names, model->n_tables) : NULL;
    return sh_compile_fail(c, node->n_kids ? node->kids[0]->from : node->from,
                           meant ? "%.*s(…) asks for rows of a table; unknown table %.*s, did you mean %s?"
                                 : "%.*s(…) asks for rows of a table%.*s%s",
                           SH_ARG(node->call->name), SH_ARG(meant ? asked : (struct sh_str){0}),
                           meant ? meant : "");
}

sh_code sh_check_related(struct sh_compile *c, struct sh_node *node, enum sh_related_fn fn) {
    if (c->related)
        return sh_compile_fail(c, node->from,
                               "a related call inside a related call; name the inner one as a view");
    struct sh_str rest = {0};
    const int table = node->n_kids == 1 && node->kids[0]->op == SH_OP_NAME
                          ? sh_related_table(c, node->kids[0]->word, &rest)
                          : -1;
    if (table < 0 || node->call->by)
        return no_rows_asked(c, node);
    if (c->context->n_variables >= SH_VARIABLES_MAX)
        return sh_compile_fail(c, node->from, "too many variables for a related call");
    struct sh_related *r = sh_new(c->arena, struct sh_related, 1);
    if (!r)
        return sh_compile_nomem(c);
    r->fn = fn;
    r->table = (uint16_t)table;
    r->slot = c->context->n_variables;
    SH_TRY(related_scopes(c, node->call, r));
    SH_TRY(related_window(c, node, r));
    c->related = r;
    SH_TRY(related_value(c, node, r, rest));
    r->where = node->call->where;
    if (r->where)
        SH_TRY(sh_check_condition(c, r->where, "where"));
    c->related = NULL;
    node->op = SH_OP_RELATED;
    node->related = r;
    node->n_kids = 0;
    node->type = sh_type_of(SH_KIND_BOOL);
    if (fn == SH_RELATED_COUNT)
        node->type = sh_number_type(SH_UNIT_NONE, 0);
    if (r->value)
        node->type = r->value->type;
    node->vscale = sh_scale_of(node->type);
    node->may_none = r->value && fn != SH_RELATED_SUM && r->value->may_none;
    node->depth = (uint16_t)(1 + (r->where ? r->where->depth : 0));
    r->slots = sh_node_slots(r->where) | sh_node_slots(r->value) | sh_node_slots(r->row_day) |
               sh_node_slots(r->row_time);
    return SH_OK;
}
