/*
 * A paper on A4 by Pango and Cairo. Layout runs twice over the same blocks: first to count the pages, then to
 * draw. Lengths are points (1/72 inch) and follow GB/T 9704 where a margin or size is fixed there.
 */
#include "base/date.h"
#include "base/money.h"
#include "report/paper_in.h"
#include <assert.h>
#include <cairo-pdf.h>
#include <pango/pangocairo.h>
#include <qrencode.h>

#if defined(__SANITIZE_ADDRESS__)
/* Fontconfig keeps its caches until the process ends; Cairo 1.16 loses two small arrays a PDF. Neither is
 * ours. */
const char *__lsan_default_suppressions(void) __attribute__((visibility("default")));
const char *__lsan_default_suppressions(void) {
    return "leak:libfontconfig\nleak:libcairo\n";
}
#endif

#define MM(x) ((x)*72.0 / 25.4)
static const double page_width = MM(210), page_height = MM(297), left = MM(28), right = MM(26), top = MM(32),
                    bottom = MM(35);
enum { PAGES_MAX = 500 };

enum style {
    STYLE_OFFICE,
    STYLE_TITLE,
    STYLE_PLAIN,
    STYLE_HEADING,
    STYLE_CELL,
    STYLE_CELL_HEAD,
    STYLE_FOOT,
    STYLES
};
static const struct {
    double size, leading; /* font, and extra room between lines */
    bool is_bold;
} styles[STYLES] = {
    [STYLE_OFFICE] = {20, 6, true},  [STYLE_TITLE] = {22, 8, true}, [STYLE_PLAIN] = {14, 9, false},
    [STYLE_HEADING] = {14, 9, true}, [STYLE_CELL] = {10, 3, false}, [STYLE_CELL_HEAD] = {10, 3, true},
    [STYLE_FOOT] = {8.5, 2, false}};

struct pen {
    const struct sh_paper *paper;
    const json_t *facts;
    const struct sh_paper_proof *proof;
    struct sh_err *err;
    cairo_t *cr;
    PangoLayout *layouts[STYLES];
    bool draws; /* second pass */
    int page, pages, headings;
    double y;
    struct sh_buf text; /* scratch */
};

static double bottom_line(const struct pen *pen) {
    return page_height - bottom - (pen->paper->page_sign.n > 0 ? MM(8) : 0);
}

/* ---- text ---- */

/* Text of a layout is set, no markup is ever read. */
static sh_code set_text(struct pen *pen, enum style style, const char *at, size_t len, double width,
                        PangoAlignment align) {
    PangoLayout *layout = pen->layouts[style];
    pango_layout_set_text(layout, at ? at : "", (int)len);
    pango_layout_set_width(layout, width < 0 ? -1 : (int)(width * PANGO_SCALE));
    pango_layout_set_alignment(layout, align);
    if (pango_layout_get_unknown_glyphs_count(layout) == 0)
        return SH_OK;
    return sh_fail(pen->err, SH_E_UNSUPPORTED, "no font of this system has every character of \"%.*s\"",
                   (int)sh_utf8_cut((struct sh_str){at, len}, 120), at ? at : "");
}

static void show_line(struct pen *pen, PangoLayoutLine *line, double x, double baseline) {
    if (!pen->draws)
        return;
    cairo_move_to(pen->cr, x, baseline);
    pango_cairo_show_layout_line(pen->cr, line);
}

/* The height of what is set. */
static double height_of(struct pen *pen, enum style style) {
    int height;
    pango_layout_get_size(pen->layouts[style], NULL, &height);
    return (double)height / PANGO_SCALE;
}

/* What is set, at a place of the page; does not break. */
static void show_at(struct pen *pen, enum style style, double x, double y) {
    if (!pen->draws)
        return;
    cairo_move_to(pen->cr, x, y);
    pango_cairo_show_layout(pen->cr, pen->layouts[style]);
}

/* ---- pages ---- */

