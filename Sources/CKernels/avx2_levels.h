#ifndef CK_AVX2_LEVELS_H
#define CK_AVX2_LEVELS_H

/// How the AVX2 variant unpacks stored weights: a block of 32 of eight rows at a time, turned so
/// that every 32-bit lane belongs to one row.

#include "avx2.h"
#include "blocks.h"

#include <stdbool.h>

#pragma clang attribute push(CK_AVX2_TARGET, apply_to = function)

/// One block of 32 of eight rows. Levels are unsigned, those of Q8_0 signed.
typedef struct {
  __m256i levels[8];               // lane r: levels 4j...4j+3 of row r
  __m256 scale, scale_high_or_min; // by row
  __m256i word, word_high;         // by row: (sum of the levels, zero level), as for corrections
} panel_block;

/// A group of four blocks of a K format, of eight rows: what the blocks share, by row.
typedef struct {
  __m256i packed[16]; // four bytes of nibbles each
  __m256i more[8];    // four bytes of fifth bits (Q5_K) or of high pairs (Q6_K)
  __m256i steps[2];   // integer scales, then minimums; Q6_K: the scales of blocks (0, 1), (2, 3)
  __m256 scale, min;
} group_columns;

INLINE bool has_split_scales(int type) { return type == CK_Q6_K; }

INLINE bool has_groups(int type) {
  return type == CK_Q4_K || type == CK_Q5_K || type == CK_Q6_K;
}

/// Bits of a level.
INLINE int level_bits(int type) {
  switch (type) {
  case CK_Q5_0:
  case CK_Q5_1:
  case CK_Q5_K: return 5;
  case CK_Q6_K: return 6;
  case CK_Q8_0: return 8;
  default: return 4;
  }
}

/// Which level means zero.
INLINE int zero_level(int type) {
  switch (type) {
  case CK_Q4_0: return 8;
  case CK_Q5_0: return 16;
  case CK_Q6_K: return 32;
  default: return 0;
  }
}

/// Sixteen bytes at `offset` of each of eight rows: column j holds bytes 4j...4j+3.
INLINE void columns(const uint8_t *const *rows, size_t offset, __m256i out[4]) {
  __m256i v[4];
  for (int r = 0; r < 4; r++) {
    __m128i upper = _mm_loadu_si128((const __m128i *)(rows[r + 4] + offset));
    v[r] = _mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(rows[r] + offset))), upper, 1);
  }
  __m256i a = _mm256_unpacklo_epi32(v[0], v[1]), b = _mm256_unpackhi_epi32(v[0], v[1]);
  __m256i c = _mm256_unpacklo_epi32(v[2], v[3]), d = _mm256_unpackhi_epi32(v[2], v[3]);
  out[0] = _mm256_unpacklo_epi64(a, c);
  out[1] = _mm256_unpackhi_epi64(a, c);
  out[2] = _mm256_unpacklo_epi64(b, d);
  out[3] = _mm256_unpackhi_epi64(b, d);
}

/// The 32 bits at `offset` of each of eight rows.
INLINE __m256i words(const uint8_t *const *rows, size_t offset) {
#define WORD(r) (int)ck_u32(rows[r] + offset)
  return _mm256_setr_epi32(WORD(0), WORD(1), WORD(2), WORD(3), WORD(4), WORD(5), WORD(6), WORD(7));
#undef WORD
}

/// The half floats at `offset` of each of eight rows.
INLINE __m256 halves(const uint8_t *const *rows, size_t offset) {
  __m128i quads[2];
  for (int q = 0; q < 2; q++) {
    const uint8_t *const *four = rows + 4 * q;
    quads[q] = _mm_loadu_si16(four[0] + offset);
    quads[q] = _mm_insert_epi16(quads[q], (short)ck_u16(four[1] + offset), 1);
    quads[q] = _mm_insert_epi16(quads[q], (short)ck_u16(four[2] + offset), 2);
    quads[q] = _mm_insert_epi16(quads[q], (short)ck_u16(four[3] + offset), 3);
  }
  return _mm256_cvtph_ps(_mm_unpacklo_epi64(quads[0], quads[1]));
}

/// The half floats in the lower halves of the lanes and those in the upper ones.
INLINE void split_halves(__m256i pairs, __m256 *first, __m256 *second) {
  const __m256i apart = _mm256_setr_epi64x(0x0d0c090805040100, 0x0f0e0b0a07060302,
                                           0x0d0c090805040100, 0x0f0e0b0a07060302);
  __m256i sorted = _mm256_permute4x64_epi64(_mm256_shuffle_epi8(pairs, apart), 0xd8);
  *first = _mm256_cvtph_ps(_mm256_castsi256_si128(sorted));
  *second = _mm256_cvtph_ps(_mm256_extracti128_si256(sorted, 1));
}

