#ifndef CRIA_CTERMINAL_H
#define CRIA_CTERMINAL_H

// The signal side of the terminal. It is C because a handler may run at any instruction of
// any thread: no Swift runtime call, no allocation and no lock is allowed in it.

#include <stddef.h>

// A bit for each signal that is only noted here and dealt with on the event loop.
enum {
  CRIA_PENDING_WINCH = 1 << 0,
  CRIA_PENDING_TERM = 1 << 1,
  CRIA_PENDING_INT = 1 << 2,
  CRIA_PENDING_HUP = 1 << 3,
  CRIA_PENDING_TSTP = 1 << 4,
  CRIA_PENDING_CONT = 1 << 5,
};

// Saves the modes of the terminal behind `descriptor` and installs every handler.
// Answers 0, or -1 when the descriptor is no terminal. Call again after newterm, which
// installs handlers of its own; the modes saved first are kept.
int cria_guard_install(int descriptor);

// Gives all signals back their former actions and forgets the saved modes.
void cria_guard_remove(void);

// The bytes that put the terminal back. At most 512 are kept.
void cria_guard_set_reset(const char *bytes, size_t count);

// A line for standard error, without its end, when a mapped file is cut short under its reader
// (SIGBUS): the process then ends with status 1. From now on, with or without a screen. At most
// 511 bytes are kept.
void cria_guard_set_bus_note(const char *bytes, size_t count);

// Whether the screen is up, that is, whether there is something to put back.
void cria_guard_set_active(int active);

// Where a noted signal writes one byte; -1 for nowhere.
void cria_guard_set_wake(int descriptor);

// The signals noted since the last call, as bits.
unsigned cria_guard_take_pending(void);

// Notes a signal as a handler would.
void cria_guard_note(unsigned bit);

// Puts the terminal back as the handlers do. Safe at any time, any number of times.
void cria_guard_restore(void);

// Stops the process as SIGTSTP does by default, and returns once it is continued.
void cria_guard_stop(void);

// Blocks or unblocks, in the calling thread, the signals that are noted.
void cria_guard_block(int block);

// A pipe, both ends closed on exec and not blocking. 0, or -1 with errno.
int cria_guard_pipe(int ends[2]);

#endif
