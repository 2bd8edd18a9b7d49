/* shouhu journal init | verify | head | prove | export | erase | fork | rotate: the record that nobody can
 * quietly change. */
#include "base/date.h"
#include "base/fs.h"
#include "base/mem.h"
#include "cli/store_options.h"
#include "gate/gate.h"
#include <inttypes.h>
#include <string.h>

#define JOURNAL_MESSAGES(X)                                                                                  \
    X(JOURNAL_USAGE, "用法：shouhu journal 子命令 …\n", "Usage: shouhu journal VERB …\n")                    \
    X(JOURNAL_FAULT, "不符", "fault")                                                                        \
    X(JOURNAL_SOUND, "完好", "sound")                                                                        \
    X(JOURNAL_FAULTS, "处不符", "faults")                                                                    \
    X(JOURNAL_COUNTS,                                                                                        \
      "%" PRIu64 " 片叶子，%" PRIu64 " 个版本（%" PRIu64 " 个已销毁），%" PRIu64 " 个文件，%" PRIu64         \
      " 个签名树头：",                                                                                       \
      "%" PRIu64 " leaves, %" PRIu64 " versions (%" PRIu64 " erased), %" PRIu64 " files, %" PRIu64           \
      " signed heads: ")                                                                                     \
    X(JOURNAL_ERASED, "已销毁，记于第 %" PRIu64 " 片叶子；删除文件 %" PRIu64 " 个\n",                        \
      "erased, leaf %" PRIu64 " says so; %" PRIu64 " files removed\n")                                       \
    X(JOURNAL_BACKUPS, "最后一份含有该内容的备份失效于 ", "the last backup that holds it expires on ")       \
    X(JOURNAL_NO_BACKUP, "没有未失效的备份含有该内容\n", "no backup that is still kept holds it\n")          \
    X(JOURNAL_FORKED, "分叉已记入日志\n", "the fork is recorded\n")                                          \
    X(JOURNAL_ROTATED, "密钥已更换\n", "the key is changed\n")                                               \
    X(JOURNAL_MADE, "已建立；签名公钥指纹 ", "made; fingerprint of its signing key ")                        \
    X(JOURNAL_HEAD, "%" PRIu64 " 片叶子，根 %s，签名公钥指纹 %s\n",                                          \
      "%" PRIu64 " leaves, root %s, fingerprint of the signing key %s\n")                                    \
    X(JOURNAL_COSIGN, "cosign：--from 见证文件 --name 见证机构", "cosign: --from FILE --name BODY")          \
    X(JOURNAL_COSIGNED, "见证已记入，见证公钥指纹 %s\n", "kept; fingerprint of the witness's key %s\n")      \
    X(JOURNAL_WHICH, "rotate：--what signing 或 master", "rotate: --what signing or master")

enum journal_message { JOURNAL_MESSAGES(SH_MSG_ID) JOURNAL_MESSAGES_N };
static const struct sh_msg messages[] = {JOURNAL_MESSAGES(SH_MSG_ENTRY)};
SH_UNUSED static const size_t messages_n = JOURNAL_MESSAGES_N;

enum { COSIGN_BYTES_MAX = 16384 };

struct journal_options {
    struct sh_cli_store store;
    const char *record, *out, *reason, *what, *from, *name;
    uint64_t position, from_size;
    bool deep, witnessed;
    enum sh_lang lang;
    FILE *output;
};

static const struct sh_str everywhere[] = {{"", 0}};
static const struct sh_scope all = {.places = everywhere, .n_places = 1, .any_body = true, .any_part = true};

static struct sh_act act_of(const struct journal_options *o) {
    return (struct sh_act){.actor = sh_str_of(o->store.actor), .why = sh_str_of(o->reason)};
}

static sh_code open_store(struct journal_options *o, bool read_only, bool create, bool beside,
                          struct sh_store **ret, struct sh_err *err) {
    struct sh_store_options options;
    SH_TRY(sh_cli_store_options(&o->store, &options, err));
    options.read_only = read_only;
    options.create = create;
    options.beside = beside;
    return sh_store_open(&options, ret, err);
}

static sh_code print_head(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    const struct journal_options *o = ctx;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_head head;
    char root[SH_DIGEST_HEX_MAX], key[SH_DIGEST_HEX_MAX];
    SH_TRY(sh_journal_head(txn, &arena, &head, err));
    sh_hex(head.root, sizeof head.root, root);
    sh_hex(head.key, sizeof head.key, key);
    sh_msg_print(o->output, messages, JOURNAL_HEAD, o->lang, head.size, root, key);
    return SH_OK;
}

static sh_code run_head(struct journal_options *o, struct sh_store *store, int *ret_exit,
                        struct sh_err *err) {
    (void)ret_exit;
    return sh_store_read(store, print_head, o, err);
}

static void print_fault(void *ctx, const char *what) {
    const struct journal_options *o = ctx;
    fprintf(o->output, "%s: %s\n", sh_msg(messages, JOURNAL_FAULT, o->lang), what);
}

