/* What a province and its city lay over random rules and over the tables of data/knowledge: as the files that
 * are loaded, and, by hand, as the plain rules and tables that come of them at a place. */
#pragma once
#include "random_rule.h"
#include "base/csv.h"
#include "base/fs.h"
#include "base/limits.h"

enum { LAYERS = 2, LAYER_TABLES = 6, LAYER_ROWS = 64 };
static const char *const layer_codes[LAYERS] = {"990000", "990100"};
/* Places, and how many of the layers hold there. */
static const struct {
    const char *code;
    size_t n;
} layer_places[] = {{"000000", 0}, {"990000", 1}, {"990200", 1}, {"990100", 2}, {"990101", 2}, {"990100", 2}};

static inline void layer_write(const char *dir, const char *name, struct sh_str text) {
    char path[SH_PATH_BYTES_MAX];
    struct sh_err err;
    CHECK_OK(sh_path_join(path, dir, name, &err), &err);
    FILE *f = fopen(path, "w"); /* made for one round: it need not outlive a crash */
    CHECK(f != NULL && fwrite(text.at, 1, text.len, f) == text.len && fclose(f) == 0);
}

/* ---- rules
 * ----------------------------------------------------------------------------------------------- */

/* What one layer says of a rule: nothing, other words for some of its keys, or that it is off. */
enum saying { SAYS_NOTHING, SAYS_OTHER, SAYS_OFF };
struct laid_rule {
    struct random_rule rule;    /* at the place */
    struct sh_buf base, flat;   /* the widest file; what comes of all */
    struct sh_buf over[LAYERS]; /* overlays; empty: none */
    size_t added_by;            /* LAYERS: the nation */
    bool is_off, is_there;
};

/* Changes some keys and prints them as an overlay does. */
static inline void rule_change(struct rule_maker *m, struct random_rule *r, struct sh_buf *out) {
    static const char *const forces[] = {"in_force: {from: 2026-02-01}\n",
                                         "in_force: {from: 2024-03-01, to: 2026-02-28}\n"};
    static const enum clause clauses[] = {HIT, WHERE, UNLESS, DOUBT, BLAME};
    const bool is_free = !r->is_stat && !(r->amount && strstr(r->head, "of: [")); /* not of two tables */
    const size_t before = out->len;
    for (size_t c = 0; is_free && c < sizeof(clauses) / sizeof(clauses[0]); c++) {
        if (!rule_odds(m, c == 0 ? 40 : 20) || (clauses[c] == BLAME && (!m->many || m->window)))
            continue;
        r->clauses[clauses[c]] = rule_clause(m, clauses[c]);
        clause_print(r, clauses[c], out);
    }
    if (is_free && rule_odds(m, 30)) {
        struct random_rule other = {.head = r->head};
        amount_of(m, &other, strncmp(r->head, "pair", 4) == 0);
        if (other.amount) {
            r->amount = other.amount;
            r->clauses[AMOUNT] = other.clauses[AMOUNT],
            r->clauses[AMOUNT_LIMIT] = other.clauses[AMOUNT_LIMIT];
            amount_print(r, out);
        }
    }
    if (*r->limit && rule_odds(m, 50)) {
        r->limit = r->is_stat  ? RULE_PRINT(m, "bound: %s\n", LAKE_PICK(m->rng, rule_bounds))
                   : m->window ? RULE_PRINT(m, "window: {key: [%s], past: %s}\n", m->window_keys,
                                            LAKE_PICK(m->rng, rule_pasts))
                               : RULE_PRINT(m, "within: %s\n", LAKE_PICK(m->rng, rule_within));
        sh_buf_add_text(out, r->limit);
    }
    if (!r->is_stat && rule_odds(m, 25)) {
        r->level = LAKE_PICK(m->rng, rule_levels);
        sh_buf_addf(out, "level: %s\n", r->level);
    }
    if (m->table == SH_TABLE_LINE && rule_odds(m, 15)) {
        r->lines = rule_odds(m, 50) ? "lines: paid\n" : "lines: all\n";
        sh_buf_add_text(out, r->lines);
    }
    if (out->len == before || rule_odds(m, 15)) {
        r->in_force = LAKE_PICK(m->rng, forces);
        sh_buf_add_text(out, r->in_force);
    }
}

/* A rule and what layers make of it. False: one of its texts would be refused; try another. `compiles` says
 * so of a plain text. */
