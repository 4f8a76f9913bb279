/// The specification: each function as plainly as it can be said. It is also what runs on a
/// processor without a variant of its own.

#include "blocks.h"
#include "tables.h"

#include <math.h>

/// The weights of one group as the vector variants see them: each value is
/// scale[half][block] * (level - zero_level) + min[block].
typedef struct {
  uint8_t level[2][64];
  int32_t zero_level;
  float scale[2][4];
  float min[4];
} weight_group;

typedef void (*unpack_group)(const uint8_t *row, size_t group, size_t blocks, weight_group *out);

static void set_block(weight_group *out, size_t b, float scale, float min) {
  out->scale[0][b] = out->scale[1][b] = scale;
  out->min[b] = min;
}

static void set_nibbles(weight_group *out, size_t b, const uint8_t *nibbles, uint32_t fifth) {
  for (size_t j = 0; j < 16; j++) {
    out->level[0][b * 16 + j] = (uint8_t)((nibbles[j] & 15) | ((fifth >> j & 1) << 4));
    out->level[1][b * 16 + j] = (uint8_t)((nibbles[j] >> 4) | ((fifth >> (j + 16) & 1) << 4));
  }
}

static void unpack_q4_0(const uint8_t *row, size_t group, size_t blocks, weight_group *out) {
  out->zero_level = 8;
  for (size_t b = 0; b < blocks; b++) {
    const uint8_t *block = row + (group * 4 + b) * Q4_0_BYTES;
    float scale = ck_half_to_float(ck_u16(block));
    set_block(out, b, scale, 0);
    set_nibbles(out, b, block + 2, 0);
  }
}

static void unpack_q4_1(const uint8_t *row, size_t group, size_t blocks, weight_group *out) {
  out->zero_level = 0;
  for (size_t b = 0; b < blocks; b++) {
    const uint8_t *block = row + (group * 4 + b) * Q4_1_BYTES;
    set_block(out, b, ck_half_to_float(ck_u16(block)), ck_half_to_float(ck_u16(block + 2)));
    set_nibbles(out, b, block + 4, 0);
  }
}

static void unpack_q5_0(const uint8_t *row, size_t group, size_t blocks, weight_group *out) {
  out->zero_level = 16;
  for (size_t b = 0; b < blocks; b++) {
    const uint8_t *block = row + (group * 4 + b) * Q5_0_BYTES;
    float scale = ck_half_to_float(ck_u16(block));
    set_block(out, b, scale, 0);
    set_nibbles(out, b, block + 6, ck_u32(block + 2));
  }
}

static void unpack_q5_1(const uint8_t *row, size_t group, size_t blocks, weight_group *out) {
  out->zero_level = 0;
  for (size_t b = 0; b < blocks; b++) {
    const uint8_t *block = row + (group * 4 + b) * Q5_1_BYTES;
    set_block(out, b, ck_half_to_float(ck_u16(block)), ck_half_to_float(ck_u16(block + 2)));
    set_nibbles(out, b, block + 8, ck_u32(block + 4));
  }
}

static void unpack_q8_0(const uint8_t *row, size_t group, size_t blocks, weight_group *out) {
  out->zero_level = 128;
  for (size_t b = 0; b < blocks; b++) {
    const uint8_t *block = row + (group * 4 + b) * Q8_0_BYTES;
    float scale = ck_half_to_float(ck_u16(block));
    set_block(out, b, scale, 0);
    for (size_t j = 0; j < 32; j++)
      out->level[j / 16][b * 16 + j % 16] = block[2 + j] ^ 0x80;
  }
}

/// Q4_K, and Q5_K, which has 32 bytes more: one for each place in a block, a bit for each of
/// the eight blocks.
static void unpack_k(const uint8_t *super, const uint8_t *fifths, const uint8_t *nibbles,
                     size_t half, size_t blocks, weight_group *out) {
  float scale = ck_half_to_float(ck_u16(super)), min = ck_half_to_float(ck_u16(super + 2));
  out->zero_level = 0;
  for (size_t b = 0; b < blocks; b++) {
    uint8_t s, m;
    ck_q4_k_scale(super + 4, (int)(half * 4 + b), &s, &m);
    set_block(out, b, scale * s, -min * m);
    for (size_t j = 0; j < 32; j++) {
      uint8_t byte = nibbles[half * 64 + b / 2 * 32 + j];
      uint8_t level = b % 2 ? byte >> 4 : byte & 15;
      if (fifths) level |= (fifths[j] >> (half * 4 + b) & 1) << 4;
      out->level[j / 16][b * 16 + j % 16] = level;
    }
  }
}

static void unpack_q4_k(const uint8_t *row, size_t group, size_t blocks, weight_group *out) {
  const uint8_t *super = row + group / 2 * Q4_K_BYTES;
  unpack_k(super, 0, super + 16, group % 2, blocks, out);
}

static void unpack_q5_k(const uint8_t *row, size_t group, size_t blocks, weight_group *out) {
  const uint8_t *super = row + group / 2 * Q5_K_BYTES;
  unpack_k(super, super + 16, super + 48, group % 2, blocks, out);
}

