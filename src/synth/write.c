#include "synth/plant.h"
#include "synth/write.h"
#include <string.h>

const char *sh_syn_header(enum syn_table table) {
    static const char *const headers[SYN_TABLES] = {
        [SYN_T_MDTRT] = SYN_MDTRT_COLUMNS(SYN_HEADER),
        [SYN_T_SETL] = SYN_SETL_COLUMNS(SYN_HEADER),
        [SYN_T_FEE] = SYN_FEE_COLUMNS(SYN_HEADER),
        [SYN_T_DIAG] = SYN_DIAG_COLUMNS(SYN_HEADER),
        [SYN_T_OPRN] = SYN_OPRN_COLUMNS(SYN_HEADER),
        [SYN_T_LIST] =
            "psn_no,mdtrt_id,setl_id,fixmedins_code,fixmedins_name,medcasno,gend,brdy,hi_type,adm_time,"
            "dscg_time,act_ipt_days,dscg_way,days_rinp_flag_31,nwb_age,nwb_bir_wt,medfee_sumamt,"
            "fund_pay_sumamt,drg_code,setl_begn_date,setl_end_date,chfpdr_code,vali_flag,",
        [SYN_T_RIGHT] = "psn_no,opsp_dise_code,begndate,enddate,vali_flag,",
        [SYN_T_INSURED] =
            "psn_no,insutype,emp_no,psn_insu_date,paus_insu_date,缴费基数,insu_admdvs,户编号,vali_flag,",
        [SYN_T_ALLOWANCE] =
            "津贴流水号,psn_no,emp_no,津贴类别,begndate,enddate,津贴金额,计发基数,fixmedins_code,"
            "fixmedins_name,vali_flag,",
        [SYN_T_CARE] =
            "服务流水号,psn_no,fixmedins_code,fixmedins_name,护理人员编号,begntime,endtime,服务分钟数,"
            "det_item_fee_sumamt,inscp_amt,vali_flag,",
        [SYN_T_SOLD] = "drug_trac_codg,sel_retn_time,fixmedins_code,fixmedins_name,psn_no,med_list_codg,"
                       "fixmedins_hilist_name,infno,sel_retn_cnt,trdn_flag,rtal_docno,vali_flag,",
        [SYN_T_BOUGHT] = "drug_trac_codg,purc_retn_stoin_time,fixmedins_code,fixmedins_name,med_list_codg,"
                         "fixmedins_hilist_name,infno,purc_retn_cnt,vali_flag,",
        [SYN_T_TRUTH] = "rule,kind,institution,person,encounter,lines,amount,note,",
    };
    return headers[table]; /* the last comma is cut by who writes it */
}

const char *sh_syn_table_name(enum syn_table table) {
    static const char *const names[SYN_TABLES] = {
        "mdtrt_d",     "setl_d",         "fee_list_d", "setl_list_diag_d", "setl_list_oprn_d",
        "setl_list_d", "psn_opsp_reg_d", "psn_insu_d", "matn_alwn_d",      "ltc_serv_d",
        "seltrac_d",   "purctrac_d",     "truth"};
    return names[table];
}

void sh_syn_writer_free(struct syn_writer *writer) {
    for (size_t i = 0; i < SYN_TABLES; i++)
        sh_buf_free(&writer->out[i]);
}

/* ---- cells
 * ----------------------------------------------------------------------------------------------------------
 */

static struct sh_str text_cell(struct syn_writer *w, const char *at, size_t len) {
    sh_check(w->used + len <= sizeof w->text);
    char *to = w->text + w->used;
    memcpy(to, at, len);
    w->used += len;
    return (struct sh_str){to, len};
}

__attribute__((format(printf, 2, 3))) static struct sh_str format_cell(struct syn_writer *w,
                                                                       const char *format, ...) {
    va_list values;
    va_start(values, format);
    const int len = vsnprintf(w->text + w->used, sizeof w->text - w->used, format, values);
    va_end(values);
    sh_check(len >= 0 && w->used + (size_t)len < sizeof w->text);
    const struct sh_str cell = {w->text + w->used, (size_t)len};
    w->used += (size_t)len;
    return cell;
}

/* n digits with zeros in front, behind a prefix. */
static struct sh_str digits_cell(struct syn_writer *w, struct sh_str before, uint64_t v, size_t n) {
    sh_check(w->used + before.len + n <= sizeof w->text);
    char *to = w->text + w->used;
    memcpy(to, before.at, before.len);
    for (size_t i = before.len + n; i-- > before.len; v /= 10)
        to[i] = (char)('0' + v % 10);
    w->used += before.len + n;
    return (struct sh_str){to, before.len + n};
}

