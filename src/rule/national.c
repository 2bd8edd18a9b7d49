/* The national publications become knowledge tables: every row read is written, superseded or listed as
 * unresolved. */
#include "rule/national.h"
#include "base/date.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "rule/names.h"
#include <assert.h>

/* When each of the first eight batches was published; later ones carry the day in the file. */
static const struct {
    const char *batch, *day;
} batch_days[] = {{"1", "2025-05-23"}, {"2", "2025-07-22"}, {"3", "2025-07-30"}, {"4", "2025-08-08"},
                  {"5", "2025-08-14"}, {"6", "2025-08-26"}, {"7", "2025-12-12"}, {"8", "2026-01-06"}};

/* How a published file is recognised, and where its columns lie. -1: it has none. */
struct layout {
    const char *header;
    const char *batch; /* NULL: in the file, or told by the kind of limit */
    int class;         /* -1: told by the kind of limit, -2: by class name in the file, -3: by the remark */
    int name, text, code, code2, kind, cell, cell2;
};
static const struct layout layouts[] = {
    {"kp_id,rule_class,rule_code,code,item_name,constraint,detect_logic,batch,published,supersedes", NULL, -2,
     4, 5, 3, -1, -1, -1, -1},
    {"药品通用名,序号,国标代码,限定类型", NULL, -1, 0, -1, 2, -1, 3, -1, -1},
    {"药品通用名,序号,药品代码,限定类型", NULL, -1, 0, -1, 2, -1, 3, -1, -1},
    {"药品通用名,药品说明,限定类型,限定对象", NULL, -1, 0, 1, -1, -1, 2, 3, -1},
    {"药品通用名,药品说明,限定类型,限定值域", NULL, -1, 0, 1, -1, -1, 2, 3, -1},
    {"项目名称,国标代码,限定类型,限定对象", "1", SH_NATIONAL_SERVICE_CHILD, 0, -1, 1, -1, -1, 3, -1},
    {"项目名称,项目说明,国标代码,限定类型,限定性别", "1", SH_NATIONAL_SERVICE_SEX, 0, 1, 2, -1, -1, 4, -1},
    {"项目名称,项目说明,国标代码,限定类型,限定值域", "2", SH_NATIONAL_SURGERY, 0, 1, 2, -1, -1, 4, -1},
    {"序号,频度,主项名称,主项编码,从项名称,从项编码,备注", "7", SH_NATIONAL_PAIR, 2, 6, 3, 5, -1, 1, -1},
    {"序号,项目名称,备注,项目代码", "8", -3, 1, 2, 3, -1, -1, -1, -1},
    {"序号,项目名称,限制数量,数量单位,项目编码", "8", SH_NATIONAL_FREQUENCY, 1, -1, 4, -1, -1, 2, 3},
    {"序号,项目名称,频次上限,疗程周期,备注,项目代码", "8", SH_NATIONAL_PERIOD, 1, 4, 5, -1, -1, 2, 3},
};
enum { N_LAYOUTS = sizeof(layouts) / sizeof(layouts[0]) };

/* 限定类型 of the drug batches; 保险 is split by its cell, 年龄 cannot be split without the flat table. */
static const struct {
    const char *kind, *batch;
    int class;
} kinds[] = {{"限定性别对象", "1", SH_NATIONAL_DRUG_SEX}, {"限定年龄对象", "1", SH_NATIONAL_DRUG_CHILD},
             {"限定保险类型", "3", SH_NATIONAL_INJURY},   {"限定就医方式", "4", SH_NATIONAL_VISIT},
             {"限定机构等级", "5", SH_NATIONAL_LEVEL},    {"限定支付疗程", "6", SH_NATIONAL_DRUG_COURSE}};

/* A row as read: which file, which line, which point. */
struct reference {
    uint32_t file, line, point; /* point UINT32_MAX: none */
    struct sh_str code, name;
    const char *reason; /* point none: why */
};

struct import {
    struct sh_arena *arena;
    struct sh_names ids, keys, codes;
    struct sh_national_point *points;
    size_t n_points, cap_points;
    int32_t *key_point; /* by number of a key: first point */
    size_t cap_key_point;
    struct reference *refs;
    size_t n_refs, cap_refs;
    struct sh_err *err;
};
static void import_release(struct import *im) {
    sh_free(im->points);
    sh_free(im->key_point);
    sh_free(im->refs);
}

