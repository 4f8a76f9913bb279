#include "tables.h"

#if defined(__x86_64__)

#include "blocks.h"

#include <immintrin.h>

#pragma clang attribute push(                                                                    \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c"))),      \
    apply_to = function)

#define INLINE static inline __attribute__((always_inline))

/// One group of a weight row: value = scale * level + min, sixteen lanes to four blocks.
/// `low` and `high` differ in scale and min only where the format has a scale for sixteen.
typedef struct {
  __m512i low, high;
  __m512 scale, min, scale_high, min_high;
} weight_group;

INLINE bool has_split_scales(int type) { return type == CK_Q6_K; }

/// Lanes 4b...4b+3 of the result hold element b of `four`.
INLINE __m512 spread(__m128 four) {
  const __m512i lanes = _mm512_set_epi32(3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0);
  return _mm512_permutexvar_ps(lanes, _mm512_castps128_ps512(four));
}

/// Lane 4b holds element b of `four`, the lanes between are zero.
INLINE __m512 spread_first(__m128 four) {
  const __m512i lanes = _mm512_set_epi32(3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0);
  return _mm512_maskz_permutexvar_ps(0x1111, lanes, _mm512_castps128_ps512(four));
}

INLINE __m512i join4(const uint8_t *a, const uint8_t *b, const uint8_t *c, const uint8_t *d) {
  __m512i v = _mm512_castsi128_si512(_mm_loadu_si128((const __m128i *)a));
  v = _mm512_inserti32x4(v, _mm_loadu_si128((const __m128i *)b), 1);
  v = _mm512_inserti32x4(v, _mm_loadu_si128((const __m128i *)c), 2);
  return _mm512_inserti32x4(v, _mm_loadu_si128((const __m128i *)d), 3);
}

INLINE __m128 halves4(const uint8_t *a, const uint8_t *b, const uint8_t *c, const uint8_t *d) {
  uint64_t bits = (uint64_t)ck_u16(a) | (uint64_t)ck_u16(b) << 16 | (uint64_t)ck_u16(c) << 32 |
                  (uint64_t)ck_u16(d) << 48;
  return _mm_cvtph_ps(_mm_cvtsi64_si128((long long)bits));
}

INLINE void set_nibbles(weight_group *w, __m512i packed) {
  const __m512i mask = _mm512_set1_epi8(15);
  w->low = _mm512_and_si512(packed, mask);
  w->high = _mm512_and_si512(_mm512_srli_epi16(packed, 4), mask);
}

INLINE void set_fifth_bits(weight_group *w, uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  uint64_t low = (uint64_t)(a & 0xffff) | (uint64_t)(b & 0xffff) << 16 |
                 (uint64_t)(c & 0xffff) << 32 | (uint64_t)(d & 0xffff) << 48;
  uint64_t high = (uint64_t)(a >> 16) | (uint64_t)(b >> 16) << 16 | (uint64_t)(c >> 16) << 32 |
                  (uint64_t)(d >> 16) << 48;
  const __m512i sixteen = _mm512_set1_epi8(16);
  w->low = _mm512_mask_add_epi8(w->low, low, w->low, sixteen);
  w->high = _mm512_mask_add_epi8(w->high, high, w->high, sixteen);
}

/// Scale and minimum of four blocks whose first four bytes are the two half floats.
INLINE void set_pairs(weight_group *w, const uint8_t *a, const uint8_t *b, const uint8_t *c,
                      const uint8_t *d) {
  __m128i packed = _mm_set_epi32((int)ck_u32(d), (int)ck_u32(c), (int)ck_u32(b), (int)ck_u32(a));
  __m512 pairs = _mm512_castps256_ps512(_mm256_cvtph_ps(packed));
  const __m512i even = _mm512_set_epi32(6, 6, 6, 6, 4, 4, 4, 4, 2, 2, 2, 2, 0, 0, 0, 0);
  const __m512i odd = _mm512_set_epi32(7, 7, 7, 7, 5, 5, 5, 5, 3, 3, 3, 3, 1, 1, 1, 1);
  w->scale = _mm512_permutexvar_ps(even, pairs);
  w->min = _mm512_permutexvar_ps(odd, pairs);
}

