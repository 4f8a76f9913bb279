/// The matrix products of the NEON variant.
///
/// One order of summing serves any number of tokens, so that prefill and decode give the same
/// bits: the integers of a block of 32 are added up exactly; as floats, blocks 0, 4, 8, ... are
/// added in this order, so are 1, 5, 9, ... and the other two, and at the end these four sums.

#include "tables.h"

#if defined(__aarch64__)

#include "neon_levels.h"

#pragma clang attribute push(CK_NEON_TARGET, apply_to = function)

/// A loop over registers: there is no register that a loop could number.
#define EACH(i, count) _Pragma("clang loop unroll(full)") for (int i = 0; i < (count); i++)

/// Adds the products of column `j` (of four) with levels 4j...4j+3 of sixteen.
INLINE int32x4_t add_products(int32x4_t sum, uint8x16_t levels, int8x16_t x, int j) {
  int8x16_t w = vreinterpretq_s8_u8(levels);
  switch (j) {
  case 0: return vdotq_laneq_s32(sum, w, x, 0);
  case 1: return vdotq_laneq_s32(sum, w, x, 1);
  case 2: return vdotq_laneq_s32(sum, w, x, 2);
  default: return vdotq_laneq_s32(sum, w, x, 3);
  }
}

/// What the zero level adds to every row's sum, of the block or of its sixteen in `low` or `high`.
INLINE int32x4_t zero_level_part(int zero_level, int steps) {
  return vdupq_n_s32(zero_level * steps);
}

/// What `sum` of products becomes as a float, scaled and added to `total`.
INLINE float32x4_t add_scaled(float32x4_t total, int32x4_t sum, float32x4_t weight_scale,
                              float scale) {
  return vfmaq_f32(total, vcvtq_f32_s32(sum), vmulq_n_f32(weight_scale, scale));
}

// MARK: a few tokens

/// Adds block `b` of group `group` to the sums of `T` tokens, by row.
INLINE void accumulate(int type, int T, const panel_block *w, const ck_group *const *x,
                       size_t group, size_t b, float32x4_t sum[][4]) {
  const int level = zero_level(type);
  EACH(t, T) {
    const ck_group *g = x[t] + group;
    int8x16_t low = vld1q_s8(g->low + b * 16), high = vld1q_s8(g->high + b * 16);
    const int zero = g->correction[b][0], steps = g->correction[b][1];
    const int steps_low = g->correction_low[b][1];
    int32x4_t dot = zero_level_part(level, has_split_scales(type) ? steps_low : steps);
    EACH(j, 4) dot = add_products(dot, w->levels[j], low, j);
    if (has_split_scales(type)) {
      dot = vmlaq_n_s32(dot, w->sum, zero);
      sum[t][b] = add_scaled(sum[t][b], dot, w->scale, g->scale[b]);
      dot = zero_level_part(level, steps - steps_low);
    }
    EACH(j, 4) dot = add_products(dot, w->levels[4 + j], high, j);
    dot = vmlaq_n_s32(dot, has_split_scales(type) ? w->sum_high : w->sum, zero);
    sum[t][b] = add_scaled(sum[t][b], dot, has_split_scales(type) ? w->scale_high_or_min : w->scale,
                           g->scale[b]);
    if (has_minimum(type)) sum[t][b] = vfmaq_n_f32(sum[t][b], w->scale_high_or_min, g->sum[b]);
  }
}

/// How far ahead of the weights in use the next ones are fetched.
#define PREFETCH_BYTES 1024

/// Fetches what lies `ahead` bytes behind group `group` of four rows.
INLINE void prefetch(int type, const uint8_t *const *rows, size_t group, size_t ahead) {
  ahead += group * group_bytes(type);
  EACH(r, 4)
    for (size_t line = 0; line < group_bytes(type); line += 64)
      __builtin_prefetch(rows[r] + ahead + line);
}

/// How many blocks group `group` has.
INLINE size_t blocks_in_group(int type, size_t blocks, size_t group) {
  return has_groups(type) || blocks - group * 4 > 4 ? 4 : blocks - group * 4;
}

/// Four rows by `T` tokens, the weights unpacked on the way. Written are
/// `out[t * out_stride + r * row_step]` for the first `count` rows.
INLINE void few_tokens(int type, int T, const uint8_t *const *rows, size_t count, size_t width,
                       const uint8_t *activations, size_t activation_bytes, float *out,
                       size_t row_step, size_t out_stride) {
  float32x4_t sum[4][4];
  const ck_group *x[4];
  EACH(t, T) {
    x[t] = (const ck_group *)(activations + (size_t)t * activation_bytes);
    EACH(b, 4) sum[t][b] = vdupq_n_f32(0);
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
    float32x4_t all = vaddq_f32(vaddq_f32(vaddq_f32(sum[t][0], sum[t][1]), sum[t][2]), sum[t][3]);
    float values[4];
    vst1q_f32(values, all);
    for (size_t r = 0; r < count; r++) out[(size_t)t * out_stride + r * row_step] = values[r];
  }
}