static struct sh_str cell_at(const struct sh_csv_row *row, int column) {
    return column < 0 ? (struct sh_str){0} : sh_str_trim(row->cells[column]);
}

/* ---- points
 * ----------------------------------------------------------------------------------------------------- */

static sh_code point_of_id(struct import *im, struct sh_str id, enum sh_national_class class,
                           struct sh_national_point **ret) {
    int32_t number;
    SH_TRY(sh_names_add(&im->ids, id, im->arena, &number, im->err));
    if ((size_t)number == im->n_points) {
        SH_TRY(sh_grow(&im->points, &im->cap_points, im->n_points + 1, sizeof(*im->points), UINT32_MAX,
                       im->err));
        im->points[im->n_points++] =
            (struct sh_national_point){.class = class, .id = id, .superseded_by = -1, .inherits = -1};
    }
    *ret = &im->points[number];
    return SH_OK;
}

static sh_code add_code(struct import *im, struct sh_national_point *p, struct sh_str code) {
    int32_t number;
    if (code.len == 0)
        return SH_OK;
    SH_TRY(sh_names_add(&im->codes, code, im->arena, &number, im->err));
    for (size_t i = 0; i < p->n_codes; i++)
        if (p->codes[i] == (uint32_t)number)
            return SH_OK;
    if (p->n_codes == p->cap_codes) {
        const size_t cap = p->cap_codes ? 2 * p->cap_codes : 4;
        uint32_t *codes = sh_new(im->arena, uint32_t, cap);
        if (!codes)
            return sh_fail(im->err, SH_E_NOMEM, "no room for codes");
        if (p->n_codes)
            memcpy(codes, p->codes, p->n_codes * sizeof(*codes));
        p->codes = codes, p->cap_codes = cap;
    }
    p->codes[p->n_codes++] = (uint32_t)number;
    return SH_OK;
}

static bool is_drug(enum sh_national_class class) {
    return class == SH_NATIONAL_INJURY || class == SH_NATIONAL_MATERNITY || class == SH_NATIONAL_DRUG_AGE ||
           class == SH_NATIONAL_DRUG_COURSE || class == SH_NATIONAL_LEVEL || class == SH_NATIONAL_VISIT ||
           class == SH_NATIONAL_DRUG_CHILD || class == SH_NATIONAL_DRUG_SEX;
}
/* Classes that share a table in the batches. */
static enum sh_national_class family(enum sh_national_class class) {
    return class == SH_NATIONAL_MATERNITY  ? SH_NATIONAL_INJURY
           : class == SH_NATIONAL_DRUG_AGE ? SH_NATIONAL_DRUG_CHILD
                                           : class;
}

/* By what the batch tables and the flat table know the same point: drugs by batch and name, services by their
 * code. */
static sh_code key_of(struct import *im, const struct sh_national_point *p, struct sh_str a, struct sh_str b,
                      struct sh_str *ret) {
    size_t len;
    const char *text =
        is_drug(p->class)
            ? sh_arena_printf(im->arena, &len, "%d|%.*s|%.*s", (int)family(p->class), SH_ARG(p->batch),
                              SH_ARG(p->name))
            : sh_arena_printf(im->arena, &len, "%d|%.*s|%.*s", (int)p->class, SH_ARG(a), SH_ARG(b));
    if (!text)
        return sh_fail(im->err, SH_E_NOMEM, "no room for a key");
    *ret = (struct sh_str){text, len};
    return SH_OK;
}

static sh_code remember_key(struct import *im, struct sh_str key, uint32_t point) {
    int32_t number;
    const size_t before = im->keys.n;
    SH_TRY(sh_names_add(&im->keys, key, im->arena, &number, im->err));
    if ((size_t)number < before)
        return SH_OK; /* the first point of a key stands for it */
    SH_TRY(
        sh_grow(&im->key_point, &im->cap_key_point, im->keys.n, sizeof(*im->key_point), UINT32_MAX, im->err));
    im->key_point[number] = (int32_t)point;
    return SH_OK;
}

