/* A page of a register, whose cost does not grow with the register: the rarest of what is asked for (a word's
 * pair, a term, the reader's bodies or places) gives the keys to look at, in windows of bounded size. */
#include "store/inner.h"

enum {
    GROUPS_MAX = 16, /* conditions that may lead */
    GROUP_MAX = 16,  /* grams of one of them */
    COUNT_MAX = 300, /* walked to find the rarest */
    SCAN_MAX = 2048, /* keys looked at for one page */
};

/* A record has at least one of these grams. */
struct group {
    int64_t grams[GROUP_MAX];
    size_t n;
    bool is_scope; /* asked by the scope's own condition too */
};
struct page {
    struct sh_txn *txn;
    const struct sh_scope *scope;
    const struct sh_page_query *query;
    struct sh_arena *arena;
    struct group groups[GROUPS_MAX];
    size_t n_groups;
    const struct group *lead;    /* NULL: the register itself */
    int64_t singles[GROUPS_MAX]; /* words of one character: any pair that begins so */
    size_t n_singles;
    struct sh_record *records;
    size_t n;
};

static struct group *new_group(struct page *page) {
    return page->n_groups < GROUPS_MAX ? &page->groups[page->n_groups++] : NULL;
}

static void add_one(struct page *page, int64_t gram) {
    struct group *group = new_group(page);
    if (group)
        *group = (struct group){.grams = {gram}, .n = 1};
}

/* Up to eight of the words' pairs, spread over them; the words themselves are compared afterwards. */
static sh_code add_words(struct page *page, struct sh_err *err) {
    enum { PAIRS = 8 };
    int64_t grams[SH_GRAMS_MAX];
    size_t n = 0, n_whole = 0;
    SH_TRY(sh_grams_of(page->query->search, grams, &n, err));
    for (size_t i = 0; i < n; i++) /* a word's last character and its end would ask for a word's end */
        if (grams[i] & 0x1fffff)
            n_whole++;
    const size_t step = n_whole > PAIRS ? n_whole / PAIRS : 1;
    for (size_t i = 0, k = 0, used = 0; i < n && used < PAIRS; i++) {
        if (n_whole > 0 && !(grams[i] & 0x1fffff))
            continue;
        if (n_whole == 0)
            page->singles[page->n_singles++] = grams[i], used++;
        else if (k++ % step == 0)
            add_one(page, grams[i]), used++;
    }
    return SH_OK;
}

/* The scope as groups: records of one of its places, of one of its bodies, or shared. */
static bool add_shares(const struct page *page, struct group *group) {
    const struct sh_scope *scope = page->scope;
    for (size_t i = 0; i < scope->n_shares; i++) {
        if (group->n == GROUP_MAX)
            return false;
        group->grams[group->n++] = sh_gram_of_term("matter", scope->shares[i].matter);
    }
    return true;
}

static void add_places(struct page *page) {
    const struct sh_scope *scope = page->scope;
    struct group group = {.is_scope = true};
    for (size_t i = 0; i < scope->n_places; i++) {
        if (!sh_is_place_term(scope->places[i].len) || group.n == GROUP_MAX)
            return;
        group.grams[group.n++] = sh_gram_of_term("place", scope->places[i]);
    }
    struct group *kept = scope->n_places && add_shares(page, &group) ? new_group(page) : NULL;
    if (kept)
        *kept = group;
}

static void add_bodies(struct page *page) {
    const struct sh_scope *scope = page->scope;
    struct group group = {.is_scope = true};
    if (scope->any_body || scope->n_bodies == 0 || scope->n_bodies > GROUP_MAX)
        return;
    for (size_t i = 0; i < scope->n_bodies; i++)
        group.grams[group.n++] = sh_gram_of_term("body", scope->bodies[i]);
    struct group *kept = add_shares(page, &group) ? new_group(page) : NULL;
    if (kept)
        *kept = group;
}

