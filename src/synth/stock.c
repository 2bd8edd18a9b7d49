/* Store tables 5.1 … 5.4 that fit what was sold: nothing is sold that was not bought. */
#include "base/csv.h"
#include "base/fs.h"
#include "base/limits.h"
#include "synth/write.h"
#include <errno.h>
#include <stdio.h>

enum { TABLES = 4 };

struct stock {
    const struct syn_city *city;
    FILE *file[TABLES];
    struct sh_buf buf[TABLES];
    struct sh_csv_writer csv[TABLES];
    char path[TABLES][SH_PATH_BYTES_MAX];
    uint64_t rows, serial[TABLES];
    const struct syn_place *place; /* under way */
    const struct syn_item *item;
};

static sh_code open_tables(struct stock *s, const char *dir, struct sh_err *err) {
    static const char *const names[TABLES] = {
        "store_5_1_warehouse_carryover.csv", "store_5_2_pharmacy_carryover.csv",
        "store_5_3_warehouse_movement.csv", "store_5_4_pharmacy_movement.csv"};
    static const char *const headers[TABLES] = {SYN_STOCK_CARRY_1, SYN_STOCK_CARRY_2, SYN_STOCK_MOVE_3,
                                                SYN_STOCK_MOVE_4};
    for (int t = 0; t < TABLES; t++) {
        SH_TRY(sh_path_join(s->path[t], dir, names[t], err));
        s->file[t] = fopen(s->path[t], "wbe");
        if (!s->file[t])
            return sh_fail_errno(err, "cannot write %s", s->path[t]);
        s->csv[t] = (struct sh_csv_writer){.buf = &s->buf[t], .file = s->file[t]};
        if (fprintf(s->file[t], "%s\n", headers[t]) < 0)
            return sh_fail_errno(err, "cannot write %s", s->path[t]);
    }
    return SH_OK;
}

static sh_code close_tables(struct stock *s, uint64_t *bytes, sh_code code, struct sh_err *err) {
    for (int t = 0; t < TABLES; t++) {
        if (s->file[t] && code == SH_OK)
            code = sh_csv_end(&s->csv[t], err);
        if (s->file[t]) {
            const long at = ftell(s->file[t]);
            *bytes += at > 0 ? (uint64_t)at : 0;
            if (fclose(s->file[t]) != 0 && code == SH_OK)
                code = sh_fail_errno(err, "cannot finish %s", s->path[t]);
        }
        sh_buf_free(&s->buf[t]);
    }
    return code;
}

static void quantity_cell(struct sh_csv_writer *w, int64_t quantity) {
    char text[SH_DECIMAL_TEXT_MAX];
    const size_t len = sh_decimal_format(quantity, 4, 0, text);
    sh_csv_cell(w, (struct sh_str){text, len});
}

static void price_cells(struct sh_csv_writer *w, int64_t price) {
    char text[SH_DECIMAL_TEXT_MAX];
    size_t len = sh_decimal_format(price / 100 * 92, 6, 2, text); /* bought eight per cent cheaper */
    sh_csv_cell(w, (struct sh_str){text, len});
    len = sh_decimal_format(price, 6, 2, text);
    sh_csv_cell(w, (struct sh_str){text, len});
}

static const char *goods_of(const struct syn_item *item) {
    return item->is_herb             ? "中草药"
           : !item->is_drug          ? "卫生材料"
           : item->code.at[0] == 'Z' ? "中成药"
                                     : "西药";
}

/* Columns all four tables share, from the institution to the split ratio. */
static void goods_cells(struct stock *s, int t, const char *store) {
    const struct syn_place *place = s->place;
    const struct syn_item *item = s->item;
    struct sh_csv_writer *w = &s->csv[t];
    sh_csv_cell_text(w, place->code);
    sh_csv_cell(w, place->name);
    sh_csv_cell_text(w, store);
    sh_csv_cell(w, item->key);
    sh_csv_cell(w, item->code);
    sh_csv_cell_text(w, goods_of(item));
    sh_csv_cell(w, item->name);
    sh_csv_cell(w, item->spec);
    sh_csv_cell_text(w, "虚构药厂");
    sh_csv_cell_text(w, "虚构医药公司");
    sh_csv_cell_text(w, sh_syn_unit_of(item));
    sh_csv_cell_text(w, sh_syn_unit_of(item));
    sh_csv_cell_i64(w, 1);
    s->rows++;
}

/* Is the place that compared hospital, in the month in which those are compared? */
static bool is_compared(const struct stock *s, uint32_t hospital, int32_t month) {
    const struct syn_city *city = s->city;
    return city->plant_ppm && month == sh_syn_compared_month(city) &&
           s->place == &city->places[city->n_places - SYN_COMPARED + hospital];
}

