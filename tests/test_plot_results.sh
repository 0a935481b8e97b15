#!/bin/sh
# `skein plot results`, training, ablation and trace: what their scripts are told of data whose figures
# are known.
. tests/checks.sh

images= ends='.tsv, .gp'
command -v gnuplot >/dev/null && images='png svg' ends='.png, .svg, .tsv, .gp'

# made NAME: the figure is there, images too where gnuplot is.
made() {
  for kind in tsv gp $images; do
    if [ -s "$work/figs/$1.$kind" ]; then pass; else fail "$1.$kind"; fi
  done
}
# has FIGURE LINE: the data have this line, its columns set apart by bars here.
has() {
  if tr '\t' '|' <"$work/figs/$1.tsv" | grep -qxF -- "$2"; then pass; else fail "$1.tsv lacks $2"; fi
}
# says FIGURE LINE: the script has this line.
says() {
  if grep -qxF -- "$2" "$work/figs/$1.gp"; then pass; else fail "$1.gp lacks $2"; fi
}
# plotted WHAT ARGUMENTS
plotted() {
  what=$1
  shift
  if "$skein" plot --force "$@" -o "$work/figs" >"$work/out" 2>"$work/err" && [ ! -s "$work/err" ]; then pass; else fail "$what"; fi
}

# ---- results: two groups, a mean that is missing, rules that see labels ----

mkdir "$work/eval"
cat >"$work/eval/table.json" <<'END'
{"format": "skein-eval", "pool": "some/pool",
 "tasks": [{"name": "kind_of", "group": "held-in", "metrics": ["accuracy"], "expert": "kind_of"},
  {"name": "unseen", "group": "held-out", "metrics": ["accuracy"], "expert": null}],
 "methods": [{"name": "glider", "rule": "routed", "shown": true}, {"name": "phatgoose", "rule": "routed", "shown": true},
  {"name": "oracle", "rule": "oracle", "shown": true}, {"name": "best", "rule": "best-individual", "shown": true},
  {"name": "expert-x", "rule": "routed", "shown": false}],
 "means": [{"method": "glider", "group": "held-in", "score": 50, "low": 40.5, "high": 100},
  {"method": "phatgoose", "group": "held-in", "score": 81.25, "low": 80, "high": 82},
  {"method": "oracle", "group": "held-in", "score": 90, "low": 85, "high": 95},
  {"method": "best", "group": "held-in", "score": 60, "low": 55, "high": 65},
  {"method": "glider", "group": "held-out", "score": 20, "low": 15, "high": 26},
  {"method": "phatgoose", "group": "held-out"}, {"method": "glider", "group": null, "score": 35, "low": 30, "high": 40}],
 "cells": [{"task": "kind_of", "method": "glider", "state": "done"},
  {"task": "unseen", "method": "oracle", "state": "done", "expert": "kind_of"},
  {"task": "unseen", "method": "expert-x", "state": "failed", "error": "?"},
  {"task": "unseen", "method": "phatgoose", "state": "failed", "error": "?"}]}
END
"$skein" plot results "$work/eval" -o "$work/figs" >"$work/out" 2>"$work/err"
if [ $? -eq 0 ] && [ "$(cat "$work/out")" = "$work/figs: 1 figure: results ($ends)" ]; then pass; else fail 'results'; fi
made results
has results 'group|row|method|score|low|high|open|sees_labels'
has results 'held-in|0|glider|50|40.5|100|0|0'
has results 'held-in|1|phatgoose|81.25|80|82|0|0'
has results 'held-in|2|oracle|90|85|95|0|1'
has results 'held-in|3|best|60|55|65|0|1'
has results 'held-out|1|phatgoose|NaN|NaN|NaN|1|0'
says results 'array panel[2] = ["held-in", "held-out"]'
says results 'array tasks[panels] = [1, 1]'
says results 'metric = "accuracy"'
says results 'highest = 100'
# A half is printed as the tables print it, which is as printf does.
if [ -z "$images" ] || { grep -qF '>81.2<' "$work/figs/results.svg" && grep -qF '1 task has no score' "$work/figs/results.svg"; }; then
  pass; else fail 'the numbers of the results'; fi
