#ifndef CK_NEON_H
#define CK_NEON_H

/// What the files of the NEON variant share.

#include "CKernels.h"

#include <arm_neon.h>
#include <string.h>

#define CK_NEON_TARGET __attribute__((target("dotprod")))

#define INLINE static inline __attribute__((always_inline))

/// The attention of `neon_attention.c`.
void ck_neon_store_key(const float *key, size_t width, uint16_t *block, size_t slot);
void ck_neon_store_value(const float *value, size_t width, uint16_t *out);
void ck_neon_attend(const float *q, size_t queries, size_t width, const uint16_t *keys,
                    const uint16_t *values, const uint32_t *counts, float scale, float *out,
                    float *maxima, float *sums);

#pragma clang attribute push(CK_NEON_TARGET, apply_to = function)

/// The first `count` (at most four) of the floats at `p`, the other lanes zero.
INLINE float32x4_t load_floats(const void *p, size_t count) {
  float four[4] = {0};
  memcpy(four, p, (count < 4 ? count : 4) * sizeof(float));
  return vld1q_f32(four);
}

INLINE void store_floats(float *p, size_t count, float32x4_t v) {
  float four[4];
  vst1q_f32(four, v);
  memcpy(p, four, (count < 4 ? count : 4) * sizeof(float));
}

INLINE float32x4_t load_halves4(const void *p) {
  uint16x4_t words;
  memcpy(&words, p, sizeof words);
  return vcvt_f32_f16(vreinterpret_f16_u16(words));
}

/// The first `count` (at most four) of the half floats at `p`, the other lanes zero.
INLINE float32x4_t load_halves(const void *p, size_t count) {
  uint16_t words[4] = {0};
  memcpy(words, p, (count < 4 ? count : 4) * sizeof(uint16_t));
  return load_halves4(words);
}

/// e^x for x of at most 88, to two units in the last place; anything under -87 gives zero.
/// x = n ln 2 + r with |r| <= ln 2 / 2; the polynomial is the Taylor series of e^r.
INLINE float32x4_t exponential(float32x4_t x) {
  uint32x4_t alive = vcgtq_f32(x, vdupq_n_f32(-87));
  x = vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(x), alive));
  float32x4_t n = vrndnq_f32(vmulq_n_f32(x, 1.44269504f));
  float32x4_t r = vfmsq_f32(x, n, vdupq_n_f32(0.693145752f));
  r = vfmsq_f32(r, n, vdupq_n_f32(1.42860677e-6f));
  float32x4_t p = vdupq_n_f32(1.0f / 5040);
  p = vfmaq_f32(vdupq_n_f32(1.0f / 720), p, r);
  p = vfmaq_f32(vdupq_n_f32(1.0f / 120), p, r);
  p = vfmaq_f32(vdupq_n_f32(1.0f / 24), p, r);
  p = vfmaq_f32(vdupq_n_f32(1.0f / 6), p, r);
  p = vfmaq_f32(vdupq_n_f32(0.5f), p, r);
  p = vfmaq_f32(vdupq_n_f32(1), p, r);
  p = vfmaq_f32(vdupq_n_f32(1), p, r);
  int32x4_t power = vshlq_n_s32(vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127)), 23);
  p = vmulq_f32(p, vreinterpretq_f32_s32(power));
  return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(p), alive));
}

#pragma clang attribute pop

#endif
