/* Types of functions of values: time, arithmetic, parameters, overlap. Functions of many rows: calls_rows.c.
 */
#include "expr/node.h"

static sh_code need_args(struct sh_compile *c, const struct sh_node *node, uint32_t least, uint32_t most,
                         const char *form) {
    if (node->n_kids >= least && node->n_kids <= most && !node->call->where && !node->call->by &&
        !node->call->n_scopes && node->call->window_kind == SH_WINDOW_NONE)
        return SH_OK;
    return sh_compile_fail(c, node->from, "%.*s is written %s", SH_ARG(node->call->name), form);
}

static sh_code check_kids(struct sh_compile *c, struct sh_node *node) {
    for (uint32_t i = 0; i < node->n_kids; i++)
        SH_TRY(sh_check_node(c, node->kids[i]));
    return sh_node_settle(c, node);
}

/* The time behind the question whether it is exact: whole days need not ask. */
static struct sh_node *inexact(struct sh_node *node) {
    return node->op == SH_OP_EXACT || node->op == SH_OP_FLAG ? node->kids[0] : node;
}

static sh_code need_time(struct sh_compile *c, const struct sh_node *call, const struct sh_node *arg) {
    if (arg->type.kind == SH_KIND_DATE || arg->type.kind == SH_KIND_TIME)
        return SH_OK;
    return sh_compile_fail(c, arg->from, "%.*s needs a date or time; %.*s is of type %s",
                           SH_ARG(call->call->name), SH_ARG(sh_node_text(c, arg)),
                           sh_type_text(c, arg->type));
}

/* The node as a date. */
static sh_code as_day(struct sh_compile *c, struct sh_node **io) {
    struct sh_node *node = inexact(*io);
    if (node->type.kind == SH_KIND_TIME)
        node = sh_node_with(c, SH_OP_DAY, sh_type_of(SH_KIND_DATE), *io, 1, &node);
    *io = node;
    return node ? SH_OK : sh_compile_nomem(c);
}

static sh_code check_time_function(struct sh_compile *c, struct sh_node *node, enum sh_op op,
                                   const char *form) {
    SH_TRY(need_args(c, node, 1, 1, form));
    SH_TRY(check_kids(c, node));
    struct sh_node *arg = node->kids[0];
    SH_TRY(need_time(c, node, arg));
    if (op == SH_OP_HOUR) {
        if (arg->type.kind != SH_KIND_TIME)
            return sh_compile_fail(c, arg->from, "hour needs a time; %.*s is a date",
                                   SH_ARG(sh_node_text(c, arg)));
        node->op = op;
        node->type = sh_number_type(SH_UNIT_NONE, 0);
        return SH_OK;
    }
    SH_TRY(as_day(c, &node->kids[0]));
    if (op == SH_OP_DAY) {
        const uint32_t from = node->from, to = node->to;
        *node = *node->kids[0];
        node->from = from;
        node->to = to;
        return SH_OK;
    }
    node->op = op;
    node->type = op == SH_OP_WEEK ? sh_type_of(SH_KIND_DATE) : sh_number_type(SH_UNIT_NONE, 0);
    return sh_node_settle(c, node);
}
static sh_code check_day(struct sh_compile *c, struct sh_node *node) {
    return check_time_function(c, node, SH_OP_DAY, "day(time)");
}
static sh_code check_hour(struct sh_compile *c, struct sh_node *node) {
    return check_time_function(c, node, SH_OP_HOUR, "hour(time)");
}
static sh_code check_week(struct sh_compile *c, struct sh_node *node) {
    return check_time_function(c, node, SH_OP_WEEK, "week(date)");
}
static sh_code check_month(struct sh_compile *c, struct sh_node *node) {
    return check_time_function(c, node, SH_OP_MONTH, "month(date)");
}
static sh_code check_quarter(struct sh_compile *c, struct sh_node *node) {
    return check_time_function(c, node, SH_OP_QUARTER, "quarter(date)");
}
static sh_code check_year(struct sh_compile *c, struct sh_node *node) {
    return check_time_function(c, node, SH_OP_YEAR, "year(date)");
}

