#ifndef CK_BLOCKS_H
#define CK_BLOCKS_H

/// What every variant needs to know of the stored formats, in plain C.

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

/// A block of activations none of which is larger is rounded to zeros: the inverse of its scale
/// would not be finite.
#define CK_NEGLIGIBLE 1e-30f

/// How many steps of the scale lie between the smallest and the largest activation of a block:
/// one less than levels allow, for both ends may be rounded outwards.
#define CK_LEVEL_STEPS 253.0f
/// How many steps of the scale twice the middle of a block is at most: the zero point fits a byte.
#define CK_MIDDLE_STEPS 252.0f

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

#endif
