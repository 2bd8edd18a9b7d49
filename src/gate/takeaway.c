/* Tables that leave the office. They go to a file first: a full disk or a fault is told before the first byte
 * is sent, and no export is as large in memory as on disk. */
#include "gate/takeaway.h"
#include "base/fs.h"
#include "gate/auth.h"
#include "gate/later.h"
#include "gate/workbook.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CSV_ROWS_MAX = 20000000, XLSX_ROWS_MAX = 1048575 }; /* what a sheet holds below its titles */

sh_code sh_takeaway_asked(struct sh_request *rq, const char *kind, struct sh_takeaway *ret,
                          struct sh_err *err) {
    if (rq->later && rq->later->is_fetch) /* what for was said when it was asked for */
        return sh_later_point(rq, kind, err);
    const struct sh_str format = sh_target_arg(&rq->target, "format");
    ret->rq = rq;
    ret->is_xlsx = sh_str_is(format, "xlsx");
    if (format.len && !ret->is_xlsx && !sh_str_is(format, "csv"))
        return sh_refused(sh_refuse(rq, GATE_BAD_REQUEST, "format: csv | xlsx"), err);
    SH_TRY(sh_purpose_of_header(rq, &ret->purpose, err));
    return sh_later_point(rq, kind, err);
}

struct noting {
    const struct sh_takeaway *out;
    struct sh_str register_id;
};

static sh_code note(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    const struct noting *noting = ctx;
    return sh_access_note(txn, noting->out->rq, noting->register_id, NULL, "export", noting->out->purpose,
                          err);
}

sh_code sh_takeaway_note(struct sh_takeaway *out, struct sh_str register_id, struct sh_err *err) {
    struct noting noting = {out, register_id};
    return sh_gate_write(out->rq->gate, out->rq, "export", note, &noting, NULL, err);
}

static sh_code folder_of(const struct sh_gate *gate, char ret[SH_PATH_BYTES_MAX], struct sh_err *err) {
    return sh_path_join(ret, gate->options.data_dir, "exports", err);
}

static sh_code open_csv(struct sh_takeaway *out, struct sh_err *err) {
    const int fd = open(out->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    out->file = fd >= 0 ? fdopen(fd, "w+") : NULL;
    if (!out->file) {
        const sh_code code = sh_fail_errno(err, "%s: cannot open", out->path);
        if (fd >= 0)
            (void)close(fd);
        return code;
    }
    /* The guard keeps a name that begins with = from being run by whoever opens the file. */
    out->csv = (struct sh_csv_writer){.buf = &out->buf, .file = out->file, .guard = true};
    sh_buf_add_text(&out->buf, "\xEF\xBB\xBF"); /* spreadsheets take UTF-8 for something else without it */
    return SH_OK;
}

sh_code sh_takeaway_open(struct sh_takeaway *out, struct sh_str sheet, const char *const *titles, size_t n,
                         struct sh_err *err) {
    char dir[SH_PATH_BYTES_MAX];
    SH_TRY(folder_of(out->rq->gate, dir, err));
    SH_TRY(sh_mkdir_all(dir, err));
    SH_TRY(sh_path_format(out->path, err, "%s/%s", dir, out->rq->id));
    if (out->is_xlsx)
        return sh_workbook_begin(out->path, sheet, titles, n, &out->book, err);
    SH_TRY(open_csv(out, err));
    for (size_t i = 0; i < n; i++)
        sh_csv_cell_text(&out->csv, titles[i]);
    sh_csv_end_row(&out->csv);
    return SH_OK;
}

void sh_takeaway_cell(struct sh_takeaway *out, struct sh_str text) {
    if (out->is_xlsx)
        sh_workbook_cell(out->book, text);
    else
        sh_csv_cell(&out->csv, text);
}

sh_code sh_takeaway_row(struct sh_takeaway *out, struct sh_err *err) {
    SH_TRY(sh_later_row(out->rq, out->n_rows, err));
    if (++out->n_rows > (uint64_t)(out->is_xlsx ? XLSX_ROWS_MAX : CSV_ROWS_MAX))
        return sh_fail(err, SH_E_LIMIT, "more than %d rows: narrow the filter%s",
                       out->is_xlsx ? XLSX_ROWS_MAX : CSV_ROWS_MAX, out->is_xlsx ? ", or take CSV" : "");
    if (out->is_xlsx)
        return sh_workbook_row(out->book, err);
    sh_csv_end_row(&out->csv);
    return out->csv.failed == SH_OK ? SH_OK : sh_csv_end(&out->csv, err);
}

/* The file, whole, open for reading; its name goes. */
static sh_code finish(struct sh_takeaway *out, int *ret_fd, struct sh_err *err) {
    if (out->is_xlsx) {
        struct sh_workbook *book = out->book;
        out->book = NULL;
        SH_TRY(sh_workbook_end(book, true, err));
    } else {
        SH_TRY(sh_csv_end(&out->csv, err));
    }
    *ret_fd = open(out->path, O_RDONLY | O_CLOEXEC);
    return *ret_fd >= 0 ? SH_OK : sh_fail_errno(err, "%s: cannot open", out->path);
}

/* The file has a name again, once it is whole. */
static sh_code keep(struct sh_takeaway *out, struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    sh_later_expect(out->rq, out->n_rows);
    SH_TRY(sh_later_row(out->rq, out->n_rows, err));
    SH_TRY(sh_later_path(out->rq->gate, sh_str_of(out->rq->later->id), path, err));
    SH_TRY(sh_file_sync(out->path, err));
    SH_TRY(sh_fs_rename(out->path, path, err));
    out->path[0] = '\0';
    return SH_OK;
}

sh_code sh_takeaway_send(struct sh_takeaway *out, struct sh_str name, struct sh_err *err) {
    struct sh_request *rq = out->rq;
    struct stat about;
    int fd = -1;
    SH_TRY(finish(out, &fd, err));
    if (fstat(fd, &about) != 0) {
        const sh_code code = sh_fail_errno(err, "%s: cannot stat", out->path);
        (void)close(fd);
        return code;
    }
    sh_buf_clear(&rq->out);
    rq->file = (struct sh_answer_file){.fd_plus_1 = fd + 1, .bytes = (uint64_t)about.st_size};
    if (rq->later)
        SH_TRY(keep(out, err));
    rq->status = 200;
    rq->content_type = out->is_xlsx ? "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
                                    : "text/csv; charset=utf-8";
    sh_answer_header(rq, "Content-Disposition",
                     sh_arena_printf(&rq->arena, NULL, "attachment; filename=\"%.*s.%s\"", SH_ARG(name),
                                     out->is_xlsx ? "xlsx" : "csv"));
    return SH_OK;
}

void sh_takeaway_end(struct sh_takeaway *out) {
    struct sh_err ignored;
    if (out->book && sh_workbook_end(out->book, false, &ignored) != SH_OK)
        sh_log(&out->rq->gate->log, SH_LOG_WARN, "export", " request=%s given up: %s", out->rq->id,
               ignored.message);
    if (out->file)
        (void)fclose(out->file);
    if (out->path[0])
        (void)unlink(out->path);
    sh_buf_free(&out->buf);
    *out = (struct sh_takeaway){0};
}
