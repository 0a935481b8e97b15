#!/bin/sh
# Mistakes on purpose, as people make them who use a command for the first time: each line of an error
# says what is wrong and what to do.
. tests/checks.sh
case $skein in /*) ;; *) skein=$PWD/$skein ;; esac
cp -r configs/demo/base "$work/t5"
cp -r configs/demo/experts/kind "$work/kind"
cp -r configs/demo/experts/hue "$work/hue"
cp configs/demo/gates/kind.safetensors configs/demo/gates/hue.safetensors "$work/"
cd "$work" || exit 1

cat >items.jsonl <<'END'
{"input": "what is a cart?", "choices": ["vehicle", "tree"], "label": 0}
END
echo '{"inputs": "a", "targets": "b"}' >keys.jsonl
echo '{"input": "a", "target": "vehicle"}' >train.jsonl
printf 'input,target\na,b\n' >table.csv
cat items.jsonl items.jsonl >two.jsonl
echo '[{"input": "a"}]' >array.jsonl
mkdir no-tokenizer other conf
cp t5/config.json t5/model.safetensors no-tokenizer/
printf 'base: t9\nexpert: ../kind\ndata: {train: train.jsonl}\noutput: run\n' >conf/gate.yaml
printf 'base: t9\nexpert: kind\ndata: {train: train.jsonl}\noutput: run\n' >gate.yaml
printf 'base: ../t5\nexpert: ../kind\ndata: {train: [own.jsonl, none.jsonl]}\noutput: run\n' >conf/files.yaml
sed 's|t9|google/flan-t5|' conf/gate.yaml >conf/hub.yaml
printf 'pool: pool\ntasks: [{name: a, file: items.jsonl}]\nmethods: [phatgose]\n' >eval.yaml
printf 'pool: pool\ntasks: none.yaml\nmethods: [base]\n' >tasks.yaml
printf 'pool: pool\ntasks: [{name: a, file: items.jsonl}]\nmethods: [base]\naxes: {top_k: [1]}\n' >axes.yaml
# The base with other numbers.
cp t5/* other/
head -c 1000000 /dev/zero | tr '\0' '\77' | dd of=other/model.safetensors bs=1000 seek=100 conv=notrunc 2>/dev/null

check 'a pool' "$skein" pool init pool --base t5
check 'kind' "$skein" pool add pool kind --adapter kind --gate kind.safetensors
check 'hue' "$skein" pool add pool hue --adapter hue --gate hue.safetensors

# CODE PATTERN ARGUMENTS, parted by blanks; an underscore in the pattern is any character.
lines=0
while read -r want pattern arguments; do
  case $want in '' | '#'*) continue ;; esac
  lines=$((lines + 1))
  # shellcheck disable=SC2086 # arguments are words
  "$skein" $arguments >out 2>err </dev/null
  code=$?
  if is_refusal $code "$want" "$(echo "$pattern" | tr _ .)"; then pass; else
    fail "skein $arguments: exit $code, want $want and '$pattern'"
  fi
done <<'END'
# Words that are nearly right.
2 option_'--vesion'.*did_you_mean_'--version' --vesion
2 did_you_mean_'doctor' docter
2 unknown_option_--inpt.*did_you_mean_'--input' score --inpt items.jsonl
2 unknown_option_-base.*did_you_mean_'--base' score -base t5
2 unknown_option_-output;.*did_you_mean_'--output' score -output x
2 unknown_option_-output=x.*did_you_mean_'--output' score -output=x
2 --in_is_the_beginning_of_several:_--input,_--instruction score --in items.jsonl
2 generate:_takes_no_--choices-key generate --base t5 --input items.jsonl --choices-key c
2 unknown_option_--license.*did_you_mean_'--licence' pool add pool x --license MIT
2 'ad'_is_none_of_init,_add.*did_you_mean_'add' pool ad
2 unknown_figure_'foo';_it_is_ablation,.*or_training$ plot foo
2 did_you_mean_'routing' plot ruoting x
2 unknown_objective_'gat'.*did_you_mean_'gate' train gat
2 unknown_benchmark_'gaet'.*did_you_mean_'gate' bench gaet
2 --router:_router:_not_one_of_.*did_you_mean_'phatgoose' score --pool pool --input items.jsonl --router phatgose
2 did_you_mean_'encoder' score --pool pool --input items.jsonl -s embedder=encodr
2 'modle'.*did_you_mean_'model' train base -s modle=x
2 model:_is_a_section;.*model.shape,_model.tokenizer train base -s model=t5-small
2 did_you_mean_'train.steps' train gate -s stpes=3
2 no_expert_'hu'.*did_you_mean_'hue' score --pool pool --router expert -s expert=hu --input items.jsonl
2 no_expert_'zebra'_(skein_pool_ls_lists_them)$ pool rm pool zebra
2 unknown_method_'phatgose'.*did_you_mean_'phatgoose' eval -c eval.yaml

# What is missing.
2 pool:_POOL_and_NAME_are_missing pool add
2 pool:_NAME_is_missing pool add pool
2 pool:_the_format_.phatgoose,_glider_or_peft.,_POOL_and_OUT_are_missing pool export
2 convert:_OUT_is_missing convert t5
2 plot:_a_trace_is_missing plot trace
2 bench:_train,_gate,_score,_generate_or_embed_is_missing bench
2 expert:_is_required.*missing_too:_data.train,_output train gate -s base=t5
3 input:_is_missing.*it_has_inputs,_targets;.*--input-key score --base t5 --input keys.jsonl
3 choices:_there_are_none;.*--choices-key.*--choices-from-targets score --base t5 --input train.jsonl

# Arguments in the wrong place.
2 'gate.yaml'_is_no_argument;_a_file_of_settings_is_-c_gate.yaml train gate gate.yaml
2 'eval.yaml'_is_no_argument;_a_file_of_settings_is_-c_eval.yaml eval eval.yaml
2 axes.yaml:4:1:_axes:_are_of_an_ablation:_skein_ablate_-c eval -c axes.yaml

# Paths that lead nowhere, and names of the hub.
3 conf/gate.yaml:1:7:_base:_'t9'_is_neither_beside_the_file,_in_conf,_nor_in_the_working train gate -c conf/gate.yaml
3 gate.yaml:1:7:_base:_'t9'_is_not_in_the_working_directory$ train gate -c gate.yaml
3 tasks.yaml:2:8:_tasks:_'none.yaml'_is_neither_beside_the_file_nor_in_the_working eval -c tasks.yaml
3 conf/files.yaml:3:15:_data.train:_'own.jsonl'_is_neither_beside_the_file,_in_conf train gate -c conf/files.yaml
3 hf_download_google/flan-t5_--local-dir_DIR train gate -c conf/hub.yaml
3 hf_download_google/flan-t5_--local-dir_DIR score --base google/flan-t5 --input items.jsonl
3 hf_download_google/flan-t5_--local-dir_DIR tokens --base google/flan-t5 --input items.jsonl
3 hf_download_google/flan-t5_--local-dir_DIR inspect google/flan-t5
3 x.jsonl:_cannot_open:_No_such_file score --base t5 --input data/x.jsonl

# Files and folders of another kind.
3 kind:_is_a_directory;_want_a_file_of_gates_in_it,_such_as_the_gate.safetensors pool add pool x --adapter kind --gate kind
3 table.csv:_line_1:_is_no_JSON_object score --base t5 --input table.csv
3 array.jsonl:_line_1:_is_no_JSON_object score --base t5 --input array.jsonl
3 more_than_one_value,_as_JSONL_does plot trace two.jsonl -o figures
3 pool.yaml:_is_no_file_of_tensors_but_text inspect pool/pool.yaml
3 spiece.model:_is_no_file_of_tensors_but_a_SentencePiece_model inspect t5/spiece.model
3 t5:_has_no_metrics.jsonl,_so_it_is_not_the_directory_of_a_training_run plot training t5
3 t5:_has_no_ablation.csv,_so_it_is_not_the_directory_of_an_ablation plot ablation t5
2 out.pt:_is_the_name_of_a_PyTorch_file convert t5 out.pt
2 no_tensor_below_'lm',_but_below_decoder convert --below lm t5 out.safetensors

# Parts that do not belong together, by their names.
4 hue.safetensors:_.*made_for_another_(.*)_than_x_( pool add pool x --adapter kind --gate hue.safetensors
4 pool.yaml:_base:_.*of_another_base_than_this:_of_t5_( score --pool pool --base other --input items.jsonl
4 the_pool_is_of_t5_(.*another_base:_other/model.safetensors pool add pool x --base other --adapter kind --gate kind.safetensors
END
[ $lines -ge 50 ] || fail "only $lines mistakes were made"

# What is no mistake.
# says PATTERN ARGUMENTS: exit 0, and a line of either stream that matches.
says() {
  pattern=$1
  shift
  if "$skein" "$@" >out 2>err && grep -q -- "$pattern" out err; then pass; else
    fail "skein $*: want '$pattern'"
  fi
}
says '^skein [0-9]' -V
says '^skein [0-9]' --version
says '^tokenizer  *no-tokenizer: has no tokenizer.json, spiece.model or vocab.txt; get one of them' inspect no-tokenizer
says '^tokenizer  *t5/spiece.model$' inspect t5
says '^Settings of train ia3:' help train ia3
if [ "$(grep -c '^Settings of' out)" -eq 1 ]; then pass; else fail 'help train ia3 has the settings of others'; fi

# Paths of a file are looked for beside it, then here, which is said.
cp train.jsonl conf/
sed -i 's|t9|../t5|' conf/gate.yaml
says 'every file fits' train gate -c conf/gate.yaml --dry-run
says 'conf/gate.yaml: data.train: conf/train.jsonl: taken from beside the file' \
  train gate -c conf/gate.yaml --dry-run
rm conf/train.jsonl
cp train.jsonl conf/own.jsonl
sed -i 's|none|train|' conf/files.yaml
says 'conf/files.yaml: data.train: \["conf/own.jsonl", "train.jsonl"\]: taken from the working' \
  train gate -c conf/files.yaml --dry-run
says 'conf/gate.yaml: data.train: train.jsonl: taken from the working directory' \
  train gate -c conf/gate.yaml --dry-run -s train.recompute=yes
(cd conf && HOME=$work "$skein" train gate -c gate.yaml -s 'data.train=~/train.jsonl' --dry-run) >out 2>err
if [ $? -eq 0 ] && [ ! -s err ]; then pass; else fail 'a path of the home'; fi
# So is the base that a pool names.
mkdir pools && cp -r pool pools/one
sed -i 's|  name: t5|  name: ../../t5|' pools/one/pool.yaml
says '"prediction"' score --pool pools/one --input items.jsonl
(cd / && "$skein" score --pool "$work/pools/one" --input "$work/items.jsonl") >out 2>err
if [ $? -eq 0 ]; then pass; else fail 'a base beside the pool'; fi
(cd / && "$skein" score --pool "$work/pool" --input "$work/items.jsonl") >out 2>err
if is_refusal $? 3 "name: 't5' is neither in .*pool nor in the working directory"; then pass; else
  fail 'a base that is nowhere'
fi

# Lists with brackets and blanks.
says '"prediction"' score --pool pool --input items.jsonl -s 'only=[kind, hue]'
says 'every file fits' train lora -s base=t5 -s data.train=train.jsonl -s output=run -s 'lora.targets=[q, v]' --dry-run

# A mark before a text, and numbers beyond 64 bits.
printf '\357\273\277base: t5\nexpert: kind\ndata: {train: train.jsonl}\noutput: run\n' >mark.yaml
says 'every file fits' train gate -c mark.yaml --dry-run
printf '\357\273\277{"id": 18446744073709551615, "input": "a", "choices": ["b", "c"]}\n' >mark.jsonl
says '"id":"18446744073709551615"' score --base t5 --input mark.jsonl
says '"id":"18446744073709551615"' generate --base t5 --input mark.jsonl --max-output 2
echo '{"tokenizer_class": "T5Tokenizer", "extra_ids": 100, "model_max_length": 1000000000000000019884624838656}' \
  >t5/tokenizer_config.json
says '"prediction"' score --base t5 --input items.jsonl
finish
