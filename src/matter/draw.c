/* The draw of a matter: seals, frame, values, sample (docs/draw.md). What a step does of it is said by its
 * text (draw: seal, frame, open, sample); who may, and when, is judged like any step. */
#include "draw/draw.h"
#include "base/decimal.h"
#include "matter/item.h"
#include <stdlib.h>

/* ---- units ------------------------------------------------------------------------------------------- */

/* Where an institution's units come from: its matter of the period, by the body under review. */
struct origin {
    struct sh_str institution, id;
    bool is_ready;
};

static sh_code origin_of(struct work *w, struct sh_str institution, struct origin *io) {
    struct sh_rows rows;
    if (io->institution.len && sh_str_eq(io->institution, institution))
        return SH_OK;
    const struct sh_value key[] = {SH_TEXT(institution), SH_TEXT(w->m.text->draw->of), SH_TEXT(w->m.period),
                                   SH_TEXT(w->m.subject)};
    SH_TRY(sh_sql_query(
        w->txn,
        "select m.id, m.state, coalesce((select s.after from mt_step s where s.matter = m.id and "
        "s.seq = 1), '') from mt_matter m where m.subject = $1 and m.procedure = $2 and m.period "
        "= $3 and m.body = $4 order by m.ord limit 1",
        key, 4, w->arena, &rows, w->err));
    *io = (struct origin){.institution = institution, .id = SH_STR("")};
    if (rows.n_rows == 0)
        return SH_OK;
    io->id = sh_cell(&rows, 0, 0)->str;
    io->is_ready = !sh_str_eq(sh_cell(&rows, 0, 1)->str, sh_cell(&rows, 0, 2)->str);
    return SH_OK;
}

/* The step that fixes the frame; until it is taken units may come in. */
static const struct sh_step *frame_step(const struct sh_procedure *text) {
    for (size_t i = 0; text->draw && i < text->matter.n_steps; i++)
        if (text->matter.steps[i].draw == SH_DRAW_FRAME)
            return &text->matter.steps[i];
    return NULL;
}

static sh_code unit_fields(struct work *w, const struct sh_unit_in *unit, struct sh_str *ret) {
    const struct sh_machine *items = w->m.text->items;
    struct sh_str *values = sh_new(w->arena, struct sh_str, items->n_fields + 1);
    if (!values)
        return sh_fail(w->err, SH_E_NOMEM, "no room for a unit");
    for (size_t i = 0; i < items->n_fields; i++)
        values[i] = SH_STR("");
    for (size_t i = 0; i < unit->n_values; i++) {
        const int32_t at = sh_machine_field(items, unit->values[i].field);
        struct sh_err why;
        if (at < 0 || unit->values[i].text.len == 0)
            continue; /* the text does not ask for it */
        if (sh_field_check(&items->fields[at], unit->values[i].text, lang_of(w), w->arena, &values[at],
                           &why) != SH_OK)
            return sh_fail(w->err, SH_E_INPUT, "unit %.*s: %.*s: %s", SH_ARG(unit->id),
                           SH_ARG(unit->values[i].field), why.message);
    }
    return sh_fields_text(items, values, w->arena, ret, w->err);
}

