#include "lake/source.h"
#include "base/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { INPUT_BYTES = 256 << 10, NAME_BYTES = 512 };

struct sh_source {
    char name[NAME_BYTES];
    int fd;              /* -1: bytes in memory */
    struct sh_str bytes; /* in memory: what is left */
    uint64_t taken, size;
    bool is_gzip, is_member_open, is_at_end;
    z_stream inflater;
    bool has_inflater;
    size_t begin, end; /* bytes of `input` not yet used */
    unsigned char *input;
};

/* Refill `input` when it is empty; end stays at begin at the end of the file. */
static sh_code fill(struct sh_source *s, struct sh_err *err) {
    if (s->begin < s->end || s->is_at_end)
        return SH_OK;
    s->begin = s->end = 0;
    if (s->fd < 0) {
        const size_t n = s->bytes.len < INPUT_BYTES ? s->bytes.len : INPUT_BYTES;
        if (n > 0)
            memcpy(s->input, s->bytes.at, n);
        s->bytes = sh_str_sub(s->bytes, n, s->bytes.len - n);
        s->end = n;
    } else {
        ssize_t n;
        do
            n = read(s->fd, s->input, INPUT_BYTES);
        while (n < 0 && errno == EINTR);
        if (n < 0)
            return sh_fail_errno(err, "%s: cannot read", s->name);
        s->end = (size_t)n;
    }
    s->taken += s->end;
    s->is_at_end = s->end == 0;
    return SH_OK;
}

static bool begins(const struct sh_source *s, const char *magic, size_t n) {
    return s->end - s->begin >= n && memcmp(s->input + s->begin, magic, n) == 0;
}

/* Text in UTF-16 without a mark: every second byte of the beginning is NUL. */
static bool looks_utf16(const struct sh_source *s) {
    size_t n = s->end - s->begin, nul[2] = {0, 0};
    n = n < 64 ? n & ~(size_t)1 : 64;
    for (size_t i = 0; i < n; i++)
        nul[i & 1] += s->input[s->begin + i] == 0;
    return n >= 8 && (nul[0] == n / 2 || nul[1] == n / 2) && nul[0] != nul[1];
}

static sh_code refuse_others(const struct sh_source *s, struct sh_err *err) {
    if (begins(s, "\xff\xfe", 2) || begins(s, "\xfe\xff", 2) || looks_utf16(s))
        return sh_fail(err, SH_E_UNSUPPORTED,
                       "%s: is UTF-16; save it as UTF-8 or GB18030, e.g. iconv -f UTF-16 -t UTF-8", s->name);
    if (begins(s, "PK\x03\x04", 4))
        return sh_fail(err, SH_E_UNSUPPORTED,
                       "%s: is a ZIP or Excel (xlsx) file; unpack it, or save the sheet as CSV", s->name);
    if (begins(s, "\xd0\xcf\x11\xe0", 4))
        return sh_fail(err, SH_E_UNSUPPORTED, "%s: is an old Excel (xls) file; save the sheet as CSV",
                       s->name);
    if (begins(s, "\x28\xb5\x2f\xfd", 4))
        return sh_fail(err, SH_E_UNSUPPORTED,
                       "%s: is packed with zstd; unpack it first, or pack it with gzip", s->name);
    if (begins(s, "PAR1", 4))
        return sh_fail(err, SH_E_UNSUPPORTED, "%s: is a Parquet file; a mapping reads CSV", s->name);
    return SH_OK;
}

static sh_code recognise(struct sh_source *s, struct sh_err *err) {
    SH_TRY(fill(s, err));
    SH_TRY(refuse_others(s, err));
    s->is_gzip = begins(s, "\x1f\x8b", 2);
    if (!s->is_gzip)
        return SH_OK;
    if (inflateInit2(&s->inflater, 16 + MAX_WBITS) != Z_OK)
        return sh_fail(err, SH_E_NOMEM, "%s: no memory to unpack", s->name);
    s->has_inflater = s->is_member_open = true;
    return SH_OK;
}

static sh_code make(const char *name, struct sh_source **ret, struct sh_err *err) {
    struct sh_source *s = sh_alloc_array(1, sizeof(*s));
    unsigned char *input = sh_alloc_array(INPUT_BYTES, 1);
    if (!s || !input) {
        sh_free(s);
        sh_free(input);
        return sh_fail(err, SH_E_NOMEM, "%s: no memory to read", name);
    }
    (void)snprintf(s->name, sizeof(s->name), "%s", name);
    s->input = input;
    s->fd = -1;
    *ret = s;
    return SH_OK;
}

