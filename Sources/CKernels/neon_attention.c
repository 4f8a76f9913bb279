/// Keys, values and attention with NEON.

#include "tables.h"

#if defined(__aarch64__)

#include "neon.h"

#pragma clang attribute push(CK_NEON_TARGET, apply_to = function)

INLINE uint16x4_t to_halves(float32x4_t v) { return vreinterpret_u16_f16(vcvt_f16_f32(v)); }

void ck_neon_store_key(const float *key, size_t width, uint16_t *block, size_t slot) {
  for (size_t i = 0; i < width; i += 4) {
    uint16_t words[4];
    vst1_u16(words, to_halves(load_floats(key + i, width - i)));
    for (size_t j = 0; j < 4 && i + j < width; j++) block[(i + j) * CK_KEY_BLOCK + slot] = words[j];
  }
}

void ck_neon_store_value(const float *value, size_t width, uint16_t *out) {
  for (size_t i = 0; i < width; i += 4) {
    uint16_t words[4];
    vst1_u16(words, to_halves(load_floats(value + i, width - i)));
    memcpy(out + i, words, (width - i < 4 ? width - i : 4) * sizeof(uint16_t));
  }
}

/// Writes to `out` (query, width), from element `i` on, `C` registers of four values each, of
/// which the last holds `count`: the weighted values of the first `positions` positions.
INLINE void weigh_values(int Q, int C, const float weights[4][CK_ATTEND_MAX],
                         const uint16_t *values, size_t positions, size_t width, size_t i,
                         size_t count, float *out) {
  float32x4_t sum[4][8];
  for (int n = 0; n < Q; n++)
    for (int c = 0; c < C; c++) sum[n][c] = vdupq_n_f32(0);
  for (size_t p = 0; p < positions; p++) {
    const uint16_t *value = values + p * width + i;
    for (int c = 0; c < C; c++) {
      float32x4_t v = load_halves(value + 4 * c, c + 1 < C ? 4 : count);
      for (int n = 0; n < Q; n++) sum[n][c] = vfmaq_n_f32(sum[n][c], v, weights[n][p]);
    }
  }
  for (int n = 0; n < Q; n++)
    for (int c = 0; c < C; c++)
      store_floats(out + (size_t)n * width + i + 4 * c, c + 1 < C ? 4 : count, sum[n][c]);
}

/// Which of the four positions from `first` on are among the first `count`.
INLINE uint32x4_t seen_lanes(size_t first, size_t count) {
  const uint32_t lanes[4] = {0, 1, 2, 3};
  return vcltq_u32(vaddq_u32(vld1q_u32(lanes), vdupq_n_u32((uint32_t)first)),
                   vdupq_n_u32((uint32_t)count));
}

/// Scores, weights and weighted values of `Q` queries that share their keys and values, `C`
/// registers of a value at a time.
INLINE void attend_tile(int Q, int C, const float *q, size_t width, const uint16_t *keys,
                        const uint16_t *values, const uint32_t *counts, float scale, float *out,
                        float *maxima, float *sums) {
  float weights[4][CK_ATTEND_MAX];
  size_t count = 0;
  for (int n = 0; n < Q; n++) count = counts[n] > count ? counts[n] : count;

  const float32x4_t lowest = vdupq_n_f32(-3.4e38f);
  float32x4_t largest[4];
  for (int n = 0; n < Q; n++) largest[n] = lowest;
  for (size_t p = 0; p < count; p += CK_KEY_BLOCK) {
    float32x4_t score[4][4];
    for (int n = 0; n < Q; n++)
      for (int b = 0; b < 4; b++) score[n][b] = vdupq_n_f32(0);
    for (size_t i = 0; i < width; i++) {
      const uint16_t *sixteen = keys + p * width + i * CK_KEY_BLOCK;
      for (int b = 0; b < 4; b++) {
        float32x4_t k = load_halves4(sixteen + 4 * b);
        for (int n = 0; n < Q; n++)
          score[n][b] = vfmaq_n_f32(score[n][b], k, q[(size_t)n * width + i]);
      }
    }
    for (int n = 0; n < Q; n++)
      for (int b = 0; b < 4; b++) {
        size_t first = p + (size_t)b * 4;
        float32x4_t s = vbslq_f32(seen_lanes(first, counts[n]), vmulq_n_f32(score[n][b], scale),
                                  lowest);
        largest[n] = vmaxq_f32(largest[n], s);
        vst1q_f32(&weights[n][first], s);
      }
  }
  for (int n = 0; n < Q; n++) {
    maxima[n] = vmaxvq_f32(largest[n]);
    float32x4_t top = vdupq_n_f32(maxima[n]), sum = vdupq_n_f32(0);
    for (size_t p = 0; p < count; p += 4) {
      float32x4_t e = exponential(vsubq_f32(vld1q_f32(&weights[n][p]), top));
      e = vbslq_f32(seen_lanes(p, counts[n]), e, vdupq_n_f32(0));
      sum = vaddq_f32(sum, e);
      vst1q_f32(&weights[n][p], e);
    }
    sums[n] = vaddvq_f32(sum);
  }
  size_t i = 0;
  for (; i + (size_t)C * 4 <= width; i += (size_t)C * 4)
    weigh_values(Q, C, weights, values, count, width, i, 4, out);
  for (; i + 4 <= width; i += 4) weigh_values(Q, 1, weights, values, count, width, i, 4, out);
  if (i < width) weigh_values(Q, 1, weights, values, count, width, i, width - i, out);
}

void ck_neon_attend(const float *q, size_t queries, size_t width, const uint16_t *keys,
                    const uint16_t *values, const uint32_t *counts, float scale, float *out,
                    float *maxima, float *sums) {
  size_t n = 0;
#define TILE(Q, C)                                                                               \
  attend_tile(Q, C, q + n * width, width, keys, values, counts + n, scale, out + n * width,      \
              maxima + n, sums + n)
  for (; n + 4 <= queries; n += 4) TILE(4, 4);
  switch (queries - n) {
  case 3: TILE(3, 4); break;
  case 2: TILE(2, 8); break;
  case 1: TILE(1, 8); break;
  default: break;
  }
#undef TILE
}

#pragma clang attribute pop

#endif
