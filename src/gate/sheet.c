/* XLSX: a zip of XML. Each part is streamed through expat; nothing is unpacked to disk, no entity is expanded
 * (a DOCTYPE ends the reading), and what unpacks beyond the limits is refused while it unpacks, whatever its
 * header claims. */
#include "gate/sheet.h"
#include "base/date.h"
#include "base/limits.h"
#include <expat.h>
#include <stdlib.h>
#include <zip.h>

enum { PIECE = 65536, STYLES_MAX = 4096, SHARED_MAX = 1 << 20, EPOCH_DAYS = 25569 };

struct sheet {
    struct sh_arena *arena;
    struct sh_err *err;
    sh_code code;
    XML_Parser parser;
    struct sh_buf text; /* of the cell or string under way */
    /* sharedStrings.xml */
    struct sh_str *shared;
    size_t n_shared, cap_shared;
    /* styles.xml: which cell formats are dates */
    uint8_t is_date[STYLES_MAX];
    size_t n_styles;
    uint32_t date_formats[256];
    size_t n_date_formats;
    /* the sheet */
    struct sh_csv_row *rows;
    size_t n_rows, cap_rows;
    struct sh_str cells[SH_SHEET_COLUMNS_MAX];
    size_t n_cells, line, column, next_column;
    size_t style;
    char type;
    /* where the parser stands */
    bool takes_text, in_phonetic, in_cell_formats;
};

static void stop(struct sheet *sheet, sh_code code, const char *message) {
    if (sheet->code == SH_OK) {
        sheet->code = sh_fail(sheet->err, code, "row %zu: %s", sheet->line, message);
        XML_StopParser(sheet->parser, XML_FALSE);
    }
}

static const char *attribute(const char **attributes, const char *name) {
    for (size_t i = 0; attributes[i]; i += 2)
        if (strcmp(attributes[i], name) == 0)
            return attributes[i + 1];
    return NULL;
}

static struct sh_str keep_text(struct sheet *sheet) {
    char *copy = sh_arena_dup(sheet->arena, sheet->text.len ? sheet->text.at : "", sheet->text.len);
    if (!copy || sheet->text.failed) {
        stop(sheet, SH_E_NOMEM, "no room for a text");
        return (struct sh_str){"", 0};
    }
    return (struct sh_str){copy, sheet->text.len};
}

static void XMLCALL on_text(void *ctx, const XML_Char *at, int len) {
    struct sheet *sheet = ctx;
    if (!sheet->takes_text)
        return;
    if (sheet->text.len + (size_t)len > SH_CSV_CELL_BYTES_MAX)
        stop(sheet, SH_E_LIMIT, "a cell is too long");
    else
        sh_buf_add(&sheet->text, at, (size_t)len);
}

static void XMLCALL on_doctype(void *ctx, const XML_Char *name, const XML_Char *system,
                               const XML_Char *public, int internal) {
    (void)name, (void)system, (void)public, (void)internal;
    stop(ctx, SH_E_INPUT, "the file has a DOCTYPE, which no spreadsheet writes");
}

/* ---- shared strings ---------------------------------------------------------------------------------- */

static void XMLCALL shared_start(void *ctx, const XML_Char *name, const XML_Char **attributes) {
    struct sheet *sheet = ctx;
    (void)attributes;
    if (strcmp(name, "si") == 0)
        sh_buf_clear(&sheet->text);
    else if (strcmp(name, "rPh") == 0)
        sheet->in_phonetic = true;
    sheet->takes_text = strcmp(name, "t") == 0 && !sheet->in_phonetic;
}

static void XMLCALL shared_end(void *ctx, const XML_Char *name) {
    struct sheet *sheet = ctx;
    sheet->takes_text = false;
    if (strcmp(name, "rPh") == 0)
        sheet->in_phonetic = false;
    if (strcmp(name, "si") != 0)
        return;
    const sh_code code = sh_grow((void *)&sheet->shared, &sheet->cap_shared, sheet->n_shared + 1,
                                 sizeof *sheet->shared, SHARED_MAX, sheet->err);
    if (code != SH_OK)
        stop(sheet, code, "too many texts");
    else
        sheet->shared[sheet->n_shared++] = keep_text(sheet);
}

/* ---- styles ------------------------------------------------------------------------------------------ */

static size_t number_of(const char *text, size_t missing) {
    char *end = NULL;
    const unsigned long v = text && *text >= '0' && *text <= '9' ? strtoul(text, &end, 10) : 0;
    return end && *end == '\0' && v <= UINT32_MAX ? v : missing;
}