static struct sh_str money_cell(struct syn_writer *w, int64_t fen) {
    char text[SH_MONEY_TEXT_MAX];
    return text_cell(w, text, sh_money_plain(fen, text));
}

static struct sh_str decimal_cell(struct syn_writer *w, int64_t v, int scale, int least) {
    char text[SH_DECIMAL_TEXT_MAX];
    return text_cell(w, text, sh_decimal_format(v, scale, least, text));
}

static struct sh_str date_cell(struct syn_writer *w, int32_t day) {
    if (day != w->day || w->day_text[0] == 0) {
        (void)sh_date_format(day, w->day_text);
        w->day = day;
    }
    return text_cell(w, w->day_text, 10);
}

static struct sh_str time_cell(struct syn_writer *w, int32_t day, int32_t sec, bool date_only) {
    struct sh_str cell = date_cell(w, day);
    if (date_only)
        return cell;
    const int32_t parts[3] = {sec / 3600, sec / 60 % 60, sec % 60};
    char text[9] = " 00:00:00";
    for (int i = 0; i < 3; i++) {
        text[1 + 3 * i] = (char)('0' + parts[i] / 10);
        text[2 + 3 * i] = (char)('0' + parts[i] % 10);
    }
    cell.len += text_cell(w, text, 9).len;
    return cell;
}

static struct sh_str int_cell(struct syn_writer *w, int64_t v) {
    return decimal_cell(w, v, 0, 0);
}

static void end_row(struct syn_writer *w, enum syn_table table, size_t n) {
    struct sh_buf *buf = &w->out[table];
    size_t len = n;
    for (size_t i = 0; i < n; i++)
        len += w->cells[i].len;
    if (sh_buf_reserve(buf, len) != SH_OK)
        return; /* remembered by the buffer */
    char *to = buf->at + buf->len;
    for (size_t i = 0; i < n; i++) {
        if (w->cells[i].len) {
            memcpy(to, w->cells[i].at, w->cells[i].len);
            to += w->cells[i].len;
        }
        *to++ = ',';
    }
    to[-1] = '\n';
    buf->len += len;
    w->counts.rows[table]++;
}

static void begin_row(struct syn_writer *w, size_t n) {
    memset(w->cells, 0, n * sizeof w->cells[0]);
    w->used = 0;
}

/* ---- ids and people
 * --------------------------------------------------------------------------------------------------- */

static struct sh_str line_id(struct syn_writer *w, uint32_t person, uint32_t line) {
    return digits_cell(w, SH_STR("9901"), (uint64_t)person * 1000000 + line, 15);
}

static struct sh_str enc_id(struct syn_writer *w, uint32_t person, uint32_t enc) {
    return digits_cell(w, SH_STR("99010"), (uint64_t)person * 10000 + enc, 13);
}

static struct sh_str setl_id(struct syn_writer *w, uint32_t person, uint32_t enc) {
    return digits_cell(w, SH_STR("99018"), (uint64_t)person * 10000 + enc, 13);
}

uint64_t sh_syn_person_no(const struct syn_life *life, uint8_t companion, const char **ret_prefix) {
    *ret_prefix = companion ? "99010009" : "99010000";
    return companion ? (uint64_t)life->person.index * SYN_COMPANIONS_MAX + companion : life->person.index;
}

static struct sh_str psn_no(struct syn_writer *w, const struct syn_life *life, uint8_t companion) {
    const char *prefix;
    const uint64_t no = sh_syn_person_no(life, companion, &prefix);
    return digits_cell(w, sh_str_of(prefix), no, 12);
}

static struct sh_str name_cell(struct syn_writer *w, const struct syn_book *book, uint64_t salt) {
    const uint64_t h = (salt + 1) * 0x9e3779b97f4a7c15u;
    const struct sh_str a = book->surnames[(h >> 20) % book->n_surnames],
                        b = book->firsts[(h >> 30) % book->n_firsts],
                        c = book->seconds[(h >> 42) % book->n_seconds];
    struct sh_str cell = text_cell(w, a.at, a.len);
    cell.len += text_cell(w, b.at, b.len).len;
    cell.len += text_cell(w, c.at, c.len).len;
    return cell;
}