sh_code sh_units_load(struct sh_txn *txn, const struct sh_desk *desk, struct sh_str id,
                      const struct sh_unit_in *units, size_t n, struct sh_units_report *io,
                      struct sh_err *err) {
    struct work w = sh_work_of(txn, desk, err);
    struct origin origin = {.is_ready = false};
    SH_TRY(sh_matter_load(&w, id));
    const struct sh_step *step = frame_step(w.m.text);
    if (!step || !sh_step_is_from(step, w.m.state))
        return sh_fail(err, SH_E_INPUT, "the frame of %.*s is fixed, or it draws nothing",
                       SH_ARG(w.m.number));
    for (size_t i = 0; i < n; i++) {
        struct sh_str fields;
        SH_TRY(origin_of(&w, units[i].institution, &origin));
        if (!origin.is_ready) {
            io->left_out++;
            continue;
        }
        SH_TRY(unit_fields(&w, &units[i], &fields));
        const struct sh_value values[] = {
            SH_TEXT(w.m.id),           SH_TEXT(units[i].id), SH_TEXT(units[i].institution),
            SH_TEXT(origin.id),        SH_I64(units[i].day), SH_I64(units[i].amount_fen),
            SH_I64(units[i].fund_fen), SH_TEXT(fields)};
        SH_TRY(sh_sql_run(
            txn,
            "insert into mt_unit (matter, id, institution, origin, day, amount, fund_amount, "
            "fields) values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (matter, id) do update set "
            "origin = excluded.origin, day = excluded.day, amount = excluded.amount, fund_amount = "
            "excluded.fund_amount, fields = excluded.fields",
            values, 8, NULL, err));
        io->units++;
    }
    const struct sh_str content = sh_textf(desk->arena, "%.*s|%zu", SH_ARG(w.m.id), n);
    const struct sh_leaf leaf = {
        .type = SH_STR("matter.units"), .record = w.m.id, .version = w.m.version, .content = content};
    return sh_journal_add(txn, &leaf, err);
}

/* A unit as it stands. */
struct unit {
    struct sh_str id, institution, origin, fields;
    int64_t day, amount, fund_amount;
};
struct units {
    struct unit *of;
    size_t n;
};

static int by_id(const void *a, const void *b) {
    return sh_str_cmp(((const struct unit *)a)->id, ((const struct unit *)b)->id);
}

/* All of the matter, ascending by the bytes of their ids whatever the database thinks of order. */
static sh_code read_units(struct work *w, struct units *ret) {
    struct sh_rows rows;
    SH_TRY(sh_sql_query(w->txn,
                        "select id, institution, origin, fields, day, amount, fund_amount from mt_unit where "
                        "matter = $1 limit 2000001",
                        &SH_TEXT(w->m.id), 1, w->arena, &rows, w->err));
    ret->of = sh_new(w->arena, struct unit, rows.n_rows + 1);
    ret->n = rows.n_rows;
    if (!ret->of || rows.n_rows > SH_DRAW_UNITS_MAX)
        return sh_fail(w->err, SH_E_LIMIT, "no room for %zu units", rows.n_rows);
    for (size_t i = 0; i < rows.n_rows; i++)
        ret->of[i] =
            (struct unit){sh_cell(&rows, i, 0)->str, sh_cell(&rows, i, 1)->str, sh_cell(&rows, i, 2)->str,
                          sh_cell(&rows, i, 3)->str, sh_cell(&rows, i, 4)->i64, sh_cell(&rows, i, 5)->i64,
                          sh_cell(&rows, i, 6)->i64};
    qsort(ret->of, ret->n, sizeof *ret->of, by_id);
    return SH_OK;
}

/* ---- seals and values -------------------------------------------------------------------------------- */

static bool is_hex(struct sh_str text) {
    uint8_t bytes[SH_DIGEST_BYTES];
    return sh_unhex(text, bytes, sizeof bytes);
}

/* Who kept a value back in an earlier draw of this subject and period lays no seal in the one that follows.
 */
static sh_code check_withheld(struct work *w) {
    struct sh_rows rows;
    const struct sh_value key[] = {SH_TEXT(w->m.subject), SH_TEXT(w->m.text->id), SH_TEXT(w->m.period),
                                   SH_TEXT(w->m.id), SH_TEXT(w->who->person)};
    SH_TRY(
        sh_sql_query(w->txn,
                     "select s.step, m.fields from mt_matter m join mt_step s on s.matter = m.id where "
                     "m.subject = $1 and m.procedure = $2 and m.period = $3 and m.id <> $4 and s.actor = $5",
                     key, 5, w->arena, &rows, w->err));
    const struct sh_machine *machine = &w->m.text->matter;
    for (size_t r = 0; r < rows.n_rows; r++) {
        const int32_t at = sh_machine_step(machine, sh_cell(&rows, r, 0)->str);
        struct sh_str *values = sh_new(w->arena, struct sh_str, machine->n_fields + 1);
        if (!values)
            return sh_fail(w->err, SH_E_NOMEM, "no room for fields");
        if (at < 0 || machine->steps[at].draw != SH_DRAW_SEAL)
            continue;
        SH_TRY(sh_fields_parse(machine, sh_cell(&rows, r, 1)->str, w->arena, values, w->err));
        for (size_t seat = 0; seat < w->m.text->draw->n_seats; seat++)
            for (size_t k = 0; k < machine->steps[at].n_needs; k++)
                if (machine->steps[at].needs[k] == w->m.text->draw->seals[seat] &&
                    values[w->m.text->draw->values[seat]].len == 0)
                    sh_failure_add(w, SH_FAIL_SEPARATION, w->step->basis, SH_STR(""), M_DRAW_WITHHELD);
    }
    return SH_OK;
}