static sh_code refer(struct import *im, struct reference ref) {
    SH_TRY(sh_grow(&im->refs, &im->cap_refs, im->n_refs + 1, sizeof(*im->refs), UINT32_MAX, im->err));
    im->refs[im->n_refs++] = ref;
    return SH_OK;
}

/* ---- the flat table
 * --------------------------------------------------------------------------------------------- */

static sh_code read_flat_row(struct import *im, uint32_t file, const struct sh_csv *csv,
                             const struct sh_csv_row *row) {
    enum { ID, CLASS, CODE = 3, NAME, TEXT, BATCH = 7, PUBLISHED, SUPERSEDES };
    struct reference ref = {.file = file,
                            .line = (uint32_t)row->line,
                            .point = UINT32_MAX,
                            .code = cell_at(row, CODE),
                            .name = cell_at(row, NAME)};
    int class = -1;
    for (int c = 0; c < SH_NATIONAL_CLASSES; c++)
        if (sh_str_is(cell_at(row, CLASS), sh_national_tables[c].class_name))
            class = c;
    if (class < 0 || ref.code.len == 0) {
        ref.reason = class < 0 ? "本程序不认识的规则类别" : "没有编码：是说明，不是知识点";
        return refer(im, ref);
    }
    struct sh_national_point *p;
    SH_TRY(point_of_id(im, cell_at(row, ID), (enum sh_national_class) class, &p));
    ref.point = (uint32_t)(p - im->points);
    if (p->n_codes == 0) {
        p->name = ref.name, p->text = cell_at(row, TEXT), p->batch = cell_at(row, BATCH),
        p->supersedes = cell_at(row, SUPERSEDES);
        const struct sh_str day = cell_at(row, PUBLISHED);
        if (sh_date_scan(day.at, day.len, &p->published) != SH_DATE_OK)
            return sh_csv_fail(im->err, SH_E_INPUT, csv, row, PUBLISHED, "'%.*s' is no date", SH_ARG(day));
    }
    SH_TRY(add_code(im, p, ref.code));
    return refer(im, ref);
}

/* Keys once all codes of a point are there: a pair has two rows. */
static sh_code key_flat_points(struct import *im) {
    for (size_t i = 0; i < im->n_points; i++) {
        const struct sh_national_point *p = &im->points[i];
        struct sh_str key, b = p->class == SH_NATIONAL_SURGERY ? p->text : (struct sh_str){0};
        if (p->class == SH_NATIONAL_PAIR && p->n_codes == 2)
            b = im->codes.at[p->codes[1]];
        SH_TRY(key_of(im, p, im->codes.at[p->codes[0]], b, &key));
        SH_TRY(remember_key(im, key, (uint32_t)i));
    }
    return SH_OK;
}

/* ---- the batches
 * ------------------------------------------------------------------------------------------------ */

static int class_of_row(const struct layout *l, const struct sh_csv_row *row, struct sh_str *ret_batch) {
    *ret_batch = sh_str_of(l->batch);
    if (l->class >= 0)
        return l->class;
    if (l->class == -3)
        return sh_str_find(cell_at(row, l->text), SH_STR("法定就业年龄")) != SH_STR_NONE
                   ? SH_NATIONAL_SERVICE_AGE
                   : SH_NATIONAL_SERVICE_COURSE;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (sh_str_is(cell_at(row, l->kind), kinds[i].kind)) {
            *ret_batch = sh_str_of(kinds[i].batch);
            return kinds[i].class;
        }
    return -1;
}

static int32_t day_of_batch(struct sh_str batch) {
    int32_t day = 0;
    for (size_t i = 0; i < sizeof(batch_days) / sizeof(batch_days[0]); i++)
        if (sh_str_is(batch, batch_days[i].batch) &&
            sh_date_scan(batch_days[i].day, strlen(batch_days[i].day), &day) != SH_DATE_OK)
            day = 0;
    return day;
}

/* A point that only the batches know gets an id from what it is known by. */
static sh_code own_point(struct import *im, const struct sh_national_point *like, struct sh_str key,
                         struct sh_national_point **ret) {
    size_t len;
    const char *id = sh_arena_printf(im->arena, &len, "B%.*s-%s-%016llx", SH_ARG(like->batch),
                                     sh_national_tables[like->class].table,
                                     (unsigned long long)sh_hash64(key.at, key.len, 0));
    if (!id)
        return sh_fail(im->err, SH_E_NOMEM, "no room for an id");
    SH_TRY(point_of_id(im, (struct sh_str){id, len}, like->class, ret));
    if ((*ret)->name.len == 0)
        (*ret)->name = like->name, (*ret)->batch = like->batch, (*ret)->published = day_of_batch(like->batch);
    return remember_key(im, key, (uint32_t)(*ret - im->points));
}

