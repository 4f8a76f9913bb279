#ifndef CK_AVX512_FEW_H
#define CK_AVX512_FEW_H

/// Products with up to eight tokens: the weights are unpacked on the way, four rows at a time.

#include "avx512_levels.h"

#pragma clang attribute push(CK_AVX512_TARGET, apply_to = function)

/// Lanes 4b...4b+3 of the result hold element b of `four`.
INLINE __m512i spread(__m128i four) {
  const __m512i lanes = _mm512_set_epi32(3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0);
  return _mm512_permutexvar_epi32(lanes, _mm512_castsi128_si512(four));
}

/// The sums of the four lanes of each block, for four rows: lane 4b + r holds block b of row r.
INLINE __m512i sum_by_block(const __m512i dot[4]) {
  __m512i a = _mm512_add_epi32(_mm512_unpacklo_epi32(dot[0], dot[1]),
                               _mm512_unpackhi_epi32(dot[0], dot[1]));
  __m512i b = _mm512_add_epi32(_mm512_unpacklo_epi32(dot[2], dot[3]),
                               _mm512_unpackhi_epi32(dot[2], dot[3]));
  return _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
}

/// Byte 4b of `four` sixteen times, for each b.
INLINE __m512i spread_first_bytes(__m128i four) {
  const __m512i firsts = _mm512_set_epi32(0x0c0c0c0c, 0x0c0c0c0c, 0x0c0c0c0c, 0x0c0c0c0c,
                                          0x08080808, 0x08080808, 0x08080808, 0x08080808,
                                          0x04040404, 0x04040404, 0x04040404, 0x04040404, 0, 0, 0, 0);
  return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(four), firsts);
}

/// Adds one group's part to the sums of four rows and `T` tokens: lane 4b + r of `sum[t]`.
///
/// The zero point comes in by the levels times minus itself, lane by lane, or, for three tokens and
/// more of a format that multiplies words for its zero level anyway, by the levels' sums, which are
/// the same for all. Either way the integers are the same.
INLINE void accumulate(int type, int T, const level_group w[4], const scale_group *s,
                       const ck_group *const *x, size_t group, __m512 *sum) {
  const __m512i level = _mm512_set1_epi32(zero_level(type) << 16), none = _mm512_setzero_si512();
  // Where two levels fit a byte, the zero point meets both at once.
  const bool are_joined = type != CK_Q8_0 && !has_split_scales(type);
  __m512i both[4];
  for (int r = 0; r < 4; r++)
    both[r] = are_joined ? _mm512_add_epi8(w[r].low, w[r].high) : w[r].high;
  // Measured with eight tokens: Q4_0 10 % and Q8_0 25 % sooner. With two tokens, and for formats
  // with a minimum, it was no gain or a small loss.
  const bool is_summed = T > 2 && zero_level(type) && !has_split_scales(type);
  __m512i word = level;
  if (is_summed) {
    const __m512i ones = _mm512_set1_epi8(1);
    __m512i dot[4];
    for (int r = 0; r < 4; r++) {
      dot[r] = _mm512_dpbusd_epi32(none, both[r], ones);
      if (!are_joined) dot[r] = _mm512_dpbusd_epi32(dot[r], w[r].low, ones);
    }
    word = _mm512_or_si512(level, sum_by_block(dot));
  }
  for (int t = 0; t < T; t++) {
    const ck_group *g = x[t] + group;
    __m512i low = _mm512_load_si512(g->low), high = _mm512_load_si512(g->high);
    __m512 scale = _mm512_castsi512_ps(spread(_mm_load_si128((const __m128i *)g->scale)));
    __m128i whole = _mm_load_si128((const __m128i *)g->correction);
    __m512i zero = spread_first_bytes(whole), dot[4];
    if (has_split_scales(type)) {
      __m128i first = _mm_load_si128((const __m128i *)g->correction_low);
      __m512i dot_high[4];
      for (int r = 0; r < 4; r++) {
        dot[r] = _mm512_dpbusd_epi32(_mm512_dpbusd_epi32(none, w[r].low, low), w[r].low, zero);
        dot_high[r] =
            _mm512_dpbusd_epi32(_mm512_dpbusd_epi32(none, w[r].high, high), w[r].high, zero);
      }
      __m512i a = _mm512_dpwssd_epi32(sum_by_block(dot), spread(first), level);
      __m512i b = _mm512_dpwssd_epi32(sum_by_block(dot_high), spread(_mm_sub_epi16(whole, first)),
                                      level);
      sum[t] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(a), _mm512_mul_ps(s->scale, scale), sum[t]);
      sum[t] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(b), _mm512_mul_ps(s->scale_high, scale), sum[t]);
    } else {
      for (int r = 0; r < 4; r++) {
        dot[r] = _mm512_dpbusd_epi32(none, w[r].low, low);
        dot[r] = _mm512_dpbusd_epi32(dot[r], w[r].high, high);
        if (is_summed) continue;
        dot[r] = _mm512_dpbusd_epi32(dot[r], both[r], zero);
        if (!are_joined) dot[r] = _mm512_dpbusd_epi32(dot[r], w[r].low, zero);
      }
      __m512i a = sum_by_block(dot);
      if (zero_level(type)) a = _mm512_dpwssd_epi32(a, spread(whole), word);
      sum[t] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(a), _mm512_mul_ps(s->scale, scale), sum[t]);
      if (has_minimum(type)) {
        __m512 sums = _mm512_castsi512_ps(spread(_mm_load_si128((const __m128i *)g->sum)));
        sum[t] = _mm512_fmadd_ps(s->min, sums, sum[t]);
      }
    }
  }
}

