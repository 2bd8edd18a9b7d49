/* Arbitrary bytes as a file for the mapping "tuva". */
#include "fuzz_csv.h"

FUZZ_CSV("tuva")
