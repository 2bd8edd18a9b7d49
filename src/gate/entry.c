/* Records of registers as their texts describe them. */
#include "gate/entry.h"
#include "gate/years.h"
#include "base/date.h"
#include "base/decimal.h"
#include "gate/password.h"

enum { LIMIT_DEFAULT = 50, LIMIT_MAX = 200 };

/* Reading asks the power and, where the register names readers, one of those roles. */
sh_code sh_entry_scope(struct sh_gate *gate, struct sh_request *rq, const struct sh_register *reg,
                       struct sh_scope *ret, struct sh_err *err) {
    return sh_caller_scope(gate, rq, "registers.read", reg->read_by, reg->n_read_by, ret, err);
}

sh_code sh_entry_register(struct sh_gate *gate, struct sh_request *rq, const struct sh_register **ret,
                          struct sh_err *err) {
    *ret = sh_register_find(gate->registers, rq->params[0]);
    if (!*ret)
        return sh_refused(sh_refuse(rq, GATE_NOT_FOUND, NULL), err);
    if (!sh_caller_is(rq, (*ret)->read_by, (*ret)->n_read_by))
        return sh_refused(sh_refuse(rq, GATE_FORBIDDEN, NULL), err);
    return SH_OK;
}

/* A JSON member as the text that sh_field_check reads. false: a kind of value no field takes. */
static bool text_of_json(const json_t *value, struct sh_arena *arena, struct sh_str *ret) {
    *ret = (struct sh_str){"", 0};
    size_t len = 0;
    if (json_is_string(value))
        *ret = (struct sh_str){json_string_value(value), json_string_length(value)};
    else if (json_is_integer(value)) {
        const char *text = sh_arena_printf(arena, &len, "%lld", (long long)json_integer_value(value));
        *ret = (struct sh_str){text ? text : "", text ? len : 0};
    } else if (json_is_boolean(value))
        *ret = json_is_true(value) ? SH_STR("true") : SH_STR("false");
    else
        return json_is_null(value);
    return true;
}

static sh_code take_member(struct sh_request *rq, const struct sh_register *reg, const char *name,
                           const json_t *value, struct sh_entry_values *ret, struct sh_faults *faults,
                           struct sh_err *err) {
    const int32_t at = sh_register_field(reg, sh_str_of(name), false);
    if (at < 0) {
        sh_faults_add(rq, faults, sh_str_of(name), 0, SH_SAY(rq, NO_SUCH_FIELD));
        return SH_OK;
    }
    struct sh_str text, canonical = {0};
    if (!text_of_json(value, &rq->arena, &text)) {
        sh_faults_add(rq, faults, sh_str_of(name), 0, SH_SAY(rq, WANTS_TEXT));
        return SH_OK;
    }
    const sh_code code = sh_field_check(&reg->fields[at], text, rq->lang, &rq->arena, &canonical, err);
    if (code == SH_E_INPUT) {
        sh_faults_add(rq, faults, sh_str_of(name), 0, "%s", err->message);
        ret->values[at] = SH_STR("?"); /* told once: not also as missing; nothing with a fault is written */
    } else if (code != SH_OK)
        return code;
    char *copy = sh_arena_dup(&rq->arena, canonical.at, canonical.len);
    if (!copy)
        return sh_fail(err, SH_E_NOMEM, "no room for a value");
    if (code == SH_OK && canonical.len)
        ret->values[at] = (struct sh_str){copy, canonical.len};
    return SH_OK;
}

/* valid_to of the API is the last day itself, as papers say it; kept exclusive. */
static void take_days(struct sh_request *rq, const json_t *body, int32_t today, struct sh_entry_values *ret,
                      struct sh_faults *faults) {
    const struct sh_str from = sh_member(body, "valid_from", &rq->arena),
                        to = sh_member(body, "valid_to", &rq->arena);
    ret->from = ret->reg->has_validity ? today : 0, ret->to = SH_DAY_OPEN;
    int32_t last = 0;
    if (from.len && sh_date_scan(from.at, from.len, &ret->from) != SH_DATE_OK)
        sh_faults_add(rq, faults, SH_STR("valid_from"), 0, SH_SAY(rq, NO_DATE));
    if (to.len && sh_date_scan(to.at, to.len, &last) != SH_DATE_OK)
        sh_faults_add(rq, faults, SH_STR("valid_to"), 0, SH_SAY(rq, NO_DATE));
    else if (to.len)
        ret->to = last + 1;
    if (ret->from >= ret->to)
        sh_faults_add(rq, faults, SH_STR("valid_to"), 0, SH_SAY(rq, BEFORE_VALID_FROM));
}