static inline bool laid_rule_make(struct laid_rule *l, const char *id, struct rule_maker *m, size_t n_here,
                                  bool (*compiles)(void *ctx, struct sh_str text), void *ctx) {
    rule_make(m, &l->rule);
    rule_print(&l->rule, id, &l->base);
    sh_buf_add_str(&l->flat, sh_buf_view(&l->base));
    if (!compiles(ctx, sh_buf_view(&l->base)))
        return false;
    l->added_by = rule_odds(m, 70) ? LAYERS : sh_rng_below(m->rng, LAYERS);
    l->is_there = l->added_by == LAYERS || l->added_by < n_here;
    l->is_off = false;
    for (size_t at = l->added_by == LAYERS ? 0 : l->added_by + 1; at < LAYERS; at++) {
        const enum saying says = rule_odds(m, 50) ? SAYS_OTHER : rule_odds(m, 15) ? SAYS_OFF : SAYS_NOTHING;
        if (says == SAYS_NOTHING)
            continue;
        sh_buf_addf(&l->over[at], "overlay: %s\nbasis:\n  - %s 的文件\n", id, layer_codes[at]);
        if (says == SAYS_OFF) {
            sh_buf_add_text(&l->over[at], "switch: off\n");
            l->is_off |= at < n_here;
            continue;
        }
        struct random_rule changed = l->rule;
        struct sh_buf flat SH_CLEANUP(sh_buf_free) = {0};
        rule_change(m, &changed, &l->over[at]);
        sh_buf_add_text(&l->over[at], "cases: []\n");
        rule_print(&changed, id, &flat);
        if (!compiles(ctx, sh_buf_view(&flat)))
            return false;
        l->rule = changed;
        if (at < n_here) {
            sh_buf_clear(&l->flat);
            sh_buf_add_str(&l->flat, sh_buf_view(&flat));
        }
    }
    return true;
}

static inline void laid_rule_clear(struct laid_rule *l) {
    sh_buf_clear(&l->base);
    sh_buf_clear(&l->flat);
    for (size_t at = 0; at < LAYERS; at++)
        sh_buf_clear(&l->over[at]);
}
static inline void laid_rule_free(struct laid_rule *l) {
    sh_buf_free(&l->base);
    sh_buf_free(&l->flat);
    for (size_t at = 0; at < LAYERS; at++)
        sh_buf_free(&l->over[at]);
}

/* ---- knowledge
 * ------------------------------------------------------------------------------------------- */

static const struct {
    const char *table, *key; /* whose key of a new point may be another */
    struct {
        const char *column, *cells[4];
    } changes[3];
} layer_tables[LAYER_TABLES] = {
    {"d_limit",
     "item",
     {{"max", {"0.5", "1", "2", "3"}},
      {"price", {"1.00", "10.00", "5.00", ""}},
      {"past", {"1", "3", "week", "15"}}}},
    {"d_course",
     "item",
     {{"days", {"1", "2", "3", "1"}}, {"gap", {"0", "1", "3", ""}}, {"span", {"0", "1", "0", "1"}}}},
    {"d_pair",
     "a",
     {{"within", {"day", "6 hours", "ever", "encounter"}},
      {"share", {"0.5", "1", "2", ""}},
      {"within", {"hour", "hour", "day", "ever"}}}},
    {"d_visit",
     "visit",
     {{"max", {"1", "2", "1", "0"}}, {"nights", {"1", "2", "3", ""}}, {"max", {"3", "2", "1", "0"}}}},
    {"d_allow",
     "item",
     {{"sex", {"男", "女", "", "男"}},
      {"spend", {"..100", "10..", "0..1", ""}},
      {"age", {"..18", "18..", "", "0..3"}}}},
    {"d_forbid",
     "item",
     {{"months", {"..12", "0..216", "", "12.."}},
      {"dx", {"I10", "K25", "", "I10.1"}},
      {"insurance", {"310", "390", "", "510"}}}}};
static const char *const layer_froms[] = {"2024-01-01", "2026-02-01", "2026-02-03", "2026-03-01"};
static const char *const layer_tos[] = {"", "", "2026-03-02", "2026-03-31"};

/* A row of a table with its validity apart; an end that is open is a word after all dates. */
struct laid_row {
    const struct sh_str *cells;
    struct sh_str from, to, level;
    bool is_off;
};
struct laid_table {
    struct sh_csv csv;  /* the nation's */
    struct sh_str head; /* its lines that begin with # */
    size_t point, from, to, level, source;
    struct laid_row rows[LAYER_ROWS];
    size_t n;
    struct sh_buf over[LAYERS], flat;
};
#define LAID_OPEN SH_STR("~")

static inline struct sh_str laid_cell(const struct laid_table *t, const struct sh_csv_row *row,
                                      size_t column) {
    (void)t;
    return column == SH_STR_NONE ? (struct sh_str){0} : row->cells[column];
}

