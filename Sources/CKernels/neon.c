#include "tables.h"

#if defined(__aarch64__)

#include "blocks.h"

#include <arm_neon.h>

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)

#define INLINE static inline __attribute__((always_inline))

/// One group of a weight row: value = scale * level + min. Register b of `low` and `high` holds
/// the two halves of block b, lane b of the others what belongs to it.
typedef struct {
  int8x16_t low[4], high[4];
  float32x4_t scale, min, min_high;
  int32x4_t step_low, step_high; // Q6_K only: factors of sixteen values each
} weight_group;

INLINE int8x16_t load_bytes(const uint8_t *p) { return vreinterpretq_s8_u8(vld1q_u8(p)); }

INLINE float32x4_t load_halves4(const void *p) {
  uint16x4_t words;
  memcpy(&words, p, sizeof words);
  return vcvt_f32_f16(vreinterpret_f16_u16(words));
}

/// The half floats at `offset` in each of four blocks.
INLINE float32x4_t heads(const uint8_t *const block[4], size_t offset) {
  uint64_t bits = (uint64_t)ck_u16(block[0] + offset) | (uint64_t)ck_u16(block[1] + offset) << 16 |
                  (uint64_t)ck_u16(block[2] + offset) << 32 |
                  (uint64_t)ck_u16(block[3] + offset) << 48;
  return vcvt_f32_f16(vreinterpret_f16_u64(vcreate_u64(bits)));
}

INLINE void set_nibbles(weight_group *w, size_t b, const uint8_t *nibbles) {
  uint8x16_t packed = vld1q_u8(nibbles);
  w->low[b] = vreinterpretq_s8_u8(vandq_u8(packed, vdupq_n_u8(15)));
  w->high[b] = vreinterpretq_s8_u8(vshrq_n_u8(packed, 4));
}

/// Sixteen in each byte whose bit of `bits` is set.
INLINE int8x16_t sixteens(uint32_t bits) {
  const uint8x16_t one_each = vreinterpretq_u8_u64(vdupq_n_u64(0x8040201008040201));
  uint8x16_t spread = vcombine_u8(vdup_n_u8((uint8_t)bits), vdup_n_u8((uint8_t)(bits >> 8)));
  return vreinterpretq_s8_u8(vandq_u8(vtstq_u8(spread, one_each), vdupq_n_u8(16)));
}

INLINE void set_fifth_bits(weight_group *w, size_t b, uint32_t bits) {
  w->low[b] = vorrq_s8(w->low[b], sixteens(bits));
  w->high[b] = vorrq_s8(w->high[b], sixteens(bits >> 16));
}

INLINE void set_scales(weight_group *w, float32x4_t scale, float32x4_t min) {
  w->scale = scale;
  w->min = w->min_high = min;
}

/// Four bytes as lanes.
INLINE float32x4_t widen(uint32_t four) {
  uint16x8_t words = vmovl_u8(vcreate_u8(four));
  return vcvtq_f32_u32(vmovl_u16(vget_low_u16(words)));
}

