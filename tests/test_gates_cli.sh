#!/bin/sh
# `skein train gates` and `skein pool set --gates` as a collector meets them: three of the demo's
# experts that came without gates, and a few lines of each one's task.
. tests/checks.sh
demo=configs/demo
pool=$work/pool

run() { "$skein" "$@" >"$work/out" 2>"$work/err"; }
# refused CODE PATTERN ARGUMENTS: that exit code, an error that matches as the last line, and the pool
# as it was.
state() { (cd "$1" && find . -type f ! -name .lock -exec sha256sum {} + | sort -k 2); }
refused() {
  want=$1 pattern=$2
  shift 2
  before=$(state "$pool")
  run "$@"
  code=$?
  if [ $code -eq "$want" ] && tail -n 1 "$work/err" | grep -q "^skein: error: .*$pattern" &&
    [ "$(state "$pool")" = "$before" ]; then pass; else
    fail "$*: exit $code, want $want and '$pattern'"
  fi
}
same() { if cmp -s "$1" "$2"; then pass; else fail "$1 and $2 differ"; fi; }

"$skein" pool init "$pool" --base $demo/base >/dev/null
for name in reverse kind largest; do
  run pool add "$pool" $name --adapter $demo/experts/$name --instruction "This is $name." || fail "add $name"
  if grep -q "'$name' has no gates" "$work/err"; then pass; else fail "$name: no note that gates are missing"; fi
  zstd -dc $demo/data/$name/valid.jsonl.zst | head -n 40 >>"$work/own.jsonl"
done
zstd -dc $demo/data/kind/test.jsonl.zst | head -n 8 >"$work/items.jsonl"

# ---- an expert without gates ----
ok list pool ls "$pool"
shows list 'kind .* none .* This is kind'
ok found pool check "$pool"
shows found 'kind: has no gates, which phatgoose and glider route by'
refused 3 "'reverse': has no gate.safetensors in the pool.*train gates" score --pool "$pool" --router phatgoose \
  --input "$work/items.jsonl"
ok routed score --pool "$pool" --router norm --input "$work/items.jsonl"

# ---- a dry run ----
set -- train gates -s pool="$pool" -s data.train="$work/own.jsonl" -s data.max_input=64 -s train.steps=4
ok plan "$@" -s output="$work/whole" --dry-run
shows plan '^of 32 examples: '
shows plan '^examples  *120, asked of 3 experts and the base: about '
shows plan '^gates  *of 3 experts, 4 steps each'
[ ! -e "$work/whole" ] && pass || fail 'a dry run leaves an output'

# ---- a run, and the same one with other threads, and ended again and again ----
before=$(state "$pool")
ok said "$@" -s output="$work/whole" -s threads=1
shows said '^120 examples: 0 go to more than one expert'
shows said "^the gates of 'largest': "
[ "$(state "$pool")" = "$before" ] && pass || fail 'training changes the pool'
[ "$(cat "$work"/whole/shares/*.jsonl | wc -l)" -eq 120 ] && pass || fail 'the shares are not all examples'
sort "$work/own.jsonl" >"$work/sorted"
cat "$work"/whole/shares/*.jsonl | sort >"$work/given"
same "$work/given" "$work/sorted"
ok said "$@" -s output="$work/two" -s threads=2
resume=
kills=0
for pause in 0.05 0.1 0.2 0.3 0.4 0.6 0.8 1 1.2; do
  "$skein" "$@" -s output="$work/killed" $resume >"$work/log" 2>&1 &
  process=$!
  sleep $pause
  if kill -9 $process 2>/dev/null; then kills=$((kills + 1)); fi
  wait $process 2>/dev/null
  if [ -e "$work/killed/run.yaml" ]; then resume=--resume; fi
done
[ $kills -ge 3 ] && pass || fail "only $kills kills"
"$skein" "$@" -s output="$work/stopped" >"$work/out" 2>"$work/err" &
process=$!
wait_for $process [ -e "$work/stopped/losses/kind.json" ]
kill -INT $process
wait $process
[ $? -eq 130 ] && grep -q 'continue with --resume' "$work/err" && pass || fail 'Ctrl-C'
ok log "$@" -s output="$work/stopped" --resume
ok log "$@" -s output="$work/killed" $resume
for other in two killed stopped; do
  for name in reverse kind largest; do
    same "$work/whole/losses/$name.json" "$work/$other/losses/$name.json"
    same "$work/whole/experts/$name/gate.safetensors" "$work/$other/experts/$name/gate.safetensors"
  done
  same "$work/whole/gates.json" "$work/$other/gates.json"
done
ok again "$@" -s output="$work/whole" --resume
refused 2 'already holds a run' "$@" -s output="$work/whole"
refused 4 'shares.json: identity: is of other data' "$@" -s output="$work/whole" -s gates.within=1 --resume
cp -R "$work/whole" "$work/unasked"
rm -r "$work/unasked/losses"
refused 4 'shares.json: identity: is of other data' "$@" -s output="$work/unasked" -s train.steps=3 --resume
rm "$work/unasked/shares.json"
cp -R "$work/whole/losses" "$work/unasked/losses"
refused 4 'losses/+base.json: identity: is of other data' "$@" -s output="$work/unasked" -s gates.within=1 --resume
if grep -q '^  within: 0' "$work/whole/run.yaml"; then pass; else fail 'a refused run changes the record'; fi

# The loss of an example is that of scoring its target under the expert: both print 1e-6 and more.
sed 's/"choices": .*"label".*/"x": 0}/; s/"target": \("[^"]*"\)/"target": \1, "choices": [\1]/' "$work/own.jsonl" >"$work/asked.jsonl"
run score --pool "$pool" --router expert -s expert=kind --input "$work/asked.jsonl" || fail 'score'
sed -n 's/.*"scores": *\[\([-0-9.e]*\)\].*/\1/p' "$work/out" >"$work/scores"
sed -n 's/^ *\([0-9.e-]*\),*$/\1/p' "$work/whole/losses/kind.json" >"$work/losses"
if paste "$work/scores" "$work/losses" | awk 'NF != 2 || ($1 + $2) ^ 2 > 1e-9 * (1 + $2 ^ 2) { bad++ } END { exit bad > 0 || NR != 120 }'; then
  pass
