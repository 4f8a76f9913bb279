/// The NEON variant, for processors with dot products: its table and its smaller loops.

#include "tables.h"

#if defined(__aarch64__)

#include "neon.h"
#include "blocks.h"

#pragma clang attribute push(CK_NEON_TARGET, apply_to = function)

/// Rounds sixteen values, writes how far they are from `middle` to `out`, and returns the sum of
/// what they were rounded to.
INLINE int32_t round_levels(const float *x, float inverse, int32_t middle, int8_t *out) {
  int32x4_t levels[4], sum = vdupq_n_s32(0);
  for (int i = 0; i < 4; i++) {
    int32x4_t steps = vcvtnq_s32_f32(vmulq_n_f32(vld1q_f32(x + 4 * i), inverse));
    sum = vaddq_s32(sum, steps);
    levels[i] = vsubq_s32(steps, vdupq_n_s32(middle));
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
    float32x4_t below = vld1q_f32(x), above = below;
    for (int i = 1; i < 8; i++) {
      below = vminq_f32(below, vld1q_f32(x + 4 * i));
      above = vmaxq_f32(above, vld1q_f32(x + 4 * i));
    }
    float smallest = vminvq_f32(below), largest = vmaxvq_f32(above);
    ck_rounding rounding = ck_rounding_of(smallest, largest);
    if (!(rounding.scale <= FLT_MAX)) {
      ck_put_not_finite(group, b);
      continue;
    }
    int32_t sum_low = round_levels(x, rounding.inverse, rounding.middle, group->low + b * 16);
    int32_t sum = sum_low + round_levels(x + 16, rounding.inverse, rounding.middle, group->high + b * 16);
    ck_put_rounding(group, b, &rounding, sum, sum_low);
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

static void swiglu(float *gate, const float *up, size_t count) {
  for (size_t i = 0; i < count; i += 4) {
    float32x4_t g = load_floats(gate + i, count - i), u = load_floats(up + i, count - i);
    // Under -88 the exponential stands still, so g does too; max keeps NaN.
    g = vmaxq_f32(g, vdupq_n_f32(-88));
    float32x4_t silu = vdivq_f32(g, vaddq_f32(vdupq_n_f32(1), exponential(vnegq_f32(g))));
    store_floats(gate + i, count - i, vmulq_f32(silu, u));
  }
}

#pragma clang attribute pop

const ck_table ck_neon = {
    .name = "neon",
    .multiply = CK_PRODUCTS(neon),
    .quantize = quantize,
    .rms_norm = rms_norm,
    .rotate = rotate,
    .swiglu = swiglu,
    .store_key = ck_neon_store_key,
    .store_value = ck_neon_store_value,
    .attend = ck_neon_attend,
};

#endif
