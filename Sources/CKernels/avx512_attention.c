/// Keys, values and attention with AVX-512.

#include "tables.h"

#if defined(__x86_64__)

#include "avx512.h"

#pragma clang attribute push(CK_AVX512_TARGET, apply_to = function)

void ck_avx512_store_key(const float *key, size_t width, uint16_t *block, size_t slot) {
  for (size_t i = 0; i < width; i++)
    block[i * CK_KEY_BLOCK + slot] = (uint16_t)_cvtss_sh(key[i], _MM_FROUND_TO_NEAREST_INT);
}

void ck_avx512_store_value(const float *value, size_t width, uint16_t *out) {
  for (size_t i = 0; i < width; i += 16) {
    __mmask16 mask = first_lanes(width - i);
    __m256i halves = _mm512_cvtps_ph(_mm512_maskz_loadu_ps(mask, value + i),
                                     _MM_FROUND_TO_NEAREST_INT);
    _mm256_mask_storeu_epi16(out + i, mask, halves);
  }
}

/// Scores, weights and weighted values of `Q` queries that share their keys and values.
///
/// While the keys are worked on, the values are fetched, and while those are, the keys of the
/// stretch that follows in memory: decoding behind a long past waits for nothing else.
INLINE void attend_tile(int Q, const float *q, size_t width, const uint16_t *keys,
                        const uint16_t *values, const uint32_t *counts, float scale, float *out,
                        float *maxima, float *sums) {
  _Alignas(64) float weights[4][CK_ATTEND_MAX];
  size_t count = 0;
  for (int n = 0; n < Q; n++) count = counts[n] > count ? counts[n] : count;

  const __m512 factor = _mm512_set1_ps(scale), lowest = _mm512_set1_ps(-3.4e38f);
  __m512 largest[4];
  for (int n = 0; n < Q; n++) largest[n] = lowest;
  for (size_t p = 0; p < count; p += 64) {
    __m512 score[4][4];
    for (int n = 0; n < Q; n++)
      for (int b = 0; b < 4; b++) score[n][b] = _mm512_setzero_ps();
    const uint16_t *block = keys + p * width;
    const char *coming = (const char *)(values + p * width);
    for (size_t i = 0; i < width; i++) {
      // The values of 64 positions are `width` times 128 bytes.
      _mm_prefetch(coming + 128 * i, _MM_HINT_T1);
      _mm_prefetch(coming + 128 * i + 64, _MM_HINT_T1);
      __m512 k[4];
      for (int b = 0; b < 4; b++)
        k[b] = _mm512_cvtph_ps(_mm256_loadu_si256(
            (const __m256i *)(block + ((size_t)b * width + i) * CK_KEY_BLOCK)));
      for (int n = 0; n < Q; n++) {
        __m512 element = _mm512_set1_ps(q[(size_t)n * width + i]);
        for (int b = 0; b < 4; b++) score[n][b] = _mm512_fmadd_ps(element, k[b], score[n][b]);
      }
    }
    for (int n = 0; n < Q; n++)
      for (int b = 0; b < 4; b++) {
        size_t first = p + (size_t)b * 16;
        __mmask16 seen = first < counts[n] ? first_lanes(counts[n] - first) : 0;
        __m512 s = _mm512_mask_mul_ps(lowest, seen, score[n][b], factor);
        largest[n] = _mm512_max_ps(largest[n], s);
        _mm512_store_ps(&weights[n][first], s);
      }
  }
  for (int n = 0; n < Q; n++) {
    maxima[n] = _mm512_reduce_max_ps(largest[n]);
    __m512 top = _mm512_set1_ps(maxima[n]), sum = _mm512_setzero_ps();
    for (size_t p = 0; p < count; p += 16) {
      __mmask16 seen = p < counts[n] ? first_lanes(counts[n] - p) : 0;
      __m512 e = exponential(_mm512_sub_ps(_mm512_load_ps(&weights[n][p]), top));
      e = _mm512_maskz_mov_ps(seen, e);
      sum = _mm512_add_ps(sum, e);
      _mm512_store_ps(&weights[n][p], e);
    }
    sums[n] = _mm512_reduce_add_ps(sum);
  }
  for (size_t i = 0; i < width; i += 64) {
    __mmask16 mask[4];
    for (int c = 0; c < 4; c++) {
      size_t at = i + (size_t)c * 16;
      mask[c] = at < width ? first_lanes(width - at) : 0;
    }
    __m512 sum[4][4];
    for (int n = 0; n < Q; n++)
      for (int c = 0; c < 4; c++) sum[n][c] = _mm512_setzero_ps();
    for (size_t p = 0; p < count; p++) {
      // The keys of the next stretch: as many bytes as the values here.
      const char *coming = (const char *)(keys + (CK_ATTEND_MAX + p) * width + i);
      _mm_prefetch(coming, _MM_HINT_T1);
      _mm_prefetch(coming + 64, _MM_HINT_T1);
      __m512 v[4];
      for (int c = 0; c < 4; c++)
        v[c] = _mm512_cvtph_ps(
            _mm256_maskz_loadu_epi16(mask[c], values + p * width + i + (size_t)c * 16));
      for (int n = 0; n < Q; n++) {
        __m512 weight = _mm512_set1_ps(weights[n][p]);
        for (int c = 0; c < 4; c++) sum[n][c] = _mm512_fmadd_ps(weight, v[c], sum[n][c]);
      }
    }
    for (int n = 0; n < Q; n++)
      for (int c = 0; c < 4; c++)
        _mm512_mask_storeu_ps(out + (size_t)n * width + i + c * 16, mask[c], sum[n][c]);
  }
}

void ck_avx512_attend(const float *q, size_t queries, size_t width, const uint16_t *keys,
                   const uint16_t *values, const uint32_t *counts, float scale, float *out,
                   float *maxima, float *sums) {
  size_t n = 0;
#define TILE(Q)                                                                                  \
  attend_tile(Q, q + n * width, width, keys, values, counts + n, scale, out + n * width,         \
              maxima + n, sums + n)
  for (; n + 4 <= queries; n += 4) TILE(4);
  switch (queries - n) {
  case 3: TILE(3); break;
  case 2: TILE(2); break;
  case 1: TILE(1); break;
  default: break;
  }
#undef TILE
}

#pragma clang attribute pop

#endif