/* Built-in 14…17 and 22 show a day; others by a y or d outside quotes and brackets. */
static bool is_date_format(const struct sheet *sheet, size_t id) {
    if ((id >= 14 && id <= 17) || id == 22 || (id >= 27 && id <= 31) || id == 36 || (id >= 50 && id <= 58))
        return true;
    for (size_t i = 0; i < sheet->n_date_formats; i++)
        if (sheet->date_formats[i] == id)
            return true;
    return false;
}

static bool shows_day(const char *format) {
    bool in_quotes = false, in_brackets = false;
    for (; *format; format++) {
        if (*format == '"')
            in_quotes = !in_quotes;
        else if (*format == '[' || *format == ']')
            in_brackets = *format == '[';
        else if (!in_quotes && !in_brackets &&
                 (*format == 'y' || *format == 'd' || *format == 'Y' || *format == 'D'))
            return true;
    }
    return false;
}

static void XMLCALL styles_start(void *ctx, const XML_Char *name, const XML_Char **attributes) {
    struct sheet *sheet = ctx;
    if (strcmp(name, "cellXfs") == 0)
        sheet->in_cell_formats = true;
    if (strcmp(name, "numFmt") == 0) {
        const char *format = attribute(attributes, "formatCode");
        if (format && shows_day(format) && sheet->n_date_formats < 256)
            sheet->date_formats[sheet->n_date_formats++] =
                (uint32_t)number_of(attribute(attributes, "numFmtId"), 0);
    }
    if (strcmp(name, "xf") == 0 && sheet->in_cell_formats && sheet->n_styles < STYLES_MAX)
        sheet->is_date[sheet->n_styles++] =
            is_date_format(sheet, number_of(attribute(attributes, "numFmtId"), 0));
}

static void XMLCALL styles_end(void *ctx, const XML_Char *name) {
    struct sheet *sheet = ctx;
    if (strcmp(name, "cellXfs") == 0)
        sheet->in_cell_formats = false;
}

/* ---- the sheet --------------------------------------------------------------------------------------- */

/* "BC7" → 54. */
static size_t column_of(const char *reference, size_t missing) {
    size_t column = 0;
    if (!reference)
        return missing;
    for (; *reference >= 'A' && *reference <= 'Z' && column < 100000; reference++)
        column = column * 26 + (size_t)(*reference - 'A') + 1;
    return column ? column - 1 : missing;
}

static void XMLCALL sheet_start(void *ctx, const XML_Char *name, const XML_Char **attributes) {
    struct sheet *sheet = ctx;
    if (strcmp(name, "row") == 0) {
        sheet->line = number_of(attribute(attributes, "r"), sheet->line + 1);
        sheet->n_cells = sheet->next_column = 0;
    } else if (strcmp(name, "c") == 0) {
        const char *type = attribute(attributes, "t");
        sheet->column = column_of(attribute(attributes, "r"), sheet->next_column);
        sheet->next_column = sheet->column + 1;
        sheet->type = !type                            ? 'n'
                      : strcmp(type, "inlineStr") == 0 ? 'i'
                      : strcmp(type, "str") == 0       ? 't'
                                                       : type[0];
        sheet->style = number_of(attribute(attributes, "s"), 0);
        sh_buf_clear(&sheet->text);
        if (sheet->column >= SH_SHEET_COLUMNS_MAX)
            stop(sheet, SH_E_LIMIT, "more than 256 columns");
    } else if (strcmp(name, "rPh") == 0) {
        sheet->in_phonetic = true;
    }
    sheet->takes_text = strcmp(name, "v") == 0 || (strcmp(name, "t") == 0 && !sheet->in_phonetic);
}

/* A day of a spreadsheet: days since 1899-12-30. Fractions are times, which our dates do not have. */
static struct sh_str day_text(struct sheet *sheet, struct sh_str number) {
    char *end = NULL;
    const struct sh_str text = keep_text(sheet);
    const double serial = number.len ? strtod(text.at, &end) : 0;
    if (!end || *end || !(serial >= 1) || serial > 2958465)
        return text;
    char out[SH_DATE_TEXT_MAX];
    const size_t len = sh_date_format((int32_t)serial - EPOCH_DAYS, out);
    char *copy = sh_arena_dup(sheet->arena, out, len);
    return copy ? (struct sh_str){copy, len} : text;
}

