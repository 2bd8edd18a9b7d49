/*
 * Columns of the national extract tables (数据提取) in their order, and of the store tables 5.1 … 5.4, whose
 * headers are Chinese. Inner header of the room.
 */
#pragma once

/* clang-format off */
#define SYN_FEE_COLUMNS(X) \
    X(bkkp_sn) X(mdtrt_id) X(fee_ocur_time) X(setl_id) X(rx_drord_no) X(fixmedins_code) X(fixmedins_name) \
    X(psn_no) X(psn_insu_rlts_id) X(insu_admdvs) X(pay_loc) X(med_type) X(cnt) X(pric) \
    X(det_item_fee_sumamt) X(pric_uplmt_amt) X(selfpay_prop) X(fulamt_ownpay_amt) X(overlmt_selfpay) \
    X(preselfpay_amt) X(inscp_amt) X(cvlserv_bedfee_amt) X(medins_disc_amt) X(chrgitm_lv) X(hilist_code) \
    X(hilist_name) X(list_type) X(med_list_codg) X(medins_list_codg) X(medins_list_name) \
    X(med_chrgitm_type) X(prodname) X(spec) X(dosform_name) X(bilg_dept_codg) X(bilg_dept_name) \
    X(bilg_dr_code) X(bilg_dr_name) X(acord_dept_codg) X(acord_dept_name) X(acord_dr_code) \
    X(acord_dr_name) X(lmt_used_flag) X(hosp_prep_flag) X(hosp_appr_flag) X(tcmdrug_used_way) \
    X(prodplac_type) X(bas_medn_flag) X(hi_nego_drug_flag) X(prcu_drug_flag) X(chld_medc_flag) \
    X(etip_flag) X(etip_hosp_code) X(dscg_tkdrug_flag) X(list_sp_item_flag) X(matn_fee_flag) \
    X(drt_reim_flag) X(reim_prop) X(oprn_oprt_code) X(sin_dos_dscr) X(used_frqu_dscr) X(prd_days) \
    X(medc_way_dscr) X(memo) X(vali_flag) X(rid) X(updt_time) X(crter_id) X(crter_name) X(crte_time) \
    X(crte_optins_no) X(opter_id) X(opter_name) X(opt_time) X(optins_no) X(poolarea_no) X(rx_circ_flag) \
    X(dise_codg) X(chrg_bchno) X(init_feedetl_sn) X(comb_no) X(pt)
#define SYN_MDTRT_COLUMNS(X) \
    X(mdtrt_id) X(medins_setl_id) X(psn_no) X(psn_insu_rlts_id) X(psn_cert_type) X(certno) X(psn_name) \
    X(gend) X(naty) X(brdy) X(age) X(coner_name) X(tel) X(addr) X(insutype) X(psn_type) X(cvlserv_flag) \
    X(cvlserv_lv) X(sp_psn_type) X(sp_psn_type_lv) X(clct_grde) X(flxempe_flag) X(nwb_flag) X(insu_admdvs) \
    X(emp_no) X(emp_name) X(emp_type) X(econ_type) X(afil_indu) X(afil_rlts) X(emp_mgt_type) X(pay_loc) \
    X(fixmedins_code) X(fixmedins_name) X(hosp_lv) X(fix_blng_admdvs) X(lmtpric_hosp_lv) X(dedc_hosp_lv) \
    X(begntime) X(endtime) X(mdtrt_cert_type) X(mdtrt_cert_no) X(med_type) X(rloc_type) \
    X(ars_year_ipt_flag) X(pre_pay_flag) X(year) X(refl_old_mdtrt_id) X(ipt_otp_no) X(medrcdno) \
    X(chfpdr_code) X(adm_diag_dscr) X(adm_dept_codg) X(adm_dept_name) X(adm_bed) X(wardarea_bed) \
    X(traf_dept_flag) X(dscg_maindiag_code) X(dscg_dept_codg) X(dscg_dept_name) X(dscg_bed) X(dscg_way) \
    X(main_cond_dscr) X(dise_no) X(dise_name) X(oprn_oprt_code) X(oprn_oprt_name) X(otp_diag_info) \
    X(inhosp_stas) X(die_date) X(ipt_days) X(geso_val) X(birctrl_type) X(fetts) X(fetus_cnt) X(matn_type) \
    X(prey_time) X(latechb_flag) X(pret_flag) X(fpsc_no) X(birctrl_matn_date) X(cop_flag) \
    X(trt_dcla_detl_sn) X(vali_flag) X(memo) X(rid) X(updt_time) X(crter_id) X(crter_name) X(crte_time) \
    X(crte_optins_no) X(opter_id) X(opter_name) X(opt_time) X(optins_no) X(poolarea_no) X(chfpdr_name) \
    X(dscg_maindiag_name) X(adm_caty) X(dscg_caty) X(ttp_pay_flag) X(ttp_pay_prop) X(dise_type_code) \
    X(same_dise_adm_flag) X(quts_type) X(pt)
