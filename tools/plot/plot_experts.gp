# One task: a bar an expert, mean over modules and, as a whisker, their standard deviation. Columns
# of the data: column, expert, mean, deviation, mark ("own", "oracle" or "none").
left = 66
cell_w = max(experts <= 45 ? 22 : 1000.0 / experts, min(64, (title_width - left - 52) / experts))
bottom = 20 + 5.7 * expert_longest
top = 62
tall = 260
w = max(left + cell_w * experts + 52, title_width)
h = top + tall + bottom
step = stride(experts, cell_w)
px(x) = x / (w + 0.0)
py(y) = 1 - y / (h + 0.0)

do for [format in "png svg"] {
  eval terminal(format, w, h)
  set output figure.".".format
  set label 1 heading at screen px(12),py(20) font "sans Bold,13" textcolor rgb "#202020"
  set label 2 subtitle at screen px(12),py(40) textcolor rgb "#505050"
  set lmargin at screen px(left)
  set rmargin at screen px(left + cell_w * experts)
  set tmargin at screen py(top)
  set bmargin at screen py(top + tall)
  set border 3
  set xrange [-0.6:experts - 0.4]
  set yrange [0:largest * 1.06]
  set xtics () rotate by 90 right font "sans,9"
  do for [i=1:experts:step] { set xtics add (expert[i] i - 1) }
  set ytics font "sans,9"
  set grid ytics linecolor rgb "#E6E6E6" linetype 1 linewidth 0.6
  set ylabel statistic font "sans,10" textcolor rgb "#202020"
  set arrow 1 from graph 0, first 1.0 / experts to graph 1, first 1.0 / experts nohead front \
    linecolor rgb "#404040" linewidth 0.8 dashtype 2
  set label 3 sprintf("1/%d", experts) at graph 1, first 1.0 / experts offset 0.6,0 font "sans,9" \
    textcolor rgb "#404040"
  set boxwidth 0.72
  set style fill solid 1 noborder
  plot data using 1:3:(strcol(5) ne "none" ? 0xD55E00 : 0x56B4E9) with boxes linecolor rgb variable, \
    "" using 1:(max(0, $3 - $4)):(0):($3 + $4 - max(0, $3 - $4)) with vectors nohead \
    linecolor rgb "#202020" linewidth 1
  unset output
}