INLINE void set_scale(weight_group *w, __m128 four, float zero_level) {
  w->scale = spread(four);
  w->min = _mm512_mul_ps(w->scale, _mm512_set1_ps(-zero_level));
}

static const uint8_t absent_block[64];

INLINE void unpack_q4_k(const uint8_t *row, size_t group, weight_group *w) {
  const uint8_t *super = row + group / 2 * Q4_K_BYTES;
  set_nibbles(w, _mm512_loadu_si512(super + 16 + group % 2 * 64));
  // The nibbles come as blocks (0, 0, 2, 2) and (1, 1, 3, 3), halves beside each other.
  const __m512i firsts = _mm512_set_epi64(13, 12, 5, 4, 9, 8, 1, 0);
  const __m512i seconds = _mm512_set_epi64(15, 14, 7, 6, 11, 10, 3, 2);
  __m512i low = _mm512_permutex2var_epi64(w->low, firsts, w->high);
  w->high = _mm512_permutex2var_epi64(w->low, seconds, w->high);
  w->low = low;
  const uint8_t *packed = super + 4;
  uint32_t s, m;
  if (group % 2 == 0) {
    s = ck_u32(packed) & 0x3f3f3f3f;
    m = ck_u32(packed + 4) & 0x3f3f3f3f;
  } else {
    uint32_t last = ck_u32(packed + 8);
    s = (last & 0x0f0f0f0f) | (ck_u32(packed) >> 6 & 0x03030303) << 4;
    m = (last >> 4 & 0x0f0f0f0f) | (ck_u32(packed + 4) >> 6 & 0x03030303) << 4;
  }
  __m128 scales = _mm_cvtepi32_ps(_mm_cvtepu8_epi32(_mm_cvtsi32_si128((int)s)));
  __m128 mins = _mm_cvtepi32_ps(_mm_cvtepu8_epi32(_mm_cvtsi32_si128((int)m)));
  __m128 pair = _mm_cvtph_ps(_mm_cvtsi32_si128((int)ck_u32(super)));
  w->scale = spread(_mm_mul_ps(scales, _mm_shuffle_ps(pair, pair, 0x00)));
  w->min = spread(_mm_mul_ps(mins, _mm_xor_ps(_mm_shuffle_ps(pair, pair, 0x55),
                                             _mm_set1_ps(-0.0f))));
}

INLINE void unpack_q6_k(const uint8_t *row, size_t group, weight_group *w) {
  const uint8_t *super = row + group / 2 * Q6_K_BYTES;
  __m512i nibbles = _mm512_loadu_si512(super + group % 2 * 64);
  __m256i pairs = _mm256_loadu_si256((const __m256i *)(super + 128 + group % 2 * 32));
  const __m512i mask = _mm512_set1_epi8(15), high_mask = _mm512_set1_epi8(0x30);
  // Blocks (0, 1) in the low nibbles, (2, 3) in the high ones, halves beside each other.
  __m512i two = _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_slli_epi16(pairs, 4)),
                                   _mm256_slli_epi16(pairs, 2), 1);
  __m512i far = _mm512_inserti64x4(_mm512_castsi256_si512(pairs), _mm256_srli_epi16(pairs, 2), 1);
  __m512i low = _mm512_or_si512(_mm512_and_si512(nibbles, mask), _mm512_and_si512(two, high_mask));
  __m512i high = _mm512_or_si512(_mm512_and_si512(_mm512_srli_epi16(nibbles, 4), mask),
                                 _mm512_and_si512(far, high_mask));
  const __m512i firsts = _mm512_set_epi64(13, 12, 9, 8, 5, 4, 1, 0);
  const __m512i seconds = _mm512_set_epi64(15, 14, 11, 10, 7, 6, 3, 2);
  w->low = _mm512_permutex2var_epi64(low, firsts, high);
  w->high = _mm512_permutex2var_epi64(low, seconds, high);
  const uint8_t *scales = super + 192 + group % 2 * 8;
  float scale = _cvtsh_ss(ck_u16(super + 208));
  __m256 eight = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)scales)));
  __m512 all = _mm512_castps256_ps512(_mm256_mul_ps(eight, _mm256_set1_ps(scale)));
  const __m512i even = _mm512_set_epi32(6, 6, 6, 6, 4, 4, 4, 4, 2, 2, 2, 2, 0, 0, 0, 0);
  const __m512i odd = _mm512_set_epi32(7, 7, 7, 7, 5, 5, 5, 5, 3, 3, 3, 3, 1, 1, 1, 1);
  const __m512 zero_level = _mm512_set1_ps(-32);
  w->scale = _mm512_permutexvar_ps(even, all);
  w->scale_high = _mm512_permutexvar_ps(odd, all);
  w->min = _mm512_mul_ps(w->scale, zero_level);
  w->min_high = _mm512_mul_ps(w->scale_high, zero_level);
}