static sh_code read_batch_row(struct import *im, uint32_t file, const struct layout *l,
                              const struct sh_csv_row *row) {
    struct reference ref = {.file = file,
                            .line = (uint32_t)row->line,
                            .point = UINT32_MAX,
                            .code = cell_at(row, l->code),
                            .name = cell_at(row, l->name)};
    struct sh_national_point like = {.name = ref.name, .text = cell_at(row, l->text)};
    const int class = class_of_row(l, row, &like.batch);
    const bool has_item =
        is_drug((enum sh_national_class)(class < 0 ? SH_NATIONAL_CLASSES : class)) || ref.code.len > 0;
    if (class < 0 || !has_item) {
        ref.reason = class < 0 ? "不认识的限定类型" : "没有编码：是说明，不是知识点";
        return refer(im, ref);
    }
    like.class = (enum sh_national_class) class;
    const struct sh_str cell = cell_at(row, l->cell),
                        second = class == SH_NATIONAL_SURGERY ? cell : cell_at(row, l->code2);
    struct sh_str key;
    SH_TRY(key_of(im, &like, ref.code, second, &key));
    const int32_t known = sh_names_find(&im->keys, key);
    sh_check(known < 0 || im->key_point);
    struct sh_national_point *p = known < 0 ? NULL : &im->points[im->key_point[known]];
    if (!p)
        SH_TRY(own_point(im, &like, key, &p));
    ref.point = (uint32_t)(p - im->points);
    if (p->text.len == 0)
        p->text = like.text;
    if (cell.len > 0)
        p->cell = cell, p->cell2 = cell_at(row, l->cell2);
    if (p->class == SH_NATIONAL_INJURY && sh_str_is(cell, "生育"))
        p->class = SH_NATIONAL_MATERNITY;
    SH_TRY(add_code(im, p, ref.code));
    SH_TRY(add_code(im, p, cell_at(row, l->code2)));
    return refer(im, ref);
}

/* ---- files
 * ------------------------------------------------------------------------------------------------------ */

static sh_code recognise(struct import *im, const struct sh_csv *csv, const struct layout **ret) {
    SH_CLEANUP(sh_buf_free) struct sh_buf header = {0};
    for (size_t i = 0; i < csv->header.n_cells; i++) {
        if (i)
            sh_buf_add_char(&header, ',');
        sh_buf_add_str(&header, csv->header.cells[i]);
    }
    SH_TRY(sh_buf_check(&header, im->err));
    for (size_t i = 0; i < N_LAYOUTS; i++)
        if (sh_str_is(sh_buf_view(&header), layouts[i].header)) {
            *ret = &layouts[i];
            return SH_OK;
        }
    return sh_fail(im->err, SH_E_INPUT, "%s:1: not one of the published tables; its header is '%.*s'",
                   csv->name,
                   SH_ARG(sh_str_sub(sh_buf_view(&header), 0, sh_utf8_cut(sh_buf_view(&header), 200))));
}

static sh_code read_all(struct import *im, const char *const *files, size_t n) {
    struct sh_csv *tables = sh_new(im->arena, struct sh_csv, n);
    const struct layout **kinds_of = sh_new(im->arena, const struct layout *, n);
    if (!tables || !kinds_of)
        return sh_fail(im->err, SH_E_NOMEM, "no room for %zu files", n);
    for (size_t i = 0; i < n; i++) {
        SH_TRY(sh_csv_read_file(files[i], SH_CSV_PLAIN, im->arena, &tables[i], im->err));
        SH_TRY(recognise(im, &tables[i], &kinds_of[i]));
    }
    for (size_t i = 0; i < n; i++)
        for (size_t r = 0; kinds_of[i] == &layouts[0] && r < tables[i].n_rows; r++)
            SH_TRY(read_flat_row(im, (uint32_t)i, &tables[i], &tables[i].rows[r]));
    SH_TRY(key_flat_points(im));
    for (size_t i = 0; i < n; i++)
        for (size_t r = 0; kinds_of[i] != &layouts[0] && r < tables[i].n_rows; r++)
            SH_TRY(read_batch_row(im, (uint32_t)i, kinds_of[i], &tables[i].rows[r]));
    return SH_OK;
}

