/* Arbitrary bytes as a file for the mapping "generic". */
#include "fuzz_csv.h"

FUZZ_CSV("generic")
