/* Goal: foreign files become typed rows; each record is pushed or rejected exactly once for each table it
 * concerns. */
#include "../base/temp_dir.h"
#include "check.h"
#include "lake/sink.h"

struct bench {
    struct temp_dir dir;
    struct sh_landing *sink;
    struct sh_import_result result;
    char paths[12][4096];
    const char *files[12];
    size_t n_files;
    unsigned threads;
    const char *mappings, *mapping;
    char shipped[4096];
};

static void bench_release(struct bench *b) {
    temp_dir_release(&b->dir);
    sink_release(b->sink);
    sh_free(b->sink);
}
static struct bench bench_new(const char *mapping) {
    struct bench b = {.dir = temp_dir_new(),
                      .sink = sh_alloc_array(1, sizeof(struct sh_landing)),
                      .threads = 1,
                      .mapping = mapping};
    CHECK(b.sink != NULL);
    return b;
}
static void add_bytes(struct bench *b, const char *name, struct sh_str content) {
    struct sh_err err;
    CHECK_OK(sh_fs_write(temp_path(&b->dir, name, b->paths[b->n_files]), content, &err), &err);
    b->n_files++;
    CHECK(b->n_files <= sizeof(b->files) / sizeof(b->files[0]));
}
static void add_file(struct bench *b, const char *name, const char *content) {
    add_bytes(b, name, sh_str_of(content));
}
static sh_code run(struct bench *b, struct sh_err *err) {
    for (size_t i = 0; i < b->n_files; i++)
        b->files[i] = b->paths[i];
    if (!b->mappings)
        b->mappings = check_source_path("mappings", b->shipped, sizeof(b->shipped));
    const struct sh_import_options options = {.mapping = b->mapping,
                                              .mappings_dir = b->mappings,
                                              .files = b->files,
                                              .n_files = b->n_files,
                                              .threads = b->threads};
    return sh_frontend_run(&options, b->sink, &b->result, err);
}
static void check_run(struct bench *b) {
    struct sh_err err;
    CHECK_OK(run(b, &err), &err);
    for (unsigned t = 0; t < SH_TABLES; t++)
        CHECK_I64(b->result.tables[t].read, b->sink->n_rows[t] + b->sink->n_rejects[t]);
}
/* Kept row of a table, the i-th. */
static size_t row_of(const struct bench *b, enum sh_table table, size_t i) {
    for (size_t r = 0; r < b->sink->n_kept; r++)
        if (b->sink->rows[r].table == table && i-- == 0)
            return r;
    CHECK(false);
    return 0;
}
#define CELL(b, table, i, column, want)                                                                      \
    CHECK_STR(sink_cell((b)->sink, row_of((b), (table), (i)), (column)), (want))

