/*
 * Checks an exported bundle of Shouhu's journal. Shares nothing with the program that made it: only this
 * file, libc and OpenSSL 3. The bytes are specified in docs/journal.md.
 *
 *     cc -o verify-bundle verify-bundle.c -lcrypto
 *     verify-bundle FINGERPRINT FILE [WITNESS …] [file=PATH]
 *
 * FINGERPRINT: SM3 of the signing key in 64 hex digits, as its owner published it. WITNESS: the same of a
 * witness that must have signed this head too. PATH: a file whose SM3 a proven record must name; of a package
 * of evidence every part is checked first, and the list of its findings too. Exit code: 0 all proven, 1
 * something is not, 2 usage.
 */
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HASH = 32, HEAD = 121, PATH_MAX_HASHES = 64, WITNESSES = 16 };
static const char id[] = "shouhu.journal.1";

struct bytes {
    unsigned char *at;
    size_t len;
};
struct bundle {
    const EVP_MD *md;
    struct bytes head;
    unsigned char root[HASH], leaf_hash[HASH];
    unsigned long long size, position, from_size;
    unsigned char from_root[HASH];
    int has_head, has_leaf, is_proven, is_ended;
    struct bytes witnesses[WITNESSES]; /* those still to be seen; at NULL: seen */
    size_t n_witnesses;
    struct bytes leaf;
    struct file {
        const char *path;        /* NULL: none was given */
        char hash[2 * HASH + 1]; /* of the file */
        char list[2 * HASH + 1]; /* of the findings an evidence is of; "" another file */
        int is_hash_seen, is_list_seen;
    } file;
};

/* Every word read: the program ends when it has answered. */
struct word {
    struct word *next;
    unsigned char at[];
};
static struct word *words;

static void fail(const char *what) {
    printf("NOT PROVEN: %s\n", what);
    exit(1);
}

/* The next word of the line as bytes; len 0 when there is none. */
static struct bytes hex_word(char **line) {
    char *word = *line + strspn(*line, " ");
    const size_t n = strcspn(word, " \n");
    struct word *kept = malloc(sizeof *kept + n / 2 + 1);
    if (!kept || n % 2)
        fail("a word is not hex");
    kept->next = words;
    words = kept;
    const struct bytes out = {kept->at, n / 2};
    for (size_t i = 0; i < out.len; i++) {
        unsigned v = 0;
        const char two[3] = {word[2 * i], word[2 * i + 1], 0};
        if (strspn(two, "0123456789abcdef") != 2 || sscanf(two, "%2x", &v) != 1)
            fail("a word is not hex");
        out.at[i] = (unsigned char)v;
    }
    *line = word + n;
    return out;
}

static unsigned long long number_word(char **line) {
    char *end, *word = *line + strspn(*line, " ");
    const unsigned long long v = strtoull(word, &end, 10);
    if (end == word || (*end != ' ' && *end != '\n' && *end != 0))
        fail("a word is not a number");
    *line = end;
    return v;
}

static unsigned long long big_endian(const unsigned char *at, size_t n) {
    unsigned long long v = 0;
    while (n--)
        v = v << 8 | *at++;
    return v;
}

static void hash_of(const EVP_MD *md, const void *at, size_t len, unsigned char *out) {
    if (EVP_Digest(at, len, out, NULL, md, NULL) != 1)
        fail("OpenSSL here lacks the digest");
}
static void node(const EVP_MD *md, const unsigned char *left, const unsigned char *right,
                 unsigned char *out) {
    unsigned char both[1 + 2 * HASH] = {1};
    memcpy(both + 1, left, HASH);
    memcpy(both + 1 + HASH, right, HASH);
    hash_of(md, both, sizeof both, out);
}

static int signature_holds(struct bytes spki, struct bytes message, struct bytes signature) {
    const unsigned char *at = spki.at;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)spki.len);
    if (!key || !EVP_PKEY_is_a(key, "SM2"))
        fail("the key is not an SM2 key");
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *with_id = EVP_PKEY_CTX_new(key, NULL);
    if (!context || !with_id || EVP_PKEY_CTX_set1_id(with_id, id, sizeof id - 1) != 1)
        fail("no memory");
    EVP_MD_CTX_set_pkey_ctx(context, with_id);
    const int holds = EVP_DigestVerifyInit(context, NULL, EVP_sm3(), NULL, key) == 1 &&
                      EVP_DigestVerify(context, signature.at, signature.len, message.at, message.len) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_CTX_free(with_id);
    EVP_PKEY_free(key);
    return holds;
}

