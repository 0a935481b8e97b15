#!/bin/sh
# `skein plot routing`: the figures of an evaluation, their data against a plain recount, refusals.
. tests/checks.sh

plot() { "$skein" plot routing --force "$@" >"$work/out" 2>"$work/err"; }

# cell METHOD TASK FIRST: two experts and three modules, whose weights of expert 0 are FIRST, 0.5 and 0.
cell() {
  mkdir -p "$work/eval/cells/$1"
  awk -v method="$1" -v task="$2" -v first="$3" 'BEGIN {
    split("decoder.block.0.layer.1.EncDecAttention.k encoder.block.1.layer.0.SelfAttention.q " \
          "encoder.block.0.layer.1.DenseReluDense.wo", name, " ")
    split(first " 0.5 0", weight, " ")
    printf "{\"task\": \"%s\", \"method\": \"%s\", \"pool\": \"some/pool\", \"routing\": ", task, method
    printf "{\"experts\": [\"kind_of\", \"it'"'"'s\"], \"modules\": ["
    for (i = 1; i <= 3; i++) {
      printf "%s{\"name\": \"%s\", \"tokens\": 7, \"entropy\": 0.%d", (i > 1 ? ", " : ""), name[i], i
      printf ", \"weight\": [%s, %s], \"share\": [1, 0], \"top1\": [0, 1]}", weight[i], (1 - weight[i])
    }
    print "]}}"
  }' >"$work/eval/cells/$1/$2.routing.json"
}
# table DIR TASKS: what skein eval leaves beside the cells; TASKS are of the list `tasks`. An oracle
# chose it's for the task unseen.
table() {
  cat >"$1/table.json" <<END
{"format": "skein-eval", "pool": "some/pool", "tasks": [$2],
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
  {"task": "unseen", "method": "best", "state": "done", "expert": "kind_of"},
  {"task": "unseen", "method": "oracle", "state": "done", "expert": "it's"},
  {"task": "kind_of", "method": "oracle", "state": "done", "expert": "kind_of"},
  {"task": "unseen", "method": "expert-x", "state": "failed", "error": "?"},
  {"task": "unseen", "method": "phatgoose", "state": "failed", "error": "?"}]}
END
}
cell glider kind_of 1
cell glider unseen 0.25
table "$work/eval" '{"name": "kind_of", "group": "held-in", "metrics": ["accuracy"], "expert": "kind_of"},
  {"name": "unseen", "group": "held-out", "metrics": ["accuracy"], "expert": null}'
cell phatgoose kind_of 0.5
cell phatgoose unseen 0.5

# A method that routes nothing has no figure and is in nobody's way.
mkdir "$work/eval/cells/merged"
sed 's/"modules": .*/"modules": []}}/; s/"glider"/"merged"/' "$work/eval/cells/glider/kind_of.routing.json" \
  >"$work/eval/cells/merged/kind_of.routing.json"

# made NAME...: each figure is there, images too where gnuplot is.
made() {
  for name; do
    for kind in tsv gp $images; do
      if [ -s "$work/figs/$name.$kind" ]; then pass; else fail "$name.$kind"; fi
    done
  done
}
images= ends='.tsv, .gp'
command -v gnuplot >/dev/null && images='png svg' ends='.png, .svg, .tsv, .gp'
if plot "$work/eval" -o "$work/figs"; then pass; else fail 'every figure'; fi
if [ "$(cat "$work/out")" = "$work/figs: 15 figures, difference-glider-phatgoose to tasks-phatgoose ($ends)" ]; then pass; else
  fail "what was made: $(cat "$work/out")"
fi
made modules-glider-kind_of experts-glider-kind_of entropy-glider-unseen modules-phatgoose-unseen \
  tasks-glider tasks-phatgoose difference-glider-phatgoose
if [ ! -e "$work/figs/tasks-merged.tsv" ]; then pass; else fail 'a figure of a method that routes nothing'; fi
if [ -z "$(find "$work/figs" -name '*.part')" ]; then pass; else fail 'unfinished images'; fi