static sh_code check_seals(struct work *w, const struct sh_str *next) {
    const struct sh_draw_text *draw = w->m.text->draw;
    for (size_t i = 0; i < draw->n_seats; i++) {
        const struct sh_field *field = &w->m.text->matter.fields[draw->seals[i]];
        const struct sh_str now = next[draw->seals[i]], before = w->m.values[draw->seals[i]];
        if (now.len && !is_hex(now))
            sh_failure_add(w, SH_FAIL_NEEDS, w->step->basis, field->id, M_DRAW_HEX, SH_ARG(field->name));
        if (before.len && !sh_str_eq(now, before))
            sh_failure_add(w, SH_FAIL_STATE, w->step->basis, field->id, M_DRAW_LAID, SH_ARG(field->name));
        for (size_t k = 0; k < i; k++)
            if (now.len && sh_str_eq(now, next[draw->seals[k]]))
                sh_failure_add(w, SH_FAIL_NEEDS, w->step->basis, field->id, M_DRAW_SAME);
    }
    return w->who ? check_withheld(w) : SH_OK;
}

static sh_digest_kind kind_of(const struct sh_draw_text *draw) {
    return draw->is_sha256 ? SH_DIGEST_SHA256 : SH_DIGEST_SM3;
}

static sh_code check_values(struct work *w, const struct sh_str *next) {
    const struct sh_draw_text *draw = w->m.text->draw;
    for (size_t i = 0; i < draw->n_seats; i++) {
        const struct sh_field *field = &w->m.text->matter.fields[draw->values[i]];
        const struct sh_str now = next[draw->values[i]];
        uint8_t value[SH_DRAW_VALUE_BYTES], seal[SH_DIGEST_BYTES], laid[SH_DIGEST_BYTES];
        if (now.len == 0)
            continue;
        if (!sh_unhex(now, value, sizeof value)) {
            sh_failure_add(w, SH_FAIL_NEEDS, w->step->basis, field->id, M_DRAW_HEX, SH_ARG(field->name));
            continue;
        }
        SH_TRY(sh_draw_seal(kind_of(draw), w->m.number, (uint32_t)i + 1, value, seal, w->err));
        if (!sh_unhex(next[draw->seals[i]], laid, sizeof laid) || !sh_equal_secret(seal, laid, sizeof seal))
            sh_failure_add(w, SH_FAIL_GUARD, w->step->basis, field->id, M_DRAW_OPENS, SH_ARG(field->name));
    }
    return SH_OK;
}

/* ---- the frame --------------------------------------------------------------------------------------- */

struct framing {
    const struct units *units;
    struct sh_draw_unit *of;
    struct sh_draw_stratum *strata;
    uint64_t *counts; /* [n_strata] units of each */
    uint64_t take;
};

