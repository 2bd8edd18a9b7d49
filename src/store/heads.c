/* The append-only file of signed heads, kept elsewhere: whoever restores an old copy of the database is seen.
 * A line: head BODY-HEX SIGNATURE-HEX A line torn by a crash is closed with " torn" by the next writer and
 * then ignored. */
#include "store/inner.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 5 + 2 * SH_HEAD_BYTES + 1 + 2 * SH_SIGNATURE_MAX + 2, TAIL_BYTES = 64 * 1024 };

static void close_at(int *fd) {
    if (*fd >= 0)
        (void)close(*fd);
}

static bool parse_line(struct sh_str line, struct sh_head_body *ret) {
    uint8_t body[SH_HEAD_BYTES];
    return line.len > 5 + 2 * SH_HEAD_BYTES && sh_str_starts_with(line, SH_STR("head ")) &&
           sh_unhex(sh_str_sub(line, 5, sizeof body * 2), body, sizeof body) &&
           sh_head_decode(sh_bytes_of(body, sizeof body), ret, NULL) == SH_OK;
}

/* The end of the file, from a line's beginning on. */
static sh_code read_tail(int fd, const char *path, struct sh_arena *arena, struct sh_str *ret,
                         struct sh_err *err) {
    struct stat status;
    if (fstat(fd, &status) != 0)
        return sh_fail_errno(err, "%s: heads", path);
    const off_t from = status.st_size > TAIL_BYTES ? status.st_size - TAIL_BYTES : 0;
    char *text = sh_new(arena, char, TAIL_BYTES + 1);
    if (!text)
        return sh_fail(err, SH_E_NOMEM, "%s: no room", path);
    const ssize_t n = pread(fd, text, TAIL_BYTES, from);
    if (n < 0)
        return sh_fail_errno(err, "%s: cannot read", path);
    *ret = (struct sh_str){text, (size_t)n};
    return SH_OK;
}

static bool last_of(struct sh_str tail, struct sh_head_body *ret) {
    struct sh_str line;
    bool has = false;
    while (tail.at && sh_str_split(&tail, '\n', &line)) {
        struct sh_head_body head;
        if (!parse_line(line, &head))
            continue;
        *ret = head;
        has = true;
    }
    return has;
}

sh_code sh_heads_last(const char *path, struct sh_head_body *ret, bool *ret_has, struct sh_err *err) {
    *ret_has = false;
    SH_CLEANUP(close_at) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return SH_OK;
    if (fd < 0)
        return sh_fail_errno(err, "%s: cannot open the file of heads", path);
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_str tail;
    SH_TRY(read_tail(fd, path, &arena, &tail, err));
    *ret_has = last_of(tail, ret);
    return SH_OK;
}

/* Another process may publish too (a backup beside the server): one at a time, and never a smaller head last.
 */
static sh_code append(const struct sh_head_body *head, int fd, const char *path, struct sh_str line,
                      struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_str tail;
    struct sh_head_body last;
    (void)flock(fd, LOCK_EX); /* where it cannot be had, as on some network disks, there is one writer only */
    SH_TRY(read_tail(fd, path, &arena, &tail, err));
    if (last_of(tail, &last) && last.epoch == head->epoch && last.size >= head->size)
        return SH_OK;
    if (tail.len > 0 && tail.at[tail.len - 1] != '\n')
        SH_TRY(sh_fd_write(fd, SH_STR(" torn\n"), path, err));
    SH_TRY(sh_fd_write(fd, line, path, err));
    if (fdatasync(fd) != 0)
        return sh_fail_errno(err, "%s: cannot sync", path);
    return SH_OK;
}

sh_code sh_heads_append(const char *path, const struct sh_head_body *head, struct sh_str bytes,
                        struct sh_str signature, struct sh_err *err) {
    char line[LINE_MAX_BYTES] = "head ";
    if (bytes.len != SH_HEAD_BYTES || signature.len > SH_SIGNATURE_MAX)
        return sh_fail(err, SH_E_INPUT, "%s: a head or a signature is malformed", path);
    sh_hex((const uint8_t *)bytes.at, bytes.len, line + 5);
    size_t len = 5 + 2 * SH_HEAD_BYTES;
    line[len++] = ' ';
    sh_hex((const uint8_t *)signature.at, signature.len, line + len);
    len += 2 * signature.len;
    line[len++] = '\n';
    SH_CLEANUP(close_at) int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0)
        return sh_fail_errno(err, "%s: cannot open the file of heads", path);
    return append(head, fd, path, sh_bytes_of(line, len), err);
}

sh_code sh_heads_publish(struct sh_store *store, struct sh_err *err) {
    struct sh_journal *journal = &store->journal;
    const struct sh_signed_head *head = &journal->head;
    if (journal->published_size == head->body.size && journal->published_epoch == head->body.epoch)
        return SH_OK;
    SH_TRY(sh_heads_append(store->heads_path, &head->body, sh_bytes_of(head->bytes, SH_HEAD_BYTES),
                           sh_bytes_of(head->signature, head->signature_len), err));
    journal->published_size = head->body.size;
    journal->published_epoch = head->body.epoch;
    return SH_OK;
}

sh_code sh_heads_check(struct sh_store *store, struct sh_db *db, const struct sh_head_body *last,
                       struct sh_err *err) {
    const struct sh_journal *journal = &store->journal;
    const unsigned long long is = journal->head.body.size, was = last->size;
    if (memcmp(last->log, journal->log, SH_LOG_BYTES) != 0)
        return sh_fail(err, SH_E_CONFLICT, "%s holds heads of another journal", store->heads_path);
    if (last->epoch > journal->epoch || last->size > journal->head.body.size)
        return sh_fail(
            err, SH_E_CONFLICT,
            "the journal has %llu leaves, its last known head %llu: this is an older copy. `shouhu journal "
            "fork --reason …` records it and goes on",
            is, was);
    struct sh_hash root;
    const struct sh_tree_source source = sh_tree_of_db(db, journal->kind);
    SH_TRY(sh_tree_range(&source, 0, last->size, &root, err));
    if (memcmp(root.at, last->root.at, SH_DIGEST_BYTES) != 0)
        return sh_fail(
            err, SH_E_CONFLICT,
            "the journal's first %llu leaves are not those of its last known head: another history. `shouhu "
            "journal fork --reason …` records it and goes on",
            was);
    store->journal.published_size = last->size;
    store->journal.published_epoch = last->epoch;
    return SH_OK;
}
