#!/bin/sh
# (IA)3 experts as their users meet them: trained by T-Few's losses, gated, collected beside a LoRA, run.
. tests/checks.sh
demo=configs/demo
pool=$work/pool

skein() { "$skein" "$@" >"$work/out" 2>"$work/err"; }

# accepted ARGUMENTS; says PATTERN...: each matches a line that the last command printed.
accepted() { if skein "$@"; then pass; else fail "$*: exit $?"; fi; }
says() {
  for pattern; do
    if grep -q "$pattern" "$work/out"; then pass; else fail "no line like '$pattern'"; fi
  done
}
# refused CODE PATTERN ARGUMENTS
refused() {
  want=$1 pattern=$2
  shift 2
  skein "$@"
  code=$?
  if is_refusal $code "$want" "$pattern"; then pass; else fail "$*: exit $code, want $want and '$pattern'"; fi
}

# lines N: so many items that ask for a kind, each with its target and three choices.
lines() {
  awk -v n="$1" 'BEGIN {
    split("mango horn roach jasmine oak flute", thing, " ")
    split("fruit instrument fish flower tree instrument", kind, " ")
    split("garment insect bird", other, " ")
    for (i = 0; i < n; i++) {
      k = 1 + i % 6
      at = i % 3
      text = ""
      for (c = 0; c < 3; c++) text = text (c ? ", " : "") "\"" (c == at ? kind[k] : other[1 + c]) "\""
      printf "{\"input\": \"%d. what is a %s?\", \"target\": \"%s\", \"choices\": [%s], \"label\": %d}\n",
        i, thing[k], kind[k], text, at
    }
  }'
}
lines 60 >"$work/train.jsonl"
lines 8 >"$work/valid.jsonl"
ia3="train ia3 -s base=$demo/base -s data.train=$work/train.jsonl -s recipe=t-few"
gate="train gate -s base=$demo/base -s data.train=$work/train.jsonl -s train.steps=2 -s train.batch_size=8"

# ---- training ----
accepted $ia3 -s output="$work/none" --dry-run
says '^train ia3: every file fits' '^memory'
if [ ! -e "$work/none" ]; then pass; else fail 'a dry run leaves something'; fi
refused 2 "target modules: \"wx\"" $ia3 -s output="$work/none" -s ia3.targets=k,wx
refused 2 'feed-forward modules: .*wo is not among' $ia3 -s output="$work/none" -s ia3.targets=k
sed 's/"choices"/"options"/' "$work/train.jsonl" >"$work/lone.jsonl"
refused 3 'lone.jsonl: line 1: choices: is missing' $ia3 -s data.train="$work/lone.jsonl" -s output="$work/none"
refused 2 "'t-few' says nothing about .train gate" $gate -s recipe=t-few -s expert="$work/none" -s output="$work/none"
accepted $ia3 -s data.valid="$work/valid.jsonl" -s output="$work/ia3" -s train.steps=4 -s train.eval_every=2
accepted $ia3 -s data.train="$work/lone.jsonl" -s loss.choice=0 -s loss.unlikely=0 -s train.optimizer=adamw \
  -s output="$work/adam" -s train.steps=2
accepted $gate -s expert="$work/ia3" -s output="$work/gate"
says 'Is the gate trained'
accepted train activation -s base=$demo/base -s expert="$work/ia3" -s data.train="$work/train.jsonl" -s activation.examples=8 \
  -s output="$work/activation"
mkdir "$work/home"
echo precious >"$work/home/thesis"
for file in adapter_config.json adapter_model.safetensors; do
  rm -rf "$work/linked" && mkdir "$work/linked" && ln -s "$work/home/thesis" "$work/linked/$file"
  skein $ia3 -s output="$work/linked" -s train.steps=1
  if [ $? -eq 2 ] && grep -q "linked: holds '$file' and is no run" "$work/err" && [ "$(cat "$work/home/thesis")" = precious ]; then pass; else
    fail "a link named $file in an output"
  fi
done

# ---- inspecting ----
accepted inspect "$work/ia3" --base $demo/base
says '^kind .*(IA)3 expert (PEFT)' '^fits base' '\.wo  *inputs' '\.k  *outputs' '^modules covered  *24$'

# ---- collecting ----
accepted pool init "$pool" --base $demo/base
accepted pool add "$pool" colours --adapter "$work/ia3" --gate "$work/gate/gate.safetensors" \
  --activation "$work/activation/activation.safetensors" --instruction 'Say of what kind it is.'