static sh_code run_verify(struct journal_options *o, struct sh_store *store, int *ret_exit,
                          struct sh_err *err) {
    struct sh_verify_report report;
    SH_TRY(sh_store_verify(store, o->deep, print_fault, o, &report, err));
    sh_msg_print(o->output, messages, JOURNAL_COUNTS, o->lang, report.leaves, report.versions, report.erased,
                 report.blobs, report.heads);
    if (report.faults == 0)
        fprintf(o->output, "%s\n", sh_msg(messages, JOURNAL_SOUND, o->lang));
    else
        fprintf(o->output, "%" PRIu64 " %s\n", report.faults, sh_msg(messages, JOURNAL_FAULTS, o->lang));
    *ret_exit = report.faults == 0 ? SH_EXIT_OK : SH_EXIT_LAKE;
    return SH_OK;
}

static sh_code write_out(const struct journal_options *o, const struct sh_buf *buf, struct sh_err *err) {
    if (o->out)
        return sh_fs_write(o->out, sh_buf_view(buf), err);
    if (fwrite(buf->at, 1, buf->len, o->output) != buf->len)
        return sh_fail_errno(err, "cannot write the bundle");
    return SH_OK;
}

static sh_code run_export(struct journal_options *o, struct sh_store *store, int *ret_exit,
                          struct sh_err *err) {
    (void)ret_exit;
    SH_CLEANUP(sh_buf_free) struct sh_buf buf = {0};
    const struct sh_str record = sh_str_of(o->record);
    const struct sh_bundle_ask ask = {&all, &record, record.len > 0, o->from_size, o->witnessed};
    SH_TRY(sh_store_export(store, &ask, &buf, err));
    return write_out(o, &buf, err);
}

static sh_code run_prove(struct journal_options *o, struct sh_store *store, int *ret_exit,
                         struct sh_err *err) {
    (void)ret_exit;
    SH_CLEANUP(sh_buf_free) struct sh_buf buf = {0};
    SH_TRY(sh_store_prove(store, o->position, &buf, err));
    return write_out(o, &buf, err);
}

static sh_code run_erase(struct journal_options *o, struct sh_store *store, int *ret_exit,
                         struct sh_err *err) {
    (void)ret_exit;
    struct sh_erasure erasure;
    const struct sh_act act = act_of(o);
    SH_TRY(sh_store_erase(store, &act, sh_str_of(o->record), sh_gate_forget, &erasure, err));
    sh_msg_print(o->output, messages, JOURNAL_ERASED, o->lang, erasure.position, erasure.files);
    if (erasure.backups_expire_at == 0) {
        fputs(sh_msg(messages, JOURNAL_NO_BACKUP, o->lang), o->output);
        return SH_OK;
    }
    char time[SH_TIME_TEXT_MAX];
    (void)sh_time_format_iso(erasure.backups_expire_at, "Z", time);
    fprintf(o->output, "%s%s\n", sh_msg(messages, JOURNAL_BACKUPS, o->lang), time);
    return SH_OK;
}

static sh_code run_cosign(struct journal_options *o, struct sh_store *store, int *ret_exit,
                          struct sh_err *err) {
    (void)ret_exit;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_cosignature given = {.name = sh_str_of(o->name)};
    struct sh_str text;
    uint8_t fingerprint[SH_DIGEST_BYTES];
    char hex[SH_DIGEST_HEX_MAX];
    const struct sh_act act = act_of(o);
    if (!o->from || !o->name)
        return sh_fail(err, SH_E_INPUT, "%s", sh_msg(messages, JOURNAL_COSIGN, o->lang));
    SH_TRY(sh_fs_read(o->from, COSIGN_BYTES_MAX, &arena, &text, err));
    SH_TRY(sh_cosignature_read(text, &arena, &given, fingerprint, err));
    SH_TRY(sh_store_cosign(store, &act, &given, err));
    sh_hex(fingerprint, sizeof fingerprint, hex);
    sh_msg_print(o->output, messages, JOURNAL_COSIGNED, o->lang, hex);
    return SH_OK;
}

static sh_code run_rotate(struct journal_options *o, struct sh_store *store, int *ret_exit,
                          struct sh_err *err) {
    (void)ret_exit;
    const struct sh_act act = act_of(o);
    const char *passphrase = o->store.passphrase_file ? o->store.passphrase : NULL;
    if (o->what && strcmp(o->what, "signing") == 0)
        SH_TRY(sh_store_rotate_signer(store, &act, passphrase, err));
    else if (o->what && strcmp(o->what, "master") == 0)
        SH_TRY(sh_store_rotate_master(store, &act, passphrase, err));
    else
        return sh_fail(err, SH_E_INPUT, "%s", sh_msg(messages, JOURNAL_WHICH, o->lang));
    fputs(sh_msg(messages, JOURNAL_ROTATED, o->lang), o->output);
    return run_head(o, store, ret_exit, err);
}

