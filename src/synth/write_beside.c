/* Rows beside the claims: settlement lists, rights of the chronically ill, enrolments, allowances, long-term
 * care, trace scans. */
#include "synth/write.h"

/* A day, and the second of it unless that is negative, as text. */
static const char *day_text(int32_t day, int32_t sec, char ret[32]) {
    char text[SH_DATE_TEXT_MAX];
    sh_date_format(day, text);
    if (sec < 0)
        (void)snprintf(ret, 32, "%s", text);
    else
        (void)snprintf(ret, 32, "%s %02d:%02d:%02d", text, sec / 3600, sec / 60 % 60, sec % 60);
    return ret;
}

static void person_cell(const struct syn_life *life, uint8_t companion, struct sh_buf *out) {
    const char *prefix;
    const uint64_t no = sh_syn_person_no(life, companion, &prefix);
    (void)sh_buf_addf(out, "%s%012llu,", prefix, (unsigned long long)no);
}

static void place_cells(const struct syn_life *life, uint16_t place, struct sh_buf *out) {
    (void)sh_buf_addf(out, "%s,%.*s,", life->city->places[place].code,
                      SH_ARG(life->city->places[place].name));
}

static void money_cell(int64_t fen, struct sh_buf *out) {
    char text[SH_MONEY_TEXT_MAX];
    (void)sh_money_plain(fen, text);
    (void)sh_buf_addf(out, "%s,", text);
}

/* ---- settlement lists ---------------------------------------------------------------------------- */

static void write_list(struct syn_writer *w, const struct syn_life *life, uint32_t enc) {
    static const char *const groups[] = {"", "ES33", "FR25", "GD25"};
    const struct syn_enc *e = &life->encs[enc];
    struct sh_buf *out = &w->out[SYN_T_LIST];
    const unsigned long long id = (unsigned long long)life->person.index * 10000 + enc;
    const bool is_swapped = e->fault == SYN_L_DATES;
    char from[32], to[32];
    struct syn_money m;
    sh_syn_settle(life, enc, &m);
    person_cell(life, e->companion, out);
    (void)sh_buf_addf(out, "99010%013llu,99018%013llu,", id, id);
    place_cells(life, e->place, out);
    if (e->fault != SYN_L_NO_RECORD)
        (void)sh_buf_addf(out, "99014%013llu", id);
    (void)sh_buf_add_char(out, ',');
    if (e->fault != SYN_L_NO_SEX)
        (void)sh_buf_addf(out, "%d", life->person.sex);
    (void)sh_buf_addf(out, ",%s,%d,", day_text(life->person.birth, -1, from), e->insurance);
    (void)day_text(e->from, e->sec_from, from), (void)day_text(e->to, e->sec_to, to);
    (void)sh_buf_addf(out, "%s,%s,%d,%d,0,", is_swapped ? to : from, is_swapped ? from : to,
                      e->to > e->from ? e->to - e->from : 1, e->leaving);
    (void)sh_buf_add_text(out, e->fault == SYN_L_WEIGHT ? "28,," : e->fault == SYN_L_OLDER ? "29,," : ",,");
    money_cell(m.total, out);
    money_cell(e->fault == SYN_L_MONEY ? m.total + 1 : m.fund, out);
    (void)sh_buf_addf(out, "%s,%s,", groups[e->drg], day_text(e->from, -1, from));
    (void)sh_buf_addf(out, "%s,", day_text(e->to, -1, to));
    if (e->fault != SYN_L_NO_PHYSICIAN)
        (void)sh_buf_addf(out, "D990100%06u", e->place * SYN_DOCTORS_A_PLACE + e->doctor);
    (void)sh_buf_add_text(out, ",1\n");
    w->counts.rows[SYN_T_LIST]++;
}

/* ---- rights -------------------------------------------------------------------------------------- */

static void write_right(struct syn_writer *w, const struct syn_life *life, uint16_t disease, int32_t from,
                        int32_t to) {
    struct sh_buf *out = &w->out[SYN_T_RIGHT];
    char text[32];
    person_cell(life, 0, out);
    (void)sh_buf_addf(out, "%s,%s,", sh_syn_disease_code(disease), day_text(from, -1, text));
    (void)sh_buf_addf(out, "%s,1\n", to ? day_text(to, -1, text) : "9999-12-31");
}

/* Whoever comes for a chronic disease has the right to, unless a plant says from when to when. */
static void usual_rights(struct syn_writer *w, const struct syn_life *life) {
    bool needs[SYN_DISEASES] = {false}, said[SYN_DISEASES] = {false};
    for (size_t i = 0; i < life->n_encs;
         i++) /* a visit for a chronic disease that does not say which: the first */
        needs[life->encs[i].med_type == 14 && life->encs[i].disease == 0 ? 1 : life->encs[i].disease] = true;
    for (size_t i = 0; i < life->n_beside; i++)
        if (life->beside[i].kind == SYN_B_RIGHT)
            said[life->beside[i].number] = true;
    for (int d = 1; d < SYN_DISEASES; d++)
        if (needs[d] && !said[d])
            write_right(w, life, (uint16_t)d, sh_days_of(2020, 1, 1), 0);
}

