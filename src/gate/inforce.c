#include "gate/inforce.h"
#include "base/clock.h"
#include "base/date.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/msg.h"
#include "gate/person.h"

/* What a run lacks is kept with the batch, in the language of its papers. */
#define IN_FORCE_MESSAGES(X)                                                                                 \
    X(LACKS_RUN, "未运行", "has not run")                                                                    \
    X(LACKS_SAME_RULE, "文本与现行规则不同", "has not the text in force")                                    \
    X(LACKS_PUBLISHED, "已发布的规则未运行", "is published and has not run")                                 \
    X(LACKS_TEXT, "运行时没有", "was not there")                                                             \
    X(LACKS_SAME_TEXT, "与现行内容不同", "is not what is in force")                                          \
    X(LACKS_ID, "（", " (")                                                                                  \
    X(LACKS_ID_END, "）", ")")                                                                               \
    X(LACKS_WHAT, "：", ": ")

enum in_force_message { IN_FORCE_MESSAGES(SH_MSG_ID) IN_FORCE_MESSAGES_N };
static const struct sh_msg messages[] = {IN_FORCE_MESSAGES(SH_MSG_ENTRY)};

enum { LACKS_BYTES_MAX = 3600 };

/* What the office has concluded of a rule; its last row holds. */
struct level {
    struct sh_str rule;
    int64_t position; /* in the journal */
    bool runs;
};

struct asking {
    const struct sh_run_about *about;
    const struct sh_registers *registers;
    const struct sh_register *reg; /* the register that says which rules run; NULL: none does */
    int32_t today;
    struct sh_arena *arena;
    struct level *levels;
    size_t n_levels;
    struct sh_buf text;
    int64_t n;
};

static void asking_end(struct asking *a) {
    sh_buf_free(&a->text);
}

/* ---- the office's own register ------------------------------------------------------------------------ */

static struct level *level_of(const struct asking *a, struct sh_str rule) {
    for (size_t i = 0; i < a->n_levels; i++)
        if (sh_str_eq(a->levels[i].rule, rule))
            return &a->levels[i];
    return NULL;
}

static sh_code take_level(struct asking *a, const struct sh_record *row, struct sh_err *err) {
    SH_CLEANUP(sh_json_decref_at) json_t *open = NULL;
    if (row->is_withdrawn || row->is_erased || !sh_place_covers(row->labels.place, a->about->place))
        return SH_OK;
    SH_TRY(sh_json_read("row", row->open, &open, err));
    struct sh_str *values = sh_new(a->arena, struct sh_str, a->reg->n_fields + 1);
    bool runs = false;
    if (!values)
        return sh_fail(err, SH_E_NOMEM, "no room for levels of rules");
    for (size_t i = 0; i < a->reg->n_fields; i++) {
        char name[96];
        (void)snprintf(name, sizeof name, "%.*s", SH_ARG(a->reg->fields[i].id));
        values[i] = sh_member(open, name, a->arena);
    }
    const struct sh_str rule = sh_member(open, "rule", a->arena);
    struct level *known = level_of(a, rule);
    if (known && known->position > row->position)
        return SH_OK;
    const struct sh_register_asked asked = {{values, row->valid_from, row->valid_to}, a->today, NULL, 0};
    SH_TRY(sh_register_meets(a->reg, a->reg->runs, &asked, a->arena, &runs, err));
    known = known ? known : &a->levels[a->n_levels++];
    *known = (struct level){rule, row->position, runs};
    return SH_OK;
}

static sh_code read_levels(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct asking *a = ctx;
    const struct sh_scope all = sh_scope_all();
    struct sh_rows rows;
    a->n_levels = 0;
    for (size_t i = 0; i < a->registers->n; i++)
        a->reg = a->registers->of[i].runs ? &a->registers->of[i] : a->reg;
    if (!a->reg)
        return SH_OK;
    a->today = sh_day_of_time(sh_txn_now(txn) + SH_SHANGHAI_SECONDS);
    SH_TRY(sh_sql_query(txn, "select record from mt_written where register = $1 order by record",
                        &SH_TEXT(a->reg->id), 1, a->arena, &rows, err));
    a->levels = sh_new(a->arena, struct level, rows.n_rows + 1);
    if (!a->levels)
        return sh_fail(err, SH_E_NOMEM, "no room for levels of rules");
    for (size_t i = 0; i < rows.n_rows; i++) {
        const struct sh_record *versions = NULL;
        size_t n = 0;
        SH_TRY(sh_record_history(txn, &all, sh_cell(&rows, i, 0)->str, a->arena, &versions, &n, err));
        if (n)
            SH_TRY(take_level(a, &versions[n - 1], err));
    }
    return SH_OK;
}

/* ---- what is lacking ---------------------------------------------------------------------------------- */

static void add_word(struct sh_buf *out, enum in_force_message id) {
    sh_buf_add_text(out, sh_msg(messages, id, SH_ZH));
}

