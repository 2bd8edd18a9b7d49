/* The sample that a procedure draws, as text. */
#include "law/inner.h"
#include "law/reading.h"

sh_code sh_law_draw_act(const struct sh_yaml *node, enum sh_draw_act *ret, struct sh_err *err) {
    static const char *const words[] = {"none", "seal", "frame", "open", "sample"};
    size_t at = 0;
    if (node)
        SH_TRY(sh_law_word(node, words, sizeof words / sizeof words[0], &at, err));
    *ret = (enum sh_draw_act)at;
    return SH_OK;
}

/* "param(name)" of a parameter that there is. */
static sh_code read_param(const struct sh_yaml *node, const struct sh_params *params, struct sh_str *ret,
                          struct sh_err *err) {
    if (node->kind != SH_YAML_TEXT || !sh_str_starts_with(node->text, SH_STR("param(")) ||
        !sh_str_ends_with(node->text, SH_STR(")")))
        return sh_yaml_fail(err, node, "a share is a number of the law: param(name)");
    *ret = sh_str_sub(node->text, 6, node->text.len - 7);
    for (size_t i = 0; i < params->n; i++)
        if (sh_str_eq(params->rows[i].name, *ret))
            return SH_OK;
    return sh_yaml_fail(err, node, "no parameter \"%.*s\"", SH_ARG(*ret));
}

static sh_code read_field(const struct sh_yaml *map, const char *key, const struct sh_procedure *p,
                          int32_t *ret, struct sh_err *err) {
    const struct sh_yaml *node = NULL;
    SH_TRY(sh_yaml_need(map, key, SH_YAML_TEXT, &node, err));
    *ret = sh_machine_field(&p->matter, node->text);
    return *ret >= 0 ? SH_OK : sh_yaml_fail(err, node, "no field \"%.*s\"", SH_ARG(node->text));
}

static sh_code read_seats(const struct sh_yaml *map, const char *key, const struct sh_procedure *p,
                          struct sh_arena *arena, const int32_t **ret, size_t *ret_n, struct sh_err *err) {
    const struct sh_str *names = NULL;
    SH_TRY(sh_law_list(map, key, arena, &names, ret_n, err));
    int32_t *of = sh_new(arena, int32_t, *ret_n + 1);
    if (!of)
        return sh_fail(err, SH_E_NOMEM, "no room for seats");
    for (size_t i = 0; i < *ret_n; i++) {
        of[i] = sh_machine_field(&p->matter, names[i]);
        if (of[i] < 0)
            return sh_yaml_fail(err, map, "no field \"%.*s\"", SH_ARG(names[i]));
    }
    *ret = of;
    return SH_OK;
}

static sh_code read_strata(const struct sh_yaml *map, const struct sh_params *params, struct sh_arena *arena,
                           struct sh_draw_text *ret, struct sh_err *err) {
    static const char *const known[] = {"when", "share"};
    const struct sh_yaml *strata = NULL;
    SH_TRY(sh_yaml_need(map, "strata", SH_YAML_MAP, &strata, err));
    struct sh_stratum_text *of = sh_new(arena, struct sh_stratum_text, strata->n + 1);
    if (!of)
        return sh_fail(err, SH_E_NOMEM, "no room for strata");
    for (size_t i = 0; i < strata->n; i++) {
        const struct sh_yaml *node = strata->entries[i].value, *share = NULL;
        const bool is_last = i + 1 == strata->n;
        if (node->kind == SH_YAML_MAP)
            SH_TRY(sh_yaml_only(node, known, 2, err));
        of[i].id = strata->entries[i].key;
        of[i].when = node->kind == SH_YAML_MAP ? sh_yaml_get(node, "when") : NULL;
        share = node->kind == SH_YAML_MAP ? sh_yaml_get(node, "share") : NULL;
        if (is_last != (share == NULL) || is_last != (of[i].when == NULL))
            return sh_yaml_fail(err, strata,
                                "each stratum says when and share; the last, written all, takes "
                                "the rest from all that are left");
        if (share)
            SH_TRY(read_param(share, params, &of[i].share, err));
    }
    ret->strata = of, ret->n_strata = strata->n;
    return strata->n ? SH_OK : sh_yaml_fail(err, strata, "a draw has a stratum");
}

sh_code sh_law_draw(const struct sh_yaml *root, const struct sh_params *params, const struct sh_procedure *p,
                    struct sh_arena *arena, const struct sh_draw_text **ret, struct sh_err *err) {
    static const char *const known[] = {"of",     "ratio",        "digest",      "seals", "values",
                                        "strata", "frame_digest", "frame_units", "sample"};
    static const char *const digests[] = {"sm3", "sha256"};
    const struct sh_yaml *map = sh_yaml_get(root, "draw"), *ratio = NULL, *of = NULL, *digest;
    size_t n_values = 0, kind = 0;
    if (!map)
        return SH_OK;
    struct sh_draw_text *made = sh_new(arena, struct sh_draw_text, 1);
    if (!made)
        return sh_fail(err, SH_E_NOMEM, "no room for a draw");
    SH_TRY(sh_yaml_only(map, known, sizeof known / sizeof known[0], err));
    SH_TRY(sh_yaml_need(map, "of", SH_YAML_TEXT, &of, err));
    SH_TRY(sh_yaml_need(map, "ratio", SH_YAML_TEXT, &ratio, err));
    SH_TRY(read_param(ratio, params, &made->ratio, err));
    digest = sh_yaml_get(map, "digest");
    if (digest)
        SH_TRY(sh_law_word(digest, digests, 2, &kind, err));
    made->of = of->text, made->is_sha256 = kind == 1, made->node = map;
    SH_TRY(read_seats(map, "seals", p, arena, &made->seals, &made->n_seats, err));
    SH_TRY(read_seats(map, "values", p, arena, &made->values, &n_values, err));
    if (n_values != made->n_seats || n_values < 2 || n_values > 16)
        return sh_yaml_fail(
            err, map, "a draw has two seats or more, each with a field for its seal and one for its value");
    SH_TRY(read_strata(map, params, arena, made, err));
    SH_TRY(read_field(map, "frame_digest", p, &made->digest, err));
    SH_TRY(read_field(map, "frame_units", p, &made->units, err));
    SH_TRY(read_field(map, "sample", p, &made->sample, err));
    if (!p->items)
        return sh_yaml_fail(err, map, "what is drawn becomes an item: the procedure has none");
    *ret = made;
    return SH_OK;
}
