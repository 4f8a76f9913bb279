#include "tables.h"

#if defined(__x86_64__)

#include "blocks.h"

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

#define INLINE static inline __attribute__((always_inline))

/// One group of a weight row: value = scale * level + min.
///
/// Register `h` of `low` and `high` holds the levels of blocks 2h and 2h+1, one a half. `scale`
/// holds the four scales twice. `min` holds the minimums of the four blocks' first sixteen
/// values, then of their second sixteen: the order of `sum_low` and `sum_high` in ck_group,
/// which lie beside each other.
typedef struct {
  __m256i low[2], high[2];
  __m256 scale, min;
  __m256i step_low[2], step_high[2]; // Q6_K only: 16-bit factors of sixteen values each
} weight_group;

/// Adds the eight lanes, always in the same order.
INLINE float total(__m256 v) {
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

INLINE float largest_lane(__m256 v) {
  __m128 four = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

INLINE __m256 twice(__m128 four) {
  return _mm256_insertf128_ps(_mm256_castps128_ps256(four), four, 1);
}

INLINE __m256i load(const void *p) { return _mm256_loadu_si256((const __m256i *)p); }

INLINE __m256i join2(const uint8_t *a, const uint8_t *b) {
  return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)a)),
                                 _mm_loadu_si128((const __m128i *)b), 1);
}

/// The first 16-bit words of the four blocks, then the second ones.
INLINE __m128i heads(const uint8_t *a, const uint8_t *b, const uint8_t *c, const uint8_t *d) {
  __m128i first = _mm_unpacklo_epi16(_mm_loadu_si32(a), _mm_loadu_si32(b));
  __m128i second = _mm_unpacklo_epi16(_mm_loadu_si32(c), _mm_loadu_si32(d));
  return _mm_unpacklo_epi32(first, second);
}

INLINE void set_nibbles(weight_group *w, int h, __m256i packed) {
  const __m256i mask = _mm256_set1_epi8(15);
  w->low[h] = _mm256_and_si256(packed, mask);
  w->high[h] = _mm256_and_si256(_mm256_srli_epi16(packed, 4), mask);
}

/// Sixteen in each byte whose bit is set in `bits`, of which lane byte j looks at byte `from[j]`.
INLINE __m256i sixteens(__m256i bits, __m256i from) {
  const __m256i one_each = _mm256_set1_epi64x((long long)0x8040201008040201);
  __m256i chosen = _mm256_and_si256(_mm256_shuffle_epi8(bits, from), one_each);
  return _mm256_and_si256(_mm256_cmpeq_epi8(chosen, one_each), _mm256_set1_epi8(16));
}

INLINE void set_fifth_bits(weight_group *w, int h, uint32_t a, uint32_t b) {
  const __m256i low = _mm256_setr_epi64x(0, 0x0101010101010101, 0, 0x0101010101010101);
  const __m256i high = _mm256_add_epi8(low, _mm256_set1_epi8(2));
  __m256i bits = _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_cvtsi32_si128((int)a)),
                                         _mm_cvtsi32_si128((int)b), 1);
  w->low[h] = _mm256_or_si256(w->low[h], sixteens(bits, low));
  w->high[h] = _mm256_or_si256(w->high[h], sixteens(bits, high));
}

/// Scales of four blocks, whose minimums are -zero_level times as large.
INLINE void set_scales(weight_group *w, __m128i heads, float zero_level) {
  w->scale = twice(_mm_cvtph_ps(heads));
  w->min = _mm256_mul_ps(w->scale, _mm256_set1_ps(-zero_level));
}

INLINE void set_scales_and_minimums(weight_group *w, __m128i heads) {
  __m256 both = _mm256_cvtph_ps(heads);
  w->scale = _mm256_permute2f128_ps(both, both, 0x00);
  w->min = _mm256_permute2f128_ps(both, both, 0x11);
}

/// Two blocks, each with its halves beside each other, as one register of first halves and one
/// of second halves.
INLINE void set_blocks(weight_group *w, int h, __m256i first, __m256i second) {
  w->low[h] = _mm256_permute2x128_si256(first, second, 0x20);
  w->high[h] = _mm256_permute2x128_si256(first, second, 0x31);
}

