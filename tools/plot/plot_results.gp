# The methods of an evaluation: a panel a group of tasks, a bar a method, its interval as a whisker.
# Columns of the data: group, row, method, score, low, high, open (tasks without a score),
# sees_labels; a block of lines (index) a group.
across = 300
gap = 26
columns = panels <= 3 ? panels : panels <= 8 ? 4 : 6
lines = int(ceil(panels / (columns + 0.0)))
# Whatever there is of them, an image ends somewhere.
cell_h = min(rows <= 40 ? 20 : max(9, 800.0 / rows), (10000.0 - 80 * lines) / (rows * lines))
left = 24 + 6 * method_longest
top = 86
tall = max(60, cell_h * rows)
pitch = tall + 80
w = max(left + columns * (across + gap) + 10, title_width)
h = top + pitch * lines - 10
step = stride(rows, cell_h)
px(x) = x / (w + 0.0)
py(y) = 1 - y / (h + 0.0)
# Behind the longest bar there is room for its number.
reach = highest + 0.17 * (highest - lowest)
# As in the tables, exact halves too.
shown(score) = score != score ? "" : sprintf("%.1f", score)
open_words(n) = n == 1 ? "1 task has no score" : n > 1 ? sprintf("%d tasks have no score", n) : "no mean"

do for [format in "png svg"] {
  eval terminal(format, w, h)
  set output figure.".".format
  set multiplot
  set border 3
  set xrange [lowest:reach]
  set yrange [rows - 0.5:-0.5]
  set xtics font "sans,9"
  set grid xtics linecolor rgb "#E6E6E6" linetype 1 linewidth 0.6
  set label 1 heading at screen px(12),py(20) font "sans Bold,13" textcolor rgb "#202020"
  set label 2 subtitle at screen px(12),py(40) textcolor rgb "#505050"
  set style fill solid 1 noborder
  do for [p=1:panels] {
    x0 = left + ((p - 1) % columns) * (across + gap)
    y0 = top + int((p - 1) / columns) * pitch
    set lmargin at screen px(x0)
    set rmargin at screen px(x0 + across)
    set tmargin at screen py(y0)
    set bmargin at screen py(y0 + tall)
    set label 3 sprintf("%s, %d task%s", panel[p], tasks[p], tasks[p] == 1 ? "" : "s") \
      at screen px(x0), py(y0 - 14) font "sans Bold,11" textcolor rgb "#202020"
    set xlabel metric.", percent" font "sans,10" textcolor rgb "#202020"
    set ytics ("" -9) font "sans,10" scale 0
    if ((p - 1) % columns == 0) { do for [i=1:rows:step] { set ytics add (method[i] i - 1) } }
    plot data index p - 1 using (0):2:(0):4:($2 - 0.34):($2 + 0.34):\
        ($8 > 0 ? 0xB0B0B0 : 0x56B4E9) with boxxyerror linecolor rgb variable, \
      "" index p - 1 using 4:2:5:6 with xerrorbars linecolor rgb 0x202020 linewidth 1 pointtype 0, \
      "" index p - 1 using 6:2:(shown($4)) with labels left offset 0.6,0 font "sans,9" \
        textcolor rgb "#202020", \
      "" index p - 1 using (lowest):2:($4 != $4 ? open_words($7) : "") with labels left offset 0.6,0 \
        font "sans,9" textcolor rgb "#909090"
    unset label 1
    unset label 2
  }
  unset multiplot
  unset output
}
