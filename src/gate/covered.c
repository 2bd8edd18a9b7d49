#include "gate/covered.h"
#include "base/date.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "lake/lake.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* What lines lacked is kept with the batch, in the language of its papers. */
#define COVERED_MESSAGES(X)                                                                                  \
    X(GAP_FIELDS, "：", ": ")                                                                                \
    X(GAP_NEXT, "，", ", ")

enum covered_message { COVERED_MESSAGES(SH_MSG_ID) COVERED_MESSAGES_N };
static const struct sh_msg messages[] = {COVERED_MESSAGES(SH_MSG_ENTRY)};

enum { CHUNK_ROWS = 65536, SLOTS_FIRST = 4096, GAPS_BYTES_MAX = 3600 };

/* Lines of one institution (id of the dictionary) and month (year * 12 + month); n_received 0: free slot. */
struct slot {
    int32_t institution, month;
    int64_t n_received, n_run;
};

struct counting {
    struct sh_lake *lake;
    struct sh_reader *reader;
    struct slot *slots; /* [n_slots], a power of two */
    size_t n_slots, n_used;
    int institution, time, batch; /* columns */
    int32_t last_batch, as_of;    /* what the run had before it */
    int64_t n_then;               /* lines it had */
};

static void counting_end(struct counting *c) {
    if (c->reader)
        sh_reader_close(c->reader);
    if (c->lake)
        sh_lake_close(c->lake);
    sh_free(c->slots);
}

/* ---- the table --------------------------------------------------------------------------------------- */

static struct slot *find_slot(struct slot *slots, size_t n_slots, int32_t institution, int32_t month) {
    size_t at = ((uint32_t)institution * 2654435761u ^ (uint32_t)month * 40503u) & (n_slots - 1);
    while (slots[at].n_received && (slots[at].institution != institution || slots[at].month != month))
        at = (at + 1) & (n_slots - 1);
    return &slots[at];
}

static sh_code grow(struct counting *c, struct sh_err *err) {
    const size_t n = c->n_slots ? c->n_slots * 2 : SLOTS_FIRST;
    struct slot *slots = sh_alloc_array(n, sizeof *slots);
    if (!slots)
        return sh_fail(err, SH_E_NOMEM, "no room for institutions and months");
    for (size_t i = 0; i < c->n_slots; i++)
        if (c->slots[i].n_received)
            *find_slot(slots, n, c->slots[i].institution, c->slots[i].month) = c->slots[i];
    sh_free(c->slots);
    c->slots = slots, c->n_slots = n;
    return SH_OK;
}

static int32_t month_of(int32_t day) {
    const struct sh_civil civil = sh_civil_of(day);
    return civil.year * 12 + civil.month - 1;
}

/* Lines of a person stand by time: institution and month rarely change from one to the next. */
static sh_code take_chunk(struct counting *c, const struct sh_chunk *chunk, struct sh_err *err) {
    const void *const *columns = chunk->tables[SH_TABLE_LINE].columns;
    const int32_t *institution = columns[c->institution], *batch = columns[c->batch];
    const int64_t *time = columns[c->time];
    struct slot *slot = NULL;
    int32_t last_day = INT32_MIN, month = 0;
    for (uint32_t row = 0; row < chunk->tables[SH_TABLE_LINE].n_rows; row++) {
        if (time[row] == INT64_MIN || institution[row] < 0) {
            c->n_then += batch[row] <= c->last_batch && c->as_of == INT32_MAX;
            continue; /* of no month, or of nobody: in no batch */
        }
        const int32_t day = sh_day_of_time(time[row]);
        if (day != last_day)
            last_day = day, month = month_of(day);
        if (!slot || slot->institution != institution[row] || slot->month != month) {
            if (2 * (c->n_used + 1) > c->n_slots)
                SH_TRY(grow(c, err));
            slot = find_slot(c->slots, c->n_slots, institution[row], month);
            c->n_used += slot->n_received == 0;
            slot->institution = institution[row], slot->month = month;
        }
        const bool was_read = batch[row] <= c->last_batch && day <= c->as_of;
        slot->n_received++;
        slot->n_run += was_read;
        c->n_then += was_read;
    }
    return SH_OK;
}

static sh_code ask(const char *name, struct sh_selection *io, int *ret, struct sh_err *err) {
    *ret = sh_lake_column(SH_TABLE_LINE, name);
    if (*ret < 0)
        return sh_fail(err, SH_E_INTERNAL, "the lake has no column %s", name);
    io->columns[SH_TABLE_LINE] |= (uint64_t)1 << *ret;
    return SH_OK;
}

