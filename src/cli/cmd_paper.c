/* shouhu paper: draw a paper from a template and facts, or list the templates and what they ask for. */
#include "base/fs.h"
#include "base/limits.h"
#include "cli/cli.h"
#include "report/report.h"
#include <inttypes.h>

#define PAPER_MESSAGES(X)                                                                                    \
    X(PAPER_DRAWN, "已生成 %s：%" PRIu32 " 页，%zu 字节\n", "wrote %s: %" PRIu32 " pages, %zu bytes\n")      \
    X(PAPER_REQUIRED, "必填", "required")                                                                    \
    X(PAPER_NEEDS, "还需要 --template、--facts 和 --out，或者 --list\n",                                     \
      "--template, --facts and --out are needed, or --list\n")

enum paper_message { PAPER_MESSAGES(SH_MSG_ID) PAPER_MESSAGES_N };
static const struct sh_msg messages[] = {PAPER_MESSAGES(SH_MSG_ENTRY)};
SH_UNUSED static const size_t messages_n = PAPER_MESSAGES_N;

struct paper_options {
    const char *template, *facts, *out, *documents, *code, *address, *head;
    bool list;
    sh_lang lang;
};

static sh_code list(const struct paper_options *o, const struct sh_papers *papers,
                    const struct sh_paper *paper, struct sh_arena *arena, FILE *out, struct sh_err *err) {
    char id[128];
    for (size_t i = 0; !paper && i < sh_papers_n(papers); i++) {
        const struct sh_paper *p = sh_papers_at(papers, i);
        (void)snprintf(id, sizeof id, "%.*s", SH_ARG(sh_paper_id(p)));
        sh_cli_pad(out, id, 24);
        fprintf(out, " %.*s\n", SH_ARG(sh_paper_title(p)));
    }
    if (!paper)
        return SH_OK;
    const struct sh_paper_fact *facts;
    size_t n;
    SH_TRY(sh_paper_facts(paper, arena, &facts, &n, err));
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(id, sizeof id, "%.*s", SH_ARG(facts[i].id));
        sh_cli_pad(out, id, 18);
        sh_cli_pad(out, facts[i].type, 8);
        fprintf(out, "%.*s%s%s\n", SH_ARG(facts[i].name), facts[i].required ? " · " : "",
                facts[i].required ? sh_msg(messages, PAPER_REQUIRED, o->lang) : "");
    }
    return SH_OK;
}

static sh_code read_facts(const char *path, struct sh_arena *arena, json_t **ret, struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf quoted = {0};
    struct sh_str text;
    SH_TRY(sh_fs_read(path, SH_JSON_BYTES_MAX, arena, &text, err));
    SH_TRY(sh_json_quote_reals(text, &quoted, err)); /* 12.30 stays 12.30 */
    return sh_json_read(path, sh_buf_view(&quoted), ret, err);
}

static sh_code draw(const struct paper_options *o, const struct sh_paper *paper, struct sh_arena *arena,
                    FILE *out, struct sh_err *err) {
    SH_CLEANUP(sh_json_decref_at) json_t *facts = NULL;
    SH_CLEANUP(sh_buf_free) struct sh_buf pdf = {0};
    SH_TRY(read_facts(o->facts, arena, &facts, err));
    const struct sh_paper_proof proof = {sh_str_of(o->code), sh_str_of(o->address), sh_str_of(o->head)};
    uint32_t pages;
    SH_TRY(sh_paper_render(paper, facts, &proof, &pdf, &pages, err));
    SH_TRY(sh_fs_write(o->out, sh_buf_view(&pdf), err));
    sh_msg_print(out, messages, PAPER_DRAWN, o->lang, o->out, pages, pdf.len);
    return SH_OK;
}

static sh_code work(const struct paper_options *o, struct sh_arena *arena, FILE *out, struct sh_err *err) {
    const char *dir = o->documents;
    const struct sh_papers *papers;
    const struct sh_paper *paper = NULL;
    if (!dir)
        SH_TRY(sh_cli_share("law/documents", arena, &dir, err));
    SH_TRY(sh_papers_load(dir, arena, &papers, err));
    if (o->template) {
        paper = sh_paper_find(papers, sh_str_of(o->template));
        if (!paper)
            return sh_fail(err, SH_E_INPUT, "there is no template %s; shouhu paper --list names them",
                           o->template);
    }
    return o->list ? list(o, papers, paper, arena, out, err) : draw(o, paper, arena, out, err);
}

int sh_cmd_paper(int argc, char **argv, FILE *out, FILE *errout) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct paper_options o = {.lang = sh_lang_from_env()};
    const struct sh_option table[] = {
        {"template", SH_OPTION_TEXT, &o.template, "ID", "文书模板", "the template"},
        {"facts", SH_OPTION_TEXT, &o.facts, "FILE.json", "事实", "the facts"},
        {"out", SH_OPTION_TEXT, &o.out, "FILE.pdf", "生成的文件", "the file to write"},
        {"list", SH_OPTION_FLAG, &o.list, NULL, "列出模板；与 --template 同用列出其事实",
         "list the templates, or the facts of --template"},
        {"code", SH_OPTION_TEXT, &o.code, "TEXT", "校验码", "verification code"},
        {"address", SH_OPTION_TEXT, &o.address, "TEXT", "核验地址（二维码）", "where it is verified (QR)"},
        {"head", SH_OPTION_TEXT, &o.head, "TEXT", "日志头", "signed head of the journal"},
        {"documents", SH_OPTION_TEXT, &o.documents, "DIR", "模板目录", "folder of templates"},
        {"lang", SH_OPTION_LANG, &o.lang, "zh|en", "语言", "language"},
    };
    const struct sh_command command = {"paper",
                                       "按模板生成文书（PDF）",
                                       "draw a paper (PDF) from a template",
                                       "",
                                       table,
                                       sizeof table / sizeof table[0],
                                       0,
                                       0};
    const char *const *operands;
    size_t n;
    int code;
    if (!sh_cli_parse(&command, argc, argv, &arena, out, errout, &operands, &n, &code))
        return code;
    if (!o.list && (!o.template || !o.facts || !o.out)) {
        fputs(sh_msg(messages, PAPER_NEEDS, o.lang), errout);
        return SH_EXIT_USAGE;
    }
    struct sh_err err;
    const sh_code result = work(&o, &arena, out, &err);
    return result == SH_OK ? SH_EXIT_OK : sh_cli_fail(errout, result, &err);
}
