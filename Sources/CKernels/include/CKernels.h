#ifndef CKERNELS_H
#define CKERNELS_H

/// The vector loops of the transformer. Plain pointers and counts: nothing here knows of
/// files, models or threads. Every function exists once in portable C ("scalar", the
/// specification) and once for each instruction set worth a variant; `ck_select` picks a
/// whole table at run time, so that one binary serves every processor.
///
/// Within one variant, the result for a row and a token does not depend on how many rows
/// or tokens are computed in the same call: prefill and decode give the same bits.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Values in one group of quantized activations: four blocks of 32.
#define CK_GROUP 128
/// Positions in one block of the key cache.
#define CK_KEY_BLOCK 16
/// Most positions that one call of `attend` covers.
#define CK_ATTEND_MAX 128
/// Most groups in a row (65,536 values).
#define CK_GROUPS_MAX 512

/// Four blocks of 32 activations, rounded to 8 bits with a scale and a zero point a block:
/// value = scale * (level - zero). The zero point lets a block use all levels whatever lies
/// between its smallest and its largest value: half the rounding error of a scale alone.
///
/// `low` holds the levels of the first sixteen values of the four blocks, `high` the second
/// sixteen: the order in which a 4-bit weight block unpacks. Levels and zero points are
/// -127...127. A row whose width is no multiple of 128 ends in a
/// group whose missing blocks are zero.
///
/// The corrections turn a product of stored integers into one of values: for a block of weights
/// with levels n above a zero level L, the sum of (n - L) * (level - zero) is that of n * level
/// plus the dot product of (sum of n, L) with `correction`.
typedef struct {
  int8_t low[64];                // (block, 16)
  int8_t high[64];               // (block, 16)
  float scale[4];
  float sum[4];                  // scale * sum of the block's (level - zero)
  int16_t correction[4][2];      // -zero, -(sum of the block's (level - zero))
  int16_t correction_low[4][2];  // the same of the block's sixteen in `low`
} ck_group;

/// A weight format; the numbers are GGUF's.
enum {
  CK_F32 = 0,
  CK_F16 = 1,
  CK_Q4_0 = 2,
  CK_Q4_1 = 3,
  CK_Q5_0 = 6,
  CK_Q5_1 = 7,
  CK_Q8_0 = 8,
  CK_Q4_K = 12,
  CK_Q5_K = 13,
  CK_Q6_K = 14,
  CK_BF16 = 30,
  CK_TYPE_COUNT = 31
};

/// out[t * out_stride + r] = dot(weights row r, activations of token t).
///
/// `width` values a row, rows `row_bytes` apart. `activations`: rows of ck_group (quantized
/// types; (width + 127) / 128 groups a token, each at a multiple of 64 bytes) or of float (F32,
/// F16, BF16), tokens `activation_bytes` apart. Weights need no alignment, and nothing outside
/// the rows is read.
typedef void (*ck_multiply)(const void *weights, size_t row_bytes, size_t rows, size_t width,
                            const void *activations, size_t activation_bytes, size_t tokens,
                            float *out, size_t out_stride);

typedef struct {
  const char *name;

  /// Indexed by weight format; null where the format is not supported.
  ck_multiply multiply[CK_TYPE_COUNT];

  /// Rounds `width` values (a multiple of 32) to (width + 127) / 128 groups, which lie at a
  /// multiple of 64 bytes. A block whose values differ by less than 2.5e-30, and are all that
  /// close to zero, becomes zeros; one with a value that is not finite, or near the largest float,
  /// becomes something that makes every product with it NaN.
  void (*quantize)(const float *x, size_t width, ck_group *out);

  /// out[i] = x[i] / sqrt(mean(x^2) + epsilon) * weight[i].
  void (*rms_norm)(const float *x, const float *weight, size_t width, float epsilon, float *out);

  /// Rotates adjacent pairs of `heads` heads of `width` values in place.
  /// `cosines` and `sines`: one value for each of `width`; sines are negative at even places,
  /// so that x'[i] = x[i] * cosines[i] + x[i ^ 1] * sines[i].
  void (*rotate)(float *x, size_t heads, size_t width, const float *cosines, const float *sines);

  /// gate[i] = silu(gate[i]) * up[i].
  void (*swiglu)(float *gate, const float *up, size_t count);

  /// Writes a key of `width` values as half floats into place `slot` (0...15) of a key
  /// block, which is stored as (width, 16 positions).
  void (*store_key)(const float *key, size_t width, uint16_t *block, size_t slot);

  /// Writes a value vector of `width` values as half floats.
  void (*store_value)(const float *value, size_t width, uint16_t *out);

  /// Attention of `queries` query vectors over one stretch of at most CK_ATTEND_MAX positions
  /// of one KV head; the parts of several stretches are joined by `ck_join`.
  ///
  /// `q`: (query, width), `keys`: (block, width, 16), `values`: (position, width), `counts`:
  /// how many positions of this stretch each query sees (at least 1). `scale` multiplies the
  /// scores. `out`: (query, width), sums not yet divided; `maxima`, `sums`: one a query.
  ///
  /// Keys may be read up to the end of the stretch, CK_ATTEND_MAX positions, so a key cache is
  /// allocated in whole stretches; what stands at places that no query sees has no influence.
  /// Values are read up to the largest of the counts; all of these must be finite.
  void (*attend)(const float *q, size_t queries, size_t width, const uint16_t *keys,
                 const uint16_t *values, const uint32_t *counts, float scale, float *out,
                 float *maxima, float *sums);
} ck_table;

/// The table of the variant called `name` ("scalar", "avx2", "avx512", "neon"), or of the
/// best one when `name` is null. Null when this processor cannot run it or none is so called.
const ck_table *ck_select(const char *name);

/// x[i] += y[i].
void ck_add(float *x, const float *y, size_t count);

/// Joins `parts` results of `attend` for one query: `partial` (part, width) `part_stride`
/// floats apart, `maxima` and `sums` `scalar_stride` apart, into `out` (width).
void ck_join(const float *partial, size_t part_stride, const float *maxima, const float *sums,
             size_t scalar_stride, size_t parts, size_t width, float *out);

/// Tells the processor that this thread spins.
static inline void ck_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// Makes this thread's arithmetic treat denormal numbers as zero: they cost a factor of two
/// and more in these loops, and mean nothing. Returns what `ck_restore_control` takes.
uint64_t ck_flush_denormals(void);

/// Puts this thread's arithmetic back as it was before `ck_flush_denormals`.
void ck_restore_control(uint64_t control);

#endif
