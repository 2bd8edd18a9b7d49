/* What a name means: a column, a way through joins, an age, a word of time. */
#include "expr/node.h"

#define ROW_DOMAIN 1000 /* rows of different tables are texts of different domains */

static const struct sh_model_table *table_of(const struct sh_compile *c, uint16_t table) {
    return &c->context->model->tables[table];
}

struct sh_path sh_slot_path(const struct sh_compile *c, uint16_t slot) {
    const bool related = c->related && slot == c->related->slot;
    return (struct sh_path){.slot = slot,
                            .table = related ? c->related->table : c->context->variables[slot].table,
                            .column = SH_NO_COLUMN};
}

struct sh_path sh_subject_path(const struct sh_compile *c) {
    return sh_slot_path(c, c->related ? c->related->slot : c->context->subject);
}

/* Follow a join column; false when there is none of that name or the way is too long. */
static bool hop(const struct sh_compile *c, struct sh_path *path, struct sh_str name) {
    const struct sh_model_table *t = table_of(c, path->table);
    const int column = sh_column_find(t, name);
    if (column < 0 || t->columns[column].join < 0 || path->n_hops == SH_HOPS_MAX)
        return false;
    path->hops[path->n_hops].table = path->table;
    path->hops[path->n_hops].column = (uint16_t)column;
    path->n_hops++;
    path->table = (uint16_t)t->columns[column].join;
    return true;
}

static struct sh_path with_column(struct sh_path path, int column) {
    path.column = (uint16_t)column;
    return path;
}

struct sh_node *sh_column_node(struct sh_compile *c, const struct sh_path *path, const struct sh_node *like) {
    struct sh_node *node =
        sh_node_new(c, path->column == SH_NO_COLUMN ? SH_OP_ROW : SH_OP_COLUMN, like->from, like->to);
    if (!node)
        return NULL;
    node->path = *path;
    if (path->column == SH_NO_COLUMN) {
        node->type = sh_type_of(SH_KIND_TEXT);
        node->type.domain = (int16_t)(ROW_DOMAIN + path->table);
        return node;
    }
    const struct sh_model_table *t = table_of(c, path->table);
    const struct sh_model_column *column = &t->columns[path->column];
    node->type = column->type;
    node->vscale = sh_scale_of(column->type);
    node->may_none = column->empty_none;
    if (column->type.kind == SH_KIND_BOOL && column->empty_none) {
        struct sh_node *flag = sh_node_with(c, SH_OP_FLAG, column->type, like, 1, &node);
        if (flag)
            flag->may_none = false;
        return flag;
    }
    const int exact = sh_column_find(t, SH_STR("time_exact"));
    if (column->type.kind == SH_KIND_TIME && path->column == t->time_column && exact >= 0 &&
        t->columns[exact].type.kind == SH_KIND_BOOL) {
        const struct sh_path other = with_column(*path, exact);
        struct sh_node *kids[] = {node, sh_node_new(c, SH_OP_COLUMN, like->from, like->to)};
        if (!kids[1])
            return NULL;
        kids[1]->path = other;
        kids[1]->type = sh_type_of(SH_KIND_BOOL);
        kids[1]->may_none = t->columns[exact].empty_none;
        struct sh_node *guarded = sh_node_with(c, SH_OP_EXACT, column->type, like, 2, kids);
        if (guarded)
            guarded->may_none = node->may_none;
        return guarded;
    }
    return node;
}

/* Path to the column that dates a row; false: it has none. */
static bool dated(const struct sh_compile *c, const struct sh_path *row, bool end, struct sh_path *ret) {
    *ret = *row;
    for (int tries = 0; tries < 2; tries++) {
        const struct sh_model_table *t = table_of(c, ret->table);
        const int column = end ? t->end_column : t->time_column;
        if (column >= 0) {
            ret->column = (uint16_t)column;
            return true;
        }
        if (t->time_column >= 0 || !hop(c, ret, SH_STR("encounter")))
            return false;
    }
    return false;
}

