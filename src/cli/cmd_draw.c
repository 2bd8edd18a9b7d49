/* shouhu draw seal | frame | run: what each person of a draw does at home, and the draw repeated from its
 * frame. */
#include "draw/draw.h"
#include "base/fs.h"
#include "cli/cli.h"
#include "gate/gate.h"
#include <stdlib.h>
#include <string.h>

#define DRAW_MESSAGES(X)                                                                                     \
    X(DRAW_USAGE, "用法：shouhu draw seal|frame|run …\n", "Usage: shouhu draw seal|frame|run …\n")           \
    X(DRAW_VALUE, "取值 %s\n请自行保管，公布抽样框之前不得告知任何人。\n",                                   \
      "value %s\nKeep it to yourself until the frame has been made known.\n")                                \
    X(DRAW_SEAL, "封值 %s\n", "seal %s\n")                                                                   \
    X(DRAW_UNITS, "抽样框 %lld 例；%lld 例所属批次尚未完成初审，未列入\n",                                   \
      "%lld cases in the frame; %lld left out: their batch is not certified\n")                              \
    X(DRAW_NAME, "--name：抽签名称（事项编号）", "--name: name of the draw (number of its matter)")          \
    X(DRAW_DIGEST, "--digest：sm3 或 sha256", "--digest: sm3 or sha256")                                     \
    X(DRAW_STORE, "--lake、--data 与 --matter", "--lake, --data and --matter")                               \
    X(DRAW_HEX, "--value：64 位小写十六进制", "--value: 64 lower-case hex digits")                           \
    X(DRAW_FILES, "--frame 与每席一个 --value", "--frame, and one --value for each seat")

enum draw_message { DRAW_MESSAGES(SH_MSG_ID) DRAW_MESSAGES_N };
static const struct sh_msg messages[] = {DRAW_MESSAGES(SH_MSG_ENTRY)};
SH_UNUSED static const size_t messages_n = DRAW_MESSAGES_N;

struct drawing {
    struct sh_gate_options store;
    struct sh_clock clock;
    const char *name, *frame, *digest, *matter, *actor;
    struct sh_arena *arena;
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

static void say(const struct drawing *d, enum draw_message id, const uint8_t bytes[SH_DIGEST_BYTES]) {
    char hex[SH_DIGEST_HEX_MAX];
    sh_hex(bytes, SH_DIGEST_BYTES, hex);
    sh_msg_print(d->output, messages, id, d->lang, hex);
}
static void tell(const struct drawing *d, const struct sh_units_report *report) {
    sh_msg_print(d->output, messages, DRAW_UNITS, d->lang, (long long)report->units,
                 (long long)report->left_out);
}

/* A value of one's own, or a fresh one, and its seal. */
static sh_code lay(struct drawing *d, struct sh_err *err) {
    uint8_t value[SH_DRAW_VALUE_BYTES], seal[SH_DIGEST_BYTES];
    const sh_digest_kind kind = strcmp(d->digest, "sha256") == 0 ? SH_DIGEST_SHA256 : SH_DIGEST_SM3;
    if (strcmp(d->digest, sh_digest_name(kind)) != 0)
        return sh_fail(err, SH_E_INPUT, "%s", sh_msg(messages, DRAW_DIGEST, d->lang));
    if (!d->name)
        return sh_fail(err, SH_E_INPUT, "%s", sh_msg(messages, DRAW_NAME, d->lang));
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

static sh_code fill(struct drawing *d, struct sh_err *err) {
    struct sh_units_report report;
    if (!d->store.lake_dir || !d->store.data_dir || !d->matter)
        return sh_fail(err, SH_E_INPUT, "%s", sh_msg(messages, DRAW_STORE, d->lang));
    d->store.clock = &d->clock;
    d->store.passphrase = getenv("SHOUHU_PASSPHRASE");
    SH_TRY(sh_cli_share("law", d->arena, &d->store.law_dir, err));
    SH_TRY(sh_clock_from_env(&d->clock, err));
    const struct sh_frame_load load = {sh_str_of(d->matter), sh_str_of(d->actor)};
    SH_TRY(sh_gate_frame_load(&d->store, &load, &report, err));
    tell(d, &report);
    return SH_OK;
}

static const struct verb {
    struct sh_verb says;
    sh_code (*run)(struct drawing *d, struct sh_err *err);
} verbs[] = {
    {{"seal", "draw seal", "为一席取值并计算封值", "a value for a seat, and its seal"}, lay},
    {{"frame", "draw frame", "把当月住院病例装入事项的抽样框",
      "put the month's inpatient cases into a matter's frame"},
     fill},
    {{"run", "draw run", "按抽样框和公布的取值重做抽签",
      "repeat a draw from its frame and the values opened"},
     run},
};

int sh_cmd_draw(int argc, char **argv, FILE *out, FILE *errout) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct drawing d = {.lang = sh_lang_from_env(),
                        .output = out,
                        .digest = "sm3",
                        .seat = 1,
                        .actor = "cli",
                        .arena = &arena};
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
        {"lake", SH_OPTION_TEXT, &d.store.lake_dir, "DIR", "frame：数据湖目录", "frame: folder of the lake"},
        {"data", SH_OPTION_TEXT, &d.store.data_dir, "DIR", "frame：业务数据目录",
         "frame: folder of the store"},
        {"keys", SH_OPTION_TEXT, &d.store.keys_dir, "DIR", "frame：密钥目录（默认 数据目录-keys）",
         "frame: folder of the keys (default DATA-keys)"},
        {"database", SH_OPTION_TEXT, &d.store.database_url, "URL", "frame：postgresql:// 地址；缺省用 SQLite",
         "frame: postgresql:// URL; else SQLite"},
        {"matter", SH_OPTION_TEXT, &d.matter, "NUMBER", "frame：复审事项编号", "frame: number of the matter"},
        {"actor", SH_OPTION_TEXT, &d.actor, "ID", "frame：操作人账号（默认 cli）",
         "frame: account that acts (default cli)"},
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
