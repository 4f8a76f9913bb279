#ifndef CRIA_CNCURSES_SHIM_H
#define CRIA_CNCURSES_SHIM_H

// Wide-character ncurses, and what Swift cannot import from it and from glibc:
// macros, variadics, and globals that Swift 6 takes for unsafe shared state.

#define _XOPEN_SOURCE_EXTENDED 1
#define NCURSES_WIDECHAR 1
#include <ncurses.h>
#include <wchar.h>

static inline WINDOW *cria_stdscr(void) { return stdscr; }

#endif