sh_code sh_entry_from_json(struct sh_request *rq, const struct sh_register *reg, const json_t *body,
                           int32_t today, struct sh_entry_values *ret, struct sh_faults *faults,
                           struct sh_err *err) {
    static const char *const known[] = {"fields", "valid_from", "valid_to", "why"};
    *ret = (struct sh_entry_values){.reg = reg, .values = sh_new(&rq->arena, struct sh_str, reg->n_fields)};
    if (!ret->values)
        return sh_fail(err, SH_E_NOMEM, "no room for %zu fields", reg->n_fields);
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)(uintptr_t)body, key, value) {
        bool is_known = false;
        for (size_t i = 0; i < 4; i++)
            is_known = is_known || strcmp(key, known[i]) == 0;
        if (!is_known)
            sh_faults_add(rq, faults, sh_str_of(key), 0, SH_SAY(rq, NO_SUCH_MEMBER));
    }
    json_t *fields = json_object_get(body, "fields");
    if (!json_is_object(fields)) {
        sh_faults_add(rq, faults, SH_STR("fields"), 0, SH_SAY(rq, WANTS_OBJECT));
        return SH_OK;
    }
    json_object_foreach(fields, key, value) {
        SH_TRY(take_member(rq, reg, key, value, ret, faults, err));
    }
    take_days(rq, body, today, ret, faults);
    ret->why = sh_member(body, "why", &rq->arena);
    sh_entry_check(rq, ret, 0, faults);
    return SH_OK;
}

void sh_entry_check(struct sh_request *rq, const struct sh_entry_values *entry, size_t row,
                    struct sh_faults *faults) {
    for (size_t i = 0; i < entry->reg->n_fields; i++)
        if (entry->reg->fields[i].required && entry->values[i].len == 0)
            sh_faults_add(rq, faults, entry->reg->fields[i].id, row, SH_SAY(rq, REQUIRED));
}

sh_code sh_entry_refs(struct sh_txn *txn, struct sh_request *rq, const struct sh_entry_values *entry,
                      size_t row, struct sh_faults *faults, struct sh_err *err) {
    const struct sh_scope all = sh_scope_all();
    for (size_t i = 0; i < entry->reg->n_fields; i++) {
        const struct sh_field *field = &entry->reg->fields[i];
        if (field->type != SH_FIELD_REF || entry->values[i].len == 0)
            continue;
        struct sh_record record;
        const sh_code code = sh_record_find(txn, &all, field->ref, entry->values[i],
                                            sh_as_of_day(entry->from), &rq->arena, &record, err);
        if (code == SH_E_NOTFOUND)
            sh_faults_add(rq, faults, field->id, row, SH_SAY(rq, NOT_IN_REGISTER), SH_ARG(entry->values[i]),
                          SH_ARG(field->ref));
        else if (code != SH_OK)
            return code;
    }
    return SH_OK;
}

/* The other versions: what is on record of it, without what was withdrawn. */
static sh_code other_versions(struct sh_txn *txn, const struct sh_register *reg, struct sh_str id,
                              struct sh_arena *arena, struct sh_register_asked *asked, struct sh_err *err) {
    const struct sh_scope all = sh_scope_all();
    const struct sh_record *history = NULL;
    size_t n = 0;
    if (id.len == 0 || !reg->checks_versions)
        return SH_OK;
    SH_TRY(sh_record_history(txn, &all, id, arena, &history, &n, err));
    struct sh_register_entry *versions = sh_new(arena, struct sh_register_entry, n);
    if (!versions)
        return sh_fail(err, SH_E_NOMEM, "no room for %zu versions", n);
    for (size_t i = 0; i < n; i++) {
        struct sh_str *values = NULL;
        if (history[i].is_withdrawn || history[i].is_erased)
            continue;
        SH_TRY(sh_entry_read(reg, &history[i], arena, &values, err));
        versions[asked->n++] = (struct sh_register_entry){values, history[i].valid_from, history[i].valid_to};
    }
    asked->versions = versions;
    return SH_OK;
}

