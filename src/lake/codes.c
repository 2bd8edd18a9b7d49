/* Codes of a large dictionary in a file without a name: a place of fixed width for each id, long codes
 * behind. */
#include "lake/codes.h"
#include "base/limits.h"
#include "base/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { SHORT_BYTES = 44 }; /* the national number of a person has at most 30 */

/* Own machine and run only: native byte order. */
struct place {
    uint32_t len;
    union {
        char text[SHORT_BYTES];
        uint64_t offset; /* of a code over SHORT_BYTES, in the other file */
    } at;
};

/* Beside the lake, where there is room for what is written about it; where that cannot be, in the system's
 * own place. */
static sh_code open_nameless(const char *dir, FILE **ret, struct sh_err *err) {
    const int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    *ret = fd >= 0 ? fdopen(fd, "w+b") : tmpfile();
    if (*ret)
        return SH_OK;
    const sh_code code = sh_fail_errno(err, "a file for codes in %s", dir);
    if (fd >= 0)
        (void)close(fd);
    return code;
}

sh_code sh_codes_open(struct sh_codes *codes, const char *dir, struct sh_err *err) {
    *codes = (struct sh_codes){.dir = dir};
    return open_nameless(dir, &codes->places, err);
}

void sh_codes_release(struct sh_codes *codes) {
    if (codes->places)
        (void)fclose(codes->places);
    if (codes->texts)
        (void)fclose(codes->texts);
    *codes = (struct sh_codes){0};
}

sh_code sh_codes_add(struct sh_codes *codes, struct sh_str code, struct sh_err *err) {
    struct place place = {.len = (uint32_t)code.len};
    if (code.len > UINT32_MAX)
        return sh_fail(err, SH_E_LIMIT, "a code of %zu bytes", code.len);
    if (code.len > SHORT_BYTES) {
        if (!codes->texts)
            SH_TRY(open_nameless(codes->dir, &codes->texts, err));
        place.at.offset = codes->text_bytes;
        codes->text_bytes += code.len;
        if (fwrite(code.at, 1, code.len, codes->texts) != code.len)
            return sh_fail_errno(err, "writing codes in %s", codes->dir);
    } else if (code.len > 0) {
        memcpy(place.at.text, code.at, code.len);
    }
    if (fwrite(&place, sizeof(place), 1, codes->places) != 1)
        return sh_fail_errno(err, "writing codes in %s", codes->dir);
    codes->n++;
    return SH_OK;
}

sh_code sh_codes_settle(struct sh_codes *codes, struct sh_err *err) {
    if (fflush(codes->places) != 0 || (codes->texts && fflush(codes->texts) != 0))
        return sh_fail_errno(err, "writing codes in %s", codes->dir);
    return SH_OK;
}

static sh_code read_at(const struct sh_codes *codes, FILE *file, void *to, size_t len, uint64_t offset,
                       struct sh_err *err) {
    for (size_t have = 0; have < len;) {
        const ssize_t n = pread(fileno(file), (char *)to + have, len - have, (off_t)(offset + have));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? sh_fail_errno(err, "reading codes in %s", codes->dir)
                         : sh_fail(err, SH_E_CORRUPT, "codes in %s are cut short", codes->dir);
        have += (size_t)n;
    }
    return SH_OK;
}

sh_code sh_codes_get(const struct sh_codes *codes, int64_t id, struct sh_arena *arena, struct sh_str *ret,
                     struct sh_err *err) {
    struct place place;
    *ret = (struct sh_str){0};
    if (id < 0 || id >= (int64_t)codes->n)
        return SH_OK;
    SH_TRY(read_at(codes, codes->places, &place, sizeof(place), (uint64_t)id * sizeof(place), err));
    if (place.len == 0)
        return SH_OK;
    char *text = sh_new(arena, char, place.len);
    if (!text)
        return sh_fail(err, SH_E_NOMEM, "no room for a code");
    if (place.len > SHORT_BYTES)
        SH_TRY(read_at(codes, codes->texts, text, place.len, place.at.offset, err));
    else
        memcpy(text, place.at.text, place.len);
    *ret = (struct sh_str){text, place.len};
    return SH_OK;
}