"$skein" plot results "$work/eval" >"$work/out" 2>"$work/err"
if [ $? -eq 0 ] && [ -s "$work/eval/results.tsv" ]; then pass; else fail 'results beside the tables'; fi
# broken_table SED PATTERN
broken_table() {
  mkdir -p "$work/broken"
  sed "$1" "$work/eval/table.json" >"$work/broken/table.json"
  if cmp -s "$work/eval/table.json" "$work/broken/table.json"; then fail "$1: the edit changes nothing"; fi
  "$skein" plot results "$work/broken" -o "$work/none" >"$work/out" 2>"$work/err"
  if is_refusal $? 3 "broken/table.json: $2" && [ ! -e "$work/none" ]; then pass; else fail "results: $1"; fi
}
broken_table 's/skein-eval/other/' 'format: got .other., want skein-eval'
broken_table 's/"tasks": \[/"tasks": [], "tusks": [/' 'tasks: 0 entries, want 1 to'
broken_table 's/"name": "unseen"/"name": "kind_of"/' 'tasks: \[1\]: name: two tasks have it'
broken_table 's/"name": "phatgoose"/"name": "glider"/' 'methods: \[1\]: name: two methods have it'
broken_table 's/\["accuracy"\], "expert": null/[], "expert": null/' 'tasks: \[1\]: metrics'
broken_table 's/"score": 50/"score": "x"/' 'means: \[0\]: score'
broken_table 's/"low": 40.5/"low": 60/' 'means: \[0\]: low'
broken_table 's/"high": 100/"high": 20/' 'means: \[0\]: high'
broken_table 's/"task": "unseen"/"task": "?"/' 'cells: \[1\]: task: is none of'
broken_table 's/"shown": true/"shown": false/g' 'methods: none is shown'
broken_table 's/"rule": "routed", //' 'methods: \[0\]: rule'


# ---- pareto: costs that are known, ties, rules that see labels, a method without one ----

mkdir "$work/costs"
sed 's/"held-in", "score": 50,/"held-in", "added_per_token": 2000, "read_bytes": 10, "score": 50,/
s/"held-in", "score": 81.25,/"held-in", "added_per_token": 4000, "read_bytes": 30, "score": 81.25,/
s/"held-in", "score": 90,/"held-in", "added_per_token": 1000, "read_bytes": 20, "score": 90,/
s/"held-out", "score": 20,/"held-out", "added_per_token": 3000, "read_bytes": 5, "score": 20,/' \
  "$work/eval/table.json" >"$work/costs/table.json"
plotted 'score against cost' pareto "$work/costs"
made pareto
line() { # line COUNT PATTERN: the data have so many lines like this
  if [ "$(tr '\t' '|' <"$work/figs/pareto.tsv" | grep -c -- "$2")" -eq "$1" ]; then pass; else fail "pareto.tsv: $2"; fi
}
line 2 '^held-in|glider|2000|50|40.5|100|1|0|2000|'
line 2 '^held-in|phatgoose|4000|81.25|80|82|1|0|4000|'
line 1 '^held-in|oracle|1000|90|85|95|0|1|1000|'
line 2 '^held-out|glider|3000|20|15|26|1|0|3000|'
line 0 '|best|'
says pareto "subtitle = '95 % intervals; line: none is both cheaper and better; 4 without a mean or a cost'"
says pareto 'rises = 0'
mkdir "$work/same"
sed 's/"score": [0-9.]*, "low": [0-9.]*, "high": [0-9.]*/"score": 100, "low": 100, "high": 100/' \
  "$work/costs/table.json" >"$work/same/table.json"
plotted 'scores that are all the same' pareto "$work/same"
says pareto 'y_low = -8'
says pareto 'y_high = 108'
plotted 'against bytes' pareto "$work/costs" --cost bytes
line 2 '^held-in|phatgoose|30|81.25|'
cat >"$work/costs/timings.csv" <<'END'
task,method,seconds,preparation_seconds,examples_per_second,tokens_per_second
kind_of,glider,2,0.5,3,100
kind_of,phatgoose,4,0.25,3,100
kind_of,oracle,,,,
kind_of,nobody,1,1,1,1
END
plotted 'against the clock' pareto "$work/costs" --cost tokens/s
line 1 '^held-in|glider|100|50|40.5|100|0|0|'
line 2 '^held-in|phatgoose|100|81.25|80|82|1|0|'
says pareto 'rises = 1'
plotted 'against what opening takes' pareto "$work/costs" --cost seconds
line 2 '^held-in|phatgoose|0.25|81.25|80|82|1|0|'
line 1 '^held-in|glider|0.5|50|40.5|100|0|0|'
cost_refused() { # cost_refused CODE PATTERN ARGUMENTS
  want=$1 pattern=$2
  shift 2
  "$skein" plot pareto "$@" -o "$work/none" >"$work/out" 2>"$work/err"
  if is_refusal $? "$want" "$pattern" && [ ! -e "$work/none" ]; then pass; else fail "pareto: $pattern"; fi
}
cost_refused 3 'no method has a mean and a cost' "$work/eval"
cost_refused 3 'no timings.csv' "$work/eval" --cost seconds
cost_refused 2 "'speed' is none of multiply-adds" "$work/costs" --cost speed
sed -i 's/2,0.5/2,-0.5/' "$work/costs/timings.csv"
cost_refused 3 'timings.csv: line 2: seconds and rates' "$work/costs" --cost seconds
sed -i 1s/task,/tasks,/ "$work/costs/timings.csv"
cost_refused 3 'timings.csv: line 1: the columns are not' "$work/costs" --cost seconds
sed -i 's/"added_per_token": 2000/"added_per_token": -1/' "$work/costs/table.json"
cost_refused 3 'means: .0.: added_per_token' "$work/costs"