INLINE void unpack_q4_k(const uint8_t *row, size_t group, weight_group *w) {
  const uint8_t *super = row + group / 2 * Q4_K_BYTES, *nibbles = super + 16 + group % 2 * 64;
  for (size_t pair = 0; pair < 2; pair++) {
    uint8x16_t first = vld1q_u8(nibbles + 32 * pair), second = vld1q_u8(nibbles + 32 * pair + 16);
    w->low[2 * pair] = vreinterpretq_s8_u8(vandq_u8(first, vdupq_n_u8(15)));
    w->high[2 * pair] = vreinterpretq_s8_u8(vandq_u8(second, vdupq_n_u8(15)));
    w->low[2 * pair + 1] = vreinterpretq_s8_u8(vshrq_n_u8(first, 4));
    w->high[2 * pair + 1] = vreinterpretq_s8_u8(vshrq_n_u8(second, 4));
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
  float32x4_t pair = vcvt_f32_f16(vreinterpret_f16_u64(vcreate_u64(ck_u32(super))));
  set_scales(w, vmulq_laneq_f32(widen(s), pair, 0),
             vnegq_f32(vmulq_laneq_f32(widen(m), pair, 1)));
}

INLINE void unpack_q6_k(const uint8_t *row, size_t group, weight_group *w) {
  const uint8_t *super = row + group / 2 * Q6_K_BYTES, *nibbles = super + group % 2 * 64;
  const uint8_t *pairs = super + 128 + group % 2 * 32;
  const uint8x16_t low_mask = vdupq_n_u8(15), high_mask = vdupq_n_u8(0x30);
  for (size_t half = 0; half < 2; half++) {
    uint8x16_t a = vld1q_u8(nibbles + 16 * half), b = vld1q_u8(nibbles + 32 + 16 * half);
    uint8x16_t two = vld1q_u8(pairs + 16 * half);
    int8x16_t *out = half ? w->high : w->low;
#define LEVELS(low, high) vreinterpretq_s8_u8(vorrq_u8(low, vandq_u8(high, high_mask)))
    out[0] = LEVELS(vandq_u8(a, low_mask), vshlq_n_u8(two, 4));
    out[1] = LEVELS(vandq_u8(b, low_mask), vshlq_n_u8(two, 2));
    out[2] = LEVELS(vshrq_n_u8(a, 4), two);
    out[3] = LEVELS(vshrq_n_u8(b, 4), vshrq_n_u8(two, 2));
#undef LEVELS
  }
  // The factors of low and high alternate.
  int16x8_t steps = vmovl_s8(vld1_s8((const int8_t *)super + 192 + group % 2 * 8));
  int32x4_t first = vmovl_s16(vget_low_s16(steps)), second = vmovl_s16(vget_high_s16(steps));
  w->step_low = vuzp1q_s32(first, second);
  w->step_high = vuzp2q_s32(first, second);
  w->scale = vdupq_n_f32(ck_half_to_float(ck_u16(super + 208)));
  const float32x4_t zero_level = vdupq_n_f32(-32);
  w->min = vmulq_f32(vmulq_f32(vcvtq_f32_s32(w->step_low), w->scale), zero_level);
  w->min_high = vmulq_f32(vmulq_f32(vcvtq_f32_s32(w->step_high), w->scale), zero_level);
}

static const uint8_t absent_block[64];

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
  const uint8_t *block[4];
  for (size_t b = 0; b < 4; b++)
    block[b] = b < blocks ? row + group * group_bytes(type) + b * (group_bytes(type) / 4)
                          : absent_block;
  float32x4_t scale = heads(block, 0);
  switch (type) {
  case CK_Q4_0:
    for (size_t b = 0; b < 4; b++) set_nibbles(w, b, block[b] + 2);
    set_scales(w, scale, vmulq_n_f32(scale, -8));
    break;
  case CK_Q4_1:
    for (size_t b = 0; b < 4; b++) set_nibbles(w, b, block[b] + 4);
    set_scales(w, scale, heads(block, 2));
    break;
  case CK_Q5_0:
    for (size_t b = 0; b < 4; b++) {
      set_nibbles(w, b, block[b] + 6);
      set_fifth_bits(w, b, ck_u32(block[b] + 2));
    }
    set_scales(w, scale, vmulq_n_f32(scale, -16));
    break;
  case CK_Q5_1:
    for (size_t b = 0; b < 4; b++) {
      set_nibbles(w, b, block[b] + 8);
      set_fifth_bits(w, b, ck_u32(block[b] + 4));
    }
    set_scales(w, scale, heads(block, 2));
    break;
  default: // Q8_0 stays signed and has no minimum.
    for (size_t b = 0; b < 4; b++) {
      w->low[b] = load_bytes(block[b] + 2);
      w->high[b] = load_bytes(block[b] + 18);
    }
    set_scales(w, scale, vdupq_n_f32(0));
  }
}

/// One sum for each of four registers.
INLINE int32x4_t totals(const int32x4_t v[4]) {
  return vpaddq_s32(vpaddq_s32(v[0], v[1]), vpaddq_s32(v[2], v[3]));
}

