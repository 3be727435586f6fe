#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""screen.py COLUMNS ROWS FRAMES COMMAND...: what a terminal of that size shows when COMMAND has ended.

The command runs in a pseudo-terminal, which is its standard output and error.  A small terminal
understands what it writes: cursor up, erase, colours.  On stdout, the lines of the last screen, those
that scrolled away before them; colours as {31} and {0}.  FRAMES gets the screen after each write.
The exit status is the command's.
"""
import fcntl
import os
import pty
import re
import struct
import sys
import termios

TOKEN = re.compile(r"\x1b\[([0-9;]*)([A-Za-z])|([\r\n])|([^\x1b\r\n]+)|(.)", re.S)


class Screen:
    def __init__(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.lines = [[]]  # of (character, colour), with those that scrolled away
        self.row = self.column = 0
        self.colour = "0"

    def top(self):
        return max(0, len(self.lines) - self.rows)

    def down(self):
        self.row += 1
        if self.row == len(self.lines):
            self.lines.append([])

    def put(self, text):
        for character in text:
            if self.column == self.columns:
                self.column = 0
                self.down()
            line = self.lines[self.row]
            line.extend([(" ", "0")] * (self.column + 1 - len(line)))
            line[self.column] = (character, self.colour)
            self.column += 1

    def escape(self, number, letter):
        if letter == "A":
            self.row = max(self.top(), self.row - int(number or 1))
        elif letter == "K":
            del self.lines[self.row][self.column:]
        elif letter == "J":
            del self.lines[self.row][self.column:]
            del self.lines[self.row + 1:]
        elif letter == "m":
            self.colour = number or "0"
        else:
            raise SystemExit("unknown escape sequence: %r" % (number + letter))

    def feed(self, text):
        for number, letter, control, plain, other in TOKEN.findall(text):
            if letter:
                self.escape(number, letter)
            elif control == "\r":
                self.column = 0
            elif control == "\n":
                self.column = 0
                self.down()
            elif plain:
                self.put(plain)
            elif other:
                raise SystemExit("unknown control character: %r" % other)

    def show(self):
        shown = []
        for line in self.lines:
            text, colour = "", "0"
            for character, its in line:
                if its != colour:
                    text += "{%s}" % its
                    colour = its
                text += character
            shown.append((text + ("{0}" if colour != "0" else "")).rstrip())
        while shown and not shown[-1]:
            shown.pop()
        return "".join(line + "\n" for line in shown)


def main():
    columns, rows, frames = int(sys.argv[1]), int(sys.argv[2]), open(sys.argv[3], "w")
    pid, master = pty.fork()
    if pid == 0:
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.execvp(sys.argv[4], sys.argv[4:])
    screen = Screen(columns, rows)
    while True:
        try:
            data = os.read(master, 65536)
        except OSError:
            break
        if not data:
            break
        screen.feed(data.decode("utf-8", "replace"))
        frames.write(screen.show() + "\f\n")
    sys.stdout.write(screen.show())
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


if __name__ == "__main__":
    main()