/* Units as items, so that a stratum's condition can be asked of each. */
static sh_code unit_facts(struct work *w, const struct units *units, const struct sh_str *next) {
    const struct sh_machine *items = w->m.text->items;
    struct sh_str *values = sh_new(w->arena, struct sh_str, items->n_fields + 1);
    if (!values)
        return sh_fail(w->err, SH_E_NOMEM, "no room for units");
    SH_TRY(sh_work_facts(w, next, false));
    SH_TRY(sh_factbook_rows(w->facts, SH_FACT_ITEM, units->n, w->err));
    for (size_t i = 0; i < units->n; i++) {
        char money[SH_MONEY_TEXT_MAX], fund[SH_MONEY_TEXT_MAX];
        SH_TRY(sh_fields_parse(items, units->of[i].fields, w->arena, values, w->err));
        for (size_t f = 0; f < items->n_fields; f++)
            SH_TRY(sh_factbook_put(w->facts, SH_FACT_ITEM, i, items->fields[f].id, values[f], w->err));
        sh_money_plain(units->of[i].amount, money);
        sh_money_plain(units->of[i].fund_amount, fund);
        SH_TRY(sh_factbook_put(w->facts, SH_FACT_ITEM, i, SH_STR("amount"), sh_str_of(money), w->err));
        SH_TRY(sh_factbook_put(w->facts, SH_FACT_ITEM, i, SH_STR("fund_amount"), sh_str_of(fund), w->err));
        sh_factbook_set(w->facts, SH_FACT_ITEM, i, SH_STR("day"), units->of[i].day);
    }
    return SH_OK;
}

/* The first stratum whose condition holds; what nobody can tell falls to the last, which draws from all. */
static sh_code sort_units(struct work *w, struct framing *f) {
    const struct sh_draw_text *draw = w->m.text->draw;
    int32_t *rows = sh_new(w->arena, int32_t, f->units->n + 1);
    enum sh_guard_answer *answers = sh_new(w->arena, enum sh_guard_answer, f->units->n + 1);
    if (!rows || !answers)
        return sh_fail(w->err, SH_E_NOMEM, "no room for units");
    for (size_t i = 0; i < f->units->n; i++) {
        rows[i] = (int32_t)i;
        f->of[i] = (struct sh_draw_unit){f->units->of[i].id, (uint32_t)draw->n_strata - 1};
    }
    for (size_t s = draw->n_strata - 1; s-- > 0;) {
        SH_TRY(sh_factbook_ask_items(w->facts, draw->strata[s].when, rows, f->units->n, answers, w->err));
        for (size_t i = 0; i < f->units->n; i++)
            if (answers[i] == SH_YES)
                f->of[i].stratum = (uint32_t)s;
    }
    for (size_t i = 0; i < f->units->n; i++)
        f->counts[f->of[i].stratum]++;
    return SH_OK;
}

/* A share of a whole in percent; rounded up, or down. NULL param: the number has no value. */
static const struct sh_param *share(struct work *w, struct sh_str name, uint64_t whole, bool up,
                                    uint64_t *ret) {
    struct sh_str why = SH_STR("");
    char text[128];
    (void)snprintf(text, sizeof text, "%.*s", SH_ARG(name));
    const struct sh_param *p = sh_param_read(w, text, &why);
    if (!p || p->value < 0) {
        sh_failure_add(w, SH_FAIL_UNKNOWN, w->step->basis, SH_STR(""), M_BULK_LIMIT, SH_ARG(why));
        return NULL;
    }
    const sh_i128 all = (sh_i128)100 * sh_pow10(p->scale), part = (sh_i128)whole * p->value;
    const sh_i128 got = up ? (part + all - 1) / all : part / all;
    *ret = got > (sh_i128)whole ? whole : (uint64_t)got;
    return p;
}

/* At least the ratio of all, rounded up; each stratum its share of that, the last the rest and what the
 * others could not fill. */
static bool plan(struct work *w, struct framing *f) {
    const struct sh_draw_text *draw = w->m.text->draw;
    uint64_t left;
    if (!share(w, draw->ratio, f->units->n, true, &f->take))
        return false;
    left = f->take;
    for (size_t i = 0; i < draw->n_strata; i++) {
        const bool is_last = i + 1 == draw->n_strata;
        uint64_t part = left;
        if (!is_last && !share(w, draw->strata[i].share, f->take, false, &part))
            return false;
        part = !is_last && part > f->counts[i] ? f->counts[i] : part;
        part = part > left ? left : part;
        f->strata[i] = (struct sh_draw_stratum){draw->strata[i].id, part, is_last};
        left -= part;
    }
    return true;
}

