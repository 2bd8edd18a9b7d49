#include "base/csv.h"
#include "base/date.h"
#include "base/decimal.h"
#include "base/limits.h"
#include "base/money.h"
#include <errno.h>
#include <stdarg.h>
#include <string.h>

enum { WRITE_OUT_BYTES = 64 << 10 };

/* Is one of eight bytes a comma, a quote or the end of a line? */
static bool is_special_word(uint64_t w) {
    const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    const uint64_t comma = w ^ (ones * ','), quote = w ^ (ones * '"'), feed = w ^ (ones * '\n'),
                   back = w ^ (ones * '\r');
    /* What is zero borrows, and had no top bit itself. */
    return ((((comma - ones) & ~comma) | ((quote - ones) & ~quote) | ((feed - ones) & ~feed) |
             ((back - ones) & ~back)) &
            tops) != 0;
}

static bool needs_quotes(struct sh_str text) {
    size_t i = 0;
    if (text.len == 0)
        return false;
    if (text.at[0] == ' ' || text.at[text.len - 1] == ' ' || text.at[0] == '#')
        return true;
    for (uint64_t w; i + sizeof(w) <= text.len; i += sizeof(w)) {
        memcpy(&w, text.at + i, sizeof(w));
        if (is_special_word(w))
            return true;
    }
    for (; i < text.len; i++)
        if (text.at[i] == ',' || text.at[i] == '"' || text.at[i] == '\n' || text.at[i] == '\r')
            return true;
    return false;
}

/* Would a spreadsheet take the cell for a formula? A plain number is harmless. */
static bool is_formula(struct sh_str text) {
    int64_t number;
    if (text.len == 0 || !strchr("=+-@\t\r", text.at[0]))
        return false;
    return sh_decimal_scan(text.at, text.len, SH_DECIMAL_SCALE_MAX / 2, &number) != SH_DECIMAL_OK;
}

static void add_quoted(struct sh_buf *buf, struct sh_str text) {
    (void)sh_buf_add_char(buf, '"');
    for (size_t at = 0; at < text.len;) {
        const struct sh_str rest = sh_str_sub(text, at, text.len);
        const size_t quote = sh_str_find_char(rest, '"');
        const size_t n = quote == SH_STR_NONE ? rest.len : quote + 1;
        (void)sh_buf_add(buf, rest.at, n);
        if (quote != SH_STR_NONE)
            (void)sh_buf_add_char(buf, '"');
        at += n;
    }
    (void)sh_buf_add_char(buf, '"');
}

void sh_csv_cell(struct sh_csv_writer *w, struct sh_str text) {
    if (w->n_cells++ > 0)
        (void)sh_buf_add_char(w->buf, ',');
    if (w->guard && is_formula(text)) {
        (void)sh_buf_add_text(w->buf, "\"'");
        const size_t quote_at = w->buf->len;
        add_quoted(w->buf, text);
        if (w->buf->failed == SH_OK) /* drop the second opening quote */
            memmove(w->buf->at + quote_at, w->buf->at + quote_at + 1, w->buf->len - quote_at), w->buf->len--;
        return;
    }
    if (needs_quotes(text))
        add_quoted(w->buf, text);
    else
        (void)sh_buf_add_str(w->buf, text);
}

void sh_csv_cell_text(struct sh_csv_writer *w, const char *text) {
    sh_csv_cell(w, sh_str_of(text));
}

/* Numbers and dates never need quotes. */
static void plain_cell(struct sh_csv_writer *w, const char *text, size_t len) {
    if (w->n_cells++ > 0)
        (void)sh_buf_add_char(w->buf, ',');
    (void)sh_buf_add(w->buf, text, len);
}

void sh_csv_cell_i64(struct sh_csv_writer *w, int64_t v) {
    char text[SH_DECIMAL_TEXT_MAX];
    plain_cell(w, text, sh_decimal_format(v, 0, 0, text));
}

void sh_csv_cell_money(struct sh_csv_writer *w, int64_t fen) {
    char text[SH_MONEY_TEXT_MAX];
    plain_cell(w, text, sh_money_plain(fen, text));
}

void sh_csv_cell_date(struct sh_csv_writer *w, int32_t days) {
    char text[SH_DATE_TEXT_MAX];
    plain_cell(w, text, sh_date_format(days, text));
}

void sh_csv_cellf(struct sh_csv_writer *w, const char *format, ...) {
    SH_CLEANUP(sh_buf_free) struct sh_buf text = sh_buf_init(SH_CSV_CELL_BYTES_MAX);
    va_list values;
    va_start(values, format);
    const sh_code code = sh_buf_vaddf(&text, format, values);
    va_end(values);
    if (code != SH_OK && w->failed == SH_OK)
        w->failed = code;
    sh_csv_cell(w, sh_buf_view(&text));
}

static void write_out(struct sh_csv_writer *w) {
    if (w->failed == SH_OK)
        w->failed = w->buf->failed;
    if (w->failed == SH_OK && w->buf->len > 0 && fwrite(w->buf->at, 1, w->buf->len, w->file) != w->buf->len) {
        w->failed = SH_E_IO;
        w->failed_errno = errno;
    }
    if (w->failed == SH_OK)
        sh_buf_clear(w->buf);
}

void sh_csv_end_row(struct sh_csv_writer *w) {
    const struct sh_str so_far = sh_buf_view(w->buf);
    const bool is_blank = so_far.len == 0 || so_far.at[so_far.len - 1] == '\n';
    if (w->n_cells == 1 && is_blank)
        (void)sh_buf_add_text(w->buf, "\"\"");
    (void)sh_buf_add_char(w->buf, '\n');
    w->n_cells = 0;
    if (w->file && w->buf->len >= WRITE_OUT_BYTES)
        write_out(w);
}

sh_code sh_csv_end(struct sh_csv_writer *w, struct sh_err *err) {
    if (w->file) {
        write_out(w);
        if (w->failed == SH_OK && fflush(w->file) != 0) {
            w->failed = SH_E_IO;
            w->failed_errno = errno;
        }
    }
    if (w->failed_errno != 0) {
        errno = w->failed_errno;
        return sh_fail_errno(err, "cannot write the table");
    }
    SH_TRY(sh_buf_check(w->buf, err));
    return w->failed == SH_OK ? SH_OK : sh_fail(err, w->failed, "a cell of the table could not be formatted");
}
