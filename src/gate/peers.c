/* An institution's months beside those of its peers, the institutions of its kind and level on record: of
 * others only quartiles, and none while they are so few that a quartile would tell of one of them. */
#include "base/decimal.h"
#include "gate/auth.h"
#include "gate/entry.h"
#include "gate/find.h"
#include "gate/handlers.h"
#include <duckdb.h>

enum { PAGE = 200, INSTITUTIONS_MAX = 20000 };
enum { C_MONTH, C_COUNTED, C_FINDINGS, C_LOW, C_MEDIAN, C_HIGH, C_PEERS };

struct peers {
    struct sh_find find;
    const struct sh_register *reg;
    struct sh_str own, kind, level, place; /* of whom; as on record, empty: nobody is known to be alike */
    int64_t peers_min;                     /* stat.min_peers of the place; INT64_MAX: nobody has set it */
    struct sh_buf codes;                   /* of the same kind and level, with commas */
    struct sh_page_query query;
    struct sh_record_batch batch;
    struct sh_json json;
};

static void peers_end(struct peers *peers) {
    sh_buf_free(&peers->codes);
    sh_find_end(&peers->find);
}

static sh_code read_page(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct peers *peers = ctx;
    const struct sh_scope all = sh_scope_all(); /* kind and level alone are used, no row is given out */
    return sh_record_scan(txn, &all, &peers->query, &peers->find.rq->arena, &peers->batch, err);
}

static struct sh_str value_of(const struct peers *peers, const struct sh_str *values, const char *field) {
    const int32_t at = sh_register_field(peers->reg, sh_str_of(field), false);
    return at >= 0 && values[at].at ? values[at] : SH_STR("");
}

/* A choice as the reader calls it. */
static const char *word_of(const struct peers *peers, const char *field_name, struct sh_str code) {
    const struct sh_request *rq = peers->find.rq;
    const struct sh_field *field =
        &peers->reg->fields[sh_register_field(peers->reg, sh_str_of(field_name), false)];
    for (size_t i = 0; i < field->n_choices; i++)
        if (sh_str_eq(field->choices[i].code, code))
            code = rq->lang == SH_EN ? field->choices[i].english : field->choices[i].name;
    return sh_arena_dup(&peers->find.rq->arena, code.at, code.len);
}

/* Two rounds over the register: what the institution is, then who is the same. */
static sh_code look_round(struct sh_gate *gate, struct peers *peers, bool is_second, struct sh_err *err) {
    size_t seen = 0;
    peers->query.after_key = SH_STR("");
    do {
        SH_TRY(sh_store_read(gate->store, read_page, peers, err));
        for (size_t i = 0; i < peers->batch.n; i++) {
            struct sh_str *values = NULL;
            SH_TRY(sh_entry_read(peers->reg, &peers->batch.records[i], &peers->find.rq->arena, &values, err));
            const struct sh_str code = value_of(peers, values, "code"),
                                kind = value_of(peers, values, "kind"),
                                level = value_of(peers, values, "level");
            if (!is_second && sh_str_eq(code, peers->own))
                peers->kind = kind, peers->level = level, peers->place = value_of(peers, values, "place");
            else if (is_second && sh_str_eq(kind, peers->kind) && sh_str_eq(level, peers->level))
                sh_buf_addf(&peers->codes, "%.*s,", SH_ARG(code));
        }
        seen += peers->batch.n;
        peers->query.after_key = peers->batch.next;
    } while (peers->batch.next.len && seen < INSTITUTIONS_MAX);
    return SH_OK;
}

/* Two of which nobody has written down what they are are not alike. */
static bool is_placed(const struct peers *peers) {
    return peers->kind.len && peers->level.len;
}

static sh_code look_up(struct sh_gate *gate, struct peers *peers, struct sh_err *err) {
    peers->kind = peers->level = SH_STR("");
    peers->reg = sh_register_find(gate->registers, SH_STR("institutions"));
    if (!peers->reg)
        return SH_OK;
    peers->query = (struct sh_page_query){.register_name = peers->reg->id, .limit = PAGE};
    SH_TRY(sh_arg_as_of(gate, peers->find.rq, &peers->query.as_of, err));
    SH_TRY(look_round(gate, peers, false, err));
    return is_placed(peers) ? look_round(gate, peers, true, err) : SH_OK;
}