static void encounters_carry_the_national_meanings(void **state) {
    (void)state;
    SH_CLEANUP(bench_release) struct bench b = bench_new("national");
    add_file(
        &b, "mdtrt.csv",
        "MDTRT_ID, "
        "psn_no,certno,gend,brdy,med_type,begntime,endtime,chfpdr_code,fixmedins_code,fixmedins_name,hosp_lv,"
        "pay_loc,nwb_flag,adm_dept_codg,inhosp_stas,vali_flag,insutype,die_date\n"
        "M1,P1,C1,1,1980-02-29,21,2026-01-02 08:00:00,2026-01-05,D1,H001,某医院,02,2,0,A01,0,1,310,\n"
        "M2,P2,C2,2,19900101,5212,20260103080000,,D2,H001,某医院,07,2,,A02,1,1,390,2026-02-01 10:00:00\n"
        "M3,P3,C3,0,,41,2026-01-04,2026-01-04,,P001,某药店,11,5,0,,0,0,210,\n"
        "M4,P4,C4,9,2020-01-01,9107,2026-01-04,NULL,\\N,H002,,99,,0,,,1,,\n");
    check_run(&b);
    const enum sh_table e = SH_TABLE_ENCOUNTER, p = SH_TABLE_PERSON;
    CHECK_I64(b.sink->n_rows[e], 4);
    CELL(&b, e, 0, "visit", "住院");
    CELL(&b, e, 0, "inpatient", "1");
    CELL(&b, e, 0, "institution_level", "3");
    CELL(&b, e, 0, "from", "1767340800");
    CELL(&b, e, 0, "department_in", "H001:A01");
    CELL(&b, e, 0, "newborn", "0");
    CELL(&b, e, 0, "open", "0");
    CELL(&b, e, 0, "void", "0");
    CELL(&b, e, 0, "kind", "21");
    CELL(&b, e, 1, "visit", "住院");
    CELL(&b, e, 1, "newborn", "1");
    CELL(&b, e, 1, "to", "");
    CELL(&b, e, 1, "open", "1");
    CELL(&b, e, 1, "institution_level", "2");
    CELL(&b, e, 2, "visit", "互联网");
    CELL(&b, e, 2, "online", "1");
    CELL(&b, e, 2, "void", "1");
    CELL(&b, e, 2, "insurance", "210");
    CELL(&b, e, 2, "department_in", "");
    CELL(&b, e, 2, "institution_level", "0");
    CELL(&b, e, 3, "visit", "");
    CELL(&b, e, 3, "inpatient", "");
    CELL(&b, e, 3, "to", "");
    CELL(&b, e, 3, "physician", "");
    CELL(&b, e, 3, "institution_level", "");
    CELL(&b, p, 0, "sex", "男");
    CELL(&b, p, 0, "birth", "3711");
    CELL(&b, p, 0, "identity", "C1");
    CELL(&b, p, 1, "death", "20485");
    CELL(&b, p, 2, "sex", "");
    CELL(&b, p, 3, "sex", "未说明");
    CHECK_STR(b.sink->rows[row_of(&b, e, 0)].names[SH_DICT_INSTITUTION], "某医院");
    CHECK_STR(b.sink->rows[row_of(&b, e, 0)].kinds[SH_DICT_INSTITUTION], "hospital");
    CHECK_STR(b.sink->rows[row_of(&b, e, 2)].kinds[SH_DICT_INSTITUTION], "pharmacy");
}

#define FEE                                                                                                  \
    "bkkp_sn,mdtrt_id,psn_no,fixmedins_code,setl_id,fee_ocur_time,med_list_codg,cnt,pric,det_item_fee_"      \
    "sumamt,inscp_amt,"                                                                                      \
    "med_type,rx_drord_no,list_type,bilg_dept_codg,selfpay_prop,vali_flag,hilist_name\n"

static void lines_are_typed(void **state) {
    (void)state;
    SH_CLEANUP(bench_release) struct bench b = bench_new("national");
    add_file(&b, "fee.csv",
             FEE "B1,M1,P1,H1,S1,2026-01-02 09:30:00,XA01,2.5,10.123456,25.31,25.30,11,R1,101,A1,0.1,1,某药\n"
                 "B2,M1,P1,H1,S1,2026-01-02,T0001,-1,10,-10.00,-0.00,21,R2,102,,,0,\n"
                 "B3,M1,P1,H1,S1,2026-01-02 00:00:00,0011,1,1,1,,11,,201,,,1,\"诊\"\"查\"\n");
    check_run(&b);
    const enum sh_table l = SH_TABLE_LINE;
    CELL(&b, l, 0, "charged_quantity", "25000");
    CELL(&b, l, 0, "unit_price", "10123456");
    CELL(&b, l, 0, "charged_amount", "2531");
    CELL(&b, l, 0, "charged_covered", "2530");
    CELL(&b, l, 0, "self_ratio", "1000");
    CELL(&b, l, 0, "prescription", "R1");
    CELL(&b, l, 0, "time_exact", "1");
    CELL(&b, l, 0, "ordering_department", "H1:A1");
    CELL(&b, l, 1, "charged_amount", "-1000");
    CELL(&b, l, 1, "charged_covered", "0");
    CELL(&b, l, 1, "prescription", ""); /* inpatients: numbers one order */
    CELL(&b, l, 1, "time_exact", "0");
    CELL(&b, l, 1, "void", "1");
    CELL(&b, l, 2, "charged_covered", "");
    CELL(&b, l, 2, "id", "B3");
    CHECK_I64(b.result.tables[l].read_fen, 2531 - 1000 + 100);
    const struct sink_row *rows = b.sink->rows;
    CHECK_STR(rows[0].names[SH_DICT_ITEM], "某药");
    CHECK_STR(rows[2].names[SH_DICT_ITEM], "诊\"查");
    CHECK_STR(rows[0].kinds[SH_DICT_ITEM], "drug");
    CHECK_STR(rows[1].kinds[SH_DICT_ITEM], "herb");
    CHECK_STR(rows[2].kinds[SH_DICT_ITEM], "service");
    CHECK_I64(rows[2].record, 4);
}

