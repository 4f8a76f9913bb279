#ifndef CK_AVX512_LEVELS_H
#define CK_AVX512_LEVELS_H

/// From the stored weight formats to levels, scales and minimums in registers.

#include "avx512.h"
#include "blocks.h"

#pragma clang attribute push(CK_AVX512_TARGET, apply_to = function)

/// The levels of one group of a row, in the order of `ck_group`.
typedef struct {
  __m512i low, high;
} level_group;

/// Scales and minimums of one group of four rows: lane 4b + r belongs to block b of row r.
/// `scale_high` differs from `scale` only where the format has a scale for sixteen.
typedef struct {
  __m512 scale, scale_high, min;
} scale_group;

INLINE bool has_split_scales(int type) { return type == CK_Q6_K; }

/// Which level means zero.
INLINE int zero_level(int type) {
  switch (type) {
  case CK_Q4_0: return 8;
  case CK_Q5_0: return 16;
  case CK_Q8_0: return 128;
  case CK_Q6_K: return 32;
  default: return 0;
  }
}

/// Where group `group` of a row, or the block of 256 that holds it, begins.
INLINE const uint8_t *group_start(int type, const uint8_t *row, size_t group) {
  switch (type) {
  case CK_Q4_K:
  case CK_Q5_K:
  case CK_Q6_K: return row + group / 2 * 2 * group_bytes(type);
  default: return row + group * group_bytes(type);
  }
}

/// Which bytes of a group exist, where the last group of a row ends early: what is missing is
/// read as zeros. A null pointer stands for a whole group.
typedef struct {
  __mmask64 first, last, second_first, second_last;
} extent;

INLINE __mmask64 first_bytes(ptrdiff_t count) {
  return count >= 64 ? ~0ull : count <= 0 ? 0 : (1ull << count) - 1;
}

/// Where Q8_0's second halves are read: 64 bytes from here on, and the last 64 of the group.
#define Q8_0_SECOND 18

/// The extent of a group of `bytes` bytes of which `present` exist.
INLINE extent extent_of(size_t bytes, size_t present) {
  ptrdiff_t count = (ptrdiff_t)present;
  return (extent){first_bytes(count), first_bytes(count - (ptrdiff_t)bytes + 64),
                  first_bytes(count - Q8_0_SECOND), first_bytes(count - 64)};
}

INLINE __m512i load_present(const extent *e, __mmask64 present, const uint8_t *p) {
  return e ? _mm512_maskz_loadu_epi8(present, p) : _mm512_loadu_si512(p);
}
/// 64 bytes at `p`, of which those exist that the extent's `place` says.
#define LOAD(e, place, p) load_present(e, (e) ? (e)->place : 0, p)

/// The four blocks of 32 of a group lie in less than 128 bytes (Q8_0 apart): the first 64 and
/// the last 64 of them hold everything. `pick` takes 16-bit words of them by their number.
INLINE __m512i pick(const uint8_t *group, size_t bytes, const extent *e, __m512i words) {
  // A word that the first 64 bytes lack is found in the last 64 at its distance from the end.
  const __m512i late = _mm512_add_epi16(words, _mm512_set1_epi16((short)(64 - bytes / 2)));
  __mmask32 is_late = _mm512_cmpgt_epi16_mask(words, _mm512_set1_epi16(31));
  return _mm512_permutex2var_epi16(LOAD(e, first, group),
                                   _mm512_mask_mov_epi16(words, is_late, late),
                                   LOAD(e, last, group + bytes - 64));
}

/// Word numbers `from`...`from + 7` of each of four blocks of `size` words.
#define WORDS8(b, size, from)                                                                    \
  (b) * (size) + (from) + 7, (b) * (size) + (from) + 6, (b) * (size) + (from) + 5,               \
      (b) * (size) + (from) + 4, (b) * (size) + (from) + 3, (b) * (size) + (from) + 2,           \
      (b) * (size) + (from) + 1, (b) * (size) + (from)
#define BLOCK_WORDS(size, from)                                                                  \
  _mm512_set_epi16(WORDS8(3, size, from), WORDS8(2, size, from), WORDS8(1, size, from),          \
                   WORDS8(0, size, from))
/// Word numbers `from` and `from + 1` of each of four blocks, each pair four times.
#define PAIR(b, size, from)                                                                      \
  (((b) * (size) + (from) + 1) << 16 | ((b) * (size) + (from)))
