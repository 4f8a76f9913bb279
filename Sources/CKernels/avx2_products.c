/// The matrix products of the AVX2 variant.
///
/// One order of summing serves any number of tokens, so that prefill and decode give the same
/// bits: the integers of a block of 32 are added up exactly; as floats, blocks 0, 4, 8, ... are
/// added in this order, so are 1, 5, 9, ... and the other two, and at the end these four sums.

#include "tables.h"

#if defined(__x86_64__)

#include "avx2_levels.h"

#pragma clang attribute push(CK_AVX2_TARGET, apply_to = function)

/// A loop over registers: there is no register that a loop could number.
#define EACH(i, count) _Pragma("clang loop unroll(full)") for (int i = 0; i < (count); i++)

INLINE __m256i broadcast32(const void *p) { return _mm256_set1_epi32((int)ck_u32(p)); }

/// Neighbours among sixteen integers, added.
INLINE __m256i add_pairs(__m256i v) { return _mm256_madd_epi16(v, _mm256_set1_epi16(1)); }

/// Four products a lane, as two sums of 16 bits. Those of 4-bit levels are at most 3,810, of 5
/// bits 7,874, of 6 bits 16,002, of signed bytes 32,512: so many may be added in 16 bits.
INLINE __m256i products(int bits, __m256i levels, __m256i magnitudes, __m256i x) {
  if (bits == 8) return _mm256_maddubs_epi16(magnitudes, _mm256_sign_epi8(x, levels));
  return _mm256_maddubs_epi16(levels, x);
}

/// Keeps the compiler from adding up in another order, for which there are not enough registers.
INLINE __m256i in_this_order(__m256i sum) {
  __asm__("" : "+x"(sum));
  return sum;
}

/// What of a block's correction belongs to the sixteen values in `high`.
INLINE __m256i correction_high(const ck_group *x, size_t b) {
  __m256i whole = broadcast32(x->correction[b]);
  __m256i rest = _mm256_sub_epi16(whole, broadcast32(x->correction_low[b]));
  return _mm256_blend_epi16(whole, rest, 0xaa);
}

// MARK: a few tokens

/// Four columns by sixteen activation levels.
INLINE __m256i dot_half(int bits, const __m256i levels[4], const int8_t *x) {
  __m256i p[4];
  EACH(j, 4)
    p[j] = products(bits, levels[j], _mm256_abs_epi8(levels[j]), broadcast32(x + 4 * j));
  if (bits <= 5)
    return _mm256_add_epi16(_mm256_add_epi16(p[0], p[1]), _mm256_add_epi16(p[2], p[3]));
  if (bits == 6)
    return _mm256_add_epi32(add_pairs(_mm256_add_epi16(p[0], p[1])),
                            add_pairs(_mm256_add_epi16(p[2], p[3])));
  return _mm256_add_epi32(_mm256_add_epi32(add_pairs(p[0]), add_pairs(p[1])),
                          _mm256_add_epi32(add_pairs(p[2]), add_pairs(p[3])));
}

/// Adds block `b` of group `group` to the sums of `T` tokens, by row.
INLINE void accumulate(int type, int T, const panel_block *w, const ck_group *const *x,
                       size_t group, size_t b, __m256 sum[][4]) {
  const int bits = level_bits(type);
  EACH(t, T) {
    const ck_group *g = x[t] + group;
    __m256 scale = _mm256_broadcast_ss(g->scale + b);
    __m256i low = dot_half(bits, w->levels, g->low + b * 16);
    __m256i high = dot_half(bits, w->levels + 4, g->high + b * 16);
    __m256i corrected;
    if (has_split_scales(type)) {
      corrected = _mm256_madd_epi16(w->word, broadcast32(g->correction_low[b]));
      low = _mm256_add_epi32(low, corrected);
      sum[t][b] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(low), _mm256_mul_ps(w->scale, scale),
                                  sum[t][b]);
      corrected = _mm256_madd_epi16(w->word_high, correction_high(g, b));
      high = _mm256_add_epi32(high, corrected);
      sum[t][b] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(high),
                                  _mm256_mul_ps(w->scale_high_or_min, scale), sum[t][b]);
      continue;
    }
    __m256i dot;
    if (bits == 4)
      dot = add_pairs(_mm256_add_epi16(low, high));
    else if (bits == 5)
      dot = _mm256_add_epi32(add_pairs(low), add_pairs(high));
    else
      dot = _mm256_add_epi32(low, high);
    corrected = _mm256_madd_epi16(w->word, broadcast32(g->correction[b]));
    dot = _mm256_add_epi32(dot, corrected);
    sum[t][b] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dot), _mm256_mul_ps(w->scale, scale),
                                sum[t][b]);
    if (has_minimum(type))
      sum[t][b] = _mm256_fmadd_ps(w->scale_high_or_min, _mm256_broadcast_ss(g->sum + b),
                                  sum[t][b]);
  }
}

