/*
 * Checks a draw: that the values open the seals and that the sample follows from frame and values. Shares
 * nothing with the program that drew: only this file, libc and OpenSSL 3. The bytes are specified in
 * docs/draw.md.
 *
 *     cc -o verify-draw verify-draw.c -lcrypto
 *     verify-draw DIGEST FRAME [RESULT]
 *
 * DIGEST: of the frame, 64 hex digits, as it was made known before any value was opened. Without RESULT only
 * the frame is compared with it. Exit code: 0 proven, 1 not, 2 usage.
 */
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HASH = 32, SEATS = 16, STRATA = 64 };

static void fail(const char *what) {
    printf("NOT PROVEN: %s\n", what);
    exit(1);
}

static const EVP_MD *md;

static void hash(const void *a, size_t a_len, const void *b, size_t b_len, unsigned char out[HASH]) {
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (!ctx || EVP_DigestInit_ex(ctx, md, NULL) != 1 || EVP_DigestUpdate(ctx, a, a_len) != 1 ||
        EVP_DigestUpdate(ctx, b, b_len) != 1 || EVP_DigestFinal_ex(ctx, out, NULL) != 1)
        fail("no digest");
    EVP_MD_CTX_free(ctx);
}

/* A whole file; *len without the NUL that is put behind it. */
static char *read_all(const char *path, size_t *len) {
    FILE *file = fopen(path, "rb");
    size_t cap = 1 << 16, n = 0, got;
    char *text = malloc(cap);
    if (!file || !text)
        fail("a file cannot be read");
    while ((got = fread(text + n, 1, cap - n - 1, file)) > 0) {
        n += got;
        if (n + 1 == cap && !(text = realloc(text, cap *= 2)))
            fail("no memory");
    }
    fclose(file);
    text[n] = 0;
    *len = n;
    if (memchr(text, 0, n))
        fail("a NUL in a file of text");
    return text;
}

/* Cuts the next line off. */
static char *line(char **rest) {
    char *at = *rest, *end = strchr(at, '\n');
    if (!end)
        fail("a line is missing");
    *end = 0;
    *rest = end + 1;
    return at;
}

static unsigned long long number(char **rest) {
    char *end, *at = *rest;
    if (*at < '0' || *at > '9')
        fail("a number is missing");
    const unsigned long long v = strtoull(at, &end, 10);
    if (v > 2000000 || (*at == '0' && end != at + 1))
        fail("a number is out of range");
    *rest = end;
    return v;
}

static unsigned long long counted(char **rest, const char *key) {
    char *at = line(rest);
    if (strncmp(at, key, strlen(key)) != 0)
        fail(key);
    at += strlen(key);
    const unsigned long long v = number(&at);
    if (*at)
        fail(key);
    return v;
}

static void unhex(const char *text, unsigned char out[HASH]) {
    static const char digits[] = "0123456789abcdef";
    if (strlen(text) != 2 * HASH)
        fail("64 hex digits wanted");
    for (int i = 0; i < 2 * HASH; i++) {
        const char *at = strchr(digits, text[i]);
        if (!at || !*at)
            fail("64 hex digits wanted");
        out[i / 2] = (unsigned char)(i % 2 ? out[i / 2] | (at - digits) : (at - digits) << 4);
    }
}

struct stratum {
    unsigned long long take;
    int is_all;
};
struct frame {
    char *name;
    unsigned char digest[HASH], seals[SEATS][HASH], seed[HASH];
    struct stratum strata[STRATA];
    unsigned long long n_seals, n_strata, n_units;
    char **ids;
    unsigned *of; /* stratum of each unit */
};

static void read_frame(struct frame *f, char *text, size_t len) {
    char *rest = text;
    const char *digest = strstr(text, "\ndigest ");
    if (!digest)
        fail("no digest line");
    md = strncmp(digest + 8, "sm3\n", 4) == 0      ? EVP_sm3()
         : strncmp(digest + 8, "sha256\n", 7) == 0 ? EVP_sha256()
                                                   : NULL;
    if (!md)
        fail("digest is sm3 or sha256");
    hash("\0", 1, text, len, f->digest);
    if (strcmp(line(&rest), "shouhu.draw.1") != 0)
        fail("no frame of shouhu.draw.1");
    f->name = line(&rest);
    if (strncmp(f->name, "name ", 5) != 0 || f->name + strlen(f->name) != digest)
        fail("name and digest are not where they belong");
    f->name += 5;
    line(&rest);
    f->n_seals = counted(&rest, "seals ");
    if (f->n_seals < 2 || f->n_seals > SEATS)
        fail("2 to 16 seals");
    for (unsigned long long i = 0; i < f->n_seals; i++)
        unhex(line(&rest), f->seals[i]);
    f->n_strata = counted(&rest, "strata ");
    if (f->n_strata < 1 || f->n_strata > STRATA)
        fail("1 to 64 strata");
    for (unsigned long long i = 0; i < f->n_strata; i++) {
        char *at = line(&rest);
        f->strata[i].is_all = strncmp(at, "all ", 4) == 0;
        if (!f->strata[i].is_all && strncmp(at, "own ", 4) != 0)
            fail("own or all");
        at += 4;
        f->strata[i].take = number(&at);
    }
    f->n_units = counted(&rest, "units ");
    f->ids = calloc(f->n_units + 1, sizeof *f->ids);
    f->of = calloc(f->n_units + 1, sizeof *f->of);
    if (!f->ids || !f->of)
        fail("no memory");
    for (unsigned long long i = 0; i < f->n_units; i++) {
        char *at = line(&rest);
        f->of[i] = (unsigned)number(&at);
        if (*at != ' ' || !at[1] || f->of[i] >= f->n_strata)
            fail("a unit without stratum or id");
        f->ids[i] = at + 1;
        if (i && strcmp(f->ids[i - 1], f->ids[i]) >= 0)
            fail("units are twice there or out of order");
    }
    if (*rest)
        fail("something behind the last unit");
}

