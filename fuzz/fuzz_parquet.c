/* The reader of Parquet files: any bytes as a file, all columns it names that we could ask for. */
#include "base/mem.h"
#include "lake/pq_scan.h"
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct sh_pq_wanted wanted[] = {{"a", SH_P32}, {"e", SH_P64}, {"i", SH_P8}, {"j", SH_PSTR}};
    char path[64];
    struct sh_err err;
    const int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0)
        return 0;
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (write(fd, data, size) == (ssize_t)size)
        for (size_t c = 0; c < sizeof wanted / sizeof wanted[0]; c++) {
            SH_CLEANUP(sh_pq_scan_close) struct sh_pq_scan scan = {0};
            if (sh_pq_scan_open(&scan, (const char *const[]){path}, 1, &wanted[c], 1, &err) != SH_OK)
                break;
            sh_pq_scan_range(&scan, 0, 0, 100);
            uint64_t rows = 0;
            for (uint32_t n = 1; n > 0 && rows < 1000000;) {
                if (sh_pq_scan_next(&scan, &n, &err) != SH_OK)
                    break;
                rows += n;
                for (uint32_t i = 0; wanted[c].physical == SH_PSTR && i < n; i++)
                    sh_check(sh_utf8_valid(((const struct sh_str *)scan.batch[0])[i]));
            }
        }
    (void)close(fd);
    return 0;
}
