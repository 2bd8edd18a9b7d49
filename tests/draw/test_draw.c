/* Goal: the sample follows from frame and values alone, is fair, and cannot be steered: not by a late seal, a
 * changed frame, a second try or a missing value. The stand-alone checker agrees, and says no to any change.
 */
#include "draw/draw.h"
#include "base/fs.h"
#include "check.h"
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { UNITS_MAX = 500 };

/* A draw under test: two seats, a key stratum of its own units, then one over all. */
struct place {
    struct sh_draw_unit units[UNITS_MAX];
    char ids[UNITS_MAX][24];
    struct sh_draw_stratum strata[2];
    uint8_t values[2][SH_DRAW_VALUE_BYTES], seals[2][SH_DIGEST_BYTES];
    struct sh_draw_frame frame;
    struct sh_buf text;
    struct sh_arena arena;
    struct sh_drawn *drawn;
    size_t n_drawn;
};

static void seal(struct place *p) {
    struct sh_err err;
    for (uint32_t i = 0; i < 2; i++)
        CHECK_OK(sh_draw_seal(p->frame.digest, p->frame.name, i + 1, p->values[i], p->seals[i], &err), &err);
}

static void begin(struct place *p, size_t n, uint64_t key, uint64_t random, sh_digest_kind digest) {
    *p = (struct place){.n_drawn = 0};
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(p->ids[i], sizeof p->ids[i], "H1|case-%05u", (unsigned)i % 100000);
        p->units[i] = (struct sh_draw_unit){sh_str_of(p->ids[i]), i % 5 == 0 ? 0 : 1};
    }
    p->strata[0] = (struct sh_draw_stratum){SH_STR("key"), key, false};
    p->strata[1] = (struct sh_draw_stratum){SH_STR("random"), random, true};
    for (size_t i = 0; i < SH_DRAW_VALUE_BYTES; i++)
        p->values[0][i] = (uint8_t)i, p->values[1][i] = (uint8_t)(255 - i);
    p->frame = (struct sh_draw_frame){.name = SH_STR("rereview-c1-2026-000001"),
                                      .digest = digest,
                                      .seals = (const uint8_t(*)[SH_DIGEST_BYTES])p->seals,
                                      .strata = p->strata,
                                      .units = p->units,
                                      .n_seals = 2,
                                      .n_strata = 2,
                                      .n_units = n};
    seal(p);
}

static sh_code draw(struct place *p, struct sh_err *err) {
    struct sh_draw_frame read;
    sh_arena_reset(&p->arena);
    SH_TRY(sh_draw_frame_read(sh_buf_view(&p->text), &p->arena, &read, err));
    return sh_draw_run(sh_buf_view(&p->text), &read, (const uint8_t(*)[SH_DRAW_VALUE_BYTES])p->values,
                       &p->arena, &p->drawn, &p->n_drawn, err);
}

static void fix(struct place *p) {
    struct sh_err err;
    sh_buf_clear(&p->text);
    CHECK_OK(sh_draw_frame_write(&p->frame, &p->text, &err), &err);
}

static void end(struct place *p) {
    sh_buf_free(&p->text);
    sh_arena_free(&p->arena);
}

static void digest_is(struct place *p, const char *want) {
    uint8_t digest[SH_DIGEST_BYTES];
    char hex[SH_DIGEST_HEX_MAX];
    struct sh_err err;
    CHECK_OK(sh_draw_frame_digest(p->frame.digest, sh_buf_view(&p->text), digest, &err), &err);
    sh_hex(digest, sizeof digest, hex);
    CHECK_TEXT(hex, want);
}

