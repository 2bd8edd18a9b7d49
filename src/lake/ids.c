#include "lake/ids.h"
#include <string.h>

enum { DIGITS_MAX = 18 };

bool sh_has_split_id(enum sh_table table) {
    return sh_table_lead(table) == SH_DICT_PERSON && sh_lake_column(table, "id") >= 0;
}

void sh_id_split(struct sh_str id, struct sh_str *ret_head, int64_t *ret_tail) {
    size_t from = id.len;
    while (from > 0 && id.len - from < DIGITS_MAX && id.at[from - 1] >= '0' && id.at[from - 1] <= '9')
        from--;
    while (from + 1 < id.len && id.at[from] == '0')
        from++; /* 0 alone is a number */
    int64_t tail = from < id.len ? 0 : SH_MISSING;
    for (size_t i = from; i < id.len; i++)
        tail = tail * 10 + (id.at[i] - '0');
    *ret_head = (struct sh_str){from > 0 ? id.at : NULL, from};
    *ret_tail = tail;
}

size_t sh_id_tail_text(int64_t tail, char ret[SH_ID_TAIL_MAX]) {
    static const char pairs[] =
        "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
        "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
        "8081828384858687888990919293949596979899";
    char digits[SH_ID_TAIL_MAX + 2];
    size_t at = sizeof(digits);
    if (tail < 0)
        return 0;
    uint64_t rest = (uint64_t)tail;
    for (; rest >= 100; rest /= 100)
        memcpy(digits + (at -= 2), pairs + 2 * (rest % 100), 2);
    if (rest >= 10)
        memcpy(digits + (at -= 2), pairs + 2 * rest, 2);
    else
        digits[--at] = (char)('0' + rest);
    memcpy(ret, digits + at, sizeof(digits) - at);
    return sizeof(digits) - at;
}

/* Byte i of head and tail, behind one another. */
static unsigned char byte_at(struct sh_str head, const char *tail, size_t i) {
    return (unsigned char)(i < head.len ? head.at[i] : tail[i - head.len]);
}

int sh_id_compare(struct sh_str head_a, int64_t tail_a, struct sh_str head_b, int64_t tail_b) {
    char a[SH_ID_TAIL_MAX], b[SH_ID_TAIL_MAX];
    const size_t n_a = head_a.len + sh_id_tail_text(tail_a, a), n_b = head_b.len + sh_id_tail_text(tail_b, b);
    for (size_t i = 0; i < n_a && i < n_b; i++) {
        const unsigned char x = byte_at(head_a, a, i), y = byte_at(head_b, b, i);
        if (x != y)
            return x < y ? -1 : 1;
    }
    return n_a == n_b ? 0 : n_a < n_b ? -1 : 1;
}
