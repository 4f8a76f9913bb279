#ifndef CK_AVX512_H
#define CK_AVX512_H

/// What the files of the AVX-512 VNNI variant share.

#include "CKernels.h"

#include <immintrin.h>

#define CK_AVX512_TARGET                                                                         \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")))

#define INLINE static inline __attribute__((always_inline))

/// The attention of `avx512_attention.c`.
void ck_avx512_store_key(const float *key, size_t width, uint16_t *block, size_t slot);
void ck_avx512_store_value(const float *value, size_t width, uint16_t *out);
void ck_avx512_attend(const float *q, size_t queries, size_t width, const uint16_t *keys,
                      const uint16_t *values, const uint32_t *counts, float scale, float *out,
                      float *maxima, float *sums);

#pragma clang attribute push(CK_AVX512_TARGET, apply_to = function)

INLINE __mmask16 first_lanes(size_t count) {
  return count >= 16 ? 0xffff : (__mmask16)((1u << count) - 1);
}

/// e^x for x of at most 88, to two units in the last place; anything under -87 gives zero.
/// x = n ln 2 + r with |r| <= ln 2 / 2; the polynomial is the Taylor series of e^r.
INLINE __m512 exponential(__m512 x) {
  const __m512 log2e = _mm512_set1_ps(1.44269504f);
  __mmask16 alive = _mm512_cmp_ps_mask(x, _mm512_set1_ps(-87), _CMP_GT_OQ);
  __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, log2e), 8);
  __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693145752f), x);
  r = _mm512_fnmadd_ps(n, _mm512_set1_ps(1.42860677e-6f), r);
  __m512 p = _mm512_set1_ps(1.0f / 5040);
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f / 720));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f / 120));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f / 24));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f / 6));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.5f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1));
  return _mm512_maskz_scalef_ps(alive, p, n);
}

#pragma clang attribute pop

#endif