/* The vectors of docs/draw.md. */
static void vectors_of_the_specification(void **state) {
    (void)state;
    struct place p;
    struct sh_err err;
    char hex[SH_DIGEST_HEX_MAX];
    begin(&p, 12, 1, 3, SH_DIGEST_SM3);
    sh_hex(p.seals[0], SH_DIGEST_BYTES, hex);
    CHECK_TEXT(hex, "db49edd6f6702b00d52c875bdb434c5612209e6d4d87fd4d630f889a130ef9a1");
    sh_hex(p.seals[1], SH_DIGEST_BYTES, hex);
    CHECK_TEXT(hex, "e1544cb4495ab219c3c3b89ab4ffbc44409bec152c696cb688d2d4ea4321cda9");
    fix(&p);
    digest_is(&p, "f0547d4c43af052e1932e607fa0f5cb7ec2af35536cfaab53ea7d712b7ebab09");
    CHECK_OK(draw(&p, &err), &err);
    SH_CLEANUP(sh_buf_free) struct sh_buf out = {0};
    for (size_t i = 0; i < p.n_drawn; i++)
        sh_buf_addf(&out, "%u:%u ", p.drawn[i].stratum, p.drawn[i].unit);
    CHECK_STR(sh_buf_view(&out), "0:0 1:3 1:6 1:9 ");
    end(&p);
    begin(&p, 12, 1, 3, SH_DIGEST_SHA256);
    fix(&p);
    digest_is(&p, "8f8d530851bf989ef27e2031393e6ca2969ab0b0e8fe7d0faf9a1b7cee633de9");
    CHECK_OK(draw(&p, &err), &err);
    sh_buf_clear(&out);
    for (size_t i = 0; i < p.n_drawn; i++)
        sh_buf_addf(&out, "%u:%u ", p.drawn[i].stratum, p.drawn[i].unit);
    CHECK_STR(sh_buf_view(&out), "0:5 1:4 1:7 1:2 ");
    end(&p);
}

static void strata_get_what_they_were_given_and_no_unit_comes_twice(void **state) {
    (void)state;
    struct sh_rng rng;
    sh_rng_seed(&rng, 7);
    for (int round = 0; round < 60; round++) {
        struct place p;
        struct sh_err err;
        const size_t n = sh_rng_below(&rng, 100);
        const uint64_t key = sh_rng_below(&rng, 30), random = sh_rng_below(&rng, 120);
        begin(&p, n, key, random, round % 2 ? SH_DIGEST_SM3 : SH_DIGEST_SHA256);
        fix(&p);
        CHECK_OK(draw(&p, &err), &err);
        const uint64_t n_key = (n + 4) / 5, of_key = key < n_key ? key : n_key;
        const uint64_t of_all = random < n - of_key ? random : n - of_key;
        CHECK_I64(p.n_drawn, of_key + of_all);
        bool seen[UNITS_MAX] = {0};
        for (size_t i = 0; i < p.n_drawn; i++) {
            CHECK(!seen[p.drawn[i].unit]);
            seen[p.drawn[i].unit] = true;
            CHECK(p.drawn[i].stratum == 1 || p.units[p.drawn[i].unit].stratum == 0);
            CHECK_I64(p.drawn[i].stratum, i < of_key ? 0 : 1);
        }
        end(&p);
    }
}

/* 3,000 draws of 2 of 6: each unit comes 1,000 times but for chance. The bound is 5 standard deviations; the
 * values are fixed, so the test always says the same. */
static void every_unit_has_the_same_chance(void **state) {
    (void)state;
    int64_t times[6] = {0};
    for (uint32_t round = 0; round < 3000; round++) {
        struct place p;
        struct sh_err err;
        begin(&p, 6, 0, 2, SH_DIGEST_SHA256);
        memcpy(p.values[0], &round, sizeof round);
        seal(&p);
        fix(&p);
        CHECK_OK(draw(&p, &err), &err);
        CHECK_I64(p.n_drawn, 2);
        for (size_t i = 0; i < p.n_drawn; i++)
            times[p.drawn[i].unit]++;
        end(&p);
    }
    for (size_t i = 0; i < 6; i++)
        CHECK(times[i] > 1000 - 130 && times[i] < 1000 + 130);
}

/* ---- attacks ----------------------------------------------------------------------------------------- */

