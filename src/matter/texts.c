/* Texts that procedures run on, and small helpers of the room. */
#include "base/csv.h"
#include "base/fs.h"
#include "base/limits.h"
#include "matter/inner.h"
#include "matter/schema.h"
#include <stdarg.h>

static const struct sh_migration migrations[] = {
    {"matter", "0001_matters", 1, matter_0001,
     "mt_matter mt_party mt_step mt_sign mt_voice mt_clock mt_paper mt_number mt_row"},
    {"matter", "0002_items", 2, matter_0002, "mt_item mt_item_step mt_act mt_count"},
    {"matter", "0003_file", 3, matter_0003, "mt_seen mt_comment mt_attachment mt_custody mt_watch"},
    {"matter", "0004_draws", 4, matter_0004, "mt_unit mt_frame"},
    {"matter", "0005_called", 5, matter_0005, "mt_called"},
    {"matter", "0006_trail", 6, matter_0006, "mt_posting mt_written"},
    {"matter", "0007_item_steps", 7, matter_0007},
    {"matter", "0008_assigned", 8, matter_0008},
    {"matter", "0009_statistics", 9, matter_0009},
    {"matter", "0010_totals", 10, matter_0010, "mt_total mt_line"},
    {"matter", "0011_evidence", 11, matter_0011, "mt_evidence mt_evidence_item"},
    {"matter", "0012_records", 12, matter_0012},
    {"matter", "0013_duties", 13, matter_0013, "mt_duty"},
    {"matter", "0014_handed", 14, matter_0014, "mt_handed"},
    {"matter", "0015_in_place", 15, matter_0015, NULL},
    {"matter", "0016_followed", 16, matter_0016, "mt_followed"},
    {"matter", "0017_gathered", 17, matter_0017, "mt_gathered"}};
static const struct sh_msg messages[] = {MATTER_MESSAGES(SH_MSG_ENTRY)};

const struct sh_migration *sh_matter_migrations(size_t *ret_n) {
    *ret_n = sizeof migrations / sizeof migrations[0];
    return migrations;
}

const struct sh_procedures *sh_matter_procedures(const struct sh_matter_texts *texts) {
    return texts->procedures;
}

const struct sh_params *sh_matter_params(const struct sh_matter_texts *texts) {
    return texts->params;
}

const struct sh_calendars *sh_matter_calendars(const struct sh_matter_texts *texts) {
    return texts->calendars;
}

/* Accounts come from a table, never typed: kind, fund (* any), from, to, basis. */
static sh_code load_rules(const char *law_dir, struct sh_arena *arena, struct sh_matter_texts *texts,
                          struct sh_err *err) {
    static const char *const names[] = {"kind", "fund", "from", "to", "basis"};
    char path[SH_PATH_BYTES_MAX];
    bool is_there = false;
    SH_TRY(sh_path_join(path, law_dir, "tables/posting_rules.csv", err));
    SH_TRY(sh_fs_exists(path, &is_there, err));
    if (!is_there)
        return SH_OK;
    struct sh_csv csv;
    size_t at[5];
    SH_TRY(sh_csv_read_file(path, SH_CSV_COMMENTS, arena, &csv, err));
    for (size_t i = 0; i < 5; i++)
        SH_TRY(sh_csv_need_column(&csv, names[i], &at[i], err));
    struct posting_rule *rules = sh_new(arena, struct posting_rule, csv.n_rows + 1);
    if (!rules)
        return sh_fail(err, SH_E_NOMEM, "no room for posting rules");
    for (size_t i = 0; i < csv.n_rows; i++) {
        const struct sh_str *cells = csv.rows[i].cells;
        rules[i] =
            (struct posting_rule){cells[at[0]], cells[at[1]], cells[at[2]], cells[at[3]], cells[at[4]]};
        if (rules[i].basis.len == 0)
            return sh_csv_fail(err, SH_E_INPUT, &csv, &csv.rows[i], at[4],
                               "is empty; no account without a basis");
        if (sh_str_starts_with(rules[i].to, SH_STR("param(")) && !sh_str_ends_with(rules[i].to, SH_STR(")")))
            return sh_csv_fail(err, SH_E_INPUT, &csv, &csv.rows[i], at[3], "write an account or param(name)");
    }
    texts->rules = rules, texts->n_rules = csv.n_rows;
    return SH_OK;
}

static sh_code load_calendars(const char *law_dir, struct sh_arena *arena, struct sh_matter_texts *texts,
                              struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    bool is_there = false;
    SH_TRY(sh_path_join(path, law_dir, "calendars", err));
    SH_TRY(sh_fs_exists(path, &is_there, err));
    static const struct sh_calendars none = {0};
    struct sh_calendars *calendars = NULL;
    if (is_there)
        SH_TRY(sh_calendars_load(path, arena, &calendars, err));
    texts->calendars = calendars ? calendars : &none;
    return SH_OK;
}

