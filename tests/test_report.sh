#!/bin/sh
# `skein report`: a page is sound, needs nothing else, says the numbers of its runs under the pointer, and
# takes no text of others for a part of itself.
. tests/checks.sh
. tests/report_world.sh
case $skein in /*) ;; *) skein=$PWD/$skein ;; esac
sound=$PWD/tests/html_sound
cd "$work" || exit 1

# reported WHAT ARGUMENTS: makes page.html, which is sound; says one line.
reported() {
  what=$1
  shift
  if "$skein" report "$@" -o page.html --force >out 2>err && [ "$(wc -l <out)" -eq 1 ] && [ ! -s err ]; then pass; else fail "$what"; fi
  if sh "$sound" page.html >out 2>&1; then pass; else fail "$what: the page is not sound"; fi
}
# has WHAT TEXT: the page has it on a line.
has() {
  if grep -qF -- "$2" page.html; then pass; else fail "$1: the page lacks $2"; fi
}
lacks() {
  if grep -qF -- "$2" page.html; then fail "$1: the page has $2"; else pass; fi
}
# refused WHAT CODE PATTERN ARGUMENTS
refused() {
  what=$1 want=$2 pattern=$3
  shift 3
  "$skein" report "$@" >out 2>err
  if is_refusal $? "$want" "$pattern"; then pass; else fail "$what"; fi
}

# ---- the checker finds what is wrong ----
for wrong in '<p><b>x</p>' '<p>' '</p>' '<p class=x></p>' '<p>a & b</p>' '<p>1 < 2</p>' '<img src="x">' '<p onclick="x"></p>' \
  '<a href="https://example.org">x</a>' '<script src="x.js"></script>' '<style>@import "x";</style>'; do
  echo "$wrong" >wrong.html
  if sh "$sound" wrong.html >out; then fail "taken for sound: $wrong"; else pass; fi
done
echo '<p class="x">1 &lt; 2<br><svg><path d="M0 0"/></svg></p>' >wrong.html
check 'a sound page' sh "$sound" wrong.html

# ---- an evaluation ----

report_evaluation eval
reported 'an evaluation' eval
has 'a mean under the pointer' '<title>glider: 50.0 (40.5 to 100.0)</title>'
has 'a mean that is missing' '<title>phatgoose: no mean, 1 task is without a score</title>'
has 'the mean over all tasks' '<title>glider: 35.0 (30.0 to 40.0)</title>'
has 'a cell and its interval' '<td style="--s:0.25">25.0<small>12.2–37.5</small></td>'
has 'the best' '<td style="--s:0.50" class="best">50.0<small>40.5–100.0</small></td>'
has 'a cell without an interval' '<td style="--s:1.00">100.0</td>'
has 'a failure' '<li><b>phatgoose</b> failed on <b>unseen</b>: a &lt; b</li>'
has 'whom the oracle chose' '<b>oracle</b> chose unseen: hue</li>'
has 'a task by its expert' '<title>kind_of · kind_of: 0.625</title>'
has 'a frame around its own' '<g class="own"><rect'
has 'a dashed one around that of the oracle' '<g class="oracle"><rect'
has 'a module, mean of the tasks' '<title>kind_of · encoder.block.0.layer.0.SelfAttention.q: 0.438</title>'
has 'the modules of a task' '<option value="750 500 250 500">kind_of</option>'
has 'an instruction' 'Say &lt;what&gt; it is &amp; why.'
has 'a base of another machine' '…/t5-small'
lacks 'a folder of another machine' somebody
lacks 'times' 98.5
has 'settings' 'router: glider, top_k: 2'
cp page.html first.html
mkdir other && (cd other && "$skein" report "$work/eval/" -o page.html >out 2>err)
check 'the same bytes from elsewhere' cmp first.html other/page.html
rm -r eval/cells
reported 'an evaluation without its cells' eval
lacks 'no routing' 'Routing by'

# ---- more runs ----

report_ablation ablation
report_training run
report_trace trace.json
report_routing stats.json q.jsonl '0.75, 0.25'
reported 'all kinds of runs' eval ablation run trace.json stats.json eval --title 'A <study>'
has 'the title' '<h1>A &lt;study&gt;</h1>'
has 'a run of the same name' '<a href="#run-6">eval (2)</a>'
has 'a point of a curve' '<title>m, k 2: 99 (98 to 100)</title>'
has 'a method that does not read the axis' 'class="line dashed"'
has 'a loss' '<title>validation, step 2: 0.25</title>'
has 'the step of the result' 'The result is of step 2'
has 'the report of a run' '  yes &amp; &lt;well&gt;'
has 'its settings' 'steps: 2'
has 'its data' 'examples: 77'
has 'what it read' '<tr><th scope="row">base</th><td>c0ffee</td></tr>'
has 'the version of its newest checkpoint' '<td>0.0.9</td>'
lacks 'the machine' 'of one machine'
lacks 'times' 98.5
has 'a token' 'title="which&#10;b 0.750&#10;a 0.250">which</span>'
has 'the end of a text' '>&lt;/s&gt;</span>'
has 'statistics' '<title>hue · decoder.block.1.layer.2.DenseReluDense.wo: 0.5</title>'
lacks 'a folder of another machine' somebody

# A long run: a point is a mean, which is said.
awk 'BEGIN { for (i = 1; i <= 1000; i++) printf "{\"step\":%d,\"loss\":%g}\n", i, 2 - i / 1000 }' >run/metrics.jsonl
reported 'a long run' run
has 'a mean of steps' 'is the mean of 3 steps'

# ---- many experts: those with the largest weights, and the others together ----

awk 'BEGIN {
  for (e = 0; e < 100; e++) { name = name (e ? "," : "") "\"e" e "\""; weight = weight (e ? "," : "") (e == 57 ? 0.505 : 0.005) }
  printf "{\"task\": \"t\", \"method\": \"m\", \"pool\": \"p\", \"routing\": {\"experts\": [%s], \"modules\": [", name
  printf "{\"name\": \"encoder.block.0.layer.0.SelfAttention.q\", \"tokens\": 7, \"entropy\": 0.5, \"weight\": [%s], \"share\": [%s], \"top1\": [%s]}]}}\n", weight, weight, weight
}' >many.json
reported 'many experts' many.json
has 'what is left out' 'the 48 of 100 experts with the largest weights'
has 'the largest' '<title>t · e57: 0.505</title>'
has 'the others' '<title>t · others: 0.26</title>'

# ---- text of others ----

cat >labels <<'EOF'
"</script><script>alert(1)</script>"
"</style><script>alert(2)</script>"
"</title><script>alert(3)</script>"
"\"><img src=x onerror=alert(4)>"
"' onmouseover='alert(5)"
"\" onmouseover=\"alert(6)"
"javascript:alert(7)"
"<!--"
"--> ]]>"
"&lt;b&gt; &#60;"
"<svg/onload=alert(8)>"
"a\u202eb\u0007c\u2028d\ufffee"
"\n</pre><b>"
"100% %s%n {x} `y` $(z)"
EOF
label() { sed -n "$1p" labels; }
# A file of every kind in which all texts are labels.
hostile() {
  awk '
    { label[NR] = $0 }
    function join(before, after,    i, text) { for (i = 1; i <= NR; i++) text = text (i > 1 ? ",\n" : "") before label[i] after; return text }
    END {
      printf "{\"format\": \"skein-eval\", \"skein\": %s, \"base\": %s, \"pool\": %s, %s: 1, \"tasks\": [", label[1], label[4], label[9], label[6]
      for (i = 1; i <= NR; i++)
        printf "%s{\"name\": %s, \"group\": %s, \"metrics\": [%s], \"expert\": %s, \"instruction\": %s, \"file\": %s}", (i > 1 ? "," : ""), label[i], label[i % 3 + 1], label[2], label[i], label[i], label[i]
      print "], \"methods\": [" join("{\"rule\": \"oracle\", \"shown\": true, \"settings\": {\"x\": [{" label[5] ": " label[4] "}]}, \"name\": ", "}") "],"
      print "\"means\": [" join("{\"score\": 5, \"low\": 4, \"high\": 6, \"group\": " label[2] ", \"method\": ", "}") "],"
      print "\"cells\": [" join("{\"state\": \"failed\", \"error\": " label[1] ", \"expert\": " label[3] ", \"task\": " label[7] ", \"method\": ", "}") "]}"
    }' labels >hostile/table.json
  awk '{ label[NR] = $0 } END {
    printf "{\"task\": %s, \"method\": %s, \"pool\": %s, \"experts\": [", label[1], label[4], label[5]
    for (i = 1; i <= NR; i++) { printf "%s%s", (i > 1 ? "," : ""), label[i]; weight = weight (i > 1 ? "," : "") i / 100 }
    printf "], \"encoder\": ["
    for (i = 1; i <= NR; i++) printf "%s{\"token\": %s, \"weight\": [%s]}", (i > 1 ? "," : ""), label[i], weight
    print "], \"decoder\": []}"
  }' labels >"hostile/trace.json"
  awk '{ label[NR] = $0 } END {
    printf "{\"task\": %s, \"method\": %s, \"pool\": %s, \"routing\": {\"experts\": [", label[2], label[4], label[6]
    for (i = 1; i <= NR; i++) { printf "%s%s", (i > 1 ? "," : ""), label[i]; weight = weight (i > 1 ? "," : "") i / 200 }
    printf "], \"modules\": [{\"name\": \"encoder.block.0.layer.0.SelfAttention.q\", \"tokens\": 7, \"entropy\": 0.5, "
    printf "\"weight\": [%s], \"share\": [%s], \"top1\": [%s]}]}}\n", weight, weight, weight
  }' labels >"hostile/stats.json"
  {
    echo 'method,x,group,task,metric,score,low,high,n,examples_per_second,state'
    while IFS= read -r text; do
      text=$(printf '%s' "$text" | sed 's/\\"/""/g')
      echo "$text,$text,$text,mean,$text,50,40,60,3,1,done"
    done <labels
  } >hostile/ablation/ablation.csv
  printf '{"step":1,"loss":6}\n' >"hostile/<b>&run/metrics.jsonl"
  sed 's/^"//; s/"$//' labels >"hostile/<b>&run/report.txt"
  printf '"<i>&": "</td><script>"\n' >"hostile/<b>&run/run.yaml"
}
mkdir -p hostile/ablation 'hostile/<b>&run'
hostile
reported 'texts of others' hostile hostile/ablation hostile/trace.json hostile/stats.json 'hostile/<b>&run' --title '</title><script>alert(9)</script>'
if [ "$(grep -c '<script' page.html)" -eq 1 ] && [ "$(grep -c '<style' page.html)" -eq 1 ]; then pass; else fail 'a script of others'; fi
has 'a label as it is' '&lt;svg/onload=alert(8)&gt;'
if grep -q "$(printf '\342\200\256')" page.html; then fail 'a mark of direction'; else pass; fi

# ---- refusals; nothing of the user's is written over ----

refused 'no output' 2 '-o FILE is missing' eval
refused 'no run' 2 'a RUN' -o x.html
echo precious >mine.html
refused 'a file that is there' 2 'mine.html: is there already; --force replaces it' eval -o mine.html
if [ "$(cat mine.html)" = precious ]; then pass; else fail 'a file of the user'; fi
cp trace.json before.json
refused 'a run that is read' 2 'trace.json: is read, too' trace.json -o trace.json --force
refused 'a file of a run' 2 'table.json: is read, too' eval -o eval/table.json --force
check 'a run stays' cmp trace.json before.json
ln -s mine.html link.html
refused 'a link' 1 'link.html: is a symbolic link' eval -o link.html --force
mkdir empty
refused 'no kind of run' 3 'empty: has no ablation.csv, table.json or metrics.jsonl' empty -o x.html
echo '{"a": 1}' >other.json
refused 'another file' 3 'other.json: is neither a trace nor routing statistics' other.json -o x.html
refused 'nothing there' 3 'nowhere' nowhere -o x.html
mkdir links
ln -s "$work/eval/table.json" links/table.json
refused 'a link below a run' 3 'links/table.json: is a symbolic link' links -o x.html
mkdir broken
sed 's/"score": 25/"score": "x"/' eval/table.json >broken/table.json
refused 'a broken cell' 3 'cells: .1.: scores: .0.: score' broken -o x.html
if [ -e x.html ]; then fail 'a page of nothing'; else pass; fi

finish