/* Opens each seal and makes the seed. */
static void open_values(struct frame *f, char **rest) {
    unsigned char seeded[1 + HASH + SEATS * HASH] = {2};
    memcpy(seeded + 1, f->digest, HASH);
    if (counted(rest, "values ") != f->n_seals)
        fail("as many values as seals");
    for (unsigned long long i = 0; i < f->n_seals; i++) {
        unsigned char *value = seeded + 1 + HASH + i * HASH, seal[HASH];
        char head[1024];
        const int n = snprintf(head, sizeof head, "%cshouhu.draw.1\n%s\n%llu\n", 1, f->name, i + 1);
        if (n < 0 || (size_t)n >= sizeof head)
            fail("the name is too long");
        unhex(line(rest), value);
        hash(head, (size_t)n, value, HASH, seal);
        if (memcmp(seal, f->seals[i], HASH) != 0)
            fail("a value does not open its seal");
    }
    hash(seeded, 1 + HASH + f->n_seals * HASH, "", 0, f->seed);
}

/* Word n of a stratum's stream, computed from its place alone. */
static uint64_t word_at(const struct frame *f, unsigned stratum, uint64_t n) {
    unsigned char input[1 + HASH + 16] = {3}, out[HASH];
    memcpy(input + 1, f->seed, HASH);
    for (int i = 0; i < 8; i++) {
        input[1 + HASH + i] = (unsigned char)((uint64_t)stratum >> (56 - 8 * i));
        input[1 + HASH + 8 + i] = (unsigned char)(n / 4 >> (56 - 8 * i));
    }
    hash(input, sizeof input, "", 0, out);
    uint64_t v = 0;
    for (int i = 0; i < 8; i++)
        v = v << 8 | out[n % 4 * 8 + (uint64_t)i];
    return v;
}

static void check_sample(struct frame *f, char **rest) {
    const unsigned long long n_drawn = counted(rest, "drawn ");
    unsigned long long done = 0;
    char *taken = calloc(f->n_units + 1, 1);
    unsigned *left = calloc(f->n_units + 1, sizeof *left);
    if (!taken || !left)
        fail("no memory");
    for (unsigned s = 0; s < f->n_strata; s++) {
        uint64_t n = 0, words = 0;
        for (unsigned u = 0; u < f->n_units; u++)
            if (!taken[u] && (f->strata[s].is_all || f->of[u] == s))
                left[n++] = u;
        for (uint64_t i = 0; i < n && i < f->strata[s].take; i++) {
            const uint64_t bound = n - i, over = (0 - bound) % bound; /* over: 2^64 mod bound */
            uint64_t w;
            do
                w = word_at(f, s, words++);
            while (over && w >= 0 - over);
            const uint64_t j = i + w % bound;
            const unsigned unit = left[j];
            left[j] = left[i];
            taken[unit] = 1;
            if (done++ >= n_drawn)
                fail("fewer are drawn than the frame says");
            char *at = line(rest);
            if (number(&at) != s || *at != ' ' || strcmp(at + 1, f->ids[unit]) != 0)
                fail("another unit follows from frame and values");
        }
    }
    if (done != n_drawn || **rest)
        fail("more are drawn than the frame says");
    free(taken);
    free(left);
    printf("proven: %llu of %llu drawn\n", n_drawn, f->n_units);
}

int main(int argc, char **argv) {
    static struct frame f;
    unsigned char known[HASH];
    size_t len;
    if (argc != 3 && argc != 4) {
        fputs("usage: verify-draw DIGEST FRAME [RESULT]\n", stderr);
        return 2;
    }
    unhex(argv[1], known);
    char *text = read_all(argv[2], &len);
    read_frame(&f, text, len);
    if (memcmp(known, f.digest, HASH) != 0)
        fail("this is not the frame whose digest was made known");
    if (argc == 3) {
        puts("proven: the frame is the one made known");
    } else {
        unsigned char of[HASH];
        char *result = read_all(argv[3], &len), *rest = result;
        if (strcmp(line(&rest), "shouhu.draw.1 result") != 0)
            fail("no result of shouhu.draw.1");
        char *at = line(&rest);
        if (strncmp(at, "frame ", 6) != 0)
            fail("frame");
        unhex(at + 6, of);
        if (memcmp(of, f.digest, HASH) != 0)
            fail("the result is of another frame");
        open_values(&f, &rest);
        check_sample(&f, &rest);
        free(result);
    }
    free(f.ids);
    free(f.of);
    free(text);
    return 0;
}