else
  fail 'losses are not those of scoring'
fi

# ---- a figure of a pool in which some have no gates: those of the others, and all updates ----
ok said plot pool "$pool" -o "$work/figures"
check 'who has none is counted' grep -q "; [0-9]* of [0-9]* have no gates'" "$work/figures/pool.gp"
check 'an update without a gate' grep -qP '\treverse\tNaN\t[-0-9]' "$work/figures/pool.tsv"

# ---- experts with too little, or named ----
head -n 44 "$work/own.jsonl" >"$work/few.jsonl"
set -- train gates -s pool="$pool" -s data.max_input=64 -s train.steps=1
ok said "$@" -s data.train="$work/few.jsonl" -s output="$work/few" -s gates.experts=reverse,kind
shows said 'kind .* too few: gets none'
shows said 'largest .* keeps its gates'
[ -e "$work/few/experts/reverse/gate.safetensors" ] && [ ! -e "$work/few/experts/kind" ] && pass || fail 'too few'
refused 3 'no expert that is to get gates is the likeliest for 100 of the examples' "$@" \
  -s data.train="$work/few.jsonl" -s output="$work/none" -s gates.least=100
refused 2 "has no expert 'kinds'.*'kind'" "$@" -s data.train="$work/few.jsonl" -s output="$work/x" -s gates.experts=kinds
refused 2 "'kind' is named twice" "$@" -s data.train="$work/few.jsonl" -s output="$work/x" \
  -s gates.experts=kind,kind
refused 2 'weight: every example is asked once' "$@" -s output="$work/x" \
  -s data.train="[{file: $work/few.jsonl, weight: 1}, {file: $work/own.jsonl, weight: 2}]"
refused 2 'pool: is required' train gates -s data.train="$work/own.jsonl" -s output="$work/x"

# ---- the pool gets them, all or none ----
refused 3 'holds no gates.json\|has no gates.json' pool set "$pool" --gates "$work"
refused 2 'set: --replace is of --gates DIR alone' pool set "$pool" kind --licence MIT --replace
refused 2 '--gates is of several experts' pool set "$pool" --gates "$work/whole" --licence MIT
cp -R "$work/whole" "$work/damaged"
cp "$work/whole/experts/kind/gate.safetensors" "$work/damaged/experts/largest/gate.safetensors"
refused 4 'largest/gate.safetensors: was changed after it was made' pool set "$pool" --gates "$work/damaged"
ok set pool set "$pool" --gates "$work/whole"
shows set '3 of 3 experts have gates by the collector (share) now'
same "$work/whole/experts/kind/gate.safetensors" "$pool/experts/kind+1/gate.safetensors"
[ ! -e "$pool/experts/kind" ] && [ ! -e "$pool/experts/.changing" ] && pass || fail 'what is left of the change'
ok list pool ls "$pool"
shows list 'kind .* collector (share) '
ok json pool ls "$pool" --json
shows json "\"gate_data\": \"$(sha256sum "$work/own.jsonl" | cut -d ' ' -f 1)\""
ok found pool check "$pool"
shows found 'kind: gates by the collector (share)'
echo "{pool: $pool, output: $work/eval, limit: 2, bootstrap.samples: 2, methods: [phatgoose],
  tasks: [{name: kind, file: $work/items.jsonl, kind: choices}]}" >"$work/eval.yaml"