static sh_code check_two_days(struct sh_compile *c, struct sh_node *node, enum sh_op op, enum sh_unit unit,
                              const char *form) {
    SH_TRY(need_args(c, node, 2, 2, form));
    SH_TRY(check_kids(c, node));
    for (int i = 0; i < 2; i++) {
        SH_TRY(need_time(c, node, node->kids[i]));
        SH_TRY(as_day(c, &node->kids[i]));
    }
    node->op = op;
    node->type = sh_number_type(unit, 0);
    return sh_node_settle(c, node);
}
static sh_code check_gap(struct sh_compile *c, struct sh_node *node) {
    return check_two_days(c, node, SH_OP_GAP, SH_UNIT_DAYS, "gap(earlier, later)");
}
static sh_code check_months(struct sh_compile *c, struct sh_node *node) {
    return check_two_days(c, node, SH_OP_MONTHS, SH_UNIT_MONTHS, "months(earlier, later)");
}

static sh_code check_param(struct sh_compile *c, struct sh_node *node) {
    SH_TRY(need_args(c, node, 1, 1, "param(name)"));
    const struct sh_node *arg = node->kids[0];
    if (arg->op != SH_OP_NAME && arg->op != SH_OP_STRING)
        return sh_compile_fail(c, arg->from, "param needs the name of a parameter");
    const struct sh_context *x = c->context;
    struct sh_type type = {0};
    int64_t value = SH_MISSING;
    if (!x->param || !x->param(x->param_ctx, arg->word, &type, &value)) {
        size_t n = 0;
        while (x->names && x->names[n])
            n++;
        const char *meant = n ? sh_did_you_mean(arg->word, x->names, n) : NULL;
        return sh_compile_fail(
            c, arg->from, meant ? "unknown parameter %.*s, did you mean %s?" : "unknown parameter %.*s%s",
            SH_ARG(arg->word),
            meant
                ? meant
                : "; a number of law needs a row in the parameters, without value where each place sets it");
    }
    node->op = SH_OP_PARAM;
    node->word = arg->word;
    node->type = type;
    node->vscale = sh_scale_of(type);
    node->value = value;
    node->n_kids = 0;
    return SH_OK;
}

static sh_code check_known(struct sh_compile *c, struct sh_node *node) {
    SH_TRY(need_args(c, node, 1, 1, "known(value)"));
    SH_TRY(check_kids(c, node));
    node->kids[0] = inexact(node->kids[0]);
    node->op = SH_OP_KNOWN;
    node->type = sh_type_of(SH_KIND_BOOL);
    node->may_none = false;
    return SH_OK;
}

static sh_code check_complete(struct sh_compile *c, struct sh_node *node) {
    const struct sh_call *call = node->call;
    struct sh_str rest = {0};
    const int table = node->n_kids == 1 && node->kids[0]->op == SH_OP_NAME
                          ? sh_related_table(c, node->kids[0]->word, &rest)
                          : -1;
    if (table < 0 || rest.at || call->where || call->by || call->n_scopes > 1 ||
        call->window_kind != SH_WINDOW_NONE)
        return sh_compile_fail(c, node->from, "complete is written complete(table in scope)");
    if (c->related)
        return sh_compile_fail(c, node->from, "complete(…) cannot stand inside a related call");
    node->op = SH_OP_COMPLETE;
    node->type = sh_type_of(SH_KIND_BOOL);
    node->value = table;
    node->n_kids = 0;
    if (!call->n_scopes)
        node->call->scopes[0] = SH_SCOPE_ENCOUNTER;
    return SH_OK;
}

static sh_code check_abs(struct sh_compile *c, struct sh_node *node) {
    SH_TRY(need_args(c, node, 1, 1, "abs(number)"));
    SH_TRY(check_kids(c, node));
    const struct sh_node *arg = node->kids[0];
    if (arg->type.kind != SH_KIND_NUMBER)
        return sh_compile_fail(c, arg->from, "abs needs a number; %.*s is of type %s",
                               SH_ARG(sh_node_text(c, arg)), sh_type_text(c, arg->type));
    node->op = SH_OP_ABS;
    node->literal = arg->literal;
    node->type = arg->type;
    node->vscale = arg->vscale;
    node->rep = arg->rep;
    return SH_OK;
}

