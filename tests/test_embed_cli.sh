#!/bin/sh
# `skein embed` and `skein train activation` as a user meets them, on a pool of two small experts.
. tests/checks.sh
golden=tests/golden
pool=$work/pool

# quiet ARGUMENTS: skein, its output kept.
quiet() { "$skein" "$@" >"$work/out" 2>"$work/err"; }

# must ARGUMENTS: succeeds.
must() { quiet "$@" || fail "$*"; }

# refused CODE PATTERN ARGUMENTS: that exit code, one line that matches, and no file left.
refused() {
  want=$1 pattern=$2
  shift 2
  rm -rf "$pool/embeddings" "$work/new"
  quiet "$@"
  code=$?
  if is_refusal $code "$want" "$pattern" && [ ! -e "$work/new" ] &&
    [ -z "$(ls "$pool/embeddings" 2>/dev/null)" ]; then pass; else
    fail "$*: exit $code, want $want and '$pattern'"
  fi
}

# written PATTERN ARGUMENTS: succeeds, and prints a line that matches.
written() {
  pattern=$1
  shift
  if quiet "$@" && grep -q "$pattern" "$work/out"; then pass; else fail "$*: no '$pattern'"; fi
}

# ---- a base, data, two experts and their pool ----

mkdir "$work/base"
cp $golden/embeddings/base/* $golden/tokenizer/identity/* "$work/base/"
for i in 1 2 3 4 5; do
  echo "{\"input\": \"the old weaver $i\", \"target\": \"spins\"}" >>"$work/sort.jsonl"
  echo "{\"input\": \"a map of the harbour $i\", \"target\": \"of course\"}" >>"$work/count.jsonl"
done
short="-s train.steps=2 -s train.batch_size=4 -s lora.rank=2"
must pool init --base "$work/base" "$pool"
for expert in sort count; do
  # shellcheck disable=SC2086 # a list of options
  must train lora -s base="$work/base" -s data.train="$work/$expert.jsonl" -s output="$work/$expert" $short
  must train gate -s base="$work/base" -s expert="$work/$expert" -s data.train="$work/$expert.jsonl" \
    -s output="$work/$expert-gate" -s train.steps=2 -s train.batch_size=4
  written 'over 4 examples' train activation -s base="$work/base" -s expert="$work/$expert" \
    -s data.train="$work/$expert.jsonl" -s output="$work/$expert-gate" -s activation.examples=4
  must pool add "$pool" $expert --adapter "$work/$expert" --gate "$work/$expert-gate/gate.safetensors" \
    --activation "$work/$expert-gate/activation.safetensors" --instruction "Now $expert the words."
done

# ---- what is written ----

written '/embeddings/lexical-1-[0-9a-f]*.safetensors: 2 experts, dimension 2048' embed "$pool"
written '/embeddings/encoder-2-[0-9a-f]*.safetensors: 2 experts, dimension 16' \
  embed "$pool" --embedder encoder --base "$work/base"
cp -r "$pool/embeddings" "$work/before"
must embed "$pool"
must embed "$pool" --embedder encoder --threads 1
if diff -r "$pool/embeddings" "$work/before" >"$work/err"; then pass; else fail 'not the same bytes again'; fi

echo '{"sort": [1, 2, 3], "count": [3, 2, 1], "boolq": [0, 0, 1]}' >"$work/v.json"
written '/embeddings/nomic_v1.5.safetensors: 2 experts, dimension 3' \
  embed "$pool" --file "$work/v.json" --name nomic:v1.5
written "queries.safetensors: 3 vectors of 'nomic:v1.5', dimension 3" \
  embed --file "$work/v.json" --name nomic:v1.5 --output "$work/queries.safetensors"
must embed "$pool" --file "$work/queries.safetensors"
written 'examples-lexical-1-[0-9a-f]*.safetensors: 5 examples' embed "$pool" --examples sort="$work/sort.jsonl"
written 'examples-lexical-1-[0-9a-f]*.safetensors: 7 examples' \
  embed "$pool" --examples count="$work/count.jsonl" --limit 2
# The examples of others were there before; the progress says so.
check 'the progress of added examples' grep -q '^embed  step 7/7  texts  in 0:00$' "$work/err"

# Other instructions make another embedder of the n-grams, and the vectors of the old one are removed.
must pool add "$pool" more --adapter "$work/sort" --gate "$work/sort-gate/gate.safetensors" --instruction 'More.'
written '/lexical-1-[0-9a-f]*.safetensors: removed' embed "$pool"
if [ "$(ls "$pool/embeddings" | grep -c '^lexical-')" -eq 1 ]; then pass; else fail 'a stale file is left'; fi
written 'examples-lexical-1-[0-9a-f]*.safetensors: removed' embed "$pool" --examples more="$work/sort.jsonl"
must pool rm "$pool" more

# ---- what is refused ----

refused 2 'POOL is missing' embed
refused 2 "'lexcal' is no directory" embed "$pool" --embedder lexcal
refused 2 'precomputed wants --file' embed "$pool" --embedder precomputed
refused 2 '\-\-file is of precomputed alone' embed "$pool" --embedder lexical --file "$work/v.json"
refused 2 '\-\-limit: .0.' embed "$pool" --examples sort="$work/sort.jsonl" --limit 0
refused 2 'want EXPERT=FILE' embed "$pool" --examples sort
refused 2 "has no expert 'srot'" embed "$pool" --examples srot="$work/sort.jsonl"
refused 3 'nowhere' embed "$work/nowhere"
refused 4 'another base' embed "$pool" --embedder encoder --base configs/demo/base
refused 4 "declares the embedder 'nomic:v1.5', not 'minilm'" \
  embed "$pool" --file "$work/queries.safetensors" --name minilm
refused 4 "not 'minilm'" embed --file "$work/queries.safetensors" --name minilm --output "$work/new"
echo '{"sort": [1, 2, 3], "cuont": [3, 2, 1]}' >"$work/typo.json"
refused 3 "expert 'count': .*typo.json: has no embedding of 'count'; did you mean 'cuont'" \
  embed "$pool" --file "$work/typo.json"
echo '{"sort": [1, 2, 3], "count": [3, 2]}' >"$work/two.json"
refused 3 "two.json: 'count': has 2 numbers and 'sort' has 3" embed "$pool" --file "$work/two.json"
refused 3 'sort.jsonl: line 1: text: ' embed "$pool" --examples sort="$work/sort.jsonl" --key text
must pool add "$pool" mute --adapter "$work/sort" --gate "$work/sort-gate/gate.safetensors"
refused 3 "expert 'mute' has no instruction .*--instruction" embed "$pool"
refused 2 'activation has no --resume' train activation --resume
refused 2 "unknown key 'activation.exmaples'; did you mean 'activation.examples'" \
  train activation -s activation.exmaples=3

# An encoder of sentences; its prefix is a part of its name.
cp -r $golden/sentence/nomic "$work/nomic"
must pool rm "$pool" mute
rm -rf "$pool/embeddings"
written '/embeddings/sentence-1-[0-9a-f]*.safetensors: [0-9] experts, dimension 16' embed "$pool" --embedder "$work/nomic"
if grep -q 'search_query' "$work/err"; then pass; else fail 'a missing prefix is not told'; fi
written 'dimension 8' embed "$pool" --embedder "$work/nomic" --prefix 'query: ' --dimensions 8
if [ "$(ls "$pool/embeddings" | wc -l)" = 2 ]; then pass; else fail 'prefixes share a name'; fi
echo '{"input": "the map", "choices": ["a", "b"], "label": 0, "instruction": "the map of the clock"}' >"$work/in.jsonl"
must score --pool "$pool" --base "$work/base" --router retrieval -s embedder.kind=sentence \
  -s embedder.model="$work/nomic" --input "$work/in.jsonl"
if grep -q 'does not read' "$work/err"; then fail 'embedder.kind is not read'; else pass; fi
rm -rf "$pool/embeddings"

# What it is, and what its vectors will be called.
must inspect $golden/sentence/bert
for line in 'kind  *encoder of sentences' 'dimension  *16' 'tokens of a text  *48'; do
  check "inspect: $line" grep -q "^$line\$" "$work/out"
done
name=$(sed -n 's/^embedder  *//p' "$work/out")
written "/embeddings/$name.safetensors: [0-9] experts" embed "$pool" --embedder $golden/sentence/bert
rm -rf "$pool/embeddings"
mkdir "$work/half"
echo '{"model_type": "bert"}' >"$work/half/config.json"
refused 3 'half/config.json: vocab_size: is missing' inspect "$work/half"