static void check_head(struct bundle *bundle, struct bytes spki, char *line,
                       const unsigned char *fingerprint) {
    bundle->head = hex_word(&line);
    const struct bytes signature = hex_word(&line);
    const unsigned char *head = bundle->head.at;
    if (bundle->head.len != HEAD || memcmp(head, "SHH1", 4) != 0)
        fail("the head is malformed");
    if (memcmp(head + 89, fingerprint, HASH) != 0)
        fail("the head names another key than the fingerprint given");
    if ((head[36] == 2) != (EVP_MD_is_a(bundle->md, "SM3") == 1))
        fail("the head names another digest");
    if (!signature_holds(spki, bundle->head, signature))
        fail("the signature of the head does not hold");
    bundle->size = big_endian(head + 37, 8);
    memcpy(bundle->root, head + 45, HASH);
    bundle->has_head = 1;
    printf("head: %llu leaves, time %llu, epoch %llu, signed\n", bundle->size, big_endian(head + 77, 8),
           big_endian(head + 85, 4));
}

static void check_cosign(struct bundle *bundle, char *line) {
    const unsigned long long at = number_word(&line);
    const struct bytes spki = hex_word(&line), signature = hex_word(&line);
    unsigned char message[4 + HEAD + 8] = "SHW1", fingerprint[HASH];
    memcpy(message + 4, bundle->head.at, HEAD);
    for (int i = 0; i < 8; i++)
        message[4 + HEAD + i] = (unsigned char)(at >> (56 - 8 * i));
    if (!signature_holds(spki, (struct bytes){message, sizeof message}, signature))
        fail("a witness did not sign this head");
    hash_of(EVP_sm3(), spki.at, spki.len, fingerprint);
    int is_asked = 0;
    for (size_t i = 0; i < bundle->n_witnesses; i++)
        if (bundle->witnesses[i].at && memcmp(bundle->witnesses[i].at, fingerprint, HASH) == 0)
            bundle->witnesses[i].at = NULL, is_asked = 1;
    printf("witness: ");
    for (int i = 0; i < HASH; i++)
        printf("%02x", fingerprint[i]);
    printf(" signed at %llu%s\n", at,
           is_asked ? "" : " (not one you asked for: anybody can make such a key)");
}

static void take_leaf(struct bundle *bundle, char *line) {
    if (bundle->has_leaf && !bundle->is_proven)
        fail("a leaf without its path");
    bundle->is_proven = 0;
    bundle->position = number_word(&line);
    bundle->leaf = hex_word(&line);
    unsigned char *with_prefix = malloc(bundle->leaf.len + 1);
    if (!with_prefix || bundle->leaf.len < 70 || memcmp(bundle->leaf.at, "SHL1", 4) != 0)
        fail("a leaf is malformed");
    with_prefix[0] = 0;
    memcpy(with_prefix + 1, bundle->leaf.at, bundle->leaf.len);
    hash_of(bundle->md, with_prefix, bundle->leaf.len + 1, bundle->leaf_hash);
    free(with_prefix);
    bundle->has_leaf = 1;
}