static void rule(struct pen *pen, double x1, double y1, double x2, double y2) {
    if (!pen->draws)
        return;
    cairo_set_line_width(pen->cr, 0.5);
    cairo_move_to(pen->cr, x1, y1);
    cairo_line_to(pen->cr, x2, y2);
    cairo_stroke(pen->cr);
}

static sh_code end_page(struct pen *pen) {
    const double width = page_width - left - right, foot = page_height - MM(24);
    if (pen->paper->page_sign.n > 0) {
        sh_buf_clear(&pen->text);
        sh_pieces_fill(&pen->paper->page_sign, pen->facts, &pen->text);
        SH_TRY(sh_buf_check(&pen->text, pen->err));
        SH_TRY(set_text(pen, STYLE_CELL, pen->text.at, pen->text.len, width, PANGO_ALIGN_LEFT));
        show_at(pen, STYLE_CELL, left, foot - MM(8));
    }
    rule(pen, left, foot, page_width - right, foot);
    sh_buf_clear(&pen->text);
    if (pen->proof && pen->proof->code.len > 0)
        sh_buf_addf(&pen->text, "校验码 %.*s", SH_ARG(pen->proof->code));
    if (pen->proof && pen->proof->head.len > 0)
        sh_buf_addf(&pen->text, "%s日志头 %.*s", pen->text.len ? "　" : "", SH_ARG(pen->proof->head));
    SH_TRY(sh_buf_check(&pen->text, pen->err));
    SH_TRY(set_text(pen, STYLE_FOOT, pen->text.at, pen->text.len, width - MM(35), PANGO_ALIGN_LEFT));
    show_at(pen, STYLE_FOOT, left, foot + 3);
    char number[64];
    (void)snprintf(number, sizeof number, "第 %d 页　共 %d 页", pen->page, pen->pages);
    SH_TRY(set_text(pen, STYLE_FOOT, number, strlen(number), width, PANGO_ALIGN_RIGHT));
    show_at(pen, STYLE_FOOT, left, foot + 3);
    if (pen->draws)
        cairo_show_page(pen->cr);
    return SH_OK;
}

static sh_code next_page(struct pen *pen) {
    SH_TRY(end_page(pen));
    if (++pen->page > PAGES_MAX)
        return sh_fail(pen->err, SH_E_LIMIT, "the paper has more than %d pages", PAGES_MAX);
    pen->y = top;
    return SH_OK;
}

/* A paragraph, line by line over pages. */
static sh_code paragraph(struct pen *pen, enum style style, PangoAlignment align, double indent,
                         const char *at, size_t len) {
    PangoLayout *layout = pen->layouts[style];
    pango_layout_set_indent(layout, (int)(indent * PANGO_SCALE));
    const sh_code code = set_text(pen, style, at, len, page_width - left - right, align);
    if (code != SH_OK)
        return code;
    PangoLayoutIter *lines = pango_layout_get_iter(layout);
    sh_code result = SH_OK;
    do {
        PangoRectangle extents;
        pango_layout_iter_get_line_extents(lines, NULL, &extents);
        const double height = (double)extents.height / PANGO_SCALE + styles[style].leading;
        if (pen->y + height > bottom_line(pen)) {
            /* The footer uses other layouts, so this one stays as it is. */
            result = next_page(pen);
            if (result != SH_OK)
                break;
        }
        const double ascent = (double)(pango_layout_iter_get_baseline(lines) - extents.y) / PANGO_SCALE;
        show_line(pen, pango_layout_iter_get_line_readonly(lines), left + (double)extents.x / PANGO_SCALE,
                  pen->y + styles[style].leading / 2 + ascent);
        pen->y += height;
    } while (pango_layout_iter_next_line(lines));
    pango_layout_iter_free(lines);
    pango_layout_set_indent(layout, 0);
    return result;
}