#define BLOCK_PAIRS(size, from)                                                                  \
  _mm512_set_epi32(PAIR(3, size, from), PAIR(3, size, from), PAIR(3, size, from),                \
                   PAIR(3, size, from), PAIR(2, size, from), PAIR(2, size, from),                \
                   PAIR(2, size, from), PAIR(2, size, from), PAIR(1, size, from),                \
                   PAIR(1, size, from), PAIR(1, size, from), PAIR(1, size, from),                \
                   PAIR(0, size, from), PAIR(0, size, from), PAIR(0, size, from),                \
                   PAIR(0, size, from))

INLINE level_group nibbles(__m512i packed) {
  const __m512i mask = _mm512_set1_epi8(15);
  return (level_group){_mm512_and_si512(packed, mask),
                       _mm512_and_si512(_mm512_srli_epi16(packed, 4), mask)};
}

/// Adds the fifth bits of Q5_0 and Q5_1; they are words `from` and `from + 1` of a block.
#define ADD_FIFTHS(levels, group, bytes, e, size, from)                                            \
  do {                                                                                           \
    const __m512i at = _mm512_castsi128_si512(_mm_set_epi16(                                     \
        3 * (size) + (from) + 1, 2 * (size) + (from) + 1, (size) + (from) + 1, (from) + 1,       \
        3 * (size) + (from), 2 * (size) + (from), (size) + (from), (from)));                     \
    __m128i bits = _mm512_castsi512_si128(pick(group, bytes, e, at));                            \
    const __m512i sixteen = _mm512_set1_epi8(16);                                                \
    levels.low = _mm512_mask_add_epi8(levels.low, (__mmask64)_mm_cvtsi128_si64(bits),            \
                                      levels.low, sixteen);                                      \
    levels.high = _mm512_mask_add_epi8(levels.high, (__mmask64)_mm_extract_epi64(bits, 1),       \
                                       levels.high, sixteen);                                    \
  } while (0)

/// The nibbles of a K block come as blocks (0, 0, 2, 2) and (1, 1, 3, 3), halves beside each
/// other.
INLINE level_group in_order(__m512i evens, __m512i odds) {
  const __m512i firsts = _mm512_set_epi64(13, 12, 5, 4, 9, 8, 1, 0);
  const __m512i seconds = _mm512_set_epi64(15, 14, 7, 6, 11, 10, 3, 2);
  return (level_group){_mm512_permutex2var_epi64(evens, firsts, odds),
                       _mm512_permutex2var_epi64(evens, seconds, odds)};
}

INLINE __m512i with_fifths(__m512i levels, __m512i fifths, __m512i bit) {
  return _mm512_mask_add_epi8(levels, _mm512_test_epi8_mask(fifths, bit), levels,
                              _mm512_set1_epi8(16));
}

INLINE level_group levels_q6_k(const uint8_t *super, size_t half) {
  __m512i packed = _mm512_loadu_si512(super + half * 64);
  __m256i pairs = _mm256_loadu_si256((const __m256i *)(super + 128 + half * 32));
  const __m512i mask = _mm512_set1_epi8(15), high_mask = _mm512_set1_epi8(0x30);
  // Blocks (0, 1) in the low nibbles, (2, 3) in the high ones, halves beside each other.
  __m512i two = _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_slli_epi16(pairs, 4)),
                                   _mm256_slli_epi16(pairs, 2), 1);
  __m512i far = _mm512_inserti64x4(_mm512_castsi256_si512(pairs), _mm256_srli_epi16(pairs, 2), 1);
  __m512i low = _mm512_or_si512(_mm512_and_si512(packed, mask), _mm512_and_si512(two, high_mask));
  __m512i high = _mm512_or_si512(_mm512_and_si512(_mm512_srli_epi16(packed, 4), mask),
                                 _mm512_and_si512(far, high_mask));
  const __m512i firsts = _mm512_set_epi64(13, 12, 9, 8, 5, 4, 1, 0);
  const __m512i seconds = _mm512_set_epi64(15, 14, 11, 10, 7, 6, 3, 2);
  return (level_group){_mm512_permutex2var_epi64(low, firsts, high),
                       _mm512_permutex2var_epi64(low, seconds, high)};
}