/* The books of one of the compared hospitals say a unit of one item too much. */
static int64_t wrong(const struct stock *s, int t, int32_t month) {
    const bool is_wrong =
        t == 0 && is_compared(s, SYN_UNBALANCED, month) && sh_str_is(s->item->key, SYN_SHORT_MATERIAL);
    return is_wrong ? SYN_QTY : 0;
}

/* What a hospital lacks of a drug and a material when it has sold them; SYN_PLENTY: nothing. */
enum { SYN_PLENTY = -1 };
static int64_t lacks(const struct stock *s, int32_t month) {
    if (!sh_str_is(s->item->key, SYN_SHORT_DRUG) && !sh_str_is(s->item->key, SYN_SHORT_MATERIAL))
        return SYN_PLENTY;
    return is_compared(s, SYN_SHORT, month) ? SYN_QTY : is_compared(s, SYN_SHORT + 1, month) ? 0 : SYN_PLENTY;
}

static void carry(struct stock *s, int t, int32_t month, int64_t opening, int64_t in, int64_t out) {
    const struct syn_item *item = s->item;
    struct sh_csv_writer *w = &s->csv[t];
    sh_csv_cell_i64(w, sh_month_key(month));
    goods_cells(s, t, t == 0 ? "药库" : "药房");
    sh_csv_cell_text(w, sh_syn_unit_of(item));
    quantity_cell(w, opening);
    quantity_cell(w, in);
    quantity_cell(w, out);
    quantity_cell(w, opening + in - out + wrong(s, t, month));
    price_cells(w, item->price);
    sh_csv_cell_date(w, sh_add_months(month, 1) - 1);
    sh_csv_end_row(w);
}

static void move(struct stock *s, int t, const char *kind, int64_t quantity, int32_t day, const char *other) {
    const struct syn_item *item = s->item;
    struct sh_csv_writer *w = &s->csv[t];
    sh_csv_cell_i64(w, (int64_t)++s->serial[t]);
    goods_cells(s, t, t == 2 ? "药库" : "药房");
    sh_csv_cell_text(w, kind);
    quantity_cell(w, quantity);
    sh_csv_cell_text(w, sh_syn_unit_of(item));
    price_cells(w, item->price);
    sh_csv_cell_date(w, day);
    sh_csv_cell_text(w, other);
    sh_csv_end_row(w);
}

/* Goods of one institution: it buys a fifth more than it sells. */
static void goods_life(struct stock *s, const atomic_int_fast64_t *sold) {
    int64_t store = 0, shelf = 0;
    for (size_t m = 0; m < sh_syn_stock_months(s->city); m++) {
        const int64_t out = atomic_load(&sold[m]);
        const int32_t month = sh_add_months(sh_syn_stock_from(s->city), (int32_t)m);
        const int64_t lacking = lacks(s, month);
        if (out == 0 && store == 0 && shelf == 0)
            continue;
        const int64_t needed = out > shelf ? out - shelf : 0, spare = needed / SYN_QTY / 10 * SYN_QTY;
        const int64_t moved = lacking == SYN_PLENTY ? needed + spare : out - lacking,
                      bought = lacking != SYN_PLENTY ? moved
                               : moved > store       ? moved - store + spare
                                                     : 0;
        if (bought > 0)
            move(s, 2, "物资采购", bought, month, "虚构医药公司");
        if (moved > 0) {
            move(s, 2, "库房调拨", -moved, month, "药房");
            move(s, 3, "药房调拨", moved, month, "药库");
        }
        if (out > 0)
            move(s, 3, "门诊销售", -out, sh_add_months(month, 1) - 1, "合计");
        carry(s, 0, month, store, bought, moved);
        carry(s, 1, month, shelf, moved, out);
        store += bought - moved, shelf += moved - out;
        shelf = shelf > 0 ? shelf : 0; /* what was never there is not owed by the next month */
    }
}

sh_code sh_syn_write_stock(const struct syn_city *city, const atomic_int_fast64_t *sold, const char *out_dir,
                           uint64_t *ret_rows, uint64_t *ret_bytes, struct sh_err *err) {
    struct stock s = {.city = city};
    sh_code code = open_tables(&s, out_dir, err);
    for (uint32_t p = 0; p < city->n_places && code == SH_OK; p++)
        for (size_t i = 0; i < city->book->n_items; i++)
            if (!city->book->items[i].is_service) {
                s.place = &city->places[p], s.item = &city->book->items[i];
                goods_life(&s, &sold[((size_t)p * city->book->n_items + i) * sh_syn_stock_months(city)]);
            }
    code = close_tables(&s, ret_bytes, code, err);
    *ret_rows = s.rows;
    return code;
}
