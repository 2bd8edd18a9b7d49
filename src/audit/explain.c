/* A receipt for a human, and its replay with the texts of the run. */
#include "audit/together.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/limits.h"
#include "audit/inner.h"
#include "audit/joined.h"
#include <assert.h>
#include <string.h>
#include <unistd.h>

/* ---- finding it --------------------------------------------------------------------------------- */

static bool read_id(const char *text, uint8_t id[16]) {
    if (!text || strlen(text) != 32)
        return false;
    for (size_t i = 0; i < 32; i++) {
        const char c = text[i];
        const int v = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
        if (v < 0)
            return false;
        id[i / 2] = (uint8_t)(i % 2 == 0 ? v << 4 : id[i / 2] | v);
    }
    return true;
}

struct found {
    const char *dir;
    struct sh_str receipt;
    uint32_t bucket;
};

/* The newest run that has it: run.json's time of writing decides, then the name. */
static sh_code find(const struct sh_explain_options *o, const uint8_t id[16], struct sh_arena *arena,
                    struct found *ret, struct sh_err *err) {
    char parent[SH_PATH_BYTES_MAX], path[SH_PATH_BYTES_MAX];
    SH_TRY(sh_path_join(parent, o->lake_dir, "audits", err));
    const struct sh_dir_entry *entries = NULL;
    size_t n = 0;
    const struct sh_dir_entry one = {o->run, SH_ENTRY_DIR};
    if (o->run)
        entries = &one, n = 1;
    else
        SH_TRY(sh_dir_list(parent, arena, &entries, &n, err));
    for (size_t i = n; i-- > 0;) {
        bool there;
        if (!o->run && entries[i].name[0] == '.')
            continue; /* of a trial, soon gone */
        SH_TRY(sh_path_format(path, err, "%s/%s/%s", parent, entries[i].name, SH_RUN_FILE));
        SH_TRY(sh_fs_exists(path, &there, err));
        if (!there && o->run)
            return sh_fail(err, SH_E_NOTFOUND, "the lake has no run '%s'", o->run);
        if (!there)
            continue;
        SH_TRY(sh_path_join(path, parent, entries[i].name, err));
        const sh_code code = sh_receipt_find(path, id, arena, &ret->receipt, &ret->bucket, err);
        if (code == SH_E_NOTFOUND)
            continue;
        ret->dir = sh_arena_dup(arena, path, strlen(path));
        return code != SH_OK ? code : ret->dir ? SH_OK : sh_fail(err, SH_E_NOMEM, "no room for a receipt");
    }
    return sh_fail(err, SH_E_NOTFOUND, "no run of this lake has the finding %s", o->id);
}

/* ---- printing ----------------------------------------------------------------------------------- */

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* Numbers as the receipt writes them: those with a point were read as text. */
static void number_of(const json_t *object, const char *key, char out[64]) {
    const json_t *v = json_object_get(object, key);
    if (json_is_integer(v))
        (void)snprintf(out, 64, "%lld", (long long)json_integer_value(v));
    else
        (void)snprintf(out, 64, "%s", json_is_string(v) ? json_string_value(v) : "?");
}

/* Words of the receipt as a reader of Chinese sees them; the receipt itself keeps one form. */
static const char *shown_word(const char *word, bool en) {
    static const char *const words[][2] = {{"certain", "明确违规"},
                                           {"suspected", "高度可疑"},
                                           {"indicator", "提示"},
                                           {"by item", "按项目付费"},
                                           {"paid by case", "按病例付费，不逐项计算"},
                                           {"unknown", "未知"}};
    for (size_t i = 0; !en && i < sizeof words / sizeof words[0]; i++)
        if (strcmp(word, words[i][0]) == 0)
            return words[i][1];
    return word;
}

static void print_pair(FILE *out, const char *label, const char *text) {
    if (text[0])
        (void)fprintf(out, "%s%s\n", label, text);
}

