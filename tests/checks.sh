# checks.sh: what the test scripts share; each begins with `. tests/checks.sh` and ends with `finish`.
# $skein is the program under test, $work a folder that is removed at the end. A command under test
# leaves its output in $work/out and $work/err.
set -u
skein=${SKEIN:-build/release/skein}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export OMP_WAIT_POLICY=passive
passed=0 failed=0

pass() { passed=$((passed + 1)); }
fail() {
  failed=$((failed + 1))
  echo "FAIL  $*"
  cat "$work/out" "$work/err" 2>/dev/null | sed 's/^/      /'
}

# check WHAT COMMAND...: the command succeeds; what $work/out holds stays.
check() {
  what=$1
  shift
  if "$@" >"$work/log" 2>&1; then pass; else
    fail "$what"
    sed 's/^/      /' "$work/log"
  fi
}

# ok NAME ARGUMENTS: exit 0; stdout goes to the file NAME in $work.
ok() {
  name=$1
  shift
  "$skein" "$@" >"$work/$name" 2>"$work/err"
  code=$?
  if [ $code -eq 0 ]; then pass; else fail "$*: exit $code"; fi
}

# shows NAME PATTERN: a line of the output matches.
shows() { if grep -q -- "$2" "$work/$1"; then pass; else fail "$1 has no '$2'"; fi; }

# is_refusal CODE WANT PATTERN: the exit code is the wanted one, nothing was printed, and one line of
# an error that matches was said.
is_refusal() {
  [ "$1" -eq "$2" ] && [ ! -s "$work/out" ] && [ "$(wc -l <"$work/err")" -eq 1 ] &&
    grep -q "^skein: error: .*$3" "$work/err"
}

# wait_for PROCESS COMMAND...: until the command succeeds. A process that ended before, or five minutes
# without success, is a failure; it is then killed.
wait_for() {
  process=$1 tries=15000
  shift
  until "$@"; do
    tries=$((tries - 1))
    if [ $tries -eq 0 ] || ! kill -0 "$process" 2>/dev/null; then
      fail "waited in vain for: $*"
      kill -KILL "$process" 2>/dev/null
      return 1
    fi
    sleep 0.02
  done
}

finish() {
  echo "$passed passed, $failed failed"
  [ $failed -eq 0 ]
}
