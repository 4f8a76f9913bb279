#!/usr/bin/env python3
"""Makes the README's pictures from real runs of the program in a real terminal.

usage: docs/picture.py [--seed N] [--print]

Starts tmux with the built program (.build/release/cria) in an empty home folder, types what a
person would type, waits until the reply is complete, and writes what the terminal then shows
as docs/screen.svg and docs/models.svg. Needs tmux and the default model (make test-data); the
Python standard library does the rest. The seed is fixed, so that a run on the same kind of
processor gives the same words.
"""
import argparse
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unicodedata
from xml.sax.saxutils import escape

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
PROGRAM = pathlib.Path(os.environ.get("CRIA_BINARY") or ROOT / ".build/release/cria")
MODEL_NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
MODEL_PLACES = [
    ROOT / ".build/test-data/cria/models" / MODEL_NAME,
    pathlib.Path(os.environ.get("XDG_DATA_HOME") or pathlib.Path.home() / ".local/share")
    / "cria/models" / MODEL_NAME,
]
COLUMNS, ROWS = 100, 30
REQUEST = (
    "Write an e-mail to congratulate new Stanford admits and mention that you are excited "
    "about meeting all of them in person"
)

# What "the terminal's own colours" are in the pictures: foreground, background, and the
# sixteen, dark first.
FOREGROUND, BACKGROUND, CURSOR = "#d7dae0", "#15181e", "#e6c07b"
PALETTE = [
    "#2b303b", "#d8737b", "#8fbf7f", "#dcb86c", "#7ba7dc", "#bd93d8", "#6fc1c4", "#c3c8d2",
    "#6b7280", "#ec9097", "#aad69b", "#ecd08f", "#9cc1ee", "#d3b0ea", "#93d9db", "#f2f4f8",
]
CELL_WIDTH, CELL_HEIGHT, FONT_SIZE, MARGIN = 8.4, 18.0, 14, 12


# --- The terminal