/* Form of an identity number, with a check digit that is wrong by construction: it cannot be anybody's. */
static struct sh_str certno(struct syn_writer *w, const struct syn_person *p) {
    static const int weights[17] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    static const char right[] = "10X98765432";
    const struct sh_civil birth = sh_civil_of(p->birth);
    const uint32_t place = 990100 + p->index / 500 % 9899,
                   serial = p->index % 500 * 2 + (p->sex == 1 ? 1 : 0);
    struct sh_str cell =
        format_cell(w, "%06u%04d%02d%02d%03u", place, birth.year, birth.month, birth.day, serial);
    int sum = 0;
    for (size_t i = 0; i < 17; i++)
        sum += (cell.at[i] - '0') * weights[i];
    const char good = right[sum % 11];
    char check = (char)('0' + p->index / 4949500 % 10);
    if (check == good)
        check = check == '9' ? '0' : (char)(check + 1);
    cell.len += text_cell(w, &check, 1).len;
    return cell;
}

/* 支付地点类别 of an encounter: in another province, by internet, or where the person is insured. */
static struct sh_str pay_place(const struct syn_enc *e) {
    return e->flags & SYN_E_REMOTE ? SH_STR("4") : e->flags & SYN_E_ONLINE ? SH_STR("5") : SH_STR("2");
}

static uint64_t doctor_no(const struct syn_enc *e, uint32_t doctor) {
    return (uint64_t)e->place * SYN_DOCTORS_A_PLACE + doctor % SYN_DOCTORS_A_PLACE;
}

/* ---- encounter, settlement
 * ---------------------------------------------------------------------------------------------- */

static void person_cells(struct syn_writer *w, const struct syn_life *life, const struct syn_enc *e,
                         bool is_settlement) {
    struct syn_person person = life->person;
    const struct syn_person *p = &person;
    const struct syn_place *place = &life->city->places[e->place];
    struct sh_str *c = w->cells;
    if (e->companion) /* another number, name and identity */
        person.index =
            SYN_COMPANIONS_FROM + (person.index * SYN_COMPANIONS_MAX + e->companion) % SYN_COMPANIONS_FROM;
    const struct sh_str no = psn_no(w, life, e->companion), name = name_cell(w, life->book, p->index),
                        birth = date_cell(w, p->birth);
    const struct sh_str sex = int_cell(w, p->sex);
#define BOTH(column, value) c[is_settlement ? (int)SETL_##column : (int)MDTRT_##column] = (value)
    BOTH(psn_no, no);
    BOTH(psn_name, name);
    BOTH(psn_cert_type, SH_STR("01"));
    BOTH(certno, certno(w, p));
    BOTH(gend, sex);
    BOTH(naty, SH_STR("01"));
    BOTH(brdy, birth);
    BOTH(age, int_cell(w, sh_syn_age(life, e->from)));
    BOTH(insutype, int_cell(w, e->insurance));
    BOTH(psn_type, sh_str_of(p->kind));
    BOTH(cvlserv_flag, SH_STR("0"));
    BOTH(insu_admdvs, SH_STR("990100"));
    BOTH(nwb_flag, e->flags & SYN_E_NEWBORN ? SH_STR("1") : SH_STR("0"));
    if (e->employer)
        BOTH(emp_no, digits_cell(w, SH_STR("9902"), e->employer, 8));
    else if (p->insurance == 310 && !place->sparse)
        BOTH(emp_no, digits_cell(w, SH_STR("9901"), p->index / 37, 8));
    BOTH(pay_loc, pay_place(e));
    BOTH(fixmedins_code, sh_str_of(place->code));
    BOTH(fixmedins_name, place->name);
    BOTH(hosp_lv, place->hosp_lv);
    BOTH(fix_blng_admdvs, SH_STR("990100"));
    BOTH(mdtrt_cert_type, place->sparse ? SH_STR("") : SH_STR("01"));
    BOTH(med_type, int_cell(w, e->med_type));
    BOTH(year, int_cell(w, sh_year_key(e->to)));
    BOTH(vali_flag, e->flags & SYN_E_VOID ? SH_STR("0") : SH_STR("1"));
    BOTH(poolarea_no, SH_STR("990100"));
    BOTH(crte_time, time_cell(w, e->to, 86399, false));
    static const char *const disease_name[SYN_DISEASES] = {"", "高血压", "糖尿病",
                                                           "慢性肾功能衰竭(血液透析)"};
    BOTH(dise_no, sh_str_of(sh_syn_disease_code(e->disease)));
    BOTH(dise_name, sh_str_of(disease_name[e->disease]));
#undef BOTH
}

/* Everyone has a bed of their own: only a plant lays two persons into one. */
static struct sh_str bed_cell(struct syn_writer *w, const struct syn_life *life, const struct syn_enc *e) {
    if (e->gathered_bed)
        return digits_cell(w, SH_STR("G"), e->gathered_bed, 9);
    return digits_cell(w, SH_STR(""), e->bed ? e->bed : life->person.index + 1, 7);
}

