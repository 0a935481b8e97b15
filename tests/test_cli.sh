#!/bin/sh
# The program as a user meets it: help, exit codes, one line for each failure. SKEIN names it.
set -u
skein=${SKEIN:?}
case $skein in /*) ;; *) skein=$PWD/$skein ;; esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
passed=0 failed=0

pass() { passed=$((passed + 1)); }
fail() {
  failed=$((failed + 1))
  echo "FAIL  $*"
  sed 's/^/      /' err out 2>/dev/null
}

# ok ARGUMENTS: exit 0, something on stdout, nothing on stderr.
ok() {
  if "$skein" "$@" >out 2>err && [ -s out ] && [ ! -s err ]; then pass; else fail "skein $*"; fi
}

# refused CODE PATTERN ARGUMENTS: that exit code, nothing on stdout, one line on stderr that matches.
refused() {
  want=$1 pattern=$2
  shift 2
  "$skein" "$@" >out 2>err
  code=$?
  if [ $code -eq "$want" ] && [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] &&
    grep -q "^skein: error: .*$pattern" err; then pass; else
    fail "skein $*: exit $code, want $want and '$pattern'"
  fi
}

# has PATTERN: the last output on stdout contains it.
has() {
  if grep -q -- "$1" out; then pass; else fail "no '$1' on stdout"; fi
}

ok --version
has '^skein [0-9]*\.[0-9]*\.[0-9]*'
ok help
for command in $(sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' out); do
  listed=yes
  ok "$command" --help
  if [ "$(sed -n '/^Usage:/q; /^Examples:/,/^$/p' out | grep -c '^  skein ')" -ge 2 ]; then pass; else
    fail "skein $command --help has no two examples before its usage"
  fi
  mv out help
  ok help "$command"
  if cmp -s out help; then pass; else fail "skein help $command differs from --help"; fi
  refused 2 '--no-such-option' "$command" --no-such-option
done
[ "${listed-no}" = yes ] || fail 'skein help lists no command'

refused 2 'no command given'
refused 2 "unknown command 'docter'; did you mean 'doctor'?" docter
refused 2 "unknown command 'zzzzzzzz'; skein help" zzzzzzzz
refused 2 "unknown command 'docter'" help docter
printf '\033[31mred' >name
refused 2 '\\x1b\[31mred' "$(cat name)"

ok doctor
has 'OpenBLAS'
ok doctor --json
has '"kernel"'
refused 2 "unexpected argument 'x'" doctor x

# Output that does not arrive is a failure.
if "$skein" doctor >/dev/full 2>err; then fail 'stdout to /dev/full is accepted'; else
  if [ $? -eq 1 ] && grep -q '^skein: error: standard output' err; then pass; else fail 'stdout to /dev/full'; fi
fi
if "$skein" doctor >&- 2>err; then fail 'a closed stdout is accepted'; else
  if [ $? -eq 1 ] && grep -q '^skein: error: standard output' err; then pass; else fail 'closed stdout'; fi
fi
# A closed pipe ends it quietly as a failure, not by a signal.
{ "$skein" doctor 2>/dev/null; echo $? >code; } | true
if [ "$(cat code)" -le 1 ]; then pass; else fail "closed pipe: exit $(cat code)"; fi

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