static const uint8_t absent_block[64];

INLINE void unpack_q4_k(const uint8_t *row, size_t group, weight_group *w) {
  const uint8_t *super = row + group / 2 * Q4_K_BYTES, *nibbles = super + 16 + group % 2 * 64;
  const __m256i mask = _mm256_set1_epi8(15);
  for (int h = 0; h < 2; h++) {
    __m256i both = load(nibbles + 32 * h);
    set_blocks(w, h, _mm256_and_si256(both, mask),
               _mm256_and_si256(_mm256_srli_epi16(both, 4), mask));
  }
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
  w->scale = twice(_mm_mul_ps(scales, _mm_shuffle_ps(pair, pair, 0x00)));
  w->min = twice(_mm_mul_ps(mins, _mm_xor_ps(_mm_shuffle_ps(pair, pair, 0x55),
                                            _mm_set1_ps(-0.0f))));
}

INLINE void unpack_q6_k(const uint8_t *row, size_t group, weight_group *w) {
  const uint8_t *super = row + group / 2 * Q6_K_BYTES, *nibbles = super + group % 2 * 64;
  const __m256i mask = _mm256_set1_epi8(15), high_mask = _mm256_set1_epi8(0x30);
  __m256i a = load(nibbles), b = load(nibbles + 32), pairs = load(super + 128 + group % 2 * 32);
  __m256i a_far = _mm256_srli_epi16(a, 4), b_far = _mm256_srli_epi16(b, 4);
#define LEVELS(low, high)                                                                        \
  _mm256_or_si256(_mm256_and_si256(low, mask), _mm256_and_si256(high, high_mask))
  set_blocks(w, 0, LEVELS(a, _mm256_slli_epi16(pairs, 4)), LEVELS(b, _mm256_slli_epi16(pairs, 2)));
  set_blocks(w, 1, LEVELS(a_far, pairs), LEVELS(b_far, _mm256_srli_epi16(pairs, 2)));
#undef LEVELS
  // The eight factors, low and high of each block in turn, as 16-bit lanes beside themselves.
  __m128i steps = _mm_cvtepi8_epi16(
      _mm_loadl_epi64((const __m128i *)(super + 192 + group % 2 * 8)));
  __m256i both = _mm256_inserti128_si256(_mm256_castsi128_si256(steps), steps, 1);
  const __m128i first = _mm_set1_epi16(0x0100);
  const __m256i places = _mm256_inserti128_si256(_mm256_castsi128_si256(first),
                                                 _mm_set1_epi16(0x0504), 1);
  const __m256i two = _mm256_set1_epi8(2), eight = _mm256_set1_epi8(8);
  for (int h = 0; h < 2; h++) {
    __m256i from = h ? _mm256_add_epi8(places, eight) : places;
    w->step_low[h] = _mm256_shuffle_epi8(both, from);
    w->step_high[h] = _mm256_shuffle_epi8(both, _mm256_add_epi8(from, two));
  }
  w->scale = _mm256_set1_ps(_cvtsh_ss(ck_u16(super + 208)));
  __m256 products = _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(steps)), w->scale);
  const __m256i evens_then_odds = _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7);
  w->min = _mm256_mul_ps(_mm256_permutevar8x32_ps(products, evens_then_odds),
                         _mm256_set1_ps(-32));
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
    set_nibbles(w, 0, join2(a + 2, b + 2));
    set_nibbles(w, 1, join2(c + 2, d + 2));
    set_scales(w, heads(a, b, c, d), 8);
    break;
  case CK_Q4_1:
    set_nibbles(w, 0, join2(a + 4, b + 4));
    set_nibbles(w, 1, join2(c + 4, d + 4));
    set_scales_and_minimums(w, heads(a, b, c, d));
    break;
  case CK_Q5_0:
    set_nibbles(w, 0, join2(a + 6, b + 6));
    set_nibbles(w, 1, join2(c + 6, d + 6));
    set_fifth_bits(w, 0, ck_u32(a + 2), ck_u32(b + 2));
    set_fifth_bits(w, 1, ck_u32(c + 2), ck_u32(d + 2));
    set_scales(w, heads(a, b, c, d), 16);
    break;
  case CK_Q5_1:
    set_nibbles(w, 0, join2(a + 8, b + 8));
    set_nibbles(w, 1, join2(c + 8, d + 8));
    set_fifth_bits(w, 0, ck_u32(a + 4), ck_u32(b + 4));
    set_fifth_bits(w, 1, ck_u32(c + 4), ck_u32(d + 4));
    set_scales_and_minimums(w, heads(a, b, c, d));
    break;
  default: // Q8_0 stays signed and has no minimum.
    w->low[0] = join2(a + 2, b + 2);
    w->low[1] = join2(c + 2, d + 2);
    w->high[0] = join2(a + 18, b + 18);
    w->high[1] = join2(c + 18, d + 18);
    set_scales(w, heads(a, b, c, d), 0);
  }
}