static void unpack_q6_k(const uint8_t *row, size_t group, size_t blocks, weight_group *out) {
  out->zero_level = 32;
  const uint8_t *super = row + group / 2 * Q6_K_BYTES;
  const uint8_t *nibbles = super + group % 2 * 64, *pairs = super + 128 + group % 2 * 32;
  const int8_t *scales = (const int8_t *)super + 192 + group % 2 * 8;
  float scale = ck_half_to_float(ck_u16(super + 208));
  for (size_t b = 0; b < blocks; b++) {
    out->min[b] = 0;
    for (size_t half = 0; half < 2; half++) out->scale[half][b] = scale * scales[2 * b + half];
    for (size_t j = 0; j < 32; j++) {
      uint8_t byte = nibbles[b % 2 * 32 + j];
      uint8_t low = b / 2 ? byte >> 4 : byte & 15, high = pairs[j] >> (2 * b) & 3;
      out->level[j / 16][b * 16 + j % 16] = (uint8_t)(low | high << 4);
    }
  }
}

static void multiply_unpacked(unpack_group unpack, const uint8_t *weights, size_t row_bytes,
                              size_t rows, size_t width, const uint8_t *activations,
                              size_t activation_bytes, size_t tokens, float *out,
                              size_t out_stride) {
  size_t blocks = width / 32;
  for (size_t r = 0; r < rows; r++) {
    const uint8_t *row = weights + r * row_bytes;
    for (size_t t = 0; t < tokens; t++) out[t * out_stride + r] = 0;
    for (size_t first = 0; first < blocks; first += 4) {
      size_t count = blocks - first < 4 ? blocks - first : 4;
      weight_group w;
      unpack(row, first / 4, count, &w);
      for (size_t t = 0; t < tokens; t++) {
        const ck_group *x = (const ck_group *)(activations + t * activation_bytes) + first / 4;
        float sum = 0;
        for (size_t b = 0; b < count; b++) {
          int32_t dot[2] = {0, 0}, zero = -x->correction[b][0];
          for (size_t j = b * 16; j < b * 16 + 16; j++) {
            dot[0] += (w.level[0][j] - w.zero_level) * (x->low[j] - zero);
            dot[1] += (w.level[1][j] - w.zero_level) * (x->high[j] - zero);
          }
          sum += x->scale[b] * (w.scale[0][b] * (float)dot[0] + w.scale[1][b] * (float)dot[1]) +
                 w.min[b] * x->sum[b];
        }
        out[t * out_stride + r] += sum;
      }
    }
  }
}

static void multiply_quantized(int type, const uint8_t *weights, size_t row_bytes, size_t rows,
                               size_t width, const uint8_t *activations, size_t activation_bytes,
                               size_t tokens, float *out, size_t out_stride) {
  static const unpack_group unpack[CK_TYPE_COUNT] = {
      [CK_Q4_0] = unpack_q4_0, [CK_Q4_1] = unpack_q4_1, [CK_Q5_0] = unpack_q5_0,
      [CK_Q5_1] = unpack_q5_1, [CK_Q8_0] = unpack_q8_0, [CK_Q4_K] = unpack_q4_k,
      [CK_Q5_K] = unpack_q5_k, [CK_Q6_K] = unpack_q6_k};
  multiply_unpacked(unpack[type], weights, row_bytes, rows, width, activations, activation_bytes,
                    tokens, out, out_stride);
}

static float load_f32(const uint8_t *row, size_t i) {
  float f;
  memcpy(&f, row + 4 * i, 4);
  return f;
}

static float load_f16(const uint8_t *row, size_t i) { return ck_half_to_float(ck_u16(row + 2 * i)); }

static float load_bf16(const uint8_t *row, size_t i) {
  uint32_t bits = (uint32_t)ck_u16(row + 2 * i) << 16;
  float f;
  memcpy(&f, &bits, 4);
  return f;
}

static void multiply_floating(int type, const uint8_t *weights, size_t row_bytes, size_t rows,
                              size_t width, const uint8_t *activations, size_t activation_bytes,
                              size_t tokens, float *out, size_t out_stride) {
  for (size_t r = 0; r < rows; r++) {
    const uint8_t *row = weights + r * row_bytes;
    for (size_t t = 0; t < tokens; t++) {
      const float *x = (const float *)(activations + t * activation_bytes);
      double sum = 0;
      for (size_t i = 0; i < width; i++) {
        float w = type == CK_F32   ? load_f32(row, i)
                  : type == CK_F16 ? load_f16(row, i)
                                   : load_bf16(row, i);
        sum += (double)w * x[i];
      }
      out[t * out_stride + r] = (float)sum;
    }
  }
}

CK_DEFINE_PRODUCTS(scalar)

