/* Arbitrary bytes as a file for the mapping "national". */
#include "fuzz_csv.h"

FUZZ_CSV("national")