/// Bytes of four blocks.
INLINE size_t group_bytes(int type) {
  switch (type) {
  case CK_Q4_0: return 4 * Q4_0_BYTES;
  case CK_Q4_1: return 4 * Q4_1_BYTES;
  case CK_Q5_0: return 4 * Q5_0_BYTES;
  case CK_Q5_1: return 4 * Q5_1_BYTES;
  case CK_Q4_K: return Q4_K_BYTES / 2;
  case CK_Q6_K: return Q6_K_BYTES / 2;
  default: return 4 * Q8_0_BYTES;
  }
}

/// Unpacks group `group` of a row, of which the first `blocks` (1...4) blocks exist.
INLINE void unpack(int type, const uint8_t *row, size_t group, size_t blocks, weight_group *w) {
  if (type == CK_Q4_K) return unpack_q4_k(row, group, w);
  if (type == CK_Q6_K) return unpack_q6_k(row, group, w);
  size_t bytes = group_bytes(type) / 4;
  const uint8_t *a = row + group * 4 * bytes;
  const uint8_t *b = blocks > 1 ? a + bytes : absent_block;
  const uint8_t *c = blocks > 2 ? a + 2 * bytes : absent_block;
  const uint8_t *d = blocks > 3 ? a + 3 * bytes : absent_block;
  switch (type) {
  case CK_Q4_0:
    set_nibbles(w, join4(a + 2, b + 2, c + 2, d + 2));
    set_scale(w, halves4(a, b, c, d), 8);
    break;
  case CK_Q4_1:
    set_nibbles(w, join4(a + 4, b + 4, c + 4, d + 4));
    set_pairs(w, a, b, c, d);
    break;
  case CK_Q5_0:
    set_nibbles(w, join4(a + 6, b + 6, c + 6, d + 6));
    set_fifth_bits(w, ck_u32(a + 2), ck_u32(b + 2), ck_u32(c + 2), ck_u32(d + 2));
    set_scale(w, halves4(a, b, c, d), 16);
    break;
  case CK_Q5_1:
    set_nibbles(w, join4(a + 8, b + 8, c + 8, d + 8));
    set_fifth_bits(w, ck_u32(a + 4), ck_u32(b + 4), ck_u32(c + 4), ck_u32(d + 4));
    set_pairs(w, a, b, c, d);
    break;
  default: { // Q8_0: signed bytes become unsigned levels around 128
    const __m512i flip = _mm512_set1_epi8((char)0x80);
    w->low = _mm512_xor_si512(join4(a + 2, b + 2, c + 2, d + 2), flip);
    w->high = _mm512_xor_si512(join4(a + 18, b + 18, c + 18, d + 18), flip);
    set_scale(w, halves4(a, b, c, d), 128);
  }
  }
}