static void print_lines(const json_t *lines, bool en, FILE *out) {
    (void)fprintf(out, "%s\n", en ? "Lines (* = blamed):" : "明细（* 为违规项，其余为涉及项）：");
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const json_t *l = json_array_get(lines, i);
        char quantity[64], price[64], covered[64], amount[64];
        number_of(l, "quantity", quantity);
        number_of(l, "unit_price", price);
        number_of(l, "covered", covered);
        number_of(l, "counted", amount);
        const bool blamed = json_is_true(json_object_get(l, "blamed"));
        (void)fprintf(out, "  %s %s  %s %s  %s %s × %s  %s %s", blamed ? "*" : " ", text_of(l, "time"),
                      text_of(l, "item"), text_of(l, "name"), en ? "qty" : "数量", quantity, price,
                      en ? "covered" : "纳入支付", covered);
        if (blamed)
            (void)fprintf(out, "  %s %s", en ? "counted" : "计入", amount);
        (void)fprintf(out, "  [%s %s]\n", en ? "line" : "行号", text_of(l, "id"));
    }
}

static void print_knowledge(const json_t *k, bool en, FILE *out) {
    if (!k)
        return;
    (void)fprintf(out, "%s%s / %s (%s %lld, %s %s)\n", en ? "Knowledge:  " : "知识点：", text_of(k, "table"),
                  text_of(k, "point"), en ? "line" : "行",
                  (long long)json_integer_value(json_object_get(k, "line")), en ? "from" : "自",
                  text_of(k, "from"));
    print_pair(out, en ? "  layer:    " : "  层级：", text_of(k, "layer"));
    print_pair(out, en ? "  source:   " : "  来源：", text_of(k, "source"));
    void *iter = json_object_iter(json_object_get(k, "cells"));
    for (; iter; iter = json_object_iter_next(json_object_get(k, "cells"), iter))
        (void)fprintf(out, "  %s = %s\n", json_object_iter_key(iter),
                      json_string_value(json_object_iter_value(iter)));
}

static void print_money(const json_t *money, bool en, FILE *out) {
    char amount[64], counted[64], fund[64];
    number_of(money, "amount", amount);
    number_of(money, "counted", counted);
    number_of(money, "fund", fund);
    (void)fprintf(out,
                  en ? "Money:      amount %s, counted once %s, fund share %s (%s)\n"
                     : "金额：    违规金额 %s 元，计入（不重复）%s 元，基金部分 %s 元（%s）\n",
                  amount, counted, fund, shown_word(text_of(money, "fund_state"), en));
    print_pair(out, en ? "  unknown for want of: " : "  金额无法计算，缺：",
               text_of(money, "amount_unknown"));
}

static void print_human(const json_t *r, bool en, FILE *out) {
    const json_t *rule = json_object_get(r, "rule"), *basis = json_object_get(r, "basis"),
                 *values = json_object_get(r, "values");
    (void)fprintf(out, "%s%s\n", en ? "Finding:    " : "疑点：    ", text_of(r, "id"));
    (void)fprintf(out, "%s%s（%s，%s %s）\n", en ? "Rule:       " : "规则：    ", text_of(rule, "name"),
                  text_of(rule, "id"), en ? "version" : "版本", text_of(rule, "version"));
    print_pair(out, en ? "Layer:      " : "规则层级：", text_of(rule, "layer"));
    print_pair(out, en ? "Level:      " : "等级：    ", shown_word(text_of(r, "level"), en));
    if (*text_of(rule, "kind"))
        (void)fprintf(out, "%s%s%s%s%s\n", en ? "Kind:       " : "违规类型：", text_of(rule, "kind"),
                      en ? " (" : "（", text_of(rule, "kind_basis"), en ? ")" : "）");
    print_pair(out, en ? "Says:       " : "说明：    ", text_of(r, "say"));
    (void)fprintf(out, "%s%s %s\n", en ? "Where:      " : "机构：    ", text_of(r, "institution"),
                  text_of(r, "institution_name"));
    print_pair(out, en ? "Person:     " : "参保人：  ", text_of(r, "person"));
    print_pair(out, en ? "Encounter:  " : "就诊：    ", text_of(r, "encounter"));
    print_pair(out, en ? "Day:        " : "日期：    ", text_of(r, "day"));
    print_lines(json_object_get(r, "lines"), en, out);
    for (size_t i = 0; i < json_array_size(basis); i++)
        (void)fprintf(out, "%s%s\n", en ? "Article:    " : "依据：    ",
                      json_string_value(json_array_get(basis, i)));
    print_knowledge(json_object_get(r, "knowledge"), en, out);
    print_pair(out, en ? "Decided by: " : "判定：    ", text_of(r, "deciding"));
    for (size_t i = 0; i < json_array_size(values); i++)
        (void)fprintf(out, "  %s = %s\n", text_of(json_array_get(values, i), "name"),
                      text_of(json_array_get(values, i), "value"));
    print_pair(out, en ? "Would clear:" : "如改为以下则不成立：", text_of(r, "clearing"));
    print_pair(out, en ? "In doubt:   " : "存疑：    ", text_of(r, "doubt"));
    print_money(json_object_get(r, "money"), en, out);
}

