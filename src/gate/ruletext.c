/* What the pages read of rules and knowledge, and the bench that tries an edited rule. */
#include "gate/ruletext.h"
#include "audit/audit.h"
#include "gate/say.h"
#include "rule/rule.h"
#include <pthread.h>

struct sh_rulebook {
    struct sh_rulebook_dirs dirs;
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t mutex;
    struct sh_arena arena;
    const struct sh_rules *rules; /* NULL: not loaded yet */
};

static struct sh_rules_options options_of(const struct sh_rulebook_dirs *dirs) {
    return (struct sh_rules_options){.rules_dir = dirs->rules,
                                     .knowledge_dir = dirs->knowledge,
                                     .params_dir = dirs->params,
                                     .known_as_of = INT32_MAX,
                                     .place = "000000"};
}

sh_code sh_rulebook_load(struct sh_rulebook *book, struct sh_err *err) {
    sh_code code = SH_OK;
    pthread_mutex_lock(&book->mutex);
    if (!book->rules) {
        const struct sh_rules_options options = options_of(&book->dirs);
        struct sh_rules *rules = NULL;
        code = sh_rules_load(&options, &book->arena, NULL, &rules, err);
        if (code == SH_OK)
            book->rules = rules;
        else
            sh_arena_reset(&book->arena);
    }
    pthread_mutex_unlock(&book->mutex);
    return code;
}

static void *load_ahead(void *book) {
    struct sh_err told_to_the_reader;
    (void)!sh_rulebook_load(book, &told_to_the_reader);
    return NULL;
}

sh_code sh_rulebook_new(const struct sh_rulebook_dirs *dirs, struct sh_rulebook **ret, struct sh_err *err) {
    struct sh_rulebook *book = sh_alloc_array(1, sizeof *book);
    if (!book)
        return sh_fail(err, SH_E_NOMEM, "no room for the rules");
    book->dirs = *dirs;
    pthread_mutex_init(&book->mutex, NULL);
    book->has_thread = pthread_create(&book->thread, NULL, load_ahead, book) == 0;
    *ret = book;
    return SH_OK;
}

void sh_rulebook_free(struct sh_rulebook *book) {
    if (!book)
        return;
    if (book->has_thread)
        pthread_join(book->thread, NULL);
    pthread_mutex_destroy(&book->mutex);
    sh_arena_free(&book->arena);
    sh_free(book);
}

/* ---- rules ------------------------------------------------------------------------------------------- */

static struct sh_str title_of(const struct sh_rule *rule, sh_lang lang) {
    return lang == SH_EN ? rule->english : rule->name;
}

static void put_rule(struct sh_json *json, const struct sh_rules *rules, const struct sh_rule *rule,
                     sh_lang lang, bool is_whole) {
    static const char *const levels[] = {"indicator", "suspected", "certain"};
    static const char *const states[] = {"draft", "trial", "suspected", "certain"};
    static const char *const shapes[] = {"row", "group", "window", "pair", "stat"};
    static const char *const stages[] = {"before", "during", "after"};
    sh_json_object(json);
    sh_json_put_str(json, "id", rule->id);
    sh_json_put_str(json, "name", title_of(rule, lang));
    sh_json_put_i64(json, "number", rule->national_number);
    sh_json_put_str(json, "code", rule->national_code);
    sh_json_put_text(json, "version", rule->version);
    sh_json_put_text(json, "level", levels[rule->level]);
    sh_json_put_text(json, "state", states[rule->state]);
    sh_json_put_text(json, "shape", shapes[rule->shape]);
    sh_json_key(json, "stages");
    sh_json_array(json);
    for (size_t i = 0; i < 3; i++)
        if (rule->stages & 1u << i)
            sh_json_text(json, stages[i]);
    sh_json_array_end(json);
    sh_json_key(json, "basis");
    sh_json_array(json);
    for (size_t i = 0; i < rule->n_basis; i++)
        sh_json_str(json, rule->basis[i]);
    sh_json_array_end(json);
    sh_json_put_date(json, "from", rule->from);
    sh_json_put_date(json, "to", rule->to);
    sh_json_key(json, "knowledge");
    sh_json_array(json);
    for (size_t i = 0; i < rule->n_uses; i++)
        sh_json_str(json, rules->knowledge[rule->uses[i].knowledge].name);
    sh_json_array_end(json);
    sh_json_put_i64(json, "cases", (int64_t)rule->n_cases);
    if (is_whole) {
        sh_json_put_str(json, "text", rule->text);
        sh_json_key(json, "case_list");
        sh_json_array(json);
        for (size_t i = 0; i < rule->n_cases; i++) {
            sh_json_object(json);
            sh_json_put_str(json, "about", rule->cases[i].about);
            sh_json_put_i64(json, "line", rule->cases[i].line);
            sh_json_object_end(json);
        }
        sh_json_array_end(json);
    }
    sh_json_object_end(json);
}