/// Adds one group's part to the sixteen partial sums of `R` rows and `T` tokens.
INLINE void accumulate(int type, int R, int T, const weight_group *w, const ck_group *const *x,
                       size_t group, __m512 sum[4][8]) {
  for (int t = 0; t < T; t++) {
    const ck_group *g = x[t] + group;
    __m512i low = _mm512_load_si512(g->low), high = _mm512_load_si512(g->high);
    __m512 scale = spread(_mm_load_ps(g->scale));
    __m128 sum_low = _mm_load_ps(g->sum_low), sum_high = _mm_load_ps(g->sum_high);
    if (has_split_scales(type)) {
      __m512 first = spread_first(sum_low), second = spread_first(sum_high);
      for (int r = 0; r < R; r++) {
        const __m512i zero = _mm512_setzero_si512();
        __m512 a = _mm512_cvtepi32_ps(_mm512_dpbusd_epi32(zero, w[r].low, low));
        __m512 b = _mm512_cvtepi32_ps(_mm512_dpbusd_epi32(zero, w[r].high, high));
        __m512 both = _mm512_fmadd_ps(b, w[r].scale_high, _mm512_mul_ps(a, w[r].scale));
        sum[r][t] = _mm512_fmadd_ps(both, scale, sum[r][t]);
        sum[r][t] = _mm512_fmadd_ps(w[r].min, first, sum[r][t]);
        sum[r][t] = _mm512_fmadd_ps(w[r].min_high, second, sum[r][t]);
      }
    } else {
      __m512 sums = spread_first(_mm_add_ps(sum_low, sum_high));
      for (int r = 0; r < R; r++) {
        __m512i dot = _mm512_dpbusd_epi32(_mm512_setzero_si512(), w[r].low, low);
        dot = _mm512_dpbusd_epi32(dot, w[r].high, high);
        sum[r][t] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot), _mm512_mul_ps(w[r].scale, scale),
                                    sum[r][t]);
        sum[r][t] = _mm512_fmadd_ps(w[r].min, sums, sum[r][t]);
      }
    }
  }
}

/// How far ahead of the weights in use the next ones are fetched.
#define PREFETCH_BYTES 2048

INLINE void prefetch(int type, const uint8_t *row, size_t group) {
  const uint8_t *ahead = row + group * group_bytes(type) + PREFETCH_BYTES;
  for (size_t line = 0; line < group_bytes(type); line += 64)
    _mm_prefetch((const char *)(ahead + line), _MM_HINT_T0);
}

/// `R` rows by `T` tokens, weights unpacked on the way (`ready` null) or already unpacked:
/// (row, group) with CK_GROUPS_MAX groups a row. `row_bytes` lie between the rows' weights and
/// `row_step` places between their results.
INLINE void tile(int type, int R, int T, const uint8_t *weights, size_t row_bytes,
                 const weight_group *ready, size_t width, const uint8_t *activations,
                 size_t activation_bytes, float *out, size_t row_step, size_t out_stride) {
  __m512 sum[4][8];
  const ck_group *x[8];
  for (int t = 0; t < T; t++) {
    x[t] = (const ck_group *)(activations + (size_t)t * activation_bytes);
    for (int r = 0; r < R; r++) sum[r][t] = _mm512_setzero_ps();
  }
  size_t whole = width / CK_GROUP, rest = width % CK_GROUP / 32;
  if (ready) {
    for (size_t g = 0; g < whole + (rest > 0); g++) {
      weight_group w[4];
      for (int r = 0; r < R; r++) w[r] = ready[(size_t)r * CK_GROUPS_MAX + g];
      accumulate(type, R, T, w, x, g, sum);
    }
  } else {
    for (size_t g = 0; g < whole; g++) {
      weight_group w[4];
      for (int r = 0; r < R; r++) {
        const uint8_t *row = weights + (size_t)r * row_bytes;
        prefetch(type, row, g);
        unpack(type, row, g, 4, &w[r]);
      }
      accumulate(type, R, T, w, x, g, sum);
    }
    if (rest) {
      weight_group w[4];
      for (int r = 0; r < R; r++)
        unpack(type, weights + (size_t)r * row_bytes, whole, rest, &w[r]);
      accumulate(type, R, T, w, x, whole, sum);
    }
  }
  for (int t = 0; t < T; t++)
    for (int r = 0; r < R; r++)
      out[(size_t)t * out_stride + (size_t)r * row_step] = _mm512_reduce_add_ps(sum[r][t]);
}