static struct sh_str cell_value(struct sheet *sheet) {
    const struct sh_str text = sh_buf_view(&sheet->text);
    if (sheet->type == 's') {
        const size_t at = number_of(text.len ? text.at : NULL, SHARED_MAX);
        if (at < sheet->n_shared)
            return sheet->shared[at];
        stop(sheet, SH_E_INPUT, "a cell names a text that is not there");
        return (struct sh_str){"", 0};
    }
    if (sheet->type == 'e')
        stop(sheet, SH_E_INPUT, "a cell holds an error value");
    if (sheet->type == 'b')
        return sh_str_is(text, "1") ? SH_STR("true") : SH_STR("false");
    if (sheet->type == 'n' && sheet->style < sheet->n_styles && sheet->is_date[sheet->style])
        return day_text(sheet, text);
    return keep_text(sheet);
}

static void end_cell(struct sheet *sheet) {
    if (sheet->code != SH_OK || sheet->column >= SH_SHEET_COLUMNS_MAX)
        return;
    while (sheet->n_cells <= sheet->column)
        sheet->cells[sheet->n_cells++] = (struct sh_str){"", 0};
    sheet->cells[sheet->column] = cell_value(sheet);
}

static void end_row(struct sheet *sheet) {
    bool is_empty = true;
    for (size_t i = 0; i < sheet->n_cells; i++)
        is_empty = is_empty && sheet->cells[i].len == 0;
    if (is_empty)
        return;
    struct sh_str *cells = sh_new(sheet->arena, struct sh_str, sheet->n_cells);
    const sh_code code = sh_grow((void *)&sheet->rows, &sheet->cap_rows, sheet->n_rows + 1,
                                 sizeof *sheet->rows, SH_SHEET_ROWS_MAX + 1, sheet->err);
    if (!cells || code != SH_OK) {
        stop(sheet, cells ? code : SH_E_NOMEM, "too many rows");
        return;
    }
    memcpy(cells, sheet->cells, sheet->n_cells * sizeof *cells);
    sheet->rows[sheet->n_rows++] =
        (struct sh_csv_row){.line = sheet->line, .n_cells = sheet->n_cells, .cells = cells};
}

static void XMLCALL sheet_end(void *ctx, const XML_Char *name) {
    struct sheet *sheet = ctx;
    sheet->takes_text = false;
    if (strcmp(name, "rPh") == 0)
        sheet->in_phonetic = false;
    else if (strcmp(name, "c") == 0)
        end_cell(sheet);
    else if (strcmp(name, "row") == 0)
        end_row(sheet);
}

/* ---- the archive ------------------------------------------------------------------------------------- */

struct part {
    const char *name;
    bool is_optional;
    XML_StartElementHandler start;
    XML_EndElementHandler end;
};

static sh_code parse_part(struct sheet *sheet, zip_file_t *file, size_t budget, size_t *ret_used,
                          struct sh_err *err) {
    size_t used = 0;
    for (;;) {
        void *room = XML_GetBuffer(sheet->parser, PIECE);
        const zip_int64_t n = room ? zip_fread(file, room, PIECE) : -1;
        if (n < 0)
            return sh_fail(err, SH_E_INPUT, "the spreadsheet does not unpack");
        used += (size_t)n;
        if (used > budget)
            return sh_fail(err, SH_E_LIMIT, "the spreadsheet unpacks to more than %d times its size, or 1 GB",
                           SH_SHEET_RATIO_MAX);
        const enum XML_Status status = XML_ParseBuffer(sheet->parser, (int)n, n == 0);
        if (sheet->code != SH_OK)
            return sheet->code;
        if (status != XML_STATUS_OK)
            return sh_fail(err, SH_E_INPUT, "line %lu of a part of the spreadsheet: %s",
                           (unsigned long)XML_GetCurrentLineNumber(sheet->parser),
                           XML_ErrorString(XML_GetErrorCode(sheet->parser)));
        if (n == 0)
            break;
    }
    *ret_used = used;
    return SH_OK;
}

static sh_code read_part(struct sheet *sheet, zip_t *zip, const struct part *part, size_t *budget,
                         struct sh_err *err) {
    zip_file_t *file = zip_fopen(zip, part->name, 0);
    if (!file)
        return part->is_optional ? SH_OK
                                 : sh_fail(err, SH_E_INPUT, "no spreadsheet: %s is missing", part->name);
    sheet->parser = XML_ParserCreate(NULL);
    sh_code code = sheet->parser ? SH_OK : sh_fail(err, SH_E_NOMEM, "no room to read a spreadsheet");
    if (sheet->parser) {
        size_t used = 0;
        XML_SetUserData(sheet->parser, sheet);
        XML_SetElementHandler(sheet->parser, part->start, part->end);
        XML_SetCharacterDataHandler(sheet->parser, on_text);
        XML_SetStartDoctypeDeclHandler(sheet->parser, on_doctype);
        code = parse_part(sheet, file, *budget, &used, err);
        *budget -= used <= *budget ? used : *budget;
        XML_ParserFree(sheet->parser);
    }
    zip_fclose(file);
    return code;
}

