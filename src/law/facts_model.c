/* Which names the conditions of a procedure, or the checks of a register, may say. */
#include "law/factbook.h"

enum { DOMAIN_STATES, DOMAIN_ITEM_STATES, DOMAIN_SUBS, DOMAIN_PAPERS, DOMAIN_CHOICES };

struct maker {
    struct sh_arena *arena;
    struct sh_err *err;
    struct sh_model_table *tables;
    struct sh_model_column *columns; /* of the table under way */
    uint16_t n_columns, room;
    const char *const **levels;
    size_t n_levels;
    bool is_out;
};

static const char *c_text(struct maker *maker, struct sh_str text) {
    const char *copy = sh_arena_dup(maker->arena, text.at, text.len);
    maker->is_out = maker->is_out || !copy;
    return copy ? copy : "";
}

static void begin(struct maker *maker, size_t room) {
    maker->columns = sh_new(maker->arena, struct sh_model_column, room + 1);
    maker->is_out = maker->is_out || !maker->columns;
    maker->n_columns = 0, maker->room = (uint16_t)room;
}

static void add(struct maker *maker, const char *name, struct sh_type type, enum sh_storage storage,
                int16_t join, bool empty_none) {
    if (maker->is_out)
        return;
    sh_check(maker->n_columns < maker->room);
    maker->columns[maker->n_columns++] =
        (struct sh_model_column){name, type, storage, join, empty_none, NULL};
}

static void end(struct maker *maker, unsigned table, const char *name, int16_t time_column) {
    maker->tables[table] =
        (struct sh_model_table){name, maker->columns, maker->n_columns, time_column, -1, false};
}

static struct sh_type kind_of(enum sh_kind kind) {
    return (struct sh_type){.kind = kind};
}

static void add_flag(struct maker *maker, struct sh_str name) {
    add(maker, c_text(maker, name), kind_of(SH_KIND_BOOL), SH_STORE_I8, -1, false);
}
static void add_day(struct maker *maker, struct sh_str name) {
    add(maker, c_text(maker, name), kind_of(SH_KIND_DATE), SH_STORE_I32, -1, false);
}
static void add_text(struct maker *maker, struct sh_str name) {
    add(maker, c_text(maker, name), kind_of(SH_KIND_TEXT), SH_STORE_I32, -1, false);
}
static void add_join(struct maker *maker, struct sh_str name, int16_t table) {
    add(maker, c_text(maker, name), kind_of(SH_KIND_TEXT), SH_STORE_I32, table, false);
}
static void add_level(struct maker *maker, struct sh_str name, size_t domain) {
    const struct sh_type type = {.kind = SH_KIND_LEVEL, .domain = (int16_t)domain};
    add(maker, c_text(maker, name), type, SH_STORE_I32, -1, false);
}

static void add_field(struct maker *maker, const struct sh_field *field, size_t *next_domain) {
    struct sh_type number = {.kind = SH_KIND_NUMBER};
    switch (field->type) {
    case SH_FIELD_CHOICE:
        add_level(maker, field->id, (*next_domain)++);
        return;
    case SH_FIELD_DATE:
        add_day(maker, field->id);
        return;
    case SH_FIELD_BOOL:
        add_flag(maker, field->id);
        return;
    case SH_FIELD_MONEY:
        number.unit = SH_UNIT_YUAN, number.scale = 2;
        break;
    case SH_FIELD_DECIMAL:
        number.scale = 6;
        break;
    case SH_FIELD_INT:
        break;
    case SH_FIELD_TEXT:
    case SH_FIELD_CODE:
    case SH_FIELD_REF:
    case SH_FIELD_PLACE:
    case SH_FIELD_USCC:
    case SH_FIELD_IDCARD:
    case SH_FIELD_PHONE:
    case SH_FIELD_TYPES:
        add_text(maker, field->id);
        return;
    }
    add(maker, c_text(maker, field->id), number, SH_STORE_I64, -1, false);
}

static void add_words(struct maker *maker, const struct sh_str *words, size_t n) {
    const char **list = sh_new(maker->arena, const char *, n + 1);
    if (!list) {
        maker->is_out = true;
        return;
    }
    for (size_t i = 0; i < n; i++)
        list[i] = c_text(maker, words[i]);
    maker->levels[maker->n_levels++] = list;
}

static void add_states(struct maker *maker, const struct sh_machine *machine) {
    struct sh_str words[128] = {0};
    const size_t n = machine ? machine->n_states : 0;
    for (size_t i = 0; i < n; i++)
        words[i] = machine->states[i].id;
    add_words(maker, words, n);
}

