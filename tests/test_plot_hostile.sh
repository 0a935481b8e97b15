#!/bin/sh
# `skein plot` with names, folders and files of somebody who means ill: every label is drawn as it is,
# nothing outside the output is touched, nothing is waited for.
. tests/checks.sh
case $skein in /*) ;; *) skein=$PWD/$skein ;; esac
cd "$work" || exit 1
mkdir tmp
export TMPDIR=$work/tmp
images=
command -v gnuplot >/dev/null && images='png svg'

plot() { timeout 60 "$skein" plot "$@" >out 2>err; }

# plotted WHAT ARGUMENTS: succeeds, says in one line what it made, and leaves nothing behind; and no
# label was run.
plotted() {
  what=$1
  shift
  if plot "$@" && [ "$(grep -c ' figure' out)" -eq 1 ] && [ "$(wc -l <out)" -eq 1 ] && [ ! -s err ]; then pass; else
    fail "$what"
  fi
  if [ -z "$(ls -A tmp)" ] && [ -z "$(find . -name 'ran*')" ]; then pass; else
    fail "$what: files of nobody: $(ls -A tmp; find . -name 'ran*')"
  fi
}

# refused WHAT CODE PATTERN ARGUMENTS
refused() {
  what=$1 want=$2 pattern=$3
  shift 3
  plot "$@"
  code=$?
  if is_refusal $code "$want" "$pattern"; then pass; else fail "$what: exit $code, want $want and '$pattern'"; fi
}

# Labels as JSON strings: formats of tics, the mark-up of gnuplot, its strings, macros, comments and
# commands, controls, directions, what is no character, and lengths.
cat >labels <<'EOF'
"100%"
"%g"
"%"
"%%"
"%s%n%1$s"
"{/Bold x}"
"{"
"}"
"a_b^c"
"~a{.8-}"
"&{x}"
"it's"
"@subtitle"
"'"
"@viridis"
"''"
"@heading"
"\""
"\"q\""
"\"\""
"a\"b"
"\\"
"\\n"
"\\042"
"`touch ran1`"
"$(touch ran2)"
"'.system('touch ran3').'"
"\".system(\"touch ran4\").\""
"']\nsystem('touch ran5')\n#"
"!touch ran6"
"# no comment"
"; touch ran7"
"| touch ran8"
"a\nb"
"a\tb"
"\r"
"\u001b[31mred"
"\u007f"
"\u009b2J"
"\u0085"
"\u2028"
"\u202egnp.exe"
"\u2066x\u2069"
"\uffff"
""
" "
"NaN"
"1,5"
"</text><script>alert(1)</script>"
"&lt;"
"]]>"
"-1"
"=1+1"
"é日本語"
"👩‍👩‍👧"
"é́́"
EOF
awk 'BEGIN { printf "\""; for (i = 0; i < 9000; i++) printf "long_"; print "\"" }' >>labels
count=$(wc -l <labels)

# ---- a trace: labels as tokens, experts and names of the title ----

# trace NAME: what the title says is NAME, a JSON string.
trace() {
  title=$1 count=$count awk '
    BEGIN { title = ENVIRON["title"]; count = ENVIRON["count"] }
    { label[NR] = $0 }
    function join(n,    i, text) { for (i = 1; i <= n; i++) text = text (i > 1 ? ", " : "") label[i]; return text }
    END {
      printf "{\"task\": %s, \"method\": %s, \"pool\": %s, \"experts\": [%s],\n \"encoder\": [", title, title, title, join(count)
      for (t = 1; t <= count; t++) {
        printf "%s{\"token\": %s, \"weight\": [", (t > 1 ? ",\n" : ""), label[t]
        for (e = 1; e <= count; e++) printf "%s%d", (e > 1 ? ", " : ""), e == t
        printf "]}"
      }
      print "],\n \"decoder\": []}"
    }' labels
}
# A macro that is replaced by this title would end the string and run the rest.
trace "\"x'.system('touch ran9').'\"" >trace.json
plotted trace trace trace.json -o figs --top "$count"
for kind in tsv gp $images; do
  if [ -s figs/trace.$kind ]; then pass; else fail "trace.$kind"; fi
done
if LC_ALL=C grep -q "$(printf '[\001-\010\013-\037\177]')" figs/trace.tsv figs/trace.gp; then fail 'controls'; else pass; fi
# script TEXT: the script has it.
script() {
  if grep -qF -- "$1" figs/trace.gp; then pass; else fail "the script lacks $1"; fi
}
script '"100%%", "%%g", "%%", "%%%%", "%%s%%n%%1$s", "{/Bold x}"'
script '"it\047s", "\100subtitle", "\047", "\100viridis"'
script '"\042", "\042q\042", "\042\042", "a\042b", "\134", "\134n", "\134042", "\140touch ran1\140"'
script '"a b", "a b", " ", " [31mred", " ", " 2J", " ", " ", "�gnp.exe", "�x�", "�", "", " ", "NaN"'
script 'long_long_long_l…long_long_long_'
script '"x\047.system(\047touch ran9\047).\047"'
# field TOKEN: the data have this field, as CSV has it.
field() {
  if cut -f 3 figs/trace.tsv | grep -qxF -- "$1"; then pass; else fail "the data lack the token $1"; fi
}
field '"""q"""'
field '"# no comment"'
field '100%'
if [ -n "$images" ]; then
  # gnuplot reads every row, and draws every label.
  rows=$(cd figs && gnuplot -e 'set datafile separator tab; stats "trace.tsv" using 6 nooutput; print int(STATS_records)' 2>&1)
  if [ "$rows" = $((count * count)) ]; then pass; else fail "gnuplot reads $rows rows of $((count * count))"; fi
  for text in '100%' '>%g<' '%s%n%1$s' "it's" '@subtitle' '`touch ran1`' 'a"b' '{/Bold x}' 'a_b^c' '&lt;/text' '&amp;lt;'; do
    if grep -qF -- "$text" figs/trace.svg; then pass; else fail "the image lacks $text"; fi
  done
fi

# ---- figures of routing: labels as tasks and experts; methods that would share files ----

# cell FILE METHOD TASK
cell() {
  method=$2 task=$3 awk '
    BEGIN { method = ENVIRON["method"]; task = ENVIRON["task"] }
    { expert = expert (NR > 1 ? ", " : "") $0; value = value (NR > 1 ? ", " : "") (NR == 1) }
    END {
      printf "{\"task\": %s, \"method\": %s, \"pool\": \"p\", \"routing\": {\"experts\": [%s], \"modules\": [", task, method, expert
      printf "{\"name\": \"encoder.block.0.layer.0.SelfAttention.q\", \"tokens\": 7, \"entropy\": 0.5, "
      print "\"weight\": [" value "], \"share\": [" value "], \"top1\": [" value "]}]}}"
    }' labels >"$1"
}
mkdir cells
n=0
while IFS= read -r label; do
  n=$((n + 1))
  cell "cells/$n.json" '"m"' "$label"
done <labels
plotted tasks routing cells/*.json -o figs --figure tasks
if grep -qF '"100%%"' figs/tasks-m.gp && grep -qF '"it\047s"' figs/tasks-m.gp; then pass; else fail 'tasks-m.gp'; fi
for figure in modules experts entropy; do
  plotted $figure routing cells/1.json cells/19.json cells/25.json cells/27.json -o "figs/$figure" --figure $figure
  if [ "$(ls figs/$figure/*.gp | wc -l)" -eq 4 ]; then pass; else fail "$figure: $(ls figs/$figure)"; fi
done
# Names that a dash joins alike, that are cut alike or cleaned alike: each has files of its own.
long=$(awk 'BEGIN { for (i = 0; i < 190; i++) printf "x" }')
cell a.json '"a-b"' '"c"'
cell b.json '"a"' '"b-c"'
cell c.json "\"$long-1\"" '"task"'
cell d.json "\"$long-2\"" '"task"'
cell e.json '"e/f"' '"../t"'
cell f.json '"e f"' '"../t"'
cell g.json '"glider+top_k=1"' '"t"'
plotted 'alike' routing a.json b.json c.json d.json e.json f.json g.json -o figs/alike --figure entropy
if [ "$(ls figs/alike/*.gp | wc -l)" -eq 7 ] && [ -e figs/alike/entropy-glider+top_k=1-t.gp ]; then pass; else
  fail "alike: $(ls figs/alike)"
fi

# ---- results: labels as groups, methods and metrics ----

mkdir r
awk '
  { label[NR] = $0 }
  function join(before, after,    i, text) { for (i = 1; i <= NR; i++) text = text (i > 1 ? ",\n" : "") before label[i] after; return text }
  END {
    printf "{\"format\": \"skein-eval\", \"pool\": %s, \"tasks\": [", label[9]
    for (i = 1; i <= NR; i++)
      printf "%s{\"name\": %s, \"group\": %s, \"metrics\": [%s], \"expert\": %s}", (i > 1 ? "," : ""), label[i], label[i], label[19], label[i]
    print "], \"methods\": [" join("{\"name\": ", ", \"rule\": \"routed\", \"shown\": true}") "],"
    print "\"means\": [" join("{\"score\": 5, \"low\": 4, \"high\": 6, \"group\": \"100%\", \"method\": ", "}") "], \"cells\": []}"
  }' labels >r/table.json
plotted results results r
if grep -qF '"100%%", "%%g"' r/results.gp && grep -qF '"it\047s"' r/results.gp; then pass; else fail 'results.gp'; fi

# ---- an ablation: labels as groups, methods and values; an axis is a name or is refused ----

# ablation AXIS: a file as skein ablate writes it, of labels without line ends.
ablation() {
  echo "method,$1,group,task,metric,score,low,high,n,examples_per_second,state"
  for value in '100%' '%g' "it's" '@heading' '`touch ran1`' '"say ""x"""' '"two
lines"' "'=1+1" ''; do
    for group in all '%g' '{x}'; do
      echo "m,$value,$group,mean,accuracy,50,40,60,3,1,done"
      echo "\"it's @subtitle %\",$value,$group,mean,accuracy,55,40,60,3,1,done"
    done
  done
}
mkdir a
ablation x >a/ablation.csv
plotted ablation ablation a
if grep -qF '"100%%", "%%g", "it\047s", "\100heading", "\140touch ran1\140", "say \042x\042", "two lines", "=1+1"' \
  a/ablation-x.gp; then pass; else fail 'ablation-x.gp'; fi
sed 's/$/\r/' a/ablation.csv >crlf && mkdir b && (printf '\357\273\277'; cat crlf) >b/ablation.csv
plotted 'as a spreadsheet writes it' ablation b
mkdir -p c/ablation-x outside
for axis in x/../../outside/y .. . '' /etc/x 'a b' .hidden "$long$long"; do
  ablation "$axis" >c/ablation.csv
  refused "axis $axis" 3 "the axis '.*' cannot name a figure" ablation c
done
sed '1s/x/x,x/; 2,$s/^\([^,]*\),/\1,1,/' a/ablation.csv >c/ablation.csv
refused 'an axis twice' 3 'two axes have one name' ablation c
if [ -z "$(ls outside)" ]; then pass; else fail "outside: $(ls outside)"; fi

# ---- training: the folder's name is the label ----

step='{"step": 1, "loss": 2, "learning_rate": 0.1, "grad_norm": 1, "skipped": false, "examples": 1,
 "input_tokens": 1, "target_tokens": 1, "seconds": 1, "tokens_per_second": 1}'
for dir in '#1' "it's" '@heading' '`touch ran1`' '100%' '{x}_1' '"q"' "$(printf '\377\376')"; do
  mkdir -p "runs/$dir"
  for n in 1 2 3; do echo "$step" | tr -d '\n' | sed "s/\"step\": 1/\"step\": $n/" && echo; done >"runs/$dir/metrics.jsonl"
done
plotted training training runs/* -o figs
if grep -qF '"\047' figs/training.gp || grep -qF '"it\047s"' figs/training.gp; then pass; else fail 'training.gp'; fi
if [ -n "$images" ]; then
  rows=$(cd figs && gnuplot -e 'set datafile separator tab; stats "training.tsv" using 2 nooutput; print int(STATS_records)' 2>&1)
  if [ "$rows" = 24 ]; then pass; else fail "gnuplot reads $rows rows of 24"; fi
fi

# ---- outputs and inputs that are something else ----

run="runs/100%"
echo precious >victim
for name in training.png training.svg training.tsv training.gp; do
  for kind in link dangling fifo folder; do
    case $kind in
      link) ln -s "$work/victim" "$run/$name" ;;
      dangling) ln -s "$work/nothing" "$run/$name" ;;
      fifo) mkfifo "$run/$name" ;;
      folder) mkdir "$run/$name" ;;
    esac
    refused "$kind at $name" 1 "$name: is .* will not be replaced" training "$run"
    rm -r "${run:?}/$name"
  done
done
ln -s "$work/victim" "$run/training.png.part"
plotted 'a planted .part' training "$run"
if [ "$(cat victim)" = precious ] && [ ! -e nothing ]; then pass; else fail 'the victim was written'; fi
# A folder where names are taken is left as it was.
rm -f "$run"/training.*
mkfifo "$run/training.svg"
plot training "$run"
if [ "$(ls "$run")" = "metrics.jsonl
training.png.part
training.svg" ] || [ "$(ls "$run")" = "metrics.jsonl
training.svg" ]; then pass; else fail "left behind: $(ls "$run")"; fi

mkfifo fifo
mkdir -p fifos/cells/m links/cells/m elsewhere/m
for name in metrics.jsonl ablation.csv cells/m/t.routing.json pool.yaml; do
  mkfifo "fifos/$name"
  ln -s "$work/fifo" "links/$name"
done
refused 'metrics.jsonl is a FIFO' 3 'metrics.jsonl: is not a regular file' training fifos
refused 'ablation.csv is a FIFO' 3 'ablation.csv: is not a regular file' ablation fifos
refused 'a cell is a FIFO' 3 't.routing.json: is not a regular file' routing fifos -o figs
refused 'a trace is a FIFO' 3 'fifo: is not a regular file' trace fifo -o figs
refused 'a pool is a FIFO' 3 'pool.yaml: is not a regular file' pool fifos -o figs
refused 'a device' 3 'zero: is not a regular file' trace /dev/zero -o figs
rm fifos/ablation.csv && cp a/ablation.csv fifos/ablation.csv && mkfifo fifos/table.json
refused 'table.json is a FIFO' 3 'table.json: is not a regular file' ablation fifos
refused 'the table is a FIFO' 3 'table.json: is not a regular file' results fifos

# ---- what was named may be a link; below it there is none ----
linked() { what=$1 && shift && refused "$what is a link" 3 "links/$what: is a symbolic link; nothing below links may be one" "$@"; }
linked metrics.jsonl training links
linked ablation.csv ablation links
linked cells/m/t.routing.json routing links -o figs
linked pool.yaml pool links -o figs
rm links/ablation.csv && cp a/ablation.csv links && ln -s "$work/nowhere" links/table.json
linked table.json ablation links
linked table.json results links
rm -r links/cells/m && ln -s "$work/elsewhere/m" links/cells/m
linked cells/m routing links -o figs
rm -r links/cells && ln -s "$work/elsewhere" links/cells
linked cells routing links -o figs
ln -s "$work/a" named
plotted 'a link to an ablation' ablation named -o figs

# ---- signals: gnuplot is not waited for, its folder is removed ----

mkdir bin
cat >bin/gnuplot <<'EOF'
#!/bin/sh
echo $$ >"$GNUPLOT_STARTED"
exec sleep 60
EOF
chmod +x bin/gnuplot
export GNUPLOT_STARTED=$work/started
for signal in INT TERM HUP; do
  rm -f started
  PATH=$work/bin:$PATH "$skein" plot training "runs/it's" --force >out 2>err &
  process=$!
  if wait_for $process test -s started; then
    kill -$signal $process
    sleep 0.1
    kill -TERM "$(cat started)"
    wait $process
    code=$?
    if [ $code -ne 0 ] && [ -z "$(ls -A tmp)" ]; then pass; else fail "$signal: exit $code, left: $(ls -A tmp)"; fi
  fi
done

finish
