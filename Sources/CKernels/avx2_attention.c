/// Keys, values and attention with AVX2.

#include "tables.h"

#if defined(__x86_64__)

#include "avx2.h"

#pragma clang attribute push(CK_AVX2_TARGET, apply_to = function)

void ck_avx2_store_key(const float *key, size_t width, uint16_t *block, size_t slot) {
  for (size_t i = 0; i < width; i++)
    block[i * CK_KEY_BLOCK + slot] = (uint16_t)_cvtss_sh(key[i], _MM_FROUND_TO_NEAREST_INT);
}

void ck_avx2_store_value(const float *value, size_t width, uint16_t *out) {
  size_t i = 0;
  for (; i + 8 <= width; i += 8)
    _mm_storeu_si128((__m128i *)(out + i),
                     _mm256_cvtps_ph(_mm256_loadu_ps(value + i), _MM_FROUND_TO_NEAREST_INT));
  for (; i < width; i++) out[i] = (uint16_t)_cvtss_sh(value[i], _MM_FROUND_TO_NEAREST_INT);
}

/// Adds to `out` (query, width), from element `i` on, `C` registers of eight values each, of
/// which the last holds `count`, the weighted values of the first `positions` positions.
INLINE void weigh_values(int Q, int C, const float weights[4][CK_ATTEND_MAX],
                         const uint16_t *values, size_t positions, size_t width, size_t i,
                         size_t count, float *out) {
  __m256 sum[4][8];
  for (int n = 0; n < Q; n++)
    for (int c = 0; c < C; c++) sum[n][c] = _mm256_setzero_ps();
  for (size_t p = 0; p < positions; p++) {
    const uint16_t *value = values + p * width + i;
    __m256 weight[4];
    for (int n = 0; n < Q; n++) weight[n] = _mm256_set1_ps(weights[n][p]);
    for (int c = 0; c < C; c++) {
      __m256 v = load_halves(value + 8 * c, c + 1 < C ? 8 : count);
      for (int n = 0; n < Q; n++) sum[n][c] = _mm256_fmadd_ps(weight[n], v, sum[n][c]);
    }
  }
  for (int n = 0; n < Q; n++)
    for (int c = 0; c < C; c++)
      store_floats(out + (size_t)n * width + i + 8 * c, c + 1 < C ? 8 : count, sum[n][c]);
}

/// Scores, weights and weighted values of `Q` queries that share their keys and values, `B` key
/// blocks and `C` registers of a value at a time.
INLINE void attend_tile(int Q, int B, int C, const float *q, size_t width, const uint16_t *keys,
                        const uint16_t *values, const uint32_t *counts, float scale, float *out,
                        float *maxima, float *sums) {
  _Alignas(32) float weights[4][CK_ATTEND_MAX];
  size_t count = 0;
  for (int n = 0; n < Q; n++) count = counts[n] > count ? counts[n] : count;

  const __m256 factor = _mm256_set1_ps(scale), lowest = _mm256_set1_ps(-3.4e38f);
  __m256 largest[4];
  for (int n = 0; n < Q; n++) largest[n] = lowest;
  for (size_t p = 0; p < count; p += (size_t)B * CK_KEY_BLOCK) {
    __m256 score[4][8];
    for (int n = 0; n < Q; n++)
      for (int b = 0; b < 2 * B; b++) score[n][b] = _mm256_setzero_ps();
    const uint16_t *block = keys + p * width;
    for (size_t i = 0; i < width; i++) {
      __m256 element[4];
      for (int n = 0; n < Q; n++) element[n] = _mm256_set1_ps(q[(size_t)n * width + i]);
      for (int b = 0; b < 2 * B; b++) {
        const uint16_t *eight = block + ((size_t)(b / 2) * width + i) * CK_KEY_BLOCK + b % 2 * 8;
        __m256 k = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)eight));
        for (int n = 0; n < Q; n++) score[n][b] = _mm256_fmadd_ps(element[n], k, score[n][b]);
      }
    }
    for (int n = 0; n < Q; n++)
      for (int b = 0; b < 2 * B; b++) {
        size_t first = p + (size_t)b * 8;
        __m256i seen = first_lanes(first < counts[n] ? counts[n] - first : 0);
        __m256 s = _mm256_blendv_ps(lowest, _mm256_mul_ps(score[n][b], factor),
                                    _mm256_castsi256_ps(seen));
        largest[n] = _mm256_max_ps(largest[n], s);
        _mm256_store_ps(&weights[n][first], s);
      }
  }
  for (int n = 0; n < Q; n++) {
    maxima[n] = largest_lane(largest[n]);
    __m256 top = _mm256_set1_ps(maxima[n]), sum = _mm256_setzero_ps();
    for (size_t p = 0; p < count; p += 8) {
      __m256i seen = first_lanes(p < counts[n] ? counts[n] - p : 0);
      __m256 e = exponential(_mm256_sub_ps(_mm256_load_ps(&weights[n][p]), top));
      e = _mm256_and_ps(e, _mm256_castsi256_ps(seen));
      sum = _mm256_add_ps(sum, e);
      _mm256_store_ps(&weights[n][p], e);
    }
    sums[n] = total(sum);
  }
  size_t i = 0;
  for (; i + (size_t)C * 8 <= width; i += (size_t)C * 8)
    weigh_values(Q, C, weights, values, count, width, i, 8, out);
  for (; i + 8 <= width; i += 8) weigh_values(Q, 1, weights, values, count, width, i, 8, out);
  if (i < width) weigh_values(Q, 1, weights, values, count, width, i, width - i, out);
}

void ck_avx2_attend(const float *q, size_t queries, size_t width, const uint16_t *keys,
                    const uint16_t *values, const uint32_t *counts, float scale, float *out,
                    float *maxima, float *sums) {
  size_t n = 0;
#define TILE(Q, B, C)                                                                            \
  attend_tile(Q, B, C, q + n * width, width, keys, values, counts + n, scale, out + n * width,   \
              maxima + n, sums + n)
  for (; n + 4 <= queries; n += 4) TILE(4, 1, 2);
  switch (queries - n) {
  case 3: TILE(3, 1, 2); break;
  case 2: TILE(2, 2, 4); break;
  case 1: TILE(1, 4, 8); break;
  default: break;
  }
#undef TILE
}

#pragma clang attribute pop

#endif
