#!/bin/sh
# PyTorch's files as a user meets them: inspect, convert, and experts that have only a .bin.
. tests/checks.sh
golden=tests/golden/torch
demo=configs/demo

run() { "$skein" "$@" >"$work/out" 2>"$work/err"; }

# ok ARGUMENTS: exit 0 and nothing on stderr.
ok() {
  run "$@"
  code=$?
  if [ $code -eq 0 ] && [ ! -s "$work/err" ]; then pass; else fail "$*: exit $code"; fi
}

# says PATTERN...: each matches a line of what the last command printed.
says() {
  for pattern; do
    if grep -q "$pattern" "$work/out"; then pass; else fail "no line like '$pattern'"; fi
  done
}

# refused CODE PATTERN ARGUMENTS
refused() {
  want=$1 pattern=$2
  shift 2
  run "$@"
  code=$?
  if is_refusal $code "$want" "$pattern"; then pass; else
    fail "$*: exit $code, want $want and '$pattern'"
  fi
}

pointer() { printf 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n' >"$1"; }

# ---- inspect ----
ok inspect $golden/good/tied.pt
says '^kind  *PyTorch file$' '^  shared.weight .*encoder.embed_tokens.weight' \
  '^  *other  *F32 .* -  '
ok inspect $golden/good/wrapper.pt
says '^names begin behind  *state_dict$' '^  epoch  *3$' '^  steps  *\[1, 2, 3\]$'
ok inspect --json $golden/good/views.pt
says '"shares_with": "columns"'
ok inspect --names $golden/base
says 'base/pytorch_model.bin.index.json$'
ok inspect --base $demo/base $golden/demo_expert
says 'demo_expert/adapter_model.bin$'
refused 3 'evil.pt: data.pkl: byte [0-9]*: the name posix.system is refused' inspect $golden/refused/evil.pt

# ---- convert ----
ok convert $golden/good/tied.pt "$work/tied.safetensors"
says '^  shared.weight  *encoder.embed_tokens.weight$' '^tensors  *4$'
check 'the file of save_file' cmp "$work/tied.safetensors" $golden/good/tied.safetensors
refused 2 'tied.safetensors: is there already' convert $golden/good/dict.pt "$work/tied.safetensors"
check 'nothing is overwritten' cmp "$work/tied.safetensors" $golden/good/tied.safetensors
ok convert --json $golden/good/wrapper.pt "$work/wrapper.safetensors"
says '"epoch": "3"' '"names_begin_behind": "state_dict"'
ok convert "$work/wrapper.safetensors" "$work/again.safetensors"
check 'safetensors stay as they are' cmp "$work/wrapper.safetensors" "$work/again.safetensors"
ok convert $golden/demo_expert "$work/expert.safetensors"
check 'an adapter' cmp "$work/expert.safetensors" $golden/demo_expert.safetensors
mkdir "$work/base"
cp $golden/base/config.json "$work/base/"
ok convert $golden/base "$work/base/model.safetensors"
"$skein" inspect tests/golden/v1_1/base | grep fingerprint >"$work/wanted"
ok inspect "$work/base"
says "$(cat "$work/wanted")"
ok convert --below model $golden/good/optimizer.pt "$work/below.safetensors"
says '^tensors  *1$' '^left out for they are not below .*optimizer.state.0.avg'
ok inspect "$work/below.safetensors"
says '^  w  *F32  *2 '
refused 2 "has no tensor below 'mode'" convert --below mode $golden/good/optimizer.pt "$work/new.safetensors"
refused 3 'nowhere: cannot open' convert "$work/nowhere" "$work/new.safetensors"
refused 3 'numpy.pt: .*multiarray.scalar is refused' convert $golden/refused/numpy.pt "$work/new.safetensors"
refused 1 'nowhere/new.safetensors' convert $golden/good/dict.pt "$work/nowhere/new.safetensors"
head -c 1800 $golden/good/dict.pt >"$work/cut.pt"
refused 3 'cut.pt: .*truncated' convert "$work/cut.pt" "$work/new.safetensors"
refused 2 ': OUT is missing' convert $golden/good/dict.pt
check 'a failure leaves nothing' [ ! -e "$work/new.safetensors" ]

# ---- a pointer of Git LFS in their place ----
mkdir "$work/pointers"
cp $golden/base/config.json $golden/demo_expert/adapter_config.json "$work/pointers/"
pointer "$work/pointers/pytorch_model.bin"
pointer "$work/pointers/adapter_model.bin"
refused 3 'adapter_model.bin: .*a Git LFS pointer; run `git lfs pull`' inspect "$work/pointers"
rm "$work/pointers/adapter_config.json"
refused 3 'pytorch_model.bin: .*a Git LFS pointer; run `git lfs pull`' inspect "$work/pointers"

# ---- an expert with only a .bin, and the same one with safetensors ----
mkdir "$work/both"
cp $golden/demo_expert/* "$work/both/"
cp $golden/demo_expert.safetensors "$work/both/adapter_model.safetensors"
ok inspect "$work/both"
says 'both/adapter_model.safetensors$' '^not read beside it  *adapter_model.bin$'
for expert in $golden/demo_expert "$work/both"; do
  "$skein" train gate -c $demo/gate.yaml -s expert="$expert" -s output="$work/gate-$(basename "$expert")" \
    -s train.steps=1 -s train.batch_size=4 -s train.eval_every=0 >"$work/out" 2>"$work/err" || fail "gate of $expert"
done
gate=$work/gate-demo_expert/gate.safetensors
check 'the same gate' cmp "$gate" "$work/gate-both/gate.safetensors"
ok pool init "$work/pool" --base $demo/base
if run pool add "$work/pool" queries --adapter $golden/demo_expert --gate "$gate" &&
  grep -q 'demo_expert/adapter_model.bin: a PyTorch file' "$work/err"; then pass; else fail 'pool add'; fi
check 'its tensors' cmp "$work/pool/experts/queries/adapter_model.safetensors" $golden/demo_expert.safetensors
check 'no pickle' [ ! -e "$work/pool/experts/queries/adapter_model.bin" ]
ok pool check "$work/pool"
echo '{"input": "word: chair. say its kind.", "choices": ["furniture", "food"], "label": 0}' >"$work/item.jsonl"
run score --pool "$work/pool" --router phatgoose -s top_k=1 --input "$work/item.jsonl" || fail score
says '"prediction"'

# ---- vectors ----
ok embed --file $golden/good/vectors.pt --name other --output "$work/vectors.safetensors"
ok inspect "$work/vectors.safetensors"
says '2 x 4'
finish