/// Products of two blocks' levels and activations, in four 32-bit lanes a block.
INLINE __m256i dot(int type, const weight_group *w, int h, __m256i low, __m256i high) {
  const __m256i ones = _mm256_set1_epi16(1);
  if (type == CK_Q8_0) {
    // The magnitude of -128 fits the unsigned operand; 128 * 127 * 2 fits 16 bits, twice not.
    __m256i first = _mm256_maddubs_epi16(_mm256_abs_epi8(w->low[h]),
                                         _mm256_sign_epi8(low, w->low[h]));
    __m256i second = _mm256_maddubs_epi16(_mm256_abs_epi8(w->high[h]),
                                          _mm256_sign_epi8(high, w->high[h]));
    return _mm256_add_epi32(_mm256_madd_epi16(first, ones), _mm256_madd_epi16(second, ones));
  }
  __m256i first = _mm256_maddubs_epi16(w->low[h], low);
  __m256i second = _mm256_maddubs_epi16(w->high[h], high);
  if (type == CK_Q6_K)
    return _mm256_add_epi32(_mm256_madd_epi16(first, w->step_low[h]),
                            _mm256_madd_epi16(second, w->step_high[h]));
  return _mm256_madd_epi16(_mm256_add_epi16(first, second), ones);
}

/// Adds one group's part to the eight partial sums of each of `T` tokens.
INLINE void accumulate(int type, int T, const weight_group *w, const ck_group *const *x,
                       size_t group, __m256 sum[8]) {
  const __m256i firsts = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1);
  const __m256i seconds = _mm256_setr_epi32(2, 2, 2, 2, 3, 3, 3, 3);
  for (int t = 0; t < T; t++) {
    const ck_group *g = x[t] + group;
    __m256 scales = _mm256_mul_ps(w->scale, _mm256_broadcast_ps((const __m128 *)g->scale));
    for (int h = 0; h < 2; h++) {
      __m256i products = dot(type, w, h, load(g->low + 32 * h), load(g->high + 32 * h));
      sum[t] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(products),
                               _mm256_permutevar_ps(scales, h ? seconds : firsts), sum[t]);
    }
    if (type != CK_Q8_0) sum[t] = _mm256_fmadd_ps(w->min, _mm256_loadu_ps(g->sum_low), sum[t]);
  }
}

/// How far ahead of the weights in use the next ones are fetched. One row after the other and
/// far ahead is what comes nearest to the rate of the memory; several rows at a time do not.
#define PREFETCH_BYTES 4096

/// One row by `T` tokens.
INLINE void tile(int type, int T, const uint8_t *row, size_t width, const uint8_t *activations,
                 size_t activation_bytes, float *out, size_t out_stride) {
  __m256 sum[8];
  const ck_group *x[8];
  for (int t = 0; t < T; t++) {
    x[t] = (const ck_group *)(activations + (size_t)t * activation_bytes);
    sum[t] = _mm256_setzero_ps();
  }
  size_t whole = width / CK_GROUP, rest = width % CK_GROUP / 32;
  weight_group w;
  for (size_t g = 0; g < whole; g++) {
    const uint8_t *ahead = row + g * group_bytes(type) + PREFETCH_BYTES;
    for (size_t line = 0; line < group_bytes(type); line += 64)
      _mm_prefetch((const char *)(ahead + line), _MM_HINT_T0);
    unpack(type, row, g, 4, &w);
    accumulate(type, T, &w, x, g, sum);
  }
  if (rest) {
    unpack(type, row, whole, rest, &w);
    accumulate(type, T, &w, x, whole, sum);
  }
  for (int t = 0; t < T; t++) out[(size_t)t * out_stride] = total(sum[t]);
}