static void add_choices(struct maker *maker, const struct sh_field *fields, size_t n) {
    for (size_t i = 0; i < n; i++) {
        struct sh_str words[256] = {0};
        if (fields[i].type != SH_FIELD_CHOICE)
            continue;
        for (size_t k = 0; k < fields[i].n_choices && k < 256; k++)
            words[k] = fields[i].choices[k].code;
        add_words(maker, words, fields[i].n_choices < 256 ? fields[i].n_choices : 256);
    }
}

static void make_matter(struct maker *maker, const struct sh_procedure *p, size_t *domain) {
    begin(maker, p->matter.n_fields + 10);
    add_text(maker, SH_STR("subject"));
    add_level(maker, SH_STR("state"), DOMAIN_STATES);
    add_day(maker, SH_STR("day"));
    add_day(maker, SH_STR("opened"));
    add_text(maker, SH_STR("body"));
    add_text(maker, SH_STR("place"));
    add_text(maker, SH_STR("period"));
    add_day(maker, SH_STR("period_ends"));
    add_text(maker, SH_STR("actor"));
    for (size_t i = 0; i < p->matter.n_fields; i++)
        add_field(maker, &p->matter.fields[i], domain);
    end(maker, SH_FACT_MATTER, "matter", 2);
}

static void make_steps(struct maker *maker, const struct sh_procedure *p) {
    static const struct {
        unsigned table;
        const char *name;
    } tables[] = {{SH_FACT_AT, "at"}, {SH_FACT_DONE, "done"}, {SH_FACT_ON, "on"}};
    for (size_t t = 0; t < 3; t++) {
        begin(maker, p->matter.n_steps);
        for (size_t i = 0; i < p->matter.n_steps; i++)
            if (t == 0)
                add_join(maker, p->matter.steps[i].id, SH_FACT_MATTER);
            else if (t == 1)
                add_flag(maker, p->matter.steps[i].id);
            else
                add_day(maker, p->matter.steps[i].id);
        end(maker, tables[t].table, tables[t].name, -1);
    }
}

static void make_rest(struct maker *maker, const struct sh_procedure *p) {
    begin(maker, p->n_papers);
    for (size_t i = 0; i < p->n_papers; i++)
        add_day(maker, p->papers[i].id);
    end(maker, SH_FACT_SERVED, "served", -1);
    begin(maker, p->n_clocks);
    for (size_t i = 0; i < p->n_clocks; i++)
        add_join(maker, p->clocks[i].id, SH_FACT_CLOCK);
    end(maker, SH_FACT_CLOCKS, "clock", -1);
    begin(maker, 4);
    add_flag(maker, SH_STR("passed"));
    add_flag(maker, SH_STR("open"));
    add_day(maker, SH_STR("due"));
    add_day(maker, SH_STR("started"));
    end(maker, SH_FACT_CLOCK, "clock_row", -1);
    begin(maker, p->n_gates);
    for (size_t i = 0; i < p->n_gates; i++)
        add_flag(maker, p->gates[i].id);
    end(maker, SH_FACT_GATE, "gate", -1);
}

static void make_rows(struct maker *maker, const struct sh_procedure *p, size_t *domain) {
    const size_t n_item_fields = p->items ? p->items->n_fields : 0;
    begin(maker, n_item_fields + 2);
    add_level(maker, SH_STR("state"), DOMAIN_ITEM_STATES);
    for (size_t i = 0; i < n_item_fields; i++)
        add_field(maker, &p->items->fields[i], domain);
    end(maker, SH_FACT_ITEM, "item", -1);
    begin(maker, 2);
    add_level(maker, SH_STR("kind"), DOMAIN_SUBS);
    add_flag(maker, SH_STR("final"));
    end(maker, SH_FACT_SUB, "sub", -1);
    begin(maker, 1);
    add_flag(maker, SH_STR("final"));
    end(maker, SH_FACT_GATHERED, "gathered", -1);
    begin(maker, 1);
    add_text(maker, SH_STR("name"));
    end(maker, SH_FACT_PARTY, "party", -1);
    begin(maker, 2);
    add_level(maker, SH_STR("kind"), DOMAIN_PAPERS);
    add_flag(maker, SH_STR("served"));
    end(maker, SH_FACT_PAPER, "paper", -1);
    for (size_t r = 0; r < p->n_reads; r++) {
        begin(maker, p->reads[r].reg->n_fields + 2);
        add_day(maker, SH_STR("from"));
        for (size_t i = 0; i < p->reads[r].reg->n_fields; i++)
            add_field(maker, &p->reads[r].reg->fields[i], domain);
        end(maker, (unsigned)(SH_FACT_READS + r), c_text(maker, p->reads[r].id), 0);
    }
}

