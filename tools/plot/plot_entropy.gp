# One task: entropy of the routing against depth, a line a group of modules, with the spread over
# the modules of a block. Columns of the data: position, stack, block, group, modules, mean,
# deviation; a block of lines (index) a group. Encoder blocks come first.
colour(g) = word("0x0072B2 0x56B4E9 0xD55E00 0xE69F00 0xCC79A7", g) + 0
mark(g) = int(word("7 5 9 13 11", g))
left = 60
top = 62
tall = 280
wide = max(420, min(26 * positions, 10000))
right = 120
w = max(left + wide + right, title_width)
h = top + tall + 62
px(x) = x / (w + 0.0)
py(y) = 1 - y / (h + 0.0)

do for [format in "png svg"] {
  eval terminal(format, w, h)
  set output figure.".".format
  set label 1 heading at screen px(12),py(20) font "sans Bold,13" textcolor rgb "#202020"
  set label 2 subtitle at screen px(12),py(40) textcolor rgb "#505050"
  set lmargin at screen px(left)
  set rmargin at screen px(left + wide)
  set tmargin at screen py(top)
  set bmargin at screen py(top + tall)
  set border 3
  set xrange [-0.5:positions - 0.5]
  set yrange [0:log(experts) / log(2) * 1.08 + 0.02]
  set xtics () font "sans,9"
  do for [i=1:positions] { set xtics add (block[i] i - 1) }
  set ytics font "sans,9"
  set grid ytics linecolor rgb "#E6E6E6" linetype 1 linewidth 0.6
  set ylabel "entropy, bits" font "sans,10" textcolor rgb "#202020"
  if (encoder_blocks > 0) {
    set label 3 "encoder block" at first 0.5 * (encoder_blocks - 1), screen py(top + tall + 40) center \
      textcolor rgb "#202020"
  }
  if (encoder_blocks < positions) {
    set label 4 "decoder block" at first encoder_blocks + 0.5 * (positions - encoder_blocks - 1), \
      screen py(top + tall + 40) center textcolor rgb "#202020"
  }
  if (encoder_blocks > 0 && encoder_blocks < positions) {
    set arrow 1 from first encoder_blocks - 0.5, graph 0 to first encoder_blocks - 0.5, graph 1 nohead \
      linecolor rgb "#909090" linewidth 0.8
  }
  set arrow 2 from graph 0, first log(experts) / log(2) to graph 1, first log(experts) / log(2) nohead \
    linecolor rgb "#404040" linewidth 0.8 dashtype 2
  set label 5 sprintf("log₂ %d", experts) at graph 1, first log(experts) / log(2) offset 0.6,0 \
    font "sans,9" textcolor rgb "#404040"
  set key at screen px(left + wide + 8), py(top + 30) left top Left reverse samplen 1.6 spacing 1.2 \
    font "sans,10" textcolor rgb "#202020"
  plot for [g=1:groups] data index g - 1 using 1:(max(0, $6 - $7)):(min(log(experts) / log(2), $6 + $7)) with filledcurves \
      linecolor rgb colour(group_number[g]) + 0xD8000000 notitle, \
    for [g=1:groups] "" index g - 1 using 1:6 with linespoints linecolor rgb colour(group_number[g]) \
      pointtype mark(group_number[g]) pointsize 0.5 linewidth 1.4 title group[g]
  unset output
}
