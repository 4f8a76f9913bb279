#include "tables.h"

#include <string.h>

#if defined(__x86_64__)
#include <xmmintrin.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

static bool runs(const ck_table *table) {
#if defined(__x86_64__)
  if (table == &ck_avx512)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("f16c");
  if (table == &ck_avx2)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("f16c");
#elif defined(__aarch64__)
  const unsigned long dot_products = 1 << 20; // HWCAP_ASIMDDP
  if (table == &ck_neon) return getauxval(AT_HWCAP) & dot_products;
#endif
  return true;
}

const ck_table *ck_select(const char *name) {
  static const ck_table *const best_first[] = {
#if defined(__x86_64__)
      &ck_avx512,
      &ck_avx2,
#elif defined(__aarch64__)
      &ck_neon,
#endif
      &ck_scalar};
  for (size_t i = 0; i < sizeof best_first / sizeof best_first[0]; i++) {
    const ck_table *table = best_first[i];
    if ((name == NULL || strcmp(name, table->name) == 0) && runs(table)) return table;
  }
  return NULL;
}

uint64_t ck_flush_denormals(void) {
#if defined(__x86_64__)
  uint64_t control = _mm_getcsr();
  ck_restore_control(control | 0x8040); // flush to zero, denormals are zero
#elif defined(__aarch64__)
  uint64_t control;
  __asm__ volatile("mrs %0, fpcr" : "=r"(control));
  ck_restore_control(control | 1ull << 24);
#else
  uint64_t control = 0;
#endif
  return control;
}

void ck_restore_control(uint64_t control) {
#if defined(__x86_64__)
  _mm_setcsr((unsigned)control);
#elif defined(__aarch64__)
  __asm__ volatile("msr fpcr, %0" : : "r"(control));
#else
  (void)control;
#endif
}
