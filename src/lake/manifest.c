#include "lake/manifest.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#define BODY_BEGIN "{\"body\":"
#define BODY_END ",\"sha256\":\""

static const char *const kind_names[SH_FILE_KINDS] = {"data",       "dict", "keys",
                                                      "superseded", "lost", "coverage"};
static const char *const batch_names[SH_BATCH_KINDS] = {"import", "correction", "withdrawal"};
static const char *const dict_names[SH_DICTS] = {"person", "institution", "practitioner", "department",
                                                 "item",   "diagnosis",   "operation",    "word",
                                                 "number", "stem"};

const char *sh_dict_name(enum sh_dict dict) {
    return dict_names[dict];
}

/* ---- in memory
 * ------------------------------------------------------------------------------------------------ */

/* Double an array in the arena; the old one stays there, which a manifest can afford. */
static sh_code grow(struct sh_arena *arena, void *array, size_t *cap, size_t n, size_t size,
                    struct sh_err *err) {
    if (n < *cap)
        return SH_OK;
    const size_t more = *cap > 0 ? 2 * *cap : 16;
    void *bigger = sh_arena_alloc_array(arena, more, size, 16), *old = NULL;
    if (!bigger)
        return sh_fail(err, SH_E_NOMEM, "no room for a manifest of %zu entries", more);
    memcpy(&old, array, sizeof old);
    if (n > 0)
        memcpy(bigger, old, n * size);
    memcpy(array, &bigger, sizeof bigger);
    *cap = more;
    return SH_OK;
}

static sh_code keep(struct sh_arena *arena, const char **text, struct sh_err *err) {
    const char *from = *text ? *text : "";
    *text = sh_arena_dup(arena, from, strlen(from));
    return *text ? SH_OK : sh_fail(err, SH_E_NOMEM, "no room for a manifest");
}

sh_code sh_manifest_add_file(struct sh_manifest *manifest, const struct sh_lake_file *file,
                             struct sh_err *err) {
    SH_TRY(
        grow(manifest->arena, &manifest->files, &manifest->cap_files, manifest->n_files, sizeof *file, err));
    struct sh_lake_file copy = *file;
    SH_TRY(keep(manifest->arena, &copy.path, err));
    manifest->files[manifest->n_files++] = copy;
    return SH_OK;
}

sh_code sh_manifest_add_batch(struct sh_manifest *manifest, const struct sh_lake_batch *batch,
                              struct sh_err *err) {
    SH_TRY(grow(manifest->arena, &manifest->batches, &manifest->cap_batches, manifest->n_batches,
                sizeof *batch, err));
    struct sh_lake_batch copy = *batch;
    SH_TRY(keep(manifest->arena, &copy.mapping, err));
    SH_TRY(keep(manifest->arena, &copy.reason, err));
    SH_TRY(keep(manifest->arena, &copy.by, err));
    SH_TRY(keep(manifest->arena, &copy.approved_by, err));
    manifest->batches[manifest->n_batches++] = copy;
    return SH_OK;
}

sh_code sh_manifest_copy(const struct sh_manifest *from, const bool *drop, struct sh_arena *arena,
                         struct sh_manifest *ret, struct sh_err *err) {
    struct sh_manifest copy = {.arena = arena,
                               .number = from->number,
                               .seed = {from->seed[0], from->seed[1]},
                               .buckets = from->buckets};
    for (size_t i = 0; i < from->n_batches; i++)
        SH_TRY(sh_manifest_add_batch(&copy, &from->batches[i], err));
    for (size_t i = 0; i < from->n_files; i++)
        if (!drop || !drop[i])
            SH_TRY(sh_manifest_add_file(&copy, &from->files[i], err));
    *ret = copy;
    return SH_OK;
}

int32_t sh_manifest_known_day(const struct sh_manifest *manifest, uint32_t batch) {
    size_t low = 0, high = manifest->n_batches;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (manifest->batches[middle].id < batch)
            low = middle + 1;
        else
            high = middle;
    }
    return low < manifest->n_batches && manifest->batches[low].id == batch ? manifest->batches[low].known_day
                                                                           : INT32_MAX;
}

uint32_t sh_manifest_last_batch(const struct sh_manifest *manifest) {
    return manifest->n_batches > 0 ? manifest->batches[manifest->n_batches - 1].id : 0;
}

