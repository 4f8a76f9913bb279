#define _GNU_SOURCE
#include "CTerminal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static const int fault_signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGQUIT};
static const int noted_signals[] = {SIGWINCH, SIGTERM, SIGINT, SIGHUP, SIGTSTP, SIGCONT};
static const unsigned noted_bits[] = {CRIA_PENDING_WINCH, CRIA_PENDING_TERM, CRIA_PENDING_INT,
                                      CRIA_PENDING_HUP,   CRIA_PENDING_TSTP, CRIA_PENDING_CONT};
enum { fault_count = 7, noted_count = 6 };

static struct sigaction former_fault[fault_count];
static struct sigaction former_noted[noted_count];
static struct termios saved_modes;
static int terminal = -1;
static int installed;
static char alternate_stack[64 * 1024];

static char reset_bytes[512];
static size_t reset_count;
static char bus_note[512];
static size_t bus_note_count;

static atomic_int active;
static atomic_int wake = -1;
static atomic_uint pending;

static void write_all(int descriptor, const char *bytes, size_t count) {
  while (count > 0) {
    ssize_t written = write(descriptor, bytes, count);
    if (written < 0) {
      if (errno == EINTR) continue;
      return;
    }
    bytes += written;
    count -= (size_t)written;
  }
}

void cria_guard_restore(void) {
  if (!atomic_exchange(&active, 0)) return;
  write_all(terminal, reset_bytes, reset_count);
  tcsetattr(terminal, TCSANOW, &saved_modes);
}

static void die_of(int number) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = SIG_DFL;
  sigaction(number, &action, NULL);
  raise(number);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, number);
  pthread_sigmask(SIG_UNBLOCK, &only, NULL);
}

// A mapped file was cut short under its reader: the system cannot give the page. Ends the
// process with the note and the status of any other failure.
static void fail_of_cut_file(int had_screen) {
  static atomic_int failing;
  // Several workers read the file; one speaks.
  while (atomic_exchange(&failing, 1)) pause();
  // What is written of a reply may have no line end yet.
  if (!had_screen && isatty(STDOUT_FILENO) && isatty(STDERR_FILENO)) {
    write_all(STDERR_FILENO, "\n", 1);
  }
  write_all(STDERR_FILENO, bus_note, bus_note_count);
  _exit(1);
}

static void on_fault(int number, siginfo_t *info, void *context) {
  (void)context;
  int had_screen = atomic_load(&active);
  cria_guard_restore();
  if (number == SIGBUS && info->si_code == BUS_ADRERR && bus_note_count > 0) {
    fail_of_cut_file(had_screen);
  }
  die_of(number);
}

static void wake_loop(void) {
  int descriptor = atomic_load(&wake);
  if (descriptor >= 0) {
    char byte = 1;
    // A full pipe already wakes the loop.
    ssize_t ignored = write(descriptor, &byte, 1);
    (void)ignored;
  }
}

void cria_guard_note(unsigned bit) {
  atomic_fetch_or(&pending, bit);
  wake_loop();
}

static void on_noted(int number) {
  int kept = errno;
  for (int i = 0; i < noted_count; i++) {
    if (noted_signals[i] != number) continue;
    unsigned before = atomic_fetch_or(&pending, noted_bits[i]);
    // A second request to end, with the first not yet seen: the loop is stuck.
    unsigned ending = CRIA_PENDING_TERM | CRIA_PENDING_INT | CRIA_PENDING_HUP;
    if ((noted_bits[i] & ending) && (before & noted_bits[i])) {
      cria_guard_restore();
      die_of(number);
      return;
    }
  }
  wake_loop();
  errno = kept;
}

int cria_guard_install(int descriptor) {
  if (!installed) {
    if (tcgetattr(descriptor, &saved_modes) != 0) return -1;
    terminal = descriptor;
    atomic_store(&pending, 0);
  }
  stack_t stack = {.ss_sp = alternate_stack, .ss_size = sizeof alternate_stack};
  sigaltstack(&stack, NULL);
  struct sigaction action;
  memset(&action, 0, sizeof action);
  sigfillset(&action.sa_mask);
  action.sa_flags = SA_ONSTACK | SA_SIGINFO;
  action.sa_sigaction = on_fault;
  for (int i = 0; i < fault_count; i++) {
    sigaction(fault_signals[i], &action, installed ? NULL : &former_fault[i]);
  }
  action.sa_flags = SA_ONSTACK | SA_RESTART;
  action.sa_handler = on_noted;
  for (int i = 0; i < noted_count; i++) {
    sigaction(noted_signals[i], &action, installed ? NULL : &former_noted[i]);
  }
  installed = 1;
  return 0;
}

void cria_guard_remove(void) {
  if (!installed) return;
  for (int i = 0; i < fault_count; i++) sigaction(fault_signals[i], &former_fault[i], NULL);
  for (int i = 0; i < noted_count; i++) sigaction(noted_signals[i], &former_noted[i], NULL);
  atomic_store(&active, 0);
  atomic_store(&pending, 0);
  installed = 0;
  terminal = -1;
}

void cria_guard_set_reset(const char *bytes, size_t count) {
  reset_count = count < sizeof reset_bytes ? count : sizeof reset_bytes;
  memcpy(reset_bytes, bytes, reset_count);
}

void cria_guard_set_bus_note(const char *bytes, size_t count) {
  bus_note_count = count < sizeof bus_note - 1 ? count : sizeof bus_note - 1;
  memcpy(bus_note, bytes, bus_note_count);
  if (bus_note_count > 0) bus_note[bus_note_count++] = '\n';
  // While the handlers for the screen are there, they see to it.
  if (installed) return;
  struct sigaction action;
  memset(&action, 0, sizeof action);
  sigfillset(&action.sa_mask);
  action.sa_flags = SA_SIGINFO;
  action.sa_sigaction = on_fault;
  sigaction(SIGBUS, &action, NULL);
}

static void restore_at_exit(void) { cria_guard_restore(); }

void cria_guard_set_active(int value) {
  static int registered;
  if (value && !registered) {
    registered = 1;
    atexit(restore_at_exit);
  }
  atomic_store(&active, value);
}

void cria_guard_set_wake(int descriptor) { atomic_store(&wake, descriptor); }

unsigned cria_guard_take_pending(void) { return atomic_exchange(&pending, 0); }

void cria_guard_stop(void) {
  struct sigaction standard, former;
  memset(&standard, 0, sizeof standard);
  standard.sa_handler = SIG_DFL;
  sigaction(SIGTSTP, &standard, &former);
  sigset_t only, before;
  sigemptyset(&only);
  sigaddset(&only, SIGTSTP);
  pthread_sigmask(SIG_UNBLOCK, &only, &before);
  // The whole group, so that the shell sees a pipeline or `make chat` stop as one job.
  kill(0, SIGTSTP);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  sigaction(SIGTSTP, &former, NULL);
}

void cria_guard_block(int block) {
  sigset_t set;
  sigemptyset(&set);
  for (int i = 0; i < noted_count; i++) sigaddset(&set, noted_signals[i]);
  pthread_sigmask(block ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

int cria_guard_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC | O_NONBLOCK); }