sh_code sh_entry_ask(struct sh_txn *txn, struct sh_request *rq, const struct sh_entry_values *entry,
                     struct sh_str id, size_t row, struct sh_faults *faults, struct sh_err *err) {
    const struct sh_register *reg = entry->reg;
    struct sh_register_asked asked = {.record = {entry->values, entry->from, entry->to},
                                      .today = sh_gate_today(rq->gate)};
    SH_TRY(sh_numbers_check(rq, entry, row, faults, err));
    sh_years_check(rq, entry, row, faults);
    if (reg->n_checks == 0 || entry->is_withdrawn)
        return SH_OK;
    bool *is_broken = sh_new(&rq->arena, bool, reg->n_checks);
    if (!is_broken)
        return sh_fail(err, SH_E_NOMEM, "no room for checks");
    SH_TRY(other_versions(txn, reg, id, &rq->arena, &asked, err));
    SH_TRY(sh_register_ask(reg, &asked, &rq->arena, is_broken, err));
    for (size_t i = 0; i < reg->n_checks; i++) {
        const struct sh_str say = rq->lang == SH_EN ? reg->checks[i].english : reg->checks[i].refuse;
        if (is_broken[i])
            sh_faults_add(rq, faults, reg->fields[reg->checks[i].field].id, row, "%.*s", SH_ARG(say));
    }
    return SH_OK;
}

sh_code sh_entry_key(const struct sh_entry_values *entry, struct sh_arena *arena, struct sh_str *ret,
                     struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf key = {0};
    for (size_t i = 0; i < entry->reg->n_fields; i++) {
        if (!entry->reg->fields[i].is_key)
            continue;
        if (key.len)
            sh_buf_add_char(&key, '|');
        sh_buf_add_str(&key, entry->values[i]);
    }
    char *copy = sh_arena_dup(arena, key.at ? key.at : "", key.len);
    if (!copy || sh_buf_check(&key, err) != SH_OK)
        return sh_fail(err, SH_E_NOMEM, "no room for a key");
    *ret = (struct sh_str){copy, key.len};
    return SH_OK;
}

struct sh_labels sh_entry_labels(const struct sh_entry_values *entry) {
    const struct sh_register *reg = entry->reg;
    return (struct sh_labels){
        .body = reg->body_field >= 0 ? entry->values[reg->body_field] : (struct sh_str){"", 0},
        .place = reg->place_field >= 0 ? entry->values[reg->place_field] : (struct sh_str){"", 0}};
}

/* The open part holds personal fields masked, so that lists need no key; the sealed part holds them whole. */
static sh_code contents(const struct sh_entry_values *entry, struct sh_arena *arena, struct sh_buf *open,
                        struct sh_buf *sealed, struct sh_buf *search, struct sh_err *err) {
    struct sh_json o, s;
    sh_json_begin(&o, open);
    sh_json_object(&o);
    sh_json_begin(&s, sealed);
    sh_json_object(&s);
    bool has_sealed = false;
    for (size_t i = 0; i < entry->reg->n_fields; i++) {
        const struct sh_field *field = &entry->reg->fields[i];
        const struct sh_str value = entry->values[i];
        if (value.len == 0)
            continue;
        char id[64];
        snprintf(id, sizeof id, "%.*s", SH_ARG(field->id));
        sh_json_put_str(&o, id, field->mask ? sh_field_mask(field, value, arena) : value);
        if (field->mask) {
            sh_json_put_str(&s, id, value);
            has_sealed = true;
        }
        if (field->searchable || (field->is_key && !field->mask))
            sh_buf_addf(search, "%s%.*s", search->len ? " " : "", SH_ARG(value));
    }
    for (size_t i = 0; i < entry->reg->n_fields; i++) /* behind all words: what lists are filtered by */
        if (!entry->reg->fields[i].mask && entry->values[i].len)
            sh_search_add_term(search, entry->reg->fields[i].id, entry->values[i]);
    sh_json_object_end(&o);
    sh_json_object_end(&s);
    SH_TRY(sh_json_end(&o, err));
    SH_TRY(sh_json_end(&s, err));
    if (!has_sealed)
        sh_buf_clear(sealed);
    return sh_buf_check(search, err);
}

