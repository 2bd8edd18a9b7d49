/* What the room's tables repeat of a record goes when the record is erased. */
#include "matter/inner.h"

/* How a row stands, whose it is and what it is about in money stays: sums and separation of duties rest
 * on them. What was said, named or described goes. */
static const char *const wipes[] = {
    "update mt_matter set subject = '', fields = '{}' where id = $1",
    "update mt_step set why = '', fields = '{}' where matter = $1",
    "update mt_voice set words = '' where matter = $1",
    "update mt_item set person = '', name = '', say = '', fields = '{}', receipt = '' where id = $1",
    "update mt_item_step set why = '', fields = '{}' where item = $1",
    "update mt_paper set addressee = '' where record = $1",
    "update mt_comment set words = '' where id = $1",
    "update mt_attachment set name = '', source = '', hash = '' where id = $1",
    "update mt_custody set why = '' where attachment = $1",
    "update mt_evidence set why = '', device = '', hash = '' where id = $1",
    "update mt_written set key = record where record = $1",
    "delete from mt_row where record = $1",
};

const char *const *sh_matter_wipes(size_t *ret_n) {
    *ret_n = sizeof wipes / sizeof wipes[0];
    return wipes;
}

sh_code sh_matter_forget(struct sh_txn *txn, struct sh_str record, struct sh_err *err) {
    bool has = false;
    SH_TRY(sh_sql_has_table(txn, "mt_row", &has, err));
    for (size_t i = 0; has && i < sizeof wipes / sizeof wipes[0]; i++)
        SH_TRY(sh_sql_run(txn, wipes[i], &SH_TEXT(record), 1, NULL, err));
    return SH_OK;
}