ok table eval -c "$work/eval.yaml"
shows table 'gates by the collector: 3 of 3 experts'
ok routed score --pool "$pool" --router phatgoose --input "$work/items.jsonl"
refused 2 "'reverse' has gates already; say --replace" pool set "$pool" --gates "$work/whole"
ok set pool set "$pool" --gates "$work/few" --replace
shows set '1 of 3 experts have gates by the collector'
same "$work/few/experts/reverse/gate.safetensors" "$pool/experts/reverse+2/gate.safetensors"
refused 2 'every expert has gates; name those' train gates -s pool="$pool" -s data.train="$work/own.jsonl" -s output="$work/x"
refused 2 "'kind' has gates, which would go" pool add "$pool" kind --adapter $demo/experts/kind --replace

# ---- all gates together ----
set -- train gates -s pool="$pool" -s data.train="$work/own.jsonl" -s data.max_input=64 -s gates.way=joint \
  -s train.batch_size=120 -s train.save_every=1
refused 2 'gates.within: is of gates.way share, and this is joint' "$@" -s gates.within=1 -s output="$work/x"
refused 2 'gates.top_k: is of gates.way joint, and this is share' "$@" -s gates.way=share -s gates.top_k=1 -s output="$work/x"
ok plan "$@" -s output="$work/together" --dry-run
shows plan '^gates  *100 steps of all: about '
before=$(state "$pool")
ok said "$@" -s output="$work/together" -s train.steps=6 -s threads=1
[ "$(state "$pool")" = "$before" ] && pass || fail 'training changes the pool'
ok said "$@" -s output="$work/threads" -s train.steps=6 -s threads=2
resume=
for pause in 0.3 0.5 0.7; do
  "$skein" "$@" -s output="$work/ended" -s train.steps=6 $resume >"$work/log" 2>&1 &
  process=$!
  sleep $pause
  kill -9 $process 2>/dev/null
  wait $process 2>/dev/null
  if [ -e "$work/ended/run.yaml" ]; then resume=--resume; fi
done
ok log "$@" -s output="$work/ended" -s train.steps=6 $resume
for other in threads ended; do
  same "$work/together/gates.json" "$work/$other/gates.json"
  same "$work/together/experts/kind/gate.safetensors" "$work/$other/experts/kind/gate.safetensors"
done
falls() { awk -F, 'NR == 2 { first = $2 } { last = $2 } END { exit !(last < first) }' "$1"; }
if falls "$work/together/metrics.csv"; then pass; else fail 'the loss of the routed model does not fall'; fi
# The first loss is that of the model that the router makes of the pool, over all target tokens.
ok scores score --pool "$pool" --router phatgoose --input "$work/asked.jsonl"
first=$(sed -n 's/^1,\([^,]*\),.*/\1/p' "$work/together/metrics.csv")
if sed -n 's/.*"scores":\[\([-0-9.e]*\)\],"loglik":\[\([-0-9.e]*\)\].*/\1 \2/p' "$work/scores" |
  awk -v want="$first" '{ sum -= $2; tokens += int($2 / $1 + 0.5) }
    END { exit !(NR == 120 && (sum / tokens - want) ^ 2 < 1e-10 * want ^ 2) }'; then pass; else
  fail 'the loss is not that of the routed model'
fi
ok set pool set "$pool" --gates "$work/together" --replace
ok list pool ls "$pool"
shows list 'largest .* collector (joint) '
ok found pool check "$pool"
cp -R "$pool" "$work/mixed"
"$skein" pool add "$work/mixed" twice --adapter $demo/experts/twice >/dev/null 2>&1
refused 3 "'twice': has no gates, and gates.way joint goes on" "$@" -s pool="$work/mixed" -s output="$work/x"

# ---- of another adapter, and of an expert that is not there ----
run pool add "$pool" kind --adapter $demo/experts/hue --gate $demo/gates/hue.safetensors --replace || fail 'replace'
refused 4 "'kind': were trained for another adapter" pool set "$pool" --gates "$work/whole" --replace
run pool rm "$pool" kind
refused 2 "has no expert 'kind'" pool set "$pool" --gates "$work/whole" --replace
finish