sh_code sh_entry_put(struct sh_txn *txn, const struct sh_entry_values *entry, struct sh_str id,
                     int64_t expected_version, struct sh_arena *arena, struct sh_record *ret,
                     struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf open = {0}, sealed = {0}, search = {0};
    struct sh_record_ref ref;
    SH_TRY(contents(entry, arena, &open, &sealed, &search, err));
    struct sh_str key;
    SH_TRY(sh_entry_key(entry, arena, &key, err));
    const struct sh_record_change change = {.register_name = entry->reg->id,
                                            .id = id,
                                            .key = key,
                                            .expected_version = expected_version,
                                            .labels = sh_entry_labels(entry),
                                            .valid_from = entry->from,
                                            .valid_to = entry->to,
                                            .is_withdrawn = entry->is_withdrawn,
                                            .open = sh_buf_view(&open),
                                            .sealed = sh_buf_view(&sealed),
                                            .search = sh_buf_view(&search)};
    SH_TRY(sh_record_put(txn, &change, &ref, err));
    const char *text = sh_arena_dup(arena, ref.id, SH_ID_TEXT),
               *kept = sh_arena_dup(arena, open.at, open.len);
    if (!text || !kept)
        return sh_fail(err, SH_E_NOMEM, "no room for a record");
    *ret = (struct sh_record){.id = {text, SH_ID_TEXT},
                              .version = ref.version,
                              .newest_version = ref.version,
                              .register_name = change.register_name,
                              .key = key,
                              .labels = change.labels,
                              .valid_from = change.valid_from,
                              .valid_to = change.valid_to,
                              .is_withdrawn = change.is_withdrawn,
                              .open = {kept, open.len},
                              .has_sealed = sealed.len > 0,
                              .actor = sh_txn_act(txn)->actor,
                              .why = sh_txn_act(txn)->why,
                              .recorded_at = sh_txn_now(txn)};
    return SH_OK;
}

sh_code sh_entry_read(const struct sh_register *reg, const struct sh_record *record, struct sh_arena *arena,
                      struct sh_str **ret, struct sh_err *err) {
    struct sh_str *values = sh_new(arena, struct sh_str, reg->n_fields);
    if (!values)
        return sh_fail(err, SH_E_NOMEM, "no room for %zu fields", reg->n_fields);
    *ret = values;
    if (record->is_erased || record->open.len == 0)
        return SH_OK;
    SH_CLEANUP(sh_json_decref_at) json_t *open = NULL;
    SH_CLEANUP(sh_json_decref_at) json_t *sealed = NULL;
    SH_TRY(sh_json_read("record", record->open, &open, err));
    if (record->sealed.len)
        SH_TRY(sh_json_read("record", record->sealed, &sealed, err));
    for (size_t i = 0; i < reg->n_fields; i++) {
        char id[64];
        snprintf(id, sizeof id, "%.*s", SH_ARG(reg->fields[i].id));
        values[i] = sh_member(reg->fields[i].mask && sealed ? sealed : open, id, arena);
    }
    return SH_OK;
}

void sh_entry_show_value(struct sh_json *json, const struct sh_field *field, struct sh_str value,
                         bool is_masked) {
    int64_t number = 0;
    if (value.len == 0)
        sh_json_null(json);
    else if (field->type == SH_FIELD_BOOL && !is_masked)
        sh_json_bool(json, sh_str_is(value, "true"));
    else if (field->type == SH_FIELD_INT && !is_masked &&
             sh_decimal_scan(value.at, value.len, 0, &number) == SH_DECIMAL_OK)
        sh_json_i64(json, number);
    else
        sh_json_str(json, value);
}

sh_code sh_entry_show(struct sh_json *json, struct sh_request *rq, const struct sh_register *reg,
                      const struct sh_record *record, struct sh_err *err) {
    struct sh_str *values = NULL;
    SH_TRY(sh_entry_read(reg, record, &rq->arena, &values, err));
    char at[SH_TIME_TEXT_MAX];
    sh_time_format_iso(record->recorded_at, "Z", at);
    sh_json_object(json);
    sh_json_put_str(json, "id", record->id);
    sh_json_put_str(json, "register", record->register_name);
    sh_json_put_str(json, "key", record->key);
    sh_json_put_i64(json, "version", record->version);
    sh_json_put_i64(json, "newest_version", record->newest_version);
    sh_json_put_date(json, "valid_from", record->valid_from <= 0 ? INT32_MIN : record->valid_from);
    sh_json_put_date(json, "valid_to", record->valid_to == SH_DAY_OPEN ? INT32_MAX : record->valid_to - 1);
    sh_json_put_bool(json, "withdrawn", record->is_withdrawn);
    sh_json_put_bool(json, "erased", record->is_erased);
    sh_json_put_text(json, "recorded_at", at);
    sh_json_put_str(json, "by", record->actor);
    sh_json_put_str(json, "why", record->why);
    sh_json_key(json, "fields");
    sh_json_object(json);
    const bool is_open = record->sealed.len > 0;
    for (size_t i = 0; i < reg->n_fields; i++) {
        char id[64];
        snprintf(id, sizeof id, "%.*s", SH_ARG(reg->fields[i].id));
        sh_json_key(json, id);
        sh_entry_show_value(json, &reg->fields[i], values[i], reg->fields[i].mask && !is_open);
    }
    sh_json_object_end(json);
    sh_json_key(json, "masked");
    sh_json_array(json);
    for (size_t i = 0; i < reg->n_fields; i++)
        if (reg->fields[i].mask && !is_open && values[i].len)
            sh_json_str(json, reg->fields[i].id);
    sh_json_array_end(json);
    sh_json_object_end(json);
    return SH_OK;
}