static sh_code check_ceil(struct sh_compile *c, struct sh_node *node) {
    SH_TRY(need_args(c, node, 1, 1, "ceil(number)"));
    SH_TRY(check_kids(c, node));
    const struct sh_node *arg = node->kids[0];
    if (arg->type.kind != SH_KIND_NUMBER)
        return sh_compile_fail(c, arg->from, "ceil needs a number; %.*s is of type %s",
                               SH_ARG(sh_node_text(c, arg)), sh_type_text(c, arg->type));
    node->op = SH_OP_CEIL;
    node->literal = arg->literal;
    node->type = sh_number_type(arg->type.unit == SH_UNIT_RATIO ? SH_UNIT_NONE : arg->type.unit, 0);
    node->vscale = 0;
    node->rep = arg->rep == SH_REP_NARROW ? SH_REP_NARROW : SH_REP_WIDE;
    return SH_OK;
}

static sh_code check_extreme(struct sh_compile *c, struct sh_node *node, enum sh_op op) {
    if (node->n_kids == 1 || node->call->where)
        return sh_check_aggregate(c, node, op == SH_OP_MIN ? SH_AGG_MIN : SH_AGG_MAX);
    SH_TRY(
        need_args(c, node, 2, 16,
                  op == SH_OP_MIN ? "min(a, b) or min(x) over a group" : "max(a, b) or max(x) over a group"));
    SH_TRY(check_kids(c, node));
    struct sh_node *first = node->kids[0];
    for (uint32_t i = 1; i < node->n_kids; i++) { /* a literal in front takes the unit of what follows */
        SH_TRY(sh_check_alike(c, node, first, node->kids[i], "and"));
        if (first->literal && !node->kids[i]->literal)
            first = node->kids[i];
    }
    node->op = op;
    node->type = first->type;
    node->literal = first->literal;
    for (uint32_t i = 0; i < node->n_kids; i++) {
        const struct sh_node *kid = node->kids[i];
        if (kid->type.kind == SH_KIND_CODE || kid->type.kind == SH_KIND_TEXT ||
            kid->type.kind == SH_KIND_SET || kid->type.kind == SH_KIND_RANGE ||
            kid->type.kind == SH_KIND_SCOPE || kid->type.kind == SH_KIND_BOOL)
            return sh_compile_fail(c, kid->from, "%s has no order: %.*s", sh_type_text(c, kid->type),
                                   SH_ARG(sh_node_text(c, kid)));
        if (i > 0 && kid->vscale != node->kids[0]->vscale && node->rep == SH_REP_NARROW)
            node->rep = SH_REP_WIDE;
        node->rep = kid->rep > node->rep ? kid->rep : node->rep;
        node->vscale = kid->vscale > node->vscale || i == 0 ? kid->vscale : node->vscale;
        if (kid->type.unit == SH_UNIT_RATIO)
            node->type.unit = SH_UNIT_RATIO;
    }
    if (node->type.kind == SH_KIND_NUMBER)
        node->type.scale = node->rep == SH_REP_RATIO ? 6 : (int8_t)node->vscale;
    return SH_OK;
}
static sh_code check_min(struct sh_compile *c, struct sh_node *node) {
    return check_extreme(c, node, SH_OP_MIN);
}
static sh_code check_max(struct sh_compile *c, struct sh_node *node) {
    return check_extreme(c, node, SH_OP_MAX);
}

