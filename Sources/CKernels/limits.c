#include "CLimits.h"

#include <string.h>

// What the compiler must not see through: without it, it would fold or hoist the products.
#if defined(__x86_64__)
#define HIDDEN(v) __asm__ volatile("" : "+v"(v))
#elif defined(__aarch64__)
#define HIDDEN(v) __asm__ volatile("" : "+w"(v))
#endif

// Not inlined: it would draw the loops before it into bytes.
__attribute__((noinline)) static uint8_t fold(const void *words, size_t count) {
  const uint8_t *bytes = words;
  uint8_t result = 0;
  for (size_t i = 0; i < count; i++) result ^= bytes[i];
  return result;
}

// MARK: - Portable

static uint8_t read_scalar(const void *bytes, size_t count) {
  const uint8_t *p = bytes;
  uint64_t sums[4] = {0};
  size_t at = 0;
  for (; at + sizeof sums <= count; at += sizeof sums) {
    uint64_t words[4];
    memcpy(words, p + at, sizeof words);
    for (int i = 0; i < 4; i++) sums[i] ^= words[i];
  }
  return fold(sums, sizeof sums) ^ fold(p + at, count - at);
}

enum { SCALAR_PRODUCTS = 1024 };

static uint32_t multiply_scalar(size_t rounds) {
  int8_t x[SCALAR_PRODUCTS], y[SCALAR_PRODUCTS];
  memset(x, 1, sizeof x);
  memset(y, 1, sizeof y);
  int32_t sum = 0;
  for (size_t round = 0; round < rounds; round++) {
    __asm__ volatile("" : : "r"(x), "r"(y) : "memory");
    int32_t part = 0;
    for (size_t i = 0; i < SCALAR_PRODUCTS; i++) part += x[i] * y[i];
    sum = (int32_t)((uint32_t)sum + (uint32_t)part);
  }
  return (uint32_t)sum;
}

static const cl_loops scalar = {read_scalar, multiply_scalar, SCALAR_PRODUCTS};

#if defined(__x86_64__)

#include <immintrin.h>

// MARK: - AVX2

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

static uint8_t read_avx2(const void *bytes, size_t count) {
  const uint8_t *p = bytes;
  __m256i sums[8];
  for (int i = 0; i < 8; i++) sums[i] = _mm256_setzero_si256();
  size_t at = 0;
  for (; at + sizeof sums <= count; at += sizeof sums)
    for (int i = 0; i < 8; i++)
      sums[i] = _mm256_xor_si256(sums[i], _mm256_loadu_si256((const __m256i *)(p + at) + i));
  return fold(sums, sizeof sums) ^ fold(p + at, count - at);
}

enum { AVX2_CHAINS = 8 };

static uint32_t multiply_avx2(size_t rounds) {
  const __m256i one_words = _mm256_set1_epi16(1);
  __m256i x = _mm256_set1_epi8(1), y = _mm256_set1_epi8(1);
  __m256i sums[AVX2_CHAINS];
  for (int i = 0; i < AVX2_CHAINS; i++) sums[i] = _mm256_setzero_si256();
  for (size_t round = 0; round < rounds; round++)
    for (int i = 0; i < AVX2_CHAINS; i++) {
      HIDDEN(x);
      __m256i pairs = _mm256_madd_epi16(_mm256_maddubs_epi16(x, y), one_words);
      sums[i] = _mm256_add_epi32(sums[i], pairs);
    }
  uint32_t lanes[AVX2_CHAINS * 8], total = 0;
  memcpy(lanes, sums, sizeof lanes);
  for (size_t i = 0; i < sizeof lanes / sizeof lanes[0]; i++) total += lanes[i];
  return total;
}

#pragma clang attribute pop

static const cl_loops avx2 = {read_avx2, multiply_avx2, AVX2_CHAINS * 32};

// MARK: - AVX-512

#pragma clang attribute push(                                                                    \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c"))),      \
    apply_to = function)

static uint8_t read_avx512(const void *bytes, size_t count) {
  const uint8_t *p = bytes;
  __m512i sums[8];
  for (int i = 0; i < 8; i++) sums[i] = _mm512_setzero_si512();
  size_t at = 0;
  for (; at + sizeof sums <= count; at += sizeof sums)
    for (int i = 0; i < 8; i++)
      sums[i] = _mm512_xor_si512(sums[i], _mm512_loadu_si512(p + at + i * 64));
  return fold(sums, sizeof sums) ^ fold(p + at, count - at);
}

enum { AVX512_CHAINS = 16 };

static uint32_t multiply_avx512(size_t rounds) {
  __m512i x = _mm512_set1_epi8(1), y = _mm512_set1_epi8(1);
  HIDDEN(x);
  HIDDEN(y);
  __m512i sums[AVX512_CHAINS];
  for (int i = 0; i < AVX512_CHAINS; i++) sums[i] = _mm512_setzero_si512();
  for (size_t round = 0; round < rounds; round++)
    for (int i = 0; i < AVX512_CHAINS; i++) {
      sums[i] = _mm512_dpbusd_epi32(sums[i], x, y);
      HIDDEN(sums[i]);
    }
  uint32_t lanes[AVX512_CHAINS * 16], total = 0;
  memcpy(lanes, sums, sizeof lanes);
  for (size_t i = 0; i < sizeof lanes / sizeof lanes[0]; i++) total += lanes[i];
  return total;
}

#pragma clang attribute pop

static const cl_loops avx512 = {read_avx512, multiply_avx512, AVX512_CHAINS * 64};

#elif defined(__aarch64__)

#include <arm_neon.h>

// MARK: - NEON

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)

static uint8_t read_neon(const void *bytes, size_t count) {
  const uint8_t *p = bytes;
  uint8x16_t sums[8];
  for (int i = 0; i < 8; i++) sums[i] = vdupq_n_u8(0);
  size_t at = 0;
  for (; at + sizeof sums <= count; at += sizeof sums)
    for (int i = 0; i < 8; i++) sums[i] = veorq_u8(sums[i], vld1q_u8(p + at + i * 16));
  return fold(sums, sizeof sums) ^ fold(p + at, count - at);
}

enum { NEON_CHAINS = 16 };

static uint32_t multiply_neon(size_t rounds) {
  int8x16_t x = vdupq_n_s8(1), y = vdupq_n_s8(1);
  HIDDEN(x);
  HIDDEN(y);
  int32x4_t sums[NEON_CHAINS];
  for (int i = 0; i < NEON_CHAINS; i++) sums[i] = vdupq_n_s32(0);
  for (size_t round = 0; round < rounds; round++)
    for (int i = 0; i < NEON_CHAINS; i++) {
      sums[i] = vdotq_s32(sums[i], x, y);
      HIDDEN(sums[i]);
    }
  uint32_t total = 0;
  for (int i = 0; i < NEON_CHAINS; i++) total += (uint32_t)vaddvq_s32(sums[i]);
  return total;
}

#pragma clang attribute pop

static const cl_loops neon = {read_neon, multiply_neon, NEON_CHAINS * 16};

#endif

const cl_loops *cl_select(const char *name) {
#if defined(__x86_64__)
  if (strcmp(name, "avx512") == 0) return &avx512;
  if (strcmp(name, "avx2") == 0) return &avx2;
#elif defined(__aarch64__)
  if (strcmp(name, "neon") == 0) return &neon;
#else
  (void)name;
#endif
  return &scalar;
}