# ---- --embedder of who routes: the same word, and nothing is written ----

# routed NAME ARGUMENTS: the scores of the items, kept.
routed() {
  name=$1
  shift
  must score --pool "$pool" --base "$work/base" --input "$work/in.jsonl" "$@"
  cp "$work/out" "$work/$name.scores"
  cp "$work/err" "$work/$name.said"
}
glider='--router glider -s global.scale=40'
# shellcheck disable=SC2086 # a list of options
{
  routed now $glider --embedder "$work/nomic"
  routed long $glider -s embedder.kind=sentence -s embedder.model="$work/nomic"
  routed lexical $glider
}
check 'the word is short for the settings' cmp "$work/now.scores" "$work/long.scores"
check 'the pool stays as it is' [ ! -e "$pool/embeddings" ]
check 'another embedder is another' sh -c "! cmp -s '$work/now.scores' '$work/lexical.scores'"
if [ "$(grep -c 'skein: embedder: .*search_query' "$work/now.said")" = 1 ]; then pass; else
  fail 'a router that embeds does not tell of the prefix, once'
fi
must embed "$pool" --embedder "$work/nomic"
# shellcheck disable=SC2086
{
  routed kept $glider --embedder "$work/nomic"
  routed unsaid $glider
}
check 'vectors that are kept are the same' cmp "$work/now.scores" "$work/kept.scores"
check 'what the pool keeps is no choice' cmp "$work/lexical.scores" "$work/unsaid.scores"
check 'which embedder is used is said' \
  grep -q 'are compared by lexical-1-.*keeps vectors of sentence-1-.*--embedder' "$work/unsaid.said"