/* id: beside the name; may be empty. */
static void lack(struct asking *a, struct sh_str name, struct sh_str id, enum in_force_message what) {
    a->n++;
    if (a->text.len > LACKS_BYTES_MAX)
        return;
    if (a->text.len)
        sh_buf_add_char(&a->text, '\n');
    sh_buf_add_str(&a->text, name);
    if (id.len) {
        add_word(&a->text, LACKS_ID);
        sh_buf_add_str(&a->text, id);
        add_word(&a->text, LACKS_ID_END);
    }
    add_word(&a->text, LACKS_WHAT);
    add_word(&a->text, what);
}

static const struct sh_run_rule *ran(const struct sh_run_about *about, struct sh_str rule) {
    for (size_t i = 0; i < about->summary.answers.n_rules; i++)
        if (sh_str_eq(about->summary.rules[i].id, rule))
            return &about->summary.rules[i];
    return NULL;
}

static void compare_rules(struct asking *a, const struct sh_asked *asked) {
    for (size_t i = 0; i < asked->n_rules; i++) {
        const struct sh_run_rule *rule = &asked->rules[i], *run = ran(a->about, rule->id);
        const struct level *level = level_of(a, rule->id);
        if (level && !level->runs)
            continue;
        if (!run)
            lack(a, rule->name, rule->id, LACKS_RUN);
        else if (!sh_str_eq(run->version, rule->version))
            lack(a, rule->name, rule->id, LACKS_SAME_RULE);
    }
    for (size_t i = 0; i < a->n_levels; i++) {
        bool is_text = false;
        for (size_t k = 0; k < asked->n_rules; k++)
            is_text = is_text || sh_str_eq(asked->rules[k].id, a->levels[i].rule);
        if (!is_text && a->levels[i].runs && !ran(a->about, a->levels[i].rule))
            lack(a, a->levels[i].rule, SH_STR(""), LACKS_PUBLISHED);
    }
}

/* "knowledge NAME" of a table that a register writes rows into. */
static bool is_of_office(const struct asking *a, struct sh_str text) {
    if (!sh_str_starts_with(text, SH_STR(SH_RUN_KNOWLEDGE " ")))
        return false;
    const struct sh_str name = sh_str_sub(text, sizeof SH_RUN_KNOWLEDGE, text.len);
    for (size_t i = 0; i < a->registers->n; i++) {
        const struct sh_register_knowledge *told = a->registers->of[i].knowledge;
        for (size_t t = 0; told && t < told->n_tables; t++)
            if (sh_str_eq(told->tables[t], name))
                return true;
    }
    return false;
}

static void compare_texts(struct asking *a, const struct sh_run_texts *asked) {
    const struct sh_run_texts *had = &a->about->texts;
    for (size_t i = 0; i < asked->n; i++) {
        const struct sh_run_text *one = NULL;
        for (size_t k = 0; k < had->n && !one; k++)
            if (sh_str_eq(had->of[k].name, asked->of[i].name))
                one = &had->of[k];
        if (!one)
            lack(a, asked->of[i].name, SH_STR(""), LACKS_TEXT);
        else if (!is_of_office(a, one->name) && !sh_str_eq(one->digest, asked->of[i].digest))
            lack(a, one->name, SH_STR(""), LACKS_SAME_TEXT);
    }
}

sh_code sh_in_force_lacks(const struct sh_gate_options *options, struct sh_store *store,
                          const struct sh_registers *registers, const struct sh_run_about *about,
                          struct sh_arena *arena, struct sh_covered *io, struct sh_err *err) {
    SH_CLEANUP(asking_end) struct asking a = {.about = about, .registers = registers, .arena = arena};
    char params[SH_PATH_BYTES_MAX];
    struct sh_asked asked;
    if (!options->rules_dir || !options->knowledge_dir)
        return sh_fail(err, SH_E_INPUT, "no folder of rules and knowledge: what is in force is not known");
    SH_TRY(sh_path_join(params, options->law_dir, "params", err));
    const char *place = sh_arena_dup(arena, about->place.at, about->place.len);
    if (!place)
        return sh_fail(err, SH_E_NOMEM, "no room for the code of a place");
    const struct sh_rules_options rules = {.rules_dir = options->rules_dir,
                                           .knowledge_dir = options->knowledge_dir,
                                           .params_dir = params,
                                           .known_as_of = INT32_MAX,
                                           .place = place};
    SH_TRY(sh_audit_asked(&rules, arena, &asked, err));
    SH_TRY(sh_store_read(store, read_levels, &a, err));
    compare_rules(&a, &asked);
    compare_texts(&a, &asked.texts);
    SH_TRY(sh_buf_check(&a.text, err));
    const char *copy = sh_arena_dup(arena, a.text.at ? a.text.at : "", a.text.len);
    if (!copy)
        return sh_fail(err, SH_E_NOMEM, "no room for what a run lacks");
    io->lacks = (struct sh_str){copy, a.text.len}, io->n_lacks = a.n;
    return SH_OK;
}