/// How far ahead of the weights in use the next ones are fetched.
#define PREFETCH_BYTES 1024

/// Fetches what lies `ahead` bytes behind group `group` of eight rows.
INLINE void prefetch(int type, const uint8_t *const *rows, size_t group, size_t ahead) {
  ahead += group * group_bytes(type);
  EACH(r, 8)
    for (size_t line = 0; line < group_bytes(type); line += 64)
      _mm_prefetch((const char *)(rows[r] + ahead + line), _MM_HINT_T0);
}

/// How many blocks group `group` has.
INLINE size_t blocks_in_group(int type, size_t blocks, size_t group) {
  return has_groups(type) || blocks - group * 4 > 4 ? 4 : blocks - group * 4;
}

/// Eight rows by `T` tokens, the weights unpacked on the way. Written are
/// `out[t * out_stride + r * row_step]` for the first `count` rows.
INLINE void few_tokens(int type, int T, const uint8_t *const *rows, size_t count, size_t width,
                       const uint8_t *activations, size_t activation_bytes, float *out,
                       size_t row_step, size_t out_stride) {
  __m256 sum[4][4];
  const ck_group *x[4];
  EACH(t, T) {
    x[t] = (const ck_group *)(activations + (size_t)t * activation_bytes);
    EACH(b, 4) sum[t][b] = _mm256_setzero_ps();
  }
  group_columns shared;
  panel_block w;
  size_t blocks = width / 32;
  for (size_t g = 0; g * 4 < blocks; g++) {
    size_t in_group = blocks_in_group(type, blocks, g);
    prefetch(type, rows, g, PREFETCH_BYTES);
    if (has_groups(type)) open_group(type, rows, g, &shared);
    for (size_t b = 0; b < in_group; b++) {
      unpack_block(type, rows, &shared, g, b, &w);
      accumulate(type, T, &w, x, g, b, sum);
    }
  }
  EACH(t, T) {
    __m256 all = _mm256_add_ps(_mm256_add_ps(_mm256_add_ps(sum[t][0], sum[t][1]), sum[t][2]),
                               sum[t][3]);
    float values[8];
    _mm256_storeu_ps(values, all);
    for (size_t r = 0; r < count; r++) out[(size_t)t * out_stride + r * row_step] = values[r];
  }
}

/// Rows a multiple of this apart drive each other out of the first-level cache.
#define ALIAS_BYTES 4096

/// Eight rows at a time. They lie an eighth of all rows apart, so that each runs through memory
/// in one line: rows beside each other would end every few kilobytes, before what was fetched
/// ahead is used. The rows that are left come last.
INLINE void rows_by_few_tokens(int type, int T, const uint8_t *weights, size_t row_bytes,
                               size_t rows, size_t width, const uint8_t *x, size_t x_bytes,
                               float *out, size_t out_stride) {
  size_t eighth = rows / 8;
  if (eighth > 1 && eighth * row_bytes % ALIAS_BYTES == 0) eighth--;
  const size_t spread = eighth * 8, turns = eighth + (rows - spread + 7) / 8;
  for (size_t turn = 0; turn < turns; turn++) {
    size_t first = turn < eighth ? turn : spread + (turn - eighth) * 8;
    size_t step = turn < eighth ? eighth : 1, count = rows - first < 8 ? rows - first : 8;
    const uint8_t *row[8];
    for (size_t r = 0; r < 8; r++) {
      size_t at = first + r * step; // the last row stands in for those beyond it
      row[r] = weights + (at < rows ? at : rows - 1) * row_bytes;
    }
    few_tokens(type, T, row, count, width, x, x_bytes, out + first, step, out_stride);
  }
}

// MARK: many tokens

/// Most blocks in a row.
#define BLOCKS_MAX (CK_GROUPS_MAX * 4)