/// Products of the levels and activations of four blocks.
INLINE int32x4_t dot(int type, const weight_group *w, const ck_group *g) {
  int32x4_t first[4], second[4];
  for (int b = 0; b < 4; b++) {
    const int32x4_t zero = vdupq_n_s32(0);
    first[b] = vdotq_s32(zero, w->low[b], vld1q_s8(g->low + 16 * b));
    second[b] = vdotq_s32(type == CK_Q6_K ? zero : first[b], w->high[b],
                          vld1q_s8(g->high + 16 * b));
  }
  if (type != CK_Q6_K) return totals(second);
  return vmlaq_s32(vmulq_s32(totals(first), w->step_low), totals(second), w->step_high);
}

/// Adds one group's part to the four partial sums of each of `T` tokens.
INLINE void accumulate(int type, int T, const weight_group *w, const ck_group *const *x,
                       size_t group, float32x4_t sum[8]) {
  for (int t = 0; t < T; t++) {
    const ck_group *g = x[t] + group;
    sum[t] = vfmaq_f32(sum[t], vcvtq_f32_s32(dot(type, w, g)),
                       vmulq_f32(w->scale, vld1q_f32(g->scale)));
    if (type == CK_Q8_0) continue;
    sum[t] = vfmaq_f32(sum[t], w->min, vld1q_f32(g->sum_low));
    sum[t] = vfmaq_f32(sum[t], w->min_high, vld1q_f32(g->sum_high));
  }
}

/// How far ahead of the weights in use the next ones are fetched.
#define PREFETCH_BYTES 2048

/// One row by `T` tokens.
INLINE void tile(int type, int T, const uint8_t *row, size_t width, const uint8_t *activations,
                 size_t activation_bytes, float *out, size_t out_stride) {
  float32x4_t sum[8];
  const ck_group *x[8];
  for (int t = 0; t < T; t++) {
    x[t] = (const ck_group *)(activations + (size_t)t * activation_bytes);
    sum[t] = vdupq_n_f32(0);
  }
  size_t whole = width / CK_GROUP, rest = width % CK_GROUP / 32;
  weight_group w;
  for (size_t g = 0; g < whole; g++) {
    const uint8_t *ahead = row + g * group_bytes(type) + PREFETCH_BYTES;
    for (size_t line = 0; line < group_bytes(type); line += 64) __builtin_prefetch(ahead + line);
    unpack(type, row, g, 4, &w);
    accumulate(type, T, &w, x, g, sum);
  }
  if (rest) {
    unpack(type, row, whole, rest, &w);
    accumulate(type, T, &w, x, whole, sum);
  }
  for (int t = 0; t < T; t++) out[(size_t)t * out_stride] = vaddvq_f32(sum[t]);
}

/// Bytes of weights that stay in the second cache while eight tokens after eight meet them.
#define CHUNK_BYTES (128 << 10)

/// Each row is unpacked once for eight tokens.
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

/// The first `count` (at most four) of the floats at `p`, the other lanes zero.
INLINE float32x4_t load_floats(const void *p, size_t count) {
  float four[4] = {0};
  memcpy(four, p, (count < 4 ? count : 4) * sizeof(float));
  return vld1q_f32(four);
}

INLINE void store_floats(float *p, size_t count, float32x4_t v) {
  float four[4];
  vst1q_f32(four, v);
  memcpy(p, four, (count < 4 ? count : 4) * sizeof(float));
}

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
MULTIPLY(f32, CK_F32, floating)
MULTIPLY(f16, CK_F16, floating)
MULTIPLY(bf16, CK_BF16, floating)