class Terminal:
    """A tmux server of its own with one window, in a home folder of its own."""

    def __init__(self, home, columns, rows):
        self.socket = f"cria-picture-{os.getpid()}"
        self.home = home
        settings = home / "tmux.conf"
        settings.write_text(
            "set -g status off\nset -s escape-time 0\nset -g default-terminal tmux-256color\n")
        self.environment = {
            "HOME": str(home), "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "LC_ALL": "C.UTF-8", "SHELL": "/bin/sh", "TMPDIR": str(home),
        }
        if "LD_LIBRARY_PATH" in os.environ:
            self.environment["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
        self.tmux(
            "-f", str(settings), "new-session", "-d", "-s", "main", "-x", str(columns), "-y",
            str(rows), str(PROGRAM))

    def tmux(self, *arguments):
        command = ["tmux", "-L", self.socket, "-u", *arguments]
        return subprocess.run(
            command, env=self.environment, check=True, capture_output=True, text=True,
            encoding="utf-8").stdout

    def type(self, text):
        self.tmux("send-keys", "-t", "main", "-l", "--", text)

    def press(self, *keys):
        self.tmux("send-keys", "-t", "main", *keys)

    def text(self):
        return self.tmux("capture-pane", "-p", "-t", "main")

    def wait(self, what, condition, seconds=90):
        end = time.monotonic() + seconds
        while not condition(self.text()):
            if time.monotonic() > end:
                sys.exit(f"picture: the screen never showed {what}; it is:\n{self.text()}")
            time.sleep(0.1)

    def settle(self, seconds=1.5, limit=120):
        """Waits until the screen has been the same for a while."""
        end, last, since = time.monotonic() + limit, self.text(), time.monotonic()
        while time.monotonic() - since < seconds:
            if time.monotonic() > end:
                sys.exit("picture: the screen never came to rest")
            time.sleep(0.1)
            now = self.text()
            if now != last:
                last, since = now, time.monotonic()

    def cells(self):
        lines = self.tmux("capture-pane", "-e", "-N", "-p", "-t", "main").split("\n")
        return [cells_of(line) for line in lines]

    def cursor(self):
        """Column and row; None while the program hides it."""
        format = "#{cursor_x} #{cursor_y} #{cursor_flag}"
        column, row, flag = map(int, self.tmux("display-message", "-p", "-t", "main", format).split())
        return (column, row) if flag else None

    def close(self):
        subprocess.run(
            ["tmux", "-L", self.socket, "kill-server"], env=self.environment, check=False,
            capture_output=True)


# --- What the terminal shows


class Pen:
    """The attributes that an SGR sequence sets."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.front = self.back = None
        self.bold = self.dim = self.italic = self.underline = self.reverse = self.strike = False

    def apply(self, parameters):
        numbers = [int(p) if p else 0 for p in re.split("[;:]", parameters)]
        flags = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse", 9: "strike"}
        while numbers:
            n = numbers.pop(0)
            if n == 0:
                self.reset()
            elif n in flags:
                setattr(self, flags[n], True)
            elif n == 22:
                self.bold = self.dim = False
            elif n in (23, 24, 27, 29):
                setattr(self, flags[n - 20], False)
            elif n in (38, 48):
                color = None
                if numbers[:1] == [5]:
                    color, numbers = indexed(numbers[1]), numbers[2:]
                elif numbers[:1] == [2]:
                    color, numbers = "#%02x%02x%02x" % tuple(numbers[1:4]), numbers[4:]
                setattr(self, "front" if n == 38 else "back", color)
            elif 30 <= n <= 37 or 90 <= n <= 97:
                self.front = PALETTE[n - 30 if n < 90 else n - 82]
            elif 40 <= n <= 47 or 100 <= n <= 107:
                self.back = PALETTE[n - 40 if n < 100 else n - 92]
            elif n == 39:
                self.front = None
            elif n == 49:
                self.back = None

    def style(self):
        """Foreground, background (None for the window's own), weight and decorations."""
        front, back = self.front or FOREGROUND, self.back
        if self.reverse:
            front, back = back or BACKGROUND, front
        return (front, back, self.bold, self.dim, self.italic, self.underline, self.strike)


def indexed(n):
    """A colour of the 256."""
    if n < 16:
        return PALETTE[n]
    if n >= 232:
        return "#%02x%02x%02x" % ((8 + 10 * (n - 232),) * 3)
    level = lambda v: 55 + 40 * v if v else 0
    n -= 16
    return "#%02x%02x%02x" % (level(n // 36), level(n // 6 % 6), level(n % 6))


def cells_of(line):
    """(character, style) of each column; the second column of a wide character is ''."""
    pen, cells = Pen(), []
    for part in re.finditer(r"\x1b\[([0-9;:]*)m|\x1b\][^\x1b\x07]*(?:\x1b\\|\x07)|[\x0e\x0f]|(.)", line):
        if part.group(1) is not None:
            pen.apply(part.group(1))
        elif part.group(2):
            character = part.group(2)
            if unicodedata.combining(character) and cells:
                cells[-1] = (cells[-1][0] + character, cells[-1][1])
                continue
            cells.append((character, pen.style()))
            if unicodedata.east_asian_width(character) in "WF":
                cells.append(("", pen.style()))
    return cells


# --- The picture

# Arms of the box-drawing characters: up, right, down, left.
BOX = {
    "─": "rl", "│": "ud", "┌": "rd", "╭": "rd", "┐": "dl", "╮": "dl", "└": "ur", "╰": "ur",
    "┘": "ul", "╯": "ul", "├": "urd", "┤": "udl", "┬": "rdl", "┴": "url", "┼": "urdl",
}
# Block elements as left, top, right, bottom in parts of a cell.
BLOCKS = {"█": (0, 0, 1, 1), "▀": (0, 0, 1, 0.5), "▄": (0, 0.5, 1, 1), "▐": (0.5, 0, 1, 1)}
BLOCKS |= {c: (0, 0, n / 8, 1) for n, c in zip(range(7, 0, -1), "▉▊▋▌▍▎▏")}
BLOCKS |= {c: (0, 1 - n / 8, 1, 1) for n, c in zip(range(1, 8), "▁▂▃▄▅▆▇")}
SHADES = {"░": 0.25, "▒": 0.5, "▓": 0.75}


def number(value):
    return f"{value:.2f}".rstrip("0").rstrip(".")


def rectangle(x, y, width, height, color, extra=""):
    return (f'<rect x="{number(x)}" y="{number(y)}" width="{number(width)}" '
            f'height="{number(height)}" fill="{color}"{extra}/>')


def drawn(character, count, x, y, color, opacity):
    """`count` lines or blocks in a row as one shape, so that they meet whatever the font is."""
    extra = f' opacity="{number(opacity)}"' if opacity < 1 else ""
    width = CELL_WIDTH * count
    if character in BOX:
        middle = f"{number(x + width / 2)} {number(y + CELL_HEIGHT / 2)}"
        ends = {"u": (x + width / 2, y), "d": (x + width / 2, y + CELL_HEIGHT),
                "l": (x, y + CELL_HEIGHT / 2), "r": (x + width, y + CELL_HEIGHT / 2)}
        arms = [f"{number(ends[a][0])} {number(ends[a][1])}" for a in BOX[character]]
        path = f"M{arms[0]}L{middle}L{arms[1]}" + "".join(f"M{middle}L{a}" for a in arms[2:])
        return f'<path d="{path}" stroke="{color}" fill="none"{extra}/>'
    if character in BLOCKS:
        left, top, right, bottom = BLOCKS[character]
        return rectangle(
            x + left * CELL_WIDTH, y + top * CELL_HEIGHT,
            width - (1 - right + left) * CELL_WIDTH, (bottom - top) * CELL_HEIGHT, color, extra)
    return rectangle(
        x, y, width, CELL_HEIGHT, color, f' opacity="{number(opacity * SHADES[character])}"')


def is_drawn(character):
    return character in BOX or character in BLOCKS or character in SHADES


def repeats(character):
    """Whether neighbours of this character join to one shape."""
    return BOX.get(character) == "rl" or character in SHADES or (
        character in BLOCKS and BLOCKS[character][::2] == (0, 1))


def text(run, column, y, style):
    front, _, bold, dim, italic, underline, strike = style
    attributes = f' fill="{front}"' if front != FOREGROUND else ""
    attributes += ' font-weight="bold"' if bold else ""
    attributes += ' opacity="0.6"' if dim else ""
    attributes += ' font-style="italic"' if italic else ""
    lines = " ".join(["underline"] * underline + ["line-through"] * strike)
    attributes += f' text-decoration="{lines}"' if lines else ""
    columns = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in run)
    return (f'<text x="{number(MARGIN + column * CELL_WIDTH)}" y="{number(y + 13.5)}" '
            f'textLength="{number(columns * CELL_WIDTH)}"{attributes}>{escape(run)}</text>')


def row_shapes(cells, y):
    """Backgrounds, then lines and blocks and texts, of one row."""
    backs, fronts = [], []
    for start, end in stretches(cells, lambda one, other: one[1] == other[1]):
        style = cells[start][1]
        if style[1]:
            x = MARGIN + start * CELL_WIDTH
            backs.append(rectangle(x, y, (end - start) * CELL_WIDTH, CELL_HEIGHT, style[1]))
        place = start
        while place < end:
            character, next = cells[place][0], place + 1
            if is_drawn(character):
                while next < end and cells[next][0] == character and repeats(character):
                    next += 1
                fronts.append(drawn(
                    character, next - place, MARGIN + place * CELL_WIDTH, y, style[0],
                    0.6 if style[3] else 1))
            elif character not in ("", " "):
                # Up to two spaces in a row, which renderers would make one.
                while next < end and not is_drawn(cells[next][0]) and (
                        cells[next][0] != " "
                        or next + 1 < end and cells[next + 1][0] not in ("", " ")
                        and not is_drawn(cells[next + 1][0])):
                    next += 1
                run = "".join(character for character, _ in cells[place:next])
                fronts.append(text(run, place, y, style))
            place = next
    return backs + fronts


def stretches(items, same):
    """Ranges of neighbours that are the same."""
    start = 0
    for place in range(1, len(items) + 1):
        if place == len(items) or not same(items[start], items[place]):
            yield start, place
            start = place


def svg(rows, cursor, label):
    width, height = 2 * MARGIN + COLUMNS * CELL_WIDTH, 2 * MARGIN + ROWS * CELL_HEIGHT
    family = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{number(width)}" '
        f'height="{number(height)}" viewBox="0 0 {number(width)} {number(height)}" role="img" '
        f'font-family="{family}" font-size="{FONT_SIZE}" fill="{FOREGROUND}">',
        f"<title>{escape(label)}</title>",
        rectangle(0, 0, width, height, BACKGROUND, ' rx="8"'),
    ]
    for index, cells in enumerate(rows[:ROWS]):
        lines += row_shapes(cells, MARGIN + index * CELL_HEIGHT)
    if cursor:
        x, y = MARGIN + cursor[0] * CELL_WIDTH, MARGIN + cursor[1] * CELL_HEIGHT
        lines.append(rectangle(x, y, CELL_WIDTH, CELL_HEIGHT, CURSOR))
        below = (rows[cursor[1]] + [(" ", None)] * COLUMNS)[cursor[0]][0]
        if below.strip():
            lines.append(text(below, cursor[0], y, (BACKGROUND, None) + (False,) * 5))
    return "\n".join(lines + ["</svg>"]) + "\n"


# --- The runs


def set_up(home, seed):
    config = home / ".config/cria"
    config.mkdir(parents=True)
    (config / "config.toml").write_text(
        f"[sampling]\ntemperature = 0.7\nseed = {seed}\n", encoding="utf-8")
    models = home / ".local/share/cria/models"
    models.mkdir(parents=True)
    for place in MODEL_PLACES:
        if place.exists():
            (models / MODEL_NAME).symlink_to(place)
            break
    else:
        sys.exit(f"picture: no {MODEL_NAME}: make test-data")
    # Two more for the menu, of made-up weights: they are there to be listed, not to speak.
    for name, shape, kind in [("made-up-160M-q8_0", "160M", "q8_0"), ("made-up-tiny-q4_0", "tiny", "q4_0")]:
        subprocess.run(
            [PROGRAM, "synth", "--shape", shape, "--type", kind, models / f"{name}.gguf"],
            check=True, capture_output=True)


def take(terminal, path, label):
    path.write_text(svg(terminal.cells(), terminal.cursor(), label), encoding="utf-8")
    print(path.relative_to(ROOT))


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--seed", type=int, default=29, help="of the draws")
    options.add_argument("--print", action="store_true", help="print the screen; write nothing")
    options = options.parse_args()
    # So that the terminal is closed whatever ends this.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if not PROGRAM.exists():
        sys.exit(f"picture: no {PROGRAM}: make build")
    if not shutil.which("tmux"):
        sys.exit("picture: no tmux")
    with tempfile.TemporaryDirectory(prefix="cria-picture-") as folder:
        home = pathlib.Path(folder)
        set_up(home, options.seed)
        terminal = Terminal(home, COLUMNS, ROWS)
        try:
            terminal.wait("the input", lambda screen: "Q4_1" in screen)
            terminal.type(REQUEST)
            terminal.press("Enter")
            terminal.wait("the beginning of a reply", lambda screen: "tok/s" in screen)
            terminal.settle()
            if options.print:
                print(terminal.text())
                return
            take(terminal, HERE / "screen.svg", "A conversation in cria")
            terminal.press("C-o")
            terminal.settle()
            take(terminal, HERE / "models.svg", "The menu of models in cria")
        finally:
            terminal.close()


if __name__ == "__main__":
    main()
