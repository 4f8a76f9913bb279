#ifndef CLIMITS_H
#define CLIMITS_H

/// Loops that do nothing but read memory, or nothing but multiply bytes: with them the program
/// measures what a machine allows, in the instructions that its vector loops are made of.

#include <stddef.h>
#include <stdint.h>

typedef struct {
  /// Reads `count` bytes, at any address, with the widest loads. Returns the exclusive or of
  /// all bytes, so that none of them can be left out.
  uint8_t (*read)(const void *bytes, size_t count);

  /// Does `rounds` times `products_per_round` products of two bytes, added up in 32 bits, all
  /// in registers (the portable one: in the first cache). Every factor is 1; returns the sum,
  /// the number of products done modulo 2^32.
  uint32_t (*multiply)(size_t rounds);
  size_t products_per_round;
} cl_loops;

/// The loops of the variant that `ck_select` calls `name`; the portable ones for a name that is
/// not known. The processor must be able to run that variant.
const cl_loops *cl_select(const char *name);

#endif