#define SYN_SETL_COLUMNS(X) \
    X(setl_id) X(clr_optins) X(medins_setl_id) X(mdtrt_id) X(init_setl_id) X(psn_no) X(psn_insu_rlts_id) \
    X(psn_name) X(psn_cert_type) X(certno) X(gend) X(naty) X(brdy) X(age) X(insutype) X(psn_type) \
    X(cvlserv_flag) X(cvlserv_lv) X(sp_psn_type) X(sp_psn_type_lv) X(clct_grde) X(flxempe_flag) \
    X(nwb_flag) X(insu_admdvs) X(emp_no) X(emp_name) X(emp_type) X(econ_type) X(afil_indu) X(afil_rlts) \
    X(emp_mgt_type) X(pay_loc) X(fixmedins_code) X(fixmedins_name) X(hosp_lv) X(fix_blng_admdvs) \
    X(lmtpric_hosp_lv) X(dedc_hosp_lv) X(begndate) X(enddate) X(setl_time) X(mdtrt_cert_type) \
    X(mdtrt_cert_no) X(med_type) X(setl_type) X(clr_type) X(clr_way) X(psn_setlway) X(medfee_sumamt) \
    X(fulamt_ownpay_amt) X(overlmt_selfpay) X(preselfpay_amt) X(inscp_amt) X(dedc_std) X(crt_dedc) \
    X(act_pay_dedc) X(hifp_pay) X(pool_prop_selfpay) X(hi_agre_sumfee) X(cvlserv_pay) X(hifes_pay) \
    X(hifmi_pay) X(hifob_pay) X(hifdm_pay) X(maf_pay) X(othfund_pay) X(fund_pay_sumamt) X(psn_pay) \
    X(acct_pay) X(cash_payamt) X(ownpay_hosp_part) X(balc) X(acct_mulaid_pay) X(refd_setl_flag) \
    X(cal_ipt_cnt) X(setl_cashpay_way) X(year) X(dise_no) X(dise_name) X(invono) X(manl_reim_rea) \
    X(vali_flag) X(memo) X(rid) X(updt_time) X(crter_id) X(crter_name) X(crte_time) X(crte_optins_no) \
    X(opter_id) X(opter_name) X(opt_time) X(optins_no) X(poolarea_no) X(mid_setl_flag) X(acct_used_flag) \
    X(quts_type) X(bydise_setl_payamt) X(exct_item_fund_payamt) X(pt)
#define SYN_DIAG_COLUMNS(X) \
    X(setl_list_diag_id) X(setl_id) X(mdtrt_id) X(psn_no) X(diag_type) X(maindiag_flag) X(diag_code) \
    X(diag_name) X(adm_cond_type) X(vali_flag) X(rid) X(updt_time) X(crter_id) X(crter_name) X(crte_time) \
    X(crte_optins_no) X(opter_id) X(opter_name) X(opt_time) X(optins_no) X(poolarea_no) X(setl_list_sn) \
    X(pt)
#define SYN_OPRN_COLUMNS(X) \
    X(setl_list_oprn_id) X(setl_id) X(psn_no) X(mdtrt_id) X(main_oprn_flag) X(oprn_oprt_name) \
    X(oprn_oprt_code) X(oprn_oprt_date) X(anst_way) X(oper_dr_name) X(oper_dr_code) X(anst_dr_name) \
    X(anst_dr_code) X(vali_flag) X(rid) X(updt_time) X(crter_id) X(crter_name) X(crte_time) \
    X(crte_optins_no) X(opter_id) X(opter_name) X(opt_time) X(optins_no) X(poolarea_no) X(anst_begntime) \
    X(anst_endtime) X(oprn_oprt_begntime) X(oprn_oprt_endtime) X(setl_list_sn) X(pt)
/* clang-format on */

#define SYN_FEE_ID(name) FEE_##name,
enum syn_fee_column { SYN_FEE_COLUMNS(SYN_FEE_ID) FEE_N };
#define SYN_MDTRT_ID(name) MDTRT_##name,
enum syn_mdtrt_column { SYN_MDTRT_COLUMNS(SYN_MDTRT_ID) MDTRT_N };
#define SYN_SETL_ID(name) SETL_##name,
enum syn_setl_column { SYN_SETL_COLUMNS(SYN_SETL_ID) SETL_N };
#define SYN_DIAG_ID(name) DIAG_##name,
enum syn_diag_column { SYN_DIAG_COLUMNS(SYN_DIAG_ID) DIAG_N };
#define SYN_OPRN_ID(name) OPRN_##name,
enum syn_oprn_column { SYN_OPRN_COLUMNS(SYN_OPRN_ID) OPRN_N };

#define SYN_HEADER(name) #name ","
#define SYN_STOCK_CARRY_1                                                                                                                          \
    "年月,机构编码,机构名称,药库名称,项目代码,国标代码,商品类型,商品名称,商品规格,生产厂家,供应商名称," \
    "包装单位"                                                                                                                                 \
    ",拆零单位,拆零比,库存单位,上期结存数,本期收入数,本期支出数,本期结存数,购入价,零售价,结转日期"
#define SYN_STOCK_CARRY_2                                                                                                                          \
    "年月,机构编码,机构名称,药房名称,项目代码,国标代码,商品类型,商品名称,商品规格,生产厂家,供应商名称," \
    "包装单位"                                                                                                                                 \
    ",拆零单位,拆零比,库存单位,上期结存数,本期收入数,本期支出数,本期结存数,购入价,零售价,结转日期"
#define SYN_STOCK_MOVE_3                                                                                                                           \
    "序号,机构编码,机构名称,药库名称,项目代码,国标代码,商品类型,商品名称,商品规格,生产厂家,供应商名称," \
    "包装单位"                                                                                                                                 \
    ",拆零单位,拆零比,出入库类型,出入库数量,出入库单位,购入价,零售价,业务日期,对方单位部门"
#define SYN_STOCK_MOVE_4                                                                                                                           \
    "序号,机构编码,机构名称,药房名称,项目代码,国标代码,商品类型,商品名称,商品规格,生产厂家,供应商名称," \
    "包装单位"                                                                                                                                 \
    ",拆零单位,拆零比,出入库类型,出入库数量,出入库单位,购入价,零售价,业务日期,对方部门"
