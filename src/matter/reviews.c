/* Empty reviews (S2§4.1: posts of review and re-check must not be set up for show): of each step that the
 * texts call an inspection, by person, how often he had not opened what he judged, or only just. */
#include "base/decimal.h"
#include "matter/query.h"

enum { PLACES_MAX = 1000, PEOPLE_MAX = 1000, CASES_MAX = 20 };

struct reviews {
    struct sh_txn *txn;
    const struct sh_desk *desk;
    const struct sh_review_days *days;
    struct sh_json *json;
    struct sh_err *err;
};
/* One kind of inspection at one place. */
struct inspection {
    const struct sh_procedure *text;
    const struct sh_step *step;
    bool is_of_items;
    struct sh_str place;
    int64_t least; /* seconds; -1: the place has set none */
};

/* When the actor first had all of it open, 0: he had not. Of an item its receipt; of a matter the papers of
 * that kind, or all attachments, that were there. */
static void add_opened(struct query *q, const struct inspection *in) {
    if (in->is_of_items) {
        query_add(q, "coalesce((select v.at from mt_seen v where v.matter = s.matter and v.what = s.item and "
                     "v.person = s.actor and v.at <= s.at), 0)");
        return;
    }
    const bool is_file = sh_str_is(in->step->inspects, "attachments");
    query_add(q, "(select case when count(*) > 0 and count(*) = count(v.at) then max(v.at) else 0 end from ");
    query_add(q, is_file ? "mt_attachment p" : "mt_paper p");
    query_add(q, " left join mt_seen v on v.matter = p.matter and v.what = p.id and v.person = s.actor and "
                 "v.at <= s.recorded where p.matter = s.matter and ");
    query_add(q, is_file ? "p.at <= s.recorded" : "p.issued_at <= s.recorded and p.kind = ");
    if (!is_file)
        query_value(q, SH_TEXT(in->step->inspects));
    query_add(q, ")");
}

/* Rows: person, case, done at, opened at; of the days asked for, none that was taken back. */
static void add_rows(struct query *q, const struct reviews *r, const struct inspection *in) {
    query_add(q, in->is_of_items ? "select s.actor as person, s.item as what, s.at as done, "
                                 : "select s.actor as person, s.matter as what, s.recorded as done, ");
    add_opened(q, in);
    query_add(q,
              in->is_of_items
                  ? " as opened from mt_item_step s join mt_item t on t.id = s.item where not exists (select "
                    "1 from mt_act a where a.id = s.act and a.undone_at > 0) and s.at >= "
                  : " as opened from mt_step s join mt_matter t on t.id = s.matter where s.recorded >= ");
    query_value(q, SH_I64(utc_of_day(r->days->from)));
    query_add(q, in->is_of_items ? " and s.at < " : " and s.recorded < ");
    query_value(q, SH_I64(utc_of_day(r->days->to + 1)));
    query_equals(q, "t.procedure", in->text->id);
    query_equals(q, "t.place", in->place);
    query_equals(q, "s.step", in->step->id);
    query_add(q, " and ");
    query_place(q, r->desk->who, r->desk->arena);
}

static sh_code put_cases(const struct reviews *r, const struct inspection *in, struct sh_str person) {
    SH_CLEANUP(query_free) struct query q = {0};
    struct sh_rows rows;
    query_add(&q, "select what, done, opened from (");
    add_rows(&q, r, in);
    query_add(&q, ") x where person = ");
    query_value(&q, SH_TEXT(person));
    query_add(&q, " and (opened = 0 or done - opened < ");
    query_value(&q, SH_I64(in->least));
    query_add(&q, ") order by done desc, what limit ");
    query_value(&q, SH_I64(CASES_MAX));
    SH_TRY(sh_buf_check(&q.sql, r->err));
    SH_TRY(sh_sql_query(r->txn, q.sql.at, q.values, q.n, r->desk->arena, &rows, r->err));
    sh_json_key(r->json, "cases");
    sh_json_array(r->json);
    for (size_t i = 0; i < rows.n_rows; i++) {
        const int64_t done = sh_cell(&rows, i, 1)->i64, opened = sh_cell(&rows, i, 2)->i64;
        sh_json_object(r->json);
        sh_json_put_str(r->json, "id", sh_cell(&rows, i, 0)->str);
        sh_put_utc(r->json, "done", done);
        sh_json_key(r->json, "seconds");
        if (opened)
            sh_json_i64(r->json, done - opened);
        else
            sh_json_null(r->json);
        sh_json_object_end(r->json);
    }
    sh_json_array_end(r->json);
    return SH_OK;
}

