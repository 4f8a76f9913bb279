#include "tables.h"
const ck_table ck_avx2 = {.name = "avx2"};
