#ifndef CK_BLOCKS_H
#define CK_BLOCKS_H

/// What every variant needs to know of the stored formats, in plain C.

#include "CKernels.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

/// Bytes of one stored block, and where its parts lie. Source: the GGUF specification.
enum {
  Q4_0_BYTES = 18, // f16 scale, 16 bytes of nibbles
  Q4_1_BYTES = 20, // f16 scale, f16 minimum, 16 bytes
  Q5_0_BYTES = 22, // f16 scale, 32 fifth bits, 16 bytes
  Q5_1_BYTES = 24, // f16 scale, f16 minimum, 32 fifth bits, 16 bytes
  Q8_0_BYTES = 34, // f16 scale, 32 signed bytes
  Q4_K_BYTES = 144, // f16 scale, f16 minimum, 12 bytes of 6-bit scales, 128 bytes of nibbles
  Q5_K_BYTES = 176, // as Q4_K, with 32 bytes of fifth bits before the nibbles
  Q6_K_BYTES = 210, // 128 bytes low nibbles, 64 bytes high pairs, 16 signed scales, f16 scale
};

static inline uint16_t ck_u16(const void *p) {
  uint16_t v;
  memcpy(&v, p, 2);
  return v;
}

static inline uint32_t ck_u32(const void *p) {
  uint32_t v;
  memcpy(&v, p, 4);
  return v;
}

/// The scale and the minimum (6 bits each) of sub-block `i` (0...7) of a Q4_K or Q5_K block.
static inline void ck_q4_k_scale(const uint8_t *packed, int i, uint8_t *scale, uint8_t *min) {
  if (i < 4) {
    *scale = packed[i] & 63;
    *min = packed[i + 4] & 63;
  } else {
    *scale = (uint8_t)((packed[i + 4] & 15) | (packed[i - 4] >> 6 << 4));
    *min = (uint8_t)((packed[i + 4] >> 4) | (packed[i] >> 6 << 4));
  }
}

static inline float ck_half_to_float(uint16_t h) {
  uint32_t sign = (uint32_t)(h & 0x8000) << 16;
  uint32_t exponent = (h >> 10) & 31, fraction = h & 1023, bits;
  if (exponent == 31) {
    bits = sign | 0x7f800000 | fraction << 13;
  } else if (exponent != 0) {
    bits = sign | (exponent + 112) << 23 | fraction << 13;
  } else {
    float tiny = (float)fraction * 5.9604644775390625e-8f; // 2^-24
    memcpy(&bits, &tiny, 4);
    bits |= sign;
  }
  float f;
  memcpy(&f, &bits, 4);
  return f;
}

/// Rounds to nearest, ties to even.
static inline uint16_t ck_float_to_half(float f) {
  uint32_t bits;
  memcpy(&bits, &f, 4);
  uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
  bits &= 0x7fffffff;
  if (bits > 0x7f800000) return sign | 0x7e00;
  if (bits >= 0x477ff000) return sign | 0x7c00;
  if (bits < 0x38800000) { // subnormal: let the addition of 0.5 round at 2^-24
    float magnitude, shifted;
    memcpy(&magnitude, &bits, 4);
    shifted = magnitude + 0.5f;
    memcpy(&bits, &shifted, 4);
    return sign | (uint16_t)(bits - 0x3f000000);
  }
  bits += 0xfff + (bits >> 13 & 1);
  return sign | (uint16_t)((bits - 0x38000000) >> 13);
}

/// Whether a block of weights has a minimum beside its scale.
static inline __attribute__((always_inline)) bool has_minimum(int type) {
  return type == CK_Q4_1 || type == CK_Q5_1 || type == CK_Q4_K || type == CK_Q5_K;
}

/// Bytes of four blocks.
static inline __attribute__((always_inline)) size_t group_bytes(int type) {
  switch (type) {
  case CK_Q4_0: return 4 * Q4_0_BYTES;
  case CK_Q4_1: return 4 * Q4_1_BYTES;
  case CK_Q5_0: return 4 * Q5_0_BYTES;
  case CK_Q5_1: return 4 * Q5_1_BYTES;
  case CK_Q4_K: return Q4_K_BYTES / 2;
  case CK_Q5_K: return Q5_K_BYTES / 2;
  case CK_Q6_K: return Q6_K_BYTES / 2;
  default: return 4 * Q8_0_BYTES;
  }
}

/// How a block of activations is rounded: steps = x * inverse to the nearest, level = steps -
/// middle, zero point = -middle.
typedef struct {
  float scale, inverse;
  int32_t middle;
} ck_rounding;

/// The rounding of a block by its smallest and its largest value (either NaN where one of the
/// values is). All variants round by it.
///
/// 253 steps lie between the two: one less than levels allow, for both ends may be rounded
/// outwards. The middle is at most 126 steps from zero, so that the zero point fits a byte.
static inline ck_rounding ck_rounding_of(float smallest, float largest) {
  float range = (largest - smallest) / 253, offset = fabsf(largest + smallest) / 252;
  float scale = range > offset ? range : offset;
  if (!(largest - smallest <= FLT_MAX)) return (ck_rounding){NAN, 0, 0};
  // Of so little, the inverse would not be finite: rounded to zeros.
  if (scale <= 1e-32f) return (ck_rounding){0, 0, 0};
  float inverse = 1 / scale;
  int32_t first = (int32_t)rintf(smallest * inverse), last = (int32_t)rintf(largest * inverse);
  return (ck_rounding){scale, inverse, (first + last) >> 1};
}

/// A block of which a value is not finite: whatever it is multiplied with is no number.
static inline void ck_put_not_finite(ck_group *group, size_t b) {
  memset(group->low + b * 16, 0, 16);
  memset(group->high + b * 16, 0, 16);
  group->scale[b] = group->sum[b] = NAN;
  memset(group->correction[b], 0, sizeof group->correction[b]);
  memset(group->correction_low[b], 0, sizeof group->correction_low[b]);
}

/// Everything of a block but its levels; `sum`: of its steps, `sum_low`: of the first sixteen.
static inline void ck_put_rounding(ck_group *group, size_t b, const ck_rounding *rounding,
                                   int32_t sum, int32_t sum_low) {
  group->scale[b] = rounding->scale;
  group->sum[b] = rounding->scale * (float)sum;
  group->correction[b][0] = group->correction_low[b][0] = (int16_t)rounding->middle;
  group->correction[b][1] = (int16_t)-sum;
  group->correction_low[b][1] = (int16_t)-sum_low;
}

#endif
