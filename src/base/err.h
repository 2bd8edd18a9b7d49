/* The one way to fail: a code for programs, a message for people. Lowest header of the house; includes
 * nothing of ours. */
#pragma once
#include <stddef.h>

/** What can go wrong. Zero is success. The cli maps codes to exit codes, the gate to HTTP. Append only. */
typedef enum sh_code {
    SH_OK = 0,
    SH_E_INPUT,       /* what the user gave is wrong: a file, a row, an argument */
    SH_E_NOMEM,       /* memory, or the byte limit of an arena, is used up */
    SH_E_OVERFLOW,    /* a number leaves its range */
    SH_E_IO,          /* the operating system refused to read or write */
    SH_E_FULL,        /* the disk or the quota is full */
    SH_E_BUSY,        /* somebody else holds it; try again later */
    SH_E_NOTFOUND,    /* no such thing */
    SH_E_CONFLICT,    /* exists already, or has changed meanwhile */
    SH_E_CORRUPT,     /* what we wrote ourselves does not read back */
    SH_E_LIMIT,       /* a maximum of base/limits.h is exceeded */
    SH_E_UNSUPPORTED, /* valid, but not something we do */
    SH_E_CANCELLED,   /* stopped on request */
    SH_E_INTERNAL,    /* a fault of this program */
} sh_code;

enum { SH_ERR_MESSAGE_MAX = 1024 };

/**
 * An error with its message. Owned by the caller, needs no initialisation and no release.
 * Its content is defined only after a function returned a code other than SH_OK.
 */
struct sh_err {
    sh_code code;
    char message[SH_ERR_MESSAGE_MAX]; /* UTF-8, NUL-terminated, one line, names file, row and field where
                                         known */
};

/** The result of a function so marked must be looked at. */
#define SH_MUST __attribute__((warn_unused_result))
/** Release a variable when its scope ends: `SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};`. */
#define SH_CLEANUP(fn) __attribute__((cleanup(fn)))
/** The compiler checks printf formats: number of the format argument, number of the first value. */
#define SH_PRINTF(format_at, values_at) __attribute__((format(printf, format_at, values_at)))
#define SH_UNUSED __attribute__((unused))

/** Pass a failure up: our only macro with a hidden return. */
#define SH_TRY(call)                                                                                         \
    do {                                                                                                     \
        const sh_code sh_try_code_ = (call);                                                                 \
        if (__builtin_expect(sh_try_code_ != SH_OK, 0))                                                      \
            return sh_try_code_;                                                                             \
    } while (0)

/** An assertion that stays in release builds: prints where it failed and aborts. For programmers' errors
 * only. */
#define sh_check(condition)                                                                                  \
    ((void)(__builtin_expect(!(condition), 0) ? (sh_check_failed(#condition, __FILE__, __LINE__), 0) : 0))

/**
 * Write code and message; gives the code back, so that one writes `return sh_fail(err, …)`.
 * err     may be NULL; may itself be an argument of the format (it is formatted before it is overwritten).
 * code    not SH_OK.
 * format  printf format; a message that is too long is cut on a UTF-8 character, never inside one.
 */
sh_code sh_fail(struct sh_err *err, sh_code code, const char *format, ...) SH_PRINTF(3, 4);

/**
 * The same for a failed system call: adds the text of `errno` and picks the code
 * (ENOSPC, EDQUOT: SH_E_FULL; ENOENT: SH_E_NOTFOUND; EEXIST: SH_E_CONFLICT; ENOMEM: SH_E_NOMEM; EAGAIN,
 * EBUSY, ETXTBSY: SH_E_BUSY; else SH_E_IO). Leaves errno as it was.
 */
sh_code sh_fail_errno(struct sh_err *err, const char *format, ...) SH_PRINTF(2, 3);

/**
 * Put context in front of a message: "claims.csv: " + message. The code stays and is given back, so that one
 * writes `return sh_err_prefix(err, …)`. err NULL: gives SH_E_INTERNAL; where err may be NULL use
 * sh_err_wrap.
 */
sh_code sh_err_prefix(struct sh_err *err, const char *format, ...) SH_PRINTF(2, 3);

/** The same when err may be NULL: gives `code` back, prefixes the message if there is one. */
sh_code sh_err_wrap(struct sh_err *err, sh_code code, const char *format, ...) SH_PRINTF(3, 4);

/**
 * The four above never give SH_OK. The compiler and clang's analyzer cannot see that from outside, and would
 * believe that an output may stay unset after a success; so they are called through a wrapper that says it.
 */
static inline sh_code sh_not_ok(sh_code code) {
    if (code == SH_OK)
        __builtin_unreachable();
    return code;
}
#define sh_fail(...) sh_not_ok((sh_fail)(__VA_ARGS__))
#define sh_fail_errno(...) sh_not_ok((sh_fail_errno)(__VA_ARGS__))
#define sh_err_prefix(...) sh_not_ok((sh_err_prefix)(__VA_ARGS__))
#define sh_err_wrap(...) sh_not_ok((sh_err_wrap)(__VA_ARGS__))

/** Name of a code in lower case, for machines: "input", "nomem" …; "unknown" for a number that is none. */
const char *sh_code_name(sh_code code);

/** Print "what at file:line" to stderr and abort. Called by sh_check. */
_Noreturn void sh_check_failed(const char *what, const char *file, int line);
