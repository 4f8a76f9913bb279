#ifndef CRIA_CNCURSES_SHIM_H
#define CRIA_CNCURSES_SHIM_H

// Wide-character ncurses, and what Swift cannot import from it and from glibc:
// macros, variadics, and globals that Swift 6 takes for unsafe shared state.

#define _XOPEN_SOURCE_EXTENDED 1
#define NCURSES_WIDECHAR 1
#include <ncurses.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <wchar.h>

// <term.h> defines short macros such as `lines` and `columns`; only these are needed.
extern char *tigetstr(const char *);
extern int tigetflag(const char *);
extern int tigetnum(const char *);
extern int setupterm(const char *, int, int *);
#if !(defined(__linux__) && defined(_XOPEN_SOURCE) && (_XOPEN_SOURCE - 0) >= 500)
extern int wcwidth(wchar_t);
#endif

static inline WINDOW *cria_stdscr(void) { return stdscr; }
// The standard streams are shared state to Swift. NULL, not exit(), when TERM is of no use.
static inline SCREEN *cria_newterm(void) { return newterm(NULL, stdout, stdin); }
static inline int cria_lines(void) { return LINES; }
static inline int cria_columns(void) { return COLS; }
static inline int cria_color_count(void) { return COLORS; }
static inline int cria_pair_count(void) { return COLOR_PAIRS; }

static inline attr_t cria_attr_bold(void) { return A_BOLD; }
static inline attr_t cria_attr_dim(void) { return A_DIM; }
static inline attr_t cria_attr_italic(void) { return A_ITALIC; }
static inline attr_t cria_attr_underline(void) { return A_UNDERLINE; }
static inline attr_t cria_attr_reverse(void) { return A_REVERSE; }

static inline int cria_key_function(int n) { return KEY_F(n); }

static inline int cria_wcwidth(unsigned int scalar) { return wcwidth((wchar_t)scalar); }

// tigetstr answers (char *)-1 for "not a string capability"; NULL stands for both here.
static inline const char *cria_terminfo_string(const char *name) {
  char *value = tigetstr(name);
  return value == (char *)-1 ? NULL : value;
}

// The code that get_wch will answer for the key with this terminfo name, or 0.
// Extended names (kLFT5 and friends) have codes above KEY_MAX, given out at start.
static inline int cria_key_code(const char *name) {
  const char *sequence = cria_terminfo_string(name);
  if (!sequence || !*sequence) return 0;
  int code = key_defined(sequence);
  return code > 0 ? code : 0;
}

// A cell from up to CCHARW_MAX scalars; pair numbers above 32,767 travel in the options.
static inline void cria_set_cell(cchar_t *cell, const wchar_t *text, attr_t attributes, int pair) {
  setcchar(cell, text, attributes, (short)(pair > 32767 ? 32767 : pair), &pair);
}

// The size that the terminal behind this descriptor reports; 0 when it does not say.
static inline int cria_window_size(int descriptor, int *rows, int *columns) {
  struct winsize size;
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) return 0;
  *rows = size.ws_row;
  *columns = size.ws_col;
  return 1;
}

#endif