/* What is left from last month counts in smallest units, as what comes in does: rules 43 and 48 add both up.
 */
static void stock_is_in_smallest_units(void **state) {
    (void)state;
    SH_CLEANUP(bench_release) struct bench b = bench_new("national");
    add_file(
        &b, "carry.csv",
        "年月,机构编码,药库名称,项目代码,国标代码,包装单位,拆零单位,拆零比,库存单位,上期结存数,本期收入数,"
        "本期支出数,本期结存数,结转日期\n"
        "202601,H1,药库,a,XA01,盒,片,10,盒,3,1,2,2,2026-01-31\n"
        "202601,H1,药库,b,XA02,盒,片,10,片,7,0,0,7,2026-01-31\n"
        "202601,H1,药库,c,XA03,盒,片,1,瓶,5,0,0,5,2026-01-31\n"
        "202601,H1,药库,d,XA04,盒,片,10,瓶,5,0,0,5,2026-01-31\n");
    add_file(
        &b, "shelf.csv",
        "年月,机构编码,药房名称,项目代码,国标代码,包装单位,拆零单位,拆零比,库存单位,上期结存数,本期收入数,"
        "本期支出数,本期结存数,结转日期\n"
        "202601,H1,药房,a,XA01,盒,片,10,盒,2,0,0,2,2026-01-31\n");
    add_file(&b, "moves.csv",
             "机构编码,药库名称,项目代码,国标代码,包装单位,拆零单位,拆零比,出入库类型,出入库数量,出入库单位,"
             "业务日期,序号\n"
             "H1,药库,a,XA01,盒,片,10,物资采购,1,盒,2026-01-05,1\n");
    check_run(&b);
    const enum sh_table m = SH_TABLE_STOCK_MOVE;
    CELL(&b, m, 0, "kind", "结转");
    CELL(&b, m, 0, "opening", "30000");
    CELL(&b, m, 0, "base_quantity", "300000");
    CELL(&b, m, 1, "base_quantity", "70000");
    CELL(&b, m, 2, "base_quantity", "50000");
    CELL(&b, m, 3, "base_quantity", ""); /* a unit that is neither */
    CELL(&b, m, 4, "base_quantity", "200000");
    CELL(&b, m, 5, "kind", "采购");
    CELL(&b, m, 5, "base_quantity", "100000");
}

