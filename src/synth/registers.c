/* What the city's office knows of its institutions and their departments: medins_b.csv, dept_b.csv. */
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

sh_code sh_syn_write_registers(const struct syn_city *city, const char *out_dir, uint64_t *bytes,
                               struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf places = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf depts = {0};
    (void)sh_buf_add_text(&places, "fixmedins_code,fixmedins_name,fixmedins_type,medins_lv,fix_blng_admdvs,"
                                   "aprv_bed_cnt,begndate,enddate,协议开始日期,协议结束日期\n");
    (void)sh_buf_add_text(
        &depts, "fixmedins_code,hosp_dept_codg,caty,hosp_dept_name,aprv_bed_cnt,begntime,endtime\n");
    static const int beds[SYN_CLASSES] = {1200, 400, 60, 0, 0};
    for (uint32_t p = 0; p < city->n_places; p++) {
        const struct syn_place *place = &city->places[p];
        (void)sh_buf_addf(&places, "%s,%.*s,%d,%.*s,990100,%d,2015-01-01,,2015-01-01,\n", place->code,
                          SH_ARG(place->name), place->class_ == SYN_SHOP ? 2 : 1, SH_ARG(place->hosp_lv),
                          beds[place->class_]);
        for (size_t d = 0; place->class_ != SYN_SHOP && d < city->book->n_depts; d++) {
            const struct syn_named *dept = &city->book->depts[d];
            (void)sh_buf_addf(&depts, "%s,%.*s,%.*s,%.*s,%d,2015-01-01,\n", place->code, SH_ARG(dept->code),
                              SH_ARG(dept->code), SH_ARG(dept->name),
                              beds[place->class_] / (int)city->book->n_depts);
        }
    }
    SH_TRY(write_file(out_dir, "medins_b.csv", &places, bytes, err));
    return write_file(out_dir, "dept_b.csv", &depts, bytes, err);
}