/* Column of the subject (or its encounter) by name as a value; *ret NULL when there is none. */
static sh_code subject_value(struct sh_compile *c, const char *name, const struct sh_node *like,
                             struct sh_node **ret) {
    const struct sh_path subject = sh_subject_path(c);
    const struct sh_model_table *t = &c->context->model->tables[subject.table];
    struct sh_path path = subject;
    *ret = NULL;
    const int column = sh_column_find(t, sh_str_of(name));
    if (column >= 0)
        path.column = (uint16_t)column;
    else if (!sh_str_is(sh_str_of(name), t->name))
        return SH_OK;
    *ret = sh_column_node(c, &path, like);
    return *ret ? SH_OK : sh_compile_nomem(c);
}

static sh_code period_key(struct sh_compile *c, enum sh_expr_scope scope, const struct sh_node *like,
                          struct sh_node **ret) {
    const struct sh_path subject = sh_subject_path(c);
    const enum sh_op op = scope == SH_SCOPE_HOUR      ? SH_OP_HOUR_START
                          : scope == SH_SCOPE_WEEK    ? SH_OP_WEEK
                          : scope == SH_SCOPE_MONTH   ? SH_OP_MONTH
                          : scope == SH_SCOPE_QUARTER ? SH_OP_QUARTER
                          : scope == SH_SCOPE_YEAR    ? SH_OP_YEAR
                                                      : SH_OP_DAY;
    *ret = NULL;
    switch (scope) {
    case SH_SCOPE_HOUR:
        SH_TRY(sh_row_time(c, &subject, false, like, ret));
        break;
    case SH_SCOPE_DAY:
        return sh_row_day(c, &subject, false, like, ret);
    case SH_SCOPE_WEEK:
    case SH_SCOPE_MONTH:
    case SH_SCOPE_QUARTER:
    case SH_SCOPE_YEAR:
        SH_TRY(sh_row_day(c, &subject, false, like, ret));
        break;
    case SH_SCOPE_ENCOUNTER:
    case SH_SCOPE_PRESCRIPTION:
    case SH_SCOPE_STAY:
    case SH_SCOPE_INSTITUTION:
    case SH_SCOPE_PERSON:
        return subject_value(c, sh_scope_word(scope), like, ret);
    case SH_SCOPE_EVER:
        *ret = sh_node_const(c, sh_type_of(SH_KIND_TEXT), 0, like);
        return *ret ? SH_OK : sh_compile_nomem(c);
    case SH_SCOPE_NONE:
    case SH_SCOPE_COURSE:
    case SH_SCOPE_SIX_HOURS:
        return SH_OK;
    }
    if (*ret && !(*ret = sh_node_with(c, op, sh_type_of(SH_KIND_TEXT), like, 1, ret)))
        return sh_compile_nomem(c);
    return SH_OK;
}

static sh_code check_period(struct sh_compile *c, struct sh_node *node) {
    SH_TRY(need_args(c, node, 1, 1, "period(k.column)"));
    SH_TRY(check_kids(c, node));
    if (node->kids[0]->type.kind != SH_KIND_SCOPE)
        return sh_compile_fail(c, node->kids[0]->from,
                               "period needs a cell with a grouping word; %.*s is of type %s",
                               SH_ARG(sh_node_text(c, node->kids[0])), sh_type_text(c, node->kids[0]->type));
    struct sh_node **by_scope = sh_new(c->arena, struct sh_node *, SH_SCOPE_SIX_HOURS + 1);
    if (!by_scope)
        return sh_compile_nomem(c);
    for (int s = 0; s <= SH_SCOPE_SIX_HOURS; s++)
        SH_TRY(period_key(c, (enum sh_expr_scope)s, node, &by_scope[s]));
    node->op = SH_OP_PERIOD;
    node->type = sh_type_of(SH_KIND_TEXT);
    node->by_scope = by_scope;
    return SH_OK;
}

/* ---- overlap ------------------------------------------------------------------------------------------- */

