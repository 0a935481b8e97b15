#!/bin/sh
# The generator of the demo's world: the same seed gives the same bytes, every line is well formed,
# and what experts are tested on is disjoint from what they are trained on.
set -u
skein=${SKEIN:?}
world=${WORLD:-$(dirname "$skein")/world}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

check() {
  what=$1
  shift
  if "$@" >"$work/log" 2>&1; then passed=$((passed + 1)); else
    failed=$((failed + 1))
    echo "FAIL  $what"
    sed 's/^/      /' "$work/log"
  fi
}

make_world() {
  "$world" --out "$work/$1" --seed "$2" --base-lines 500 --train 300 --valid 60 --test 80
}

# Lines of a regular file that do not match; none may be left.
all_match() {
  if grep -nvE "$1" "$2"; then return 1; fi
}

differ() { ! diff -r "$1" "$2" >/dev/null; }
exits_2() {
  "$world" "$@"
  [ $? -eq 2 ]
}

# Names of people in the lines of a file, one a line.
names_in() {
  tr -c 'a-z' '\n' <"$1" | grep -xE "$names" | sort -u
}
disjoint() {
  names_in "$1" >"$work/a" && names_in "$2" >"$work/b" && [ -z "$(comm -12 "$work/a" "$work/b")" ]
}

# Templates 0..5 only in train, 0..7 in test.
templates() {
  sed 's/.*"template": \([0-9]*\).*/\1/' "$1" | sort -un | tr '\n' ' '
}
has_templates() { [ "$(templates "$1")" = "$2" ]; }

# The label names the target.
label_is_target() {
  awk '{
    if (!match($0, /"target": "[^"]*"/)) exit 1
    target = substr($0, RSTART + 11, RLENGTH - 12)
    if (!match($0, /"choices": \[[^]]*\]/)) exit 1
    n = split(substr($0, RSTART + 12, RLENGTH - 13), choice, /, /)
    if (!match($0, /"label": [0-9]+/)) exit 1
    label = substr($0, RSTART + 9, RLENGTH - 9)
    if (label + 1 > n || choice[label + 1] != "\"" target "\"") { print; exit 1 }
  }' "$1"
}

check 'makes a world' make_world one 7
check 'makes it again' make_world two 7
check 'makes another' make_world three 8
check 'the same seed gives the same bytes' diff -r "$work/one" "$work/two"
check 'another seed gives other bytes' differ "$work/one" "$work/three"

text='"[^"\\]+"'
check 'base lines' all_match \
  "^\{(\"text\": $text|\"input\": $text, \"target\": $text), \"task\": \"[a-z]+\"\}$" \
  "$work/one/base.jsonl"
check 'as many base lines as asked for' [ "$(wc -l <"$work/one/base.jsonl")" -eq 500 ]

line="^\{\"input\": $text, \"target\": $text, \"task\": \"[a-z]+\", \"template\": [0-7]"
line="$line(, \"choices\": \[($text, )+$text\], \"label\": [0-3])?\}$"
held_in=0 held_out=0
for dir in "$work"/one/tasks/*; do
  task=$(basename "$dir")
  check "$task is listed" grep -q "\"name\": \"$task\"" "$work/one/tasks.json"
  for file in "$dir"/*.jsonl; do
    check "lines of $task/$(basename "$file")" all_match "$line" "$file"
    if grep -q '"choices"' "$file"; then
      check "labels of $task/$(basename "$file")" label_is_target "$file"
    fi
  done
  check "templates of $task" has_templates "$dir/test.jsonl" '0 1 2 3 4 5 6 7 '
  if [ -e "$dir/train.jsonl" ]; then
    held_in=$((held_in + 1))
    check "trained templates of $task" has_templates "$dir/train.jsonl" '0 1 2 3 4 5 '
  else
    held_out=$((held_out + 1))
  fi
done
check 'enough held-in tasks' [ "$held_in" -ge 8 ]
check 'enough held-out tasks' [ "$held_out" -ge 4 ]

# Everyone in the tests of one task, by the sentences that begin with a name.
names=$(sed 's/.*"input": "//' "$work"/one/tasks/where/*.jsonl |
  grep -oE '[a-z]+ is in the [a-z]+\.' | sed 's/ .*//' | sort -u | tr '\n' '|' | sed 's/|$//')
for task in where who colour truth more; do
  check "people of $task" disjoint "$work/one/tasks/$task/train.jsonl" \
    "$work/one/tasks/$task/test.jsonl"
  check "people of $task, valid" disjoint "$work/one/tasks/$task/train.jsonl" \
    "$work/one/tasks/$task/valid.jsonl"
done

check 'no arguments' exits_2
check 'an unknown option' exits_2 --out "$work/x" --colour
check 'a count that is none' exits_2 --out "$work/x" --seed -1

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