static void quantize(const float *x, size_t width, ck_group *out) {
  size_t groups = (width + CK_GROUP - 1) / CK_GROUP;
  memset(out, 0, groups * sizeof *out);
  for (size_t block = 0; block < width / 32; block++) {
    ck_group *group = out + block / 4;
    size_t b = block % 4;
    const float *v = x + block * 32;
    float smallest = v[0], largest = v[0];
    for (size_t j = 1; j < 32; j++) {
      smallest = fminf(smallest, v[j]);
      largest = fmaxf(largest, v[j]);
    }
    for (size_t j = 0; j < 32; j++)
      if (v[j] != v[j]) largest = v[j];
    ck_rounding rounding = ck_rounding_of(smallest, largest);
    if (!(rounding.scale <= FLT_MAX)) {
      ck_put_not_finite(group, b);
      continue;
    }
    int32_t sums[2] = {0, 0};
    for (size_t j = 0; j < 32; j++) {
      int32_t steps = (int32_t)rintf(v[j] * rounding.inverse);
      (j < 16 ? group->low : group->high)[b * 16 + j % 16] = (int8_t)(steps - rounding.middle);
      sums[j / 16] += steps;
    }
    ck_put_rounding(group, b, &rounding, sums[0] + sums[1], sums[0]);
  }
}

static void rms_norm(const float *x, const float *weight, size_t width, float epsilon, float *out) {
  double squares = 0;
  for (size_t i = 0; i < width; i++) squares += (double)x[i] * x[i];
  float factor = 1 / sqrtf((float)(squares / (double)width) + epsilon);
  for (size_t i = 0; i < width; i++) out[i] = x[i] * factor * weight[i];
}

static void rotate(float *x, size_t heads, size_t width, const float *cosines,
                   const float *sines) {
  for (size_t h = 0; h < heads; h++, x += width) {
    for (size_t i = 0; i + 1 < width; i += 2) {
      float a = x[i], b = x[i + 1];
      x[i] = a * cosines[i] + b * sines[i];
      x[i + 1] = b * cosines[i + 1] + a * sines[i + 1];
    }
  }
}

static void swiglu(float *gate, const float *up, size_t count) {
  for (size_t i = 0; i < count; i++) gate[i] = gate[i] / (1 + expf(-gate[i])) * up[i];
}

void ck_add(float *x, const float *y, size_t count) {
  for (size_t i = 0; i < count; i++) x[i] += y[i];
}

static void store_key(const float *key, size_t width, uint16_t *block, size_t slot) {
  for (size_t i = 0; i < width; i++) block[i * CK_KEY_BLOCK + slot] = ck_float_to_half(key[i]);
}

static void store_value(const float *value, size_t width, uint16_t *out) {
  for (size_t i = 0; i < width; i++) out[i] = ck_float_to_half(value[i]);
}

static void attend(const float *q, size_t queries, size_t width, const uint16_t *keys,
                   const uint16_t *values, const uint32_t *counts, float scale, float *out,
                   float *maxima, float *sums) {
  for (size_t n = 0; n < queries; n++) {
    const float *query = q + n * width;
    float score[CK_ATTEND_MAX], largest = -INFINITY, sum = 0;
    for (size_t p = 0; p < counts[n]; p++) {
      const uint16_t *key = keys + p / CK_KEY_BLOCK * width * CK_KEY_BLOCK + p % CK_KEY_BLOCK;
      score[p] = 0;
      for (size_t i = 0; i < width; i++)
        score[p] += query[i] * ck_half_to_float(key[i * CK_KEY_BLOCK]);
      score[p] *= scale;
      largest = fmaxf(largest, score[p]);
    }
    for (size_t i = 0; i < width; i++) out[n * width + i] = 0;
    for (size_t p = 0; p < counts[n]; p++) {
      float weight = expf(score[p] - largest);
      sum += weight;
      for (size_t i = 0; i < width; i++)
        out[n * width + i] += weight * ck_half_to_float(values[p * width + i]);
    }
    maxima[n] = largest;
    sums[n] = sum;
  }
}

void ck_join(const float *partial, size_t part_stride, const float *maxima,
                    const float *sums, size_t scalar_stride, size_t parts, size_t width,
                    float *out) {
  float largest = maxima[0], total = 0;
  for (size_t p = 1; p < parts; p++) largest = fmaxf(largest, maxima[p * scalar_stride]);
  for (size_t i = 0; i < width; i++) out[i] = 0;
  for (size_t p = 0; p < parts; p++) {
    float factor = expf(maxima[p * scalar_stride] - largest);
    total += factor * sums[p * scalar_stride];
    for (size_t i = 0; i < width; i++) out[i] += factor * partial[p * part_stride + i];
  }
  float inverse = 1 / total;
  for (size_t i = 0; i < width; i++) out[i] *= inverse;
}

const ck_table ck_scalar = {
    .name = "scalar",
    .multiply = CK_PRODUCTS(scalar),
    .quantize = quantize,
    .rms_norm = rms_norm,
    .rotate = rotate,
    .swiglu = swiglu,
    .store_key = store_key,
    .store_value = store_value,
    .attend = attend,
};
