#!/usr/bin/env bash
# Proofs that take a tool of their own, or hours: one command each. What every change has to pass is
# ./test.sh.
set -Eeuo pipefail
cd "$(dirname "$0")"

usage() {
  cat <<'END'
./prove.sh WHAT [ARGUMENT ...]

  api [--record]   the public interface is the one in api/; --record writes it there
  coverage         the core's tests reach 95 % of its lines, and how much of each file
  docs             documentation as docs.rs builds it, and what is in each crate's package
  fuzz [SECONDS [TARGET ...]]
                   each fuzz target, or these, for so long (60), and a table of what came of it
  licences         what we depend on: licences, duplicates, sources, advisories (deny.toml)
  minimal          all crates, with the oldest dependencies that Cargo.toml allows
  miri             the core's tests under Miri, which finds undefined behaviour
  msrv             all crates, with the oldest Rust that Cargo.toml names
  mutants [FILE]   each change of a core's line is noticed by its tests; takes hours without a file
  sanitize         the core's tests under the address sanitizer, and some under valgrind
  weight           what the core alone, without its services, brings along and takes to build

A tool that is missing is installed from crates.io. Exit code 1: not proved; 2: can't be tried here.
END
}

# The libraries and the program, which are published.
PUBLISHED=(socker-core socker-rtc socker-tokio socker-mio socker-server)
LIBRARIES=(socker-core socker-rtc socker-tokio socker-mio)
# The core's own tests, and those that are about nothing else.
CORE_TESTS=(-p socker-core -p socker-tests --no-default-features --locked)
# The core without its services, as the least that somebody can depend on.
CORE_ALONE=(-p socker-core --no-default-features --locked)

step() { printf '\n== %s\n' "$*"; }
has() { command -v "$1" >/dev/null 2>&1; }
fails() { printf 'not proved: %s\n' "$*" >&2; exit 1; }
lacks() { printf 'not tried: %s\n' "$*" >&2; exit 2; }

need_nightly() {
  cargo +nightly --version >/dev/null 2>&1 || lacks 'there is no nightly toolchain (rustup toolchain install nightly)'
}

# need TOOL VERSION: a version that builds with the Rust that Cargo.toml names.
need() {
  if has "$1"; then return; fi
  step "installing $1 $2"
  cargo install --locked "$1@$2"
}

host() { rustc -vV | sed -n 's/^host: //p'; }
# Names the variable with the command in which tests are run.
runner_variable() { echo "CARGO_TARGET_$(host | tr 'a-z-' 'A-Z_')_RUNNER"; }
rust_version() { sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml; }

# The files of the project as they are now, committed or not, in another folder.
copy_tree() {
  git ls-files -z --cached --others --exclude-standard | tar --null --files-from=- --create | tar --extract --directory="$1"
}

in_copy() {
  COPY="$(mktemp -d)"
  trap 'rm -rf "$COPY"' EXIT
  copy_tree "$COPY"
  cd "$COPY"
}

# The public interface of a crate, with what it is to the compiler alone left out, but Send, Sync and Unpin.
public_api() {
  cargo +nightly public-api -p "$1" --all-features -s --color never |
    grep -vE '^impl.* !?core::(marker::(Freeze|UnsafeUnpin)|panic::unwind_safe::\w+) for '
}