sh_code sh_row_time(struct sh_compile *c, const struct sh_path *row, bool end, const struct sh_node *like,
                    struct sh_node **ret) {
    struct sh_path path;
    *ret = NULL;
    if (!dated(c, row, end, &path) || table_of(c, path.table)->columns[path.column].type.kind != SH_KIND_TIME)
        return SH_OK;
    *ret = sh_column_node(c, &path, like);
    return *ret ? SH_OK : sh_compile_nomem(c);
}

sh_code sh_row_day(struct sh_compile *c, const struct sh_path *row, bool end, const struct sh_node *like,
                   struct sh_node **ret) {
    struct sh_path path;
    *ret = NULL;
    if (!dated(c, row, end, &path))
        return SH_OK;
    struct sh_node *node = sh_column_node(c, &path, like);
    if (node && node->op == SH_OP_EXACT)
        node = node->kids[0]; /* the day is sure even where the hour is not */
    if (node && node->type.kind == SH_KIND_TIME)
        node = sh_node_with(c, SH_OP_DAY, sh_type_of(SH_KIND_DATE), like, 1, &node);
    *ret = node;
    return node ? SH_OK : sh_compile_nomem(c);
}

static const struct {
    const char *word;
    enum sh_op op;
} time_words[] = {{"day", SH_OP_DAY},     {"hour", SH_OP_HOUR_START}, {"week", SH_OP_WEEK},
                  {"month", SH_OP_MONTH}, {"quarter", SH_OP_QUARTER}, {"year", SH_OP_YEAR}};

static enum sh_resolve oom(struct sh_compile *c) {
    (void)sh_compile_nomem(c);
    return SH_RESOLVE_FAIL;
}

/* day, hour, week … of a row; UNKNOWN when the word is none of them or the row has no time. */
static enum sh_resolve time_word(struct sh_compile *c, const struct sh_path *row, struct sh_str word,
                                 const struct sh_node *like, struct sh_node **ret) {
    size_t i = 0;
    const size_t n = sizeof time_words / sizeof *time_words;
    while (i < n && !sh_str_is(word, time_words[i].word))
        i++;
    if (i == n)
        return SH_RESOLVE_UNKNOWN;
    const enum sh_op op = time_words[i].op;
    struct sh_node *base;
    if ((op == SH_OP_HOUR_START ? sh_row_time(c, row, false, like, &base)
                                : sh_row_day(c, row, false, like, &base)) != SH_OK)
        return SH_RESOLVE_FAIL;
    if (!base)
        return SH_RESOLVE_UNKNOWN;
    if (op == SH_OP_DAY) {
        *ret = base;
        return SH_RESOLVE_FOUND;
    }
    const struct sh_type type = op == SH_OP_HOUR_START ? sh_type_of(SH_KIND_TIME)
                                : op == SH_OP_WEEK     ? sh_type_of(SH_KIND_DATE)
                                                       : sh_number_type(SH_UNIT_NONE, 0);
    *ret = sh_node_with(c, op, type, like, 1, &base);
    return *ret ? SH_RESOLVE_FOUND : oom(c);
}

/* person.age: at the day of the row the path starts from. */
static enum sh_resolve age_word(struct sh_compile *c, const struct sh_path *path, struct sh_str word,
                                const struct sh_node *like, struct sh_node **ret) {
    enum sh_unit unit;
    if (sh_str_is(word, "age"))
        unit = SH_UNIT_YEARS;
    else if (sh_str_is(word, "age_months"))
        unit = SH_UNIT_MONTHS;
    else if (sh_str_is(word, "age_days"))
        unit = SH_UNIT_DAYS;
    else
        return SH_RESOLVE_UNKNOWN;
    const struct sh_model_table *t = table_of(c, path->table);
    const int birth = sh_column_find(t, SH_STR("birth"));
    if (birth < 0 || t->columns[birth].type.kind != SH_KIND_DATE)
        return SH_RESOLVE_UNKNOWN;
    const struct sh_path column = with_column(*path, birth), root = sh_slot_path(c, path->slot);
    struct sh_node *kids[2] = {sh_column_node(c, &column, like), NULL};
    if (sh_row_day(c, &root, false, like, &kids[1]) != SH_OK)
        return SH_RESOLVE_FAIL;
    if (!kids[0])
        return oom(c);
    if (!kids[1]) {
        (void)sh_compile_fail(c, like->from, "%.*s: a row of %s has no day at which to take the age",
                              SH_ARG(like->word), table_of(c, root.table)->name);
        return SH_RESOLVE_FAIL;
    }
    *ret = sh_node_with(c, SH_OP_AGE, sh_number_type(unit, 0), like, 2, kids);
    return *ret ? SH_RESOLVE_FOUND : oom(c);
}