/// Rounds sixteen values to bytes at `out` and returns the sum of these.
INLINE int32_t round_levels(const float *x, float inverse, int8_t *out) {
  int32x4_t levels[4], sum = vdupq_n_s32(0);
  for (int i = 0; i < 4; i++) {
    levels[i] = vcvtnq_s32_f32(vmulq_n_f32(vld1q_f32(x + 4 * i), inverse));
    sum = vaddq_s32(sum, levels[i]);
  }
  int16x8_t first = vcombine_s16(vmovn_s32(levels[0]), vmovn_s32(levels[1]));
  int16x8_t second = vcombine_s16(vmovn_s32(levels[2]), vmovn_s32(levels[3]));
  vst1q_s8(out, vcombine_s8(vmovn_s16(first), vmovn_s16(second)));
  return vaddvq_s32(sum);
}

static void quantize(const float *x, size_t width, ck_group *out) {
  size_t blocks = width / 32;
  if (blocks % 4) memset(out + blocks / 4, 0, sizeof *out);
  for (size_t block = 0; block < blocks; block++, x += 32) {
    ck_group *group = out + block / 4;
    size_t b = block % 4;
    float32x4_t magnitude = vdupq_n_f32(0);
    for (int i = 0; i < 8; i++) magnitude = vmaxq_f32(magnitude, vabsq_f32(vld1q_f32(x + 4 * i)));
    float largest = vmaxvq_f32(magnitude), scale = largest / 127;
    float inverse = largest > CK_NEGLIGIBLE ? 127 / largest : 0;
    group->scale[b] = scale;
    group->sum_low[b] = scale * (float)round_levels(x, inverse, group->low + b * 16);
    group->sum_high[b] = scale * (float)round_levels(x + 16, inverse, group->high + b * 16);
  }
}

static void residual(const float *x, size_t width, const ck_group *rounded, float *out) {
  for (size_t i = 0; i < width; i += 8) {
    const ck_group *group = rounded + i / CK_GROUP;
    size_t b = i % CK_GROUP / 32;
    int16x8_t levels =
        vmovl_s8(vld1_s8((i % 32 < 16 ? group->low : group->high) + b * 16 + i % 16));
    float32x4_t scale = vdupq_n_f32(group->scale[b]);
    float32x4_t first = vcvtq_f32_s32(vmovl_s16(vget_low_s16(levels)));
    float32x4_t second = vcvtq_f32_s32(vmovl_s16(vget_high_s16(levels)));
    vst1q_f32(out + i, vfmsq_f32(vld1q_f32(x + i), first, scale));
    vst1q_f32(out + i + 4, vfmsq_f32(vld1q_f32(x + i + 4), second, scale));
  }
}

static void rms_norm(const float *x, const float *weight, size_t width, float epsilon, float *out) {
  float32x4_t squares[4];
  for (int k = 0; k < 4; k++) squares[k] = vdupq_n_f32(0);
  size_t i = 0;
  for (; i + 16 <= width; i += 16)
    for (int k = 0; k < 4; k++) {
      float32x4_t v = vld1q_f32(x + i + 4 * k);
      squares[k] = vfmaq_f32(squares[k], v, v);
    }
  for (; i < width; i += 4) {
    float32x4_t v = load_floats(x + i, width - i);
    squares[0] = vfmaq_f32(squares[0], v, v);
  }
  float sum = vaddvq_f32(vaddq_f32(vaddq_f32(squares[0], squares[1]),
                                   vaddq_f32(squares[2], squares[3])));
  float factor = 1 / __builtin_sqrtf(sum / (float)width + epsilon);
  for (i = 0; i < width; i += 4) {
    float32x4_t v = vmulq_n_f32(load_floats(x + i, width - i), factor);
    store_floats(out + i, width - i, vmulq_f32(v, load_floats(weight + i, width - i)));
  }
}

static void rotate(float *x, size_t heads, size_t width, const float *cosines,
                   const float *sines) {
  for (size_t h = 0; h < heads; h++, x += width)
    for (size_t i = 0; i < width; i += 4) {
      size_t count = width - i;
      float32x4_t v = load_floats(x + i, count);
      float32x4_t turned = vmulq_f32(vrev64q_f32(v), load_floats(sines + i, count));
      store_floats(x + i, count, vfmaq_f32(turned, v, load_floats(cosines + i, count)));
    }
}

