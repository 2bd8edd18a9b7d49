/* The reader of templates of papers: any bytes are a template or a message with a place; a template that
 * reads well is asked for its facts and drawn with none; never a crash. */
#include "base/fs.h"
#include "base/json.h"
#include "report/paper.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char common[] = "facts:\n"
                             "  body: {type: text, name: 发文机关, required: true}\n"
                             "  number: {type: text, name: 文书编号}\n"
                             "  party: {type: text, name: 当事人}\n";

/* The facts a letter has at the least; whatever else it needs it says is missing. */
static void draw(const struct sh_papers *papers) {
    SH_CLEANUP(sh_buf_free) struct sh_buf pdf = {0};
    SH_CLEANUP(sh_json_decref_at) json_t *facts = json_pack("{s:s}", "body", "x");
    struct sh_err err;
    const struct sh_paper *paper = sh_paper_find(papers, SH_STR("x"));
    if (paper && facts)
        sh_check(sh_paper_render(paper, facts, NULL, &pdf, NULL, &err) != SH_E_INTERNAL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {.limit_bytes = (size_t)64 << 20};
    char dir[SH_PATH_BYTES_MAX], path[SH_PATH_BYTES_MAX], shared[SH_PATH_BYTES_MAX];
    const struct sh_papers *papers = NULL;
    struct sh_err err;
    if (sh_scratch_dir("shouhu-fuzz", dir, &err) != SH_OK)
        return 0;
    if (sh_path_join(path, dir, "x.yaml", &err) == SH_OK &&
        sh_path_join(shared, dir, "_common.yaml", &err) == SH_OK &&
        sh_fs_write(shared, sh_str_of(common), &err) == SH_OK &&
        sh_fs_write(path, (struct sh_str){(const char *)data, size}, &err) == SH_OK) {
        const sh_code code = sh_papers_load(dir, &arena, &papers, &err);
        sh_check(code == SH_OK || code == SH_E_INPUT || code == SH_E_LIMIT || code == SH_E_NOMEM);
        if (code == SH_OK)
            draw(papers);
    }
    sh_check(sh_remove_tree(dir, &err) == SH_OK);
    return 0;
}