sh_code sh_factbook_model_make(struct sh_procedure *p, const struct sh_yaml *root, struct sh_arena *arena,
                               struct sh_err *err) {
    struct sh_factbook_model *made = sh_new(arena, struct sh_factbook_model, 1);
    const size_t n_tables = SH_FACT_READS + p->n_reads;
    struct sh_model_table *tables = sh_new(arena, struct sh_model_table, n_tables);
    size_t n_levels = DOMAIN_CHOICES + p->matter.n_fields + (p->items ? p->items->n_fields : 0);
    for (size_t i = 0; i < p->n_reads; i++)
        n_levels += p->reads[i].reg->n_fields;
    const char *const **levels = sh_new(arena, const char *const *, n_levels + 1);
    if (!made || !tables || !levels)
        return sh_fail(err, SH_E_NOMEM, "no room for the names of a procedure");
    struct maker maker = {.arena = arena, .err = err, .tables = tables, .levels = levels};
    add_states(&maker, &p->matter);
    add_states(&maker, p->items);
    add_words(&maker, p->opens, p->n_opens);
    struct sh_str papers[SH_PROCEDURE_NAMES_MAX] = {0};
    for (size_t i = 0; i < p->n_papers; i++)
        papers[i] = p->papers[i].id;
    add_words(&maker, papers, p->n_papers);
    add_choices(&maker, p->matter.fields, p->matter.n_fields);
    add_choices(&maker, p->items ? p->items->fields : NULL, p->items ? p->items->n_fields : 0);
    for (size_t i = 0; i < p->n_reads; i++)
        add_choices(&maker, p->reads[i].reg->fields, p->reads[i].reg->n_fields);
    size_t domain = DOMAIN_CHOICES;
    make_matter(&maker, p, &domain);
    make_steps(&maker, p);
    make_rest(&maker, p);
    make_rows(&maker, p, &domain);
    if (maker.is_out)
        return sh_fail(err, SH_E_NOMEM, "no room for the names of a procedure");
    made->model = (struct sh_model){.tables = tables,
                                    .n_tables = (uint16_t)n_tables,
                                    .level_words = levels,
                                    .n_level_domains = (uint16_t)maker.n_levels};
    const struct sh_variable variables[] = {
        {"matter", SH_FACT_MATTER, true}, {"at", SH_FACT_AT, false},         {"done", SH_FACT_DONE, false},
        {"on", SH_FACT_ON, false},        {"served", SH_FACT_SERVED, false}, {"clock", SH_FACT_CLOCKS, false},
        {"gate", SH_FACT_GATE, false},    {"item", SH_FACT_ITEM, true}};
    memcpy(made->variables, variables, sizeof variables);
    made->n_variables = sizeof variables / sizeof variables[0];
    made->n_outer = (uint16_t)(made->n_variables - 1);
    p->model = made;
    return sh_law_names(root, &p->matter, &made->model, arena, &made->names, err);
}

/* The record as it would stand, and the other versions of it. */
static void make_entry(struct maker *maker, const struct sh_register *reg, unsigned table, const char *name) {
    size_t domain = 0; /* both tables say the same words */
    begin(maker, reg->n_fields + 3);
    add_day(maker, SH_STR("from"));
    add_day(maker, SH_STR("to"));
    if (table == SH_FACT_RECORD)
        add_day(maker, SH_STR("today"));
    for (size_t i = 0; i < reg->n_fields; i++)
        add_field(maker, &reg->fields[i], &domain);
    end(maker, table, name, -1);
}

sh_code sh_factbook_model_of_register(struct sh_register *reg, struct sh_arena *arena, struct sh_err *err) {
    struct sh_factbook_model *made = sh_new(arena, struct sh_factbook_model, 1);
    struct sh_model_table *tables = sh_new(arena, struct sh_model_table, SH_FACT_REGISTER_TABLES);
    const char *const **levels = sh_new(arena, const char *const *, reg->n_fields + 1);
    if (!made || !tables || !levels)
        return sh_fail(err, SH_E_NOMEM, "no room for the names of a register");
    struct maker maker = {.arena = arena, .err = err, .tables = tables, .levels = levels};
    add_choices(&maker, reg->fields, reg->n_fields);
    make_entry(&maker, reg, SH_FACT_RECORD, "record");
    make_entry(&maker, reg, SH_FACT_VERSION, "version");
    if (maker.is_out)
        return sh_fail(err, SH_E_NOMEM, "no room for the names of a register");
    made->model = (struct sh_model){.tables = tables,
                                    .n_tables = SH_FACT_REGISTER_TABLES,
                                    .level_words = levels,
                                    .n_level_domains = (uint16_t)maker.n_levels};
    made->variables[0] = (struct sh_variable){"record", SH_FACT_RECORD, true};
    made->n_variables = made->n_outer = 1;
    reg->model = made;
    return SH_OK;
}
