#!/bin/sh
# `skein tokens` as a user meets it, on small vocabularies in the files that people have.
. tests/checks.sh
files=tests/golden/tokenizer_files

quiet() { "$skein" tokens "$@" >"$work/out" 2>"$work/err"; }

# refused CODE PATTERN ARGUMENTS: that exit code, one line that matches, and no file left.
refused() {
  want=$1 pattern=$2
  shift 2
  quiet "$@"
  code=$?
  if is_refusal $code "$want" "$pattern" && [ ! -e "$work/new" ]; then pass; else
    fail "$*: exit $code, want $want and '$pattern'"
  fi
}

# printed TEXT: the last output is these lines.
printed() {
  printf '%s\n' "$1" >"$work/want"
  if cmp -s "$work/want" "$work/out"; then pass; else fail "not printed: $1"; fi
}

# said PATTERN: stderr is one line that matches.
said() {
  if [ "$(wc -l <"$work/err")" -eq 1 ] && grep -q "$1" "$work/err"; then pass; else fail "not said: $1"; fi
}

printf '%s\n' '{"input": "foo 日", "other": 1}' '' '{"id": "x", "input": ""}' '{"id": 7, "input": "</s>"}' \
  >"$work/lines.jsonl"
lines='{"id":"0","ids":[300,3,2,1],"pieces":["foo","▁","<unk>","</s>"]}
{"id":"x","ids":[1],"pieces":["</s>"]}
{"id":7,"ids":[1,1],"pieces":["</s>","</s>"]}'
quiet --base $files/decoder --input "$work/lines.jsonl"
printed "$lines"
said '^tokens: 1 of 7 ids are <unk>, in 3 lines$'
quiet --base $files/decoder --input - <"$work/lines.jsonl"
printed "$lines"
quiet --base $files/saved/tokenizer.json --input "$work/lines.jsonl" -o "$work/new"
mv "$work/new" "$work/out"
printed "$lines"
zstd -q "$work/lines.jsonl" && quiet --base $files/decoder --input "$work/lines.jsonl.zst"
printed "$lines"
echo '{"text": "foo"}' >"$work/text.jsonl"
quiet --base $files/saved --input "$work/text.jsonl" --input-key text
printed '{"id":"0","ids":[300,1],"pieces":["foo","</s>"]}'

echo '{"input": 1}' >>"$work/lines.jsonl"
refused 3 'lines.jsonl: line 5: input: ' --base $files/decoder --input "$work/lines.jsonl" -o "$work/new"
refused 3 'lines.jsonl: line 5: input: ' --base $files/decoder --input "$work/lines.jsonl"
refused 3 'text.jsonl: line 1: input: ' --base $files/decoder --input "$work/text.jsonl"
refused 3 'standard input: line 1: ' --base $files/decoder --input - <<END
{"input":
END
mkdir "$work/bytes"
echo '{"tokenizer_class": "ByT5Tokenizer"}' >"$work/bytes/tokenizer_config.json"
refused 3 'bytes/tokenizer_config.json: tokenizer_class: is ByT5Tokenizer' --base "$work/bytes" --input -
refused 3 'nowhere: has no tokenizer.json, spiece.model or vocab.txt\|nowhere' --base "$work/nowhere" --input -
refused 2 'base: is required' --input -
refused 2 'input: is required' --base $files/decoder
refused 2 "unexpected argument 'x'" --base $files/decoder --input - x

finish