/* Filled text; each of its lines is a paragraph. */
static sh_code paragraphs(struct pen *pen, enum style style, PangoAlignment align, double indent,
                          const char *prefix, const struct sh_pieces *pieces) {
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    sh_buf_add_text(&text, prefix);
    sh_pieces_fill(pieces, pen->facts, &text);
    SH_TRY(sh_buf_check(&text, pen->err));
    struct sh_str rest = sh_buf_view(&text);
    if (rest.len == 0)
        return SH_OK;
    for (struct sh_str line; sh_str_split(&rest, '\n', &line);) {
        line = sh_str_trim(line);
        if (line.len > 0)
            SH_TRY(paragraph(pen, style, align, indent, line.at, line.len));
    }
    return SH_OK;
}

/* ---- tables ---- */

enum { CELLS_MAX = SH_PAPER_COLUMNS_MAX + 1 };
struct grid {
    const struct sh_fact *fact;
    size_t n; /* columns with the row number */
    double x[CELLS_MAX + 1];
    struct sh_buf cells[CELLS_MAX];
};

static void grid_free(struct grid *grid) {
    for (size_t i = 0; i < CELLS_MAX; i++)
        sh_buf_free(&grid->cells[i]);
}

static void grid_lay(struct grid *grid) {
    const double number = MM(10), width = page_width - left - right - number;
    unsigned total = 0, so_far = 0;
    for (size_t c = 0; c < grid->fact->n_columns; c++)
        total += grid->fact->columns[c].width;
    grid->n = grid->fact->n_columns + 1;
    grid->x[0] = left;
    grid->x[1] = left + number;
    for (size_t c = 0; c < grid->fact->n_columns; c++) {
        so_far += grid->fact->columns[c].width;
        grid->x[c + 2] = left + number + width * so_far / total;
    }
}

static PangoAlignment align_of(const struct grid *grid, size_t cell, enum style style) {
    if (style == STYLE_CELL_HEAD || cell == 0)
        return PANGO_ALIGN_CENTER;
    const enum sh_fact_type type = grid->fact->columns[cell - 1].type;
    return type == SH_FACT_MONEY || type == SH_FACT_INT ? PANGO_ALIGN_RIGHT : PANGO_ALIGN_LEFT;
}

static sh_code row_height(struct pen *pen, struct grid *grid, enum style style, double *ret) {
    *ret = 0;
    for (size_t c = 0; c < grid->n; c++) {
        SH_TRY(sh_buf_check(&grid->cells[c], pen->err));
        SH_TRY(set_text(pen, style, grid->cells[c].at, grid->cells[c].len, grid->x[c + 1] - grid->x[c] - 6,
                        align_of(grid, c, style)));
        const double height = height_of(pen, style) + 6;
        *ret = height > *ret ? height : *ret;
    }
    return SH_OK;
}

static sh_code row_show(struct pen *pen, struct grid *grid, enum style style, double height) {
    for (size_t c = 0; c < grid->n; c++) {
        if (pen->draws) {
            SH_TRY(set_text(pen, style, grid->cells[c].at, grid->cells[c].len,
                            grid->x[c + 1] - grid->x[c] - 6, align_of(grid, c, style)));
            show_at(pen, style, grid->x[c] + 3, pen->y + 3);
        }
        rule(pen, grid->x[c], pen->y, grid->x[c], pen->y + height);
    }
    rule(pen, grid->x[grid->n], pen->y, grid->x[grid->n], pen->y + height);
    rule(pen, left, pen->y, grid->x[grid->n], pen->y);
    rule(pen, left, pen->y + height, grid->x[grid->n], pen->y + height);
    pen->y += height;
    return SH_OK;
}

static sh_code show_head(struct pen *pen, const struct sh_fact *fact) {
    SH_CLEANUP(grid_free) struct grid head = {.fact = fact};
    grid_lay(&head);
    sh_buf_add_text(&head.cells[0], "序号");
    for (size_t c = 0; c < fact->n_columns; c++)
        sh_buf_add_str(&head.cells[c + 1], fact->columns[c].name);
    double height;
    SH_TRY(row_height(pen, &head, STYLE_CELL_HEAD, &height));
    return row_show(pen, &head, STYLE_CELL_HEAD, height);
}