/* ---- meaning
 * ---------------------------------------------------------------------------------------------------- */

/* A class is fully revised when nine in ten of its earlier points have successors; what has none is possibly
 * repealed. */
static void mark_repealed(struct import *im) {
    int32_t last[SH_NATIONAL_CLASSES] = {0};
    size_t all[SH_NATIONAL_CLASSES] = {0}, gone[SH_NATIONAL_CLASSES] = {0};
    for (size_t i = 0; i < im->n_points; i++)
        if (im->points[i].published > last[im->points[i].class])
            last[im->points[i].class] = im->points[i].published;
    for (size_t i = 0; i < im->n_points; i++) {
        const struct sh_national_point *p = &im->points[i];
        if (p->published < last[p->class])
            all[p->class]++, gone[p->class] += p->superseded_by >= 0;
    }
    for (size_t i = 0; i < im->n_points; i++) {
        struct sh_national_point *p = &im->points[i];
        const size_t n = gone[p->class];
        p->is_repealed = p->superseded_by < 0 && p->inherits < 0 && p->published < last[p->class] && n > 0 &&
                         10 * n >= 9 * all[p->class];
    }
}

static sh_code settle_points(struct import *im) {
    for (size_t i = 0; i < im->n_points; i++) {
        const int32_t old = sh_names_find(&im->ids, im->points[i].supersedes);
        if (im->points[i].supersedes.len == 0 || old < 0)
            continue;
        im->points[i].inherits = old;
        im->points[old].superseded_by = (int32_t)i;
    }
    for (size_t i = 0; i < im->n_points; i++) {
        struct sh_national_point *p = &im->points[i];
        struct sh_str inherited = {0};
        const int32_t old = p->inherits;
        if (old >= 0 && im->points[old].class == p->class)
            inherited = im->points[old].cell;
        SH_TRY(sh_national_limit(p, inherited, im->arena, im->err));
        if (!p->limit.reason && p->n_codes == 0)
            p->limit.reason = "没有编码：缺同批次的编码表";
        /* Without the flat table one batch holds two classes under one word. */
        if (!p->limit.reason && p->class == SH_NATIONAL_DRUG_CHILD &&
            sh_str_starts_with(p->id, SH_STR("B1-")))
            p->limit.reason = "第1批把药品儿童专用与限儿童使用并为一表，需扁平表区分";
        if (!p->limit.reason && p->published == 0)
            p->limit.reason = "没有公布日期";
    }
    mark_repealed(im);
    return SH_OK;
}

/* ---- writing
 * ---------------------------------------------------------------------------------------------------- */

static struct sh_str join_codes(const struct import *im, const struct sh_national_point *p,
                                struct sh_buf *buf) {
    sh_buf_clear(buf);
    for (size_t i = 0; i < p->n_codes; i++) {
        if (i)
            sh_buf_add_char(buf, '|');
        sh_buf_add_str(buf, im->codes.at[p->codes[i]]);
    }
    return sh_buf_view(buf);
}

static void write_row(const struct import *im, const struct sh_national_point *p, struct sh_str item,
                      size_t alternative, struct sh_csv_writer *w) {
    const struct sh_national_table *t = &sh_national_tables[p->class];
    const struct sh_national_point *next = p->superseded_by >= 0 ? &im->points[p->superseded_by] : NULL;
    sh_csv_cell(w, p->id);
    sh_csv_cell(w, p->name);
    if (p->class == SH_NATIONAL_PAIR) {
        sh_csv_cell(w, im->codes.at[p->codes[0]]);
        sh_csv_cell(w, im->codes.at[p->codes[1]]);
    } else
        sh_csv_cell(w, item);
    for (int c = 0; c < SH_LIMIT_CELLS && t->columns[c]; c++)
        sh_csv_cell(w, p->limit.cells[alternative][c]);
    sh_csv_cell_text(w, p->is_repealed ? "suspected" : p->limit.level);
    sh_csv_cell_date(w, p->published);
    /* A successor that is written says so itself; one that could not be read still ends this point. */
    if (next && (next->limit.reason || next->class != p->class))
        sh_csv_cell_date(w, next->published);
    else
        sh_csv_cell_text(w, "");
    const bool ends = p->inherits >= 0 && !im->points[p->inherits].limit.reason &&
                      im->points[p->inherits].class == p->class;
    sh_csv_cell(w, ends ? p->supersedes : (struct sh_str){0});
    sh_csv_cellf(w, "国家医保局知识点 批次%.*s：%.*s", SH_ARG(p->batch), SH_ARG(p->text));
    sh_csv_end_row(w);
}