static void a_seal_cannot_be_laid_after_the_frame_nor_copied_from_another_seat(void **state) {
    (void)state;
    struct place p;
    struct sh_err err;
    begin(&p, 40, 2, 4, SH_DIGEST_SM3);
    fix(&p);
    p.values[1][0] ^= 1; /* another value than the one sealed, chosen once the frame was known */
    CHECK_CODE(draw(&p, &err), SH_E_INPUT);
    CHECK_HAS(err.message, "seat 2");
    end(&p);
    begin(&p, 40, 2, 4, SH_DIGEST_SM3);
    memcpy(p.seals[1], p.seals[0], SH_DIGEST_BYTES);       /* the second seat lays the first one's seal … */
    memcpy(p.values[1], p.values[0], SH_DRAW_VALUE_BYTES); /* … to repeat its value once that is opened */
    fix(&p);
    CHECK_CODE(draw(&p, &err), SH_E_INPUT);
    CHECK_HAS(err.message, "seat 2");
    end(&p);
    begin(&p, 40, 2, 4, SH_DIGEST_SM3);
    p.frame.name = SH_STR("rereview-c1-2026-000002"); /* seals of one draw laid in another */
    fix(&p);
    CHECK_CODE(draw(&p, &err), SH_E_INPUT);
    end(&p);
    begin(&p, 40, 2, 4, SH_DIGEST_SM3);
    p.frame.n_seals = 1;
    sh_buf_clear(&p.text);
    CHECK_CODE(sh_draw_frame_write(&p.frame, &p.text, &err), SH_E_INPUT); /* one person alone draws nothing */
    end(&p);
}

/* Whatever is changed in the frame, even by one unit, gives another digest and another sample. */
static void a_changed_frame_is_another_draw(void **state) {
    (void)state;
    struct place p;
    struct sh_err err;
    SH_CLEANUP(sh_buf_free) struct sh_buf first = {0};
    begin(&p, 300, 0, 20, SH_DIGEST_SM3);
    fix(&p);
    CHECK_OK(draw(&p, &err), &err);
    for (size_t i = 0; i < p.n_drawn; i++)
        sh_buf_addf(&first, "%.*s ", SH_ARG(p.units[p.drawn[i].unit].id));
    p.frame.n_units--; /* a unit at the end is left out */
    fix(&p);
    CHECK_OK(draw(&p, &err), &err);
    SH_CLEANUP(sh_buf_free) struct sh_buf second = {0};
    for (size_t i = 0; i < p.n_drawn; i++)
        sh_buf_addf(&second, "%.*s ", SH_ARG(p.units[p.drawn[i].unit].id));
    CHECK(!sh_str_eq(sh_buf_view(&first), sh_buf_view(&second)));
    end(&p);
}

static void hostile_frames_are_refused_with_their_line(void **state) {
    (void)state;
    static const char seal_line[] = "00000000000000000000000000000000000000000000000000000000000000aa\n";
    static const struct {
        const char *head, *tail, *says;
    } frames[] = {
        {"", "", "line 1"},
        {"shouhu.draw.2\n", "", "line 1"},
        {"shouhu.draw.1\nname a\ndigest md5\n", "", "digest"},
        {"shouhu.draw.1\nname a\ndigest sm3\nseals 99\n", "", "seals"},
        {"shouhu.draw.1\nname a\ndigest sm3\nseals 2\n", "strata 0\nunits 0\n", "strata"},
        {"shouhu.draw.1\nname a\ndigest sm3\nseals 2\n", "strata 1\nmost 1 x\nunits 0\n", "own or all"},
        {"shouhu.draw.1\nname a\ndigest sm3\nseals 2\n", "strata 1\nall 01 x\nunits 0\n", "number"},
        {"shouhu.draw.1\nname a\ndigest sm3\nseals 2\n", "strata 1\nall 1 x\nunits 2\n0 b\n0 a\n",
         "out of order"},
        {"shouhu.draw.1\nname a\ndigest sm3\nseals 2\n", "strata 1\nall 1 x\nunits 2\n0 a\n0 a\n", "twice"},
        {"shouhu.draw.1\nname a\ndigest sm3\nseals 2\n", "strata 1\nall 1 x\nunits 1\n1 a\n", "no stratum"},
        {"shouhu.draw.1\nname a\ndigest sm3\nseals 2\n", "strata 1\nall 1 x\nunits 1\n0 a\nmore\n",
         "the end"},
        {"shouhu.draw.1\nname a\ndigest sm3\nseals 2\n", "strata 1\nall 1 x\nunits 9999999\n", "units"},
        {"shouhu.draw.1\nname a\ndigest sm3\nseals 2\n", "strata 1\nall 1 x\nunits 1\n0 a\tb\n", "one line"},
    };
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
        SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
        struct sh_draw_frame frame;
        struct sh_err err = {0};
        sh_buf_addf(&text, "%s", frames[i].head);
        if (frames[i].tail[0])
            sh_buf_addf(&text, "%s%s%s", seal_line, seal_line, frames[i].tail);
        CHECK_CODE(sh_draw_frame_read(sh_buf_view(&text), &arena, &frame, &err), SH_E_INPUT);
        CHECK_HAS(err.message, frames[i].says);
    }
}