/* One row whole on a page; a page begins with the head again. */
static sh_code show_row(struct pen *pen, struct grid *grid) {
    double height;
    SH_TRY(row_height(pen, grid, STYLE_CELL, &height));
    const double room = bottom_line(pen) - top - MM(20);
    if (height > room)
        return sh_fail(pen->err, SH_E_LIMIT, "a row of the table %.*s is higher than a page",
                       SH_ARG(grid->fact->id));
    if (pen->y + height > bottom_line(pen)) {
        SH_TRY(next_page(pen));
        SH_TRY(show_head(pen, grid->fact));
    }
    return row_show(pen, grid, STYLE_CELL, height);
}

static sh_code show_sum(struct pen *pen, struct grid *grid, const int64_t *sums) {
    bool has_sum = false;
    for (size_t c = 0; c < grid->n; c++)
        sh_buf_clear(&grid->cells[c]);
    for (size_t c = 0; c < grid->fact->n_columns; c++) {
        if (!grid->fact->columns[c].is_summed)
            continue;
        char money[SH_MONEY_TEXT_MAX];
        sh_buf_add(&grid->cells[c + 1], money, sh_money_grouped(sums[c], money));
        has_sum = true;
    }
    sh_buf_add_text(&grid->cells[0], "合计");
    return has_sum ? show_row(pen, grid) : SH_OK;
}

static sh_code table(struct pen *pen, const struct sh_fact *fact) {
    SH_CLEANUP(grid_free) struct grid grid = {.fact = fact};
    int64_t sums[SH_PAPER_COLUMNS_MAX] = {0};
    grid_lay(&grid);
    pen->y += 4;
    if (pen->y + MM(25) > bottom_line(pen))
        SH_TRY(next_page(pen));
    SH_TRY(show_head(pen, fact));
    size_t i;
    const json_t *row;
    json_array_foreach(json_object_get(pen->facts, fact->key), i, row) {
        sh_buf_clear(&grid.cells[0]);
        sh_buf_addf(&grid.cells[0], "%zu", i + 1);
        for (size_t c = 0; c < fact->n_columns; c++) {
            const json_t *value = json_object_get(row, fact->columns[c].key);
            int64_t fen;
            sh_buf_clear(&grid.cells[c + 1]);
            sh_fact_tell(fact->columns[c].type, SH_FORMAT_PLAIN, value, &grid.cells[c + 1]);
            if (fact->columns[c].is_summed && value && !json_is_null(value) &&
                sh_fact_money(value, &fen, NULL) == SH_OK && sh_add(sums[c], fen, &sums[c]) != SH_OK)
                return sh_fail(pen->err, SH_E_OVERFLOW, "the sum of %.*s leaves its range",
                               SH_ARG(fact->columns[c].id));
        }
        SH_TRY(show_row(pen, &grid));
    }
    SH_TRY(show_sum(pen, &grid, sums));
    pen->y += 10;
    return SH_OK;
}

/* ---- blocks ---- */

static sh_code list_entry(struct pen *pen, size_t number, const char *at, size_t len) {
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0}, clean = {0};
    SH_CLEANUP(sh_json_decref_at) json_t *entry = json_stringn(at, len);
    sh_fact_tell(SH_FACT_TEXT, SH_FORMAT_PLAIN, entry, &clean);
    sh_buf_addf(&text, "%zu. ", number);
    sh_buf_add_str(&text, sh_str_trim(sh_buf_view(&clean)));
    SH_TRY(sh_buf_check(&clean, pen->err));
    SH_TRY(sh_buf_check(&text, pen->err));
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] == '\n')
            text.at[i] = ' ';
    return paragraph(pen, STYLE_PLAIN, PANGO_ALIGN_LEFT, 2 * styles[STYLE_PLAIN].size, text.at, text.len);
}