# has FILE LINE: the data have this line, its columns set apart by bars here.
has() {
  if tr '\t' '|' <"$work/figs/$1.tsv" | grep -qxF "$2"; then pass; else fail "$1: $2"; fi
}
# Rows by stack, block and group, not as in the file.
has modules-glider-unseen "0|encoder.block.0.layer.1.DenseReluDense.wo|encoder|0|encoder ff|wo|7|0|kind_of|0"
has modules-glider-unseen "1|encoder.block.1.layer.0.SelfAttention.q|encoder|1|encoder self|q|7|1|it's|0.5"
has modules-glider-unseen "2|decoder.block.0.layer.1.EncDecAttention.k|decoder|0|decoder cross|k|7|1|it's|0.75"
has experts-glider-kind_of '0|kind_of|0.5|0.40824829|own' # (1 + 0.5 + 0) / 3 and sqrt(0.5 / 3)
has experts-glider-unseen "1|it's|0.75|0.204124145|oracle"
has experts-glider-unseen '0|kind_of|0.25|0.204124145|none'
has entropy-glider-unseen '2|decoder|0|decoder cross|1|0.1|0'
has entropy-glider-unseen '0|encoder|0|encoder ff|1|0.3|0'
has tasks-glider '1|unseen|held-out|0|kind_of|none|0.25'
has tasks-glider "1|unseen|held-out|1|it's|oracle|0.75"
has difference-glider-phatgoose 'row|task|group|column|expert|mark|glider|phatgoose|difference'
has difference-glider-phatgoose '0|kind_of|held-in|0|kind_of|own|0.5|0.333333333|0.166666667'
# says FIGURE LINE: the script has this line.
says() {
  if grep -qxF -- "$2" "$work/figs/$1.gp"; then pass; else fail "$1.gp lacks $2"; fi
}
says tasks-glider 'array group[groups] = ["held-in", "held-out"]'
says tasks-glider 'array group_first[groups] = [0, 1]'
says tasks-glider 'array own[rows] = [0, -1]'
says tasks-glider 'array oracle[rows] = [-1, 1]'
# One scale for what can be compared: the largest mean is that of glider on unseen, the largest of one
# module is 1, the largest mean with its deviation sqrt(1/24) more than 0.75.
for figure in tasks-glider tasks-phatgoose difference-glider-phatgoose; do says $figure 'largest = 0.75'; done
for figure in modules-glider-kind_of modules-glider-unseen modules-phatgoose-unseen; do says $figure 'largest = 1'; done
for figure in experts-glider-kind_of experts-phatgoose-unseen; do says $figure 'largest = 0.954124145'; done

# The other statistics; parts of an evaluation; a file alone.
rm -r "$work/figs"
if plot "$work/eval" -o "$work/figs" --statistic share --figure tasks --method glider; then pass; else fail 'share'; fi
has tasks-glider '1|unseen|held-out|0|kind_of|none|1'
if [ "$(find "$work/figs" -name '*.gp' | wc -l)" -eq 1 ]; then pass; else fail 'only one figure'; fi
if grep -q 'Routing by task and expert: share' "$work/figs/tasks-glider.gp" &&
  grep -q "method .*glider.*some/pool" "$work/figs/tasks-glider.gp"; then pass; else fail 'the title'; fi
if plot "$work/eval/cells/glider/unseen.routing.json" -o "$work/figs" --statistic top1; then pass; else fail 'a file'; fi
has tasks-glider "0|unseen||1|it's|none|1"
if plot "$work/eval" -o "$work/figs" --figure difference --compare phatgoose,glider; then pass; else fail '--compare'; fi
made difference-phatgoose-glider
# A figure of all tasks outlives those of one task; a single task has one when asked.
rm -r "$work/figs"
if plot "$work/eval" -o "$work/figs" --figure tasks && plot "$work/eval" -o "$work/figs" --task unseen; then pass; else
  fail '--task'
fi
has tasks-glider '0|kind_of|held-in|0|kind_of|own|0.5'
made modules-phatgoose-unseen
if [ ! -e "$work/figs/difference-glider-phatgoose.tsv" ]; then pass; else fail 'a difference of one task'; fi
if plot "$work/eval" -o "$work/figs" --task unseen --figure tasks; then pass; else fail '--task --figure tasks'; fi
has tasks-glider '0|unseen|held-out|0|kind_of|none|0.25'
says tasks-glider 'largest = 0.75'
if plot "$work/eval" -o "$work/figs" --figure modules --method phatgoose --task unseen; then pass; else fail 'a part'; fi
says modules-phatgoose-unseen 'largest = 1'