sh_code sh_matter_texts_load(const char *law_dir, const struct sh_registers *registers,
                             const struct sh_roles *roles, struct sh_arena *arena,
                             const struct sh_matter_texts **ret, struct sh_err *err) {
    struct sh_matter_texts *texts = sh_new(arena, struct sh_matter_texts, 1);
    struct sh_params *params = NULL;
    char path[SH_PATH_BYTES_MAX];
    if (!texts)
        return sh_fail(err, SH_E_NOMEM, "no room for texts");
    texts->registers = registers, texts->roles = roles;
    SH_TRY(sh_path_join(path, law_dir, "params", err));
    SH_TRY(sh_params_load(path, arena, &params, err));
    texts->params = params;
    SH_TRY(load_calendars(law_dir, arena, texts, err));
    SH_TRY(load_rules(law_dir, arena, texts, err));
    SH_TRY(sh_funnel_load(law_dir, arena, texts, err));
    SH_TRY(sh_path_join(path, law_dir, "procedures", err));
    SH_TRY(sh_procedures_load(path, registers, roles, params, arena, &texts->procedures, err));
    *ret = texts;
    return SH_OK;
}

/* ---- words ------------------------------------------------------------------------------------------- */

const char *sh_failure_word(enum sh_failure_kind kind) {
    static const char *const words[SH_FAIL_KINDS] = {"state", "role", "separation", "body",  "roles",
                                                     "holds", "tie",  "recusal",    "needs", "seen",
                                                     "guard", "gate", "unknown",    "time",  "members"};
    return words[kind];
}

void sh_failures_json(const struct sh_failures *failures, struct sh_json *json) {
    sh_json_array(json);
    for (size_t i = 0; i < failures->n && i < SH_FAILURES_MAX; i++) {
        const struct sh_failure *f = &failures->of[i];
        sh_json_object(json);
        sh_json_put_text(json, "kind", sh_failure_word(f->kind));
        sh_json_put_str(json, "message", f->message);
        if (f->basis.len)
            sh_json_put_str(json, "basis", f->basis);
        if (f->field.len)
            sh_json_put_str(json, "field", f->field);
        if (f->missing.len)
            sh_json_put_str(json, "missing", f->missing);
        sh_json_object_end(json);
    }
    sh_json_array_end(json);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* formats of our own catalogue; a test compares them   \
                                                      */
void sh_failure_add(struct work *w, enum sh_failure_kind kind, struct sh_str basis, struct sh_str field,
                    enum matter_message id, ...) {
    if (w->failures->n >= SH_FAILURES_MAX)
        return;
    va_list values;
    va_start(values, id);
    size_t len = 0;
    const char *text = sh_arena_vprintf(w->arena, &len, sh_msg(messages, id, lang_of(w)), values);
    va_end(values);
    w->failures->of[w->failures->n++] =
        (struct sh_failure){kind, text ? (struct sh_str){text, len} : SH_STR(""), basis, field, SH_STR("")};
}

struct sh_str sh_say(struct work *w, enum matter_message id, ...) {
    va_list values;
    va_start(values, id);
    size_t len = 0;
    const char *text = sh_arena_vprintf(w->arena, &len, sh_msg(messages, id, lang_of(w)), values);
    va_end(values);
    return text ? (struct sh_str){text, len} : SH_STR("");
}
#pragma GCC diagnostic pop

void sh_value_refused(struct work *w, struct sh_str basis, const struct sh_field *field,
                      const struct sh_err *why) {
    const struct sh_str name = sh_word_of(lang_of(w), field->name, field->english);
    sh_failure_add(w, SH_FAIL_NEEDS, basis, field->id, M_FIELD_BAD, SH_ARG(name), why->message);
}

struct sh_str sh_textf(struct sh_arena *arena, const char *format, ...) {
    va_list values;
    va_start(values, format);
    size_t len = 0;
    const char *text = sh_arena_vprintf(arena, &len, format, values);
    va_end(values);
    return text ? (struct sh_str){text, len} : SH_STR("");
}

struct sh_str sh_month_text(struct sh_arena *arena, int32_t day) {
    char text[SH_DATE_TEXT_MAX];
    sh_date_format(day, text);
    return sh_textf(arena, "%.*s", (int)sizeof "2026-03" - 1, text);
}

struct sh_str sh_copy(struct sh_arena *arena, struct sh_str text) {
    char *copy = sh_arena_dup(arena, text.at, text.len);
    return copy ? (struct sh_str){copy, text.len} : SH_STR("");
}

struct sh_scope sh_everything(void) {
    static const struct sh_str everywhere[] = {{"", 0}};
    return (struct sh_scope){.places = everywhere, .n_places = 1, .any_body = true, .any_part = true};
}

struct sh_str sh_json_member(const json_t *object, struct sh_str key, struct sh_arena *arena) {
    char name[96];
    (void)snprintf(name, sizeof name, "%.*s", SH_ARG(key));
    const json_t *value = json_object_get(object, name);
    if (!json_is_string(value))
        return SH_STR("");
    return sh_copy(arena, (struct sh_str){json_string_value(value), json_string_length(value)});
}

bool sh_place_covers(struct sh_str place, struct sh_str other) {
    while (place.len >= 2 && place.at[place.len - 1] == '0' && place.at[place.len - 2] == '0')
        place.len -= 2;
    return sh_str_starts_with(other, place);
}