/* Both ends of one side as dates or times; supply: [day, day + supply_days) of a table without an end. */
static sh_code interval(struct sh_compile *c, const struct sh_node *arg, const struct sh_path *row,
                        bool seconds, struct sh_node **ret_from, struct sh_node **ret_to, bool *ret_supply) {
    const struct sh_model_table *t = &c->context->model->tables[row->table];
    const int supply = sh_column_find(t, SH_STR("supply_days"));
    *ret_supply = false;
    *ret_from = *ret_to = NULL;
    if (t->time_column >= 0 && t->end_column >= 0) {
        SH_TRY(seconds ? sh_row_time(c, row, false, arg, ret_from)
                       : sh_row_day(c, row, false, arg, ret_from));
        SH_TRY(seconds ? sh_row_time(c, row, true, arg, ret_to) : sh_row_day(c, row, true, arg, ret_to));
    } else if (supply >= 0 && !seconds) {
        struct sh_path path = *row;
        path.column = (uint16_t)supply;
        SH_TRY(sh_row_day(c, row, false, arg, ret_from));
        *ret_to = sh_column_node(c, &path, arg);
        *ret_supply = true;
    }
    if (!*ret_from || !*ret_to)
        return sh_compile_fail(c, arg->from, "a row of %s has no %s and end, it cannot overlap", t->name,
                               seconds ? "time of beginning" : "beginning");
    return SH_OK;
}

sh_code sh_check_overlap(struct sh_compile *c, struct sh_node *node) {
    SH_TRY(need_args(c, node, 2, 2, "overlap(a, b) in nights, days or seconds"));
    const struct sh_str unit = node->call->unit.at ? node->call->unit : SH_STR("days");
    const bool seconds = sh_str_is(unit, "seconds");
    if (!seconds && !sh_str_is(unit, "days") && !sh_str_is(unit, "nights"))
        return sh_compile_fail(c, node->call->unit_at,
                               "overlap is counted in nights, days or seconds, not %.*s", SH_ARG(unit));
    struct sh_node **kids = sh_new(c->arena, struct sh_node *, 4);
    if (!kids)
        return sh_compile_nomem(c);
    bool supply[2];
    for (size_t i = 0; i < 2; i++) {
        struct sh_path row;
        const enum sh_resolve how = sh_resolve_row(c, node->kids[i], &row);
        if (how == SH_RESOLVE_FAIL)
            return c->err->code;
        if (how != SH_RESOLVE_FOUND)
            return sh_compile_fail(c, node->kids[i]->from, "%.*s is no row with a beginning and an end",
                                   SH_ARG(sh_node_text(c, node->kids[i])));
        SH_TRY(interval(c, node->kids[i], &row, seconds, &kids[2 * i], &kids[2 * i + 1], &supply[i]));
    }
    if (supply[0] != supply[1])
        return sh_compile_fail(c, node->from, "overlap of a supply with a stay; use a view");
    node->shape = seconds ? 's' : supply[0] ? 'u' : unit.at[0];
    node->op = SH_OP_OVERLAP;
    node->kids = kids;
    node->n_kids = 4;
    node->type = sh_number_type(seconds ? SH_UNIT_SECONDS : SH_UNIT_DAYS, 0);
    SH_TRY(sh_node_settle(c, node));
    node->may_none = false;
    return SH_OK;
}

/* ---- which function ------------------------------------------------------------------------------------ */

static sh_code check_many(struct sh_compile *c, struct sh_node *node);

static const struct {
    const char *name;
    sh_code (*check)(struct sh_compile *c, struct sh_node *node);
} functions[] = {
    {"day", check_day},
    {"hour", check_hour},
    {"week", check_week},
    {"month", check_month},
    {"quarter", check_quarter},
    {"year", check_year},
    {"gap", check_gap},
    {"months", check_months},
    {"param", check_param},
    {"known", check_known},
    {"complete", check_complete},
    {"abs", check_abs},
    {"ceil", check_ceil},
    {"min", check_min},
    {"max", check_max},
    {"period", check_period},
    {"overlap", sh_check_overlap},
    {"nth", sh_check_nth},
    {"sum", check_many},
    {"count", check_many},
    {"distinct", check_many},
    {"days", check_many},
    {"span", check_many},
    {"any", check_many},
    {"every", check_many},
    {"none", check_many},
    {"first", check_many},
    {"last", check_many},
    {"standing", check_many},
};

