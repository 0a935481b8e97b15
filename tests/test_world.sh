#!/bin/sh
# The generator of the demo's world: the same seed gives the same bytes, every line is well formed,
# and what experts are tested on is disjoint from what they are trained on.
. tests/checks.sh
world=${WORLD:-$(dirname "$skein")/world}

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

# Nouns in the lines of a file, one a line.
nouns_in() {
  tr -c 'a-z' '\n' <"$1" | grep -xFf "$work/nouns" | sort -u
}
disjoint() {
  nouns_in "$1" >"$work/a" && nouns_in "$2" >"$work/b" && [ -z "$(comm -12 "$work/a" "$work/b")" ]
}

# The sets of numbers in the lines of a file, each in the order of the alphabet.
sets_in() {
  sed 's/.*"choices": \[\([^]]*\)\].*/\1/' "$1" | while IFS=', "' read -r a b c rest; do
    printf '%s\n' $a $b $c $rest | sort | tr '\n' ' '
    echo
  done | sort -u
}
other_sets() {
  sets_in "$1" >"$work/a" && sets_in "$2" >"$work/b" && [ -s "$work/b" ] &&
    [ -z "$(comm -12 "$work/a" "$work/b")" ]
}

# Templates 0..5 only in train, 0..7 in test.
templates() {
  sed 's/.*"template": \([0-9]*\).*/\1/' "$1" | sort -un | tr '\n' ' '
}
has_templates() { [ "$(templates "$1")" = "$2" ]; }

# The list of tasks says whether the lines have choices.
has_kind() {
  kind=generation
  if grep -q '"choices"' "$2"; then kind=choices; fi
  grep -A 3 "\"name\": \"$1\"" "$work/one/tasks.json" | grep -q "\"kind\": \"$kind\""
}

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
  check "the kind of $task" has_kind "$task" "$dir/test.jsonl"
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

# Experts are tested on nouns, and on sets of numbers, that they were not trained on.
cat "$work"/one/tasks/reverse/*.jsonl | sed 's/.*"target": "\([^"]*\)".*/\1/' | tr ' ' '\n' |
  sort -u >"$work/nouns"
check 'many nouns' [ "$(wc -l <"$work/nouns")" -gt 150 ]
for dir in "$work"/one/tasks/*; do
  if [ ! -e "$dir/train.jsonl" ]; then continue; fi
  same=disjoint
  if [ "$(basename "$dir")" = largest ]; then same=other_sets; fi
  for part in valid test; do
    check "entities of $(basename "$dir"), $part" $same "$dir/train.jsonl" "$dir/$part.jsonl"
  done
done

check 'no arguments' exits_2
check 'an unknown option' exits_2 --out "$work/x" --colour
check 'a count that is none' exits_2 --out "$work/x" --seed -1

finish