prove_api() {
  need_nightly
  need cargo-public-api 0.52.0
  local crate file found record="${1:-}" changed=()
  [ -z "$record" ] || [ "$record" = --record ] || lacks "api knows --record, not $record"
  found="$(mktemp)"
  for crate in "${LIBRARIES[@]}"; do
    file="api/$crate.txt"
    step "$file"
    public_api "$crate" >"$found"
    if [ "$record" = --record ]; then
      cp "$found" "$file"
      wc -l "$file"
    else
      diff -U0 "$file" "$found" && echo 'as recorded' || changed+=("$crate")
    fi
  done
  rm "$found"
  [ ${#changed[@]} = 0 ] || fails "the interface of ${changed[*]} has changed; if that is meant: ./prove.sh api --record"
}

# llvm-profdata and llvm-cov have to read what this rustc's LLVM writes: rustup's llvm-tools, or Debian's
# of the same number.
find_llvm() {
  local bin major
  bin="$(rustc --print sysroot)/lib/rustlib/$(host)/bin"
  major="$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')"
  if [ -x "$bin/llvm-profdata" ]; then return; fi
  if ! has "llvm-profdata-$major" && has apt-get && [ "$(id -u)" = 0 ]; then
    step "installing llvm-$major"
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "llvm-$major" >/dev/null
  fi
  has "llvm-profdata-$major" ||
    lacks "coverage takes llvm-tools (rustup component add llvm-tools) or Debian's llvm-$major"
  LLVM_PROFDATA="$(command -v "llvm-profdata-$major")"
  LLVM_COV="$(command -v "llvm-cov-$major")"
  export LLVM_PROFDATA LLVM_COV
}

prove_coverage() {
  need cargo-llvm-cov 0.9.1
  find_llvm
  step 'tests, with their lines counted'
  cargo llvm-cov "${CORE_TESTS[@]}" --no-report
  step 'lines of socker-core'
  cargo llvm-cov report -p socker-core --summary-only --fail-under-lines 95 ||
    fails 'less than 95 % of the lines are reached (cargo llvm-cov report -p socker-core --text shows which)'
}

prove_docs() {
  need_nightly
  local crate
  step 'documentation as docs.rs builds it'
  for crate in "${PUBLISHED[@]}"; do
    RUSTDOCFLAGS='--cfg docsrs -D warnings' cargo +nightly doc -p "$crate" --all-features --no-deps --locked
  done
  step 'packages'
  local package file target="${CARGO_TARGET_DIR:-$PWD/target}"
  rm -rf "$target/package"
  cargo package "${PUBLISHED[@]/#/-p=}" --allow-dirty --locked
  for package in "$target"/package/*.crate; do
    # Regular files: a link would lead out of the package.
    tar -tvzf "$package" >package.list
    for file in README.md LICENSE-MIT LICENSE-APACHE Cargo.toml; do
      grep -q "^-.*/$file\$" package.list || fails "$(basename "$package") has no $file"
    done
    echo "$(basename "$package"): $(wc -l <package.list) files, with README and licences"
    rm package.list
  done
}

# What a log of libFuzzer tells: executions, edges that were reached, inputs that reach them.
fuzz_row() {
  local executions edges inputs
  executions="$(sed -n 's/^stat::number_of_executed_units: *//p' "$2")"
  edges="$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$2" | tail -n 1)"
  inputs="$(sed -n 's/.* corp: \([0-9]*\)\/.*/\1/p' "$2" | tail -n 1)"
  printf '%-16s %12s %8s %8s  %s\n' "$1" "${executions:--}" "${edges:--}" "${inputs:--}" "$3"
}

prove_fuzz() {
  need_nightly
  need cargo-fuzz 0.13.2
  local seconds="${1:-60}" targets=("${@:2}") features=() target log came rows=() found=()
  [[ "$seconds" =~ ^[0-9]+$ ]] || lacks "fuzz takes seconds, not $seconds"
  [ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(cargo +nightly fuzz list)
  # The crypto of WebRTC takes minutes to build with a sanitizer.
  [[ " ${targets[*]} " == *' rtc_signalling '* ]] || features=(--no-default-features)
  # To link them takes as long as all else together with it.
  export CARGO_PROFILE_RELEASE_LTO=off
  step 'building the fuzz targets'
  cargo +nightly fuzz build "${features[@]}"
  for target in "${targets[@]}"; do
    step "fuzzing $target for $seconds seconds"
    # New finds go to a folder of their own, not among the committed ones.
    mkdir -p "target/fuzz-corpus/$target"
    log="target/fuzz-corpus/$target.log"
    came=nothing
    cargo +nightly fuzz run "${features[@]}" "$target" "target/fuzz-corpus/$target" "fuzz/corpus/$target" -- \
      -max_total_time="$seconds" -print_final_stats=1 >"$log" 2>&1 || came="see $log" found+=("$target")
    rows+=("$(fuzz_row "$target" "$log" "$came")")
    echo "${rows[-1]}"
  done
  step "$(printf '%-13s %12s %8s %8s  %s' target executions edges inputs found)"
  printf '%s\n' "${rows[@]}"
  [ ${#found[@]} = 0 ] || fails "the inputs are in fuzz/artifacts/, and README.md tells what to do with them"
}

prove_licences() {
  need cargo-deny 0.20.2
  step 'licences, duplicates, sources'
  cargo deny --workspace --all-features --locked check -D unmatched-skip -D unnecessary-skip licenses bans sources
  step 'advisories'
  if cargo deny fetch db >/dev/null 2>&1; then
    cargo deny --workspace --all-features --locked check advisories
  else
    echo 'not tried: the database of advisories could not be had from here'
  fi
}

# The crates that are published, without what only their tests need: others don't build that.
leave_tests_out() {
  local manifest
  sed -i 's/, "tests", "fuzz"\]/]/' Cargo.toml
  for manifest in socker-*/Cargo.toml; do
    awk '/^\[/ { dev = $0 == "[dev-dependencies]" } !dev' "$manifest" >manifest
    mv manifest "$manifest"
  done
}

prove_minimal() {
  need_nightly
  local target="${CARGO_TARGET_DIR:-$PWD/target}"
  in_copy
  leave_tests_out
  step 'the oldest versions that Cargo.toml allows'
  cargo +nightly update -Zdirect-minimal-versions
  step 'checking all crates'
  CARGO_TARGET_DIR="$target/minimal" cargo check --workspace --all-features --locked
}

# What opens sockets, reads /proc or replaces the allocator is left out, and what feeds every vector in
# every two pieces takes hours.
MIRI_TESTS=(
  --lib --test calls --test closing --test directory_model --test exchange --test opening --test receive
  --test rooms_model --test script --test script_model --test service_calls --test service_commands
  --test service_router --test service_scripted --test wire
)

prove_miri() {
  need_nightly
  cargo +nightly miri --version >/dev/null 2>&1 ||
    lacks 'this nightly has no Miri (rustup +nightly component add miri rust-src). ./prove.sh sanitize is the next best'
  step 'the core under Miri'
  # PROPTEST_CASES reads the environment, and failures of properties write files.
  MIRIFLAGS="${MIRIFLAGS:--Zmiri-disable-isolation}" PROPTEST_CASES="${PROPTEST_CASES:-3}" \
    cargo +nightly miri test "${CORE_TESTS[@]}" "${MIRI_TESTS[@]}"
}

prove_msrv() {
  local version toolchain
  version="$(rust_version)"
  toolchain="$version.0"
  cargo "+$toolchain" --version >/dev/null 2>&1 ||
    lacks "there is no Rust $toolchain (rustup toolchain install $toolchain)"
  step "all crates with Rust $toolchain"
  cargo "+$toolchain" --version
  cargo "+$toolchain" check --workspace --all-targets --all-features --locked
}

# In a copy: the adapters are left out, and all test files but those that need them are two programs, since
# thirty would be linked anew for each mutant. With it a mutant takes seconds.
join_tests() {
  local file name
  sed -i '/^socker-mio/d; /^socker-tokio/d; s/^default = .*/default = []/; s/^publish = false/&\nautotests = false/' tests/Cargo.toml
  sed -i 's/, "socker-rtc", "socker-tokio", "socker-mio", "socker-server", "tests", "fuzz"/, "tests"/; /^default-members/d' Cargo.toml
  sed -i '/hosts::{GameLoop/d; /^mod hosts/d; /Sockets</d; s/{Simulation, Sockets}/Simulation/' tests/tests/behaviour.rs
  rm -r tests/tests/{drain_without_descriptors.rs,hostile,hosts,interop.rs,interop_tokio.rs,stalled_reader.rs,streams}
  printf '[[test]]\nname = "all"\n[[test]]\nname = "sim"\n' >>tests/Cargo.toml
  echo '//! All tests of the core.' >all.rs
  for file in tests/tests/*.rs; do
    name="$(basename "$file")"
    printf '#[path = "%s"]\nmod %s;\n' "$name" "${name%.rs}" >>all.rs
  done
  mv all.rs tests/tests/all.rs
}

# Which survivors are let live, and why: .cargo/mutants.toml.
prove_mutants() {
  need cargo-mutants 27.1.0
  local files=() file target="${CARGO_TARGET_DIR:-$PWD/target}"
  for file in "$@"; do files+=(--file "$file"); done
  in_copy
  join_tests
  step "mutants of ${*:-the core}"
  export CARGO_TARGET_DIR="$target/mutants" CARGO_PROFILE_DEV_DEBUG=none
  export PROPTEST_CASES="${PROPTEST_CASES:-50}" SIM_SEEDS="${SIM_SEEDS:-5}"
  # cargo-mutants itself would try only the core's own before it begins.
  cargo test -p socker-core -p socker-tests --lib --tests
  local status=0
  # libtest's --fail-fast is unstable.
  env "$(runner_variable)=env RUSTC_BOOTSTRAP=1" \
    cargo mutants -p socker-core "${files[@]}" --in-place --output "$target" || status=$?
  # 3: some made a test endless, which is noticed as well.
  [ "$status" = 0 ] || [ "$status" = 3 ] && [ ! -s "$target/mutants.out/missed.txt" ] ||
    fails "see missed.txt in $target/mutants.out"
}

prove_sanitize() {
  need_nightly
  step 'the core under the address sanitizer'
  # The test that is left out measures the process's memory, and the sanitizer keeps what was freed.
  RUSTFLAGS=-Zsanitizer=address ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=1}" \
    PROPTEST_CASES="${PROPTEST_CASES:-500}" SIM_SEEDS="${SIM_SEEDS:-20}" \
    cargo +nightly test "${CORE_TESTS[@]}" --lib --tests --target "$(host)" -- \
    --skip a_reader_that_stalls_costs_the_others_nothing
  if ! has valgrind; then
    echo 'not tried: there is no valgrind (apt-get install valgrind)'
    return
  fi
  step 'reading under valgrind'
  # What std holds for the main thread counts as possibly lost.
  local valgrind='valgrind --quiet --leak-check=full --show-leak-kinds=definite'
  valgrind+=' --errors-for-leak-kinds=definite --error-exitcode=1'
  env "$(runner_variable)=$valgrind" PROPTEST_CASES=20 \
    cargo test "${CORE_TESTS[@]}" --test receive --test wire --test calls
}

# weight_row PROFILE [OPTION]: a build from nothing.
weight_row() {
  local target times
  target="$(mktemp -d "${CARGO_TARGET_DIR:-$PWD/target}/weight.XXXXXX")"
  times="$target.times"
  # A cache of compiled packages would hide what they take.
  { TIMEFORMAT='%R %U %S'; time RUSTC_WRAPPER='' cargo build "${CORE_ALONE[@]}" "${@:2}" --quiet --target-dir "$target"; } 2>"$times" ||
    { cat "$times" >&2; rm -rf "$target" "$times"; return 1; }
  tail -n 1 "$times" | awk -v profile="$1" '{ printf "%-8s %6.1f s, %6.1f s of CPU\n", profile, $1, $2 + $3 }'
  rm -rf "$target" "$times"
}

prove_weight() {
  local packages
  mkdir -p "${CARGO_TARGET_DIR:-$PWD/target}"
  cargo fetch --locked --quiet
  packages="$(cargo tree "${CORE_ALONE[@]}" --edges normal,build --prefix none --no-dedupe |
    cut -d' ' -f1,2 | sort -u | grep -v '^socker-core ')"
  step "socker-core without default features: $(wc -l <<<"$packages") packages"
  cargo tree "${CORE_ALONE[@]}" --edges normal,build
  step "builds from nothing, $(nproc) CPUs, $(rustc --version)"
  weight_row debug
  weight_row release --release
}

what="${1:-}"
case "$what" in
  '' | -h | --help) usage ;;
  api | coverage | docs | fuzz | licences | minimal | miri | msrv | mutants | sanitize | weight)
    shift
    trap 'echo "not proved: $what" >&2; exit 1' ERR
    "prove_$what" "$@"
    step "$what: proved"
    ;;
  *)
    usage >&2
    exit 2
    ;;
esac