/// Bytes of weights that stay in the second cache while eight tokens after eight meet them.
#define CHUNK_BYTES (128 << 10)

/// Each row is unpacked once for eight tokens; their sums fill half of the registers.
INLINE void multiply_quantized(int type, const uint8_t *weights, size_t row_bytes, size_t rows,
                               size_t width, const uint8_t *x, size_t x_bytes, size_t tokens,
                               float *out, size_t out_stride) {
  size_t chunk = rows;
  if (tokens > 8 && rows * row_bytes > CHUNK_BYTES) chunk = CHUNK_BYTES / row_bytes + 1;
  for (size_t first = 0; first < rows; first += chunk) {
    size_t end = rows - first < chunk ? rows : first + chunk;
    for (size_t t = 0; t < tokens; t += 8) {
#define TILES(T)                                                                                 \
  for (size_t r = first; r < end; r++)                                                           \
    tile(type, T, weights + r * row_bytes, width, x + t * x_bytes, x_bytes,                      \
         out + t * out_stride + r, out_stride);                                                  \
  break
      switch (tokens - t) {
      case 1: TILES(1);
      case 2: TILES(2);
      case 3: TILES(3);
      case 4: TILES(4);
      case 5: TILES(5);
      case 6: TILES(6);
      case 7: TILES(7);
      default: TILES(8);
      }
#undef TILES
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

/// All ones in the first `count` lanes (all of them for 8 and more).
INLINE __m256i first_lanes(size_t count) {
  static const int32_t edge[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};
  return load(edge + (count < 8 ? 8 - count : 0));
}

/// The first `count` floats at `p` (at most eight), the other lanes zero.
INLINE __m256 load_floats(const void *p, size_t count) {
  if (count >= 8) return _mm256_loadu_ps((const float *)p);
  return _mm256_maskload_ps((const float *)p, first_lanes(count));
}

INLINE void store_floats(float *p, size_t count, __m256 v) {
  if (count >= 8)
    _mm256_storeu_ps(p, v);
  else
    _mm256_maskstore_ps(p, first_lanes(count), v);
}

INLINE __m128i load_words(const void *p, size_t count) {
  if (count >= 8) return _mm_loadu_si128((const __m128i *)p);
  uint16_t words[8] = {0};
  memcpy(words, p, count * 2);
  return _mm_loadu_si128((const __m128i *)words);
}

INLINE __m256 load_halves(const void *p, size_t count) {
  return _mm256_cvtph_ps(load_words(p, count));
}

INLINE __m256 load_weights(int type, const uint8_t *row, size_t i, size_t count) {
  if (type == CK_F32) return load_floats(row + 4 * i, count);
  if (type == CK_F16) return load_halves(row + 2 * i, count);
  __m256i wide = _mm256_cvtepu16_epi32(load_words(row + 2 * i, count));
  return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
}

INLINE void float_step(int type, int R, int T, const uint8_t *weights, size_t row_bytes, size_t i,
                       size_t count, const uint8_t *x, size_t x_bytes, __m256 sum[4][4]) {
  __m256 w[4];
  for (int r = 0; r < R; r++)
    w[r] = load_weights(type, weights + (size_t)r * row_bytes, i, count);
  for (int t = 0; t < T; t++) {
    __m256 v = load_floats(x + (size_t)t * x_bytes + 4 * i, count);
    for (int r = 0; r < R; r++) sum[r][t] = _mm256_fmadd_ps(w[r], v, sum[r][t]);
  }
}

INLINE void float_tile(int type, int R, int T, const uint8_t *weights, size_t row_bytes,
                       size_t width, const uint8_t *x, size_t x_bytes, float *out,
                       size_t out_stride) {
  __m256 sum[4][4];
  for (int r = 0; r < R; r++)
    for (int t = 0; t < T; t++) sum[r][t] = _mm256_setzero_ps();
  size_t i = 0;
  for (; i + 8 <= width; i += 8)
    float_step(type, R, T, weights, row_bytes, i, 8, x, x_bytes, sum);
  if (i < width) float_step(type, R, T, weights, row_bytes, i, width - i, x, x_bytes, sum);
  for (int t = 0; t < T; t++)
    for (int r = 0; r < R; r++) out[(size_t)t * out_stride + (size_t)r] = total(sum[r][t]);
}

INLINE void multiply_floating(int type, const uint8_t *weights, size_t row_bytes, size_t rows,
                              size_t width, const uint8_t *x, size_t x_bytes, size_t tokens,
                              float *out, size_t out_stride) {
#define FLOATS(R, T)                                                                             \
  for (; t + T <= tokens; t += T)                                                                \
  float_tile(type, R, T, weights + r * row_bytes, row_bytes, width, x + t * x_bytes, x_bytes,    \
             out + t * out_stride + r, out_stride)
  size_t r = 0;
  for (; r + 4 <= rows; r += 4) {
    size_t t = 0;
    FLOATS(4, 2);
    FLOATS(4, 1);
  }
  for (; r < rows; r++) {
    size_t t = 0;
    FLOATS(1, 4);
    FLOATS(1, 1);
  }
#undef FLOATS
}
MULTIPLY(f32, CK_F32, floating)
MULTIPLY(f16, CK_F16, floating)
MULTIPLY(bf16, CK_BF16, floating)

/// Thirty-two integers within a byte's range as sixteen and sixteen bytes.
INLINE void store_levels(ck_group *group, size_t b, const __m256i levels[4]) {
  __m256i low = _mm256_packs_epi32(levels[0], levels[1]);
  __m256i high = _mm256_packs_epi32(levels[2], levels[3]);
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  __m256i bytes = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(low, high), order);
  _mm_storeu_si128((__m128i *)(group->low + b * 16), _mm256_castsi256_si128(bytes));
  _mm_storeu_si128((__m128i *)(group->high + b * 16), _mm256_extracti128_si256(bytes, 1));
}

INLINE float integer_total(__m256i v) {
  __m128i four = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  __m128i two = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4e));
  return (float)_mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 0xb1)));
}