static void write_mdtrt(struct syn_writer *w, const struct syn_life *life, uint32_t enc) {
    const struct syn_enc *e = &life->encs[enc];
    const struct syn_place *place = &life->city->places[e->place];
    const struct syn_named *dept = &life->book->depts[e->dept];
    const bool is_stay = sh_syn_is_inpatient(e->med_type), is_shop = e->med_type == 41;
    begin_row(w, MDTRT_N);
    struct sh_str *c = w->cells;
    person_cells(w, life, e, false);
    c[MDTRT_mdtrt_id] = enc_id(w, life->person.index, enc);
    c[MDTRT_medins_setl_id] = c[MDTRT_mdtrt_id];
    c[MDTRT_begntime] = time_cell(w, e->from, e->sec_from, place->date_only);
    c[MDTRT_endtime] = time_cell(w, e->to, e->sec_to, place->date_only);
    c[MDTRT_rid] = c[MDTRT_mdtrt_id];
    if (!is_shop) {
        c[MDTRT_chfpdr_code] = digits_cell(w, SH_STR("D990100"), doctor_no(e, e->doctor), 6);
        c[MDTRT_chfpdr_name] = name_cell(w, life->book, 0x100000000u + doctor_no(e, e->doctor));
        c[MDTRT_adm_dept_codg] = dept->code, c[MDTRT_adm_dept_name] = dept->name;
        c[MDTRT_ipt_otp_no] = c[MDTRT_mdtrt_id];
    }
    if (e->n_dx > 0 && is_stay) {
        const struct syn_named *dx = &life->book->dxs[e->dx[0]];
        c[MDTRT_dscg_maindiag_code] = dx->code, c[MDTRT_dscg_maindiag_name] = dx->name,
        c[MDTRT_adm_diag_dscr] = dx->name;
        c[MDTRT_dscg_dept_codg] = dept->code, c[MDTRT_dscg_dept_name] = dept->name;
        c[MDTRT_adm_caty] = dept->code, c[MDTRT_dscg_caty] = dept->code;
        c[MDTRT_ars_year_ipt_flag] = SH_STR("0");
        c[MDTRT_inhosp_stas] = SH_STR("0");
        c[MDTRT_dscg_way] = int_cell(w, e->leaving);
        c[MDTRT_ipt_days] = int_cell(w, e->to > e->from ? e->to - e->from : 1);
        c[MDTRT_adm_bed] = bed_cell(w, life, e);
        c[MDTRT_wardarea_bed] = c[MDTRT_adm_bed];
        if (e->med_type == 52) {
            c[MDTRT_birctrl_matn_date] = date_cell(w, e->from + 1);
            c[MDTRT_geso_val] = SH_STR("39"), c[MDTRT_fetus_cnt] = SH_STR("1");
        }
    } else if (e->n_dx > 0 && !is_shop) {
        struct sh_str *cell = &c[MDTRT_otp_diag_info];
        for (size_t i = 0; i < e->n_dx; i++) {
            const struct syn_named *dx = &life->book->dxs[e->dx[i]];
            const struct sh_str part =
                format_cell(w, "%s%.*s %.*s", i ? "|" : "", SH_ARG(dx->code), SH_ARG(dx->name));
            *cell = (struct sh_str){i ? cell->at : part.at, (i ? cell->len : 0) + part.len};
        }
    }
    if (e->flags & SYN_E_DIED)
        c[MDTRT_die_date] = date_cell(w, e->to);
    end_row(w, SYN_T_MDTRT, MDTRT_N);
}

const char *sh_syn_disease_code(uint16_t disease) {
    static const char *const codes[SYN_DISEASES] = {"", "M03900", "M01600", "M07803"};
    return codes[disease];
}

static const char *clearing_kind(const struct syn_enc *e) {
    return e->med_type == 41 ? "41" : sh_syn_is_inpatient(e->med_type) ? "21" : "11";
}

