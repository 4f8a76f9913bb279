/// The matrix products of the AVX-512 VNNI variant.
///
/// One order of summing serves any number of tokens, so that prefill and decode give the same
/// bits: the integers of a block of 32 are added up exactly; as floats, blocks 0, 4, 8, ... are
/// added in this order, so are 1, 5, 9, ... and the other two, and at the end these four sums.

#include "tables.h"

#if defined(__x86_64__)

#include "avx512.h"
#include "blocks.h"

#pragma clang attribute push(CK_AVX512_TARGET, apply_to = function)

// MARK: unpacking

/// The levels of one group of a row, in the order of `ck_group`.
typedef struct {
  __m512i low, high;
} level_group;

/// Scales and minimums of one group of four rows: lane 4b + r belongs to block b of row r.
/// `scale_high` differs from `scale` only where the format has a scale for sixteen.
typedef struct {
  __m512 scale, scale_high, min;
} scale_group;

INLINE bool has_minimum(int type) {
  return type == CK_Q4_1 || type == CK_Q5_1 || type == CK_Q4_K || type == CK_Q5_K;
}

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

/// Bytes of four blocks.
INLINE size_t group_bytes(int type) {
  switch (type) {
  case CK_Q4_0: return 4 * Q4_0_BYTES;
  case CK_Q4_1: return 4 * Q4_1_BYTES;
  case CK_Q5_0: return 4 * Q5_0_BYTES;
  case CK_Q5_1: return 4 * Q5_1_BYTES;
  case CK_Q4_K: return Q4_K_BYTES / 2;
  case CK_Q5_K: return Q5_K_BYTES / 2;
  case CK_Q6_K: return Q6_K_BYTES / 2;
  default: return 4 * Q8_0_BYTES;
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

/// Which bytes of a group exist: the last group of a row may end early, and what is missing is
/// read as zeros. `at[i]` goes with the 64 bytes that begin at the i-th place of `unpack_levels`.
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

/// The four blocks of 32 of a group lie in less than 128 bytes (Q8_0 apart): the first 64 and
/// the last 64 of them hold everything. `pick` takes 16-bit words of them by their number.
INLINE __m512i pick(const uint8_t *group, size_t bytes, const extent *e, __m512i words) {
  // A word that the first 64 bytes lack is found in the last 64 at its distance from the end.
  const __m512i late = _mm512_add_epi16(words, _mm512_set1_epi16((short)(64 - bytes / 2)));
  __mmask32 is_late = _mm512_cmpgt_epi16_mask(words, _mm512_set1_epi16(31));
  return _mm512_permutex2var_epi16(_mm512_maskz_loadu_epi8(e->first, group),
                                   _mm512_mask_mov_epi16(words, is_late, late),
                                   _mm512_maskz_loadu_epi8(e->last, group + bytes - 64));
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
    __m512i a = _mm512_maskz_loadu_epi8(e->first, p);
    __m512i b = _mm512_maskz_loadu_epi8(e->second_last, p + 64);
    __m512i c = _mm512_maskz_loadu_epi8(e->second_first, p + Q8_0_SECOND);
    __m512i d = _mm512_maskz_loadu_epi8(e->last, p + 72);
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
    __m512i first = _mm512_maskz_loadu_epi8(e->first, p[r]);
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
                                    _mm512_maskz_loadu_epi8(e->second_last, p[r] + 64)));
    }
  }
  scale_group s;
  s.scale = s.scale_high = _mm512_cvtph_ps(_mm512_cvtepi32_epi16(pairs));
  s.min = has_minimum(type)
              ? _mm512_cvtph_ps(_mm512_cvtepi32_epi16(_mm512_srli_epi32(pairs, 16)))
              : _mm512_setzero_ps();
  return s;
}

// MARK: a few tokens

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
/// The zero point comes in by the levels times minus itself, lane by lane; the zero level of the
/// weights, once a block, by the correction's sum.
INLINE void accumulate(int type, int T, const level_group w[4], const scale_group *s,
                       const ck_group *const *x, size_t group, __m512 *sum) {
  const __m512i level = _mm512_set1_epi32(zero_level(type) << 16), none = _mm512_setzero_si512();
  // Where two levels fit a byte, the zero point meets both at once.
  const bool are_joined = type != CK_Q8_0 && !has_split_scales(type);
  __m512i both[4];
  for (int r = 0; r < 4; r++)
    both[r] = are_joined ? _mm512_add_epi8(w[r].low, w[r].high) : w[r].high;
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
        dot[r] = _mm512_dpbusd_epi32(dot[r], both[r], zero);
        if (!are_joined) dot[r] = _mm512_dpbusd_epi32(dot[r], w[r].low, zero);
      }
      __m512i a = sum_by_block(dot);
      if (zero_level(type)) a = _mm512_dpwssd_epi32(a, spread(whole), level);
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
/// order `distance` bytes on (a multiple of four rows), whichever row they belong to. Measured
/// on a Zen 4, one thread, against a plain read loop: 85 % of its rate, where fetching along each
/// row gave 65 %. What lies too far ahead for the first-level cache goes into the second, and
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
  size_t whole = width / CK_GROUP, groups = (width + CK_GROUP - 1) / CK_GROUP;
  const size_t four = 4 * row_bytes;
  const size_t distance = (PREFETCH_BYTES + four - 1) / four * four;
  extent e = extent_of(group_bytes(type), group_bytes(type));
  for (size_t g = 0; g < groups; g++) {
    if (g == whole) e = extent_of(group_bytes(type), width % CK_GROUP / 32 * group_bytes(type) / 4);
    prefetch(type, rows, g, distance);
    for (int r = 0; r < 4; r++) w[r] = unpack_levels(type, rows[r], g, &e);
    s = unpack_scales(type, rows, g, &e);
    accumulate(type, T, w, &s, x, g, sum);
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
  for (size_t first = 0; first < rows; first += 4) {
    size_t count = rows - first < 4 ? rows - first : 4;
    const uint8_t *row[4];
    for (size_t r = 0; r < 4; r++) row[r] = weights + (first + (r < count ? r : 0)) * row_bytes;
    few_tokens(type, T, tokens, row, count, row_bytes, width, x, x_bytes, out + first, out_stride);
  }
}

// MARK: many tokens

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
  extent e = extent_of(group_bytes(type), group_bytes(type));
  for (size_t g = 0; g < whole; g++) pack_group(type, row, g, &e, groups, panel);
  if (groups == whole) return;
  e = extent_of(group_bytes(type), width % CK_GROUP / 32 * group_bytes(type) / 4);
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

/// From how many tokens on unpacking pays.
#define MANY_TOKENS 9

INLINE void multiply_quantized(int type, const uint8_t *weights, size_t row_bytes, size_t rows,
                               size_t width, const uint8_t *x, size_t x_bytes, size_t tokens,
                               float *out, size_t out_stride) {
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