static sh_code list(struct pen *pen, const struct sh_fact *fact) {
    const json_t *value = json_object_get(pen->facts, fact->key), *entry;
    size_t i;
    json_array_foreach(value, i, entry)
        SH_TRY(list_entry(pen, i + 1, json_string_value(entry), json_string_length(entry)));
    if (!json_is_string(value))
        return SH_OK;
    struct sh_str rest = {json_string_value(value), json_string_length(value)}; /* one entry a line */
    size_t n = 0;
    for (struct sh_str line; sh_str_split(&rest, '\n', &line);)
        if (sh_str_trim(line).len > 0)
            SH_TRY(list_entry(pen, ++n, line.at, line.len));
    return SH_OK;
}

/* 一 … 九十九 */
static void add_ordinal(int n, struct sh_buf *out) {
    static const char *const plain[] = {"", "一", "二", "三", "四", "五", "六", "七", "八", "九"};
    if (n >= 20)
        sh_buf_add_text(out, plain[n / 10 % 10]);
    if (n >= 10)
        sh_buf_add_text(out, "十");
    sh_buf_add_text(out, plain[n % 10]);
}

static sh_code heading(struct pen *pen, const struct sh_block *b) {
    SH_CLEANUP(sh_buf_free) struct sh_buf number = {0};
    if (pen->y + 3 * (styles[STYLE_PLAIN].size + styles[STYLE_PLAIN].leading) > bottom_line(pen))
        SH_TRY(next_page(pen)); /* not alone at the foot of a page */
    if (b->kind == SH_BLOCK_HEADING) {
        add_ordinal(++pen->headings, &number);
        sh_buf_add_text(&number, "、");
    }
    sh_buf_add(&number, "", 1);
    SH_TRY(sh_buf_check(&number, pen->err));
    return paragraphs(pen, STYLE_HEADING, PANGO_ALIGN_LEFT, 2 * styles[STYLE_PLAIN].size, number.at,
                      &b->pieces);
}

static sh_code block(struct pen *pen, const struct sh_block *b) {
    const double indent = 2 * styles[STYLE_PLAIN].size;
    if ((b->when && !sh_fact_is_there(b->when, pen->facts)) ||
        (b->unless && sh_fact_is_there(b->unless, pen->facts)))
        return SH_OK;
    switch (b->kind) {
    case SH_BLOCK_TEXT:
        return paragraphs(pen, STYLE_PLAIN, PANGO_ALIGN_LEFT, indent, "", &b->pieces);
    case SH_BLOCK_HEADING:
    case SH_BLOCK_CAPTION:
        return heading(pen, b);
    case SH_BLOCK_RIGHTS:
        return paragraphs(pen, STYLE_HEADING, PANGO_ALIGN_LEFT, indent, "", &b->pieces);
    case SH_BLOCK_LIST:
        return list(pen, b->fact);
    case SH_BLOCK_TABLE:
        return table(pen, b->fact);
    }
    return SH_OK;
}

static sh_code opening(struct pen *pen) {
    SH_TRY(paragraphs(pen, STYLE_OFFICE, PANGO_ALIGN_CENTER, 0, "", &pen->paper->office));
    SH_TRY(paragraphs(pen, STYLE_TITLE, PANGO_ALIGN_CENTER, 0, "", &pen->paper->title));
    pen->y += 4;
    SH_TRY(paragraphs(pen, STYLE_PLAIN, PANGO_ALIGN_CENTER, 0, "", &pen->paper->number));
    pen->y += 8;
    return paragraphs(pen, STYLE_PLAIN, PANGO_ALIGN_LEFT, 0, "", &pen->paper->addressee);
}

/* ---- signatures, seal, code ---- */

static void draw_code(struct pen *pen, double y) {
    if (!pen->draws || !pen->proof || pen->proof->address.len == 0)
        return;
    char address[512];
    (void)snprintf(address, sizeof address, "%.*s", SH_ARG(pen->proof->address));
    QRcode *code = QRcode_encodeString8bit(address, 0, QR_ECLEVEL_M);
    if (!code)
        return; /* the address stands in words too */
    const double module = MM(24) / code->width;
    for (int row = 0; row < code->width; row++)
        for (int column = 0; column < code->width; column++)
            if (code->data[row * code->width + column] & 1)
                cairo_rectangle(pen->cr, left + column * module, y + row * module, module, module);
    cairo_fill(pen->cr);
    QRcode_free(code);
}