static void write_setl(struct syn_writer *w, const struct syn_life *life, uint32_t enc) {
    const struct syn_enc *e = &life->encs[enc];
    struct syn_money m;
    sh_syn_settle(life, enc, &m);
    begin_row(w, SETL_N);
    struct sh_str *c = w->cells;
    person_cells(w, life, e, true);
    c[SETL_setl_id] = setl_id(w, life->person.index, enc);
    c[SETL_mdtrt_id] = enc_id(w, life->person.index, enc);
    c[SETL_medins_setl_id] = c[SETL_mdtrt_id];
    c[SETL_clr_optins] = SH_STR("990100");
    c[SETL_begndate] = date_cell(w, e->from), c[SETL_enddate] = date_cell(w, e->to);
    c[SETL_setl_time] = time_cell(w, e->to, e->sec_to, life->city->places[e->place].date_only);
    c[SETL_setl_type] = SH_STR("2");
    c[SETL_clr_type] = sh_str_of(clearing_kind(e));
    c[SETL_clr_way] = e->flags & SYN_E_DRG ? SH_STR("05") : SH_STR("01");
    c[SETL_psn_setlway] = SH_STR("01");
    const struct {
        int column;
        int64_t fen;
    } sums[] = {{SETL_medfee_sumamt, m.total},
                {SETL_fulamt_ownpay_amt, m.own},
                {SETL_overlmt_selfpay, 0},
                {SETL_preselfpay_amt, m.prepaid},
                {SETL_inscp_amt, m.covered},
                {SETL_act_pay_dedc, m.deductible},
                {SETL_hifp_pay, m.pooled},
                {SETL_cvlserv_pay, 0},
                {SETL_hifes_pay, 0},
                {SETL_hifmi_pay, m.serious},
                {SETL_hifob_pay, m.large},
                {SETL_hifdm_pay, 0},
                {SETL_maf_pay, m.aid},
                {SETL_othfund_pay, m.other},
                {SETL_fund_pay_sumamt, m.fund},
                {SETL_psn_pay, m.person},
                {SETL_acct_pay, m.account},
                {SETL_cash_payamt, m.cash},
                {SETL_acct_mulaid_pay, 0}};
    for (size_t i = 0; i < sizeof sums / sizeof sums[0]; i++)
        c[sums[i].column] = money_cell(w, sums[i].fen);
    c[SETL_pool_prop_selfpay] = decimal_cell(w, m.ratio, 4, 4);
    c[SETL_refd_setl_flag] = SH_STR("0"), c[SETL_mid_setl_flag] = SH_STR("0");
    const uint32_t invoice = e->invoice ? e->invoice - 1 : enc; /* of a plant: that of another encounter */
    c[SETL_invono] = digits_cell(w, SH_STR("99"), (uint64_t)life->person.index * 10000 + invoice, 12);
    c[SETL_rid] = c[SETL_setl_id];
    c[SETL_acct_used_flag] = m.account ? SH_STR("1") : SH_STR("0");
    end_row(w, SYN_T_SETL, SETL_N);
    if (!(e->flags & SYN_E_VOID))
        w->counts.total_fen += m.total, w->counts.covered_fen += m.covered, w->counts.fund_fen += m.fund;
}

static void write_list(struct syn_writer *w, const struct syn_life *life, uint32_t enc) {
    const struct syn_enc *e = &life->encs[enc];
    for (size_t i = 0; i < e->n_dx && e->med_type != 41; i++) {
        begin_row(w, DIAG_N);
        struct sh_str *c = w->cells;
        c[DIAG_mdtrt_id] = enc_id(w, life->person.index, enc);
        c[DIAG_setl_id] = setl_id(w, life->person.index, enc);
        c[DIAG_setl_list_diag_id] = digits_cell(w, c[DIAG_mdtrt_id], i + 1, 2);
        c[DIAG_psn_no] = psn_no(w, life, e->companion);
        c[DIAG_diag_type] = SH_STR("1");
        c[DIAG_maindiag_flag] = i == 0 ? SH_STR("1") : SH_STR("0");
        c[DIAG_diag_code] = life->book->dxs[e->dx[i]].code,
        c[DIAG_diag_name] = life->book->dxs[e->dx[i]].name;
        c[DIAG_adm_cond_type] = !sh_syn_is_inpatient(e->med_type) ? SH_STR("")
                                : e->is_infected && i > 0         ? SH_STR("4")
                                                                  : SH_STR("1");
        c[DIAG_vali_flag] = e->flags & SYN_E_VOID ? SH_STR("0") : SH_STR("1");
        c[DIAG_rid] = c[DIAG_setl_list_diag_id];
        c[DIAG_crte_time] = time_cell(w, e->to, 86399, false);
        c[DIAG_poolarea_no] = SH_STR("990100");
        end_row(w, SYN_T_DIAG, DIAG_N);
    }
    for (size_t i = 0; i < e->n_op; i++) {
        const struct syn_named *op = NULL;
        for (size_t k = 0; k < life->book->n_ops && !op; k++)
            op = sh_str_eq(life->book->ops[k].key, life->book->items[e->op[i]].key) ? &life->book->ops[k]
                                                                                    : NULL;
        if (!op)
            continue;
        begin_row(w, OPRN_N);
        struct sh_str *c = w->cells;
        c[OPRN_mdtrt_id] = enc_id(w, life->person.index, enc);
        c[OPRN_setl_id] = setl_id(w, life->person.index, enc);
        c[OPRN_setl_list_oprn_id] = digits_cell(w, c[OPRN_mdtrt_id], i + 51, 2);
        c[OPRN_psn_no] = psn_no(w, life, e->companion);
        c[OPRN_main_oprn_flag] = i == 0 ? SH_STR("1") : SH_STR("0");
        c[OPRN_oprn_oprt_name] = op->name, c[OPRN_oprn_oprt_code] = op->code;
        c[OPRN_oprn_oprt_date] = date_cell(w, e->op_day);
        c[OPRN_oper_dr_code] = digits_cell(w, SH_STR("D990100"), doctor_no(e, e->doctor), 6);
        c[OPRN_oper_dr_name] = name_cell(w, life->book, 0x100000000u + doctor_no(e, e->doctor));
        c[OPRN_oprn_oprt_begntime] = time_cell(w, e->op_day, 36000, false);
        c[OPRN_oprn_oprt_endtime] = time_cell(w, e->op_day, 41400, false);
        c[OPRN_vali_flag] = e->flags & SYN_E_VOID ? SH_STR("0") : SH_STR("1");
        c[OPRN_rid] = c[OPRN_setl_list_oprn_id];
        c[OPRN_crte_time] = time_cell(w, e->to, 86399, false);
        c[OPRN_poolarea_no] = SH_STR("990100");
        end_row(w, SYN_T_OPRN, OPRN_N);
    }
}