/* The last name of a path: column, age or word of time. */
static enum sh_resolve last_word(struct sh_compile *c, const struct sh_path *row, struct sh_str word,
                                 const struct sh_node *like, struct sh_node **ret) {
    const int column = sh_column_find(table_of(c, row->table), word);
    if (column >= 0) {
        const struct sh_path path = with_column(*row, column);
        *ret = sh_column_node(c, &path, like);
        return *ret ? SH_RESOLVE_FOUND : oom(c);
    }
    const enum sh_resolve age = age_word(c, row, word, like, ret);
    return age == SH_RESOLVE_UNKNOWN ? time_word(c, row, word, like, ret) : age;
}

static struct sh_str first_of(struct sh_str *rest) {
    struct sh_str piece = {0};
    (void)sh_str_split(rest, '.', &piece);
    return piece;
}

/* Names behind the first one, from a row. */
static enum sh_resolve walk(struct sh_compile *c, struct sh_path row, struct sh_str rest,
                            const struct sh_node *like, struct sh_node **ret) {
    for (;;) {
        struct sh_str segment = first_of(&rest);
        const struct sh_str before = {like->word.at, (size_t)(segment.at - like->word.at)};
        c->bad.before = before;
        c->bad.segment = segment;
        c->bad.table = row.table;
        if (!rest.at) {
            const enum sh_resolve found = last_word(c, &row, segment, like, ret);
            return found == SH_RESOLVE_UNKNOWN ? SH_RESOLVE_FIELD : found;
        }
        if (!hop(c, &row, segment)) {
            if (sh_column_find(table_of(c, row.table), segment) >= 0)
                c->bad.table = -2;
            return SH_RESOLVE_FIELD;
        }
    }
}

static int variable_find(const struct sh_compile *c, struct sh_str name) {
    for (int i = 0; i < c->context->n_variables; i++)
        if (sh_str_is(name, c->context->variables[i].name))
            return i;
    return -1;
}

/* encounter.x, person.x … of a row: through its joins, or through those of its encounter. */
static bool short_form(const struct sh_compile *c, struct sh_path *row, struct sh_str name) {
    struct sh_path way = *row;
    if (hop(c, &way, name) || (way = *row, hop(c, &way, SH_STR("encounter")) && hop(c, &way, name))) {
        *row = way;
        return true;
    }
    return false;
}

/* A name without a point. */
static enum sh_resolve bare_word(struct sh_compile *c, const struct sh_node *like, struct sh_node **ret) {
    const struct sh_str name = like->word;
    if (c->related) {
        const struct sh_path row = sh_subject_path(c);
        const enum sh_resolve found = last_word(c, &row, name, like, ret);
        if (found != SH_RESOLVE_UNKNOWN)
            return found;
    } else {
        int slot = -1;
        for (int pass = 0; pass < 2; pass++)
            for (int i = 0; i < c->context->n_variables && slot < 0; i++) {
                const struct sh_variable *v = &c->context->variables[i];
                if (v->bare && (i == c->context->subject) == (pass == 0) &&
                    sh_column_find(table_of(c, v->table), name) >= 0)
                    slot = i;
            }
        if (slot >= 0) {
            const struct sh_path row = sh_slot_path(c, (uint16_t)slot);
            return last_word(c, &row, name, like, ret);
        }
    }
    const int variable = variable_find(c, name);
    if (variable >= 0) {
        const struct sh_path row = sh_slot_path(c, (uint16_t)variable);
        *ret = sh_column_node(c, &row, like);
        return *ret ? SH_RESOLVE_FOUND : oom(c);
    }
    if (sh_str_is(name, "ever")) {
        *ret = sh_node_const(c, sh_type_of(SH_KIND_TEXT), 0, like);
        return *ret ? SH_RESOLVE_FOUND : oom(c);
    }
    if (c->related)
        return SH_RESOLVE_UNKNOWN;
    const struct sh_path row = sh_subject_path(c);
    return time_word(c, &row, name, like, ret);
}