/// Four rows at a time. They lie a quarter of all rows apart, so that each runs through memory
/// in one line: rows beside each other would end every few kilobytes, before what was fetched
/// ahead is used.
INLINE void rows_by_few_tokens(int type, int T, const uint8_t *weights, size_t row_bytes,
                               size_t rows, size_t width, const uint8_t *x, size_t x_bytes,
                               float *out, size_t out_stride) {
  size_t quarter = rows / 4, done = quarter * 4;
  // The last turn takes the rows that are left, the last of them standing in for others.
  for (size_t first = 0; first < quarter + (done < rows); first++) {
    const uint8_t *row[4];
    bool last = first == quarter;
    for (size_t r = 0; r < 4; r++) {
      size_t at = last ? (done + r < rows ? done + r : rows - 1) : first + r * quarter;
      row[r] = weights + at * row_bytes;
    }
    few_tokens(type, T, row, last ? rows - done : 4, width, x, x_bytes,
               out + (last ? done : first), last ? 1 : quarter, out_stride);
  }
}

// MARK: many tokens

/// Most blocks in a row.
#define BLOCKS_MAX (CK_GROUPS_MAX * 4)

/// Unpacks four rows from `first` on, the last of `rows` standing in for those beyond it.
INLINE void pack_panel(int type, const uint8_t *weights, size_t row_bytes, size_t first,
                       size_t rows, size_t blocks, panel_block *panel) {
  const uint8_t *row[4];
  for (size_t r = 0; r < 4; r++)
    row[r] = weights + (first + r < rows ? first + r : rows - 1) * row_bytes;
  group_columns shared;
  for (size_t g = 0; g * 4 < blocks; g++) {
    size_t in_group = blocks_in_group(type, blocks, g);
    prefetch(type, row, g, 4 * row_bytes); // the next four rows
    if (has_groups(type)) open_group(type, row, g, &shared);
    for (size_t b = 0; b < in_group; b++) unpack_block(type, row, &shared, g, b, panel++);
  }
}

/// `P` panels of four rows by `T` tokens; `split`: with two scales a block. `panels`: `P` times
/// `blocks` blocks; the sums go to `out[t * out_stride + 4 * p + lane]`, to as many lanes as
/// `rows` has.
INLINE void panel_tile(bool split, int P, int T, bool with_minimum, int level,
                       const panel_block *panels, size_t blocks, const uint8_t *activations,
                       size_t activation_bytes, size_t rows, float *out, size_t out_stride) {
  float32x4_t sum[4][4][4];
  for (int b = 0; b < 4; b++)
    EACH(p, P)
      EACH(t, T) sum[b][p][t] = vdupq_n_f32(0);
  for (size_t i = 0; i < blocks; i++) {
    const panel_block *w = panels + i;
    const uint8_t *x = activations + i / 4 * sizeof(ck_group);
    const size_t b = i % 4;
    int32x4_t dot[4][4];
#define GROUP(t) ((const ck_group *)(x + (size_t)(t) * activation_bytes))
    EACH(half, 2) {
      int8x16_t v[4];
      EACH(t, T) {
        v[t] = vld1q_s8((half ? GROUP(t)->high : GROUP(t)->low) + b * 16);
        if (half == 0 || split) {
          int low = GROUP(t)->correction_low[b][1], all = GROUP(t)->correction[b][1];
          int32x4_t start = zero_level_part(level, !split ? all : half ? all - low : low);
          EACH(p, P) dot[p][t] = start;
        }
      }
      EACH(j, 4) {
        EACH(p, P) {
          uint8x16_t levels = w[(size_t)p * blocks].levels[half * 4 + j];
          EACH(t, T) dot[p][t] = add_products(dot[p][t], levels, v[t], j);
        }
      }
      if (half == 0 && !split) continue;
      EACH(p, P) {
        const panel_block *block = w + (size_t)p * blocks;
        int32x4_t levels = split && half ? block->sum_high : block->sum;
        float32x4_t scale = split && half ? block->scale_high_or_min : block->scale;
        EACH(t, T) {
          int32x4_t all = vmlaq_n_s32(dot[p][t], levels, GROUP(t)->correction[b][0]);
          sum[b][p][t] = add_scaled(sum[b][p][t], all, scale, GROUP(t)->scale[b]);
        }
      }
    }
    if (with_minimum)
      EACH(p, P)
        EACH(t, T)
          sum[b][p][t] = vfmaq_n_f32(sum[b][p][t], w[(size_t)p * blocks].scale_high_or_min,
                                     GROUP(t)->sum[b]);
#undef GROUP
  }
  EACH(t, T)
    EACH(p, P) {
      float32x4_t all = vaddq_f32(vaddq_f32(sum[0][p][t], sum[1][p][t]), sum[2][p][t]);
      store_floats(out + (size_t)t * out_stride + 4 * p, rows - 4 * (size_t)p,
                   vaddq_f32(all, sum[3][p][t]));
    }
}

