#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random edits of a small project, built by CI jobs whose caches give sources their times.

Usage: source_times_fuzz.py HELPER EDITS [SEED] [TOOL...]      TOOL: make, ninja, cargo

A job clones a commit, restores caches that other jobs saved (of any age, of either branch, in either
order, in one step or in two with a build between), builds, and is held against what the sources say:
a stale result is an error, and so is anything built where nothing changed.  The clock of a job that
saves may be ahead or behind; a job's files may have got old times; a developer's tree has uncommitted
changes and objects of his own; a runner may keep its directory from one job to the next.
"""
import os
import random
import shutil
import stat
import struct
import subprocess
import sys
import tempfile

UNIT = '''find -L "src/$1" -type f | LC_ALL=C sort | while read -r file; do
	mode=; [ ! -x "$file" ] || mode=x
	printf '%s %s ' "$file" "$mode"
	cat "$file"
done
'''
MAKEFILE = '''OUT ?= out
NAMES := $(notdir $(wildcard src/*))
all: $(OUT)/all
define unit
$(OUT)/$(1).o: unit.sh $(shell find -L src/$(1))
	@sh unit.sh $(1) >$$@; echo $(1) >>$(OUT)/.log
endef
$(foreach name,$(NAMES),$(eval $(call unit,$(name))))
$(OUT)/all: $(NAMES:%=$(OUT)/%.o) src
	@cat $(sort $(NAMES:%=$(OUT)/%.o)) >$@; echo all >>$(OUT)/.log
'''
CARGO = {
    'Cargo.toml': '[workspace]\nmembers = ["crates/*"]\nresolver = "2"\n',
    'crates/app/Cargo.toml': '[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n'
                             '[dependencies]\ngen = { path = "../gen" }\n',
    'crates/gen/Cargo.toml': '[package]\nname = "gen"\nversion = "0.1.0"\nedition = "2021"\n',
    'crates/gen/src/lib.rs': 'pub const DATA: &str = include_str!(concat!(env!("OUT_DIR"), "/all"));\n',
    'crates/gen/build.rs': '''use std::{env, fs, path::Path};
fn add(at: &Path, text: &mut String) {
    let Ok(kind) = fs::metadata(at) else { return };
    if kind.is_dir() {
        let mut all: Vec<_> = fs::read_dir(at).unwrap().map(|e| e.unwrap().path()).collect();
        all.sort();
        for path in all { add(&path, text) }
    } else {
        text.push_str(&format!("{} {}", at.display(), fs::read_to_string(at).unwrap()));
    }
}
fn main() {
    println!("cargo:rerun-if-changed=data");
    let mut text = String::new();
    add(Path::new("data"), &mut text);
    fs::write(Path::new(&env::var("OUT_DIR").unwrap()).join("all"), text).unwrap();
}
''',
}
GIT = ['git', '-c', 'user.name=a', '-c', 'user.email=a@b', '-c', 'protocol.file.allow=always',
       '-c', 'core.fsync=none', '-c', 'gc.auto=0']
ENV = dict(os.environ, GIT_CONFIG_GLOBAL='/dev/null', GIT_CONFIG_NOSYSTEM='1', LC_ALL='C',
           CARGO_TERM_COLOR='never', CARGO_INCREMENTAL='0', CARGO_NET_OFFLINE='true')
for name in ('CARGO_TARGET_DIR', 'RUSTFLAGS', 'RUSTC_WRAPPER', 'MAKEFLAGS', 'MAKELEVEL', 'MFLAGS'):
    ENV.pop(name, None)


def run(*words, cwd=None):
    done = subprocess.run(words, cwd=cwd, env=ENV, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors='replace')
    if done.returncode:
        raise SystemExit(f'{words} in {cwd}: {done.returncode}\n{done.stdout}')
    return done.stdout


def text_of(rng):
    return f'{rng.randrange(10 ** 6):06}\n'  # of one size


class Model:
    """The tracked files of a branch: path -> (kind, content or target, executable)."""

    def __init__(self, rng, cargo):
        self.rng = rng
        self.cargo = cargo
        self.files = {'unit.sh': ('f', UNIT, False), 'Makefile': ('f', MAKEFILE, False),
                      '.gitignore': ('f', '\n'.join(['out', 'out2', 'own', 'ninja', 'target', '']), False)}
        for i in range(6):
            self.files[f'src/u{i}'] = ('f', text_of(rng), False)
        for i in range(3):
            self.files[f'src/d{i}/part'] = ('f', text_of(rng), False)
            self.files[f'conf/c{i}'] = ('f', text_of(rng), False)
            self.files[f'conf/deep/e{i}'] = ('f', text_of(rng), False)
        if cargo:
            for path, text in CARGO.items():
                self.files[path] = ('f', text, False)
            for i in range(4):
                self.files[f'crates/app/txt/t{i}'] = ('f', text_of(rng), False)
                self.files[f'crates/gen/data/a{i}'] = ('f', text_of(rng), False)
            self.write_main()

    def copy(self):
        other = Model.__new__(Model)
        other.__dict__ = dict(self.__dict__, files=dict(self.files))
        return other

    def write_main(self):
        lines = ''.join(f'    print!("{p} {{}}", include_str!("../{p[11:]}"));\n' for p in self.texts())
        self.files['crates/app/src/main.rs'] = (
            'f', 'fn main() {\n    print!("{}", gen::DATA);\n' + lines + '}\n', False)

    def texts(self):
        return sorted(p for p in self.files if p.startswith('crates/app/txt/'))

    def below(self, place):
        return [p for p in self.files if p == place or p.startswith(place + '/')]

    def pointed_at(self, place):
        """Whether a link leads to the place, from it or through it."""
        return any(kind == 'l' and (os.path.normpath(os.path.join(os.path.dirname(p), target)) + '/')
                   .startswith(place + '/') for p, (kind, target, _) in self.files.items())

    def leads_nowhere(self, path):
        kind, target, _ = self.files[path]
        return kind == 'l' and not self.below(os.path.normpath(os.path.join(os.path.dirname(path), target)))

    def edit(self):
        before = dict(self.files)
        roots = ['src/', 'conf/'] + (['crates/app/txt/', 'crates/gen/data/'] if self.cargo else [])
        root = self.rng.choice(roots)
        mine = sorted(p for p in self.files if p.startswith(root))
        plain = [p for p in mine if self.files[p][0] == 'f']
        kind = self.rng.choice(['change', 'change', 'change', 'add', 'remove', 'rename', 'mode', 'swap',
                                'link', 'directory', 'file', 'revert', 'copy'])
        path = self.rng.choice(plain)
        text = self.files[path][1]
        fresh = f'{root}n{self.rng.randrange(40)}'
        if kind == 'change':
            self.files[path] = ('f', text_of(self.rng), self.files[path][2])
        elif kind == 'revert':  # few contents, so that old ones come back
            self.files[path] = ('f', f'{self.rng.randrange(2):06}\n', self.files[path][2])
        elif kind == 'add' and not self.below(fresh):
            self.files[fresh] = ('f', text_of(self.rng), False)
        elif kind == 'copy' and not self.below(fresh):
            self.files[fresh] = ('f', text, False)
        elif kind == 'remove' and len(plain) > 3 and not self.pointed_at(path):
            del self.files[self.rng.choice([path] + [p for p in mine if self.files[p][0] == 'l'])]
        elif kind == 'rename' and not self.below(fresh) and not self.pointed_at(path):
            self.files[fresh] = self.files.pop(path)
        elif kind == 'mode':
            self.files[path] = ('f', text, not self.files[path][2])
        elif kind == 'swap':
            other = self.rng.choice(plain)
            self.files[path], self.files[other] = self.files[other], self.files[path]
        elif kind == 'link' and root != 'conf/' and not self.pointed_at(path) and len(plain) > 3:
            up = '../' * root.count('/')
            target = self.rng.choice(['conf/c0', 'conf/c1', 'conf/deep', 'conf/deep/e0'])
            if 'txt' in root:
                target = 'conf/c0'
            # include_str! reads no directory.
            if target in self.files if 'txt' in root else self.below(target):
                self.files[path] = ('l', '../' * (path.count('/') - root.count('/')) + up + target, False)
        elif kind == 'directory' and 'txt' not in root and not self.pointed_at(path):
            del self.files[path]
            self.files[path + '/inner'] = ('f', self.rng.choice([text, text_of(self.rng)]), False)
        elif kind == 'file':
            folders = sorted({p.rsplit('/', 1)[0] for p in mine if p[len(root):].count('/') == 1})
            if folders:
                place = self.rng.choice(folders)
                if not self.pointed_at(place):
                    for p in self.below(place):
                        del self.files[p]
                    self.files[place] = ('f', text_of(self.rng), False)
        # The last file of a directory that a link leads to: git would not keep it.
        if any(self.leads_nowhere(p) for p in self.files):
            self.files = before
        if self.cargo:
            self.write_main()

    def write(self, directory, before):
        """Only what differs from `before`, as an editor or a checkout would."""
        for path in before:
            if path not in self.files or self.files[path][0] != before[path][0]:
                os.unlink(os.path.join(directory, path))
                parent = os.path.dirname(path)
                while parent and not os.listdir(os.path.join(directory, parent)):
                    os.rmdir(os.path.join(directory, parent))
                    parent = os.path.dirname(parent)
        for path, (kind, text, executable) in self.files.items():
            whole = os.path.join(directory, path)
            if before.get(path) == self.files[path]:
                continue
            os.makedirs(os.path.dirname(whole), exist_ok=True)
            if kind == 'l':
                if os.path.lexists(whole):
                    os.unlink(whole)
                os.symlink(text, whole)
            else:
                with open(whole, 'w') as file:
                    file.write(text)
                os.chmod(whole, 0o755 if executable else 0o644)


def touch_behind_links(tree, before, after):
    """make and ninja do not look at a link's own time: nobody's cache is needed to mislead them."""
    for path, entry in after.items():
        if entry[0] == 'l' and before.get(path) != entry:
            for place in everything(os.path.realpath(os.path.join(tree, path))):
                os.utime(place)


class Saved:
    """What a save made: a cache's tree, and the record of its sources."""
    count = 0

    def __init__(self, room, tree, name, record, commit, offset_ns):
        Saved.count += 1
        self.place = os.path.join(room, f'saved{Saved.count}')
        self.commit = commit
        os.mkdir(self.place)
        self.tree = os.path.join(self.place, name)
        run('cp', '-a', os.path.join(tree, name), self.tree)
        data = bytearray(record)
        at = 24
        while at < len(data):
            _, size, _, mtime = struct.unpack_from('>IIQq', data, at)
            struct.pack_into('>q', data, at + 16, mtime + offset_ns)
            at += 56 + size
        self.record = os.path.join(self.place, 'record')
        with open(self.record, 'wb') as file:
            file.write(data)
        self.newest = move_times(self.tree, offset_ns)
        if offset_ns and os.path.exists(f'{self.tree}/.ninja_log'):
            with open(f'{self.tree}/.ninja_log') as file:
                lines = [line.split('\t') for line in file]
            with open(f'{self.tree}/.ninja_log', 'w') as file:  # that machine's ninja has its clock too
                for line in lines:
                    if len(line) == 5:
                        line[2] = str(int(line[2]) + offset_ns)
                    file.write('\t'.join(line))