/* One row of herb_single is its whole list. */
static void write_single(const struct import *im, struct sh_buf *codes, struct sh_csv_writer *w) {
    const struct sh_national_point *first = NULL;
    sh_buf_clear(codes);
    for (size_t i = 0; i < im->n_points; i++) {
        const struct sh_national_point *p = &im->points[i];
        if (p->class != SH_NATIONAL_HERB_SINGLE || p->limit.reason)
            continue;
        first = first && first->published <= p->published ? first : p;
        for (size_t c = 0; c < p->n_codes; c++) {
            if (codes->len)
                sh_buf_add_char(codes, '|');
            sh_buf_add_str(codes, im->codes.at[p->codes[c]]);
        }
    }
    if (!first)
        return;
    struct sh_national_point all = *first;
    all.id = SH_STR("herb-single"), all.name = SH_STR("全部名单");
    write_row(im, &all, sh_buf_view(codes), 0, w);
}

static int by_published_id(const void *a, const void *b, void *ctx) {
    const struct import *im = ctx;
    const struct sh_national_point *x = &im->points[*(const uint32_t *)a],
                                   *y = &im->points[*(const uint32_t *)b];
    return x->published != y->published ? (x->published < y->published ? -1 : 1) : sh_str_cmp(x->id, y->id);
}

static sh_code save(const char *dir, const char *table, const struct sh_buf *text, struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    SH_TRY(sh_buf_check(text, err));
    SH_TRY(sh_path_format(path, err, "%s/%s.csv", dir, table));
    return sh_fs_write(path, sh_buf_view(text), err);
}

static sh_code write_class(struct import *im, enum sh_national_class class, const char *dir,
                           const uint32_t *order, size_t *ret_points) {
    const struct sh_national_table *t = &sh_national_tables[class];
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf codes = {0};
    struct sh_csv_writer w = {.buf = &text};
    size_t n = 0;
    for (size_t i = 0; i < im->n_points; i++)
        n += im->points[i].class == class && !im->points[i].limit.reason;
    *ret_points += n;
    if (n == 0)
        return SH_OK;
    sh_buf_addf(&text, "#! title: %s\n%s", t->class_name, t->header);
    static const char *const head[] = {"point", "name"}, *const tail[] = {"level", "from", "to", "supersedes",
                                                                          "source"};
    for (int i = 0; i < 2; i++)
        sh_csv_cell_text(&w, head[i]);
    sh_csv_cell_text(&w, class == SH_NATIONAL_HERB_SINGLE ? "herbs"
                         : class == SH_NATIONAL_PAIR      ? "a"
                                                          : "item");
    if (class == SH_NATIONAL_PAIR)
        sh_csv_cell_text(&w, "b");
    for (int c = 0; c < SH_LIMIT_CELLS && t->columns[c]; c++)
        sh_csv_cell_text(&w, t->columns[c]);
    for (int i = 0; i < 5; i++)
        sh_csv_cell_text(&w, tail[i]);
    sh_csv_end_row(&w);
    if (class == SH_NATIONAL_HERB_SINGLE)
        write_single(im, &codes, &w);
    for (size_t i = 0; class != SH_NATIONAL_HERB_SINGLE && i < im->n_points; i++) {
        const struct sh_national_point *p = &im->points[order[i]];
        if (p->class != class || p->limit.reason)
            continue;
        const struct sh_str item = join_codes(im, p, &codes);
        for (size_t a = 0; a < p->limit.n_rows; a++)
            write_row(im, p, item, a, &w);
    }
    SH_TRY(sh_buf_check(&codes, im->err));
    SH_TRY(sh_csv_end(&w, im->err));
    return save(dir, t->table, &text, im->err);
}