static void bad_values_are_rejected_one_by_one(void **state) {
    (void)state;
    SH_CLEANUP(bench_release) struct bench b = bench_new("national");
    add_file(&b, "fee.csv",
             FEE "B1,M1,P1,H1,S1,2026-01-02,X1,1,1,1.005,1,11,,101,,,1,\n"
                 "B2,M1,P1,H1,S1,2026-02-30,X1,1,1,1.00,1,11,,101,,,1,\n"
                 "B3,M1,P1,H1,S1,2026-01-02,X1,1e5,1,2.00,1,11,,101,,,1,\n"
                 ",M1,P1,H1,S1,2026-01-02,X1,1,1,3.00,1,11,,101,,,1,\n"
                 "B5,M1,P1,H1,S1,2026-01-02,X1,1,1,4.00\n"
                 "B6,M1,P1,H1,S1,2026-01-02,X1,1,1,5.00,1,11,,101,,,1,\"ab\"c\n"
                 "B7,M1,P1,H1,S1,2026-01-02,X1,1,1,6.00,1,11,,101,,,1,\xff\xfe\n"
                 "B8,M1,P1,H1,S1,2026-01-02,X1,1,1,7.00,1,11,,101,,,1,中文中文中文\n");
    check_run(&b);
    const struct {
        uint64_t record;
        const char *reason, *field, *value;
        int64_t fen;
    } want[] = {{6, "record.fields", "", "10 fields, 18 in the header", SH_MISSING},
                {7, "quote.stray", "hilist_name", "", SH_MISSING},
                {8, "utf8.invalid", "", "", SH_MISSING},
                {2, "decimal.excess", "det_item_fee_sumamt", "1.005", SH_MISSING},
                {3, "date.impossible", "fee_ocur_time", "2026-02-30", 100},
                {4, "decimal.exponent", "cnt", "1e5", 200},
                {5, "required.empty", "id", "", 300}};
    CHECK_I64(b.sink->n_rejects[SH_TABLE_LINE], 7);
    for (size_t i = 0; i < 7; i++) {
        const struct sink_reject *r = &b.sink->rejects[i];
        CHECK_I64(r->reject.record, want[i].record);
        CHECK_TEXT(r->reject.reason, want[i].reason);
        CHECK_TEXT(r->field, want[i].field);
        CHECK_STR(r->value, want[i].value);
        CHECK_I64(r->reject.fen, want[i].fen);
    }
    CHECK_STR(b.sink->rejects[3].encounter, "M1");
    CHECK(sh_str_starts_with(b.sink->rejects[3].text, SH_STR("B1,M1,P1")));
    CHECK_I64(b.sink->n_rows[SH_TABLE_LINE], 1);
    CELL(&b, SH_TABLE_LINE, 0, "id", "B8");
    CHECK_I64(b.sink->rows[0].record, 9);
    CHECK_I64(b.result.tables[SH_TABLE_LINE].read_fen, 100 + 200 + 300 + 700);
}

static void a_nul_byte_costs_its_record(void **state) {
    (void)state;
    SH_CLEANUP(bench_release) struct bench b = bench_new("generic");
    add_bytes(&b, "p.csv", SH_STR("person,sex,birth\nP1,男,2000-01-01\nP2,\0,2000-01-01\nP3,,\n"));
    check_run(&b);
    CHECK_I64(b.sink->n_rows[SH_TABLE_PERSON], 2);
    CHECK_TEXT(b.sink->rejects[0].reject.reason, "nul");
    CHECK_I64(b.sink->rejects[0].reject.record, 3);
}

