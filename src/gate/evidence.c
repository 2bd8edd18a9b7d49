/* What stands behind a finding: its receipt, and the rows of its person around it. */
#include "base/date.h"
#include "base/fs.h"
#include "gate/find.h"
#include "gate/handlers.h"
#include "gate/ruletext.h"
#include "lake/lake.h"

enum { AROUND_DAYS = 183, ROWS_MAX = 3000, CHUNK_ROWS = 65536, RUN_JSON_ID = 32 };

/* ---- receipt ----------------------------------------------------------------------------------------- */

struct evidence {
    struct sh_find find;
    struct sh_str text; /* the receipt as kept */
    uint32_t bucket;
    json_t *receipt;
};

static void evidence_end(struct evidence *evidence) {
    json_decref(evidence->receipt);
    sh_find_end(&evidence->find);
}

static struct sh_str text_of(const json_t *object, const char *key) {
    return sh_str_of(json_string_value(json_object_get(object, key)));
}

static bool read_id(struct sh_str text, uint8_t id[16]) {
    if (text.len != RUN_JSON_ID)
        return false;
    for (size_t i = 0; i < RUN_JSON_ID; i++) {
        const char c = text.at[i];
        const int v = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (v < 0)
            return false;
        id[i / 2] = (uint8_t)(i % 2 == 0 ? v << 4 : id[i / 2] | v);
    }
    return true;
}

/* A finding outside the scope is told as one that does not exist. */
static sh_code evidence_begin(struct sh_gate *gate, struct sh_request *rq, struct evidence *ret,
                              struct sh_err *err) {
    uint8_t id[16];
    *ret = (struct evidence){0};
    SH_TRY(sh_find_begin(gate, rq, &ret->find, err));
    if (!read_id(rq->params[1], id))
        return sh_fail(err, SH_E_NOTFOUND, "no such finding");
    SH_TRY(sh_evidence_find(ret->find.run_dir, id, &rq->arena, &ret->text, &ret->bucket, err));
    SH_CLEANUP(sh_buf_free) struct sh_buf exact = {0};
    SH_TRY(sh_json_quote_reals(ret->text, &exact, err));
    SH_TRY(sh_json_read("receipt", sh_buf_view(&exact), &ret->receipt, err));
    return sh_find_sees(&ret->find, text_of(ret->receipt, "institution"))
               ? SH_OK
               : sh_fail(err, SH_E_NOTFOUND, "no such finding");
}

static int to_buf(const char *at, size_t len, void *buf) {
    return sh_buf_add(buf, at, len) == SH_OK ? 0 : -1;
}

/* Lines of other institutions: an institution learns that they are there and when, not what they were. */
static sh_code hide_foreign(const struct evidence *evidence, struct sh_err *err) {
    json_t *lines = json_object_get(evidence->receipt, "lines");
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const json_t *line = json_array_get(lines, i);
        if (sh_find_sees(&evidence->find, text_of(line, "institution")))
            continue;
        json_t *shown = json_pack("{s:s, s:b}", "time", text_of(line, "time").at, "hidden", 1);
        if (!shown || json_array_set_new(lines, i, shown) != 0)
            return sh_fail(err, SH_E_NOMEM, "no room for a receipt");
    }
    return SH_OK;
}

/* What the table and the columns of the knowledge are called, in the reader's language. */
static sh_code put_names(const struct evidence *evidence, const struct sh_request *rq, struct sh_err *err) {
    json_t *knowledge = json_object_get(evidence->receipt, "knowledge");
    const struct sh_rulebook *book = evidence->find.gate->rulebook;
    struct sh_err not_for_a_name; /* rules that do not load are told where rules are asked for */
    if (!knowledge || !book || sh_rulebook_load(evidence->find.gate->rulebook, &not_for_a_name) != SH_OK)
        return SH_OK;
    const struct sh_str table = text_of(knowledge, "table"),
                        title = sh_rulebook_table_title(book, table, rq->lang);
    json_t *names = json_object();
    if (!names || json_object_set_new(knowledge, "names", names) != 0 ||
        json_object_set_new(knowledge, "title", json_stringn(title.at, title.len)) != 0)
        return sh_fail(err, SH_E_NOMEM, "no room for a receipt");
    const char *column;
    json_t *cell;
    json_object_foreach(json_object_get(knowledge, "cells"), column, cell) {
        const struct sh_str name = sh_rulebook_column_name(book, table, sh_str_of(column), rq->lang);
        if (json_object_set_new(names, column, json_stringn(name.at, name.len)) != 0)
            return sh_fail(err, SH_E_NOMEM, "no room for a receipt");
    }
    return SH_OK;
}

