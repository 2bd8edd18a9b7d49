/* Making a random lake small: what is not needed for a disagreement is taken away. */
#pragma once
#include "random_lake.h"

/* Takes away each row and field without which `still` holds; asked once for each. True: something went. */
static inline bool lake_shrink(struct random_lake *lake, bool (*still)(void *ctx), void *ctx) {
    bool did = false;
    for (size_t i = 0; i < lake->n; i++) {
        struct lake_row *row = &lake->rows[i];
        if (row->gone)
            continue;
        row->gone = true;
        did |= row->gone = still(ctx);
        for (size_t f = 0; f < row->n && !row->gone; f++) {
            if (row->fields[f].gone)
                continue;
            row->fields[f].gone = true;
            did |= row->fields[f].gone = still(ctx);
        }
    }
    if (*lake->incomplete && !lake->all_complete) {
        lake->all_complete = true;
        did |= lake->all_complete = still(ctx);
    }
    return did;
}