static sh_code keep_frame(struct work *w, const struct framing *f, struct sh_str *next) {
    const struct sh_draw_text *draw = w->m.text->draw;
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    uint8_t seals[SH_DRAW_SEALS_MAX][SH_DIGEST_BYTES], digest[SH_DIGEST_BYTES];
    char hex[SH_DIGEST_HEX_MAX];
    for (size_t i = 0; i < draw->n_seats; i++)
        if (!sh_unhex(next[draw->seals[i]], seals[i], SH_DIGEST_BYTES)) {
            sh_failure_add(w, SH_FAIL_NEEDS, w->step->basis, w->m.text->matter.fields[draw->seals[i]].id,
                           M_NEEDS, SH_ARG(w->m.text->matter.fields[draw->seals[i]].name));
            return SH_OK;
        }
    const struct sh_draw_frame frame = {.name = w->m.number,
                                        .digest = kind_of(draw),
                                        .seals = (const uint8_t(*)[SH_DIGEST_BYTES])seals,
                                        .strata = f->strata,
                                        .units = f->of,
                                        .n_seals = draw->n_seats,
                                        .n_strata = draw->n_strata,
                                        .n_units = f->units->n};
    SH_TRY(sh_draw_frame_write(&frame, &text, w->err));
    SH_TRY(sh_draw_frame_digest(frame.digest, sh_buf_view(&text), digest, w->err));
    sh_hex(digest, sizeof digest, hex);
    next[draw->digest] = sh_copy(w->arena, sh_str_of(hex));
    next[draw->units] = sh_textf(w->arena, "%zu", f->units->n);
    next[draw->sample] = sh_textf(w->arena, "%llu", (unsigned long long)f->take);
    const struct sh_str view = sh_buf_view(&text);
    const struct sh_value values[] = {SH_TEXT(w->m.id), SH_TEXT(view)};
    return sh_sql_run(w->txn, "insert into mt_frame (matter, frame, result) values ($1, $2, '')", values, 2,
                      NULL, w->err);
}

static sh_code fix_frame(struct work *w, struct sh_str *next) {
    struct units units;
    const size_t n_strata = w->m.text->draw->n_strata;
    SH_TRY(read_units(w, &units));
    if (units.n == 0) {
        sh_failure_add(w, SH_FAIL_NEEDS, w->step->basis, SH_STR(""), M_DRAW_EMPTY);
        return SH_OK;
    }
    struct framing f = {.units = &units,
                        .of = sh_new(w->arena, struct sh_draw_unit, units.n + 1),
                        .strata = sh_new(w->arena, struct sh_draw_stratum, n_strata + 1),
                        .counts = sh_new(w->arena, uint64_t, n_strata + 1)};
    if (!f.of || !f.strata || !f.counts)
        return sh_fail(w->err, SH_E_NOMEM, "no room for a frame");
    SH_TRY(unit_facts(w, &units, next));
    SH_TRY(sort_units(w, &f));
    w->facts = NULL; /* the step's own facts have no units in them */
    return plan(w, &f) ? keep_frame(w, &f, next) : SH_OK;
}

/* ---- the sample -------------------------------------------------------------------------------------- */

