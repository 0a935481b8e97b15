#!/bin/sh
# `skein calibrate` as a user meets it, on three experts of the demo: what it makes, what scores become
# by it, and what is refused.
. tests/checks.sh
. tests/demo_pool.sh
cat >"$work/one.jsonl" <<'END'
{"input": "which is the highest price: the plane for three, the deer for one?", "choices": ["three", "one"], "label": 0}
END
cat >"$work/items.jsonl" <<'END'
{"input": "which is the highest price: the plane for three, the deer for one?", "choices": ["three", "one"]}
{"input": "name the colour of cabbage", "target": "green"}
{"input": "without the first: fir, boot", "target": "boot"}
END
echo '{"input": "name the colour of cabbage"}' >"$work/bare.jsonl"
run="--pool $work/pool --input $work/items.jsonl"

# shellcheck disable=SC2086 # $run is four words
{
  # The file depends on the items, and not on threads; no score of these experts stands still.
  ok said calibrate $run --router norm -o "$work/norm.cal" --threads 1
  shows said 'norm.cal: scores of norm, 3 experts at 54 modules, over 3 items$'
  if grep -q varied "$work/said"; then fail 'a score never varied'; else pass; fi
  ok again calibrate $run --router norm -o "$work/again.cal" --threads 2
  check 'threads' cmp "$work/norm.cal" "$work/again.cal"
  ok top calibrate $run --router norm -s top_k=1 -o "$work/top.cal"
  check 'top_k has no part in it' cmp "$work/norm.cal" "$work/top.cal"
  ok part calibrate $run --router norm --limit 2 --seed 1 -o "$work/part.cal"
  shows part 'over 2 items$'
  ok inspected inspect "$work/norm.cal"

  # Over the one item that is traced, the scores of the first module have the mean 0 and the square
  # mean 1 for every expert: nothing has run before it.
  ok one calibrate --pool "$work/pool" --input "$work/one.jsonl" --router norm -o "$work/one.cal"
  trace="trace --pool $work/pool --input $work/one.jsonl --router norm --module $q"
  tokens=$("$skein" $trace 2>/dev/null | grep -c '^  *[0-9][0-9]*  ')
  t=0
  while [ $t -lt "$tokens" ]; do
    "$skein" $trace -s calibration="$work/one.cal" --token $t --json 2>/dev/null
    t=$((t + 1))
  done | awk '/"expert":/ { name = $2 } /"local": -?[0-9]/ { z = $2 + 0; n[name]++; sum[name] += z; square[name] += z * z }
    END { for (e in n) print e, sum[e] / n[e], square[e] / n[e] }' >"$work/moments"
  check 'moments' awk '{ if ($2 > 1e-4 || $2 < -1e-4 || $3 > 1.0001 || $3 < 0.9999) bad = 1 } END { exit bad || NR != 3 }' \
    "$work/moments"

  # Scores change by it; glider's are phatgoose's.
  score="score --pool $work/pool --input $work/one.jsonl"
  ok gates calibrate $run --router phatgoose -o "$work/gates.cal"
  ok plain $score --router phatgoose
  ok other $score --router phatgoose -s calibration="$work/gates.cal"
  if cmp -s "$work/plain" "$work/other"; then fail 'changes nothing'; else pass; fi
  ok glider $score --router glider -s global.scale=0 -s calibration="$work/gates.cal"
  check 'glider at scale 0' cmp "$work/other" "$work/glider"

  refused 2 'router: retrieval scores no tokens' calibrate $run --router retrieval -o "$work/o"
  refused 2 'calibration: is what is made here' calibrate $run -s calibration="$work/gates.cal" -o "$work/o"
  refused 2 '\-\-output: is required' calibrate $run
  refused 2 '\-\-pool: is required' calibrate --input "$work/items.jsonl" --base "$demo/base" -o "$work/o"
  refused 2 'norm.cal: is there already' calibrate $run --router norm -o "$work/norm.cal"
  "$skein" calibrate $run --router norm -s norm.prefilter=2 -o "$work/o" >"$work/out" 2>"$work/err"
  check 'a filter' [ $? -eq 2 ]
  check 'a filter is named' grep -q 'leave experts out (norm.prefilter)' "$work/err"
  refused 3 'item 0 has neither choices nor a target' calibrate --pool "$work/pool" \
    --input "$work/bare.jsonl" -o "$work/o"
  refused 4 'scores: is "norm", want "arrow mttl"' $score --router arrow -s calibration="$work/norm.cal" -o "$work/o"

  # Another expert under the name, and one that was not there.
  ok made pool add "$work/pool" hue --adapter "$demo/experts/topic" --gate "$demo/gates/topic.safetensors" --replace
  refused 4 "expert 'hue': its file is another" $score --router norm -s calibration="$work/norm.cal" -o "$work/o"
  ok made pool rm "$work/pool" hue
  ok less $score --router norm -s calibration="$work/norm.cal"
  ok made pool add "$work/pool" topic --adapter "$demo/experts/topic" --gate "$demo/gates/topic.safetensors"
  refused 4 "expert 'topic': is not in it" $score --router norm -s calibration="$work/norm.cal" -o "$work/o"
}
finish