/// e^x for x of at most 88, to two units in the last place; anything under -87 gives zero.
/// x = n ln 2 + r with |r| <= ln 2 / 2; the polynomial is the Taylor series of e^r.
INLINE float32x4_t exponential(float32x4_t x) {
  uint32x4_t alive = vcgtq_f32(x, vdupq_n_f32(-87));
  x = vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(x), alive));
  float32x4_t n = vrndnq_f32(vmulq_n_f32(x, 1.44269504f));
  float32x4_t r = vfmsq_f32(x, n, vdupq_n_f32(0.693145752f));
  r = vfmsq_f32(r, n, vdupq_n_f32(1.42860677e-6f));
  float32x4_t p = vdupq_n_f32(1.0f / 5040);
  p = vfmaq_f32(vdupq_n_f32(1.0f / 720), p, r);
  p = vfmaq_f32(vdupq_n_f32(1.0f / 120), p, r);
  p = vfmaq_f32(vdupq_n_f32(1.0f / 24), p, r);
  p = vfmaq_f32(vdupq_n_f32(1.0f / 6), p, r);
  p = vfmaq_f32(vdupq_n_f32(0.5f), p, r);
  p = vfmaq_f32(vdupq_n_f32(1), p, r);
  p = vfmaq_f32(vdupq_n_f32(1), p, r);
  int32x4_t power = vshlq_n_s32(vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127)), 23);
  p = vmulq_f32(p, vreinterpretq_f32_s32(power));
  return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(p), alive));
}

static void swiglu(float *gate, const float *up, size_t count) {
  for (size_t i = 0; i < count; i += 4) {
    float32x4_t g = load_floats(gate + i, count - i), u = load_floats(up + i, count - i);
    // Under -88 the exponential stands still, so g does too; max keeps NaN.
    g = vmaxq_f32(g, vdupq_n_f32(-88));
    float32x4_t silu = vdivq_f32(g, vaddq_f32(vdupq_n_f32(1), exponential(vnegq_f32(g))));
    store_floats(gate + i, count - i, vmulq_f32(silu, u));
  }
}

INLINE uint16x4_t to_halves(float32x4_t v) { return vreinterpret_u16_f16(vcvt_f16_f32(v)); }

static void store_key(const float *key, size_t width, uint16_t *block, size_t slot) {
  for (size_t i = 0; i < width; i += 4) {
    uint16_t words[4];
    vst1_u16(words, to_halves(load_floats(key + i, width - i)));
    for (size_t j = 0; j < 4 && i + j < width; j++) block[(i + j) * CK_KEY_BLOCK + slot] = words[j];
  }
}

static void store_value(const float *value, size_t width, uint16_t *out) {
  for (size_t i = 0; i < width; i += 4) {
    uint16_t words[4];
    vst1_u16(words, to_halves(load_floats(value + i, width - i)));
    memcpy(out + i, words, (width - i < 4 ? width - i : 4) * sizeof(uint16_t));
  }
}

/// Writes to `out` (query, width), from element `i` on, `C` registers of four values each, of
/// which the last holds `count`: the weighted values of the first `positions` positions.
INLINE void weigh_values(int Q, int C, const float weights[4][CK_ATTEND_MAX],
                         const uint16_t *values, size_t positions, size_t width, size_t i,
                         size_t count, float *out) {
  float32x4_t sum[4][8];
  for (int n = 0; n < Q; n++)
    for (int c = 0; c < C; c++) sum[n][c] = vdupq_n_f32(0);
  for (size_t p = 0; p < positions; p++) {
    const uint8_t *value = (const uint8_t *)(values + p * width + i);
    for (int c = 0; c < C; c++) {
      float32x4_t v = load_weights(CK_F16, value + 8 * c, 0, c + 1 < C ? 4 : count);
      for (int n = 0; n < Q; n++) sum[n][c] = vfmaq_n_f32(sum[n][c], v, weights[n][p]);
    }
  }
  for (int n = 0; n < Q; n++)
    for (int c = 0; c < C; c++)
      store_floats(out + (size_t)n * width + i + 4 * c, c + 1 < C ? 4 : count, sum[n][c]);
}