/* The person's code is masked, the rule is named in the reader's language; what is kept stays as it is. */
static sh_code put_words(const struct evidence *evidence, struct sh_request *rq, struct sh_err *err) {
    const struct sh_str person = text_of(evidence->receipt, "person");
    json_t *rule = json_object_get(evidence->receipt, "rule");
    const struct sh_str title =
        sh_rule_title(evidence->find.gate, rq, text_of(rule, "id"), text_of(rule, "name"));
    const struct sh_str masked = person.len ? sh_find_masked(&rq->arena, person) : person;
    if ((person.len &&
         json_object_set_new(evidence->receipt, "person", json_stringn(masked.at, masked.len)) != 0) ||
        json_object_set_new(rule, "name", json_stringn(title.at, title.len)) != 0)
        return sh_fail(err, SH_E_NOMEM, "no room for a receipt");
    return SH_OK;
}

sh_code sh_api_finding_receipt(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    SH_CLEANUP(evidence_end) struct evidence evidence;
    SH_TRY(evidence_begin(gate, rq, &evidence, err));
    SH_TRY(hide_foreign(&evidence, err));
    SH_TRY(put_words(&evidence, rq, err));
    SH_TRY(put_names(&evidence, rq, err));
    json_object_del(evidence.receipt, "key"); /* source ids of the person may stand in it */
    sh_buf_clear(&rq->out);
    if (json_dump_callback(evidence.receipt, to_buf, &rq->out, JSON_COMPACT) != 0)
        return sh_fail(err, SH_E_NOMEM, "no room for a receipt");
    rq->status = 200;
    rq->content_type = "application/json";
    return sh_buf_check(&rq->out, err);
}

/* ---- timeline ---------------------------------------------------------------------------------------- */

/* Columns of the lake we read, by number; found by name once a request. */
enum { STAY_FROM, STAY_TO, STAY_INPATIENT, STAY_INSTITUTION, STAY_VISIT, STAY_DIAGNOSIS, STAY_COLUMNS };
static const char *const stay_names[STAY_COLUMNS] = {"from",        "to",    "inpatient",
                                                     "institution", "visit", "main_diagnosis"};
enum {
    LINE_TIME,
    LINE_ITEM,
    LINE_QUANTITY,
    LINE_COVERED,
    LINE_DAYS,
    LINE_INSTITUTION,
    LINE_DEPARTMENT,
    LINE_COLUMNS
};
static const char *const line_names[LINE_COLUMNS] = {
    "time", "item", "charged_quantity", "charged_covered", "days", "institution", "ordering_department"};

struct timeline {
    struct evidence *evidence;
    struct sh_lake *lake;
    const struct sh_dict_view *dicts[SH_DICTS];
    int stay[STAY_COLUMNS], line[LINE_COLUMNS];
    int32_t person;
    int64_t from, to; /* seconds */
    struct sh_json *json;
    size_t hidden;
    bool is_cut;
};

static sh_code find_columns(enum sh_table table, const char *const *names, size_t n, int *ret, uint64_t *mask,
                            struct sh_err *err) {
    for (size_t i = 0; i < n; i++) {
        ret[i] = sh_lake_column(table, names[i]);
        if (ret[i] < 0)
            return sh_fail(err, SH_E_INTERNAL, "the lake has no column %s", names[i]);
        *mask |= (uint64_t)1 << ret[i];
    }
    return SH_OK;
}