# Tasks and groups stand as in the tables, whatever their names and experts are called; what is not in
# the tables stands last, and this is said.
mkdir "$work/named"
cp -r "$work/eval/cells" "$work/named"
cp "$work/named/cells/glider/unseen.routing.json" "$work/named/cells/glider/stale.routing.json"
sed -i 's/"unseen"/"stale"/' "$work/named/cells/glider/stale.routing.json"
table "$work/named" '{"name": "unseen", "group": "held-out", "metrics": ["accuracy"], "expert": null},
  {"name": "z", "group": "held-in", "metrics": ["f1"], "expert": "nobody"},
  {"name": "other", "group": "held-out", "metrics": ["accuracy"], "expert": "kind_of"},
  {"name": "kind_of", "group": "held-in", "metrics": ["accuracy"], "expert": "it'"'s"'"}'
sed 's/"unseen"/"other"/' "$work/named/cells/glider/unseen.routing.json" >"$work/named/cells/glider/other.routing.json"
if plot "$work/named" -o "$work/figs" --figure tasks --method glider &&
  grep -q 'named: 1 cell of tasks that its table.json does not have; they stand last' "$work/err"; then pass; else
  fail 'other names'
fi
says tasks-glider 'array task[4] = ["unseen", "other", "kind_of", "stale"]'
says tasks-glider 'array group[groups] = ["held-out", "held-in", ""]'
says tasks-glider 'array group_first[groups] = [0, 2, 3]'
says tasks-glider 'array own[rows] = [-1, 0, 1, -1]'
says tasks-glider 'array oracle[rows] = [1, -1, 0, -1]'
# Without tables an own expert is the one of the task's name, and this is said.
rm "$work/named/table.json"
if plot "$work/named" -o "$work/figs" --figure tasks --method glider && grep -q 'named: has no table.json' "$work/err"; then
  pass; else fail 'no table.json'; fi
says tasks-glider 'array task[4] = ["kind_of", "other", "stale", "unseen"]'
says tasks-glider 'array group_first[groups] = [0, 1]'

# Long names lose their middle, and so stay apart.
mkdir "$work/long"
for end in one two; do
  sed 's/"unseen"/"a_long_name_of_a_task_that_ends_in_'$end'"/' "$work/eval/cells/glider/unseen.routing.json" >"$work/long/$end.json"
done
if plot "$work"/long/*.json -o "$work/figs" --figure tasks; then pass; else fail 'long names'; fi
says tasks-glider 'array task[2] = ["a_long_name_of_a…hat_ends_in_one", "a_long_name_of_a…hat_ends_in_two"]'

for number in 1 2; do
  sed 's/"unseen"/"super_glue_task_number_'$number'_of_question_answering"/' "$work/eval/cells/glider/unseen.routing.json" \
    >"$work/long/$number.json"
done
if plot "$work"/long/[12].json -o "$work/figs" --figure tasks; then pass; else fail 'names that differ in their middle'; fi
says tasks-glider 'array task[2] = ["super_glue_task_number_1…swering", "super_glue_task_number_2…swering"]'

# Without gnuplot one line says so, and the data and the script are there.
rm -r "$work/figs"
mkdir "$work/bin"
PATH="$work/bin" "$(command -v "$skein")" plot routing "$work/eval" -o "$work/figs" --figure tasks \
  --method glider >"$work/out" 2>"$work/err"
if [ $? -eq 0 ] && grep -q 'gnuplot is not installed' "$work/err" && [ "$(wc -l <"$work/err")" -eq 1 ]; then pass; else
  fail 'without gnuplot'
fi
images=
made tasks-glider
if [ ! -e "$work/figs/tasks-glider.png" ]; then pass; else fail 'an image without gnuplot'; fi

# refused CODE PATTERN ARGUMENTS: that exit code, one line that matches, and nothing written.
refused() {
  want=$1 pattern=$2
  shift 2
  rm -rf "$work/figs"
  plot "$@" -o "$work/figs"
  code=$?
  if is_refusal $code "$want" "$pattern" && [ ! -e "$work/figs" ]; then pass; else
    fail "$*: exit $code, want $want and '$pattern'"
  fi
}
good=$work/eval/cells/glider/kind_of.routing.json
# broken WHAT SED CODE PATTERN: the good file with this edit is refused.
broken() {
  sed "$2" "$good" >"$work/$1.json"
  if cmp -s "$good" "$work/$1.json"; then fail "$1: the edit changes nothing"; fi
  refused "$3" "$1.json: $4" "$work/$1.json"
}
broken cut 's/}}$//' 3 'line '
broken no-task 's/"task"/"tusk"/' 3 'task'
broken no-routing 's/"routing"/"routes"/' 3 'routing'
broken no-experts 's/"experts": \[[^]]*\]/"experts": []/' 3 'routing.experts'
broken expert-number 's/"kind_of", "it/7, "it/' 3 'routing.experts: \[0\]'
broken no-module 's/"modules": \[.*/"modules": []}}/' 3 '.*routed nothing'
broken module-name 's/wo"/wx"/' 3 ".*'encoder.block.0.layer.1.DenseReluDense.wx'"
broken short 's/"share": \[1, 0\]/"share": [1]/' 3 'decoder.*EncDecAttention.k: share: 1 numbers, want 2'
broken too-large 's/\[0.5, 0.5\]/[1.5, 0.5]/' 3 'encoder.*SelfAttention.q: weight: \[0\]'
broken text-value 's/\[0.5, 0.5\]/[0.5, "a"]/' 3 'encoder.*SelfAttention.q: weight: \[1\]'
broken entropy 's/"entropy": 0.2/"entropy": -1/' 3 'routing.modules: \[1\]: entropy'
sed 's/"kind_of", "it/"other", "it/; s/glider/third/' "$good" >"$work/other.json"
refused 4 'other.json: its experts are not those of' "$good" "$work/other.json" --compare glider,third
refused 4 'other.json: its experts are not those of' "$good" "$work/other.json" --figure difference
# Methods over parts of the pool have their own figures; what would show both is left out, and said.
if plot "$good" "$work/other.json" -o "$work/figs" &&
  grep -q 'no figure difference: glider and third are of other experts' "$work/err"; then pass; else
  fail 'methods of other experts'
