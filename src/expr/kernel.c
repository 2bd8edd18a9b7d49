/* The loops everything rests on: one operator over vectors, no branch inside. 0 false, 1 true, SH_MISSING
 * unknown. */
#include "base/wide.h"
#include "expr/node.h"

/* The house builds with -O2, where gcc leaves loops of unknown length scalar. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif

#define BY_OP(op, LOOP)                                                                                      \
    switch ((int)(op)) {                                                                                     \
    case SH_OP_EQ:                                                                                           \
        LOOP(==);                                                                                            \
        break;                                                                                               \
    case SH_OP_NE:                                                                                           \
        LOOP(!=);                                                                                            \
        break;                                                                                               \
    case SH_OP_LT:                                                                                           \
        LOOP(<);                                                                                             \
        break;                                                                                               \
    case SH_OP_LE:                                                                                           \
        LOOP(<=);                                                                                            \
        break;                                                                                               \
    case SH_OP_GT:                                                                                           \
        LOOP(>);                                                                                             \
        break;                                                                                               \
    default:                                                                                                 \
        LOOP(>=);                                                                                            \
        break;                                                                                               \
    }

SH_WIDE void sh_kernel_compare(enum sh_op op, const int64_t *a, const int64_t *b, int64_t *out, uint32_t n) {
#define LOOP(sign)                                                                                           \
    for (uint32_t i = 0; i < n; i++)                                                                         \
    out[i] = ((a[i] == SH_MISSING) | (b[i] == SH_MISSING)) ? SH_MISSING : (int64_t)(a[i] sign b[i])
    BY_OP(op, LOOP)
#undef LOOP
}

SH_WIDE void sh_kernel_compare_const(enum sh_op op, const int64_t *a, int64_t b, int64_t *out, uint32_t n) {
#define LOOP(sign)                                                                                           \
    for (uint32_t i = 0; i < n; i++)                                                                         \
    out[i] = a[i] == SH_MISSING ? SH_MISSING : (int64_t)(a[i] sign b)
    BY_OP(op, LOOP)
#undef LOOP
}

SH_WIDE void sh_kernel_compare_none(enum sh_op op, const int64_t *a, const int64_t *b, int64_t *out,
                                    uint32_t n) {
#define LOOP(sign)                                                                                           \
    for (uint32_t i = 0; i < n; i++)                                                                         \
    out[i] = ((a[i] == SH_NONE) | (b[i] == SH_NONE))         ? 0                                             \
             : ((a[i] == SH_MISSING) | (b[i] == SH_MISSING)) ? SH_MISSING                                    \
                                                             : (int64_t)(a[i] sign b[i])
    BY_OP(op, LOOP)
#undef LOOP
}

/* One function a storage: x [n], missing where it is one of two sentinels. */
#define COLUMN_KERNEL(name, type, missing)                                                                   \
    SH_WIDE static void name(enum sh_op op, const type *x, type gone2, int64_t if_gone, type b,              \
                             int64_t *out, uint32_t n) {                                                     \
        const type gone = missing;                                                                           \
        BY_OP(op, COLUMN_LOOP)                                                                               \
    }
#define COLUMN_LOOP(sign)                                                                                    \
    for (uint32_t i = 0; i < n; i++)                                                                         \
    out[i] = ((x[i] == gone) | (x[i] == gone2)) ? if_gone : (int64_t)(x[i] sign b)
COLUMN_KERNEL(column_i8, int8_t, SH_MISSING_I8)
COLUMN_KERNEL(column_i32, int32_t, SH_MISSING_I32)
COLUMN_KERNEL(column_i64, int64_t, SH_MISSING)

bool sh_kernel_column_const(enum sh_op op, const struct sh_kernel_column *column, int64_t b, int64_t *out,
                            uint32_t n) {
    const int64_t if_gone = column->empty_none ? 0 : SH_MISSING;
    const uint32_t from = column->from;
    switch (column->storage) {
    case SH_STORE_I8:
        if (b <= INT8_MIN || b > INT8_MAX)
            return false;
        column_i8(op, (const int8_t *)column->at + from, column->minus_one ? -1 : SH_MISSING_I8, if_gone,
                  (int8_t)b, out, n);
        return true;
    case SH_STORE_I32:
        if (b <= INT32_MIN || b > INT32_MAX)
            return false;
        column_i32(op, (const int32_t *)column->at + from, column->minus_one ? -1 : SH_MISSING_I32, if_gone,
                   (int32_t)b, out, n);
        return true;
    case SH_STORE_I64:
        column_i64(op, (const int64_t *)column->at + from, SH_NONE, if_gone, b, out, n);
        return true;
    }
    return false;
}

SH_WIDE void sh_kernel_and(int64_t *io, const int64_t *b, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        io[i] = ((io[i] == 0) | (b[i] == 0)) ? 0 : ((io[i] | b[i]) < 0 ? SH_MISSING : 1);
}

SH_WIDE void sh_kernel_or(int64_t *io, const int64_t *b, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        io[i] = ((io[i] == 1) | (b[i] == 1)) ? 1 : ((io[i] | b[i]) < 0 ? SH_MISSING : 0);
}

SH_WIDE void sh_kernel_not(int64_t *io, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        io[i] = io[i] < 0 ? SH_MISSING : 1 - io[i];
}

/* Missing and none are below every value; none wins, as there is nothing to know. */
static inline int64_t strict(int64_t a, int64_t b, int64_t value, bool overflow) {
    if ((a == SH_NONE) | (b == SH_NONE))
        return SH_NONE;
    return ((a == SH_MISSING) | (b == SH_MISSING) | overflow | (value <= SH_NONE)) ? SH_MISSING : value;
}

SH_WIDE void sh_kernel_add(int64_t *io, const int64_t *b, bool minus, uint32_t n) {
    if (minus)
        for (uint32_t i = 0; i < n; i++) {
            int64_t value;
            const bool overflow = __builtin_sub_overflow(io[i], b[i], &value);
            io[i] = strict(io[i], b[i], value, overflow);
        }
    else
        for (uint32_t i = 0; i < n; i++) {
            int64_t value;
            const bool overflow = __builtin_add_overflow(io[i], b[i], &value);
            io[i] = strict(io[i], b[i], value, overflow);
        }
}

SH_WIDE void sh_kernel_min(int64_t *io, const int64_t *b, bool max, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        io[i] = strict(io[i], b[i], (io[i] < b[i]) != max ? io[i] : b[i], false);
}