/* ---- the checker ------------------------------------------------------------------------------------- */

static int checked(const char *digest, const char *frame, const char *result) {
    char command[1024];
    (void)snprintf(command, sizeof command, "%s %s %s %s >/dev/null", getenv("VERIFY_DRAW"), digest, frame,
                   result);
    const int status = system(command); // NOLINT(cert-env33-c): the program under test
    return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

static void write_file(const char *path, struct sh_buf *buf) {
    struct sh_err err;
    CHECK_OK(sh_fs_write(path, sh_buf_view(buf), &err), &err);
}

static void result_of(struct place *p, struct sh_buf *out) {
    struct sh_err err;
    CHECK_OK(draw(p, &err), &err);
    CHECK_OK(sh_draw_result_write(sh_buf_view(&p->text), &p->frame,
                                  (const uint8_t(*)[SH_DRAW_VALUE_BYTES])p->values, p->drawn, p->n_drawn, out,
                                  &err),
             &err);
}

static void a_program_of_its_own_proves_a_draw_and_refuses_any_change(void **state) {
    (void)state;
    char dir[] = "/tmp/shouhu-draw-XXXXXX", frame[64], result[64], hex[SH_DIGEST_HEX_MAX];
    uint8_t digest[SH_DIGEST_BYTES];
    struct place p;
    struct sh_err err;
    if (!getenv("VERIFY_DRAW"))
        skip();
    CHECK(mkdtemp(dir) != NULL);
    (void)snprintf(frame, sizeof frame, "%s/frame", dir);
    (void)snprintf(result, sizeof result, "%s/result", dir);
    for (int round = 0; round < 8; round++) {
        SH_CLEANUP(sh_buf_free) struct sh_buf out = {0};
        begin(&p, (size_t)(round * 60), (uint64_t)round, 11, round % 2 ? SH_DIGEST_SM3 : SH_DIGEST_SHA256);
        p.values[0][5] = (uint8_t)round;
        seal(&p);
        fix(&p);
        result_of(&p, &out);
        CHECK_OK(sh_draw_frame_digest(p.frame.digest, sh_buf_view(&p.text), digest, &err), &err);
        sh_hex(digest, sizeof digest, hex);
        write_file(frame, &p.text);
        write_file(result, &out);
        CHECK_I64(checked(hex, frame, result), 0);
        CHECK_I64(checked(hex, frame, ""), 0);
        /* any byte of the frame or of the result */
        for (size_t i = 0; round == 3 && i < p.text.len; i += 97) {
            p.text.at[i] ^= 1;
            write_file(frame, &p.text);
            CHECK_I64(checked(hex, frame, result), 1);
            p.text.at[i] ^= 1;
        }
        write_file(frame, &p.text);
        for (size_t i = 0; round == 3 && i < out.len; i += 13) {
            out.at[i] ^= 1;
            write_file(result, &out);
            CHECK_I64(checked(hex, frame, result), 1);
            out.at[i] ^= 1;
        }
        end(&p);
    }
    CHECK_I64(checked("00", frame, result), 1);
    CHECK_OK(sh_remove_tree(dir, &err), &err);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_of_the_specification),
        cmocka_unit_test(strata_get_what_they_were_given_and_no_unit_comes_twice),
        cmocka_unit_test(every_unit_has_the_same_chance),
        cmocka_unit_test(a_seal_cannot_be_laid_after_the_frame_nor_copied_from_another_seat),
        cmocka_unit_test(a_changed_frame_is_another_draw),
        cmocka_unit_test(hostile_frames_are_refused_with_their_line),
        cmocka_unit_test(a_program_of_its_own_proves_a_draw_and_refuses_any_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