/* RFC 9162, 2.1.3.2. */
static void check_path(struct bundle *bundle, char *line) {
    unsigned long long fn = bundle->position, sn = bundle->size - 1;
    unsigned char hash[HASH];
    if (!bundle->has_leaf || bundle->position >= bundle->size)
        fail("a path without its leaf");
    memcpy(hash, bundle->leaf_hash, HASH);
    for (struct bytes step; (step = hex_word(&line)).len > 0;) {
        if (step.len != HASH || sn == 0)
            fail("a path is too long");
        if ((fn & 1) || fn == sn) {
            node(bundle->md, step.at, hash, hash);
            while (!(fn & 1) && fn)
                fn >>= 1, sn >>= 1;
        } else {
            node(bundle->md, hash, step.at, hash);
        }
        fn >>= 1, sn >>= 1;
    }
    if (sn != 0 || memcmp(hash, bundle->root, HASH) != 0)
        fail("a leaf is not in the tree");
    bundle->is_proven = 1;
    const unsigned char *leaf = bundle->leaf.at;
    const size_t type_len = leaf[4];
    if (5 + type_len + 33 > bundle->leaf.len)
        fail("a leaf is malformed");
    printf("leaf %llu: %.*s, version %llu, time %llu: in the tree\n", bundle->position, (int)type_len,
           (const char *)leaf + 5, big_endian(leaf + 5 + type_len + 16, 8),
           big_endian(leaf + 5 + type_len + 24, 8));
}

/* Does the record say it, in its own words? */
static int says(struct bytes content, const char *text) {
    const size_t n = strlen(text);
    for (size_t i = 0; n && i + n <= content.len; i++)
        if (memcmp(content.at + i, text, n) == 0)
            return 1;
    return 0;
}

static void check_content(struct bundle *bundle, char *line) {
    const struct bytes content = hex_word(&line);
    unsigned char hash[HASH];
    hash_of(bundle->md, content.at, content.len, hash);
    if (!bundle->is_proven || memcmp(hash, bundle->leaf.at + bundle->leaf.len - HASH, HASH) != 0)
        fail("a content is not the one its leaf proves");
    printf("  its content of %zu bytes is the one proven\n", content.len);
    bundle->file.is_hash_seen |= says(content, bundle->file.hash);
    bundle->file.is_list_seen |= says(content, bundle->file.list);
}

/* RFC 9162, 2.1.4.2. */
static void check_consistency(const struct bundle *bundle, char *line) {
    unsigned char path[PATH_MAX_HASHES][HASH], fr[HASH], sr[HASH];
    size_t n = 0, i = 0;
    for (struct bytes step; (step = hex_word(&line)).len > 0; n++) {
        if (step.len != HASH || n == PATH_MAX_HASHES)
            fail("a consistency proof is malformed");
        memcpy(path[n], step.at, HASH);
    }
    int holds =
        bundle->from_size == bundle->size && n == 0 && memcmp(bundle->from_root, bundle->root, HASH) == 0;
    if (!holds && bundle->from_size > 0 && bundle->from_size < bundle->size && n > 0) {
        unsigned long long fn = bundle->from_size - 1, sn = bundle->size - 1;
        while (fn & 1)
            fn >>= 1, sn >>= 1;
        const int is_power = (bundle->from_size & (bundle->from_size - 1)) == 0;
        memcpy(fr, is_power ? bundle->from_root : path[i++], HASH);
        memcpy(sr, fr, HASH);
        for (; i < n && sn > 0; i++) {
            if ((fn & 1) || fn == sn) {
                node(bundle->md, path[i], fr, fr);
                node(bundle->md, path[i], sr, sr);
                while (!(fn & 1) && fn)
                    fn >>= 1, sn >>= 1;
            } else {
                node(bundle->md, sr, path[i], sr);
            }
            fn >>= 1, sn >>= 1;
        }
        holds = i == n && sn == 0 && memcmp(fr, bundle->from_root, HASH) == 0 &&
                memcmp(sr, bundle->root, HASH) == 0;
    }
    if (!holds)
        fail("the journal does not continue the older one");
    printf("continues the journal of %llu leaves\n", bundle->from_size);
}