/* ---- replay ------------------------------------------------------------------------------------- */

static void reader_close(struct sh_reader **reader) {
    if (*reader)
        sh_reader_close(*reader);
}
static void worker_free(struct sh_audit_worker **w) {
    sh_audit_worker_free(*w);
}

static sh_code find_person(const struct sh_session *s, const struct sh_chunk *chunk, const char *person,
                           bool *ret, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena codes = {0};
    *ret = false;
    for (uint32_t i = 0; i < chunk->n_persons && !*ret; i++) {
        struct sh_str code;
        SH_TRY(sh_lake_code(s->lake, SH_DICT_PERSON, chunk->persons[i], &codes, &code, err));
        *ret = sh_str_is(code, person);
    }
    return SH_OK;
}

static sh_code replay_bucket(struct sh_session *s, const struct sh_run_file *run, uint32_t bucket,
                             const uint8_t id[16], const char *person, struct sh_buf *ret,
                             struct sh_err *err) {
    struct sh_reader *reader SH_CLEANUP(reader_close) = NULL;
    struct sh_audit_worker *worker SH_CLEANUP(worker_free) = NULL;
    const struct sh_selection selection = sh_plan_selection(s->plan);
    SH_TRY(sh_audit_worker_new(s->plan, &worker, err));
    SH_TRY(sh_reader_open(s->lake, &selection, (struct sh_bucket_range){bucket, bucket + 1}, run->known,
                          32768, &reader, err));
    for (;;) {
        const struct sh_chunk *chunk;
        struct sh_chunk_findings found;
        SH_TRY(sh_reader_next(reader, &chunk, err));
        if (!chunk)
            return SH_OK;
        bool is_here;
        SH_TRY(find_person(s, chunk, person, &is_here, err));
        if (!is_here)
            continue;
        SH_TRY(sh_audit_chunk(worker, chunk, &found, err));
        for (size_t i = 0; i < found.n; i++)
            if (memcmp(found.findings[i].id, id, 16) == 0)
                return sh_audit_receipt(worker, &found.findings[i], ret, err);
        return SH_OK;
    }
}

/* What is looked for among the findings of many persons. */
struct wanted {
    struct sh_audit_worker *joiner;
    const uint8_t *id;
    struct sh_buf *receipt;
};

static sh_code look_for(void *ctx, struct sh_engine *en, size_t first, struct sh_err *err) {
    const struct wanted *w = ctx;
    sh_code code = SH_OK;
    for (size_t i = first; code == SH_OK && i < en->n_findings; i++)
        if (memcmp(en->findings[i].id, w->id, 16) == 0)
            code = sh_audit_receipt(w->joiner, &en->findings[i], w->receipt, err);
    en->n_findings = 0;
    return code;
}

