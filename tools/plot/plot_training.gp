# One or several training runs: loss, learning rate, and for one gate run its openness and norms.
# Columns of training.tsv: run, step, loss, valid_loss, learning_rate, then five of openness and
# five of gate_norm. Runs are blocks of the file (index), told apart by colour and by dash.
array group[5] = ["encoder self", "encoder ff", "decoder self", "decoder cross", "decoder ff"]
array group_colour[5] = [0x0072B2, 0x56B4E9, 0xD55E00, 0xE69F00, 0xCC79A7]
array group_dash[5] = [1, 2, 1, 4, 2]
array run_colour[7] = [0x0072B2, 0xD55E00, 0x009E73, 0xCC79A7, 0xE69F00, 0x56B4E9, 0x000000]
colour(i) = run_colour[(i - 1) % 7 + 1]
dash(i) = valid[i] ? (i - 1) % 5 + 1 : 1 # a noisy line is drawn through
result(i) = chosen[i] >= 0 ? sprintf(", result: step %d", chosen[i]) : valid[i] ? "" : " (training)"
pale(c) = c + 0xA8000000
set border 3
set tics scale 0.5 textcolor rgb "#404040"
set grid linecolor rgb "#E6E6E6" linetype 1 linewidth 0.6
set key noenhanced Left reverse samplen 2.2 spacing 1.2 textcolor rgb "#202020"
set xrange [0:last_step]
# gnuplot finds no range where every point is missing.
from_zero(some) = some ? "set yrange [0:*]" : "set yrange [0:1]"
# One, two and five of each decade.
log_tics = "set ytics (); do for [d=-12:12] { do for [m in '1 2 5'] ". \
  "{ set ytics add (sprintf('%g', m * 10.0**d) m * 10.0**d) } }"

do for [format in "png svg"] {
  if (format eq "png") {
    set terminal pngcairo size 1800,(gates ? 1120 : 620) font "sans,17" linewidth 2.4 pointscale 1.7 noenhanced
  } else {
    set terminal svg size 1000,(gates ? 622 : 344) font "sans,11" linewidth 1.5 dashlength 0.7 \
      background "white" noenhanced
  }
  set output figure.".".format
  set multiplot layout (gates ? 2 : 1),2 columnsfirst \
    margins 0.055, (gates ? 0.845 : 0.975), (gates ? 0.085 : 0.16), (gates ? 0.88 : 0.80) \
    spacing 0.075, 0.115
  set label 1 heading at screen 0.012,(gates ? 0.962 : 0.935) font "sans Bold,".(format eq "png" ? 20 : 13) \
    textcolor rgb "#202020"

  set label 2 "loss per target token".(log_loss ? ", logarithmic" : "") at graph 0,1.06 \
    textcolor rgb "#202020"
  unset xlabel
  if (gates) { set format x "" } else { set xlabel "optimizer step" textcolor rgb "#404040" }
  if (log_loss) {
    set logscale y
    set yrange [loss_low / 1.3:loss_high * 1.3]
    if (loss_high < 3000 * loss_low) { eval log_tics }
  } else {
    if (some_loss) { set yrange [0<*:*] } else { set yrange [0:1] }
    set offsets 0, 0, graph 0.06, graph 0.04
  }
  set key top right inside
  if (runs == 1) {
    plot data index 0 using 2:3 with lines linecolor rgb (valid[1] ? pale(0x0072B2) : 0x0072B2) \
      linewidth (valid[1] ? 0.9 : 1.2) title "training", \
      for [i=1:valid[1]] "" index 0 using 2:4 with linespoints linecolor rgb 0xD55E00 \
      linewidth 1.2 pointtype 7 pointsize 0.55 title "validation", \
      for [i=1:(chosen[1] >= 0)] "" index 0 using ($2 == chosen[1] ? $2 : NaN):4 with points \
      linecolor rgb 0x202020 linewidth 1.4 pointtype 6 pointsize 1.5 \
      title sprintf("the result: step %d", chosen[1])
  } else {
    # A run shows its validation where it has one, with the training loss pale behind it.
    plot for [i=1:runs] data index i-1 using 2:(column(valid[i] ? 3 : 4)) with lines \
      linecolor rgb pale(colour(i)) linewidth 0.9 notitle, \
      for [i=1:runs] "" index i-1 using 2:(column(valid[i] ? 4 : 3)) with linespoints \
      linecolor rgb colour(i) dashtype dash(i) linewidth 1.2 \
      pointtype 3 + 2 * i pointsize (valid[i] ? 0.7 : 0) title name[i].result(i), \
      for [i=1:runs] "" index i-1 using ($2 == chosen[i] ? $2 : NaN):4 with points \
      linecolor rgb 0x202020 linewidth 1.4 pointtype 6 pointsize 1.7 notitle
  }
  unset label 1
  unset logscale y
  set ytics autofreq

  set format x "%g"
  set xlabel "optimizer step" textcolor rgb "#404040"
  set label 2 "learning rate"
  set offsets 0, 0, graph 0.06, 0
  unset key
  eval from_zero(some_rate)
  plot for [i=1:runs] data index i-1 using 2:5 with lines linecolor rgb colour(i) \
    dashtype dash(i) linewidth 1.2 notitle

  if (gates) {
    set format x ""
    unset xlabel
    set key at graph 1.03, graph 1.0 left top
    set label 2 "gate openness, mean of σ(v·x)"
    set label 3 "v = 0" at graph 1.03, first 0.5 textcolor rgb "#909090"
    set arrow 1 from graph 0, first 0.5 to graph 1.02, first 0.5 nohead linecolor rgb "#909090" \
      linewidth 0.6
    set yrange [0:1]
    plot for [g=1:5] data index 0 using 2:(column(5 + g)) with lines \
      linecolor rgb group_colour[g] dashtype group_dash[g] linewidth 1.2 title group[g]
    unset label 3
    unset arrow 1
    set format x "%g"
    set xlabel "optimizer step" textcolor rgb "#404040"
    unset key
    set label 2 "length of the gate vectors, mean of ‖v‖"
    eval from_zero(some_norm)
    plot for [g=1:5] data index 0 using 2:(column(10 + g)) with lines \
      linecolor rgb group_colour[g] dashtype group_dash[g] linewidth 1.2 notitle
  }
  unset label 2
  unset multiplot
  unset output
}
