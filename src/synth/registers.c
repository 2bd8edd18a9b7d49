/* What the city's office knows of its institutions, their departments and practitioners, and of goods. */
#include "base/fs.h"
#include "base/limits.h"
#include "synth/write.h"

static sh_code write_file(const char *dir, const char *name, struct sh_buf *text, uint64_t *bytes,
                          struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    SH_TRY(sh_buf_check(text, err));
    SH_TRY(sh_path_join(path, dir, name, err));
    *bytes += text->len;
    return sh_fs_write(path, sh_buf_view(text), err);
}

/* The last day on which SYN_DOCTOR_ENDED is qualified. */
static int32_t ended_day(const struct syn_book *book) {
    for (size_t i = 0; i < book->n_points; i++)
        if (sh_str_is(book->points[i].rule, "not-qualified"))
            return book->points[i].from - 1;
    return INT32_MAX;
}

static sh_code write_practitioners(const struct syn_city *city, const char *out_dir, uint64_t *bytes,
                                   struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    char ended[SH_DATE_TEXT_MAX] = "";
    if (ended_day(city->book) != INT32_MAX)
        sh_date_format(ended_day(city->book), ended);
    (void)sh_buf_add_text(&text,
                          "dr_code,dr_name,drord_dr_profttl,fixmedins_code,begndate,enddate,人员类别,caty,"
                          "资格开始日期,资格结束日期\n");
    for (uint32_t p = 0; p < city->n_places; p++)
        for (uint32_t d = 0; d < SYN_DOCTORS_A_PLACE; d++)
            (void)sh_buf_addf(&text, "D990100%06u,,,%s,2015-01-01,,%s,,2015-01-01,%s\n",
                              p * SYN_DOCTORS_A_PLACE + d, city->places[p].code,
                              city->places[p].class_ == SYN_SHOP ? "药师" : "医师",
                              d == SYN_DOCTOR_ENDED ? ended : "");
    for (uint32_t p = 0; p < city->n_places; p++)
        for (uint32_t s = 0; s < SYN_STAFF_A_PLACE && city->places[p].class_ != SYN_SHOP; s++)
            (void)sh_buf_addf(&text, "T990100%06u,,,%s,2015-01-01,,%s,,2015-01-01,\n",
                              p * SYN_STAFF_A_PLACE + s, city->places[p].code, s % 2 ? "技师" : "护士");
    return write_file(out_dir, "dr_b.csv", &text, bytes, err);
}

/* Goods are counted in smallest units, in claims as in the books: a package is one. */
static sh_code write_goods(const struct syn_city *city, const char *out_dir, uint64_t *bytes,
                           struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    (void)sh_buf_add_text(
        &text, "med_list_codg,drug_genname,drug_spec,dosform,min_pac_cnt,min_pacunt,min_prepunt,begndate\n");
    for (size_t i = 0; i < city->book->n_items; i++) {
        const struct syn_item *item = &city->book->items[i];
        const char *unit = sh_syn_unit_of(item);
        if (!item->is_service)
            (void)sh_buf_addf(&text, "%.*s,%.*s,,,1,%s,%s,2015-01-01\n", SH_ARG(item->code),
                              SH_ARG(item->name), unit, unit);
    }
    return write_file(out_dir, "medlist_b.csv", &text, bytes, err);
}

sh_code sh_syn_write_registers(const struct syn_city *city, const char *out_dir, uint64_t *bytes,
                               struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf places = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf depts = {0};
    (void)sh_buf_add_text(&places, "fixmedins_code,fixmedins_name,fixmedins_type,medins_lv,fix_blng_admdvs,"
                                   "aprv_bed_cnt,begndate,enddate,协议开始日期,协议结束日期\n");
    (void)sh_buf_add_text(
        &depts, "fixmedins_code,hosp_dept_codg,caty,hosp_dept_name,aprv_bed_cnt,begntime,endtime\n");
    static const int beds_of[SYN_CLASSES] = {1200, 400, 60, 0, 0};
    enum { FEW_BEDS = 5 };
    for (uint32_t p = 0; p < city->n_places; p++) {
        const struct syn_place *place = &city->places[p];
        const bool is_crowded = city->plant_ppm && p == city->n_places - SYN_COMPARED + SYN_CROWDED;
        const int beds = is_crowded ? FEW_BEDS : beds_of[place->class_];
        (void)sh_buf_addf(&places, "%s,%.*s,%d,%.*s,990100,%d,2015-01-01,,2015-01-01,\n", place->code,
                          SH_ARG(place->name), place->class_ == SYN_SHOP ? 2 : 1, SH_ARG(place->hosp_lv),
                          beds);
        for (size_t d = 0; place->class_ != SYN_SHOP && d < city->book->n_depts; d++) {
            const struct syn_named *dept = &city->book->depts[d];
            (void)sh_buf_addf(&depts, "%s,%.*s,%.*s,%.*s,%d,2015-01-01,\n", place->code, SH_ARG(dept->code),
                              SH_ARG(dept->code), SH_ARG(dept->name), beds / (int)city->book->n_depts);
        }
    }
    SH_TRY(write_file(out_dir, "medins_b.csv", &places, bytes, err));
    SH_TRY(write_practitioners(city, out_dir, bytes, err));
    SH_TRY(write_goods(city, out_dir, bytes, err));
    return write_file(out_dir, "dept_b.csv", &depts, bytes, err);
}