static sh_code add_groups(struct page *page, struct sh_err *err) {
    const struct sh_page_query *query = page->query;
    add_places(page);
    add_bodies(page);
    if (query->matter.len > 0)
        add_one(page, sh_gram_of_term("matter", query->matter));
    for (size_t i = 0; i < query->n_terms; i++) {
        char name[65];
        if (query->terms[i].name.len >= sizeof name)
            return sh_fail(err, SH_E_INPUT, "the name of a term is too long");
        (void)snprintf(name, sizeof name, "%.*s", SH_ARG(query->terms[i].name));
        add_one(page, sh_gram_of_term(name, query->terms[i].value));
    }
    return query->search.len > 0 ? add_words(page, err) : SH_OK;
}

/* ---- windows: keys after `after` up to the n-th next one */

static sh_code key_at(struct page *page, const char *sql, const struct sh_value *values, size_t n,
                      struct sh_str *hi, bool *has, struct sh_err *err) {
    struct sh_rows rows;
    SH_TRY(sh_txn_query(page->txn, sql, values, n, page->arena, &rows, err));
    if (rows.n_rows == 0)
        return SH_OK;
    const struct sh_str key = sh_cell(&rows, 0, 0)->str;
    if (!*has || sh_str_cmp(key, *hi) < 0)
        *hi = key;
    *has = true;
    return SH_OK;
}

/* ret_has false: fewer than n are left. */
static sh_code window(struct page *page, struct sh_str after, size_t n, struct sh_str *ret_hi, bool *ret_has,
                      struct sh_err *err) {
    struct sh_value values[] = {SH_TEXT(page->query->register_name), SH_TEXT(after), SH_I64((int64_t)n - 1),
                                SH_NULL};
    *ret_has = false;
    if (!page->lead)
        return key_at(page,
                      "select key from st_record where register = $1 and key > $2 order by key limit 1 "
                      "offset $3",
                      values, 3, ret_hi, ret_has, err);
    for (size_t i = 0; i < page->lead->n; i++) {
        values[3] = SH_I64(page->lead->grams[i]);
        SH_TRY(key_at(page,
                      "select key from st_gram where register = $1 and gram = $4 and key > $2 order by key "
                      "limit 1 offset $3",
                      values, 4, ret_hi, ret_has, err));
    }
    return SH_OK;
}

/* ---- the rarest leads */

/* How far the next COUNT_MAX keys of a group reach from where the page begins: the farther, the rarer it is
 * there. ret->n keys, fewer than COUNT_MAX: that is all of it. */
struct reach {
    size_t n;
    struct sh_str key;
};

static sh_code reach_of(struct page *page, const struct group *group, struct reach *ret, struct sh_err *err) {
    struct sh_rows rows;
    const struct sh_str after = page->query->after_key.at ? page->query->after_key : SH_STR("");
    struct sh_value values[] = {SH_TEXT(page->query->register_name), SH_NULL, SH_TEXT(after),
                                SH_I64(COUNT_MAX)};
    *ret = (struct reach){0};
    for (size_t k = 0; k < group->n; k++) {
        values[1] = SH_I64(group->grams[k]);
        SH_TRY(sh_txn_query(
            page->txn,
            "select count(*), max(key) from (select key from st_gram where register = $1 and gram = "
            "$2 and key > $3 order by key limit $4) as few",
            values, 4, page->arena, &rows, err));
        const size_t n = (size_t)sh_cell(&rows, 0, 0)->i64;
        const struct sh_str key = sh_cell(&rows, 0, 1)->str;
        if (n == COUNT_MAX && (ret->n < COUNT_MAX || sh_str_cmp(key, ret->key) < 0))
            ret->key = key; /* the commonest of the group says how far */
        ret->n = n == COUNT_MAX || ret->n + n > COUNT_MAX ? COUNT_MAX : ret->n + n;
    }
    return SH_OK;
}