INLINE __m256i shift_right(__m256i v, size_t bits) {
  return _mm256_srl_epi32(v, _mm_cvtsi32_si128((int)bits));
}

INLINE __m256i low_nibbles(__m256i v) { return _mm256_and_si256(v, _mm256_set1_epi8(15)); }
INLINE __m256i high_nibbles(__m256i v) { return low_nibbles(_mm256_srli_epi16(v, 4)); }

/// Adds the fifth bits of Q5_0 and Q5_1: bit i of a lane belongs to its level i.
INLINE void add_fifths(__m256i levels[8], __m256i bits) {
  const __m256i sixteen = _mm256_set1_epi8(16), each = _mm256_set1_epi32((int)0x80402010);
  const __m256i first_bytes = _mm256_setr_epi32(0, 0x04040404, 0x08080808, 0x0c0c0c0c, 0,
                                                0x04040404, 0x08080808, 0x0c0c0c0c);
  for (int j = 0; j < 4; j++) {
    __m256i eight = _mm256_shuffle_epi8(
        bits, _mm256_add_epi8(first_bytes, _mm256_set1_epi8((char)j)));
    // The bits of four levels in the upper half of a byte; any of them counts sixteen.
    __m256i even = _mm256_and_si256(_mm256_slli_epi16(eight, 4), each);
    __m256i odd = _mm256_and_si256(eight, each);
    levels[2 * j] = _mm256_or_si256(levels[2 * j], _mm256_min_epu8(even, sixteen));
    levels[2 * j + 1] = _mm256_or_si256(levels[2 * j + 1], _mm256_min_epu8(odd, sixteen));
  }
}

/// The sum of the levels of four or eight columns, by row; at most 252 of any four bytes' place.
INLINE __m256i sum_of_levels(int type, const __m256i *levels, int count) {
  const __m256i ones = _mm256_set1_epi8(1), wide_ones = _mm256_set1_epi16(1);
  __m256i sum;
  if (type == CK_Q8_0) {
    sum = _mm256_maddubs_epi16(ones, levels[0]);
    for (int j = 1; j < count; j++)
      sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(ones, levels[j]));
  } else {
    sum = levels[0];
    for (int j = 1; j < count; j++) sum = _mm256_add_epi8(sum, levels[j]);
    sum = _mm256_maddubs_epi16(sum, ones);
  }
  return _mm256_madd_epi16(sum, wide_ones);
}

/// (sum of the levels, zero level) by row.
INLINE __m256i correction_word(int type, const __m256i *levels, int count) {
  __m256i sum = sum_of_levels(type, levels, count);
  if (type == CK_Q8_0) return _mm256_and_si256(sum, _mm256_set1_epi32(0xffff));
  return _mm256_or_si256(sum, _mm256_set1_epi32(zero_level(type) << 16));
}

/// Turns what the four blocks of group `group` of a K format share.
INLINE void open_group(int type, const uint8_t *const *rows, size_t group, group_columns *out) {
  const size_t super = group / 2 * 2 * group_bytes(type), half = group % 2;
  if (type == CK_Q6_K) {
    for (size_t i = 0; i < 4; i++) columns(rows, super + half * 64 + i * 16, out->packed + 4 * i);
    for (size_t i = 0; i < 2; i++) columns(rows, super + 128 + half * 32 + i * 16, out->more + 4 * i);
    for (size_t i = 0; i < 2; i++) out->steps[i] = words(rows, super + 192 + half * 8 + i * 4);
    out->scale = halves(rows, super + 208);
    return;
  }
  const size_t nibbles = type == CK_Q5_K ? 48 : 16;
  for (size_t i = 0; i < 4; i++)
    columns(rows, super + nibbles + half * 64 + i * 16, out->packed + 4 * i);
  if (type == CK_Q5_K) {
    for (size_t i = 0; i < 2; i++) {
      __m256i fifths[4];
      columns(rows, super + 16 + i * 16, fifths);
      for (size_t j = 0; j < 4; j++) out->more[4 * i + j] = shift_right(fifths[j], half * 4);
    }
  }
  __m256i head[4];
  columns(rows, super, head);
  const __m256i six = _mm256_set1_epi8(0x3f), four = _mm256_set1_epi8(0x0f);
  const __m256i two = _mm256_set1_epi8(0x30);
  if (half == 0) {
    out->steps[0] = _mm256_and_si256(head[1], six);
    out->steps[1] = _mm256_and_si256(head[2], six);
  } else {
    __m256i last = head[3];
    out->steps[0] = _mm256_or_si256(_mm256_and_si256(last, four),
                                    _mm256_and_si256(_mm256_srli_epi32(head[1], 2), two));
    out->steps[1] = _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi32(last, 4), four),
                                    _mm256_and_si256(_mm256_srli_epi32(head[2], 2), two));
  }
  split_halves(head[0], &out->scale, &out->min);
  out->min = _mm256_xor_ps(out->min, _mm256_set1_ps(-0.0f));
}

