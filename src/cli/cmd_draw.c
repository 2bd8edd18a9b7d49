/* shouhu draw seal | run: what each person of a draw does at home, and the draw repeated from its
 * frame. */
#include "draw/draw.h"
#include "base/fs.h"
#include "cli/cli.h"
#include <string.h>

#define DRAW_MESSAGES(X)                                                                                     \
    X(DRAW_USAGE, "用法：shouhu draw seal|run …\n", "Usage: shouhu draw seal|run …\n")                       \
    X(DRAW_VALUE, "取值 %s\n请自行保管，公布抽样框之前不得告知任何人。\n",                                   \
      "value %s\nKeep it to yourself until the frame has been made known.\n")                                \
    X(DRAW_SEAL, "封值 %s\n", "seal %s\n")                                                                   \
    X(DRAW_HEX, "--value：64 位小写十六进制", "--value: 64 lower-case hex digits")                           \
    X(DRAW_FILES, "--frame 与每席一个 --value", "--frame, and one --value for each seat")

enum draw_message { DRAW_MESSAGES(SH_MSG_ID) DRAW_MESSAGES_N };
static const struct sh_msg messages[] = {DRAW_MESSAGES(SH_MSG_ENTRY)};
SH_UNUSED static const size_t messages_n = DRAW_MESSAGES_N;

struct drawing {
    const char *name, *frame, *digest;
    struct sh_cli_list values;
    uint64_t seat;
    sh_lang lang;
    FILE *output;
};

static sh_code value_of(const struct drawing *d, size_t at, uint8_t ret[SH_DRAW_VALUE_BYTES],
                        struct sh_err *err) {
    return sh_unhex(sh_str_of(d->values.at[at]), ret, SH_DRAW_VALUE_BYTES)
               ? SH_OK
               : sh_fail(err, SH_E_INPUT, "%s", sh_msg(messages, DRAW_HEX, d->lang));
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* formats of our own catalogue */
static void say(const struct drawing *d, enum draw_message id, const uint8_t bytes[SH_DIGEST_BYTES]) {
    char hex[SH_DIGEST_HEX_MAX];
    sh_hex(bytes, SH_DIGEST_BYTES, hex);
    fprintf(d->output, sh_msg(messages, id, d->lang), hex);
}
#pragma GCC diagnostic pop

/* A value of one's own, or a fresh one, and its seal. */
static sh_code lay(struct drawing *d, struct sh_err *err) {
    uint8_t value[SH_DRAW_VALUE_BYTES], seal[SH_DIGEST_BYTES];
    const sh_digest_kind kind = strcmp(d->digest, "sha256") == 0 ? SH_DIGEST_SHA256 : SH_DIGEST_SM3;
    if (!d->name)
        return sh_fail(err, SH_E_INPUT, "--name");
    if (d->values.n)
        SH_TRY(value_of(d, 0, value, err));
    else
        SH_TRY(sh_draw_value(value, err));
    SH_TRY(sh_draw_seal(kind, sh_str_of(d->name), (uint32_t)d->seat, value, seal, err));
    if (d->values.n == 0)
        say(d, DRAW_VALUE, value);
    say(d, DRAW_SEAL, seal);
    return SH_OK;
}

static sh_code run(struct drawing *d, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf out = {0};
    uint8_t values[SH_DRAW_SEALS_MAX][SH_DRAW_VALUE_BYTES];
    struct sh_draw_frame frame;
    struct sh_str text;
    struct sh_drawn *drawn = NULL;
    size_t n = 0;
    if (!d->frame)
        return sh_fail(err, SH_E_INPUT, "%s", sh_msg(messages, DRAW_FILES, d->lang));
    SH_TRY(sh_fs_read(d->frame, SH_DRAW_FRAME_BYTES_MAX, &arena, &text, err));
    SH_TRY(sh_draw_frame_read(text, &arena, &frame, err));
    if (d->values.n != frame.n_seals)
        return sh_fail(err, SH_E_INPUT, "%s", sh_msg(messages, DRAW_FILES, d->lang));
    for (size_t i = 0; i < frame.n_seals; i++)
        SH_TRY(value_of(d, i, values[i], err));
    const uint8_t(*given)[SH_DRAW_VALUE_BYTES] = (const uint8_t(*)[SH_DRAW_VALUE_BYTES])values;
    SH_TRY(sh_draw_run(text, &frame, given, &arena, &drawn, &n, err));
    SH_TRY(sh_draw_result_write(text, &frame, given, drawn, n, &out, err));
    return fwrite(out.at, 1, out.len, d->output) == out.len ? SH_OK
                                                            : sh_fail_errno(err, "cannot write the result");
}

static const struct verb {
    struct sh_verb says;
    sh_code (*run)(struct drawing *d, struct sh_err *err);
} verbs[] = {
    {{"seal", "draw seal", "为一席取值并计算封值", "a value for a seat, and its seal"}, lay},
    {{"run", "draw run", "按抽样框和公布的取值重做抽签",
      "repeat a draw from its frame and the values opened"},
     run},
};

int sh_cmd_draw(int argc, char **argv, FILE *out, FILE *errout) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct drawing d = {.lang = sh_lang_from_env(), .output = out, .digest = "sm3", .seat = 1};
    const struct sh_option table[] = {
        {"name", SH_OPTION_TEXT, &d.name, "TEXT", "seal：抽签名称（事项编号）",
         "seal: name of the draw (number of its matter)"},
        {"seat", SH_OPTION_UINT, &d.seat, "N", "seal：第几席（默认 1）", "seal: which seat (default 1)", 1,
         16},
        {"value", SH_OPTION_LIST, &d.values, "HEX", "取值，64 位十六进制；seal 不给时随机产生，run 每席一个",
         "value, 64 hex digits; seal: a fresh one when not given; run: one a seat, in order"},
        {"digest", SH_OPTION_TEXT, &d.digest, "sm3|sha256", "seal：摘要算法（默认 sm3）",
         "seal: digest (default sm3)"},
        {"frame", SH_OPTION_TEXT, &d.frame, "FILE", "run：抽样框文件", "run: file of the frame"},
        {"lang", SH_OPTION_LANG, &d.lang, "zh|en", "语言", "language"},
    };
    const struct sh_verbs known = {&verbs[0].says,  sizeof verbs / sizeof verbs[0],
                                   sizeof verbs[0], sh_msg(messages, DRAW_USAGE, d.lang),
                                   table,           sizeof table / sizeof table[0]};
    int code;
    const int i = sh_cli_verb(&known, argc, argv, &arena, out, errout, &code);
    if (i < 0)
        return code;
    struct sh_err err = {0};
    const sh_code result = verbs[i].run(&d, &err);
    return result == SH_OK ? SH_EXIT_OK : sh_cli_fail(errout, result, &err);
}