static void check_line(struct bundle *bundle, struct bytes *spki, char *line,
                       const unsigned char *fingerprint) {
    const size_t n = strcspn(line, " \n");
    char *rest = line + n;
    unsigned char is[HASH];
#define IS(word) (n == strlen(word) && strncmp(line, word, n) == 0)
    if (bundle->is_ended) {
        fail("something follows the end");
    } else if (IS("digest")) {
        bundle->md = strcmp(rest, " sm3\n") == 0      ? EVP_sm3()
                     : strcmp(rest, " sha256\n") == 0 ? EVP_sha256()
                                                      : NULL;
        if (!bundle->md)
            fail("unknown digest");
    } else if (IS("key")) {
        *spki = hex_word(&rest);
        hash_of(EVP_sm3(), spki->at, spki->len, is);
        if (memcmp(is, fingerprint, HASH) != 0)
            fail("the key is not the one of the fingerprint given");
    } else if (IS("head") && bundle->md && spki->at) {
        check_head(bundle, *spki, rest, fingerprint);
    } else if (!bundle->has_head) {
        fail("a line before its head, or an unknown one");
    } else if (IS("cosign")) {
        check_cosign(bundle, rest);
    } else if (IS("from")) {
        bundle->from_size = number_word(&rest);
        const struct bytes root = hex_word(&rest);
        if (root.len != HASH)
            fail("an older root is malformed");
        memcpy(bundle->from_root, root.at, HASH);
        printf("from: %llu leaves; compare the root with the head you kept: ", bundle->from_size);
        for (int i = 0; i < HASH; i++)
            printf("%02x", bundle->from_root[i]);
        printf("\n");
    } else if (IS("consistency")) {
        check_consistency(bundle, rest);
    } else if (IS("leaf")) {
        take_leaf(bundle, rest);
    } else if (IS("path")) {
        check_path(bundle, rest);
    } else if (IS("content")) {
        check_content(bundle, rest);
    } else if (IS("end")) {
        bundle->is_ended = 1;
    } else {
        fail("an unknown line");
    }
}

/* ---- a file that a record names ---------------------------------------------------------------------- */

static struct bytes read_file(const char *path) {
    FILE *file = fopen(path, "rb");
    struct bytes out = {malloc(1), 0};
    size_t room = 1;
    if (!file || !out.at)
        fail("the file cannot be read");
    for (size_t n = 1; n > 0; out.len += n) {
        if (out.len + 1 >= room) {
            room = room * 2 + 65536;
            out.at = realloc(out.at, room);
            if (!out.at)
                fail("no memory for the file");
        }
        n = fread(out.at + out.len, 1, room - out.len - 1, file);
    }
    if (ferror(file))
        fail("the file cannot be read");
    fclose(file);
    out.at[out.len] = 0;
    return out;
}

static void hex_of(const unsigned char *at, char out[2 * HASH + 1]) {
    for (size_t i = 0; i < HASH; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", at[i]);
}

static void fail_part(const char *name, size_t len, const char *what) {
    printf("NOT PROVEN: part %.*s %s\n", (int)len, name, what);
    exit(1);
}

/* The chain begins with the package before, or with nothing. */
static void begin_chain(const unsigned char *about, size_t len, unsigned char chain[HASH]) {
    static const char key[] = "\"previous\":\"";
    memset(chain, 0, HASH);
    for (size_t i = 0; i + sizeof key - 1 + 2 * HASH <= len; i++) {
        if (memcmp(about + i, key, sizeof key - 1) != 0 || about[i + sizeof key - 1] == '"')
            continue;
        char text[2 * HASH + 1] = {0}, *word = text;
        memcpy(text, about + i + sizeof key - 1, 2 * HASH);
        memcpy(chain, hex_word(&word).at, HASH);
        return;
    }
}

/* part BYTES SM3 CHAIN NAME, then the bytes: gives what follows them. */
static unsigned char *check_part(struct file *file, unsigned char *at, const unsigned char *end,
                                 unsigned char chain[HASH], int is_first) {
    unsigned char hash[HASH], link[2 * HASH];
    char hex[2 * HASH + 1], *line = (char *)at + 5;
    const unsigned long long len = number_word(&line);
    const struct bytes is = hex_word(&line), next = hex_word(&line);
    const char *name = line + 1;
    const size_t n = strcspn(name, "\n");
    unsigned char *content = (unsigned char *)line + 1 + n + 1;
    if (is.len != HASH || next.len != HASH || *line != ' ' || content > end ||
        len >= (unsigned long long)(end - content) || content[len] != '\n')
        fail("a part of the evidence is malformed or cut");
    if (is_first)
        begin_chain(content, (size_t)len, chain);
    hash_of(EVP_sm3(), content, (size_t)len, hash);
    if (memcmp(hash, is.at, HASH) != 0)
        fail_part(name, n, "has changed: it is not the one that was sealed");
    memcpy(link, chain, HASH);
    memcpy(link + HASH, hash, HASH);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context || EVP_DigestInit_ex(context, EVP_sm3(), NULL) != 1 ||
        EVP_DigestUpdate(context, link, sizeof link) != 1 || EVP_DigestUpdate(context, name, n) != 1 ||
        EVP_DigestFinal_ex(context, chain, NULL) != 1)
        fail("OpenSSL here lacks the digest");
    EVP_MD_CTX_free(context);
    if (memcmp(chain, next.at, HASH) != 0)
        fail_part(name, n, "does not follow the one before it");
    hex_of(hash, hex);
    if (n == 4 && memcmp(name, "list", 4) == 0)
        memcpy(file->list, hex, sizeof hex);
    if (n > 6 && memcmp(name, "fault/", 6) == 0)
        printf("  fault: %.*s: %.*s\n", (int)n - 6, name + 6, (int)len, (const char *)content);
    return content + len + 1;
}