const struct sh_lake_file *sh_manifest_file(const struct sh_manifest *manifest, sh_file_kind kind) {
    for (size_t i = 0; i < manifest->n_files; i++)
        if (manifest->files[i].kind == kind)
            return &manifest->files[i];
    return NULL;
}

/* ---- to text
 * -------------------------------------------------------------------------------------------------- */

static void put_hex(struct sh_json *json, const char *key, uint64_t a, uint64_t b) {
    char text[40];
    (void)snprintf(text, sizeof text, "%016" PRIx64 "%016" PRIx64, a, b);
    sh_json_put_text(json, key, text);
}

static const char *what_name(sh_file_kind kind, uint32_t what) {
    return kind == SH_FILE_DICT ? dict_names[what] : sh_lake_schema[what].name;
}

static void put_file(struct sh_json *json, const struct sh_lake_file *file) {
    sh_json_object(json);
    sh_json_put_text(json, "kind", kind_names[file->kind]);
    sh_json_put_text(json, "what", what_name(file->kind, file->what));
    sh_json_put_text(json, "path", file->path);
    sh_json_put_i64(json, "batch_from", file->batch_from);
    sh_json_put_i64(json, "batch_to", file->batch_to);
    sh_json_put_i64(json, "bucket_from", file->bucket_from);
    sh_json_put_i64(json, "bucket_to", file->bucket_to);
    sh_json_put_i64(json, "rows", (int64_t)file->rows);
    sh_json_put_i64(json, "fen", file->fen);
    sh_json_put_i64(json, "first_day", file->first_day);
    sh_json_put_i64(json, "last_day", file->last_day);
    sh_json_put_i64(json, "size", (int64_t)file->size);
    put_hex(json, "xxh3", file->hash.high, file->hash.low);
    sh_json_object_end(json);
}

static void put_body(struct sh_json *json, const struct sh_manifest *manifest) {
    sh_json_object(json);
    sh_json_put_i64(json, "format", SH_LAKE_FORMAT);
    sh_json_put_i64(json, "number", (int64_t)manifest->number);
    sh_json_put_i64(json, "buckets", manifest->buckets);
    put_hex(json, "seed", manifest->seed[0], manifest->seed[1]);
    sh_json_key(json, "batches");
    sh_json_array(json);
    for (size_t i = 0; i < manifest->n_batches; i++) {
        const struct sh_lake_batch *batch = &manifest->batches[i];
        sh_json_object(json);
        sh_json_put_i64(json, "id", batch->id);
        sh_json_put_text(json, "kind", batch_names[batch->kind]);
        sh_json_put_i64(json, "known_day", batch->known_day);
        sh_json_put_text(json, "mapping", batch->mapping);
        sh_json_put_text(json, "reason", batch->reason);
        sh_json_put_text(json, "by", batch->by);
        sh_json_put_text(json, "approved_by", batch->approved_by);
        sh_json_object_end(json);
    }
    sh_json_array_end(json);
    sh_json_key(json, "files");
    sh_json_array(json);
    for (size_t i = 0; i < manifest->n_files; i++)
        put_file(json, &manifest->files[i]);
    sh_json_array_end(json);
    sh_json_object_end(json);
}

static sh_code path_of(const char *lake_dir, uint64_t number, char *out, struct sh_err *err) {
    return sh_path_format(out, err, "%s/manifest/%08" PRIu64 ".json", lake_dir, number);
}

sh_code sh_manifest_write(const char *lake_dir, struct sh_manifest *manifest, struct sh_err *err) {
    struct sh_manifest next = *manifest;
    next.number++;
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    (void)sh_buf_add_text(&text, BODY_BEGIN);
    const size_t from = text.len;
    struct sh_json json;
    sh_json_begin(&json, &text);
    put_body(&json, &next);
    SH_TRY(sh_json_end(&json, err));
    uint8_t digest[SH_DIGEST_BYTES];
    SH_TRY(sh_digest_of(SH_DIGEST_SHA256, text.at + from, text.len - from, digest, err));
    char hex[SH_DIGEST_HEX_MAX];
    sh_hex(digest, sizeof digest, hex);
    (void)sh_buf_addf(&text, BODY_END "%s\"}\n", hex);
    SH_TRY(sh_buf_check(&text, err));
    char path[SH_PATH_BYTES_MAX];
    SH_TRY(path_of(lake_dir, next.number, path, err));
    bool exists;
    SH_TRY(sh_fs_exists(path, &exists, err));
    if (exists)
        return sh_fail(err, SH_E_CONFLICT, "%s: exists already", path);
    SH_TRY(sh_fs_write(path, sh_buf_view(&text), err));
    manifest->number = next.number;
    return SH_OK;
}