void sh_rulebook_put_rules(const struct sh_rulebook *book, sh_lang lang, struct sh_json *json) {
    for (size_t i = 0; i < book->rules->n_rules; i++)
        put_rule(json, book->rules, &book->rules->rules[i], lang, false);
}

static const struct sh_rule *rule_of(const struct sh_rules *rules, struct sh_str id) {
    for (size_t i = 0; i < rules->n_rules; i++)
        if (sh_str_eq(rules->rules[i].id, id))
            return &rules->rules[i];
    return NULL;
}

bool sh_rulebook_put_rule(const struct sh_rulebook *book, struct sh_str id, sh_lang lang,
                          struct sh_json *json) {
    const struct sh_rule *rule = rule_of(book->rules, id);
    if (rule)
        put_rule(json, book->rules, rule, lang, true);
    return rule != NULL;
}

bool sh_rulebook_has(const struct sh_rulebook *book, struct sh_str id) {
    return rule_of(book->rules, id) != NULL;
}

struct sh_str sh_rulebook_english(const struct sh_rulebook *book, struct sh_str id, struct sh_str kept) {
    const struct sh_rule *rule = rule_of(book->rules, id);
    return rule ? rule->english : kept;
}

/* ---- knowledge --------------------------------------------------------------------------------------- */

static const struct sh_knowledge *table_of(const struct sh_rulebook *book, struct sh_str name) {
    for (size_t i = 0; i < book->rules->n_knowledge; i++)
        if (sh_str_eq(book->rules->knowledge[i].name, name))
            return &book->rules->knowledge[i];
    return NULL;
}

static struct sh_str table_title(const struct sh_knowledge *table, sh_lang lang) {
    return lang == SH_EN && table->english.len ? table->english : table->title;
}

struct sh_str sh_rulebook_table_title(const struct sh_rulebook *book, struct sh_str table, sh_lang lang) {
    const struct sh_knowledge *found = table_of(book, table);
    return found ? table_title(found, lang) : table;
}

/* A table names its own columns; those every table has are named once, here. */
static struct sh_str column_name(const struct sh_knowledge_column *column, sh_lang lang) {
    static const struct {
        const char *column, *names[SH_LANGS];
    } standard[] = {
        {"point", GATE_SAY_COLUMN_POINT(SH_SAY_BOTH)},
        {"name", GATE_SAY_COLUMN_NAME(SH_SAY_BOTH)},
        {"from", GATE_SAY_COLUMN_FROM(SH_SAY_BOTH)},
        {"to", GATE_SAY_COLUMN_TO(SH_SAY_BOTH)},
        {"known", GATE_SAY_COLUMN_KNOWN(SH_SAY_BOTH)},
        {"level", GATE_SAY_COLUMN_LEVEL(SH_SAY_BOTH)},
        {"layer", GATE_SAY_COLUMN_LAYER(SH_SAY_BOTH)},
        {"source", GATE_SAY_COLUMN_SOURCE(SH_SAY_BOTH)},
        {"supersedes", GATE_SAY_COLUMN_SUPERSEDES(SH_SAY_BOTH)},
        {"note", GATE_SAY_COLUMN_NOTE(SH_SAY_BOTH)},
    };
    if (column->chinese.len)
        return lang == SH_EN ? column->english : column->chinese;
    for (size_t i = 0; i < sizeof standard / sizeof standard[0]; i++)
        if (sh_str_is(column->name, standard[i].column))
            return sh_str_of(standard[i].names[lang]);
    return column->name;
}

struct sh_str sh_rulebook_column_name(const struct sh_rulebook *book, struct sh_str table,
                                      struct sh_str column, sh_lang lang) {
    const struct sh_knowledge *found = table_of(book, table);
    for (uint16_t c = 0; found && c < found->n_columns; c++)
        if (sh_str_eq(found->columns[c].name, column))
            return column_name(&found->columns[c], lang);
    return column;
}

