#!/bin/sh
# `skein score` and `skein generate` as a user meets them: lines in, lines out, and what is refused.
. tests/checks.sh
golden=tests/golden

mkdir "$work/base"
cp $golden/predict/base/* $golden/tokenizer/nfkc/spiece.model "$work/base/"
base="--base $work/base"

# ok NAME ARGUMENTS: exit 0; stdout goes to the file NAME.
ok() {
  name=$1
  shift
  "$skein" "$@" >"$work/$name" 2>"$work/err"
  code=$?
  if [ $code -eq 0 ]; then pass; else fail "$*: exit $code"; fi
}

# same A B: two outputs are equal.
same() { if cmp -s "$work/$1" "$work/$2"; then pass; else fail "$1 and $2 differ"; fi; }

# shows NAME PATTERN: a line of the output matches.
shows() { if grep -q -- "$2" "$work/$1"; then pass; else fail "$1 has no '$2'"; fi; }

# refused CODE PATTERN ARGUMENTS: that exit code, one line that matches, nothing written.
refused() {
  want=$1 pattern=$2
  shift 2
  "$skein" "$@" >"$work/out" 2>"$work/err"
  code=$?
  if is_refusal $code "$want" "$pattern" && [ ! -e "$work/o" ]; then pass; else
    fail "$*: exit $code, want $want and '$pattern'"
    rm -f "$work/o"
  fi
}

# Three hundred items, which is more than are in memory at once, then some of other kinds.
i=0
while [ $i -lt 100 ]; do
  echo '{"input": "the river spins warm bread of course. who?", "choices": ["the river", "spins"]}'
  echo '{"input": "her orchestra paints the blue door. does what?", "target": "paints", "choices": ["her orchestra", "paints", "the blue door"]}'
  echo "{\"id\": \"n$i\", \"input\": \"a small robot hides a map in the rain. what? $i\", \"choices\": [\"a map\"]}"
  i=$((i + 1))
done >"$work/items.jsonl"

# shellcheck disable=SC2086 # $base is two words
{
  ok scores score $base --input "$work/items.jsonl"
  if [ "$(wc -l <"$work/scores")" -eq 300 ]; then pass; else fail 'not a line for each item'; fi
  case $(tail -n 1 "$work/scores") in
    '{"id":"n99",'*) pass ;;
    *) fail 'the last line is not of the last item' ;;
  esac
  shows scores '^{"id":"0","prediction":0,"choice":"the river","scores":\[-[0-9.]*,-[0-9.]*\],"loglik":\['
  shows scores '^{"id":"298","prediction":1,"choice":"paints",'
  ok ignored score $base --input "$work/items.jsonl" -o "$work/scores.o"
  same scores scores.o
  ok scores.one score $base --input "$work/items.jsonl" --threads 1
  same scores scores.one
  ok scores.zst score $base --input configs/demo/data/kind/valid.jsonl.zst
  if [ "$(wc -l <"$work/scores.zst")" -eq 240 ]; then pass; else fail 'compressed lines are lost'; fi
  ok texts generate $base --input "$work/items.jsonl" --max-output 12
  shows texts '^{"id":"0","output":"'
  if [ "$(wc -l <"$work/texts")" -eq 300 ]; then pass; else fail 'not a text for each item'; fi
  ok texts.few generate $base --input "$work/items.jsonl" --max-output 12 --batch-tokens 50
  same texts texts.few
  ok beams generate $base --input "$work/items.jsonl" --max-output 12 --beams 3
  if cmp -s "$work/beams" "$work/texts"; then fail 'three beams find nothing else'; else pass; fi

  # What the base asks of generation: done and said, unless something else is given; of scores
  # nothing.
  cp -r "$work/base" "$work/asks"
  echo '{"num_beams": 3, "max_length": 13, "temperature": 0.5}' >"$work/asks/generation_config.json"
  ok asked generate --base "$work/asks" --input "$work/items.jsonl"
  same asked beams
  if grep -q 'generation_config.json: taken: max_length 13, num_beams 3$' "$work/err" &&
    grep -q 'generation_config.json: passed over: temperature 0.5$' "$work/err"; then pass; else
    fail 'what was taken from the file is not said'
  fi
  ok asked generate --base "$work/asks" --input "$work/items.jsonl" --beams 1
  same asked texts
  ok asked generate --base "$work/asks" --input "$work/items.jsonl" --no-generation-config --max-output 12
  same asked texts
  if grep -q generation_config "$work/err"; then fail 'a file that is not read is spoken of'; else pass; fi
  ok asked score --base "$work/asks" --input "$work/items.jsonl"
  same asked scores
  echo '{"do_sample": true}' >"$work/asks/generation_config.json"
  refused 3 'do_sample: is set and not computed' generate --base "$work/asks" --input "$work/items.jsonl"
  ok asked score --base "$work/asks" --input "$work/items.jsonl"

  # A ByT5, whose tokens are bytes.
  sed 's/"model_type"/"tokenizer_class": "ByT5Tokenizer", &/' "$work/base/config.json" >"$work/asks/config.json"
  refused 3 'config.json: tokenizer_class: is ByT5Tokenizer' score --base "$work/asks" --input "$work/items.jsonl"

  # Other keys, choices from targets, BIG-bench Hard.
  echo '{"question": "who?", "options": ["a map", "spins"]}' >"$work/keys.jsonl"
  ok keys score $base --input "$work/keys.jsonl" --input-key question --choices-key options
  shows keys '"choice":"'
  printf '{"input": "%s", "target": "%s"}\n' a spins b repairs c spins >"$work/targets.jsonl"
  ok targets score $base --input "$work/targets.jsonl" --choices-from-targets
  if grep -c '"scores":\[[^],]*,[^],]*\]' "$work/targets" | grep -qx 3; then pass; else
    fail 'two distinct targets are not two choices each'
  fi
  printf '%s\n' '{"examples": [{"input": "which?\nOptions:\n(A) x\n(B) y", "target": "(B)"}]}' >"$work/b.json"
  ok bbh score $base --bbh --input "$work/b.json"
  shows bbh '"choice":"([AB])"'

  # What the model does not get to read is said, in one line; a choice of unknown tokens alone is marked.
  grin=$(printf '\360\237\230\200')
  {
    echo "{\"input\": \"a map of the river\", \"choices\": [\"spins\", \"$grin\", \"$grin$grin $grin\"]}"
    echo '{"input": "a map", "choices": ["spins", "repairs"]}'
  } >"$work/odd.jsonl"
  ok marked score $base --input "$work/odd.jsonl" --max-input 5
  check 'one line' [ "$(grep -vc '^score  step' "$work/err")" -eq 1 ]
  check 'its counts' grep -Eq 'odd.jsonl: 1 of 2 inputs were cut at 5 tokens; 3 of [0-9]* tokens are unknown to the vocabulary; of 2 choices all are' "$work/err"
  shows marked '^{"id":"0",.*"unknown":\[1,2\]}$'
  shows marked '^{"id":"1",.*"loglik":\[[^]]*\]}$'
  ok marked score $base --input "$work/odd.jsonl" --max-target 2
  check 'choices are cut' grep -Eq 'odd.jsonl: [0-9] of 4 choices were cut at 2 tokens' "$work/err"
  # Items that wait for the next batch count once.
  ok marked generate $base --input "$work/odd.jsonl" --max-output 3 --max-input 5 --batch-tokens 9
  check 'generate says it' grep -q 'odd.jsonl: 1 of 2 inputs were cut at 5 tokens$' "$work/err"
  ok marked generate $base --input "$work/odd.jsonl" --max-output 3
  check 'nothing to say' sh -c "! grep -v '^generate  step' '$work/err'"

  # Input that is not as it must be: nothing is written.
  good='{"input": "a", "choices": ["b", "c"]}'
  { echo "$good" && echo '{"input": "a", "choices"}'; } >"$work/not-json.jsonl"
  { echo "$good" && echo '{"input": "a"}'; } >"$work/no-choices.jsonl"
  { echo "$good" && echo '{"choices": ["a"]}'; } >"$work/no-input.jsonl"
  : >"$work/empty.jsonl"
  refused 3 'not-json.jsonl: line 2: ' score $base --input "$work/not-json.jsonl" -o "$work/o"
  refused 3 'no-choices.jsonl: line 2: choices: ' score $base --strict \
    --input "$work/no-choices.jsonl"
  ok fine score $base --input "$work/no-choices.jsonl"
  check 'one line' [ "$(wc -l <"$work/fine")" -eq 1 ]
  check 'what is left out is named' grep -q 'jsonl: line 2: choices: there are none' "$work/err"
  refused 3 'no-input.jsonl: line 2: input: ' generate $base --input "$work/no-input.jsonl"
  refused 3 'empty.jsonl: ' generate $base --input "$work/empty.jsonl" -o "$work/o"
  refused 3 'nowhere.jsonl: ' score $base --input "$work/nowhere.jsonl" -o "$work/o"
  refused 3 'items.jsonl: line 2: ' score $base --bbh --input "$work/items.jsonl"
  ok fine generate $base --input "$work/no-choices.jsonl" --max-output 3

  # Usage.
  refused 2 '--input: is required' score $base
  refused 2 '--base: is required' score --input "$work/items.jsonl"
  refused 2 "--beams: '0'" generate $base --input "$work/items.jsonl" --beams 0
  refused 2 'beams: got 161' generate $base --input "$work/items.jsonl" --beams 161 -o "$work/o"
  refused 2 "--length-penalty: 'x'" generate $base --input "$work/items.jsonl" --length-penalty x
  refused 2 '--beams' score $base --input "$work/items.jsonl" --beams 2
  refused 2 '--router: needs --pool' score $base --input "$work/items.jsonl" --router glider
  refused 2 '--trace: needs --pool' score $base --input "$work/items.jsonl" --trace "$work/o"
  refused 2 '--stats: needs --pool' score $base --input "$work/items.jsonl" --stats "$work/o"
  refused 2 '-s: needs --pool' score $base --input "$work/items.jsonl" -s top_k=2
  refused 1 'nowhere/o' score $base --input "$work/items.jsonl" -o "$work/nowhere/o"
  refused 3 'nowhere: want the directory of a T5' score --base "$work/nowhere" --input "$work/items.jsonl"
}

# A pool of two experts that were trained for two steps.
printf '{"input": "%s", "target": "%s"}\n' 'the river spins' spins who? 'her orchestra' \
  >"$work/train.jsonl"
train() {
  kind=$1
  shift
  ok train train "$kind" -s base="$work/base" -s data.train="$work/train.jsonl" -s train.steps=2 \
    -s train.batch_size=2 -s threads=1 -s train.learning_rate=0.05 "$@"
}
ok made pool init "$work/pool" --base "$work/base"
for seed in 1 2; do
  train lora -s output="$work/expert$seed" -s lora.rank=2 -s train.seed=$seed
  train gate -s output="$work/gate$seed" -s expert="$work/expert$seed"
  ok made pool add "$work/pool" "e$seed" --adapter "$work/expert$seed" \
    --gate "$work/gate$seed/gate.safetensors" --instruction "Say what does $seed."
done
head -n 9 "$work/items.jsonl" >"$work/few.jsonl"
few="--pool $work/pool --input $work/few.jsonl"

# shellcheck disable=SC2086 # $few is four words
{
  # The base is the pool's own. One expert alone is `expert`, whatever the router.
  ok plain score --base "$work/base" --input "$work/few.jsonl"
  ok none score $few --router base
  same plain none
  ok goose score $few --router phatgoose --stats "$work/stats"
  ok goose.one score $few --router phatgoose --batch-tokens 1
  if cmp -s "$work/goose" "$work/plain"; then fail 'phatgoose is the plain base'; else pass; fi
  if [ "$(cut -d, -f1-3 "$work/goose")" = "$(cut -d, -f1-3 "$work/goose.one")" ]; then pass; else
    fail 'one by one predicts other choices'
  fi
  shows stats '"name": "encoder.block.0.layer.0.SelfAttention.q"'
  shows stats '"e1"'
  ok alone score $few --router uniform -s only=e2
  ok expert score $few -s router=expert -s expert=e2
  if [ "$(cut -d, -f1-3 "$work/alone")" = "$(cut -d, -f1-3 "$work/expert")" ]; then pass; else
    fail 'a pool of one expert is not that expert'
  fi
  ok glider score $few --router glider -s global.scale=100 --instruction 'Say what does 1.'
  ok glider.2 score $few --router glider -s global.scale=100 --instruction 'Say what does 2.'
  if cmp -s "$work/glider" "$work/glider.2"; then fail 'the instruction changes nothing'; else pass; fi
  ok unread score $few --router phatgoose -s global.scale=100 -s top_k=2
  same goose unread
  check 'a setting that is not read is named' grep -qx \
    'skein: -s global.scale: router phatgoose does not read it with these settings' "$work/err"
  check 'and one that is read is not' [ "$(grep -c 'does not read' "$work/err")" -eq 1 ]
  ok texts generate $few --router phatgoose --max-output 5 --stats "$work/stats" -o "$work/texts.o" --force
  shows texts.o '^{"id":"n2","output":"'
  rm "$work/stats"

  refused 2 'top_k: is 3, but .* has 2 experts' score $few -s top_k=3 -o "$work/o" --stats "$work/stats"
  refused 2 'with 1 beam' generate $few --beams 2 -o "$work/o" --stats "$work/stats"
  refused 2 "router: not one of .*'phatgose'" score $few --router phatgose
  refused 2 "has no expert 'e3'" score $few -s only=e1,e3
  refused 2 '--router: -s router=uniform says it, too' score $few --router phatgoose -s router=uniform
  refused 2 '--embedder: -s embedder.model=x says it, too' score $few --embedder lexical -s embedder.model=x
  refused 2 "the expert 'e1' is named twice" score $few -s only=e1,e2,e1
  for query in 'phatgoose:router phatgoose compares no instructions' 'glider:is not read with query: input'; do
    ok told score $few --router "${query%%:*}" -s query=input --instruction 'Say it.'
    check 'an instruction that is not read' grep -qx "skein: --instruction: ${query#*:}" "$work/err"
  done
  ok told score $few --router glider --instruction 'Say it.'
  if grep -q -- '--instruction' "$work/err"; then fail 'an instruction that is read'; else pass; fi
  refused 2 '--stats: is the same file as --output' score $few -o "$work/o" --stats "$work/o"
  refused 2 '--trace: is the same file as --output' score $few -o "$work/o" --trace "$work/o"
  refused 2 '--trace: is the same file as --stats' score $few --stats "$work/o" --trace "$work/o"
  refused 3 'nowhere: want the directory of a pool' score --pool "$work/nowhere" --input "$work/few.jsonl"
  refused 4 'pool' score $few --base configs/demo/base -o "$work/o"
  mv "$work/base" "$work/moved"
  refused 3 "name: '.*' is not there; say where the base is" score $few
  ok elsewhere score $few --router phatgoose --base "$work/moved"
  same goose elsewhere
  if [ -e "$work/stats" ]; then fail 'statistics of a run that did not begin'; else pass; fi
}

finish