/// Unpacks eight rows from `first` on, the last of `rows` standing in for those beyond it.
INLINE void pack_panel(int type, const uint8_t *weights, size_t row_bytes, size_t first,
                       size_t rows, size_t blocks, panel_block *panel) {
  const uint8_t *row[8];
  for (size_t r = 0; r < 8; r++)
    row[r] = weights + (first + r < rows ? first + r : rows - 1) * row_bytes;
  group_columns shared;
  for (size_t g = 0; g * 4 < blocks; g++) {
    prefetch(type, row, g, 8 * row_bytes); // the next eight rows
    size_t in_group = blocks_in_group(type, blocks, g);
    if (has_groups(type)) open_group(type, row, g, &shared);
    for (size_t b = 0; b < in_group; b++) unpack_block(type, row, &shared, g, b, panel++);
  }
}

/// `P` panels of eight rows by `T` tokens; `bits` of a level, 6 with two scales a block.
/// `panels`: `P` times `blocks` blocks; the sums go to `out[t * out_stride + 8 * p + lane]`, to as
/// many lanes as `rows` has.
INLINE void panel_tile(int bits, int P, int T, bool with_minimum, const panel_block *panels,
                       size_t blocks, const uint8_t *activations, size_t activation_bytes,
                       size_t rows, float *out, size_t out_stride) {
  __m256 sum[4][2][6];
  EACH(b, 4)
    EACH(p, P)
      EACH(t, T) sum[b][p][t] = _mm256_setzero_ps();
  for (size_t i = 0; i < blocks; i++) {
    const panel_block *w = panels + i;
    const uint8_t *x = activations + i / 4 * sizeof(ck_group);
    const size_t b = i % 4;
    __m256i narrow[2][6], dot[2][6]; // sums of 16 and of 32 bits
#define GROUP(t) ((const ck_group *)(x + (size_t)(t) * activation_bytes))
    EACH(half, 2) {
      EACH(step, bits == 6 ? 2 : 4) {
        const int j = bits == 6 ? 2 * step : step;
        __m256i levels[2], next[2];
        EACH(p, P) {
          levels[p] = w[p * blocks].levels[half * 4 + j];
          next[p] = bits == 6   ? w[p * blocks].levels[half * 4 + j + 1]
                    : bits == 8 ? _mm256_abs_epi8(levels[p])
                                : levels[p];
        }
        EACH(t, T) {
          const int8_t *values = (half ? GROUP(t)->high : GROUP(t)->low) + b * 16 + 4 * j;
          __m256i v = broadcast32(values);
          EACH(p, P) {
            __m256i four = products(bits, levels[p], next[p], v);
            if (bits <= 5) {
              bool begins = j == 0 && (bits == 5 || half == 0);
              narrow[p][t] = in_this_order(begins ? four : _mm256_add_epi16(narrow[p][t], four));
              continue;
            }
            if (bits == 6)
              four = _mm256_add_epi16(four, products(bits, next[p], next[p],
                                                     broadcast32(values + 4)));
            four = add_pairs(four);
            bool begins = j == 0 && (bits == 6 || half == 0);
            dot[p][t] = in_this_order(begins ? four : _mm256_add_epi32(dot[p][t], four));
          }
        }
      }
      if (bits == 5)
        EACH(t, T)
          EACH(p, P) {
            __m256i pairs = add_pairs(narrow[p][t]);
            dot[p][t] = half ? _mm256_add_epi32(dot[p][t], pairs) : pairs;
          }
      if (bits == 6)
        EACH(t, T) {
          __m256 scale = _mm256_broadcast_ss(GROUP(t)->scale + b);
          __m256i correction = half ? correction_high(GROUP(t), b)
                                    : broadcast32(GROUP(t)->correction_low[b]);
          EACH(p, P) {
            const panel_block *block = w + p * blocks;
            __m256i all = _mm256_madd_epi16(half ? block->word_high : block->word, correction);
            all = _mm256_add_epi32(all, dot[p][t]);
            __m256 both = _mm256_mul_ps(half ? block->scale_high_or_min : block->scale, scale);
            sum[b][p][t] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(all), both, sum[b][p][t]);
          }
        }
    }
    if (bits == 6) continue;
    EACH(t, T) {
      __m256 scale = _mm256_broadcast_ss(GROUP(t)->scale + b);
      __m256i correction = broadcast32(GROUP(t)->correction[b]);
      EACH(p, P) {
        const panel_block *block = w + p * blocks;
        __m256i all = _mm256_madd_epi16(block->word, correction);
        all = _mm256_add_epi32(all, bits == 4 ? add_pairs(narrow[p][t]) : dot[p][t]);
        __m256 both = _mm256_mul_ps(block->scale, scale);
        sum[b][p][t] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(all), both, sum[b][p][t]);
      }
    }
    if (with_minimum)
      EACH(t, T) {
        __m256 steps = _mm256_broadcast_ss(GROUP(t)->sum + b);
        EACH(p, P)
          sum[b][p][t] = _mm256_fmadd_ps(w[p * blocks].scale_high_or_min, steps, sum[b][p][t]);
      }