static sh_code add_item(struct work *w, const struct unit *unit, struct sh_str stratum,
                        struct sh_tally *tally) {
    const struct sh_machine *items = w->m.text->items;
    struct sh_str *values = sh_new(w->arena, struct sh_str, items->n_fields + 1);
    if (!values)
        return sh_fail(w->err, SH_E_NOMEM, "no room for an item");
    SH_TRY(sh_fields_parse(items, unit->fields, w->arena, values, w->err));
    const int32_t at = sh_machine_field(items, SH_STR("stratum"));
    if (at >= 0)
        values[at] = stratum;
    struct item item = {.matter = w->m.id,
                        .key = sh_textf(w->arena, "%.*s|%.*s", SH_ARG(w->m.number), SH_ARG(unit->id)),
                        .procedure = w->m.text->id,
                        .state = items->states[0].id,
                        .place = w->m.place,
                        .body = w->m.body,
                        .institution = unit->institution,
                        .party_body = SH_STR(""),
                        .rule = SH_STR(""),
                        .name = unit->id,
                        .level = SH_STR(""),
                        .person = SH_STR(""),
                        .say = SH_STR(""),
                        .run = unit->origin,
                        .receipt = SH_STR(""),
                        .assigned = SH_STR(""),
                        .day = unit->day,
                        .amount = unit->amount,
                        .fund_amount = unit->fund_amount};
    SH_TRY(sh_fields_text(items, values, w->arena, &item.fields, w->err));
    SH_TRY(sh_item_save(w, &item, w->step->id, SH_STR(""), SH_STR(""), SH_STR("")));
    return sh_tally_add(w, tally, item.state, 1, item.amount);
}

static sh_code take_sample(struct work *w, struct sh_str text, const struct sh_draw_frame *frame,
                           const uint8_t (*values)[SH_DRAW_VALUE_BYTES]) {
    SH_CLEANUP(sh_buf_free) struct sh_buf result = {0};
    struct sh_drawn *drawn = NULL;
    struct units units;
    struct sh_tally tally = {.n_states = 0};
    size_t n = 0;
    SH_TRY(sh_draw_run(text, frame, values, w->arena, &drawn, &n, w->err));
    SH_TRY(sh_draw_result_write(text, frame, values, drawn, n, &result, w->err));
    SH_TRY(read_units(w, &units));
    for (size_t i = 0; i < n; i++) {
        const struct unit want = {.id = frame->units[drawn[i].unit].id};
        const struct unit *unit = bsearch(&want, units.of, units.n, sizeof *units.of, by_id);
        if (!unit)
            return sh_fail(w->err, SH_E_CORRUPT, "unit %.*s of the frame is gone", SH_ARG(want.id));
        SH_TRY(add_item(w, unit, frame->strata[drawn[i].stratum].name, &tally));
    }
    SH_TRY(sh_tally_write(w->txn, &tally, w->err));
    const struct sh_str view = sh_buf_view(&result);
    const struct sh_value row[] = {SH_TEXT(w->m.id), SH_TEXT(view)};
    return sh_sql_run(w->txn, "update mt_frame set result = $2 where matter = $1", row, 2, NULL, w->err);
}

static sh_code draw_sample(struct work *w, struct sh_str *next) {
    const struct sh_draw_text *draw = w->m.text->draw;
    uint8_t values[SH_DRAW_SEALS_MAX][SH_DRAW_VALUE_BYTES], digest[SH_DIGEST_BYTES];
    char hex[SH_DIGEST_HEX_MAX];
    struct sh_draw_frame frame;
    struct sh_rows rows;
    SH_TRY(check_values(w, next));
    for (size_t i = 0; i < draw->n_seats; i++)
        if (!sh_unhex(next[draw->values[i]], values[i], SH_DRAW_VALUE_BYTES)) {
            const struct sh_field *field = &w->m.text->matter.fields[draw->values[i]];
            sh_failure_add(w, SH_FAIL_NEEDS, w->step->basis, field->id, M_NEEDS, SH_ARG(field->name));
        }
    if (w->failures->n)
        return SH_OK;
    SH_TRY(sh_sql_query(w->txn, "select frame from mt_frame where matter = $1", &SH_TEXT(w->m.id), 1,
                        w->arena, &rows, w->err));
    const struct sh_str text = rows.n_rows ? sh_cell(&rows, 0, 0)->str : SH_STR("");
    SH_TRY(sh_draw_frame_read(text, w->arena, &frame, w->err));
    SH_TRY(sh_draw_frame_digest(kind_of(draw), text, digest, w->err));
    sh_hex(digest, sizeof digest, hex);
    if (!sh_str_is(next[draw->digest], hex)) {
        sh_failure_add(w, SH_FAIL_GUARD, w->step->basis, w->m.text->matter.fields[draw->digest].id,
                       M_DRAW_FRAME);
        return SH_OK;
    }
    return take_sample(w, text, &frame, (const uint8_t(*)[SH_DRAW_VALUE_BYTES])values);
}