static sh_code read_all(struct sh_session *s, const struct sh_run_file *run, struct sh_audit_worker *worker,
                        struct sh_err *err) {
    struct sh_reader *reader SH_CLEANUP(reader_close) = NULL;
    const struct sh_selection selection = sh_plan_selection(s->plan);
    const struct sh_bucket_range all = {run->summary.bucket_first, run->summary.bucket_last + 1};
    SH_TRY(sh_reader_open(s->lake, &selection, all, run->known, 32768, &reader, err));
    for (;;) {
        const struct sh_chunk *chunk;
        struct sh_chunk_findings found;
        SH_TRY(sh_reader_next(reader, &chunk, err));
        if (!chunk)
            return sh_audit_worker_cut(worker, err);
        SH_TRY(sh_audit_chunk(worker, chunk, &found, err));
    }
}

/* A finding of many persons: all buckets once more, since any of them may hold a row of it, and all rules,
 * since what it counts is what the others leave. */
static sh_code replay_all(struct sh_session *s, const struct sh_run_file *run, const char *dir,
                          const uint8_t id[16], struct sh_buf *ret, struct sh_err *err) {
    struct sh_audit_worker *worker SH_CLEANUP(worker_free) = NULL, *joiner SH_CLEANUP(worker_free) = NULL;
    char path[SH_PATH_BYTES_MAX];
    SH_TRY(sh_audit_worker_new(s->plan, &worker, err));
    SH_TRY(sh_audit_worker_new(s->plan, &joiner, err));
    SH_TRY(sh_path_format(path, err, "%s/replay-%d.part", dir, (int)getpid()));
    SH_TRY(sh_audit_worker_spill(worker, path, err));
    sh_code code = read_all(s, run, worker, err);
    struct wanted wanted = {joiner, id, ret};
    struct sh_joined_take out = {.findings = look_for, .ctx = &wanted};
    if (code == SH_OK)
        code = sh_joined_run(sh_worker_engine_of(joiner), &sh_worker_exchange(worker)->runs, NULL, &out, err);
    (void)unlink(path);
    return code;
}

static sh_code replay(const struct sh_explain_options *o, const struct found *found, const uint8_t id[16],
                      const json_t *receipt, FILE *out, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(sh_session_close) struct sh_session session = {0};
    struct sh_run_file run;
    SH_TRY(sh_run_file_read(found->dir, &arena, &run, err));
    SH_TRY(sh_run_session_open(o->lake_dir, found->dir, &run, &arena, &session, err));
    SH_CLEANUP(sh_buf_free) struct sh_buf again = {0};
    if (found->bucket == SH_BUCKET_MANY)
        SH_TRY(replay_all(&session, &run, found->dir, id, &again, err));
    else
        SH_TRY(replay_bucket(&session, &run, found->bucket, id, text_of(receipt, "person"), &again, err));
    if (sh_str_eq(sh_buf_view(&again), found->receipt)) {
        (void)fprintf(out, "%s\n",
                      o->lang == SH_EN ? "Replay: the same receipt, byte for byte."
                                       : "重演：与留存的凭据逐字节一致。");
        return SH_OK;
    }
    (void)fprintf(out, "%s\n%.*s\n", o->lang == SH_EN ? "Replay: DIFFERENT. Now:" : "重演：不一致。现在为：",
                  SH_ARG(sh_buf_view(&again)));
    return sh_fail(err, SH_E_CONFLICT, "the replay of finding %s gave another receipt", o->id);
}

sh_code sh_audit_explain(const struct sh_explain_options *o, FILE *out, struct sh_err *err) {
    assert(o && out);
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    uint8_t id[16];
    if (!read_id(o->id, id))
        return sh_fail(err, SH_E_INPUT, "'%s' is no finding's id: 32 hexadecimal digits", o->id ? o->id : "");
    struct found found;
    SH_TRY(find(o, id, &arena, &found, err));
    json_t *receipt SH_CLEANUP(sh_json_decref_at) = NULL;
    SH_CLEANUP(sh_buf_free) struct sh_buf exact = {0};
    SH_TRY(sh_json_quote_reals(found.receipt, &exact, err));
    SH_TRY(sh_json_read("receipt", sh_buf_view(&exact), &receipt, err));
    if (o->json)
        (void)fprintf(out, "%.*s\n", SH_ARG(found.receipt));
    else
        print_human(receipt, o->lang == SH_EN, out);
    return o->replay ? replay(o, &found, id, receipt, out, err) : SH_OK;
}