/* ---- what plants bring --------------------------------------------------------------------------- */

static void write_insured(struct syn_writer *w, const struct syn_life *life, const struct syn_beside *b) {
    struct sh_buf *out = &w->out[SYN_T_INSURED];
    char text[32];
    person_cell(life, b->companion, out);
    (void)sh_buf_addf(out, "310,9902%08u,%s,9999-12-31,", b->number, day_text(b->from, -1, text));
    money_cell(b->base_fen, out);
    (void)sh_buf_add_text(out, "990100,");
    if (b->family)
        (void)sh_buf_addf(out, "F9901%08u", b->family);
    (void)sh_buf_add_text(out, ",1\n");
}

static void write_allowance(struct syn_writer *w, const struct syn_life *life, const struct syn_beside *b) {
    struct sh_buf *out = &w->out[SYN_T_ALLOWANCE];
    char from[32], to[32];
    (void)sh_buf_addf(out, "A%010u%05d,", life->person.index, b->from);
    person_cell(life, b->companion, out);
    (void)sh_buf_addf(out, "9902%08u,生育津贴,%s,%s,", b->number, day_text(b->from, -1, from),
                      day_text(b->to, -1, to));
    money_cell(b->fen, out);
    money_cell(b->base_fen, out);
    place_cells(life, b->place, out);
    (void)sh_buf_add_text(out, "1\n");
}

static void write_care(struct syn_writer *w, const struct syn_life *life, const struct syn_beside *b) {
    struct sh_buf *out = &w->out[SYN_T_CARE];
    const int32_t end = b->sec + b->minutes * 60, day_secs = 86400;
    char from[32], to[32];
    (void)sh_buf_addf(out, "C%010u%02u%05d%05d,", life->person.index, b->companion, b->from, b->sec);
    person_cell(life, b->companion, out);
    place_cells(life, b->place, out);
    (void)sh_buf_addf(out, "L990100%08u,%s,%s,%d,", b->number, day_text(b->from, b->sec, from),
                      day_text(b->from + end / day_secs, end % day_secs, to), b->minutes + b->beyond);
    money_cell(b->fen, out);
    money_cell(b->fen, out);
    (void)sh_buf_add_text(out, "1\n");
}

/* Packs of a drug that only this person meets: what other plants trace does not count with them. */
static void write_scan(struct syn_writer *w, const struct syn_life *life, const struct syn_beside *b) {
    const bool is_sold = b->kind == SYN_B_SOLD;
    struct sh_buf *out = &w->out[is_sold ? SYN_T_SOLD : SYN_T_BOUGHT];
    const uint32_t person = life->person.index;
    const char *kind = is_sold ? (b->is_back ? "3506" : "3505") : (b->is_back ? "3504" : "3503");
    char text[32];
    (void)sh_buf_addf(out, "9901%010u%04u,%s,", person, b->number, day_text(b->from, b->sec, text));
    place_cells(life, b->place, out);
    if (is_sold)
        person_cell(life, b->companion, out);
    (void)sh_buf_addf(out, "XN02BE%017u,虚构药%u,%s,1,", person, person, kind);
    if (is_sold)
        (void)sh_buf_addf(out, "%d,R%05d,", b->is_split, b->sec);
    (void)sh_buf_add_text(out, "1\n");
}

void sh_syn_write_beside(struct syn_writer *w, const struct syn_life *life) {
    static void (*const writers[])(struct syn_writer *, const struct syn_life *,
                                   const struct syn_beside *) = {[SYN_B_INSURED] = write_insured,
                                                                 [SYN_B_ALLOWANCE] = write_allowance,
                                                                 [SYN_B_CARE] = write_care,
                                                                 [SYN_B_SOLD] = write_scan,
                                                                 [SYN_B_BOUGHT] = write_scan};
    for (uint32_t enc = 0; enc < life->n_encs; enc++)
        if (sh_syn_is_inpatient(life->encs[enc].med_type) && !(life->encs[enc].flags & SYN_E_VOID))
            write_list(w, life, enc);
    usual_rights(w, life);
    for (size_t i = 0; i < life->n_beside; i++) {
        const struct syn_beside *b = &life->beside[i];
        if (b->kind == SYN_B_RIGHT)
            write_right(w, life, (uint16_t)b->number, b->from, b->to);
        else
            writers[b->kind](w, life, b);
    }
}