/* ---- arguments and headers --------------------------------------------------------------------------- */

sh_code sh_arg_as_of(struct sh_gate *gate, struct sh_request *rq, struct sh_as_of *ret, struct sh_err *err) {
    const struct sh_str day = sh_target_arg(&rq->target, "valid_on"),
                        known = sh_target_arg(&rq->target, "known_at");
    *ret = sh_as_of_day(sh_gate_today(gate));
    if (day.len && sh_date_scan(day.at, day.len, &ret->valid_on) != SH_DATE_OK)
        return sh_refused(sh_refuse(rq, GATE_BAD_REQUEST, "valid_on: YYYY-MM-DD"), err);
    if (known.len && known.at[known.len - 1] == 'Z' &&
        sh_time_scan(known.at, known.len - 1, &ret->known_at) == SH_DATE_OK)
        return SH_OK;
    return known.len ? sh_refused(sh_refuse(rq, GATE_BAD_REQUEST, "known_at: YYYY-MM-DDTHH:MM:SSZ"), err)
                     : SH_OK;
}

sh_code sh_arg_limit(struct sh_request *rq, size_t *ret, struct sh_err *err) {
    const struct sh_str text = sh_target_arg(&rq->target, "limit");
    int64_t v = LIMIT_DEFAULT;
    if (text.len && (sh_decimal_scan(text.at, text.len, 0, &v) != SH_DECIMAL_OK || v < 1 || v > LIMIT_MAX))
        return sh_refused(sh_refuse(rq, GATE_BAD_REQUEST, "limit: 1 … %d", LIMIT_MAX), err);
    *ret = (size_t)v;
    return SH_OK;
}

sh_code sh_if_match(struct sh_request *rq, int64_t *ret, struct sh_err *err) {
    const struct sh_str tag = rq->if_match;
    if (tag.len == 0)
        return sh_refused(sh_refuse(rq, GATE_NEEDS_MATCH, NULL), err);
    if (tag.len < 4 || tag.at[0] != '"' || tag.at[1] != 'v' || tag.at[tag.len - 1] != '"' ||
        sh_decimal_scan(tag.at + 2, tag.len - 3, 0, ret) != SH_DECIMAL_OK || *ret < 1)
        return sh_refused(sh_refuse(rq, GATE_STALE, NULL), err);
    return SH_OK;
}

void sh_answer_etag(struct sh_request *rq, int64_t version) {
    sh_answer_header(rq, "ETag", sh_arena_printf(&rq->arena, NULL, "\"v%lld\"", (long long)version));
}

struct sh_str sh_entry_value(const struct sh_register *reg, const struct sh_str *values, const char *field) {
    const int32_t at = sh_register_field(reg, sh_str_of(field), false);
    return at >= 0 && values[at].at ? values[at] : SH_STR("");
}

int32_t sh_entry_day(const struct sh_register *reg, const struct sh_str *values, const char *field,
                     int32_t none) {
    const struct sh_str text = sh_entry_value(reg, values, field);
    int32_t day = none;
    return sh_date_scan(text.at, text.len, &day) == SH_DATE_OK ? day : none;
}

sh_code sh_entry_each(struct sh_txn *txn, const struct sh_register *reg, struct sh_arena *arena,
                      sh_entry_take take, void *ctx, struct sh_err *err) {
    const struct sh_scope all = sh_scope_all();
    struct sh_page_query query = {.register_name = reg->id,
                                  .as_of = {sh_day_of_time(sh_txn_now(txn) + SH_SHANGHAI_SECONDS), INT64_MAX},
                                  .limit = SH_STORE_PAGE_MAX};
    const struct sh_record *records = NULL;
    size_t n = 0;
    do {
        SH_TRY(sh_record_page(txn, &all, &query, arena, &records, &n, err));
        for (size_t i = 0; i < n; i++) {
            struct sh_str *values = NULL;
            SH_TRY(sh_entry_read(reg, &records[i], arena, &values, err));
            SH_TRY(take(ctx, reg, values, err));
        }
        query.after_key = n ? records[n - 1].key : SH_STR("");
    } while (n == query.limit);
    return SH_OK;
}
