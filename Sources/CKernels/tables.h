#ifndef CK_TABLES_H
#define CK_TABLES_H

/// What the files of the variants agree on.

#include "CKernels.h"

extern const ck_table ck_scalar;
#if defined(__x86_64__)
extern const ck_table ck_avx512;
extern const ck_table ck_avx2;
#elif defined(__aarch64__)
extern const ck_table ck_neon;
#endif

/// The weight formats: X(variant, format, whether its rows are quantized). Every variant has a
/// product for each, `ck_<variant>_multiply_<format>`.
#define CK_EACH_FORMAT(X, variant)                                                               \
  X(variant, F32, floating)                                                                      \
  X(variant, F16, floating)                                                                      \
  X(variant, BF16, floating)                                                                     \
  X(variant, Q4_0, quantized)                                                                    \
  X(variant, Q4_1, quantized)                                                                    \
  X(variant, Q5_0, quantized)                                                                    \
  X(variant, Q5_1, quantized)                                                                    \
  X(variant, Q8_0, quantized)                                                                    \
  X(variant, Q4_K, quantized)                                                                    \
  X(variant, Q5_K, quantized)                                                                    \
  X(variant, Q6_K, quantized)

#define CK_PRODUCT_SIGNATURE(variant, format)                                                    \
  void ck_##variant##_multiply_##format(const void *weights, size_t row_bytes, size_t rows,      \
                                        size_t width, const void *activations,                   \
                                        size_t activation_bytes, size_t tokens, float *out,      \
                                        size_t out_stride)

#define CK_DECLARE_PRODUCT(variant, format, kind) CK_PRODUCT_SIGNATURE(variant, format);
/// Declares the products of a variant.
#define CK_DECLARE_PRODUCTS(variant) CK_EACH_FORMAT(CK_DECLARE_PRODUCT, variant)

/// Defines a product by a call of the file's own `multiply_floating` or `multiply_quantized`,
/// to which the format is a constant.
#define CK_DEFINE_PRODUCT(variant, format, kind)                                                 \
  CK_PRODUCT_SIGNATURE(variant, format) {                                                        \
    multiply_##kind(CK_##format, (const uint8_t *)weights, row_bytes, rows, width,               \
                    (const uint8_t *)activations, activation_bytes, tokens, out, out_stride);    \
  }
#define CK_DEFINE_PRODUCTS(variant) CK_EACH_FORMAT(CK_DEFINE_PRODUCT, variant)

#define CK_PRODUCT_ENTRY(variant, format, kind) [CK_##format] = ck_##variant##_multiply_##format,
/// The initialiser of a table's `multiply`.
#define CK_PRODUCTS(variant) {CK_EACH_FORMAT(CK_PRODUCT_ENTRY, variant)}

CK_DECLARE_PRODUCTS(scalar)
#if defined(__x86_64__)
CK_DECLARE_PRODUCTS(avx512)
CK_DECLARE_PRODUCTS(avx2)
#elif defined(__aarch64__)
CK_DECLARE_PRODUCTS(neon)
#endif

#endif