static sh_code sign(struct pen *pen, const struct sh_sign *s) {
    sh_buf_clear(&pen->text);
    sh_pieces_fill(&s->label, pen->facts, &pen->text);
    if (s->is_seal) {
        sh_buf_add_text(&pen->text, "（印章）\n");
        sh_fact_tell(SH_FACT_DATE, SH_FORMAT_PLAIN, json_object_get(pen->facts, pen->paper->dated->key),
                     &pen->text);
    }
    SH_TRY(sh_buf_check(&pen->text, pen->err));
    const double x = left + MM(50), width = page_width - right - x;
    SH_TRY(set_text(pen, STYLE_PLAIN, pen->text.at, pen->text.len, width,
                    s->is_seal ? PANGO_ALIGN_RIGHT : PANGO_ALIGN_LEFT));
    show_at(pen, STYLE_PLAIN, x, pen->y);
    pen->y += height_of(pen, STYLE_PLAIN) + 14;
    return SH_OK;
}

static sh_code closing(struct pen *pen) {
    size_t n = 0;
    for (size_t i = 0; i < pen->paper->n_signs; i++)
        n += !pen->paper->signs[i].when || sh_fact_is_there(pen->paper->signs[i].when, pen->facts);
    const bool has_code = pen->proof && pen->proof->address.len > 0;
    const double least = has_code ? MM(42) : 0,
                 need = 16 + 48 * (double)n > least ? 16 + 48 * (double)n : least;
    if (pen->y + need > bottom_line(pen))
        SH_TRY(next_page(pen));
    pen->y += 16;
    const double from = pen->y;
    draw_code(pen, from);
    for (size_t i = 0; i < pen->paper->n_signs; i++)
        if (!pen->paper->signs[i].when || sh_fact_is_there(pen->paper->signs[i].when, pen->facts))
            SH_TRY(sign(pen, &pen->paper->signs[i]));
    if (has_code) {
        SH_TRY(set_text(pen, STYLE_FOOT, pen->proof->address.at, pen->proof->address.len, MM(46),
                        PANGO_ALIGN_LEFT));
        show_at(pen, STYLE_FOOT, left, from + MM(25));
    }
    return SH_OK;
}

static sh_code pass(struct pen *pen) {
    pen->page = 1;
    pen->headings = 0;
    pen->y = top;
    SH_TRY(opening(pen));
    for (size_t i = 0; i < pen->paper->n_blocks; i++)
        SH_TRY(block(pen, &pen->paper->blocks[i]));
    SH_TRY(closing(pen));
    return end_page(pen);
}

/* ---- the file ---- */

static cairo_status_t write_out(void *closure, const unsigned char *data, unsigned int length) {
    struct sh_buf *pdf = closure;
    return sh_buf_add(pdf, (const char *)data, length) == SH_OK ? CAIRO_STATUS_SUCCESS
                                                                : CAIRO_STATUS_WRITE_ERROR;
}

static void surface_release(cairo_surface_t **surface) {
    if (*surface)
        cairo_surface_destroy(*surface);
}
static void cairo_release(cairo_t **cr) {
    if (*cr)
        cairo_destroy(*cr);
}
static void object_release(PangoContext **context) {
    if (*context)
        g_object_unref(*context);
}
static void pen_release(struct pen *pen) {
    for (size_t i = 0; i < STYLES; i++)
        if (pen->layouts[i])
            g_object_unref(pen->layouts[i]);
    sh_buf_free(&pen->text);
}

static sh_code need_chinese(PangoContext *context, struct sh_err *err) {
    PangoFontDescription *want = pango_font_description_from_string("Noto Serif CJK SC 14");
    PangoFont *font = pango_context_load_font(context, want);
    bool is_there = false;
    if (font) {
        PangoFontDescription *have = pango_font_describe(font);
        const char *family = pango_font_description_get_family(have);
        is_there = family && strstr(family, "CJK");
        pango_font_description_free(have);
        g_object_unref(font);
    }
    pango_font_description_free(want);
    return is_there ? SH_OK
                    : sh_fail(err, SH_E_NOTFOUND,
                              "the font Noto Serif CJK SC is not installed (fonts-noto-cjk): a "
                              "paper cannot be drawn");
}