/* Lines of a state of the lake, the newest (0) or another. */
static sh_code count_lines(struct counting *c, struct sh_err *err) {
    struct sh_selection what = {0};
    SH_TRY(ask("institution", &what, &c->institution, err));
    SH_TRY(ask("time", &what, &c->time, err));
    SH_TRY(ask("batch", &what, &c->batch, err));
    SH_TRY(sh_reader_open(c->lake, &what, (struct sh_bucket_range){0, sh_lake_buckets(c->lake)}, INT32_MAX,
                          CHUNK_ROWS, &c->reader, err));
    for (;;) {
        const struct sh_chunk *chunk = NULL;
        SH_TRY(sh_reader_next(c->reader, &chunk, err));
        if (!chunk)
            return SH_OK;
        SH_TRY(take_chunk(c, chunk, err));
    }
}

/* ---- what is told ------------------------------------------------------------------------------------ */

static int by_institution_and_month(const void *a_at, const void *b_at) {
    const struct sh_covered_month *a = a_at, *b = b_at;
    const int by_institution = sh_str_cmp(a->institution, b->institution);
    return by_institution ? by_institution : sh_str_cmp(a->period, b->period);
}

static sh_code put_months(const struct counting *c, struct sh_arena *arena, struct sh_covered *ret,
                          struct sh_err *err) {
    const struct sh_dict_view *dict = NULL;
    SH_TRY(sh_lake_dict(c->lake, SH_DICT_INSTITUTION, &dict, err));
    struct sh_covered_month *of = sh_new(arena, struct sh_covered_month, c->n_used + 1);
    if (!of)
        return sh_fail(err, SH_E_NOMEM, "no room for institutions and months");
    for (size_t i = 0; i < c->n_slots; i++) {
        const struct slot *slot = &c->slots[i];
        if (slot->n_received == 0 || (uint32_t)slot->institution >= dict->n)
            continue;
        const struct sh_str code = dict->code[slot->institution];
        size_t len = 0;
        const char *institution = sh_arena_dup(arena, code.at, code.len),
                   *period =
                       sh_arena_printf(arena, &len, "%04d-%02d", slot->month / 12, slot->month % 12 + 1);
        if (!institution || !period)
            return sh_fail(err, SH_E_NOMEM, "no room for institutions and months");
        of[ret->n++] = (struct sh_covered_month){.institution = {institution, code.len},
                                                 .period = {period, len},
                                                 .n_received = slot->n_received,
                                                 .n_run = slot->n_run};
    }
    qsort(of, ret->n, sizeof *of, by_institution_and_month);
    ret->of = of;
    return SH_OK;
}

/* The words of one institution and month as they grow. */
struct words {
    struct sh_buf text;
    struct sh_str rule; /* of the last line */
    int64_t n_rules;
};

struct wording {
    struct words *of; /* [n] beside the months */
    size_t n;
};

static void wording_end(struct wording *w) {
    for (size_t i = 0; w->of && i < w->n; i++)
        sh_buf_free(&w->of[i].text);
    sh_free(w->of);
}

static struct sh_str name_of(const struct sh_run_about *about, struct sh_str rule) {
    for (size_t i = 0; i < about->summary.answers.n_rules; i++)
        if (sh_str_eq(about->summary.rules[i].id, rule))
            return about->summary.rules[i].name;
    return rule;
}

/* What a rule lacked stands together: those of one rule come one behind the other. */
static void put_lack(struct words *to, struct sh_str name, const struct sh_lack *lack) {
    const bool is_new = !sh_str_eq(to->rule, lack->rule);
    to->n_rules += is_new;
    to->rule = lack->rule;
    if (to->text.len > GAPS_BYTES_MAX)
        return;
    if (is_new)
        sh_buf_addf(&to->text, "%s%.*s", to->text.len ? "\n" : "", SH_ARG(name));
    sh_buf_add_text(&to->text, sh_msg(messages, is_new ? GAP_FIELDS : GAP_NEXT, SH_ZH));
    sh_buf_addf(&to->text, "%.*s %llu", SH_ARG(lack->field), (unsigned long long)lack->rows);
}