/// One or four panels by all tokens.
INLINE void panel_by_tokens(bool split, int P, bool with_minimum, int level,
                            const panel_block *panels, size_t blocks, const uint8_t *x,
                            size_t x_bytes, size_t tokens, size_t rows, float *out,
                            size_t out_stride) {
  size_t t = 0;
#define TILES(T)                                                                                 \
  for (; t + T <= tokens; t += T)                                                                \
  panel_tile(split, P, T, with_minimum, level, panels, blocks, x + t * x_bytes, x_bytes, rows,   \
             out + t * out_stride, out_stride)
  TILES(4);
  TILES(2);
  TILES(1);
#undef TILES
}

/// Not inlined into the products: two of these serve all formats.
#define PANEL_PRODUCT(name, split)                                                               \
  static __attribute__((noinline)) void name(                                                    \
      int count, bool with_minimum, int level, const panel_block *panels, size_t blocks,         \
      const uint8_t *x, size_t x_bytes, size_t tokens, size_t rows, float *out,                  \
      size_t out_stride) {                                                                       \
    if (count == 4)                                                                              \
      panel_by_tokens(split, 4, with_minimum, level, panels, blocks, x, x_bytes, tokens, rows,   \
                      out, out_stride);                                                          \
    else                                                                                         \
      panel_by_tokens(split, 1, with_minimum, level, panels, blocks, x, x_bytes, tokens, rows,   \
                      out, out_stride);                                                          \
  }
PANEL_PRODUCT(panels_scaled, false)
PANEL_PRODUCT(panels_scaled_by_halves, true)

/// Four or sixteen rows at a time are unpacked, once for all tokens, so that every lane has its
/// own row and no sum across lanes is needed.
INLINE void rows_by_many_tokens(int type, const uint8_t *weights, size_t row_bytes, size_t rows,
                                size_t width, const uint8_t *x, size_t x_bytes, size_t tokens,
                                float *out, size_t out_stride) {
  panel_block panels[BLOCKS_MAX];
  size_t blocks = width / 32;
  for (size_t first = 0; first < rows;) {
    int count = rows - first > 12 && blocks <= BLOCKS_MAX / 4 ? 4 : 1;
    for (int p = 0; p < count; p++)
      pack_panel(type, weights, row_bytes, first + (size_t)p * 4, rows, blocks,
                 panels + (size_t)p * blocks);
    (has_split_scales(type) ? panels_scaled_by_halves
                            : panels_scaled)(count, has_minimum(type), zero_level(type), panels,
                                             blocks, x, x_bytes, tokens, rows - first, out + first,
                                             out_stride);
    first += (size_t)count * 4;
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

INLINE float32x4_t load_weights(int type, const uint8_t *row, size_t i, size_t count) {
  if (type == CK_F32) return load_floats(row + 4 * i, count);
  uint16_t words[4] = {0};
  memcpy(words, row + 2 * i, (count < 4 ? count : 4) * sizeof(uint16_t));
  if (type == CK_F16) return load_halves4(words);
  return vreinterpretq_f32_u32(vshlq_n_u32(vmovl_u16(vld1_u16(words)), 16));
}

INLINE void float_step(int type, int R, int T, const uint8_t *weights, size_t row_bytes, size_t i,
                       size_t count, const uint8_t *x, size_t x_bytes, float32x4_t sum[4][4]) {
  float32x4_t w[4];
  for (int r = 0; r < R; r++)
    w[r] = load_weights(type, weights + (size_t)r * row_bytes, i, count);
  for (int t = 0; t < T; t++) {
    float32x4_t v = load_floats(x + (size_t)t * x_bytes + 4 * i, count);
    for (int r = 0; r < R; r++) sum[r][t] = vfmaq_f32(sum[r][t], w[r], v);
  }
}

INLINE void float_tile(int type, int R, int T, const uint8_t *weights, size_t row_bytes,
                       size_t width, const uint8_t *x, size_t x_bytes, float *out,
                       size_t out_stride) {
  float32x4_t sum[4][4];
  for (int r = 0; r < R; r++)
    for (int t = 0; t < T; t++) sum[r][t] = vdupq_n_f32(0);
  size_t i = 0;
  for (; i + 4 <= width; i += 4)
    float_step(type, R, T, weights, row_bytes, i, 4, x, x_bytes, sum);
  if (i < width) float_step(type, R, T, weights, row_bytes, i, width - i, x, x_bytes, sum);
  for (int t = 0; t < T; t++)
    for (int r = 0; r < R; r++) out[(size_t)t * out_stride + (size_t)r] = vaddvq_f32(sum[r][t]);
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
    FLOATS(4, 4);
    FLOATS(4, 1);
  }
  for (; r < rows; r++) {
    size_t t = 0;
    FLOATS(1, 4);
    FLOATS(1, 1);
  }
#undef FLOATS
}
CK_DEFINE_PRODUCTS(neon)

#pragma clang attribute pop

#endif