/// How far ahead of the weights in use the next ones are fetched, at least.
#define PREFETCH_BYTES 4096
/// Up to this distance they are fetched into the first-level cache at once.
#define NEAR_BYTES 10240

/// Fetches ahead, while group `group` of four rows that follow each other is worked on.
///
/// Memory is read fastest as one line, so what is fetched are the bytes that lie in the same
/// order `distance` bytes on (a multiple of four rows), whichever row they belong to; fetching
/// along each row was a fifth slower where it was measured. What lies too far ahead for the first-level cache goes into the second, and
/// from there along each row.
INLINE void prefetch(int type, const uint8_t *const *rows, size_t group, size_t distance) {
  const size_t bytes = group_bytes(type);
  const char *next = (const char *)rows[0] + distance + group * 4 * bytes;
  if (distance <= NEAR_BYTES) {
    for (size_t line = 0; line < 4 * bytes; line += 64) _mm_prefetch(next + line, _MM_HINT_T0);
    return;
  }
  for (size_t line = 0; line < 4 * bytes; line += 64) _mm_prefetch(next + line, _MM_HINT_T1);
  for (int r = 0; r < 4; r++)
    for (size_t line = 0; line < bytes; line += 64)
      _mm_prefetch((const char *)rows[r] + group * bytes + 512 + line, _MM_HINT_T0);
}

/// Four rows by `tokens` of at most `T` tokens, the weights unpacked on the way. Written are
/// `out[t * out_stride + r]` for the first `count` rows.
INLINE void few_tokens(int type, int T, size_t tokens, const uint8_t *const *rows, size_t count,
                       size_t row_bytes, size_t width, const uint8_t *activations,
                       size_t activation_bytes, float *out, size_t out_stride) {
  __m512 sum[8];
  const ck_group *x[8];
  level_group w[4];
  scale_group s;
  for (size_t t = 0; t < (size_t)T; t++) {
    x[t] = (const ck_group *)(activations + (t < tokens ? t : tokens - 1) * activation_bytes);
    sum[t] = _mm512_setzero_ps();
  }
  const size_t whole = width / CK_GROUP, four = 4 * row_bytes;
  const size_t distance = (PREFETCH_BYTES + four - 1) / four * four;
  for (size_t g = 0; g < whole; g++) {
    prefetch(type, rows, g, distance);
    for (int r = 0; r < 4; r++) w[r] = unpack_levels(type, rows[r], g, 0);
    s = unpack_scales(type, rows, g, 0);
    accumulate(type, T, w, &s, x, g, sum);
  }
  if (width % CK_GROUP) {
    extent e = extent_of(group_bytes(type), width % CK_GROUP / 32 * group_bytes(type) / 4);
    prefetch(type, rows, whole, distance);
    for (int r = 0; r < 4; r++) w[r] = unpack_levels(type, rows[r], whole, &e);
    s = unpack_scales(type, rows, whole, &e);
    accumulate(type, T, w, &s, x, whole, sum);
  }
  for (size_t t = 0; t < tokens; t++) {
    __m128 four = _mm512_castps512_ps128(sum[t]);
    four = _mm_add_ps(four, _mm512_extractf32x4_ps(sum[t], 1));
    four = _mm_add_ps(four, _mm512_extractf32x4_ps(sum[t], 2));
    four = _mm_add_ps(four, _mm512_extractf32x4_ps(sum[t], 3));
    float values[4];
    _mm_storeu_ps(values, four);
    for (size_t r = 0; r < count; r++)
      out[t * out_stride + r] = values[r];
  }
}

INLINE void rows_by_few_tokens(int type, int T, const uint8_t *weights, size_t row_bytes,
                               size_t rows, size_t width, const uint8_t *x, size_t x_bytes,
                               size_t tokens, float *out, size_t out_stride) {
  // What nobody has fetched ahead: all at once, rather than one after the other.
  const size_t begin = rows * row_bytes < NEAR_BYTES ? rows * row_bytes : NEAR_BYTES;
  for (size_t line = 0; line < begin; line += 64)
    _mm_prefetch((const char *)weights + line, _MM_HINT_T0);
  for (size_t first = 0; first < rows; first += 4) {
    size_t count = rows - first < 4 ? rows - first : 4;
    const uint8_t *row[4];
    for (size_t r = 0; r < 4; r++) row[r] = weights + (first + (r < count ? r : 0)) * row_bytes;
    few_tokens(type, T, tokens, row, count, row_bytes, width, x, x_bytes, out + first, out_stride);
  }
}

#pragma clang attribute pop

#endif
