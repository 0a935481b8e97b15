# report_world.sh: small runs of every kind that `skein report` shows, whose numbers are known.

# report_routing FILE TASK VALUES: statistics of one encoder and one decoder module over two experts.
report_routing() {
  cat >"$1" <<END
{"task": "$2", "method": "glider", "pool": "some/pool", "routing": {"experts": ["kind_of", "hue"], "modules": [
 {"name": "encoder.block.0.layer.0.SelfAttention.q", "tokens": 7, "entropy": 0.5, "weight": [$3], "share": [1, 0], "top1": [1, 0]},
 {"name": "decoder.block.1.layer.2.DenseReluDense.wo", "tokens": 3, "entropy": 0.5, "weight": [0.5, 0.5], "share": [1, 0], "top1": [1, 0]}]}}
END
}

# report_evaluation DIR: two groups, a mean that is missing, a cell that failed, a rule that sees labels.
report_evaluation() {
  mkdir -p "$1/cells/glider"
  cat >"$1/table.json" <<'END'
{"format": "skein-eval", "version": 1, "skein": "0.1", "base": "/home/somebody/t5-small", "base_identity": "c0ffee", "pool": "some/pool",
 "tasks": [{"name": "kind_of", "group": "held-in", "metrics": ["accuracy"], "expert": "kind_of", "file": "data/k.jsonl", "sha256": "beef", "instruction": "Say <what> it is & why."},
  {"name": "unseen", "group": "held-out", "metrics": ["accuracy"], "expert": null}],
 "methods": [{"name": "glider", "rule": "routed", "shown": true, "settings": {"router": "glider", "top_k": 2}},
  {"name": "phatgoose", "rule": "routed", "shown": true}, {"name": "oracle", "rule": "oracle", "shown": true}],
 "means": [{"method": "glider", "group": "held-in", "score": 50, "low": 40.5, "high": 100}, {"method": "glider", "group": null, "score": 35, "low": 30, "high": 40}],
 "cells": [
  {"task": "kind_of", "method": "glider", "state": "done", "items": 12, "seconds": 98.5, "scores": [{"metric": "accuracy", "score": 50, "low": 40.5, "high": 100}]},
  {"task": "kind_of", "method": "phatgoose", "state": "done", "scores": [{"metric": "accuracy", "score": 25, "low": 12.25, "high": 37.5}]},
  {"task": "unseen", "method": "oracle", "state": "done", "expert": "hue", "scores": [{"metric": "accuracy", "score": 80, "low": 70, "high": 90}]},
  {"task": "unseen", "method": "glider", "state": "done", "scores": [{"metric": "accuracy", "score": 100, "low": 100, "high": 100}]},
  {"task": "unseen", "method": "phatgoose", "state": "failed", "error": "a < b"}]}
END
  report_routing "$1/cells/glider/kind_of.routing.json" kind_of '0.75, 0.25'
  report_routing "$1/cells/glider/unseen.routing.json" unseen '0.125, 0.875'
}

# report_ablation DIR: two values of an axis, and a method that does not read it.
report_ablation() {
  mkdir "$1"
  cat >"$1/ablation.csv" <<'END'
method,k,group,task,metric,score,low,high,n,examples_per_second,state
m,1,all,mean,accuracy,12,10,14,3,1,done
m,2,all,mean,accuracy,99,98,100,3,1,done
plain,,all,mean,accuracy,40,30,50,3,1,done
END
}

# report_training DIR
report_training() {
  mkdir "$1"
  cat >"$1/metrics.jsonl" <<'END'
{"step":0,"valid_loss":8}
{"step":1,"loss":6}
{"step":2,"loss":0.5,"valid_loss":0.25}
END
  printf 'Is it trained?\n  yes & <well>\n' >"$1/report.txt"
  printf 'base: "/home/somebody/t5"\ntrain:\n  steps: 2\n' >"$1/run.yaml"
  echo '{"max_input": 64, "train": {"examples": 77}}' >"$1/data.json"
  mkdir -p "$1/checkpoints/step-00000001" "$1/checkpoints/step-00000002"
  echo '{"code": "0.0.8"}' >"$1/checkpoints/step-00000001/manifest.json"
  echo '{"code": "0.0.9", "kernel": "of one machine", "seconds": 98.5, "base": "c0ffee"}' >"$1/checkpoints/step-00000002/manifest.json"
}

# report_trace FILE
report_trace() {
  cat >"$1" <<'END'
{"task": "t", "method": "m", "pool": "/home/somebody/p", "experts": ["a", "b"],
 "encoder": [{"token": "which", "weight": [0.25, 0.75]}, {"token": " ", "weight": [0.5, 0.5]}], "decoder": [{"token": "</s>", "weight": [0, 0.5]}]}
END
}