# ---- training: the axis of the loss, and the step whose parameters are the result ----

# run NAME LINES
run() {
  mkdir -p "$work/$1" && printf '%b' "$2" >"$work/$1/metrics.jsonl"
}
run falls '{"step":0,"valid_loss":8}\n{"step":1,"loss":6}\n{"step":2,"loss":0.5,"valid_loss":0.25}\n{"step":3,"loss":0.75,"valid_loss":0.25}\n'
run flat '{"step":1,"loss":2}\n{"step":2,"loss":1.5}\n'
run zero '{"step":1,"loss":2}\n{"step":2,"loss":0,"valid_loss":1}\n'
plotted 'a loss that falls' training "$work/falls"
says training 'log_loss = 1'
says training 'loss_low = 0.25'
says training 'loss_high = 8'
says training 'array chosen[runs] = [2]'
plotted 'a flat loss' training "$work/flat"
says training 'log_loss = 0'
says training 'array chosen[runs] = [-1]'
plotted 'a loss of zero' training "$work/zero"
says training 'log_loss = 0'
run skipped '{"step":1,"loss":null,"skipped":true}\n{"step":2,"loss":null,"skipped":true}\n'
plotted 'steps that were all skipped' training "$work/skipped"
mkdir "$work/other"
cp -r "$work/falls" "$work/other"
plotted 'runs of one name' training "$work/falls" "$work/other/falls" "$work/flat"
says training 'array chosen[runs] = [2, 2, -1]'
if grep '^array name' "$work/figs/training.gp" | grep -q 'falls", ".*/other/falls", "flat"'; then pass; else fail 'runs of one name'; fi

# ---- an ablation: no interval runs into the frame ----

mkdir "$work/ablation"
cat >"$work/ablation/ablation.csv" <<'END'
method,k,group,task,metric,score,low,high,n,examples_per_second,state
m,1,all,mean,accuracy,12,10,14,3,1,done
m,2,all,mean,accuracy,99,98,100,3,1,done
END
plotted 'an ablation' ablation "$work/ablation"
says ablation-k 'bottom = 7.3'
says ablation-k 'ceiling = 102.7'

# ---- a trace: pages of four columns of 80 tokens, one scale for all ----

# trace TOKENS
trace() {
  awk -v tokens="$1" 'BEGIN {
    print "{\"task\": \"t\", \"method\": \"m\", \"pool\": \"p\", \"experts\": [\"a\", \"b\"], \"encoder\": ["
    for (t = 0; t < tokens; t++)
      printf "%s{\"token\": \"t%d\", \"weight\": [%g, %g]}\n", t ? "," : "", t, t / 1000, 1 - t / 1000
    print "], \"decoder\": [{\"token\": \"end\", \"weight\": [0, 0.5]}]}"
  }' >"$work/trace.json"
}
trace 600
plotted 'a long trace' trace "$work/trace.json"
if [ "$(cat "$work/out")" = "$work/figs: 2 figures, trace to trace-2 ($ends)" ]; then pass; else fail 'pages of a trace'; fi
made trace
made trace-2
has trace '319|encoder|t319|0|a|0.319'
has trace-2 '320|encoder|t320|1|b|0.68'
has trace-2 '600|decoder|end|1|b|0.5'
for line in 'first = 320' 'rows = 281' 'tokens = 601' 'encoder = 600' 'column_rows = 71' 'largest = 1'; do says trace-2 "$line"; done
if [ -n "$images" ]; then
  # Width and height of the image, from its head: a screen or two, not a strip.
  for page in trace trace-2; do
    size=$(sed -n 's/.*<svg width="\([0-9]*\)" height="\([0-9]*\)".*/\1 \2/p; /<svg/q' "$work/figs/$page.svg" | head -n 1)
    [ -n "$size" ] || size=$(tr '\n' ' ' <"$work/figs/$page.svg" | sed -n 's/.*<svg *width="\([0-9]*\)" height="\([0-9]*\)".*/\1 \2/p')
    # shellcheck disable=SC2086 # two numbers
    set -- $size
    if [ "${1:-9999}" -le 2000 ] && [ "${2:-9999}" -le 1400 ]; then pass; else fail "$page is of size $size"; fi
  done
fi
trace 21000
PATH="$work/bin" "$(command -v "$skein")" plot trace "$work/trace.json" -o "$work/many" >"$work/out" 2>"$work/err"
if grep -q 'the first 20480 of 21001 tokens are drawn' "$work/err" && grep -q ': 64 figures, trace to trace-64 (' "$work/out"; then
  pass; else fail 'too many pages'; fi
trace 60
plotted 'a short trace' trace "$work/trace.json"
if [ "$(cat "$work/out")" = "$work/figs: 1 figure: trace ($ends)" ] && ! grep -q 'tokens 1 to' "$work/figs/trace.gp"; then pass; else
  fail 'a page of a trace'
fi

finish
