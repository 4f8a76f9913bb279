/// The AVX2 variant: its table and its smaller loops.

#include "tables.h"

#if defined(__x86_64__)

#include "avx2.h"
#include "blocks.h"

#pragma clang attribute push(CK_AVX2_TARGET, apply_to = function)

/// Thirty-two integers within a byte's range as sixteen and sixteen bytes.
INLINE void store_levels(ck_group *group, size_t b, const __m256i levels[4]) {
  __m256i low = _mm256_packs_epi32(levels[0], levels[1]);
  __m256i high = _mm256_packs_epi32(levels[2], levels[3]);
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  __m256i bytes = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(low, high), order);
  _mm_storeu_si128((__m128i *)(group->low + b * 16), _mm256_castsi256_si128(bytes));
  _mm_storeu_si128((__m128i *)(group->high + b * 16), _mm256_extracti128_si256(bytes, 1));
}

INLINE int integer_total(__m256i v) {
  __m128i four = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  __m128i two = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4e));
  return _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 0xb1)));
}

static void quantize(const float *x, size_t width, ck_group *out) {
  size_t blocks = width / 32;
  if (blocks % 4) memset(out + blocks / 4, 0, sizeof *out);
  const __m256 sign = _mm256_set1_ps(-0.0f);
  for (size_t block = 0; block < blocks; block++, x += 32) {
    ck_group *group = out + block / 4;
    size_t b = block % 4;
    __m256 v[4];
    for (int i = 0; i < 4; i++) v[i] = _mm256_loadu_ps(x + 8 * i);
    __m256 below = _mm256_min_ps(_mm256_min_ps(v[0], v[1]), _mm256_min_ps(v[2], v[3]));
    __m256 above = _mm256_max_ps(_mm256_max_ps(v[0], v[1]), _mm256_max_ps(v[2], v[3]));
    float smallest = -largest_lane(_mm256_xor_ps(below, sign)), largest = largest_lane(above);
    __m256 unordered = _mm256_or_ps(_mm256_cmp_ps(v[0], v[1], _CMP_UNORD_Q),
                                    _mm256_cmp_ps(v[2], v[3], _CMP_UNORD_Q));
    if (_mm256_movemask_ps(unordered)) largest = NAN;
    ck_rounding rounding = ck_rounding_of(smallest, largest);
    if (!(rounding.scale <= FLT_MAX)) {
      ck_put_not_finite(group, b);
      continue;
    }
    __m256 factor = _mm256_set1_ps(rounding.inverse);
    __m256i middles = _mm256_set1_epi32(rounding.middle), steps[4], levels[4];
    for (int i = 0; i < 4; i++) {
      steps[i] = _mm256_cvtps_epi32(_mm256_mul_ps(v[i], factor));
      levels[i] = _mm256_sub_epi32(steps[i], middles);
    }
    store_levels(group, b, levels);
    int sum_low = integer_total(_mm256_add_epi32(steps[0], steps[1]));
    int sum = sum_low + integer_total(_mm256_add_epi32(steps[2], steps[3]));
    ck_put_rounding(group, b, &rounding, sum, sum_low);
  }
}

static void rms_norm(const float *x, const float *weight, size_t width, float epsilon, float *out) {
  __m256 squares[4];
  for (int k = 0; k < 4; k++) squares[k] = _mm256_setzero_ps();
  for (size_t i = 0; i < width; i += 32)
    for (size_t k = 0; k < 4 && i + 8 * k < width; k++) {
      __m256 v = load_floats(x + i + 8 * k, width - i - 8 * k);
      squares[k] = _mm256_fmadd_ps(v, v, squares[k]);
    }
  __m256 sum = _mm256_add_ps(_mm256_add_ps(squares[0], squares[1]),
                             _mm256_add_ps(squares[2], squares[3]));
  __m256 factor = _mm256_set1_ps(1 / __builtin_sqrtf(total(sum) / (float)width + epsilon));
  for (size_t i = 0; i < width; i += 8) {
    __m256 v = _mm256_mul_ps(load_floats(x + i, width - i), factor);
    store_floats(out + i, width - i, _mm256_mul_ps(v, load_floats(weight + i, width - i)));
  }
}

static void rotate(float *x, size_t heads, size_t width, const float *cosines,
                   const float *sines) {
  for (size_t h = 0; h < heads; h++, x += width)
    for (size_t i = 0; i < width; i += 8) {
      size_t count = width - i;
      __m256 v = load_floats(x + i, count);
      __m256 turned = _mm256_mul_ps(_mm256_permute_ps(v, 0xb1), load_floats(sines + i, count));
      store_floats(x + i, count, _mm256_fmadd_ps(v, load_floats(cosines + i, count), turned));
    }
}

static void swiglu(float *gate, const float *up, size_t count) {
  for (size_t i = 0; i < count; i += 8) {
    __m256 g = load_floats(gate + i, count - i), u = load_floats(up + i, count - i);
    __m256 negative = _mm256_min_ps(_mm256_sub_ps(_mm256_setzero_ps(), g), _mm256_set1_ps(88));
    // Under -88 the exponential stands still, so g does too; the order keeps NaN.
    g = _mm256_max_ps(_mm256_set1_ps(-88), g);
    __m256 silu = _mm256_div_ps(g, _mm256_add_ps(_mm256_set1_ps(1), exponential(negative)));
    store_floats(gate + i, count - i, _mm256_mul_ps(silu, u));
  }
}

#pragma clang attribute pop

const ck_table ck_avx2 = {
    .name = "avx2",
    .multiply = CK_PRODUCTS(avx2),
    .quantize = quantize,
    .rms_norm = rms_norm,
    .rotate = rotate,
    .swiglu = swiglu,
    .store_key = ck_avx2_store_key,
    .store_value = ck_avx2_store_value,
    .attend = ck_avx2_attend,
};

#endif