static sh_code check_standing(struct sh_compile *c, struct sh_node *node) {
    SH_TRY(need_args(c, node, 1, 1, "standing(aggregate)"));
    if (c->context->kind != SH_CONTEXT_WINDOW || c->in_aggregate || c->related)
        return sh_compile_fail(c, node->from, "standing(…) belongs to a rule over a window");
    c->in_standing = true;
    SH_TRY(sh_check_node(c, node->kids[0]));
    c->in_standing = false;
    if (node->kids[0]->op != SH_OP_AGGREGATE)
        return sh_compile_fail(c, node->kids[0]->from,
                               "standing needs an aggregate, as in standing(sum(quantity))");
    const uint32_t from = node->from, to = node->to;
    *node = *node->kids[0];
    node->from = from;
    node->to = to;
    return SH_OK;
}

/* Aggregate over the members, or question about related rows? `any(line where …)` names a table, `sum(x where
 * …)` does not. */
static sh_code check_many(struct sh_compile *c, struct sh_node *node) {
    static const struct {
        const char *name;
        int aggregate, related;
    } both[] = {{"sum", SH_AGG_SUM, SH_RELATED_SUM}, {"count", SH_AGG_COUNT, SH_RELATED_COUNT},
                {"any", SH_AGG_ANY, SH_RELATED_ANY}, {"every", SH_AGG_EVERY, SH_RELATED_EVERY},
                {"none", -1, SH_RELATED_NONE},       {"first", -1, SH_RELATED_FIRST},
                {"last", -1, SH_RELATED_LAST},       {"distinct", SH_AGG_DISTINCT, -1},
                {"days", SH_AGG_DAYS, -1},           {"span", SH_AGG_SPAN, -1}};
    const struct sh_call *call = node->call;
    if (sh_str_is(call->name, "standing"))
        return check_standing(c, node);
    size_t i = 0;
    while (!sh_str_is(call->name, both[i].name))
        i++;
    struct sh_str rest = {0};
    const int table = node->n_kids == 1 && node->kids[0]->op == SH_OP_NAME
                          ? sh_related_table(c, node->kids[0]->word, &rest)
                          : -1;
    const bool marked = call->n_scopes || call->window_kind != SH_WINDOW_NONE;
    const bool groups = (c->context->kind == SH_CONTEXT_GROUP || c->context->kind == SH_CONTEXT_WINDOW) &&
                        !c->in_aggregate && !c->related;
    bool related = both[i].aggregate < 0 || marked;
    if (!related && table >= 0)
        related = !rest.at || (both[i].aggregate == SH_AGG_SUM && !groups);
    if (!groups && call->where && both[i].related >= 0)
        related = true; /* only a table can be meant; an unknown one is named */
    if (!related || both[i].related < 0)
        return sh_check_aggregate(c, node, (enum sh_aggregate_fn)both[i].aggregate);
    return sh_check_related(c, node, (enum sh_related_fn)both[i].related);
}

sh_code sh_check_call(struct sh_compile *c, struct sh_node *node) {
    const struct sh_str name = node->call->name;
    enum { N = sizeof functions / sizeof *functions };
    for (size_t i = 0; i < N; i++)
        if (sh_str_is(name, functions[i].name))
            return functions[i].check(c, node);
    static const char *const elsewhere[] = {"excess", "after", "previous", "course"};
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
        if (sh_str_is(name, elsewhere[i]))
            return sh_compile_fail(c, node->from, "%s(…) is not an expression; it stands alone under %s",
                                   elsewhere[i],
                                   i < 2    ? "amount:"
                                   : i == 2 ? "with:"
                                            : "each:");
    const char *names[N];
    for (size_t i = 0; i < N; i++)
        names[i] = functions[i].name;
    const char *meant = sh_did_you_mean(name, names, N);
    return sh_compile_fail(c, node->from,
                           meant ? "unknown function %.*s, did you mean %s?" : "unknown function %.*s%s",
                           SH_ARG(name), meant ? meant : "");
}