/// Up to eight tokens: the weights are unpacked on the way, once for all of them. The rows of
/// a tile lie a part of all rows apart, so that each runs through memory in one line: rows
/// beside each other would end every few kilobytes, before what was fetched ahead is used.
/// More: two rows are unpacked into a buffer that stays in the cache for all of them.
INLINE void multiply_quantized(int type, const uint8_t *weights, size_t row_bytes, size_t rows,
                               size_t width, const uint8_t *x, size_t x_bytes, size_t tokens,
                               float *out, size_t out_stride) {
  size_t groups = (width + CK_GROUP - 1) / CK_GROUP, r = 0;
  if (tokens <= 8) {
#define DIRECT(R, T)                                                                             \
  for (size_t part = rows / R, end = r + part; r < end; r++)                                     \
  tile(type, R, T, weights + r * row_bytes, part * row_bytes, 0, width, x, x_bytes, out + r,     \
       part, out_stride)
#define DIRECT_TOKENS(R, T)                                                                      \
  case T:                                                                                        \
    DIRECT(R, T);                                                                                \
    for (r = rows / R * R; r < rows; r++)                                                        \
      tile(type, 1, T, weights + r * row_bytes, 0, 0, width, x, x_bytes, out + r, 0, out_stride);\
    break
    switch (tokens) {
      DIRECT_TOKENS(4, 1);
      DIRECT_TOKENS(4, 2);
      DIRECT_TOKENS(2, 3);
      DIRECT_TOKENS(2, 4);
      DIRECT_TOKENS(2, 5);
      DIRECT_TOKENS(2, 6);
      DIRECT_TOKENS(2, 7);
      DIRECT_TOKENS(2, 8);
    }
#undef DIRECT_TOKENS
#undef DIRECT
    return;
  }
  weight_group ready[2 * CK_GROUPS_MAX];
  for (; r < rows; r += 2) {
    size_t count = rows - r < 2 ? 1 : 2, t = 0;
    for (size_t i = 0; i < count; i++)
      for (size_t g = 0; g < groups; g++) {
        size_t blocks = width / 32 - g * 4;
        const uint8_t *row = weights + (r + i) * row_bytes;
        if (blocks >= 4)
          unpack(type, row, g, 4, &ready[i * CK_GROUPS_MAX + g]);
        else
          unpack(type, row, g, blocks, &ready[i * CK_GROUPS_MAX + g]);
      }
    float *o = out + r;
    if (count == 2) {
      for (; t + 8 <= tokens; t += 8)
        tile(type, 2, 8, 0, 0, ready, width, x + t * x_bytes, x_bytes, o + t * out_stride,
             1, out_stride);
      for (; t + 2 <= tokens; t += 2)
        tile(type, 2, 2, 0, 0, ready, width, x + t * x_bytes, x_bytes, o + t * out_stride,
             1, out_stride);
      for (; t < tokens; t++)
        tile(type, 2, 1, 0, 0, ready, width, x + t * x_bytes, x_bytes, o + t * out_stride,
             1, out_stride);
    } else {
      for (; t < tokens; t++)
        tile(type, 1, 1, 0, 0, ready, width, x + t * x_bytes, x_bytes, o + t * out_stride,
             1, out_stride);
    }
  }
}