/* The months that a lack may be of: the one it names, or all of its institution or month. */
static void spread_lack(const struct sh_covered *covered, const struct sh_lack *lack, struct sh_str name,
                        struct words *words) {
    const struct sh_covered_month wanted = {.institution = lack->institution, .period = lack->month};
    if (lack->institution.len && lack->month.len) {
        const struct sh_covered_month *found =
            covered->n ? bsearch(&wanted, covered->of, covered->n, sizeof wanted, by_institution_and_month)
                       : NULL;
        if (found)
            put_lack(&words[found - covered->of], name, lack);
        return;
    }
    for (size_t i = 0; i < covered->n; i++)
        if ((!lack->institution.len || sh_str_eq(lack->institution, covered->of[i].institution)) &&
            (!lack->month.len || sh_str_eq(lack->month, covered->of[i].period)))
            put_lack(&words[i], name, lack);
}

/* Each institution and month is told what its own rows lacked, and what may have been its own. */
static sh_code put_gaps(const char *run_dir, const struct sh_run_about *about, struct sh_arena *arena,
                        struct sh_covered *io, struct sh_err *err) {
    SH_CLEANUP(wording_end) struct wording w = {.of = sh_alloc_array(io->n + 1, sizeof *w.of), .n = io->n};
    struct sh_covered_month *of = sh_new(arena, struct sh_covered_month, io->n + 1);
    struct sh_lack *lacks = NULL;
    struct sh_str name = SH_STR("");
    size_t n = 0;
    if (!w.of || !of)
        return sh_fail(err, SH_E_NOMEM, "no room for what a run lacked");
    SH_TRY(sh_run_lacks(run_dir, arena, &lacks, &n, err));
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || !sh_str_eq(lacks[i].rule, lacks[i - 1].rule))
            name = name_of(about, lacks[i].rule);
        spread_lack(io, &lacks[i], name, w.of);
    }
    for (size_t i = 0; i < io->n; i++) {
        const struct sh_buf *text = &w.of[i].text;
        SH_TRY(sh_buf_check(text, err));
        const char *copy = sh_arena_dup(arena, text->at ? text->at : "", text->len);
        if (!copy)
            return sh_fail(err, SH_E_NOMEM, "no room for what a run lacked");
        of[i] = io->of[i];
        of[i].gaps = (struct sh_str){copy, text->len}, of[i].n_gaps = w.of[i].n_rules;
    }
    io->of = of;
    return SH_OK;
}

bool sh_covered_is_whole(const struct sh_run_about *about) {
    return !about->summary.partial && about->known == INT32_MAX;
}

/* The state that the run read; its last batch. */
static sh_code state_of(const char *lake_dir, const struct sh_run_about *about, int32_t *ret_batch,
                        struct sh_err *err) {
    struct sh_lake *lake = NULL;
    const sh_code code = sh_lake_open(lake_dir, about->summary.manifest, &lake, err);
    if (code == SH_E_NOTFOUND)
        return sh_fail(err, code,
                       "run %.*s read state %llu of the lake, which is no longer kept: audit again",
                       SH_ARG(about->summary.run), (unsigned long long)about->summary.manifest);
    SH_TRY(code);
    *ret_batch = (int32_t)sh_lake_last_batch(lake);
    sh_lake_close(lake);
    return SH_OK;
}

sh_code sh_covered_count(const char *lake_dir, const struct sh_run_about *about, struct sh_arena *arena,
                         struct sh_covered *ret, struct sh_err *err) {
    SH_CLEANUP(counting_end) struct counting c = {.as_of = about->as_of};
    const struct sh_answers *a = &about->summary.answers;
    ret->run = about->summary.run, ret->place = about->place;
    SH_TRY(state_of(lake_dir, about, &c.last_batch, err));
    SH_TRY(sh_lake_open(lake_dir, 0, &c.lake, err));
    SH_TRY(count_lines(&c, err));
    const bool is_newest = sh_lake_manifest(c.lake) == about->summary.manifest;
    const uint64_t n_told = a->lines + a->void_lines + a->refund_lines;
    if (is_newest && c.as_of == INT32_MAX && (uint64_t)c.n_then != n_told)
        return sh_fail(err, SH_E_CORRUPT, "run %.*s counted %llu lines, the lake's state %llu holds %lld",
                       SH_ARG(about->summary.run), (unsigned long long)n_told,
                       (unsigned long long)about->summary.manifest, (long long)c.n_then);
    char run_dir[SH_PATH_BYTES_MAX];
    SH_TRY(sh_path_format(run_dir, err, "%s/audits/%.*s", lake_dir, SH_ARG(about->summary.run)));
    SH_TRY(put_months(&c, arena, ret, err));
    return put_gaps(run_dir, about, arena, ret, err);
}