static inline void laid_table_open(struct laid_table *t, const char *dir, const char *name,
                                   struct sh_arena *arena) {
    char path[SH_PATH_BYTES_MAX];
    struct sh_err err;
    struct sh_str text;
    CHECK_OK(sh_path_format(path, &err, "%s/%s.csv", dir, name), &err);
    CHECK_OK(sh_fs_read(path, SH_TEXT_FILE_BYTES_MAX, arena, &text, &err), &err);
    CHECK_OK(sh_csv_read(path, text, SH_CSV_COMMENTS, arena, &t->csv, &err), &err);
    const size_t end = sh_str_find(text, SH_STR("\npoint,"));
    t->head = sh_str_sub(text, 0, end + 1);
    t->point = sh_csv_column(&t->csv, SH_STR("point")), t->from = sh_csv_column(&t->csv, SH_STR("from"));
    t->to = sh_csv_column(&t->csv, SH_STR("to")), t->level = sh_csv_column(&t->csv, SH_STR("level"));
    t->source = sh_csv_column(&t->csv, SH_STR("source"));
    for (size_t i = 0; i < t->csv.n_rows; i++) {
        const struct sh_csv_row *row = &t->csv.rows[i];
        const struct sh_str to = laid_cell(t, row, t->to);
        t->rows[t->n++] = (struct laid_row){.cells = row->cells,
                                            .from = row->cells[t->from],
                                            .to = to.len ? to : LAID_OPEN,
                                            .level = laid_cell(t, row, t->level)};
    }
}

/* Takes the days of a narrower row from all wider rows of its point. */
static inline void laid_cut(struct laid_table *t, size_t n_wide, const struct laid_row *by) {
    for (size_t i = 0; i < n_wide; i++) {
        struct laid_row *wide = &t->rows[i];
        if (!sh_str_eq(wide->cells[t->point], by->cells[t->point]) || sh_str_cmp(by->to, wide->from) <= 0 ||
            sh_str_cmp(wide->to, by->from) <= 0)
            continue;
        CHECK(t->n < LAYER_ROWS);
        struct laid_row after = *wide;
        after.from = by->to;
        if (sh_str_cmp(by->to, wide->to) < 0)
            t->rows[t->n++] = after;
        wide->to = by->from; /* nothing is left when that is not after its beginning */
    }
}

/* Lays the rows of one layer over what is there. */
static inline void laid_lay(struct laid_table *t, const struct laid_row *rows, size_t n) {
    for (size_t i = 0; i < n; i++)
        laid_cut(t, t->n, &rows[i]);
    for (size_t i = 0; i < n; i++)
        if (!rows[i].is_off) {
            CHECK(t->n < LAYER_ROWS);
            t->rows[t->n++] = rows[i];
        }
}

static inline const struct sh_str *laid_copy(const struct laid_table *t, const struct sh_str *cells,
                                             size_t column, const char *value, struct sh_arena *arena) {
    struct sh_str *copy = sh_new(arena, struct sh_str, t->csv.header.n_cells);
    memcpy(copy, cells, t->csv.header.n_cells * sizeof(*copy));
    copy[column] = sh_str_of(value);
    return copy;
}

/* A point that stands in one row of the nation's, and that the other layer says nothing of. */
static inline const struct sh_csv_row *laid_single(const struct laid_table *t, struct sh_rng *rng,
                                                   const bool *used) {
    for (int attempt = 0; attempt < 12; attempt++) {
        const size_t r = sh_rng_below(rng, t->csv.n_rows);
        size_t same = 0;
        for (size_t i = 0; i < t->csv.n_rows; i++)
            same += sh_str_eq(t->csv.rows[i].cells[t->point], t->csv.rows[r].cells[t->point]);
        if (same == 1 && !used[r])
            return &t->csv.rows[r];
    }
    return NULL;
}

/* What a layer's file says: one column changed, points switched off, or rows with all columns. */
enum file_kind { FILE_CHANGE, FILE_OFF, FILE_WHOLE, FILE_KINDS };

/* One row of a layer's file: into the file, and as it stands with all its cells. False: no such point. */
static inline bool laid_row_make(struct laid_table *t, size_t which, enum file_kind kind, size_t change,
                                 bool *used, const char *code, struct rule_maker *m, struct laid_row *ret) {
    const struct sh_csv_row *row = kind == FILE_CHANGE ? laid_single(t, m->rng, used)
                                                       : &t->csv.rows[sh_rng_below(m->rng, t->csv.n_rows)];
    static const char *const levels[] = {"suspected", "certain", "off", "indicator"};
    if (!row || used[row - t->csv.rows])
        return false;
    used[row - t->csv.rows] = true;
    *ret = (struct laid_row){.cells = row->cells,
                             .from = sh_str_of(LAKE_PICK(m->rng, layer_froms)),
                             .to = sh_str_of(LAKE_PICK(m->rng, layer_tos)),
                             .level = laid_cell(t, row, t->level),
                             .is_off = kind == FILE_OFF};
    if (sh_str_cmp(ret->from, ret->to) >= 0)
        ret->to = (struct sh_str){0};
    if (kind == FILE_CHANGE) {
        const char *const *cells = layer_tables[which].changes[change].cells;
        ret->cells = laid_copy(t, row->cells,
                               sh_csv_column(&t->csv, sh_str_of(layer_tables[which].changes[change].column)),
                               cells[sh_rng_below(m->rng, 4)], m->arena);
    }
    if (kind == FILE_WHOLE) {
        ret->level = sh_str_of(LAKE_PICK(m->rng, levels));
        ret->is_off = sh_str_is(ret->level, "off");
        if (rule_odds(m, 50)) {
            ret->cells = laid_copy(t, row->cells, t->point, RULE_PRINT(m, "new-%s", code), m->arena);
            ret->cells =
                laid_copy(t, ret->cells, sh_csv_column(&t->csv, sh_str_of(layer_tables[which].key)),
                          which == 3 ? lake_word(m->rng, "visit") : LAKE_PICK(m->rng, lake_items), m->arena);
        }
    }
    return true;
}