static sh_code open_file(struct sh_source *s, const char *path, struct sh_err *err) {
    s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (s->fd < 0)
        return sh_fail_errno(err, "%s: cannot open", path);
    struct stat info;
    if (fstat(s->fd, &info) != 0)
        return sh_fail_errno(err, "%s: cannot look at", path);
    if (S_ISDIR(info.st_mode))
        return sh_fail(err, SH_E_INPUT, "%s: is a directory, name the files in it", path);
    if (!S_ISREG(info.st_mode)) /* it is read twice: the headers of all files first */
        return sh_fail(err, SH_E_INPUT,
                       "%s: is no regular file; write what comes out of the pipe to a file first", path);
    s->size = (uint64_t)info.st_size;
    (void)posix_fadvise(s->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    return SH_OK;
}

sh_code sh_source_open(const char *path, struct sh_source **ret, struct sh_err *err) {
    struct sh_source *s = NULL;
    SH_TRY(make(path, &s, err));
    sh_code code = open_file(s, path, err);
    if (code == SH_OK)
        code = recognise(s, err);
    if (code != SH_OK) {
        sh_source_close(s);
        return code;
    }
    *ret = s;
    return SH_OK;
}

sh_code sh_source_open_bytes(const char *name, struct sh_str bytes, struct sh_source **ret,
                             struct sh_err *err) {
    struct sh_source *s = NULL;
    SH_TRY(make(name, &s, err));
    s->bytes = bytes;
    s->size = bytes.len;
    const sh_code code = recognise(s, err);
    if (code != SH_OK) {
        sh_source_close(s);
        return code;
    }
    *ret = s;
    return SH_OK;
}

static sh_code read_plain(struct sh_source *s, char *to, size_t room, size_t *ret_n, struct sh_err *err) {
    SH_TRY(fill(s, err));
    size_t n = s->end - s->begin;
    n = n < room ? n : room;
    memcpy(to, s->input + s->begin, n);
    s->begin += n;
    *ret_n = n;
    return SH_OK;
}

/* Between two members: another one, padding of zeros, or the end. */
static sh_code next_member(struct sh_source *s, struct sh_err *err) {
    SH_TRY(fill(s, err));
    while (!s->is_at_end && s->input[s->begin] == 0) {
        s->begin++;
        SH_TRY(fill(s, err));
    }
    if (s->is_at_end)
        return SH_OK;
    if (s->input[s->begin] != 0x1f)
        return sh_fail(err, SH_E_INPUT,
                       "%s: bytes that are no gzip follow the packed part; pack the file again", s->name);
    if (inflateReset(&s->inflater) != Z_OK)
        return sh_fail(err, SH_E_INTERNAL, "%s: cannot unpack the next member", s->name);
    s->is_member_open = true;
    return SH_OK;
}

static sh_code inflate_some(struct sh_source *s, struct sh_err *err) {
    z_stream *z = &s->inflater;
    SH_TRY(fill(s, err));
    if (s->is_at_end)
        return sh_fail(err, SH_E_INPUT,
                       "%s: the gzip stream ends early: the file is truncated, fetch it again", s->name);
    z->next_in = s->input + s->begin;
    z->avail_in = (uInt)(s->end - s->begin);
    const int result = inflate(z, Z_NO_FLUSH);
    s->begin = s->end - z->avail_in;
    if (result == Z_STREAM_END)
        s->is_member_open = false;
    else if (result == Z_MEM_ERROR)
        return sh_fail(err, SH_E_NOMEM, "%s: no memory to unpack", s->name);
    else if (result != Z_OK && result != Z_BUF_ERROR)
        return sh_fail(err, SH_E_INPUT, "%s: damaged gzip stream near byte %llu: %s", s->name,
                       (unsigned long long)(s->taken - (s->end - s->begin)), z->msg ? z->msg : "bad data");
    return SH_OK;
}

static sh_code read_gzip(struct sh_source *s, char *to, size_t room, size_t *ret_n, struct sh_err *err) {
    z_stream *z = &s->inflater;
    const size_t most = room < ((size_t)1 << 30) ? room : (size_t)1 << 30;
    z->next_out = (unsigned char *)to;
    z->avail_out = (uInt)most;
    while (z->avail_out > 0) {
        if (s->is_member_open)
            SH_TRY(inflate_some(s, err));
        else if (s->is_at_end)
            break;
        else
            SH_TRY(next_member(s, err));
    }
    *ret_n = most - z->avail_out;
    return SH_OK;
}

sh_code sh_source_read(struct sh_source *s, char *to, size_t room, size_t *ret_n, struct sh_err *err) {
    return s->is_gzip ? read_gzip(s, to, room, ret_n, err) : read_plain(s, to, room, ret_n, err);
}

uint64_t sh_source_taken(const struct sh_source *s) {
    return s->taken;
}

uint64_t sh_source_size(const struct sh_source *s) {
    return s->size;
}

const char *sh_source_name(const struct sh_source *s) {
    return s->name;
}

void sh_source_close(struct sh_source *s) {
    if (!s)
        return;
    if (s->has_inflater)
        (void)inflateEnd(&s->inflater);
    if (s->fd >= 0)
        (void)close(s->fd);
    sh_free(s->input);
    sh_free(s);
}