/* Where a dotted name starts. */
static enum sh_resolve first_row(struct sh_compile *c, const struct sh_node *like, struct sh_str first,
                                 struct sh_path *ret) {
    const int variable = variable_find(c, first);
    if (variable >= 0) {
        *ret = sh_slot_path(c, (uint16_t)variable);
        return SH_RESOLVE_FOUND;
    }
    if (c->related && sh_str_is(first, "row")) {
        *ret = sh_subject_path(c);
        return SH_RESOLVE_FOUND;
    }
    struct sh_path inner = sh_subject_path(c), outer = sh_slot_path(c, c->context->subject);
    const bool in = c->related && short_form(c, &inner, first);
    const bool out = short_form(c, &outer, first);
    if (in && out) {
        (void)sh_compile_fail(c, like->from,
                              "%.*s may be of the row asked for or of the subject: write row.%.*s or %s.%.*s",
                              SH_ARG(like->word), SH_ARG(like->word),
                              c->context->variables[c->context->subject].name, SH_ARG(like->word));
        return SH_RESOLVE_FAIL;
    }
    *ret = in ? inner : outer;
    return in || out ? SH_RESOLVE_FOUND : SH_RESOLVE_UNKNOWN;
}

enum sh_resolve sh_resolve_name(struct sh_compile *c, struct sh_node *node) {
    struct sh_str rest = node->word;
    const struct sh_str first = first_of(&rest);
    c->bad.table = -1;
    c->bad.before = (struct sh_str){0};
    c->bad.segment = first;
    struct sh_node *found = NULL;
    enum sh_resolve how;
    if (!rest.at) {
        how = bare_word(c, node, &found);
    } else {
        struct sh_path row;
        how = first_row(c, node, first, &row);
        if (how == SH_RESOLVE_FOUND)
            how = walk(c, row, rest, node, &found);
    }
    if (how == SH_RESOLVE_FOUND)
        *node = *found;
    return how;
}

sh_code sh_resolve_rest(struct sh_compile *c, struct sh_path row, struct sh_str rest, struct sh_node *node) {
    struct sh_node *found = NULL;
    switch (walk(c, row, rest, node, &found)) {
    case SH_RESOLVE_FOUND:
        *node = *found;
        return SH_OK;
    case SH_RESOLVE_FAIL:
        return c->err->code;
    case SH_RESOLVE_UNKNOWN:
    case SH_RESOLVE_FIELD:
        break;
    }
    return sh_resolve_complain(c, node);
}

enum sh_resolve sh_resolve_row(struct sh_compile *c, const struct sh_node *node, struct sh_path *ret) {
    if (node->op != SH_OP_NAME)
        return SH_RESOLVE_UNKNOWN;
    struct sh_str rest = node->word;
    const struct sh_str first = first_of(&rest);
    const enum sh_resolve how = first_row(c, node, first, ret);
    if (how != SH_RESOLVE_FOUND)
        return how;
    while (rest.at)
        if (!hop(c, ret, first_of(&rest)))
            return SH_RESOLVE_FIELD;
    return SH_RESOLVE_FOUND;
}

int sh_related_table(const struct sh_compile *c, struct sh_str name, struct sh_str *ret_rest) {
    *ret_rest = name;
    return sh_table_find(c->context->model, first_of(ret_rest));
}

/* ---- did you mean -------------------------------------------------------------------------------------- */