/// Block `b` of a group of Q4_K or Q5_K.
INLINE void unpack_k(int type, const group_columns *group, size_t b, panel_block *out) {
  const __m256i *packed = group->packed + b / 2 * 8;
  for (int j = 0; j < 8; j++)
    out->levels[j] = b % 2 ? high_nibbles(packed[j]) : low_nibbles(packed[j]);
  if (type == CK_Q5_K) {
    const __m256i sixteen = _mm256_set1_epi8(16);
    const __m128i up = _mm_cvtsi32_si128(4 - (int)b);
    for (int j = 0; j < 8; j++)
      out->levels[j] = _mm256_or_si256(
          out->levels[j], _mm256_and_si256(_mm256_sll_epi16(group->more[j], up), sixteen));
  }
  const __m256i byte = _mm256_set1_epi32(255);
  __m256i scale = _mm256_and_si256(shift_right(group->steps[0], 8 * b), byte);
  __m256i min = _mm256_and_si256(shift_right(group->steps[1], 8 * b), byte);
  out->scale = _mm256_mul_ps(_mm256_cvtepi32_ps(scale), group->scale);
  out->scale_high_or_min = _mm256_mul_ps(_mm256_cvtepi32_ps(min), group->min);
}

/// Block `b` of a group of Q6_K.
INLINE void unpack_q6_k(const group_columns *group, size_t b, panel_block *out) {
  const __m256i *packed = group->packed + b % 2 * 8, high = _mm256_set1_epi8(0x30);
  const __m128i down = _mm_cvtsi32_si128(2 * (int)b);
  for (int j = 0; j < 8; j++) {
    __m256i low = b / 2 ? high_nibbles(packed[j]) : low_nibbles(packed[j]);
    __m256i pairs = _mm256_slli_epi32(_mm256_srl_epi32(group->more[j], down), 4);
    out->levels[j] = _mm256_or_si256(low, _mm256_and_si256(pairs, high));
  }
  __m256i steps = shift_right(group->steps[b / 2], b % 2 * 16);
  __m256i first = _mm256_srai_epi32(_mm256_slli_epi32(steps, 24), 24);
  __m256i second = _mm256_srai_epi32(_mm256_slli_epi32(steps, 16), 24);
  out->scale = _mm256_mul_ps(_mm256_cvtepi32_ps(first), group->scale);
  out->scale_high_or_min = _mm256_mul_ps(_mm256_cvtepi32_ps(second), group->scale);
}

/// A block at `offset` of eight rows of a format whose blocks have 32 values.
INLINE void unpack_simple(int type, const uint8_t *const *rows, size_t offset, panel_block *out) {
  if (has_minimum(type))
    split_halves(words(rows, offset), &out->scale, &out->scale_high_or_min);
  else
    out->scale = halves(rows, offset);
  if (type == CK_Q8_0) {
    columns(rows, offset + 2, out->levels);
    columns(rows, offset + 18, out->levels + 4);
    return;
  }
  const size_t head = has_minimum(type) ? 4 : 2, fifths = level_bits(type) == 5 ? 4 : 0;
  __m256i packed[4];
  columns(rows, offset + head + fifths, packed);
  for (int j = 0; j < 4; j++) {
    out->levels[j] = low_nibbles(packed[j]);
    out->levels[j + 4] = high_nibbles(packed[j]);
  }
  if (fifths) add_fifths(out->levels, words(rows, offset + head));
}

/// Unpacks block `b` of group `group`, to which `shared` belongs, of eight rows. Reads nothing
/// outside the block (outside the block of 256 for the K formats).
INLINE void unpack_block(int type, const uint8_t *const *rows, const group_columns *shared,
                         size_t group, size_t b, panel_block *out) {
  if (type == CK_Q6_K)
    unpack_q6_k(shared, b, out);
  else if (has_groups(type))
    unpack_k(type, shared, b, out);
  else
    unpack_simple(type, rows, (group * 4 + b) * (group_bytes(type) / 4), out);
  if (has_split_scales(type)) {
    out->word = correction_word(type, out->levels, 4);
    out->word_high = correction_word(type, out->levels + 4, 4);
  } else {
    out->word = correction_word(type, out->levels, 8);
  }
}

#pragma clang attribute pop

#endif