static void gb18030_reads_like_utf8(void **state) {
    (void)state;
    SH_CLEANUP(bench_release) struct bench b = bench_new("national");
    /* header and words of a pharmacy's movements in GB18030; the second record is cut inside a character */
    add_file(
        &b, "move.csv",
        "\xbb\xfa\xb9\xb9\xb1\xe0\xc2\xeb,\xd2\xa9\xb7\xbf\xc3\xfb\xb3\xc6,\xcf\xee\xc4\xbf\xb4\xfa\xc2\xeb,"
        "\xb9\xfa\xb1\xea\xb4\xfa\xc2\xeb,\xb3\xf6\xc8\xeb\xbf\xe2\xc0\xe0\xd0\xcd,"
        "\xb3\xf6\xc8\xeb\xbf\xe2\xca\xfd\xc1\xbf,"
        "\xd2\xb5\xce\xf1\xc8\xd5\xc6\xda\n"
        "H1,\xd2\xa9\xb7\xbf,L1,X1,\xc3\xc5\xd5\xef\xcf\xfa\xca\xdb,-3.5,2026-01-02\n"
        "H1,\xd2\xa9\xb7\xbf\xd2,L1,X1,\xc3\xc5\xd5\xef\xcf\xfa\xca\xdb,-1,2026-01-02\n"
        "H1,\xd2\xa9\xb7\xbf,L2,X2,\xc6\xe4\xcb\xfb\xd2\xb5\xce\xf1,1,2026-01-03\n");
    check_run(&b);
    CELL(&b, SH_TABLE_STOCK_MOVE, 0, "kind", "销售");
    CELL(&b, SH_TABLE_STOCK_MOVE, 0, "store", "药房");
    CELL(&b, SH_TABLE_STOCK_MOVE, 0, "quantity", "-35000");
    CELL(&b, SH_TABLE_STOCK_MOVE, 0, "id", "2026-01-02|药房|药房|L1|X1|门诊销售|-3.5");
    CELL(&b, SH_TABLE_STOCK_MOVE, 1, "kind", "其他");
    CHECK_I64(b.sink->n_rejects[SH_TABLE_STOCK_MOVE], 1);
    CHECK_TEXT(b.sink->rejects[0].reject.reason, "gb18030.invalid");
}

static void rows_skipped_by_when_do_not_count(void **state) {
    (void)state;
    SH_CLEANUP(bench_release) struct bench b = bench_new("tuva");
    add_file(&b, "medical.csv",
             "claim_id,claim_line_number,claim_type,patient_id,billing_npi,facility_npi,claim_start_date,"
             "hcpcs_code,paid_amount,"
             "bill_type_code,diagnosis_code_1,diagnosis_code_2,procedure_code_1,procedure_date_1\n"
             "C1,1,institutional,P1,,F1,2018-01-02,99213,12.50,111,I10,E119,0DTJ4ZZ,2018-01-03\n"
             "C2,1,professional,P2,B1,,2018-01-02,99213,1.00,,J45,,,\n"
             "C3,1,professional\n");
    check_run(&b);
    CHECK_I64(b.sink->n_rows[SH_TABLE_LINE], 2);
    CHECK_I64(b.sink->n_rejects[SH_TABLE_LINE], 1);
    CHECK_I64(b.sink->n_rejects[SH_TABLE_ENCOUNTER], 1);
    CHECK_I64(b.result.tables[SH_TABLE_DIAGNOSIS].read, 3);
    CHECK_I64(b.result.tables[SH_TABLE_OPERATION].read, 1);
    CELL(&b, SH_TABLE_ENCOUNTER, 0, "visit", "住院");
    CELL(&b, SH_TABLE_ENCOUNTER, 1, "institution", "B1");
    CELL(&b, SH_TABLE_DIAGNOSIS, 2, "code", "E119");
    CELL(&b, SH_TABLE_DIAGNOSIS, 2, "main", "0");
}

/* Files of the registers, the dimensions and the scans are known by their headers; last days become first
 * days outside. */