static sh_code write_lists(struct import *im, const char *const *files, const char *dir,
                           struct sh_national_report *report) {
    SH_CLEANUP(sh_buf_free) struct sh_buf left = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf doubtful = {0};
    struct sh_csv_writer w = {.buf = &left}, v = {.buf = &doubtful};
    static const char *const head[] = {"file", "line", "class", "point", "code",
                                       "name", "cell", "text",  "reason"};
    for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i++)
        sh_csv_cell_text(&w, head[i]);
    sh_csv_end_row(&w);
    for (size_t i = 0; i < im->n_refs; i++) {
        const struct reference *r = &im->refs[i];
        const struct sh_national_point *p = r->point == UINT32_MAX ? NULL : &im->points[r->point];
        report->read++;
        if (p && !p->limit.reason) {
            report->superseded += p->superseded_by >= 0;
            report->written += p->superseded_by < 0;
            continue;
        }
        report->unresolved++;
        sh_csv_cell_text(&w, sh_path_base(files[r->file]));
        sh_csv_cell_i64(&w, r->line);
        sh_csv_cell_text(&w, p ? sh_national_tables[p->class].class_name : "");
        sh_csv_cell(&w, p ? p->id : (struct sh_str){0});
        sh_csv_cell(&w, r->code);
        sh_csv_cell(&w, r->name);
        sh_csv_cell(&w, p ? p->cell : (struct sh_str){0});
        sh_csv_cell(&w, p ? p->text : (struct sh_str){0});
        sh_csv_cell_text(&w, p ? p->limit.reason : r->reason);
        sh_csv_end_row(&w);
    }
    SH_TRY(sh_csv_end(&w, im->err));
    sh_csv_cell_text(&v, "class"), sh_csv_cell_text(&v, "point"), sh_csv_cell_text(&v, "name"),
        sh_csv_cell_text(&v, "note");
    sh_csv_end_row(&v);
    for (size_t i = 0; i < im->n_points; i++) {
        const struct sh_national_point *p = &im->points[i];
        if (!p->is_repealed)
            continue;
        report->repealed++;
        sh_csv_cell_text(&v, sh_national_tables[p->class].class_name);
        sh_csv_cell(&v, p->id);
        sh_csv_cell(&v, p->name);
        sh_csv_cell_text(&v,
                         "同类条目已整体修订，本条没有后继，可能已废止；按高度可疑写入或见 unresolved.csv");
        sh_csv_end_row(&v);
    }
    SH_TRY(sh_csv_end(&v, im->err));
    SH_TRY(save(dir, "unresolved", &left, im->err));
    return save(dir, "possibly_repealed", &doubtful, im->err);
}

sh_code sh_knowledge_import_national(const char *const *files, size_t n_files, const char *out_dir,
                                     struct sh_arena *arena, struct sh_national_report *ret,
                                     struct sh_err *err) {
    assert(files && out_dir && arena && ret);
    struct sh_err own;
    SH_CLEANUP(import_release) struct import im = {.arena = arena, .err = err ? err : &own};
    struct sh_national_report report = {0};
    char tables_dir[SH_PATH_BYTES_MAX];
    SH_TRY(read_all(&im, files, n_files));
    SH_TRY(settle_points(&im));
    SH_TRY(sh_path_join(tables_dir, out_dir, "knowledge", im.err));
    SH_TRY(sh_mkdir_all(tables_dir, im.err));
    uint32_t *order = sh_new(arena, uint32_t, im.n_points);
    if (!order)
        return sh_fail(im.err, SH_E_NOMEM, "no room to order %zu points", im.n_points);
    for (size_t i = 0; i < im.n_points; i++)
        order[i] = (uint32_t)i;
    if (im.n_points)
        qsort_r(order, im.n_points, sizeof(*order), by_published_id, &im);
    for (int c = 0; c < SH_NATIONAL_CLASSES; c++)
        SH_TRY(write_class(&im, (enum sh_national_class)c, tables_dir, order, &report.points));
    SH_TRY(write_lists(&im, files, out_dir, &report));
    *ret = report;
    return SH_OK;
}
