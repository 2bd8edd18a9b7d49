/* Every maximum of a count that comes from outside. Going over one is an error (SH_E_LIMIT), never a
 * truncation. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Memory */
#define SH_ARENA_BLOCK_BYTES                                                                                 \
    ((size_t)64 << 10) /* first block of an arena; later ones double up to the next line */
#define SH_ARENA_BLOCK_BYTES_MAX ((size_t)4 << 20)
#define SH_ARENA_BYTES_MAX ((size_t)1 << 30) /* an arena whose limit is left 0 */
#define SH_BUF_BYTES_MAX ((size_t)1 << 30)   /* a buffer whose maximum is left 0 */

/* Texts we ship or that an administrator edits: knowledge, rules, procedures, mappings */
#define SH_TEXT_FILE_BYTES_MAX ((size_t)64 << 20) /* one such file */
#define SH_CSV_COLUMNS_MAX ((size_t)1024)
#define SH_CSV_ROWS_MAX ((size_t)4 << 20)
#define SH_CSV_CELL_BYTES_MAX ((size_t)1 << 20)
#define SH_YAML_BYTES_MAX ((size_t)4 << 20)
#define SH_YAML_DEPTH_MAX ((size_t)32)
#define SH_YAML_NODES_MAX ((size_t)1 << 20)
#define SH_JSON_BYTES_MAX ((size_t)64 << 20)
#define SH_JSON_DEPTH_MAX ((size_t)64)

/* Files */
#define SH_PATH_BYTES_MAX ((size_t)4096) /* with the final NUL */
#define SH_DIR_ENTRIES_MAX ((size_t)1 << 20)
#define SH_TREE_DEPTH_MAX ((size_t)64)

/* Work */
#define SH_THREADS_MAX ((size_t)256)
#define SH_WORD_BYTES_MAX ((size_t)128) /* words compared for "did you mean" */

/* Range of dates: outside it a date is a typing error (a birth before 1850 or a stay after 2200) */
#define SH_YEAR_MIN 1850
#define SH_YEAR_MAX 2200

/* Decimals */
#define SH_DECIMAL_SCALE_MAX 18

/* Foreign claim files: longer ones are rejects, the rest of the file goes on */
#define SH_FIELD_BYTES_MAX ((size_t)256 << 10)
#define SH_RECORD_BYTES_MAX ((size_t)1 << 20)
#define SH_IMPORT_FILES_MAX ((size_t)65536)
#define SH_MAPPING_BYTES_MAX ((size_t)1 << 20)
#define SH_MAPPING_SOURCES_MAX ((size_t)64)
#define SH_MAPPING_SELECTS_MAX ((size_t)128) /* `-- table:` blocks of one source */
#define SH_MAPPING_OUTPUTS_MAX ((size_t)256) /* outputs of one SELECT */

/* Records and blobs of the store */
#define SH_RECORD_OPEN_BYTES_MAX ((size_t)256 << 10)
#define SH_RECORD_SEALED_BYTES_MAX ((size_t)1 << 20)
#define SH_RECORD_SEARCH_BYTES_MAX ((size_t)2 << 10)
#define SH_RECORD_KEY_BYTES_MAX ((size_t)256)
#define SH_BLOB_BYTES_MAX ((size_t)64 << 20)