/* ---- from text
 * ------------------------------------------------------------------------------------------------ */

static sh_code get_range(const json_t *object, const char *key, int64_t min, int64_t max, int64_t *ret,
                         struct sh_err *err) {
    int64_t v;
    SH_TRY(sh_json_get_i64(object, key, &v, err));
    if (v < min || v > max)
        return sh_fail(err, SH_E_INPUT, "%s is %" PRId64 ", must be %" PRId64 " … %" PRId64, key, v, min,
                       max);
    *ret = v;
    return SH_OK;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static sh_code get_hex(const json_t *object, const char *key, uint64_t ret[2], struct sh_err *err) {
    struct sh_str text;
    SH_TRY(sh_json_get_str(object, key, &text, err));
    uint64_t words[2] = {0, 0};
    for (size_t i = 0; i < text.len && i < 32; i++) {
        const int digit = hex_digit(text.at[i]);
        if (digit < 0)
            return sh_fail(err, SH_E_INPUT, "%s is no hexadecimal number", key);
        words[i / 16] = words[i / 16] << 4 | (uint64_t)digit;
    }
    if (text.len != 32)
        return sh_fail(err, SH_E_INPUT, "%s has %zu digits, must have 32", key, text.len);
    ret[0] = words[0], ret[1] = words[1];
    return SH_OK;
}

static sh_code get_name(const json_t *object, const char *key, const char *const *names, size_t n,
                        uint32_t *ret, struct sh_err *err) {
    struct sh_str text;
    SH_TRY(sh_json_get_str(object, key, &text, err));
    for (size_t i = 0; i < n; i++)
        if (sh_str_is(text, names[i])) {
            *ret = (uint32_t)i;
            return SH_OK;
        }
    return sh_fail(err, SH_E_INPUT, "%s is '%.*s', which is none we know", key, SH_ARG(text));
}

static sh_code get_text(const json_t *object, const char *key, struct sh_arena *arena, const char **ret,
                        struct sh_err *err) {
    struct sh_str text;
    SH_TRY(sh_json_get_str(object, key, &text, err));
    *ret = sh_arena_dup(arena, text.at, text.len);
    return *ret ? SH_OK : sh_fail(err, SH_E_NOMEM, "no room for a manifest");
}

/* A path of ours stays below the lake and needs no quoting anywhere. */
static bool path_is_ours(struct sh_str path) {
    static const char *const folders[] = {"data/", "dict/", "keys/", "state/"};
    bool is_known = false;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        is_known |= sh_str_starts_with(path, sh_str_of(folders[i]));
    for (size_t i = 0; i < path.len; i++) {
        const char c = path.at[i];
        const bool plain =
            (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '/' || c == '.';
        if (!plain || (c == '.' && i + 1 < path.len && path.at[i + 1] == '.'))
            return false;
    }
    return is_known && path.len < 256;
}

static sh_code get_what(const json_t *object, struct sh_lake_file *file, struct sh_err *err) {
    if (file->kind == SH_FILE_DICT)
        return get_name(object, "what", dict_names, SH_DICTS, &file->what, err);
    const char *tables[SH_TABLES];
    for (size_t t = 0; t < SH_TABLES; t++)
        tables[t] = sh_lake_schema[t].name;
    return get_name(object, "what", tables, SH_TABLES, &file->what, err);
}

static sh_code get_file(const json_t *object, struct sh_manifest *manifest, struct sh_err *err) {
    struct sh_lake_file file = {0};
    uint32_t kind;
    int64_t batch_from, batch_to, bucket_from, bucket_to, rows, size, first, last;
    SH_TRY(get_name(object, "kind", kind_names, SH_FILE_KINDS, &kind, err));
    file.kind = (sh_file_kind)kind;
    SH_TRY(get_what(object, &file, err));
    struct sh_str path;
    SH_TRY(sh_json_get_str(object, "path", &path, err));
    if (!path_is_ours(path))
        return sh_fail(err, SH_E_INPUT, "path '%.*s' is none of ours", SH_ARG(path));
    file.path = path.at;
    SH_TRY(get_range(object, "batch_from", 0, UINT32_MAX, &batch_from, err));
    SH_TRY(get_range(object, "batch_to", batch_from, UINT32_MAX, &batch_to, err));
    SH_TRY(get_range(object, "bucket_from", 0, manifest->buckets, &bucket_from, err));
    SH_TRY(get_range(object, "bucket_to", bucket_from, manifest->buckets, &bucket_to, err));
    SH_TRY(get_range(object, "rows", 0, INT64_MAX, &rows, err));
    SH_TRY(get_range(object, "size", 0, INT64_MAX, &size, err));
    SH_TRY(get_range(object, "first_day", INT32_MIN, INT32_MAX, &first, err));
    SH_TRY(get_range(object, "last_day", INT32_MIN, INT32_MAX, &last, err));
    SH_TRY(sh_json_get_i64(object, "fen", &file.fen, err));
    uint64_t hash[2];
    SH_TRY(get_hex(object, "xxh3", hash, err));
    file.batch_from = (uint32_t)batch_from, file.batch_to = (uint32_t)batch_to;
    file.bucket_from = (uint32_t)bucket_from, file.bucket_to = (uint32_t)bucket_to;
    file.rows = (uint64_t)rows, file.size = (uint64_t)size;
    file.first_day = (int32_t)first, file.last_day = (int32_t)last;
    file.hash = (struct sh_hash128){.high = hash[0], .low = hash[1]};
    return sh_manifest_add_file(manifest, &file, err);
}

static sh_code get_batch(const json_t *object, struct sh_manifest *manifest, struct sh_err *err) {
    struct sh_lake_batch batch = {0};
    int64_t id, day;
    uint32_t kind;
    SH_TRY(get_range(object, "id", (int64_t)sh_manifest_last_batch(manifest) + 1, UINT32_MAX, &id, err));
    SH_TRY(get_range(object, "known_day", INT32_MIN, INT32_MAX, &day, err));
    SH_TRY(get_name(object, "kind", batch_names, SH_BATCH_KINDS, &kind, err));
    batch.id = (uint32_t)id, batch.known_day = (int32_t)day, batch.kind = (sh_batch_kind)kind;
    SH_TRY(get_text(object, "mapping", manifest->arena, &batch.mapping, err));
    SH_TRY(get_text(object, "reason", manifest->arena, &batch.reason, err));
    SH_TRY(get_text(object, "by", manifest->arena, &batch.by, err));
    if (json_object_get(object, "approved_by")) /* lakes from before it was asked have none */
        SH_TRY(get_text(object, "approved_by", manifest->arena, &batch.approved_by, err));
    return sh_manifest_add_batch(manifest, &batch, err);
}

static sh_code get_list(const json_t *body, const char *key, struct sh_manifest *manifest,
                        sh_code (*get)(const json_t *, struct sh_manifest *, struct sh_err *),
                        struct sh_err *err) {
    const json_t *list = json_object_get(body, key);
    if (!json_is_array(list))
        return sh_fail(err, SH_E_INPUT, "%s is no list", key);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const sh_code code = get(json_array_get(list, i), manifest, err);
        if (code != SH_OK)
            return sh_err_wrap(err, code, "%s[%zu]: ", key, i);
    }
    return SH_OK;
}

/* The body's bytes, if the frame around them is ours and the digest fits. */
static sh_code open_frame(struct sh_str text, struct sh_str *ret_body, struct sh_err *err) {
    while (text.len > 0 && text.at[text.len - 1] == '\n')
        text.len--;
    const size_t begin = strlen(BODY_BEGIN), end = strlen(BODY_END) + 64 + 2;
    if (text.len < begin + end || !sh_str_starts_with(text, SH_STR(BODY_BEGIN)))
        return sh_fail(err, SH_E_CORRUPT, "is cut or is no manifest");
    const struct sh_str body = {text.at + begin, text.len - begin - end};
    uint8_t digest[SH_DIGEST_BYTES];
    SH_TRY(sh_digest_of(SH_DIGEST_SHA256, body.at, body.len, digest, err));
    char tail[256], hex[SH_DIGEST_HEX_MAX];
    sh_hex(digest, sizeof digest, hex);
    (void)snprintf(tail, sizeof tail, BODY_END "%s\"}", hex);
    if (!sh_str_ends_with(text, sh_str_of(tail)))
        return sh_fail(err, SH_E_CORRUPT, "does not match its own SHA-256");
    *ret_body = body;
    return SH_OK;
}

static sh_code get_body(const json_t *body, struct sh_manifest *manifest, struct sh_err *err) {
    int64_t number, buckets, format;
    SH_TRY(get_range(body, "format", 1, 9999, &format, err));
    if (format != SH_LAKE_FORMAT)
        return sh_fail(err, SH_E_UNSUPPORTED,
                       "the lake has format %" PRId64 ", this program reads and writes format %d: import its "
                       "source files into a new lake",
                       format, SH_LAKE_FORMAT);
    SH_TRY(get_range(body, "number", 1, 99999999, &number, err));
    SH_TRY(get_range(body, "buckets", 1, SH_LAKE_BUCKETS_MAX, &buckets, err));
    manifest->number = (uint64_t)number;
    manifest->buckets = (uint32_t)buckets;
    SH_TRY(get_hex(body, "seed", manifest->seed, err));
    SH_TRY(get_list(body, "batches", manifest, get_batch, err));
    return get_list(body, "files", manifest, get_file, err);
}

sh_code sh_manifest_parse(const char *name, struct sh_str text, struct sh_arena *arena,
                          struct sh_manifest *ret, struct sh_err *err) {
    struct sh_str body_text = {0};
    struct sh_manifest manifest = {.arena = arena};
    SH_CLEANUP(sh_json_decref_at) json_t *body = NULL;
    sh_code code = open_frame(text, &body_text, err);
    if (code == SH_OK)
        code = sh_json_read("body", body_text, &body, err);
    if (code == SH_OK)
        code = get_body(body, &manifest, err);
    if (code == SH_OK) {
        *ret = manifest;
        return SH_OK;
    }
    if (code == SH_E_NOMEM)
        return code;
    return sh_fail(err, code == SH_E_UNSUPPORTED ? code : SH_E_CORRUPT, "%s: %s", name,
                   err ? err->message : "");
}

static bool number_of(const char *name, uint64_t *ret) {
    uint64_t number = 0;
    size_t i = 0;
    for (; i < 8 && name[i] >= '0' && name[i] <= '9'; i++)
        number = number * 10 + (uint64_t)(name[i] - '0');
    if (i != 8 || strcmp(name + 8, ".json") != 0)
        return false;
    *ret = number;
    return true;
}

sh_code sh_manifest_newest(const char *lake_dir, uint64_t *ret, struct sh_err *err) {
    char dir[SH_PATH_BYTES_MAX];
    SH_TRY(sh_path_join(dir, lake_dir, "manifest", err));
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_dir_entry *entries = NULL;
    size_t n = 0;
    bool is_dir;
    *ret = 0;
    SH_TRY(sh_fs_exists(dir, &is_dir, err));
    if (!is_dir)
        return SH_OK;
    SH_TRY(sh_dir_list(dir, &arena, &entries, &n, err));
    for (size_t i = 0; i < n; i++) {
        uint64_t number;
        if (number_of(entries[i].name, &number) && number > *ret)
            *ret = number;
    }
    return SH_OK;
}

sh_code sh_manifest_read(const char *lake_dir, uint64_t number, struct sh_arena *arena,
                         struct sh_manifest *ret, struct sh_err *err) {
    if (number == 0)
        SH_TRY(sh_manifest_newest(lake_dir, &number, err));
    if (number == 0)
        return sh_fail(err, SH_E_NOTFOUND, "%s: there is no lake here (no manifest/*.json)", lake_dir);
    char path[SH_PATH_BYTES_MAX];
    SH_TRY(path_of(lake_dir, number, path, err));
    struct sh_str text;
    SH_TRY(sh_fs_read(path, SH_JSON_BYTES_MAX, arena, &text, err));
    struct sh_manifest manifest;
    SH_TRY(sh_manifest_parse(path, text, arena, &manifest, err));
    if (manifest.number != number)
        return sh_fail(err, SH_E_CORRUPT, "%s: says it is number %" PRIu64, path, manifest.number);
    *ret = manifest;
    return SH_OK;
}
