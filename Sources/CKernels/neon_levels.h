#ifndef CK_NEON_LEVELS_H
#define CK_NEON_LEVELS_H

/// How the NEON variant unpacks stored weights: a block of 32 of four rows at a time, turned so
/// that every 32-bit lane belongs to one row.

#include "blocks.h"
#include "neon.h"

#include <stdbool.h>

#pragma clang attribute push(CK_NEON_TARGET, apply_to = function)

/// One block of 32 of four rows; only the levels of Q8_0 may be negative.
typedef struct {
  uint8x16_t levels[8];                 // lane r: levels 4j...4j+3 of row r
  float32x4_t scale, scale_high_or_min; // by row
  int32x4_t sum, sum_high;              // by row: of the levels; by halves where scales are
} panel_block;

/// A group of four blocks of a K format, of four rows: what the blocks share, by row.
typedef struct {
  uint8x16_t packed[16]; // four bytes of nibbles each
  uint8x16_t more[8];    // four bytes of fifth bits (Q5_K) or of high pairs (Q6_K)
  uint8x16_t steps[2];   // integer scales, then minimums; Q6_K: scales of blocks (0, 1), (2, 3)
  float32x4_t scale, min;
  size_t half; // which of its two groups in a block of 256
} group_columns;

INLINE bool has_split_scales(int type) { return type == CK_Q6_K; }