/// Which of the four positions from `first` on are among the first `count`.
INLINE uint32x4_t seen_lanes(size_t first, size_t count) {
  const uint32_t lanes[4] = {0, 1, 2, 3};
  return vcltq_u32(vaddq_u32(vld1q_u32(lanes), vdupq_n_u32((uint32_t)first)),
                   vdupq_n_u32((uint32_t)count));
}

/// Scores, weights and weighted values of `Q` queries that share their keys and values, `C`
/// registers of a value at a time.
INLINE void attend_tile(int Q, int C, const float *q, size_t width, const uint16_t *keys,
                        const uint16_t *values, const uint32_t *counts, float scale, float *out,
                        float *maxima, float *sums) {
  float weights[4][CK_ATTEND_MAX];
  size_t count = 0;
  for (int n = 0; n < Q; n++) count = counts[n] > count ? counts[n] : count;

  const float32x4_t lowest = vdupq_n_f32(-3.4e38f);
  float32x4_t largest[4];
  for (int n = 0; n < Q; n++) largest[n] = lowest;
  for (size_t p = 0; p < count; p += CK_KEY_BLOCK) {
    float32x4_t score[4][4];
    for (int n = 0; n < Q; n++)
      for (int b = 0; b < 4; b++) score[n][b] = vdupq_n_f32(0);
    for (size_t i = 0; i < width; i++) {
      const uint16_t *sixteen = keys + p * width + i * CK_KEY_BLOCK;
      for (int b = 0; b < 4; b++) {
        float32x4_t k = load_halves4(sixteen + 4 * b);
        for (int n = 0; n < Q; n++)
          score[n][b] = vfmaq_n_f32(score[n][b], k, q[(size_t)n * width + i]);
      }
    }
    for (int n = 0; n < Q; n++)
      for (int b = 0; b < 4; b++) {
        size_t first = p + (size_t)b * 4;
        float32x4_t s = vbslq_f32(seen_lanes(first, counts[n]), vmulq_n_f32(score[n][b], scale),
                                  lowest);
        largest[n] = vmaxq_f32(largest[n], s);
        vst1q_f32(&weights[n][first], s);
      }
  }
  for (int n = 0; n < Q; n++) {
    maxima[n] = vmaxvq_f32(largest[n]);
    float32x4_t top = vdupq_n_f32(maxima[n]), sum = vdupq_n_f32(0);
    for (size_t p = 0; p < count; p += 4) {
      float32x4_t e = exponential(vsubq_f32(vld1q_f32(&weights[n][p]), top));
      e = vbslq_f32(seen_lanes(p, counts[n]), e, vdupq_n_f32(0));
      sum = vaddq_f32(sum, e);
      vst1q_f32(&weights[n][p], e);
    }
    sums[n] = vaddvq_f32(sum);
  }
  size_t i = 0;
  for (; i + (size_t)C * 4 <= width; i += (size_t)C * 4)
    weigh_values(Q, C, weights, values, count, width, i, 4, out);
  for (; i + 4 <= width; i += 4) weigh_values(Q, 1, weights, values, count, width, i, 4, out);
  if (i < width) weigh_values(Q, 1, weights, values, count, width, i, width - i, out);
}

static void attend(const float *q, size_t queries, size_t width, const uint16_t *keys,
                   const uint16_t *values, const uint32_t *counts, float scale, float *out,
                   float *maxima, float *sums) {
  size_t n = 0;
#define TILE(Q, C)                                                                               \
  attend_tile(Q, C, q + n * width, width, keys, values, counts + n, scale, out + n * width,      \
              maxima + n, sums + n)
  for (; n + 4 <= queries; n += 4) TILE(4, 4);
  switch (queries - n) {
  case 3: TILE(3, 4); break;
  case 2: TILE(2, 8); break;
  case 1: TILE(1, 8); break;
  default: break;
  }
#undef TILE
}

#pragma clang attribute pop

const ck_table ck_neon = {
    .name = "neon",
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