/* ---- lines
 * --------------------------------------------------------------------------------------------------------------
 */

/* What all lines of an encounter share. */
static void fee_template(struct syn_writer *w, const struct syn_life *life, uint32_t enc) {
    const struct syn_enc *e = &life->encs[enc];
    const struct syn_place *place = &life->city->places[e->place];
    begin_row(w, FEE_N);
    struct sh_str *c = w->cells;
    c[FEE_mdtrt_id] = enc_id(w, life->person.index, enc);
    c[FEE_setl_id] = setl_id(w, life->person.index, enc);
    c[FEE_fixmedins_code] = sh_str_of(place->code), c[FEE_fixmedins_name] = place->name;
    c[FEE_psn_no] = psn_no(w, life, e->companion);
    c[FEE_insu_admdvs] = c[FEE_poolarea_no] = SH_STR("990100");
    c[FEE_pay_loc] = pay_place(e);
    c[FEE_med_type] = int_cell(w, e->med_type);
    c[FEE_overlmt_selfpay] = SH_STR("0.00");
    c[FEE_lmt_used_flag] = c[FEE_hosp_appr_flag] = c[FEE_rx_circ_flag] = SH_STR("0");
    if (e->med_type != 41)
        c[FEE_bilg_dept_codg] = life->book->depts[e->dept].code,
        c[FEE_bilg_dept_name] = life->book->depts[e->dept].name;
    c[FEE_dise_codg] = sh_str_of(sh_syn_disease_code(e->disease));
    w->keep = w->used;
}

static void item_cells(struct syn_writer *w, const struct syn_item *item, bool is_sparse, uint32_t line) {
    struct sh_str *c = w->cells;
    static const char *const grades[4] = {"", "01", "02", "03"};
    c[FEE_chrgitm_lv] = sh_str_of(grades[item->grade]);
    c[FEE_hilist_code] = item->code, c[FEE_hilist_name] = item->name, c[FEE_list_type] = item->list_type;
    c[FEE_med_list_codg] = item->code, c[FEE_medins_list_codg] = item->key,
    c[FEE_medins_list_name] = item->name;
    c[FEE_med_chrgitm_type] = item->category;
    c[FEE_spec] = is_sparse ? SH_STR("") : item->spec;
    if (line % 997 == 13) { /* a hand that strikes the space bar */
        c[FEE_hilist_name] = text_cell(w, item->name.at, item->name.len);
        c[FEE_hilist_name].len += text_cell(w, " ", 1).len;
    }
    c[FEE_selfpay_prop] = decimal_cell(w, item->ratio, 4, 4);
}

static bool is_only_herb(const struct syn_life *life, uint32_t line) {
    const struct syn_line *l = &life->lines[line];
    for (size_t i = life->encs[l->enc].line_first; i < life->n_lines; i++)
        if (i != line && life->lines[i].enc == l->enc && life->lines[i].rx == l->rx &&
            life->book->items[life->lines[i].item].is_herb)
            return false;
    return true;
}