static bool is_rarer(const struct reach *a, const struct reach *b) {
    return a->n != b->n ? a->n < b->n : a->n == COUNT_MAX && sh_str_cmp(a->key, b->key) > 0;
}

/* The rarest first: it leads, and the others are asked in this order. */
static sh_code order_groups(struct page *page, struct sh_err *err) {
    struct reach reaches[GROUPS_MAX];
    for (size_t i = 0; i < page->n_groups && page->n_groups > 1; i++) {
        const struct group group = page->groups[i];
        struct reach reach;
        SH_TRY(reach_of(page, &group, &reach, err));
        size_t at = i;
        for (; at > 0 && is_rarer(&reach, &reaches[at - 1]); at--)
            page->groups[at] = page->groups[at - 1], reaches[at] = reaches[at - 1];
        page->groups[at] = group, reaches[at] = reach;
    }
    page->lead = page->n_groups > 0 ? &page->groups[0] : NULL;
    return SH_OK;
}

/* ---- the rows of a window */

static void add_in(struct sh_query *query, const char *column, const struct group *group) {
    if (group->n == 1) {
        (void)sh_buf_addf(&query->sql, "%s = $%zu", column, sh_query_value(query, SH_I64(group->grams[0])));
        return;
    }
    (void)sh_buf_addf(&query->sql, "%s in (", column);
    for (size_t i = 0; i < group->n; i++)
        (void)sh_buf_addf(&query->sql, "%s$%zu", i > 0 ? ", " : "",
                          sh_query_value(query, SH_I64(group->grams[i])));
    (void)sh_buf_add_char(&query->sql, ')');
}

/* Records that have the other grams too, asked of the index alone. */
static void add_conditions(const struct page *page, size_t reg, const char *key, struct sh_query *query) {
    for (size_t i = 0; i < page->n_groups; i++) {
        const struct group *group = &page->groups[i];
        if (group == page->lead || group->is_scope)
            continue;
        (void)sh_buf_addf(&query->sql,
                          " and exists (select 1 from st_gram g where g.register = $%zu and g.key = %s and ",
                          reg, key);
        add_in(query, "g.gram", group);
        (void)sh_buf_add_char(&query->sql, ')');
    }
    for (size_t i = 0; i < page->n_singles; i++) {
        (void)sh_buf_addf(&query->sql,
                          " and exists (select 1 from st_gram g where g.register = $%zu and g.key = %s and "
                          "g.gram >= $%zu",
                          reg, key, sh_query_value(query, SH_I64(page->singles[i])));
        (void)sh_buf_addf(&query->sql, " and g.gram <= $%zu)",
                          sh_query_value(query, SH_I64(page->singles[i] | 0x1fffff)));
    }
}

/* What the reader asked for and may see of `v`, in force. */
static sh_code add_version(const struct page *page, struct sh_query *query, struct sh_err *err) {
    if (page->query->matter.len > 0)
        (void)sh_buf_addf(&query->sql, " and v.matter = $%zu",
                          sh_query_value(query, SH_TEXT(page->query->matter)));
    sh_in_force_add(query, page->query->as_of);
    return sh_scope_add(page->scope, "v", query, page->arena, err);
}

static void add_range(const char *column, struct sh_str after, const struct sh_str *hi,
                      struct sh_query *query) {
    (void)sh_buf_addf(&query->sql, " and %s > $%zu", column, sh_query_value(query, SH_TEXT(after)));
    if (hi)
        (void)sh_buf_addf(&query->sql, " and %s <= $%zu", column, sh_query_value(query, SH_TEXT(*hi)));
}

static sh_code register_query(const struct page *page, struct sh_str after, const struct sh_str *hi,
                              struct sh_query *query, struct sh_err *err) {
    const size_t reg = sh_query_value(query, SH_TEXT(page->query->register_name));
    (void)sh_buf_addf(&query->sql, "select " SH_RECORD_COLUMNS " from st_version v where v.register = $%zu",
                      reg);
    add_range("v.key", after, hi, query);
    add_conditions(page, reg, "v.key", query);
    SH_TRY(add_version(page, query, err));
    (void)sh_buf_add_text(&query->sql, " order by v.key");
    return SH_OK;
}