sh_code sh_draw_step(struct work *w, struct sh_str *next) {
    if (!w->m.text->draw)
        return SH_OK;
    switch (w->step->draw) {
    case SH_DRAW_NONE:
        return SH_OK;
    case SH_DRAW_SEAL:
        return check_seals(w, next);
    case SH_DRAW_FRAME:
        return fix_frame(w, next);
    case SH_DRAW_OPEN:
        return check_values(w, next);
    case SH_DRAW_SAMPLE:
        return draw_sample(w, next);
    }
    return SH_OK;
}

/* ---- who reviewed first (W5) ------------------------------------------------------------------------- */

static bool is_named(const struct sh_str *names, size_t n, struct sh_str of, struct sh_str step) {
    for (size_t i = 0; i < n; i++) {
        const size_t dot = sh_str_find_char(names[i], '.');
        if (dot != SH_STR_NONE && sh_str_eq(sh_str_sub(names[i], 0, dot), of) &&
            sh_str_eq(sh_str_sub(names[i], dot + 1, names[i].len), step))
            return true;
    }
    return false;
}

sh_code sh_draw_separation(struct work *w, const struct sh_step *step, const struct item *item,
                           struct sh_rows *io_rows, struct sh_str *io_origin) {
    if (!w->m.text->draw || !w->who || (step->n_not_by == 0 && step->n_not_body_of == 0))
        return SH_OK;
    if (!sh_str_eq(*io_origin, item->run)) {
        SH_TRY(sh_sql_query(
            w->txn,
            "select distinct step, actor, body from mt_item_step where matter = $1 and role <> '' "
            "union select step, actor, body from mt_step where matter = $1",
            &SH_TEXT(item->run), 1, w->arena, io_rows, w->err));
        *io_origin = item->run;
    }
    const struct sh_str of = w->m.text->draw->of;
    bool is_person = false, is_body = false;
    struct sh_str person_step = SH_STR(""), body_step = SH_STR("");
    for (size_t i = 0; i < io_rows->n_rows; i++) {
        const struct sh_str done = sh_cell(io_rows, i, 0)->str;
        if (!is_person && is_named(step->not_by, step->n_not_by, of, done) &&
            sh_str_eq(sh_cell(io_rows, i, 1)->str, w->who->person))
            is_person = true, person_step = done;
        if (!is_body && is_named(step->not_body_of, step->n_not_body_of, of, done)) {
            SH_TRY(sh_same_body(w, w->used.body, sh_cell(io_rows, i, 2)->str, &is_body));
            body_step = done;
        }
    }
    if (is_person)
        sh_failure_add(w, SH_FAIL_SEPARATION, step->basis, SH_STR(""), M_SEPARATION, SH_ARG(person_step));
    if (is_body)
        sh_failure_add(w, SH_FAIL_BODY, step->basis, SH_STR(""), M_BODY, SH_ARG(body_step));
    return SH_OK;
}

/* ---- for everybody ----------------------------------------------------------------------------------- */

sh_code sh_draw_read(struct sh_txn *txn, const struct sh_desk *desk, struct sh_str id, bool is_result,
                     struct sh_str *ret, struct sh_err *err) {
    struct work w = sh_work_of(txn, desk, err);
    struct sh_rows rows;
    SH_TRY(sh_matter_enter(&w, id));
    SH_TRY(sh_sql_query(txn, "select frame, result from mt_frame where matter = $1", &SH_TEXT(w.m.id), 1,
                        desk->arena, &rows, err));
    if (rows.n_rows == 0 || sh_cell(&rows, 0, is_result)->str.len == 0)
        return sh_fail(err, SH_E_NOTFOUND, "nothing is drawn there");
    *ret = sh_cell(&rows, 0, is_result)->str;
    return SH_OK;
}
