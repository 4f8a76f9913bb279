#ifndef CK_AVX2_H
#define CK_AVX2_H

/// What the files of the AVX2 variant share.

#include "CKernels.h"

#include <immintrin.h>
#include <string.h>

#define CK_AVX2_TARGET __attribute__((target("avx2,fma,f16c")))

#define INLINE static inline __attribute__((always_inline))

/// The attention of `avx2_attention.c`.
void ck_avx2_store_key(const float *key, size_t width, uint16_t *block, size_t slot);
void ck_avx2_store_value(const float *value, size_t width, uint16_t *out);
void ck_avx2_attend(const float *q, size_t queries, size_t width, const uint16_t *keys,
                    const uint16_t *values, const uint32_t *counts, float scale, float *out,
                    float *maxima, float *sums);

#pragma clang attribute push(CK_AVX2_TARGET, apply_to = function)

/// Adds the eight lanes, always in the same order.
INLINE float total(__m256 v) {
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

INLINE float largest_lane(__m256 v) {
  __m128 four = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

INLINE __m256i load(const void *p) { return _mm256_loadu_si256((const __m256i *)p); }

/// All ones in the first `count` lanes (all of them for 8 and more).
INLINE __m256i first_lanes(size_t count) {
  static const int32_t edge[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};
  return load(edge + (count < 8 ? 8 - count : 0));
}

/// The first `count` floats at `p` (at most eight), the other lanes zero.
INLINE __m256 load_floats(const void *p, size_t count) {
  if (count >= 8) return _mm256_loadu_ps((const float *)p);
  return _mm256_maskload_ps((const float *)p, first_lanes(count));
}

INLINE void store_floats(float *p, size_t count, __m256 v) {
  if (count >= 8)
    _mm256_storeu_ps(p, v);
  else
    _mm256_maskstore_ps(p, first_lanes(count), v);
}

INLINE __m128i load_words(const void *p, size_t count) {
  if (count >= 8) return _mm_loadu_si128((const __m128i *)p);
  uint16_t words[8] = {0};
  memcpy(words, p, count * 2);
  return _mm_loadu_si128((const __m128i *)words);
}

INLINE __m256 load_halves(const void *p, size_t count) {
  return _mm256_cvtph_ps(load_words(p, count));
}

/// e^x for x of at most 88, to two units in the last place; anything under -87 gives zero.
/// x = n ln 2 + r with |r| <= ln 2 / 2; the polynomial is the Taylor series of e^r.
INLINE __m256 exponential(__m256 x) {
  __m256 alive = _mm256_cmp_ps(x, _mm256_set1_ps(-87), _CMP_GT_OQ);
  x = _mm256_and_ps(x, alive);
  __m256 n = _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(1.44269504f)),
                             _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0.693145752f), x);
  r = _mm256_fnmadd_ps(n, _mm256_set1_ps(1.42860677e-6f), r);
  __m256 p = _mm256_set1_ps(1.0f / 5040);
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f / 720));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f / 120));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f / 24));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f / 6));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(0.5f));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1));
  __m256i power = _mm256_slli_epi32(
      _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
  return _mm256_and_ps(_mm256_mul_ps(p, _mm256_castsi256_ps(power)), alive);
}

#pragma clang attribute pop

#endif
