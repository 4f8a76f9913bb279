/// The matrix products of the AVX-512 VNNI variant.
///
/// One order of summing serves any number of tokens, so that prefill and decode give the same
/// bits: the integers of a block of 32 are added up exactly; as floats, blocks 0, 4, 8, ... are
/// added in this order, so are 1, 5, 9, ... and the other two, and at the end these four sums.

#include "tables.h"

#if defined(__x86_64__)

#include "avx512_few.h"
#include "avx512_many.h"

#pragma clang attribute push(CK_AVX512_TARGET, apply_to = function)

/// From how many tokens on unpacking pays.
#define MANY_TOKENS 9

INLINE void multiply_quantized(int type, const uint8_t *weights, size_t row_bytes, size_t rows,
                               size_t width, const uint8_t *x, size_t x_bytes, size_t tokens,
                               float *out, size_t out_stride) {
  if (tokens == 0) return;
  if (tokens >= MANY_TOKENS)
    return rows_by_many_tokens(type, weights, row_bytes, rows, width, x, x_bytes, tokens, out,
                               out_stride);
  // Two or three batch sizes more would cost more code than they save time.
#define FEW(T)                                                                                   \
  if (tokens <= T)                                                                               \
    return rows_by_few_tokens(type, T, weights, row_bytes, rows, width, x, x_bytes, tokens, out, \
                              out_stride)
  FEW(1);
  FEW(2);
  FEW(4);
  FEW(6);
  FEW(8);
#undef FEW
}

// MARK: floats

INLINE __m512 load_weights(int type, const uint8_t *row, size_t i, __mmask16 mask) {
  if (type == CK_F32) return _mm512_maskz_loadu_ps(mask, row + 4 * i);
  __m256i halves = _mm256_maskz_loadu_epi16(mask, row + 2 * i);
  if (type == CK_F16) return _mm512_cvtph_ps(halves);
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}

INLINE void float_tile(int type, int R, int T, const uint8_t *weights, size_t row_bytes,
                       size_t width, const uint8_t *x, size_t x_bytes, float *out,
                       size_t out_stride) {
  __m512 sum[4][4];
  for (int r = 0; r < R; r++)
    for (int t = 0; t < T; t++) sum[r][t] = _mm512_setzero_ps();
  for (size_t i = 0; i < width; i += 16) {
    __mmask16 mask = first_lanes(width - i);
    __m512 w[4];
    for (int r = 0; r < R; r++)
      w[r] = load_weights(type, weights + (size_t)r * row_bytes, i, mask);
    for (int t = 0; t < T; t++) {
      __m512 v = _mm512_maskz_loadu_ps(mask, x + (size_t)t * x_bytes + 4 * i);
      for (int r = 0; r < R; r++) sum[r][t] = _mm512_fmadd_ps(w[r], v, sum[r][t]);
    }
  }
  for (int t = 0; t < T; t++)
    for (int r = 0; r < R; r++)
      out[(size_t)t * out_stride + (size_t)r] = _mm512_reduce_add_ps(sum[r][t]);
}

INLINE void multiply_floating(int type, const uint8_t *weights, size_t row_bytes, size_t rows,
                              size_t width, const uint8_t *x, size_t x_bytes, size_t tokens,
                              float *out, size_t out_stride) {
  size_t r = 0;
  for (; r + 4 <= rows; r += 4) {
    size_t t = 0;
    for (; t + 4 <= tokens; t += 4)
      float_tile(type, 4, 4, weights + r * row_bytes, row_bytes, width, x + t * x_bytes, x_bytes,
                 out + t * out_stride + r, out_stride);
    for (; t < tokens; t++)
      float_tile(type, 4, 1, weights + r * row_bytes, row_bytes, width, x + t * x_bytes, x_bytes,
                 out + t * out_stride + r, out_stride);
  }
  for (; r < rows; r++)
    for (size_t t = 0; t < tokens; t++)
      float_tile(type, 1, 1, weights + r * row_bytes, row_bytes, width, x + t * x_bytes, x_bytes,
                 out + t * out_stride + r, out_stride);
}
CK_DEFINE_PRODUCTS(avx512)

#pragma clang attribute pop

#endif