static void take_file(struct file *file) {
    static const char first[] = "shouhu-evidence 1\n";
    const struct bytes all = read_file(file->path);
    unsigned char hash[HASH], chain[HASH];
    hash_of(EVP_sm3(), all.at, all.len, hash);
    hex_of(hash, file->hash);
    if (all.len >= sizeof first - 1 && memcmp(all.at, first, sizeof first - 1) == 0) {
        unsigned char *at = all.at + sizeof first - 1, *const end = all.at + all.len;
        size_t n = 0;
        for (; end - at > 5 && memcmp(at, "part ", 5) == 0; n++)
            at = check_part(file, at, end, chain, n == 0);
        if (end - at != 4 || memcmp(at, "end\n", 4) != 0 || !file->list[0])
            fail("the evidence is cut short, or something follows its end");
        printf("evidence: %zu parts, each as sealed and in its place\n", n);
    }
    free(all.at);
}

static void check_file(const struct file *file) {
    if (!file->is_hash_seen)
        fail("no proven record names this file");
    if (file->list[0] && !file->is_list_seen)
        fail("no proven record names the findings of this evidence");
    printf("file: named by a proven record\n");
}

int main(int argc, char **argv) {
    struct bundle bundle = {0};
    int is_usage = argc < 3 || argc > 3 + WITNESSES || strlen(argv[1]) != 2 * HASH;
    for (int i = 3; i < argc && !is_usage; i++) {
        char *word = argv[i];
        if (strncmp(word, "file=", 5) == 0) {
            is_usage = bundle.file.path != NULL;
            bundle.file.path = word + 5;
            continue;
        }
        is_usage = strlen(word) != 2 * HASH;
        if (!is_usage)
            bundle.witnesses[bundle.n_witnesses++] = hex_word(&word);
    }
    if (is_usage) {
        fprintf(stderr, "usage: verify-bundle FINGERPRINT FILE [WITNESS ...] [file=PATH]\n");
        return 2;
    }
    char *word = argv[1];
    const struct bytes fingerprint = hex_word(&word);
    FILE *file = fopen(argv[2], "r");
    if (!file) {
        perror(argv[2]);
        return 2;
    }
    if (bundle.file.path)
        take_file(&bundle.file);
    struct bytes spki = {0};
    char *line = NULL;
    size_t size = 0;
    if (getline(&line, &size, file) < 0 || strcmp(line, "shouhu-bundle 1\n") != 0)
        fail("not a bundle");
    while (getline(&line, &size, file) >= 0)
        check_line(&bundle, &spki, line, fingerprint.at);
    if (!bundle.is_ended || (bundle.has_leaf && !bundle.is_proven))
        fail("the bundle is cut short");
    for (size_t i = 0; i < bundle.n_witnesses; i++)
        if (bundle.witnesses[i].at)
            fail("a witness you asked for did not sign this head");
    if (bundle.file.path)
        check_file(&bundle.file);
    free(line);
    fclose(file);
    printf("PROVEN\n");
    return 0;
}