static sh_code open_pen(struct pen *pen, PangoContext *context) {
    for (size_t i = 0; i < STYLES; i++) {
        PangoFontDescription *font =
            pango_font_description_from_string("Noto Serif CJK SC,Noto Sans CJK SC,serif");
        pango_font_description_set_absolute_size(font, styles[i].size * PANGO_SCALE);
        pango_font_description_set_weight(font, styles[i].is_bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
        pen->layouts[i] = pango_layout_new(context);
        if (pen->layouts[i]) {
            pango_layout_set_font_description(pen->layouts[i], font);
            pango_layout_set_wrap(pen->layouts[i], PANGO_WRAP_WORD_CHAR);
        }
        pango_font_description_free(font);
        if (!pen->layouts[i])
            return sh_fail(pen->err, SH_E_NOMEM, "no room for the layout of a paper");
    }
    return SH_OK;
}

static void describe(const struct pen *pen, cairo_surface_t *surface) {
    char when[32];
    int32_t day;
    const json_t *dated = json_object_get(pen->facts, pen->paper->dated->key);
    char title[256];
    (void)snprintf(title, sizeof title, "%.*s", SH_ARG(pen->paper->title_text));
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, title);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, "Shouhu " SH_VERSION);
    /* The day of the paper, not of the drawing: the same facts give the same bytes. */
    if (!json_is_string(dated) ||
        sh_date_scan(json_string_value(dated), json_string_length(dated), &day) != SH_DATE_OK)
        day = 0;
    char text[SH_DATE_TEXT_MAX];
    sh_date_format(day, text);
    (void)snprintf(when, sizeof when, "%sT00:00:00+08:00", text);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, when);
}

sh_code sh_paper_render(const struct sh_paper *paper, const json_t *facts, const struct sh_paper_proof *proof,
                        struct sh_buf *pdf, uint32_t *ret_pages, struct sh_err *err) {
    assert(paper && pdf);
    SH_TRY(sh_paper_check(paper, facts, err));
    const size_t start = pdf->len;
    SH_CLEANUP(pen_release) struct pen pen = {.paper = paper, .facts = facts, .proof = proof, .err = err};
    SH_CLEANUP(surface_release)
    cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(write_out, pdf, page_width, page_height);
    SH_CLEANUP(cairo_release) cairo_t *cr = cairo_create(surface);
    SH_CLEANUP(object_release) PangoContext *context = pango_cairo_create_context(cr);
    if (!context || cairo_status(cr) != CAIRO_STATUS_SUCCESS)
        return sh_fail(err, SH_E_NOMEM, "no room to draw a paper");
    pango_cairo_context_set_resolution(context, 72);
    pango_context_set_language(context, pango_language_from_string("zh-cn"));
    pango_context_set_base_dir(context, PANGO_DIRECTION_LTR);
    SH_TRY(need_chinese(context, err));
    SH_TRY(open_pen(&pen, context));
    pen.cr = cr;
    describe(&pen, surface);
    sh_code code = pass(&pen);
    if (code == SH_OK) {
        pen.pages = pen.page, pen.draws = true;
        code = pass(&pen);
    }
    cairo_surface_finish(surface);
    if (code == SH_OK && cairo_surface_status(surface) != CAIRO_STATUS_SUCCESS)
        code = sh_fail(err, SH_E_IO, "the paper could not be drawn: %s",
                       cairo_status_to_string(cairo_surface_status(surface)));
    if (code == SH_OK)
        code = sh_buf_check(pdf, err);
    if (code != SH_OK) {
        if (pdf->failed == SH_OK)
            pdf->len = start; /* nothing half drawn is left */
        return code;
    }
    if (ret_pages)
        *ret_pages = (uint32_t)pen.pages;
    return SH_OK;
}
