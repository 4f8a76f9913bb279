/// The AVX-512 VNNI variant: its table and its smaller loops.

#include "tables.h"

#if defined(__x86_64__)

#include "avx512.h"
#include "blocks.h"

#pragma clang attribute push(CK_AVX512_TARGET, apply_to = function)

static void quantize(const float *x, size_t width, ck_group *out) {
  size_t blocks = width / 32;
  if (blocks % 4) memset(out + blocks / 4, 0, sizeof *out);
  for (size_t block = 0; block < blocks; block++, x += 32) {
    ck_group *group = out + block / 4;
    size_t b = block % 4;
    __m512 low = _mm512_loadu_ps(x), high = _mm512_loadu_ps(x + 16);
    float smallest = _mm512_reduce_min_ps(_mm512_min_ps(low, high));
    float largest = _mm512_reduce_max_ps(_mm512_max_ps(low, high));
    if (_mm512_cmp_ps_mask(low, high, _CMP_UNORD_Q)) largest = NAN;
    ck_rounding rounding = ck_rounding_of(smallest, largest);
    if (!(rounding.scale <= FLT_MAX)) {
      ck_put_not_finite(group, b);
      continue;
    }
    __m512 factor = _mm512_set1_ps(rounding.inverse);
    __m512i steps_low = _mm512_cvtps_epi32(_mm512_mul_ps(low, factor));
    __m512i steps_high = _mm512_cvtps_epi32(_mm512_mul_ps(high, factor));
    int sum_low = _mm512_reduce_add_epi32(steps_low);
    int sum = sum_low + _mm512_reduce_add_epi32(steps_high);
    __m512i middles = _mm512_set1_epi32(rounding.middle);
    _mm_store_si128((__m128i *)(group->low + b * 16),
                    _mm512_cvtepi32_epi8(_mm512_sub_epi32(steps_low, middles)));
    _mm_store_si128((__m128i *)(group->high + b * 16),
                    _mm512_cvtepi32_epi8(_mm512_sub_epi32(steps_high, middles)));
    ck_put_rounding(group, b, &rounding, sum, sum_low);
  }
}

static void rms_norm(const float *x, const float *weight, size_t width, float epsilon, float *out) {
  __m512 squares = _mm512_setzero_ps();
  for (size_t i = 0; i < width; i += 16) {
    __m512 v = _mm512_maskz_loadu_ps(first_lanes(width - i), x + i);
    squares = _mm512_fmadd_ps(v, v, squares);
  }
  float mean = _mm512_reduce_add_ps(squares) / (float)width;
  __m512 factor = _mm512_set1_ps(1 / __builtin_sqrtf(mean + epsilon));
  for (size_t i = 0; i < width; i += 16) {
    __mmask16 mask = first_lanes(width - i);
    __m512 v = _mm512_mul_ps(_mm512_maskz_loadu_ps(mask, x + i), factor);
    v = _mm512_mul_ps(v, _mm512_maskz_loadu_ps(mask, weight + i));
    _mm512_mask_storeu_ps(out + i, mask, v);
  }
}

static void rotate(float *x, size_t heads, size_t width, const float *cosines,
                   const float *sines) {
  for (size_t h = 0; h < heads; h++, x += width)
    for (size_t i = 0; i < width; i += 16) {
      __mmask16 mask = first_lanes(width - i);
      __m512 v = _mm512_maskz_loadu_ps(mask, x + i);
      __m512 swapped = _mm512_permute_ps(v, 0xb1);
      __m512 turned = _mm512_mul_ps(swapped, _mm512_maskz_loadu_ps(mask, sines + i));
      turned = _mm512_fmadd_ps(v, _mm512_maskz_loadu_ps(mask, cosines + i), turned);
      _mm512_mask_storeu_ps(x + i, mask, turned);
    }
}

static void swiglu(float *gate, const float *up, size_t count) {
  const __m512 one = _mm512_set1_ps(1);
  for (size_t i = 0; i < count; i += 16) {
    __mmask16 mask = first_lanes(count - i);
    __m512 g = _mm512_maskz_loadu_ps(mask, gate + i), u = _mm512_maskz_loadu_ps(mask, up + i);
    __m512 negative = _mm512_min_ps(_mm512_sub_ps(_mm512_setzero_ps(), g), _mm512_set1_ps(88));
    // Under -88 the exponential stands still, so g does too; the order keeps NaN.
    g = _mm512_max_ps(_mm512_set1_ps(-88), g);
    __m512 silu = _mm512_div_ps(g, _mm512_add_ps(one, exponential(negative)));
    _mm512_mask_storeu_ps(gate + i, mask, _mm512_mul_ps(silu, u));
  }
}

#pragma clang attribute pop

const ck_table ck_avx512 = {
    .name = "avx512",
    .multiply = CK_PRODUCTS(avx512),
    .quantize = quantize,
    .rms_norm = rms_norm,
    .rotate = rotate,
    .swiglu = swiglu,
    .store_key = ck_avx512_store_key,
    .store_value = ck_avx512_store_value,
    .attend = ck_avx512_attend,
};

#endif
