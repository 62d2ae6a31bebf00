#!/usr/bin/env bash
# The one test command: installs what it needs, then checks everything. On Debian with a Rust
# toolchain, Node.js and the package registries.
#
#   ./test.sh              all of it
#   FUZZ_SECONDS=60 ./test.sh  a longer share of fuzzing (default 5 seconds a target)
#   SIM_SEEDS=5000 ./test.sh   more runs of the simulated network (default 200)
#   FLOOD_ROUNDS=50 ./test.sh   more of each hostile load on real sockets (default 3)
set -euo pipefail
cd "$(dirname "$0")"

step() { printf '\n== %s\n' "$*"; }
has() { command -v "$1" >/dev/null 2>&1; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

install_chromium() {
  if [ -n "${CHROMIUM:-}" ] || has chromium || has chromium-browser; then return; fi
  step 'installing chromium'
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
}

# libFuzzer is C++.
install_compiler() {
  if has c++; then return; fi
  step 'installing g++'
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends g++ >/dev/null
}

# Makes system calls fail, for the hostile loads.
install_strace() {
  if has strace; then return; fi
  step 'installing strace'
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends strace >/dev/null
}

# A network of its own keeps the browser from asking anybody outside for anything.
has_own_network() { [ "$(id -u)" = 0 ] && has ip && unshare --net true 2>/dev/null; }
without_network() {
  if has_own_network; then
    unshare --net sh -c 'ip link set lo up && exec "$@"' sh "$@"
  else
    "$@"
  fi
}

# The same with an eth0 that leads nowhere: browsers then have an address that is not loopback.
with_eth0() {
  local address=10.77.0.1 make_eth0
  make_eth0="ip link set lo up
    ip link add eth0 type veth peer name eth1 && ip link set eth1 up || ip link add eth0 type dummy
    ip address add $address/24 dev eth0 && ip link set eth0 up && ip route add default via 10.77.0.254"
  if ! has_own_network; then
    step 'WebRTC on an eth0: left out, as a network of its own takes root and iproute2'
  elif ! unshare --net sh -ec "$make_eth0"; then
    step 'WebRTC on an eth0: left out, as this kernel has no device for it'
  else
    ETH0="$address" unshare --net sh -ec "$make_eth0"'; exec "$@"' sh "$@"
  fi
}

fuzz() {
  if ! cargo +nightly --version >/dev/null 2>&1; then
    step 'fuzzing: left out, as there is no nightly toolchain'
    return
  fi
  # The kept inputs of rtc_signalling ran with the tests; its crypto would take minutes to build.
  local targets
  targets="$(sed -n '/^\[\[bin\]\]/,/^path/s/^name = "\(.*\)"/\1/p' fuzz/Cargo.toml | grep -vx rtc_signalling)"
  # So few seconds are not worth the time to optimise them well.
  export CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16
  # shellcheck disable=SC2086 # one word each
  ./prove.sh fuzz "${FUZZ_SECONDS:-5}" $targets
}

# What ./prove.sh proves in seconds, where its tool is there.
prove() {
  if has "$2"; then
    ./prove.sh "$1"
  else
    step "$1: left out, as there is no $2 (./prove.sh $1 installs it)"
  fi
}

install_compiler
install_chromium
install_strace

step 'format'
cargo fmt --all --check

step 'clippy'
cargo clippy --workspace --all-targets --all-features --locked -- -D warnings
# The machine alone, without the services that need more.
cargo clippy -p socker-core --no-default-features --locked -- -D warnings

step 'tests'
# Without the fuzz targets, which would not end, and without examples, which clippy has checked: most of
# the two adapters' have the same names, and one command would build one over the other.
cargo test --workspace --all-features --locked --lib --bin socker --tests
cargo test --workspace --all-features --locked --doc

step 'documentation'
RUSTDOCFLAGS='-D warnings' cargo doc --workspace --all-features --no-deps --locked

step 'the demo page and its client in Chromium'
# The game servers that pages find in the directory, of both adapters. With these features the tests have
# built nearly all of them.
built="${CARGO_TARGET_DIR:-$PWD/target}/debug"
cargo build --locked --workspace --all-features --bin socker --example game_server --example mio_game_server
(cd tests/browser && npm ci --silent && without_network npm test --silent &&
  GAME_SERVER="$built/examples/mio_game_server" without_network node --test game_server.test.mjs &&
  with_eth0 npm run test:webrtc --silent)

prove licences cargo-deny
fuzz

step 'all passed'