/* The keys of the leading grams lead indeed: each asks for its version by itself, behind a limit that no
 * planner looks through. Joined freely, PostgreSQL would rather walk a register once for what a scope seems
 * to leave of it, and SQLite the range of keys for each of them. */
static sh_code lead_query(const struct page *page, struct sh_str after, const struct sh_str *hi,
                          struct sh_query *query, struct sh_err *err) {
    struct sh_buf *sql = &query->sql;
    const size_t reg = sh_query_value(query, SH_TEXT(page->query->register_name));
    (void)sh_buf_addf(sql,
                      "select " SH_RECORD_COLUMNS " from (select d.key, (select v.leaf from st_version v "
                      "where v.register = $%zu and v.key = d.key",
                      reg);
    SH_TRY(add_version(page, query, err));
    (void)sh_buf_addf(sql, " limit 1) as leaf from st_gram d where d.register = $%zu and ", reg);
    add_in(query, "d.gram", page->lead);
    add_range("d.key", after, hi, query);
    add_conditions(page, reg, "d.key", query);
    (void)sh_buf_addf(sql,
                      " order by d.key limit $%zu) c cross join st_version v where v.leaf = c.leaf "
                      "order by c.key",
                      sh_query_value(query, SH_I64((int64_t)SCAN_MAX * GROUP_MAX)));
    return SH_OK;
}

static sh_code window_query(const struct page *page, struct sh_str after, const struct sh_str *hi,
                            struct sh_query *query, struct sh_err *err) {
    SH_TRY(page->lead ? lead_query(page, after, hi, query, err)
                      : register_query(page, after, hi, query, err));
    (void)sh_buf_addf(&query->sql, " limit $%zu",
                      sh_query_value(query, SH_I64((int64_t)(page->query->limit - page->n + 1))));
    return sh_buf_check(&query->sql, err);
}

/* Those rows whose own words are the ones asked for, each key once, up to the limit. */
static sh_code keep_rows(struct page *page, const struct sh_rows *rows, struct sh_str *after,
                         struct sh_err *err) {
    for (size_t i = 0; i < rows->n_rows && page->n < page->query->limit; i++) {
        const struct sh_value *cell = sh_cell(rows, i, 0);
        const struct sh_str key = cell[SH_RECORD_KEY_COLUMN].str;
        *after = key;
        if ((page->n > 0 && sh_str_eq(page->records[page->n - 1].key, key)) ||
            (page->query->search.len > 0 &&
             !sh_words_in(cell[SH_RECORD_SEARCH_COLUMN].str, page->query->search)))
            continue;
        const struct sh_rows one = {1, rows->n_columns, cell};
        SH_TRY(sh_records_of_rows(&one, page->arena, &page->records[page->n++], err));
    }
    return SH_OK;
}

static sh_code scan(struct page *page, struct sh_str *ret_next, struct sh_err *err) {
    struct sh_str after = page->query->after_key.at ? page->query->after_key : SH_STR("");
    size_t size = page->query->limit + 1;
    for (size_t scanned = 0;;) {
        SH_CLEANUP(sh_query_release) struct sh_query query = {.n = 0};
        struct sh_str hi = {0};
        struct sh_rows rows;
        bool has_hi = false;
        SH_TRY(window(page, after, size, &hi, &has_hi, err));
        SH_TRY(window_query(page, after, has_hi ? &hi : NULL, &query, err));
        const size_t most = page->query->limit - page->n + 1;
        SH_TRY(sh_txn_query(page->txn, query.sql.at, query.values, query.n, page->arena, &rows, err));
        SH_TRY(keep_rows(page, &rows, &after, err));
        const bool is_all = rows.n_rows < most;
        *ret_next = is_all && !has_hi ? (struct sh_str){0} : is_all ? hi : after;
        if (page->n == page->query->limit && ret_next->len)
            *ret_next = after;
        scanned += size;
        if (page->n == page->query->limit || ret_next->len == 0 || scanned >= SCAN_MAX)
            return SH_OK;
        after = *ret_next;
        size = 4 * size < SCAN_MAX - scanned ? 4 * size : SCAN_MAX - scanned;
    }
}