static void flag_cells(struct syn_writer *w, const struct syn_life *life, const struct syn_line *l,
                       bool is_void, uint32_t line) {
    struct sh_str *c = w->cells;
    const struct sh_str flags[2] = {SH_STR("0"), SH_STR("1")};
    c[FEE_vali_flag] = flags[!is_void];
    c[FEE_etip_flag] = flags[(l->flags & SYN_OUTSIDE) != 0];
    c[FEE_dscg_tkdrug_flag] = flags[(l->flags & SYN_TAKE_HOME) != 0];
    c[FEE_matn_fee_flag] = flags[(l->flags & SYN_MATERNITY) != 0];
    c[FEE_prd_days] = l->days ? int_cell(w, l->days) : SH_STR("");
    c[FEE_tcmdrug_used_way] = SH_STR("");
    if (life->book->items[l->item].is_herb)
        c[FEE_tcmdrug_used_way] = is_only_herb(life, line) ? SH_STR("2") : SH_STR("1");
    c[FEE_init_feedetl_sn] =
        l->flags & SYN_REF_GIVEN ? line_id(w, life->person.index, (uint32_t)l->refund_of) : SH_STR("");
}

/* Who ordered it and who gave it. */
static void doctor_cells(struct syn_writer *w, const struct syn_life *life, const struct syn_line *l) {
    const struct syn_enc *e = &life->encs[l->enc];
    struct sh_str *c = w->cells;
    c[FEE_acord_dr_name] = SH_STR("");
    if (e->med_type == 41) {
        c[FEE_bilg_dr_code] = digits_cell(w, SH_STR("D990100"), doctor_no(e, 49), 6);
        return;
    }
    c[FEE_bilg_dr_code] = digits_cell(w, SH_STR("D990100"), doctor_no(e, l->doctor), 6);
    c[FEE_bilg_dr_name] = name_cell(w, life->book, 0x100000000u + doctor_no(e, l->doctor));
    if (!life->city->places[e->place].sparse && !life->book->items[l->item].is_drug)
        c[FEE_acord_dept_codg] = c[FEE_bilg_dept_codg], c[FEE_acord_dept_name] = c[FEE_bilg_dept_name];
    else
        c[FEE_acord_dept_codg] = c[FEE_acord_dept_name] = SH_STR("");
    if (l->flags & SYN_PERFORMED) /* by one whom no other plant meets */
        c[FEE_acord_dr_code] = digits_cell(w, SH_STR("D9901"), life->person.index, 8);
    else if (l->performer)
        c[FEE_acord_dr_code] = digits_cell(w, SH_STR("D990100"), doctor_no(e, l->performer), 6);
    else if (c[FEE_acord_dept_codg].len > 0) { /* a service, of an institution that writes who gave it */
        const uint64_t staff =
            (uint64_t)e->place * SYN_STAFF_A_PLACE + (l->item + e->doctor) % SYN_STAFF_A_PLACE;
        c[FEE_acord_dr_code] = digits_cell(w, SH_STR("T990100"), staff, 6);
        c[FEE_acord_dr_name] = name_cell(w, life->book, 0x200000000u + staff);
    } else
        c[FEE_acord_dr_code] = SH_STR("");
}

