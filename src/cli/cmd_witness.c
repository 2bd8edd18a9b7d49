/* shouhu witness init | sign: another body's machine, which needs no store: it signs the heads of a journal
 * that continue what it signed before. */
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "cli/store_options.h"
#include <string.h>

#define WITNESS_MESSAGES(X)                                                                                  \
    X(WITNESS_USAGE, "用法：shouhu witness init|sign …\n", "Usage: shouhu witness init|sign …\n")            \
    X(WITNESS_KEY, "见证公钥指纹 ", "fingerprint of the witness's key ")                                     \
    X(WITNESS_SIGNED, "已见证；请把该文件交回日志所有者\n",                                                  \
      "signed; give the file back to the journal's owner\n")                                                 \
    X(WITNESS_FINGERPRINT, "--fingerprint：日志签名公钥指纹，64 位十六进制",                                 \
      "--fingerprint: of the journal's signing key, 64 hex digits")                                          \
    X(WITNESS_BUNDLE, "--bundle：被见证日志导出的文件", "--bundle: the file exported from the journal")

enum witness_message { WITNESS_MESSAGES(SH_MSG_ID) WITNESS_MESSAGES_N };
static const struct sh_msg messages[] = {WITNESS_MESSAGES(SH_MSG_ENTRY)};
SH_UNUSED static const size_t messages_n = WITNESS_MESSAGES_N;

enum { BUNDLE_BYTES_MAX = 16 << 20 };

struct witness {
    const char *dir, *bundle, *fingerprint, *out, *passphrase_file;
    char key[SH_PATH_BYTES_MAX], passphrase[512];
    struct sh_clock clock;
    sh_lang lang;
    FILE *output;
};

static sh_code options_of(struct witness *w, struct sh_witness_options *ret, struct sh_err *err) {
    SH_TRY(sh_clock_from_env(&w->clock, err));
    SH_TRY(sh_path_join(w->key, w->dir, "witness.key", err));
    *ret = (struct sh_witness_options){.key_path = w->key, .memory_dir = w->dir, .clock = &w->clock};
    if (w->passphrase_file) {
        SH_TRY(sh_cli_passphrase(w->passphrase_file, w->passphrase, sizeof w->passphrase, err));
        ret->passphrase = w->passphrase;
    }
    return SH_OK;
}

static sh_code init(struct witness *w, struct sh_err *err) {
    struct sh_witness_options options;
    uint8_t fingerprint[SH_DIGEST_BYTES];
    char hex[SH_DIGEST_HEX_MAX];
    SH_TRY(options_of(w, &options, err));
    SH_TRY(sh_mkdir_all(w->dir, err));
    SH_TRY(sh_witness_key(&options, true, fingerprint, err));
    sh_hex(fingerprint, sizeof fingerprint, hex);
    fprintf(w->output, "%s%s\n", sh_msg(messages, WITNESS_KEY, w->lang), hex);
    return SH_OK;
}

static sh_code sign(struct witness *w, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf out = {0};
    struct sh_witness_options options;
    struct sh_str text;
    uint8_t fingerprint[SH_DIGEST_BYTES];
    if (!w->fingerprint || !sh_unhex(sh_str_of(w->fingerprint), fingerprint, sizeof fingerprint))
        return sh_fail(err, SH_E_INPUT, "%s", sh_msg(messages, WITNESS_FINGERPRINT, w->lang));
    if (!w->bundle)
        return sh_fail(err, SH_E_INPUT, "%s", sh_msg(messages, WITNESS_BUNDLE, w->lang));
    SH_TRY(options_of(w, &options, err));
    SH_TRY(sh_fs_read(w->bundle, BUNDLE_BYTES_MAX, &arena, &text, err));
    SH_TRY(sh_witness_sign(&options, fingerprint, text, &out, err));
    if (w->out) {
        SH_TRY(sh_fs_write(w->out, sh_buf_view(&out), err));
        fputs(sh_msg(messages, WITNESS_SIGNED, w->lang), w->output);
    } else if (fwrite(out.at, 1, out.len, w->output) != out.len) {
        return sh_fail_errno(err, "cannot write the signature");
    }
    return SH_OK;
}

static const struct verb {
    struct sh_verb says;
    sh_code (*run)(struct witness *w, struct sh_err *err);
} verbs[] = {
    {{"init", "witness init", "建立见证密钥，显示公钥指纹", "make the witness's key, tell its fingerprint"},
     init},
    {{"sign", "witness sign", "核对并见证一个签名树头", "check and sign a head"}, sign},
};

int sh_cmd_witness(int argc, char **argv, FILE *out, FILE *errout) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct witness w = {.lang = sh_lang_from_env(), .output = out};
    const struct sh_option table[] = {
        {"dir", SH_OPTION_TEXT, &w.dir, "DIR", "见证密钥与已见证树头的目录",
         "folder of the witness's key and of the heads it signed", .required = true},
        {"bundle", SH_OPTION_TEXT, &w.bundle, "FILE", "sign：日志所有者导出的文件",
         "sign: file exported by the journal's owner"},
        {"fingerprint", SH_OPTION_TEXT, &w.fingerprint, "HEX", "sign：日志签名公钥指纹（另行取得）",
         "sign: fingerprint of the journal's key, got by another way"},
        {"out", SH_OPTION_TEXT, &w.out, "FILE", "输出文件（默认标准输出）",
         "file to write (default standard output)"},
        {"passphrase-file", SH_OPTION_TEXT, &w.passphrase_file, "FILE", "密钥口令文件",
         "file that holds the passphrase of the key"},
        {"lang", SH_OPTION_LANG, &w.lang, "zh|en", "语言", "language"},
    };
    const struct sh_verbs known = {&verbs[0].says,  sizeof verbs / sizeof verbs[0],
                                   sizeof verbs[0], sh_msg(messages, WITNESS_USAGE, w.lang),
                                   table,           sizeof table / sizeof table[0]};
    int code;
    const int i = sh_cli_verb(&known, argc, argv, &arena, out, errout, &code);
    if (i < 0)
        return code;
    struct sh_err err = {0};
    const sh_code result = verbs[i].run(&w, &err);
    return result == SH_OK ? SH_EXIT_OK : sh_cli_fail(errout, result, &err);
}
