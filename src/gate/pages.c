/* Files of the pages. */
#include "gate/pages.h"
#include "base/fs.h"
#include "base/limits.h"

enum { PAGES_MAX = 1024, PAGES_DEPTH_MAX = 4, PAGES_BYTES_MAX = 64 << 20 };

struct page {
    struct sh_str path; /* "assets/index-1a2b.js" */
    struct sh_str content, gzip;
    const char *type, *etag, *caching;
};

struct sh_pages {
    struct page *of; /* [n], by path */
    size_t n, bytes;
    struct sh_arena *arena;
};

/* Scripts and styles come from this very server; nothing inline, nothing from elsewhere. Style attributes
 * stay allowed: the drawing library writes its hints with them. */
static const char policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self'; connect-src 'self'; frame-src blob:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'";

static const char *type_of(struct sh_str path) {
    static const char *const types[][2] = {{".html", "text/html; charset=utf-8"},
                                           {".js", "text/javascript; charset=utf-8"},
                                           {".css", "text/css; charset=utf-8"},
                                           {".svg", "image/svg+xml"},
                                           {".png", "image/png"},
                                           {".ico", "image/x-icon"},
                                           {".woff2", "font/woff2"},
                                           {".json", "application/json"},
                                           {".webmanifest", "application/manifest+json"}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (sh_str_ends_with(path, sh_str_of(types[i][0])))
            return types[i][1];
    return "application/octet-stream";
}

/* ---- loading ----------------------------------------------------------------------------------------- */

static sh_code load_file(struct sh_pages *pages, const char *file, const char *path, struct sh_err *err) {
    if (pages->n == PAGES_MAX)
        return sh_fail(err, SH_E_LIMIT, "%s: more than %d files of pages", file, PAGES_MAX);
    struct page *page = &pages->of[pages->n++];
    SH_TRY(sh_fs_read(file, PAGES_BYTES_MAX - pages->bytes, pages->arena, &page->content, err));
    pages->bytes += page->content.len;
    const uint64_t hash = sh_hash64(page->content.at, page->content.len, 0);
    page->path = sh_str_of(sh_arena_dup(pages->arena, path, strlen(path)));
    page->type = type_of(page->path);
    page->etag = sh_arena_printf(pages->arena, NULL, "\"%016llx\"", (unsigned long long)hash);
    page->caching = sh_str_starts_with(page->path, SH_STR("assets/")) ? "public, max-age=31536000, immutable"
                                                                      : "no-cache";
    return page->path.at && page->etag ? SH_OK : sh_fail(err, SH_E_NOMEM, "no room for the pages");
}

static sh_code load_dir(struct sh_pages *pages, const char *dir, const char *below, int depth,
                        struct sh_err *err) {
    const struct sh_dir_entry *entries = NULL;
    size_t n = 0;
    SH_TRY(sh_dir_list(dir, pages->arena, &entries, &n, err));
    for (size_t i = 0; i < n; i++) {
        char file[SH_PATH_BYTES_MAX], path[SH_PATH_BYTES_MAX];
        SH_TRY(sh_path_join(file, dir, entries[i].name, err));
        SH_TRY(sh_path_join(path, below, entries[i].name, err));
        if (entries[i].kind == SH_ENTRY_DIR && depth < PAGES_DEPTH_MAX)
            SH_TRY(load_dir(pages, file, path, depth + 1, err));
        else if (entries[i].kind == SH_ENTRY_FILE)
            SH_TRY(load_file(pages, file, path, err));
    }
    return SH_OK;
}

static struct page *find(const struct sh_pages *pages, struct sh_str path) {
    for (size_t i = 0; i < pages->n; i++)
        if (sh_str_eq(pages->of[i].path, path))
            return &pages->of[i];
    return NULL;
}

sh_code sh_pages_load(const char *dir, struct sh_arena *arena, const struct sh_pages **ret,
                      struct sh_err *err) {
    struct sh_pages *pages = sh_new(arena, struct sh_pages, 1);
    if (pages)
        pages->of = sh_new(arena, struct page, PAGES_MAX);
    if (!pages || !pages->of)
        return sh_fail(err, SH_E_NOMEM, "no room for the pages");
    pages->arena = arena;
    SH_TRY(load_dir(pages, dir, "", 0, err));
    for (size_t i = 0; i < pages->n; i++) {
        const struct page *gzip = &pages->of[i];
        struct page *plain = NULL;
        if (sh_str_ends_with(gzip->path, SH_STR(".gz")))
            plain = find(pages, sh_str_sub(gzip->path, 0, gzip->path.len - 3));
        if (plain)
            plain->gzip = gzip->content;
    }
    if (!find(pages, SH_STR("index.html")))
        return sh_fail(err, SH_E_INPUT, "%s: no index.html; build the pages anew: make web", dir);
    *ret = pages;
    return SH_OK;
}

/* ---- answering --------------------------------------------------------------------------------------- */

static struct sh_str path_of(struct sh_request *rq) {
    SH_CLEANUP(sh_buf_free) struct sh_buf path = {0};
    for (size_t i = 0; i < rq->target.n_segments; i++) {
        if (i)
            sh_buf_add_char(&path, '/');
        sh_buf_add_str(&path, rq->target.segments[i]);
    }
    const struct sh_str view = sh_buf_view(&path);
    return (struct sh_str){sh_arena_dup(&rq->arena, view.at, view.len), view.len};
}

static bool is_of_pages(const struct sh_request *rq) {
    if (rq->method != SH_GET)
        return false;
    for (size_t i = 0; i < rq->target.n_segments; i++)
        if (sh_str_find_char(rq->target.segments[i], '/') != SH_STR_NONE)
            return false; /* came as %2F: names nothing here */
    return rq->target.n_segments == 0 || !sh_str_is(rq->target.segments[0], "api");
}

static void send_page(struct sh_request *rq, const struct page *page) {
    const bool is_gzip = page->gzip.len && sh_str_find(rq->encodings, SH_STR("gzip")) != SH_STR_NONE;
    const bool is_same = sh_str_find(rq->if_none_match, sh_str_of(page->etag)) != SH_STR_NONE;
    sh_buf_clear(&rq->out);
    if (!is_same)
        sh_buf_add_str(&rq->out, is_gzip ? page->gzip : page->content);
    rq->status = is_same ? 304 : 200;
    rq->is_page = true;
    rq->content_type = page->type;
    sh_answer_header(rq, "ETag", page->etag);
    sh_answer_header(rq, "Cache-Control", page->caching);
    sh_answer_header(rq, "Content-Security-Policy", policy);
    sh_answer_header(rq, "Vary", "Accept-Encoding");
    if (is_gzip && !is_same)
        sh_answer_header(rq, "Content-Encoding", "gzip");
}

bool sh_pages_answer(const struct sh_pages *pages, struct sh_request *rq) {
    if (!pages || !is_of_pages(rq))
        return false;
    const struct sh_str path = path_of(rq);
    if (!path.at)
        return false;
    const struct page *page = path.len ? find(pages, path) : NULL;
    const size_t last = rq->target.n_segments;
    const bool names_file = last && sh_str_find_char(rq->target.segments[last - 1], '.') != SH_STR_NONE;
    if (!page && !names_file)
        page = find(pages, SH_STR("index.html"));
    if (!page)
        return false;
    send_page(rq, page);
    struct sh_err err;
    if (sh_buf_check(&rq->out, &err) != SH_OK)
        rq->status = 0, rq->is_page = false, rq->n_headers = 0;
    return rq->status != 0;
}