static void quantize(const float *x, size_t width, ck_group *out) {
  size_t blocks = width / 32;
  if (blocks % 4) memset(out + blocks / 4, 0, sizeof *out);
  const __m256 sign = _mm256_set1_ps(-0.0f);
  for (size_t block = 0; block < blocks; block++, x += 32) {
    ck_group *group = out + block / 4;
    size_t b = block % 4;
    __m256 v[4], magnitude = _mm256_setzero_ps();
    for (int i = 0; i < 4; i++) {
      v[i] = _mm256_loadu_ps(x + 8 * i);
      magnitude = _mm256_max_ps(magnitude, _mm256_andnot_ps(sign, v[i]));
    }
    float largest = largest_lane(magnitude), scale = largest / 127;
    __m256 inverse = _mm256_set1_ps(largest > CK_NEGLIGIBLE ? 127 / largest : 0);
    __m256i levels[4];
    for (int i = 0; i < 4; i++) levels[i] = _mm256_cvtps_epi32(_mm256_mul_ps(v[i], inverse));
    store_levels(group, b, levels);
    group->scale[b] = scale;
    group->sum_low[b] = scale * integer_total(_mm256_add_epi32(levels[0], levels[1]));
    group->sum_high[b] = scale * integer_total(_mm256_add_epi32(levels[2], levels[3]));
  }
}

static void residual(const float *x, size_t width, const ck_group *rounded, float *out) {
  for (size_t i = 0; i < width; i += 8) {
    const ck_group *group = rounded + i / CK_GROUP;
    size_t b = i % CK_GROUP / 32;
    const int8_t *levels = (i % 32 < 16 ? group->low : group->high) + b * 16 + i % 16;
    __m256i wide = _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)levels));
    _mm256_storeu_ps(out + i, _mm256_fnmadd_ps(_mm256_cvtepi32_ps(wide),
                                               _mm256_set1_ps(group->scale[b]),
                                               _mm256_loadu_ps(x + i)));
  }
}