fi
made modules-glider-kind_of
made modules-third-kind_of
if [ ! -e "$work/figs/difference-glider-third.tsv" ]; then pass; else fail 'a difference of other experts'; fi
sed 's/"kind_of", "it/"other", "it/; s/"task": "kind_of"/"task": "second"/' "$good" >"$work/second.json"
refused 4 'its experts are not those of' "$good" "$work/second.json"
refused 2 'both are of method glider on task kind_of' "$good" "$good"
refused 3 'nowhere' "$work/nowhere"
refused 3 "has no folder 'cells'" "$work/bin"
refused 3 'no routing statistics' "$work/eval" --task nothing
refused 2 "unknown 'taks'; it is modules.*did you mean 'tasks'" "$work/eval" --figure taks
refused 2 "statistic: got 'mean'" "$work/eval" --statistic mean
refused 2 'want A,B' "$work/eval" --figure difference --compare glider
refused 2 'two methods' "$work/eval" --figure difference --compare glider,arrow
plot "$good"
if [ $? -eq 2 ] && grep -q -- '-o DIR is missing' "$work/err"; then pass; else fail 'without -o'; fi

# A trace: the two experts with the largest weights, in the order of the pool.
rm -rf "$work/figs"
trace=$work/trace.json
cat >"$trace" <<'END'
{"task": "rte", "method": "glider", "pool": "p", "experts": ["a", "b_c", "d"],
 "encoder": [{"token": "'", "weight": [0.5, 0.125, 0.375]}, {"token": "{_x", "weight": [0, 0.25, 0.75]}],
 "decoder": [{"token": "</s>", "weight": [0.25, 0.25, 0.5]}]}
END
if "$skein" plot trace "$trace" -o "$work/figs" --top 2 >"$work/out" 2>"$work/err"; then pass; else fail 'trace'; fi
images=
command -v gnuplot >/dev/null && images='png svg'
made trace
has trace "0|encoder|'|0|a|0.5"
has trace '1|encoder|{_x|1|d|0.75'
has trace '2|decoder|</s>|1|d|0.5'
if [ "$(wc -l <"$work/figs/trace.tsv")" -eq 7 ] && grep -q 'task.*rte.*glider' "$work/figs/trace.gp"; then pass; else
  fail 'the data of a trace'
fi
# broken_trace SED PATTERN
broken_trace() {
  sed "$1" "$trace" >"$work/bad.json"
  if cmp -s "$trace" "$work/bad.json"; then fail "$1: the edit changes nothing"; fi
  "$skein" plot trace "$work/bad.json" -o "$work/none" >"$work/out" 2>"$work/err"
  if [ $? -eq 3 ] && grep -q "bad.json: .*$2" "$work/err" && [ ! -e "$work/none" ]; then pass; else fail "trace: $1"; fi
}
broken_trace 's/, 0.125/, 0.125, 1/' 'encoder: \[0\]: weight: want an array'
broken_trace 's/0.75/"x"/' 'encoder: \[1\]: weight: want numbers'
broken_trace 's/"<.s>"/5/' 'decoder: \[0\]: token'
broken_trace 's/"decoder"/"decode"/' 'decoder'
broken_trace 's/\["a", "b_c", "d"\]/[]/' 'experts: is empty'
broken_trace 's/"method"/"math"/' 'method'
"$skein" plot trace "$trace" -o "$work/none" --top 0 >"$work/out" 2>"$work/err"
if [ $? -eq 2 ] && grep -q -- "--top: got '0'" "$work/err"; then pass; else fail '--top 0'; fi

"$skein" plot training "$work/eval" --task a >"$work/out" 2>"$work/err"
if [ $? -eq 2 ] && grep -q 'training takes no --task' "$work/err"; then pass; else fail 'training --task'; fi

finish