static void write_line(struct syn_writer *w, const struct syn_life *life, uint32_t line) {
    const struct syn_line *l = &life->lines[line];
    const struct syn_enc *e = &life->encs[l->enc];
    const struct syn_place *place = &life->city->places[e->place];
    const struct syn_item *item = &life->book->items[l->item];
    const bool is_void = (l->flags & SYN_VOID) || (e->flags & SYN_E_VOID);
    const bool is_own = (l->flags & SYN_SELF_PAID) || item->grade == SYN_GRADE_C;
    struct sh_str *c = w->cells;
    w->used = w->keep;
    c[FEE_bkkp_sn] = line_id(w, life->person.index, line);
    c[FEE_rid] = c[FEE_bkkp_sn];
    c[FEE_fee_ocur_time] = time_cell(w, l->day, l->sec, place->date_only);
    c[FEE_crte_time] =
        time_cell(w, l->day + l->late_days, l->flags & SYN_UPLOADED_THEN ? l->sec : 86399, false);
    c[FEE_sin_dos_dscr] = l->dose_mg ? format_cell(w, "%umg", l->dose_mg) : SH_STR("");
    c[FEE_used_frqu_dscr] = l->dose_mg ? SH_STR("qid") : SH_STR("");
    c[FEE_rx_drord_no] = l->rx ? digits_cell(w, c[FEE_mdtrt_id], l->rx, 2) : SH_STR("");
    if (sh_syn_is_inpatient(e->med_type))
        c[FEE_rx_drord_no] = digits_cell(w, c[FEE_mdtrt_id], l->item, 4);
    c[FEE_cnt] = decimal_cell(w, l->quantity, 4, 0);
    c[FEE_pric] = decimal_cell(w, l->price, 6, 2);
    c[FEE_det_item_fee_sumamt] = money_cell(w, l->amount);
    c[FEE_fulamt_ownpay_amt] = money_cell(w, is_own ? l->amount - l->covered : 0);
    c[FEE_preselfpay_amt] = money_cell(w, is_own ? 0 : l->amount - l->covered);
    c[FEE_inscp_amt] = money_cell(w, l->covered);
    item_cells(w, item, place->sparse, line);
    doctor_cells(w, life, l);
    flag_cells(w, life, l, is_void, line);
    end_row(w, SYN_T_FEE, FEE_N);
    w->counts.refunds += l->quantity < 0 && !is_void;
    w->counts.voided += is_void;
    /* What is handed back is not sold again. */
    if (w->sold && !is_void && l->quantity > 0 && item->list_type.at[0] != '2') {
        const int32_t first = sh_syn_stock_from(life->city);
        int32_t day = l->day < first ? first : l->day;
        day = day > life->city->last_day ? life->city->last_day : day;
        const struct sh_civil at = sh_civil_of(day), from = sh_civil_of(first);
        const size_t month = (size_t)((at.year - from.year) * 12 + at.month - from.month);
        atomic_fetch_add_explicit(
            &w->sold[((size_t)e->place * life->book->n_items + l->item) * sh_syn_stock_months(life->city) +
                     month],
            l->quantity, memory_order_relaxed);
    }
}

/* ---- truth
 * ----------------------------------------------------------------------------------------------------------------
 */

static void write_truth(struct syn_writer *w, const struct syn_life *life, const struct syn_truth *t) {
    struct sh_buf *buf = &w->out[SYN_T_TRUTH];
    const struct syn_enc *e = &life->encs[t->enc];
    begin_row(w, SYN_CELLS_MAX);
    const struct sh_str person = psn_no(w, life, 0), enc = enc_id(w, life->person.index, t->enc);
    (void)sh_buf_addf(buf, "%s,%s,%s,%.*s,%.*s,", t->rule, t->is_violation ? "violation" : "near-miss",
                      life->city->places[e->place].code, SH_ARG(person), SH_ARG(enc));
    for (uint32_t i = 0; i < t->n; i++) {
        w->used = 0;
        const struct sh_str id = line_id(w, life->person.index, life->blamed[t->first + i]);
        if (i)
            (void)sh_buf_add_char(buf, '|');
        (void)sh_buf_add_str(buf, id);
    }
    char money[SH_MONEY_TEXT_MAX];
    (void)sh_money_plain(t->is_violation ? t->fen : 0, money);
    (void)sh_buf_addf(buf, ",%s,%s\n", money, t->variant->note);
    w->counts.rows[SYN_T_TRUTH]++;
    w->counts.violations += t->is_violation;
    w->counts.near_misses += !t->is_violation;
    w->counts.blamed += t->is_violation ? t->n : 0;
}

sh_code sh_syn_write_life(struct syn_writer *w, const struct syn_life *life) {
    SH_TRY(life->failed);
    for (uint32_t enc = 0; enc < life->n_encs; enc++) {
        write_mdtrt(w, life, enc);
        write_setl(w, life, enc);
        write_list(w, life, enc);
        fee_template(w, life, enc);
        const size_t end = enc + 1 < life->n_encs ? life->encs[enc + 1].line_first : life->n_lines;
        for (size_t i = life->encs[enc].line_first; i < end; i++)
            if (life->lines[i].enc == enc)
                write_line(w, life, (uint32_t)i);
    }
    /* Lines added to an encounter after the next one had begun. */
    for (size_t i = 0, owner = 0; i < life->n_lines; i++) {
        while (owner + 1 < life->n_encs && life->encs[owner + 1].line_first <= i)
            owner++;
        if (life->lines[i].enc != owner) {
            fee_template(w, life, life->lines[i].enc);
            write_line(w, life, (uint32_t)i);
        }
    }
    sh_syn_write_beside(w, life);
    for (size_t i = 0; i < life->n_truths; i++)
        write_truth(w, life, &life->truths[i]);
    w->counts.not_planted += life->not_planted;
    for (size_t i = 0; i < SYN_TABLES; i++)
        SH_TRY(sh_buf_check(&w->out[i], NULL));
    return SH_OK;
}