#define MULTIPLY(name, type, kind)                                                               \
  static void multiply_##name(const void *weights, size_t row_bytes, size_t rows, size_t width,  \
                              const void *activations, size_t activation_bytes, size_t tokens,   \
                              float *out, size_t out_stride) {                                   \
    multiply_##kind(type, (const uint8_t *)weights, row_bytes, rows, width,                      \
                    (const uint8_t *)activations, activation_bytes, tokens, out, out_stride);    \
  }
MULTIPLY(q4_0, CK_Q4_0, quantized)
MULTIPLY(q4_1, CK_Q4_1, quantized)
MULTIPLY(q5_0, CK_Q5_0, quantized)
MULTIPLY(q5_1, CK_Q5_1, quantized)
MULTIPLY(q8_0, CK_Q8_0, quantized)
MULTIPLY(q4_k, CK_Q4_K, quantized)
MULTIPLY(q6_k, CK_Q6_K, quantized)

INLINE __mmask16 first_lanes(size_t count) {
  return count >= 16 ? 0xffff : (__mmask16)((1u << count) - 1);
}

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
MULTIPLY(f32, CK_F32, floating)
MULTIPLY(f16, CK_F16, floating)
MULTIPLY(bf16, CK_BF16, floating)

static void quantize(const float *x, size_t width, ck_group *out) {
  size_t blocks = width / 32;
  if (blocks % 4) memset(out + blocks / 4, 0, sizeof *out);
  for (size_t block = 0; block < blocks; block++, x += 32) {
    ck_group *group = out + block / 4;
    size_t b = block % 4;
    __m512 low = _mm512_loadu_ps(x), high = _mm512_loadu_ps(x + 16);
    float largest = _mm512_reduce_max_ps(_mm512_max_ps(_mm512_abs_ps(low), _mm512_abs_ps(high)));
    float scale = largest / 127;
    __m512 inverse = _mm512_set1_ps(largest > CK_NEGLIGIBLE ? 127 / largest : 0);
    __m512i levels_low = _mm512_cvtps_epi32(_mm512_mul_ps(low, inverse));
    __m512i levels_high = _mm512_cvtps_epi32(_mm512_mul_ps(high, inverse));
    _mm_store_si128((__m128i *)(group->low + b * 16), _mm512_cvtepi32_epi8(levels_low));
    _mm_store_si128((__m128i *)(group->high + b * 16), _mm512_cvtepi32_epi8(levels_high));
    group->scale[b] = scale;
    group->sum_low[b] = scale * (float)_mm512_reduce_add_epi32(levels_low);
    group->sum_high[b] = scale * (float)_mm512_reduce_add_epi32(levels_high);
  }
}

static void residual(const float *x, size_t width, const ck_group *rounded,
                              float *out) {
  for (size_t block = 0; block < width / 32; block++) {
    const ck_group *group = rounded + block / 4;
    size_t b = block % 4, i = block * 32;
    __m512 scale = _mm512_set1_ps(-group->scale[b]);
    __m512i low = _mm512_cvtepi8_epi32(_mm_load_si128((const __m128i *)(group->low + b * 16)));
    __m512i high = _mm512_cvtepi8_epi32(_mm_load_si128((const __m128i *)(group->high + b * 16)));
    _mm512_storeu_ps(out + i,
                     _mm512_fmadd_ps(_mm512_cvtepi32_ps(low), scale, _mm512_loadu_ps(x + i)));
    _mm512_storeu_ps(out + i + 16,
                     _mm512_fmadd_ps(_mm512_cvtepi32_ps(high), scale, _mm512_loadu_ps(x + i + 16)));
  }
}