static void rms_norm(const float *x, const float *weight, size_t width, float epsilon, float *out) {
  __m256 squares[4];
  for (int k = 0; k < 4; k++) squares[k] = _mm256_setzero_ps();
  for (size_t i = 0; i < width; i += 32)
    for (size_t k = 0; k < 4 && i + 8 * k < width; k++) {
      __m256 v = load_floats(x + i + 8 * k, width - i - 8 * k);
      squares[k] = _mm256_fmadd_ps(v, v, squares[k]);
    }
  __m256 sum = _mm256_add_ps(_mm256_add_ps(squares[0], squares[1]),
                             _mm256_add_ps(squares[2], squares[3]));
  __m256 factor = _mm256_set1_ps(1 / __builtin_sqrtf(total(sum) / (float)width + epsilon));
  for (size_t i = 0; i < width; i += 8) {
    __m256 v = _mm256_mul_ps(load_floats(x + i, width - i), factor);
    store_floats(out + i, width - i, _mm256_mul_ps(v, load_floats(weight + i, width - i)));
  }
}

static void rotate(float *x, size_t heads, size_t width, const float *cosines,
                   const float *sines) {
  for (size_t h = 0; h < heads; h++, x += width)
    for (size_t i = 0; i < width; i += 8) {
      size_t count = width - i;
      __m256 v = load_floats(x + i, count);
      __m256 turned = _mm256_mul_ps(_mm256_permute_ps(v, 0xb1), load_floats(sines + i, count));
      store_floats(x + i, count, _mm256_fmadd_ps(v, load_floats(cosines + i, count), turned));
    }
}

/// e^x for x of at most 88, to two units in the last place; anything under -87 gives zero.
/// x = n ln 2 + r with |r| <= ln 2 / 2; the polynomial is the Taylor series of e^r.
INLINE __m256 exponential(__m256 x) {
  __m256 alive = _mm256_cmp_ps(x, _mm256_set1_ps(-87), _CMP_GT_OQ);
  x = _mm256_and_ps(x, alive);
  __m256 n = _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(1.44269504f)),
                             _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0.693145752f), x);
  r = _mm256_fnmadd_ps(n, _mm256_set1_ps(1.42860677e-6f), r);
  __m256 p = _mm256_set1_ps(1.0f / 5040);
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f / 720));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f / 120));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f / 24));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f / 6));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(0.5f));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1));
  __m256i power = _mm256_slli_epi32(
      _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
  return _mm256_and_ps(_mm256_mul_ps(p, _mm256_castsi256_ps(power)), alive);
}

static void swiglu(float *gate, const float *up, size_t count) {
  for (size_t i = 0; i < count; i += 8) {
    __m256 g = load_floats(gate + i, count - i), u = load_floats(up + i, count - i);
    __m256 negative = _mm256_min_ps(_mm256_sub_ps(_mm256_setzero_ps(), g), _mm256_set1_ps(88));
    // Under -88 the exponential stands still, so g does too; the order keeps NaN.
    g = _mm256_max_ps(_mm256_set1_ps(-88), g);
    __m256 silu = _mm256_div_ps(g, _mm256_add_ps(_mm256_set1_ps(1), exponential(negative)));
    store_floats(gate + i, count - i, _mm256_mul_ps(silu, u));
  }
}

static void store_key(const float *key, size_t width, uint16_t *block, size_t slot) {
  for (size_t i = 0; i < width; i++)
    block[i * CK_KEY_BLOCK + slot] = (uint16_t)_cvtss_sh(key[i], _MM_FROUND_TO_NEAREST_INT);
}

static void store_value(const float *value, size_t width, uint16_t *out) {
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

static void attend(const float *q, size_t queries, size_t width, const uint16_t *keys,
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

const ck_table ck_avx2 = {
    .name = "avx2",
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