sh_code sh_record_scan(struct sh_txn *txn, const struct sh_scope *scope, const struct sh_page_query *query,
                       struct sh_arena *arena, struct sh_record_batch *ret, struct sh_err *err) {
    if (query->limit < 1 || query->limit > SH_STORE_PAGE_MAX)
        return sh_fail(err, SH_E_INPUT, "limit: 1 to %d rows", SH_STORE_PAGE_MAX);
    if (query->search.len > SH_RECORD_SEARCH_BYTES_MAX)
        return sh_fail(err, SH_E_LIMIT, "the words to search have %zu bytes", query->search.len);
    struct page *page = sh_new(arena, struct page, 1);
    struct sh_record *records = sh_new(arena, struct sh_record, query->limit);
    if (!page || !records)
        return sh_fail(err, SH_E_NOMEM, "no room for a page");
    *page = (struct page){.txn = txn, .scope = scope, .query = query, .arena = arena, .records = records};
    SH_TRY(add_groups(page, err));
    SH_TRY(order_groups(page, err));
    struct sh_str next = {0};
    SH_TRY(scan(page, &next, err));
    *ret = (struct sh_record_batch){records, page->n, next};
    return SH_OK;
}

sh_code sh_record_page(struct sh_txn *txn, const struct sh_scope *scope, const struct sh_page_query *page,
                       struct sh_arena *arena, const struct sh_record **ret, size_t *ret_n,
                       struct sh_err *err) {
    struct sh_page_query query = *page;
    struct sh_record_batch batch;
    SH_TRY(sh_record_scan(txn, scope, &query, arena, &batch, err));
    struct sh_record *records = (struct sh_record *)(uintptr_t)batch.records; /* [page->limit], ours */
    size_t n = batch.n;
    while (n < page->limit && batch.next.len) {
        query.after_key = batch.next;
        query.limit = page->limit - n;
        SH_TRY(sh_record_scan(txn, scope, &query, arena, &batch, err));
        if (batch.n > 0)
            memcpy(records + n, batch.records, batch.n * sizeof *records);
        n += batch.n;
    }
    *ret = records;
    *ret_n = n;
    return SH_OK;
}

sh_code sh_record_mentions(struct sh_txn *txn, const struct sh_mention *mentions, size_t n, bool *ret,
                           struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(sh_query_release) struct sh_query query = {.n = 0};
    struct sh_rows rows;
    sh_check(n <= SH_MENTIONS_MAX);
    for (size_t i = 0; i < n; i++) {
        const struct sh_term *term = &mentions[i].term;
        char name[64];
        (void)snprintf(name, sizeof name, "%.*s", SH_ARG(term->name));
        const size_t reg = sh_query_value(&query, SH_TEXT(sh_str_of(mentions[i].register_name)));
        (void)sh_buf_addf(&query.sql,
                          "%s exists (select 1 from st_gram where register = $%zu and gram = $%zu)",
                          i ? " or" : "select 1 where", reg,
                          sh_query_value(&query, SH_I64(sh_gram_of_term(name, term->value))));
    }
    *ret = false;
    if (n == 0)
        return SH_OK;
    SH_TRY(sh_buf_check(&query.sql, err));
    SH_TRY(sh_txn_query(txn, query.sql.at, query.values, query.n, &arena, &rows, err));
    *ret = rows.n_rows > 0;
    return SH_OK;
}
