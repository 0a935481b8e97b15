#!/bin/sh
# `skein plot instructions`: its data of texts whose cosines are known, what its script is told, refusals.
. tests/checks.sh

images= ends='.tsv, .gp'
command -v gnuplot >/dev/null && images='png svg' ends='.png, .svg, .tsv, .gp'

# drawn WHAT ARGUMENTS
drawn() {
  what=$1
  shift
  if "$skein" plot instructions "$work/file.jsonl" -o "$work/figs" "$@" >"$work/out" 2>"$work/err" &&
    [ ! -s "$work/err" ]; then pass; else fail "$what"; fi
}
has() {
  if tr '\t' '|' <"$work/figs/instructions.tsv" | grep -qxF -- "$1"; then pass; else fail "the data lack $1"; fi
}
says() {
  if grep -qxF -- "$1" "$work/figs/instructions.gp"; then pass; else fail "the script lacks $1"; fi
}
# refused CODE PATTERN ARGUMENTS: one line that matches, and nothing is made.
refused() {
  want=$1 pattern=$2
  shift 2
  "$skein" plot instructions "$@" -o "$work/none" >"$work/out" 2>"$work/err"
  code=$?
  if is_refusal $code "$want" "$pattern" && [ ! -e "$work/none" ]; then pass; else
    fail "$*: exit $code, want $want and '$pattern'"
  fi
}

# Two of `it's`, which are alike and apart from the others; of the others one each, the same.
cat >"$work/file.jsonl" <<'END'
{"name": "it's", "instruction": "Repeat the words.", "sample": 0}
{"name": "first", "instruction": "Which one?", "sample": 0}
{"name": "it's", "instruction": "Repeat the words.", "sample": 1}
{"name": "second", "instruction": "Which one?"}
END
drawn 'three names'
grep -qx "$work/figs: 1 figure: instructions ($ends)" "$work/out" && pass || fail "says $(cat "$work/out")"
for kind in tsv gp $images; do
  if [ -s "$work/figs/instructions.$kind" ]; then pass; else fail "instructions.$kind"; fi
done
has 'row|name|column|other|cosine|alike'
if [ -n "$images" ] && grep -qF '>NaN<' "$work/figs/instructions.svg"; then fail 'a cell says NaN'; else pass; fi
has "0|it's|0|it's|1|0"
has '1|first|1|first|NaN|0'
has '1|first|2|second|1|1'
has '2|second|1|first|1|1'
says 'names = 3'
says 'array alike[3] = [-1, 2, 1]'
says 'reach = 1'
refused 2 'of an encoder of sentences alone' "$work/file.jsonl" --prefix 'query: '
refused 2 'encoder goes with --base' "$work/file.jsonl" --embedder encoder
refused 2 'no directory of an encoder of sentences' "$work/file.jsonl" --embedder nowhere
refused 2 'endpoint wants --endpoint' "$work/file.jsonl" --embedder endpoint
: >"$work/empty.jsonl"
refused 3 'holds no instruction' "$work/empty.jsonl"
refused 3 'is missing\|No such file' "$work/nothing.jsonl"

# By an encoder of sentences, whose name the figure says.
rm -r "$work/figs"
drawn 'an encoder of sentences' --embedder tests/golden/sentence/bert
if grep -q 'sentence-1-' "$work/figs/instructions.gp"; then pass; else fail 'the encoder has no name'; fi
has '1|first|2|second|1|1'
finish
