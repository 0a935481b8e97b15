#!/bin/sh
# The program as a user meets it: help, exit codes, one line for each failure. SKEIN names it.
. tests/checks.sh
case $skein in /*) ;; *) skein=$PWD/$skein ;; esac
root=$(cd "$(dirname "$0")/.." && pwd)
golden=$root/tests/golden
cd "$work" || exit 1

# ok ARGUMENTS: exit 0, something on stdout, nothing on stderr.
ok() {
  if "$skein" "$@" >out 2>err && [ -s out ] && [ ! -s err ]; then pass; else fail "skein $*"; fi
}

# refused CODE PATTERN ARGUMENTS: that exit code, nothing on stdout, one line on stderr that matches.
refused() {
  want=$1 pattern=$2
  shift 2
  "$skein" "$@" >out 2>err
  code=$?
  if is_refusal $code "$want" "$pattern"; then pass; else
    fail "skein $*: exit $code, want $want and '$pattern'"
  fi
}

# has PATTERN: the last output on stdout contains it.
has() {
  if grep -q -- "$1" out; then pass; else fail "no '$1' on stdout"; fi
}

ok --version
has '^skein [0-9]*\.[0-9]*\.[0-9]*'
ok help
for command in $(sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' out); do
  listed=yes
  ok "$command" --help
  if [ "$(sed -n '/^Usage:/q; /^Examples:/,/^$/p' out | grep -c '^  skein ')" -ge 2 ]; then pass; else
    fail "skein $command --help has no two examples before its usage"
  fi
  mv out help
  ok help "$command"
  if cmp -s out help; then pass; else fail "skein help $command differs from --help"; fi
  refused 2 '--no-such-option' "$command" --no-such-option
done
[ "${listed-no}" = yes ] || fail 'skein help lists no command'

# The README lists the routers with the same words as the program.
ok help routers
routers=0
while read -r name words; do
  row="| \`$name\` | $(printf '%s' "$words" | sed 's/|/\\|/g') |"
  routers=$((routers + 1))
  if grep -qF -- "$row" "$root/README.md"; then pass; else fail "README.md lacks the row: $row"; fi
done <<EOF
$(sed -n 's/^  \([a-z]\)/\1/p' out)
EOF
if [ "$routers" -ge 11 ]; then pass; else fail "skein help routers lists $routers routers"; fi

refused 2 'no command given'
refused 2 "unknown command 'docter'; skein help lists the commands; did you mean 'doctor'?" docter
refused 2 "unknown command 'zzzzzzzz'; skein help" zzzzzzzz
refused 2 "unknown command 'docter'" help docter
printf '\033[31mred' >name
refused 2 '\\x1b\[31mred' "$(cat name)"

ok doctor
has 'OpenBLAS'
ok doctor --json
has '"kernel"'
refused 2 "unexpected argument 'x'" doctor x

# ---- inspect ----

# safetensors HEADER DATA >FILE: the format by hand; the header is shorter than 256 bytes.
safetensors() {
  # shellcheck disable=SC2059 # DATA is escapes
  printf "\\$(printf %03o ${#1})\\000\\000\\000\\000\\000\\000\\000%s" "$1" && printf "$2"
}

# Values 3 and 4, as f32.
safetensors '{"m.gate":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"__metadata__":{"format":"skein-gate","note":"\u001b[31mred"}}' \
  '\0\0\100\100\0\0\200\100' >gate.safetensors
ok inspect gate.safetensors
has 'gate of an expert'
has '^  m.gate  *2  *5  *3  *4  *0$'
has 'x1b\[31mred'
if grep -q "$(printf '\033')" out; then fail 'metadata reaches the terminal as it is'; else pass; fi
# Names too: of a tensor, and of an entry of the metadata; controls of C1, and what turns directions.
safetensors '{"\u001b]0;x\u0007":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"__metadata__":{"k\u009b1m":"\u202e","\u001b[2J":"v"}}' \
  '\0\0\100\100' >names.safetensors
ok inspect names.safetensors
has 'x1b\]0;x'
if LC_ALL=C grep -q "$(printf '[\033\007]\\|\302\233\\|\342\200\256')" out; then fail 'names reach the terminal as they are'; else pass; fi
ok inspect --json gate.safetensors
has '"norm": 5.0'

# NaN, -1, 2.5 as f32 and one i8.
safetensors '{"t":{"dtype":"F32","shape":[3,1],"data_offsets":[0,12]},"u":{"dtype":"I8","shape":[],"data_offsets":[12,13]}}' \
  '\0\0\300\177\0\0\200\277\0\0\040\100\1' >plain.safetensors
ok inspect plain.safetensors
has '^non finite  1$'
has '^elements    4$'
has '^  t  *F32  *3 x 1  *-1  *2.5  *0.75  *1$'
ok inspect --names plain.safetensors
if grep -q '0.75' out; then fail '--names reads numbers'; else pass; fi

# A base of 24,608 numbers; q has 6 / sqrt(2) and v, with a rank of its own, 6 / sqrt(5).
ok inspect "$golden/v1_1/base"
has '^parameters  *24608$'
ok inspect --base "$golden/v1_1/base" "$golden/v1_1/expert_qv"
has '^scale formula  *alpha / sqrt(rank)$'
has '^  encoder.block.0.layer.0.SelfAttention.q  *20  *18  *2  *6  *4.24264 '
has '^  encoder.block.0.layer.0.SelfAttention.v  *20  *18  *5  *6  *2.68328 '
refused 4 'v1_1/expert_all' inspect --base "$golden/v1_0/base" "$golden/v1_1/expert_all"
for model in v1_0 f16 bf16_sharded; do
  for part in base expert_all expert_qv; do ok inspect --json "$golden/$model/$part"; done
done

head -c 100 plain.safetensors >short.safetensors
refused 3 'short.safetensors: ' inspect short.safetensors
: >empty.safetensors
refused 3 'empty.safetensors: ' inspect empty.safetensors
refused 3 'nowhere: No such file' inspect nowhere
mkfifo pipe
refused 3 'pipe: ' inspect pipe
mkdir folder
refused 3 'folder: neither a base' inspect folder
printf '{"step":1,"loss":2.5}\n{"step":2,"loss":1.5,"valid_loss":1.25}\n' >folder/metrics.jsonl
ok inspect folder
has '^kind  *training run$'
has '^  best valid loss  *1.25$'
cp "$golden"/v1_0/base/* folder
ok inspect --names folder
has '^kind  *T5 base$'
has '^  steps done  *2$'
refused 2 'a file or directory is missing' inspect

# ---- plot ----

# Two steps, the second skipped, and a line that a run is still writing.
mkdir run
cat >run/metrics.jsonl <<'END'
{"step":0,"valid_loss":3.5}
{"step":1,"loss":2.25,"learning_rate":0.005,"skipped":false,"openness":{"encoder.self":0.5,"encoder.ff":0.5,"decoder.self":0.5,"decoder.cross":0.5,"decoder.ff":0.5},"gate_norm":{"encoder.self":0,"encoder.ff":0,"decoder.self":0,"decoder.cross":0,"decoder.ff":0.25}}
{"step":2,"loss":null,"learning_rate":0.005,"skipped":true,"valid_loss":1.5}
END
printf '{"step":3,"lo' >>run/metrics.jsonl
printf 'run 0 NaN 3.5 NaN\nrun 1 2.25 NaN 0.005\nrun 2 NaN 1.5 0.005\n' >want

# plotted DIR: the last command drew, and the images are whole.
plotted() {
  if command -v gnuplot >/dev/null; then
    if head -c 4 "$1/training.png" | grep -q PNG && tail -3 "$1/training.svg" | grep -q '</svg>' &&
      ! ls "$1"/*.part >/dev/null 2>&1; then pass; else fail "no whole images in $1"; fi
  fi
}

if "$skein" plot training run >out 2>err && grep -q '^run: 1 figure: training (' out; then pass; else fail 'plot training'; fi
plotted run
tail -n +2 run/training.tsv | cut -f 1-5 | tr '\t' ' ' >got
if cmp -s want got; then pass; else fail "training.tsv is not as wanted: $(cat got)"; fi
if [ "$(awk -F '\t' 'NR == 3 { print $15 }' run/training.tsv)" = 0.25 ]; then pass; else
  fail 'training.tsv lacks the norm of decoder.ff'
fi
mkdir "it's {two}_x"
sed 's/"openness.*}}/"z":1}/' run/metrics.jsonl >"it's {two}_x/metrics.jsonl"
if "$skein" plot training run "it's {two}_x/" -o figures >out 2>err; then pass; else fail 'plot two runs'; fi
plotted figures

# Without gnuplot the data and the script are there and it says so; with a broken one it fails.
mkdir bin empty
if PATH=$work/bin "$skein" plot training run -o empty >out 2>err && [ -s empty/training.gp ] &&
  [ -s empty/training.tsv ] && [ ! -e empty/training.png ] && grep -q 'gnuplot is not installed' err; then
  pass; else fail 'plot without gnuplot'; fi
printf '#!/bin/sh\n: >training.png.part\necho >&2\necho "line 7: no such thing" >&2\nexit 3\n' >bin/gnuplot
chmod +x bin/gnuplot
PATH=$work/bin:$PATH refused 1 'empty/training.gp: gnuplot failed (exit 3): line 7: no such thing' \
  plot training run -o empty --force
if ls empty/*.part >/dev/null 2>&1; then fail 'a broken gnuplot leaves its files'; else pass; fi

refused 2 "unknown figure 'trainign'; it is ablation, instructions, pareto, pool.*did you mean 'training'" plot trainign run
refused 2 'is missing' plot training
refused 3 'nowhere: want the directory of a training run' plot training nowhere
bad_metrics() {
  mkdir -p bad && printf '%s\n' "$2" >bad/metrics.jsonl
  refused 3 "bad$1" plot training bad
}
bad_metrics '/metrics.jsonl: line 1: loss: got a string' '{"step":1,"loss":"x"}'
bad_metrics '/metrics.jsonl: line 1: step: ' '{"loss":1}'
bad_metrics '/metrics.jsonl: line 1: column' '{"step":1'
bad_metrics ': the run has not made a step yet' '{"step":0,"valid_loss":1}'
bad_metrics '/metrics.jsonl: line 2: step: got 1 after 1' '{"step":1,"loss":1}
{"step":1,"loss":1}'

# ---- where the output goes ----

# Output that does not arrive is a failure.
if "$skein" doctor >/dev/full 2>err; then fail 'stdout to /dev/full is accepted'; else
  if [ $? -eq 1 ] && grep -q '^skein: error: standard output' err; then pass; else fail 'stdout to /dev/full'; fi
fi
if "$skein" doctor >&- 2>err; then fail 'a closed stdout is accepted'; else
  if [ $? -eq 1 ] && grep -q '^skein: error: standard output' err; then pass; else fail 'closed stdout'; fi
fi
# A reader that left ends it quietly, with what shells say of SIGPIPE.
mkfifo closed
{ "$skein" doctor >closed 2>err; echo $? >code; } &
: <closed
wait
if [ "$(cat code)" -eq 141 ] && [ ! -s err ]; then pass; else fail "closed pipe: exit $(cat code)"; fi

finish
