#!/bin/sh
# Is the gate trained? What is said of gates of the demo's expert that are, that are not, and that were
# trained on another task's data; and how the word gets to a collector.
. tests/checks.sh
demo=configs/demo

# judged WORD REASON RUN ARGUMENTS: the gate of that run is so, for that reason, and says so itself.
judged() {
  word=$1 reason=$2 run=$work/$3
  shift 3
  "$skein" train gate -c $demo/gate.yaml -s output="$run" -s train.batch_size=32 "$@" >"$work/out" 2>"$work/err"
  if [ $? -eq 0 ] && grep -q "\"verdict\": \"$word\"" "$run/report.json" && grep -q "$reason" "$run/report.txt" &&
    "$skein" inspect "$run/gate.safetensors" | grep -q "verdict  *$word\$" &&
    "$skein" inspect "$run" | grep -q "verdict  *$word\$"; then pass; else
    fail "$run: want $word: $reason: $(grep reason "$run/report.json")"
  fi
}

other="-s data.train=$demo/data/shorten/train.jsonl.zst -s data.valid=$demo/data/shorten/valid.jsonl.zst"
zstd -dcq $demo/data/reverse/valid.jsonl.zst | head -n 1 >"$work/single.jsonl"
judged not 'never moved' none -s train.steps=0
judged barely 'not yet near' one -s train.steps=1
judged trained 'no longer falls' hundred
# shellcheck disable=SC2086 # options
judged not 'not its data' foreign -s train.steps=20 $other
judged not 'not surely' single -s data.valid="$work/single.jsonl" -s train.steps=10

# The collector hears of it when the gate comes, in the list, and in the check.
"$skein" pool init "$work/pool" --base $demo/base >"$work/out" 2>"$work/err"
add() {
  "$skein" pool add "$work/pool" "$1" --adapter $demo/experts/reverse --gate "$work/$1/gate.safetensors" \
    --instruction 'Say the list backwards.' >"$work/out" 2>"$work/err"
}
if add one && grep -q 'one/gate.safetensors: verdict: barely' "$work/err"; then pass; else fail 'pool add one'; fi
if add hundred && ! grep -q verdict "$work/err"; then pass; else fail 'pool add hundred'; fi
if add foreign && grep -q 'verdict: not' "$work/err"; then pass; else fail 'pool add foreign'; fi
"$skein" pool ls "$work/pool" >"$work/out" 2>"$work/err"
for row in 'one .* raw  *barely' 'hundred .* raw  *trained' 'foreign .* raw  *not'; do
  if grep -q "^  $row" "$work/out"; then pass; else fail "pool ls: $row"; fi
done
"$skein" pool check "$work/pool" >"$work/out" 2>"$work/err"
if grep -q '^note  *one: verdict: barely' "$work/out" && grep -q '^note  *foreign: verdict: not' "$work/out" &&
  ! grep -q 'hundred: verdict' "$work/out"; then pass; else fail 'pool check'; fi
"$skein" pool check "$work/pool" --strict >"$work/out" 2>"$work/err"
if grep -q '^error  *one: verdict: barely' "$work/out"; then pass; else fail 'pool check --strict'; fi

finish
