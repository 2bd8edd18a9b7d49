/* Loops that are compiled twice: for any x86-64, and for those with AVX2. Which of the two runs is settled
 * once, when the program is loaded; the C is the same. Other processors and compilers, and builds with
 * sanitizers (which are not ready that early), have the first alone. */
#pragma once

#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__) && !defined(__clang__) &&             \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define SH_WIDE __attribute__((target_clones("avx2", "default"), optimize("O3")))
#else
#define SH_WIDE
#endif