accepted pool add "$pool" hue --adapter $demo/experts/hue --gate $demo/gates/hue.safetensors --instruction 'Name the colour.'
if grep -q '^  kind: ia3$' "$pool/pool.yaml" && ! grep -q '^  kind: lora$' "$pool/pool.yaml"; then pass; else fail 'kinds in pool.yaml'; fi
accepted pool ls "$pool"
says '^  colours  *ia3  *-  *-  *24 ' '^  hue  *lora  *8 '
accepted pool check "$pool"
cp -R "$pool" "$work/copy"
sed '/^  kind: ia3$/d; s/^  modules: 24$/  rank: [1, 1]\n  alpha: [1.0, 1.0]\n  modules: 24/' "$pool/pool.yaml" >"$work/copy/pool.yaml"
skein pool check "$work/copy"
if [ $? -eq 4 ]; then says '^error  colours: pool.yaml: kind: has lora, the adapter ia3'; else fail 'check of a wrong kind'; fi
sed 's/kind: ia3/kind: ia4/' "$pool/pool.yaml" >"$work/copy/pool.yaml"
refused 3 'pool.yaml: experts\[0\]: kind: is "ia4"' pool ls "$work/copy"
refused 4 'gate.safetensors: __metadata__: expert: made for ' pool add "$pool" other --adapter "$work/adam" \
  --gate "$work/gate/gate.safetensors"
accepted plot pool "$pool" -o "$work/figures"

# ---- running ----
for router in phatgoose glider uniform merged retrieval average-activation random 'expert -s expert=colours'; do
  if [ "$router" = average-activation ]; then # hue has no activations
    refused 3 "expert 'hue': has no activation" score --pool "$pool" --router $router --input "$work/valid.jsonl"
    router='average-activation -s only=colours -s top_k=1'
  fi
  accepted score --pool "$pool" --router $router --input "$work/valid.jsonl"
  if [ "$(wc -l <"$work/out")" -eq 8 ]; then pass; else fail "scores by $router"; fi
done
for router in arrow norm merged-factors; do
  refused 4 "router $router works on the factors of LoRAs, and the expert 'colours' is an (IA)3" \
    score --pool "$pool" --router $router --input "$work/valid.jsonl"
done
# The dry run of an evaluation refuses what its run would.
printf 'pool: %s\noutput: %s\ntasks: [{name: v, file: %s}]\nmethods: [base, arrow]\n' "$pool" "$work/eval" \
  "$work/valid.jsonl" >"$work/eval.yaml"
"$skein" eval -c "$work/eval.yaml" --dry-run >"$work/out" 2>"$work/err"
if [ $? -eq 6 ] && grep -q "arrow on v: .*the expert 'colours' is an (IA)3" "$work/err" && [ ! -e "$work/eval" ]; then
  pass
else
  fail "a dry run of arrow: $(cat "$work/err")"
fi
accepted generate --pool "$pool" --router phatgoose --input "$work/valid.jsonl"

# ---- what somebody else made of the files ----
strange() { rm -rf "$work/strange" && cp -R "$pool" "$work/strange"; }
uniform() { refused "$1" "$2" score --pool "$work/strange" --router uniform --input "$work/valid.jsonl"; }
for file in adapter_config.json adapter_model.safetensors gate.safetensors activation.safetensors; do
  strange && printf ' ' >>"$work/strange/experts/colours/$file"
  uniform 4 "colours/$file: was changed after it was added"
  strange && mv "$work/strange/experts/colours/$file" "$work/home/$file" &&
    ln -s "$work/home/$file" "$work/strange/experts/colours/$file"
  uniform 3 "colours/$file: is a symbolic link; nothing below .*strange may be one"
  rm "$work/strange/experts/colours/$file" && mkfifo "$work/strange/experts/colours/$file"
  uniform 3 "colours/$file: is not a regular file"
done
strange && mv "$work/strange/experts/colours" "$work/home/colours" && ln -s "$work/home/colours" "$work/strange/experts/colours"
uniform 3 'experts/colours: is a symbolic link; nothing below .*strange may be one'
refused 3 'experts/colours: is a symbolic link' pool export peft "$work/strange" "$work/out-peft"
rm "$work/strange/experts/colours" && cp "$work/ia3/adapter_model.safetensors" "$work/strange/experts/colours"
uniform 3 'experts/colours'
finish
