#ifndef CK_TABLES_H
#define CK_TABLES_H

#include "CKernels.h"

extern const ck_table ck_scalar;
#if defined(__x86_64__)
extern const ck_table ck_avx512;
extern const ck_table ck_avx2;
#elif defined(__aarch64__)
extern const ck_table ck_neon;
#endif

#endif