/* The header of a layer's file of one kind. */
static inline void laid_header(const struct laid_table *t, size_t which, enum file_kind kind, size_t change,
                               struct sh_buf *out) {
    sh_buf_add_text(out, "point,from,to,source");
    if (kind == FILE_CHANGE)
        sh_buf_addf(out, ",%s", layer_tables[which].changes[change].column);
    else
        sh_buf_add_text(out, ",level");
    for (size_t c = 0; kind == FILE_WHOLE && c < t->csv.header.n_cells; c++)
        if (c != t->point && c != t->from && c != t->to && c != t->source && c != t->level)
            sh_buf_addf(out, ",%.*s", SH_ARG(t->csv.header.cells[c]));
    sh_buf_add_char(out, '\n');
}

static inline void laid_row_print(const struct laid_table *t, size_t which, enum file_kind kind,
                                  size_t change, const struct laid_row *r, struct sh_buf *out) {
    sh_buf_addf(out, "%.*s,%.*s,%.*s,测试", SH_ARG(r->cells[t->point]), SH_ARG(r->from), SH_ARG(r->to));
    if (kind == FILE_CHANGE)
        sh_buf_addf(
            out, ",%.*s",
            SH_ARG(r->cells[sh_csv_column(&t->csv, sh_str_of(layer_tables[which].changes[change].column))]));
    else
        sh_buf_addf(out, ",%.*s", SH_ARG(r->is_off ? SH_STR("off") : r->level));
    for (size_t c = 0; kind == FILE_WHOLE && c < t->csv.header.n_cells; c++)
        if (c != t->point && c != t->from && c != t->to && c != t->source && c != t->level)
            sh_buf_addf(out, ",%.*s", SH_ARG(r->cells[c]));
    sh_buf_add_char(out, '\n');
}

/* The whole table as it is at the place. */
static inline void laid_table_print(struct laid_table *t) {
    sh_buf_add_str(&t->flat, t->head);
    sh_buf_add_text(&t->flat, "point,from,to,source,level");
    for (size_t c = 0; c < t->csv.header.n_cells; c++)
        if (c != t->point && c != t->from && c != t->to && c != t->source && c != t->level)
            sh_buf_addf(&t->flat, ",%.*s", SH_ARG(t->csv.header.cells[c]));
    sh_buf_add_char(&t->flat, '\n');
    for (size_t i = 0; i < t->n; i++) {
        struct laid_row row = t->rows[i];
        if (sh_str_cmp(row.from, row.to) >= 0)
            continue;
        if (sh_str_eq(row.to, LAID_OPEN))
            row.to = (struct sh_str){0};
        laid_row_print(t, 0, FILE_WHOLE, 0, &row, &t->flat);
    }
}

static inline void laid_table_make(struct laid_table *t, size_t which, struct rule_maker *m, size_t n_here) {
    bool used[LAYER_ROWS] = {false};
    for (size_t at = 0; at < LAYERS; at++) {
        struct laid_row rows[4];
        size_t n = 0;
        if (rule_odds(m, 50))
            continue;
        const enum file_kind kind = (enum file_kind)sh_rng_below(m->rng, FILE_KINDS);
        const size_t change = sh_rng_below(m->rng, 3), wanted = 1 + sh_rng_below(m->rng, 3);
        laid_header(t, which, kind, change, &t->over[at]);
        for (size_t i = 0; i < wanted; i++) {
            if (!laid_row_make(t, which, kind, change, used, layer_codes[at], m, &rows[n]))
                continue;
            laid_row_print(t, which, kind, change, &rows[n], &t->over[at]);
            if (rows[n].to.len == 0)
                rows[n].to = LAID_OPEN;
            n++;
        }
        if (at < n_here)
            laid_lay(t, rows, n);
    }
    laid_table_print(t);
}