/// Reads nothing outside `e` (outside the block of 256 for the K types).
INLINE level_group unpack_levels(int type, const uint8_t *row, size_t group, const extent *e) {
  const uint8_t *p = group_start(type, row, group);
  const size_t bytes = group_bytes(type), half = group % 2;
  level_group levels;
  switch (type) {
  case CK_Q4_0: return nibbles(pick(p, bytes, e, BLOCK_WORDS(9, 1)));
  case CK_Q4_1: return nibbles(pick(p, bytes, e, BLOCK_WORDS(10, 2)));
  case CK_Q5_0:
    levels = nibbles(pick(p, bytes, e, BLOCK_WORDS(11, 3)));
    ADD_FIFTHS(levels, p, bytes, e, 11, 1);
    return levels;
  case CK_Q5_1:
    levels = nibbles(pick(p, bytes, e, BLOCK_WORDS(12, 4)));
    ADD_FIFTHS(levels, p, bytes, e, 12, 2);
    return levels;
  case CK_Q4_K:
    levels = nibbles(_mm512_loadu_si512(p + 16 + half * 64));
    return in_order(levels.low, levels.high);
  case CK_Q5_K: {
    levels = nibbles(_mm512_loadu_si512(p + 48 + half * 64));
    __m512i fifths = _mm512_broadcast_i64x4(_mm256_loadu_si256((const __m256i *)(p + 16)));
    fifths = _mm512_srl_epi16(fifths, _mm_cvtsi32_si128((int)half * 4));
    const __m256i one = _mm256_set1_epi8(1), two = _mm256_set1_epi8(2);
    const __m256i four = _mm256_set1_epi8(4), eight = _mm256_set1_epi8(8);
    __m512i evens = _mm512_inserti64x4(_mm512_castsi256_si512(one), four, 1);
    __m512i odds = _mm512_inserti64x4(_mm512_castsi256_si512(two), eight, 1);
    return in_order(with_fifths(levels.low, fifths, evens), with_fifths(levels.high, fifths, odds));
  }
  case CK_Q6_K: return levels_q6_k(p, half);
  default: { // Q8_0: signed bytes become unsigned levels around 128
    const __m512i flip = _mm512_set1_epi8((char)0x80);
    // Blocks of 17 words: 0...31, 32...63, 9...40 and 36...67.
    __m512i a = LOAD(e, first, p);
    __m512i b = LOAD(e, second_last, p + 64);
    __m512i c = LOAD(e, second_first, p + Q8_0_SECOND);
    __m512i d = LOAD(e, last, p + 72);
    const __m512i low = BLOCK_WORDS(17, 1);
    const __m512i high = _mm512_set_epi16(WORDS8(0, 0, 56), WORDS8(0, 0, 39), WORDS8(0, 0, 17),
                                          WORDS8(0, 0, 0));
    levels.low = _mm512_xor_si512(_mm512_permutex2var_epi16(a, low, b), flip);
    levels.high = _mm512_xor_si512(_mm512_permutex2var_epi16(c, high, d), flip);
    return levels;
  }
  }
}

/// The first 32 bits of each of four rows.
INLINE __m128i four_words(const uint8_t *const *p, size_t offset) {
  return _mm_set_epi32((int)ck_u32(p[3] + offset), (int)ck_u32(p[2] + offset),
                       (int)ck_u32(p[1] + offset), (int)ck_u32(p[0] + offset));
}

/// Byte b of the four words in lanes 4b...4b+3.
INLINE __m512 spread_bytes(__m128i words) {
  const __m512i shifts = _mm512_set_epi32(24, 24, 24, 24, 16, 16, 16, 16, 8, 8, 8, 8, 0, 0, 0, 0);
  __m512i bytes = _mm512_srlv_epi32(_mm512_broadcast_i32x4(words), shifts);
  return _mm512_cvtepi32_ps(_mm512_and_si512(bytes, _mm512_set1_epi32(255)));
}