def everything(top):
    for place, folders, files in os.walk(top, topdown=False):
        for name in files + folders:
            yield os.path.join(place, name)
    yield top


def move_times(top, by_ns):
    newest = 0
    seen = set()
    for path in everything(top):
        status = os.lstat(path)
        if status.st_ino in seen:  # another name of a file that was moved
            continue
        seen.add(status.st_ino)
        if by_ns:
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + by_ns), follow_symlinks=False)
        newest = max(newest, status.st_mtime_ns + by_ns)
    return newest


class Fuzz:
    def __init__(self, helper, edits, seed, tools):
        self.rng = random.Random(seed)
        self.helper = helper
        self.edits_wanted = edits
        self.tools = tools
        self.caches = (['out', 'out2'] if 'make' in tools else []) + \
            (['ninja'] if 'ninja' in tools else []) + (['target'] if 'cargo' in tools else [])
        self.room = os.path.realpath(tempfile.mkdtemp(prefix='source-times.'))
        self.origin = os.path.join(self.room, 'origin')
        # One path for all jobs: cargo notes some files by their whole path.
        self.tree = os.path.join(self.room, 'tree')
        self.saved = {name: [] for name in self.caches}
        self.edits = self.jobs = self.restores = self.builds = self.noops = self.left_alone = 0
        self.trace = []
        self.kept = None
        self.shifts = {}  # of the last restore

    def note(self, *words):
        self.trace.append(' '.join(str(w) for w in words))

    def fail(self, text):
        raise SystemExit('\n'.join(self.trace[-40:]) + f'\n{text}\nsee {self.room}')

    def start(self):
        run(*GIT, 'init', '-q', '-b', 'main', self.origin)
        self.models = {'main': Model(self.rng, 'cargo' in self.tools)}
        self.models['main'].write(self.origin, {})
        self.commit('start')
        run(*GIT, 'checkout', '-q', '-b', 'topic', cwd=self.origin)
        self.models['topic'] = self.models['main'].copy()
        self.here = 'topic'

    def commit(self, why):
        run(*GIT, 'add', '-A', cwd=self.origin)
        run(*GIT, 'commit', '-q', '--allow-empty', '-m', why, cwd=self.origin)

    def edit(self, branch, count):
        if branch != self.here:
            run(*GIT, 'checkout', '-q', branch, cwd=self.origin)
            self.here = branch
        before = dict(self.models[branch].files)
        for _ in range(count):
            self.models[branch].edit()
        after = self.models[branch].files
        self.note('edit', branch, sorted(p for p in set(before) | set(after)
                                         if before.get(p) != after.get(p)))
        self.models[branch].write(self.origin, before)
        self.commit('edit')
        self.edits += count
        return run(*GIT, 'rev-parse', 'HEAD', cwd=self.origin).strip()

    # What a build should give, read from the sources themselves.
    def expected_units(self, tree):
        return ''.join(run('sh', 'unit.sh', n, cwd=tree) for n in sorted(os.listdir(f'{tree}/src')))

    def expected_cargo(self, tree):
        text = ''

        def add(at):
            nonlocal text
            whole = os.path.join(tree, 'crates/gen', at)
            if os.path.isdir(whole):
                for name in sorted(os.listdir(whole)):
                    add(f'{at}/{name}')
            elif os.path.exists(whole):
                with open(whole) as file:
                    text += f'{at} {file.read()}'
        add('data')
        for name in sorted(os.listdir(f'{tree}/crates/app/txt')):
            with open(f'{tree}/crates/app/txt/{name}') as file:
                text += f'crates/app/txt/{name} {file.read()}'
        return text

    def write_ninja(self, tree):
        lines = ['builddir = ninja', 'rule unit', '  restat = 1',
                 '  command = sh unit.sh $name >$out.new && '
                 'if cmp -s $out.new $out; then rm $out.new; else mv $out.new $out; fi && '
                 'echo $name >>ninja/.log',
                 'rule all', '  command = cat $objects >$out && echo all >>ninja/.log']
        names = sorted(os.listdir(f'{tree}/src'))
        for name in names:
            inputs = run('find', '-L', f'src/{name}', cwd=tree).split()
            lines += [f'build ninja/{name}.o: unit unit.sh {" ".join(inputs)}', f'  name = {name}']
        objects = ' '.join(f'ninja/{name}.o' for name in names)
        lines += [f'build ninja/all: all {objects} src', f'  objects = {objects}']
        with open(f'{tree}/ninja/build.ninja', 'w') as file:
            file.write('\n'.join(lines) + '\n')

    def build(self, tree, name):
        """Returns what was built, by name."""
        os.makedirs(f'{tree}/{name}', exist_ok=True)
        log = f'{tree}/{name}/.log'
        if os.path.exists(log):
            os.unlink(log)
        self.builds += 1
        if name == 'target':
            built = [line for line in run('cargo', 'build', cwd=tree).split('\n') if 'Compiling' in line]
            result = run(f'{tree}/target/debug/app')
            expected = self.expected_cargo(tree)
        else:
            if name == 'ninja':
                self.write_ninja(tree)
                run('ninja', '-f', 'ninja/build.ninja', cwd=tree)
            else:
                run('make', f'OUT={name}', cwd=tree)
            built = open(log).read().split() if os.path.exists(log) else []
            with open(f'{tree}/{name}/all') as file:
                result = file.read()
            expected = self.expected_units(tree)
        self.note('built', name, built)
        if result != expected:
            with open(f'{self.room}/expected', 'w') as file:
                file.write(expected)
            self.fail(f'STALE: {name} of {tree} is not what {self.room}/expected says')
        return built

    def restore(self, tree, state, chosen, how):
        """Places the trees of (name, saved) as `ocifp cache restore` does in one step."""
        flags = []
        for name, saved in chosen:
            place = f'{tree}/{name}'
            self.shifts.pop(name, None)
            if os.path.exists(place):
                shutil.rmtree(place)
        placed = [name for name, _ in chosen]
        for name, saved in chosen:
            words = [self.helper, 'shift', tree, state, saved.record, str(saved.newest), how,
                     *self.caches, '--', *placed]
            flags.append(int(run(*words)))
        for (name, saved), shift in zip(chosen, flags):
            run('cp', '-a', saved.tree, f'{tree}/{name}')
            if shift:
                self.shifts[name] = shift
                move_times(f'{tree}/{name}', -shift)
                if os.path.exists(f'{tree}/{name}/.ninja_log'):
                    os.unlink(f'{tree}/{name}/.ninja_log')
        told = []
        for (name, saved), shift in zip(chosen, flags):
            words = [self.helper, 'apply', tree, state, saved.record, str(saved.newest), str(shift),
                     how, *self.caches, '--', *placed]
            answer = run(*words).strip()
            told.append(answer)
            self.left_alone += len(answer.split(' ')) > 3
            self.restores += 1
            self.note('restored', name, saved.place, 'shift', shift, ':', answer)
        return told

    def save(self, tree, state, commit):
        record = f'{self.room}/record'
        run(self.helper, 'record', tree, state, record, *self.caches)
        with open(record, 'rb') as file:
            data = file.read()
        offset = self.rng.choice([0, 0, 0, 0, 0, 3000, -3600, -86400 * 30]) * 10 ** 9
        for name in self.caches:
            saved = Saved(self.room, tree, name, data, commit, offset)
            self.saved[name].append(saved)
            self.note('saved', saved.place, name, 'offset', offset)
            if len(self.saved[name]) > 8:
                shutil.rmtree(self.saved[name].pop(0).place)

    def clone(self, branch):
        self.jobs += 1
        run(*GIT, 'clone', '-q', '-b', branch, self.origin, self.tree)
        return self.tree, f'{self.room}/state{self.jobs}'

    def pretreat(self, tree):
        kind = self.rng.choice(['', '', '', '', 'old', 'reverted', 'built', 'touched'])
        files = run(*GIT, 'ls-files', cwd=tree).split()
        if kind == 'old':  # git-restore-mtime
            for path in files:
                os.utime(f'{tree}/{path}', (1.5e9, 1.5e9), follow_symlinks=False)
        elif kind == 'touched':
            os.utime(f'{tree}/{self.rng.choice(files)}', follow_symlinks=False)
        elif kind == 'reverted':
            path = f'{tree}/{self.rng.choice([p for p in files if p.startswith("src/")])}'
            if os.path.isfile(path) and not os.path.islink(path):
                with open(path) as file:
                    before = file.read()
                with open(path, 'w') as file:
                    file.write('xxxxxx\n')
                if 'make' in self.tools:
                    self.build(tree, self.rng.choice(['out', 'own']))
                with open(path, 'w') as file:
                    file.write(before)
        elif kind == 'built' and 'make' in self.tools:
            self.build(tree, 'own')
        if kind:
            self.note('pretreated', kind)
        return kind

    def job(self):
        branch = self.rng.choice(['main', 'topic'])
        count = self.rng.choice([0, 1, 1, 2, 3])
        commit = self.edit(branch, count)
        tree, state = self.clone(branch)
        self.note('job', self.jobs, branch, commit[:8])
        kind = self.pretreat(tree)
        chosen = [(n, self.rng.choice(self.saved[n][-5:])) for n in self.caches
                  if self.saved[n] and self.rng.random() < 0.9]
        self.rng.shuffle(chosen)
        if self.rng.random() < 0.5:
            self.restore(tree, state, chosen, 'ci')
        else:
            for pair in chosen:
                self.restore(tree, state, [pair], 'ci')
                if self.rng.random() < 0.3:
                    self.build(tree, pair[0])
        for name in self.caches:
            self.build(tree, name)
        # A save does not record what was touched during the job: it is new to the next one.
        self.save(tree, state, None if kind else commit)
        if os.path.exists(f'{tree}/own'):
            self.build(tree, 'own')
        self.finish(tree, state)

    def finish(self, tree, state):
        if self.rng.random() < 0.1:
            if self.kept:
                shutil.rmtree(f'{self.room}/kept')
            os.rename(tree, f'{self.room}/kept')
            self.kept = state
        else:
            shutil.rmtree(tree)

    def noop(self):
        """The exact commit again, all caches of one job: nothing is built."""
        whole = [i for i, s in enumerate(self.saved[self.caches[0]]) if s.commit]
        if not whole:
            return
        at = self.rng.choice(whole)
        commit = self.saved[self.caches[0]][at].commit
        self.jobs += 1
        tree, state = self.tree, f'{self.room}/state{self.jobs}'
        run(*GIT, 'clone', '-q', '-n', self.origin, tree)
        run(*GIT, 'checkout', '-q', commit, cwd=tree)
        self.note('noop', self.jobs, commit[:8])
        chosen = [(n, self.saved[n][at]) for n in self.caches]
        self.rng.shuffle(chosen)
        if self.rng.random() < 0.5:
            self.restore(tree, state, chosen, 'ci')
        else:
            for pair in chosen:
                self.restore(tree, state, [pair], 'ci')
        for name in self.caches:
            built = self.build(tree, name)
            # A shifted cache goes without ninja's log, which has times of its own.
            if built and not (name == 'ninja' and name in self.shifts):
                self.fail(f'NEEDLESS: {built} in {name} of {tree}')
        self.noops += 1
        shutil.rmtree(tree)

    def work(self):
        """A developer's tree: uncommitted edits, objects of his own."""
        branch = self.rng.choice(['main', 'topic'])
        tree, state = self.clone(branch)
        self.note('work', self.jobs, branch)
        model = self.models[branch].copy()
        for _ in range(3):
            before = dict(model.files)
            if self.rng.random() < 0.8:
                model.edit()
                self.edits += 1
                model.write(tree, before)
                touch_behind_links(tree, before, model.files)
            if 'make' in self.tools and self.rng.random() < 0.7:
                self.build(tree, 'own')
            chosen = [(n, self.rng.choice(self.saved[n][-5:])) for n in self.caches
                      if self.rng.random() < 0.6]
            self.restore(tree, state, chosen, self.rng.choice(['hand', 'none', 'ci']))
            for name in self.caches + (['own'] if 'make' in self.tools else []):
                self.build(tree, name)
            if self.rng.random() < 0.3:
                self.save(tree, state, None)
        shutil.rmtree(tree)

    def again(self):
        """A runner that kept its directory."""
        if not self.kept:
            return
        tree, state = self.tree, self.kept
        os.rename(f'{self.room}/kept', tree)
        branch = self.rng.choice(['main', 'topic'])
        commit = self.edit(branch, self.rng.choice([0, 1, 2]))
        links = {p: os.readlink(f'{tree}/{p}') for p in run(*GIT, 'ls-files', cwd=tree).split()
                 if os.path.islink(f'{tree}/{p}')}
        run(*GIT, 'fetch', '-q', 'origin', branch, cwd=tree)
        run(*GIT, 'checkout', '-q', '-f', commit, cwd=tree)
        touch_behind_links(tree, {p: ('l', target, False) for p, target in links.items()},
                           self.models[branch].files)
        self.note('again', tree, branch, commit[:8])
        chosen = [(n, self.rng.choice(self.saved[n][-5:])) for n in self.caches
                  if self.rng.random() < 0.5]
        self.restore(tree, state, chosen, self.rng.choice(['ci', 'hand']))
        for name in self.caches:
            self.build(tree, name)
        if os.path.exists(f'{tree}/own'):
            self.build(tree, 'own')
        self.save(tree, state, None)
        os.rename(tree, f'{self.room}/kept')

    def run(self):
        self.start()
        self.job()
        while self.edits < self.edits_wanted:
            self.rng.choice([self.job, self.job, self.job, self.job, self.noop, self.work, self.again])()
        print(f'{self.edits} edits, {self.jobs} checkouts, {self.restores} restores '
              f'({self.left_alone} left times alone), {self.builds} builds: 0 stale; '
              f'{self.noops} without a change: 0 needless')
        shutil.rmtree(self.room)



def main():
    helper, edits = os.path.abspath(sys.argv[1]), int(sys.argv[2])
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(10 ** 9)
    print(f'seed {seed}', flush=True)
    Fuzz(helper, edits, seed, sys.argv[4:] or ['make']).run()


main()