static void registers_dimensions_and_scans_are_recognised(void **state) {
    (void)state;
    SH_CLEANUP(bench_release) struct bench b = bench_new("national");
    add_file(&b, "list.csv",
             "setl_list_id,psn_no,mdtrt_id,setl_id,fixmedins_code,medcasno,setl_begn_date,setl_end_date,"
             "act_ipt_days,days_rinp_flag_31,coner_name,coner_tel\n"
             "SL1,P1,M1,S1,H1,B77,2026-01-02,2026-01-04,3,2,某,\n");
    add_file(&b, "opsp.csv",
             "psn_no,opsp_dise_code,begndate,enddate\n"
             "P1,M03900,2026-01-01,2026-02-28\nP1,M01600,20260101,20281231\nP1,M1,2026-01-01,9999-12-31\n"
             "P1,M2,2026-01-01,2026-02-30\n");
    add_file(&b, "insu.csv",
             "psn_no,insutype,psn_insu_date,paus_insu_date,emp_no,缴费基数,户编号\n"
             "P1,310,2025-01-01,2026-01-01,U1,8000.50,F1\nP2,310,2025-01-01,,U1,,\n");
    add_file(&b, "scan.csv",
             "psn_no,fixmedins_code,med_list_codg,drug_trac_codg,sel_retn_time,sel_retn_cnt,setl_id,infno\n"
             "P1,H1,X1,8100,2026-01-02 10:00:00,1,S1,3505\n,H1,X1,8101,2026-01-02 10:00:00,-1,,\n");
    add_file(&b, "dept.csv",
             "fixmedins_code,hosp_dept_codg,caty,hosp_dept_name,aprv_bed_cnt,begntime,endtime\n"
             "H1,D01,A03,内科,40,2020-01-01 00:00:00,2025-12-31 23:59:59\n");
    add_file(&b, "dr.csv",
             "dr_code,dr_name,drord_dr_profttl,fixmedins_code,资格开始日期,资格结束日期\n"
             "DR1,张三,232,H1,2026-01-01,\n");
    add_file(&b, "place.csv",
             "fixmedins_code,fixmedins_name,fixmedins_type,medins_lv\nP9,药店,2,\nH1,医院,1,05\n");
    add_file(&b, "med.csv",
             "med_list_codg,drug_spec,dosform,min_pac_cnt,min_pacunt\nX1,0.5g/"
             "片,片剂,24,盒\nX2,复方,片剂,12,盒\n");
    check_run(&b);
    CELL(&b, SH_TABLE_SETTLEMENT_LIST, 0, "days", "30000");
    CELL(&b, SH_TABLE_SETTLEMENT_LIST, 0, "readmission_planned", ""); /* 2 says different things */
    CELL(&b, SH_TABLE_SETTLEMENT_LIST, 0, "contact_given", "0");
    CELL(&b, SH_TABLE_CHRONIC_RIGHT, 0, "to", "20513"); /* 2026-03-01 */
    CELL(&b, SH_TABLE_CHRONIC_RIGHT, 1, "to", "21550"); /* 2029-01-01 */
    CELL(&b, SH_TABLE_CHRONIC_RIGHT, 2, "to", "");
    CHECK_I64(b.sink->n_rejects[SH_TABLE_CHRONIC_RIGHT], 1);
    CELL(&b, SH_TABLE_ENROLMENT, 0, "wage_base", "800050");
    CHECK_I64(b.sink->n_rows[SH_TABLE_PERSON], 1);
    CELL(&b, SH_TABLE_PERSON, 0, "family", "F1");
    CELL(&b, SH_TABLE_TRACE_SCAN, 0, "kind", "销售");
    CELL(&b, SH_TABLE_TRACE_SCAN, 1, "kind", "销售退货");
    CELL(&b, SH_TABLE_TRACE_SCAN, 1, "person", "#H1");
    CELL(&b, SH_TABLE_TRACE_SCAN, 1, "quantity", "10000");
    CELL(&b, SH_TABLE_DEPARTMENT, 0, "department", "H1:D01");
    CELL(&b, SH_TABLE_DEPARTMENT, 0, "valid_to", "20454"); /* 2026-01-01 */
    CELL(&b, SH_TABLE_PRACTITIONER, 0, "title", "副主任医师");
    CELL(&b, SH_TABLE_INSTITUTION, 1, "level", "2");
    CELL(&b, SH_TABLE_ITEM, 0, "strength_amount", "5000000");
    CELL(&b, SH_TABLE_ITEM, 0, "strength_unit", "mg");
    CELL(&b, SH_TABLE_ITEM, 1, "strength_amount", "");
}