/* A fork opens the store in a way of its own. */
static sh_code run_fork(struct journal_options *o, struct sh_store *store, int *ret_exit,
                        struct sh_err *err) {
    (void)store, (void)ret_exit;
    struct sh_store_options options;
    const struct sh_act act = act_of(o);
    SH_TRY(sh_cli_store_options(&o->store, &options, err));
    SH_TRY(sh_store_fork(&options, &act, err));
    fputs(sh_msg(messages, JOURNAL_FORKED, o->lang), o->output);
    return SH_OK;
}

static const struct verb {
    struct sh_verb says;
    sh_code (*run)(struct journal_options *o, struct sh_store *store, int *ret_exit, struct sh_err *err);
    bool writes, creates, opens, beside;
} verbs[] = {
    {{"init", "journal init", "建立存储、密钥与日志", "make store, keys and journal"},
     run_head,
     true,
     true,
     true},
    {{"verify", "journal verify", "逐行核对记录、文件、日志与签名",
      "check every row, file, leaf and signature"},
     run_verify,
     false,
     false,
     true},
    {{"head", "journal head", "最新签名树头与公钥指纹", "newest signed head and the key's fingerprint"},
     run_head,
     false,
     false,
     true},
    {{"prove", "journal prove", "导出一片叶子的包含证明", "export the proof of one leaf"},
     run_prove,
     false,
     false,
     true},
    {{"export", "journal export", "导出一条记录的全部版本与证明",
      "export all versions of a record with proofs"},
     run_export,
     false,
     false,
     true},
    {{"erase", "journal erase", "销毁一条记录的内容，保留证明",
      "erase the content of a record, keep its proofs"},
     run_erase,
     true,
     false,
     true,
     true},
    {{"cosign", "journal cosign", "记入另一机构对树头的见证", "keep another body's signature over a head"},
     run_cosign,
     true,
     false,
     true,
     true},
    {{"rotate", "journal rotate", "更换签名密钥或主密钥", "change the signing or the master key"},
     run_rotate,
     true,
     false,
     true},
    {{"fork", "journal fork", "记录日志从旧副本继续", "record that the journal goes on from an older copy"},
     run_fork,
     true,
     false,
     false},
};

static int run_verb(const struct verb *verb, struct journal_options *o, FILE *errout) {
    struct sh_err err = {0};
    struct sh_store *store = NULL;
    int exit_code = SH_EXIT_OK;
    sh_code code =
        verb->opens ? open_store(o, !verb->writes, verb->creates, verb->beside, &store, &err) : SH_OK;
    if (code == SH_OK)
        code = verb->run(o, store, &exit_code, &err);
    sh_store_close(store);
    return code == SH_OK ? exit_code : sh_cli_fail(errout, code, &err);
}

int sh_cmd_journal(int argc, char **argv, FILE *out, FILE *errout) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct journal_options o = {.lang = sh_lang_from_env(), .output = out, .store = {.actor = "cli"}};
    const struct sh_option table[] = {
        SH_CLI_STORE_OPTIONS(o.store),
        {"record", SH_OPTION_TEXT, &o.record, "ID", "记录编号（32 位十六进制）",
         "id of a record (32 hex digits)"},
        {"position", SH_OPTION_UINT, &o.position, "N", "叶子序号", "number of a leaf", .low = 0,
         .high = INT64_MAX},
        {"from-size", SH_OPTION_UINT, &o.from_size, "N", "同时证明延续自含 N 片叶子的日志",
         "prove too that it continues the journal of N leaves", .low = 0, .high = INT64_MAX},
        {"out", SH_OPTION_TEXT, &o.out, "FILE", "输出文件（默认标准输出）",
         "file to write (default standard output)"},
        {"reason", SH_OPTION_TEXT, &o.reason, "TEXT", "理由（erase、fork 必填）",
         "reason (erase, fork need it)"},
        {"witnessed", SH_OPTION_FLAG, &o.witnessed, "", "export：取最近一个经见证的树头",
         "export: under the newest head that a witness signed"},
        {"from", SH_OPTION_TEXT, &o.from, "FILE", "cosign：见证机构交回的文件",
         "cosign: file the witness gave back"},
        {"name", SH_OPTION_TEXT, &o.name, "BODY", "cosign：见证机构", "cosign: body that witnesses"},
        {"what", SH_OPTION_TEXT, &o.what, "signing|master", "rotate：更换哪把密钥", "rotate: which key"},
        {"deep", SH_OPTION_FLAG, &o.deep, "", "verify：连同检索索引与数据库文件",
         "verify: the search index and the file too"},
        {"lang", SH_OPTION_LANG, &o.lang, "zh|en", "语言", "language"},
    };
    const struct sh_verbs known = {&verbs[0].says,  sizeof verbs / sizeof verbs[0],
                                   sizeof verbs[0], sh_msg(messages, JOURNAL_USAGE, o.lang),
                                   table,           sizeof table / sizeof table[0]};
    int code;
    const int i = sh_cli_verb(&known, argc, argv, &arena, out, errout, &code);
    if (i < 0)
        return code;
    return run_verb(&verbs[i], &o, errout);
}