if grep -q 'keeps vectors' "$work/kept.said"; then fail 'vectors that are read are called unread'; else pass; fi
routed unread --router phatgoose --embedder "$work/nomic"
check 'a router that compares nothing' grep -q 'embedder: router phatgoose compares no instr' "$work/unread.said"
{
  printf '{"input": "the map", "choices": ["a", "b"], "label": 0, "instruction": "'
  for i in 1 2 3 4 5 6 7 8 9 10; do printf 'the map of the clock the map of the clock '; done
  echo '"}'
} >"$work/wordy.jsonl"
must score --pool "$pool" --base "$work/base" --input "$work/wordy.jsonl" --router glider \
  --embedder "$work/nomic"
check 'an instruction that is cut' grep -q 'embedder: 1 text is longer than the [0-9]* tokens' "$work/err"
must suggest "$pool" --base "$work/base" --input "$work/in.jsonl" --by instructions --embedder "$work/nomic"
check 'suggest tells of the prefix' grep -q 'skein: embedder: .*search_query' "$work/err"
if grep -q 'compares no' "$work/err"; then fail 'suggest compares instructions'; else pass; fi
{
  echo "{pool: $pool, base: $work/base, output: $work/eval, tasks: [{name: t, file: $work/in.jsonl}],"
  echo 'methods: [glider, {name: by-words, router: glider, embedder: lexical}, phatgoose]}'
} >"$work/eval.yaml"
must eval -c "$work/eval.yaml" --embedder "$work/nomic"
check 'methods that say none have that of the command' \
  grep -q '"embedder": "sentence"' "$work/eval/cells/glider/t.json"
check 'methods that say one keep it' grep -q '"embedder": "lexical"' "$work/eval/cells/by-words/t.json"
refused 2 "'lexcal' is no directory" score --pool "$pool" --base "$work/base" --router glider \
  --embedder lexcal --input "$work/in.jsonl"
refused 2 'embedder: needs --pool' score --base "$work/base" --embedder lexical --input "$work/in.jsonl"
# ---- pool check makes them again ----

# checked CODE PATTERN ARGUMENTS: `pool check` exits with the code and prints a line that matches.
checked() {
  want=$1 pattern=$2
  shift 2
  quiet pool check "$pool" --base "$work/base" "$@"
  code=$?
  if [ $code -eq "$want" ] && grep -q "$pattern" "$work/out"; then pass; else
    fail "pool check $*: exit $code, want $want and '$pattern'"
  fi
}

must embed "$pool" --embedder "$work/nomic" --prefix 'search_query: ' --dimensions 8
vectors=$(ls "$pool"/embeddings/sentence-1-*.safetensors)
checked 0 '^note .*the vectors of sentence-1-.* were not made again: give --embedder DIR'
checked 0 '^note .*the vectors of sentence-1-.* not made again: --embedder is another' --embedder $golden/sentence/bert
checked 0 '2 experts, 0 errors' --embedder "$work/nomic"
if grep -q 'not made again' "$work/out"; then fail 'what is made again is told'; else pass; fi
printf '\000\000\200\077' |
  dd of="$vectors" bs=1 seek=$(($(wc -c <"$vectors") - 4)) conv=notrunc 2>/dev/null
checked 0 '^note .*were not made again'
checked 4 '^error  count: .*is not what sentence-1-.* makes of its instruction' --embedder "$work/nomic"
quiet pool check "$pool" --base "$work/base" --embedder lexical
code=$?
if is_refusal $code 2 "'lexical' is no directory of an encoder"; then pass; else fail 'a kind to check with'; fi
quiet pool check "$pool" --base "$work/base" --embedder "$work/base"
code=$?
if is_refusal $code 3 'model_type: "t5" is not computed'; then pass; else fail 'a model that cannot be read'; fi
rm -rf "$pool/embeddings"

for name in e5-small-v2 multilingual_E5/ me5; do
  mkdir -p "$work/models/$name"
  cp -r $golden/sentence/bert/* "$work/models/$name"
  must embed "$pool" --embedder "$work/models/$name"
  told=$(grep -c 'called e5, .*"query: "' "$work/err")
  wants=1
  [ $name = me5 ] && wants=0
  if [ "$told" -eq $wants ]; then pass; else fail "$name: the prefix of an e5"; fi
  must embed "$pool" --embedder "$work/models/$name" --prefix 'query: '
  if grep -q 'called e5' "$work/err"; then fail "$name: a prefix that is set"; else pass; fi
done
rm -rf "$pool/embeddings"
refused 2 'of an encoder of sentences alone' embed "$pool" --prefix 'query: '
refused 2 'dimensions: is 99' embed "$pool" --embedder "$work/nomic" --dimensions 99
refused 2 "has no 'query'" embed "$pool" --embedder "$work/nomic" --prompt query
refused 3 'model_type: "t5" is not computed' embed "$pool" --embedder "$work/base"

finish
