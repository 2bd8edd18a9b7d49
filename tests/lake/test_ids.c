/* Goal: an id in parts is the id, whatever its bytes, and parts are ordered as ids are. */
#include "check.h"
#include "base/rng.h"
#include "lake/ids.h"
#include <string.h>

static struct sh_str join(struct sh_str head, int64_t tail, char *room) {
    if (head.len > 0)
        memcpy(room, head.at, head.len);
    return (struct sh_str){room, head.len + sh_id_tail_text(tail, room + head.len)};
}

static void ids_are_split_at_their_last_number(void **state) {
    (void)state;
    static const struct {
        const char *id, *head;
        int64_t tail;
    } cases[] = {
        {"", "", SH_MISSING},
        {"A", "A", SH_MISSING},
        {"7", "", 7},
        {"0", "", 0},
        {"000", "00", 0},
        {"A0", "A", 0},
        {"A00120", "A00", 120},
        {"12-34", "12-", 34},
        {"34-", "34-", SH_MISSING},
        {"123456789012345678", "", 123456789012345678},
        {"9123456789012345678", "9", 123456789012345678},
        {"9901000000000000000", "9", 901000000000000000},
        {"99000000000000000001", "9900000000000000000", 1},
        {"流水号7", "流水号", 7},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sh_str head;
        int64_t tail;
        char room[64];
        sh_id_split(sh_str_of(cases[i].id), &head, &tail);
        CHECK_STR(head, cases[i].head);
        CHECK_I64(tail, cases[i].tail);
        CHECK_STR(join(head, tail, room), cases[i].id);
    }
}

static void random_ids_come_back_and_keep_their_order(void **state) {
    (void)state;
    struct sh_rng rng;
    sh_rng_seed(&rng, check_seed(5));
    char texts[2][40], rooms[2][64];
    for (int round = 0; round < 20000; round++) {
        struct sh_str ids[2], heads[2];
        int64_t tails[2];
        for (int k = 0; k < 2; k++) {
            const size_t n = sh_rng_below(&rng, 32);
            for (size_t i = 0; i < n; i++)
                texts[k][i] = "0012345A-"[sh_rng_below(&rng, 9)];
            if (k == 1 && sh_rng_below(&rng, 2) == 0) /* much in common */
                memcpy(texts[1], texts[0], n < ids[0].len ? n : ids[0].len);
            ids[k] = (struct sh_str){texts[k], n};
            sh_id_split(ids[k], &heads[k], &tails[k]);
            CHECK(sh_str_eq(join(heads[k], tails[k], rooms[k]), ids[k]));
        }
        const int want = sh_str_cmp(ids[0], ids[1]),
                  is = sh_id_compare(heads[0], tails[0], heads[1], tails[1]);
        CHECK((want < 0) == (is < 0) && (want > 0) == (is > 0));
    }
}

CHECK_MAIN(cmocka_unit_test(ids_are_split_at_their_last_number),
           cmocka_unit_test(random_ids_come_back_and_keep_their_order))