static int64_t cell(const struct sh_chunk *chunk, enum sh_table table, int column, uint32_t row) {
    const void *at = chunk->tables[table].columns[column];
    if (!at)
        return INT64_MIN;
    switch (sh_lake_schema[table].columns[column].type) {
    case SH_COLUMN_CODE:
    case SH_COLUMN_DATE:
    case SH_COLUMN_INT:
    case SH_COLUMN_RATIO:
        return ((const int32_t *)at)[row] == INT32_MIN ? INT64_MIN : ((const int32_t *)at)[row];
    case SH_COLUMN_FLAG:
    case SH_COLUMN_LEVEL:
        return ((const int8_t *)at)[row] == INT8_MIN ? INT64_MIN : ((const int8_t *)at)[row];
    case SH_COLUMN_KEY:
    case SH_COLUMN_MONEY:
    case SH_COLUMN_PRICE:
    case SH_COLUMN_QTY:
    case SH_COLUMN_TIME:
        return ((const int64_t *)at)[row];
    case SH_COLUMN_ID:
    case SH_COLUMN_TEXT:
        break;
    }
    return INT64_MIN;
}

static struct sh_str code_of(const struct timeline *t, enum sh_dict dict, int64_t id) {
    return id >= 0 && id < t->dicts[dict]->n ? t->dicts[dict]->code[id] : SH_STR("");
}
static struct sh_str name_of(const struct timeline *t, enum sh_dict dict, int64_t id) {
    const struct sh_dict_view *view = t->dicts[dict];
    return view->name && id >= 0 && id < view->n ? view->name[id] : SH_STR("");
}
static struct sh_str kind_of(const struct timeline *t, enum sh_dict dict, int64_t id) {
    const struct sh_dict_view *view = t->dicts[dict];
    return view->kind && id >= 0 && id < view->n ? view->kind[id] : SH_STR("");
}

static void put_time(struct sh_json *json, const char *key, int64_t seconds) {
    char text[SH_TIME_TEXT_MAX];
    if (seconds == INT64_MIN) {
        sh_json_put_text(json, key, NULL);
        return;
    }
    sh_time_format_iso(seconds, "", text);
    sh_json_put_text(json, key, text);
}

/* Scaled by 10,000 in the lake; three digits are enough to read. */
static void put_quantity(struct sh_json *json, const char *key, int64_t scaled) {
    char text[32];
    sh_json_key(json, key);
    if (scaled == INT64_MIN) {
        sh_json_null(json);
        return;
    }
    const int64_t abs = scaled < 0 ? -scaled : scaled;
    (void)snprintf(text, sizeof text, "%s%lld.%04lld", scaled < 0 ? "-" : "", (long long)(abs / 10000),
                   (long long)(abs % 10000));
    size_t len = strlen(text);
    while (text[len - 1] == '0')
        text[--len] = '\0';
    if (text[len - 1] == '.')
        text[--len] = '\0';
    sh_json_raw(json, (struct sh_str){text, len});
}

static bool is_near(const struct timeline *t, int64_t from, int64_t to) {
    return from != INT64_MIN && from <= t->to && (to == INT64_MIN || to >= t->from);
}

static void put_stays(struct timeline *t, const struct sh_chunk *chunk, uint32_t first, uint32_t last) {
    sh_json_key(t->json, "encounters");
    sh_json_array(t->json);
    size_t n = 0;
    for (uint32_t row = first; row < last; row++) {
        int64_t v[STAY_COLUMNS];
        for (int i = 0; i < STAY_COLUMNS; i++)
            v[i] = cell(chunk, SH_TABLE_ENCOUNTER, t->stay[i], row);
        if (!is_near(t, v[STAY_FROM], v[STAY_TO]))
            continue;
        if (!sh_find_sees(&t->evidence->find, code_of(t, SH_DICT_INSTITUTION, v[STAY_INSTITUTION]))) {
            t->hidden++;
            continue;
        }
        if (n++ == ROWS_MAX) {
            t->is_cut = true;
            break;
        }
        sh_json_object(t->json);
        put_time(t->json, "from", v[STAY_FROM]);
        put_time(t->json, "to", v[STAY_TO]);
        sh_json_put_bool(t->json, "inpatient", v[STAY_INPATIENT] == 1);
        sh_json_put_str(t->json, "institution", code_of(t, SH_DICT_INSTITUTION, v[STAY_INSTITUTION]));
        sh_json_put_str(t->json, "institution_name", name_of(t, SH_DICT_INSTITUTION, v[STAY_INSTITUTION]));
        sh_json_put_str(t->json, "visit", code_of(t, SH_DICT_WORD, v[STAY_VISIT]));
        sh_json_put_str(t->json, "diagnosis", code_of(t, SH_DICT_DIAGNOSIS, v[STAY_DIAGNOSIS]));
        sh_json_put_str(t->json, "diagnosis_name", name_of(t, SH_DICT_DIAGNOSIS, v[STAY_DIAGNOSIS]));
        sh_json_object_end(t->json);
    }
    sh_json_array_end(t->json);
}