#undef GROUP
  }
  EACH(t, T)
    EACH(p, P) {
      __m256 all = _mm256_add_ps(_mm256_add_ps(sum[0][p][t], sum[1][p][t]), sum[2][p][t]);
      store_floats(out + (size_t)t * out_stride + 8 * p, rows - 8 * (size_t)p,
                   _mm256_add_ps(all, sum[3][p][t]));
    }
}

/// How many tokens a tile takes: as many as there are registers for.
INLINE int tile_tokens(int bits) { return bits <= 5 ? 6 : 4; }

/// One or two panels by all tokens.
INLINE void panel_by_tokens(int bits, int P, bool with_minimum, const panel_block *panels,
                            size_t blocks, const uint8_t *x, size_t x_bytes, size_t tokens,
                            size_t rows, float *out, size_t out_stride) {
  size_t t = 0;
#define TILES(T)                                                                                 \
  for (; t + T <= tokens; t += T)                                                                \
  panel_tile(bits, P, T, with_minimum, panels, blocks, x + t * x_bytes, x_bytes, rows,           \
             out + t * out_stride, out_stride)
  if (tile_tokens(bits) == 6) TILES(6);
  TILES(4);
  TILES(2);
  TILES(1);
#undef TILES
}

/// Not inlined into the products: four of these serve all formats.
#define PANEL_PRODUCT(name, bits)                                                                \
  static __attribute__((noinline)) void name(                                                    \
      int count, bool with_minimum, const panel_block *panels, size_t blocks, const uint8_t *x,  \
      size_t x_bytes, size_t tokens, size_t rows, float *out, size_t out_stride) {               \
    if (count == 2)                                                                              \
      panel_by_tokens(bits, 2, with_minimum, panels, blocks, x, x_bytes, tokens, rows, out,      \
                      out_stride);                                                               \
    else                                                                                         \
      panel_by_tokens(bits, 1, with_minimum, panels, blocks, x, x_bytes, tokens, rows, out,      \
                      out_stride);                                                               \
  }
PANEL_PRODUCT(panels_of_4_bits, 4)
PANEL_PRODUCT(panels_of_5_bits, 5)
PANEL_PRODUCT(panels_of_6_bits, 6)
PANEL_PRODUCT(panels_of_8_bits, 8)

/// Eight or sixteen rows at a time are unpacked, once for all tokens, so that every lane has its
/// own row and no sum across lanes is needed.
INLINE void rows_by_many_tokens(int type, const uint8_t *weights, size_t row_bytes, size_t rows,
                                size_t width, const uint8_t *x, size_t x_bytes, size_t tokens,
                                float *out, size_t out_stride) {
  panel_block panels[BLOCKS_MAX];
  size_t blocks = width / 32;
  for (size_t first = 0; first < rows;) {
    int count = rows - first > 8 && blocks <= BLOCKS_MAX / 2 ? 2 : 1;
    for (int p = 0; p < count; p++)
      pack_panel(type, weights, row_bytes, first + (size_t)p * 8, rows, blocks,
                 panels + (size_t)p * blocks);
    (level_bits(type) == 4   ? panels_of_4_bits
     : level_bits(type) == 5 ? panels_of_5_bits
     : level_bits(type) == 6 ? panels_of_6_bits
                             : panels_of_8_bits)(count, has_minimum(type), panels, blocks, x,
                                                 x_bytes, tokens, rows - first, out + first,
                                                 out_stride);
    first += (size_t)count * 8;
  }
}

INLINE void multiply_quantized(int type, const uint8_t *weights, size_t row_bytes, size_t rows,
                               size_t width, const uint8_t *x, size_t x_bytes, size_t tokens,
                               float *out, size_t out_stride) {
#define FEW(T)                                                                                   \
  case T:                                                                                        \
    rows_by_few_tokens(type, T, weights, row_bytes, rows, width, x, x_bytes, out, out_stride);   \
    break
  switch (tokens) {
  case 0: break;
  FEW(1);
  FEW(2);
  FEW(3);
  FEW(4);
  default: // from here on it pays to unpack first
    rows_by_many_tokens(type, weights, row_bytes, rows, width, x, x_bytes, tokens, out, out_stride);
  }
#undef FEW
}

// MARK: floats

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
CK_DEFINE_PRODUCTS(avx2)

#pragma clang attribute pop

#endif