static sh_code complain_field(struct sh_compile *c, const struct sh_node *node) {
    const uint32_t at = (uint32_t)(c->bad.segment.at - c->text.at);
    const struct sh_str whole = {node->word.at,
                                 (size_t)(c->bad.segment.at + c->bad.segment.len - node->word.at)};
    if (c->bad.table == -2)
        return sh_compile_fail(c, at, "%.*s is no row, it has no fields", SH_ARG(whole));
    const struct sh_model_table *t = table_of(c, (uint16_t)c->bad.table);
    const char **names = sh_new(c->arena, const char *, (size_t)t->n_columns + 4);
    if (!names)
        return sh_compile_nomem(c);
    size_t n = 0;
    for (int i = 0; i < t->n_columns; i++)
        names[n++] = t->columns[i].name;
    if (sh_column_find(t, SH_STR("birth")) >= 0)
        names[n++] = "age", names[n++] = "age_months", names[n++] = "age_days";
    const char *meant = sh_did_you_mean(c->bad.segment, names, n);
    if (!meant)
        return sh_compile_fail(c, node->from, "unknown field %.*s; %s has none of that name", SH_ARG(whole),
                               t->name);
    return sh_compile_fail(c, node->from, "unknown field %.*s, did you mean %.*s%s?", SH_ARG(whole),
                           SH_ARG(c->bad.before), meant);
}

/* A column of that name in a table that the subject joins. */
static const char *joined_with(const struct sh_compile *c, struct sh_str name) {
    const struct sh_path row = sh_slot_path(c, c->context->subject);
    const struct sh_model_table *t = table_of(c, row.table);
    for (int i = 0; i < t->n_columns; i++)
        if (t->columns[i].join >= 0 && sh_column_find(table_of(c, (uint16_t)t->columns[i].join), name) >= 0)
            return t->columns[i].name;
    return NULL;
}

static size_t known_names(const struct sh_compile *c, bool dotted, const char **names) {
    size_t n = 0;
    const struct sh_context *x = c->context;
    const struct sh_path row = sh_subject_path(c);
    for (int i = 0; i < x->n_variables; i++)
        names[n++] = x->variables[i].name;
    for (int v = -1; v < x->n_variables; v++) {
        const struct sh_model_table *t = table_of(c, v < 0 ? row.table : x->variables[v].table);
        if (v >= 0 && (c->related || !x->variables[v].bare))
            continue;
        for (int i = 0; i < t->n_columns; i++)
            if (!dotted || t->columns[i].join >= 0)
                names[n++] = t->columns[i].name;
    }
    for (size_t i = 0; !dotted && i < sizeof time_words / sizeof *time_words; i++)
        names[n++] = time_words[i].word;
    return n;
}

sh_code sh_resolve_complain(struct sh_compile *c, const struct sh_node *node) {
    if (c->bad.table != -1)
        return complain_field(c, node);
    const bool dotted = c->bad.segment.len < node->word.len;
    const char *join = dotted ? NULL : joined_with(c, node->word);
    if (c->related &&
        sh_column_find(table_of(c, sh_slot_path(c, c->context->subject).table), node->word) >= 0)
        join = c->context->variables[c->context->subject].name;
    if (join)
        return sh_compile_fail(c, node->from, "unknown field %.*s, did you mean %s.%.*s?", SH_ARG(node->word),
                               join, SH_ARG(node->word));
    size_t room = 16;
    for (int i = 0; i < c->context->n_variables; i++)
        room += 1 + table_of(c, c->context->variables[i].table)->n_columns;
    room += table_of(c, sh_subject_path(c).table)->n_columns;
    const char **names = sh_new(c->arena, const char *, room);
    if (!names)
        return sh_compile_nomem(c);
    const char *meant = sh_did_you_mean(c->bad.segment, names, known_names(c, dotted, names));
    if (!meant)
        return sh_compile_fail(c, node->from, "unknown field %.*s", SH_ARG(node->word));
    const struct sh_str behind = sh_str_sub(node->word, c->bad.segment.len, SIZE_MAX);
    return sh_compile_fail(c, node->from, "unknown field %.*s, did you mean %s%.*s?", SH_ARG(node->word),
                           meant, SH_ARG(behind));
}