INLINE bool has_groups(int type) {
  return type == CK_Q4_K || type == CK_Q5_K || type == CK_Q6_K;
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

/// Sixteen bytes at `offset` of each of four rows: column j holds bytes 4j...4j+3.
INLINE void columns(const uint8_t *const *rows, size_t offset, uint8x16_t out[4]) {
  uint32x4_t v[4];
  for (int r = 0; r < 4; r++) v[r] = vreinterpretq_u32_u8(vld1q_u8(rows[r] + offset));
  for (int odd = 0; odd < 2; odd++) {
    uint32x4_t a = odd ? vtrn2q_u32(v[0], v[1]) : vtrn1q_u32(v[0], v[1]);
    uint32x4_t b = odd ? vtrn2q_u32(v[2], v[3]) : vtrn1q_u32(v[2], v[3]);
    uint64x2_t first = vreinterpretq_u64_u32(a), second = vreinterpretq_u64_u32(b);
    out[odd] = vreinterpretq_u8_u64(vzip1q_u64(first, second));
    out[odd + 2] = vreinterpretq_u8_u64(vzip2q_u64(first, second));
  }
}

/// The 32 bits at `offset` of each of four rows.
INLINE uint32x4_t words(const uint8_t *const *rows, size_t offset) {
  uint32_t four[4];
  for (int r = 0; r < 4; r++) four[r] = ck_u32(rows[r] + offset);
  return vld1q_u32(four);
}

INLINE float32x4_t to_floats(uint16x4_t halves) {
  return vcvt_f32_f16(vreinterpret_f16_u16(halves));
}

/// The half floats at `offset` of each of four rows.
INLINE float32x4_t halves(const uint8_t *const *rows, size_t offset) {
  uint16_t four[4];
  for (int r = 0; r < 4; r++) four[r] = ck_u16(rows[r] + offset);
  return to_floats(vld1_u16(four));
}

/// The half floats in the lower halves of the lanes and those in the upper ones.
INLINE void split_halves(uint32x4_t pairs, float32x4_t *first, float32x4_t *second) {
  *first = to_floats(vmovn_u32(pairs));
  *second = to_floats(vshrn_n_u32(pairs, 16));
}

INLINE uint8x16_t low_nibbles(uint8x16_t v) { return vandq_u8(v, vdupq_n_u8(15)); }
INLINE uint8x16_t high_nibbles(uint8x16_t v) { return vshrq_n_u8(v, 4); }

/// `levels` plus sixteen where `bits` has one of the bits of `chosen`.
INLINE uint8x16_t with_fifths(uint8x16_t levels, uint8x16_t bits, uint8x16_t chosen) {
  return vorrq_u8(levels, vandq_u8(vtstq_u8(bits, chosen), vdupq_n_u8(16)));
}

/// Adds the fifth bits of Q5_0 and Q5_1: bit i of a lane belongs to its level i.
INLINE void add_fifths(uint8x16_t levels[8], uint32x4_t bits) {
  const uint8x16_t even = vreinterpretq_u8_u32(vdupq_n_u32(0x08040201));
  const uint8x16_t odd = vreinterpretq_u8_u32(vdupq_n_u32(0x80402010));
  const uint32_t first_bytes[4] = {0, 0x04040404, 0x08080808, 0x0c0c0c0c};
  for (int j = 0; j < 4; j++) {
    uint8x16_t at = vaddq_u8(vreinterpretq_u8_u32(vld1q_u32(first_bytes)), vdupq_n_u8((uint8_t)j));
    uint8x16_t eight = vqtbl1q_u8(vreinterpretq_u8_u32(bits), at);
    levels[2 * j] = with_fifths(levels[2 * j], eight, even);
    levels[2 * j + 1] = with_fifths(levels[2 * j + 1], eight, odd);
  }
}

/// The sum of the levels of four or eight columns, by row. Bytes hold those of unsigned levels.
INLINE int32x4_t sum_of_levels(int type, const uint8x16_t *levels, int count) {
  if (type == CK_Q8_0) {
    int32x4_t sum = vdupq_n_s32(0);
    for (int j = 0; j < count; j++)
      sum = vdotq_s32(sum, vreinterpretq_s8_u8(levels[j]), vdupq_n_s8(1));
    return sum;
  }
  uint8x16_t sum = levels[0];
  for (int j = 1; j < count; j++) sum = vaddq_u8(sum, levels[j]);
  return vreinterpretq_s32_u32(vdotq_u32(vdupq_n_u32(0), sum, vdupq_n_u8(1)));
}

/// Turns what the four blocks of group `group` of a K format share.
INLINE void open_group(int type, const uint8_t *const *rows, size_t group, group_columns *out) {
  const size_t super = group / 2 * 2 * group_bytes(type), half = group % 2;
  const size_t nibbles = type == CK_Q6_K ? 0 : type == CK_Q5_K ? 48 : 16;
  out->half = half;
  for (size_t i = 0; i < 4; i++)
    columns(rows, super + nibbles + half * 64 + i * 16, out->packed + 4 * i);
  if (type == CK_Q6_K) {
    for (size_t i = 0; i < 2; i++)
      columns(rows, super + 128 + half * 32 + i * 16, out->more + 4 * i);
    for (size_t i = 0; i < 2; i++)
      out->steps[i] = vreinterpretq_u8_u32(words(rows, super + 192 + half * 8 + i * 4));
    out->scale = halves(rows, super + 208);
    return;
  }
  if (type == CK_Q5_K)
    for (size_t i = 0; i < 2; i++) columns(rows, super + 16 + i * 16, out->more + 4 * i);
  uint8x16_t head[4];
  columns(rows, super, head);
  const uint8x16_t six = vdupq_n_u8(0x3f), two = vdupq_n_u8(0x30);
  if (half == 0) {
    out->steps[0] = vandq_u8(head[1], six);
    out->steps[1] = vandq_u8(head[2], six);
  } else {
    out->steps[0] = vorrq_u8(low_nibbles(head[3]), vandq_u8(vshrq_n_u8(head[1], 2), two));
    out->steps[1] = vorrq_u8(high_nibbles(head[3]), vandq_u8(vshrq_n_u8(head[2], 2), two));
  }
  split_halves(vreinterpretq_u32_u8(head[0]), &out->scale, &out->min);
  out->min = vnegq_f32(out->min);
}

/// Byte `i` of every lane.
INLINE float32x4_t unsigned_byte(uint8x16_t lanes, size_t i) {
  uint32x4_t v = vshlq_u32(vreinterpretq_u32_u8(lanes), vdupq_n_s32(-8 * (int)i));
  return vcvtq_f32_u32(vandq_u32(v, vdupq_n_u32(255)));
}

INLINE float32x4_t signed_byte(uint8x16_t lanes, size_t i) {
  int32x4_t v = vshlq_s32(vreinterpretq_s32_u8(lanes), vdupq_n_s32(24 - 8 * (int)i));
  return vcvtq_f32_s32(vshrq_n_s32(v, 24));
}

/// Block `b` of a group of Q4_K or Q5_K.
INLINE void unpack_k(int type, const group_columns *group, size_t b, panel_block *out) {
  const uint8x16_t *packed = group->packed + b / 2 * 8;
  const uint8x16_t bit = vdupq_n_u8((uint8_t)(1 << (group->half * 4 + b)));
  for (int j = 0; j < 8; j++) {
    out->levels[j] = b % 2 ? high_nibbles(packed[j]) : low_nibbles(packed[j]);
    if (type == CK_Q5_K) out->levels[j] = with_fifths(out->levels[j], group->more[j], bit);
  }
  out->scale = vmulq_f32(unsigned_byte(group->steps[0], b), group->scale);
  out->scale_high_or_min = vmulq_f32(unsigned_byte(group->steps[1], b), group->min);
}

/// Block `b` of a group of Q6_K.
INLINE void unpack_q6_k(const group_columns *group, size_t b, panel_block *out) {
  const uint8x16_t *packed = group->packed + b % 2 * 8;
  const int8x16_t up = vdupq_n_s8((int8_t)(4 - 2 * (int)b));
  for (int j = 0; j < 8; j++) {
    uint8x16_t low = b / 2 ? high_nibbles(packed[j]) : low_nibbles(packed[j]);
    uint8x16_t pairs = vandq_u8(vshlq_u8(group->more[j], up), vdupq_n_u8(0x30));
    out->levels[j] = vorrq_u8(low, pairs);
  }
  uint8x16_t steps = group->steps[b / 2];
  out->scale = vmulq_f32(signed_byte(steps, b % 2 * 2), group->scale);
  out->scale_high_or_min = vmulq_f32(signed_byte(steps, b % 2 * 2 + 1), group->scale);
}

/// A block at `offset` of four rows of a format whose blocks have 32 values.
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
  const size_t head = has_minimum(type) ? 4 : 2;
  const size_t fifths = type == CK_Q5_0 || type == CK_Q5_1 ? 4 : 0;
  uint8x16_t packed[4];
  columns(rows, offset + head + fifths, packed);
  for (int j = 0; j < 4; j++) {
    out->levels[j] = low_nibbles(packed[j]);
    out->levels[j + 4] = high_nibbles(packed[j]);
  }
  if (fifths) add_fifths(out->levels, words(rows, offset + head));
}

/// Unpacks block `b` of group `group`, to which `shared` belongs, of four rows. Reads nothing
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
    out->sum = sum_of_levels(type, out->levels, 4);
    out->sum_high = sum_of_levels(type, out->levels + 4, 4);
  } else {
    out->sum = sum_of_levels(type, out->levels, 8);
  }
}

#pragma clang attribute pop

#endif
