#ifndef CK_AVX512_MANY_H
#define CK_AVX512_MANY_H

/// Products with many tokens: the weights are unpacked into panels that serve all of them.

#include "avx512_levels.h"

#pragma clang attribute push(CK_AVX512_TARGET, apply_to = function)

/// One block of 32 of sixteen rows; every lane belongs to one row. A panel holds the blocks
/// 0, 4, 8, ... first, then 1, 5, ...: those of one of the four sums follow each other.
typedef struct {
  __m512i levels[8];               // lane r: levels 4j...4j+3 of row r
  __m512 scale, scale_high_or_min; // by row
  __m512i word, word_high;         // by row: (sum of the levels, zero level), as for corrections
} panel_block;

/// Most blocks in a row.
#define BLOCKS_MAX (CK_GROUPS_MAX * 4)
/// Up to this many blocks a row, two panels are worked on together: what both take stays in the
/// second-level cache.
#define PAIRED_BLOCKS_MAX (BLOCKS_MAX / 2)

/// Turns sixteen rows of 32-bit lanes into sixteen columns.
INLINE void transpose(__m512i v[16]) {
  __m512i t[16];
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(v[i], v[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(v[i], v[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    v[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    v[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    v[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    v[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  // v[4q + c], 128-bit lane l: rows 4q...4q+3 of column 4l + c.
  for (int c = 0; c < 4; c++) {
    __m512i a = _mm512_shuffle_i32x4(v[c], v[4 + c], 0x88);
    __m512i b = _mm512_shuffle_i32x4(v[c], v[4 + c], 0xdd);
    __m512i d = _mm512_shuffle_i32x4(v[8 + c], v[12 + c], 0x88);
    __m512i e = _mm512_shuffle_i32x4(v[8 + c], v[12 + c], 0xdd);
    t[c] = _mm512_shuffle_i32x4(a, d, 0x88);
    t[8 + c] = _mm512_shuffle_i32x4(a, d, 0xdd);
    t[4 + c] = _mm512_shuffle_i32x4(b, e, 0x88);
    t[12 + c] = _mm512_shuffle_i32x4(b, e, 0xdd);
  }
  for (int i = 0; i < 16; i++) v[i] = t[i];
}

/// From four times (block, row of four) to (row of sixteen) of each block.
INLINE void transpose_scales(const __m512 v[4], __m512 out[4]) {
  __m512 a = _mm512_shuffle_f32x4(v[0], v[1], 0x88), b = _mm512_shuffle_f32x4(v[0], v[1], 0xdd);
  __m512 c = _mm512_shuffle_f32x4(v[2], v[3], 0x88), d = _mm512_shuffle_f32x4(v[2], v[3], 0xdd);
  out[0] = _mm512_shuffle_f32x4(a, c, 0x88);
  out[2] = _mm512_shuffle_f32x4(a, c, 0xdd);
  out[1] = _mm512_shuffle_f32x4(b, d, 0x88);
  out[3] = _mm512_shuffle_f32x4(b, d, 0xdd);
}

/// Unpacks group `group` of sixteen rows into its four places of `panel`.
INLINE void pack_group(int type, const uint8_t *const *rows, size_t group, const extent *e,
                       size_t groups, panel_block *panel) {
  __m512i low[16], high[16];
  for (int r = 0; r < 16; r++) {
    level_group w = unpack_levels(type, rows[r], group, e);
    low[r] = w.low;
    high[r] = w.high;
  }
  transpose(low);
  transpose(high);
  __m512 by_quad[3][4], by_block[3][4];
  for (int q = 0; q < 4; q++) {
    scale_group s = unpack_scales(type, rows + 4 * q, group, e);
    by_quad[0][q] = s.scale;
    by_quad[1][q] = s.scale_high;
    by_quad[2][q] = s.min;
  }
  transpose_scales(by_quad[0], by_block[0]);
  if (has_split_scales(type)) transpose_scales(by_quad[1], by_block[1]);
  if (has_minimum(type)) transpose_scales(by_quad[2], by_block[1]);
  const __m512i ones = _mm512_set1_epi8(1), level = _mm512_set1_epi32(zero_level(type) << 16);
  for (size_t b = 0; b < 4; b++) {
    panel_block *block = panel + b * groups + group;
    __m512i word = level;
    for (int j = 0; j < 4; j++) {
      block->levels[j] = low[4 * b + j];
      word = _mm512_dpbusd_epi32(word, low[4 * b + j], ones);
    }
    block->word = word;
    if (has_split_scales(type)) word = level;
    for (int j = 0; j < 4; j++) {
      block->levels[4 + j] = high[4 * b + j];
      word = _mm512_dpbusd_epi32(word, high[4 * b + j], ones);
    }
    if (has_split_scales(type))
      block->word_high = word;
    else
      block->word = word;
    block->scale = by_block[0][b];
    if (has_split_scales(type) || has_minimum(type)) block->scale_high_or_min = by_block[1][b];
  }
}

/// Unpacks sixteen rows from `first` on, the last of `rows` standing in for those beyond it.
INLINE void pack_panel(int type, const uint8_t *weights, size_t row_bytes, size_t first,
                       size_t rows, size_t width, panel_block *panel) {
  size_t whole = width / CK_GROUP, groups = (width + CK_GROUP - 1) / CK_GROUP;
  const uint8_t *row[16];
  for (size_t r = 0; r < 16; r++)
    row[r] = weights + (first + r < rows ? first + r : rows - 1) * row_bytes;
  for (size_t g = 0; g < whole; g++) pack_group(type, row, g, 0, groups, panel);
  if (groups == whole) return;
  extent e = extent_of(group_bytes(type), width % CK_GROUP / 32 * group_bytes(type) / 4);
  pack_group(type, row, whole, &e, groups, panel);
}

/// How a block's integers become a float.
typedef enum { SCALED, SCALED_WITH_MINIMUM, SCALED_BY_HALVES } scaling;

INLINE __m512i broadcast32(const void *p) { return _mm512_set1_epi32((int)ck_u32(p)); }

/// `P` panels of sixteen rows by `T` tokens. `panels`: `P` times 4 * `groups` blocks; the sums
/// go to `out[t * out_stride + 16 * p + lane]` where `lanes[p]` has the lane.
INLINE void panel_tile(scaling kind, int P, int T, const panel_block *panels, size_t groups,
                       size_t blocks, const uint8_t *activations, size_t activation_bytes,
                       const __mmask16 *lanes, float *out, size_t out_stride) {
  __m512 total[2][6];
  for (size_t phase = 0; phase < 4; phase++) {
    __m512 sum[2][6];
    for (int p = 0; p < P; p++)
      for (int t = 0; t < T; t++) sum[p][t] = _mm512_setzero_ps();
    size_t count = blocks > phase ? (blocks - phase + 3) / 4 : 0;
    const panel_block *w = panels + phase * groups;
    const uint8_t *x = activations;
    for (size_t i = 0; i < count; i++, w++, x += sizeof(ck_group)) {
      __m512i dot[2][6];
      for (int p = 0; p < P; p++)
        for (int t = 0; t < T; t++) dot[p][t] = _mm512_setzero_si512();
#define GROUP(t) ((const ck_group *)(x + (size_t)(t) * activation_bytes))
#define DOT(levels_at, values, j)                                                                \
  do {                                                                                           \
    __m512i levels[2];                                                                           \
    for (int p = 0; p < P; p++) levels[p] = w[p * 4 * groups].levels[levels_at];                 \
    for (int t = 0; t < T; t++) {                                                                \
      __m512i v = broadcast32(GROUP(t)->values + phase * 16 + 4 * (j));                          \
      for (int p = 0; p < P; p++) dot[p][t] = _mm512_dpbusd_epi32(dot[p][t], levels[p], v);      \
    }                                                                                            \
  } while (0)
      DOT(0, low, 0);
      DOT(1, low, 1);
      DOT(2, low, 2);
      DOT(3, low, 3);
      if (kind == SCALED_BY_HALVES) {
        for (int t = 0; t < T; t++) {
          __m512 scale = _mm512_set1_ps(GROUP(t)->scale[phase]);
          __m512i correction = broadcast32(GROUP(t)->correction_low[phase]);
          for (int p = 0; p < P; p++) {
            const panel_block *block = w + p * 4 * groups;
            __m512i all = _mm512_dpwssd_epi32(dot[p][t], block->word, correction);
            sum[p][t] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(all),
                                        _mm512_mul_ps(block->scale, scale), sum[p][t]);
            dot[p][t] = _mm512_setzero_si512();
          }
        }
      }
      DOT(4, high, 0);
      DOT(5, high, 1);
      DOT(6, high, 2);
      DOT(7, high, 3);
#undef DOT
      for (int t = 0; t < T; t++) {
        __m512 scale = _mm512_set1_ps(GROUP(t)->scale[phase]);
        __m512i correction = broadcast32(GROUP(t)->correction[phase]);
        for (int p = 0; p < P; p++) {
          const panel_block *block = w + p * 4 * groups;
          if (kind == SCALED_BY_HALVES) {
            // Of the whole block's sum of steps, only the second half's counts here.
            const __m512i back = _mm512_set1_epi32((int)((uint32_t)-zero_level(CK_Q6_K) << 16));
            __m512i all = _mm512_dpwssd_epi32(dot[p][t], block->word_high, correction);
            all = _mm512_dpwssd_epi32(all, back, broadcast32(GROUP(t)->correction_low[phase]));
            sum[p][t] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(all),
                                        _mm512_mul_ps(block->scale_high_or_min, scale), sum[p][t]);
          } else {
            __m512i all = _mm512_dpwssd_epi32(dot[p][t], block->word, correction);
            sum[p][t] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(all),
                                        _mm512_mul_ps(block->scale, scale), sum[p][t]);
          }
          if (kind == SCALED_WITH_MINIMUM)
            sum[p][t] = _mm512_fmadd_ps(block->scale_high_or_min,
                                        _mm512_set1_ps(GROUP(t)->sum[phase]), sum[p][t]);
        }
      }
#undef GROUP
    }
    for (int p = 0; p < P; p++)
      for (int t = 0; t < T; t++)
        total[p][t] = phase == 0 ? sum[p][t] : _mm512_add_ps(total[p][t], sum[p][t]);
  }
  for (int t = 0; t < T; t++)
    for (int p = 0; p < P; p++)
      _mm512_mask_storeu_ps(out + (size_t)t * out_stride + 16 * p, lanes[p], total[p][t]);
}

/// One or two panels by all tokens.
INLINE void panel_by_tokens(scaling kind, int P, const panel_block *panels, size_t groups,
                            size_t blocks, const uint8_t *x, size_t x_bytes, size_t tokens,
                            const __mmask16 *lanes, float *out, size_t out_stride) {
  size_t t = 0;
#define TILE(T)                                                                                  \
  panel_tile(kind, P, T, panels, groups, blocks, x + t * x_bytes, x_bytes, lanes,                \
             out + t * out_stride, out_stride)
  for (; t + 6 <= tokens; t += 6) TILE(6);
  switch (tokens - t) {
  case 5: TILE(5); break;
  case 4: TILE(4); break;
  case 3: TILE(3); break;
  case 2: TILE(2); break;
  case 1: TILE(1); break;
  default: break;
  }
#undef TILE
}

/// Not inlined into the products: three of these serve all formats.
#define PANEL_PRODUCT(name, kind)                                                                \
  static __attribute__((noinline)) void name(                                                    \
      int count, const panel_block *panels, size_t groups, size_t blocks, const uint8_t *x,      \
      size_t x_bytes, size_t tokens, const __mmask16 *lanes, float *out, size_t out_stride) {    \
    if (count == 2)                                                                              \
      panel_by_tokens(kind, 2, panels, groups, blocks, x, x_bytes, tokens, lanes, out,           \
                      out_stride);                                                               \
    else                                                                                         \
      panel_by_tokens(kind, 1, panels, groups, blocks, x, x_bytes, tokens, lanes, out,           \
                      out_stride);                                                               \
  }
PANEL_PRODUCT(panels_scaled, SCALED)
PANEL_PRODUCT(panels_scaled_with_minimum, SCALED_WITH_MINIMUM)
PANEL_PRODUCT(panels_scaled_by_halves, SCALED_BY_HALVES)

/// Sixteen or 32 rows at a time are unpacked, once for all tokens, so that every lane has its
/// own row and no sum across lanes is needed.
INLINE void rows_by_many_tokens(int type, const uint8_t *weights, size_t row_bytes, size_t rows,
                                size_t width, const uint8_t *x, size_t x_bytes, size_t tokens,
                                float *out, size_t out_stride) {
  panel_block panels[BLOCKS_MAX];
  size_t blocks = width / 32, groups = (width + CK_GROUP - 1) / CK_GROUP;
  for (size_t first = 0; first < rows;) {
    int count = rows - first > 16 && groups * 4 <= PAIRED_BLOCKS_MAX ? 2 : 1;
    __mmask16 lanes[2];
    for (int p = 0; p < count; p++) {
      size_t at = first + (size_t)p * 16;
      lanes[p] = first_lanes(rows - at);
      pack_panel(type, weights, row_bytes, at, rows, width, panels + (size_t)p * 4 * groups);
    }
    (has_split_scales(type) ? panels_scaled_by_halves
     : has_minimum(type)    ? panels_scaled_with_minimum
                            : panels_scaled)(count, panels, groups, blocks, x, x_bytes, tokens,
                                             lanes, out + first, out_stride);
    first += (size_t)count * 16;
  }
}

#pragma clang attribute pop

#endif