/// Scales and minimums of Q4_K and Q5_K; `p`: the blocks of four rows.
INLINE scale_group scales_k(const uint8_t *const *p, size_t half) {
  __m128i first = four_words(p, 4), second = four_words(p, 8), scale, min;
  if (half == 0) {
    const __m128i six_bits = _mm_set1_epi8(0x3f);
    scale = _mm_and_si128(first, six_bits);
    min = _mm_and_si128(second, six_bits);
  } else {
    const __m128i low = _mm_set1_epi8(0x0f), high = _mm_set1_epi8(0x30);
    __m128i last = four_words(p, 12);
    scale = _mm_or_si128(_mm_and_si128(last, low), _mm_and_si128(_mm_srli_epi32(first, 2), high));
    min = _mm_or_si128(_mm_and_si128(_mm_srli_epi32(last, 4), low),
                       _mm_and_si128(_mm_srli_epi32(second, 2), high));
  }
  __m128i pairs = four_words(p, 0);
  __m128 d = _mm_cvtph_ps(_mm_cvtepi32_epi16(pairs));
  __m128 m = _mm_cvtph_ps(_mm_cvtepi32_epi16(_mm_srli_epi32(pairs, 16)));
  m = _mm_xor_ps(m, _mm_set1_ps(-0.0f));
  scale_group s;
  s.scale = s.scale_high = _mm512_mul_ps(spread_bytes(scale), _mm512_broadcast_f32x4(d));
  s.min = _mm512_mul_ps(spread_bytes(min), _mm512_broadcast_f32x4(m));
  return s;
}

INLINE scale_group scales_q6_k(const uint8_t *const *p, size_t half) {
  __m128i row[4];
  for (int r = 0; r < 4; r++) row[r] = _mm_loadl_epi64((const __m128i *)(p[r] + 192 + half * 8));
  __m128i a = _mm_unpacklo_epi16(row[0], row[1]), b = _mm_unpacklo_epi16(row[2], row[3]);
  __m256i words = _mm256_set_m128i(_mm_unpackhi_epi32(a, b), _mm_unpacklo_epi32(a, b));
  __m512i pairs = _mm512_cvtepi16_epi32(words);
  uint64_t halves = (uint64_t)ck_u16(p[0] + 208) | (uint64_t)ck_u16(p[1] + 208) << 16 |
                    (uint64_t)ck_u16(p[2] + 208) << 32 | (uint64_t)ck_u16(p[3] + 208) << 48;
  __m512 d = _mm512_broadcast_f32x4(_mm_cvtph_ps(_mm_cvtsi64_si128((long long)halves)));
  scale_group s;
  s.scale = _mm512_mul_ps(
      _mm512_cvtepi32_ps(_mm512_srai_epi32(_mm512_slli_epi32(pairs, 24), 24)), d);
  s.scale_high = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_srai_epi32(pairs, 8)), d);
  s.min = _mm512_setzero_ps();
  return s;
}

/// Scales and minimums of group `group` of four rows.
INLINE scale_group unpack_scales(int type, const uint8_t *const *rows, size_t group,
                                 const extent *e) {
  const uint8_t *p[4];
  for (int r = 0; r < 4; r++) p[r] = group_start(type, rows[r], group);
  if (type == CK_Q4_K || type == CK_Q5_K) return scales_k(p, group % 2);
  if (type == CK_Q6_K) return scales_q6_k(p, group % 2);
  const size_t bytes = group_bytes(type);
  __m512i pairs = _mm512_setzero_si512();
  for (int r = 0; r < 4; r++) {
    const __mmask16 lanes = (__mmask16)(0x1111 << r);
    const __mmask32 words = 0x03030303u << (2 * r);
    // Of the two types with the smallest blocks, the first 64 bytes have all four.
    __m512i first = LOAD(e, first, p[r]);
    switch (type) {
    case CK_Q4_0:
      pairs = _mm512_mask_permutexvar_epi16(pairs, words, BLOCK_PAIRS(9, 0), first);
      break;
    case CK_Q4_1:
      pairs = _mm512_mask_permutexvar_epi16(pairs, words, BLOCK_PAIRS(10, 0), first);
      break;
    case CK_Q5_0:
      pairs = _mm512_mask_mov_epi32(pairs, lanes, pick(p[r], bytes, e, BLOCK_PAIRS(11, 0)));
      break;
    case CK_Q5_1:
      pairs = _mm512_mask_mov_epi32(pairs, lanes, pick(p[r], bytes, e, BLOCK_PAIRS(12, 0)));
      break;
    default:
      pairs = _mm512_mask_mov_epi32(
          pairs, lanes,
          _mm512_permutex2var_epi16(first, BLOCK_PAIRS(17, 0),
                                    LOAD(e, second_last, p[r] + 64)));
    }
  }
  scale_group s;
  s.scale = s.scale_high = _mm512_cvtph_ps(_mm512_cvtepi32_epi16(pairs));
  s.min = has_minimum(type)
              ? _mm512_cvtph_ps(_mm512_cvtepi32_epi16(_mm512_srli_epi32(pairs, 16)))
              : _mm512_setzero_ps();
  return s;
}

#pragma clang attribute pop

#endif