/* What a dose or a frequency says in words becomes a number, or nothing: never a reject and never a guess. */
static void doses_and_frequencies_are_read_or_left_empty(void **state) {
    (void)state;
    static const struct {
        const char *dose, *amount, *unit, *frequency, *times;
    } rows[] = {
        {"0.5g", "5000000", "mg", "tid", "30000"},
        {"10 mg/次", "100000", "mg", "每日三次", "30000"},
        {"1片", "10000", "片", "1日2次", "20000"},
        {"0.25μg", "2500", "μg", "q8h", "30000"},
        {"2万单位", "200000000", "IU", "qod", "5000"},
        {"5ML", "50000", "ml", "2次/天", "20000"},
        {"适量", "", "", "必要时", ""},
        {"1-2片", "", "", "每周一次", ""},
        {"0.00001mg", "", "", "st", ""},
        {"", "", "", "", ""},
        {"1片10mg", "", "", "bid(餐前)", "20000"},
        {"1L", "10000000", "ml", "每8小时一次", "30000"},
    };
    enum { N = sizeof(rows) / sizeof(rows[0]) };
    SH_CLEANUP(bench_release) struct bench b = bench_new("national");
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    sh_buf_add_text(&text,
                    "bkkp_sn,psn_no,fixmedins_code,mdtrt_id,fee_ocur_time,med_list_codg,det_item_fee_sumamt,"
                    "cnt,pric,sin_dos_dscr,used_frqu_dscr\n");
    for (size_t i = 0; i < N; i++)
        sh_buf_addf(&text, "B%zu,P1,H1,M1,2026-01-02,X1,1.00,1,1,%s,%s\n", i, rows[i].dose,
                    rows[i].frequency);
    sh_buf_add_char(&text, '\0');
    add_file(&b, "fee.csv", text.at);
    check_run(&b);
    CHECK_I64(b.sink->n_rejects[SH_TABLE_LINE], 0);
    for (size_t i = 0; i < N; i++) {
        CELL(&b, SH_TABLE_LINE, i, "dose_amount", rows[i].amount);
        CELL(&b, SH_TABLE_LINE, i, "dose_unit", rows[i].unit);
        CELL(&b, SH_TABLE_LINE, i, "times_per_day", rows[i].times);
    }
}

static void a_wrong_file_stops_the_import_before_the_first_row(void **state) {
    (void)state;
    const struct {
        const char *content, *part;
    } wrong[] = {{"", "empty"},
                 {"x,y\n1,2\n", "none of the columns"},
                 {"person,sex\n", "nearest is 'person', of which column 'birth'"},
                 {"person,sex,birth,Person\n", "'person' stands twice"},
                 {"\xff\xfep\0", "UTF-16"}};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        SH_CLEANUP(bench_release) struct bench b = bench_new("generic");
        struct sh_err err;
        add_file(&b, "good.csv", "person,sex,birth\nP1,男,2000-01-01\n");
        add_file(&b, "bad.csv", wrong[i].content);
        CHECK(run(&b, &err) != SH_OK);
        CHECK_HAS(err.message, "bad.csv");
        CHECK_HAS(err.message, wrong[i].part);
        CHECK_I64(b.sink->n_rows[SH_TABLE_PERSON], 0);
    }
}

static void a_header_alone_is_an_empty_file(void **state) {
    (void)state;
    SH_CLEANUP(bench_release) struct bench b = bench_new("generic");
    add_file(&b, "p.csv", "person,sex,birth");
    check_run(&b);
    CHECK_I64(b.result.tables[SH_TABLE_PERSON].read, 0);
}

static void the_mapping_must_exist(void **state) {
    (void)state;
    struct sh_err err;
    SH_CLEANUP(bench_release) struct bench b = bench_new("nationall");
    add_file(&b, "p.csv", "person,sex,birth");
    CHECK_CODE(run(&b, &err), SH_E_NOTFOUND);
    CHECK_HAS(err.message, "national");
    b.mapping = "../x";
    CHECK_CODE(run(&b, &err), SH_E_INPUT);
}