static sh_code put_line(struct timeline *t, const struct sh_chunk *chunk, uint32_t row, const int64_t *v,
                        struct sh_err *err) {
    struct sh_str id;
    SH_TRY(sh_chunk_id(chunk, SH_TABLE_LINE, row, &t->evidence->find.rq->arena, &id, err));
    sh_json_object(t->json);
    sh_json_put_str(t->json, "id", id);
    put_time(t->json, "time", v[LINE_TIME]);
    sh_json_put_str(t->json, "item", code_of(t, SH_DICT_ITEM, v[LINE_ITEM]));
    sh_json_put_str(t->json, "name", name_of(t, SH_DICT_ITEM, v[LINE_ITEM]));
    sh_json_put_str(t->json, "kind", kind_of(t, SH_DICT_ITEM, v[LINE_ITEM]));
    put_quantity(t->json, "quantity", v[LINE_QUANTITY]);
    sh_json_key(t->json, "covered");
    if (v[LINE_COVERED] == INT64_MIN)
        sh_json_null(t->json);
    else
        sh_json_money(t->json, v[LINE_COVERED]);
    put_quantity(t->json, "days", v[LINE_DAYS]);
    sh_json_put_str(t->json, "institution", code_of(t, SH_DICT_INSTITUTION, v[LINE_INSTITUTION]));
    sh_json_put_str(t->json, "department", name_of(t, SH_DICT_DEPARTMENT, v[LINE_DEPARTMENT]));
    sh_json_object_end(t->json);
    return SH_OK;
}

static sh_code put_lines(struct timeline *t, const struct sh_chunk *chunk, uint32_t first, uint32_t last,
                         struct sh_err *err) {
    sh_json_key(t->json, "lines");
    sh_json_array(t->json);
    size_t n = 0;
    for (uint32_t row = first; row < last; row++) {
        int64_t v[LINE_COLUMNS];
        for (int i = 0; i < LINE_COLUMNS; i++)
            v[i] = cell(chunk, SH_TABLE_LINE, t->line[i], row);
        if (!is_near(t, v[LINE_TIME], v[LINE_TIME]))
            continue;
        if (!sh_find_sees(&t->evidence->find, code_of(t, SH_DICT_INSTITUTION, v[LINE_INSTITUTION]))) {
            t->hidden++;
            continue;
        }
        if (n++ == ROWS_MAX) {
            t->is_cut = true;
            break;
        }
        SH_TRY(put_line(t, chunk, row, v, err));
    }
    sh_json_array_end(t->json);
    return SH_OK;
}

/* *ret_found: the person's rows were in this chunk and are written. */
static sh_code put_chunk(struct timeline *t, const struct sh_chunk *chunk, bool *ret_found,
                         struct sh_err *err) {
    for (uint32_t i = 0; i < chunk->n_persons; i++) {
        if (chunk->persons[i] != t->person)
            continue;
        const uint32_t *stays = chunk->tables[SH_TABLE_ENCOUNTER].person_begin;
        const uint32_t *lines = chunk->tables[SH_TABLE_LINE].person_begin;
        put_stays(t, chunk, stays[i], stays[i + 1]);
        SH_TRY(put_lines(t, chunk, lines[i], lines[i + 1], err));
        *ret_found = true;
        return SH_OK;
    }
    return SH_OK;
}

static void reader_end(struct sh_reader **reader) {
    if (*reader)
        sh_reader_close(*reader);
}

