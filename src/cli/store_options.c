#include "cli/store_options.h"
#include "base/fs.h"

sh_code sh_cli_passphrase(const char *path, char *out, size_t size, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_str text;
    SH_TRY(sh_fs_read(path, size - 1, &arena, &text, err));
    text = sh_str_trim(text);
    if (text.len > 0)
        memcpy(out, text.at, text.len);
    out[text.len] = '\0';
    return SH_OK;
}

sh_code sh_cli_store_options(struct sh_cli_store *given, struct sh_store_options *ret, struct sh_err *err) {
    SH_TRY(sh_clock_from_env(&given->clock, err));
    *ret = (struct sh_store_options){.data_dir = given->data,
                                     .keys_dir = given->keys,
                                     .heads_path = given->heads,
                                     .database_url = given->database,
                                     .clock = &given->clock,
                                     .digest = SH_DIGEST_SM3};
    if (!given->passphrase_file)
        return SH_OK;
    SH_TRY(sh_cli_passphrase(given->passphrase_file, given->passphrase, sizeof given->passphrase, err));
    ret->passphrase = given->passphrase;
    return SH_OK;
}