/* Random damage: nothing is lost or counted twice, and the counts do not depend on the number of threads. */
static void records_are_conserved(void **state) {
    (void)state;
    struct sh_rng rng;
    sh_rng_seed(&rng, check_seed(5));
    for (int round = 0; round < 12; round++) {
        SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
        (void)sh_buf_add_text(&text, FEE);
        const size_t n = 4000;
        for (size_t i = 0; i < n; i++) {
            const size_t begin = text.len;
            (void)sh_buf_addf(&text,
                              "B%zu,M%zu,P%zu,H1,S1,2026-01-02 "
                              "09:30:00,X%zu,2,1.5,3.00,3.00,11,R%zu,101,A%zu,0.1,1,\"药,%zu\"\n",
                              i, i / 10, i / 100, i % 50, i, i % 7, i);
            if (sh_rng_below(&rng, 50) ==
                0) /* no line end and no quote: those change the number of records */
                text.at[begin + sh_rng_below(&rng, 20)] = (char)sh_rng_below(&rng, 20);
            if (text.at[text.len - 1] != '\n' || memchr(text.at + begin, '\n', text.len - begin - 1))
                text.len = begin;
        }
        size_t lines = 0;
        for (size_t i = 0; i < text.len; i++)
            lines += text.at[i] == '\n';
        uint64_t rows[2], rejects[2];
        int64_t fen[2];
        for (unsigned threads = 1; threads <= 2; threads++) {
            SH_CLEANUP(bench_release) struct bench b = bench_new("national");
            b.threads = threads * 2 - 1;
            b.sink->is_counting = true;
            add_bytes(&b, "fee.csv", sh_buf_view(&text));
            check_run(&b);
            CHECK_I64(b.result.tables[SH_TABLE_LINE].read, lines - 1);
            rows[threads - 1] = b.sink->n_rows[SH_TABLE_LINE];
            rejects[threads - 1] = b.sink->n_rejects[SH_TABLE_LINE];
            fen[threads - 1] = b.result.tables[SH_TABLE_LINE].read_fen;
        }
        CHECK_I64(rows[0], rows[1]);
        CHECK_I64(rejects[0], rejects[1]);
        CHECK_I64(fen[0], fen[1]);
    }
}

static sh_code one_import(void *ctx, struct sh_err *err) {
    return run(ctx, err);
}

/* Whatever allocation fails, the import ends with that error and leaves nothing behind. */
static void want_of_memory_is_survived(void **state) {
    (void)state;
    SH_CLEANUP(bench_release) struct bench b = bench_new("generic");
    b.sink->is_counting = true;
    add_file(&b, "p.csv", "person,sex,birth\nP1,男,2000-01-01\n\"P\"\"2\",女,2000-13-01\nP3\n");
    add_bytes(&b, "gb.csv", SH_STR("person,sex,birth\nP1,\xc4\xd0,2000-01-01\nP2,\xff,\n"));
    check_torture(one_import, &b);
}

CHECK_MAIN(cmocka_unit_test(encounters_carry_the_national_meanings), cmocka_unit_test(lines_are_typed),
           cmocka_unit_test(stock_is_in_smallest_units), cmocka_unit_test(bad_values_are_rejected_one_by_one),
           cmocka_unit_test(a_nul_byte_costs_its_record), cmocka_unit_test(gb18030_reads_like_utf8),
           cmocka_unit_test(rows_skipped_by_when_do_not_count),
           cmocka_unit_test(registers_dimensions_and_scans_are_recognised),
           cmocka_unit_test(doses_and_frequencies_are_read_or_left_empty),
           cmocka_unit_test(a_wrong_file_stops_the_import_before_the_first_row),
           cmocka_unit_test(a_header_alone_is_an_empty_file), cmocka_unit_test(the_mapping_must_exist),
           cmocka_unit_test(want_of_memory_is_survived), cmocka_unit_test(records_are_conserved))
