# SPDX-License-Identifier: Apache-2.0
# Machines that save and restore one cache, for the tests of `ocifp cache`.

# machine NAME: from here on this is another machine, whose disk is empty; each works in $T/desk
machine() {
	cd "$T" || return
	[ ! -e desk ] || mv desk "$machine"
	[ -e "$1" ] || mkdir "$1"
	machine=$1
	mv "$1" desk
	cd desk || return
	export OCIFP_STORE=$T/$1.store
	echo key >key
}

# noise SEED SIZE: bytes that no compressor makes smaller
noise() {
	python3 -c 'import random, sys
sys.stdout.buffer.write(random.Random(sys.argv[1]).randbytes(int(sys.argv[2])))' "$@"
}

# find_cargo: the rig has a home of its own, in which rustup would find nothing
find_cargo() {
	local home
	need cargo
	home=$(getent passwd "$(id -u)" | cut -d : -f 6)
	[ ! -d "$home/.rustup" ] || export RUSTUP_HOME=${RUSTUP_HOME:-$home/.rustup}
	export CARGO_NET_OFFLINE=true CARGO_TERM_COLOR=never
}