static sh_code put_person(const struct reviews *r, const struct inspection *in,
                          const struct sh_value *cells) {
    const sh_lang lang = r->desk->who->lang;
    sh_json_object(r->json);
    sh_json_put_str(r->json, "person", cells[0].str);
    sh_json_put_str(r->json, "procedure", in->text->id);
    sh_json_put_str(r->json, "procedure_name", sh_word_of(lang, in->text->name, in->text->english));
    sh_json_put_str(r->json, "step", in->step->id);
    sh_json_put_str(r->json, "step_name", sh_word_of(lang, in->step->name, in->step->english));
    sh_json_put_text(r->json, "of", in->is_of_items ? "item" : "matter");
    sh_json_put_str(r->json, "place", in->place);
    sh_json_put_i64(r->json, "n", cells[1].i64);
    sh_json_put_i64(r->json, "unopened", cells[2].i64);
    sh_json_key(r->json, "brief");
    if (in->least < 0)
        sh_json_null(r->json);
    else
        sh_json_i64(r->json, cells[3].i64);
    sh_json_key(r->json, "min_seconds");
    if (in->least < 0)
        sh_json_null(r->json);
    else
        sh_json_i64(r->json, in->least);
    SH_TRY(put_cases(r, in, cells[0].str));
    sh_json_object_end(r->json);
    return SH_OK;
}

static sh_code put_inspection(const struct reviews *r, const struct inspection *in) {
    SH_CLEANUP(query_free) struct query q = {0};
    struct sh_rows rows;
    query_add(&q,
              "select person, count(*), sum(case when opened = 0 then 1 else 0 end), sum(case when opened > "
              "0 and done - opened < ");
    query_value(&q, SH_I64(in->least));
    query_add(&q, " then 1 else 0 end) from (");
    add_rows(&q, r, in);
    query_add(&q, ") x group by person order by person limit ");
    query_value(&q, SH_I64(PEOPLE_MAX));
    SH_TRY(sh_buf_check(&q.sql, r->err));
    SH_TRY(sh_sql_query(r->txn, q.sql.at, q.values, q.n, r->desk->arena, &rows, r->err));
    for (size_t i = 0; i < rows.n_rows; i++)
        SH_TRY(put_person(r, in, sh_cell(&rows, i, 0)));
    return SH_OK;
}

static int64_t least_of(const struct reviews *r, struct sh_str place) {
    const int32_t today = r->days->to;
    const struct sh_param_pick pick = sh_param_pick(r->desk->texts->params, SH_STR("view.min_seconds"), place,
                                                    (struct sh_param_dates){today, today, today});
    return pick.state == SH_PARAM_SET ? pick.row->value / sh_pow10(pick.row->scale) : -1;
}

static sh_code put_machine(const struct reviews *r, const struct sh_procedure *text, bool is_of_items,
                           struct sh_str place) {
    const struct sh_machine *machine = is_of_items ? text->items : &text->matter;
    for (size_t i = 0; machine && i < machine->n_steps; i++) {
        const struct inspection in = {text, &machine->steps[i], is_of_items, place, least_of(r, place)};
        if (in.step->inspects.len)
            SH_TRY(put_inspection(r, &in));
    }
    return SH_OK;
}

sh_code sh_reviews_json(struct sh_txn *txn, const struct sh_desk *desk, const struct sh_review_days *days,
                        struct sh_json *json, struct sh_err *err) {
    const struct reviews r = {txn, desk, days, json, err};
    const struct sh_procedures *all = desk->texts->procedures;
    SH_CLEANUP(query_free) struct query q = {0};
    struct sh_rows places;
    query_add(&q, "select distinct t.place from mt_matter t where ");
    query_place(&q, desk->who, desk->arena);
    query_add(&q, " order by t.place limit ");
    query_value(&q, SH_I64(PLACES_MAX));
    SH_TRY(sh_buf_check(&q.sql, err));
    SH_TRY(sh_sql_query(txn, q.sql.at, q.values, q.n, desk->arena, &places, err));
    sh_json_object(json);
    sh_json_put_date(json, "from", days->from);
    sh_json_put_date(json, "to", days->to);
    sh_json_key(json, "items");
    sh_json_array(json);
    for (size_t p = 0; p < places.n_rows; p++)
        for (size_t i = 0; i < all->n; i++) {
            const struct sh_str place = sh_cell(&places, p, 0)->str;
            if (sh_procedure_find(all, all->of[i].id, place, days->to) != &all->of[i])
                continue;
            SH_TRY(put_machine(&r, &all->of[i], false, place));
            SH_TRY(put_machine(&r, &all->of[i], true, place));
        }
    sh_json_array_end(json);
    sh_json_object_end(json);
    return SH_OK;
}
