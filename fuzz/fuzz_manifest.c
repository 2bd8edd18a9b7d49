/* The manifest's reader: any bytes as they are, and as a body inside a frame whose digest fits. */
#include "base/hash.h"
#include "base/mem.h"
#include "lake/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(struct sh_str text) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_manifest manifest;
    struct sh_err err;
    if (sh_manifest_parse("fuzz", text, &arena, &manifest, &err) != SH_OK)
        return;
    sh_check(manifest.buckets >= 1 && manifest.buckets <= SH_LAKE_BUCKETS_MAX);
    for (size_t i = 0; i < manifest.n_files; i++)
        sh_check(!strstr(manifest.files[i].path, "..") && manifest.files[i].path[0] != '/' &&
                 manifest.files[i].bucket_to <= manifest.buckets);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct sh_str text = {(const char *)data, size};
    parse(text);
    uint8_t digest[SH_DIGEST_BYTES];
    char hex[SH_DIGEST_HEX_MAX];
    struct sh_err err;
    SH_CLEANUP(sh_buf_free) struct sh_buf framed = {0};
    if (sh_digest_of(SH_DIGEST_SHA256, data, size, digest, &err) != SH_OK)
        return 0;
    sh_hex(digest, sizeof digest, hex);
    (void)sh_buf_addf(&framed, "{\"body\":");
    (void)sh_buf_add_str(&framed, text);
    (void)sh_buf_addf(&framed, ",\"sha256\":\"%s\"}\n", hex);
    if (sh_buf_check(&framed, &err) == SH_OK)
        parse(sh_buf_view(&framed));
    return 0;
}