static sh_code put_person(struct timeline *t, struct sh_err *err) {
    struct sh_selection what = {.ids = 1u << SH_TABLE_LINE};
    SH_CLEANUP(reader_end) struct sh_reader *reader = NULL;
    const uint32_t bucket = t->evidence->bucket;
    bool is_found = false;
    SH_TRY(find_columns(SH_TABLE_ENCOUNTER, stay_names, STAY_COLUMNS, t->stay,
                        &what.columns[SH_TABLE_ENCOUNTER], err));
    SH_TRY(find_columns(SH_TABLE_LINE, line_names, LINE_COLUMNS, t->line, &what.columns[SH_TABLE_LINE], err));
    SH_TRY(sh_reader_open(t->lake, &what, (struct sh_bucket_range){bucket, bucket + 1}, INT32_MAX, CHUNK_ROWS,
                          &reader, err));
    while (!is_found) {
        const struct sh_chunk *chunk = NULL;
        SH_TRY(sh_reader_next(reader, &chunk, err));
        if (!chunk)
            break;
        SH_TRY(put_chunk(t, chunk, &is_found, err));
    }
    return is_found ? SH_OK : sh_fail(err, SH_E_NOTFOUND, "the person's rows are not in the lake");
}

static void lake_end(struct timeline *t) {
    if (t->lake)
        sh_lake_close(t->lake);
}

/* The days shown: half a year to both sides of what the receipt blames. */
static void set_days(struct timeline *t) {
    int32_t day = 0;
    struct sh_err err;
    const struct sh_str text = text_of(t->evidence->receipt, "day");
    t->from = INT64_MIN + 1;
    t->to = INT64_MAX;
    if (text.len == 0 || sh_date_parse(text, &day, &err) != SH_OK)
        return;
    t->from = ((int64_t)day - AROUND_DAYS) * 86400;
    t->to = ((int64_t)day + AROUND_DAYS + 1) * 86400 - 1;
}

static sh_code open_lake(struct timeline *t, struct sh_err *err) {
    const json_t *manifest = json_object_get(t->evidence->receipt, "manifest");
    const struct sh_gate *gate = t->evidence->find.gate;
    SH_TRY(sh_lake_open(gate->options.lake_dir, (uint64_t)json_integer_value(manifest), &t->lake, err));
    static const enum sh_dict wanted[] = {SH_DICT_PERSON, SH_DICT_INSTITUTION, SH_DICT_DEPARTMENT,
                                          SH_DICT_ITEM,   SH_DICT_DIAGNOSIS,   SH_DICT_WORD};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        SH_TRY(sh_lake_dict(t->lake, wanted[i], &t->dicts[wanted[i]], err));
    t->person = sh_dict_find(t->dicts[SH_DICT_PERSON], text_of(t->evidence->receipt, "person"));
    return SH_OK;
}

static sh_code show_timeline(struct timeline *t, struct sh_request *rq, struct sh_err *err) {
    const bool has_person = t->person >= 0 && t->evidence->bucket < sh_lake_buckets(t->lake);
    sh_json_object(t->json);
    if (has_person) {
        SH_TRY(put_person(t, err));
    } else { /* findings about many persons have none */
        sh_json_key(t->json, "encounters");
        sh_json_raw(t->json, SH_STR("[]"));
        sh_json_key(t->json, "lines");
        sh_json_raw(t->json, SH_STR("[]"));
    }
    sh_json_put_bool(t->json, "has_person", has_person);
    sh_json_put_i64(t->json, "hidden", (int64_t)t->hidden);
    sh_json_put_bool(t->json, "cut", t->is_cut);
    sh_json_object_end(t->json);
    return sh_answer_end(rq, t->json, err);
}

sh_code sh_api_finding_timeline(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    SH_CLEANUP(evidence_end) struct evidence evidence;
    SH_TRY(evidence_begin(gate, rq, &evidence, err));
    struct sh_json json;
    SH_CLEANUP(lake_end) struct timeline timeline = {.evidence = &evidence, .json = &json, .person = -1};
    set_days(&timeline);
    SH_TRY(open_lake(&timeline, err));
    sh_answer_begin(rq, 200, &json);
    return show_timeline(&timeline, rq, err);
}