static void put_table(struct sh_json *json, const struct sh_knowledge *table, sh_lang lang) {
    static const char *const kinds[] = {"limit", "allow", "forbid"};
    sh_json_put_str(json, "id", table->name);
    sh_json_put_str(json, "title", table_title(table, lang));
    sh_json_put_text(json, "kind", kinds[table->rows_kind]);
    sh_json_put_i64(json, "rows", table->n_rows);
    sh_json_put_i64(json, "points", table->n_points);
}

void sh_rulebook_put_tables(const struct sh_rulebook *book, sh_lang lang, struct sh_json *json) {
    for (size_t i = 0; i < book->rules->n_knowledge; i++) {
        sh_json_object(json);
        put_table(json, &book->rules->knowledge[i], lang);
        sh_json_object_end(json);
    }
}

static bool row_holds(const struct sh_knowledge *table, const struct sh_knowledge_row *row, struct sh_str q) {
    for (uint16_t c = 0; c < table->n_columns; c++)
        if (sh_str_find(row->cells[c], q) != SH_STR_NONE)
            return true;
    return q.len == 0;
}

/* Rows from number `after` on that hold the words, at most `limit`. */
static void put_knowledge_rows(struct sh_json *json, const struct sh_knowledge *table, struct sh_str q,
                               uint32_t after, size_t limit) {
    size_t n = 0;
    uint32_t i = after;
    sh_json_key(json, "items");
    sh_json_array(json);
    for (; i < table->n_rows && n < limit; i++) {
        const struct sh_knowledge_row *row = &table->rows[i];
        if (!row_holds(table, row, q))
            continue;
        n++;
        sh_json_array(json);
        for (uint16_t c = 0; c < table->n_columns; c++)
            sh_json_str(json, row->cells[c]);
        sh_json_array_end(json);
    }
    sh_json_array_end(json);
    sh_json_key(json, "next");
    if (i < table->n_rows)
        sh_json_i64(json, i);
    else
        sh_json_null(json);
}

bool sh_rulebook_put_table(const struct sh_rulebook *book, struct sh_str name, struct sh_str q,
                           uint32_t after, size_t limit, sh_lang lang, struct sh_json *json) {
    const struct sh_knowledge *table = table_of(book, name);
    if (!table)
        return false;
    sh_json_object(json);
    put_table(json, table, lang);
    sh_json_key(json, "names");
    sh_json_array(json);
    for (uint16_t c = 0; c < table->n_columns; c++)
        sh_json_str(json, column_name(&table->columns[c], lang));
    sh_json_array_end(json);
    sh_json_key(json, "columns");
    sh_json_array(json);
    for (uint16_t c = 0; c < table->n_columns; c++)
        sh_json_str(json, table->columns[c].name);
    sh_json_array_end(json);
    put_knowledge_rows(json, table, q, after, limit);
    sh_json_object_end(json);
    return true;
}

/* ---- the bench --------------------------------------------------------------------------------------- */

sh_code sh_bench_run(const struct sh_rulebook_dirs *dirs, FILE *report, struct sh_bench_result *ret,
                     struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_rules_options options = options_of(dirs);
    struct sh_rules *rules = NULL;
    struct sh_rules_test_result result = {0};
    *ret = (struct sh_bench_result){0};
    sh_code code = sh_rules_load(&options, &arena, report, &rules, err);
    ret->loads = code == SH_OK;
    if (code == SH_OK)
        code = sh_rules_test(&options, NULL, report, &result, err);
    ret->cases = result.cases;
    ret->failed = result.failed;
    return code == SH_E_INPUT ? SH_OK : code;
}

sh_code sh_evidence_find(const char *run_dir, const uint8_t id[16], struct sh_arena *arena,
                         struct sh_str *ret, uint32_t *ret_bucket, struct sh_err *err) {
    return sh_receipt_find(run_dir, id, arena, ret, ret_bucket, err);
}

sh_code sh_evidence_rule(const char *run_dir, struct sh_str rule,
                         sh_code (*take)(void *ctx, const char *name, struct sh_str text, struct sh_err *err),
                         void *ctx, struct sh_err *err) {
    return sh_rule_texts(run_dir, rule, take, ctx, err);
}
