/* Stands in for libFuzzer: runs each file named on the command line, or each file of a directory, once. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1 << 20 };

static int run_file(const char *path) {
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(INPUT_MAX);
    if (!file || !data) {
        perror(path);
        return 1;
    }
    const size_t size = fread(data, 1, INPUT_MAX, file);
    const int has_failed = ferror(file);
    (void)fclose(file);
    uint8_t *exact =
        malloc(size ? size : 1); /* of the exact size, so that the sanitizers see a byte too far */
    if (exact) {
        memcpy(exact, data, size);
        (void)LLVMFuzzerTestOneInput(exact, size);
    }
    free(exact);
    free(data);
    return has_failed;
}

static int run_dir(const char *path) {
    DIR *dir = opendir(path);
    if (!dir)
        return run_file(path);
    int status = 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        char file[4096];
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        status |= run_file(file);
    }
    (void)closedir(dir);
    return status;
}

int main(int argc, char **argv) {
    int status = LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++)
        status |= run_dir(argv[i]);
    return status;
}