/* How many others there must be, as for the statistics of rules. */
static void set_least(const struct sh_gate *gate, struct peers *peers) {
    const struct sh_str place = peers->place.len ? peers->place : SH_STR("000000");
    const struct sh_param *least =
        sh_param_find(gate->params, SH_STR("stat.min_peers"), place, sh_gate_today(gate));
    peers->peers_min = least && least->value != INT64_MIN ? least->value / sh_pow10(least->scale) : INT64_MAX;
}

static void write_sql(struct peers *peers) {
    struct sh_find *find = &peers->find;
    sh_buf_add_text(&find->sql, "with f as (select institution, strftime(day, '%Y-%m') as month, "
                                "coalesce(counted, 0) as counted from read_parquet(");
    sh_find_bind(find, find->path);
    sh_buf_add_text(&find->sql, ") where institution <> '' and day is not null and (institution = ");
    sh_find_bind(find, peers->own);
    sh_buf_add_text(&find->sql, " or institution in (select unnest(string_split(");
    sh_find_bind(find, sh_buf_view(&peers->codes));
    sh_buf_add_text(
        &find->sql,
        ", ','))))), m as (select distinct month from f), i as (select distinct institution from f), "
        "g as (select i.institution, m.month, coalesce(sum(f.counted), 0) as counted, count(f.counted) "
        "as n from i cross join m left join f using (institution, month) group by 1, 2) "
        "select month, coalesce(sum(counted) filter (institution = $2), 0), "
        "coalesce(sum(n) filter (institution = $2), 0), "
        "quantile_disc(counted, 0.25) filter (institution <> $2), "
        "quantile_disc(counted, 0.5) filter (institution <> $2), "
        "quantile_disc(counted, 0.75) filter (institution <> $2), "
        "count(*) filter (institution <> $2) from g group by month order by month");
}

static int64_t number(const struct peers *peers, duckdb_result *result, idx_t column, idx_t row) {
    const char *text = sh_find_cell(&peers->find, result, column, row);
    return text ? strtoll(text, NULL, 10) : 0;
}

static sh_code put_months(void *ctx, void *result_at, struct sh_err *err) {
    static const char *const names[] = {"low", "median", "high"};
    struct peers *peers = ctx;
    duckdb_result *result = result_at;
    struct sh_json *json = &peers->json;
    (void)err;
    const int64_t n_peers = duckdb_row_count(result) ? number(peers, result, C_PEERS, 0) : 0;
    const bool is_told = n_peers >= peers->peers_min;
    sh_json_put_i64(json, "peers", n_peers);
    sh_json_key(json, "months");
    sh_json_array(json);
    for (idx_t row = 0; row < duckdb_row_count(result); row++) {
        sh_json_object(json);
        sh_json_put_text(json, "month", sh_find_cell(&peers->find, result, C_MONTH, row));
        sh_json_put_text(json, "counted", sh_find_cell(&peers->find, result, C_COUNTED, row));
        sh_json_put_i64(json, "findings", number(peers, result, C_FINDINGS, row));
        for (idx_t c = 0; c < 3; c++)
            sh_json_put_text(json, names[c],
                             is_told ? sh_find_cell(&peers->find, result, C_LOW + c, row) : NULL);
        sh_json_object_end(json);
    }
    sh_json_array_end(json);
    return SH_OK;
}

sh_code sh_api_peers(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    SH_CLEANUP(peers_end) struct peers peers = {0};
    SH_TRY(sh_find_begin(gate, rq, &peers.find, err));
    peers.own = sh_target_arg(&rq->target, "institution");
    if (peers.own.len == 0 || !sh_find_sees(&peers.find, peers.own))
        return sh_refuse(rq, GATE_NOT_FOUND, NULL);
    SH_TRY(look_up(gate, &peers, err));
    set_least(gate, &peers);
    write_sql(&peers);
    sh_answer_begin(rq, 200, &peers.json);
    sh_json_object(&peers.json);
    sh_json_put_str(&peers.json, "institution", peers.own);
    sh_json_put_text(&peers.json, "kind", is_placed(&peers) ? word_of(&peers, "kind", peers.kind) : NULL);
    sh_json_put_text(&peers.json, "level", is_placed(&peers) ? word_of(&peers, "level", peers.level) : NULL);
    SH_TRY(sh_find_run(&peers.find, put_months, &peers, err));
    sh_json_object_end(&peers.json);
    return sh_answer_end(rq, &peers.json, err);
}