static void rms_norm(const float *x, const float *weight, size_t width, float epsilon, float *out) {
  __m512 squares = _mm512_setzero_ps();
  for (size_t i = 0; i < width; i += 16) {
    __m512 v = _mm512_maskz_loadu_ps(first_lanes(width - i), x + i);
    squares = _mm512_fmadd_ps(v, v, squares);
  }
  float mean = _mm512_reduce_add_ps(squares) / (float)width;
  __m512 factor = _mm512_set1_ps(1 / __builtin_sqrtf(mean + epsilon));
  for (size_t i = 0; i < width; i += 16) {
    __mmask16 mask = first_lanes(width - i);
    __m512 v = _mm512_mul_ps(_mm512_maskz_loadu_ps(mask, x + i), factor);
    v = _mm512_mul_ps(v, _mm512_maskz_loadu_ps(mask, weight + i));
    _mm512_mask_storeu_ps(out + i, mask, v);
  }
}

static void rotate(float *x, size_t heads, size_t width, const float *cosines,
                   const float *sines) {
  for (size_t h = 0; h < heads; h++, x += width)
    for (size_t i = 0; i < width; i += 16) {
      __mmask16 mask = first_lanes(width - i);
      __m512 v = _mm512_maskz_loadu_ps(mask, x + i);
      __m512 swapped = _mm512_permute_ps(v, 0xb1);
      __m512 turned = _mm512_mul_ps(swapped, _mm512_maskz_loadu_ps(mask, sines + i));
      turned = _mm512_fmadd_ps(v, _mm512_maskz_loadu_ps(mask, cosines + i), turned);
      _mm512_mask_storeu_ps(x + i, mask, turned);
    }
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

static void swiglu(float *gate, const float *up, size_t count) {
  const __m512 one = _mm512_set1_ps(1);
  for (size_t i = 0; i < count; i += 16) {
    __mmask16 mask = first_lanes(count - i);
    __m512 g = _mm512_maskz_loadu_ps(mask, gate + i), u = _mm512_maskz_loadu_ps(mask, up + i);
    __m512 negative = _mm512_min_ps(_mm512_sub_ps(_mm512_setzero_ps(), g), _mm512_set1_ps(88));
    // Under -88 the exponential stands still, so g does too; the order keeps NaN.
    g = _mm512_max_ps(_mm512_set1_ps(-88), g);
    __m512 silu = _mm512_div_ps(g, _mm512_add_ps(one, exponential(negative)));
    _mm512_mask_storeu_ps(gate + i, mask, _mm512_mul_ps(silu, u));
  }
}

static void store_key(const float *key, size_t width, uint16_t *block, size_t slot) {
  for (size_t i = 0; i < width; i++)
    block[i * CK_KEY_BLOCK + slot] = (uint16_t)_cvtss_sh(key[i], _MM_FROUND_TO_NEAREST_INT);
}

static void store_value(const float *value, size_t width, uint16_t *out) {
  for (size_t i = 0; i < width; i += 16) {
    __mmask16 mask = first_lanes(width - i);
    __m256i halves = _mm512_cvtps_ph(_mm512_maskz_loadu_ps(mask, value + i),
                                     _MM_FROUND_TO_NEAREST_INT);
    _mm256_mask_storeu_epi16(out + i, mask, halves);
  }
}

/// Scores, weights and weighted values of `Q` queries that share their keys and values.
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
    for (size_t i = 0; i < width; i++) {
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

static void attend(const float *q, size_t queries, size_t width, const uint16_t *keys,
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

const ck_table ck_avx512 = {
    .name = "avx512",
    .multiply = {[CK_F32] = multiply_f32,
                 [CK_F16] = multiply_f16,
                 [CK_BF16] = multiply_bf16,
                 [CK_Q4_0] = multiply_q4_0,
                 [CK_Q4_1] = multiply_q4_1,
                 [CK_Q5_0] = multiply_q5_0,
                 [CK_Q5_1] = multiply_q5_1,
                 [CK_Q8_0] = multiply_q8_0,
                 [CK_Q4_K] = multiply_q4_k,
                 [CK_Q6_K] = multiply_q6_k},
    .quantize = quantize,
    .residual = residual,
    .rms_norm = rms_norm,
    .rotate = rotate,
    .swiglu = swiglu,
    .store_key = store_key,
    .store_value = store_value,
    .attend = attend,
};

#endif
