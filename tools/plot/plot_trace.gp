# One item: tokens down the side, the encoder's first, and experts across. Columns of the data: row,
# stack, token, column, expert, weight.
cell_w = experts <= 14 ? 34 : experts <= 45 ? 18 : 800.0 / experts
cell_h = rows <= 120 ? max(15, 120.0 / rows) : max(4, 1600.0 / rows)
left = 92 + 6 * token_longest
bottom = 20 + 5.7 * expert_longest
top = 62
w = max(left + cell_w * experts + 92, title_width)
h = top + cell_h * rows + bottom
step_x = stride(experts, cell_w)
step_y = stride(rows, cell_h)
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
  set bmargin at screen py(top + cell_h * rows)
  set xrange [-0.5:experts - 0.5]
  set yrange [rows - 0.5:-0.5]
  set xtics () rotate by 90 right font "sans,9"
  do for [i=1:experts:step_x] { set xtics add (expert[i] i - 1) }
  set ytics ("" -9) font "sans,9"
  do for [i=1:rows:step_y] { set ytics add (token[i] i - 1) }
  if (encoder > 0) {
    set label 3 "encoder" at screen px(14), first 0 font "sans,10" textcolor rgb "#505050"
  }
  if (encoder < rows) {
    set label 4 "decoder" at screen px(14), first encoder font "sans,10" textcolor rgb "#505050"
  }
  if (encoder > 0 && encoder < rows) {
    set arrow 1 from graph 0, first encoder - 0.5 to graph 1, first encoder - 0.5 nohead front \
      linecolor rgb "white" linewidth 2
    set arrow 2 from screen px(14), first encoder - 0.5 to graph 0, first encoder - 0.5 nohead \
      linecolor rgb "#909090" linewidth 0.8
  }
  eval "set palette defined (".viridis.")"
  set cbrange [0:*]
  set cbtics font "sans,9"
  set cblabel "planned weight" font "sans,10" textcolor rgb "#202020"
  set colorbox user origin screen px(left + cell_w * experts + 14), py(top + min(cell_h * rows, 260)) \
    size screen 14.0 / w, min(cell_h * rows, 260) / (h + 0.0)
  eval "plot data ".cells(format, 4, 1, "$6", experts, rows)
  unset output
}
