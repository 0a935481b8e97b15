#!/bin/sh
# `skein suggest` as a user meets it, on three experts of the demo: its columns against what score makes
# of the same items, and what is left out and refused.
. tests/checks.sh
demo=$PWD/configs/demo

# refused CODE PATTERN ARGUMENTS: that exit code, and one line that matches.
refused() {
  want=$1 pattern=$2
  shift 2
  "$skein" "$@" >"$work/out" 2>"$work/err"
  code=$?
  if is_refusal $code "$want" "$pattern"; then pass; else
    fail "$*: exit $code, want $want and '$pattern'"
  fi
}

# value NAME EXPERT KEY: a number of an expert in the JSON of a ranking.
value() {
  awk -v expert="\"$2\"," -v key="\"$3\":" '
    $1 == "\"expert\":" { here = $2 == expert }
    here && $1 == key { sub(/,/, "", $2); print $2; exit }' "$work/$1"
}

# near A B: two numbers are equal but for rounding.
near() {
  # shellcheck disable=SC2016 # of awk
  check "$1 is $2" awk -v a="$1" -v b="$2" 'BEGIN { d = a - b; exit !(a != "" && d < 1e-5 && d > -1e-5) }'
}

ok made pool init "$work/pool" --base "$demo/base"
for name in largest hue shorten; do
  ok made pool add "$work/pool" $name --adapter "$demo/experts/$name" \
    --gate "$demo/gates/$name.safetensors" --instruction "@$demo/experts/$name/instruction.txt"
done
# Three numbers a line, the largest in every place.
awk 'BEGIN {
  split("one two three four five six seven eight nine ten eleven", word, " ")
  for (i = 0; i < 40; i++) {
    small = i % 5 + 1
    label = i % 3
    list[label] = word[small + 2 + i % 4]
    list[(label + 1) % 3] = word[small]
    list[(label + 2) % 3] = word[small + 1]
    printf "{\"input\": \"which is the largest: %s, %s, %s?\", ", list[0], list[1], list[2]
    printf "\"choices\": [\"%s\", \"%s\", \"%s\"], \"label\": %d}\n", list[0], list[1], list[2], label
  }
}' >"$work/task.jsonl"
task="--input $work/task.jsonl"

# shellcheck disable=SC2086 # $task is two words
{
  # Items with choices: every expert as score --router expert has it. The items are all of the file.
  ok ranked suggest "$work/pool" $task --instruction 'Name the largest.' --json
  shows ranked '"items": 40,'
  shows ranked '"ranked_by": "likelihood"'
  for name in largest hue shorten; do
    "$skein" score --pool "$work/pool" -s router=expert -s expert=$name $task 2>/dev/null >"$work/scores"
    sed 's/.*"label": \([0-9]*\).*/\1/' "$work/task.jsonl" | paste - "$work/scores" |
      awk -F '\t' '{ label = $1; line = $2
          match(line, /"prediction":[0-9]+/)
          right += substr(line, RSTART + 13, RLENGTH - 13) == label
          match(line, /"scores":\[[^]]*/); split(substr(line, RSTART + 10, RLENGTH - 10), s, ",")
          sum += s[label + 1] }
        END { print 100 * right / NR, sum / NR }' >"$work/want"
    near "$(value ranked $name accuracy)" "$(cut -d' ' -f1 "$work/want")"
    near "$(value ranked $name loglik)" "$(cut -d' ' -f2 "$work/want" | awk '{ printf "%.9g", $1 }')"
  done
  ok table suggest "$work/pool" $task --instruction 'Name the largest.'
  shows table '^ranked by  *likelihood$'
  shows table '^verdict  *[1-3] of 3 experts help over the base'
  check 'the expert of the task is the first' sh -c "grep -A2 '^experts' '$work/table' | grep -q '^  largest '"
  shows table '^base$'
  shows table '^  likelihood, gates  '
  shows table '^  likelihood  *40  *160  '
  shows table '^  instructions  *40  *0  '

  # Gates: first places as score --router phatgoose --stats counts them.
  ok goose score --pool "$work/pool" --router phatgoose $task --stats "$work/stats"
  awk '/"top1"/ { at = 1; n = 0; modules++; next } at && /\]/ { at = 0 }
    at { gsub(/[ ,]/, ""); sum[++n] += $0 }
    END { for (i = 1; i <= 3; i++) print sum[i] / modules }' "$work/stats" >"$work/first"
  near "$(value ranked largest gates_first)" "$(sed -n 1p "$work/first")"
  near "$(value ranked hue gates_first)" "$(sed -n 2p "$work/first")"
  near "$(value ranked shorten gates_first)" "$(sed -n 3p "$work/first")"

  # A sample is drawn, said, and the same for the same seed.
  ok small suggest "$work/pool" $task --limit 7 --by likelihood --json
  shows small '"items": 7,'
  shows small '"items_of": 40,'
  shows small 'too few items to tell'
  ok again suggest "$work/pool" $task --limit 7 --by likelihood --json
  check 'the same sample' sh -c "grep -v seconds '$work/small' >'$work/a'; grep -v seconds '$work/again' | cmp - '$work/a'"
  ok other suggest "$work/pool" $task --limit 7 --by likelihood --json --seed 3
  if cmp -s "$work/other" "$work/small"; then fail 'another seed draws the same'; else pass; fi

  # Texts, a file of both, and no targets at all: what is left out is said.
  echo '{"input": "shorten: river, harbour", "target": "river"}' >"$work/text.jsonl"
  ok text suggest "$work/pool" --input "$work/text.jsonl"
  shows text "mean log-likelihood of a target's token, nats"
  shows text '^  instructions  *the task has no instruction; give one by --instruction'
  { cat "$work/text.jsonl" "$work/text.jsonl" && head -n 1 "$work/task.jsonl"; } >"$work/both.jsonl"
  ok both suggest "$work/pool" --input "$work/both.jsonl" --json
  shows both '"items": 3,'
  echo '{"input": "shorten: river, harbour", "instruction": "Shorten the list."}' >"$work/bare.jsonl"
  ok bare suggest "$work/pool" --input "$work/bare.jsonl"
  shows bare '^ranked by  *gates$'
  shows bare '^targets  *none: no line has a target'
  shows bare '^  likelihood  *the items have no targets'
  shows bare '^  gates, instructions  '
  ok one suggest "$work/pool" --input "$work/bare.jsonl" -s only=hue --by arrow,norm
  shows one '^  hue  *1  *1  *1  *1$'

  # What is refused.
  refused 2 'the pool is missing' suggest $task
  refused 2 '--input: is required' suggest "$work/pool"
  refused 2 "--by: 'gate' is none of .*; did you mean 'gates'" suggest "$work/pool" $task --by gate
  refused 2 '-s router=base: suggest asks every expert' suggest "$work/pool" $task -s router=base
  refused 2 "has no expert 'hug'" suggest "$work/pool" $task -s only=hug
  refused 3 'likelihood: cannot rank the experts: the items have no targets' suggest "$work/pool" \
    --input "$work/bare.jsonl" --by likelihood
  refused 3 'nowhere.jsonl' suggest "$work/pool" --input "$work/nowhere.jsonl"
  refused 3 'nowhere: want the directory of a pool' suggest "$work/nowhere" $task
  echo '{"input": 3}' >"$work/bad.jsonl"
  refused 3 'bad.jsonl: line 1: input: ' suggest "$work/pool" --input "$work/bad.jsonl"
  ok made pool init "$work/nobody" --base "$demo/base"
  refused 3 'nobody: the pool has no expert' suggest "$work/nobody" $task
}

finish