static sh_code read_archive(struct sheet *sheet, zip_t *zip, size_t packed, struct sh_err *err) {
    static const struct part parts[] = {
        {"xl/sharedStrings.xml", true, shared_start, shared_end},
        {"xl/styles.xml", true, styles_start, styles_end},
        {"xl/worksheets/sheet1.xml", false, sheet_start, sheet_end},
    };
    if (zip_get_num_entries(zip, 0) > SH_SHEET_ENTRIES_MAX)
        return sh_fail(err, SH_E_LIMIT, "the spreadsheet has more than %d parts", SH_SHEET_ENTRIES_MAX);
    size_t budget = packed * SH_SHEET_RATIO_MAX;
    budget = budget < SH_SHEET_UNPACKED_MAX ? budget : SH_SHEET_UNPACKED_MAX;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        SH_TRY(read_part(sheet, zip, &parts[i], &budget, err));
    return SH_OK;
}

/* Rows as wide as the header; what lies beyond it is a fault, as it would be lost. */
static sh_code to_table(struct sheet *sheet, struct sh_csv *ret, struct sh_err *err) {
    if (sheet->n_rows == 0)
        return sh_fail(err, SH_E_INPUT, "the sheet is empty");
    struct sh_csv_row *rows = sh_new(sheet->arena, struct sh_csv_row, sheet->n_rows);
    if (!rows)
        return sh_fail(err, SH_E_NOMEM, "no room for %zu rows", sheet->n_rows);
    *ret =
        (struct sh_csv){.name = "xlsx", .header = sheet->rows[0], .rows = rows, .n_rows = sheet->n_rows - 1};
    for (size_t i = 1; i < sheet->n_rows; i++) {
        struct sh_csv_row *row = &rows[i - 1];
        *row = sheet->rows[i];
        if (row->n_cells > ret->header.n_cells)
            return sh_fail(err, SH_E_INPUT, "row %zu: a cell beyond the last column of the header",
                           row->line);
        struct sh_str *cells = sh_new(sheet->arena, struct sh_str, ret->header.n_cells);
        if (!cells)
            return sh_fail(err, SH_E_NOMEM, "no room for a row");
        for (size_t c = 0; c < ret->header.n_cells; c++)
            cells[c] = c < row->n_cells ? row->cells[c] : (struct sh_str){"", 0};
        row->cells = cells;
        row->n_cells = ret->header.n_cells;
    }
    return SH_OK;
}

static sh_code read_xlsx(struct sh_str text, struct sh_arena *arena, struct sh_csv *ret, struct sh_err *err) {
    zip_error_t zip_error;
    zip_error_init(&zip_error);
    zip_source_t *source = zip_source_buffer_create(text.at, text.len, 0, &zip_error);
    zip_t *zip = source ? zip_open_from_source(source, ZIP_RDONLY, &zip_error) : NULL;
    if (!zip) {
        if (source)
            zip_source_free(source);
        zip_error_fini(&zip_error);
        return sh_fail(err, SH_E_INPUT, "the file is no spreadsheet, or is damaged");
    }
    struct sheet *sheet = sh_new(arena, struct sheet, 1);
    sh_code code = SH_E_NOMEM;
    if (sheet) {
        sheet->arena = arena;
        sheet->err = err;
        code = read_archive(sheet, zip, text.len, err);
        if (code == SH_OK)
            code = to_table(sheet, ret, err);
        sh_buf_free(&sheet->text);
        sh_free(sheet->shared);
        sh_free(sheet->rows);
    } else {
        code = sh_fail(err, SH_E_NOMEM, "no room to read a spreadsheet");
    }
    zip_discard(zip);
    zip_error_fini(&zip_error);
    return code;
}

sh_code sh_sheet_read(struct sh_str text, struct sh_arena *arena, struct sh_csv *ret, struct sh_err *err) {
    if (sh_str_starts_with(text, SH_STR("PK\003\004")))
        return read_xlsx(text, arena, ret, err);
    SH_TRY(sh_csv_read("csv", text, SH_CSV_PLAIN, arena, ret, err));
    if (ret->n_rows > SH_SHEET_ROWS_MAX)
        return sh_fail(err, SH_E_LIMIT, "more than %d rows", SH_SHEET_ROWS_MAX);
    return SH_OK;
}
